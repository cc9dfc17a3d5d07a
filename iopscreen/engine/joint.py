"""Two rule sets over common blocks: who is recommended what by the one and by the other.

Questions are aligned by id, with the answers of both; a question that one rule set lacks, it does
not look at. All conditions of both cut the blocks, so that in one diagram equal rule sets are equal
nodes, and who is recommended something else are the paths to two different outcomes. Settings are
written into the conditions first, for each rule set has its own values.
(Change-impact analysis: Fisler, Krishnamurthi, Meyerovich, Tschantz, 2005, Margrave.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from iopscreen.engine.blocks import NOWHERE, Readings
from iopscreen.engine.boxes import both
from iopscreen.engine.budget import UNLIMITED, Budget
from iopscreen.engine.clauses import holds_for_setting
from iopscreen.engine.compiled import (
    FIRST_IMPOSSIBLE,
    MAX_EDGES_OF_ALL,
    NONE_MATCHES,
    Compiled,
    compile_rule_set,
    is_impossible,
    profile_weights,
)
from iopscreen.engine.counts import Whole
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.engine.search import Clauses
from iopscreen.engine.table import Clause, Table
from iopscreen.engine.verdicts import Verdicts, Witness
from iopscreen.ruleset.model import (
    EVERYONE,
    NO_RULE,
    AllOf,
    AnyOf,
    Basis,
    Bound,
    Condition,
    Impossible,
    Kind,
    Not,
    NumberTest,
    OptionsTest,
    Question,
    Rule,
    RuleSet,
    Test,
    ValueTest,
)

NOBODY = AnyOf(())
ABSENT = "(absent)"
"""The label of callers whom a rule set cannot have: it does not know one of their answers."""

EXCLUDED = "(excluded)"
"""Stands for the outcome of callers whom a rule set cannot have, or calls impossible; no outcome can be called so."""

OPEN = "(open)"
"""Stands for the outcome where several are possible."""


class Pair(NamedTuple):
    """What two rule sets say of one caller: two labels, or two outcomes."""

    old: Label
    new: Label


class Half(NamedTuple):
    """One of the two rule sets, as a table over the common blocks.

    Labels are the positions of its rules, `NONE_MATCHES`, `ABSENT`, and those that `is_impossible` knows.
    `rule_set` has its settings written into its conditions; `written` is as its author wrote it.
    `rows`: for each clause, its place among all clauses of both and its label.
    """

    written: RuleSet
    rule_set: RuleSet
    rows: tuple[tuple[int, Label], ...]
    table: Table

    def excludes(self, label: Label) -> bool:
        """Whether it is the label of callers whom this side cannot have, or calls impossible."""
        return label == ABSENT or is_impossible(label)

    def outcome_of(self, label: Label) -> Label:
        """The outcome id of a label, `no_rule` where no rule matches, `EXCLUDED` where nobody can be."""
        if self.excludes(label):
            return EXCLUDED
        assert isinstance(label, int)
        return NO_RULE if label == NONE_MATCHES else self.rule_set.rules[label].recommend


class Differing(NamedTuple):
    """A caller whom the rules at `old` and `new` (or, with NONE_MATCHES, none) recommend different outcomes."""

    old: int
    new: int
    witness: Witness


@dataclass(frozen=True)
class Joint:
    """Two rule sets, compiled over common blocks. `compiled` holds the rows of both, and decides nothing.

    `budget`: the time for diagrams.
    """

    compiled: Compiled
    old: Half
    new: Half
    budget: Budget = UNLIMITED

    @cached_property
    def roots(self) -> tuple[Diagram, Node, Node]:
        """One diagram, with the deciding rule of either rule set. Raises TooTangled."""
        diagram = self.compiled.diagram(self.budget)
        old, new = (half.table.build(diagram, {}, max_edges=MAX_EDGES_OF_ALL) for half in (self.old, self.new))
        return diagram, old, new

    @cached_property
    def outcomes(self) -> tuple[Diagram, Node, Node]:
        """The same, with outcomes. Two rule sets that say the same of everybody are one node. Raises TooTangled."""
        diagram, old, new = self.roots
        return diagram, diagram.relabel(old, self.old.outcome_of), diagram.relabel(new, self.new.outcome_of)

    @cached_property
    def whole(self) -> Whole:
        """All profiles, each with the rules that decide it on either side as a `Pair`. Raises TooTangled."""
        diagram, old, new = self.roots
        left, right = (
            diagram.relabel(old, lambda label: ("old", label)),
            diagram.relabel(new, lambda label: ("new", label)),
        )
        root = diagram.combine(left, right, _pair_of_sides)  # labels of the two sides differ, so that all are paired
        weights = profile_weights(self.compiled)
        counts = diagram.count(root, weights)
        return Whole(self.compiled, weights, counts, 0, len(diagram.reachable(root)), made=(diagram, root))

    def implies(self, condition: Condition, other: Condition) -> bool:
        """Whether everybody who meets `condition` meets `other`. Raises TooManyClauses.

        Both are conditions of `old` or `new` that decide or that a guarantee rests on: the blocks are cut for these.
        """
        return not self.compiled.maker.clauses(AllOf((condition, Not(other))))

    def differing(self, budget: Budget) -> Iterator[Differing]:
        """For each two outcomes between which some caller changes, one such caller. Needs no diagram.

        By witness search among every two rules of the two sides that recommend different outcomes. Raises OutOfTime.
        """
        verdicts = Verdicts(self.compiled, budget)
        old, new = deciders(self.old), deciders(self.new)
        found: set[Pair] = set()
        for one in old:
            for other in new:
                pair = Pair(self.old.outcome_of(one.position), self.new.outcome_of(other.position))
                if pair.old == pair.new or pair in found:
                    continue
                budget.look()
                clauses = both(one.clauses, other.clauses)
                witness = verdicts.witness(clauses, one.before | other.before)
                if witness is not None:
                    found.add(pair)
                    yield Differing(one.position, other.position, witness)

    def only(self, mine: Half, budget: Budget, *, by_answer: bool) -> Witness | None:
        """A caller whom one side may have and the other may not. Needs no diagram. Raises OutOfTime.

        `by_answer`: the other one does not know an answer of theirs; else it knows all, and calls them impossible.
        """
        verdicts = Verdicts(self.compiled, budget)
        other = self.new if mine is self.old else self.old
        refusing = [row[0] for row in other.table.rows if by_answer == (row[1] == ABSENT) and other.excludes(row[1])]
        avoid = [1 << place for place, label in mine.rows if mine.excludes(label)]
        avoid += [1 << place for place, label in other.rows if label == ABSENT and not by_answer]
        return verdicts.witness(refusing, sum(avoid))

    def without(self, questions: Collection[str]) -> tuple[Diagram, Node]:
        """The new outcome where `questions` are not answered: `OPEN` where they can still change it, by old outcome.

        Labels are a `Pair` each. Raises TooTangled.
        """
        diagram, old, new = self.outcomes
        levels = {self.compiled.level[question] for question in questions}
        left = diagram.relabel(old, lambda label: ("old", label))
        right = diagram.relabel(diagram.abstract(new, levels, _either), lambda label: ("new", label))
        return diagram, diagram.combine(left, right, _pair_of_sides)


def _either(left: Label, right: Label) -> Label:
    """The outcome that is certain of two completions; impossible ones do not count."""
    if EXCLUDED in (left, right):
        return right if left == EXCLUDED else left
    return left if left == right else OPEN


def _pair_of_sides(left: Label, right: Label) -> Label:
    assert isinstance(left, tuple) and isinstance(right, tuple)
    return Pair(left[1], right[1])


class Decider(NamedTuple):
    """A rule (or none): its clauses, and what must not be met for it to decide."""

    position: int
    clauses: Sequence[Clause]
    before: Clauses


def deciders(half: Half) -> list[Decider]:
    """Every rule of a side that has clauses, and at the end NONE_MATCHES."""
    by_rule: dict[int, list[Clause]] = {}
    before: dict[int, Clauses] = {}
    passed: Clauses = 0
    current: Clauses = 0
    last: Label = None
    for (place, label), (clause, _) in zip(half.rows, half.table.rows, strict=True):
        if label != last:
            passed, current, last = passed | current, 0, label
        current |= 1 << place
        if isinstance(label, int) and label >= 0:
            by_rule.setdefault(label, []).append(clause)
            before[label] = passed
    found = [Decider(position, clauses, before[position]) for position, clauses in by_rule.items()]
    return [*found, Decider(NONE_MATCHES, [{}], passed | current)]


# --- making it ------------------------------------------------------------------------------


def join(old: RuleSet, new: RuleSet, budget: Budget = UNLIMITED) -> Joint:
    """Compile two rule sets over common blocks. Raises TooTangledToCompile."""
    left, right = written_out(apart(old, new)), written_out(new)
    questions = _aligned(left, right)
    halves = [(old, left, _labelled_rules(left, questions)), (new, right, _labelled_rules(right, questions))]
    rules = tuple(rule for _, _, labelled in halves for _, rule in labelled)
    called = [
        _called(label, written, which)
        for (written, _, labelled), which in zip(halves, ("earlier", "new"), strict=True)
        for label, _ in labelled
    ]
    compiled = compile_rule_set(
        right._replace(
            questions=questions,
            settings=(),
            impossible=(),
            rules=rules,
            notes=(),
            guarantees=(*left.guarantees, *right.guarantees),
        ),
        called=called,
    )
    first = 0
    found = []
    for written, half, labelled in halves:
        labels = [label for label, _ in labelled]
        rows = _rows(compiled, labels, first)
        clauses = tuple((clause, label) for _, clause, label in rows)
        table = Table(compiled.rules.widths, clauses, NONE_MATCHES)
        found.append(Half(written, half, tuple((place, label) for place, _, label in rows), table))
        first += len(labels)
    return Joint(compiled, found[0], found[1], budget)


def _rows(compiled: Compiled, labels: Sequence[Label], first: int) -> list[tuple[int, Clause, Label]]:
    """The rows of one side, each with its place: of the joint rules from `first` on, under the side's own labels."""
    found = []
    for place, (clause, position) in enumerate(compiled.rules.rows):
        assert isinstance(position, int)
        if first <= position < first + len(labels):
            found.append((place, clause, labels[position - first]))
    return found


