"""What a rule set is compiled to, against every profile: blocks, tables of conditions, counts, witnesses."""

from __future__ import annotations

from itertools import combinations, product
from random import Random

import pytest
from oracle import Oracle, distance, domain, holds
from random_rule_sets import made, random_answers

from iopscreen.engine.blocks import NOWHERE, meaning, unplaced
from iopscreen.engine.clauses import holds_for_setting
from iopscreen.engine.compiled import (
    FAILS,
    FIRST_IMPOSSIBLE,
    HOLDS,
    NONE_MATCHES,
    Compiled,
    compile_rule_set,
    conditions_of,
    deciding_conditions,
    is_impossible,
    profile_weights,
)
from iopscreen.engine.decide import ANY, ImpossibleAnswers, outcome_diagram, witness
from iopscreen.ruleset import model
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.reader import understand

SEEDS = range(30)


def compiled_of(seed: int) -> Compiled:
    return compile_rule_set(understand(made(seed).text.encode(), "random.yaml").rule_set)


def signature(compiled: Compiled, question: model.Question, value: model.Value, conditions) -> tuple[bool, ...]:
    """Which tests of `question` in `conditions` its answer `value` passes."""
    facts = {**compiled.readings, question.id: value}
    return tuple(holds(test, facts) for test in asked_of(question, conditions))


# --- blocks ---


@pytest.mark.parametrize("seed", SEEDS)
def test_two_answers_are_of_one_block_where_no_test_tells_them_apart_and_only_there(seed):
    compiled = compiled_of(seed)
    conditions = list(conditions_of(compiled.rule_set))
    for question in compiled.rule_set.questions:
        blocks = compiled.blocks[question.id]
        block_of = {value: blocks.block_of(value) for value in domain(compiled.rule_set, question)}
        passed = {value: signature(compiled, question, value, conditions) for value in block_of}
        assert set(block_of.values()) == set(range(blocks.count))
        assert blocks.question is question
        assert blocks.everything == sum(1 << block for block in range(blocks.count))
        for one, other in product(block_of, repeat=2):
            if question.kind is not model.Kind.WHOLE_NUMBER:
                assert (block_of[one] == block_of[other]) == (passed[one] == passed[other])
            elif block_of[one] == block_of[other]:
                assert passed[one] == passed[other]
            elif other - one == 1 and passed[one] == passed[other]:  # cut where nothing needs it
                assert any(nobody_passes(test, compiled, question) for test in asked_of(question, conditions))


def asked_of(question: model.Question, conditions) -> list[model.Test]:
    return [test for condition in conditions for test in model.tests_of(condition) if test.subject == question.id]


