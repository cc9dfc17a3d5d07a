"""The largest regions of a rule: boxes of profiles that it decides, each as wide as it can be.

A box may hold impossible profiles, too: nobody is wrong about them, and leaving them out would only
cut it into pieces. What must not be in it are rows: those of earlier rules, those of what the rule's
own condition leaves out, and the boxes that were found before. A box avoids a row at one level at least.

Where the diagram has few paths, these are the pieces that every profile lies in; they are widened one
after the other. Where it has very many, or where that leads to a larger box, a search goes down from
everybody, row by row, and keeps as much as it can: what it finds is large, if not always the largest.
Where that does not come to an end among thousands of rows, the witness search finds a profile, and what
it finds is widened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate, chain, count, islice
from math import prod
from operator import mul

from iopscreen.engine.blocks import NumberBlocks
from iopscreen.engine.boxes import meets, without
from iopscreen.engine.budget import UNLIMITED, Budget, TooTangled
from iopscreen.engine.clauses import TooManyClauses
from iopscreen.engine.compiled import NONE_MATCHES, Compiled
from iopscreen.engine.counts import Region, Whole, joined
from iopscreen.engine.diagram import Diagram, Label
from iopscreen.engine.search import Box, Clauses, Search, bits_of
from iopscreen.engine.table import Clause, Table
from iopscreen.ruleset.model import Not

MAX_PATHS = 200
"""Up to how many paths of the diagram are the pieces of the regions."""

MAX_STATES = 2_000
"""Up to how many states a diagram is made to look for them: with more of these, it has more paths than that."""

MAX_STEPS = 30
"""How many boxes are looked at, beside those on the way straight down, for one that is larger."""

MAX_DEAD_ENDS = 200
"""After how many boxes the way down is given up."""

MAX_CHOICE = 4
"""Among how many rows that a box meets the one to avoid next is chosen."""

MAX_OUTSIDE = 64
"""Of how many clauses what a condition leaves out may be; beyond, its own clauses are looked at one by one."""

MAX_SEARCHES = 30
"""How often, for one rule, a profile is searched for where the way down was given up."""

MAX_LOOKS = 1000
"""How long such a search may take, in looks at a clock that counts them: what is found is the same each time."""

_POSSIBLE = 1
_IMPOSSIBLE = 0


class Largest:
    """Finds the largest regions of rules, and of the gap, in one rule set."""

    def __init__(self, everything: Whole) -> None:
        self._counts = everything.counts
        self._space = _Space(everything)
        self._pieces = _pieces(everything)

    def regions(self, labels: Collection[Label], limit: int) -> list[Region]:
        """The largest disjoint regions of the rules `labels` (`NONE_MATCHES`: of the gap), the largest first.

        Disjoint are their possible profiles. A rule is looked at when it may have the next largest one.
        """
        finders = {label: self._finder(label) for label in labels if isinstance(label, int) and label in self._counts}
        waiting: list[tuple[int, int, Box]] = [(-self._counts[label], label, ()) for label in finders]
        waiting.sort()
        found: list[Region] = []
        while waiting and len(found) < limit:
            bound, label, box = heappop(waiting)
            finder = finders[label]
            if box:
                found.append(self._space.region(label, box))
                finder.take(box)
                if finder.left:
                    heappush(waiting, (max(bound, -finder.left), label, ()))
            elif (largest := finder.largest()) is not None:
                heappush(waiting, (-self._space.possible(largest), label, largest))
        return sorted(found, key=lambda region: -region.profiles)

    def _finder(self, label: int) -> _Finder:
        return _Finder(self._space, label, None if self._pieces is None else self._pieces.get(label, []))


def _pieces(everything: Whole) -> Mapping[Label, list[Box]] | None:
    """By label, its profiles as disjoint boxes; None where these are too many."""
    if everything.states > MAX_STATES:
        return None
    compiled = everything.compiled
    diagram = compiled.diagram()  # one of its own, that no budget ends: the regions are the same each time
    paths = list(islice(diagram.paths(compiled.rules.build(diagram, {})), MAX_PATHS + 1))
    if len(paths) > MAX_PATHS:
        return None
    full = [(1 << len(row)) - 1 for row in everything.weights]
    boxes = []
    for path, label in paths:
        bits = {level: sum(1 << block for block in blocks) for level, blocks in path.items()}
        boxes.append((tuple(bits.get(level, every) for level, every in enumerate(full)), label))
    found: dict[Label, list[Box]] = {}
    for box, label in joined(boxes):
        found.setdefault(label, []).append(box)
    return found


class _Space:
    """All profiles of a rule set, and which of them are possible."""

    def __init__(self, everything: Whole) -> None:
        self.compiled: Compiled = everything.compiled
        self.search = Search(self.compiled.rules, UNLIMITED)
        self.excluded: Clauses = (1 << len(self.compiled.impossible)) - 1
        self.counting = [sum(1 << block for block, n in enumerate(row) if n) for row in everything.weights]
        """By level, the blocks that count for a profile; others are told apart by notes and guarantees alone."""
        self.classes = [_alike(masks) for masks in self.compiled.rules.passing]
        """By level, the sets of blocks that no rule and no impossible entry tells apart."""
        self.counts = everything.counts
        self._diagram = Diagram(self.compiled.rules.widths)
        rows = tuple((clause, _IMPOSSIBLE) for clause, _ in self.compiled.impossible)
        self._root = Table(self.compiled.rules.widths, rows, _POSSIBLE).build(self._diagram, {})
        self._nodes = self._diagram.reachable(self._root)
        self._known: dict[Box, int] = {}

    def volume(self, box: Box) -> int:
        """How many profiles a box holds."""
        return prod(self._widths(box))

    def clause(self, box: Box) -> Clause:
        """A box by the levels that it does not leave open."""
        pairs = zip(box, self.search.full, strict=True)
        return {level: blocks for level, (blocks, full) in enumerate(pairs) if blocks != full}

    def _widths(self, box: Box) -> Iterator[int]:
        return ((blocks & counting).bit_count() for blocks, counting in zip(box, self.counting, strict=True))

    def possible(self, box: Box) -> int:
        """How many possible profiles a box holds."""
        if not self.excluded or not self.search.meeting(self.clause(box), self.excluded):
            return self.volume(box)
        if box not in self._known:
            self._known[box] = self._counted(box)
        return self._known[box]

    def _counted(self, box: Box) -> int:
        before = list(accumulate(self._widths(box), mul, initial=1))
        diagram, found = self._diagram, {}
        for node in self._nodes:  # children come before their parents
            level = diagram.level(node)
            if diagram.is_terminal(node):
                found[node] = int(diagram.label(node) == _POSSIBLE)
                continue
            children, blocks = diagram.children(node), box[level] & self.counting[level]
            ways = ((children[block], before[diagram.level(children[block])]) for block in bits_of(blocks))
            found[node] = sum(found[child] * (reach // before[level + 1]) for child, reach in ways)
        return found[self._root] * before[diagram.level(self._root)]

    def meet_in_possible(self, box: Box, row: Clause) -> bool:
        """Whether some possible profile of `box` meets `row`."""
        both = _narrowed(box, row)
        return all(both) and self.possible(both) > 0

    def region(self, label: int, box: Box) -> Region:
        """A box as a region: the blocks of the questions that it does not leave open."""
        chosen = {
            question: tuple(bits_of(self._that_occur(box, level)))
            for level, question in enumerate(self.compiled.order)
            if box[level] != self.search.full[level]
        }
        return Region(label, chosen, self.possible(box))

    def _that_occur(self, box: Box, level: int) -> int:
        """The blocks of a level that hold a possible profile of `box`; of numbers, also those between."""
        if not self.excluded:
            return box[level]
        inside = [blocks & box[level] for blocks in self.classes[level]]
        some = sum(part for part in inside if part and self.possible((*box[:level], part, *box[level + 1 :])))
        if isinstance(self.compiled.blocks[self.compiled.order[level]], NumberBlocks):
            return box[level] & (1 << some.bit_length()) - (some & -some)
        return some


def _alike(masks: Sequence[Clauses]) -> list[int]:
    """The blocks that pass the same clauses, as bits."""
    found: dict[Clauses, int] = {}
    for block, passed in enumerate(masks):
        found[passed] = found.get(passed, 0) | 1 << block
    return list(found.values())


def _narrowed(box: Box, row: Clause) -> Box:
    return tuple([blocks & row.get(level, blocks) for level, blocks in enumerate(box)])


_Sized = tuple[int, int, Box]
"""A box after how many possible profiles, and how many at all, it holds: the largest comes first."""


class _Finder:
    """Finds the regions of one rule, or of the gap; those that it `take`s are left out from then on.

    `pieces`: its profiles as disjoint boxes; None where these are too many.
    """

    def __init__(self, space: _Space, label: int, pieces: list[Box] | None) -> None:
        self.space = space
        self.left = space.counts[label]
        """How many profiles are in no region that was taken."""
        self._pieces = pieces
        self._goes_down = True
        self._searches = MAX_SEARCHES
        self._rows = space.compiled.rules.rows
        places = [place for place, (_, owner) in enumerate(self._rows) if owner == label]
        first = len(self._rows) if label == NONE_MATCHES else places[0]
        self._earlier: Clauses = (1 << first) - 1 & ~space.excluded
        self._starts, self._apart = self._bounds(label, [self._rows[place][0] for place in places])

    def _bounds(self, label: int, clauses: Sequence[Clause]) -> tuple[list[Box], list[Clause]]:
        """Boxes in which all regions lie, and rows that, beside those of earlier rules, none of them may meet."""
        full = self.space.search.full
        if label == NONE_MATCHES:
            return [full], []
        condition = self.space.compiled.rule_set.rules[label].condition
        try:
            outside = self.space.compiled.maker.clauses(Not(condition))
        except TooManyClauses:
            outside = []
        if clauses == [{}] or 0 < len(outside) <= MAX_OUTSIDE:
            return [full], outside
        return [_narrowed(full, clause) for clause in clauses], []

    def take(self, box: Box) -> None:
        """Leave the profiles of `box` out from now on."""
        self.left -= self.space.possible(box)
        clause, full = self.space.clause(box), self.space.search.full
        self._apart.append(clause)
        if self._pieces is not None:
            left = without(map(self.space.clause, self._pieces), [clause], self.space.compiled.rules.widths)
            pieces = (_narrowed(full, piece) for piece in left)
            self._pieces = [piece for piece in pieces if self.space.possible(piece)]

    def largest(self) -> Box | None:
        """The largest box that was found of those that are left; None where none was found in time."""
        widened = self._widened(min(map(self._sized, self._pieces))[2]) if self._pieces else None
        lower = self._lower() if self._goes_down else None
        if widened is None:
            return lower[2] if lower else self._around_a_profile()
        if lower is None or widened <= lower:
            self._goes_down = False  # it leads to smaller and smaller boxes
            return widened[2]
        return lower[2]

    # --- from a piece upwards ---

    def _around_a_profile(self) -> Box | None:
        """A box around a profile that is searched for in what no row that was set apart meets."""
        space = self.space
        search = space.search.within(Budget(MAX_LOOKS, count().__next__))
        try:
            starts = without(map(space.clause, self._starts), self._apart, space.compiled.rules.widths)
            starts.sort(key=lambda start: -space.volume(_narrowed(search.full, start)))
            for start in starts[: self._searches]:
                self._searches -= 1
                piece = search.find(start, self._earlier | space.excluded)
                if piece is not None:
                    return self._widened(piece)[2]
        except TooTangled:
            pass
        return None

    def _widened(self, piece: Box) -> _Sized:
        """A box around `piece` that meets no row: whole levels are opened first, then single blocks."""
        box, most = piece, self._around(piece)
        levels = [level for level, blocks in enumerate(piece) if blocks != most[level]]
        levels.sort(key=lambda level: piece[level].bit_count() / most[level].bit_count())
        for level in levels:
            box = self._with_blocks(box, level, most[level])
        for level in levels:
            for blocks in self.space.classes[level]:
                box = self._with_blocks(box, level, blocks & most[level])
        return self._sized(box)

    def _around(self, piece: Box) -> Box:
        """The largest start that holds `piece`; where it lies in several of them, and in none as a whole, itself."""
        around = [start for start in self._starts if _narrowed(piece, dict(enumerate(start))) == piece]
        return max(around, key=self.space.volume, default=piece)

    def _with_blocks(self, box: Box, level: int, blocks: int) -> Box:
        """`box` with `blocks` of a level, too, where what that adds meets no row."""
        more = blocks & ~box[level]
        added = (*box[:level], more, *box[level + 1 :])
        if not more or next(self._met(added), None) is not None:
            return box
        return (*box[:level], box[level] | more, *box[level + 1 :])

    # --- from everybody downwards ---

    def _lower(self) -> _Sized | None:
        """A large box that meets no row; with few pieces, the largest that some more steps lead to."""
        waiting = sorted(map(self._sized, self._starts))
        best = self._straight_down(waiting)
        seen = set()
        for _ in range(MAX_STEPS if self._pieces else 0):
            if best is None or not waiting or waiting[0] >= best:
                break
            box = heappop(waiting)
            row = self._row_to_avoid(box[2])
            if row is None:
                return box
            for child in self._beside(box, row):
                if child < best and child not in seen:
                    seen.add(child)
                    heappush(waiting, child)
        return best

    def _straight_down(self, starts: Sequence[_Sized]) -> _Sized | None:
        """A box that meets no row, by keeping as much as can be at each of them; None where none is found in time."""
        waiting = list(reversed(starts))
        for _ in range(MAX_DEAD_ENDS):
            box = waiting.pop()  # never the last in vain: some of the boxes hold those who are left
            row = self._row_to_avoid(box[2])
            if row is None:
                return box
            waiting += sorted(self._beside(box, row), reverse=True)
        return None

    def _row_to_avoid(self, box: Box) -> Clause | None:
        """Of the first rows that possible profiles of `box` meet, the one with the fewest ways to avoid it."""
        chosen, fewest = None, 0
        for row in islice(self._met(box), MAX_CHOICE):
            ways = sum([box[level] & ~passing != 0 for level, passing in row.items()])
            if chosen is None or ways < fewest:
                chosen, fewest = row, ways
                if ways <= 1:
                    break
        return chosen

    def _met(self, box: Box) -> Iterator[Clause]:
        clause = self.space.clause(box)
        places = bits_of(self.space.search.meeting(clause, self._earlier))
        rows = chain((row for row in self._apart if meets(row, clause)), (self._rows[place][0] for place in places))
        excluded = self.space.excluded and self.space.search.meeting(clause, self.space.excluded)
        return (row for row in rows if not excluded or self.space.meet_in_possible(box, row))

    def _beside(self, around: _Sized, row: Clause) -> Iterator[_Sized]:
        """The largest boxes within a box that `row` does not meet."""
        _, volume, box = around
        counting = self.space.counting
        for level, passing in row.items():
            rest = box[level] & ~passing
            if rest:
                inner = (*box[:level], rest, *box[level + 1 :])
                share = (rest & counting[level]).bit_count(), (box[level] & counting[level]).bit_count()
                number = volume * share[0] // share[1]
                possible = -self.space.possible(inner) if self.space.excluded else number
                if possible:
                    yield possible, number, inner

    def _sized(self, box: Box) -> _Sized:
        return -self.space.possible(box), -self.space.volume(box), box
