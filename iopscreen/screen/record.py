"""A record: one screening, kept as one JSON object that can be gone on from and verified.

It is read in two steps. `read_record` looks at the shape alone; `understand_record` reads its
answers through a rule set, which need not be the one that it was made with. No message repeats
what a record holds, but for question ids: answers and notes are health data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from iopscreen import __version__
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, decide
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Answer, Answers, Kind, RuleFile, RuleSet
from iopscreen.ruleset.reader import digest_of
from iopscreen.ruleset.values import AnswerReader, Unreadable, answer_json, answer_readers

FORMAT = 1


class Status(StrEnum):
    """How a screening stands."""

    FINISHED = "finished"
    UNFINISHED = "unfinished"
    """Interrupted, or still going on."""
    EMERGENCY = "emergency"
    """Ended to get help; it recommends nothing."""


class StaffNote(NamedTuple):
    """What the coordinator wrote down, when (ISO 8601 with offset), and at which question (None: at the end)."""

    at: str
    question: str | None
    text: str


class Override(NamedTuple):
    """Another disposition than the computed one, with a reason from the rule set's list."""

    recommendation: str
    reason: str
    at: str


class Skipped(NamedTuple):
    """A question that was not asked: with the answers in `because` it cannot matter, whatever else is true."""

    question: str
    because: Mapping[str, Answer]


class Earlier(NamedTuple):
    """The screening that this one goes on from. `digest` is of its file's bytes.

    Its answers are kept, so that they can still be shown when this call is interrupted.
    """

    digest: str
    status: Status
    ended: str | None
    recommendation: str | None
    possible: tuple[str, ...]
    override: Override | None
    rule_set: Mapping[str, str]
    answers: Mapping[str, Answer] = {}

    @property
    def disposition(self) -> str | None:
        """What it came to: what staff chose, or else what was computed."""
        return self.override.recommendation if self.override else self.recommendation


class Call(NamedTuple):
    """What happened on a call, beside its answers. Times are ISO 8601 with the offset from UTC."""

    status: Status
    started: str
    ended: str | None = None
    decided_again: str | None = None
    """When the answers were decided on after the call, by other rules than those that it was held with."""
    ref: str | None = None
    other: bool = False
    """The caller speaks for somebody else."""
    given_at: Mapping[str, str] = {}
    """When each answer was given, by question id."""
    known_before: tuple[str, ...] = ()
    """The questions that nobody had to ask on this call: their answers count even where they cannot matter."""
    notes: tuple[StaffNote, ...] = ()
    override: Override | None = None
    earlier: Earlier | None = None


class RawRecord(NamedTuple):
    """A record of the right shape, its answers still as written. `digest` is of the file's bytes."""

    contents: Mapping[str, Any]
    digest: str


class Record(NamedTuple):
    """A record as a rule set reads it. `decision` is the decision as JSON, `digest` of the file's bytes.

    `lost`: questions of the record that the rule set does not have, or whose answers it cannot
    read. `skipped` leaves out what rests on one of these.
    """

    call: Call
    tool: str
    rule_set: Mapping[str, str]
    answers: Answers
    lost: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    disclosure: str | None
    decision: Mapping[str, Any]
    digest: str


# --- making one -----------------------------------------------------------------------------


def kept_decision(compiled: Compiled, answers: Answers) -> Decision:
    """The decision that a record keeps, whatever its status.

    When somebody reads a record nobody is on the phone, so that the text of an absent question
    is due. Raises ImpossibleAnswers and TooTangled.
    """
    return decide(compiled, answers, absent_is_unknown=True)


def skipped_questions(compiled: Compiled, decision: Decision) -> tuple[Skipped, ...]:
    """The questions that were never asked and cannot matter, each with the answers that settle it.

    A question that was asked and not answered is no skipped one; nor is one that may come to
    matter together with others, before these have been asked.
    """
    from iopscreen.engine.settling import settling

    return tuple(Skipped(*settled) for settled in settling(compiled, decision.answers, decision.not_needed).items())


def record_json(
    call: Call, *, rule_file: RuleFile, answers: Answers, skipped: Sequence[Skipped], decision: Mapping[str, Any]
) -> dict[str, Any]:
    """The record as one object. `decision` is `kept_decision` on `answers`, as JSON."""
    rule_set = rule_file.rule_set
    contents = {
        "format": FORMAT,
        "tool": f"iopscreen {__version__}",
        "rule_set": {"id": rule_set.id, "version": rule_set.version, "digest": rule_file.digest},
        "status": call.status.value,
        "ref": call.ref,
        "started": call.started,
        "ended": call.ended,
        "decided_again": call.decided_again,
        "other": call.other,
        "answers": _answers_json(answers),
        "given_at": dict(call.given_at),
        "known_before": list(call.known_before),
        "skipped": [{"question": item.question, "because": _answers_json(item.because)} for item in skipped],
        "notes": [note._asdict() for note in call.notes],
        "override": call.override._asdict() if call.override else None,
        "earlier": _earlier_json(call.earlier) if call.earlier else None,
        "disclosure": rule_set.disclosure,
        "decision": dict(decision),
    }
    return {**contents, "digest": contents_digest(contents)}


