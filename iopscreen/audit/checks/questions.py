"""Questions and settings: is each of them good for something?"""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.judged import attempted
from iopscreen.audit.references import tested_subjects
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.audit.telling import named, never_deciding, verb
from iopscreen.engine.counts import never_matter
from iopscreen.ruleset.model import tests_of


def question_never_matters(subject: Subject) -> Iterator[Told | Undecided]:
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
    for name, never in _never_matter(subject).items():
        if never is None and name in tested:
            words = f"whether any recommendation depends on question `{name}`"
            yield Undecided(words, ("question-never-matters",), rule_set.question[name].place)
        elif never and name in tested:
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


def _never_matter(subject: Subject) -> dict[str, bool | None]:
    """By deciding question, whether every recommendation stands without it; those can be dropped together."""
    found = {name: None if matters is None else not matters for name, matters in subject.worth.matters.items()}
    if not subject.rule_set.impossible or all(never is False for never in found.values()):
        return found
    # Impossible entries tie questions to one another: of several that do not matter alone, some may matter together.
    together = attempted(lambda: never_matter(subject.whole))
    return {name: never and None if together is None else name in together for name, never in found.items()}


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
