"""Where in the new file it is written that callers are recommended something else, or asked in other words."""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.change.comparison import Comparison
from iopscreen.audit.change.impact import ChangedRegion, Transition
from iopscreen.audit.subject import Told
from iopscreen.audit.telling import listed, profiles_in_words, recommended
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import NO_RULE


def recommendation_changed(comparison: Comparison) -> Iterator[Told]:
    """A rule recommends something else than was recommended before, with a caller for whom that is so.

    Example: rule `too-young` is new, and recommends `referral` to callers who were recommended `inpatient`.

    What to do: nothing, if that is what the change is for. `diff` shows all such callers, with both rules side by side.
    """
    found = [told for transition in comparison.impact.transitions for told in _by_rule(comparison, transition)]
    yield from sorted(found, key=lambda told: (told.place, told.message))


def _by_rule(comparison: Comparison, transition: Transition) -> Iterator[Told]:
    groups: dict[str | None, list[ChangedRegion]] = {}
    for region in transition.regions:
        groups.setdefault(region.new.rule and region.new.rule.id, []).append(region)
    for regions in groups.values():
        yield _told(comparison, transition, regions)


def _told(comparison: Comparison, transition: Transition, regions: list[ChangedRegion]) -> Told:
    first = regions[0]
    numbers = [region.profiles for region in regions if region.profiles is not None]
    number = profiles_in_words(sum(numbers) if numbers else None)
    some = "at least " if transition.more and numbers else ""
    ends = f"from {recommended(transition.old or NO_RULE)} to {recommended(transition.new or NO_RULE)}"
    who = f"rule `{first.new.rule.id}` takes" if first.new.rule else "no rule matches, which takes"
    return Told(_place(comparison, first), f"{who} {some}{number} {ends}", witness=first.witness)


def _place(comparison: Comparison, region: ChangedRegion) -> Place:
    """The rule that decides now; where none does, the rule that did, or all rules."""
    if region.new.rule is not None:
        return region.new.rule.place
    old = region.old.rule and comparison.new.rule_set.rule.get(region.old.rule.id)
    return old.place if old else comparison.section("rules")


def question_reworded(comparison: Comparison) -> Iterator[Told]:
    """What callers are asked, or what staff go by when they mark an answer, is worded differently.

    Example: `ask` says "in the last month" instead of "recently".

    What to do: read both; callers may answer differently, and records of before were answers to the other words.
    """
    for question in comparison.new.rule_set.questions:
        thing = f"question `{question.id}`"
        fields = [word.field for word in comparison.words if word.thing == thing and word.asks]
        if fields:
            yield Told(question.place, f"{thing} is worded differently ({listed(fields)})")
