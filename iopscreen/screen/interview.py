"""The interview: answers so far -> the next question, or the end. Pure: no screen, no clock.

State is the answers, replayed. Going back is dropping the last answer; what is asked next
follows from the rest, so that an answer that no longer counts cannot linger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, decide, questions_for_notes
from iopscreen.ruleset.model import Answer, Question

Given = tuple[tuple[str, Answer], ...]
"""Answers in the order in which they were given, by question id."""


@dataclass(frozen=True, slots=True)
class Interview:
    """One call. `prepared` answers were known before it (`--answers`); `given` ones were asked for."""

    compiled: Compiled
    prepared: Given = ()
    given: Given = ()

    @property
    def answers(self) -> dict[str, Answer]:
        """Everything known so far, by question id."""
        return dict((*self.prepared, *self.given))


@dataclass(frozen=True, slots=True)
class Ask:
    """The next question: number `number` of at most `at_most`."""

    question: Question
    number: int
    at_most: int


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to ask."""

    decision: Decision


def answered(interview: Interview, question: str, answer: Answer) -> Interview:
    """The interview with one more answer."""
    return replace(interview, given=(*interview.given, (question, answer)))


def taken_back(interview: Interview) -> Interview:
    """The interview before its last answer; once none is left that was given, before the last prepared one."""
    if interview.given:
        return replace(interview, given=interview.given[:-1])
    return replace(interview, prepared=interview.prepared[:-1])


def next_step(interview: Interview) -> Ask | End:
    """What comes next. Questions that can still matter come in the file's order, then those for notes.

    Raises ImpossibleAnswers where the answers exclude one another, and TooTangled past the budget.
    """
    answers = interview.answers
    decision = decide(interview.compiled, answers)
    left = [question for question in decision.ask_next if question not in answers]
    left += questions_for_notes(interview.compiled, answers)
    if not left:
        return End(decide(interview.compiled, answers, absent_is_unknown=True))
    done = len(interview.given)
    return Ask(interview.compiled.rule_set.question[left[0]], done + 1, done + len(left))
