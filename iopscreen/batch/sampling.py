"""Which of many kinds of rows are looked at: the same ones in whatever order, and by how many processes, they are met.

Kinds have a rank that their text gives, as good as random. *Bottom-k sampling*: those of the lowest rank are
kept, so that each is kept, with all of its rows, as probably as any other. *Systematic sampling*, with
probability proportional to size: the rows stand in a line, kind by kind, and every n-th is taken.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Kind = TypeVar("Kind", bound=Hashable)


def rank(kind: object) -> bytes:
    """Where a kind stands; equal for what has the same `repr`."""
    from hashlib import blake2b

    return blake2b(repr(kind).encode(), digest_size=16).digest()


def lowest(ranks: Mapping[Kind, bytes], most: int) -> set[Kind]:
    """The `most` kinds of the lowest rank."""
    return set(sorted(ranks, key=ranks.__getitem__)[:most])


def systematic(rows: Mapping[Kind, int], ranks: Mapping[Kind, bytes], most: int) -> dict[Kind, int]:
    """How many of `most` rows, spread evenly over all (in the order of the ranks), are of each kind."""
    total = sum(rows.values())
    taken: dict[Kind, int] = {}
    before = 0
    for kind in sorted(rows, key=ranks.__getitem__):
        until = before + rows[kind]
        # Of the rows (2n + 1) * total / (2 * most), those from `before` on and not from `until` on.
        count = _points_below(until, total, most) - _points_below(before, total, most)
        if count:
            taken[kind] = count
        before = until
    return taken


def _points_below(row: int, total: int, most: int) -> int:
    """How many n >= 0 there are with (2n + 1) * total < 2 * most * row."""
    return max(0, -(-(2 * most * row - total) // (2 * total)))
