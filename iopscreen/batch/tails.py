"""Classes of cells -> the cells that are appended, by one rule set: the same `decide` as everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from operator import itemgetter

from iopscreen.batch.cells import FIRST_KNOWN, UNKNOWN, UNREADABLE, Column, Tail
from iopscreen.batch.parts import Open, Told
from iopscreen.batch.writer import Writer
from iopscreen.engine.blocks import Blocks
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import ImpossibleAnswers, ShownNote, is_certain, rule_on, shown, texts_of_open
from iopscreen.engine.kept import PLACE, Kept
from iopscreen.engine.remainder import ByRemainder, Remainders
from iopscreen.ruleset import shape
from iopscreen.ruleset.model import NO_RULE, Answer, Answers, Unanswered
from iopscreen.ruleset.values import AnswerReader, Unreadable, answer_readers, answer_text

UNDECIDED = "undecided"
ERROR = "error"
TOO_TANGLED = "too many questions of this rule set are open to decide the row; answer more of them"
MAX_RULED = 1 << 23
"""Bytes of what the rules say that are kept: it is what takes longest to find out."""
MAX_BYTES = 1 << 21
"""Of the tails that a `Decider` keeps."""
TEXT = 60
"""Bytes of a text beside its letters."""


@dataclass(frozen=True, eq=False, slots=True)
class _Ruled:
    """What the rules make of some rows, as it is written. `cells`: those that depend on the rules alone.

    `due`: texts of open questions, for the notes. `open`: of rows that stay undecided, what is open in them.
    """

    told: str
    possible: tuple[str, ...]
    cells: tuple[str, ...]
    due: tuple[str, ...]
    open: Open | None

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        cells = sum(map(len, self.cells)) + TEXT * len(self.cells)
        answers = 0 if self.open is None else len(self.open.answers) + len(self.open.left.levels)
        return cells + PLACE * (len(self.possible) + len(self.due) + answers)


Row = tuple[_Ruled, frozenset[str], tuple[bool | None, ...]]
"""All that what a row is told depends on: what the rules say, what that rests on, and which notes are certain."""

NOTHING: frozenset[str] = frozenset()


class _Refused(Exception):
    """Why a row is a problem, in words."""


class _Tails(Kept[Row, Tail]):
    """Tails by what is told. Rows that are told the same are many, and far apart."""

    def __init__(self, find: Callable[[Row], Tail]) -> None:
        super().__init__(MAX_BYTES)
        self._find = find

    def find(self, row: Row) -> Tail:
        return self._find(row)

    def size_of(self, tail: Tail) -> int:
        return len(tail.data)


class _ByRules(ByRemainder[_Ruled | str]):
    """What the rules say, or why rows are problems."""

    def size_of(self, found: _Ruled | str) -> int:
        return found.size if isinstance(found, _Ruled) else len(found)


class Decider:
    """Decides rows of one file. `place`: the column of each question; `assumed`: answers that no column gives.

    A row is told what `decide` says of its answers. But what the rules say, and whether a note is certain,
    is found out once for all rows of which the answers leave the same of the rules, or of that note.
    """

    def __init__(
        self, compiled: Compiled, place: Mapping[str, int], assumed: Answers, writer: Writer, headers: Sequence[str]
    ) -> None:
        self.compiled = compiled
        self.place = place
        self.assumed = assumed
        self.writer = writer
        self.headers = headers
        self.readers = answer_readers(compiled.rule_set)
        self._levels = [compiled.level[name] for name in place]
        fixed = compiled.known(assumed)
        self._assumed = [fixed.get(level) for level in range(len(compiled.order))]
        self._ruled = _ByRules(compiled.rules, self._rule, MAX_RULED)
        self._left = Remainders(compiled.rules)
        self._certain = [
            ByRemainder(table, partial(self._is_certain, note)) for note, table in enumerate(compiled.notes)
        ]
        self._note_texts = [_note_text(shown(note)) for note in compiled.rule_set.notes]
        self._assumed_text = ";".join(f"{name}={answer_text(answer)}" for name, answer in assumed.items())
        self._pairs: dict[tuple[str, int], tuple[str, Answer]] = {}
        self._tails = _Tails(self._tail_of)

    @property
    def columns(self) -> list[Column]:
        """A column for each question that has one; a class for each block of its answers."""
        blocks = self.compiled.blocks
        return [
            Column(at, FIRST_KNOWN + blocks[name].count, _classes(self.readers[name], blocks[name]))
            for name, at in self.place.items()
        ]

    def tail(self, classes: Sequence[int]) -> Tail:
        """What is appended to a row of such cells."""
        blocks = self._assumed.copy()
        for level, number in zip(self._levels, classes, strict=True):
            blocks[level] = None if number == UNKNOWN else number - FIRST_KNOWN
        try:
            return self._tails[self._row(blocks)]
        except _Refused as refused:
            return self.problem([str(refused)])

    def _row(self, blocks: Sequence[int | None]) -> Row:
        """What a row of these blocks, by level, is told. Raises _Refused."""
        ruled = self._ruled_on(blocks)
        resting = NOTHING if len(ruled.possible) > 1 else self._resting(blocks, ruled.possible)
        certain = tuple([certain.of(blocks) for certain in self._certain])
        if None in certain:
            raise _Refused(TOO_TANGLED)
        return ruled, resting, certain

    def _ruled_on(self, blocks: Sequence[int | None]) -> _Ruled:
        found = self._ruled.of(blocks)
        if isinstance(found, str):
            raise _Refused(found)
        return found

    def _resting(self, blocks: Sequence[int | None], possible: tuple[str, ...]) -> frozenset[str]:
        """The questions whose assumed answer, were it not known, would leave the result open."""
        return frozenset([name for name in self.assumed if self._without(name, blocks).possible != possible])

    def _without(self, name: str, blocks: Sequence[int | None]) -> _Ruled:
        """What the rules say where a question is not known after all."""
        level = self.compiled.level[name]
        return self._ruled_on([*blocks[:level], None, *blocks[level + 1 :]])

    def _tail_of(self, row: Row) -> Tail:
        ruled, resting, certain = row
        notes = "; ".join([*compress(self._note_texts, certain), *ruled.due])
        return Tail(self.writer.appended([*ruled.cells, notes, ""]), Told(ruled.told, resting, ruled.open))

    # --- once for each remainder ---

    def _rule(self, known: Mapping[int, int]) -> _Ruled | str:
        """What the rules say where these blocks are known, by level; or why such rows are problems."""
        try:
            ruling = rule_on(self.compiled, known)
        except ImpossibleAnswers as error:
            excluding = ", ".join(f"`{entry.id}` ({entry.because})" for entry in error.entries)
            return f"these answers cannot occur together: impossible entry {excluding}"
        except TooTangled:
            return TOO_TANGLED
        told = ruling.recommendation or (NO_RULE if ruling.possible == (NO_RULE,) else UNDECIDED)
        because = dict.fromkeys(rule.because for rule in ruling.rules) if ruling.recommendation else ()
        cells = (
            told,
            ruling.rule.id if ruling.rule else "",
            " / ".join(because),
            ";".join(ruling.possible),
            ";".join(ruling.ask_next),
            self._assumed_text,
        )
        due = tuple(map(_note_text, texts_of_open(self.compiled, ruling.ask_next)))
        return _Ruled(told, ruling.possible, cells, due, self._kind(known) if told == UNDECIDED else None)

    def _kind(self, known: Mapping[int, int]) -> Open:
        """What is open where these blocks are known: by what is left, and by the answers of columns that leave it."""
        left = self._left.of([known.get(level) for level in self._left.levels])
        levels = zip(self.place, self._levels, strict=True)
        return Open(left, tuple([self._pair(name, known[level]) for name, level in levels if level in known]))

    def _pair(self, name: str, block: int) -> tuple[str, Answer]:
        """A question with an answer: one pair for all that have it, for they are kept."""
        if (name, block) not in self._pairs:
            self._pairs[name, block] = (name, self.compiled.blocks[name].example(block))
        return self._pairs[name, block]

    def _is_certain(self, note: int, known: Mapping[int, int]) -> bool | None:
        """Whether a note is certain where these blocks are known; None where that cannot be told."""
        try:
            return is_certain(self.compiled, note, known)
        except TooTangled:
            return None

    def problem(self, reasons: Sequence[str]) -> Tail:
        """What is appended to a row with problems."""
        data = self.writer.appended([ERROR, "", "", "", "", "", "", "; ".join(reasons)])
        return Tail(data, Told(ERROR), tuple(reasons))

    def unreadable(self, cells: Sequence[str]) -> Tail:
        """What is appended to a row in which a cell is no answer."""
        return self.problem(self._reasons(cells))

    def _reasons(self, cells: Sequence[str]) -> list[str]:
        """A reason for each cell that is no answer, in the order of the columns."""
        reasons = []
        for name, at in sorted(self.place.items(), key=itemgetter(1)):
            try:
                self.readers[name](cells[at])
            except Unreadable as error:
                reasons.append(f"column {shape.shown(self.headers[at])}: {shape.shown(cells[at])} {error}")
        return reasons


def _note_text(note: ShownNote) -> str:
    """A note for staff as it is; one for the caller is named as such, for staff read the file."""
    return note.say if note.audience == "staff" else f"to the caller: {note.say}"


def _classes(read: AnswerReader, blocks: Blocks) -> Callable[[str], int]:
    """The class of a text: that of its block."""

    def class_of(text: str) -> int:
        try:
            answer = read(text)
        except Unreadable:
            return UNREADABLE
        return UNKNOWN if isinstance(answer, Unanswered) else FIRST_KNOWN + blocks.block_of(answer)

    return class_of
