"""The audit: each check on a faulty file and its harmless twin, and every verdict against brute force."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
from functools import reduce
from itertools import combinations, product
from operator import or_
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
import yaml
from conftest import RULES, TESTS
from oracle import Oracle, conditions, fate_of, holds
from random_rule_sets import made

from iopscreen.audit import readings
from iopscreen.audit import words as audit_words
from iopscreen.audit.acceptance import NEVER_ACCEPTED, OF_THE_FILE
from iopscreen.audit.cases import contradict, same_answers
from iopscreen.audit.change.run import CHANGE_CHECKS, change_name
from iopscreen.audit.checks import CHECKS, CONSEQUENCES, name_of
from iopscreen.audit.checks.names import seen_as
from iopscreen.audit.citations import digest, digests, look_up, passages
from iopscreen.audit.documentation import ALL, documented
from iopscreen.audit.regions import holes
from iopscreen.audit.run import audit, rule_files
from iopscreen.audit.subject import case_to_paste, witness_json
from iopscreen.audit.suggested import each_once
from iopscreen.engine import effect, largest
from iopscreen.engine.blocks import NOWHERE
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import NONE_MATCHES, compile_rule_set
from iopscreen.engine.counts import whole
from iopscreen.engine.difference import assumption_by_search, without_assumption
from iopscreen.engine.largest import Largest
from iopscreen.engine.table import Table
from iopscreen.engine.verdicts import Verdicts
from iopscreen.errors import IopscreenError
from iopscreen.report.audit import audit_json, audit_text, documentation_text
from iopscreen.report.columns import columns
from iopscreen.ruleset import model
from iopscreen.ruleset.cases import understand_cases
from iopscreen.ruleset.faults import FAULTS
from iopscreen.ruleset.findings import FileRefused, Finding, Severity
from iopscreen.ruleset.nodes import MAX_BYTES, MAX_NODES
from iopscreen.ruleset.reader import understand

CASES = TESTS / "cases" / "audit"
TODAY = "2026-11-23"
FILES = sorted(path for path in CASES.glob("*/*.yaml") if not path.name.endswith(".cases.yaml"))


def audited(path: Path, monkeypatch: pytest.MonkeyPatch):
    """The audit of a file from its own folder, with every text beside it as a source of its name.

    With mutants where a surviving one is the fault.
    """
    monkeypatch.chdir(path.parent)
    texts = {text.stem: text.read_text(encoding="utf-8") for text in path.parent.glob("*.txt")}
    return audit(path.name, texts, today=TODAY, mutants=path.parent.name == "surviving-mutant")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_text_of_an_audit(path, monkeypatch, compare):
    result = audited(path, monkeypatch)
    compare(path.with_suffix(".out"), audit_text([result], color=False, width=80, notes=True))


@pytest.mark.parametrize(("check", "severity"), CHECKS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_every_check_finds_its_fault_and_spares_the_twin(check, severity, monkeypatch):
    folder = CASES / name_of(check)
    fault, twin = (audited(folder / name, monkeypatch) for name in ("fault.yaml", "twin.yaml"))
    assert {finding.severity for finding in fault.findings if finding.name == name_of(check)} == {severity}
    assert name_of(check) not in {finding.name for finding in twin.findings}
    assert not [finding for finding in twin.findings if finding.severity == "error" and not twin.accepted(finding)]
    assert check.__doc__


def test_every_output_belongs_to_a_rule_file():
    assert {path.with_suffix(".yaml") for path in CASES.glob("*/*.out")} == set(FILES)


# --- the shipped rule sets, and one from another field --------------------------------------


LEFT_TO_FILL_IN = [
    "{id: c, answers: {}, expect: ???}",
    "{id: c, expect: ???, answers: {}}",
    "{id: c, answers: {}, expect: ??? }",
    "{id: c, answers: {}, expect:\n    ???}",
    "{id: c, answers: {}, expect: ???\n    }",
    "{id: c, answers: {}, expect: {recommend: ???}}",
    "{id: c, answers: {}, expect: {recommend: yard, rule: ???}}",
    "{id: c, answers: {}, expect: {possible: [???]}}",
    "{id: c, answers: {}, expect: {possible: [yard, ???]}}",
    "{id: c, answers: {}, expect: {ask_next: ???, possible: yard}}",
    "{id: c, answers: {}, expect: {ask_next: ['???', heavy]}}",
    '{id: c, answers: {}, expect: "???"}',
    f"{{id: c, title: {'t' * 1_000_000}, answers: {{}}, expect: ???}}",
]
ANOTHER_FAULT = [
    "{id: c, title: ???, answers: {}, expect: {recommend: yard}}",
    "{id: c, title: what to expect ???, answers: {}, expect: {recommend: yard}}",
    "{id: c, answers: {heavy: ???}, expect: {recommend: yard}}",
    "{id: c, answers: {}, expect: ???a}",
    "{id: c, answers: {}, expect: ?}",
]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("case", [*LEFT_TO_FILL_IN, *ANOTHER_FAULT], ids=range(len(LEFT_TO_FILL_IN + ANOTHER_FAULT)))
def test_what_is_to_be_filled_in_is_told_where_it_stands_also_in_brackets(case, mark, ends):
    rule_set = understand((CASES / "gap" / "twin.yaml").read_bytes(), "twin.yaml").rule_set
    text = f"format: 1\nrules: twin.yaml\ncases:\n  - {case}\n"
    with pytest.raises(FileRefused) as refused:
        understand_cases(mark + text.replace("\n", ends).encode(), "twin.cases.yaml", "twin.yaml", rule_set)
    [fault] = refused.value.findings
    assert (fault.name == "to-fill-in") == (case in LEFT_TO_FILL_IN)
    line, column = fault.place
    assert text.splitlines()[line - 1][column - 1 :].lstrip("'\"").startswith("?") or fault.name == "syntax"


@pytest.mark.parametrize("name", ["iop", "iop-site-example"])
def test_shipped_rule_sets_are_clean(name):
    result = audit(str(RULES / f"{name}.yaml"), {}, today=TODAY)
    assert {finding.severity for finding in result.findings} == {"note"}
    assert all(result.facts.guarantees.values())
    assert result.facts.failed == 0
    assert not any(kind.missing for kind in result.facts.coverage.values())


def test_rule_set_from_another_field_with_its_source_at_hand():
    folder = TESTS / "rulesets"
    text = (folder / "loan-handbook.txt").read_text(encoding="utf-8")
    result = audit(str(folder / "loan.yaml"), {"handbook": text}, today=TODAY)
    assert {finding.severity for finding in result.findings} == {"note"}
    changed = audit(str(folder / "loan.yaml"), {"handbook": text.replace("two", "three")}, today=TODAY)
    assert {finding.name for finding in changed.findings if finding.severity != "note"} == {"stale-citation"}


# --- the object for programs ----------------------------------------------------------------


def test_json_of_a_finding_and_of_a_rule_set(monkeypatch):
    found = audit_json([audited(CASES / "unreachable-rule" / "fault.yaml", monkeypatch)])
    assert json.loads(json.dumps(found)) == found
    assert list(found) == ["findings", "rule_sets", "complete"]
    assert [finding for finding in found["findings"] if finding["severity"] == "error"] == [
        {
            "name": "unreachable-rule",
            "severity": "error",
            "path": "fault.yaml",
            "line": 62,
            "column": 9,
            "message": "rule `old-glass` never decides: rules `small-ones` and `big-ones` before it take "
            "all 8 profiles it matches; for the caller shown, `big-ones` decides",
            "witness": {"heavy": "no", "size": "large", "contents": ["glass"], "days": 0},
            "related": [
                {
                    "path": "fault.yaml",
                    "line": 50,
                    "message": "rule `small-ones` matches 4 of its 8 profiles and recommends `locker`",
                },
                {
                    "path": "fault.yaml",
                    "line": 56,
                    "message": "rule `big-ones` matches 4 of its 8 profiles and recommends `counter`",
                },
            ],
            "accepted": None,
        }
    ]
    assert found["rule_sets"][0] == {
        "path": "fault.yaml",
        "id": "parcels",
        "version": "1.0.0",
        "digest": found["rule_sets"][0]["digest"],
        "profiles": 16,
        "outcomes": {"locker": 2, "counter": 6, "yard": 8},
        "basis": {"site": ["too-heavy", "kept-long", "small-ones", "big-ones", "old-glass"]},
        "guarantees": [],
        "cases": {"passed": 0, "failed": 0},
        "coverage": {
            "rules": {
                "covered": 0,
                "total": 5,
                "missing": ["too-heavy", "kept-long", "small-ones", "big-ones", "old-glass"],
            },
            "outcomes": {"covered": 0, "total": 3, "missing": ["locker", "counter", "yard"]},
            "options": {
                "covered": 0,
                "total": 8,
                "missing": [
                    *("heavy: yes", "heavy: no", "size: small", "size: large", "size: oversize"),
                    *("contents: glass", "contents: food", "contents: papers"),
                ],
            },
        },
    }
    assert found["complete"] is True


def test_json_of_citations_says_whether_each_still_holds(monkeypatch):
    result = audited(CASES / "stale-citation" / "fault.yaml", monkeypatch)
    states = audit_json([result])["rule_sets"][0]["citations"]
    assert list(states) == [rule.rule.id for rule in result.facts.resting]
    assert {state for cites in states.values() for state in cites.values()} == {"changed", "moved", "external"}


def test_json_of_an_accepted_finding(monkeypatch):
    found = audit_json([audited(CASES / "accept-expired" / "twin.yaml", monkeypatch)])
    accepted = {finding["name"]: finding["accepted"] for finding in found["findings"]}
    assert accepted == {
        "no-cases": None,
        "no-emergency": None,
        "missing-citation": {
            "because": "The desk has no written practice.",
            "by": "M. Stone",
            "until": "2026-11-23",
        },
    }


def test_without_a_day_nothing_is_overdue_or_expired(monkeypatch):
    monkeypatch.chdir(CASES / "accept-expired")
    names = {finding.name for finding in audit("fault.yaml", {}, today=None).findings}
    assert "accept-expired" not in names
    monkeypatch.chdir(CASES / "review-overdue")
    assert "review-overdue" not in {finding.name for finding in audit("fault.yaml", {}, today=None).findings}


def test_an_acceptance_is_for_one_thing_and_one_finding(monkeypatch, tmp_path):
    text = (CASES / "accept-without-reason" / "twin.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(text.replace("at: delicate-goods", "at: too-heavy"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = audit("other.yaml", {}, today=TODAY)
    accepted = {finding.name: result.accepted(finding) is not None for finding in result.findings}
    assert accepted == {
        "no-cases": True,
        "no-emergency": False,
        "missing-citation": False,
        "accept-unused": False,
    }


def test_a_failed_case_is_accepted_at_top_level(monkeypatch, tmp_path):
    for name in ("fault.yaml", "fault.cases.yaml"):
        text = (CASES / "failed-case" / name).read_text(encoding="utf-8")
        entry = "accept:\n  - {finding: failed-case, at: not-forgotten, because: To be decided in May.}\n"
        (tmp_path / name).write_text(text + (entry if name == "fault.yaml" else ""), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = audit("fault.yaml", {}, today=TODAY)
    accepted = [finding.message for finding in result.findings if result.accepted(finding)]
    assert accepted == ["case `not-forgotten` expects no rule to match; it is `yard` by rule `too-heavy`"]


@pytest.mark.parametrize("folder", ["failed-case", "uncovered-outcome", "uncovered-rule", "surviving-mutant"])
def test_each_set_of_answers_is_suggested_once_and_named_where_it_is_needed_again(folder, monkeypatch):
    monkeypatch.chdir(CASES / folder)
    result = audit("fault.yaml", {}, today=TODAY, mutants=True)
    text = "\n".join(finding.case for finding in result.findings if finding.case).replace("???", "later")
    cases = yaml.safe_load(text)
    answers = [json.dumps(case["answers"], sort_keys=True) for case in cases]
    assert len(set(answers)) == len(answers)
    related = [one.message for finding in result.findings for one in finding.related]
    again = [re.match(r"a case to add is `(\S+)`, shown with \S+$", message) for message in related]
    named = {found.group(1) for found in again if found}
    assert named
    assert named <= {case["id"] for case in cases}


def test_a_case_shown_with_an_accepted_finding_is_no_case_shown():
    suggested = [
        Finding(
            f"finding-{number}", Severity.WARNING, "p", NOWHERE, "m", case=case_to_paste(name, {"a": "yes"}, expect)
        )
        for number, (name, expect) in enumerate([("one", "???"), ("two", "???"), ("three", "???"), ("four", "{}")])
    ]
    accepted, shown, again, of_its_own = each_once(suggested, [object(), None, None, None])
    assert [accepted, shown, of_its_own] == [suggested[0], suggested[1], suggested[3]]
    assert again.case is None
    assert [one.message for one in again.related] == ["a case to add is `two`, shown with finding-1"]


# --- what a finding means -------------------------------------------------------------------


def test_every_finding_is_explained_with_an_example_and_what_to_do():
    found = documented(ALL)
    names = [one.name for one in found]
    assert names == sorted(set(names))
    of_a_change = {change_name(check) for check, _ in CHANGE_CHECKS}
    assert set(names) == {name_of(check) for check, _ in CHECKS} | of_a_change | set(FAULTS)
    assert {(one.name, one.severity) for one in found} >= {(name_of(check), severity) for check, severity in CHECKS}
    assert set(names) >= CONSEQUENCES | {*OF_THE_FILE, *NEVER_ACCEPTED}
    for one in found:
        paragraphs = one.text.split("\n\n")
        starts = [
            paragraph.split()[0] for paragraph in paragraphs if paragraph.startswith(("Example: ", "What to do: "))
        ]
        assert starts == ["Example:", "What"], one.name
        assert not paragraphs[0].startswith("Example")
        assert all(len(line) <= 80 for line in documentation_text([one], 80).splitlines()), one.name
        assert one.text.count("`") % 2 == 0


def test_the_limits_of_a_file_are_explained_as_they_are():
    assert f"more than {MAX_BYTES // 2**20} MiB, or with more than {MAX_NODES:,} values" in FAULTS["too-large"]


def test_the_list_of_findings_has_a_line_each():
    lines = documentation_text(documented(ALL), 40).splitlines()
    assert len(lines) == len(documented(ALL))
    assert [line for line in lines if line.startswith("gap ")] == [
        "gap                      error    Some callers match no rule, so nothing is recommended to them."
    ]


def test_an_unknown_name_is_answered_with_a_close_one():
    assert documented("[gap]") == documented("gap")
    with pytest.raises(IopscreenError, match="did you mean `unreachable-rule`"):
        documented("unreachable-rules")
    with pytest.raises(IopscreenError, match="`--explain list`"):
        documented("?")


def test_a_rule_that_was_renamed_is_told_once_for_all_its_cases(tmp_path):
    rules = (CASES / "no-cases" / "twin.yaml").read_text(encoding="utf-8")
    (tmp_path / "parcels.yaml").write_text(rules.replace("id: too-heavy", "id: much-too-heavy"), encoding="utf-8")
    lines = [f"  - {{id: c{n}, answers: {{heavy: yes}}, expect: {{rule: too-heavy}}}}" for n in range(7)]
    lines.append("  - {id: other, answers: {heavy: yes}, expect: {rule: too-hevy}}")
    cases = "\n".join(["format: 1", "rules: parcels.yaml", "cases:", *lines]) + "\n"
    (tmp_path / "parcels.cases.yaml").write_text(cases, encoding="utf-8")
    result = audit(str(tmp_path / "parcels.yaml"), {}, today=None)
    faults = [(one.place.line, one.message) for one in result.findings if one.name == "unknown-name"]
    assert [line for line, _ in faults] == [4, 11]
    assert faults[0][1].endswith("; so in 6 more places of this file")
    assert "more place" not in faults[1][1]


# --- order, and causes ----------------------------------------------------------------------


def test_failed_cases_come_before_the_mutants_that_they_do_not_kill(tmp_path):
    for name in ("twin.yaml", "twin.cases.yaml"):
        text = (CASES / "surviving-mutant" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(re.sub(r"recommend: (?:yard|counter|locker)\b", swapped(name), text), "utf-8")
    result = audit(str(tmp_path / "twin.yaml"), {}, today=TODAY, mutants=True)
    names = [finding.name for finding in result.findings]
    assert {"failed-case", "surviving-mutant"} <= set(names)
    last = max(place for place, name in enumerate(names) if name in ("failed-case", "wrong-rule", "uncovered-rule"))
    assert last < names.index("surviving-mutant")


def swapped(name):
    """In cases, the outcome that is expected is another one."""
    turn = {"yard": "counter", "counter": "locker", "locker": "yard"} if ".cases." in name else {}
    return lambda found: f"recommend: {turn.get(found.group()[11:], found.group()[11:])}"


def test_causes_come_before_their_consequences_and_are_named(monkeypatch):
    result = audited(CASES / "unreachable-outcome" / "causes.yaml", monkeypatch)
    names = [finding.name for finding in result.findings]
    assert names.index("unreachable-rule") < min(names.index(name) for name in names if name in CONSEQUENCES)
    for name in ("unreachable-outcome", "failed-case", "question-never-matters"):
        [finding] = told(result, name)
        assert "rule `old-glass` never decides (see unreachable-rule)" in [one.message for one in finding.related]
    [uncovered] = told(result, "uncovered-rule")
    assert "old-glass" not in uncovered.message


def test_notes_are_folded_into_one_line_that_counts_them(monkeypatch):
    result = audited(CASES / "reading-decides" / "fault.yaml", monkeypatch)
    text = audit_text([result], color=False, width=80, notes=False)
    assert "\n  4 notes not shown (--notes): 1 no-emergency, 3 reading-decides\n" in text
    assert ": note: " not in text
    assert "not shown" not in audit_text([result], color=False, width=80, notes=True)


def test_an_audit_says_the_same_every_time(monkeypatch):
    path = CASES / "unreachable-outcome" / "causes.yaml"
    texts = set()
    for seed in ("1", "2", "3"):
        command = [sys.executable, "-m", "iopscreen", "audit", path.name, "--format", "json", "--today", TODAY]
        done = subprocess.run(
            command, cwd=path.parent, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False
        )
        assert done.returncode == 1
        texts.add(done.stdout)
    assert len(texts) == 1


# --- cases ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("{recommend: yard}", "{rule: too-heavy}", False),
        ("{recommend: yard}", "{recommend: counter}", True),
        ("{recommend: yard}", "{rule: kept-long}", True),
        ("{rule: delicate-goods}", "{rule: kept-long}", True),
        ("{recommend: yard}", "{possible: yard}", False),
        ("{recommend: yard}", "{possible: [yard, counter]}", True),
        ("{possible: [counter, yard]}", "{possible: [yard, counter], ask_next: size}", False),
        ("{ask_next: [size, heavy]}", "{ask_next: [heavy, size]}", False),
        ("{ask_next: size}", "{ask_next: []}", True),
        ("{recommend: no_rule}", "{recommend: yard}", True),
        ("{recommend: no_rule}", "{possible: no_rule}", False),
    ],
)
def test_whether_two_cases_contradict_each_other(one, other, expected):
    rule_set = understand((CASES / "gap" / "twin.yaml").read_bytes(), "twin.yaml").rule_set
    text = "format: 1\nrules: twin.yaml\ncases:\n" + "".join(
        f"  - {{id: c{number}, answers: {{}}, expect: {expect}}}\n" for number, expect in enumerate((one, other))
    )
    cases = understand_cases(text.encode(), "twin.cases.yaml", "twin.yaml", rule_set).cases
    assert contradict(rule_set, cases[0].expect, cases[1].expect) == expected
    assert contradict(rule_set, cases[1].expect, cases[0].expect) == expected
    assert [(case.id, earlier.id) for case, earlier in same_answers(cases)] == [("c1", "c0")]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("step-down", "step_down", True),
        ("stepdown", "step-down", True),
        ("level_1", "level_l", True),
        ("o0", "oo", True),
        ("barn", "bam", True),
        ("vvard", "ward", True),
        ("day_1_1", "day_11", False),
        ("rule-1", "rule-2", False),
        ("bipolar_1", "bipolar_i", False),
        ("age", "page", False),
    ],
)
def test_which_names_are_taken_for_one_another(one, other, alike):
    assert (seen_as(one) == seen_as(other)) == alike


# --- the table ------------------------------------------------------------------------------


def test_a_table_that_is_too_wide_becomes_sentences():
    head = ["a_long_question", "another_question", "profiles"]
    groups = [("by one", [["some long answer", "any", "1,000"]]), (None, [["any", "any", "3"]])]
    assert list(columns(head, groups, 80, "  ")) == [
        "  a_long_question   another_question  profiles",
        "  by one",
        "  some long answer  any                  1,000",
        "  any               any                      3",
    ]
    assert list(columns(head, groups, 31, "  ")) == [
        "  a_long_    another_  profiles",
        "  question   question",
        "  by one",
        "  some long  any          1,000",
        "  answer",
        "  any        any              3",
    ]
    assert list(columns(head, groups, 28, "  ")) == [
        "  by one",
        "     1,000  a_long_question:",
        "              some long",
        "              answer",
        "         3  any answers",
    ]
    several = [("by one", [["some long answer or quite another", "no", "any", "1,000"]])]
    asked = ["first_question", "second_question", "third_question", "profiles"]
    assert list(columns(asked, several, 38, "  ")) == [
        "  by one",
        "     1,000  first_question: some long",
        "              answer or quite another,",
        "            second_question: no",
    ]
    assert list(columns(head, [], 31, "  ")) == []


def test_regions_beyond_the_rows_asked_for_are_counted(monkeypatch):
    result = audited(CASES / "contradictory-condition" / "twin.yaml", monkeypatch)
    text = audit_text([result], color=False, width=80, notes=False, rows=2)
    assert "    ... and 11 more profiles in further regions\n" in text


# --- files that cannot be read, and rules that are too tangled ------------------------------


def test_unreadable_file_is_a_finding(tmp_path):
    result = audit(str(tmp_path / "none.yaml"), {}, today=TODAY)
    assert [finding.name for finding in result.findings] == ["unreadable"]
    assert result.facts is None
    assert "unreadable" in audit_text([result], color=False, width=80, notes=False)
    assert audit_json([result])["rule_sets"] == []


@pytest.mark.parametrize("data", [b"\xff\xfea", b"a: \xe9\n", b"a: \x1b[2J\n", b"", b"[" * 5000])
def test_what_is_shown_of_a_bad_file_is_printable(data, tmp_path):
    (tmp_path / "bad.yaml").write_bytes(data)
    text = audit_text([audit(str(tmp_path / "bad.yaml"), {}, today=TODAY)], color=False, width=80, notes=True)
    assert all(line.isprintable() for line in text.splitlines())


def test_rule_files_of_a_folder(tmp_path):
    for name in ("b.yaml", "a.yaml", "a.cases.yaml", "readme.md"):
        (tmp_path / name).touch()
    assert rule_files(str(tmp_path)) == [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]
    assert rule_files(str(tmp_path / "b.yaml")) == [str(tmp_path / "b.yaml")]
    for nothing in (tmp_path / "c.yaml", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(IopscreenError):
            rule_files(str(nothing))


@pytest.fixture
def no_diagram(monkeypatch):
    """No diagram fits."""

    def give_up(*_args, **_kwargs):
        raise TooTangled

    monkeypatch.setattr(Table, "build", give_up)
    monkeypatch.setattr(Table, "tally", give_up)


@pytest.mark.usefixtures("no_diagram")
@pytest.mark.parametrize("name", ["gap", "unreachable-rule", "guarantee-violated", "overlapping-rules"])
def test_verdicts_are_given_where_no_diagram_fits(name, monkeypatch):
    result = audited(CASES / name / "fault.yaml", monkeypatch)
    found = told(result, name)
    assert found
    assert all(finding.witness for finding in found)
    assert result.facts.profiles is None
    assert not [one for one in result.undecided if name in one.names]
    text = audit_text([result], color=False, width=80, notes=True)
    assert "not counted" in text
    assert audit_json([result])["rule_sets"][0]["outcomes"] is None


@pytest.mark.usefixtures("no_diagram")
def test_out_of_time_is_never_clean(monkeypatch):
    monkeypatch.chdir(CASES / "wrong-rule")
    result = audit("twin.yaml", {}, today=TODAY, budget=Budget(0))
    assert not result.complete
    assert result.facts.guarantees == dict.fromkeys(result.facts.guarantees)
    words = {one.words for one in result.undecided}
    rules = understand(Path("twin.yaml").read_bytes(), "twin.yaml").rule_set
    assert {f"whether rule `{rule.id}` can decide" for rule in rules.rules} <= words
    assert {f"whether guarantee `{one.id}` holds" for one in rules.guarantees} <= words
    assert {f"whether outcome `{outcome}` can be recommended" for outcome in rules.outcome} <= words
    assert {"whether some caller matches no rule", "whether case `old-glass` passes"} <= words
    assert result.facts.profiles is None
    assert "incomplete" in audit_text([result], color=False, width=80, notes=False)
    found = audit_json([result])
    assert found["complete"] is False
    assert found["rule_sets"][0]["undecided"] == [one.words for one in result.undecided]


def test_what_rules_are_good_for_is_undecided_past_its_budget(monkeypatch):
    def give_up(*_args):
        raise OutOfTime

    monkeypatch.setattr(effect.Effects, "_instead", give_up)
    result = audited(CASES / "no-effect-rule" / "fault.yaml", monkeypatch)
    assert {name for one in result.undecided for name in one.names} == {"no-effect-rule"}
    assert {name for one in result.hints for name in one.names} == {"over-specified"}
    accepted = audited(CASES / "no-effect-rule" / "accepted.yaml", monkeypatch)
    assert not told(accepted, "accept-unused")


def test_needless_tests_are_left_open_where_other_readings_were_not_looked_at_in_time(monkeypatch):
    path = CASES / "over-specified" / "fault.yaml"
    assert told(audited(path, monkeypatch), "over-specified")

    def give_up(*_args):
        raise OutOfTime

    settings = "settings:\n  s: {means: Any, type: yes_no, value: no}\nrules:\n"
    text = path.read_text(encoding="utf-8").replace("rules:\n", settings)
    text = text.replace("when: {heavy: yes}", "when: {heavy: yes, s: no}")
    whatever_s_is = ["rule `does-not-fit` recommends the same without its test of `contents`"]
    for ends, words in (
        (give_up, ["whether rule `does-not-fit` needs each part of its condition"]),
        (too_tangled, []),  # as the documentation says: too many values to look at
    ):
        monkeypatch.setattr(readings, "_mattering", ends)
        result = audit_of(text, monkeypatch)
        assert [one.message.split(":")[0] for one in told(result, "over-specified")] == whatever_s_is
        assert [one.words for one in result.hints] == words


def too_tangled(*_args):
    raise TooTangled


def audit_of(text, monkeypatch):
    monkeypatch.setattr("iopscreen.audit.run.read_bytes", lambda _path: text.encode())
    return audit("rules.yaml", {}, today=TODAY)


def test_too_tangled_to_compile_names_the_place(tmp_path):
    parts = ", ".join(f"{{a{n}: yes, b{n}: yes}}" for n in range(13))
    questions = "".join(f"  {letter}{n}: {{ask: Well, type: yes_no}}\n" for n in range(13) for letter in "ab")
    text = (CASES / "no-cases" / "twin.yaml").read_text(encoding="utf-8")
    text = text.replace("questions:\n", f"questions:\n{questions}")
    text = text.replace("    when: {heavy: yes}\n", f"    when: {{heavy: yes}}\n    unless: {{any_of: [{parts}]}}\n")
    (tmp_path / "tangled.yaml").write_text(text, encoding="utf-8")
    result = audit(str(tmp_path / "tangled.yaml"), {}, today=TODAY)
    assert not result.complete
    assert f"tangled.yaml:{text[: text.index('too-heavy')].count(chr(10)) + 1}:" in result.why
    assert not [one for one in result.undecided if "missing-citation" in one.names]
    assert "too-heavy" in audit_text([result], color=True, width=80, notes=True)


# --- citations ------------------------------------------------------------------------------

TEXT = """The Title Is a Block

