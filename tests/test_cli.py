"""The command line as a process: streams, exit statuses, output files, and what never leaks."""

import dataclasses
import errno
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import RULES
from typer.testing import CliRunner

from iopscreen import auditing, batching, calls, cli, files, verifying
from iopscreen.audit import run as audit_run
from iopscreen.errors import IopscreenError, NothingWritten

ROOT = Path(__file__).resolve().parents[1]
CANARY = "canary-7f3a"
KNOWN = {"immediate_danger": "no", "condition_type": ["self_harm"], "detox_need": "no"}


def iopscreen(*arguments, cwd=None, stdin="", env=None):
    return subprocess.run(
        [sys.executable, "-m", "iopscreen", *arguments],
        cwd=cwd or ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **(env or {})},
        timeout=600,
        check=False,
    )


def answers_file(tmp_path, answers):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(answers))
    return str(path)


# --- screen ---------------------------------------------------------------------------------


def test_a_decision_as_json_is_one_object_with_the_keys_of_the_contract():
    done = iopscreen("screen", "--answers", "-", "--no-input", "--format", "json", stdin=json.dumps(KNOWN))
    assert (done.returncode, done.stderr) == (0, "")
    decision = json.loads(done.stdout)
    assert list(decision) == [
        "rule_set",
        "answers",
        "recommendation",
        "rule",
        "rules",
        "because",
        "basis",
        "cite",
        "possible",
        "ask_next",
        "not_needed",
        "assumed",
        "would_change",
        "notes",
        "next_steps",
    ]
    assert decision["answers"] == KNOWN
    assert decision["rule_set"]["id"] == "iop"
    assert decision["possible"] == ["iop", "inpatient"]
    assert decision["ask_next"] == ["safe_living_environment"]
    assert decision["not_needed"] == ["recent_psychiatric_discharge"]
    assert (decision["recommendation"], decision["rule"], decision["would_change"]) == (None, None, [])


def test_what_would_change_a_decision():
    done = iopscreen(
        "screen", "--answers", "-", "--no-input", "--format", "json",
        stdin=json.dumps({**KNOWN, "safe_living_environment": "yes"}),
    )  # fmt: skip
    decision = json.loads(done.stdout)
    assert (decision["recommendation"], decision["rule"], decision["basis"]) == ("iop", "treated-condition", "stated")
    assert [change["recommendation"] for change in decision["would_change"]][:2] == ["emergency_referral", "inpatient"]
    assert {"recommendation": "inpatient", "answers": {"safe_living_environment": "no"}} in decision["would_change"]
    assert decision["next_steps"]


@pytest.mark.parametrize(
    "answers", ["immediate_danger: no\n", '{"immediate_danger": "no"}', '{"immediate_danger": false}']
)
def test_answers_are_yaml_or_json(answers):
    done = iopscreen("screen", "--answers", "-", "--no-input", "--format", "json", stdin=answers)
    assert json.loads(done.stdout)["answers"] == {"immediate_danger": "no"}


@pytest.mark.parametrize(
    ("answers", "named"),
    [
        (f'{{"immediate_danger": "{CANARY}"}}', "immediate_danger"),
        (f'{{"condition_type": ["self_harm", "{CANARY}"]}}', "condition_type"),
        (f'{{"condition_type": ["{CANARY}", "unknown"]}}', "condition_type"),
        ('{"condition_type": []}', "condition_type"),
        ('{"condition_type": ["unknown", "self_harm"]}', "condition_type"),
        (f'{{"detox_need": {{"{CANARY}": "{CANARY}"}}}}', "detox_need"),
        (f'{{"detox_need": ["{CANARY}"]}}', "detox_need"),
        (f'{{"detox_ned": "{CANARY}"}}', "detox_ned"),
        (f'{{"detox_need": "{CANARY}"', "stdin:1"),
        (f'["{CANARY}"]', "mapping"),
        (f'{{"detox_need": &a "{CANARY}"}}', "stdin:1"),
        (f"detox_need: {CANARY}: {CANARY}", "stdin:1"),
        ("", "no answers"),
    ],
)
def test_answers_that_cannot_be_read_are_named_and_never_shown(answers, named):
    done = iopscreen("screen", "--answers", "-", "--no-input", stdin=answers)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert CANARY not in done.stderr
    assert "Traceback" not in done.stderr


