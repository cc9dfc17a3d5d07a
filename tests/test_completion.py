"""What shells are told that complete a word: the protocol of each, and real shells in a real terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from terminal import Terminal

from iopscreen import cli
from iopscreen.audit.documentation import ALL, documented
from iopscreen.completion import findings

ROOT = Path(__file__).resolve().parents[1]
CANARY = "canary-7f3a"


@pytest.fixture
def desk(tmp_path):
    """A folder with rule files and calls, and `iopscreen` on the path."""
    (tmp_path / "home").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "iopscreen").write_text(f'#!/bin/sh\nexec {sys.executable} -m iopscreen "$@"\n')
    (tmp_path / "bin" / "iopscreen").chmod(0o755)
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    (tmp_path / "calls.csv").write_text(f"detox_need,name\nyes,{CANARY}\n")
    return tmp_path


def environment(desk, **more):
    return {
        **{name: value for name, value in os.environ.items() if "IOPSCREEN" not in name},
        "PATH": f"{desk / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(desk / "home"),
        **more,
    }


def asked(desk, **variables):
    return subprocess.run(
        [desk / "bin" / "iopscreen"],
        cwd=desk, env=environment(desk, **variables), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip


@pytest.fixture
def bash(desk, monkeypatch, capsys):
    """What bash is told: its words, and the number of the one that the cursor is in."""
    monkeypatch.chdir(desk)

    def told(*words, **more):
        variables = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), **more}
        variables["_IOPSCREEN_COMPLETE"] = "complete_bash"
        with mock.patch.dict(os.environ, variables), pytest.raises(SystemExit) as left:
            cli.main()
        done = capsys.readouterr()
        assert (left.value.code, done.err) == (0, "")
        return done.out.split()

    return told


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["s"], ["screen", "show"]),
        (["batch", "--ma"], ["--map", "--master"]),
        (["audit", ""], ["iop", "iop-site-example", "rules/", "rules/iop-site-example.yaml", "rules/iop.yaml"]),
        (["audit", "rules/iop"], ["rules/iop-site-example.yaml", "rules/iop.yaml"]),
        (["audit", "./rules/iop."], ["./rules/iop.yaml"]),
        (["show", "iop"], ["iop", "iop-site-example"]),
        (["screen", "--rules", "ru"], ["rules/iop-site-example.yaml", "rules/iop.yaml"]),
        (["diff", "iop", "iop-"], ["iop-site-example"]),
        (["audit", "--explain", "unused"], ["unused", "unused-source"]),
        (["audit", "--format", "g"], ["github"]),
        (["audit", "--format", "=", "g"], ["github"]),
        (["batch", "calls.csv", "--map", "Detox", "=", "de"], ["detox_need"]),
        (["batch", "calls.csv", "--map", "=", "Detox", "=", "de"], ["detox_need"]),
        (["batch", "calls.csv", "--map", '"Needs detox"', "=", "de"], ["detox_need"]),
        (["batch", "calls.csv", "--map", '"Needs detox=de'], ["Needs", "detox=detox_need"]),
        (["batch", "--map", "A", "=", "x", "--rules", "iop-site-example", "--map", "B", "=", "safe"], ["safe_home"]),
        (["batch", "calls.csv", "--map", "Det"], []),
        (["batch", "calls.csv", "--ignore-column", ""], []),
        (["batch", "calls"], []),
        (["--version", "ver"], ["verify"]),
        (["batch", "--rules", "no-such-file", "--map", "A", "=", ""], []),
        (["batch", "--rules", "/dev/zero", "--map", "A", "=", ""], []),
    ],
)  # fmt: skip
def test_what_bash_is_told(bash, words, offered):
    assert bash("iopscreen", *words) == offered


def test_the_other_shells_are_told_whole_words(desk):
    typed = "iopscreen batch calls.csv --map Detox=de"
    zsh = asked(desk, _IOPSCREEN_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=typed)
    assert "\"Detox=detox_need\"" in zsh.stdout  # fmt: skip
    fish = asked(
        desk, _IOPSCREEN_COMPLETE="complete_fish", _TYPER_COMPLETE_ARGS=typed, _TYPER_COMPLETE_FISH_ACTION="get-args"
    )
    assert fish.stdout == "Detox=detox_need\n"
    assert (zsh.stderr, fish.stderr) == ("", "")


def test_every_finding_is_offered():
    """Read off the lists, as text: the same names as those of the checks themselves."""
    assert findings(None, "") == ["list", *(one.name for one in documented(ALL))]


@pytest.mark.parametrize(
    "fault", [b"\xff\xfe", b"questions: [1", b"[]", b"questions:\n  \"a\\e[31m\": {}\n  'b c': {}\n", b"", b"\0"]
)
def test_a_faulty_rule_file_is_silent(desk, bash, fault):
    (desk / "bad.yaml").write_bytes(fault)
    assert bash("iopscreen", "batch", "--rules", "bad.yaml", "--map", "A", "=", "") == []


def test_a_rule_file_that_is_being_written_offers_its_questions(desk, bash):
    (desk / "half.yaml").write_text("format: 1\nrulez: []\nquestions:\n  first: {ask: What?}\n  second:\nrules: 3\n")
    assert bash("iopscreen", "batch", "--rules", "half.yaml", "--map", "A", "=", "") == ["first", "second"]


def test_a_name_that_a_shell_would_run_is_not_offered(desk, bash):
    """The completion of zsh runs what it is told."""
    names = [
        "a$(touch pwned).yaml",
        "a\\$(touch pwned).yaml",
        "a`touch pwned`.yaml",
        "a';x;'.yaml",
        "a\\$(touch pwned)=a.yaml",
        "a;touch pwned=a.yaml",
        "a b.yaml",
        "a\x1b.yaml",
    ]
    for name in names:
        (desk / name).write_text("format: 1\n")
    (desk / "all-right.yaml").write_text("format: 1\n")
    (desk / "a$(touch pwned)").mkdir()
    (desk / "a$(touch pwned)" / "x.yaml").write_text("format: 1\n")
    assert bash("iopscreen", "audit", "a") == ["all-right.yaml"]


@pytest.mark.parametrize("header", ["\\$(touch pwned)", "\\`touch pwned`", "a\x1b[2J", 'a\\"; touch pwned; "'])
def test_nothing_is_offered_behind_a_header_that_a_shell_would_run(desk, header):
    """It was typed in quotes, which are not around it any more when the shell of the person runs what is offered."""
    typed = f"iopscreen batch calls.csv --map '{header}=det"
    done = asked(desk, _IOPSCREEN_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=typed)
    assert (done.stdout.strip(), done.stderr) == ("_files", "")


def test_no_cell_of_a_file_is_offered(desk, bash):
    for words in (["--map", ""], ["--map", "c"], ["--ignore-column", "c"], ["c"], ["--rules", "c"]):
        assert CANARY not in "".join(bash("iopscreen", "batch", "calls.csv", *words))


def test_whatever_is_wrong_with_the_request_nothing_is_said(desk):
    for variables in (
        {"COMP_WORDS": "iopscreen", "COMP_CWORD": "x"},
        {"COMP_WORDS": "iopscreen"},
        {},
    ):
        done = asked(desk, _IOPSCREEN_COMPLETE="complete_bash", **variables)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_pipe_is_not_waited_for(desk):
    os.mkfifo(desk / "pipe.yaml")
    variables = {"COMP_WORDS": "iopscreen\nbatch\n--rules\npipe.yaml\n--map\nA\n=\n", "COMP_CWORD": "7"}
    done = asked(desk, _IOPSCREEN_COMPLETE="complete_bash", **variables)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_nothing_costly_is_imported(desk):
    """Neither the engine nor the batch, for somebody waits."""
    (desk / "bin" / "iopscreen").write_text(f"#!/bin/sh\nexec {sys.executable} -X importtime -m iopscreen\n")
    variables = {"COMP_WORDS": "iopscreen\nbatch\n--map\nA\n=\nd", "COMP_CWORD": "5"}
    done = asked(desk, _IOPSCREEN_COMPLETE="complete_bash", **variables)
    assert done.stdout == "detox_need\n"
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "iopscreen.ruleset.nodes" in imported
    for costly in ("engine", "batch", "audit", "screen", "report", "ruleset.reader"):
        assert not any(name.startswith(f"iopscreen.{costly}") for name in imported)
    assert not imported & {"rich", "questionary"}


# --- real shells ----------------------------------------------------------------------------

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config"],
}
READY = {
    "bash": "PS1='READY''> '; eval \"$(iopscreen --show-completion)\"; clear",
    "zsh": "PROMPT='READY''> '; autoload -Uz compinit; compinit -u; eval \"$(iopscreen --show-completion)\"; clear",
    "fish": "function fish_prompt; echo 'READY''> '; end; iopscreen --show-completion | source; clear",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_in_a_real_shell(desk, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    with Terminal(
        program=SHELLS[shell], cwd=desk, env=environment(desk, TERM="xterm"), columns=120
    ) as terminal:  # fmt: skip
        terminal.send(READY[shell] + "\r").until("READY>", gone=["show-completion"])
        for typed, completed in (
            ("iopscreen batch calls.csv --rules iop-s", "--rules iop-site-example"),
            ("--map Detox=det", "--map Detox=detox_need"),
        ):
            terminal.send(typed).until(typed[-20:])
            terminal.send("\t").until(completed)
            terminal.send(" ")
        terminal.send("--map Danger=no_such_question\t").until("no_such_question")
        assert "error" not in terminal.text
        assert CANARY not in terminal.text


def test_tab_runs_no_name_of_a_file(desk):
    """Of all shells, zsh alone runs what it is told."""
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh here")
    (desk / "\\$(touch pwned)=a.yaml").write_text("format: 1\n")
    with Terminal(program=SHELLS["zsh"], cwd=desk, env=environment(desk, TERM="xterm"), columns=120) as terminal:
        terminal.send(READY["zsh"] + "\r").until("READY>", gone=["show-completion"])
        terminal.send("iopscreen audit ").until("audit")
        terminal.insist("\t", "iop-site-example")
        assert not (desk / "pwned").exists()


def test_bash_keeps_it_when_asked_to(desk):
    with Terminal(program=SHELLS["bash"], cwd=desk, env=environment(desk, TERM="xterm")) as terminal:
        terminal.send("iopscreen --install-completion; echo status $?\r").until("status 0")
    assert "source" in (desk / "home" / ".bashrc").read_text()
    script = next((desk / "home" / ".bash_completions").iterdir()).read_text()
    assert "_IOPSCREEN_COMPLETE=complete_bash" in script
    assert str(desk) not in script
