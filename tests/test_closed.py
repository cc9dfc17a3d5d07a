"""What a run touches: no network, no program but git, no file that nobody named, each rule file read once.

Watched from inside by an audit hook of the interpreter, for every command; and, where the system
lets us, run in a network namespace without any network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import RULES, TESTS

WATCH = """
import os, sys
BARRED = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "subprocess.", "os.exec", "os.system", "os.posix_spawn",
          "os.fork", "ctypes.", "webbrowser.", "pty.")
opened, begun = [], []
def watch(event, args):
    if event.startswith(BARRED):
        os.write(2, f"barred: {event}\\n".encode())
        os._exit(97)
    if event == "open" and begun and isinstance(args[0], str):
        opened.append((args[0], bool(args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))))
from iopscreen import cli
sys.addaudithook(watch)
begun.append(True)
sys.argv = ["iopscreen", *sys.argv[1:]]
try:
    cli.main()
finally:
    begun.clear()
    with open(os.environ["SEEN"], "w") as seen:
        seen.write(repr(opened))
"""

ANSWERS = {"immediate_danger": "no", "condition_type": ["self_harm"], "detox_need": "no"}
CALLS = "ref,condition_type,detox_need\n1,self harm,no\n2,mania,perhaps\n"

COMMANDS = {
    "screen --rules iop.yaml --answers answers.json --no-input --format json -o out.json": ("out.json",),
    "screen --rules iop.yaml --answers answers.json --no-input --save out.json": ("out.json",),
    "screen --rules iop.yaml --from record.json --no-input --format html -o out.html": ("out.html",),
    "batch calls.csv --rules iop.yaml -o out.csv": ("out.csv",),
    "batch calls.csv --rules iop.yaml -o out.csv --problems p.csv --summary s.html": ("out.csv", "p.csv", "s.html"),
    "batch calls.csv --rules iop.yaml -o out.csv --dry-run": (),
    "verify record.json --rules iop.yaml --format json -o out.json": ("out.json",),
    "audit iop.yaml --format html -o out.html": ("out.html",),
    "diff iop.yaml iop.yaml --format json -o out.json": ("out.json",),
    "show iop.yaml --format html -o out.html": ("out.html",),
    "new out.yaml": ("out.yaml", "out.cases.yaml"),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("iop.yaml", "iop.cases.yaml"):
        shutil.copy(RULES / name, tmp_path / name)
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS))
    (tmp_path / "calls.csv").write_text(CALLS)
    (tmp_path / "temporary").mkdir()
    save = "screen --rules iop.yaml --answers answers.json --no-input --save record.json"
    assert run(tmp_path, [sys.executable, "-m", "iopscreen", *save.split()]).returncode == 0
    return tmp_path


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(TESTS.parent), "TMPDIR": str(folder / "temporary"), "SEEN": str(folder / "seen")}
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.mark.parametrize(("command", "written"), COMMANDS.items(), ids=lambda value: str(value).split(" -")[0])
def test_a_run_reaches_for_nothing_but_the_files_that_were_named(command, written, folder):
    before = set(folder.iterdir())
    done = run(folder, [sys.executable, "-c", WATCH, *command.split()])
    assert done.returncode in (0, 1), done.stderr
    opened = eval((folder / "seen").read_text(), {"__builtins__": {}})  # what the line above has written
    assert {path.name for path in folder.iterdir()} == {path.name for path in before} | {*written, "seen"}
    assert list((folder / "temporary").iterdir()) == []
    writing = {Path(path).name for path, to_write in opened if to_write}
    assert all(any(name.startswith((wanted, f".{wanted}")) for wanted in written) for name in writing - {"null"})
    assert all(any(name.startswith((wanted, f".{wanted}")) for name in writing) for wanted in written)
    read = [Path(path).name for path, to_write in opened if not to_write]
    times = command.split().count("iop.yaml")
    assert read.count("iop.yaml") == times  # what was hashed is what was parsed


def test_the_watch_sees(folder):
    """A watch that never barks would let everything pass."""
    for code, event in (("import socket; socket.socket()", "socket."), ("import os; os.system('true')", "os.system")):
        planted = WATCH.replace("    cli.main()", f"    {code}")
        assert planted != WATCH
        done = run(folder, [sys.executable, "-c", planted])
        assert done.returncode == 97
        assert event in done.stderr


def test_what_was_hashed_is_what_was_parsed(folder):
    """The rule file is swapped for another one as soon as it has been read."""
    swap = """
import sys
from iopscreen import cli
from iopscreen.ruleset import reader
read = reader.read_bytes
def swapping(path):
    data = read(path)
    open(path, "w").write("other: rules\\n")
    return data
reader.read_bytes = swapping
sys.argv = ["iopscreen", *sys.argv[1:]]
cli.main()
"""
    wanted = json.loads((folder / "record.json").read_text())["rule_set"]["digest"]
    command = "screen --rules iop.yaml --answers answers.json --no-input --format json"
    done = run(folder, [sys.executable, "-c", swap, *command.split()])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rule_set"]["digest"] == wanted
    assert (folder / "iop.yaml").read_text() == "other: rules\n"


def test_without_any_network(folder):
    alone = ["unshare", "--net", "--map-root-user"]
    if not shutil.which("unshare") or run(folder, [*alone, "true"]).returncode != 0:
        pytest.skip("this system lets nobody have a network namespace")
    for command in list(COMMANDS)[::3]:
        done = run(folder, [*alone, sys.executable, "-m", "iopscreen", *command.split(), *_force(command)])
        assert done.returncode in (0, 1), done.stderr


def _force(command: str) -> list[str]:
    return [] if command.startswith("new") else ["--force"]


# --- the rules that were meant --------------------------------------------------------------

DECIDE = "screen --rules iop.yaml --answers answers.json --no-input"
EXPECTING = (DECIDE, "verify record.json --rules iop.yaml", "verify record.json")


@pytest.mark.parametrize("command", EXPECTING)
def test_only_the_rules_that_were_meant_decide(command, folder):
    digest = json.loads((folder / "record.json").read_text())["rule_set"]["digest"]
    program = [sys.executable, "-m", "iopscreen", *command.split(), "--expect-digest"]
    for written in (digest, digest.removeprefix("sha256:"), digest.upper()):
        assert run(folder, [*program, written]).returncode == 0
    done = run(folder, [*program, digest[:-1] + ("0" if digest[-1] != "0" else "1")])
    assert done.returncode == 2
    told = " ".join((done.stdout + done.stderr).split())
    assert digest in told
    assert "these are not the rules that were meant" in told
    assert "Recommendation" not in told


def test_a_digest_that_is_none(folder):
    for text in ("", "sha256:", "md5:0", "0" * 63):
        done = run(folder, [sys.executable, "-m", "iopscreen", *DECIDE.split(), "--expect-digest", text])
        assert (done.returncode, done.stdout) == (2, "")
        assert "should be `sha256:` and 64 hexadecimal digits" in " ".join(done.stderr.split())
