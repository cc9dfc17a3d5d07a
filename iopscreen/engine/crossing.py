"""Two callers who differ in one answer alone and are recommended something else. Exact.

The rule set's diagram, held at an answer on this side and at one on the other side, gives two
functions of all other questions; where they differ (Bryant's `apply`), crossing over matters.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.decide import witness
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.ruleset.model import Answer, Answers

_EXCLUDED = object()


class Crossing(NamedTuple):
    """A profile without the answer that is changed, the blocks of that answer, and what they come to."""

    others: Mapping[str, Answer]
    block: int
    beyond: int
    here: str
    there: str


def by_outcome(compiled: Compiled, diagram: Diagram, root: Node) -> Node:
    """The outcomes of a diagram of rules, for `crossing`."""
    return diagram.relabel(root, lambda label: _EXCLUDED if is_impossible(label) else compiled.outcome_of(label))


def crossing(
    compiled: Compiled, diagram: Diagram, root: Node, question: str, sides: tuple[Collection[int], Collection[int]]
) -> Crossing | None:
    """The first crossing between blocks of `question` on two sides that changes what is recommended, or None.

    `root`: as `by_outcome` gives it. Raises TooTangled.
    """
    level = compiled.level[question]
    first, second = (_functions(diagram, root, level, blocks) for blocks in sides)
    for here, block in first.items():
        for there, beyond in second.items():
            both = diagram.combine(here, there, _pair)
            pairs = sorted(label for label in diagram.labels(both) if isinstance(label, tuple))
            if pairs:
                others = witness(compiled, diagram, both, partial(operator.eq, pairs[0]))
                assert others is not None  # the pair is among the labels
                return Crossing(others, block, beyond, *pairs[0])
    return None


def _functions(diagram: Diagram, root: Node, level: int, blocks: Collection[int]) -> dict[Node, int]:
    """The functions that are left with the level held at each of `blocks`, each with its first block."""
    found: dict[Node, int] = {}
    for block in blocks:
        found.setdefault(diagram.restrict(root, {level: block}), block)
    return found


def _pair(left: Label, right: Label) -> Label:
    return _EXCLUDED if left is _EXCLUDED or right is _EXCLUDED or left == right else (left, right)


def crossing_changes(compiled: Compiled, answers: Answers, question: str, beyond: Collection[int]) -> bool:
    """Whether another answer to `question`, in the blocks `beyond`, changes what is recommended.

    To some completion of `answers` that is possible with either answer. Raises TooTangled.
    """
    known = compiled.known(answers)
    level = compiled.level[question]
    own = known.pop(level)
    diagram = compiled.diagram()
    root = by_outcome(compiled, diagram, compiled.rules.build(diagram, known))
    here = diagram.restrict(root, {level: own})
    others = _functions(diagram, root, level, beyond)
    return any(
        isinstance(label, tuple) for there in others for label in diagram.labels(diagram.combine(here, there, _pair))
    )
