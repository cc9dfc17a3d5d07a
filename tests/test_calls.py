"""Records as a user meets them: kept while a call goes on, gone on from, screened again, verified."""

import hashlib
import json
import os
import random
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from oracle import NoCompletion, Oracle
from random_rule_sets import made
from terminal import ROOT, UP, Terminal
from test_session import Script

from iopscreen import calls, inputs, streams, verifying
from iopscreen.errors import IopscreenError
from iopscreen.formats import ScreenFormat, decision_as
from iopscreen.ruleset.model import Unanswered
from iopscreen.screen.page import Pressed
from iopscreen.screen.words import Command

KEYS = "! EMERGENCY"
STEPS = (("question 1", "n"), ("question 2", "7"), ("[x] 7", "\r"), ("question 3", "n"), ("question 4", "y"))
QUESTIONS = ("immediate_danger", "condition_type", "detox_need", "safe_living_environment")


def run(*arguments, **options):
    command = [sys.executable, "-m", "iopscreen", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False, **options)


def answer(terminal, steps=STEPS):
    for shown, key in steps:
        terminal.until(shown, KEYS).send(key)


def kept(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_call_is_kept_in_a_folder_by_time_and_reference(tmp_path, umask):
    program = ["/bin/sh", "-c", f'umask {umask:03o}; exec "$0" "$@"', sys.executable, "-m", "iopscreen"]
    with Terminal("screen", "--save", f"{tmp_path}/new/", "--ref", "A-17", program=program, lines=150) as terminal:
        answer(terminal)
        terminal.until("Read back").send("\r")
        assert terminal.end() == 0
        assert "record kept in" in terminal.text
    (path,) = tmp_path.joinpath("new").iterdir()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.name.endswith("-A-17.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    record = kept(path)
    assert (record["status"], record["ref"], tuple(record["answers"])) == ("finished", "A-17", QUESTIONS)
    assert record["decision"]["recommendation"] == "iop"
    assert [item["question"] for item in record["skipped"]] == ["recent_psychiatric_discharge"]
    verified = run("verify", path)
    assert verified.returncode == 0
    assert "verified: 4 answers, 1 question not asked re-checked" in verified.stdout


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, None], ids=str)
@pytest.mark.parametrize("steps", [0, 1, 4], ids=str)
def test_a_call_that_is_cut_off_is_gone_on_with(tmp_path, number, steps):
    path = tmp_path / "call.json"
    with Terminal("screen", "--save", str(path), lines=60, columns=200) as terminal:
        answer(terminal, STEPS[:steps])
        terminal.until(STEPS[steps][0], KEYS)
        if number is None:
            terminal.send("\x03")
            assert terminal.end() == 130
            assert f"--from {path} --save" in " ".join(terminal.text.split())
        else:
            terminal.kill(number)
            terminal.end()
    left = kept(path)
    assert left["status"] == "unfinished"
    assert tuple(left["answers"]) == QUESTIONS[: {0: 0, 1: 1, 4: 3}[steps]]
    assert [file.name for file in tmp_path.iterdir()] == ["call.json"]
    assert run("verify", path).returncode == 0
    with Terminal("screen", "--from", str(path), "--save", str(path), lines=60) as terminal:
        answer(terminal, STEPS[steps:])
        terminal.until("Read back").send("\r")
        assert terminal.end() == 0
    whole = kept(path)
    assert (whole["status"], whole["started"]) == ("finished", left["started"])
    assert left["given_at"].items() <= whole["given_at"].items()
    assert run("verify", path).returncode == 0


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The record of a finished call: depression, no detox, a safe home."""
    folder = tmp_path_factory.mktemp("finished")
    answers = folder / "answers.json"
    given = {
        "immediate_danger": "no",
        "condition_type": ["mania"],
        "detox_need": "no",
        "safe_living_environment": "yes",
    }
    answers.write_text(json.dumps(given))
    path = folder / "record.json"
    done = run("screen", "--answers", answers, "--no-input", "--save", path)
    assert done.returncode == 0, done.stderr
    return path


def test_screening_again_shows_every_answer_and_preselects_none(tmp_path, finished):
    path = tmp_path / "again.json"
    with Terminal("screen", "--from", str(finished), "--save", str(path), lines=120) as terminal:
        terminal.until("question 1", "Answered before: no", "k keep no", KEYS).send("k")
        terminal.until("question 2", "Answered before: Mania", "[ ] 4", KEYS).send("\r")
        terminal.until("mark what fits").send("k")
        terminal.until("question 3", "k keep no").send("y")
        terminal.until("This gives: Inpatient program").send("\r")
        assert terminal.end() == 0
        text = " ".join(terminal.text.split())
    assert "Intensive outpatient program (IOP), now Inpatient program, because" in text
    again = kept(path)
    assert (again["earlier"]["recommendation"], again["earlier"]["status"]) == ("iop", "finished")
    assert run("verify", path).returncode == 0


def test_a_record_is_handed_over_in_every_format(finished):
    for how, wanted in (("text", "Recommendation: "), ("markdown", "## Recommendation"), ("html", "<title>")):
        done = run("screen", "--from", finished, "--no-input", "--format", how)
        assert (done.returncode, done.stderr) == (0, "")
        assert wanted in done.stdout
    assert json.loads(run("screen", "--from", finished, "--no-input", "--format", "json").stdout)["rule"]


def test_what_changed_rules_change_for_this_caller_is_said(tmp_path, finished):
    rules = tmp_path / "rules.yaml"
    text = (ROOT / "rules" / "iop.yaml").read_text(encoding="utf-8")
    rules.write_text(text.replace("Eligibility for", "Criteria for"), encoding="utf-8")
    with Terminal("screen", "--rules", str(rules), "--from", str(finished), lines=60) as terminal:
        terminal.until("The rule set has changed since", "it makes no difference: Intensive outpatient", "question 1")
    assert "rule-set-changed" in run("verify", "--rules", rules, finished).stdout
    rules.write_text(text.replace("when: {detox_need: yes}\n    recommend", "when: {detox_need: no}\n    recommend"))
    done = run("screen", "--rules", rules, "--from", finished, "--no-input")
    assert "Intensive outpatient program (IOP), now Inpatient program, because" in " ".join(done.stdout.split())


def test_one_altered_answer_is_named(tmp_path, finished):
    altered = tmp_path / "altered.json"
    altered.write_text(finished.read_text().replace('"detox_need": "no"', '"detox_need": "yes"', 1))
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    done = run("verify", finished, altered)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith(f"{finished}: verified")
    assert any("answers.detox_need" in line for line in lines)
    assert any("[record-altered]" in line for line in lines)
    done = run("verify", broken, finished, "--format", "json")
    assert done.returncode == 1
    assert [record["verified"] for record in json.loads(done.stdout)["records"]] == [False, True]


def test_verify_writes_no_file_where_no_record_could_be_read_and_one_where_some_could(tmp_path, finished):
    broken, out = tmp_path / "broken.json", tmp_path / "out.txt"
    broken.write_text("{")
    done = run("verify", broken, tmp_path / "nosuch.json", "-o", out)
    assert (done.returncode, done.stdout, out.exists()) == (2, "", False)
    assert "2 records: 0 verified, 2 could not be read" in done.stderr
    done = run("verify", finished, tmp_path / "nosuch.json", "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert out.read_text().endswith("2 records: 1 verified, 1 could not be read\n")


def test_an_emergency_stop_is_kept_and_verifies(tmp_path):
    path = tmp_path / "stop.json"
    with Terminal("screen", "--save", str(path)) as terminal:
        answer(terminal, STEPS[:1])
        terminal.until("question 2", KEYS).send("!")
        terminal.until("911", "e end the call").send("e")
        assert terminal.end() == 0
    record = kept(path)
    assert (record["status"], record["decision"]["emergency_stop"]) == ("emergency", True)
    assert run("verify", path).returncode == 0


def refusals(tmp_path):
    mine = tmp_path / "mine.json"
    mine.write_text("mine")
    (tmp_path / "link.json").symlink_to(mine)
    return [
        (("--save", mine), "exists already"),
        (("--save", tmp_path / "link.json"), "symbolic link"),
        (("--save", f"{tmp_path}/none/deeper/"), "cannot be made"),
        (("--save", "-"), "name a file or a folder"),
        (("--save", tmp_path / "x", "-o", tmp_path / "x"), "need a file each"),
        (("--save", tmp_path / "x", "--ref", "Jane Roe"), "never a name"),
        (("--from", mine), "cannot be read as JSON"),
        (("--from", tmp_path / "gone.json"), "cannot be read"),
    ]


def test_a_record_with_a_time_that_is_none_is_refused_with_its_place(tmp_path, finished):
    broken = tmp_path / "broken.json"
    record = {**kept(finished), "status": "unfinished", "started": "yesterday"}
    broken.write_text(json.dumps(record))
    for save in ((), ("--save", f"{tmp_path}/calls/")):
        done = run("screen", "--from", broken, "--no-input", *save)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            f"error: {broken}: started: should be a time with its offset, such as 2026-11-24T09:30:00+01:00\n"
        )
    assert run("verify", broken).returncode == 1


def test_what_cannot_be_is_refused_before_anybody_is_asked(tmp_path):
    for arguments, message in refusals(tmp_path):
        done = run("screen", "--no-input", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
        assert "Jane" not in done.stderr
    assert (tmp_path / "mine.json").read_text() == "mine"
    assert not (tmp_path / "x").exists()


def test_calls_of_one_second_never_share_a_name(tmp_path):
    from iopscreen.screen.save import keeper

    when = "2026-11-24T10:00:00+00:00"
    keepers = [keeper(f"{tmp_path}/", started=when, ref=None, force=False, going_on_with=None) for _ in range(5)]
    for number, one in enumerate(keepers):
        one.keep(f"{number}".encode())
    assert len({one.path for one in keepers}) == 5
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["0", "1", "2", "3", "4"]


# --- in process: faults, leaks, walks -------------------------------------------------------


@pytest.fixture
def desk(monkeypatch, tmp_path):
    """A function that holds a call with a given asker, keeping its record; and where that is."""
    path = tmp_path / "record.json"

    def hold(asker, **wishes):
        asker.quiet = streams.suppress  # a context that does nothing
        monkeypatch.setattr(calls, "_need_terminal", lambda *_: None)
        monkeypatch.setattr(calls, "_asker", lambda **_: asker)
        wanted = {"rules": None, "answers": None, "from_record": None, "save": str(path), "ref": None, "output": "-"}
        wanted |= {"no_input": False, "other": False, "plain": False, "force": True}
        return calls.screen(calls.Wishes(**{**wanted, **wishes}))

    return hold, path


CANARY = "c4n4ry-in-the-note"
WHOLE = ("no", ("mania",), Command.NOTE, "no", "yes", Command.FINISH)


@pytest.mark.parametrize("call", ["fsync", "replace", "fdopen", "open"])
@pytest.mark.parametrize("first", [1, 2, 4, 7])
def test_a_call_outlives_every_fault_of_its_file(desk, monkeypatch, capsys, call, first):
    hold, path = desk
    script, real, count = Script(*WHOLE, notes=[CANARY]), getattr(os, call), 0

    def failing(*arguments, **options):
        nonlocal count
        ours = call in ("fsync", "fdopen") or any(".part" in str(argument) for argument in arguments)
        count += ours
        if ours and count >= first:
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, failing)
    shown, keeper = hold(script)
    monkeypatch.setattr(os, call, real)
    assert shown.decision.recommendation == "iop"
    assert isinstance(keeper.problem, IopscreenError)
    told = capsys.readouterr().err
    assert told.count("no space left on device") == 1
    assert CANARY not in told
    assert "mania" not in told
    assert path.exists() == (first > 1)
    if path.exists():
        kept(path)
    assert [file for file in path.parent.iterdir() if file != path] == []


class Walker(Script):
    """A coordinator who does anything that a page offers, and comes to an end."""

    def __init__(self, rng):
        super().__init__()
        self.rng = rng

    def ask(self, page):
        from iopscreen.screen.page import Kind, Pressed

        rng, results = self.rng, [key.result for key in page.keys]
        if Command.FINISH in results and rng.random() < 0.6:
            return Pressed(Command.FINISH)
        if page.kind is Kind.MARK and rng.random() < 0.7:
            marked = rng.sample([key.result for key in page.listed], rng.randint(1, 3))
            fitting = tuple(key.result for key in page.listed if key.result in marked)
            return Pressed(fitting if page.fits(fitting) is None else fitting[:1])
        if page.kind is Kind.NUMBER and rng.random() < 0.7:
            return Pressed(str(rng.randint(0, 40)))
        if page.kind is Kind.PICK and rng.random() < 0.6:
            results = [key.result for key in (*page.listed, *page.row)] or results
        elif page.kind is not Kind.PICK:
            results = [key.result for key in (*page.row, *page.others)]
        return Pressed(rng.choice([result for result in results if result is not Command.END]))

    def write(self, _title):
        return self.rng.choice(["", "a note"])


@pytest.mark.parametrize(("name", "walks"), [("iop", 100), ("iop-site-example", 30)])
def test_random_calls_verify_and_recommend_what_the_oracle_does(desk, name, walks):
    hold, path = desk
    rng = random.Random(11)
    oracle = Oracle(inputs.read_rules(name).file.rule_set)
    for _ in range(walks):
        shown, keeper = hold(Walker(rng), rules=name)
        assert keeper.problem is None
        (result,) = verifying.verify([str(path)], None)
        assert result.found.problems == ()
        if name == "iop":  # for more questions the oracle takes too long
            assert shown.decision.possible == oracle.decide(shown.decision.answers, absent_is_unknown=True).possible


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name is of POSIX")
def test_a_pipe_in_a_folder_of_records_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(IopscreenError, match="no record in this folder"):
        verifying.record_files([str(tmp_path)])
    (tmp_path / "a.json").write_text("{}")
    assert verifying.record_files([str(tmp_path)]) == [str(tmp_path / "a.json")]


def test_a_link_to_nothing_is_not_what_was_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("call.json").symlink_to("gone.json")
    with pytest.raises(IopscreenError) as refused, streams.opened("call.json"):
        pass
    assert str(refused.value) == "call.json: cannot be read: no such file or directory"


def test_a_folder_stands_for_its_records(desk, tmp_path, monkeypatch):
    hold, path = desk
    hold(Walker(random.Random(3)))
    monkeypatch.chdir(tmp_path)
    folder = Path("kept")
    folder.mkdir()
    with pytest.raises(IopscreenError, match=r"kept: no record in this folder \(`\*\.json`\)"):
        verifying.record_files(["kept"])
    for name in ("b.json", "a.json", "notes.txt"):
        (folder / name).write_bytes(path.read_bytes())
    assert verifying.record_files(["kept", "x.json"]) == ["kept/a.json", "kept/b.json", "x.json"]
    done = run("verify", "kept", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 records: 2 verified")
    done = run("verify", "kept", "-o", "kept/b.json", "--force", cwd=tmp_path)
    assert (done.returncode, "is the file that is read" in done.stderr) == (2, True)
    assert (folder / "b.json").read_bytes() == path.read_bytes()


# --- in terminals: cut off at every prompt, and gone on with ---------------------------------

CUTS = {
    "ctrl-c": (lambda terminal: terminal.send("\x03"), (130,)),
    "end of input": (lambda terminal: terminal.send("\x04"), (2,)),
    "SIGTERM": (lambda terminal: terminal.kill(signal.SIGTERM), (143, -signal.SIGTERM)),
    "SIGHUP": (lambda terminal: terminal.kill(signal.SIGHUP), (143, -signal.SIGHUP)),
    "SIGKILL": (lambda terminal: terminal.kill(signal.SIGKILL), (-signal.SIGKILL,)),
}
PROMPTS = ("question 1 of", "question 2 of", "question 3 of", "question 4 of", "Read back:")
WORDS = ("no", "self-harm", "no", "yes", "right, finish")


def stands(terminal, place, *, plain):
    """Wait until a prompt stands there and takes keys."""
    if plain:
        terminal._until(lambda: PROMPTS[place] in terminal.text and terminal.text.endswith("\n>"), PROMPTS[place])
    else:
        terminal.until(PROMPTS[place], KEYS)


def give(terminal, place, *, plain):
    """Answer a prompt: by its word, or by its keys."""
    stands(terminal, place, plain=plain)
    if plain:
        terminal.send(WORDS[place] + "\r")
    elif place == 1:
        terminal.send("7").until("[x] 7").send("\r")
    else:
        terminal.send(("n", "", "n", "y", "\r")[place])


def note(terminal, *, plain):
    terminal.send("note\r" if plain else "m").until("Note (")
    if plain:
        terminal._until(lambda: terminal.text.endswith("\n>"), "the line for the note")
    terminal.send("rings back at six\r").until("Noted: rings back at six")


@pytest.mark.parametrize("turn", range(len(CUTS)))
def test_every_way_of_being_cut_off_at_every_prompt_leaves_all_that_was_answered(tmp_path, turn):
    """One call of six sessions: each goes on with the last, answers one prompt, and is cut off at the next."""
    path, plain, names = tmp_path / "call.json", turn % 2 == 1, list(CUTS)
    mode, before = ["--plain"] if plain else [], {"given_at": {}, "notes": []}
    for place in range(len(PROMPTS)):
        cut, statuses = CUTS[names[(place + turn) % len(names)]]
        source = ["--from", str(path)] if place else []
        with Terminal("screen", *mode, *source, "--save", str(path), lines=120) as terminal:
            if place == 1:
                stands(terminal, 0, plain=plain)
                note(terminal, plain=plain)
            if place:
                give(terminal, place - 1, plain=plain)
            stands(terminal, place, plain=plain)
            cut(terminal)
            assert terminal.end() in statuses
            assert "Recommendation" not in terminal.text
        record = kept(path)
        assert (record["status"], tuple(record["answers"])) == ("unfinished", QUESTIONS[:place])
        assert before["given_at"].items() <= record["given_at"].items()
        assert [entry["text"] for entry in record["notes"]] == ["rings back at six"] * (place >= 1)
        assert holds(path)
        assert [file.name for file in tmp_path.iterdir()] == ["call.json"]
        before = record
    with Terminal("screen", *mode, "--from", str(path), "--save", str(path), lines=120) as terminal:
        give(terminal, 4, plain=plain)
        assert terminal.end() == 0
        assert "at" in terminal.text and "rings back at six" in terminal.text
    whole = kept(path)
    assert (whole["status"], whole["earlier"], whole["started"]) == ("finished", None, before["started"])
    assert (whole["given_at"], whole["notes"]) == (before["given_at"], before["notes"])
    assert holds(path)


def holds(path, rules=None):
    """Whether the record at `path` verifies; where it does not, the test says why."""
    (result,) = verifying.verify([str(path)], rules and str(rules))
    assert not isinstance(result.found, str), result.found
    assert result.found.problems == ()
    return True


def test_enter_and_arrows_keep_no_old_answer(finished):
    """On a low screen the arrows move the text: keys that show when all before them have been read."""
    with Terminal("screen", "--from", str(finished), lines=10, columns=40) as terminal:
        terminal.until("question 1", "k keep no", KEYS).send("w").until("hide why", "(more above")
        terminal.send("\r" + UP * 60).until("hide why", gone=("(more above",))
        assert "question 1" in terminal.text
        terminal.send("w").until(KEYS, gone=("hide why",)).send("k")
        terminal.until("question 2")


FAILING = """
import os
real, count = os.fsync, 0
def failing(handle):
    global count
    count += 1
    if count > 2:
        raise OSError(28, "No space left on device")
    return real(handle)
