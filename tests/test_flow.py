"""The flow that is drawn is the interview: the same questions in the same order, and the same end."""

from __future__ import annotations

from itertools import combinations

import pytest
from oracle import Oracle
from random_rule_sets import made

from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.engine.flow import Asked, End, Flow, Rest, flow
from iopscreen.report.flow_picture import _lanes
from iopscreen.ruleset.model import NO_RULE, Answers
from iopscreen.ruleset.reader import understand


def compiled(seed: int) -> Compiled:
    return compile_rule_set(understand(made(seed).text.encode(), "test.yaml").rule_set)


def walked(compiled: Compiled, found: Flow, profile: Answers) -> tuple[list[str], End | Rest]:
    """The questions that a caller is asked, and where that ends."""
    asked, step = [], found.steps[0]
    while isinstance(step, Asked):
        asked.append(step.question)
        block = compiled.blocks[step.question].block_of(profile[step.question])
        [to] = [branch.to for branch in step.branches if block in branch.blocks]
        step = found.steps[to]
    return asked, step


def interviewed(compiled: Compiled, profile: Answers) -> tuple[list[str], str]:
    """The same, by deciding anew after every answer."""
    answers, asked = {}, []
    while (decision := decide(compiled, answers)).ask_next:
        question = decision.ask_next[0]
        answers[question] = profile[question]
        asked.append(question)
    return asked, decision.possible[0]


@pytest.mark.parametrize("seed", range(60))
def test_the_flow_asks_and_ends_as_the_interview_does(seed):
    rules = compiled(seed)
    found = flow(rules, limit=10_000)
    oracle = Oracle(rules.rule_set)
    ends = set()
    if found is None:
        with pytest.raises(ImpossibleAnswers):
            decide(rules, {})
        return
    for profile in oracle.possible({}):
        asked, end = walked(rules, found, profile)
        assert isinstance(end, End)
        assert (asked, end.outcome) == interviewed(rules, profile)
        ends.add((end, oracle.fate(profile).rule))
    for end in (step for step in found.steps if isinstance(step, End)):
        # Every rule that an end names decides somebody there, and nobody else does.
        assert {rule for reached, rule in ends if reached == end} == {
            *(rules.rule_set.rules[place].id for place in end.rules),
            *([None] if end.outcome == NO_RULE else []),
        }


@pytest.mark.parametrize("seed", range(60, 90))
def test_what_is_left_out_is_said(seed):
    rules = compiled(seed)
    whole, found = flow(rules, limit=10_000), flow(rules, limit=3)
    if whole is None or found is None:
        assert whole is found
        return
    if len(whole.steps) <= 3:
        assert found == whole
    for profile in Oracle(rules.rule_set).possible({}):
        asked, end = walked(rules, found, profile)
        all_asked, last = walked(rules, whole, profile)
        assert asked == all_asked[: len(asked)]
        if isinstance(end, Rest):
            assert found.cut
            assert last.outcome in end.outcomes
            assert all_asked[len(asked)] == end.questions[0]
            assert end.questions == decide(rules, {name: profile[name] for name in asked}).ask_next
        else:
            assert end.outcome == last.outcome
            assert set(last.rules) <= set(end.rules)


def written(questions: str, *rules: str, impossible: str = "[]") -> Compiled:
    """A rule set of three outcomes; each rule as its condition and what it recommends."""
    text = f"""format: 1
id: x
version: "1.0.0"
title: X
policy: first
outcomes: {{a: {{label: A}}, b: {{label: B}}, c: {{label: C}}}}
questions: {questions}
impossible: {impossible}
rules:
"""
    for number, rule in enumerate(rules):
        when, recommend = rule.split(" -> ")
        text += f"  - {{id: r{number}, when: {when}, recommend: {recommend}, because: x, basis: site}}\n"
    return compile_rule_set(understand(text.encode(), "test.yaml").rule_set)


SURE_AND_OLD = '{sure: {ask: "?", type: yes_no}, old: {ask: "?", type: yes_no}}'


def test_a_question_that_only_settles_which_rule_decides_is_not_asked_and_all_these_are_named():
    rules = written(SURE_AND_OLD, "{sure: yes, old: yes} -> a", "{old: yes} -> a", "{sure: yes} -> b", "{} -> b")
    asked, *ends = flow(rules).steps
    assert asked.question == "old"
    assert ends == [End("a", (0, 1)), End("b", (2, 3))]


