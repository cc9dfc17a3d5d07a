"""The top of a file: `sep=` line, delimiter, header -> which column answers which question.

Nothing is guessed. A delimiter is taken because it makes the header name the most questions, a
column because its header does; what is doubtful stops the batch until an option settles it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from iopscreen.batch.header_lines import line_of_a_row, line_of_the_quote, names_of, refuse_unnamed
from iopscreen.batch.hints import Likeness, doubts_about, near_to
from iopscreen.batch.lines import decoded
from iopscreen.batch.option_words import OptionWords
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import RuleSet
from iopscreen.ruleset.shape import did_you_mean, shown
from iopscreen.ruleset.values import name_key, spelling_key

APPENDED = ("recommendation", "rule", "because", "possible", "ask_next", "assumed", "staff_notes", "problem")
DELIMITERS = ",;\t|"
MAX_HEADER_LINES = 20
MAX_SHOWN = 12
"""How many headers a message lists."""

_STRAY_BYTE = re.compile("[\udc80-\udcff]")
"""What `decoded` makes of a byte that is no text."""
_SEP = re.compile(r"sep=([!#-/:-@\[-`{-~\t])\s*", re.IGNORECASE)
UTF_8_MARK = b"\xef\xbb\xbf"


class Choices(NamedTuple):
    """What the user says about columns: header -> question id, headers that answer none; and how such is said."""

    map: Mapping[str, str]
    ignored: frozenset[str]
    words: OptionWords

    def ignore(self, cell: str, name: str) -> bool:
        """Whether a column is one of `ignored`, by its whole header or by the name that messages give it."""
        return not {name_key(cell), name_key(name)}.isdisjoint(map(name_key, self.ignored))


class Top(NamedTuple):
    """The lines of a file down to its header. `before`: those above the header; `lines`: how many in all.

    `cells`: the header as it stands there; `headers`: what columns are called, each on one line.
    """

    before: bytes
    blank_lines: int
    raw: bytes
    cells: tuple[str, ...]
    headers: tuple[str, ...]
    delimiter: str
    line: int
    lines: int
    left_over: tuple[bytes, ...]
    """Lines that were read on the way, and belong to the rows."""

    def place(self, name: str) -> str:
        """Where messages about the header of file `name` point to. A table has no lines."""
        return f"{name}:{self.line}" if self.line else name


class Columns(NamedTuple):
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
        return self._replace(
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
    where = f"{name}:{number}"
    head = _whole_header(first, lines)
    texts = [_text(first, encoding, number, name), *(decoded(line, encoding) for line in head[1:])]
    _refuse_undecodable(texts[:1], encoding, where)
    readings = _readings(texts, separator)
    if not readings:
        raise IopscreenError(f"{where}: the header holds a quote that is never closed; close it, or remove it")
    delimiter = _delimiter(readings, known, where, rule_set)
    cells, used = readings[delimiter]
    _refuse_undecodable(texts[:used], encoding, where)
    _refuse_rows_within(texts, used, cells, delimiter, (name, number))
    refuse_unnamed(cells, where)
    return Top(
        before=b"".join(above),
        blank_lines=len(above) - (separator is not None),
        raw=b"".join(head[:used]),
        cells=tuple(cells),
        headers=names_of(cells),
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
    _refuse_nul([text], f"{name}:{number}")
    if number > 1:
        return text
    if line.startswith(UTF_8_MARK) and encoding != "utf-8":
        raise IopscreenError(f"{name}: the file says that it is in UTF-8 (byte order mark); leave out `--encoding`")
    return text.removeprefix("\ufeff")


def _whole_header(first: bytes, lines: Iterator[bytes]) -> list[bytes]:
    """The header's lines, and perhaps more: where a quote stands in the first, some that may belong to it."""
    return [first, *islice(lines, MAX_HEADER_LINES - 1 if b'"' in first else 0)]


def _refuse_nul(texts: Sequence[str], where: str) -> None:
    if any("\0" in text for text in texts):
        message = "the line holds NUL characters: this is no text, or it is in UTF-16; save it as `CSV UTF-8`"
        raise IopscreenError(f"{where}: {message}")


def _refuse_undecodable(texts: Sequence[str], encoding: str, where: str) -> None:
    """Refuse a header with bytes that are no text: a name that cannot be read would answer no question."""
    if any(_STRAY_BYTE.search(text) for text in texts):
        message = f"the header holds bytes that are not {encoding} text"
        raise IopscreenError(f"{where}: {message}: save the file as UTF-8, or name its encoding with `--encoding`")


