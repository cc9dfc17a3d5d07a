"""What is said of outcomes and citations."""

from __future__ import annotations

import pytest
from conftest import TESTS

from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import Cite, RuleSet
from iopscreen.ruleset.reader import read_rule_file
from iopscreen.ruleset.words import (
    BUILT_IN_EMERGENCY,
    cited,
    emergency_of,
    outcome_label,
    outcome_order,
    outcomes_in_words,
    rule_in_words,
)

RULE_SET = read_rule_file(str(TESTS / "cases" / "read" / "good" / "everything.yaml")).rule_set


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ((), "none, for these answers cannot all be right then"),
        (("iop",), "IOP"),
        (("referral", "iop"), "Referral or IOP"),
        (("referral", "iop", "no_rule"), "Referral, IOP or no rule applies"),
    ],
)
def test_outcomes_that_are_still_possible(outcomes, words):
    assert outcomes_in_words(RULE_SET, outcomes) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no-detox", "no-detox: No detox (An article, opening, paragraph 3)"),
        ("practice", "practice: Common practice"),
        ("article", None),
        ("no-such-name", None),
    ],
)
def test_what_a_citation_rests_on(name, words):
    assert cited(RULE_SET, Cite(name, Place(1, 1))) == words


def test_a_rule_with_its_ground():
    rule = RULE_SET.rule["rule-two"]
    assert rule_in_words(RULE_SET, rule) == "Nothing else fits. (Referral; rule rule-two, site)"


def test_an_outcome_has_its_label_and_none_has_one_too():
    assert [outcome_label(RULE_SET, name) for name in ("iop", "no_rule")] == ["IOP", "no rule applies"]


def test_an_emergency_of_its_own_goes_before_what_is_built_in():
    assert emergency_of(RULE_SET) is RULE_SET.emergency
    without = RuleSet(**{**RULE_SET._asdict(), "emergency": None})
    assert emergency_of(without) is BUILT_IN_EMERGENCY


@pytest.mark.parametrize(
    ("old", "new", "order"),
    [
        ("abc", "abc", "abc"),
        ("abc", "cba", "abc"),
        ("abc", "xabc", "xabc"),
        ("abc", "abxc", "abxc"),
        ("abc", "abcx", "abcx"),
        ("abc", "cxa", "abcx"),
        ("abc", "axyc", "axybc"),
        ("abc", "xyz", "xyzabc"),
        ("ab", "", "ab"),
        ("", "ab", "ab"),
    ],
)
def test_the_outcomes_of_two_rule_sets_are_in_the_old_order(old, new, order):
    assert "".join(outcome_order(with_outcomes(old), with_outcomes(new))) == order


def with_outcomes(names: str) -> RuleSet:
    outcomes = tuple(RULE_SET.outcomes[0]._replace(id=name) for name in names)
    return RuleSet(**{**RULE_SET._asdict(), "outcomes": outcomes})
