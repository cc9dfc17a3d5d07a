"""Wording is meaning: what callers and staff read or hear, and what is read from files, where it differs.

Every text of a rule set is a line of one thing (a question, an outcome, ...) under a name of its
own; two editions are compared line by line. A text that only one side has is None on the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from iopscreen.ruleset.condition_words import condition_in_words
from iopscreen.ruleset.model import Guarantee, Impossible, Question, RuleSet, Setting, StaffLine
from iopscreen.ruleset.values import answer_json

ASKED = ("ask", "ask_other", "help", "means", "label", "aliases", "order", "unit", "yes", "no", "unknown", "declined")
"""What may make a caller, or the reader of a file, answer differently."""


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


Line = tuple[str, str]
"""A thing and a field of it."""


def word_changes(old: RuleSet, new: RuleSet) -> tuple[WordChange, ...]:
    """Every text that differs, thing by thing, in the order of the new file; what only the old one has comes last.

    Questions that only one side has are left out: which were added and removed is said elsewhere.
    """
    before, after = _lines(old, new), _lines(new, old)
    things = list(dict.fromkeys(thing for thing, _ in (*after, *before)))
    lines = sorted({**after, **before}, key=lambda line: things.index(line[0]))
    both = {thing for thing, _ in before} & {thing for thing, _ in after}
    return tuple(
        WordChange(*line, before.get(line), after.get(line), line[0] not in both)
        for line in lines
        if before.get(line) != after.get(line)
    )


# --- the texts of a rule set ----------------------------------------------------------------


def _lines(rule_set: RuleSet, other: RuleSet) -> dict[Line, str]:
    """Every text, by thing and field."""
    things = (*_order(rule_set, other), *_asked(rule_set, other), *_statements(rule_set), *_beside(rule_set))
    return {(thing, field): _tidy(text) for thing, fields in things for field, text in fields.items() if text}


Thing = tuple[str, Mapping[str, str | None]]


def _order(rule_set: RuleSet, other: RuleSet) -> Iterator[Thing]:
    """The order of what both sides have."""
    yield "questions", {"order": ", ".join(name for name in rule_set.question if name in other.question)}
    yield "outcomes", {"order": ", ".join(name for name in rule_set.outcome if name in other.outcome)}


def _asked(rule_set: RuleSet, other: RuleSet) -> Iterator[Thing]:
    for question in rule_set.questions:
        twin = other.question.get(question.id)
        if twin is not None and twin.kind is question.kind:
            yield f"question `{question.id}`", {**_question(question), **_options(question, twin)}
    settings = {setting.id: setting for setting in other.settings}
    for setting in rule_set.settings:
        twins = settings.get(setting.id, setting)
        yield f"setting `{setting.id}`", {"means": setting.means, **_options(setting, twins)}


def _statements(rule_set: RuleSet) -> Iterator[Thing]:
    for outcome in rule_set.outcomes:
        yield f"outcome `{outcome.id}`", {"label": outcome.label, "say": outcome.say, "staff": _staff(outcome.staff)}
    for rule in rule_set.rules:
        cites = ", ".join(cite.id for cite in rule.cite)
        yield f"rule `{rule.id}`", {"because": rule.because, "basis": rule.basis, "cite": cites}
    for note in rule_set.notes:
        yield (
            f"note `{note.id}`",
            {"say": note.say, "for": note.audience, "when": condition_in_words(rule_set, note.condition)},
        )
    statements: tuple[Impossible | Guarantee, ...] = (*rule_set.impossible, *rule_set.guarantees)
    for statement in statements:
        what = "impossible entry" if isinstance(statement, Impossible) else "guarantee"
        yield f"{what} `{statement.id}`", {"because": statement.because}


def _beside(rule_set: RuleSet) -> Iterator[Thing]:
    yield "rule set", _head(rule_set)
    if rule_set.emergency:
        contacts = "; ".join(f"{contact.name}: {contact.reach}" for contact in rule_set.emergency.contacts)
        yield "emergency", {"say": rule_set.emergency.say, "contacts": contacts}
    yield "undecided", {"say": rule_set.undecided.say, "staff": _staff(rule_set.undecided.staff)}
    yield "spellings", {word: ", ".join(texts) for word, texts in rule_set.spellings._asdict().items()}
    for source in rule_set.sources:
        yield f"source `{source.id}`", {"title": source.title}
        for passage in source.passages:
            where = f"{passage.section}, paragraph {passage.paragraph}"
            yield f"passage `{passage.id}`", {"says": passage.says, "place": where}


def _head(rule_set: RuleSet) -> dict[str, str | None]:
    reasons = "; ".join(rule_set.override_reasons)
    return {
        "title": rule_set.title,
        "owner": rule_set.owner,
        "disclosure": rule_set.disclosure,
        "override_reasons": reasons,
    }


def _question(question: Question) -> dict[str, str | None]:
    return {
        "ask": question.ask,
        "ask_other": question.ask_other,
        "help": question.help,
        "means": question.means,
        "if_unanswered": question.if_unanswered,
        "unit": question.unit,
        "column": question.column,
        "header_hints": ", ".join(question.header_hints),
        "when_no_column": None if question.when_no_column is None else str(answer_json(question.when_no_column)),
    }


def _options(asked: Question | Setting, other: Question | Setting) -> dict[str, str | None]:
    ids = [option.id for option in other.options]
    found: dict[str, str | None] = {"order": ", ".join(option.id for option in asked.options if option.id in ids)}
    for option in asked.options:
        found[f"{option.id} label"] = option.label
        found[f"{option.id} aliases"] = ", ".join(option.aliases)
        found[f"{option.id} help"] = option.help
    return found


def _staff(lines: tuple[StaffLine, ...]) -> str:
    return " / ".join(line.say for line in lines)


def _tidy(text: str) -> str:
    return " ".join(text.split())


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
