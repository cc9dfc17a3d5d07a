"""The pieces of a JSON Schema (draft-07), each the twin of a helper in `ruleset/shape.py`.

A schema never sees the author's text, only what the editor's YAML reader made of it: `yes` is a
text there, `true` a boolean, `18` a number. Our reader takes each for its text, so all three pass
where a text may stand. A pattern keeps to what Python and JavaScript read alike.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from iopscreen.ruleset.shape import DASHED_NAME, NAME
from iopscreen.ruleset.values import MAX_DIGITS, SEPARATORS, name_key, spelling_key

Schema = dict[str, Any]

MOST = 10**MAX_DIGITS - 1

# --- mappings and lists ---------------------------------------------------------------------


def described(words: str, shape: Schema) -> Schema:
    """`shape` with words that an editor shows. What stands beside a reference would not count: it is wrapped."""
    return {"description": words, **({"allOf": [shape]} if "$ref" in shape else shape)}


def _explained(words: str, shape: Schema) -> Schema:
    """The same for our own words: an editor that can show Markdown takes what is in backticks for code."""
    return {**described(words, shape), **({"markdownDescription": words} if "`" in words else {})}


def reference(name: str) -> Schema:
    """What `definitions` has under `name`."""
    return {"$ref": f"#/definitions/{name}"}


def fields(
    words: Mapping[str, str], required: Iterable[str], optional: Iterable[str], shapes: Mapping[str, Schema]
) -> Schema:
    """A mapping with known keys, each with its words and its shape."""
    required = list(required)
    properties = {key: _explained(words[key], shapes[key]) for key in (*required, *optional)}
    shape: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**shape, "required": required} if required else shape


def entries(value: Schema, *, names: Schema, at_least_one: bool = False) -> Schema:
    """A mapping from names of the author's choice."""
    shape = {"type": "object", "propertyNames": names, "additionalProperties": value}
    return {**shape, "minProperties": 1} if at_least_one else shape


def items(item: Schema, *, at_least_one: bool = False) -> Schema:
    """A list."""
    shape: Schema = {"type": "array", "items": item}
    return {**shape, "minItems": 1} if at_least_one else shape


def one_or_items(item: Schema, *, at_least_one: bool = False) -> Schema:
    """A single value, or a list of them."""
    return {"anyOf": [item, items(item, at_least_one=at_least_one)]}


# --- single values --------------------------------------------------------------------------

TEXT: Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}

COUNT: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": MOST},
        {"type": "string", "pattern": rf"^\s*(?:[0-9]{{1,{MAX_DIGITS}}}|-0{{1,{MAX_DIGITS}}})\s*$"},
    ]
}

WHOLE: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": -MOST, "maximum": MOST},
        {"type": "string", "pattern": rf"^\s*-?[0-9]{{1,{MAX_DIGITS}}}\s*$"},
    ]
}

DATE = {"type": "string", "pattern": r"^\s*[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])\s*$"}


def whole(low: int, high: int) -> Schema:
    """A whole number in a range; of one in quotes a schema sees the digits alone."""
    number, digits = WHOLE["anyOf"]
    return {"anyOf": [{**number, "minimum": low, "maximum": high}, digits]}


def matching(pattern: str) -> Schema:
    """A text that is `pattern`, outer spaces aside."""
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$"}


def name(*, dashes: bool = False, spaces: bool = True) -> Schema:
    """A name of the author's choice. `true` may be one, and editors read it as a boolean."""
    pattern = (DASHED_NAME if dashes else NAME).pattern
    edge = r"\s*" if spaces else ""
    return {"type": ["string", "boolean"], "pattern": f"^{edge}{pattern}{edge}$"}


def word(known: Iterable[str], meanings: Sequence[str] | None = None) -> Schema:
    """One of the words in `known`: for the editor to complete; or, in quotes, with spaces around it."""
    known = list(known)
    offered: Schema = {"enum": known}
    if meanings:
        offered["enumDescriptions"] = list(meanings)
    return {"anyOf": [offered, matching("|".join(map(_escaped, known))), *_silently(_values(known))]}


