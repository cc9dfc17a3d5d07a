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

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate, chain, count, islice
from math import prod
from operator import and_, mul

from iopscreen.engine.blocks import NumberBlocks
from iopscreen.engine.boxes import without
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
"""Up to how many states a diagram is made to look for them: with more of these, there are hardly so few paths."""

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
        return map(int.bit_count, map(and_, box, self.counting))

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


class _Rows:
    """The rows that boxes are kept apart from, or that leave some of their profiles out, as bits by their number.

    Numbers are first those of the table's rows (`among` them, as bits), then of those that were set apart.
    """

    def __init__(self, search: Search, among: Clauses, apart: Iterable[Clause]) -> None:
        self.apart: list[Clause] = []
        self.first_apart = len(search.table.rows)
        self._search = search
        self._among = self._all = among
        self._met: list[dict[int, Clauses]] = [{} for _ in search.full]
        """By level and blocks, the rows that some of these pass."""
        for row in apart:
            self.add(row)

    def add(self, row: Clause) -> None:
        """Set a row apart, too."""
        bit = 1 << self.first_apart + len(self.apart)
        self.apart.append(row)
        self._all |= bit
        for level, by_blocks in enumerate(self._met):
            passing = row.get(level, -1)
            for blocks in by_blocks:
                if blocks & passing:
                    by_blocks[blocks] |= bit

    def numbers(self, rows: Clauses) -> Iterator[int]:
        """The numbers of rows: those set apart come first."""
        of_table = (1 << self.first_apart) - 1
        return chain(bits_of(rows & ~of_table), bits_of(rows & of_table))

    def __getitem__(self, number: int) -> Clause:
        if number < self.first_apart:
            return self._search.table.rows[number][0]
        return self.apart[number - self.first_apart]

    def at(self, level: int, blocks: int) -> Clauses:
        """The rows that some of `blocks` pass."""
        by_blocks = self._met[level]
        found = by_blocks.get(blocks)
        if found is None:
            found = self._search.meeting({level: blocks}, self._among)
            for number, row in enumerate(self.apart, start=self.first_apart):
                if blocks & row.get(level, -1):
                    found |= 1 << number
            by_blocks[blocks] = found
        return found

    def met(self, box: Box) -> Clauses:
        """The rows that some profile of `box` meets, each taken alone."""
        return self.met_beside(box, -1)

    def met_beside(self, box: Sequence[int], level: int) -> Clauses:
        """The rows that some profile of `box` would meet with other blocks at one level."""
        found = self._all
        for other, (blocks, full) in enumerate(zip(box, self._search.full, strict=True)):
            if blocks != full and other != level:  # some block of a whole level passes any row
                found &= self.at(other, blocks)
        return found


_Size = tuple[int, int, Box]
"""A box after how many possible profiles, and how many at all, it holds: the largest comes first."""

_Sized = tuple[_Size, Clauses]
"""The same, with the rows that it meets."""


