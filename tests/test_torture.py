"""Whatever function of ours fails, with whatever it knew, and whatever the system refuses: no answer is told,
and nothing half-written stays.

A share of the functions and calls in every run; all of them, and the time it takes, with IOPSCREEN_TEST_EACH=1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import TESTS

EACH = os.environ.get("IOPSCREEN_TEST_EACH", "9")
LONGEST = 3600 if EACH == "1" else 600
TOKEN = "zq7canary"
RULES = f"""\
format: 1
id: canary
version: "1.0.0"
title: t
policy: first
outcomes: {{a: {{label: A}}, b: {{label: B}}}}
questions:
  x: {{ask: "x?", type: yes_no}}
  w: {{ask: "w?", type: many, options: {{{TOKEN}_id: {{label: {TOKEN} W}}, q: {{label: Q}}}}}}
impossible:
  - {{id: i, when: {{x: no, w: {TOKEN}_id}}, because: c}}
rules:
  - {{id: r1, when: {{x: yes, w: {TOKEN}_id}}, recommend: a, because: c, basis: site}}
  - {{id: r2, when: {{}}, recommend: b, because: c, basis: site}}
notes:
  - {{id: n, when: {{x: yes}}, for: staff, say: s}}
"""
ANSWERS = json.dumps({"x": "yes", "w": [f"{TOKEN}_id"]})
CALLS = f"""\
ref,x,w,remark
1,yes,{TOKEN}_id,{TOKEN} one
2,{TOKEN},q,"{TOKEN}
two"
3,,{TOKEN}_id;q,=1+1
4,no,{TOKEN}_id,
5,yes
"""

SITE = f"""\
format: 1
id: site
version: "1.1.0"
title: t
policy: first
sources:
  told:
    title: Told
    digest: "sha256:{"0" * 64}"
    passages: {{p: {{section: opening, paragraph: 1, says: s, digest: "sha256:{"0" * 64}"}}}}
outcomes: {{a: {{label: A}}, b: {{label: B}}, {TOKEN}_o: {{label: never}}}}
settings:
  s: {{means: m, type: yes_no, value: yes}}
questions:
  x: {{ask: "x?", type: yes_no}}
  w: {{ask: "w?", type: many, options: {{{TOKEN}_id: {{label: {TOKEN} W}}, q: {{label: Q}}}}}}
  n: {{ask: "n?", type: whole_number, range: [0, 99]}}
impossible:
  - {{id: i, when: {{x: no, w: {TOKEN}_id}}, because: c}}
rules:
  - {{id: r1, when: {{x: yes, w: {TOKEN}_id, s: yes}}, recommend: a, because: c, basis: stated, cite: [p]}}
  - {{id: r2, when: {{x: yes, n: {{at_least: 18}}}}, recommend: a, because: c, basis: site}}
  - {{id: r3, when: {{x: yes, n: {{at_least: 20}}}}, recommend: b, because: c, basis: site}}
  - {{id: r4, when: {{x: no}}, recommend: b, because: c, basis: site}}
guarantees:
  - {{id: g, when: {{x: no}}, never: a, because: c}}
  - {{id: h, when: {{n: {{above: 30}}}}, never: a, because: c}}
"""
"""With every kind of thing that an audit looks at, and much to find."""
CASES = f"""\
format: 1
rules: site.yaml
cases:
  - {{id: good, answers: {{x: yes, w: {TOKEN}_id, n: 3}}, expect: {{recommend: a, rule: r1}}, confirmed_by: {TOKEN}}}
  - {{id: bad, answers: {{x: no, w: q, n: 30}}, expect: {{recommend: a}}}}
