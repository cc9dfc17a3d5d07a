"""All profiles at once: how many there are, which questions never matter, the largest regions.

Exact: profiles are counted on the way down the rules, and what asks for more is told by the decision
diagram of all rules. Where these do not fit, nothing is counted; verdicts come from `verdicts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import count, islice
from typing import NamedTuple

from iopscreen.engine.budget import UNLIMITED, Budget
from iopscreen.engine.compiled import MAX_EDGES_OF_ALL, Compiled, is_impossible, profile_weights
from iopscreen.engine.diagram import Diagram, Label, Node, products
from iopscreen.engine.table import Clause

_EXCLUDED = object()

Weights = Sequence[Sequence[int]]
Blocks = tuple[int, ...]
Row = tuple[Clause, Label]


# --- the rules as a whole -------------------------------------------------------------------


class _Whole(NamedTuple):
    """What was counted; `Whole` adds what follows from it."""

    compiled: Compiled
    weights: Weights
    counts: Mapping[Label, int]
    impossible: int
    states: int
    budget: Budget = UNLIMITED
    made: tuple[Diagram, Node] | None = None


class Whole(_Whole):
    """Who decides, over all profiles. `counts` is of possible ones, by rule position or `NONE_MATCHES`.

    `states`: how many were told apart while counting; the diagram has no more nodes. It is `made` where it is
    asked for, unless it was before, in half of what is left of the `budget`.
    """

    @cached_property
    def _made(self) -> tuple[Diagram, Node]:
        if self.made:
            return self.made
        diagram = self.compiled.diagram(self.budget.part(share=0.5))
        return diagram, self.compiled.rules.build(diagram, {}, max_edges=MAX_EDGES_OF_ALL)

    @property
    def diagram(self) -> Diagram:
        """What holds the rules as a diagram. Raises TooTangled."""
        return self._made[0]

    @property
    def root(self) -> Node:
        """The node of all rules. Raises TooTangled."""
        return self._made[1]

    @property
    def labels(self) -> set[Label]:
        """The rules that decide somebody, and `NONE_MATCHES` where nobody does."""
        return set(self.counts)

    @cached_property
    def between(self) -> Sequence[Sequence[int]]:
        """By first and last level (which is left out), how many profiles the levels between have."""
        return products([sum(row) for row in self.weights])

    @cached_property
    def branches(self) -> Mapping[Node, Sequence[tuple[Node, int, int]]]:
        """By node, its children, each with the blocks that lead there (as bits) and how many profiles these hold.

        Counted are the levels from the node's own to the child's, which is left out.
        """
        level_of, between = self.diagram.level, self.between
        found = {}
        for node in self.diagram.reachable(self.root):
            by_child: dict[Node, tuple[int, int]] = {}
            row = () if self.diagram.is_terminal(node) else self.weights[level_of(node)]
            for block, (child, weight) in enumerate(zip(self.diagram.children(node), row, strict=True)):
                bits, share = by_child.get(child, (0, 0))
                by_child[child] = bits | 1 << block, share + weight
            skipped = between[level_of(node) + 1] if row else ()
            found[node] = [(child, bits, share * skipped[level_of(child)]) for child, (bits, share) in by_child.items()]
        return found

    @property
    def profiles(self) -> int:
        """How many profiles are possible."""
        return sum(self.counts.values())


def whole(compiled: Compiled, budget: Budget = UNLIMITED, later: Budget = UNLIMITED) -> Whole:
    """Everything at once. Raises TooTangled. `later`: the budget of what is asked of it afterwards."""
    weights = profile_weights(compiled)
    counted = compiled.rules.tally(weights, budget, max_edges=MAX_EDGES_OF_ALL)
    possible_ones = {label: number for label, number in counted.by_label.items() if not is_impossible(label)}
    impossible_ones = sum(counted.by_label.values()) - sum(possible_ones.values())
    return Whole(compiled, weights, possible_ones, impossible_ones, counted.states, later)


def clauses_by_rule(compiled: Compiled) -> tuple[tuple[Clause, ...], ...]:
    """The clauses of each rule's condition, by position; none for a condition that nobody can meet."""
    found: list[list[Clause]] = [[] for _ in compiled.rule_set.rules]
    for clause, label in rule_rows(compiled):
        assert isinstance(label, int)
        found[label].append(clause)
    return tuple(tuple(clauses) for clauses in found)


def rule_rows(compiled: Compiled) -> tuple[Row, ...]:
    """The rows of the rules, without the impossible entries before them."""
    return compiled.rules.rows[len(compiled.impossible) :]


# --- questions ------------------------------------------------------------------------------


