"""The decision of a rule set as one SELECT, for a view in a warehouse: DuckDB, PostgreSQL, Spark.

A question whose answer is not known may be answered in any way, so that a walk through the decision
diagram may be at several nodes at once: a column of truth values for each node, level by level, is
all that it takes to tell which rules some completion of the answers reaches (see `engine/diagram.py`).
Whether a question can still matter is told bottom-up, by pairs of nodes that some completion leads to
different outcomes. Each level is a `LATERAL` subquery, which the engines take for a projection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, count
from typing import Literal, NamedTuple

from iopscreen.engine.blocks import tests_by_subject
from iopscreen.engine.budget import UNLIMITED, TooTangled
from iopscreen.engine.compiled import (
    FIRST_IMPOSSIBLE,
    MAX_EDGES_OF_ALL,
    NONE_MATCHES,
    compile_rule_set,
    deciding_conditions,
    is_impossible,
)
from iopscreen.engine.diagram import Diagram, Label, Node, Pair
from iopscreen.engine.verdicts import Verdicts
from iopscreen.errors import IopscreenError
from iopscreen.export.dialects import Dialect
from iopscreen.export.sql_answers import Facts, Words
from iopscreen.ruleset.model import NO_RULE, Impossible, OptionsTest, RuleFile, RuleSet, tests_of
from iopscreen.ruleset.values import answer_text
from iopscreen.text import printable

MAX_COLUMNS = 2_000
"""How many nodes and pairs of nodes a statement may have; more is no view that anybody wants."""
MAX_NAME = 60
"""PostgreSQL cuts longer names off, so that two may become one."""
MAX_WIDTH = 110
"""Where an expression goes on in the next line."""


def decision_sql(file: RuleFile, dialect: Dialect, table: str) -> str:
    """A SELECT that adds the decision to every row of `table`, perhaps `schema.table`. Raises IopscreenError."""
    if not all(table.split(".")) or not table.isprintable():
        raise IopscreenError(
            f"`--table {table}` should be the name of a table, or a schema and a table with a dot between"
        )
    try:
        return _Statement(file, _deciding_alone(file), dialect, table).text()
    except TooTangled:
        raise IopscreenError(f"{file.path}: the rules are too tangled for one SELECT; use `iopscreen batch`") from None


def _deciding_alone(file: RuleFile) -> RuleSet:
    """The rule set without what changes no recommendation, so that fewer answers are told apart. Raises IopscreenError.

    These are notes, guarantees, and the impossible entries about answers that are for notes alone: no such answer
    is read. Only where these entries leave nobody would that matter.
    """
    rule_set = file.rule_set
    for_notes = {question.id for question in rule_set.questions if question.for_notes}
    beside = [
        entry for entry in rule_set.impossible if {test.subject for test in tests_of(entry.condition)} & for_notes
    ]
    if beside and _leave_nobody(rule_set, beside):
        entries = ", ".join(f"`{entry.id}`" for entry in beside)
        raise IopscreenError(f"{file.path}: nobody is possible under {entries}, so that no SELECT decides anything")
    deciding = tuple(entry for entry in rule_set.impossible if entry not in beside)
    return RuleSet(*rule_set._replace(notes=(), guarantees=(), impossible=deciding))


def _leave_nobody(rule_set: RuleSet, entries: Sequence[Impossible]) -> bool:
    """Whether nobody is possible under these impossible entries alone."""
    alone = RuleSet(*rule_set._replace(impossible=tuple(entries)))
    return Verdicts(compile_rule_set(alone), UNLIMITED).nobody_possible


# --- columns and truth values -----------------------------------------------------------------


class _Column(NamedTuple):
    """One column of a step: its expression, perhaps on several lines, and its name."""

    lines: tuple[str, ...]
    name: str


class _Step(NamedTuple):
    """A subquery whose columns rest on those of the steps before it."""

    alias: str
    comment: str
    columns: Sequence[_Column]


class _Names:
    """Names for columns, none twice and none too long."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, wanted: str) -> str:
        """`wanted`, or nearly so."""
        short = wanted[: MAX_NAME - 5]
        name = next(
            name for number in count(1) if (name := short if number == 1 else f"{short} {number}") not in self._taken
        )
        self._taken.add(name)
        return name


_Truth = str | None
"""An expression that may be true or false; None where it always is true."""


def _both(*parts: _Truth) -> _Truth:
    return " AND ".join(part for part in parts if part) or None


