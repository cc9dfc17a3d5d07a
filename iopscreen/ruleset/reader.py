"""Rule file -> `RuleSet`, every fault collected and told at once.

Sections are read in the order in which they rest on one another: sources, outcomes,
settings and questions first, then what names them. `rules/README.md` is the reference
of the format; a fault's message is its other half.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from iopscreen.ruleset import model
from iopscreen.ruleset.conditions import NOBODY, ConditionReader
from iopscreen.ruleset.findings import EnoughFaults, Faults, FileRefused, Finding, Place, Severity
from iopscreen.ruleset.model import NO_RULE, Condition, Kind, Question, RuleFile, RuleSet, Setting
from iopscreen.ruleset.nodes import Mapping as MappingNode
from iopscreen.ruleset.nodes import Node, Scalar, parse
from iopscreen.ruleset.nodes import Sequence as SequenceNode
from iopscreen.ruleset.shape import Fields, Shape, a, shown
from iopscreen.ruleset.values import (
    SPELLINGS,
    AnswerReader,
    name_key,
    option_keys,
    spelling_key,
    unanswered_spellings,
)

FORMAT = "1"
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
RESERVED_QUESTIONS = ("any_of", "all_of", "not")
WIDEST = (-(10**15), 10**15)
"""Stands in for a range that cannot be read, so that nothing is called outside it."""
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)

T = TypeVar("T")


def read_bytes(path: str) -> bytes:
    """The bytes of the file at `path`. Raises FileRefused when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or "not readable").lower()
        message = f"the file cannot be read: {reason}"
        raise FileRefused([Finding("unreadable", Severity.ERROR, path, Place(1, 1), message)]) from None


