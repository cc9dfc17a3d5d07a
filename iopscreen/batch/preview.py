"""A dry run: how every column and every distinct value of a file would be read, and what would come of it.

Values are told apart up to a limit, so that memory stays bounded whatever the file; the others are
counted by how they are read. Columns that answer no question are named, and their cells looked at by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from iopscreen.ruleset.model import Answer
from iopscreen.ruleset.values import Unreadable

MAX_VALUES = 1000
"""How many values of a column are told apart."""
MAX_TEXT = 200
"""Characters of a value that are kept. Longer ones are alike when these are."""
ROWS_BETWEEN_REPORTS = 4096


@dataclass(slots=True)
class Value:
    """A distinct value of a column. `read`: the answer, or why it is none; `line`: where it stands first."""

    text: str
    read: Answer | Unreadable
    rows: int
    line: int

    @property
    def readable(self) -> bool:
        """Whether it is an answer."""
        return not isinstance(self.read, Unreadable)
