"""The others: z3 and a package of binary decision diagrams, asked for the gap and for unreachable rules.

Nothing of iopscreen is imported here: a whole process of one of them pays for itself alone. As a program,
it reads a rule file as the tables of the benchmarks are, and prints what it finds:

    python tests/benchmarks/provers.py WAY FILE
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol


class Column(Protocol):
    """A question with the values 0 .. `size` - 1."""

    name: str
    size: int


class Table(Protocol):
    """Questions, and per rule by column the values that pass (of a whole number from the first to the last)."""

    columns: Sequence[Column]
    rows: Sequence[tuple[dict[int, tuple[int, ...]], int]]


Found = tuple[int, bool]
"""How many rules are unreachable, and whether there is a gap."""


def z3_integers(made: Table) -> Found:
    import z3

    names = [z3.Int(column.name) for column in made.columns]
    solver = z3.Solver()
    for name, column in zip(names, made.columns, strict=True):
        solver.add(name >= 0, name < column.size)
    conditions = [
        z3.And([z3.And(names[column] >= values[0], names[column] <= values[-1]) for column, values in row.items()])
        for row, _ in made.rows
    ]
    return _one_query_a_rule(solver, conditions)


def z3_booleans(made: Table) -> Found:
    import z3

    names = [[z3.Bool(f"{column.name}_{value}") for value in range(column.size)] for column in made.columns]
    solver = z3.Solver()
    for values in names:
        solver.add(z3.AtMost(*values, 1), z3.Or(values))
    conditions = [
        z3.And([z3.Or([names[column][value] for value in values]) for column, values in row.items()])
        for row, _ in made.rows
    ]
    return _one_query_a_rule(solver, conditions)


def _one_query_a_rule(solver, conditions) -> Found:
    import z3

    unreachable = 0
    for condition in conditions:
        solver.push()
        solver.add(condition)
        unreachable += solver.check() == z3.unsat
        solver.pop()
        solver.add(z3.Not(condition))
    return unreachable, solver.check() == z3.sat


def bdd(made: Table) -> Found:
    from dd.cudd import BDD

    manager = BDD()
    bits = [(column.size - 1).bit_length() for column in made.columns]
    manager.declare(
        *(f"{column.name}_{bit}" for column, number in zip(made.columns, bits, strict=True) for bit in range(number))
    )
    value = [
        [_cube(manager, column.name, number, value) for value in range(column.size)]
        for column, number in zip(made.columns, bits, strict=True)
    ]
    left = manager.true
    for values in value:
        left &= _any(manager, values)
    unreachable = 0
    for row, _ in made.rows:
        mine = left
        for column, values in row.items():
            mine &= _any(manager, [value[column][place] for place in values])
        unreachable += mine == manager.false
        left &= ~mine
    return unreachable, left != manager.false


def _cube(manager, name, bits, value):
    return manager.cube({f"{name}_{bit}": bool(value >> bit & 1) for bit in range(bits)})


def _any(manager, parts):
    found = manager.false
    for part in parts:
        found |= part
    return found


# --- as a program ---------------------------------------------------------------------------


class _Column(NamedTuple):
    name: str
    size: int


class _Table(NamedTuple):
    columns: list[_Column]
    rows: list[tuple[dict[int, tuple[int, ...]], int]]


def read(path: str) -> _Table:
    """The table in a rule file, by the parser in C that iopscreen uses, too."""
    import yaml

    rules = yaml.load(Path(path).read_bytes(), yaml.CSafeLoader)
    questions, outcomes = list(rules["questions"]), list(rules["outcomes"])
    options = {name: list(question.get("options", ())) for name, question in rules["questions"].items()}
    sizes = [len(options[name]) or rules["questions"][name]["range"][1] + 1 for name in questions]
    rows = []
    for rule in rules["rules"]:
        row = {}
        for name, test in rule["when"].items():
            column = questions.index(name)
            if isinstance(test, list):
                row[column] = tuple(map(options[name].index, test))
            else:
                row[column] = tuple(range(test.get("at_least", 0), test.get("at_most", sizes[column] - 1) + 1))
        rows.append((row, outcomes.index(rule["recommend"])))
    return _Table([_Column(name, size) for name, size in zip(questions, sizes, strict=True)], rows)


WAYS = {"z3_integers": z3_integers, "z3_booleans": z3_booleans, "bdd": bdd}

if __name__ == "__main__":
    print(WAYS[sys.argv[1]](read(sys.argv[2])))
