"""`iopscreen batch` beside a plain CSV copy and what others offer, on the same work.

    python tests/benchmarks/batch.py [--rows 10000 1000000] [--runs 3] [--only NAME ...] [--tidy]

Files are made anew, tidy and messy. Whole processes, interleaved; times are told as multiples of the
CSV copy of the same round, by their medians, with the work of all processors and the most memory that
one process took. First it is checked that all recommend the same, in each row that we decide: the
others tell nobody undecided. Install the package (not editable), so that it is compiled; `pip install
pandas polars duckdb zen-engine rule-engine` for the others: who is missing is named. The rules are in
`batch-rules.yaml`.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from calls import write_calls
from contestants import CONTESTANTS

HERE = Path(__file__).parent
MODULES = {"pandas np.select": "pandas", "polars when/then": "polars", "DuckDB CASE": "duckdb"}
MODULES |= {"zen-engine": "zen", "rule-engine": "rule_engine"}
ENGINES = ("zen-engine", "rule-engine")
OURS = {"iopscreen, one process": ["--jobs", "1"], "iopscreen, all processors": ["--jobs", str(os.cpu_count())]}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Run(NamedTuple):
    """A process and those it started: seconds by the clock, seconds of processors, MiB of the largest of them."""

    seconds: float
    work: float
    memory: float


def run(command: list[str]) -> Run | None:
    """Run a command; None if it fails."""
    os.sync()  # nobody waits for the disk because of what another one wrote
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    memory = 0.0
    while process.poll() is None:
        memory = max(memory, most_memory(process.pid))
        time.sleep(0.005)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode and not (process.returncode == 1 and "iopscreen" in command):  # there are rows with problems
        return None
    return Run(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory)


def most_memory(number: int) -> float:
    """MiB of the largest of a process and its children (0 where the system does not tell)."""
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        status = Path(f"/proc/{number}/status").read_text()
    except OSError:
        return 0
    own = int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM:" in status else 0
    return max([own, *(most_memory(int(child)) for child in children)])


def commands(source: Path, folder: Path, names: list[str]) -> dict[str, list[str]]:
    """The command of each contestant, and of ours."""
    found = {
        name: [sys.executable, str(HERE / "contestants.py"), name, str(source), str(folder / f"out-{at}.csv")]
        for at, name in enumerate(names)
    }
    ours = [sys.executable, "-m", "iopscreen", "batch", str(source), "--rules", str(HERE / "batch-rules.yaml")]
    for at, (name, options) in enumerate(OURS.items()):
        found[name] = [*ours, *options, "--force", "-o", str(folder / f"ours-{at}.csv")]
    return found


def recommendations(path: Path) -> dict[str, str]:
    """What each caller is recommended."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["id"]: row["recommendation"] for row in csv.DictReader(file)}


def check(ways: dict[str, list[str]]) -> None:
    """All recommend the same, in each row that we decide; both of ours write the same file."""
    one, all_ = (Path(ways[name][-1]) for name in OURS)
    assert one.read_bytes() == all_.read_bytes()
    decided = {call: told for call, told in recommendations(one).items() if told not in ("undecided", "error")}
    for name, command in ways.items():
        if name not in OURS and name != "csv copy" and Path(command[-1]).exists():
            theirs = recommendations(Path(command[-1]))
            differ = [call for call, told in decided.items() if theirs.get(call, told) != told]
            assert not differ, f"{name} recommends something else for call {differ[0]}"
            lost = len(decided.keys() - theirs.keys())
            print(f"  {name}: the same for {len(decided) - lost:,} calls" + (f", {lost:,} lost" if lost else ""))


def contest(rows: int, *, messy: bool, runs: int, engines_up_to: int, only: list[str]) -> None:
    """One file: check, then time."""
    kind = "messy" if messy else "tidy"
    names = [name for name in only if find_spec(MODULES.get(name, "csv"))]
    if rows > engines_up_to:
        names = [name for name in names if name not in ENGINES]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = folder / f"{kind}.csv"
        write_calls(source, rows, messy=messy)
        ways = commands(source, folder, names)
        print(f"\n{rows:,} rows, {kind}, {source.stat().st_size / 1e6:.1f} MB")
        failed = {name for name, command in ways.items() if run(command) is None}
        ways = {name: command for name, command in ways.items() if name not in failed}
        if rows <= engines_up_to:
            check(ways)
        rounds = [{name: run(command) for name, command in ways.items()} for _ in range(runs)]
    for name in sorted(ways, key=lambda name: statistics.median(round_[name].seconds for round_ in rounds)):
        mine = [round_[name] for round_ in rounds]
        ratio = statistics.median(
            one.seconds / round_["csv copy"].seconds for one, round_ in zip(mine, rounds, strict=True)
        )
        seconds, work = (statistics.median(column) for column in list(zip(*mine, strict=True))[:2])
        memory = max(one.memory for one in mine)
        print(f"  {ratio:6.2f}  {name:<28} {seconds:7.2f} s, {work:7.2f} s of work, {memory:6.0f} MiB")
    for name in failed:
        print(f"     -    {name:<28} cannot read the file")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engines-up-to", type=int, default=100_000)
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--tidy", action="store_true", help="no messy files")
    chosen = parser.parse_args()
    print(f"{datetime.now(UTC).date()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    for name, module in MODULES.items():
        if find_spec(module) is None:
            print(f"{name} is left out: the module {module} is not installed")
    for rows in chosen.rows:
        for messy in (False,) if chosen.tidy else (False, True):
            contest(rows, messy=messy, runs=chosen.runs, engines_up_to=chosen.engines_up_to, only=chosen.only)


if __name__ == "__main__":
    main()
