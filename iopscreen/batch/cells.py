"""A cell -> its class -> the tail of its row.

Rows differ far more than what the rules can tell apart. So each column has *classes* of cells (no
answer, not known, and what the rules tell apart), each combination of classes is one number, and
each number has one `Tail`, which is made once, when the first row needs it. Texts, numbers and
tails are kept in so many bytes, those in use longest (see `kept.py`); long texts never enter.

The number of a row is the sum of what its cells weigh: the classes are the digits of a number in
mixed radix. (A dict by whole rows would hold as many entries as there are rows.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from sys import getsizeof
from typing import NamedTuple, Protocol

from iopscreen.batch.parts import Told
from iopscreen.engine.kept import Kept

UNREADABLE = 0
"""The class of cells that are no answer."""
UNKNOWN = 1
"""The class of cells that say "not known" in any way."""
FIRST_KNOWN = 2
"""The classes from here on are the deciding party's own."""

MAX_BYTES = 1 << 22
"""Of the tails that are kept of a file, by the numbers of states."""
MAX_TEXTS = 40_000
"""How many texts are kept, of all columns together."""
MAX_TEXT = 250
"""Bytes that such a text may take: of the same length, some take four times as many as others."""


class Column(NamedTuple):
    """A column that matters: its place, how many classes its cells fall into, and the class of a text."""

    at: int
    classes: int
    class_of: Callable[[str], int]


class Tail(NamedTuple):
    """The cells appended to a row, as bytes, each after a delimiter; how the row counts; why it is a problem."""

    data: bytes
    told: Told
    reasons: tuple[str, ...] = ()


class Deciding(Protocol):
    """Whoever decides rows: by one rule set (`tails.Decider`), or by two that are compared.

    `tail` is asked once for each combination of classes that occurs, one class per column, never
    `UNREADABLE`. What it appends may depend on the classes alone.
    """

    @property
    def columns(self) -> Sequence[Column]:
        """The columns that matter, in any order."""

    def tail(self, classes: Sequence[int]) -> Tail:
        """What is appended to a row of such cells."""

    def unreadable(self, cells: Sequence[str]) -> Tail:
        """What is appended to a row in which a cell is no answer."""

    def problem(self, reasons: Sequence[str]) -> Tail:
        """What is appended to a row with problems."""


class States(Kept[int, Tail | None]):
    """The tails of one file's rows, by the number of their cells' classes; None where one is no answer."""

    def __init__(self, deciding: Deciding) -> None:
        super().__init__(MAX_BYTES // 2)  # whoever asks often keeps what it makes of them
        self._deciding = deciding
        columns = deciding.columns
        classes = [column.classes for column in columns]
        weights = _weights(classes)
        self._digits = list(zip(weights, classes, strict=True))
        self.count = prod(classes)
        most = max(1, MAX_TEXTS // max(1, len(columns)))
        self.texts = [Texts(column.class_of, weight, most) for column, weight in zip(columns, weights, strict=True)]
        self._columns = [(column.at, texts) for column, texts in zip(columns, self.texts, strict=True)]

    def tail(self, cells: Sequence[str]) -> Tail | None:
        """What is appended to a row with these cells; None where one of them is no answer."""
        return self[sum([texts[cells[at]] for at, texts in self._columns])]

    def find(self, state: int) -> Tail | None:
        classes = self._classes(state)
        return None if UNREADABLE in classes else self._deciding.tail(classes)

    def size_of(self, tail: Tail | None) -> int:
        return len(tail.data) if tail else 0

    def _classes(self, state: int) -> list[int]:
        """The digits of `state`."""
        return [state // weight % classes for weight, classes in self._digits]


def _weights(counts: Sequence[int]) -> list[int]:
    """What one of each column's classes weighs: the sum of weights tells the classes."""
    weights, weight = [], 1
    for count in counts:
        weights.append(weight)
        weight *= count
    return weights


class Texts(dict[str, int]):
    """What each text met in one column weighs."""

    def __init__(self, class_of: Callable[[str], int], weight: int, most: int) -> None:
        super().__init__()
        self._class_of = class_of
        self._weight = weight
        self._most = most

    def __missing__(self, text: str) -> int:
        weighs = self._class_of(text) * self._weight
        if getsizeof(text) <= MAX_TEXT:
            if len(self) >= self._most:
                self.clear()
            self[text] = weighs
        return weighs
