"""Record batches in, their appended columns out: what tables and Spark have in common.

A cell has a type here: a truth value, a number, a list. It becomes the text that means the same, and
the text becomes an answer where all texts do. Cells become classes column by column, what was met so
far and the next class become one number per row, and each combination is decided once (see `cells.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from sys import getsizeof
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from iopscreen.batch.cells import MAX_BYTES, MAX_TEXT, MAX_TEXTS, UNKNOWN, UNREADABLE, Column, Deciding, Tail
from iopscreen.batch.parts import Told
from iopscreen.batch.texts import cells_of, text_of
from iopscreen.engine.kept import PLACE, Kept
from iopscreen.ruleset.values import SEPARATORS

Classes = tuple[int, ...]
Decode = Callable[[Any], Any]
"""From what a column holds to the value that it stands for."""


def by_value(cells: pa.Array) -> pa.DictionaryArray | None:
    """A column by its different cells; None where its type is one of which those are not told apart."""
    if pa.types.is_nested(cells.type):
        return None
    try:
        return cells.dictionary_encode()
    except pa.ArrowNotImplementedError:  # UUIDs and other extensions, short decimals
        return None


class Untold(Exception):
    """A cell is none that could be told: its time is in a zone that nobody knows, or longer than any in Python."""


def values(cells: pa.Array) -> list[Any]:
    """The cells of a column. Python's own times are less fine than those of a table. Raises Untold."""
    try:
        if pa.types.is_temporal(cells.type) and not pa.types.is_duration(cells.type):
            cells = cells.cast(pa.string())
        found: list[Any] = cells.to_pylist()
    except (pa.ArrowInvalid, ArithmeticError, ValueError, LookupError):
        raise Untold(f"a column of the type {cells.type} holds a time that cannot be told; leave it out") from None
    return found


class Appended(NamedTuple):
    """The columns behind a batch, in the order of their names, and how many rows were told what."""

    columns: list[pa.Array]
    resting: pa.Array
    """Per row, the questions on whose assumed answers its recommendation rests, joined by `;`."""
    told: Counter[Told]


class _Tails(Kept[Classes, Tail | None]):
    """What is appended to rows by their classes; None where a cell is no answer, for that names the cell."""

    def __init__(self, deciding: Deciding) -> None:
        super().__init__(MAX_BYTES)
        self._deciding = deciding

    def find(self, classes: Classes) -> Tail | None:
        return None if UNREADABLE in classes else self._deciding.tail(classes)

    def size_of_key(self, classes: Classes) -> int:
        return PLACE * len(classes)

    def size_of(self, tail: Tail | None) -> int:
        return len(tail.data) if tail else 0


class Screener:
    """Screens record batches of one table. `decode`: by place, how a column is read that does not hold its values."""

    def __init__(self, deciding: Deciding, width: int, decode: Mapping[int, Decode] | None = None) -> None:
        self._deciding = deciding
        self._width = width
        self._decode = decode or {}
        self._columns = list(deciding.columns)
        self._known: list[dict[Any, int]] = [{} for _ in self._columns]
        """Per column, the class of values met."""
        self._tails = _Tails(deciding)

    def appended(self, batch: pa.RecordBatch, faults: Mapping[int, Sequence[str]] | None = None) -> Appended:
        """What is appended to a batch. `faults`: by row, what is wrong with it as a whole; its cells are not read."""
        combinations, numbers = self._combinations(batch)
        tails = [self._tails[classes] for classes in combinations]
        if None in tails or faults:
            numbers, tails = self._one_by_one(batch, numbers, tails, faults or {})
        return self._taken([tail for tail in tails if tail is not None], pa.array(numbers, pa.int64()))

    # --- rows -> the number of their combination of classes ---

    def _combinations(self, batch: pa.RecordBatch) -> tuple[list[Classes], pa.Array]:
        """The different combinations of classes in `batch`, and which of them each row has."""
        combinations: list[Classes] = [()]
        numbers = pa.array([0] * batch.num_rows, pa.int64())
        for place, column in enumerate(self._columns):
            classes = self._classes(place, column, batch.column(column.at))
            together = pc.add(pc.multiply(numbers, column.classes), classes).dictionary_encode()
            found = [divmod(number, column.classes) for number in together.dictionary.to_pylist()]
            combinations = [(*combinations[before], number) for before, number in found]
            numbers = together.indices.cast(pa.int64())
        return combinations, numbers

    def _classes(self, place: int, column: Column, cells: pa.Array) -> pa.Array:
        """The class of each cell of a column."""
        decode = self._decode.get(column.at)
        met = by_value(cells)
        if met is None:
            return pa.array([self._class(place, column, cell) for cell in values(cells)], pa.int64())
        found = values(met.dictionary)
        if decode:
            found = [None if value is None else decode(value) for value in found]
        classes = pa.array([self._class(place, column, value) for value in found], pa.int64())
        return pc.fill_null(classes.take(met.indices), UNKNOWN)

    def _class(self, place: int, column: Column, cell: Any) -> int:
        if cell is None:
            return UNKNOWN
        text = text_of(cell)
        known = self._known[place]
        found = known.get(text)
        if found is None:
            found = column.class_of(text)
            if getsizeof(text) <= MAX_TEXT:
                if len(known) >= MAX_TEXTS // len(self._columns):
                    known.clear()
                known[text] = found
        return found

    # --- combinations -> tails ---

    def _one_by_one(
        self,
        batch: pa.RecordBatch,
        numbers: pa.Array,
        tails: Sequence[Tail | None],
        faults: Mapping[int, Sequence[str]],
    ) -> tuple[list[int], list[Tail | None]]:
        """The same with a tail of its own for each row with a problem."""
        more = list(tails)
        found: list[int] = numbers.to_pylist()
        for row, number in enumerate(found):
            if row in faults:
                found[row] = len(more)
                more.append(self._deciding.problem(faults[row]))
            elif tails[number] is None:
                found[row] = len(more)
                more.append(self._deciding.unreadable(self._texts(batch, row)))
        places = {place: new for new, place in enumerate(place for place, tail in enumerate(more) if tail is not None)}
        return [places[number] for number in found], more

    def _texts(self, batch: pa.RecordBatch, row: int) -> list[str]:
        """The cells of a row as texts, those that matter; half a character, which JSON can hold, by its number."""
        texts = [""] * self._width
        for column in self._columns:
            (cell,) = values(batch.column(column.at).slice(row, 1))
            decode = self._decode.get(column.at)
            text = text_of(decode(cell) if decode and cell is not None else cell)
            texts[column.at] = text.encode("utf-8", "backslashreplace").decode()
        return texts

    def _taken(self, tails: Sequence[Tail], numbers: pa.Array) -> Appended:
        """The cells of each row's tail, column by column."""
        rows = [cells_of(tail) for tail in tails]
        columns = [pa.array(cells, pa.string()).take(numbers) for cells in zip(*rows, strict=True)] if rows else []
        resting = pa.array([SEPARATORS[0].join(sorted(tail.told.resting)) for tail in tails], pa.string())
        told: Counter[Told] = Counter()
        for item in numbers.value_counts().to_pylist():
            told[tails[item["values"]].told] += item["counts"]
        return Appended(columns, resting.take(numbers), told)
