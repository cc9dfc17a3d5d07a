"""A line on the terminal, while a long file is read, of how much of it is done. It is gone when the file is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 0.5
"""Seconds before anything is shown: most files are done by then, and never wait for a bar to be made."""


class Report(Protocol):
    """Told how many rows, and how many bytes, are done."""

    def __call__(self, rows: int, size: int, /) -> None:
        """So much is done."""


@contextmanager
def rows_bar(size: int | None) -> Iterator[Report]:
    """A bar on stderr for a file of `size` bytes, with rate and time left; of a stream only the rows and the rate."""
    begun = time.monotonic()
    shown: list[tuple[Progress, TaskID]] = []
    with ExitStack() as stack:

        def report(rows: int, done: int, /) -> None:
            seconds = time.monotonic() - begun
            if not shown and seconds >= PATIENCE:
                bar = stack.enter_context(_bar(sized=size is not None))
                shown.append((bar, bar.add_task("rows", total=size, rows=0, rate=0)))
            for bar, task in shown:
                # A file that grew meanwhile is not done before its end.
                total = None if size is None else max(size, done)
                bar.update(task, completed=done, total=total, rows=rows, rate=round(rows / max(seconds, 1e-9)))

        yield report


def _bar(*, sized: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    rows = TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,} a second")
    size = (BarColumn(), TaskProgressColumn(), rows, TimeRemainingColumn(), TextColumn("left"))
    columns = size if sized else (SpinnerColumn(), rows)
    # Rich would draw what goes to stdout on its own console: rows would be lost.
    return Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )
