"""The exact mutation score of the cases of a rule set: which small changes to the rules no case would notice.

A mutant is a rule set with one change (`operators.py`). Every change counts once, even where two
of them come to the same. It is *equivalent*, and left out of the count, when it recommends the
same to every possible caller; *killed* when a case that passes fails on it, by its outcome or by
the rule that it names; else it *survives*, and a caller is shown whom it would recommend something
else. Those that could not be compared in time are *undecided*: neither killed nor equivalent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from iopscreen.audit.cases import CaseResult, Verdict, run_cases
from iopscreen.audit.operators import Change, changes_to
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import ANY
from iopscreen.engine.mutate import (
    Caller,
    Exchange,
    Known,
    Mutant,
    MutantMaker,
    certain,
    differing,
    differs_for,
    exchange_by_search,
    exchanged,
    placed,
    touches,
)
from iopscreen.ruleset.cases import Case
from iopscreen.ruleset.model import Answer

_SHARE = 0.75
"""What comparing the mutants may take of the time that is left; the rest is for few cases that kill the survivors."""

Progress = Callable[[int, int], None]
"""Told how many mutants of how many were looked at."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no case kills. `witness`: answers (or `any`) to which it recommends `instead`.

    `killer`: the number of the case that would kill it, among those of the score.
    """

    change: Change
    witness: Mapping[str, Answer]
    recommends: str
    instead: str
    killer: int


@dataclass(frozen=True, slots=True)
class MutationScore:
    """What became of all mutants. `killers`: answers of cases that would kill every survivor, few of them.

    `few`: whether there was the time to look for few; else some survivors have each a case of their own.
    """

    total: int
    equivalent: int
    killed: int
    survivors: tuple[Survivor, ...]
    killers: tuple[Mapping[str, Answer], ...]
    undecided: tuple[Change, ...]
    few: bool = True


class _Fate(Enum):
    """What became of a mutant that does not survive."""

    EQUIVALENT = auto()
    KILLED = auto()
    UNDECIDED = auto()


class _Alive(NamedTuple):
    """A mutant that no case kills, with a profile for every pair of recommendations that it exchanges."""

    change: Change
    mutant: Mutant
    exchanges: Mapping[Exchange, Mapping[str, Answer]]


class _Known(NamedTuple):
    """A case with the blocks of its answers; while it is open, a caller for every outcome that is possible."""

    case: Case
    known: Known
    callers: tuple[Caller, ...]


def mutation_score(
    compiled: Compiled,
    results: Sequence[CaseResult],
    progress: Progress | None = None,
    budget: Budget = UNLIMITED,
) -> MutationScore:
    """Make every mutant, compare it, and run on it the cases that pass, until one fails."""
    maker = MutantMaker(compiled, budget.part(share=_SHARE))
    cases = _quickest_first(maker, [result for result in results if result.verdict is Verdict.PASSED])
    left_open = any(result.verdict is Verdict.UNDECIDED for result in results)  # one of these may kill it
    changes = list(changes_to(compiled.rule_set))
    fates: list[_Alive | _Fate] = []
    for number, change in enumerate(changes):
        if progress is not None:
            progress(number, len(changes))
        fate = _fate(maker, change, cases)
        fates.append(_Fate.UNDECIDED if isinstance(fate, _Alive) and left_open else fate)
    survivors, killers, few = _survivors(maker, [fate for fate in fates if isinstance(fate, _Alive)], budget)
    return MutationScore(
        total=len(changes),
        equivalent=fates.count(_Fate.EQUIVALENT),
        killed=fates.count(_Fate.KILLED),
        survivors=survivors,
        killers=killers,
        undecided=tuple(change for change, fate in zip(changes, fates, strict=True) if fate is _Fate.UNDECIDED),
        few=few,
    )


def _quickest_first(maker: MutantMaker, passed: Sequence[CaseResult]) -> list[_Known]:
    """The cases that pass, those that know most first: they are decided at once."""
    found = []
    for result in passed:
        answers, possible = result.case.answers, result.decision.possible if result.decision else ()
        try:
            callers = maker.callers(answers, possible) if len(possible) > 1 else ()
        except TooTangled:  # they save running the case, and nothing rests on them
            callers = ()
        found.append(_Known(result.case, maker.original.compiled.known(answers), callers))
    return sorted(found, key=lambda one: -len(one.known))


def _fate(maker: MutantMaker, change: Change, cases: Sequence[_Known]) -> _Alive | _Fate:
    """What becomes of a mutant; itself, with whom it concerns, if it survives.

    A case that comes to another outcome tells that the mutant is not equivalent, too; one that
    comes to another rule does not.
    """
    try:
        mutant = maker.mutant(change.edit)
        failing = _first_failing(mutant, cases)
        if failing is Verdict.FAILED:
            return _Fate.KILLED
        profiles = differing(mutant)
    except TooTangled:
        return _Fate.UNDECIDED
    if not profiles:
        return _Fate.EQUIVALENT
    if failing is None:
        return _Alive(change, mutant, profiles)
    return _Fate.KILLED if failing is Verdict.WRONG_RULE else _Fate.UNDECIDED


def _first_failing(mutant: Mutant, cases: Sequence[_Known]) -> Verdict | None:
    """What becomes of the first case that does not pass; of one that is undecided, if there is no other."""
    found = None
    for one in cases:
        if touches(mutant, one.case.answers, one.known):
            verdict = _verdict(mutant, one)
            if verdict in (Verdict.FAILED, Verdict.WRONG_RULE):
                return verdict
            if verdict is not Verdict.PASSED:
                found = verdict
    return found


def _verdict(mutant: Mutant, one: _Known) -> Verdict:
    """What becomes of a case that passes on the original. It is run only where the outcomes alone do not tell."""
    expect = one.case.expect
    if not mutant.original.small:
        return _verdict_by_search(mutant, one)
    try:
        exchanges = exchanged(mutant, one.case.answers, one.known)
    except OutOfTime:
        raise
    except TooTangled:
        return _verdict_by_search(mutant, one)
    if not exchanges and expect.rule is None:
        return Verdict.PASSED
    expected = (expect.recommend,) if expect.recommend is not None else expect.possible
    if expected is not None and any(after not in expected for _, after in exchanges):
        return Verdict.FAILED
    # As long as somebody gets each of the outcomes still, and nobody another one, just these are possible.
    lasting = one.callers and not any(differs_for(mutant, caller) for caller in one.callers)
    if lasting and expected is not None and expect.rule is None and expect.ask_next is None:
        return Verdict.PASSED
    return _run(mutant, one)


def _verdict_by_search(mutant: Mutant, one: _Known) -> Verdict:
    """The same, by one exchange: none at all, or one to an outcome that is not expected, tells without a run."""
    expect = one.case.expect
    found = exchange_by_search(mutant, placed(mutant, one.case.answers, one.known))
    if found is None and expect.rule is None:
        return Verdict.PASSED
    expected = (expect.recommend,) if expect.recommend is not None else expect.possible
    if found and expected is not None and found.exchange[1] not in expected:
        return Verdict.FAILED
    return _run(mutant, one)


def _run(mutant: Mutant, one: _Known) -> Verdict:
    [result] = run_cases(mutant.compiled, [one.case], mutant.original.verdicts.budget)
    return result.verdict


# --- cases that would kill the survivors ----------------------------------------------------


def _survivors(
    maker: MutantMaker, alive: Sequence[_Alive], budget: Budget
) -> tuple[tuple[Survivor, ...], tuple[Mapping[str, Answer], ...], bool]:
    """The survivors; few callers who together tell all of them from the original; whether there was time for few.

    A greedy cover: again and again the caller who tells most of those left, the first of equals. When
    time has run out, each of those left has the one who shows it.
    """
    found: dict[int, Survivor] = {}
    shown: list[Mapping[str, Answer]] = []
    try:
        for killer, places in _greedy(maker, alive, budget):
            answers = _widened(maker, killer, [alive[place].mutant for place in places], budget)
            for place in places:
                exchange = differs_for(alive[place].mutant, killer)
                assert exchange is not None  # that is how the caller was chosen
                found[place] = Survivor(alive[place].change, answers, *exchange, len(shown))
            shown.append(answers)
    except OutOfTime:
        pass
    few = len(found) == len(alive)
    for place in sorted(set(range(len(alive))) - found.keys()):
        exchange, profile = next(iter(alive[place].exchanges.items()))
        shown.append(maker.answers(profile))
        found[place] = Survivor(alive[place].change, shown[-1], *exchange, len(shown) - 1)
    return tuple(found[place] for place in sorted(found)), tuple(shown), few


def _greedy(maker: MutantMaker, alive: Sequence[_Alive], budget: Budget) -> Iterator[tuple[Caller, list[int]]]:
    """Callers, each with the places of those left whom they tell from the original. Raises OutOfTime."""
    callers = list(_telling(maker, alive, budget.part(share=_SHARE)))
    left = (1 << len(alive)) - 1
    while left and callers:
        budget.look()
        caller, told = max(callers, key=lambda one: (one[1] & left).bit_count())  # the first of equals
        if not told & left:
            return
        yield caller, [place for place in range(len(alive)) if (told & left) >> place & 1]
        left &= ~told


def _telling(maker: MutantMaker, alive: Sequence[_Alive], budget: Budget) -> Iterator[tuple[Caller, int]]:
    """Those who show a survivor, with all whom they tell from the original, as bits; as many as there is time for."""
    seen = set()
    profiles = (profile for one in alive for profile in one.exchanges.values())
    try:
        for profile in profiles:
            caller = maker.caller(profile)
            if _key(caller) not in seen:
                seen.add(_key(caller))
                yield caller, _told_by(caller, alive, budget)
    except OutOfTime:
        return


def _told_by(caller: Caller, alive: Sequence[_Alive], budget: Budget) -> int:
    told = 0
    for place, one in enumerate(alive):
        budget.spend()
        if differs_for(one.mutant, caller):
            told |= 1 << place
    return told


def _key(caller: Caller) -> tuple[tuple[str, Answer], ...]:
    return tuple(caller.answers.items())


def _widened(maker: MutantMaker, caller: Caller, mutants: Sequence[Mutant], budget: Budget) -> dict[str, Answer]:
    """The caller's answers, with `any` wherever every answer would tell the mutants apart just so.

    What the file asks last is left open first. Out of time, the answers stay as they are.
    """
    sides = [maker.original.compiled, *(mutant.compiled for mutant in mutants)]
    known = dict(caller.answers)
    for question in reversed(list(caller.answers)):
        fewer = {name: answer for name, answer in known.items() if name != question}
        if budget.out or not all(certain(side, fewer, budget) is not None for side in sides):
            continue
        known = fewer
    return {question: known.get(question, ANY) for question in caller.answers}
