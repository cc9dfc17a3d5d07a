"""README.md and the pages beside what they describe: what they show is what happens.

Console blocks are run and compared, pictures stand beside their text, links lead somewhere, and the
two commands of the front page are the ones that set up and test.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
FRONT = "README.md"
PAGES = (
    FRONT,
    "iopscreen/README.md",
    "iopscreen/audit/README.md",
    "iopscreen/batch/README.md",
    "iopscreen/screen/README.md",
)
"""The pages for people; `rules/README.md` and `tests/vectors/README.md` have tests of their own."""


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    language: str
    text: str


TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
BLOCKS = [
    Block(page, language, block)
    for page, text in TEXTS.items()
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
]
CONSOLE = [block for block in BLOCKS if block.language == "console"]
PICTURES = [
    (page, target) for page, text in TEXTS.items() for target in re.findall(r"^!\[[^\]]+\]\(([^)]+)\)$", text, re.M)
]


def blocks(language, page=None):
    """The texts of the blocks of a language, on one page or on all."""
    return [block.text for block in BLOCKS if block.language == language and page in (None, block.page)]


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
        timeout=600,
        check=False,
    )
    return done.stdout


def matches(shown, happened):
    """Whether the lines shown are those that happened; a line `...` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^\.\.\.$\n?", shown, flags=re.M)]
    return re.fullmatch(r"(?:.*\n)*?".join(parts), happened) is not None


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.text.split("\n")[0][2:50])
def test_console_blocks_show_what_happens(block, desk):
    steps = re.split(r"^\$ ", block.text, flags=re.M)[1:]
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


def test_every_block_is_run_or_compared_or_of_a_kind_that_is_looked_at():
    assert {block.language for block in BLOCKS} == {"console", "text", "sh", "yaml", "python"}
    assert len(CONSOLE) > 5
    for block in blocks("python"):
        compile(block, "a page", "exec")


def test_python_runs_where_it_needs_no_cluster(monkeypatch, capsys):
    class Then(datetime):
        """The day of the review that the shipped rules ask for will come."""

        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 23, tzinfo=tz)

    monkeypatch.setattr("iopscreen.api.datetime", Then)
    monkeypatch.chdir(ROOT)
    here = [block for block in blocks("python") if "spark." not in block]
    for block in here:
        exec(compile(block, "a page", "exec"), {})
    assert here and capsys.readouterr().out.split() == ["inpatient", "undecided"]


@pytest.mark.parametrize(("page", "target"), PICTURES)
def test_beside_a_picture_stands_its_text(page, target):
    picture = ElementTree.parse((ROOT / page).parent / target)
    space = "{http://www.w3.org/2000/svg}"
    title, text = (picture.findtext(f"{space}{tag}") for tag in ("title", "desc"))
    beside = (
        f"![{title}]({target})\n\n<details><summary>The same as text</summary>\n\n```text\n{text}\n```\n\n</details>"
    )
    assert beside in TEXTS[page]


def test_every_picture_is_shown_once():
    shown = [(ROOT / page).parent / target for page, target in PICTURES]
    assert sorted(path.resolve() for path in shown) == sorted((ROOT / "tests" / "pictures").iterdir())


def test_two_commands_do_all_the_set_up_on_one_line_each():
    shell = blocks("sh")
    assert shell == blocks("sh", FRONT)
    assert len(shell) == 2
    for command in shell:
        assert command.strip().count("\n") == 0
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert "python3-venv" in TEXTS[FRONT]
    assert "pytest" in shell[1]


def test_ci_runs_the_test_command_word_for_word():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [extraction] = re.findall(r"^command=\$\((.*)\)$", script, re.M)
    done = subprocess.run(["/bin/bash", "-c", extraction], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == blocks("sh", FRONT)[1].strip()


def headings(path):
    """The anchors of a page, as the platform makes them of its headings."""
    lines = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S).splitlines()
    names = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", name).replace(" ", "-") for name in names}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    prose = re.sub(r"^```.*?^```$", "", TEXTS[page], flags=re.M | re.S)
    targets = re.findall(r"\]\(([^)]+)\)", prose)
    assert targets
    for target in targets:
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in headings(path), target


def in_backticks(text):
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_the_project_that_is_named_is_there(page):
    named = [code for code in in_backticks(TEXTS[page]) if re.fullmatch(r"(?:iopscreen|tests|rules)/[\w./]*", code)]
    named += [f"tests/{code}" for code in in_backticks(TEXTS[page]) if re.fullmatch(r"test_\w+\.py", code)]
    if page == "iopscreen/README.md":
        assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists() and "NAME" not in name] == []


def test_every_name_in_the_steps_is_in_the_house():
    """The constants and functions that the page for maintainers sends them to."""
    page = TEXTS["iopscreen/README.md"]
    names = {code for code in in_backticks(page) if re.fullmatch(r"_?[A-Za-z]\w+", code)}
    names = {name for name in names if re.search(r"[A-Z]|_", name)} - {"NAME", "IOPSCREEN_UPDATE"}
    assert len(names) > 20
    files = [*(ROOT / "iopscreen").rglob("*.py"), *(ROOT / "tests").glob("*.py")]
    house = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert [name for name in names if not re.search(rf"\b{name}\b", house)] == []


@pytest.fixture
def pull_request(desk):
    """A checkout as a job has it: a merge, whose first parent has an earlier `iop.yaml` and not the example."""
    (desk / "rules").unlink()
    (desk / "rules").mkdir()
    for path in ROOT.glob("rules/iop*.yaml"):
        shutil.copy(path, desk / "rules")
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
    [text] = blocks("yaml")
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
