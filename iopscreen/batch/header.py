"""The top of a file: `sep=` line, delimiter, header -> which column answers which question.

Nothing is guessed. A delimiter is taken because it makes the header name the most questions, a
column because its header does; what is doubtful stops the batch until an option settles it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from iopscreen.batch.lines import decoded
from iopscreen.batch.problems import is_ours
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Question, RuleSet
from iopscreen.ruleset.shape import did_you_mean, shown
from iopscreen.ruleset.values import name_key, spelling_key

APPENDED = ("recommendation", "rule", "because", "possible", "ask_next", "assumed", "staff_notes", "problem")
DELIMITERS = ",;\t|"
MAX_HEADER_LINES = 20
MAX_NAME = 60
"""Characters of a header that are compared with names."""
MIN_WORD = 4
"""Shorter words, `of` or `the`, say nothing about what a column holds."""
MAX_SHOWN = 12
"""How many headers a message lists."""

_STRAY_BYTE = re.compile("[\udc80-\udcff]")
"""What `decoded` makes of a byte that is no text."""
_SEP = re.compile(r"sep=([!#-/:-@\[-`{-~\t])\s*", re.IGNORECASE)
UTF_8_MARK = b"\xef\xbb\xbf"


class Choices(NamedTuple):
    """What the user says about columns: header -> question id, and headers that answer none."""

    map: Mapping[str, str]
    ignored: frozenset[str]


@dataclass(frozen=True, slots=True)
class Top:
    """The lines of a file down to its header. `before`: those above the header; `lines`: how many in all."""

    before: bytes
    blank_lines: int
    raw: bytes
    headers: tuple[str, ...]
    delimiter: str
    line: int
    lines: int
    left_over: tuple[bytes, ...]
    """Lines that were read on the way, and belong to the rows."""

    def place(self, name: str) -> str:
        """Where messages about the header of file `name` point to. A table has no lines."""
        return f"{name}:{self.line}" if self.line else name


Likeness = tuple[str, str]
"""The header of a column, and the question that it may answer."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The place of each question's column, in the order of the rule set, and the headers of the others."""

    place: Mapping[str, int]
    unmapped: tuple[str, ...]
    ignored: tuple[str, ...]
    set_aside: frozenset[str]
    doubts: tuple[Likeness, ...]
    """Columns that a hint of the rule set names: nothing is decided before they are settled."""
    near: tuple[Likeness, ...]
    """Columns that may answer a question without one, by their name."""

    def without(self, other: Columns) -> Columns:
        """These, but that a column which answers a question of `other` is not one that answers none."""
        return replace(
            self,
            unmapped=tuple(header for header in self.unmapped if header in other.unmapped),
            near=tuple(likeness for likeness in self.near if likeness[0] in other.unmapped),
        )


