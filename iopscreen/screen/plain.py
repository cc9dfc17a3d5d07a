"""Pages on a plain terminal: printed once, answered by a typed line. For screen readers and slow lines.

Nothing is redrawn and nothing means anything by its colour or its place. Choices have numbers
and are also known by their words; lines that were typed too early, or pasted, are no answers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from iopscreen.ruleset.values import name_key
from iopscreen.screen import console
from iopscreen.screen.page import ENTER, Key, Kind, Line, Page, Pressed
from iopscreen.screen.view import in_rows

ASK_AGAIN = "Type the number or the word of one of these, then Enter."


class Lines:
    """Asks by lines: what is printed stays, and an answer is a number or a word and Enter."""

    quiet = staticmethod(nullcontext)
    """A line that is typed is shown as it is typed."""

    def say(self, *lines: Line) -> None:
        """Show lines that stay."""
        for row in in_rows(lines, console.size().columns):
            print("".join(text for _, text in row), file=sys.stderr)
        sys.stderr.flush()

    def ask(self, page: Page) -> Pressed:
        """Put one page; only what it offers comes back."""
        self.say(Line(""), *page.lines, *page.extra, *(page.pinned[0] if page.pinned else ()), *_choices(page))
        while True:
            text = _typed("> ")
            answer = _understood(page, text)
            if isinstance(answer, Pressed):
                return answer
            self.say(*answer)

    def write(self, title: str) -> str:
        """A line of free text."""
        self.say(Line(title))
        return " ".join(_typed("> ").split())


def _choices(page: Page) -> Iterator[Line]:
    """What may be typed: the numbered choices, and the words beside them."""
    if page.kind is Kind.NUMBER:
        yield Line("Type the number, or one of these words.", indent=2)
    elif page.kind is Kind.MARK:
        yield Line("Type the numbers of all that fit, with commas between them.", indent=2)
    for number, choice in enumerate(_numbered(page), start=1):
        yield Line(f"{number}. {choice.title}", indent=2)
    words = [key.title for key in _worded(page)] + [panel.title for panel in page.panels]
    if words:
        yield Line(f"Or type: {', '.join(words)}", indent=2)


def _numbered(page: Page) -> Sequence[Key]:
    """The choices that have numbers: all that are answers, but for digits that would mean themselves."""
    if page.kind is Kind.NUMBER:
        return ()
    numbered: dict[Any, Key] = {}
    for choice in (*page.listed, *page.row):
        numbered.setdefault(choice.result, choice)  # two keys for one thing are one thing here
    return tuple(numbered.values())


def _worded(page: Page) -> Sequence[Key]:
    return (*page.row, *page.others) if page.kind is Kind.NUMBER else page.others


def _understood(page: Page, text: str) -> Pressed | Sequence[Line]:
    """What a typed line comes to: an answer, or lines to show before the next one."""
    for panel in page.panels:
        if name_key(text) in (panel.key, name_key(panel.title)):
            return [*panel.lines(), *page.lines]
    choice = _choice(page, text)
    if choice is not None and not (page.kind is Kind.MARK and choice in page.listed):
        return Pressed(choice.result, key=choice.key)
    match page.kind:
        case Kind.PICK:
            found = _read(page, text)
            return [Line(ASK_AGAIN)] if found is None else Pressed(found)
        case Kind.NUMBER:
            problem = page.fits(text.strip())
            return Pressed(text.strip()) if problem is None else [Line(problem)]
        case Kind.MARK:
            return _marked(page, text)


def _marked(page: Page, text: str) -> Pressed | Sequence[Line]:
    """Several choices in one line: numbers with commas or spaces between them, words with commas."""
    parts = [part for part in re.split(r"[,;]", text) if part.strip()]
    if len(parts) == 1 and re.fullmatch(r"[\d\s]+", parts[0]):
        parts = parts[0].split()
    found: list[Any] = []
    for part in parts:
        choice, words = _choice(page, part), _read(page, part)
        if choice in page.listed and choice is not None:
            found.append(choice.result)
        elif isinstance(words, tuple):
            found += words
        elif words is not None and len(parts) == 1:
            return Pressed(words)
        else:
            return [Line(ASK_AGAIN)]
    given = tuple(choice.result for choice in page.listed if choice.result in found)
    problem = page.fits(given)
    return Pressed(given) if problem is None else [Line(problem)]


def _read(page: Page, text: str) -> Any:
    """The answer that words stand for; digits are numbers of choices, and nothing stands for nothing."""
    return page.read(text) if page.read and text.strip() and not text.strip().isdigit() else None


def _choice(page: Page, text: str) -> Key | None:
    """The choice that a number or a word names; digits are numbers of choices, never their keys."""
    wanted = text.strip()
    if wanted.isascii() and wanted.isdigit():
        numbered = _numbered(page)
        return numbered[int(wanted) - 1] if len(wanted) < 4 and 0 < int(wanted) <= len(numbered) else None
    for choice in page.keys:
        keys = () if choice.key.isdigit() or choice.key == ENTER else (choice.key,)
        if wanted and name_key(wanted) in (*keys, name_key(choice.title)):
            return choice
    return None


# --- the line that is typed -----------------------------------------------------------------


def _typed(mark: str) -> str:
    """One typed line. What was typed before its turn is thrown away, and so are lines that came together."""
    while True:
        console.forget_early_keys()
        print(mark, end="", file=sys.stderr, flush=True)
        text = sys.stdin.readline()
        if not text:
            raise EOFError
        if not console.more_follows():
            return text.rstrip("\r\n")
        console.forget_early_keys()
        print("Several lines came together: none of them was taken.", file=sys.stderr)
