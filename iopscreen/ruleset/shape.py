"""Reading nodes strictly: each helper returns a value, or None with the fault collected.

What a message says: what was found, what would be right, where its counterpart is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeVar

from iopscreen.ruleset.findings import Faults, Place
from iopscreen.ruleset.model import Answer
from iopscreen.ruleset.nodes import Mapping as MappingNode
from iopscreen.ruleset.nodes import Node, Scalar, Sequence
from iopscreen.ruleset.values import AnswerReader, Unreadable

T = TypeVar("T")

NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
DASHED_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)


def did_you_mean(word: str, known: Collection[str], written: Mapping[str, str] | None = None) -> str:
    """`; did you mean ...?` when a known name is close, else an empty text. `written`: how names are shown."""
    from difflib import get_close_matches

    # Comparing takes its time: a hostile file has long words, or very many names.
    few = len(word) <= 60 and len(known) <= 500
    close = get_close_matches(word.casefold(), list(known), n=1, cutoff=0.7) if few else []
    return f"; did you mean {shown((written or {}).get(close[0], close[0]))}?" if close else ""


def shown(text: str) -> str:
    """An author's text in a message: in backticks, on one line, cut when long."""
    line = " ".join(text.split())
    return f"`{line[:57]}...`" if len(line) > 60 else f"`{line}`"


