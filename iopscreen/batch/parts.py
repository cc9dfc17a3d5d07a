"""What comes of a stretch of a file: the one seam through which rows come out.

Whatever screens rows (line by line, by blocks, in several processes) makes parts; `run.py` adds
them up in the order of the file, and nothing else knows which way a row took. A part holds
everything that its rows give: what is written, what is counted, the rows with problems.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from iopscreen.batch import sampling
from iopscreen.engine.remainder import Remainder
from iopscreen.ruleset.model import Answer

LONG = 1 << 19
"""Bytes that are enough to be written at once: behind a row of one sign there may stand hundreds."""
MAX_KINDS = 5_000
"""How many kinds of undecided rows are kept apart: of the others it is not kept what is open in them."""


@dataclass(frozen=True, slots=True)
class Open:
    """A kind of undecided rows: those of which the answers leave the same of the rules.

    `answers`: what is known of one of them, and all that is `left` is left of the others, too.
    """

    left: Remainder
    answers: tuple[tuple[str, Answer], ...] = field(compare=False, repr=False)


class Told(NamedTuple):
    """How a row counts: what it is told (an outcome, or UNDECIDED, NO_RULE, ERROR) and on what that rests.

    `resting`: the questions on whose assumed answers the recommendation rests; `open`: of an
    undecided row, what is open in it; `was`: what earlier rules told it.
    Whatever else a summary counts by belongs here, as long as it takes few values: each part
    carries its counts.
    """

    told: str
    resting: frozenset[str] = frozenset()
    open: Open | None = None
    was: str | None = None


class Problem(NamedTuple):
    """A row with problems: its first line (from 1; within a part, from 0), its bytes and cells as they came, why."""

    line: int
    raw: bytes
    cells: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Part:
    """What came of a stretch of a file, `size` bytes in `lines` lines. `out`: what is written, in order.

    `size_out`: how many bytes that must be, known where rows are put together, so that what is lost or doubled
    on the way to the file is noticed. `lines_out`: how many lines came of them; nothing of ours ends a line, so that
    these are as many, or a row was lost.
    """

    out: list[bytes | memoryview] = field(default_factory=list)
    size: int = 0
    lines: int = 0
    size_out: int = 0
    lines_out: int = 0
    rows: int = 0
    blank_lines: int = 0
    formula_cells: int = 0
    told: Counter[Told] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_long(self) -> bool:
        """Whether so much came of it that it is handed on before more comes."""
        return self.size_out >= LONG

    def add(self, part: Part) -> None:
        """Count what `part`, which follows this one, counts. What it writes, and its problems, are the caller's."""
        self.size += part.size
        self.lines += part.lines
        self.size_out += part.size_out
        self.lines_out += part.lines_out
        self.rows += part.rows
        self.blank_lines += part.blank_lines
        self.formula_cells += part.formula_cells
        for told, rows in part.told.items():
            self.told[told] += rows
        if len(self.told) > 2 * MAX_KINDS:
            self.told = few_kinds(self.told)


def few_kinds(told: Counter[Told]) -> Counter[Told]:
    """At most `MAX_KINDS` kinds of undecided rows, and all other rows counted without theirs.

    Which kinds are kept does not depend on how often, and in which order, they are met and this is asked.
    """
    kinds = {key.open for key in told if key.open}
    if len(kinds) <= MAX_KINDS:
        return told
    kept = sampling.lowest({kind: sampling.rank(kind) for kind in kinds}, MAX_KINDS)
    few: Counter[Told] = Counter()
    for key, rows in told.items():
        few[key if key.open in kept else key._replace(open=None)] += rows
    return few
