"""Runs one command again and again, each time with something else failing.

    python torture.py FOLDER functions|calls EACH COMMAND ... [-- LINE ...]

`functions`: of the functions of ours that the command calls, every EACHth fails at its first call. The error
that is raised holds everything that the function knew: whatever prints an error's words prints what a caller said.
`calls`: of all that the command asks of the system (to open, read, write, rename ... a file), every EACHth
fails, as on a broken disk (curl's torture tests do so with every call that may fail).

One line of JSON for each: what failed, the exit status, stderr, and the files in `FOLDER/out` and
`FOLDER/tmp` afterwards. The first line is of the command without a failure. No time passes: what else the machine
has to do shall not show. With LINEs, stdin and stderr are a terminal, at which these are typed one by one.
"""

from __future__ import annotations

import errno
import io
import json
import os
import select
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import iopscreen
from iopscreen import calls as holding
from iopscreen import cli
from iopscreen.engine.budget import Budget

PACKAGE = str(Path(iopscreen.__file__).parent)
BEYOND = ("main", "open_closed_streams")
"""Nothing can be caught around these; they know no answer."""

Profile = Callable[[FrameType, str, object], None]
Found = dict[str, Any]
"""What may fail, by what it is called here."""


class Kind(NamedTuple):
    """What fails: how all that may is noted, and how one of these is let fail."""

    listing: Callable[[Found], Profile]
    failing: Callable[[Any], Profile]


# --- functions of ours ----------------------------------------------------------------------


def is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(PACKAGE) and code.co_name not in BEYOND


def functions(found: Found) -> Profile:
    """Notes every function of ours that is called."""

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and is_ours(frame.f_code):
            place = Path(frame.f_code.co_filename).relative_to(PACKAGE)
            found.setdefault(f"{place}:{frame.f_code.co_qualname}:{frame.f_code.co_firstlineno}", frame.f_code)

    return profile


def failing_function(wanted: CodeType) -> Profile:
    """Lets the first call of one function fail."""

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is wanted:
            raise RuntimeError(repr(frame.f_locals))

    return profile


# --- what is asked of the system ------------------------------------------------------------

SYSTEM = ("posix", "_io", "io", "fcntl", "mmap", "select")
FILES = (io.FileIO, io.BufferedReader, io.BufferedWriter, io.TextIOWrapper)
CANNOT_FAIL = ("fspath", "_path_normpath", "getpid", "_exit", "urandom", "isatty", "fileno", "readable", "seekable")


def is_fallible(call: object) -> bool:
    """Whether a call of C may fail for reasons that are no fault of ours. Of stderr: there is nobody to tell."""
    owner, name = getattr(call, "__self__", None), getattr(call, "__name__", "")
    if isinstance(owner, FILES):
        return name not in CANNOT_FAIL and getattr(owner, "name", "") not in (2, "<stderr>")
    return getattr(call, "__module__", "") in SYSTEM and name not in CANNOT_FAIL


def calls(found: Found) -> Profile:
    """Notes every fallible call, each time it is made."""

    def profile(frame: FrameType, event: str, call: object) -> None:
        if event == "c_call" and is_fallible(call):
            place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            found[f"{len(found)}. {getattr(call, '__qualname__', call)} at {place}"] = len(found)

    return profile


def failing_call(number: int) -> Profile:
    """Lets one fallible call fail."""
    made = 0

    def profile(_: FrameType, event: str, call: object) -> None:
        nonlocal made
        if event == "c_call" and is_fallible(call):
            made += 1
            if made > number:
                sys.setprofile(None)
                raise OSError(errno.EIO, os.strerror(errno.EIO))

    return profile


KINDS: Mapping[str, Kind] = {
    "functions": Kind(functions, failing_function),
    "calls": Kind(calls, failing_call),
}


# --- the command ----------------------------------------------------------------------------