class Doubtful(IopscreenError):
    """Columns that only the user can settle: `problems`, one each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def parse_map(texts: Sequence[str]) -> dict[str, str]:
    """`HEADER=question` -> question id by header; the last `=` counts. Raises IopscreenError."""
    found: dict[str, str] = {}
    header_of: dict[str, str] = {}
    for text in texts:
        header, _, question = (part.strip() for part in text.rpartition("="))
        if not header or not question:
            message = f"`--map {text}` should be a header and a question of the rule set"
            raise IopscreenError(f'{message}, such as `--map "Needs detox=detox_need"`')
        other = found.get(header_of.setdefault(name_key(header), header), question)
        if other != question:
            raise IopscreenError(f"`--map` names {shown(header)} twice: for `{other}` and for `{question}`")
        found[header_of[name_key(header)]] = question
    return found


# --- reading the top ------------------------------------------------------------------------


def read_top(lines: Iterator[bytes], name: str, encoding: str, rule_set: RuleSet, choices: Choices) -> Top:
    """Read `lines` down to the header, and no further than `left_over`. Raises IopscreenError."""
    known = _known_headers(rule_set, choices)
    above, separator, first = _above_header(lines, name, encoding)
    number = len(above) + 1
    head = _whole_header(first, lines, encoding)
    texts = [_text(line, encoding, number + index, name) for index, line in enumerate(head)]
    _refuse_undecodable(texts, encoding, f"{name}:{number}")
    readings = _readings(texts, separator)
    if not readings:
        raise IopscreenError(f"{name}:{number}: the header holds a quote that is never closed; close it, or remove it")
    delimiter = _delimiter(readings, known, f"{name}:{number}", rule_set)
    cells, used = readings[delimiter]
    return Top(
        before=b"".join(above),
        blank_lines=len(above) - (separator is not None),
        raw=b"".join(head[:used]),
        headers=tuple(cells),
        delimiter=delimiter,
        line=number,
        lines=len(above) + used,
        left_over=tuple(head[used:]),
    )


def _above_header(lines: Iterator[bytes], name: str, encoding: str) -> tuple[list[bytes], str | None, bytes]:
    """The lines above the header (`sep=`, blank ones), the delimiter they name, the header's first line."""
    above: list[bytes] = []
    separator = None
    for line in lines:
        text = _text(line, encoding, len(above) + 1, name)
        sep = None if separator else _SEP.fullmatch(text)
        if sep is None and text.strip():
            return above, separator, line
        separator = sep.group(1) if sep else separator
        above.append(line)
    found = "holds no line with the names of its columns" if above else "is empty"
    raise IopscreenError(f"{name}: the file {found}; its first line should name the columns")


def _text(line: bytes, encoding: str, number: int, name: str) -> str:
    """One line of the top as text, without a byte order mark."""
    text = decoded(line, encoding)
    if "\0" in text:
        message = "the line holds NUL characters: this is no text, or it is in UTF-16; save it as `CSV UTF-8`"
        raise IopscreenError(f"{name}:{number}: {message}")
    if number > 1:
        return text
    if line.startswith(UTF_8_MARK) and encoding != "utf-8":
        raise IopscreenError(f"{name}: the file says that it is in UTF-8 (byte order mark); leave out `--encoding`")
    return text.removeprefix("\ufeff")


def _whole_header(first: bytes, lines: Iterator[bytes], encoding: str) -> list[bytes]:
    """The header's lines, and perhaps more: lines until every quote has its counterpart."""
    head = [first]
    while sum(decoded(line, encoding).count('"') for line in head) % 2 and len(head) < MAX_HEADER_LINES:
        line = next(lines, None)
        if line is None:
            break
        head.append(line)
    return head


def _refuse_undecodable(texts: Sequence[str], encoding: str, where: str) -> None:
    """Refuse a header with bytes that are no text: a name that cannot be read would answer no question."""
    if any(_STRAY_BYTE.search(text) for text in texts):
        message = f"the header holds bytes that are not {encoding} text"
        raise IopscreenError(f"{where}: {message}: save the file as UTF-8, or name its encoding with `--encoding`")


def _readings(texts: list[str], separator: str | None) -> dict[str, tuple[list[str], int]]:
    """By delimiter that the header may have: its cells, and of how many lines it is."""
    candidates = [separator] if separator else [mark for mark in DELIMITERS if mark in texts[0]] or [DELIMITERS[0]]
    found = {}
    for delimiter in candidates:
        reader = csv.reader(texts, delimiter=delimiter, strict=True)
        try:
            found[delimiter] = next(reader), reader.line_num
        except csv.Error:
            continue
    return found


