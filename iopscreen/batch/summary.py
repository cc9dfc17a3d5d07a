"""What came of a file, in numbers: counted from what its rows were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from iopscreen.batch import sampling
from iopscreen.batch.opening import Opened
from iopscreen.batch.parts import Open, Part, Told, few_kinds
from iopscreen.batch.plan import Plan, call_back_plan
from iopscreen.batch.tails import ERROR, UNDECIDED, Decider
from iopscreen.ruleset.model import NO_RULE, RuleFile, RuleSet
from iopscreen.ruleset.values import answer_text
from iopscreen.ruleset.words import outcome_order

MAX_PLANNED = 1_000
"""Of how many kinds of undecided rows the plan speaks; of more, it speaks of as many rows, spread evenly over all."""


class Assumption(NamedTuple):
    """An answer that no column gave: on how many rows it stands, and how many recommendations rest on it.

    A recommendation rests on it when it would be open were the answer not known.
    """

    question: str
    answer: str
    rows: int
    recommendations: int


class LineCount(NamedTuple):
    """The physical lines of a file: those of its header (a `sep=` line is one), of its rows, and blank ones."""

    header: int
    rows: int
    blank: int

    @property
    def all(self) -> int:
        """Every line."""
        return self.header + self.rows + self.blank


class Weight(StrEnum):
    """What a transition means, in the order in which they are told: what may do harm unnoticed comes first."""

    LESS_INTENSIVE = "less intensive"
    NEW_GAP = "in a new gap"
    MORE_INTENSIVE = "more intensive"
    GAP_CLOSED = "out of a gap"
    OPENED = "not settled any more"
    SETTLED = "settled now"
    BROKEN = "not readable any more"
    MENDED = "readable now"


class Transition(NamedTuple):
    """Rows that were told one thing, and are told another now: outcomes, or `no_rule`, `undecided`, `error`."""

    was: str
    now: str
    rows: int
    weight: Weight


class Compared(NamedTuple):
    """What the rows were told by an earlier rule set. `assumed`: question -> the answer that it assumes.

    `transitions`: in the order of their weights, as `diff` has them.
    """

    rule_set: RuleSet
    changed: int
    transitions: tuple[Transition, ...]
    assumed: Mapping[str, str]
    without_column: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What came of a file. Rows are those below the header, without blank lines.

    `by_outcome`: rows by recommendation, every outcome of the rule set in file order and `no_rule`
    last. `columns`: the header of each question's column; `without_column`: questions that are not
    known in any row. `unmapped` and `ignored`: headers of columns that answer no question; `near`: of
    those, the ones that may answer a question without column, and that question. `formula_cells`:
    input cells that a spreadsheet would run.
    """

    rows: int
    lines: LineCount
    by_outcome: Mapping[str, int]
    undecided: int
    problems: int
    assumed: tuple[Assumption, ...]
    columns: Mapping[str, str]
    without_column: tuple[str, ...]
    unmapped: tuple[str, ...]
    ignored: tuple[str, ...]
    near: tuple[tuple[str, str], ...]
    formula_cells: int
    excel_safe: bool
    plan: Plan
    compared: Compared | None

    @property
    def decided(self) -> int:
        """Rows with a recommendation, or of which it is certain that no rule fits."""
        return sum(self.by_outcome.values())

    @property
    def blank_lines(self) -> int:
        """Lines without a row."""
        return self.lines.blank


class Screened(NamedTuple):
    """What came of a file. `name`: what it is called; `earlier`: the rules that were compared with."""

    name: str
    summary: Summary
    file: RuleFile
    earlier: RuleFile | None


