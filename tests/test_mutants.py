"""Mutants: every change is made, each verdict and witness agrees with brute force, and what is printed holds."""

from __future__ import annotations

import json
import sys
from itertools import product
from math import prod
from pathlib import Path
from random import Random

import pytest
from conftest import RULES, TESTS
from oracle import NoCompletion, Oracle, domain, fate_of, holds
from random_rule_sets import made, random_answers
from steps import Steps
from terminal import Terminal
from test_cli import iopscreen

from iopscreen.audit import mutants
from iopscreen.audit.cases import Verdict, run_cases
from iopscreen.audit.operators import changes_to
from iopscreen.audit.run import audit
from iopscreen.engine import mutate
from iopscreen.engine.budget import Budget
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.report.audit import audit_json, audit_text
from iopscreen.ruleset.cases import Case, Expect, understand_cases
from iopscreen.ruleset.findings import FileRefused, Place
from iopscreen.ruleset.model import NO_RULE
from iopscreen.ruleset.reader import understand

sys.path.insert(0, str(TESTS / "benchmarks"))
import tables

FOLDER = TESTS / "cases" / "audit" / "surviving-mutant"

# --- the changes ----------------------------------------------------------------------------

HEAD = """\
format: 1
id: changes
version: "1.0.0"
title: Something to change
policy: first
outcomes:
  low: {label: Low}
  high: {label: High}
settings:
  limit: {means: A limit, type: whole_number, value: 20}
  strict: {means: A way to read it, type: yes_no, value: yes}
questions:
  sure: {ask: Well, type: yes_no}
  who: {ask: Who, type: one, options: {me: {label: Me}, you: {label: You}, they: {label: They}}}
  what:
    ask: What?
    type: many
    options: {ale: {label: Ale}, bread: {label: Bread}, corn: {label: Corn}}
    groups: {food: [bread, corn]}
  age: {ask: Age, type: whole_number, range: [0, 30]}
rules:
"""


def changing(rule):
    """A rule set whose first rule has `rule` for its condition, as the lines of a rule file."""
    rest = "    recommend: low\n    because: of this\n    basis: site\n"
    text = f"{HEAD}  - id: one\n{rule}{rest}  - id: two\n    when: {{}}\n{rest.replace('low', 'high')}"
    return understand(text.encode(), "test.yaml").rule_set


