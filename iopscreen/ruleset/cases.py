"""A `.cases.yaml` file -> cases: answers, and the decision that they must lead to.

Read as strictly as a rule file, every fault told at once. What a case names (questions,
answers, outcomes, rules) must exist in the rule set; whether the expectation is met is for
the audit to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sized
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from iopscreen.ruleset.findings import EnoughFaults, Faults, Finding, Place
from iopscreen.ruleset.model import NO_RULE, Answer, RuleSet
from iopscreen.ruleset.nodes import Mapping as MappingNode
from iopscreen.ruleset.nodes import Node, Scalar, Sequence, parse
from iopscreen.ruleset.reader import FORMAT
from iopscreen.ruleset.shape import Fields, Shape, shown
from iopscreen.ruleset.values import answer_readers

CASES_SUFFIX = ".cases.yaml"
TO_FILL_IN = "???"
"""Stands for an expectation that a person has yet to decide; the reader refuses it."""

EXPECTATIONS = ("recommend", "rule", "possible", "ask_next")

_FILL_IN = f"`{TO_FILL_IN}` is for a person to fill in: decide what this caller must be told, and write it here"
_EXPECTING = rf"(?a)\b(?:expect|{'|'.join(EXPECTATIONS)})\s*:\s*(?:\[[^\[\]{{}}]*)?\Z"
"""What stands before an expectation: its key, and a bracket where several may stand."""
_FILLED_IN_LATER = r"(?a)\?\?\?\s*(?:[,\]}]|\Z)"


class Expect(NamedTuple):
    """What must come out; None where nothing is said. `recommend` may be `no_rule`."""

    recommend: str | None
    rule: str | None
    possible: tuple[str, ...] | None
    ask_next: tuple[str, ...] | None


class Case(NamedTuple):
    """Answers and the decision that they must lead to. A question not named is unknown."""

    id: str
    answers: Mapping[str, Answer]
    expect: Expect
    title: str | None
    source: str | None
    confirmed_by: str | None
    place: Place


class CaseFile(NamedTuple):
    """One `.cases.yaml` file, understood. Cases are in file order."""

    path: str
    text: str
    cases: tuple[Case, ...]


def cases_path(rules_path: str) -> str:
    """Where the cases of a rule file live: `iop.cases.yaml` beside `iop.yaml`."""
    return str(Path(rules_path).with_suffix(CASES_SUFFIX))


def understand_cases(data: bytes, path: str, rules_path: str, rule_set: RuleSet) -> CaseFile:
    """The cases whose bytes are `data`, about `rule_set`. Raises FileRefused with every fault."""
    faults = Faults(path)
    cases: tuple[Case, ...] = ()
    with suppress(EnoughFaults):
        root = parse(data, faults)
        cases = () if root is None else _CaseReader(Shape(faults), rule_set).read(root, Path(rules_path).name)
    faults.found = _as_meant(_names_told_once(faults.found), data)
    faults.stop_if_any()
    return CaseFile(path, data.decode("utf-8-sig"), cases)


def _names_told_once(found: Iterable[Finding]) -> list[Finding]:
    """The faults; a name that many cases use and nothing has, as after renaming a rule, is told at the first."""
    faults = list(found)
    places: dict[str, list[Place]] = {}
    for fault in faults:
        if fault.name == "unknown-name":
            places.setdefault(fault.message, []).append(fault.place)
    kept = [fault for fault in faults if places.get(fault.message, [fault.place])[0] == fault.place]
    return [fault._replace(message=fault.message + _more_places(places.get(fault.message, []))) for fault in kept]


def _as_meant(found: list[Finding], data: bytes) -> list[Finding]:
    """The faults; where `???` in brackets stopped the parser, that it is to be filled in, and not to be quoted."""
    if all(fault.name != "syntax" for fault in found):
        return found
    lines = data.decode("utf-8-sig").split("\n")
    return [_meant(fault, lines) if fault.name == "syntax" else fault for fault in found]


def _meant(fault: Finding, lines: list[str]) -> Finding:
    line, start = fault.place.line - 1, fault.place.column - 1
    here = lines[line]
    if start and here.startswith(TO_FILL_IN, start - 1):  # of a list, the first sign is a key's to the parser
        start -= 1
    before = [text[-_NEAR:] for text in (*lines[max(0, line - 1) : line], here[:start])]
    if re.search(_EXPECTING, "\n".join(before)) and re.match(_FILLED_IN_LATER, here[start:]):
        return fault._replace(name="to-fill-in", place=Place(line + 1, start + 1), message=_FILL_IN)
    return fault


_NEAR = 200
"""How many characters are looked at: a hostile line is a megabyte long."""


def _more_places(places: Sized) -> str:
    more = len(places) - 1
    return f"; so in {more:,} more place{'' if more == 1 else 's'} of this file" if more > 0 else ""


class _CaseReader:
    """Reads the cases of one rule set."""

    def __init__(self, shape: Shape, rule_set: RuleSet) -> None:
        self.shape = shape
        self.faults = shape.faults
        self.rule_set = rule_set
        self.readers = answer_readers(rule_set)
        self.outcomes = dict.fromkeys([*rule_set.outcome, NO_RULE], True)

    def read(self, root: Node, rules_name: str) -> tuple[Case, ...]:
        """Every case of the file; one that cannot be read is left out, its faults collected."""
        top = self.shape.fields(root, "a file of cases", ["format", "rules", "cases"])
        if top is None or not self._known_format(top):
            return ()
        named = top.text("rules")
        if named is not None and named != rules_name:
            message = f"`rules` is {shown(named)}; the rule file beside this one is `{rules_name}`"
            self.faults.add("wrong-value", top.place_of("rules"), message)
        seen: dict[str, Place] = {}
        found = [self._case(node, seen) for node in self.shape.items(top.node_of("cases"), "`cases`")]
        return tuple(case for case in found if case is not None)

    def _known_format(self, top: Fields) -> bool:
        text = top.text("format")
        if text is None or text == FORMAT:
            return True
        message = f"`format` is {shown(text)}; this program reads format {FORMAT}"
        self.faults.add("wrong-value", top.place_of("format"), message)
        return False

    def _case(self, node: Node, seen: dict[str, Place]) -> Case | None:
        required, optional = ["id", "answers", "expect"], ["title", "source", "confirmed_by"]
        fields = self.shape.fields(node, "a case", required, optional)
        if fields is None:
            return None
        name = self.shape.name(fields.node_of("id"), "a case", dashes=True)
        if name is not None:
            fields.what = f"case `{name}`"
            self.shape.once(seen, name, fields.place_of("id"), "case")
        answers, expect = self._answers(fields), self._expect(fields)
        title, source, confirmed_by = fields.text("title"), fields.text("source"), fields.text("confirmed_by")
        if name is None or expect is None:
            return None
        return Case(name, answers, expect, title, source, confirmed_by, fields.place_of("id"))

    def _answers(self, case: Fields) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        for key, node in self.shape.entries(case.node_of("answers"), f"`answers` of {case.what}"):
            reader = self.shape.known(key.text, key.place, "a question", self.readers)
            if reader is None:
                continue
            if isinstance(node, MappingNode):
                self.shape.wrong_shape(node, f"the answer of `{key.text}`", reader.expected)
                continue
            answer = self.shape.answer(node, reader, f"the answer of `{key.text}`")
            if answer is not None:
                found[key.text] = answer
        return found

    # --- what is expected ---

    def _expect(self, case: Fields) -> Expect | None:
        node = case.node_of("expect")
        if node is None or self._to_fill_in(node):
            return None
        fields = self.shape.fields(node, f"`expect` of {case.what}", [], EXPECTATIONS)
        if fields is None:
            return None
        if isinstance(node, MappingNode) and not node.entries:
            names = ", ".join(f"`{name}`" for name in EXPECTATIONS)
            self.faults.add("empty-value", node.place, f"{fields.what} is empty; name one or more of {names}")
            return None
        return Expect(
            recommend=self._one(fields, "recommend", "an outcome", self.outcomes),
            rule=self._one(fields, "rule", "a rule", self.rule_set.rule),
            possible=self._possible(fields),
            ask_next=self._several(fields, "ask_next", "a question", self.rule_set.question),
        )

    def _to_fill_in(self, node: Node | None) -> bool:
        if isinstance(node, Scalar) and node.text.strip() == TO_FILL_IN:
            self.faults.add("to-fill-in", node.place, _FILL_IN)
            return True
        return False

    def _one(self, expect: Fields, key: str, what: str, known: Mapping[str, object]) -> str | None:
        node = expect.node_of(key)
        if self._to_fill_in(node):
            return None
        text = self.shape.text(node, f"`{key}` of {expect.what}")
        if text is None or node is None:
            return None
        return text if self.shape.known(text, node.place, what, known) is not None else None

    def _possible(self, expect: Fields) -> tuple[str, ...] | None:
        found = self._several(expect, "possible", "an outcome", self.outcomes)
        node = expect.node_of("possible")
        if isinstance(node, Sequence) and not node.items:
            message = f"`possible` of {expect.what} is an empty list; something is always possible"
            self.faults.add("empty-value", node.place, message)
        return found

    def _several(self, expect: Fields, key: str, what: str, known: Mapping[str, object]) -> tuple[str, ...] | None:
        node = expect.node_of(key)
        if node is None:
            return None
        found = []
        for item in self.shape.items(node, f"`{key}` of {expect.what}", may_be_one=True):
            if self._to_fill_in(item):
                continue
            text = self.shape.text(item, f"`{key}` of {expect.what}")
            if text is not None and self.shape.known(text, item.place, what, known) is not None:
                found.append(text)
        return tuple(found)
