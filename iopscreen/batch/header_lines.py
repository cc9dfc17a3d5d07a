"""A header of several lines: what its columns are called, and whether one of its lines is a row.

Spreadsheets write names of several lines, in quotes. A quote that stands alone in a header looks the
same up to where the next one stands alone, in some row, and would draw its caller into a name.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate

from iopscreen.batch.lines import quote_to_blame
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.values import name_key

_LINE_END = re.compile("\r\n|\r|\n")


# --- names ----------------------------------------------------------------------------------


def first_line(cell: str) -> str:
    """What a column is called: the first line of its header, for what follows may be more than a name."""
    name, *more = _LINE_END.split(cell, maxsplit=1)
    return name.rstrip() if more else name


def names_of(cells: Sequence[str]) -> tuple[str, ...]:
    """What each column is called, on one line, told apart where two first lines are alike."""
    lines = [first_line(cell) for cell in cells]
    alike = Counter(map(name_key, lines))
    for place, (cell, line) in enumerate(zip(cells, lines, strict=True), 1):
        if line.strip() and line != cell and alike[name_key(line)] > 1:
            lines[place - 1] = f"{line} (column {place})"
    return tuple(lines)


def refuse_unnamed(cells: Sequence[str], where: str) -> None:
    """Refuse a name that begins below the first line of its cell: it could not be told. Raises IopscreenError."""
    for place, cell in enumerate(cells, 1):
        if cell.strip() and not first_line(cell).strip():
            message = f"the name of column {place} begins with a line end; write it on one line"
            raise IopscreenError(f"{where}: {message}, or remove a quote that stands alone")


# --- rows -----------------------------------------------------------------------------------


def line_of_a_row(header: Sequence[str], below: Sequence[str], cells: Sequence[str], delimiter: str) -> int | None:
    """Which of the header's lines, from 0, looks like a row; None where each looks like a part of names.

    `below`: some lines that follow it.
    """
    if len(header) == 1:
        return None
    within = (line for line, text in _continued(cells) if _like_cells(text, delimiter, len(cells)))
    return next(within, None) or (1 if _closed_within_a_row(header, below, cells, delimiter) else None)


def line_of_the_quote(header: Sequence[str], delimiter: str, row: int) -> int:
    """The line, from 0, with the quote that was opened last before the line `row`."""
    text = "".join(header[:row])
    blame = quote_to_blame(text, delimiter)
    ends = accumulate(map(len, header[:row]))
    return 0 if blame is None else sum(blame >= end for end in ends)


def _continued(cells: Sequence[str]) -> list[tuple[int, str]]:
    """The parts of `cells` that stand below their first line, and on which line of the header each stands."""
    found: list[tuple[int, str]] = []
    for cell in cells:
        for text in _LINE_END.split(cell)[1:]:
            found.append((len(found) + 1, text))
    return found


def _like_cells(text: str, delimiter: str, width: int) -> bool:
    """Whether a part of a name looks like cells: as many as the header has, or any without a space between.

    A list in a name, `(mania, bipolar)`, has spaces.
    """
    tight = re.search(re.escape(delimiter) + "(?! )", text)
    return tight is not None or 0 < width - 1 <= text.count(delimiter)


def _closed_within_a_row(header: Sequence[str], below: Sequence[str], cells: Sequence[str], delimiter: str) -> bool:
    """Whether the header's first line is a whole one, by the rows below it: then its last line is a row, too.

    This tells what `_like_cells` cannot, as the quote is closed within the first cells of that row.
    """
    first, *others = [line.count(delimiter) + 1 for line in header]
    if first >= len(cells):
        return False
    widths = _widths(below, delimiter)
    if not widths:
        return first > 2 and set(others) == {first}
    return widths[first] > 0 and widths[first] >= widths[len(cells)]


def _widths(below: Sequence[str], delimiter: str) -> Counter[int]:
    """How many rows in `below` have how many cells."""
    widths: Counter[int] = Counter()
    with suppress(csv.Error):  # that is for whoever reads them as rows
        widths.update(len(row) for row in csv.reader(below, delimiter=delimiter) if row)
    return widths
