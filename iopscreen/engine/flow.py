"""The way callers take through the questions, in the file's order of asking, as steps that can be drawn.

A step asks the first question that can still change the outcome: just the one that the interview asks
next, where every answer is known. Steps from which all goes on alike are one step, so that this is the
reduced diagram of the outcomes in the file's order. Ends name the rules that decide there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.diagram import Diagram, Node
from iopscreen.engine.table import Table
from iopscreen.ruleset.model import NO_RULE

MAX_STEPS = 60
"""How many steps are drawn before what comes later is left out."""

MAX_EDGES = 400_000
"""How many edges the diagram may have that the flow is read from."""


class End(NamedTuple):
    """An outcome (or `no_rule`), and the rules that decide here, by position."""

    outcome: str
    rules: tuple[int, ...]


class Rest(NamedTuple):
    """What is left out: the questions that can still matter, and the outcomes still possible, in file order."""

    questions: tuple[str, ...]
    outcomes: tuple[str, ...]


class Branch(NamedTuple):
    """Answers, as blocks, and the step that they lead to, by its place in the flow."""

    blocks: tuple[int, ...]
    to: int


class Asked(NamedTuple):
    """A question, and where each answer leads; answers that cannot occur are left out."""

    question: str
    branches: tuple[Branch, ...]


Step = Asked | Rest | End


class Flow(NamedTuple):
    """Steps; the first is the beginning, and each stands before those that it leads to."""

    steps: tuple[Step, ...]

    @property
    def cut(self) -> bool:
        """Whether something is left out."""
        return any(isinstance(step, Rest) for step in self.steps)


def flow(compiled: Compiled, limit: int = MAX_STEPS) -> Flow | None:
    """The way through the questions; None where it is too tangled to find out, or nobody is possible."""
    try:
        maker = _FlowMaker(compiled)
        return maker.flow(limit) if maker.possible(maker.root) else None
    except TooTangled:
        return None


class _Parting(NamedTuple):
    """A question that is asked, and the function of what is left to ask after each answer that can occur."""

    level: int
    children: Mapping[int, Node]


class _FlowMaker:
    """The diagram of the outcomes (and that of the rules) with its levels in file order."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.names = tuple(compiled.rule_set.question)
        place = {compiled.level[name]: level for level, name in enumerate(self.names)}
        rows = tuple(
            ({place[level]: blocks for level, blocks in clause.items()}, label) for clause, label in compiled.rules.rows
        )
        widths = tuple(compiled.blocks[name].count for name in self.names)
        self.diagram = Diagram(widths)
        self.by_rule = Table(widths, rows, compiled.rules.otherwise).build(self.diagram, {}, max_edges=MAX_EDGES)
        self.root = self.diagram.relabel(self.by_rule, compiled.outcome_of)

    def flow(self, limit: int) -> Flow:
        """The flow. Where it has too many ends, those of one step that recommend the same are one."""
        partings = self._partings(limit)
        if not partings:
            return Flow((self._last_step(self.root, {self.by_rule}),))
        steps = self._steps(partings, apart=True)
        return Flow(steps if len(steps) <= limit else self._steps(partings, apart=False))

    def _steps(self, partings: Mapping[Node, _Parting], *, apart: bool) -> tuple[Step, ...]:
        """The steps that ask, in order, then the others. `apart`: ends at which other rules decide are two."""
        order = self._in_order(partings)
        numbers: dict[Step | Node, int] = {node: number for number, node in enumerate(order)}
        asked: list[Step] = []
        last: list[Step] = []
        reached: dict[Node, set[Node]] = {self.root: {self.by_rule}}
        for node in order:
            branches: dict[int, list[int]] = {}
            for child, blocks, deciding in self._ways(partings, node, reached[node], apart=apart):
                if child in partings:
                    reached.setdefault(child, set()).update(deciding)
                    target: Step | Node = child
                else:
                    target = self._last_step(child, deciding)
                if target not in numbers:
                    assert not isinstance(target, int)  # the steps that ask have their numbers
                    numbers[target] = len(order) + len(last)
                    last.append(target)
                branches.setdefault(numbers[target], []).extend(blocks)
            found = tuple(Branch(tuple(sorted(blocks)), number) for number, blocks in branches.items())
            asked.append(Asked(self.names[partings[node].level], found))
        return (*asked, *last)

    def _ways(
        self, partings: Mapping[Node, _Parting], node: Node, rules: set[Node], *, apart: bool
    ) -> Iterator[tuple[Node, list[int], set[Node]]]:
        """Where the answers of a step lead: what is left to ask, after which blocks, and who decides then."""
        level, children = partings[node]
        together: dict[Node, tuple[list[int], set[Node]]] = {}
        for block, child in children.items():
            deciding = {self._after(start, level, block) for start in rules}
            if apart:
                yield child, [block], deciding
            else:
                blocks, all_deciding = together.setdefault(child, ([], set()))
                blocks.append(block)
                all_deciding |= deciding
        for child, (blocks, deciding) in together.items():
            yield child, blocks, deciding

    # --- what is asked ---

    def _partings(self, limit: int) -> dict[Node, _Parting]:
        """The steps that ask, those after fewest answers first, until `limit` steps are met."""
        found: dict[Node, _Parting] = {}
        met = {self.root}
        waiting = [self.root]
        for node in waiting:  # grows while it is gone through
            level = self._asked(node)
            if level is None or len(met) > limit:
                continue
            found[node] = _Parting(level, self._children(node, level))
            for child in found[node].children.values():
                if child not in met:
                    met.add(child)
                    waiting.append(child)
        return found

    def possible(self, node: Node) -> tuple[str, ...]:
        """The outcomes that are still possible, in file order, `no_rule` last."""
        found = self.diagram.labels(node)
        return tuple(outcome for outcome in (*self.compiled.rule_set.outcome, NO_RULE) if outcome in found)

    def _asked(self, node: Node) -> int | None:
        """The level of the question that is asked next; None where the outcome is settled."""
        if len(self.possible(node)) < 2:
            return None
        return min(self._open(node))

    def _open(self, node: Node) -> tuple[int, ...]:
        """The levels that can still matter, as `decide.ask_next` has them."""
        tested = sorted(self.diagram.support(node))
        if not any(is_impossible(label) for label in self.diagram.labels(node)):
            return tuple(tested)
        alone = tuple(level for level in tested if self.diagram.differs_by(node, {level}, is_impossible))
        if alone:
            return alone
        return tuple(self.diagram.least_difference(node, range(len(self.names)), is_impossible) or ())

    def _children(self, node: Node, level: int) -> dict[int, Node]:
        """By block, what is left to ask; answers that nobody possible can give are left out."""
        after = {block: self._after(node, level, block) for block in range(self.diagram.widths[level])}
        return {block: child for block, child in after.items() if self.possible(child)}

    def _after(self, node: Node, level: int, block: int) -> Node:
        """The function after an answer."""
        if self.diagram.level(node) == level:
            return self.diagram.children(node)[block]
        return node if self.diagram.level(node) > level else self.diagram.restrict(node, {level: block})

    # --- where it ends ---

    def _last_step(self, node: Node, deciding: set[Node]) -> End | Rest:
        outcomes = self.possible(node)
        if len(outcomes) > 1:
            return Rest(tuple(self.names[level] for level in sorted(self._open(node))), outcomes)
        labels = {label for start in deciding for label in self.diagram.labels(start)}
        rules = sorted(label for label in labels if isinstance(label, int) and label >= 0)
        return End(outcomes[0], tuple(rules))

    # --- putting together ---

    def _in_order(self, partings: Mapping[Node, _Parting]) -> list[Node]:
        """The steps that ask, each before those that it leads to, else in the file's order."""
        waits = dict.fromkeys(partings, 0)
        for node in partings:
            for child in self._next(partings, node):
                waits[child] += 1
        number = {node: place for place, node in enumerate(partings)}
        ready = [(partings[node].level, number[node], node) for node, waiting in waits.items() if not waiting]
        order = []
        while ready:
            *_, node = heappop(ready)
            order.append(node)
            for child in self._next(partings, node):
                waits[child] -= 1
                if not waits[child]:
                    heappush(ready, (partings[child].level, number[child], child))
        return order

    def _next(self, partings: Mapping[Node, _Parting], node: Node) -> Iterator[Node]:
        return (child for child in dict.fromkeys(partings[node].children.values()) if child in partings)
