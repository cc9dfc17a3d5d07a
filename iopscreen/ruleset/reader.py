"""Rule file -> `RuleSet`, every fault collected and told at once.

Sections are read in the order in which they rest on one another: sources, outcomes,
settings and questions first, then what names them. `rules/README.md` is the reference
of the format; a fault's message is its other half.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import select
from contextlib import suppress
from pathlib import Path

from iopscreen.ruleset import model
from iopscreen.ruleset.citing import accepted, citations, written_digest
from iopscreen.ruleset.conditions import ConditionReader
from iopscreen.ruleset.findings import EnoughFaults, Faults, FileRefused, Finding, Place, Severity
from iopscreen.ruleset.model import NO_RULE, RuleFile, RuleSet
from iopscreen.ruleset.nodes import MAX_BYTES, Node, Scalar, parse
from iopscreen.ruleset.nodes import Mapping as MappingNode
from iopscreen.ruleset.questions import QuestionReader
from iopscreen.ruleset.shape import Fields, Shape, shown
from iopscreen.ruleset.statements import StatementReader
from iopscreen.ruleset.values import (
    SPELLINGS,
    spelling_key,
)

FORMAT = "1"

SECONDS_FOR_A_WRITER = 2
"""How long a pipe is waited for into which nobody writes."""
REQUIRED = ("format", "id", "version", "title", "policy", "outcomes", "questions", "rules")
OPTIONAL = (
    "owner",
    "reviewed",
    "review_by",
    "disclosure",
    "sources",
    "undecided",
    "emergency",
    "settings",
    "impossible",
    "notes",
    "guarantees",
    "override_reasons",
    "spellings",
    "accept",
)
RESERVED_OUTCOMES = ("undecided", "error", NO_RULE)
_TELLING = ("format", "policy", "outcomes", "questions", "rules")
"""A file with none of these keys, and with others than ours, is something else: other tools have YAML files, too."""
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?", re.ASCII)


def read_bytes(path: str) -> bytes:
    """The bytes of the file at `path`. Raises FileRefused when it cannot be read.

    Of a file without an end, such as a device, more than can be understood is not read. A pipe is read
    where somebody writes into it, as a shell's `<(command)` does.
    """
    try:
        if Path(path).is_fifo():
            return _piped(path)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        is_folder = isinstance(error, IsADirectoryError)
        reason = "it is a folder" if is_folder else (error.strerror or "not readable").lower()
        message = f"the file cannot be read: {reason}"
        raise FileRefused([Finding("unreadable", Severity.ERROR, path, Place(1, 1), message)]) from None


def _piped(path: str) -> bytes:
    """What comes out of a pipe. Opened the usual way, one that nobody writes into would be waited for for ever."""
    with io.BufferedReader(io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK))) as pipe:
        ready, _, _ = select.select([pipe], [], [], SECONDS_FOR_A_WRITER)
        start = pipe.raw.read(1)  # None: a writer is there, and has not written yet; nothing: there is none
        if start == b"" and not ready:
            raise OSError(0, "it is a pipe, and nobody writes into it")
        os.set_blocking(pipe.fileno(), True)
        return (start or b"") + pipe.read(MAX_BYTES)


DIGEST_PREFIX = "sha256:"


def digest_of(data: bytes) -> str:
    """`sha256:` and the digest of a file's bytes, as read."""
    return f"{DIGEST_PREFIX}{hashlib.sha256(data).hexdigest()}"


def read_rule_file(path: str, *, pure: bool = False) -> RuleFile:
    """Read the rule file at `path` once, and understand those bytes. Raises FileRefused."""
    return understand(read_bytes(path), path, pure=pure)


def understand(data: bytes, path: str, *, pure: bool = False) -> RuleFile:
    """The rule file whose bytes are `data`; `path` is for messages. Raises FileRefused with every fault."""
    faults = Faults(path)
    rule_set = None
    with suppress(EnoughFaults):
        root = parse(data, faults, pure=pure)
        rule_set = None if root is None else _RuleSetReader(Shape(faults)).read(root)
    faults.stop_if_any()
    assert rule_set is not None  # no rule set without a fault
    return RuleFile(path, digest_of(data), data.decode("utf-8-sig"), rule_set)


