"""The other readings of a rule set: a setting at another value, everything else as it is, or several at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from iopscreen.engine.budget import Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.effect import Effects
from iopscreen.engine.readings import MAX_READINGS, joint_readings, single_readings
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import Condition, Setting

MAX_JOINT_READINGS = 64
"""Of how many other readings each is looked at before a test or a rule is called needless."""


class OtherReading(NamedTuple):
    """A setting, and a value that it does not have."""

    setting: Setting
    value: str | int


def other_readings(compiled: Compiled) -> tuple[OtherReading, ...]:
    """Every other value of one setting that may decide otherwise, in file order. Raises TooTangled where too many."""
    found = [
        OtherReading(setting, value)
        for setting in compiled.rule_set.settings
        for value in single_readings(compiled, setting)
    ]
    if len(found) > MAX_READINGS:
        raise TooTangled
    return tuple(found)


def reached(
    compiled: Compiled, readings: tuple[OtherReading, ...], silent: Collection[int], budget: Budget
) -> dict[int, OtherReading]:
    """By position of a rule that never decides, the first other reading under which it decides somebody.

    A hint beside a verdict: what cannot be looked at in time says nothing.
    """
    found: dict[int, OtherReading] = {}
    for reading in readings:
        left = [position for position in silent if position not in found]
        try:
            for position in _deciding(compiled, reading, left, budget):
                found[position] = reading
        except TooTangled:
            break
    return found


def first_reading(
    compiled: Compiled, readings: tuple[OtherReading, ...], wanted: Callable[[Compiled], bool]
) -> OtherReading | None:
    """The first of `readings` under which the rule set is as `wanted`. Raises what compiling it raises."""
    under = ((one, compile_rule_set(compiled.rule_set, {one.setting.id: one.value})) for one in readings)
    return next((reading for reading, other in under if wanted(other)), None)


def _deciding(compiled: Compiled, reading: OtherReading, among: Sequence[int], budget: Budget) -> Iterator[int]:
    try:
        other = compile_rule_set(compiled.rule_set, {reading.setting.id: reading.value})
    except TooTangledToCompile:
        return
    budget.look()
    verdicts = Verdicts(other, budget)
    yield from (position for position in among if verdicts.decides(position))


# --- what is needless under every reading ---------------------------------------------------


class Change(NamedTuple):
    """A rule that has another condition, or (None) is left out."""

    position: int
    condition: Condition | None


Reading = Mapping[str, str | int]
"""Other values of some settings, by their ids; empty for those that could not all be looked at."""


class Mattering(NamedTuple):
    """Changes that alter a recommendation under another reading, each with the first such one.

    With an empty reading where there are too many, or they are too tangled. `left_open`: those of which it
    is not known because time ran out.
    """

    under: Mapping[Change, Reading]
    left_open: frozenset[Change] = frozenset()


def mattering_under(compiled: Compiled, changes: Collection[Change], budget: Budget) -> Mattering:
    """What becomes of changes that alter no recommendation with the settings as they are."""
    found: dict[Change, Reading] = {}
    if not changes:
        return Mattering(found)
    readings = list(islice(joint_readings(compiled), MAX_JOINT_READINGS + 1))
    try:
        for reading in readings[:MAX_JOINT_READINGS]:
            left = [change for change in changes if change not in found]
            for change in _mattering(compiled, reading, left, budget):
                found[change] = reading
        complete = len(readings) <= MAX_JOINT_READINGS
    except OutOfTime:
        return Mattering(found, frozenset(changes) - found.keys())
    except (TooTangled, TooTangledToCompile):
        complete = False
    return Mattering(found if complete else {change: found.get(change, {}) for change in changes})


def _mattering(compiled: Compiled, reading: Reading, among: Sequence[Change], budget: Budget) -> Iterator[Change]:
    if not among:
        return
    effects = Effects(Verdicts(compile_rule_set(compiled.rule_set, reading), budget))
    for change in among:
        position, condition = change
        same = effects.without_rule(position) if condition is None else effects.with_condition(position, condition)
        if same is None:
            yield change
