"""What a change means, as a page for whoever signs it. Computes nothing.

`change_parts` are the parts that an audit against an earlier edition shows, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import End, Transition
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import marked as with_marks
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
from iopscreen.report.page import page, text
from iopscreen.report.parts import Part, contents, foot, found_parts, head, marked, parts_html, table_box
from iopscreen.report.rule_style import STYLE


def diff_html(change: Change) -> str:
    """The change as a page of its own."""
    beside = [_edition("before", change.old), _edition("now", change.new), count_line(change)]
    parts = change_parts(change)
    links = contents((part.name, part.heading) for part in parts)
    body = [*head("Change of rules", verdict(change), beside), links, *parts_html(parts, "", 2), *foot([])]
    state = "settled" if change.nothing else "open" if change.identical else "stopped"
    return page(f"Change of {change.new.rule_set.id}", state, body, STYLE)


def _edition(when: str, edition: Edition) -> str:
    return f"{when}: {edition.rule_set.title} ({edition.rule_set.id} {edition.rule_set.version}), {edition.file.path}"


def change_parts(change: Change, *, findings: bool = True) -> list[Part]:
    """The parts of the page. `findings`: those about the change, where they are not told elsewhere."""
    told = change.findings if findings else ()
    protection = [
        f"{finding.path}:{finding.place.line}: {finding.severity}: {finding.message} [{finding.name}]"
        for finding in told
    ]
    parts: list[Part | None] = [
        _listed("undecided", "Not decided", change.impact.undecided),
        _listed("protection", "What protects callers, and the version", protection),
        _listed("confirmed", CASES, case_lines(change)),
        _listed("question-changes", "Questions that changed", question_lines(change)),
        *(_transition(change, number, one) for number, one in enumerate(change.impact.transitions, 1)),
        _listed("same", "Same recommendation, another rule", same_outcome_lines(change)),
        _listed("one-sided", ONE_SIDED, one_sided_lines(change)),
        _words(change),
    ]
    return found_parts(iter(parts))


def _listed(name: str, heading: str, lines: Iterable[str]) -> Part | None:
    items = [f"<li>{marked(line)}</li>" for line in lines]
    return Part(name, heading, ("<ul>", *items, "</ul>")) if items else None


def _transition(change: Change, number: int, transition: Transition) -> Part:
    """Both rules side by side, and whom they part."""
    lines: list[str] = []
    for regions in by_rules(transition):
        ends = ((change.old, regions[0].old), (change.new, regions[0].new))
        cells = "".join(f"<td>{_end(*end)}</td>" for end in ends)
        lines += table_box("both rules", ["before", "now"], [f"<tr>{cells}</tr>"])
        lines += ["<ul>", *(f"<li>{_region(*region_words(region))}</li>" for region in regions), "</ul>"]
    lines += [f"<p>{text(line)}</p>" for line in more_regions(transition)]
    return Part(f"transition-{number}", transition_title(transition), tuple(lines))


def _end(edition: Edition, end: End) -> str:
    first, *rest = rule_lines(edition, end)
    return f"<strong>{text(first)}</strong>" + "".join(f"<br>{text(line)}" for line in rest)


def _region(when: str, example: str | None) -> str:
    return text(when) + (f"<br>{text(example)}" if example else "")


def _words(change: Change) -> Part | None:
    lines = (f"{word.thing}{only_one(word)}, {word.field}: {with_marks(word.old, word.new)}" for word in change.words)
    part = _listed("words", "Wording", lines)
    return part and part._replace(lead="What was there stands in [-…-], what is there now in {+…+}.")
