"""What pages are put together from: parts with a heading, their frame, and what several parts show alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from iopscreen import __version__
from iopscreen.audit.ledger import Ground
from iopscreen.audit.overview import Overview
from iopscreen.report.flow_picture import tint
from iopscreen.report.page import text
from iopscreen.report.sections import PROVISIONAL
from iopscreen.ruleset.model import Cite, RuleSet
from iopscreen.ruleset.words import outcome_label

MANY = 12
"""A table of more columns is printed with words broken anywhere, so that it is not cut."""


class Part(NamedTuple):
    """A part of the page. `name` is where links lead to, and `lead` stands below the heading.

    `lines` are HTML, whole elements or tags; a heading in them is `<h*>`, for the page says of which level it is.
    """

    name: str
    heading: str
    lines: tuple[str, ...]
    lead: str = ""


def found_parts(parts: Iterator[Part | None]) -> list[Part]:
    """The parts that have something to say."""
    return [part for part in parts if part is not None]


# --- the frame ------------------------------------------------------------------------------


def head(kind: str, what: str, beside: Sequence[str]) -> Iterator[str]:
    """What the page is about."""
    yield "<header>"
    yield f'<h1><span class="kind">{text(kind)}: </span><span class="what">{text(what)}</span></h1>'
    yield from (f'<p class="beside">{text(line)}</p>' for line in beside)
    yield "</header>"


def contents(links: Iterable[tuple[str, str]]) -> str:
    """Links to what is on the page: names and titles."""
    items = (f'<li><a href="#{name}">{text(title)}</a></li>' for name, title in links)
    return f'<nav aria-label="On this page"><ul>{"".join(items)}</ul></nav>'


def parts_html(parts: Sequence[Part], prefix: str, level: int) -> Iterator[str]:
    """The parts, their headings of `level` and those inside one level below."""
    for part in parts:
        yield f'<section id="{prefix}{part.name}" aria-labelledby="{prefix}{part.name}-h">'
        yield f'<h{level} class="part" id="{prefix}{part.name}-h">{text(part.heading)}</h{level}>'
        if part.lead:
            yield f'<p class="lead">{text(part.lead)}</p>'
        yield from (line.replace("<h*", f"<h{level + 1}").replace("</h*>", f"</h{level + 1}>") for line in part.lines)
        yield "</section>"


def foot(overviews: Sequence[Overview]) -> Iterator[str]:
    """What must not be forgotten, and which files the page shows, to the byte."""
    yield "<footer>"
    yield f"<p>{text(PROVISIONAL)}</p>"
    for overview in overviews:
        rule_set, file = overview.rule_set, overview.file
        yield f"<p>{text(f'{rule_set.id} {rule_set.version}, {file.path}, {file.digest}')}</p>"
    yield f"<p>{text(f'iopscreen {__version__}')}</p>"
    yield "</footer>"


# --- what several parts show ---


def term(name: str, html: str) -> Iterator[str]:
    """A line of a definition list; nothing, where there is nothing to say."""
    if html:
        yield f"<div><dt>{name}</dt><dd>{html}</dd></div>"


def pill(rule_set: RuleSet, outcome: str) -> str:
    """The label of an outcome, in its colour."""
    return f'<span class="pill {tint(rule_set, outcome)}">{text(outcome_label(rule_set, outcome))}</span>'


def grounds_list(rule_set: RuleSet, cites: Sequence[Cite], grounds: Sequence[Ground]) -> str:
    """What something rests on: each passage in our words, where it stands, and whether it still does."""
    states = {ground.cite: ground.state for ground in grounds}
    items = []
    for cite in cites:
        source, passage = rule_set.passage.get(cite.id, (None, None))
        state = f' <span class="state">{text(states[cite.id])}</span>' if cite.id in states else ""
        if source and passage:
            where = f"{source.title}, {passage.section}, paragraph {passage.paragraph}"
            items.append(f"<li>{text(passage.says)}{state}<cite>{text(where)}</cite></li>")
        elif source:
            items.append(f"<li>{text(source.title)}{state}</li>")
        else:
            items.append(f"<li>{text(cite.id)}: no such passage</li>")
    return f'<ul class="grounds">{"".join(items)}</ul>' if items else ""


def table_box(name: str, head: Sequence[str], rows: Sequence[str], *, numbers: bool = False) -> Iterator[str]:
    """A table called `name`, in a box in which it scrolls where it is too wide; `numbers`: in the last column."""
    cells = [f'<th scope="col">{text(cell)}</th>' for cell in head]
    if numbers:
        cells[-1] = cells[-1].replace("<th ", '<th class="number" ')
    many = " many" if len(head) > MANY else ""
    yield f'<div class="box{many}" role="region" tabindex="0" aria-label="{text(name)}">'
    yield f"<table><thead><tr>{''.join(cells)}</tr></thead>"
    yield f"<tbody>{''.join(rows)}</tbody></table></div>"


def marked(message: str) -> str:
    """A message; what stands between backticks are the author's words."""
    parts = [text(part) if part.strip() else part for part in message.split("`")]
    if len(parts) % 2 == 0:
        return text(message)
    spans = [_spaces(part, message.split("`")[place]) for place, part in enumerate(parts)]
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(spans))


def _spaces(part: str, written: str) -> str:
    """The blanks at the ends of a piece of a message, which tell words apart."""
    before = " " if written[:1].isspace() else ""
    after = " " if written[-1:].isspace() and written.strip() else ""
    return f"{before}{part.strip()}{after}"
