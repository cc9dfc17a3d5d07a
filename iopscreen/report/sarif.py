"""Findings as a SARIF 2.1.0 log, for code scanning and editors. One run, whatever number of rule files.

Every rule is listed with its documentation, also where it found nothing: a run without results closes what
an earlier one opened. What tells a finding from another across runs (`partialFingerprints`) holds no line and
no other number, so that a finding stays the same one while its file is edited above it.
`sarif_log` knows no audit, so that other reports can use it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from iopscreen import __version__
from iopscreen.audit.change.run import Change
from iopscreen.audit.documentation import ALL, Documented, documented
from iopscreen.audit.run import AuditResult, RuleSetFacts
from iopscreen.report.change_outline import verdict
from iopscreen.report.findings import Paths, Reported, accepted_words, answer_text, left_open, reported
from iopscreen.ruleset.findings import Finding, Place, Related, Severity
from iopscreen.ruleset.model import Accept
from iopscreen.text import printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "iopscreen/v1"
_BASE, _ELSEWHERE = "%SRCROOT%", "ELSEWHERE"
_BASES = {
    _BASE: {"description": {"text": "the working directory of the run"}},
    _ELSEWHERE: {"description": {"text": "folders outside of the working directory, which are not named"}},
}


def audit_sarif(results: Sequence[AuditResult], paths: Paths, *, notes: bool) -> dict[str, Any]:
    """The audits as one log. `notes`: as results of level `note`, too."""
    found = [one for one in reported(results, paths) if notes or one.finding.severity is not Severity.NOTE]
    log = sarif_log(found, paths)
    [run] = log["runs"]
    artifacts = [_artifact(result, paths) for result in results]
    run["artifacts"] = [one for place, one in enumerate(artifacts) if one not in artifacts[:place]]
    run["invocations"] = [_invocation(results, paths)]
    run["properties"] = {"ruleSets": [_rule_set(result, result.facts, paths) for result in results if result.facts]}
    return log


def diff_sarif(change: Change, paths: Paths, *, notes: bool = False) -> dict[str, Any]:
    """The findings about a change as one log; what it means stands in the properties of the run."""
    told = (finding for finding in change.findings if notes or finding.severity is not Severity.NOTE)
    log = sarif_log([Reported(finding, None, change.new.rule_set.id) for finding in told], paths)
    [run] = log["runs"]
    run["invocations"] = [{"executionSuccessful": change.complete}]
    run["properties"] = {"verdict": _text(verdict(change)), "undecided": [*map(_text, change.undecided)]}
    return log


def sarif_log(found: Sequence[Reported], paths: Paths) -> dict[str, Any]:
    """A log of one run with these results."""
    rules = _rules(one.finding for one in found)
    position = {rule["id"]: place for place, rule in enumerate(rules)}
    prints = fingerprints(found)
    results = [_result(one, paths, position[one.finding.name], mark) for one, mark in zip(found, prints, strict=True)]
    driver = {"name": "iopscreen", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": _BASES,
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


# --- the rules ------------------------------------------------------------------------------


def _rules(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Every finding there can be; one that has no documentation only where it was found."""
    known = {one.name: _rule(one) for one in documented(ALL)}
    others = {finding.name: finding.severity for finding in found if finding.name not in known}
    undocumented = [{"id": name, "defaultConfiguration": {"level": level.value}} for name, level in others.items()]
    return sorted([*known.values(), *undocumented], key=lambda rule: str(rule["id"]))


def _rule(one: Documented) -> dict[str, Any]:
    paragraphs = [" ".join(part.split()) for part in one.text.split("\n\n")]
    marked = [re.sub(r"^(Example|What to do):", r"**\1:**", part) for part in paragraphs]
    return {
        "id": one.name,
        "shortDescription": {"text": one.summary},
        "help": {"text": "\n\n".join(paragraphs), "markdown": "\n\n".join(marked)},
        "defaultConfiguration": {"level": one.severity.value},
    }


# --- the results ----------------------------------------------------------------------------


def _result(one: Reported, paths: Paths, rule: int, fingerprint: str) -> dict[str, Any]:
    finding = one.finding
    result: dict[str, Any] = {
        "ruleId": finding.name,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": _message(finding, paths)},
        "locations": [{"physicalLocation": _place(finding.path, finding.place, paths)}],
        "partialFingerprints": {FINGERPRINT: fingerprint},
        "suppressions": [_suppression(one.accept)] if one.accept else [],  # in every result, or in none
    }
    if finding.related:
        result["relatedLocations"] = [
            _related(number, related, paths) for number, related in enumerate(finding.related, 1)
        ]
    if finding.witness is not None or finding.case is not None:
        result["properties"] = _shown(finding)
    return result


def _suppression(accept: Accept) -> dict[str, str]:
    return {"kind": "inSource", "status": "accepted", "justification": printable(accepted_words(accept))}


