"""What holds for every profile: who decides where, who takes a rule's answers, which regions there are.

Exact, by decision diagrams: a label that a diagram holds has a profile, one that it does not
hold has none. A question about the profiles that meet a condition is answered inside that
condition (`Inside`), whose diagram stays small because everything else is cut at once.

Takers follow Batfish's rule for blocked lines of an access list: weigh the earlier rules by the
share that they meet, add them by weight until they cover it, always include the largest one
with another outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import count, islice
from typing import NamedTuple

from iopscreen.engine.boxes import disjoint, meets, volume, without
from iopscreen.engine.clauses import TooManyClauses
from iopscreen.engine.compiled import FAILS, FIRST_IMPOSSIBLE, HOLDS, Compiled, is_impossible, profile_weights
from iopscreen.engine.decide import witness
from iopscreen.engine.diagram import Diagram, Label, Node, products
from iopscreen.engine.table import Clause, Table
from iopscreen.ruleset.model import AllOf, Answer, AnyOf, Condition, Not, RuleSet

OUTSIDE = "outside"
_EXCLUDED = object()

Weights = Sequence[Sequence[int]]
Blocks = tuple[int, ...]
Row = tuple[Clause, Label]


# --- the profiles that meet a condition -----------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """A first-match table among the profiles that meet a condition: disjoint parts, impossible ones known."""

    compiled: Compiled
    diagram: Diagram
    parts: tuple[Node, ...]

    @property
    def labels(self) -> set[Label]:
        """The labels that some possible profile leads to."""
        return {label for label in self._all_labels() if not is_impossible(label)}

    @property
    def excluded_by(self) -> tuple[int, ...]:
        """The positions of the impossible entries that exclude some of the profiles."""
        labels = (label for label in self._all_labels() if is_impossible(label))
        return tuple(sorted(FIRST_IMPOSSIBLE - label for label in labels if isinstance(label, int)))

    def _all_labels(self) -> set[Label]:
        found = {label for part in self.parts for label in self.diagram.labels(part)}
        return found - {OUTSIDE}

    def count(self, weights: Weights) -> dict[Label, int]:
        """How many possible profiles lead to each label."""
        total: dict[Label, int] = {}
        for part in self.parts:
            for label, number in self.diagram.count(part, weights).items():
                if label != OUTSIDE and not is_impossible(label):
                    total[label] = total.get(label, 0) + number
        return total

    def witness(self, wanted: Callable[[Label], bool]) -> dict[str, Answer] | None:
        """A possible profile whose label is `wanted`."""
        for part in self.parts:
            found = witness(self.compiled, self.diagram, part, lambda label: self._counts(label) and wanted(label))
            if found is not None:
                return found
        return None

    def _counts(self, label: Label) -> bool:
        return label != OUTSIDE and not is_impossible(label)


def inside(compiled: Compiled, clauses: Sequence[Clause], rows: Sequence[Row], otherwise: Label) -> Inside:
    """The first-match table of `rows` among the profiles that meet one of `clauses`. Raises TooTangled.

    One part per clause, without what earlier clauses hold already.
    """
    diagram = compiled.diagram()
    parts = []
    for place, clause in enumerate(clauses):
        outside: list[Row] = [({level: _rest(compiled, level, passing)}, OUTSIDE) for level, passing in clause.items()]
        earlier: list[Row] = [(other, OUTSIDE) for other in clauses[:place]]
        relevant = [row for row in (*earlier, *compiled.impossible, *rows) if meets(row[0], clause)]
        parts.append(Table(compiled.rules.widths, (*outside, *relevant), otherwise).build(diagram, {}))
    return Inside(compiled, diagram, tuple(parts))


def _rest(compiled: Compiled, level: int, passing: int) -> int:
    return ((1 << compiled.rules.widths[level]) - 1) & ~passing


def possible(compiled: Compiled, clauses: Sequence[Clause]) -> Inside:
    """Which profiles meet one of `clauses`: `HOLDS` where one does."""
    return inside(compiled, clauses, (), HOLDS)


# --- the rules as a whole -------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """Who decides, over all profiles. `counts` is of possible ones, by rule position or `NONE_MATCHES`.

    `clauses`: the clauses of each rule's condition, by position.
    """

    compiled: Compiled
    clauses: tuple[tuple[Clause, ...], ...]
    diagram: Diagram
    root: Node
    weights: Weights
    counts: Mapping[Label, int]
    impossible: int

    @property
    def labels(self) -> set[Label]:
        """The rules that decide somebody, and `NONE_MATCHES` where nobody does."""
        return set(self.counts)

    @cached_property
    def between(self) -> Sequence[Sequence[int]]:
        """By first and last level (which is left out), how many profiles the levels between have."""
        return products([sum(row) for row in self.weights])

    @cached_property
    def branches(self) -> Mapping[Node, Sequence[tuple[Node, int, int]]]:
        """By node, its children, each with the blocks that lead there (as bits) and what these count for."""
        found = {}
        for node in self.diagram.reachable(self.root):
            by_child: dict[Node, tuple[int, int]] = {}
            row = self.weights[self.diagram.level(node)] if not self.diagram.is_terminal(node) else ()
            for block, (child, weight) in enumerate(zip(self.diagram.children(node), row, strict=True)):
                bits, share = by_child.get(child, (0, 0))
                by_child[child] = bits | 1 << block, share + weight
            found[node] = [(child, bits, share) for child, (bits, share) in by_child.items()]
        return found

    @property
    def profiles(self) -> int:
        """How many profiles are possible."""
        return sum(self.counts.values())


def whole(compiled: Compiled) -> Whole:
    """Everything at once. Raises TooTangled."""
    diagram, root = compiled.whole
    weights = profile_weights(compiled)
    counts = diagram.count(root, weights)
    possible_ones = {label: number for label, number in counts.items() if not is_impossible(label)}
    impossible_ones = sum(counts.values()) - sum(possible_ones.values())
    return Whole(compiled, clauses_by_rule(compiled), diagram, root, weights, possible_ones, impossible_ones)


def clauses_by_rule(compiled: Compiled) -> tuple[tuple[Clause, ...], ...]:
    """The clauses of each rule's condition, by position; none for a condition that nobody can meet."""
    found: list[list[Clause]] = [[] for _ in compiled.rule_set.rules]
    for clause, label in rule_rows(compiled):
        assert isinstance(label, int)
        found[label].append(clause)
    return tuple(tuple(clauses) for clauses in found)


