"""A rule set written back and read again is the same rule set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import RULES, TESTS
from random_rule_sets import made

from iopscreen.ruleset import model
from iopscreen.ruleset.condition_words import condition_in_words, rule_condition_in_words, spelled_out
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import RuleSet
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.written import written


def unplaced(value: object) -> object:
    """A value without its places: as lists, for tuples of different types may be equal."""
    if isinstance(value, Place):
        return None
    if isinstance(value, model.OptionsTest) and value.part:  # what it says of where it stands
        return unplaced(value._replace(part=""))
    if isinstance(value, tuple):
        return [type(value).__name__, *(unplaced(part) for part in value)]
    return value


def read(text: str) -> RuleSet:
    return understand(text.encode(), "test.yaml").rule_set


@pytest.mark.parametrize("name", ["everything", "edges", "minimal", "conditions"])
def test_a_rule_set_is_written_with_its_keys_in_their_order_and_nothing_that_it_does_not_say(name, compare):
    path = TESTS / "cases" / "read" / "good" / f"{name}.yaml"
    data = written(read(path.read_text(encoding="utf-8")))
    compare(path.with_suffix(".json"), f"{json.dumps(data, ensure_ascii=False, indent=1)}\n")


def same_again(rule_set: RuleSet) -> None:
    again = read(json.dumps(written(rule_set), ensure_ascii=False, indent=1))
    assert unplaced(again) == unplaced(rule_set)


FILES = [
    *(path for path in RULES.glob("*.yaml") if not path.name.endswith(".cases.yaml")),
    TESTS / "rulesets" / "loan.yaml",
    *sorted((TESTS / "cases" / "audit").glob("*/twin.yaml")),
    *sorted((TESTS / "cases" / "read" / "good").glob("*.yaml")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_rule_files_are_the_same_again(path: Path):
    same_again(read(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("seed", range(60))
def test_random_rule_sets_are_the_same_again(seed):
    same_again(read(made(seed).text))


@pytest.mark.parametrize("seed", range(20))
def test_every_condition_has_words_that_name_all_that_it_tests(seed):
    rule_set = read(made(seed).text)
    for rule in rule_set.rules:
        said = rule_condition_in_words(rule_set, rule)
        assert said.isprintable()
        assert all(test.subject.replace("_", " ") in said for test in model.tests_of(rule.condition))
    for entry in (*rule_set.impossible, *rule_set.notes, *rule_set.guarantees):
        assert condition_in_words(rule_set, entry.condition)


HEAD = """
format: 1
id: x
version: "1.0.0"
title: X
policy: first
outcomes: {a: {label: A}}
settings:
  adult_age: {means: Of age, type: whole_number, value: 18}
  way_in: {means: Way in, type: one, value: side, options: {main: {label: M}, side: {label: S}, old_gate: {label: O}}}
questions:
  in_danger: {ask: "?", type: yes_no}
  age: {ask: "?", type: whole_number, range: [0, 120]}
  who: {ask: "?", type: one, options: {me: {label: Me}, my_kin: {label: Kin}, other: {label: O}, pro: {label: P}}}
  needs: {ask: "?", type: many, options: {b: {label: B}, c_d: {label: C}, e: {label: E}}, groups: {some: [b, e]}}
  when_free:
    ask: "?"
    type: one
    options: {mo: {label: Mo}, tu: {label: Tu}, we: {label: We}, th: {label: Th}, fr: {label: Fr}, sa: {label: Sa}}
    groups: {late_days: [fr, sa]}
  hour: {ask: "?", type: one, options: {%s}}
rules:
  - {id: r, recommend: a, because: x, basis: site, when: %s}
