"""What answers leave of a table: where it is the same, so is what is decided. On random rule sets, by deciding each."""

from __future__ import annotations

from random import Random

import pytest
from random_rule_sets import made, random_answers

from iopscreen.engine import kept
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide, is_certain, rule_on, shown, texts_of_open
from iopscreen.engine.kept import Kept
from iopscreen.engine.remainder import ByRemainder
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
    with pytest.raises(KeyError):
        plain["a"]
    plain.keep("a", 1)
    assert plain["a"] == 1