def _delimiter(
    readings: Mapping[str, tuple[list[str], int]], known: Mapping[str, str], where: str, rule_set: RuleSet
) -> str:
    """The delimiter by which the header names the most questions. None and a tie are refused."""
    named = {mark: len({known.get(name_key(cell)) for cell in cells} - {None}) for mark, (cells, _) in readings.items()}
    most = max(named.values())
    best = [mark for mark, count in named.items() if count == most]
    if most == 0:
        cells = max((cells for cells, _ in readings.values()), key=len)
        # A first line that holds none of the names may be some caller's: no message repeats it.
        found = f"the first line, of {len(cells)} cells, names none (put a line with names above the first caller)"
        raise IopscreenError(f"{where}: {_no_question(found, rule_set)}")
    if len(best) > 1:
        marks = " or ".join(_mark_name(mark) for mark in best)
        message = f"the header names {_questions(most)} whether its delimiter is {marks}"
        raise IopscreenError(f"{where}: {message}; say which with a line `sep={best[0]}` above it")
    return best[0]


def refuse_no_question(headers: Sequence[str], rule_set: RuleSet, choices: Choices, name: str) -> None:
    """Refuse a table in which no column answers a question."""
    known = _known_headers(rule_set, choices)
    if not any(name_key(header) in known for header in headers):
        found = f"found {_listed(headers)}" if headers else "it has no columns"
        raise IopscreenError(f"{name}: {_no_question(found, rule_set)}")


def _no_question(found: str, rule_set: RuleSet) -> str:
    wanted = ", ".join(
        f"`{question.id}`" + (f" ({shown(question.column)})" if question.column else "")
        for question in rule_set.questions
    )
    message = f"no column is a question of rule set `{rule_set.id}`: {found}; wanted {wanted}"
    return f"{message}; `--map HEADER=QUESTION` maps other names"


def _listed(headers: Sequence[str]) -> str:
    names = [shown(header) for header in headers if header.strip()]
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(names[:MAX_SHOWN]) + more


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count} questions"


def _mark_name(mark: str) -> str:
    return "a tab" if mark == "\t" else f"`{mark}`"


# --- columns and questions ------------------------------------------------------------------


def match_columns(top: Top, rule_set: RuleSet, choices: Choices, added: Sequence[str], name: str) -> Columns:
    """Which column answers which question. `added`: the names of our columns.

    Raises IopscreenError for names that say two things; what is doubtful stands in `doubts`.
    """
    where = top.place(name)
    _refuse_absent(top.headers, choices, where)
    _refuse_taken(top.headers, added, where)
    _refuse_twice(top.headers, choices, where)
    place = _places(top.headers, _known_headers(rule_set, choices), where)
    unmapped = [header for index, header in enumerate(top.headers) if index not in place.values()]
    ignored_keys = {name_key(header) for header in choices.ignored}
    own = _known_headers(rule_set, Choices({}, frozenset()))
    answer_none = tuple(header for header in unmapped if header.strip() and name_key(header) not in ignored_keys)
    without = [question for question in rule_set.questions if question.id not in place]
    doubts = tuple(_doubts(answer_none, without))
    doubtful = {question for _, question in doubts}
    return Columns(
        place={question.id: place[question.id] for question in rule_set.questions if question.id in place},
        unmapped=answer_none,
        ignored=tuple(header for header in unmapped if name_key(header) in ignored_keys),
        set_aside=frozenset(own[key] for key in ignored_keys if key in own),
        doubts=doubts,
        near=tuple(_near(answer_none, [question for question in without if question.id not in doubtful])),
    )


def doubt_text(header: str, question: str) -> str:
    """What is doubtful, and how to settle it."""
    settle = f'`--map "{header}={question}"` or `--ignore-column "{header}"`'
    return f"{shown(header)} may be what `{question}` asks, which has no column; settle it with {settle}"


def _places(headers: Sequence[str], known: Mapping[str, str], where: str) -> dict[str, int]:
    """The place of each question's column."""
    place: dict[str, int] = {}
    for index, header in enumerate(headers):
        question = known.get(name_key(header))
        if question in place:
            both = _two_columns(headers, place[question], index)
            message = f"{both}, both answer `{question}`; leave one out with `--ignore-column`, or rename it"
            raise IopscreenError(f"{where}: {message}")
        if question is not None:
            place[question] = index
    return place


