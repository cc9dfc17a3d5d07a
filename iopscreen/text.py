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
        printable(" ".join(text.split())),
        width=max(width, len(indent) + (1 if break_words else 20)),
        initial_indent=start,
        subsequent_indent=indent,
        break_long_words=break_words,
        break_on_hyphens=False,
    )
    return lines or [start.rstrip()]
