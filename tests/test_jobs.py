"""Several processes: byte for byte what one gives, and nothing left behind, whatever happens to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from conftest import RULES
from messy_files import messy_file
from terminal import PATIENCE
from test_fast import Collected, Result, compiled_from, screened

from iopscreen.batch import chunks, fast, jobs, parts, run, workers
from iopscreen.batch import summary as summaries
from iopscreen.batch.chunks import Chunks, record_start
from iopscreen.batch.pattern import Shape
from iopscreen.batch.run import BatchOptions, screen_file
from iopscreen.batch.workers import Gone, Worker
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Kind, Question

HEADER = b"nr,notes,condition_type,detox_need,safe_living_environment\n"


def by_crew(
    folder: Path, data: bytes, options: BatchOptions, count: int = 2, rules: Path = RULES / "iop.yaml"
) -> Result:
    """What several processes make of `data`."""
    (folder / "in.csv").write_bytes(data)
    problems = Collected()
    with (folder / "in.csv").open("rb") as source, (folder / "out.csv").open("wb") as target:
        try:
            summary = screen_file(
                compiled_from(rules),
                source,
                target,
                options,
                name="in.csv",
                problems=problems,
                jobs=count,
            )
        except IopscreenError as error:
            return Result(None, str(error), ())
    return Result((folder / "out.csv").read_bytes(), summary, tuple(problems))


@pytest.fixture
def taken(monkeypatch) -> list[bool]:
    """Of each chunk, whether something of what a process made of it was taken."""
    seen: list[bool] = []
    real = jobs._Hand.parts

    def watched(*arguments, **named):
        taken = False
        for part in real(*arguments, **named):
            taken = True
            yield part
        seen.append(taken)

    monkeypatch.setattr(jobs._Hand, "parts", watched)
    monkeypatch.setattr(fast, "WORTHWHILE", 0)
    return seen


def test_messy_files_come_out_as_by_one(tmp_path, monkeypatch, taken):
    refused = whole = 0
    for seed in range(60):
        random = Random(seed)
        data, encoding = messy_file(random, rows=random.choice([3, 30, 100]))
        options = BatchOptions(encoding=encoding)
        monkeypatch.setattr(chunks, "CHUNK", random.choice([20, 64, 300, 1000]))
        monkeypatch.setattr(chunks, "LOOK", random.choice([4, 40, 400]))
        monkeypatch.setattr(chunks, "CHUNK_OUT", random.choice([1, 3 << 18]))
        monkeypatch.setattr(chunks, "MIN_CHUNK", random.choice([1, 100]))
        monkeypatch.setattr(jobs, "RESULT", random.choice([1, 1 << 20]))
        monkeypatch.setattr(parts, "LONG", random.choice([1, 1 << 19]))
        monkeypatch.setattr(fast, "WINDOW", random.choice([10, 100, 1000]))
        expected = screened(data, options)
        assert by_crew(tmp_path, data, options, random.randint(2, 4)) == expected, seed
        refused += expected.out is None
        whole += expected.out is not None
    assert min(refused, whole, taken.count(True), taken.count(False)) > 1


def open_rows(random: Random, count: int) -> bytes:
    """Rows of a rule set with many questions, of which many are blank: hardly two are open in the same way."""
    rules = RULES / "iop-site-example.yaml"
    questions = compiled_from(rules).rule_set.questions
    lines = [",".join(question.id for question in questions)]
    for _ in range(count):
        made = ["" if random.random() < 0.4 else random.choice(some_answers(question)) for question in questions]
        lines.append(",".join(made))
    return "".join(f"{line}\n" for line in lines).encode()


def some_answers(question: Question) -> list[str]:
    if question.kind in (Kind.ONE, Kind.MANY):
        return [option.id for option in question.options]
    return ["yes", "no"] if question.kind is Kind.YES_NO else [str(question.low), str(question.high)]


@pytest.mark.parametrize("limits", [(5_000, 1_000), (20, 1_000), (5_000, 10), (20, 10)])
def test_the_plan_is_the_same_however_the_rows_are_shared_out(limits, tmp_path, monkeypatch, taken):
    monkeypatch.setattr(parts, "MAX_KINDS", limits[0])
    monkeypatch.setattr(summaries, "MAX_PLANNED", limits[1])
    data = open_rows(Random(6), 150)
    found = []
    for chunk, count in ((400, 2), (1500, 3), (1 << 20, 1)):
        monkeypatch.setattr(chunks, "CHUNK", chunk)
        monkeypatch.setattr(fast, "PART", chunk)
        found.append(by_crew(tmp_path, data, BatchOptions(), count, RULES / "iop-site-example.yaml"))
    assert found[0] == found[1] == found[2]
    assert all(taken)
    plan = found[0].summary.plan
    assert plan.steps and (plan.rows == found[0].summary.undecided) is (limits == (5_000, 1_000))


def rows(count: int, note: str = "called back") -> bytes:
    return b"".join(b"%d,%s,mania,no,yes\n" % (number, note.encode()) for number in range(count))


def test_chunks_of_a_tidy_file_are_all_taken(tmp_path, monkeypatch, taken):
    monkeypatch.setattr(chunks, "CHUNK", 10_000)
    data = HEADER + rows(5000, '"two\nlines"')
    assert by_crew(tmp_path, data, BatchOptions()) == screened(data, BatchOptions())
    assert len(taken) > 10 and all(taken)


def test_a_quote_full_of_rows_costs_time_and_nothing_else(tmp_path, monkeypatch, taken):
    """What stands in quotes looks like rows, over several chunks."""
    monkeypatch.setattr(chunks, "CHUNK", 2000)
    data = HEADER + rows(500) + b'x,"' + rows(500) + b'",mania,no,yes\n' + rows(500)
    assert by_crew(tmp_path, data, BatchOptions()) == screened(data, BatchOptions())
    assert True in taken[taken.index(False) :]


@pytest.mark.parametrize("at", [10, 2500, 4990])
def test_a_refusal_names_the_line_that_one_would_name(at, tmp_path, monkeypatch, taken):
    monkeypatch.setattr(chunks, "CHUNK", 5000)
    data = HEADER + rows(at) + b'x,"never closed,mania,no,yes\n' + rows(5000 - at)
    done = by_crew(tmp_path, data, BatchOptions())
    assert done == screened(data, BatchOptions())
    assert f"in.csv:{at + 2}: the quote opened on this line" in done.summary


def test_problems_come_in_order_and_have_their_lines(tmp_path, monkeypatch, taken):
    monkeypatch.setattr(chunks, "CHUNK", 1000)
    data = HEADER + (rows(40) + b'1,"two\nlines",maybe,no,yes\n') * 20
    done = by_crew(tmp_path, data, BatchOptions())
    assert [problem.line for problem in done.problems] == [42 + 42 * index for index in range(20)]
    assert all(taken)


def test_more_than_fits_into_a_slot(tmp_path, monkeypatch, taken):
    monkeypatch.setattr(workers, "SLOT", 4096)
    monkeypatch.setattr(chunks, "CHUNK", 1000)
    monkeypatch.setattr(chunks, "LOOK", 100)
    data = HEADER + rows(400)
    assert by_crew(tmp_path, data, BatchOptions()) == screened(data, BatchOptions())
    assert len(taken) > 5 and all(taken)


def test_a_chunk_is_taken_up_to_a_record_that_goes_beyond_it(tmp_path, monkeypatch, taken):
    """Where much comes of it, in several parts: the next chunk seems to begin within a quote."""
    monkeypatch.setattr(chunks, "CHUNK", 3000)
    monkeypatch.setattr(chunks, "LOOK", 200)
    monkeypatch.setattr(fast, "WINDOW", 300)
    monkeypatch.setattr(fast, "PART", 300)
    data = HEADER + rows(200) + b'x,"' + rows(100) + b'",mania,no,yes\n' + rows(200)
    expected = screened(data, BatchOptions())
    found = []
    for at_once in (1, 1 << 20):
        monkeypatch.setattr(jobs, "RESULT", at_once)
        taken.clear()
        assert by_crew(tmp_path, data, BatchOptions()) == expected
        found.append(taken.count(False))
    assert 0 < found[0] < found[1]


def test_chunks_are_small_where_much_comes_of_them(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(HEADER)
    with path.open("rb") as file:
        cut = Chunks(file.fileno(), 100, 10**9, Shape(b",", b"\n", 5))
        steps = [cut.behind(100_100, out).step for out in (0, 100_000, 1_000_000, 10**9)]
    assert steps == [chunks.CHUNK, chunks.CHUNK, 100_000 * chunks.CHUNK_OUT // 1_000_000, chunks.MIN_CHUNK]
    assert cut.behind(100_100, 10**9).begin == 100_100


def test_one_process_where_others_cannot_be_started(tmp_path, monkeypatch):
    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    data = HEADER + rows(50)
    assert by_crew(tmp_path, data, BatchOptions()) == screened(data, BatchOptions())


def test_how_many(monkeypatch):
    monkeypatch.setattr(jobs, "processors", lambda: 8)
    assert [jobs.jobs_for(None, size) for size in (0, jobs.LARGE - 1, jobs.LARGE)] == [1, 1, 8]
    assert [jobs.jobs_for(wanted, 10**9) for wanted in (1, 2, 1000)] == [1, 2, jobs.MAX_JOBS]
    assert jobs.processors() >= 1


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (b"ne\n1,a\n2,b\n", 3),
        (b"\n1,a\n2,b\n3,c\n4,d\n", 1),
        (b"x\r\n1,a\r\n", 3),
        (b'te\nmore note"\n1,a\n2,b\n3,c\n', 14),
        (b'te\nmore note"\n\n1,a\n\n2,b\n\n3,c\n', 14),
        (b"no end", None),
        (b"no whole end\r", None),
        (b"a,b,c\nd,e,f\ng,h,i\n", 6),
    ],
)
def test_where_a_record_probably_begins(text, start):
    assert record_start(text, Shape(b",", b"\r\n" if b"\r" in text else b"\n", 2)) == start


def test_every_byte_is_in_one_chunk(tmp_path, monkeypatch):
    path = tmp_path / "in.csv"
    path.write_bytes(HEADER + rows(300))
    for size in (100, 101, 997, 10**6):
        monkeypatch.setattr(chunks, "CHUNK", size)
        monkeypatch.setattr(chunks, "LOOK", 90)
        with path.open("rb") as file:
            cut = Chunks(file.fileno(), len(HEADER), path.stat().st_size, Shape(b",", b"\n", 5))
            starts = [cut.start(chunk) for chunk in range(cut.count + 1)]
        assert starts == sorted(starts)
        assert (starts[0], starts[-1]) == (len(HEADER), path.stat().st_size)


# --- as a user sees it ------------------------------------------------------------------------

LARGE = 400_000
"""Rows for about a second of work and more."""


@pytest.fixture(scope="module")
def large_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("large") / "calls.csv"
    path.write_bytes(HEADER + rows(LARGE, "CANARY"))
    return path


@pytest.fixture(scope="module")
def file_of_chunks(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("chunks") / "calls.csv"
    path.write_bytes(HEADER + rows(LARGE // 4))
    assert path.stat().st_size > 3 * chunks.CHUNK
    return path


JOBS = 3


def start(source: Path, target: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "iopscreen", "batch", str(source), "-o", str(target), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def when_working(process: subprocess.Popen[bytes], folder: Path) -> list[int]:
    """Wait until its processes have begun to write; their ids."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        parts = list(folder.glob(".*.part"))
        if parts and parts[0].stat().st_size > 0 and len(children(process)) == JOBS:
            return children(process)
        time.sleep(0.002)
    raise AssertionError("it did not begin")


