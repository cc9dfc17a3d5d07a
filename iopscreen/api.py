"""From Python: a handful of names, all of them in `iopscreen` itself.

    >>> import iopscreen
    >>> rules = iopscreen.load("iop")
    >>> decision = iopscreen.decide(rules, {"immediate_danger": "no", "detox_need": "yes"})
    >>> decision.recommendation, decision.rule
    ('inpatient', 'needs-detox')
    >>> [row.recommendation for row in iopscreen.screen_rows(rules, [{"Detox need": "yes"}, {"Detox need": ""}])]
    ['inpatient', 'undecided']
    >>> [row] = iopscreen.screen_rows(rules, [{"Detox need": "maybe"}])
    >>> row.columns()["problem"]
    'column `Detox need`: `maybe` is not yes, no or unknown'
    >>> iopscreen.audit_rules("iop").complete
    True

What they decide is what the command line decides: through the same compiled rule set, and every text
becomes a value in the same place. Results are frozen dataclasses: they never change, and can be
compared, hashed, copied, pickled and sent to other processes. Whatever a caller can mend is an
IopscreenError, whose message says what, where and what would be right, and never holds an answer.
Nothing is written, and nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from iopscreen.engine.budget import Budget, TooTangled
from iopscreen.engine.change import Change as EngineChange
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import ImpossibleAnswers
from iopscreen.engine.decide import decide as decided
from iopscreen.errors import IopscreenError
from iopscreen.inputs import TOO_FEW_ANSWERS, excluded, read_rules
from iopscreen.ruleset.findings import FileRefused, Finding, Severity, one_line
from iopscreen.ruleset.model import Answer, Answers, RuleFile, Unanswered
from iopscreen.ruleset.shape import did_you_mean, shown
from iopscreen.ruleset.shipped import locate
from iopscreen.ruleset.values import AnswerReader, Unreadable, answer_readers, answer_text, text_of_value

if TYPE_CHECKING:
    from iopscreen.audit.run import AuditResult
    from iopscreen.batch.cells import Tail
    from iopscreen.batch.opening import Opened
    from iopscreen.batch.tails import Decider

AnswerIn = str | int | float | bool | Sequence[str] | None
"""An answer as it is given, to `decide` or in a cell of a row: an option's id, label or alias, or several of them
joined by `;`; a spelling of yes, no, unknown or declined; a truth value; a number, which must be whole (`12`, `12.0`);
or a list or tuple for a question of type `many`. None and a blank are not known. All else is no answer: NaN, bytes,
dates, and values of any other type."""

AnswerOut = str | int | tuple[str, ...]
"""An answer as it comes out: `yes`, `no`, `unknown`, `declined`, an option id or several, a whole number."""

Value = TypeVar("Value")


class FrozenDict(dict[str, Value]):
    """A dict that never changes, so that it can be hashed, too; results hold their mappings so."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("results never change")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict[Value]], tuple[dict[str, Value]]]:
        return FrozenDict, ({**self},)  # copies and pickles of a dict are filled item by item, which is refused here


