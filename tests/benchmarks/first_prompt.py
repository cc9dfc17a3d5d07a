"""How long until the first question can be read, and how long from a key press to the next question.

    python tests/benchmarks/first_prompt.py [RUNS]

The first is a ratio to a minimal questionary program, interleaved, medians, whole processes in a
pseudo-terminal. The second is in milliseconds, with the drawing of the screen that the test does.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from terminal import Terminal

MINIMAL = "import questionary\nquestionary.select('Pick one', choices=['yes', 'no']).unsafe_ask()\n"
STEPS = [
    ("n", "question 2"),
    ("7", "[x] 7"),
    ("\r", "question 3"),
    ("n", "question 4"),
    ("b", "Answered before"),
    ("k", "question 4"),
    ("y", "Read back"),
]


def seconds_to(shown: str, program: list[str]) -> float:
    start = time.perf_counter()
    with Terminal(program=program) as terminal:
        terminal.until(shown)
        return time.perf_counter() - start


def key_presses(ours: list[str]) -> list[float]:
    times = []
    with Terminal(program=ours, lines=60) as terminal:
        terminal.child.delaybeforesend = None
        terminal.until("! EMERGENCY")
        for key, shown in STEPS:
            terminal.until("! EMERGENCY")
            time.sleep(0.2)  # a person: the first key waits until all has been loaded
            start = time.perf_counter()
            terminal.send(key).until(shown)
            times.append(time.perf_counter() - start)
    return times


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        minimal = Path(folder, "minimal.py")
        minimal.write_text(MINIMAL)
        theirs, ours = [sys.executable, str(minimal)], [sys.executable, "-m", "iopscreen", "screen"]
        seconds_to("yes", theirs), seconds_to("! EMERGENCY", ours)
        pairs = [(seconds_to("! EMERGENCY", ours), seconds_to("yes", theirs)) for _ in range(runs)]
        mine, base = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"first prompt: {mine / base:.2f} of a minimal program ({mine * 1000:.0f} ms, {base * 1000:.0f} ms)")
        times = [taken for _ in range(5) for taken in key_presses(ours)]
        print(f"key to next prompt: {statistics.median(times) * 1000:.0f} ms, at most {max(times) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
