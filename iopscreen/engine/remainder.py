"""What answers leave of a table: where two sets of answers leave the same, everything that is decided is the same.

It costs a few bit operations, where building the diagram of what is left costs a thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from iopscreen.engine.compiled import Compiled
from iopscreen.engine.table import Table
from iopscreen.ruleset.model import Answers

MAX_MEMO = 4096


class Remainder(NamedTuple):
    """The clauses that can still speak, as bits, the last of which takes the rest; and the open levels that they test.

    Equal remainders of one table are equal functions. (Equal functions may have several remainders.)
    """

    clauses: int
    levels: tuple[int, ...]


class Remainders:
    """What answers leave of the rules and of each note of a rule set."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._tables = [_Table(table) for table in (compiled.rules, *compiled.notes)]

    def of(self, answers: Answers) -> tuple[Remainder, ...]:
        """Equal remainders are decided alike."""
        fixed = self._compiled.known(answers)
        open_levels = tuple([level for level in range(len(self._compiled.order)) if level not in fixed])
        return tuple([table.remainder(fixed, open_levels) for table in self._tables])


class _Table:
    """A table, and by open levels the clauses that test one of them."""

    def __init__(self, table: Table) -> None:
        self._labels = table.labels
        self._passing = table.passing
        self._uses = table.uses
        self._tested: dict[tuple[int, ...], int] = {}

    def remainder(self, fixed: Mapping[int, int], open_levels: tuple[int, ...]) -> Remainder:
        """What is left with some levels held at a block each, and these open."""
        alive = (1 << len(self._labels)) - 1
        for level, block in fixed.items():
            alive &= self._passing[level][block]
        takes_rest = alive & ~self._tests_of(open_levels)
        takes_rest &= -takes_rest
        before = alive & (takes_rest - 1)
        # Clauses right before the one that takes the rest, and with its label, make no difference.
        label = self._labels[takes_rest.bit_length() - 1]
        while before and self._labels[before.bit_length() - 1] == label:
            before ^= 1 << (before.bit_length() - 1)
        levels = [level for level in open_levels if self._uses[level] & before]
        return Remainder(before | takes_rest, tuple(levels))

    def _tests_of(self, levels: tuple[int, ...]) -> int:
        tested = self._tested.get(levels)
        if tested is None:
            tested = 0
            for level in levels:
                tested |= self._uses[level]
            if len(self._tested) >= MAX_MEMO:
                self._tested.clear()
            self._tested[levels] = tested
        return tested
