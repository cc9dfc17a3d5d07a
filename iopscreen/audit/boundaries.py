"""Deciding boundaries: where changing one answer changes what is recommended, and whether cases stand there.

A test of the rules draws a boundary through the answers to its question: between two numbers next
to each other (17 and 18), or between the answers that pass and those that do not. Tests that part
the same answers draw one boundary. It *decides* when two possible callers who differ in that
answer alone, one on each side, are recommended something else; a number must be just beside it.

A side is *covered* when a case that passes stands on it (with the very number next to the
boundary), comes to one recommendation, and another answer, from the other side, would change that.
A boundary is covered when both of its sides are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from iopscreen.audit.cases import CaseResult, Coverage, Verdict
from iopscreen.audit.words import blocks_in_words
from iopscreen.engine.blocks import NumberBlocks, interval, unplaced
from iopscreen.engine.budget import OutOfTime, TooTangled
from iopscreen.engine.compiled import Compiled, profile_weights
from iopscreen.engine.counts import Whole
from iopscreen.engine.crossing import (
    Crossing,
    Outcomes,
    Parting,
    crossing,
    crossing_by_search,
    outcomes,
    outcomes_of_all,
    parting,
)
from iopscreen.engine.partial import restricted
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import Answer, Answers, NumberTest, Question, Test, Unanswered, Value, tests_of

SIDES = (0, 1)


class Boundary(NamedTuple):
    """A boundary through the answers to `question`; `tests` draw it.

    Of each side: its blocks, one for all that the rules cannot tell apart; its answers in words;
    and of a whole number the one beside the boundary.
    """

    question: Question
    blocks: tuple[tuple[int, ...], tuple[int, ...]]
    words: tuple[str, str]
    numbers: tuple[int, int] | None
    tests: tuple[Test, ...]

    @property
    def name(self) -> str:
        """The boundary in words."""
        return f"{self.question.id} {self.words[0]} / {self.words[1]}"


class Uncovered(NamedTuple):
    """A deciding boundary with the sides where no case stands, and where, or whom, it parts."""

    boundary: Boundary
    sides: tuple[int, ...]
    where: Parting | Crossing


class Parted(NamedTuple):
    """A caller whom a boundary parts: what they answer to the `others` of the questions (or `any`).

    Of each side: the answer that puts them there, and what they are recommended then.
    """

    others: Mapping[str, Answer]
    answers: tuple[Value, Value]
    recommended: tuple[str, str]


class Boundaries(NamedTuple):
    """The deciding boundaries, in file order of their questions, and those that are not covered."""

    deciding: tuple[Boundary, ...]
    uncovered: tuple[Uncovered, ...]

    @property
    def coverage(self) -> Coverage:
        """The names of the boundaries of which both sides are covered, and of the others."""
        missing = {one.boundary.name for one in self.uncovered}
        names = [boundary.name for boundary in self.deciding]
        return Coverage(
            tuple(name for name in names if name not in missing), tuple(name for name in names if name in missing)
        )


MAX_EDGES = 20_000
"""How many edges the diagram of an open case may have; past it, a search decides sooner."""


def boundaries(verdicts: Verdicts, everything: Whole | None, results: Sequence[CaseResult]) -> Boundaries:
    """Which boundaries decide, and on which sides no case stands. Raises OutOfTime.

    By the diagram of `everything`; by search, where there is none.
    """
    all_drawn = list(drawn(verdicts.compiled))
    left = _left_open(verdicts, all_drawn, results)
    if not left:
        return Boundaries(tuple(all_drawn), ())
    everybody = outcomes_of_all(everything) if everything else None
    deciding: list[Boundary] = []
    uncovered: list[Uncovered] = []
    for place, boundary in enumerate(all_drawn):
        sides = tuple(side for side in SIDES if (place, side) in left)
        where = _parting(verdicts, everybody, boundary) if sides else None
        if where:
            uncovered.append(Uncovered(boundary, sides, where))
        if where or not sides:
            deciding.append(boundary)
    return Boundaries(tuple(deciding), tuple(uncovered))


def _parting(verdicts: Verdicts, everybody: Outcomes | None, boundary: Boundary) -> Parting | Crossing | None:
    if everybody is None:
        return crossing_by_search(verdicts, boundary.question.id, boundary.blocks)
    return parting(everybody, boundary.question.id, boundary.blocks)


def parted(compiled: Compiled, everything: Whole | None, uncovered: Sequence[Uncovered]) -> list[Parted]:
    """A caller for each boundary. Raises OutOfTime."""
    everybody = outcomes_of_all(everything) if uncovered and everything else None
    return [_parted(compiled, everybody, one) for one in uncovered]


def _parted(compiled: Compiled, everybody: Outcomes | None, one: Uncovered) -> Parted:
    question, found = one.boundary.question.id, one.where
    if isinstance(found, Parting):
        assert everybody is not None  # that is where it is from
        found = crossing(everybody, question, found)
    example = compiled.blocks[question].example
    answers = one.boundary.numbers or (example(found.block), example(found.beyond))
    return Parted(found.others, answers, (found.here, found.there))


# --- what the rules draw --------------------------------------------------------------------


def drawn(compiled: Compiled) -> Iterator[Boundary]:
    """Every boundary that a test of the rules draws, question by question in file order."""
    tests = [test for rule in compiled.rule_set.rules for test in tests_of(rule.condition)]
    weights = profile_weights(compiled)
    for question in compiled.deciding:
        mine = [test for test in tests if test.subject == question.id]
        blocks = compiled.blocks[question.id]
        if isinstance(blocks, NumberBlocks):
            yield from _between_numbers(compiled, question, blocks, mine)
        else:
            # Blocks of weight 0 are told apart from another one by notes and guarantees alone.
            apart = [block for block, weight in enumerate(weights[compiled.level[question.id]]) if weight]
            yield from _between_answers(compiled, question, apart, mine)


def _between_numbers(
    compiled: Compiled, question: Question, blocks: NumberBlocks, tests: Sequence[Test]
) -> Iterator[Boundary]:
    """A boundary below each number from which on a test holds, or no longer holds."""
    starts: dict[int, list[Test]] = {}
    for test in tests:
        assert isinstance(test, NumberTest)
        low, high = interval(test.bounds, compiled.readings)
        for start in (low, None if high is None else high + 1):
            if start is not None and question.low < start <= question.high:
                starts.setdefault(start, []).append(test)
    for start, drawing in sorted(starts.items()):
        above = blocks.block_of(start)
        numbers = start - 1, start
        yield Boundary(question, ((above - 1,), (above,)), (str(start - 1), str(start)), numbers, tuple(drawing))


def _between_answers(
    compiled: Compiled, question: Question, apart: Sequence[int], tests: Sequence[Test]
) -> Iterator[Boundary]:
    """A boundary between the answers that pass a test and those that do not."""
    blocks = compiled.blocks[question.id]
    masks: dict[frozenset[int], tuple[int, int]] = {}
    drawing: dict[frozenset[int], list[Test]] = {}
    for test in tests:
        passing = blocks.passing(unplaced(test))
        both = passing, blocks.everything & ~passing
        if all(both):
            masks.setdefault(frozenset(both), both)
            drawing.setdefault(frozenset(both), []).append(test)
    for key, both in masks.items():
        first, second = ([block for block in range(blocks.count) if mask >> block & 1] for mask in both)
        words = blocks_in_words(compiled, question.id, first), blocks_in_words(compiled, question.id, second)
        sides = tuple(block for block in apart if block in first), tuple(block for block in apart if block in second)
        yield Boundary(question, sides, words, None, tuple(drawing[key]))


# --- where cases stand ----------------------------------------------------------------------


def _left_open(
    verdicts: Verdicts, all_drawn: Sequence[Boundary], results: Sequence[CaseResult]
) -> set[tuple[int, int]]:
    """The sides that no case covers, by the place of the boundary and the side."""
    left = {(place, side) for place in range(len(all_drawn)) for side in SIDES}
    for result in results:
        if result.verdict is Verdict.PASSED and result.decision and len(result.decision.possible) == 1:
            left -= {one for one in left if _covers(verdicts, result.case.answers, all_drawn[one[0]], one[1])}
    return left


def _covers(verdicts: Verdicts, answers: Answers, boundary: Boundary, side: int) -> bool:
    """Whether a case that comes to one recommendation covers a side of a boundary."""
    question, compiled = boundary.question.id, verdicts.compiled
    answer = answers.get(question)
    if answer is None or isinstance(answer, Unanswered) or not _stands(compiled, boundary, side, answer):
        return False
    known = compiled.known(answers)
    own = known.pop(compiled.level[question])
    sides = (own,), boundary.blocks[1 - side]
    try:
        return parting(outcomes(compiled, known, verdicts.budget, MAX_EDGES), question, sides) is not None
    except OutOfTime:
        raise
    except TooTangled:
        of_the_case = Verdicts(restricted(compiled, known), verdicts.budget)
        return crossing_by_search(of_the_case, question, sides) is not None


def _stands(compiled: Compiled, boundary: Boundary, side: int, answer: Value) -> bool:
    if boundary.numbers is not None:
        return answer == boundary.numbers[side]
    test = unplaced(boundary.tests[0])
    blocks = compiled.blocks[boundary.question.id]
    return bool(blocks.passing(test) >> blocks.block_of(answer) & 1) == (side == 0)
