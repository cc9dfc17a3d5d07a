"""Diagrams and tables against walking through every assignment."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from math import prod
from random import Random

import pytest

from iopscreen.engine.budget import Budget, OutOfTime, TooTangled
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.engine.table import Table

SEEDS = range(80)
LABELS = ("x", "y", "z")

Function = dict[tuple[int, ...], Label]
"""A label for every assignment."""


def assignments(widths: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(product(*(range(width) for width in widths)))


def random_widths(random: Random) -> tuple[int, ...]:
    return tuple(random.choice([1, 2, 2, 3, 4]) for _ in range(random.randint(1, 5)))


def random_function(random: Random, widths: tuple[int, ...]) -> Function:
    """Labels that depend on some of the levels, so that levels are skipped and nodes are shared."""
    levels = [level for level in range(len(widths)) if random.random() < 0.7]
    labels = LABELS[: random.randint(1, 3)]
    of_part: dict[tuple[int, ...], Label] = {}
    return {
        blocks: of_part.setdefault(tuple(blocks[level] for level in levels), random.choice(labels))
        for blocks in assignments(widths)
    }


def made(diagram: Diagram, function: Function, chosen: tuple[int, ...] = ()) -> Node:
    """The node of `function`, block by block."""
    level = len(chosen)
    if level == len(diagram.widths):
        return diagram.terminal(function[chosen])
    children = (made(diagram, function, (*chosen, block)) for block in range(diagram.widths[level]))
    return diagram.node(level, tuple(children))


def walked(diagram: Diagram, root: Node) -> Function:
    diagram.check()
    return {blocks: diagram.walk(root, blocks) for blocks in assignments(diagram.widths)}


@pytest.fixture(params=SEEDS)
def drawn(request):
    """A random generator, an empty diagram, a function and its node."""
    random = Random(request.param)
    diagram = Diagram(random_widths(random))
    function = random_function(random, diagram.widths)
    return random, diagram, function, made(diagram, function)


def test_a_diagram_is_its_function(drawn):
    _, diagram, function, root = drawn
    assert walked(diagram, root) == function
    assert diagram.labels(root) == set(function.values())


def test_equal_functions_are_equal_nodes_and_others_are_not(drawn):
    random, diagram, function, root = drawn
    assert made(diagram, dict(function)) == root
    other = dict(function)
    blocks = random.choice(list(other))
    other[blocks] = "another"
    assert made(diagram, other) != root
    diagram.check()


def test_support_is_what_the_function_depends_on(drawn):
    _, diagram, function, root = drawn
    depends = {
        level
        for level, width in enumerate(diagram.widths)
        for blocks, label in function.items()
        if any(function[with_block(blocks, level, block)] != label for block in range(width))
    }
    assert diagram.support(root) == depends


def with_block(blocks: tuple[int, ...], level: int, block: int) -> tuple[int, ...]:
    return (*blocks[:level], block, *blocks[level + 1 :])


def test_nothing_is_tested_that_does_not_matter(drawn):
    _, diagram, function, root = drawn
    assert diagram.is_terminal(root) == (len(set(function.values())) == 1)
    reachable = diagram.reachable(root)
    assert reachable == sorted(set(reachable))
    assert reachable[-1] == root


def test_restrict(drawn):
    random, diagram, function, root = drawn
    fixed = {level: random.randrange(width) for level, width in enumerate(diagram.widths) if random.random() < 0.5}
    restricted = diagram.restrict(root, fixed)
    expected = {
        blocks: function[tuple(fixed.get(level, block) for level, block in enumerate(blocks))] for blocks in function
    }
    assert walked(diagram, restricted) == expected
    assert not diagram.support(restricted) & set(fixed)


def test_relabel(drawn):
    _, diagram, function, root = drawn
    name = {"x": "one", "y": "one", "z": "two"}
    assert walked(diagram, diagram.relabel(root, name.get)) == {
        blocks: name[label] for blocks, label in function.items()
    }


def both_labels(left: Label, right: Label) -> Label:
    return left if left == right else (left, right)


def test_combine(drawn):
    random, diagram, function, root = drawn
    other = random_function(random, diagram.widths)
    combined = diagram.combine(root, made(diagram, other), both_labels)
    assert walked(diagram, combined) == {blocks: both_labels(function[blocks], other[blocks]) for blocks in function}


def joined(left: Label, right: Label) -> Label:
    return left if left == right else "several"


def test_abstract(drawn):
    random, diagram, function, root = drawn
    levels = {level for level in range(len(diagram.widths)) if random.random() < 0.5}
    expected = {}
    for blocks in function:
        choices = (range(diagram.widths[level]) if level in levels else (block,) for level, block in enumerate(blocks))
        labels = {function[other] for other in product(*choices)}
        expected[blocks] = labels.pop() if len(labels) == 1 else "several"
    abstracted = diagram.abstract(root, levels, joined)
    assert walked(diagram, abstracted) == expected
    assert not diagram.support(abstracted) & levels


def test_differs_by(drawn):
    _, diagram, function, root = drawn
    for size in (0, 1, 2, len(diagram.widths)):
        for levels in combinations(range(len(diagram.widths)), size):
            for ignored in ("", "x"):
                expected = any(
                    label != other and ignored not in (label, other)
                    for blocks, label in function.items()
                    for other_blocks, other in function.items()
                    if all(blocks[level] == other_blocks[level] for level in range(len(blocks)) if level not in levels)
                )
                assert diagram.differs_by(root, set(levels), ignored.__eq__) == expected
                if size == 1:
                    assert (levels[0] in diagram.levels_that_differ(root, ignored.__eq__)) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_least_difference(seed):
    """The first of the smallest sets of levels, whatever their places are, by trying every pair of assignments."""
    random = Random(seed)
    diagram = Diagram(tuple(random.choice([1, 2, 2, 3]) for _ in range(random.randint(1, 4))))
    function = random_function(random, diagram.widths)
    places = random.sample(range(20), len(diagram.widths))
    for ignored in ("", "x"):
        sets = [
            sorted(place for place, one, other in zip(places, blocks, others, strict=True) if one != other)
            for blocks, label in function.items()
            for others, other_label in function.items()
            if label != other_label and ignored not in (label, other_label)
        ]
        expected = min(sets, key=lambda found: (len(found), found), default=None)
        least = diagram.least_difference(made(diagram, function), places, ignored.__eq__)
        assert least == (None if expected is None else tuple(expected))


def test_count_weighs_every_block(drawn):
    random, diagram, function, root = drawn
    weights = [[random.choice([0, 1, 1, 2, 5]) for _ in range(width)] for width in diagram.widths]
    expected: dict[Label, int] = {}
    for blocks, label in function.items():
        weight = prod(weights[level][block] for level, block in enumerate(blocks))
        expected[label] = expected.get(label, 0) + weight
    counted = diagram.count(root, weights)
    assert {label: count for label, count in counted.items() if count} == {
        label: count for label, count in expected.items() if count
    }
    ones = [[1] * width for width in diagram.widths]
    assert sum(diagram.count(root, ones).values()) == len(function)


def test_what_was_made_later_is_not_counted():
    diagram = Diagram((2,))
    root = diagram.node(0, (diagram.terminal("x"), diagram.terminal("y")))
    diagram.terminal("another")
    assert diagram.count(root, [[1, 3]]) == {"x": 1, "y": 3}


def test_paths_take_every_assignment_apart(drawn):
    _, diagram, function, root = drawn
    found: Function = {}
    for region, label in diagram.paths(root):
        choices = (region.get(level, range(width)) for level, width in enumerate(diagram.widths))
        for blocks in product(*choices):
            assert blocks not in found, "two regions meet"
            found[blocks] = label
    assert found == function


def test_check_finds_a_node_that_should_not_be():
    diagram = Diagram((2, 2))
    x, y = diagram.terminal("x"), diagram.terminal("y")
    lower = diagram.node(1, (x, y))
    diagram.node(0, (lower, y))
    diagram.check()
    diagram.node(1, (lower, y))
    with pytest.raises(AssertionError):
        diagram.check()


def same_label_twice(diagram: Diagram, x: Node, y: Node) -> None:
    diagram._append(2, (), "x")


def terminal_of_a_level(diagram: Diagram, x: Node, y: Node) -> None:
    diagram._terminals["another"] = diagram._append(1, (), "another")


def children_all_the_same(diagram: Diagram, x: Node, y: Node) -> None:
    diagram._made[1][x, x] = diagram._append(1, (x, x), None)


def too_many_children(diagram: Diagram, x: Node, y: Node) -> None:
    diagram._made[1][x, y, y] = diagram._append(1, (x, y, y), None)


def child_of_an_earlier_level(diagram: Diagram, x: Node, y: Node) -> None:
    above = diagram.node(0, (x, y))
    diagram._made[1][above, x] = diagram._append(1, (above, x), None)


def same_node_twice(diagram: Diagram, x: Node, y: Node) -> None:
    diagram.node(1, (x, y))
    diagram._append(1, (x, y), None)


@pytest.mark.parametrize(
    "spoilt",
    [
        same_label_twice,
        terminal_of_a_level,
        children_all_the_same,
        too_many_children,
        child_of_an_earlier_level,
        same_node_twice,
    ],
)
def test_check_finds_each_thing_that_should_not_be(spoilt):
    diagram = Diagram((2, 2))
    x, y = diagram.terminal("x"), diagram.terminal("y")
    diagram.check()
    spoilt(diagram, x, y)
    with pytest.raises(AssertionError):
        diagram.check()


# --- tables ---


def random_table(random: Random, most: int = 7) -> Table:
    widths = random_widths(random)
    rows = []
    for _ in range(random.randint(0, most)):
        levels = random.sample(range(len(widths)), random.randint(0, len(widths)))
        clause = {level: random.randint(1, (1 << widths[level]) - 1) for level in levels}
        rows.append((clause, random.choice(LABELS)))
    return Table(widths, tuple(rows), random.choice([*LABELS, "none"]))


def first_match(table: Table, blocks: tuple[int, ...]) -> Label:
    for clause, label in table.rows:
        if all(passing >> blocks[level] & 1 for level, passing in clause.items()):
            return label
    return table.otherwise


@pytest.mark.parametrize("seed", range(400))
def test_a_table_builds_what_its_clauses_say(seed):
    random = Random(seed)
    table = random_table(random, 7 if seed < 370 else 70)
    diagram = Diagram(table.widths)
    fixed = {level: random.randrange(width) for level, width in enumerate(table.widths) if random.random() < 0.3}
    for held in ({}, fixed):
        root = table.build(diagram, held)
        expected = {
            blocks: first_match(table, tuple(held.get(level, block) for level, block in enumerate(blocks)))
            for blocks in assignments(table.widths)
        }
        assert walked(diagram, root) == expected
    assert table.build(diagram, fixed) == diagram.restrict(table.build(diagram, {}), fixed)


@pytest.mark.parametrize("seed", range(0, 400, 5))
def test_a_table_is_counted_without_a_diagram(seed):
    random = Random(seed)
    table = random_table(random, 7 if seed < 370 else 70)
    weights = [[random.choice([0, 1, 1, 2, 5]) for _ in range(width)] for width in table.widths]
    expected: Counter[Label] = Counter()
    for blocks in assignments(table.widths):
        expected[first_match(table, blocks)] += prod(weights[level][block] for level, block in enumerate(blocks))
    found = table.tally(weights)
    assert +Counter(found.by_label) == +expected
    diagram = Diagram(table.widths)
    ones = [[1] * width for width in table.widths]
    assert table.tally(ones).states >= len(diagram.reachable(table.build(diagram, {})))


def test_clauses_that_only_say_what_the_next_one_says_cost_nothing():
    rows = (({0: 1}, "x"), ({0: 2, 1: 1}, "y"), ({1: 2}, "y"), ({}, "y"), ({1: 1}, "x"))
    for first, edges in ((0, 2), (1, 0)):
        table = Table((2, 2), rows[first:], "z")
        diagram = Diagram(table.widths)
        assert walked(diagram, table.build(diagram, {}, max_edges=edges)) == {
            blocks: first_match(table, blocks) for blocks in assignments(table.widths)
        }


def test_a_tangled_table_stops_at_its_budget():
    random = Random("tangled")
    rows = tuple(({level: random.randint(1, 7) for level in random.sample(range(18), 5)}, n) for n in range(60))
    table = Table((3,) * 18, rows, "none")
    with pytest.raises(TooTangled):
        table.build(Diagram(table.widths), {}, max_edges=5000)
    with pytest.raises(TooTangled):
        table.tally([[1] * 3] * 18, max_edges=5000)
    clock = iter([0, *[1] * 5, *[3] * 1000]).__next__
    with pytest.raises(OutOfTime):
        table.tally([[1] * 3] * 18, Budget(2, clock))
