"""The times of a record: where they stand, and whether they are any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from iopscreen.errors import IopscreenError

SHOULD = "should be a time with its offset, such as 2026-11-24T09:30:00+01:00"


def times_of(contents: Mapping[str, Any]) -> dict[str, str]:
    """Every time of the call in a record, by where it stands."""
    times = {key: contents[key] for key in ("started", "ended", "decided_again") if contents[key] is not None}
    times |= {f"given_at.{question}": time for question, time in contents["given_at"].items()}
    times |= {f"notes[{place}].at": note["at"] for place, note in enumerate(contents["notes"])}
    if contents["override"]:
        times["override.at"] = contents["override"]["at"]
    return times


def earlier_times(contents: Mapping[str, Any]) -> dict[str, str]:
    """Every time of the earlier call in a record, by where it stands."""
    earlier = contents["earlier"] or {}
    times = {"earlier.ended": earlier["ended"]} if earlier.get("ended") is not None else {}
    if earlier.get("override"):
        times["earlier.override.at"] = earlier["override"]["at"]
    return times


def moment(text: str) -> datetime | None:
    """The moment that a text names; None where it names none, or only one that hangs on a place."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def as_read(at: str, beside: Iterable[str] = (), *, since: str = "") -> str:
    """A time as it is read: its day, unless it is that of `since`, and its clock; the offset where others have another.

    A clock that stands elsewhere, or was put forward since, would else seem to have run for hours.
    """
    text = _whole(at)
    clock = text[11:16]
    if any(offset(other) != offset(at) for other in beside):
        clock += f" {offset(at)}"
    return clock if text[:10] == _whole(since)[:10] else f"{text[:10]} {clock}"


def offset(at: str) -> str:
    """How far the clock of a time is from UTC."""
    return _whole(at)[19:]


def _whole(at: str) -> str:
    """A time in the one form in which `screen` writes them."""
    found = moment(at)
    return found.isoformat(timespec="seconds") if found else at


def refuse_wrong_times(contents: Mapping[str, Any], name: str) -> None:
    """Raise IopscreenError where what should be a time is none. `name` is what messages call the record."""
    for where, text in (times_of(contents) | earlier_times(contents)).items():
        if moment(text) is None:
            raise IopscreenError(f"{name}: {where}: {SHOULD}")
