"""Ordered, reduced, multi-valued decision diagrams. Knows nothing of rules.

A diagram is a function from one block per level to a label. A node tests one level and
has one child per block; a node whose children are all the same is never made, and equal
nodes are made once, so that equal functions are equal numbers. With levels `a` (2 blocks)
and `b` (2 blocks), "x if both are 1, else y" is two nodes:

    a --0--> y            b --0--> y
    a --1--> b            b --1--> x

Bryant, Graph-based algorithms for Boolean function manipulation (1986); Srinivasan, Kam,
Malik, Brayton, Algorithms for discrete function manipulation (1990).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from itertools import combinations

from iopscreen.engine.budget import UNLIMITED, Budget, TooTangled

Node = int
"""A number in one `Diagram`. Children have smaller numbers than their parents."""

Label = Hashable
Pair = tuple[Node, Node]

MAX_PAIRS = 2_000_000
"""How many pairs of nodes are looked at before a question about two assignments is given up."""


class Diagram:
    """A table of nodes over levels 0, 1, ... with `widths[level]` blocks each.

    Whatever is made or asked here spends of its `budget`, and raises OutOfTime past it.
    """

    def __init__(self, widths: Sequence[int], budget: Budget = UNLIMITED) -> None:
        self.widths = tuple(widths)
        self.budget = budget
        self._level: list[int] = []
        self._children: list[tuple[Node, ...]] = []
        self._label: list[Label] = []
        self._made: list[dict[tuple[Node, ...], Node]] = [{} for _ in self.widths]
        self._terminals: dict[Label, Node] = {}

    # --- making nodes ---

    def terminal(self, label: Label) -> Node:
        """The constant function `label`. Labels must differ from one another as dictionary keys do."""
        node = self._terminals.get(label)
        if node is None:
            node = self._terminals[label] = self._append(len(self.widths), (), label)
        return node

    def node(self, level: int, children: tuple[Node, ...]) -> Node:
        """The function that goes on as `children[block]`; every child must test later levels only."""
        first = children[0]
        if children.count(first) == len(children):
            return first
        made = self._made[level].get(children)
        if made is None:
            made = self._made[level][children] = self._append(level, children, None)
        return made

    def _append(self, level: int, children: tuple[Node, ...], label: Label) -> Node:
        self.budget.spend()
        self._level.append(level)
        self._children.append(children)
        self._label.append(label)
        return len(self._level) - 1

    # --- looking at nodes ---

    def level(self, node: Node) -> int:
        """The level that `node` tests; past the last one for a terminal."""
        return self._level[node]

    def children(self, node: Node) -> tuple[Node, ...]:
        """One child per block; none for a terminal."""
        return self._children[node]

    def label(self, node: Node) -> Label:
        """The label of a terminal."""
        return self._label[node]

    def is_terminal(self, node: Node) -> bool:
        """Whether `node` is a constant."""
        return not self._children[node]

    def reachable(self, root: Node) -> list[Node]:
        """Every node below and including `root`, children before their parents."""
        seen = {root}
        stack = [root]
        while stack:
            for child in self._children[stack.pop()]:
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        self.budget.spend(len(seen))
        return sorted(seen)

    def labels(self, root: Node) -> set[Label]:
        """The labels that some assignment leads to."""
        return {self._label[node] for node in self.reachable(root) if self.is_terminal(node)}

    def support(self, root: Node) -> set[int]:
        """The levels on which the function depends."""
        return {self._level[node] for node in self.reachable(root) if self._children[node]}

    def walk(self, root: Node, blocks: Sequence[int]) -> Label:
        """The label for one block per level."""
        node = root
        while self._children[node]:
            node = self._children[node][blocks[self._level[node]]]
        return self._label[node]

    # --- functions of functions ---

    def restrict(self, root: Node, fixed: Mapping[int, int]) -> Node:
        """The function with the levels in `fixed` held at a block each."""
        new: dict[Node, Node] = {}
        for node in self.reachable(root):
            if self.is_terminal(node):
                new[node] = node
            elif self._level[node] in fixed:
                new[node] = new[self._children[node][fixed[self._level[node]]]]
            else:
                new[node] = self.node(self._level[node], tuple(new[child] for child in self._children[node]))
        return new[root]

    def relabel(self, root: Node, name: Callable[[Label], Label]) -> Node:
        """The function with every label replaced by `name(label)`."""
        new: dict[Node, Node] = {}
        for node in self.reachable(root):
            if self.is_terminal(node):
                new[node] = self.terminal(name(self._label[node]))
            else:
                new[node] = self.node(self._level[node], tuple(new[child] for child in self._children[node]))
        return new[root]

    def combine(self, left: Node, right: Node, join: Callable[[Label, Label], Label]) -> Node:
        """The function `join(left, right)`. `join(x, x)` must be `x`. (Bryant's `apply`.)"""
        made: dict[Pair, Node] = {}
        for u, v in reversed(self._pairs_from([(left, right)], ())):
            level = min(self._level[u], self._level[v])
            if u == v:
                made[u, v] = u
            elif level == len(self.widths):
                made[u, v] = self.terminal(join(self._label[u], self._label[v]))
            else:
                below = zip(self._at(u, level), self._at(v, level), strict=True)
                made[u, v] = self.node(level, tuple(made[pair] for pair in below))
        return made[left, right]

    def _at(self, node: Node, level: int) -> tuple[Node, ...]:
        """The children of `node` by the blocks of `level`, which it may not test."""
        return self._children[node] if self._level[node] == level else (node,) * self.widths[level]

    def abstract(self, root: Node, levels: Collection[int], join: Callable[[Label, Label], Label]) -> Node:
        """The function of the other levels that joins the labels over every block of `levels`."""
        new: dict[Node, Node] = {}
        for node in self.reachable(root):
            if self.is_terminal(node):
                new[node] = node
                continue
            children = [new[child] for child in self._children[node]]
            if self._level[node] in levels:
                joined = children[0]
                for child in dict.fromkeys(children[1:]):
                    joined = self.combine(joined, child, join)
                new[node] = joined
            else:
                new[node] = self.node(self._level[node], tuple(children))
        return new[root]

    def differs_by(self, root: Node, levels: Collection[int], ignored: Callable[[Label], bool]) -> bool:
        """Whether two assignments that differ only in `levels` lead to different labels, neither ignored."""
        last = max(levels, default=-1)
        return any(self._differ(u, v, ignored) for u, v in self._pairs_from([(root, root)], levels, twins_until=last))

    def levels_that_differ(self, root: Node, ignored: Callable[[Label], bool]) -> set[int]:
        """The levels for which, each alone, `differs_by` holds: what two nodes lead to is looked at once for all."""
        siblings: dict[int, set[Pair]] = {}
        for node in self.reachable(root):
            if self._children[node]:
                different = sorted(set(self._children[node]))
                siblings.setdefault(self._level[node], set()).update(combinations(different, 2))
        differ: dict[Pair, bool] = {}
        for u, v in reversed(self._pairs_from(set().union(*siblings.values()), (), twins_until=-1)):
            level = min(self._level[u], self._level[v])
            if level == len(self.widths):
                differ[u, v] = self._differ(u, v, ignored)
            else:
                below = zip(self._at(u, level), self._at(v, level), strict=True)
                differ[u, v] = u != v and any(differ[self._pair(a, b)] for a, b in below)
        return {level for level, pairs in siblings.items() if any(differ[pair] for pair in pairs)}

    def least_difference(
        self, root: Node, places: Sequence[int], ignored: Callable[[Label], bool]
    ) -> tuple[int, ...] | None:
        """A smallest set of levels in which two assignments differ that lead to different labels, neither ignored.

        The set is given as the `places` of its levels, in order; of several smallest sets it is the
        first in that order. None where no two assignments lead to different labels.
        """
        best: dict[Pair, tuple[int, ...] | None] = {}
        for u, v in reversed(self._pairs_from([(root, root)], range(len(self.widths)), twins_until=len(self.widths))):
            level = min(self._level[u], self._level[v])
            if level == len(self.widths):
                best[u, v] = () if self._differ(u, v, ignored) else None
                continue
            left, right = self._at(u, level), self._at(v, level)
            same = {self._pair(a, b) for a, b in zip(left, right, strict=True)}
            found = [best[pair] for pair in same]
            for pair in {self._pair(a, b) for i, a in enumerate(left) for j, b in enumerate(right) if i != j}:
                rest = best[pair]
                if rest is not None:
                    # The smaller of two sets of one size stays the smaller when both get one place more.
                    found.append(tuple(sorted((places[level], *rest))))
            best[u, v] = min((one for one in found if one is not None), key=lambda one: (len(one), one), default=None)
        return best[root, root]

    def _differ(self, u: Node, v: Node, ignored: Callable[[Label], bool]) -> bool:
        both = not self._children[u] and not self._children[v]
        return both and u != v and not (ignored(self._label[u]) or ignored(self._label[v]))

    @staticmethod
    def _pair(u: Node, v: Node) -> Pair:
        return (u, v) if u <= v else (v, u)

    def _pairs_from(
        self, starts: Collection[Pair], apart: Collection[int], *, twins_until: int | None = None
    ) -> list[Pair]:
        """Every pair of nodes that two walks from one of `starts` can be at, those of earlier levels first.

        The walks take the same block at a level, or, where it is `apart`, any two. A pair of one node
        is followed up to level `twins_until` (None: not at all). Raises TooTangled past MAX_PAIRS.
        """
        waiting: list[dict[Pair, None]] = [{} for _ in range(len(self.widths) + 1)]
        for u, v in starts:
            waiting[min(self._level[u], self._level[v])][u, v] = None
        count = len(starts)
        for level, pairs in enumerate(waiting[:-1]):
            for u, v in pairs:
                self.budget.spend()
                if u == v and (twins_until is None or level > twins_until):
                    continue
                left, right = self._at(u, level), self._at(v, level)
                if level in apart:
                    below = {self._pair(a, b) for a in set(left) for b in set(right)}
                elif twins_until is None:
                    below = set(zip(left, right, strict=True))
                else:
                    below = {self._pair(a, b) for a, b in zip(left, right, strict=True)}
                for pair in below:
                    bucket = waiting[min(self._level[pair[0]], self._level[pair[1]])]
                    if pair not in bucket:
                        bucket[pair] = None
                        count += 1
                if count > MAX_PAIRS:
                    raise TooTangled
        return [pair for bucket in waiting for pair in bucket]

    # --- counting and listing ---

    def count(self, root: Node, weights: Sequence[Sequence[int]]) -> dict[Label, int]:
        """How many assignments lead to each label, a block counting `weights[level][block]` times."""
        between = products([sum(blocks) for blocks in weights])
        levels, end = self._level, len(self.widths)
        counts: dict[Label, int] = {}
        reaching = [0] * (root + 1)
        reaching[root] = between[0][levels[root]]
        for node in range(root, -1, -1):  # parents before their children
            number, level = reaching[node], levels[node]
            if not number:
                continue
            if level == end:
                counts[self._label[node]] = number
                continue
            skipping = between[level + 1]
            for child, weight in zip(self._children[node], weights[level], strict=True):
                if weight:
                    reaching[child] += number * weight * skipping[levels[child]]
        return counts

    def paths(self, root: Node) -> Iterator[tuple[dict[int, tuple[int, ...]], Label]]:
        """The regions of the function, disjoint: the blocks per tested level, and the label."""
        waiting: list[tuple[Node, dict[int, tuple[int, ...]]]] = [(root, {})]
        while waiting:
            node, path = waiting.pop()
            if self.is_terminal(node):
                yield path, self._label[node]
                continue
            level = self._level[node]
            by_child: dict[Node, list[int]] = {}
            for block, child in enumerate(self._children[node]):
                by_child.setdefault(child, []).append(block)
            waiting += [(child, {**path, level: tuple(blocks)}) for child, blocks in reversed(by_child.items())]

    def check(self) -> None:
        """Assert every invariant of the table; for tests."""
        for node, (level, children) in enumerate(zip(self._level, self._children, strict=True)):
            if not children:
                assert level == len(self.widths) and self._terminals[self._label[node]] == node
                continue
            assert len(children) == self.widths[level] and len(set(children)) > 1
            assert all(child < node and self._level[child] > level for child in children)
            assert self._made[level][children] == node


def products(numbers: Sequence[int]) -> list[list[int]]:
    """By first and last place (which is left out), the product of the numbers from the one to the other."""
    table = []
    for first in range(len(numbers) + 1):
        row = [1] * (first + 1)
        for number in numbers[first:]:
            row.append(row[-1] * number)
        table.append(row)
    return table
