"""Boundaries: which decide, and where cases stand, against brute force; and what is told of them."""

from __future__ import annotations

from collections import Counter
from math import prod
from random import Random

import pytest
from conftest import RULES, TESTS
from oracle import Oracle, holds
from random_rule_sets import made
from test_mutants import some_cases

from iopscreen.audit.boundaries import boundaries, parted
from iopscreen.audit.cases import run_cases
from iopscreen.audit.run import audit
from iopscreen.engine.budget import UNLIMITED, TooTangled
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.counts import whole
from iopscreen.engine.crossing import outcomes, outcomes_of_all, parting
from iopscreen.engine.verdicts import Verdicts
from iopscreen.report.audit import audit_json
from iopscreen.ruleset import model
from iopscreen.ruleset.model import Kind
from iopscreen.ruleset.reader import understand

FOLDER = TESTS / "cases" / "audit" / "uncovered-boundary"


def small(seed):
    """A random rule set, or None where it has too many profiles to try them all."""
    rule_set = understand(made(f"boundaries {seed}").text.encode(), "test.yaml").rule_set
    return rule_set if prod(map(len, Oracle(rule_set).domains.values())) <= 300 else None


SMALL = {seed: rule_set for seed in range(150) if (rule_set := small(seed))}


class Brute:
    """Every boundary as two sets of answers, by looking at every caller."""

    def __init__(self, rule_set):
        self.rule_set = rule_set
        self.oracle = Oracle(rule_set)
        self.possible = self.oracle.possible({})

    def drawn(self, question):
        """The two sides of each boundary of a question."""
        values = self.oracle.domains[question.id]
        if question.kind is Kind.WHOLE_NUMBER:
            return {frozenset([(number,), (number + 1,)]) for number in values if number + 1 in values}
        found = set()
        for rule in self.rule_set.rules:
            for test in model.tests_of(rule.condition):
                if test.subject == question.id:
                    passing = tuple(value for value in values if holds(test, {question.id: value}))
                    found.add(frozenset([passing, tuple(value for value in values if value not in passing)]))
        return {sides for sides in found if () not in sides}

    def crosses(self, question, first, second, among):
        """Whether changing the answer from one set to the other changes what somebody `among` gets."""
        here = [profile for profile in among if profile[question] in first]
        for profile in here:
            for value in second:
                other = self.oracle.fate({**profile, question: value})
                if other.impossible is None and other.outcome != self.oracle.fate(profile).outcome:
                    return True
        return False


def sides_of(brute, boundary):
    """The answers on the two sides of a boundary that the product has found."""
    if boundary.numbers:
        return tuple((number,) for number in boundary.numbers)
    name, test = boundary.question.id, boundary.tests[0]
    values = brute.oracle.domains[name]
    passing = tuple(value for value in values if holds(test, {name: value}))
    return passing, tuple(value for value in values if value not in passing)


@pytest.mark.parametrize("by_search", [False, True])
@pytest.mark.parametrize("seed", SMALL)
def test_boundaries_and_where_cases_stand_agree_with_brute_force(seed, by_search, monkeypatch):
    rule_set = SMALL[seed]
    brute, compiled = Brute(rule_set), compile_rule_set(rule_set)
    everything = None if by_search else whole(compiled)
    if by_search:
        monkeypatch.setattr("iopscreen.audit.boundaries.MAX_EDGES", -1)
    cases = [case for part in range(3) for case in some_cases(Random(f"{seed} {part}"), brute.oracle)]
    found = boundaries(Verdicts(compiled, UNLIMITED), everything, run_cases(compiled, cases))
    deciding = {
        (question.id, frozenset(sides))
        for question in rule_set.questions
        if not question.for_notes
        for sides in map(tuple, brute.drawn(question))
        if brute.crosses(question.id, *sides, brute.possible)
    }
    named = [(boundary.question.id, frozenset(sides_of(brute, boundary))) for boundary in found.deciding]
    assert len(named) == len(set(named))
    assert set(named) == deciding
    uncovered = {
        (one.boundary.question.id, sides_of(brute, one.boundary)[side]) for one in found.uncovered for side in one.sides
    }
    expected = set()
    for boundary in found.deciding:
        name, sides = boundary.question.id, sides_of(brute, boundary)
        for mine, other in (sides, sides[::-1]):
            if not any(covers(brute, case, name, mine, other) for case in cases):
                expected.add((name, mine))
    assert uncovered == expected
    for one, who in zip(found.uncovered, parted(compiled, everything, found.uncovered), strict=True):
        for side in (0, 1):
            name, answer = one.boundary.question.id, who.answers[side]
            assert answer in sides_of(brute, one.boundary)[side]
            known = {question: value for question, value in who.others.items() if value != "any"} | {name: answer}
            assert {brute.oracle.fate(profile).outcome for profile in brute.oracle.completions(known)} == {
                who.recommended[side]
            }
            assert len(brute.oracle.possible(known)) == len(list(brute.oracle.completions(known)))
        assert who.recommended[0] != who.recommended[1]


