"""Loads far beyond a day's work, through the command line: nothing is lost, and what comes out is right.

    python tests/benchmarks/load.py [--only NAME ...] [--scale 0.01]

rows: ten million calls through `batch`. rules: a set of 5,000 rules through every command. questions: a
set of 200 questions, asked one after the other in a terminal. records: 100,000 of them verified, some
damaged. walks: ten thousand interviews with answers of every kind, with corrections; some in a terminal.

Every result is checked, otherwise than it was made: bytes against the input, rules against a plain first
match, interviews and records against decisions on all answers. Times are whole processes'; memory is that of
a process and all that it started, together. Install the package (not editable), so that it is compiled,
with `pexpect` and `pyte` for the terminals.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import form
import tables
from calls import write_calls
from differential import Site, recorded
from oracle import fate_of
from random_rule_sets import made, random_answers

from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.ruleset.model import Answer, Answers, Kind, RuleFile, RuleSet, Unanswered
from iopscreen.ruleset.reader import read_rule_file
from iopscreen.ruleset.shipped import locate
from iopscreen.ruleset.values import answer_json, answer_text
from iopscreen.screen.interview import Ask, Interview, answered, next_step, stand
from iopscreen.screen.page import ENTER, Page, Pressed
from iopscreen.screen.record import Call, Status
from iopscreen.screen.session import Held, hold
from iopscreen.screen.words import Command

HERE = Path(__file__).resolve().parent
OURS = (sys.executable, "-m", "iopscreen")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "NO_COLOR")}
LOOK = 0.05
"""Seconds between two looks at the memory of a process."""


# --- a command, measured --------------------------------------------------------------------


class Done(NamedTuple):
    """A command: its exit status and output, seconds by the clock and of processors, MiB of all its processes."""

    status: int
    out: str
    seconds: float
    work: float
    memory: float

    def __str__(self) -> str:
        return f"{self.seconds:,.1f} s ({self.work:,.1f} s of work), {self.memory:,.0f} MiB"


def run(*command: str, status: tuple[int, ...] = (0,), cwd: Path) -> Done:
    """Run a command; its exit status must be one of `status`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, memory = time.perf_counter(), 0.0
    with (cwd / "stdout").open("wb") as out, (cwd / "stderr").open("wb") as errors:
        process = subprocess.Popen(command, cwd=cwd, env=ENVIRONMENT, stdout=out, stderr=errors)
        while process.poll() is None:
            memory = max(memory, memory_of(process.pid))
            time.sleep(LOOK)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    told = (cwd / "stderr").read_text("utf-8")
    assert process.returncode in status, f"{command}: exit status {process.returncode}\n{told[-2000:]}"
    assert "Traceback" not in told and "a fault in iopscreen" not in told, told
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Done(process.returncode, (cwd / "stdout").read_text("utf-8"), seconds, work, memory)


def memory_of(number: int) -> float:
    """MiB that a process and its children take together, shared pages once (0 where the system does not tell)."""
    folder = Path(f"/proc/{number}")
    try:
        children = (folder / f"task/{number}/children").read_text().split()
        pages = re.search(r"^Pss: +(\d+)", (folder / "smaps_rollup").read_text(), re.M)
    except OSError:  # it has just ended
        return 0
    return (int(pages[1]) / 1024 if pages else 0) + sum(memory_of(int(child)) for child in children)


def tell(what: str, done: Done, count: int = 0, unit: str = "") -> None:
    """A line with what a command took."""
    rate = f", {count / done.seconds:,.0f} {unit}/s" if count else ""
    print(f"  {what}: {done}{rate}", flush=True)


# --- ten million rows -----------------------------------------------------------------------

PLAIN = {"yes": "yes", "no": "no", "No": "no", "YES": "yes", "Y": "yes", "n": "no", "no ": "no", " yes": "yes"}
ADDED = 8


