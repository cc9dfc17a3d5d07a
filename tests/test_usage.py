"""What is said to somebody who has typed something else than was meant: what is wrong, and what to type instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from iopscreen import cli, manual, usage
from iopscreen.inputs import read_answers_of, read_rules
from iopscreen.text import printable

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = get_command(cli.app).commands


@pytest.fixture
def said(monkeypatch, capsys):
    """What a command line is answered with on stderr; it is exit 2, and nothing else is printed."""

    def answered(*arguments):
        monkeypatch.setattr(sys, "argv", ["iopscreen", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        done = capsys.readouterr()
        assert (left.value.code, done.out) == (2, "")
        return done.err.splitlines()

    return answered


def test_the_name_alone_says_what_to_type_first(said):
    lines = said()
    assert lines == manual.first_steps()
    assert len(lines) <= 16
    for start in ("iopscreen screen ", "iopscreen batch calls.csv --dry-run", "iopscreen new ", "iopscreen audit "):
        assert any(line.strip().startswith(start) for line in lines)
    assert all(len(line) <= 80 for line in lines)


def test_the_first_steps_are_commands_that_there_are(tmp_path):
    """Each is run as it stands, but for the call, which needs a person."""
    (tmp_path / "calls.csv").write_text("detox_need,recent_psychiatric_discharge\nyes,no\n")
    for reader in manual.READERS:
        for command, _ in reader.steps:
            program, name, *arguments = command.split()
            assert (program, name in COMMANDS) == ("iopscreen", True)
            more = ["--no-input"] if name == "screen" else []
            done = subprocess.run(
                [sys.executable, "-m", "iopscreen", name, *arguments, *more],
                cwd=tmp_path, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr


CANARY = "canary9"
INTO_A_FILE = "answers go into a file, `--answers FILE`, and never onto the command line, which a shell keeps"
NO_SUCH_NAME = (
    "error: the name of a file is wanted, and there is none called so; what it holds goes into the file, "
    "never onto the command line, which a shell keeps"
)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["screeen"], "`screeen` is no command; did you mean `screen`?"),
        (["frobnicate"], f"`frobnicate` is no command; commands: {', '.join(COMMANDS)}"),
        (["help"], "`help` is no command; help is `iopscreen --help`, and of a command `iopscreen screen --help`"),
        (["calls.csv"], "`calls.csv` is no command; did you mean `iopscreen batch calls.csv`?"),
        (["rules/iop.yaml"], "`rules/iop.yaml` is no command; did you mean `iopscreen audit rules/iop.yaml`?"),
        (["--verson"], "`--verson` is not an option of `iopscreen`; did you mean `--version`?"),
        (["-V"], "`-V` is not an option of `iopscreen`"),
        (
            ["--jobs", "3", "batch", "calls.csv"],
            "`--jobs` is not an option of `iopscreen`; it is one of `iopscreen batch`, and stands behind that",
        ),
        (["audit", "--mutant"], "`--mutant` is not an option of `iopscreen audit`; did you mean `--mutants`?"),
        (["screen", "--jobs", "3"], "`--jobs` is not an option of `iopscreen screen`; it is one of `iopscreen batch`"),
        (["audit", "-x"], "`-x` is not an option of `iopscreen audit`"),
        (
            ["audit", "--format", "jsn"],
            "`--format jsn`: should be one of text, json, markdown, github, sarif, html; did you mean `json`?",
        ),
        (["batch", "a", "--engine=sparc"], "`--engine sparc`: should be one of here, spark; did you mean `spark`?"),
        (["batch", "a", "--jobs", "x"], "`--jobs x`: should be a whole number of processes, 1 or more"),
        (["batch", "a", "--jobs=0"], "`--jobs 0`: should be a whole number of processes, 1 or more"),
        (["audit", "--budget", "-1"], "`--budget -1`: should be a number of seconds, 0 or more"),
        (["diff", "a", "b", "--budget", ""], "`--budget `: should be a number of seconds, 0 or more"),
        (["audit", "--budget", "nan"], "`--budget nan`: should be a number of seconds, 0 or more"),
        (["diff", "a", "b", "--budget=NaN"], "`--budget NaN`: should be a number of seconds, 0 or more"),
        (["show", "x", "y"], "`iopscreen show` takes RULES and no more; too many: y"),
        (["screen", "a"], "`iopscreen screen` takes options alone; too many: a"),
        (
            ["screen", "caller.json"],
            "`iopscreen screen` takes options alone; too many: caller.json; did you mean `--answers caller.json`?",
        ),
        (["screen", "--detox_need", "yes"], f"`--detox_need` is not an option of `iopscreen screen`; {INTO_A_FILE}"),
        (["screen", "--save"], "`--save` needs a value FILE|DIR/ behind it: keep a record, from the first answer on"),
        (["batch", "a", "--force=yes"], "`--force` stands alone, and takes no value"),
    ],
)
def test_what_is_wrong_is_told_with_the_next_step(said, arguments, problem):
    command = arguments[0] if arguments[0] in COMMANDS else ""
    assert said(*arguments) == [
        f"error: {problem}",
        f"for help: {' '.join(filter(None, ['iopscreen', command]))} --help",
    ]


@pytest.mark.parametrize("command", ["batch", "verify", "new", "diff"])
def test_what_is_missing_is_told_with_an_example(said, command):
    problem, example, help_line = said(command)
    wanted = COMMANDS[command].params[0].metavar.removesuffix("...")
    assert problem.startswith(f"error: `iopscreen {command}` needs {wanted}: ")
    assert example.startswith(f"for example: iopscreen {command} ")
    assert help_line == f"for help: iopscreen {command} --help"


def test_nothing_that_is_typed_steers_the_terminal(said):
    for arguments in (["e\x1b[31m"], ["audit", "--\x1b[31m"], ["audit", "--format", "\u202e"], ["show", "a", "\x9b"]):
        assert all(line == printable(line) for line in said(*arguments))


def test_every_option_that_takes_a_number_says_which():
    """The words of the parser for a number that is none are nobody's."""
    hints = {
        name
        for command in cli.app.registered_commands
        for name, hint in command.callback.__annotations__.items()
        if any(kind in str(hint).split("[", 1)[-1].split(",")[0] for kind in ("int", "float"))
    }
    assert {f"--{name}" for name in hints} == set(usage.NUMBERS)


