"""A rule set with one change beside the original: which callers, if any, are recommended something else.

Exact, and small. Where a rule's condition changes, only the profiles that meet the old condition
or the new one, but not both, can change; there, unless an earlier rule takes them, the changed
rule and the first later one that matches decide, one before the change and one after. So a change
is compared inside that region alone, over the blocks that both conditions tell apart: by a diagram,
or, where that grows too large, by a search for somebody who is decided otherwise.

A change that no possible caller sees is an *equivalent mutant* (DeMillo, Lipton, Sayward 1978);
in general nobody can decide that, here both do.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from typing import NamedTuple

from iopscreen.engine.blocks import Blocks, TooManyBlocks, cut, tests_by_subject, unplaced
from iopscreen.engine.boxes import both, meets
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.clauses import ClauseMaker, TooManyClauses
from iopscreen.engine.compiled import NONE_MATCHES, Compiled, conditions_of, is_impossible
from iopscreen.engine.counts import clauses_by_rule
from iopscreen.engine.decide import ANY, witness
from iopscreen.engine.diagram import Label
from iopscreen.engine.table import Clause, Table
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import NO_RULE, AllOf, Answer, AnyOf, Condition, Not, Test, Unanswered, tests_of

MAX_EDGES = 20_000
"""How many edges a diagram may have, of all rules or of one change: past it, a search is quicker."""

NOBODY = AnyOf(())
_SAME = object()
_OUTSIDE = object()

Known = Mapping[int, int]
"""The blocks of known answers, by level."""


class Edit(NamedTuple):
    """One change of the rule at `position`: another condition or outcome, or its place with the next rule's.

    `test`: the test that stands in the new condition in place of another one.
    """

    position: int
    condition: Condition | None = None
    recommend: str | None = None
    after_next: bool = False
    test: Test | None = None


class Turn(NamedTuple):
    """The profiles in `where` get `after` instead of `before`, unless an earlier rule decides.

    None stands for the outcome of the first rule behind the changed one that matches.
    `clauses` are those of `where`.
    """

    where: Condition
    clauses: tuple[Clause, ...]
    before: str | None
    after: str | None


class Original(NamedTuple):
    """The rule set with the clauses of each rule's condition, by position, and what a search says of it.

    `small`: whether one diagram holds all its rules, so that those of its changes are small, too.
    """

    compiled: Compiled
    clauses: tuple[tuple[Clause, ...], ...]
    verdicts: Verdicts
    small: bool


class Mutant(NamedTuple):
    """The original and what an edit makes of it, both over blocks that tell their conditions apart.

    `subject`: the question whose blocks are finer than those of the rule set alone.
    """

    edit: Edit
    original: Original
    compiled: Compiled
    turns: tuple[Turn, ...]
    subject: str | None


class Caller(NamedTuple):
    """A complete possible profile, its blocks, and the positions of the rules that match it, in order."""

    answers: Mapping[str, Answer]
    known: Known
    matching: tuple[int, ...]


# --- making mutants -------------------------------------------------------------------------


class MutantMaker:
    """Makes the mutants of one rule set, and compares them in the time of a budget.

    Notes are left out: they recommend nothing.
    """

    def __init__(self, compiled: Compiled, budget: Budget = UNLIMITED) -> None:
        self.budget = budget
        self._small = self._fits(compiled)
        self.original = self._original(compiled._replace(rule_set=compiled.rule_set._replace(notes=()), notes=()))
        self._tests = [test for condition in conditions_of(compiled.rule_set) for test in tests_of(condition)]
        self._finer: dict[Test, Original] = {}

    def _fits(self, compiled: Compiled) -> bool:
        try:
            compiled.rules.build(compiled.diagram(self.budget), {}, max_edges=MAX_EDGES)
        except TooTangled:
            return False
        return True

    def _original(self, compiled: Compiled) -> Original:
        return Original(compiled, clauses_by_rule(compiled), Verdicts(compiled, self.budget), self._small)

    def mutant(self, edit: Edit) -> Mutant:
        """What `edit` makes of the rule set. Raises TooTangled."""
        self.budget.look()
        try:
            original = self._telling_apart(edit.test)
            turns = tuple(_turns(original.compiled, edit))
            compiled = _edited(original, edit)
        except (TooManyClauses, TooManyBlocks):
            raise TooTangled from None
        subject = edit.test.subject if edit.test and original is not self.original else None
        return Mutant(edit, original, compiled, turns, subject)

    def _telling_apart(self, test: Test | None) -> Original:
        """The original over blocks that `test` does not cut. Raises TooManyBlocks."""
        compiled = self.original.compiled
        if test is None or test.subject not in compiled.blocks:
            return self.original
        key = unplaced(test)
        if key not in self._finer:
            question = compiled.rule_set.question[test.subject]
            tests = tests_by_subject([*self._tests, key])[question.id]
            finer = _over(compiled, cut(question, tests, compiled.readings))
            self._finer[key] = self._original(finer)
        return self._finer[key]

    def callers(self, answers: Mapping[str, Answer], outcomes: Iterable[str]) -> tuple[Caller, ...]:
        """For each of the `outcomes` that are possible on `answers`, one who is recommended it. Raises TooTangled."""
        compiled = self.original.compiled
        diagram = compiled.diagram(self.budget)
        rules = compiled.rules.build(diagram, compiled.known(answers), max_edges=MAX_EDGES)
        root = diagram.relabel(rules, compiled.outcome_of)
        known = {name: answer for name, answer in answers.items() if not isinstance(answer, Unanswered)}
        profiles = (witness(compiled, diagram, root, partial(operator.eq, outcome)) for outcome in outcomes)
        return tuple(self.caller({**profile, **known}) for profile in profiles if profile is not None)

    def answers(self, profile: Mapping[str, Answer]) -> dict[str, Answer]:
        """Those of one of the callers whom `profile` stands for: for `any`, the first answer of the question."""
        blocks = self.original.compiled.blocks
        return {name: blocks[name].example(0) if value == ANY else value for name, value in profile.items()}

    def caller(self, profile: Mapping[str, Answer]) -> Caller:
        """One of the callers whom `profile` stands for, and who matches them."""
        answers = self.answers(profile)
        known = self.original.compiled.known(answers)
        by_rule = enumerate(self.original.clauses)
        matching = (place for place, clauses in by_rule if any(passes(clause, known) for clause in clauses))
        return Caller(answers, known, tuple(matching))


def _over(compiled: Compiled, blocks: Blocks) -> Compiled:
    """`compiled` with finer `blocks` of one question; every clause is carried over, block by block."""
    name = blocks.question.id
    old, level = compiled.blocks[name], compiled.level[name]
    parents = [old.block_of(blocks.example(block)) for block in range(blocks.count)]
    masks: dict[int, int] = {}

    def carried(rows: Iterable[tuple[Clause, Label]]) -> Iterator[tuple[Clause, Label]]:
        for clause, label in rows:
            mask = clause.get(level)
            if mask is None:
                yield clause, label
                continue
            if mask not in masks:
                masks[mask] = sum(1 << block for block, parent in enumerate(parents) if mask >> parent & 1)
            yield {**clause, level: masks[mask]}, label

    table = compiled.rules
    widths = (*table.widths[:level], blocks.count, *table.widths[level + 1 :])
    all_blocks = {**compiled.blocks, name: blocks}
    return compiled._replace(
        blocks=all_blocks,
        maker=ClauseMaker(all_blocks, compiled.level, compiled.readings),
        impossible=tuple(carried(compiled.impossible)),
        rules=Table(widths, tuple(carried(table.rows)), table.otherwise),
    )


def _edited(original: Original, edit: Edit) -> Compiled:
    """The mutant. A rule keeps its position as its label, even where it is left out or comes later."""
    compiled, position = original.compiled, edit.position
    rules = compiled.rule_set.rules
    if edit.recommend is not None:
        rule = rules[position]._replace(recommend=edit.recommend)
        changed = (*rules[:position], rule, *rules[position + 1 :])
        return compiled._replace(rule_set=compiled.rule_set._replace(rules=changed))
    clauses: list[Sequence[Clause]] = list(original.clauses)
    order = list(range(len(rules)))
    if edit.after_next:
        order[position : position + 2] = [position + 1, position]
    else:
        assert edit.condition is not None  # it is one of the three
        clauses[position] = compiled.maker.clauses(edit.condition)
    rows = tuple((clause, place) for place in order for clause in clauses[place])
    return compiled._replace(rules=Table(compiled.rules.widths, (*compiled.impossible, *rows), NONE_MATCHES))


def _turns(original: Compiled, edit: Edit) -> Iterator[Turn]:
    """Where the mutant may decide otherwise."""
    rules, position = original.rule_set.rules, edit.position
    rule = rules[position]
    if edit.recommend is not None:
        yield from _turn(original, rule.condition, rule.recommend, edit.recommend)
    elif edit.after_next:
        after = rules[position + 1]
        yield from _turn(original, AllOf((rule.condition, after.condition)), rule.recommend, after.recommend)
    else:
        assert edit.condition is not None  # it is one of the three
        yield from _turn(original, AllOf((rule.condition, Not(edit.condition))), rule.recommend, None)
        yield from _turn(original, AllOf((edit.condition, Not(rule.condition))), None, rule.recommend)


def _turn(original: Compiled, where: Condition, before: str | None, after: str | None) -> Iterator[Turn]:
    clauses = tuple(original.maker.clauses(where))
    if clauses and before != after:
        yield Turn(where, clauses, before, after)


# --- comparing ------------------------------------------------------------------------------


Exchange = tuple[str, str]
"""What is recommended before and after an edit, where these differ."""


def differing(mutant: Mutant) -> Mapping[Exchange, Mapping[str, Answer]]:
    """A profile for each exchange that the edit makes; by search for the first one alone. Raises OutOfTime.

    Nothing for an equivalent mutant: it recommends the same to every possible caller.
    """
    try:
        if mutant.original.small:
            return _all_exchanges(mutant)
    except OutOfTime:
        raise
    except TooTangled:
        pass  # a finer cut may go past what the rules alone do not
    found = exchange_by_search(mutant)
    return {found.exchange: found.profile} if found else {}


def _all_exchanges(mutant: Mutant) -> dict[Exchange, dict[str, Answer]]:
    """By diagram. Raises TooTangled."""
    found: dict[Exchange, dict[str, Answer]] = {}
    compiled = mutant.original.compiled
    for turn in mutant.turns:
        diagram = compiled.diagram(mutant.original.verdicts.budget)
        root = _others(mutant.original, mutant.edit.position, turn).build(diagram, {}, max_edges=MAX_EDGES)
        labels = diagram.labels(root)
        for other in (*compiled.rule_set.outcome, NO_RULE):
            if other in labels and _pair(turn, other) not in found:
                profile = witness(compiled, diagram, root, partial(operator.eq, other))
                assert profile is not None  # the label is among those of the diagram
                found[_pair(turn, other)] = profile
    return found


class Found(NamedTuple):
    """An exchange, and somebody for whom it is made."""

    exchange: Exchange
    profile: Mapping[str, Answer]


def exchange_by_search(mutant: Mutant, here: Known | None = None) -> Found | None:
    """One exchange that the edit makes, among those with the blocks `here` by level. Raises OutOfTime."""
    within: Clause = {level: 1 << block for level, block in (here or {}).items()}
    for turn in mutant.turns:
        met = turn._replace(clauses=tuple(both(turn.clauses, [within])))
        found = _exchange_in(mutant.original, mutant.edit.position, met) if met.clauses else None
        if found:
            return found
    return None


def _exchange_in(original: Original, position: int, turn: Turn) -> Found | None:
    """Somebody inside a turn who is recommended something else, found by search. Raises OutOfTime.

    The decider behind the changed rule, where that is the first one of another outcome, is sought in two
    steps: most turns hold somebody whom no later rule with the outcome of this one matches at all.
    """
    verdicts, rules = original.verdicts, original.compiled.rule_set.rules
    avoid, own = verdicts.before(position), turn.before or turn.after
    if turn.before and turn.after:
        box = verdicts.box_in(turn.clauses, avoid)
        return Found((turn.before, turn.after), verdicts.in_box(box)) if box else None
    behind = range(position + 1, len(rules))
    same = reduce(operator.or_, (verdicts.bits[place] for place in behind if rules[place].recommend == own), 0)
    box = verdicts.box_in(turn.clauses, avoid | same)
    if box:
        decider = verdicts.decider_in(box, behind)
        return Found(_pair(turn, str(original.compiled.outcome_of(decider))), verdicts.in_box(box))
    for place in verdicts.rules_meeting(turn.clauses, reduce(operator.or_, verdicts.bits[position + 1 :], 0)):
        box = None
        if rules[place].recommend != own:
            box = verdicts.box_in(both(turn.clauses, verdicts.clauses[place]), avoid)
        if box:
            return Found(_pair(turn, rules[place].recommend), verdicts.in_box(box))
        avoid |= verdicts.bits[place]
    return None


def exchanged(mutant: Mutant, answers: Mapping[str, Answer], known: Known) -> set[Exchange]:
    """What is recommended before and after the edit, where these differ, to completions of `answers`.

    Raises TooTangled.
    """
    compiled, position = mutant.original.compiled, mutant.edit.position
    diagram, here = compiled.diagram(mutant.original.verdicts.budget), placed(mutant, answers, known)
    found: set[Exchange] = set()
    for turn in mutant.turns:
        if any(passes(clause, here) for clause in turn.clauses):
            root = _others(mutant.original, position, turn).build(diagram, here, max_edges=MAX_EDGES)
            found |= {_pair(turn, str(label)) for label in diagram.labels(root) if label is not _SAME}
    return found


def _others(original: Original, position: int, turn: Turn) -> Table:
    """Inside a turn, and no earlier rule deciding: the outcome of the first later rule that matches.

    `_SAME` elsewhere, for those who are not possible, and where the turn changes nothing for that outcome.
    """
    compiled = original.compiled
    rows: list[tuple[Clause, Label]] = [(clause, _SAME) for clause, _ in compiled.impossible]
    for place, clauses in enumerate(original.clauses):
        if place < position:
            rows += [(clause, _SAME) for clause in clauses]
        elif place > position and None in (turn.before, turn.after):
            label = _label(turn, compiled.rule_set.rules[place].recommend)
            rows += [(clause, label) for clause in clauses]
    relevant = [row for row in rows if any(meets(row[0], clause) for clause in turn.clauses)]
    try:
        outside = [(clause, _SAME) for clause in compiled.maker.clauses(Not(turn.where))]
    except TooManyClauses:
        raise TooTangled from None
    return Table(compiled.rules.widths, (*outside, *relevant), _label(turn, NO_RULE))


def _label(turn: Turn, other: str) -> Label:
    before, after = _pair(turn, other)
    return _SAME if before == after else other


def _pair(turn: Turn, other: str) -> Exchange:
    """What a turn changes to what, where `other` is the outcome of the first later rule that matches."""
    return turn.before or other, turn.after or other


def differs_for(mutant: Mutant, caller: Caller) -> Exchange | None:
    """What is recommended to a caller before and after the edit; None where it is the same."""
    position = mutant.edit.position
    if caller.matching and caller.matching[0] < position:
        return None
    known = placed(mutant, caller.answers, caller.known)
    for turn in mutant.turns:
        if any(passes(clause, known) for clause in turn.clauses):
            behind = next((place for place in caller.matching if place > position), NONE_MATCHES)
            pair = _pair(turn, str(mutant.original.compiled.outcome_of(behind)))
            return pair if pair[0] != pair[1] else None
    return None


def touches(mutant: Mutant, answers: Mapping[str, Answer], known: Known) -> bool:
    """Whether a completion of `answers` is in the mutant's turns; for all others nothing changes."""
    here = placed(mutant, answers, known)
    return any(passes(clause, here) for turn in mutant.turns for clause in turn.clauses)


def placed(mutant: Mutant, answers: Mapping[str, Answer], known: Known) -> Known:
    """`known`, the blocks of `answers` in the rule set, over the finer blocks of the mutant."""
    answer = answers.get(mutant.subject) if mutant.subject else None
    if mutant.subject is None or answer is None or isinstance(answer, Unanswered):
        return known
    original = mutant.original.compiled
    return {**known, original.level[mutant.subject]: original.blocks[mutant.subject].block_of(answer)}


def passes(clause: Clause, known: Known) -> bool:
    """Whether known answers leave a clause open: none of them fails it."""
    return all(level not in known or passing >> known[level] & 1 for level, passing in clause.items())


def certain(compiled: Compiled, answers: Mapping[str, Answer], budget: Budget = UNLIMITED) -> str | None:
    """The outcome of every completion of `answers`; None where they differ, one is impossible, or nobody knows."""
    diagram = compiled.diagram(budget)
    try:
        labels = diagram.labels(compiled.rules.build(diagram, compiled.known(answers), max_edges=MAX_EDGES))
    except TooTangled:
        return None
    outcomes = {compiled.outcome_of(label) for label in labels}
    return str(next(iter(outcomes))) if len(outcomes) == 1 and not any(map(is_impossible, labels)) else None
