"""Findings as annotations of a GitHub workflow: `::error file=,line=,col=,title=::message`, one a line.

A step shows ten of each level, so the most important come first, and where there are more the tenth says
how many. Accepted findings are notices, after all others, with who accepted them and why. The line that
closes holds nothing that an author wrote, for what a workflow prints is read for commands.
`finding_annotations` knows no audit, so that other reports can use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iopscreen.audit.change.run import Change
from iopscreen.audit.run import AuditResult
from iopscreen.report.change_outline import verdict
from iopscreen.report.findings import (
    Paths,
    Reported,
    Tally,
    accepted_words,
    answer_text,
    count_words,
    headline,
    left_open,
    ranked,
    reported,
    tally,
    tally_words,
)
from iopscreen.ruleset.findings import Finding, Severity
from iopscreen.ruleset.model import Accept
from iopscreen.text import printable

MOST = 10
"""How many annotations of a level a step shows."""
_LONGEST = 4_000
"""A little less than what is kept of a message."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_SHOWN_WHOLE = {Severity.NOTE: " --notes"}
"""What the command that shows all of a severity needs."""


def audit_github(results: Sequence[AuditResult], paths: Paths, *, notes: bool) -> str:
    """The audits as annotations, and a closing line that counts. `notes`: as notices, too."""
    found = reported(results, paths)
    undecided = [_undecided(result, paths) for result in results if not result.complete]
    counted = tally(found)
    closing = f"{count_words(len(results), 'rule file')}: {headline(counted, notes=notes, complete=not undecided)}"
    closing += _not_shown(counted, notes=notes)
    said = [line for result in results for line in _since(result, paths)]
    return "\n".join([*finding_annotations(found, paths, notes=notes, first=undecided, noticed=said), closing]) + "\n"


def _since(result: AuditResult, paths: Paths) -> Iterator[str]:
    """What became of an earlier edition, where one was named."""
    path = paths.shown(result.path)
    if result.change is not None:
        yield notice(path, verdict(result.change))
    if result.no_change is not None:
        yield notice(path, result.no_change.replace(result.path, path, 1))


def diff_github(change: Change, paths: Paths, *, notes: bool = False) -> str:
    """The findings about a change as annotations, its verdict as a notice, and a closing line that counts."""
    found = [Reported(finding, None, change.new.rule_set.id) for finding in change.findings]
    counted, path = tally(found), paths.shown(change.new.file.path)
    undecided = []
    if change.undecided:
        where = {"file": path, "title": "not decided"}
        undecided = [_command("error", where, printable("; ".join(change.undecided)))]
    said = [notice(path, verdict(change))]
    lines = finding_annotations(found, paths, notes=notes, first=undecided, noticed=said, command="diff")
    closing = f"1 rule file: {tally_words(counted, notes=notes)}"
    return "\n".join([*lines, f"{closing}{_not_shown(counted, notes=notes)}"]) + "\n"


def notice(path: str, said: str) -> str:
    """What a change means, as an annotation of the file as a whole."""
    return _command("notice", {"file": path, "title": "what the change means"}, printable(said))


def _not_shown(counted: Tally, *, notes: bool) -> str:
    if not counted.notes or notes:
        return ""
    return f"; {count_words(counted.numbers[Severity.NOTE], 'note')} not shown (--notes)"


def finding_annotations(
    found: Sequence[Reported],
    paths: Paths,
    *,
    notes: bool,
    first: Sequence[str] = (),
    noticed: Sequence[str] = (),
    command: str = "audit",
) -> Iterator[str]:
    """An annotation for each finding; one that a person accepted is a notice, after the others.

    `first` are errors, and `noticed` notices, that come before all others. `command`: which one shows all.
    """
    before = {Severity.ERROR: first, Severity.NOTE: noticed}
    accepted = [_accepted(one, one.accept, paths) for one in ranked(found) if one.accept is not None]
    for severity in Severity:
        lines = list(before.get(severity, ()))
        lines += [
            _annotation(one.finding, paths)
            for one in ranked(found)
            if one.accept is None and one.finding.severity is severity and (notes or severity is not Severity.NOTE)
        ]
        what = f"more {severity}s"
        if severity is Severity.NOTE and accepted:
            lines, what = lines + accepted, f"{what} and accepted findings"
        yield from lines if len(lines) <= MOST else lines[: MOST - 1]
        if len(lines) > MOST:
            yield _more(len(lines) - MOST + 1, what, severity, command)


def _accepted(one: Reported, accept: Accept, paths: Paths) -> str:
    finding = one.finding
    lines = [finding.message, accepted_words(accept)]
    return _command("notice", _where(finding, paths, f"accepted: {finding.name}"), "\n".join(map(printable, lines)))


def _annotation(finding: Finding, paths: Paths) -> str:
    lines = [finding.message]
    lines += [f"{paths.shown(other.path)}:{other.place.line}: {other.message}" for other in finding.related]
    if finding.witness is not None:
        lines.append(f"answers: {', '.join(f'{name}: {answer_text(said)}' for name, said in finding.witness.items())}")
    if finding.case is not None:
        lines += ["a case to paste:", *finding.case.split("\n")]
    where = _where(finding, paths, finding.name)
    return _command(_LEVELS[finding.severity], where, "\n".join(map(printable, lines)))


def _where(finding: Finding, paths: Paths, title: str) -> dict[str, str]:
    place = finding.place
    return {"file": paths.shown(finding.path), "line": str(place.line), "col": str(place.column), "title": title}


def _undecided(result: AuditResult, paths: Paths) -> str:
    """Never clean for what was not looked at: an error that says so."""
    why = (result.why or "").replace(result.path, paths.shown(result.path), 1)
    text = f"{printable(why)}\nnot decided: {printable(left_open(result))}"
    return _command("error", {"file": paths.shown(result.path), "title": "audit not complete"}, text)


def _more(number: int, what: str, severity: Severity, command: str) -> str:
    text = (
        f"{number:,} {what} not shown here; "
        f"`iopscreen {command}{_SHOWN_WHOLE.get(severity, '')}` on the same files shows all"
    )
    return _command(_LEVELS[severity], {"title": f"more {severity}s"}, text)


# --- how a command is written ---------------------------------------------------------------


def _command(name: str, properties: dict[str, str], text: str) -> str:
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return f"::{name} {said}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
