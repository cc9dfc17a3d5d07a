"""Findings as a reviewer is shown them, in every format: counted, ranked, and with the same paths on every machine."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from iopscreen.ruleset.cases import CASES_SUFFIX
from iopscreen.ruleset.findings import Finding, Severity
from iopscreen.ruleset.model import Accept

if TYPE_CHECKING:
    from iopscreen.audit.run import AuditResult  # a change is told without all the checks of an audit
    from iopscreen.audit.subject import Undecided

_FIRST = ("guarantee-violated", "protection-", "gap")
"""Beginnings of the names of what may harm a caller: first among findings of the same severity."""


MOST_UNDECIDED = 10
"""How many things of a kind are named that were not decided; `--format json` names all."""


class Reported(NamedTuple):
    """A finding, by which entry a person has accepted it, and the rule set that it is about.

    `scope`: the id of the rule set; of a file that could not be read, its path as shown.
    """

    finding: Finding
    accept: Accept | None
    scope: str


class Paths(NamedTuple):
    """How files are called in what goes to others: as seen from `base`, and never by where this machine keeps them."""

    base: Path

    def inside(self, path: str) -> str | None:
        """The path below the base, with `/`; None for a file elsewhere."""
        named = self._named(path)
        if named.is_relative_to(self.base):
            return named.relative_to(self.base).as_posix()
        base, real = (Path(os.path.realpath(where)) for where in (self.base, named))  # a loop of links is no error here
        return real.relative_to(base).as_posix() if real.is_relative_to(base) else None

    def shown(self, path: str) -> str:
        """The path below the base; of a file elsewhere its folder and its name."""
        return self.inside(path) or "/".join(self._named(path).parts[1:][-2:])

    def _named(self, path: str) -> Path:
        """The whole path as it was named: a link is not followed, for the file that it leads to has another name."""
        return Path(os.path.normpath(self.base / path))


class Tally(NamedTuple):
    """How many findings count, by severity; how many a person has accepted; and the notes, by name."""

    numbers: Mapping[Severity, int]
    accepted: int
    notes: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """No error and no warning."""
        return not (self.numbers[Severity.ERROR] or self.numbers[Severity.WARNING])


def reported(results: Sequence[AuditResult], paths: Paths) -> list[Reported]:
    """Every finding of the audits, in their order."""
    return [
        Reported(finding, result.accepted(finding), result.facts.id if result.facts else paths.shown(result.path))
        for result in results
        for finding in result.findings
    ]


def ranked(found: Sequence[Reported]) -> list[Reported]:
    """The most important first: by severity, then what may harm a caller, then in the order they were told in.

    What a change does to cases comes after what it does to rules, for it is often much.
    """
    severities = list(Severity)

    def rank(one: Reported) -> tuple[int, bool, bool]:
        finding = one.finding
        of_a_case = finding.name.startswith("protection-") and finding.path.endswith(CASES_SUFFIX)
        return severities.index(finding.severity), not finding.name.startswith(_FIRST), of_a_case

    return sorted(found, key=rank)


def tally(found: Sequence[Reported]) -> Tally:
    """The findings, counted."""
    counting = [one.finding for one in found if one.accept is None]
    numbers = {severity: sum(finding.severity is severity for finding in counting) for severity in Severity}
    notes = Counter(finding.name for finding in counting if finding.severity is Severity.NOTE)
    return Tally(numbers, len(found) - len(counting), dict(sorted(notes.items())))


def headline(counted: Tally, *, notes: bool, complete: bool) -> str:
    """How many findings there are; and first of all, that more may come, where not everything was decided."""
    words = tally_words(counted, notes=notes)
    return words if complete else f"not complete; so far {words}"


def tally_words(counted: Tally, *, notes: bool) -> str:
    """`2 errors, 1 warning, 1 accepted`; with `notes` these, too."""
    parts = [count_words(counted.numbers[severity], severity.value) for severity in (Severity.ERROR, Severity.WARNING)]
    if counted.numbers[Severity.NOTE] and notes:
        parts.append(count_words(counted.numbers[Severity.NOTE], "note"))
    if counted.accepted:
        parts.append(f"{counted.accepted} accepted")
    return ", ".join(parts)


def left_open(result: AuditResult) -> str:
    """What was not decided of a rule file, and of what became of its earlier edition, on one line."""
    of_the_change = result.change.undecided if result.change else ()
    return "; ".join(filter(None, [undecided_words(result.undecided), *of_the_change]))


def undecided_words(left_open: Sequence[Undecided]) -> str:
    """What was not decided, on one line: what differs in a name alone is said once, and no list is too long to read."""
    kinds: dict[tuple[str, ...], dict[tuple[str, str], list[str]]] = {}
    for one in left_open:
        before, name, after = _around_name(one.words)
        kinds.setdefault(one.names, {}).setdefault((before, after), []).append(name)
    said = []
    for alike in kinds.values():
        sentences = [_of_all(before, names, after) for (before, after), names in alike.items()]
        said += sentences[:MOST_UNDECIDED]
        more = sum(len(names) for names in list(alike.values())[MOST_UNDECIDED:])
        said += [f"and {more:,} more such"] if more else []
    return "; ".join(said)


def _around_name(words: str) -> tuple[str, str, str]:
    """Words before the first name in backticks, the name, and the words after it."""
    before, _, rest = words.partition("`")
    name, _, after = rest.partition("`")
    return before, name, after


def _of_all(before: str, names: Sequence[str], after: str) -> str:
    if not names[0]:
        return before
    others = [f"`{name}`" for name in names[1:MOST_UNDECIDED]]
    others += [f"{len(names) - MOST_UNDECIDED:,} more"] if len(names) > MOST_UNDECIDED else []
    return f"{before}`{names[0]}`{after}" + (f" (the same of {', '.join(others)})" if others else "")


def hidden_notes(counted: Tally) -> str:
    """What is said in the place of notes that are not shown."""
    each = ", ".join(f"{number} {name}" for name, number in counted.notes.items())
    return f"{count_words(counted.numbers[Severity.NOTE], 'note')} not shown (--notes): {each}"


def count_words(number: int, word: str) -> str:
    """`1 error`, `1,000 errors`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def accepted_words(accept: Accept) -> str:
    """Who has accepted a finding, until when, up to which size, and why."""
    return f"accepted{accepted_by(accept)}: {accept.because}"


def accepted_by(accept: Accept) -> str:
    """By whom, until when, and up to which size, as it goes on after "accepted"."""
    by = f" by {accept.by}" if accept.by else ""
    until = f" until {accept.until}" if accept.until else ""
    at_most = "" if accept.at_most is None else f" for at most {accept.at_most:,}"
    return f"{by}{until}{at_most}"


def answer_text(answer: object) -> str:
    """An answer of a witness."""
    return f"[{', '.join(answer)}]" if isinstance(answer, list) else str(answer)


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
    if accept is None:
        return None
    found = {"because": accept.because, "by": accept.by, "until": accept.until}
    return found if accept.at_most is None else {**found, "at_most": accept.at_most}
