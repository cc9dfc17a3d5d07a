"""Conditions -> clauses: an "or" of "and"s over blocks (disjunctive normal form).

A test of a setting is decided here, by the setting's value; what remains are tests of
questions, one set of blocks per question and clause.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from iopscreen.engine.blocks import Blocks, Readings, interval, meaning, unplaced
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.table import Clause
from iopscreen.ruleset.model import AllOf, AnyOf, Condition, Not, OptionsTest, Test, ValueTest

MAX_CLAUSES = 4096


class TooManyClauses(TooTangled):
    """A condition is an "or" of too many alternatives to be looked at one by one."""


class ClauseMaker:
    """Turns conditions into clauses over `blocks` (by question id), each at its level."""

    def __init__(self, blocks: Mapping[str, Blocks], level: Mapping[str, int], readings: Readings) -> None:
        self.blocks = blocks
        self.level = level
        self.readings = readings
        self._passing: dict[Hashable, int] = {}
        self.met = 0
        """How many pairs of alternatives were put together so far: what all conditions cost."""

    def clauses(self, condition: Condition) -> list[Clause]:
        """The clauses of `condition`; none for "nobody", one empty clause for "everyone"."""
        return [dict(clause) for clause in self._normal(condition, True)]

    def _normal(self, condition: Condition, wanted: bool) -> list[dict[int, int]]:
        """The clauses in which `condition` is `wanted`: "not" is pushed inwards (De Morgan)."""
        match condition:
            case Not(part):
                return self._normal(part, not wanted)
            case AllOf(parts):
                return (self._every if wanted else self._some)(parts, wanted)
            case AnyOf(parts):
                return (self._some if wanted else self._every)(parts, wanted)
            case _:
                return self._test(condition, wanted)

    def _test(self, test: Test, wanted: bool) -> list[dict[int, int]]:
        blocks = self.blocks.get(test.subject)
        if blocks is None:
            return [{}] if holds_for_setting(test, self.readings) == wanted else []
        key = test.subject, meaning(test)
        passing = self._passing.get(key)
        if passing is None:
            passing = self._passing[key] = blocks.passing(unplaced(test))
        passing = passing if wanted else blocks.everything & ~passing
        if passing == blocks.everything:
            return [{}]
        return [{self.level[test.subject]: passing}] if passing else []

    def _some(self, parts: Sequence[Condition], wanted: bool) -> list[dict[int, int]]:
        return self._tidy([clause for part in parts for clause in self._normal(part, wanted)])

    def _every(self, parts: Sequence[Condition], wanted: bool) -> list[dict[int, int]]:
        found: list[dict[int, int]] = [{}]
        for part in parts:
            alternatives = self._normal(part, wanted)
            if len(found) == len(alternatives) == 1:  # nearly always, and then nothing has to be made anew
                if not _narrowed(found[0], alternatives[0]):
                    return []
                continue
            if len(found) * len(alternatives) > 64 * MAX_CLAUSES:
                raise TooManyClauses
            self.met += len(found) * len(alternatives)
            met = [_meet(clause, alternative) for clause in found for alternative in alternatives]
            found = self._tidy([clause for clause in met if clause is not None])
        return found

    def _tidy(self, clauses: list[dict[int, int]]) -> list[dict[int, int]]:
        """The same "or" with fewer clauses: equal ones once, tests of one level joined."""
        if len(clauses) < 2:
            return clauses
        if {} in clauses:
            return [{}]
        joined: dict[int, int] = {}
        kept: dict[tuple[tuple[int, int], ...], dict[int, int]] = {}
        for clause in clauses:
            if len(clause) == 1:
                [(level, passing)] = clause.items()
                joined[level] = joined.get(level, 0) | passing
            else:
                kept[tuple(sorted(clause.items()))] = clause
        everything = {self.level[name]: blocks.everything for name, blocks in self.blocks.items()}
        if any(passing == everything[level] for level, passing in joined.items()):
            return [{}]
        absorbed = [
            clause
            for clause in kept.values()
            if not any(level in joined and passing & ~joined[level] == 0 for level, passing in clause.items())
        ]
        found = [{level: passing} for level, passing in joined.items()] + absorbed
        if len(found) > MAX_CLAUSES:
            raise TooManyClauses
        return found


def _meet(left: dict[int, int], right: dict[int, int]) -> dict[int, int] | None:
    """Both clauses at once; None where they exclude each other."""
    met = dict(left)
    return met if _narrowed(met, right) else None


def _narrowed(clause: dict[int, int], by: Mapping[int, int]) -> bool:
    """Narrow `clause` to what passes `by`, too; False where nothing does."""
    for level, passing in by.items():
        clause[level] = clause.get(level, passing) & passing
        if not clause[level]:
            return False
    return True


def holds_for_setting(test: Test, readings: Readings) -> bool:
    """Whether a setting's value passes `test`."""
    value = readings[test.subject]
    assert not isinstance(test, OptionsTest)  # no setting has several options
    if isinstance(test, ValueTest):
        return value in test.values
    assert isinstance(value, int)
    low, high = interval(test.bounds, readings)
    return (low is None or low <= value) and (high is None or value <= high)
