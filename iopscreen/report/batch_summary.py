"""What came of a batch, as a file to keep or to send on: JSON, Markdown or a page, with the same in each.

It holds counts, names of columns and names of rules, and no cell of any row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from iopscreen import __version__
from iopscreen.batch.summary import Compared, Screened, Summary
from iopscreen.errors import IopscreenError
from iopscreen.report.batch import (
    assumption_text,
    changed_text,
    conserved_text,
    earlier_lines,
    lines_texts,
    near_text,
    plan_text,
    told_counts,
)
from iopscreen.report.markdown import message, plain, row, table
from iopscreen.report.page import page
from iopscreen.report.parts import Part, foot, head, marked, parts_html, table_box
from iopscreen.report.rule_style import STYLE
from iopscreen.report.sections import PROVISIONAL
from iopscreen.ruleset.model import RuleFile

PLAN = (
    "Each question settles these rows together with the ones above it, whatever is answered; "
    "some answers may settle more. Open in: rows, not settled before, in which it can still matter."
)


class Section(NamedTuple):
    """A part of the summary: lines, and perhaps a table whose last column holds numbers."""

    name: str
    heading: str
    lines: tuple[str, ...]
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


# --- JSON -----------------------------------------------------------------------------------


def summary_json(screened: Screened) -> dict[str, Any]:
    """The summary for a program."""
    summary = screened.summary
    lines = summary.lines
    return {
        "rule_set": _rule_set_json(screened.file),
        "input": screened.name,
        "rows": {
            "in": summary.rows,
            "out": summary.rows,
            "decided": summary.decided,
            "undecided": summary.undecided,
            "problems": summary.problems,
        },
        "lines": {"in": lines.all, "out": lines.all, "header": lines.header, "rows": lines.rows, "blank": lines.blank},
        "recommendations": dict(summary.by_outcome),
        "assumed": [item._asdict() for item in summary.assumed],
        "columns": {
            "questions": dict(summary.columns),
            "without": [*summary.without_column],
            "unmapped": [*summary.unmapped],
            "ignored": [*summary.ignored],
            "may_answer": dict(summary.near),
        },
        "formula_cells": summary.formula_cells,
        "excel_safe": summary.excel_safe,
        "call_back": {
            "rows": summary.plan.rows,
            "steps": [step._asdict() for step in summary.plan.steps],
        },
        "compared": _compared_json(summary.compared, screened.earlier),
    }


def _rule_set_json(file: RuleFile) -> dict[str, str]:
    return {"id": file.rule_set.id, "version": file.rule_set.version, "digest": file.digest}


def _compared_json(compared: Compared | None, earlier: RuleFile | None) -> dict[str, Any] | None:
    if compared is None or earlier is None:
        return None
    return {
        "rule_set": _rule_set_json(earlier),
        "changed": compared.changed,
        "transitions": [
            {"from": one.was, "to": one.now, "rows": one.rows, "weight": str(one.weight)}
            for one in compared.transitions
        ],
        "assumed": dict(compared.assumed),
        "without": [*compared.without_column],
    }


# --- what Markdown and the page show --------------------------------------------------------


def _sections(screened: Screened) -> Iterator[Section]:
    """The parts with something to say."""
    summary = screened.summary
    parts = [
        Section("assumed", "Rests on an assumption", tuple(map(assumption_text, summary.assumed))),
        _counts(screened),
        _compared(summary),
        _plan(summary),
        _columns(screened),
    ]
    yield from (part for part in parts if part.lines or part.rows)


def _counts(screened: Screened) -> Section:
    counts = told_counts(screened.summary, screened.file.rule_set)
    rows = tuple((words, name, f"{count:,}") for name, count, words in counts)
    lines = conserved_text(screened.summary), *lines_texts(screened.summary)
    return Section("rows", "What rows are told", lines, ("", "recommendation", "rows"), rows)


def _compared(summary: Summary) -> Section:
    compared = summary.compared
    if compared is None:
        return Section("compared", "", ())
    rows = tuple((one.was, one.now, str(one.weight), f"{one.rows:,}") for one in compared.transitions)
    lines = changed_text(compared), *earlier_lines(summary, compared)
    return Section("compared", "Compared with earlier rules", lines, ("was", "is", "which is", "rows"), rows)


def _plan(summary: Summary) -> Section:
    steps = summary.plan.steps
    if not steps:
        return Section("call-back", "", ())
    rows = tuple((step.question, f"{step.open:,}", f"{step.may_settle:,}", f"{step.settled:,}") for step in steps)
    names = ("question", "open in", "some answers settle", "settles")
    return Section("call-back", "Call-back plan", (f"{plan_text(summary)}.", PLAN), names, rows)


def _columns(screened: Screened) -> Section:
    summary = screened.summary
    assumed = {item.question: item.answer for item in summary.assumed}
    rows = []
    for question in screened.file.rule_set.question:
        missing = f"none: {assumed[question]} is assumed" if question in assumed else "none: not known in any row"
        rows.append((question, summary.columns.get(question, missing)))
    others = [("that answer no question", summary.unmapped), ("ignored as asked", summary.ignored)]
    lines = [f"columns {what}: {', '.join(f'`{name}`' for name in names)}" for what, names in others if names]
    lines += [near_text(name, question) for name, question in summary.near]
    if summary.formula_cells:
        lines.append(f"cells that a spreadsheet would run as a formula: {summary.formula_cells:,}")
    return Section("columns", "Columns", tuple(lines), ("question", "column"), tuple(rows))


def _title(screened: Screened) -> str:
    rule_set = screened.file.rule_set
    return f"Screening of {screened.name} with {rule_set.id} {rule_set.version}"


# --- Markdown and the page ------------------------------------------------------------------


def summary_markdown(screened: Screened) -> str:
    """The summary as Markdown."""
    blocks = [f"# {plain(_title(screened))}"]
    for section in _sections(screened):
        blocks.append(f"## {section.heading}")
        blocks += map(message, section.lines)
        if section.rows:
            blocks.append(table(section.head, (row([*map(message, cells)]) for cells in section.rows)))
    blocks.append(f"{PROVISIONAL} {plain(_made_with(screened))}")
    return "\n\n".join(blocks) + "\n"


def _made_with(screened: Screened) -> str:
    return f"Rules {screened.file.digest}, iopscreen {__version__}."


def summary_html(screened: Screened) -> str:
    """The summary as a page of its own."""
    parts = [
        Part(
            section.name,
            section.heading,
            (
                *(f"<p>{marked(line)}</p>" for line in section.lines),
                *(_table(section) if section.rows else ()),
            ),
        )
        for section in _sections(screened)
    ]
    summary = screened.summary
    state = "open" if summary.undecided or summary.problems else ""
    body = [*head("Batch", _title(screened), [conserved_text(summary)]), *parts_html(parts, "", 2), *foot([])]
    return page(f"Batch of {screened.name}", state, body, STYLE)


def _table(section: Section) -> Iterator[str]:
    rows = ["<tr>" + "".join(f"<td>{marked(cell)}</td>" for cell in cells) + "</tr>" for cells in section.rows]
    return table_box(section.heading, section.head, rows)


# --- by suffix ------------------------------------------------------------------------------


def _json(screened: Screened) -> str:
    import json

    return json.dumps(summary_json(screened), indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Screened], str]] = {
    ".json": _json,
    ".md": summary_markdown,
    ".html": summary_html,
}


def format_of(path: str) -> Callable[[Screened], str]:
    """How a summary is written, by the end of its name. Raises IopscreenError."""
    suffix = PurePath(path).suffix.casefold()
    if suffix not in FORMATS:
        raise IopscreenError(f"`--summary {path}`: its name should end in {', '.join(FORMATS)}, and so say what it is")
    return FORMATS[suffix]
