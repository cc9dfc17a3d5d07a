"""How an audit looks: text for a person, one object for a program. Computes nothing.

The text: in its first line that an audit is not complete, where it is not; every finding as
`path:line:column: severity: message [name]`, its line with a caret, related places, the answers
that show it, a case ready to paste; then, per rule set, what was counted, what the rules rest on,
guarantees, cases, and the table of all profiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from iopscreen.audit.regions import OutcomeRegions, RegionRow
from iopscreen.audit.run import AuditResult, RuleSetFacts
from iopscreen.audit.telling import left_out_in_words, profiles_in_words, uncounted
from iopscreen.report.columns import ANY, columns
from iopscreen.report.findings import (
    Reported,
    accepted_words,
    answer_text,
    count_words,
    finding_json,
    headline,
    hidden_notes,
    tally,
    undecided_words,
)
from iopscreen.report.mutants import mutants_json, mutants_words
from iopscreen.ruleset.cases import cases_path
from iopscreen.ruleset.findings import Finding, Related, Severity
from iopscreen.ruleset.model import NO_RULE
from iopscreen.text import cells, printable, wrapped

if TYPE_CHECKING:
    from iopscreen.audit.documentation import Documented

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_ROWS = 20


# --- text -----------------------------------------------------------------------------------


def audit_text(
    results: Sequence[AuditResult],
    *,
    color: bool,
    width: int,
    notes: bool,
    quiet: bool = False,
    rows: int = _ROWS,
) -> str:
    """The audits as text. `notes`: show notes too; `rows`: how many regions of each outcome.

    `quiet`: what was counted of each rule set is left out, and a file of which there is then nothing to tell.
    """
    lines = list(_incomplete_lines(results, width))
    for result in results:
        shown = [finding for finding in result.findings if notes or finding.severity is not Severity.NOTE]
        if not quiet or not result.complete or any(result.accepted(finding) is None for finding in shown):
            for finding in shown:
                lines += [*_finding_lines(result, finding, color, width), ""]
            lines += [*_closing_lines(result, width, notes), *([] if quiet else _facts_lines(result, width, rows)), ""]
        lines += [] if quiet and result.change and result.change.nothing else _change_lines(result, width)
    text = "\n".join(lines).rstrip("\n")
    return f"{text}\n" if text else ""


def _incomplete_lines(results: Sequence[AuditResult], width: int) -> Iterator[str]:
    """First of all, before any finding could be taken for the whole: of which files not everything was decided."""
    paths = [printable(result.path) for result in results if not result.complete]
    if paths:
        yield from wrapped(f"not complete: {', '.join(paths)}; what was not decided stands below", width, "    ", "")
        yield ""


def _finding_lines(result: AuditResult, finding: Finding, color: bool, width: int) -> Iterator[str]:
    """A finding with all that shows it; an accepted one with its reason instead."""
    accept = result.accepted(finding)
    severity = _colored(finding.severity.value, _COLORS[finding.severity], color)
    where = f"{printable(finding.path)}:{finding.place.line}:{finding.place.column}"
    accepted = " (accepted)" if accept else ""
    yield f"{where}: {severity}{accepted}: {printable(finding.message)} [{finding.name}]"
    if accept:
        yield from wrapped(accepted_words(accept), width, "    ", "  ")
        return
    yield from _source_lines(result, finding, width)
    for related in finding.related:
        yield from _related_lines(related, width)
    if finding.witness is not None:
        answers = ", ".join(f"{question}: {answer_text(answer)}" for question, answer in finding.witness.items())
        yield from wrapped(answers, width, " " * 11, "  answers: ")
    if finding.case is not None:
        name = printable(cases_path(finding.path).replace("\\", "/").rsplit("/", 1)[-1])
        yield f"  a case to paste into {name}:"
        for line in finding.case.split("\n"):
            yield from _case_lines(line, width)


def _source_lines(result: AuditResult, finding: Finding, width: int) -> Iterator[str]:
    """The line that a finding points at, and a caret below. A long line is cut on both sides."""
    lines = _lines(result.texts.get(finding.path, ""))
    if not 0 < finding.place.line <= len(lines) or not lines[finding.place.line - 1].strip():
        return
    written = lines[finding.place.line - 1].rstrip("\r")
    gutter = f"{finding.place.line:5} | "
    room = max(width - len(gutter), 20)
    start = max(0, finding.place.column - room // 2) if len(written) > room else 0
    before, after = written[start : finding.place.column - 1], written[finding.place.column - 1 :]
    shown = printable(before) + printable(after[: room - len(before)])
    yield f"{gutter}{shown}".rstrip()
    yield f"{' ' * (len(gutter) - 2)}| {' ' * cells(printable(before))}^"


@lru_cache(maxsize=4)
def _lines(text: str) -> Sequence[str]:
    """The lines of a file, of which there may be as many as findings."""
    return text.split("\n")


def _related_lines(related: Related, width: int) -> list[str]:
    where = f"{related.path}:{related.place.line}:{related.place.column}"
    return wrapped(f"{where}: {related.message}", width, "    ", "  ")


def _case_lines(line: str, width: int) -> list[str]:
    """One line of a case; answers may go on in the next one."""
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return wrapped(line.strip(), width, indent + " " * len("answers: {"), indent)


def _colored(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


# --- what a finding means -------------------------------------------------------------------


def documentation_text(found: Sequence[Documented], width: int) -> str:
    """One finding explained, or a line for each of several."""
    if len(found) == 1:
        paragraphs = [" ".join(part.split()) for part in found[0].text.split("\n\n")]
        lines = [f"{found[0].name} ({found[0].severity})"]
        for paragraph in paragraphs:
            lines += ["", *wrapped(paragraph, width)]
    else:
        room = max(len(one.name) for one in found)
        lines = [f"{one.name:<{room}}  {one.severity:<7}  {one.summary}" for one in found]
    return "\n".join(lines) + "\n"


# --- what closes a rule set -----------------------------------------------------------------


def _closing_lines(result: AuditResult, width: int, notes: bool) -> Iterator[str]:
    """How many findings of each severity, how many accepted ones, and what was not decided."""
    counted = tally([Reported(finding, result.accepted(finding), "") for finding in result.findings])
    yield from wrapped(f"{result.path}: {headline(counted, notes=notes, complete=result.complete)}", width, "    ", "")
    if counted.notes and not notes:
        yield from wrapped(hidden_notes(counted), width, "    ", "  ")
    if result.undecided:
        yield from wrapped(f"incomplete: {result.why}", width, "    ", "  ")
        yield from wrapped(f"not decided: {undecided_words(result.undecided)}", width, "    ", "  ")
    if result.hints:
        words = f"not decided, and no more than notes (--notes): {undecided_words(result.hints)}"
        yield from wrapped(words, width, "    ", "  ")


def _facts_lines(result: AuditResult, width: int, rows: int) -> Iterator[str]:
    facts = result.facts
    if facts is None:
        return
    yield from _labelled("rule set", f"{facts.id} {facts.version}", width)
    yield f"  {facts.digest}"
    for basis, rules in facts.basis.items():
        yield from _labelled(basis.value, ", ".join(rules), width)
    yield from _labelled("guarantees", guarantees_words(facts), width)
    yield from _labelled("cases", cases_words(facts), width)
    if facts.mutants is not None:
        yield from _labelled("mutants", mutants_words(facts.mutants), width)
    if facts.resting:
        yield ""
        yield from _resting_lines(facts, width)
    if facts.profiles is None:
        yield from _labelled("profiles", f"{uncounted(late=facts.late)}; no verdict rests on that", width)
    else:
        yield ""
        yield from _table_lines(facts, result.overview.table(rows) if result.overview else (), width)


def _change_lines(result: AuditResult, width: int) -> Iterator[str]:
    """What became of an earlier edition, below the facts; its findings are told with all others."""
    if result.change:
        from iopscreen.report.diff import diff_text  # most audits compare nothing

        yield from diff_text(result.change, width, findings=False).splitlines()
        yield ""
    if result.no_change:
        yield from wrapped(result.no_change, width)
        yield ""


def _labelled(label: str, text: str, width: int) -> list[str]:
    return wrapped(text, width, " " * 14, f"  {label:<12}")


def _resting_lines(facts: RuleSetFacts, width: int) -> Iterator[str]:
    """Each rule beside the words that it rests on."""
    yield "  What the rules say, and what they rest on:"
    for rule in facts.resting:
        yield from wrapped(f"{rule.rule.id} ({rule.rule.basis.value}): {rule.rule.because}", width, " " * 8, "    ")
        for ground in rule.grounds:
            yield from wrapped(f"{ground.cite} ({ground.state}): {ground.text}", width, " " * 10, "      ")


def guarantees_words(facts: RuleSetFacts) -> str:
    """How many guarantees are proved, and which are not."""
    if not facts.guarantees:
        return "none"
    words = {True: "proved", False: "not proved", None: "not decided"}
    parts = []
    for proved, word in words.items():
        names = [name for name, found in facts.guarantees.items() if found is proved]
        if names:
            parts.append(f"{len(names)} {word}" + ("" if proved else f" ({', '.join(names)})"))
    return ", ".join(parts)


def cases_words(facts: RuleSetFacts) -> str:
    """How many cases pass, and what they cover, as far as that was decided."""
    passed = passed_words(facts)
    if not facts.coverage or not facts.passed + facts.failed:
        return passed
    covered = [
        f"{len(kind.covered)} of {len(kind.covered) + len(kind.missing)} {name}"
        + (f" (not {', '.join(kind.missing)})" if kind.missing else "")
        for name, kind in facts.coverage.items()
    ]
    return f"{passed}; covered: {', '.join(covered)}"


def passed_words(facts: RuleSetFacts) -> str:
    """How many cases pass, fail, and were not decided."""
    if not facts.passed + facts.failed + facts.cases_left_open:
        return "none"
    left_open = f", {facts.cases_left_open} not decided" if facts.cases_left_open else ""
    return f"{facts.passed} passed, {facts.failed} failed{left_open}"


# --- the table ------------------------------------------------------------------------------


def _table_lines(facts: RuleSetFacts, table: Sequence[OutcomeRegions], width: int) -> Iterator[str]:
    left_out = left_out_in_words(facts.impossible or 0, ", ")
    counted = (
        f"{profiles_in_words(facts.profiles)}{left_out}. A profile is a set of answers that the rules can tell apart"
    )
    yield from wrapped(f"{counted}; the counts are of profiles, not of patients.", width, "  ")
    for outcome in table:
        name = "no rule matches" if outcome.outcome == NO_RULE else outcome.outcome
        yield ""
        yield f"  {name}: {outcome.profiles:,} of {profiles_in_words(facts.profiles)}"
        questions = [question for question in facts.questions if any(question in row.when for row in outcome.rows)]
        groups = [
            (f"by {rule}" if rule else None, [_cells_of(row, questions) for row in group])
            for rule, group in groupby(outcome.rows, key=lambda row: row.rule)
        ]
        yield from columns([*questions, "profiles"], groups, width, indent="    ")
        if outcome.more:
            yield f"    ... and {count_words(outcome.more, 'more profile')} in further regions"


def _cells_of(row: RegionRow, questions: Sequence[str]) -> list[str]:
    return [*(row.when.get(question, ANY) for question in questions), f"{row.profiles:,}"]


# --- JSON -----------------------------------------------------------------------------------


def audit_json(results: Sequence[AuditResult]) -> dict[str, Any]:
    """The audits as one object, ready for `json`."""
    return {
        "findings": [
            finding_json(finding, result.accepted(finding)) for result in results for finding in result.findings
        ],
        "rule_sets": [_rule_set_json(result, result.facts) for result in results if result.facts],
        "complete": all(result.complete for result in results),
    }


def _rule_set_json(result: AuditResult, facts: RuleSetFacts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "path": result.path,
        "id": facts.id,
        "version": facts.version,
        "digest": facts.digest,
        "profiles": facts.profiles,
        "outcomes": None if facts.outcomes is None else dict(facts.outcomes),
        "basis": {basis.value: list(rules) for basis, rules in facts.basis.items()},
        "guarantees": [{"id": name, "proved": proved} for name, proved in facts.guarantees.items()],
        "cases": {"passed": facts.passed, "failed": facts.failed},
        "coverage": _coverage_json(facts),
    }
    if facts.mutants is not None:
        found["mutants"] = mutants_json(result.path, facts.mutants, facts.killers)
    if result.change:
        from iopscreen.report.diff_json import diff_json

        found["diff"] = diff_json(result.change)
    if result.no_change:
        found.setdefault("diff", None)
        found["no_diff"] = result.no_change
    if facts.resting:
        found["citations"] = {
            resting.rule.id: {ground.cite: ground.state for ground in resting.grounds} for resting in facts.resting
        }
    if result.undecided:
        found["undecided"] = [one.words for one in result.undecided]
    if result.hints:
        found["undecided_notes"] = [one.words for one in result.hints]
    return found


def _coverage_json(facts: RuleSetFacts) -> Mapping[str, Any]:
    return {
        name: {
            "covered": len(kind.covered),
            "total": len(kind.covered) + len(kind.missing),
            "missing": list(kind.missing),
        }
        for name, kind in facts.coverage.items()
    }
