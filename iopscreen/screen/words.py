"""The words of an interview: pages and lines, made from where it stands. Pure: draws and decides nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, ImpossibleAnswers, ShownNote
from iopscreen.engine.explain import Lead, leads_to, rules_asking
from iopscreen.ruleset.model import (
    NO,
    YES,
    Answer,
    Emergency,
    Kind,
    Question,
    RuleSet,
    Unanswered,
    tests_of,
)
from iopscreen.ruleset.values import AnswerReader, Unreadable, answer_words
from iopscreen.ruleset.words import (
    BUILT_IN_WORDS,
    cited,
    emergency_of,
    outcome_label,
    outcomes_in_words,
    rule_in_words,
)
from iopscreen.screen import page as pages
from iopscreen.screen.ending import came_to, disposition, help_now
from iopscreen.screen.interview import Ask, Effect, Stand, about_danger
from iopscreen.screen.page import ENTER, Key, Line, Page, Panel, Style
from iopscreen.screen.record import Override


class Command(Enum):
    """What a person may do on a page instead of answering."""

    BACK = "back"
    CORRECT = "correct"
    KEEP = "keep"
    NOTE = "note"
    OTHER = "for somebody else"
    EMERGENCY = "emergency"
    END = "end the call"
    RETURN = "return"
    OVERRIDE = "other disposition"
    FINISH = "finish"


LIST_KEYS = "1234567890afgijloqtuvxz"
"""The keys of a list, in order: none of them is a command. What comes later is reached by the arrows."""

KEEPS = (
    Key("d", "Don't know", Unanswered.UNKNOWN),
    Key("p", "Prefers not to say", Unanswered.DECLINED),
)
ALARM = Key("!", "EMERGENCY", Command.EMERGENCY, Style.ALARM)
RETURN = Key("r", "return", Command.RETURN)
SHORT = 60
BRIEF = 19


def short(text: str, width: int = SHORT) -> str:
    """A text cut to what tells it from others."""
    return textwrap.shorten(text, width, placeholder=" ...")


def said(rule_set: RuleSet, question: str, answer: Answer, *, other: bool) -> str:
    """A question, in short, and its answer."""
    asked = rule_set.question[question]
    return f"{short(asked.spoken(other))} -> {answer_words(asked, answer)}"


def listed(titles: Sequence[tuple[str, object]]) -> tuple[Key, ...]:
    """Choices one below the other, each with its key."""
    keys = LIST_KEYS.ljust(len(titles))
    return tuple(Key(key.strip(), title, result) for key, (title, result) in zip(keys, titles, strict=False))


# --- a question -----------------------------------------------------------------------------


def question_page(
    compiled: Compiled,
    where: Stand,
    step: Ask,
    reader: AnswerReader,
    *,
    other: bool,
    may_be_other: bool,
    may_go_back: bool,
    draft: object = (),
) -> Page:
    """A question with its answers, and all that may be done instead."""
    question = step.question
    lines = [Line(f"question {step.number} of at most {step.at_most}", Style.QUIET)]
    lines.append(Line(question.spoken(other), Style.STRONG, indent=2))
    if step.before is not None:
        lines.append(Line(f"Answered before: {answer_words(question, step.before)}", indent=2))
    options = listed([(option.label, option.id) for option in question.options])
    yes_no = (Key("y", "Yes", YES), Key("n", "No", NO)) if question.kind is Kind.YES_NO else ()
    kind, fits = _kind(question, reader)
    return Page(
        lines=lines,
        kind=kind,
        extra=[Line(f"For you: {question.help}", indent=2)] if question.help else [],
        listed=options,
        row=(*yes_no, *KEEPS),
        others=_others(where, step, may_be_other=may_be_other, may_go_back=may_go_back),
        panels=(
            Panel("w", "why", cache(lambda: tuple(why_lines(compiled, where, question)))),
            Panel("h", "help", cache(lambda: tuple(help_lines(compiled.rule_set, question)))),
        ),
        fits=fits,
        read=_in_words(reader) if kind is not pages.Kind.NUMBER else None,
        draft=draft,
    )


def _others(where: Stand, step: Ask, *, may_be_other: bool, may_go_back: bool) -> tuple[Key, ...]:
    keys = []
    if step.before is not None:
        keys.append(Key("k", f"keep {short(answer_words(step.question, step.before))}", Command.KEEP))
    if may_go_back:
        keys.append(Key("b", "back", Command.BACK))
    if where.answers:
        keys.append(Key("c", "correct", Command.CORRECT))
    keys.append(Key("m", "note", Command.NOTE))
    if may_be_other:
        keys.append(Key("s", "for somebody else", Command.OTHER))
    return (*keys, ALARM)


def _kind(question: Question, reader: AnswerReader) -> tuple[pages.Kind, pages.Fits]:
    """How a question is answered, and what is wrong with what was marked or typed."""

    def marks(marked: tuple[str, ...]) -> str | None:
        if not marked:
            return "mark what fits, or press d for don't know"
        try:
            reader.items(marked)
        except Unreadable:
            alone = next(option.label for option in question.options if option.alone and option.id in marked)
            return f"`{alone}` excludes all others: unmark it, or them"
        return None

    def number(typed: str) -> str | None:
        if not typed:
            return "type a number, or press d for don't know"
        try:
            reader(typed)
        except Unreadable:
            return f"should be a whole number from {question.low} to {question.high}"
        return None

    match question.kind:
        case Kind.MANY:
            return pages.Kind.MARK, marks
        case Kind.WHOLE_NUMBER:
            return pages.Kind.NUMBER, number
        case Kind.YES_NO | Kind.ONE:
            return pages.Kind.PICK, pages.anything


def _in_words(reader: AnswerReader) -> pages.Read:
    def read(text: str) -> Answer | None:
        try:
            return reader(text)
        except Unreadable:
            return None

    return read


def help_lines(rule_set: RuleSet, question: Question) -> Iterator[Line]:
    """What there is to know about a question: help, what counts, the options, what it rests on."""
    if question.help:
        yield Line(f"For you: {question.help}", indent=2)
    if question.means:
        yield Line(f"What counts: {question.means}", indent=2)
    for option in question.options:
        if option.help:
            yield Line(f"{option.label}: {option.help}", indent=2)
    if question.kind is Kind.WHOLE_NUMBER:
        unit = f" {question.unit}" if question.unit else ""
        yield Line(f"A whole number from {question.low} to {question.high}{unit}.", indent=2)
    texts = [text for cite in question.cite if (text := cited(rule_set, cite))]
    yield from (Line(f"rests on {text}", Style.QUIET, indent=4) for text in texts)
    if not (question.help or question.means or texts):
        yield Line("The rule set has no help for this question.", indent=2)


def why_lines(compiled: Compiled, where: Stand, question: Question) -> Iterator[Line]:
    """Why a question is asked: what it can still decide, on what that rests, what each answer would lead to."""
    rule_set, decision = compiled.rule_set, where.decision
    if question.for_notes:
        yield from _why_for_notes(rule_set, question)
        return
    yield Line(f"Still possible: {outcomes_in_words(rule_set, decision.possible)}", indent=2)
    yield Line("This question can decide:", indent=2)
    for rule in rules_asking(compiled, decision, question.id):
        yield Line(rule_in_words(rule_set, rule), indent=4)
        texts = [text for cite in rule.cite if (text := cited(rule_set, cite))]
        yield from (Line(f"rests on {text}", Style.QUIET, indent=6) for text in texts)
    yield Line("What each answer would lead to:", indent=2)
    try:
        leads = leads_to(compiled, where.answers, question.id)
    except TooTangled:
        yield Line("Not worked out: the rule set is too tangled.", indent=4)
        return
    yield from (Line(text, indent=4) for text in leads_in_words(rule_set, question, leads))


def _why_for_notes(rule_set: RuleSet, question: Question) -> Iterator[Line]:
    yield Line("It cannot change the recommendation. It is asked for what is handed over:", indent=2)
    for note in rule_set.notes:
        if any(test.subject == question.id for test in tests_of(note.condition)):
            yield Line(note.say, indent=4)


MANY_NAMES = 4


def leads_in_words(rule_set: RuleSet, question: Question, leads: Sequence[Lead]) -> Iterator[str]:
    """What each answer of a question would lead to, one line for each result."""
    for lead in leads:
        names = [_value_in_words(question, value) for value in lead.values]
        names += [_range_in_words(question, low, high) for low, high in lead.ranges]
        if len(names) > MANY_NAMES + 1:
            names[MANY_NAMES:] = [f"{len(names) - MANY_NAMES} more"]
        result = outcomes_in_words(rule_set, lead.possible) if lead.possible else "cannot be, with the other answers"
        yield f"{'; '.join(names)}: {result}"


def _range_in_words(question: Question, low: int, high: int) -> str:
    last = answer_words(question, high)
    return f"{low} to {last}" if low < high else last


def _value_in_words(question: Question, value: Answer) -> str:
    words = answer_words(question, value)
    return words.capitalize() if question.kind is Kind.YES_NO else words


# --- what is said after an answer -----------------------------------------------------------


def answer_line(rule_set: RuleSet, question: str, answer: Answer, *, other: bool) -> Line:
    """An answer that was just given."""
    return Line(said(rule_set, question, answer, other=other), indent=2)


NOTHING_ELSE = Line("Nothing else changes.", indent=4)
"""Of a corrected answer with which nothing came, and nothing went: no note, either."""


def effect_lines(rule_set: RuleSet, before: Stand, after: Stand, found: Effect, *, other: bool) -> Iterator[Line]:
    """What a corrected answer changed."""

    def answered(where: Stand, names: Sequence[str]) -> str:
        return "; ".join(said(rule_set, name, where.answers[name], other=other) for name in names)

    def questions(names: Sequence[str]) -> str:
        return "; ".join(short(rule_set.question[name].spoken(other)) for name in names)

    if found.dropped:
        yield Line(f"No longer asked, and not counted: {answered(before, found.dropped)}", indent=4)
    if found.restored:
        yield Line(f"Counted again: {answered(after, found.restored)}", indent=4)
    if found.opened:
        yield Line(f"To be asked now: {questions(found.opened)}", indent=4)
    if found.closed:
        yield Line(f"No longer to be asked: {questions(found.closed)}", indent=4)
    if found.possible:
        yield Line(f"Possible now: {outcomes_in_words(rule_set, found.possible)}", indent=4)


def note_lines(rule_set: RuleSet, before: Sequence[ShownNote], after: Sequence[ShownNote]) -> Iterator[Line]:
    """Notes that have just become certain, and those that no longer are."""
    for note in after:
        if note not in before:
            yield _note(rule_set, note)
    for note in before:
        if note not in after:
            yield Line(f"No longer: {short(note.say)}", Style.QUIET, indent=4)


def _note(rule_set: RuleSet, note: ShownNote) -> Line:
    if _is_alarm(rule_set, note):
        return Line(f"! {note.say}", Style.ALARM, indent=2)
    return Line(f'Tell the caller: "{note.say}"' if note.audience == "caller" else f"Note: {note.say}", indent=4)


def impossible_lines(error: ImpossibleAnswers) -> Iterator[Line]:
    """Why the answers cannot all be right."""
    for entry in error.entries:
        yield Line(f"These answers cannot all be right: {entry.because} ({entry.id})", Style.ALARM, indent=2)


# --- other pages ----------------------------------------------------------------------------


def emergency_page(rule_set: RuleSet) -> Page:
    """Whom to reach, at once; where the rule set does not say, in words that are built in, and say so."""
    emergency = emergency_of(rule_set)
    whose = [] if rule_set.emergency else [Line(BUILT_IN_WORDS, Style.QUIET)]
    return Page(
        lines=[Line("EMERGENCY", Style.ALARM), Line(f'Say: "{emergency.say}"', Style.STRONG, indent=2), *whose],
        row=(Key("e", "end the call here", Command.END), RETURN),
        pinned=_ways_to_reach(emergency) if emergency.contacts else (),
    )


def _ways_to_reach(emergency: Emergency | None) -> tuple[list[Line], list[Line], list[Line]]:
    """Whom to reach: one below the other, in one line, and in one line that is as short as can be."""
    contacts = emergency.contacts if emergency else ()
    if not contacts:
        return [], [], []
    below = [Line(f"{contact.name}: {contact.reach}", indent=2) for contact in contacts]
    beside = "; ".join(f"{contact.name}: {contact.reach}" for contact in contacts)
    brief = "; ".join(f"{short(contact.name, BRIEF)}: {contact.reach}" for contact in contacts)
    return below, [Line(beside, indent=2)], [Line(brief, indent=2)]


def review_page(rule_set: RuleSet, where: Stand, given: dict[str, Answer], *, other: bool) -> Page:
    """Every answer that counts, to be picked and corrected."""
    kept = "; ".join(said(rule_set, name, given[name], other=other) for name in where.kept)
    aside = [Line(f"No longer asked, and not counted: {kept}", Style.QUIET, indent=2)] if kept else []
    return Page(
        lines=[Line("Which answer is to be corrected?", Style.STRONG), *aside],
        listed=listed([(said(rule_set, name, answer, other=other), name) for name, answer in where.answers.items()]),
        row=(RETURN,),
        others=(ALARM,),
    )


def outcomes_page(rule_set: RuleSet, decision: Decision, override: Override | None) -> Page:
    """What else could be done than what was computed; with an override, also to take it back."""
    others = [(outcome.label, outcome.id) for outcome in rule_set.outcomes if outcome.id != decision.recommendation]
    back = (Key("k", "keep the computed result", Command.KEEP),) if override else ()
    return Page(
        lines=[
            Line("Which disposition instead?", Style.STRONG),
            Line("The computed result stays beside it.", indent=2),
        ],
        listed=listed(others),
        row=(*back, RETURN),
        others=(ALARM,),
    )


def reasons_page(rule_set: RuleSet, outcome: str) -> Page:
    """Why another disposition; the reasons are the rule set's."""
    return Page(
        lines=[Line(f"{outcome_label(rule_set, outcome)}: for which reason?", Style.STRONG)],
        listed=listed([(reason, reason) for reason in rule_set.override_reasons]),
        row=(RETURN,),
        others=(ALARM,),
    )


