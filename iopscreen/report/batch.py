"""What came of a batch, as lines of plain text."""

from __future__ import annotations

from iopscreen.batch.summary import Assumption, Summary
from iopscreen.ruleset.model import NO_RULE, RuleSet
from iopscreen.text import printable

MAX_HEADERS = 8
"""How many headers a line lists."""


def summary_lines(summary: Summary, rule_set: RuleSet) -> list[str]:
    """The summary of a file: what was assumed and what was not known first, then the counts, then the rest."""
    lines = [_assumption(item) for item in summary.assumed]
    if summary.without_column:
        lines.append(f"not known in any row, as the file has no column: {', '.join(summary.without_column)}")
    lines += _near_misses(summary)
    lines += _counts(summary, rule_set)
    lines += _asides(summary)
    return [printable(line) for line in lines]


def _assumption(item: Assumption) -> str:
    on = (
        f"assumed {item.question}={item.answer} on {_count(item.rows, 'row', 'rows')}, as the file has no column for it"
    )
    return f"{on}; {_count(item.recommendations, 'recommendation rests', 'recommendations rest')} on that"


def _near_misses(summary: Summary) -> list[str]:
    """Columns that are nearly named like a question that has none: a slip would leave every row without it."""
    return [near_text(header, question) for header, question in summary.near]


def near_text(header: str, question: str) -> str:
    """That a column may answer a question, and how to say so."""
    return f'warning: column `{header}` may be `{question}`; if so, add `--map "{header}={question}"`'


def _counts(summary: Summary, rule_set: RuleSet) -> list[str]:
    counts = [(outcome.id, summary.by_outcome[outcome.id], outcome.label) for outcome in rule_set.outcomes]
    if summary.by_outcome[NO_RULE]:
        counts.append((NO_RULE, summary.by_outcome[NO_RULE], "no rule fits"))
    counts.append(("undecided", summary.undecided, "still open; see the column `ask_next`"))
    counts.append(("error", summary.problems, "a problem with the row; see the column `problem`"))
    digits = len(f"{summary.rows:,}")
    # The number comes first: spaces inside a line are lost when it is wrapped.
    return [
        _conserved(summary),
        *(f"  {count:>{digits},} {name}: {words}" for name, count, words in counts),
        *([_physical_lines(summary)] if summary.lines.all else []),  # a table has none
    ]


def _conserved(summary: Summary) -> str:
    """What was checked: `screen_file` gives no summary where it does not hold."""
    rows = _count(summary.rows, "row", "rows")
    problems = _count(summary.problems, "problem", "problems")
    parts = f"{summary.decided:,} decided + {summary.undecided:,} undecided + {problems}"
    return f"{rows} in = {rows} out = {parts}:"


def _physical_lines(summary: Summary) -> str:
    lines = summary.lines
    parts = [f"{lines.header:,} of the header", f"{lines.rows:,} of rows", f"{lines.blank:,} blank"]
    return f"{_count(lines.all, 'line', 'lines')} in = {_count(lines.all, 'line', 'lines')} out = {' + '.join(parts)}"


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
