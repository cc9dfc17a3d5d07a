"""Damaged files of every kind are taken or refused with a clear error, and nothing else happens."""

from __future__ import annotations

from random import Random

import pytest
from fuzz import TARGETS, damaged, seeds, tried

TRIES = {"rules": 250, "cases": 250, "answers": 1500, "record": 400, "calls": 1500, "source": 1000}
TRIES |= {"map": 600, "table": 60, "lines": 250, "typed_lines": 40, "parquet": 150, "completion": 40}


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_is_done_to_a_file_it_is_taken_or_refused(target):
    random, good = Random(target), seeds(target)
    results = [tried(target, damaged(random.choice(good), random, good)) for _ in range(TRIES[target])]
    assert any(results)
    if target != "source":  # whatever it is, it is a text
        assert not all(results)


@pytest.mark.parametrize("target", TARGETS)
def test_bytes_that_are_nothing_at_all(target):
    random = Random(target)
    for size in (0, 1, 2, 3, 16, 256, 4096):
        tried(target, random.randbytes(size))
        tried(target, bytes(size))
        tried(target, b"\xff" * size)


def test_every_good_file_is_taken():
    assert all(tried(target, data) for target in TARGETS for data in seeds(target) if target not in ("calls", "table"))
