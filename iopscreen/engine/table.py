"""A first-match table of clauses -> a decision diagram, built from the top.

One integer is the set of clauses still alive. Per level and block one precomputed mask
says which clauses pass, so a child is `alive & mask`; everything behind the first clause
that has no test left is cut, for that clause takes the rest. Nodes are shared by (level,
alive). This is Gouda and Liu's construction of firewall decision diagrams, ordered and
reduced, with sets of clauses as integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from iopscreen.engine.diagram import Diagram, Label, Node, TooTangled

Clause = Mapping[int, int]
"""A conjunction: by level, the blocks that pass, as the bits of an integer. `{}` is everyone."""

MAX_EDGES = 4_000_000
"""How many edges a diagram may have before it is called too tangled."""


class _Table(NamedTuple):
    """What a table holds; `Table` adds what follows from it."""

    widths: tuple[int, ...]
    rows: tuple[tuple[Clause, Label], ...]
    otherwise: Label


class Table(_Table):
    """Rows in order; the first clause that passes gives its label, and `otherwise` where none does."""

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """The label of each clause, `otherwise` last."""
        return (*(label for _, label in self.rows), self.otherwise)

    @cached_property
    def uses(self) -> tuple[int, ...]:
        """By level, the clauses that test it."""
        uses = [0] * len(self.widths)
        for index, (clause, _) in enumerate(self.rows):
            for level in clause:
                uses[level] |= 1 << index
        return tuple(uses)

    @cached_property
    def passing(self) -> tuple[tuple[int, ...], ...]:
        """By level and block, the clauses that do not fail there."""
        everyone = (1 << len(self.labels)) - 1
        table = []
        for level, width in enumerate(self.widths):
            masks = [everyone & ~self.uses[level]] * width
            for index, (clause, _) in enumerate(self.rows):
                blocks = clause.get(level, 0)
                while blocks:
                    masks[(blocks & -blocks).bit_length() - 1] |= 1 << index
                    blocks &= blocks - 1
            table.append(tuple(masks))
        return tuple(table)

    def prefixed(self, rows: Sequence[tuple[Clause, Label]]) -> Table:
        """This table with `rows` before its own."""
        return Table(self.widths, (*rows, *self.rows), self.otherwise)

    def build(self, diagram: Diagram, fixed: Mapping[int, int], *, max_edges: int = MAX_EDGES) -> Node:
        """The function of the levels not in `fixed`, the others held at a block each. Raises TooTangled."""
        return _Build(self, diagram, fixed, max_edges).root()


State = int
"""The clauses alive, as bits. The last bit, `otherwise`, has no test, so that no state is empty."""


class _Build:
    """One construction: states level by level downwards, then nodes upwards."""

    def __init__(self, table: Table, diagram: Diagram, fixed: Mapping[int, int], max_edges: int) -> None:
        self.table = table
        self.diagram = diagram
        self.fixed = fixed
        self.max_edges = max_edges
        depth = len(table.widths)
        self.done = [0] * (depth + 1)
        """By level, the clauses without a test at that level or later."""
        everyone = (1 << len(table.labels)) - 1
        tested = 0
        self.done[depth] = everyone
        for level in reversed(range(depth)):
            if level not in fixed:
                tested |= table.uses[level]
            self.done[level] = everyone & ~tested

    def root(self) -> Node:
        alive = (1 << len(self.table.labels)) - 1
        for level, block in self.fixed.items():
            alive &= self.table.passing[level][block]
        level, alive = self._settle(0, alive)
        states: list[dict[State, tuple[tuple[int, State], ...]]] = [{} for _ in self.table.widths]
        if level == len(self.table.widths):
            return self._terminal(alive)
        states[level][alive] = ()
        self._expand(states, level)
        return self._fold(states, level)[level, alive]

    def _settle(self, level: int, alive: State) -> tuple[int, State]:
        """Cut what can no longer matter from `alive`, and go to the next level that one of it tests."""
        labels = self.table.labels
        takes_rest = alive & self.done[level]
        takes_rest &= -takes_rest
        alive &= (takes_rest << 1) - 1
        label = labels[takes_rest.bit_length() - 1]
        before = alive ^ takes_rest
        while before and labels[before.bit_length() - 1] == label:
            before ^= 1 << (before.bit_length() - 1)
        alive = before | takes_rest
        if not before:
            return len(self.table.widths), alive
        while level in self.fixed or not before & self.table.uses[level]:
            level += 1
        return level, alive

    def _expand(self, states: list[dict[State, tuple[tuple[int, State], ...]]], start: int) -> None:
        edges = 0
        end = len(self.table.widths)
        for level in range(start, end):
            masks = self.table.passing[level]
            for alive in states[level]:
                edges += len(masks)
                if edges > self.max_edges:
                    raise TooTangled
                settled: dict[State, tuple[int, State]] = {}
                children = []
                for mask in masks:
                    passed = alive & mask
                    child = settled.get(passed)
                    if child is None:
                        child = settled[passed] = self._settle(level + 1, passed)
                        if child[0] < end:
                            states[child[0]].setdefault(child[1], ())
                    children.append(child)
                states[level][alive] = tuple(children)

    def _fold(
        self, states: list[dict[State, tuple[tuple[int, State], ...]]], start: int
    ) -> dict[tuple[int, State], Node]:
        end = len(self.table.widths)
        nodes: dict[tuple[int, State], Node] = {}
        for level in reversed(range(start, end)):
            for alive, children in states[level].items():
                below = tuple(self._terminal(child[1]) if child[0] == end else nodes[child] for child in children)
                nodes[level, alive] = self.diagram.node(level, below)
        return nodes

    def _terminal(self, alive: State) -> Node:
        return self.diagram.terminal(self.table.labels[alive.bit_length() - 1])
