"""Very many options, or settings: no command takes more than a multiple of the time that reading them takes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

MANY = 20_000
SECONDS = 8
"""Of the processor: a tenth of it is usual. One that looks at each beside each takes longer than that."""

HEAD = """\
format: 1
id: many
version: "1.0.0"
title: Many
policy: first
outcomes: {a: {label: A}, b: {label: B}}
"""
RULES = """\
rules:
  - {id: some, when: {q: o1}, recommend: b, because: x, basis: site}
  - {id: rest, when: {}, recommend: a, because: x, basis: site}
"""
CASES = "format: 1\nrules: many.yaml\ncases:\n  - {id: c, answers: {q: [o1]}, expect: {recommend: b}}\n"
SETTINGS = "".join(f"  s{number}: {{means: Setting, type: yes_no, value: yes}}\n" for number in range(MANY))


def options(kind: str, *, label: str = "Label", but: int = -1) -> str:
    listed = (f"      o{number}: {{label: {label} {number}}}\n" for number in range(MANY) if number != but)
    return f"questions:\n  q:\n    ask: Q\n    type: {kind}\n    options:\n{''.join(listed)}"


def processor_time(folder: Path, *arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-m", "iopscreen", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


@pytest.mark.parametrize("kind", ["one", "many"])
def test_a_question_of_very_many_options_is_audited_and_compared(tmp_path, kind):
    (tmp_path / "many.yaml").write_text(HEAD + options(kind) + RULES)
    (tmp_path / "many.cases.yaml").write_text(CASES if kind == "many" else CASES.replace("[o1]", "o1"))
    (tmp_path / "new.yaml").write_text(HEAD + options(kind, label="Other", but=7) + RULES)
    assert processor_time(tmp_path, "audit", "many.yaml", "--budget", "200") < SECONDS
    assert processor_time(tmp_path, "diff", "many.yaml", "new.yaml", "--budget", "200") < SECONDS


def test_very_many_findings_are_shown(tmp_path):
    """A finding for each setting, which nothing tests, and the line of each."""
    two = "questions:\n  q: {ask: Q, type: one, options: {o1: {label: A}, o2: {label: B}}}\n"
    (tmp_path / "many.yaml").write_text(f"{HEAD}{two}settings:\n{SETTINGS}{RULES}")
    assert processor_time(tmp_path, "audit", "many.yaml", "--budget", "200") < SECONDS
