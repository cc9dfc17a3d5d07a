"""A CSV file in, the same file with its decisions out: every row, in order, in constant memory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from iopscreen.batch.chunks import Chunks
from iopscreen.batch.fast import WINDOW, Screener
from iopscreen.batch.header import APPENDED, UTF_8_MARK, Choices, Columns, Top, match_columns, parse_map, read_top
from iopscreen.batch.jobs import jobs_for, parts_by_crew, size_on_disk
from iopscreen.batch.lines import Form, Source, long_cells, text_encoding
from iopscreen.batch.parts import Part, Problem
from iopscreen.batch.tails import ERROR, UNDECIDED, Decider
from iopscreen.batch.writer import Writer, formula_cells
from iopscreen.engine.compiled import Compiled
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import NO_RULE, Answers, RuleSet
from iopscreen.ruleset.values import answer_text

__all__ = ["Assumption", "BatchOptions", "Problem", "Summary", "parse_map", "screen_file"]

AT_ONCE_TO_DISK = 1 << 23

Progress = Callable[[int, int], None]
"""Told how many rows and how many bytes are done."""
OnProblem = Callable[[Problem], None]


@dataclass(frozen=True)
class BatchOptions:
    """What the user chose. `map`: header -> question id; `prefix` stands before the names of our columns."""

    map: Mapping[str, str] = field(default_factory=dict)
    ignore_columns: frozenset[str] = frozenset()
    excel_safe: bool = False
    prefix: str = ""
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Assumption:
    """An answer that no column gave: on how many rows it stands, and how many recommendations rest on it.

    A recommendation rests on it when it would be open were the answer not known.
    """

    question: str
    answer: str
    rows: int
    recommendations: int


@dataclass(frozen=True)
class Summary:
    """What came of a file. Rows are those below the header, without blank lines.

    `by_outcome`: rows by recommendation, every outcome of the rule set in file order and `no_rule`
    last. `without_column`: questions that are not known in any row. `unmapped` and `ignored`: headers
    of columns that answer no question; `formula_cells`: input cells that a spreadsheet would run.
    """

    rows: int
    by_outcome: Mapping[str, int]
    undecided: int
    problems: int
    assumed: tuple[Assumption, ...]
    without_column: tuple[str, ...]
    unmapped: tuple[str, ...]
    ignored: tuple[str, ...]
    blank_lines: int
    formula_cells: int
    excel_safe: bool


def screen_file(
    compiled: Compiled,
    source: BinaryIO,
    target: BinaryIO,
    options: BatchOptions,
    *,
    name: str,
    progress: Progress | None = None,
    on_problem: OnProblem | None = None,
    jobs: int | None = 1,
) -> Summary:
    """Read `source`, write it to `target` with the appended columns, and count.

    `name` is what messages call the input; `progress` is told now and then how many rows, and how
    many bytes, are done; `on_problem` of each row with problems, in the order of the file. `jobs`:
    in how many processes (None: as many as the file is worth); it changes nothing but the time. Raises
    IopscreenError for a file that is refused.
    """
    encoding = text_encoding(options.encoding)
    choices = Choices(options.map, options.ignore_columns)
    counted = _Counted(source)
    size = size_on_disk(source)
    with long_cells():
        rows = Source(counted.read, name)
        top = read_top(rows.lines(), name, encoding, compiled.rule_set, choices)
        rows.put_back(top.left_over)
        columns = match_columns(top, compiled.rule_set, choices, options.prefix, name)
        form = Form(name, encoding, top.delimiter, len(top.headers))
        run = _Run(compiled, columns, top, Writer(form, excel_safe=options.excel_safe), target)
        run.add(run.top(options.prefix))
        crew = jobs_for(jobs, size - rows.at) if size is not None else 1
        from_the_top = crew > 1 and source.tell() == counted.bytes
        chunks = _chunks(run.screener, rows, source) if from_the_top else None
        if chunks is None:
            parts = run.screener.parts(rows)
        else:
            problems = on_problem is not None
            parts = parts_by_crew(run.screener, chunks, name, rows.line, jobs=crew, problems=problems)
        with closing(parts):
            for part in parts:
                run.add(part, progress, on_problem)
    run.check(counted.bytes if chunks is None else size_on_disk(source), name)
    return run.summary()


def _chunks(screener: Screener, rows: Source, source: BinaryIO) -> Chunks | None:
    """The rows of a file on disk in chunks; None where no pattern knows records."""
    shape = screener.shape(rows.stretch(WINDOW))
    handle = source.fileno()
    return Chunks(handle, rows.at, os.fstat(handle).st_size, shape) if shape else None


class _Counted:
    """Reads a file, and counts its bytes."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.bytes = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        block = self._source.read(size)
        self.bytes += len(block)
        return block


