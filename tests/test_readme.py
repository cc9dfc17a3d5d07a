"""README.md: what it shows is what happens, and its two commands are the ones that set up and test."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n(.*?)^```$", README, re.M | re.S)
JOBS = re.findall(r"^```yaml\n(.*?)^```$", README, re.M | re.S)
SHELL = re.findall(r"^```sh\n(.*?)^```$", README, re.M | re.S)


@pytest.fixture
def desk(tmp_path):
    """A folder like the checkout, to which commands may write, with `iopscreen` on the path."""
    for name in ("rules", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "iopscreen"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m iopscreen "$@"\n')
    command.chmod(0o755)
    return tmp_path


def run(command, desk):
    environment = {
        **os.environ,
        "PATH": f"{desk / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "GITHUB_STEP_SUMMARY": str(desk / "summary.md"),
    }
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=desk,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


def matches(shown, happened):
    """Whether the lines shown are those that happened; a line `...` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^\.\.\.$\n?", shown, flags=re.M)]
    return re.fullmatch(r"(?:.*\n)*?".join(parts), happened) is not None


@pytest.mark.parametrize("block", CONSOLE, ids=[block.split("\n")[0][2:50] for block in CONSOLE])
def test_console_blocks_show_what_happens(block, desk):
    steps = re.split(r"^\$ ", block, flags=re.M)[1:]
    assert steps
    for step in steps:
        command, _, shown = step.partition("\n")
        happened = run(command, desk)
        assert matches(shown, happened), f"$ {command}\n{happened}"


def test_the_comparison_can_fail():
    assert matches("a\n...\nc\n", "a\nb\nb\nc\n")
    assert matches("a\n...\n", "a\n")
    assert not matches("a\n...\nc\n", "a\nb\n")
    assert not matches("a\n", "a\nb\n")


def test_two_commands_do_all_the_set_up_on_one_line_each():
    assert len(SHELL) == 2
    for command in SHELL:
        assert command.strip().count("\n") == 0
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert "python3-venv" in README
    assert "pytest" in SHELL[1]


def test_ci_runs_the_test_command_word_for_word():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [extraction] = re.findall(r"^command=\$\((.*)\)$", script, re.M)
    done = subprocess.run(["/bin/bash", "-c", extraction], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SHELL[1].strip()


def test_every_file_that_is_linked_exists():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.fixture
def pull_request(desk):
    """A checkout as a job has it: a merge, whose first parent has an earlier `iop.yaml` and not the example."""
    (desk / "rules").unlink()
    shutil.copytree(ROOT / "rules", desk / "rules")
    rules, example = desk / "rules" / "iop.yaml", desk / "rules" / "iop-site-example.yaml"
    now, other = rules.read_bytes(), example.read_bytes()
    earlier = now.replace(b'version: "1.0.0"', b'version: "0.9.0"')
    unsafe = b"when: {safe_living_environment: no}\n    recommend: "
    earlier = earlier.replace(unsafe + b"inpatient", unsafe + b"referral")
    assert earlier.count(b"recommend: referral") == now.count(b"recommend: referral") + 1
    rules.write_bytes(earlier)
    example.unlink()
    git = "git -c user.name=n -c user.email=e@example.org"
    run(f"git init -q && git add rules && {git} commit -qm base && git checkout -qb change", desk)
    rules.write_bytes(now)
    example.write_bytes(other)
    run(f"git add rules && {git} commit -qm change && git checkout -q - && {git} merge -q --no-ff change", desk)
    return desk


def test_the_job_of_a_review_pipeline_does_what_it_says(pull_request):
    [text] = JOBS
    assert text.count("\n") == 10
    [job] = yaml.safe_load(text)["jobs"].values()
    checkout, *_ = job["steps"]
    assert checkout["with"] == {"fetch-depth": 2}
    install, *audits = [step["run"] for step in job["steps"] if "run" in step]
    assert install == "pipx install ."
    assert len(audits) == 2
    on_a_day = [command.replace("iopscreen audit", "iopscreen audit --today 2026-11-23") for command in audits]
    shown = [run(f"{command}; echo status $?", pull_request) for command in on_a_day]
    new, changed, closing, status = shown[0].splitlines()
    notice = "::notice file=rules/{0}.yaml,title=what the change means::"
    assert new.startswith(f"{notice.format('iop-site-example')}rules/iop-site-example.yaml is new since HEAD^: ")
    assert changed.startswith(f"{notice.format('iop')}3 of 32 profiles are recommended something else: ")
    assert re.fullmatch(r"2 rule files: 0 errors, 0 warnings; \d+ notes not shown \(--notes\)", closing)
    assert status == "status 0"
    assert shown[1] == "status 0\n"
    summary = (pull_request / "summary.md").read_text("utf-8")
    assert "## Audit of 2 rule files: clean" in summary
    assert "3 of 32 profiles are recommended something else: 3 more intensive (from referral to inpatient)" in summary
    assert "is new since HEAD^" in summary
