"""Safety: do the guarantees hold for every caller, and what hangs on an assumption or a setting?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from iopscreen.audit.judged import TOO_TANGLED, Broken, attempted
from iopscreen.audit.readings import OtherReading
from iopscreen.audit.subject import Subject, Told, Undecided, case_to_paste, decided_witness, witness_json
from iopscreen.audit.telling import (
    impossible_entries,
    in_words,
    listed,
    named,
    never_deciding,
    nobody_meets,
    quoted,
    recommended,
    recommended_to_the_caller,
    setting_values,
    verb,
    would_be,
)
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.ruleset.cases import TO_FILL_IN
from iopscreen.ruleset.findings import Severity
from iopscreen.ruleset.model import Emergency, Guarantee, Question, Rule, Value, tests_of

if TYPE_CHECKING:
    from iopscreen.engine.difference import Difference


def guarantee_violated(subject: Subject) -> Iterator[Told | Undecided]:
    """A guarantee does not hold: somebody meets its condition and is recommended what it forbids.

    Example: `{when: {detox_need: yes}, never: iop}`, and a rule that recommends `iop` comes first.

    What to do: change the rules shown, or their order, until it holds; or give the guarantee up, knowingly.
    The answers shown are such a caller's.
    """
    if subject.nobody_possible:
        return
    for guarantee in subject.rule_set.guarantees:
        broken = subject.judged.broken[guarantee.id]
        if broken is None:
            words = f"whether guarantee `{guarantee.id}` holds"
            yield Undecided(words, ("guarantee-violated",), guarantee.place)
        elif broken:
            yield from _violated(subject, guarantee, broken)


def _violated(subject: Subject, guarantee: Guarantee, broken: Broken) -> Iterator[Told | Undecided]:
    """A guarantee that does not hold, with every rule that breaks it, as far as these are known in time."""
    clauses, rules = subject.compiled.maker.clauses(guarantee.condition), subject.rule_set.rules
    breaking = subject.judged.breaking(guarantee)
    others = attempted(lambda: list(subject.explained.deciders(clauses, breaking)))
    first = broken.position
    shown = decided_witness(subject, first, broken.box, clauses)
    expect = f"{{recommend: {next(iter(guarantee.allowed))}}}" if len(guarantee.allowed) == 1 else TO_FILL_IN
    message = f"guarantee `{guarantee.id}` does not hold: {_who_decides(subject, first)} for the caller shown"
    related = [
        subject.related(rules[label].place, f"rule `{rules[label].id}`")
        for label in others or [first]
        if label != NONE_MATCHES
    ]
    case = case_to_paste(guarantee.id, shown, expect)
    yield Told(guarantee.place, message, tuple(related), shown, case)
    if others is None:
        yield Undecided(f"which other rules break guarantee `{guarantee.id}`")


def guarantee_vacuous(subject: Subject) -> Iterator[Told | Undecided]:
    """Nobody can meet the condition of a guarantee, so that it guarantees nothing.

    Example: a guarantee for `age: {above: 120}` where the range of `age` ends at 120.

    What to do: correct its condition; the parts shown exclude one another, or are impossible.
    """
    if subject.nobody_possible:
        return
    for guarantee in subject.rule_set.guarantees:
        vacuous = subject.worth.vacuous[guarantee.id]
        if vacuous is None:
            words = f"whether anybody can meet the condition of guarantee `{guarantee.id}`"
            yield Undecided(words, ("guarantee-vacuous",), guarantee.place)
        elif vacuous:
            clauses = subject.compiled.maker.clauses(guarantee.condition)
            why = attempted(partial(nobody_meets, subject, clauses, guarantee.condition))
            message = f"nobody can meet the condition of guarantee `{guarantee.id}`, so it guarantees nothing"
            yield Told(guarantee.place, message + setting_values(subject, guarantee.condition), why or ())
            if why is None:
                yield Undecided(f"why nobody can meet the condition of guarantee `{guarantee.id}`")


def no_emergency(subject: Subject) -> Iterator[Told]:
    """There is no `emergency`, so that `!` shows built-in words: the local emergency number, and in the US 911 and 988.

    Example: a rule file without a section `emergency`.

    What to do: add the section, with what your site says to a caller in danger, and whom to reach. Where nobody
    holds interviews with these rules, accept the finding.
    """
    if subject.rule_set.emergency is None:
        message = "there is no `emergency`; in the interview `!` shows built-in words then, and not your site's"
        yield Told(subject.rule_set.place, message)


def danger_not_told_apart(subject: Subject) -> Iterator[Told | Undecided]:
    """No rule, or every rule, rests on what the `emergency` cites: the interview cannot tell who is in danger.

    Whoever is decided by a rule that cites what `emergency` cites is taken for somebody in danger: the questions
    for notes are not asked any more, and whom to reach is shown with the result. Where `emergency` has no
    `cite`, or no rule that decides shares it, nobody is taken for that; where all of them share it, everybody is.

    Example: `emergency` without `cite`, and a rule for `immediate_danger: yes` that cites `crisis_practice`.

    What to do: cite the same source on `emergency`, and on the rules and questions about danger, and on no
    others. That nobody is taken to be in danger is told only where a rule tests a question that has
    `if_unanswered`, for that may be about danger; where the two do not cite the same source, it is a note.
    """
    emergency = subject.rule_set.emergency
    if emergency is None or subject.nobody_possible:
        return
    rules, deciding = subject.rule_set.rules, subject.deciding
    cited = {cite.id for cite in emergency.cite}
    about = {place for place, rule in enumerate(rules) if any(cite.id in cited for cite in rule.cite)}
    if deciding & about and deciding - about:
        return
    likely = list(_likely_danger(subject))
    if None in subject.judged.reach and (about or likely):
        words = "whether rules decide that rest on what `emergency` cites, and others, too"
        yield Undecided(words, ("danger-not-told-apart",), emergency.place)
    elif not deciding & about:
        yield from _nobody_in_danger(subject, emergency, [rules[place] for place in sorted(about)])
    elif len({rules[place].recommend for place in deciding}) > 1:
        asked = "questions for notes are never asked, and " if _asks_for_notes(subject) else ""
        message = (
            f"every rule that decides rests on what `emergency` cites ({listed(sorted(cited))}), so that every caller "
            f"is taken to be in danger: {asked}whom to reach is shown with each result"
        )
        yield Told(emergency.place, message)


def _nobody_in_danger(subject: Subject, emergency: Emergency, silent: Sequence[Rule]) -> Iterator[Told]:
    """That nobody is taken to be in danger, if some rule may be about danger.

    `silent`: the rules that rest on what the emergency cites, and never decide.
    """
    likely = [one for one in _likely_danger(subject) if one[0].id not in subject.silent]
    if not likely:
        return
    cited = listed([cite.id for cite in emergency.cite]) if emergency.cite else ""
    why = f"no rule that decides rests on what `emergency` cites ({cited})" if cited else "`emergency` has no `cite`"
    asked = "questions for notes are asked all the same, and " if _asks_for_notes(subject) else ""
    message = f"{why}, so that no caller is taken to be in danger: {asked}whom to reach is not shown with the result"
    related = [
        subject.related(
            rule.place,
            f"rule `{rule.id}` tests `{question.id}`, which has `if_unanswered`"
            + (f", and both rest on {listed(both)}" if both else ""),
        )
        for rule, question, both in likely
    ]
    severity = Severity.WARNING if any(both for _, _, both in likely) else Severity.NOTE
    yield Told(emergency.place, message, (*never_deciding(subject, silent), *related), severity=severity)


def _asks_for_notes(subject: Subject) -> bool:
    return any(question.for_notes for question in subject.rule_set.questions)


def _likely_danger(subject: Subject) -> Iterator[tuple[Rule, Question, Sequence[str]]]:
    """The rules that test a question that must not stay open, with that question, and what both rest on."""
    for rule in subject.rule_set.rules:
        for name in dict.fromkeys(test.subject for test in tests_of(rule.condition)):
            question = subject.rule_set.question.get(name)
            if question is not None and question.if_unanswered is not None:
                cited = {cite.id for cite in question.cite}
                yield rule, question, [cite.id for cite in rule.cite if cite.id in cited]


def assumption_decides(subject: Subject) -> Iterator[Told | Undecided]:
    """An answer that `when_no_column` assumes changes what some caller is recommended.

    Example: `immediate_danger` has `when_no_column: no`. In a file without that column nobody is in
    danger; asked, some of the same callers would be recommended emergency help.

    What to do: nothing, where the site stands by the assumption. Else drop `when_no_column`: such rows
    are then undecided, and say what to ask. The answers shown are such a caller's, as assumed. Where
    impossible entries exclude the answer that is assumed, correct the one or the other.
    """
    for question in subject.rule_set.questions:
        if question.when_no_column is None or question.for_notes:
            continue
        try:
            excluding = _excluding(subject, question.id, question.when_no_column)
            found = None if excluding else _without_assumption(subject, question.id, question.when_no_column)
        except TOO_TANGLED:
            words = f"whether the answer assumed for `{question.id}` decides"
            yield Undecided(words, ("assumption-decides",), question.place)
            continue
        if excluding:
            entries = [subject.rule_set.impossible[place].id for place in excluding]
            message = (
                f"{quoted(question.when_no_column)} is assumed where a file has no column for `{question.id}`, and "
                f"impossible {named('entry', 'entries', entries)} {verb(entries, 'exclude')} every such caller: each "
                "row of that file will be an error"
            )
            yield Told(question.place, message, tuple(impossible_entries(subject, excluding)))
        if found is not None:
            value, change = found
            message = (
                f"{quoted(question.when_no_column)} is assumed where a file has no column for `{question.id}`, and "
                f"{recommended_to_the_caller(change.old)}; on {quoted(value)} {would_be(change.new)}"
            )
            yield Told(question.place, message, witness=witness_json(change.answers))


def _excluding(subject: Subject, question: str, answer: Value) -> tuple[int, ...]:
    """The impossible entries that leave nobody with an answer, none where somebody has it."""
    if subject.nobody_possible:
        return ()
    level = subject.compiled.level[question]
    clause = {level: 1 << subject.compiled.blocks[question].block_of(answer)}
    return () if subject.verdicts.possible([clause]) else subject.verdicts.excluding([clause])


def _without_assumption(subject: Subject, question: str, assumed: Value) -> tuple[Value, Difference] | None:
    """Another answer on which somebody would be recommended something else. Raises OutOfTime."""
    from iopscreen.engine.difference import assumption_by_search, without_assumption  # few files assume answers

    if subject.counted is None:
        return assumption_by_search(subject.verdicts, question, assumed)
    return next(without_assumption(subject.counted, question, assumed), None)


def reading_decides(subject: Subject) -> Iterator[Told | Undecided]:
    """What some caller is recommended hangs on how the site reads its source: on the value of a setting.

    Example: with `discharge_qualifies_alone: yes` a caller is recommended `iop`, with `no` a `referral`.

    What to do: have whoever answers for the rules confirm the value. The answers shown are those of a
    caller for whom it decides.
    """
    for setting in subject.rule_set.settings:
        try:
            changes = _first_changes(subject, [reading for reading in subject.readings if reading.setting is setting])
        except TOO_TANGLED:
            yield Undecided(f"whether setting `{setting.id}` decides", ("reading-decides",), setting.place)
            continue
        if changes:
            value, first = changes[0]
            message = (
                f"{recommended_to_the_caller(first.old)} while setting `{setting.id}` is {quoted(setting.value)}; "
                f"were it {quoted(value)}, {would_be(first.new)}"
            )
            related = [
                subject.related(
                    setting.place,
                    f"were it {quoted(other)}: {recommended(change.new)} instead of {recommended(change.old)} for "
                    f"{in_words(witness_json(change.answers))}",
                )
                for other, change in changes[1:]
            ]
            yield Told(setting.place, message, tuple(related), witness_json(first.answers))


def _first_changes(subject: Subject, readings: Sequence[OtherReading]) -> list[tuple[str | int, Difference]]:
    """What changes under the other values; of a number, under the nearest one that changes anything."""
    from iopscreen.engine.difference import under_reading  # many files have no settings

    found: list[tuple[str | int, Difference]] = []
    for reading in readings:
        if found and isinstance(reading.value, int):
            break
        changes = under_reading(subject.rule_set, {reading.setting.id: reading.value}, subject.budget)
        found += [(reading.value, change) for change in changes]
    return found


def _who_decides(subject: Subject, label: int) -> str:
    if label == NONE_MATCHES:
        return "no rule matches"
    rule = subject.rule_set.rules[label]
    return f"rule `{rule.id}` recommends `{rule.recommend}`"
