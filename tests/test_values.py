"""Text -> value: every spelling of the design, and nothing by guess."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from fractions import Fraction
from numbers import Integral

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import domain

from iopscreen.ruleset.model import Unanswered
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.values import (
    AnswerReader,
    Unreadable,
    answer_json,
    answer_readers,
    answer_text,
    answer_words,
    name_key,
    text_of_value,
)

UNKNOWN, DECLINED = Unanswered.UNKNOWN, Unanswered.DECLINED

RULE_SET = understand(
    """\
format: 1
id: values
version: "1.0.0"
title: Values
policy: first
outcomes: {it: {label: It}}
questions:
  danger: {ask: Danger, type: yes_no}
  caller:
    ask: Who?
    type: one
    options:
      self: {label: Themself, aliases: [myself]}
      foster_parent: {label: A foster parent, aliases: ["Pflegevater/-mutter", "père", "Guardian, or the like"]}
  help:
    ask: What?
    type: many
    options:
      eating_disorder: {label: Eating disorder, aliases: [anorexia, "binge-eating", "don't eat"]}
      bipolar_1: {label: "Bipolar I, or mania", aliases: ["mood; swings"]}
      self_harm: {label: Self-harm}
      none_of_these: {label: None of these, alone: yes}
      not_said: {label: Prefers no answer yet, alone: yes}
  age: {ask: Age, type: whole_number, range: [-5, 120], unit: years}
  drinks: {ask: Drinks, type: whole_number, range: [0, 99], unit: drinks}
  big: {ask: Big, type: whole_number, range: [0, 999999999999999]}
rules:
  - {id: all, when: {}, recommend: it, because: Of course., basis: site}
