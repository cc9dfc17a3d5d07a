"""What is still to be asked, may come, or can be left out: against every completion, on small random rule sets."""

from __future__ import annotations

from itertools import combinations
from math import prod
from random import Random

from oracle import Oracle
from random_rule_sets import made, random_answers

from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.decide import decide
from iopscreen.engine.unasked import cannot_matter, may_come, to_ask, unasked
from iopscreen.ruleset.model import Unanswered
from iopscreen.ruleset.reader import understand


def drawn(seeds):
    """Small random rule sets with possible answers: the compiled one, the oracle, the answers, and what to say."""
    for seed in seeds:
        text = made(f"unasked {seed}").text
        rule_set = understand(text.encode(), "test.yaml").rule_set
        oracle, random = Oracle(rule_set), Random(seed)
        if prod(map(len, oracle.domains.values())) > 300:
            continue
        compiled = compile_rule_set(rule_set)
        for share in (0, 0.2, 0.5, 0.8):
            answers = random_answers(random, rule_set, share)
            if oracle.possible(answers):
                yield compiled, oracle, answers, f"seed {seed}, answers {answers}\n{text}"


def open_to(oracle, answers):
    """The deciding questions that were not asked, in the order of the file."""
    return [one.id for one in oracle.rule_set.questions if not one.for_notes and one.id not in answers]


TIED = (248, 2381)
"""Rule sets with answers to which no question that was not asked matters alone, and several together do."""


def test_what_is_to_be_asked_is_what_can_matter_alone_or_else_a_smallest_set_together():
    seen = set()
    for compiled, oracle, answers, about in drawn((*range(40), *TIED)):
        absent, verdict = open_to(oracle, answers), oracle.decide(answers)
        expected = [question for question in verdict.ask_next if question in absent]
        if not expected and len(verdict.possible) > 1:
            expected = smallest(oracle, answers, absent)
            seen.add(len(expected))
        assert unasked(compiled, answers) == tuple(absent), about
        assert to_ask(compiled, decide(compiled, answers)) == tuple(expected), about
    assert seen == {0, 3}


def smallest(oracle, answers, absent):
    """The first smallest set of questions in which two possible completions of different outcomes differ alone."""
    profiles = oracle.possible(answers)
    sets = (chosen for size in range(1, len(absent) + 1) for chosen in combinations(absent, size))
    return next((chosen for chosen in sets if oracle._differ_in(profiles, chosen)), ())


def tells_apart(oracle, answers, question):
    """Whether two completions that differ in a question alone differ in outcome, or in who excludes them."""
    said = {}
    for profile in oracle.completions(answers):
        fate = oracle.fate(profile)
        rest = tuple(value for name, value in profile.items() if name != question)
        said.setdefault(rest, set()).add(fate.impossible or (fate.outcome,))
    return any(len(words) > 1 for words in said.values())


def test_no_other_question_ever_comes_than_those_that_may():
    some = 0
    for compiled, oracle, answers, about in drawn(range(100, 130)):
        decision, random = decide(compiled, answers), Random(about)
        absent = open_to(oracle, answers) if len(decision.possible) > 1 else []
        coming = [question for question in absent if tells_apart(oracle, answers, question)]
        assert may_come(compiled, decision) == tuple(coming), about
        for _ in range(5):
            more = random_answers(random, oracle.rule_set, 0.5) | answers
            if oracle.possible(more):
                assert {*to_ask(compiled, decide(compiled, more))} <= {*coming}, about
        some += len(decision.possible) > 1 and len(coming) < len(absent)
    assert some > 2


def test_what_cannot_matter_matters_neither_alone_nor_with_what_was_left_out():
    seen = {True: 0, False: 0}
    for compiled, oracle, answers, about in drawn(range(200, 240)):
        random, profiles, verdict = Random(about), oracle.possible(answers), oracle.decide(answers)
        for question in open_to(oracle, answers):
            others = [name for name in open_to(oracle, answers) if name != question]
            left_out = random.sample(others, random.randint(0, len(others)))
            never = not tells_apart(oracle, answers, question)
            together = oracle._differ_in(profiles, (question, *left_out))
            expected = never or (not together and question not in verdict.ask_next)
            assert cannot_matter(compiled, answers, question, left_out) == expected, about
            seen[expected and not never] += 1
    assert min(seen.values()) > 5, seen


def test_twins_are_asked_together_where_another_question_is_not_known():
    """Two questions with one answer never matter alone; the third one does, and was asked in vain."""
    text = """\
format: 1
id: twins
version: "1.0.0"
title: Twins
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions:
  left: {ask: Left, type: yes_no}
  beside: {ask: Beside, type: yes_no}
  right: {ask: Right, type: yes_no}
impossible:
  - {id: one, when: {left: yes, right: no}, because: they are twins}
  - {id: other, when: {left: no, right: yes}, because: they are twins}
rules:
  - {id: both, when: {left: yes, right: yes, beside: yes}, recommend: high, because: of a reason, basis: site}
  - {id: rest, when: {}, recommend: low, because: of a reason, basis: site}
"""
    compiled = compile_rule_set(understand(text.encode(), "twins.yaml").rule_set)

    def asked(**answers):
        decision = decide(compiled, answers)
        return to_ask(compiled, decision), may_come(compiled, decision)

    assert asked() == (("beside",), ("left", "beside", "right"))
    assert asked(beside=Unanswered.UNKNOWN) == (("left", "right"), ("left", "right"))
    assert asked(beside=Unanswered.UNKNOWN, left=Unanswered.DECLINED) == ((), ("right",))
    assert asked(beside="no") == ((), ())
