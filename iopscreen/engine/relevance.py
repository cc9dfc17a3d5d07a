"""Does a question ever decide? Proved by two callers who differ in it alone, found without a diagram.

For two answers of the question, two first-match tables stand side by side over all other questions:
the rules as they are on the one answer, and on the other. Whoever is recommended something else is
decided by two rules, and the earlier of the two passes one of the answers only, so that few pairs
of rules have to be searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations
from typing import NamedTuple

from iopscreen.engine.boxes import both
from iopscreen.engine.compiled import is_impossible
from iopscreen.engine.diagram import Label
from iopscreen.engine.search import Box, Clauses, Search, bits_of
from iopscreen.engine.table import Clause, Table
from iopscreen.engine.verdicts import Verdicts


def matters(verdicts: Verdicts, question: str) -> bool:
    """Whether two possible callers who differ in `question` alone are recommended something else. Raises OutOfTime."""
    level = verdicts.compiled.level[question]
    if _seen_to_matter(verdicts, level):
        return True
    width = verdicts.compiled.rules.widths[level]
    return any(apart(verdicts, level, pair) is not None for pair in combinations(range(width), 2))


# --- a few callers, tried first -------------------------------------------------------------


def _seen_to_matter(verdicts: Verdicts, level: int) -> bool:
    """Whether another answer would change what one of a few callers is recommended: one of each rule."""
    for position in range(len(verdicts.bits)):
        box = verdicts.deciding_box(position)
        if box is not None and len(_outcomes_around(verdicts, level, box)) > 1:
            return True
    return False


def _outcomes_around(verdicts: Verdicts, level: int, box: Box) -> set[Label]:
    """The outcomes of a caller in `box` on every answer at `level`, impossible ones left out."""
    passing, labels = verdicts.compiled.rules.passing, verdicts.compiled.rules.labels
    alive = -1
    for other, blocks in enumerate(box):
        if other != level:
            alive &= passing[other][next(bits_of(blocks))]
    found = set()
    for mask in passing[level]:
        passed = alive & mask
        label = labels[(passed & -passed).bit_length() - 1]
        if not is_impossible(label):
            found.add(verdicts.compiled.outcome_of(label))
    return found


# --- all of them ----------------------------------------------------------------------------


Rows = Mapping[int, Clause]
"""The clauses that pass one answer, by place in the rule set's own table, without their test of the question."""


class Apart(NamedTuple):
    """Callers, as a box over the other questions, and what they are recommended on the one block and on the other."""

    box: Box
    outcomes: tuple[Label, Label]


def apart(verdicts: Verdicts, level: int, pair: tuple[int, int]) -> Apart | None:
    """Possible callers who are recommended something else on the one block of `pair` at `level` than on the other.

    None where there are none. Raises OutOfTime.
    """
    compiled = verdicts.compiled
    rows = [*compiled.rules.rows, (dict[int, int](), compiled.rules.otherwise)]
    sides = [_side(rows, level, block) for block in pair]
    search = Search(_beside(sides, len(rows), compiled.rules.widths), verdicts.budget)
    outcome = [None if is_impossible(label) else compiled.outcome_of(label) for _, label in rows]
    starts = (0, len(rows))
    for (here, start), (there, other_start) in permutations(zip(sides, starts, strict=True)):
        for first, second in _pairs(here, there, outcome):
            avoid = _before(first) << start | _before(second) << other_start
            for clause in both([here[first]], [there[second]]):
                box = search.find(clause, avoid)
                if box is not None:
                    found = outcome[first], outcome[second]
                    return Apart(box, found if start < other_start else found[::-1])
    return None


def _side(rows: Sequence[tuple[Clause, Label]], level: int, block: int) -> Rows:
    return {
        place: {other: blocks for other, blocks in clause.items() if other != level}
        for place, (clause, _) in enumerate(rows)
        if clause.get(level, -1) >> block & 1
    }


def _beside(sides: Sequence[Rows], count: int, widths: tuple[int, ...]) -> Table:
    """One table that holds the rows of both sides, `count` each; one that does not pass there is met by nobody."""
    nobody: Clause = {0: 0}
    clauses = [side.get(place, nobody) for side in sides for place in range(count)]
    return Table(widths, tuple((clause, place) for place, clause in enumerate(clauses)), None)


def _before(place: int) -> Clauses:
    return (1 << place) - 1


def _pairs(here: Rows, there: Rows, outcome: Sequence[Label]) -> Iterator[tuple[int, int]]:
    """The places of two rows that may decide, `here` the earlier one, and recommend something else."""
    for first in here:
        if first in there or outcome[first] is None:
            continue
        for second in there:
            if second > first and outcome[second] not in (None, outcome[first]):
                yield first, second
