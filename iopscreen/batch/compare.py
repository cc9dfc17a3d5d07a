"""Two rule sets on the rows of one file: what each row is told, what it was told before, whether that differs.

`was` is what `recommendation` would hold under the earlier rules, a row they cannot read included.
A row with a fault of its own (too few cells, bytes that are no text) is read by neither, and moves nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from iopscreen.batch.cells import UNREADABLE, Column, States, Tail
from iopscreen.batch.tails import ERROR, Decider
from iopscreen.batch.writer import Writer
from iopscreen.engine.compiled import Compiled

COMPARED = ("was", "changed")
"""The columns of a comparison, behind the others of ours."""


class Earlier(NamedTuple):
    """The rule set to compare with. `map`: header -> question of that rule set."""

    compiled: Compiled
    map: Mapping[str, str]


class Comparison:
    """Decides rows by the present rules, and says what the earlier ones decided. (See `cells.Deciding`.)"""

    def __init__(self, now: Decider, before: Decider, writer: Writer) -> None:
        self.now = now
        self.before = before
        self.writer = writer
        self._before = States(before)
        ours = {column.at: column for column in now.columns}
        theirs = {column.at: column for column in before.columns}
        self._pairs = [_Pair(at, ours.get(at), theirs.get(at)) for at in {**ours, **theirs}]
        places = [pair.at for pair in self._pairs]
        self._now_at = [places.index(at) for at in ours]
        self._before_at = [places.index(at) for at in theirs]

    @property
    def columns(self) -> list[Column]:
        """The columns that matter to either."""
        return [Column(pair.at, pair.classes, pair.class_of) for pair in self._pairs]

    def tail(self, classes: Sequence[int]) -> Tail:
        """What is appended to a row of such cells."""
        split = [pair.split(number) for pair, number in zip(self._pairs, classes, strict=True)]
        before = [split[place][1] for place in self._before_at]
        was = ERROR if UNREADABLE in before else self.before.tail(before).told.told
        return self._told(self.now.tail([split[place][0] for place in self._now_at]), was)

    def unreadable(self, cells: Sequence[str]) -> Tail:
        """What is appended to a row in which a cell is no answer to the present rules."""
        before = self._before.tail(cells)
        return self._told(self.now.unreadable(cells), before.told.told if before else ERROR)

    def problem(self, reasons: Sequence[str]) -> Tail:
        """What is appended to a row with problems."""
        return self._told(self.now.problem(reasons), ERROR)

    def _told(self, tail: Tail, was: str) -> Tail:
        changed = "no" if was == tail.told.told else "yes"
        data = tail.data + self.writer.appended([was, changed])
        return Tail(data, tail.told._replace(was=was), tail.reasons)


class _Pair:
    """A column as two rule sets see it: one class for each pair of classes. UNREADABLE is so to the present rules."""

    def __init__(self, at: int, now: Column | None, before: Column | None) -> None:
        self.at = at
        self._now = now
        self._before = before
        self._wide = before.classes if before else 1
        self.classes = 1 + (now.classes if now else 1) * self._wide

    def class_of(self, text: str) -> int:
        """The class of a text."""
        now = self._now.class_of(text) if self._now else 0
        if self._now and now == UNREADABLE:
            return UNREADABLE
        return 1 + now * self._wide + (self._before.class_of(text) if self._before else 0)

    def split(self, number: int) -> tuple[int, int]:
        """The present class and the earlier one of a class that is not UNREADABLE."""
        return divmod(number - 1, self._wide)
