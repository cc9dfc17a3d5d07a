"""What was found out lately, kept in a given number of bytes. Knows nothing of rules, nor of files."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

ENTRY = 150
"""About how many bytes an entry takes beside a large key and a large value: its place, and a small key."""
PLACE = 8
"""Bytes of a place in a tuple."""


class Kept(dict[K, V]):
    """A dict that finds out what it lacks (`find`), and holds at most about `most` bytes.

    It has two generations. Whatever is asked for enters the young one; once that has half of the
    bytes, it becomes the old one, and the old one is dropped but for what is asked for again. So what
    is in use stays, where a dict that is emptied would lose it. Equal values of one generation are held once.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._half = most // 2
        self._size = 0
        self._old: dict[K, V] = {}
        self._same: dict[V, V] = {}

    def find(self, key: K) -> V:
        """The value of a key that is not kept. Without one of its own, a dict is told its values by `keep`."""
        raise KeyError(key)

    def size_of_key(self, key: K) -> int:
        """How many bytes a key takes beyond what any entry does."""
        del key
        return 0

    def size_of(self, value: V) -> int:
        """How many bytes a value takes beyond what any entry does."""
        del value
        return 0

    def __missing__(self, key: K) -> V:
        return self.keep(key, self._old[key] if key in self._old else self.find(key))

    def keep(self, key: K, value: V) -> V:
        """Keep a value; the one that is kept, or another that equals it."""
        if self._size >= self._half:
            self._old = dict(self)
            self.clear()
            self._same.clear()
            self._size = 0
        different = len(self._same)
        value = self[key] = self._same.setdefault(value, value)
        self._size += ENTRY + self.size_of_key(key)
        if len(self._same) > different:
            self._size += ENTRY + self.size_of(value)
        return value
