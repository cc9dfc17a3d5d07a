"""A CSV file in, the same file with its decisions out: every row, in order, in constant memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from iopscreen.batch.compare import Earlier
from iopscreen.batch.fast import Screener
from iopscreen.batch.header import UTF_8_MARK, parse_map
from iopscreen.batch.lines import long_cells
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
) -> Summary:
    """Read `source`, write it to `target` with the appended columns, and count.

    `name` is what messages call the input; `progress` is told now and then how many rows, and how
    many bytes, are done; `problems` gets each row with problems, in the order of the file; `earlier`
    are rules to compare with. Raises IopscreenError for a file that is refused.
    """
    with long_cells():
        opened = opened_file(compiled, source, options, name=name, earlier=earlier)
        opened.refuse_doubts()
        screener = Screener(opened.deciding, opened.writer)
        run = _Run(opened, target, problems)
        run.begin()
        for part in screener.parts(opened.rows):
            run.add(part, progress)
    run.check()
    return summed(run.total, opened)


class _Run:
    """The rows of one file on their way to the target, counted."""

    def __init__(self, opened: Opened, target: BinaryIO, problems: ProblemRows | None) -> None:
        self.opened = opened
        self.target = target
        self.mark = b"\r" if opened.top.raw.endswith(b"\r") else b"\n"
        self.line_ends = 0
        self.problems = problems
        self.total = Part()

    def begin(self) -> None:
        """The lines down to the header, with the names of our columns behind it."""
        top, writer = self.opened.top, self.opened.writer
        # The byte order mark belongs to the file, not to the first header.
        mark = UTF_8_MARK if top.raw.startswith(UTF_8_MARK) else b""
        header = top.raw[len(mark) :]
        if self.problems:
            self.problems.begin(top.before + mark, writer.safe(top.headers, header), _taken(self.opened), writer)
        self.add(
            Part(
                out=[top.before, mark, writer.odd_row(top.headers, header, writer.appended(self.opened.added))],
                size=len(top.before) + len(top.raw),
                lines=top.lines,
                blank_lines=top.blank_lines,
                formula_cells=formula_cells(top.headers),
            )
        )

    def add(self, part: Part, progress: Progress | None = None) -> None:
        """Write the next part, and count it."""
        self.target.writelines(part.out)
        self.line_ends += sum(piece.count(self.mark) for piece in part.out)
        if self.problems:
            for problem in part.problems:
                self.problems.add(problem._replace(line=self.total.lines + problem.line + 1))
        self.total.add(part)
        if progress:
            progress(self.total.rows, self.total.size)

    def check(self) -> None:
        """Rows in = rows out, each told one thing; every byte read is in some part, and every line came out.

        Nothing of ours ends a line, so that there are as many bytes that do behind as before.
        """
        total, read = self.total, self.opened.counted
        found = total.size, total.lines, self.line_ends, total.told.total()
        if found != (read.bytes, self.opened.rows.line, read.line_ends[self.mark], total.rows):
            message = "not every row was accounted for; trust no result, and report this fault"
            raise IopscreenError(f"{self.opened.name}: {message}")


def _taken(opened: Opened) -> set[str]:
    """Names that columns of the file have, or that the rules would take for questions."""
    deciders = [decider for decider in (opened.decider, opened.before) if decider]
    questions = [question for decider in deciders for question in decider.compiled.rule_set.questions]
    return {*opened.top.headers, *(name for question in questions for name in (question.id, question.column) if name)}
