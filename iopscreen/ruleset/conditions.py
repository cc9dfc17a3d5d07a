"""Conditions in YAML -> `Condition`.

A mapping is "all of these"; which tests a subject takes depends on its type:
`yes_no`, `one`, `many` or `whole_number` (see `rules/README.md`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import (
    NO,
    YES,
    AllOf,
    AnyOf,
    Bound,
    Condition,
    Group,
    Kind,
    Not,
    NumberTest,
    OptionsTest,
    Question,
    Setting,
    ValueTest,
)
from iopscreen.ruleset.nodes import Mapping as MappingNode
from iopscreen.ruleset.nodes import Node, Scalar, Sequence
from iopscreen.ruleset.shape import Shape, shown
from iopscreen.ruleset.values import SPELLINGS, name_key, option_keys, spelling_key

BOUNDS = ("at_least", "above", "at_most", "below", "is")
NOBODY = AnyOf(())

Subject = Question | Setting


class ConditionReader:
    """Reads conditions over `subjects`: questions, and settings that are tested like them.

    An unreadable part reads as "nobody" once its fault is collected, so that reading goes on.
    """

    def __init__(self, shape: Shape, subjects: Mapping[str, Subject], unread: Collection[str]) -> None:
        self.shape = shape
        self.subjects = subjects
        self.unread = unread
        self._names: dict[str, tuple[dict[str, tuple[str, ...]], dict[str, str]]] = {}
        self._named: dict[tuple[str, str], Place] = {}

    def with_named_groups(self, question: Question) -> Question:
        """`question`, each of its groups with the place where a condition that was read first names it."""
        if not question.groups:
            return question
        groups = [group._replace(named_place=self._named.get((question.id, group.id))) for group in question.groups]
        return question._replace(groups=tuple(groups))

    def read(self, node: Node, what: str) -> Condition:
        """The condition at `node`; `{}` is everyone."""
        if isinstance(node, Sequence):
            self._fault("wrong-shape", node.place, f"{what} is a list; write `all_of:` or `any_of:` before it")
            return NOBODY
        if not isinstance(node, MappingNode):
            self.shape.wrong_shape(node, what, "a mapping from questions to answers, or `{}` for everyone")
            return NOBODY
        parts = tuple(self._entry(key, value, node.flow) for key, value in node.entries)
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _entry(self, key: Scalar, value: Node, flow: bool) -> Condition:
        match key.text:
            case "any_of":
                return AnyOf(self._parts(key, value))
            case "all_of":
                return AllOf(self._parts(key, value))
            case "not":
                return Not(self.read(value, "`not`"))
        subject = self._subject(key, value, flow)
        return NOBODY if subject is None else self._test(subject, value, key.place)

    def _parts(self, key: Scalar, value: Node) -> tuple[Condition, ...]:
        items = self.shape.items(value, f"`{key.text}`")
        if not items and isinstance(value, Sequence):
            self._fault("empty-value", value.place, f"`{key.text}` is an empty list; name at least one condition")
        return tuple(self.read(item, f"a condition of `{key.text}`") for item in items)

    def _subject(self, key: Scalar, value: Node, flow: bool) -> Subject | None:
        if key.text in self.unread:
            return None  # declared, and told to be faulty there
        if ":" in key.text and key.text not in self.subjects:
            self._fault("unknown-name", key.place, f"{shown(key.text)}: a space is missing after `:`")
            return None
        if "=" in key.text:
            self._fault("unknown-name", key.place, f"{shown(key.text)}: `: ` stands between a question and its answer")
            return None
        if flow and key.text not in self.subjects and isinstance(value, Scalar) and value.empty:
            message = f"{shown(key.text)} is not a question or setting; a list of answers stands in `[]`"
            self._fault("unknown-name", key.place, message)
            return None
        return self.shape.known(key.text, key.place, "a question or setting", self.subjects)

    def _test(self, subject: Subject, node: Node, place: Place) -> Condition:
        if isinstance(node, Scalar) and node.refused:
            return NOBODY
        if isinstance(node, Scalar) and node.empty:
            self._fault("empty-value", node.place, f"the test of `{subject.id}` is empty; say which answer it is")
            return NOBODY
        if isinstance(node, Scalar) and spelling_key(node.text) in _NOT_KNOWN:
            message = f"`{subject.id}` is tested for {shown(node.text)}: not knowing is no answer that a rule can test"
            self._fault("wrong-value", node.place, message)
            return NOBODY
        match subject.kind:
            case Kind.YES_NO:
                return self._yes_no(subject, node, place)
            case Kind.ONE:
                return self._one(subject, node, place)
            case Kind.MANY:
                assert isinstance(subject, Question)
                return self._many(subject, node, place)
            case Kind.WHOLE_NUMBER:  # pragma: no branch (there is no other kind: mypy would tell)
                return self._number(subject, node, place)

    def _yes_no(self, subject: Subject, node: Node, place: Place) -> Condition:
        text = node.text if isinstance(node, Scalar) else None
        for value in (YES, NO):
            if text is not None and spelling_key(text) in SPELLINGS[value]:
                return ValueTest(subject.id, frozenset([value]), place)
        found = shown(text) if text is not None else "a list or mapping"
        self._fault("wrong-value", node.place, f"the test of `{subject.id}` is {found}; it should be yes or no")
        return NOBODY

    def _one(self, subject: Subject, node: Node, place: Place) -> Condition:
        if isinstance(node, MappingNode):
            fields = self.shape.fields(node, f"the test of `{subject.id}`", ["not"])
            excluded = fields and fields.node_of("not")
            if not excluded:
                return NOBODY
            options = frozenset(option.id for option in subject.options) - self._options(subject, excluded)
            return ValueTest(subject.id, options, place)
        return ValueTest(subject.id, self._options(subject, node), place)

    def _many(self, subject: Question, node: Node, place: Place) -> Condition:
        if not isinstance(node, MappingNode):
            return OptionsTest(subject.id, self._options(subject, node), False, place)
        fields = self.shape.fields(node, f"the test of `{subject.id}`", [], ["any", "all", "none"])
        if fields is None or not fields.found:
            if fields is not None and not node.entries:
                self._fault(
                    "empty-value", node.place, f"the test of `{subject.id}` is empty; name `any`, `all` or `none`"
                )
            return NOBODY
        parts: list[Condition] = []
        several = len(fields.found) > 1
        for word, value in fields.found.items():
            where, part = (fields.key_place(word), word) if several else (place, "")
            test = OptionsTest(subject.id, self._options(subject, value), word == "all", where, part)
            parts.append(Not(test) if word == "none" else test)
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _options(self, subject: Subject, node: Node) -> frozenset[str]:
        """Option ids named at `node`, groups spelled out."""
        items = self.shape.items(node, f"the test of `{subject.id}`", may_be_one=True)
        if not items and isinstance(node, Sequence):
            self._fault("empty-value", node.place, f"the test of `{subject.id}` is an empty list; name an option")
        named: set[str] = set()
        for item in items:
            text = self.shape.text(item, f"an option of `{subject.id}`")
            if text is not None:
                named.update(self._option(subject, text, item.place))
        return frozenset(named)

    def _option(self, subject: Subject, text: str, place: Place) -> tuple[str, ...]:
        if subject.id not in self._names:
            self._names[subject.id] = _option_names(subject)
        names, aliases = self._names[subject.id]
        if text not in names and name_key(text) in aliases:
            option = aliases[name_key(text)]
            message = f"{shown(text)} is not an option of `{subject.id}`; rules name options by id: `{option}`"
            self._fault("unknown-name", place, message)
            return ()
        self._named.setdefault((subject.id, text), place)
        return self.shape.known(text, place, f"an option of `{subject.id}`", names) or ()

    def _number(self, subject: Subject, node: Node, place: Place) -> Condition:
        if not isinstance(node, MappingNode):
            found = shown(node.text) if isinstance(node, Scalar) else "a list"
            message = (
                f"the test of `{subject.id}` is {found}; it should be a mapping such as "
                "`{at_least: 18}` or `{is: 18}` (also `above`, `at_most`, `below`)"
            )
            self._fault("wrong-value", node.place, message)
            return NOBODY
        fields = self.shape.fields(node, f"the test of `{subject.id}`", [], BOUNDS)
        if fields is None or not fields.found:
            if fields is not None and not node.entries:
                self._fault("empty-value", node.place, f"the test of `{subject.id}` is empty; name a bound")
            return NOBODY
        bounds = [self._bound(subject, op, value, fields.key_place(op)) for op, value in fields.found.items()]
        known = tuple(bound for bound in bounds if bound is not None)
        return NumberTest(subject.id, known, place) if len(known) == len(bounds) else NOBODY

    def _bound(self, subject: Subject, op: str, node: Node, place: Place) -> Bound | None:
        what = f"`{op}` of the test of `{subject.id}`"
        setting = self.subjects.get(node.text) if isinstance(node, Scalar) else None
        limit: int | str | None
        if isinstance(setting, Setting) and isinstance(setting.value, int):
            limit, number = setting.id, setting.value
        else:
            if isinstance(node, Scalar) and node.plain and node.text[:1].isalpha():
                self._no_number(node, what)
                return None
            limit = self.shape.whole(node, what)
            if limit is None:
                return None
            number = limit
        if isinstance(subject, Question) and not subject.low <= number <= subject.high:
            message = f"{what} is {number}, outside the range {subject.low} to {subject.high} of the question"
            self.shape.faults.add("wrong-value", node.place, message, other=subject.place, about="the question")
            return None
        return Bound(op, limit, place)

    def _no_number(self, node: Scalar, what: str) -> None:
        if node.text in self.unread:
            return  # declared, and told to be faulty there
        numbers = {
            name: named
            for name, named in self.subjects.items()
            if isinstance(named, Setting) and named.kind is Kind.WHOLE_NUMBER
        }
        self.shape.known(node.text, node.place, f"a whole number or a `whole_number` setting ({what})", numbers)

    def _fault(self, name: str, place: Place, message: str) -> None:
        self.shape.faults.add(name, place, message)


def _option_names(subject: Subject) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The options that each name in a rule stands for; and, for hints, the option of each label and alias."""
    groups: tuple[Group, ...] = subject.groups if isinstance(subject, Question) else ()
    names: dict[str, tuple[str, ...]] = {option.id: (option.id,) for option in subject.options}
    names |= {group.id: group.options for group in groups}
    return names, {key: option.id for option in subject.options for key in option_keys(option)}


_NOT_KNOWN = frozenset(spelling_key(text) for meaning in ("unknown", "declined") for text in SPELLINGS[meaning] if text)
