"""A rule set, drawn without judging it: text for a terminal, Markdown, and one object for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iopscreen.audit.overview import Overview
from iopscreen.audit.regions import OutcomeRegions
from iopscreen.report.columns import ANY, columns
from iopscreen.report.decision import section_markdown, section_text
from iopscreen.report.markdown import plain
from iopscreen.report.outline import COUNTS, Table, head_lines, more_profiles, sections, tables
from iopscreen.ruleset.written import written
from iopscreen.text import wrapped

ROWS = 20
_JSON_ROWS = 200

TABLES = "Who is recommended what"


# --- text -----------------------------------------------------------------------------------


def show_text(overview: Overview, width: int) -> str:
    """The rule set for a terminal, in lines of at most `width`."""
    rule_set = overview.rule_set
    lines = [*wrapped(f"{rule_set.title} ({rule_set.id} {rule_set.version})", width)]
    for line in head_lines(overview):
        lines += wrapped(line, width)
    for section in sections(overview):
        lines += ["", *section_text(section, width)]
    if overview.counted:
        lines += ["", TABLES, *wrapped(COUNTS, width, "  ")]
    for table in tables(overview, ROWS, ANY):
        lines += ["", *_table_text(table, width)]
    return "\n".join(lines) + "\n"


def _table_text(table: Table, width: int) -> Iterator[str]:
    yield from wrapped(table.title, width, "  ")
    yield from wrapped(table.same, width, "      ", "    ") if table.same else ()
    yield from columns(table.head, table.groups, width, indent="    ")
    if table.more:
        yield f"    ... {more_profiles(table.more)}"


# --- Markdown -------------------------------------------------------------------------------


def show_markdown(overview: Overview) -> str:
    """The rule set as Markdown, for a wiki or a ticket."""
    rule_set = overview.rule_set
    lines = [f"## {plain(rule_set.title)}", "", f"{plain(f'{rule_set.id} {rule_set.version}')}"]
    for line in head_lines(overview):
        lines += ["", plain(line)]
    for section in sections(overview):
        lines += ["", *section_markdown(section)]
    if overview.counted:
        lines += ["", f"### {TABLES}", "", COUNTS]
    for table in tables(overview, ROWS, ANY):
        lines += ["", *_table_markdown(table)]
    return "\n".join(lines) + "\n"


def _table_markdown(table: Table) -> Iterator[str]:
    """A table whose first column is the rule."""
    yield from (f"#### {plain(table.title)}", "")
    yield from (plain(table.same), "") if table.same else ()
    if table.groups:
        yield _row_markdown(["rule", *table.head])
        yield _ruler(len(table.head))
    for rule, rows in table.groups:
        for row in rows:
            yield _row_markdown([(rule or "none").removeprefix("by rule "), *row])
    if table.more:
        yield from ("", f"... {more_profiles(table.more)}")


def _row_markdown(cells: list[str]) -> str:
    return f"| {' | '.join(map(plain, cells))} |"


def _ruler(columns_before: int) -> str:
    """What stands below the head of a table; the last column holds numbers."""
    return f"|{' --- |' * columns_before} ---: |"


# --- JSON -----------------------------------------------------------------------------------


def show_json(overview: Overview) -> dict[str, Any]:
    """The rule set as one object: `rule_set` is a rule file in JSON. Null where profiles are not counted."""
    whole = overview.counted
    return {
        "path": overview.file.path,
        "digest": overview.file.digest,
        "rule_set": written(overview.rule_set),
        "profiles": whole.profiles if whole else None,
        "impossible": whole.impossible if whole else None,
        "regions": [_regions_json(outcome) for outcome in overview.table(_JSON_ROWS)] if whole else None,
    }


def _regions_json(outcome: OutcomeRegions) -> dict[str, Any]:
    return {
        "outcome": outcome.outcome,
        "profiles": outcome.profiles,
        "regions": [{"when": dict(row.when), "rule": row.rule, "profiles": row.profiles} for row in outcome.rows],
        "more_profiles": outcome.more,
    }
