"""A dry run: how every column and every distinct value of a file would be read, and what would come of it.

Values are told apart up to a limit, so that memory stays bounded whatever the file; the others are
counted by whether they can be read. Columns that answer no question are named, and their cells shown to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from iopscreen.batch.compare import Earlier
from iopscreen.batch.header import Doubtful
from iopscreen.batch.lines import Record, long_cells, records
from iopscreen.batch.opening import BatchOptions, Opened, opened_file
from iopscreen.batch.parts import Part
from iopscreen.batch.rows import Rows
from iopscreen.batch.run import Progress
from iopscreen.batch.summary import Summary, summed
from iopscreen.batch.writer import formula_cells
from iopscreen.engine.compiled import Compiled
from iopscreen.ruleset.model import Answer, Question
from iopscreen.ruleset.values import AnswerReader, Unreadable

MAX_VALUES = 1000
"""How many values of a column are told apart."""
MAX_TEXT = 200
"""Characters of a value that is told apart from others."""
MAX_FAULTS = 100
"""How many reasons for rows that cannot be read as a whole are told apart."""
ROWS_BETWEEN_REPORTS = 4096


@dataclass(slots=True)
class Value:
    """A distinct value of a column, without outer blanks. `read`: the answer, or why it is none.

    `rows`: how many rows have it; `line`: where the first of them stands.
    """

    text: str
    read: Answer | Unreadable
    line: int
    rows: int = 0

    @property
    def unreadable(self) -> bool:
        """Whether it is no answer."""
        return isinstance(self.read, Unreadable)


class ColumnPreview:
    """A column and how its values are read by `question`. `settled`: whether it answers it, or only may."""

    def __init__(self, place: int, header: str, question: Question, read: AnswerReader, *, settled: bool) -> None:
        self.place = place
        self.header = header
        self.question = question
        self.settled = settled
        self.expected = read.expected
        self.more_read = 0
        self.more_unreadable = 0
        self._read = read
        self._values: dict[str, Value] = {}

    def add(self, cell: str, line: int) -> bool:
        """Count one cell; whether it is an answer. Of values past MAX_VALUES, and of long ones, only that is kept."""
        text = cell.strip()
        value = self._values.get(text)
        if value is None:
            value = Value(text, self._answer(cell), line)
            if len(self._values) >= MAX_VALUES or len(text) > MAX_TEXT:
                self.more_unreadable += value.unreadable
                self.more_read += not value.unreadable
                return not value.unreadable
            self._values[text] = value
        value.rows += 1
        return not value.unreadable

    def _answer(self, cell: str) -> Answer | Unreadable:
        try:
            return self._read(cell)
        except Unreadable as error:
            return error

    @property
    def values(self) -> list[Value]:
        """Values that are no answer first, then by how many rows have them."""
        return sorted(self._values.values(), key=lambda value: (not value.unreadable, -value.rows, value.line))

    @property
    def unreadable(self) -> int:
        """Rows with a value that is no answer."""
        return sum(value.rows for value in self._values.values() if value.unreadable) + self.more_unreadable


@dataclass(slots=True)
class Fault:
    """Why rows are a problem though each of their cells may be an answer; the line of the first."""

    reason: str
    line: int
    rows: int = 0


@dataclass(frozen=True)
class Preview:
    """What a dry run found. `doubts`: why the run would be refused; `summary`: what it would come to otherwise."""

    name: str
    encoding: str
    delimiter: str
    columns: tuple[ColumnPreview, ...]
    faults: tuple[Fault, ...]
    doubts: tuple[str, ...]
    summary: Summary

    def refuse_doubts(self) -> None:
        """Raise Doubtful where the run would."""
        if self.doubts:
            raise Doubtful(self.doubts)


def preview(
    compiled: Compiled,
    source: BinaryIO,
    options: BatchOptions,
    *,
    name: str,
    progress: Progress | None = None,
    earlier: Earlier | None = None,
) -> Preview:
    """Read all of `source`, and write nothing. Raises IopscreenError for a file that is refused."""
    with long_cells():
        opened = opened_file(compiled, source, options, name=name, earlier=earlier)
        seen = _Seen(opened)
        at = opened.rows.line
        for record in records(opened.rows.lines(), opened.writer.form, at):
            seen.add(record, at + 1, opened.rows.line - at)
            at = opened.rows.line
            if progress and seen.total.rows % ROWS_BETWEEN_REPORTS == 0:
                progress(seen.total.rows, seen.total.size)
    form = opened.writer.form
    faults = tuple(sorted(seen.faults.values(), key=lambda fault: (-fault.rows, fault.line)))
    summary = summed(seen.total, opened)
    return Preview(name, form.encoding, form.delimiter, tuple(seen.columns), faults, opened.doubts, summary)


class _Seen:
    """What was seen of a file so far."""

    def __init__(self, opened: Opened) -> None:
        top = opened.top
        self.columns = list(_columns(opened))
        self.faults: dict[str, Fault] = {}
        self.total = Part(lines=top.lines, blank_lines=top.blank_lines, formula_cells=formula_cells(top.cells))
        self._rows = Rows(opened.deciding, opened.writer)

    def add(self, record: Record, line: int, count: int) -> None:
        """Read one record of `count` lines, the first of them `line`."""
        cells, _, faults = record
        part = Part()
        self._rows.add(part, record, count)
        self.total.add(part)
        if not part.rows:
            return
        cells = cells or [""]  # a row of one column that is blank
        whole = not faults and len(cells) == self._rows.width
        read = [column.add(cells[column.place], line) or not column.settled for column in self.columns] if whole else []
        for problem in part.problems if all(read) else ():
            for reason in problem.reasons:
                self._fault(reason, line)

    def _fault(self, reason: str, line: int) -> None:
        if reason not in self.faults and len(self.faults) >= MAX_FAULTS:
            reason = "other problems"
        self.faults.setdefault(reason, Fault(reason, line)).rows += 1


def _columns(opened: Opened) -> Iterator[ColumnPreview]:
    """The columns that answer questions, and those that may, in the order of the file."""
    headers, decider = opened.top.headers, opened.decider
    likely = [(headers.index(header), name) for header, name in (*opened.columns.doubts, *opened.columns.near)]
    for place, name in sorted([*((at, name) for name, at in decider.place.items()), *likely]):
        question = decider.compiled.rule_set.question[name]
        settled = name in decider.place
        yield ColumnPreview(place, headers[place], question, decider.readers[name], settled=settled)
