"""The benchmark of large loads, on a small one; and that what is lost or changed is noticed by it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import TESTS

BENCHMARKS = TESTS / "benchmarks"
IN = "id,a\n0,yes\n1,maybe\n2\n3,no\n"
OUT = "id,a,r,x,x,x,x,x,x,x\n0,yes,iop,,,,,,,\n1,maybe,error,,,,,,,\n2,,error,,,,,,,\n3,no,iop,,,,,,,\n"


def test_a_small_load():
    command = [sys.executable, BENCHMARKS / "load.py", "--only", "records", "--scale", "0.001"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "500 records verified" in done.stdout
    assert done.stdout.endswith("nothing was lost\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("3,no,iop,,,,,,,\n", ""),
        ("0,yes,", "0,Yes,"),
        ("1,maybe,error", "1,maybe,iop"),
        ("3,no,iop", "3,no,error"),
        ("2,,error,,,,,,,\n3,no,iop,,,,,,,\n", "3,no,iop,,,,,,,\n2,,error,,,,,,,\n"),
    ],
    ids=["nothing", "a row is lost", "a cell is changed", "an error is decided", "an answer is an error", "swapped"],
)
def test_what_is_lost_or_changed_is_noticed(before, after, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import load

    assert before in OUT
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(IN)
    target.write_text(OUT.replace(before, after, 1) if before else OUT)

    def check():
        load.same_lines(source, target)
        return load.counted(source, target, 4)

    if not before:
        assert check() == {"iop": 2, "error": 2}
    else:
        with pytest.raises((AssertionError, ValueError)):
            check()