def one(when):
    return f"    when: {when}\n"


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("    when: {}\n", {}),
        (one("{sure: yes}"), {"no longer tests `sure`": "{}", "tests `sure` for `no` instead of `yes`": "{sure: no}"}),
        (
            one("{who: [me, you]}"),
            {
                "no longer tests `who`": "{}",
                "no longer lets `me` pass as `who`": "{who: you}",
                "no longer lets `you` pass as `who`": "{who: me}",
                "lets `they` pass as `who`, too": "{who: [me, you, they]}",
            },
        ),
        (
            one("{who: {not: [me, you]}}"),
            {
                "no longer tests `who`": "{}",
                "lets `me` pass as `who`, too": "{who: [me, they]}",
                "lets `you` pass as `who`, too": "{who: [you, they]}",
            },
        ),
        (
            one("{what: food}"),
            {
                "no longer tests `what`": "{}",
                "names `ale` in its test of `what`, too": "{what: [ale, bread, corn]}",
                "no longer names `bread` in its test of `what`": "{what: corn}",
                "no longer names `corn` in its test of `what`": "{what: bread}",
            },
        ),
        (
            one("{what: {all: [ale, corn], none: bread}}"),
            {
                "no longer tests `what` for `all: [ale, corn]`": "{what: {none: bread}}",
                "no longer tests `what` for `none: bread`": "{what: {all: [ale, corn]}}",
                "no longer names `ale` in its test of `what`": "{what: {all: [corn], none: bread}}",
                "no longer names `corn` in its test of `what`": "{what: {all: [ale], none: bread}}",
                "names `bread` in its test of `what`, too": "{what: {all: [ale, bread, corn], none: bread}}",
                "names `ale` in its test of `what`, too": "{what: {all: [ale, corn], none: [ale, bread]}}",
                "names `corn` in its test of `what`, too": "{what: {all: [ale, corn], none: [bread, corn]}}",
            },
        ),
        (
            one("{age: {at_least: 18, below: 30}}"),
            {
                "no longer tests `age` for `at_least: 18`": "{age: {below: 30}}",
                "tests `age` for `at_least: 17` instead of `at_least: 18`": "{age: {at_least: 17, below: 30}}",
                "tests `age` for `at_least: 19` instead of `at_least: 18`": "{age: {at_least: 19, below: 30}}",
                "tests `age` for `at_most: 18` instead of `at_least: 18`": "{age: {at_most: 18, below: 30}}",
                "no longer tests `age` for `below: 30`": "{age: {at_least: 18}}",
                "tests `age` for `below: 29` instead of `below: 30`": "{age: {at_least: 18, below: 29}}",
                "tests `age` for `above: 30` instead of `below: 30`": "{age: {at_least: 18, above: 30}}",
            },
        ),
        (
            one("{age: {is: 0}}"),
            {
                "no longer tests `age`": "{}",
                "tests `age` for `is: 1` instead of `is: 0`": "{age: {is: 1}}",
                "tests `age` for `at_least: 0` instead of `is: 0`": "{age: {at_least: 0}}",
                "tests `age` for `at_most: 0` instead of `is: 0`": "{age: {at_most: 0}}",
            },
        ),
        (
            one("{age: {at_most: limit}, strict: no}"),
            {
                "no longer tests `age`": "{strict: no}",
                "tests `age` for `at_most: 19` instead of `at_most: limit` (20)": "{age: {at_most: 19}, strict: no}",
                "tests `age` for `at_most: 21` instead of `at_most: limit` (20)": "{age: {at_most: 21}, strict: no}",
                "tests `age` for `at_least: limit` (20) instead of `at_most: limit` (20)": (
                    "{age: {at_least: 20}, strict: no}"
                ),
                "no longer tests `strict`": "{age: {at_most: 20}}",
                "tests `strict` for `yes` instead of `no`": "{age: {at_most: 20}, strict: yes}",
            },
        ),
        (
            one("{any_of: [{sure: yes, what: ale}, {not: {who: me}}]}"),
            {
                "leaves out what tests `sure` and `what`": "{not: {who: me}}",
                "no longer tests `sure`": "{any_of: [{what: ale}, {not: {who: me}}]}",
                "tests `sure` for `no` instead of `yes`": "{any_of: [{sure: no, what: ale}, {not: {who: me}}]}",
                "no longer tests `what`": "{any_of: [{sure: yes}, {not: {who: me}}]}",
                "names `bread` in its test of `what`, too": (
                    "{any_of: [{sure: yes, what: [ale, bread]}, {not: {who: me}}]}"
                ),
                "names `corn` in its test of `what`, too": (
                    "{any_of: [{sure: yes, what: [ale, corn]}, {not: {who: me}}]}"
                ),
                "no longer tests `who`": "{sure: yes, what: ale}",
                "lets `you` pass as `who`, too": "{any_of: [{sure: yes, what: ale}, {who: they}]}",
                "lets `they` pass as `who`, too": "{any_of: [{sure: yes, what: ale}, {who: you}]}",
            },
        ),
    ],
)
def test_every_change_to_a_condition(rule, changes):
    found = [change for change in changes_to(changing(rule)) if change.edit.position == 0]
    conditions = [change for change in found[3:] if change.edit.recommend is None]
    assert [change.words for change in found[:3]] == [
        "rule `one` is left out",
        "rules `one` and `two` change places",
        "rule `one` recommends `high` instead of `low`",
    ]
    expected = [
        (f"rule `one` {words}", condition)
        for words, written in changes.items()
        for condition in ([written] if isinstance(written, str) else written)
    ]
    # Equal words keep the order of the file; beside that, which change comes first does not matter.
    by_words = sorted(range(len(conditions)), key=lambda place: (conditions[place].words, place))
    in_words = sorted(range(len(expected)), key=lambda place: (expected[place][0], place))
    told = {change.words for change in conditions} - {words for words, _ in expected}
    assert told <= {"rule `one` leaves out what tests `what`"}
    matched = [place for place in by_words if conditions[place].words not in told]
    assert [conditions[place].words for place in matched] == [expected[place][0] for place in in_words]
    for mine, theirs in zip(matched, in_words, strict=True):
        same_for_everybody(conditions[mine].edit.condition, changing(one(expected[theirs][1])))


