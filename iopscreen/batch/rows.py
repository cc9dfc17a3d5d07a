"""Records -> rows with their tails, one by one: the csv module's reading of a file, which is what a file means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iopscreen.batch.cells import Deciding, States, Tail
from iopscreen.batch.lines import Record, Source, records
from iopscreen.batch.parts import Part, Problem
from iopscreen.batch.writer import Writer, formula_cells


class Rows:
    """Screens the rows of one file."""

    def __init__(self, deciding: Deciding, writer: Writer) -> None:
        self.deciding = deciding
        self.writer = writer
        self.states = States(deciding)
        self.width = writer.form.width

    def read(self, part: Part, source: Source, until: int) -> bool:
        """Add records to `part`, up to the first that ends at the byte `until` or past it, or makes it long.

        False at the end of the file. Raises IopscreenError for a file that is refused.
        """
        return any(source.at >= until or part.is_long for _ in self.each(part, source))

    def each(self, part: Part, source: Source) -> Iterator[None]:
        """Add the records from here on to `part`, one at a time. Raises IopscreenError for a file that is refused."""
        line = source.line
        for record in records(source.lines(), self.writer.form, line):
            self.add(part, record, source.line - line)
            line = source.line
            yield

    def add(self, part: Part, record: Record, count: int) -> None:
        """Add one record of `count` lines to `part`: a row with its tail, or a blank line."""
        cells, raw, faults = record
        formulas = formula_cells(cells)
        if faults or formulas or len(cells) != self.width:
            out = self._odd(part, record, formulas)
        else:
            tail = self._tail(cells)
            body = raw.rstrip(b"\r\n")
            out = body + tail.data + raw[len(body) :]
            self._count(part, record, tail)
        part.out.append(out)
        part.size += len(raw)
        part.lines += count
        part.size_out += len(out)
        part.lines_out += len(out.splitlines())

    def _odd(self, part: Part, record: Record, formulas: int) -> bytes:
        """What comes of a row that takes more than putting the appended cells behind it, or of a blank line."""
        cells, raw, faults = record
        if self.width == 1 and not cells:
            cells = [""]
        if is_blank(cells, raw, self.width):
            part.blank_lines += 1
            return raw
        found = reasons(cells, faults, self.width)
        # What the cells of a row with a fault of its own say is not asked: they may not be where they belong.
        tail = self.deciding.problem(found) if found else self._tail(cells)
        part.formula_cells += formulas
        self._count(part, record, tail)
        return self.writer.odd_row(cells, raw, tail.data)

    def _tail(self, cells: list[str]) -> Tail:
        """What is appended to a row of the right number of cells."""
        return self.states.tail(cells) or self.deciding.unreadable(cells)

    def _count(self, part: Part, record: Record, tail: Tail) -> None:
        part.rows += 1
        part.told[tail.told] += 1
        if tail.reasons:
            cells, raw, _ = record
            part.problems.append(Problem(part.lines, raw, tuple(cells), tail.reasons))


def is_blank(cells: Sequence[str], raw: bytes, width: int) -> bool:
    """Whether a record is a blank line. In a file of one column it is a row."""
    return len(cells) <= 1 < width and not raw.strip()


def reasons(cells: Sequence[str], faults: Sequence[str], width: int) -> list[str]:
    """What is wrong with a row as a whole."""
    found, have = [*faults], len(cells)
    if have < width:
        found.append(f"short row: {have} of {width} cells; a cell or a delimiter is missing")
    if have > width:
        found.append(f"{long_row(have, width)}; the extra ones stand at the end of the row")
    return found


def long_row(have: int, width: int) -> str:
    """That a row has too many cells."""
    return f"long row: {have} cells for {width} column{'' if width == 1 else 's'}"
