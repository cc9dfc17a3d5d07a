"""A row's cells -> the cells that are appended to it.

Each distinct state (a block, or not known, per question) is decided once, by the same `decide`
as everywhere, and its appended cells are written once: rows differ far more than states do.
Caches are emptied when they grow large, and long texts never enter them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from iopscreen.batch.lines import Form
from iopscreen.engine.blocks import Blocks
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, ImpossibleAnswers, ShownNote, decide
from iopscreen.ruleset.model import NO_RULE, Answer, Answers, Unanswered
from iopscreen.ruleset.shape import shown
from iopscreen.ruleset.values import AnswerReader, Unreadable, answer_readers, answer_text

UNDECIDED = "undecided"
ERROR = "error"

MAX_STATES = 20_000
MAX_TEXTS = 50_000
MAX_TEXT = 200

UNREADABLE = -1
State = tuple[int | None, ...]
"""Per question with a column: the block of its answer, None for not known, UNREADABLE for no answer."""


@dataclass(slots=True, eq=False)
class Tally:
    """Rows that count alike: what they are told (an outcome, or UNDECIDED, NO_RULE, ERROR) and on what it rests.

    `resting`: the questions on whose assumed answers the recommendation rests.
    """

    told: str
    resting: frozenset[str] = frozenset()
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Tail:
    """The cells appended to a row, as bytes, each after a delimiter."""

    data: bytes
    tally: Tally


class Decider:
    """Decides rows of one file. `place`: the column of each question; `assumed`: answers that no column gives."""

    def __init__(
        self, compiled: Compiled, place: Mapping[str, int], assumed: Answers, writer: Writer, headers: Sequence[str]
    ) -> None:
        self.compiled = compiled
        self.place = place
        self.assumed = assumed
        self.writer = writer
        self.headers = headers
        self.readers = answer_readers(compiled.rule_set)
        self.problems = Tally(ERROR)
        self._tallies: dict[tuple[str, frozenset[str]], Tally] = {}
        self._columns = [(at, _Texts(self.readers[name], compiled.blocks[name])) for name, at in place.items()]
        self._tails = _Tails(self._decided)
        self._assumed_text = ";".join(f"{name}={answer_text(answer)}" for name, answer in assumed.items())

    @property
    def tallies(self) -> list[Tally]:
        """The counts of all rows so far."""
        return [self.problems, *self._tallies.values()]

    def tail(self, cells: Sequence[str]) -> Tail:
        """What is appended to a row of the right number of cells."""
        tail = self._tails[tuple([texts[cells[at]] for at, texts in self._columns])]
        return tail or self.problem(self._unreadable(cells))

    def problem(self, problems: Sequence[str]) -> Tail:
        """What is appended to a row with problems."""
        return Tail(self.writer.appended([ERROR, "", "", "", "", "", "", "; ".join(problems)]), self.problems)

    def _unreadable(self, cells: Sequence[str]) -> list[str]:
        """A problem for each cell that is no answer, in the order of the columns."""
        problems = []
        for name, at in sorted(self.place.items(), key=itemgetter(1)):
            try:
                self.readers[name](cells[at])
            except Unreadable as error:
                problems.append(f"column {shown(self.headers[at])}: {shown(cells[at])} {error}")
        return problems

    def _decided(self, state: State) -> Tail | None:
        """What is appended in this state; None where a cell is no answer, for that names the cell."""
        if UNREADABLE in state:
            return None
        answers: dict[str, Answer] = {
            name: Unanswered.UNKNOWN if block is None else self.compiled.blocks[name].example(block)
            for name, block in zip(self.place, state, strict=True)
        }
        try:
            decision = self._decide(answers, self.assumed)
            resting = self._resting(answers, decision)
        except ImpossibleAnswers as error:
            excluding = ", ".join(f"`{entry.id}` ({entry.because})" for entry in error.entries)
            return self.problem([f"these answers cannot occur together: impossible entry {excluding}"])
        except TooTangled:
            return self.problem(["too many questions of this rule set are open to decide the row; answer more of them"])
        told = decision.recommendation or (NO_RULE if decision.possible == (NO_RULE,) else UNDECIDED)
        tally = self._tallies.setdefault((told, resting), Tally(told, resting))
        return Tail(self.writer.appended(self._cells(told, decision)), tally)

    def _decide(self, answers: Answers, assumed: Answers) -> Decision:
        return decide(self.compiled, answers, assumed=assumed, absent_is_unknown=True)

    def _resting(self, answers: Answers, decision: Decision) -> frozenset[str]:
        """The questions whose assumed answer, were it not known, would leave the result open."""
        if len(decision.possible) > 1:
            return frozenset()
        without = {
            name: {other: answer for other, answer in self.assumed.items() if other != name} for name in self.assumed
        }
        return frozenset(
            name for name, rest in without.items() if self._decide(answers, rest).possible != decision.possible
        )

    def _cells(self, told: str, decision: Decision) -> list[str]:
        because = dict.fromkeys(rule.because for rule in decision.rules) if decision.recommendation else ()
        return [
            told,
            decision.rule.id if decision.rule else "",
            " / ".join(because),
            ";".join(decision.possible),
            ";".join(decision.ask_next),
            self._assumed_text,
            "; ".join(map(_note_text, decision.notes)),
            "",
        ]


def _note_text(note: ShownNote) -> str:
    """A note for staff as it is; one for the caller is named as such, for staff read the file."""
    return note.say if note.audience == "staff" else f"to the caller: {note.say}"


class _Tails(dict[State, Tail | None]):
    """What is appended, by state."""

    def __init__(self, decided: Callable[[State], Tail | None]) -> None:
        super().__init__()
        self._decided = decided

    def __missing__(self, state: State) -> Tail | None:
        if len(self) >= MAX_STATES:
            self.clear()
        tail = self[state] = self._decided(state)
        return tail


class _Texts(dict[str, int | None]):
    """The block of each text met in one column."""

    def __init__(self, read: AnswerReader, blocks: Blocks) -> None:
        super().__init__()
        self._read = read
        self._blocks = blocks

    def __missing__(self, text: str) -> int | None:
        block = self._block(text)
        if len(text) <= MAX_TEXT:
            if len(self) >= MAX_TEXTS:
                self.clear()
            self[text] = block
        return block

    def _block(self, text: str) -> int | None:
        try:
            answer = self._read(text)
        except Unreadable:
            return UNREADABLE
        return None if isinstance(answer, Unanswered) else self._blocks.block_of(answer)


# --- writing --------------------------------------------------------------------------------

_FORMULA_STARTS = frozenset("=+-@\t\r")
_first_character = itemgetter(slice(1))
_HARMLESS = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?|-+", re.ASCII)


def formula_cells(cells: Sequence[str]) -> int:
    """How many of `cells` a spreadsheet program may run."""
    if _FORMULA_STARTS.isdisjoint(map(_first_character, cells)):
        return 0
    return sum(map(is_formula, cells))


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet program may run `cell`. Plain numbers and dashes are harmless."""
    return cell[:1] in _FORMULA_STARTS and not _HARMLESS.fullmatch(cell)


