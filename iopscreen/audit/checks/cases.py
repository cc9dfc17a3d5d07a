"""Cases: are there any, and does each lead to what it expects?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from iopscreen.audit.cases import CaseResult, Verdict
from iopscreen.audit.subject import Subject, Told, all_answers
from iopscreen.audit.telling import (
    named,
)
from iopscreen.ruleset.cases import cases_path
from iopscreen.ruleset.findings import Related


def no_cases(subject: Subject) -> Iterator[Told]:
    """There are no cases beside the rule file, so that nothing says what it is meant to decide."""
    if not subject.has_case_file:
        yield Told(subject.rule_set.place, f"there are no cases; write some into `{_cases_name(subject)}` beside it")
    elif subject.case_file is not None and not subject.case_file.cases:
        yield Told(subject.rule_set.place, f"there are no cases in `{_cases_name(subject)}`")


def _cases_name(subject: Subject) -> str:
    return Path(cases_path(subject.file.path)).name


def failed_case(subject: Subject) -> Iterator[Told]:
    """A case leads to something else than it expects."""
    yield from _cases(subject, Verdict.FAILED)


def wrong_rule(subject: Subject) -> Iterator[Told]:
    """A case leads to the outcome that it expects, but by another rule than the one it names."""
    yield from _cases(subject, Verdict.WRONG_RULE)


def impossible_case(subject: Subject) -> Iterator[Told]:
    """The answers of a case are excluded by impossible entries."""
    for result in subject.case_results:
        if result.verdict is Verdict.IMPOSSIBLE and not subject.nobody_possible:
            entries = named("entry", "entries", [entry.id for entry in result.excluded_by])
            related = [subject.related(entry.place, f"impossible entry `{entry.id}`") for entry in result.excluded_by]
            yield _case_told(subject, result, f"cannot occur: impossible {entries} excludes its answers", related)


def _cases(subject: Subject, verdict: Verdict) -> Iterator[Told]:
    for result in subject.case_results:
        if result.verdict is verdict:
            assert result.decision is not None  # it was decided
            related = [subject.related(rule.place, f"rule `{rule.id}`") for rule in result.decision.rules]
            yield _case_told(subject, result, "; and it ".join(result.differences), related)


def _case_told(subject: Subject, result: CaseResult, message: str, related: Sequence[Related]) -> Told:
    assert subject.case_file is not None  # it held the case
    shown = all_answers(subject.rule_set, result.case.answers)
    place, path = result.case.place, subject.case_file.path
    return Told(place, f"case `{result.case.id}` {message}", tuple(related), shown, path=path)
