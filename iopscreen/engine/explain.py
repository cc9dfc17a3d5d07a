"""What explains a decision or a question: where answers lead, on what a result rests, whether a reading matters.

On what a result rests is a sufficient reason, also called a prime implicant of it: Shih, Choi,
Darwiche, A symbolic approach to explaining Bayesian network classifiers (2018); Darwiche, Hirth,
On the reasons behind decisions (2020).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from iopscreen.engine.blocks import Blocks, NumberBlocks
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.decide import Decision
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.engine.readings import MAX_READINGS, changed_together
from iopscreen.engine.settling import answers_of, known_answers, least_part
from iopscreen.ruleset.model import (
    NO,
    NO_RULE,
    YES,
    Answer,
    Answers,
    Kind,
    Question,
    Rule,
    Setting,
    Value,
)

MAX_EXAMPLES = 512
"""Past how many sets of options no further result of a `many` question is looked for."""


# --- where each answer leads ----------------------------------------------------------------


class Lead(NamedTuple):
    """Answers of one question with which the same outcomes stay possible.

    `values`: the answers; of a `many` question each option alone, or one example of several together.
    `ranges`: instead of values, the whole numbers (both ends count). `possible`: outcome ids in the
    file's order, `no_rule` last; empty where the other answers exclude these. `rules`: every rule that
    decides some completion, in file order.
    """

    values: tuple[Value, ...]
    ranges: tuple[tuple[int, int], ...]
    possible: tuple[str, ...]
    rules: tuple[Rule, ...]


def leads_to(compiled: Compiled, answers: Answers, question_id: str) -> tuple[Lead, ...]:
    """What each answer of a question would lead to, with the other `answers` as they are.

    In the order in which the first answer of each comes in the file. Raises TooTangled past the budget.
    """
    question, blocks = compiled.rule_set.question[question_id], compiled.blocks[question_id]
    others = {name: answer for name, answer in answers.items() if name != question_id}
    labels = _labels_by_block(compiled, others, question_id)
    outcomes = {found: _outcomes(compiled, found) for found in set(labels)}
    leads: dict[tuple[str, ...], list[tuple[Value, int]]] = {}
    for value, block in _each_answer(question, blocks):
        leads.setdefault(outcomes[labels[block]], []).append((value, block))
    if question.kind is Kind.MANY:
        for block in range(min(blocks.count, MAX_EXAMPLES)):  # those of few options come first
            leads.setdefault(outcomes[labels[block]], [(blocks.example(block), block)])
    return tuple(
        Lead(
            values=() if isinstance(blocks, NumberBlocks) else tuple(value for value, _ in found),
            ranges=_ranges(blocks, [block for _, block in found]) if isinstance(blocks, NumberBlocks) else (),
            possible=possible,
            rules=_rules(compiled, {label for _, block in found for label in labels[block]}),
        )
        for possible, found in leads.items()
    )


def _labels_by_block(compiled: Compiled, answers: Answers, question_id: str) -> list[frozenset[Label]]:
    """By block of the question, the labels of the main table that some completion of `answers` leads to.

    Every walk comes to the level of the question at one of the `entered` nodes; what is below a
    node is put together once.
    """
    level = compiled.level[question_id]
    diagram = compiled.diagram()
    root = compiled.rules.build(diagram, compiled.known(answers))
    nodes = diagram.reachable(root)
    below: dict[Node, frozenset[Label]] = {}
    for node in (node for node in nodes if diagram.level(node) > level):
        own = [diagram.label(node)] if diagram.is_terminal(node) else ()
        below[node] = frozenset(own).union(*(below[child] for child in set(diagram.children(node))))
    earlier = [node for node in nodes if diagram.level(node) < level]
    entered = {child for node in earlier for child in diagram.children(node)} | {root}
    entered -= set(earlier)
    return [
        frozenset().union(*(below[_child_at(diagram, node, level, block)] for node in entered))
        for block in range(compiled.blocks[question_id].count)
    ]


def _child_at(diagram: Diagram, node: Node, level: int, block: int) -> Node:
    """Where `node` goes on from a block of `level`, which it may not test."""
    return diagram.children(node)[block] if diagram.level(node) == level else node


def _each_answer(question: Question, blocks: Blocks) -> Iterator[tuple[Value, int]]:
    """The answers that are told, each with its block: of numbers one per block, of sets those of one option."""
    if question.kind is Kind.WHOLE_NUMBER:
        yield from ((blocks.example(block), block) for block in range(blocks.count))
        return
    for name in (YES, NO) if question.kind is Kind.YES_NO else question.option_ids:
        value = (name,) if question.kind is Kind.MANY else name
        yield value, blocks.block_of(value)


def _ranges(blocks: NumberBlocks, chosen: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The numbers of the `chosen` blocks, which ascend; neighbours are joined."""
    ranges: list[tuple[int, int]] = []
    for block in chosen:
        low, high = blocks.starts[block], blocks.ends[block]
        if ranges and ranges[-1][1] + 1 == low:
            low = ranges.pop()[0]
        ranges.append((low, high))
    return tuple(ranges)


