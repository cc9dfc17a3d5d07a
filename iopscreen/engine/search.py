"""Is there a profile inside this box that meets none of those clauses? Knows nothing of rules.

A backtracking search over blocks with unit propagation (Davis, Logemann, Loveland 1962, on
many-valued variables): it needs no diagram, so that it decides where a diagram grows too large. A
state is a box: per level the blocks that are left. A clause is *refuted* by a box none of whose
profiles meets it, and must be refuted in the end; one that can be refuted at one level only is a
*unit*, and takes its blocks from that level at once. All clauses are looked at together, as the
bits of integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

from iopscreen.engine.budget import Budget
from iopscreen.engine.table import Clause, Table

Clauses = int
"""A set of clauses of one table, by place, as bits."""

Box = tuple[int, ...]
"""By level, the blocks that are left, as bits; never none."""


class Search:
    """Searches among the profiles of a table's levels; clauses are named by their place in its rows."""

    def __init__(self, table: Table, budget: Budget) -> None:
        self.table = table
        self.budget = budget
        self.full: Box = tuple((1 << width) - 1 for width in table.widths)
        self._may: list[dict[int, Clauses]] = [{} for _ in table.widths]
        self._must: list[dict[int, Clauses]] = [{} for _ in table.widths]

    def within(self, budget: Budget) -> Search:
        """The same search in the time of another budget."""
        other = copy(self)
        other.budget = budget
        return other

    def find(self, clause: Clause, avoid: Clauses) -> Box | None:
        """A box inside `clause` none of whose profiles meets a clause of `avoid`; None where no profile is so.

        Of several, it is always the same. Raises OutOfTime.
        """
        box = list(self.full)
        for level, passing in clause.items():
            box[level] &= passing
        waiting = [(tuple(box), avoid)] if all(box) else []
        while waiting:
            self.budget.spend()
            found = self._propagated(*waiting.pop())
            if found is None:
                continue
            here, alive, choices = found
            if not alive:
                return here
            waiting += self._split(here, alive, choices)
        return None

    def meeting(self, clause: Clause, among: Clauses) -> Clauses:
        """The clauses of `among` that some profile inside `clause` meets, each taken alone."""
        for level, passing in clause.items():
            among &= self._may_pass(level, passing & self.full[level])
        return among

    def _may_pass(self, level: int, blocks: int) -> Clauses:
        """The clauses that some of `blocks` pass."""
        found = self._may[level].get(blocks)
        if found is None:
            found = 0
            for mask in self._masks(level, blocks):
                found |= mask
            self._may[level][blocks] = found
        return found

    def _must_pass(self, level: int, blocks: int) -> Clauses:
        """The clauses that all of `blocks` pass."""
        found = self._must[level].get(blocks)
        if found is None:
            found = -1
            for mask in self._masks(level, blocks):
                found &= mask
            self._must[level][blocks] = found
        return found

    def _masks(self, level: int, blocks: int) -> Iterator[Clauses]:
        masks = self.table.passing[level]
        while blocks:
            yield masks[(blocks & -blocks).bit_length() - 1]
            blocks &= blocks - 1

    def _propagated(self, box: Box, alive: Clauses) -> tuple[Box, Clauses, list[Clauses]] | None:
        """The box without what units take from it; None where one clause holds all of it.

        With the clauses still to be refuted, and by level those of them that can be refuted there.
        """
        left = list(box)
        while True:
            for level, blocks in enumerate(left):
                alive &= self._may_pass(level, blocks)
            if not alive:
                return tuple(left), 0, []
            choices = [alive & ~self._must_pass(level, blocks) for level, blocks in enumerate(left)]
            some = several = 0
            for choice in choices:
                several |= some & choice
                some |= choice
            if some != alive:
                return None
            units = some & ~several
            if not units:
                return tuple(left), alive, choices
            for level, choice in enumerate(choices):
                if choice & units and not self._take(left, level, choice & units):
                    return None
            self.budget.spend()

    def _take(self, left: list[int], level: int, units: Clauses) -> bool:
        """Take from a level the blocks that pass one of `units`; False where none is left."""
        masks = self.table.passing[level]
        for block in bits_of(left[level]):
            if masks[block] & units:
                left[level] &= ~(1 << block)
        return left[level] != 0

    def _split(self, box: Box, alive: Clauses, choices: Sequence[Clauses]) -> list[tuple[Box, Clauses]]:
        """Two halves of `box`, the more promising one last: in it, a clause that has few ways left is refuted."""
        place = self._tightest(alive, choices)
        level, passing = self._most_refuting(box, alive, place, choices)
        without = (*box[:level], box[level] & ~passing, *box[level + 1 :])
        within = (*box[:level], box[level] & passing, *box[level + 1 :])
        return [(within, alive), (without, alive)]

    @staticmethod
    def _tightest(alive: Clauses, choices: Sequence[Clauses]) -> int:
        """The place of the first clause with the fewest ways, or one more: levels at which it can be refuted."""
        left, ways = alive, 2
        while True:
            # Counted for all clauses at once: bit by bit, `at_least[n]` has those with more than n ways.
            at_least = [0] * (ways + 1)
            for choice in choices:
                for number in range(ways, 0, -1):
                    at_least[number] |= at_least[number - 1] & choice
                at_least[0] |= choice
            tight = left & ~at_least[ways]
            if tight:
                return (tight & -tight).bit_length() - 1
            ways += 2

    def _most_refuting(self, box: Box, alive: Clauses, place: int, choices: Sequence[Clauses]) -> tuple[int, int]:
        """Where to refute the clause at `place`: the level, and its blocks, whose absence refutes the most."""
        clause = self.table.rows[place][0]
        ways = [level for level, choice in enumerate(choices) if choice >> place & 1]
        best = min(ways, key=lambda level: (alive & self._may_pass(level, box[level] & ~clause[level])).bit_count())
        return best, clause[best]


def bits_of(bits: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1
