"""The other readings of a rule set: which other values of its settings may decide otherwise, and are worth a look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import NamedTuple, TypeVar

from iopscreen.engine.blocks import interval
from iopscreen.engine.compiled import Compiled, conditions_of, deciding_conditions
from iopscreen.ruleset.model import NO, YES, Answers, Bound, Kind, NumberTest, Setting, ValueTest, tests_of

MAX_READINGS = 256
"""How many of them are looked at."""


def single_readings(compiled: Compiled, setting: Setting) -> Iterator[str | int]:
    """Other values of one setting: enough of them to tell whether any could change a recommendation.

    The nearest numbers first, else in file order; none for a setting on which nothing that decides rests.
    """
    return (changed[setting.id] for changed in changed_together(compiled, {}, [setting]))


def joint_readings(compiled: Compiled) -> Iterator[dict[str, str | int]]:
    """Every other reading, of one setting or of several at once: enough of them to tell whether any decides otherwise.

    Those that change fewer settings come first. A setting that is left out of one is as it is.
    """
    settings = [one for one in compiled.rule_set.settings if next(single_readings(compiled, one), None) is not None]
    for number in range(1, len(settings) + 1):
        for chosen in combinations(settings, number):
            yield from changed_together(compiled, {}, chosen)


def changed_together(compiled: Compiled, answers: Answers, chosen: Sequence[Setting]) -> Iterator[dict[str, str | int]]:
    """Other values for all `chosen` settings at once.

    Two numbers are told apart at most by lying 0, 1, or 2 and more from each other, so that of
    `n` numbers in a row none needs to be more than `2 * n` away from one that stands still.
    """
    reach = 2 * sum(setting.kind is Kind.WHOLE_NUMBER for setting in chosen)
    values = [_other_values(compiled, answers, setting, reach) for setting in chosen]
    for together in product(*values):
        yield dict(zip((setting.id for setting in chosen), together, strict=True))


def _other_values(compiled: Compiled, answers: Answers, setting: Setting, reach: int) -> Sequence[str | int]:
    """The values of a setting that may decide otherwise than its present one; none where it is not tested."""
    if setting.kind is Kind.WHOLE_NUMBER:
        return _other_numbers(compiled, answers, setting.id, reach)
    tests = [
        test
        for condition in deciding_conditions(compiled.rule_set)
        for test in tests_of(condition)
        if isinstance(test, ValueTest) and test.subject == setting.id
    ]
    options = [option.id for option in setting.options] or [YES, NO]
    present = str(compiled.readings[setting.id])
    return _first_of_each(present, options, lambda value: [value in test.values for test in tests])


def _other_numbers(compiled: Compiled, answers: Answers, setting: str, reach: int) -> list[int]:
    """Numbers up to `reach` away from those that the setting is compared with; the nearest to its own first.

    Compared with nothing but known numbers, all that matters is which comparisons hold. Numbers
    that no rule file could hold, because a question has no such answer, are left out.
    """
    present = compiled.readings[setting]
    assert isinstance(present, int)
    comparisons = _comparisons(compiled, answers)
    linked = _linked(comparisons, setting)
    mine = [comparison for comparison in comparisons if comparison.names & linked]
    ranges = _ranges_of_tested(compiled, setting)
    still = {end for tested in ranges for end in (tested[0], tested[-1])} if mine else set()
    still |= _standing_still(compiled, mine, linked - {setting})
    near = {number + step for number in still for step in range(-reach, reach + 1)}
    near |= {present - 1, present + 1}  # not needed, but what a person would think of first
    allowed = [number for number in near if all(number in tested for tested in ranges)]
    nearest = sorted(allowed, key=lambda number: (abs(number - present), number))
    if linked != {setting}:
        return [number for number in nearest if number != present]
    return _first_of_each(present, nearest, lambda number: [one.holds(setting, number) for one in mine])


V = TypeVar("V", str, int)


def _first_of_each(present: V, values: Iterable[V], verdicts: Callable[[V], list[bool]]) -> list[V]:
    """The first of `values` with each list of verdicts other than that of the present one."""
    first = {tuple(verdicts(present)): present}
    for value in values:
        first.setdefault(tuple(verdicts(value)), value)
    return list(first.values())[1:]


class _Comparison(NamedTuple):
    """A number is held against a bound: a known answer, or by its id an open question or a setting."""

    number: int | str
    bound: Bound

    @property
    def names(self) -> set[str]:
        """The open questions and settings that are compared."""
        return {side for side in (self.number, self.bound.limit) if isinstance(side, str)}

    def holds(self, setting: str, value: int) -> bool:
        """Whether the number keeps to the bound, where nothing but `setting` has a name."""
        low, high = interval([self.bound], {setting: value})
        number = self.number if isinstance(self.number, int) else value
        return (low is None or low <= number) and (high is None or number <= high)


def _comparisons(compiled: Compiled, answers: Answers) -> list[_Comparison]:
    """Every comparison of whole numbers that can bear on the recommendation."""
    known = {name: answer for name, answer in answers.items() if isinstance(answer, int)}
    return [
        _Comparison(known.get(test.subject, test.subject), bound)
        for condition in deciding_conditions(compiled.rule_set)
        for test in tests_of(condition)
        if isinstance(test, NumberTest)
        for bound in test.bounds
    ]


def _linked(comparisons: Iterable[_Comparison], setting: str) -> set[str]:
    """The setting, and all that is compared with it directly or through one another."""
    linked: set[str] = set()
    grown = {setting}
    while grown != linked:
        linked = grown
        grown = linked.union(*(one.names for one in comparisons if one.names & linked))
    return linked


def _standing_still(compiled: Compiled, comparisons: Iterable[_Comparison], others: Iterable[str]) -> set[int]:
    """The numbers in `comparisons`, and of the `others` compared: ends of a range, values of settings."""
    numbers = {side for one in comparisons for side in (one.number, one.bound.limit) if isinstance(side, int)}
    for name in others:
        value = compiled.readings.get(name)
        if isinstance(value, int):
            numbers.add(value)
        else:
            question = compiled.rule_set.question[name]
            numbers |= {question.low, question.high}
    return numbers


def _ranges_of_tested(compiled: Compiled, setting: str) -> list[range]:
    """The ranges of the questions that any condition holds against the setting."""
    questions = compiled.rule_set.question
    return [
        range(questions[test.subject].low, questions[test.subject].high + 1)
        for condition in conditions_of(compiled.rule_set)
        for test in tests_of(condition)
        if isinstance(test, NumberTest) and test.subject in questions
        if any(bound.limit == setting for bound in test.bounds)
    ]
