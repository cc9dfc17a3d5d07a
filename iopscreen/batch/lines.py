"""Bytes -> records, with nothing lost: every record comes with the very bytes it was read from.

`csv.reader` alone cannot be trusted with real files: a quote that is never closed swallows the
callers that follow it, and goes on as if nothing had happened. Here such a file is refused, at
the line where the quote was opened.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from iopscreen.errors import IopscreenError

BLOCK = 1 << 18
MAX_LINE = 1 << 22
"""Bytes of one line. A longer one is no table, and would not fit into memory."""
MAX_RECORD = 1 << 24
"""Bytes of one record of several lines."""
MAX_CELL = 1 << 20
"""Characters of one cell: more than any spreadsheet holds, and where an open quote is given up."""

_UTF_16 = "the file is in UTF-16; save it as UTF-8 (in a spreadsheet: `CSV UTF-8`)"
_WORKBOOK = "this is a workbook, not a CSV file; save it as `CSV UTF-8` in the spreadsheet program"
_MAGIC = {
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"PK\x03\x04": _WORKBOOK,
    b"\xd0\xcf\x11\xe0": _WORKBOOK,
}


class Record(NamedTuple):
    """One record: its cells, its bytes as they came, its first line, and what is wrong with it as a whole."""

    cells: list[str]
    raw: bytes
    line: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written: what messages call it, encoding, delimiter, cells in its header."""

    name: str
    encoding: str
    delimiter: str
    width: int


def text_encoding(encoding: str) -> str:
    """The name of a known encoding in which ASCII text is ASCII. Raises IopscreenError."""
    ascii_bytes = bytes(range(128))
    try:
        name = codecs.lookup(encoding).name
        known = ascii_bytes.decode(name) == ascii_bytes.decode("ascii")
    except (LookupError, ValueError):
        known = False
    if not known:
        raise IopscreenError(f"`--encoding {encoding}` is not an encoding that is read here, such as utf-8 or cp1252")
    return "utf-8" if name == "utf-8-sig" else name


def physical_lines(read: Callable[[int], bytes], name: str) -> Iterator[bytes]:
    r"""The lines of a file with their ends (`\n`, `\r\n` or `\r`), the last one perhaps without.

    Raises IopscreenError for what is no text, and past MAX_LINE.
    """
    rest = b""
    number = 0
    while block := read(BLOCK):
        if number == 0 and not rest:
            _refuse_magic(block, name)
        lines = (rest + block).splitlines(keepends=True)
        # A `\r` at the end of a block may be half of a `\r\n`.
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        number += len(lines)
        if len(rest) > MAX_LINE:
            raise IopscreenError(f"{name}:{number + 1}: line is longer than {MAX_LINE:,} bytes: not a CSV file")
        yield from lines
    if rest:
        yield from rest.splitlines(keepends=True)


def _refuse_magic(block: bytes, name: str) -> None:
    for magic, message in _MAGIC.items():
        if block.startswith(magic):
            raise IopscreenError(f"{name}: {message}")


def decoded(line: bytes, encoding: str) -> tuple[str, bool]:
    """The text of `line`, and whether all of it could be decoded; bytes that cannot be are kept as surrogates."""
    try:
        return line.decode(encoding), True
    except UnicodeDecodeError:
        return line.decode(encoding, "surrogateescape"), False


def records(lines: Iterator[bytes], form: Form, number: int) -> Iterator[Record]:
    """The records in `lines`, blank lines too (without cells). `number` lines came before.

    Raises IopscreenError where what is one record and what is the next cannot be told.
    """
    feed = _Feed(lines, form, number)
    try:
        for cells in csv.reader(feed.texts(), delimiter=form.delimiter, strict=True):
            yield feed.take(cells)
    except csv.Error:
        # The words of the csv module say what its state was, not what to mend.
        raise feed.refusal() from None


