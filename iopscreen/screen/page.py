"""What is put to the coordinator: pages of lines and keys. Pure data; how it is drawn is elsewhere.

A page is drawn, waits for one deliberate key (or one typed line, on a plain terminal) and is
taken away again; lines that stay are said beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, StrEnum
from typing import Any, NamedTuple, Protocol


class Style(StrEnum):
    """What a line is. No meaning hangs on how that looks."""

    PLAIN = "plain"
    QUIET = "quiet"
    STRONG = "strong"
    ALARM = "alarm"


class Line(NamedTuple):
    """One line of text, as long as it likes; it is wrapped after `indent` spaces."""

    text: str
    style: Style = Style.PLAIN
    indent: int = 0


class Key(NamedTuple):
    """A key, what it means in words, and what it results in. Without a key it is reached by the arrows."""

    key: str
    title: str
    result: Any
    style: Style = Style.PLAIN


class Panel(NamedTuple):
    """Lines that one key shows on the page and takes away again; worked out when first shown."""

    key: str
    title: str
    lines: Callable[[], Sequence[Line]]


class Kind(Enum):
    """How a page is answered."""

    PICK = "one key"
    MARK = "one or more of a list, then Enter"
    NUMBER = "a number, then Enter"


ENTER = "Enter"

Fits = Callable[[Any], str | None]
"""What is wrong with what was marked or typed; None where nothing is."""

Read = Callable[[str], Any]
"""The answer that some words stand for; None where they stand for none."""


def anything(_given: Any) -> None:
    """Nothing is wrong."""


class Page(NamedTuple):
    """One thing to answer.

    `lines` stand on top; `extra` ones too, where there is room. `pinned` ones stand above the keys
    whatever the room is: ways to say the same, from the longest to the shortest, the most
    important lines first. `listed` choices stand one below
    the other, `row` choices beside each other, `others` are what may be done instead, with the
    `panels`. `fits` says what is wrong with what was marked or typed (None: nothing). `draft` is
    what is marked or typed already: an answer that is corrected, or what stood there when somebody left the page for
    a moment and came back.
    """

    lines: Sequence[Line]
    kind: Kind = Kind.PICK
    extra: Sequence[Line] = ()
    listed: Sequence[Key] = ()
    row: Sequence[Key] = ()
    others: Sequence[Key] = ()
    panels: Sequence[Panel] = ()
    fits: Fits = anything
    read: Read | None = None
    """Another way to say one of the answers, in words; None from it where the words say none."""
    draft: Any = ()
    pinned: Sequence[Sequence[Line]] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every choice of the page."""
        return (*self.listed, *self.row, *self.others)


class Pressed(NamedTuple):
    """What a page came to: the result of a key, or what was marked (results) or typed (text).

    `draft` is what was marked or typed when the page was left by a key; `key` is the key that did it.
    """

    result: Any
    draft: Any = ()
    key: str = ""


class Asker(Protocol):
    """A way to talk with the coordinator. Ctrl-C is KeyboardInterrupt, the end of input EOFError."""

    def say(self, *lines: Line) -> None:
        """Show lines that stay."""

    def ask(self, page: Page) -> Pressed:
        """Put one page."""

    def write(self, title: str) -> str:
        """A line of the coordinator's own; empty where they thought better of it."""
