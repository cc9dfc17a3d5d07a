"""Markdown whose words are only words: what an author wrote can neither format, link, call a person nor hide.

`plain` is for any reader of Markdown. `quiet` and `message` are for review comments, where the platform
looks into the finished text once more, for people, issues, links, pictures and formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from iopscreen.text import printable

_MARKS = {ord(mark): f"\\{mark}" for mark in "\\`*_[]<>#|~&"}
_AT_START = re.compile(r"^(\d*)([-+=.)])")
"""What would begin a list, or underline a heading, at the start of a line."""

_HERE = "\0"
"""Stands for a comment that keeps two characters apart; no printable text holds it."""
_TOGETHER = re.compile(
    r"(?<=@)|(?<=#)(?=\d)|(?<=GH-)(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=:)(?=[\w+-]+:)", re.IGNORECASE
)
"""Inside of what a platform takes for a person, an issue, a link or a picture (`:x:`)."""
_QUIET = {**_MARKS, ord("|"): "&#124;", ord("$"): "<span>$</span>", ord(_HERE): "<!-- -->"}
"""A backslash before `|` means something else in a table than in a text, and `$` begins a formula."""

_LONG = 600
_CUT = "…"


def plain(text: str) -> str:
    """Text in which no character means anything to Markdown."""
    return _AT_START.sub(r"\1\\\2", printable(_one_line(text)).translate(_MARKS))


def quiet(text: str) -> str:
    """The same, and nothing that a review platform would turn into something else; also in a table."""
    return _AT_START.sub(r"\1\\\2", _quiet(_one_line(text)))


def message(text: str) -> str:
    """A message of ours, on one line: the author's words, which stand in backticks, as code. A very long one is cut."""
    line = _shortened(_one_line(text))
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return quiet(line)
    words = [code(part) if position % 2 else _quiet(part) for position, part in enumerate(parts)]
    for position in range(2, len(words) - 1, 2):
        if words[position - 1] and words[position + 1]:  # side by side, their marks would run into one another
            words[position] = words[position] or _HERE.translate(_QUIET)
    return _AT_START.sub(r"\1\\\2", "".join(words))


def code(text: str) -> str:
    """Text set as code; also in a table, where a bar would end the cell."""
    line = printable(_one_line(text))
    if not line:
        return ""
    return f"<code>{_quiet(line)}</code>" if "`" in line or "|" in line else f"`{line}`"


def fenced(text: str, language: str) -> str:
    """Lines that are shown as they are, between fences longer than any in them."""
    lines = [printable(line) for line in text.split("\n")]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def folded(summary: str, body: str) -> str:
    """A part that is closed until somebody opens it; `summary` is a message, `body` Markdown."""
    parts = _shortened(_one_line(summary)).split("`")
    words = [escape(printable(part)) for part in parts]
    if len(words) % 2:
        words[1::2] = [f"<code>{word}</code>" for word in words[1::2]]
    line = _TOGETHER.sub("<!-- -->", ("" if len(words) % 2 else "`").join(words))
    return f"<details><summary>{line}</summary>\n\n{body}\n\n</details>"


def row(cells: Sequence[str]) -> str:
    """A row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def table(head: Sequence[str], rows: Iterable[str]) -> str:
    """A table of `rows` that `row` made."""
    return "\n".join([row(head), row(["---"] * len(head)), *rows])


def within(blocks: Iterable[str], room: int) -> Iterator[str]:
    """The first of `blocks`, as many as fit into `room` characters with two line feeds behind each."""
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            return
        yield block


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shortened(line: str) -> str:
    return line if len(line) <= _LONG else line[:_LONG].rstrip() + _CUT


def _quiet(text: str) -> str:
    return _TOGETHER.sub(_HERE, printable(text)).translate(_QUIET)
