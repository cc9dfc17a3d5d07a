"""`iopscreen new`: a first rule set and its cases, clean in the audit; both are written, or none."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import RULES, TESTS

from iopscreen import files
from iopscreen.audit.run import audit
from iopscreen.errors import IopscreenError
from iopscreen.export import starter
from iopscreen.export.starter import rule_set_id, write_starter
from iopscreen.files import write_together
from iopscreen.ruleset.findings import Severity
from iopscreen.ruleset.reader import read_rule_file


def run(*arguments: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iopscreen", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "COLUMNS": "100"}
    return subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=False
    )


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# --- what is written -------------------------------------------------------------------------


def test_it_audits_clean_and_no_small_change_goes_unnoticed(tmp_path):
    path = tmp_path / "my-clinic.yaml"
    write_starter(str(path), None, force=False)
    result = audit(str(path), {}, today="2026-11-23", mutants=True)
    assert result.complete
    assert [finding.message for finding in result.findings if finding.severity is not Severity.NOTE] == []
    facts = result.facts
    assert (facts.failed, facts.passed) == (0, 10)
    assert not any(covered.missing for covered in facts.coverage.values())
    assert facts.mutants.killed == facts.mutants.total - facts.mutants.equivalent > 30


def test_the_templates_are_good_files_as_they_stand():
    result = audit(str(starter.TEMPLATES / "starter.yaml"), {}, today="2026-11-23")
    assert [finding for finding in result.findings if finding.severity is not Severity.NOTE] == []
    assert result.facts.passed == (starter.TEMPLATES / "starter.cases.yaml").read_text().count("- id: ")


def test_it_shows_what_a_new_author_needs_first(tmp_path):
    write_starter(str(tmp_path / "a.yaml"), None, force=False)
    rule_set = read_rule_file(str(tmp_path / "a.yaml")).rule_set
    assert {question.kind.value for question in rule_set.questions} >= {"yes_no", "many", "whole_number"}
    assert 3 <= len(rule_set.rules) <= 5
    assert rule_set.settings and rule_set.notes and rule_set.guarantees and rule_set.emergency
    assert any(source.external for source in rule_set.sources)
    assert any(question.for_notes for question in rule_set.questions)
    assert any(question.groups for question in rule_set.questions)


@pytest.mark.parametrize("name", ["my-clinic.yaml", "Klinik Süd's #2.yaml", "a: b.yaml", "true.yaml", "2026.yaml.yaml"])
def test_whatever_the_names_are_it_reads_and_its_cases_pass(name, tmp_path):
    path = tmp_path / name
    write_starter(str(path), f'The "title" of {name} \\ # 1', force=False)
    assert read_rule_file(str(path)).rule_set.title == f'The "title" of {name} \\ # 1'
    result = audit(str(path), {}, today=None)
    assert (result.facts.failed, result.facts.passed) == (0, 10)
    assert "starter" not in path.read_text("utf-8") + path.with_suffix(".cases.yaml").read_text("utf-8")


def test_a_name_that_holds_that_of_the_template(tmp_path):
    write_starter(str(tmp_path / "my-starter.yaml"), None, force=False)
    assert '\nrules: "my-starter.yaml"\n' in (tmp_path / "my-starter.cases.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "typed"), [("a b.yaml", "'a b.yaml'"), ("-a.yaml", "./-a.yaml"), ("a.yaml", "a.yaml")]
)
def test_commands_to_copy_are_quoted_for_the_shell(name, typed, tmp_path):
    done = run("new", "--", name, folder=tmp_path)
    written = "".join(data.decode() for data in held(tmp_path).values())
    commands = re.findall(r"iopscreen audit (.*?\.yaml'?)(?: --mutants)?[`\n]", written + done.stderr)
    assert commands == [typed] * 3
    assert run("audit", *shlex.split(typed), "--mutants", folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("my-clinic.yaml", "my-clinic"),
        ("folder.d/My Clinic_2.yaml", "my-clinic_2"),
        ("Klinik Süd.yaml", "klinik-sud"),
        ("2026-rules.yaml", "rules"),
        ("__x__.yaml", "x"),
        ("a.b.yaml", "a-b"),
    ],
)
def test_the_id_comes_from_the_name_of_the_file(name, expected):
    assert rule_set_id(name) == expected


def test_the_title_comes_from_the_name_when_there_is_none(tmp_path):
    write_starter(str(tmp_path / "my-clinic.yaml"), None, force=False)
    assert read_rule_file(str(tmp_path / "my-clinic.yaml")).rule_set.title == "First screen: my clinic"


def test_what_is_asked_aloud_cannot_be_taken_for_two_questions(tmp_path):
    """A "yes" to "or is anyone with you?" would be an emergency."""
    write_starter(str(tmp_path / "a.yaml"), None, force=False)
    for question in read_rule_file(str(tmp_path / "a.yaml")).rule_set.questions:
        assert question.ask.count("?") == 1
        assert not re.search(r",? or (is|are|do|does|did|have|has|would|can|will)\b", question.ask), question.ask


# --- the command -----------------------------------------------------------------------------


def test_it_says_what_to_do_next_and_that_works(tmp_path):
    done = run("new", "my-clinic.yaml", "--title", "First screen of My Clinic", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert lines == [
        "next, audit the rules: iopscreen audit my-clinic.yaml --mutants",
        "then screen with them: iopscreen screen --rules my-clinic.yaml",
    ]
    assert sorted(held(tmp_path)) == ["my-clinic.cases.yaml", "my-clinic.yaml"]
    assert run(*lines[0].partition("iopscreen ")[2].split(), folder=tmp_path).returncode == 0
    screen = [*lines[1].partition("iopscreen ")[2].split(), "--no-input", "--answers", "-", "--format", "json"]
    done = run(*screen, folder=tmp_path, stdin="immediate_danger: yes\n")
    assert '"recommendation": "emergency_help"' in done.stdout


def test_an_editor_is_connected_as_the_reference_says(tmp_path):
    """The table "In an editor" of `rules/README.md`: its commands, and the first lines of the files."""
    run("new", "my-clinic.yaml", folder=tmp_path)
    reference = (RULES / "README.md").read_text("utf-8").partition("## In an editor")[2].partition("## ")[0]
    rows = re.findall(r"^\| \w+ \| `iopscreen (.*)` \| `(# .*)` \|$", reference, re.MULTILINE)
    for path, (command, line) in zip(("my-clinic.yaml", "my-clinic.cases.yaml"), rows, strict=True):
        done = run(*command.split(), folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        schema = json.loads((tmp_path / line.partition("$schema=")[2]).read_bytes())
        assert ("cases" in schema["properties"]) == ("cases" in path)
        (tmp_path / path).write_text(f"{line}\n{(tmp_path / path).read_text('utf-8')}", encoding="utf-8")
    assert audit(str(tmp_path / "my-clinic.yaml"), {}, today=None).facts.passed == 10


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/a.yaml", "missing is no folder"),
        ("folder.yaml", "is a folder; name a file in it"),
        ("link.yaml", "is a symbolic link; name the file that it leads to"),
        ("behind.yaml", "behind.cases.yaml: exists already"),
        ("there.yaml", "there.yaml: exists already; replace it with `--force`, or name another file"),
        ("fifo.yaml", "is no ordinary file"),
        ("a.cases.yaml", "is the name of a file of cases"),
        ("123.yaml", "no id can be made of this name"),
        ("規則.yaml", "no id can be made of this name"),
        (".yaml", "should end in `.yaml`"),
        ("a.yml", "should end in `.yaml`"),
        ("a\x1b[31m.yaml", "holds a character that cannot be shown"),
        ("a\udcff.yaml", "holds a character that cannot be shown"),
        ("-", "should end in `.yaml`"),
        ("", "should end in `.yaml`"),
        ("folder.yaml/..", "should end in `.yaml`"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left(name, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to("elsewhere.yaml")
    (tmp_path / "behind.cases.yaml").write_bytes(b"mine")
    (tmp_path / "there.yaml").write_bytes(b"mine")
    os.mkfifo(tmp_path / "fifo.yaml")
    before = held(tmp_path)
    with pytest.raises(IopscreenError) as error:
        write_starter(name, None, force=False)
    assert said in str(error.value)
    assert held(tmp_path) == before
    assert list((tmp_path / "folder.yaml").iterdir()) == []


@pytest.mark.parametrize("name", ["a.yaml", f"{'a' * 300}.yaml"])
def test_the_command_refuses_with_2_and_one_line(name, tmp_path):
    (tmp_path / "a.cases.yaml").write_bytes(b"mine")
    done = run("new", name, folder=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert held(tmp_path) == {"a.cases.yaml": b"mine"}


@pytest.mark.parametrize("title", ["", "  ", "two\nlines", "a\x1bb", "a\udcffb"])
def test_a_title_that_is_none_is_refused(title, tmp_path):
    with pytest.raises(IopscreenError, match="`--title`: should be a text of one line"):
        write_starter(str(tmp_path / "a.yaml"), title, force=False)
    assert held(tmp_path) == {}


@pytest.mark.parametrize("there", [["a.yaml"], ["a.cases.yaml"], ["a.yaml", "a.cases.yaml"]])
def test_force_replaces_both(there, tmp_path):
    for name in there:
        (tmp_path / name).write_bytes(b"mine")
    write_starter(str(tmp_path / "a.yaml"), None, force=True)
    assert b"mine" not in held(tmp_path).values()
    assert sorted(held(tmp_path)) == ["a.cases.yaml", "a.yaml"]


def test_force_replaces_no_link(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(b"mine")
    (tmp_path / "a.cases.yaml").symlink_to("mine.yaml")
    with pytest.raises(IopscreenError, match="is a symbolic link"):
        write_starter(str(tmp_path / "a.yaml"), None, force=True)
    assert (tmp_path / "mine.yaml").read_bytes() == b"mine"
    assert not (tmp_path / "a.yaml").exists()


def test_the_files_have_the_permissions_that_new_files_get(tmp_path):
    before = os.umask(0o027)
    try:
        write_starter(str(tmp_path / "a.yaml"), None, force=False)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}


# --- both or none ----------------------------------------------------------------------------


@pytest.mark.parametrize("existing", [{}, {"one": b"old"}, {"one": b"old", "two": b"older"}])
@pytest.mark.parametrize("failing", [1, 2])
def test_when_a_file_cannot_take_its_name_both_are_as_before(existing, failing, tmp_path, monkeypatch):
    for name, data in existing.items():
        (tmp_path / name).write_bytes(data)
    calls = []
    replace = os.replace

    def fails(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(5, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", fails)
    with pytest.raises(IopscreenError, match="cannot be written: input/output error"):
        write_together({str(tmp_path / "one"): b"new", str(tmp_path / "two"): b"newer"}, force=True)
    assert held(tmp_path) == existing


@pytest.mark.parametrize("failing", [1, 2])
def test_when_the_disk_is_full_nothing_is_left(failing, tmp_path, monkeypatch):
    calls = []

    def full(handle):
        calls.append(handle)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(IopscreenError, match="no space left on device"):
        write_together({str(tmp_path / "one"): b"new", str(tmp_path / "two"): b"newer"}, force=False)
    assert held(tmp_path) == {}


def test_a_folder_that_cannot_be_written_to_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "access", lambda *_: False)  # as root, a read-only folder is none
    with pytest.raises(IopscreenError, match="cannot be written to"):
        write_starter(str(tmp_path / "a.yaml"), None, force=False)
    assert held(tmp_path) == {}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder in which nobody can make a file")
def test_a_folder_that_takes_no_file_is_said_so():
    with pytest.raises(IopscreenError, match="cannot be written"):
        write_starter("/proc/self/a.yaml", None, force=False)


def test_the_templates_travel_in_the_package():
    """Everything in the folder of the package is in the wheel, but for what git ignores."""
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["iopscreen"]
    assert starter.TEMPLATES.is_relative_to(TESTS.parent / "iopscreen")
    names = [str(path) for path in starter.TEMPLATES.iterdir()]
    ignored = subprocess.run(["git", "check-ignore", *names], cwd=TESTS.parent, capture_output=True, check=False)
    assert ignored.stdout == b""
