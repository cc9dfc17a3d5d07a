"""The witness search against brute force, against the diagram, and on tangled tables."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from random import Random

import pytest
from conftest import TESTS
from oracle import Oracle, holds
from random_rule_sets import made

from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime
from iopscreen.engine.compiled import NONE_MATCHES, compile_rule_set, is_impossible
from iopscreen.engine.counts import whole
from iopscreen.engine.relevance import Apart, _outcomes_around, _seen_to_matter, apart, matters
from iopscreen.engine.search import Search, _State
from iopscreen.engine.table import Table
from iopscreen.engine.verdicts import ANY, Verdicts
from iopscreen.ruleset.reader import understand

sys.path.insert(0, str(TESTS / "benchmarks"))
import tables


def random_table(random: Random, levels: int = 0, tested: int = 0) -> Table:
    """Rows over so many `levels`, so many of which are `tested`; by default each as many as may be."""
    widths = tuple(random.randint(1, 4) for _ in range(levels or random.randint(1, 5)))
    rows = []
    for place in range(random.randint(1, 12)):
        some = random.sample(range(len(widths)), tested or random.randint(0, len(widths)))
        rows.append(({level: random.randrange(1, 1 << widths[level]) for level in some}, place))
    return Table(widths, tuple(rows), "nobody")


def passes(clause, point):
    return all(blocks >> point[level] & 1 for level, blocks in clause.items())


@pytest.mark.parametrize("levels", [3, 4, 7, 8, 18, 130])
def test_the_clause_that_is_refuted_first_is_the_first_with_the_fewest_ways_or_one_more(levels):
    random = Random(levels)
    for _ in range(100):
        clauses = random.randint(1, 60)
        ways = [random.sample(range(levels), random.randint(3, levels)) for _ in range(clauses)]
        can = [sum(1 << clause for clause, where in enumerate(ways) if level in where) for level in range(levels)]
        alive = random.randrange(1, 1 << clauses)
        few = min(len(where) for clause, where in enumerate(ways) if alive >> clause & 1)
        few += few % 2  # 3 or 4, 5 or 6, ...
        first = next(at for at, where in enumerate(ways) if alive >> at & 1 and len(where) <= few)
        assert Search._tightest(_State([], can, alive), 0) == first


@pytest.mark.parametrize("seed", range(60))
def test_a_clause_is_refuted_where_that_leaves_the_fewest_others(seed):
    """A clause that a state can refute: at its first level where, of those alive, the fewest meet what is left then."""
    random = Random(seed)
    table = random_table(random)
    search = Search(table, UNLIMITED)
    for _ in range(10):
        left = [random.randrange(1, 1 << width) for width in table.widths]
        alive = random.randrange(1 << len(table.rows))
        for place, (clause, _) in enumerate(table.rows):
            ways = []
            for level, passing in clause.items():
                failing = left[level] & ~passing
                others = [
                    at for at, (other, _) in enumerate(table.rows) if alive >> at & 1 and other.get(level, -1) & failing
                ]
                if failing:
                    ways.append((len(others), level))
            if ways:
                fewest = min(ways, key=lambda way: way[0])
                chosen = fewest[1], clause[fewest[1]]
                assert search._most_refuting(_State(left, [], alive), place) == chosen


def propagated(table, left, avoid):
    """What units leave of `left`, and the clauses then still to be refuted that can be at two levels; or None."""
    while True:
        ways = {}
        for place, (clause, _) in enumerate(table.rows):
            if avoid >> place & 1 and all(left[level] & passing for level, passing in clause.items()):
                ways[place] = [level for level, passing in clause.items() if left[level] & ~passing]
        if any(not levels for levels in ways.values()):
            return None
        unit = next((place for place, levels in ways.items() if len(levels) == 1), None)
        if unit is None:
            return left, sum(1 << place for place, levels in ways.items() if len(levels) == 2)
        [level] = ways[unit]
        left = [*left[:level], left[level] & ~table.rows[unit][0][level], *left[level + 1 :]]


def test_units_take_their_blocks_and_clauses_with_two_ways_are_the_next():
    ends = Counter()
    for seed in range(600):
        random = Random(seed)
        table = random_table(random, levels=6, tested=4) if seed % 2 else random_table(random)
        search = Search(table, UNLIMITED)
        left = [random.choice([(1 << width) - 1, random.randrange(1, 1 << width)]) for width in table.widths]
        avoid = random.randrange(1 << len(table.rows))
        can = [search._can_fail(level, blocks) for level, blocks in enumerate(left)]
        state = _State(list(left), can, search.meeting(dict(enumerate(left)), avoid))
        found, expected = search._propagate(state), propagated(table, left, avoid)
        assert (None if found is None else (state.left, found)) == expected
        if found is not None:
            assert state.can == [search._can_fail(level, blocks) for level, blocks in enumerate(state.left)]
            assert state.alive == search.meeting(dict(enumerate(state.left)), avoid)
        ends["none" if found is None else "two" if found else "more" if state.alive else "refuted"] += 1
    assert min(ends[end] for end in ("none", "two", "more", "refuted")) > 10


@pytest.mark.parametrize("seed", range(300))
def test_a_box_is_found_just_where_there_is_a_profile(seed):
    random = Random(seed)
    table = random_table(random)
    points = list(itertools.product(*(range(width) for width in table.widths)))
    search = Search(table, UNLIMITED)
    for _ in range(10):
        inside = random_table(random).rows[0][0]
        inside = {level: blocks for level, blocks in inside.items() if level < len(table.widths)}
        avoid = random.randrange(1 << len(table.rows))
        avoided = [clause for place, (clause, _) in enumerate(table.rows) if avoid >> place & 1]
        good = [p for p in points if passes(inside, p) and not any(passes(clause, p) for clause in avoided)]
        box = search.find(inside, avoid)
        assert (box is not None) == bool(good)
        if box is not None:
            held = [p for p in points if passes(dict(enumerate(box)), p)]
            assert held
            assert set(held) <= set(good)
        meeting = search.meeting(inside, avoid)
        for place, (clause, _) in enumerate(table.rows):
            meets = any(passes(clause, p) and passes(inside, p) for p in points)
            assert (meeting >> place & 1) == (avoid >> place & 1 and meets)


@pytest.mark.parametrize("seed", range(150))
def test_verdicts_and_witnesses_of_small_rule_sets_are_true(seed):
    rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
    oracle = Oracle(rule_set)
    verdicts = Verdicts(compile_rule_set(rule_set), UNLIMITED)
    possible = [p for p in oracle.completions({}) if oracle.fate(p).impossible is None]
    assert verdicts.nobody_possible == (not possible)
    deciding = {oracle.fate(profile).rule for profile in possible}
    for position, rule in [*enumerate(rule_set.rules), (NONE_MATCHES, None)]:
        wanted = rule and rule.id
        assert verdicts.decides(position) == (wanted in deciding)
        shown = verdicts.deciding_witness(position)
        assert (shown is not None) == (wanted in deciding)
        if shown is not None:
            known = {name: value for name, value in shown.items() if value != ANY}
            fates = [oracle.fate(profile) for profile in oracle.completions(known)]
            assert all(fate.impossible is None and fate.rule == wanted for fate in fates)
    for guarantee in rule_set.guarantees:
        clauses = verdicts.compiled.maker.clauses(guarantee.condition)
        mine = [p for p in possible if holds(guarantee.condition, {**rule_set.readings, **p})]
        found = {place: rule_set.rules[place].id for place in verdicts.deciders(clauses, range(len(rule_set.rules)))}
        assert set(found.values()) == {oracle.fate(profile).rule for profile in mine} - {None}
        assert verdicts.possible(clauses) == bool(mine)


@pytest.mark.parametrize("seed", range(150))
def test_a_question_matters_just_where_two_callers_show_it(seed):
    rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
    oracle = Oracle(rule_set)
    possible = [p for p in oracle.completions({}) if oracle.fate(p).impossible is None]
    compiled = compile_rule_set(rule_set)
    for question in compiled.deciding:
        outcomes = {}
        for profile in possible:
            rest = tuple(value for name, value in profile.items() if name != question.id)
            outcomes.setdefault(rest, set()).add(oracle.fate(profile).outcome)
        shown = any(len(found) > 1 for found in outcomes.values())
        assert matters(Verdicts(compiled, UNLIMITED), question.id) == shown
        level = compiled.level[question.id]
        searched = any(
            apart(Verdicts(compiled, UNLIMITED), level, pair)
            for pair in itertools.combinations(range(compiled.rules.widths[level]), 2)
        )
        assert searched == shown


@pytest.mark.parametrize("seed", range(60))
def test_outcomes_around_a_caller_are_those_of_every_other_answer(seed):
    """The caller is the one with the first block of every level of the box."""
    compiled = compile_rule_set(understand(made(seed).text.encode(), "random.yaml").rule_set)
    verdicts, rows = Verdicts(compiled, UNLIMITED), [*compiled.rules.rows, ({}, compiled.rules.otherwise)]
    boxes = [box for position in range(len(verdicts.bits)) if (box := verdicts.deciding_box(position))]
    for level in range(len(compiled.order)):
        several = [box for box in boxes if len(_outcomes_around(verdicts, level, box)) > 1]
        assert _seen_to_matter(verdicts, level) == bool(several)
    for box, level in itertools.product(boxes, range(len(compiled.order))):
        caller = [(blocks & -blocks).bit_length() - 1 for blocks in box]
        found = set()
        for block in range(compiled.rules.widths[level]):
            caller[level] = block
            label = next(label for clause, label in rows if passes(clause, caller))
            found |= set() if is_impossible(label) else {compiled.outcome_of(label)}
        assert _outcomes_around(verdicts, level, box) == found


ONE_QUESTION = """\
format: 1
id: one
version: "1.0.0"
title: One question
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions: {hurt: {ask: Hurt, type: yes_no}}
rules:
  - {id: hurt, when: {hurt: yes}, recommend: high, because: x, basis: site}
  - {id: rest, when: {}, recommend: low, because: x, basis: site}