# --- rules ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """A rule set, read once and compiled. `digest`: of the file's bytes, `sha256:` and 64 hexadecimal digits.

    `questions`: by id, what is asked, in the order of asking; `outcomes`: by id, the label, the least intensive first.
    """

    path: str
    id: str
    version: str
    digest: str
    title: str
    questions: Mapping[str, str]
    outcomes: Mapping[str, str]
    _file: RuleFile = field(repr=False, compare=False)
    _compiled: Compiled = field(repr=False, compare=False)

    @cached_property
    def _readers(self) -> dict[str, AnswerReader]:
        return answer_readers(self._file.rule_set)


def load(name_or_path: str | Path = "iop") -> Rules:
    """Read and compile a rule set: a file, or one that comes along by its name (`iop`, `iop-site-example`).

    Raises IopscreenError with every fault of the file, a line each, in file order.
    """
    try:
        file, compiled = read_rules(str(name_or_path))
    except FileRefused as refused:
        raise IopscreenError("\n".join(map(one_line, refused.findings))) from None
    rule_set = file.rule_set
    return Rules(
        path=file.path,
        id=rule_set.id,
        version=rule_set.version,
        digest=file.digest,
        title=rule_set.title,
        questions=FrozenDict({question.id: question.ask for question in rule_set.questions}),
        outcomes=FrozenDict({outcome.id: outcome.label for outcome in rule_set.outcomes}),
        _file=file,
        _compiled=compiled,
    )


# --- one caller -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """With `answers` instead of the present ones, and all else as it is, `recommendation` is certain."""

    recommendation: str
    answers: Mapping[str, AnswerOut]


@dataclass(frozen=True)
class Note:
    """A line to hand over; `audience` is `staff` or `caller`."""

    id: str
    audience: str
    say: str


@dataclass(frozen=True)
class Decision:
    """What is recommended on some answers, or what is still possible: the keys of `screen --format json`.

    `answers`: those given, in canonical form and the file's order. `recommendation`: an outcome id; None while
    several are possible, and where no rule matches. `rule`, `because`, `basis` and `cite` (ids of passages, or of
    external sources) are those of the one rule that decides; None and empty where several may. `rules`: the ids
    of all that may, in file order. `possible`: outcome ids in the file's order, `no_rule` last. `ask_next`: the
    unanswered questions that can still matter, `not_needed` those that cannot. `would_change`: while decided,
    every smallest change of known answers that decides otherwise; None where that is too tangled.
    What tells answers is left out of its `repr`, which ends up in logs.
    """

    answers: Mapping[str, AnswerOut] = field(repr=False)
    recommendation: str | None
    rule: str | None
    rules: tuple[str, ...]
    because: str | None
    basis: str | None
    cite: tuple[str, ...]
    possible: tuple[str, ...]
    ask_next: tuple[str, ...]
    not_needed: tuple[str, ...]
    would_change: tuple[Change, ...] | None = field(repr=False)
    notes: tuple[Note, ...]
    next_steps: tuple[str, ...]
    _data: dict[str, Any] = field(repr=False, compare=False)

    def json(self) -> dict[str, Any]:
        """The object that `iopscreen screen --format json` prints, ready for `json.dumps`."""
        return deepcopy(self._data)


def decide(rules: Rules, answers: Mapping[str, AnswerIn]) -> Decision:
    """The decision on one caller. `answers`: by question id; what is absent, None, unknown or declined is not known.

    Not knowing never counts as "no": the result is what every way of filling the gaps has in common, found by a
    walk through the decision diagram (Bryant 1986; Srinivasan et al. 1990). Rules are tried in file order and the
    first that matches speaks, the hit policy `first` of decision tables (DMN).

    Raises IopscreenError for an unknown question, an answer that cannot be read (the message names the question,
    never the answer), answers that the rule set says cannot occur together, and a rule set too tangled to
    decide on so few answers.
    """
    from iopscreen.screen.decided import computed_json
    from iopscreen.screen.result import would_change

    known = _answers(rules, answers)
    try:
        found = decided(rules._compiled, known, absent_is_unknown=True)
    except ImpossibleAnswers as error:
        raise IopscreenError(excluded(error)) from None
    except TooTangled:
        raise IopscreenError(TOO_FEW_ANSWERS) from None
    changes = would_change(rules._compiled, found)
    rule, outcome = found.rule, rules._file.rule_set.outcome.get(found.recommendation or "")
    return Decision(
        answers=_frozen(found.answers),
        recommendation=found.recommendation,
        rule=rule.id if rule else None,
        rules=tuple(rule.id for rule in found.rules),
        because=rule.because if rule else None,
        basis=rule.basis.value if rule else None,
        cite=tuple(cite.id for cite in rule.cite) if rule else (),
        possible=found.possible,
        ask_next=found.ask_next,
        not_needed=found.not_needed,
        would_change=None if changes is None else tuple(map(_change, changes)),
        notes=tuple(Note(*note) for note in found.notes),
        next_steps=tuple(line.say for line in outcome.staff) if outcome else (),
        _data=computed_json(rules._file, found, changes),
    )


def _change(change: EngineChange) -> Change:
    return Change(change.recommendation, _frozen(change.answers))


def _frozen(answers: Answers) -> Mapping[str, AnswerOut]:
    plain = {name: str(answer) if isinstance(answer, Unanswered) else answer for name, answer in answers.items()}
    return FrozenDict(plain)


def _answers(rules: Rules, given: Mapping[str, AnswerIn]) -> dict[str, Answer]:
    """Every answer as a value. Raises IopscreenError with all that is wrong."""
    if not isinstance(given, Mapping):
        raise IopscreenError("the answers should be a mapping from question ids to answers")
    known, problems = {}, []
    for question, answer in given.items():
        reader = rules._readers.get(question)
        if reader is None:
            name = _name(question)
            close = did_you_mean(name, rules.questions) or f"; questions: {', '.join(rules.questions)}"
            problems.append(f"{shown(name)} is not a question of rule set `{rules.id}`{close}")
            continue
        try:
            known[question] = _answer(reader, _given(answer))
        except Unreadable as error:
            problems.append(f"the answer of `{question}` {error}")
    if problems:
        raise IopscreenError("\n".join(problems))
    return known


def _name(key: object) -> str:
    """A question or a column as messages call it, whatever it is."""
    return "None" if key is None else str(_given(key))


def _answer(reader: AnswerReader, given: str | list[str]) -> Answer:
    """An answer as text, or as one text for each option. Raises Unreadable."""
    return reader(given) if isinstance(given, str) else reader.items(given)


def _given(value: object) -> str | list[str]:
    """A value as text, or as texts; what can be no answer as its type, in brackets, which is none either."""
    try:
        return [_text(item) for item in value] if isinstance(value, list | tuple) else _text(value)
    except Exception:  # a class of the caller's own may raise what it likes, and must not end the rows behind it
        return f"<{type(value).__name__}>"


def _text(value: object) -> str:
    """The same of a value that is no list."""
    text = text_of_value(value)
    return f"<{type(value).__name__}>" if text is None else text


# --- many callers ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ScreenedRow:
    """What a row is told: the columns that `batch` appends, None and empty where these are blank.

    `recommendation`: an outcome id, `undecided`, `no_rule` or `error`. `assumed`: answers that no column gives and
    that the rule set assumes. `problem`: which cell cannot be read, and what would be right; it holds that cell,
    and is left out of the `repr`.
    """

    recommendation: str
    rule: str | None
    because: str | None
    possible: tuple[str, ...]
    ask_next: tuple[str, ...]
    assumed: Mapping[str, AnswerOut]
    staff_notes: str | None
    problem: str | None = field(repr=False)

    def columns(self) -> dict[str, str]:
        """The columns that `batch` appends, in its order, as the texts that it writes: by name, blank where empty.

        `assumed` is `question=answer`, several are joined by `;`, as are those of `possible` and `ask_next`.
        """
        assumed = ";".join(f"{question}={answer_text(answer)}" for question, answer in self.assumed.items())
        return {
            "recommendation": self.recommendation,
            "rule": self.rule or "",
            "because": self.because or "",
            "possible": ";".join(self.possible),
            "ask_next": ";".join(self.ask_next),
            "assumed": assumed,
            "staff_notes": self.staff_notes or "",
            "problem": self.problem or "",
        }


def screen_rows(
    rules: Rules,
    rows: Iterable[Mapping[str, AnswerIn]],
    *,
    map: Mapping[str, str] | None = None,  # noqa: A002 - as the option is called
    ignore_columns: Sequence[str] = (),
) -> Iterator[ScreenedRow]:
    """One result for each row, in order, as rows come: any number of them in constant memory.

    `rows`: mappings from column to cell, such as `csv.DictReader` gives; all have the columns of the first, and one
    that has not is an `error`. Columns answer questions as in `batch`: by question id, the `column:` of the rule
    set, or `map` (column -> question id); those of the list `ignore_columns` answer none. A blank cell and None are
    not known, never "no"; a cell that cannot be read, whatever it is, makes its row an `error` and is never guessed.
    A file of CSV is better given to `iopscreen batch`, which also notices short rows and quotes that are never closed.

    Raises IopscreenError, when the first row is asked for, for columns that are refused: none answers a question,
    two answer one, or one sounds like immediate danger and answers nothing.
    """
    rows = iter(rows)
    try:
        first = next(rows)
    except StopIteration:
        return
    headers = _headers(first)
    screener = _RowScreener(_opened(rules, headers, map, ignore_columns), headers)
    yield screener.screened(first)
    for row in rows:
        yield screener.screened(row)


def _headers(first: Mapping[str, AnswerIn]) -> tuple[str, ...]:
    """The columns of the first row, and so of all."""
    if not isinstance(first, Mapping):
        raise IopscreenError("the first row should be a mapping from columns to cells")
    keys: list[object] = [*first]
    names = [key for key in keys if isinstance(key, str)]
    for key in keys:
        if key is not None and key not in names:  # None is where csv.DictReader keeps cells too many
            raise IopscreenError(f"the first row has a column {shown(_name(key))}: its name should be a text")
    return tuple(names)


def _opened(rules: Rules, headers: Sequence[str], columns: Mapping[str, str] | None, ignored: Sequence[str]) -> Opened:
    from iopscreen.batch.opening import opened_table, options_from_python
    from iopscreen.batch.texts import CellWriter

    options = options_from_python(columns, ignored, appends=False)
    writer = CellWriter("the rows", len(headers))
    opened = opened_table(rules._compiled, headers, writer, options, name="the rows")
    opened.refuse_doubts()
    return opened


MOST_ROWS = 1_000
"""How many results are kept for rows that are told the same."""


class _RowScreener:
    """Screens the rows of one table; rows that are told the same share one result."""

    def __init__(self, opened: Opened, headers: tuple[str, ...]) -> None:
        from iopscreen.batch.cells import States

        decider = opened.decider
        self._headers = headers
        self._names = frozenset(headers)
        self._read = [(at, headers[at], decider.readers[question]) for question, at in decider.place.items()]
        self._decider: Decider = decider
        self._states = States(decider)
        self._assumed = _frozen(decider.assumed)
        self._rows: dict[bytes, ScreenedRow] = {}

    def screened(self, row: Mapping[str, AnswerIn]) -> ScreenedRow:
        from iopscreen.batch.texts import cells_of

        tail = self._tail(row)
        found = self._rows.get(tail.data)
        if found is None:
            if len(self._rows) >= MOST_ROWS:
                self._rows.clear()
            found = self._rows[tail.data] = self._row(cells_of(tail))
        return found

    def _tail(self, row: Mapping[str, AnswerIn]) -> Tail:
        """What the row is told. Whatever it is, it is one row, and those behind it are screened."""
        try:
            problem = _wrong_columns(row, self._headers) if row.keys() != self._names else None
            values = [] if problem else [_given(row[header]) for _, header, _ in self._read]
        except Exception:  # a class of the caller's own may raise what it likes
            problem = "the row should be a mapping from columns to cells, and cannot be read"
        if problem:
            return self._decider.problem([problem])
        cells = [""] * len(self._headers)
        for (at, _, reader), value in zip(self._read, values, strict=True):
            cells[at] = _cell(reader, value)
        return self._states.tail(cells) or self._decider.unreadable([*map(_without_halves, cells)])

    def _row(self, cells: Sequence[str | None]) -> ScreenedRow:
        told, rule, because, possible, ask_next, _, staff_notes, problem = cells
        return ScreenedRow(
            recommendation=str(told),
            rule=rule,
            because=because,
            possible=tuple(possible.split(";")) if possible else (),
            ask_next=tuple(ask_next.split(";")) if ask_next else (),
            assumed=_frozen({}) if problem else self._assumed,
            staff_notes=staff_notes,
            problem=problem,
        )


def _cell(reader: AnswerReader, given: str | list[str]) -> str:
    """A cell as text. A list is read as `decide` reads it; what is no answer is told as JSON, which is none either."""
    if isinstance(given, str):
        return given
    try:
        return answer_text(reader.items(given))
    except Unreadable:
        return json.dumps([text or None for text in given], ensure_ascii=False)


def _without_halves(text: str) -> str:
    """Half a character, which a text from elsewhere may hold and nothing can print, by its number."""
    return text.encode("utf-8", "backslashreplace").decode()


def _wrong_columns(row: Mapping[str, AnswerIn], headers: Sequence[str]) -> str:
    missing = [shown(header) for header in headers if header not in row]
    more = [shown(_name(name)) for name in row if name not in headers]
    found = [f"lacks {', '.join(missing)}"] if missing else []
    found += [f"has also {', '.join(more)}"] if more else []
    return f"the row {' and '.join(found)}: it should have the columns of the first row"


# --- rules, judged --------------------------------------------------------------------------


@dataclass(frozen=True)
class Audit:
    """What there is to say of a rule file: the facts of `audit --format json`.

    `findings`: in file order, without those that a person has accepted in the file, which are in `accepted`; each has
    a `name` that never changes, a `severity`, a `place` (line and column, from 1), a `message`, and where one is
    needed as proof a `witness` (answers by question id). `complete`: whether all was decided within the budget;
    `undecided`: what was not, in words. `profiles`: how many callers the rules tell apart, None if not counted;
    `outcomes`: how many of them get which.
    """

    path: str
    findings: tuple[Finding, ...]
    accepted: tuple[Finding, ...]
    complete: bool
    undecided: tuple[str, ...]
    profiles: int | None
    outcomes: Mapping[str, int] | None
    _result: AuditResult = field(repr=False, compare=False)

    @property
    def clean(self) -> bool:
        """Whether everything was decided, and there is no error and no warning."""
        return self.complete and all(finding.severity is Severity.NOTE for finding in self.findings)

    def json(self) -> dict[str, Any]:
        """The object that `iopscreen audit --format json` prints, ready for `json.dumps`."""
        from iopscreen.report.audit import audit_json

        return audit_json([self._result])


def audit_rules(
    name_or_path: str | Path = "iop",
    *,
    sources: Mapping[str, str] | None = None,
    against: str | None = None,
    today: date | None = None,
    budget: float = 8,
    mutants: bool = False,
) -> Audit:
    """Audit a rule file and the cases beside it. A faulty file is a result, too: its faults are the findings.

    `sources`: by id, the whole text of a source, to verify citations; `against`: an earlier file or a git revision,
    to judge the change from; `today`: the day to judge dates by (default: the present one); `budget`: in seconds;
    `mutants`: find out which small changes of the rules no case would notice.

    What is said of every caller is proved by a witness search, not sampled; changes follow change-impact analysis
    (Fisler et al., Margrave). Raises IopscreenError where there is no such file, revision or source.
    """
    from iopscreen.audit.run import audit

    path = locate(str(name_or_path))
    if Path(path).is_dir():
        raise IopscreenError(f"{path}: is a folder; name one rule file")
    day = today or datetime.now(UTC).astimezone().date()
    texts = dict(sources or {})
    result = audit(
        path, texts, today=day.isoformat(), budget=Budget(budget), notes=True, mutants=mutants, against=against
    )
    unknown = [source for source in texts if source not in result.sources]
    if unknown and result.facts:
        raise IopscreenError(
            f"{path}: {shown(unknown[0])} is no source with a text; there are: {_listed(result.sources)}"
        )
    facts = result.facts
    return Audit(
        path=path,
        findings=tuple(_still(finding) for finding in result.findings if not result.accepted(finding)),
        accepted=tuple(_still(finding) for finding in result.findings if result.accepted(finding)),
        complete=result.complete,
        undecided=tuple(one.words for one in result.undecided),
        profiles=facts.profiles if facts else None,
        outcomes=FrozenDict(dict(facts.outcomes)) if facts and facts.outcomes else None,
        _result=result,
    )


def _still(finding: Finding) -> Finding:
    """A finding whose witness never changes, either."""
    if finding.witness is None:
        return finding
    witness = {name: tuple(answer) if isinstance(answer, list) else answer for name, answer in finding.witness.items()}
    return finding._replace(witness=FrozenDict(witness))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
