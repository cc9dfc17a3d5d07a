"""Large rule sets for benchmarks and stress tests, as the text of a rule file. Seeded: the same each time.

`tree`: a decision tree's leaves, a tenth of them widened or narrowed (the protocol of Calvanese et
al., Semantic DMN, and of Laurson and Maggi): tables as machines and careful people write them.
`guideline`: a tenth vetoes on one or two answers, the rest specific rules over a few subjects that
belong together, and a rule for everybody else: guidelines as committees write them. `tangled`: conditions
anywhere, at random: nobody writes so, but no analysis may be wrong or hang on it.

As questions, a table's columns are whole numbers and choices in turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

OUTCOMES = ("low", "middle", "high")


@dataclass(frozen=True)
class Column:
    """A question with the values 0 .. `size` - 1: a whole number, or a choice."""

    name: str
    size: int
    number: bool


Row = dict[int, tuple[int, ...]]
"""By column, the values that pass; columns not named are not tested."""


@dataclass(frozen=True)
class Made:
    """A table: its columns, and per rule a row and the place of its outcome in OUTCOMES."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Row, int], ...]

    @property
    def text(self) -> str:
        """The table as a rule file."""
        return "\n".join([*_head(self.columns), "rules:", *_rules(self)]) + "\n"


# --- the three kinds ------------------------------------------------------------------------


def tree(rules: int, columns: int, seed: int = 1) -> Made:
    """The leaves of a random decision tree, a tenth of them widened or narrowed, in random order."""
    random = Random(f"tree {rules} {columns} {seed}")
    size = {3: 12, 5: 6, 7: 5, 10: 4, 13: 4}.get(columns, 3)
    made = _columns(columns, size)
    leaves: list[dict[int, tuple[int, ...]]] = [{column: tuple(range(size)) for column in range(columns)}]
    while len(leaves) < rules:
        place = random.randrange(len(leaves))
        leaf = leaves[place]
        open_ones = [column for column, values in leaf.items() if len(values) > 1]
        if not open_ones:
            continue
        column = random.choice(open_ones)
        cut = random.randrange(1, len(leaf[column]))
        leaves[place] = {**leaf, column: leaf[column][:cut]}
        leaves.append({**leaf, column: leaf[column][cut:]})
    for leaf in leaves:
        if random.random() < 0.1:
            column = random.randrange(columns)
            low, high = leaf[column][0], leaf[column][-1]
            low, high = random.choice([(max(low - 1, 0), high), (low, min(high + 1, size - 1)), (low, low)])
            leaf[column] = tuple(range(low, high + 1))
    random.shuffle(leaves)
    rows = [{column: values for column, values in leaf.items() if len(values) < size} for leaf in leaves]
    return Made(made, tuple((row, random.randrange(len(OUTCOMES))) for row in rows))


def guideline(rules: int, columns: int, seed: int = 1) -> Made:
    """Vetoes first, then specific rules on two or three subjects each, then one for everybody else."""
    random = Random(f"guideline {rules} {columns} {seed}")
    made = _columns(columns, 5)
    subjects = [list(range(start, columns, 6)) for start in range(min(6, columns))]
    rows: list[tuple[Row, int]] = []
    for number in range(rules - 1):
        if number < rules // 10:
            veto, with_it = random.sample(range(columns), 2)
            rows.append(({veto: (4,)} if number < columns // 3 else {veto: (4,), with_it: (3,)}, 2))
            continue
        near = [column for subject in random.sample(subjects, min(3, len(subjects))) for column in subject]
        tested = random.sample(near, min(random.randint(3, 6), len(near)))
        rows.append((_some_tests(random, made, tested), random.randrange(len(OUTCOMES))))
    return Made(made, (*rows, ({}, 0)))


def tangled(rules: int, columns: int, seed: int = 1) -> Made:
    """Two to five tests anywhere."""
    random = Random(f"tangled {rules} {columns} {seed}")
    made = _columns(columns, 3)
    rows = []
    for _ in range(rules):
        tested = random.sample(range(columns), random.randint(2, 5))
        rows.append((_some_tests(random, made, tested), random.randrange(len(OUTCOMES))))
    return Made(made, tuple(rows))


KINDS = {"tree": tree, "guideline": guideline, "tangled": tangled}


def _columns(columns: int, size: int) -> tuple[Column, ...]:
    return tuple(Column(f"q{place}", size, place % 2 == 0) for place in range(columns))


def _some_tests(random: Random, columns: Sequence[Column], tested: Sequence[int]) -> Row:
    row = {}
    for column in tested:
        size = columns[column].size
        low = random.randrange(size)
        high = min(size - 1, low + random.randrange(max(size // 2, 1)))
        row[column] = tuple(range(low, high + 1)) if (low, high) != (0, size - 1) else (low,)
    return row


# --- as a rule file -------------------------------------------------------------------------


def _head(columns: Sequence[Column]) -> Iterator[str]:
    yield from ("format: 1", "id: table", 'version: "1.0.0"', "title: A table", "policy: first", "sources:")
    yield from ("  made: {title: Made for a benchmark, kind: external}", "outcomes:")
    yield from (f"  {outcome}: {{label: {outcome.capitalize()}}}" for outcome in OUTCOMES)
    yield "questions:"
    for column in columns:
        if column.number:
            yield f'  {column.name}: {{ask: "Which number?", type: whole_number, range: [0, {column.size - 1}]}}'
        else:
            options = ", ".join(f"{column.name}v{value}: {{label: Value {value}}}" for value in range(column.size))
            yield f'  {column.name}: {{ask: "Which one?", type: one, options: {{{options}}}}}'


def _rules(made: Made) -> Iterator[str]:
    for number, (row, outcome) in enumerate(made.rows):
        tests = ", ".join(_test(made.columns[column], values) for column, values in sorted(row.items()))
        yield (
            f"  - {{id: r{number}, when: {{{tests}}}, recommend: {OUTCOMES[outcome]}, "
            "because: so it is, basis: external, cite: [made]}"
        )


def _test(column: Column, values: Sequence[int]) -> str:
    if column.number:
        bounds = [f"at_least: {values[0]}"] if values[0] > 0 else []
        bounds += [f"at_most: {values[-1]}"] if values[-1] < column.size - 1 else []
        return f"{column.name}: {{{', '.join(bounds)}}}"
    return f"{column.name}: [{', '.join(f'{column.name}v{value}' for value in values)}]"


def edited(text: str) -> str:
    """The rule set with another outcome for the rule in the middle."""
    found = list(re.finditer(r"recommend: (\w+)", text))
    middle = found[len(found) // 2]
    other = next(match[1] for match in found if match[1] != middle[1])
    return f"{text[: middle.start()]}recommend: {other}{text[middle.end() :]}"
