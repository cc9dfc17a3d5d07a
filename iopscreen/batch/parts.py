"""What comes of a stretch of a file: the one seam through which rows come out.

Whatever screens rows (line by line, by blocks, in several processes) makes parts; `run.py` adds
them up in the order of the file, and nothing else knows which way a row took. A part holds
everything that its rows give: what is written, what is counted, the rows with problems.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from iopscreen.ruleset.model import Answer

MAX_TOLD = 5_000
"""How many ways to count are kept: of more undecided rows, it is not kept what is known of them."""


class Told(NamedTuple):
    """How a row counts: what it is told (an outcome, or UNDECIDED, NO_RULE, ERROR) and on what that rests.

    `resting`: the questions on whose assumed answers the recommendation rests; `known`: of an
    undecided row, what is known, or what leaves the same open; `was`: what earlier rules told it.
    Whatever else a summary counts by belongs here, as long as it takes few values: each part
    carries its counts.
    """

    told: str
    resting: frozenset[str] = frozenset()
    known: tuple[tuple[str, Answer], ...] | None = None
    was: str | None = None


class Problem(NamedTuple):
    """A row with problems: its first line (from 1; within a part, from 0), its bytes and cells as they came, why."""

    line: int
    raw: bytes
    cells: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Part:
    """What came of a stretch of a file, `size` bytes in `lines` lines. `out`: what is written, in order."""

    out: list[bytes | memoryview] = field(default_factory=list)
    size: int = 0
    lines: int = 0
    rows: int = 0
    blank_lines: int = 0
    formula_cells: int = 0
    told: Counter[Told] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Count what `part`, which follows this one, counts. What it writes, and its problems, are the caller's."""
        self.size += part.size
        self.lines += part.lines
        self.rows += part.rows
        self.blank_lines += part.blank_lines
        self.formula_cells += part.formula_cells
        for told, rows in part.told.items():
            kept = told if len(self.told) < MAX_TOLD or told in self.told else told._replace(known=None)
            self.told[kept] += rows
