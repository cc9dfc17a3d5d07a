"""The two sides of a change: a rule file and the cases beside it, as they are or as a revision has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iopscreen.audit.change.revisions import bytes_at, check_revision
from iopscreen.ruleset.cases import CaseFile, cases_path, understand_cases
from iopscreen.ruleset.model import RuleFile, RuleSet
from iopscreen.ruleset.reader import read_bytes, understand


@dataclass(frozen=True, slots=True)
class Edition:
    """A rule file, and its cases; None where there are none."""

    file: RuleFile
    case_file: CaseFile | None

    @property
    def rule_set(self) -> RuleSet:
        """The rule set of the file."""
        return self.file.rule_set


def read_edition(path: str) -> Edition:
    """The rule file at `path` with the cases beside it. Raises FileRefused."""
    file = understand(read_bytes(path), path)
    beside = cases_path(path)
    if not Path(beside).exists():
        return Edition(file, None)
    return Edition(file, understand_cases(read_bytes(beside), beside, path, file.rule_set))


def read_earlier(name: str, path: str) -> Edition | None:
    """The edition to compare the file at `path` with: a file, or, where there is none called so, a git revision.

    None for a revision that has no such file: it is new since then. Raises FileRefused and IopscreenError.
    """
    if Path(name).exists():
        return read_edition(name)
    check_revision(name, path)
    data = bytes_at(name, path)
    if data is None:
        return None
    file = understand(data, f"{name}:{path}")
    beside = cases_path(path)
    cases = bytes_at(name, beside)
    return Edition(file, None if cases is None else understand_cases(cases, f"{name}:{beside}", path, file.rule_set))


def without_earlier(name: str, path: str) -> str:
    """What is said of a file that the revision called `name` does not have."""
    return f"{path} is new since {name}: there is no earlier edition to compare it with"
