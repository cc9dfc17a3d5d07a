"""What a diff costs, as a multiple of an audit of the same file: it should stay below 2.

    python tests/benchmarks/change.py

One rule in the middle of each rule set recommends something else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import tables

sys.path.insert(0, str(Path(__file__).parents[2]))
from iopscreen.audit.change.editions import read_edition
from iopscreen.audit.change.run import compare
from iopscreen.audit.run import audit
from iopscreen.engine.budget import Budget

ROOT = Path(__file__).parents[2]
SHAPES = (("guideline", 50, 13), ("tree", 500, 10), ("guideline", 200, 13), ("tangled", 60, 20))
REAL = ("age", "days", "home")
RUNS = 3


def seconds(run: Callable[[], object]) -> float:
    """The least processor time of several runs."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def tell(name: str, old: Path, new: Path) -> None:
    one = seconds(lambda: audit(str(new), {}, today=None))
    both = seconds(lambda: compare(read_edition(str(old)), read_edition(str(new)), Budget(10)))
    whole = of_commands(["audit", str(new)], ["diff", str(old), str(new)])
    print(f"  {name}: audit {one:.3f}, diff {both:.3f} ({both / one:.2f}); as commands {whole:.2f}")


def of_commands(*commands: list[str]) -> float:
    """The processor time of the second command as a multiple of the first, in turn, the least of several runs."""
    times = [9e9, 9e9]
    for _ in range(RUNS):
        for place, command in enumerate(commands):
            before = os.times()
            subprocess.run([sys.executable, "-m", "iopscreen", *command], cwd=ROOT, capture_output=True, check=False)
            after = os.times()
            used = after.children_user + after.children_system - before.children_user - before.children_system
            times[place] = min(times[place], used)
    return times[1] / times[0]


def main() -> None:
    print("Seconds (diff as a multiple of the audit):")
    for name in REAL:
        folder = ROOT / "tests" / "cases" / "diff" / name
        tell(name, folder / "old.yaml", folder / "new.yaml")
    with tempfile.TemporaryDirectory() as scratch:
        old, new = Path(scratch, "old.yaml"), Path(scratch, "new.yaml")
        text = (ROOT / "tests" / "cases" / "show" / "bare.yaml").read_text(encoding="utf-8")
        old.write_text(text, encoding="utf-8")
        new.write_text(text.replace("recommend: ", "recommend:  "), encoding="utf-8")
        tell("the smallest", old, new)
        for kind, rules, columns in SHAPES:
            text = tables.KINDS[kind](rules, columns).text
            old.write_text(text, encoding="utf-8")
            new.write_text(tables.edited(text), encoding="utf-8")
            tell(f"{kind} {rules} x {columns}", old, new)


if __name__ == "__main__":
    main()
