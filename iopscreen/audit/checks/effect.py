"""Effect: would any recommendation change without a rule, or without one test of it?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from iopscreen.audit.judged import TOO_TANGLED, Reach
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.audit.telling import named, verb
from iopscreen.engine.effect import Same, without_one_test
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import Policy, Rule, Test


def no_effect_rule(subject: Subject) -> Iterator[Told | Undecided]:
    """A rule decides some callers, and without it every one of them would be recommended the same.

    Example: `{when: {age: {below: 18}}, recommend: referral}`, followed by a rule for everybody else
    that recommends `referral` too.

    What to do: delete the rule; or, where it is there for its reason or its citation, accept the
    finding on the rule and say so.
    """
    if subject.nobody_possible:
        return
    for position, instead in subject.worth.in_vain.items():
        rule = subject.rule_set.rules[position]
        if instead is None:
            yield Undecided(f"whether rule `{rule.id}` has an effect", ("no-effect-rule",), rule.place)
        if not instead:
            continue
        others = [subject.rule_set.rules[place] for place in sorted(instead)]
        names = named("rule", "rules", [other.id for other in others])
        message = (
            f"rule `{rule.id}` has no effect: every caller it decides would be recommended `{rule.recommend}` "
            f"without it, by {names}"
        )
        yield Told(rule.place, message, tuple(_others(subject, others)))


def over_specified(subject: Subject) -> Iterator[Told | Undecided]:
    """A test can be left out of a rule, and nobody would be recommended anything else.

    Example: rule 1 takes everybody with `detox_need: yes`, and rule 2 tests `detox_need: no`, which by
    then is certain.

    What to do: nothing, where the test makes the rule easier to read on its own. Else leave it out;
    one at a time, for two such tests may each be needed once the other is gone. Tests of settings
    are never told: another value may need them. Nor is anything under the policy `unique`, where a
    test may be there to keep two rules apart.
    """
    if subject.nobody_possible or subject.rule_set.policy is Policy.UNIQUE:
        return
    for position, rule in enumerate(subject.rule_set.rules):
        reach, in_vain = subject.judged.reach[position], subject.worth.in_vain.get(position)
        if reach is None or (reach is Reach.DECIDES and in_vain is None):
            yield Undecided(_all_tests(rule), ("over-specified",))
        elif in_vain is False:
            try:
                yield from _over_specified(subject, position, rule)
            except TOO_TANGLED:
                yield Undecided(_all_tests(rule), ("over-specified",))


def _all_tests(rule: Rule) -> str:
    return f"whether rule `{rule.id}` needs each of its tests"


def _over_specified(subject: Subject, position: int, rule: Rule) -> Iterator[Told]:
    needless: set[Test] = set()
    for test, lost, rest in without_one_test(rule.condition):
        if test in needless or test.subject not in subject.rule_set.question:
            continue
        instead = subject.effects.with_condition(position, rest)
        if instead is not None:
            needless.add(lost)
            yield _needless(subject, rule, lost, instead)


def _needless(subject: Subject, rule: Rule, test: Test, same: Same) -> Told:
    others = [subject.rule_set.rules[position] for position in sorted(same.rules)]
    why = "earlier rules decide everybody for whom it counts" if same.differs else "its condition means the same"
    if others:
        names = named("rule", "rules", [other.id for other in others])
        why = f"where it counts, {names} {verb(others, 'recommends', 'recommend')} `{rule.recommend}` too"
    message = f"rule `{rule.id}` recommends the same without its test of `{test.subject}`: {why}"
    return Told(test.place, message, (subject.related(rule.place, f"rule `{rule.id}`"), *_others(subject, others)))


def _others(subject: Subject, others: Collection[Rule]) -> Iterator[Related]:
    return (subject.related(other.place, f"rule `{other.id}` recommends `{other.recommend}`") for other in others)
