"""Which of the known answers settle a question that was not asked; and parts of answers in general.

After every answer of a call, all questions that are left out are looked at, of which a long rule
set has hundreds: what follows from a part of the answers is worked out once for all of them, and
a part is halved rather than taken apart answer by answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.decide import in_file_order, outcome_diagram, rule_on
from iopscreen.engine.unasked import unasked
from iopscreen.ruleset.model import Answer, Answers, Unanswered

Part = int
"""Some of the known answers, as bits: the first in file order is the lowest."""

Enough = Callable[[Part], bool]


def settling(compiled: Compiled, answers: Answers, questions: Collection[str]) -> dict[str, dict[str, Answer]]:
    """For each of `questions`, a part of the known answers with which alone it cannot matter, and none of it in vain.

    Those that were asked are left out, and those that can matter with all answers, alone or
    together with others that were not asked. An answer stays, perhaps in vain, where it is too
    tangled to decide without it. Raises what `decide` raises.
    """
    known, never_asked = known_answers(compiled, answers), frozenset(unasked(compiled, answers))
    parts = _Parts(compiled, known, never_asked)
    everything = _first(len(known))
    return {
        question: answers_of(known, parts.least(question))
        for question in questions
        if question in never_asked and parts.settle(question, everything)
    }


def known_answers(compiled: Compiled, answers: Answers) -> dict[str, Answer]:
    """The answers that are known, in file order."""
    in_order = in_file_order(compiled, answers)
    return {question: answer for question, answer in in_order.items() if not isinstance(answer, Unanswered)}


def answers_of(known: Answers, part: Part) -> dict[str, Answer]:
    """The answers of a part of `known` ones."""
    return {question: answer for place, (question, answer) in enumerate(known.items()) if part >> place & 1}


# --- the least part -------------------------------------------------------------------------


def least_part(count: int, enough: Enough, steadily: Enough | None = None) -> Part:
    """A part of `count` answers that is enough, and is not without any one of its own; early ones are kept.

    All together are enough. What is `steadily` enough, too, stays so with others added (by default, whatever is
    enough). A part for which either raises TooTangled is not taken.
    """
    left, kept = count, 0  # the first ones, of which some may go, and those behind them that stay
    while left:
        left = _shortest(left, kept, steadily or enough)
        if left:
            left -= 1
            kept |= 0 if _proved(_first(left) | kept, enough) else 1 << left
    return _gone_over(kept, enough) if steadily else kept


def _shortest(count: int, kept: Part, enough: Enough) -> int:
    """How many of the first `count` are enough with those that are `kept`; all of them where not even they are."""
    if _proved(kept, enough):
        return 0
    if not _proved(_first(count) | kept, enough):
        return count
    too_few, many = 0, count
    while many - too_few > 1:
        middle = (too_few + many) // 2
        if _proved(_first(middle) | kept, enough):
            many = middle
        else:
            too_few = middle
    return many


def _gone_over(part: Part, enough: Enough) -> Part:
    """The part without what is not needed any more since others are gone.

    With impossible combinations, a question that was needed together with another one no longer is
    once a third can matter alone: an answer may go after a later pass.
    """
    before = -1
    while part != before:
        before = part
        for place in reversed(range(part.bit_length())):
            without = part & ~(1 << place)
            if without != part and _proved(without, enough):
                part = without
    return part


def _first(count: int) -> Part:
    return (1 << count) - 1


def _proved(part: Part, enough: Enough) -> bool:
    try:
        return enough(part)
    except TooTangled:
        return False


# --- what follows from a part ---------------------------------------------------------------


class _Follows(NamedTuple):
    """What follows from a part of the answers.

    `tested`: the levels on which the outcome depends. `together`: whether, as far as can be told,
    questions that were not asked can matter, alone or with one another; `ask_next`, where they
    cannot, as in a decision.
    """

    tested: frozenset[int]
    together: bool
    ask_next: tuple[str, ...] = ()


class _Parts:
    """The parts of the known answers, each looked at once: for every question that was not asked it is the same."""

    def __init__(self, compiled: Compiled, known: Answers, never_asked: Collection[str]) -> None:
        self.compiled = compiled
        self.known = known
        self.never_asked = frozenset(compiled.level[question] for question in never_asked)
        self._follows: dict[Part, _Follows] = {}
        self._tangled: list[Part] = []

    def least(self, question: str) -> Part:
        """The least part that settles a question, which all together do."""
        return least_part(len(self.known), partial(self.settle, question), partial(self._leave_untested, question))

    def settle(self, question: str, part: Part) -> bool:
        """What `cannot_matter` says of a question that was not asked. Raises what `decide` raises."""
        if self._leave_untested(question, part):
            return True
        follows = self._looked_at(part)
        return not follows.together and question not in follows.ask_next

    def _leave_untested(self, question: str, part: Part) -> bool:
        return self.compiled.level[question] not in self._looked_at(part).tested

    def _looked_at(self, part: Part) -> _Follows:
        follows = self._follows.get(part)
        if follows is None:
            if any(part & tangled == part for tangled in self._tangled):
                raise TooTangled  # on fewer answers, no less is open
            try:
                follows = self._follows[part] = self._follow(answers_of(self.known, part))
            except TooTangled:
                self._tangled.append(part)
                raise
        return follows

    def _follow(self, answers: Answers) -> _Follows:
        diagram, root = outcome_diagram(self.compiled, answers)
        tested = frozenset(diagram.support(root))
        if not any(is_impossible(label) for label in diagram.labels(root)) or not tested & self.never_asked:
            return _Follows(tested, together=True)  # what the diagram tests can matter alone
        try:
            together = diagram.differs_by(root, self.never_asked, is_impossible)
        except TooTangled:
            together = True
        ask_next = () if together else rule_on(self.compiled, self.compiled.known(answers)).ask_next
        return _Follows(tested, together, ask_next)
