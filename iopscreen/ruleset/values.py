"""Text -> value: the only way in.

A cell of a CSV file, a value in YAML or JSON, a case and a typed answer all become
a value here, so that the same text means the same thing wherever it stands. Anything
that is not a known spelling is refused, never guessed: a blank is "not known", not "no".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from iopscreen.ruleset.model import NO, YES, Answer, Kind, Option, Question, RuleSet, Spellings, Unanswered

SPELLINGS: dict[str, tuple[str, ...]] = {
    YES: ("yes", "y", "true", "t", "1"),
    NO: ("no", "n", "false", "f", "0"),
    Unanswered.UNKNOWN: ("", "unknown", "unk", "not known", "don't know", "dk", "n/a", "?"),
    Unanswered.DECLINED: ("declined", "refused", "prefers not to say"),
}
SEPARATORS = ";|,"
"""What may stand between several options in one text; we write the first."""

MAX_DIGITS = 15
_WHOLE_NUMBER = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}", re.ASCII)


class Unreadable(Exception):
    """A text that is no answer. The message says what would be right, and never the text itself."""


def spelling_key(text: str) -> str:
    """What spellings are compared by: case, outer spaces and typographic apostrophes do not count."""
    key = text.strip().casefold().replace("\u2019", "'")
    if not key.isascii():
        import unicodedata

        key = unicodedata.normalize("NFC", key)
    return key


def name_key(text: str) -> str:
    """What options and column headers are compared by: nor do inner spaces, `-` and `_`."""
    return re.sub(r"[\s_-]+", " ", spelling_key(text)).strip()


def whole_number(text: str) -> int | None:
    """The number that a text stands for; None where it is none, or too long to be an answer."""
    digits = text.strip()
    return int(digits) if _WHOLE_NUMBER.fullmatch(digits) else None


def text_of_value(value: object) -> str | None:
    """The text that means the same as a value: `true`, `18`, of nothing a blank; None for what is none of these.

    A number that is whole is written without a point, whatever its type; one that is no finite number as it is called.
    """
    if isinstance(value, str):
        return str.__str__(value)  # a class made from it may do as it likes, and is asked nothing
    if value is None:
        return ""
    if isinstance(value, bool) or (type(value).__module__, type(value).__name__) in _TRUTH_VALUES:
        return "true" if value else "false"
    return _digits(value) if type(value) is int else _number_text(value)


_TRUTH_VALUES = (("numpy", "bool"), ("numpy", "bool_"))
"""Types that are like bool, and not made from it."""
LONGEST_NUMBER = 400
"""Digits of a number that are written: a longer one than any float is no answer, and how long it is is told."""


def _number_text(value: object) -> str | None:
    from decimal import Decimal  # none of these is met in texts, and a start should not wait for them
    from numbers import Integral, Real

    if isinstance(value, Integral):
        return _digits(int(value))
    if isinstance(value, Decimal):
        whole = value.is_finite() and value.adjusted() < LONGEST_NUMBER and value == value.to_integral_value()
        return _digits(int(value)) if whole else Decimal.__str__(value)
    if isinstance(value, Real):
        number = float(value)
        return _digits(int(number)) if number.is_integer() else float.__repr__(number)
    return None


def _digits(number: int) -> str:
    digits = number.bit_length() * 3 // 10 + 1  # about as many
    return str(number) if digits <= LONGEST_NUMBER else f"a number of about {digits:,} digits"


class AnswerReader:
    """Reads the answers of one question (or setting): `reader(text)`, `reader.items(texts)`.

    Both raise Unreadable. `expected` is what would be right, in words.
    """

    def __init__(self, question: Question, spellings: Spellings) -> None:
        self.question = question
        self.kind = question.kind
        self._unanswered = unanswered_spellings(spellings)
        self._yes_no = yes_no_spellings(spellings)
        self._option = {key: option.id for option in question.options for key in option_keys(option)}
        self._alone = frozenset(option.id for option in question.options if option.alone)
        self._order = {option.id: place for place, option in enumerate(question.options)}

    @property
    def expected(self) -> str:
        """What would be right, as the end of "`cell` is not ..."."""
        match self.kind:
            case Kind.YES_NO:
                return "yes, no or unknown"
            case Kind.WHOLE_NUMBER:
                return f"a whole number from {self.question.low} to {self.question.high}, or unknown"
            case Kind.ONE:
                return f"one of {', '.join(self._order)}, or unknown"
            case Kind.MANY:  # pragma: no branch (there is no other kind: mypy would tell)
                return f"one or more of {', '.join(self._order)}, joined by `;`, or unknown"

    def __call__(self, text: str) -> Answer:
        """The answer that `text` stands for. A whole text is tried before it is split."""
        found = self._unanswered.get(spelling_key(text))
        if found is not None:
            return found
        match self.kind:
            case Kind.YES_NO:
                value = self._yes_no.get(spelling_key(text))
            case Kind.WHOLE_NUMBER:
                return self._number(text)
            case Kind.ONE:
                value = self._option.get(name_key(text))
            case Kind.MANY:  # pragma: no branch (there is no other kind: mypy would tell)
                return self._named(self._split(text))
        if value is None:
            raise Unreadable(f"is not {self.expected}")
        return value

    def items(self, texts: Sequence[str]) -> Answer:
        """The answer of a `many` question given as a list, one option each."""
        if self.kind is not Kind.MANY:
            raise Unreadable(f"is a list, not {self.expected}")
        return self._named([self._item(text) for text in texts])

    def _number(self, text: str) -> int:
        number = whole_number(text)
        if number is None:
            raise Unreadable(f"is not {self.expected}")
        if not self.question.low <= number <= self.question.high:
            raise Unreadable(f"lies outside the range: it should be {self.expected}")
        return number

    def _split(self, text: str) -> list[str]:
        """Option ids in `text`: as one option, else cut at the first separator that it holds."""
        whole = self._option.get(name_key(text))
        if whole is not None:
            return [whole]
        for separator in SEPARATORS:
            if separator in text:
                return [option for part in text.split(separator) for option in self._split(part)]
        return [self._item(text)]

    def _item(self, text: str) -> str:
        option = self._option.get(name_key(text))
        if option is not None:
            return option
        if not text.strip():
            raise Unreadable(f"has an empty entry: it should be {self.expected}")
        if spelling_key(text) in self._unanswered:
            raise Unreadable("names options and not knowing at once: it should be one or the other")
        raise Unreadable(f"is not {self.expected}")

    def _named(self, options: Iterable[str]) -> tuple[str, ...]:
        named = set(options)
        if not named:
            raise Unreadable(f"is an empty list: it should be {self.expected}")
        if len(named) > 1 and named & self._alone:
            raise Unreadable("names an option that excludes all others beside another")
        return tuple(sorted(named, key=self._order.__getitem__))


def answer_readers(rule_set: RuleSet) -> dict[str, AnswerReader]:
    """A reader for each question of `rule_set`, by question id."""
    return {question.id: AnswerReader(question, rule_set.spellings) for question in rule_set.questions}


def option_keys(option: Option) -> set[str]:
    """The ways to name an option: id, label and aliases, as compared."""
    return {name_key(text) for text in (option.id, option.label, *option.aliases)}


def yes_no_spellings(spellings: Spellings) -> dict[str, str]:
    """Every spelling of yes and of no, as compared."""
    return _table({YES: spellings.yes, NO: spellings.no})


def unanswered_spellings(spellings: Spellings) -> dict[str, Unanswered]:
    """Every spelling of not knowing and of declining, as compared."""
    table = _table({Unanswered.UNKNOWN: spellings.unknown, Unanswered.DECLINED: spellings.declined})
    return {key: Unanswered(meaning) for key, meaning in table.items()}


def _table(added: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {
        spelling_key(text): str(meaning) for meaning, more in added.items() for text in (*SPELLINGS[meaning], *more)
    }


def answer_text(answer: Answer) -> str:
    """An answer in its canonical form, as one text: ids, joined by `;` where there are several."""
    if isinstance(answer, tuple):
        return SEPARATORS[0].join(answer)
    return str(answer)


def answer_json(answer: Answer) -> str | int | list[str]:
    """An answer in its canonical form, for JSON."""
    if isinstance(answer, tuple):
        return list(answer)
    return answer if isinstance(answer, int) else str(answer)


def answer_words(question: Question, answer: Answer) -> str:
    """An answer as a person would read it: labels instead of ids."""
    label = {option.id: option.label for option in question.options}
    if answer is Unanswered.UNKNOWN:
        return "not known"
    if isinstance(answer, tuple):
        return ", ".join(label[option] for option in answer)
    if isinstance(answer, int):
        return f"{answer} {_unit(question.unit, answer)}" if question.unit else str(answer)
    return label.get(answer, str(answer))


_UNITS_OF_TIME = frozenset(["seconds", "minutes", "hours", "days", "weeks", "months", "years"])


def _unit(unit: str, number: int) -> str:
    """The unit as its author wrote it; of one of what everybody counts, without its `s`."""
    return unit[:-1] if number == 1 and unit in _UNITS_OF_TIME else unit
