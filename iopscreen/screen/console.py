"""The terminal on which the talk is: its size, and what waits at its keyboard."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

TOGETHER = 0.03
"""Keys that follow others within so many seconds were not pressed by a person."""

clock: Callable[[], float] = time.monotonic
"""Seconds that never go back; tests set it."""


def size() -> os.terminal_size:
    """Columns and rows of the terminal that is read: the talk is on stderr, wherever the result goes."""
    with suppress(OSError, ValueError):
        found = os.get_terminal_size(sys.stderr.fileno())
        if found.columns and found.lines:
            return found
    return shutil.get_terminal_size()


def has_posix_keyboard() -> bool:
    """Whether the keyboard is a terminal whose manners can be set."""
    return os.name == "posix" and sys.stdin.isatty()


def forget_early_keys() -> None:
    """Throw away what was typed and not read yet."""
    if has_posix_keyboard():
        import termios

        with suppress(OSError, termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


class Burst:
    """Tells keys that arrive together from those that are pressed one by one.

    Keys of one read came together; a long paste takes several reads, and its last one may hold a
    single key: one that waited already while the read before it was looked at, or came right after it.
    """

    def __init__(self) -> None:
        self._until = -1.0
        self._waited = False

    def holds(self, count: int) -> bool:
        """Whether a read of `count` keys, made now, is one of a burst."""
        now = clock()
        together = count > 1 or self._waited or now < self._until
        self._waited = together and key_waits()
        if together:
            self._until = now + TOGETHER
        return together


def key_waits() -> bool:
    """Whether something can be read from the keyboard at once."""
    if not has_posix_keyboard():
        return False
    import select

    return bool(select.select([sys.stdin], [], [], 0)[0])


def more_follows() -> bool:
    """Whether more came with the line just read: another line, or the beginning of one."""
    if not has_posix_keyboard():
        return False
    import select

    with _unfinished_lines_too():
        return bool(select.select([sys.stdin], [], [], TOGETHER)[0])


@contextmanager
def _unfinished_lines_too() -> Iterator[None]:
    """While this lasts, a line can be read before its Enter; what came of it by the end is thrown away."""
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    changed = termios.tcgetattr(descriptor)
    changed[3] &= ~termios.ICANON
    termios.tcsetattr(descriptor, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
