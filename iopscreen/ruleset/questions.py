"""Settings and questions: their types, options, groups, ranges and columns."""

from __future__ import annotations

from iopscreen.ruleset import model
from iopscreen.ruleset.citing import accepted, citations
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import Kind, Question, Setting
from iopscreen.ruleset.nodes import Mapping as MappingNode
from iopscreen.ruleset.nodes import Node, Scalar
from iopscreen.ruleset.nodes import Sequence as SequenceNode
from iopscreen.ruleset.shape import Fields, Shape, shown
from iopscreen.ruleset.values import (
    SPELLINGS,
    AnswerReader,
    name_key,
    option_keys,
    spelling_key,
    unanswered_spellings,
    whole_number,
)

RESERVED_QUESTIONS = ("any_of", "all_of", "not")
WIDEST = (-(10**15), 10**15)
"""Stands in for a range that cannot be read, so that nothing is called outside it."""

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

MAX_QUESTIONS = 1_000
"""What is worked out for each question takes as long as there are others."""


class QuestionReader:
    """Reads the settings and questions of one rule set; those that could be read are kept by id."""

    def __init__(self, shape: Shape, spellings: model.Spellings) -> None:
        self.shape = shape
        self.faults = shape.faults
        self.spellings = spellings
        self.unanswered = unanswered_spellings(spellings)
        """Every spelling of not knowing."""
        self.not_known = {name_key(text): meaning for text, meaning in self.unanswered.items()}
        """The same, as option names are compared."""
        self.settings: dict[str, Setting] = {}
        self.questions: dict[str, Question] = {}
        self.unread: dict[str, Place] = {}
        """Where settings and questions are declared that could not be read: their faults are told already."""

    def read(self, top: Fields) -> None:
        """Read both sections: settings first, whose names no question may have."""
        self._settings(top)
        self._questions(top)
        self._columns_apart()

    def _settings(self, top: Fields) -> None:
        for key, node in self.shape.entries(top.node_of("settings"), "`settings`"):
            name = self.shape.name(key, "a setting")
            if name in RESERVED_QUESTIONS:
                self._reserved(key, "a setting")
            setting = self._setting(name or key.text, key, node)  # without a name, its other faults are told as well
            if name is not None and setting is not None:
                self.settings[name] = setting
            elif name is not None:
                self.unread[name] = key.place

    def _setting(self, name: str, key: Scalar, node: Node) -> Setting | None:
        fields = self.shape.fields(node, f"setting {shown(name)}", ["means", "type", "value"], ["options", "cite"])
        if fields is None:
            return None
        means, cites = fields.need("means"), citations(fields)
        word = self.shape.choice(fields.node_of("type"), "type of setting", ["yes_no", "one", "whole_number"])
        if word is None:
            self._options_of_no_kind(fields)
            return None
        kind = Kind(word)
        options = self._options(fields, kind)
        value = self._setting_value(fields, kind, options)
        return None if value is None else Setting(name, kind, means, value, options, cites, key.place)

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
        for place, (key, value) in enumerate(self.shape.entries(node, "`questions`")):
            if place == MAX_QUESTIONS:
                message = f"more than {MAX_QUESTIONS:,} questions; nobody could ask them in one call"
                self.faults.add("too-large", key.place, message)
                break
            name = self.shape.name(key, "a question")
            if name is None:
                self._question(key.text, key, value)  # its other faults are told as well
                continue
            if name in RESERVED_QUESTIONS:
                self._reserved(key, "a question")
            elif other := self._setting_place(name):
                message = f"`{name}` is a setting too"
                self.faults.add("ambiguous-name", key.place, message, other=other, about="the setting")
            question = self._question(name, key, value)
            if question is not None:
                self.questions[name] = question
            else:
                self.unread[name] = key.place
        self.shape.not_empty(node, "`questions`", "question")

    def _setting_place(self, name: str) -> Place | None:
        """Where the setting of this name is declared. Keys differ: no question of the name is unread by then."""
        return self.settings[name].place if name in self.settings else self.unread.get(name)

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
            cite=citations(fields),
            accept=accepted(fields),
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
        for text, meaning in self.unanswered.items():
            number = whole_number(text)
            if number is not None and question.low <= number <= question.high:
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
            return WIDEST
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
        self.shape.not_empty(node, f"`options` of {fields.what}", "option")
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
        if fields is None:
            return None
        aliases = fields.read("aliases", self.shape.texts)
        alone = fields.read("alone", self.shape.flag)
        label, help_text, cites = fields.need("label"), fields.text("help"), citations(fields)
        return None if name is None else model.Option(name, label, aliases, alone, help_text, cites, key.place)

    def _options_apart(self, options: list[model.Option]) -> None:
        """Every way to name an option means that option, and nothing else."""
        owner: dict[str, model.Option] = {}
        for option in options:
            for text in dict.fromkeys(filter(None, (option.id, option.label, *option.aliases))):
                key = name_key(text)
                if meaning := self._meaning_of(key):
                    message = f"{shown(text)} names option `{option.id}`, and {meaning} too"
                    self.faults.add("ambiguous-name", option.place, message)
                elif owner.setdefault(key, option) is not option:
                    message = f"{shown(text)} names option `{option.id}` and option `{owner[key].id}`"
                    other = owner[key].place
                    self.faults.add("ambiguous-name", option.place, message, other=other, about="the other option")

    def _meaning_of(self, key: str) -> str | None:
        """What a name means in every answer and test, so that nothing else may be called by it."""
        if key in self.not_known:
            return f"is a spelling of `{self.not_known[key]}`"
        return "means any answer" if key == "any" else None

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
            if option := keys.get(name_key(name)):
                message = f"`{name}` names a group and an option"
                self.faults.add("ambiguous-name", key.place, message, other=option.place, about="the option")
            elif meaning := self._meaning_of(name_key(name)):
                self.faults.add("ambiguous-name", key.place, f"`{name}` names a group, and {meaning} too")
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
