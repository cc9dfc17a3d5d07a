"""What came of a batch, as lines of plain text for the person at the terminal."""

from __future__ import annotations

from iopscreen.batch.option_words import OptionWords
from iopscreen.batch.plan import Step
from iopscreen.batch.summary import Assumption, Compared, Summary
from iopscreen.ruleset.model import NO_RULE, RuleSet
from iopscreen.text import printable

MAX_HEADERS = 8
"""How many headers a line lists."""


def summary_lines(summary: Summary, rule_set: RuleSet) -> list[str]:
    """The summary of a file: what was assumed and what was not known first, then the counts, then the rest."""
    lines = _missing(summary)
    lines += _near_misses(summary)
    lines += _counts(summary, rule_set)
    lines += _compared(summary)
    lines += _call_back(summary)
    lines += _asides(summary)
    return [printable(line) for line in lines]


def column_lines(summary: Summary) -> list[str]:
    """What columns are missing, and which answer nothing."""
    return [printable(line) for line in (*_missing(summary), *_near_misses(summary), *_asides(summary))]


def _missing(summary: Summary) -> list[str]:
    lines = [assumption_text(item) for item in summary.assumed]
    if summary.without_column:
        lines.append(f"not known in any row, as the file has no column: {', '.join(summary.without_column)}")
    return lines


def assumption_text(item: Assumption) -> str:
    """On how many rows an answer is assumed, and what rests on that."""
    on = (
        f"assumed {item.question}={item.answer} on {_count(item.rows, 'row', 'rows')}, as the file has no column for it"
    )
    return f"{on}; {_count(item.recommendations, 'recommendation rests', 'recommendations rest')} on that"


def _near_misses(summary: Summary) -> list[str]:
    """Columns that are nearly named like a question that has none: a slip would leave every row without it."""
    return [near_text(header, question) for header, question in summary.near]


def near_text(header: str, question: str) -> str:
    """That a column may answer a question, and how to say so."""
    mapped = OptionWords.COMMAND_LINE.mapped(header, question)
    return f"warning: column `{header}` may be `{question}`; if so, add {mapped}"


def _counts(summary: Summary, rule_set: RuleSet) -> list[str]:
    counts = told_counts(summary, rule_set)
    digits = len(f"{summary.rows:,}")
    # The number comes first: spaces inside a line are lost when it is wrapped.
    return [
        conserved_text(summary) + ":",
        *(f"  {count:>{digits},} {name}: {words}" for name, count, words in counts),
        *lines_texts(summary),
    ]


def told_counts(summary: Summary, rule_set: RuleSet) -> list[tuple[str, int, str]]:
    """What rows are told in the column `recommendation`, how many of them, and what it means."""
    counts = [(outcome.id, summary.by_outcome[outcome.id], outcome.label) for outcome in rule_set.outcomes]
    if summary.by_outcome[NO_RULE]:
        counts.append((NO_RULE, summary.by_outcome[NO_RULE], "no rule fits"))
    counts.append(("undecided", summary.undecided, "still open; see the column `ask_next`"))
    counts.append(("error", summary.problems, "a problem with the row; see the column `problem`"))
    return counts


def _compared(summary: Summary) -> list[str]:
    """Whose recommendation moves, as `diff` orders it."""
    compared = summary.compared
    if compared is None:
        return []
    return [
        f"{changed_text(compared)}{':' if compared.transitions else ''}",
        *(f"  {one.rows:,} from {one.was} to {one.now}: {one.weight}" for one in compared.transitions),
        *earlier_lines(summary, compared),
    ]


def changed_text(compared: Compared) -> str:
    """How many rows are told something else."""
    told = _count(compared.changed, "row is", "rows are")
    return f"compared with {compared.rule_set.id} {compared.rule_set.version}, {told} told something else"


def earlier_lines(summary: Summary, compared: Compared) -> list[str]:
    """What only the earlier rules miss in the file, for it makes a difference of its own."""
    ours = {(item.question, item.answer) for item in summary.assumed}
    lines = [
        f"under the earlier rules, {question}={answer} is assumed"
        for question, answer in compared.assumed.items()
        if (question, answer) not in ours
    ]
    missing = [question for question in compared.without_column if question not in summary.without_column]
    if missing:
        lines.append(f"under the earlier rules, not known in any row: {', '.join(missing)}")
    return lines


def _call_back(summary: Summary) -> list[str]:
    """The call-back plan."""
    if not summary.plan.steps:
        return []
    return [
        f"{plan_text(summary)}:",
        *(f"  {number}. {_step(step)}" for number, step in enumerate(summary.plan.steps, 1)),
    ]


def plan_text(summary: Summary) -> str:
    """What the plan is for."""
    rows = _count(summary.undecided, "undecided row", "undecided rows")
    judged = "" if summary.plan.rows == summary.undecided else f", judged by {summary.plan.rows:,} of them"
    return f"to settle the {rows}, ask in this order{judged}"


def _step(step: Step) -> str:
    more = f"; some answers settle {step.may_settle:,} more" if step.may_settle else ""
    return f"{step.question}: settles {step.settled:,} of {_count(step.open, 'row', 'rows')} where it matters{more}"


def conserved_text(summary: Summary) -> str:
    """What was checked: `screen_file` gives no summary where it does not hold."""
    rows = _count(summary.rows, "row", "rows")
    problems = _count(summary.problems, "problem", "problems")
    parts = f"{summary.decided:,} decided + {summary.undecided:,} undecided + {problems}"
    return f"{rows} in = {rows} out = {parts}"


def lines_texts(summary: Summary) -> list[str]:
    """Where the lines of the file went; a table has none."""
    lines = summary.lines
    if lines.all == 0:
        return []
    parts = [f"{lines.header:,} of the header", f"{lines.rows:,} of rows", f"{lines.blank:,} blank"]
    count = _count(lines.all, "line", "lines")
    return [f"{count} in = {count} out = {' + '.join(parts)}"]


def _asides(summary: Summary) -> list[str]:
    lines = []
    cells = _count(summary.formula_cells, "cell", "cells")
    if summary.formula_cells and summary.excel_safe:
        lines.append(f"formulas: a ' was put before {cells} that a spreadsheet would run")
    elif summary.formula_cells:
        lines.append(f"warning: a spreadsheet would run {cells} as a formula; `--excel-safe` prevents it")
    if summary.unmapped:
        lines.append(f"columns that answer no question: {_headers(summary.unmapped)}")
    if summary.ignored:
        lines.append(f"columns ignored as asked: {_headers(summary.ignored)}")
    return lines


def _headers(headers: tuple[str, ...]) -> str:
    names = [" ".join(header.split())[:40] for header in headers[:MAX_HEADERS]]
    more = f" and {len(headers) - MAX_HEADERS} more" if len(headers) > MAX_HEADERS else ""
    return ", ".join(f"`{name}`" for name in names) + more


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
