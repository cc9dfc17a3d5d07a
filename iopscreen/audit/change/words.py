"""What is written otherwise: what callers and staff read or hear, what files are read by, what is kept about the rules.

Wording is meaning. Every field of the model is a line of one thing (a question, an outcome, ...) under a name of
its own; two editions are compared line by line. A text that only one side has is None on the other. What is left out
stands in `_TOLD_ELSEWHERE`, so that a field that comes into the model is told, unless somebody decides otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from iopscreen.ruleset.cases import CaseFile
from iopscreen.ruleset.condition_words import condition_in_words, spelled_out
from iopscreen.ruleset.model import (
    NO_RULE,
    Accept,
    AllOf,
    AnyOf,
    Cite,
    Condition,
    Contact,
    Guarantee,
    Kind,
    Not,
    NumberTest,
    OptionsTest,
    Question,
    Rule,
    RuleSet,
    Setting,
    StaffLine,
    ValueTest,
)
from iopscreen.ruleset.written import condition_data

ASKED = (
    *("ask", "ask_other", "help", "means", "label", "aliases", "order", "unit", "alone"),
    *("yes", "no", "unknown", "declined"),
)
"""What may make a caller, or the reader of a file, answer differently."""

_KEPT = (
    *("id", "policy", "reviewed", "review_by", "kind", "digest", "accept", "value", "type"),
    *("never", "always", "source", "groups"),
)
"""What nobody reads or hears: how the rules are read, and what is kept about them."""

_DECIDING = ("when", "unless", "recommend")
"""What a rule decides, and for whom."""

_ROWS = ("rules", "notes", "settings", "impossible entries", "guarantees", "sources", "passages")
"""What stands in a row that callers and staff do not see as such."""


@dataclass(frozen=True, slots=True)
class WordChange:
    """One text that differs: of which `thing` ("question `age`"), in which `field`; None where one side has none.

    `whole`: the thing as a whole is on one side only.
    """

    thing: str
    field: str
    old: str | None
    new: str | None
    whole: bool

    @property
    def asks(self) -> bool:
        """Whether callers, or the readers of a file, may answer differently."""
        spoken = self.thing.startswith(("question `", "spellings"))
        return spoken and self.field.split(" ")[-1] in ASKED

    @property
    def wording(self) -> bool:
        """Whether somebody reads or hears it, or what it rests on; else it is only written down."""
        statement = self.thing.startswith(("guarantee", "impossible entry"))
        written = self.field in _KEPT or (statement and self.field == "when") or self.thing in _ROWS
        return not (self.of_a_case or self.decides or written)

    @property
    def decides(self) -> bool:
        """Whether it is what rules decide, and for whom, or which of them comes first."""
        return self.thing == "rules" or (self.thing.startswith("rule `") and self.field in _DECIDING)

    @property
    def of_a_row(self) -> bool:
        """Whether it is the order in which things stand."""
        return self.field == "order" and "`" not in self.thing

    @property
    def of_a_case(self) -> bool:
        """Whether it is written in the file of cases."""
        return self.thing.startswith("case")


Changes = tuple[WordChange, ...]

Line = tuple[str, str]
"""A thing and a field of it."""


def word_changes(old: RuleSet, new: RuleSet) -> Changes:
    """Every text that differs, thing by thing, in the order of the new file; what only the old one has comes last.

    Questions that only one side has are left out: `question_words` has these.
    """
    return _differing(_lines(_things(old, new)), _lines(_things(new, old)))


def question_words(old: RuleSet, new: RuleSet, removed: Iterable[Question], added: Iterable[Question]) -> Changes:
    """The same of questions that only one side has, each whole. One of another type is both removed and added."""
    before, after = (
        _lines((f"question `{one.id}`", _whole_question(rule_set, one)) for one in questions)
        for rule_set, questions in ((old, removed), (new, added))
    )
    return (*_differing(before, {}), *_differing({}, after))


def _whole_question(rule_set: RuleSet, question: Question) -> dict[str, str | None]:
    limits = f"{question.low} to {question.high}" if question.kind is Kind.WHOLE_NUMBER else None
    asked = {"type": str(question.kind), "range": limits}
    return {**_fields(rule_set, question), **asked, **_answers(rule_set, question, question)}


def case_word_changes(old: CaseFile | None, new: CaseFile | None) -> Changes:
    """The same of the cases that both sides have: who confirmed them, and what they are about."""
    if old is None or new is None:
        return ()
    both = {case.id for case in old.cases} & {case.id for case in new.cases}
    sides = (
        [
            (f"case `{case.id}`", {"title": case.title, "source": case.source, "confirmed_by": case.confirmed_by})
            for case in file.cases
            if case.id in both
        ]
        for file in (old, new)
    )
    return _differing(*(_lines(side) for side in sides))


def _differing(before: Mapping[Line, str], after: Mapping[Line, str]) -> Changes:
    things = {thing: place for place, thing in enumerate(dict.fromkeys(thing for thing, _ in (*after, *before)))}
    lines = sorted({**after, **before}, key=lambda line: things[line[0]])
    both = {thing for thing, _ in before} & {thing for thing, _ in after}
    return tuple(
        WordChange(*line, before.get(line), after.get(line), line[0] not in both)
        for line in lines
        if before.get(line) != after.get(line)
    )


# --- the texts of a rule set ----------------------------------------------------------------


Thing = tuple[str, Mapping[str, str | None]]

_THINGS: Mapping[str, tuple[str, ...]] = {
    "RuleSet": (
        *("sources", "undecided", "emergency", "outcomes", "settings", "questions", "impossible"),
        *("rules", "notes", "guarantees", "spellings"),
    ),
    "Source": ("passages",),
    "Question": ("options", "groups"),
    "Setting": ("options",),
}
"""By type, the fields that hold what has lines of its own."""

_TOLD_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "RuleSet": ("version",),  # the findings about it
    "Question": ("kind", "low", "high"),  # another question, or other answers
    "Source": ("external",),  # as its kind
    "Passage": ("section", "paragraph"),  # as one text
    "Guarantee": ("allowed",),  # as the author said it
}
"""By type, the fields that are left out here. Places are, too, and the id by which a thing is called."""

_KEYS = {"audience": "for", "condition": "when", "kind": "type"}
"""The keys of the file, where the model has another name."""

_BETWEEN = {Contact: "; ", StaffLine: " / ", Accept: "; "}
"""What stands between several of a kind; else a comma."""


def _lines(things: Iterable[Thing]) -> dict[Line, str]:
    """Every text, by thing and field."""
    return {
        (thing, field): " ".join(text.split()) for thing, fields in things for field, text in fields.items() if text
    }


def _things(rule_set: RuleSet, other: RuleSet) -> Iterator[Thing]:
    """Everything that a rule set holds, and the order of what both sides have."""
    others = dict(_rows(other))
    yield from ((what, {"order": _order(names, frozenset(others[what]))}) for what, names in _rows(rule_set))
    for question in rule_set.questions:
        twin = other.question.get(question.id)
        if twin is not None and twin.kind is question.kind:
            yield f"question `{question.id}`", {**_fields(rule_set, question), **_answers(rule_set, question, twin)}
    settings = {setting.id: setting for setting in other.settings}
    for setting in rule_set.settings:
        twins = settings.get(setting.id, setting)
        yield f"setting `{setting.id}`", {**_fields(rule_set, setting), **_answers(rule_set, setting, twins)}
    yield from _statements(rule_set, other)
    yield "rule set", _fields(rule_set, rule_set)
    if rule_set.emergency:
        yield "emergency", _fields(rule_set, rule_set.emergency)
    yield "undecided", _fields(rule_set, rule_set.undecided)
    yield "spellings", _fields(rule_set, rule_set.spellings)
    yield from _sources(rule_set)


def _statements(rule_set: RuleSet, other: RuleSet) -> Iterator[Thing]:
    for (what, things), (_, others) in zip(_stated(rule_set), _stated(other), strict=True):
        twins = {thing.id: thing for thing in others}
        for thing in things:
            said = {**_fields(rule_set, thing), **_promised(rule_set, thing)}
            twin = twins.get(thing.id)
            alike = {} if twin is None else _alike(rule_set, thing, other, twin)
            yield f"{what} `{thing.id}`", said | alike


def _stated(rule_set: RuleSet) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    return (
        ("outcome", rule_set.outcomes),
        ("rule", rule_set.rules),
        ("note", rule_set.notes),
        ("impossible entry", rule_set.impossible),
        ("guarantee", rule_set.guarantees),
    )


def _promised(rule_set: RuleSet, thing: Any) -> dict[str, str | None]:
    """What a guarantee forbids or promises, as its author said it: `never` allows that no rule matches.

    By name: in the order of outcomes, another order of these would look like an edit.
    """
    if not isinstance(thing, Guarantee):
        return {}
    never = NO_RULE in thing.allowed
    named = [outcome for outcome in rule_set.outcome if (outcome in thing.allowed) is not never]
    return {"never" if never else "always": ", ".join(sorted(named))}


def _alike(rule_set: RuleSet, thing: Any, other: RuleSet, twin: Any) -> dict[str, str]:
    """The conditions that the twin has in the same words, and that are still not written as there: as data.

    Options may be called such that words are the same: `friend_or_family` for `friend` and `family`.
    """
    found = {}
    for name in ("when", "unless") if isinstance(thing, Rule) else ("condition",):
        mine, its = getattr(thing, name, None), getattr(twin, name, None)
        if mine is None or its is None:
            continue
        sides = ((rule_set, mine), (other, its))
        data, its_data = (_data(*side) for side in sides)
        if data != its_data:
            words, its_words = ((condition_in_words(*side), spelled_out(*side)) for side in sides)
            if words == its_words:  # else the words tell it, or the group of which they have the name
                found[_KEYS.get(name, name)] = json.dumps(data, ensure_ascii=False)
    return found


def _data(rule_set: RuleSet, condition: Condition) -> Any:
    """A condition as data; of most options those that are left out, so that a new option is no edit of it."""

    def short(data: Any, subject: Question | Setting | None = None) -> Any:
        if isinstance(data, dict):
            return {key: short(part, rule_set.subject.get(key)) for key, part in data.items()}
        if isinstance(data, list) and subject is None:
            return [short(part) for part in data]
        named = data if isinstance(data, list) else ()
        others = [option.id for option in subject.options if option.id not in named] if subject else []
        return {"not": others} if 0 < 2 * len(others) < len(named) else data

    return short(condition_data(rule_set, condition))


def _sources(rule_set: RuleSet) -> Iterator[Thing]:
    for source in rule_set.sources:
        kind = {"kind": "external" if source.external else None}
        yield f"source `{source.id}`", {**_fields(rule_set, source), **kind}
        for passage in source.passages:
            place = {"place": f"{passage.section}, paragraph {passage.paragraph}", "source": source.id}
            yield f"passage `{passage.id}`", {**_fields(rule_set, passage), **place}


def _rows(rule_set: RuleSet) -> Iterator[tuple[str, Iterable[str]]]:
    """What stands in an order, by id."""
    yield "questions", rule_set.question
    yield "outcomes", rule_set.outcome
    things: tuple[Iterable[Any], ...] = (
        *(rule_set.rules, rule_set.notes, rule_set.settings, rule_set.impossible),
        *(rule_set.guarantees, rule_set.sources),
    )
    passages = [passage for source in rule_set.sources for passage in source.passages]
    yield from ((what, [one.id for one in row]) for what, row in zip(_ROWS, (*things, passages), strict=True))


def _order(mine: Iterable[str], other: Container[str]) -> str:
    return ", ".join(name for name in mine if name in other)


def _answers(rule_set: RuleSet, asked: Question | Setting, other: Question | Setting) -> dict[str, str | None]:
    """The options and groups of a question or setting, and the order of what `other` has, too."""
    found: dict[str, str | None] = {}
    found["order"] = _order([option.id for option in asked.options], {option.id for option in other.options})
    for option in asked.options:
        found |= {f"{option.id} {field}": text for field, text in _fields(rule_set, option).items()}
    if isinstance(asked, Question):
        known = {group.id for group in other.groups} if isinstance(other, Question) else ()
        found["groups"] = _order([group.id for group in asked.groups], known)
        found |= {f"{group.id} group": ", ".join(group.options) for group in asked.groups}
    return found


def _fields(rule_set: RuleSet, thing: Any) -> dict[str, str | None]:
    """The fields of a thing, by their keys in the file."""
    kind = type(thing).__name__
    left_out = ("place", *_THINGS.get(kind, ()), *_TOLD_ELSEWHERE.get(kind, ()))
    left_out = left_out if thing is rule_set else ("id", *left_out)
    names = [name for name in thing._fields if name not in left_out and not name.endswith("_place")]
    return {_KEYS.get(name, name): _text(rule_set, getattr(thing, name)) for name in names}


def _text(rule_set: RuleSet, value: Any) -> str | None:
    """A value as one text; None for nothing."""
    match value:
        case None | False | ():
            return None
        case True:
            return "yes"
        case ValueTest() | OptionsTest() | NumberTest() | AllOf() | AnyOf() | Not():
            return condition_in_words(rule_set, value)
        case Cite():
            return value.id
        case Contact():
            return f"{value.name}: {value.reach}"
        case StaffLine():
            cited = ", ".join(cite.id for cite in value.cite)
            return f"{value.say} ({cited})" if cited else value.say
        case Accept():
            return ", ".join(f"{name} {part}" for name, part in _parts(value))
        case frozenset():
            return ", ".join(outcome for outcome in rule_set.outcome if outcome in value)
        case tuple():
            between = _BETWEEN.get(type(value[0]), ", ")
            return between.join(filter(None, (_text(rule_set, part) for part in value)))
        case _:
            return str(value)


def _parts(accept: Accept) -> Iterator[tuple[str, Any]]:
    return ((name, part) for name, part in accept._asdict().items() if part is not None and name != "place")


# --- word by word ---------------------------------------------------------------------------


GONE, COME, STAYED = "gone", "come", "stayed"


def parted(old: str | None, new: str | None) -> Iterator[tuple[str, str]]:
    """Both texts as one, in pieces: what went, what came, and between these what stayed."""
    left, right = _words(old or ""), _words(new or "")
    for what, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if what == "equal":
            yield STAYED, " ".join(_shortened(left[i:j], first=i == 0, last=j == len(left)))
            continue
        if i < j:
            yield GONE, " ".join(left[i:j])
        if k < m:
            yield COME, " ".join(right[k:m])


def marked(old: str | None, new: str | None) -> str:
    """Both texts as one: `[-what went-]`, `{+what came+}`, and between these what stayed."""
    text, before = "", STAYED
    for what, words in parted(old, new):
        between = "" if not text or (before, what) == (GONE, COME) else " "
        text += between + {GONE: f"[-{words}-]", COME: f"{{+{words}+}}", STAYED: words}[what]
        before = what
    return text


_BESIDE = 6
"""How many words are shown on each side of what differs."""


def _shortened(words: list[str], *, first: bool, last: bool) -> list[str]:
    """Words that stayed, without those far from what differs."""
    before, after = (0 if first else _BESIDE), (0 if last else _BESIDE)
    if len(words) <= before + after + 3:
        return words
    return [*words[:before], "...", *words[len(words) - after :]]


def _words(text: str) -> list[str]:
    return re.findall(r"\S+", text)
