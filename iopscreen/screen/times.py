"""The times of a record: where they stand, and whether they are any."""

from __future__ import annotations

from collections.abc import Mapping
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


def refuse_wrong_times(contents: Mapping[str, Any], name: str) -> None:
    """Raise IopscreenError where what should be a time is none. `name` is what messages call the record."""
    for where, text in (times_of(contents) | earlier_times(contents)).items():
        if moment(text) is None:
            raise IopscreenError(f"{name}: {where}: {SHOULD}")
