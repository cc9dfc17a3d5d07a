"""What answers leave of a table: where it is the same, so is what is decided. On random rule sets, by deciding each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from random import Random

import pytest
from random_rule_sets import made, random_answers
from test_diagram import random_table

from iopscreen.engine import kept, remainder
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide, is_certain, rule_on, shown, texts_of_open
from iopscreen.engine.kept import Kept
from iopscreen.engine.remainder import ByRemainder, Remainder, Remainders
from iopscreen.engine.table import Table
from iopscreen.ruleset.model import Answers
from iopscreen.ruleset.reader import understand


def told(compiled: Compiled, answers: Answers) -> Decision | tuple:
    """What `decide` says of these answers."""
    try:
        return decide(compiled, answers, absent_is_unknown=True)
    except ImpossibleAnswers as refused:
        return refused.entries


class ByTables:
    """What is decided, from what is kept of each table by itself; it counts how often it is found out."""

    def __init__(self, compiled: Compiled, most: int) -> None:
        self.compiled = compiled
        self.ruled = 0
        self._rules = ByRemainder(compiled.rules, self._rule, most)
        self._notes = [ByRemainder(table, self._certain(at), most) for at, table in enumerate(compiled.notes)]

    def _rule(self, known):
        self.ruled += 1
        try:
            return rule_on(self.compiled, known)
        except ImpossibleAnswers as refused:
            return refused.entries

    def _certain(self, place: int):
        return lambda known: is_certain(self.compiled, place, known)

    def told(self, answers: Answers) -> tuple:
        known = self.compiled.known(answers)
        blocks = [known.get(level) for level in range(len(self.compiled.order))]
        ruling = self._rules.of(blocks)
        if not hasattr(ruling, "possible"):
            return ruling
        notes = self.compiled.rule_set.notes
        certain = [shown(note) for note, by_left in zip(notes, self._notes, strict=True) if by_left.of(blocks)]
        return (*ruling, (*certain, *texts_of_open(self.compiled, ruling.ask_next)))


def test_what_is_kept_of_each_table_is_what_is_decided():
    found_out = decided = impossible = noted = 0
    for seed in range(80):
        rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
        compiled, random = compile_rule_set(rule_set), Random(seed)
        by_tables = ByTables(compiled, random.choice([0, 2_000, 1 << 20]))
        for share in (1.0, 0.9, 0.7, 0.5, 0.3) * 6:
            answers = random_answers(random, rule_set, share)
            expected = told(compiled, answers)
            if isinstance(expected, Decision):
                noted += bool(expected.notes)
                expected = tuple(getattr(expected, name) for name in RULED)
            else:
                impossible += 1
            assert by_tables.told(answers) == expected, f"seed {seed}, answers {answers}"
            decided += 1
        found_out += by_tables.ruled
    # A good part is found out once, or it would be for nothing.
    assert found_out < decided * 0.9
    assert min(impossible, noted) > 20


RULED = ("recommendation", "rule", "rules", "possible", "ask_next", "notes")


def left_by_hand(table: Table, blocks: Sequence[int | None]) -> Remainder:
    """What is left of a table, clause by clause; `blocks`: those known, or None, by level."""

    def open_levels(clause):
        return {level for level in clause if blocks[level] is None}

    rows = [*table.rows, ({}, table.otherwise)]
    alive = [
        (place, open_levels(clause), label)
        for place, (clause, label) in enumerate(rows)
        if all(blocks[level] is None or passing >> blocks[level] & 1 for level, passing in clause.items())
    ]
    first_without_test = next(number for number, (_, levels, _) in enumerate(alive) if not levels)
    before, takes_rest = alive[:first_without_test], alive[first_without_test]
    while before and before[-1][2] == takes_rest[2]:
        before.pop()
    clauses = sum(1 << place for place, _, _ in (*before, takes_rest))
    return Remainder(clauses, tuple(sorted(set().union(*(levels for _, levels, _ in before)))))


def test_what_is_left_of_a_table_clause_by_clause():
    seen = Counter()
    for seed in range(150):
        random = Random(f"left {seed}")
        table = random_table(random)
        remainders = Remainders(table)
        for _ in range(10):
            blocks = [random.choice([None, random.randrange(width)]) for width in table.widths]
            left = remainders.of([blocks[level] for level in remainders.levels])
            assert left == left_by_hand(table, blocks)
            seen[min(len(left.levels), 3)] += 1
    assert min(seen[number] for number in range(4)) > 50


TWO_LEVELS = Table((2, 3), (({0: 1, 1: 3}, "x"), ({1: 4}, "y")), "z")
"""Of three and of four: a block, or none known."""


EVERY = list(product([None, 0, 1], [None, 0, 1, 2]))


def found_out(most: int) -> tuple[int, int]:
    """How much is found out where every combination of its blocks is asked about, and how much when all are again."""
    asked = []

    def found(known):
        asked.append(known)
        return left_by_hand(TWO_LEVELS, [known.get(0), known.get(1)])

    by_left = ByRemainder(TWO_LEVELS, found, most)
    numbers = []
    for _ in range(2):
        assert [by_left.of(blocks) for blocks in EVERY] == [left_by_hand(TWO_LEVELS, blocks) for blocks in EVERY]
        numbers.append(len(asked))
    return numbers[0], numbers[1] - numbers[0]


@pytest.mark.parametrize(("few", "kept_by_blocks"), [(11, False), (12, True)])
def test_few_combinations_are_kept_beside_what_is_kept_by_bytes(few, kept_by_blocks, monkeypatch):
    monkeypatch.setattr(remainder, "FEW", few)
    first, again = found_out(0)
    assert first > 5
    assert (again == 0) == kept_by_blocks


@pytest.mark.parametrize("few", [0, 12])
def test_each_remainder_is_found_out_once(few, monkeypatch):
    monkeypatch.setattr(remainder, "FEW", few)
    assert found_out(100_000) == (len({left_by_hand(TWO_LEVELS, blocks) for blocks in EVERY}), 0)


class Squares(Kept[int, bytes]):
    """Values of a known size, and a list of what was found out."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.found: list[int] = []

    def find(self, key: int) -> bytes:
        self.found.append(key)
        return bytes(key % 100) if key < 1000 else bytes(1000) + str(key).encode()

    def size_of(self, value: bytes) -> int:
        return len(value)

    @property
    def bytes_held(self) -> int:
        """What both generations hold."""
        values = {*self.values(), *self._old.values()}
        return sum(map(len, values)) + kept.ENTRY * (len(self) + len(self._old) + len(values))


