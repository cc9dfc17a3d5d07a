"""Is a file a record at all? JSON of the right shape, read strictly.

No message repeats what the file holds, but for question ids: answers and notes are health data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from iopscreen.errors import IopscreenError
from iopscreen.ruleset.reader import digest_of
from iopscreen.ruleset.values import MAX_DIGITS
from iopscreen.screen.record import FORMAT, REF, REF_SHOULD, RawRecord, Status

MAX_BYTES = 4 * 2**20
"""No record is larger; whoever reads one need not read on."""
MAX_DEPTH = 12
"""A decision is nested five deep."""


class RecordRefused(IopscreenError):
    """A file is no record, or none that this version can read."""


def read_record(data: bytes, name: str) -> RawRecord:
    """The record in a file; `name` is what messages call it. Raises RecordRefused.

    Every value has the type that it should have afterwards. Whether it makes sense is for
    `screen/verify.py`, and whether its times are any, before it is gone on from, for `times.py`.
    """
    try:
        contents = _parsed(data)
        _known_format(contents)
        _RECORD(contents, "")
    except _Misshapen as error:
        raise RecordRefused(f"{name}: {error}") from None
    return RawRecord(contents, digest_of(data))


class _Misshapen(Exception):
    """What is wrong with a file, and where: a line of it, or a key path."""


def _parsed(data: bytes) -> Any:
    """The JSON in `data`, which means the same to every reader: no key twice, no NaN, no fraction."""
    import json

    if len(data) > MAX_BYTES:
        raise _Misshapen(f"larger than {MAX_BYTES // 2**20} MiB, so that it is no record")
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_without_repetition,
            parse_int=_whole_number,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Misshapen(f"line {line}: not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _Misshapen(f"line {error.lineno}: cannot be read as JSON from here on") from None
    except RecursionError:
        raise _Misshapen("nested too deep for a record") from None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Misshapen("a key stands twice in one object; each should stand there once")
    return found


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS + 1:
        raise _Misshapen(f"holds a number of more than {MAX_DIGITS} digits; no record does")
    return int(digits)


def _no_number(_text: str) -> Any:
    raise _Misshapen("holds a number that is not whole; no record does")


def _known_format(contents: Any) -> None:
    """The format comes first: of a later one, nothing else is known."""
    if not isinstance(contents, dict) or "format" not in contents:
        raise _Misshapen("no record of a screening; it should be one JSON object with `format`")
    number = contents["format"]
    if type(number) is not int or number < 1:
        raise _Misshapen(f"format: should be {FORMAT}")
    if number > FORMAT:
        raise _Misshapen(f"format {number}: written by a newer iopscreen; this one reads format {FORMAT}")


Shape = Callable[[Any, str], None]
"""Looks at a value and at where it stands; raises _Misshapen, which says what would be right."""


def _wrong(where: str, should: str) -> _Misshapen:
    return _Misshapen(f"{where or 'the record'}: {should}")


def _text(value: Any, where: str) -> None:
    if not isinstance(value, str):
        raise _wrong(where, "should be a text")


def _flag(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise _wrong(where, "should be true or false")


def _answer(value: Any, where: str) -> None:
    texts = value if isinstance(value, list) else [value]
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not all(isinstance(text, str) for text in texts):
        raise _wrong(where, "should be an answer: a text, a whole number or a list of texts")


def _status(value: Any, where: str) -> None:
    if value not in tuple(Status):
        known = ", ".join(Status)
        raise _wrong(where, f"should be one of {known}; another one may come from a newer iopscreen")


def _matching(pattern: str, should: str) -> Shape:
    def look(value: Any, where: str) -> None:
        if not (isinstance(value, str) and re.fullmatch(pattern, value)):
            raise _wrong(where, should)

    return look


def _or_null(shape: Shape) -> Shape:
    def look(value: Any, where: str) -> None:
        if value is not None:
            shape(value, where)

    return look


def _list_of(shape: Shape) -> Shape:
    def look(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise _wrong(where, "should be a list")
        for place, item in enumerate(value):
            shape(item, f"{where}[{place}]")

    return look


def _by_question(shape: Shape) -> Shape:
    def look(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(where, "should be an object with a key for each question")
        for question, item in value.items():
            if not re.fullmatch(_NAME, question):  # told without it: who knows what stands there
                raise _wrong(where, "holds a key that is no question id")
            shape(item, f"{where}.{question}")

    return look


def _object(shapes: Mapping[str, Shape], *, more: bool = False) -> Shape:
    """An object with these keys. `more`: it may hold others, which nothing here rests on."""

    def look(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(where, f"should be an object with {', '.join(shapes)}")
        missing = [key for key in shapes if key not in value]
        if missing:
            raise _wrong(where, f"lacks {', '.join(missing)}")
        if not more and len(value) > len(shapes):
            raise _wrong(where, f"holds a key that does not belong there; it should hold {', '.join(shapes)}")
        for key, shape in shapes.items():
            shape(value[key], f"{where}.{key}" if where else key)

    return look


def _decision(value: Any, where: str) -> None:
    """What other parts take from a decision; `verify` compares all of it."""
    _DECISION(value, where)
    _not_too_deep(value, where, MAX_DEPTH)


def _not_too_deep(value: Any, where: str, left: int) -> None:
    if not left:
        raise _wrong(where, "nested too deep for a decision")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _not_too_deep(item, where, left - 1)


_NAME = r"[a-z][a-z0-9_]{0,999}"
_QUESTION = _matching(_NAME, "should be a question id")
_DIGEST = _matching(r"sha256:[0-9a-f]{64}", "should be `sha256:` and 64 digits from 0 to f")
_RULE_SET = _object(
    {
        "id": _matching(r"[a-z][a-z0-9_-]{0,999}", "should be the id of a rule set"),
        "version": _matching(r"[0-9][0-9A-Za-z.+-]{0,999}", "should be the version of a rule set"),
        "digest": _DIGEST,
    }
)
_DECISION = _object(
    {
        "rule_set": _RULE_SET,
        "answers": _by_question(_answer),
        "recommendation": _or_null(_text),
        "possible": _list_of(_text),
    },
    more=True,
)
_OVERRIDE = _object({"recommendation": _text, "reason": _text, "at": _text})
_EARLIER = _object(
    {
        "digest": _DIGEST,
        "status": _status,
        "ended": _or_null(_text),
        "recommendation": _or_null(_text),
        "possible": _list_of(_text),
        "override": _or_null(_OVERRIDE),
        "rule_set": _RULE_SET,
        "answers": _by_question(_answer),
    }
)
_RECORD = _object(
    {
        "format": lambda _value, _where: None,  # looked at before all else
        "tool": _matching(r"iopscreen [0-9A-Za-z.+-]{1,60}", "should be `iopscreen` and its version"),
        "rule_set": _RULE_SET,
        "status": _status,
        "ref": _or_null(_matching(REF, REF_SHOULD)),
        "started": _text,
        "ended": _or_null(_text),
        "decided_again": _or_null(_text),
        "other": _flag,
        "answers": _by_question(_answer),
        "given_at": _by_question(_text),
        "known_before": _list_of(_QUESTION),
        "skipped": _list_of(_object({"question": _QUESTION, "because": _by_question(_answer)})),
        "notes": _list_of(_object({"at": _text, "question": _or_null(_QUESTION), "text": _text})),
        "override": _or_null(_OVERRIDE),
        "earlier": _or_null(_EARLIER),
        "disclosure": _or_null(_text),
        "decision": _decision,
        "digest": _DIGEST,
    }
)