def _labelled_rules(half: RuleSet, questions: Sequence[Question]) -> list[tuple[Label, Rule]]:
    """What decides on one side, in order, as rules: who cannot be there, then who is impossible, then its rules."""
    absent = [(ABSENT, _rule(condition, half)) for condition in _absent(half, questions)]
    impossible = [
        (FIRST_IMPOSSIBLE - place, _rule(entry.condition, half)) for place, entry in enumerate(half.impossible)
    ]
    return [*absent, *impossible, *enumerate(half.rules)]


def _called(label: Label, written: RuleSet, which: str) -> str:
    """What a row of one side stands for, and where that is."""
    if not isinstance(label, int):
        return f"what the {which} rule set does not know of the answers"
    thing: Impossible | Rule = written.rules[label] if label >= 0 else written.impossible[FIRST_IMPOSSIBLE - label]
    kind = "rule" if label >= 0 else "impossible entry"
    return f"{kind} `{thing.id}` in line {thing.place.line} of the {which} rule set"


def _rule(condition: Condition, half: RuleSet) -> Rule:
    return Rule("", condition, None, "", "", Basis.SITE, (), (), half.place)


# --- questions ------------------------------------------------------------------------------


def apart(old: RuleSet, new: RuleSet) -> RuleSet:
    """`old` with another id for each question whose type is not the same in `new`: it is another question."""
    names = {
        question.id: f"{question.id} ({question.kind})"
        for question in old.questions
        if question.id in new.question and new.question[question.id].kind is not question.kind
    }
    if not names:
        return old
    renamed = on_conditions(old, lambda test: test._replace(subject=names.get(test.subject, test.subject)))
    questions = [question._replace(id=names.get(question.id, question.id)) for question in old.questions]
    return renamed._replace(questions=tuple(questions))


