"""What the rules rest on: the ledger by basis, and each rule beside the words of its source."""

from __future__ import annotations

from typing import NamedTuple

from iopscreen.audit.citations import Fate
from iopscreen.audit.subject import Subject
from iopscreen.ruleset.model import Basis, Rule

STATES = {Fate.SAME: "verified", Fate.UNDIGESTED: "no digest"}
NOT_VERIFIED = "not verified"
EXTERNAL = "external"


class Ground(NamedTuple):
    """A citation of a rule: whether it still holds, and the words there (or what they are said to be)."""

    cite: str
    state: str
    text: str


class Resting(NamedTuple):
    """A rule, and what it rests on."""

    rule: Rule
    grounds: tuple[Ground, ...]


def by_basis(subject: Subject) -> dict[Basis, tuple[str, ...]]:
    """Which rules stand on which ground; grounds that no rule has are left out."""
    ledger = {basis: tuple(rule.id for rule in subject.rule_set.rules if rule.basis is basis) for basis in Basis}
    return {basis: rules for basis, rules in ledger.items() if rules}


def resting(subject: Subject) -> tuple[Resting, ...]:
    """Every rule with its citations that name something; empty while no source's text is at hand."""
    if not subject.found_passages:
        return ()
    known = subject.rule_set.passage
    return tuple(
        Resting(rule, tuple(_ground(subject, cite.id) for cite in rule.cite if cite.id in known))
        for rule in subject.rule_set.rules
    )


def _ground(subject: Subject, cite: str) -> Ground:
    source, passage = subject.rule_set.passage[cite]
    if passage is None:
        return Ground(cite, EXTERNAL, source.title)
    found = subject.found_passages.get(cite)
    if found is None:
        return Ground(cite, NOT_VERIFIED, passage.says)
    text = passage.says if found.fate is Fate.MOVED else found.text_now
    return Ground(cite, STATES.get(found.fate, found.fate.value), text or passage.says)
