"""Sets of profiles as boxes, against every profile one by one."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from iopscreen.engine.boxes import both, disjoint, meets, volume, without
from iopscreen.engine.budget import Budget, OutOfTime

SEEDS = range(120)


def drawn(random: Random) -> tuple[tuple[int, ...], list[dict[int, int]]]:
    """Widths, and a few clauses over them."""
    widths = tuple(random.randint(1, 4) for _ in range(random.randint(1, 4)))
    clauses = []
    for _ in range(random.randint(0, 5)):
        levels = random.sample(range(len(widths)), random.randint(0, len(widths)))
        clauses.append({level: random.randrange(1, 1 << widths[level]) for level in levels})
    return widths, clauses


def held(clause: dict[int, int], widths: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The profiles of a clause."""
    choices = [
        [block for block in range(width) if clause.get(level, -1) >> block & 1] for level, width in enumerate(widths)
    ]
    return set(product(*choices))


def apart(boxes: list[dict[int, int]], widths: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The profiles of boxes of which no two share one, and none is empty."""
    parts = [held(box, widths) for box in boxes]
    assert all(parts)
    everybody = set().union(*parts)
    assert len(everybody) == sum(map(len, parts))
    return everybody


@pytest.mark.parametrize("seed", SEEDS)
def test_boxes_hold_the_profiles_of_their_clauses_once(seed):
    random = Random(seed)
    widths, clauses = drawn(random)
    boxes = disjoint(clauses, widths)
    assert apart(boxes, widths) == set().union(*(held(clause, widths) for clause in clauses))
    taken = drawn(random)[1]
    taken = [{level: blocks for level, blocks in clause.items() if level < len(widths)} for clause in taken]
    taken = [clause for clause in taken if held(clause, widths)]
    left = without(boxes, taken, widths)
    assert apart(left, widths) == apart(boxes, widths) - set().union(*(held(clause, widths) for clause in taken))


@pytest.mark.parametrize("seed", SEEDS)
def test_clauses_meet_where_a_profile_passes_both(seed):
    widths, clauses = drawn(Random(seed))
    for left, right in product(clauses, repeat=2):
        shared = held(left, widths) & held(right, widths)
        assert meets(left, right) == bool(shared)
        met = both([left], [right])
        assert len(met) == bool(shared)
        assert all(held(clause, widths) == shared and not set(clause) - {*left, *right} for clause in met)
    assert len(both(clauses, clauses)) == sum(meets(left, right) for left, right in product(clauses, repeat=2))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_volume_is_a_count_by_weight(seed):
    random = Random(seed)
    widths, clauses = drawn(random)
    weights = [[1, *(random.choice([0, 1, 1, 3]) for _ in range(width - 1))] for width in widths]
    boxes = disjoint(clauses, widths)
    expected = 0
    for profile in apart(boxes, widths):
        share = 1
        for level, block in enumerate(profile):
            share *= weights[level][block]
        expected += share
    assert volume(boxes, weights) == expected
    assert isinstance(volume(boxes, weights), int)


def test_no_time_is_no_box():
    with pytest.raises(OutOfTime):
        without([{}], [{0: 1}], (2,), Budget(0))
    with pytest.raises(OutOfTime):
        disjoint([{0: 1}, {0: 2}], (2,), Budget(0))
