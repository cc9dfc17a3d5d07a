"""The way through the questions as a picture: a ladder of cards, laid out here, drawn as SVG.

Every card is a step: a question, and below it each answer with the outcome that it leads to, or with a
line to the step where it goes on. The lines run in lanes on the left, one for each step that is led to.
A card is a picture of its own, as high as the lines go past it, so that a printed page breaks between
cards; and it says in words what it shows. Two sizes are drawn, for a desk and for a phone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from iopscreen.audit.overview import Overview
from iopscreen.engine.flow import Asked, Branch, End, Flow, Rest
from iopscreen.report.page import text
from iopscreen.ruleset.condition_words import spaced
from iopscreen.ruleset.model import RuleSet
from iopscreen.ruleset.words import outcome_label
from iopscreen.text import printable

TINTS = 6
"""How many colours there are for outcomes, from the least intensive on; the style sheet has them as `o0`, `o1` ..."""


class Size(NamedTuple):
    """How cards are laid out. `beside`: where a target stands beside its answer, from the card's left; None: below."""

    name: str
    width: int
    lane: int
    beside: int | None
    most_lanes: int


SIZES = (Size("desk", 880, 16, 330, 12), Size("phone", 350, 11, None, 6))

_PAD = 16
_GAP = 20
_TITLE, _TEXT, _SMALL = 17.0, 14.0, 12.5
_LEADING = 1.4
_MOST_SAID = 15
"""How many lines a question may take: what callers are asked is cut only where it is no question any more."""
_LIGHT = ("said", "small")
_BOLD = 1.14
"""How much wider bold letters are."""
_ABOVE = 0.35
"""How far above its baseline the middle of a letter is, in parts of its size."""


class _Lane(NamedTuple):
    """A line to the step `to` from the card `first` on; lane 0 is the one beside the cards."""

    first: int
    to: int
    number: int


class _Target(NamedTuple):
    """What an answer leads to: its words, the colour of an outcome, and what stands below in small."""

    words: str
    tint: str | None
    small: str


def flow_pictures(overview: Overview, found: Flow) -> Iterator[str]:
    """The pictures of every step, one below the other, in each size."""
    asked = [step for step in found.steps if isinstance(step, Asked)]
    lanes = _lanes(asked)
    for size in SIZES:
        yield f'<div class="flow {size.name}">'
        yield from (_Card(overview, found, number, size, lanes).picture() for number in range(len(asked)))
        yield "</div>"


def tint(rule_set: RuleSet, outcome: str) -> str:
    """The class of an outcome's colour. It is never the only sign: the label stands beside it."""
    if outcome not in rule_set.outcome:
        return "none"
    last = len(rule_set.outcomes) - 1
    place = list(rule_set.outcome).index(outcome)
    return f"o{round(place * (TINTS - 1) / last) if last else 1}"


def step_in_words(overview: Overview, found: Flow, number: int) -> str:
    """What a card shows, in a sentence."""
    step = found.steps[number]
    assert isinstance(step, Asked)
    parts = []
    for branch in step.branches:
        target = _target(overview, found, branch)
        small = f" ({target.small})" if target.small else ""
        parts.append(f"{overview.answers(step, branch)}: {target.words}{small}")
    return f"Step {number + 1}, {spaced(step.question)}. {'; '.join(parts)}."


def rest_in_words(rule_set: RuleSet, step: Rest) -> str:
    """What is left out of a picture."""
    outcomes = ", ".join(outcome_label(rule_set, outcome) for outcome in step.outcomes)
    return f"still open: {', '.join(map(spaced, step.questions))}; leads to: {outcomes}"


def _target(overview: Overview, found: Flow, branch: Branch) -> _Target:
    rule_set, step = overview.rule_set, found.steps[branch.to]
    match step:
        case Asked():
            return _Target(f"go on with {branch.to + 1}, {spaced(step.question)}", None, "")
        case Rest():
            return _Target("goes on, too large to draw whole", None, rest_in_words(rule_set, step))
        case End():
            rules = [rule_set.rules[place].id for place in step.rules]
            small = f"rule{'s' if len(rules) > 1 else ''} {', '.join(rules)}" if rules else ""
            return _Target(outcome_label(rule_set, step.outcome), tint(rule_set, step.outcome), small)