def _refuse_twice(headers: Sequence[str], choices: Choices, where: str) -> None:
    """Refuse two columns of one name: whoever reads such a file by name gets the one or the other."""
    ignored = {name_key(header) for header in choices.ignored}
    first: dict[str, int] = {}
    for index, header in enumerate(headers):
        key = spelling_key(header)
        if not key or name_key(header) in ignored:
            continue
        if first.setdefault(key, index) != index:
            both = _two_columns(headers, first[key], index)
            message = f"{both}, have one name; rename one of them, or leave both out with `--ignore-column`"
            raise IopscreenError(f"{where}: {message}")


def _two_columns(headers: Sequence[str], one: int, other: int) -> str:
    return f"column {one + 1}, {shown(headers[one])}, and column {other + 1}, {shown(headers[other])}"


def _known_headers(rule_set: RuleSet, choices: Choices) -> dict[str, str]:
    """Question id by header, as headers are compared."""
    known = {name_key(question.id): question.id for question in rule_set.questions}
    known |= {name_key(question.column): question.id for question in rule_set.questions if question.column}
    for header in choices.ignored:
        known.pop(name_key(header), None)
    for header, question in choices.map.items():
        if question not in rule_set.question:
            close = did_you_mean(question, rule_set.question) or f"; questions: {', '.join(rule_set.question)}"
            raise IopscreenError(f"`--map`: {shown(question)} is not a question of rule set `{rule_set.id}`{close}")
        known[name_key(header)] = question
    return known


def _refuse_absent(headers: Sequence[str], choices: Choices, where: str) -> None:
    """Refuse an option that names a header the file does not have, or says two things of one."""
    present = {name_key(header) for header in headers}
    for option, named in (("--map", list(choices.map)), ("--ignore-column", sorted(choices.ignored))):
        for header in named:
            if name_key(header) not in present:
                close = did_you_mean(name_key(header), present) or f"; found {_listed(headers)}"
                raise IopscreenError(f"{where}: `{option}`: the file has no column {shown(header)}{close}")
    ignored = {name_key(header) for header in choices.ignored}
    for header in choices.map:
        if name_key(header) in ignored:
            raise IopscreenError(f"{shown(header)} is named by `--map` and by `--ignore-column`; leave one of them out")


def _refuse_taken(headers: Sequence[str], added: Sequence[str], where: str) -> None:
    # Many programs that read the result take `Problem` and `problem` for one column.
    ours = {spelling_key(column) for column in added}
    taken = [header for header in headers if spelling_key(header) in ours]
    if taken:
        message = f"the file has columns already that the results need: {_listed(taken)}"
        raise IopscreenError(f"{where}: {message}; name the new ones with `--prefix`, such as `--prefix new_`")


def _doubts(headers: Sequence[str], without: Sequence[Question]) -> Iterator[Likeness]:
    """Columns that sound like a question without one, by the hints of the rule set."""
    for question in without:
        hints = [name_key(hint) for hint in question.header_hints]
        for header in headers:
            if not is_ours(header) and any(f" {hint}" in _words(header) for hint in hints):
                yield header, question.id


def _near(headers: Sequence[str], without: Sequence[Question]) -> Iterator[Likeness]:
    """Columns nearly named like a question without one, or that share a word with it: a slip leaves it unknown."""
    from difflib import get_close_matches

    named = [(name, question.id) for question in without for name in (question.id, question.column) if name]
    names = {name_key(name): question for name, question in named}
    for header in headers:
        close = get_close_matches(name_key(header)[:MAX_NAME], names, n=1, cutoff=0.8)
        alike = close or [name for name in names if _long_words(name) & _long_words(header)]
        if alike and not is_ours(header):
            yield header, names[alike[0]]


def _long_words(text: str) -> set[str]:
    return {word for word in _words(text).split() if len(word) >= MIN_WORD}


def _words(header: str) -> str:
    """The words of `header`, each after a space; `RiskLevel` is two."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    return " " + " ".join(re.findall(r"[^\W_]+", parted.casefold()))
