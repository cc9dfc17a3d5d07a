"""A decision as JSON, as it was computed: what a record holds, and the greatest part of what `screen` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iopscreen.engine.change import Change
from iopscreen.engine.decide import Decision
from iopscreen.ruleset.model import RuleFile
from iopscreen.ruleset.values import answer_json
from iopscreen.screen.record import Override


def computed_json(
    file: RuleFile,
    decision: Decision,
    changes: Sequence[Change] | None,
    *,
    stopped: bool = False,
    override: Override | None = None,
) -> dict[str, Any]:
    """The decision as one object. `changes` is None where they are too tangled to be worked out.

    `emergency_stop` and `override` come first, and only where a call was ended so or staff chose
    another disposition; all else is as computed.
    """
    rule_set, rule = file.rule_set, decision.rule
    outcome = rule_set.outcome[decision.recommendation] if decision.recommendation else None
    return {
        **({"emergency_stop": True} if stopped else {}),
        **({"override": override._asdict()} if override else {}),
        "rule_set": {"id": rule_set.id, "version": rule_set.version, "digest": file.digest},
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
        "would_change": None if changes is None else [_change_json(change) for change in changes],
        "notes": [{"id": note.id, "for": note.audience, "say": note.say} for note in decision.notes],
        "next_steps": [line.say for line in outcome.staff] if outcome else [],
    }


def _change_json(change: Change) -> dict[str, Any]:
    changed = {question: answer_json(value) for question, value in change.answers.items()}
    return {"recommendation": change.recommendation, "answers": changed}
