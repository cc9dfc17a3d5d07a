"""A rule set as a whole, judged by nobody: what is shown to those who will not read YAML."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from iopscreen.audit.regions import OutcomeRegions, region_table
from iopscreen.audit.words import blocks_in_words
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.counts import Whole, whole
from iopscreen.ruleset.condition_words import spaced
from iopscreen.ruleset.model import RuleFile, RuleSet

if TYPE_CHECKING:
    from iopscreen.engine.flow import Asked, Branch, Flow

BEGINNING = 14
"""How many steps are drawn of a way that is too large to be drawn whole: how a call begins."""


class _Overview(NamedTuple):
    """What an overview holds; `Overview` adds what follows from it."""

    file: RuleFile
    compiled: Compiled | None
    counted: Whole | None
    late: bool = False


class Overview(_Overview):
    """A rule file with what follows from it. `compiled` and `counted` are None where it is too tangled for that.

    `late`: `counted` is None because the time was used up.
    """

    @property
    def rule_set(self) -> RuleSet:
        """The rule set of the file."""
        return self.file.rule_set

    def table(self, rows: int) -> tuple[OutcomeRegions, ...]:
        """The largest regions of each outcome, so many `rows` of them; empty where profiles are not counted."""
        return region_table(self.counted, rows) if self.counted else ()

    @cached_property
    def flow(self) -> Flow | None:
        """The way callers take through the questions, or its beginning; None where it is too tangled."""
        from iopscreen.engine.flow import flow  # a text needs no picture

        found = flow(self.compiled) if self.compiled else None
        return flow(self.compiled, BEGINNING) if self.compiled and found and found.cut else found

    def answers(self, step: Asked, branch: Branch) -> str:
        """The answers of a branch, in words."""
        assert self.compiled is not None  # there is a flow
        return spaced(blocks_in_words(self.compiled, step.question, branch.blocks))


def overview(file: RuleFile, compiled: Compiled) -> Overview:
    """The overview of a rule file."""
    try:
        return Overview(file, compiled, whole(compiled))
    except TooTangled:
        return Overview(file, compiled, None)
