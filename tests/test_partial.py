"""A decision by witness search against the decision by diagram, on random rule sets and answers."""

from __future__ import annotations

from random import Random

import pytest
from random_rule_sets import made, random_answers

from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide
from iopscreen.engine.diagram import Diagram
from iopscreen.engine.partial import decide_by_search, restricted
from iopscreen.ruleset.model import Answers
from iopscreen.ruleset.reader import understand

SHARES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)


def by_diagram(compiled: Compiled, answers: Answers) -> Decision | list[str]:
    try:
        return decide(compiled, answers)._replace(notes=())
    except ImpossibleAnswers as refused:
        return [entry.id for entry in refused.entries]


def by_search(compiled: Compiled, answers: Answers, *, ask: bool) -> Decision | list[str]:
    try:
        return decide_by_search(compiled, answers, UNLIMITED, ask=ask)
    except ImpossibleAnswers as refused:
        return [entry.id for entry in refused.entries]


def test_the_search_decides_as_the_diagram_does():
    kinds = {"impossible": 0, "open": 0, "decided": 0, "no rule": 0, "together": 0}
    for seed in range(150):
        rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
        compiled, random = compile_rule_set(rule_set), Random(seed)
        for share in SHARES:
            answers = random_answers(random, rule_set, share)
            right = by_diagram(compiled, answers)
            found = by_search(compiled, answers, ask=False)
            if isinstance(right, list):
                kinds["impossible"] += 1
                assert found == by_search(compiled, answers, ask=True) == right, seed
                continue
            assert found == right._replace(ask_next=(), not_needed=()), seed
            kinds["open"] += len(right.possible) > 1
            kinds["decided"] += right.recommendation is not None
            kinds["no rule"] += right.possible == ("no_rule",)
            kinds["together"] += not asked_alike(compiled, answers, right)
    assert all(kinds.values()), kinds


def asked_alike(compiled: Compiled, answers: Answers, right: Decision) -> bool:
    """Whether the search tells what can still matter; it does, but where no question matters alone."""
    try:
        assert by_search(compiled, answers, ask=True) == right
    except TooTangled:
        assert len(right.possible) > 1
        diagram = compiled.diagram()
        root = compiled.rules.build(diagram, compiled.known(answers))
        assert nothing_matters_alone(compiled, diagram, diagram.relabel(root, compiled.outcome_of))
        return False
    return True


def nothing_matters_alone(compiled: Compiled, diagram: Diagram, root: int) -> bool:
    """No level by itself tells two outcomes apart; labels of impossible combinations are negative numbers."""
    return not any(
        diagram.differs_by(root, {level}, lambda label: isinstance(label, int)) for level in compiled.level.values()
    )


@pytest.mark.parametrize("seed", range(40))
def test_what_is_left_of_a_rule_set_tests_no_known_level_and_means_the_same(seed):
    rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
    compiled, random = compile_rule_set(rule_set), Random(seed)
    known = compiled.known(random_answers(random, rule_set, 0.5))
    left = restricted(compiled, known)
    assert not any(level in known for clause, _ in left.rules.rows for level in clause)
    assert left.rules.rows[: len(left.impossible)] == left.impossible
    diagram = compiled.diagram()
    assert left.rules.build(diagram, {}) == compiled.rules.build(diagram, known)


def test_an_entry_is_named_only_where_it_is_the_first_to_exclude_somebody():
    """The second one is a part of the first, by the first of its two alternatives."""
    text = """\
format: 1
id: named
version: "1.0.0"
title: Named
policy: first
outcomes: {low: {label: Low}}
questions: {a: {ask: A, type: yes_no}, b: {ask: B, type: yes_no}}
impossible:
  - {id: alike, when: {any_of: [{a: yes, b: yes}, {a: no, b: no}]}, because: r}
  - {id: part, when: {a: yes, b: yes}, because: r}
  - {id: otherwise, when: {any_of: [{a: yes, b: no}, {a: no, b: yes}]}, because: r}
  - {id: last, when: {}, because: r}
rules:
  - {id: r, when: {}, recommend: low, because: r, basis: site}
"""
    compiled = compile_rule_set(understand(text.encode(), "named.yaml").rule_set)
    named = ["alike", "otherwise"]
    assert by_search(compiled, {}, ask=False) == by_diagram(compiled, {}) == named
    assert by_search(compiled, {"a": "yes"}, ask=False) == by_diagram(compiled, {"a": "yes"}) == named
    both = {"a": "yes", "b": "yes"}
    assert by_search(compiled, both, ask=True) == by_diagram(compiled, both) == ["alike"]


def test_no_time_is_no_decision():
    compiled = compile_rule_set(understand(made(0).text.encode(), "random.yaml").rule_set)
    with pytest.raises(OutOfTime):
        decide_by_search(compiled, {}, Budget(0), ask=True)
