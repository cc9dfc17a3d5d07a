"""The other readings of a rule set: one setting at another value, everything else as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.diagram import TooTangled
from iopscreen.engine.explain import MAX_READINGS, single_readings
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


def reached(compiled: Compiled, readings: tuple[OtherReading, ...]) -> dict[int, OtherReading]:
    """By position of a rule, the first other reading under which it decides somebody.

    A reading that is too tangled to be looked at says nothing.
    """
    found: dict[int, OtherReading] = {}
    for reading in readings:
        for position in _deciding(compiled, reading):
            found.setdefault(position, reading)
    return found


def _deciding(compiled: Compiled, reading: OtherReading) -> Iterator[int]:
    try:
        diagram, root = compile_rule_set(compiled.rule_set, {reading.setting.id: reading.value}).whole
    except (TooTangled, TooTangledToCompile):
        return
    yield from (label for label in diagram.labels(root) if isinstance(label, int) and label >= 0)
