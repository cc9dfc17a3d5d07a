"""Each limit of the engine, made small: up to it everything is decided, past it a refusal names the place."""

from __future__ import annotations

from itertools import count

import pytest

from iopscreen.engine import blocks, budget
from iopscreen.engine.boxes import disjoint, without
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import TooTangledToCompile, compile_rule_set, conditions_of
from iopscreen.engine.decide import decide, rule_on
from iopscreen.engine.diagram import Diagram
from iopscreen.engine.difference import under_reading
from iopscreen.engine.flow import flow
from iopscreen.engine.joint import join
from iopscreen.engine.mutate import Edit, MutantMaker
from iopscreen.engine.table import Table, Tally
from iopscreen.engine.unasked import cannot_matter
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset import model
from iopscreen.ruleset.findings import FileRefused
from iopscreen.ruleset.reader import understand

HEAD = """\
format: 1
id: limits
version: "1.0.0"
title: Limits
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions:
  kind: {ask: K, type: many, options: {x: {label: X}, y: {label: Y}, z: {label: Z}, none: {label: None, alone: yes}}}
  a: {ask: A, type: whole_number, range: [0, 9]}
  b: {ask: B, type: whole_number, range: [0, 9]}
  c: {ask: C, type: whole_number, range: [0, 9]}
"""
REASON = "because: of a reason"


LITTLE = """\
format: 1
id: many
version: "1.0.0"
title: Many questions
policy: first
outcomes: {low: {label: Low}}
questions:
%srules:
  - {id: r, when: {q0: yes}, recommend: low, because: x, basis: site}
"""


def rules(*conditions: str) -> str:
    return "rules:\n" + "".join(
        f"  - {{id: r{number}, when: {condition}, recommend: high, {REASON}, basis: site}}\n"
        for number, condition in enumerate(conditions)
    )


def limited(body: str) -> model.RuleSet:
    return understand((HEAD + body).encode(), "limits.yaml").rule_set


# --- blocks ---

APART = rules("{kind: x}", "{kind: y}", "{kind: z}")
"""Three tests tell seven sets of these options apart, and nobody of them from an eighth: none of the three."""


@pytest.mark.parametrize(("most", "fits"), [(3, False), (4, False), (7, False), (8, True), (9, True)])
def test_as_many_sets_of_options_are_told_apart_as_the_limit_says(most, fits, monkeypatch):
    rule_set = limited(APART)
    tests = blocks.tests_by_subject(test for condition in conditions_of(rule_set) for test in model.tests_of(condition))
    monkeypatch.setattr("iopscreen.engine.blocks.MAX_BLOCKS", most)
    if fits:
        assert blocks.cut(rule_set.question["kind"], tests["kind"], {}).count == 8
        return
    with pytest.raises(blocks.TooManyBlocks) as too_many:
        blocks.cut(rule_set.question["kind"], tests["kind"], {})
    assert str(too_many.value) == (
        f"the rules tell more than {most} answers of `kind` apart; "
        "ask about some of its options in questions of their own"
    )
    assert too_many.value.question == rule_set.question["kind"]
    with pytest.raises(TooTangledToCompile, match="answers of `kind` apart") as error:
        compile_rule_set(rule_set)
    assert error.value.place == rule_set.question["kind"].place


# --- clauses ---

PAIRS = "{any_of: [{a: {is: 1}, b: {is: 1}}, {a: {is: 2}, b: {is: 2}}, {a: {is: 3}, b: {is: 3}}]}"
"""Three alternatives, none of which is part of another."""

PLACES = [
    ("rule `r0`", rules(PAIRS)),
    ("impossible entry `i0`", rules("{}") + f"impossible: [{{id: i0, when: {PAIRS}, {REASON}}}]\n"),
    ("note `n0`", rules("{}") + f"notes: [{{id: n0, when: {PAIRS}, for: staff, say: S}}]\n"),
    ("guarantee `g0`", rules("{}") + f"guarantees: [{{id: g0, when: {PAIRS}, never: low, {REASON}}}]\n"),
]


@pytest.mark.parametrize(("what", "body"), PLACES, ids=[what for what, _ in PLACES])
def test_a_condition_has_as_many_alternatives_as_the_limit_says(what, body, monkeypatch):
    rule_set = limited(body)
    monkeypatch.setattr("iopscreen.engine.clauses.MAX_CLAUSES", 3)
    compile_rule_set(rule_set)
    monkeypatch.setattr("iopscreen.engine.clauses.MAX_CLAUSES", 2)
    with pytest.raises(TooTangledToCompile) as error:
        compile_rule_set(rule_set)
    assert str(error.value) == f"{what} is an `or` of too many alternatives; split it into several"
    things = [*rule_set.rules, *rule_set.impossible, *rule_set.notes, *rule_set.guarantees]
    assert error.value.place == next(thing.place for thing in things if f"`{thing.id}`" in what)


