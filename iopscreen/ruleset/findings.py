"""One thing to tell the author of a file, at a place.

A place is a line and a column, both counted from 1; `nodes.py` is the only
module that turns a parser's mark into one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from iopscreen.errors import IopscreenError


class Place(NamedTuple):
    """Line and column, counted from 1."""

    line: int
    column: int


class Severity(StrEnum):
    """How much a finding weighs; `audit --fail-on` compares by this order."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Related(NamedTuple):
    """Another place that a finding speaks of."""

    path: str
    place: Place
    message: str


class Finding(NamedTuple):
    """One finding. `name` is kebab-case and never changes; `witness` are answers that show it."""

    name: str
    severity: Severity
    path: str
    place: Place
    message: str
    related: tuple[Related, ...] = ()
    witness: Mapping[str, Any] | None = None
    case: str | None = None
    """A case ready to paste, where a case would show the finding."""
    size: int | None = None
    """About how much it is, where that can grow: profiles, or how many things it names."""

    @property
    def order(self) -> tuple[str, Place, int, str, str]:
        """Sort key: file order, then severity."""
        return (self.path, self.place, list(Severity).index(self.severity), self.name, self.message)


def one_line(finding: Finding) -> str:
    """A finding as compilers write theirs, so that editors find the place."""
    line, column = finding.place
    return f"{finding.path}:{line}:{column}: {finding.severity}: {finding.message} [{finding.name}]"


class FileRefused(IopscreenError):
    """A file that could not be read as what it should be; `findings` say why, in file order."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("1 fault" if len(findings) == 1 else f"{len(findings)} faults")
        self.findings = findings


MAX_FAULTS = 500


class EnoughFaults(Exception):
    """So many faults were collected that more would help nobody."""


class Faults:
    """Collects every fault of one file, so that they are told at once.

    Past MAX_FAULTS it says so and raises EnoughFaults, for the reader of the file to stop at.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[Finding] = []

    def add(self, name: str, place: Place, message: str, *, other: Place | None = None, about: str = "") -> None:
        """Add an error at `place`; `other` is where its counterpart is, `about` says what that is."""
        related = (Related(self.path, other, about),) if other else ()
        self.found.append(Finding(name, Severity.ERROR, self.path, place, message, related))
        if len(self.found) == MAX_FAULTS:
            message = f"{MAX_FAULTS} faults so far; mend these before the rest is looked at"
            self.found.append(Finding("too-many-faults", Severity.ERROR, self.path, place, message))
            raise EnoughFaults

    def stop_if_any(self) -> None:
        """Raise FileRefused with everything collected, in file order."""
        if self.found:
            raise FileRefused(sorted(set(self.found), key=lambda finding: finding.order))
