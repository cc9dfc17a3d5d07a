"""What a change does to the guarantees, proved: for whom they hold no more, each with a caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.clauses import TooManyClauses
from iopscreen.engine.joint import NOBODY
from iopscreen.engine.promise import Breach, Promises
from iopscreen.engine.verdicts import Witness
from iopscreen.ruleset.model import NO_RULE, AllOf, Condition, Guarantee, Not, RuleSet

UNDECIDED = (TooTangled, TooManyClauses, RecursionError)
"""Why something about a condition is not decided."""


@dataclass(frozen=True, slots=True)
class PromiseChange:
    """A guarantee of either edition; None where one has it not. `decided`: whether the rest is known.

    `broken`: a caller for whom it held, as it is written now (one that is gone: as it was), and holds no more.
    `left_out`: a caller for whom it was, and is no more; `violating`: the rule that now recommends to that one
    what it forbade. `nobody`: nobody can meet it any more. `allowed`: the outcomes that it forbade and now
    allows, each with a caller who is recommended it, if there is one.
    """

    old: Guarantee | None
    new: Guarantee | None
    decided: bool
    broken: Breach | None
    left_out: Witness | None
    violating: Breach | None
    nobody: bool
    allowed: Mapping[str, Breach | None]

    @property
    def id(self) -> str:
        """Its id."""
        one = self.new or self.old
        assert one is not None  # it comes from one of the two
        return one.id


def promise_changes(old: RuleSet, new: RuleSet, promises: Promises | None) -> tuple[PromiseChange, ...]:
    """What became of each guarantee, those of the old edition first. `promises`: None where nothing can be decided."""
    before = {one.id: one for one in old.guarantees}
    after = {one.id: one for one in new.guarantees}
    found = []
    for name in {**before, **after}:
        ends = before.get(name), after.get(name)
        try:
            if promises is None:
                raise TooTangled
            found.append(_edited(promises, *ends) if all(ends) else _one_sided(promises, *ends))
        except UNDECIDED:
            allowed = dict.fromkeys(_allowed(new, *ends))
            found.append(PromiseChange(*ends, False, None, None, None, False, allowed))
    return tuple(found)


def _one_sided(promises: Promises, old: Guarantee | None, new: Guarantee | None) -> PromiseChange:
    """A guarantee that is gone or new: do the rules keep it no more?"""
    half, one = (promises.joint.new, new) if new else (promises.joint.old, old)
    assert one is not None  # it comes from one of the two
    breaking = promises.broken(_condition(half.rule_set, one.id), one.allowed)
    return PromiseChange(old, new, True, breaking, None, None, False, {})


def _edited(promises: Promises, old: Guarantee | None, new: Guarantee | None) -> PromiseChange:
    """A guarantee that both have: for whom is it no more, what does it allow besides, do the rules keep it no more?"""
    assert old is not None
    assert new is not None
    before, after = (_condition(half.rule_set, old.id) for half in (promises.joint.old, promises.joint.new))
    missed = promises.left_out(before, after)
    violating = promises.broken(AllOf((before, Not(after))), old.allowed) if missed else None
    return PromiseChange(
        old=old,
        new=new,
        decided=True,
        broken=promises.broken(after, new.allowed),
        left_out=violating.witness if violating else missed,
        violating=violating,
        nobody=missed is not None and promises.left_out(after, NOBODY) is None,
        allowed=_now_allowed(promises, old, new, after),
    )


def _now_allowed(promises: Promises, old: Guarantee, new: Guarantee, condition: Condition) -> dict[str, Breach | None]:
    """The outcomes that it newly allows.

    A `never` allows whatever outcome is new, so that one counts only where somebody is recommended it, or where the
    guarantee had promised one outcome alone.
    """
    before, rule_set = promises.joint.old.rule_set, promises.joint.new.rule_set
    found = {}
    for outcome in _allowed(rule_set, old, new):
        others = {*rule_set.outcome, NO_RULE} - {outcome}
        shown = promises.breach(condition, others)
        if shown or outcome in before.outcome or len(old.allowed) == 1:
            found[outcome] = shown
    return found


def _allowed(rule_set: RuleSet, old: Guarantee | None, new: Guarantee | None) -> list[str]:
    if old is None or new is None:
        return []
    return [outcome for outcome in rule_set.outcome if outcome in new.allowed - old.allowed]


def _condition(rule_set: RuleSet, name: str) -> Condition:
    return next(one.condition for one in rule_set.guarantees if one.id == name)