def rule_rows(compiled: Compiled) -> tuple[Row, ...]:
    """The rows of the rules, without the impossible entries before them."""
    return compiled.rules.rows[len(compiled.impossible) :]


def _rows(clauses: Iterable[Clause], label: Label) -> list[Row]:
    return [(clause, label) for clause in clauses]


# --- who takes a rule's answers -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taker:
    """An earlier rule that meets `profiles` of another rule's profiles."""

    position: int
    profiles: int


@dataclass(frozen=True)
class Taken:
    """Why a rule never decides: its `profiles`, the earlier rules that cover them, heaviest first.

    `witness` meets the rule, and `decider` decides there.
    """

    profiles: int
    takers: tuple[Taker, ...]
    decider: int
    witness: Mapping[str, Answer]


def meeting(everything: Whole, position: int) -> list[Clause]:
    """The possible profiles that meet the rule at `position`, as disjoint boxes. Raises TooTangled."""
    widths = everything.compiled.rules.widths
    excluded = (clause for clause, _ in everything.compiled.impossible)
    return without(disjoint(everything.clauses[position], widths), excluded, widths)


def taken(everything: Whole, position: int) -> Taken:
    """Who takes the answers of the rule at `position`, which meets somebody and never decides. Raises TooTangled."""
    compiled, clauses = everything.compiled, everything.clauses
    widths, weights = compiled.rules.widths, everything.weights
    mine = meeting(everything, position)
    profiles = volume(mine, weights)

    # Weigh every earlier rule that decides some of them by all that it meets.
    deciding = _deciding(everything, mine, position)
    met = {place: profiles - volume(without(mine, clauses[place], widths), weights) for place in deciding}
    weighed = sorted((Taker(place, number) for place, number in met.items()), key=_heaviest_first)

    takers = _cover(everything, mine, weighed)
    other = _largest_other(compiled.rule_set, weighed, takers, position)
    if other is not None and other not in takers:
        takers.append(other)
    decider = (other or takers[0]).position
    rows = [row for place in deciding for row in _rows(clauses[place], place)]
    profile = inside(compiled, clauses[position], rows, FAILS).witness(lambda label: label == decider)
    assert profile is not None  # the decider decides some of them
    return Taken(profiles, tuple(sorted(takers, key=_heaviest_first)), decider, profile)


