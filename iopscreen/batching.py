"""One run of `batch`, put together: what is read, what is written, what is told on the way.

It stands between the command line and the house: what it is given are names of files and
wishes, what it returns are results. It prints nothing, and knows no exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from iopscreen.batch.run import Summary
from iopscreen.ruleset.model import RuleFile

if TYPE_CHECKING:
    pass


class Wishes(NamedTuple):
    """What `batch` was asked for: names of files as on the command line, None where not given."""

    source: str
    rules: str | None
    output: str
    problems: str | None
    summary: str | None
    compare: str | None
    column_map: Sequence[str]
    ignore_columns: Sequence[str]
    excel_safe: bool
    prefix: str
    encoding: str
    force: bool


class Screened(NamedTuple):
    """What came of a file, and by which rules."""

    summary: Summary
    file: RuleFile
