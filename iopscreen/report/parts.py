"""What pages are put together from: parts with a heading, their frame, and what several parts show alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from iopscreen import __version__
from iopscreen.audit.ledger import Ground
from iopscreen.audit.overview import Overview
from iopscreen.report.columns import ANY
from iopscreen.report.flow_picture import tint
from iopscreen.report.page import text
from iopscreen.report.sections import PROVISIONAL
from iopscreen.ruleset.condition_words import spaced
from iopscreen.ruleset.findings import Finding
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


def table_box(
    name: str, head: Sequence[str], rows: Sequence[str], *, lists: bool = False, numbers: bool = False
) -> Iterator[str]:
    """A table called `name`, in a box in which it scrolls where it is too wide.

    `lists`: cells know their heads (`headed_cell`), and each row is a list on a narrow screen. `numbers`: so they do,
    and the last column holds numbers.
    """
    cells = [f'<th scope="col">{text(cell)}</th>' for cell in head]
    if numbers:
        cells[-1] = cells[-1].replace("<th ", '<th class="number" ')
    many = (" many" if len(head) > MANY else "") + (" answered" if lists or numbers else "")
    yield f'<div class="box{many}" role="region" tabindex="0" aria-label="{text(name)}">'
    yield f"<table><thead><tr>{''.join(cells)}</tr></thead>"
    yield f"<tbody>{''.join(rows)}</tbody></table></div>"


def headed_cell(head: str, content: str, kind: str = "") -> str:
    """A cell with what is in it as HTML, and its head; `kind`: its class."""
    named = f' class="{kind}"' if kind else ""
    return f'<td{named} data-head="{text(head)}">{content}</td>'


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


# --- findings ---


def finding_card(finding: Finding) -> Iterator[str]:
    """A finding: its message, its places, the caller who shows it, a case to add."""
    severity = finding.severity.value
    yield f'<article class="entry finding {severity}">'
    yield f'<h*><span class="severity">{severity}</span> {marked(finding.message)}</h*>'
    where = f"{finding.path}:{finding.place.line}:{finding.place.column}"
    yield f'<p class="quiet">{text(where)} <span class="id">{text(finding.name)}</span></p>'
    if finding.related:
        related = (
            f'<li>{marked(one.message)} <span class="quiet">{text(f"{one.path}:{one.place.line}")}</span></li>'
            for one in finding.related
        )
        yield f"<ul>{''.join(related)}</ul>"
    if finding.witness is not None:
        yield f'<div class="shown"><p class="label">A caller who shows it</p>{answers_list(finding.witness)}</div>'
    if finding.case is not None:
        yield f'<p class="label">A case to add</p><pre tabindex="0">{_verbatim(finding.case)}</pre>'
    yield "</article>"


def answers_list(witness: Mapping[str, Any]) -> str:
    """The answers of a caller; those that may be any are left out."""
    known = {question: answer for question, answer in witness.items() if answer != ANY}
    items = "".join(
        f"<div><dt>{text(spaced(question))}</dt><dd>{text(_answer(answer))}</dd></div>"
        for question, answer in known.items()
    )
    return f'<dl class="answers">{items}</dl>' if items else "<p>any answers</p>"


def _answer(answer: Any) -> str:
    return ", ".join(map(spaced, answer)) if isinstance(answer, list) else spaced(str(answer))


def _verbatim(lines: str) -> str:
    """Text whose lines and indents count."""
    shown = []
    for line in lines.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        shown.append(" " * indent + text(line))
    return "\n".join(shown)