def a(noun: str) -> str:
    """`noun` with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


class Shape:
    """Reads nodes of one file and collects what is wrong with them."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    # --- mappings and lists ---

    def fields(self, node: Node, what: str, required: Collection[str], optional: Collection[str] = ()) -> Fields | None:
        """A mapping with known keys; unknown and missing ones are faults."""
        if not isinstance(node, MappingNode):
            keys = ", ".join(f"`{key}`" for key in required)
            self.wrong_shape(node, what, f"a mapping with {keys}" if keys else "a mapping")
            return None
        found: dict[str, Node] = {}
        known = (*required, *optional)
        for key, value in node.entries:
            if key.text in known:
                found[key.text] = value
            else:
                self._unknown_key(key, value, what, known, node.flow)
        for key_text in required:
            if key_text not in found:
                self.faults.add("missing-key", node.place, f"{what} has no `{key_text}`")
        return Fields(self, node, what, found)

    def _unknown_key(self, key: Scalar, value: Node, what: str, known: Collection[str], flow: bool) -> None:
        message = f"{shown(key.text)} is not a key of {what}"
        close = did_you_mean(key.text, known)
        if ":" in key.text:
            message, close = message + "; a space is missing after `:`", ""
        elif flow and re.fullmatch(r"\d{3}", key.text):
            message, close = message + "; write numbers without separators", ""
        elif not close and flow and isinstance(value, Scalar) and value.empty:
            message += "; text with a comma inside `{}` must be quoted"
        elif not close:
            message += f"; it may hold {', '.join(f'`{name}`' for name in known)}"
        self.faults.add("unknown-key", key.place, message + close)

    def entries(self, node: Node | None, what: str) -> Iterator[tuple[Scalar, Node]]:
        """Key and value of a mapping whose keys are names of the author's choice."""
        if isinstance(node, MappingNode):
            yield from node.entries
        elif node is not None:
            self.wrong_shape(node, what, "a mapping from names to their descriptions")

    def items(self, node: Node | None, what: str, *, may_be_one: bool = False) -> tuple[Node, ...]:
        """The items of a list; with `may_be_one` a single value counts as a list of one."""
        if node is None:
            return ()
        if isinstance(node, Sequence):
            return node.items
        if may_be_one and isinstance(node, Scalar) and not node.empty:
            return (node,)
        self.wrong_shape(node, what, "a value or a list of them" if may_be_one else "a list")
        return ()

    def wrong_shape(self, node: Node, what: str, right: str) -> None:
        """`what` should be `right`, and is something else."""
        if isinstance(node, Scalar) and node.refused:
            return
        if isinstance(node, Scalar) and node.empty:
            self.faults.add("empty-value", node.place, f"{what} is empty; it should be {right}")
            return
        found = {Scalar: "a single value", Sequence: "a list", MappingNode: "a mapping"}[type(node)]
        hint = ""
        if isinstance(node, Scalar) and re.match(r"[\w-]+:\S", node.text):
            hint = "; a space is missing after `:`"
        self.faults.add("wrong-shape", node.place, f"{what} is {found}; it should be {right}{hint}")

    def not_empty(self, node: Node | None, what: str, one: str) -> None:
        """A mapping that is there holds something."""
        if isinstance(node, MappingNode) and not node.entries:
            self.faults.add("empty-value", node.place, f"{what} is empty; declare at least one {one}")

    # --- single values ---

    def text(self, node: Node | None, what: str) -> str | None:
        """Text that is not empty."""
        if node is None or (isinstance(node, Scalar) and node.refused):
            return None
        if not isinstance(node, Scalar):
            self.wrong_shape(node, what, "text")
            return None
        if node.empty or not node.text.strip():
            self.faults.add("empty-value", node.place, f"{what} is empty")
            return None
        if node.glued_comment:
            self.faults.add(
                "cut-text",
                node.place,
                f"{what} is cut at ` #`, which starts a comment; quote the text, or put a space behind `#`",
            )
        return " ".join(node.text.split()) if node.plain else node.text.strip()

    def texts(self, node: Node | None, what: str, *, may_be_one: bool = True) -> tuple[str, ...]:
        """A list of texts."""
        found = [self.text(item, what) for item in self.items(node, what, may_be_one=may_be_one)]
        return tuple(text for text in found if text is not None)

    def choice(self, node: Node | None, what: str, known: Collection[str]) -> str | None:
        """One of the names in `known`."""
        text = self.text(node, what)
        if text is None or text in known:
            return text
        assert node is not None
        names = ", ".join(f"`{name}`" for name in known)
        close = did_you_mean(text, known) or f"; it should be one of {names}"
        self.faults.add("wrong-value", node.place, f"{shown(text)} is not {a(what)}{close}")
        return None

    def flag(self, node: Node | None, what: str) -> bool:
        """`yes` or `no`; absent is no."""
        text = self.text(node, what)
        if text is None:
            return False
        if text.casefold() in ("yes", "true", "no", "false"):
            return text.casefold() in ("yes", "true")
        assert node is not None
        self.faults.add("wrong-value", node.place, f"{what} is {shown(text)}; it should be yes or no")
        return False

    def whole(self, node: Node | None, what: str) -> int | None:
        """A whole number."""
        if node is not None and not isinstance(node, Scalar):
            self.wrong_shape(node, what, "a whole number")
            return None
        text = self.text(node, what)
        if text is None:
            return None
        if _WHOLE.fullmatch(text):
            return int(text)
        assert node is not None
        if re.search(r"[<>=]", text):
            hint = "; write the comparison in words, such as `{at_least: 18}`"
        elif re.fullmatch(r"-?\d{1,3}(?:[ ,._']\d{3})+", text):
            hint = f"; write it without separators: {re.sub('[^0-9-]', '', text)}"
        elif re.fullmatch(r"-?\d*[.,]\d+", text):
            hint = "; fractions are not read"
        else:
            hint = ""
        self.faults.add("wrong-value", node.place, f"{what} is {shown(text)}; it should be a whole number{hint}")
        return None

    def date(self, node: Node | None, what: str) -> str | None:
        """A date as YYYY-MM-DD, kept as text."""
        from datetime import date

        text = self.text(node, what)
        if text is None:
            return None
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
        assert node is not None
        self.faults.add("wrong-value", node.place, f"{what} is {shown(text)}; it should be a date such as 2026-11-23")
        return None

    def answer(self, node: Node, reader: AnswerReader, what: str) -> Answer | None:
        """A value through the one door of `values.py`."""
        try:
            if isinstance(node, Sequence):
                texts = self.texts(node, what)
                return reader.items(texts) if len(texts) == len(node.items) else None
            text = self.text(node, what)
            return None if text is None else reader(text)
        except Unreadable as error:
            found = shown(node.text) if isinstance(node, Scalar) else "it"
            self.faults.add("wrong-value", node.place, f"{what}: {found} {error}")
            return None

    # --- names ---

    def name(self, node: Node | None, what: str, *, dashes: bool = False) -> str | None:
        """A name of the author's choice: small letters, digits, `_` (and, with `dashes`, `-`)."""
        text = self.text(node, f"the id of {what}")
        if text is None:
            return None
        pattern, allowed = (DASHED_NAME, ", `_` and `-`") if dashes else (NAME, " and `_`")
        if pattern.fullmatch(text):
            return text
        assert node is not None
        self.faults.add(
            "bad-name",
            node.place,
            f"{shown(text)} is not a name for {what}: small letters, digits{allowed}, a letter first",
        )
        return None

    def known(self, word: str, place: Place, what: str, known: Mapping[str, T]) -> T | None:
        """Look a name up; an unknown one is a fault with did-you-mean."""
        if word in known:
            return known[word]
        close = did_you_mean(word, known) or f"; known: {', '.join(f'`{name}`' for name in list(known)[:12])}"
        self.faults.add("unknown-name", place, f"{shown(word)} is not {what}{close if known else ''}")
        return None

    def once(self, seen: dict[str, Place], word: str, place: Place, what: str) -> bool:
        """Note that `word` is declared at `place`; a second time is a fault."""
        if word in seen:
            message = f"{what} `{word}` is declared twice"
            self.faults.add("duplicate-id", place, message, other=seen[word], about="first here")
            return False
        seen[word] = place
        return True


class Fields:
    """The keys of one mapping, each read by one of `Shape`'s helpers."""

    def __init__(self, shape: Shape, node: MappingNode, what: str, found: Mapping[str, Node]) -> None:
        self.shape = shape
        self.node = node
        self.what = what
        self.found = found

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def node_of(self, key: str) -> Node | None:
        """The node under `key`, or None."""
        return self.found.get(key)

    def place_of(self, key: str) -> Place:
        """Where the value of `key` stands, or the mapping when there is none."""
        node = self.found.get(key)
        return node.place if node else self.node.place

    def key_place(self, key: str) -> Place:
        """Where `key` itself stands, or the mapping when there is none."""
        return next((name.place for name, _ in self.node.entries if name.text == key), self.node.place)

    def read(self, key: str, helper: Callable[[Node | None, str], T]) -> T:
        """`helper` applied to the value of `key`, named for messages."""
        return helper(self.found.get(key), f"`{key}` of {self.what}")

    def text(self, key: str) -> str | None:
        """Text, or None."""
        return self.read(key, self.shape.text)

    def need(self, key: str) -> str:
        """Text that is required; an empty text stands in for one that is missing (a fault by then)."""
        return self.text(key) or ""
