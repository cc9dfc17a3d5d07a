"""What answers leave of a table: where two sets of answers leave the same, everything that is decided is the same.

It costs a few bit operations, where building the diagram of what is left costs a thousand. The rules
and each note leave little by themselves, and very many different things together: so each is looked at alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from iopscreen.engine.kept import PLACE, Kept
from iopscreen.engine.table import Table

MAX_BYTES = 1 << 20
"""Of what is kept of one table, by answers and by remainders."""

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


class ByRemainder(Generic[T]):
    """What `find` says of one table, asked once for each remainder. It is given the known blocks, by level.

    What it says may depend on the remainder alone.
    """

    def __init__(self, table: Table, find: Callable[[Mapping[int, int]], T]) -> None:
        self._found = _ByBlocks(table, find)
        self._own = _places(self._found.levels)

    def __call__(self, blocks: Sequence[int | None]) -> T:
        """What is found with these blocks known, one for each level of the rule set."""
        return self._found[self._own(blocks)]


def _places(places: Sequence[int]) -> Callable[[Sequence[int | None]], Blocks]:
    """What stands at these places of a sequence."""
    if len(places) < 2:  # then `itemgetter` gives no tuple
        return lambda blocks: tuple([blocks[place] for place in places])
    return itemgetter(*places)


class _ByBlocks(Kept[Blocks, T]):
    """By the blocks known of the levels that a table tests: it spares many rows even the look at what is left."""

    def __init__(self, table: Table, find: Callable[[Mapping[int, int]], T]) -> None:
        super().__init__(MAX_BYTES)
        self._remainders = Remainders(table)
        self.levels = self._remainders.levels
        self._find = find
        self._found: Kept[Remainder, T] = Kept(MAX_BYTES)

    def find(self, blocks: Blocks) -> T:
        left = self._remainders.of(blocks)
        try:
            return self._found[left]
        except KeyError:
            levels = zip(self.levels, blocks, strict=True)
            known = {level: block for level, block in levels if block is not None}
            return self._found.keep(left, self._find(known))

    def size_of_key(self, blocks: Blocks) -> int:
        return PLACE * len(blocks)
