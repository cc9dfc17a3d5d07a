"""Is there a profile inside this box that meets none of those clauses? Knows nothing of rules.

A backtracking search over blocks with unit propagation (Davis, Logemann, Loveland 1962, on
many-valued variables): it needs no diagram, so that it decides where a diagram grows too large. A
state is a box: per level the blocks that are left. A clause is *refuted* by a box none of whose
profiles meets it, and must be refuted in the end; one that can be refuted at one level only is a
*unit*, and takes its blocks from that level at once. All clauses are looked at together, as the
bits of integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cached_property

from iopscreen.engine.budget import Budget
from iopscreen.engine.table import Clause, Table

Clauses = int
"""A set of clauses of one table, by place, as bits."""

Box = tuple[int, ...]
"""By level, the blocks that are left, as bits; never none."""


class _State:
    """Where a search stands: by level the blocks that are left, the clauses that can fail there, and those alive."""

    __slots__ = ("alive", "can", "left")

    def __init__(self, left: list[int], can: list[Clauses], alive: Clauses) -> None:
        self.left = left
        self.can = can
        self.alive = alive


class Search:
    """Searches among the profiles of a table's levels; clauses are named by their place in its rows."""

    def __init__(self, table: Table, budget: Budget) -> None:
        self.table = table
        self.budget = budget
        self.full: Box = tuple((1 << width) - 1 for width in table.widths)
        self._may: list[dict[int, Clauses]] = [{} for _ in table.widths]
        self._can: list[dict[int, Clauses]] = [{} for _ in table.widths]

    def within(self, budget: Budget) -> Search:
        """The same search in the time of another budget."""
        other = copy(self)
        other.budget = budget
        return other

    def find(self, clause: Clause, avoid: Clauses) -> Box | None:
        """A box inside `clause` none of whose profiles meets a clause of `avoid`; None where no profile is so.

        Of several, it is always the same. Raises OutOfTime.
        """
        left = list(self.full)
        for level, passing in clause.items():
            left[level] &= passing
        if not all(left):
            return None
        alive = self.meeting(clause, avoid)
        can = self._all_can_fail.copy()
        for level in clause:
            can[level] = self._can_fail(level, left[level])
        waiting = [_State(left, can, alive)]
        while waiting:
            state = waiting.pop()
            self.budget.spend()
            tight = self._propagate(state)
            if tight is None:
                continue
            if not state.alive:
                return tuple(state.left)
            waiting += self._split(state, tight)
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

    def _can_fail(self, level: int, blocks: int) -> Clauses:
        """The clauses that some of `blocks` do not pass."""
        found = self._can[level].get(blocks)
        if found is None:
            must = -1
            for mask in self._masks(level, blocks):
                must &= mask
            found = self._can[level][blocks] = self._everyone & ~must
        return found

    @cached_property
    def _all_can_fail(self) -> list[Clauses]:
        """By level, the same of all its blocks."""
        return [self._can_fail(level, blocks) for level, blocks in enumerate(self.full)]

    @cached_property
    def _everyone(self) -> Clauses:
        return (1 << len(self.table.labels)) - 1

    def _masks(self, level: int, blocks: int) -> Iterator[Clauses]:
        masks = self.table.passing[level]
        while blocks:
            yield masks[(blocks & -blocks).bit_length() - 1]
            blocks &= blocks - 1

    def _propagate(self, state: _State) -> Clauses | None:
        """Take from a state what its units take; None where one clause holds all of it.

        Gives the clauses that can be refuted at two levels, of those still to be refuted; all of these where
        each can be at more.
        """
        while state.alive:
            alive = state.alive
            some = several = many = 0  # bit by bit: the clauses that can be refuted at one level, at two, at three
            for can in state.can:
                here = alive & can
                many |= several & here
                several |= some & here
                some |= here
            if some != alive:
                return None
            units = alive & ~several
            if not units:
                return alive & ~many
            self.budget.spend()
            for level, can in enumerate(state.can):
                here = units & can
                if here and not self._take(state, level, here):
                    return None
        return 0

    def _take(self, state: _State, level: int, units: Clauses) -> bool:
        """Take from a level the blocks that pass one of `units`; False where none is left."""
        masks = self.table.passing[level]
        blocks = state.left[level]
        for block in bits_of(blocks):
            if masks[block] & units:
                blocks ^= 1 << block
        if not blocks:
            return False
        self._narrow(state, level, blocks)
        return True

    def _narrow(self, state: _State, level: int, blocks: int) -> None:
        """Leave these blocks at a level."""
        state.left[level] = blocks
        state.can[level] = self._can_fail(level, blocks)
        state.alive &= self._may_pass(level, blocks)

    def _split(self, state: _State, tight: Clauses) -> tuple[_State, _State]:
        """Two halves of a state, the more promising one last: in it, a clause that has few ways left is refuted."""
        place = self._tightest(state, tight)
        level, passing = self._most_refuting(state, place)
        blocks = state.left[level]
        other = _State(state.left.copy(), state.can.copy(), state.alive)
        self._narrow(state, level, blocks & passing)
        self._narrow(other, level, blocks & ~passing)
        return state, other

    @staticmethod
    def _tightest(state: _State, tight: Clauses) -> int:
        """The place of the first clause with the fewest ways, or one more: levels at which it can be refuted."""
        if not tight:
            # Added up for all clauses at once: `bits[n]` has those in whose number of ways, less one, bit n is set.
            alive = state.alive
            bits = [alive] * len(state.can).bit_length()
            for can in state.can:
                carried, place = alive & can, 0
                while carried and place < len(bits):
                    bits[place], carried = bits[place] ^ carried, bits[place] & carried
                    place += 1
            tight = alive
            for bit in reversed(bits[1:]):
                tight = tight & ~bit or tight
        return (tight & -tight).bit_length() - 1

    def _most_refuting(self, state: _State, place: int) -> tuple[int, int]:
        """Where to refute the clause at `place`: the level, and its blocks, whose absence refutes the most."""
        best, fewest = (-1, 0), -1
        for level, passing in self.table.rows[place][0].items():
            failing = state.left[level] & ~passing
            if failing:
                left = (state.alive & self._may_pass(level, failing)).bit_count()
                if fewest < 0 or left < fewest:
                    best, fewest = (level, passing), left
        return best


def bits_of(bits: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1
