"""Answers files: what each is read as, or every reason why it is refused.

A file in `cases/answers` has beside it the answers in their canonical form, or the problems; those that are
refused begin with `bad-`. `IOPSCREEN_UPDATE=1` writes them.
"""

from __future__ import annotations

import json

import pytest
from conftest import TESTS

from iopscreen.ruleset.answers import AnswersRefused, read_answers
from iopscreen.ruleset.findings import MAX_FAULTS
from iopscreen.ruleset.nodes import MAX_BYTES
from iopscreen.ruleset.reader import read_rule_file
from iopscreen.ruleset.values import answer_json

CASES = TESTS / "cases" / "answers"
FILES = sorted(path for path in CASES.iterdir() if path.suffix != ".out" and path.name != "rules.yaml")


def read(data: bytes, name: str) -> dict[str, object]:
    rule_set = read_rule_file(str(CASES / "rules.yaml")).rule_set
    return {question: answer_json(answer) for question, answer in read_answers(data, rule_set, name).items()}


def problems(data: bytes, name: str) -> list[str]:
    with pytest.raises(AnswersRefused) as error:
        read(data, name)
    assert str(error.value) == "; ".join(error.value.problems)
    return error.value.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_read_as_what_stands_beside_it(path, compare):
    if path.stem.startswith("bad-"):
        told = "\n".join(problems(path.read_bytes(), path.name))
    else:
        told = json.dumps(read(path.read_bytes(), path.name), indent=1)
    compare(path.with_suffix(".out"), f"{told}\n")


def test_a_file_that_is_too_large_is_refused_by_its_size_alone():
    data = b"danger: no\n#" + b"x" * MAX_BYTES
    assert problems(data, "large.yaml") == ["large.yaml:1: too large for an answers file"]


def test_after_very_many_problems_the_rest_is_not_looked_at():
    told = problems(b"danger: no\n" * 2000, "many.yaml")
    assert told[:-1] == [f"many.yaml:{line}: a question is answered twice" for line in range(2, MAX_FAULTS + 2)]
    assert told[-1] == f"many.yaml:{MAX_FAULTS + 1}: so many faults; mend these before the rest is looked at"


def test_every_expected_output_belongs_to_a_file():
    assert {path.stem for path in CASES.glob("*.out")} == {path.stem for path in FILES}
