"""Where a record is kept: one file, replaced whole after every change, so that no power cut loses a call."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from iopscreen.errors import IopscreenError
from iopscreen.files import refuse_existing, written_whole
from iopscreen.screen.record import record_name

MOST = 1000
"""How many records may have the same time and reference."""


class Keeper:
    """Keeps one record in one file. What went wrong last is in `problem` until a later try goes well."""

    def __init__(self, path: str, *, claimed: bool = False) -> None:
        self.path = path
        self.problem: IopscreenError | None = None
        self._empty = claimed
        """The name was taken by an empty file, so that no other call takes it; nothing is kept there yet."""

    def keep(self, data: bytes) -> None:
        """Replace the file; a failure is remembered, and tried again at the next change."""
        try:
            with written_whole(self.path, force=True) as file:
                file.write(data)
        except IopscreenError as error:
            self.problem = error
        except OSError as error:  # of the write itself: a full disk
            self.problem = IopscreenError(f"{self.path}: cannot be written: {(error.strerror or 'error').lower()}")
        else:
            self.problem, self._empty = None, False
        if self._empty:
            self._empty = False
            with suppress(OSError):
                os.unlink(self.path)


def keeper(name: str, *, started: str, ref: str | None, force: bool, going_on_with: str | None) -> Keeper:
    """The keeper for `--save NAME`: a file, or a new file in a folder, named by time and reference.

    An existing file is refused without `force`, unless it is the unfinished record that is gone
    on with. Raises IopscreenError.
    """
    if not name:
        raise IopscreenError("the name of the record's file is empty; name a file or a folder")
    if name == "-":
        raise IopscreenError("`--save -`: a record is kept in a file while the call goes on; name a file or a folder")
    if name.endswith(("/", "\\")) or Path(name).is_dir():
        return Keeper(_new_name(name, started, ref), claimed=True)
    same = going_on_with is not None and Path(name).exists() and Path(name).samefile(going_on_with)
    refuse_existing(name, force=force or same)
    return Keeper(name)


def _new_name(folder: str, started: str, ref: str | None) -> str:
    """A name in `folder` that no file had, taken at once; a folder that is not there is made, for its owner alone.

    Two calls that begin in one second never get one name: only one of them can make the file.
    """
    try:
        Path(folder).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "error").lower()
        raise IopscreenError(f"{folder}: is no folder, and cannot be made: {reason}") from None
    first = Path(folder) / record_name(started, ref)
    for number in range(1, MOST):
        path = first if number == 1 else first.with_name(f"{first.stem}-{number}{first.suffix}")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            continue
        except OSError as error:
            raise IopscreenError(f"{path}: cannot be written: {(error.strerror or 'error').lower()}") from None
        return str(path)
    raise IopscreenError(f"{folder}: holds too many records of this moment; name a file")
