"""The call-back plan, against trying every answer to every set of questions."""

from __future__ import annotations

import random
from collections import Counter

from conftest import RULES
from oracle import NoCompletion, Oracle
from random_rule_sets import made, random_answers

from iopscreen.batch import parts, sampling
from iopscreen.batch.parts import Open, Told
from iopscreen.batch.plan import MAX_STEPS, Plan, Step, call_back_plan
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.remainder import Remainder
from iopscreen.ruleset.reader import read_rule_file, understand


def left(oracle, answers, asked):
    """The sets of outcomes that the answers to `asked` leave, each found by trying everything."""
    outcomes: dict[tuple, set[str]] = {}
    for profile in oracle.possible(answers):
        told = tuple(profile[question] for question in asked)
        outcomes.setdefault(told, set()).add(oracle.fate(profile).outcome)
    return list(outcomes.values())


def matters(oracle, answers, question):
    """Whether an answer to `question` alone can change what becomes of a caller, being impossible included."""
    fates: dict[tuple, set] = {}
    for profile in oracle.completions(answers):
        fate = oracle.fate(profile)
        rest = tuple(value for name, value in profile.items() if name != question)
        fates.setdefault(rest, set()).add("impossible" if fate.impossible else fate.outcome)
    return any(len(found) > 1 for found in fates.values())


def naive_plan(oracle, rows):
    """The plan as its docstring has it."""
    questions = [question.id for question in oracle.rule_set.questions if not question.for_notes]

    def settled(answers, asked):
        return all(len(outcomes) == 1 for outcomes in left(oracle, answers, asked))

    def may_settle(answers, asked):
        return any(len(outcomes) == 1 for outcomes in left(oracle, answers, asked))

    waiting = [row for row in rows if not settled(row[0], ())]
    steps, asked, total = [], (), sum(count for _, count in waiting)
    while waiting and len(steps) < MAX_STEPS:
        found = []
        for name in questions:
            open_rows = sum(count for answers, count in waiting if matters(oracle, answers, name))
            if name in asked or not open_rows:
                continue
            with_it = (*asked, name)
            sure = [row for row in waiting if settled(row[0], with_it)]
            maybe = [row for row in waiting if row not in sure and may_settle(row[0], with_it)]
            found.append(Step(name, open_rows, sum(count for _, count in sure), sum(count for _, count in maybe)))
        steps.append(max(found, key=lambda step: (step.settled, step.open)))
        asked = (*asked, steps[-1].question)
        waiting = [row for row in waiting if not settled(row[0], asked)]
    return Plan(total, tuple(steps))


def test_plans_under_random_rule_sets_are_those_of_the_naive_one():
    seen = Counter()
    for seed in range(60):
        rule_set = understand(made(f"plan {seed}").text.encode(), "test.yaml").rule_set
        oracle, compiled, rng = Oracle(rule_set), compile_rule_set(rule_set), random.Random(seed)
        rows = []
        for _ in range(5):
            answers = random_answers(rng, rule_set, 0.4)
            try:
                oracle.decide(answers)
            except NoCompletion:
                continue
            rows.append((answers, rng.randint(1, 9)))
        found = call_back_plan(compiled, rows)
        assert found == naive_plan(oracle, rows), seed
        seen["steps"] += len(found.steps) > 1
        seen["impossible"] += bool(rule_set.impossible) and bool(found.steps)
        seen["sure"] += any(step.settled for step in found.steps[:1])
        seen["maybe"] += any(step.may_settle for step in found.steps)
    assert min(seen.values()) > 8, seen
    assert len(seen) == 4


def test_the_question_that_settles_most_comes_first():
    compiled = compile_rule_set(read_rule_file(str(RULES / "iop.yaml")).rule_set)
    safe = {"immediate_danger": "no", "detox_need": "no", "recent_psychiatric_discharge": "no"}
    home_open = {**safe, "condition_type": ("mania",)}
    condition_open = {**safe, "safe_living_environment": "yes"}
    nothing = {}
    found = call_back_plan(compiled, [(home_open, 5), (condition_open, 3), (nothing, 10)])
    assert found.rows == 18
    assert [(step.question, step.open, step.settled) for step in found.steps[:2]] == [
        ("safe_living_environment", 15, 5),
        ("condition_type", 13, 3),
    ]
    assert sum(step.settled for step in found.steps) == 18
    # Danger settles those of whom nothing is known if it is answered with yes, and only then.
    assert next(step for step in found.steps if step.question == "immediate_danger").may_settle == 10


def test_decided_rows_need_no_plan():
    compiled = compile_rule_set(read_rule_file(str(RULES / "iop.yaml")).rule_set)
    assert call_back_plan(compiled, [({"immediate_danger": "yes"}, 3)]) == Plan(0, ())
    assert call_back_plan(compiled, []) == Plan(0, ())


def test_a_sample_is_even_and_the_same_in_any_order():
    for seed in range(200):
        rng = random.Random(seed)
        rows = {f"kind {number}": rng.choice([1, 1, 2, 50]) for number in range(rng.randint(1, 40))}
        ranks = {kind: sampling.rank(kind) for kind in rows}
        total = sum(rows.values())
        most = rng.randint(1, total)
        taken = sampling.systematic(rows, ranks, most)
        assert sum(taken.values()) == most
        for kind, count in rows.items():
            assert abs(taken.get(kind, 0) - count * most / total) < 1
        assert sampling.systematic(dict(rng.sample(list(rows.items()), len(rows))), ranks, most) == taken
        assert sampling.systematic(rows, ranks, total) == rows


def test_the_same_kinds_are_kept_whenever_they_are_met(monkeypatch):
    monkeypatch.setattr(parts, "MAX_KINDS", 10)
    for seed in range(30):
        rng = random.Random(seed)
        told = [Told("undecided", open=Open(Remainder(rng.randint(1, 40), (1,)), ())) for _ in range(300)]
        told += [Told("iop")] * 5
        results = []
        for _ in range(2):
            rng.shuffle(told)
            total, at = parts.Part(), 0
            while at < len(told):
                size = rng.randint(1, 60)
                total.add(parts.Part(told=Counter(told[at : at + size])))
                at += size
            results.append(parts.few_kinds(total.told))
        assert results[0] == results[1]
        assert results[0].total() == len(told) and results[0][Told("iop")] == 5
        kept = {key.open: rows for key, rows in results[0].items() if key.open}
        assert len(kept) == 10
        assert all(rows == sum(one.open == kind for one in told) for kind, rows in kept.items())
