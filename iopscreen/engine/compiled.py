"""A rule set, compiled once: blocks, clauses and tables, ready to decide and to be audited.

Labels of the main table are the positions of the deciding rules; `NONE_MATCHES`; and,
for the impossible entries that come first, negative numbers from `FIRST_IMPOSSIBLE` down.
The order of asking is the file's; the order of the diagram's levels is free, and the
questions that early rules use come first (see `_order`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import sqrt
from typing import NamedTuple

from iopscreen.engine.blocks import Blocks, Readings, TooManyBlocks, cut, tests_by_subject
from iopscreen.engine.budget import UNLIMITED, Budget
from iopscreen.engine.clauses import ClauseMaker, TooManyClauses
from iopscreen.engine.diagram import Diagram, Label
from iopscreen.engine.table import Clause, Table
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import NO_RULE, Answers, Condition, Question, RuleSet, Test, Unanswered, tests_of

NONE_MATCHES = -1
FIRST_IMPOSSIBLE = -2
MAX_EDGES_OF_ALL = 1_000_000
"""How many edges the diagram of all profiles may have: it is for counting, and a search decides without it."""

MAX_MET = 400_000
"""How many pairs of alternatives all conditions together may come to: some seconds of work."""

HOLDS = "holds"
FAILS = "fails"


class TooTangledToCompile(Exception):
    """The rule set goes past a limit of the engine. `place` is where, in the rule file."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place


def is_impossible(label: Label) -> bool:
    """Whether a label stands for a combination that cannot occur."""
    return isinstance(label, int) and label <= FIRST_IMPOSSIBLE


class _Compiled(NamedTuple):
    """What a compiled rule set holds; `Compiled` adds what is asked of it."""

    rule_set: RuleSet
    readings: Readings
    blocks: Mapping[str, Blocks]
    order: tuple[str, ...]
    level: Mapping[str, int]
    maker: ClauseMaker
    impossible: tuple[tuple[Clause, Label], ...]
    rules: Table
    notes: tuple[Table, ...]


class Compiled(_Compiled):
    """A rule set with its blocks and tables. Levels are positions in `order`."""

    @property
    def deciding(self) -> Iterator[Question]:
        """The questions that may decide, in file order."""
        return (question for question in self.rule_set.questions if not question.for_notes)

    def diagram(self, budget: Budget = UNLIMITED) -> Diagram:
        """An empty diagram over the levels of this rule set; what is made in it spends of `budget`."""
        return Diagram(self.rules.widths, budget)

    def known(self, answers: Answers) -> dict[int, int]:
        """The blocks of the answers that are known, by level."""
        return {
            self.level[question]: self.blocks[question].block_of(answer)
            for question, answer in answers.items()
            if not isinstance(answer, Unanswered)
        }

    def outcome_of(self, label: Label) -> Label:
        """The outcome id of a rule's label, `no_rule` where none matches; impossible ones stay."""
        if label == NONE_MATCHES:
            return NO_RULE
        if isinstance(label, int) and label >= 0:
            return self.rule_set.rules[label].recommend
        return label