class Terminal:
    """Where the command talks: a file, or with lines to type a terminal, at which each answers a prompt."""

    def __init__(self, folder: Path, lines: Sequence[str]) -> None:
        self._file = folder / "stderr"
        self._lines = [f"{line}\n".encode() for line in lines]
        self._shown = b""
        self._ends = os.openpty() if lines else None

    def streams(self) -> dict[int, int]:
        """What stdout and stderr are to be, and stdin."""
        out = os.open(os.devnull, os.O_WRONLY)
        if self._ends:
            return {0: self._ends[1], 1: out, 2: self._ends[1]}
        return {1: out, 2: os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)}

    def attend(self, *, is_over: Callable[[], bool]) -> None:
        """Type, until it is over."""
        while self._ends and not (self._shows_nothing() and is_over()):
            if self._shown.endswith(b"> "):
                os.write(self._ends[0], self._lines.pop(0) if self._lines else b"\x04")
                self._shown += b"\n"

    def _shows_nothing(self) -> bool:
        if not select.select([self._ends[0]], [], [], 0.01)[0]:
            return True
        self._shown += os.read(self._ends[0], 1 << 16)
        return False

    def said(self) -> str:
        """All that was shown; and nobody looks any more."""
        if not self._ends:
            return self._file.read_text(encoding="utf-8", errors="replace")
        for end in self._ends:
            os.close(end)
        return self._shown.decode("utf-8", "replace")


def run_in_child(folder: Path, arguments: list[str], lines: list[str], profile: Profile) -> tuple[int, str]:
    """The command in a process of its own: its exit status and what it wrote to stderr."""
    terminal = Terminal(folder, lines)
    child = os.fork()
    if child == 0:
        for number, stream in terminal.streams().items():
            os.dup2(stream, number)
        sys.argv = ["iopscreen", *arguments]
        status: object = 99
        try:
            sys.setprofile(profile)
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        finally:
            sys.setprofile(None)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status if isinstance(status, int) else 98)
    ended: list[int] = []

    def is_over() -> bool:
        if not ended and (found := os.waitpid(child, os.WNOHANG))[0]:
            ended.append(found[1])
        return bool(ended)

    terminal.attend(is_over=is_over)
    status = ended[0] if ended else os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status), terminal.said()


def emptied(folder: Path) -> None:
    for name in ("out", "tmp"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()


def contents(folder: Path) -> dict[str, str]:
    files = [path for name in ("out", "tmp") for path in (folder / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace") for path in files}


def noted(folder: Path, arguments: list[str], lines: list[str], kind: Kind) -> Found:
    """All that may fail; the command is run here, so that everything is loaded afterwards."""
    found: Found = {}
    sys.argv = ["iopscreen", *arguments]
    terminal = Terminal(folder, lines)
    kept = {number: os.dup(number) for number in (0, 1, 2)}
    for number, stream in terminal.streams().items():
        os.dup2(stream, number)
    over = threading.Event()
    typist = threading.Thread(target=terminal.attend, kwargs={"is_over": over.is_set})
    typist.start()
    try:
        sys.setprofile(kind.listing(found))
        cli.main()
    except SystemExit:
        pass
    finally:
        sys.setprofile(None)
        sys.stdout.flush()
        sys.stderr.flush()
        for number, stream in kept.items():
            os.dup2(stream, number)
        over.set()
        typist.join()
    terminal.said()
    return found


def main() -> None:
    folder, kind, each, arguments = Path(sys.argv[1]), KINDS[sys.argv[2]], int(sys.argv[3]), sys.argv[4:]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    arguments, lines = arguments[:end], arguments[end + 1 :]
    tempfile.tempdir = str(folder / "tmp")
    Budget.__init__.__defaults__ = (lambda: 0.0, None)  # its clock stands
    holding.now = lambda: "2026-11-26T09:30:00+01:00"
    for _ in range(2):  # the first time, modules are loaded
        emptied(folder)
        found = noted(folder, arguments, lines, kind)
    faults = {name: kind.failing(one) for name, one in list(found.items())[::each]}
    for name, fault in {"": lambda *_: None, **faults}.items():
        emptied(folder)
        status, errors = run_in_child(folder, arguments, lines, fault)
        print(json.dumps({"failing": name, "status": status, "stderr": errors, "files": contents(folder)}))


if __name__ == "__main__":
    main()
