"""How verified records look: a line each, or one object for a program. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from iopscreen.screen.verify import Checked, Verified
from iopscreen.text import printable


def verify_text(results: Sequence[Checked]) -> str:
    """A line for each record that holds, one for each problem of the others, and the counts last."""
    lines = [line for result in results for line in _lines(result)]
    return "\n".join([*lines, _summary(results)]) + "\n"


def verify_json(results: Sequence[Checked]) -> dict[str, Any]:
    """What came of each record, and the counts. `refused`: why a file could not be read as a record."""
    return {
        "records": [_record_json(result) for result in results],
        "verified": sum(_holds(result) for result in results),
        "failed": sum(_fails(result) for result in results),
        "refused": sum(isinstance(result.found, str) for result in results),
    }


def _holds(result: Checked) -> bool:
    return isinstance(result.found, Verified) and not result.found.problems


def _fails(result: Checked) -> bool:
    return isinstance(result.found, Verified) and bool(result.found.problems)


def _lines(result: Checked) -> Iterator[str]:
    """One line each, however long, as programs that look for `path: error:` expect it."""
    path, found = printable(result.path), result.found
    if isinstance(found, str):
        yield f"{path}: error: {printable(_reason(result, found))}"
        return
    for problem in found.problems:
        yield f"{path}: error: {printable(problem.message)} ({printable(problem.where)}) [{problem.name}]"
    if not found.problems:
        yield f"{path}: verified: {_count(found.answers, 'answer')}, {_skipped(found.skipped)}"


def _reason(result: Checked, refused: str) -> str:
    """Why a file was refused; the message of an error begins with its path."""
    return refused.removeprefix(f"{result.path}: ")


def _skipped(count: int) -> str:
    return f"{_count(count, 'question')} not asked re-checked" if count else "none left out"


def _summary(results: Sequence[Checked]) -> str:
    verified = sum(_holds(result) for result in results)
    failed = sum(_fails(result) for result in results)
    refused = len(results) - verified - failed
    parts = [f"{verified:,} verified"]
    if failed:
        parts.append(f"{failed:,} {'does' if failed == 1 else 'do'} not hold")
    if refused:
        parts.append(f"{refused:,} could not be read")
    return f"{_count(len(results), 'record')}: {', '.join(parts)}"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _record_json(result: Checked) -> dict[str, Any]:
    if isinstance(result.found, str):
        return {"path": result.path, "verified": False, "refused": _reason(result, result.found)}
    found = result.found
    return {
        "path": result.path,
        "verified": not found.problems,
        "refused": None,
        "answers": found.answers,
        "skipped": found.skipped,
        "recommendation": found.decision.recommendation if found.decision else None,
        "problems": [problem._asdict() for problem in found.problems],
    }