def compile_rule_set(
    rule_set: RuleSet, readings: Readings | None = None, called: Sequence[str] | None = None
) -> Compiled:
    """Compile `rule_set` under `readings` (default: its settings' own values).

    `called`: what to call each rule, where one stands for something else. Raises TooTangledToCompile
    where a question has more than `blocks.MAX_BLOCKS` blocks or a condition more than
    `clauses.MAX_CLAUSES` alternatives.
    """
    values = {**rule_set.readings, **(readings or {})}
    deciding = [tuple(tests_of(condition)) for condition in deciding_conditions(rule_set)]
    others = (test for condition in other_conditions(rule_set) for test in tests_of(condition))
    tests = tests_by_subject([*chain.from_iterable(deciding), *others])
    blocks = {}
    for question in rule_set.questions:
        try:
            blocks[question.id] = cut(question, tests.get(question.id, ()), values)
        except TooManyBlocks as error:
            raise TooTangledToCompile(str(error), question.place) from None
    order = _order(deciding, blocks)
    level = {name: place for place, name in enumerate(order)}
    maker = ClauseMaker(blocks, level, values)
    widths = tuple(blocks[name].count for name in order)
    impossible = tuple(
        (clause, FIRST_IMPOSSIBLE - index)
        for index, entry in enumerate(rule_set.impossible)
        for clause in _clauses(maker, entry.condition, f"impossible entry `{entry.id}`", entry.place)
    )
    rows = [
        (clause, index)
        for index, rule in enumerate(rule_set.rules)
        for clause in _clauses(maker, rule.condition, called[index] if called else f"rule `{rule.id}`", rule.place)
    ]
    notes = []
    for note in rule_set.notes:
        clauses = _clauses(maker, note.condition, f"note `{note.id}`", note.place)
        notes.append(Table(widths, (*impossible, *((clause, HOLDS) for clause in clauses)), FAILS))
    for guarantee in rule_set.guarantees:
        _clauses(maker, guarantee.condition, f"guarantee `{guarantee.id}`", guarantee.place)
    rules = Table(widths, (*impossible, *rows), NONE_MATCHES)
    return Compiled(rule_set, values, blocks, order, level, maker, impossible, rules, tuple(notes))


def _clauses(maker: ClauseMaker, condition: Condition, what: str, place: Place) -> list[Clause]:
    try:
        clauses = maker.clauses(condition)
    except TooManyClauses:
        message = f"{what} is an `or` of too many alternatives; split it into several"
        raise TooTangledToCompile(message, place) from None
    if maker.met > MAX_MET:
        message = f"{what} and what stands before it are `or`s of too many alternatives together; write fewer of them"
        raise TooTangledToCompile(message, place)
    return clauses


def conditions_of(rule_set: RuleSet) -> Iterator[Condition]:
    """Every condition of `rule_set`."""
    yield from deciding_conditions(rule_set)
    yield from other_conditions(rule_set)


def other_conditions(rule_set: RuleSet) -> Iterator[Condition]:
    """The conditions of notes and guarantees."""
    yield from (note.condition for note in rule_set.notes)
    yield from (guarantee.condition for guarantee in rule_set.guarantees)


def deciding_conditions(rule_set: RuleSet) -> Iterator[Condition]:
    """The conditions that tell one caller's recommendation from another's."""
    yield from (entry.condition for entry in rule_set.impossible)
    yield from (rule.condition for rule in rule_set.rules)


def profile_weights(compiled: Compiled) -> list[list[int]]:
    """Per level, 1 for one block of each set that the rules cannot tell apart, else 0.

    Notes and guarantees may cut finer than the rules; a profile is counted once all the same.
    """
    tests = tests_by_subject(
        test for condition in deciding_conditions(compiled.rule_set) for test in tests_of(condition)
    )
    weights = []
    for name in compiled.order:
        blocks = compiled.blocks[name]
        masks = [blocks.passing(test) for test in tests.get(name, ())]
        seen: set[tuple[bool, ...]] = set()
        row = []
        for block in range(blocks.count):
            signature = tuple(bool(mask >> block & 1) for mask in masks)
            row.append(0 if signature in seen else 1)
            seen.add(signature)
        weights.append(row)
    return weights


def _order(deciding: Iterable[Sequence[Test]], blocks: Mapping[str, Blocks]) -> tuple[str, ...]:
    """Question ids, those that many, early and short rules use first: it keeps diagrams small.

    `deciding`: the tests of each impossible entry and rule, in order.

    A question of very many blocks comes before all others: a level costs its nodes times its
    blocks, and the first level has one node.
    """
    weight = dict.fromkeys(blocks, 0.0)
    for place, tests in enumerate(deciding):
        subjects = {test.subject for test in tests}
        for subject in subjects:
            if subject in weight:
                weight[subject] += 1 / (sqrt(place + 1) * len(subjects))
    return tuple(sorted(blocks, key=lambda name: (blocks[name].count <= 256, -weight[name])))
