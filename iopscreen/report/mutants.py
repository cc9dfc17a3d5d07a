"""How a mutation score looks: a line for a person, an object for a program. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iopscreen.audit.subject import witness_json

if TYPE_CHECKING:
    from iopscreen.audit.mutants import MutationScore, Survivor


def mutants_words(score: MutationScore) -> str:
    """How many mutants are killed, of how many that could be; and what is with the others."""
    parts = [f"{score.killed} of {score.total - score.equivalent} killed"]
    if score.survivors:
        cases = "1 case" if len(score.killers) == 1 else f"{len(score.killers)} cases"
        kept = "1 survives" if len(score.survivors) == 1 else f"{len(score.survivors)} survive"
        parts.append(f"{kept}, and {cases} (chosen greedily) would kill {_them(len(score.survivors))}")
    if score.undecided:
        parts.append(f"{len(score.undecided)} not compared in time")
    if score.equivalent:
        parts.append(f"{score.equivalent} not counted, for they recommend the same to everybody")
    return "; ".join(parts)


def _them(number: int) -> str:
    return {1: "it", 2: "both"}.get(number, "them all")


def mutants_json(path: str, score: MutationScore, killers: Sequence[str]) -> dict[str, Any]:
    """The score as an object; `undecided` only where a mutant was not compared in time."""
    found: dict[str, Any] = {
        "total": score.total,
        "equivalent": score.equivalent,
        "killed": score.killed,
        "survivors": [_survivor_json(path, survivor, killers) for survivor in score.survivors],
    }
    if score.undecided:
        found["undecided"] = [change.words for change in score.undecided]
    return found


def _survivor_json(path: str, survivor: Survivor, killers: Sequence[str]) -> dict[str, Any]:
    change = survivor.change
    return {
        "change": change.words,
        "path": path,
        "line": change.place.line,
        "column": change.place.column,
        "witness": witness_json(survivor.witness),
        "recommends": survivor.recommends,
        "instead": survivor.instead,
        "case": killers[survivor.killer],
    }
