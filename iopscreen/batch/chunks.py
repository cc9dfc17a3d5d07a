"""Where a file can be cut: byte ranges that probably begin and end with a record."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from itertools import islice

from iopscreen.batch.lines import end_of_lines
from iopscreen.batch.pattern import Shape

CHUNK = 1 << 18
"""Bytes of a chunk, about."""
LOOK = 1 << 14
"""Bytes in which the beginning of a chunk is looked for."""
ENOUGH = 3
"""How many good records follow where a chunk is believed to begin."""
MAX_TRIES = 64
"""How many line ends are tried."""

_LINE_END = re.compile(rb"\r\n?|\n")


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

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return -(-(self.size - self.begin) // CHUNK)

    def start(self, chunk: int) -> int:
        """Where a chunk is guessed to begin; for one past the last, where the file ends."""
        nominal = self.begin + chunk * CHUNK
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
    last = end_of_lines(text, 0, len(text))
    starts = (found.end() for found in islice(_LINE_END.finditer(text, 0, last), MAX_TRIES))
    first = next(starts, None)
    for start in () if first is None else (first, *starts):
        if _are_records(text[start:last], shape):
            return start
    return first


def _are_records(text: bytes, shape: Shape) -> bool:
    """Whether `text`, some whole lines, begins with records of the right number of cells."""
    lines = (line.decode("latin-1") for line in text.splitlines(keepends=True))
    reader = csv.reader(lines, delimiter=shape.delimiter.decode("ascii"), strict=True)
    try:
        widths = {len(cells) for cells in islice(reader, ENOUGH)}
    except csv.Error:
        return False
    return widths == {shape.width}
