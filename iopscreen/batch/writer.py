"""A row's bytes and the cells of ours -> the row that comes out. Formulas, too, are known here alone."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from operator import itemgetter

from iopscreen.batch.lines import Form

_FORMULA_STARTS = frozenset("=+-@\t\r")
_first_character = itemgetter(slice(1))
_HARMLESS = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?|-+", re.ASCII)


def formula_cells(cells: Sequence[str]) -> int:
    """How many of `cells` a spreadsheet program may run."""
    if _FORMULA_STARTS.isdisjoint(map(_first_character, cells)):
        return 0
    return sum(map(is_formula, cells))


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet program may run `cell`. Plain numbers and dashes are harmless."""
    return cell[:1] in _FORMULA_STARTS and not _HARMLESS.fullmatch(cell)


class Writer:
    """Puts rows together from raw bytes and appended cells."""

    def __init__(self, form: Form, *, excel_safe: bool) -> None:
        self.form = form
        self.excel_safe = excel_safe
        self._mark = form.delimiter.encode(form.encoding)
        mark = re.escape(form.delimiter)
        self._cell = re.compile(rf'(?:"(?:[^"]++|"")*+"|[^{mark}]*)(?:{mark}|\Z)')

    def appended(self, cells: Sequence[str]) -> bytes:
        """`cells` of ours as bytes, each after a delimiter and on one line.

        A letter that the file's encoding lacks becomes `?`.
        """
        on_one_line = [" ".join(cell.split()) for cell in cells]
        return self._mark + self._text(on_one_line).encode(self.form.encoding, "replace")

    def leading(self, cells: Sequence[str]) -> bytes:
        """`cells` of ours as bytes, each before a delimiter and on one line."""
        return self.appended(cells)[len(self._mark) :] + self._mark

    def safe(self, cells: Sequence[str], raw: bytes) -> bytes:
        """A row as it came; formulas are made harmless."""
        body = raw.rstrip(b"\r\n")
        if self.excel_safe and any(map(is_formula, cells)):
            return self._text(cells).encode(self.form.encoding, "surrogateescape") + raw[len(body) :]
        return raw

    def odd_row(self, cells: Sequence[str], raw: bytes, appended: bytes) -> bytes:
        """A row with `appended` behind its last column, where that is more than putting them behind the row.

        A short row is padded, the extra cells of a long one follow, and formulas are made harmless.
        """
        safe = self.safe(cells, raw)
        body = safe.rstrip(b"\r\n")
        end = safe[len(body) :]
        missing = self.form.width - len(cells)
        if missing >= 0:
            return body + self._mark * missing + appended + end
        cut = self._end_of_last_column(body)
        return body[:cut] + appended + body[cut:] + end

    def _text(self, cells: Sequence[str]) -> str:
        safe = ["'" + cell if self.excel_safe and is_formula(cell) else cell for cell in cells]
        text = io.StringIO()
        # The writer quotes what its line end consists of.
        csv.writer(text, delimiter=self.form.delimiter, lineterminator="\r\n").writerow(safe)
        return text.getvalue()[:-2]

    def _end_of_last_column(self, body: bytes) -> int:
        """Where the last cell that has a header ends, in bytes; extra cells follow."""
        text = body.decode(self.form.encoding, "surrogateescape")
        at = 0
        for _ in range(self.form.width):
            found = self._cell.match(text, at)
            assert found is not None
            at = found.end()
        before = text[: at - len(self.form.delimiter)]
        return len(before.encode(self.form.encoding, "surrogateescape"))
