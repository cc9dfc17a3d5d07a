"""One file, several processes: chunks of it are screened at once, and come out in order, as if by one.

Where a chunk begins is *guessed*: behind a line end, where records follow that are plainly good. What comes of
a chunk is taken just if all before it ended where it begins, and it ended at a record's end itself;
else it is dropped, and the rows from there on are screened here, up to where a chunk begins. So a
wrong guess costs time and nothing else, and a file that is refused is refused here, in the same words.

A process writes what came of its chunk itself, to the file that all have open, when it is told to.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Generator
from dataclasses import dataclass
from typing import BinaryIO

from iopscreen.batch.chunks import Chunks, Positioned
from iopscreen.batch.fast import Screener
from iopscreen.batch.lines import Source
from iopscreen.batch.parts import Part
from iopscreen.batch.workers import Gone, Pipe, Worker, write_all
from iopscreen.errors import IopscreenError

LARGE = 1 << 23
"""Bytes of a file from which on several processes are worth it."""
MAX_JOBS = 64

_WRITE, _DROP = "write", "drop"


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_for(wanted: int | None, size: int) -> int:
    """How many processes screen `size` bytes of rows; `wanted`: what the user says."""
    if not hasattr(os, "fork"):
        return 1
    return min(MAX_JOBS, wanted or (processors() if size >= LARGE else 1))


def handle_of(file: BinaryIO) -> int | None:
    """The number by which the system knows an open file; None for one that is in memory only."""
    try:
        return file.fileno()
    except OSError:
        return None


def size_on_disk(file: BinaryIO) -> int | None:
    """The size of a file on a disk; None for whatever else gives bytes."""
    handle = handle_of(file)
    if handle is None or not stat.S_ISREG(os.fstat(handle).st_mode):
        return None
    return os.fstat(handle).st_size


def parts_by_crew(
    screener: Screener, chunks: Chunks, target: BinaryIO, name: str, line: int, *, jobs: int, problems: bool
) -> Generator[Part, None, None]:
    """What comes of `chunks`, as by `Screener.parts`; but a part without bytes to write is in `target` already.

    `line` lines stand before the first chunk. `problems`: whether parts shall hold them. Close
    it when it is done with. Raises IopscreenError.
    """
    crew = _started(screener, chunks, target, min(jobs, chunks.count), problems=problems)
    at = chunks.begin
    try:
        for chunk in range(chunks.count if crew else 0):
            begin, end = chunks.start(chunk), chunks.start(chunk + 1)
            part = _taken(crew[chunk % len(crew)], target, wanted=at == begin, size=end - begin)
            if part:
                at, line = end, line + part.lines
                yield part
            elif at < end:
                source = Source(Positioned(chunks.handle, at).read, name, at, line)
                yield from screener.parts(source, until=end)
                at, line = source.at, source.line
        # Nothing, unless the file grows, or no process could be started.
        yield from screener.parts(Source(Positioned(chunks.handle, at).read, name, at, line))
    except Gone:
        message = "a process that screened a part of the file was ended from outside, for lack of memory perhaps"
        raise IopscreenError(f"{name}: {message}; try again with `--jobs 1`") from None
    finally:
        for worker in crew:
            worker.end()


def _started(screener: Screener, chunks: Chunks, target: BinaryIO, jobs: int, *, problems: bool) -> list[Worker]:
    """A process for each job; none where the system has no more to give."""
    crew: list[Worker] = []
    try:
        for number in range(jobs):
            job = _Job(screener, chunks, target.fileno(), range(number, chunks.count, jobs), problems=problems)
            crew.append(Worker(job.work, tuple(crew)))
    except BaseException as error:
        for worker in crew:
            worker.end()
        if not isinstance(error, OSError):
            raise
        return []
    return crew


def _taken(worker: Worker, target: BinaryIO, *, wanted: bool, size: int) -> Part | None:
    """What a process made of its chunk, written to `target`; None if it is not wanted, or not what the chunk is."""
    part = worker.results.receive()
    if not (wanted and isinstance(part, Part) and part.size == size):
        worker.orders.send(_DROP)
        return None
    target.flush()
    worker.orders.send(_WRITE)
    failed = worker.results.receive()
    if failed:
        raise OSError(failed, os.strerror(failed))
    return part


@dataclass(frozen=True, slots=True)
class _Job:
    """What one process does: screen its chunks, and write what comes of them to the open file `target`."""

    screener: Screener
    chunks: Chunks
    target: int
    numbers: range
    problems: bool

    def work(self, orders: Pipe, results: Pipe) -> None:
        """Screen one chunk ahead of what is written. Raises Gone."""
        for number in self.numbers:
            out: list[bytes] = []
            results.send(self._screened(number, out))
            if orders.receive() == _WRITE:
                results.send(self._failure(out))

    def _screened(self, number: int, out: list[bytes]) -> Part | None:
        """What comes of a chunk, the bytes to write put into `out`; None where that takes more than this chunk."""
        begin, end = self.chunks.start(number), self.chunks.start(number + 1)
        data = os.pread(self.chunks.handle, max(0, end - begin), begin)
        total = Part()
        try:
            for part in self.screener.parts(Source(io.BytesIO(data).read, "", begin)):
                out += part.out
                if self.problems:
                    total.problems += [problem._replace(line=problem.line + total.lines) for problem in part.problems]
                total.add(part)
        except Exception:  # whatever it is, the process that can tell it will meet it too
            return None
        mark = self.chunks.shape.end[-1:]
        # Nothing of ours ends a line: there are as many ends behind as before, or a row was lost.
        return total if sum(piece.count(mark) for piece in out) == data.count(mark) else None

    def _failure(self, out: list[bytes]) -> int:
        """Write `out`; the number of the error that stopped it, or 0."""
        try:
            write_all(self.target, b"".join(out))
        except OSError as error:
            return error.errno or errno.EIO
        return 0