def nobody_passes(test: model.Test, compiled: Compiled, question: model.Question) -> bool:
    """Such as `{at_least: 9, below: 5}`."""
    return not any(
        holds(test, {**compiled.readings, question.id: value}) for value in domain(compiled.rule_set, question)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_example_of_a_block_is_its_first_value_and_the_nearest_is_the_nearest(seed):
    compiled, random = compiled_of(seed), Random(seed)
    for question in compiled.rule_set.questions:
        blocks, values = compiled.blocks[question.id], domain(compiled.rule_set, question)
        present = random.choice(values)
        for block in range(blocks.count):
            mine = [value for value in values if blocks.block_of(value) == block]
            assert blocks.example(block) == mine[0]
            far, nearest = blocks.nearest(block, present)
            right = min({*mine, *([present] if blocks.block_of(present) == block else [])}, key=near(question, present))
            assert (far, nearest) == (distance(question, present, right), right)


def near(question: model.Question, present: model.Value):
    return lambda value: distance(question, present, value)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_test_passes_the_blocks_whose_values_pass_it(seed):
    compiled = compiled_of(seed)
    for condition in conditions_of(compiled.rule_set):
        for test in model.tests_of(condition):
            question = compiled.rule_set.question.get(test.subject)
            if question is not None:
                for value in domain(compiled.rule_set, question):
                    [*clauses] = compiled.maker.clauses(test)
                    block = compiled.blocks[question.id].block_of(value)
                    passes = any(clause.get(compiled.level[question.id], -1) >> block & 1 for clause in clauses)
                    assert passes == holds(test, {**compiled.readings, question.id: value})


@pytest.mark.parametrize("seed", range(5))
def test_without_their_places_tests_are_what_they_ask(seed):
    for condition in conditions_of(compiled_of(seed).rule_set):
        for test in model.tests_of(condition):
            match test:
                case model.NumberTest(subject, bounds, _):
                    bare = [model.Bound(bound.op, bound.limit, NOWHERE) for bound in bounds]
                    assert unplaced(test) == model.NumberTest(subject, tuple(bare), NOWHERE)
                case model.OptionsTest(subject, options, every):
                    assert unplaced(test) == model.OptionsTest(subject, options, every, NOWHERE)
                case model.ValueTest(subject, values):
                    assert unplaced(test) == model.ValueTest(subject, values, NOWHERE)
            assert meaning(unplaced(test)) == meaning(test)


# --- clauses ---

CLAUSES = [
    ("{}", [{}]),
    ("{any_of: [{a: yes}, {a: no}]}", [{}]),
    ("{any_of: [{a: yes}, {}]}", [{}]),
    ("{any_of: [{a: yes}, {a: yes}]}", [{"a": 1}]),
    ("{any_of: [{a: yes, b: no}, {a: yes, b: no}]}", [{"a": 1, "b": 2}]),
    ("{any_of: [{a: yes}, {a: yes, b: yes}]}", [{"a": 1}]),
    ("{any_of: [{a: yes}, {a: no, b: yes}]}", [{"a": 1}, {"a": 2, "b": 1}]),
    ("{any_of: [{n: {is: 0}}, {n: {is: 2}}, {n: {is: 0}, a: yes}]}", [{"n": 0b101}]),
    ("{any_of: [{n: {is: 0}}, {n: {is: 2}}, {n: {at_least: 1}, a: yes}]}", [{"n": 0b101}, {"n": 0b1110, "a": 1}]),
    ("{a: yes, not: {a: yes}}", []),
    ("{any_of: [{a: yes, b: yes}, {a: no, b: no}], all_of: [{any_of: [{a: yes, b: no}, {a: no, b: yes}]}]}", []),
    ("{not: {any_of: [{a: yes, b: yes}, {a: no, b: no}]}}", [{"a": 1, "b": 2}, {"a": 2, "b": 1}]),
    ("{not: {all_of: [{a: yes}, {b: yes}]}}", [{"a": 2}, {"b": 2}]),
    ("{n: {at_least: 5, below: 3}}", []),
    ("{s: yes}", [{}]),
    ("{s: no}", []),
    ("{not: {s: no}, a: yes}", [{"a": 1}]),
]


@pytest.mark.parametrize(("condition", "expected"), CLAUSES, ids=[condition for condition, _ in CLAUSES])
def test_a_condition_has_few_clauses_and_none_that_nobody_meets(condition, expected):
    text = f"""\
format: 1
id: clauses
version: "1.0.0"
title: Clauses
policy: first
outcomes: {{low: {{label: Low}}}}
settings: {{s: {{means: S, type: yes_no, value: yes}}}}
questions:
  a: {{ask: A, type: yes_no}}
  b: {{ask: B, type: yes_no}}
  n: {{ask: N, type: whole_number, range: [0, 9]}}
rules:
  - {{id: r, when: {condition}, recommend: low, because: r, basis: site}}
  - {{id: cut, when: {{a: yes, b: yes, any_of: [{CUT}]}}, recommend: low, because: r, basis: site}}
"""
    compiled = compile_rule_set(understand(text.encode(), "clauses.yaml").rule_set)
    found = compiled.maker.clauses(compiled.rule_set.rules[0].condition)
    assert in_order(compiled, found) == sorted(expected, key=repr)


CUT = ", ".join(f"{{n: {{is: {number}}}}}" for number in range(3))


def in_order(compiled: Compiled, clauses) -> list[dict[str, int]]:
    named = [
        {name: clause[compiled.level[name]] for name in "abn" if compiled.level[name] in clause} for clause in clauses
    ]
    return sorted(named, key=repr)


BOUNDS = ("at_least", "above", "at_most", "below", "is")


@pytest.mark.parametrize("ops", [*combinations(BOUNDS, 1), *combinations(BOUNDS, 2)], ids=" and ".join)
def test_a_number_of_a_setting_keeps_to_bounds_as_any_number_does(ops):
    """A limit may be the value of another setting, too."""
    for value, limits, named in product(range(4), product(range(4), repeat=len(ops)), (False, True)):
        bounds = [
            model.Bound(op, name if named else limit, Place(1, 1))
            for op, limit, name in zip(ops, limits, ("x", "y"), strict=False)
        ]
        readings = {"s": value, **dict(zip(("x", "y"), limits, strict=False))}
        test = model.NumberTest("s", tuple(bounds), Place(1, 1))
        assert holds_for_setting(test, readings) == holds(test, readings)


# --- tables and counts ---


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tables_say_of_every_profile_which_rule_decides_and_which_notes_hold(seed):
    compiled = compiled_of(seed)
    oracle, diagram = Oracle(compiled.rule_set), compiled.diagram()
    entries = [entry.id for entry in compiled.rule_set.impossible]
    places = {None: NONE_MATCHES, **{rule.id: place for place, rule in enumerate(compiled.rule_set.rules)}}
    roots = [table.build(diagram, {}) for table in (compiled.rules, *compiled.notes)]
    for profile in oracle.completions({}):
        fate = oracle.fate(profile)
        if fate.impossible is None:
            expected = [places[fate.rule]]
            expected += [HOLDS if note.id in fate.notes else FAILS for note in compiled.rule_set.notes]
        else:
            expected = [FIRST_IMPOSSIBLE - entries.index(fate.impossible)] * len(roots)
        labels = [diagram.walk(root, blocks_of(compiled, profile)) for root in roots]
        assert labels == expected
        assert is_impossible(labels[0]) == (fate.impossible is not None)


def blocks_of(compiled: Compiled, profile) -> list[int]:
    return [compiled.blocks[name].block_of(profile[name]) for name in compiled.order]


@pytest.mark.parametrize("seed", SEEDS)
def test_profiles_are_counted_once_for_all_that_the_rules_cannot_tell_apart(seed):
    compiled = compiled_of(seed)
    conditions = list(deciding_conditions(compiled.rule_set))
    for name, row in zip(compiled.order, profile_weights(compiled), strict=True):
        question, blocks = compiled.rule_set.question[name], compiled.blocks[name]
        values = [
            value for value in domain(compiled.rule_set, question) if blocks.example(blocks.block_of(value)) == value
        ]
        seen = [signature(compiled, question, value, conditions) for value in values]
        assert row == [1 if seen.index(one) == place else 0 for place, one in enumerate(seen)]


# --- one profile, and the outcome of all ---


@pytest.mark.parametrize("seed", SEEDS)
def test_a_witness_is_the_first_profile_in_file_order(seed):
    compiled = compiled_of(seed)
    oracle, diagram = Oracle(compiled.rule_set), compiled.diagram()
    root = compiled.rules.build(diagram, {})
    rule_ids = [rule.id for rule in compiled.rule_set.rules]
    for position in (*range(len(rule_ids)), NONE_MATCHES):
        wanted = rule_ids[position] if position != NONE_MATCHES else None
        right = [p for p in oracle.possible({}) if oracle.fate(p).rule == wanted]
        shown = witness(compiled, diagram, root, lambda label, position=position: label == position)
        assert (shown is None) == (not right)
        if shown is None:
            continue
        assert list(shown) == list(compiled.rule_set.question)
        for name, value in shown.items():
            values = {repr(profile[name]) for profile in right}
            if value == ANY:
                assert len(values) == len(oracle.domains[name])
            else:
                assert value == next(first for first in oracle.domains[name] if repr(first) in values)
                right = [profile for profile in right if profile[name] == value]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_outcome_of_every_completion(seed):
    compiled, random = compiled_of(seed), Random(seed)
    oracle, answers = Oracle(compiled.rule_set), random_answers(random, compiled.rule_set, 0.5)
    try:
        diagram, root = outcome_diagram(compiled, answers)
    except ImpossibleAnswers:
        assert not oracle.possible(answers)
        return
    for profile in oracle.completions(answers):
        label = diagram.walk(root, blocks_of(compiled, profile))
        assert is_impossible(label) == (oracle.fate(profile).impossible is not None)
        assert is_impossible(label) or label == oracle.fate(profile).outcome


# --- the order of the levels ---

ORDERS = [
    (["{b: yes}", "{a: yes}"], "bacn"),
    (["{b: yes}", "{a: yes}", "{a: no}"], "abcn"),
    (["{c: yes}", "{a: yes, b: yes}", "{b: no}"], "cban"),
    (["{c: yes, b: yes, a: yes}", "{n: {is: 1}}"], "nabc"),
    (["{a: yes}", f"{{any_of: [{', '.join(f'{{n: {{is: {2 * half}}}}}' for half in range(127))}]}}"], "anbc"),
    (["{a: yes}", f"{{any_of: [{', '.join(f'{{n: {{is: {2 * half}}}}}' for half in range(128))}]}}"], "anbc"),
    (["{a: yes}", f"{{any_of: [{', '.join(f'{{n: {{is: {2 * half}}}}}' for half in range(129))}]}}"], "nabc"),
]


@pytest.mark.parametrize(("conditions", "order"), ORDERS, ids=[f"{place}" for place, _ in enumerate(ORDERS)])
def test_questions_that_many_early_and_short_rules_use_come_first_and_very_wide_ones_before_all(conditions, order):
    written = "".join(
        f"  - {{id: r{place}, when: {condition}, recommend: low, because: r, basis: site}}\n"
        for place, condition in enumerate(conditions)
    )
    text = f"""\
format: 1
id: order
version: "1.0.0"
title: Order
policy: first
outcomes: {{low: {{label: Low}}}}
questions:
  a: {{ask: A, type: yes_no}}
  b: {{ask: B, type: yes_no}}
  c: {{ask: C, type: yes_no}}
  n: {{ask: N, type: whole_number, range: [0, 255]}}
rules:
{written}"""
    if "is: 256" in text:
        text = text.replace("[0, 255]", "[0, 256]")
    compiled = compile_rule_set(understand(text.encode(), "order.yaml").rule_set)
    assert "".join(compiled.order) == order
    assert [compiled.level[name] for name in order] == [0, 1, 2, 3]
