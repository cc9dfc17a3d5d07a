"""Every verdict on a rule set: yes, no, or not decided. Nothing is explained here, nor counted.

Each verdict stands for itself: where time runs out in the middle, those that were given by then are
told, and each of the others is named as not decided. None means not decided throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from functools import cached_property, partial
from itertools import islice
from typing import Literal, NamedTuple, TypeVar

from iopscreen.engine.boxes import both
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import NONE_MATCHES, TooTangledToCompile
from iopscreen.engine.effect import Effects
from iopscreen.engine.relevance import matters
from iopscreen.engine.search import Box
from iopscreen.engine.table import Clause
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import Guarantee, Policy

TOO_TANGLED = (TooTangled, TooTangledToCompile, RecursionError)
"""Why something is not decided: it goes past a limit of time or of size."""

MAX_OVERLAPS = 10
"""With how many of those before it each rule is said to overlap."""

_Found = TypeVar("_Found")


def attempted(ask: Callable[[], _Found]) -> _Found | None:
    """What `ask` finds; None where it goes past a limit."""
    try:
        return ask()
    except TOO_TANGLED:
        return None


class Reach(Enum):
    """Whether a rule decides somebody, and else why not."""

    DECIDES = auto()
    UNREACHABLE = auto()
    """Earlier rules take everybody whom it matches."""
    CONTRADICTORY = auto()
    """Nobody can meet its condition."""


class Broken(NamedTuple):
    """A guarantee that does not hold: which rule (or NONE_MATCHES) decides otherwise, for profiles as a box."""

    position: int
    box: Box


class Overlap(NamedTuple):
    """Two rules that both match some profiles, these as a box."""

    earlier: int
    later: int
    box: Box


class Judged:
    """The verdicts on one rule set; rules are named by position. Each is worked out when it is first asked for."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.rule_set = verdicts.compiled.rule_set

    @cached_property
    def nobody_possible(self) -> bool | None:
        """Whether the impossible entries leave nobody."""
        return attempted(lambda: self.verdicts.nobody_possible)

    def verdict(self, ask: Callable[[], _Found]) -> _Found | None:
        """What `ask` finds. While it is not known whether anybody is possible, no verdict about everybody holds."""
        return None if self.nobody_possible is None else attempted(ask)

    @cached_property
    def gap(self) -> bool | None:
        """Whether somebody matches no rule."""
        return self.verdict(lambda: self.verdicts.decides(NONE_MATCHES))

    @cached_property
    def reach(self) -> tuple[Reach | None, ...]:
        """By rule, whether it decides somebody."""
        return tuple(self.verdict(partial(self._reach, place)) for place in range(len(self.rule_set.rules)))

    def _reach(self, position: int) -> Reach:
        if self.verdicts.decides(position):
            return Reach.DECIDES
        possible = self.verdicts.matching_box(position) is not None
        return Reach.UNREACHABLE if possible else Reach.CONTRADICTORY

    @cached_property
    def recommended(self) -> Mapping[str, bool | None]:
        """By outcome, whether somebody is recommended it."""
        found: dict[str, bool | None] = dict.fromkeys(self.rule_set.outcome, False)
        for rule, reach in zip(self.rule_set.rules, self.reach, strict=True):
            if reach is Reach.DECIDES:
                found[rule.recommend] = True
            elif reach is None and found[rule.recommend] is False:
                found[rule.recommend] = None
        return found

    @cached_property
    def broken(self) -> Mapping[str, Broken | Literal[False] | None]:
        """By guarantee, who breaks it; False where nobody does."""
        return {one.id: self.verdict(partial(self._broken, one)) for one in self.rule_set.guarantees}

    def _broken(self, guarantee: Guarantee) -> Broken | Literal[False]:
        clauses = self.verdicts.compiled.maker.clauses(guarantee.condition)
        found = next(self.verdicts.decided(clauses, self.breaking(guarantee)), None)
        return Broken(*found) if found else False

    def breaking(self, guarantee: Guarantee) -> list[int]:
        """The rules (and NONE_MATCHES) that may not decide where a guarantee is asked for."""
        everybody = [*range(len(self.rule_set.rules)), NONE_MATCHES]
        return [place for place in everybody if self.verdicts.compiled.outcome_of(place) not in guarantee.allowed]

    @cached_property
    def proved(self) -> Mapping[str, bool | None]:
        """By guarantee, whether it is proved: it holds, and not because the impossible entries leave nobody."""
        return {
            name: None if broken is None else not (self.nobody_possible or broken)
            for name, broken in self.broken.items()
        }

    @cached_property
    def overlaps(self) -> tuple[tuple[Overlap, ...], frozenset[int]]:
        """Under the policy `unique`: two rules that match somebody, and the rules of which not all that is known."""
        found: list[Overlap] = []
        left_open = set()
        if self.rule_set.policy is Policy.UNIQUE:
            for later in range(len(self.rule_set.rules)):
                try:
                    for overlap in self._overlaps(later):
                        found.append(overlap)  # one by one: those before time runs out are kept
                except TOO_TANGLED:
                    left_open.add(later)
        return tuple(found), frozenset(left_open)

    def _overlaps(self, later: int) -> Iterator[Overlap]:
        """The first of them: where everything overlaps, a list of all pairs helps nobody."""
        return islice(self._all_overlaps(later), MAX_OVERLAPS)

    def _all_overlaps(self, later: int) -> Iterator[Overlap]:
        for earlier in range(later):
            box = self.verdicts.possible_box(both(self.verdicts.clauses[earlier], self.verdicts.clauses[later]))
            if box is not None:
                yield Overlap(earlier, later, box)

    def give(self) -> None:
        """Give the verdicts on errors, before time goes into anything else."""
        _ = self.nobody_possible, self.gap, self.reach, self.broken, self.overlaps