def same_for_everybody(condition, rewritten):
    """`condition` holds for just those for whom the first rule of `rewritten` does."""
    values = [range(31) if question.id == "age" else domain(rewritten, question) for question in rewritten.questions]
    for answers in product(*values):
        facts = {**rewritten.readings, **dict(zip(rewritten.question, answers, strict=True))}
        assert holds(condition, facts) == holds(rewritten.rules[0].condition, facts)


def test_changes_to_unless_say_so_and_dropping_its_only_test_drops_it():
    rule_set = changing("    when: {who: me}\n    unless: {sure: yes}\n")
    found = {change.words: change for change in changes_to(rule_set)}
    dropped = found["`unless` of rule `one` no longer tests `sure`"]
    same_for_everybody(dropped.edit.condition, changing(one("{who: me}")))
    negated = found["`unless` of rule `one` tests `sure` for `no` instead of `yes`"]
    same_for_everybody(negated.edit.condition, changing("    when: {who: me}\n    unless: {sure: no}\n"))
    assert negated.place == Place(24, 14)


# --- against brute force --------------------------------------------------------------------


MOST = 2500
"""Of how many profiles of how many mutants, at most, brute force is asked."""


def small(seed):
    """A random rule set, or None where it has too many profiles and changes to try them all."""
    rule_set = understand(made(f"mutants {seed}").text.encode(), "test.yaml").rule_set
    profiles = prod(len(values) for values in Oracle(rule_set).domains.values())
    return rule_set if profiles * len(list(changes_to(rule_set))) <= MOST else None


SMALL = {seed: rule_set for seed in range(70) if (rule_set := small(seed))}


def edited(rule_set, edit):
    """The rule set after an edit, as a person would have written it; None for a rule set of no rules."""
    rules = list(rule_set.rules)
    rule = rules[edit.position]
    if edit.after_next:
        rules[edit.position : edit.position + 2] = [rules[edit.position + 1], rule]
    elif edit.recommend is not None:
        rules[edit.position] = rule._replace(recommend=edit.recommend)
    elif edit.condition is mutate.NOBODY:
        del rules[edit.position]
    else:
        rules[edit.position] = rule._replace(when=edit.condition, unless=None)
    return rule_set._replace(rules=tuple(rules))


class Beside:
    """A rule set and a changed one, over enough values for both."""

    def __init__(self, oracle, changed):
        self.oracle = oracle
        self.changed = Oracle(changed)
        values = (
            sorted({*oracle.domains[name], *self.changed.domains[name]}) if isinstance(one[0], int) else one
            for name, one in oracle.domains.items()
        )
        self.domains = dict(zip(oracle.domains, values, strict=True))

    def profiles(self, known):
        choices = ([known[name]] if name in known else values for name, values in self.domains.items())
        for values in product(*choices):
            profile = dict(zip(self.domains, values, strict=True))
            if fate_of(self.oracle.rule_set, profile).impossible is None:
                yield profile

    def outcomes(self, known):
        """What is recommended before and after, to every possible caller with these answers."""
        return {(self.oracle.fate(one).outcome, self.changed.fate(one).outcome) for one in self.profiles(known)}


