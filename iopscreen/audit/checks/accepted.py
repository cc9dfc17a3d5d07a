"""Accepted findings: does each `accept` entry say why, and does it still hold?"""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.references import all_accepts
from iopscreen.audit.subject import Subject, Told
from iopscreen.ruleset.model import Accept


def accept_without_reason(subject: Subject) -> Iterator[Told]:
    """An `accept` entry does not say why: no `because`. It accepts nothing until it does."""
    for accept in all_accepts(subject.rule_set):
        if accept.because is None:
            yield Told(accept.place, f"`{accept.finding}` is accepted without a reason; say why in `because`")


def accept_expired(subject: Subject) -> Iterator[Told]:
    """The day until which a finding was accepted has passed. The finding counts again."""
    for accept in all_accepts(subject.rule_set):
        if is_expired(accept, subject.today):
            yield Told(accept.place, f"`{accept.finding}` was accepted until {accept.until}")


def is_expired(accept: Accept, today: str | None) -> bool:
    """Whether the last day of an acceptance has passed; without a day to judge by, it has not."""
    return today is not None and accept.until is not None and accept.until < today
