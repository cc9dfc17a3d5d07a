r"""Rows by the thousand: windows of a file are matched by one pattern, looked up and written at once.

`rows.py` says what a file means; here is its shortcut. A window is some whole lines from the start of a
record on. A pattern takes every byte of it (see `pattern.py`), each piece either a record that is plainly
good or a line that is none. Good records get their tails as they are. Any other line goes to `rows.py`,
which reads one record from its first byte on as the csv module does. Where that record ends, a piece
ends too, and the pieces behind it are as good as always; if none does, a new window begins there. So
every piece that is taken begins where a record begins.

There are three patterns. The *exact* one captures each record. The *loose* one does, too, but looks at less of
it: what it takes for a record of several lines is looked at again. The *quick* one captures even less; it does
for windows in which every line is a good record. These two are made for what the cells were like so far.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import NamedTuple

from iopscreen.batch import cells, lines
from iopscreen.batch.capture import Exact, Plan, Quick, Wanted, plan
from iopscreen.batch.cells import Deciding, States
from iopscreen.batch.lines import Form, Source, looks_like_rows
from iopscreen.batch.parts import Part, Told
from iopscreen.batch.pattern import Shape, count_lines, first_lines, is_blank, is_quick, lines_of
from iopscreen.batch.rows import Rows
from iopscreen.batch.writer import Writer
from iopscreen.engine.kept import Kept

WINDOW = 1 << 16
SMALL_WINDOW = 1 << 10
"""Bytes of a window where the one before did not come out even."""
WORTHWHILE = 1 << 14
"""Bytes that a file has at least below its header, or no pattern is made for it."""
PART = 1 << 18
"""Bytes screened before they are handed on."""
FIRST_PLAN = 4
"""Windows that are looked at before a quick pattern is made."""
MAX_COUNTED = 1 << 14
"""Different rows that are counted each by itself before they are put together by what they are told."""
MAX_PAUSE = 64
"""Windows that are not tried with a pattern after many were in vain."""
MAX_LINES = 1 << 11
"""Lines of a window: for each, however short, there are a piece, a state and a tail."""
MAX_CELLS = 1 << 18
"""Lines of a window times columns: a piece has a place for each column, even of a line without cells."""
MAX_COPIED = 1 << 22
"""Bytes of a window's rows that are put together to be written at once. Of more, their tails must be large: many
rows have the same one, which is not copied for each then."""
BLANK = -1
"""The state of a blank line."""

_LF, _CR = b"\n\r"


class Screener:
    """Screens the rows of one file, and hands them on in parts."""

    def __init__(self, deciding: Deciding, writer: Writer) -> None:
        self.rows = Rows(deciding, writer)
        self._form = writer.form
        self._able = self._form.width > 1 and bool(deciding.columns) and bytes_stand_alone(self._form.encoding)
        self._windows: _Windows | None = None

    def shape(self, sample: bytes) -> Shape | None:
        """How the records are written of which `sample` holds whole lines; None where no pattern can know."""
        if not (self._able and sample):
            return None
        return Shape(self._form.delimiter.encode("ascii"), lines.end_of(sample), self._form.width)

    def parts(self, source: Source, until: int | None = None) -> Generator[Part, None, None]:
        """What comes of `source` from here on, up to the first record that ends at the byte `until` or past it.

        How its rows count comes with the last part, for most of them. Raises IopscreenError
        for a file that is refused.
        """
        if self._windows:
            self._windows.forget()
        part = Part()
        while (until is None or source.at < until) and self._screen(part, source, until):
            if part.size >= PART or part.is_long:
                yield part
                part = Part()
        self.count(part)
        yield part

    def count(self, part: Part) -> None:
        """Put how the rows of all parts so far count into `part`: those of which that was still to come."""
        if self._windows:
            self._windows.count(part)

    def _screen(self, part: Part, source: Source, until: int | None) -> bool:
        """Add the next rows to `part`; False at the end of the file."""
        most = self._windows.size if self._windows else WINDOW
        if until is not None:
            most = min(most, until - source.at)
        if not self._able:
            return self.rows.read(part, source, source.at + most)
        window = source.stretch(most)
        if not window:  # a long line, or one without an end
            return self.rows.read(part, source, source.at + 1)
        if self._windows is None:
            shape = self.shape(window)
            if len(window) < WORTHWHILE or shape is None:
                return self.rows.read(part, source, source.at + len(window))
            self._windows = _Windows(self.rows, shape, self._form)
        self._windows.screen(part, source, window)
        return True


def bytes_stand_alone(encoding: str) -> bool:
    """Whether ASCII bytes are always ASCII characters, and no other character depends on what comes before it."""
    if encoding in ("utf-8", "ascii"):
        return True
    low = bytes(range(128))
    text = low.decode("ascii")
    for high in range(128, 256):
        after = b"".join(bytes((high, byte)) for byte in low).decode(encoding, "surrogateescape")
        if after[1::2] != text or len(after) != 2 * len(text):
            return False
    return True


class _Windows:
    """The windows of one file. `size`: how many bytes the next one may have."""

    def __init__(self, rows: Rows, shape: Shape, form: Form) -> None:
        self.size = WINDOW
        self._rows = rows
        self._form = form
        self._encoding = form.encoding
        self._shape = shape
        self._max_lines = max(1, min(MAX_LINES, MAX_CELLS // shape.width))
        self._tails = _Tails(rows.states, shape.end)
        self._counts: Counter[int] = Counter()
        texts = zip((column.at for column in rows.deciding.columns), rows.states.texts, strict=True)
        self._wanted = Wanted(dict(sorted(texts)), rows.states.count)
        self._exact = Exact(self._shape, self._wanted, None, self._encoding)
        self._loose: Exact | None = None
        self._ascii = Exact(self._shape, self._wanted, None, self._encoding, ascii_only=True)
        self._quick: Quick | None = None
        self._planned: Plan | None = None
        self._looked_at = 0
        self._quick_pause, self._loose_pause = _Pause(), _Pause()

    def forget(self) -> None:
        """What was counted before came to nothing: the rest of it was refused."""
        self._counts.clear()

    def count(self, part: Part) -> None:
        """Put the counts of what was added to `part` into it."""
        sums = [0] * (len(self._tails.told) + len(self._counts))
        number_of = self._tails.number_of
        for state, rows in self._counts.items():
            sums[number_of(state)] += rows
        part.told.update({told: rows for told, rows in zip(self._tails.told, sums, strict=False) if rows})
        self._counts.clear()
        self._tails.forget_numbers()

    def screen(self, part: Part, source: Source, window: bytes) -> None:
        """Add the rows of a window, which `source` holds next, to `part`."""
        self.size = min(2 * self.size, WINDOW)
        if not self._is_text(window):
            self._add_exactly(self._ascii, part, source, self._of_few_lines(window))
        elif not self._tried_quickly(part, source, window):
            few = self._of_few_lines(window)
            if not self._tried_loosely(part, source, few):
                self._add_exactly(self._exact, part, source, few)
            self._look_at(few)

    def _of_few_lines(self, window: bytes) -> _Window:
        """A window, but for lines that are too many; then the next one shall be as short."""
        lines = count_lines(window)
        if lines > self._max_lines:
            lines = self._max_lines
            window = first_lines(window, lines)
            self.size = len(window)
        return _Window(window, lines)

    def _is_text(self, window: bytes) -> bool:
        if window.isascii():
            return True
        try:
            window.decode(self._encoding)
        except UnicodeDecodeError:
            return False
        return True

    def _look_at(self, window: _Window) -> None:
        """Plan anew after 4, 8, 16 ... windows that no plan was good for."""
        if len(window.data) < WINDOW // 2 and window.lines < self._max_lines // 2:
            return  # of a few rows, all columns seem to have few texts
        self._looked_at += 1
        if self._looked_at >= FIRST_PLAN and self._looked_at & (self._looked_at - 1) == 0:
            planned, before = plan(self._shape, self._wanted, window.data), self._planned
            if before:
                # What was not plain once will not be again, now and then.
                planned = planned._replace(plain=planned.plain & before.plain)
            if planned != before:  # else what was learnt of the cells would be lost
                self._planned = planned
                self._quick = Quick(self._shape, self._wanted, planned, self._encoding)
                self._loose = Exact(self._shape, self._wanted, planned, self._encoding, loose=True)
            if before is None or planned.groups != before.groups:
                self._exact = Exact(self._shape, self._wanted, planned, self._encoding)
            self._quick_pause, self._loose_pause = _Pause(), _Pause()

    # --- quickly ----------------------------------------------------------------------------

    def _tried_quickly(self, part: Part, source: Source, window: bytes) -> bool:
        """Add the window if there is nothing but good records of one line in it; else False."""
        if self._quick is None or not self._quick_pause.is_over():
            return False
        return self._quick_pause.after(good=self._add_quickly(self._quick, part, source, window))

    def _add_quickly(self, quick: Quick, part: Part, source: Source, window: bytes) -> bool:
        if not is_quick(self._shape, window):
            return False
        found = lines_of(self._shape, window)
        if found and len(found) > self._max_lines:
            window = self._of_few_lines(window).data
            found = found[: self._max_lines]
        pieces = quick.pieces(window)
        # Each piece ends with a line end; so it holds no other.
        if found is None or len(found) != len(pieces):
            return False
        states = quick.states(pieces)
        tails = list(map(self._tails.__getitem__, states))
        for index in _nothing_at(tails):
            if not is_blank(self._shape, found[index]):
                return False
            states[index], tails[index] = BLANK, self._shape.end
        rows = _Good(found, states, tails)
        self._add_good(part, source, rows, len(window), len(found))
        return True

    def _add_good(self, part: Part, source: Source, rows: _Good, size: int, lines: int) -> None:
        """Add rows that were `size` bytes in `lines` lines."""
        records, states, tails = rows
        size_out = size - len(self._shape.end) * len(records) + sum(map(len, tails))
        out = _woven(records, tails)
        part.out += out if size_out > MAX_COPIED else [b"".join(out)]
        part.size_out += size_out
        part.lines += lines
        part.lines_out += lines  # as long as the size is right, which is seen in a fraction of the time
        self._counts.update(states)
        blank = self._counts.pop(BLANK, 0)
        part.blank_lines += blank
        if len(self._counts) >= MAX_COUNTED:
            self.count(part)
        part.rows += len(records) - blank
        part.size += size
        source.take(size, lines)

    # --- exactly ----------------------------------------------------------------------------

    def _tried_loosely(self, part: Part, source: Source, window: _Window) -> bool:
        """Add the rows of the window by the loose pattern, unless it is not to be asked: then False.

        It takes short rows in pairs for records of several lines, each of which ends the window: then it pauses.
        """
        if self._loose is None or not (is_quick(self._shape, window.data) and self._loose_pause.is_over()):
            return False
        self._loose_pause.after(good=self._add_exactly(self._loose, part, source, window))
        return True

    def _add_exactly(self, exact: Exact, part: Part, source: Source, window: _Window) -> bool:
        """Add the rows of a window; whether it came out even."""
        found = exact.pieces(window.data)
        records, others = [piece[0] for piece in found], [piece[-1] for piece in found]
        pieces = _Pieces(window, records, others, len(self._shape.end), source.at)
        states = exact.states(found)
        tails = list(map(self._tails.__getitem__, states))
        doubtful = filter(lambda index: self._is_doubtful(exact, records[index]), pieces.of_several_lines())
        bad = sorted({*doubtful, *self._no_rows(records, states, tails, others), *_nothing_at(tails)})
        start: int | None = 0
        while start is not None and start < len(records):
            stop = _first_from(bad, start, len(records))
            if stop > start:
                rows = _Good(records[start:stop], states[start:stop], tails[start:stop])
                self._add_good(part, source, rows, *pieces.extent(start, stop))
                start = stop
            else:
                start = self._read_others(part, source, pieces, bad)
        return start is not None

    def _no_rows(
        self, records: list[bytes], states: list[int], tails: list[bytes], others: Sequence[bytes]
    ) -> Iterator[int]:
        """The places where there is no record, but for blank lines: those become rows of the state BLANK."""
        end = len(self._shape.end)
        for index in _nothing_at(records):
            line = others[index]
            if len(line) >= end and is_blank(self._shape, line):
                records[index], states[index], tails[index] = line[:-end], BLANK, line[-end:]
            else:
                yield index

    def _is_doubtful(self, exact: Exact, record: bytes) -> bool:
        """Whether what was taken for a record of several lines may be none, or several."""
        if exact.loose and not self._exact.is_record(record):
            return True
        return looks_like_rows(record.splitlines(), self._shape.delimiter, self._form)

    def _read_others(self, part: Part, source: Source, pieces: _Pieces, bad: Sequence[int]) -> int | None:
        """Read records as the csv module does, up to the next good piece; its index, None if there is none here."""
        for _ in self._rows.each(part, source):
            index = pieces.starting_at(source.at)
            if index is None:
                self.size = SMALL_WINDOW
                return None
            if _first_from(bad, index, -1) != index:
                return index
        return None


class _Window(NamedTuple):
    """Some whole lines from the start of a record on, and how many they are."""

    data: bytes
    lines: int


class _Pause:
    """Windows in which something is not tried: after each in vain about twice as many."""

    def __init__(self) -> None:
        self._length = self._rest = 0

    def is_over(self) -> bool:
        """Whether it is to be tried with this window."""
        over = self._rest == 0
        self._rest = max(0, self._rest - 1)
        return over

    def after(self, *, good: bool) -> bool:
        """It was tried; whether it was good."""
        self._length = self._rest = 0 if good else min(2 * self._length + 1, MAX_PAUSE)
        return good


class _Good(NamedTuple):
    """Good records without their ends, or blank lines; their states; what comes behind each, its end for the latter."""

    records: Sequence[bytes]
    states: Sequence[int]
    tails: Sequence[bytes]


def _first_from(ascending: Sequence[int], start: int, otherwise: int) -> int:
    """The first of `ascending` numbers that is not below `start`."""
    found = bisect_left(ascending, start)
    return ascending[found] if found < len(ascending) else otherwise


def _nothing_at(found: Sequence[bytes]) -> Iterator[int]:
    """The places of what is empty."""
    at = -1
    with suppress(ValueError):
        while True:
            at = found.index(b"", at + 1)
            yield at


class _Pieces:
    """The pieces of a window, and where they are."""

    def __init__(self, window: _Window, records: Sequence[bytes], others: Sequence[bytes], end: int, at: int) -> None:
        sizes = [len(record) + end for record in records]
        for index in _nothing_at(records):
            sizes[index] = len(others[index])
        self._window = window.data
        self._at = at
        self._records = records
        self._starts = list(accumulate(sizes, initial=0))
        self._one_line_each = window.lines == len(records)
        assert self._starts[-1] == len(window.data)

    def of_several_lines(self) -> Iterator[int]:
        """The places of records of several lines."""
        records = () if self._one_line_each else self._records
        # A number is looked for six times as fast as a byte.
        return (index for index, record in enumerate(records) if _LF in record or _CR in record)

    def extent(self, start: int, stop: int) -> tuple[int, int]:
        """The bytes and the lines of some pieces."""
        begin, end = self._starts[start], self._starts[stop]
        return end - begin, stop - start if self._one_line_each else count_lines(self._window[begin:end])

    def starting_at(self, at: int) -> int | None:
        """The index of the piece that starts at this byte of the file, past the last where the window ends. Or None."""
        if at - self._at > len(self._window):
            return len(self._starts)
        index = bisect_left(self._starts, at - self._at)
        return index if self._starts[index] == at - self._at else None


def _woven(records: Sequence[bytes], tails: Sequence[bytes]) -> list[bytes]:
    """Each record with its tail behind it."""
    out = [b""] * (2 * len(records))
    out[::2] = records
    out[1::2] = tails
    return out


class _Tails(Kept[int, bytes]):
    """What stands behind the record of a state, with the line end; nothing if the row is a problem or no record.

    Few rows differ in what they are told: one copy for all stays close to the processor.
    """

    def __init__(self, states: States, end: bytes) -> None:
        super().__init__(cells.MAX_BYTES)
        self._states = states
        self._end = end
        self.told: list[Told] = []
        """The ways in which rows count, by number."""
        self._number_of_told: dict[Told, int] = {}
        self._numbers: dict[int, int] = {}

    def find(self, state: int) -> bytes:
        tail = self._states[state] if state >= 0 else None
        if tail is None or tail.reasons:
            return b""
        self._numbers[state] = self._number(tail.told)
        return tail.data + self._end

    def size_of(self, data: bytes) -> int:
        return len(data)

    def number_of(self, state: int) -> int:
        """The number, in `told`, of how a row of this state counts."""
        number = self._numbers.get(state)
        if number is None:
            tail = self._states[state]
            assert tail is not None
            number = self._numbers[state] = self._number(tail.told)
        return number

    def _number(self, told: Told) -> int:
        number = self._number_of_told.setdefault(told, len(self.told))
        if number == len(self.told):
            self.told.append(told)
        return number

    def forget_numbers(self) -> None:
        """Begin to number anew, if there are many numbers."""
        if len(self._numbers) >= 2 * MAX_COUNTED:
            self.told.clear()
            self._number_of_told.clear()
            self._numbers.clear()
