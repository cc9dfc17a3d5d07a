"""Runs one command again and again, each time with something else failing.

    python torture.py FOLDER functions|calls EACH COMMAND ...

`functions`: of the functions of ours that the command calls, every EACHth fails at its first call. The error
that is raised holds everything that the function knew: whatever prints an error's words prints what a caller said.
`calls`: of all that the command asks of the system (to open, read, write, rename ... a file), every EACHth
fails, as on a broken disk (curl's torture tests do so with every call that may fail).

One line of JSON for each: what failed, the exit status, stderr, and the files in `FOLDER/out` and
`FOLDER/tmp` afterwards. The first line is of the command without a failure. No budget runs out: what else the
machine has to do shall not show.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import iopscreen
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


def run_in_child(folder: Path, arguments: list[str], profile: Profile) -> tuple[int, str]:
    """The command in a process of its own: its exit status and what it wrote to stderr."""
    errors = folder / "stderr"
    child = os.fork()
    if child == 0:
        for number, path in ((1, os.devnull), (2, str(errors))):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
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
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), errors.read_text(encoding="utf-8", errors="replace")


def emptied(folder: Path) -> None:
    for name in ("out", "tmp"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()


def contents(folder: Path) -> dict[str, str]:
    files = [path for name in ("out", "tmp") for path in (folder / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace") for path in files}


def noted(arguments: list[str], kind: Kind) -> Found:
    """All that may fail; the command is run here, so that everything is loaded afterwards."""
    found: Found = {}
    sys.argv = ["iopscreen", *arguments]
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        sys.setprofile(kind.listing(found))
        cli.main()
    except SystemExit:
        pass
    finally:
        sys.setprofile(None)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
    return found


def main() -> None:
    folder, kind, each, arguments = Path(sys.argv[1]), KINDS[sys.argv[2]], int(sys.argv[3]), sys.argv[4:]
    tempfile.tempdir = str(folder / "tmp")
    Budget.__init__.__defaults__ = (lambda: 0.0, None)  # its clock stands
    for _ in range(2):  # the first time, modules are loaded
        emptied(folder)
        found = noted(arguments, kind)
    faults = {name: kind.failing(one) for name, one in list(found.items())[::each]}
    for name, fault in {"": lambda *_: None, **faults}.items():
        emptied(folder)
        status, errors = run_in_child(folder, arguments, fault)
        print(json.dumps({"failing": name, "status": status, "stderr": errors, "files": contents(folder)}))


if __name__ == "__main__":
    main()
