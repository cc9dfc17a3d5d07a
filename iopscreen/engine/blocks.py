"""Each question's domain, cut into the coarsest blocks that no test can tell apart.

A whole number is cut at the thresholds used, options are grouped by the tests that name
them, a set of options by which tests it meets: each of `any`, `all` and `none` is a test
of its own, so that two blocks may pass a condition alike. So a domain of any size becomes a
few blocks. (DMN's "unary tests"; Yang and Lam's atomic predicates.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import NO, YES, Bound, Kind, NumberTest, OptionsTest, Question, Test, Value, ValueTest

MAX_BLOCKS = 1 << 15

NOWHERE = Place(0, 0)

Readings = Mapping[str, str | int]
"""The value of each setting, by id."""


class TooManyBlocks(Exception):
    """The rules tell too many answers of one question apart."""

    def __init__(self, question: Question) -> None:
        super().__init__(
            f"the rules tell more than {MAX_BLOCKS:,} answers of `{question.id}` apart; "
            "ask about some of its options in questions of their own"
        )
        self.question = question


class Blocks(ABC):
    """The blocks 0, 1, ... of one question, in file order (numbers: ascending)."""

    def __init__(self, question: Question, count: int) -> None:
        self.question = question
        self.count = count

    @property
    def everything(self) -> int:
        """All blocks, as bits."""
        return (1 << self.count) - 1

    @abstractmethod
    def passing(self, test: Test) -> int:
        """The blocks that pass `test`, as bits. `test` must be among those the blocks were cut for."""

    @abstractmethod
    def block_of(self, value: Value) -> int:
        """The block that holds `value`."""

    @abstractmethod
    def example(self, block: int) -> Value:
        """The first value of a block: first in file order, smallest, fewest options."""

    @abstractmethod
    def nearest(self, block: int, value: Value) -> tuple[tuple[int, ...], Value]:
        """The value of a block that is nearest to `value`, and how far it is.

        Near is: the nearest number, the fewest options changed, else the first in file order.
        Distances of one question compare as tuples.
        """


class ValueBlocks(Blocks):
    """`yes_no` and `one`: values that the same tests name are one block."""

    def __init__(self, question: Question, tests: Sequence[ValueTest]) -> None:
        values = (YES, NO) if question.kind is Kind.YES_NO else question.option_ids
        by_signature: dict[tuple[bool, ...], list[str]] = {}
        for value in values:
            signature = tuple(value in test.values for test in tests)
            by_signature.setdefault(signature, []).append(value)
        self.members = list(by_signature.values())
        self._block = {value: block for block, members in enumerate(self.members) for value in members}
        self._order = {value: place for place, value in enumerate(values)}
        super().__init__(question, len(self.members))

    def passing(self, test: Test) -> int:
        assert isinstance(test, ValueTest)
        return sum(1 << block for block, members in enumerate(self.members) if members[0] in test.values)

    def block_of(self, value: Value) -> int:
        assert isinstance(value, str)
        return self._block[value]

    def example(self, block: int) -> Value:
        return self.members[block][0]

    def nearest(self, block: int, value: Value) -> tuple[tuple[int, ...], Value]:
        del value  # no answer of these is nearer than another
        first = self.members[block][0]
        return (self._order[first],), first


class NumberBlocks(Blocks):
    """Whole numbers: the intervals between thresholds. `starts[i]` is the first number of block i."""

    def __init__(self, question: Question, tests: Sequence[NumberTest], readings: Readings) -> None:
        cuts = {question.low}
        for test in tests:
            low, high = interval(test.bounds, readings)
            cuts.update(cut for cut in (low, None if high is None else high + 1) if cut is not None)
        self.starts = sorted(cut for cut in cuts if question.low <= cut <= question.high)
        self.ends = [start - 1 for start in self.starts[1:]] + [question.high]
        self._readings = readings
        super().__init__(question, len(self.starts))

    def passing(self, test: Test) -> int:
        assert isinstance(test, NumberTest)
        low, high = interval(test.bounds, self._readings)
        return sum(
            1 << block
            for block, start in enumerate(self.starts)
            if (low is None or low <= start) and (high is None or start <= high)
        )

    def block_of(self, value: Value) -> int:
        assert isinstance(value, int)
        return bisect_right(self.starts, value) - 1

    def example(self, block: int) -> Value:
        return self.starts[block]

    def nearest(self, block: int, value: Value) -> tuple[tuple[int, ...], Value]:
        assert isinstance(value, int)
        number = min(max(value, self.starts[block]), self.ends[block])
        return (abs(number - value), number), number


def interval(bounds: Iterable[Bound], readings: Readings) -> tuple[int | None, int | None]:
    """The lowest and highest number that keeps to every bound; None where nothing bounds it."""
    low: int | None = None
    high: int | None = None
    for bound in bounds:
        limit = bound.limit if isinstance(bound.limit, int) else readings[bound.limit]
        assert isinstance(limit, int)
        floor = {"at_least": limit, "above": limit + 1, "is": limit}.get(bound.op)
        ceiling = {"at_most": limit, "below": limit - 1, "is": limit}.get(bound.op)
        low = floor if low is None else low if floor is None else max(low, floor)
        high = ceiling if high is None else high if ceiling is None else min(high, ceiling)
    return low, high


Signature = tuple[int, int]
"""Of a set of options: the "any" tests that it meets, and the "every" tests that it misses, as bits."""


class _Marks(NamedTuple):
    """What naming (or not naming) one option does to a signature."""

    meets: int
    misses: int


class OptionBlocks(Blocks):
    """`many`: sets of options that meet the same tests are one block. No set is empty."""

    def __init__(self, question: Question, tests: Sequence[OptionsTest]) -> None:
        self._any = [test for test in tests if not test.every]
        self._every = [test for test in tests if test.every]
        self._options = question.option_ids
        self._marks = [self._marks_of(option) for option in self._options]
        self._place = {option: place for place, option in enumerate(self._options)}
        self._wanted = [frozenset(self._place[option] for option in test.options) for test in self._every]
        self._alone = [option.alone for option in question.options]
        super().__init__(question, 0)
        found = self._nearest_sets(frozenset())
        in_order = sorted(found.items(), key=lambda item: (len(item[1]), item[1]))
        self._signatures = [signature for signature, _ in in_order]
        self._examples = [self._ids(places) for _, places in in_order]
        self._block = {signature: block for block, signature in enumerate(self._signatures)}
        self._near: dict[Value, dict[Signature, tuple[int, ...]]] = {}
        self.count = len(in_order)

    def _marks_of(self, option: str) -> _Marks:
        meets = sum(1 << place for place, test in enumerate(self._any) if option in test.options)
        misses = sum(1 << place for place, test in enumerate(self._every) if option in test.options)
        return _Marks(meets, misses)

    def _ids(self, places: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._options[place] for place in sorted(places))

    def _signature(self, places: frozenset[int]) -> Signature:
        meets = misses = 0
        for place in places:
            meets |= self._marks[place].meets
        for number, wanted in enumerate(self._wanted):
            if not wanted <= places:
                misses |= 1 << number
        return meets, misses

    def _nearest_sets(self, known: frozenset[int]) -> dict[Signature, tuple[int, ...]]:
        """By signature, the places to change in `known` to get a set of that signature.

        Fewest changes first, then those that come first in the file: the smaller of two such
        tuples stays the smaller whatever later place is added to both, so one pass over the
        options keeps the best of each signature.
        """
        best: dict[tuple[Signature, bool], tuple[int, ...]] = {((0, 0), False): ()}
        for place, marks in enumerate(self._marks):
            grown: dict[tuple[Signature, bool], tuple[int, ...]] = {}
            for ((meets, misses), some), changes in best.items():
                for named in (False,) if self._alone[place] else (False, True):
                    signature = (meets | marks.meets, misses) if named else (meets, misses | marks.misses)
                    changed = (*changes, place) if named != (place in known) else changes
                    key = (signature, some or named)
                    if key not in grown or (len(changed), changed) < (len(grown[key]), grown[key]):
                        grown[key] = changed
            best = grown
            if len(best) > 2 * MAX_BLOCKS:
                raise TooManyBlocks(self.question)
        found = {signature: changes for (signature, some), changes in best.items() if some}
        for place, alone in enumerate(self._alone):
            if alone:
                changes = tuple(sorted(known ^ {place}))
                signature = self._signature(frozenset([place]))
                if signature not in found or (len(changes), changes) < (len(found[signature]), found[signature]):
                    found[signature] = changes
        if len(found) > MAX_BLOCKS:
            raise TooManyBlocks(self.question)
        return found

    def passing(self, test: Test) -> int:
        assert isinstance(test, OptionsTest)
        if test.every:
            bit = 1 << self._every.index(test)
            return sum(1 << block for block, (_, misses) in enumerate(self._signatures) if not misses & bit)
        bit = 1 << self._any.index(test)
        return sum(1 << block for block, (meets, _) in enumerate(self._signatures) if meets & bit)

    def block_of(self, value: Value) -> int:
        assert isinstance(value, tuple)
        return self._block[self._signature(frozenset(self._place[option] for option in value))]

    def example(self, block: int) -> Value:
        return self._examples[block]

    def nearest(self, block: int, value: Value) -> tuple[tuple[int, ...], Value]:
        assert isinstance(value, tuple)
        known = frozenset(self._place[option] for option in value)
        if value not in self._near:
            self._near = {value: self._nearest_sets(known)}
        changes = self._near[value][self._signatures[block]]
        return (len(changes), *changes), self._ids(known ^ frozenset(changes))


def cut(question: Question, tests: Sequence[Test], readings: Readings) -> Blocks:
    """The blocks of `question` under `tests` of it, each once. Raises TooManyBlocks."""
    if question.kind is Kind.WHOLE_NUMBER:
        return NumberBlocks(question, [test for test in tests if isinstance(test, NumberTest)], readings)
    if question.kind is Kind.MANY:
        return OptionBlocks(question, [test for test in tests if isinstance(test, OptionsTest)])
    return ValueBlocks(question, [test for test in tests if isinstance(test, ValueTest)])


def tests_by_subject(tests: Iterable[Test]) -> dict[str, list[Test]]:
    """`tests` by what they test, without repetitions and places."""
    found: dict[str, dict[Hashable, Test]] = {}
    for test in tests:
        mine = found.setdefault(test.subject, {})
        key = meaning(test)
        if key not in mine:
            mine[key] = unplaced(test)
    return {subject: list(mine.values()) for subject, mine in found.items()}


def meaning(test: Test) -> Hashable:
    """What a test asks of its subject, wherever it stands: tests of one subject that mean the same are equal here."""
    if isinstance(test, NumberTest):
        return tuple([(bound.op, bound.limit) for bound in test.bounds])
    return test.values if isinstance(test, ValueTest) else (test.options, test.every)


def unplaced(test: Test) -> Test:
    """`test` without its place, so that equal tests are equal values."""
    if isinstance(test, NumberTest):
        return NumberTest(test.subject, tuple(bound._replace(place=NOWHERE) for bound in test.bounds), NOWHERE)
    return test._replace(place=NOWHERE) if isinstance(test, ValueTest) else test._replace(place=NOWHERE, part="")