def _refuse_rows_within(
    texts: Sequence[str], used: int, cells: Sequence[str], delimiter: str, place: tuple[str, int]
) -> None:
    """Refuse a header of several lines one of which looks like a row: its caller would vanish."""
    name, number = place
    _refuse_nul(texts[:used], f"{name}:{number}")
    row = line_of_a_row(texts[:used], texts[used:], cells, delimiter)
    if row is not None:
        quote = line_of_the_quote(texts[:used], delimiter, row)
        message = f"a quote opened on this line, in the header, takes in line {number + row}, which looks like a row"
        remedy = "close it, or remove it; if both lines belong to the header, write each name on one line"
        raise IopscreenError(f"{name}:{number + quote}: {message}; {remedy}")


def _readings(texts: list[str], separator: str | None) -> dict[str, tuple[list[str], int]]:
    """By delimiter that the header may have: its cells, and of how many lines it is."""
    # A name may go on below the first line before a delimiter comes.
    looked_at = texts if texts[0].count('"') % 2 else texts[:1]
    marks = [mark for mark in DELIMITERS if any(mark in text for text in looked_at)]
    candidates = [separator] if separator else marks or [DELIMITERS[0]]
    found = {}
    for delimiter in candidates:
        reader = csv.reader(texts, delimiter=delimiter, strict=True)
        try:
            found[delimiter] = next(reader), reader.line_num
        except csv.Error:
            continue
    return found


def _delimiter(readings: Mapping[str, tuple[list[str], int]], known: _Known, where: str, rule_set: RuleSet) -> str:
    """The delimiter by which the header names the most questions. None and a tie are refused."""
    named = {mark: len({*known.questions(cells)} - {None}) for mark, (cells, _) in readings.items()}
    most = max(named.values())
    best = [mark for mark, count in named.items() if count == most]
    if most == 0:
        cells = max((cells for cells, _ in readings.values()), key=len)
        # A first line that holds none of the names may be some caller's: no message repeats it.
        of = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
        found = f"the first line, of {of}, names none (put a line with names above the first caller)"
        raise IopscreenError(f"{where}: {_no_question(found, rule_set, OptionWords.COMMAND_LINE)}")
    if len(best) > 1:
        marks = " or ".join(_mark_name(mark) for mark in best)
        message = f"the header names {_questions(most)} whether its delimiter is {marks}"
        raise IopscreenError(f"{where}: {message}; say which with a line `sep={best[0]}` above it")
    return best[0]


def refuse_no_question(headers: Sequence[str], rule_set: RuleSet, choices: Choices, name: str) -> None:
    """Refuse a table in which no column answers a question."""
    known = _known_headers(rule_set, choices)
    if not any(known.questions(headers)):
        found = f"found {_listed(names_of(headers))}" if headers else "it has no columns"
        raise IopscreenError(f"{name}: {_no_question(found, rule_set, choices.words)}")


def _no_question(found: str, rule_set: RuleSet, words: OptionWords) -> str:
    wanted = ", ".join(
        f"`{question.id}`" + (f" ({shown(question.column)})" if question.column else "")
        for question in rule_set.questions
    )
    message = f"no column is a question of rule set `{rule_set.id}`: {found}; wanted {wanted}"
    return f"{message}; {words.any_map} maps other names"


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
    _refuse_absent(top, choices, where)
    _refuse_taken(top, added, choices.words, where)
    _refuse_twice(top, choices, where)
    place = _places(top, _known_headers(rule_set, choices), choices.words, where)
    columns = [*zip(top.headers, top.cells, strict=True)]
    unmapped = [column for index, column in enumerate(columns) if index not in place.values()]
    own = _known_headers(rule_set, choices._replace(map={}, ignored=frozenset())).by_header
    answer_none = [(name, cell) for name, cell in unmapped if name.strip() and not choices.ignore(cell, name)]
    without = [question for question in rule_set.questions if question.id not in place]
    doubts = tuple(doubts_about(answer_none, without))
    doubtful = {question for _, question in doubts}
    return Columns(
        place={question.id: place[question.id] for question in rule_set.questions if question.id in place},
        unmapped=tuple(name for name, _ in answer_none),
        ignored=tuple(name for name, cell in unmapped if choices.ignore(cell, name)),
        set_aside=frozenset(own[key] for key in map(name_key, choices.ignored) if key in own),
        doubts=doubts,
        near=tuple(near_to(answer_none, [question for question in without if question.id not in doubtful])),
    )


