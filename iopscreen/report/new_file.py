"""What `diff` says of a rule file that the earlier revision does not have, in every format. Computes nothing."""

from __future__ import annotations

from typing import Any

from iopscreen.audit.change.editions import Edition
from iopscreen.report.diff_json import edition_json
from iopscreen.report.diff_markdown import MARKER
from iopscreen.report.findings import Paths
from iopscreen.report.github import notice
from iopscreen.report.markdown import quiet
from iopscreen.report.page import page
from iopscreen.report.parts import foot, head
from iopscreen.report.rule_style import STYLE
from iopscreen.report.sarif import sarif_log
from iopscreen.text import printable, wrapped


def new_text(said: str, width: int) -> str:
    """For a terminal."""
    return "\n".join(wrapped(said, width)) + "\n"


def new_json(edition: Edition, said: str) -> dict[str, Any]:
    """The same keys as those of a change; null, and empty, what there is none of."""
    nothing: dict[str, Any] = dict.fromkeys(("profiles", "changed", "unasked", "old"))
    lists: dict[str, Any] = {
        name: []
        for name in ("transitions", "words", "protection", "findings", "cases", "other_rules", "one_sided", "undecided")
    }
    questions: dict[str, Any] = {name: [] for name in ("added", "removed", "renamed", "retyped", "answers", "words")}
    new = {"new": edition_json(edition), "verdict": said, "complete": True}
    proved = {"identical": False, "different": True}
    return {**proved, **nothing, **lists, "questions": questions, "settings": {"added": []}, **new}


def new_markdown(said: str) -> str:
    """As a comment for a review."""
    return f"{MARKER}\n\n## {quiet(said)}\n"


def new_github(edition: Edition, said: str, paths: Paths) -> str:
    """As an annotation."""
    return f"{notice(paths.shown(edition.file.path), said)}\n1 rule file: nothing to compare it with\n"


def new_sarif(said: str, paths: Paths) -> dict[str, Any]:
    """A log without results."""
    log = sarif_log([], paths)
    log["runs"][0]["properties"] = {"verdict": printable(said)}
    return log


def new_html(edition: Edition, said: str) -> str:
    """As a page."""
    rule_set = edition.rule_set
    top = head("Change of rules", said, [f"{rule_set.title} ({rule_set.id} {rule_set.version})"])
    return page(f"Change of {rule_set.id}", "open", [*top, *foot([])], STYLE)