spellings: {yes: [sí, "ja, gern"], no: [Nein], unknown: [n. k., "weiß nicht"], declined: [keine Angabe]}
""".encode(),
    "values.yaml",
).rule_set


def reader_of(question: str) -> AnswerReader:
    return answer_readers(RULE_SET)[question]


YES_WORDS = ["yes", "y", "true", "t", "1", "sí", "ja, gern"]
NO_WORDS = ["no", "n", "false", "f", "0", "nein"]
UNKNOWN_WORDS = ["", "unknown", "unk", "not known", "don't know", "dk", "n/a", "?", "n. k.", "weiß nicht"]
DECLINED_WORDS = ["declined", "refused", "prefers not to say", "keine angabe"]


def variants(text: str) -> list[str]:
    """The same text as people and programs write it."""
    return [
        text,
        text.upper(),
        text.title(),
        f"  {text} ",
        f"\u00a0{text}\u00a0",
        text.replace("'", "\u2019"),
        unicodedata.normalize("NFD", text),
        unicodedata.normalize("NFC", text),
    ]


def spellings(words: list[str]) -> list[str]:
    return list(dict.fromkeys(variant for word in words for variant in variants(word)))


@pytest.mark.parametrize("text", spellings(YES_WORDS))
def test_every_spelling_of_yes(text):
    assert reader_of("danger")(text) == "yes"


@pytest.mark.parametrize("text", spellings(NO_WORDS))
def test_every_spelling_of_no(text):
    assert reader_of("danger")(text) == "no"


@pytest.mark.parametrize("question", RULE_SET.question)
@pytest.mark.parametrize("text", [*spellings(UNKNOWN_WORDS), " ", "\t", "\u00a0"])
def test_every_spelling_of_not_knowing_at_every_type(question, text):
    assert reader_of(question)(text) is UNKNOWN


@pytest.mark.parametrize("question", RULE_SET.question)
@pytest.mark.parametrize("text", spellings(DECLINED_WORDS))
def test_every_spelling_of_declining_at_every_type(question, text):
    assert reader_of(question)(text) is DECLINED


@pytest.mark.parametrize(
    ("text", "option"),
    [
        *((text, "self") for text in spellings(["self", "themself", "myself"])),
        *((text, "foster_parent") for text in spellings(["foster_parent", "a foster parent", "père"])),
        ("foster parent", "foster_parent"),
        ("Foster-Parent", "foster_parent"),
        ("FOSTER  PARENT", "foster_parent"),
        ("foster - parent", "foster_parent"),
        ("foster\u00a0parent", "foster_parent"),
        ("Pflegevater/-Mutter", "foster_parent"),
        ("guardian, or the like", "foster_parent"),
    ],
)
def test_options_by_id_label_or_alias(text, option):
    assert reader_of("caller")(text) == option


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("eating_disorder", ("eating_disorder",)),
        ("Binge Eating", ("eating_disorder",)),
        ("Don\u2019t eat", ("eating_disorder",)),
        ("self-harm;anorexia", ("eating_disorder", "self_harm")),
        ("self harm | anorexia", ("eating_disorder", "self_harm")),
        ("self_harm , anorexia", ("eating_disorder", "self_harm")),
        ("anorexia; binge eating; eating disorder", ("eating_disorder",)),
        ("Bipolar I, or mania", ("bipolar_1",)),
        ("mood; swings", ("bipolar_1",)),
        ("self-harm; bipolar i, or mania", ("bipolar_1", "self_harm")),
        ("self-harm | mood; swings", None),
        ("self_harm; anorexia | bipolar_1", ("eating_disorder", "bipolar_1", "self_harm")),
        ("None of these", ("none_of_these",)),
        ("none of these; None of these", ("none_of_these",)),
    ],
)
def test_several_options_the_whole_cell_is_tried_before_it_is_split(text, options):
    reader = reader_of("help")
    if options is None:
        with pytest.raises(Unreadable):
            reader(text)
    else:
        assert reader(text) == options


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("120", 120), (" 18 ", 18), ("007", 7), ("-5", -5), ("-0", 0), ("\u00a018", 18)]
)
def test_whole_numbers(text, number):
    assert reader_of("age")(text) == number


def test_the_largest_number_that_a_range_may_hold():
    assert reader_of("big")("999999999999999") == 999_999_999_999_999


EXPECTED = {
    "danger": "yes, no or unknown",
    "caller": "one of self, foster_parent, or unknown",
    "help": "one or more of eating_disorder, bipolar_1, self_harm, none_of_these, not_said, joined by `;`, or unknown",
    "age": "a whole number from -5 to 120, or unknown",
}
MIXED = "names options and not knowing at once: it should be one or the other"
BESIDE = "names an option that excludes all others beside another"
ARABIC = "\u0661\u0668"
FULL_WIDTH = "\uff11\uff18"
SUPERSCRIPT = "1\u00b2"
NOT_NUMBERS = [
    *(ARABIC, FULL_WIDTH, SUPERSCRIPT, "1,000", "1.000", "1 000", "30.0", "30.", ".5", "1e3", "+5", "--5", "- 5"),
    *("5-", "0x10", "1_0", "18 years", "eighteen", "yes", "1/2", "\u22125", "nan", "inf", "9" * 5000, "-" + "9" * 5000),
]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_whatever_else_looks_like_a_number_is_refused(text):
    with pytest.raises(Unreadable) as error:
        reader_of("age")(text)
    assert str(error.value) == f"is not {EXPECTED['age']}"


@pytest.mark.parametrize("text", ["121", "-6", "999999999999999"])
def test_numbers_outside_the_range_are_told_apart(text):
    with pytest.raises(Unreadable) as error:
        reader_of("age")(text)
    assert str(error.value) == f"lies outside the range: it should be {EXPECTED['age']}"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("danger", "maybe"),
        ("danger", "ye s"),
        ("danger", "yes no"),
        ("danger", "yes;no"),
        ("danger", "2"),
        ("danger", "\uff59\uff45\uff53"),
        ("danger", "-"),
        ("danger", "none"),
        ("danger", "null"),
        ("caller", "self;foster_parent"),
        ("caller", "selfs"),
        ("caller", "foster"),
        ("caller", "yes"),
        ("caller", "any"),
        ("help", "harm"),
        ("help", "self_harm; nonsense"),
        ("help", "self_harm / anorexia"),
        ("help", "self_harm and anorexia"),
        ("help", "no"),
    ],
)
def test_anything_else_is_an_error_and_never_a_guess(question, text):
    with pytest.raises(Unreadable) as error:
        reader_of(question)(text)
    assert str(error.value) == f"is not {EXPECTED[question]}"


@pytest.mark.parametrize("text", ["self_harm;", ";self_harm", "self_harm;;anorexia", ";", ",", "self_harm | ", "a,;b"])
def test_empty_entries_are_errors(text):
    with pytest.raises(Unreadable, match=r"has an empty entry: it should be|is not one or more"):
        reader_of("help")(text)


@pytest.mark.parametrize("text", ["self_harm; unknown", "?|self_harm", "declined, self_harm", "self_harm; N/A"])
def test_not_knowing_beside_an_option_is_an_error(text):
    with pytest.raises(Unreadable) as error:
        reader_of("help")(text)
    assert str(error.value) == MIXED


@pytest.mark.parametrize("text", ["none of these; self_harm", "self_harm, none_of_these", "not_said; none_of_these"])
def test_an_option_that_stands_alone_stands_beside_no_other(text):
    with pytest.raises(Unreadable) as error:
        reader_of("help")(text)
    assert str(error.value) == BESIDE


# --- lists, as in YAML and JSON ---


def test_a_list_names_one_option_per_item():
    assert reader_of("help").items(["Self-harm", "anorexia"]) == ("eating_disorder", "self_harm")
    assert reader_of("help").items(["Bipolar I, or mania"]) == ("bipolar_1",)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], f"is an empty list: it should be {EXPECTED['help']}"),
        ([""], f"has an empty entry: it should be {EXPECTED['help']}"),
        (["self_harm", ""], f"has an empty entry: it should be {EXPECTED['help']}"),
        (["unknown"], MIXED),
        (["self_harm", "unknown"], MIXED),
        (["self_harm; anorexia"], f"is not {EXPECTED['help']}"),
        (["none_of_these", "self_harm"], BESIDE),
    ],
)
def test_lists_that_are_no_answer(texts, message):
    with pytest.raises(Unreadable) as error:
        reader_of("help").items(texts)
    assert str(error.value) == message


@pytest.mark.parametrize("question", ["danger", "caller", "age"])
def test_a_list_answers_no_other_type(question):
    with pytest.raises(Unreadable, match="is a list, not"):
        reader_of(question).items(["1"])


# --- what a message says ---

CANARY = "Zebra\u2019s secret 4711"


@pytest.mark.parametrize("question", RULE_SET.question)
@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        f"self_harm; {CANARY}",
        f"unknown; {CANARY}",
        f"none_of_these; {CANARY}",
        f"; {CANARY}",
        f"{CANARY};",
        "4711471147114711",
    ],
)
def test_no_message_holds_the_answer(question, text):
    reader = reader_of(question)
    messages = [message_of(reader, text), message_of(reader, [text, "self_harm"]), message_of(reader, text.split(";"))]
    assert any(messages)
    for message in filter(None, messages):
        assert "zebra" not in message.casefold()
        assert "4711" not in message


def message_of(reader: AnswerReader, text: str | list[str]) -> str | None:
    """What is said of a text that is no answer."""
    try:
        reader(text) if isinstance(text, str) else reader.items(text)
    except Unreadable as error:
        return str(error)
    return None


def test_messages_of_two_answers_that_fail_for_the_same_reason_are_the_same():
    """Else the message would tell which of the options was named."""
    messages = set()
    for text in ("none_of_these; self_harm", "not_said; bipolar_1", "not_said; none_of_these"):
        with pytest.raises(Unreadable) as error:
            reader_of("help")(text)
        messages.add(str(error.value))
    assert len(messages) == 1


@settings(max_examples=600)
@given(st.text(max_size=30) | st.text("selfharm_;|, ?0123456789-'\u2019NnYy", max_size=30))
def test_any_text_is_an_answer_or_unreadable(text):
    for reader in answer_readers(RULE_SET).values():
        check(reader, text)


def check(reader: AnswerReader, text: str) -> None:
    message = message_of(reader, text)
    if message is not None:
        assert message.startswith(("is not ", "lies outside ", "has an empty ", "names "))
    else:
        answer = reader(text)
        assert answer in (UNKNOWN, DECLINED) or is_legal(reader, answer)


def is_legal(reader: AnswerReader, answer: object) -> bool:
    if isinstance(answer, int):
        return reader.question.low <= answer <= reader.question.high
    return answer in domain(RULE_SET, reader.question)


# --- and back ---


@pytest.mark.parametrize("question", RULE_SET.question)
def test_canonical_text_reads_as_the_same_answer(question):
    for answer in (*domain(RULE_SET, RULE_SET.question[question]), UNKNOWN, DECLINED):
        assert reader_of(question)(answer_text(answer)) == answer


def test_canonical_text_of_several_options_has_the_first_separator():
    assert answer_text(("eating_disorder", "self_harm")) == "eating_disorder;self_harm"


def test_canonical_json():
    assert answer_json(("self_harm", "eating_disorder")) == ["self_harm", "eating_disorder"]
    assert answer_json(18) == 18
    assert answer_json("yes") == "yes"
    assert type(answer_json(UNKNOWN)) is str
    assert answer_json(UNKNOWN) == "unknown"


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("help", ("eating_disorder", "self_harm"), "Eating disorder, Self-harm"),
        ("caller", "foster_parent", "A foster parent"),
        ("age", 18, "18 years"),
        ("age", 1, "1 year"),
        ("age", -1, "-1 years"),
        ("drinks", 1, "1 drinks"),
        ("big", 18, "18"),
        ("danger", "yes", "yes"),
        ("danger", UNKNOWN, "not known"),
        ("danger", DECLINED, "declined"),
    ],
)
def test_answers_in_words(question, answer, words):
    assert answer_words(RULE_SET.question[question], answer) == words


@pytest.mark.parametrize(
    "text",
    [
        "Safe Home",
        "safe_home",
        "SAFE-HOME",
        " safe  home ",
        "safe_-home",
        "safe\u00a0home",
        "- safe home",
        "safe home_",
    ],
)
def test_headers_are_compared_loosely(text):
    assert name_key(text) == name_key("safe_home")


def test_names_are_not_compared_too_loosely():
    assert name_key("safe home") != name_key("safehome")


class Shouting(str):
    """A text that does as it likes."""

    __slots__ = ()

    def __str__(self):
        return self.upper()


class Whole(Integral):
    """A whole number of a type of its own."""

    def __init__(self, number):
        self.number = number

    def __int__(self):
        return self.number


Whole.__abstractmethods__ = frozenset()


def truth_value(module: str, name: str, truth: bool) -> object:
    """A value of a type that is called so, as numpy's are, and that is not made from bool."""
    return type(name, (), {"__module__": module, "__bool__": lambda self: truth})()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("yes", "yes"),
        (Shouting("yes"), "yes"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (18, "18"),
        (-3, "-3"),
        (truth_value("numpy", "bool", True), "true"),
        (truth_value("numpy", "bool_", False), "false"),
        (truth_value("builtins", "bool", True), None),
        (truth_value("numpy", "NoneType", True), None),
        (2**1330, str(2**1330)),
        (2**1333, "a number of about 401 digits"),
        (10**500, "a number of about 499 digits"),
        (Whole(7), "7"),
        (Decimal("18.0"), "18"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1e3"), "1000"),
        (Decimal("1e399"), f"1{'0' * 399}"),
        (Decimal("1e400"), "1E+400"),
        (Decimal("1e999999"), "1E+999999"),
        (Decimal("NaN"), "NaN"),
        (18.0, "18"),
        (1.5, "1.5"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (Fraction(36, 2), "18"),
        (Fraction(1, 4), "0.25"),
        (b"yes", None),
        (["yes"], None),
        (1j, None),
    ],
)
def test_the_text_that_means_the_same_as_a_value(value, text):
    assert text_of_value(value) == text