A first paragraph. Its list follows:
- one
- two,
and on it goes
  over the line

And back to text.

* a list
* of its own

Heading Without Full Stop

Under the heading.

Another Heading

· bullet: no heading
"""


def test_passages_are_found_by_section_and_paragraph():
    assert passages(TEXT) == {
        ("opening", 1): "A first paragraph. Its list follows:",
        ("opening", 2): "- one\n- two,\nand on it goes\n  over the line",
        ("opening", 3): "And back to text.",
        ("opening", 4): "* a list\n* of its own",
        ("Heading Without Full Stop", 1): "Under the heading.",
        ("Another Heading", 1): "· bullet: no heading",
    }
    assert passages("") == {}


def rewrapped(text, width, indent):
    """A text with every paragraph and every bullet wrapped anew; `indent` is what continues a bullet."""
    wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    lines = []
    for line in text.splitlines():
        bullet = line.startswith(("-", "*", "·"))
        wrapper.subsequent_indent = indent if bullet else ""
        heading = not bullet and not line.endswith((".", ":"))
        lines += [line] if heading else wrapper.wrap(line)
    return "\n".join(lines)


@pytest.mark.parametrize("indent", ["", "  ", "\t"])
def test_wrapping_a_text_anew_leaves_every_passage_where_it_was(indent):
    text = TEXT.replace("and on it goes\n  over the line", "and on it goes")
    text = text.replace("two,\nand on", "two, and then, as lists are wont to do, on and")
    at_first = {spot: digest(block) for spot, block in passages(text).items()}
    assert len(at_first) == 6
    for width in range(8, 90):
        again = {spot: digest(block) for spot, block in passages(rewrapped(text, width, indent)).items()}
        assert again == at_first, width


def test_a_text_wrapped_anywhere_even_at_hyphens_is_the_same():
    text = TEXT.replace("A first paragraph.", "A first, every-day and two-step paragraph of well-known words.")
    at_first = {spot: digest(block) for spot, block in passages(text).items()}
    for width in range(6, 60):
        again = passages("\n".join(line for one in text.split("\n") for line in at_hyphens(one, width)))
        assert {spot: digest(block) for spot, block in again.items()} == at_first, width


def at_hyphens(line, width):
    if not line.endswith((".", ":")) or line.startswith(("-", "*", "·")):
        return [line]
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=True)


def test_a_heading_that_takes_several_lines_is_the_one_that_a_passage_names():
    text = "Title\n\nOpening.\n\nWhat a Long-Winded Heading\n\nOne.\n\nTwo.\n\nNobody Cites This Heading\n\nThree.\n"
    blocks = passages(text)
    cited = [
        model.Passage(f"p{number}", section, paragraph, "", digest(block), NOWHERE)
        for number, ((section, paragraph), block) in enumerate(blocks.items())
        if not section.startswith("Nobody")
    ]
    source = model.Source("a", "A", False, digest(text), tuple(cited), NOWHERE)
    assert len(cited) == 3
    for wrapped in ("What a\nLong-Winded\nHeading", "What a Long-\n  Winded Heading"):
        retyped = text.replace("What a Long-Winded Heading", wrapped).replace("Nobody Cites This", "Nobody\nCites This")
        assert {found.fate for found in look_up(source, retyped).values()} == {"same"}
        changed = look_up(source, retyped.replace("One.", "Once."))
        assert [found.fate for found in changed.values()] == ["same", "changed", "same"]


def test_hyphenation_and_signs_that_nobody_sees_do_not_count():
    first = "· It's every-day self-harm.\n· A 12-step program."
    for again in (
        "· It's every-\n day self-harm.\n· A 12-\nstep program.",
        "· It\u2019s every\u2011day self\u2010harm.\n· A 12-step program.",
        "· It\u00b4s every-day self-harm.\n\u00b7 A 12-step pro\u00ad\ngram.",
        "- It`s every-day self-harm.\n- A 12-step pro\u00adgram.",
        "* It\u2032s every-day\u200b self-harm.\n*\tA \ufeff12-step program.",
        "•It\u02bcs every-day self-harm.\n•A 12-step program.",
    ):
        assert digest(first) in digests(again), again
        assert digest(again) in digests(first), again
    for other in ("every day", "everyday", "every–day", "every -day"):  # noqa: RUF001 - a dash as typed
        assert digest(first) not in digests(first.replace("every-day", other)), other
    assert digest(first) not in digests(first.replace("· It", "It"))


def test_a_digest_of_letter_case_spaces_and_quotes_alone_is_good_whatever_else_the_text_holds():
    """As a site may have made it, without this program: the hyphens and bullets as they were."""
    text = "• Two-  or three-day “stays”,\n• a\u00adnd – as ever – no\u200b more."  # noqa: RUF001 - as typed
    by_hand = " ".join(text.lower().replace("“", '"').replace("”", '"').split())
    assert f"sha256:{hashlib.sha256(by_hand.encode()).hexdigest()}" in digests(text)
    assert f"sha256:{hashlib.sha256(by_hand.encode()).hexdigest()}" in digests(text.replace("•", "  •"))


def test_quotes_spaces_and_case_do_not_count():
    same = ["“It’s  one”,\n he said", '"it\'s one", he said', ' "IT\'S\tONE", he  said\n']  # noqa: RUF001 - as typed
    assert len({digest(text) for text in same}) == 1
    assert digest("its one, he said") != digest(same[0])


# --- against brute force --------------------------------------------------------------------

SEEDS = range(250)


class Brute:
    """What is true of a small rule set, by looking at every profile."""

    def __init__(self, rule_set):
        self.rule_set = rule_set
        self.oracle = Oracle(rule_set)
        self.all = list(self.oracle.completions({}))
        self.possible = [profile for profile in self.all if self.oracle.fate(profile).impossible is None]
        deciding = [entry.condition for entry in (*rule_set.impossible, *rule_set.rules)]
        self.tests = [test for condition in deciding for test in model.tests_of(condition)]

    def facts(self, profile):
        return {**self.rule_set.readings, **profile}

    def meets(self, condition, profile):
        return holds(condition, self.facts(profile))

    def distinct(self, profiles):
        """How many of `profiles` the rules can tell apart."""
        return len({tuple(self.meets(test, profile) for test in self.tests) for profile in profiles})

    def outcome(self, profile):
        return self.oracle.fate(profile).outcome

    def decides(self, rule, profiles):
        return any(self.oracle.fate(profile).rule == rule.id for profile in profiles)

    def shown_by(self, witness):
        """The profiles that a witness stands for: `any` is every value."""
        known = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in witness.items()
            if value != "any"
        }
        assert set(witness) == set(self.rule_set.question)
        found = list(self.oracle.completions(known))
        assert found
        assert all(self.oracle.fate(profile).impossible is None for profile in found)
        return found


@pytest.fixture(scope="module", params=SEEDS)
def random_one(request, tmp_path_factory):
    """The audit of a random rule set, and what is true of it."""
    path = tmp_path_factory.mktemp("random") / "random.yaml"
    path.write_text(made(request.param).text, encoding="utf-8")
    return audit(str(path), {}, today=None), Brute(understand(path.read_bytes(), str(path)).rule_set)


def told(result, name):
    return [finding for finding in result.findings if finding.name == name]


def ids(things, findings):
    places = {thing.place: thing.id for thing in things}
    return {places[finding.place] for finding in findings}


def test_verdicts_about_rules_are_true(random_one):
    result, brute = random_one
    rules = brute.rule_set.rules
    assert result.complete
    assert bool(told(result, "impossible-everything")) == (not brute.possible)
    if not brute.possible:
        assert not told(result, "unreachable-rule") + told(result, "gap") + told(result, "contradictory-condition")
        return
    deciding = {brute.oracle.fate(profile).rule for profile in brute.possible}
    met = {rule.id for rule in rules if any(brute.meets(rule.condition, profile) for profile in brute.possible)}
    contradictory = {rule.id for rule in rules} - met
    errors = [finding for finding in told(result, "contradictory-condition") if finding.severity == "error"]
    assert ids(rules, errors) == contradictory
    assert ids(rules, told(result, "unreachable-rule")) == met - deciding
    gaps = told(result, "gap")
    assert bool(gaps) == (None in deciding)
    for finding in gaps:
        assert {brute.outcome(profile) for profile in brute.shown_by(finding.witness)} == {"no_rule"}
    outcomes = {brute.outcome(profile) for profile in brute.possible}
    unreached = set(brute.rule_set.outcome) - outcomes
    assert ids(brute.rule_set.outcomes, told(result, "unreachable-outcome")) == unreached


def test_notes_and_impossible_entries_that_nobody_meets_are_told(random_one):
    """And of entries that others make needless so many that the rest still exclude the same callers, and no more."""
    result, brute = random_one
    rule_set = brute.rule_set
    found = told(result, "contradictory-condition") if brute.possible else []
    beside = [finding for finding in found if finding.severity != "error"]
    notes, entries = rule_set.notes, rule_set.impossible
    assert len(beside) == len({finding.place for finding in beside})
    assert {finding.place for finding in beside} <= {one.place for one in (*notes, *entries)}
    if not brute.possible:
        return
    met = {note.place for note in notes if any(brute.meets(note.condition, profile) for profile in brute.possible)}
    assert {one.place for one in notes} - met == {one.place for one in notes} & {one.place for one in beside}
    everybody = list(brute.oracle.completions({}))
    excluded = {
        entry: {place for place, profile in enumerate(everybody) if brute.meets(entry.condition, profile)}
        for entry in entries
    }
    empty = {entry for entry in entries if not excluded[entry]}
    needless = {entry for entry in entries if any(entry.place == one.place for one in beside)}
    assert empty <= needless
    for finding in beside:
        adds_nothing = " adds nothing" in finding.message
        assert adds_nothing == any(finding.place == entry.place for entry in needless - empty)
        assert finding.severity == "note" or not adds_nothing
    left = [excluded[entry] for entry in entries if entry not in needless]
    assert set().union(*left) == set().union(*excluded.values())
    for one in left:
        assert not one <= set().union(*(other for other in left if other is not one))


def test_takers_of_an_unreachable_rule_are_the_fewest_that_cover_it(random_one):
    """In the message, and as related places; apart from them the heaviest rule that recommends something else."""
    result, brute = random_one
    rules = brute.rule_set.rules
    ever = {brute.oracle.fate(profile).rule for profile in brute.possible}
    for finding in told(result, "unreachable-rule"):
        [rule] = [rule for rule in rules if rule.place == finding.place]
        mine = [profile for profile in brute.possible if brute.meets(rule.condition, profile)]
        earlier = rules[: rules.index(rule)]
        met = {one.id: [profile for profile in mine if brute.meets(one.condition, profile)] for one in earlier}
        weight = {name: brute.distinct(profiles) for name, profiles in met.items()}
        deciding = [one for one in earlier if brute.decides(one, mine)]
        related = [(one, other) for one in finding.related for other in earlier if other.place == one.place]
        beside = [other for one, other in related if one.message.startswith("besides, ")]
        takers = [other for one, other in related if one.message.startswith("rule ") and " matches " in one.message]

        sets = [chosen for size in range(len(takers) + 1) for chosen in combinations(earlier, size)]
        enough = [chosen for chosen in sets if all(any(p in met[one.id] for one in chosen) for p in mine)]
        assert {len(chosen) for chosen in enough} == {len(takers)}
        heaviest = max(sum(weight[one.id] for one in chosen) for chosen in enough)
        assert sum(weight[one.id] for one in takers) == heaviest
        assert set(takers) in map(set, enough)

        others = [one for one in deciding if one.recommend != rule.recommend]
        apart = bool(others) and all(one.recommend == rule.recommend for one in takers)
        assert len(beside) == apart
        assert all(one in others and weight[one.id] == max(weight[other.id] for other in others) for one in beside)
        for one, other in related[: len(takers) + apart]:
            assert f"matches {weight[other.id]:,} of its {brute.distinct(mine)} profile" in one.message
            assert one.message.endswith("; it never decides either") == (other.id not in ever)

        shown = brute.shown_by(finding.witness)
        assert all(brute.meets(rule.condition, profile) for profile in shown)
        [decider] = {brute.oracle.fate(profile).rule for profile in shown}
        names, after = finding.message.split(" never decides: rule", 1)[1].split(" before it take", 1)
        assert re.findall("`(.*?)`", names) == [one.id for one in takers]
        ending = f"; for the caller shown, `{decider}` decides{', which recommends something else' if apart else ''}"
        assert after.endswith(ending)
        assert decider in {one.id for one in (beside or [*takers, *deciding])}


def test_overlaps_are_true(random_one):
    result, brute = random_one
    rules = brute.rule_set.rules
    pairs = {
        (rule.place, other.place)
        for place, rule in enumerate(rules)
        for other in rules[:place]
        if brute.rule_set.policy == "unique"
        and any(brute.meets(rule.condition, p) and brute.meets(other.condition, p) for p in brute.possible)
    }
    findings = told(result, "overlapping-rules")
    assert sorted(pairs) == sorted((finding.place, finding.related[0].place) for finding in findings)
    for finding in findings:
        both = [rule for rule in rules if rule.place in (finding.place, finding.related[0].place)]
        shared = [p for p in brute.possible if all(brute.meets(rule.condition, p) for rule in both)]
        assert f"both match {brute.distinct(shared):,} profile" in finding.message
        for profile in brute.shown_by(finding.witness):
            assert all(brute.meets(rule.condition, profile) for rule in both)


def test_guarantees_are_proved_or_refuted(random_one):
    result, brute = random_one
    for guarantee in brute.rule_set.guarantees:
        mine = [profile for profile in brute.possible if brute.meets(guarantee.condition, profile)]
        wrong = [profile for profile in mine if brute.outcome(profile) not in guarantee.allowed]
        assert result.facts.guarantees[guarantee.id] == (bool(brute.possible) and not wrong)
        violated = [finding for finding in told(result, "guarantee-violated") if finding.place == guarantee.place]
        assert len(violated) == bool(wrong)
        for finding in violated:
            for profile in brute.shown_by(finding.witness):
                assert brute.meets(guarantee.condition, profile)
                assert brute.outcome(profile) not in guarantee.allowed
        vacuous = guarantee.place in {finding.place for finding in told(result, "guarantee-vacuous")}
        assert vacuous == (bool(brute.possible) and not mine)


def test_questions_that_never_matter_can_all_be_dropped_and_no_other_with_them(random_one):
    result, brute = random_one
    if not brute.possible:
        return
    questions = [question for question in brute.rule_set.questions if not question.for_notes]
    reported = ids(brute.rule_set.questions, told(result, "question-never-matters"))
    unused = ids(
        brute.rule_set.questions, [f for f in told(result, "unused") if f.message.startswith("nothing tests q")]
    )
    assert not reported & unused

    def droppable(names):
        outcomes = {}
        for profile in brute.possible:
            rest = tuple(value for name, value in profile.items() if name not in names)
            outcomes.setdefault(rest, set()).add(brute.outcome(profile))
        return all(len(found) == 1 for found in outcomes.values())

    assert droppable(reported | unused)
    for question in questions:
        assert question.id in reported | unused or not droppable(reported | unused | {question.id})


def test_profiles_are_counted_right(random_one):
    result, brute = random_one
    by_outcome = {}
    for profile in brute.possible:
        by_outcome.setdefault(brute.outcome(profile), []).append(profile)
    counted = {outcome: number for outcome, number in result.facts.outcomes.items() if number}
    assert counted == {outcome: brute.distinct(profiles) for outcome, profiles in by_outcome.items()}
    assert result.facts.profiles == brute.distinct(brute.possible)


def test_regions_are_disjoint_and_hold_every_profile(random_one):
    _, brute = random_one
    everything = whole(compile_rule_set(brute.rule_set))
    found = Largest(everything).regions(everything.labels, 10_000)
    assert sum(region.profiles for region in found) == everything.profiles
    for profile in brute.possible:
        [region] = regions_of(brute, everything, found, profile)
        assert region.label == decider(brute, profile)


def regions_of(brute, everything, found, profile):
    """The regions in which a profile lies."""
    blocks_of = everything.compiled.blocks
    return [
        region
        for region in found
        if all(blocks_of[name].block_of(profile[name]) in blocks for name, blocks in region.blocks.items())
    ]


def decider(brute, profile):
    rule = brute.oracle.fate(profile).rule
    return NONE_MATCHES if rule is None else [one.id for one in brute.rule_set.rules].index(rule)


def test_the_words_of_a_region_hold_for_its_answers_and_no_others(random_one):
    result, brute = random_one
    for outcome in result.overview.table(10_000):
        assert outcome.more == 0
        assert sum(row.profiles for row in outcome.rows) == outcome.profiles
    for profile in brute.possible:
        matching = [
            (outcome.outcome, row.rule)
            for outcome in result.overview.table(10_000)
            for row in outcome.rows
            if all(said_of(brute.rule_set.question[name], words, profile[name]) for name, words in row.when.items())
        ]
        assert matching == [(brute.outcome(profile), brute.oracle.fate(profile).rule)]


fewer = pytest.mark.parametrize("random_one", range(80), indirect=True)
"""For what takes its time: not all of the rule sets."""


MANY_READINGS = 40


def readings_of(brute):
    """The rule set under every value of its settings that a file may hold, or MANY_READINGS of them at random."""
    tests = [test for test in brute.tests if isinstance(test, model.NumberTest)]
    values = []
    for setting in brute.rule_set.settings:
        compared = [test.subject for test in tests for bound in test.bounds if bound.limit == setting.id]
        ranges = [range(asked.low, asked.high + 1) for asked in brute.rule_set.questions if asked.id in compared]
        options = [option.id for option in setting.options] or ["yes", "no"]
        numbers = [number for number in range(-12, 40) if all(number in allowed for allowed in ranges)]
        values.append(numbers if setting.kind == "whole_number" else options)
    readings = list(product(*values))
    shuffled = Random(1).sample(readings, min(len(readings), MANY_READINGS))
    changed = [
        brute.rule_set._replace(
            settings=tuple(
                one._replace(value=value) for one, value in zip(brute.rule_set.settings, chosen, strict=True)
            )
        )
        for chosen in shuffled
    ]
    return [Brute(rule_set) for rule_set in changed], len(readings) <= MANY_READINGS


def changes_nothing(brute, position, condition):
    """Whether everybody is recommended the same when a rule has another condition (None: when it is left out)."""
    return outcomes_with(brute, position, condition) == [brute.outcome(profile) for profile in brute.possible]


def outcomes_with(brute, position, condition):
    """What every possible caller is recommended when a rule has another condition; None: no such rule."""
    rules = list(brute.rule_set.rules)
    if condition is None:
        del rules[position]
    else:
        rules[position] = rules[position]._replace(when=condition, unless=None)
    changed = brute.rule_set._replace(rules=tuple(rules))
    return [fate_of(changed, profile).outcome for profile in brute.possible]


@fewer
def test_rules_without_effect_are_those_whose_removal_changes_nothing(random_one):
    result, brute = random_one
    if not brute.possible:
        return
    before = [brute.outcome(profile) for profile in brute.possible]
    expected = {
        rule.id
        for position, rule in enumerate(brute.rule_set.rules)
        if brute.decides(rule, brute.possible) and outcomes_with(brute, position, None) == before
    }
    assert ids(brute.rule_set.rules, told(result, "no-effect-rule")) == expected
    for finding in told(result, "no-effect-rule"):
        [position] = [place for place, rule in enumerate(brute.rule_set.rules) if rule.place == finding.place]
        rules = brute.rule_set.rules[:position] + brute.rule_set.rules[position + 1 :]
        without = brute.rule_set._replace(rules=rules)
        mine = [p for p in brute.possible if brute.oracle.fate(p).rule == brute.rule_set.rules[position].id]
        instead = {fate_of(without, profile).rule for profile in mine}
        assert instead == {rule.id for rule in rules if rule.place in {related.place for related in finding.related}}
        readings, all_of_them = readings_of(brute)
        needed = [reading for reading in readings if not changes_nothing(reading, position, None)]
        hedged = " has no effect: " not in finding.message
        assert hedged or not needed
        assert not hedged or needed or not all_of_them


def left_out(condition, wanted):
    """A condition without one of its parts, found by being that very thing; None where nothing is left."""
    if condition is wanted:
        return None
    if isinstance(condition, model.Not):
        rest = left_out(condition.part, wanted)
        return None if rest is None else model.Not(rest)
    if isinstance(condition, model.AllOf | model.AnyOf):
        parts = tuple(part for part in (left_out(part, wanted) for part in condition.parts) if part is not None)
        return type(condition)(parts) if parts or not condition.parts else None
    if isinstance(condition, model.NumberTest) and any(bound is wanted for bound in condition.bounds):
        return condition._replace(bounds=tuple(bound for bound in condition.bounds if bound is not wanted))
    return condition


def parts_of(condition, above=None):
    """Every part that can be left out: tests, and what holds several, each before what is in it."""
    kind = type(condition)
    if kind not in (model.AllOf, model.AnyOf, model.Not):
        return [condition]
    inner = (condition.part,) if kind is model.Not else condition.parts
    below = [found for part in inner for found in parts_of(part, kind)]
    tests = list(model.tests_of(condition))
    one_test = len({test.subject for test in tests}) == 1 and all(getattr(test, "part", "") for test in tests)
    same = above is model.Not or (kind is model.AllOf and above in (None, model.AllOf))
    return below if len(tests) < 2 or one_test or same else [condition, *below]


SEVERAL = re.compile("without (?:the alternative|its `any_of`|the exception) that tests ")


@fewer
def test_needless_parts_are_those_that_can_be_left_out(random_one):
    """Of parts inside of one another the largest."""
    result, brute = random_one
    rule_set = brute.rule_set
    found = {(finding.place, bool(SEVERAL.search(finding.message))) for finding in told(result, "over-specified")}
    if not brute.possible or rule_set.policy == "unique":
        assert not found
        return
    readings, all_of_them = readings_of(brute)
    in_vain = ids(rule_set.rules, told(result, "no-effect-rule"))
    largest, needless_ones = set(), set()
    for position, rule in enumerate(rule_set.rules):
        if rule.id in in_vain or not brute.decides(rule, brute.possible):
            continue

        condition = rule.condition  # once: parts are found by being the same thing

        def needless(part, position=position, condition=condition):
            rest = left_out(condition, part)
            rest = model.EVERYONE if rest is None else rest
            return changes_nothing(brute, position, rest) and all(
                changes_nothing(reading, position, rest) for reading in readings
            )

        covered = set()
        for part in parts_of(condition):
            tests = list(model.tests_of(part))
            if not any(test.subject in rule_set.question for test in tests):
                continue
            lost = [(part, (tests[0].place, len(tests) > 1))] if needless(part) else []
            if not lost and isinstance(part, model.NumberTest) and len(part.bounds) > 1:
                sides = [side for bound in part.bounds for side in SIDES[bound.op]]
                lost = [
                    (bound, (bound.place, False))
                    for bound in part.bounds
                    if needless(bound) and all(sides.count(side) == 1 for side in SIDES[bound.op])
                ]
            needless_ones |= {key for _, key in lost}
            largest |= {key for _, key in lost if not covered & set(map(id, tests))}
            covered |= set(map(id, tests)) if lost else set()
    assert found <= needless_ones
    assert found == largest or not all_of_them


def spot_of(node):
    return node.start_mark.line + 1, node.start_mark.column + 1


def take_out(node, spot):
    """Take the entry at a place out of a YAML node; what is empty then goes with it. True once it is out."""
    mapping = isinstance(node, yaml.MappingNode)
    for item in node.value if not isinstance(node, yaml.ScalarNode) else ():
        key, value = item if mapping else (None, item)
        out = key is not None and spot_of(key) == (spot.line, spot.column)
        if out or take_out(value, spot):
            if (out or not value.value) and (key is None or key.value != "when"):
                node.value.remove(item)
            return True
    return False


def check_named_parts(result, brute):
    """Without what is named, and only that, everybody is recommended the same; the words that were named."""
    words = []
    before = [brute.outcome(profile) for profile in brute.possible]
    for finding in told(result, "over-specified"):
        if SEVERAL.search(finding.message):  # compared in the model, for in a file it is at no place of its own
            continue
        root = yaml.compose(result.texts[result.path], yaml.SafeLoader)
        assert take_out(root, finding.place)
        shorter = understand(yaml.serialize(root).encode(), "shorter.yaml").rule_set
        assert [fate_of(shorter, profile).outcome for profile in brute.possible] == before
        words += re.findall(r"without (?:its test of )?`(\w+)", finding.message)
        line = result.texts[result.path].splitlines()[finding.place.line - 1][finding.place.column - 1 :]
        assert re.match(rf"[\"']?{words[-1]}\b", line)
    return words


@fewer
def test_without_the_part_that_is_named_everybody_is_recommended_the_same(random_one):
    check_named_parts(*random_one)


PARTS = """format: 1
id: parts
version: "1.0.0"
title: Tests of several parts
policy: first
sources: {house: {title: House, kind: external}}
outcomes: {low: {label: Low}, high: {label: High}}
questions:
  signs: {ask: "Which?", type: many, options: {a: {label: A}, b: {label: B}, c: {label: C}}, groups: {some: [a, b]}}
  age: {ask: "How old?", type: whole_number, range: [0, 4]}
