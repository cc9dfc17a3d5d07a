"""What a change means, as a comment for a review: the verdict, what protects callers, then whom it reaches."""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import WordChange, marked
from iopscreen.report.audit_markdown import LIMIT, finding_details, findings_table
from iopscreen.report.change_outline import (
    BEFORE,
    NOW,
    Chapter,
    Pair,
    Side,
    callers_lines,
    chapters,
    count_line,
    hidden_notes_line,
    only_one,
    rule_lines,
    verdict,
)
from iopscreen.report.findings import Paths, Reported, count_words
from iopscreen.report.markdown import code, folded, message, quiet, row, table, within

MARKER = "<!-- iopscreen:diff -->"
"""By which a later run finds this comment again, to replace it."""

_ROOM_FOR_MORE = 400
"""Characters kept for the line that says what was left out."""


def diff_markdown(change: Change, paths: Paths, *, notes: bool = False, limit: int = LIMIT) -> str:
    """The change as one comment of at most `limit` characters. `notes`: list notes, too."""
    blocks = [MARKER, f"## {quiet(verdict(change))}", _editions(change, paths)]
    hidden = hidden_notes_line(change, notes=notes)
    blocks += [quiet(hidden)] if hidden else []
    blocks += change_blocks(change, paths, notes=notes)
    shown = list(within(blocks, limit - _ROOM_FOR_MORE))
    if len(shown) < len(blocks):
        shown.append("**Not all fits into a comment:** `iopscreen diff` shows the rest.")
    return "\n\n".join(shown) + "\n"


def _editions(change: Change, paths: Paths) -> str:
    old, new = (_edition(edition, paths) for edition in (change.old, change.new))
    return f"From {old} to {new}."


def _edition(edition: Edition, paths: Paths) -> str:
    return f"{code(paths.shown(edition.file.path))} ({quiet(f'{edition.rule_set.id} {edition.rule_set.version}')})"


def change_blocks(
    change: Change, paths: Paths, *, findings: bool = True, notes: bool = False, level: int = 3
) -> Iterator[str]:
    """The parts of the comment, each whole in itself. `findings`: those about the change, where not told elsewhere.

    `level`: of their headings.
    """
    for chapter in chapters(change, findings=findings, notes=notes):
        yield from _chapter(change, chapter, paths, level)
    yield quiet(count_line(change))


def _chapter(change: Change, chapter: Chapter, paths: Paths, level: int) -> Iterator[str]:
    if chapter.words:
        heading = f"{chapter.heading}: {count_words(len(chapter.words), 'change')}, [-before-]{{+now+}}"
        yield folded(heading, _words(chapter.words))
        return
    yield f"{'#' * level} {quiet(chapter.heading)}"
    if chapter.lines:
        yield "\n".join(f"- {message(line)}" for line in chapter.lines)
    if chapter.findings:
        found = [Reported(finding, None, change.new.rule_set.id) for finding in chapter.findings]
        yield from findings_table(found, paths, LIMIT // 8)
        yield from finding_details(found, paths, LIMIT // 8)
    for pair in chapter.pairs:
        yield from _pair(pair)
    if chapter.more:
        yield quiet(chapter.more)


def _pair(pair: Pair) -> Iterator[str]:
    yield table([BEFORE, NOW], [row([_side(pair.old), _side(pair.new)])])
    yield "\n".join(f"- {quiet('; '.join(callers_lines(callers)))}" for callers in pair.callers)


def _side(side: Side) -> str:
    first, *rest = rule_lines(side)
    return "<br>".join([f"**{quiet(first)}**", *map(quiet, rest)])


def _words(words: tuple[WordChange, ...]) -> str:
    return "\n".join(
        f"- {message(word.thing)}{only_one(word)}, {quiet(word.field)}: {code(marked(word.old, word.new))}"
        for word in words
    )
