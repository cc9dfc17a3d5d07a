"""What is measured as the deciding core is all of it, by files that are there."""

from __future__ import annotations

import re
import tomllib

from conftest import TESTS

PACKAGE = TESTS.parent / "iopscreen"
CORE = (TESTS / "core.toml").read_text(encoding="utf-8")
MEASURED = [*PACKAGE.glob("ruleset/**/*.py"), *PACKAGE.glob("engine/**/*.py")]


def named_in(command: str) -> list[str]:
    """The files that a shell makes of `test_{a,b}.py`."""
    found = []
    for start, names, end in re.findall(r"(tests/\w*){([\w,]+)}(\S*)", command):
        found += [f"{start}{name}{end}" for name in names.split(",")]
    return found


def test_every_line_and_branch_of_both_packages_is_asked_for():
    settings = tomllib.loads(CORE)["tool"]["coverage"]
    assert settings["run"] == {"branch": True, "include": ["iopscreen/ruleset/*", "iopscreen/engine/*"]}
    assert settings["report"]["fail_under"] == 100
    assert not {"omit", "exclude_lines", "partial_branches", "partial_also"} & settings["report"].keys()
    assert settings["report"]["exclude_also"] == ["if TYPE_CHECKING:", "raise AssertionError", "@abstractmethod"]
    assert len(MEASURED) > 40
    assert not [path for path in MEASURED if path.parent.parent != PACKAGE]  # a `*` reaches into no folder below


def test_the_command_names_files_that_are_there_each_once():
    command = "".join(line for line in CORE.splitlines() if line.startswith("#  "))
    files = named_in(command)
    assert len(files) > 20
    assert len(files) == len(set(files))
    assert [name for name in files if not (TESTS.parent / name).is_file()] == []


def test_nothing_is_left_out_of_the_measure_without_a_reason_beside_it():
    for path in MEASURED:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "pragma: no cover" not in line, path
            assert "pragma" not in line or re.search(r"# pragma: no branch \(.{10,}\)$", line), path
