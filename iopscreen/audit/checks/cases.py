"""Cases: are there any, and does each lead to what it expects?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from iopscreen.audit.cases import CaseResult, Verdict, contradict, same_answers
from iopscreen.audit.subject import Subject, Told, Undecided, all_answers
from iopscreen.audit.telling import (
    named,
)
from iopscreen.ruleset.cases import cases_path
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import NO_RULE


def no_cases(subject: Subject) -> Iterator[Told]:
    """There are no cases beside the rule file, so that nothing says what it is meant to decide.

    Example: `my-clinic.yaml` without a `my-clinic.cases.yaml`.

    What to do: write down a handful of callers and what each must be told, one for each rule at first.
    """
    if not subject.has_case_file:
        yield Told(subject.rule_set.place, f"there are no cases; write some into `{_cases_name(subject)}` beside it")
    elif subject.case_file is not None and not subject.case_file.cases:
        yield Told(subject.rule_set.place, f"there are no cases in `{_cases_name(subject)}`")


def _cases_name(subject: Subject) -> str:
    return Path(cases_path(subject.file.path)).name


def failed_case(subject: Subject) -> Iterator[Told | Undecided]:
    """A case leads to something else than it expects.

    Example: it expects `inpatient`, and after a change to the rules the caller is recommended `iop`.

    What to do: find out which is wrong, the rules or the case, and change that one. Where the expected
    rule never decides, or no rule matches, see to that finding first.
    """
    for result in subject.case_results:
        if result.verdict is Verdict.UNDECIDED:
            names = ("failed-case", "wrong-rule", "impossible-case")
            yield Undecided(f"whether case `{result.case.id}` passes", names, result.case.place)
    yield from _cases(subject, Verdict.FAILED)


def wrong_rule(subject: Subject) -> Iterator[Told]:
    """A case leads to the outcome that it expects, but by another rule than the one it names.

    Example: it expects rule `unsafe-home`, and `needs-detox` recommends `inpatient` first.

    What to do: look whether the caller would now be given the wrong reason; then change the rules or the case.
    """
    yield from _cases(subject, Verdict.WRONG_RULE)


def impossible_case(subject: Subject) -> Iterator[Told]:
    """The answers of a case are excluded by `impossible` entries, so that it tests nothing.

    Example: a case with `{caller: self, age: 3}`, where such callers are declared impossible.

    What to do: correct the answers or the entry shown.
    """
    for result in subject.case_results:
        if result.verdict is Verdict.IMPOSSIBLE and not subject.nobody_possible:
            entries = named("entry", "entries", [entry.id for entry in result.excluded_by])
            related = [subject.related(entry.place, f"impossible entry `{entry.id}`") for entry in result.excluded_by]
            yield _case_told(subject, result, f"cannot occur: impossible {entries} excludes its answers", related)


def duplicate_case(subject: Subject) -> Iterator[Told]:
    """Two cases have the same answers, so that one of them adds nothing, or contradicts the other.

    Example: `{age: 17, caller: self}` in one case, `{caller: self, age: 17}` in a later one. A question
    that is not named counts as `unknown`.

    What to do: delete one of them; first decide which is right, where they expect different things.
    """
    if subject.case_file is None:
        return
    for case, earlier in same_answers(subject.case_file.cases):
        message = f"case `{case.id}` has the same answers as `{earlier.id}` on line {earlier.place.line}"
        if contradict(subject.rule_set, case.expect, earlier.expect):
            message += ", and expects something else: one of them must fail"
        path = subject.case_file.path
        yield Told(case.place, message, (Related(path, earlier.place, f"case `{earlier.id}`"),), path=path)


def _cases(subject: Subject, verdict: Verdict) -> Iterator[Told]:
    for result in subject.case_results:
        if result.verdict is verdict:
            assert result.decision is not None  # it was decided
            cause = _cause(subject, result)
            related = [subject.related(rule.place, f"rule `{rule.id}`") for rule in result.decision.rules]
            message = "; and it ".join(result.differences) + (f"; {cause.message}" if cause else "")
            yield _case_told(subject, result, message, [*related, *((cause,) if cause else ())])


def _cause(subject: Subject, result: CaseResult) -> Related | None:
    """The finding from which it follows that the case fails: its rule never decides, or no rule matches."""
    rule = subject.rule_set.rule.get(result.case.expect.rule or "")
    why = subject.silent.get(rule.id) if rule else None
    if rule and why:
        return subject.related(rule.place, f"rule `{rule.id}` never decides (see {why})")
    if result.decision and result.decision.possible == (NO_RULE,):
        return subject.related(subject.rule_set.rules[-1].place, "no rule matches some callers (see gap)")
    return None


def _case_told(subject: Subject, result: CaseResult, message: str, related: Sequence[Related]) -> Told:
    assert subject.case_file is not None  # it held the case
    shown = all_answers(subject.rule_set, result.case.answers)
    place, path = result.case.place, subject.case_file.path
    return Told(place, f"case `{result.case.id}` {message}", tuple(related), shown, path=path)
