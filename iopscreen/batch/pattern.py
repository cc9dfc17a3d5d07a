r"""The grammar of CSV records as one compiled pattern over bytes: it finds records as fast as C allows.

From the start of a record on, a pattern of `records` matches exactly one record of the right number
of cells as the csv module reads it, or else *one line* that may be anything. So `findall` leaves no
byte of whole lines out, and takes each once. Left to the csv module is whatever is not plainly
a good record: another number of cells, text after a closing quote, NUL, cells that begin a formula.

A cell can be matched in one way only, and repetitions are possessive: time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

_FORMULA = rb"=+\-@\t\r"
_HIGH = rb"\x80-\xff"
_LINE = rb"[^\r\n]*+(?:\r\n|\n|\r)"


class Shape(NamedTuple):
    """How records are written: the delimiter between cells, the end behind them, how many cells (2 or more)."""

    delimiter: bytes
    end: bytes
    width: int


def records(shape: Shape, groups: Sequence[range], *, ascii_only: bool = False) -> re.Pattern[bytes]:
    """A pattern for one record, or one line of anything.

    It captures the record without its end, each of `groups` (of columns, one or more) as it is
    written, and the line that is no record. With `ascii_only` a line with other bytes is none.
    """
    cells = [_any_cell(shape, _strict(shape, ascii_only=ascii_only))] * shape.width
    return re.compile(rb"(%b)%b|(%b)" % (_captured(shape, cells, groups, None), _end(shape), _LINE))


def loose_records(
    shape: Shape, groups: Sequence[range], plain: Collection[int] = (), unlooked: Collection[int] = ()
) -> re.Pattern[bytes]:
    """The same, looking at less: for text that `is_quick`. `plain` and `unlooked` are as of `quick_records`.

    What it takes for a record of several lines may be none: whoever takes it looks.
    """
    cells = _loose_cells(shape, plain, unlooked)
    return re.compile(rb"(%b)%b|(%b)" % (_captured(shape, cells, groups, None), _end(shape), _LINE))


def quick_records(
    shape: Shape, groups: Sequence[range], plain: Collection[int] = (), unlooked: Collection[int] = ()
) -> re.Pattern[bytes]:
    """A pattern for one record, or one line of anything, that looks at less: for text that `is_quick`.

    Each of `groups` is captured, the first one with a delimiter that `unmarked` removes: so it is empty just where
    there is no record. Cells of the columns `plain` begin with no quote and no sign with which a formula may begin,
    or there is no record. Cells of the columns `unlooked`, which are captured, may hold anything but a
    delimiter: whoever takes what is captured looks whether it is plain. The others may be of several lines, for
    what is no delimiter is passed over: whoever takes the records sees that there are as many lines.
    """
    cells = _loose_cells(shape, plain, unlooked)
    return re.compile(rb"%b%b|%b" % (_captured(shape, cells, groups, groups[0]), _end(shape), _LINE))


def _loose_cells(shape: Shape, plain: Collection[int], unlooked: Collection[int]) -> list[bytes]:
    # A set of one byte is passed over several times as fast as one of more.
    loose = _Inside(_never(shape), rb"[^%b]*+" % re.escape(shape.delimiter), rb'[^"]*+')
    last = loose._replace(bare=rb"[^%b%b]*+" % (re.escape(shape.delimiter), shape.end[:1]))
    cells = []
    for column in range(shape.width):
        inside = last if column == shape.width - 1 else loose
        if column in unlooked:
            # A record does not begin with a line end: that is a blank line.
            cells.append(inside.bare if column else rb"(?![\r\n])" + inside.bare)
        elif column in plain:
            cells.append(rb"(?:%b|)" % _bare(inside))
        else:
            cells.append(_any_cell(shape, inside))
    return cells


def is_quick(shape: Shape, data: bytes) -> bool:
    """Whether `quick_records` and `loose_records` may be asked.

    They would pass over NUL, and over a CR that belongs to no CRLF.
    """
    return b"\0" not in data and not (shape.end == b"\n" and b"\r" in data)


def lines_of(shape: Shape, data: bytes) -> list[bytes] | None:
    """The lines of `data`, of which `is_quick` holds, without their ends; None if not all end as records do."""
    lines = data.split(shape.end)
    rest = lines.pop()
    match shape.end:
        case b"\n":
            others = False
        case b"\r":
            others = b"\n" in data
        case _:
            others = not data.count(b"\n") == data.count(b"\r") == len(lines)
    return None if rest or others else lines


def is_blank(shape: Shape, line: bytes) -> bool:
    """Whether a line, at which a record begins, is blank."""
    return not line.strip() and shape.delimiter not in line


def first_lines(data: bytes, count: int) -> bytes:
    """The first `count` of more lines."""
    found = re.match(rb"(?:%b){%d}+" % (_LINE, count), data)
    return found[0] if found else data


def unmarked(shape: Shape, text: bytes, group: range) -> bytes:
    """The captured cells of a first group without the delimiter that was captured with them."""
    return text[len(shape.delimiter) :] if group.start > 0 else text[: -len(shape.delimiter)]


def plain_cell(shape: Shape) -> bytes:
    """The pattern of a cell without quotes, and without signs with which a formula may begin."""
    return rb'[^"%b%b]*+' % (_FORMULA, _never(shape))


def count_lines(data: bytes) -> int:
    r"""How many line ends `data` holds: `\n`, `\r\n` or `\r`."""
    lines = data.count(b"\n")
    return lines + data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else lines


def _captured(shape: Shape, cells: Sequence[bytes], groups: Sequence[range], marked: range | None) -> bytes:
    """The cells of a record, those of `groups` captured, one of them with the delimiter before or behind it."""
    mark = re.escape(shape.delimiter)
    stop = {group.start: group.stop for group in groups}
    record, between = b"", b""
    column = 0
    while column < shape.width:
        upto = stop.get(column, column + 1)
        unit = mark.join(cells[column:upto])
        if column not in stop:
            record += between + unit
        elif marked is None or column != marked.start:
            record += between + b"(" + unit + b")"
        else:
            record += b"(" + between + unit + (b"" if column else mark) + b")"
        between = b"" if marked and column == marked.start == 0 else mark
        column = upto
    return record


def _end(shape: Shape) -> bytes:
    return rb"\r(?!\n)" if shape.end == b"\r" else re.escape(shape.end)


class _Inside(NamedTuple):
    """What cells hold: never, where no quotes are (members of a set); behind the first sign; between quotes."""

    never: bytes
    bare: bytes
    quoted: bytes


def _strict(shape: Shape, *, ascii_only: bool) -> _Inside:
    high = _HIGH if ascii_only else b""
    never = _never(shape) + high
    return _Inside(never, rb"[^%b]*+" % never, rb'[^"\0%b]*+' % high)


def _never(shape: Shape) -> bytes:
    """What no cell without quotes holds, as members of a set."""
    return rb"\0\r\n" + re.escape(shape.delimiter)


def _any_cell(shape: Shape, inside: _Inside) -> bytes:
    """The pattern of a cell: bare, quoted, a number with a sign, or empty; a formula is none of them."""
    text = inside.quoted
    quoted = rb'"(?:(?![%b])|(?=%b"))%b(?:""%b)*+"' % (_FORMULA, _number(b""), text, text)
    number = rb"%b(?=%b|[\r\n])" % (_number(shape.delimiter), re.escape(shape.delimiter))
    return rb"(?:%b|%b|%b|)" % (_bare(inside), quoted, number)


def _bare(inside: _Inside) -> bytes:
    """The pattern of a cell without quotes around it, and not empty."""
    return rb'[^"%b%b]%b' % (_FORMULA, inside.never, inside.bare)


def _number(delimiter: bytes) -> bytes:
    """The pattern of a number with a sign, or of dashes; none of it is the delimiter."""
    signs, points = (re.escape(marks.replace(delimiter, b"")) for marks in (b"+-", b".,"))
    percent = b"" if delimiter == b"%" else b"%?+"
    dashes = b"" if delimiter == b"-" else b"|-++"
    return b"(?:[%b][0-9]++(?:[%b][0-9]++)*+%b%b)" % (signs, points, percent, dashes)
