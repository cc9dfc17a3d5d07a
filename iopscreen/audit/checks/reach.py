"""Completeness and reach: does every caller match a rule, and can every rule and outcome be reached?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iopscreen.audit.regions import Hole, holes
from iopscreen.audit.subject import Subject, Told, case_to_paste, witness_json
from iopscreen.audit.telling import (
    NOT_COUNTED,
    all_of,
    clashing_tests,
    impossible_entries,
    in_words,
    named,
    never_deciding,
    profiles_in_words,
    quoted,
    setting_values,
    verb,
)
from iopscreen.engine.boxes import both
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.search import OutOfTime
from iopscreen.engine.verdicts import Taken, Taker
from iopscreen.ruleset.cases import TO_FILL_IN
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import Policy, Rule


def impossible_everything(subject: Subject) -> Iterator[Told]:
    """The `impossible` entries exclude everybody.

    Whatever is said about "every caller" would then be true of no one, so nothing is called proved,
    and no rule is called unreachable.

    Example: two entries, `when: {pregnant: yes}` and `when: {}` with `unless: {pregnant: yes}`.

    What to do: correct the entries shown before anything else; without any one of them somebody is left.
    """
    if not subject.nobody_possible:
        return
    entries = [subject.rule_set.impossible[place] for place in subject.verdicts.excluding([{}])]
    who = f"impossible {named('entry', 'entries', [entry.id for entry in entries])}"
    related = [subject.related(entry.place, f"impossible entry `{entry.id}`") for entry in entries[:-1]]
    message = f"{who} {'excludes' if len(entries) == 1 else 'together exclude'} everybody; nothing else can be judged"
    yield Told(entries[-1].place, message, tuple(related))


def gap(subject: Subject) -> Iterator[Told]:
    """Some callers match no rule, so nothing is recommended to them.

    Example: one rule for `age: {below: 18}`, one for `age: {above: 18}`, and nobody thought of 18.

    What to do: add a rule, or widen one. Shown are the largest regions that are left over, each with
    its profiles counted and one caller in it. If no such caller can exist, say so under `impossible`.
    """
    if not subject.verdicts.decides(NONE_MATCHES):
        return
    place = subject.rule_set.rules[-1].place
    if subject.counted is None:
        related, answers = [], subject.verdicts.deciding_witness(NONE_MATCHES)
        message = f"no rule matches the caller shown; how many there are was {NOT_COUNTED}"
    else:
        whole = subject.counted
        found, more = holes(whole, _HOLES)
        answers = found[0].answers
        related = [subject.related(place, _hole_words(hole, shown=hole is found[0])) for hole in found]
        if more:
            related.append(subject.related(place, f"and {more:,} more profile{'' if more == 1 else 's'}"))
        message = f"no rule matches {whole.counts[NONE_MATCHES]:,} of {profiles_in_words(whole.profiles)}"
    shown = witness_json(answers or {})
    size = subject.counted.counts[NONE_MATCHES] if subject.counted else None
    yield Told(place, message, tuple(related), shown, case_to_paste("no-rule-yet", shown, TO_FILL_IN), size=size)


_HOLES = 5
"""How many regions of a gap are shown."""


def _hole_words(hole: Hole, *, shown: bool) -> str:
    """A region in words; and a caller in it, unless it is the one whose answers are shown anyway."""
    such_as = "" if shown else f"; such as {in_words(witness_json(hole.answers))}"
    return f"{profiles_in_words(hole.profiles)}: {in_words(hole.when)}{such_as}"


def unreachable_rule(subject: Subject) -> Iterator[Told]:
    """A rule never decides, because earlier rules take every caller whom it matches.

    Example: a rule for `age: {below: 18}` stands first, and a later one for `{age: {below: 13}, caller: self}`.

    What to do: move the rule up, narrow the others, or delete it. Shown are the earlier rules that take
    its callers: the heaviest ones that together leave nothing, and always the heaviest one that
    recommends something else. The answers shown match the rule, and an earlier one decides. Where
    another value of a setting would let the rule decide, that is said too.
    """
    if subject.nobody_possible:
        return
    for position, rule in _silent_rules(subject, "unreachable-rule"):
        try:
            why = subject.verdicts.taken(position)
        except OutOfTime:  # that it never decides is known all the same
            message = f"rule `{rule.id}` never decides: the rules before it take everybody it matches; which of them "
            yield Told(rule.place, f"{message}was not worked out in time", tuple(_reached(subject, position)))
        else:
            yield _unreachable(subject, position, rule, why)


def _unreachable(subject: Subject, position: int, rule: Rule, why: Taken) -> Told:
    rules = subject.rule_set.rules
    names = [rules[taker.position].id for taker in why.takers]
    message = (
        f"rule `{rule.id}` never decides: {named('rule', 'rules', names)} before it "
        f"{'takes' if len(names) == 1 else 'take'} {all_of(why.profiles)} it matches; "
        f"for the caller shown, `{rules[why.decider].id}` decides"
    )
    shown = witness_json(why.witness)
    case = case_to_paste(f"{rule.id}-decides", shown, f"{{recommend: {rule.recommend}, rule: {rule.id}}}")
    related = (*_takers(subject, why.takers, why.profiles), *_reached(subject, position))
    return Told(rule.place, message, related, shown, case)


def contradictory_condition(subject: Subject) -> Iterator[Told]:
    """Nobody can meet the condition of a rule: its parts exclude one another, or it is impossible.

    Example: `when: {age: {below: 13}, guardian: yes}` with `unless: {age: {below: 18}}`.

    What to do: correct the parts shown, which clash with one another; those that take no part in it are
    left out. Where a setting is among them, another value may be what the rule waits for.
    """
    if subject.nobody_possible:
        return
    for position, rule in _silent_rules(subject, "contradictory-condition"):
        excluding = subject.verdicts.excluding(subject.verdicts.clauses[position])
        reason = impossible_entries(subject, excluding) if excluding else clashing_tests(subject, rule.condition)
        message = f"nobody can meet the condition of rule `{rule.id}`{setting_values(subject, rule.condition)}"
        yield Told(rule.place, message, (*reason, *_reached(subject, position)))


def unreachable_outcome(subject: Subject) -> Iterator[Told]:
    """An outcome is never recommended: no rule recommends it, or none of those that do ever decides.

    Example: `inpatient` is declared, and the one rule that recommends it comes after a rule for everybody.

    What to do: see to the rules shown, which have findings of their own; or delete the outcome.
    """
    recommended = {rule.recommend for rule in subject.rule_set.rules}
    for outcome in subject.rule_set.outcomes:
        if outcome.id not in recommended:
            yield Told(outcome.place, f"no rule recommends outcome `{outcome.id}`")
    if subject.nobody_possible:
        return
    reached = {subject.rule_set.rules[position].recommend for position in subject.deciding}
    for outcome in subject.rule_set.outcomes:
        if outcome.id in recommended and outcome.id not in reached:
            rules = [rule for rule in subject.rule_set.rules if rule.recommend == outcome.id]
            names = named("rule", "rules", [rule.id for rule in rules])
            message = f"outcome `{outcome.id}` is never recommended: {names} never {verb(rules, 'decide')}"
            yield Told(outcome.place, message, never_deciding(subject, rules))


def overlapping_rules(subject: Subject) -> Iterator[Told]:
    """Under the policy `unique`, two rules match the same caller.

    Example: one rule for `age: {below: 18}`, another for `caller: parent`, and a parent calls about a child.

    What to do: narrow one of the two, or choose the policy `first`. The answers shown match both.
    """
    if subject.rule_set.policy is not Policy.UNIQUE:
        return
    rules, verdicts = subject.rule_set.rules, subject.verdicts
    for later, rule in enumerate(rules):
        for earlier in range(later):
            together = both(verdicts.clauses[earlier], verdicts.clauses[later])
            profile = verdicts.witness(together, verdicts.excluded)
            if profile is None:
                continue
            other, number = rules[earlier], verdicts.count(together)
            message = (
                f"rules `{rule.id}` and `{other.id}` both match {profiles_in_words(number)}; the policy is `unique`"
            )
            related = subject.related(other.place, f"rule `{other.id}` recommends `{other.recommend}`")
            shown = witness_json(profile)
            case = case_to_paste(f"{other.id}-or-{rule.id}", shown, TO_FILL_IN)
            yield Told(rule.place, message, (related,), shown, case, size=number)


def _silent_rules(subject: Subject, why: str) -> Iterator[tuple[int, Rule]]:
    """The rules that never decide for one reason (the name of its finding), with their positions."""
    for position, rule in enumerate(subject.rule_set.rules):
        if subject.silent.get(rule.id) == why:
            yield position, rule


def _reached(subject: Subject, position: int) -> Iterator[Related]:
    """Another value of a setting, under which the rule would decide."""
    reading = subject.reached.get(position)
    if reading is not None:
        setting, name = reading.setting, subject.rule_set.rules[position].id
        message = f"were setting `{setting.id}` {quoted(reading.value)} instead of {quoted(setting.value)}, "
        yield subject.related(setting.place, f"{message}rule `{name}` would decide")


def _takers(subject: Subject, takers: Sequence[Taker], profiles: int | None) -> Iterator[Related]:
    for taker in takers:
        rule = subject.rule_set.rules[taker.position]
        share = f"profiles of it ({NOT_COUNTED})"
        if taker.profiles is not None and profiles is not None:
            share = f"{taker.profiles:,} of its {profiles_in_words(profiles)}"
        yield subject.related(rule.place, f"rule `{rule.id}` matches {share} and recommends `{rule.recommend}`")