"""
HOURS = ", ".join(f"at_{number}: {{label: At {number}}}" for number in range(1, 11))


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("{}", "everyone"),
        ("{in_danger: yes}", "in danger is yes"),
        ("{not: {in_danger: yes}}", "in danger is not yes"),
        ("{age: {at_least: adult_age, below: 65}}", "age is at least 18 (adult age) and below 65"),
        ("{age: {is: 3}}", "age is 3"),
        ("{who: [me, my_kin]}", "who is me or my kin"),
        ("{who: {not: pro}}", "who is not pro"),
        ("{who: {not: [pro, me]}}", "who is my kin or other"),
        ("{who: {not: [me, my_kin, other, pro]}}", "who is nothing"),
        ("{who: [pro, other, my_kin]}", "who is not me"),
        ("{who: [pro, me, other, my_kin]}", "who is me, my kin, other or pro"),
        ("{when_free: [sa, fr, th, we]}", "when free is we, th, fr or sa"),
        ("{when_free: [sa, fr, th, we, tu]}", "when free is not mo"),
        ("{when_free: late_days}", "when free is late days"),
        ("{when_free: [fr, th]}", "when free is th or fr"),
        ("{not: {when_free: [sa, fr]}}", "when free is not late days"),
        ("{not: {when_free: [sa, mo, tu]}}", "when free is not mo, tu or sa"),
        ("{hour: {not: [at_9, at_3]}}", "hour is neither at 3 nor at 9"),
        ("{hour: {not: [at_9, at_3, at_4]}}", "hour is not at 3, at 4 or at 9"),
        ("{hour: {not: [at_9, at_8, at_3, at_4]}}", "hour is at 1, at 2, at 5, at 6, at 7 or at 10"),
        ("{way_in: [old_gate, main]}", "way in is main or old gate"),
        ("{age: {above: 3, at_most: 9}}", "age is above 3 and at most 9"),
        ("{age: {at_least: 3}}", "age is at least 3"),
        ("{not: {who: [me, pro]}}", "who is not me or pro"),
        ("{needs: c_d}", "needs includes c d"),
        ("{needs: some}", "needs includes one or more of some"),
        ("{needs: {all: [b, c_d]}}", "needs includes all of b and c d"),
        ("{needs: {none: some}}", "needs includes none of some"),
        ("{needs: {none: b}}", "needs does not include b"),
        ("{needs: [e, c_d]}", "needs includes one or more of c d and e"),
        ("{needs: {all: [e, b]}}", "needs includes all of some"),
        ("{needs: {all: e}}", "needs includes e"),
        ("{needs: {none: [e, c_d, b]}}", "needs includes none of b, c d and e"),
        ("{not: {needs: {all: [b, c_d]}}}", "not (needs includes all of b and c d)"),
        ("{not: {age: {is: 3}}}", "not (age is 3)"),
        ("{any_of: [{in_danger: no}]}", "in danger is no"),
        ("{any_of: [{who: me, age: {is: 3}}, {who: pro}]}", "(who is me, and age is 3), or who is pro"),
        ("{any_of: [{who: me}, {all_of: [{age: {is: 3}}]}]}", "who is me, or age is 3"),
        ("{any_of: [{who: me}, {}]}", "who is me, or everyone"),
        ("{not: {not: {who: me, age: {is: 3}}}}", "not (not (who is me, and age is 3))"),
        ("{needs: {any: [b, c_d], none: e}}", "needs includes one or more of b and c d, and needs does not include e"),
        (
            "{in_danger: no, any_of: [{age: {above: 5}}, {who: me}]}",
            "in danger is no, and (age is above 5, or who is me)",
        ),
        ("{not: {any_of: [{in_danger: no}, {who: me}]}}", "not (in danger is no, or who is me)"),
        (
            "{in_danger: no}, unless: {who: me, age: {at_most: 9}}",
            "in danger is no; unless who is me, and age is at most 9",
        ),
    ],
)
def test_conditions_in_words(when, words):
    rule_set = read(HEAD % (HOURS, when))
    assert rule_condition_in_words(rule_set, rule_set.rules[0]) == words


def test_groups_spelled_out_and_nothing_else():
    when = "{needs: some, way_in: [main], age: {at_least: adult_age}}"
    rule_set = read(HEAD % (HOURS, when))
    said = condition_in_words(rule_set, rule_set.rules[0].when)
    assert "one or more of some" in said
    assert spelled_out(rule_set, rule_set.rules[0].when) == said.replace("some", "b and e")


def test_a_condition_that_nobody_meets_has_words_too():
    assert condition_in_words(read(HEAD % (HOURS, "{}")), model.AnyOf(())) == "nobody"
