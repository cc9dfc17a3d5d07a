"""What is told of a screening, section by section, in the order in which a coordinator needs it.

Text, Markdown and HTML show the same sections; each of them says only how they look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from iopscreen import __version__
from iopscreen.engine.change import Change
from iopscreen.engine.decide import Decision
from iopscreen.ruleset.model import (
    NO_RULE,
    Answer,
    Kind,
    Question,
    Rule,
    RuleFile,
    RuleSet,
    Setting,
    StaffLine,
    Value,
)
from iopscreen.ruleset.values import answer_words
from iopscreen.ruleset.words import (
    BUILT_IN_WORDS,
    cited,
    emergency_of,
    outcome_label,
    outcomes_in_words,
    rule_in_words,
)
from iopscreen.screen.ending import came_to, disposition, without_result
from iopscreen.screen.record import Call, Earlier, Override, Skipped, Status
from iopscreen.screen.times import as_read, offset
from iopscreen.screen.words import leads_in_words, short

if TYPE_CHECKING:
    from iopscreen.engine.explain import Lead, Reading, Readings

PROVISIONAL = "Provisional: a screen by trained staff, not a diagnosis. A clinician decides."


class Shown(NamedTuple):
    """A decision with what is told about it: where the rules stand, and what would change it.

    `changes` and `readings` are None when they could not be worked out within the engine's
    budget. Without a `call` nobody was on the phone: there are no times, notes or dispositions.
    """

    file: RuleFile
    decision: Decision
    changes: Sequence[Change] | None
    call: Call | None = None
    leads: Mapping[str, Sequence[Lead]] = {}
    """What each answer of an open question would give, by question id."""
    readings: Readings | None = None
    skipped: Sequence[Skipped] = ()
    left: Sequence[str] = ()
    """What an unfinished call would have to ask yet; never empty there, for then it is finished."""

    @property
    def rule_set(self) -> RuleSet:
        """The rule set that decided."""
        return self.file.rule_set

    @property
    def stopped(self) -> bool:
        """The call was ended to get help: nothing here may be taken for a recommendation."""
        return self.call is not None and self.call.status is Status.EMERGENCY

    @property
    def for_other(self) -> bool:
        """The questions are worded as for a caller who speaks for somebody else."""
        return self.call is not None and self.call.other

    @property
    def override(self) -> Override | None:
        """The disposition that staff chose instead of the computed one."""
        return self.call.override if self.call and not self.stopped else None


class Look(Enum):
    """What a section is, where that shows in how it is set."""

    LIST = "list"
    SAID = "read aloud"
    TABLE = "questions and answers"


class Item(NamedTuple):
    """One line of a section. `value` answers `text`, `at` is when, and `under` what it rests on."""

    text: str
    value: str | None = None
    at: str | None = None
    under: tuple[str, ...] = ()


class Section(NamedTuple):
    """A heading and what stands under it."""

    heading: str
    items: tuple[Item, ...]
    look: Look = Look.LIST


class Title(NamedTuple):
    """The result: what kind it is of, what it is, and the lines that must not be parted from it."""

    kind: str
    what: str
    beside: tuple[str, ...] = ()


# --- the result -----------------------------------------------------------------------------


def title(shown: Shown) -> Title:
    """The result. A computed one stays beside the disposition that staff chose instead."""
    if shown.stopped:
        return Title("EMERGENCY", "the call was ended to get help")
    kind, what = _computed(shown)
    beside = []
    if shown.override:
        computed = what if shown.decision.recommendation else f"{kind.lower()}, {what}"
        beside += [f"Reason: {shown.override.reason}", f"Computed: {computed}"]
        kind, what = "Disposition", _label(shown, shown.override.recommendation)
    if shown.call and shown.call.status is Status.UNFINISHED:
        beside.insert(0, _not_finished(shown))
    return Title(kind, what, (*beside, *_transfer(shown)))


def _not_finished(shown: Shown) -> str:
    count = len(shown.left)
    return f"Not finished: {'1 question is' if count == 1 else f'{count} questions are'} still to be asked."


def _computed(shown: Shown) -> tuple[str, str]:
    return came_to(shown.rule_set, shown.decision)


def _transfer(shown: Shown) -> Iterator[str]:
    """What became of an earlier call: dispositions are compared with dispositions, whoever chose them."""
    earlier = shown.call.earlier if shown.call else None
    if earlier is None or earlier.status is Status.UNFINISHED:
        return
    on = f" on {earlier.ended[:10]}" if earlier.ended else ""
    now = shown.override.recommendation if shown.override else shown.decision.recommendation
    if earlier.status is Status.EMERGENCY:
        yield f"The call before{on} was ended as an emergency; this one: {_came_to(shown)}"
        return
    yield from _moved(shown, earlier, on, now)
    if earlier.override:
        computed = (
            _label(shown, earlier.recommendation)
            if earlier.recommendation
            else without_result(earlier.possible).lower()
        )
        yield f"The disposition{on or ' before'} was chosen by staff ({earlier.override.reason}); computed: {computed}"


def _moved(shown: Shown, earlier: Earlier, on: str, now: str | None) -> Iterator[str]:
    """From which disposition to which, and why."""
    then = earlier.disposition
    if then and then == now:
        yield f"Still {_label(shown, then)}, as{on or ' before'}"
    elif then and now:
        yield f"{_label(shown, then)}, now {_label(shown, now)}, because: {_reason(shown)}"
    elif then:
        yield f"{_label(shown, then)}{on}, now {_computed(shown)[0].lower()}"
    elif now:
        yield f"{without_result(earlier.possible)}{on}, now {_label(shown, now)}"


def _reason(shown: Shown) -> str:
    """Why the disposition is what it is."""
    return shown.override.reason if shown.override else " ".join(rule.because for rule in shown.decision.rules)


def _came_to(shown: Shown) -> str:
    """The disposition, in one phrase."""
    if shown.override:
        return _label(shown, shown.override.recommendation)
    kind, what = _computed(shown)
    return what if shown.decision.recommendation else kind.lower()


def _label(shown: Shown, outcome: str) -> str:
    """The label of an outcome; of one from a record, its name where these rules no longer have it."""
    known = outcome == NO_RULE or outcome in shown.rule_set.outcome
    return outcome_label(shown.rule_set, outcome) if known else outcome


# --- the sections ---------------------------------------------------------------------------


def sections(shown: Shown) -> list[Section]:
    """Everything that is told, but for sections that would be empty."""
    return [section for section in _sections(shown) if section.items]


def _sections(shown: Shown) -> Iterator[Section]:
    if shown.stopped:
        yield from _stopped(shown)
    elif shown.decision.recommendation:
        yield from _settled(shown)
    else:
        yield from _unsettled(shown)
    yield _to_be_asked(shown)
    yield _section("Your notes", _staff_notes(shown))
    if not shown.stopped:
        yield _section(_of_computed(shown, "What would change"), _changes(shown))
        yield _section("How the source is read", _readings(shown))
        yield Section("Not asked, because it cannot matter", tuple(_not_asked(shown)))
    yield Section("Answers", tuple(_answers(shown)), Look.TABLE)
    yield _section("About this call", _about(shown))


def _section(heading: str, lines: Iterator[str] | Sequence[str]) -> Section:
    return Section(heading, tuple(Item(line) for line in lines))


def _of_computed(shown: Shown, words: str) -> str:
    """A heading about the result: beside another disposition it says that the computed one is meant."""
    return f"{words} the computed result" if shown.override else f"{words} it"


def _stopped(shown: Shown) -> Iterator[Section]:
    """After an emergency stop: whom to reach, and nothing that could be taken for a recommendation."""
    emergency = emergency_of(shown.rule_set)
    yield _said(emergency.say)
    whose = [] if shown.rule_set.emergency else [BUILT_IN_WORDS]
    yield _section("Reach", [*(f"{contact.name}: {contact.reach}" for contact in emergency.contacts), *whose])
    yield _section(
        "Screen", ["Not finished. It says nothing about a program; screen again when the emergency is over."]
    )


def _settled(shown: Shown) -> Iterator[Section]:
    say, steps = _disposition(shown)
    yield _said(say)
    yield Section(
        _of_computed(shown, "Why") if shown.override else "Why",
        tuple(_why(shown.rule_set, rule) for rule in shown.decision.rules),
    )
    yield _section("Next steps", [line.say for line in steps])
    yield _section("Notes", _notes(shown))


def _unsettled(shown: Shown) -> Iterator[Section]:
    """Notes come early here: they may say what must not wait until the rest is known."""
    decision = shown.decision
    say, steps = _disposition(shown)
    yield _said(say)
    yield _section("Notes", _notes(shown))
    if decision.possible == (NO_RULE,):
        yield _section("Why", ["No rule of this rule set fits these answers. A clinician decides."])
    else:
        yield Section("Still open, and can change it", tuple(_open(shown, name) for name in decision.ask_next))
        yield _section("Depending on that", [rule_in_words(shown.rule_set, rule) for rule in decision.rules])
    yield _section("Next steps", [line.say for line in steps])


def _said(say: str | None) -> Section:
    return Section("Say to the caller", (Item(say),) if say else (), Look.SAID)


def _disposition(shown: Shown) -> tuple[str | None, tuple[StaffLine, ...]]:
    return disposition(shown.rule_set, shown.decision, shown.override, other=shown.for_other)


def _why(rule_set: RuleSet, rule: Rule) -> Item:
    passages = tuple(f"rests on {text}" for cite in rule.cite if (text := cited(rule_set, cite)))
    return Item(rule_in_words(rule_set, rule), under=passages)


def _notes(shown: Shown) -> list[str]:
    return [f"{'to the caller: ' if note.audience == 'caller' else ''}{note.say}" for note in shown.decision.notes]


def _staff_notes(shown: Shown) -> Iterator[str]:
    """What the coordinator wrote down, with when and at which question."""
    clock = _clock(shown)
    for note in shown.call.notes if shown.call else ():
        known = note.question in shown.rule_set.question
        asked = short(_spoken(shown, note.question)) if note.question and known else note.question
        at = f', at "{asked}"' if asked else ""
        yield f"{clock(note.at)}{at}: {note.text}"


def _open(shown: Shown, name: str) -> Item:
    """An open question, with what its answers would give, as far as one of them alone rules anything out."""
    leads = shown.leads.get(name, ())
    telling = [lead for lead in leads if lead.possible != shown.decision.possible]
    question = shown.rule_set.question[name]
    under = [*leads_in_words(shown.rule_set, question, telling)]
    under += [line for lead in leads if lead not in telling for line in _as_open(shown, question, lead, telling)]
    return Item(_spoken(shown, name), under=tuple(under))


def _as_open(shown: Shown, question: Question, idle: Lead, telling: Sequence[Lead]) -> Iterator[str]:
    """The answers that rule nothing out: all that were not told; of several options, each that was looked at alone."""
    if question.kind is not Kind.MANY:
        yield f"{'Any other' if telling else 'Any'} answer: as open as now"
    elif any(_alone(value) for value in idle.values):
        told = any(_alone(value) for lead in telling for value in lead.values)
        yield f"{'Any other' if told else 'Any'} option alone: as open as now"
    else:
        yield from leads_in_words(shown.rule_set, question, [idle])


def _alone(value: Value) -> bool:
    """Whether an answer of a `many` question is one option."""
    return isinstance(value, tuple) and len(value) == 1


def _changes(shown: Shown) -> list[str]:
    if not shown.decision.recommendation:
        return []
    if shown.changes is None:
        return ["Not worked out: the rule set is too tangled."]
    return [
        f"{outcome_label(shown.rule_set, change.recommendation)}, if: "
        + "; ".join(f"{_spoken(shown, name)} - {_words(shown, name, value)}" for name, value in change.answers.items())
        for change in shown.changes
    ]


def _readings(shown: Shown) -> Iterator[str]:
    """Whether another reading of the source would have led elsewhere, as far as that was worked out."""
    if not shown.rule_set.settings:
        return
    if shown.readings is None:
        yield "Whether another reading would change it was not worked out."
        return
    yield from (_reading(shown, reading) for reading in shown.readings.depends)
    if not shown.readings.complete:
        yield "Not every reading of the source was tried: there are too many."
    elif not shown.readings.depends:
        yield "The same under every reading of the source."


def _reading(shown: Shown, reading: Reading) -> str:
    read = [
        f'"{setting.means}" read as {_read_as(setting, reading.settings[setting.id])}'
        for setting in shown.rule_set.settings
        if setting.id in reading.settings
    ]
    return f"With {' and '.join(read)}: {outcomes_in_words(shown.rule_set, reading.possible)}"


def _read_as(setting: Setting, value: str | int) -> str:
    label = {option.id: option.label for option in setting.options}
    return label.get(str(value), str(value))


def _to_be_asked(shown: Shown) -> Section:
    """The questions of an unfinished call that are not told already as open."""
    told = () if shown.decision.recommendation else shown.decision.ask_next
    names = [name for name in shown.left if name not in told]
    idle = all(shown.rule_set.question[name].for_notes for name in names)
    return _section(
        "Still to be asked, and cannot change it" if idle else "Still to be asked",
        [_spoken(shown, name) for name in names],
    )


def _not_asked(shown: Shown) -> Iterator[Item]:
    """The questions that were left out, each with the answers that settle it. One that was asked is none."""
    for name, because in shown.skipped:
        yield Item(_spoken(shown, name), under=(_settled_by(shown, because),))


def _settled_by(shown: Shown, answers: Mapping[str, Answer]) -> str:
    if not answers:
        return "cannot matter, whatever the answers are"
    given = "; ".join(
        f"{short(_spoken(shown, name))} - {_words(shown, name, value)}" for name, value in answers.items()
    )
    return f"cannot matter with: {given}"


def _answers(shown: Shown) -> Iterator[Item]:
    times = shown.call.given_at if shown.call else {}
    clock = _clock(shown)
    for name, answer in shown.decision.answers.items():
        words = _words(shown, name, answer)
        if name in shown.decision.not_needed and _claims_hold(shown) and not shown.stopped:
            words += ", which cannot matter"
        yield Item(_spoken(shown, name), words, clock(times[name]) if name in times else None)


def _claims_hold(shown: Shown) -> bool:
    """Whether an open question that cannot matter alone cannot matter together with others either."""
    return len(shown.decision.possible) == 1 or not shown.rule_set.impossible


def _about(shown: Shown) -> Iterator[str]:
    """Who it is about, under which reference, when, and what it goes on from."""
    if shown.for_other:
        yield "The caller spoke for somebody else."
    call = shown.call
    if call is None:
        return
    if call.ref:
        yield f"Reference: {call.ref}"
    ended = f"ended {_clock(shown)(call.ended)}" if call.ended else "not ended"
    yield f"Started {_moment(shown, call.started)}, {ended}."
    if call.decided_again:
        rules = f"{shown.rule_set.id} {shown.rule_set.version}"
        yield f"Decided again {_moment(shown, call.decided_again)}, by rule set {rules}: not the rules of the call."
    if shown.override:
        yield f"Disposition chosen {_moment(shown, shown.override.at)}."
    if call.earlier:
        of = f" of {_moment(shown, call.earlier.ended)}" if call.earlier.ended else ""
        rules = f"{call.earlier.rule_set.get('id')} {call.earlier.rule_set.get('version')}"
        yield f"Goes on from a record{of} under rule set {rules}: {call.earlier.digest[:19]}"


# --- what stands below ----------------------------------------------------------------------


def notices(shown: Shown) -> list[str]:
    """For every export: the rule set's notice of disclosure. Provisional is said once."""
    disclosure = shown.rule_set.disclosure
    if disclosure and "provisional" in disclosure.casefold():
        return [disclosure]
    return [PROVISIONAL, disclosure] if disclosure else [PROVISIONAL]


