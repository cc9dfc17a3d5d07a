"""Blocks -> words: what a set of answers to one question is, as an author would write it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from iopscreen.engine.blocks import Blocks, NumberBlocks, ValueBlocks, tests_by_subject
from iopscreen.engine.compiled import Compiled, deciding_conditions
from iopscreen.ruleset.model import OptionsTest, Question, tests_of

ANY = "any"


def blocks_in_words(compiled: Compiled, question: str, chosen: Collection[int]) -> str:
    """The answers in the blocks `chosen` of `question`; `any` where nothing is left out."""
    blocks = compiled.blocks[question]
    if len(chosen) == blocks.count:
        return ANY
    if isinstance(blocks, NumberBlocks):
        return _numbers(blocks, chosen)
    if isinstance(blocks, ValueBlocks):
        return _values(blocks, chosen)
    return _options(compiled, blocks, chosen)


def _numbers(blocks: NumberBlocks, chosen: Collection[int]) -> str:
    """Intervals, those that touch joined."""
    intervals: list[tuple[int, int]] = []
    for block in sorted(chosen):
        low, high = blocks.starts[block], blocks.ends[block]
        if intervals and intervals[-1][1] + 1 == low:
            low = intervals.pop()[0]
        intervals.append((low, high))
    return _or(str(low) if low == high else f"{low} to {high}" for low, high in intervals)


def _values(blocks: ValueBlocks, chosen: Collection[int]) -> str:
    """The values, or those left out where they are fewer."""
    named = [value for block in sorted(chosen) for value in blocks.members[block]]
    others = [value for block in range(blocks.count) if block not in chosen for value in blocks.members[block]]
    if len(others) * 2 < len(named):
        return f"not {others[0]}" if len(others) == 1 else f"none of {', '.join(others)}"
    order = {value: place for place, value in enumerate(blocks.question.option_ids)}
    return _or(sorted(named, key=lambda value: order.get(value, 0)))


# --- sets of options ------------------------------------------------------------------------

Literal = tuple[int, str]
"""Blocks, as bits, and the words for them: a test that the rules use, or its negation."""


def _options(compiled: Compiled, blocks: Blocks, chosen: Collection[int]) -> str:
    """A test or its negation where one is just this, else several, joined by "or".

    Each alternative is as wide as it can be, so that no test is named needlessly.
    """
    wanted = sum(1 << block for block in chosen)
    literals = _literals(compiled, blocks)
    exact = next((words for passing, words in literals if passing == wanted), None)
    if exact is not None:
        return exact
    alternatives = []
    left = wanted
    while left:
        first = (left & -left).bit_length() - 1
        passing, words = _alternative([literal for literal in literals if literal[0] >> first & 1], wanted)
        alternatives.append(words)
        left &= ~passing
    return _or(alternatives)


def _alternative(literals: Sequence[Literal], wanted: int) -> tuple[int, str]:
    """The blocks that pass all of `literals`, as few of these as keep within `wanted`."""
    kept = list(literals)
    for literal in reversed(literals):
        rest = [other for other in kept if other is not literal]
        if rest and not _passing(rest) & ~wanted:
            kept = rest
    return _passing(kept), " and ".join(words for _, words in kept)


def _passing(literals: Sequence[Literal]) -> int:
    passing = -1
    for blocks, _ in literals:
        passing &= blocks
    return passing


def _literals(compiled: Compiled, blocks: Blocks) -> list[Literal]:
    """Every test of the question that decides, and its negation, in words."""
    found = []
    for test in _option_tests(compiled, blocks.question):
        passing = blocks.passing(test)
        names = _names(blocks.question, test.options)
        if len(test.options) == 1:
            words = (names, f"not {names}")
        elif test.every:
            words = (f"all of {names}", f"not all of {names}")
        else:
            words = (f"one or more of {names}", f"none of {names}")
        found += [(passing, words[0]), (blocks.everything & ~passing, words[1])]
    return found


def _option_tests(compiled: Compiled, question: Question) -> Iterator[OptionsTest]:
    tests = (test for condition in deciding_conditions(compiled.rule_set) for test in tests_of(condition))
    for test in tests_by_subject(tests).get(question.id, ()):
        assert isinstance(test, OptionsTest)  # the question has several options
        yield test


def _names(question: Question, options: Collection[str]) -> str:
    """Options in file order, or the group that is just these."""
    group = next((group.id for group in question.groups if set(group.options) == set(options)), None)
    return group or ", ".join(option for option in question.option_ids if option in options)


def _or(words: Collection[str] | Iterator[str]) -> str:
    return " or ".join(words)
