"""Safety: do the guarantees hold for every possible caller?"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import partial

from iopscreen.audit.subject import Subject, Told, case_to_paste, witness_json
from iopscreen.audit.telling import (
    clashing_tests,
    impossible_entries,
    setting_values,
)
from iopscreen.engine.analyse import (
    inside,
    possible,
    rule_rows,
)
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.ruleset.cases import TO_FILL_IN


def guarantee_violated(subject: Subject) -> Iterator[Told]:
    """A guarantee does not hold: the answers shown meet it, and something else is recommended."""
    if subject.nobody_possible:
        return
    rule_set, compiled = subject.rule_set, subject.compiled
    for guarantee in rule_set.guarantees:
        deciders = inside(compiled, compiled.maker.clauses(guarantee.condition), rule_rows(compiled), NONE_MATCHES)
        labels = (label for label in deciders.labels if compiled.outcome_of(label) not in guarantee.allowed)
        wrong = sorted(label for label in labels if isinstance(label, int))
        if not wrong:
            continue
        first = next((label for label in wrong if label != NONE_MATCHES), NONE_MATCHES)
        shown = witness_json(deciders.witness(partial(operator.eq, first)) or {})
        expect = f"{{recommend: {next(iter(guarantee.allowed))}}}" if len(guarantee.allowed) == 1 else TO_FILL_IN
        message = f"guarantee `{guarantee.id}` does not hold: {_who_decides(subject, first)} for the caller shown"
        related = [
            subject.related(rule_set.rules[label].place, f"rule `{rule_set.rules[label].id}`")
            for label in wrong
            if label != NONE_MATCHES
        ]
        case = case_to_paste(guarantee.id, shown, expect)
        yield Told(guarantee.place, message, tuple(related), shown, case)


def guarantee_vacuous(subject: Subject) -> Iterator[Told]:
    """Nobody can meet the condition of a guarantee, so that it guarantees nothing."""
    if subject.nobody_possible:
        return
    for guarantee in subject.rule_set.guarantees:
        meeting = possible(subject.compiled, subject.compiled.maker.clauses(guarantee.condition))
        if not meeting.labels:
            message = f"nobody can meet the condition of guarantee `{guarantee.id}`, so it guarantees nothing"
            reason = (
                impossible_entries(subject, meeting.excluded_by)
                if meeting.excluded_by
                else clashing_tests(subject, guarantee.condition)
            )
            yield Told(guarantee.place, message + setting_values(subject, guarantee.condition), tuple(reason))


def _who_decides(subject: Subject, label: int) -> str:
    if label == NONE_MATCHES:
        return "no rule matches"
    rule = subject.rule_set.rules[label]
    return f"rule `{rule.id}` recommends `{rule.recommend}`"