def some_cases(random, oracle):
    """Cases that pass, of every form."""
    found = []
    for number in range(random.choice([0, 2, 5, 12])):
        answers = random_answers(random, oracle.rule_set, random.choice([0.3, 0.7, 1, 1]))
        try:
            verdict = oracle.decide(answers)
        except NoCompletion:
            continue
        outcome = verdict.possible[0] if len(verdict.possible) == 1 else None
        expect = random.choice(
            [
                Expect(outcome, None, None, None),
                Expect(outcome, verdict.rule, None, None),
                Expect(None, verdict.rule, None, None),
                Expect(None, None, verdict.possible, verdict.ask_next),
                Expect(None, None, verdict.possible, None),
            ]
        )
        found.append(Case(f"case-{number}", answers, expect, None, None, None, Place(1, 1)))
    return found


def passes(oracle, case):
    """Whether a case passes, from the design's words."""
    verdict, expect = oracle.decide(case.answers), case.expect
    return (
        (expect.recommend is None or verdict.possible == (expect.recommend,))
        and (expect.rule is None or verdict.rule == expect.rule)
        and (expect.possible is None or set(verdict.possible) == set(expect.possible))
        and (expect.ask_next is None or set(verdict.ask_next) == set(expect.ask_next))
    )


@pytest.mark.parametrize("seed", SMALL)
def test_verdicts_and_witnesses_agree_with_brute_force(seed):
    rule_set = SMALL[seed]
    oracle, compiled = Oracle(rule_set), compile_rule_set(rule_set)
    cases = some_cases(Random(seed), oracle)
    results = run_cases(compiled, cases)
    assert {result.verdict for result in results} <= {Verdict.PASSED}
    score = mutants.mutation_score(compiled, results)
    changes = list(changes_to(rule_set))
    besides = [Beside(oracle, edited(rule_set, change.edit)) for change in changes]

    def differs(beside):
        return any(before != after for before, after in beside.outcomes({}))

    alive = [(change, beside) for change, beside in zip(changes, besides, strict=True) if differs(beside)]
    surviving = [(change, beside) for change, beside in alive if all(passes(beside.changed, case) for case in cases)]
    assert (score.total, score.equivalent) == (len(changes), len(changes) - len(alive))
    assert score.killed == len(alive) - len(surviving)
    assert [survivor.change for survivor in score.survivors] == [change for change, _ in surviving]
    assert score.undecided == ()
    for survivor, (_, beside) in zip(score.survivors, surviving, strict=True):
        assert list(survivor.witness) == list(rule_set.question)
        assert survivor.recommends != survivor.instead
        known = {name: answer for name, answer in survivor.witness.items() if answer != "any"}
        assert beside.outcomes(known) == {(survivor.recommends, survivor.instead)}
        assert survivor.witness == score.killers[survivor.killer]
        everybody = {name: values for name, values in beside.domains.items() if name not in known}
        assert len(list(beside.profiles(known))) == len(list(product(*everybody.values())))
    assert {survivor.killer for survivor in score.survivors} == set(range(len(score.killers)))


def test_the_random_rule_sets_hold_every_fate():
    """Else the test above would compare nothing."""
    fates = {"equivalent": 0, "killed": 0, "survivors": 0, "shared": 0}
    for seed, rule_set in SMALL.items():
        compiled = compile_rule_set(rule_set)
        score = mutants.mutation_score(compiled, run_cases(compiled, some_cases(Random(seed), Oracle(rule_set))))
        fates["equivalent"] += score.equivalent
        fates["killed"] += score.killed
        fates["survivors"] += len(score.survivors)
        fates["shared"] += len(score.survivors) - len(score.killers)
    assert min(fates.values()) > 100


def test_a_mutant_that_only_another_rule_would_show_is_equivalent():
    rule_set = changing(one("{sure: yes}"))
    rules = tuple(rule._replace(recommend="low") for rule in rule_set.rules)
    compiled = compile_rule_set(rule_set._replace(rules=rules))
    case = Case("a", {"sure": "yes"}, Expect("low", "one", None, None), None, None, None, Place(1, 1))
    score = mutants.mutation_score(compiled, run_cases(compiled, [case]))
    survivors = {survivor.change.words for survivor in score.survivors}
    assert score.equivalent == 4  # left out, moved, dropped and negated: everybody still gets `low`
    assert score.killed == 1
    assert survivors == {"rule `two` is left out", "rule `two` recommends `high` instead of `low`"}
    assert {survivor.instead for survivor in score.survivors} == {NO_RULE, "high"}


