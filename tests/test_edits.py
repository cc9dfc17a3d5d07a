"""One changed rule beside the original, against brute force: by diagram, by search, and for single callers."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from random import Random

import pytest
from oracle import Oracle, fate_of, is_known
from random_rule_sets import made, random_answers
from test_mutants import Beside, edited

from iopscreen.audit.operators import changes_to
from iopscreen.engine import mutate
from iopscreen.engine.blocks import NOWHERE
from iopscreen.engine.budget import Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.decide import ANY, decide
from iopscreen.engine.mutate import Edit, MutantMaker
from iopscreen.ruleset import model
from iopscreen.ruleset.model import AllOf
from iopscreen.ruleset.reader import understand

SEEDS = [seed for seed in range(24) if seed not in (11, 17, 21, 22)]  # these have many profiles
CHANGES = 12
"""Of how many of its changes, drawn at random, each rule set is asked."""


class One:
    """A small random rule set, some mutants of it, and the same by hand."""

    def __init__(self, seed: int) -> None:
        random = Random(f"edits {seed}")
        self.rule_set = understand(made(f"edits {seed}").text.encode(), "test.yaml").rule_set
        self.oracle = Oracle(self.rule_set)
        self.compiled = compile_rule_set(self.rule_set)
        self.maker = MutantMaker(self.compiled)
        changes = list(changes_to(self.rule_set))
        self.edits = [one.edit for one in random.sample(changes, min(CHANGES, len(changes)))]
        self.mutants = [self.maker.mutant(edit) for edit in self.edits]
        self.besides = [Beside(self.oracle, edited(self.rule_set, edit)) for edit in self.edits]
        shares = (1, 1, 0.8, 0.5, 0.3, 0)
        answers = [random_answers(random, self.rule_set, share) for share in shares]
        self.answers = [one for one in answers if self.oracle.possible(one)]

    def pairs(self):
        return zip(self.mutants, self.besides, strict=True)


one = cache(One)


def known_part(rule_set, answers):
    return {name: answer for name, answer in answers.items() if is_known(answers, name) and name in rule_set.question}


def exchanges(beside, answers):
    """By brute force, what is recommended before and after to completions of `answers`, where these differ."""
    return {pair for pair in beside.outcomes(answers) if pair[0] != pair[1]}


def check_shown(found, beside):
    """Every caller whom a profile stands for sees the exchange."""
    for exchange, profile in found.items():
        answers = {name: answer for name, answer in profile.items() if answer != ANY}
        assert list(profile) == list(beside.oracle.rule_set.question)
        assert beside.outcomes(answers) == {exchange}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_exchange_is_found_by_diagram(seed):
    for mutant, beside in one(seed).pairs():
        found = mutate.differing(mutant)
        assert set(found) == exchanges(beside, {})
        check_shown(found, beside)


@pytest.mark.parametrize("limit", ["mutate.MAX_EDGES", "clauses.MAX_CLAUSES"])
@pytest.mark.parametrize("seed", SEEDS)
def test_one_exchange_is_found_by_search_where_a_diagram_grows_too_large(seed, limit, monkeypatch):
    mine = one(seed)
    monkeypatch.setattr(f"iopscreen.engine.{limit}", -1)
    for mutant, beside in mine.pairs():
        found = mutate.differing(mutant)
        expected = exchanges(beside, {})
        assert len(found) == bool(expected)
        assert set(found) <= expected
        check_shown(found, beside)


@pytest.mark.parametrize("seed", SEEDS)
def test_exchanges_among_completions(seed):
    mine = one(seed)
    for answers in mine.answers:
        known = mine.compiled.known(answers)
        for mutant, beside in mine.pairs():
            expected = exchanges(beside, known_part(mine.rule_set, answers))
            assert mutate.exchanged(mutant, answers, known) == expected
            found = mutate.exchange_by_search(mutant, mutate.placed(mutant, answers, known))
            assert (found is None) == (not expected)
            if found:
                assert found.exchange in expected
                check_shown({found.exchange: found.profile}, beside)
            assert mutate.touches(mutant, answers, known) or not expected


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mutant_decides_as_its_author_would_have_written_it(seed):
    mine = one(seed)
    for mutant, beside in mine.pairs():
        for answers in mine.answers:
            decision, verdict = decide(mutant.compiled, answers), beside.changed.decide(answers)
            assert decision.possible == verdict.possible
            assert {rule.id for rule in decision.rules} == set(verdict.rules)
            assert decision.ask_next == verdict.ask_next


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rule_that_comes_after_the_next_one_leaves_all_others_where_they_are(seed):
    mine = one(seed)
    rows, rules = mine.compiled.rules.rows, mine.rule_set.rules
    for position, (rule, after) in enumerate(pairwise(rules)):
        mutant = mine.maker.mutant(Edit(position, after_next=True))
        order = [*range(position), position + 1, position, *range(position + 2, len(rules))]
        moved = [row for place in order for row in rows if row[1] == place]
        assert mutant.compiled.rules.rows == (*mine.compiled.impossible, *moved)
        clauses = tuple(mine.compiled.maker.clauses(AllOf((rule.condition, after.condition))))
        turns = [(clauses, rule.recommend, after.recommend)] if clauses and rule.recommend != after.recommend else []
        assert [(turn.clauses, turn.before, turn.after) for turn in mutant.turns] == turns


def test_blocks_that_are_cut_more_finely_are_so_in_impossible_entries_too():
    finer = 0
    for mine in map(one, SEEDS):
        entries = [entry.condition for entry in mine.rule_set.impossible]
        tested = {test.subject for condition in entries for test in model.tests_of(condition)}
        edits = [change.edit for change in changes_to(mine.rule_set)]
        for edit in [edit for edit in edits if edit.test and edit.test.subject in tested][:10]:
            mutant = mine.maker.mutant(edit)
            compiled = mutant.original.compiled
            assert compiled.impossible == compiled.rules.rows[: len(compiled.impossible)]
            assert [clause for clause, _ in compiled.impossible] == [
                clause for condition in entries for clause in compiled.maker.clauses(condition)
            ]
            finer += mutant.subject is not None
    assert finer > 5


BY_A_SETTING = """\
format: 1
id: recent
version: "1.0.0"
title: A number beside a setting
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
settings: {recent: {means: R, type: whole_number, value: 5}}
questions: {days: {ask: D, type: whole_number, range: [0, 9]}}
rules:
  - {id: recent, when: {days: {below: recent}}, recommend: high, because: x, basis: site}
  - {id: rest, when: {}, recommend: low, because: x, basis: site}