def _message(finding: Finding, paths: Paths) -> str:
    """The message, then what viewers show of a result: links to related places, and who shows it."""
    lines = [_text(finding.message)]
    for number, related in enumerate(finding.related, 1):
        where = f"{paths.shown(related.path)}:{related.place.line}"
        lines.append(f"[{_link(where)}]({number}): {_text(related.message)}")
    if finding.witness is not None:
        answers = ", ".join(f"{name}: {answer_text(said)}" for name, said in finding.witness.items())
        lines.append(f"answers: {_text(answers)}")
    return "\n".join(lines)


def _shown(finding: Finding) -> dict[str, Any]:
    witness = finding.witness
    shown: dict[str, Any] = (
        {} if witness is None else {"witness": {name: _safe(said) for name, said in witness.items()}}
    )
    if finding.case is not None:
        shown["case"] = "\n".join(printable(line) for line in finding.case.split("\n"))
    return shown


def _safe(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_safe(part) for part in answer]
    return printable(answer) if isinstance(answer, str) else answer


def _related(number: int, related: Related, paths: Paths) -> dict[str, Any]:
    return {
        "id": number,
        "physicalLocation": _place(related.path, related.place, paths),
        "message": {"text": _text(related.message)},
    }


def _place(path: str, place: Place, paths: Paths) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column}
    return {"artifactLocation": _file(path, paths), "region": region}


def _file(path: str, paths: Paths) -> dict[str, str]:
    """A path as a relative address: below the working directory, or by folder and name elsewhere."""
    base = _ELSEWHERE if paths.inside(path) is None else _BASE
    return {"uri": PurePosixPath("/", paths.shown(path)).as_uri().removeprefix("file:///"), "uriBaseId": base}


def _text(text: str) -> str:
    """Text in which nothing is a link (`[words](target)`) or a placeholder (`{0}`), and nothing hides."""
    return re.sub(r"\{(?=\d+\})", "{ ", printable(text).replace("](", "] ("))


def _link(text: str) -> str:
    return re.sub(r"([\\\[\]])", r"\\\1", _text(text))


# --- what tells findings apart across runs --------------------------------------------------


def fingerprints(found: Sequence[Reported]) -> list[str]:
    """One for each finding: from its rule set, its name, and its message without numbers.

    The message names the thing that it is about. Where two would be alike, those after the first
    are told apart by their order.
    """
    seen: Counter[str] = Counter()
    marks = []
    for one in found:
        same = "\0".join([one.scope, one.finding.name, _without_numbers(one.finding.message)])
        seen[same] += 1
        whole = same if seen[same] == 1 else f"{same}\0{seen[same]}"
        marks.append(sha256(whole.encode("utf-8", "backslashreplace")).hexdigest())
    return marks


def _without_numbers(message: str) -> str:
    """Numbers in our words count lines and profiles; those within backticks are part of a name."""
    parts = message.split("`")
    return "`".join(
        part if position % 2 else re.sub(r"\d[\d,.:-]*", "#", part).replace("profiles", "profile")
        for position, part in enumerate(parts)
    )


# --- the run --------------------------------------------------------------------------------


def _artifact(result: AuditResult, paths: Paths) -> dict[str, Any]:
    artifact: dict[str, Any] = {"location": _file(result.path, paths), "roles": ["analysisTarget"]}
    if result.facts:
        algorithm, _, digest = result.facts.digest.partition(":")
        artifact["hashes"] = {algorithm.replace("sha256", "sha-256"): digest}
    return artifact


def _invocation(results: Sequence[AuditResult], paths: Paths) -> dict[str, Any]:
    """Not successful where something was not decided; each such rule file says what."""
    told = [
        {
            "level": "error",
            "message": {"text": _text(f"{_why(result, paths)}; not decided: {left_open(result)}")},
            "locations": [{"physicalLocation": {"artifactLocation": _file(result.path, paths)}}],
        }
        for result in results
        if not result.complete
    ]
    invocation: dict[str, Any] = {"executionSuccessful": not told}
    if told:
        invocation["toolExecutionNotifications"] = told
    return invocation


def _why(result: AuditResult, paths: Paths) -> str:
    return (result.why or "").replace(result.path, paths.shown(result.path), 1)


def _rule_set(result: AuditResult, facts: RuleSetFacts, paths: Paths) -> Mapping[str, Any]:
    since = [verdict(result.change) if result.change else None, result.no_change]
    said = "; ".join(filter(None, since)).replace(result.path, paths.shown(result.path), 1)
    shown = {"change": _text(said)} if said else {}
    return {
        "id": facts.id,
        "version": facts.version,
        "digest": facts.digest,
        "profiles": facts.profiles,
        "outcomes": None if facts.outcomes is None else dict(facts.outcomes),
        "guarantees": dict(facts.guarantees),
        **shown,
    }
