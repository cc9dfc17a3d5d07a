"""What a rule, or one test of it, is good for, against every profile of small rule sets."""

from __future__ import annotations

from collections import Counter
from itertools import chain, count, islice, product

import pytest
from oracle import holds
from random_rule_sets import made
from test_audit import left_out, parts_of
from test_verdicts import CROWDED, SEEDS, One, crowded, everybody_out, one

from iopscreen.engine import budget
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime
from iopscreen.engine.compiled import NONE_MATCHES, compile_rule_set
from iopscreen.engine.effect import Effects, without_one_part
from iopscreen.engine.readings import joint_readings
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset import model
from iopscreen.ruleset.model import EVERYONE, NO_RULE, AllOf, AnyOf, Not
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.written import condition_data


def outcome(mine, position):
    return NO_RULE if position == NONE_MATCHES else mine.rule_set.rules[position].recommend


def instead(mine, position, points):
    """Who decides for some possible `points` in the place of a rule; None where one recommends something else."""
    found = set()
    for point in points:
        if not point.entries and not [at for at in point.matching if at < position]:
            found.add(next((at for at in point.matching if at > position), NONE_MATCHES))
    same = {outcome(mine, at) for at in found} <= {outcome(mine, position)}
    return frozenset(found) if same else None


def test_who_decides_in_the_place_of_a_rule():
    seen = Counter()
    for mine in map(crowded, range(24)):
        effects = Effects(mine.verdicts)
        for position in mine.rules():
            own = [point for point in mine.points if position in point.matching]
            expected = instead(mine, position, own)
            assert effects.without_rule(position) == expected
            seen[expected if expected is None else bool(expected)] += 1
    assert min(seen[None], seen[True], seen[False]) > 5


def test_with_another_condition_the_same_is_recommended_just_where_it_is():
    seen = Counter()
    for mine in map(crowded, range(24)):
        effects = Effects(mine.verdicts)
        for position, rule in enumerate(mine.rule_set.rules):
            for part in without_one_part(rule.condition):
                apart = [
                    point for point in mine.points if holds(part.rest, point.facts) != (position in point.matching)
                ]
                found, expected = effects.with_condition(position, part.rest), instead(mine, position, apart)
                assert (found and found.rules) == expected
                if found:
                    inside = [id(point) for box in found.where for point in mine.points if point.passes(box)]
                    assert sorted(inside) == sorted(map(id, apart))
                seen[expected if expected is None else bool(expected)] += 1
    assert min(seen[None], seen[True], seen[False]) > 5


def test_what_is_needless_whatever_the_settings_is_so_under_every_reading():
    seen = Counter()
    for seed in range(120):
        rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
        compiled = compile_rule_set(rule_set)
        effects = Effects(Verdicts(compiled, UNLIMITED))
        others = [compile_rule_set(rule_set, reading) for reading in islice(joint_readings(compiled), 12)]
        for position, condition in of_every_rule(rule_set):
            found = effects.with_condition(position, condition)
            if found is None:
                continue
            proved = not names_a_setting(condition) and effects.whatever_the_settings(position, found.where)
            if proved:
                for other in others:
                    assert Effects(Verdicts(other, UNLIMITED)).with_condition(position, condition) is not None
            seen[proved, bool(others)] += 1
    assert min(seen[True, True], seen[True, False], seen[False, True]) > 5, seen
    assert not seen[False, False]  # without other readings there is nothing that could be needed


def test_whatever_the_settings_is_told_just_where_no_rule_that_tests_one_could_make_a_difference():
    """Profile by profile: rules and entries that test a setting may match anybody, or nobody."""
    seen = Counter()
    for seed in range(300, 340):
        mine = one(seed) if seed in SEEDS else One(seed)
        effects = Effects(mine.verdicts)
        for position, boxes in product(mine.rules(), mine.some_clauses()):
            points = [point for point in mine.points if point.meets(boxes)]
            expected = the_same_whatever_matches(mine.rule_set, position, points)
            assert effects.whatever_the_settings(position, boxes) == expected
            seen[expected, bool(mine.rule_set.settings)] += bool(points)
    assert min(seen.values()) > 100, seen


