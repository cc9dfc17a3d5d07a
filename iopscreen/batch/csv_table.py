"""A CSV file as record batches of texts: read as `run.screen_file` reads it, for tables and for Spark."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import pyarrow as pa

from iopscreen.batch.header import read_top
from iopscreen.batch.lines import Form, Source, long_cells, records, text_encoding
from iopscreen.batch.opening import BatchOptions
from iopscreen.batch.rows import is_blank, long_row, reasons
from iopscreen.ruleset.model import RuleSet

Faults = Mapping[int, Sequence[str]]


class CsvTable:
    """The rows of one file. A column without a name gets one."""

    raw = None
    only: Collection[int] | None = None
    decode: Mapping[int, Callable[[str], object]] = {}

    def __init__(self, read: Callable[[int], bytes], name: str, rule_set: RuleSet, options: BatchOptions) -> None:
        encoding = text_encoding(options.encoding)
        self._source = Source(read, name)
        with long_cells():
            choices = options.choices
            top = read_top(self._source.lines(), name, encoding, rule_set, choices)
        self._source.put_back(top.left_over)
        self._form = Form(name, encoding, top.delimiter, len(top.headers))
        self.headers = [header if header.strip() else f"column_{place}" for place, header in enumerate(top.cells, 1)]
        self.schema = pa.schema([(name, pa.string()) for name in self.headers])
        self._rows = 0

    def batches(self, most: int) -> Iterator[tuple[pa.RecordBatch, Faults]]:
        """The rows, `most` at a time, and by row what is wrong with it as a whole.

        Short rows are padded; the cells of a long one that have no column are told with what is wrong
        with it, for they have no other place. Raises IopscreenError for a file that is refused.
        """
        rows: list[list[str]] = []
        faults: dict[int, Sequence[str]] = {}
        width = self._form.width
        with long_cells():
            for found, raw, wrong in records(self._source.lines(), self._form, self._source.line):
                if is_blank(found, raw, width):
                    continue
                cells = found or [""] * width
                why = self._reasons(cells, wrong)
                if why:
                    faults[len(rows)] = why
                rows.append([*cells[:width], *[""] * (width - len(cells))])
                if len(rows) == most:
                    yield self._batch(rows), faults
                    rows, faults = [], {}
        yield self._batch(rows), faults

    def count(self) -> int:
        """How many rows were read."""
        return self._rows

    def _reasons(self, cells: Sequence[str], wrong: Sequence[str]) -> Sequence[str]:
        width = self._form.width
        if len(cells) <= width:
            return reasons(cells, wrong, width)
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(map(_as_text, cells[width:]))
        extra = f"{long_row(len(cells), width)}; those without a column: {text.getvalue()}"
        return [*wrong, extra]

    def _batch(self, rows: Sequence[Sequence[str]]) -> pa.RecordBatch:
        self._rows += len(rows)
        columns: list[Sequence[str]] = [*zip(*rows, strict=True)] or [()] * len(self.headers)
        return pa.RecordBatch.from_arrays(
            [pa.array(map(_as_text, cells), pa.string()) for cells in columns], schema=self.schema
        )


def _as_text(cell: str) -> str:
    """Bytes that are no text have no place in a table; their row is a problem, and says so."""
    return cell.encode("utf-8", "replace").decode()
