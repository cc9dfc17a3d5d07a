"""`batch` as a run: what it writes, whole or not at all; what it never writes over; what it tells, and whom."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from conftest import RULES, TESTS
from oracle import NoCompletion, Oracle
from random_rule_sets import edited, random_answers
from terminal import PATIENCE, ROOT, Terminal
from test_batch import case_wishes, damaged, random_table, shipped

from iopscreen import batching, cli, files
from iopscreen.batch import chunks
from iopscreen.batch import preview as dry
from iopscreen.batch.problems import ProblemRows
from iopscreen.batch.run import BatchOptions, Earlier, screen_file
from iopscreen.batch.summary import Summary, Weight
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.report.batch_summary import summary_json
from iopscreen.report.preview import preview_on_terminal, preview_text
from iopscreen.ruleset.findings import FileRefused
from iopscreen.ruleset.model import Unanswered
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.values import answer_text

CANARY = "CANARY"
HEADER = "id,condition_type,detox_need,safe_living_environment,notes\n"
CALLS = HEADER + "1,mania,no,yes,x\n2,mania,maybe,yes,y\n3,,no,yes,z\n"


def iopscreen(*arguments, cwd=None, **options):
    command = [sys.executable, "-m", "iopscreen", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=600, check=False, **options
    )


def wishes(folder: Path, **changed) -> batching.Wishes:
    """A run on `calls.csv` in `folder`, every file beside it."""
    wanted = batching.Wishes(
        source=str(folder / "calls.csv"),
        rules=None,
        output=str(folder / "out.csv"),
        problems=str(folder / "problems.csv"),
        summary=str(folder / "summary.json"),
        compare=None,
        column_map=[],
        ignore_columns=[],
        excel_safe=False,
        prefix="",
        encoding="utf-8",
        force=False,
    )
    return replace(wanted, **changed)


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "calls.csv").write_text(CALLS, encoding="utf-8")
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- whole or not at all --------------------------------------------------------------------

OUTPUTS = ("out.csv", "problems.csv", "summary.json")
FAILING = ["mkstemp", "fdopen", "write", "flush", "fsync", "close", "replace"]


def full_file(error: IopscreenError) -> str:
    """The file of which an error says that it does not fit."""
    path, colon, why = str(error).rpartition(": cannot be written: ")
    assert colon and why == "no space left on device"
    return Path(path).name


class Fails:
    """Makes the `nth` call of one kind fail."""

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Frail:
    """A file one of whose methods may fail."""

    def __init__(self, file, failing: str, fails: Fails) -> None:
        self.file, self.failing, self.fails = file, failing, fails

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        if self.failing == "close":
            self.fails()

    def __getattr__(self, name):
        if name in (self.failing, f"{self.failing}lines"):
            self.fails()
        return getattr(self.file, name)


def break_files(monkeypatch, failing: str, fails: Fails) -> None:
    real = {"mkstemp": tempfile.mkstemp, "fdopen": os.fdopen, "fsync": os.fsync, "replace": os.replace}

    def frail(*arguments, **options):
        fails()
        return real[failing](*arguments, **options)

    if failing in ("write", "flush", "close"):
        monkeypatch.setattr(files.os, "fdopen", lambda *arguments: Frail(real["fdopen"](*arguments), failing, fails))
    else:
        monkeypatch.setattr(tempfile if failing == "mkstemp" else files.os, failing, frail)


@pytest.mark.parametrize("existing", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("failing", FAILING)
def test_whatever_fails_all_three_files_are_as_they_were(failing, existing, desk, monkeypatch):
    if existing:
        for name in OUTPUTS:
            (desk / name).write_text(f"old {name}", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    named = set()
    for nth in range(1, 30):
        fails = Fails(nth)
        with monkeypatch.context() as patched:
            break_files(patched, failing, fails)
            try:
                batching.screen(wishes(desk, force=existing))
            except IopscreenError as error:
                named.add(full_file(error))
            else:
                assert fails.count < nth
                break
        assert {path.name: path.read_bytes() for path in desk.iterdir()} == before, nth
    assert nth > 3  # each of the three files failed in turn, and in the end none did
    assert named == {*OUTPUTS}
    assert names(desk) == sorted(["calls.csv", *OUTPUTS])
    assert (desk / "out.csv").read_bytes().startswith(b"id,condition_type")


@pytest.mark.parametrize("name", ["out.parquet", "out.jsonl", "out.csv"])
@pytest.mark.parametrize("failing", FAILING)
def test_whatever_fails_a_table_is_named_too(failing, name, desk, monkeypatch):
    pytest.importorskip("duckdb")
    (desk / "calls.jsonl").write_text('{"condition_type": "mania"}\n' * 3, encoding="utf-8")
    wanted = wishes(desk, source=str(desk / "calls.jsonl"), output=str(desk / name), problems=None, summary=None)
    for nth in range(1, 60):
        fails = Fails(nth)
        with monkeypatch.context() as patched:
            break_files(patched, failing, fails)
            try:
                batching.screen(wanted)
            except IopscreenError as error:
                assert full_file(error) == name
            else:
                assert fails.count < nth
                break
        assert names(desk) == ["calls.csv", "calls.jsonl"]
    assert nth > 1
    assert names(desk) == sorted(["calls.csv", "calls.jsonl", name])


LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); import iopscreen.cli as c; c.main()"
)
"""A run whose files may have no more than a page."""


@pytest.mark.parametrize("full", ["out.csv", "problems.csv", "summary.html"])
def test_of_several_files_the_one_that_is_full_is_named(full, desk):
    cell = {"out.csv": "no", "problems.csv": "maybe", "summary.html": "no"}[full]
    rows = f"1,mania,{cell},yes,x\n" * (1 if full == "summary.html" else 200)
    (desk / "calls.csv").write_text(HEADER + rows, encoding="utf-8")
    outputs = ["-o", "out.csv"] if full == "out.csv" else ["-o", "-"]
    outputs += ["--summary", full] if full == "summary.html" else ["--problems", "problems.csv"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "batch", "calls.csv", *outputs], cwd=desk, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, f"error: {full}: cannot be written: file too large\n")
    assert names(desk) == ["calls.csv"]


def test_without_second_names_files_are_put_back_all_the_same(desk, monkeypatch):
    for name in OUTPUTS:
        (desk / name).write_text(f"old {name}", encoding="utf-8")

    def none(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    real = os.replace

    def frail(source, target):
        if str(target).endswith("out.csv"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(source, target)

    monkeypatch.setattr(files.os, "link", none)
    monkeypatch.setattr(files.os, "replace", frail)
    with pytest.raises(IopscreenError, match=r"out\.csv: cannot be written: input/output error"):
        batching.screen(wishes(desk, force=True))
    assert {name: (desk / name).read_text(encoding="utf-8") for name in OUTPUTS} == {
        name: f"old {name}" for name in OUTPUTS
    }
    assert names(desk) == sorted(["calls.csv", *OUTPUTS])


@pytest.mark.parametrize("data", ["", "id,detox_need,detox_need\n1,yes,no\n", CALLS + '4,mania,"no,yes\n'])
def test_a_refused_file_leaves_nothing(data, desk):
    (desk / "calls.csv").write_text(data, encoding="utf-8")
    with pytest.raises(IopscreenError, match=r"calls\.csv"):
        batching.screen(wishes(desk))
    assert names(desk) == ["calls.csv"]


HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import iopscreen.cli as c; c.main()"
"""A run that hears SIGINT also where tests are started in the background, and do not."""


def run_until(folder: Path, rows: bytes, ready, number: int) -> tuple[int, str]:
    """Feed rows to a run, and send it a signal when `ready` says so: its exit status and what it said."""
    command = [sys.executable, "-c", HEARD, "batch", "-", "-o", "out.csv", "--problems", "problems.csv"]
    child = subprocess.Popen(
        [*command, "--summary", "summary.md"], cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdin is not None and child.stderr is not None
    try:
        child.stdin.write(rows)
        child.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while not ready(folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ready(folder)
        child.send_signal(number)
        said = child.stderr.read().decode()
        return child.wait(timeout=PATIENCE), said
    finally:
        child.kill()
        child.stdin.close()
        child.stderr.close()
        child.wait()


def parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=str)
@pytest.mark.parametrize("blocks", [0, 3], ids=["before-the-first-row", "in-the-midst"])
def test_a_signal_leaves_no_result(number, blocks, tmp_path):
    rows = CALLS.encode() + f"9,{CANARY},no,yes,{'x' * 90}\n".encode() * (9000 * blocks)

    def ready(folder: Path) -> bool:
        return len(parts(folder)) == 3 and (not blocks or any(path.stat().st_size > 1 << 18 for path in parts(folder)))

    status, said = run_until(tmp_path, rows, ready, number)
    assert status == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143, signal.SIGKILL: -9}[number]
    assert not [name for name in names(tmp_path) if not name.startswith(".")]
    assert said == ("interrupted: nothing was written\n" if number == signal.SIGINT else "")
    if number != signal.SIGKILL:
        assert names(tmp_path) == []


def feed(pipe: IO[bytes], rows: bytes) -> None:
    with suppress(BrokenPipeError):
        pipe.write(rows)
        pipe.flush()


def test_of_rows_on_stdout_an_interrupt_says_that_some_may_be_missing(tmp_path):
    command = [sys.executable, "-c", HEARD, "batch", "-", "--problems", "problems.csv"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:  # fmt: skip
        feeding = threading.Thread(target=feed, args=(child.stdin, CALLS.encode() + b"9,mania,no,yes,x\n" * 20_000))
        feeding.start()  # while it waits for its rows to be read, it reads none
        assert child.stdout.read(1)
        child.send_signal(signal.SIGINT)
        child.stdout.read()
        said = child.stderr.read()
        feeding.join(PATIENCE)
        child.wait(PATIENCE)
    assert (child.returncode, said) == (130, b"interrupted: what went to stdout may lack rows\n")
    assert names(tmp_path) == []


def test_a_closed_pipe_leaves_no_other_result(desk):
    (desk / "calls.csv").write_text(CALLS + "9,mania,maybe,yes,x\n" * 20_000, encoding="utf-8")
    script = f"{{ {sys.executable} -m iopscreen batch calls.csv --problems problems.csv; echo $? >&2; }} | true"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["/bin/sh", "-c", script], cwd=desk, capture_output=True, env=environment, check=False)
    assert done.stderr.decode().strip() == "2"
    assert names(desk) == ["calls.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_behind_stdout_leaves_no_other_result(desk):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "iopscreen", "batch", "calls.csv", "--problems", "problems.csv"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=desk, stdout=full, stderr=subprocess.PIPE, env=environment, check=False)
    assert done.returncode == 2
    assert done.stderr == b"error: stdout: cannot be written: no space left on device\n"
    assert names(desk) == ["calls.csv"]


# --- never over what is read, nor two into one ----------------------------------------------


@pytest.mark.parametrize("option", ["output", "problems", "summary"])
@pytest.mark.parametrize("way", ["name", "other-way", "hard-link"])
def test_nothing_is_written_over_what_is_read(option, way, desk):
    source = desk / "calls.json" if option == "summary" else desk / "calls.csv"
    source.write_text(CALLS, encoding="utf-8")
    target = {"name": source, "other-way": desk / "." / "x" / ".." / source.name, "hard-link": desk / "link.json"}[way]
    (desk / "x").mkdir()
    if way == "hard-link":
        os.link(source, target)
    with pytest.raises(IopscreenError, match="is the file that is read; name another one"):
        batching.screen(wishes(desk, source=str(source), force=True, **{option: str(target)}))
    assert source.read_text(encoding="utf-8") == CALLS


@pytest.mark.parametrize("option", ["rules", "compare"])
def test_rules_are_not_written_over(option, desk):
    rules = desk / "rules.yaml"
    rules.write_bytes((RULES / "iop.yaml").read_bytes())
    with pytest.raises(IopscreenError, match="is the file that is read"):
        batching.screen(wishes(desk, force=True, output=str(rules), **{option: str(rules)}))
    assert rules.read_bytes() == (RULES / "iop.yaml").read_bytes()


@pytest.mark.parametrize("one", ["output", "problems"])
def test_two_results_need_a_file_each(one, desk):
    for target in (str(desk / "same.md"), str(desk / "x" / ".." / "same.md")):
        (desk / "x").mkdir(exist_ok=True)
        with pytest.raises(IopscreenError, match=r"is named by `--.*` and by `--.*`; name a file for each"):
            batching.screen(wishes(desk, **{one: str(desk / "same.md"), "summary": target}))
    with pytest.raises(IopscreenError, match="stdout: is named by `--problems` and by `--output`"):
        batching.screen(wishes(desk, output="-", problems="-"))
    assert names(desk) == ["calls.csv", "x"]


def test_stdin_and_stdout_are_known_by_the_file_behind_them(desk):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for script in ("batch - -o calls.csv --force < calls.csv", "batch calls.csv >> calls.csv"):
        command = f"{sys.executable} -m iopscreen {script}"
        done = subprocess.run(["/bin/sh", "-c", command], cwd=desk, capture_output=True, env=environment, check=False)
        assert done.returncode == 2
        assert b"is the file that is read" in done.stderr
        assert (desk / "calls.csv").read_text(encoding="utf-8") == CALLS


# --- problems to mend -----------------------------------------------------------------------

BATCH_CASES = TESTS / "cases" / "batch"


def problems_of(data: bytes, encoding: str = "utf-8") -> tuple[Summary, bytes]:
    """The summary of a file, and the file of its problems."""
    problems = io.BytesIO()
    source, target, options = io.BytesIO(data), io.BytesIO(), BatchOptions(encoding=encoding)
    summary = screen_file(shipped(), source, target, options, name="x", problems=ProblemRows(problems))
    return summary, problems.getvalue()


@pytest.mark.parametrize(
    "name",
    ["problems-of-every-kind", "unreadable-cells", "short-and-long-rows", "bytes-that-are-no-text", "formulas",
     "lines-in-a-row-that-look-like-rows", "one-column", "other-encoding", "four-criteria"],
)  # fmt: skip
def test_problems_that_nobody_mended_are_problems_again(name):
    case = BATCH_CASES / name
    data = (case / "problems.csv").read_bytes()
    encoding = "cp1252" if name == "other-encoding" else "utf-8"
    summary, again = problems_of(data, encoding)
    whole = (case / "in.csv").read_bytes()
    reasons = []
    for table in (data, again):
        begun = re.search("(?:^|\ufeff)problem_line(?:_2)?(.)", text := table.decode(encoding, "surrogateescape"), re.M)
        delimiter = begun.group(1)
        text = text[begun.start() :].removeprefix("\ufeff")
        header, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if len(row) > 1]
        assert header[0].startswith("problem_line")
        reasons.append([re.sub(r"\d+", "N", row[1]) for row in rows])
    assert reasons[0] == reasons[1] != []
    assert summary.problems == summary.rows == len(reasons[0])
    # Each row stands there as it came.
    mark = re.escape(delimiter).encode()
    for row in re.split(rb"^\d+" + mark + rb'(?:"[^"\r\n]*"|[^"\r\n]*?)' + mark, data, flags=re.M)[1:]:
        assert row in whole


def test_problems_of_damaged_files_are_problems_again():
    """Nothing that could not be read becomes readable by being written into a file of problems."""
    rng = random.Random(11)
    rows = 0
    for _ in range(600):
        try:
            first, problems = problems_of(damaged(random_table(rng), rng))
        except IopscreenError:
            continue
        second, _ = problems_of(problems)
        assert second.rows == second.problems == first.problems, problems
        rows += first.problems
    assert rows > 100


def test_mended_problems_are_decided_and_their_own_columns_answer_nothing(desk):
    batching.screen(wishes(desk))
    mended = (desk / "problems.csv").read_text(encoding="utf-8").replace(",maybe,", ",yes,")
    (desk / "calls.csv").write_text(mended, encoding="utf-8")
    screened = batching.screen(wishes(desk, force=True))
    assert (screened.summary.rows, screened.summary.by_outcome["inpatient"]) == (1, 1)
    assert screened.summary.unmapped == ("problem_line", "problem_reason", "id", "notes")
    # No problem is left: the file says so with its header alone.
    text = (desk / "problems.csv").read_text(encoding="utf-8")
    assert text.startswith("problem_line_2,problem_reason_2,problem_line,problem_reason,id,")
    assert text.count("\n") == 1


def test_columns_of_problems_are_no_hints_and_give_way_to_questions(rule_set):
    text = (BATCH_CASES / "compared" / "rules.yaml").read_text(encoding="utf-8")
    text = text.replace("column: Temperature raised", "header_hints: [problem, reason], column: Problem line")
    compiled, problems = compile_rule_set(rule_set(text)), io.BytesIO()
    for _ in range(3):
        data = problems.getvalue() or b"place\nnowhere\n"
        problems = io.BytesIO()
        screen_file(compiled, io.BytesIO(data), io.BytesIO(), BatchOptions(), name="x", problems=ProblemRows(problems))
    assert problems.getvalue().split(b"\n")[0] == (
        b"problem_line_4,problem_reason_4,problem_line_3,problem_reason_3,problem_line_2,problem_reason_2,place"
    )


def test_a_hint_within_a_word_is_told_in_every_summary(desk):
    text = f'ATRISK,"Safe\n{CANARY}",condition_type\n1,x,mania\n'
    (desk / "calls.csv").write_text(text, encoding="utf-8")
    for ending in ("json", "md", "html"):
        batching.screen(wishes(desk, summary=str(desk / f"summary.{ending}"), force=True))
        summary = (desk / f"summary.{ending}").read_text(encoding="utf-8")
        assert CANARY not in summary
        if ending == "json":
            assert json.loads(summary)["columns"]["may_answer"]["ATRISK"] == "immediate_danger"
        else:
            assert "ATRISK" in summary.split("warning: column")[1]
    preview, file = batching.dry_run(wishes(desk, force=True))
    shown = preview_text(preview, file.rule_set, 100)
    assert "column 1, `ATRISK`, answers no question; if it were `immediate_danger`" in shown
    assert CANARY not in shown


# --- compared with earlier rules ------------------------------------------------------------


def expected_told(oracle: Oracle, answers) -> str:
    """What `recommendation` holds for a row of these answers."""
    try:
        verdict = oracle.decide(answers, absent_is_unknown=True)
    except NoCompletion:
        return "error"
    return verdict.possible[0] if len(verdict.possible) == 1 else "undecided"


def readable(rule_set, cells) -> dict | None:
    """The answers of a row as a rule set reads them, or None."""
    from iopscreen.ruleset.values import Unreadable, answer_readers

    readers = answer_readers(rule_set)
    try:
        return {name: readers[name](cells.get(name, "")) for name in rule_set.question}
    except Unreadable:
        return None


def test_was_and_changed_are_what_the_oracle_says():
    seen: dict[str, int] = {}
    for seed in range(60):
        try:
            sets = [understand(text.encode(), "test.yaml").rule_set for text in edited(f"batch {seed}")]
        except FileRefused:  # the edited one is none
            continue
        old, new = sets
        rng = random.Random(seed)
        columns = list(dict.fromkeys(name for rule_set in sets for name in rule_set.question if rng.random() < 0.9))
        if not any(name in new.question for name in columns):
            continue
        rows = []
        for _ in range(25):
            given = {**random_answers(rng, old, 0.8), **random_answers(rng, new, 0.8)}
            cells = {name: answer_text(given.get(name, Unanswered.UNKNOWN)) for name in columns}
            if rng.random() < 0.1:
                cells[rng.choice(columns)] = "no such thing"
            rows.append(cells)
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        out = io.BytesIO()
        options, earlier = BatchOptions(), Earlier(compile_rule_set(old), {})
        summary = screen_file(
            compile_rule_set(new), io.BytesIO(text.getvalue().encode()), out, options, name="x", earlier=earlier
        )
        told = list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline="")))
        oracles = [Oracle(rule_set) for rule_set in sets]
        moved: dict[tuple[str, str], int] = {}
        for cells, row in zip(rows, told, strict=True):
            read = [readable(rule_set, cells) for rule_set in sets]
            was, now = (
                "error" if answers is None else expected_told(oracle, answers)
                for oracle, answers in zip(oracles, read, strict=True)
            )
            assert (row["recommendation"], row["was"]) == (now, was), (seed, cells)
            assert row["changed"] == ("no" if was == now else "yes")
            if was != now:
                moved[was, now] = moved.get((was, now), 0) + 1
        compared = summary.compared
        assert {(one.was, one.now): one.rows for one in compared.transitions} == moved
        assert compared.changed == sum(moved.values())
        assert [list(Weight).index(one.weight) for one in compared.transitions] == sorted(
            list(Weight).index(one.weight) for one in compared.transitions
        )
        for one in compared.transitions:
            seen[one.weight] = seen.get(one.weight, 0) + 1
    assert set(seen) == set(Weight)
    assert min(seen.values()) > 2, seen


def test_a_header_answers_a_question_of_each_rule_set(desk):
    case = BATCH_CASES / "compared"
    (desk / "calls.csv").write_text("Hot today,place,By oneself\nyes,home,no\n", encoding="utf-8")
    wanted = wishes(
        desk,
        rules=str(case / "rules.yaml"),
        compare=str(case / "old.yaml"),
        column_map=["Hot today=fever", "By oneself=alone", "place=place"],
    )
    screened = batching.screen(wanted)
    assert screened.summary.compared.without_column == ()
    assert (desk / "out.csv").read_text(encoding="utf-8").endswith(",visit,yes\n")
    with pytest.raises(IopscreenError, match="`--map`: `alon` is not a question of rule set `triage`"):
        batching.screen(replace(wanted, column_map=["By oneself=alon"], force=True))


def test_columns_of_the_comparison_may_be_taken(desk):
    (desk / "calls.csv").write_text("Was,detox_need\n1,yes\n", encoding="utf-8")
    with pytest.raises(IopscreenError, match="columns already that the results need: `Was`; name the new ones with"):
        batching.screen(wishes(desk, compare="iop"))
    batching.screen(wishes(desk))
    batching.screen(wishes(desk, compare="iop", prefix="new_", force=True))
    assert (desk / "out.csv").read_text(encoding="utf-8").split("\n")[0].endswith(",new_problem,new_was,new_changed")


def test_several_processes_compare_plan_and_keep_problems_as_one_does(desk, monkeypatch):
    rng = random.Random(4)
    cells = [["yes", "no", "", "?", "maybe"], ["home", "street", "shelter", ""], ["yes", "no", ""]]
    rows = ["nr,Temperature raised,place,alone"]
    rows += [f"{number},{','.join(map(rng.choice, cells))}{',x' * (rng.random() < 0.01)}" for number in range(3000)]
    (desk / "calls.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    case = BATCH_CASES / "compared"
    wanted = wishes(
        desk,
        rules=str(case / "rules.yaml"),
        compare=str(case / "old.yaml"),
        column_map=["Temperature raised=fever"],
        force=True,
    )
    monkeypatch.setattr(chunks, "CHUNK", 1 << 12)
    results = []
    for jobs in (1, 3):
        batching.screen(replace(wanted, jobs=jobs))
        results.append({name: (desk / name).read_bytes() for name in OUTPUTS})
    assert results[0] == results[1]
    assert results[0]["problems.csv"].count(b"\n") > 500
    assert b'"changed": ' in results[0]["summary.json"]


# --- the dry run ----------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_and_shows_cells_to_nobody_else(desk):
    (desk / "calls.csv").write_text(CALLS.replace("maybe", CANARY), encoding="utf-8")
    before = names(desk)
    done = iopscreen(
        "batch", "calls.csv", "--dry-run", "-o", "out.csv", "--problems", "p.csv", "--summary", "s.md", cwd=desk
    )
    assert done.returncode == 1
    unwritten = "`--problems p.csv`, `--summary s.md`, `--output out.csv`"
    assert " ".join(done.stderr.split()) == f"nothing is written for {unwritten}: this is a dry run"
    assert re.search(rf"^     1  {CANARY} +cannot be read, first on line 3$", done.stdout, re.M)
    assert "3 rows in = 3 rows out = 1 decided + 1 undecided + 1 problem" in done.stdout
    assert "columns that answer no question: `id`, `notes`" in done.stdout
    assert names(desk) == before


@pytest.mark.parametrize("name", sorted(path.name for path in BATCH_CASES.iterdir()))
def test_a_dry_run_comes_to_what_the_run_comes_to(name, tmp_path, monkeypatch):
    monkeypatch.chdir(BATCH_CASES / name)
    wanted = case_wishes(BATCH_CASES / name, tmp_path)
    try:
        preview, _ = batching.dry_run(wanted)
        preview.refuse_doubts()
    except IopscreenError as error:
        with pytest.raises(IopscreenError) as refused:
            batching.screen(wanted)
        assert str(refused.value) == str(error)
        return
    assert batching.screen(wanted).summary == preview.summary
    problems = sum(fault.rows for fault in preview.faults) + sum(map(bad_rows, preview.columns))
    assert problems >= preview.summary.problems
    assert bool(problems) == bool(preview.summary.problems)


def bad_rows(column: dry.ColumnPreview) -> int:
    return column.unreadable if column.settled else 0


def test_values_of_a_dry_run_are_bounded_and_all_counted(desk, monkeypatch):
    rows = [f"{number},mania,word {number % 50},yes,x" for number in range(200)]
    rows += [f"9,mania,{answer},yes,x" for answer in ("no", "yes", "x" * 500)]
    (desk / "calls.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    monkeypatch.setattr(dry, "MAX_VALUES", 30)
    preview, file = batching.dry_run(wishes(desk))
    (column,) = [column for column in preview.columns if column.question.id == "detox_need"]
    assert len(column.values) == 30
    assert sum(value.rows for value in column.values) + column.more_read + column.more_unreadable == 203
    assert (column.more_read, column.unreadable, preview.summary.problems) == (2, 201, 201)
    assert "and 103 rows with other values, 101 of them cannot be read" in preview_text(preview, file.rule_set, 100)


def test_a_dry_run_on_a_terminal_is_a_table(desk):
    (desk / "calls.csv").write_text(CALLS.replace("maybe", "may\x1b[31mbe"), encoding="utf-8")
    with Terminal("batch", "calls.csv", "--dry-run", cwd=desk, lines=90, columns=100) as terminal:
        assert terminal.end() == 1
        assert "is read as" in terminal.text
        assert "may\\u{1b}[31mbe" in terminal.text
        assert "──" in terminal.text
    preview, file = batching.dry_run(wishes(desk))
    plain = preview_on_terminal(preview, file.rule_set, 80, color=False)
    assert "\x1b" not in plain
    assert "\x1b[31m" in preview_on_terminal(preview, file.rule_set, 80, color=True)


# --- the summary as a file ------------------------------------------------------------------


def test_the_summary_says_the_same_in_each_format(desk):
    wanted = wishes(desk, rules="iop", compare="iop-site-example", force=True)
    texts = {}
    for suffix in ("json", "md", "html"):
        path = desk / f"summary.{suffix}"
        screened = batching.screen(replace(wanted, summary=str(path)))
        assert path.stat().st_mode & 0o777 == 0o600
        texts[suffix] = path.read_text(encoding="utf-8")
    found = json.loads(texts["json"])
    assert found == json.loads(json.dumps(summary_json(screened)))
    assert found["rows"] == {"in": 3, "out": 3, "decided": 1, "undecided": 1, "problems": 1}
    assert found["lines"] == {"in": 4, "out": 4, "header": 1, "rows": 3, "blank": 0}
    assert sum(found["recommendations"].values()) == found["rows"]["decided"]
    assert found["assumed"] == [{"question": "immediate_danger", "answer": "no", "rows": 2, "recommendations": 1}]
    assert found["columns"]["questions"]["detox_need"] == "detox_need"
    assert found["call_back"]["steps"][0]["question"] == "condition_type"
    assert found["compared"]["rule_set"]["id"] == "iop-site-example"
    told = {
        name: " ".join(re.sub(r"[|`]|<[^>]+>|&#\d+;", " ", text.replace("\\", "")).split())
        for name, text in texts.items()
    }
    for words in (
        "3 rows in = 3 rows out = 1 decided + 1 undecided + 1 problem",
        "assumed immediate_danger=no on 2 rows",
        "Intensive outpatient program (IOP) iop 1",
        "to settle the 1 undecided row, ask in this order",
        "condition_type 1 1 0",
        "compared with iop-site-example 1.0.0",
        "recent_psychiatric_discharge none: not known in any row",
        "columns that answer no question",
        "A clinician decides",
    ):
        for name in ("md", "html"):
            assert words in told[name], (name, words)


def test_names_of_columns_are_only_words_in_every_format(desk):
    (desk / "calls.csv").write_text("detox_need,<script>|*x*\x1b[1m\nyes,1\n", encoding="utf-8")
    for suffix in ("json", "md", "html"):
        path = desk / f"summary.{suffix}"
        batching.screen(wishes(desk, summary=str(path), force=True))
        text = path.read_text(encoding="utf-8")
        assert "\x1b" not in text
        assert "<script>" not in text or suffix == "json" or "`<script>" in text


def test_a_summary_says_by_its_name_what_it_is(desk):
    for name in ("summary", "summary.txt", "-"):
        with pytest.raises(IopscreenError, match=r"should end in \.json, \.md, \.html"):
            batching.screen(wishes(desk, summary=name))
    assert names(desk) == ["calls.csv"]


# --- what is told, and the exit status ------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "default", "undecided"),
    [("yes\n", 0, 0), ("no\n", 0, 1), ("maybe\n", 1, 1), ("", 0, 0), ("yes\nno\nmaybe\n", 1, 1)],
)
def test_exit_statuses(rows, default, undecided, desk):
    (desk / "calls.csv").write_text("detox_need\n" + rows, encoding="utf-8")
    for run in (batching.screen, lambda wanted: batching.dry_run(wanted)[0]):
        summary = run(wishes(desk, force=True)).summary
        assert cli._batch_exit(summary, cli.BatchFailOn.PROBLEM) == default
        assert cli._batch_exit(summary, cli.BatchFailOn.UNDECIDED) == undecided


def test_the_exit_status_is_that_of_the_option(desk):
    (desk / "calls.csv").write_text("detox_need\nno\n", encoding="utf-8")
    for arguments, status in (((), 0), (("--fail-on", "problem"), 0), (("--fail-on", "undecided"), 1)):
        assert iopscreen("batch", "calls.csv", *arguments, cwd=desk).returncode == status
    assert iopscreen("batch", "calls.csv", "--fail-on", "undecided", "--dry-run", cwd=desk).returncode == 1


@pytest.mark.parametrize(
    "data",
    [
        CALLS.replace("mania", CANARY),
        CALLS.replace("yes", CANARY),
        CALLS + f'4,"{CANARY}\n',
        CALLS + f'4,"{CANARY}" {CANARY},a\n',
        f"{CANARY},{CANARY}\n",
        CALLS + f"4,{CANARY}\n5,mania,no,yes,{CANARY},{CANARY}\n6,\0{CANARY},no,yes,=CMD()\n",
    ],
    ids=["condition", "every-yes", "open", "text-after", "no-header", "odd-rows"],
)
@pytest.mark.parametrize("more", [["--dry-run"], ["--compare", "iop-site-example", "--summary", "s.html"]], ids=len)
def test_no_cell_reaches_stderr_or_a_summary(data, more, desk):
    (desk / "calls.csv").write_text(data, encoding="utf-8")
    done = iopscreen("batch", "calls.csv", "-o", "out.csv", "--problems", "problems.csv", *more, cwd=desk)
    assert CANARY not in done.stderr
    assert "Traceback" not in done.stderr
    if (desk / "s.html").exists():
        assert CANARY not in (desk / "s.html").read_text(encoding="utf-8")


# --- the bar --------------------------------------------------------------------------------

AT_ONCE = "import sys; import iopscreen.report.progress as p; p.PATIENCE = 0; from iopscreen.cli import main; main()"


def test_a_bar_shows_rate_and_time_left_and_takes_nothing_from_a_redirected_stdout(desk):
    rows = "".join(f"{number},mania,no,yes,{'x' * 60}\n" for number in range(20_000))
    (desk / "calls.csv").write_text(HEADER + rows, encoding="utf-8")
    python = [sys.executable, "-c", AT_ONCE, "batch", "calls.csv"]
    for command in ([*python, "-o", "out.csv"], ["/bin/sh", "-c", '"$0" "$@" > out.csv', *python]):
        with Terminal(program=command, cwd=desk, columns=120) as terminal:
            assert terminal.end() == 0
            shown = terminal.raw.decode()
            assert "20,000 rows in = 20,000 rows out" in terminal.text
            assert "a second" not in terminal.text  # it is gone when the file is
        assert re.search(r"[\d,]+ rows, [\d,]+ a second", shown)
        assert re.search(r"\d+%", shown) and "left" in shown
        assert (desk / "out.csv").read_bytes().count(b"\n") == 20_001
        (desk / "out.csv").unlink()


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"ACCESSIBLE": "1"}], ids=str)
def test_no_bar_where_lines_are_never_redrawn(env, desk):
    program = [sys.executable, "-c", AT_ONCE, "batch", "calls.csv", "-o", "out.csv"]
    with Terminal(program=program, cwd=desk, env=env) as terminal:
        assert terminal.end() == 1
        assert b"a second" not in terminal.raw
        assert b"\x1b" not in terminal.raw


def test_rows_on_a_terminal_have_no_bar_between_them(desk):
    with Terminal(program=[sys.executable, "-c", AT_ONCE, "batch", "calls.csv"], cwd=desk) as terminal:
        assert terminal.end() == 1
        assert b"a second" not in terminal.raw


def test_a_header_that_was_meant_is_told_as_it_is_written(tmp_path):
    (tmp_path / "calls.csv").write_text("Detox need,Extra\nyes,1\n")
    done = iopscreen("batch", "calls.csv", "--map", "Detox nead=detox_need", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("there is no column `Detox nead`; did you mean `Detox need`?\n")


def test_one_cell_is_one(tmp_path):
    (tmp_path / "calls.csv").write_text("maybe\nyes\n")
    assert "of 1 cell, names none" in iopscreen("batch", "calls.csv", cwd=tmp_path).stderr


def test_one_column_is_one(tmp_path):
    (tmp_path / "calls.csv").write_text("detox_need\nyes,extra\n")
    assert "long row: 2 cells for 1 column;" in iopscreen("batch", "calls.csv", cwd=tmp_path).stdout


def test_a_dry_run_that_was_to_write_no_file_says_nothing_of_files(desk):
    assert iopscreen("batch", "calls.csv", "--dry-run", cwd=desk).stderr == ""