@pytest.mark.parametrize("which", ["earlier", "new"])
@pytest.mark.parametrize(("what", "body"), PLACES[:2], ids=[what for what, _ in PLACES[:2]])
def test_two_rule_sets_with_too_many_alternatives_are_told_with_what_has_them(which, what, body, monkeypatch):
    """Who is impossible is a rule among the others there; it has its own name all the same."""
    tangled, plain = limited(body), limited(rules("{}"))
    monkeypatch.setattr("iopscreen.engine.clauses.MAX_CLAUSES", 2)
    with pytest.raises(TooTangledToCompile) as error:
        join(*((tangled, plain) if which == "earlier" else (plain, tangled)))
    line = next(thing.place.line for thing in (*tangled.impossible, *tangled.rules))
    where = f"{what} in line {line} of the {which} rule set"
    assert str(error.value) == f"{where} is an `or` of too many alternatives; split it into several"


def test_answers_that_one_of_two_rule_sets_does_not_know_are_told_where_they_are_too_many(monkeypatch):
    fewer = limited(rules("{}"))
    more = fewer._replace(
        questions=tuple(
            question._replace(low=question.low - 9, high=question.high + 9) if question.id == "a" else question
            for question in fewer.questions
        )
    )
    monkeypatch.setattr("iopscreen.engine.compiled.MAX_MET", -1)
    with pytest.raises(TooTangledToCompile, match=r"^what the earlier rule set does not know of the answers and what"):
        join(fewer, more)


@pytest.mark.parametrize(("left", "right", "fits"), [(66, 66, True), (64, 70, True), (67, 67, False), (68, 68, False)])
def test_many_alternatives_are_not_multiplied_with_many(left, right, fits, monkeypatch):
    """However few would be left of them: 67 times 67 are more than 64 times 70."""
    monkeypatch.setattr("iopscreen.engine.clauses.MAX_CLAUSES", 70)
    alternatives = [f"{{a: {{is: {number // 10}}}, b: {{is: {number % 10}}}}}" for number in range(70)]
    parts = (f"{{any_of: [{', '.join(alternatives[:count])}]}}" for count in (left, right))
    rule_set = limited(rules(f"{{all_of: [{', '.join(parts)}]}}"))
    if fits:
        assert len(compile_rule_set(rule_set).rules.rows) == min(left, right)
        return
    with pytest.raises(TooTangledToCompile, match="rule `r0` is an `or` of too many alternatives"):
        compile_rule_set(rule_set)


@pytest.mark.parametrize(("most", "fits"), [(11, False), (12, True)])
def test_what_all_conditions_cost_together_is_limited(most, fits, monkeypatch):
    """Everybody by three alternatives, and these by three: twelve pairs."""
    monkeypatch.setattr("iopscreen.engine.compiled.MAX_MET", most)
    both = f"{{all_of: [{PAIRS}, {PAIRS.replace('b:', 'c:')}]}}"
    rule_set = limited(rules("{}", both))
    if fits:
        assert compile_rule_set(rule_set).maker.met == 12
        return
    with pytest.raises(TooTangledToCompile) as error:
        compile_rule_set(rule_set)
    message = "rule `r1` and what stands before it are `or`s of too many alternatives together; write fewer of them"
    assert str(error.value) == message
    assert error.value.place == rule_set.rules[1].place


# --- boxes, pairs of nodes, edges ---


def test_so_many_boxes_are_kept_apart(monkeypatch):
    """One corner of four levels, taken away: four boxes are left."""
    everybody, corner, widths = [{}], [dict.fromkeys(range(4), 1)], (2, 2, 2, 2)
    monkeypatch.setattr("iopscreen.engine.boxes.MAX_BOXES", 4)
    assert without(everybody, corner, widths) == [
        {0: 2},
        {0: 1, 1: 2},
        {0: 1, 1: 1, 2: 2},
        {0: 1, 1: 1, 2: 1, 3: 2},
    ]
    monkeypatch.setattr("iopscreen.engine.boxes.MAX_BOXES", 3)
    with pytest.raises(TooTangled):
        without(everybody, corner, widths)
    with pytest.raises(TooTangled):
        disjoint([*corner, *everybody], widths)


