"""What became of a promise between two rule sets: who is left out of it, and who has it broken, as callers.

By witness search over the common blocks, so that no verdict waits for a diagram. Conditions are those of
guarantees and impossible entries as `Joint` has them. Everything raises OutOfTime and TooManyClauses.
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


def broken(joint: Joint, condition: Condition, allowed: Collection[str], budget: Budget) -> Breach | None:
    """A caller of `condition` who is now recommended none of `allowed`, and was before, or could not be before."""
    verdicts = Verdicts(joint.compiled, budget)
    clauses = joint.compiled.maker.clauses(condition)
    kept = [one for one in deciders(joint.old) if joint.old.outcome_of(one.position) in allowed]
    kept.append(Decider(-1, _excluding(joint.old), 0))
    for breaking, met in _decided_otherwise(joint, verdicts, clauses, allowed):
        for before in kept:
            found = verdicts.witness(both(met, before.clauses), breaking.before | before.before)
            if found is not None:
                return Breach(breaking.position, _at_the_edge(joint, found))
    return None


def breach(joint: Joint, condition: Condition, allowed: Collection[str], budget: Budget) -> Breach | None:
    """A caller of `condition` who is now recommended none of `allowed`, whatever it was before."""
    verdicts = Verdicts(joint.compiled, budget)
    clauses = joint.compiled.maker.clauses(condition)
    for breaking, met in _decided_otherwise(joint, verdicts, clauses, allowed):
        found = verdicts.witness(met, breaking.before)
        assert found is not None  # it decides some of them
        return Breach(breaking.position, _at_the_edge(joint, found))
    return None


def _decided_otherwise(
    joint: Joint, verdicts: Verdicts, clauses: Sequence[Clause], allowed: Collection[str]
) -> Iterator[tuple[Decider, Sequence[Clause]]]:
    """Who decides some of `clauses` on the new side, and recommends none of `allowed`; with its part of them."""
    for one in deciders(joint.new):
        if joint.new.outcome_of(one.position) not in allowed:
            met = both(clauses, one.clauses)
            if verdicts.box_in(met, one.before) is not None:
                yield one, met


def left_out(joint: Joint, condition: Condition, other: Condition, budget: Budget) -> Witness | None:
    """A caller whom the new rule set can have, and who meets `condition` and not `other`.

    Who has an answer that the old rule set does not know is nobody of whom it promised anything.
    """
    refused = sum(1 << place for place, label in joint.new.rows if joint.new.excludes(label))
    return _apart(joint, condition, other, refused | _absent(joint.old), budget)


def refused_by_one(joint: Joint, condition: Condition, other: Condition, budget: Budget) -> Witness | None:
    """A caller whose answers both rule sets know, and who meets `condition` and not `other`."""
    return _apart(joint, condition, other, _absent(joint.new) | _absent(joint.old), budget)


def _apart(joint: Joint, condition: Condition, other: Condition, avoid: Clauses, budget: Budget) -> Witness | None:
    clauses = joint.compiled.maker.clauses(AllOf((condition, Not(other))))
    found = Verdicts(joint.compiled, budget).witness(clauses, avoid)
    return None if found is None else _at_the_edge(joint, found)


def _absent(half: Half) -> Clauses:
    return sum(1 << place for place, label in half.rows if label == ABSENT)


def _excluding(half: Half) -> list[Clause]:
    return [clause for clause, label in half.table.rows if half.excludes(label)]


def _at_the_edge(joint: Joint, witness: Witness) -> Witness:
    """The same caller with numbers next to a threshold: 17 says more about an age limit than 0."""
    found = dict(witness)
    for name, answer in witness.items():
        blocks = joint.compiled.blocks[name]
        if isinstance(blocks, NumberBlocks) and isinstance(answer, int):
            block = blocks.block_of(answer)
            found[name] = blocks.starts[block] if block == blocks.count - 1 else blocks.ends[block]
    return found
