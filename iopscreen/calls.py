"""One run of `screen`, put together: what is read, the interview, how it is kept and told.

It stands between the command line and the house: what it is given are names of files and
wishes, what it returns are results. It prints nothing but talk, and knows no exit codes.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iopscreen import streams
from iopscreen.errors import IopscreenError
from iopscreen.inputs import Rules, expected_digest, raw_record, read_answers_of, read_rules, rules_of, understood
from iopscreen.report.sections import Shown
from iopscreen.ruleset.model import Answers
from iopscreen.screen.decided import computed_json
from iopscreen.screen.page import Line
from iopscreen.screen.record import Call, Record, Status
from iopscreen.screen.save import Keeper, keeper
from iopscreen.screen.session import Held, closed_at_once, counted, hold, left_to_ask

if TYPE_CHECKING:
    from iopscreen.screen.plain import Lines
    from iopscreen.screen.prompts import Keys
    from iopscreen.screen.result import Result


class Interrupted(Exception):
    """Somebody left the call; the message says what became of its record."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What `screen` was asked for: names of files as on the command line, None where not given."""

    rules: str | None
    answers: str | None
    from_record: str | None
    save: str | None
    ref: str | None
    output: str
    no_input: bool
    other: bool
    plain: bool
    force: bool
    expect_digest: str | None = None


def screen(wishes: Wishes) -> tuple[Shown, Keeper | None]:
    """Hold a call, or decide at once: what is told of it, and the keeper of its record.

    Raises IopscreenError, Interrupted, and what the engine raises: ImpossibleAnswers, TooTangled.
    """
    if not wishes.no_input:
        _need_terminal(wishes.answers, wishes.from_record)
    raw = None if wishes.from_record is None else raw_record(wishes.from_record)
    digest = expected_digest(wishes.expect_digest)
    rules = read_rules(wishes.rules, digest) if raw is None else rules_of(raw, wishes.rules, digest)
    record = None if raw is None else understood(raw, rules, streams.called(str(wishes.from_record)))
    known = {} if wishes.answers is None else read_answers_of(wishes.answers, rules.file)
    held = _begin(rules, record, known, wishes)
    counted(held)  # answers that exclude one another are told before a file is made for them
    kept_by = _keeper(held, record, wishes)
    if wishes.no_input:
        ended = _at_once(rules, held, record, kept_by)
    else:
        ended = _interview(rules, held, record, kept_by, wishes)
    if kept_by and not kept_by.problem:
        streams.tell(f"record kept in {kept_by.path}")
    return _shown(rules, ended), kept_by


# --- before the call ------------------------------------------------------------------------


def _need_terminal(*inputs: str | None) -> None:
    """An interview needs a terminal on stdin and stderr, and stdin for itself."""
    if streams.STREAM in inputs:
        raise IopscreenError("answers come from stdin, so that nobody can be asked there: add `--no-input`")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise IopscreenError("the interview needs a terminal: add `--no-input` to decide on `--answers FILE` alone")


def now() -> str:
    """The time, ISO 8601 with the offset from UTC, to the second."""
    from datetime import UTC, datetime

    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")


def _begin(rules: Rules, record: Record | None, known: Answers, wishes: Wishes) -> Held:
    """The call as it stands before the first question."""
    from iopscreen.screen.record import checked_ref
    from iopscreen.screen.start import anew, as_recorded, from_record

    ref = None if wishes.ref is None else checked_ref(wishes.ref)
    call = Call(Status.UNFINISHED, now(), ref=ref, other=wishes.other)
    if record is None:
        return anew(rules.compiled, known, call)
    if wishes.no_input:
        return as_recorded(rules.compiled, record, call, known, rules.file)
    return from_record(rules.compiled, record, call, known)


def _keeper(held: Held, record: Record | None, wishes: Wishes) -> Keeper | None:
    if wishes.save is None:
        return None
    if wishes.output != streams.STREAM and Path(wishes.save).resolve() == Path(wishes.output).resolve():
        raise IopscreenError(f"{wishes.save}: `--save` and `--output` need a file each")
    going_on = record is not None and record.call.status is Status.UNFINISHED
    return keeper(
        wishes.save,
        started=held.call.started,
        ref=held.call.ref,
        force=wishes.force,
        going_on_with=wishes.from_record if going_on else None,
    )


