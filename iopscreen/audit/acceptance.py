"""Accepted findings: which entry of the rule file accepts a finding, and whether it still counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from iopscreen.audit.references import Named, accepting
from iopscreen.audit.subject import Subject
from iopscreen.ruleset.findings import Finding, Place
from iopscreen.ruleset.model import Accept, NumberTest, Rule, tests_of

OF_THE_FILE = (
    "danger-not-told-apart",
    "gap",
    "impossible-everything",
    "no-cases",
    "no-emergency",
    "review-overdue",
    "uncovered-option",
    "uncovered-outcome",
    "uncovered-rule",
    "unverified-citations",
    "version-bump-too-small",
    "version-not-bumped",
    "version-went-back",
)
"""Findings that are about the file, wherever they are placed: accepted at top level, without `at`."""

NEVER_ACCEPTED = ("accept-without-reason", "accept-expired", "accept-unused")


Entries = Sequence[tuple[Accept, Sequence[tuple[str, Place]]]]
"""The `accept` entries of a rule set with the places of what each is about; none for one about the file."""


def acceptance(subject: Subject, entries: Entries, finding: Finding) -> Accept | None:
    """The entry that accepts `finding`: with a reason, not expired, and about the same thing."""
    if finding.name in NEVER_ACCEPTED:
        return None
    for accept, places in entries:
        counts = accept.because is not None and not is_expired(accept, subject.today)
        of_the_file = accept.at is None and not places and finding.name in OF_THE_FILE
        about_it = (finding.path, finding.place) in places and finding.name not in OF_THE_FILE
        if counts and accept.finding == finding.name and (of_the_file or about_it) and not _grown(accept, finding):
            return accept
    return None


def _grown(accept: Accept, finding: Finding) -> bool:
    """Whether a finding is larger than it was accepted, or nobody knows how large."""
    return accept.at_most is not None and (finding.size is None or finding.size > accept.at_most)


def grown(subject: Subject, entries: Entries, accept: Accept) -> Finding | None:
    """The finding that `accept` is about, where it has grown since; None else."""
    whatever = [(entry._replace(at_most=None), places) for entry, places in entries if entry is accept]
    about = (finding for finding in subject.told if acceptance(subject, whatever, finding))
    return next((finding for finding in about if _grown(accept, finding)), None)


def accept_entries(subject: Subject) -> Entries:
    """Every `accept` entry, with the places of what it is about."""
    rule_set, path = subject.rule_set, subject.file.path
    found: list[tuple[Accept, Sequence[tuple[str, Place]]]] = []
    for thing in accepting(rule_set):
        if thing.accept:
            places = [(path, place) for place in _places_of(thing)]
            found += [(accept, places) for accept in thing.accept]
    found += [(accept, list(_places_named(subject, accept.at)) if accept.at else []) for accept in rule_set.accept]
    return found


def _places_of(thing: Named) -> Iterator[Place]:
    """Where a finding about a thing may stand: at its id, or at a test of a rule, or at a bound of one."""
    yield thing.place
    if isinstance(thing, Rule):
        for test in tests_of(thing.condition):
            yield test.place
            if isinstance(test, NumberTest):
                yield from (bound.place for bound in test.bounds)


def _places_named(subject: Subject, name: str) -> Iterator[tuple[str, Place]]:
    """The places of everything that is called `name`."""
    path = subject.file.path
    yield from ((path, place) for thing in _nameable(subject) if thing.id == name for place in _places_of(thing))
    if subject.case_file:
        path = subject.case_file.path
        yield from ((path, case.place) for case in subject.case_file.cases if case.id == name)


def _nameable(subject: Subject) -> Iterator[Named]:
    """Everything of the rule file that `at` may name."""
    rule_set = subject.rule_set
    sections: tuple[Iterable[Named], ...] = (
        *(rule_set.rules, rule_set.questions, rule_set.outcomes, rule_set.settings, rule_set.guarantees),
        *(rule_set.notes, rule_set.impossible, rule_set.sources),
        *(source.passages for source in rule_set.sources),
        *(asked.options for asked in rule_set.settings),
        *(asked.options for asked in rule_set.questions),
        *(asked.groups for asked in rule_set.questions),
    )
    return chain.from_iterable(sections)


def names_for_at(subject: Subject) -> list[str]:
    """Whatever `at` may name, each once."""
    cases = subject.case_file.cases if subject.case_file else ()
    return list(dict.fromkeys([*(thing.id for thing in _nameable(subject)), *(case.id for case in cases)]))


def is_expired(accept: Accept, today: str | None) -> bool:
    """Whether the last day of an acceptance has passed; without a day to judge by, it has not."""
    return today is not None and accept.until is not None and accept.until < today
