"""The analysis of rule sets beside z3 and a package of binary decision diagrams, as ratios of one run.

    pip install z3-solver dd
    python tests/benchmarks/analysis.py [RUNS]
    python tests/benchmarks/analysis.py growth

In the process, from the table in memory to the verdicts: is there a gap, and which rules are
unreachable. z3 is asked once per rule, with integers and with one Boolean per value; the faster of
the two counts. `counts` is what ours takes more for the number of profiles of every rule and the
largest regions, which the others do not give. All must come to the same verdicts. Whole processes
are compared for small sets, from the YAML file to what is printed: ours is a report.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import provers
import tables

from iopscreen.audit.regions import region_table
from iopscreen.engine.budget import Budget, TooTangled
from iopscreen.engine.compiled import NONE_MATCHES, compile_rule_set
from iopscreen.engine.counts import whole
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import RuleSet
from iopscreen.ruleset.reader import understand

Found = provers.Found

SHAPES = (("tree", 1500, 7), ("tree", 1500, 13), ("tree", 5000, 10), ("guideline", 1000, 13))
SMALL = (("guideline", 12, 6), ("guideline", 20, 12), ("guideline", 40, 18), ("tree", 40, 18))
TANGLED = (("tangled", 200, 20), ("tangled", 200, 40))


# --- the ways -------------------------------------------------------------------------------


def ours(rule_set: RuleSet) -> Found:
    verdicts = Verdicts(compile_rule_set(rule_set), Budget(None))
    unreachable = sum(not verdicts.decides(position) for position in range(len(rule_set.rules)))
    return unreachable, verdicts.decides(NONE_MATCHES)


def counted(rule_set: RuleSet) -> Found:
    """The counts and the largest regions of every outcome, too; where no diagram fits, how long that takes to see."""
    compiled = compile_rule_set(rule_set)
    try:
        everything = whole(compiled)
    except TooTangled:  # said as what it is: these are not counted
        return ours(rule_set)
    region_table(everything, 20)
    return len(rule_set.rules) - len(everything.labels - {NONE_MATCHES}), NONE_MATCHES in everything.labels


# --- the runs -------------------------------------------------------------------------------


def seconds(run: Callable[[], Found], found: list[Found]) -> float:
    start = time.process_time()
    found.append(run())
    return time.process_time() - start


def in_the_process(runs: int) -> None:
    print("In the process, seconds (ours = 1):")
    for shape in (*SHAPES, *TANGLED):
        kind, rules, columns = shape
        made = tables.KINDS[kind](rules, columns)
        rule_set = understand(made.text.encode(), "table.yaml").rule_set
        ways: dict[str, Callable[[], Found]] = {
            "ours": lambda rule_set=rule_set: ours(rule_set),
            "z3 integers": lambda made=made: provers.z3_integers(made),
            "z3 Booleans": lambda made=made: provers.z3_booleans(made),
        }
        if shape in SHAPES:  # no diagram of a tangled one fits
            ways |= {
                "ours, counts": lambda rule_set=rule_set: counted(rule_set),
                "BDD": lambda made=made: provers.bdd(made),
            }
        found: list[Found] = []
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(runs):
            for name, way in ways.items():
                times[name].append(seconds(way, found))
        assert len(set(found)) == 1, found
        middle = {name: statistics.median(several) for name, several in times.items()}
        shown = ", ".join(f"{name} {number:.3f} ({number / middle['ours']:.1f})" for name, number in middle.items())
        print(f"  {kind} {rules} x {columns}: {found[0][0]} unreachable, gap {found[0][1]}: {shown}")


def whole_processes(runs: int) -> None:
    print("Whole processes, seconds, the least of all runs (each reads the YAML file; ours prints a report with counts")
    print("and regions, the others two numbers):")
    others = str(Path(provers.__file__))
    with tempfile.TemporaryDirectory() as scratch:
        for kind, rules, columns in SMALL:
            path = Path(scratch, "table.yaml")
            path.write_text(tables.KINDS[kind](rules, columns).text)
            commands = {"ours": [sys.executable, "-m", "iopscreen", "audit", str(path)]}
            commands |= {way: [sys.executable, others, way, str(path)] for way in provers.WAYS}
            times: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(runs):
                for name, command in commands.items():
                    start = time.perf_counter()
                    subprocess.run(command, capture_output=True, check=False)
                    times[name].append(time.perf_counter() - start)
            shown = ", ".join(f"{name} {min(several):.3f}" for name, several in times.items())
            print(f"  {kind} {rules} x {columns}: {shown}")


def growth() -> None:
    print("Growth, seconds of verdicts and of counts (tangled means: no diagram within the budget):")
    for kind, sizes in (
        ("tree", [(n, 10) for n in (500, 1000, 2000, 4000)] + [(1500, n) for n in (5, 7, 10, 13, 20)]),
        ("guideline", [(n, 13) for n in (50, 200, 800)] + [(40, n) for n in (6, 12, 18, 24)]),
        ("tangled", [(n, 20) for n in (50, 100, 200, 400)] + [(100, n) for n in (10, 20, 40, 80)]),
    ):
        for rules, columns in sizes:
            rule_set = understand(tables.KINDS[kind](rules, columns).text.encode(), "table.yaml").rule_set
            start = time.process_time()
            unreachable, gap = ours(rule_set)
            middle = time.process_time()
            try:
                counted(rule_set)
                more = f"{time.process_time() - middle:.3f}"
            except TooTangled:
                more = "tangled"
            print(f"  {kind} {rules} x {columns}: {middle - start:.3f}, {more} ({unreachable} unreachable, gap {gap})")


if __name__ == "__main__":
    if sys.argv[1:] == ["growth"]:
        growth()
    else:
        in_the_process(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
        whole_processes(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
