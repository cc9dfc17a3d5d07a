"""Files of cases: what each is understood as, or every fault of it at its place.

A file in `cases/cases/bad` has its expected faults beside it, one in `cases/cases/good` what it holds, and
`in-brackets.txt` short texts with what is said of each; `IOPSCREEN_UPDATE=1` writes the expectations.
"""

from __future__ import annotations

import pytest
from conftest import TESTS
from test_reader import lines_of, tree

from iopscreen.ruleset.cases import CaseFile, cases_path, understand_cases
from iopscreen.ruleset.findings import MAX_FAULTS, FileRefused, Finding
from iopscreen.ruleset.reader import read_rule_file

CASES = TESTS / "cases" / "cases"
GOOD = sorted((CASES / "good").glob("*.yaml"))
BAD = sorted((CASES / "bad").glob("*.yaml"))
RULE_SET = read_rule_file(str(CASES / "rules.yaml")).rule_set
HEAD = "format: 1\nrules: rules.yaml\ncases:\n"


def understood(data: bytes) -> CaseFile:
    return understand_cases(data, "folder/rules.cases.yaml", "folder/rules.yaml", RULE_SET)


def faults(data: bytes) -> list[Finding]:
    with pytest.raises(FileRefused) as error:
        understood(data)
    found = error.value.findings
    assert {place.path for fault in found for place in (fault, *fault.related)} == {"folder/rules.cases.yaml"}
    return found


def told(data: bytes) -> str:
    return "".join(f"{line}\n" for fault in faults(data) for line in lines_of(fault))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_fault_is_told_at_its_place(path, compare):
    compare(path.with_suffix(".out"), told(path.read_bytes()))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_every_key_is_understood(path, compare):
    file = understood(path.read_bytes())
    assert file.path == "folder/rules.cases.yaml"
    assert file.text == path.read_bytes().decode("utf-8-sig")
    lines = []
    for case in file.cases:
        lines += tree("-", case._replace(answers=tuple(case.answers.items())))
    compare(path.with_suffix(".out"), "".join(f"{line}\n" for line in lines))


def test_what_is_to_be_filled_in_stops_the_parser_in_brackets_and_is_told_as_what_it_is(compare):
    path = CASES / "in-brackets.txt"
    lines = []
    for text in path.read_text("utf-8").rstrip("\n").split("\n=====\n"):
        lines += [f"| {line}" for line in text.split("\n")]
        lines += [told(f"{HEAD}{text}\n".encode())]
    compare(path.with_suffix(".out"), "\n".join(lines))


def test_what_stands_in_the_first_line_or_stops_the_parser_at_the_end_is_told_as_well():
    for text in ("expect: {rule: ???", "{expect: ???", "{rule: ???}", "{rule:\n???}"):
        assert {fault.name for fault in faults(text.encode())} == {"to-fill-in"}
    assert told(b"rules: [") == "1:8: the bracket that opens here is never closed [syntax]\n"


def test_every_expected_output_belongs_to_a_file():
    assert {path.stem for path in CASES.rglob("*.out")} == {path.stem for path in [*BAD, *GOOD]} | {"in-brackets"}


def test_cases_live_beside_their_rule_file():
    assert cases_path("folder.d/iop.yaml") == "folder.d/iop.cases.yaml"


def test_past_very_many_faults_no_more_are_told():
    data = (HEAD + "".join(f"  - {{id: c{number}}}\n" for number in range(MAX_FAULTS))).encode()
    assert [fault.name for fault in faults(data)] == ["missing-key"] * MAX_FAULTS + ["too-many-faults"]
