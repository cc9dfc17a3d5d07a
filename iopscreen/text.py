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


LONGEST_PATH, LONGEST_NAME = 4096, 255
"""Bytes that a path, and each name in it, may have where most programs run."""


def may_hold_answers(word: str) -> bool:
    """Whether a word of a command line may be answers in the place of a file's name: nothing repeats it then.

    Answers are health data. What looks so is hardly the name of a file: what may be its contents, or `a=b`.
    """
    return "=" in word or may_be_contents(word)


def may_be_contents(word: str) -> bool:
    """Whether a word may be what a file holds, in the place of its name: `{`, `[`, `a: b`, several lines, or too long.

    Nobody gives a file such a name; `a=b` somebody may.
    """
    data = word.encode("utf-8", "surrogateescape")
    too_long = len(data) > LONGEST_PATH or any(len(name) > LONGEST_NAME for name in data.split(b"/"))
    return too_long or word.lstrip().startswith(("{", "[")) or any(sign in word for sign in ("\n", "\r", ": "))


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
