"""What a rule set's names say to a person: outcomes, passages, rules. Interview and reports share them."""

from __future__ import annotations

from collections.abc import Sequence

from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import NO_RULE, Cite, Contact, Emergency, Rule, RuleSet

NO_RULE_LABEL = "no rule applies"

BUILT_IN_EMERGENCY = Emergency(
    say="Let's get you help now. Please call your local emergency number.",
    contacts=(
        Contact("Emergency services", "the local emergency number; in the US 911"),
        Contact("Suicide and crisis", "in the US, call or text 988"),
    ),
    cite=(),
    place=Place(1, 1),
)
"""What is one key away where a rule set has nothing of its own: public numbers, and no claim beside them."""

BUILT_IN_WORDS = "Built-in words: this rule set has none."
"""What is said beside them, so that nobody takes them for the site's."""


def emergency_of(rule_set: RuleSet) -> Emergency:
    """What to say and whom to reach in an emergency: the rule set's own, else what is built in."""
    return rule_set.emergency or BUILT_IN_EMERGENCY


def outcome_label(rule_set: RuleSet, outcome: str) -> str:
    """The label of an outcome, or of there being none."""
    return NO_RULE_LABEL if outcome == NO_RULE else rule_set.outcome[outcome].label


def outcome_order(old: RuleSet, new: RuleSet) -> list[str]:
    """The outcomes of both, the least intensive first: in the old order, a new one after what it follows.

    A change that orders them otherwise is not weighed by its own order. No file says how one that is gone
    and one that is new compare: the new one counts as less, so that whoever reviews it sees it first.
    """
    order = list(old.outcome)
    names = list(new.outcome)
    for place, name in enumerate(names):
        if name not in order:
            order.insert(order.index(names[place - 1]) + 1 if place else 0, name)
    return order


def outcomes_in_words(rule_set: RuleSet, outcomes: Sequence[str]) -> str:
    """Outcomes that are still possible: `A, B or C`; none where the answers cannot all be right."""
    if not outcomes:
        return "none, for these answers cannot all be right then"
    *first, last = [outcome_label(rule_set, outcome) for outcome in outcomes]
    return f"{', '.join(first)} or {last}" if first else last


def rule_in_words(rule_set: RuleSet, rule: Rule) -> str:
    """A rule's reason, with what it recommends and how firm its ground is."""
    return f"{rule.because} ({outcome_label(rule_set, rule.recommend)}; rule {rule.id}, {rule.basis})"


def cited(rule_set: RuleSet, cite: Cite) -> str | None:
    """What a citation rests on, and where that stands; None where nothing has this name."""
    source, passage = rule_set.passage.get(cite.id, (None, None))
    if source and passage:
        place = f"{source.title}, {passage.section}, paragraph {passage.paragraph}"
        return f"{cite.id}: {passage.says} ({place})"
    return f"{cite.id}: {source.title}" if source else None