def test_so_many_pairs_of_nodes_are_looked_at(monkeypatch):
    diagram = Diagram((2, 2))
    x, y, z = (diagram.terminal(label) for label in "xyz")
    root = diagram.node(0, (diagram.node(1, (x, y)), diagram.node(1, (y, z))))
    questions = [
        lambda: diagram.differs_by(root, {0, 1}, lambda _: False),
        lambda: diagram.least_difference(root, (0, 1), lambda _: False),
        lambda: diagram.combine(root, diagram.node(1, (z, x)), lambda u, v: u if u == v else (u, v)),
    ]
    for ask in questions:
        assert ask()
        monkeypatch.setattr("iopscreen.engine.diagram.MAX_PAIRS", 3)
        with pytest.raises(TooTangled):
            ask()
        monkeypatch.undo()
    # The root beside itself, both of its children beside themselves and each other, and so the three labels.
    monkeypatch.setattr("iopscreen.engine.diagram.MAX_PAIRS", 1 + 3 + 6)
    assert questions[0]()
    monkeypatch.setattr("iopscreen.engine.diagram.MAX_PAIRS", 1 + 3 + 6 - 1)
    with pytest.raises(TooTangled):
        questions[0]()


@pytest.mark.parametrize("more", [0, 1])
def test_a_rule_set_has_as_many_questions_as_can_be_asked(more):
    questions = "".join(f"  q{at}: {{ask: Q, type: yes_no}}\n" for at in range(1_000 + more))
    text = LITTLE % questions
    if not more:
        assert len(understand(text.encode(), "many.yaml").rule_set.questions) == 1_000
        return
    with pytest.raises(FileRefused) as refused:
        understand(text.encode(), "many.yaml")
    [fault] = refused.value.findings
    assert (fault.name, fault.place) == ("too-large", (8 + 1_000, 3))


@pytest.mark.parametrize(("edges", "fits"), [(1, False), (2, False), (5, False), (6, True), (7, True)])
def test_so_many_edges_are_made(edges, fits):
    """The first level has one state of two edges, the second two of these: six edges."""
    table = Table((2, 2), (({0: 1, 1: 1}, "x"), ({0: 2, 1: 2}, "y")), "z")
    ones = [[1, 1]] * 2
    if fits:
        table.build(Diagram(table.widths), {}, max_edges=edges)
        assert table.tally(ones, max_edges=edges) == Tally({"x": 1, "y": 1, "z": 2}, 1 + 2 + 3)
        return
    with pytest.raises(TooTangled):
        table.build(Diagram(table.widths), {}, max_edges=edges)
    with pytest.raises(TooTangled):
        table.tally(ones, max_edges=edges)


def test_time_for_notes_is_of_the_same_budget(monkeypatch):
    """Each look at the clock counts one: there is just the time for the rules, and then none for the note."""
    monkeypatch.setattr(budget, "ROUNDS_A_LOOK", 1)
    note = "notes: [{id: n, when: {b: {is: 1}}, for: staff, say: S}]\n"
    compiled, looks = compile_rule_set(limited(rules("{a: {is: 1}}") + note)), count()
    rule_on(compiled, {}, budget=Budget(100, looks.__next__))
    enough = next(looks)
    rule_on(compiled, {}, budget=Budget(enough, count().__next__))
    with pytest.raises(OutOfTime):
        decide(compiled, {}, budget=Budget(enough, count().__next__))


# --- past a limit, less is told, and nothing wrong ---

TAKEN = """\
impossible:
  - {id: i, when: {a: {is: 9}, b: {is: 9}, c: {is: 9}}, because: r}
"""


def test_who_takes_a_rules_callers_is_told_without_counts_where_these_are_too_many(monkeypatch):
    earlier = "{any_of: [{a: {at_most: 4}, b: {at_most: 8}}, {a: {at_least: 3}, c: {at_least: 1}}, {b: {is: 9}}]}"
    rule_set = limited(TAKEN + rules(earlier, "{c: {is: 0}, a: {at_least: 5}}", "{a: {at_least: 5}, b: {at_most: 9}}"))
    verdicts = Verdicts(compile_rule_set(rule_set), UNLIMITED)
    clauses = verdicts.clauses[2]
    counted = verdicts.taken(2)
    assert verdicts.count(clauses) == counted.profiles
    assert counted.profiles
    monkeypatch.setattr("iopscreen.engine.boxes.MAX_BOXES", 0)
    assert verdicts.count(clauses) is None
    uncounted = verdicts.taken(2)
    assert uncounted.profiles is None
    assert {taker.profiles for taker in uncounted.takers} == {None}
    assert {taker.position for taker in uncounted.takers} == {taker.position for taker in counted.takers}


