"""Every distinguishable profile, grouped by outcome, as disjoint regions in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from iopscreen.audit.words import ANY, blocks_in_words
from iopscreen.engine.budget import UNLIMITED
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.counts import Region, Whole
from iopscreen.engine.largest import Largest
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import NO_RULE, Answer


class RegionRow(NamedTuple):
    """One region: the answers by question, in file order (`any` left out), and who decides (None: no rule)."""

    when: Mapping[str, str]
    rule: str | None
    profiles: int


class OutcomeRegions(NamedTuple):
    """The largest regions of one outcome (or `no_rule`), rule by rule; `more` profiles are in none of them."""

    outcome: str
    profiles: int
    rows: tuple[RegionRow, ...]
    more: int


def region_table(everything: Whole, limit: int) -> tuple[OutcomeRegions, ...]:
    """The `limit` largest regions of every outcome that somebody is recommended, in file order, `no_rule` last."""
    counts, largest = outcome_counts(everything), Largest(everything)
    return tuple(_of_outcome(everything, largest, outcome, limit) for outcome, number in counts.items() if number)


class Hole(NamedTuple):
    """A region in which no rule matches: the answers in words, and those of one such caller."""

    when: Mapping[str, str]
    profiles: int
    answers: Mapping[str, Answer]


def holes(everything: Whole, limit: int) -> tuple[list[Hole], int]:
    """The largest regions in which no rule matches, the largest first, and how many profiles are in none of them."""
    found = Largest(everything).regions([NONE_MATCHES], limit)
    beyond = everything.counts.get(NONE_MATCHES, 0) - sum(region.profiles for region in found)
    verdicts = Verdicts(everything.compiled, UNLIMITED)
    return [_hole(everything, verdicts, region) for region in found], beyond


def _hole(everything: Whole, verdicts: Verdicts, region: Region) -> Hole:
    level = everything.compiled.level
    clause = {level[name]: sum(1 << block for block in blocks) for name, blocks in region.blocks.items()}
    caller = verdicts.witness([clause], verdicts.excluded)
    assert caller is not None  # regions hold possible profiles
    return Hole(region_in_words(everything, region), region.profiles, caller)


def caller_of(everything: Whole, region: Region) -> dict[str, Answer]:
    """The answers of one caller of a region; `any` where every answer would do."""
    compiled = everything.compiled
    return {
        question: compiled.blocks[question].example(region.blocks[question][0]) if question in region.blocks else ANY
        for question in compiled.rule_set.question
    }


def outcome_counts(everything: Whole) -> dict[str, int]:
    """How many profiles are recommended each outcome, in file order; `no_rule` last, where there is a gap."""
    counts = dict.fromkeys([*everything.compiled.rule_set.outcome, NO_RULE], 0)
    for label, number in everything.counts.items():
        counts[str(everything.compiled.outcome_of(label))] += number
    if not counts[NO_RULE]:
        del counts[NO_RULE]
    return counts


def _of_outcome(everything: Whole, largest: Largest, outcome: str, limit: int) -> OutcomeRegions:
    labels = [label for label in everything.counts if everything.compiled.outcome_of(label) == outcome]
    found = sorted(largest.regions(labels, limit), key=_order)
    profiles = sum(everything.counts[label] for label in labels)
    rows = tuple(_row(everything, region) for region in found)
    return OutcomeRegions(outcome, profiles, rows, profiles - sum(row.profiles for row in rows))


def _order(region: Region) -> tuple[int, int]:
    assert isinstance(region.label, int)
    return region.label, -region.profiles


def _row(everything: Whole, region: Region) -> RegionRow:
    assert isinstance(region.label, int)
    rule = None if region.label == NONE_MATCHES else everything.compiled.rule_set.rules[region.label].id
    return RegionRow(region_in_words(everything, region), rule, region.profiles)


def region_in_words(everything: Whole, region: Region) -> dict[str, str]:
    """The answers of a region, by question in file order; those that may be any are left out."""
    words = {
        question: blocks_in_words(everything.compiled, question, region.blocks[question])
        for question in everything.compiled.rule_set.question
        if question in region.blocks
    }
    return {question: text for question, text in words.items() if text != ANY}
