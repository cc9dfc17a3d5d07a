"""The call-back plan: which questions settle most of the undecided rows when they are asked first.

A set of questions *settles* a row when, whatever is answered to them, one outcome is left; it
*may settle* a row when some answers to them leave one. The plan is greedy: each step takes the
question that, with those before it, settles most rows; of several the one that can matter in
most rows; then the first in the file. Greedy is what one can act on, one call after the
other, and no smaller set is promised (to find one is the set cover problem).

Rows with the same outcomes for the same answers to come are one function of those answers, and
equal functions are equal nodes of one diagram: so few are left, whatever the number of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, cast

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.ruleset.model import Answers

MAX_STEPS = 6


class Step(NamedTuple):
    """One question of the plan.

    Rows that the questions before it settle are counted no more. `open`: rows in which it can
    matter; `settled`: rows that it settles together with those before it; `may_settle`: rows that
    are not settled even then, and that some answers to all of these questions settle.
    """

    question: str
    open: int
    settled: int
    may_settle: int


class Plan(NamedTuple):
    """The steps, and how many undecided rows they speak of."""

    rows: int
    steps: tuple[Step, ...]


def call_back_plan(compiled: Compiled, undecided: Iterable[tuple[Answers, int]]) -> Plan:
    """The plan for rows by what is known of them: answers (assumed ones too), and how many rows have them."""
    functions = _Functions(compiled)
    for answers, count in undecided:
        functions.add(answers, count)
    asked: frozenset[int] = frozenset()
    waiting = {node: count for node, count in functions.rows.items() if not functions.settles(node, asked)}
    rows = sum(waiting.values())
    steps: list[Step] = []
    while waiting and len(steps) < MAX_STEPS:
        levels = {level for node in waiting for level in functions.support(node)} - asked
        names = [question.id for question in compiled.deciding if compiled.level[question.id] in levels]
        found = [functions.step(name, waiting, asked) for name in names]
        best = max(found, key=lambda step: (step.settled, step.open))  # of those alike, the first
        asked |= {compiled.level[best.question]}
        waiting = {node: count for node, count in waiting.items() if not functions.settles(node, asked)}
        may_settle = sum(count for node, count in waiting.items() if functions.may_settle(node, asked))
        steps.append(best._replace(may_settle=may_settle))
    return Plan(rows, tuple(steps))


class _Functions:
    """What is known of rows, as functions of what is not: from blocks to the set of the one outcome, or of none."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.diagram: Diagram = compiled.diagram()
        self.rows: Counter[Node] = Counter()
        self._supports: dict[Node, frozenset[int]] = {}
        self._ends: dict[tuple[Node, frozenset[int]], frozenset[Label]] = {}

    def add(self, answers: Answers, rows: int) -> None:
        """Count rows of which just `answers` are known."""
        try:
            by_rule = self.compiled.rules.build(self.diagram, self.compiled.known(answers))
        except TooTangled:  # the plan speaks of the other rows
            return
        self.rows[self.diagram.relabel(by_rule, self._outcomes)] += rows

    def _outcomes(self, label: Label) -> Label:
        return frozenset() if is_impossible(label) else frozenset([self.compiled.outcome_of(label)])

    def support(self, node: Node) -> frozenset[int]:
        """The levels that are not known, and tested."""
        if node not in self._supports:
            self._supports[node] = frozenset(self.diagram.support(node))
        return self._supports[node]

    def step(self, name: str, waiting: Mapping[Node, int], asked: frozenset[int]) -> Step:
        """What asking `name` after those of `asked` does for rows that wait. (The plan adds what it may do.)"""
        level = self.compiled.level[name]
        concerned = {node: rows for node, rows in waiting.items() if level in self.support(node)}
        settled = sum(rows for node, rows in concerned.items() if self.settles(node, asked | {level}))
        return Step(name, open=sum(concerned.values()), settled=settled, may_settle=0)

    def settles(self, node: Node, asked: frozenset[int]) -> bool:
        """Whether every answer to the levels `asked` leaves one outcome (or is impossible)."""
        if self.support(node) <= asked or not self._partial(node):
            return self.support(node) <= asked
        return all(len(outcomes) <= 1 for outcomes in self._left(node, asked))

    def _partial(self, node: Node) -> bool:
        """Whether some answers are impossible: only then is a row settled though something can change its label."""
        return frozenset() in self.diagram.labels(node)

    def may_settle(self, node: Node, asked: frozenset[int]) -> bool:
        """Whether some answer to the levels `asked` leaves one outcome."""
        return any(len(outcomes) == 1 for outcomes in self._left(node, asked))

    def _left(self, node: Node, asked: frozenset[int]) -> Collection[Collection[str]]:
        """The sets of outcomes that answers to `asked` leave."""
        support = self.support(node)
        key = node, asked & support
        if key not in self._ends:
            try:
                over = self.diagram.abstract(node, support - asked, _union)
                self._ends[key] = frozenset(self.diagram.labels(over))
            except TooTangled:  # then nothing is promised
                self._ends[key] = frozenset([frozenset(self.compiled.rule_set.outcome)])
        return cast("Collection[Collection[str]]", self._ends[key])


def _union(one: Label, other: Label) -> Label:
    return cast("frozenset[str]", one) | cast("frozenset[str]", other)
