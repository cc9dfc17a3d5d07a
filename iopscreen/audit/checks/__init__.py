"""The checks of the audit, one function each, and the one list of them: `CHECKS`, below.

To add one: write a generator function that takes a `Subject` and yields `Told`s into the module of
its subject in this folder, and name it in `CHECKS` with its severity. The function's name, with
hyphens, is the name that its findings have for ever; its docstring is its documentation, for
authors of rule files. Then put a faulty rule file and its harmless twin into
`tests/cases/audit/<name>/`. The steps in order, with their tests, are in `iopscreen/README.md`.

What is told here is exact, and whatever is not told was looked for. A check yields an `Undecided` for
each thing (a rule, a guarantee, a case) that it could not judge within the budget, and tells what it
knows of the others. Each finding that a longer run would tell is told, or named as not decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from iopscreen.audit.checks import (
    accepted,
    cases,
    coverage,
    effect,
    mutation,
    names,
    provenance,
    questions,
    reach,
    safety,
)
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.ruleset.findings import Severity

Check = Callable[[Subject], Iterator[Told | Undecided]]

CHECKS: tuple[tuple[Check, Severity], ...] = (
    (names.confusable_ids, Severity.WARNING),
    (names.confusable_labels, Severity.WARNING),
    (reach.impossible_everything, Severity.ERROR),
    (reach.gap, Severity.ERROR),
    (reach.contradictory_condition, Severity.ERROR),
    (reach.unreachable_rule, Severity.ERROR),
    (reach.unreachable_outcome, Severity.ERROR),
    (reach.overlapping_rules, Severity.ERROR),
    (safety.guarantee_violated, Severity.ERROR),
    (safety.guarantee_vacuous, Severity.WARNING),
    (effect.no_effect_rule, Severity.WARNING),
    (questions.question_never_matters, Severity.WARNING),
    (questions.unused, Severity.WARNING),
    (safety.no_emergency, Severity.NOTE),
    (safety.danger_not_told_apart, Severity.WARNING),
    (provenance.missing_citation, Severity.ERROR),
    (provenance.unknown_source, Severity.ERROR),
    (provenance.stale_citation, Severity.ERROR),
    (provenance.source_changed, Severity.NOTE),
    (provenance.unverified_citations, Severity.NOTE),
    (provenance.unused_source, Severity.NOTE),
    (provenance.review_overdue, Severity.WARNING),
    (cases.no_cases, Severity.WARNING),
    (cases.failed_case, Severity.ERROR),
    (cases.wrong_rule, Severity.ERROR),
    (cases.impossible_case, Severity.ERROR),
    (cases.duplicate_case, Severity.WARNING),
    (coverage.uncovered_rule, Severity.WARNING),
    (coverage.uncovered_outcome, Severity.WARNING),
    (coverage.uncovered_option, Severity.WARNING),
    (mutation.uncovered_boundary, Severity.WARNING),
    (mutation.surviving_mutant, Severity.WARNING),
    (effect.over_specified, Severity.NOTE),
    (safety.assumption_decides, Severity.NOTE),
    (safety.reading_decides, Severity.NOTE),
    (accepted.accept_without_reason, Severity.ERROR),
    (accepted.accept_expired, Severity.ERROR),
    (accepted.accept_unused, Severity.WARNING),
)
"""In the order in which they run: hints last, for they take time; `accept_unused` looks at what all others told."""

CONSEQUENCES = frozenset(
    [
        "unreachable-outcome",
        "question-never-matters",
        "failed-case",
        "wrong-rule",
        "impossible-case",
        "uncovered-rule",
        "uncovered-outcome",
        "uncovered-option",
        "uncovered-boundary",
        "surviving-mutant",
        "accept-unused",
    ]
)
"""What is often brought about by another finding, and therefore told after all others."""

LAST = frozenset(["surviving-mutant", "accept-unused"])
"""What may be the consequence of one of `CONSEQUENCES`: a case that fails kills no mutant."""


def name_of(check: Check) -> str:
    """The name of a check's findings."""
    return check.__name__.replace("_", "-")
