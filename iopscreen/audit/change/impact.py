"""Who is recommended something else after a change: transitions from one outcome to another, with callers.

Exact where one diagram holds both rule sets; where it grows too large, by witness search, with one
caller for each transition and nothing counted.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import partial
from typing import Any

from iopscreen.audit.regions import caller_of, region_in_words
from iopscreen.audit.subject import ANY, witness_json
from iopscreen.engine.blocks import NumberBlocks
from iopscreen.engine.budget import Budget, OutOfTime, TooTangled
from iopscreen.engine.counts import Region, Whole, regions
from iopscreen.engine.decide import witness
from iopscreen.engine.diagram import Label
from iopscreen.engine.joint import ABSENT, EXCLUDED, OPEN, Half, Joint, Pair
from iopscreen.engine.lacking import lacking
from iopscreen.ruleset.model import NO_RULE, Answer, Rule, Unanswered
from iopscreen.ruleset.words import outcome_order

MAX_REGIONS = 200
"""How many regions of one transition are kept: those of the largest paths."""


class Weight(IntEnum):
    """What a transition means for a caller; those that may do harm unnoticed come first."""

    LESS_INTENSIVE = 0
    NEW_GAP = 1
    MORE_INTENSIVE = 2
    GAP_CLOSED = 3


@dataclass(frozen=True, slots=True)
class End:
    """What one side recommends, and the rule; both None where no rule matches."""

    outcome: str | None
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class ChangedRegion:
    """Callers who are told something else, by the same two rules: their answers in words, and one of them.

    `profiles`: None where they are not counted.
    """

    when: Mapping[str, str]
    profiles: int | None
    witness: Mapping[str, Any]
    old: End
    new: End


@dataclass(frozen=True, slots=True)
class Transition:
    """Callers who are recommended `new` instead of `old` (None: no rule matches), the largest regions first.

    `more`: how many further regions there are. `changed`: profiles, None where they are not counted.
    """

    old: str | None
    new: str | None
    weight: Weight
    changed: int | None
    regions: tuple[ChangedRegion, ...]
    more: int


@dataclass(frozen=True, slots=True)
class OtherRule:
    """Callers who are recommended the same as before, by a rule of another id. Ids are None where no rule matches."""

    outcome: str
    old: str
    new: str
    profiles: int


@dataclass(frozen=True, slots=True)
class OneSided:
    """Callers whom only the old or only the new rule set can have, and what it recommends them.

    `by_answer`: the other one does not know an answer of theirs; else it calls them impossible.
    """

    only_new: bool
    by_answer: bool
    profiles: int | None
    outcomes: Mapping[str, int]
    witness: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unasked:
    """Callers of old data, which lacks new questions: of `of`, so many (`profiles`) are undecided without them.

    `possible`: the outcomes that the caller shown may still have; `old`: what they were recommended. `profiles` and
    `of` are None where they are not counted.
    """

    questions: tuple[str, ...]
    profiles: int | None
    of: int | None
    witness: Mapping[str, Any]
    old: str | None
    possible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom a change reaches. `profiles`: those that both sides can have; None where they are not counted.

    `identical`: whether both sides know the same callers and recommend each the same; None where that was
    not decided. `undecided`: in words, what was not decided within the budget. `late`: profiles are not
    counted because the time was used up.
    """

    identical: bool | None
    profiles: int | None
    changed: int | None
    transitions: tuple[Transition, ...]
    other_rules: tuple[OtherRule, ...] = ()
    one_sided: tuple[OneSided, ...] = ()
    unasked: Unasked | None = None
    impossible: int | None = None
    undecided: tuple[str, ...] = field(default=())
    late: bool = False


_OF_OLD_DATA = "who becomes undecided while a new question is not answered"


def impact(joint: Joint, budget: Budget) -> Impact:
    """Whom the change from the old to the new rule set of `joint` reaches."""
    try:
        return _counted(joint, budget)
    except OutOfTime:
        return replace(_searched(joint, budget), late=True)
    except TooTangled:
        return _searched(joint, budget)


# --- all profiles ---------------------------------------------------------------------------