def the_same_whatever_matches(rule_set, position, points):
    rules = rule_set.rules
    steady = [not names_a_setting(rule.condition) for rule in rules]
    steady_entries = {at for at, entry in enumerate(rule_set.impossible) if not names_a_setting(entry.condition)}
    if not steady[position]:
        return False
    for point in points:
        taken = {at for at in point.matching if steady[at]}
        if point.entries & steady_entries or min(taken, default=position) < position:
            continue
        behind = range(position + 1, len(rules))
        last = next((at for at in behind if at in taken), None)
        deciding = [at for at in behind if at == last or (not steady[at] and (last is None or at < last))]
        if last is None or any(rules[at].recommend != rules[position].recommend for at in deciding):
            return False
    return True


@pytest.mark.parametrize(
    ("bounds", "steady"),
    [("at_least: 1, below: 3", True), ("below: limit", False), ("at_least: 1, below: limit", False)],
)
def test_a_rule_that_holds_a_number_against_a_setting_tests_one(bounds, steady):
    settings = "settings: {limit: {means: Limit, type: whole_number, value: 3}}\n"
    rule = "  - {id: r%d, when: {%s}, recommend: low, because: x, basis: site}\n"
    rules = "rules:\n" + rule % (0, f"a: {{{bounds}}}") + rule % (1, "")
    effects = Effects(One("limit", CROWDED + settings + rules).verdicts)
    assert effects.whatever_the_settings(0, [{}]) == steady


def names_a_setting(condition):
    """Random settings are called `s0` and so on."""
    return any(
        test.subject.startswith("s") or any(isinstance(bound.limit, str) for bound in getattr(test, "bounds", ()))
        for test in model.tests_of(condition)
    )


def of_every_rule(rule_set):
    """The parts that each rule may do without, and other conditions of one that the others have."""
    for position, rule in enumerate(rule_set.rules):
        yield from ((position, part.rest) for part in without_one_part(rule.condition))
        yield from ((position, other.condition) for other in rule_set.rules if other is not rule)


def test_why_a_rule_decides_nobody():
    seen = Counter()
    for mine in chain(map(crowded, range(8)), map(one, SEEDS)):
        effects = Effects(mine.verdicts)
        for position, clauses in product(mine.rules(), mine.some_clauses()):
            earlier = range(position)
            if not clauses or not everybody_out(mine, clauses, range(len(mine.rule_set.impossible)), earlier):
                continue
            entries, by_rules = effects.kept_away(position, clauses)
            assert everybody_out(mine, clauses, entries, earlier)
            for needless in entries:
                assert not everybody_out(mine, clauses, set(entries) - {needless}, earlier)
            assert by_rules == any(point.meets(clauses) for point in mine.possible)
            seen[bool(entries)] += 1
    assert min(seen[True], seen[False]) > 2


def test_every_step_of_a_comparison_is_of_the_budget(monkeypatch):
    """Making two clauses disjoint is one step, and taking two clauses away two: each is done for both sides."""
    either = "{any_of: [{a: {is: %d}}, {b: {is: %d}}]}"
    rules = "rules:\n" + "".join(
        f"  - {{id: r{at}, when: {either % (at, at)}, recommend: low, because: x, basis: site}}\n" for at in range(2)
    )
    mine, looks = One("steps", CROWDED + rules), count()
    monkeypatch.setattr(budget, "ROUNDS_A_LOOK", 1)
    effects = Effects(mine.verdicts.within(Budget(100, looks.__next__)))
    monkeypatch.setattr(effects, "_instead", lambda *_: None)
    before = next(looks)
    effects.with_condition(0, mine.rule_set.rules[1].condition)
    assert next(looks) - before - 1 == 2 * (1 + 2)