def test_a_message_of_the_parser_that_is_not_known_is_told_as_it_is():
    class UsageError(Exception):
        message = "Something New."
        ctx = None

    assert usage.usage_lines(UsageError(), COMMANDS, ["audit"]) == [
        "error: something New",
        "for help: iopscreen audit --help",
    ]


NO_EARLIER = "the name of the earlier rule file is empty; name a file, or a revision of git"
NO_NAME = "the name of the rule file is empty; name a file, or a rule set that comes along"
NOT_THERE = "no such file, and no rule set that comes with the program (`iop`, `iop-site-example`)"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["batch", "call.csv"], "call.csv: cannot be read: no such file or directory; did you mean `calls.csv`?"),
        (["batch", "nothing.csv"], "nothing.csv: cannot be read: no such file or directory"),
        (["batch", "no/such/calls.csv"], "no/such/calls.csv: cannot be read: no such file or directory"),
        (["batch", "sub"], "sub: is a folder; name a file in it"),
        (
            ["show", "sub/rule.yaml"],
            f"sub/rule.yaml: {NOT_THERE}; did you mean `sub/rules.yaml`?",
        ),
        (
            ["audit", "iop-site-exampel"],
            f"iop-site-exampel: {NOT_THERE}; did you mean `iop-site-example`?",
        ),
        (
            ["audit", "no/such/thing"],
            f"no/such/thing: {NOT_THERE}",
        ),
    ],
)
def test_a_file_that_is_not_there_is_told_with_the_one_that_was_meant(said, tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.csv").write_text("detox_need\nyes\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "rules.yaml").write_text("format: 1\n")
    assert said(*arguments) == [f"error: {problem}"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["show", "."], ".: is a folder; name a rule file in it"),
        (["show", "/"], "/: is a folder; name a rule file in it"),
        (["screen", "--rules", ".", "--no-input"], ".: is a folder; name a rule file in it"),
        (["batch", "calls.csv", "--rules", "sub"], "sub: is a folder; name a rule file in it"),
        (["batch", "calls.csv", "--compare", "sub"], "sub: is a folder; name a rule file in it"),
        (["verify", "sub", "--rules", "sub"], "sub: no record in this folder (`*.json`)"),
        (["audit", "sub"], "sub: no rule file in this folder (`*.yaml`, but `*.cases.yaml`)"),
        (["show", "iop", "-o", "sub"], "sub: is a folder; name a file in it"),
        (["screen", "--answers", "sub", "--no-input"], "sub: is a folder; name a file in it"),
        (["show", ""], NO_NAME),
        (["show", "", "--json-schema"], NO_NAME),
        (["audit", ""], NO_NAME),
        (["screen", "--rules", "", "--no-input"], NO_NAME),
        (["batch", "calls.csv", "--rules", ""], NO_NAME),
        (["verify", "x.json", "--rules", ""], NO_NAME),
        (["diff", "iop", ""], NO_NAME),
        (["diff", "", "iop"], NO_EARLIER),
        (["audit", "iop", "--against", ""], NO_EARLIER),
        (["verify", ""], "the name of a record is empty; name a record, or a folder of them"),
        (["batch", ""], "the name of the file to read is empty; `-` is stdin"),
        (["screen", "--answers", "", "--no-input"], "the name of the file to read is empty; `-` is stdin"),
    ],
)
def test_a_folder_and_an_empty_name_are_told_as_what_they_are(said, tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.csv").write_text("detox_need\nyes\n")
    (tmp_path / "sub").mkdir()
    assert said(*arguments) == [f"error: {problem}"]


def test_a_folder_is_no_earlier_rule_file(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [line] = said("diff", ".", "iop")
    assert line.startswith("error: .: is a folder, not a rule file, and ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "my.cases.yaml"],
        ["show", "my.cases.yaml", "--json-schema"],
        ["screen", "--rules", "my.cases.yaml", "--no-input"],
        ["batch", "calls.csv", "--rules", "my.cases.yaml"],
        ["diff", "my.cases.yaml", "iop"],
        ["diff", "iop", "my.cases.yaml"],
    ],
    ids=" ".join,
)
def test_cases_in_the_place_of_rules_lead_to_the_rules(said, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.csv").write_text("detox_need\nyes\n")
    (tmp_path / "my.cases.yaml").write_text("format: 1\nrules: my.yaml\ncases: []\n")
    assert said(*arguments) == ["error: my.cases.yaml: this is the cases file; name the rule file, `my.yaml`"]


@pytest.mark.parametrize(("old", "meant"), [("vists.yaml", "visits.yaml"), ("iop-site-exampel", "iop-site-example")])
def test_an_earlier_rule_file_that_is_not_there_is_told_with_the_one_that_was_meant(
    said, tmp_path, monkeypatch, old, meant
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "visits.yaml").write_text("format: 1\n")
    for line in (*said("diff", old, "iop"), *said("audit", "iop", "--against", old)):
        assert line.startswith(f"error: {old}: no such file, and ")
        assert line.endswith(f"; did you mean `{meant}`?")


@pytest.mark.parametrize(
    "typed",
    [
        f'{{"detox_need": "{CANARY}"}}',
        f' {{"detox_need":"{CANARY}"}}',
        f'["{CANARY}"]',
        f"detox_need: {CANARY}",
        f"detox_need={CANARY}",
        f"detox_need\n{CANARY}",
        CANARY * 40,
        f"{CANARY}/" * 600,
    ],
)
def test_answers_that_are_typed_are_not_repeated(said, typed):
    for arguments in ([typed], ["a", typed]):
        told = " ".join(said("screen", *arguments))
        assert CANARY not in told
        assert "answers go into a file" in told
    assert said("screen", "--answers", typed, "--no-input") == [NO_SUCH_NAME]
    assert CANARY not in " ".join(said(typed))


@pytest.mark.parametrize(
    "command", [["screen", "--no-input", "--from"], ["verify"], ["batch"], ["batch", "--dry-run"]], ids=" ".join
)
@pytest.mark.parametrize(
    "typed", ["{detox_need: canary9}", '[{"a": "canary9"}]', "detox_need\ncanary9", "canary9" * 40]
)
def test_what_a_file_would_hold_is_not_repeated_either(said, tmp_path, monkeypatch, command, typed):
    monkeypatch.chdir(tmp_path)
    [told] = said(*command, typed)
    assert told == NO_SUCH_NAME


def test_a_file_that_is_called_as_answers_are_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("{a=b}").write_text("detox_need: yes\n")
    rules = read_rules("iop")
    assert read_answers_of("{a=b}", rules.file) == {"detox_need": "yes"}


NO_FORMAT = "`--json-schema` has its own form: leave out `--format`, `--dialect` and `--table`"
NO_AUDIT = "`--explain NAME` audits nothing, and goes with `-o FILE` alone: leave the rest out"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["show", "--json-schema", "--format", "html"], NO_FORMAT),
        (["show", "--json-schema", "--format", "sql", "--dialect", "duckdb"], NO_FORMAT),
        (["show", "iop", "--json-schema", "--table", "t"], NO_FORMAT),
        (["audit", "--explain", "gap", "iop"], NO_AUDIT),
        (["audit", "--explain", "gap", "--mutants"], NO_AUDIT),
        (["audit", "--explain", "list", "--source", "article=text"], NO_AUDIT),
        (["audit", "--explain", "gap", "--format", "json"], NO_AUDIT),
        (["audit", "--explain", "gap", "--against", "HEAD"], NO_AUDIT),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_do_not_go_together_are_refused(said, arguments, problem):
    assert said(*arguments) == [f"error: {problem}"]
