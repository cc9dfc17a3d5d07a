"""The manual page and the command reference are those of the program as it is, and the help's examples run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import reference
from terminal import Terminal
from typer.main import get_command

from iopscreen import cli, manual

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "iopscreen" / "reference"
PROGRAM = get_command(cli.app)
COMMANDS = PROGRAM.commands


@pytest.mark.parametrize(
    ("name", "text"), [("iopscreen.1", reference.manual_page), ("commands.md", reference.markdown)]
)
def test_what_is_written_is_current(name, text, compare):
    compare(PLACE / name, text())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_that_is_taken_is_told(name):
    """What the parser takes, and not what it was made from."""
    told = next(command for command in reference.commands() if command.name == name)
    taken = {spelling for param in COMMANDS[name].params for spelling in param.opts if spelling.startswith("-")}
    assert {spelling for option in told.options for spelling in option.names} == {*taken, "-h", "--help"}
    page = (PLACE / "commands.md").read_text("utf-8")
    section = page.partition(f"\n## iopscreen {name}\n")[2].partition("\n## ")[0]
    assert all(f"`{spelling}`" in section for spelling in taken)


def test_every_option_of_the_program_is_told():
    taken = {spelling for param in PROGRAM.params for spelling in param.opts}
    assert {name for option in reference.OF_THE_PROGRAM for name in option.names} == {*taken, "-h", "--help"}


def test_every_exit_status_is_told():
    assert list(manual.EXIT_STATUSES) == [status.value for status in cli.ExitCode]


def test_every_variable_that_is_read_is_told():
    """Those that are set for a program that we start, or by a shell that asks, are no settings of ours."""
    source = "".join(path.read_text("utf-8") for path in (ROOT / "iopscreen").rglob("*.py"))
    read = set(re.findall(r'environ\.get\("(\w+)"', source)) | set(
        re.findall(r'"(\w+)" (?:not )?in os\.environ', source)
    )
    assert read == set(manual.ENVIRONMENT)


def test_the_page_is_installed_where_man_looks_for_it():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["shared-data"] == {"iopscreen/reference/iopscreen.1": "share/man/man1/iopscreen.1"}


@pytest.mark.parametrize(
    "command",
    [
        ["groff", "-man", "-Tutf8", "-ww", "-rLL=80n"],
        ["mandoc", "-man", "-Tlint", "-Wwarning"],
        ["man", "--warnings=w", "-l"],
    ],
    ids=lambda command: command[0],
)
def test_the_page_renders_without_a_warning(command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    done = subprocess.run([*command, str(PLACE / "iopscreen.1")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if command[0] == "mandoc":
        assert done.stdout == ""
    else:
        text = re.sub(r"\x1b\[\d*m|.\x08", "", done.stdout)
        for shown in ("--expect-digest SHA256", "iopscreen new my-clinic.yaml", "EXIT STATUS", "screen --save"):
            assert shown in " ".join(text.split())


# --- the examples of the help ---------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    """A folder in which every example has what it names."""
    shutil.copy(ROOT / "tests" / "readme" / "calls.csv", tmp_path)
    shutil.copy(ROOT / "tests" / "readme" / "caller.json", tmp_path)
    (tmp_path / "calls").mkdir()
    kept = ["screen", "--answers", "caller.json", "--no-input", "--save", "calls/"]
    for arguments in (kept, ["new", "my-clinic.yaml"]):
        command = [sys.executable, "-m", "iopscreen", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=environment())
    return tmp_path


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1"}


EXAMPLES = {command.name: command.example for command in reference.commands()}
ENDS = {"batch": 1}
"""The calls have a cell that is no answer."""


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "screen"])
def test_the_example_of_each_command_runs(name, desk):
    command = EXAMPLES[name].replace("iopscreen", f"{sys.executable} -m iopscreen", 1)
    if name == "new":  # it writes what the others read
        (desk / "my-clinic.yaml").unlink()
        (desk / "my-clinic.cases.yaml").unlink()
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=desk, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == ENDS.get(name, 0), done.stderr
    assert not done.stderr.startswith("error: ")


def test_the_example_of_a_call_holds_one(desk):
    program, name, *arguments = EXAMPLES["screen"].split()
    assert program == "iopscreen"
    with Terminal(name, *arguments, cwd=desk) as terminal:
        terminal.until("danger right now", "y Yes").send("y")
        terminal.until("This gives: Emergency help now").send("\r")
        assert terminal.end() == 0
    assert "Emergency help now" in (desk / "handover.html").read_text("utf-8")
    assert len(list((desk / "calls").iterdir())) == 2


def test_every_command_has_one_example():
    for name, command in COMMANDS.items():
        assert command.help.count("Example: ") == 1
        assert EXAMPLES[name].startswith(f"iopscreen {name} ")
        assert len(f" Example: {EXAMPLES[name]} ") <= 80  # else the help breaks it, and nobody can copy it


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_needs_the_checkout(name):
    assert "rules/" not in EXAMPLES[name]
    assert "tests/" not in EXAMPLES[name]


@pytest.mark.parametrize(("name", "ending"), [("verify", "RECORD..."), ("audit", "RULES..."), ("show", "RULES")])
def test_the_help_says_what_may_be_named_more_than_once(name, ending):
    command = [sys.executable, "-m", "iopscreen", name, "--help"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    [usage] = [line for line in done.stdout.splitlines() if "Usage:" in line]
    # Brackets around it differ between versions of typer.
    assert usage.split()[-1].strip("{}[]") == ending


@pytest.mark.parametrize("name", ["screen", "batch", "audit", "show"])
def test_the_default_rules_are_told(name):
    command = next(one for one in reference.commands() if one.name == name)
    [rules] = [one for one in (*command.arguments, *command.options) if one.value == "RULES"]
    assert rules.text.endswith("Default: iop.")


def test_whoever_changes_an_option_is_told_how_the_reference_is_written():
    page = (ROOT / "iopscreen" / "README.md").read_text("utf-8")
    _, _, formats = page.partition("## To add an output format")
    steps, _, rest = formats.partition("\n## ")
    _, _, others = rest.partition("## To add anything else")
    for part in (steps, others):
        assert "`IOPSCREEN_UPDATE=1 .venv/bin/pytest tests/test_reference.py`" in part