def _heaviest_first(taker: Taker) -> tuple[int, int]:
    return -taker.profiles, taker.position


def _deciding(everything: Whole, boxes: Sequence[Clause], position: int) -> list[int]:
    """The rules before `position` that decide somebody in `boxes`."""
    found = []
    left = list(boxes)
    for place in range(position):
        if not left:
            break
        clauses = [clause for clause in everything.clauses[place] if any(meets(clause, box) for box in left)]
        if clauses:
            found.append(place)
            left = without(left, clauses, everything.compiled.rules.widths)
    return found


def _cover(everything: Whole, boxes: Sequence[Clause], weighed: Sequence[Taker]) -> list[Taker]:
    """The heaviest takers until all is covered, without those that the others make needless."""
    widths = everything.compiled.rules.widths
    chosen: list[Taker] = []
    left = list(boxes)
    for taker in weighed:
        if not left:
            break
        chosen.append(taker)
        left = without(left, everything.clauses[taker.position], widths)
    for taker in reversed(chosen[:-1]):
        others = [other for other in chosen if other is not taker]
        if not without(boxes, (clause for one in others for clause in everything.clauses[one.position]), widths):
            chosen = others
    return chosen


def _largest_other(rule_set: RuleSet, weighed: Sequence[Taker], chosen: Sequence[Taker], position: int) -> Taker | None:
    """The heaviest taker with another outcome; of equally heavy ones, one that is chosen already."""
    outcome = rule_set.rules[position].recommend
    others = [taker for taker in weighed if rule_set.rules[taker.position].recommend != outcome]
    return min(others, key=lambda taker: (-taker.profiles, taker not in chosen, taker.position), default=None)


# --- conditions that nobody can meet --------------------------------------------------------


def clash(compiled: Compiled, condition: Condition) -> tuple[Condition, ...]:
    """Of a condition that nobody can meet: parts that together exclude everybody, none of them needless."""
    parts = list(_conjuncts(condition))
    for part in tuple(parts):
        rest = [other for other in parts if other is not part]
        if rest and _nobody(compiled, AllOf(tuple(rest))):
            parts = rest
    return tuple(parts)


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    match condition:
        case AllOf(parts) if parts:
            for part in parts:
                yield from _conjuncts(part)
        case Not(AnyOf(parts)) if parts:
            for part in parts:
                yield from _conjuncts(Not(part))
        case Not(Not(part)):
            yield from _conjuncts(part)
        case _:
            yield condition


def _nobody(compiled: Compiled, condition: Condition) -> bool:
    try:
        return not possible(compiled, compiled.maker.clauses(condition)).labels
    except TooManyClauses:
        return False


def excluding_everybody(compiled: Compiled) -> tuple[int, ...]:
    """Of impossible entries that leave nobody: the positions of some that do, none of them needless."""
    entries = list(range(len(compiled.rule_set.impossible)))
    for entry in tuple(entries):
        rest = [other for other in entries if other != entry]
        rows = [
            (clause, FAILS)
            for clause, label in compiled.impossible
            if isinstance(label, int) and FIRST_IMPOSSIBLE - label in rest
        ]
        diagram = compiled.diagram()
        if HOLDS not in diagram.labels(Table(compiled.rules.widths, tuple(rows), HOLDS).build(diagram, {})):
            entries = rest
    return tuple(entries)


# --- questions ------------------------------------------------------------------------------


def never_matter(everything: Whole) -> tuple[str, ...]:
    """The deciding questions without which every recommendation stands, given all the others.

    They can be dropped together: of questions that impossible entries tie to one another, one
    that tells as much as the rest stays. Among those, what the file asks later is dropped.
    """
    compiled, diagram = everything.compiled, everything.diagram
    root = diagram.relabel(
        everything.root, lambda label: _EXCLUDED if is_impossible(label) else compiled.outcome_of(label)
    )
    support = diagram.support(root)
    found: list[str] = []
    for question in reversed(list(compiled.deciding)):
        level = compiled.level[question.id]
        if level not in support:
            found.append(question.id)
        elif everything.impossible and not diagram.differs_by(root, {level}, lambda label: label is _EXCLUDED):
            found.append(question.id)
            root = diagram.abstract(root, {level}, lambda left, right: right if left is _EXCLUDED else left)
            support = diagram.support(root)
    return tuple(reversed(found))