# --- the call -------------------------------------------------------------------------------


def _at_once(rules: Rules, held: Held, record: Record | None, kept_by: Keeper | None) -> Held:
    """The call in which nobody is asked; what was not taken over of a record is told all the same."""
    from iopscreen.screen.start import lost_lines

    for line in lost_lines(record) if record else ():
        streams.tell(line.text)
    ended = closed_at_once(held, now())
    if kept_by:
        _keep(kept_by, rules, ended)
    return ended


def _interview(rules: Rules, held: Held, record: Record | None, kept_by: Keeper | None, wishes: Wishes) -> Held:
    """Hold the call. Interrupted, it leaves its unfinished record."""
    from iopscreen.screen.start import record_lines

    asker = _asker(plain=wishes.plain or streams.plain_terminal())
    told: set[str] = set()

    def keep(held: Held) -> None:
        if kept_by is None:
            return
        _keep(kept_by, rules, held)
        problem = str(kept_by.problem or "")
        if problem and problem not in told:
            told.add(problem)
            streams.tell(f"error: {problem}; the call goes on, and it is tried again after every answer")

    try:
        with asker.quiet():
            if record:
                asker.say(*record_lines(rules.compiled, record, rules.file, now()))
                asker.say(*_not_kept(record, kept_by, wishes))
            ended = hold(held, asker, now, keep)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted: nothing was decided{_where(kept_by, wishes.rules)}") from None
    except EOFError:
        message = f"the input ended before the interview did: nothing was decided{_where(kept_by, wishes.rules)}"
        raise IopscreenError(message) from None
    streams.tell("")
    return ended


def _not_kept(record: Record, kept_by: Keeper | None, wishes: Wishes) -> Iterator[Line]:
    """Where a record is gone on from and nothing is kept: that, and what would keep it, before anything is said."""
    if kept_by is not None:
        return
    if record.call.status is Status.UNFINISHED:
        path = shlex.quote(str(wishes.from_record))
        yield Line(f"This call is not kept, and the record stays as it is: `--save {path}` would go on in it.")
    else:
        yield Line("This call is not kept: `--save FOLDER/` would keep it.")


def _asker(*, plain: bool) -> Lines | Keys:
    if plain:
        from iopscreen.screen.plain import Lines

        return Lines()
    from iopscreen.screen.prompts import Keys

    return Keys()


def _where(kept_by: Keeper | None, rules: str | None) -> str:
    """Where the unfinished record is, and how to go on with it."""
    if kept_by is None:
        return ", and this call was not kept"
    if kept_by.problem:
        return f"; the record could not be kept: {kept_by.problem}"
    path = shlex.quote(kept_by.path)
    named = f" --rules {shlex.quote(rules)}" if rules else ""
    return f"; kept as unfinished. Go on with `iopscreen screen{named} --from {path} --save {path}`"


def _keep(kept_by: Keeper, rules: Rules, held: Held) -> None:
    """Keep the record of a call as it stands; what staff chose instead is no part of the decision there."""
    from iopscreen.screen.record import record_bytes, record_json

    result = _result(rules, held, explained=False)
    stopped = result.call.status is Status.EMERGENCY
    decision = computed_json(rules.file, result.decision, result.changes, stopped=stopped)
    contents = record_json(
        result.call,
        rule_file=rules.file,
        answers=result.decision.answers,
        skipped=result.skipped,
        decision=decision,
    )
    kept_by.keep(record_bytes(contents))


def _result(rules: Rules, held: Held, *, explained: bool) -> Result:
    from iopscreen.screen.result import result_of

    return result_of(rules.compiled, counted(held), held.call, explained=explained)


def _shown(rules: Rules, held: Held) -> Shown:
    result = _result(rules, held, explained=True)
    return Shown(
        rules.file,
        result.decision,
        result.changes,
        result.call,
        leads=result.leads,
        readings=result.readings,
        skipped=result.skipped,
        left=left_to_ask(held) if held.call.status is Status.UNFINISHED else (),
    )
