"""The other readings of a rule set: one setting at another value, everything else as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from iopscreen.engine.budget import Budget, TooTangled
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.explain import MAX_READINGS, single_readings
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import Setting


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


def _deciding(compiled: Compiled, reading: OtherReading, among: Sequence[int], budget: Budget) -> Iterator[int]:
    try:
        other = compile_rule_set(compiled.rule_set, {reading.setting.id: reading.value})
    except TooTangledToCompile:
        return
    budget.look()
    verdicts = Verdicts(other, budget)
    yield from (position for position in among if verdicts.decides(position))