def _lanes(asked: Sequence[Asked]) -> list[_Lane]:
    """A lane for every step that is led to, the shortest lines nearest to the cards."""
    first: dict[int, int] = {}
    for number, step in enumerate(asked):
        for branch in step.branches:
            if branch.to < len(asked):
                first.setdefault(branch.to, number)
    lanes: list[_Lane] = []
    for to, start in sorted(first.items(), key=lambda item: (item[0] - item[1], item[0])):
        taken = {lane.number for lane in lanes if lane.first < to and start < lane.to}
        lanes.append(_Lane(start, to, next(number for number in range(len(asked)) if number not in taken)))
    return lanes


# --- a card ---------------------------------------------------------------------------------


class _Card:
    """One card, drawn from the top; `y` is how far down it is drawn."""

    def __init__(self, overview: Overview, found: Flow, number: int, size: Size, lanes: Sequence[_Lane]) -> None:
        step = found.steps[number]
        assert isinstance(step, Asked)
        self.overview, self.found, self.number, self.size, self.step = overview, found, number, size, step
        self.lanes = [lane for lane in lanes if lane.first <= number <= lane.to]
        most = max((lane.number + 1 for lane in lanes), default=0)
        self.across = size.lane if most <= size.most_lanes else size.lane * size.most_lanes / most
        self.left = most * self.across + (10 if lanes else 1)
        self.room = size.width - self.left - 1 - 2 * _PAD
        self.y = 0.0
        self.drawn: list[str] = []
        self.turns: dict[int, list[float]] = {}
        """By step, where the answers that lead there stand."""

    def picture(self) -> str:
        """The card with the lines beside it."""
        question = self.overview.rule_set.question[self.step.question]
        self.y = _PAD
        head = self.y + _TITLE * (1 - _ABOVE)
        self._write_number(head)
        name = spaced(question.id)
        self._write(name[:1].upper() + name[1:], 34, _TITLE, "title", most=2)
        self.y += 2
        self._write(f"“{question.ask}”", 0, _TEXT, "said", most=_MOST_SAID)
        self.y += 6
        for branch in self.step.branches:
            self._answer(branch)
        bottom = self.y + 4
        box = f'<rect class="card" x="{_n(self.left)}" y="1" width="{_n(self.room + 2 * _PAD)}" '
        words = text(step_in_words(self.overview, self.found, self.number))
        return "".join(
            [
                f'<svg viewBox="0 0 {self.size.width} {_n(bottom + _GAP)}" role="img" aria-label="{words}">',
                f"<title>{words}</title>",
                f'{box}height="{_n(bottom - 1)}" rx="9"/>',
                *self.drawn,
                *self._lines(head, bottom + _GAP),
                "</svg>",
            ]
        )

    def _write_number(self, y: float) -> None:
        x = self.left + _PAD + 12
        self.drawn.append(
            f'<circle class="step" cx="{_n(x)}" cy="{_n(y)}" r="12"/>'
            f'<text class="number" x="{_n(x)}" y="{_n(y + 4.5)}" text-anchor="middle" font-size="13">'
            f"{self.number + 1}</text>"
        )

    def _answer(self, branch: Branch) -> None:
        """An answer, and beside or below it what it leads to."""
        target = _target(self.overview, self.found, branch)
        self.drawn.append(f'<path class="between" d="M{_n(self.left + _PAD)} {_n(self.y)}h{_n(self.room)}"/>')
        self.y += 9
        top, beside = self.y, self.size.beside
        if isinstance(self.found.steps[branch.to], Asked):
            self.turns.setdefault(branch.to, []).append(top + _TEXT * (1 - _ABOVE))
        answer = self.overview.answers(self.step, branch)
        self._write(answer, 0, _TEXT, "answer", most=6, room=None if beside is None else beside - _PAD)
        below = self.y
        if beside is None:
            self.y += 4
        else:
            self.y = top
        self._write_target(target, beside or 0)
        self.y = max(self.y, below) + 5

    def _write_target(self, target: _Target, x: float) -> None:
        if target.tint:
            high = len(_fitted(target.words, _TEXT * _BOLD, self.room - x - 20, 3)) * _TEXT * _LEADING + 4
            self.drawn.append(
                f'<rect class="{target.tint}" x="{_n(self.left + _PAD + x)}" y="{_n(self.y - 3)}" '
                f'width="{_n(self.room - x)}" height="{_n(high)}" rx="6"/>'
            )
            self._write(target.words, x + 10, _TEXT, f"outcome {target.tint}", most=3, room=self.room - x - 20)
            self.y += 3
        else:
            self._write(f"→ {target.words}", x, _TEXT, "on", most=3)
        if target.small:
            indent = 10 if target.tint else 0
            self._write(target.small, x + indent, _SMALL, "small", most=4)

    def _write(self, words: str, x: float, size: float, look: str, *, most: int, room: float | None = None) -> None:
        """Lines of text, at most so many, the last one with `...` where more was to be said."""
        weight = 1 if look in _LIGHT else _BOLD
        for line in _fitted(words, size * weight, self.room - x if room is None else room, most):
            self.drawn.append(
                f'<text class="{look}" x="{_n(self.left + _PAD + x)}" y="{_n(self.y + size)}" '
                f'font-size="{_n(size)}">{text(line)}</text>'
            )
            self.y += size * _LEADING

    def _lines(self, head: float, height: float) -> Iterator[str]:
        """The lines in the lanes beside the card: past it, from its answers, and into it."""
        for lane in self.lanes:
            x = self._x(lane)
            turns = self.turns.get(lane.to, [])
            if lane.to == self.number:
                yield f'<path class="line" d="M{_n(x)} 0V{_n(head)}"/>'
            else:
                start = min(turns) if lane.first == self.number else 0
                yield f'<path class="line" d="M{_n(x)} {_n(start)}V{_n(height + 1)}"/>'
        for lane in self.lanes:
            x = self._x(lane)
            if lane.to == self.number:
                yield from _crossing(x, self.left - 5, head)
                tip = f"M{_n(self.left)} {_n(head)}l-8 -4.5v9z"
                yield f'<path class="tip" d="{tip}"/>'
            for y in self.turns.get(lane.to, []):
                yield from _crossing(x, self.left, y)
                yield f'<circle class="tip" cx="{_n(self.left)}" cy="{_n(y)}" r="3.5"/>'

    def _x(self, lane: _Lane) -> float:
        return self.left - 10 - self.across * (lane.number + 0.5)


