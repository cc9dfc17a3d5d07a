"""A decision as one page for the chart: complete in itself, nothing in it runs or loads. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iopscreen.report.page import page, text
from iopscreen.report.sections import Item, Look, Section, Title, notices, origin, sections, title
from iopscreen.screen.ending import help_now

if TYPE_CHECKING:
    from iopscreen.report.sections import Shown

TITLE = "Screening hand-over"
"""The title shows in tabs, histories and lists of files: it holds nothing of the caller's."""


def decision_html(shown: Shown) -> str:
    """The decision as a page, with the rule set's notice of disclosure."""
    result = title(shown)
    body = [_header(result), *(line for section in sections(shown) for line in _section(section))]
    notes = [*notices(shown), origin(shown, whole=True)]
    footer = ["<footer>", *(f"<p>{text(note)}</p>" for note in notes), "</footer>"]
    return page(TITLE, _state(shown), [*body, *footer])


def _state(shown: Shown) -> str:
    """What colours the head of the page; the words above the result say the same."""
    if shown.stopped or help_now(shown.rule_set, shown.decision, shown.override):
        return "stopped"
    return "settled" if shown.decision.recommendation or shown.override else "open"


def _header(result: Title) -> str:
    beside = "".join(f'\n<p class="beside">{text(line)}</p>' for line in result.beside)
    kind, what = text(result.kind), text(result.what)
    return f'<header>\n<h1><span class="kind">{kind}: </span><span class="what">{what}</span></h1>{beside}\n</header>'


def _section(section: Section) -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{text(section.heading)}</h2>"
    match section.look:
        case Look.SAID:
            yield from (f"<blockquote>{text(item.text)}</blockquote>" for item in section.items)
        case Look.TABLE:
            yield from _table(section.items)
        case Look.LIST:
            yield "<ul>"
            yield from (_list_item(item) for item in section.items)
            yield "</ul>"
    yield "</section>"


def _list_item(item: Item) -> str:
    under = "".join(f"<li>{text(line)}</li>" for line in item.under)
    return f"<li>{text(item.text)}{f'<ul>{under}</ul>' if under else ''}</li>"


def _table(items: tuple[Item, ...]) -> Iterator[str]:
    """Questions and answers; the column of times only where there are some."""
    timed = any(item.at for item in items)
    heads = ["Question", "Answer", *(["Time"] if timed else [])]
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield "<table>"
    yield f"<thead><tr>{cells}</tr></thead>"
    yield "<tbody>"
    for item in items:
        at = f'<td class="at">{text(item.at or "")}</td>' if timed else ""
        yield f'<tr><th scope="row">{text(item.text)}</th><td>{text(item.value or "")}</td>{at}</tr>'
    yield "</tbody>"
    yield "</table>"
