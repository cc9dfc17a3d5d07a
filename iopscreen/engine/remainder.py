"""What answers leave of a table: where two sets of answers leave the same, everything that is decided is the same.

It costs a few bit operations, where building the diagram of what is left costs a thousand. The rules
and each note leave little by themselves, and very many different things together: so each is looked at alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from operator import itemgetter
from typing import NamedTuple, TypeVar

from iopscreen.engine.kept import Kept
from iopscreen.engine.table import Table

MAX_BYTES = 1 << 18
"""Of what is kept of one table."""
FEW = 2_000
"""Combinations of blocks up to which it is kept by these, too: that spares even the look at the clauses."""

T = TypeVar("T")
Blocks = tuple[int | None, ...]
"""By level, the block that is known, or None."""


class Remainder(NamedTuple):
    """The clauses that can still speak, as bits, the last of which takes the rest; and the open levels that they test.

    Equal remainders of one table are equal functions. (Equal functions may have several remainders.)
    """

    clauses: int
    levels: tuple[int, ...]


class Remainders:
    """What answers leave of one table. `levels`: those that the table tests."""

    def __init__(self, table: Table) -> None:
        self.levels = tuple([level for level, uses in enumerate(table.uses) if uses])
        self._labels = table.labels
        self._uses = [table.uses[level] for level in self.levels]
        self._passing = [table.passing[level] for level in self.levels]

    def of(self, blocks: Sequence[int | None]) -> Remainder:
        """What is left with these blocks known, one for each of `levels`."""
        alive = (1 << len(self._labels)) - 1
        tested = 0
        for block, passing, uses in zip(blocks, self._passing, self._uses, strict=True):
            if block is None:
                tested |= uses
            else:
                alive &= passing[block]
        takes_rest = alive & ~tested
        takes_rest &= -takes_rest
        before = alive & (takes_rest - 1)
        # Clauses right before the one that takes the rest, and with its label, make no difference.
        label = self._labels[takes_rest.bit_length() - 1]
        while before and self._labels[before.bit_length() - 1] == label:
            before ^= 1 << (before.bit_length() - 1)
        open_levels = zip(self.levels, blocks, self._uses, strict=True)
        levels = [level for level, block, uses in open_levels if block is None and uses & before]
        return Remainder(before | takes_rest, tuple(levels))


class ByRemainder(Kept[Remainder, T]):
    """What `found` says of one table, asked once for each remainder. It is given the known blocks, by level.

    What it says may depend on the remainder alone.
    """

    def __init__(self, table: Table, found: Callable[[Mapping[int, int]], T], most: int = MAX_BYTES) -> None:
        super().__init__(most)
        self._found = found
        self._remainders = Remainders(table)
        self._own = _places(self._remainders.levels)
        few = prod(table.widths[level] + 1 for level in self._remainders.levels) <= FEW
        self._by_blocks: dict[Blocks, T] | None = {} if few else None

    def of(self, blocks: Sequence[int | None]) -> T:
        """What is found with these blocks known, one for each level of the rule set."""
        own = self._own(blocks)
        if self._by_blocks is None:
            return self._of(own)
        try:
            return self._by_blocks[own]
        except KeyError:
            found = self._by_blocks[own] = self._of(own)
            return found

    def _of(self, own: Blocks) -> T:
        left = self._remainders.of(own)
        try:
            return self[left]
        except KeyError:
            levels = zip(self._remainders.levels, own, strict=True)
            return self.keep(left, self._found({level: block for level, block in levels if block is not None}))


def _places(places: Sequence[int]) -> Callable[[Sequence[int | None]], Blocks]:
    """What stands at these places of a sequence."""
    if len(places) < 2:  # then `itemgetter` gives no tuple
        return lambda blocks: tuple([blocks[place] for place in places])
    return itemgetter(*places)