class Writer:
    """Puts rows together from raw bytes and appended cells."""

    def __init__(self, form: Form, *, excel_safe: bool) -> None:
        self.form = form
        self.excel_safe = excel_safe
        self._mark = form.delimiter.encode(form.encoding)
        mark = re.escape(form.delimiter)
        self._cell = re.compile(rf'(?:"(?:[^"]++|"")*+"|[^{mark}]*)(?:{mark}|\Z)')

    def appended(self, cells: Sequence[str]) -> bytes:
        """`cells` of ours as bytes, each after a delimiter and on one line.

        A letter that the file's encoding lacks becomes `?`.
        """
        on_one_line = [" ".join(cell.split()) for cell in cells]
        return self._mark + self._text(on_one_line).encode(self.form.encoding, "replace")

    def odd_row(self, cells: Sequence[str], raw: bytes, appended: bytes) -> bytes:
        """A row with `appended` behind its last column, where that is more than putting them behind the row.

        A short row is padded, the extra cells of a long one follow, and formulas are made harmless.
        """
        body = raw.rstrip(b"\r\n")
        end = raw[len(body) :]
        missing = self.form.width - len(cells)
        if self.excel_safe and any(map(is_formula, cells)):
            body = self._text(cells).encode(self.form.encoding, "surrogateescape")
        if missing >= 0:
            return body + self._mark * missing + appended + end
        cut = self._end_of_last_column(body)
        return body[:cut] + appended + body[cut:] + end

    def _text(self, cells: Sequence[str]) -> str:
        safe = ["'" + cell if self.excel_safe and is_formula(cell) else cell for cell in cells]
        text = io.StringIO()
        # The writer quotes what its line end consists of.
        csv.writer(text, delimiter=self.form.delimiter, lineterminator="\r\n").writerow(safe)
        return text.getvalue()[:-2]

    def _end_of_last_column(self, body: bytes) -> int:
        """Where the last cell that has a header ends, in bytes; extra cells follow."""
        text = body.decode(self.form.encoding, "surrogateescape")
        at = 0
        for _ in range(self.form.width):
            found = self._cell.match(text, at)
            assert found is not None
            at = found.end()
        before = text[: at - len(self.form.delimiter)]
        return len(before.encode(self.form.encoding, "surrogateescape"))