def closing_page(
    rule_set: RuleSet,
    decision: Decision,
    hangs_on: dict[str, Answer],
    *,
    other: bool,
    confirm: Sequence[str],
    leads: Mapping[str, Sequence[Lead]],
    override: Override | None,
) -> Page:
    """The read-back, with what it comes to. `confirm`: the keys that may end the call here."""
    titles = {ENTER: "right, finish", "y": "yes, finish"}
    return Page(
        lines=[
            Line(result_line(rule_set, decision), Style.STRONG),
            *_override_lines(rule_set, override),
            Line("Read back:" if hangs_on else "No answer can change it."),
            *(Line(said(rule_set, name, answer, other=other), indent=2) for name, answer in hangs_on.items()),
            *_result_lines(rule_set, decision, leads, override, other=other),
        ],
        extra=_next_steps(rule_set, decision, override),
        pinned=_alarms(rule_set, decision, override),
        row=tuple(Key(key, titles[key], Command.FINISH) for key in confirm),
        others=(
            *([Key("b", "back", Command.BACK), Key("c", "correct", Command.CORRECT)] if decision.answers else []),
            Key("m", "note", Command.NOTE),
            *([Key("o", "other disposition", Command.OVERRIDE)] if rule_set.override_reasons else []),
            ALARM,
        ),
    )


