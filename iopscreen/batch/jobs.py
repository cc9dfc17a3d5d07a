"""One file, several processes: chunks of it are screened at once, and come out in order, as if by one.

Where a chunk begins is *guessed*: behind a line end, where records follow that are plainly good. What comes of
a chunk is taken just if all before it ended where it begins; else it is dropped, and so is what comes of it from the
record on that goes beyond it, or is refused. The rows from there on are screened here, up to where a chunk begins. So
a wrong guess costs time and nothing else, and a file that is refused is refused here, in the same words.

What came of a chunk is handed over in memory that both processes see, so that it is copied once.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from iopscreen.batch.chunks import Chunks, Positioned
from iopscreen.batch.fast import Screener
from iopscreen.batch.lines import Source
from iopscreen.batch.parts import Part, Told
from iopscreen.batch.workers import AHEAD, Gone, Pipe, Slots, Worker
from iopscreen.errors import IopscreenError

LARGE = 1 << 23
"""Bytes of a file from which on several processes are worth it."""
MAX_JOBS = 64
MAX_NUMBERS = 5_000
RESULT = 1 << 20
"""Bytes of what comes of a chunk that are handed over at once, about."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_for(wanted: int | None, size: int) -> int:
    """How many processes screen `size` bytes of rows; `wanted`: what the user says."""
    if not hasattr(os, "fork"):
        return 1
    return min(MAX_JOBS, wanted or (processors() if size >= LARGE else 1))


def size_on_disk(file: BinaryIO) -> int | None:
    """The size of a file on a disk; None for whatever else gives bytes."""
    try:
        handle = file.fileno()
    except OSError:  # it is in memory only
        return None
    found = os.fstat(handle)
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def parts_by_crew(
    screener: Screener, chunks: Chunks, rest: Positioned, name: str, line: int, *, jobs: int, problems: bool
) -> Generator[Part, None, None]:
    """What comes of `chunks`, as by `Screener.parts`. What a part holds is good until the next one is asked for.

    `line` lines stand before the first chunk. `rest` is what stands behind the last one: it is read to the end, for
    a file may grow. `problems`: whether parts shall hold them. Close it when it is done with. Raises IopscreenError.
    """
    at = chunks.begin
    crew: list[_Hand] = []
    try:
        # What the first rows teach, all processes begin with.
        source = Source(Positioned(chunks.handle, at).read, name, at, line)
        out = 0
        for part in screener.parts(source, until=chunks.start(1)):
            out += part.size_out
            yield part
        at, line = source.at, source.line
        chunks = chunks.behind(at, out)
        crew = _started(screener, chunks, min(jobs, chunks.count), problems=problems)
        for chunk in range(chunks.count if crew else 0):
            hand = crew[chunk % len(crew)]
            begin, end = chunks.start(chunk), chunks.start(chunk + 1)
            for part in hand.parts(wanted=at == begin):
                at, line = at + part.size, line + part.lines
                yield part
            if at < end:
                source = Source(Positioned(chunks.handle, at).read, name, at, line)
                yield from screener.parts(source, until=end)
                at, line = source.at, source.line
        # Nothing, unless the file grows, or no process could be started.
        rest.reached = at
        yield from screener.parts(Source(rest.read, name, at, line))
    except Gone:
        message = "a process that screened a part of the file was ended from outside, for lack of memory perhaps"
        raise IopscreenError(f"{name}: {message}; try again with `--jobs 1`") from None
    finally:
        for hand in crew:
            hand.worker.end()


def _started(screener: Screener, chunks: Chunks, jobs: int, *, problems: bool) -> list[_Hand]:
    """A process for each job; none where the system has no more to give."""
    crew: list[_Hand] = []
    try:
        for number in range(jobs):
            slots = Slots()
            job = _Job(screener, chunks, slots, range(number, chunks.count, jobs), problems=problems)
            crew.append(_Hand(Worker(job.work, [hand.worker for hand in crew]), slots))
    except BaseException as error:
        for hand in crew:
            hand.worker.end()
        if not isinstance(error, OSError):
            raise
        return []
    return crew


class _Hand:
    """A process as seen from here: its results, one after the other."""

    def __init__(self, worker: Worker, slots: Slots) -> None:
        self.worker = worker
        self._slots = slots
        self._number = 0
        self._told: list[Told] = []

    def parts(self, *, wanted: bool) -> Iterator[Part]:
        """What came of its next chunk, nothing if not wanted; each part is good until the next. Raises Gone."""
        while received := self.worker.results.receive():
            part, written, told, start, new = received
            self._told[start:] = new
            part.told.update({self._told[number]: rows for number, rows in told.items()})
            if written:
                part.out = [self._slots.view(self._number, written)]
            if wanted:
                yield part
            self._slots.forget(self._number)
            self._number += 1
            # One that has done its last chunk listens no more.
            with suppress(Gone):
                self.worker.orders.send(None)


class _Job(NamedTuple):
    """What one process does: screen its chunks, some ahead of what is written."""

    screener: Screener
    chunks: Chunks
    slots: Slots
    numbers: range
    problems: bool

    def work(self, orders: Pipe, results: Pipe) -> None:
        """Screen each chunk, part by part into the next slot, once that is free; None ends it. Raises Gone."""
        numbers: dict[Told, int] = {}
        place = 0
        for number in self.numbers:
            for part in self._screened(number):
                if place >= AHEAD:
                    orders.receive()
                size = self.slots.put(place, part.out)
                if size:
                    part.out = []
                # How rows count is sent once, and then by its number: some of it is long.
                counts = part.told
                if len(numbers) > MAX_NUMBERS:
                    numbers.clear()
                start = len(numbers)
                told = {numbers.setdefault(key, len(numbers)): rows for key, rows in counts.items()}
                counts.clear()
                results.send((part, size, told, start, list(numbers)[start:]))
                place += 1
            results.send(None)

    def _screened(self, number: int) -> Iterator[Part]:
        """What comes of a chunk, up to a record that takes more than the chunk: in one part, or several large ones."""
        begin, end = self.chunks.start(number), self.chunks.start(number + 1)
        data = os.pread(self.chunks.handle, max(0, end - begin), begin)
        parts = self.screener.parts(Source(io.BytesIO(data).read, "", begin))
        total = Part()
        # Whatever it is that fails, the process that can tell it will meet it too.
        with suppress(Exception):
            for part in parts:
                total.out += part.out
                if self.problems:
                    total.problems += [problem._replace(line=problem.line + total.lines) for problem in part.problems]
                total.add(part)
                if total.size_out >= RESULT:
                    self.screener.count(total)
                    yield total
                    total = Part()
            yield total
