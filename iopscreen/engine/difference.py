"""Two ways to decide, compared over all profiles: who is recommended something else, with an example.

An assumption holds one question at one block. Another reading of the source gives a setting another
value, which may move thresholds: both readings are then compiled over common blocks.
(Change-impact analysis: Fisler, Krishnamurthi, Meyerovich, Tschantz, 2005.)
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from iopscreen.engine.blocks import Readings
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.counts import Whole
from iopscreen.engine.decide import witness
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.engine.joint import EXCLUDED, join
from iopscreen.engine.relevance import apart
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import Answer, RuleSet, Value


class Difference(NamedTuple):
    """A caller who is recommended `new` instead of `old` (outcome ids, or `no_rule`)."""

    answers: Mapping[str, Answer]
    old: str
    new: str


def _differences(compiled: Compiled, diagram: Diagram, old: Node, new: Node) -> Iterator[Difference]:
    """For each two outcomes between which some caller changes, one such caller; in file order.

    `old` and `new` lead to outcomes. Who is `EXCLUDED` under one of them is left out.
    """
    pairs = diagram.combine(old, new, _pair)
    place = {outcome: index for index, outcome in enumerate(compiled.rule_set.outcome)}
    changes = [label for label in diagram.labels(pairs) if isinstance(label, tuple)]
    for change in sorted(changes, key=lambda pair: [place.get(outcome, len(place)) for outcome in pair]):
        answers = witness(compiled, diagram, pairs, partial(operator.eq, change))
        assert answers is not None  # the diagram holds the label
        yield Difference(answers, *change)


def _by_outcome(compiled: Compiled, diagram: Diagram, root: Node) -> Node:
    return diagram.relabel(root, lambda label: EXCLUDED if is_impossible(label) else compiled.outcome_of(label))


def _pair(left: Label, right: Label) -> Label:
    """Two different outcomes as a pair; equal ones are never asked for."""
    return EXCLUDED if EXCLUDED in (left, right) else (left, right)


# --- an assumed answer ----------------------------------------------------------------------


def without_assumption(everything: Whole, question: str, assumed: Value) -> Iterator[tuple[Value, Difference]]:
    """The other answers of `question`, each with what some caller would be recommended on it. Raises TooTangled."""
    compiled, diagram, root = everything.compiled, everything.diagram, everything.root
    level, blocks = compiled.level[question], compiled.blocks[question]
    own = blocks.block_of(assumed)
    outcomes = _by_outcome(compiled, diagram, root)
    old = diagram.restrict(outcomes, {level: own})
    for block in range(blocks.count):
        if block != own:
            for difference in _differences(compiled, diagram, old, diagram.restrict(outcomes, {level: block})):
                yield blocks.example(block), difference._replace(answers={**difference.answers, question: assumed})


def assumption_by_search(verdicts: Verdicts, question: str, assumed: Value) -> tuple[Value, Difference] | None:
    """The first of these, where no diagram fits. Raises OutOfTime."""
    level, blocks = verdicts.compiled.level[question], verdicts.compiled.blocks[question]
    own = blocks.block_of(assumed)
    for block in range(blocks.count):
        found = apart(verdicts, level, (own, block)) if block != own else None
        if found:
            old, new = map(str, found.outcomes)
            return blocks.example(block), Difference({**verdicts.in_box(found.box), question: assumed}, old, new)
    return None


# --- another reading ------------------------------------------------------------------------


def under_reading(rule_set: RuleSet, readings: Readings, budget: Budget = UNLIMITED) -> Iterator[Difference]:
    """What some callers would be recommended under other `readings`. Raises OutOfTime, TooTangledToCompile."""
    settings = [setting._replace(value=readings.get(setting.id, setting.value)) for setting in rule_set.settings]
    joint = join(rule_set, rule_set._replace(settings=tuple(settings)), budget)
    try:
        yield from _differences(joint.compiled, *joint.outcomes)
    except OutOfTime:
        raise
    except TooTangled:
        for one in joint.differing(budget):
            yield Difference(one.witness, str(joint.old.outcome_of(one.old)), str(joint.new.outcome_of(one.new)))
