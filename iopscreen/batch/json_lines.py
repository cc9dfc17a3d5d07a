"""JSON lines as record batches, for tables: each value as it is written, or with types that DuckDB finds."""

from __future__ import annotations

import glob
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from iopscreen.batch.header import UTF_8_MARK
from iopscreen.errors import IopscreenError

Faults = Mapping[int, Sequence[str]]
Decode = Callable[[str], Any]


class LinesTable:
    """JSON lines. Each value is a text of JSON here; the lines are kept as they came."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._source = source
        self._name = name
        keys, self._count = _scanned(source, name)
        self.schema = pa.schema([(key, pa.string()) for key in keys])
        self.decode: dict[int, Decode] = dict.fromkeys(range(len(keys)), json.loads)
        self.raw: list[bytes] = []
        self.only: Collection[int] | None = None
        """The columns that are read, where the others come out in the lines as they are; None is all."""

    def batches(self, most: int) -> Iterator[tuple[pa.RecordBatch, Faults]]:
        """The rows."""
        found = _objects(self._source, self._name)
        while rows := list(islice(found, most)):
            self.raw = [line for line, _ in rows]
            columns = [
                pa.array([_json_or_null(value.get(key)) for _, value in rows], pa.string())
                if self.only is None or place in self.only
                else pa.nulls(len(rows), pa.string())
                for place, key in enumerate(self.schema.names)
            ]
            yield pa.RecordBatch.from_arrays(columns, self.schema.names), {}

    def count(self) -> int:
        """How many objects were found at first sight."""
        return self._count


class TypedLinesTable:
    """JSON lines with the types that fit every line."""

    raw = None
    only: Collection[int] | None = None

    def __init__(self, source: BinaryIO, name: str) -> None:
        import duckdb

        _, self._count = _scanned(source, name)
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


def _scanned(source: BinaryIO, name: str) -> tuple[list[str], int]:
    """The keys of all objects, in the order in which they come up, and how many objects there are."""
    keys: dict[str, None] = {}
    count = 0
    for _, value in _objects(source, name):
        keys.update(dict.fromkeys(value))
        count += 1
    if not all(map(_is_text, keys)):
        raise IopscreenError(f"{name}: a name in it is no text: an escape such as `\\ud83d` is half a character")
    return list(keys), count


def _objects(source: BinaryIO, name: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The lines that are not blank, and what they hold. Raises IopscreenError where that is no object."""
    source.seek(0)
    for number, line in enumerate(source, 1):
        text = (line.removeprefix(UTF_8_MARK) if number == 1 else line).strip()
        if not text:
            continue
        try:
            value = _DECODER.decode(text.decode())
        except (ValueError, RecursionError):  # what the parser says of it may hold what it holds
            value = None
        if not isinstance(value, dict):
            raise IopscreenError(f"{name}:{number}: is no JSON object in UTF-8 on one line")
        yield text, value


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. One with two values of one name is none."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _number(text: str) -> int | str:
    """A number with a point: a whole one if it is that, else as it is written."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else text


_DECODER = json.JSONDecoder(object_pairs_hook=_only_once, parse_float=_number, parse_constant=str)


def _is_text(name: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in name)


def _json_or_null(value: Any) -> str | None:
    """A value as JSON, in ASCII: half a character is a text there, and nowhere else."""
    return None if value is None else json.dumps(value)
