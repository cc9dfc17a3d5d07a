"""Yes or no for every profile, with a profile as proof: who decides, who takes whose answers.

By witness search (`search.py`), so that a verdict never waits for a diagram; how many profiles
there are is counted elsewhere (`counts.py`). What a search has found once is kept.

Takers are the fewest earlier rules that leave nothing, of as few the heaviest; where there are too many
sets to look at, Batfish's rule for blocked lines of an access list: weigh the earlier rules by the share
that they meet, add them by weight until they cover it. Where all of these recommend the same as the rule
itself, the largest one with another outcome is told beside them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, reduce
from itertools import accumulate, combinations, groupby
from math import comb
from typing import NamedTuple

from iopscreen.engine.boxes import both, disjoint, volume, without
from iopscreen.engine.budget import Budget, OutOfTime, TooTangled
from iopscreen.engine.clauses import TooManyClauses
from iopscreen.engine.compiled import FIRST_IMPOSSIBLE, NONE_MATCHES, Compiled, profile_weights
from iopscreen.engine.diagram import Label
from iopscreen.engine.search import Box, Clauses, Search, bits_of
from iopscreen.engine.table import Clause
from iopscreen.ruleset.model import AllOf, Answer, AnyOf, Condition, Not, tests_of

ANY = "any"

MAX_SETS = 1 << 14
"""At how many sets of earlier rules is looked for the smallest that takes a rule's answers: all those of 14 rules."""

Witness = Mapping[str, Answer]
"""A profile: a value for each question in file order, `any` where every value would do."""


class Taker(NamedTuple):
    """An earlier rule that meets `profiles` of another rule's profiles; None: not counted."""

    position: int
    profiles: int | None


class Taken(NamedTuple):
    """Why a rule never decides: its `profiles`, the fewest earlier rules that cover them, heaviest first.

    `other`: where all of these recommend the same as the rule itself, the heaviest that recommends something
    else to some. `witness` meets the rule, and `decider` decides there. Profiles are None where they are too
    many parts to be counted.
    """

    profiles: int | None
    takers: tuple[Taker, ...]
    other: Taker | None
    decider: int
    witness: Witness