def fates(rule_set, case):
    """Which changes to rule `one` survive one case."""
    compiled = compile_rule_set(rule_set)
    results = run_cases(compiled, [case])
    assert [result.verdict for result in results] == [Verdict.PASSED]
    return {survivor.change.words for survivor in mutants.mutation_score(compiled, results).survivors}


def test_a_case_kills_by_the_rule_that_it_names_alone():
    one_more = changing(one("{sure: yes, who: me}"))
    first, last = one_more.rules
    between = last._replace(id="between", when=changing(one("{sure: yes}")).rules[0].when, recommend="low")
    rule_set = one_more._replace(rules=(first, between, last))
    answers = {"sure": "yes", "who": "me"}
    negated = "rule `one` tests `sure` for `no` instead of `yes`"
    for rule, survives in (("one", False), (None, True)):
        case = Case("a", answers, Expect("low", rule, None, None), None, None, None, Place(1, 1))
        assert (negated in fates(rule_set, case)) == survives


def test_a_case_kills_by_what_is_asked_next_alone():
    rule_set = changing(one("{sure: yes, who: me}"))
    dropped = "rule `one` no longer tests `sure`"
    for ask_next, survives in ((("sure", "who"), False), (None, True)):
        case = Case("a", {}, Expect(None, None, ("low", "high"), ask_next), None, None, None, Place(1, 1))
        assert (dropped in fates(rule_set, case)) == survives


# --- budget ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SMALL)
def test_search_and_diagram_agree_on_every_fate(seed, monkeypatch):
    compiled = compile_rule_set(SMALL[seed])
    results = run_cases(compiled, some_cases(Random(seed), Oracle(SMALL[seed])))
    by_diagram = mutants.mutation_score(compiled, results)
    monkeypatch.setattr(mutate, "MAX_EDGES", -1)
    by_search = mutants.mutation_score(compiled, results)
    assert by_search.undecided == by_diagram.undecided == ()
    assert fates_of(by_search) == fates_of(by_diagram)
    for survivor in by_search.survivors:
        assert survivor.recommends != survivor.instead


def fates_of(score):
    return score.total, score.equivalent, score.killed, [survivor.change for survivor in score.survivors]


def test_most_mutants_of_a_tangled_set_are_decided():
    rule_set = understand(tables.tangled(60, 12).text.encode(), "table.yaml").rule_set
    score = mutants.mutation_score(compile_rule_set(rule_set), ())
    assert score.undecided == ()
    assert score.survivors
    assert score.equivalent


def test_undecided_mutants_are_listed_and_the_exit_is_3(monkeypatch):
    monkeypatch.chdir(FOLDER)
    whole = audit("fault.yaml", {}, today=None, mutants=True).facts.mutants
    for steps in (0, 30, 60):
        score = mutation_score_in(steps)
        assert score.equivalent + score.killed + len(score.survivors) + len(score.undecided) == score.total
        assert score.undecided
        survivors = {one.change for one in whole.survivors}
        assert (
            {one.change for one in score.survivors}
            <= survivors
            <= {*score.undecided, *(one.change for one in score.survivors)}
        )
    result = audit("fault.yaml", {}, today=None, mutants=True, budget=Budget(0))
    assert not result.complete
    assert any(one.words.startswith("whether a case fails when rule") for one in result.undecided)
    found = audit_json([result])["rule_sets"][0]["mutants"]
    assert found["undecided"]
    assert found["equivalent"] + found["killed"] + len(found["survivors"]) + len(found["undecided"]) == found["total"]
    assert "not compared in time" in " ".join(audit_text([result], color=False, width=80, notes=False).split())


