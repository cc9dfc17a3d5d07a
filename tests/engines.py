"""What the tests of all engines share: callers with canonical and with messy cells, and what `iopscreen batch` says.

The reference is the batch of a CSV file, which other tests hold against the naive oracle.
"""

from __future__ import annotations

import csv
import io
import random
from itertools import product

from conftest import TESTS
from oracle import domain

from iopscreen.batch.run import BatchOptions, screen_file
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.ruleset.model import Kind, Question, RuleFile, RuleSet
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.values import answer_text

Cell = str | int | None
Caller = dict[str, Cell]
"""A cell for each question that decides; None is null."""

UNANSWERED = ("unknown", "declined", "", None)
MESS = ("no way", "Yes.", "'; drop table calls; --", "yes;no", ";", "unknown;", "\\", "nein\n", "a" * 300)
"""No answers to anything."""

HOSTILE = (TESTS / "cases" / "sql" / "hostile.yaml").read_text("utf-8")
"""A rule set whose words are SQL, and whose texts would end a literal or a comment."""


def rule_file(text: str) -> RuleFile:
    return understand(text.encode(), "test.yaml")


def deciding(rule_set: RuleSet) -> list[Question]:
    return [question for question in rule_set.questions if not question.for_notes]


def cells_of(rule_set: RuleSet, question: Question) -> list[Cell]:
    """An answer of each block, and each way of not answering."""
    blocks = compile_rule_set(rule_set).blocks[question.id]
    answers: list[Cell] = []
    for block in range(blocks.count):
        answer = blocks.example(block)
        answers.append(answer if isinstance(answer, int) else answer_text(answer))
    return [*answers, *([None] if question.kind is Kind.WHOLE_NUMBER else ["unknown", None])]


def all_callers(rule_set: RuleSet) -> list[Caller]:
    """Every combination of `cells_of`."""
    questions = deciding(rule_set)
    cells = product(*(cells_of(rule_set, question) for question in questions))
    return [dict(zip((question.id for question in questions), row, strict=True)) for row in cells]


def random_callers(rng: random.Random, rule_set: RuleSet, count: int, *, messy: float = 0.02) -> list[Caller]:
    """Callers of whom more or less is known; some cells are no answers."""
    values = {question.id: domain(rule_set, question) for question in deciding(rule_set)}
    callers = []
    for _ in range(count):
        known = rng.choice([0.3, 0.6, 0.9, 1.0])
        callers.append(
            {question.id: random_cell(rng, question, values, known, messy) for question in deciding(rule_set)}
        )
    return callers


def random_cell(rng: random.Random, question: Question, values: dict, known: float, messy: float) -> Cell:
    number = question.kind is Kind.WHOLE_NUMBER
    if rng.random() < messy:
        return rng.choice([question.low - 1, question.high + 1]) if number else rng.choice(MESS)
    if rng.random() >= known:
        return None if number else rng.choice(UNANSWERED)
    if number and rng.random() < 0.5:
        return rng.randint(question.low, question.high)
    answer = rng.choice(values[question.id])
    if isinstance(answer, tuple):
        # The order of options does not matter, nor whether one is named twice.
        answer = rng.sample([*answer, answer[0]], len(answer) + (rng.random() < 0.1))
        return ";".join(answer)
    return answer


def as_csv(callers: list[Caller]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["nr", *callers[0]])
    writer.writerows([number, *caller.values()] for number, caller in enumerate(callers))
    return text.getvalue().encode()


def by_batch(compiled: Compiled, callers: list[Caller]) -> list[dict[str, str]]:
    """What `iopscreen batch` appends to each caller."""
    target = io.BytesIO()
    screen_file(compiled, io.BytesIO(as_csv(callers)), target, BatchOptions(), name="calls.csv")
    rows = list(csv.DictReader(io.StringIO(target.getvalue().decode(), newline="")))
    assert len(rows) == len(callers)
    return rows
