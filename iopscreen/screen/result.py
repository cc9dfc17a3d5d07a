"""What is told of a screening: the decision, with everything that explains it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.change import Change, changes
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision
from iopscreen.engine.explain import Lead, Readings, leads_to, other_readings
from iopscreen.ruleset.model import Answers
from iopscreen.screen.record import Call, Skipped, kept_decision, skipped_questions


class Result(NamedTuple):
    """A decision and what is told beside it; `changes` and `readings` are None where they are too tangled."""

    decision: Decision
    call: Call
    changes: Sequence[Change] | None
    leads: Mapping[str, Sequence[Lead]]
    readings: Readings | None
    skipped: Sequence[Skipped]


def result_of(compiled: Compiled, answers: Answers, call: Call, *, explained: bool = True) -> Result:
    """Everything that is told of a call with these answers. Raises ImpossibleAnswers and TooTangled.

    Without `explained`, only what a record holds: it is kept after every answer, and must not
    keep anybody waiting.
    """
    decision = kept_decision(compiled, answers)
    times = {question: call.given_at[question] for question in decision.answers if question in call.given_at}
    return Result(
        decision=decision,
        call=call._replace(given_at=times, known_before=tuple(name for name in call.known_before if name in times)),
        changes=would_change(compiled, decision),
        leads=leads_of_open(compiled, decision) if explained else {},
        readings=_readings(compiled, answers) if explained else None,
        skipped=skipped_questions(compiled, decision),
    )


def would_change(compiled: Compiled, decision: Decision) -> Sequence[Change] | None:
    """What would change the recommendation; None where that is too tangled."""
    try:
        return changes(compiled, decision)
    except TooTangled:
        return None


def leads_of_open(compiled: Compiled, decision: Decision) -> dict[str, tuple[Lead, ...]]:
    """What each answer of each open question would give; left out where that is too tangled."""
    found = {}
    for question in decision.ask_next:
        try:
            found[question] = leads_to(compiled, decision.answers, question)
        except TooTangled:
            continue
    return found


def _readings(compiled: Compiled, answers: Answers) -> Readings | None:
    try:
        return other_readings(compiled, answers)
    except TooTangled:
        return None
