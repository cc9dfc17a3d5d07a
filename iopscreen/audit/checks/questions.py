"""Questions, settings and groups: is each of them good for something?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iopscreen.audit.judged import TOO_TANGLED, attempted
from iopscreen.audit.readings import first_reading
from iopscreen.audit.references import tested_subjects
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.audit.telling import named, never_deciding, quoted, verb
from iopscreen.engine.budget import Budget
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.counts import never_matter
from iopscreen.engine.relevance import matters
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import Impossible, tests_of


def question_never_matters(subject: Subject) -> Iterator[Told | Undecided]:
    """A question is tested, and yet no recommendation depends on its answer.

    Example: two rules that differ only in the answer to `sex`, and recommend the same.

    What to do: drop the question and its tests, for callers are asked in vain, or never. Where notes
    alone test it, mark it `for_notes: yes`. Where only rules test it that never decide, see to these.
    Where another value of a setting would make it matter, or an impossible entry ties it to other
    answers, that is shown: it may be there for that.
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
            causes = (*never_deciding(subject, silent), *(() if hint else _causes(subject, name)))
            yield Told(rule_set.question[name].place, message, causes)


def _causes(subject: Subject, name: str) -> Iterator[Related]:
    """The settings and impossible entries but for which some recommendation would depend on a question."""
    try:
        budget = subject.budget_for_hints
        reading = first_reading(
            subject.compiled, subject.readings, lambda other: matters(Verdicts(other, budget), name)
        )
        entries = _entries_tying(subject, name, budget)
    except TOO_TANGLED:  # a hint beside a verdict: nothing is said instead
        return
    if reading is not None:
        setting = reading.setting
        message = f"were setting `{setting.id}` {quoted(reading.value)} instead of {quoted(setting.value)}, some would"
        yield subject.related(setting.place, message)
    for entry in entries:
        yield subject.related(entry.place, f"but for impossible entry `{entry.id}`, some would")


def _matters_in(name: str, budget: Budget, compiled: Compiled) -> bool:
    return matters(Verdicts(compiled, budget), name)


def _entries_tying(subject: Subject, name: str, budget: Budget) -> Sequence[Impossible]:
    """The impossible entries without which a question matters, none of them needless; none where it does not then."""
    rule_set = subject.rule_set

    def matters_without(entries: Sequence[Impossible]) -> bool:
        kept = tuple(entry for entry in rule_set.impossible if entry not in entries)
        return _matters_in(name, budget, compile_rule_set(rule_set._replace(impossible=kept)))

    left = list(rule_set.impossible)
    if not left or not matters_without(left):
        return ()
    for entry in rule_set.impossible:
        rest = [other for other in left if other is not entry]
        if rest and matters_without(rest):
            left = rest
    return left


def _never_matter(subject: Subject) -> dict[str, bool | None]:
    """By deciding question, whether every recommendation stands without it; those can be dropped together."""
    found = {name: None if matters is None else not matters for name, matters in subject.worth.matters.items()}
    if not subject.rule_set.impossible or all(never is False for never in found.values()):
        return found
    # Impossible entries tie questions to one another: of several that do not matter alone, some may matter together.
    together = attempted(lambda: never_matter(subject.whole))
    return {name: never and None if together is None else name in together for name, never in found.items()}


def unused(subject: Subject) -> Iterator[Told]:
    """A question, setting or group that nothing tests: no rule, note, guarantee or impossible entry.

    Example: `recent_days` stands under `settings`, and the rules have the number 30 in its place; or
    `spreading` is a group, and a rule has its options one by one.

    What to do: use it or delete it. A question that the hand-over needs can be tested by a note.
    An option that nothing names is no finding: a caller may answer what makes no difference.
    """
    tested = tested_subjects(subject.rule_set)
    for setting in subject.rule_set.settings:
        if setting.id not in tested:
            yield Told(setting.place, f"nothing tests setting `{setting.id}`")
    for question in subject.rule_set.questions:
        if question.id not in tested:
            yield Told(question.place, f"nothing tests question `{question.id}`")
            continue  # so nothing names its groups either
        for group in question.groups:
            if group.named_place is None:
                yield Told(group.place, f"nothing names group `{group.id}` of question `{question.id}`")