os.fsync = failing
"""

TOKEN = "zq7canary"
TOKENS = f"""
format: 1
id: canary
version: "1.0.0"
title: t
policy: first
outcomes: {{a: {{label: A}}, b: {{label: B}}}}
emergency: {{say: help, contacts: [{{name: n, reach: "1"}}]}}
questions:
  x: {{ask: "x?", type: yes_no}}
  w: {{ask: "w?", type: one, options: {{{TOKEN}_id: {{label: {TOKEN} label}}, q: {{label: Q}}}}}}
rules:
  - {{id: r1, when: {{x: yes, w: {TOKEN}_id}}, recommend: a, because: c, basis: site}}
  - {{id: r2, when: {{}}, recommend: b, because: c, basis: site}}
"""


def test_a_full_disk_is_told_once_the_call_goes_on_and_its_result_is_not_lost(tmp_path):
    """As it would be met: nothing that was answered shows in an error, in arguments or in a temp file."""
    library, records, temporary = (tmp_path / name for name in ("library", "records", "temporary"))
    for folder in (library, records, temporary):
        folder.mkdir()
    (library / "sitecustomize.py").write_text(FAILING)
    rules, result, path = tmp_path / "tokens.yaml", tmp_path / "result.txt", records / "call.json"
    rules.write_text(TOKENS.strip())
    program = ["/bin/sh", "-c", f'exec "$0" "$@" > "{result}"', sys.executable, "-m", "iopscreen"]
    environment = {"PYTHONPATH": f"{library}{os.pathsep}{ROOT}", "TMPDIR": str(temporary)}
    arguments = ("--rules", str(rules), "--save", str(path), "--ref", f"{TOKEN}-ref")
    with Terminal("screen", *arguments, program=program, env=environment, lines=100, columns=200) as terminal:
        terminal.until("x?", KEYS).send("y")
        terminal.until("w?", KEYS).send("m").until("Note (").send(f"{TOKEN} note\r")
        terminal.until("Noted:", "the call goes on", "w?", KEYS).send("1")
        terminal.until("This gives: A", KEYS)
        seen = Path(f"/proc/{terminal.child.pid}/cmdline")
        assert not seen.exists() or TOKEN not in seen.read_text().replace(f"{TOKEN}-ref", "")
        terminal.send("\r")
        assert terminal.end() == 2
        on_the_call, at_its_end = " ".join(terminal.text.split()).split("error: ")[1:]
    problem, goes_on = on_the_call.split(" after every answer")[0].split("; ")
    assert at_its_end == problem == f"{path}: cannot be written: no space left on device"
    assert goes_on.startswith("the call goes on")
    assert "Traceback" not in terminal.text
    assert "Recommendation: A" in result.read_text()
    assert [*temporary.iterdir(), *records.iterdir()] == [path]
    assert (kept(path)["status"], kept(path)["answers"], kept(path)["notes"]) == ("unfinished", {"x": "yes"}, [])
    assert holds(path, rules)


# --- as processes ---------------------------------------------------------------------------


def test_calls_that_begin_together_all_have_a_record(tmp_path):
    command = [sys.executable, "-m", "iopscreen", "screen", "--no-input", "--save", f"{tmp_path}/calls/"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(6)
    ]
    assert [process.wait(timeout=600) for process in started] == [0] * 6
    paths = list((tmp_path / "calls").iterdir())
    assert len(paths) == 6
    assert all(holds(path) for path in paths)


def test_an_existing_record_is_replaced_only_with_force(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("mine")
    assert run("screen", "--no-input", "--save", path, "--force").returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert holds(path)


def test_what_a_fault_of_ours_held_is_not_told_and_nothing_half_written_stays(tmp_path):
    """The message of a bug may hold the whole record."""
    code = (
        "import os, sys\n"
        "from iopscreen import cli\n"
        "def broken(name, target): raise ValueError(open(name).read())\n"
        "os.replace = broken\n"
        "sys.argv = ['iopscreen', *sys.argv[1:]]\n"
        "cli.main()\n"
    )
    rules, answers, records = tmp_path / "tokens.yaml", tmp_path / "answers.json", tmp_path / "records"
    rules.write_text(TOKENS.strip())
    answers.write_text(json.dumps({"x": "yes", "w": f"{TOKEN}_id"}))
    records.mkdir()
    arguments = ("screen", "--no-input", "--rules", rules, "--answers", answers, "--save", records / "call.json")
    environment = {name: value for name, value in os.environ.items() if name != "IOPSCREEN_DEBUG"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "ValueError at " in done.stderr
    assert TOKEN not in done.stderr + done.stdout
    assert list(records.iterdir()) == []


def test_records_are_verified_in_the_order_given_each_under_its_rules(tmp_path, finished):
    """A folder that happens to have the name of the rule set is in nobody's way."""
    (tmp_path / "iop").mkdir()
    text = finished.read_text()
    (tmp_path / "clinic.json").write_text(text.replace('"id": "iop"', '"id": "clinic"'))
    (tmp_path / "late.json").write_text(text.replace('"format": 1', '"format": 2'))
    (tmp_path / "times.json").write_text(text.replace('"started": "2', '"started": "3', 1))
    names = ["late.json", str(finished), "clinic.json", "gone.json", "times.json"]
    done = run("verify", *names, "--format", "json", cwd=tmp_path)
    shown = json.loads(done.stdout)
    assert done.returncode == 1
    assert [record["path"] for record in shown["records"]] == names
    assert [record["verified"] for record in shown["records"]] == [False, True, False, False, False]
    assert (shown["verified"], shown["failed"], shown["refused"]) == (1, 1, 3)
    assert "--rules" in shown["records"][2]["refused"]
    done = run("verify", "times.json", str(finished), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "2 records: 1 verified, 1 does not hold"
    done = run("verify", "--rules", ROOT / "rules/iop.yaml", finished, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_faults_of_the_rules_that_verify_is_given_are_named(tmp_path, finished):
    rules = tmp_path / "faulty.yaml"
    rules.write_text("format: 1\nid: x\nrulez: []\n")
    done = run("verify", "--rules", rules, finished)
    assert done.returncode == 2
    assert "rulez" in done.stdout + done.stderr


def test_an_empty_name_is_no_place_for_a_record(tmp_path):
    """As of a variable that is not set: health data would land in a folder that nobody named."""
    done = run("screen", "--no-input", "--save", "", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


def test_one_file_by_two_paths_is_one_file(tmp_path):
    (tmp_path / "sub").mkdir()
    done = run("screen", "--no-input", "--save", "x", "-o", "sub/../x", "--force", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "need a file each" in done.stderr


EXCLUDING = TOKENS.replace("rules:", "impossible:\n  - {id: no, when: {x: yes, w: q}, because: never}\nrules:")


def test_answers_that_cannot_be_leave_no_record_in_a_folder(tmp_path):
    (tmp_path / "rules.yaml").write_text(EXCLUDING.strip())
    (tmp_path / "answers.json").write_text('{"x": "yes", "w": "q"}')
    done = run(
        "screen", "--no-input", "--rules", "rules.yaml", "--answers", "answers.json", "--save", "calls/", cwd=tmp_path
    )
    assert done.returncode == 2
    assert "never" in done.stderr
    assert list(tmp_path.glob("calls/*")) == []


# --- in process: other days, other rules ----------------------------------------------------

HOME = ("no", ("mania",), "no", "yes", Command.FINISH)


class Leaving(Script):
    """A coordinator who is cut off where the list ends."""

    def ask(self, page):
        if not self.presses:
            self.pages.append(page)
            raise KeyboardInterrupt
        return super().ask(page)


def test_where_no_record_can_be_kept_nobody_is_asked(desk, tmp_path, monkeypatch):
    hold, path = desk
    path.write_text("mine")
    asked = Leaving()
    for wishes, message in (
        ({}, "exists already"),
        ({"save": f"{tmp_path}/none/call.json"}, "is no folder"),
        ({"output": str(path)}, "need a file each"),
        ({"ref": "Jane Roe", "force": True}, "never a name"),
    ):
        with pytest.raises(IopscreenError, match=message) as refused:
            hold(asked, **{"force": False, **wishes})
        assert "Jane" not in str(refused.value)
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for anybody who may only read there
    with pytest.raises(IopscreenError, match="cannot be written to"):
        hold(asked, save=str(tmp_path / "new.json"))
    assert asked.pages == []
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]
    assert path.read_text() == "mine"


def test_the_way_to_go_on_that_is_told_leads_on(desk, tmp_path):
    """Under the rules of the call, and from a name that a shell would take apart."""
    hold, _ = desk
    rules, path = tmp_path / "my rules.yaml", tmp_path / "it's a call.json"
    rules.write_text(TOKENS.strip())
    with pytest.raises(calls.Interrupted) as left:
        hold(Leaving("yes"), rules=str(rules), save=str(path))
    command = shlex.split(str(left.value).split("`")[1])
    assert command == ["iopscreen", "screen", "--rules", str(rules), "--from", str(path), "--save", str(path)]
    assert run(*command[1:], "--no-input").returncode == 0


def test_going_on_from_a_record_without_keeping_the_call_says_so_and_how_to_keep_it(desk):
    hold, path = desk
    path = path.with_name("it's a call.json")
    script = Leaving(*HOME[:-1])
    with pytest.raises(calls.Interrupted):
        hold(script, save=str(path))
    assert "not kept" not in "".join(script.lines)
    unfinished, script = kept(path), Willing()
    hold(script, from_record=str(path), save=None)
    (said,) = [line for line in script.lines if "not kept" in line]
    assert said == (
        f"This call is not kept, and the record stays as it is: `--save {shlex.quote(str(path))}` would go on in it."
    )
    assert kept(path) == unfinished
    assert script.lines.index(said) < script.lines.index("Known before (b or c corrects it):")
    hold(script := Willing(), from_record=str(path), save=shlex.split(said.split("`")[1])[1])
    assert "not kept" not in "".join(script.lines)
    assert kept(path)["status"] == "finished"
    hold(script := Willing(), from_record=str(path), save=None)
    assert "This call is not kept: `--save FOLDER/` would keep it." in script.lines


def test_when_a_record_was_begun_is_told_with_its_offset_where_the_clock_stands_elsewhere(desk, monkeypatch):
    hold, path = desk
    monkeypatch.setattr(calls, "now", lambda: "2026-11-24T10:00:00+00:00")
    with pytest.raises(calls.Interrupted):
        hold(Leaving("no"))
    for there, at in (
        ("2026-11-24T15:00:20+05:00", "2026-11-24 10:00 +00:00"),
        ("2026-11-24T10:00:20+00:00", "2026-11-24 10:00"),
    ):
        monkeypatch.setattr(calls, "now", lambda there=there: there)
        with pytest.raises(calls.Interrupted):
            hold(script := Leaving(), from_record=str(path))
        assert script.lines[0] == f"Going on with a screening begun on {at}."
    hold(Willing(), from_record=str(path))
    monkeypatch.setattr(calls, "now", lambda: "2026-11-24T15:00:20+05:00")
    hold(script := Willing(), from_record=str(path), save=None)
    assert script.lines[0] == "Screening again; the last time was on 2026-11-24 10:00 +00:00. k keeps an answer."


def test_times_and_notes_of_a_call_outlast_its_interruption(desk, monkeypatch):
    hold, path = desk
    seconds = iter(range(60))
    monkeypatch.setattr(calls, "now", lambda: f"2026-11-24T10:00:{next(seconds):02}+00:00")
    with pytest.raises(calls.Interrupted):
        hold(Leaving("no", Command.NOTE, ("mania",), notes=["one"]), ref="A17", other=True)
    left = kept(path)
    hold(Script("no", Command.NOTE, "yes", Command.FINISH, notes=["two"]), from_record=str(path))
    whole = kept(path)
    assert [left[key] for key in ("started", "ref", "other")] == [whole[key] for key in ("started", "ref", "other")]
    assert left["given_at"].items() < whole["given_at"].items()
    assert min(whole["given_at"][name] for name in QUESTIONS[2:]) > max(left["given_at"].values())
    assert [entry["text"] for entry in whole["notes"]] == ["one", "two"]
    assert whole["notes"][0] == left["notes"][0]
    assert holds(path)


def test_screening_again_with_the_same_answers_says_still(desk, tmp_path):
    hold, path = desk
    hold(Script(*HOME))
    again = tmp_path / "again.json"
    script = Script(Command.KEEP, Command.KEEP, Command.KEEP, Command.KEEP, Command.FINISH)
    shown, _ = hold(script, from_record=str(path), save=str(again))
    assert "Still Intensive outpatient program (IOP), as on" in decision_as(ScreenFormat.TEXT, shown)
    assert kept(again)["earlier"]["digest"] != kept(path)["digest"]  # of the file, not of what it holds
    assert kept(again)["earlier"]["digest"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert holds(again)


def test_after_an_emergency_one_screens_anew_and_hands_over_the_stop(desk, tmp_path):
    hold, path = desk
    hold(Script("no", ("mania",), Command.EMERGENCY, Command.END))
    handed_over = run("screen", "--from", path, "--no-input")
    assert handed_over.stdout.startswith("EMERGENCY: the call was ended to get help")
    script = Script(Command.KEEP, Command.KEEP, "yes", Command.FINISH)
    shown, _ = hold(script, from_record=str(path), save=str(tmp_path / "again.json"))
    again = kept(tmp_path / "again.json")
    assert (again["status"], again["earlier"]["status"]) == ("finished", "emergency")
    assert "That call was ended to get help." in script.lines
    told = decision_as(ScreenFormat.TEXT, shown).split("\n\n")[0]
    assert ", now " not in told
    assert "was ended as an emergency; this one: Inpatient program" in " ".join(told.split())
    assert holds(tmp_path / "again.json")


def test_another_disposition_and_notes_are_handed_over_in_every_format(desk):
    hold, path = desk
    presses = ("no", ("mania",), Command.NOTE, "yes", Command.OVERRIDE, "referral", "No bed available", Command.FINISH)
    hold(Script(*presses, notes=["sister at home"]))
    override = kept(path)["override"]
    assert (override["recommendation"], override["reason"]) == ("referral", "No bed available")
    assert kept(path)["decision"]["recommendation"] == "inpatient"
    assert holds(path)
    for how in ("text", "markdown", "html"):
        done = run("screen", "--from", path, "--no-input", "--format", how)
        told = " ".join(done.stdout.replace("\\", "").split())
        assert all(
            words in told
            for words in ("Another service (referral)", "No bed available", "Inpatient program", "sister at home")
        )
    told = json.loads(run("screen", "--from", path, "--no-input", "--format", "json").stdout)
    assert (told["override"], told["recommendation"]) == (override, "inpatient")


IMPOSSIBLE = "impossible:\n  - {id: no, when: {condition_type: mania, detox_need: no}, because: x}\n\nguarantees:"
REVISIONS = {
    "another result": (
        [("when: {safe_living_environment: no}\n    recommend", "when: {safe_living_environment: yes}\n    recommend")],
        "For the answers of then: Intensive outpatient program (IOP) before, Inpatient program now.",
    ),
    "no difference": ([("title: Eligibility", "title: Fitness")], "it makes no difference: Intensive outpatient"),
    "question gone": ([("detox_need", "needs_detox")], "Not taken over, for the rule set no longer has it: detox_need"),
    "answer gone": (
        [("mania:", "high:"), ("label: Mania", "label: High"), (" mania,", " high,"), (": mania}", ": high}")],
        "Not taken over, for the rule set no longer has it: condition_type",
    ),
    "impossible now": ([("guarantees:", IMPOSSIBLE)], "The answers of then cannot all be right under it."),
    "outcome gone": ([(" iop:\n", " day:\n"), (": iop\n", ": day\n")], "For the answers of then: iop before"),
}  # fmt: skip


def revised(tmp_path, edits):
    text = (ROOT / "rules" / "iop.yaml").read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "revised.yaml"
    path.write_text(text.replace("\nid: day\n", "\nid: iop\n"), encoding="utf-8")
    return str(path)


class Willing(Script):
    """A coordinator who keeps what may be kept, marks the last of a list, says no, and finishes."""

    def ask(self, page):
        self.pages.append(page)
        offered = {key.result for key in page.keys}
        if page.kind.name == "MARK":
            return Pressed((page.listed[-1].result,))
        return Pressed(next(wanted for wanted in (Command.FINISH, Command.KEEP, "no") if wanted in offered))


@pytest.mark.parametrize("status", ["finished", "unfinished"])
@pytest.mark.parametrize("name", REVISIONS)
def test_what_changed_rules_changed_is_said_and_the_call_can_be_held(desk, tmp_path, name, status):
    hold, path = desk
    edits, said = REVISIONS[name]
    if status == "finished":
        hold(Script(*HOME))
    else:
        with pytest.raises(calls.Interrupted):
            hold(Leaving(*HOME[:-1]))
    rules, script = revised(tmp_path, edits), Willing()
    shown, _ = hold(script, rules=rules, from_record=str(path), save=str(tmp_path / "next.json"))
    lines = script.lines
    assert any(line.startswith("The rule set has changed since: it was iop 1.0.0") for line in lines)
    assert any(said in line for line in lines)
    assert kept(tmp_path / "next.json")["status"] == "finished"
    assert holds(tmp_path / "next.json", rules)
    assert shown.decision.possible


@pytest.mark.parametrize("name", ["question gone", "answer gone"])
@pytest.mark.parametrize("status", ["finished", "unfinished"])
def test_answers_that_are_not_taken_over_are_told_by_name_where_nobody_is_asked(desk, tmp_path, capfd, name, status):
    hold, path = desk
    if status == "finished":
        hold(Script(*HOME))
    else:
        with pytest.raises(calls.Interrupted):
            hold(Leaving(*HOME[:-1]))
    edits, said = REVISIONS[name]
    capfd.readouterr()
    shown, _ = hold(Script(), rules=revised(tmp_path, edits), from_record=str(path), no_input=True, save=None)
    told = " ".join(capfd.readouterr().err.split())
    assert told == said
    assert said.split(": ")[1] not in shown.decision.answers
    hold(Script(), from_record=str(path), no_input=True, save=None)
    assert capfd.readouterr().err == ""


SETTLED = {
    **dict.fromkeys(("medical_emergency", "immediate_danger", "detox_need", "psychiatric_stay"), "no"),
    "caller": "self", "age": 30, "condition_type": ["bipolar"], "medically_stable": "yes", "safe_home": "yes",
}  # fmt: skip
INTERPRETER = "Would an interpreter help you, for a spoken language or for sign language?"


def test_what_is_still_to_be_asked_is_named_where_nobody_is_asked(desk, tmp_path):
    hold, _ = desk
    answers = tmp_path / "answers.json"

    def sections_of(given):
        answers.write_text(json.dumps(given))
        shown, _ = hold(Script(), rules="iop-site-example", answers=str(answers), no_input=True, save=None)
        text = decision_as(ScreenFormat.TEXT, shown)
        heading, *rest = text.split("\n\n")
        return " ".join(heading.split()), {part.split("\n")[0]: part for part in rest}

    heading, told = sections_of(SETTLED)
    assert heading.startswith("Recommendation: ")
    assert heading.endswith("Not finished: 2 questions are still to be asked.")
    assert INTERPRETER in " ".join(told["Still to be asked, and cannot change it"].split())
    heading, told = sections_of({**SETTLED, "needs_interpreter": "no", "attend_times": "evenings"})
    assert "Not finished" not in heading
    assert not any(part.startswith("Still to be asked") for part in told)
    heading, told = sections_of({name: SETTLED[name] for name in SETTLED if name != "safe_home"})
    assert heading.endswith("Not finished: 3 questions are still to be asked.")
    assert "Is there a place" not in told["Still to be asked, and cannot change it"]
    assert "Is there a place" in told["Still open, and can change it"]


# --- interrupted, and gone on with ----------------------------------------------------------


def test_what_was_known_before_a_call_outlasts_its_interruption(desk, tmp_path):
    """An answer that was not asked for counts though its question cannot matter; going on must not drop it."""
    hold, path = desk
    answers = tmp_path / "answers.json"
    answers.write_text('{"immediate_danger": "no", "condition_type": "mania", "recent_psychiatric_discharge": "yes"}')
    with pytest.raises(calls.Interrupted):
        hold(Leaving(), answers=str(answers))
    left = kept(path)
    hold(Script("no", "yes", Command.FINISH), from_record=str(path))
    answers_now = kept(path)["answers"]
    assert {name: answers_now.get(name) for name in left["answers"]} == left["answers"]
    assert kept(path)["known_before"] == left["known_before"] == list(left["answers"])
    assert holds(path)


def test_screening_again_that_is_cut_off_still_shows_the_old_answers_and_tells_the_transfer(desk, tmp_path):
    hold, path = desk
    hold(Script(*HOME))
    again, once_more = tmp_path / "again.json", tmp_path / "once more.json"
    with pytest.raises(calls.Interrupted):
        hold(Leaving(Command.KEEP), from_record=str(path), save=str(again))
    assert kept(again)["earlier"]["answers"] == kept(path)["answers"]
    with pytest.raises(calls.Interrupted):
        hold(Leaving(Command.KEEP), from_record=str(again), save=str(once_more))
    script = Script("yes", Command.FINISH)
    shown, _ = hold(script, from_record=str(once_more), save=str(again))
    assert "Answered before: no" in [line.text for line in script.pages[0].lines]
    told = decision_as(ScreenFormat.TEXT, shown)
    assert "Intensive outpatient program (IOP), now Inpatient program, because: " in " ".join(told.split())
    assert kept(again)["earlier"]["digest"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert holds(again)


def test_screening_again_after_another_disposition_says_so_and_compares_with_it(desk, tmp_path):
    hold, path = desk
    hold(Script("no", ("mania",), "yes", Command.OVERRIDE, "referral", "No bed available", Command.FINISH))
    script = Script(Command.KEEP, Command.KEEP, Command.KEEP, Command.FINISH)
    shown, _ = hold(script, from_record=str(path), save=str(tmp_path / "again.json"))
    said = "It ended with another disposition than computed: Another service (referral) (No bed available)"
    assert said in script.lines
    told = " ".join(decision_as(ScreenFormat.TEXT, shown).split("\n\n")[0].split())
    assert "Another service (referral), now Inpatient program, because: " in told
    assert "was chosen by staff (No bed available); computed: Inpatient program" in told
    assert holds(tmp_path / "again.json")


def test_a_record_that_other_rules_decide_says_what_was_decided_when_and_with_which(desk, monkeypatch, tmp_path):
    hold, path = desk
    monkeypatch.setattr(calls, "now", lambda: "2026-11-24T10:00:00+00:00")
    hold(Script(*HOME))
    monkeypatch.setattr(calls, "now", lambda: "2026-12-24T10:00:00+00:00")
    rules, again = revised(tmp_path, REVISIONS["another result"][0]), tmp_path / "again.json"
    shown, _ = hold(Script(), rules=rules, from_record=str(path), save=str(again), no_input=True)
    old, new = kept(path), kept(again)
    assert {key: new[key] for key in ("started", "ended", "given_at")} == {
        key: old[key] for key in ("started", "ended", "given_at")
    }
    assert (old["decided_again"], new["decided_again"]) == (None, "2026-12-24T10:00:00+00:00")
    assert (new["earlier"]["rule_set"], new["earlier"]["recommendation"]) == (old["rule_set"], "iop")
    assert new["rule_set"]["digest"] != old["rule_set"]["digest"]
    assert new["decision"]["recommendation"] == "inpatient"
    told = " ".join(decision_as(ScreenFormat.TEXT, shown).split())
    assert "Decided again 2026-12-24 10:00, by rule set iop 1.0.0: not the rules of the call." in told
    assert holds(again, rules)


def test_a_disposition_that_other_rules_do_not_know_is_told_as_of_then(desk, tmp_path):
    hold, path = desk
    hold(Script("no", ("mania",), "yes", Command.OVERRIDE, "referral", "No bed available", Command.FINISH))
    rules = revised(tmp_path, [(" referral:\n", " elsewhere:\n"), (": referral\n", ": elsewhere\n")])
    again = tmp_path / "again.json"
    shown, _ = hold(Script(), rules=rules, from_record=str(path), save=str(again), no_input=True)
    assert (kept(again)["override"], kept(again)["earlier"]["override"]) == (None, kept(path)["override"])
    assert "was chosen by staff (No bed available)" in decision_as(ScreenFormat.TEXT, shown)
    assert holds(again, rules)


def test_answers_added_to_a_record_have_their_own_times(desk, monkeypatch, tmp_path):
    hold, path = desk
    answers, again = tmp_path / "answers.json", tmp_path / "again.json"
    answers.write_text('{"safe_living_environment": "no"}')
    hold(Script(*HOME))
    monkeypatch.setattr(calls, "now", lambda: "2036-12-24T10:00:00+00:00")
    shown, _ = hold(Script(), from_record=str(path), answers=str(answers), save=str(again), no_input=True)
    assert shown.decision.recommendation == "inpatient"
    new, old = kept(again)["given_at"], kept(path)["given_at"]
    assert new == {**old, "safe_living_environment": "2036-12-24T10:00:00+00:00"}
    assert holds(again)


def test_what_was_known_before_and_the_rules_now_exclude_is_asked_again(desk, tmp_path):
    hold, path = desk
    answers = tmp_path / "answers.json"
    answers.write_text('{"condition_type": "mania", "detox_need": "no"}')
    with pytest.raises(calls.Interrupted):
        hold(Leaving("no"), answers=str(answers))
    rules = revised(tmp_path, REVISIONS["impossible now"][0])
    script = Willing()
    hold(script, rules=rules, from_record=str(path))
    assert any(
        "What would you like help with?" in line.text or "Is there alcohol" in line.text
        for page in script.pages
        for line in page.lines
    )
    assert kept(path)["status"] == "finished"
    assert holds(path, rules)


def test_an_answer_known_before_can_be_corrected_after_an_interruption(desk, tmp_path):
    hold, path = desk
    answers = tmp_path / "answers.json"
    answers.write_text('{"immediate_danger": "no", "condition_type": "mania"}')
    with pytest.raises(calls.Interrupted):
        hold(Leaving("no", Command.CORRECT, "condition_type", ("other",)), answers=str(answers))
    shown, _ = hold(Script("no", Command.FINISH), from_record=str(path))
    assert shown.decision.recommendation == "referral"
    assert kept(path)["known_before"] == ["immediate_danger", "condition_type"]
    assert holds(path)


@pytest.mark.parametrize("look", [(Command.BACK,), (Command.CORRECT, "immediate_danger")], ids=["back", "correct"])
def test_looking_at_an_answer_again_does_not_lose_it(desk, look):
    hold, path = desk
    with pytest.raises(calls.Interrupted):
        hold(Leaving("no", ("mania",), "no", *look))
    assert tuple(kept(path)["answers"]) == QUESTIONS[:3]


def test_another_disposition_that_the_rules_no_longer_have_does_not_end_the_call(desk, tmp_path):
    hold, path = desk
    with pytest.raises(calls.Interrupted):
        hold(Leaving("no", ("mania",), "yes", Command.OVERRIDE, "referral", "No bed available"))
    rules = revised(tmp_path, [(" referral:\n", " elsewhere:\n"), (": referral\n", ": elsewhere\n")])
    hold(Willing(), rules=rules, from_record=str(path))
    assert holds(path, rules)


def test_a_note_on_a_question_that_is_gone_does_not_spoil_the_record(desk, tmp_path):
    hold, path = desk
    with pytest.raises(calls.Interrupted):
        hold(Leaving("no", ("mania",), Command.NOTE, notes=["sister at home"]))
    rules = revised(tmp_path, [("detox_need", "needs_detox")])
    hold(Willing(), rules=rules, from_record=str(path))
    assert holds(path, rules)


# --- in process: one fault at a time, and walks that are cut off -----------------------------


class Faults:
    """Makes one call of saving fail, the `nth` time; `by_hand` are those of the file object."""

    BY_HAND = ("write", "flush", "close")

    def __init__(self, monkeypatch, failing, nth):
        self.failing, self.nth, self.count = failing, nth, 0
        self.fdopen = os.fdopen
        if failing in self.BY_HAND:
            monkeypatch.setattr(os, "fdopen", lambda handle, mode: _File(self, self.fdopen(handle, mode)))
        else:
            real = getattr(os, failing)
            monkeypatch.setattr(os, failing, lambda *given, **more: self(given) or real(*given, **more))

    def __call__(self, given=()):
        if self.failing == "open" and not any(".part" in str(one) for one in given):
            return
        self.count += 1
        if self.count == self.nth:
            raise OSError(5, "Input/output error")


class _File:
    """A file of which one method fails; what is beneath is closed like any other."""

    def __init__(self, faults, file):
        self.faults, self.file = faults, file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        if self.faults.failing == "close":
            self.faults()

    def __getattr__(self, name):
        if name == self.faults.failing:
            self.faults()
        return getattr(self.file, name)


@pytest.mark.parametrize("failing", ["open", "fdopen", "write", "flush", "fsync", "replace", "close"])
def test_one_fault_is_told_once_and_made_good_by_the_next_answer(desk, monkeypatch, capsys, failing):
    """At each page the last good record is there, or none where the first one failed."""
    hold, path = desk
    for nth in range(1, 7):
        path.unlink(missing_ok=True)
        script, states = Script(*HOME), []
        ask = script.ask
        script.ask = lambda page, ask=ask, states=states: (states.append(answers_in(path)), ask(page))[1]
        with monkeypatch.context() as patched:
            faults = Faults(patched, failing, nth)
            shown, keeper = hold(script)
        assert faults.count >= 6
        expected = [place if place + 1 != nth else place - 1 for place in range(5)]
        assert states == [None if count < 0 else count for count in expected]
        told = " ".join(capsys.readouterr().err.split())
        assert told.count("error: ") == told.count("the call goes on") == 1
        assert "mania" not in told.casefold()
        assert shown.decision.recommendation == "iop"
        assert (keeper.problem is not None) == (nth == 6)
        assert (kept(path)["status"], answers_in(path)) == ("unfinished" if nth == 6 else "finished", 4)
        assert holds(path)
        assert list(path.parent.iterdir()) == [path]


def answers_in(path):
    """How many answers the record at `path` holds; None where there is none."""
    return len(kept(path)["answers"]) if path.exists() else None


class Rambler(Walker):
    """A walker who is also cut off, ends calls as emergencies, and types only numbers that a page takes."""

    def ask(self, page):
        if self.rng.random() < 0.08:
            raise self.rng.choice([KeyboardInterrupt, EOFError])
        offered = [key.result for key in page.keys]
        if Command.END in offered and self.rng.random() < 0.3:
            return Pressed(Command.END)
        if page.kind.name == "NUMBER":
            number = str(self.rng.randint(0, 60))
            return Pressed(number if page.fits(number) is None else self.rng.choice([Unanswered.UNKNOWN, "0"]))
        if page.kind.name == "MARK" and len(page.listed) < 3:
            return Pressed((page.listed[0].result,))
        return super().ask(page)


def ramble(hold, path, rng, rules):
    """A call that is gone on with as often as it is cut off; what is told of it, and how often that was."""
    cuts, source = 0, None
    while True:
        try:
            shown, _ = hold(Rambler(rng), rules=rules, from_record=source, other=rng.random() < 0.2)
        except (calls.Interrupted, IopscreenError):
            cuts, source = cuts + 1, str(path)
            assert kept(path)["status"] == "unfinished"
            assert holds(path, rules)
        else:
            assert holds(path, rules)
            return shown, cuts


def test_random_calls_that_are_cut_off_and_gone_on_with_come_to_what_the_oracle_says(desk):
    hold, path = desk
    rng, seen, cuts = random.Random(12), {}, 0
    oracle = Oracle(inputs.read_rules("iop").file.rule_set)
    for _ in range(60):
        shown, times = ramble(hold, path, rng, "iop")
        record = kept(path)
        seen[record["status"]] = seen.get(record["status"], 0) + 1
        cuts += times
        verdict = oracle.decide(shown.decision.answers, absent_is_unknown=True)
        decision = record["decision"]
        assert (decision["recommendation"], decision["possible"]) == (verdict.recommendation, [*verdict.possible])
        assert record["answers"] == decision["answers"]
    assert min(seen["finished"], seen["emergency"]) > 5
    assert cuts > 20


def test_random_calls_under_random_rule_sets_come_to_what_the_oracle_says(desk, tmp_path):
    hold, path = desk
    rules, held = tmp_path / "rules.yaml", 0
    for seed in range(24):
        rules.write_text(made(f"calls {seed}").text, encoding="utf-8")
        oracle, rng = Oracle(inputs.read_rules(str(rules)).file.rule_set), random.Random(seed)
        try:
            oracle.decide({})
        except NoCompletion:  # a rule set for nobody
            continue
        for _ in range(3):
            shown, _ = ramble(hold, path, rng, str(rules))
            verdict = oracle.decide(shown.decision.answers, absent_is_unknown=True)
            decision = shown.decision
            assert (decision.recommendation, decision.possible) == (verdict.recommendation, verdict.possible)
            held += 1
    assert held > 40
