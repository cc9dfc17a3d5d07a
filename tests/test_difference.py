"""Who is recommended something else under an assumption, or another reading: against every caller."""

from __future__ import annotations

from functools import cache
from math import prod
from random import Random

import pytest
from oracle import Oracle, fate_of
from random_rule_sets import made

from iopscreen.engine import joint
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import compile_rule_set, deciding_conditions
from iopscreen.engine.counts import whole
from iopscreen.engine.decide import ANY
from iopscreen.engine.difference import assumption_by_search, under_reading, without_assumption
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset import model
from iopscreen.ruleset.model import NO_RULE, Kind
from iopscreen.ruleset.reader import understand

SEEDS = range(40)
WITH_SETTINGS = range(140)


class Brute:
    """A rule set, and what becomes of every caller under it and under other values of its settings."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.rule_set = understand(made(f"difference {seed}").text.encode(), "test.yaml").rule_set
        self.oracle = Oracle(self.rule_set)
        self.few = prod(map(len, self.oracle.domains.values())) <= 200
        self.possible = self.oracle.possible({}) if self.few else []
        self.outcomes = (*self.rule_set.outcome, NO_RULE)

    def completed(self, answers):
        """Every caller whom a witness stands for."""
        return list(self.oracle.completions({name: value for name, value in answers.items() if value != ANY}))

    def check_in_file_order(self, found):
        """One caller for each two outcomes, in the order of the file."""
        ends = [(self.outcomes.index(one.old), self.outcomes.index(one.new)) for one in found]
        assert ends == sorted(set(ends))

    def under(self, readings):
        """The same rule set with other values of its settings."""
        settings = [one._replace(value=readings.get(one.id, one.value)) for one in self.rule_set.settings]
        return self.rule_set._replace(settings=tuple(settings))

    @property
    def rests_on_settings(self):
        tests = [test for condition in deciding_conditions(self.rule_set) for test in model.tests_of(condition)]
        named = {test.subject for test in tests}
        named |= {bound.limit for test in tests if isinstance(test, model.NumberTest) for bound in test.bounds}
        return not named.isdisjoint(setting.id for setting in self.rule_set.settings)

    def reading(self):
        """Other values of some settings, such as a rule file could have."""
        chosen = self.random.sample(self.rule_set.settings, self.random.randint(1, len(self.rule_set.settings)))
        return {setting.id: self.random.choice(self.values(setting)) for setting in chosen}

    def values(self, setting):
        if setting.kind is Kind.WHOLE_NUMBER:
            return range(setting.value - 3, setting.value + 4)
        return [option.id for option in setting.options] or ["yes", "no"]


brute = cache(Brute)


def small(seeds):
    return [brute(seed) for seed in seeds if brute(seed).few]


# --- an assumed answer ----------------------------------------------------------------------


def test_an_assumption_changes_what_callers_with_another_answer_are_told():
    seen = {True: 0, False: 0}
    for one in small(SEEDS):
        compiled = compile_rule_set(one.rule_set)
        everything, verdicts = whole(compiled), Verdicts(compiled, UNLIMITED)
        for question in [question.id for question in compiled.deciding]:
            assumed = one.random.choice(one.oracle.domains[question])
            expected = changes_without(one, question, assumed)
            found = list(without_assumption(everything, question, assumed))
            assert {(value, change.old, change.new) for value, change in found} == expected
            for value, _ in found:
                one.check_in_file_order([change for other, change in found if other == value])
            by_search = assumption_by_search(verdicts, question, assumed)
            assert (by_search is None) == (not expected)
            for value, change in [*found, *([by_search] if by_search else [])]:
                assert (value, change.old, change.new) in expected
                assert change.answers[question] == assumed
                for answer, outcome in ((assumed, change.old), (value, change.new)):
                    fates = [one.oracle.fate(caller) for caller in one.completed({**change.answers, question: answer})]
                    assert {(fate.impossible, fate.outcome) for fate in fates} == {(None, outcome)}
            seen[bool(expected)] += 1
    assert min(seen.values()) > 20, seen


def changes_without(one, question, assumed):
    """The other answers, first of their kind, with what is said on the assumed one and on them to some caller."""
    blocks = compile_rule_set(one.rule_set).blocks[question]
    found = set()
    for profile in one.possible:
        block = blocks.block_of(profile[question])
        fate = one.oracle.fate({**profile, question: assumed})
        if block != blocks.block_of(assumed) and fate.impossible is None:
            found.add((blocks.example(block), fate.outcome, one.oracle.fate(profile).outcome))
    return {(value, old, new) for value, old, new in found if old != new}


# --- another reading ------------------------------------------------------------------------


def changes_under(one, other):
    """Every two outcomes between which a reading changes some caller who is possible under both."""
    fates = [(fate_of(one.rule_set, profile), fate_of(other, profile)) for profile in callers(one, other)]
    return {
        (old.outcome, new.outcome)
        for old, new in fates
        if not old.impossible and not new.impossible and old.outcome != new.outcome
    }


def callers(one, other):
    """Every caller that one of two readings tells from others."""
    both, more = Oracle(one.rule_set), Oracle(other)
    merged = Oracle(one.rule_set)
    merged.domains = {
        name: tuple(dict.fromkeys((*both.domains[name], *more.domains[name]))) for name in one.rule_set.question
    }
    return list(merged.completions({}))


@pytest.mark.parametrize("by_search", [False, True])
def test_another_reading_changes_what_some_callers_are_told(by_search, monkeypatch):
    if by_search:  # where no diagram fits
        monkeypatch.setattr(joint, "MAX_EDGES_OF_ALL", -1)
    seen = {True: 0, False: 0}
    for one in small(WITH_SETTINGS):
        for _ in range(2 if one.rests_on_settings else 0):
            readings = one.reading()
            other = one.under(readings)
            expected = changes_under(one, other)
            found = list(under_reading(one.rule_set, readings))
            assert len(found) == len(expected)
            assert {(change.old, change.new) for change in found} == expected
            if not by_search:
                one.check_in_file_order(found)
            for change in found:
                for caller in one.completed(change.answers):
                    fates = fate_of(one.rule_set, caller), fate_of(other, caller)
                    assert not any(fate.impossible for fate in fates)
                    assert tuple(fate.outcome for fate in fates) == (change.old, change.new)
            seen[bool(expected)] += 1
    assert min(seen.values()) > 10, seen


def test_out_of_time_is_not_too_tangled():
    """Else a search would go on where no time is left."""
    one = next(one for one in small(WITH_SETTINGS) if one.rests_on_settings)
    with pytest.raises(OutOfTime):
        list(under_reading(one.rule_set, one.reading(), Budget(0)))
    compiled = compile_rule_set(one.rule_set)
    with pytest.raises(TooTangled):
        whole(compiled, Budget(0))