def test_every_unreadable_answer_is_named_place_once():
    done = iopscreen("screen", "--answers", "-", "--no-input", stdin="detox_need: x\nimmediate_danger: x\nfoo: x\n")
    lines = done.stderr.strip().split("\n")
    assert [line.split(":")[2] for line in lines] == ["1", "2", "3"]
    assert all(line.startswith("error: stdin:") for line in lines)


def test_without_a_terminal_the_flag_is_named():
    done = iopscreen("screen")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--no-input" in done.stderr


def test_no_option_takes_an_answer():
    """Answers are health data: a shell keeps its history, and a process list shows arguments."""
    done = iopscreen("screen", "--help", env={"COLUMNS": "200"})
    for question in ("immediate-danger", "condition-type", "detox-need", "immediate_danger", "--answer "):
        assert question not in done.stdout


def test_shipped_rule_sets_go_by_name_from_any_directory(tmp_path):
    for name in ("iop", "iop-site-example"):
        done = iopscreen(
            "screen", "--rules", name, "--answers", "-", "--no-input", "--format", "json", cwd=tmp_path, stdin="{}"
        )
        # The empty mapping is no answer at all, and a decision all the same.
        assert (done.returncode, json.loads(done.stdout)["rule_set"]["id"]) == (0, name)


def test_an_unknown_rule_set_names_those_that_come_along():
    done = iopscreen("screen", "--rules", "nope", "--no-input")
    assert (done.returncode, done.stdout) == (2, "")
    assert "`iop`" in done.stderr
    assert "`iop-site-example`" in done.stderr


def test_a_faulty_rule_file_is_refused_with_its_faults(tmp_path):
    (tmp_path / "bad.yaml").write_text("format: 1\nid: x\nrulez: []\n")
    for command in (["screen", "--no-input", "--rules"], ["batch", "-", "--rules"]):
        done = iopscreen(*command, "bad.yaml", cwd=tmp_path, stdin="a\n1\n")
        assert (done.returncode, done.stdout) == (2, "")
        assert (
            "bad.yaml:3:1: error: `rulez` is not a key of a rule set; did you mean `rules`? [unknown-key]"
            in done.stderr
        )


def test_markdown_carries_the_notice_of_disclosure():
    done = iopscreen("screen", "--answers", "-", "--no-input", "--format", "markdown", stdin=json.dumps(KNOWN))
    assert done.stdout.startswith("## Not settled: ")
    assert "42 CFR Part 2" in done.stdout


# --- output files ---------------------------------------------------------------------------


def test_an_output_file_is_private_and_replaced_only_with_force(tmp_path):
    target, known = tmp_path / "out.json", answers_file(tmp_path, KNOWN)
    command = ("screen", "--answers", known, "--no-input", "--format", "json", "-o", str(target))
    previous = os.umask(0)
    try:
        assert iopscreen(*command).returncode == 0
    finally:
        os.umask(previous)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    first = target.read_bytes()
    done = iopscreen(*command)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert target.read_bytes() == first
    assert iopscreen(*command, "--force").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.json", "out.json"]


@pytest.mark.parametrize("command", ["screen", "batch", "audit"])
def test_an_output_that_cannot_be_written_is_told(command, tmp_path):
    arguments = {
        "screen": ["--answers", answers_file(tmp_path, KNOWN), "--no-input"],
        "batch": [str(ROOT / "tests/readme/calls.csv")],
        "audit": ["iop"],
    }[command]
    for target in (tmp_path / "no" / "such" / "folder.txt", tmp_path):
        done = iopscreen(command, *arguments, "-o", str(target), "--force")
        assert (done.returncode, done.stdout) == (2, "")
        assert str(target) in done.stderr


