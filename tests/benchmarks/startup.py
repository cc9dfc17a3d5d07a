"""How long a start takes, as a ratio to a minimal two-command typer program on the same installation.

    python tests/benchmarks/startup.py [RUNS]

Whole processes, interleaved, medians. Install the package (not editable), so that it is compiled.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MINIMAL = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "x") -> None:
    print(name)
@app.command()
def two(number: int = 1) -> None:
    print(number)
"""
ANSWERS = '{"immediate_danger": "no", "condition_type": ["self_harm"], "detox_need": "no"}'


def seconds(command: list[str], cwd: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, env=ENVIRONMENT)
    return time.perf_counter() - start


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "minimal.py").write_text(MINIMAL)
        Path(folder, "answers.json").write_text(ANSWERS)
        base = [sys.executable, "-c", "import minimal; minimal.app()"]
        ours = [sys.executable, "-m", "iopscreen"]
        pairs = {
            "--help": ([*ours, "--help"], [*base, "--help"]),
            "screen --answers": (
                [*ours, "screen", "--answers", "answers.json", "--no-input", "--format", "json"],
                [*base, "one"],
            ),
        }
        for name, (mine, theirs) in pairs.items():
            seconds(mine, folder), seconds(theirs, folder)
            times = [(seconds(mine, folder), seconds(theirs, folder)) for _ in range(runs)]
            first, second = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"{name}: {first / second:.2f} of a minimal program ({first * 1000:.0f} ms, {second * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