def rows(folder: Path, scale: float) -> None:
    """A messy file through `batch`, by all processors and by one."""
    count = max(10_000, round(10_000_000 * scale))
    source, rules = folder / "calls.csv", HERE / "batch-rules.yaml"
    write_calls(source, count, messy=True)
    digests = set()
    for name, jobs in (("all processors", str(os.cpu_count())), ("one process", "1")):
        files = ("-o", "out.csv", "--summary", "summary.json", "--force")
        command = (*OURS, "batch", str(source), "--rules", str(rules), "--jobs", jobs, *files)
        done = run(*command, status=(0, 1), cwd=folder)
        tell(f"{count:,} messy rows ({source.stat().st_size / 1e6:,.0f} MB), {name}", done, count, "rows")
        with (folder / "out.csv").open("rb") as out:
            digests.add(hashlib.file_digest(out, "sha256").hexdigest())
    assert len(digests) == 1, "several processes write something else than one"
    same_lines(source, folder / "out.csv")
    told = counted(source, folder / "out.csv", count)
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["rows"]["in"] == summary["rows"]["out"] == count == told.total()
    assert (summary["rows"]["problems"], summary["rows"]["undecided"]) == (told["error"], told["undecided"])
    assert {name: number for name, number in summary["recommendations"].items() if number} == {
        name: number for name, number in told.items() if name not in ("error", "undecided")
    }
    tried = first_matches(read_rule_file(str(rules)).rule_set, folder / "out.csv", count)
    print(f"    no line lost or changed, all rows counted again, {tried:,} decided again by a plain first match")


def same_lines(source: Path, target: Path) -> None:
    """Every line comes out in its place, with something behind it or nothing, as it went in."""
    with source.open("rb") as before, target.open("rb") as after:
        for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
            assert new.startswith(old.rstrip(b"\r\n")), f"line {number} is not what it was"


def counted(source: Path, target: Path, count: int) -> Counter[str]:
    """What the rows of a screened file recommend: an error where a cell is no answer or is not there, else none."""
    told: Counter[str] = Counter()
    with source.open(newline="", encoding="utf-8") as before, target.open(newline="", encoding="utf-8") as after:
        both = zip(csv.reader(before), csv.reader(after), strict=True)
        width = len(next(both)[0])
        for number, (old, new) in enumerate(both):
            assert new[0] == str(number) and new[: len(old)] == old, f"row {number} is not what it was"
            assert (new[-ADDED] == "error") == (len(old) < width or "maybe" in old), f"row {number}"
            told[new[-ADDED]] += 1
    assert told.total() == count
    return told


