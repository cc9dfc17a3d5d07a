"""What a run begins with, read from the files that were named: rules, answers, records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from iopscreen import streams
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Answer, RuleFile
from iopscreen.ruleset.reader import DIGEST_PREFIX, read_rule_file
from iopscreen.ruleset.shipped import locate_file, shipped_folder, shipped_names
from iopscreen.text import may_hold_answers

if TYPE_CHECKING:
    from iopscreen.screen.record import RawRecord, Record


TOO_FEW_ANSWERS = "the rule set is too tangled to decide on so few answers; answer more of them"
"""What TooTangled means to whoever gave the answers."""


def excluded(error: ImpossibleAnswers) -> str:
    """That answers exclude one another, and which entries of the rule set say so."""
    entries = "; ".join(f"`{entry.id}`: {entry.because}" for entry in error.entries)
    return f"these answers cannot all be right: {entries}"


class Rules(NamedTuple):
    """A rule file, ready to decide."""

    file: RuleFile
    compiled: Compiled


def read_rules(name: str | None, expect_digest: str | None = None) -> Rules:
    """A rule file by path or shipped name, compiled. Raises IopscreenError.

    `expect_digest`: the only digest that its bytes may have, as `expected_digest` gives it.
    """
    file = read_rule_file(locate_file(name))
    if expect_digest not in (None, file.digest):
        message = f"the digest of the rule file is {file.digest}, and `--expect-digest` says {expect_digest}"
        raise IopscreenError(f"{file.path}: {message}: these are not the rules that were meant")
    try:
        return Rules(file, compile_rule_set(file.rule_set))
    except TooTangledToCompile as error:
        line, column = error.place
        raise IopscreenError(f"{file.path}:{line}:{column}: {error}") from None


def expected_digest(text: str | None) -> str | None:
    """What `--expect-digest` names, in the form of digests here. Raises IopscreenError."""
    if text is None:
        return None
    digits = text.strip().lower().removeprefix(DIGEST_PREFIX)
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise IopscreenError(f"`--expect-digest` should be `{DIGEST_PREFIX}` and 64 hexadecimal digits")
    return DIGEST_PREFIX + digits


def read_answers_of(name: str, file: RuleFile) -> dict[str, Answer]:
    """The answers of `--answers FILE`. Raises IopscreenError."""
    from iopscreen.ruleset.answers import read_answers
    from iopscreen.ruleset.nodes import MAX_BYTES

    streams.refuse_contents(name, may_hold_answers)
    with streams.opened(name) as source:
        data = source.read(MAX_BYTES + 1)  # more is refused, and a device has no end
    return read_answers(data, file.rule_set, streams.called(name))


def raw_record(name: str) -> RawRecord:
    """A record as its file has it. Raises IopscreenError."""
    from iopscreen.screen.record_reader import MAX_BYTES, read_record

    with streams.opened(name) as source:
        data = source.read(MAX_BYTES + 1)  # no record is so large, so that more need not be read to refuse it
    return read_record(data, streams.called(name))


def rules_of(raw: RawRecord, name: str | None, expect_digest: str | None = None) -> Rules:
    """The rules named, or else the shipped ones of a record's rule set."""
    if name is not None:
        return read_rules(name, expect_digest)
    made_with = raw.contents["rule_set"]["id"]
    if made_with not in shipped_names():
        raise IopscreenError(
            f"the record was made with rule set `{made_with}`, which does not come along: name it with `--rules FILE`"
        )
    return read_rules(str(shipped_folder() / f"{made_with}.yaml"), expect_digest)


def understood(raw: RawRecord, rules: Rules, name: str) -> Record:
    """The record as these rules read it. One whose times are none can be verified, and not gone on from."""
    from iopscreen.screen.record import understand_record
    from iopscreen.screen.times import refuse_wrong_times

    refuse_wrong_times(raw.contents, name)
    return understand_record(raw, rules.file.rule_set)