"""


def test_the_only_question_matters_to_everybody():
    verdicts = Verdicts(compile_rule_set(understand(ONE_QUESTION.encode(), "one.yaml").rule_set), UNLIMITED)
    assert apart(verdicts, 0, (0, 1)) == Apart((0b11,), ("high", "low"))
    assert apart(verdicts, 0, (1, 0)) == Apart((0b11,), ("low", "high"))


def compiled_table(kind, rules, columns, seed=1):
    return compile_rule_set(understand(tables.KINDS[kind](rules, columns, seed).text.encode(), "t.yaml").rule_set)


@pytest.mark.parametrize("shape", [("tree", 300, 7), ("guideline", 60, 13), ("tangled", 60, 12), ("tree", 200, 20)])
def test_search_and_diagram_agree(shape):
    compiled = compiled_table(*shape)
    everything, verdicts = whole(compiled), Verdicts(compiled, UNLIMITED)
    for position in (*range(len(compiled.rule_set.rules)), NONE_MATCHES):
        assert verdicts.decides(position) == (position in everything.labels)
        shown = verdicts.deciding_witness(position)
        if shown is None:
            continue
        known = compiled.known({name: value for name, value in shown.items() if value != ANY})
        root = everything.diagram.restrict(everything.root, known)
        assert everything.diagram.labels(root) == {position}
    assert not any(is_impossible(label) for label in everything.labels)


def test_tangled_tables_are_decided_without_a_diagram():
    """No diagram of these fits; how many rules are unreachable was found by a satisfiability solver, once."""
    for shape, unreachable in ((("tangled", 200, 20), 12), (("tangled", 200, 40), 3)):
        verdicts = Verdicts(compiled_table(*shape), UNLIMITED)
        assert sum(not verdicts.decides(position) for position in range(200)) == unreachable
        assert verdicts.decides(NONE_MATCHES)


def test_no_time_is_no_verdict():
    budget = Budget(-1)
    verdicts = Verdicts(compiled_table("tangled", 200, 20), budget)
    with pytest.raises(OutOfTime):
        for position in range(200):
            verdicts.decides(position)


def test_what_was_found_holds_in_the_time_of_another_budget_and_only_that():
    verdicts = Verdicts(compiled_table("guideline", 60, 13), UNLIMITED)
    known = verdicts.decides(0)
    out = verdicts.within(Budget(0))
    assert out.decides(0) == known
    with pytest.raises(OutOfTime):
        out.decides(1)
    assert verdicts.decides(1) == verdicts.within(UNLIMITED).decides(1)