def _counted(joint: Joint, budget: Budget) -> Impact:
    """Raises TooTangled."""
    whole = joint.whole
    _, old, new = joint.outcomes
    changed: dict[Pair, int] = {}
    others: dict[tuple[str, str, str], int] = {}
    profiles = impossible = 0
    for label, number in whole.counts.items():
        assert isinstance(label, Pair)
        outcomes = _outcomes(joint, label)
        if EXCLUDED in outcomes:
            impossible += number if outcomes.old == outcomes.new else 0
            continue
        profiles += number
        rules = _rule(joint.old, label.old), _rule(joint.new, label.new)
        if outcomes.old != outcomes.new:
            changed[outcomes] = changed.get(outcomes, 0) + number
        elif rules[0] and rules[1] and rules[0].id != rules[1].id:
            key = rules[0].recommend, rules[0].id, rules[1].id
            others[key] = others.get(key, 0) + number
    undecided: tuple[str, ...] = ()
    unasked = None
    try:
        unasked = _unasked(joint, budget)
    except OutOfTime:
        undecided = (_OF_OLD_DATA,)
    return Impact(
        identical=old == new,
        profiles=profiles,
        changed=sum(changed.values()),
        transitions=tuple(_transition(joint, pair, changed[pair]) for pair in _by_weight(joint, changed)),
        other_rules=tuple(
            OtherRule(*key, number) for key, number in sorted(others.items(), key=lambda item: (-item[1], item[0]))
        ),
        one_sided=tuple(_one_sided(joint, whole)),
        unasked=unasked,
        impossible=impossible,
        undecided=undecided,
    )


def _outcomes(joint: Joint, label: Pair) -> Pair:
    return Pair(joint.old.outcome_of(label.old), joint.new.outcome_of(label.new))


def _rule(half: Half, label: Label) -> Rule | None:
    return half.written.rules[label] if isinstance(label, int) and label >= 0 else None


def _transition(joint: Joint, pair: Pair, number: int) -> Transition:
    found, beyond = regions(joint.whole, lambda label: _outcomes(joint, _as_pair(label)) == pair, MAX_REGIONS)
    found.sort(key=lambda region: -region.profiles)
    kept = tuple(_region(joint, region) for region in found)
    old, new = _outcome(pair.old), _outcome(pair.new)
    return Transition(old, new, _weight(joint, pair), number, kept, beyond)


def _as_pair(label: Label) -> Pair:
    assert isinstance(label, Pair)
    return label


def _outcome(label: Label) -> str | None:
    return None if label == NO_RULE else str(label)


def _region(joint: Joint, region: Region) -> ChangedRegion:
    pair = _as_pair(region.label)
    return ChangedRegion(
        when=region_in_words(joint.whole, region),
        profiles=region.profiles,
        witness=witness_json({**caller_of(joint.whole, region), **dict(_at_the_edge(joint, region))}),
        old=_end(joint.old, pair.old),
        new=_end(joint.new, pair.new),
    )


def _at_the_edge(joint: Joint, region: Region) -> Iterator[tuple[str, int]]:
    """Of whole numbers, those of a region next to its threshold: a caller of 17 shows more than one of 0."""
    for name, chosen in region.blocks.items():
        blocks = joint.compiled.blocks[name]
        if isinstance(blocks, NumberBlocks):
            low, high = min(chosen), max(chosen)
            yield name, blocks.starts[low] if low or high == blocks.count - 1 else blocks.ends[high]


def _end(half: Half, label: Label) -> End:
    rule = _rule(half, label)
    return End(rule.recommend if rule else None, rule)


# --- clinical weight ------------------------------------------------------------------------


def _weight(joint: Joint, pair: Pair) -> Weight:
    if pair.new == NO_RULE:
        return Weight.NEW_GAP
    if pair.old == NO_RULE:
        return Weight.GAP_CLOSED
    order = outcome_order(joint.old.rule_set, joint.new.rule_set)
    less = order.index(str(pair.new)) < order.index(str(pair.old))
    return Weight.LESS_INTENSIVE if less else Weight.MORE_INTENSIVE


def _by_weight(joint: Joint, found: Mapping[Pair, int]) -> list[Pair]:
    """By weight; the longest way up or down first, then those of the most profiles, then in the order of outcomes."""
    order = [*outcome_order(joint.old.rule_set, joint.new.rule_set), NO_RULE]

    def rank(pair: Pair) -> tuple[int, ...]:
        old, new = order.index(str(pair.old)), order.index(str(pair.new))
        return (_weight(joint, pair), -abs(old - new) if NO_RULE not in pair else 0, -found[pair], old, new)

    return sorted(found, key=rank)


# --- callers whom only one side can have ----------------------------------------------------


def _one_sided(joint: Joint, whole: Whole) -> Iterator[OneSided]:
    for only_new in (False, True):
        for by_answer in (True, False):
            wanted = _only(joint, only_new=only_new, by_answer=by_answer)
            outcomes: dict[str, int] = {}
            for label, number in whole.counts.items():
                if wanted(label):
                    outcome = str(_outcomes(joint, _as_pair(label))[only_new])
                    outcomes[outcome] = outcomes.get(outcome, 0) + number
            if outcomes:
                shown = witness(joint.compiled, whole.diagram, whole.root, wanted)
                assert shown is not None  # the diagram holds such a label
                yield OneSided(only_new, by_answer, sum(outcomes.values()), outcomes, witness_json(shown))


