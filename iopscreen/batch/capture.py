"""What a pattern captures of records -> their states: which columns are looked up together, and how.

Adjacent columns of few texts are captured and looked up as one *unit*, as they are written: that takes
a fraction of the time. Which they are, and which columns hold nothing but plain cells, is seen from a sample.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import add
from sys import getsizeof
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

    @property
    def plain_groups(self) -> list[range]:
        """The units of nothing but plain cells: whoever looks one up looks whether it is one."""
        return [group for group in self.groups if self.plain.issuperset(group)]

    @property
    def unlooked(self) -> set[int]:
        """Their columns, which a pattern need not look at."""
        return {column for group in self.plain_groups for column in group}


class Exact:
    """A pattern, made for a plan, of which each piece is the record, its units, and a line that is no record.

    Without a plan each column is captured by itself: what expects nothing of the cells. `loose`: the pattern is
    one of `loose_records`.
    """

    def __init__(
        self,
        shape: Shape,
        wanted: Wanted,
        plan: Plan | None,
        encoding: str,
        *,
        ascii_only: bool = False,
        loose: bool = False,
    ) -> None:
        self.loose = loose
        self._shape = shape
        self._ascii_only = ascii_only
        self._plan = plan
        groups = plan.groups if plan else _singly(wanted)
        self._units = _units_of(shape, wanted, groups, encoding, plan.plain_groups if plan and loose else [])
        # The record comes first.
        self._places = [1 + group.start for group in groups]

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        # To make one takes as long as to read a thousand lines without it, and not every plan is followed.
        groups = self._plan.groups if self._plan else each_column(self._shape)
        if self._plan and self.loose:
            return pattern.loose_records(self._shape, groups, self._plan.plain, self._plan.unlooked)
        return pattern.records(self._shape, groups, ascii_only=self._ascii_only)

    def pieces(self, window: bytes) -> list[tuple[bytes, ...]]:
        """What is found in whole lines from the start of a record on."""
        return self._pattern.findall(window)

    def is_record(self, record: bytes) -> bool:
        """Whether `record`, with an end behind it, is one."""
        found = self._pattern.match(record + self._shape.end)
        return found is not None and found[1] == record

    def states(self, pieces: Sequence[tuple[bytes, ...]]) -> list[int]:
        """The states of the pieces that are records; of no record, or one that a plan did not expect, any number."""
        units = self._units
        if self._plan:
            captured = [piece[1] for piece in pieces] if len(units) == 1 else [piece[1:-1] for piece in pieces]
            return _learning(units, lambda: _in_columns(units, captured), lambda: _by_pieces(units, captured))
        columns = list(zip(*pieces, strict=True))
        picked = [columns[place] for place in self._places]
        return _learning(units, lambda: picked, lambda: _by_columns(units, picked))


class Quick:
    """A quick pattern, made for a plan: each piece that it finds is the units of a record. For text that `is_quick`."""

    def __init__(self, shape: Shape, wanted: Wanted, plan: Plan, encoding: str) -> None:
        self._pattern = pattern.quick_records(shape, plan.groups, plan.plain, plan.unlooked)
        self._units = _units_of(shape, wanted, plan.groups, encoding, plan.plain_groups)
        self._units[0].marked = True

    def pieces(self, window: bytes) -> list[Any]:
        """A piece for each record, or line that is none: its unit, or all of them."""
        return self._pattern.findall(window)

    def states(self, pieces: Sequence[Any]) -> list[int]:
        """The states of the records; of a line that is none, a number below 0."""
        units = self._units
        return _learning(units, lambda: _in_columns(units, pieces), lambda: _by_pieces(units, pieces))


def _learning(
    units: Sequence[_Units], columns: Callable[[], Sequence[Sequence[bytes]]], states: Callable[[], list[int]]
) -> list[int]:
    """What `states` gives once all in `columns` is known: to ask a dict that need not know takes a third longer."""
    try:
        return states()
    except KeyError:
        pass
    for unit, column in zip(units, columns(), strict=True):
        unit.learn(column)
    found = states()
    for unit in units:
        unit.make_room()
    return found


def _in_columns(units: Sequence[_Units], pieces: Sequence[Any]) -> Sequence[Sequence[bytes]]:
    return [pieces] if len(units) == 1 else list(zip(*pieces, strict=True))


def _by_pieces(units: Sequence[_Units], pieces: Sequence[Any]) -> list[int]:
    # Piece by piece, without a list for each unit, takes two thirds of the time.
    match [unit.weigh for unit in units]:
        case [one]:
            return list(map(one.__getitem__, pieces))
        case [one, two]:
            return [one[first] + two[second] for first, second in pieces]
        case [one, two, three]:
            return [one[first] + two[second] + three[third] for first, second, third in pieces]
    return _by_columns(units, _in_columns(units, pieces))


def _by_columns(units: Sequence[_Units], columns: Sequence[Sequence[bytes]]) -> list[int]:
    first, *others = (map(unit.weigh.__getitem__, column) for unit, column in zip(units, columns, strict=True))
    for weights in others:
        first = map(add, first, weights)
    return list(first)


class _Units:
    """What the cells of each unit met `weigh` together. With `plain`, a unit with another cell is of no record.

    To look so at each unit that is met for the first time takes no time; in the pattern it takes a fifth of it all.
    """

    def __init__(
        self, wanted: Wanted, group: range, shape: Shape, encoding: str, most: int, *, plain: bool = False
    ) -> None:
        self.weigh: dict[bytes, int] = {}
        self._texts = [wanted.texts[at] for at in group]
        self._no_record = -wanted.states
        self._group = group
        self._shape = shape
        self._encoding = encoding
        self._most = most
        plain_cells = re.escape(shape.delimiter).join([pattern.plain_cell(shape)] * len(group))
        self._is_plain = re.compile(plain_cells).fullmatch if plain else None
        self._long: list[bytes] = []
        self.marked = False
        """Whether the units are captured with a delimiter."""

    def learn(self, units: Sequence[bytes]) -> None:
        """Know what each of `units` weighs, and still what those weigh that were met before, if there is room."""
        new = set(units).difference(self.weigh)
        if len(self.weigh) + len(new) > self._most:
            self.weigh.clear()
            new = set(units)
        self.weigh.update((unit, self._weight(unit)) for unit in new)
        self._long = [unit for unit in new if getsizeof(unit) > cells.MAX_TEXT]

    def make_room(self) -> None:
        """Forget what takes too much of it."""
        if len(self.weigh) > self._most:
            self.weigh.clear()
        for unit in self._long:
            self.weigh.pop(unit, None)

    def _weight(self, unit: bytes) -> int:
        if not unit and (self.marked or len(self._group) > 1):
            return self._no_record
        written = pattern.unmarked(self._shape, unit, self._group) if self.marked else unit
        if self._is_plain and not self._is_plain(written):
            return self._no_record
        text = written.decode(self._encoding)
        delimiter = self._shape.delimiter.decode("ascii")
        plain = '"' not in text
        try:
            found = text.split(delimiter) if plain else next(csv.reader([text], delimiter=delimiter, strict=True))
        except csv.Error:  # a loose pattern took more than a record
            return self._no_record
        return sum(texts[cell] for texts, cell in zip(self._texts, found, strict=True))


def _units_of(
    shape: Shape, wanted: Wanted, groups: Sequence[range], encoding: str, plain: Sequence[range] = ()
) -> list[_Units]:
    most = max(1, cells.MAX_TEXTS // len(groups))
    return [_Units(wanted, group, shape, encoding, most, plain=group in plain) for group in groups]


def each_column(shape: Shape) -> list[range]:
    """Each column by itself."""
    return [range(column, column + 1) for column in range(shape.width)]


def _singly(wanted: Wanted) -> tuple[range, ...]:
    return tuple(range(at, at + 1) for at in wanted.texts)


def plan(shape: Shape, wanted: Wanted, sample: bytes) -> Plan:
    """A plan for records like those in `sample`."""
    found = pattern.records(shape, each_column(shape)).findall(sample)
    columns = [set(column) for column in zip(*(piece for piece in found if piece[0]), strict=True)][1:-1]
    if not columns:
        return Plan(_singly(wanted))
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
