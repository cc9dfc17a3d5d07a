"""A CSV file in, the same file with its decisions out: every row, in order, in constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from iopscreen.batch.header import APPENDED, UTF_8_MARK, Choices, Columns, Top, match_columns, parse_map, read_top
from iopscreen.batch.lines import Form, Record, long_cells, physical_lines, records, text_encoding
from iopscreen.batch.rows import ERROR, UNDECIDED, Decider, Tail, Writer, formula_cells
from iopscreen.engine.compiled import Compiled
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import NO_RULE, Answers, RuleSet
from iopscreen.ruleset.values import answer_text

__all__ = ["Assumption", "BatchOptions", "Summary", "parse_map", "screen_file"]

ROWS_BETWEEN_REPORTS = 4096


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
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Read `source`, write it to `target` with the appended columns, and count.

    `name` is what messages call the input; `progress` is told now and then how many rows are done.
    Raises IopscreenError for a file that is refused.
    """
    encoding = text_encoding(options.encoding)
    choices = Choices(options.map, options.ignore_columns)
    counted = _Counted(source)
    with long_cells():
        lines = physical_lines(counted.read, name)
        top = read_top(lines, name, encoding, compiled.rule_set, choices)
        columns = match_columns(top, compiled.rule_set, choices, options.prefix, name)
        form = Form(name, encoding, top.delimiter, len(top.headers))
        run = _Run(compiled, columns, top, Writer(form, excel_safe=options.excel_safe), target)
        run.write_top(options.prefix)
        run.write_rows(records(chain(top.left_over, lines), form, top.lines), progress)
    run.check(counted.bytes, name)
    return run.summary()


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


class _Run:
    """The rows of one file on their way from source to target, counted."""

    def __init__(self, compiled: Compiled, columns: Columns, top: Top, writer: Writer, target: BinaryIO) -> None:
        self.rule_set = compiled.rule_set
        self.columns = columns
        self.top = top
        self.writer = writer
        self.target = target
        self.assumed = _assumed(self.rule_set, columns)
        self.decider = Decider(compiled, columns.place, self.assumed, writer, top.headers)
        self.width = len(top.headers)
        self.rows = 0
        self.bytes = 0
        self.blank_lines = top.blank_lines
        self.formula_cells = 0

    def write_top(self, prefix: str) -> None:
        """The lines down to the header, with the names of our columns behind it."""
        top = self.top
        self.target.write(top.before)
        self.formula_cells += formula_cells(top.headers)
        appended = self.writer.appended([prefix + column for column in APPENDED])
        # The byte order mark belongs to the file, not to the first header.
        mark = UTF_8_MARK if top.raw.startswith(UTF_8_MARK) else b""
        self.target.write(mark + self.writer.odd_row(top.headers, top.raw[len(mark) :], appended))
        self.bytes += len(top.before) + len(top.raw)

    def write_rows(self, rows: Iterable[Record], progress: Callable[[int], None] | None) -> None:
        """Every row with its decision behind it; blank lines stay as they are."""
        write, width, tail_of = self.target.write, self.width, self.decider.tail
        for cells, raw, faults in rows:
            self.bytes += len(raw)
            formulas = formula_cells(cells)
            if faults or formulas or len(cells) != width:
                write(self._odd(cells, raw, faults))
                self.formula_cells += formulas
            else:
                tail = tail_of(cells)
                tail.tally.rows += 1
                body = raw.rstrip(b"\r\n")
                write(body + tail.data + raw[len(body) :])
                self.rows += 1
            if progress and self.rows % ROWS_BETWEEN_REPORTS == 0:
                progress(self.rows)
        if progress:
            progress(self.rows)

    def _odd(self, cells: list[str], raw: bytes, faults: tuple[str, ...]) -> bytes:
        """A row that takes more than putting the appended cells behind it, or a blank line."""
        if self.width == 1 and not cells:
            cells = [""]
        if len(cells) <= 1 < self.width and not raw.strip():
            self.blank_lines += 1
            return raw
        tail = self._odd_tail(cells, faults)
        tail.tally.rows += 1
        self.rows += 1
        return self.writer.odd_row(cells, raw, tail.data)

    def _odd_tail(self, cells: list[str], faults: tuple[str, ...]) -> Tail:
        """A row with a fault of its own: what its cells say is not asked, for they may not be where they belong."""
        problems = list(faults)
        found, wanted = len(cells), self.width
        if found < wanted:
            problems.append(f"short row: {found} of {wanted} cells; a cell or a delimiter is missing")
        if found > wanted:
            problems.append(f"long row: {found} cells for {wanted} columns; the extra ones stand at the end of the row")
        return self.decider.problem(problems) if problems else self.decider.tail(cells)

    def check(self, bytes_read: int, name: str) -> None:
        """Rows in = rows out, every one of them under one heading, and no byte went astray."""
        summary = self.summary()
        told = summary.undecided + summary.problems + sum(summary.by_outcome.values())
        if bytes_read != self.bytes or told != self.rows:
            raise IopscreenError(f"{name}: not every row was accounted for; trust no result, and report this fault")

    def summary(self) -> Summary:
        """The counts so far."""
        count: Counter[str] = Counter()
        resting: Counter[str] = Counter()
        for tally in self.decider.tallies:
            count[tally.told] += tally.rows
            resting.update(dict.fromkeys(tally.resting, tally.rows))
        without = [question.id for question in self.rule_set.questions if question.id not in self.columns.place]
        return Summary(
            rows=self.rows,
            by_outcome={outcome: count[outcome] for outcome in (*self.rule_set.outcome, NO_RULE)},
            undecided=count[UNDECIDED],
            problems=count[ERROR],
            assumed=tuple(
                Assumption(question, answer_text(answer), self.rows - count[ERROR], resting[question])
                for question, answer in self.assumed.items()
            ),
            without_column=tuple(question for question in without if question not in self.assumed),
            unmapped=self.columns.unmapped,
            ignored=self.columns.ignored,
            blank_lines=self.blank_lines,
            formula_cells=self.formula_cells,
            excel_safe=self.writer.excel_safe,
        )


def _assumed(rule_set: RuleSet, columns: Columns) -> Answers:
    """The answers that the rule set assumes where a file has no column for them."""
    return {
        question.id: question.when_no_column
        for question in rule_set.questions
        if question.when_no_column is not None and question.id not in (*columns.place, *columns.set_aside)
    }