@pytest.mark.parametrize("most", [0, 5_000, 100_000])
def test_what_is_kept_is_bounded_by_bytes(most):
    squares, random = Squares(most), Random(most)
    largest = 0
    for _ in range(3_000):
        key = random.choice([random.randrange(1000), random.randrange(1000, 10_000)])
        assert squares[key] == Squares(0)[key]
        largest = max(largest, squares.bytes_held)
    # Each generation may go past its half by one entry.
    assert most / 2 <= largest <= most + 2 * (1_010 + 2 * kept.ENTRY)


def test_what_is_in_use_stays():
    squares = Squares(40 * (kept.ENTRY * 2 + 1_004))
    for other in range(1000, 3000):
        assert squares[5]
        assert squares[other]
    assert squares.found.count(5) == 1


def test_equal_values_are_held_once_and_count_once():
    squares = Squares(100_000)
    for key in range(5, 500, 100):
        assert squares[key] is squares[5]
    assert squares._size < 6 * kept.ENTRY + 100


def test_a_value_that_is_not_kept_is_not_there():
    plain: Kept[str, int] = Kept(1000)
    with pytest.raises(KeyError, match="a"):
        plain["a"]
    plain.keep("a", 1)
    assert plain["a"] == 1


@pytest.mark.parametrize(("most", "held"), [(1_198, 3), (1_200, 3), (1_201, 3), (1_202, 4), (1_499, 4), (1_502, 5)])
def test_a_generation_ends_with_the_entry_after_half_of_the_bytes(most, held):
    """The first entry counts for itself and its value, the others have the same value."""
    plain: Kept[int, str] = Kept(most)
    for number in range(3 * held):
        plain.keep(number, "value")
        assert list(plain) == list(range(number - number % held, number + 1))
    plain.keep(3 * held, "value")
    for number in range(2 * held):
        with pytest.raises(KeyError):
            plain[number]
    assert plain[2 * held] == "value"


class Lengths(Kept[str, int]):
    """Keys of a known size."""

    def find(self, key: str) -> int:
        return len(key) + len(self)

    def size_of_key(self, key: str) -> int:
        return len(key)


@pytest.mark.parametrize(("most", "held"), [(2 * 400, 1), (2 * 401, 2), (2 * 800, 2), (2 * 801, 3)])
def test_keys_count_by_their_size(most, held):
    lengths = Lengths(most)
    for number in range(held):
        assert lengths[f"{number:0100}"] == 100 + number
        assert len(lengths) == number + 1
    assert lengths["another"]
    assert list(lengths) == ["another"]