def gone(number: int) -> bool:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        status = Path(f"/proc/{number}/stat")
        if not status.exists() or ") Z " in status.read_text():
            return True
        time.sleep(0.01)
    return False


def everyone(process, workers):
    os.killpg(process.pid, signal.SIGINT)


def main_only(process, workers):
    os.kill(process.pid, signal.SIGTERM)


def whole_group(process, workers):
    os.killpg(process.pid, signal.SIGTERM)


def one_worker(process, workers):
    os.kill(workers[0], signal.SIGKILL)


def main_brutally(process, workers):
    os.kill(process.pid, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize(
    ("kill", "code"),
    [(everyone, 130), (main_only, 143), (whole_group, 143), (one_worker, 2), (main_brutally, -9)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_whoever_is_killed_nothing_is_left(kill, code, large_file, tmp_path):
    process = start(large_file, tmp_path / "out.csv", "--jobs", str(JOBS))
    workers = when_working(process, tmp_path)
    kill(process, workers)
    out, told = process.communicate(timeout=600)
    assert process.returncode == code
    assert all(map(gone, workers))
    assert not (tmp_path / "out.csv").exists()
    assert out == b"" and b"Traceback" not in told and b"CANARY" not in told
    if kill is not main_brutally:
        assert list(tmp_path.iterdir()) == []
    if kill is everyone:
        assert told == b"interrupted: nothing was written\n"
    if kill is one_worker:
        assert b"was ended from outside" in b" ".join(told.split()) and b"--jobs 1" in told


def peak(number: int) -> float:
    """MiB of a process, at most so far."""
    status = Path(f"/proc/{number}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM:" in status else 0


WIDE = ",".join(["nr,notes,condition_type,detox_need,safe_living_environment", *(f"c{n}" for n in range(500))]) + "\n"
ODD_FILES = {
    "short": HEADER + rows(20_000) + b"x\n" * 60_000,
    "blank": WIDE.encode() + b"\n" * 200_000,
    "short and blank": WIDE.encode() + b"x\n\n" * 30_000,
    "without answers": HEADER + b",,,,\n" * 200_000,
}
"""Of each, one process or one of two would take 65 to 550 MiB, were it not looked how much comes of a line."""


@pytest.fixture(params=["tidy", *ODD_FILES])
def any_file(request, large_file, tmp_path) -> Path:
    if request.param == "tidy":
        return large_file
    (tmp_path / "in.csv").write_bytes(ODD_FILES[request.param])
    return tmp_path / "in.csv"


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("count", ["1", "2"])
def test_no_process_takes_more_than_64_mib(any_file, count, tmp_path):
    process = start(any_file, tmp_path / "out.csv", "--jobs", count, "--problems", str(tmp_path / "problems.csv"))
    peaks = [0.0]
    while process.poll() is None:
        with suppress(OSError):
            peaks += map(peak, [process.pid, *children(process)])
        time.sleep(0.01)
    process.communicate(timeout=600)
    assert process.returncode in (0, 1)
    assert 10 < max(peaks) < 64


def test_at_whatever_moment_it_is_interrupted(file_of_chunks, tmp_path):
    """The output is whole or not there; the moments are spread over a run, from when a file is begun."""
    began = time.monotonic()
    whole = start(file_of_chunks, tmp_path / "whole.csv", "--jobs", "2")
    whole.communicate(timeout=600)
    took = time.monotonic() - began
    expected = (tmp_path / "whole.csv").stat().st_size
    for share in (0.05, 0.2, 0.4, 0.6, 0.8, 1):
        process = start(file_of_chunks, tmp_path / "out.csv", "--jobs", "2", "--force")
        # Before the program runs Python itself would take the signal, and say so in its own way.
        while process.poll() is None and not list(tmp_path.glob(".out.csv.*")):
            time.sleep(0.001)
        time.sleep(took * share)
        workers = children(process) if process.poll() is None else []
        if process.poll() is None:
            everyone(process, workers)
        _, told = process.communicate(timeout=600)
        assert all(map(gone, workers)) and b"Traceback" not in told
        left = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
        del left["whole.csv"]
        assert left in ([{"out.csv": expected}] if process.returncode == 0 else [{}, {"out.csv": expected}])
        assert process.returncode in (0, 130, -signal.SIGINT)
        (tmp_path / "out.csv").unlink(missing_ok=True)


@pytest.mark.parametrize("mode", [(), ("-X", "dev", "-W", "ignore")])
def test_a_full_disk_is_told_once(mode, file_of_chunks):
    """In development mode every Python says, as newer ones always do, when a buffer fails as it goes away."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, *mode, "-m", "iopscreen", "batch", str(file_of_chunks), "--jobs", "2"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=600)
    assert (done.returncode, done.stderr) == (2, b"error: stdout: cannot be written: no space left on device\n")


def test_whoever_reads_may_stop(file_of_chunks):
    command = f"{sys.executable} -m iopscreen batch {file_of_chunks} --jobs 2 | head -c 1000000 | wc -c"
    done = subprocess.run(command, shell=True, capture_output=True, check=False, timeout=600)
    assert (done.stdout.strip(), done.stderr) == (b"1000000", b"")


def test_stdout_and_a_file_and_one_process_are_the_same(file_of_chunks, tmp_path):
    def out(*options: str) -> bytes:
        command = [sys.executable, "-m", "iopscreen", "batch", str(file_of_chunks), *options]
        return subprocess.run(command, capture_output=True, check=True, timeout=600).stdout

    one, two = out("--jobs", "1"), out("--jobs", "2")
    assert one == two and one.count(b"\n") == LARGE // 4 + 1
    written = start(file_of_chunks, tmp_path / "out.csv", "--jobs", "2")
    written.communicate(timeout=600)
    assert written.returncode == 0
    assert (tmp_path / "out.csv").read_bytes() == one
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600


# --- the processes themselves -----------------------------------------------------------------


def test_a_worker_that_fails_is_silent_and_seen(capfd):
    def fails(orders, results):
        results.send("one")
        raise ZeroDivisionError

    worker = Worker(fails, ())
    assert worker.results.receive() == "one"
    with pytest.raises(Gone):
        worker.results.receive()
    worker.end()
    worker.end()
    assert capfd.readouterr() == ("", "")


def test_a_worker_ends_when_nobody_listens():
    def endless(orders, results):
        while True:
            results.send(b"x" * 100_000)

    worker = Worker(endless, ())
    worker.results.receive()
    number = worker._id
    worker.orders.keep()
    worker.results.keep()
    assert gone(number)
    worker.end()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "damage", [lambda out: out[1:], lambda out: [*out, out[-1]], lambda out: [out[0][1:], *out[1:]]]
)
def test_what_is_lost_or_doubled_on_its_way_to_the_file_is_noticed(damage, count, tmp_path, monkeypatch, taken):
    real = run._Run.add
    parts = iter(range(1000))

    def damaging(self, part, progress=None):
        if next(parts) == 3:
            part.out = damage(part.out)
        real(self, part, progress)

    monkeypatch.setattr(run._Run, "add", damaging)
    monkeypatch.setattr(chunks, "CHUNK", 500)
    monkeypatch.setattr(chunks, "LOOK", 100)
    monkeypatch.setattr(fast, "WINDOW", 500)
    monkeypatch.setattr(fast, "PART", 500)
    result = by_crew(tmp_path, HEADER + rows(300), BatchOptions(), count)
    assert (result.out, "not every row was accounted for" in result.summary) == (None, True)
    assert next(parts) > 4
    assert any(taken) is (count > 1)


def test_a_result_that_is_handed_over_in_part_is_noticed(tmp_path, monkeypatch, taken):
    real = workers.Slots.put
    monkeypatch.setattr(workers.Slots, "put", lambda self, number, parts: real(self, number, parts) - 1)
    monkeypatch.setattr(chunks, "CHUNK", 500)
    monkeypatch.setattr(chunks, "LOOK", 100)
    result = by_crew(tmp_path, HEADER + rows(300), BatchOptions())
    assert (result.out, "not every row was accounted for" in result.summary) == (None, True)
    assert any(taken)


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_added_to_a_file_while_it_is_read_is_read_too(count, tmp_path, monkeypatch):
    """Also what comes after all else was read: it is in the next run's."""
    monkeypatch.setattr(chunks, "CHUNK", 500)
    monkeypatch.setattr(chunks, "LOOK", 100)
    path = tmp_path / "in.csv"
    path.write_bytes(HEADER + rows(300))
    told = iter(range(1000))

    def grow(*_):
        if next(told) in (2, 5):
            with path.open("ab") as more:
                more.write(b"1,,mania,no,yes\n")

    real = run._Run.check

    def checked(self, *arguments):
        with path.open("ab") as more:
            more.write(b"2,,mania,no,yes\n")
        real(self, *arguments)

    monkeypatch.setattr(run._Run, "check", checked)
    compiled = compiled_from(RULES / "iop.yaml")
    with path.open("rb") as source, (tmp_path / "out.csv").open("wb") as target:
        summary = screen_file(compiled, source, target, BatchOptions(), name="in.csv", progress=grow, jobs=count)
    out = (tmp_path / "out.csv").read_bytes()
    added = out.count(b"\n1,,mania,no,yes,")
    assert (summary.rows, added, out.count(b"\n2,,mania")) == (300 + added, 2 if count > 1 else 0, 0)
