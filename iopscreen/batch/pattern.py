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


def records(
    shape: Shape,
    groups: Sequence[range],
    plain: Collection[int] = (),
    *,
    unlooked: Collection[int] = (),
    ascii_only: bool = False,
    whole: bool = False,
) -> re.Pattern[bytes]:
    """A pattern for one record, or one line of anything.

    Each of `groups` (of columns; one or more, not covering all) is captured as it is written, the first one with a
    delimiter that `unmarked` removes: so it is empty just where there is no record. Cells of the columns
    `plain` hold no quote and no sign with which a formula may begin, or there is no record. Cells of the
    columns `unlooked`, which are captured, may hold anything but a delimiter: whoever takes what is
    captured looks whether it is plain, and that every record is of one line. With
    `ascii_only` a line with other bytes is none. With `whole` no delimiter is captured, but a first group,
    the record without its end, and a last one, the line that is no record.
    """
    one = plain_cell(shape, ascii_only=ascii_only)
    any_one = _any_cell(shape, ascii_only=ascii_only)
    free = rb"[^%b]*+" % re.escape(shape.delimiter)
    cells = [free if column in unlooked else one if column in plain else any_one for column in range(shape.width)]
    record = _captured(shape, cells, groups, None if whole else groups[0])
    end = rb"\r(?!\n)" if shape.end == b"\r" else re.escape(shape.end)
    form = rb"(%b)%b|(%b)" if whole else rb"%b%b|%b"
    return re.compile(form % (record, end, _LINE))


def unmarked(shape: Shape, text: bytes, group: range) -> bytes:
    """The captured cells of a first group without the delimiter that was captured with them."""
    return text[len(shape.delimiter) :] if group.start > 0 else text[: -len(shape.delimiter)]


def plain_cell(shape: Shape, *, ascii_only: bool = False) -> bytes:
    """The pattern of a cell without quotes, and without signs with which a formula may begin."""
    return rb'[^"%b%b]*+' % (_FORMULA, _never(shape, ascii_only=ascii_only))


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


def _never(shape: Shape, *, ascii_only: bool) -> bytes:
    """What no cell without quotes holds, as members of a set."""
    return rb"\0\r\n" + re.escape(shape.delimiter) + (_HIGH if ascii_only else b"")


def _any_cell(shape: Shape, *, ascii_only: bool) -> bytes:
    """The pattern of a cell: bare, quoted, a number with a sign, or empty; a formula is none of them."""
    never = _never(shape, ascii_only=ascii_only)
    inside = rb'"\0' + (_HIGH if ascii_only else b"")
    bare = rb'[^"%b%b][^%b]*+' % (_FORMULA, never, never)
    quoted = rb'"(?:(?![%b])|(?=%b"))[^%b]*+(?:""[^%b]*+)*+"' % (_FORMULA, _number(b""), inside, inside)
    number = rb"%b(?=%b|[\r\n])" % (_number(shape.delimiter), re.escape(shape.delimiter))
    return rb"(?:%b|%b|%b|)" % (bare, quoted, number)


def _number(delimiter: bytes) -> bytes:
    """The pattern of a number with a sign, or of dashes; none of it is the delimiter."""
    signs, points = (re.escape(marks.replace(delimiter, b"")) for marks in (b"+-", b".,"))
    percent = b"" if delimiter == b"%" else b"%?+"
    dashes = b"" if delimiter == b"-" else b"|-++"
    return b"(?:[%b][0-9]++(?:[%b][0-9]++)*+%b%b)" % (signs, points, percent, dashes)
