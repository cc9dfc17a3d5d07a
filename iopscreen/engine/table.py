"""A first-match table of clauses -> a decision diagram, built from the top.

One integer is the set of clauses still alive. Per level and block one precomputed mask
says which clauses pass, so a child is `alive & mask`; everything behind the first clause
that has no test left is cut, for that clause takes the rest. Nodes are shared by (level,
alive). This is Gouda and Liu's construction of firewall decision diagrams, ordered and
reduced, with sets of clauses as integers. What leads where can be counted on the way
down: then no node is made at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from iopscreen.engine.budget import UNLIMITED, Budget, TooTangled
from iopscreen.engine.diagram import Diagram, Label, Node, products

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
        uses = [_Bits(len(self.rows)) for _ in self.widths]
        for index, (clause, _) in enumerate(self.rows):
            for level in clause:
                uses[level].add(index)
        return tuple(int(bits) for bits in uses)

    @cached_property
    def passing(self) -> tuple[tuple[int, ...], ...]:
        """By level and block, the clauses that do not fail there."""
        everyone = (1 << len(self.labels)) - 1
        passing = [[_Bits(len(self.rows)) for _ in range(width)] for width in self.widths]
        for index, (clause, _) in enumerate(self.rows):
            for level, blocks in clause.items():
                masks = passing[level]
                left = blocks
                while left:
                    masks[(left & -left).bit_length() - 1].add(index)
                    left &= left - 1
        untested = (everyone & ~uses for uses in self.uses)
        return tuple(
            tuple([others | int(bits) for bits in masks]) for masks, others in zip(passing, untested, strict=True)
        )

    def build(self, diagram: Diagram, fixed: Mapping[int, int], *, max_edges: int = MAX_EDGES) -> Node:
        """The function of the levels not in `fixed`, the others held at a block each.

        Raises TooTangled past so many edges, or past the budget of the diagram.
        """
        return _Build(self, diagram, fixed, max_edges).root()

    def tally(
        self, weights: Sequence[Sequence[int]], budget: Budget = UNLIMITED, *, max_edges: int = MAX_EDGES
    ) -> Tally:
        """How many assignments lead to each label, a block counting `weights[level][block]` times.

        Raises TooTangled past so many edges, or past the budget.
        """
        return _Descent(self, weights, budget, max_edges).tally()


class Tally(NamedTuple):
    """How many assignments lead to each label, and how many states were told apart on the way."""

    by_label: Mapping[Label, int]
    states: int


class _Bits:
    """A set of places, grown one by one: an integer would be made anew for each."""

    def __init__(self, count: int) -> None:
        self._bytes = bytearray((count >> 3) + 1)

    def add(self, place: int) -> None:
        self._bytes[place >> 3] |= 1 << (place & 7)

    def __int__(self) -> int:
        return int.from_bytes(self._bytes, "little")


State = int
"""The clauses alive, as bits. The last bit, `otherwise`, has no test, so that no state is empty."""


class _Cuts:
    """What can no longer matter of the clauses alive, level by level."""

    def __init__(self, table: Table, fixed: Mapping[int, int]) -> None:
        self.labels = table.labels
        self.end = len(table.widths)
        self.everyone: State = (1 << len(table.labels)) - 1
        self.uses = [0 if level in fixed else uses for level, uses in enumerate(table.uses)]
        self.done = [0] * (self.end + 1)
        """By level, the clauses without a test at that level or later."""
        tested = 0
        self.done[self.end] = self.everyone
        for level in reversed(range(self.end)):
            tested |= self.uses[level]
            self.done[level] = self.everyone & ~tested

    def settle(self, level: int, alive: State) -> tuple[int, State]:
        """Cut what can no longer matter from `alive`, and go to the next level that one of it tests."""
        labels = self.labels
        takes_rest = alive & self.done[level]
        takes_rest &= -takes_rest
        before = alive & (takes_rest - 1)
        if before:
            label = labels[takes_rest.bit_length() - 1]
            while before and labels[before.bit_length() - 1] == label:
                before ^= 1 << (before.bit_length() - 1)
        if before:
            uses = self.uses
            while not before & uses[level]:
                level += 1
        else:
            level = self.end
        return level, before | takes_rest


_Place = int
"""A state that was reached, by its number."""


class _Build:
    """One construction: states level by level downwards, then nodes upwards."""

    def __init__(self, table: Table, diagram: Diagram, fixed: Mapping[int, int], max_edges: int) -> None:
        self.table = table
        self.diagram = diagram
        self.fixed = fixed
        self.max_edges = max_edges
        self.cuts = _Cuts(table, fixed)
        self.reached: list[dict[State, _Place]] = [{} for _ in range(self.cuts.end + 1)]
        """By level, the states that test it; past the last one, those in which one clause has taken the rest."""
        self.children: list[Sequence[_Place]] = []

    def root(self) -> Node:
        alive = self.cuts.everyone
        for level, block in self.fixed.items():
            alive &= self.table.passing[level][block]
        root = self._settle(0, alive)
        self._expand()
        return self._fold()[root]

    def _settle(self, level: int, alive: State) -> _Place:
        level, state = self.cuts.settle(level, alive)
        reached = self.reached[level]
        place = reached.get(state)
        if place is None:
            place = reached[state] = len(self.children)
            self.children.append(())
        return place

    def _expand(self) -> None:
        edges = 0
        for level in range(self.cuts.end):
            masks, states = self.table.passing[level], self.reached[level]
            edges += len(masks) * len(states)
            if edges > self.max_edges:
                raise TooTangled
            settled: dict[State, _Place] = {}
            for alive, place in states.items():
                self.diagram.budget.spend()
                below = []
                for mask in masks:
                    passed = alive & mask
                    child = settled.get(passed)
                    if child is None:
                        child = settled[passed] = self._settle(level + 1, passed)
                    below.append(child)
                self.children[place] = below

    def _fold(self) -> list[Node]:
        """The node of every state."""
        nodes: list[Node] = [0] * len(self.children)
        for alive, place in self.reached[self.cuts.end].items():
            nodes[place] = self.diagram.terminal(self.table.labels[alive.bit_length() - 1])
        for level in reversed(range(self.cuts.end)):
            for place in self.reached[level].values():
                nodes[place] = self.diagram.node(level, tuple([nodes[child] for child in self.children[place]]))
        return nodes


class _Descent:
    """One way down: how many assignments reach each state, level by level downwards."""

    def __init__(self, table: Table, weights: Sequence[Sequence[int]], budget: Budget, max_edges: int) -> None:
        self.table = table
        self.budget = budget
        self.max_edges = max_edges
        self.cuts = _Cuts(table, {})
        self.between = products([sum(blocks) for blocks in weights])
        self.weighed = [_weighed(*both) for both in zip(table.passing, weights, strict=True)]
        self.reaching: list[dict[State, int]] = [{} for _ in range(self.cuts.end + 1)]
        """By level, the states that test it, each with the assignments that lead there; last, those without a test."""

    def tally(self) -> Tally:
        edges = 0
        below: Mapping[State, int] = {self.cuts.everyone: 1}
        for level in range(self.cuts.end):
            self._reach(level, below)
            states = self.reaching[level]
            edges += len(self.table.passing[level]) * len(states)
            if edges > self.max_edges:
                raise TooTangled
            below = self._below(level, states)
        self._reach(self.cuts.end, below)
        found = {self.table.labels[alive.bit_length() - 1]: 0 for alive in sorted(self.reaching[-1])}
        for alive, number in self.reaching[-1].items():
            found[self.table.labels[alive.bit_length() - 1]] += number
        return Tally(found, sum(map(len, self.reaching)))

    def _reach(self, level: int, below: Mapping[State, int]) -> None:
        """Go with what is alive above a level to the states that it comes to."""
        self.budget.spend(1 + len(below))
        settle, between = self.cuts.settle, self.between[level]
        for alive, number in below.items():
            after, state = settle(level, alive)
            reaching = self.reaching[after]
            reaching[state] = reaching.get(state, 0) + number * between[after]

    def _below(self, level: int, states: Mapping[State, int]) -> Mapping[State, int]:
        """What the blocks of a level leave alive, each with the assignments that lead there."""
        self.budget.spend(len(states))
        weighed = self.weighed[level]
        found: dict[State, int] = {}
        get = found.get
        for alive, number in states.items():
            for mask, weight in weighed:
                passed = alive & mask
                found[passed] = get(passed, 0) + number * weight
        return found


def _weighed(masks: Sequence[int], weights: Sequence[int]) -> list[tuple[int, int]]:
    """The masks of a level that count, each with how often: blocks with the same mask are one."""
    found: dict[int, int] = {}
    for mask, weight in zip(masks, weights, strict=True):
        if weight:
            found[mask] = found.get(mask, 0) + weight
    return list(found.items())
