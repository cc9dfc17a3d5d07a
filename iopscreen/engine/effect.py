"""What a rule, or one test of it, is good for: would any recommendation change without it?

Leaving a rule out, or a test of it, changes nothing but for the profiles that it then no longer
matches, or then matches too. These are a few boxes; the rows before the rule are taken away from
them, and what is left must be recommended the same by the rows behind it. A few profiles tried
first refute most of it at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from iopscreen.engine.analyse import clauses_by_rule
from iopscreen.engine.boxes import disjoint, without
from iopscreen.engine.compiled import NONE_MATCHES, Compiled
from iopscreen.engine.diagram import Label, TooTangled
from iopscreen.engine.table import Clause
from iopscreen.ruleset.model import EVERYONE, AllOf, AnyOf, Condition, Not, NumberTest, Test

MAX_STEPS = 300_000
"""How many boxes are looked at, for all questions about one rule set together."""

_TRIED = 4
"""How many profiles are tried before all are looked at."""

Boxes = Sequence[Clause]


class Effects:
    """The rows of a rule set, ready to be asked who would decide in the place of a rule."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.widths = compiled.rules.widths
        self.rows = (*compiled.rules.rows, (dict[int, int](), compiled.rules.otherwise))
        self.clauses = clauses_by_rule(compiled)
        self.steps = 0
        self._some: dict[tuple[int, int], int] = {}

    @cached_property
    def _mine(self) -> dict[Label, int]:
        """By label, its rows as bits."""
        found: dict[Label, int] = {}
        for index, (_, label) in enumerate(self.rows):
            found[label] = found.get(label, 0) | 1 << index
        return found

    def without_rule(self, position: int) -> frozenset[int] | None:
        """The rules that decide in its place and recommend the same; None where something else would come."""
        return self._instead(position, disjoint(self.clauses[position], self.widths))

    def with_condition(self, position: int, condition: Condition) -> frozenset[int] | None:
        """The same with `condition` instead of its own, which is wider or narrower.

        The rules are those that decide, with one condition or with the other, where the two differ.
        """
        before, after = self.clauses[position], self.compiled.maker.clauses(condition)
        wider = without(disjoint(after, self.widths), before, self.widths)
        narrower = without(disjoint(before, self.widths), after, self.widths)
        return self._instead(position, [*wider, *narrower])

    def _instead(self, position: int, boxes: Boxes) -> frozenset[int] | None:
        """Who decides in `boxes` without the rule, and not before it; None where one recommends something else.

        Depth first: what the first row leaves of a box is looked at before the next box, so that a
        counterexample is met early. Raises TooTangled past MAX_STEPS.
        """
        if any(self._refuted(position, box) for box in boxes[:_TRIED]):
            return None
        found = set()
        waiting = [(box, self._meeting(box) & ~self._mine[position]) for box in reversed(boxes)]
        while waiting:
            box, rows = waiting.pop()
            first = rows & -rows
            clause, label = self.rows[first.bit_length() - 1]
            if self._comes_after(label, position):
                if not self._same(label, position):
                    return None
                assert isinstance(label, int)
                found.add(label)
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise TooTangled
            for part in without([box], [clause], self.widths):
                waiting.append((part, rows & ~first & self._meeting(part)))
        return frozenset(found)

    def _refuted(self, position: int, box: Clause) -> bool:
        """Whether one of a few profiles of the box would be recommended something else."""
        others = ~self._mine[position]
        for turn in range(_TRIED):
            alive = others
            for level, width in enumerate(self.widths):
                blocks = box.get(level, (1 << width) - 1)
                alive &= self.compiled.rules.passing[level][_nth_bit(blocks, turn * (level + 1))]
            _, label = self.rows[(alive & -alive).bit_length() - 1]
            if self._comes_after(label, position) and not self._same(label, position):
                return True
        return False

    def _comes_after(self, label: Label, position: int) -> bool:
        return label == NONE_MATCHES or (isinstance(label, int) and label > position)

    def _same(self, label: Label, position: int) -> bool:
        return self.compiled.outcome_of(label) == self.compiled.rule_set.rules[position].recommend

    def _meeting(self, box: Clause) -> int:
        """The rows that meet `box`, as bits."""
        rows = (1 << len(self.rows)) - 1
        for level, blocks in box.items():
            rows &= self._passing_some(level, blocks)
        return rows

    def _passing_some(self, level: int, blocks: int) -> int:
        rows = self._some.get((level, blocks))
        if rows is None:
            rows = 0
            for block in _bits(blocks):
                rows |= self.compiled.rules.passing[level][block]
            self._some[level, blocks] = rows
        return rows


def _bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _nth_bit(number: int, turn: int) -> int:
    """The place of one of the bits that are set: the first, or another one by turns."""
    for _ in range(turn % number.bit_count()):
        number &= number - 1
    return (number & -number).bit_length() - 1


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
