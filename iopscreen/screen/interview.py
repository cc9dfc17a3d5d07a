"""The interview: answers so far -> the next question, or the end. Pure: no screen, no clock.

State is the answers, replayed: what counts follows each time from all that was answered. An
answer whose question is no longer asked is kept, in case its question comes back, but counts
nowhere; going back or correcting is asking one question again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, ForNotes, ImpossibleAnswers, decide, questions_for_notes
from iopscreen.engine.unasked import may_come, to_ask
from iopscreen.ruleset.model import Answer, Answers, Cite, Question, RuleSet


class Step(NamedTuple):
    """What is decided on some answers, the questions to ask, and all that may have to be asked yet."""

    decision: Decision
    left: tuple[str, ...]
    may_come: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interview:
    """One call.

    `prepared` answers were known before it and always count; `given` ones were asked for, and
    count while their question can matter. `again` is a question that is being asked again: its
    answer does not count meanwhile. `earlier` answers are of another day: shown, never counted.
    """

    compiled: Compiled
    prepared: Answers = field(default_factory=dict)
    given: Answers = field(default_factory=dict)
    again: str | None = None
    earlier: Answers = field(default_factory=dict)
    steps: dict[tuple[tuple[str, Answer], ...], Step] = field(default_factory=dict, compare=False, repr=False)
    """Steps that were worked out already: a replay goes over the same answers again and again."""


class Stand(NamedTuple):
    """Where an interview stands: the answers that count, what they decide, what is left to ask.

    `may_come`: the questions left, and those that other answers may make necessary. `kept`:
    questions that were answered and are no longer asked.
    """

    answers: Answers
    decision: Decision
    left: tuple[str, ...]
    may_come: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """The next question: number `number` of at most `at_most`. `before`: how it was answered earlier."""

    question: Question
    number: int
    at_most: int
    before: Answer | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to ask."""

    decision: Decision


def stand(interview: Interview) -> Stand:
    """Replay the answers in the order of asking; one counts if its question can matter by then.

    An answer that was kept and that the others now exclude is passed over: its question is asked
    again. Raises ImpossibleAnswers where the prepared answers exclude one another, and TooTangled
    past the engine's budget.
    """
    answers = {name: answer for name, answer in interview.prepared.items() if name != interview.again}
    waiting = {name: answer for name, answer in interview.given.items() if name != interview.again}
    step = _step(interview, answers)
    while (name := next((question for question in step.left if question in waiting), None)) is not None:
        extended = {**answers, name: waiting.pop(name)}
        try:
            step = _step(interview, extended)
        except ImpossibleAnswers:
            continue
        answers = extended
    kept = tuple(name for name in interview.given if name not in answers and name != interview.again)
    return Stand(answers, step.decision, step.left, step.may_come, kept)


def _step(interview: Interview, answers: Answers) -> Step:
    """The decision on `answers`, and what is left: first what can matter, then questions for notes."""
    key = tuple(answers.items())
    found = interview.steps.get(key)
    if found is None:
        compiled = interview.compiled
        decision = decide(compiled, answers)
        # Whoever is in danger is not asked about times and the like: the call comes to its end, and to help.
        danger = in_danger(compiled.rule_set, decision)
        for_notes = ForNotes((), ()) if danger else questions_for_notes(compiled, answers)
        found = interview.steps[key] = Step(
            decision, to_ask(compiled, decision) + for_notes.ask, may_come(compiled, decision) + for_notes.may_come
        )
    return found


def in_danger(rule_set: RuleSet, decision: Decision) -> bool:
    """Whether a rule decides that rests on what the emergency rests on."""
    return decision.recommendation is not None and any(about_danger(rule_set, rule.cite) for rule in decision.rules)


def about_danger(rule_set: RuleSet, cites: Sequence[Cite]) -> bool:
    """Whether something rests on what the emergency of a rule set rests on."""
    emergency = {cite.id for cite in rule_set.emergency.cite} if rule_set.emergency else set()
    return any(cite.id in emergency for cite in cites)


def next_step(interview: Interview) -> Ask | End:
    """What comes next. Questions that can still matter come in the file's order, then those for notes."""
    where = stand(interview)
    name = interview.again or next(iter(where.left), None)
    if name is None:
        return End(decide(interview.compiled, where.answers, absent_is_unknown=True))
    asked = [question for question in where.answers if question not in interview.prepared]
    earlier_ones = _before(interview, asked, name) if name == interview.again else asked
    before = interview.given.get(name, interview.prepared.get(name)) if name == interview.again else None
    return Ask(
        interview.compiled.rule_set.question[name],
        len(earlier_ones) + 1,
        len(asked) + len({name, *where.may_come}),
        interview.earlier.get(name) if before is None else before,
    )


def answered(interview: Interview, question: str, answer: Answer) -> Interview:
    """The interview with one more answer, or another one. The later answers stay, if they still count.

    Raises ImpossibleAnswers where the answer and those that count exclude one another.
    """
    without = stand(replace(interview, again=question)).answers
    decide(interview.compiled, {**without, question: answer})
    if question in interview.prepared:
        return replace(interview, prepared={**interview.prepared, question: answer}, again=None)
    return replace(interview, given={**interview.given, question: answer}, again=None)


def asked_again(interview: Interview, question: str | None) -> Interview:
    """The interview in which `question` is asked again; with None, none is and all answers stay."""
    return replace(interview, again=question)


def one_back(interview: Interview) -> str | None:
    """The question before the present one, None at the first.

    Where all that was answered comes later in the file (it was known before the call), it is the
    last of these.
    """
    counted = _in_order(interview, stand(interview).answers)
    step = next_step(interview)
    if isinstance(step, Ask):
        before = _before(interview, [name for name in counted if name != step.question.id], step.question.id)
        counted = before if before or interview.again else counted
    return next(reversed(counted), None)


def _in_order(interview: Interview, names: Iterable[str]) -> list[str]:
    """`names` in the order of asking: the deciding questions in file order, then those for notes."""
    wanted = set(names)
    questions = sorted(interview.compiled.rule_set.questions, key=lambda question: question.for_notes)
    return [question.id for question in questions if question.id in wanted]


def _before(interview: Interview, names: Iterable[str], name: str) -> list[str]:
    order = _in_order(interview, [*names, name])
    return order[: order.index(name)]


class Effect(NamedTuple):
    """What a corrected answer changed, beside the answer itself. All tuples hold question ids."""

    dropped: tuple[str, ...]
    """Answered, and no longer counted."""
    restored: tuple[str, ...]
    """Answered earlier, and counted again."""
    opened: tuple[str, ...]
    """To be asked now."""
    closed: tuple[str, ...]
    """No longer to be asked."""
    possible: tuple[str, ...] | None
    """The outcomes possible now; None where they are what they were."""


def effect(before: Stand, after: Stand, question: str) -> Effect:
    """What changed between two stands, where `question` was answered again."""

    def beyond(these: Iterable[str], *those: Iterable[str]) -> tuple[str, ...]:
        known = {question}.union(*those)
        return tuple(name for name in these if name not in known)

    return Effect(
        dropped=beyond(before.answers, after.answers, after.left),
        restored=beyond(after.answers, before.answers),
        opened=beyond(after.left, before.left),
        closed=beyond(before.left, after.left, after.answers),
        possible=after.decision.possible if after.decision.possible != before.decision.possible else None,
    )
