"""What a rule, or a part of its condition, is good for: would any recommendation change without it?

Leaving a rule out, or a part of its condition, changes nothing but for the profiles that it then no longer
matches, or then matches too. These are a few boxes; whoever of them no earlier row takes must be
recommended the same by the rules behind it, which is a matter of some searches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from iopscreen.engine.boxes import both, disjoint, without
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.search import Box, Clauses
from iopscreen.engine.table import Clause
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import (
    EVERYONE,
    AllOf,
    AnyOf,
    Condition,
    Not,
    NumberTest,
    OptionsTest,
    RuleSet,
    Test,
    tests_of,
)

Boxes = Sequence[Clause]


class Same(NamedTuple):
    """Another condition of a rule, with which everybody is recommended the same.

    `where` the two differ, as boxes; `rules`: those that decide there, with one condition or with the other.
    """

    where: Boxes
    rules: frozenset[int]


class Effects:
    """Who would decide in the place of a rule. Everything raises OutOfTime, or TooTangled past MAX_BOXES."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.compiled = verdicts.compiled
        self.widths = self.compiled.rules.widths
        self._all = verdicts.before(NONE_MATCHES)
        self._same: dict[str, Clauses] = {}
        """By outcome, the clauses of the rules that recommend it."""
        for rule, bits in zip(self.compiled.rule_set.rules, verdicts.bits, strict=True):
            self._same[rule.recommend] = self._same.get(rule.recommend, 0) | bits
        self._alone: dict[int, Clause] = {}
        """By rule, a profile in its clauses that no other rule of its outcome matches, once one is known."""

    def without_rule(self, position: int) -> frozenset[int] | None:
        """The rules that decide in its place and recommend the same; None where something else would come."""
        return self._instead(position, self.verdicts.clauses[position])

    def with_condition(self, position: int, condition: Condition) -> Same | None:
        """The same with `condition` instead of its own, which is wider or narrower."""
        before, after = self.verdicts.clauses[position], self.compiled.maker.clauses(condition)
        budget = self.verdicts.budget
        wider = without(disjoint(after, self.widths, budget), before, self.widths, budget)
        narrower = without(disjoint(before, self.widths, budget), after, self.widths, budget)
        where = [*wider, *narrower]
        instead = self._instead(position, where)
        return None if instead is None else Same(where, instead)

    def kept_away(self, position: int, boxes: Boxes) -> tuple[tuple[int, ...], bool]:
        """Why a rule decides nobody in `boxes`: the impossible entries that are needed for it, and whether rules are.

        The entries by position; the rules are those before it.
        """
        verdicts = self.verdicts
        earlier = verdicts.before(position) & ~verdicts.excluded
        entries = verdicts.excluding(boxes, earlier)
        return entries, verdicts.possible(boxes)

    def whatever_the_settings(self, position: int, boxes: Boxes) -> bool:
        """Whether a rule makes no difference in `boxes` under every value of the settings, as far as is seen from here.

        `boxes`: where a rule that tests no setting matches with one condition, and not with another. Whatever else
        tests a setting may be met by anybody, or nobody.
        """
        verdicts, rules = self.verdicts, self.compiled.rule_set.rules
        steady, outcome = self._steady, rules[position].recommend
        if not steady[position]:
            return False
        avoid = self._steady_entries
        for earlier in range(position):
            avoid |= verdicts.bits[earlier] if steady[earlier] else 0
        for later in range(position + 1, len(rules)):
            if verdicts.box_in(boxes, avoid) is None:
                return True
            if steady[later]:
                meeting = both(boxes, verdicts.clauses[later])
                if rules[later].recommend != outcome and verdicts.box_in(meeting, avoid) is not None:
                    return False
                avoid |= verdicts.bits[later]
            elif rules[later].recommend != outcome:
                return False
        return verdicts.box_in(boxes, avoid) is None

    @cached_property
    def _steady(self) -> Sequence[bool]:
        """By rule, whether it tests no setting."""
        return [_tests_no_setting(self.compiled.rule_set, rule.condition) for rule in self.compiled.rule_set.rules]

    @cached_property
    def _steady_entries(self) -> Clauses:
        """The clauses of the impossible entries that test no setting."""
        entries = enumerate(self.compiled.rule_set.impossible)
        rule_set = self.compiled.rule_set
        return self.verdicts.together(place for place, entry in entries if _tests_no_setting(rule_set, entry.condition))

    def _instead(self, position: int, boxes: Boxes) -> frozenset[int] | None:
        """Who decides in `boxes` without the rule, and not before it; None where one recommends something else."""
        verdicts, rules = self.verdicts, self.compiled.rule_set.rules
        outcome, avoid = rules[position].recommend, verdicts.before(position)
        # Most rules are needed by somebody whom no rule of that outcome matches at all.
        others = self._same[outcome] & ~verdicts.bits[position]
        if self._left_alone(position, boxes, avoid | others):
            return None
        found = set()
        behind = self._all & ~avoid & ~verdicts.bits[position]
        for later in verdicts.rules_meeting(boxes, behind):
            meeting = both(boxes, verdicts.clauses[later])
            if any(verdicts.search.find(clause, avoid) is not None for clause in meeting):
                if rules[later].recommend != outcome:
                    return None
                found.add(later)
            avoid |= verdicts.bits[later]
        return frozenset(found)  # by the first search, nobody is left whom no rule matches

    def _left_alone(self, position: int, boxes: Boxes, avoid: Clauses) -> bool:
        """Whether somebody in `boxes` meets none of `avoid`.

        Tried first is what was found before for this rule, moved into each box: it saves most of the searches.
        """
        search, near = self.verdicts.search, self._near(position)
        if near and not all(search.meeting({**near, **_moved(near, box)}, avoid) for box in boxes):
            return True
        for box in boxes:
            found = search.find(box, avoid)
            if found is not None:
                self._alone[position] = _one_of(found)
                return True
        return False

    def _near(self, position: int) -> Clause | None:
        """A profile that the rule decides, if possible one that no other rule of its outcome matches."""
        if position not in self._alone:
            box = self.verdicts.deciding_box(position)
            return None if box is None else _one_of(box)
        return self._alone[position]