def _alternatives(parts: Iterable[_Truth]) -> list[str]:
    """What to join by OR; nothing where one of `parts` always is true."""
    found = dict.fromkeys(parts)
    if None in found:
        return []
    texts = [part for part in found if part]
    return texts if len(texts) == 1 else [f"({part})" if " AND " in part else part for part in texts]


def _either(parts: Iterable[_Truth]) -> str:
    """Whether one of `parts` or more is true. There must be one."""
    return " OR ".join(_alternatives(parts)) or "TRUE"


def _truth(parts: Iterable[_Truth], name: str) -> _Column:
    """A column that tells whether one of `parts` or more is true."""
    first, *rest = _alternatives(parts) or ["TRUE"]
    if len(first) + sum(len(part) + len(" OR ") for part in rest) <= MAX_WIDTH:
        return _Column((" OR ".join([first, *rest]),), name)
    return _Column((first, *(f"  OR {part}" for part in rest)), name)


def _joined(separator: str, cases: Iterable[tuple[_Truth, str]]) -> Iterator[str]:
    """The texts (as literals) whose condition is true, as one text."""
    parts = [f"  CASE WHEN {condition or 'TRUE'} THEN {text} END" for condition, text in cases]
    yield f"concat_ws('{separator}',"
    yield from _with_commas(parts)
    yield ")"


def _with_commas(parts: Sequence[str]) -> Iterator[str]:
    for place, part in enumerate(parts, 1):
        yield part if place == len(parts) else f"{part},"


# --- walks through the diagram ---------------------------------------------------------------


class _Walks:
    """Where in the diagram of the deciding rule some way of answering what is not known leads."""

    def __init__(self, diagram: Diagram, root: Node, at: Mapping[int, Facts], words: Words, names: _Names) -> None:
        self.diagram = diagram
        self.nodes = list(reversed(diagram.reachable(root)))  # parents before their children
        self.steps: list[_Step] = []
        self._ways: dict[Node, list[_Truth]] = {node: [] for node in self.nodes}
        self._ways[root].append(None)
        self.reached: dict[Node, _Truth] = {}
        """Of each node that is no terminal, the column that tells whether it is reached."""
        levels = sorted({diagram.level(node) for node in self.nodes if not diagram.is_terminal(node)})
        for level in levels:
            here = [node for node in self.nodes if diagram.level(node) == level]
            self._reach(here, at[level], words, names)
            for node in here:
                for child, blocks in _by_child(diagram.children(node)):
                    self._ways[child].append(_both(self.reached[node], at[level].may(blocks)))

    def _reach(self, nodes: Sequence[Node], facts: Facts, words: Words, names: _Names) -> None:
        columns = []
        alias = f"walk_{len(self.steps) + 1}"
        for node in nodes:
            if None in self._ways[node]:
                self.reached[node] = None
                continue
            name = names.new(f"at {facts.question.id}")
            columns.append(_truth(self._ways[node], name))
            self.reached[node] = f"{alias}.{words.name(name)}"
        if columns:
            comment = f"whether the answers so far may leave it to {facts.question.id}"
            self.steps.append(_Step(alias, comment, columns))

    def terminals(self) -> dict[Label, list[_Truth]]:
        """By label, the ways to it."""
        diagram = self.diagram
        return {diagram.label(node): self._ways[node] for node in self.nodes if diagram.is_terminal(node)}


def _by_child(children: Sequence[Node]) -> Iterator[tuple[Node, list[int]]]:
    """The different children, each with the blocks that lead to it."""
    for child in dict.fromkeys(children):
        yield child, [block for block, other in enumerate(children) if other == child]


