"""Does a source still say what the rules rest on? Passages of a text, and their digests.

A rule rests on passages, never on a copy of them: a section, a paragraph in it, and a digest.
Letter case, white space and typographic quotes do not count, so that a text may be retyped or
reflowed, its bullets too: a line after one, with no blank line between, goes on with it. A word may not change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from iopscreen.ruleset.model import Passage, Source

OPENING = "opening"
"""The section before the first heading."""

Spot = tuple[str, int]
"""Section and paragraph (counted from 1)."""

_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛", "'") | dict.fromkeys("“”„‟", '"'))  # noqa: RUF001 - quotes as typed
_BULLET = re.compile(r"\s*(?:[·•]|[-*–](?:\s|$))")  # noqa: RUF001 - a dash as typed


def normalise(text: str) -> str:
    """`text` without what does not count: letter case, white space, typographic quotes."""
    return " ".join(text.lower().translate(_QUOTES).split())


def digest(text: str) -> str:
    """`sha256:` and the digest of the normalised text."""
    return f"sha256:{hashlib.sha256(normalise(text).encode()).hexdigest()}"


def passages(text: str) -> dict[Spot, str]:
    """Every passage of `text`, in order. The first block of a text is its title, and no passage.

    A section met again goes on counting where it left off.
    """
    blocks = list(_blocks(text))[1:]
    section, counts, found = OPENING, {OPENING: 0}, {}
    for lines in blocks:
        if _is_heading(lines):
            section = lines[0].strip()
            counts.setdefault(section, 0)
        else:
            counts[section] += 1
            found[section, counts[section]] = "\n".join(lines)
    return found


def _blocks(text: str) -> Iterator[list[str]]:
    """Runs of lines between blank ones; a run of bullets is a block of its own, with the lines that go on with them."""
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        ends = not line.strip() or (block and _is_bullet(line) and not _is_bullet(block[0]))
        if ends and block:
            yield block
            block = []
        if line.strip():
            block.append(line)


def _is_bullet(line: str) -> bool:
    return _BULLET.match(line) is not None


def _is_heading(lines: list[str]) -> bool:
    return len(lines) == 1 and not _is_bullet(lines[0]) and not lines[0].rstrip().endswith((".", ":"))


# --- what became of a passage ---------------------------------------------------------------


class Fate(StrEnum):
    """What a text says about a passage."""

    SAME = "same"
    UNDIGESTED = "undigested"
    """It is there; without a digest nobody can say whether it is the same."""
    CHANGED = "changed"
    MOVED = "moved"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a passage: the text that stands at its place now, and where it moved to."""

    passage: Passage
    fate: Fate
    text_now: str | None
    moved_to: Spot | None

    @property
    def stale(self) -> bool:
        """Whether what rests on the passage must be looked at again."""
        return self.fate in (Fate.CHANGED, Fate.MOVED, Fate.GONE)


def look_up(source: Source, text: str) -> dict[str, Found]:
    """Each passage of `source` in its `text`, by passage id."""
    there = {(normalise(section), paragraph): block for (section, paragraph), block in passages(text).items()}
    by_digest: dict[str, Spot] = {}
    for spot, block in passages(text).items():
        by_digest.setdefault(digest(block), spot)
    return {passage.id: _found(passage, there, by_digest) for passage in source.passages}


def _found(passage: Passage, there: Mapping[Spot, str], by_digest: Mapping[str, Spot]) -> Found:
    now = there.get((normalise(passage.section), passage.paragraph))
    if now is not None and passage.digest is None:
        return Found(passage, Fate.UNDIGESTED, now, None)
    if now is not None and digest(now) == passage.digest:
        return Found(passage, Fate.SAME, now, None)
    moved_to = by_digest.get(passage.digest) if passage.digest else None
    if moved_to is not None:
        return Found(passage, Fate.MOVED, now, moved_to)
    return Found(passage, Fate.GONE if now is None else Fate.CHANGED, now, None)
