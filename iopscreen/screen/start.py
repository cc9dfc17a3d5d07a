"""How a screening begins: anew, or from a record of an earlier one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.ruleset.model import Answers, RuleFile, RuleSet
from iopscreen.ruleset.words import outcomes_in_words
from iopscreen.screen.interview import Interview
from iopscreen.screen.page import Line, Style
from iopscreen.screen.record import Call, Earlier, Record, Status, kept_decision
from iopscreen.screen.session import Held
from iopscreen.screen.times import as_read


def anew(compiled: Compiled, prepared: Answers, call: Call) -> Held:
    """A call in which `prepared` answers are known already; they count from its start."""
    times = dict.fromkeys(prepared, call.started)
    return Held(Interview(compiled, prepared), call._replace(given_at=times, known_before=tuple(prepared)))


def from_record(compiled: Compiled, record: Record, call: Call, known: Answers = MappingProxyType({})) -> Held:
    """Go on with an unfinished record; screen again after any other. `known` answers count beside it.

    Of an unfinished call everything is taken over, and the answers that were given count. After
    any other `call` begins anew: the old answers are shown, and each is given or kept again.
    """
    call = call._replace(ref=call.ref or record.call.ref, other=call.other or record.call.other)
    if record.call.status is Status.UNFINISHED:
        times = {**record.call.given_at, **dict.fromkeys(known, call.started)}
        prepared = {**_known_before(compiled, record, known), **known}
        call = record.call._replace(ref=call.ref, other=call.other, given_at=times, known_before=tuple(prepared))
        given = {name: answer for name, answer in record.answers.items() if name not in prepared}
        shown = call.earlier.answers if call.earlier else {}
        return Held(Interview(compiled, prepared, given, earlier=shown), _understandable(compiled.rule_set, call))
    held = anew(compiled, known, call._replace(earlier=_earlier(record)))
    return replace(held, interview=replace(held.interview, earlier=record.answers))


def _known_before(compiled: Compiled, record: Record, known: Answers) -> Answers:
    """The answers that were known before an interrupted call; where these rules exclude them, they are as if asked for.

    So they are asked again, and the call can go on.
    """
    before = {name: answer for name, answer in record.answers.items() if name in record.call.known_before}
    try:
        decide(compiled, {**before, **known})
    except ImpossibleAnswers:
        return {}
    return before


def _understandable(rule_set: RuleSet, call: Call) -> Call:
    """A call without what these rules no longer have: a disposition, and where a note was made."""
    override = call.override
    if override and not (override.recommendation in rule_set.outcome and override.reason in rule_set.override_reasons):
        override = None
    notes = tuple(note if note.question in rule_set.question else note._replace(question=None) for note in call.notes)
    return call._replace(override=override, notes=notes)


def as_recorded(compiled: Compiled, record: Record, call: Call, known: Answers, file: RuleFile) -> Held:
    """A record to be handed over, without asking anybody. With `known` answers it is another screening.

    The call stays what it was. Where the rules have changed since, what they make of it now
    stands beside what came of it then, with the time at which that was decided.
    """
    if record.call.status is Status.UNFINISHED:
        return from_record(compiled, record, call, known)
    if known:
        held = anew(compiled, {**record.answers, **known}, from_record(compiled, record, call).call)
        then = {name: at for name, at in record.call.given_at.items() if name in record.answers and name not in known}
        return replace(held, call=held.call._replace(given_at={**held.call.given_at, **then}))
    was = record.call
    if record.rule_set["digest"] != file.digest:
        was = _understandable(compiled.rule_set, was)._replace(earlier=_earlier(record), decided_again=call.started)
    return Held(Interview(compiled, record.answers), was)


def _earlier(record: Record) -> Earlier:
    return Earlier(
        digest=record.digest,
        status=record.call.status,
        ended=record.call.ended,
        recommendation=record.decision["recommendation"],
        possible=tuple(record.decision["possible"]),
        override=record.call.override,
        rule_set=record.rule_set,
        answers=record.answers,
    )


def record_lines(compiled: Compiled, record: Record, file: RuleFile, now: str) -> Iterator[Line]:
    """What a record is as seen `now`, and what a rule set that has changed since then changed for this caller."""
    rule_set = file.rule_set
    when = record.call.ended or record.call.started
    if record.call.status is Status.UNFINISHED:
        yield Line(f"Going on with a screening begun on {as_read(record.call.started, [now])}.")
    else:
        yield Line(f"Screening again; the last time was on {as_read(when, [now])}. k keeps an answer.")
        yield from _ended_otherwise(rule_set, record.call)
    yield from lost_lines(record)
    if record.rule_set["digest"] == file.digest:
        return
    was = f"{record.rule_set['id']} {record.rule_set['version']}"
    yield Line(f"The rule set has changed since: it was {was}, it is {rule_set.id} {rule_set.version}.", Style.STRONG)
    yield Line(_changed(compiled, record, file), indent=2)


def lost_lines(record: Record) -> Iterator[Line]:
    """Which answers of a record the rule set cannot read; never what they are."""
    if record.lost:
        yield Line(f"Not taken over, for the rule set no longer has it: {', '.join(record.lost)}", Style.ALARM)


def _ended_otherwise(rule_set: RuleSet, call: Call) -> Iterator[Line]:
    """What the earlier call came to, where that is not what was computed."""
    if call.status is Status.EMERGENCY:
        yield Line("That call was ended to get help.", Style.STRONG, indent=2)
    elif call.override:
        name = call.override.recommendation
        chosen = rule_set.outcome[name].label if name in rule_set.outcome else name
        yield Line(f"It ended with another disposition than computed: {chosen} ({call.override.reason})", indent=2)


def _changed(compiled: Compiled, record: Record, file: RuleFile) -> str:
    """What the answers of then come to now."""
    before = tuple(record.decision["possible"])
    try:
        now = kept_decision(compiled, record.answers).possible
    except ImpossibleAnswers:
        return "The answers of then cannot all be right under it."
    known = {*file.rule_set.outcome, "no_rule"}
    words = outcomes_in_words(file.rule_set, before) if known.issuperset(before) else " or ".join(before)
    if now == before:
        return f"For the answers of then it makes no difference: {words}."
    return f"For the answers of then: {words} before, {outcomes_in_words(file.rule_set, now)} now."