@pytest.mark.parametrize("seed", list(SMALL)[:5])
def test_out_of_time_each_survivor_that_is_left_has_a_case_of_its_own(seed):
    rule_set = SMALL[seed]
    oracle, compiled = Oracle(rule_set), compile_rule_set(rule_set)
    results = run_cases(compiled, some_cases(Random(seed), oracle))
    whole = Steps(10**9)
    few = mutants.mutation_score(compiled, results, None, whole)
    assert few.few
    for left in (whole.taken // 2, whole.taken * 3 // 4, whole.taken - 1):
        score = mutants.mutation_score(compiled, results, None, Steps(left))
        assert score.undecided or {one.change for one in score.survivors} == {one.change for one in few.survivors}
        for survivor in score.survivors:
            assert survivor.witness == score.killers[survivor.killer]
            known = {name: answer for name, answer in survivor.witness.items() if answer != "any"}
            beside = Beside(oracle, edited(rule_set, survivor.change.edit))
            assert beside.outcomes(known) == {(survivor.recommends, survivor.instead)}


def test_when_time_runs_out_while_few_cases_are_looked_for_the_rest_keep_their_own():
    rule_set = understand(tables.tangled(24, 8).text.encode(), "table.yaml").rule_set
    compiled, whole = compile_rule_set(rule_set), Steps(10**9)
    full = mutants.mutation_score(compiled, (), None, whole)
    cut = mutants.mutation_score(compiled, (), None, Steps(whole.taken // 2))
    assert full.few
    assert not full.undecided + cut.undecided
    assert not cut.few
    assert len({one.killer for one in cut.survivors}) == len(cut.killers) > len(full.killers)


def mutation_score_in(steps):
    file = understand(Path("fault.yaml").read_bytes(), "fault.yaml")
    compiled = compile_rule_set(file.rule_set)
    cases = understand_cases(Path("fault.cases.yaml").read_bytes(), "fault.cases.yaml", "fault.yaml", file.rule_set)
    return mutants.mutation_score(compiled, run_cases(compiled, cases.cases), None, Steps(steps))


# --- what is printed ------------------------------------------------------------------------


def test_json_of_the_mutants_only_where_they_are_wanted(monkeypatch):
    monkeypatch.chdir(FOLDER)
    assert "mutants" not in audit_json([audit("fault.yaml", {}, today=None)])["rule_sets"][0]
    found = audit_json([audit("fault.yaml", {}, today=None, mutants=True)])
    score = found["rule_sets"][0]["mutants"]
    assert {name: value for name, value in score.items() if name != "survivors"} == {
        "total": 33,
        "equivalent": 2,
        "killed": 28,
    }
    assert score["survivors"][1] == {
        "change": "rule `delicate-goods` no longer names `food` in its test of `contents`",
        "path": "fault.yaml",
        "line": 51,
        "column": 12,
        "witness": {"heavy": "no", "size": "small", "contents": ["food"], "days": 0},
        "recommends": "counter",
        "instead": "locker",
        "case": "- id: to-decide-2\n  answers: {heavy: no, size: small, contents: [food], days: 0}\n  expect: ???",
    }
    findings = [finding for finding in found["findings"] if finding["name"] == "surviving-mutant"]
    assert [finding["line"] for finding in findings] == [38, 50, 56]
    assert {finding["severity"] for finding in findings} == {"warning"}


def test_cases_to_paste_are_refused_until_filled_in_and_then_kill_every_survivor(tmp_path, monkeypatch):
    for name in ("fault.yaml", "fault.cases.yaml"):
        (tmp_path / name).write_text((FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = audit("fault.yaml", {}, today=None, mutants=True)
    survivors = audit_json([result])["rule_sets"][0]["mutants"]["survivors"]
    recommends = {survivor["case"]: survivor["recommends"] for survivor in survivors}
    with Path("fault.cases.yaml").open("a", encoding="utf-8") as file:
        file.writelines(f"  {line}\n" for case in recommends for line in case.splitlines())
    data = Path("fault.cases.yaml").read_bytes()
    with pytest.raises(FileRefused) as refused:
        understand_cases(
            data, "fault.cases.yaml", "fault.yaml", understand(Path("fault.yaml").read_bytes(), "").rule_set
        )
    assert [finding.name for finding in refused.value.findings] == ["to-fill-in"] * len(recommends)
    for outcome in recommends.values():
        data = data.replace(b"???", f"{{recommend: {outcome}}}".encode(), 1)
    Path("fault.cases.yaml").write_bytes(data)
    again = audit("fault.yaml", {}, today=None, mutants=True)
    assert [finding.name for finding in again.findings] == ["no-emergency"]  # a note: the file has no such section
    assert again.facts.mutants.killed == again.facts.mutants.total - again.facts.mutants.equivalent == 31


def test_the_same_bytes_every_time_whatever_the_hash_seed():
    runs = {
        iopscreen("audit", str(FOLDER / "fault.yaml"), "--mutants", *form, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
        for form in (("--format", "json"),)
    }
    assert len(runs) == 1


def test_survivors_are_warnings_and_gate_as_such():
    fault, twin = str(FOLDER / "fault.yaml"), str(FOLDER / "twin.yaml")
    assert iopscreen("audit", fault, "--mutants").returncode == 0
    assert "[surviving-mutant]" not in iopscreen("audit", fault, "--fail-on", "warning").stdout
    found = iopscreen("audit", fault, "--mutants", "--fail-on", "warning")
    assert (found.returncode, found.stderr) == (1, "")
    assert "28 of 31 killed; 3 survive, and 3 cases (chosen greedily) would kill them all" in " ".join(
        found.stdout.split()
    )
    assert iopscreen("audit", twin, "--mutants", "--fail-on", "warning").returncode == 0


def test_an_accepted_survivor_no_longer_counts(tmp_path):
    text = (FOLDER / "fault.yaml").read_text(encoding="utf-8")
    entry = "    accept: [{finding: surviving-mutant, because: Nobody brings food.}]\n"
    text = text.replace("  - id: delicate-goods\n", f"  - id: delicate-goods\n{entry}")
    (tmp_path / "fault.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "fault.cases.yaml").write_bytes((FOLDER / "fault.cases.yaml").read_bytes())
    result = audit(str(tmp_path / "fault.yaml"), {}, today=None, mutants=True)
    accepted = [finding.message for finding in result.findings if result.accepted(finding)]
    assert len(accepted) == 1
    assert "no longer names `food`" in accepted[0]


def test_progress_is_told_up_to_the_last_mutant():
    steps = []
    audit(str(FOLDER / "twin.yaml"), {}, today=None, mutants=True, progress=lambda *step: steps.append(step))
    assert steps == [(done, 33) for done in range(33)]


@pytest.mark.parametrize("name", ["iop", "iop-site-example"])
def test_no_mutant_of_the_shipped_rule_sets_survives(name):
    facts = audit(str(RULES / f"{name}.yaml"), {}, today=None, mutants=True).facts
    assert [survivor.change.words for survivor in facts.mutants.survivors] == []
    assert facts.mutants.undecided == ()
    assert facts.mutants.killed == facts.mutants.total - facts.mutants.equivalent > 50


def test_without_cases_nothing_is_killed_and_few_cases_would_kill_all(tmp_path):
    (tmp_path / "iop.yaml").write_bytes((RULES / "iop.yaml").read_bytes())
    result = audit(str(tmp_path / "iop.yaml"), {}, today=None, mutants=True)
    score = result.facts.mutants
    assert score.killed == 0
    assert len(score.survivors) == score.total - score.equivalent
    assert len(score.killers) < len(score.survivors) / 2
    found = json.loads(json.dumps(audit_json([result])))["rule_sets"][0]["mutants"]
    assert {survivor["case"] for survivor in found["survivors"]} == set(result.facts.killers)
    pasted = [finding.case for finding in result.findings if finding.name == "surviving-mutant" and finding.case]
    assert sorted(pasted) == sorted(result.facts.killers)


def test_on_a_terminal_the_counting_leaves_no_trace():
    with Terminal("audit", str(FOLDER / "twin.yaml"), "--mutants") as terminal:
        terminal.until("31 of 31 killed")
        assert terminal.end() == 0
        assert "33 mutants" not in terminal.text