# --- regions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Region:
    """Profiles with one deciding rule (`NONE_MATCHES` without): by question, the blocks that belong to it."""

    label: Label
    blocks: Mapping[str, Blocks]
    profiles: int


def regions(everything: Whole, wanted: Callable[[Label], bool], limit: int) -> tuple[list[Region], int]:
    """The largest disjoint regions whose label is `wanted`, and how many there are beside them.

    They are the paths of the diagram, the `limit` largest of them, joined where they differ in one question.
    """
    below = _paths_below(everything, wanted)
    largest = list(islice(_largest_first(everything, below), limit))
    found = [_region(everything, box, label) for box, label in _joined(largest)]
    return found, below[everything.root].number - len(largest)


_LevelBox = tuple[int, ...]
"""By level, the blocks that belong to a region, as bits."""


def _region(everything: Whole, box: _LevelBox, label: Label) -> Region:
    compiled, chosen, profiles = everything.compiled, {}, 1
    for level, (bits, row) in enumerate(zip(box, everything.weights, strict=True)):
        blocks = tuple(block for block in range(len(row)) if bits >> block & 1)
        profiles *= sum([row[block] for block in blocks])
        if len(blocks) < len(row):
            chosen[compiled.order[level]] = blocks
    return Region(label, chosen, profiles)


def _joined(found: Sequence[tuple[_LevelBox, Label]]) -> list[tuple[_LevelBox, Label]]:
    """The same profiles in fewer regions: those of one label that differ at one level are one."""
    left = list(found)
    before = 0
    while before != len(left):
        before = len(left)
        for level in reversed(range(len(left[0][0]))):
            groups: dict[tuple[_LevelBox, _LevelBox, Label], int] = {}
            for box, label in left:
                others = (box[:level], box[level + 1 :], label)
                groups[others] = groups.get(others, 0) | box[level]
            left = [((*lower, bits, *upper), label) for (lower, upper, label), bits in groups.items()]
    return left


class _Paths(NamedTuple):
    """Of the paths from a node on: how many lead to a wanted label, and how many profiles the largest holds."""

    number: int
    largest: int


def _paths_below(everything: Whole, wanted: Callable[[Label], bool]) -> dict[Node, _Paths]:
    """By node, its wanted paths; the profiles are counted from the node's own level on."""
    diagram, between = everything.diagram, everything.between
    found: dict[Node, _Paths] = {}
    for node in diagram.reachable(everything.root):
        if diagram.is_terminal(node):
            found[node] = _Paths(1, 1) if wanted(diagram.label(node)) else _Paths(0, 0)
            continue
        skipped = between[diagram.level(node) + 1]
        number = largest = 0
        for child, _, share in everything.branches[node]:
            paths = found[child]
            number += paths.number
            largest = max(largest, share * skipped[diagram.level(child)] * paths.largest)
        found[node] = _Paths(number, largest)
    return found


def _largest_first(everything: Whole, below: Mapping[Node, _Paths]) -> Iterator[tuple[_LevelBox, Label]]:
    """The paths that `below` counts, as boxes with their labels, the one of the most profiles first.

    Best first, by the profiles of the largest path that goes on from there; then in order of arrival.
    """
    diagram, between, root = everything.diagram, everything.between, everything.root
    arrival = count()
    full = tuple((1 << len(row)) - 1 for row in everything.weights)
    outer = between[0][diagram.level(root)]
    waiting = [(-outer * below[root].largest, next(arrival), root, outer, full)]
    while waiting:
        _, _, node, profiles, box = heappop(waiting)
        if diagram.is_terminal(node):
            if below[node].number:
                yield box, diagram.label(node)
            continue
        level = diagram.level(node)
        for child, bits, share in everything.branches[node]:
            if below[child].number:
                here = profiles * share * between[level + 1][diagram.level(child)]
                narrowed = (*box[:level], bits, *box[level + 1 :])
                heappush(waiting, (-here * below[child].largest, next(arrival), child, here, narrowed))