@contextmanager
def long_cells() -> Iterator[None]:
    """Cells of up to MAX_CELL characters, whatever the csv module was told before."""
    before = csv.field_size_limit(MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class _Feed:
    """Lines as text for `csv.reader`, those of the present record kept."""

    def __init__(self, lines: Iterator[bytes], form: Form, number: int) -> None:
        self.lines = lines
        self.form = form
        self.number = number
        """Lines of the records that were taken."""
        self.kept: list[bytes] = []
        self.more = 0
        """Bytes of the record's lines after its first."""
        self.faults: tuple[str, ...] = ()

    def texts(self) -> Iterator[str]:
        encoding = self.form.encoding
        for line in self.lines:
            if self.kept:
                self.more += len(line)
                if self.more > MAX_RECORD:
                    raise self.refusal()
            self.kept.append(line)
            text, whole = decoded(line, encoding)
            if not whole or "\0" in text:
                self._add_faults(text, whole)
            yield text

    def _add_faults(self, text: str, whole: bool) -> None:
        if not whole:
            remedy = "save the file as UTF-8, or name its encoding with `--encoding`"
            self.faults += (f"the row holds bytes that are not {self.form.encoding} text: {remedy}",)
        if "\0" in text:
            self.faults += ("the row holds a NUL character",)

    def take(self, cells: list[str]) -> Record:
        """The record of all lines kept."""
        kept = self.kept
        first = self.number + 1
        if len(kept) == 1:
            record = Record(cells, kept[0], first, self.faults)
        else:
            if len(cells) != self.form.width:
                raise self.refusal()
            if self._looks_like_rows():
                self.faults += ("each line of this row looks like a row of its own: a quote may stand alone in it",)
            record = Record(cells, b"".join(kept), first, tuple(dict.fromkeys(self.faults)))
            self.more = 0
        self.number += len(kept)
        kept.clear()
        self.faults = ()
        return record

    def _looks_like_rows(self) -> bool:
        """Whether each line holds as many cells as the header when quotes count for nothing.

        Two cells that are a single quote (a ditto mark) make one record of two callers.
        """
        delimiter, width = self.form.delimiter, self.form.width
        counts = {decoded(line, self.form.encoding)[0].count(delimiter) for line in self.kept}
        return width > 2 and counts == {width - 1}

    def refusal(self) -> IopscreenError:
        """Why the lines kept are no record, at the line where the quote was opened that is to blame."""
        text = "".join(decoded(line, self.form.encoding)[0] for line in self.kept)
        blame = _quote_to_blame(text, self.form.delimiter)
        if blame is None:
            return self._refused(0, f"a cell is longer than {MAX_CELL:,} characters: not a CSV file")
        if not re.search("[\r\n]", text[blame:].rstrip("\r\n")) and _QUOTED.match(text, blame):
            return self._refused(blame, 'text follows a closing quote; inside a quoted cell, write a quote twice, `""`')
        return self._refused(blame, "the quote opened on this line was probably never closed; close it, or remove it")

    def _refused(self, at: int, message: str) -> IopscreenError:
        """`message` for the line in which the character `at` of the lines kept stands."""
        line = self.number + 1
        for kept in self.kept:
            at -= len(decoded(kept, self.form.encoding)[0])
            if at < 0:
                break
            line += 1
        return IopscreenError(f"{self.form.name}:{line}: {message}")


_QUOTED = re.compile('"(?:[^"]++|"")*+"')


def _quote_to_blame(text: str, delimiter: str) -> int | None:
    """Where the quote stands that opens a cell which does not end as one should.

    Where all do: that of the first cell of several lines. None where there is none of these.
    """
    of_several_lines = None
    at = 0
    while at < len(text):
        if text[at] != '"':
            at = text.find(delimiter, at) + 1
            if at == 0:
                break
            continue
        quoted = _QUOTED.match(text, at)
        if quoted is None or text[quoted.end() : quoted.end() + 1] not in ("", delimiter, "\r", "\n"):
            return at
        if of_several_lines is None and re.search("[\r\n]", quoted.group()):
            of_several_lines = at
        at = quoted.end() + 1
    return of_several_lines
