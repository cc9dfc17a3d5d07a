"""Who is left out of a promise, and to whom it is broken, against every caller of two small random rule sets."""

from __future__ import annotations

from collections import Counter

import pytest
from oracle import holds
from test_diff import pairs
from test_joint import OTHER_ANSWERS, Both

from iopscreen.engine.blocks import NumberBlocks
from iopscreen.engine.budget import UNLIMITED
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.joint import NOBODY, _absent
from iopscreen.engine.promise import Promises
from iopscreen.engine.verdicts import ANY
from iopscreen.ruleset.model import NO_RULE


class Promised(Both):
    """Two rule sets, and what is promised to some of their callers."""

    def __init__(self, seed, old, new):
        super().__init__(seed, old, new)
        self.promises = Promises(self.joint, UNLIMITED)
        self.position = {rule.id: at for at, rule in enumerate(self.new.rules)} | {None: NONE_MATCHES}
        conditions = self.conditions()
        self.pairs = [self.random.sample(conditions, 2) for _ in range(4)] if len(conditions) > 1 else []
        outcomes = [*self.old.outcome, NO_RULE]
        self.allowed = [frozenset(self.random.sample(outcomes, self.random.choice([1, 2]))) for _ in self.pairs]

    def check_shown(self, witness, wanted):
        """Whomever a witness stands for is one of the `wanted`, with numbers at the edge of what is told apart."""
        assert list(witness) == list(self.joint.compiled.rule_set.question)
        for name, answer in witness.items():
            blocks = self.joint.compiled.blocks[name]
            if isinstance(blocks, NumberBlocks) and answer != ANY:
                assert answer in (*blocks.ends[:-1], blocks.starts[-1])
        for caller in self.meant_by(witness):
            assert wanted(caller)


@pytest.mark.parametrize("start", range(9000, 9060, 20))
def test_who_is_left_out_and_to_whom_a_promise_is_broken(start):
    seen = Counter()
    for seed, *sides in pairs(start, start + 20, OTHER_ANSWERS, OTHER_ANSWERS):
        both = Promised(seed, *sides)
        for (condition, other), allowed in zip(both.pairs, both.allowed, strict=True):
            seen["left out"] += check_left_out(both, condition, other)
            seen["refused by one"] += check_refused_by_one(both, condition, other)
            seen["breach"] += check_breach(both, condition, allowed)
            seen["broken"] += check_broken(both, condition, allowed)
    assert min(seen.values()) > 5


def test_who_has_an_answer_that_one_side_does_not_know_is_not_left_out():
    seen = Counter()
    for seed, *sides in pairs(9000, 9030, OTHER_ANSWERS, OTHER_ANSWERS):
        both = Promised(seed, *sides)
        questions = both.joint.compiled.rule_set.questions
        old, new = (list(_absent(half.rule_set, questions)) for half, _ in both.halves)
        assert [both.promises.left_out(unknown, NOBODY) for unknown in old] == [None] * len(old)
        assert [both.promises.refused_by_one(unknown, NOBODY) for unknown in old + new] == [None] * len(old + new)
        seen.update(old=len(old) > 1, new=len(new) > 1)
    assert min(seen["old"], seen["new"]) > 0


def check_left_out(both, condition, other):
    """Of those whose answers the old rule set knows, and whom the new one can have."""

    def wanted(caller):
        mine = both.asks(both.point.old, caller) and both.point.fate(both.point.new, caller)
        return mine and holds(condition, caller) and not holds(other, caller)

    return check_found(both, both.promises.left_out(condition, other), wanted)


def check_refused_by_one(both, condition, other):
    """Of those whose answers both know, impossible or not."""

    def wanted(caller):
        asked = both.asks(both.point.old, caller) and both.asks(both.point.new, caller)
        return asked and holds(condition, caller) and not holds(other, caller)

    return check_found(both, both.promises.refused_by_one(condition, other), wanted)


def check_found(both, found, wanted):
    """Somebody is shown just where there is somebody, and that is one of them."""
    assert (found is not None) == any(wanted(caller) for caller, _, _ in both.callers)
    if found:
        both.check_shown(found, wanted)
    return found is not None


def check_breach(both, condition, allowed):
    """Whom the new rules recommend what is not allowed: the first of these rules."""
    return check_rule(both, both.promises.breach(condition, allowed), condition, allowed, lambda _: True)


def check_broken(both, condition, allowed):
    """The same of those to whom the old rules recommended what is allowed, or whom they could not have."""

    def kept(caller):
        before = both.point.fate(both.point.old, caller)
        return before is None or before.outcome in allowed

    return check_rule(both, both.promises.broken(condition, allowed), condition, allowed, kept)


def check_rule(both, found, condition, allowed, kept):
    def wanted(caller):
        after = both.point.fate(both.point.new, caller)
        return after and after.outcome not in allowed and holds(condition, caller) and kept(caller)

    breaking = {both.position[after.rule] for caller, _, after in both.callers if wanted(caller)}
    assert (found.position if found else None) == min(breaking, key=lambda at: (at == NONE_MATCHES, at), default=None)
    if found:
        both.check_shown(
            found.witness,
            lambda caller: (
                wanted(caller) and both.position[both.point.fate(both.point.new, caller).rule] == found.position
            ),
        )
    return found is not None
