"""What the model says of itself beyond what it holds."""

from __future__ import annotations

from conftest import TESTS

from iopscreen.ruleset import model
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import EVERYONE, AllOf, AnyOf, Not, ValueTest, both
from iopscreen.ruleset.reader import read_rule_file

QUESTION = read_rule_file(str(TESTS / "cases" / "read" / "good" / "everything.yaml")).rule_set.question
ONE, TWO, THREE, FOUR = (ValueTest(name, frozenset(["yes"]), Place(1, 1)) for name in ("one", "two", "three", "four"))


def test_every_test_of_a_condition_is_found_in_the_order_written():
    nested = AllOf((ONE, AnyOf((Not(AllOf((TWO, THREE))), ONE)), FOUR))
    assert list(model.tests_of(nested)) == [ONE, TWO, THREE, ONE, FOUR]
    assert list(model.tests_of(ONE)) == [ONE]
    assert list(model.tests_of(EVERYONE)) == []


def test_both_is_the_first_where_there_is_no_second():
    assert both(ONE, None) is ONE
    assert both(ONE, TWO) == AllOf((ONE, Not(TWO)))


def test_a_question_has_other_words_for_who_speaks_for_somebody_else():
    assert QUESTION["condition_type"].spoken(other=False) == "What is it?"
    assert QUESTION["condition_type"].spoken(other=True) == "What is it for them?"
    assert QUESTION["caller"].spoken(other=True) == "Who calls?"
