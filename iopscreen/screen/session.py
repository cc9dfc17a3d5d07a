"""One call, from the first question to the end: asks, shows what is due, lets go back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide
from iopscreen.ruleset.model import Answer, Answers, Question, Unanswered
from iopscreen.ruleset.values import answer_readers, answer_words
from iopscreen.screen.interview import Ask, End, Interview, answered, next_step, taken_back
from iopscreen.screen.prompts import Command, Emergency, Prompt

Say = Callable[[str], None]
"""Shows one line to the coordinator, beside the prompts."""

AskPrompt = Callable[[Prompt], Answer | Command]
AskEmergency = Callable[[], Emergency]


@dataclass(frozen=True, slots=True)
class Call:
    """How a call ended: the decision on what is known, and whether it was an emergency stop."""

    decision: Decision
    emergency: bool


def hold(
    compiled: Compiled,
    prepared: Answers,
    *,
    other: bool,
    say: Say,
    ask: AskPrompt,
    ask_emergency: AskEmergency,
) -> Call:
    """Hold the interview. `other`: the caller speaks for somebody else.

    Raises ImpossibleAnswers when the prepared answers exclude one another already.
    """
    readers = answer_readers(compiled.rule_set)
    interview = Interview(compiled, tuple(prepared.items()))
    step = next_step(interview)
    _show_prepared(interview, other, say)
    while isinstance(step, Ask):
        question = step.question
        _announce(step, other, say)
        prompt = Prompt(
            question=question,
            reader=readers[question.id],
            can_go_back=bool(interview.answers),
            has_emergency=compiled.rule_set.emergency is not None,
        )
        answer = ask(prompt)
        if answer is Command.EMERGENCY:
            if _emergency(compiled, say, ask_emergency) is Emergency.END:
                return Call(decide(compiled, interview.answers, absent_is_unknown=True), emergency=True)
            continue
        if isinstance(answer, Command):
            interview = taken_back(interview)
        else:
            say(f"  -> {answer_words(question, answer)}")
            interview = _with(interview, question, answer, say)
        step = next_step(interview)
    assert isinstance(step, End)
    return Call(step.decision, emergency=False)


def _show_prepared(interview: Interview, other: bool, say: Say) -> None:
    """What was known before the call: it is not asked again, and what is due for it is due now."""
    questions = interview.compiled.rule_set.question
    if interview.prepared:
        say("Known before the call (b goes back to these, too)")
    for name, answer in interview.prepared:
        say(f"  {_spoken(questions[name], other)} -> {answer_words(questions[name], answer)}")
        _show_due(interview, questions[name], answer, say)


def _show_due(interview: Interview, question: Question, answer: Answer, say: Say) -> None:
    """The `if_unanswered` text of a question, at once, while its answer could still matter."""
    if not (isinstance(answer, Unanswered) and question.if_unanswered):
        return
    if question.id in decide(interview.compiled, interview.answers).ask_next:
        say(f"  ! {question.if_unanswered}")


def _spoken(question: Question, other: bool) -> str:
    return (question.ask_other if other else None) or question.ask


def _announce(step: Ask, other: bool, say: Say) -> None:
    question = step.question
    say("")
    say(f"Question {step.number} of at most {step.at_most}")
    say(f"  Ask: {_spoken(question, other)}")
    if question.help:
        say(f"  For you: {question.help}")


def _with(interview: Interview, question: Question, answer: Answer, say: Say) -> Interview:
    """The interview with this answer, unless it excludes the others: then it is asked again."""
    extended = answered(interview, question.id, answer)
    try:
        next_step(extended)
    except ImpossibleAnswers as error:
        for line in impossible_lines(error):
            say(f"  {line}")
        say("  Answer again, or go back to the answer that was wrong.")
        return interview
    _show_due(extended, question, answer, say)
    return extended


def impossible_lines(error: ImpossibleAnswers) -> Iterator[str]:
    """Why the answers cannot all be right."""
    for entry in error.entries:
        yield f"These answers cannot all be right: {entry.because} ({entry.id})"


def _emergency(compiled: Compiled, say: Say, ask_emergency: AskEmergency) -> Emergency:
    emergency = compiled.rule_set.emergency
    assert emergency is not None
    say("")
    say("EMERGENCY")
    say(f'  Say: "{emergency.say}"')
    for contact in emergency.contacts:
        say(f"  {contact.name}: {contact.reach}")
    return ask_emergency()