class _Pairs:
    """Whether two callers who answer all else alike, one at each of two nodes, may be told different outcomes.

    The diagram is that of outcomes.
    """

    def __init__(self, diagram: Diagram, at: Mapping[int, Facts], words: Words, names: _Names) -> None:
        self.diagram = diagram
        self.at = at
        self.words = words
        self.names = names
        self._found: dict[Pair, _Truth | Literal[False]] = {}
        self._columns: dict[int, list[_Column]] = {}
        self._named: dict[tuple[int, str], str] = {}
        self._labels: dict[Node, set[Label]] = {}

    def differ(self, u: Node, v: Node) -> _Truth | Literal[False]:
        """The expression that tells it."""
        pair = (u, v) if u <= v else (v, u)
        if pair not in self._found:
            if len(self._found) > MAX_COLUMNS:
                raise TooTangled
            self._found[pair] = self._settled(*pair)
        return self._found[pair]

    def _settled(self, u: Node, v: Node) -> _Truth | Literal[False]:
        """What needs no look at the answers, or a column of its own."""
        left, right = self._labels_of(u), self._labels_of(v)
        together = {label for label in left | right if not is_impossible(label)}
        if u == v or len(together) <= 1 or _all_impossible(left) or _all_impossible(right):
            return False
        if not left & right and not any(map(is_impossible, left | right)):
            return None
        level = min(self.diagram.level(u), self.diagram.level(v))
        below: dict[Pair, list[int]] = {}
        for block in range(self.diagram.widths[level]):
            below.setdefault((self._child(u, level, block), self._child(v, level, block)), []).append(block)
        return self._column(level, [(self.differ(*pair), blocks) for pair, blocks in below.items()])

    def _column(self, level: int, ways: Sequence[tuple[_Truth | Literal[False], list[int]]]) -> _Truth | Literal[False]:
        certain = [block for differs, blocks in ways if differs is None for block in blocks]
        facts = self.at[level]
        parts = [facts.may(certain)] if certain else []
        parts += [_both(facts.may(blocks), differs) for differs, blocks in ways if differs]
        if not parts:
            return False
        if None in parts:
            return None
        whole = _either(parts)
        if " AND " not in whole and " OR " not in whole:
            return whole
        if (level, whole) not in self._named:
            name = self.names.new(f"open from {facts.question.id}")
            self._columns.setdefault(level, []).append(_truth(parts, name))
            self._named[level, whole] = f"{self._alias(level)}.{self.words.name(name)}"
        return self._named[level, whole]

    @staticmethod
    def _alias(level: int) -> str:
        return f"open_{level}"

    def _child(self, node: Node, level: int, block: int) -> Node:
        return self.diagram.children(node)[block] if self.diagram.level(node) == level else node

    def _labels_of(self, node: Node) -> set[Label]:
        if node not in self._labels:
            self._labels[node] = self.diagram.labels(node)
        return self._labels[node]

    def steps(self) -> Iterator[_Step]:
        """The columns that `differ` names, those of the last levels first."""
        for level in sorted(self._columns, reverse=True):
            comment = f"whether two such ways part, from {self.at[level].question.id} on"
            yield _Step(self._alias(level), comment, self._columns[level])


def _all_impossible(labels: Iterable[Label]) -> bool:
    return all(map(is_impossible, labels))


# --- the statement ---------------------------------------------------------------------------


