"""The two sides of a change: a rule file and the cases beside it, as they are or as a revision has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from iopscreen.audit.change.revisions import bytes_at, check_revision, names_at
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.cases import CASES_SUFFIX, CaseFile, cases_path, understand_cases
from iopscreen.ruleset.findings import FileRefused
from iopscreen.ruleset.model import RuleFile, RuleSet
from iopscreen.ruleset.reader import read_bytes, understand


@dataclass(frozen=True, slots=True)
class Edition:
    """A rule file, and its cases; None where there are none.

    `renamed`: it is the earlier edition of a file that has another name now.
    """

    file: RuleFile
    case_file: CaseFile | None
    renamed: bool = False

    @property
    def rule_set(self) -> RuleSet:
        """The rule set of the file."""
        return self.file.rule_set

    def without_cases(self) -> Edition:
        """The same as if there were no cases."""
        return replace(self, case_file=None)


def read_edition(path: str) -> Edition:
    """The rule file at `path` with the cases beside it. Raises FileRefused."""
    return _whole(_on_disk(path))


def is_file(name: str) -> bool:
    """Whether the earlier edition is a file; else `name` is that of a git revision, even where a folder has it, too."""
    return Path(name).exists() and not Path(name).is_dir()


def read_earlier(name: str, path: str, rule_set_id: str | None = None) -> Edition | None:
    """The edition to compare the file at `path` with: a file, or, where there is none called so, a git revision.

    None for a revision that has no such file: it is new since then. With `rule_set_id` that is looked for in the
    same folder, in files that are gone now. Raises FileRefused and IopscreenError.
    """
    found = _earlier(name, path, rule_set_id)
    return None if found is None else _whole(found)


def read_comparable(name: str, path: str, rule_set_id: str) -> tuple[Edition | None, str | None]:
    """The same, as far as it can be compared with; and, in words, what cannot, and why. Raises IopscreenError.

    A revision has what it has; whoever names a file meant that one, so that its faults are told, and nothing else.
    """
    if is_file(name):
        return read_edition(name), None
    try:
        found = _earlier(name, path, rule_set_id)
    except FileRefused as refused:
        return None, f"{path} could not be compared: {name} has it with {_faulty(refused)}"
    if found is None:
        return None, without_earlier(name, path)
    if found.refused is None:
        return found.edition, None
    return found.edition, f"the cases of {path} could not be compared: {name} has them with {_faulty(found.refused)}"


def gone_since(revision: str, folder: str) -> Iterator[tuple[str, Edition | None]]:
    """The rule files that a revision has in a folder and that are gone now, by path; None for what cannot be read."""
    check_revision(revision, str(Path(folder) / "any"))
    for path in _gone(revision, folder):
        with suppress(IopscreenError):
            found = _at(revision, path)
            yield path, found.edition if found else None
            continue
        yield path, None


# --- how an edition is read -----------------------------------------------------------------


class _Read(NamedTuple):
    """An edition; without its cases where these were refused."""

    edition: Edition
    refused: FileRefused | None


def _whole(found: _Read) -> Edition:
    if found.refused:
        raise found.refused
    return found.edition


def _earlier(name: str, path: str, rule_set_id: str | None) -> _Read | None:
    if is_file(name):
        return _on_disk(name)
    check_revision(name, path)
    return _at(name, path) or _renamed(name, path, rule_set_id)


def _on_disk(path: str) -> _Read:
    beside = cases_path(path)
    file = understand(read_bytes(path), path)
    return _with_cases(file, path, beside, read_bytes(beside) if Path(beside).exists() else None)


def _at(revision: str, path: str) -> _Read | None:
    data = bytes_at(revision, path)
    if data is None:
        return None
    beside = cases_path(path)
    file = understand(data, f"{revision}:{path}")
    return _with_cases(file, path, f"{revision}:{beside}", bytes_at(revision, beside))


def _with_cases(file: RuleFile, path: str, beside: str, cases: bytes | None) -> _Read:
    if cases is None:
        return _Read(Edition(file, None), None)
    try:
        return _Read(Edition(file, understand_cases(cases, beside, path, file.rule_set)), None)
    except FileRefused as refused:
        return _Read(Edition(file, None), refused)


def _gone(revision: str, folder: str) -> list[str]:
    """The paths of the rule files that the revision has in a folder, where there is nothing now."""
    names = [name for name in names_at(revision, folder) if name.endswith(".yaml") and not name.endswith(CASES_SUFFIX)]
    return [path for path in (str(Path(folder) / name) for name in names) if not Path(path).exists()]


def _renamed(revision: str, path: str, rule_set_id: str | None) -> _Read | None:
    """The one rule set of this id among the files of the folder that are gone now."""
    found = []
    for gone in _gone(revision, str(Path(path).parent)):
        with suppress(IopscreenError):
            read = _at(revision, gone)
            if read and read.edition.rule_set.id == rule_set_id:
                found.append(read._replace(edition=replace(read.edition, renamed=True)))
    return found[0] if len(found) == 1 else None


def _faulty(refused: FileRefused) -> str:
    """How many faults there are, and the first of them."""
    first, number = refused.findings[0], len(refused.findings)
    return f"{number} fault{'' if number == 1 else 's'}, the first in line {first.place.line}: {first.message}"


# --- in words -------------------------------------------------------------------------------


def without_earlier(name: str, path: str) -> str:
    """What is said of a file that the revision called `name` does not have."""
    return f"{path} is new since {name}: there is no earlier edition to compare it with"


def without_later(name: str, edition: Edition | None) -> str:
    """What is said of a rule file that the revision called `name` has, and that is gone now."""
    if edition is None:
        return f"this rule file is gone since {name}"
    rule_set, cases = edition.rule_set, edition.case_file.cases if edition.case_file else ()
    held = ((rule_set.rules, "rule"), (rule_set.guarantees, "guarantee"), (cases, "case"))
    parts = [f"{len(things)} {word}{'' if len(things) == 1 else 's'}" for things, word in held if things]
    what = f"`{rule_set.id}` {rule_set.version} with {', '.join(parts)}"
    return f"this rule file is gone since {name}, and no new one in its folder has its id: {what}"
