"""Profiles counted, and regions of them, against brute force on small random rule sets."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest
from conftest import TESTS
from oracle import Oracle, Profile, holds
from random_rule_sets import made

from iopscreen.engine import largest
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import NONE_MATCHES, compile_rule_set
from iopscreen.engine.counts import Region, Whole, clauses_by_rule, never_matter, regions, whole
from iopscreen.engine.largest import Largest
from iopscreen.ruleset import model
from iopscreen.ruleset.reader import understand

sys.path.insert(0, str(TESTS / "benchmarks"))
import tables

SEEDS = range(900, 960)


class Known(NamedTuple):
    """What is true of a rule set: of the profiles that the rules tell apart, one each, with who decides it."""

    everything: Whole
    deciders: list[tuple[Profile, int]]
    """The possible ones, by the position of the deciding rule (NONE_MATCHES: nobody's)."""
    impossible: int


@cache
def known(seed: int) -> Known:
    rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
    oracle = Oracle(rule_set)
    position = {rule.id: place for place, rule in enumerate(rule_set.rules)} | {None: NONE_MATCHES}
    conditions = [entry.condition for entry in (*rule_set.impossible, *rule_set.rules)]
    tests = [test for condition in conditions for test in model.tests_of(condition)]
    apart = {
        tuple(holds(test, {**rule_set.readings, **profile}) for test in tests): profile
        for profile in oracle.completions({})
    }
    fates = [(profile, oracle.fate(profile)) for profile in apart.values()]
    deciders = [(profile, position[fate.rule]) for profile, fate in fates if fate.impossible is None]
    return Known(whole(compile_rule_set(rule_set)), deciders, len(fates) - len(deciders))


def holding(everything: Whole, found: list[Region], profile: Profile) -> list[Region]:
    """The regions that hold a profile."""
    blocks_of = everything.compiled.blocks
    return [
        region
        for region in found
        if all(blocks_of[name].block_of(profile[name]) in blocks for name, blocks in region.blocks.items())
    ]


def check(one: Known, found: list[Region]) -> int:
    """Each region holds as many possible profiles as it says, all of its rule, and no other region one of them."""
    blocks_of = one.everything.compiled.blocks
    for region in found:  # it names no question that it leaves open
        assert all(0 < len(blocks) < blocks_of[name].count for name, blocks in region.blocks.items())
    held: Counter[int] = Counter()
    for profile, decider in one.deciders:
        around = holding(one.everything, found, profile)
        assert [region.label for region in around] in ([], [decider])
        held.update(map(id, around))
    assert [held[id(region)] for region in found] == [region.profiles for region in found]
    return held.total()


@pytest.mark.parametrize("seed", SEEDS)
def test_profiles_are_counted_by_who_decides_them(seed):
    one = known(seed)
    assert one.everything.counts == Counter(decider for _, decider in one.deciders)
    assert one.everything.profiles == len(one.deciders)
    assert one.everything.impossible == one.impossible
    compiled = one.everything.compiled
    rows = compiled.rules.rows
    for position, clauses in enumerate(clauses_by_rule(compiled)):
        assert clauses == tuple(clause for clause, label in rows if label == position)


def test_nothing_is_counted_where_the_diagram_of_all_profiles_is_too_large(monkeypatch):
    monkeypatch.setattr("iopscreen.engine.counts.MAX_EDGES_OF_ALL", 0)
    with pytest.raises(TooTangled):
        whole(known(SEEDS[0]).everything.compiled)


def test_what_is_asked_of_a_count_afterwards_has_a_time_of_its_own():
    compiled = known(SEEDS[0]).everything.compiled
    with pytest.raises(OutOfTime):
        whole(compiled, Budget(0))
    late = whole(compiled, UNLIMITED, Budget(0))
    assert late.counts == known(SEEDS[0]).everything.counts
    with pytest.raises(OutOfTime):
        _ = late.diagram


@pytest.mark.parametrize("seed", SEEDS)
def test_regions_of_one_kind_hold_all_of_it_the_largest_first(seed):
    one = known(seed)
    for label in one.everything.labels:
        found, more = regions(one.everything, lambda other, label=label: other == label, 10_000)
        assert more == 0
        assert {region.label for region in found} == {label}
        assert check(one, found) == one.everything.counts[label]
        most, beside = regions(one.everything, lambda other, label=label: other == label, 1)
        paths = sum(1 for _, other in one.everything.diagram.paths(one.everything.root) if other == label)
        assert (len(most), beside) == (1, paths - 1)
        assert check(one, most) >= one.everything.counts[label] / paths
    assert regions(one.everything, lambda _: False, 10) == ([], 0)


@pytest.mark.parametrize("seed", [*SEEDS, *range(960, 1060)])
def test_questions_that_never_matter_can_be_dropped_together_and_no_other_with_them(seed):
    one = known(seed)
    rule_set = one.everything.compiled.rule_set
    oracle = Oracle(rule_set)
    possible = [profile for profile in oracle.completions({}) if oracle.fate(profile).impossible is None]

    def droppable(names):
        outcomes: dict[tuple, set[str]] = {}
        for profile in possible:
            rest = tuple(value for name, value in profile.items() if name not in names)
            outcomes.setdefault(rest, set()).add(oracle.fate(profile).outcome)
        return all(len(found) == 1 for found in outcomes.values())

    dropped: list[str] = []
    for question in reversed(rule_set.questions):
        if not question.for_notes and droppable([*dropped, question.id]):
            dropped.insert(0, question.id)
    assert never_matter(one.everything) == tuple(dropped)


LIMITS = {
    "as it is": {},
    "without pieces": {"largest.MAX_PATHS": 0},
    "without a diagram for pieces": {"largest.MAX_STATES": 0},
    "by few rows outside": {"largest.MAX_OUTSIDE": 0},
    "where what is outside has too many alternatives": {"clauses.MAX_CLAUSES": 0},
    "without pieces and by few rows outside": {"largest.MAX_PATHS": 0, "largest.MAX_OUTSIDE": 0},
    "one row at a time": {"largest.MAX_PATHS": 0, "largest.MAX_CHOICE": 1},
    "straight down alone": {"largest.MAX_STEPS": 0},
}


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_the_largest_regions_hold_everybody_once(limits, monkeypatch):
    ones = [known(seed) for seed in SEEDS]
    for name, limit in limits.items():
        monkeypatch.setattr(f"iopscreen.engine.{name}", limit)
    for one in ones:
        found = Largest(one.everything).regions(one.everything.labels, 10_000)
        assert [region.profiles for region in found] == sorted((region.profiles for region in found), reverse=True)
        assert check(one, found) == len(one.deciders)


def test_the_largest_regions_of_some_rules_are_those_asked_for():
    for one in map(known, SEEDS):
        for label in one.everything.labels:
            every = Largest(one.everything).regions([label], 10_000)
            assert check(one, every) == one.everything.counts[label]
            assert {region.label for region in every} == {label}
            assert Largest(one.everything).regions([label], 1) == [max(every, key=lambda region: region.profiles)]
        assert Largest(one.everything).regions([len(one.everything.compiled.rule_set.rules)], 10) == []


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_largest_regions_of_several_rules_are_the_largest_that_each_has(limit):
    for one in map(known, SEEDS):
        labels = one.everything.labels
        of_each = [Largest(one.everything).regions([label], 10_000) for label in labels]
        sizes = sorted((region.profiles for found in of_each for region in found), reverse=True)
        assert [region.profiles for region in Largest(one.everything).regions(labels, limit)] == sizes[:limit]


def listed(one: Known, limit: int) -> Iterator[str]:
    """The first regions of each rule, a line each: how many profiles, and the blocks of each question."""
    ids = [rule.id for rule in one.everything.compiled.rule_set.rules]
    for label in sorted(one.everything.labels):
        for region in Largest(one.everything).regions([label], limit):
            blocks = (f"{name} {','.join(map(str, chosen))}" for name, chosen in region.blocks.items())
            yield f"  {'nobody' if label == NONE_MATCHES else ids[label]}: {region.profiles}: {'; '.join(blocks)}\n"


STEPS_MATTER = (265, 278, 371, 377, 554, 588, 641, 766, 984, 1235)
"""Where the way straight down does not lead to the largest region."""


def test_the_largest_regions_are_these(monkeypatch, compare):
    """Whatever is found holds (see above); that it is as large, and found the same way, is in the file."""
    text = ""
    for way in ("as it is", "without pieces", "by few rows outside", "one row at a time", "straight down alone"):
        for seed in (*range(900, 924), *STEPS_MATTER):
            text += f"{way}, rule set {seed}\n"
            with monkeypatch.context() as patched:
                one = known(seed)
                for name, limit in LIMITS[way].items():
                    patched.setattr(f"iopscreen.engine.{name}", limit)
                text += "".join(listed(one, 4))
    compare(TESTS / "cases" / "regions" / "largest.txt", text)


TABLES = [
    ("guideline", 12, 6, ""),
    ("guideline", 20, 9, ""),
    ("tree", 30, 8, ""),
    ("guideline", 12, 6, "impossible:\n  - {id: never, when: {q0: {at_most: 1}, q1: [q1v0]}, because: so}\n"),
]
"""Of these, a rule set has far more regions than the pieces, or the first ways down, lead to."""


def test_the_largest_regions_of_tables_are_these(compare):
    text = ""
    for kind, rules, columns, more in TABLES:
        written = tables.KINDS[kind](rules, columns).text + more
        everything = whole(compile_rule_set(understand(written.encode(), "table.yaml").rule_set))
        text += f"{kind} {rules} x {columns}{' with an impossible entry' if more else ''}\n"
        text += "".join(listed(Known(everything, [], 0), 3))
    compare(TESTS / "cases" / "regions" / "tables.txt", text)


PAIRS = """\
format: 1
id: pairs
version: "1.0.0"
title: Who does not meet the first rule takes very many alternatives to say
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions:
  a: {ask: A, type: whole_number, range: [0, 8]}
  b: {ask: B, type: whole_number, range: [0, 8]}
rules:
  - {id: same, when: {any_of: [%s]}, recommend: high, because: x, basis: site}
  - {id: rest, when: {}, recommend: low, because: x, basis: site}
"""


def test_a_region_keeps_to_a_rule_of_which_very_much_is_left_out():
    text = PAIRS % ", ".join(f"{{a: {{is: {number}}}, b: {{is: {number}}}}}" for number in range(8))
    everything = whole(compile_rule_set(understand(text.encode(), "pairs.yaml").rule_set))
    found = Largest(everything).regions([0], 10)
    assert {(*region.blocks["a"], *region.blocks["b"], region.profiles) for region in found} == {
        (number, number, 1) for number in range(8)
    }


@pytest.mark.parametrize("searches", [1, 3])
def test_no_more_profiles_are_searched_for_than_the_limit_says(searches, monkeypatch):
    monkeypatch.setattr(largest, "MAX_PATHS", 0)
    monkeypatch.setattr(largest, "MAX_DEAD_ENDS", 0)
    monkeypatch.setattr(largest, "MAX_SEARCHES", searches)
    most = 0
    for one in map(known, SEEDS):
        for label in one.everything.labels:
            found = Largest(one.everything).regions([label], 10_000)
            check(one, found)
            assert len(found) <= searches
            most = max(most, len(found))
    assert most == searches


def test_without_time_to_search_for_a_profile_no_region_is_found(monkeypatch):
    everything = known(SEEDS[0]).everything
    monkeypatch.setattr(largest, "MAX_PATHS", 0)
    monkeypatch.setattr(largest, "MAX_DEAD_ENDS", 0)
    assert Largest(everything).regions(everything.labels, 10)
    monkeypatch.setattr(largest, "MAX_LOOKS", 0)
    assert Largest(everything).regions(everything.labels, 10) == []
