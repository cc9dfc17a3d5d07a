"""A budget of time, by a clock that is set by hand: when it is out, and what becomes of its parts."""

from __future__ import annotations

from itertools import count

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


def test_a_part_of_all_that_is_left_ends_with_it_and_by_its_clock():
    clock = Clock()
    budget, endless = Budget(8, clock), Budget(None, clock)
    all_of_it, some = budget.part(), endless.part(most=1)
    clock.now += 8
    for one in (all_of_it, some, budget):
        with pytest.raises(OutOfTime):
            one.look()
    clock.now = 0.0  # what is out stays so, whatever the clock says
    with pytest.raises(OutOfTime):
        budget.part().look()


def test_the_clock_is_looked_at_once_in_so_many_rounds():
    looks = count()
    budget = Budget(1_000, looks.__next__)
    seen = []
    for _ in range(3):
        budget.spend()
        seen.append(next(looks))
        for _ in range(ROUNDS_A_LOOK - 1):
            budget.spend()
        seen.append(next(looks))
    assert seen == [2, 3, 5, 6, 8, 9]  # every first one of so many rounds looks, and so does the test itself


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
