"""What the cases would notice: boundaries without a case, and small changes to the rules that survive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from iopscreen.audit.judged import TOO_TANGLED
from iopscreen.audit.subject import Subject, Told, Undecided, case_to_paste, free_case_ids, witness_json
from iopscreen.engine.decide import in_file_order
from iopscreen.ruleset.cases import TO_FILL_IN
from iopscreen.ruleset.model import NO_RULE, Value
from iopscreen.ruleset.values import answer_json

if TYPE_CHECKING:
    from iopscreen.audit.boundaries import Parted, Uncovered
    from iopscreen.audit.mutants import Survivor

MAX_BOUNDARIES = 10
"""How many boundaries are told; the others are counted."""

_CASES_AT_BOUNDARIES = "whether cases stand at every boundary that decides"

MAX_SURVIVORS = 40
"""How many surviving mutants are told, beside the first one of each case to add; `--format json` holds all."""


def uncovered_boundary(subject: Subject) -> Iterator[Told | Undecided]:
    """No case stands at a boundary where one other answer changes what is recommended.

    Example: a rule for `age: {below: 18}`, and cases at 12 and 40: a slip to `at_most: 18` would pass them.

    A boundary lies between two numbers next to each other, or between the answers to a question
    that pass a test of a rule and those that do not. It decides where two possible callers who
    differ in that answer alone, one on each side, are recommended something else. A case covers a
    side of it by standing there, with the very number, where the other side would change what it
    comes to. Nothing is said while no case passes at all.

    What to do: decide what the callers shown must be told, who differ in that answer alone, and add
    the cases.
    """
    try:
        found = None if subject.cases_left_open else subject.boundaries
        told = found.uncovered[:MAX_BOUNDARIES] if found else ()
        callers = _callers(subject, told) if told else []
    except TOO_TANGLED:
        yield Undecided(_CASES_AT_BOUNDARIES, ("uncovered-boundary",))
        return
    if subject.cases_left_open:
        yield Undecided(_CASES_AT_BOUNDARIES, ("uncovered-boundary",))
    hidden = len(found.uncovered) - len(told) if found else 0
    wanted = [
        f"{one.boundary.question.id}-{_id(who.answers[side])}"
        for one, who in zip(told, callers, strict=True)
        for side in one.sides
    ]
    names = iter(free_case_ids(subject.case_file, wanted))
    for place, (one, who) in enumerate(zip(told, callers, strict=True), start=1):
        more = f" ({hidden} more not told)" if hidden and place == len(told) else ""
        yield _uncovered(subject, one, who, [next(names) for _ in one.sides], more)


def _callers(subject: Subject, told: Sequence[Uncovered]) -> list[Parted]:
    """Two callers for each boundary, whom it parts. Raises OutOfTime."""
    from iopscreen.audit.boundaries import parted  # many files have no cases

    return parted(subject.compiled, subject.counted, told)


def _uncovered(subject: Subject, one: Uncovered, who: Parted, names: Sequence[str], more: str) -> Told:
    """A boundary with a case for each of its sides where none stands; they differ in that answer alone."""
    boundary, question = one.boundary, one.boundary.question
    where = "either side" if len(one.sides) == 2 else f"the side of {boundary.words[one.sides[0]]}"
    both = zip(who.recommended, who.answers, strict=True)
    gets = (f"{_outcome(outcome)} with {_words(answer)}" for outcome, answer in both)
    message = (
        f"`{question.id}` decides between {boundary.words[0]} and {boundary.words[1]}, and no case stands on {where}; "
        f"the caller shown gets {' and '.join(gets)}{more}"
    )
    related = (subject.related(place, "tested here") for place in dict.fromkeys(test.place for test in boundary.tests))
    shown = [
        witness_json(in_file_order(subject.compiled, {**who.others, question.id: who.answers[side]}))
        for side in one.sides
    ]
    cases = [case_to_paste(name, answers, TO_FILL_IN) for name, answers in zip(names, shown, strict=True)]
    return Told(question.place, message, tuple(related), shown[0], "\n".join(cases))


def surviving_mutant(subject: Subject) -> Iterator[Told | Undecided]:
    """A small change to the rules that no case would notice (looked for with `--mutants`).

    Example: with `unless: {recent_discharge: yes}` left out of a rule, every case passes all the same.

    The rules are changed in every small way that a slip of the pen would: a rule is left out,
    changes places with the next one or recommends something else; a test is dropped, negated,
    wider or narrower by one option, or its number one off or the wrong way round. A change that
    recommends the same to every possible caller is none. If no case fails on one of the others,
    nothing keeps somebody from making it by mistake.

    What to do: decide what the caller shown must be told, who would then be recommended something
    else, and add the case.
    """
    score = subject.mutants
    if score is None:
        return
    firsts = {survivor.killer: place for place, survivor in reversed(list(enumerate(score.survivors)))}
    told = {*firsts.values(), *range(MAX_SURVIVORS)}
    cases = killer_cases(subject)
    for place, survivor in enumerate(score.survivors):
        if place in told:
            case = cases[survivor.killer] if firsts[survivor.killer] == place else None
            yield _surviving(subject, survivor, case)
    if not score.few:
        yield Undecided("whether fewer cases would kill the surviving mutants: some are shown each with its own")
    for change in score.undecided:
        rule = subject.rule_set.rules[change.edit.position]
        yield Undecided(f"whether a case fails when {change.words}", ("surviving-mutant",), rule.place)


def _surviving(subject: Subject, survivor: Survivor, case: str | None) -> Told:
    change, rule = survivor.change, subject.rule_set.rules[survivor.change.edit.position]
    message = (
        f"no case fails when {change.words}; the caller shown would then get "
        f"{_outcome(survivor.instead)} instead of {_outcome(survivor.recommends)}"
    )
    related = () if change.place == rule.place else (subject.related(change.place, "changed here"),)
    return Told(rule.place, message, related, witness_json(survivor.witness), case)


def killer_cases(subject: Subject) -> list[str]:
    """The cases that would kill every surviving mutant, ready to paste."""
    killers = subject.mutants.killers if subject.mutants else ()
    names = free_case_ids(subject.case_file, (f"to-decide-{number}" for number in range(1, len(killers) + 1)))
    return [case_to_paste(name, witness_json(killer), TO_FILL_IN) for name, killer in zip(names, killers, strict=True)]


def _words(value: Value) -> str:
    known = answer_json(value)
    return ", ".join(known) if isinstance(known, list) else str(known)


def _id(value: Value) -> str:
    """An answer as a part of a case's id."""
    words = _words(value).replace(", ", "-")
    return f"minus{words}" if words.startswith("-") else words


def _outcome(outcome: str) -> str:
    return "no recommendation" if outcome == NO_RULE else f"`{outcome}`"