rules:
"""


def of_parts(random):
    """A rule file whose tests have several parts and bounds, many of them needless."""
    lines = []
    for number in range(4):
        words = random.sample(["any", "all", "none"], random.choice([1, 2, 2, 3]))
        parts = [f"{word}: {random.choice(['a', 'b', 'c', 'some', '[a, c]', '[a, some]'])}" for word in words]
        low, high = random.choice(["at_least", "above"]), random.choice(["at_most", "below"])
        bounds = random.sample(
            [f"{low}: {random.randint(0, 1)}", f"{high}: {random.randint(3, 4)}"], random.choice([1, 2])
        )
        when = f"{{signs: {{{', '.join(parts)}}}, age: {{{', '.join(bounds)}}}}}"
        turned = random.choice([f"when: {when}"] * 6 + [f"when: {{}}, unless: {when}", f"when: {{not: {when}}}"])
        lines.append(
            f"  - {{id: r{number}, {turned}, recommend: {random.choice(['low', 'high'])}, because: x, basis: site}}"
        )
    return PARTS + "\n".join([*lines, "  - {id: rest, when: {}, recommend: low, because: x, basis: site}", ""])


def test_parts_and_bounds_that_are_named_are_needless(tmp_path):
    path, seen = tmp_path / "parts.yaml", set()
    for seed in range(150):
        path.write_text(of_parts(Random(f"parts {seed}")), encoding="utf-8")
        result = audit(str(path), {}, today=None)
        seen.update(check_named_parts(result, Brute(understand(path.read_bytes(), str(path)).rule_set)))
    assert seen >= {"any", "all", "none", "at_least", "at_most", "below", "signs", "age"}


@fewer
def test_where_the_way_down_is_given_up_some_regions_are_found_all_the_same(random_one, monkeypatch):
    monkeypatch.setattr(largest, "MAX_PATHS", 0)
    monkeypatch.setattr(largest, "MAX_DEAD_ENDS", 0)
    _, brute = random_one
    everything = whole(compile_rule_set(brute.rule_set))
    found = Largest(everything).regions(everything.labels, 10_000)
    assert {region.label for region in found} == set(everything.labels)
    for profile in brute.possible:
        regions = regions_of(brute, everything, found, profile)
        assert [region.label for region in regions] in ([], [decider(brute, profile)])
    monkeypatch.setattr(largest, "MAX_LOOKS", 0)
    assert Largest(everything).regions(everything.labels, 10_000) == []


SIDES = {"at_least": "<", "above": "<", "at_most": ">", "below": ">", "is": "<>"}


def test_gaps_are_told_region_by_region(random_one):
    result, brute = random_one
    compiled = compile_rule_set(brute.rule_set)
    missed = [profile for profile in brute.possible if brute.oracle.fate(profile).rule is None]
    found, more = holes(whole(compiled), 10_000)
    assert more == 0
    assert [hole.profiles for hole in found] == sorted((hole.profiles for hole in found), reverse=True)
    assert sum(hole.profiles for hole in found) == brute.distinct(missed)
    for profile in missed:
        inside = [
            hole
            for hole in found
            if all(said_of(brute.rule_set.question[name], words, profile[name]) for name, words in hole.when.items())
        ]
        assert len(inside) == 1
    for hole in found:
        assert all(brute.oracle.fate(profile).rule is None for profile in brute.shown_by(witness_json(hole.answers)))
    for finding in told(result, "gap"):
        shown, beyond = holes(whole(compiled), 5)
        assert len(finding.related) == len(shown) + bool(beyond)
        assert finding.witness == witness_json(shown[0].answers)


@fewer
def test_no_region_that_one_or_two_answers_make_is_larger_than_the_largest(random_one):
    _, brute = random_one
    everything = whole(compile_rule_set(brute.rule_set))
    largest = {}
    for region in Largest(everything).regions(everything.labels, 10_000):
        largest.setdefault(region.label, region.profiles)
    position = {rule.id: place for place, rule in enumerate(brute.rule_set.rules)} | {None: NONE_MATCHES}
    names = list(brute.rule_set.question)
    for fixed in [*combinations(names, 1), *combinations(names, 2)]:
        groups = {}
        for profile in brute.possible:
            groups.setdefault(tuple(profile[name] for name in fixed), []).append(profile)
        for profiles in groups.values():
            deciders = {position[brute.oracle.fate(profile).rule] for profile in profiles}
            if len(deciders) == 1:
                assert brute.distinct(profiles) <= largest[deciders.pop()]


@fewer
def test_the_largest_region_of_a_rule_tests_nothing_needlessly(random_one):
    _, brute = random_one
    compiled = compile_rule_set(brute.rule_set)
    everything, largest = whole(compiled), Largest(whole(compiled))
    for label in everything.labels:
        [region] = largest.regions([label], 1)
        for name in region.blocks:
            opened = [
                profile
                for profile in brute.possible
                if all(
                    compiled.blocks[other].block_of(profile[other]) in blocks
                    for other, blocks in region.blocks.items()
                    if other != name
                )
            ]
            rule = None if label == NONE_MATCHES else brute.rule_set.rules[label].id
            assert {brute.oracle.fate(profile).rule for profile in opened} > {rule}


@fewer
def test_what_an_assumption_changes_is_what_some_caller_is_told(random_one):
    _, brute = random_one
    compiled = compile_rule_set(brute.rule_set)
    everything, verdicts = whole(compiled), Verdicts(compiled, UNLIMITED)
    for question in compiled.deciding:
        by_rest = {}
        for profile in brute.possible:
            rest = tuple(value for name, value in profile.items() if name != question.id)
            by_rest.setdefault(rest, {})[profile[question.id]] = brute.outcome(profile)
        for assumed in brute.oracle.domains[question.id][:3]:
            expected = {
                (found[assumed], other)
                for found in by_rest.values()
                if assumed in found
                for other in found.values()
                if other != found[assumed]
            }
            changes = list(without_assumption(everything, question.id, assumed))
            assert {(change.old, change.new) for _, change in changes} == expected
            by_search = assumption_by_search(verdicts, question.id, assumed)
            assert (by_search is not None) == bool(expected)
            changes += [by_search] if by_search else []
            for value, change in changes:
                for answer, outcome in ((assumed, change.old), (value, change.new)):
                    shown = brute.oracle.completions(answered({**change.answers, question.id: answer}))
                    assert {brute.outcome(profile) for profile in shown} == {outcome}


def answered(answers):
    """The answers of a witness that are not any."""
    return {name: value for name, value in answers.items() if value != "any"}


def values_of_setting(rule_set, setting):
    """Every other value that a setting could be given, so that the reader would still read the file."""
    if setting.kind != "whole_number":
        options = [option.id for option in setting.options] or ["yes", "no"]
    else:
        tests = [test for condition in conditions(rule_set) for test in model.tests_of(condition)]
        ranges = [
            rule_set.question[test.subject]
            for test in tests
            if isinstance(test, model.NumberTest) and test.subject in rule_set.question
            if any(bound.limit == setting.id for bound in test.bounds)
        ]
        options = [number for number in range(-8, 29) if all(one.low <= number <= one.high for one in ranges)]
    return [value for value in options if value != setting.value]


@pytest.mark.parametrize("seed", range(60))
def test_a_setting_decides_where_another_value_changes_what_somebody_is_told(seed, tmp_path):
    (tmp_path / "random.yaml").write_text(made(f"readings {seed}").text, encoding="utf-8")
    result = audit(str(tmp_path / "random.yaml"), {}, today=None)
    rule_set = understand((tmp_path / "random.yaml").read_bytes(), "random.yaml").rule_set
    profiles = with_every_number(rule_set)
    for setting in rule_set.settings:
        found = [finding for finding in told(result, "reading-decides") if finding.place == setting.place]
        changing = {
            value: changes(rule_set, setting, value, profiles) for value in values_of_setting(rule_set, setting)
        }
        changing = {value: pairs for value, pairs in changing.items() if pairs}
        assert bool(found) == bool(changing)
        for finding in found:
            old, now, other, new = parsed(finding.message)
            value = int(other) if setting.kind == "whole_number" else other
            assert str(setting.value) == now
            assert (old, new) in changing[value]
            if setting.kind == "whole_number":
                nearest = min(abs(other - setting.value) for other in changing)
                assert abs(value - setting.value) == nearest


@pytest.mark.parametrize("seed", range(60))
def test_another_value_that_would_let_a_rule_decide_is_told(seed, tmp_path):
    (tmp_path / "random.yaml").write_text(made(f"reach {seed}").text, encoding="utf-8")
    result = audit(str(tmp_path / "random.yaml"), {}, today=None)
    rule_set = understand((tmp_path / "random.yaml").read_bytes(), "random.yaml").rule_set
    profiles = list(with_every_number(rule_set).completions({}))
    deciding = {
        (setting.id, value): {
            fate.rule for fate in (fate_of(other, profile) for profile in profiles) if fate.impossible is None
        }
        for setting in rule_set.settings
        for value in values_of_setting(rule_set, setting)
        for other in [with_value(rule_set, setting, value)]
    }
    for finding in (*told(result, "unreachable-rule"), *told(result, "contradictory-condition")):
        if finding.severity != "error":
            continue
        [rule] = [rule.id for rule in rule_set.rules if rule.place == finding.place]
        said = [
            re.fullmatch(r"were setting `(\S+)` `(\S+)` instead of `\S+`, rule `(\S+)` would decide", related.message)
            for related in finding.related
        ]
        said = [words.groups() for words in said if words]
        right = {(setting, str(value), rule) for (setting, value), rules in deciding.items() if rule in rules}
        assert bool(said) == bool(right)
        assert set(said) <= right


def with_every_number(rule_set):
    """The oracle, with every number that may be answered."""
    oracle = Oracle(rule_set)
    oracle.domains.update(
        {q.id: tuple(range(q.low, q.high + 1)) for q in rule_set.questions if q.kind == "whole_number"}
    )
    return oracle


def with_value(rule_set, setting, value):
    """The rule set with another value of a setting."""
    settings = tuple(one._replace(value=value) if one.id == setting.id else one for one in rule_set.settings)
    return rule_set._replace(settings=settings)


def parsed(message):
    """The outcome, the value of the setting, the other value, and what then comes."""
    words = re.fullmatch(
        r"(`\S+` is recommended to|no rule matches) the caller shown while setting `\S+` is `(\S+)`; "
        r"were it `(\S+)`, (it would be `\S+`|no rule would match)",
        message,
    ).groups()
    return ["no_rule" if word.startswith("no rule") else word.split("`")[1] if "`" in word else word for word in words]


def changes(rule_set, setting, value, profiles):
    """The pairs of outcomes between which some caller changes with another value of a setting."""
    other = with_value(rule_set, setting, value)
    found = set()
    for profile in profiles.completions({}):
        old, new = profiles.fate(profile), fate_of(other, profile)
        if old.impossible is None and new.impossible is None and old.outcome != new.outcome:
            found.add((old.outcome, new.outcome))
    return found


def said_of(question, words, value):
    """Whether `words` of the table are true of one answer: read back by a small grammar of their own."""
    if question.kind == "many":
        groups = {group.id: set(group.options) for group in question.groups}
        return any(_phrase_holds(each, groups, set(value)) for each in re.split(r";? or ", _readable(words)))
    if question.kind == "whole_number":
        return any(_in_interval(each, value) for each in words.replace(" or more", " and more").split(" or "))
    if words.startswith("none of "):
        return value not in words.removeprefix("none of ").split(", ")
    return value != words.removeprefix("not ") if words.startswith("not ") else value in re.split(", | or ", words)


@pytest.mark.parametrize("seed", range(300))
def test_what_several_tests_of_options_say_together_is_said_exactly(seed):
    random = Random(seed)
    ids = tuple("abcdef"[: random.randint(2, 6)])
    groups = (model.Group("gg", tuple(random.sample(ids, 2)), NOWHERE),)
    question = SimpleNamespace(option_ids=ids, groups=groups)
    subsets = [frozenset(chosen) for size in range(1, len(ids) + 1) for chosen in combinations(ids, size)]
    literals = []
    for _ in range(random.randint(1, 4)):
        several = random.choice([groups[0].options, random.sample(ids, random.randint(1, len(ids)))])
        test = model.OptionsTest("q", frozenset(several), random.random() < 0.4, NOWHERE)
        literals.append(audit_words._Literal(0, test, random.random() < 0.5))

    def holds_for(named):
        met = [
            (set(one.test.options) <= named if one.test.every else bool(set(one.test.options) & named)) == one.wanted
            for one in literals
        ]
        return all(met)

    true_of = [named for named in subsets if holds_for(named)]
    if true_of:  # nobody is told what nobody can answer
        said = _readable(audit_words._phrase(question, literals))
        shorthand = {"gg": set(groups[0].options)}
        assert [named for named in subsets if _phrase_holds(said, shorthand, set(named))] == true_of


@pytest.mark.parametrize("seed", range(200))
def test_no_alternative_is_told_whose_answers_the_others_name(seed):
    """As they are found, the first ones may lie inside of later ones."""
    random = Random(seed)
    blocks = 10
    test = model.OptionsTest("q", frozenset("a"), False, NOWHERE)
    several = [[audit_words._Literal(random.getrandbits(blocks) | 1, test, True)] for _ in range(random.randint(1, 6))]
    together = [literal.passing for [literal] in several]
    kept = [literal.passing for [literal] in audit_words._needed(several)]
    assert set(kept) <= set(together)
    assert reduce(or_, kept) == reduce(or_, together)
    for place, passing in enumerate(kept):
        assert passing & ~reduce(or_, [*kept[:place], *kept[place + 1 :]], 0)


def _in_interval(words, number):
    numbers = [int(each) for each in re.findall(r"-?\d+", words)]
    if words.startswith("up to "):
        return number <= numbers[0]
    return numbers[0] <= number and (words.endswith(" and more") or number <= numbers[-1])


def _readable(words):
    """`words` without "or" and "but" inside of what is said of one set."""
    return words.replace("one or more of ", "some of ").replace("some but not all of ", "a part of ")


def _phrase_holds(words, groups, named):
    return all(_literal(part, groups, named) for part in re.split(" but | and ", words))


def _literal(words, groups, named):
    for start, true in (
        ("some of ", lambda options: bool(options & named)),
        ("a part of ", lambda options: bool(options & named) and not options <= named),
        ("just one of ", lambda options: len(options & named) == 1),
        ("none of ", lambda options: not options & named),
        ("not all of ", lambda options: not options <= named),
        ("all of ", lambda options: options <= named),
        ("not ", lambda options: not options & named),
        ("", lambda options: options <= named),
    ):
        if words.startswith(start):
            rest = words.removeprefix(start)
            return true(groups.get(rest) or set(rest.split(", ")))
    raise AssertionError(words)


def test_an_acceptance_is_not_called_unused_where_nobody_looked(monkeypatch, tmp_path):
    for path in (CASES / "stale-citation").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / "twin.yaml").read_text(encoding="utf-8")
    entries = "accept:\n" + "".join(
        f"  - {{finding: {name}, because: So it is.}}\n" for name in ("review-overdue", "unverified-citations")
    )
    (tmp_path / "twin.yaml").write_text(text + entries, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    without = audit("twin.yaml", {}, today=None)
    assert not told(without, "accept-unused")
    unused = told(audited(tmp_path / "twin.yaml", monkeypatch), "accept-unused")
    assert [finding.message.split("`")[1] for finding in unused] == ["review-overdue"]


def test_that_a_rule_never_decides_is_told_even_where_there_is_no_time_to_say_why(monkeypatch):
    def give_up(*_args):
        raise OutOfTime

    monkeypatch.setattr(Verdicts, "taken", give_up)
    result = audited(CASES / "unreachable-rule" / "fault.yaml", monkeypatch)
    [finding] = told(result, "unreachable-rule")
    assert "was not worked out in time" in finding.message
    assert not [one for one in result.undecided if "unreachable-rule" in one.names]
    assert finding.witness
    assert any(one.words.startswith("why rule") for one in result.undecided)