def _crossing(start: float, end: float, y: float) -> Iterator[str]:
    """A line across lanes, set off from those that it crosses but not from its own."""
    yield f'<path class="halo" d="M{_n(start + 3)} {_n(y)}H{_n(end)}"/>'
    yield f'<path class="line" d="M{_n(start)} {_n(y)}H{_n(end)}"/>'


# --- text that fits -------------------------------------------------------------------------


def _fitted(words: str, size: float, room: float, most: int) -> list[str]:
    """Text in lines of about `room` units. Fonts differ: the estimate is on the wide side."""
    lines: list[str] = []
    for word in printable(" ".join(words.split())).split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and _wide(joined, size) <= room:
            lines[-1] = joined
        else:
            lines += _broken(word, size, room)
    if len(lines) > most:
        last = lines[most - 1]
        while last and _wide(f"{last} …", size) > room:
            last = last.rpartition(" ")[0] or last[:-1]
        lines = [*lines[: most - 1], f"{last} …"]
    return lines or [""]


def _broken(word: str, size: float, room: float) -> list[str]:
    """A word, in pieces where it is longer than a line."""
    pieces = [""]
    for char in word:
        if pieces[-1] and _wide(pieces[-1] + char, size) > room:
            pieces.append("")
        pieces[-1] += char
    return pieces


def _wide(words: str, size: float) -> float:
    return sum(map(_em, words)) * size


def _em(char: str) -> float:
    """About how wide a character is, in parts of its size."""
    if unicodedata.east_asian_width(char) in "WF":
        return 1.05
    if char in "iljtfI.,;:'!|()[] ":
        return 0.34
    if char in "#<>~+=":
        return 0.86
    return 0.74 if char.isupper() or char in "mw@%—…→" else 0.58


def _n(number: float) -> str:
    """A number as short as it can be, to a tenth."""
    return f"{number:.1f}".removesuffix(".0")