def test_only_the_takers_whose_part_is_too_many_boxes_are_not_counted(monkeypatch):
    """What the first rule has of the third one's callers are three boxes, what the second has is one."""
    either = "{any_of: [{b: {is: 1}, c: {is: 1}}, {b: {at_most: 1}, kind: x}]}"
    rule_set = limited(rules(either, "{b: {is: 2}, c: {is: 1}, kind: x}", "{a: {is: 0}, b: {at_most: 2}}"))
    verdicts = Verdicts(compile_rule_set(rule_set), UNLIMITED)
    by_rule = {taker.position: taker.profiles for taker in verdicts._weighed(2, verdicts._parts(verdicts.clauses[2]))}
    assert by_rule == {0: 5, 1: 1}
    monkeypatch.setattr("iopscreen.engine.boxes.MAX_BOXES", 1)
    weighed = verdicts._weighed(2, verdicts._parts(verdicts.clauses[2]))
    assert [(taker.position, taker.profiles) for taker in weighed] == [(1, 1), (0, None)]
    monkeypatch.setattr(budget, "ROUNDS_A_LOOK", 1)
    with pytest.raises(OutOfTime):  # at the second look, so that it is no matter of boxes
        verdicts.within(Budget(2, count().__next__))._met([{}], 0)


def test_parts_that_exclude_everybody_are_kept_where_one_has_too_many_alternatives(monkeypatch):
    """Without the first part nobody is left either, and with so many alternatives that is not found out."""
    rule_set = limited(rules("{}", f"{{all_of: [{{b: {{is: 1}}}}, {PAIRS}, {{a: {{is: 0}}}}]}}"))
    verdicts, condition = Verdicts(compile_rule_set(rule_set), UNLIMITED), rule_set.rules[1].condition
    assert len(verdicts.clash(condition)) == 2
    monkeypatch.setattr("iopscreen.engine.clauses.MAX_CLAUSES", 2)
    assert len(verdicts.clash(condition)) == 3


def test_a_question_may_matter_where_it_is_too_tangled_to_tell(monkeypatch):
    tied = """\
impossible:
  - {id: ab, when: {a: {is: 1}, not: {b: {is: 1}}}, because: r}
  - {id: ba, when: {b: {is: 1}, not: {a: {is: 1}}}, because: r}
"""
    compiled = compile_rule_set(limited(tied + rules("{a: {is: 1}, c: {is: 1}}").replace("high", "low")))
    assert cannot_matter(compiled, {"c": 0}, "b", ["a"])
    open_answers = {"b": 1, "a": 1}
    assert not cannot_matter(compiled, open_answers, "c", ["kind"])
    monkeypatch.setattr("iopscreen.engine.diagram.MAX_PAIRS", 0)
    assert not cannot_matter(compiled, open_answers, "c", ["kind"])


def test_other_readings_are_compared_by_search_where_the_diagrams_are_too_large(monkeypatch):
    setting = "settings: {lax: {means: L, type: yes_no, value: no}}\n"
    rest = "  - {id: rest, when: {b: {below: 5}}, recommend: low, because: of a reason, basis: site}\n"
    rule_set = limited(setting + rules("{a: {at_least: 5}}", "{lax: yes, c: {is: 9}}") + rest)
    by_diagram = {(one.old, one.new) for one in under_reading(rule_set, {"lax": "yes"})}
    assert by_diagram == {("low", "high"), ("no_rule", "high")}
    with pytest.raises(OutOfTime):
        list(under_reading(rule_set, {"lax": "yes"}, Budget(0)))
    monkeypatch.setattr("iopscreen.engine.joint.MAX_EDGES_OF_ALL", 0)
    by_search = list(under_reading(rule_set, {"lax": "yes"}))
    assert {(one.old, one.new) for one in by_search} == by_diagram
    assert all(one.answers["c"] == 9 and one.answers["a"] < 5 for one in by_search)
    with pytest.raises(OutOfTime):
        list(under_reading(rule_set, {"lax": "yes"}, Budget(0)))


def test_a_way_that_is_too_tangled_to_draw_is_none(monkeypatch):
    compiled = compile_rule_set(limited(rules("{a: {is: 1}, b: {is: 1}}")))
    assert flow(compiled) is not None
    monkeypatch.setattr("iopscreen.engine.flow.MAX_EDGES", 0)
    assert flow(compiled) is None


def test_a_changed_rule_of_too_many_alternatives_is_too_tangled(monkeypatch):
    compiled = compile_rule_set(limited(rules("{a: {is: 1}}", "{a: {is: 2}}", "{a: {is: 3}}", PAIRS)))
    condition = compiled.rule_set.rules[3].condition
    maker = MutantMaker(compiled)
    assert maker.mutant(Edit(0, condition=condition)).turns
    monkeypatch.setattr("iopscreen.engine.clauses.MAX_CLAUSES", 2)
    with pytest.raises(TooTangled):
        maker.mutant(Edit(0, condition=condition))
