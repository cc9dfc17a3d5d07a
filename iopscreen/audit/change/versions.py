"""Does the version say how much changed, and does an id still mean what it meant?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from iopscreen.audit.change.comparison import Comparison
from iopscreen.audit.change.words import WordChange
from iopscreen.audit.subject import Told
from iopscreen.audit.telling import listed
from iopscreen.engine.compiled import TooTangledToCompile


class Level(IntEnum):
    """How much a change, or a version, is."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Needed(NamedTuple):
    """How much a change is, and why, in words."""

    level: Level
    because: str


def version_not_bumped(comparison: Comparison) -> Iterator[Told]:
    """The rule set means something else than before, and has the same version.

    Example: a threshold is moved, and `version` is still "1.0.0". Records and files then name one version for two
    sets of rules.

    What to do: raise the version; the message says by how much. A change of comments or layout alone needs none.
    """
    old, new = _versions(comparison)
    needed = needed_bump(comparison)
    if old == new and needed.level > Level.NONE:
        message = f"the version is `{new.text}` as before, although {needed.because}; `{_next(old, needed.level)}` fits"
        yield Told(comparison.section("version"), message)


def version_bump_too_small(comparison: Comparison) -> Iterator[Told]:
    """The version was raised by less than the change is.

    Major (the first number): questions or answers were removed, added or renamed, so that files and records of
    before may not fit. Minor (the second): recommendations or wording changed. Patch (the third): the rest.

    Example: an age limit is added with its question, and "1.0.0" became "1.0.1".

    What to do: raise the number that the message names.
    """
    old, new = _versions(comparison)
    needed = needed_bump(comparison)
    if old < new and _bump(old, new) < needed.level:
        fitting = _next(old, needed.level)
        message = f"`{old.text}` became `{new.text}`, although {needed.because}; `{fitting}` fits"
        yield Told(comparison.section("version"), message)


def version_went_back(comparison: Comparison) -> Iterator[Told]:
    """The version is lower than that of the rule set it is compared with.

    Example: "1.2.0" became "1.1.0", perhaps because an old copy was edited.

    What to do: see whether the right two files were compared, in this order; then raise the version.
    """
    old, new = _versions(comparison)
    if new < old:
        yield Told(comparison.section("version"), f"the version went back from `{old.text}` to `{new.text}`")


def rule_id_reused(comparison: Comparison) -> Iterator[Told]:
    """A rule has the id of an earlier one that meant something else: another outcome, for other callers.

    Told only where no caller meets both conditions and the outcomes differ. Saved records and cases name rules by
    id; they would then show a reason that was never given.

    Example: `too-young` was for callers below 18, and now sends callers above 80 elsewhere.

    What to do: give the new rule an id of its own.
    """
    joint = comparison.joint
    if isinstance(joint, TooTangledToCompile):
        return
    conditions = {rule.id: rule.condition for rule in joint.old.rule_set.rules}
    for written in joint.new.rule_set.rules:
        old = comparison.old.rule_set.rule.get(written.id)
        if old is None or old.recommend == written.recommend:
            continue
        if comparison.exclude(conditions[written.id], written.condition):
            message = (
                f"rule `{written.id}` recommended `{old.recommend}`, and now, to quite other callers, "
                f"`{written.recommend}`; a new rule needs an id of its own"
            )
            yield Told(written.place, message, comparison.before(old.place, "the rule of this id"))


# --- how much a change is -------------------------------------------------------------------


def needed_bump(comparison: Comparison) -> Needed:
    """How much the change is. What was not decided within the budget counts as no change."""
    questions = comparison.questions
    if not questions.none:
        asked = [question.id for question in (*questions.added, *questions.removed)]
        names = list(dict.fromkeys([*asked, *(question.id for question in questions.answers)]))
        return Needed(Level.MAJOR, f"questions or answers were added or removed ({listed(names)})")
    if questions.renamed:
        return Needed(Level.MAJOR, f"questions were renamed ({listed([new for _, new in questions.renamed])})")
    if comparison.impact.identical is False:
        moved = comparison.impact.transitions
        return Needed(Level.MINOR, "recommendations changed" if moved else "other callers are impossible")
    changed = [word for word in comparison.words if not word.of_a_case]
    worded = [word for word in changed if word.wording]
    if worded:
        return Needed(Level.MINOR, _what_changed(worded[0]))
    if changed:
        return Needed(Level.PATCH, _what_changed(changed[0]))
    return Needed(Level.NONE, "nothing changed")


def _what_changed(word: WordChange) -> str:
    if word.whole:
        return f"{word.thing} is {'gone' if word.new is None else 'new'}"
    if word.of_a_row:
        return f"the {word.thing} are in another order"
    thing = "the rule set" if word.thing == "rule set" else word.thing
    return f"the wording of {thing} changed" if word.wording else f"{thing} is not what it was"


# --- versions -------------------------------------------------------------------------------


class Version(NamedTuple):
    """A semantic version, ordered as such: one with a suffix comes before the one without."""

    numbers: tuple[int, ...]
    released: bool
    suffix: tuple[tuple[bool, int, str], ...]
    text: str


def version_of(text: str) -> Version:
    """The version written as `text`, which the reader of the file has accepted."""
    numbers, _, suffix = text.partition("-")
    parts = [part for part in suffix.split(".") if part]
    # Numbers before words, and by value; words by their letters.
    ordered = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
    return Version(tuple(int(number) for number in re.findall(r"\d+", numbers)), not suffix, ordered, text)


def _versions(comparison: Comparison) -> tuple[Version, Version]:
    return version_of(comparison.old.rule_set.version), version_of(comparison.new.rule_set.version)


def _bump(old: Version, new: Version) -> Level:
    """By how much a higher version is higher. After one with a suffix, which promises nothing, by as much as may be."""
    for level, before, after in zip((Level.MAJOR, Level.MINOR, Level.PATCH), old.numbers, new.numbers, strict=True):
        if before != after:
            return level
    return Level.MAJOR


def _next(old: Version, level: Level) -> str:
    """The version that is higher than `old` by `level`."""
    place = Level.MAJOR - level
    numbers = [number if at < place else number + 1 if at == place else 0 for at, number in enumerate(old.numbers)]
    return ".".join(map(str, numbers))
