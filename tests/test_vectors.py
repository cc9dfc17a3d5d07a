"""Public test vectors: written by the oracle alone, held by the engine and by the command line.

With IOPSCREEN_UPDATE=1 the files in `vectors/` are written anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import RULES, TESTS
from oracle import NoCompletion, Oracle
from random_rule_sets import made, random_answers

from iopscreen.engine.change import changes
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide
from iopscreen.ruleset.answers import read_answers
from iopscreen.ruleset.model import Answers, RuleFile
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.values import answer_json

VECTORS = TESTS / "vectors"
SHARES = (1.0, 1.0, 0.8, 0.6, 0.3, 0.0)
MAX_CHANGED_OPTIONS = 2
"""The oracle tries every set of options for what would change; with few of them named it ends."""

Vector = dict[str, Any]


def sources() -> Iterator[tuple[str, str, str, int]]:
    """Name, what it is about, rule set, and how many callers it gets: the shipped one, then random small ones."""
    yield "iop", "The shipped rule set.", (RULES / "iop.yaml").read_text(encoding="utf-8"), 60
    for number in range(1, 31):
        yield f"random-{number:02}", "A small rule set that was drawn at random.", made(9000 + number).text, 12


SOURCES = {name: (about, text, callers) for name, about, text, callers in sources()}


# --- by the oracle --------------------------------------------------------------------------


def written(about: str, text: str, callers: int) -> dict[str, Any]:
    """The contents of a file of vectors."""
    rule_set = understand(text.encode(), "rules.yaml").rule_set
    oracle, random = Oracle(rule_set), Random(f"vectors {rule_set.id} {len(text)}")
    drawn = [random_answers(random, rule_set, SHARES[number % len(SHARES)]) for number in range(callers)]
    return {
        "about": about,
        "rules": text,
        "vectors": [{"answers": as_json(answers), "expect": by_oracle(oracle, answers)} for answers in drawn],
    }


def as_json(answers: Answers) -> Vector:
    return {question: answer_json(answer) for question, answer in answers.items()}


def by_oracle(oracle: Oracle, answers: Answers) -> Vector:
    try:
        verdict = oracle.decide(answers, absent_is_unknown=True)
    except NoCompletion as refused:
        return {"impossible": list(refused.entries)}
    expect = {
        "recommendation": verdict.recommendation,
        "rule": verdict.rule,
        "possible": list(verdict.possible),
        "ask_next": list(verdict.ask_next),
        "not_needed": list(verdict.not_needed),
        "notes": list(verdict.notes),
    }
    if max((len(answer) for answer in answers.values() if isinstance(answer, tuple)), default=0) <= MAX_CHANGED_OPTIONS:
        changed = [{"recommendation": outcome, "answers": as_json(new)} for outcome, new in oracle.changes(answers)]
        expect["would_change"] = changed
    return expect


# --- by the engine --------------------------------------------------------------------------


def by_engine(file: RuleFile, answers: Answers) -> Vector:
    compiled = compile_rule_set(file.rule_set)
    try:
        decision = decide(compiled, answers, absent_is_unknown=True)
    except ImpossibleAnswers as refused:
        return {"impossible": [entry.id for entry in refused.entries]}
    changed = [
        {"recommendation": change.recommendation, "answers": as_json(change.answers)}
        for change in changes(compiled, decision)
    ]
    return {**told(decision), "would_change": changed}


def told(decision: Decision) -> Vector:
    return {
        "recommendation": decision.recommendation,
        "rule": decision.rule and decision.rule.id,
        "possible": list(decision.possible),
        "ask_next": list(decision.ask_next),
        "not_needed": list(decision.not_needed),
        "notes": [note.id for note in decision.notes],
    }


@pytest.mark.parametrize("name", SOURCES)
def test_vectors_are_what_the_oracle_says_and_the_engine_holds_them(name, compare):
    path = VECTORS / f"{name}.json"
    compare(path, json.dumps(written(*SOURCES[name]), indent=1, ensure_ascii=False) + "\n")
    held = json.loads(path.read_text(encoding="utf-8"))
    file = understand(held["rules"].encode(), "rules.yaml")
    for number, vector in enumerate(held["vectors"]):
        answers = read_answers(json.dumps(vector["answers"]).encode(), file.rule_set, "answers.json")
        found = by_engine(file, answers)
        assert {key: found[key] for key in vector["expect"]} == vector["expect"], number


def test_every_file_is_held_and_shows_something():
    assert {path.stem for path in VECTORS.glob("*.json")} == set(SOURCES)
    vectors = [vector for path in VECTORS.glob("*.json") for vector in json.loads(path.read_text())["vectors"]]
    expected = [vector["expect"] for vector in vectors]
    assert len(expected) > 400
    kinds = {
        "impossible": sum("impossible" in expect for expect in expected),
        "decided": sum(bool(expect.get("recommendation")) for expect in expected),
        "open": sum(len(expect.get("possible", ())) > 1 for expect in expected),
        "no rule": sum(expect.get("possible") == ["no_rule"] for expect in expected),
        "would change": sum(bool(expect.get("would_change")) for expect in expected),
        "notes": sum(bool(expect.get("notes")) for expect in expected),
    }
    assert all(count >= 5 for count in kinds.values()), kinds


@pytest.mark.parametrize("number", [0, 2, 4])
def test_the_command_line_holds_them_as_the_page_says(number, tmp_path):
    """What README.md beside the vectors tells another program to compare with."""
    held = json.loads((VECTORS / "iop.json").read_text(encoding="utf-8"))
    vector = held["vectors"][number]
    (tmp_path / "rules.yaml").write_text(held["rules"], encoding="utf-8")
    (tmp_path / "answers.json").write_text(json.dumps(vector["answers"]), encoding="utf-8")
    command = "screen --rules rules.yaml --answers answers.json --no-input --format json"
    done = subprocess.run(
        [sys.executable, "-m", "iopscreen", *command.split()],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=600,
    )
    printed = json.loads(done.stdout)
    printed["notes"] = [note["id"] for note in printed["notes"]]
    assert {key: printed[key] for key in vector["expect"]} == vector["expect"]


def test_the_page_beside_the_vectors_names_every_key():
    page = Path(VECTORS / "README.md").read_text(encoding="utf-8")
    keys = {
        key
        for path in VECTORS.glob("*.json")
        for vector in json.loads(path.read_text())["vectors"]
        for key in vector["expect"]
    }
    assert all(f"`{key}`" in page for key in keys)
