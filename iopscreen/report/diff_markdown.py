"""What a change means, as a comment for a review: the verdict, what protects callers, then whom it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import End, Transition
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import marked
from iopscreen.report.audit_markdown import LIMIT, finding_details, findings_table
from iopscreen.report.diff import (
    CASES,
    ONE_SIDED,
    by_rules,
    case_lines,
    count_line,
    more_regions,
    one_sided_lines,
    only_one,
    question_lines,
    region_words,
    rule_lines,
    same_outcome_lines,
    transition_title,
    verdict,
)
from iopscreen.report.findings import Paths, Reported
from iopscreen.report.markdown import code, folded, message, quiet, row, table, within

MARKER = "<!-- iopscreen:diff -->"
"""By which a later run finds this comment again, to replace it."""

_ROOM_FOR_MORE = 400
"""Characters kept for the line that says what was left out."""


def diff_markdown(change: Change, paths: Paths, *, limit: int = LIMIT) -> str:
    """The change as one comment of at most `limit` characters."""
    blocks = [MARKER, f"## {quiet(verdict(change))}", _editions(change, paths), *change_blocks(change, paths)]
    shown = list(within(blocks, limit - _ROOM_FOR_MORE))
    if len(shown) < len(blocks):
        shown.append("**Not all fits into a comment:** `iopscreen diff` shows the rest.")
    return "\n\n".join(shown) + "\n"


def _editions(change: Change, paths: Paths) -> str:
    old, new = (_edition(edition, paths) for edition in (change.old, change.new))
    return f"From {old} to {new}."


def _edition(edition: Edition, paths: Paths) -> str:
    return f"{code(paths.shown(edition.file.path))} ({quiet(f'{edition.rule_set.id} {edition.rule_set.version}')})"


def change_blocks(change: Change, paths: Paths, *, findings: bool = True) -> Iterator[str]:
    """The parts of the comment, each whole in itself. `findings`: those about the change, where not told elsewhere."""
    if change.impact.undecided:
        yield f"**Not decided:** {message('; '.join(change.impact.undecided))}"
    if findings and change.findings:
        found = [Reported(finding, None, change.new.rule_set.id) for finding in change.findings]
        yield "### What protects callers, and the version"
        yield from findings_table(found, paths, LIMIT // 8)
        yield from finding_details(found, paths, LIMIT // 8)
    yield from _listed(CASES, case_lines(change))
    yield from _listed("Questions", question_lines(change))
    for transition in change.impact.transitions:
        yield from _transition(change, transition)
    yield from (quiet(line) for line in same_outcome_lines(change))
    yield from _listed(ONE_SIDED, one_sided_lines(change))
    yield from _words(change)
    yield quiet(count_line(change))


def _listed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    items = [f"- {quiet(line)}" for line in lines]
    if items:
        yield f"### {heading}"
        yield "\n".join(items)


def _transition(change: Change, transition: Transition) -> Iterator[str]:
    yield f"### {quiet(transition_title(transition))}"
    for regions in by_rules(transition):
        ends = [_end(change.old, regions[0].old), _end(change.new, regions[0].new)]
        yield table(["before", "now"], [row(ends)])
        lines = (
            f"- {quiet(when)}" + (f"; {quiet(example)}" if example else "")
            for when, example in map(region_words, regions)
        )
        yield "\n".join(lines)
    yield from (quiet(line) for line in more_regions(transition))


def _end(edition: Edition, end: End) -> str:
    first, *rest = rule_lines(edition, end)
    return "<br>".join([f"**{quiet(first)}**", *map(quiet, rest)])


def _words(change: Change) -> Iterator[str]:
    if not change.words:
        return
    lines = [
        f"- {quiet(word.thing)}{only_one(word)}, {quiet(word.field)}: {code(marked(word.old, word.new))}"
        for word in change.words
    ]
    yield folded(f"{len(lines)} changes of wording, [-before-]{{+now+}}", "\n".join(lines))