def test_an_output_is_an_ordinary_file(tmp_path):
    """Neither a link nor a device nor the input is replaced, not even with force."""
    known, calls = answers_file(tmp_path, KNOWN), tmp_path / "calls.csv"
    calls.write_text("detox_need\nyes\n")
    real, link, dangling, pipe = (tmp_path / name for name in ("real", "link", "dangling", "pipe"))
    real.write_text("mine")
    link.symlink_to(real)
    dangling.symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe)
    for target in (link, dangling, pipe, Path("/dev/null")):
        done = iopscreen("screen", "--answers", known, "--no-input", "-o", str(target), "--force")
        assert (done.returncode, done.stdout) == (2, "")
        assert str(target) in done.stderr
    done = iopscreen("batch", str(calls), "-o", str(calls), "--force")
    assert done.returncode == 2
    assert "is the file that is read" in done.stderr
    assert (real.read_text(), calls.read_text()) == ("mine", "detox_need\nyes\n")
    assert link.is_symlink()
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("command", "replaced"),
    [
        (["audit", "rules.yaml"], "rules.yaml"),
        (["audit", "."], "rules.cases.yaml"),
        (["audit", "rules.yaml", "--source", "article=text"], "text"),
        (["audit", "rules.yaml", "--against", "old.yaml"], "old.yaml"),
        (["diff", "old.yaml", "rules.yaml"], "old.yaml"),
        (["diff", "old.yaml", "rules.yaml"], "hard-link"),
        (["diff", "old.yaml", "rules.yaml"], "rules.cases.yaml"),
        (["show", "rules.yaml"], "rules.yaml"),
        (["show", "rules.yaml", "--json-schema"], "rules.yaml"),
        (["screen", "--rules", "rules.yaml", "--answers", "text", "--no-input"], "rules.yaml"),
        (["screen", "--rules", "rules.yaml", "--answers", "text", "--no-input"], "text"),
        (["batch", "text", "--rules", "rules.yaml"], "rules.yaml"),
        (["verify", "text"], "text"),
    ],
)
def test_no_result_replaces_what_is_read(tmp_path, monkeypatch, command, replaced):
    for name in ("rules.yaml", "rules.cases.yaml", "old.yaml", "text"):
        shipped = RULES / name.replace("rules.", "iop.").replace("old.", "iop.")
        (tmp_path / name).write_bytes(shipped.read_bytes() if shipped.exists() else b"{}")
    (tmp_path / "hard-link").hardlink_to(tmp_path / "rules.yaml")
    before = (tmp_path / replaced).read_bytes()
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.app, [*command, "-o", replaced, "--force"])
    assert isinstance(done.exception, IopscreenError)
    assert str(done.exception) == f"{replaced}: is the file that is read; name another one for the result"
    assert (tmp_path / replaced).read_bytes() == before


def test_a_decision_is_not_lost_with_its_file(tmp_path, monkeypatch, capfdbinary):
    """The folder was there when the call began, and is full when it ends."""

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(IopscreenError):
        cli.screen(answers=answers_file(tmp_path, KNOWN), no_input=True, output=str(tmp_path / "out.txt"))
    assert b"Not settled" in capfdbinary.readouterr().out
    assert not (tmp_path / "out.txt").exists()


