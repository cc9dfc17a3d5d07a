"""A decision as JSON, text and Markdown. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iopscreen.report.markdown import plain
from iopscreen.report.sections import Item, Look, Section, Shown, notices, origin, sections, title
from iopscreen.screen.decided import computed_json
from iopscreen.text import wrapped

__all__ = ["Shown", "decision_json", "decision_markdown", "decision_text", "headline"]


def decision_json(shown: Shown) -> dict[str, Any]:
    """The decision as one object: how a call ended, and what was computed.

    Of a call, in which somebody was asked, also the notes of staff and the notice of disclosure.
    """
    found = computed_json(shown.file, shown.decision, shown.changes, stopped=shown.stopped, override=shown.override)
    call = shown.call
    if call is not None and (call.notes or set(call.given_at) - set(call.known_before)):
        found["staff_notes"] = [note._asdict() for note in call.notes]
        if shown.rule_set.disclosure:
            found["disclosure"] = shown.rule_set.disclosure
    return found


def headline(shown: Shown) -> str:
    """The result in one line."""
    result = title(shown)
    return f"{result.kind}: {result.what}"


# --- text -----------------------------------------------------------------------------------


def decision_text(shown: Shown, width: int) -> str:
    """The decision for a terminal, in lines of at most `width`."""
    lines = wrapped(headline(shown), width)
    for line in title(shown).beside:
        lines += wrapped(line, width)
    for section in sections(shown):
        lines += ["", *section_text(section, width)]
    for notice in notices(shown):
        lines += ["", *wrapped(notice, width)]
    lines += ["", *wrapped(origin(shown, whole=False), width)]
    return "\n".join(lines) + "\n"


def section_text(section: Section, width: int) -> Iterator[str]:
    """A section for a terminal."""
    yield from wrapped(section.heading, width)
    for item in section.items:
        yield from wrapped(_asked(item), width, "    ", "  - ")
        for line in item.under:
            yield from wrapped(line, width, "      ", "    ")


def _asked(item: Item) -> str:
    return item.text if item.value is None else f"{item.text} - {item.value}"


# --- Markdown -------------------------------------------------------------------------------


def decision_markdown(shown: Shown) -> str:
    """The decision for a chart or a ticket, as Markdown, with the rule set's notice of disclosure."""
    lines = [f"## {plain(headline(shown))}"]
    for line in title(shown).beside:
        lines += ["", f"**{plain(line)}**"]
    for section in sections(shown):
        lines += ["", *section_markdown(section)]
    for notice in notices(shown):
        lines += ["", f"*{plain(notice)}*"]
    lines += ["", plain(origin(shown, whole=True))]
    return "\n".join(lines) + "\n"


def section_markdown(section: Section) -> Iterator[str]:
    """A section: what is read aloud as a quotation, all else as a list, answers with the time they were given at."""
    yield from (f"### {section.heading}", "")
    mark = "> " if section.look is Look.SAID else "- "
    for item in section.items:
        at = f" ({item.at})" if item.at else ""
        yield f"{mark}{plain(_asked(item) + at)}"
        yield from (f"  - {plain(line)}" for line in item.under)
