"""The rows with problems as a file of their own, to be mended and screened again.

Where a row stands and why it is a problem come before its cells, so that the row itself stays as
it came, to the byte: a short row padded to make room behind it would be a whole one the next time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import count
from typing import BinaryIO

from iopscreen.batch.parts import Problem
from iopscreen.batch.writer import Writer
from iopscreen.ruleset.values import name_key

NAMES = ("problem_line", "problem_reason")
_NAMED = re.compile(r"problem (?:line|reason)(?: \d+)?")


def is_ours(header: str) -> bool:
    """Whether a column is one that an earlier file of problems added."""
    return _NAMED.fullmatch(name_key(header)) is not None


class ProblemRows:
    """The file of problems as it is written."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._writer: Writer | None = None

    def begin(self, before: bytes, header: bytes, taken: Collection[str], writer: Writer) -> None:
        """The lines down to the header, with the names of our columns before it, none of them `taken`.

        `before`: what stands before the names, a byte order mark included.
        """
        self._writer = writer
        self._target.write(before + writer.leading(_free_names(taken)) + header)

    def add(self, problem: Problem) -> None:
        """One row."""
        assert self._writer is not None
        leading = self._writer.leading([str(problem.line), "; ".join(problem.reasons)])
        self._target.write(leading + self._writer.safe(problem.cells, problem.raw))


def _free_names(taken: Collection[str]) -> Sequence[str]:
    """Names of our columns that no other column has, whatever the case, spaces, `-` or `_`."""
    keys = {name_key(name) for name in taken}
    suffixes = ("" if number == 1 else f"_{number}" for number in count(1))
    tried = ([name + suffix for name in NAMES] for suffix in suffixes)
    return next(names for names in tried if keys.isdisjoint(map(name_key, names)))
