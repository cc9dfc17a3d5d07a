"""What is said of outcomes and citations."""

from __future__ import annotations

import pytest
from conftest import TESTS

from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import Cite
from iopscreen.ruleset.reader import read_rule_file
from iopscreen.ruleset.words import cited, outcomes_in_words, rule_in_words

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
