"""A file to write to that says its name when it cannot be written: of several, nobody else knows which it was."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from iopscreen.errors import IopscreenError


@contextmanager
def telling(name: str) -> Iterator[None]:
    """Errors of the system come out as one that names the file `name`. That a pipe is closed is no such error."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_be_written(name, error) from None


def cannot_be_written(name: str, error: OSError) -> IopscreenError:
    """That the file `name` cannot be written, and why."""
    return IopscreenError(f"{name}: cannot be written: {(error.strerror or 'input or output error').lower()}")


class NamedOutput(io.BufferedIOBase):
    """`file`, which is written by buffers, under its name."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name

    def write(self, data: Any) -> int:
        """Write bytes. Raises IopscreenError."""
        try:  # as `telling`, which takes longer: this may be called for every row
            return self._file.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot_be_written(self._name, error) from None

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write bytes that come in parts. Raises IopscreenError."""
        with telling(self._name):
            self._file.writelines(lines)

    def flush(self) -> None:
        """Give what is buffered to the system. Raises IopscreenError."""
        if not self._file.closed:
            with telling(self._name):
                self._file.flush()

    def close(self) -> None:
        """Write what is buffered, and close the file. Raises IopscreenError."""
        with telling(self._name):
            self._file.close()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def writable(self) -> bool:
        """It is there to be written."""
        return True

    def fileno(self) -> int:
        """The number that the system gave it."""
        return self._file.fileno()

    def tell(self) -> int:
        """How many bytes were written. Raises IopscreenError."""
        with telling(self._name):
            return self._file.tell()