def _alarms(rule_set: RuleSet, decision: Decision, override: Override | None) -> Sequence[Sequence[Line]]:
    """What must not be overlooked at the end: open questions with an alarm, and in danger whom to reach."""
    due = [rule_set.question[note.id] for note in decision.notes if _is_alarm(rule_set, note)]
    due.sort(key=lambda question: not about_danger(rule_set, question.cite))
    alarms = [Line(f"! {question.if_unanswered}", Style.ALARM) for question in due]
    if not (help_now(rule_set, decision, override) or any(about_danger(rule_set, question.cite) for question in due)):
        return [alarms] if alarms else ()
    return [[*alarms[:1], *contacts, *alarms[1:]] for contacts in _ways_to_reach(rule_set.emergency)]


def _is_alarm(rule_set: RuleSet, note: ShownNote) -> bool:
    """Whether a note is the text of a question that has no answer."""
    question = rule_set.question.get(note.id)
    return question is not None and question.if_unanswered == note.say


def _next_steps(rule_set: RuleSet, decision: Decision, override: Override | None) -> list[Line]:
    """What staff do next: on the page only where there is room, and in the result in any case."""
    _, staff = disposition(rule_set, decision, override, other=False)
    return [Line("Next steps:"), *(Line(f"- {line.say}", indent=2) for line in staff)] if staff else []


