"""Bytes -> records, with nothing lost: every record comes with the very bytes it was read from.

`csv.reader` alone cannot be trusted with real files: a quote that is never closed swallows the
callers that follow it, and goes on as if nothing had happened. Here such a file is refused, at
the line where the quote was opened.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import AnyStr, NamedTuple

from iopscreen.errors import IopscreenError

BLOCK = 1 << 18
"""Bytes read at once."""
FIRST_LINES = 1 << 9
"""Bytes of lines looked at first: often just a few are wanted."""
MORE_LINES = 1 << 16
"""Bytes of lines looked at later: of short ones, each takes many times its own bytes."""
MAX_LINE = 1 << 22
"""Bytes of one line. A longer one is no table, and would not fit into memory."""
MAX_RECORD = 1 << 24
"""Bytes of one record of several lines."""
MAX_CELL = 1 << 20
"""Characters of one cell: more than any spreadsheet holds, and where an open quote is given up."""

_UTF_16 = "the file is in UTF-16; save it as UTF-8 (in a spreadsheet: `CSV UTF-8`)"
_WORKBOOK = "this is a workbook, not a CSV file; save it as `CSV UTF-8` in the spreadsheet program"
_PACKED = "the file is compressed; unpack it first"
_PAGE = "this is a web page, not a CSV file, whatever its name; open it in the spreadsheet program, save as `CSV UTF-8`"
_PARQUET = "this is a Parquet file, not a CSV file; give it a name that ends in .parquet"
_DOCUMENT = "this is a document, not a CSV file; export the table from where it came from, as `CSV UTF-8`"
_MAGIC = {
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"PK\x03\x04": _WORKBOOK,
    b"\xd0\xcf\x11\xe0": _WORKBOOK,
    b"\x1f\x8b": _PACKED,
    b"BZh91AY&SY": _PACKED,
    b"\xfd7zXZ": _PACKED,
    b"\x28\xb5\x2f\xfd": _PACKED,
    b"7z\xbc\xaf": _PACKED,
    b"<html": _PAGE,
    b"<!DOC": _PAGE,
    b"<table": _PAGE,
    b"%PDF-": _DOCUMENT,
    b"PAR1": _PARQUET,
    b"{\\rtf": _DOCUMENT,
}
_LONGEST_MAGIC = max(map(len, _MAGIC))


Record = tuple[list[str], bytes, tuple[str, ...]]
"""The cells of one record, its bytes as they came, and what is wrong with it as a whole."""


class Form(NamedTuple):
    """How a file is written: what messages call it, encoding, delimiter, cells in its header.

    `leading`: how many of them were put before rows that were there already (see `problems.py`).
    """

    name: str
    encoding: str
    delimiter: str
    width: int
    leading: int = 0


def text_encoding(encoding: str) -> str:
    """The name of a known encoding in which ASCII text is ASCII. Raises IopscreenError."""
    ascii_bytes = bytes(range(128))
    try:
        name = codecs.lookup(encoding).name
        known = ascii_bytes.decode(name, "surrogateescape") == ascii_bytes.decode("ascii")
    except (LookupError, ValueError):
        known = False
    if not known:
        raise IopscreenError(f"`--encoding {encoding}` is not an encoding that is read here, such as utf-8 or cp1252")
    return "utf-8" if name == "utf-8-sig" else name


class Source:
    r"""A file on its way in: what was read of it and not yet taken.

    A line ends with `\n`, `\r\n` or `\r`, the last one perhaps with nothing. `at` and `line` are how many
    bytes and lines were taken; whoever takes bytes by other means than `lines` says of how many lines they were.
    """

    def __init__(self, read: Callable[[int], bytes], name: str, at: int = 0, line: int = 0) -> None:
        self._read = read
        self._name = name
        self._data = b""
        self._start = 0
        self.at = at
        self.line = line

    def lines(self) -> Iterator[bytes]:
        """The lines from here on, each taken when it is given out.

        Raises IopscreenError for what is no text, and past MAX_LINE.
        """
        most = min(FIRST_LINES, BLOCK)
        while lines := self.stretch(most).splitlines(keepends=True) or self._long_line():
            most = min(2 * most, MORE_LINES, BLOCK)
            for line in lines:
                self.take(len(line), 1)
                yield line

    def stretch(self, most: int) -> bytes:
        """As many whole lines as fit into `most` bytes, not taken yet; none where one line alone does not fit."""
        while len(self._data) - self._start < most and self._fill():
            pass
        return self._data[self._start : end_of_lines(self._data, self._start, self._start + most)]

    def take(self, size: int, lines: int) -> None:
        """The next `size` bytes, which are `lines` lines, are done with."""
        self._start += size
        self.at += size
        self.line += lines

    def put_back(self, lines: Sequence[bytes]) -> None:
        """The lines taken last are still to come."""
        data = b"".join(lines)
        self._data = data + self._data[self._start :]
        self._start = 0
        self.at -= len(data)
        self.line -= len(lines)

    def _fill(self) -> bool:
        """Read a block more; False at the end of the file."""
        block = self._read(BLOCK)
        at_the_top = self.at == 0 and len(self._data) < _LONGEST_MAGIC
        self._data = self._data[self._start :] + block
        self._start = 0
        if at_the_top:
            _refuse_magic(self._data, self._name)
        return bool(block)

    def _long_line(self) -> list[bytes]:
        """The next line, however long, or the last one without an end; none at the end of the file."""
        searched = self._start
        while (end := first_line_end(self._data, searched)) is None:
            size = len(self._data) - self._start
            self._refuse_long(size)
            if not self._fill():
                return self._data[self._start :].splitlines(keepends=True)
            searched = max(self._start, size - 1)
        self._refuse_long(end - self._start)
        return [self._data[self._start : end]]

    def _refuse_long(self, size: int) -> None:
        if size > MAX_LINE:
            message = f"line is longer than {MAX_LINE:,} bytes: not a CSV file"
            raise IopscreenError(f"{self._name}:{self.line + 1}: {message}")


def end_of_lines(data: bytes, start: int, stop: int) -> int:
    r"""Where the last whole line of `data[start:stop]` ends; `start` where none does.

    A `\r` at the very end ends none: it may be half of a `\r\n`.
    """
    stop = min(stop, len(data))
    after = data.rfind(b"\n", start, stop) + 1 or start
    return data.rfind(b"\r", after, stop - 1) + 1 or after


def end_of(lines: bytes) -> bytes:
    """How the first of some whole lines ends."""
    first = lines.splitlines(keepends=True)[0]
    return first[len(first.rstrip(b"\r\n")) :]


_LINE_END = re.compile(rb"\n|\r\n|\r(?=[^\n])")


def first_line_end(data: bytes, start: int) -> int | None:
    """Where the first line of `data[start:]` ends that is known to be whole."""
    found = _LINE_END.search(data, start)
    return found.end() if found else None


def _refuse_magic(block: bytes, name: str) -> None:
    for magic, message in _MAGIC.items():
        if block.startswith(magic):
            raise IopscreenError(f"{name}: {message}")


def decoded(line: bytes, encoding: str) -> str:
    """The text of `line`; bytes that are none are kept as surrogates."""
    return line.decode(encoding, "surrogateescape")


def records(lines: Iterator[bytes], form: Form, number: int) -> Iterator[Record]:
    """The records in `lines`, blank lines too (without cells). `number` lines came before.

    Raises IopscreenError where what is one record and what is the next cannot be told.
    """
    feed = _Feed(lines, form)
    kept = feed.kept
    reader = csv.reader(feed.texts(), delimiter=form.delimiter, strict=True)
    try:
        for cells in reader:
            if len(kept) == 1 and not feed.faults:
                yield cells, kept.pop(), ()
            else:
                yield feed.take(cells)
    except (csv.Error, _Refused):
        # The words of the csv module say what its state was, not what to mend.
        line, message = feed.refusal()
        raise IopscreenError(f"{form.name}:{number + reader.line_num - len(kept) + line}: {message}") from None


@contextmanager
def long_cells() -> Iterator[None]:
    """Cells of up to MAX_CELL characters, whatever the csv module was told before."""
    before = csv.field_size_limit(MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class _Refused(Exception):
    """The lines kept are no record."""


class _Feed:
    """Lines as text for `csv.reader`, those of the present record kept."""

    def __init__(self, lines: Iterator[bytes], form: Form) -> None:
        self.lines = lines
        self.form = form
        self.kept: list[bytes] = []
        self.more = 0
        """Bytes of the record's lines after its first."""
        self.faults: tuple[str, ...] = ()

    def texts(self) -> Iterator[str]:
        """The text of each line."""
        encoding = self.form.encoding
        kept = self.kept
        for line in self.lines:
            if kept:
                self.more += len(line)
            kept.append(line)
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                text = line.decode(encoding, "surrogateescape")
                remedy = "save the file as UTF-8, or name its encoding with `--encoding`"
                self.faults += (f"the row holds bytes that are not {encoding} text: {remedy}",)
            if "\0" in text:
                self.faults += ("the row holds a NUL character",)
            yield text
            if self.more > MAX_RECORD:
                raise _Refused

    def take(self, cells: list[str]) -> Record:
        """The record of all lines kept. Raises _Refused."""
        if len(self.kept) > 1:
            texts = [decoded(line, self.form.encoding) for line in self.kept]
            if len(cells) != self.form.width and not is_one_row(cells, texts, self.form):
                raise _Refused
            if looks_like_rows(texts, self.form.delimiter, self.form):
                self.faults += ("each line of this row looks like a row of its own: a quote may stand alone in it",)
        record = cells, b"".join(self.kept), tuple(dict.fromkeys(self.faults))
        self.kept.clear()
        self.more = 0
        self.faults = ()
        return record

    def refusal(self) -> tuple[int, str]:
        """Why the lines kept are no record, and in which of them, from 1, the quote to blame was opened."""
        texts = [decoded(line, self.form.encoding) for line in self.kept]
        text = "".join(texts)
        blame = quote_to_blame(text, self.form.delimiter)
        if blame is None:
            return 1, f"a cell is longer than {MAX_CELL:,} characters: not a CSV file"
        line = 1 + sum(blame >= end for end in accumulate(map(len, texts)))
        if not re.search("[\r\n]", text[blame:].rstrip("\r\n")) and _QUOTED.match(text, blame):
            return line, 'text follows a closing quote; inside a quoted cell, write a quote twice, `""`'
        return line, "the quote opened on this line was probably never closed; close it, or remove it"


def looks_like_rows(record: Sequence[AnyStr], delimiter: AnyStr, form: Form) -> bool:
    """Whether each line of a record of several lines holds as many cells as the header when quotes count for nothing.

    Two cells that are a single quote (a ditto mark) make one record of two callers. Only its first
    line has the leading cells, which may hold delimiters themselves.
    """
    first, *others = [line.count(delimiter) for line in record]
    width = form.width - form.leading
    whole = first >= form.width - 1 if form.leading else first == width - 1
    return width > 2 and whole and set(others) == {width - 1}


def is_one_row(cells: Sequence[str], record: Sequence[str], form: Form) -> bool:
    """Whether a record of several lines that has too few cells, or too many, is all the same no more than one row.

    A quote that stands alone draws the next row into a cell, with delimiters, up to the next quote.
    """
    several_lines = [cell for cell in cells if "\n" in cell or "\r" in cell]
    most = max(line.count(form.delimiter) for line in record[1:])
    return most < form.width - form.leading - 1 and not any(form.delimiter in cell for cell in several_lines)


_QUOTED = re.compile('"(?:[^"]++|"")*+"')


def quote_to_blame(text: str, delimiter: str) -> int | None:
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
