"""What a rule, or one test of it, is good for: every verdict against every caller of small random rule sets."""

from __future__ import annotations

from functools import cache
from math import prod

import pytest
from oracle import Oracle, holds
from random_rule_sets import made

from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.effect import Effects, without_one_test
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import EVERYONE, AllOf, AnyOf, Not
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.written import condition_data

SEEDS = range(45)


class Brute:
    """A rule set, what is said of its rules, and the same by looking at every caller."""

    def __init__(self, seed):
        text = made(f"effect {seed}").text
        self.rule_set = understand(text.encode(), "test.yaml").rule_set
        self.oracle = Oracle(self.rule_set)
        self.compiled = compile_rule_set(self.rule_set)
        self.effects = Effects(Verdicts(self.compiled, UNLIMITED))
        few = prod(map(len, self.oracle.domains.values())) <= 150
        self.callers = [self._caller(profile) for profile in self.oracle.completions({})] if few else []

    def _caller(self, profile):
        """By caller: the impossible entries and the rules that match, by position."""
        facts = {**self.rule_set.readings, **profile}
        entries = [at for at, entry in enumerate(self.rule_set.impossible) if holds(entry.condition, facts)]
        matching = [at for at, rule in enumerate(self.rule_set.rules) if holds(rule.condition, facts)]
        return profile, entries, matching

    def instead(self, position, wanted):
        """Who decides without the rule for those `wanted` whom no earlier one decides; None where it says another."""
        found = set()
        for profile, entries, matching in self.callers:
            if entries or not wanted(profile) or any(at < position for at in matching):
                continue
            later = [at for at in matching if at > position]
            if not later or self.recommend(later[0]) != self.recommend(position):
                return None
            found.add(later[0])
        return found

    def recommend(self, position):
        return self.rule_set.rules[position].recommend

    def matches(self, condition, profile):
        return holds(condition, {**self.rule_set.readings, **profile})

    def boxed(self, boxes, profile):
        """In how many of the boxes a caller is."""
        known = self.compiled.known(profile)
        return sum(all(blocks >> known[level] & 1 for level, blocks in box.items()) for box in boxes)


brute = cache(Brute)


def rules_of(seeds):
    for seed in seeds:
        if brute(seed).callers:
            yield from ((brute(seed), at, rule) for at, rule in enumerate(brute(seed).rule_set.rules))


def test_without_a_rule_everybody_is_recommended_the_same_or_somebody_is_not():
    verdicts = {None: 0, "nobody": 0, "others": 0}
    for one, position, rule in rules_of(SEEDS):
        found = one.effects.without_rule(position)
        expected = one.instead(position, lambda caller, one=one, rule=rule: one.matches(rule.condition, caller))
        assert found == expected
        verdicts[None if found is None else "others" if found else "nobody"] += 1
    assert all(number > 3 for number in verdicts.values()), verdicts


def test_without_a_test_everybody_is_recommended_the_same_or_somebody_is_not():
    kept = lost = 0
    for one, position, rule in rules_of(SEEDS):
        for part in without_one_test(rule.condition):
            same = one.effects.with_condition(position, part.rest)

            def differs(caller, one=one, rule=rule, part=part):
                return one.matches(rule.condition, caller) != one.matches(part.rest, caller)

            assert (same and same.rules) == one.instead(position, differs)
            for caller, _, _ in one.callers if same else ():
                assert one.boxed(same.where, caller) == differs(caller)  # and in one box each
            kept, lost = kept + (same is not None), lost + (same is None)
    assert min(kept, lost) > 50


def test_why_a_rule_decides_nobody_somewhere():
    seen = set()
    for one, position, rule in rules_of(SEEDS):
        for part in without_one_test(rule.condition):
            same = one.effects.with_condition(position, part.rest)
            if same and not same.rules:
                entries, by_rules = one.effects.kept_away(position, same.where)
                there = [caller for caller in one.callers if one.boxed(same.where, caller[0])]
                assert by_rules == any(not excluded for _, excluded, _ in there)
                check_entries(entries, position, there)
                seen.add((len(entries) > 0, by_rules))
    assert seen == {(False, False), (False, True), (True, False), (True, True)}


def check_entries(entries, position, there):
    """The entries leave nobody to the rule with the rules before it, and would without none of themselves."""
    left = [set(excluded) for _, excluded, matching in there if not any(at < position for at in matching)]
    assert all(excluded & set(entries) for excluded in left)
    for entry in entries:
        assert any(excluded & set(entries) == {entry} for excluded in left)


