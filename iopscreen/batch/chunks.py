"""Where a file can be cut: byte ranges that probably begin and end with a record."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice

from iopscreen.batch.lines import end_of_lines
from iopscreen.batch.pattern import Shape

CHUNK = 1 << 18
"""Bytes of a chunk, about."""
CHUNK_OUT = 3 << 18
"""Bytes that come of a chunk, about at most."""
MIN_CHUNK = 1 << 12
LOOK = 1 << 14
"""Bytes in which the beginning of a chunk is looked for."""
ENOUGH = 3
"""How many good records, or blank lines, follow where a chunk is believed to begin."""
MAX_TRIES = 64
"""How many line ends are tried."""


class Positioned:
    """A file read by position, which several processes can do at once. `reached`: where the next bytes begin."""

    def __init__(self, handle: int, at: int) -> None:
        self._handle = handle
        self.reached = at

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = os.pread(self._handle, size, self.reached)
        self.reached += len(data)
        return data


@dataclass(frozen=True, slots=True)
class Chunks:
    """The rows of a file, from the byte `begin` to `size`, cut into chunks."""

    handle: int
    begin: int
    size: int
    shape: Shape
    step: int = field(default_factory=lambda: CHUNK)

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return -(-(self.size - self.begin) // self.step)

    def behind(self, at: int, out: int) -> Chunks:
        """What is behind the byte `at`, in chunks of which no more is likely to come than CHUNK_OUT.

        `out`: how much came of what is before it.
        """
        step = (at - self.begin) * CHUNK_OUT // max(out, 1)
        return replace(self, begin=at, step=min(self.step, max(step, MIN_CHUNK)))

    def start(self, chunk: int) -> int:
        """Where a chunk is guessed to begin; for one past the last, where the file ends."""
        nominal = self.begin + chunk * self.step
        if chunk == 0 or nominal >= self.size:
            return min(nominal, self.size)
        # With the byte before, for a chunk may begin right there. A line may be longer than one look.
        look = LOOK
        found = None
        while found is None and nominal - 1 + look < self.size:
            found = record_start(os.pread(self.handle, look, nominal - 1), self.shape)
            look *= 2
        return self.size if found is None else nominal - 1 + found


def record_start(text: bytes, shape: Shape) -> int | None:
    """Where in `text`, behind a line end, a record probably begins; None if it has no line end that is whole."""
    lines = text[: end_of_lines(text, 0, len(text))].splitlines(keepends=True)
    starts = [*accumulate(map(len, lines[:MAX_TRIES]))]
    for number, start in enumerate(starts, 1):
        if _are_records(islice(lines, number, None), shape):
            return start
    return starts[0] if starts else None


def _are_records(lines: Iterable[bytes], shape: Shape) -> bool:
    """Whether some whole lines begin with records of the right number of cells, blank lines aside."""
    texts = (line.decode("latin-1") for line in lines)
    reader = csv.reader(texts, delimiter=shape.delimiter.decode("ascii"), strict=True)
    try:
        widths = {len(cells) for cells in islice(reader, ENOUGH) if cells}
    except csv.Error:
        return False
    return widths == {shape.width}