def _tests_no_setting(rule_set: RuleSet, condition: Condition) -> bool:
    """Whether a condition tests no setting, and holds no number against one."""
    return not any(
        test.subject in rule_set.readings
        or (isinstance(test, NumberTest) and any(isinstance(bound.limit, str) for bound in test.bounds))
        for test in tests_of(condition)
    )


def _one_of(box: Box) -> Clause:
    return {level: blocks & -blocks for level, blocks in enumerate(box)}


def _moved(near: Clause, box: Clause) -> Clause:
    """One block for each level of `box`: that of `near` where it may stay, else the first."""
    return {level: near[level] & passing or passing & -passing for level, passing in box.items()}


# --- what can be left out of a condition ----------------------------------------------------


class Without(NamedTuple):
    """A condition that has lost a part: a test, one bound of it (`lost`: that bound alone), or several tests at once.

    `rest`: what is left. `alternative`: whether the part is one of several in an `any_of`.
    """

    part: Condition
    lost: Condition
    rest: Condition
    alternative: bool


def without_one_part(condition: Condition) -> Iterator[Without]:
    """The condition without each of its parts in turn: the whole before the tests in it, a test before its bounds.

    Parts are tests, and each `any_of`, "not", and alternative of several tests. What "all of" holds inside of "all
    of" is none: without all of it at once nothing is the same that would not be without each.
    """
    for part, lost, rest, alternative in _without_one(condition, not isinstance(condition, AllOf), False):
        yield Without(part, lost, EVERYONE if rest is None else rest, alternative)


_Left = tuple[Condition, Condition, Condition | None, bool]
"""The part, what of it is left out, the rest (None where there is none), and whether it is an alternative."""


def _without_one(condition: Condition, whole: bool, alternative: bool) -> Iterator[_Left]:
    """`whole`: whether all of it is a part, too."""
    if whole and _is_of_several(condition):
        yield condition, condition, None, alternative
    match condition:
        case AllOf(parts) | AnyOf(parts):
            kind = type(condition)
            for place, part in enumerate(parts):
                own = not (kind is AllOf and isinstance(part, AllOf))
                for found, lost, rest, inside in _without_one(part, own, kind is AnyOf):
                    kept = (*parts[:place], *(() if rest is None else (rest,)), *parts[place + 1 :])
                    yield found, lost, kind(kept) if kept else None, inside
        case Not(part):
            for found, lost, rest, inside in _without_one(part, False, alternative):
                yield found, lost, None if rest is None else Not(rest), inside
        case _:
            yield from _without_test(condition, alternative)


def _is_of_several(condition: Condition) -> bool:
    """Whether a condition is of several tests, other than the parts of one test of options."""
    if not isinstance(condition, AllOf | AnyOf | Not):
        return False
    tests = list(tests_of(condition))
    parts_of_one = all(
        isinstance(test, OptionsTest) and test.part and test.subject == tests[0].subject for test in tests
    )
    return len(tests) > 1 and not parts_of_one


def _without_test(test: Test, alternative: bool) -> Iterator[_Left]:
    """Without a test, and without each of its bounds."""
    yield test, test, None, alternative
    if not isinstance(test, NumberTest):
        return
    subject, bounds, place = test
    for bound in bounds:
        others = tuple(other for other in bounds if other is not bound)
        if others and not any(_SIDE[other.op] & _SIDE[bound.op] for other in others):
            lost = NumberTest(subject, (bound,), bound.place)
            yield test, lost, NumberTest(subject, others, place), alternative


_SIDE = {"at_least": 1, "above": 1, "at_most": 2, "below": 2, "is": 3}
"""Whether a bound keeps numbers from below (1), from above (2), or both.

A bound is left out only where it is the only one on its side: where another one would take its
place, the blocks may not be cut.
"""
