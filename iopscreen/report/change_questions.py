"""What became of questions and settings, in words: what is asked now, and what that means for data from before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iopscreen.audit.change.impact import Unasked
from iopscreen.audit.change.questions import AnswersChanged
from iopscreen.audit.change.run import Change
from iopscreen.audit.telling import listed, profiles_in_words, quoted
from iopscreen.report.change_words import answers_line, in_words, outcome_name
from iopscreen.ruleset.condition_words import spaced
from iopscreen.ruleset.model import Cite, Kind, Option, Question, RuleSet, Setting


def question_lines(change: Change) -> Iterator[str]:
    """What became of the questions and their answers, and what that means for data from before."""
    questions = change.questions
    for old_name, new_name in questions.renamed:
        yield f"renamed: {old_name} is now {new_name}. They are compared as one question, under the new name"
    if questions.renamed:
        yield "answers, files and records from before need the new name"
    yield from (line for question in questions.added for line in _added(change.new.rule_set, question))
    yield from (line for question in questions.removed for line in _removed(question))
    for name in questions.retyped:
        yield f"{name} is of another type, and so another question"
    for old, new in questions.perhaps_renamed:
        text = f"{old} was probably renamed to {new}. They are compared as two questions, for old answers to {old} "
        yield f"{text}are no answers to {new}"
    for answers in questions.answers:
        yield f"{answers.id}: {_answers_changed(answers, change.new.rule_set.question[answers.id])}"
    if change.impact.unasked:
        yield _unasked(change, change.impact.unasked)
        for question in questions.added:
            if question.when_no_column is not None:
                yield f"`batch` takes files without {question.id} to say {quoted(question.when_no_column)}"


def _added(rule_set: RuleSet, question: Question) -> Iterator[str]:
    """A new question: when it is asked, and all that is said with it."""
    yield f"added: {_question(question)}, {_turn(rule_set, question)}"
    yield from _said(question)


def _removed(question: Question) -> Iterator[str]:
    yield f"removed: {_question(question)}"
    yield from _said(question)


def _said(question: Question) -> Iterator[str]:
    """All that the file says of a question, beside what is asked and how that is answered."""
    assumed = question.when_no_column
    said = {
        "asked about somebody else": question.ask_other,
        "help": question.help,
        "means": question.means,
        "answers": _options(question.options),
        "groups": "; ".join(f"{group.id} for {', '.join(group.options)}" for group in question.groups),
        "where it is not known": question.if_unanswered,
        "column": question.column,
        "hints in a header": ", ".join(question.header_hints),
        "where a file has no such column": "" if assumed is None else quoted(assumed),
        "rests on": _resting(question.cite),
    }
    yield from (f"{question.id}, {what}: {text}" for what, text in said.items() if text)


def _question(question: Question) -> str:
    answers = ", ".join(question.option_ids)
    if question.kind is Kind.WHOLE_NUMBER:
        answers = f"{question.low} to {question.high}{f' {question.unit}' if question.unit else ''}"
    answers = answers or "yes or no"
    notes = "; for notes alone" if question.for_notes else ""
    return f'{question.id}, "{question.ask}" ({answers}{notes})'


def _turn(rule_set: RuleSet, question: Question) -> str:
    names = list(rule_set.question)
    place = names.index(question.id)
    return f"asked after {names[place - 1]}" if place else "asked first"


def _options(options: Sequence[Option]) -> str:
    """What the options are called, and by what other words they are known in files."""
    said = []
    for option in options:
        also = [*option.aliases, *(["alone: excludes all others"] if option.alone else [])]
        also += [f"rests on {_resting(option.cite)}"] if option.cite else []
        help_text = f", {option.help}" if option.help else ""
        beside = f" ({', '.join(also)})" if also else ""
        said.append(f"{option.label}{beside}{help_text}")
    return "; ".join(said)


def _resting(cites: Sequence[Cite]) -> str:
    return ", ".join(cite.id for cite in cites)


def _answers_changed(changed: AnswersChanged, question: Question) -> str:
    parts = []
    if changed.added:
        parts.append(f"{listed(changed.added)} can be answered now")
    if changed.removed:
        parts.append(f"{listed(changed.removed)} can be answered no more")
    alone = {option.id for option in question.options if option.alone}
    parts += [
        f"{option} {'excludes all others now' if option in alone else 'no longer excludes all others'}"
        for option in changed.alone
    ]
    if changed.range:
        (low, high), (new_low, new_high) = changed.range
        parts.append(f"{new_low} to {new_high} instead of {low} to {high}")
    return "; ".join(parts)


def _unasked(change: Change, unasked: Unasked) -> str:
    names = " and ".join(map(spaced, unasked.questions))
    known = {question: answer for question, answer in unasked.witness.items() if question not in unasked.questions}
    possible = " or ".join(outcome_name(outcome) for outcome in unasked.possible)
    number = "some callers are"
    if unasked.profiles:
        verb = "is" if unasked.profiles == 1 else "are"
        number = f"{unasked.profiles:,} of {profiles_in_words(unasked.of)} {verb}"
    return (
        f"Data from before lack {names}: without an answer, {number} undecided. For example, who "
        f"answers {answers_line(in_words(change, known))} was {outcome_name(unasked.old)}, and may now be {possible}"
    )


# --- settings -------------------------------------------------------------------------------


def setting_lines(change: Change) -> Iterator[str]:
    """The new settings; what became of the others is told with what protects callers."""
    return map(_setting, change.added_settings)


def _setting(setting: Setting) -> str:
    rests = f" (rests on {_resting(setting.cite)})" if setting.cite else ""
    options = f" of {', '.join(option.id for option in setting.options)}" if setting.options else ""
    return f"added: {setting.id} is {quoted(setting.value)}{options}: {setting.means}{rests}"