def _aligned(old: RuleSet, new: RuleSet) -> tuple[Question, ...]:
    """The questions of both, each with the answers of both: in the new order, an old one after what it followed."""
    order = list(new.question)
    for place, question in enumerate(old.questions):
        if question.id not in new.question:
            order.insert(order.index(old.questions[place - 1].id) + 1 if place else 0, question.id)
    return tuple(_both_questions(old.question.get(name), new.question.get(name)) for name in order)


def _both_questions(old: Question | None, new: Question | None) -> Question:
    if old is None or new is None:
        question = new or old
        assert question is not None  # it comes from one of the two
        return question
    known = {option.id: option for option in new.options}
    alone = _alone(old)
    options = [option._replace(alone=option.alone and alone.get(option.id, True)) for option in new.options]
    options += [option for option in old.options if option.id not in known]
    return new._replace(options=tuple(options), low=min(old.low, new.low), high=max(old.high, new.high))


def _alone(question: Question) -> dict[str, bool]:
    """Whether each option excludes all others."""
    return {option.id: option.alone for option in question.options}


def _absent(half: RuleSet, questions: Sequence[Question]) -> Iterator[Condition]:
    """The answers that one side does not know."""
    for question in questions:
        mine = half.question.get(question.id)
        if mine is None:
            continue
        others = frozenset(question.option_ids) - frozenset(mine.option_ids)
        if question.low < mine.low:
            yield NumberTest(question.id, (Bound("below", mine.low, NOWHERE),), NOWHERE)
        if question.high > mine.high:
            yield NumberTest(question.id, (Bound("above", mine.high, NOWHERE),), NOWHERE)
        if others and question.kind is Kind.ONE:
            yield ValueTest(question.id, others, NOWHERE)
        if others and question.kind is Kind.MANY:
            yield OptionsTest(question.id, others, every=False, place=NOWHERE)
        if question.kind is Kind.MANY:
            yield from _alone_here(mine, question)