def summed(total: Part, opened: Opened) -> Summary:
    """The summary of a whole file."""
    columns, decider = opened.columns, opened.decider
    rule_set = decider.compiled.rule_set
    header_lines = opened.top.lines - opened.top.blank_lines
    count: Counter[str] = Counter()
    resting: Counter[str] = Counter()
    by_told = few_kinds(total.told)
    for told, rows in by_told.items():
        count[told.told] += rows
        resting.update(dict.fromkeys(told.resting, rows))
    return Summary(
        rows=total.rows,
        lines=LineCount(header_lines, total.lines - header_lines - total.blank_lines, total.blank_lines),
        by_outcome={outcome: count[outcome] for outcome in (*rule_set.outcome, NO_RULE)},
        undecided=count[UNDECIDED],
        problems=count[ERROR],
        assumed=tuple(
            Assumption(question, answer_text(answer), total.rows - count[ERROR], resting[question])
            for question, answer in decider.assumed.items()
        ),
        columns={question: decider.headers[at] for question, at in columns.place.items()},
        without_column=_without_column(decider),
        unmapped=columns.unmapped,
        ignored=columns.ignored,
        near=columns.near,
        formula_cells=total.formula_cells,
        excel_safe=decider.writer.excel_safe,
        plan=_plan(by_told, decider),
        compared=None if opened.before is None else _compared(by_told, rule_set, opened.before),
    )


def _without_column(decider: Decider) -> tuple[str, ...]:
    """The questions that are not known in any row."""
    given = (*decider.place, *decider.assumed)
    return tuple(question.id for question in decider.compiled.rule_set.questions if question.id not in given)


def _plan(told: Mapping[Told, int], decider: Decider) -> Plan:
    """Which questions to ask first, of the rows of which it is kept what is open in them."""
    kinds: Counter[Open] = Counter()
    for key, rows in told.items():
        if key.open is not None:
            kinds[key.open] += rows
    known = [({**dict(kind.answers), **decider.assumed}, rows) for kind, rows in _sampled(kinds).items()]
    return call_back_plan(decider.compiled, known)


def _sampled(kinds: Counter[Open]) -> dict[Open, int]:
    """Rows by kind: all, or of very many kinds an even sample, for the plan is told after the file, and at once."""
    ranks = {kind: sampling.rank(kind) for kind in kinds}
    return sampling.systematic(kinds, ranks, MAX_PLANNED if len(kinds) > MAX_PLANNED else kinds.total())


# --- compared with earlier rules ------------------------------------------------------------


def _compared(told: Mapping[Told, int], rule_set: RuleSet, before: Decider) -> Compared:
    moved: Counter[tuple[str, str]] = Counter()
    for key, rows in told.items():
        assert key.was is not None
        if key.was != key.told:
            moved[key.was, key.told] += rows
    return Compared(
        rule_set=before.compiled.rule_set,
        changed=moved.total(),
        transitions=_by_weight(moved, outcome_order(before.compiled.rule_set, rule_set)),
        assumed={question: answer_text(answer) for question, answer in before.assumed.items()},
        without_column=_without_column(before),
    )


def _by_weight(moved: Mapping[tuple[str, str], int], outcomes: list[str]) -> tuple[Transition, ...]:
    """By weight; the longest way up or down first, then what befalls most rows, then in the order of outcomes."""
    order = [*outcomes, NO_RULE, UNDECIDED, ERROR]

    def rank(transition: Transition) -> tuple[int, ...]:
        was, now = order.index(transition.was), order.index(transition.now)
        way = abs(was - now) if max(was, now) < len(outcomes) else 0
        return (list(Weight).index(transition.weight), -way, -transition.rows, was, now)

    found = [Transition(was, now, rows, _weight(was, now, order)) for (was, now), rows in moved.items()]
    return tuple(sorted(found, key=rank))


def _weight(was: str, now: str, order: list[str]) -> Weight:
    forward = order.index(was) < order.index(now)
    match order[max(order.index(was), order.index(now))]:
        case "error":
            return Weight.BROKEN if forward else Weight.MENDED
        case "undecided":
            return Weight.OPENED if forward else Weight.SETTLED
        case "no_rule":
            return Weight.NEW_GAP if forward else Weight.GAP_CLOSED
        case _:
            return Weight.MORE_INTENSIVE if forward else Weight.LESS_INTENSIVE
