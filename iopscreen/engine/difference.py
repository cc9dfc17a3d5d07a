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
from iopscreen.engine.clauses import holds_for_setting
from iopscreen.engine.compiled import FIRST_IMPOSSIBLE, Compiled, compile_rule_set, deciding_conditions, is_impossible
from iopscreen.engine.decide import witness
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.engine.table import Table
from iopscreen.ruleset.model import (
    EVERYONE,
    AllOf,
    Answer,
    AnyOf,
    Condition,
    Guarantee,
    Not,
    NumberTest,
    RuleSet,
    Test,
    Value,
)

_EXCLUDED = "excluded"
NOBODY = AnyOf(())


class Difference(NamedTuple):
    """A caller who is recommended `new` instead of `old` (outcome ids, or `no_rule`)."""

    answers: Mapping[str, Answer]
    old: str
    new: str


def _differences(compiled: Compiled, diagram: Diagram, old: Node, new: Node) -> Iterator[Difference]:
    """For each two outcomes between which some caller changes, one such caller; in file order.

    `old` and `new` lead to rule positions. Who is impossible under one of them is left out.
    """
    pairs = diagram.combine(_by_outcome(compiled, diagram, old), _by_outcome(compiled, diagram, new), _pair)
    place = {outcome: index for index, outcome in enumerate(compiled.rule_set.outcome)}
    changes = [label for label in diagram.labels(pairs) if isinstance(label, tuple)]
    for change in sorted(changes, key=lambda pair: [place.get(outcome, len(place)) for outcome in pair]):
        answers = witness(compiled, diagram, pairs, partial(operator.eq, change))
        assert answers is not None  # the diagram holds the label
        yield Difference(answers, *change)


def _by_outcome(compiled: Compiled, diagram: Diagram, root: Node) -> Node:
    return diagram.relabel(root, lambda label: _EXCLUDED if is_impossible(label) else compiled.outcome_of(label))


def _pair(left: Label, right: Label) -> Label:
    """Two different outcomes as a pair; equal ones are never asked for."""
    return _EXCLUDED if _EXCLUDED in (left, right) else (left, right)


# --- an assumed answer ----------------------------------------------------------------------


def without_assumption(compiled: Compiled, question: str, assumed: Value) -> Iterator[tuple[Value, Difference]]:
    """The other answers of `question`, each with what some caller would be recommended on it. Raises TooTangled."""
    diagram, root = compiled.whole
    level, blocks = compiled.level[question], compiled.blocks[question]
    own = blocks.block_of(assumed)
    old = diagram.restrict(root, {level: own})
    for block in range(blocks.count):
        if block != own:
            for difference in _differences(compiled, diagram, old, diagram.restrict(root, {level: block})):
                yield blocks.example(block), difference._replace(answers={**difference.answers, question: assumed})


# --- another reading ------------------------------------------------------------------------


def under_reading(rule_set: RuleSet, readings: Readings) -> Iterator[Difference]:
    """What some callers would be recommended under other `readings`. Raises TooTangled, TooTangledToCompile."""
    present, other = _read(rule_set, rule_set.readings), _read(rule_set, {**rule_set.readings, **readings})
    # As guarantees, the other reading's conditions cut blocks, and nothing else.
    cuts = [Guarantee("", condition, frozenset(), None, (), rule_set.place) for condition in deciding_conditions(other)]
    compiled = compile_rule_set(present._replace(guarantees=tuple(cuts), notes=()))
    diagram = compiled.diagram()
    old, new = compiled.rules.build(diagram, {}), _table(compiled, other).build(diagram, {})
    yield from _differences(compiled, diagram, old, new)


def _read(rule_set: RuleSet, readings: Readings) -> RuleSet:
    """The rule set with the values of its settings written into the conditions that decide."""
    impossible = [entry._replace(condition=_written(entry.condition, readings)) for entry in rule_set.impossible]
    rules = [rule._replace(when=_written(rule.condition, readings), unless=None) for rule in rule_set.rules]
    return rule_set._replace(impossible=tuple(impossible), rules=tuple(rules))


def _written(condition: Condition, readings: Readings) -> Condition:
    match condition:
        case AllOf(parts):
            return AllOf(tuple(_written(part, readings) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_written(part, readings) for part in parts))
        case Not(part):
            return Not(_written(part, readings))
        case _ if condition.subject in readings:
            return EVERYONE if holds_for_setting(condition, readings) else NOBODY
        case _:
            return _with_numbers(condition, readings)


def _with_numbers(test: Test, readings: Readings) -> Test:
    if not isinstance(test, NumberTest):
        return test
    bounds = [bound._replace(limit=readings.get(str(bound.limit), bound.limit)) for bound in test.bounds]
    return test._replace(bounds=tuple(bounds))


def _table(compiled: Compiled, rule_set: RuleSet) -> Table:
    """The rules of `rule_set` over the blocks of `compiled`, which were cut for its conditions too."""
    impossible = [(entry.condition, FIRST_IMPOSSIBLE - place) for place, entry in enumerate(rule_set.impossible)]
    rules = [(rule.condition, place) for place, rule in enumerate(rule_set.rules)]
    rows = [
        (clause, label) for condition, label in (*impossible, *rules) for clause in compiled.maker.clauses(condition)
    ]
    return Table(compiled.rules.widths, tuple(rows), compiled.rules.otherwise)