class _RuleSetReader:
    """Reads one rule set; what was read so far is what later sections may name."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.faults = shape.faults
        self.outcomes: dict[str, model.Outcome] = {}

    def read(self, root: Node) -> RuleSet | None:
        if not (self._is_rule_set(root) and self._known_format(root)):
            return None
        top = self.shape.fields(root, "a rule set", REQUIRED, OPTIONAL)
        if top is None:
            return None
        top.text("format")
        spellings = self._spellings(top)
        sources = self._sources(top)
        self._outcomes(top)
        asked = QuestionReader(self.shape, spellings)
        asked.read(top)
        conditions = ConditionReader(self.shape, {**asked.settings, **asked.questions}, asked.unread)
        rest = StatementReader(conditions, asked.questions, self.outcomes)
        policy = self.shape.choice(top.node_of("policy"), "policy", list(model.Policy))
        impossible = rest.each(top, "impossible", rest.impossible)
        rules = rest.each(top, "rules", rest.rule, at_least_one=True)
        notes = rest.each(top, "notes", rest.note)
        guarantees = rest.each(top, "guarantees", rest.guarantee)
        return RuleSet(
            id=self.shape.name(top.node_of("id"), "a rule set", dashes=True) or "",
            version=self._version(top),
            title=top.need("title"),
            policy=model.Policy(policy or "first"),
            owner=top.text("owner"),
            reviewed=top.read("reviewed", self.shape.date),
            review_by=top.read("review_by", self.shape.date),
            disclosure=top.text("disclosure"),
            sources=tuple(sources),
            undecided=self._undecided(top),
            emergency=self._emergency(top),
            outcomes=tuple(self.outcomes.values()),
            settings=tuple(asked.settings.values()),
            questions=tuple(map(conditions.with_named_groups, asked.questions.values())),
            impossible=impossible,
            rules=rules,
            notes=notes,
            guarantees=guarantees,
            override_reasons=top.read("override_reasons", self.shape.texts),
            spellings=spellings,
            accept=accepted(top),
            place=root.place,
            review_by_place=top.key_place("review_by"),
        )

    # --- the head of the file ---

    def _is_rule_set(self, root: Node) -> bool:
        """Whether anything in the file is meant for us; of another tool's file every line would be a fault."""
        names = {key.text for key, _ in root.entries} if isinstance(root, MappingNode) else set()
        if names <= {*REQUIRED, *OPTIONAL} or not names.isdisjoint(_TELLING):
            return True
        keys = ", ".join(f"`{key}`" for key in _TELLING)
        message = f"this file is no rule set, for it has none of {keys}; name the rule files, and not this one"
        self.faults.add("no-rule-set", root.place, message)
        return False

    def _known_format(self, root: Node) -> bool:
        """Whether the file says nothing else than our format; another one's keys are not ours to judge."""
        node = {key.text: value for key, value in root.entries}.get("format") if isinstance(root, MappingNode) else None
        if not isinstance(node, Scalar) or node.empty or node.text == FORMAT:
            return True
        message = f"`format` is {shown(node.text)}; this program reads format {FORMAT}"
        self.faults.add("wrong-value", node.place, message)
        return False

    def _version(self, top: Fields) -> str:
        text = top.need("version")
        if text and not _VERSION.fullmatch(text):
            message = f'`version` is {shown(text)}; it should be three numbers in quotes, such as "1.0.0"'
            self.faults.add("wrong-value", top.place_of("version"), message)
        return text

    def _spellings(self, top: Fields) -> model.Spellings:
        node = top.node_of("spellings")
        if node is None:
            return model.Spellings()
        fields = self.shape.fields(node, "`spellings`", [], list(SPELLINGS))
        if fields is None:
            return model.Spellings()
        known = {spelling_key(text): meaning for meaning, texts in SPELLINGS.items() for text in texts}
        added: dict[str, tuple[str, ...]] = {}
        for meaning in fields.found:
            added[meaning] = fields.read(meaning, self.shape.texts)
            for text in added[meaning]:
                other = known.setdefault(spelling_key(text), meaning)
                if other != meaning:
                    message = f"{shown(text)} is a spelling of `{other}`, so it cannot stand for `{meaning}`"
                    self.faults.add("ambiguous-name", fields.place_of(meaning), message)
        return model.Spellings(**added)

    # --- sources ---

    def _sources(self, top: Fields) -> list[model.Source]:
        seen: dict[str, Place] = {}
        found = []
        for key, node in self.shape.entries(top.node_of("sources"), "`sources`"):
            name = self.shape.name(key, "a source")
            what = f"source {shown(key.text)}"
            fields = self.shape.fields(node, what, ["title"], ["kind", "digest", "passages"])
            is_new = name is not None and self.shape.once(seen, name, key.place, "source or passage")
            if fields is None:
                continue
            kind = self.shape.choice(fields.node_of("kind"), "kind of source", ["document", "external"])
            passages = tuple(self._passages(fields, what, seen))
            title, digest = fields.need("title"), written_digest(fields)
            if name is not None and is_new:
                found.append(model.Source(name, title, kind == "external", digest, passages, key.place))
        return found

    def _passages(self, source: Fields, what: str, seen: dict[str, Place]) -> list[model.Passage]:
        found = []
        for key, node in self.shape.entries(source.node_of("passages"), f"`passages` of {what}"):
            name = self.shape.name(key, "a passage", dashes=True)
            required = ["section", "paragraph", "says"]
            fields = self.shape.fields(node, f"passage {shown(key.text)}", required, ["digest"])
            is_new = name is not None and self.shape.once(seen, name, key.place, "source or passage")
            if fields is None:
                continue
            paragraph = fields.read("paragraph", self.shape.whole)
            if paragraph is not None and paragraph < 1:
                self.faults.add("wrong-value", fields.place_of("paragraph"), "paragraphs are counted from 1")
            says, section, digest = fields.need("says"), fields.need("section"), written_digest(fields)
            if name is not None and is_new:
                found.append(model.Passage(name, section, paragraph or 1, says, digest, key.place))
        return found

    # --- what callers and staff read ---

    def _staff(self, fields: Fields) -> tuple[model.StaffLine, ...]:
        what = f"`staff` of {fields.what}"
        lines = []
        for node in self.shape.items(fields.node_of("staff"), what, may_be_one=True):
            if isinstance(node, MappingNode):
                entry = self.shape.fields(node, f"a line of {what}", ["say"], ["cite"])
                assert entry is not None  # it is a mapping
                lines.append(model.StaffLine(entry.need("say"), citations(entry)))
            else:
                text = self.shape.text(node, f"a line of {what}")
                if text is not None:
                    lines.append(model.StaffLine(text, ()))
        return tuple(lines)

    def _undecided(self, top: Fields) -> model.Undecided:
        node = top.node_of("undecided")
        fields = None if node is None else self.shape.fields(node, "`undecided`", [], ["say", "staff"])
        return model.Undecided(fields.text("say"), self._staff(fields)) if fields else model.Undecided(None, ())

    def _emergency(self, top: Fields) -> model.Emergency | None:
        node = top.node_of("emergency")
        fields = None if node is None else self.shape.fields(node, "`emergency`", ["say"], ["contacts", "cite"])
        if fields is None:
            return None
        contacts = []
        for item in self.shape.items(fields.node_of("contacts"), "`contacts` of `emergency`"):
            entry = self.shape.fields(item, "a contact", ["name", "reach"])
            if entry is not None:
                contacts.append(model.Contact(entry.need("name"), entry.need("reach")))
        return model.Emergency(fields.need("say"), tuple(contacts), citations(fields), top.key_place("emergency"))

    def _outcomes(self, top: Fields) -> None:
        node = top.node_of("outcomes")
        for key, value in self.shape.entries(node, "`outcomes`"):
            name = self.shape.name(key, "an outcome")
            optional = ["say", "staff", "cite", "accept"]
            fields = self.shape.fields(value, f"outcome {shown(key.text)}", ["label"], optional)
            if name in RESERVED_OUTCOMES:
                message = f"`{name}` cannot be an outcome: results use the word for something else"
                self.faults.add("ambiguous-name", key.place, message)
            outcome = self._outcome(name or key.text, key.place, fields)  # without a name, for its other faults
            if name is not None:
                self.outcomes[name] = outcome
        self.shape.not_empty(node, "`outcomes`", "outcome")

    def _outcome(self, name: str, place: Place, fields: Fields | None) -> model.Outcome:
        if fields is None:  # declared all the same: rules that name it are not at fault
            return model.Outcome(name, "", None, (), (), (), place)
        staff, cites, accept = self._staff(fields), citations(fields), accepted(fields)
        return model.Outcome(name, fields.need("label"), fields.text("say"), staff, cites, accept, place)