def _answers_json(answers: Answers) -> dict[str, Any]:
    return {question: answer_json(answer) for question, answer in answers.items()}


def _earlier_json(earlier: Earlier) -> dict[str, Any]:
    return {
        "digest": earlier.digest,
        "status": earlier.status.value,
        "ended": earlier.ended,
        "recommendation": earlier.recommendation,
        "possible": list(earlier.possible),
        "override": earlier.override._asdict() if earlier.override else None,
        "rule_set": dict(earlier.rule_set),
        "answers": _answers_json(earlier.answers),
    }


def record_bytes(contents: Mapping[str, Any]) -> bytes:
    """The record as the bytes of its file."""
    import json

    return _utf_8(json.dumps(contents, ensure_ascii=False, indent=2)) + b"\n"


def contents_digest(contents: Mapping[str, Any]) -> str:
    """The digest of everything in a record but the digest itself.

    It finds accidents and careless edits. It is no signature: whoever alters a record on purpose
    can work it out again.
    """
    import json

    rest = {key: value for key, value in contents.items() if key != "digest"}
    return digest_of(_utf_8(json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))))


def _utf_8(text: str) -> bytes:
    """JSON as UTF-8. What a terminal could not decode is half a character, and becomes its JSON escape."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", whole).encode("utf-8")


# Patterns are compiled when they are first used: a call begins without reading a record.
REF = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
REF_SHOULD = "should be 1 to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"


def checked_ref(text: str) -> str:
    """A reference as `--ref` gives it: an id of the site's own, never a name or an answer."""
    if not re.fullmatch(REF, text):
        raise IopscreenError(f"`--ref` {REF_SHOULD}: an id of your own for the call, never a name")
    return text


def record_name(started: str, ref: str | None) -> str:
    """The name of a record's file in a folder: when the call began, as the clock on the wall had it."""
    from datetime import datetime

    time = datetime.fromisoformat(started).strftime("%Y%m%dT%H%M%S")
    return f"{time}-{ref}.json" if ref else f"{time}.json"


# --- understanding one ----------------------------------------------------------------------


def understand_record(raw: RawRecord, rule_set: RuleSet) -> Record:
    """The record as `rule_set` reads it. What that cannot read is named in `lost`; nothing is refused."""
    contents, readers = raw.contents, answer_readers(rule_set)
    answers = _readable(readers, contents["answers"])
    skipped = [Skipped(item["question"], _readable(readers, item["because"])) for item in contents["skipped"]]
    whole = [len(item["because"]) for item in contents["skipped"]]
    return Record(
        call=_call(contents, readers),
        tool=contents["tool"],
        rule_set=contents["rule_set"],
        answers=answers,
        lost=tuple(question for question in contents["answers"] if question not in answers),
        skipped=tuple(
            item
            for item, size in zip(skipped, whole, strict=True)
            if item.question in readers and len(item.because) == size
        ),
        disclosure=contents["disclosure"],
        decision=contents["decision"],
        digest=raw.digest,
    )


def _readable(readers: Mapping[str, AnswerReader], written: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers that have a reader and that it can read."""
    answers: dict[str, Answer] = {}
    for question, value in written.items():
        if question in readers:
            try:
                answers[question] = answer_from_json(readers[question], value)
            except Unreadable:
                continue
    return answers


def answer_from_json(reader: AnswerReader, written: str | int | list[str]) -> Answer:
    """The answer that a value in a record stands for. Raises Unreadable."""
    if isinstance(written, list):
        return reader.items(written)
    if isinstance(written, int) and reader.kind is not Kind.WHOLE_NUMBER:
        raise Unreadable(f"is not {reader.expected}")
    return reader(str(written))


def _call(contents: Mapping[str, Any], readers: Mapping[str, AnswerReader]) -> Call:
    override, earlier = contents["override"], contents["earlier"]
    return Call(
        status=Status(contents["status"]),
        started=contents["started"],
        ended=contents["ended"],
        decided_again=contents["decided_again"],
        ref=contents["ref"],
        other=contents["other"],
        given_at=contents["given_at"],
        known_before=tuple(contents["known_before"]),
        notes=tuple(StaffNote(**note) for note in contents["notes"]),
        override=Override(**override) if override else None,
        earlier=_earlier(earlier, readers) if earlier else None,
    )


def _earlier(written: Mapping[str, Any], readers: Mapping[str, AnswerReader]) -> Earlier:
    override = written["override"]
    return Earlier(
        digest=written["digest"],
        status=Status(written["status"]),
        ended=written["ended"],
        recommendation=written["recommendation"],
        possible=tuple(written["possible"]),
        override=Override(**override) if override else None,
        rule_set=written["rule_set"],
        answers=_readable(readers, written["answers"]),
    )
