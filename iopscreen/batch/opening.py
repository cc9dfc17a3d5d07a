"""A file is opened: its top is read, and what every row needs is made ready.

From here on it is known which column answers which question, under the rules that decide and,
where two rule sets are compared, under the earlier ones.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import takewhile
from typing import Any, BinaryIO, NamedTuple

from iopscreen.batch.cells import Deciding
from iopscreen.batch.compare import COMPARED, Comparison, Earlier
from iopscreen.batch.header import (
    APPENDED,
    Choices,
    Columns,
    Doubtful,
    Top,
    doubt_text,
    match_columns,
    read_top,
    refuse_no_question,
)
from iopscreen.batch.header_lines import names_of, refuse_unnamed
from iopscreen.batch.lines import Form, Source, text_encoding
from iopscreen.batch.option_words import OptionWords
from iopscreen.batch.problems import is_ours
from iopscreen.batch.tails import Decider
from iopscreen.batch.writer import Writer
from iopscreen.engine.compiled import Compiled
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Answers, RuleSet

LONGEST_WAIT = 1.0
"""Seconds."""


@dataclass(frozen=True)
class BatchOptions:
    """What the user chose. `map`: header -> question id; `prefix` stands before the names of our columns.

    `appends`: whether our columns come to stand beside those of the file, so that none may have their names.
    `words`: how messages name these options.
    """

    map: Mapping[str, str] = field(default_factory=dict)
    ignore_columns: frozenset[str] = frozenset()
    excel_safe: bool = False
    prefix: str = ""
    encoding: str = "utf-8"
    appends: bool = True
    words: OptionWords = OptionWords.COMMAND_LINE

    @property
    def choices(self) -> Choices:
        """What is said about columns."""
        return Choices(self.map, self.ignore_columns, self.words)


def options_from_python(
    columns: Mapping[str, str] | None, ignored: Sequence[str], *, prefix: str = "", appends: bool = True
) -> BatchOptions:
    """Options as they are given from Python, `map=` and `ignore_columns=`. Raises IopscreenError for other shapes."""
    maps: Any = {} if columns is None else columns
    if not isinstance(maps, Mapping) or not _texts([*maps, *maps.values()]):
        example = 'map={"Needs detox": "detox_need"}'
        raise IopscreenError(f"`map` should be a mapping from columns to question ids, such as `{example}`")
    if isinstance(ignored, str) or not _texts(ignored):
        raise IopscreenError('`ignore_columns` should be a list of columns, such as `ignore_columns=["Danger now?"]`')
    return BatchOptions(maps, frozenset(ignored), prefix=prefix, appends=appends, words=OptionWords.PYTHON)


def _texts(given: object) -> bool:
    return isinstance(given, Collection) and all(isinstance(item, str) for item in given)


class Counted:
    """A file that is read; counts its bytes."""

    def __init__(self, source: BinaryIO) -> None:
        self._read = _patient(source)
        self.bytes = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        block = self._read(size)
        self.bytes += len(block)
        return block


def _patient(source: BinaryIO) -> Callable[[int], bytes]:
    """How to read `source`; of a pipe, what is there, and without a wait that no signal ends.

    A signal that comes right before such a wait is not seen until it is over, which may be never.
    """
    try:
        handle = source.fileno()
        waits = hasattr(select, "poll") and not stat.S_ISREG(os.fstat(handle).st_mode)
    except OSError:  # no file at all
        return source.read
    read = getattr(source, "read1", source.read)

    def read_when_there(size: int) -> bytes:
        while not select.select([handle], [], [], LONGEST_WAIT)[0]:
            pass  # here signals are seen
        data: bytes = read(size)
        return data

    return read_when_there if waits else source.read


class Opened(NamedTuple):
    """A file with its top read. `added`: the names of our columns; `before` decides by the earlier rules."""

    name: str
    counted: Counted
    rows: Source
    top: Top
    writer: Writer
    added: tuple[str, ...]
    columns: Columns
    decider: Decider
    before: Decider | None
    doubts: tuple[str, ...]

    @property
    def deciding(self) -> Deciding:
        """Whoever decides the rows."""
        return Comparison(self.decider, self.before, self.writer) if self.before else self.decider

    def refuse_doubts(self) -> None:
        """Raise Doubtful where only the user can tell whether a column answers a question that has none."""
        if self.doubts:
            raise Doubtful(self.doubts)


def opened_file(
    compiled: Compiled, source: BinaryIO, options: BatchOptions, *, name: str, earlier: Earlier | None = None
) -> Opened:
    """Read the top of `source`. Raises IopscreenError for a file that is refused whatever its rows hold."""
    encoding = text_encoding(options.encoding)
    counted = Counted(source)
    rows = Source(counted.read, name)
    top = read_top(rows.lines(), name, encoding, compiled.rule_set, options.choices)
    rows.put_back(top.left_over)
    leading = len([*takewhile(is_ours, top.cells)])
    writer = Writer(Form(name, encoding, top.delimiter, len(top.headers), leading), excel_safe=options.excel_safe)
    return _opened(compiled, top, (counted, rows), writer, options, name, earlier)


def opened_table(
    compiled: Compiled,
    headers: Sequence[str],
    writer: Writer,
    options: BatchOptions,
    *,
    name: str,
    earlier: Earlier | None = None,
) -> Opened:
    """What `opened_file` says of a table that is no text: it has columns, and no lines. Raises IopscreenError."""
    refuse_unnamed(headers, name)
    top = Top(b"", 0, b"", tuple(headers), names_of(headers), "", 0, 0, ())
    refuse_no_question(headers, compiled.rule_set, options.choices, name)
    counted = Counted(BytesIO())
    return _opened(compiled, top, (counted, Source(counted.read, name)), writer, options, name, earlier)


def _opened(
    compiled: Compiled,
    top: Top,
    read: tuple[Counted, Source],
    writer: Writer,
    options: BatchOptions,
    name: str,
    earlier: Earlier | None,
) -> Opened:
    choices = options.choices
    ours = (*APPENDED, *(COMPARED if earlier else ())) if options.appends else ()
    added = tuple(options.prefix + column for column in ours)
    columns = match_columns(top, compiled.rule_set, choices, added, name)
    decider = _decider(compiled, columns, top, writer)
    before, doubts = None, columns.doubts
    if earlier:
        theirs = match_columns(top, earlier.compiled.rule_set, choices._replace(map=earlier.map), added, name)
        before = _decider(earlier.compiled, theirs, top, writer)
        doubts = tuple(dict.fromkeys([*doubts, *theirs.doubts]))
        columns = columns.without(theirs)
    texts = tuple(f"{top.place(name)}: {doubt_text(header, question, options.words)}" for header, question in doubts)
    return Opened(name, *read, top, writer, added, columns, decider, before, texts)


def _decider(compiled: Compiled, columns: Columns, top: Top, writer: Writer) -> Decider:
    return Decider(compiled, columns.place, _assumed(compiled.rule_set, columns), writer, top.headers)


def _assumed(rule_set: RuleSet, columns: Columns) -> Answers:
    """The answers that the rule set assumes where a file has no column for them."""
    return {
        question.id: question.when_no_column
        for question in rule_set.questions
        if question.when_no_column is not None and question.id not in (*columns.place, *columns.set_aside)
    }
