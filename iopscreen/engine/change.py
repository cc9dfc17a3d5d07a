"""What would change the recommendation: every smallest set of changed answers, exact.

Abstracting the unknown questions from the outcome diagram leaves, for each profile of the
known ones, the outcome that is certain there. The sets of changes that reach another
certain outcome are then folded from the leaves upwards, keeping only those that contain no
other (minimal counterfactuals).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.decide import Decision
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.ruleset.model import Answers, Unanswered, Value

_IMPOSSIBLE = object()
_OPEN = object()


class Change(NamedTuple):
    """With `answers` instead of the present ones, and all else as it is, `recommendation` is certain."""

    recommendation: str
    answers: Mapping[str, Value]


class _Step(NamedTuple):
    """One changed answer; steps of one question compare by distance, and equal distance is equal value."""

    place: int
    distance: tuple[int, ...]
    value: Value


Steps = tuple[_Step, ...]
Found = dict[Label, dict[frozenset[int], Steps]]
"""By outcome, by the questions changed (places in the file): the nearest values that reach it."""


def changes(compiled: Compiled, decision: Decision) -> tuple[Change, ...]:
    """Every inclusion-minimal set of known answers which, changed, decides another outcome.

    Ordered by size, then by the file's order of questions, then of outcomes; empty while the
    decision is open. No change leads to an impossible caller. Raises TooTangled past the budget.
    """
    if decision.recommendation is None:
        return ()
    outcome_place = {outcome: place for place, outcome in enumerate(compiled.rule_set.outcome)}
    outcome_place.pop(decision.recommendation)
    found = _fold(compiled, *_certain(compiled, decision.answers), decision.answers)
    listed = [
        (len(steps), [step.place for step in steps], outcome_place[outcome], outcome, steps)
        for outcome, by_questions in found.items()
        if isinstance(outcome, str) and outcome in outcome_place
        for steps in by_questions.values()
    ]
    names = tuple(compiled.rule_set.question)
    return tuple(
        Change(outcome, {names[step.place]: step.value for step in steps})
        for _, _, _, outcome, steps in sorted(listed, key=lambda item: item[:3])
    )


def _certain(compiled: Compiled, answers: Answers) -> tuple[Diagram, Node]:
    """For each profile of the known deciding questions, the outcome that is certain there."""
    diagram = compiled.diagram()
    known = compiled.known(answers)
    notes_only = {compiled.level[question.id] for question in compiled.rule_set.questions if question.for_notes}
    root = compiled.rules.build(diagram, {level: block for level, block in known.items() if level in notes_only})
    root = diagram.relabel(root, lambda label: _IMPOSSIBLE if is_impossible(label) else compiled.outcome_of(label))
    unknown = set(range(len(compiled.order))) - set(known)
    return diagram, diagram.abstract(root, unknown, _join)


def _join(left: Label, right: Label) -> Label:
    if left is _IMPOSSIBLE:
        return right
    if right is _IMPOSSIBLE:
        return left
    return left if left == right else _OPEN


def _fold(compiled: Compiled, diagram: Diagram, root: Node, answers: Answers) -> Found:
    place = {name: index for index, name in enumerate(compiled.rule_set.question)}
    below: dict[Node, Found] = {}
    for node in diagram.reachable(root):
        if diagram.is_terminal(node):
            label = diagram.label(node)
            below[node] = {} if label in (_IMPOSSIBLE, _OPEN) else {label: {frozenset(): ()}}
            continue
        name = compiled.order[diagram.level(node)]
        blocks, value = compiled.blocks[name], answers[name]
        assert not isinstance(value, Unanswered)
        here: Found = {}
        for block, child in enumerate(diagram.children(node)):
            step = None if block == blocks.block_of(value) else _Step(place[name], *blocks.nearest(block, value))
            _add(here, below[child], step)
        below[node] = {outcome: _minimal(sets) for outcome, sets in here.items()}
    return below[root]


def _add(here: Found, child: Found, step: _Step | None) -> None:
    """Add what the child reaches, each with `step` before it; of equal sets the nearest values stay."""
    for outcome, sets in child.items():
        kept = here.setdefault(outcome, {})
        for questions, steps in sets.items():
            here_questions = questions if step is None else questions | {step.place}
            here_steps = steps if step is None else tuple(sorted((*steps, step)))
            if here_questions not in kept or here_steps < kept[here_questions]:
                kept[here_questions] = here_steps


def _minimal(sets: dict[frozenset[int], Steps]) -> dict[frozenset[int], Steps]:
    """The sets that contain no other."""
    kept: dict[frozenset[int], Steps] = {}
    for questions in sorted(sets, key=len):
        if not any(smaller <= questions for smaller in kept):
            kept[questions] = sets[questions]
    return kept