"""
OLD = SITE.replace('"1.1.0"', '"1.0.0"').replace("at_least: 18", "at_least: 21").replace("value: yes", "value: no")
LINES = f"""\
{{"ref": 1, "x": true, "w": ["{TOKEN}_id"], "remark": {{"{TOKEN}": 1}}}}
{{"ref": 2, "x": "{TOKEN}", "w": ["q"]}}
{{"ref": 3, "w": "{TOKEN}_id;q", "remark": "=1+1"}}
{{"ref": 4, "x": false, "w": "{TOKEN}_id"}}
"""

COMMANDS = {
    "screen": "screen -r rules.yaml --answers answers.json --no-input --save out/r.json --format json -o out/o.json",
    "screen from a record": "screen --rules rules.yaml --from record.json --no-input --format html -o out/o.html",
    "batch": "batch calls.csv --rules rules.yaml --compare rules.yaml"
    " -o out/o.csv --problems out/p.csv --summary out/s.json",
    "batch by two": "batch calls.csv --rules rules.yaml --jobs 2 -o out/o.csv --problems out/p.csv",
    "batch of JSON lines": "batch calls.jsonl --rules rules.yaml -o out/o.jsonl --summary out/s.md",
    "verify": "verify record.json --rules rules.yaml --format json -o out/o.json",
}
OF_RULES = {
    "show": "show site.yaml --format html -o out/s.html",
    "new": "new out/n.yaml",
    "audit": "audit site.yaml --notes --mutants --source told=told.txt --against old.yaml --today 2026-11-26"
    " --format html -o out/a.html",
    "diff": "diff old.yaml site.yaml --notes --format html -o out/d.html",
}
"""Commands that are told no answer but those of cases."""

TALK = "screen --plain --rules rules.yaml --save out/r.json --format json -o out/o.json"
LINES_TYPED = ["note", f"{TOKEN} note", "1", "back", "1", "1"]
"""A note, an answer, the same again, and that all is right."""

FEWER = str(int(EACH) ** 2)
"""Of these, every so many functions: they have hundreds."""

REFUSED = "input/output error"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("torture")
    (made / "rules.yaml").write_text(RULES)
    (made / "answers.json").write_text(ANSWERS)
    (made / "calls.csv").write_text(CALLS)
    (made / "calls.jsonl").write_text(LINES)
    (made / "site.yaml").write_text(SITE)
    (made / "site.cases.yaml").write_text(CASES)
    (made / "old.yaml").write_text(OLD)
    (made / "old.cases.yaml").write_text(CASES.replace("site", "old").replace("n: 30", "n: 31"))
    (made / "told.txt").write_text("Title\n\nOne.\n")
    save = "screen --rules rules.yaml --answers answers.json --no-input --save record.json"
    subprocess.run(
        [sys.executable, "-m", "iopscreen", *save.split()], cwd=made, check=True, capture_output=True, timeout=600
    )
    return made


@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_fails_nothing_leaks_and_nothing_half_written_stays(name, folder):
    _, tries = tortured(folder, "functions", COMMANDS[name])
    assert len(tries) > 15
    told = [found for found in tries if found["status"] == 2]
    assert len(told) > len(tries) / 2
    assert all("a fault in iopscreen itself" in found["stderr"] for found in told)


@pytest.mark.parametrize("name", OF_RULES)
def test_whatever_fails_of_those_that_hold_no_answers_is_told_as_a_fault(name, folder):
    whole, tries = tortured(folder, "functions", OF_RULES[name], each=FEWER)
    assert tries
    for found in tries:
        assert "a fault in iopscreen itself" in found["stderr"], found["failing"]
        # A generator that is not read to its end can fail where nobody waits for it any more.
        assert found["status"] == 2 or found["files"] == whole["files"], found["failing"]


@pytest.mark.parametrize("kind", ["functions", "calls"])
def test_whatever_fails_in_an_interview_nothing_is_told_but_what_was_typed(kind, folder):
    whole, tries = tortured(folder, kind, TALK, *LINES_TYPED, each=FEWER)
    assert f"Noted: {TOKEN} note" in whole["stderr"]
    record = json.loads(whole["files"]["out/r.json"])
    assert (record["status"], record["notes"][0]["text"]) == ("finished", f"{TOKEN} note")
    told = [found for found in tries if "error: " in found["stderr"]]
    assert len(told) > len(tries) / 2


@pytest.mark.parametrize("name", [*COMMANDS, *OF_RULES])
def test_whatever_the_system_refuses_it_is_told_and_nothing_half_written_stays(name, folder):
    whole, tries = tortured(folder, "calls", {**COMMANDS, **OF_RULES}[name])
    assert len(tries) > 2
    told = [found for found in tries if found["status"] == 2]
    assert len(told) > len(tries) / 2
    assert all(REFUSED in told_of(found) for found in told)
    assert all("a fault in iopscreen itself" not in found["stderr"] for found in tries)
    of_files = [found for found in told if "open" in found["failing"] or "Buffered" in found["failing"]]
    if name in COMMANDS:  # `new` reads files that come along
        assert all("cannot be read" in told_of(found) or "cannot be written" in told_of(found) for found in of_files)
    # Whoever is told that it was done has got all of it.
    assert all(set(found["files"]) == set(whole["files"]) for found in tries if found["status"] != 2)


Tried = dict[str, Any]
"""What a line of `torture.py` says."""


def tortured(folder: Path, kind: str, arguments: str, *typed: str, each: str = EACH) -> tuple[Tried, list[Tried]]:
    """What came of a command without a failure, and of all that were made to fail, which told and left nothing."""
    command = [sys.executable, TESTS / "torture.py", folder, kind, each, *arguments.split()]
    command += ["--", *typed] if typed else []
    environment = {key: value for key, value in os.environ.items() if key != "IOPSCREEN_DEBUG"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=LONGEST
    )
    whole, *tries = [json.loads(line) for line in done.stdout.splitlines()]
    assert whole["status"] in (0, 1)
    assert whole["files"]
    for found in tries:
        where = found["failing"]
        assert found["status"] in (2, whole["status"]), where
        shown = whole["stderr"].splitlines() if typed else []
        assert not [line for line in found["stderr"].splitlines() if TOKEN in line and line not in shown], where
        assert "Traceback" not in found["stderr"], where
        assert set(found["files"]) <= set(whole["files"]), where
        assert all(is_whole(path, text, whole["files"][path]) for path, text in found["files"].items()), where
    return whole, tries


def is_whole(path: str, text: str, right: str) -> bool:
    """The same as ever; but what could not be read is told in a result, and a call may have broken off."""
    if text == right:
        return True
    if path.endswith("r.json"):
        record, answers = json.loads(text), json.loads(right)["answers"]
        so_far = all(answers[question] == answer for question, answer in record["answers"].items())
        return record["status"] == "unfinished" and so_far
    if path.endswith(".json"):
        return REFUSED in text and bool(json.loads(text))
    return REFUSED in text and text.endswith(right[-8:])


def told_of(found: Tried) -> str:
    """What was said of a failure: of a record that cannot be read, in the result."""
    return "".join([found["stderr"], *found["files"].values()])
