"""Questions and settings: is each of them good for something?"""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.references import tested_subjects
from iopscreen.audit.subject import Subject, Told
from iopscreen.audit.telling import named, never_deciding, verb
from iopscreen.engine.counts import never_matter
from iopscreen.engine.relevance import matters
from iopscreen.ruleset.model import tests_of


def question_never_matters(subject: Subject) -> Iterator[Told]:
    """A question is tested, and yet no recommendation depends on its answer.

    Example: two rules that differ only in the answer to `sex`, and recommend the same.

    What to do: drop the question and its tests, for callers are asked in vain, or never. Where notes
    alone test it, mark it `for_notes: yes`. Where only rules test it that never decide, see to these.
    """
    if subject.nobody_possible:
        return
    rule_set = subject.rule_set
    tested = tested_subjects(rule_set)
    by_notes = {test.subject for note in rule_set.notes for test in tests_of(note.condition)}
    for name in _never_matter(subject):
        if name in tested:
            testing = [
                rule for rule in rule_set.rules if any(test.subject == name for test in tests_of(rule.condition))
            ]
            silent = [rule for rule in testing if rule.id in subject.silent]
            hint = "; notes alone test it: mark it `for_notes: yes`" if name in by_notes and not testing else ""
            if silent and silent == testing:
                names = named("rule", "rules", [rule.id for rule in silent])
                hint = f": {names} alone {verb(silent, 'tests', 'test')} it, and never {verb(silent, 'decide')}"
            message = f"no recommendation depends on question `{name}`{hint}"
            yield Told(rule_set.question[name].place, message, never_deciding(subject, silent))


def _never_matter(subject: Subject) -> tuple[str, ...]:
    """The deciding questions without which every recommendation stands, which can be dropped together."""
    found = tuple(question.id for question in subject.compiled.deciding if not matters(subject.verdicts, question.id))
    # Impossible entries tie questions to one another: of several that do not matter alone, some may matter together.
    return never_matter(subject.whole) if found and subject.rule_set.impossible else found


def unused(subject: Subject) -> Iterator[Told]:
    """A question or setting that nothing tests: no rule, note, guarantee or impossible entry.

    Example: `recent_days` stands under `settings`, and the rules have the number 30 in its place.

    What to do: use it or delete it. A question that the hand-over needs can be tested by a note.
    """
    tested = tested_subjects(subject.rule_set)
    for setting in subject.rule_set.settings:
        if setting.id not in tested:
            yield Told(setting.place, f"nothing tests setting `{setting.id}`")
    for question in subject.rule_set.questions:
        if question.id not in tested:
            yield Told(question.place, f"nothing tests question `{question.id}`")
