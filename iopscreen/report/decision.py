"""A decision as JSON, text and Markdown. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from iopscreen.engine.change import Change
from iopscreen.engine.decide import Decision
from iopscreen.report.text import printable, wrapped
from iopscreen.ruleset.model import NO_RULE, Answer, Rule, RuleFile, RuleSet
from iopscreen.ruleset.values import answer_json, answer_words

PROVISIONAL = "Provisional: a screen by trained staff, not a diagnosis. A clinician decides."
NO_RULE_LABEL = "no rule applies"


class Shown(NamedTuple):
    """A decision with what is told about it: where the rules stand, and what would change it.

    `changes` is None when that could not be worked out within the engine's budget.
    """

    file: RuleFile
    decision: Decision
    changes: Sequence[Change] | None
    other: bool = False
    """The caller speaks for somebody else."""
    emergency_stop: bool = False
    """The coordinator ended the call as an emergency."""

    @property
    def rule_set(self) -> RuleSet:
        """The rule set that decided."""
        return self.file.rule_set


def decision_json(shown: Shown) -> dict[str, Any]:
    """The decision as one object. `emergency_stop` comes first, and only where a call was ended so."""
    decision, rule_set = shown.decision, shown.rule_set
    rule = decision.rule
    outcome = rule_set.outcome[decision.recommendation] if decision.recommendation else None
    stop = {"emergency_stop": True} if shown.emergency_stop else {}
    return {
        **stop,
        "rule_set": {"id": rule_set.id, "version": rule_set.version, "digest": shown.file.digest},
        "answers": {question: answer_json(answer) for question, answer in decision.answers.items()},
        "recommendation": decision.recommendation,
        "rule": rule.id if rule else None,
        "rules": [rule.id for rule in decision.rules],
        "because": rule.because if rule else None,
        "basis": rule.basis if rule else None,
        "cite": [cite.id for cite in rule.cite] if rule else [],
        "possible": list(decision.possible),
        "ask_next": list(decision.ask_next),
        "not_needed": list(decision.not_needed),
        "assumed": {question: answer_json(answer) for question, answer in decision.assumed.items()},
        "would_change": None if shown.changes is None else [_change_json(change) for change in shown.changes],
        "notes": [{"id": note.id, "for": note.audience, "say": note.say} for note in decision.notes],
        "next_steps": [line.say for line in outcome.staff] if outcome else [],
    }


def _change_json(change: Change) -> dict[str, Any]:
    changed = {question: answer_json(value) for question, value in change.answers.items()}
    return {"recommendation": change.recommendation, "answers": changed}


# --- text and Markdown share their sections: a heading and what stands under it -------------

Section = tuple[str, list[str]]


def _sections(shown: Shown) -> Iterator[Section]:
    """What is told, in the order in which a coordinator needs it."""
    decision = shown.decision
    if shown.emergency_stop:
        yield from _stopped(shown)
    elif decision.recommendation:
        yield from _decided(shown)
        yield "Notes", _notes(shown)
        yield "What would change it", _changes(shown)
    else:
        yield from _open(shown)
    if not shown.emergency_stop:
        yield "Not asked, because it cannot matter", [_spoken(shown, name) for name in decision.not_needed]
    yield "Answers", [_answer(shown, name, answer) for name, answer in decision.answers.items()]


def _stopped(shown: Shown) -> Iterator[Section]:
    """After an emergency stop: whom to reach, and nothing that could be taken for a recommendation."""
    emergency = shown.rule_set.emergency
    if emergency:
        yield "Say to the caller", [emergency.say]
        yield "Reach", [f"{contact.name}: {contact.reach}" for contact in emergency.contacts]
    yield "Screen", ["Not finished. It says nothing about a program; screen again when the emergency is over."]


def _notes(shown: Shown) -> list[str]:
    return [f"{'to the caller: ' if note.audience == 'caller' else ''}{note.say}" for note in shown.decision.notes]


def _spoken(shown: Shown, name: str) -> str:
    """A question in the words in which it is asked on this call."""
    question = shown.rule_set.question[name]
    return (question.ask_other if shown.other else None) or question.ask


def _decided(shown: Shown) -> Iterator[Section]:
    decision, rule_set = shown.decision, shown.rule_set
    assert decision.recommendation
    outcome = rule_set.outcome[decision.recommendation]
    if outcome.say:
        yield "Say to the caller", [outcome.say]
    yield "Why", [line for rule in decision.rules for line in _why(rule_set, rule)]
    yield "Next steps", [line.say for line in outcome.staff]


def _open(shown: Shown) -> Iterator[Section]:
    decision, rule_set = shown.decision, shown.rule_set
    if decision.possible == (NO_RULE,):
        yield "Why", ["No rule of this rule set fits these answers. A clinician decides."]
        return
    questions = [_spoken(shown, name) for name in decision.ask_next]
    if rule_set.undecided.say:
        yield "Say to the caller", [rule_set.undecided.say.replace("{question}", questions[0] if questions else "")]
    yield "Notes", _notes(shown)
    yield "Still open, and can change it", questions
    yield "Depending on that", [_reason(rule_set, rule) for rule in decision.rules]
    yield "Next steps", [line.say for line in rule_set.undecided.staff]


def _why(rule_set: RuleSet, rule: Rule) -> Iterator[str]:
    yield _reason(rule_set, rule)
    for cite in rule.cite:
        source, passage = rule_set.passage.get(cite.id, (None, None))
        if source and passage:
            place = f"{source.title}, {passage.section}, paragraph {passage.paragraph}"
            yield f"  rests on {cite.id}: {passage.says} ({place})"
        elif source:
            yield f"  rests on {cite.id}: {source.title}"


def _reason(rule_set: RuleSet, rule: Rule) -> str:
    return f"{rule.because} ({rule_set.outcome[rule.recommend].label}; rule {rule.id}, {rule.basis})"


def _changes(shown: Shown) -> list[str]:
    if shown.changes is None:
        return ["Not worked out: the rule set is too tangled."]
    return [
        f"{shown.rule_set.outcome[change.recommendation].label}, if: "
        + "; ".join(_answer(shown, name, value) for name, value in change.answers.items())
        for change in shown.changes
    ]


def _answer(shown: Shown, name: str, answer: Answer) -> str:
    return f"{_spoken(shown, name)} - {answer_words(shown.rule_set.question[name], answer)}"


def headline(shown: Shown) -> str:
    """The result in one line."""
    decision, rule_set = shown.decision, shown.rule_set
    if shown.emergency_stop:
        return "EMERGENCY: the call was ended to get help"
    labels = [rule_set.outcome[name].label if name != NO_RULE else NO_RULE_LABEL for name in decision.possible]
    if decision.recommendation:
        return f"Recommendation: {labels[0]}"
    if decision.possible == (NO_RULE,):
        return "No recommendation: no rule applies"
    return f"Not settled: {' or '.join(labels)}"


def _origin(shown: Shown) -> str:
    rule_set = shown.rule_set
    return f"Rule set {rule_set.id} {rule_set.version}, {shown.file.digest[:19]}"


def decision_text(shown: Shown, width: int) -> str:
    """The decision for a terminal, in lines of at most `width`."""
    lines = wrapped(headline(shown), width)
    for heading, items in _sections(shown):
        if items:
            lines += ["", heading]
            for item in items:
                inner = item.startswith("  ")
                lines += wrapped(item.strip(), width, "      " if inner else "    ", "    " if inner else "  - ")
    lines += ["", *wrapped(PROVISIONAL, width), printable(_origin(shown))]
    return "\n".join(lines) + "\n"


def decision_markdown(shown: Shown) -> str:
    """The decision for a chart or a ticket, as Markdown, with the rule set's notice of disclosure."""
    lines = [f"## {_plain(headline(shown))}"]
    for heading, items in _sections(shown):
        if items:
            lines += ["", f"### {heading}", ""]
            lines += [f"{'  ' if item.startswith('  ') else ''}- {_plain(item.strip())}" for item in items]
    lines += ["", f"*{_plain(shown.rule_set.disclosure or PROVISIONAL)}*", "", _plain(_origin(shown))]
    return "\n".join(lines) + "\n"


_MARKS = {ord(mark): f"\\{mark}" for mark in "\\`*_[]<>#|~"}


def _plain(text: str) -> str:
    """Text in which no character means anything to Markdown."""
    return printable(" ".join(text.split())).translate(_MARKS)