def never_matter(everything: Whole) -> tuple[str, ...]:
    """The deciding questions without which every recommendation stands, given all the others.

    They can be dropped together: of questions that impossible entries tie to one another, one
    that tells as much as the rest stays. Among those, what the file asks later is dropped.
    """
    compiled, diagram = everything.compiled, everything.diagram
    root = diagram.relabel(
        everything.root, lambda label: _EXCLUDED if is_impossible(label) else compiled.outcome_of(label)
    )
    support = diagram.support(root)
    found: list[str] = []
    for question in reversed(list(compiled.deciding)):
        level = compiled.level[question.id]
        if level not in support:
            found.append(question.id)
        elif everything.impossible and not diagram.differs_by(root, {level}, lambda label: label is _EXCLUDED):
            found.append(question.id)
            root = diagram.abstract(root, {level}, lambda left, right: right if left is _EXCLUDED else left)
            support = diagram.support(root)
    return tuple(reversed(found))


# --- regions --------------------------------------------------------------------------------


class Region(NamedTuple):
    """Profiles with one deciding rule (`NONE_MATCHES` without): by question, the blocks that belong to it."""

    label: Label
    blocks: Mapping[str, Blocks]
    profiles: int


def regions(everything: Whole, wanted: Callable[[Label], bool], limit: int) -> tuple[list[Region], int]:
    """The largest disjoint regions whose label is `wanted`, and how many there are beside them.

    They are the paths of the diagram, the `limit` largest of them, joined where they differ in one question.
    """
    number, largest = _paths_below(everything, wanted)
    paths = list(islice(_largest_first(everything, largest), limit))
    found = [_region(everything, box, label) for box, label in joined(paths)]
    return found, number[everything.root] - len(paths)


_LevelBox = tuple[int, ...]
"""By level, the blocks that belong to a region, as bits."""


def _region(everything: Whole, box: _LevelBox, label: Label) -> Region:
    compiled, chosen, profiles = everything.compiled, {}, 1
    for level, (bits, row) in enumerate(zip(box, everything.weights, strict=True)):
        blocks = tuple(block for block in range(len(row)) if bits >> block & 1)
        profiles *= sum([row[block] for block in blocks])
        if len(blocks) < len(row):
            chosen[compiled.order[level]] = blocks
    return Region(label, chosen, profiles)


def joined(found: Sequence[tuple[_LevelBox, Label]]) -> list[tuple[_LevelBox, Label]]:
    """The same profiles in fewer regions: those of one label that differ at one level are one."""
    left = list(found)
    before = 0
    while before != len(left):
        before = len(left)
        for level in reversed(range(len(left[0][0]))):
            groups: dict[tuple[_LevelBox, _LevelBox, Label], int] = {}
            for box, label in left:
                others = (box[:level], box[level + 1 :], label)
                groups[others] = groups.get(others, 0) | box[level]
            left = [((*lower, bits, *upper), label) for (lower, upper, label), bits in groups.items()]
    return left


_ByNode = Mapping[Node, int]


def _paths_below(everything: Whole, wanted: Callable[[Label], bool]) -> tuple[_ByNode, _ByNode]:
    """By node, how many paths lead to a label that is `wanted`, and how many profiles the largest of them holds.

    The profiles are counted from the node's own level on; none where no path leads there.
    """
    number: dict[Node, int] = {}
    largest: dict[Node, int] = {}
    for node, branches in everything.branches.items():  # children come before their parents
        if branches:
            number[node] = sum([number[child] for child, _, _ in branches])
            largest[node] = max([profiles * largest[child] for child, _, profiles in branches])
        else:
            number[node] = largest[node] = int(wanted(everything.diagram.label(node)))
    return number, largest


def _largest_first(everything: Whole, largest: _ByNode) -> Iterator[tuple[_LevelBox, Label]]:
    """The paths that lead somewhere by `largest`, as boxes with their labels, the one of the most profiles first.

    Best first, by the profiles of the largest path that goes on from there; then in order of arrival.
    """
    diagram, root = everything.diagram, everything.root
    arrival = count()
    full = tuple((1 << len(row)) - 1 for row in everything.weights)
    outer = everything.between[0][diagram.level(root)]
    waiting = [(-outer * largest[root], next(arrival), root, outer, full)] if largest[root] else []
    while waiting:
        _, _, node, profiles, box = heappop(waiting)
        if not everything.branches[node]:
            yield box, diagram.label(node)
            continue
        level = diagram.level(node)
        for child, bits, here in everything.branches[node]:
            if largest[child]:
                narrowed = (*box[:level], bits, *box[level + 1 :])
                entry = (-profiles * here * largest[child], next(arrival), child, profiles * here, narrowed)
                heappush(waiting, entry)
