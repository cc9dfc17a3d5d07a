"""The meaning of a change as text for a terminal. Computes nothing; what is said stands in `change_outline`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import WordChange, marked
from iopscreen.audit.telling import in_words as answers_in_words
from iopscreen.report.change_outline import (
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
from iopscreen.ruleset.findings import Finding
from iopscreen.text import cells, printable, wrapped

Shown = set[tuple[str, str]]
"""The sides and rules whose grounds were shown already."""


def diff_text(change: Change, width: int, *, findings: bool = True, notes: bool = False) -> str:
    """The change as text. `findings`: those about the change, too, where not told elsewhere; `notes`: with notes."""
    lines = [*wrapped(verdict(change), width), ""]
    lines += _edition_lines("old", change.old, width)
    lines += _edition_lines("new", change.new, width)
    hidden = hidden_notes_line(change, notes=notes) if findings else None
    lines += wrapped(hidden, width, "    ", "  ") if hidden else []
    shown: Shown = set()
    for chapter in chapters(change, findings=findings, notes=notes):
        lines += ["", *_chapter(chapter, shown, width)]
    return "\n".join([*lines, "", *wrapped(count_line(change), width)]) + "\n"


def _edition_lines(side: str, edition: Edition, width: int) -> list[str]:
    text = f"{edition.file.path}: {edition.rule_set.id} {edition.rule_set.version}"
    return wrapped(text, width, "       ", f"  {side}  ")


def _chapter(chapter: Chapter, shown: Shown, width: int) -> Iterator[str]:
    yield from wrapped(chapter.heading, width, "    ", "")
    for line in chapter.lines:
        yield from wrapped(line, width, "    ", "  ")
    for finding in chapter.findings:
        yield from _finding(finding, width)
    for pair in chapter.pairs:
        yield from _pair(pair, shown, width)
    yield from _words(chapter.words, width)
    if chapter.more:
        yield f"  {chapter.more}"


def _finding(finding: Finding, width: int) -> Iterator[str]:
    where = f"{finding.path}:{finding.place.line}:{finding.place.column}"
    yield from wrapped(f"{where}: {finding.severity}: {finding.message} [{finding.name}]", width, "    ", "  ")
    for related in finding.related:
        where = f"{related.path}:{related.place.line}:{related.place.column}"
        yield from wrapped(f"{where}: {related.message}", width, "      ", "    ")
    if finding.witness is not None:
        yield from wrapped(f"answers: {answers_in_words(finding.witness)}", width, "      ", "    ")


# --- both rules side by side ----------------------------------------------------------------


def _pair(pair: Pair, shown: Shown, width: int) -> Iterator[str]:
    """Both rules with their lines, grounds and passages, in two columns; then whom they part."""
    yield ""
    room = (width - 5) // 2
    left, right = (list(_side(side, shown, room)) for side in (pair.old, pair.new))
    for old, new in zip_longest(left, right, fillvalue=""):
        yield f"  {old}{' ' * (room - cells(old))} | {new}".rstrip()
    yield ""
    for callers in pair.callers:
        who, *example = callers_lines(callers)
        yield from wrapped(who, width, "    ", "  ")
        for line in example:
            yield from wrapped(line, width, "      ", "    ")


def _side(side: Side, shown: Shown, room: int) -> Iterator[str]:
    """A rule; one that was shown already without its grounds."""
    first, *grounds = rule_lines(side)
    yield from _narrow(f"{side.when}: {first}", room)
    rule = side.end.rule
    if rule is not None and (side.when, rule.id) in shown:
        grounds = [*grounds[:1], "(shown above)"]
    elif rule is not None:
        shown.add((side.when, rule.id))
    for line in grounds:
        yield from _narrow(line, room)


def _narrow(text: str, room: int) -> list[str]:
    return wrapped(text, room, "  ", "", break_words=True)


# --- words ----------------------------------------------------------------------------------


def _words(words: tuple[WordChange, ...], width: int) -> Iterator[str]:
    if words:
        yield "  [-before-]{+now+}"
    thing = None
    for word in words:
        if word.thing != thing:
            thing = word.thing
            yield f"  {printable(thing)}{only_one(word)}"
        yield from wrapped(f"{word.field}: {marked(word.old, word.new)}", width, "      ", "    ")
