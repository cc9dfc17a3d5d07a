"""Files of calls for benchmarks: the same ones every time, tidy or messy, of any length, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

HEADER = (
    "id,name,condition_type,detox_need,safe_living_environment,recent_psychiatric_discharge,"
    "age,days_since_discharge,notes\n"
)
AT_ONCE = 50_000
FIRST = ("Ann", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal")
LAST = ("Smith", "Jones", "Garcia", "Lee", "Brown", "Khan", "Berg-Hansen")
CONDITIONS = ("mania", "self_harm", "chemical_dependency", "Bipolar 1", "other", "eating_disorder")
CONDITIONS += tuple(f"{one};{two}" for one in CONDITIONS[:2] for two in ("chemical_dependency", "bipolar_2"))
YES_NO = ("yes", "no", "No", "YES", "Y", "n", "no ", " yes")
NOTES = ("", "called back", "left voicemail", "wants evenings", '"said ""maybe"", will call"', '"lives far, needs bus"')
NOTES += ("insurance pending", "referred by dr. hill", "prefers text, not calls".replace(",", ""))
UNKNOWN = ("", "unknown", "n/a", "don't know")
MESSY_NOTES = ('"two\nlines"', "=1+1", "-", 'a 6" scar', '"quoted"', "+1 555 0100", "Größe")


def calls(count: int, *, messy: bool) -> Iterator[str]:
    """The text of a file of `count` calls, in pieces."""
    random = Random(count)
    yield HEADER
    for start in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - start)
        columns = [random.choices(texts, k=size) for texts in _texts(messy=messy)]
        rows = [f"{start + at},{','.join(cells)}\n" for at, cells in enumerate(zip(*columns, strict=True))]
        if messy:
            for at in random.sample(range(size), size // 1000):
                rows[at] = rows[at].rstrip("\n").rpartition(",")[0].replace("\n", " ").replace('"', "") + "\n"
        yield "".join(rows)


def _texts(*, messy: bool) -> list[tuple[str, ...]]:
    """The texts of each column but the first; of a messy file, a fifth is not known and one in 500 is no answer."""
    names = tuple(f"{first} {last}" for first in FIRST for last in LAST)
    columns = [CONDITIONS, YES_NO, YES_NO, YES_NO, tuple(map(str, range(100))), tuple(map(str, range(3651)))]
    if messy:
        columns = [texts * (800 // len(texts) + 1) for texts in columns]
        columns = [texts + UNKNOWN * (len(texts) // 16) + ("maybe",) * (len(texts) // 400) for texts in columns]
    notes = NOTES * 40 + MESSY_NOTES if messy else NOTES
    return [names, *columns, notes]


def write_calls(path: Path, count: int, *, messy: bool) -> None:
    """Write a file of `count` calls."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for text in calls(count, messy=messy):
            file.write(text)