"""


def test_blocks_that_are_cut_more_finely_are_still_cut_at_the_values_of_settings():
    maker = MutantMaker(compile_rule_set(understand(BY_A_SETTING.encode(), "test.yaml").rule_set))
    test = model.NumberTest("days", (model.Bound("below", 3, NOWHERE),), NOWHERE)
    mutant = maker.mutant(Edit(0, condition=test, test=test))
    assert mutant.original.compiled.blocks["days"].starts == [0, 3, 5]
    assert {tuple(found) for found in mutate.differing(mutant)} == {("high", "low")}


@pytest.mark.parametrize("seed", SEEDS)
def test_callers_are_of_the_outcomes_asked_for_and_see_what_changes_for_them(seed):
    mine = one(seed)
    for answers in mine.answers:
        possible = mine.oracle.decide(answers).possible
        callers = mine.maker.callers(answers, (*possible, "nothing"))
        assert [fate_of(mine.rule_set, caller.answers).outcome for caller in callers] == list(possible)
        for caller in callers:
            assert {**caller.answers, **known_part(mine.rule_set, answers)} == caller.answers
            assert fate_of(mine.rule_set, caller.answers).impossible is None
            assert caller.known == mine.compiled.known(caller.answers)
            for mutant, beside in mine.pairs():
                [(before, after)] = beside.outcomes(caller.answers)
                assert mutate.differs_for(mutant, caller) == ((before, after) if before != after else None)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_outcome_is_certain_where_every_completion_is_possible_and_has_it(seed):
    mine = one(seed)
    for answers in mine.answers:
        fates = [mine.oracle.fate(profile) for profile in mine.oracle.completions(answers)]
        outcomes = {None if fate.impossible else fate.outcome for fate in fates}
        assert mutate.certain(mine.compiled, answers) == (outcomes.pop() if len(outcomes) == 1 else None)


def test_what_is_past_a_limit_is_too_tangled_and_out_of_time_is_no_verdict(monkeypatch):
    mine = one(0)
    mutant = next(mutant for mutant in mine.mutants if mutate.differing(mutant))
    for limit in ("mutate.MAX_EDGES", "clauses.MAX_CLAUSES"):
        monkeypatch.setattr(f"iopscreen.engine.{limit}", -1)
        with pytest.raises(TooTangled):
            mutate.exchanged(mutant, {}, {})
        monkeypatch.undo()
    monkeypatch.setattr(mutate, "MAX_EDGES", -1)
    with pytest.raises(TooTangled):
        mine.maker.callers({}, mine.rule_set.outcome)
    monkeypatch.undo()
    with pytest.raises(OutOfTime):
        MutantMaker(mine.compiled, Budget(0)).mutant(mine.edits[0])
    late = mutant.original._replace(verdicts=mutant.original.verdicts.within(Budget(0)))
    with pytest.raises(OutOfTime):
        mutate.differing(mutant._replace(original=late))


def test_where_no_diagram_fits_the_mutants_are_compared_by_search_alone(monkeypatch):
    mine = one(0)
    assert mine.maker.original.small
    sure = next(answers for answers in mine.answers if mutate.certain(mine.compiled, answers))
    monkeypatch.setattr(mutate, "MAX_EDGES", -1)
    maker = MutantMaker(mine.compiled)
    assert not maker.original.small
    assert mutate.certain(mine.compiled, sure) is None
    monkeypatch.undo()
    found = [mutate.differing(maker.mutant(edit)) for edit in mine.edits]
    assert [len(one) for one in found] == [bool(mutate.differing(mutant)) for mutant in mine.mutants]
