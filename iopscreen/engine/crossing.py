"""Two callers who differ in one answer alone and are recommended something else. Exact.

In a reduced diagram of outcomes a node stands for what is still open when the answers before it
are given; two of its children are different nodes just when the answer matters (Bryant). Only
where some combinations cannot occur, what two children differ in must be looked at. Where no
diagram fits, such callers are searched for.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

from iopscreen.engine.budget import Budget
from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.counts import Whole
from iopscreen.engine.decide import witness
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.engine.relevance import apart
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import Answer

_EXCLUDED = object()

Sides = tuple[Collection[int], Collection[int]]
"""The blocks of a question on this side, and on the other one."""


@dataclass(frozen=True)
class Outcomes:
    """What is recommended, as a diagram; `at`: its nodes by level. `some_excluded`: not everybody is possible."""

    compiled: Compiled
    diagram: Diagram
    root: Node
    at: Mapping[int, list[Node]]
    some_excluded: bool


class Parting(NamedTuple):
    """A node at which one of two answers, by their blocks, makes a difference."""

    node: Node
    block: int
    beyond: int


class Crossing(NamedTuple):
    """A profile without the answer that is changed, the blocks of that answer, and what they come to."""

    others: Mapping[str, Answer]
    block: int
    beyond: int
    here: str
    there: str


def outcomes(compiled: Compiled, known: Mapping[int, int], budget: Budget, max_edges: int) -> Outcomes:
    """What is recommended to those with the `known` blocks, by level. Raises TooTangled."""
    diagram = compiled.diagram(budget)
    return _outcomes(compiled, diagram, compiled.rules.build(diagram, known, max_edges=max_edges))


def outcomes_of_all(everything: Whole) -> Outcomes:
    """What is recommended to everybody. Raises TooTangled."""
    return _outcomes(everything.compiled, everything.diagram, everything.root)


def _outcomes(compiled: Compiled, diagram: Diagram, rules: Node) -> Outcomes:
    root = diagram.relabel(rules, lambda label: _EXCLUDED if is_impossible(label) else compiled.outcome_of(label))
    at: dict[int, list[Node]] = {}
    for node in diagram.reachable(root):
        at.setdefault(diagram.level(node), []).append(node)
    return Outcomes(compiled, diagram, root, at, _EXCLUDED in diagram.labels(root))


def parting(found: Outcomes, question: str, sides: Sides) -> Parting | None:
    """Where an answer to `question` from this side and one from the other part somebody; None where nowhere.

    Raises TooTangled.
    """
    diagram = found.diagram
    same: set[tuple[Node, Node]] = set()
    for node in found.at.get(found.compiled.level[question], ()):
        children = diagram.children(node)
        first = {children[block]: block for block in sorted(sides[0], reverse=True)}
        second = {children[block]: block for block in sorted(sides[1], reverse=True)}
        for here, block in first.items():
            for there, beyond in second.items():
                if here == there or (here, there) in same:
                    continue
                if not found.some_excluded or _pairs(diagram, diagram.combine(here, there, _pair)):
                    return Parting(node, block, beyond)
                same.add((here, there))
    return None


def crossing(found: Outcomes, question: str, where: Parting) -> Crossing:
    """Somebody whom the answers to `question` part at a node. Raises TooTangled."""
    diagram = found.diagram
    children = diagram.children(where.node)
    both = diagram.combine(children[where.block], children[where.beyond], _pair)
    pair = min(_pairs(diagram, both))
    root = _leading_to(diagram, found.root, where.node, both)
    others = witness(found.compiled, diagram, root, partial(operator.eq, pair))
    assert others is not None  # the pair is among the labels
    return Crossing({name: answer for name, answer in others.items() if name != question}, *where[1:], *pair)


def crossing_by_search(verdicts: Verdicts, question: str, sides: Sides) -> Crossing | None:
    """Somebody whom an answer from this side and one from the other part, without a diagram. Raises OutOfTime."""
    level = verdicts.compiled.level[question]
    for block, beyond in product(sorted(sides[0]), sorted(sides[1])):
        found = apart(verdicts, level, (block, beyond))
        if found:
            others = {name: answer for name, answer in verdicts.in_box(found.box).items() if name != question}
            here, there = map(str, found.outcomes)
            return Crossing(others, block, beyond, here, there)
    return None


def _pair(left: Label, right: Label) -> Label:
    return _EXCLUDED if left is _EXCLUDED or right is _EXCLUDED or left == right else (left, right)


def _pairs(diagram: Diagram, root: Node) -> list[tuple[str, str]]:
    return [label for label in diagram.labels(root) if isinstance(label, tuple)]


def _leading_to(diagram: Diagram, root: Node, wanted: Node, instead: Node) -> Node:
    """The diagram of `root` with `instead` for one node, and nothing for those beside it."""
    nothing = diagram.terminal(_EXCLUDED)
    new: dict[Node, Node] = {}
    for node in diagram.reachable(root):
        if diagram.level(node) >= diagram.level(wanted):
            new[node] = instead if node == wanted else nothing
        else:
            new[node] = diagram.node(diagram.level(node), tuple(new[child] for child in diagram.children(node)))
    return new[root]