class Worth:
    """What rules, questions, notes and the like are good for: verdicts that are warnings, in a time of their own."""

    def __init__(self, judged: Judged, verdicts: Verdicts) -> None:
        self.judged = judged
        self.verdicts = verdicts
        self.effects = Effects(verdicts)
        self.rule_set = verdicts.compiled.rule_set

    @cached_property
    def vacuous(self) -> Mapping[str, bool | None]:
        """By guarantee, whether nobody can meet its condition."""
        return {one.id: self.judged.verdict(partial(self._vacuous, one)) for one in self.rule_set.guarantees}

    def _vacuous(self, guarantee: Guarantee) -> bool:
        return self._nobody_meets(self.verdicts.compiled.maker.clauses(guarantee.condition))

    @cached_property
    def never_shown(self) -> Mapping[str, bool | None]:
        """By note, whether nobody can meet its condition."""
        compiled = self.verdicts.compiled
        conditions = (table.rows[len(compiled.impossible) :] for table in compiled.notes)
        return {
            note.id: self.judged.verdict(partial(self._nobody_meets, [clause for clause, _ in rows]))
            for note, rows in zip(self.rule_set.notes, conditions, strict=True)
        }

    def _nobody_meets(self, clauses: Sequence[Clause]) -> bool:
        return not self.verdicts.possible(clauses)

    @cached_property
    def covered(self) -> Mapping[str, tuple[int, ...] | Literal[False] | None]:
        """By impossible entry, others that exclude the same callers, none where some are left; False: it excludes none.

        Without all entries that have such others, the same callers are excluded. Of several, the last is such a one.
        """
        left = [place for place, clauses in enumerate(self.verdicts.entries) if clauses]
        found: dict[str, tuple[int, ...] | Literal[False] | None] = {}
        for place, entry in reversed(list(enumerate(self.rule_set.impossible))):
            others = [other for other in left if other != place]
            found[entry.id] = self.judged.verdict(partial(self._covered, place, others))
            if found[entry.id]:
                left = others
        return found

    def _covered(self, position: int, others: Sequence[int]) -> tuple[int, ...] | Literal[False]:
        if not self.verdicts.entries[position]:
            return False
        return (self.verdicts.covering(position, others) if others else None) or ()

    @cached_property
    def in_vain(self) -> Mapping[int, frozenset[int] | Literal[False] | None]:
        """By rule that decides somebody, those that would recommend the same in its place; False: it has an effect."""
        return {
            position: self.judged.verdict(partial(self._in_vain, position))
            for position, reach in enumerate(self.judged.reach)
            if reach is Reach.DECIDES
        }

    def _in_vain(self, position: int) -> frozenset[int] | Literal[False]:
        instead = self.effects.without_rule(position)
        return False if instead is None else instead

    @cached_property
    def matters(self) -> Mapping[str, bool | None]:
        """By deciding question, whether some recommendation depends on its answer."""
        questions = self.verdicts.compiled.deciding
        return {one.id: self.judged.verdict(partial(matters, self.verdicts, one.id)) for one in questions}

    def give(self) -> None:
        """Give the verdicts on warnings, before time goes into explanations."""
        _ = self.vacuous, self.never_shown, self.in_vain, self.matters, self.covered
