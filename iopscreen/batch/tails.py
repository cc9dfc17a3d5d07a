"""Classes of cells -> the cells that are appended, by one rule set: the same `decide` as everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from iopscreen.batch.cells import FIRST_KNOWN, UNKNOWN, UNREADABLE, Column, Tail
from iopscreen.batch.parts import Open, Told
from iopscreen.batch.writer import Writer
from iopscreen.engine.blocks import Blocks
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, ImpossibleAnswers, ShownNote, decide
from iopscreen.engine.remainder import Remainder, Remainders
from iopscreen.ruleset.model import NO_RULE, Answer, Answers, Unanswered
from iopscreen.ruleset.shape import shown
from iopscreen.ruleset.values import AnswerReader, Unreadable, answer_readers, answer_text

UNDECIDED = "undecided"
ERROR = "error"
MAX_DECISIONS = 10_000


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
        self._without = {name: {other: assumed[other] for other in assumed if other != name} for name in assumed}
        self._remainders = Remainders(compiled)
        self._known: dict[tuple[tuple[Remainder, ...], ...], Tail] = {}
        self._assumed_text = ";".join(f"{name}={answer_text(answer)}" for name, answer in assumed.items())

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
        answers = {name: self._answer(name, number) for name, number in zip(self.place, classes, strict=True)}
        left = self._left(answers)
        if left not in self._known:
            if len(self._known) >= MAX_DECISIONS:
                self._known.clear()
            self._known[left] = self._decided(answers)
        return self._known[left]

    def _left(self, answers: Answers) -> tuple[tuple[Remainder, ...], ...]:
        """What the answers leave of the rule set, also without each of those assumed."""
        return tuple(
            [self._remainders.of({**answers, **assumed}) for assumed in (self.assumed, *self._without.values())]
        )

    def _decided(self, answers: Answers) -> Tail:
        try:
            decision = self._decide(answers, self.assumed)
            resting = self._resting(answers, decision)
        except ImpossibleAnswers as error:
            excluding = ", ".join(f"`{entry.id}` ({entry.because})" for entry in error.entries)
            return self.problem([f"these answers cannot occur together: impossible entry {excluding}"])
        except TooTangled:
            return self.problem(["too many questions of this rule set are open to decide the row; answer more of them"])
        told = decision.recommendation or (NO_RULE if decision.possible == (NO_RULE,) else UNDECIDED)
        kind = Open(self._left(answers)[0][0], tuple(answers.items())) if told == UNDECIDED else None
        return Tail(self.writer.appended(self._cells(told, decision)), Told(told, resting, kind))

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
                reasons.append(f"column {shown(self.headers[at])}: {shown(cells[at])} {error}")
        return reasons

    def _answer(self, name: str, number: int) -> Answer:
        return Unanswered.UNKNOWN if number == UNKNOWN else self.compiled.blocks[name].example(number - FIRST_KNOWN)

    def _decide(self, answers: Answers, assumed: Answers) -> Decision:
        return decide(self.compiled, answers, assumed=assumed, absent_is_unknown=True)

    def _resting(self, answers: Answers, decision: Decision) -> frozenset[str]:
        """The questions whose assumed answer, were it not known, would leave the result open."""
        if len(decision.possible) > 1:
            return frozenset()
        return frozenset(
            name for name, rest in self._without.items() if self._decide(answers, rest).possible != decision.possible
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


def _classes(read: AnswerReader, blocks: Blocks) -> Callable[[str], int]:
    """The class of a text: that of its block."""

    def class_of(text: str) -> int:
        try:
            answer = read(text)
        except Unreadable:
            return UNREADABLE
        return UNKNOWN if isinstance(answer, Unanswered) else FIRST_KNOWN + blocks.block_of(answer)

    return class_of
