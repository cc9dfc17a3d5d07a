"""What a rule, or one test of it, is good for: would any recommendation change without it?

Leaving a rule out, or a test of it, changes nothing but for the profiles that it then no longer
matches, or then matches too. These are a few boxes; whoever of them no earlier row takes must be
recommended the same by the rules behind it, which is a matter of some searches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from iopscreen.engine.boxes import both, disjoint, without
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.search import Box, Clauses
from iopscreen.engine.table import Clause
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import EVERYONE, AllOf, AnyOf, Condition, Not, NumberTest, Test

Boxes = Sequence[Clause]


class Same(NamedTuple):
    """Another condition of a rule, with which everybody is recommended the same.

    `where` the two differ, as boxes; `rules`: those that decide there, with one condition or with the other.
    """

    where: Boxes
    rules: frozenset[int]


class Effects:
    """Who would decide in the place of a rule. Everything raises OutOfTime, or TooTangled past MAX_BOXES."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.compiled = verdicts.compiled
        self.widths = self.compiled.rules.widths
        self._all = verdicts.before(NONE_MATCHES)
        self._same: dict[str, Clauses] = {}
        """By outcome, the clauses of the rules that recommend it."""
        for rule, bits in zip(self.compiled.rule_set.rules, verdicts.bits, strict=True):
            self._same[rule.recommend] = self._same.get(rule.recommend, 0) | bits
        self._alone: dict[int, Clause] = {}
        """By rule, a profile in its clauses that no other rule of its outcome matches, once one is known."""

    def without_rule(self, position: int) -> frozenset[int] | None:
        """The rules that decide in its place and recommend the same; None where something else would come."""
        return self._instead(position, self.verdicts.clauses[position])

    def with_condition(self, position: int, condition: Condition) -> Same | None:
        """The same with `condition` instead of its own, which is wider or narrower."""
        before, after = self.verdicts.clauses[position], self.compiled.maker.clauses(condition)
        budget = self.verdicts.budget
        wider = without(disjoint(after, self.widths, budget), before, self.widths, budget)
        narrower = without(disjoint(before, self.widths, budget), after, self.widths, budget)
        where = [*wider, *narrower]
        instead = self._instead(position, where)
        return None if instead is None else Same(where, instead)

    def kept_away(self, position: int, boxes: Boxes) -> tuple[tuple[int, ...], bool]:
        """Why a rule decides nobody in `boxes`: the impossible entries that are needed for it, and whether rules are.

        The entries by position; the rules are those before it.
        """
        verdicts = self.verdicts
        earlier = verdicts.before(position) & ~verdicts.excluded
        entries = verdicts.excluding(boxes, earlier)
        return entries, verdicts.possible(boxes)

    def _instead(self, position: int, boxes: Boxes) -> frozenset[int] | None:
        """Who decides in `boxes` without the rule, and not before it; None where one recommends something else."""
        verdicts, rules = self.verdicts, self.compiled.rule_set.rules
        outcome, avoid = rules[position].recommend, verdicts.before(position)
        # Most rules are needed by somebody whom no rule of that outcome matches at all.
        others = self._same[outcome] & ~verdicts.bits[position]
        if self._left_alone(position, boxes, avoid | others):
            return None
        found = set()
        behind = self._all & ~avoid & ~verdicts.bits[position]
        for later in verdicts.rules_meeting(boxes, behind):
            meeting = both(boxes, verdicts.clauses[later])
            if any(verdicts.search.find(clause, avoid) is not None for clause in meeting):
                if rules[later].recommend != outcome:
                    return None
                found.add(later)
            avoid |= verdicts.bits[later]
        return frozenset(found)  # by the first search, nobody is left whom no rule matches

    def _left_alone(self, position: int, boxes: Boxes, avoid: Clauses) -> bool:
        """Whether somebody in `boxes` meets none of `avoid`.

        Tried first is what was found before for this rule, moved into each box: it saves most of the searches.
        """
        search, near = self.verdicts.search, self._near(position)
        if near and not all(search.meeting({**near, **_moved(near, box)}, avoid) for box in boxes):
            return True
        for box in boxes:
            found = search.find(box, avoid)
            if found is not None:
                self._alone[position] = _one_of(found)
                return True
        return False

    def _near(self, position: int) -> Clause | None:
        """A profile that the rule decides, if possible one that no other rule of its outcome matches."""
        if position not in self._alone:
            box = self.verdicts.deciding_box(position)
            return None if box is None else _one_of(box)
        return self._alone[position]


def _one_of(box: Box) -> Clause:
    return {level: blocks & -blocks for level, blocks in enumerate(box)}


def _moved(near: Clause, box: Clause) -> Clause:
    """One block for each level of `box`: that of `near` where it may stay, else the first."""
    return {level: near[level] & passing or passing & -passing for level, passing in box.items()}


# --- what can be left out of a condition ----------------------------------------------------


class Without(NamedTuple):
    """A condition that has lost a test, or one bound of it (`lost`: that bound alone), and what is left."""

    test: Test
    lost: Test
    rest: Condition


def without_one_test(condition: Condition) -> Iterator[Without]:
    """The condition without each of its tests in turn; of a number then also without each of its bounds."""
    for test, lost, rest in _without_one(condition):
        yield Without(test, lost, EVERYONE if rest is None else rest)


def _without_one(condition: Condition) -> Iterator[tuple[Test, Test, Condition | None]]:
    """The test, what of it is left out, and the rest; None where there is none."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            kind = type(condition)
            for place, part in enumerate(parts):
                for test, lost, rest in _without_one(part):
                    kept = (*parts[:place], *(() if rest is None else (rest,)), *parts[place + 1 :])
                    yield test, lost, kind(kept) if kept else None
        case Not(part):
            for test, lost, rest in _without_one(part):
                yield test, lost, None if rest is None else Not(rest)
        case NumberTest(subject, bounds, place):
            yield condition, condition, None
            for bound in bounds:
                others = tuple(other for other in bounds if other is not bound)
                if others and not any(_SIDE[other.op] & _SIDE[bound.op] for other in others):
                    yield condition, NumberTest(subject, (bound,), bound.place), NumberTest(subject, others, place)
        case _:
            yield condition, condition, None


_SIDE = {"at_least": 1, "above": 1, "at_most": 2, "below": 2, "is": 3}
"""Whether a bound keeps numbers from below (1), from above (2), or both.

A bound is left out only where it is the only one on its side: where another one would take its
place, the blocks may not be cut.
"""
