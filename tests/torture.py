"""Runs one command again and again, each time with another function of ours failing at its first call.

    python torture.py FOLDER EACH COMMAND ...

Of the functions that the command calls, every EACHth fails. The error that is raised holds
everything that the function knew: whatever prints an error's words prints what a caller said. One
line of JSON for each: its name, the exit status, stderr, and the files in `FOLDER/out` and
`FOLDER/tmp` afterwards. The first line is of the command without a failure.

(curl's torture tests do so with every call that may fail.)
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType

import iopscreen
from iopscreen import cli

PACKAGE = str(Path(iopscreen.__file__).parent)
BEYOND = ("main", "open_closed_streams")
"""Nothing can be caught around these; they know no answer."""

Profile = Callable[[FrameType, str, object], None]


def is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(PACKAGE) and code.co_name not in BEYOND


def listing(found: dict[str, CodeType]) -> Profile:
    """Notes every function of ours that is called."""

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and is_ours(frame.f_code):
            place = Path(frame.f_code.co_filename).relative_to(PACKAGE)
            found.setdefault(f"{place}:{frame.f_code.co_qualname}:{frame.f_code.co_firstlineno}", frame.f_code)

    return profile


def failing(wanted: CodeType) -> Profile:
    """Lets the first call of one function fail."""

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is wanted:
            raise RuntimeError(repr(frame.f_locals))

    return profile


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


def called(arguments: list[str]) -> dict[str, CodeType]:
    """The functions that the command calls, by place; it is run here, so that everything is loaded afterwards."""
    found: dict[str, CodeType] = {}
    sys.argv = ["iopscreen", *arguments]
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        sys.setprofile(listing(found))
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
    folder, each, arguments = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    tempfile.tempdir = str(folder / "tmp")
    for _ in range(2):  # the first time, modules are loaded
        emptied(folder)
        found = called(arguments)
    chosen = {"": main.__code__, **dict(list(found.items())[::each])}
    for name, code in chosen.items():
        emptied(folder)
        status, errors = run_in_child(folder, arguments, failing(code))
        print(json.dumps({"function": name, "status": status, "stderr": errors, "files": contents(folder)}))


if __name__ == "__main__":
    main()
