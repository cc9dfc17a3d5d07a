"""Nothing that a file holds, or is called, steers a terminal: no command prints a control or hidden character.

In every command and format: rule files, their cases, answers, records, headers, cells, and names of files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import RULES, TESTS

from iopscreen.formats import AuditFormat, DiffFormat, ScreenFormat, ShowFormat, VerifyFormat

STEERING = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202egnp\u2066\u200b\r\x08"
"""A window's title, a cleared screen, red in C1, text turned round, text that hides, a line written over."""
MARKUP = "[red]x[/red] [/] [link=http://e.com]y[/link] {question} {0.__class__} %s `id` <b onclick=a>&amp; ${x} | \\"
"""What rich, Python's templates, a shell, HTML and Markdown would take for something else than text."""

TEXTS = (
    "label",
    "say",
    "ask",
    "ask_other",
    "help",
    "means",
    "because",
    "title",
    "says",
    "owner",
    "by",
    "name",
    "reach",
)
TEXTS += ("disclosure", "unit", "if_unanswered", "staff", "aliases", "override_reasons")


def commands(rules: str) -> list[list[str]]:
    """Every command that reads a rule file, in every format."""
    shown = [["show", rules, "--format", name] for name in ShowFormat]
    audited = [["audit", rules, "--notes", "--format", name] for name in AuditFormat]
    compared = [["diff", "iop.yaml", rules, "--format", name] for name in DiffFormat]
    screened = [["screen", "--no-input", "--rules", rules, "--format", name] for name in ScreenFormat]
    others = [["show", rules, "--json-schema"], ["batch", "calls.csv", "-r", rules], ["verify", "r.json", "-r", rules]]
    return [*shown, *audited, *compared, *screened, *others]


@pytest.fixture
def folder(tmp_path) -> Path:
    shutil.copy(RULES / "iop.yaml", tmp_path / "iop.yaml")
    (tmp_path / "calls.csv").write_text("condition_type,detox_need\nmania,no\n")
    assert iopscreen(tmp_path, ["screen", "--no-input", "--rules", "iop.yaml", "--save", "r.json"]).returncode == 0
    return tmp_path


RUNNER = """
import importlib, json, os, pkgutil, sys
import iopscreen
from iopscreen import cli
for module in pkgutil.walk_packages(iopscreen.__path__, "iopscreen."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for arguments in json.loads(sys.argv[1]):
    child = os.fork()
    if child == 0:
        sys.argv = ["iopscreen", *arguments]
        cli.main()
    os.waitpid(child, 0)
"""
"""Many commands in one process that has loaded everything: a fork for each."""


def iopscreen(
    folder: Path, arguments: list[str], runner: list[str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *(runner or ["-m", "iopscreen", *arguments])]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=600)


def told(folder: Path, wanted: list[list[str]]) -> str:
    """All that the commands print."""
    done = iopscreen(folder, [], ["-c", RUNNER, json.dumps(wanted)])
    text = (done.stdout + done.stderr).decode("utf-8")
    assert "Traceback" not in text
    assert "a fault in iopscreen itself" not in text
    return text


def steering(text: str) -> set[str]:
    return {f"U+{ord(char):04X}" for char in text if not char.isprintable() and char != "\n"}


def test_a_rule_file_that_holds_them_raw(folder):
    """It is refused; what is shown of its lines does no harm."""
    text = (RULES / "iop.yaml").read_text(encoding="utf-8")
    for number, char in enumerate(STEERING):
        place = text.index("label: Another") + 7
        (folder / f"raw-{number}.yaml").write_text(text[:place] + char + text[place:], encoding="utf-8", newline="")
    (folder / "raw.yaml").write_text(f"format: 1\n{STEERING}: {STEERING}\n{STEERING}\n", encoding="utf-8", newline="")
    printed = told(folder, [*commands("raw.yaml"), *(["audit", f"raw-{n}.yaml"] for n in range(len(STEERING)))])
    assert steering(printed) == set()
    assert "U+202E" in printed