def test_ends_at_which_other_rules_decide_are_two_where_there_is_room_for_them():
    days = '{days: {ask: "?", type: whole_number, range: [0, 2]}}'
    rules = written(days, "{days: {is: 0}} -> a", "{days: {is: 1}} -> a", "{} -> b")
    apart = [End("a", (0,)), End("a", (1,)), End("b", (2,))]
    assert [*flow(rules).steps[1:]] == [*flow(rules, limit=4).steps[1:]] == apart
    assert [*flow(rules, limit=3).steps[1:]] == [End("a", (0, 1)), End("b", (2,))]


def test_so_many_steps_are_met():
    names = [f"q{number}" for number in range(5)]
    rules = written(
        "{" + ", ".join(f'{name}: {{ask: "?", type: yes_no}}' for name in names) + "}",
        *(f"{{{name}: no}} -> a" for name in names),
        "{} -> b",
    )
    for limit, asked in ((2, 1), (3, 2), (4, 3), (5, 4), (6, 5), (7, 5)):
        found = flow(rules, limit=limit)
        assert [step.question for step in found.steps if isinstance(step, Asked)] == names[:asked]
        assert found.cut == (asked < len(names))


def test_a_step_of_an_earlier_question_stands_behind_all_that_lead_to_it():
    """`x` and `y` are just what the other is not, so that they matter together alone, and only at the end."""
    questions = ", ".join(f'{name}: {{ask: "?", type: yes_no}}' for name in ("x", "y", "d", "e"))
    found = flow(
        written(
            f"{{{questions}}}",
            *("{d: yes, x: yes} -> a", "{d: yes} -> b", "{e: yes, x: yes} -> a", "{e: yes} -> b", "{} -> c"),
            impossible="[{id: i, when: {x: yes, y: yes}, because: r}, {id: j, when: {x: no, y: no}, because: r}]",
        )
    )
    asked = [step for step in found.steps if isinstance(step, Asked)]
    assert [step.question for step in asked] == ["d", "e", "x"]
    assert [2 in {branch.to for branch in step.branches} for step in asked] == [True, True, False]


def test_all_that_can_still_matter_is_named_where_nothing_is_drawn():
    questions = ", ".join(f'{name}: {{ask: "?", type: yes_no}}' for name in "pqr")
    rules = written(
        f"{{{questions}}}",
        *("{p: yes} -> a", "{q: yes} -> b", "{r: yes} -> c"),
        impossible="[{id: i, when: {p: yes, q: yes, r: yes}, because: x}]",
    )
    assert flow(rules, limit=0).steps == (Rest(("p", "q", "r"), ("a", "b", "c", NO_RULE)),)
    assert decide(rules, {}).ask_next == ("p", "q", "r")


def test_many_ends_of_one_step_are_one_for_each_outcome():
    age = '{age: {ask: "?", type: whole_number, range: [0, 99]}}'
    found = flow(written(age, *(f"{{age: {{is: {number}}}}} -> {'ab'[number % 2]}" for number in range(100))))
    assert not found.cut
    assert [step.outcome for step in found.steps[1:]] == ["a", "b"]
    assert found.steps[1].rules == tuple(range(0, 100, 2))


@pytest.mark.parametrize("seed", range(40))
def test_lines_in_one_lane_do_not_meet(seed):
    found = flow(compiled(seed))
    asked = [step for step in (found.steps if found else ()) if isinstance(step, Asked)]
    lanes = _lanes(asked)
    assert [lane.to for lane in sorted(lanes, key=lambda lane: lane.to)] == list(range(1, len(asked)))
    for one, other in combinations(lanes, 2):
        assert one.first < one.to
        assert one.number != other.number or one.to <= other.first or other.to <= one.first


@pytest.mark.parametrize("seed", range(40))
def test_every_step_stands_before_those_that_it_leads_to(seed):
    found = flow(compiled(seed))
    for number, step in enumerate(found.steps if found else ()):
        if isinstance(step, Asked):
            assert all(branch.to > number for branch in step.branches)
            assert len({branch.to for branch in step.branches}) == len(step.branches) > 1
