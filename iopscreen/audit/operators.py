"""Every small change to the rules of a rule set that an author might have made by mistake, in words.

The operators: a rule is left out; it changes places with the next one; it recommends another
outcome; one test of its `when` or `unless` is dropped, negated, wider or narrower by one option,
or its number is one higher or lower or points the other way. Each gives a rule file that could be
read. (`above: 17` for `at_least: 18` is no operator of its own: moving numbers by one covers it.)

Settings and impossible entries are not changed: the cases are asked what they notice of the rules. What
hangs on a setting is told by `reading-decides`, with a caller each, and an impossible entry says who
cannot be, so that no case of a caller could tell a narrower one from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from iopscreen.audit.words import part_in_words
from iopscreen.engine.mutate import NOBODY, Edit
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import (
    EVERYONE,
    NO,
    YES,
    AllOf,
    AnyOf,
    Bound,
    Condition,
    Kind,
    Not,
    NumberTest,
    OptionsTest,
    Question,
    Rule,
    RuleSet,
    Setting,
    Test,
    ValueTest,
    both,
    tests_of,
)

TURNED = {
    "at_least": ("at_most",),
    "above": ("below",),
    "at_most": ("at_least",),
    "below": ("above",),
    "is": ("at_least", "at_most"),
}
"""The bounds that a mistaken one might have been, beside those that are a number one higher or lower."""


class Change(NamedTuple):
    """A change to the rules: as an edit, in words (what the mutant does), and where it is made."""

    edit: Edit
    words: str
    place: Place


class _Edited(NamedTuple):
    """A condition after a change to one of its tests (None: nothing is left of it)."""

    condition: Condition | None
    words: str
    place: Place
    test: Test | None = None


def changes_to(rule_set: RuleSet) -> Iterator[Change]:
    """Every change, rule by rule in file order."""
    for position, rule in enumerate(rule_set.rules):
        yield Change(Edit(position, condition=NOBODY), f"rule `{rule.id}` is left out", rule.place)
        if position + 1 < len(rule_set.rules):
            words = f"rules `{rule.id}` and `{rule_set.rules[position + 1].id}` change places"
            yield Change(Edit(position, after_next=True), words, rule.place)
        for outcome in rule_set.outcome:
            if outcome != rule.recommend:
                words = f"rule `{rule.id}` recommends `{outcome}` instead of `{rule.recommend}`"
                yield Change(Edit(position, recommend=outcome), words, rule.place)
        yield from _other_conditions(rule_set, position, rule)


def _other_conditions(rule_set: RuleSet, position: int, rule: Rule) -> Iterator[Change]:
    for edited in _edits(rule_set, rule.when):
        condition = both(EVERYONE if edited.condition is None else edited.condition, rule.unless)
        words = f"rule `{rule.id}` {edited.words}"
        yield Change(Edit(position, condition=condition, test=edited.test), words, edited.place)
    if rule.unless is None:
        return
    for edited in _edits(rule_set, rule.unless):
        condition = both(rule.when, edited.condition)
        words = f"`unless` of rule `{rule.id}` {edited.words}"
        yield Change(Edit(position, condition=condition, test=edited.test), words, edited.place)


# --- conditions -----------------------------------------------------------------------------


def _edits(rule_set: RuleSet, condition: Condition) -> Iterator[_Edited]:
    """Every change to one test or part of a condition, in the order written."""
    match condition:
        case AllOf(parts):
            for edited, rest in _edits_of_parts(rule_set, parts):
                yield edited._replace(condition=AllOf(rest) if rest else None)
        case AnyOf(parts):
            for edited, rest in _edits_of_parts(rule_set, parts):
                yield edited._replace(condition=AnyOf(rest) if rest else None)
        case Not(part):
            for edited in _edits(rule_set, part):
                yield edited._replace(condition=None if edited.condition is None else Not(edited.condition))
        case _:
            yield from _edits_of_test(rule_set, condition)


def _edits_of_parts(rule_set: RuleSet, parts: Sequence[Condition]) -> Iterator[tuple[_Edited, tuple[Condition, ...]]]:
    """A change to one of `parts`, and all of them after it. What nothing is left of is left out."""
    for place, part in enumerate(parts):
        before, after = tuple(parts[:place]), tuple(parts[place + 1 :])
        tests = list(tests_of(part))
        if len(tests) > 1:
            yield _Edited(None, f"leaves out what tests {_and(tests)}", tests[0].place), (*before, *after)
        for edited in _edits(rule_set, part):
            kept = () if edited.condition is None else (edited.condition,)
            yield edited, (*before, *kept, *after)


def _edits_of_test(rule_set: RuleSet, test: Test) -> Iterator[_Edited]:
    if not (isinstance(test, NumberTest) and len(test.bounds) > 1):
        yield _Edited(None, f"no longer tests `{test.subject}`{_part(rule_set, test)}", test.place)
    match test:
        case ValueTest() if _subject(rule_set, test).kind is Kind.YES_NO:
            yield from _negated(test)
        case ValueTest():
            yield from _other_values(rule_set, test)
        case OptionsTest():
            yield from _other_options(rule_set, test)
        case NumberTest():
            yield from _other_bounds(rule_set, test)


def _subject(rule_set: RuleSet, test: Test) -> Question | Setting:
    named: list[Question | Setting] = [*rule_set.questions, *rule_set.settings]
    return next(subject for subject in named if subject.id == test.subject)


def _negated(test: ValueTest) -> Iterator[_Edited]:
    [value] = test.values
    other = NO if value == YES else YES
    negated = test._replace(values=frozenset([other]))
    yield _Edited(negated, f"tests `{test.subject}` for `{other}` instead of `{value}`", test.place, negated)


def _other_values(rule_set: RuleSet, test: ValueTest) -> Iterator[_Edited]:
    """One option more, or one less; a test that no answer passes cannot be written."""
    for option in (option.id for option in _subject(rule_set, test).options):
        values = test.values ^ {option}
        if values:
            words = "no longer lets `{}` pass as `{}`" if option in test.values else "lets `{}` pass as `{}`, too"
            other = test._replace(values=values)
            yield _Edited(other, words.format(option, test.subject), test.place, other)


def _other_options(rule_set: RuleSet, test: OptionsTest) -> Iterator[_Edited]:
    for option in (option.id for option in _subject(rule_set, test).options):
        options = test.options ^ {option}
        if options:
            known = "no longer names `{}` in its test of `{}`", "names `{}` in its test of `{}`, too"
            other = test._replace(options=options)
            words = known[option not in test.options].format(option, test.subject)
            yield _Edited(other, words, test.place, other)


def _other_bounds(rule_set: RuleSet, test: NumberTest) -> Iterator[_Edited]:
    for place, bound in enumerate(test.bounds):
        before, after = test.bounds[:place], test.bounds[place + 1 :]
        if before or after:
            rest = test._replace(bounds=(*before, *after))
            words = f"no longer tests `{test.subject}` for {_bound(rule_set, bound)}"
            yield _Edited(rest, words, bound.place, rest)
        for other in _bounds_beside(rule_set, test, bound):
            moved = test._replace(bounds=(*before, other, *after))
            words = f"tests `{test.subject}` for {_bound(rule_set, other)} instead of {_bound(rule_set, bound)}"
            yield _Edited(moved, words, bound.place, moved)


def _bounds_beside(rule_set: RuleSet, test: NumberTest, bound: Bound) -> Iterator[Bound]:
    """One lower, one higher (within the range of a question), and the other way round."""
    subject, limit = _subject(rule_set, test), _number(rule_set, bound)
    for number in (limit - 1, limit + 1):
        if isinstance(subject, Setting) or subject.low <= number <= subject.high:
            yield bound._replace(limit=number)
    for op in TURNED[bound.op]:
        yield bound._replace(op=op)


def _number(rule_set: RuleSet, bound: Bound) -> int:
    number = rule_set.readings[bound.limit] if isinstance(bound.limit, str) else bound.limit
    assert isinstance(number, int)  # the reader has seen to it
    return number


# --- words ----------------------------------------------------------------------------------


def _bound(rule_set: RuleSet, bound: Bound) -> str:
    value = f" ({_number(rule_set, bound)})" if isinstance(bound.limit, str) else ""
    return f"`{bound.op}: {bound.limit}`{value}"


def _part(rule_set: RuleSet, test: Test) -> str:
    """For what a test tests its subject, where the author wrote it as a part of one."""
    if not (isinstance(test, OptionsTest) and test.part):
        return ""
    return f" for `{part_in_words(rule_set.question[test.subject], test)}`"


def _and(tests: Sequence[Test]) -> str:
    names = [f"`{name}`" for name in dict.fromkeys(test.subject for test in tests)]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
