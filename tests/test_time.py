"""A budget of time, by a clock that is set by hand: when it is out, and what becomes of its parts."""

from __future__ import annotations

import pytest

from iopscreen.engine.budget import ROUNDS_A_LOOK, UNLIMITED, Budget, OutOfTime


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_budget_is_out_when_its_time_is_and_stays_so():
    clock = Clock()
    budget = Budget(2, clock)
    budget.look()
    clock.now += 1.5
    budget.spend(ROUNDS_A_LOOK)
    clock.now += 0.5
    with pytest.raises(OutOfTime):
        budget.spend(ROUNDS_A_LOOK)
    clock.now = 0.0
    for _ in range(2):
        with pytest.raises(OutOfTime):
            budget.spend()


def test_parts_of_a_budget_end_with_it():
    clock = Clock()
    budget = Budget(8, clock)
    half, short, none = budget.part(share=0.5), budget.part(most=1), Budget(None, clock).part(share=0.5)
    clock.now += 1
    with pytest.raises(OutOfTime):
        short.look()
    half.look()
    clock.now += 3
    with pytest.raises(OutOfTime):
        half.look()
    budget.look()
    clock.now += 4
    with pytest.raises(OutOfTime):
        budget.look()
    with pytest.raises(OutOfTime):
        budget.part(most=5).look()
    none.look()


def test_a_budget_is_short_once_a_part_of_it_has_run_out():
    clock = Clock()
    budget = Budget(8, clock)
    half = budget.part(share=0.5)
    quarter = half.part(share=0.5)
    clock.now += 3
    half.look()
    assert not budget.short
    with pytest.raises(OutOfTime):
        quarter.look()
    assert [one.short for one in (budget, half, quarter)] == [True] * 3
    assert [one.out for one in (budget, half, quarter)] == [False, False, True]
    endless = Budget(None, clock)
    with pytest.raises(OutOfTime):
        endless.part(most=0).look()
    assert not endless.short


def test_a_budget_of_nothing_is_out_at_once_and_none_never_is():
    with pytest.raises(OutOfTime):
        Budget(0).spend()
    for _ in range(1000):
        UNLIMITED.spend()
