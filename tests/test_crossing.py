"""Two callers whom one answer parts, by diagram and by search: against every caller of small random rule sets."""

from __future__ import annotations

from functools import cache
from math import prod
from random import Random

import pytest
from oracle import Oracle
from random_rule_sets import made

from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.counts import whole
from iopscreen.engine.crossing import crossing, crossing_by_search, outcomes, outcomes_of_all, parting
from iopscreen.engine.decide import ANY
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.reader import understand

SEEDS = range(60)
MAX_EDGES = 1_000_000


class Brute:
    """A rule set, compiled, and who is recommended what by looking at every caller."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.rule_set = understand(made(f"crossing {seed}").text.encode(), "test.yaml").rule_set
        self.oracle = Oracle(self.rule_set)
        self.compiled = compile_rule_set(self.rule_set)
        self.few = prod(map(len, self.oracle.domains.values())) <= 200
        self.possible = self.oracle.possible({}) if self.few else []
        self.questions = [one.id for one in self.rule_set.questions if not one.for_notes]

    def sides(self, question):
        """Some of the blocks of a question on either side; in each, several where there are many."""
        blocks = list(range(self.compiled.blocks[question].count))
        self.random.shuffle(blocks)
        place = self.random.randint(1, max(len(blocks) - 1, 1))
        return (blocks[:place], blocks[place:]) if self.random.random() < 0.7 else (blocks[:1], blocks[1:2])

    def parted(self, question, sides, among):
        """The blocks, here and beyond, and the outcomes, between which the answer parts somebody `among`."""
        found = set()
        for profile in among:
            block, here = self.block(question, profile), self.oracle.fate(profile).outcome
            for value in self.oracle.domains[question] if block in sides[0] else ():
                other = {**profile, question: value}
                fate, beyond = self.oracle.fate(other), self.block(question, other)
                if beyond in sides[1] and fate.impossible is None and fate.outcome != here:
                    found.add((block, beyond, here, fate.outcome))
        return found

    def block(self, question, profile):
        return self.compiled.blocks[question].block_of(profile[question])

    def check_shown(self, found, question):
        """Every caller whom it stands for is possible on both sides, and gets what is said there."""
        assert set(found.others) == set(self.rule_set.question) - {question}
        example = self.compiled.blocks[question].example
        for block, outcome in ((found.block, found.here), (found.beyond, found.there)):
            known = {name: answer for name, answer in found.others.items() if answer != ANY}
            completions = list(self.oracle.completions(known | {question: example(block)}))
            fates = [self.oracle.fate(profile) for profile in completions]
            assert {(fate.impossible, fate.outcome) for fate in fates} == {(None, outcome)}


brute = cache(Brute)


def small(seeds):
    return (brute(seed) for seed in seeds if brute(seed).few)


def test_an_answer_parts_callers_where_trying_everything_finds_some():
    seen = {(by_entries, some): 0 for by_entries in (False, True) for some in (False, True)}
    for one in small(SEEDS):
        everybody, verdicts = outcomes_of_all(whole(one.compiled)), Verdicts(one.compiled, UNLIMITED)
        for question in one.questions:
            sides = one.sides(question)
            expected = one.parted(question, sides, one.possible)
            where = parting(everybody, question, sides)
            found = [crossing_by_search(verdicts, question, sides)]
            found += [where and crossing(everybody, question, where)]
            for shown in found:
                assert (shown is None) == (not expected)
                if shown:
                    assert shown[1:] in expected
                    one.check_shown(shown, question)
            seen[everybody.some_excluded, bool(expected)] += 1
    assert all(number > 5 for number in seen.values()), seen


def test_among_those_with_some_answers_too():
    seen = {True: 0, False: 0}
    for one in small(SEEDS):
        for question in one.questions if one.possible else ():
            sides, profile = one.sides(question), one.random.choice(one.possible)
            names = [name for name in one.rule_set.question if name != question]
            answers = {name: profile[name] for name in one.random.sample(names, one.random.randint(0, len(names)))}
            expected = one.parted(question, sides, one.oracle.possible(answers))
            found = outcomes(one.compiled, one.compiled.known(answers), UNLIMITED, MAX_EDGES)
            where = parting(found, question, sides)
            assert (where is None) == (not expected)
            if where:
                assert {(where.block, where.beyond)} <= {parted[:2] for parted in expected}
            seen[bool(expected)] += 1
    assert min(seen.values()) > 20, seen


def test_a_question_that_no_rule_tests_parts_nobody():
    text = made("crossing 0").text.replace("questions:\n", "questions:\n  spare: {ask: Spare, type: yes_no}\n")
    compiled = compile_rule_set(understand(text.encode(), "test.yaml").rule_set)
    assert compiled.blocks["spare"].count == 1
    assert parting(outcomes_of_all(whole(compiled)), "spare", ([0], [0])) is None
    assert crossing_by_search(Verdicts(compiled, UNLIMITED), "spare", ([0], [0])) is None


def test_past_a_limit_nothing_is_said():
    one, question, sides = next(some_parted())
    with pytest.raises(TooTangled):
        outcomes(one.compiled, {}, UNLIMITED, -1)
    with pytest.raises(OutOfTime):
        outcomes(one.compiled, {}, Budget(0), MAX_EDGES)
    with pytest.raises(OutOfTime):
        crossing_by_search(Verdicts(one.compiled, Budget(0)), question, sides)


def some_parted():
    for one in small(SEEDS):
        for question in one.questions:
            sides = one.sides(question)
            if one.parted(question, sides, one.possible):
                yield one, question, sides
