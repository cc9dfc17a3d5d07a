"""The rows in the way of a box, as bits that narrow with it, against each row looked at alone."""

from __future__ import annotations

from random import Random

import pytest
from test_diagram import random_table

from iopscreen.engine import largest
from iopscreen.engine.boxes import meets
from iopscreen.engine.budget import UNLIMITED
from iopscreen.engine.search import Search, bits_of


def random_box(random, widths):
    return tuple(random.choice([(1 << width) - 1, random.randrange(1, 1 << width)]) for width in widths)


@pytest.mark.parametrize("seed", range(60))
def test_the_rows_in_the_way_of_a_box_are_those_that_it_meets(seed):
    random = Random(f"rows {seed}")
    table = random_table(random)
    among = random.getrandbits(len(table.rows))
    clauses = [clause for clause, _ in random_table(random).rows if all(at < len(table.widths) for at in clause)]
    full = tuple((1 << width) - 1 for width in table.widths)
    clauses = [{at: blocks & full[at] or full[at] for at, blocks in clause.items()} for clause in clauses]
    rows = largest._Rows(Search(table, UNLIMITED), among, clauses[:2])
    apart = clauses[:2]
    boxes = [random_box(random, table.widths) for _ in range(6)]
    for clause in (None, *clauses[2:]):  # first without more, so that what is remembered has to grow
        if clause is not None:
            rows.add(clause)
            apart.append(clause)
        every = {place: table.rows[place][0] for place in bits_of(among)}
        every |= dict(enumerate(apart, start=len(table.rows)))
        for box in boxes:
            met = {number for number, row in every.items() if meets(dict(enumerate(box)), row)}
            assert set(bits_of(rows.met(box))) == met
            first_apart, in_order = len(table.rows), list(rows.numbers(rows.met(box)))
            assert in_order == sorted(met, key=lambda number: (number < first_apart, number))
            assert [rows[number] for number in in_order] == [every[number] for number in in_order]
            for level, blocks in enumerate(box):
                open_there = {**dict(enumerate(box)), level: full[level]}
                beside = {number for number, row in every.items() if meets(open_there, row)}
                assert set(bits_of(rows.met_beside(box, level))) == beside
                assert set(bits_of(rows.at(level, blocks))) == {
                    number for number, row in every.items() if blocks & row.get(level, blocks)
                }