class _Statement:
    """The parts of one SELECT, in the order in which they are written."""

    def __init__(self, file: RuleFile, rule_set: RuleSet, dialect: Dialect, table: str) -> None:
        self.file = file
        self.table = table
        self.words = Words(dialect)
        self.rule_set = rule_set
        compiled = self.compiled = compile_rule_set(self.rule_set)
        self.diagram = compiled.diagram()
        root = compiled.rules.build(self.diagram, {}, max_edges=MAX_EDGES_OF_ALL)
        if len(self.diagram.reachable(root)) > MAX_COLUMNS:
            raise TooTangled
        self.facts = self._facts_of_questions()
        at = {compiled.level[facts.question.id]: facts for facts in self.facts}
        names = _Names()
        self.walks = _Walks(self.diagram, root, at, self.words, names)
        self.pairs = _Pairs(self.diagram, at, self.words, names)
        self.rules = self._rule_columns(names)
        self.matters = self._matters()

    def _facts_of_questions(self) -> list[Facts]:
        tests = tests_by_subject(
            test for condition in deciding_conditions(self.rule_set) for test in tests_of(condition)
        )
        found = []
        for question in self.compiled.deciding:
            options = [test for test in tests.get(question.id, ()) if isinstance(test, OptionsTest)]
            found.append(Facts(self.compiled.blocks[question.id], options, self.words))
        return found

    def _rule_columns(self, names: _Names) -> dict[Label, _Column]:
        """By label, the column that tells whether it is reached, in file order; impossible entries last."""
        ways = self.walks.terminals()
        columns = {}
        for label in sorted(ways, key=_rank):
            columns[label] = _truth(ways[label], names.new(self._called(label)))
        return columns

    def _called(self, label: Label) -> str:
        assert isinstance(label, int)
        if is_impossible(label):
            return f"impossible {self.rule_set.impossible[FIRST_IMPOSSIBLE - label].id}"
        return "no rule" if label == NONE_MATCHES else self.rule_set.rules[label].id

    def _matters(self) -> dict[str, list[_Truth]]:
        """By question, the ways in which it may change the outcome all alone; none where it never does."""
        diagram, walks = self.diagram, self.walks
        by_level: dict[int, list[_Truth]] = {}
        outcome: dict[Node, Node] = {}
        for node in reversed(walks.nodes):
            outcome[node] = diagram.relabel(node, self.compiled.outcome_of)
        for node, reached in walks.reached.items():
            children = list(dict.fromkeys(outcome[child] for child in diagram.children(node)))
            for u, v in combinations(children, 2):
                differs = self.pairs.differ(u, v)
                if differs is not False:
                    by_level.setdefault(diagram.level(node), []).append(_both(reached, differs))
        return {self.compiled.order[level]: ways for level, ways in by_level.items()}

    # --- writing ---

    def text(self) -> str:
        """The whole statement."""
        table = ".".join(map(self.words.name, self.table.split(".")))
        lines = [*self._head(), "SELECT", "  answers.*,", *self._columns(self._result()), f"FROM {table} AS answers"]
        # PostgreSQL would put every step into the next one, each as often as it is named there.
        fence = "OFFSET 0" if self.words.dialect is Dialect.POSTGRES else ""
        for step in self._steps():
            lines += [f"-- {step.comment}", "CROSS JOIN LATERAL (SELECT", *self._columns(step.columns)]
            lines.append(f"{fence}) AS {step.alias}")
        return "\n".join(lines) + "\n"

    def _steps(self) -> Iterator[_Step]:
        facts = [_Column(tuple(facts.lines()), facts.question.id) for facts in self.facts]
        yield _Step("facts", "what the answers say, as far as rules tell them apart; null: no answer", facts)
        yield from self.walks.steps
        yield _Step(
            "rules", "which rules speak, for one way or another of answering what is not known", [*self.rules.values()]
        )
        yield from self.pairs.steps()
        yield _Step("told", "what that comes to", [*self._told()])

    def _columns(self, columns: Iterable[_Column]) -> Iterator[str]:
        columns = list(columns)
        for place, column in enumerate(columns, 1):
            *before, last = column.lines
            yield from (f"  {line}" for line in before)
            yield f"  {last} AS {self.words.name(column.name)}" + ("," if place < len(columns) else "")

    def _head(self) -> Iterator[str]:
        """What the statement is, as comments. Free text stands inside a line: some read on after a last backslash."""
        rule_set = self.rule_set
        asked = ", ".join(facts.question.id for facts in self.facts)
        yield from map(
            _comment,
            [
                f"The decision of rule set {rule_set.id} {rule_set.version} ({rule_set.title}), {self.file.digest}",
                f"Reads {self.table}: one caller a row, with the columns {asked}.",
                "They hold canonical answers as text: yes, no, the id of an option, or several joined by a semicolon",
                "(whole numbers: an integer). Null, blank, unknown and declined are not known and never count as no.",
                "What is none of these makes the row an error. The result is null where there is nothing to say.",
            ],
        )
        for question in self.compiled.deciding:
            if question.when_no_column is not None:
                answer = answer_text(question.when_no_column)
                yield _comment(f"Never asked {question.id}? Then {answer} in every row is what a batch would assume.")
        if rule_set.impossible:
            yield _comment("ask_next: where no question matters alone, each that may matter together with others.")

    def _told(self) -> Iterator[_Column]:
        """The outcomes and rules that are reached, the questions that matter, and what is wrong with a row."""
        text = self.words.text
        by_outcome: dict[Label, list[_Truth]] = {}
        for label, rule in self._deciding():
            by_outcome.setdefault(self.compiled.outcome_of(label), []).append(rule)
        outcomes = [name for name in (*self.rule_set.outcome, NO_RULE) if name in by_outcome]
        yield self._list("possible", ";", [(_either(by_outcome[name]), name) for name in outcomes])
        yield self._list("deciding", ";", [(rule, self._rule_id(label)) for label, rule in self._deciding()])
        yield self._list("because", " / ", self._reasons())
        by_id = {facts.question.id: facts for facts in self.facts}
        alone = [(self._when(by_id[name], ways), name) for name, ways in self._in_file_order(self.matters)]
        yield self._list("matters", ";", alone)
        if self.rule_set.impossible:
            beside = [(self._when(by_id[name], ways), name) for name, ways in self._in_file_order(self._tested())]
            yield self._list("beside", ";", beside)
        unreadable = [(f"{facts.fact} IS NULL", f"{facts.question.id} is not {facts.expected}") for facts in self.facts]
        lines = ["CASE", f"  WHEN {' OR '.join(condition for condition, _ in unreadable)} THEN"]
        lines += [f"    {line}" for line in _joined("; ", ((when, text(what)) for when, what in unreadable))]
        lines += [f"  {line}" for line in self._impossible()]
        yield _Column((*lines, "END"), "problem")

    def _list(self, name: str, separator: str, cases: Iterable[tuple[_Truth, str]]) -> _Column:
        text = self.words.text
        found = [(condition, text(what)) for condition, what in cases]
        # An empty list is a text all the same.
        return _Column(tuple(_joined(separator, found) if found else [text("")]), name)

    def _deciding(self) -> Iterator[tuple[Label, str]]:
        """The rules that are reached in some way, and `no rule`, each with its column."""
        for label, column in self.rules.items():
            if not is_impossible(label):
                yield label, f"rules.{self.words.name(column.name)}"

    def _rule_id(self, label: Label) -> str:
        assert isinstance(label, int)
        return "" if label == NONE_MATCHES else self.rule_set.rules[label].id

    def _reasons(self) -> Iterator[tuple[_Truth, str]]:
        """The reason of each rule that is reached, unless an earlier one gave it."""
        given: dict[str, list[str]] = {}
        for label, rule in self._deciding():
            if isinstance(label, int) and label != NONE_MATCHES:
                because = _one_line(self.rule_set.rules[label].because)
                before = given.setdefault(because, [])
                yield _both(rule, f"NOT ({' OR '.join(before)})" if before else None), because
                before.append(rule)

    def _in_file_order(self, ways: Mapping[str, list[_Truth]]) -> Iterator[tuple[str, list[_Truth]]]:
        return ((name, ways[name]) for name in self.rule_set.question if name in ways)

    @staticmethod
    def _when(facts: Facts, ways: list[_Truth]) -> _Truth:
        either = _alternatives(ways)
        return _both(facts.open, f"({' OR '.join(either)})" if len(either) > 1 else "".join(either))

    def _tested(self) -> dict[str, list[_Truth]]:
        """By question, the nodes that ask it."""
        found: dict[str, list[_Truth]] = {}
        for node, reached in self.walks.reached.items():
            found.setdefault(self.compiled.order[self.diagram.level(node)], []).append(reached)
        return found

    def _impossible(self) -> Iterator[str]:
        """What is wrong with a row that only impossible callers could have."""
        text = self.words.text
        entries = [(label, column) for label, column in self.rules.items() if is_impossible(label)]
        if not entries:
            return
        yield f"WHEN NOT ({' OR '.join(rule for _, rule in self._deciding()) or 'FALSE'}) THEN"
        yield f"  {text('these answers cannot occur together: impossible entry ')} ||"
        cases = []
        for label, column in entries:
            assert isinstance(label, int)
            entry = self.rule_set.impossible[FIRST_IMPOSSIBLE - label]
            cases.append((f"rules.{self.words.name(column.name)}", text(f"`{entry.id}` ({_one_line(entry.because)})")))
        yield from (f"  {line}" for line in _joined(", ", cases))

    def _result(self) -> Iterator[_Column]:
        """The columns that are added to a row; null where there is nothing to say."""
        fine, several = "told.problem IS NULL", "told.possible LIKE '%;%'"
        recommendation = f"WHEN {several} THEN 'undecided' ELSE told.possible END"
        yield _Column((f"CASE WHEN told.problem IS NOT NULL THEN 'error' {recommendation}",), "recommendation")
        one_rule = f"{fine} AND told.deciding NOT LIKE '%;%'"
        yield _Column((f"CASE WHEN {one_rule} THEN nullif(told.deciding, '') END",), "rule")
        one_outcome = f"{fine} AND told.possible NOT LIKE '%;%'"
        yield _Column((f"CASE WHEN {one_outcome} THEN nullif(told.because, '') END",), "because")
        yield _Column((f"CASE WHEN {fine} THEN told.possible END",), "possible")
        asked = "told.matters"
        if self.rule_set.impossible:
            asked = "coalesce(nullif(told.matters, ''), told.beside)"
        yield _Column((f"CASE WHEN {fine} AND {several} THEN {asked} END",), "ask_next")
        yield _Column(("told.problem",), "problem")


def _rank(label: Label) -> tuple[bool, int]:
    """Rules in file order, then `no rule`, then impossible entries."""
    assert isinstance(label, int)
    return label < 0, abs(label)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _comment(text: str) -> str:
    """A comment of one line, in which nothing ends a statement or is replaced."""
    return f"-- {printable(_one_line(text)).replace(';', ',').replace('${', '$ {')}"
