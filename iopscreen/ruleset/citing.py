"""What lines rest on, as written: citations, digests, accepted findings."""

from __future__ import annotations

import re

from iopscreen.ruleset.model import Accept, Cite
from iopscreen.ruleset.shape import Fields

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


def written_digest(fields: Fields) -> str | None:
    """`sha256:` and 64 hexadecimal digits, or None."""
    text = fields.text("digest")
    if text is not None and not _DIGEST.fullmatch(text):
        message = f"`digest` of {fields.what} should be `sha256:` and 64 hexadecimal digits"
        fields.shape.faults.add("wrong-value", fields.place_of("digest"), message)
    return text


def citations(fields: Fields) -> tuple[Cite, ...]:
    """References as written; whether they name something is for the audit to say."""
    found = []
    for node in fields.shape.items(fields.node_of("cite"), f"`cite` of {fields.what}", may_be_one=True):
        text = fields.shape.text(node, f"`cite` of {fields.what}")
        if text is not None:
            found.append(Cite(text, node.place))
    return tuple(found)


def accepted(fields: Fields) -> tuple[Accept, ...]:
    """Findings that a person has accepted; a missing reason is for the audit to say."""
    found = []
    for node in fields.shape.items(fields.node_of("accept"), f"`accept` of {fields.what}"):
        entry = fields.shape.fields(node, "an `accept` entry", ["finding"], ["because", "by", "until", "at", "at_most"])
        if entry is not None:
            until = entry.read("until", fields.shape.date)
            because, by, at = entry.text("because"), entry.text("by"), entry.text("at")
            at_most = entry.read("at_most", fields.shape.whole)
            if at_most is not None and at_most < 0:
                message = f"`at_most` of an `accept` entry is {at_most}; a finding is about no fewer than 0"
                fields.shape.faults.add("wrong-value", entry.place_of("at_most"), message)
            found.append(Accept(entry.need("finding"), because, by, until, at, at_most, node.place))
    return tuple(found)