def covers(brute, case, name, mine, other):
    """Whether a case stands on a side, from the words of the product's own documentation."""
    if case.answers.get(name) not in mine or len(brute.oracle.decide(case.answers).possible) != 1:
        return False
    return brute.crosses(name, mine, other, brute.oracle.possible(case.answers))


def test_the_random_rule_sets_hold_every_kind():
    """Else the test above would compare nothing."""
    kinds, covered, half = set(), 0, 0
    for seed, rule_set in SMALL.items():
        compiled, oracle = compile_rule_set(rule_set), Oracle(rule_set)
        cases = [case for part in range(3) for case in some_cases(Random(f"{seed} {part}"), oracle)]
        found = boundaries(Verdicts(compiled, UNLIMITED), whole(compiled), run_cases(compiled, cases))
        kinds |= {(boundary.question.kind, bool(rule_set.impossible)) for boundary in found.deciding}
        covered += len(found.deciding) - len(found.uncovered)
        half += sum(len(one.sides) == 1 for one in found.uncovered)
    assert kinds == {(kind, impossible) for kind in Kind for impossible in (True, False)}
    assert covered > 20
    assert half > 20


def test_of_the_answers_that_part_somebody_the_first_on_each_side_are_told():
    told = Counter()
    for rule_set in list(SMALL.values())[:40]:
        compiled = compile_rule_set(rule_set)
        found = outcomes_of_all(whole(compiled))
        for question in compiled.deciding:
            count = compiled.blocks[question.id].count
            sides = range(count // 2), range(count // 2, count)
            where = parting(found, question.id, sides)
            if where is not None:
                children = found.diagram.children(where.node)
                alike = [
                    [block for block in side if children[block] == children[at]]
                    for side, at in zip(sides, where[1:], strict=True)
                ]
                assert [side[0] for side in alike] == list(where[1:])
                told.update(place for place, side in enumerate(alike) if len(side) > 1)
    assert min(told[0], told[1]) > 2


def test_outcomes_of_some_callers_are_of_so_many_edges_at_most():
    compiled = compile_rule_set(understand((FOLDER / "twin.yaml").read_bytes(), "twin.yaml").rule_set)
    assert outcomes(compiled, {}, UNLIMITED, 10_000).at
    with pytest.raises(TooTangled):
        outcomes(compiled, {}, UNLIMITED, 0)


# --- what is told ---------------------------------------------------------------------------


def test_json_of_covered_boundaries(monkeypatch):
    monkeypatch.chdir(FOLDER)
    found = audit_json([audit("fault.yaml", {}, today=None)])["rule_sets"][0]["coverage"]["boundaries"]
    assert found == {
        "covered": 2,
        "total": 4,
        "missing": ["contents one or more of delicate / none of delicate", "days 29 / 30"],
    }


def test_without_a_case_that_passes_nothing_is_said_of_boundaries(tmp_path):
    (tmp_path / "twin.yaml").write_bytes((FOLDER / "twin.yaml").read_bytes())
    result = audit(str(tmp_path / "twin.yaml"), {}, today=None)
    assert [finding.name for finding in result.findings] == ["no-cases", "no-emergency"]
    assert "boundaries" not in result.facts.coverage


def test_the_rest_of_many_is_counted_and_ids_are_never_used_twice(tmp_path):
    questions = "".join(f"  age_{n}: {{ask: Well, type: whole_number, range: [-9, 9]}}\n" for n in range(12))
    rules = "".join(
        f"  - {{id: r{n}, when: {{age_{n}: {{at_least: -4}}}}, recommend: {'low' if n % 2 else 'high'}, because: b, "
        "basis: site, cite: s}\n"
        for n in range(12)
    )
    (tmp_path / "many.yaml").write_text(
        'format: 1\nid: many\nversion: "1.0.0"\ntitle: Many\npolicy: first\nsources: {s: {title: S, kind: external}}\n'
        f"outcomes: {{low: {{label: Low}}, high: {{label: High}}}}\nquestions:\n{questions}rules:\n{rules}"
        "  - {id: rest, when: {}, recommend: low, because: b, basis: site, cite: s}\n",
        encoding="utf-8",
    )
    (tmp_path / "many.cases.yaml").write_text(
        "format: 1\nrules: many.yaml\ncases:\n  - {id: age_1-minus-5, answers: {}, expect: {possible: [low, high]}}\n",
        encoding="utf-8",
    )
    result = audit(str(tmp_path / "many.yaml"), {}, today=None)
    told = [finding for finding in result.findings if finding.name == "uncovered-boundary"]
    assert len(told) == 10
    assert [finding.message.endswith(" (1 more not told)") for finding in told] == [False] * 9 + [True]
    ids = [line.removeprefix("- id: ") for finding in told for line in finding.case.splitlines() if "id: " in line]
    assert len(ids) == len(set(ids)) == 20
    assert "age_1-minus-5" not in ids
    assert "age_1-minus-5-2" in ids


@pytest.mark.parametrize("name", ["iop", "iop-site-example"])
def test_cases_stand_at_every_boundary_of_the_shipped_rule_sets(name):
    covered = audit(str(RULES / f"{name}.yaml"), {}, today=None).facts.coverage["boundaries"]
    assert covered.missing == ()
    assert len(covered.covered) >= 5