def test_out_of_time_is_no_verdict():
    late = Effects(crowded(0).verdicts.within(Budget(0)))
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
    several = AllOf, AnyOf, Not
    parts = [part for part in without_one_part(rule_set.rules[0].condition) if not isinstance(part.part, several)]
    found = [condition_data(rule_set, unwrapped(part.rest)) for part in parts]
    assert [{} if data == {"all_of": []} else data for data in found] == left


SEVERAL = [
    ("{a: yes, b: yes}", []),
    ("{all_of: [{a: yes}, {all_of: [{b: yes}, {age: {is: 1}}]}]}", []),
    ("{any_of: [{a: yes}, {b: yes}]}", [("any_of", {})]),
    ("{any_of: [{a: yes}, {a: no, b: yes}]}", [("any_of", {}), ("alternative", {"a": "yes"})]),
    ("{a: yes, not: {a: no, b: yes}}", [("not", {"a": "yes"})]),
    ("{a: yes, not: {any_of: [{a: no}, {b: yes}]}}", [("not", {"a": "yes"})]),
    ("{any_of: [{a: yes}, {not: {a: yes, b: no}}]}", [("any_of", {}), ("alternative", {"a": "yes"})]),
]


@pytest.mark.parametrize(("when", "left"), SEVERAL, ids=[when for when, _ in SEVERAL])
def test_several_tests_are_left_out_at_once_where_that_is_more_than_each_of_them(when, left):
    rule = f"  - {{id: r, when: {when}, recommend: low, because: of a reason, basis: site}}\n"
    rule_set = understand((HEAD + rule).encode(), "test.yaml").rule_set
    kinds = {AnyOf: "any_of", Not: "not"}
    found = [
        (
            "alternative" if part.alternative else kinds[type(part.part)],
            condition_data(rule_set, unwrapped(part.rest)),
        )
        for part in without_one_part(rule_set.rules[0].condition)
        if isinstance(part.part, AllOf | AnyOf | Not)
    ]
    assert [(kind, {} if data == {"all_of": []} else data) for kind, data in found] == left


def test_a_bound_that_is_left_out_is_named_beside_its_test():
    rule = "  - {id: r, when: {age: {at_least: 18, below: 65}}, recommend: low, because: b, basis: site}\n"
    rule_set = understand((HEAD + rule).encode(), "test.yaml").rule_set
    whole, low, high = without_one_part(rule_set.rules[0].condition)
    assert whole.lost == whole.part == low.part == high.part
    assert [[bound.op for bound in part.lost.bounds] for part in (whole, low, high)] == [
        ["at_least", "below"],
        ["at_least"],
        ["below"],
    ]
    assert [part.lost.place for part in (low, high)] == [bound.place for bound in whole.part.bounds]


def test_a_condition_loses_each_of_its_parts_and_each_bound_that_is_alone_on_its_side():
    lost = Counter()
    for mine in (*map(crowded, range(8)), *map(one, SEEDS)):
        for rule in mine.rule_set.rules:
            condition = rule.condition  # once: parts are found by being the same thing
            parts = list(without_one_part(condition))
            whole = [part.part for part in parts if part.lost is part.part]
            assert list(map(id, whole)) == [id(part) for part in parts_of(condition)]
            for part in parts:
                wanted = part.part if part.lost is part.part else bound_of(part)
                rest = left_out(condition, wanted)
                assert part.rest == (EVERYONE if rest is None else rest)
                lost[type(wanted)] += 1
    assert min(lost[kind] for kind in (model.ValueTest, model.NumberTest, model.Bound, Not)) > 5
    assert lost[AnyOf] + lost[AllOf] > 5


def bound_of(part):
    """The bound that is lost, as it stands in its test."""
    [lost] = part.lost.bounds
    assert part.lost == part.part._replace(bounds=(lost,), place=lost.place)
    return next(bound for bound in part.part.bounds if bound is lost)
