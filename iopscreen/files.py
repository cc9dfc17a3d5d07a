"""Files that appear whole or not at all: answers readable by their owner alone, rules as other files are."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from iopscreen.errors import IopscreenError, NothingWritten
from iopscreen.named import NamedOutput, telling

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
"""Signals that end the program, so that it undoes what it has begun."""


@contextmanager
def written_whole(path: str, *, force: bool) -> Iterator[BinaryIO]:
    """A file to write bytes to, which takes the name `path` when the block ends without an error.

    Until then it has another name in the same folder, and mode 0600. An existing file is replaced
    only with `force`. Raises IopscreenError; whatever goes wrong, nothing half-written stays.
    """
    with all_written_whole([path], force=force) as (file,):
        yield file


@contextmanager
def all_written_whole(paths: Sequence[str], *, force: bool) -> Iterator[list[BinaryIO]]:
    """Files as `written_whole` has them, which take their names together, in this order: all or none."""
    for path in paths:
        refuse_existing(path, force=force)
    # Known before a file is made: a signal may come right after.
    prefixes = {path: f".{Path(path).name}.{os.urandom(4).hex()}." for path in paths}
    parts: dict[str, str] = {}
    try:
        with ExitStack() as opened:
            files = []
            for path in paths:
                files.append(_part(path, prefixes[path], parts))
                opened.callback(_give_up, files[-1])
            yield files
            for file, path in zip(files, paths, strict=True):
                _finish(file, path)
        with _undisturbed():
            _take_names(parts)
    except BaseException as error:
        with _undisturbed():
            for path, prefix in prefixes.items():
                _clear(Path(path).parent, prefix)
        if isinstance(error, KeyboardInterrupt):
            raise NothingWritten from None
        raise


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Nobody stops what takes a moment here: a second Ctrl-C would leave behind what the first one was to undo."""
    before = {}
    try:
        with suppress(ValueError):  # in another thread than the main one, the only one that signals stop
            for number in _ENDING:
                if signal.getsignal(number) is not None:  # what is not Python's, Python cannot give back
                    before[number] = signal.signal(number, signal.SIG_IGN)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _clear(folder: Path, prefix: str) -> None:
    """Remove the files whose names begin so."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                with suppress(OSError):
                    os.unlink(entry.path)


def _part(path: str, prefix: str, parts: dict[str, str]) -> BinaryIO:
    """A new file beside `path`, for its owner alone; its name goes into `parts`, messages call it `path`."""
    import tempfile  # most runs write to stdout alone

    with telling(path):
        handle, parts[path] = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=Path(path).parent)
        return cast("BinaryIO", NamedOutput(os.fdopen(handle, "wb"), path))


def _give_up(file: BinaryIO) -> None:
    """Close a file that nobody will read. What went wrong before is told, not that it still does."""
    if not file.closed:
        with suppress(OSError, IopscreenError):
            file.close()


def write_together(contents: Mapping[str, bytes], *, force: bool) -> None:
    """Write several files, all or none, with the permissions that other new files get: not for answers.

    Existing ones are replaced only with `force`. Raises IopscreenError.
    """
    for path in contents:
        refuse_existing(path, force=force)
    parts: dict[str, str] = {}
    try:
        for path, data in contents.items():
            parts[path] = _staged(path, data)
        with _undisturbed():
            _take_names(parts)
    finally:
        with _undisturbed():
            for part in parts.values():
                with suppress(OSError):
                    os.unlink(part)


def _staged(path: str, data: bytes) -> str:
    """A new file beside `path` that holds `data`; its name."""
    target = Path(path)
    part = str(target.with_name(f".{target.name}.{os.getpid()}.part"))
    with telling(path):
        # The mode is cut by the umask; an open file of this name would be somebody else's.
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with telling(path), os.fdopen(handle, "wb") as file:
            file.write(data)
            _finish(file, path)
    except BaseException:
        os.unlink(part)
        raise
    return part


def _take_names(parts: Mapping[str, str]) -> None:
    """Rename every part to its file; when one cannot be, those before it get back what they held."""
    others = list(parts)[:-1]
    held: dict[str, str] = {}
    try:
        for path in others:
            if Path(path).exists():
                held[path] = _second_name(Path(path))
        for path, part in parts.items():
            _rename(part, Path(path))
    except BaseException:
        for path in others:
            with suppress(OSError):
                if path in held:
                    os.replace(held[path], path)
                elif not Path(parts[path]).exists():
                    os.unlink(path)
        raise
    finally:
        for second in held.values():
            with suppress(OSError):
                os.unlink(second)


def _second_name(target: Path) -> str:
    """A name beside `target` by which its present contents are found after another file took its name."""
    second = str(target.with_name(f".{target.name}.{os.getpid()}.held"))
    try:
        os.link(target, second)
    except OSError:  # a file system without second names: then the only one is changed
        _rename(str(target), Path(second))
    return second


def refuse_existing(path: str, *, force: bool) -> None:
    """Raise IopscreenError when `path` cannot become an output file."""
    if not path:
        raise IopscreenError("the name of the output file is empty; `-` is stdout")
    with telling(path):
        _refuse_existing(path, Path(path), force=force)


def _refuse_existing(path: str, target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise IopscreenError(f"{path}: is a folder; name a file in it")
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
    """Bring all of a file to the disk, and close it: some systems say only then that it is full."""
    with telling(path):
        file.flush()
        os.fsync(file.fileno())
        file.close()


def _rename(name: str, target: Path) -> None:
    with telling(str(target)):
        os.replace(name, target)


def files_in(folder: str, ending: str) -> list[str]:
    """The paths in a folder that end so, in order. Raises IopscreenError: one that may not be read is not empty."""
    try:
        return sorted(str(path) for path in Path(folder).iterdir() if path.name.endswith(ending))
    except OSError as error:
        raise IopscreenError(f"{folder}: cannot be read: {(error.strerror or 'not readable').lower()}") from None


def is_folder(path: str) -> bool:
    """Whether this is a folder. Of what nobody may look at, whoever reads it says so."""
    with suppress(OSError):
        return Path(path).is_dir()
    return False


def is_pipe(path: str) -> bool:
    """Whether this is a pipe with a name."""
    with suppress(OSError):
        return Path(path).is_fifo()
    return False


MOST_NAMES = 500


def similar(path: str) -> str:
    """`; did you mean ...?` where there is a file of nearly the name of one that is missing, else an empty text."""
    from difflib import get_close_matches

    names: list[str] = []
    with suppress(OSError):
        others = (file.name for file in Path(path).parent.iterdir() if file.name != Path(path).name)
        names = sorted(others)[:MOST_NAMES]
    close = get_close_matches(Path(path).name, names, n=1, cutoff=0.8)
    return f"; did you mean `{Path(path).with_name(close[0])}`?" if close else ""