class Verdicts:
    """What holds for every possible profile of one compiled rule set. Everything raises OutOfTime.

    A verdict and what explains it are asked for one by one: `decides` and `taken`, `deciding_box` and
    `deciding_witness`. So all verdicts can be given before the first is explained.

    Rules are named by their position in the rule set.
    """

    def __init__(self, compiled: Compiled, budget: Budget) -> None:
        self.compiled = compiled
        self.budget = budget
        self.search = Search(compiled.rules, budget)
        rows, entries = compiled.rules.rows, len(compiled.impossible)
        self.excluded: Clauses = (1 << entries) - 1
        """The clauses of the impossible entries."""
        self.clauses: list[list[Clause]] = [[] for _ in compiled.rule_set.rules]
        """By rule, the clauses of its condition; none where nobody can meet it."""
        for clause, label in rows[entries:]:
            self.clauses[_position(label)].append(clause)
        self.bits: list[Clauses] = _bits_by_position(rows[entries:], len(self.clauses), entries)
        """The same, as bits."""
        self.entries: list[list[Clause]] = [[] for _ in compiled.rule_set.impossible]
        """By impossible entry, the clauses of its condition; none where nobody can meet it."""
        for clause, label in compiled.impossible:
            self.entries[_entry(label)].append(clause)
        self._rule_at = {place: _position(label) for place, (_, label) in enumerate(rows[entries:], start=entries)}
        self._before = list(accumulate(self.bits, operator.or_, initial=self.excluded))
        self._deciding: dict[int, Box | None] = {}
        self._matching: dict[int, Box | None] = {}

    def before(self, position: int) -> Clauses:
        """What a profile that the rule (or, with NONE_MATCHES, no rule) decides may not meet.

        These are the clauses of the impossible entries and of the earlier rules.
        """
        return self._before[position]  # NONE_MATCHES is -1, and the last one holds all rules

    def within(self, budget: Budget) -> Verdicts:
        """The same, with all that was found so far, in the time of another budget."""
        other = copy(self)
        other.budget = budget
        other.search = self.search.within(budget)
        return other

    # --- who decides ---

    def decides(self, position: int) -> bool:
        """Whether the rule (or, with NONE_MATCHES, no rule) decides some possible profile."""
        return self.deciding_box(position) is not None

    def deciding_box(self, position: int) -> Box | None:
        """Profiles that the rule (or, with NONE_MATCHES, no rule) decides, as a box; None where it decides nobody."""
        if position not in self._deciding:
            self._deciding[position] = self.box_in(self._meeting(position), self.before(position))
        return self._deciding[position]

    def matching_box(self, position: int) -> Box | None:
        """Possible profiles that match the rule, as a box; None where there are none."""
        if position not in self._matching:
            self._matching[position] = self.possible_box(self.clauses[position])
        return self._matching[position]

    def _meeting(self, position: int) -> Sequence[Clause]:
        return [{}] if position == NONE_MATCHES else self.clauses[position]

    @cached_property
    def nobody_possible(self) -> bool:
        """Whether the impossible entries leave nobody."""
        return not self.possible([{}])

    def possible(self, clauses: Iterable[Clause]) -> bool:
        """Whether some possible profile meets one of `clauses`."""
        return self.possible_box(clauses) is not None

    def possible_box(self, clauses: Iterable[Clause]) -> Box | None:
        """Possible profiles that meet one of `clauses`, as a box; None where there are none."""
        return self.box_in(clauses, self.excluded)

    def box_in(self, clauses: Iterable[Clause], avoid: Clauses) -> Box | None:
        """Profiles that meet one of `clauses` and none of `avoid`, as a box; None where there are none."""
        return next((box for clause in clauses if (box := self.search.find(clause, avoid)) is not None), None)

    def excluding(
        self, clauses: Sequence[Clause], beside: Clauses = 0, among: Iterable[int] | None = None
    ) -> tuple[int, ...]:
        """The impossible entries (by position) that leave nobody who meets one of `clauses`, none of them needless.

        `beside`: clauses that take part in it. `among`: the entries to choose from; all, where none are named.
        """
        bits = self._bits_of_entries
        places = range(len(bits)) if among is None else tuple(among)
        kept = self.together(places) | beside
        for place in places:
            if self.box_in(clauses, kept & ~bits[place]) is None:
                kept &= ~bits[place]
        return tuple(place for place in places if kept & bits[place])

    def covering(self, position: int, others: Sequence[int]) -> tuple[int, ...] | None:
        """Of the impossible entries `others`, such as exclude everybody whom that at `position` does; None without.

        None of them is needless. Some profile meets the condition of that entry.
        """
        mine = self.entries[position]
        left = self.box_in(mine, self.together(others))
        return self.excluding(mine, among=others) if left is None else None

    @cached_property
    def _bits_of_entries(self) -> list[Clauses]:
        """By impossible entry, its clauses as bits."""
        rows = [(clause, _entry(label)) for clause, label in self.compiled.impossible]
        return _bits_by_position(rows, len(self.entries), 0)

    def together(self, entries: Iterable[int]) -> Clauses:
        """The clauses of these impossible entries."""
        return reduce(operator.or_, (self._bits_of_entries[place] for place in entries), 0)

    def deciders(self, clauses: Sequence[Clause], among: Iterable[int]) -> Iterator[int]:
        """Of the rules `among` (and NONE_MATCHES), those that decide a possible profile of `clauses`."""
        return (position for position, _ in self.decided(clauses, among))

    def decided(self, clauses: Sequence[Clause], among: Iterable[int]) -> Iterator[tuple[int, Box]]:
        """The same, each with profiles of `clauses` that it decides, as a box."""
        for position in among:
            box = self.box_in(both(clauses, self._meeting(position)), self.before(position))
            if box is not None:
                yield position, box

    def rules_meeting(self, clauses: Iterable[Clause], among: Clauses) -> list[int]:
        """Of the rules whose clauses are `among`, those that match some profile of `clauses`, in file order."""
        found = 0
        for clause in clauses:
            found |= self.search.meeting(clause, among)
        return sorted({self._rule_at[place] for place in bits_of(found)})

    # --- a profile as proof ---

    def deciding_witness(self, position: int, clauses: Sequence[Clause] = ({},)) -> Witness | None:
        """A possible profile of `clauses` that the rule (or, with NONE_MATCHES, no rule) decides."""
        return self.witness(both(clauses, self._meeting(position)), self.before(position))

    def witness(self, clauses: Sequence[Clause], avoid: Clauses) -> Witness | None:
        """The first profile in file order that meets one of `clauses` and none of `avoid`, or None.

        Each question has its first value that leads there; then, from the last question on, `any` where
        every value would do.
        """
        for clause in clauses:
            box = self.search.find(clause, avoid)
            if box is not None:
                return self._in_words(self._widened(self._first(clause, avoid, box), clause, avoid))
        return None

    def in_box(self, box: Box) -> Witness:
        """One profile of a box: the first block of each question. Nothing is searched, so that it costs no time."""
        return self._in_words({level: blocks & -blocks for level, blocks in enumerate(box)})

    def decider_in(self, box: Box, among: Sequence[int] | None = None) -> int:
        """The first rule, of all or of those `among`, that matches the profile `in_box`; NONE_MATCHES without."""
        met = self._met_in(box)
        positions = range(len(self.bits)) if among is None else among
        return next((position for position in positions if met & self.bits[position]), NONE_MATCHES)

    def _met_in(self, box: Box) -> Clauses:
        """The clauses of the rules that the profile `in_box` meets."""
        passing = self.compiled.rules.passing
        met = self.before(NONE_MATCHES) & ~self.excluded
        for level, blocks in enumerate(box):
            met &= passing[level][(blocks & -blocks).bit_length() - 1]
        return met

    @property
    def _levels(self) -> list[int]:
        """The levels of the questions, in file order."""
        return [self.compiled.level[question.id] for question in self.compiled.rule_set.questions]

    def _first(self, clause: Clause, avoid: Clauses, box: Box) -> dict[int, int]:
        """By level, the first block of a profile; `box` holds one that meets `clause` and none of `avoid`."""
        fixed = dict(clause)
        for level in self._levels:
            blocks = fixed.get(level, self.search.full[level])
            while True:
                lowest = blocks & -blocks
                fixed[level] = lowest
                found = box if lowest & box[level] else self.search.find(fixed, avoid)
                if found is not None:
                    box = found
                    break
                blocks ^= lowest
        return fixed

    def _widened(self, fixed: dict[int, int], clause: Clause, avoid: Clauses) -> dict[int, int]:
        """The same profile with every level left out at which any block would do."""
        wide = dict(fixed)
        for level in reversed(self._levels):
            if level in clause:
                continue
            without_it = {other: blocks for other, blocks in wide.items() if other != level}
            if not self.search.meeting(without_it, avoid):
                wide = without_it
        return wide

    def _in_words(self, fixed: Mapping[int, int]) -> Witness:
        profile: dict[str, Answer] = {}
        for question in self.compiled.rule_set.questions:
            blocks = fixed.get(self.compiled.level[question.id])
            if blocks is None:
                profile[question.id] = ANY
            else:
                profile[question.id] = self.compiled.blocks[question.id].example(blocks.bit_length() - 1)
        return profile

    # --- who takes a rule's answers ---

    def taken(self, position: int) -> Taken:
        """Who takes the answers of the rule at `position`, which meets a possible profile and never decides."""
        mine = self.clauses[position]
        weighed = self._weighed(position, self._parts(mine))
        takers = self._cover(mine, weighed)
        takers = self._smallest_cover(mine, weighed, len(takers)) or takers
        other = None
        if not any(self._recommends_other(taker, position) for taker in takers):
            other = self._largest_other(position, weighed)
        decider = self._shown_decider(position, weighed, takers, other)
        profile = self.deciding_witness(decider, mine)
        assert profile is not None  # the decider decides some of them
        return Taken(self.count(mine), tuple(sorted(takers, key=_heaviest_first)), other, decider, profile)

    @cached_property
    def weights(self) -> list[list[int]]:
        """How many profiles each block of each level counts for."""
        return profile_weights(self.compiled)

    def _parts(self, clauses: Sequence[Clause]) -> list[Clause] | None:
        """The possible profiles of `clauses` as disjoint boxes; None where these are too many."""
        widths = self.compiled.rules.widths
        excluded = (clause for clause, _ in self.compiled.impossible)
        try:
            return without(disjoint(clauses, widths, self.budget), excluded, widths, self.budget)
        except OutOfTime:
            raise
        except TooTangled:
            return None

    def count(self, clauses: Sequence[Clause]) -> int | None:
        """How many possible profiles meet one of `clauses`; None where these are too many parts to be counted."""
        parts = self._parts(clauses)
        return None if parts is None else volume(parts, self.weights)

    def _weighed(self, position: int, parts: Sequence[Clause] | None) -> list[Taker]:
        """The earlier rules that meet a rule's profiles, by how many of them they meet."""
        meeting = self.rules_meeting(self.clauses[position], self.before(position) & ~self.excluded)
        found = [Taker(place, None if parts is None else self._met(parts, place)) for place in meeting]
        return sorted((taker for taker in found if taker.profiles != 0), key=_heaviest_first)

    def _met(self, parts: Sequence[Clause], place: int) -> int | None:
        self.budget.spend()
        try:
            met = both(parts, self.clauses[place])
            if len(self.clauses[place]) > 1:  # else they are as disjoint as the parts are
                met = disjoint(met, self.compiled.rules.widths, self.budget)
            return volume(met, self.weights)
        except OutOfTime:
            raise
        except TooTangled:
            return None

    def _cover(self, mine: Sequence[Clause], weighed: Sequence[Taker]) -> list[Taker]:
        """The heaviest takers that together leave nothing, without those that the others make needless."""
        chosen: list[Taker] = []
        covered = self.excluded
        left = self.box_in(mine, covered)
        for taker in weighed:
            if left is None:
                break
            if self._takes_some(taker.position, mine):
                chosen.append(taker)
                covered |= self.bits[taker.position]
                left = self.box_in(mine, covered)
        for taker in reversed(chosen[:-1]):
            without_it = covered & ~self.bits[taker.position]
            if self.box_in(mine, without_it) is None:
                chosen.remove(taker)
                covered = without_it
        return chosen

    def _smallest_cover(self, mine: Sequence[Clause], weighed: Sequence[Taker], most: int) -> list[Taker] | None:
        """The fewest takers that together leave nothing, of as few the heaviest; None where too many sets may be it.

        `most`: so many are known to be enough. What a set leaves over must be met by one of those that leave
        nothing: of each set only that is looked at, and few are searched.
        """
        places = range(len(weighed))
        left_over: list[frozenset[int]] = []  # of each such profile, the places of the takers that meet it
        sets = 0
        for number in range(1, most + 1):
            sets += comb(len(weighed), number)
            if sets > MAX_SETS:
                return None
            chosen_ones = [chosen for chosen in combinations(places, number) if _meets_each(chosen, left_over)]
            for chosen in sorted(chosen_ones, key=lambda chosen: -sum(weighed[at].profiles or 0 for at in chosen)):
                if not _meets_each(chosen, left_over):
                    continue
                left = self._left_by(mine, [weighed[at] for at in chosen])
                if left is None:
                    return [weighed[at] for at in chosen]
                left_over.append(frozenset(at for at in places if left & self.bits[weighed[at].position]))
        return None

    def _left_by(self, mine: Sequence[Clause], takers: Iterable[Taker]) -> Clauses | None:
        """What a profile of `mine` meets that none of the `takers` does; None where there is no such profile."""
        avoid = self.excluded
        for taker in takers:
            avoid |= self.bits[taker.position]
        box = self.box_in(mine, avoid)
        return None if box is None else self._met_in(box)

    def _takes_some(self, position: int, mine: Sequence[Clause]) -> bool:
        """Whether an earlier rule decides some of `mine`."""
        return next(self.deciders(mine, [position]), None) is not None

    def _recommends_other(self, taker: Taker, position: int) -> bool:
        """Whether a taker recommends something else than the rule at `position`."""
        rules = self.compiled.rule_set.rules
        return rules[taker.position].recommend != rules[position].recommend

    def _largest_other(self, position: int, weighed: Sequence[Taker]) -> Taker | None:
        """The heaviest taker that recommends something else, to some."""
        mine = self.clauses[position]
        others = (taker for taker in weighed if self._recommends_other(taker, position))
        return next((taker for taker in others if self._takes_some(taker.position, mine)), None)

    def _shown_decider(
        self, position: int, weighed: Sequence[Taker], takers: Sequence[Taker], other: Taker | None
    ) -> int:
        """Who decides for the caller shown: if that can be, a rule that is told, and that recommends something else.

        A taker need not decide anybody: those before it may take all that it takes.
        """
        if other is not None:
            return other.position
        order = sorted(weighed, key=lambda taker: (taker not in takers, not self._recommends_other(taker, position)))
        return next(taker.position for taker in order if self._takes_some(taker.position, self.clauses[position]))

    # --- conditions that nobody can meet ---

    def clash(self, condition: Condition) -> tuple[Condition, ...]:
        """Of a condition that nobody can meet, possible or not: parts that nobody meets, none of them needless.

        Tests of settings are among them only where the others do without none.
        """
        parts = list(_conjuncts(condition))
        settings = self.compiled.rule_set.readings
        for part in sorted(parts, key=lambda part: all(test.subject not in settings for test in tests_of(part))):
            rest = [other for other in parts if other is not part]
            if rest and self._nobody_meets(AllOf(tuple(rest))):
                parts = rest
        return tuple(parts)

    def _nobody_meets(self, condition: Condition) -> bool:
        self.budget.look()
        try:
            return not self.compiled.maker.clauses(condition)
        except TooManyClauses:
            return False


def _position(label: Label) -> int:
    assert isinstance(label, int)
    return label


def _entry(label: Label) -> int:
    return FIRST_IMPOSSIBLE - _position(label)


def _bits_by_position(rows: Iterable[tuple[Clause, Label]], count: int, first: int) -> list[Clauses]:
    """By the position in `rows`' labels, the places of its clauses as bits; the first row is at place `first`."""
    bits = [0] * count
    place = first
    for position, mine in groupby(_position(label) for _, label in rows):
        number = sum(1 for _ in mine)
        bits[position] = ((1 << number) - 1) << place
        place += number
    return bits


def _heaviest_first(taker: Taker) -> tuple[int, int]:
    return -(taker.profiles or 0), taker.position


def _meets_each(chosen: Iterable[int], several: Iterable[frozenset[int]]) -> bool:
    """Whether `chosen` has something in common with each of `several`."""
    return not any(one.isdisjoint(chosen) for one in several)


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    match condition:
        case AllOf(parts) if parts:
            for part in parts:
                yield from _conjuncts(part)
        case Not(AnyOf(parts)) if parts:
            for part in parts:
                yield from _conjuncts(Not(part))
        case Not(Not(part)):
            yield from _conjuncts(part)
        case _:
            yield condition
