"""One call, from the first question to the end: asks, shows what is due, corrects, closes.

A call is a value, `Held`; every step makes a new one from what was pressed. Nothing is drawn
here: an `Asker` puts the pages and says the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from iopscreen.engine.decide import Decision, ImpossibleAnswers
from iopscreen.engine.explain import sufficient
from iopscreen.ruleset.model import Answer, Answers, RuleSet, Unanswered
from iopscreen.ruleset.values import AnswerReader, answer_readers
from iopscreen.screen import words
from iopscreen.screen.interview import (
    Ask,
    Interview,
    Stand,
    answered,
    asked_again,
    effect,
    next_step,
    one_back,
    stand,
)
from iopscreen.screen.page import ENTER, Asker, Line, Page, Pressed, Style
from iopscreen.screen.record import Call, Override, StaffNote, Status
from iopscreen.screen.result import leads_of_open
from iopscreen.screen.words import Command


@dataclass(frozen=True, slots=True)
class Held:
    """A call so far. `last_key` did something last: at the end, a key held too long must not confirm."""

    interview: Interview
    call: Call
    last_key: str = ""

    @property
    def rule_set(self) -> RuleSet:
        """The rule set that is asked after."""
        return self.interview.compiled.rule_set


@dataclass(frozen=True, slots=True)
class Desk:
    """What a call needs beside its state. `clock` tells the time (ISO 8601); `keep` is called after each change."""

    asker: Asker
    clock: Callable[[], str]
    keep: Callable[[Held], None]
    readers: Mapping[str, AnswerReader]


def hold(start: Held, asker: Asker, clock: Callable[[], str], keep: Callable[[Held], None]) -> Held:
    """Hold a call until it is finished or ended as an emergency.

    Raises ImpossibleAnswers when the answers known before exclude one another already.
    """
    desk = Desk(asker, clock, keep, answer_readers(start.rule_set))
    held = start
    desk.keep(held)
    _greet(desk, held)
    while held.call.status is Status.UNFINISHED:
        step = next_step(held.interview)
        held = _question(desk, held, step) if isinstance(step, Ask) else _closing(desk, held, step.decision)
        desk.keep(held)
    return held


def _greet(desk: Desk, held: Held) -> None:
    """What is asked after, and what was known before the first question."""
    rule_set, where = held.rule_set, stand(held.interview)
    desk.asker.say(Line(f"{rule_set.title} ({rule_set.id} {rule_set.version}); Ctrl-C leaves", Style.QUIET))
    if where.answers:
        desk.asker.say(Line("Known before (b or c corrects it):"))
    other = held.call.other
    desk.asker.say(*(words.answer_line(rule_set, name, answer, other=other) for name, answer in where.answers.items()))
    desk.asker.say(*words.note_lines(rule_set, (), where.decision.notes))


def counted(held: Held) -> Answers:
    """The answers that count, as the call stands. One that is just being looked at again is not lost."""
    return stand(asked_again(held.interview, None)).answers


def left_to_ask(held: Held) -> tuple[str, ...]:
    """The questions that are still to be asked, as the call stands."""
    return stand(asked_again(held.interview, None)).left


def closed_at_once(held: Held, now: str) -> Held:
    """The call in which nobody is asked: finished, unless there was something left to ask."""
    call = held.call
    if isinstance(next_step(held.interview), Ask):
        open_again = call.status is Status.FINISHED  # under other rules than those that it was finished with
        return replace(held, call=call._replace(status=Status.UNFINISHED, ended=None)) if open_again else held
    if call.status is Status.UNFINISHED:
        return replace(held, call=call._replace(status=Status.FINISHED, ended=now))
    return held


# --- a question -----------------------------------------------------------------------------


def _question(desk: Desk, held: Held, step: Ask) -> Held:
    """Put a question until it is answered or left; what was marked or typed outlasts a look elsewhere."""
    where = stand(held.interview)
    draft = _begun_with(held, step)
    while True:
        page = words.question_page(
            held.interview.compiled,
            where,
            step,
            desk.readers[step.question.id],
            other=held.call.other,
            may_be_other=not (held.call.other or where.answers),
            may_go_back=one_back(held.interview) is not None,
            draft=draft,
        )
        held, pressed = _ask(desk, held, page)
        draft = pressed.draft
        if isinstance(pressed.result, Command):
            held, done = _command(desk, held, pressed.result, step)
            if done:
                return held
        else:
            return _answer(desk, held, step, _read(desk, step, pressed))


def _begun_with(held: Held, step: Ask) -> object:
    """What is marked when a question is put: the options that are corrected, so that one more leaves the others.

    An answer of another day is only shown. So is a number: a digit behind it would make another one.
    """
    corrected = held.interview.again == step.question.id and isinstance(step.before, tuple)
    return step.before if corrected else ()


def _ask(desk: Desk, held: Held, page: Page) -> tuple[Held, Pressed]:
    """Put a page, and remember the key that did what is done next."""
    pressed = desk.asker.ask(page)
    return replace(held, last_key=pressed.key), pressed


def _read(desk: Desk, step: Ask, pressed: Pressed) -> Answer:
    """The answer that a page came to: of marks and typed text through the one door of values."""
    reader = desk.readers[step.question.id]
    if isinstance(pressed.result, tuple):
        return reader.items(pressed.result)
    if isinstance(pressed.result, (Unanswered, int)):
        return pressed.result
    return reader(pressed.result)


def _command(desk: Desk, held: Held, command: Command, step: Ask) -> tuple[Held, bool]:
    """What was done instead of answering, and whether the question is left by it."""
    match command:
        case Command.OTHER:
            desk.asker.say(Line("The caller speaks for somebody else: the questions are worded so.", indent=2))
            return replace(held, call=held.call._replace(other=True)), True
        case Command.KEEP if held.interview.again is None:
            assert step.before is not None
            return _answer(desk, held, step, step.before), True
        case Command.KEEP:
            return replace(held, interview=asked_again(held.interview, None)), True
    return _anywhere(desk, held, command)


def _anywhere(desk: Desk, held: Held, command: Command) -> tuple[Held, bool]:
    """What may be done on every page of a call, and whether the page is left by it."""
    match command:
        case Command.BACK:
            return replace(held, interview=asked_again(held.interview, one_back(held.interview))), True
        case Command.NOTE:
            return _note(desk, held)
        case Command.EMERGENCY:
            return _emergency(desk, held)
        case Command.CORRECT:
            return _correct(desk, held)
    raise AssertionError(command)


def _answer(desk: Desk, held: Held, step: Ask, answer: Answer) -> Held:
    """The call with this answer, unless it excludes the others: then it is asked again."""
    question = step.question.id
    before = stand(asked_again(held.interview, None))
    try:
        interview = answered(held.interview, question, answer)
    except ImpossibleAnswers as error:
        desk.asker.say(
            *words.impossible_lines(error),
            Line("Answer again, or correct (c) the answer that was wrong.", indent=2),
        )
        return held
    given_at = {**held.call.given_at, question: desk.clock()}
    held = Held(interview, held.call._replace(given_at=given_at), held.last_key)
    _tell_effect(desk, held, before, question)
    return _without_override(desk, held)


def _tell_effect(desk: Desk, held: Held, before: Stand, question: str) -> None:
    """Say the answer, what a correction changed, and the notes that became certain."""
    rule_set, after, other = held.rule_set, stand(held.interview), held.call.other
    changed = list(words.note_lines(rule_set, before.decision.notes, after.decision.notes))
    if question in before.answers:
        found = effect(before, after, question)
        changed = [*words.effect_lines(rule_set, before, after, found, other=other), *changed] or [words.NOTHING_ELSE]
    desk.asker.say(words.answer_line(rule_set, question, _given(held)[question], other=other), *changed)


def _given(held: Held) -> dict[str, Answer]:
    """Everything that was answered, counted or not."""
    return {**held.interview.prepared, **held.interview.given}


def _without_override(desk: Desk, held: Held) -> Held:
    """Another disposition was chosen in the light of answers that have changed now."""
    if held.call.override is None:
        return held
    desk.asker.say(Line("The other disposition is taken back, for the answers have changed.", indent=2))
    return replace(held, call=held.call._replace(override=None))


# --- beside the questions -------------------------------------------------------------------


def _note(desk: Desk, held: Held) -> tuple[Held, bool]:
    """A line for the record; `!` alone is the emergency here, too."""
    text = desk.asker.write("Note (Enter keeps it; nothing: no note; ! alone: emergency): ")
    held = replace(held, last_key=ENTER)
    if text == words.ALARM.key:
        return _emergency(desk, held)
    if not text:
        return held, False
    step = next_step(held.interview)
    question = step.question.id if isinstance(step, Ask) else None
    desk.asker.say(Line(f"Noted: {text}", Style.QUIET, indent=2))
    notes = (*held.call.notes, StaffNote(desk.clock(), question, text))
    held = replace(held, call=held.call._replace(notes=notes))
    desk.keep(held)
    return held, False


def _emergency(desk: Desk, held: Held) -> tuple[Held, bool]:
    """Text and contacts at once; then the call goes on, or ends here."""
    held, pressed = _ask(desk, held, words.emergency_page(held.rule_set))
    if pressed.result is Command.RETURN:
        return held, False
    call = held.call._replace(status=Status.EMERGENCY, ended=desk.clock(), override=None)
    return replace(held, call=call), True


def _correct(desk: Desk, held: Held) -> tuple[Held, bool]:
    """Pick any earlier answer, to be asked again."""
    where = stand(held.interview)
    page = words.review_page(held.rule_set, where, _given(held), other=held.call.other)
    held, pressed = _ask(desk, held, page)
    match pressed.result:
        case Command.RETURN:
            return held, False
        case Command.EMERGENCY:
            return _emergency(desk, held)
        case question:
            return replace(held, interview=asked_again(held.interview, question)), True


# --- the end --------------------------------------------------------------------------------


def _closing(desk: Desk, held: Held, decision: Decision) -> Held:
    """Read back, and finish; or correct, or choose another disposition."""
    compiled = held.interview.compiled
    hangs_on = sufficient(compiled, decision.answers) if decision.recommendation else dict(decision.answers)
    leads = leads_of_open(compiled, decision)
    while True:
        page = words.closing_page(
            held.rule_set,
            decision,
            hangs_on,
            other=held.call.other,
            confirm=[key for key in (ENTER, "y") if key != held.last_key],
            leads=leads,
            override=held.call.override,
        )
        held, pressed = _ask(desk, held, page)
        command = pressed.result
        if command is Command.FINISH:
            return replace(held, call=held.call._replace(status=Status.FINISHED, ended=desk.clock()))
        if command is Command.OVERRIDE:
            held, done = _override(desk, held, decision)
        else:
            held, done = _anywhere(desk, held, command)
        if done:
            return held


def _override(desk: Desk, held: Held, decision: Decision) -> tuple[Held, bool]:
    """Another disposition, with a reason; or the computed one again."""
    held, pressed = _ask(desk, held, words.outcomes_page(held.rule_set, decision, held.call.override))
    outcome = pressed.result
    if outcome is Command.EMERGENCY:
        return _emergency(desk, held)
    if outcome is Command.RETURN:
        return held, False
    override = None
    if outcome is not Command.KEEP:
        held, pressed = _ask(desk, held, words.reasons_page(held.rule_set, outcome))
        reason = pressed.result
        if reason is Command.EMERGENCY:
            return _emergency(desk, held)
        if reason is Command.RETURN:
            return held, False
        override = Override(outcome, reason, desk.clock())
    held = replace(held, call=held.call._replace(override=override))
    desk.keep(held)
    return held, False
