"""What a pattern captures of records -> their states: which columns are looked up together, and how.

Adjacent columns of few texts are captured and looked up as one *unit*, as they are written: that takes
a fraction of the time. Which they are, and which columns hold nothing but plain cells, is seen from a sample.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from operator import add
from typing import NamedTuple

from iopscreen.batch import cells, pattern
from iopscreen.batch.cells import Texts
from iopscreen.batch.pattern import Shape

MAX_UNITS = 4096
"""How many texts the columns of one unit may have together, by the sample."""


class Wanted(NamedTuple):
    """The columns that matter, in the order of the file, with what their texts weigh; how many states they make."""

    texts: Mapping[int, Texts]
    states: int


class Plan(NamedTuple):
    """How records are captured: the columns of each unit, and those that hold plain cells."""

    groups: tuple[range, ...]
    plain: frozenset[int] = frozenset()


class Capture:
    """A pattern, and the states of the records that it finds.

    With `whole`, each piece that it finds is the record, its units, and a line that is no record; else its
    units alone, and the state of a line that is no record is below 0.
    """

    def __init__(
        self, shape: Shape, wanted: Wanted, plan: Plan, encoding: str, *, whole: bool = False, ascii_only: bool = False
    ) -> None:
        plain_units = [] if whole else [group for group in plan.groups if plan.plain.issuperset(group)]
        self.pattern = pattern.records(
            shape,
            plan.groups,
            plan.plain,
            unlooked={column for group in plain_units for column in group},
            ascii_only=ascii_only,
            whole=whole,
        )
        most = max(1, cells.MAX_TEXTS // len(plan.groups))
        self._units = [
            _Units(wanted, group, shape, encoding, most, plain=group in plain_units) for group in plan.groups
        ]
        self._single = not whole and len(plan.groups) == 1
        if not whole:
            self._units[0].marked = True

    def columns(self, window: bytes) -> list[Sequence[bytes]]:
        """What each group captures, piece by piece."""
        found = self.pattern.findall(window)
        return [found] if self._single else list(zip(*found, strict=True))

    def states(self, columns: Sequence[Sequence[bytes]]) -> list[int]:
        """The states of the records whose units `columns` are."""
        first, *others = (map(units.__getitem__, column) for units, column in zip(self._units, columns, strict=True))
        for weights in others:
            first = map(add, first, weights)
        return list(first)


class _Units(dict[bytes, int]):
    """What the cells of each unit met weigh together. With `plain`, a unit with another cell is of no record.

    To look so at each unit that is met for the first time takes no time; in the pattern it takes a fifth of it all.
    """

    def __init__(
        self, wanted: Wanted, group: range, shape: Shape, encoding: str, most: int, *, plain: bool = False
    ) -> None:
        super().__init__()
        self._texts = [wanted.texts[at] for at in group]
        self._no_record = -wanted.states
        self._group = group
        self._shape = shape
        self._encoding = encoding
        self._most = most
        plain_cells = re.escape(shape.delimiter).join([pattern.plain_cell(shape)] * len(group))
        self._is_plain = re.compile(plain_cells).fullmatch if plain else None
        self.marked = False
        """Whether the units are captured with a delimiter."""

    def __missing__(self, unit: bytes) -> int:
        empty = not unit and (self.marked or len(self._group) > 1)
        weighs = self._no_record if empty else self._weigh(unit)
        if len(unit) <= cells.MAX_TEXT:
            if len(self) >= self._most:
                self.clear()
            self[unit] = weighs
        return weighs

    def _weigh(self, unit: bytes) -> int:
        written = pattern.unmarked(self._shape, unit, self._group) if self.marked else unit
        if self._is_plain and not self._is_plain(written):
            return self._no_record
        text = written.decode(self._encoding)
        delimiter = self._shape.delimiter.decode("ascii")
        plain = '"' not in text
        found = text.split(delimiter) if plain else next(csv.reader([text], delimiter=delimiter, strict=True))
        return sum(texts[cell] for texts, cell in zip(self._texts, found, strict=True))


def singly(wanted: Wanted) -> Plan:
    """A plan that expects nothing of the cells."""
    return Plan(tuple(range(at, at + 1) for at in wanted.texts))


def plan(shape: Shape, wanted: Wanted, sample: bytes) -> Plan:
    """A plan for records like those in `sample`."""
    every = [range(column, column + 1) for column in range(shape.width)]
    found = pattern.records(shape, every, whole=True).findall(sample)
    columns = [set(column) for column in zip(*(piece for piece in found if piece[0]), strict=True)][1:-1]
    if not columns:
        return singly(wanted)
    is_plain = re.compile(pattern.plain_cell(shape)).fullmatch
    plain = frozenset(at for at, texts in enumerate(columns) if all(map(is_plain, texts)))
    return Plan(_units(wanted, [len(texts) for texts in columns]), plain)


def _units(wanted: Wanted, counts: Sequence[int]) -> tuple[range, ...]:
    """Adjacent columns together, while they have few texts; never all columns of the file."""
    groups: list[range] = []
    texts = 0
    for at in wanted.texts:
        last = groups[-1] if groups else range(0)
        joined = range(last.start, at + 1)
        if last.stop == at and groups and texts * counts[at] <= MAX_UNITS and len(joined) < len(counts):
            groups[-1] = joined
            texts *= counts[at]
        else:
            groups.append(range(at, at + 1))
            texts = counts[at]
    return tuple(groups)
