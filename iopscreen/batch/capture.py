"""What a pattern captures of records -> their states: which columns are looked up together, and how.

Adjacent columns of few texts are captured and looked up as one *unit*, as they are written: that takes
a fraction of the time. Which they are, and which columns hold nothing but plain cells, is seen from a sample.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from operator import add
from typing import Any, NamedTuple

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


class Exact:
    """The exact pattern: each piece that it finds is the record, its units, and a line that is no record."""

    def __init__(
        self, shape: Shape, wanted: Wanted, groups: Sequence[range], encoding: str, *, ascii_only: bool = False
    ) -> None:
        self._pattern = pattern.records(shape, groups, ascii_only=ascii_only)
        self._units = _units_of(shape, wanted, groups, encoding)

    def columns(self, window: bytes) -> list[Sequence[bytes]]:
        """What each group captures, piece by piece."""
        return list(zip(*self._pattern.findall(window), strict=True))

    def states(self, columns: Sequence[Sequence[bytes]]) -> list[int]:
        """The states of the records whose units `columns` are."""
        return _by_columns(self._units, columns)


class Quick:
    """A quick pattern, made for a plan: each piece that it finds is the units of a record. For text that `is_quick`."""

    def __init__(self, shape: Shape, wanted: Wanted, plan: Plan, encoding: str) -> None:
        plain = [group for group in plan.groups if plan.plain.issuperset(group)]
        unlooked = {column for group in plain for column in group}
        self._pattern = pattern.quick_records(shape, plan.groups, plan.plain, unlooked)
        self._units = _units_of(shape, wanted, plan.groups, encoding, plain)
        self._units[0].marked = True

    def pieces(self, window: bytes) -> list[Any]:
        """A piece for each record, or line that is none: its unit, or all of them."""
        return self._pattern.findall(window)

    def states(self, pieces: Sequence[Any]) -> list[int]:
        """The states of the records; of a line that is none, a number below 0."""
        # Piece by piece, without a list for each unit, takes two thirds of the time.
        match self._units:
            case [one]:
                return list(map(one.__getitem__, pieces))
            case [one, two]:
                return [one[first] + two[second] for first, second in pieces]
            case [one, two, three]:
                return [one[first] + two[second] + three[third] for first, second, third in pieces]
        return _by_columns(self._units, list(zip(*pieces, strict=True)))


def _by_columns(units: Sequence[_Units], columns: Sequence[Sequence[bytes]]) -> list[int]:
    first, *others = (map(weigh.__getitem__, column) for weigh, column in zip(units, columns, strict=True))
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


def _units_of(
    shape: Shape, wanted: Wanted, groups: Sequence[range], encoding: str, plain: Sequence[range] = ()
) -> list[_Units]:
    most = max(1, cells.MAX_TEXTS // len(groups))
    return [_Units(wanted, group, shape, encoding, most, plain=group in plain) for group in groups]


def singly(wanted: Wanted) -> tuple[range, ...]:
    """Each column by itself: what expects nothing of the cells."""
    return tuple(range(at, at + 1) for at in wanted.texts)


def plan(shape: Shape, wanted: Wanted, sample: bytes) -> Plan:
    """A plan for records like those in `sample`."""
    every = [range(column, column + 1) for column in range(shape.width)]
    found = pattern.records(shape, every).findall(sample)
    columns = [set(column) for column in zip(*(piece for piece in found if piece[0]), strict=True)][1:-1]
    if not columns:
        return Plan(singly(wanted))
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