def test_out_of_time_is_no_verdict():
    late = Effects(Verdicts(brute(0).compiled, Budget(0)))
    with pytest.raises(OutOfTime):
        late.without_rule(0)
    with pytest.raises(OutOfTime):
        late.with_condition(0, EVERYONE)


# --- what can be left out of a condition ----------------------------------------------------

HEAD = """\
format: 1
id: small
version: "1.0.0"
title: Small
policy: first
outcomes: {low: {label: Low}}
questions:
  a: {ask: A, type: yes_no}
  b: {ask: B, type: yes_no}
  age: {ask: How old, type: whole_number, range: [0, 99]}
  which: {ask: Which, type: many, options: {x: {label: X}, y: {label: Y}}}
rules:
"""

YES_A, YES_B, X = {"a": "yes"}, {"b": "yes"}, {"which": {"any": ["x"]}}

LEFT = [
    ("{}", []),
    ("{a: yes}", [{}]),
    ("{a: yes, b: yes}", [YES_B, YES_A]),
    ("{not: {a: yes}}", [{}]),
    ("{not: {a: yes, b: yes}}", [{"not": YES_B}, {"not": YES_A}]),
    ("{a: yes, not: {b: yes}}", [{"not": YES_B}, YES_A]),
    ("{any_of: [{a: yes}, {b: yes}]}", [YES_B, YES_A]),
    ("{any_of: [{a: yes}]}", [{}]),
    ("{b: yes, any_of: [{a: yes}, {which: x}]}", [{"any_of": [YES_A, X]}, YES_B | X, YES_B | YES_A]),
    ("{all_of: [{a: yes}, {any_of: [{b: yes}]}]}", [YES_B, YES_A]),
    ("{which: {any: x, all: [x, y]}}", [{"which": {"all": ["x", "y"]}}, X]),
    ("{age: {at_least: 18}}", [{}]),
    ("{age: {is: 18}}", [{}]),
    ("{age: {at_least: 18, below: 65}}", [{}, {"age": {"below": 65}}, {"age": {"at_least": 18}}]),
    ("{age: {above: 17, at_most: 64}}", [{}, {"age": {"at_most": 64}}, {"age": {"above": 17}}]),
    ("{age: {at_least: 18, above: 20}}", [{}]),  # the one would take the other's place
    ("{age: {at_least: 18, above: 20, below: 65}}", [{}, {"age": {"at_least": 18, "above": 20}}]),
    ("{age: {is: 18, below: 65}}", [{}]),
    ("{a: yes, age: {at_least: 18, below: 65}}", [
        {"age": {"at_least": 18, "below": 65}}, YES_A,
        YES_A | {"age": {"below": 65}}, YES_A | {"age": {"at_least": 18}},
    ]),
]  # fmt: skip


def unwrapped(condition):
    """A condition without what one part alone needs no word around it."""
    match condition:
        case AllOf((part,)) | AnyOf((part,)):
            return unwrapped(part)
        case AllOf(parts) | AnyOf(parts):
            return type(condition)(tuple(map(unwrapped, parts)))
        case Not(part):
            return Not(unwrapped(part))
    return condition


@pytest.mark.parametrize(("when", "left"), LEFT, ids=[when for when, _ in LEFT])
def test_each_test_and_each_bound_is_left_out_in_turn(when, left):
    rule = f"  - {{id: r, when: {when}, recommend: low, because: of a reason, basis: site}}\n"
    rule_set = understand((HEAD + rule).encode(), "test.yaml").rule_set
    parts = list(without_one_test(rule_set.rules[0].condition))
    found = [condition_data(rule_set, unwrapped(part.rest)) for part in parts]
    assert [{} if data == {"all_of": []} else data for data in found] == left


def test_a_bound_that_is_left_out_is_named_beside_its_test():
    rule = "  - {id: r, when: {age: {at_least: 18, below: 65}}, recommend: low, because: b, basis: site}\n"
    rule_set = understand((HEAD + rule).encode(), "test.yaml").rule_set
    whole, low, high = without_one_test(rule_set.rules[0].condition)
    assert whole.lost == whole.test == low.test == high.test
    assert [[bound.op for bound in part.lost.bounds] for part in (whole, low, high)] == [
        ["at_least", "below"],
        ["at_least"],
        ["below"],
    ]
    assert [part.lost.place for part in (low, high)] == [bound.place for bound in whole.test.bounds]
