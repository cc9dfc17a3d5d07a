"""Parquet and JSON lines in and out, on one machine: the extra `duckdb`.

The end of a file's name says what it is. Columns of the input keep their types, and JSON lines come out
as they went in, to the byte, with the results behind them; when a Parquet file is made of them, DuckDB
finds the types. Rows come and go in batches, so that memory does not grow with the file.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol

from iopscreen.batch.compare import Earlier
from iopscreen.batch.opening import BatchOptions, opened_table
from iopscreen.batch.parts import Part
from iopscreen.batch.summary import Summary, summed
from iopscreen.batch.writer import is_formula
from iopscreen.engine.compiled import Compiled
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.shape import shown

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[int, int], None]
Faults = Mapping[int, Sequence[str]]
Decode = Callable[[str], Any]

ROWS = 20_000
"""How many rows a batch has, at most."""


class Format(StrEnum):
    """How a table is written."""

    CSV = "CSV"
    PARQUET = "Parquet"
    JSON_LINES = "JSON lines"


_ENDINGS = {".parquet": Format.PARQUET, ".jsonl": Format.JSON_LINES, ".ndjson": Format.JSON_LINES}


def format_of(name: str) -> Format:
    """The format of a file, by its name. What says nothing else is CSV, as stdin and stdout are."""
    return _ENDINGS.get(PurePath(name).suffix.lower(), Format.CSV)


def is_table(source: str, target: str) -> bool:
    """Whether one of two files is no CSV file."""
    return {format_of(source), format_of(target)} != {Format.CSV}


def refuse_csv_options(source: str, *, problems: str | None, encoding: str, jobs: bool) -> None:
    """Refuse options that mean nothing where one of the files is a table. Raises IopscreenError."""
    if problems is not None:
        raise IopscreenError("`--problems` writes rows of a CSV file as they came; here neither file may be another")
    if jobs:
        raise IopscreenError("`--jobs` is for CSV files; a table is screened by one process")
    if format_of(source) is not Format.CSV and encoding != "utf-8":
        raise IopscreenError(f"`--encoding` is for CSV files; {format_of(source)} says itself how it is written")


def refuse_dry_run(source: str) -> None:
    """Refuse a dry run of what has no texts to read. Raises IopscreenError."""
    if format_of(source) is not Format.CSV:
        raise IopscreenError(f"`--dry-run` is for CSV files; {source} is named as {format_of(source)}")


class Files(NamedTuple):
    """What is read and written: open files, and their names."""

    source: BinaryIO
    source_name: str
    target: BinaryIO
    target_name: str


def screen_table(
    compiled: Compiled,
    files: Files,
    options: BatchOptions,
    *,
    progress: Progress | None = None,
    earlier: Earlier | None = None,
) -> Summary:
    """What `run.screen_file` does, where one of the files is no CSV file. Raises IopscreenError."""
    _refuse_without_libraries(files)
    from iopscreen.batch.texts import CellWriter
    from iopscreen.batch.typed import Screener, Untold

    with _reading(files.source_name):
        table = _table(files, compiled, options)
    headers = table.schema.names
    writer = CellWriter(files.source_name, len(headers), excel_safe=options.excel_safe)
    opened = opened_table(compiled, headers, writer, options, name=files.source_name, earlier=earlier)
    opened.refuse_doubts()
    sink = _sink(files, table, opened.added, excel_safe=options.excel_safe)
    screener = Screener(opened.deciding, len(headers), table.decode)
    if format_of(files.target_name) is Format.JSON_LINES:
        table.only = {column.at for column in opened.deciding.columns}
    total = Part()
    try:
        for batch, faults in _read(table, files.source_name):
            appended = screener.appended(batch, faults)
            sink.write([*batch.columns, *appended.columns])
            total.rows += batch.num_rows
            total.told.update(appended.told)
            if progress:
                progress(total.rows, files.source.tell())
        sink.close()
    except Untold as error:
        sink.abandon()
        raise IopscreenError(f"{files.source_name}: {error}") from None
    except BaseException:
        sink.abandon()
        raise
    _check(total, table, files.source_name)
    total.formula_cells = sink.formula_cells
    return summed(total, opened)


PACKAGES = "'duckdb>=1.5' 'pyarrow>=18'"
"""Those of the extra `duckdb`, by the names under which anybody can install them."""


def _refuse_without_libraries(files: Files) -> None:
    try:
        import duckdb  # noqa: F401
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        name = files.target_name if format_of(files.source_name) is Format.CSV else files.source_name
        message = f"{format_of(name)} needs two packages that do not come along: pip install {PACKAGES}"
        raise IopscreenError(f"{name}: {message}") from None


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """What the libraries say of a file that they cannot read may hold its contents: only the place is told.

    What the system says goes on as it is: that has a number.
    """
    import duckdb
    import pyarrow as pa

    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        what = (
            "holds JSON that DuckDB cannot read" if format_of(name) is Format.JSON_LINES else "is no whole Parquet file"
        )
        raise IopscreenError(f"{name}: {what}") from None


def _read(table: _Table, name: str) -> Iterator[tuple[pa.RecordBatch, Faults]]:
    """The batches of `table` that hold rows."""
    batches = table.batches(ROWS)
    while True:
        with _reading(name):
            found = next(batches, None)
        if found is None:
            return
        if found[0].num_rows:
            yield found


def _check(total: Part, table: _Table, name: str) -> None:
    """Rows in = rows out, each told one thing."""
    if not total.rows == table.count() == total.told.total():
        raise IopscreenError(f"{name}: not every row was accounted for; trust no result, and report this fault")


# --- reading ---------------------------------------------------------------------------------


class _Table(Protocol):
    """Rows to screen."""

    schema: pa.Schema
    only: Collection[int] | None
    """The columns that are read, where the others come out in `raw` as they are; None is all."""

    @property
    def decode(self) -> Mapping[int, Decode]:
        """By place, how the texts of a column become values, where they are JSON."""

    @property
    def raw(self) -> Sequence[bytes] | None:
        """The rows of the last batch as they came, where they are lines of JSON."""

    def batches(self, most: int) -> Iterator[tuple[pa.RecordBatch, Faults]]:
        """The rows, `most` at a time at the most, and by row what is wrong with it as a whole."""

    def count(self) -> int:
        """How many rows there are, counted otherwise than by reading them."""


def _table(files: Files, compiled: Compiled, options: BatchOptions) -> _Table:
    match format_of(files.source_name):
        case Format.PARQUET:
            return _ParquetTable(files.source, files.source_name)
        case Format.JSON_LINES:
            from iopscreen.batch.json_lines import LinesTable, TypedLinesTable

            typed = format_of(files.target_name) is Format.PARQUET
            return (TypedLinesTable if typed else LinesTable)(files.source, files.source_name)
        case Format.CSV:
            from iopscreen.batch.csv_table import CsvTable

            return CsvTable(files.source.read, files.source_name, compiled.rule_set, options)


class _ParquetTable:
    """A Parquet file."""

    raw = None
    only: Collection[int] | None = None

    def __init__(self, source: BinaryIO, name: str) -> None:
        from pyarrow.parquet import ParquetFile

        self._name = name
        self._file = ParquetFile(source)
        self.schema = self._file.schema_arrow
        self.decode: dict[int, Decode] = {}

    def batches(self, most: int) -> Iterator[tuple[pa.RecordBatch, Faults]]:
        """The rows. Raises IopscreenError for texts that are none."""
        for batch in self._file.iter_batches(batch_size=most):
            self._check_texts(batch)
            yield batch, {}

    def _check_texts(self, batch: pa.RecordBatch) -> None:
        """Nothing in the file keeps bytes of another encoding from being called a text, until one is read."""
        import pyarrow as pa

        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if pa.types.is_primitive(column.type):
                continue
            try:
                column.validate(full=True)
            except pa.ArrowInvalid:
                message = f"column {shown(name)} holds a text that is not UTF-8, or is damaged otherwise"
                raise IopscreenError(f"{self._name}: {message}") from None

    def count(self) -> int:
        """How many rows the end of the file tells."""
        rows: int = self._file.metadata.num_rows
        return rows


# --- writing ---------------------------------------------------------------------------------


class _Sink(Protocol):
    """Where rows go. `formula_cells`: how many cells of the input a spreadsheet would run."""

    formula_cells: int

    def write(self, columns: Sequence[pa.Array]) -> None:
        """Write rows, given by their columns."""

    def close(self) -> None:
        """Write what is left."""

    def abandon(self) -> None:
        """Write no more: what was written is thrown away."""


def _sink(files: Files, table: _Table, added: Sequence[str], *, excel_safe: bool) -> _Sink:
    match format_of(files.target_name):
        case Format.PARQUET:
            return _ParquetSink(files, table, added)
        case Format.JSON_LINES:
            return _LinesSink(files.target, table, added)
        case Format.CSV:
            return _CsvSink(files.target, table, added, excel_safe=excel_safe)


class _ParquetSink:
    """A Parquet file."""

    formula_cells = 0

    def __init__(self, files: Files, table: _Table, added: Sequence[str]) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        fields = [*table.schema, *(pa.field(name, pa.string()) for name in added)]
        self._schema = pa.schema(fields, metadata=table.schema.metadata)
        try:
            self._writer = ParquetWriter(files.target, self._schema)
        except pa.ArrowException:
            message = "a column of the input is of no type that is written to Parquet; name a .jsonl or .csv file"
            raise IopscreenError(f"{files.target_name}: {message}") from None

    def write(self, columns: Sequence[pa.Array]) -> None:
        """A row group."""
        import pyarrow as pa

        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        """The end of the file, without which it is none."""
        self._writer.close()

    def abandon(self) -> None:
        """Keep the writer from writing the end when it is collected, into a file that is closed by then."""
        with suppress(Exception):
            self._writer.close()
        self._writer.is_open = False


class _LinesSink:
    """JSON lines."""

    formula_cells = 0

    def __init__(self, target: BinaryIO, table: _Table, added: Sequence[str]) -> None:
        self._target = target
        self._table = table
        self._width = len(table.schema.names)
        self._names = [json.dumps(name, ensure_ascii=False) for name in (*table.schema.names, *added)]

    def write(self, columns: Sequence[pa.Array]) -> None:
        """A line for each row."""
        raw = self._table.raw
        if raw is None:
            self._target.writelines(f"{{{pairs}}}\n".encode("utf-8", "replace") for pairs in self._pairs(columns, 0))
            return
        for line, pairs in zip(raw, self._pairs(columns[self._width :], self._width), strict=True):
            body = line[:-1].rstrip()
            mark = b"" if body == b"{" else b", "
            self._target.write(b"".join([body, mark, pairs.encode("utf-8", "replace"), b"}\n"]))

    def _pairs(self, columns: Sequence[pa.Array], first: int) -> Iterator[str]:
        """Names and values of each row; `first`: the place of the first column."""
        texts = [_texts(column, _json) for column in columns]
        names = self._names[first:]
        for row in zip(*texts, strict=True):
            yield ", ".join([f"{name}: {text}" for name, text in zip(names, row, strict=True)])

    def close(self) -> None:
        """Nothing is left."""

    def abandon(self) -> None:
        """Nothing is kept."""


class _CsvSink:
    """A CSV file in UTF-8."""

    def __init__(self, target: BinaryIO, table: _Table, added: Sequence[str], *, excel_safe: bool) -> None:
        self._target = target
        self._decode = table.decode
        self._width = len(table.schema.names)
        self._excel_safe = excel_safe
        self.formula_cells = 0
        self._write([(*table.schema.names, *added)])

    def write(self, columns: Sequence[pa.Array]) -> None:
        """A line for each row."""
        self._write(zip(*[self._texts(place, column) for place, column in enumerate(columns)], strict=True))

    def _texts(self, place: int, column: pa.Array) -> list[str]:
        from iopscreen.batch.texts import text_of

        decode = self._decode.get(place)

        def text(cell: Any) -> str:
            value = decode(cell) if decode and cell is not None else cell
            return _json(value) if isinstance(value, dict) else text_of(value)

        return _texts(column, text)

    def _write(self, rows: Iterator[Sequence[str]] | list[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        for row in rows:
            formulas = [is_formula(cell) for cell in row]
            self.formula_cells += sum(formulas[: self._width])
            writer.writerow(self._safe(row, formulas) if any(formulas) else row)
        self._target.write(text.getvalue().encode("utf-8", "replace"))

    def _safe(self, row: Sequence[str], formulas: Sequence[bool]) -> Sequence[str]:
        if not self._excel_safe:
            return row
        return [f"'{cell}" if runs else cell for cell, runs in zip(row, formulas, strict=True)]

    def close(self) -> None:
        """Nothing is left."""

    def abandon(self) -> None:
        """Nothing is kept."""


def _texts(column: pa.Array, text: Callable[[Any], str]) -> list[str]:
    """The text of each cell of a column; that of equal cells is made once."""
    from iopscreen.batch.typed import by_value, values

    met = by_value(column)
    if met is None:
        return [text(cell) for cell in values(column)]
    texts = [text(cell) for cell in values(met.dictionary)]
    nothing = text(None)
    return [nothing if place is None else texts[place] for place in met.indices.to_pylist()]


def _json(cell: Any) -> str:
    try:
        return json.dumps(cell, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:  # JSON has no word for what is no number
        return json.dumps(str(cell))
