"""A CSV file in, the same file with its decisions out: every row, in order, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from iopscreen.batch.compare import COMPARED, Comparison, Earlier
from iopscreen.batch.header import APPENDED, UTF_8_MARK, Choices, Columns, Top, match_columns, parse_map, read_top
from iopscreen.batch.lines import Form, Source, long_cells, text_encoding
from iopscreen.batch.parts import Part
from iopscreen.batch.problems import ProblemRows
from iopscreen.batch.rows import Rows
from iopscreen.batch.summary import Assumption, Summary, summed
from iopscreen.batch.tails import Decider
from iopscreen.batch.writer import Writer, formula_cells
from iopscreen.engine.compiled import Compiled
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Answers, RuleSet

__all__ = ["Assumption", "BatchOptions", "Earlier", "ProblemRows", "Summary", "parse_map", "screen_file"]

Progress = Callable[[int, int], None]
"""Told how many rows and how many bytes are done."""


@dataclass(frozen=True)
class BatchOptions:
    """What the user chose. `map`: header -> question id; `prefix` stands before the names of our columns."""

    map: Mapping[str, str] = field(default_factory=dict)
    ignore_columns: frozenset[str] = frozenset()
    excel_safe: bool = False
    prefix: str = ""
    encoding: str = "utf-8"


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
    encoding = text_encoding(options.encoding)
    choices = Choices(options.map, options.ignore_columns)
    added = [options.prefix + column for column in (*APPENDED, *(COMPARED if earlier else ()))]
    counted = _Counted(source)
    with long_cells():
        rows = Source(counted.read, name)
        top = read_top(rows.lines(), name, encoding, compiled.rule_set, choices)
        rows.put_back(top.left_over)
        writer = Writer(Form(name, encoding, top.delimiter, len(top.headers)), excel_safe=options.excel_safe)
        columns = match_columns(top, compiled.rule_set, choices, added, name)
        decider = _decider(compiled, columns, top, writer)
        before = None
        if earlier:
            theirs = match_columns(top, earlier.compiled.rule_set, choices._replace(map=earlier.map), added, name)
            before = _decider(earlier.compiled, theirs, top, writer)
            columns = columns.without(theirs)
        run = _Run(Rows(Comparison(decider, before, writer) if before else decider, writer), target, problems)
        run.begin(top, added, compiled.rule_set)
        for part in run.rows.parts(rows):
            run.add(part, progress)
    run.check(counted, rows.line, name)
    return summed(run.total, columns, decider, top.lines - top.blank_lines, before)


def _decider(compiled: Compiled, columns: Columns, top: Top, writer: Writer) -> Decider:
    return Decider(compiled, columns.place, _assumed(compiled.rule_set, columns), writer, top.headers)


class _Counted:
    """A file that is read, or written; counts its bytes, and those that end lines."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = 0
        self.line_ends = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        block = self._file.read(size)
        self._count(block)
        return block

    def write(self, data: bytes) -> None:
        """Write bytes."""
        self._file.write(data)
        self._count(data)

    def _count(self, data: bytes) -> None:
        self.bytes += len(data)
        self.line_ends += data.count(b"\n") + data.count(b"\r")


class _Run:
    """The rows of one file on their way to the target, counted."""

    def __init__(self, rows: Rows, target: BinaryIO, problems: ProblemRows | None) -> None:
        self.rows = rows
        self.target = _Counted(target)
        self.problems = problems
        self.total = Part()

    def begin(self, top: Top, added: Sequence[str], rule_set: RuleSet) -> None:
        """The lines down to the header, with the names of our columns behind it."""
        writer = self.rows.writer
        # The byte order mark belongs to the file, not to the first header.
        mark = UTF_8_MARK if top.raw.startswith(UTF_8_MARK) else b""
        header = top.raw[len(mark) :]
        if self.problems:
            columns = [question.column or "" for question in rule_set.questions]
            self.problems.begin(
                top.before, mark, writer.safe(top.headers, header), {*top.headers, *rule_set.question, *columns}, writer
            )
        self.add(
            Part(
                out=[top.before, mark, writer.odd_row(top.headers, header, writer.appended(added))],
                size=len(top.before) + len(top.raw),
                lines=top.lines,
                blank_lines=top.blank_lines,
                formula_cells=formula_cells(top.headers),
            )
        )

    def add(self, part: Part, progress: Progress | None = None) -> None:
        """Write the next part, and count it."""
        self.target.write(b"".join(part.out))
        if self.problems:
            for problem in part.problems:
                self.problems.add(problem._replace(line=self.total.lines + problem.line + 1))
        self.total.add(part)
        if progress:
            progress(self.total.rows, self.total.size)

    def check(self, read: _Counted, lines: int, name: str) -> None:
        """Rows in = rows out, each told one thing; every byte read is in some part, and every line came out."""
        total = self.total
        found = total.size, total.lines, self.target.line_ends, total.told.total()
        if found != (read.bytes, lines, read.line_ends, total.rows):
            raise IopscreenError(f"{name}: not every row was accounted for; trust no result, and report this fault")


def _assumed(rule_set: RuleSet, columns: Columns) -> Answers:
    """The answers that the rule set assumes where a file has no column for them."""
    return {
        question.id: question.when_no_column
        for question in rule_set.questions
        if question.when_no_column is not None and question.id not in (*columns.place, *columns.set_aside)
    }