def origin(shown: Shown, *, whole: bool) -> str:
    """Which rules decided, by which program. `whole`: with all of the digest."""
    digest = shown.file.digest if whole else shown.file.digest[:19]
    return f"Rule set {shown.rule_set.id} {shown.rule_set.version}, {digest}, iopscreen {__version__}"


# --- words ----------------------------------------------------------------------------------


def _spoken(shown: Shown, name: str) -> str:
    """A question in the words in which it is asked on this call."""
    return shown.rule_set.question[name].spoken(shown.for_other)


def _words(shown: Shown, name: str, answer: Answer) -> str:
    return answer_words(shown.rule_set.question[name], answer)


def _clock(shown: Shown) -> Callable[[str], str]:
    """How a time of the call is told: with its day only where the call had begun on another one."""
    return partial(as_read, beside=_times(shown), since=shown.call.started if shown.call else "")


def _moment(shown: Shown, at: str) -> str:
    return as_read(at, _times(shown))


def _times(shown: Shown) -> list[str]:
    """Times that are told, one for each offset: where there are several, each time is told with its own."""
    call = shown.call
    if call is None:
        return []
    stood = (call.started, call.ended, call.decided_again, shown.override and shown.override.at)
    notes = (note.at for note in call.notes)
    times = (*stood, call.earlier and call.earlier.ended, *call.given_at.values(), *notes)
    return list({offset(at): at for at in times if at}.values())