def _only(joint: Joint, *, only_new: bool, by_answer: bool) -> Callable[[Label], bool]:
    """Whether a label is of callers whom one side can have, and the other cannot for the reason named."""

    def wanted(label: Label) -> bool:
        pair = _as_pair(label)
        outcomes = _outcomes(joint, pair)
        mine, other = (outcomes.new, outcomes.old) if only_new else (outcomes.old, outcomes.new)
        reason = pair.old if only_new else pair.new
        return mine != EXCLUDED and other == EXCLUDED and (reason == ABSENT) == by_answer

    return wanted


# --- old data, which lacks a new question ---------------------------------------------------


def added_deciding(joint: Joint) -> tuple[str, ...]:
    """The questions that only the new rule set has and that may decide."""
    old = joint.old.rule_set.question
    return tuple(one.id for one in joint.new.rule_set.questions if one.id not in old and not one.for_notes)


def _unasked(joint: Joint, budget: Budget) -> Unasked | None:
    """By diagram; by witness search, where abstracting the new questions makes that too large. Raises OutOfTime."""
    added = added_deciding(joint)
    if not added:
        return None
    try:
        diagram, root = joint.without(added)
    except TooTangled:
        return _searched_unasked(joint, budget)
    levels = {joint.compiled.level[question] for question in added}
    weights = [[1] + [0] * (len(row) - 1) if level in levels else row for level, row in enumerate(joint.whole.weights)]
    counts = {_as_pair(label): number for label, number in diagram.count(root, weights).items()}
    opened = [pair for pair in counts if _is_open(pair)]
    if not opened:
        return None
    shown = max(opened, key=lambda pair: counts[pair])
    profile = witness(joint.compiled, diagram, root, partial(operator.eq, shown))
    assert profile is not None  # the diagram holds the label
    # Another answer in the place of `any` would leave other outcomes possible: one caller is shown, whole.
    known = {question: _some(joint, question, answer) for question, answer in profile.items() if question not in added}
    possible = diagram.labels(diagram.restrict(joint.outcomes[2], joint.compiled.known(known)))
    return Unasked(
        questions=added,
        profiles=sum(counts[pair] for pair in opened),
        of=sum(number for pair, number in counts.items() if EXCLUDED not in pair),
        witness=witness_json({**profile, **known, **dict.fromkeys(added, Unanswered.UNKNOWN)}),
        old=_outcome(shown.old),
        possible=tuple(outcome for outcome in (*joint.new.rule_set.outcome, NO_RULE) if outcome in possible),
    )


def _some(joint: Joint, question: str, answer: Answer) -> Answer:
    return joint.compiled.blocks[question].example(0) if answer == ANY else answer


def _is_open(pair: Pair) -> bool:
    return pair.new == OPEN and pair.old != EXCLUDED


# --- by witness search ----------------------------------------------------------------------


def _searched(joint: Joint, budget: Budget) -> Impact:
    """One caller for each transition; nothing counted."""
    found: dict[Pair, Transition] = {}
    one_sided: list[OneSided] = []
    undecided = []
    try:
        for one in joint.differing(budget):
            pair = Pair(joint.old.outcome_of(one.old), joint.new.outcome_of(one.new))
            shown = witness_json(one.witness)
            when = {question: _written(answer) for question, answer in shown.items() if answer != ANY}
            region = ChangedRegion(when, None, shown, _end(joint.old, one.old), _end(joint.new, one.new))
            ends = _outcome(pair.old), _outcome(pair.new)
            found[pair] = Transition(*ends, _weight(joint, pair), None, (region,), 0)
        for half in (joint.old, joint.new):
            for by_answer in (True, False):
                caller = joint.only(half, budget, by_answer=by_answer)
                if caller is not None:
                    one_sided.append(OneSided(half is joint.new, by_answer, None, {}, witness_json(caller)))
    except OutOfTime:
        undecided.append("whether any other caller is recommended something else")
    unasked = None
    try:
        unasked = _searched_unasked(joint, budget)
    except OutOfTime:
        undecided.append(_OF_OLD_DATA)
    different = bool(found or one_sided)
    ordered = _by_weight(joint, dict.fromkeys(found, 0))
    return Impact(
        identical=False if different else (None if undecided else True),
        profiles=None,
        changed=None,
        transitions=tuple(found[pair] for pair in ordered),
        one_sided=tuple(one_sided),
        unasked=unasked,
        undecided=tuple(undecided),
    )


def _searched_unasked(joint: Joint, budget: Budget) -> Unasked | None:
    """Somebody who becomes undecided, if there is one. Raises OutOfTime."""
    added = added_deciding(joint)
    found = lacking(joint, added, budget) if added else None
    if found is None:
        return None
    shown = {name: found.answers.get(name, Unanswered.UNKNOWN) for name in joint.compiled.rule_set.question}
    return Unasked(added, None, None, witness_json(shown), _outcome(found.old), found.possible)


def _written(answer: Any) -> str:
    return ", ".join(answer) if isinstance(answer, list) else str(answer)