def first_matches(rule_set: RuleSet, path: Path, count: int) -> int:
    """Decide some of the rows again that answer everything in plain words; how many."""
    each, tried = max(1, count // 20_000), 0
    with path.open(newline="", encoding="utf-8") as file:
        for row in islice(csv.DictReader(file), 0, None, each):
            profile = plain_answers(row)
            if profile is not None and row["recommendation"] != "error":
                fate = fate_of(rule_set, profile)
                assert (row["recommendation"], row["rule"]) == (fate.outcome, fate.rule), row["id"]
                tried += 1
    assert tried > count / each / 10
    return tried


def plain_answers(row: Mapping[str, str]) -> dict[str, object] | None:
    """The answers of a row, where each is plainly given."""
    conditions = row["condition_type"].replace("Bipolar 1", "bipolar_1").split(";")
    yes_no = {name: PLAIN.get(row[name]) for name in row if name in YES_NO}
    numbers = (row["age"], row["days_since_discharge"])
    given = all(yes_no.values()) and all(number.isdigit() for number in numbers)
    if not given or not set(conditions) <= CONDITIONS:
        return None
    return {
        **yes_no,
        "condition_type": tuple(conditions),
        "age": int(numbers[0]),
        "days_since_discharge": int(numbers[1]),
    }


YES_NO = ("detox_need", "safe_living_environment", "recent_psychiatric_discharge")
CONDITIONS = {"mania", "self_harm", "chemical_dependency", "bipolar_1", "bipolar_2", "other", "eating_disorder"}


# --- five thousand rules --------------------------------------------------------------------

BUDGET = ("--budget", "600")
"""Verdicts shall not hang on how busy the machine is."""


def rules(folder: Path, scale: float) -> None:
    """A large table through every command."""
    count = max(50, round(5000 * scale))
    table = tables.tree(count, 10)
    (folder / "rules.yaml").write_text(table.text, encoding="utf-8")
    (folder / "new.yaml").write_text(tables.edited(table.text), encoding="utf-8")
    found = audit_of_many(folder, table, count)
    for ending in ("text", "html"):
        name = f"diff, {count:,} rules, {ending}"
        tell(name, run(*OURS, "diff", "rules.yaml", "new.yaml", *BUDGET, "--format", ending, cwd=folder))
    diff_of_many(folder)
    for ending in ("table", "markdown", "html", "mermaid", "json"):
        done = run(*OURS, "show", "rules.yaml", "--format", ending, cwd=folder)
        tell(f"show, {count:,} rules, {ending}, {len(done.out) / 1e6:.1f} MB", done)
        if ending != "mermaid":  # which draws the beginning of what is too large
            named = set(re.findall(r"\br(\d+)\b", done.out))
            missing = [number for number in range(count) if str(number) not in named]
            assert not missing, f"show --format {ending} leaves out rule r{missing[0]}"
    rows_of_many(folder, table, found)


def audit_of_many(folder: Path, table: tables.Made, count: int) -> set[str]:
    """The audit, and the rules that it says are unreachable."""
    done = run(*OURS, "audit", "rules.yaml", *BUDGET, "--format", "json", status=(0, 1), cwd=folder)
    tell(f"audit, {count:,} rules", done)
    told = json.loads(done.out)
    [facts] = told["rule_sets"]
    assert told["complete"] and sum(facts["outcomes"].values()) == facts["profiles"]
    found = [finding for finding in told["findings"] if finding["name"] == "unreachable-rule"]
    rules_of = [re.findall(r"`(r\d+)`", finding["message"])[0] for finding in found]
    gap = [finding["witness"] for finding in told["findings"] if finding["name"] == "gap"]
    assert all(first_row(table, witness) is None for witness in gap)
    print(f"    {len(rules_of)} unreachable, {len(gap)} gap with its witness, {facts['profiles']:,} profiles counted")
    return set(rules_of)


def first_row(table: tables.Made, answers: Mapping[str, object]) -> int | None:
    """The first row that these answers match; an answer that may be any is the lowest."""
    values = [value_of(column, answers[column.name]) for column in table.columns]
    return next((at for at, (row, _) in enumerate(table.rows) if all(values[c] in row[c] for c in row)), None)


def value_of(column: tables.Column, answer: object) -> int:
    return 0 if answer == "any" else int(str(answer).removeprefix(f"{column.name}v"))


def diff_of_many(folder: Path) -> None:
    """The one rule that was edited, and a caller for whom it changes something."""
    told = json.loads(run(*OURS, "diff", "rules.yaml", "new.yaml", *BUDGET, "--format", "json", cwd=folder).out)
    assert told["identical"] is False and told["changed"] == sum(one["changed"] for one in told["transitions"])
    for region in (region for one in told["transitions"] for region in one["regions"]):
        assert region["old"]["rule"] == region["new"]["rule"]
        assert region["old"]["outcome"] != region["new"]["outcome"]
    print(f"    {told['changed']:,} profiles change, all by the rule that was edited")


def rows_of_many(folder: Path, table: tables.Made, unreachable: set[str]) -> None:
    """Random callers through `batch`: each is decided by the first row that matches."""
    random, count = Random("callers"), 20_000
    callers = [
        {
            c.name: random.randrange(c.size) if c.number else f"{c.name}v{random.randrange(c.size)}"
            for c in table.columns
        }
        for _ in range(count)
    ]
    screened = through_batch(folder, "rules.yaml", callers, f"batch by {len(table.rows):,} rules")
    for caller, row in zip(callers, screened, strict=True):
        at = first_row(table, caller)
        assert row["rule"] == ("" if at is None else f"r{at}")
        assert row["recommendation"] == ("no_rule" if at is None else tables.OUTCOMES[table.rows[at][1]])
    assert not unreachable & {row["rule"] for row in screened}
    print(f"    {count:,} callers decided by the first row that matches")


def through_batch(folder: Path, rules: str, callers: Sequence[Mapping[str, object]], what: str) -> list[dict[str, str]]:
    """The rows that come of `callers`."""
    with (folder / "callers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(callers[0]))
        writer.writeheader()
        writer.writerows(callers)
    done = run(*OURS, "batch", "callers.csv", "--rules", rules, "-o", "screened.csv", "--force", cwd=folder)
    tell(what, done, len(callers), "rows")
    with (folder / "screened.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- two hundred questions ------------------------------------------------------------------


def questions(folder: Path, scale: float) -> None:
    """A long form: asked to the end in a terminal, screened, audited, drawn."""
    count = max(20, round(200 * scale))
    (folder / "form.yaml").write_text(form.text(count), encoding="utf-8")
    file = read_rule_file(str(folder / "form.yaml"))
    random = Random("form")
    callers = [{q.id: some_answer(random, q) for q in file.rule_set.questions} for _ in range(10_000)]
    texts = [{name: answer_text(answer) for name, answer in caller.items()} for caller in callers]
    screened = through_batch(folder, "form.yaml", texts, f"batch, {count} questions, {len(file.rule_set.rules)} rules")
    for caller, row in zip(callers, screened, strict=True):
        fate = fate_of(file.rule_set, caller)
        assert (row["recommendation"], row["rule"]) == (fate.outcome, fate.rule)
    print(f"    {len(callers):,} callers decided by the first rule that matches")
    done = run(*OURS, "audit", "form.yaml", *BUDGET, "--format", "json", status=(0, 1), cwd=folder)
    tell(f"audit, {count} questions", done)
    assert json.loads(done.out)["complete"]
    for ending in ("table", "html", "json"):
        tell(f"show, {count} questions, {ending}", run(*OURS, "show", "form.yaml", "--format", ending, cwd=folder))
    long_call(folder, file, count)


def some_answer(random: Random, question) -> Answer:
    """An answer that is seldom out of the ordinary."""
    alarming = random.random() < 0.01
    match question.kind:
        case Kind.YES_NO:
            return "yes" if alarming else "no"
        case Kind.ONE:
            return question.options[-1 if alarming else 0].id
        case Kind.MANY:
            return (question.options[-1 if alarming else 0].id,)
        case Kind.WHOLE_NUMBER:
            return question.high if alarming else question.low + random.randrange(3)


def long_call(folder: Path, file: RuleFile, count: int) -> None:
    """A caller with nothing to report is asked everything, key by key."""
    from terminal import Terminal

    times: list[float] = []
    command = [*OURS, "screen", "--rules", "form.yaml", "--save", "long.json"]
    with Terminal(program=command, lines=50, cwd=folder, env={"PYTHONPATH": ""}) as terminal:
        terminal.child.delaybeforesend = None
        terminal.until("question 1 of", "note")
        for number, question in enumerate(file.rule_set.questions, start=1):
            time.sleep(0.15)  # a person: keys that come too early are thrown away
            ends = f"question {number + 1} of" if number < count else "Read back"
            start = time.perf_counter()
            for keys, shown in keys_of(question, ends):
                terminal.send(keys).until(shown)
            times.append(time.perf_counter() - start)
        time.sleep(0.5)
        terminal.send("y")  # Enter did something last
        assert terminal.end() == 0
    record = json.loads((folder / "long.json").read_text("utf-8"))
    assert record["status"] == "finished" and len(record["answers"]) == count
    fate = fate_of(
        file.rule_set, {name: tuple(a) if isinstance(a, list) else a for name, a in record["answers"].items()}
    )
    assert (record["decision"]["recommendation"], record["decision"]["rule"]) == (fate.outcome, fate.rule)
    run(*OURS, "verify", "long.json", "--rules", "form.yaml", cwd=folder)
    middle, most = statistics.median(times) * 1000, max(times) * 1000
    print(f"  a call of {count} questions: key to next question {middle:.0f} ms, at most {most:.0f} ms; it verifies")


def keys_of(question, ends: str) -> list[tuple[str, str]]:
    """The keys that give the ordinary answer, and what the screen shows after each."""
    match question.kind:
        case Kind.YES_NO:
            return [("n", ends)]
        case Kind.ONE:
            return [("1", ends)]
        case Kind.MANY:
            return [("1", "[x] 1"), ("\r", ends)]
        case Kind.WHOLE_NUMBER:
            return [("0", "Number: 0"), ("\r", ends)]


# --- a hundred thousand records -------------------------------------------------------------


def records(folder: Path, scale: float) -> None:
    """Records of which one in a thousand is damaged: these do not hold, and all others do."""
    count = max(500, round(100_000 * scale))
    file = read_rule_file(locate("iop"))
    site = Site(file, compile_rule_set(file.rule_set), ())
    random = Random("records")
    kept = [recorded(site, heard) for heard in distinct(site.compiled, random, count // 25)]
    names, damaged = [], set()
    for number in range(count):
        names.append(f"r/{number:06}.json")
        data = kept[number % len(kept)]
        if number % 1000 == 7:
            damaged.add(names[-1])
            data = damage(random, data)
        path = folder / names[-1]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    # Some are damaged so that they are no record any more.
    done = run(*OURS, "verify", "r", "--format", "json", status=(0, 1, 2), cwd=folder)
    tell(f"{count:,} records verified", done, count, "records")
    told = json.loads(done.out)
    assert [one["path"] for one in told["records"]] == names
    assert told["verified"] + told["failed"] + told["refused"] == count
    failed = {one["path"] for one in told["records"] if not one["verified"]}
    assert failed == damaged, sorted(failed ^ damaged)[:3]
    print(f"    the {len(damaged)} that were damaged do not hold, and all others do")


def distinct(compiled: Compiled, random: Random, count: int) -> Iterator[Answers]:
    """The answers that count at the end of interviews of different callers."""
    for _ in range(count):
        answers = random_answers(random, compiled.rule_set, random.choice([1.0, 0.8, 0.5]))
        interview = Interview(compiled)
        while isinstance(step := next_step(interview), Ask):
            interview = answered(interview, step.question.id, answers.get(step.question.id, Unanswered.UNKNOWN))
        yield stand(interview).answers


def damage(random: Random, data: bytes) -> bytes:
    """A record with one letter or digit changed in what was said or decided."""
    start = data.index(b'"started"')
    while True:
        at = random.randrange(start, len(data))
        if chr(data[at]).isalnum():
            return data[:at] + (b"7" if data[at : at + 1] != b"7" else b"3") + data[at + 1 :]


# --- ten thousand interviews ----------------------------------------------------------------

SETS = 40
"""Random rule sets, beside the shipped ones."""


def walks(folder: Path, scale: float) -> None:
    """Interviews as the session holds them, and as a terminal does: each record verified, each result right."""
    count = max(200, round(10_000 * scale))
    done = run(sys.executable, str(HERE / "load.py"), "--hold", str(folder), str(count), cwd=folder)
    held = json.loads(done.out)
    tell(f"{count:,} interviews of {len(held['records'])} rule sets", done, count, "interviews")
    assert held["ended"] == count
    for name, number in held["records"].items():
        told = json.loads(run(*OURS, "verify", name, "--rules", f"{name}.yaml", "--format", "json", cwd=folder).out)
        assert told["verified"] == number
    print(
        f"    {held['pages']:,} pages, {held['back']:,} steps back; all records verify, and say what all answers decide"
    )
    in_a_terminal(folder, max(2, round(50 * scale)))


class Coordinator:
    """Answers as one caller would, and goes back now and then. An answer that cannot be becomes "don't know"."""

    def __init__(self, answers: Answers, random: Random) -> None:
        self.answers = dict(answers)
        self.random = random
        self.held: Held | None = None
        self.asked_of: Interview | None = None
        self.pages = 0
        self.back = 0

    def keep(self, held: Held) -> None:
        self.held = held

    def say(self, *_lines: object) -> None:
        """Nobody reads it."""

    def write(self, _title: str) -> str:
        raise AssertionError("no note was begun")

    def ask(self, page: Page) -> Pressed:
        self.pages += 1
        assert self.held is not None
        step, offered = next_step(self.held.interview), [key.result for key in page.keys]
        if not isinstance(step, Ask):
            assert Command.FINISH in offered
            return Pressed(Command.FINISH, key=ENTER)
        if Command.BACK in offered and self.random.random() < 0.1:
            self.back += 1
            return Pressed(Command.BACK, (), "b")
        if self.asked_of is self.held.interview:  # the answer was not taken
            self.answers[step.question.id] = Unanswered.UNKNOWN
        self.asked_of = self.held.interview
        answer = self.answers.get(step.question.id, Unanswered.UNKNOWN)
        number = step.question.kind is Kind.WHOLE_NUMBER and not isinstance(answer, Unanswered)
        return Pressed(str(answer) if number else answer)


def hold_many(folder: Path, count: int) -> None:
    """What `walks` measures: interviews, each compared with the decision on all answers, and its record written."""
    random, told, written = Random("walks"), Counter[str](), Counter[str]()
    sites = list(rule_sets(folder))
    for number in range(count):
        name, file, compiled = sites[number % len(sites)]
        caller = random_answers(random, file.rule_set, random.choice([1.0, 0.9, 0.5]))
        coordinator = Coordinator(caller, random)
        start = Held(Interview(compiled), Call(Status.UNFINISHED, "2026-11-24T10:00:00+00:00"))
        ended = hold(start, coordinator, lambda: "2026-11-24T10:00:01+00:00", coordinator.keep)
        heard = dict(stand(ended.interview).answers)
        check_outcome(compiled, heard, {**coordinator.answers, **heard})
        (folder / name).mkdir(exist_ok=True)
        (folder / name / f"{number:06}.json").write_bytes(recorded(Site(file, compiled, ()), heard))
        told.update(ended=ended.call.status is Status.FINISHED, pages=coordinator.pages, back=coordinator.back)
        written[name] += 1
    print(json.dumps({**told, "records": written}))


def check_outcome(compiled: Compiled, heard: Answers, everything: Answers) -> None:
    """What was not asked cannot matter. Where answers exclude one another, it may leave fewer callers, or none."""
    possible = decide(compiled, heard).possible
    try:
        right = decide(compiled, everything).possible
    except ImpossibleAnswers:
        assert compiled.rule_set.impossible
    else:
        assert possible == right or (compiled.rule_set.impossible and set(right) <= set(possible))


def rule_sets(folder: Path) -> Iterator[tuple[str, RuleFile, Compiled]]:
    """The shipped rule sets and random ones, as files in `folder`; none that leaves nobody possible."""
    texts = {name: Path(locate(name)).read_text("utf-8") for name in ("iop", "iop-site-example")}
    texts |= {f"random-{seed}": made(seed).text for seed in range(SETS)}
    for name, text in texts.items():
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        file = read_rule_file(str(path))
        compiled = compile_rule_set(file.rule_set)
        with suppress(ImpossibleAnswers):
            decide(compiled, {})
            yield name, file, compiled


def in_a_terminal(folder: Path, count: int) -> None:
    """Calls by the shipped rules in a pseudo-terminal, by typed lines: the records say what the answers decide."""
    import pexpect

    file = read_rule_file(locate("iop"))
    compiled, random, times = compile_rule_set(file.rule_set), Random("terminal"), []
    for number in range(count):
        answers = random_answers(random, file.rule_set, random.choice([1.0, 0.6]))
        path = folder / f"terminal-{number}.json"
        command = [*OURS[1:], "screen", "--plain", "--save", str(path), "-o", str(folder / f"result-{number}.txt")]
        child = pexpect.spawn(OURS[0], command, env={**ENVIRONMENT, "TERM": "dumb"}, timeout=60, encoding="utf-8")
        child.delaybeforesend = None
        interview = Interview(compiled)
        child.expect_exact("\n> ")
        while isinstance(step := next_step(interview), Ask):
            answer = answers.get(step.question.id, Unanswered.UNKNOWN)
            interview = answered(interview, step.question.id, answer)
            start = time.perf_counter()
            child.sendline(typed(answer))
            child.expect_exact("\n> ")
            times.append(time.perf_counter() - start)
        child.sendline("1")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0, child.before
        record = json.loads(path.read_text("utf-8"))
        heard = dict(stand(interview).answers)
        assert record["status"] == "finished"
        assert record["answers"] == {name: answer_json(answer) for name, answer in heard.items()}
        assert record["decision"]["possible"] == list(decide(compiled, {**answers, **heard}).possible)
        run(*OURS, "verify", str(path), cwd=folder)
    middle, most = statistics.median(times) * 1000, max(times) * 1000
    print(f"  {count} calls in a terminal: line to next question {middle:.0f} ms, at most {most:.0f} ms; all verify")


def typed(answer: Answer) -> str:
    """An answer in the words of a person."""
    match answer:
        case Unanswered.UNKNOWN:
            return "don't know"
        case Unanswered.DECLINED:
            return "prefers not to say"
        case tuple():
            return ", ".join(answer)
    return str(answer)


# --- all of them ----------------------------------------------------------------------------

LOADS: Mapping[str, Callable[[Path, float], None]] = {
    "walks": walks,
    "questions": questions,
    "rules": rules,
    "records": records,
    "rows": rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=LOADS, default=list(LOADS))
    parser.add_argument("--scale", type=float, default=1.0, help="the share of the load")
    parser.add_argument("--hold", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.hold:
        hold_many(Path(chosen.hold[0]), int(chosen.hold[1]))
        return
    print(f"{datetime.now(UTC).date()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    for name in chosen.only:
        print(f"{name}:")
        with tempfile.TemporaryDirectory() as scratch:
            LOADS[name](Path(scratch), chosen.scale)
    print("nothing was lost")


if __name__ == "__main__":
    main()