def _alone_here(mine: Question, question: Question) -> Iterator[Condition]:
    """An option that excludes all others on this side only, with another one."""
    alone = _alone(mine)
    for option in question.options:
        if alone.get(option.id, False) and not option.alone and len(question.options) > 1:
            rest = frozenset(question.option_ids) - {option.id}
            beside = OptionsTest(question.id, rest, every=False, place=NOWHERE)
            yield AllOf((OptionsTest(question.id, frozenset([option.id]), every=False, place=NOWHERE), beside))


# --- settings -------------------------------------------------------------------------------


def written_out(rule_set: RuleSet) -> RuleSet:
    """The rule set with the values of its settings written into its conditions."""
    readings = rule_set.readings

    def written(test: Test) -> Condition:
        if test.subject in readings:
            return EVERYONE if holds_for_setting(test, readings) else NOBODY
        return _with_numbers(test, readings)

    return on_conditions(rule_set, written)


def on_conditions(rule_set: RuleSet, change: Callable[[Test], Condition]) -> RuleSet:
    """The rule set with every test that decides, or that a guarantee rests on, replaced by a condition."""
    return rule_set._replace(
        impossible=tuple(one._replace(condition=map_tests(one.condition, change)) for one in rule_set.impossible),
        rules=tuple(rule._replace(when=map_tests(rule.condition, change), unless=None) for rule in rule_set.rules),
        guarantees=tuple(one._replace(condition=map_tests(one.condition, change)) for one in rule_set.guarantees),
    )


def map_tests(condition: Condition, change: Callable[[Test], Condition]) -> Condition:
    """The condition with every test replaced."""
    match condition:
        case AllOf(parts):
            return AllOf(tuple(map_tests(part, change) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(map_tests(part, change) for part in parts))
        case Not(part):
            return Not(map_tests(part, change))
        case _:
            return change(condition)


def _with_numbers(test: Test, readings: Readings) -> Test:
    if not isinstance(test, NumberTest):
        return test
    bounds = [bound._replace(limit=readings.get(str(bound.limit), bound.limit)) for bound in test.bounds]
    return test._replace(bounds=tuple(bounds))
