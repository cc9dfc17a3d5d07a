"""What a rule, or one test of it, is good for: would any recommendation change without it?

Leaving a rule out, or a test of it, changes nothing but for the profiles that it then no longer
matches, or then matches too. These are a few boxes; the rows before the rule are taken away from
them, and what is left must be recommended the same by the rows behind it. A few profiles tried
first refute most of it at once; the rest is a search with backtracking, over boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from iopscreen.engine.analyse import clauses_by_rule
from iopscreen.engine.boxes import disjoint, without
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.diagram import Label, TooTangled
from iopscreen.engine.table import Clause
from iopscreen.ruleset.model import EVERYONE, AllOf, AnyOf, Condition, Not, NumberTest, Test

MAX_STEPS = 300_000
"""How many boxes are looked at, for all questions about one rule set together."""

_TRIED = 4
"""How many profiles are tried before all are looked at."""

_WEIGHED = 12
"""How many rows are weighed against one another before one is taken."""

Boxes = Sequence[Clause]

Bits = int
"""A set of rows, or of blocks."""


class Effects:
    """The rows of a rule set, ready to be asked who would decide in the place of a rule."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.widths = compiled.rules.widths
        self.rows = (*compiled.rules.rows, (dict[int, int](), compiled.rules.otherwise))
        self.clauses = clauses_by_rule(compiled)
        self.everything = (1 << len(self.rows)) - 1
        self.steps = 0
        self._some: dict[tuple[int, int], int] = {}

    @cached_property
    def _of_label(self) -> dict[Label, int]:
        """By label, its rows as bits."""
        return self._rows_by(lambda label: label)

    @cached_property
    def _of_outcome(self) -> dict[Label, int]:
        """By outcome, its rows as bits; impossible entries by themselves."""
        return self._rows_by(self.compiled.outcome_of)

    def _rows_by(self, name: Callable[[Label], Label]) -> dict[Label, int]:
        found: dict[Label, int] = {}
        for index, (_, label) in enumerate(self.rows):
            found[name(label)] = found.get(name(label), 0) | 1 << index
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
        """Who decides in `boxes` without the rule, and not before it; None where one recommends something else."""
        mine = self._of_label[position]
        after = self.everything & -(1 << mine.bit_length())
        same = self._of_outcome[self.compiled.rule_set.rules[position].recommend]
        others = self.everything & ~mine
        if self._leads_to(boxes, others, after & ~same):
            return None
        meeting = 0
        for box in boxes:
            meeting |= self._meeting(box)
        labels = dict.fromkeys(self.rows[index][1] for index in _bits(meeting & after & same))
        return frozenset(
            label for label in labels if isinstance(label, int) and self._leads_to(boxes, others, self._of_label[label])
        )

    def _leads_to(self, boxes: Boxes, rows: Bits, wanted: Bits) -> bool:
        """Whether for some profile of `boxes` the first of `rows` is among the `wanted`.

        Rows before the first wanted one must be avoided, in whatever order: the one that leaves the
        fewest ways out goes first, which is unit propagation where it leaves one. Raises TooTangled.
        """
        if any(self._tried(box, rows, wanted) for box in boxes[:_TRIED]):
            return True
        waiting = [(box, self._meeting(box) & rows) for box in reversed(boxes)]
        while waiting:
            box, left = waiting.pop()
            first = left & wanted
            if not first:
                continue
            avoided = left & ((first & -first) - 1)
            if not avoided:
                return True
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise TooTangled
            index = self._tightest(box, avoided)
            for part in without([box], [self.rows[index][0]], self.widths):
                waiting.append((part, left & ~(1 << index) & self._meeting(part)))
        return False

    def _tried(self, box: Clause, rows: Bits, wanted: Bits) -> bool:
        """Whether one of a few profiles of the box shows it."""
        for turn in range(_TRIED):
            alive = rows
            for level, width in enumerate(self.widths):
                blocks = box.get(level, (1 << width) - 1)
                alive &= self.compiled.rules.passing[level][_nth_bit(blocks, turn * (level + 1))]
            if alive & -alive & wanted:
                return True
        return False

    def _tightest(self, box: Clause, rows: Bits) -> int:
        """Of the first few of `rows`, the one that tests the fewest levels that the box leaves open."""
        best, least = -1, len(self.widths) + 1
        for index in islice(_bits(rows), _WEIGHED):
            clause = self.rows[index][0]
            ways = sum(1 for level, blocks in clause.items() if box.get(level, -1) & ~blocks & self._all(level))
            if ways < least:
                best, least = index, ways
            if least <= 1:
                break
        return best

    def _all(self, level: int) -> Bits:
        return (1 << self.widths[level]) - 1

    def _meeting(self, box: Clause) -> Bits:
        """The rows that meet `box`."""
        rows = self.everything
        for level, blocks in box.items():
            rows &= self._passing_some(level, blocks)
        return rows

    def _passing_some(self, level: int, blocks: Bits) -> Bits:
        rows = self._some.get((level, blocks))
        if rows is None:
            rows = 0
            for block in _bits(blocks):
                rows |= self.compiled.rules.passing[level][block]
            self._some[level, blocks] = rows
        return rows


def _bits(number: Bits) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _nth_bit(number: Bits, turn: int) -> int:
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
