"""JSON lines as record batches, for tables: each value as it is written, or with types that DuckDB finds."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from iopscreen.batch.header import UTF_8_MARK
from iopscreen.errors import IopscreenError

Faults = Mapping[int, Sequence[str]]
Decode = Callable[[str], Any]


class LinesTable:
    """JSON lines. Each value is a text of JSON here; the lines are kept as they came.

    A line that is no object is a row all the same, for where it ends is certain: what stands on it is told
    with what is wrong with it, for it has no columns. In `raw`, where results are put behind what came, it
    is an empty object: behind a broken one they would be broken, too.
    """

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._source = source
        scanned = _scanned(source)
        _refuse_no_lines(scanned, name)
        keys, self._count = scanned.keys, scanned.rows
        self.schema = pa.schema([(key, pa.string()) for key in keys])
        self.decode: dict[int, Decode] = dict.fromkeys(range(len(keys)), json.loads)
        self.raw: list[bytes] = []
        self.only: Collection[int] | None = None
        """The columns that are read, where the others come out in the lines as they are; None is all."""

    def batches(self, most: int) -> Iterator[tuple[pa.RecordBatch, Faults]]:
        """The rows."""
        found = _rows(self._source)
        while rows := list(islice(found, most)):
            self.raw = [row.text if row.fault is None else b"{}" for row in rows]
            columns = [
                pa.array([_json_or_null(row.value.get(key)) for row in rows], pa.string())
                if self.only is None or place in self.only
                else pa.nulls(len(rows), pa.string())
                for place, key in enumerate(self.schema.names)
            ]
            faults = {place: [_told(row)] for place, row in enumerate(rows) if row.fault is not None}
            yield pa.RecordBatch.from_arrays(columns, self.schema.names), faults

    def count(self) -> int:
        """How many rows were found at first sight."""
        return self._count


class TypedLinesTable:
    """JSON lines with the types that fit every line.

    Here a line that is no object refuses the file: DuckDB, which finds the types, reads the file by itself.
    """

    raw = None
    only: Collection[int] | None = None

    def __init__(self, source: BinaryIO, name: str) -> None:
        import duckdb

        scanned = _scanned(source)
        _refuse_no_lines(scanned, name)
        if scanned.first is not None:
            remedy = "mend it, or write JSON lines or CSV, where it is the problem of its row"
            raise IopscreenError(f"{name}:{scanned.first.number}: {scanned.first.fault}; {remedy}")
        self._count = scanned.rows
        # Nothing is loaded from elsewhere, and nothing is put into a file in between.
        never = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "temp_directory": ""}
        self._connection = duckdb.connect(config={**never, "threads": "1"})
        query = "SELECT * FROM read_json(?, format='newline_delimited', sample_size=-1)"
        relation = self._connection.sql(query, params=[glob.escape(name)])
        is_json = [str(kind) == "JSON" for kind in relation.types]
        self.decode: dict[int, Decode] = {place: json.loads for place, is_text in enumerate(is_json) if is_text}
        self._relation = relation
        fields = zip(relation.to_arrow_reader(1).schema, is_json, strict=True)
        self.schema = pa.schema([pa.field(field.name, pa.string()) if is_text else field for field, is_text in fields])

    def batches(self, most: int) -> Iterator[tuple[pa.RecordBatch, Faults]]:
        """The rows."""
        return ((batch.cast(self.schema), {}) for batch in self._relation.to_arrow_reader(most))

    def count(self) -> int:
        """How many objects were found at first sight."""
        return self._count


class _Row(NamedTuple):
    """A line that is not blank, and what it holds; nothing where it is at fault."""

    number: int
    text: bytes
    value: Mapping[str, Any]
    fault: str | None


class _Scanned(NamedTuple):
    """All keys, in the order in which they come up; how many rows there are, how many at fault, the first of those."""

    keys: list[str]
    rows: int
    broken: int
    first: _Row | None


def _scanned(source: BinaryIO) -> _Scanned:
    keys: dict[str, None] = {}
    first = None
    count = broken = 0
    for row in _rows(source):
        count += 1
        keys.update(dict.fromkeys(row.value))
        if row.fault is not None:
            first = first or row
            broken += 1
    return _Scanned(list(keys), count, broken, first)


def _refuse_no_lines(scanned: _Scanned, name: str) -> None:
    """Refuse what is no file of JSON lines: one value over all lines has lines of which hardly any is an object."""
    if scanned.first is not None and 2 * scanned.broken > scanned.rows:
        number = f"{scanned.broken:,} of {scanned.rows:,} lines are not as they should be"
        if scanned.rows == 1:
            number = "the only line is not as it should be"
        message = f"{scanned.first.fault}; {number}"
        raise IopscreenError(f"{name}:{scanned.first.number}: {message}: JSON lines hold one object on each line")


def _rows(source: BinaryIO) -> Iterator[_Row]:
    """The lines that are not blank."""
    source.seek(0)
    for number, line in enumerate(source, 1):
        text = (line.removeprefix(UTF_8_MARK) if number == 1 else line).strip()
        if text:
            value, fault = _object(text)
            yield _Row(number, text, value, fault)


def _object(text: bytes) -> tuple[Mapping[str, Any], str | None]:
    """What a line holds, or what is wrong with it: what the parser says of that may hold what it holds."""
    try:
        value = _DECODER.decode(text.decode())
    except UnicodeDecodeError:
        return {}, "is not UTF-8 text"
    except _Twice:
        return {}, "is an object with one key twice"
    except RecursionError:
        return {}, "is nested too deeply"
    except ValueError:
        return {}, "is no JSON object that is whole on one line"
    if not isinstance(value, dict):
        return {}, "is JSON, but no object"
    if _HALF.search(text) and not _is_text(value):
        return {}, "holds half a character, which is no text"
    return value, None


_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""What may be half of a pair that is one character (a surrogate)."""


def _is_text(value: Mapping[str, Any]) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _told(row: _Row) -> str:
    """What is wrong with a row, and all that stands on its line."""
    return f"line {row.number} {row.fault}: {row.text.decode('utf-8', 'replace')}"


class _Twice(ValueError):
    """Two values have one name in an object."""


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. One with two values of one name is none."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _number(text: str) -> int | str:
    """A number with a point: a whole one if it is that, else as it is written."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else text


_DECODER = json.JSONDecoder(object_pairs_hook=_only_once, parse_float=_number, parse_constant=str)


def _json_or_null(value: Any) -> str | None:
    """A value as JSON, in ASCII: half a character is a text there, and nowhere else."""
    return None if value is None else json.dumps(value)
