"""A finding as an object, wherever findings are listed for a program. Computes nothing."""

from __future__ import annotations

from typing import Any

from iopscreen.ruleset.findings import Finding
from iopscreen.ruleset.model import Accept


def finding_json(finding: Finding, accept: Accept | None) -> dict[str, Any]:
    """A finding, ready for `json`; `accept`: the entry that accepts it."""
    return {
        "name": finding.name,
        "severity": finding.severity.value,
        "path": finding.path,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "witness": None if finding.witness is None else dict(finding.witness),
        "related": [
            {"path": related.path, "line": related.place.line, "message": related.message}
            for related in finding.related
        ],
        "accepted": _accepted_json(accept),
    }


def _accepted_json(accept: Accept | None) -> dict[str, Any] | None:
    return None if accept is None else {"because": accept.because, "by": accept.by, "until": accept.until}