def _silently(values: Sequence[bool | int | float]) -> list[Schema]:
    """These values, which no editor offers: it completes from an `enum` that is not within a `not`."""
    return [{"not": {"not": {"enum": list(values)}}}] if values else []


YES_WORDS = "[Yy][Ee][Ss]|[Tt][Rr][Uu][Ee]"
NO_WORDS = "[Nn][Oo]|[Ff][Aa][Ll][Ss][Ee]"
FLAG: Schema = {"anyOf": [{"enum": ["yes", "no"]}, *_silently([True, False]), matching(f"{YES_WORDS}|{NO_WORDS}")]}


# --- spellings ------------------------------------------------------------------------------

_FOLDED = "[\u00df\u017f\u037e\u1e9e\u1fef\u212a\ufb00-\ufb06]"
"""What is no ASCII, and may become ASCII when letter case is put aside: `\u017f` is read as `s`. Not judged."""


def spelled(texts: Iterable[str]) -> list[Schema]:
    """The ways to write one of `texts`, as alternatives: `values.spelling_key` decides what is the same."""
    keys = sorted({spelling_key(text) for text in texts} - {""})
    return _alternatives(keys, rf"\s*(?:{_any_of(keys, _spelling)})\s*", _values(keys))


def spelled_names(texts: Iterable[str], *, several: bool = False) -> list[Schema]:
    """The same for the names of options, of which one text may hold `several`: `values.name_key` decides."""
    keys = sorted({name_key(text) for text in texts})
    one = rf"[\s_-]*(?:{_any_of(keys, _name_spelling)})[\s_-]*"
    pattern = f"{one}(?:[{SEPARATORS}]{one})*" if several else one
    return _alternatives(
        keys, pattern, _values(text for key in keys for text in (key, f"-{key}", key.replace(" ", "-")))
    )


def _any_of(keys: Iterable[str], write: Callable[[str], str]) -> str:
    return "|".join(map(write, filter(str.isascii, keys)))


def _alternatives(keys: list[str], pattern: str, values: list[bool | int | float]) -> list[Schema]:
    """Texts by their pattern, those that are not judged, and what is no text to an editor."""
    not_judged = _FOLDED if all(map(str.isascii, keys)) else r"[^\x00-\x7F]"
    found: list[Schema] = [{"type": "string", "pattern": not_judged}]
    if any(map(str.isascii, keys)):
        found.insert(0, {"type": "string", "pattern": f"^{pattern}$"})
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < len(values):
        most = sys.float_info.max  # JSON has no word for what is beyond it
        found.append({"type": "number", "anyOf": [{"exclusiveMinimum": most}, {"exclusiveMaximum": -most}]})
    return [*found, *_silently(finite)]


def _spelling(key: str) -> str:
    """A pattern for what spells like `key`."""
    return "".join(map(_sign, key))


def _name_spelling(key: str) -> str:
    return r"[\s_-]+".join(map(_spelling, key.split(" ")))


def _sign(sign: str) -> str:
    if sign.isalpha():
        return f"[{sign.upper()}{sign}]"
    return {" ": r"\s+", "'": "['\u2019]"}.get(sign) or _escaped(sign)


def _escaped(text: str) -> str:
    """`text` in a pattern. (What `re.escape` does beyond that, JavaScript refuses.)"""
    return re.sub(r"[\^$\\.*+?()\[\]{}|/]", r"\\\g<0>", text)


# --- what YAML 1.2 makes of plain text ------------------------------------------------------


def _values(texts: Iterable[str]) -> list[bool | int | float]:
    """Those that are no text to an editor, as what it takes them for."""
    found = [value for text in texts for value in _value(text)]
    return list({(type(value), value): value for value in found}.values())  # `true` equals 1 in Python alone


def _value(text: str) -> Iterator[bool | int | float]:
    if re.fullmatch("true|false", text, re.IGNORECASE):
        yield text.lower() == "true"
    elif re.fullmatch(r"[-+]?[0-9]{1,400}", text):
        yield int(text)
    elif re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", text):
        yield int(text, 0)
    elif re.fullmatch(
        r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.inf)|\.nan", text, re.IGNORECASE
    ):
        yield float(text.replace(".inf", "inf").replace(".nan", "nan"))
