"""What is written otherwise: what callers and staff read or hear, what files are read by, what is kept about the rules.

Wording is meaning. Every field of the model is a line of one thing (a question, an outcome, ...) under a name of
its own; two editions are compared line by line. A text that only one side has is None on the other. What is left out
stands in `_TOLD_ELSEWHERE`, so that a field that comes into the model is told, unless somebody decides otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from iopscreen.ruleset.cases import CaseFile
from iopscreen.ruleset.condition_words import condition_in_words
from iopscreen.ruleset.model import (
    Accept,
    AllOf,
    AnyOf,
    Cite,
    Contact,
    Not,
    NumberTest,
    OptionsTest,
    Question,
    RuleSet,
    Setting,
    StaffLine,
    ValueTest,
)

ASKED = ("ask", "ask_other", "help", "means", "label", "aliases", "order", "unit", "yes", "no", "unknown", "declined")
"""What may make a caller, or the reader of a file, answer differently."""

_KEPT = ("id", "policy", "reviewed", "review_by", "external", "digest", "accept", "value", "type", "allows")
"""What nobody reads or hears: how the rules are read, and what is kept about them."""


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
        spoken = self.thing.startswith(("question", "spellings"))
        return spoken and self.field.split(" ")[-1] in ASKED

    @property
    def wording(self) -> bool:
        """Whether somebody reads or hears it, or what it rests on; else it is only written down."""
        statement = self.thing.startswith(("guarantee", "impossible entry"))
        return not (self.of_a_case or self.field in _KEPT or (statement and self.field == "when"))

    @property
    def of_a_case(self) -> bool:
        """Whether it is written in the file of cases."""
        return self.thing.startswith("case")


Line = tuple[str, str]
"""A thing and a field of it."""


def word_changes(old: RuleSet, new: RuleSet) -> tuple[WordChange, ...]:
    """Every text that differs, thing by thing, in the order of the new file; what only the old one has comes last.

    Questions that only one side has are left out: which were added and removed is said elsewhere.
    """
    return _differing(_lines(_things(old, new)), _lines(_things(new, old)))


def case_word_changes(old: CaseFile | None, new: CaseFile | None) -> tuple[WordChange, ...]:
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


def _differing(before: Mapping[Line, str], after: Mapping[Line, str]) -> tuple[WordChange, ...]:
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
    "Rule": ("when", "unless", "recommend"),  # whom that moves, which is told exactly
    "Question": ("kind", "low", "high"),  # another question, or other answers
    "Option": ("alone",),  # other answers
    "Passage": ("section", "paragraph"),  # as one text
}
"""By type, the fields that are left out here. Places are, too, and the id by which a thing is called."""

_KEYS = {"audience": "for", "condition": "when", "allowed": "allows", "kind": "type"}
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
    yield "questions", {"order": _order(rule_set.question, other.question)}
    yield "outcomes", {"order": _order(rule_set.outcome, other.outcome)}
    for question in rule_set.questions:
        twin = other.question.get(question.id)
        if twin is not None and twin.kind is question.kind:
            yield f"question `{question.id}`", {**_fields(rule_set, question), **_answers(rule_set, question, twin)}
    settings = {setting.id: setting for setting in other.settings}
    for setting in rule_set.settings:
        twins = settings.get(setting.id, setting)
        yield f"setting `{setting.id}`", {**_fields(rule_set, setting), **_answers(rule_set, setting, twins)}
    yield from _statements(rule_set)
    yield "rule set", _fields(rule_set, rule_set)
    if rule_set.emergency:
        yield "emergency", _fields(rule_set, rule_set.emergency)
    yield "undecided", _fields(rule_set, rule_set.undecided)
    yield "spellings", _fields(rule_set, rule_set.spellings)
    yield from _sources(rule_set)


def _statements(rule_set: RuleSet) -> Iterator[Thing]:
    named: tuple[tuple[str, Iterable[Any]], ...] = (
        ("outcome", rule_set.outcomes),
        ("rule", rule_set.rules),
        ("note", rule_set.notes),
        ("impossible entry", rule_set.impossible),
        ("guarantee", rule_set.guarantees),
    )
    for what, things in named:
        for thing in things:
            yield f"{what} `{thing.id}`", _fields(rule_set, thing)


def _sources(rule_set: RuleSet) -> Iterator[Thing]:
    for source in rule_set.sources:
        yield f"source `{source.id}`", _fields(rule_set, source)
        for passage in source.passages:
            place = {"place": f"{passage.section}, paragraph {passage.paragraph}"}
            yield f"passage `{passage.id}`", {**_fields(rule_set, passage), **place}


def _order(mine: Iterable[str], other: Container[str]) -> str:
    return ", ".join(name for name in mine if name in other)


def _answers(rule_set: RuleSet, asked: Question | Setting, other: Question | Setting) -> dict[str, str | None]:
    """The options and groups of a question or setting, and the order of what `other` has, too."""
    found: dict[str, str | None] = {}
    found["order"] = _order([option.id for option in asked.options], {option.id for option in other.options})
    for option in asked.options:
        found |= {f"{option.id} {field}": text for field, text in _fields(rule_set, option).items()}
    if isinstance(asked, Question):
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
            return ", ".join(f"{name} {part}" for name, part in value._asdict().items() if part and name != "place")
        case frozenset():
            return ", ".join(outcome for outcome in rule_set.outcome if outcome in value)
        case tuple():
            between = _BETWEEN.get(type(value[0]), ", ")
            return between.join(filter(None, (_text(rule_set, part) for part in value)))
        case _:
            return str(value)


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
