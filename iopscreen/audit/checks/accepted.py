"""Accepted findings: does each `accept` entry say why, and does it still hold?"""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.acceptance import (
    NEVER_ACCEPTED,
    OF_THE_FILE,
    accept_entries,
    acceptance,
    grown,
    is_expired,
    names_for_at,
)
from iopscreen.audit.references import all_accepts
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.ruleset.findings import Finding
from iopscreen.ruleset.model import Accept
from iopscreen.ruleset.shape import did_you_mean, shown


def accept_without_reason(subject: Subject) -> Iterator[Told]:
    """An `accept` entry does not say why: no `because`. It accepts nothing until it does.

    Example: `accept: [{finding: no-effect-rule}]`.

    What to do: write the reason, and best also who accepted it (`by`) and until when (`until`).
    """
    for accept in all_accepts(subject.rule_set):
        if accept.because is None:
            yield Told(accept.place, f"`{accept.finding}` is accepted without a reason; say why in `because`")


def accept_expired(subject: Subject) -> Iterator[Told]:
    """The day until which a finding was accepted has passed. The finding counts again.

    Example: `{finding: no-cases, because: They are being written., until: 2026-03-01}`, and it is April.

    What to do: mend what was accepted; or look at it again, and set a new day.
    """
    for accept in all_accepts(subject.rule_set):
        if is_expired(accept, subject.today):
            yield Told(accept.place, f"`{accept.finding}` was accepted until {accept.until}")


def accept_unused(subject: Subject) -> Iterator[Told | Undecided]:
    """An `accept` entry accepts nothing: there is no such finding, not where the entry stands, or it has grown.

    Example: `{finding: no-effect-rule, because: ...}` on a rule that has an effect again; `at_most: 2` on
    a `gap` that is about 5 profiles by now. A fault of the file, such as `duplicate-id`, cannot be accepted.

    What to do: delete the entry; or, where what it accepts has grown, look at that again. An entry on a
    rule, question or outcome is about that one thing; at the top of the file `at` names what it is about,
    and without `at` it is about the file as a whole.
    """
    entries = accept_entries(subject)
    for accept in all_accepts(subject.rule_set):
        counts = accept.because is not None and not is_expired(accept, subject.today)
        if not counts or not _was_looked_for(subject, accept.finding):
            continue
        if any(acceptance(subject, entries, finding) is accept for finding in subject.told):
            continue
        if accept.finding in subject.undecided:
            words = f"whether there is the `{accept.finding}` that line {accept.place.line} accepts"
            yield Undecided(words, ("accept-unused",), accept.place)
        else:
            larger = grown(subject, entries, accept)
            why = _grown_words(accept, larger) if larger else _not_found(subject, accept)
            yield Told(accept.place, f"`{accept.finding}` is accepted here{why}")


def _was_looked_for(subject: Subject, finding: str) -> bool:
    """Whether this run could have told a finding: some need a source's text, a day, mutants or another file."""
    if finding in ("stale-citation", "source-changed", "unverified-citations"):
        return all(source.id in subject.texts for source in subject.documents) == (finding != "unverified-citations")
    if finding == "review-overdue":
        return subject.today is not None
    if finding == "surviving-mutant":
        return subject.with_mutants
    return not finding.startswith(_OF_A_CHANGE)


_OF_A_CHANGE = ("protection-", "version-", "rule-id-reused", "recommendation-changed", "question-reworded")
"""How the names of findings about a change begin, which only a comparison of two files can have."""


def _grown_words(accept: Accept, finding: Finding) -> str:
    if finding.size is None:
        return f" with `at_most: {accept.at_most}`, and such a finding has no number, or it was not counted"
    unit = "profile" if finding.name in ("gap", "overlapping-rules") else finding.name.removeprefix("uncovered-")
    about = f"{finding.size:,} {unit}{'' if finding.size == 1 else 's'}"
    return f" with `at_most: {accept.at_most}`, and is about {about} now; look at it again"


def _not_found(subject: Subject, accept: Accept) -> str:
    from iopscreen.audit.checks import CHECKS, name_of  # the list names this module
    from iopscreen.ruleset.faults import FAULTS  # the texts are long, and few files have such an entry

    known = [name_of(check) for check, _ in CHECKS]
    if accept.finding in FAULTS:
        return ", and it is a fault of the file, which cannot be accepted; delete the entry"
    if accept.finding in NEVER_ACCEPTED:
        return ", and such a finding cannot be accepted; delete the entry"
    if accept.finding not in known:
        return f", and no finding has this name{did_you_mean(accept.finding, known)}"
    if accept.finding in OF_THE_FILE and (accept.at or accept not in subject.rule_set.accept):
        return ", and such a finding is about the file as a whole: write the entry at the top of the file, without `at`"
    names = names_for_at(subject) if accept.at else []
    if accept.at and accept.at not in names:
        hint = did_you_mean(accept.at, names) or "; delete the entry"
        return f", and nothing is called {shown(accept.at)}{hint}"
    return f", and there is no such finding about {f'`{accept.at}`' if accept.at else 'this'}; delete the entry"
