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
    """What became of all mutants. `killers`: answers of cases that would kill every survivor, few of them."""

    total: int
    equivalent: int
    killed: int
    survivors: tuple[Survivor, ...]
    killers: tuple[Mapping[str, Answer], ...]
    undecided: tuple[Change, ...]


class _Fate(Enum):
    """What became of a mutant that does not survive."""

    EQUIVALENT = auto()
    KILLED = auto()
    UNDECIDED = auto()


class _Alive(NamedTuple):
    """A mutant that no case kills, with a profile for every pair of recommendations that it exchanges."""

    change: Change
    mutant: Mutant
    profiles: tuple[Mapping[str, Answer], ...]


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
    maker = MutantMaker(compiled, budget)
    cases = _quickest_first(maker, [result for result in results if result.verdict is Verdict.PASSED])
    left_open = any(result.verdict is Verdict.UNDECIDED for result in results)  # one of these may kill it
    changes = list(changes_to(compiled.rule_set))
    fates: list[_Alive | _Fate] = []
    for number, change in enumerate(changes):
        if progress is not None:
            progress(number, len(changes))
        fate = _fate(maker, change, cases)
        fates.append(_Fate.UNDECIDED if isinstance(fate, _Alive) and left_open else fate)
    survivors, killers = _survivors(maker, [fate for fate in fates if isinstance(fate, _Alive)])
    return MutationScore(
        total=len(changes),
        equivalent=fates.count(_Fate.EQUIVALENT),
        killed=fates.count(_Fate.KILLED),
        survivors=survivors,
        killers=killers,
        undecided=tuple(change for change, fate in zip(changes, fates, strict=True) if fate is _Fate.UNDECIDED),
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
        return _Alive(change, mutant, tuple(profiles.values()))
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
    maker: MutantMaker, alive: Sequence[_Alive]
) -> tuple[tuple[Survivor, ...], tuple[Mapping[str, Answer], ...]]:
    """The survivors, and few callers who together tell all of them from the original.

    A greedy cover: again and again the caller who tells most of those left, the first of equals.
    """
    callers = list({_key(caller): caller for one in alive for caller in map(maker.caller, one.profiles)}.values())
    told_by = list(_told_by(maker, alive, callers))
    killer_of: dict[int, int] = {}
    killers: list[Caller] = []
    shown: list[Mapping[str, Answer]] = []
    left = (1 << len(alive)) - 1
    while left:
        best = max(range(len(told_by)), key=lambda place: ((told_by[place] & left).bit_count(), -place), default=None)
        if best is not None and told_by[best] & left:
            killer, told = callers[best], told_by[best] & left
        else:  # without the time to look whom else a caller tells, each survivor has the one who shows it
            told = left & -left
            killer = maker.caller(alive[told.bit_length() - 1].profiles[0])
        places = [place for place in range(len(alive)) if told >> place & 1]
        killer_of |= dict.fromkeys(places, len(killers))
        killers.append(killer)
        shown.append(_widened(maker, killer, [alive[place].mutant for place in places]))
        left &= ~told
    survivors = []
    for place, one in enumerate(alive):
        exchange = differs_for(one.mutant, killers[killer_of[place]])
        assert exchange is not None  # that is how the caller was chosen
        survivors.append(Survivor(one.change, shown[killer_of[place]], *exchange, killer_of[place]))
    return tuple(survivors), tuple(shown)


def _told_by(maker: MutantMaker, alive: Sequence[_Alive], callers: Sequence[Caller]) -> Iterator[int]:
    """By caller, the survivors whom they tell from the original, as bits; of as many callers as there is time for."""
    for caller in callers:
        yield sum(1 << place for place, one in enumerate(alive) if differs_for(one.mutant, caller))
        try:
            maker.budget.look()
        except OutOfTime:
            return


def _key(caller: Caller) -> tuple[tuple[str, Answer], ...]:
    return tuple(caller.answers.items())


def _widened(maker: MutantMaker, caller: Caller, mutants: Sequence[Mutant]) -> dict[str, Answer]:
    """The caller's answers, with `any` wherever every answer would tell the mutants apart just so.

    What the file asks last is left open first. Out of time, the answers stay as they are.
    """
    sides = [maker.original.compiled, *(mutant.compiled for mutant in mutants)]
    known = dict(caller.answers)
    for question in reversed(list(caller.answers)):
        fewer = {name: answer for name, answer in known.items() if name != question}
        if all(certain(side, fewer, maker.budget) is not None for side in sides):
            known = fewer
    return {question: known.get(question, ANY) for question in caller.answers}