def test_a_rule_file_that_writes_them_as_escapes(folder):
    escaped = "".join(f"\\U{ord(char):08x}" for char in STEERING)
    text = (
        (RULES / "iop.yaml")
        .read_text(encoding="utf-8")
        .replace("id: iop\n", f'id: "{escaped}"\nunheard-of: "{escaped}"\n')
    )
    (folder / "escaped.yaml").write_text(text, encoding="utf-8")
    assert steering(told(folder, commands("escaped.yaml"))) == set()


def test_markup_in_every_text_is_text(folder):
    """A rule set that the reader takes, with what others would take for markup in each of its texts."""
    contents = yaml.load((TESTS / "cases/read/good/everything.yaml").read_bytes(), yaml.BaseLoader)
    (folder / "marked.yaml").write_text(yaml.safe_dump(marked(contents, ""), sort_keys=False), encoding="utf-8")
    pages = [command for command in commands("marked.yaml") if "html" in command]
    others = [command for command in commands("marked.yaml") if "html" not in command]
    printed, drawn = told(folder, others), told(folder, pages)
    assert steering(printed + drawn) == set()
    assert MARKUP[:12] in printed
    assert "&lt;b onclick" in drawn
    assert "<b onclick" not in drawn


def marked(value: object, key: str) -> object:
    """The same, with MARKUP behind every text; all else stays what it is."""
    if isinstance(value, dict):
        return {name: marked(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [marked(part, key) for part in value]
    return f"{value} {MARKUP}" if key in TEXTS else value


def test_names_of_files(folder):
    name = "".join(char for char in STEERING if char != "/")
    for source in ("iop.yaml", "calls.csv", "r.json"):
        shutil.copy(folder / source, folder / f"{name}{Path(source).suffix}")
    wanted = [
        *commands(f"{name}.yaml"),
        ["batch", f"{name}.csv", "-o", f"{name}-out.csv"],
        ["batch", f"{name}.csv", "-o", f"{name}-out.csv"],
        ["batch", f"{name}-missing.csv"],
        ["verify", f"{name}.json"],
        ["audit", f"{name}-missing.yaml"],
        ["screen", "--no-input", "--answers", f"{name}.json"],
        ["screen", "--no-input", "--save", f"{name}-new.json"],
        ["new", f"{name}.yaml"],
    ]
    assert steering(told(folder, wanted)) == set()


def test_headers_cells_answers_and_records(folder):
    (folder / "calls.csv").write_text(
        f'condition_type,"{STEERING} danger",{STEERING}\nmania,x,y\n', encoding="utf-8", newline=""
    )
    (folder / "cells.csv").write_text(
        f'condition_type,detox_need\n"{STEERING}","{STEERING}"\n', encoding="utf-8", newline=""
    )
    (folder / "answers.json").write_text(json.dumps({STEERING: STEERING, "detox_need": STEERING}))
    record = json.loads((folder / "r.json").read_text())
    record |= {"ref": STEERING, "tool": STEERING, STEERING: STEERING}
    (folder / "record.json").write_text(json.dumps(record))
    record = json.loads((folder / "r.json").read_text())
    record["notes"] = [{"at": "2026-11-24T09:30:00+01:00", "question": None, "text": f"{STEERING}{MARKUP}"}]
    record["disclosure"] = f"{STEERING}{MARKUP}"
    (folder / "notes.json").write_text(json.dumps(record))
    wanted = [
        ["batch", "calls.csv", "-o", "out.csv"],
        ["batch", "calls.csv", "-o", "out.csv", "--map", f"{STEERING}=nothing", "--ignore-column", STEERING],
        ["batch", "cells.csv", "-o", "screened.csv"],
        ["batch", "calls.csv", "--dry-run"],
        ["batch", "cells.csv", "--dry-run"],
        ["screen", "--no-input", "--answers", "answers.json"],
        ["screen", "--no-input", "--ref", STEERING, "--save", "x.json"],
        *(["verify", name, "--format", form] for name in ("record.json", "notes.json") for form in VerifyFormat),
        *(["screen", "--no-input", "--from", "notes.json", "--format", form] for form in ScreenFormat),
        ["audit", "--source", f"{STEERING}=x"],
        ["audit", "--today", STEERING],
        ["audit", "--explain", STEERING],
        [STEERING],
    ]
    assert steering(told(folder, wanted)) == set()
