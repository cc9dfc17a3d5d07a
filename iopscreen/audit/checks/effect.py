"""Effect: would any recommendation change without a rule, or without one test of it?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from iopscreen.audit.judged import TOO_TANGLED, Reach
from iopscreen.audit.readings import Change, Reading, mattering_under
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.audit.telling import impossible_entries, named, verb
from iopscreen.audit.words import part_in_words
from iopscreen.engine.effect import Same, Without, without_one_test
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import NumberTest, OptionsTest, Policy, Rule, Test


def no_effect_rule(subject: Subject) -> Iterator[Told | Undecided]:
    """A rule decides some callers, and without it every one of them would be recommended the same.

    Example: `{when: {age: {below: 18}}, recommend: referral}`, followed by a rule for everybody else
    that recommends `referral` too.

    What to do: delete the rule; or, where it is there for its reason or its citation, accept the
    finding on the rule and say so. Where another value of a setting would give it an effect, that is
    said: then it stands ready for that value, and deleting it would disarm the setting.
    """
    if subject.nobody_possible:
        return
    for position, found in subject.worth.in_vain.items():
        if found is None:
            rule = subject.rule_set.rules[position]
            yield Undecided(f"whether rule `{rule.id}` has an effect", ("no-effect-rule",), rule.place)
    changes = {Change(position, None): instead for position, instead in subject.in_vain.items()}
    needed = mattering_under(subject.compiled, changes, subject.budget_for_hints)
    for change, instead in changes.items():
        rule = subject.rule_set.rules[change.position]
        others = [subject.rule_set.rules[place] for place in sorted(instead)]
        names = named("rule", "rules", [other.id for other in others])
        under = {} if change in needed.left_open else needed.under.get(change)
        message = (
            f"rule `{rule.id}` has no effect{_as_they_are(subject, under)}: every caller it decides would be "
            f"recommended `{rule.recommend}` without it, by {names}"
        )
        yield Told(rule.place, message, (*_others(subject, others), *_under(subject, rule, under)))


def _as_they_are(subject: Subject, under: Reading | None) -> str:
    """The settings on which it rests that a rule has no effect, for a message."""
    if under is None:
        return ""
    values = [f"`{name}` is `{subject.rule_set.readings[name]}`" for name in under]
    return f" while {' and '.join(values)}" if values else " with the settings as they are"


def _under(subject: Subject, rule: Rule, under: Reading | None) -> Iterator[Related]:
    """Other values of settings, under which the rule would have an effect; or that they were not looked at."""
    if under is None:
        return
    if not under:
        message = f"whether rule `{rule.id}` has an effect under other values of the settings was not worked out"
        yield subject.related(rule.place, message)
        return
    values = " and ".join(f"setting `{name}` `{value}`" for name, value in under.items())
    place = subject.rule_set.subject[next(iter(under))].place
    yield subject.related(place, f"were {values}, rule `{rule.id}` would have an effect")


def over_specified(subject: Subject) -> Iterator[Told | Undecided]:
    """A test, or a part of one, can be left out of a rule, and nobody would be recommended anything else.

    That is so under every value of the settings: a test that another value may need is not told, nor
    one of a setting, nor any where there are too many values to look at.

    Example: rule 1 takes everybody with `detox_need: yes`, and rule 2 tests `detox_need: no`, which by
    then is certain.

    What to do: nothing, where the test makes the rule easier to read on its own. Else leave it out;
    one at a time, for two such tests may each be needed once the other is gone. Nothing is told under
    the policy `unique`, where a test may be there to keep two rules apart.
    """
    if subject.nobody_possible or subject.rule_set.policy is Policy.UNIQUE:
        return
    found: list[_LeftOut] = []
    left_open: set[int] = set()
    for position in range(len(subject.rule_set.rules)):
        reach, in_vain = subject.judged.reach[position], subject.worth.in_vain.get(position)
        if reach is None or (reach is Reach.DECIDES and in_vain is None):
            left_open.add(position)
        elif in_vain is False:
            try:
                for left_out in _left_out(subject, position):
                    found.append(left_out)  # one by one: those before time runs out are kept
            except TOO_TANGLED:
                left_open.add(position)
    needed = mattering_under(subject.compiled, [change for change, _, _ in found], subject.budget_for_hints)
    left_open |= {change.position for change in needed.left_open}
    for position in sorted(left_open):
        words = f"whether rule `{subject.rule_set.rules[position].id}` needs each of its tests"
        yield Undecided(words, ("over-specified",))
    told: set[Test] = set()
    for change, part, instead in found:
        decided = change not in needed.left_open
        if decided and change not in needed.under and part.test not in told:
            told.add(part.lost)
            yield _needless(subject, change.position, part, instead)


_LeftOut = tuple[Change, Without, Same]


def _left_out(subject: Subject, position: int) -> Iterator[_LeftOut]:
    """The tests, and bounds of tests, without which a rule would recommend the same with the settings as they are."""
    for part in without_one_test(subject.rule_set.rules[position].condition):
        if part.test.subject in subject.rule_set.question:
            instead = subject.effects.with_condition(position, part.rest)
            if instead is not None:
                yield Change(position, part.rest), part, instead


def _needless(subject: Subject, position: int, part: Without, same: Same) -> Told:
    rule, test = subject.rule_set.rules[position], part.lost
    others = [subject.rule_set.rules[place] for place in sorted(same.rules)]
    related: Iterable[Related] = ()
    if not others:
        why, related = _why_needless(subject, position, test, same)
    else:
        names = named("rule", "rules", [other.id for other in others])
        why = f"where it counts, {names} {verb(others, 'recommends', 'recommend')} `{rule.recommend}` too"
    message = f"rule `{rule.id}` recommends the same without {_lost(subject, part)}: {why}"
    there = (subject.related(rule.place, f"rule `{rule.id}`"), *_others(subject, others), *related)
    return Told(test.place, message, there)


def _lost(subject: Subject, part: Without) -> str:
    """What is left out, in words: a test; or a part or a bound of one, as its author wrote it."""
    test, of_it = part.lost, f"in its test of `{part.test.subject}`"
    if isinstance(test, NumberTest) and test is not part.test:
        [bound] = test.bounds
        return f"`{bound.op}: {bound.limit}` {of_it}"
    if isinstance(test, OptionsTest) and test.part:
        return f"`{part_in_words(subject.rule_set.question[test.subject], test)}` {of_it}"
    return f"its test of `{test.subject}`"


def _why_needless(subject: Subject, position: int, test: Test, same: Same) -> tuple[str, Iterable[Related]]:
    """Why nobody is decided where a test counts: nobody is there, or earlier rules or impossible entries take them."""
    if not same.where:
        passing = subject.compiled.maker.clauses(test)
        if passing in ([], [{}]):
            return f"{'every' if passing else 'no'} answer meets it", ()
        return "the rest of the rule says as much", ()
    entries, by_rules = subject.effects.kept_away(position, same.where)
    names = [subject.rule_set.impossible[place].id for place in entries]
    related = impossible_entries(subject, entries)
    if not names:
        return "earlier rules decide everybody for whom it counts", ()
    who = f"impossible {named('entry', 'entries', names)} {verb(names, 'exclude')}"
    if by_rules:
        return f"{who} some of those for whom it counts, and earlier rules decide all others", related
    return f"{who} everybody for whom it counts", related


def _others(subject: Subject, others: Collection[Rule]) -> Iterator[Related]:
    return (subject.related(other.place, f"rule `{other.id}` recommends `{other.recommend}`") for other in others)
