"""How a dialect of SQL writes names and texts, and how an answer in a cell is found to be in one block or another.

A block has a label that can be read: `yes`, `0 to 17`, `treated`. Null stands for what is no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from iopscreen.engine.blocks import Blocks, NumberBlocks, ValueBlocks
from iopscreen.export.dialects import Dialect
from iopscreen.ruleset.model import Kind, OptionsTest, Question, Unanswered
from iopscreen.ruleset.values import SEPARATORS

UNKNOWN = Unanswered.UNKNOWN.value
DECLINED = Unanswered.DECLINED.value
NOTHING_NAMED = "none of these"
ALL = "any"
"""The label of the one block of a question whose answers no rule tells apart."""


class Words(NamedTuple):
    """Names, texts and patterns as one dialect writes them."""

    dialect: Dialect

    def name(self, text: str) -> str:
        """A quoted identifier."""
        mark = "`" if self.dialect is Dialect.SPARK else '"'
        return mark + text.replace(mark, mark * 2) + mark

    def text(self, text: str) -> str:
        """A literal."""
        if self.dialect is Dialect.SPARK:
            # Spark replaces `${...}` by what it is set to, in literals too.
            text = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "$\\{")
        else:
            text = text.replace("'", "''")
        return f"'{text}'"

    def matches(self, expression: str, pattern: str) -> str:
        """Whether the whole text matches; `pattern` keeps to what every dialect reads alike."""
        operator = "RLIKE" if self.dialect is Dialect.SPARK else "~"
        return f"{expression} {operator} {self.text(f'^({pattern})$')}"

    def texts(self, texts: Iterable[str]) -> str:
        """A list for `IN`."""
        return f"({', '.join(map(self.text, texts))})"


class Facts:
    """The answers of one question: what cells mean, and how its blocks are called."""

    def __init__(self, blocks: Blocks, tests: Sequence[OptionsTest], words: Words) -> None:
        self.question: Question = blocks.question
        self.words = words
        self.blocks = blocks
        self.cell = f"answers.{words.name(self.question.id)}"
        self.fact = f"facts.{words.name(self.question.id)}"
        self.tests = {_test_name(test, self.question): test for test in tests}
        self.labels = self._labels()

    def _labels(self) -> list[str]:
        blocks = self.blocks
        if blocks.count == 1:
            return [ALL]
        if isinstance(blocks, NumberBlocks):
            return [f"{low} to {high}" for low, high in zip(blocks.starts, blocks.ends, strict=True)]
        if isinstance(blocks, ValueBlocks):
            return [_named(members) for members in blocks.members]
        passing = {name: blocks.passing(test) for name, test in self.tests.items()}
        return [
            ", ".join(name for name, passes in passing.items() if passes >> block & 1) or NOTHING_NAMED
            for block in range(blocks.count)
        ]

    @property
    def expected(self) -> str:
        """What a cell may hold, in words."""
        question = self.question
        match question.kind:
            case Kind.WHOLE_NUMBER:
                return f"a whole number from {question.low} to {question.high}, or null"
            case Kind.YES_NO:
                return f"yes, no, {UNKNOWN} or {DECLINED}"
            case Kind.ONE:
                return f"one of {', '.join(question.option_ids)}, {UNKNOWN} or {DECLINED}"
            case Kind.MANY:
                return f"one or more of {', '.join(question.option_ids)} joined by `;`, {UNKNOWN} or {DECLINED}"

    def lines(self) -> Iterator[str]:
        """The label of a cell's block, as a CASE: `unknown` where it is not known, null where it is no answer."""
        yield "CASE"
        if self.question.kind is Kind.WHOLE_NUMBER:
            yield f"  WHEN {self.cell} IS NULL THEN {self.words.text(UNKNOWN)}"
        else:
            blank = self.words.texts(["", UNKNOWN, DECLINED])
            yield f"  WHEN coalesce({self.cell}, '') IN {blank} THEN {self.words.text(UNKNOWN)}"
        for condition, label in self._cases():
            yield f"  WHEN {condition} THEN {label}" if condition else f"  ELSE {label}"
        yield "END"

    def _cases(self) -> Iterator[tuple[str | None, str]]:
        blocks, text = self.blocks, self.words.text
        if isinstance(blocks, NumberBlocks):
            for low, high, label in zip(blocks.starts, blocks.ends, self.labels, strict=True):
                yield f"{self.cell} BETWEEN {low} AND {high}", text(label)
        elif isinstance(blocks, ValueBlocks):
            single = [members[0] for members in blocks.members if len(members) == 1 < blocks.count]
            if single:
                yield f"{self.cell} IN {self.words.texts(single)}", self.cell
            for members, label in zip(blocks.members, self.labels, strict=True):
                if members[0] not in single:
                    yield f"{self.cell} IN {self.words.texts(members)}", text(label)
        else:
            yield from self._cases_of_sets()

    def _cases_of_sets(self) -> Iterator[tuple[str | None, str]]:
        """Options joined by `;`: refuse what is no set of them, then name the tests that the set passes."""
        joined = f"({self.cell} || {self.words.text(SEPARATORS[0])})"
        yield f"NOT {self.words.matches(joined, self._set_pattern())}", "NULL"
        if not self.tests:
            yield None, self.words.text(ALL)
            return
        met = {name: self._passes(joined, test) for name, test in self.tests.items()}
        if len(met) > 1:
            parts = ", ".join(f"CASE WHEN {passes} THEN {self.words.text(name)} END" for name, passes in met.items())
            label = f"nullif(concat_ws(', ', {parts}), '')"
            yield None, f"coalesce({label}, {self.words.text(NOTHING_NAMED)})"
            return
        [(name, passes)] = met.items()
        yield passes, self.words.text(name)
        yield None, self.words.text(NOTHING_NAMED)

    def _set_pattern(self) -> str:
        options = self.question.options
        together = "|".join(option.id for option in options if not option.alone)
        alone = [f"({option.id};)+" for option in options if option.alone]
        return "|".join([*([f"(({together});)+"] if together else []), *alone])

    def _passes(self, joined: str, test: OptionsTest) -> str:
        names = [option for option in self.question.option_ids if option in test.options]
        groups = names if test.every else ["|".join(names)]
        return " AND ".join(self.words.matches(joined, f"(.*;)?({group});.*") for group in groups)

    def may(self, wanted: Sequence[int]) -> str | None:
        """Whether the answer may be in one of the blocks `wanted`; None where it always may."""
        others = [label for block, label in enumerate(self.labels) if block not in wanted]
        if not others:
            return None
        if len(others) == 1:
            return f"{self.fact} <> {self.words.text(others[0])}"
        if len(others) < len(wanted):
            return f"{self.fact} NOT IN {self.words.texts(others)}"
        return f"{self.fact} IN {self.words.texts([*(self.labels[block] for block in wanted), UNKNOWN])}"

    @property
    def open(self) -> str:
        """Whether the answer is not known."""
        return f"{self.fact} = {self.words.text(UNKNOWN)}"


def _named(names: Sequence[str]) -> str:
    return " or ".join(names) if len(names) <= 3 else f"{names[0]} or {len(names) - 1} others"


def _test_name(test: OptionsTest, question: Question) -> str:
    """A name for the options of a test, which no other test of the question has."""
    if len(test.options) == 1:
        [name] = test.options
        return name
    if not test.every:
        for group in question.groups:
            if frozenset(group.options) == test.options:
                return group.id
    return (" and " if test.every else " or ").join(name for name in question.option_ids if name in test.options)
