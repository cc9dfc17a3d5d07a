"""The JSON Schema (draft-07) of rule files and of cases, for editors: completion, hover help, faults while typing.

The schema says of a file what can be said without its names: keys, shapes, words. Made for one
rule set, it knows the names too. It accepts whatever the reader accepts; of what the reader
refuses it says less, and `tests/test_schema.py` lists what a schema cannot say. A schema for one
rule set knows the names of the day it was made: made anew, it knows the new ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from iopscreen.export import shapes
from iopscreen.export.hover import BASIS, HOVER
from iopscreen.export.shapes import Schema, described, matching, one_or_items, reference, word
from iopscreen.ruleset.cases import EXPECTATIONS
from iopscreen.ruleset.conditions import BOUNDS
from iopscreen.ruleset.model import NO, NO_RULE, YES, Basis, Kind, Policy, Question, RuleSet, Setting, Unanswered
from iopscreen.ruleset.questions import QUESTION_KEYS, RESERVED_QUESTIONS
from iopscreen.ruleset.reader import FORMAT, OPTIONAL, REQUIRED, RESERVED_OUTCOMES
from iopscreen.ruleset.statements import SECTIONS
from iopscreen.ruleset.values import SPELLINGS, unanswered_spellings, yes_no_spellings

DRAFT = "http://json-schema.org/draft-07/schema#"

_NAME = shapes.name()
_EXACT_NAME = shapes.name(spaces=False)
_ID = shapes.name(dashes=True)
_DIGEST = matching("sha256:[0-9a-f]{64}")
_NOT_KNOWN = [text for meaning in Unanswered for text in SPELLINGS[meaning] if text]
_KNOWN_TEXT: Schema = {**shapes.TEXT, "not": {"anyOf": shapes.spelled(_NOT_KNOWN)}}
"""A text that is no way to say that something is not known."""
_SETTING_KINDS = (Kind.YES_NO, Kind.ONE, Kind.WHOLE_NUMBER)


def rules_schema(rule_set: RuleSet | None = None) -> Schema:
    """The schema of rule files; made for `rule_set`, with its names."""
    return {
        "$schema": DRAFT,
        "title": f"The rule file of {rule_set.id}" if rule_set else "A rule file of iopscreen",
        **_fields("rule set", REQUIRED, OPTIONAL, _sections(rule_set)),
        "definitions": _definitions(rule_set),
    }


def cases_schema(rule_set: RuleSet | None = None, rules_name: str | None = None) -> Schema:
    """The schema of `.cases.yaml` files; made for `rule_set`, with its names. `rules_name`: of its file."""
    case = _fields(
        "case",
        ["id", "answers", "expect"],
        ["title", "source", "confirmed_by"],
        {
            "id": _ID,
            "answers": _answers(rule_set),
            "expect": _expect(rule_set),
            "title": shapes.TEXT,
            "source": shapes.TEXT,
            "confirmed_by": shapes.TEXT,
        },
    )
    top = {
        "format": {"anyOf": [{"enum": [int(FORMAT), FORMAT]}, matching(FORMAT)]},
        "rules": word([rules_name]) if rules_name else shapes.TEXT,
        "cases": shapes.items(case),
    }
    title = f"The cases of {rule_set.id}" if rule_set else "A file of cases of iopscreen"
    return {"$schema": DRAFT, "title": title, **_fields("cases", ["format", "rules", "cases"], [], top)}


def _fields(what: str, required: Iterable[str], optional: Iterable[str], known: dict[str, Schema]) -> Schema:
    return shapes.fields(HOVER[what], required, optional, known)


# --- a rule file ----------------------------------------------------------------------------


def _sections(rule_set: RuleSet | None) -> dict[str, Schema]:
    return {
        "format": {"enum": [int(FORMAT), FORMAT]},
        "id": _ID,
        "version": matching(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?"),
        "title": shapes.TEXT,
        "policy": word(Policy),
        "owner": shapes.TEXT,
        "reviewed": shapes.DATE,
        "review_by": shapes.DATE,
        "disclosure": shapes.TEXT,
        "sources": shapes.entries(_source(), names=_NAME),
        "undecided": _fields("undecided", [], ["say", "staff"], {"say": shapes.TEXT, "staff": reference("staff")}),
        "emergency": _emergency(),
        "outcomes": shapes.entries(_outcome(), names=_names_but(RESERVED_OUTCOMES), at_least_one=True),
        "settings": shapes.entries(_setting(), names=_names_but(RESERVED_QUESTIONS)),
        "questions": _questions(rule_set),
        "impossible": shapes.items(_impossible()),
        "rules": shapes.items(_rule(), at_least_one=True),
        "notes": shapes.items(_note()),
        "guarantees": shapes.items(_guarantee()),
        "override_reasons": one_or_items(shapes.TEXT),
        "spellings": _fields("spellings", [], SPELLINGS, dict.fromkeys(SPELLINGS, one_or_items(shapes.TEXT))),
        "accept": reference("accept"),
    }


def _definitions(rule_set: RuleSet | None) -> dict[str, Schema]:
    line = {"say": shapes.TEXT, "cite": reference("cite")}
    accept = {
        "finding": shapes.TEXT,
        "because": shapes.TEXT,
        "by": shapes.TEXT,
        "until": shapes.DATE,
        "at": shapes.TEXT,
        "at_most": shapes.COUNT,
    }
    citable = list(rule_set.passage) if rule_set else []
    return {
        "cite": one_or_items(word(citable) if citable else shapes.TEXT),
        "staff": {
            "anyOf": [
                shapes.TEXT,
                shapes.items({"anyOf": [shapes.TEXT, _fields("staff line", ["say"], ["cite"], line)]}),
            ]
        },
        "accept": shapes.items(_fields("accept", ["finding"], ["because", "by", "until", "at", "at_most"], accept)),
        "outcome": word(rule_set.outcome, [outcome.label for outcome in rule_set.outcomes]) if rule_set else _NAME,
        "question": _question(),
        "condition": _condition("condition", rule_set),
        "rule_condition": _condition("rule_condition", rule_set, for_notes=False),
    }


def _names_but(taken: Collection[str]) -> Schema:
    return {**_NAME, "not": matching("|".join(taken))}


def _source() -> Schema:
    passage = {
        "section": shapes.TEXT,
        "paragraph": shapes.whole(1, shapes.MOST),
        "says": shapes.TEXT,
        "digest": _DIGEST,
    }
    source = {
        "title": shapes.TEXT,
        "kind": word(["document", "external"]),
        "digest": _DIGEST,
        "passages": shapes.entries(
            _fields("passage", ["section", "paragraph", "says"], ["digest"], passage), names=_ID
        ),
    }
    return _fields("source", ["title"], ["kind", "digest", "passages"], source)


def _emergency() -> Schema:
    contact = _fields("contact", ["name", "reach"], [], {"name": shapes.TEXT, "reach": shapes.TEXT})
    known = {"say": shapes.TEXT, "contacts": shapes.items(contact), "cite": reference("cite")}
    return _fields("emergency", ["say"], ["contacts", "cite"], known)


def _outcome() -> Schema:
    known = {
        "label": shapes.TEXT,
        "say": shapes.TEXT,
        "staff": reference("staff"),
        "cite": reference("cite"),
        "accept": reference("accept"),
    }
    return _fields("outcome", ["label"], ["say", "staff", "cite", "accept"], known)


# --- settings and questions -----------------------------------------------------------------


def _setting() -> Schema:
    known = {
        "means": shapes.TEXT,
        "type": word(_SETTING_KINDS),
        "value": shapes.TEXT,
        "options": _options(Kind.ONE),
        "cite": reference("cite"),
    }
    values = {Kind.YES_NO: _yes_no(), Kind.ONE: _NAME, Kind.WHOLE_NUMBER: shapes.WHOLE}
    by_type = [_if_type([kind], {"properties": {"value": value}}) for kind, value in values.items()]
    return {
        **_fields("setting", ["means", "type", "value"], ["options", "cite"], known),
        "allOf": [*by_type, _if_type([Kind.ONE], {"required": ["options"]}, _without("options"))],
    }


def _questions(rule_set: RuleSet | None) -> Schema:
    question = reference("question")
    shape = shapes.entries(question, names=_names_but(RESERVED_QUESTIONS), at_least_one=True)
    if rule_set is None:
        return shape
    shape["properties"] = {
        asked.id: {"allOf": [question, {"properties": _of_the_question(asked, rule_set)}]}
        for asked in rule_set.questions
    }
    return shape


def _of_the_question(question: Question, rule_set: RuleSet) -> dict[str, Schema]:
    """What the keys of one question may hold: its own options."""
    own: dict[str, Schema] = {"when_no_column": _answer(question, rule_set, known_only=True)}
    if question.options:
        option = word(question.option_ids, [option.label for option in question.options])
        own["groups"] = {"additionalProperties": shapes.items(option, at_least_one=True)}
    return own


def _question() -> Schema:
    texts = ("ask", "ask_other", "help", "means", "unit", "column", "if_unanswered")
    known = {
        **dict.fromkeys(texts, shapes.TEXT),
        "type": word(Kind),
        "options": _options(Kind.MANY),
        "groups": shapes.entries(shapes.items(_NAME, at_least_one=True), names=_NAME),
        "range": {**shapes.items(shapes.WHOLE), "minItems": 2, "maxItems": 2},
        "for_notes": shapes.FLAG,
        "when_no_column": one_or_items(_KNOWN_TEXT, at_least_one=True),
        "header_hints": one_or_items(shapes.TEXT),
        "cite": reference("cite"),
        "accept": reference("accept"),
    }
    numbers = [Kind.WHOLE_NUMBER]
    return {
        **_fields("question", ["ask", "type"], QUESTION_KEYS, known),
        "allOf": [
            _if_type([Kind.ONE], {"properties": {"options": _options(Kind.ONE)}}),
            _if_type([Kind.ONE, Kind.MANY], {"required": ["options"]}, _without("options", "groups")),
            _if_type(numbers, {"required": ["range"], "properties": {"when_no_column": shapes.WHOLE}}),
            _if_type(numbers, {}, _without("range", "unit")),
            _if_type([Kind.YES_NO, Kind.ONE], {"properties": {"when_no_column": _KNOWN_TEXT}}),
            {
                "if": {"properties": {"for_notes": _yes_flag()}, "required": ["for_notes"]},
                "then": _without("if_unanswered"),
            },
        ],
    }


def _yes_flag() -> Schema:
    return {"anyOf": [{"enum": [True]}, matching(shapes.YES_WORDS)]}


def _options(kind: Kind) -> Schema:
    optional = ["aliases", "help", "cite", *(["alone"] if kind is Kind.MANY else [])]
    known = {
        "label": shapes.TEXT,
        "aliases": one_or_items(shapes.TEXT),
        "help": shapes.TEXT,
        "cite": reference("cite"),
        "alone": shapes.FLAG,
    }
    return shapes.entries(_fields("option", ["label"], optional, known), names=_NAME, at_least_one=True)


def _if_type(kinds: Iterable[Kind], then: Schema, otherwise: Schema | None = None) -> Schema:
    shape: Schema = {"if": {"properties": {"type": word(kinds)}, "required": ["type"]}, "then": then}
    return shape if otherwise is None else {**shape, "else": otherwise}


def _without(*keys: str) -> Schema:
    return {"properties": dict.fromkeys(keys, False)}


def _yes_no() -> Schema:
    return {"anyOf": [{"enum": [YES, NO]}, *shapes.spelled([*SPELLINGS[YES], *SPELLINGS[NO]])]}


# --- what holds a condition -----------------------------------------------------------------


def _entry(section: str, condition: str, known: dict[str, Schema]) -> Schema:
    required, optional, _ = SECTIONS[section]
    shared = {
        "id": _ID,
        "when": reference(condition),
        "unless": reference(condition),
        "because": shapes.TEXT,
        "cite": reference("cite"),
    }
    return _fields(section, required, optional, shared | known)


def _rule() -> Schema:
    own = {
        "recommend": reference("outcome"),
        "basis": word(Basis, [BASIS[basis] for basis in Basis]),
        "accept": reference("accept"),
    }
    return _entry("rules", "rule_condition", own)


def _impossible() -> Schema:
    return _entry("impossible", "condition", {})


def _note() -> Schema:
    return _entry("notes", "condition", {"say": shapes.TEXT, "for": word(["staff", "caller"])})


def _guarantee() -> Schema:
    outcome = reference("outcome")
    own = {"never": one_or_items(outcome, at_least_one=True), "always": outcome}
    one_of_them = [{"required": ["never"]}, {"required": ["always"]}]
    return {**_entry("guarantees", "condition", own), "oneOf": one_of_them}


def _condition(name: str, rule_set: RuleSet | None, *, for_notes: bool = True) -> Schema:
    """A condition, whose parts are such conditions too; without `for_notes` it tests what may decide."""
    part = reference(name)
    several = shapes.items(part, at_least_one=True)
    shape = _fields("condition", [], RESERVED_QUESTIONS, {"any_of": several, "all_of": several, "not": part})
    if rule_set is None:
        return {**shape, "additionalProperties": _any_test(), "propertyNames": _EXACT_NAME}
    subjects: list[Question | Setting] = [*rule_set.questions, *rule_set.settings]
    for subject in subjects:
        if for_notes or isinstance(subject, Setting) or not subject.for_notes:
            words = subject.ask if isinstance(subject, Question) else subject.means
            shape["properties"][subject.id] = described(words, _test(subject, rule_set))
    return shape


def _any_test() -> Schema:
    """The test of a subject whose type is not known."""
    names = one_or_items(shapes.TEXT, at_least_one=True)
    bound = {"anyOf": [shapes.WHOLE, _EXACT_NAME]}
    tests = [_one_test(names), _many_test(names), _number_test(bound)]
    return {"anyOf": [_KNOWN_TEXT, shapes.items(shapes.TEXT, at_least_one=True), *tests]}


def _test(subject: Question | Setting, rule_set: RuleSet) -> Schema:
    match subject.kind:
        case Kind.YES_NO:
            return _yes_no()
        case Kind.WHOLE_NUMBER:
            return _number_test(_bound(subject, rule_set))
    names, labels = _option_names(subject)
    options = one_or_items(word(names, labels), at_least_one=True)
    mapping = _one_test(options) if subject.kind is Kind.ONE else _many_test(options)
    return {"anyOf": [*options["anyOf"], mapping]}


def _option_names(subject: Question | Setting) -> tuple[list[str], list[str]]:
    """What rules may call the options: each by its name, and several by that of a group; and what these mean."""
    groups = subject.groups if isinstance(subject, Question) else ()
    names = {option.id: option.label for option in subject.options}
    names |= {group.id: f"one of {', '.join(group.options)}" for group in groups}
    return list(names), list(names.values())


def _bound(subject: Question | Setting, rule_set: RuleSet) -> Schema:
    low, high = (subject.low, subject.high) if isinstance(subject, Question) else (-shapes.MOST, shapes.MOST)
    numbers = [s.id for s in rule_set.settings if isinstance(s.value, int) and low <= s.value <= high]
    bound = shapes.whole(low, high)
    return {"anyOf": [*bound["anyOf"], word(numbers)]} if numbers else bound


def _one_test(options: Schema) -> Schema:
    return _fields("one", ["not"], [], {"not": options})


def _many_test(options: Schema) -> Schema:
    words = ("any", "all", "none")
    return {**_fields("many", [], words, dict.fromkeys(words, options)), "minProperties": 1}


def _number_test(bound: Schema) -> Schema:
    return {**_fields("whole_number", [], BOUNDS, dict.fromkeys(BOUNDS, bound)), "minProperties": 1}


# --- cases ----------------------------------------------------------------------------------


def _answers(rule_set: RuleSet | None) -> Schema:
    if rule_set is None:
        return shapes.entries(one_or_items(shapes.TEXT, at_least_one=True), names=_EXACT_NAME)
    answers = {question.id: described(question.ask, _answer(question, rule_set)) for question in rule_set.questions}
    return {"type": "object", "properties": answers, "additionalProperties": False}


def _answer(question: Question, rule_set: RuleSet, *, known_only: bool = False) -> Schema:
    """The ways to write an answer of `question`: what an editor offers first, then every spelling."""
    not_known = [] if known_only else list(Unanswered)
    spelled = [] if known_only else shapes.spelled(unanswered_spellings(rule_set.spellings))
    match question.kind:
        case Kind.YES_NO:
            known = shapes.spelled(yes_no_spellings(rule_set.spellings))
            return {"anyOf": [{"enum": [YES, NO, *not_known]}, *known, *spelled]}
        case Kind.WHOLE_NUMBER:
            number = shapes.whole(question.low, question.high)["anyOf"]
            return {"anyOf": [*number, *([{"enum": not_known}] if not_known else []), *spelled]}
    texts = [text for option in question.options for text in (option.id, option.label, *option.aliases)]
    offered = {
        "enum": [*question.option_ids, *not_known],
        "enumDescriptions": [*(option.label for option in question.options), *_UNANSWERED[: len(not_known)]],
    }
    if question.kind is Kind.ONE:
        return {"anyOf": [offered, *shapes.spelled_names(texts), *spelled]}
    item: Schema = {"anyOf": [{"enum": list(question.option_ids)}, *shapes.spelled_names(texts)]}
    several = shapes.items(item, at_least_one=True)
    return {"anyOf": [offered, several, *shapes.spelled_names(texts, several=True), *spelled]}


_UNANSWERED = ("not known", "prefers not to say")


def _expect(rule_set: RuleSet | None) -> Schema:
    outcome, rule, question = _NAME, _ID, _NAME
    if rule_set is not None:
        labels = [named.label for named in rule_set.outcomes]
        outcome = word([*rule_set.outcome, NO_RULE], [*labels, "no rule fits"])
        rule = word(rule_set.rule, [named.because for named in rule_set.rules])
        question = word(rule_set.question, [named.ask for named in rule_set.questions])
    known = {
        "recommend": outcome,
        "rule": rule,
        "possible": one_or_items(outcome, at_least_one=True),
        "ask_next": one_or_items(question),
    }
    return {**_fields("expect", [], EXPECTATIONS, known), "minProperties": 1}