def _override_lines(rule_set: RuleSet, override: Override | None) -> Iterator[Line]:
    if override:
        yield Line(f"Instead: {outcome_label(rule_set, override.recommendation)} ({override.reason})", Style.STRONG)


def result_line(rule_set: RuleSet, decision: Decision) -> str:
    """What the answers come to."""
    kind, what = came_to(rule_set, decision)
    return f"This gives: {what}" if decision.recommendation else f"{kind}: {what}"


def _result_lines(
    rule_set: RuleSet,
    decision: Decision,
    leads: Mapping[str, Sequence[Lead]],
    override: Override | None,
    *,
    other: bool,
) -> Iterator[Line]:
    """The sentence to say, with the reason; or what is open, and what each answer would give."""
    if decision.recommendation:
        because = "Computed because" if override else "Because"
        yield from (Line(f"{because}: {rule.because}") for rule in decision.rules)
    say, _ = disposition(rule_set, decision, override, other=other)
    if say:
        yield Line(f'Say: "{say}"', Style.STRONG)
    if decision.recommendation or override:
        return
    asked = [rule_set.question[name] for name in decision.ask_next]
    for question in asked:
        yield Line(f"Open: {question.spoken(other)}")
        texts = leads_in_words(rule_set, question, leads.get(question.id, ()))
        yield from (Line(text, indent=4) for text in texts)
