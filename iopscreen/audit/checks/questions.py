"""Questions and settings: is each of them good for something?"""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.references import tested_subjects
from iopscreen.audit.subject import Subject, Told
from iopscreen.engine.analyse import (
    never_matter,
)
from iopscreen.ruleset.model import tests_of


def question_never_matters(subject: Subject) -> Iterator[Told]:
    """A question is tested, and yet no recommendation depends on its answer.

    Callers are then asked in vain, or never. Where notes alone test it, mark it `for_notes: yes`.
    """
    if subject.nobody_possible:
        return
    rule_set = subject.rule_set
    tested = tested_subjects(rule_set)
    by_rules = {test.subject for rule in rule_set.rules for test in tests_of(rule.condition)}
    by_notes = {test.subject for note in rule_set.notes for test in tests_of(note.condition)}
    for name in never_matter(subject.whole):
        if name in tested:
            hint = "; notes alone test it: mark it `for_notes: yes`" if name in by_notes - by_rules else ""
            message = f"no recommendation depends on question `{name}`{hint}"
            yield Told(rule_set.question[name].place, message)


def unused(subject: Subject) -> Iterator[Told]:
    """A question or setting that nothing tests: no rule, note, guarantee or impossible entry."""
    tested = tested_subjects(subject.rule_set)
    for setting in subject.rule_set.settings:
        if setting.id not in tested:
            yield Told(setting.place, f"nothing tests setting `{setting.id}`")
    for question in subject.rule_set.questions:
        if question.id not in tested:
            yield Told(question.place, f"nothing tests question `{question.id}`")