def digest_of(data: bytes) -> str:
    """`sha256:` and the digest of a file's bytes, as read."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


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
        self.sources: list[model.Source] = []
        self.outcomes: dict[str, model.Outcome] = {}
        self.settings: dict[str, Setting] = {}
        self.questions: dict[str, Question] = {}
        self.unread: set[str] = set()
        """Settings and questions that are declared and could not be read: their faults are told already."""
        self.spellings = model.Spellings()
        self.not_known: dict[str, model.Unanswered] = {}
        """Every spelling of not knowing, as option names are compared."""

    def read(self, root: Node) -> RuleSet | None:
        if not self._known_format(root):
            return None
        top = self.shape.fields(root, "a rule set", REQUIRED, OPTIONAL)
        if top is None:
            return None
        top.text("format")
        self.spellings = self._spellings(top)
        not_known = unanswered_spellings(self.spellings)
        self.not_known = {name_key(text): meaning for text, meaning in not_known.items()}
        self.sources = self._sources(top)
        self._outcomes(top)
        self._settings(top)
        self._questions(top)
        self._columns_apart()
        conditions = ConditionReader(self.shape, {**self.settings, **self.questions}, self.unread)
        rest = _StatementReader(self, conditions)
        policy = self.shape.choice(top.node_of("policy"), "policy", list(model.Policy))
        return RuleSet(
            id=self.shape.name(top.node_of("id"), "a rule set", dashes=True) or "",
            version=self._version(top),
            title=top.need("title"),
            policy=model.Policy(policy or "first"),
            owner=top.text("owner"),
            reviewed=top.read("reviewed", self.shape.date),
            review_by=top.read("review_by", self.shape.date),
            disclosure=top.text("disclosure"),
            sources=tuple(self.sources),
            undecided=self._undecided(top),
            emergency=self._emergency(top),
            outcomes=tuple(self.outcomes.values()),
            settings=tuple(self.settings.values()),
            questions=tuple(self.questions.values()),
            impossible=rest.each(top, "impossible", rest.impossible),
            rules=rest.each(top, "rules", rest.rule, at_least_one=True),
            notes=rest.each(top, "notes", rest.note),
            guarantees=rest.each(top, "guarantees", rest.guarantee),
            override_reasons=top.read("override_reasons", self.shape.texts),
            spellings=self.spellings,
            accept=self.accept(top),
            place=root.place,
        )

    # --- the head of the file ---

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
            if name is None or fields is None or not self.shape.once(seen, name, key.place, "source or passage"):
                continue
            kind = self.shape.choice(fields.node_of("kind"), "kind of source", ["document", "external"])
            passages = self._passages(fields, what, seen)
            digest = self._digest(fields)
            found.append(
                model.Source(name, fields.need("title"), kind == "external", digest, tuple(passages), key.place)
            )
        return found

    def _passages(self, source: Fields, what: str, seen: dict[str, Place]) -> list[model.Passage]:
        found = []
        for key, node in self.shape.entries(source.node_of("passages"), f"`passages` of {what}"):
            name = self.shape.name(key, "a passage", dashes=True)
            required = ["section", "paragraph", "says"]
            fields = self.shape.fields(node, f"passage {shown(key.text)}", required, ["digest"])
            if name is None or fields is None or not self.shape.once(seen, name, key.place, "source or passage"):
                continue
            paragraph = fields.read("paragraph", self.shape.whole)
            if paragraph is not None and paragraph < 1:
                self.faults.add("wrong-value", fields.place_of("paragraph"), "paragraphs are counted from 1")
            says, section, digest = fields.need("says"), fields.need("section"), self._digest(fields)
            found.append(model.Passage(name, section, paragraph or 1, says, digest, key.place))
        return found

    def _digest(self, fields: Fields) -> str | None:
        text = fields.text("digest")
        if text is not None and not _DIGEST.fullmatch(text):
            message = f"`digest` of {fields.what} should be `sha256:` and 64 hexadecimal digits"
            self.faults.add("wrong-value", fields.place_of("digest"), message)
        return text

    def cites(self, fields: Fields) -> tuple[model.Cite, ...]:
        """References as written; whether they name something is for the audit to say."""
        found = []
        for node in self.shape.items(fields.node_of("cite"), f"`cite` of {fields.what}", may_be_one=True):
            text = self.shape.text(node, f"`cite` of {fields.what}")
            if text is not None:
                found.append(model.Cite(text, node.place))
        return tuple(found)

    def accept(self, fields: Fields) -> tuple[model.Accept, ...]:
        """Findings that a person has accepted; a missing reason is for the audit to say."""
        found = []
        for node in self.shape.items(fields.node_of("accept"), f"`accept` of {fields.what}"):
            entry = self.shape.fields(node, "an `accept` entry", ["finding"], ["because", "by", "until", "at"])
            if entry is not None:
                until = entry.read("until", self.shape.date)
                because, by, at = entry.text("because"), entry.text("by"), entry.text("at")
                found.append(model.Accept(entry.need("finding"), because, by, until, at, node.place))
        return tuple(found)

    # --- what callers and staff read ---

    def _staff(self, fields: Fields) -> tuple[model.StaffLine, ...]:
        what = f"`staff` of {fields.what}"
        lines = []
        for node in self.shape.items(fields.node_of("staff"), what, may_be_one=True):
            if isinstance(node, MappingNode):
                entry = self.shape.fields(node, f"a line of {what}", ["say"], ["cite"])
                if entry is not None:
                    lines.append(model.StaffLine(entry.need("say"), self.cites(entry)))
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
        return model.Emergency(fields.need("say"), tuple(contacts), self.cites(fields))

    def _outcomes(self, top: Fields) -> None:
        node = top.node_of("outcomes")
        for key, value in self.shape.entries(node, "`outcomes`"):
            name = self.shape.name(key, "an outcome")
            optional = ["say", "staff", "cite", "accept"]
            fields = self.shape.fields(value, f"outcome {shown(key.text)}", ["label"], optional)
            if name in RESERVED_OUTCOMES:
                message = f"`{name}` cannot be an outcome: results use the word for something else"
                self.faults.add("ambiguous-name", key.place, message)
            if name is None:
                continue
            if fields is None:  # declared all the same: rules that name it are not at fault
                self.outcomes[name] = model.Outcome(name, "", None, (), (), (), key.place)
                continue
            staff, cites, accept = self._staff(fields), self.cites(fields), self.accept(fields)
            outcome = model.Outcome(name, fields.need("label"), fields.text("say"), staff, cites, accept, key.place)
            self.outcomes[name] = outcome
        self._not_empty(node, "`outcomes`", "outcome")

    def _not_empty(self, node: Node | None, what: str, one: str) -> None:
        if isinstance(node, MappingNode) and not node.entries:
            self.faults.add("empty-value", node.place, f"{what} is empty; declare at least one {one}")

    # --- settings and questions ---

    def _settings(self, top: Fields) -> None:
        for key, node in self.shape.entries(top.node_of("settings"), "`settings`"):
            name = self.shape.name(key, "a setting")
            what = f"setting {shown(key.text)}"
            fields = self.shape.fields(node, what, ["means", "type", "value"], ["options", "cite"])
            if name is None or fields is None:
                continue
            if name in RESERVED_QUESTIONS:
                self._reserved(key, "a setting")
            means, cites = fields.need("means"), self.cites(fields)
            kind = self.shape.choice(fields.node_of("type"), "type of setting", ["yes_no", "one", "whole_number"])
            options = self._options(fields, Kind(kind)) if kind else self._options_of_no_kind(fields)
            value = self._setting_value(fields, Kind(kind), options) if kind else None
            if kind is None or value is None:
                self.unread.add(name)
                continue
            self.settings[name] = Setting(name, Kind(kind), means, value, options, cites, key.place)

    def _setting_value(self, fields: Fields, kind: Kind, options: tuple[model.Option, ...]) -> str | int | None:
        node = fields.node_of("value")
        if node is None:
            return None
        if kind is Kind.WHOLE_NUMBER:
            return self.shape.whole(node, f"`value` of {fields.what}")
        if kind is Kind.ONE:
            known = [option.id for option in options]
            return self.shape.choice(node, f"option of {fields.what}", known) if known else None
        text = self.shape.text(node, f"`value` of {fields.what}")
        for value in (model.YES, model.NO):
            if text is not None and spelling_key(text) in SPELLINGS[value]:
                return value
        if text is not None:
            message = f"`value` of {fields.what} is {shown(text)}; it should be yes or no"
            self.faults.add("wrong-value", node.place, message)
        return None

    def _reserved(self, key: Scalar, what: str) -> None:
        message = f"`{key.text}` cannot be {what}: conditions use the word for something else"
        self.faults.add("ambiguous-name", key.place, message)

    def _questions(self, top: Fields) -> None:
        node = top.node_of("questions")
        for key, value in self.shape.entries(node, "`questions`"):
            name = self.shape.name(key, "a question")
            if name is None:
                self._question(key.text, key, value)  # its other faults are told as well
                continue
            if name in RESERVED_QUESTIONS:
                self._reserved(key, "a question")
            elif name in self.settings:
                other = self.settings[name].place
                self.faults.add(
                    "ambiguous-name", key.place, f"`{name}` is a setting too", other=other, about="the setting"
                )
            question = self._question(name, key, value)
            if question is not None:
                self.questions[name] = question
            else:
                self.unread.add(name)
        self._not_empty(node, "`questions`", "question")

    def _question(self, name: str, key: Scalar, node: Node) -> Question | None:
        fields = self.shape.fields(node, f"question `{name}`", ["ask", "type"], QUESTION_KEYS)
        if fields is None:
            return None
        word = self.shape.choice(fields.node_of("type"), "type of question", list(Kind))
        if word is None:
            for key_text in ("ask", "ask_other", "help", "means", "column", "if_unanswered"):
                fields.text(key_text)
            self._options_of_no_kind(fields)
            return None
        kind = Kind(word)
        options = self._options(fields, kind)
        low, high = self._range(fields, kind)
        question = Question(
            id=name,
            kind=kind,
            ask=fields.need("ask"),
            ask_other=fields.text("ask_other"),
            help=fields.text("help"),
            means=fields.text("means"),
            options=options,
            groups=self._groups(fields, options),
            low=low,
            high=high,
            unit=fields.text("unit"),
            column=fields.text("column"),
            for_notes=fields.read("for_notes", self.shape.flag),
            if_unanswered=fields.text("if_unanswered"),
            when_no_column=None,
            header_hints=fields.read("header_hints", self.shape.texts),
            cite=self.cites(fields),
            accept=self.accept(fields),
            place=key.place,
        )
        if question.for_notes and question.if_unanswered:
            message = f"`if_unanswered` of {fields.what} would never show: the question is asked for notes alone"
            self.faults.add("for-notes-question", fields.place_of("if_unanswered"), message)
        self._no_number_is_a_spelling(question)
        return self._with_assumption(question, fields)

    def _no_number_is_a_spelling(self, question: Question) -> None:
        """A number that a caller may answer must not read as not knowing."""
        if question.kind is not Kind.WHOLE_NUMBER:
            return
        for text, meaning in self.not_known.items():
            if text.removeprefix("-").isdecimal() and question.low <= int(text) <= question.high:
                message = f"{shown(text)} is a spelling of `{meaning}`, and an answer of question `{question.id}`"
                self.faults.add("ambiguous-name", question.place, message)

    def _with_assumption(self, question: Question, fields: Fields) -> Question:
        node = fields.node_of("when_no_column")
        if node is None:
            return question
        what = f"`when_no_column` of {fields.what}"
        value = self.shape.answer(node, AnswerReader(question, self.spellings), what)
        if isinstance(value, model.Unanswered):
            message = "`when_no_column` assumes an answer; leave the key out where nothing is to be assumed"
            self.faults.add("wrong-value", node.place, message)
            return question
        return question._replace(when_no_column=value)

    def _range(self, fields: Fields, kind: Kind) -> tuple[int, int]:
        node = fields.node_of("range")
        if kind is not Kind.WHOLE_NUMBER:
            self._only_for(fields, ["range", "unit"], "a `whole_number` question")
            return 0, 0
        if node is None:
            message = f"{fields.what} has no `range`; write the smallest and largest answer, such as `[0, 120]`"
            self.faults.add("missing-key", fields.node.place, message)
            return 0, 0
        if not isinstance(node, SequenceNode):
            self.shape.wrong_shape(node, f"`range` of {fields.what}", "a list such as `[0, 120]`")
            return WIDEST
        numbers = [self.shape.whole(item, f"`range` of {fields.what}") for item in node.items]
        if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None and numbers[0] <= numbers[1]:
            return numbers[0], numbers[1]
        if None not in numbers:
            message = f"`range` of {fields.what} should be the smallest and the largest answer, such as `[0, 120]`"
            thousands = len(numbers) > 2 and any(isinstance(i, Scalar) and len(i.text) == 3 for i in node.items[1:])
            hint = "; write numbers without separators" if thousands else ""
            self.faults.add("wrong-value", node.place, message + hint)
        return WIDEST

    def _only_for(self, fields: Fields, keys: list[str], owner: str) -> None:
        for key in keys:
            if key in fields:
                self.faults.add("unknown-key", fields.place_of(key), f"`{key}` of {fields.what} is for {owner}")

    # --- options and groups ---

    def _options(self, fields: Fields, kind: Kind) -> tuple[model.Option, ...]:
        node = fields.node_of("options")
        if kind not in (Kind.ONE, Kind.MANY):
            self._only_for(fields, ["options", "groups"], "the types `one` and `many`")
            return ()
        if node is None:
            self.faults.add("missing-key", fields.node.place, f"{fields.what} has no `options`")
        self._not_empty(node, f"`options` of {fields.what}", "option")
        found: list[model.Option] = []
        for key, value in self.shape.entries(node, f"`options` of {fields.what}"):
            option = self._option(key, value, kind)
            if option is not None:
                found.append(option)
        self._options_apart(found)
        return tuple(found)

    def _options_of_no_kind(self, fields: Fields) -> tuple[model.Option, ...]:
        """The options of a question whose type is at fault: theirs are told all the same."""
        return self._options(fields, Kind.MANY) if "options" in fields else ()

    def _option(self, key: Scalar, node: Node, kind: Kind) -> model.Option | None:
        name = self.shape.name(key, "an option")
        what = f"option {shown(key.text)}"
        optional = ["aliases", "help", "cite", *(["alone"] if kind is Kind.MANY else [])]
        fields = self.shape.fields(node, what, ["label"], optional)
        if name is None or fields is None:
            return None
        aliases = fields.read("aliases", self.shape.texts)
        alone = fields.read("alone", self.shape.flag)
        label, help_text, cites = fields.need("label"), fields.text("help"), self.cites(fields)
        return model.Option(name, label, aliases, alone, help_text, cites, key.place)

    def _options_apart(self, options: list[model.Option]) -> None:
        """Every way to name an option means that option, and nothing else."""
        owner: dict[str, model.Option] = {}
        for option in options:
            for text in dict.fromkeys(filter(None, (option.id, option.label, *option.aliases))):
                key = name_key(text)
                if key in self.not_known or key == "any":
                    else_ = f"is a spelling of `{self.not_known[key]}`" if key in self.not_known else "means any answer"
                    message = f"{shown(text)} names option `{option.id}`, and {else_} too"
                    self.faults.add("ambiguous-name", option.place, message)
                elif owner.setdefault(key, option) is not option:
                    message = f"{shown(text)} names option `{option.id}` and option `{owner[key].id}`"
                    other = owner[key].place
                    self.faults.add("ambiguous-name", option.place, message, other=other, about="the other option")

    def _groups(self, fields: Fields, options: tuple[model.Option, ...]) -> tuple[model.Group, ...]:
        if "groups" not in fields:
            return ()
        by_id = {option.id: option for option in options}
        keys = {key: option for option in options for key in option_keys(option)}
        found = []
        for key, node in self.shape.entries(fields.node_of("groups"), f"`groups` of {fields.what}"):
            name = self.shape.name(key, "a group")
            what = f"group {shown(key.text)}"
            texts = self.shape.items(node, what)
            if not texts and not isinstance(node, Scalar | MappingNode):
                self.faults.add("empty-value", node.place, f"{what} is empty; name at least one option")
            named = []
            for item in texts:
                text = self.shape.text(item, f"an option of {what}")
                option = None if text is None else self.shape.known(text, item.place, "an option", by_id)
                if option is not None:
                    named.append(option.id)
            if name is None:
                continue
            if name_key(name) in keys or name_key(name) in self.not_known or name == "any":
                other = keys[name_key(name)].place if name_key(name) in keys else None
                meaning = "an option" if other else self.not_known.get(name_key(name), "any answer")
                message = f"`{name}` names a group and {meaning}"
                self.faults.add("ambiguous-name", key.place, message, other=other, about="the option")
            found.append(model.Group(name, tuple(dict.fromkeys(named)), key.place))
        return tuple(found)

    def _columns_apart(self) -> None:
        """A column header leads to one question."""
        owner: dict[str, Question] = {name_key(question.id): question for question in self.questions.values()}
        for question in self.questions.values():
            if question.column is None:
                continue
            other = owner.setdefault(name_key(question.column), question)
            if other is not question:
                message = f"column {shown(question.column)} of `{question.id}` leads to `{other.id}` too"
                self.faults.add(
                    "ambiguous-name", question.place, message, other=other.place, about="the other question"
                )


QUESTION_KEYS = (
    "ask_other",
    "help",
    "means",
    "options",
    "groups",
    "range",
    "unit",
    "column",
    "for_notes",
    "if_unanswered",
    "when_no_column",
    "header_hints",
    "cite",
    "accept",
)


class _StatementReader:
    """Reads the entries that hold a condition: impossible, rules, notes, guarantees."""

    def __init__(self, reader: _RuleSetReader, conditions: ConditionReader) -> None:
        self.reader = reader
        self.shape = reader.shape
        self.faults = reader.faults
        self.conditions = conditions

    def each(
        self, top: Fields, section: str, read: Callable[[Fields, str, Place], T | None], *, at_least_one: bool = False
    ) -> tuple[T, ...]:
        """Every entry of a section, read by `read`; ids differ within the section."""
        required, optional, singular = SECTIONS[section]
        node = top.node_of(section)
        items = self.shape.items(node, f"`{section}`")
        if at_least_one and node is not None and not items and not isinstance(node, Scalar | MappingNode):
            self.faults.add("empty-value", node.place, f"`{section}` is empty; write at least one {singular}")
        seen: dict[str, Place] = {}
        found = []
        for item in items:
            named = _id_of(item)
            what = f"{singular} {named}" if named else a(singular)
            fields = self.shape.fields(item, what, required, optional)
            if fields is None:
                continue
            name = self.shape.name(fields.node_of("id"), a(singular), dashes=True)
            entry = read(fields, name or "", fields.place_of("id"))
            if name is not None and self.shape.once(seen, name, fields.place_of("id"), singular) and entry is not None:
                found.append(entry)
        return tuple(found)

    def _condition(self, fields: Fields, key: str) -> Condition | None:
        node = fields.node_of(key)
        return None if node is None else self.conditions.read(node, f"`{key}` of {fields.what}")

    def _both(self, fields: Fields) -> Condition:
        return model.both(self._condition(fields, "when") or NOBODY, self._condition(fields, "unless"))

    def impossible(self, fields: Fields, name: str, place: Place) -> model.Impossible:
        condition = self._both(fields)
        subjects = {test.subject for test in model.tests_of(condition)} & set(self.reader.questions)
        if any(not self.reader.questions[subject].for_notes for subject in subjects):
            # Tied to a deciding question, an answer that is for notes alone could decide after all.
            self._no_note_questions(fields.what, condition)
        return model.Impossible(name, condition, fields.need("because"), self.reader.cites(fields), place)

    def rule(self, fields: Fields, name: str, place: Place) -> model.Rule:
        when = self._condition(fields, "when") or NOBODY
        unless = self._condition(fields, "unless")
        self._no_note_questions(fields.what, model.both(when, unless))
        node = fields.node_of("recommend")
        recommend = self._outcome(node, "an outcome") if node else None
        basis = self.shape.choice(fields.node_of("basis"), "basis", list(model.Basis))
        return model.Rule(
            id=name,
            when=when,
            unless=unless,
            recommend=recommend or "",
            because=fields.need("because"),
            basis=model.Basis(basis or "site"),
            cite=self.reader.cites(fields),
            accept=self.reader.accept(fields),
            place=place,
        )

    def _no_note_questions(self, what: str, condition: Condition) -> None:
        for test in model.tests_of(condition):
            question = self.reader.questions.get(test.subject)
            if question is not None and question.for_notes:
                message = f"{what} tests `{question.id}`, which is asked for notes alone"
                about = "`for_notes: yes` here"
                self.faults.add("for-notes-question", test.place, message, other=question.place, about=about)

    def _outcome(self, node: Node, what: str) -> str | None:
        text = self.shape.text(node, what)
        outcome = None if text is None else self.shape.known(text, node.place, what, self.reader.outcomes)
        return outcome.id if outcome else None

    def note(self, fields: Fields, name: str, place: Place) -> model.Note:
        audience = self.shape.choice(fields.node_of("for"), "reader of a note", ["staff", "caller"]) or "staff"
        condition = self._both(fields)
        return model.Note(name, condition, audience, fields.need("say"), self.reader.cites(fields), place)

    def guarantee(self, fields: Fields, name: str, place: Place) -> model.Guarantee:
        never, always = fields.node_of("never"), fields.node_of("always")
        if never is None and always is None:
            self.faults.add("missing-key", fields.node.place, f"{fields.what} needs one of `never` and `always`")
        elif never is not None and always is not None:
            message = f"{fields.what} has both `never` and `always`; it should have one of them"
            self.faults.add("missing-key", fields.node.place, message)
        nodes = self.shape.items(never or always, f"`never` of {fields.what}", may_be_one=True)
        if never is not None and not nodes and not isinstance(never, Scalar | MappingNode):
            self.faults.add("empty-value", never.place, f"`never` of {fields.what} is empty; name at least one outcome")
        if always is not None and not isinstance(always, Scalar):
            self.faults.add("wrong-shape", always.place, f"`always` of {fields.what} should be one outcome")
            nodes = ()
        named = frozenset(filter(None, (self._outcome(node, "an outcome") for node in nodes)))
        allowed = named if always is not None else frozenset([*self.reader.outcomes, NO_RULE]) - named
        condition = self._both(fields)
        cites = self.reader.cites(fields)
        return model.Guarantee(name, condition, allowed, fields.text("because"), cites, place)


SECTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "impossible": (("id", "when", "because"), ("unless", "cite"), "impossible entry"),
    "rules": (("id", "when", "recommend", "because", "basis"), ("unless", "cite", "accept"), "rule"),
    "notes": (("id", "when", "say"), ("unless", "for", "cite"), "note"),
    "guarantees": (("id", "when"), ("unless", "never", "always", "because", "cite"), "guarantee"),
}


def _id_of(node: Node) -> str:
    """The id of an entry, for messages; empty where there is none."""
    if isinstance(node, MappingNode):
        for key, value in node.entries:
            if key.text == "id" and isinstance(value, Scalar) and value.text:
                return shown(value.text)
    return ""
