"""Who names whom in a rule set: citations, tests, settings used as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from iopscreen.engine.compiled import conditions_of
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import (
    Accept,
    Cite,
    Guarantee,
    Impossible,
    Note,
    NumberTest,
    Outcome,
    Question,
    Rule,
    RuleSet,
    Setting,
    tests_of,
)


class Named(Protocol):
    """Anything of a rule set with an id and its place."""

    @property
    def id(self) -> str: ...

    @property
    def place(self) -> Place: ...


def tested_subjects(rule_set: RuleSet) -> set[str]:
    """The questions and settings that some condition tests, and the settings that stand for a number in one."""
    found = set()
    for condition in conditions_of(rule_set):
        for test in tests_of(condition):
            found.add(test.subject)
            if isinstance(test, NumberTest):
                found |= {bound.limit for bound in test.bounds if isinstance(bound.limit, str)}
    return found


def all_cites(rule_set: RuleSet) -> Iterator[Cite]:
    """Every reference to a source, wherever it stands."""
    subjects: tuple[Setting | Question, ...] = (*rule_set.settings, *rule_set.questions)
    for subject in subjects:
        yield from subject.cite
        yield from (cite for option in subject.options for cite in option.cite)
    statements: tuple[tuple[Impossible | Rule | Note | Guarantee, ...], ...] = (
        rule_set.impossible,
        rule_set.rules,
        rule_set.notes,
        rule_set.guarantees,
    )
    for section in statements:
        yield from (cite for statement in section for cite in statement.cite)
    for outcome in rule_set.outcomes:
        yield from outcome.cite
        yield from (cite for line in outcome.staff for cite in line.cite)
    yield from (cite for line in rule_set.undecided.staff for cite in line.cite)
    if rule_set.emergency:
        yield from rule_set.emergency.cite


def all_accepts(rule_set: RuleSet) -> Iterator[Accept]:
    """Every `accept` entry, wherever it stands."""
    yield from rule_set.accept
    for thing in accepting(rule_set):
        yield from thing.accept


def accepting(rule_set: RuleSet) -> Iterator[Outcome | Question | Rule]:
    """Everything that may hold `accept` entries of its own."""
    yield from rule_set.outcomes
    yield from rule_set.questions
    yield from rule_set.rules
