"""The entries that hold a condition: impossible, rules, notes, guarantees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from iopscreen.ruleset import model
from iopscreen.ruleset.citing import accepted, citations
from iopscreen.ruleset.conditions import NOBODY, ConditionReader
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import NO_RULE, Condition
from iopscreen.ruleset.nodes import Mapping as MappingNode
from iopscreen.ruleset.nodes import Node, Scalar
from iopscreen.ruleset.shape import Fields, a, shown

T = TypeVar("T")

SECTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "impossible": (("id", "when", "because"), ("unless", "cite"), "impossible entry"),
    "rules": (("id", "when", "recommend", "because", "basis"), ("unless", "cite", "accept"), "rule"),
    "notes": (("id", "when", "say"), ("unless", "for", "cite"), "note"),
    "guarantees": (("id", "when"), ("unless", "never", "always", "because", "cite"), "guarantee"),
}


class StatementReader:
    """Reads the entries of each section; what they may name was read before."""

    def __init__(
        self,
        conditions: ConditionReader,
        questions: Mapping[str, model.Question],
        outcomes: Mapping[str, model.Outcome],
    ) -> None:
        self.shape = conditions.shape
        self.faults = conditions.shape.faults
        self.conditions = conditions
        self.questions = questions
        self.outcomes = outcomes

    def each(
        self, top: Fields, section: str, read: Callable[[Fields, str, Place], T], *, at_least_one: bool = False
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
            if name is not None and self.shape.once(seen, name, fields.place_of("id"), singular):
                found.append(entry)
        return tuple(found)

    def _condition(self, fields: Fields, key: str) -> Condition | None:
        node = fields.node_of(key)
        return None if node is None else self.conditions.read(node, f"`{key}` of {fields.what}")

    def _both(self, fields: Fields) -> Condition:
        return model.both(self._condition(fields, "when") or NOBODY, self._condition(fields, "unless"))

    def impossible(self, fields: Fields, name: str, place: Place) -> model.Impossible:
        condition = self._both(fields)
        subjects = {test.subject for test in model.tests_of(condition)} & set(self.questions)
        if any(not self.questions[subject].for_notes for subject in subjects):
            # Tied to a deciding question, an answer that is for notes alone could decide after all.
            self._no_note_questions(fields.what, condition)
        return model.Impossible(name, condition, fields.need("because"), citations(fields), place)

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
            cite=citations(fields),
            accept=accepted(fields),
            place=place,
        )

    def _no_note_questions(self, what: str, condition: Condition) -> None:
        for test in model.tests_of(condition):
            question = self.questions.get(test.subject)
            if question is not None and question.for_notes:
                message = f"{what} tests `{question.id}`, which is asked for notes alone"
                about = "`for_notes: yes` here"
                self.faults.add("for-notes-question", test.place, message, other=question.place, about=about)

    def _outcome(self, node: Node, what: str) -> str | None:
        text = self.shape.text(node, what)
        outcome = None if text is None else self.shape.known(text, node.place, what, self.outcomes)
        return outcome.id if outcome else None

    def note(self, fields: Fields, name: str, place: Place) -> model.Note:
        audience = self.shape.choice(fields.node_of("for"), "reader of a note", ["staff", "caller"]) or "staff"
        condition = self._both(fields)
        return model.Note(name, condition, audience, fields.need("say"), citations(fields), place)

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
        allowed = named if always is not None else frozenset([*self.outcomes, NO_RULE]) - named
        condition = self._both(fields)
        cites = citations(fields)
        return model.Guarantee(name, condition, allowed, fields.text("because"), cites, place)


def _id_of(node: Node) -> str:
    """The id of an entry, for messages; empty where there is none."""
    if isinstance(node, MappingNode):
        for key, value in node.entries:
            if key.text == "id" and isinstance(value, Scalar) and value.text:
                return shown(value.text)
    return ""