class _Target:
    """Writes parts. A large file is brought to the disk on the way: nobody needs to wait for that at the end."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._on_disk = size_on_disk(target) is not None and hasattr(os, "posix_fadvise")
        self._waiting = 0
        self._brought = target.tell() if self._on_disk else 0

    def write(self, part: Part) -> None:
        """Write what a part holds."""
        self._target.writelines(part.out)
        self._waiting += sum(map(len, part.out))
        if self._on_disk and self._waiting >= AT_ONCE_TO_DISK:
            self._waiting = 0
            at = self._target.tell()
            # The system begins to write what it is told that nobody will read again. It may decline.
            with suppress(OSError):
                os.posix_fadvise(self._target.fileno(), self._brought, at - self._brought, os.POSIX_FADV_DONTNEED)
            self._brought = at


class _Run:
    """The rows of one file on their way from source to target, counted."""

    def __init__(self, compiled: Compiled, columns: Columns, top: Top, writer: Writer, target: BinaryIO) -> None:
        self.rule_set = compiled.rule_set
        self.columns = columns
        self.header = top
        self.writer = writer
        self.target = _Target(target)
        self.assumed = _assumed(self.rule_set, columns)
        self.screener = Screener(Decider(compiled, columns.place, self.assumed, writer, top.headers), writer)
        self.total = Part()

    def top(self, prefix: str) -> Part:
        """The lines down to the header, with the names of our columns behind it."""
        top = self.header
        appended = self.writer.appended([prefix + column for column in APPENDED])
        # The byte order mark belongs to the file, not to the first header.
        mark = UTF_8_MARK if top.raw.startswith(UTF_8_MARK) else b""
        return Part(
            out=[top.before, mark, self.writer.odd_row(top.headers, top.raw[len(mark) :], appended)],
            size=len(top.before) + len(top.raw),
            lines=top.lines,
            blank_lines=top.blank_lines,
            formula_cells=formula_cells(top.headers),
        )

    def add(self, part: Part, progress: Progress | None = None, on_problem: OnProblem | None = None) -> None:
        """Write the next part, and count it."""
        self.target.write(part)
        if on_problem:
            for problem in part.problems:
                on_problem(problem._replace(line=self.total.lines + problem.line + 1))
        self.total.add(part)
        if progress:
            progress(self.total.rows, self.total.size)

    def check(self, bytes_read: int | None, name: str) -> None:
        """Rows in = rows out, every one of them under one heading, and no byte went astray."""
        summary = self.summary()
        told = summary.undecided + summary.problems + sum(summary.by_outcome.values())
        if bytes_read != self.total.size or told != summary.rows:
            raise IopscreenError(f"{name}: not every row was accounted for; trust no result, and report this fault")

    def summary(self) -> Summary:
        """The counts so far."""
        count: Counter[str] = Counter()
        resting: Counter[str] = Counter()
        total = self.total
        for told, rows in total.told.items():
            count[told.told] += rows
            resting.update(dict.fromkeys(told.resting, rows))
        without = [question.id for question in self.rule_set.questions if question.id not in self.columns.place]
        return Summary(
            rows=total.rows,
            by_outcome={outcome: count[outcome] for outcome in (*self.rule_set.outcome, NO_RULE)},
            undecided=count[UNDECIDED],
            problems=count[ERROR],
            assumed=tuple(
                Assumption(question, answer_text(answer), total.rows - count[ERROR], resting[question])
                for question, answer in self.assumed.items()
            ),
            without_column=tuple(question for question in without if question not in self.assumed),
            unmapped=self.columns.unmapped,
            ignored=self.columns.ignored,
            blank_lines=total.blank_lines,
            formula_cells=total.formula_cells,
            excel_safe=self.writer.excel_safe,
        )


def _assumed(rule_set: RuleSet, columns: Columns) -> Answers:
    """The answers that the rule set assumes where a file has no column for them."""
    return {
        question.id: question.when_no_column
        for question in rule_set.questions
        if question.when_no_column is not None and question.id not in (*columns.place, *columns.set_aside)
    }
