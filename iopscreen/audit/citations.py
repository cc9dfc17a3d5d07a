"""Does a source still say what the rules rest on? Passages of a text, and their digests.

A rule rests on passages, never on a copy of them: a section, a paragraph in it, and a digest.
Letter case, white space (after a hyphen, too), signs that nobody sees, and which quotes and bullets are typed do
not count, so that a text may be retyped or reflowed, its bullets too: a line after one, with no blank line between,
goes on with it. So does a heading that a passage names. A word may not change.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Passage, Source

OPENING = "opening"
"""The section before the first heading."""

Spot = tuple[str, int]
"""Section and paragraph (counted from 1)."""

_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛", "'") | dict.fromkeys("“”„‟", '"'))  # noqa: RUF001 - quotes as typed
_ALIKE = str.maketrans(
    dict.fromkeys("´`′ʼ", "'")  # noqa: RUF001 - as typed in place of an apostrophe
    | {"″": '"'}
    | dict.fromkeys("\u2010\u2011", "-")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff")
)
# Patterns are compiled when they are first used: most audits have no text of a source.
_SOFT_HYPHEN = r"\xad\s*"
_BROKEN_AT_HYPHEN = r"(?<=\w)- (?=\w)"
_BULLET = r"\s*(?:[·•●▪◦‣]|[-*–](?:\s|$))"  # noqa: RUF001 - a dash as typed
_SIGN = r"(?:(?<= )|^)(?:[·•●▪◦‣] ?|[-*–](?: |$))"  # noqa: RUF001 - a dash as typed
_SIGNS = ("· ", "• ", "- ", "* ", "– ", "·", "•")  # noqa: RUF001 - a dash as typed


def source_text(data: bytes, path: str) -> str:
    """The text of a source. Raises IopscreenError for what is none: every passage would seem to have changed."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise IopscreenError(f"{path}: is in UTF-16; save it as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\0" in data:
        raise IopscreenError(f"{path}: holds zero bytes, as UTF-16 and what is no text do; save its text as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise IopscreenError(
            f"{path}: line {line}: byte {data[error.start]:#04x} is not UTF-8; save it as a text in UTF-8"
        ) from None
    if not text.strip():
        raise IopscreenError(f"{path}: is empty; a source is a text")
    return text


def plain(text: str) -> str:
    """`text` in one letter case, with single spaces and quotes as a typewriter has them."""
    return " ".join(text.lower().translate(_QUOTES).split())


def normalise(text: str) -> str:
    """The same, as one line that is hyphenated nowhere: without signs that nobody sees, or a space after a hyphen."""
    found = plain(re.sub(_SOFT_HYPHEN, "", text).translate(_ALIKE))
    return re.sub(_BROKEN_AT_HYPHEN, "-", found)


def digest(text: str) -> str:
    """`sha256:` and the digest of the text: what to write into a rule file."""
    return _sha256(normalise(text))


def digests(text: str) -> frozenset[str]:
    """Every digest that `text` may have been given: with other bullets, and with its hyphens as they are."""
    found = {plain(text), normalise(text)}
    found |= {re.sub(_SIGN, sign, one) for one in found for sign in _SIGNS if re.search(_SIGN, one)}
    return frozenset(_sha256(one) for one in found)


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def passages(text: str, sections: Collection[str] = ()) -> dict[Spot, str]:
    """Every passage of `text`, in order. The first block of a text is its title, and no passage.

    A section met again goes on counting where it left off. `sections`: normalised headings that are known, and
    are headings though they take several lines.
    """
    blocks = list(_blocks(text))[1:]
    section, counts, found = OPENING, {OPENING: 0}, {}
    for lines in blocks:
        if _is_heading(lines) or normalise("\n".join(lines)) in sections:
            section = " ".join(line.strip() for line in lines)
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
    return re.match(_BULLET, line) is not None


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


class Found(NamedTuple):
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
    found = passages(text, {normalise(passage.section) for passage in source.passages})
    there = {(normalise(section), paragraph): block for (section, paragraph), block in found.items()}
    by_digest: dict[str, Spot] = {}
    for spot, block in found.items():
        for one in digests(block):
            by_digest.setdefault(one, spot)
    return {passage.id: _found(passage, there, by_digest) for passage in source.passages}


def _found(passage: Passage, there: Mapping[Spot, str], by_digest: Mapping[str, Spot]) -> Found:
    now = there.get((normalise(passage.section), passage.paragraph))
    if now is not None and passage.digest is None:
        return Found(passage, Fate.UNDIGESTED, now, None)
    if now is not None and passage.digest in digests(now):
        return Found(passage, Fate.SAME, now, None)
    moved_to = by_digest.get(passage.digest) if passage.digest else None
    if moved_to is not None:
        return Found(passage, Fate.MOVED, now, moved_to)
    return Found(passage, Fate.GONE if now is None else Fate.CHANGED, now, None)