def _possible(compiled: Compiled, answers: Answers) -> tuple[str, ...]:
    """The outcomes still possible, as `decide` lists them; none for impossible answers."""
    diagram = compiled.diagram()
    return _outcomes(compiled, diagram.labels(compiled.rules.build(diagram, compiled.known(answers))))


def _outcomes(compiled: Compiled, labels: Iterable[Label]) -> tuple[str, ...]:
    outcomes = {compiled.outcome_of(label) for label in labels}
    return tuple(outcome for outcome in (*compiled.rule_set.outcome, NO_RULE) if outcome in outcomes)


def _rules(compiled: Compiled, labels: Iterable[Label]) -> tuple[Rule, ...]:
    deciding = sorted(label for label in labels if isinstance(label, int) and label >= 0)
    return tuple(compiled.rule_set.rules[label] for label in deciding)


def rules_asking(compiled: Compiled, decision: Decision, question_id: str) -> tuple[Rule, ...]:
    """The rules that can still decide and that test the question; if none does, all that can still decide.

    A part of a condition that the known answers, or the settings, rule out tests nothing any more.
    """
    level, known = compiled.level[question_id], compiled.known(decision.answers)
    testing = [
        label
        for clause, label in compiled.rules.rows
        if level in clause and all(passing >> known[at] & 1 for at, passing in clause.items() if at in known)
    ]
    ids = {rule.id for rule in _rules(compiled, testing)}
    return tuple(rule for rule in decision.rules if rule.id in ids) or decision.rules


# --- on which answers a result rests --------------------------------------------------------


def sufficient(compiled: Compiled, answers: Answers) -> dict[str, Answer]:
    """A part of the known answers with which alone the same outcomes are possible, and none of it in vain.

    Of impossible answers it is a part that is impossible already. An answer stays, perhaps in vain,
    where it is too tangled to decide without it. Raises TooTangled past the budget.
    """
    known, possible = known_answers(compiled, answers), _possible(compiled, answers)
    return answers_of(
        known, least_part(len(known), lambda part: _possible(compiled, answers_of(known, part)) == possible)
    )


# --- whether the reading of the source matters ----------------------------------------------


class Reading(NamedTuple):
    """With other values for `settings`, all else as it is, `possible` are the outcomes (none: impossible)."""

    settings: Mapping[str, str | int]
    possible: tuple[str, ...]


class Readings(NamedTuple):
    """The readings on which the result depends; `complete` where no other set of settings can change it."""

    depends: tuple[Reading, ...]
    complete: bool


def other_readings(compiled: Compiled, answers: Answers) -> Readings:
    """Every inclusion-minimal set of settings of which other values change the possible outcomes.

    Sets of few settings first, then in file order; per set its first such values, of numbers the
    nearest. Past MAX_READINGS nothing is looked at; what is too tangled to compile or to decide
    is left out: neither is `complete`. Raises TooTangled where the present reading is too tangled.
    """
    present, tried, complete = _possible(compiled, answers), 0, True
    settings = [
        setting for setting in compiled.rule_set.settings if any(changed_together(compiled, answers, [setting]))
    ]
    depends: list[Reading] = []
    unchanged: list[tuple[Setting, ...]] = [()]
    while unchanged:
        level, unchanged = _one_more(unchanged, settings), []
        for chosen in level:
            if any(reading.settings.keys() <= {setting.id for setting in chosen} for reading in depends):
                continue
            for changed in changed_together(compiled, answers, chosen):
                if tried == MAX_READINGS:
                    return Readings(tuple(depends), complete=False)
                tried += 1
                possible = _possible_under(compiled, answers, changed)
                if possible is None:
                    complete = False
                elif possible != present:
                    depends.append(Reading(changed, possible))
                    break
            else:
                unchanged.append(chosen)
    return Readings(tuple(depends), complete)


def _one_more(sets: Iterable[tuple[Setting, ...]], settings: Sequence[Setting]) -> list[tuple[Setting, ...]]:
    """Each of `sets` with one of the later settings."""
    return [
        (*chosen, setting) for chosen in sets for setting in settings[settings.index(chosen[-1]) + 1 if chosen else 0 :]
    ]


def _possible_under(compiled: Compiled, answers: Answers, changed: Mapping[str, str | int]) -> tuple[str, ...] | None:
    """The outcomes possible with `changed` settings; None where that is too tangled."""
    try:
        return _possible(compile_rule_set(compiled.rule_set, {**compiled.readings, **changed}), answers)
    except (TooTangled, TooTangledToCompile):
        return None
