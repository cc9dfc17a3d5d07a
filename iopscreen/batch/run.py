"""A CSV file in, the same file with its decisions out: every row, in order, in constant memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from typing import BinaryIO

from iopscreen.batch.chunks import Chunks, Positioned
from iopscreen.batch.compare import Earlier
from iopscreen.batch.fast import WINDOW, Screener
from iopscreen.batch.header import UTF_8_MARK, parse_map
from iopscreen.batch.jobs import jobs_for, parts_by_crew, size_on_disk
from iopscreen.batch.lines import Source, long_cells
from iopscreen.batch.opening import BatchOptions, Opened, opened_file
from iopscreen.batch.parts import Part
from iopscreen.batch.problems import ProblemRows
from iopscreen.batch.summary import Assumption, Summary, summed
from iopscreen.batch.writer import formula_cells
from iopscreen.engine.compiled import Compiled
from iopscreen.errors import IopscreenError

__all__ = ["Assumption", "BatchOptions", "Earlier", "ProblemRows", "Summary", "parse_map", "screen_file"]

Progress = Callable[[int, int], None]
"""Told how many rows and how many bytes are done."""
AT_ONCE_TO_DISK = 1 << 23


def screen_file(
    compiled: Compiled,
    source: BinaryIO,
    target: BinaryIO,
    options: BatchOptions,
    *,
    name: str,
    progress: Progress | None = None,
    problems: ProblemRows | None = None,
    earlier: Earlier | None = None,
    jobs: int | None = 1,
) -> Summary:
    """Read `source`, write it to `target` with the appended columns, and count.

    `name` is what messages call the input; `progress` is told now and then how many rows, and how
    many bytes, are done; `problems` gets each row with problems, in the order of the file; `earlier`
    are rules to compare with. `jobs`: in how many processes (None: as many as the file is worth); it
    changes nothing but the time. Raises IopscreenError for a file that is refused.
    """
    size = size_on_disk(source)
    with long_cells():
        opened = opened_file(compiled, source, options, name=name, earlier=earlier)
        opened.refuse_doubts()
        screener = Screener(opened.deciding, opened.writer)
        run = _Run(opened, target, problems)
        run.begin()
        crew = jobs_for(jobs, size - opened.rows.at) if size is not None else 1
        chunks = _chunks(screener, opened.rows, source) if crew > 1 and source.tell() == opened.counted.bytes else None
        rest = Positioned(chunks.handle, chunks.begin) if chunks else None
        if chunks and rest:
            line, wanted = opened.rows.line, problems is not None
            parts = parts_by_crew(screener, chunks, rest, name, line, jobs=crew, problems=wanted)
        else:
            parts = screener.parts(opened.rows)
        with closing(parts):
            for part in parts:
                run.add(part, progress)
    if rest:
        run.check(rest.reached, None)  # the lines that a process reads are known to it alone
    else:
        run.check(opened.counted.bytes, opened.rows.line)
    return summed(run.total, opened)


def _chunks(screener: Screener, rows: Source, source: BinaryIO) -> Chunks | None:
    """The rows of a file on disk in chunks; None where no pattern knows records."""
    shape = screener.shape(rows.stretch(WINDOW))
    handle = source.fileno()
    return Chunks(handle, rows.at, os.fstat(handle).st_size, shape) if shape else None


class _Target:
    """Writes parts, `written` bytes so far.

    A large file is brought to the disk on the way: nobody needs to wait for that at the end.
    """

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._on_disk = size_on_disk(target) is not None and hasattr(os, "posix_fadvise")
        self.written = 0
        self._waiting = 0
        self._brought = target.tell() if self._on_disk else 0

    def write(self, part: Part) -> None:
        """Write what a part holds."""
        self._target.writelines(part.out)
        size = sum(map(len, part.out))
        self.written += size
        self._waiting += size
        if self._on_disk and self._waiting >= AT_ONCE_TO_DISK:
            self._waiting = 0
            at = self._target.tell()
            # The system begins to write what it is told that nobody will read again. It may decline.
            with suppress(OSError):
                os.posix_fadvise(self._target.fileno(), self._brought, at - self._brought, os.POSIX_FADV_DONTNEED)
            self._brought = at


class _Run:
    """The rows of one file on their way to the target, counted."""

    def __init__(self, opened: Opened, target: BinaryIO, problems: ProblemRows | None) -> None:
        self.opened = opened
        self.target = _Target(target)
        self.problems = problems
        self.total = Part()

    def begin(self) -> None:
        """The lines down to the header, with the names of our columns behind it."""
        top, writer = self.opened.top, self.opened.writer
        # The byte order mark belongs to the file, not to the first header.
        mark = UTF_8_MARK if top.raw.startswith(UTF_8_MARK) else b""
        header = top.raw[len(mark) :]
        if self.problems is not None:
            self.problems.begin(top.before + mark, writer.safe(top.cells, header), _taken(self.opened), writer)
        out = [top.before, mark, writer.odd_row(top.cells, header, writer.appended(self.opened.added))]
        self.add(
            Part(
                out=list(out),
                size=len(top.before) + len(top.raw),
                lines=top.lines,
                size_out=sum(map(len, out)),
                lines_out=len(b"".join(out).splitlines()),
                blank_lines=top.blank_lines,
                formula_cells=formula_cells(top.cells),
            )
        )

    def add(self, part: Part, progress: Progress | None = None) -> None:
        """Write the next part, and count it."""
        self.target.write(part)
        if self.problems is not None:
            for problem in part.problems:
                self.problems.add(problem._replace(line=self.total.lines + problem.line + 1))
        self.total.add(part)
        if progress:
            progress(self.total.rows, self.total.size)

    def check(self, bytes_read: int, lines_read: int | None) -> None:
        """Rows in = rows out, each told one thing; what was read is in some part; what is to come out was written.

        `lines_read`: None where nobody but the parts has counted them.
        """
        total = self.total
        read = bytes_read == total.size and lines_read in (None, total.lines)
        written = (self.target.written, total.lines_out) == (total.size_out, total.lines)
        if not (read and written and total.told.total() == total.rows):
            message = "not every row was accounted for; trust no result, and report this fault"
            raise IopscreenError(f"{self.opened.name}: {message}")


def _taken(opened: Opened) -> set[str]:
    """Names that columns of the file have, or that the rules would take for questions."""
    deciders = [decider for decider in (opened.decider, opened.before) if decider]
    questions = [question for decider in deciders for question in decider.compiled.rule_set.questions]
    return {*opened.top.cells, *(name for question in questions for name in (question.id, question.column) if name)}