UNREADABLE = Path("/proc/self/mem")
"""It is opened, and then not read: there is nothing at its beginning."""


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs a file that fails when it is read")
@pytest.mark.parametrize(
    "arguments",
    ["batch {}", "batch {} --dry-run", "screen --no-input --answers {}", "screen --no-input --from {}",
     "audit iop --source article={}"],
)  # fmt: skip
def test_a_file_that_fails_while_it_is_read_is_named(arguments, tmp_path):
    done = iopscreen(*arguments.format(UNREADABLE).split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {UNREADABLE}: cannot be read: input/output error\n"


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs a file that fails when it is read")
def test_a_record_that_fails_while_it_is_read_keeps_no_other_from_being_verified(tmp_path):
    iopscreen("screen", "--no-input", "--save", "record.json", cwd=tmp_path)
    done = iopscreen("verify", str(UNREADABLE), "record.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{UNREADABLE}: error: cannot be read: input/output error" in done.stdout
    assert "1 verified, 1 could not be read" in done.stdout


def test_closed_streams_are_told():
    for closed, status in ((">&-", 2), ("2>&-", 0), ("<&-", 0)):
        script = f"{sys.executable} -m iopscreen screen --no-input {closed}"
        done = subprocess.run(["/bin/sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == status
        assert "AttributeError" not in done.stderr


CALLS = ["mkstemp", "fdopen", "write", "flush", "fsync", "replace"]


@pytest.mark.parametrize("failing", CALLS)
def test_whatever_call_fails_the_old_file_stays_and_nothing_else(failing, tmp_path, monkeypatch):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")

    def fail(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    real_fdopen = os.fdopen

    class Failing:
        """A file whose `failing` method fails; the real one beneath is closed like any other."""

        def __init__(self, handle, mode):
            self.file = real_fdopen(handle, mode)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def __getattr__(self, name):
            return fail if name == failing else getattr(self.file, name)

    if failing in ("write", "flush"):
        monkeypatch.setattr(files.os, "fdopen", Failing)
    else:
        monkeypatch.setattr(tempfile if failing == "mkstemp" else files.os, failing, fail)
    with pytest.raises((IopscreenError, OSError)), files.written_whole(str(target), force=True) as file:
        file.write(b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_an_interrupt_leaves_nothing(tmp_path):
    target = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt), files.written_whole(str(target), force=False) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def interruptible():
    """Ctrl-C is heard also where tests are started in the background, and do not hear it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupting(monkeypatch, name):
    """Somebody presses Ctrl-C each time a function of the system is called."""
    real = getattr(os, name)

    def interrupted(*arguments):
        real(*arguments)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(files.os, name, interrupted)


NAMES = ["out.csv", "problems.csv", "summary.md"]


@pytest.mark.usefixtures("interruptible")
def test_a_second_interrupt_does_not_keep_the_first_from_leaving_nothing(tmp_path, monkeypatch):
    interrupting(monkeypatch, "unlink")
    paths = [str(tmp_path / name) for name in NAMES]
    with pytest.raises(NothingWritten), files.all_written_whole(paths, force=False) as parts:
        for part in parts:
            part.write(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("old", [[], NAMES], ids=["new", "replaced"])
def test_files_take_their_names_together_whoever_interrupts(old, tmp_path, monkeypatch):
    for name in old:
        (tmp_path / name).write_text("old")
    for name in ("replace", "link", "unlink"):
        interrupting(monkeypatch, name)
    with files.all_written_whole([str(tmp_path / name) for name in NAMES], force=True) as parts:
        for part in parts:
            part.write(b"whole")
    files.write_together({str(tmp_path / name): b"whole" for name in ("rules.yaml", "rules.cases.yaml")}, force=False)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"whole"}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*NAMES, "rules.yaml", "rules.cases.yaml"])


def test_files_are_written_by_other_threads_too(tmp_path):
    """They could not say what becomes of signals."""

    def write():
        with files.written_whole(str(tmp_path / "out.csv"), force=False) as file:
            file.write(b"whole")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write).result()
    assert (tmp_path / "out.csv").read_bytes() == b"whole"


def test_a_full_disk_behind_stdout_is_told():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    for command in (["screen", "--answers", "-", "--no-input"], ["batch", "tests/readme/calls.csv"], ["audit", "iop"]):
        with full.open("w") as target:
            done = subprocess.run(
                [sys.executable, "-m", "iopscreen", *command],
                cwd=ROOT, input=json.dumps(KNOWN), stdout=target, stderr=subprocess.PIPE, text=True, check=False,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        assert done.returncode == 2
        assert "stdout: cannot be written: no space left on device" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_reader_that_has_had_enough_is_no_error():
    script = f"{{ {sys.executable} -m iopscreen batch tests/readme/calls.csv; echo status $? >&2; }} | true"
    done = subprocess.run(["/bin/sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "status 2" in done.stderr or "status 1" in done.stderr  # 1: all was written before the reader left
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


# --- batch and audit ------------------------------------------------------------------------


def test_rows_with_problems_are_something_to_look_at(tmp_path):
    done = iopscreen("batch", "-", stdin="detox_need\nmaybe\n")
    assert done.returncode == 1
    assert done.stdout.split("\n")[1].startswith("maybe,error,")
    assert "maybe" not in done.stderr
    assert iopscreen("batch", "-", stdin="detox_need\nyes\n").returncode == 0


def test_a_column_nearly_named_like_a_question_is_told():
    done = iopscreen("batch", "-", stdin="detox_need,Safe Living Environment?,Notes\nno,yes,x\n")
    told = " ".join(done.stderr.split())
    assert 'add `--map "Safe Living Environment?=safe_living_environment"`' in told
    assert "`Notes` may be" not in told


def test_progress_shows_on_a_terminal_only(tmp_path):
    done = iopscreen("batch", "-", stdin="detox_need\nyes\n")
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr


def test_audit_exit_statuses(tmp_path):
    assert iopscreen("audit", "iop").returncode == 0
    (tmp_path / "bad.yaml").write_text("format: 1\n")
    done = iopscreen("audit", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "bad.yaml:1:1: error: " in done.stdout
    assert iopscreen("audit", "missing.yaml", cwd=tmp_path).returncode == 2
    gap = "tests/readme/gap.yaml"
    assert [iopscreen("audit", gap, "--fail-on", level).returncode for level in ("error", "warning")] == [1, 1]
    twin = "tests/rulesets/loan.yaml"
    assert iopscreen("audit", twin, "--fail-on", "warning").returncode == 0
    assert iopscreen("audit", twin, "--fail-on", "note").returncode == 1  # its citations are not verified


def test_audit_explains_a_finding_without_a_rule_file(tmp_path):
    done = iopscreen("audit", "--explain", "no-effect-rule", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("no-effect-rule (warning)\n\n")
    assert "unreadable" in iopscreen("audit", "--explain", "list", cwd=tmp_path).stdout
    done = iopscreen("audit", "--explain", "no-efect-rule", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean `no-effect-rule`?" in done.stderr


def test_audit_as_json_is_one_object_whatever_is_found(tmp_path):
    (tmp_path / "bad.yaml").write_text("format: 1\n")
    for path in ("iop", str(tmp_path / "bad.yaml")):
        found = json.loads(iopscreen("audit", path, "--format", "json").stdout)
        assert list(found) == ["findings", "rule_sets", "complete"]
        for finding in found["findings"]:
            assert list(finding) == [
                "name", "severity", "path", "line", "column", "message", "witness", "related", "accepted"
            ]  # fmt: skip


def test_audit_takes_a_folder_and_leaves_cases_out():
    found = json.loads(iopscreen("audit", "rules/", "--format", "json").stdout)
    assert [rule_set["path"] for rule_set in found["rule_sets"]] == ["rules/iop-site-example.yaml", "rules/iop.yaml"]


def test_a_text_for_a_source_that_nobody_has_is_refused(tmp_path):
    text = tmp_path / "article.txt"
    text.write_text("Title\n\nText.\n")
    done = iopscreen("audit", "iop", "--source", f"artcle={text}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such source; sources with a text: article" in done.stderr
    done = iopscreen("audit", "iop", "--source", f"article={text}")
    assert done.returncode == 1
    assert "[stale-citation]" in done.stdout
    assert iopscreen("audit", "iop", "--source", "article").returncode == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("Title\n\nText.\n".encode("utf-16"), "is in UTF-16; save it as UTF-8"),
        ("Title\n\nText.\n".encode("utf-16-be"), "holds zero bytes"),
        ("Title\n\nCaf\u00e9.\n".encode("cp1252"), "line 3: byte 0xe9 is not UTF-8; save it as a text in UTF-8"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n\0", "holds zero bytes"),
        (b"\xef\xbb\xbf \n", "is empty; a source is a text"),
        (b"", "is empty; a source is a text"),
    ],
)
def test_a_source_that_is_no_text_in_utf_8_has_not_changed_and_is_refused(tmp_path, data, said):
    (tmp_path / "article.txt").write_bytes(data)
    done = iopscreen("audit", "iop", "--source", f"article={tmp_path / 'article.txt'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"article.txt: {said}" in done.stderr


def test_a_day_that_is_none_is_refused():
    done = iopscreen("audit", "iop", "--today", "23.11.2026")
    assert (done.returncode, done.stdout) == (2, "")
    overdue = iopscreen("audit", "iop", "--today", "2027-11-24", "--fail-on", "warning")
    assert overdue.returncode == 1
    assert "[review-overdue]" in overdue.stdout


# --- what never leaks -----------------------------------------------------------------------


def test_a_fault_of_ours_tells_its_place_and_no_answer(tmp_path):
    code = (
        "import sys\n"
        "from iopscreen import cli\n"
        "from iopscreen.engine import decide\n"
        f"def broken(*_, **__): raise ValueError('{CANARY}')\n"
        "decide.decide = broken\n"
        "sys.argv = ['iopscreen', 'screen', '--answers', sys.argv[1], '--no-input']\n"
        "cli.main()\n"
    )
    command = [sys.executable, "-c", code, answers_file(tmp_path, KNOWN)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert "ValueError at " in done.stderr
    assert CANARY not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    debugging = {**environment, "IOPSCREEN_DEBUG": "1"}
    assert "Traceback" in subprocess.run(command, capture_output=True, text=True, env=debugging, check=False).stderr


def test_answers_in_the_place_of_a_name_are_not_repeated_however_long_and_whatever_else_is_named(tmp_path):
    """The output is there, so that it is compared with what is read; no name is that long."""
    (tmp_path / "out").write_text("old")
    inline = json.dumps({"condition_type": CANARY}) * 100
    done = iopscreen("screen", "--no-input", "--answers", inline, "-o", "out", "--force", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the name of a file is wanted, and there is none called so; ")
    assert CANARY not in done.stderr
    done = iopscreen("show", inline)
    assert (done.returncode, done.stderr) == (2, "error: file name too long\n")


def test_an_error_of_the_system_names_its_file(capsys):
    cli._tell_fault(PermissionError(errno.EACCES, "Permission denied", "shut/rules.yaml"))
    cli._tell_fault(PermissionError(errno.EACCES, "Permission denied"))
    cli._tell_fault(MemoryError())
    told = ["shut/rules.yaml: permission denied", "permission denied", "there is not enough memory"]
    assert capsys.readouterr().err.splitlines() == [f"error: {line}" for line in told]


@pytest.mark.parametrize("command", ["verify", "audit"])
def test_a_folder_that_may_not_be_read_is_not_said_to_be_empty(command, tmp_path, monkeypatch):
    def shut(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", shut)
    with pytest.raises(IopscreenError, match=r"^\S+: cannot be read: permission denied$"):
        verifying.record_files([str(tmp_path)]) if command == "verify" else audit_run.rule_files(str(tmp_path))


def test_a_record_that_may_not_be_looked_at_keeps_no_other_from_being_verified(tmp_path, monkeypatch):
    def shut(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", shut)
    assert verifying.record_files(["shut/1.json", "2.json"]) == ["shut/1.json", "2.json"]


UNCAUGHT = {
    "as something goes away": "class Held:\n    def __del__(self): raise ValueError(ANSWER)\nheld = Held(); del held\n",
    "as the rest of a generator is not wanted": "def made():\n    try: yield\n    finally: raise ValueError(ANSWER)\n"
    "for _ in made(): break\n",
    "in a thread": "import threading\ndef run(): raise ValueError(ANSWER)\n"
    "thread = threading.Thread(target=run); thread.start(); thread.join()\n",
    "at the very end": "import atexit\ndef late(): raise ValueError(ANSWER)\natexit.register(late)\n",
}


@pytest.mark.parametrize("where", UNCAUGHT)
def test_what_nobody_can_catch_tells_its_place_and_no_answer(where):
    """Python itself would print a message that may hold an answer."""
    code = (
        f"import sys\nfrom iopscreen import cli\nANSWER = '{CANARY}'\n"
        f"def broken():\n    exec({UNCAUGHT[where]!r}, {{'ANSWER': ANSWER}})\n    return 0\n"
        "cli._run = broken\ncli.main()\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "IOPSCREEN_DEBUG"}
    told = {
        debugging: subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, "PYTHONPATH": str(ROOT), "IOPSCREEN_DEBUG": debugging},
            capture_output=True, text=True, check=True,
        ).stderr
        for debugging in ("0", "1")
    }  # fmt: skip
    assert re.fullmatch(r"error: a fault in iopscreen itself: ValueError at <string>:\d+\n", told["0"])
    assert "Traceback" in told["1"] and CANARY in told["1"]


def test_control_characters_in_names_reach_no_terminal(tmp_path):
    done = iopscreen("screen", "--no-input", "--rules", "x\x1b[31m\u202ey")
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    done = iopscreen("batch", "-", stdin="detox_need,a\x1b]0;title\x07,\u202eb\nyes,1,2\n")
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr


# --- show -----------------------------------------------------------------------------------


def test_the_schema_of_any_file_and_that_of_one_rule_set(tmp_path):
    any_file = json.loads(iopscreen("show", "--json-schema").stdout)
    assert any_file["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "detox_need" not in any_file["definitions"]["condition"]["properties"]
    of_iop = json.loads(iopscreen("show", "iop", "--json-schema").stdout)
    assert "detox_need" in of_iop["definitions"]["condition"]["properties"]
    cases = json.loads(iopscreen("show", "rules/iop.yaml", "--json-schema", "--cases").stdout)
    assert cases["properties"]["rules"]["anyOf"][0]["enum"] == ["iop.yaml"]
    done = iopscreen("show", "iop", "--json-schema", "-o", str(tmp_path / "schema.json"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((tmp_path / "schema.json").read_text()) == of_iop


@pytest.mark.parametrize(
    "arguments",
    [["iop", "--cases"], ["no-such-file", "--json-schema"], ["tests/cases/read/bad/rules-keys.yaml", "--json-schema"]],
)
def test_what_cannot_be_shown_is_exit_2_and_says_why(arguments):
    done = iopscreen("show", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_help_and_version():
    assert iopscreen("--version").stdout.startswith("iopscreen ")
    for command in ("screen", "batch", "audit", "show", "new"):
        done = iopscreen(command, "--help")
        assert done.returncode == 0
        assert f"Example: iopscreen {command} " in " ".join(done.stdout.split())
    assert iopscreen("screen", "--nope").returncode == 2


def test_exit_statuses_are_those_of_the_contract():
    assert {code.name: code.value for code in cli.ExitCode} == {
        "DONE": 0,
        "LOOK": 1,
        "CANNOT": 2,
        "INCOMPLETE": 3,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no device without an end here")
def test_files_without_an_end_are_refused_at_once():
    for arguments in (
        ("audit", "/dev/zero"),
        ("audit", "--source", "article=/dev/zero"),
        ("screen", "--no-input", "--answers", "/dev/zero"),
        ("screen", "--no-input", "--from", "/dev/zero"),
        ("screen", "--no-input", "--rules", "/dev/zero"),
        ("diff", "/dev/zero", "iop"),
    ):
        done = iopscreen(*arguments)
        assert done.returncode in (1, 2), arguments
        assert "Traceback" not in done.stderr


# --- every option reaches the wish that it is for -------------------------------------------

WISHES = {
    "screen": {
        "rules": ("--rules iop", "iop"),
        "answers": ("--answers a.json", "a.json"),
        "from_record": ("--from r.json", "r.json"),
        "save": ("--save s.json", "s.json"),
        "ref": ("--ref 7", "7"),
        "output": ("-o o.txt", "o.txt"),
        "no_input": ("--no-input", True),
        "other": ("--other", True),
        "plain": ("--plain", True),
        "force": ("--force", True),
        "expect_digest": ("--expect-digest 12", "12"),
    },
    "batch": {
        "source": ("in.csv", "in.csv"),
        "rules": ("--rules iop", "iop"),
        "output": ("-o o.csv", "o.csv"),
        "problems": ("--problems p.csv", "p.csv"),
        "summary": ("--summary s.json", "s.json"),
        "compare": ("--compare old.yaml", "old.yaml"),
        "column_map": ("--map a=b --map c=d", ["a=b", "c=d"]),
        "ignore_columns": ("--ignore-column e", ["e"]),
        "excel_safe": ("--excel-safe", True),
        "prefix": ("--prefix new_", "new_"),
        "encoding": ("--encoding cp1252", "cp1252"),
        "force": ("--force", True),
        "expect_digest": ("--expect-digest 12", "12"),
        "jobs": ("--jobs 3", 3),
    },
    "audit": {
        "paths": ("iop", ["iop"]),
        "sources": ("--source s=f.txt", ["s=f.txt"]),
        "today": ("--today 2026-11-23", "2026-11-23"),
        "notes": ("--notes", True),
        "budget": ("--budget 3", 3.0),
        "mutants": ("--mutants", True),
        "against": ("--against old.yaml", "old.yaml"),
        "output": ("-o o.txt", "o.txt"),
    },
}
RUNS = {"screen": (calls, "screen"), "batch": (batching, "screen"), "audit": (auditing, "audit")}


def wished(command: str, options: list[str], monkeypatch) -> dict[str, object]:
    """What the command line asks the run of `command` for."""
    module, run = RUNS[command]
    asked = []

    def keep(wishes, *_):
        asked.append(wishes)
        raise IopscreenError("enough")

    monkeypatch.setattr(module, run, keep)
    with pytest.raises(IopscreenError, match="enough"):
        cli.app([command, *options], standalone_mode=False)
    return dataclasses.asdict(asked[0])


@pytest.mark.parametrize("command", WISHES)
def test_every_option_reaches_its_wish_and_no_other(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wishes = WISHES[command]
    always = ["in.csv"] if command == "batch" else []
    nothing = wished(command, always, monkeypatch)
    assert nothing.keys() == wishes.keys()
    for name, (option, value) in wishes.items():
        given = option.split() if option in always else [*always, *option.split()]
        assert wished(command, given, monkeypatch) == {**nothing, name: value}
    with pytest.raises(TypeError, match="positional"):
        RUNS[command][0].Wishes(*nothing.values())
