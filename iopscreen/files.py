"""Files that appear whole or not at all, readable by their owner alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from iopscreen.errors import IopscreenError


@contextmanager
def written_whole(path: str, *, force: bool) -> Iterator[BinaryIO]:
    """A file to write bytes to, which takes the name `path` when the block ends without an error.

    Until then it has another name in the same folder, and mode 0600. An existing file is replaced
    only with `force`. Raises IopscreenError; whatever goes wrong, nothing half-written stays.
    """
    target = Path(path)
    refuse_existing(path, force=force)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise IopscreenError(f"{path}: cannot be written: {_reason(error)}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            _finish(file, path)
        _rename(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def refuse_existing(path: str, *, force: bool) -> None:
    """Raise IopscreenError when `path` cannot become an output file."""
    target = Path(path)
    if not path:
        raise IopscreenError("the name of the output file is empty; `-` is stdout")
    if target.is_dir():
        raise IopscreenError(f"{path}: is a directory; name a file")
    if target.is_symlink():
        raise IopscreenError(f"{path}: is a symbolic link; name the file that it leads to")
    if target.exists() and not target.is_file():
        raise IopscreenError(f"{path}: is no ordinary file; write to stdout with `-`, and send that there")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        reason = "is no folder" if not target.parent.is_dir() else "cannot be written to"
        raise IopscreenError(f"{path}: cannot be written: {target.parent} {reason}")
    if target.exists() and not force:
        raise IopscreenError(f"{path}: exists already; replace it with `--force`, or name another file")


def _finish(file: BinaryIO, path: str) -> None:
    try:
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise IopscreenError(f"{path}: cannot be written: {_reason(error)}") from None


def _rename(name: str, target: Path) -> None:
    try:
        os.replace(name, target)
    except OSError as error:
        raise IopscreenError(f"{target}: cannot be written: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or "input or output error").lower()
