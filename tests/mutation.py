"""Mutation testing of the deciding core: does a test fail, whatever small thing is changed in it?

Needs the package `mutmut` (3.8 or newer), and works on a copy in a temporary folder:

    python tests/mutation.py PART [module ...]

Each part (`PARTS`) has the quick test files that ought to notice. What survives is printed as a diff; `mutation.md`
has what was found when each survivor was looked at.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
COPIED = ("iopscreen", "rules", "tests", "pyproject.toml", "README.md", "CHANGELOG.md")
SLOW = (
    *("mean_what_their_author_wrote", "reach_every_kind", "shipped", "many_questions", "hostile"),
    *("past_the_limits", "tangled_tables", "tangled_set", "search_and_diagram"),
    *("both_parsers_lead", "mutated_texts", "every_cut", "without_one_line", "random_damage"),
)
"""Parts of the names of tests that are left out: a change that nothing else notices would wait for each of them."""
UNNOTICED = ("survived", "no tests", "suspicious")


class Part(NamedTuple):
    """Modules of the package, and the files of `tests/` that ought to notice a change to them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PARTS = {
    "values": Part(("ruleset/values", "ruleset/answers"), ("test_values", "test_answers")),
    "reader": Part(
        tuple(f"ruleset/{name}" for name in ("conditions", "reader", "shape", "questions", "statements", "citing")),
        ("test_reader",),
    ),
    "nodes": Part(("ruleset/nodes", "ruleset/syntax"), ("test_nodes", "test_reader")),
    "cases": Part(("ruleset/cases",), ("test_cases",)),
    "written": Part(("ruleset/written", "ruleset/condition_words"), ("test_written",)),
    "words": Part(("ruleset/words",), ("test_words",)),
    "model": Part(("ruleset/model", "ruleset/findings"), ("test_model", "test_reader", "test_cases")),
    "shipped": Part(("ruleset/shipped",), ("test_locating",)),
    "deciding": Part(
        tuple(f"engine/{name}" for name in ("decide", "blocks", "clauses", "compiled")),
        ("test_compiled", "test_limits", "test_engine"),
    ),
    "diagram": Part(("engine/diagram", "engine/table"), ("test_diagram", "test_limits")),
    "search": Part(
        tuple(f"engine/{name}" for name in ("search", "partial", "relevance", "boxes")),
        ("test_search", "test_partial", "test_boxes", "test_limits"),
    ),
    "verdicts": Part(("engine/verdicts",), ("test_verdicts", "test_limits")),
    "kept": Part(("engine/remainder", "engine/kept"), ("test_remainder",)),
    "two": Part(("engine/joint", "engine/promise", "engine/lacking"), ("test_joint", "test_promise", "test_limits")),
    "mutate": Part(("engine/mutate",), ("test_edits", "test_limits")),
    "regions": Part(("engine/counts", "engine/largest"), ("test_regions", "test_rows", "test_limits")),
    "change": Part(("engine/change",), ("test_engine",)),
    "crossing": Part(("engine/crossing",), ("test_boundaries",)),
    "effect": Part(("engine/difference", "engine/effect"), ("test_effect", "test_audit", "test_limits")),
    "explain": Part(
        ("engine/explain", "engine/readings", "engine/settling", "engine/unasked"),
        ("test_explain", "test_settling", "test_unasked", "test_interview", "test_limits"),
    ),
    "flow": Part(("engine/flow",), ("test_flow", "test_limits")),
    "budget": Part(("engine/budget",), ("test_time", "test_budget", "test_limits")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("modules", nargs="*", help="such as `engine/decide`; without, all of the part")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="of a change, as printed; `*` is anything"
    )
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    part = PARTS[asked.part]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_to(folder, part._replace(modules=tuple(asked.modules) or part.modules))
        mutmut(folder, "run", "--max-children", str(asked.processes), *asked.only)
        for change, fate in fates(folder):
            if fate in UNNOTICED:
                print(f"\n{fate}: {told(folder, 'show', change)}")
            elif fate == "timeout":  # an endless loop, as a rule; on a busy machine, worth another look
                print(f"\n{fate}: {change}")


def copy_to(folder: Path, part: Part) -> None:
    """What the tests need, and what is to be changed, and by which tests it is to be noticed."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    settings = {
        "source_paths": ["iopscreen/"],
        "only_mutate": [f"iopscreen/{module}.py" for module in part.modules],
        "also_copy": [name for name in COPIED if name != "iopscreen"],
        "pytest_add_cli_args_test_selection": [
            *(f"tests/{name}.py" for name in part.tests),
            *("-k", " and ".join(f"not {name}" for name in SLOW)),
        ],
        "pytest_add_cli_args": ["--assert=plain"],  # nobody reads why a test failed
        "timeout_constant": 15.0,
        "timeout_multiplier": 3.0,
    }
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "".join(f"{key} = {value!r}\n" for key, value in settings.items()))


def mutmut(folder: Path, *arguments: str, output: int | None = None) -> subprocess.CompletedProcess[str]:
    """One command of mutmut on the copy."""
    few = {"IOPSCREEN_TEST_BATCHES": os.environ.get("IOPSCREEN_TEST_BATCHES", "1")}
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=folder, env={**os.environ, **few}, check=False, text=True, stdout=output)


def told(folder: Path, *arguments: str) -> str:
    """What such a command prints."""
    return mutmut(folder, *arguments, output=subprocess.PIPE).stdout


def fates(folder: Path) -> list[tuple[str, str]]:
    """What became of each change that was made."""
    lines = (line.partition(": ") for line in told(folder, "results", "--all", "true").splitlines())
    return [(change.strip(), fate.strip()) for change, _, fate in lines if fate]


if __name__ == "__main__":
    main()
