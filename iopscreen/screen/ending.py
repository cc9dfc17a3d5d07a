"""The words with which a call ends: the page before the end and the result that is handed over share them."""

from __future__ import annotations

from collections.abc import Sequence

from iopscreen.engine.decide import Decision
from iopscreen.ruleset.model import NO_RULE, Outcome, RuleSet, StaffLine
from iopscreen.ruleset.words import outcomes_in_words
from iopscreen.screen.interview import about_danger, in_danger
from iopscreen.screen.record import Override

NOT_SETTLED = "Not settled"
NO_RECOMMENDATION = "No recommendation"


def came_to(rule_set: RuleSet, decision: Decision) -> tuple[str, str]:
    """Of which kind a computed result is, and what it is."""
    kind = "Recommendation" if decision.recommendation else without_result(decision.possible)
    return kind, outcomes_in_words(rule_set, decision.possible)


def help_now(rule_set: RuleSet, decision: Decision, override: Override | None) -> bool:
    """Whether a call ends with help for somebody in danger, as computed or as staff chose."""
    outcomes = {rule.recommend for rule in rule_set.rules if about_danger(rule_set, rule.cite)}
    return in_danger(rule_set, decision) or (override is not None and override.recommendation in outcomes)


def without_result(possible: Sequence[str]) -> str:
    """What there is where nothing is recommended."""
    return NO_RECOMMENDATION if tuple(possible) == (NO_RULE,) else NOT_SETTLED


def disposition(
    rule_set: RuleSet, decision: Decision, override: Override | None, *, other: bool
) -> tuple[str | None, tuple[StaffLine, ...]]:
    """What to say to the caller and what to do next: of the disposition, whoever chose it."""
    name = override.recommendation if override else decision.recommendation
    if name:
        outcome: Outcome | None = rule_set.outcome.get(name)
        return (outcome.say, outcome.staff) if outcome else (None, ())
    if decision.possible == (NO_RULE,):
        return None, ()
    say, first = rule_set.undecided.say, decision.ask_next[:1]
    question = rule_set.question[first[0]].spoken(other) if first else ""
    return say.replace("{question}", question) if say else None, rule_set.undecided.staff
