"""Sets of profiles as disjoint boxes: a box is a clause, and clauses are taken away from it one by one.

For the few clauses that meet one rule this is much quicker than a diagram. `MAX_BOXES` keeps it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from iopscreen.engine.budget import UNLIMITED, Budget, TooTangled
from iopscreen.engine.table import Clause

MAX_BOXES = 20_000


def meets(left: Clause, right: Clause) -> bool:
    """Whether some blocks pass both clauses."""
    return all(passing & right.get(level, passing) for level, passing in left.items())


def both(left: Sequence[Clause], right: Sequence[Clause]) -> list[Clause]:
    """The clauses of "one of `left` and one of `right`"."""
    return [
        {level: one.get(level, -1) & other.get(level, -1) for level in {**one, **other}}
        for one in left
        for other in right
        if meets(one, other)
    ]


def without(
    boxes: Iterable[Clause], clauses: Iterable[Clause], widths: Sequence[int], budget: Budget = UNLIMITED
) -> list[Clause]:
    """What of the disjoint `boxes` no clause holds, as disjoint boxes. Raises TooTangled."""
    left = list(boxes)
    for clause in clauses:
        budget.spend(len(left))
        left = [part for box in left for part in _minus(box, clause, widths)]
        if len(left) > MAX_BOXES:
            raise TooTangled
    return left


def disjoint(clauses: Iterable[Clause], widths: Sequence[int], budget: Budget = UNLIMITED) -> list[Clause]:
    """The same profiles as disjoint boxes. Raises TooTangled."""
    found: list[Clause] = []
    for clause in clauses:
        found += without([clause], tuple(found), widths, budget)
    return found


def _minus(box: Clause, clause: Clause, widths: Sequence[int]) -> Iterator[Clause]:
    if not meets(clause, box):
        yield box
        return
    inner = dict(box)
    for level, passing in clause.items():
        here = inner.get(level, (1 << widths[level]) - 1)
        if here & ~passing:
            yield {**inner, level: here & ~passing}
            inner[level] = here & passing


def volume(boxes: Iterable[Clause], weights: Sequence[Sequence[int]]) -> int:
    """How many profiles disjoint boxes hold, a block counting `weights[level][block]` times."""
    totals = [sum(row) for row in weights]
    everybody = prod(totals)
    return sum(_volume(box, weights, totals, everybody) for box in boxes)


def _volume(box: Clause, weights: Sequence[Sequence[int]], totals: Sequence[int], everybody: int) -> int:
    number = everybody
    for level, passing in box.items():
        share = sum([n for block, n in enumerate(weights[level]) if passing >> block & 1])
        number = number // totals[level] * share
    return number
