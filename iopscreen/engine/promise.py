"""What became of promises between two rule sets: who is left out of one, and who has it broken, as callers.

By witness search over the common blocks, so that no verdict waits for a diagram. Conditions are those of
guarantees and impossible entries as `Joint` has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from iopscreen.engine.blocks import NumberBlocks
from iopscreen.engine.boxes import both
from iopscreen.engine.budget import Budget
from iopscreen.engine.joint import ABSENT, Decider, Half, Joint, deciders
from iopscreen.engine.search import Clauses
from iopscreen.engine.table import Clause
from iopscreen.engine.verdicts import Verdicts, Witness
from iopscreen.ruleset.model import AllOf, Condition, Not


class Breach(NamedTuple):
    """A caller to whom the new rule (or NONE_MATCHES) at `position` recommends what a promise forbids."""

    position: int
    witness: Witness


class Promises:
    """Verdicts on what two rule sets promise. Everything raises OutOfTime and TooManyClauses."""

    def __init__(self, joint: Joint, budget: Budget) -> None:
        self.joint = joint
        self.verdicts = Verdicts(joint.compiled, budget)
        self.old, self.new = deciders(joint.old), deciders(joint.new)
        refused = [clause for clause, label in joint.old.table.rows if joint.old.excludes(label)]
        self.nobody_before = Decider(-1, refused, 0)
        self.absent = _absent(joint.old), _absent(joint.new)
        self.refused = sum(1 << place for place, label in joint.new.rows if joint.new.excludes(label))

    def broken(self, condition: Condition, allowed: Collection[str]) -> Breach | None:
        """A caller of `condition` who is now recommended none of `allowed`, and was before, or could not be before."""
        kept: list[Decider] | None = None
        for breaking, met in self._decided_otherwise(condition, allowed):
            if kept is None:
                kept = [one for one in self.old if self.joint.old.outcome_of(one.position) in allowed]
            for before in (*kept, self.nobody_before):
                found = self._first(both(met, before.clauses), breaking.before | before.before)
                if found is not None:
                    return Breach(breaking.position, found)
        return None

    def breach(self, condition: Condition, allowed: Collection[str]) -> Breach | None:
        """A caller of `condition` who is now recommended none of `allowed`, whatever it was before."""
        for breaking, met in self._decided_otherwise(condition, allowed):
            found = self._first(met, breaking.before)
            assert found is not None  # it decides some of them
            return Breach(breaking.position, found)
        return None

    def left_out(self, condition: Condition, other: Condition) -> Witness | None:
        """A caller whom the new rule set can have, and who meets `condition` and not `other`.

        Who has an answer that the old rule set does not know is nobody of whom it promised anything.
        """
        return self._apart(condition, other, self.refused | self.absent[0])

    def refused_by_one(self, condition: Condition, other: Condition) -> Witness | None:
        """A caller whose answers both rule sets know, and who meets `condition` and not `other`."""
        return self._apart(condition, other, self.absent[0] | self.absent[1])

    def _decided_otherwise(
        self, condition: Condition, allowed: Collection[str]
    ) -> Iterator[tuple[Decider, Sequence[Clause]]]:
        """Who decides some of `condition` on the new side, and recommends none of `allowed`; with its part of them."""
        clauses = self.joint.compiled.maker.clauses(condition)
        for one in self.new:
            if self.joint.new.outcome_of(one.position) not in allowed:
                met = both(clauses, one.clauses)
                if self.verdicts.box_in(met, one.before) is not None:
                    yield one, met

    def _apart(self, condition: Condition, other: Condition, avoid: Clauses) -> Witness | None:
        return self._first(self.joint.compiled.maker.clauses(AllOf((condition, Not(other)))), avoid)

    def _first(self, clauses: Sequence[Clause], avoid: Clauses) -> Witness | None:
        """The first caller, with numbers next to a threshold: 17 says more about an age limit than 0."""
        found = self.verdicts.witness(clauses, avoid)
        if found is None:
            return None
        shown = dict(found)
        for name, answer in found.items():
            blocks = self.joint.compiled.blocks[name]
            if isinstance(blocks, NumberBlocks) and isinstance(answer, int):
                block = blocks.block_of(answer)
                shown[name] = blocks.starts[block] if block == blocks.count - 1 else blocks.ends[block]
        return shown


def _absent(half: Half) -> Clauses:
    return sum(1 << place for place, label in half.rows if label == ABSENT)
