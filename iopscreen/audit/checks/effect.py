"""Effect: would any recommendation change without a rule, or without a part of its condition?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from iopscreen.audit.judged import TOO_TANGLED, Reach, attempted
from iopscreen.audit.readings import Change, Reading, mattering_under
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.audit.telling import impossible_entries, listed, named, verb
from iopscreen.audit.words import part_in_words
from iopscreen.engine.effect import Boxes, Same, Without, without_one_part
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import AllOf, AnyOf, Condition, Not, NumberTest, OptionsTest, Policy, Rule, tests_of


def no_effect_rule(subject: Subject) -> Iterator[Told | Undecided]:
    """A rule decides some callers, and without it every one of them would be recommended the same.

    Example: `{when: {age: {below: 18}}, recommend: referral}`, followed by a rule for everybody else
    that recommends `referral` too.

    What to do: delete the rule; or, where it is there for its reason or its citation, accept the
    finding on the rule and say so. Where a rule that would do its work has a finding of its own, for it
    never decides or has no effect either, delete one of them, and audit again before you delete the other.
    Where another value of a setting would give it an effect, that is said: then it stands ready for that
    value, and deleting it would disarm the setting.
    """
    if subject.nobody_possible:
        return
    for position, found in subject.worth.in_vain.items():
        if found is None:
            rule = subject.rule_set.rules[position]
            yield Undecided(f"whether rule `{rule.id}` has an effect", ("no-effect-rule",), rule.place)
    changes = {Change(position, None): instead for position, instead in subject.in_vain.items()}
    open_ones = [one for one in changes if not _steady(subject, one.position, subject.verdicts.clauses[one.position])]
    needed = mattering_under(subject.compiled, open_ones, subject.budget_for_hints)
    for change, instead in changes.items():
        rule = subject.rule_set.rules[change.position]
        others = [subject.rule_set.rules[place] for place in sorted(instead)]
        names = named("rule", "rules", [other.id for other in others])
        under = {} if change in needed.left_open else needed.under.get(change)
        message = (
            f"rule `{rule.id}` has no effect{_as_they_are(subject, under)}: every caller it decides would be "
            f"recommended `{rule.recommend}` without it, by {names}{_while_they_stay(subject, instead)}"
        )
        yield Told(rule.place, message, (*_others(subject, others), *_under(subject, rule, under)))


def _while_they_stay(subject: Subject, instead: Collection[int]) -> str:
    """That a rule is not to be deleted together with one that would do its work, and has a finding of its own."""
    rules = subject.rule_set.rules
    found = [rules[at].id for at in sorted(instead) if rules[at].id in subject.silent or at in subject.in_vain]
    if not found:
        return ""
    too = verb(found, "has a finding of its own: do not delete both", "have findings of their own: do not delete all")
    return f"; that holds only while {listed(found)} {verb(found, 'stay')}, which {too}"


def _steady(subject: Subject, position: int, where: Boxes) -> bool:
    """Whether it is seen at once that what makes no difference now makes none under any value of the settings."""
    if not subject.rule_set.settings:
        return True
    return bool(attempted(lambda: subject.effects.whatever_the_settings(position, where)))


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
    """A part of a rule's condition can be left out, and nobody would be recommended anything else.

    It is a test, or a part of one; or several tests at once, as an alternative of an `any_of`, a whole `any_of`
    or an exception (`unless`, `not`). Of these the largest is told, and none of the tests in it.

    That is so under every value of the settings: a part that another value may need is not told, nor a test
    of a setting; nor, where there are too many values to look at, what may hang on them.

    Example: rule 1 takes everybody with `detox_need: yes`, and rule 2 tests `detox_need: no`, which by
    then is certain.

    What to do: nothing, where it makes the rule easier to read on its own. Else leave it out;
    one at a time, for two such parts may each be needed once the other is gone. Nothing is told under
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
    open_ones = [change for change, _, same in found if not _steady(subject, change.position, same.where)]
    needed = mattering_under(subject.compiled, open_ones, subject.budget_for_hints)
    left_open |= {change.position for change in needed.left_open}
    for position in sorted(left_open):
        words = f"whether rule `{subject.rule_set.rules[position].id}` needs each part of its condition"
        yield Undecided(words, ("over-specified",))
    told: set[Condition] = set()  # tests, and bounds of some: those of a part that is told whole are not told again
    for change, part, instead in found:
        decided = change not in needed.left_open
        if decided and change not in needed.under and told.isdisjoint(tests_of(part.part)):
            told.update(tests_of(part.lost))
            yield _needless(subject, change.position, part, instead)


_LeftOut = tuple[Change, Without, Same]


def _left_out(subject: Subject, position: int) -> Iterator[_LeftOut]:
    """The parts of its condition without which a rule would recommend the same with the settings as they are."""
    for part in without_one_part(subject.rule_set.rules[position].condition):
        if any(test.subject in subject.rule_set.question for test in tests_of(part.part)):
            instead = subject.effects.with_condition(position, part.rest)
            if instead is not None:
                yield Change(position, part.rest), part, instead


def _needless(subject: Subject, position: int, part: Without, same: Same) -> Told:
    rule = subject.rule_set.rules[position]
    others = [subject.rule_set.rules[place] for place in sorted(same.rules)]
    related: Iterable[Related] = ()
    if not others:
        why, related = _why_needless(subject, position, part.lost, same)
    else:
        names = named("rule", "rules", [other.id for other in others])
        why = f"where it counts, {names} {verb(others, 'recommends', 'recommend')} `{rule.recommend}` too"
    message = f"rule `{rule.id}` recommends the same without {_lost(subject, part)}: {why}"
    there = (subject.related(rule.place, f"rule `{rule.id}`"), *_others(subject, others), *related)
    return Told(next(tests_of(part.lost)).place, message, there)


def _lost(subject: Subject, part: Without) -> str:
    """What is left out, in words: several tests; or one; or a part or a bound of one, as its author wrote it."""
    match part.lost:
        case AllOf() | AnyOf() | Not():
            return _several(part)
        case NumberTest(subject_id, [bound], _) if part.lost is not part.part:
            return f"`{bound.op}: {bound.limit}` in its test of `{subject_id}`"
        case OptionsTest() as test if test.part:
            words = part_in_words(subject.rule_set.question[test.subject], test)
            return f"`{words}` in its test of `{test.subject}`"
        case test:
            return f"its test of `{test.subject}`"


def _several(part: Without) -> str:
    """Several tests that are left out together: as an alternative, as an `any_of`, or as what is excepted."""
    what = (
        "the alternative" if part.alternative else "its `any_of`" if isinstance(part.lost, AnyOf) else "the exception"
    )
    return f"{what} that tests {listed(list(dict.fromkeys(test.subject for test in tests_of(part.lost))))}"


def _why_needless(subject: Subject, position: int, part: Condition, same: Same) -> tuple[str, Iterable[Related]]:
    """Why nobody is decided where a part counts: nobody is there, or earlier rules or impossible entries take them."""
    if not same.where:
        passing = subject.compiled.maker.clauses(part)
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
