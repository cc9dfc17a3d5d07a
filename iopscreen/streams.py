"""Files, streams and the terminal of one run: opened, written whole, told to the person in front.

Results go to stdout or a named file, talk to stderr. What can go wrong is told as an
IopscreenError that says what and where.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from iopscreen.errors import IopscreenError
from iopscreen.named import NamedOutput, telling
from iopscreen.text import may_be_contents

STREAM = "-"
"""The name of stdin and stdout."""


class Closed(Exception):
    """Whoever read our output has had enough; there is nobody left to tell."""


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """A file to read bytes from; `-` is stdin. Whoever uses it may leave errors of the system while reading to it."""
    if name == STREAM:
        with _reading("stdin"):
            yield sys.stdin.buffer
        return
    if not name:
        raise IopscreenError("the name of the file to read is empty; `-` is stdin")
    try:
        file = Path(name).open("rb")
    except IsADirectoryError:
        raise IopscreenError(f"{name}: is a folder; name a file in it") from None
    except OSError as error:
        refuse_contents(name)
        from iopscreen.files import similar

        near = similar(name) if isinstance(error, FileNotFoundError) else ""
        raise _cannot_be_read(name, error, near) from None
    with _reading(name), file:
        yield file


def refuse_contents(name: str, looks_so: Callable[[str], bool] = may_be_contents) -> None:
    """What a file would hold, answers perhaps, in the place of its name: it is not repeated. Raises IopscreenError."""
    if looks_so(name) and not is_there(name):
        raise IopscreenError(
            "the name of a file is wanted, and there is none called so; what it holds goes into the file, never onto "
            "the command line, which a shell keeps"
        )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Errors of the system come out as one that names the file. What is written tells its own (`named.py`)."""
    try:
        yield
    except BrokenPipeError:  # of what is written
        raise
    except OSError as error:
        raise _cannot_be_read(name, error) from None


def _cannot_be_read(name: str, error: OSError, near: str = "") -> IopscreenError:
    return IopscreenError(f"{name}: cannot be read: {(error.strerror or 'not readable').lower()}{near}")


def is_there(name: str) -> bool:
    """Whether there is a file of this name, which may be longer than names are, or in a folder that nobody may see."""
    with suppress(OSError, ValueError):
        return Path(name).exists()
    return False


def called(name: str) -> str:
    """What messages call an input."""
    return "stdin" if name == STREAM else name


@contextmanager
def target(name: str, *, force: bool) -> Iterator[BinaryIO]:
    """A place to write bytes to: stdout, or a file that appears whole or not at all. Raises Closed."""
    if name == STREAM:
        with _stdout() as buffer:
            yield buffer
        return
    from iopscreen.files import written_whole

    with written_whole(name, force=force) as file:
        yield file


@contextmanager
def targets(names: Sequence[str], *, force: bool) -> Iterator[list[BinaryIO]]:
    """Several places to write bytes to, one of them perhaps stdout; the files appear together, or none does.

    They take their names in this order, after what went to stdout has left. Raises Closed.
    """
    from iopscreen.files import all_written_whole

    with ExitStack() as opened:
        files = iter(opened.enter_context(all_written_whole([name for name in names if name != STREAM], force=force)))
        yield [opened.enter_context(_stdout()) if name == STREAM else next(files) for name in names]


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    """Stdout for bytes."""
    # Under PYTHONUNBUFFERED stdout's own buffer is none: it would write a row a call, or half of one.
    raw = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
    buffer = io.BufferedWriter(raw, 1 << 16)
    named = cast("BinaryIO", NamedOutput(buffer, "stdout"))
    try:
        with telling("stdout"):
            sys.stdout.flush()
        yield named
        named.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Closed from None
    finally:
        raw.close()  # what could not be written is told by now: the buffer shall not try once more when it goes away


def write(name: str, text: str, *, force: bool) -> None:
    """Write a text, as UTF-8 whatever the locale is."""
    with target(name, force=force) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def check_output(name: str, *, force: bool) -> None:
    """Refuse an output file before anybody was asked anything."""
    if name != STREAM:
        from iopscreen.files import refuse_existing

        refuse_existing(name, force=force)


def refuse_own_input(name: str, read: Iterable[str | None]) -> None:
    """Refuse an output file that is one of the files that are `read`, which `--force` would replace."""
    if name == STREAM or not is_there(name):
        return
    for path in read:
        if path is not None and path != STREAM and is_there(path) and Path(name).samefile(path):
            raise IopscreenError(f"{name}: is the file that is read; name another one for the result")


def width() -> int:
    """Columns to fill: of the terminal that is read, wherever the result goes."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            return min(os.get_terminal_size(stream.fileno()).columns or 80, 100)
    return 80


def color(output: str) -> bool:
    """Whether a result may be coloured."""
    return (
        output == STREAM and sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    )


def plain_terminal() -> bool:
    """Whether the person, or the terminal, asks for lines that are never redrawn."""
    return os.environ.get("TERM") in ("dumb", "") or os.environ.get("ACCESSIBLE", "0") not in ("", "0")


def tell(line: str) -> None:
    """One line for the person at the terminal, beside the result."""
    from iopscreen.text import wrapped

    indent = " " * (len(line) - len(line.lstrip()))
    fits = len(line) <= width() and line.isprintable()
    for part in [line] if fits else wrapped(line, width(), indent):
        print(part, file=sys.stderr)


def open_closed_streams() -> bool:
    """Streams that the caller of the program closed: no input, and nobody to tell. False without stdout."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open()
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")
    return sys.stdout is not None
