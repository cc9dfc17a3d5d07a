"""An answers file (YAML or JSON: question id -> answer) -> answers.

No message repeats an answer: it is health data.
"""

from __future__ import annotations

from contextlib import suppress

from iopscreen.errors import IopscreenError
from iopscreen.ruleset.findings import EnoughFaults, Faults
from iopscreen.ruleset.model import Answer, RuleSet
from iopscreen.ruleset.nodes import Mapping, Node, Scalar, Sequence, parse
from iopscreen.ruleset.shape import did_you_mean, shown
from iopscreen.ruleset.values import AnswerReader, Unreadable, answer_readers


class AnswersRefused(IopscreenError):
    """The answers file cannot be read; `problems` are all the reasons, in file order."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_answers(data: bytes, rule_set: RuleSet, name: str) -> dict[str, Answer]:
    """Answers by question id. `name` is what messages call the file. Raises AnswersRefused."""
    faults = Faults(name)
    root = None
    with suppress(EnoughFaults):
        root = parse(_json_as_yaml(data), faults)
    if faults.found:
        # A syntax message may quote the file's text, which holds answers: the place must do.
        raise AnswersRefused(
            [f"{name}:{fault.place.line}: {_WORDS.get(fault.name, _NOT_READ)}" for fault in faults.found]
        )
    if not isinstance(root, Mapping):
        raise AnswersRefused([f"{name}: should be a mapping from question ids to answers"])
    readers = answer_readers(rule_set)
    problems = []
    answers: dict[str, Answer] = {}
    for key, node in root.entries:
        where = f"{name}:{key.place.line}"
        reader = readers.get(key.text)
        if reader is None:
            close = did_you_mean(key.text, list(readers)) or f"; questions: {', '.join(readers)}"
            problems.append(f"{where}: {shown(key.text)} is not a question of rule set `{rule_set.id}`{close}")
            continue
        try:
            answers[key.text] = _answer(reader, node)
        except Unreadable as error:
            problems.append(f"{where}: the answer of `{key.text}` {error}")
    if problems:
        raise AnswersRefused(problems)
    return answers


_NOT_READ = "cannot be read as YAML or JSON from here on"
_WORDS = {
    "duplicate-key": "a question is answered twice",
    "yaml-feature": "anchors, aliases, tags and merge keys are not read",
    "several-documents": "a second document starts here",
    "empty-file": "no answers; should be a mapping from question ids to answers",
    "too-large": "too large for an answers file",
    "too-deep": "nested too deep for an answers file",
    "not-utf8": "not UTF-8",
    "control-character": "holds a control character",
    "too-many-faults": "so many faults; mend these before the rest is looked at",
}


def _json_as_yaml(data: bytes) -> bytes:
    """JSON is read as YAML; its tabs, which may only stand between values, become spaces."""
    return data.replace(b"\t", b" ") if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else data


def _answer(reader: AnswerReader, node: Node) -> Answer:
    if isinstance(node, Scalar):
        return reader("" if node.empty else node.text)
    if isinstance(node, Sequence):
        items = [item for item in node.items if isinstance(item, Scalar)]
        if len(items) == len(node.items):
            return reader.items(["" if item.empty else item.text for item in items])
    raise Unreadable(f"is not {reader.expected}")
