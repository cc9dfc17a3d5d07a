"""A page on a screen of so many columns and rows: what a key does to it, and what is drawn. Pure.

Keys have the names of prompt_toolkit: a character, or `enter`, `up`, `down`, `pageup`,
`pagedown`, `backspace`. Nothing is ever preselected: the pointer of a list stands nowhere until
an arrow key moves it, and Enter alone answers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from iopscreen.screen.page import ENTER, Key, Kind, Line, Page, Pressed, Style
from iopscreen.text import cells, printable, wrapped

Fragment = tuple[Style | str, str]
"""A style (or `key`, for the name of a key) and a text."""

Row = list[Fragment]
KEY = "key"
LONGEST = 200
"""Characters that a field holds: what is longer stands for no answer, and neither does what is left of it."""
ERASE = Key("Backspace", "to empty for the other keys", None)
BETWEEN = "   "
LOW = 14
"""On a screen of so few rows nothing is left empty."""
ENOUGH = 3
"""Rows with which a body can be read, a few at a time."""
MUCH = 8
"""Rows that are left to a body before what is pinned is shortened."""
CUT = "... "
"""What stands for the beginning of a text that is too long for its row."""
MISSING = " ..."
"""What stands for the end of a text that is too long for its row."""
MORE = " (more)"
"""What ends the only row of a body for which there is no room."""


class View(NamedTuple):
    """What is shown of a page, beside the page itself."""

    marked: tuple[Any, ...] = ()
    typed: str = ""
    pointer: int | None = None
    panel: str | None = None
    problem: str | None = None
    top: int = 0
    """The first row of the body that is shown, where it does not fit."""


def opened(page: Page) -> View:
    """A page as it is first shown, with what was left on it."""
    match page.kind:
        case Kind.MARK:
            return View(marked=tuple(page.draft))
        case Kind.NUMBER:
            return View(typed=str(page.draft or ""))
        case _:
            return View()


# --- what a key does ------------------------------------------------------------------------


def press(page: Page, view: View, name: str, width: int, height: int) -> View | Pressed:
    """One key: the page is done, or looks different, or (for most keys) stays as it is."""
    key = name.lower() if len(name) == 1 else name
    view = view._replace(problem=None)
    if key == "enter":
        return _entered(page, view)
    if key in ("up", "down", "pageup", "pagedown"):
        return _moved(page, view, key, width, height)
    if page.kind is Kind.NUMBER and _is_for_field(page, view, key):
        return view._replace(typed=view.typed[:-1]) if key == "backspace" else pasted(page, view, name)
    if page.kind is Kind.MARK and key == " " and view.pointer is not None:
        return _switched(page, view, view.pointer, width, height)
    for place, choice in enumerate(page.listed):
        if choice.key == key:
            done = page.kind is Kind.PICK
            return Pressed(choice.result, key=key) if done else _switched(page, view, place, width, height)
    for choice in (*page.row, *page.others):
        if choice.key == key:
            return Pressed(choice.result, view.typed if page.kind is Kind.NUMBER else view.marked, key)
    if any(panel.key == key for panel in page.panels):
        return _panel(page, view, key, width, height)
    return view


def pasted(page: Page, view: View, text: str) -> View:
    """Text that came at once: it never answers. A field takes it as it is, on one line; no other page takes it."""
    if page.kind is not Kind.NUMBER:
        return view
    return view._replace(typed=re.sub(r"\s+", " ", view.typed + text).lstrip()[:LONGEST], problem=None)


def _is_for_field(page: Page, view: View, key: str) -> bool:
    """Whether a key is text: any character but the keys of the page, and but `!` once something stands in the field.

    Else a word beside a number would be read as keys, and what is left of it would answer.
    """
    if len(key) > 1:
        return key == "backspace"
    if view.typed:
        return key not in {choice.key for choice in _alarms(page)}
    return key not in {choice.key for choice in page.keys} | {panel.key for panel in page.panels}


def _alarms(page: Page) -> list[Key]:
    return [choice for choice in page.others if choice.style is Style.ALARM]


def _entered(page: Page, view: View) -> View | Pressed:
    if page.kind is Kind.PICK:
        if view.pointer is not None:
            return Pressed(page.listed[view.pointer].result, key=ENTER)
        return next((Pressed(choice.result, key=ENTER) for choice in page.keys if choice.key == ENTER), view)
    given: Any = view.typed
    if page.kind is Kind.MARK:
        given = tuple(choice.result for choice in page.listed if choice.result in view.marked)
    problem = page.fits(given)
    return Pressed(given, key=ENTER) if problem is None else view._replace(problem=problem)


def _moved(page: Page, view: View, key: str, width: int, height: int) -> View:
    """The arrows move the pointer of a list; without one, or beside a panel, they move the text."""
    step = -1 if key in ("up", "pageup") else 1
    if key in ("up", "down") and page.listed and view.panel is None:
        last = len(page.listed) - 1
        pointer = (0 if step > 0 else last) if view.pointer is None else min(max(view.pointer + step, 0), last)
        return _in_sight(page, view._replace(pointer=pointer), pointer, width, height)
    _, rows, room = _parts(page, view, width, height)
    if key in ("pageup", "pagedown"):
        step *= max(room - 2, 1)
    return view._replace(top=min(max(view.top + step, 0), max(len(rows) - room + 1, 0)))


def _switched(page: Page, view: View, place: int, width: int, height: int) -> View:
    result = page.listed[place].result
    kept = tuple(one for one in view.marked if one != result)
    marked = kept if result in view.marked else (*kept, result)
    return _in_sight(page, view._replace(marked=marked), place, width, height)


def _in_sight(page: Page, view: View, place: int, width: int, height: int) -> View:
    """The view in which the choice at `place` can be seen."""
    _, rows, room = _parts(page, view, width, height)
    first = next(index for index, (owner, _) in enumerate(rows) if owner == place)
    last = max(index for index, (owner, _) in enumerate(rows) if owner == place)
    room = max(room - 1, 1)
    top = min(view.top, first)
    return view._replace(top=max(top, last - room + 1))


def _panel(page: Page, view: View, key: str, width: int, height: int) -> View:
    if view.panel == key:
        return view._replace(panel=None, top=0)
    view = view._replace(panel=key, top=0)
    _, rows, room = _parts(page, view, width, height)
    if len(rows) <= room:
        return view
    shown = next(index for index, (owner, _) in enumerate(rows) if owner == _OF_PANEL)
    return view._replace(top=min(shown, len(rows) - room + 1))


# --- what is drawn --------------------------------------------------------------------------

_OF_PAGE, _OF_PANEL = -1, -2

OwnedRow = tuple[int, Row]
"""A row with the place of the choice that it shows, or whose it is else."""


def drawn(page: Page, view: View, width: int, height: int) -> list[Row]:
    """The rows of a page, at most `height` of them where that is possible at all."""
    head, rows, room = _parts(page, view, width, height)
    body = [row for _, row in rows]
    if len(body) > room:
        body = _window(body, view.top, room, width)
    return [
        *(row for _, row in head),
        *body,
        *in_rows(_pinned(page, view, width, height).kept, width),
        *_foot(page, view, width, height),
    ]


def _window(body: list[Row], top: int, room: int, width: int) -> list[Row]:
    """As much of the body as there is room for, and where there is more of it."""
    if room == 1:
        top = min(top, len(body) - 1)
        text = "".join(text for _, text in body[top])
        return [[(Style.PLAIN, text[: width - len(MORE)].ljust(width - len(MORE))), (Style.QUIET, MORE)]]
    top = min(top, len(body) - room + 1)
    shown = body[top : top + room - 1]
    above, below = top > 0, top + len(shown) < len(body)
    where = " and ".join(word for word, is_there in (("above", above), ("below", below)) if is_there)
    return [*shown, [(Style.QUIET, f"  (more {where}: arrow keys)"[:width])]]


class _Pinned(NamedTuple):
    """Lines that stand above the keys whatever is shown of the body, and those for which there is no such room."""

    kept: Sequence[Line]
    rest: Sequence[Line] = ()


def _pinned(page: Page, view: View, width: int, height: int) -> _Pinned:
    """The longest way to say it that leaves enough room for the body; else as much of the shortest one as fits."""
    if not page.pinned:
        return _Pinned(())
    room = height - len(_foot(page, view, width, height))
    wanted = min(len(in_rows(page.lines, width)) + (height > LOW), MUCH)
    for lines in page.pinned:
        if len(in_rows(lines, width)) + wanted <= room:
            return _Pinned(lines)
    shortest = page.pinned[-1]
    fitting = [count for count in range(1, len(shortest) + 1) if len(in_rows(shortest[:count], width)) < room]
    count = max(fitting, default=1)
    return _Pinned(shortest[:count], shortest[count:])


def _room(page: Page, view: View, width: int, height: int) -> int:
    """How many rows the body may take."""
    pinned = in_rows(_pinned(page, view, width, height).kept, width)
    return max(height - len(_foot(page, view, width, height)) - len(pinned), 1 if pinned else ENOUGH)


class _Parts(NamedTuple):
    """The body: rows that stay where they are, those that may be moved, and how many of these there is room for."""

    head: list[OwnedRow]
    rows: list[OwnedRow]
    room: int


def _parts(page: Page, view: View, width: int, height: int) -> _Parts:
    """The body. Beside a panel for which there is no room, what the page asks stays in sight where that leaves much."""
    head, rest = _head(page, view, width, height), _rest(page, view, width, height)
    room = _room(page, view, width, height)
    if view.panel and len(head) + len(rest) > room and len(head) + MUCH <= room:
        return _Parts(head, rest, room - len(head))
    return _Parts([], [*head, *rest], room)


def _head(page: Page, view: View, width: int, height: int) -> list[OwnedRow]:
    stands = (*page.lines[:1], *_pinned(page, view, width, height).rest, *page.lines[1:])
    return [*_blank(height), *((_OF_PAGE, row) for row in in_rows(stands, width))]


def _rest(page: Page, view: View, width: int, height: int) -> list[OwnedRow]:
    """What stands between what is asked and the keys; extra lines only where all fits, and no panel says the same."""
    told = [line for panel in page.panels if panel.key == view.panel for line in panel.lines()]
    extra = [(_OF_PAGE, row) for row in in_rows([line for line in page.extra if line not in told], width)]
    choices = list(_listed(page, view, width))
    rest = [*(_blank(height) if choices else []), *choices, *_panel_rows(page, view, width)]
    fits = len(_head(page, view, width, height)) + len(extra) + len(rest) <= _room(page, view, width, height)
    return [*(extra if fits else []), *rest]


def _blank(height: int) -> list[OwnedRow]:
    return [(_OF_PAGE, [])] if height > LOW else []


def _listed(page: Page, view: View, width: int) -> Iterator[OwnedRow]:
    for place, choice in enumerate(page.listed):
        pointer = "> " if view.pointer == place else "  "
        mark = ""
        if page.kind is Kind.MARK:
            mark = "[x] " if choice.result in view.marked else "[ ] "
        start = f"{pointer}{mark}{choice.key or ' '}  "
        style = Style.STRONG if choice.result in view.marked or view.pointer == place else choice.style
        for index, text in enumerate(_lines(choice.title, width - len(start))):
            lead: Row = [(KEY, start)] if not index else [(Style.PLAIN, " " * len(start))]
            yield place, [*lead, (style, text)]


def _panel_rows(page: Page, view: View, width: int) -> Iterator[OwnedRow]:
    for panel in page.panels:
        if panel.key == view.panel:
            yield from ((_OF_PANEL, row) for row in [[], *in_rows(panel.lines(), width)])


def _foot(page: Page, view: View, width: int, height: int) -> list[Row]:
    rows: list[Row] = [[]] if height > LOW else []
    if page.kind is Kind.NUMBER:
        rows.append(_field(view.typed, width))
    if view.problem:
        rows += in_rows([Line(view.problem, Style.ALARM, indent=2)], width)
    done = [] if page.kind is Kind.PICK else [Key(ENTER, "done", None)]
    if page.kind is Kind.NUMBER and view.typed:
        return [*rows, *_key_rows([*done, ERASE], width), *_key_rows(_alarms(page), width)]
    panels = [
        Key(panel.key, f"{'hide ' if view.panel == panel.key else ''}{panel.title}", None) for panel in page.panels
    ]
    others = [*(key for key in page.others if key.style is not Style.ALARM), *panels, *_alarms(page)]
    return [*rows, *_key_rows([*done, *page.row], width), *_key_rows(others, width)]


def _field(typed: str, width: int) -> Row:
    """What was typed so far, in one row: of a long text its end."""
    lead, shown = "  Number: ", printable(typed)
    room = width - len(lead) - 1
    if cells(shown) > room:
        start = next((at for at in range(len(shown)) if cells(shown[at:]) <= room - len(CUT)), len(shown))
        shown = CUT + shown[start:]
    return [(KEY, lead), (Style.STRONG, shown), (Style.PLAIN, "_")]


def _key_rows(keys: Sequence[Key], width: int) -> list[Row]:
    """Keys beside each other, as many as fit on a row; one that is longer than a row is cut."""
    rows: list[Row] = []
    used = width
    for key in keys:
        title = _cut(printable(key.title), width - len(f"  {key.key} "))
        size = len(key.key) + 1 + cells(title)
        if rows and used + len(BETWEEN) + size <= width:
            rows[-1].append((Style.PLAIN, BETWEEN))
            used += len(BETWEEN) + size
        else:
            rows.append([(Style.PLAIN, "  ")])
            used = 2 + size
        rows[-1].append((KEY if key.style is Style.PLAIN else key.style, key.key))
        rows[-1].append((key.style, f" {title}"))
    return rows


def _cut(title: str, room: int) -> str:
    return title if cells(title) <= room else f"{_lines(title, room - len(MISSING))[0]}{MISSING}"


def in_rows(lines: Iterable[Line], width: int) -> list[Row]:
    """Lines, wrapped; an empty one is an empty row."""
    return [
        [(line.style, " " * line.indent + text)] if text else []
        for line in lines
        for text in _lines(line.text, width - line.indent)
    ]


def _lines(text: str, width: int) -> list[str]:
    return wrapped(text, max(width, 10), break_words=True)
