"""Results as text, in the format that was asked for: the one list of formats, and who writes each.

It stands between the command line and `report`, where results look like something; what costs
time to import is imported for the format that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iopscreen import streams

if TYPE_CHECKING:
    from iopscreen.audit.change.editions import Edition
    from iopscreen.audit.change.run import Change
    from iopscreen.audit.overview import Overview
    from iopscreen.audit.run import AuditResult
    from iopscreen.batch.preview import Preview
    from iopscreen.report.decision import Shown
    from iopscreen.ruleset.model import RuleFile


class ScreenFormat(StrEnum):
    """How `screen` prints a decision."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


class VerifyFormat(StrEnum):
    """How `verify` prints what it found."""

    TEXT = "text"
    JSON = "json"


class AuditFormat(StrEnum):
    """How `audit` prints its findings."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"
    SARIF = "sarif"
    HTML = "html"


class ShowFormat(StrEnum):
    """How `show` draws a rule set."""

    TABLE = "table"
    MARKDOWN = "markdown"
    HTML = "html"
    MERMAID = "mermaid"
    JSON = "json"
    SQL = "sql"


class DiffFormat(StrEnum):
    """How `diff` prints what a change means."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"
    SARIF = "sarif"
    HTML = "html"


def decision_as(output_format: ScreenFormat, shown: Shown) -> str:
    """What was decided on one caller."""
    from iopscreen.report.decision import decision_json, decision_markdown, decision_text

    match output_format:
        case ScreenFormat.JSON:
            return json_text(decision_json(shown))
        case ScreenFormat.MARKDOWN:
            return decision_markdown(shown)
        case ScreenFormat.HTML:
            from iopscreen.report.html import decision_html

            return decision_html(shown)
        case ScreenFormat.TEXT:
            return decision_text(shown, streams.width())


def overview_as(output_format: ShowFormat, overview: Overview) -> str:
    """A rule set, judged by nobody. (`sql` is written from the rules themselves: `export/sql.py`.)"""
    from iopscreen.report import show as report

    match output_format:
        case ShowFormat.JSON:
            return json_text(report.show_json(overview))
        case ShowFormat.MARKDOWN:
            return report.show_markdown(overview)
        case ShowFormat.MERMAID:
            from iopscreen.export.mermaid import flow_mermaid

            return flow_mermaid(overview)
        case ShowFormat.HTML:
            from iopscreen.report.rule_page import show_html

            return show_html(overview)
        case _:
            return report.show_text(overview, streams.width())


def audit_as(
    output_format: AuditFormat, results: Sequence[AuditResult], output: str, *, notes: bool, quiet: bool
) -> str:
    """What an audit found. `output`: where it goes, for its colours; `notes`: whether they are shown.

    `quiet`: as text, findings alone.
    """
    from iopscreen.report.findings import Paths

    paths = Paths(Path.cwd())
    match output_format:
        case AuditFormat.JSON:
            from iopscreen.report.audit import audit_json

            return json_text(audit_json(results))
        case AuditFormat.MARKDOWN:
            from iopscreen.report.audit_markdown import audit_markdown

            return audit_markdown(results, paths, notes=notes)
        case AuditFormat.GITHUB:
            from iopscreen.report.github import audit_github

            return audit_github(results, paths, notes=notes)
        case AuditFormat.SARIF:
            from iopscreen.report.sarif import audit_sarif

            return json_text(audit_sarif(results, paths, notes=notes))
        case AuditFormat.HTML:
            from iopscreen.report.audit_page import audit_html

            return audit_html(results)
        case AuditFormat.TEXT:
            from iopscreen.report.audit import audit_text

            color, width = streams.color(output), streams.width()
            return audit_text(results, color=color, width=width, notes=notes, quiet=quiet)


def diff_as(output_format: DiffFormat, change: Change, *, notes: bool) -> str:
    """What a change means. `notes`: whether they are shown."""
    from iopscreen.report.findings import Paths

    paths = Paths(Path.cwd())
    match output_format:
        case DiffFormat.JSON:
            from iopscreen.report.diff_json import diff_json

            return json_text(diff_json(change))
        case DiffFormat.MARKDOWN:
            from iopscreen.report.diff_markdown import diff_markdown

            return diff_markdown(change, paths, notes=notes)
        case DiffFormat.GITHUB:
            from iopscreen.report.github import diff_github

            return diff_github(change, paths, notes=notes)
        case DiffFormat.SARIF:
            from iopscreen.report.sarif import diff_sarif

            return json_text(diff_sarif(change, paths, notes=notes))
        case DiffFormat.HTML:
            from iopscreen.report.diff_page import diff_html

            return diff_html(change, notes=notes)
        case DiffFormat.TEXT:
            from iopscreen.report.diff import diff_text

            return diff_text(change, streams.width(), notes=notes)


def new_as(output_format: DiffFormat, edition: Edition, said: str) -> str:
    """A rule file that the revision does not have."""
    from iopscreen.report import new_file as report
    from iopscreen.report.findings import Paths

    paths = Paths(Path.cwd())
    match output_format:
        case DiffFormat.JSON:
            return json_text(report.new_json(edition, said))
        case DiffFormat.MARKDOWN:
            return report.new_markdown(said)
        case DiffFormat.GITHUB:
            return report.new_github(edition, said, paths)
        case DiffFormat.SARIF:
            return json_text(report.new_sarif(said, paths))
        case DiffFormat.HTML:
            return report.new_html(edition, said)
        case DiffFormat.TEXT:
            return report.new_text(said, streams.width())


def preview_as(preview: Preview, file: RuleFile) -> str:
    """How a file would be read."""
    from iopscreen.report import preview as report

    if sys.stdout.isatty():
        return report.preview_on_terminal(preview, file.rule_set, streams.width(), color=streams.color(streams.STREAM))
    return report.preview_text(preview, file.rule_set, streams.width())


def json_text(value: Any) -> str:
    """The same value as plain JSON would be, with whatever could steer a terminal, or hide, as its escape."""
    import json

    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    safe = [
        line if line.isprintable() else "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in line)
        for line in lines
    ]
    return "\n".join(safe) + "\n"
