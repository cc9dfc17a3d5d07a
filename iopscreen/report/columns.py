"""A plain table of answers within a width: cells wrap, and rows become sentences where columns are too many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from iopscreen.text import printable

ANY = "any"
_GAP = "  "

Row = Sequence[str]
Group = tuple[str | None, Sequence[Row]]
"""Rows under a line of their own."""


def columns(head: Row, groups: Sequence[Group], width: int, indent: str) -> Iterator[str]:
    """The lines of a table with rows; the last column holds numbers. `head` breaks after `_`, cells at spaces."""
    names = [re.findall(r"[^_]*_+|[^_]+", printable(name)) for name in head]
    safe = [(title, [[printable(cell) for cell in row] for row in rows]) for title, rows in groups]
    cells = list(zip(*(row for _, rows in safe for row in rows), strict=True))
    if not cells:
        return
    least = [
        max(len(word) for word in (*pieces, *(word for cell in column for word in cell.split())))
        for pieces, column in zip(names, cells, strict=True)
    ]
    room = width - len(indent) - len(_GAP) * (len(head) - 1)
    if sum(least) > room:
        yield from _sentences(head, safe, width, indent)
        return
    wanted = [max(len("".join(pieces)), *map(len, column)) for pieces, column in zip(names, cells, strict=True)]
    widths = _shared_out(least, wanted, room)
    yield from _lines([_joined(pieces, "", size) for pieces, size in zip(names, widths, strict=True)], widths, indent)
    for title, rows in safe:
        if title:
            yield f"{indent}{printable(title)}"
        for row in rows:
            parts = [_joined(cell.split(), " ", size) for cell, size in zip(row, widths, strict=True)]
            yield from _lines(parts, widths, indent)


def _shared_out(least: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """Each column as wide as it must be; what is left goes to those that want more, one by one."""
    widths = list(least)
    left = room - sum(widths)
    while left and any(have < want for have, want in zip(widths, wanted, strict=True)):
        for place, want in enumerate(wanted):
            if widths[place] < want and left:
                widths[place] += 1
                left -= 1
    return widths


def _joined(pieces: Sequence[str], between: str, width: int) -> list[str]:
    """As many pieces on each line as fit."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + len(between) + len(piece) <= width:
            lines[-1] += between + piece
        else:
            lines.append(piece)
    return lines


def _lines(parts: Sequence[Sequence[str]], widths: Sequence[int], indent: str) -> Iterator[str]:
    """The lines of one row, whose cells have lines each."""
    for line in range(max(map(len, parts))):
        texts = [part[line] if line < len(part) else "" for part in parts]
        padded = [text.ljust(size) for text, size in zip(texts[:-1], widths[:-1], strict=True)]
        yield (indent + _GAP.join([*padded, texts[-1].rjust(widths[-1])])).rstrip()


def _sentences(head: Row, groups: Sequence[Group], width: int, indent: str) -> Iterator[str]:
    """Each row as a list of the answers that count, none of them broken where it fits on a line."""
    for title, rows in groups:
        if title:
            yield f"{indent}{printable(title)}"
        for *answers, number in rows:
            said = [f"{name}: {cell}" for name, cell in zip(head[:-1], answers, strict=True) if cell != ANY]
            pieces = [*(f"{text}," for text in said[:-1]), *said[-1:]] or ["any answers"]
            start = f"{indent}{number:>8}  "
            for line in _answer_lines(pieces, width - len(start)):
                yield f"{start}{line}"
                start = " " * len(start)


def _answer_lines(pieces: Sequence[str], width: int) -> Iterator[str]:
    """As many pieces on each line as fit; one that fits on none is broken at its spaces, on lines of its own."""
    for too_long, several in groupby(pieces, lambda piece: len(piece) > width):
        if not too_long:
            yield from _joined([*several], " ", width)
            continue
        for piece in several:
            yield from wrap(piece, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
