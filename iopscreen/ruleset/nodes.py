"""YAML text -> nodes that know their place. The only door of yaml.

The author's *text* is kept (`yes` stays `yes`, `1.10` stays `1.10`): what a scalar
means is decided by the reader that expects it. Anchors, aliases, tags, merge keys,
directives, several documents and duplicate keys are refused. Depth and node count
are capped while the parser streams, so that a hostile file costs milliseconds and
the C parser never sees the nesting that would bring it down.

The C and the pure Python parser read the same files alike: what they are known to
read differently (tabs between tokens, `?` in flow text) is refused here.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from iopscreen.ruleset.findings import Faults, Place
from iopscreen.ruleset.syntax import Kind, Last, Stop, Trap, told

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 400_000


class Scalar(NamedTuple):
    """A single value, as its author wrote it. `plain` is false for quoted and block text."""

    text: str
    plain: bool
    place: Place
    glued_comment: bool = False
    """Plain text ended by ` #` with no space behind it: the author may not have meant a comment."""
    refused: bool = False
    """An alias or a tagged value: told to be a fault already, and no value."""

    @property
    def empty(self) -> bool:
        """Nothing was written (or YAML's word for nothing)."""
        return self.plain and self.text in _NOTHING


class Sequence(NamedTuple):
    """A list."""

    items: tuple[Node, ...]
    place: Place


class Mapping(NamedTuple):
    """Keys and values in file order. Keys differ: a repeated one was refused and left out."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place
    flow: bool


Node = Scalar | Sequence | Mapping

_NOTHING = frozenset(["", "~", "null", "Null", "NULL"])


def parse(data: bytes, faults: Faults, *, pure: bool = False) -> Node | None:
    """Read one YAML document. None when nothing could be read; every fault is in `faults`.

    `pure` asks for the pure Python parser, which reads the same and is about ten times slower.
    """
    text = decode(data, faults)
    if text is None:
        return None
    known = len(faults.found)
    try:
        return _Builder(text, faults).build(pure)
    except _DeeperThanTheParserReads:  # it reads ahead of our own limit; the other parser tells where that is passed
        del faults.found[known:]
        return _Builder(text, faults).build(pure=True)


def decode(data: bytes, faults: Faults) -> str | None:
    """UTF-8, with or without a byte order mark, and no character that hides in an editor."""
    if len(data) > MAX_BYTES:
        limit = f"{MAX_BYTES // 1024 // 1024} MiB"
        faults.add("too-large", Place(1, 1), f"the file is larger than {limit}; split it")
        return None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        faults.add("not-utf8", Place(1, 1), "the file is in UTF-16; save it as UTF-8")
        return None
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place_after(data[: error.start].decode("utf-8"))
        faults.add("not-utf8", place, f"byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8")
        return None
    bad = _FORBIDDEN.search(text)
    if bad:
        faults.add("control-character", _place_after(text[: bad.start()]), _say_forbidden(bad.group()))
        return None
    if not text.strip():
        faults.add("empty-file", Place(1, 1), "the file is empty")
        return None
    directive = _DIRECTIVE.match(text)
    if directive:
        place = _place_after(text[: directive.end() - 1])
        faults.add("yaml-feature", place, "directives (`%...`) are not read; remove the line")
        return None
    return text


_DIRECTIVE = re.compile(r"(?:[ \r]*(?:#[^\n]*)?\n)*%")


# Controls, line separators that editors do not count as lines, and characters that turn or hide text.
# A joiner (U+200C, U+200D) is part of some scripts, and of emoji; beside an ASCII character it only hides.
_FORBIDDEN = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
    "|[\u200c\u200d](?![^\x00-\x7f])|(?<![^\x00-\x7f])[\u200c\u200d]|\r(?!\n)"
)


def _say_forbidden(character: str) -> str:
    if character == "\t":
        return "a tab: use spaces"
    if character == "\r":
        return "a carriage return without a line feed: save the file with ordinary line ends"
    return f"character U+{ord(character):04X} is not allowed in this file; remove it"


def _place_after(text: str) -> Place:
    """The place of the character that follows `text`."""
    return Place(text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1)


@cache
def _loader(pure: bool) -> Any:
    import yaml

    return yaml.SafeLoader if pure or not yaml.__with_libyaml__ else yaml.CSafeLoader


class _TooMuch(Exception):
    """A cap was reached: said once, and nothing more is read."""


class _DeeperThanTheParserReads(Exception):
    """The C parser has, from PyYAML 6.0.4 on, a limit of nesting of its own."""


class _Builder:
    """Folds the parser's events into nodes, without recursion."""

    def __init__(self, text: str, faults: Faults) -> None:
        self.lines = text.replace("\r", "").split("\n")  # it stands before a line feed alone, or was refused
        self.text = text
        self.faults = faults
        self.count = 0
        self.open: list[tuple[Any, list[Node]]] = []
        self.root: Node | None = None
        self.documents = 0
        self.last: Any = None
        """What was read last, of what stands in the text."""

    def build(self, pure: bool) -> Node | None:
        import yaml

        take = {
            yaml.DocumentStartEvent: self._document,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end_mapping,
            yaml.SequenceEndEvent: self._end_sequence,
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
        }
        try:
            for event in yaml.parse(self.text, Loader=_loader(pure)):
                step = take.get(type(event))
                self._remember(event)
                if step is not None:
                    step(event)
        except _TooMuch:
            return None
        except yaml.MarkedYAMLError as error:
            if not pure and "nesting depth" in (error.problem or ""):
                raise _DeeperThanTheParserReads from None
            self._syntax(error)
            return None
        if self.root is None or (isinstance(self.root, Scalar) and self.root.empty):
            self.faults.add("empty-file", Place(1, 1), "the file holds nothing but comments")
            return None
        return self.root

    def _remember(self, event: Any) -> None:
        if event.start_mark.index < event.end_mark.index:
            self.last = event

    def _start(self, event: Any) -> None:
        self._count(event)
        self.open.append((event, []))

    def _end_mapping(self, _event: Any) -> None:
        start, children = self.open.pop()
        self._add(self._mapping(start, children))

    def _end_sequence(self, _event: Any) -> None:
        start, children = self.open.pop()
        self._add(Sequence(tuple(children), self._place(start)))

    def _alias(self, event: Any) -> None:
        self._fault("yaml-feature", event, "aliases (`*name`) are not read; write the value out, or quote it")
        self._add(Scalar("", False, self._place(event), refused=True))

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._fault("several-documents", event, "a second document starts here; a file holds one")
            raise _TooMuch

    def _refuse_features(self, event: Any) -> None:
        if event.anchor is not None:
            self._fault("yaml-feature", event, "anchors (`&name`) are not read; write the value out, or quote it")
        if event.tag is not None:
            self._fault("yaml-feature", event, "tags (`!name`) are not read; quote text that starts with `!`")

    def _count(self, event: Any) -> None:
        """Count a value, and refuse what it may not have."""
        if event.anchor is not None or event.tag is not None:
            self._refuse_features(event)
        self.count += 1
        if len(self.open) >= MAX_DEPTH:
            self._fault("too-deep", event, f"nested deeper than {MAX_DEPTH} levels")
            raise _TooMuch
        if self.count > MAX_NODES:
            self._fault("too-large", event, f"more than {MAX_NODES:,} values; split the file")
            raise _TooMuch

    def _add(self, node: Node) -> None:
        if self.open:
            self.open[-1][1].append(node)
        else:
            self.root = node

    def _scalar(self, event: Any) -> None:
        self._count(event)
        place = self._place(event)
        plain = not event.style  # None from one parser, an empty text from the other
        glued = False
        if event.style in ("|", ">"):
            self._refuse_odd_header(event, place)
        elif event.style == '"':
            self._refuse_escaped(event, place)
        if plain and event.value:
            line, end = self.lines[event.end_mark.line], event.end_mark.column
            glued = line.startswith(" #", end) and line[end + 2 : end + 3].strip() != ""
            if "?" in event.value and any(start.flow_style for start, _ in self.open):
                self._fault("syntax", event, "text with `?` inside `{}` or `[]` must be quoted")
        self._add(Scalar(event.value, plain, place, glued, event.tag is not None))

    def _refuse_escaped(self, event: Any, place: Place) -> None:
        """An escape sequence brings in what may not stand in the file as it is."""
        bad = _FORBIDDEN.search(event.value)
        if bad:
            character = f"U+{ord(bad.group()):04X}"
            self.faults.add("control-character", place, f"an escape in this text stands for {character}; remove it")

    def _refuse_odd_header(self, event: Any, place: Place) -> None:
        """What stands behind `|` or `>`: the parsers differ on a comment that touches it."""
        header = self.lines[place.line - 1][place.column : place.column + 4]
        if header.lstrip("+-0123456789").startswith("#"):
            self._fault("syntax", event, "a space is missing before `#`")

    def _refuse_odd_key(self, key: Scalar, flow: bool) -> None:
        """Keys that the parsers read differently: those marked with `?`, and `a:` right before a bracket."""
        line, start = self.lines[key.place.line - 1], key.place.column - 1
        if _is_marked(line, start) or (key.plain and not key.text):
            message = "keys marked with `?` are not read; quote text that starts with `?`"
            self.faults.add("syntax", key.place, message)
        end = start + len(key.text)
        if flow and key.plain and line.startswith(":", end) and line[end + 1 : end + 2] in tuple(",[]{}"):
            self.faults.add("syntax", key.place, "a space is missing after `:`")

    def _mapping(self, start: Any, children: list[Node]) -> Mapping:
        first: dict[str, Place] = {}
        entries = []
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.faults.add("syntax", key.place, "a key must be a word, not a list or a mapping")
                continue
            if key.refused and not key.text:
                continue  # an alias, which is told already
            if key.plain and key.text == "<<":
                self.faults.add("yaml-feature", key.place, "merge keys (`<<`) are not read; write the values out")
                continue
            if key.text in first:
                message = f"key `{key.text}` stands twice in this mapping"
                self.faults.add("duplicate-key", key.place, message, other=first[key.text], about="first here")
                continue
            first[key.text] = key.place
            self._refuse_odd_key(key, start.flow_style)
            entries.append((key, _placed(value, key)))
        return Mapping(tuple(entries), self._place(start), bool(start.flow_style))

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(mark.line + 1, mark.column + 1)

    def _fault(self, name: str, event: Any, message: str) -> None:
        self.faults.add(name, self._place(event), message)

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        """One fault for what stopped the parser, where its author would look for it."""
        stop = self._stop(error)
        self.faults.add("syntax", *(self._started_by_mark(stop) or told(stop)))

    def _stop(self, error: yaml.MarkedYAMLError) -> Stop:
        context = error.context_mark
        return Stop(
            lines=self.lines,
            place=self._in_text(error.problem_mark or context),
            problem=error.problem or "",
            context=error.context or "",
            since=self._in_text(context) if context else None,
            last=self._last_read(),
            brackets=[bracket for start, _ in self.open if (bracket := self._bracket(start))],
        )

    def _in_text(self, mark: Any) -> Place:
        line, column = (mark.line, mark.column) if mark else (0, 0)
        if line >= len(self.lines):  # one parser sees a line end where the file ends without one
            line, column = len(self.lines) - 1, len(self.lines[-1])
        return Place(line + 1, column + 1)

    def _bracket(self, start: Any) -> Place | None:
        """The bracket that opens a list or mapping: a key and its value alone in a list have none."""
        line, column = start.end_mark.line, start.end_mark.column
        written = start.flow_style and start.start_mark.index < start.end_mark.index
        return Place(line + 1, column) if written and self.lines[line][column - 1] in "[{" else None

    def _last_read(self) -> Last:
        event = self.last
        if event is None:
            return Last(Kind.OTHER, Place(1, 1), Place(1, 1))
        start, end = self._in_text(event.start_mark), self._in_text(event.end_mark)
        if hasattr(event, "value"):
            quoted = Kind.QUOTED if event.style in ("'", '"') else Kind.OTHER
            return Last(quoted if event.style else Kind.PLAIN, start, end)
        closing = start != end and self.lines[end.line - 1][end.column - 2] in ("]", "}")
        return Last(Kind.BRACKET if closing else Kind.OTHER, start, end)

    def _started_by_mark(self, stop: Stop) -> Trap | None:
        """Text that starts with `&`, `*` or `!`: taken for an anchor, an alias or a tag."""
        if stop.since is not None and any(what in stop.context for what in ("anchor", "alias", "tag")):
            return stop.since, f"text that starts with `{stop.at(stop.since)}` must be quoted"
        for fault in self.faults.found:
            if fault.name == "yaml-feature" and fault.place.line == stop.place.line:
                self.faults.found.remove(fault)
                return fault.place, f"text that starts with `{stop.at(fault.place)}` must be quoted"
        return None


def _is_marked(line: str, start: int) -> bool:
    """Whether `?` stands before the key that begins at `start`. Nothing further left is looked at: lines are long."""
    while start and line[start - 1] == " ":
        start -= 1
    return start > 0 and line[start - 1] == "?" and (start == 1 or line[start - 2] in " [{,")


def _placed(value: Node, key: Scalar) -> Node:
    """A value that was left out stands nowhere: its key is what can be seen."""
    if isinstance(value, Scalar) and value.plain and not value.text:
        return value._replace(place=key.place)
    return value