def doubt_text(header: str, question: str, words: OptionWords) -> str:
    """What is doubtful, and how to settle it."""
    settle = f"{words.mapped(header, question)} or {words.ignored(header)}"
    return f"{shown(header)} may be what `{question}` asks, which has no column; settle it with {settle}"


def _places(top: Top, known: _Known, words: OptionWords, where: str) -> dict[str, int]:
    """The place of each question's column."""
    place: dict[str, int] = {}
    for index, question in enumerate(known.questions(top.cells)):
        if question in place:
            both = _two_columns(top.headers, place[question], index)
            message = f"{both}, both answer `{question}`; leave one out with {words.ignore}, or rename it"
            raise IopscreenError(f"{where}: {message}")
        if question is not None:
            place[question] = index
    return place


def _refuse_twice(top: Top, choices: Choices, where: str) -> None:
    """Refuse two columns of one name: whoever reads such a file by name gets the one or the other."""
    first: dict[str, int] = {}
    for index, (name, cell) in enumerate(zip(top.headers, top.cells, strict=True)):
        key = spelling_key(cell)
        if not key or choices.ignore(cell, name):
            continue
        if first.setdefault(key, index) != index:
            both = _two_columns(top.headers, first[key], index)
            message = f"{both}, have one name; rename one of them, or leave both out with {choices.words.ignore}"
            raise IopscreenError(f"{where}: {message}")


def _two_columns(headers: Sequence[str], one: int, other: int) -> str:
    return f"column {one + 1}, {shown(headers[one])}, and column {other + 1}, {shown(headers[other])}"


class _Known(NamedTuple):
    """Question id by header, as headers are compared. `by_option`: those that the user named."""

    by_header: Mapping[str, str]
    by_option: Mapping[str, str]

    def questions(self, cells: Sequence[str]) -> Iterator[str | None]:
        """What each column answers.

        A column is what its whole header says; the user may call one of several lines as messages do.
        """
        for name, cell in zip(names_of(cells), cells, strict=True):
            yield self.by_header.get(name_key(cell)) or self.by_option.get(name_key(name))


def _known_headers(rule_set: RuleSet, choices: Choices) -> _Known:
    """Which headers answer a question. Raises IopscreenError for a map to no question."""
    known = {name_key(question.id): question.id for question in rule_set.questions}
    known |= {name_key(question.column): question.id for question in rule_set.questions if question.column}
    for header in choices.ignored:
        known.pop(name_key(header), None)
    for question in choices.map.values():
        if question not in rule_set.question:
            close = did_you_mean(question, rule_set.question) or f"; questions: {', '.join(rule_set.question)}"
            raise IopscreenError(
                f"{choices.words.map}: {shown(question)} is not a question of rule set `{rule_set.id}`{close}"
            )
    by_option = {name_key(header): question for header, question in choices.map.items()}
    return _Known(known | by_option, by_option)


def _refuse_absent(top: Top, choices: Choices, where: str) -> None:
    """Refuse an option that names a header the file does not have, or says two things of one."""
    names = {name_key(name): name for name in top.headers}
    present = {*names} | {name_key(cell) for cell in top.cells}
    words = choices.words
    for option, named in ((words.map, list(choices.map)), (words.ignore, sorted(choices.ignored))):
        for header in named:
            if name_key(header) not in present:
                close = did_you_mean(name_key(header), names, names) or f"; found {_listed(top.headers)}"
                raise IopscreenError(f"{where}: {option}: there is no column {shown(header)}{close}")
    ignored = {name_key(header) for header in choices.ignored}
    for header in choices.map:
        if name_key(header) in ignored:
            raise IopscreenError(
                f"{shown(header)} is named by {words.map} and by {words.ignore}; leave one of them out"
            )


def _refuse_taken(top: Top, added: Sequence[str], words: OptionWords, where: str) -> None:
    # Many programs that read the result take `Problem` and `problem` for one column.
    ours = {spelling_key(column) for column in added}
    taken = [name for name, cell in zip(top.headers, top.cells, strict=True) if spelling_key(cell) in ours]
    if taken:
        message = f"there are columns already that the results need: {_listed(taken)}"
        raise IopscreenError(f"{where}: {message}; name the new ones with {words.prefix}")