class _Finder:
    """Finds the regions of one rule, or of the gap; those that it `take`s are left out from then on.

    `pieces`: its profiles as disjoint boxes; None where these are too many.
    """

    def __init__(self, space: _Space, label: int, pieces: list[Box] | None) -> None:
        self.space = space
        self.left = space.counts[label]
        """How many profiles are in no region that was taken."""
        self._pieces = None if pieces is None else [self._size(piece) for piece in pieces]
        self._goes_down = True
        self._searches = MAX_SEARCHES
        rows = space.compiled.rules.rows
        places = [place for place, (_, owner) in enumerate(rows) if owner == label]
        first = len(rows) if label == NONE_MATCHES else places[0]
        self._earlier: Clauses = (1 << first) - 1 & ~space.excluded
        self._starts, apart = self._bounds(label, [rows[place][0] for place in places])
        self._rows = _Rows(space.search, (1 << first) - 1, apart)

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
        clause = self.space.clause(box)
        self._rows.add(clause)
        if self._pieces is not None:
            self._pieces = [part for piece in self._pieces for part in self._outside(piece, box, clause)]

    def _outside(self, piece: _Size, box: Box, clause: Clause) -> Iterator[_Size]:
        """What of a piece is outside of `box`, which is `clause`."""
        if not all(map(and_, piece[2], box)):
            yield piece
            return
        space = self.space
        for part in without([space.clause(piece[2])], [clause], space.compiled.rules.widths):
            size = self._size(_narrowed(space.search.full, part))
            assert size[0]  # a piece holds possible profiles, and blocks that no rule tells apart stay together
            yield size

    def largest(self) -> Box | None:
        """The largest box that was found of those that are left; None where none was found in time."""
        widened = self._size(self._widened(min(self._pieces)[2])) if self._pieces else None
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
            starts = without(map(space.clause, self._starts), self._rows.apart, space.compiled.rules.widths)
            starts.sort(key=lambda start: -space.volume(_narrowed(search.full, start)))
            for start in starts[: self._searches]:
                self._searches -= 1
                piece = search.find(start, self._earlier | space.excluded)
                if piece is not None:
                    return self._widened(piece)
        except TooTangled:
            pass
        return None

    def _widened(self, piece: Box) -> Box:
        """A box around `piece` that meets no row: whole levels are opened first, then single blocks."""
        box, most = list(piece), self._around(piece)
        levels = [level for level, blocks in enumerate(piece) if blocks != most[level]]
        levels.sort(key=lambda level: piece[level].bit_count() / most[level].bit_count())
        for level in levels:
            self._widen(box, level, [most[level]])
        for level in levels:
            self._widen(box, level, [blocks & most[level] for blocks in self.space.classes[level]])
        return tuple(box)

    def _widen(self, box: list[int], level: int, parts: Iterable[int]) -> None:
        """Add to a level of `box` those of the `parts` with which what is added meets no row."""
        beside = self._rows.met_beside(box, level)
        for blocks in parts:
            more = blocks & ~box[level]
            met = beside & self._rows.at(level, more) if more else 0
            if not met or (met & self.space.excluded and self._is_free((*box[:level], more, *box[level + 1 :]), met)):
                box[level] |= more

    def _is_free(self, box: Box, met: Clauses) -> bool:
        """Whether no possible profile of `box` meets a row."""
        return next(self._in_the_way(box, met), None) is None

    def _around(self, piece: Box) -> Box:
        """The largest start that holds `piece`; where it lies in several of them, and in none as a whole, itself."""
        around = [start for start in self._starts if _narrowed(piece, dict(enumerate(start))) == piece]
        return max(around, key=self.space.volume, default=piece)

    # --- from everybody downwards ---

    def _lower(self) -> _Size | None:
        """A large box that meets no row; with few pieces, the largest that some more steps lead to."""
        waiting = sorted((self._size(start), self._rows.met(start)) for start in self._starts)
        best = self._straight_down(waiting)
        seen = set()
        for _ in range(MAX_STEPS if self._pieces else 0):
            if best is None or not waiting or waiting[0][0] >= best:
                break
            size, met = heappop(waiting)
            row = self._row_to_avoid(size[2], met)
            if row is None:
                return size
            for child in self._beside(size, met, row):
                if child[0] < best and child[0] not in seen:
                    seen.add(child[0])
                    heappush(waiting, child)
        return best

    def _straight_down(self, starts: Sequence[_Sized]) -> _Size | None:
        """A box that meets no row, by keeping as much as can be at each of them; None where none is found in time."""
        waiting = list(reversed(starts))
        for _ in range(MAX_DEAD_ENDS):
            size, met = waiting.pop()  # never the last in vain: some of the boxes hold those who are left
            row = self._row_to_avoid(size[2], met)
            if row is None:
                return size
            waiting += sorted(self._beside(size, met, row), reverse=True)
        return None

    def _row_to_avoid(self, box: Box, met: Clauses) -> Clause | None:
        """Of the first rows that possible profiles of `box` meet, the one with the fewest ways to avoid it."""
        chosen, fewest = None, 0
        for row in islice(self._in_the_way(box, met), MAX_CHOICE):
            ways = sum([box[level] & ~passing != 0 for level, passing in row.items()])
            if chosen is None or ways < fewest:
                chosen, fewest = row, ways
                if ways <= 1:
                    break
        return chosen

    def _in_the_way(self, box: Box, met: Clauses) -> Iterator[Clause]:
        """Of the rows that `box` meets, those that some possible profile of it meets."""
        excluded = met & self.space.excluded
        rows = (self._rows[number] for number in self._rows.numbers(met ^ excluded))
        return (row for row in rows if not excluded or self.space.meet_in_possible(box, row))

    def _beside(self, size: _Size, met: Clauses, row: Clause) -> Iterator[_Sized]:
        """The largest boxes within a box that `row` does not meet, of those with some possible profile."""
        _, volume, box = size
        counting = self.space.counting
        for level, passing in row.items():
            rest = box[level] & ~passing
            if rest:
                inner = (*box[:level], rest, *box[level + 1 :])
                share = (rest & counting[level]).bit_count(), (box[level] & counting[level]).bit_count()
                number = volume * share[0] // share[1]
                possible = -self.space.possible(inner) if self.space.excluded else number
                if possible:
                    yield (possible, number, inner), met & self._rows.at(level, rest)

    def _size(self, box: Box) -> _Size:
        return -self.space.possible(box), -self.space.volume(box), box
