"""Blocks -> words: what a set of answers to one question is, as an author would write it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

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
    return " or ".join(_interval(low, high, blocks.question) for low, high in intervals)


def _interval(low: int, high: int, question: Question) -> str:
    """An interval; of one that goes on to the end of the range, where it begins, and the other way round."""
    if low == high:
        return str(low)
    if low == question.low:
        return f"up to {high}"
    return f"{low} or more" if high == question.high else f"{low} to {high}"


def _values(blocks: ValueBlocks, chosen: Collection[int]) -> str:
    """The values, or those left out where they are fewer."""
    named = [value for block in sorted(chosen) for value in blocks.members[block]]
    others = [value for block in range(blocks.count) if block not in chosen for value in blocks.members[block]]
    if len(others) * 2 < len(named):
        return f"not {others[0]}" if len(others) == 1 else f"none of {', '.join(others)}"
    order = {value: place for place, value in enumerate(blocks.question.option_ids)}
    *first, last = sorted(named, key=lambda value: order.get(value, 0))
    return f"{', '.join(first)} or {last}" if first else last


# --- sets of options ------------------------------------------------------------------------


class _Literal(NamedTuple):
    """A test that the rules use, or its negation, with the blocks that pass it, as bits."""

    passing: int
    test: OptionsTest
    wanted: bool


def _options(compiled: Compiled, blocks: Blocks, chosen: Collection[int]) -> str:
    """A test or its negation where one is just this, else several of them; the shortest that was found."""
    wanted = sum(1 << block for block in chosen)
    literals = _literals(compiled, blocks)
    exact = next((literal for literal in literals if literal.passing == wanted), None)
    if exact is not None:
        return _phrase(blocks.question, [exact])
    found = []
    for order in (literals, literals[::-1]):
        alternatives = _needed([*_alternatives(order, wanted)])
        phrases = [_phrase(blocks.question, alternative) for alternative in alternatives]
        found.append((" or " if all(" " not in phrase for phrase in phrases) else "; or ").join(phrases))
    return min(found, key=len)


def _alternatives(literals: Sequence[_Literal], wanted: int) -> Iterator[Sequence[_Literal]]:
    """Sets of literals, one of which holds in each of the blocks `wanted`, each as wide as it can be."""
    left = wanted
    while left:
        first = (left & -left).bit_length() - 1
        kept = [literal for literal in literals if literal.passing >> first & 1]
        for literal in tuple(reversed(kept)):
            rest = [other for other in kept if other is not literal]
            if rest and not _passing(rest) & ~wanted:
                kept = rest
        yield kept
        left &= ~_passing(kept)


def _needed(alternatives: list[Sequence[_Literal]]) -> list[Sequence[_Literal]]:
    """The same blocks without the alternatives, the narrowest first, that the others make needless."""
    kept = list(alternatives)
    for one in sorted(alternatives, key=lambda literals: _passing(literals).bit_count()):
        others = [other for other in kept if other is not one]
        if not _passing(one) & ~reduce(or_, map(_passing, others), 0):
            kept = others
    return kept


def _passing(literals: Sequence[_Literal]) -> int:
    passing = -1
    for literal in literals:
        passing &= literal.passing
    return passing


def _literals(compiled: Compiled, blocks: Blocks) -> list[_Literal]:
    """Every test of the question that decides, and its negation."""
    tests = (test for condition in deciding_conditions(compiled.rule_set) for test in tests_of(condition))
    found = []
    for test in tests_by_subject(tests).get(blocks.question.id, ()):
        assert isinstance(test, OptionsTest)  # the question has several options
        passing = blocks.passing(test)
        found += [_Literal(passing, test, True), _Literal(blocks.everything & ~passing, test, False)]
    return found


# --- what several tests of options say together ---------------------------------------------

Named = frozenset[str]
"""Some options."""


class _Said(NamedTuple):
    """Literals together: options that are `had` or `missed`; sets of which `some` is had, and such as are `not_all`."""

    had: Named
    missed: Named
    some: frozenset[Named]
    not_all: frozenset[Named]


def _phrase(question: Question, literals: Sequence[_Literal]) -> str:
    """What all of `literals` say: first what is had, then what is not."""
    had, missed, some, not_all = _together(literals)
    mixed = some & not_all
    groups = {frozenset(literal.test.options) for literal in literals}
    positive = [option for option in question.option_ids if option in had]
    positive += [f"{_some_words(options)} {_names(question, options)}" for options in _sorted(mixed)]
    positive += [f"one or more of {_shortest(question, options, missed, groups)}" for options in _sorted(some - mixed)]
    negative = [f"not all of {_shortest(question, options, had, groups)}" for options in _sorted(not_all - mixed)]
    if missed:
        negative.insert(0, f"{'not' if len(missed) == 1 else 'none of'} {_names(question, missed)}")
    return " but ".join(" and ".join(parts) for parts in (positive, negative) if parts)


def _some_words(options: Named) -> str:
    return "just one of" if len(options) == 2 else "some but not all of"


def _together(literals: Sequence[_Literal]) -> _Said:
    """Literals with what follows from one another: "a or b, but not a" is "b, but not a"."""
    had, missed, some, not_all = set[str](), set[str](), set[Named](), set[Named]()
    for _, test, wanted in literals:
        options = frozenset(test.options)
        if test.every or len(options) == 1:
            (some if wanted else not_all).update([frozenset([option]) for option in options] if wanted else [options])
        else:
            (some if wanted else not_all).update([options] if wanted else [frozenset([option]) for option in options])
    before = None
    while before != (had, missed):
        before = (set(had), set(missed))
        some = {options - missed for options in some if not options & had}
        not_all = {options - had for options in not_all if not options & missed}
        had |= {option for options in some if len(options) == 1 for option in options}
        missed |= {option for options in not_all if len(options) == 1 for option in options}
    some = {options for options in some if not options & had}
    not_all = {options for options in not_all if not options & missed}
    return _Said(frozenset(had), frozenset(missed), _smallest(some), _smallest(not_all))


def _smallest(several: Collection[Named]) -> frozenset[Named]:
    """The sets of options that hold none of the others."""
    return frozenset(one for one in several if not any(other < one for other in several))


def _sorted(several: Collection[Named]) -> list[Named]:
    return sorted(several, key=sorted)


def _shortest(question: Question, options: Named, beside: Named, tested: Collection[Named]) -> str:
    """The names of `options`; or of a set that a rule names, with some of `beside`, where that is shorter."""
    wider = (other for other in tested if options <= other <= options | beside)
    return min([_names(question, options), *(_names(question, other) for other in _sorted(list(wider)))], key=len)


def part_in_words(question: Question, test: OptionsTest) -> str:
    """One part of a test of options, as an author would write it; a group by its name where it is just these."""
    names = _names(question, test.options)
    return f"{test.part}: {f'[{names}]' if ', ' in names else names}"


def _names(question: Question, options: Collection[str]) -> str:
    """Options in file order, or the group that is just these."""
    group = next((group.id for group in question.groups if set(group.options) == set(options)), None)
    return group or ", ".join(option for option in question.option_ids if option in options)
