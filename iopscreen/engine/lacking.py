"""Does anybody become undecided whose data lack the questions that are new? Needs no diagram.

By witness search (`search.py`) over a table in which every new question stands twice: a caller is undecided
when two ways to answer the new questions, with all other answers the same, lead to different outcomes. The
earlier of the two deciding rules is met by one way only, so that a clause of it tests a new question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from iopscreen.engine.boxes import both
from iopscreen.engine.budget import Budget
from iopscreen.engine.joint import EXCLUDED, Decider, Half, Joint, deciders
from iopscreen.engine.search import Box, Clauses, Search, bits_of
from iopscreen.engine.table import Clause, Table
from iopscreen.ruleset.model import NO_RULE, Answers


class Lacking(NamedTuple):
    """A caller who is undecided while the new questions have no answer: all other answers, and the old outcome.

    `possible`: the outcomes that the caller may still have, in file order, `no_rule` last.
    """

    answers: Answers
    old: str
    possible: tuple[str, ...]


def lacking(joint: Joint, questions: Collection[str], budget: Budget) -> Lacking | None:
    """Such a caller; None where there is proved to be none. Raises OutOfTime."""
    new = {joint.compiled.level[question] for question in questions}
    twice = _Twice(joint, new)
    search = Search(twice.table, budget)
    excluded = sum(1 << place for place, label in joint.old.rows if joint.old.outcome_of(label) == EXCLUDED)
    for clause, avoid in twice.ways():
        box = search.find(clause, avoid | excluded)
        if box is not None:
            return _shown(joint, questions, box, search)
    return None


class _Twice:
    """The rows of both rule sets, and again those of the new one with the `new` levels as levels of their own."""

    def __init__(self, joint: Joint, new: Collection[int]) -> None:
        rules = joint.compiled.rules
        self.joint = joint
        self.new = frozenset(new)
        self.other = {level: len(rules.widths) + place for place, level in enumerate(sorted(new))}
        self.again = {place: len(rules.rows) + number for number, (place, _) in enumerate(joint.new.rows)}
        widths = (*rules.widths, *(rules.widths[level] for level in self.other))
        copies = [(self._copied(rules.rows[place][0]), label) for place, label in joint.new.rows]
        self.table = Table(widths, (*rules.rows, *copies), rules.otherwise)

    def _copied(self, clause: Clause) -> Clause:
        return {self.other.get(level, level): blocks for level, blocks in clause.items()}

    def _copy(self, decider: Decider) -> Decider:
        before = sum(1 << self.again[place] for place in bits_of(decider.before))
        return Decider(decider.position, [self._copied(clause) for clause in decider.clauses], before)

    def ways(self) -> Iterator[tuple[Clause, Clauses]]:
        """What a caller meets, and does not, whom two answers to the new questions lead to different outcomes."""
        found = deciders(self.joint.new)
        copies = [self._copy(decider) for decider in found]
        for place, first in enumerate(found):
            testing = [clause for clause in first.clauses if self.new & clause.keys()]
            outcome = self.joint.new.outcome_of(first.position)
            for other in copies[place + 1 :] if testing else ():
                if self.joint.new.outcome_of(other.position) != outcome:
                    for clause in both(testing, other.clauses):
                        yield clause, first.before | other.before


def _shown(joint: Joint, questions: Collection[str], box: Box, search: Search) -> Lacking:
    """The first caller of a box, with what is possible for it."""
    compiled = joint.compiled
    known = {
        compiled.level[question.id]: next(bits_of(box[compiled.level[question.id]]))
        for question in compiled.rule_set.questions
        if question.id not in questions
    }
    here = {level: 1 << block for level, block in known.items()}
    possible = {
        joint.new.outcome_of(one.position)
        for one in deciders(joint.new)
        if any(search.find(clause, one.before) is not None for clause in both([here], one.clauses))
    }
    answers = {
        name: compiled.blocks[name].example(known[compiled.level[name]])
        for name in compiled.rule_set.question
        if name not in questions
    }
    outcomes = (*joint.new.rule_set.outcome, NO_RULE)
    return Lacking(answers, _outcome(joint.old, known), tuple(one for one in outcomes if one in possible))


def _outcome(half: Half, known: Mapping[int, int]) -> str:
    """What a side recommends to a caller all of whose answers it asks for are `known`."""
    rows: Sequence[tuple[Clause, object]] = half.table.rows
    met = (label for clause, label in rows if all(known[level] in bits_of(blocks) for level, blocks in clause.items()))
    return str(half.outcome_of(next(met, half.table.otherwise)))
