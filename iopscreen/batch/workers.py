"""Forked processes, each with a pipe to it and one back. Knows nothing of us.

A process gets all that this one holds, and shares its open files; nothing passes through arguments or
files. It ends, without a word and without undoing anything that is this one's to undo, when its work does, when it
fails, and when its pipes break, so that none survives this one, however it ends.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

_SIZE = struct.Struct("<Q")
_IGNORED = ("SIGINT", "SIGQUIT", "SIGHUP")
"""Sent to all processes of a terminal: the one that started the others takes them, and ends the others."""
_ENDING = ("SIGTERM",)


AHEAD = 3
"""Results that a process may have ready before they are taken."""
SLOT = 1 << 22
"""Bytes that a result may have in shared memory; only those used take room."""


class Gone(Exception):
    """The other end of a pipe is gone."""


class Pipe:
    """Values go in at one end and come out at the other, in another process."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()

    def send(self, value: Any) -> None:
        """Put a value in. Raises Gone."""
        import pickle

        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        try:
            write_all(self._in, _SIZE.pack(len(data)) + data)
        except BrokenPipeError:
            raise Gone from None

    def receive(self) -> Any:
        """Take the next value out. Raises Gone."""
        import pickle

        return pickle.loads(self._read(_SIZE.unpack(self._read(_SIZE.size))[0]))  # noqa: S301 - our own process wrote it

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            part = os.read(self._out, min(size, 1 << 20))
            if not part:
                raise Gone
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def keep(self, *, inlet: bool = False, outlet: bool = False) -> None:
        """Close the ends that this process does not need: the other one must see when nobody has them any more."""
        if not inlet and self._in >= 0:
            os.close(self._in)
            self._in = -1
        if not outlet and self._out >= 0:
            os.close(self._out)
            self._out = -1


class Slots:
    """Memory that two processes see: one puts results into slots, by turns, the other takes them out."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, AHEAD * SLOT)
        self._view = memoryview(self._memory)

    def put(self, number: int, parts: Sequence[bytes | memoryview]) -> int:
        """Put a result into its slot; its size, 0 if it does not fit."""
        size = sum(map(len, parts))
        if size > SLOT:
            return 0
        at = number % AHEAD * SLOT
        for part in parts:
            self._view[at : at + len(part)] = part
            at += len(part)
        return size

    def view(self, number: int, size: int) -> memoryview:
        """A result, until the slot is used again."""
        at = number % AHEAD * SLOT
        return self._view[at : at + size]

    def forget(self, number: int) -> None:
        """This process needs the memory of a slot no more: it stays the other's alone."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._memory.madvise(mmap.MADV_DONTNEED, number % AHEAD * SLOT, SLOT)


class Worker:
    """A process that runs `work(orders, results)`; `others` are those started before."""

    def __init__(self, work: Callable[[Pipe, Pipe], None], others: Sequence[Worker]) -> None:
        self.orders, self.results = Pipe(), Pipe()
        self._id = 0
        signals = {getattr(signal, name) for name in (*_IGNORED, *_ENDING)}
        # A signal in the moment between would be taken by both.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        try:
            self._id = os.fork()
            if self._id == 0:
                _run(work, self, others, before)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.orders.keep(inlet=True)
        self.results.keep(outlet=True)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.orders.keep()
        self.results.keep()
        if self._id:
            with suppress(ProcessLookupError):
                os.kill(self._id, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self._id, 0)
            self._id = 0


def _run(
    work: Callable[[Pipe, Pipe], None], worker: Worker, others: Sequence[Worker], before: set[signal.Signals | int]
) -> NoReturn:
    """The life of a new process."""
    try:
        for name in _IGNORED:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        for name in _ENDING:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for other in others:
            other.orders.keep()
            other.results.keep()
        worker.orders.keep(outlet=True)
        worker.results.keep(inlet=True)
        work(worker.orders, worker.results)
    finally:
        # Not by an exception: what this process holds open, or has to undo, is the other's.
        os._exit(0)


def write_all(handle: int, data: bytes) -> None:
    """Write all of `data` to an open file."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
