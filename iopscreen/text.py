"""Text that is safe to print, and lines that fit."""

from __future__ import annotations

import textwrap


def printable(text: str) -> str:
    r"""Return `text` with every character that could steer a terminal, or hide, written as `\u{..}`.

    Escape codes, C1 controls, bidirectional marks, lone surrogates; a line feed too, for what
    is printed here is one line.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in text)


def wrapped(
    text: str, width: int, indent: str = "", first: str | None = None, *, break_words: bool = False
) -> list[str]:
    """`text` in lines of at most `width`, each after `indent` (the first after `first`).

    `break_words`: a word longer than a line is broken; else it stands out, so that it can be copied.
    """
    start = indent if first is None else first
    lines = textwrap.wrap(
        _as_wide_as_shown(printable(" ".join(text.split()))),
        width=max(width, len(indent) + (1 if break_words else 20)),
        initial_indent=start,
        subsequent_indent=indent,
        break_long_words=break_words,
        break_on_hyphens=False,
    )
    return [line.replace(_FILLER, "") for line in lines] or [start.rstrip()]


def cells(text: str) -> int:
    """How many columns `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 1 + (east_asian_width(char) in "WF") for char in text)


_FILLER = "\0"
"""Stands for the second column of a wide character; no printable text holds it."""


def _as_wide_as_shown(text: str) -> str:
    """`text` with a filler after every character that takes two columns of a terminal."""
    if text.isascii():
        return text
    from unicodedata import east_asian_width

    return "".join(char + _FILLER if east_asian_width(char) in "WF" else char for char in text)
