"""What is wrong where a YAML parser stopped: at the place where its author would look, and what would be right.

A parser says what it would have read next. What went wrong is often further up: a quote that was
never closed, a bracket of the other kind, a key without its colon. Each trap that we know is one
function, and `TRAPS` is the order in which they are tried. The words of both parsers lead to the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from iopscreen.ruleset.findings import Place

Trap = tuple[Place, str]
"""Where to look, and what to tell there."""


class Kind(Enum):
    """What a parser read last."""

    PLAIN = auto()
    QUOTED = auto()
    BRACKET = auto()
    """A closing one."""
    OTHER = auto()


class Last(NamedTuple):
    """What was read last, from its first character to the one behind it."""

    kind: Kind
    start: Place
    end: Place


class Stop(NamedTuple):
    """Where and why a parser stopped.

    `since`: where what it was reading began, which `context` names. `brackets`: those that are
    open, the innermost last.
    """

    lines: Sequence[str]
    place: Place
    problem: str
    context: str
    since: Place | None
    last: Last
    brackets: Sequence[Place]

    @property
    def text(self) -> str:
        """The line in which it stopped."""
        return self.lines[self.place.line - 1]

    @property
    def before(self) -> str:
        """What stands before the place in its line."""
        return self.text[: self.place.column - 1]

    @property
    def behind(self) -> str:
        """What stands there, to the end of the line."""
        return self.text[self.place.column - 1 :]

    @property
    def sign(self) -> str:
        """The character that could not be read."""
        return self.behind[:1]

    def at(self, place: Place) -> str:
        """The character at a place."""
        return self.lines[place.line - 1][place.column - 1 : place.column]

    def in_words(self, place: Place) -> str:
        """A place, as told at the one where it stopped."""
        line = f"line {place.line}, " if place.line != self.place.line else ""
        return f"{line}column {place.column}"

    @property
    def runs_on(self) -> bool:
        """Whether it stopped in text that began in a line above."""
        return self.last.start.line < self.place.line == self.last.end.line and self.touches

    @property
    def touches(self) -> bool:
        """Whether what was read last ends in this line, and nothing stands between."""
        line, column = self.last.end
        return line == self.place.line and not self.before[column - 1 :].strip()


def told(stop: Stop) -> Trap:
    """One fault for what stopped a parser."""
    return next((trap for trap in (look(stop) for look in TRAPS) if trap is not None), (stop.place, _said(stop)))


# --- version control ------------------------------------------------------------------------

MAX_ABOVE = 1000
"""How many lines above the place are looked through: a hostile file has millions."""


def _conflict(stop: Stop) -> Trap | None:
    """Both versions of some lines, as version control leaves them where they cannot be joined."""
    for number in range(stop.place.line, max(0, stop.place.line - MAX_ABOVE), -1):
        if stop.lines[number - 1].startswith("<<<<<<< "):
            message = "a merge left two versions here: keep one, without the lines `<<<<<<<`, `=======` and `>>>>>>>`"
            return Place(number, 1), message
    return _merged(stop.text, stop.place.line)


def _merged(line: str, number: int) -> Trap | None:
    """One of the other lines that it leaves, where the first one was taken away."""
    if re.match(r"(?:=======\s*$|>>>>>>> |\|{7} )", line):
        return Place(number, 1), "a merge left this line: take it away, and keep one of the two versions"
    return None


# --- quotes ---------------------------------------------------------------------------------


def _escape(stop: Stop) -> Trap | None:
    """A backslash in double quotes that begins no escape."""
    if "escape" not in stop.problem and "hexdecimal" not in stop.problem:
        return None
    start = stop.text.rfind("\\", 0, stop.place.column)
    sign = stop.text[start + 1 : start + 2]
    if start < 0 or not sign:
        return None
    message = f"`\\{sign}` is nothing that can be read in double quotes: write `\\\\` for a backslash, or single quotes"
    return Place(stop.place.line, start + 1), message


def _open_quote(stop: Stop) -> Trap | None:
    """A quote that is never closed, or by the next one that was meant to open a text."""
    if "quoted scalar" in stop.context and stop.since and ("end of stream" in stop.problem or "escape" in stop.problem):
        return stop.since, _only_escaped(stop, stop.since) or "the quote that opens here is never closed"
    if stop.last.kind is not Kind.QUOTED or not stop.runs_on or stop.sign in ("]", "}"):
        return None
    start = stop.last.start
    ends = f"the quote that opens here is closed only in line {stop.place.line}, where something stands behind it"
    return start, _only_escaped(stop, start) or f"{ends}; close it where its text ends"


def _only_escaped(stop: Stop, start: Place) -> str | None:
    """A text in double quotes whose only closing one, in the line where it begins, has a backslash before it."""
    text = stop.lines[start.line - 1][start.column - 1 :]
    found = re.match(r'"(?:[^"\\]+|\\.)*+', text)
    if found is None or not found.group().rstrip(" ,]}").endswith('\\"') or text[found.end() :].startswith('"'):
        return None
    return (
        'the quote that opens here is not closed by `\\"`: put another `"` behind it, or write `\\\\` for a backslash'
    )


def _behind_quote(stop: Stop) -> Trap | None:
    """Text behind a closing quote."""
    if stop.last.kind is not Kind.QUOTED or not stop.touches or stop.sign in (":", "]", "}", ""):
        return None
    apart = stop.last.end.column < stop.place.column
    if stop.brackets and apart and re.match(r"['\"]|[A-Za-z][\w-]*:(?:\s|$)", stop.behind):
        return stop.place, "a comma is missing before this"
    comma = ", or a comma before this" if stop.brackets and apart else ""
    return stop.place, f"something stands behind the closing quote; put the quotes around the whole text{comma}"


# --- brackets -------------------------------------------------------------------------------

CLOSING = {"[": "]", "{": "}"}


def _other_bracket(stop: Stop) -> Trap | None:
    """A closing bracket where one of the other kind is open, or none."""
    if stop.sign not in ("]", "}") or "not allowed" in stop.problem:
        return None
    if not stop.brackets and "node content" in stop.problem:
        return None  # a text that starts with it
    if not stop.brackets:
        message = (
            f"this `{stop.sign}` closes no bracket that is open; take it away, or quote the text if it belongs to it"
        )
        return stop.place, message
    opened = stop.at(stop.brackets[-1])
    right, where = CLOSING[opened], stop.in_words(stop.brackets[-1])
    if any(CLOSING[stop.at(place)] == stop.sign for place in stop.brackets):
        return stop.place, f"a `{right}` is missing before this: the `{opened}` in {where} is still open"
    return stop.place, f"`{stop.sign}` does not close the `{opened}` in {where}: write `{right}`, or take this away"


def _never_closed(stop: Stop) -> Trap | None:
    """A bracket that is open where a line begins that cannot be within it, or where the file ends."""
    message = "the bracket that opens here is never closed"
    if stop.place.line == len(stop.lines) and not stop.behind:
        return (stop.brackets[-1], message) if stop.brackets else None
    if "flow" in stop.context and stop.since and stop.place.line > stop.since.line:
        opening = stop.lines[stop.since.line - 1]
        return (stop.since, message) if _indentation(stop.text) <= _indentation(opening) else None
    return None


def _behind_bracket(stop: Stop) -> Trap | None:
    """Text behind the last closing bracket."""
    if stop.last.kind is not Kind.BRACKET or not stop.touches or stop.brackets or stop.sign in (":", "]", "}", ""):
        return None
    if stop.behind.strip() == ",":
        return stop.place, "this comma stands behind the closing bracket: take it away"
    return stop.place, "something stands behind the closing bracket; take it away, or put quotes around the whole text"


def _between_brackets(stop: Stop) -> Trap | None:
    """A comma that is missing, or too many: told by the signs here, for hints look at the entries beside it, too."""
    before = stop.before.rstrip()
    if "node content" in stop.problem and "flow" in stop.context and stop.sign == ",":
        return stop.place, "a value is missing before this comma, or the comma is one too many"
    if "',' or" not in stop.problem:
        return None
    if stop.sign in ("{", "["):
        return stop.place, "a `:` or a comma is missing before this"
    if stop.sign not in (":", "}", "]") and (not before or before.endswith(("}", "]"))):
        return stop.place, "a comma is missing before this"
    if stop.sign == ":" and stop.runs_on:
        return _begin(stop), "a comma or a closing bracket is missing before this"
    if stop.sign == ":" and stop.last.kind is Kind.PLAIN:
        return stop.place, "text with `: ` in it must be quoted; where another key begins, a comma is missing before it"
    return None


def _no_opening(stop: Stop) -> Trap | None:
    """A key in what should be a text, where the line ends with a bracket that nothing opens."""
    start = stop.last.start
    if "not allowed" not in stop.problem or stop.last.kind is not Kind.PLAIN or start.line != stop.place.line:
        return None
    closing = _unopened(stop.text[start.column - 1 :].rstrip())
    if closing is None:
        return None
    opening = next(sign for sign, other in CLOSING.items() if other == closing)
    return start, f"a `{opening}` is missing before this, for the `{closing}` at the end of the line"


MAX_LINE = 1000
"""Past which length a line is no longer looked through for brackets: a hostile one is a megabyte long."""


def _unopened(text: str) -> str | None:
    """The closing bracket at the end of a text, if nothing in it opens that."""
    if len(text) > MAX_LINE or text[-1:] not in ("]", "}"):
        return None
    open_signs: list[str] = []
    for sign in re.sub(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", "", text):
        if sign in CLOSING:
            open_signs.append(CLOSING[sign])
        elif sign in CLOSING.values() and (not open_signs or open_signs.pop() != sign):
            return text[-1]
    return None


# --- colons, dashes, indentation ------------------------------------------------------------


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _begin(stop: Stop) -> Place:
    """Where the text of the line begins."""
    return Place(stop.place.line, _indentation(stop.text) + 1)


def _glued(stop: Stop, number: int) -> Trap | None:
    """A key at the beginning of a line that touches its value; what begins with `http://` is none."""
    glued = re.match(r"\s*(?:- +)*([A-Za-z][\w-]*:(?!//)\S.*)", stop.lines[number - 1])
    if glued is None:
        return None
    return Place(number, glued.start(1) + 1), f"`{glued.group(1)[:40]}`: a space is missing after `:`"


def _no_colon(stop: Stop) -> Trap | None:
    """A key without its colon: a parser reads on for it, into the next line."""
    if "find expected ':'" not in stop.problem or stop.since is None:
        return None
    return _glued(stop, stop.since.line) or _keyless(stop, stop.since)


def _keyless(stop: Stop, start: Place) -> Trap:
    """A line without a colon: a key, if what comes below is in it, else perhaps the rest of a text."""
    line = stop.lines[start.line - 1]
    written = line[start.column - 1 :].rstrip()
    below = next((other for other in stop.lines[start.line :] if other.strip()), "")
    merged = _merged(line, start.line)
    if merged:
        return merged
    if written[:1] in OPENING:
        return start, f"the `{written[0]}` that opens here is never closed, or it is one too many"
    dash = re.match(r" *-(?=\w)", line)
    if dash:
        return Place(start.line, dash.end()), NO_SPACE
    holds = _indentation(below) > _indentation(line) or below.lstrip().startswith("- ")
    if holds and re.fullmatch(r"[A-Za-z][\w-]*", written):
        return start, f"`{written[:40]}`: a `:` is missing behind this key"
    missing = "a `: ` is missing in this line, or it belongs to the text above and is indented too little"
    return start, f"`{written[:40]}`: {missing}"


def _ran_on(stop: Stop) -> Trap | None:
    """A key in text that runs on from a line above, because nothing ended that, or this line is indented more."""
    if "not allowed" not in stop.problem or stop.sign != ":":
        return None
    above = next((number for number in range(stop.place.line - 1, 0, -1) if stop.lines[number - 1].strip()), 0)
    glued = _glued(stop, above) if above else None
    if glued and glued[0].column == _indentation(stop.text) + 1:
        return glued
    if stop.last.kind is not Kind.PLAIN or not stop.runs_on:
        return None
    start = stop.last.start
    line = stop.lines[start.line - 1]
    if not line[: start.column - 1].strip(" -") and _indentation(line) <= _indentation(stop.text):
        return _glued(stop, start.line) or _keyless(stop, start)
    less = "indent it less, or quote text that has `: ` in it"
    message = f"this line goes on with the text above, for it is indented more than the key of that; {less}"
    return _no_space(line, start.line) or (_begin(stop), message)


NO_SPACE = "a space is missing behind `-`"
OPENING = ("'", '"', "[", "{")


def _dash_at_sign(stop: Stop) -> Trap | None:
    """A dash that touches the bracket or the quote with which an entry begins."""
    dash = re.match(r" *-(?=[\[{'\"])", stop.text)
    return (Place(stop.place.line, dash.end()), NO_SPACE) if dash else None


def _dash(stop: Stop) -> Trap | None:
    """An entry of a list whose dash touches it."""
    beside = "'-' indicator" in stop.problem or "block end" in stop.problem or "expected key" in stop.problem
    return _no_space(stop.text, stop.place.line) if beside and not stop.before.strip() else None


def _no_space(line: str, number: int) -> Trap | None:
    dash = re.match(r" *-(?=[A-Za-z]\w*:)", line)
    return (Place(number, dash.end()), NO_SPACE) if dash else None


# --- what the line itself shows -------------------------------------------------------------


MUST_BE_QUOTED = "text with `: ` in it must be quoted"

_HINTS = (
    (r"[:,\[{]\s*[<>]=?\s*\d", "write a comparison in words, such as `{at_least: 18}`, `above`, `at_most` or `below`"),
    (r"(?:^\s*|[:,-]\s+|[\[{]\s*)[@`%]", "text that starts with `@`, `%` or a backtick must be quoted"),
    (r"[{\[].*\?", "text with `?` inside `{}` or `[]` must be quoted"),
    (r":\s+[\u201c-\u201e\u2018\u2019\u00ab\u00bb]", "typographic quotes do not quote a text: write `\"` or `'`"),
    (r":\s+[^'\"{\[#]*[^'\"{\[#:]:(?:\s|$)", MUST_BE_QUOTED),
    (
        r":\s*(['\"]).*\1\s*[^\s,}\]#]",
        "something stands behind the closing quote; put the quotes around the whole text",
    ),
)


def _hint(stop: Stop) -> Trap | None:
    """What would be right, where the line shows a trap that we know."""
    column = stop.place.column - 1
    near = stop.text[max(0, column - 300) : column + 300]  # a hostile line is a megabyte long
    plain = _without_flow(near)
    for pattern, message in _HINTS:
        if re.search(pattern, plain if message == MUST_BE_QUOTED else near):
            return stop.place, message
    return None


def _without_flow(text: str) -> str:
    """A text without what is quoted in it, and without what stands between brackets."""
    text = re.sub(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", "", text)
    before = ""
    while text != before:
        before, text = text, re.sub(r"\{[^{}\[\]]*\}|\[[^{}\[\]]*\]", "", text)
    return text


TRAPS: Sequence[Callable[[Stop], Trap | None]] = (
    _conflict,
    _dash_at_sign,
    _escape,
    _open_quote,
    _no_colon,
    _never_closed,
    _other_bracket,
    _behind_quote,
    _behind_bracket,
    _between_brackets,
    _ran_on,
    _no_opening,
    _dash,
    _hint,
)


def _said(stop: Stop) -> str:
    """A parser's complaint in words that help."""
    if "block scalar" in stop.context:
        return "behind `|` or `>` the text starts on the next line; quote text that starts with such a sign"
    if "node content" in stop.problem or "cannot start any token" in stop.problem:
        return f"text that starts with `{stop.sign}` must be quoted"
    if "'-' indicator" in stop.problem or "block end" in stop.problem or "expected key" in stop.problem:
        return "the indentation does not fit the lines above"
    if "not allowed" in stop.problem:
        return f"`{stop.sign}` cannot stand here: quote text that has it, and check the indentation"
    if "unexpected ':'" in stop.problem:
        return "a space is missing after `:`"
    if "',' or" in stop.problem:
        return "a comma or a closing bracket is missing before this"
    return "the YAML cannot be read on from here: quote text with special signs, and check the indentation"
