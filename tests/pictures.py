"""A terminal's screen as an SVG picture: small, still, and without anything from elsewhere.

It has its own background, so that it can stand on a light page and on a dark one. Every piece of
text is placed on the grid of the terminal, whatever font the reader has.
"""

import re
from itertools import groupby
from typing import NamedTuple
from xml.sax.saxutils import escape

import pyte
from terminal import Terminal

CELL, ROW, FONT = 8.4, 18, 14
EDGE, MARGIN, HEAD = 20, 14, 32
"""Room beside the text, room above and below it, and the height of the strip above a screen."""

GROUND, FRAME = "#16181d", "#565d6b"
TEXT, FAINT, STRONG, RED, YELLOW, BLUE = "#d3d7de", "#9aa2b1", "#ffffff", "#ff8a80", "#f0c674", "#8ab4f8"
COLORS = {"default": TEXT, "red": RED, "brown": YELLOW, "magenta": BLUE, "cyan": BLUE, "ff005f": BLUE, "3a3a3a": FRAME}
"""Of the colours of a terminal, as pyte names them, those that the program uses. The last two are those of a bar."""

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, Liberation Mono, monospace"


class Screen(pyte.Screen):
    """pyte's screen, on which faint text is kept: as italic, which it knows and the program never uses."""

    def select_graphic_rendition(self, *attrs):
        super().select_graphic_rendition(*(3 if attr == 2 else attr for attr in attrs))


class Sitting(Terminal):
    """A terminal to take a picture of."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.screen = Screen(self.screen.columns, self.screen.lines)
        self.stream = pyte.ByteStream(self.screen)

    def until_like(self, pattern):
        """Read until the screen shows text of this pattern."""
        return self._until(lambda: re.search(pattern, self.text), pattern)


class Shot(NamedTuple):
    """A screen at one moment, from its first row to the last one with text. `strip`: the words above it."""

    strip: str
    columns: int
    rows: tuple[str, ...]
    pieces: tuple[tuple["Look", int, int, str], ...]
    """Each piece of text, where it stands: how it looks, row and column."""

    @property
    def height(self):
        return HEAD + 2 * MARGIN + len(self.rows) * ROW

    @property
    def text(self):
        return "\n".join([self.strip, *self.rows])


class Look(NamedTuple):
    """How a piece of text looks."""

    color: str
    bold: bool


def shot(screen, strip):
    """What a screen shows now."""
    rows = [row.rstrip() for row in screen.display]
    rows = rows[: max(index for index, row in enumerate(rows) if row) + 1]
    pieces = [piece for index in range(len(rows)) for piece in _pieces(screen, index)]
    return Shot(strip, screen.columns, tuple(rows), tuple(pieces))


def picture(name, title, *shots):
    """The SVG of one screen, or of several, one below the other.

    `name` makes its ids. The title, and the text in the description, are for those who hear it.
    """
    width = 2 * EDGE + max(one.columns for one in shots) * CELL
    height = sum(one.height for one in shots)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-labelledby="{name}-title {name}-text">'
        ),
        f'<title id="{name}-title">{escape(title)}</title>',
        f'<desc id="{name}-text">{escape(chr(10).join(one.text for one in shots))}</desc>',
        (
            f'<rect x="1" y="1" width="{width - 2:g}" height="{height - 2:g}" rx="10" fill="{GROUND}" stroke="{FRAME}" '
            'stroke-width="1.5"/>'
        ),
        f'<g font-family="{FONTS}" font-size="{FONT}">',
    ]
    top = 0
    for one in shots:
        lines += _drawn(one, top, width)
        top += one.height
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def _drawn(one, top, width):
    """A screen and its strip, with lines between the strip and what is above and below it."""
    if top:
        yield f'<path d="M1 {top}H{width - 1:g}" stroke="{FRAME}"/>'
    yield f'<path d="M1 {top + HEAD}H{width - 1:g}" stroke="{FRAME}"/>'
    yield _text(EDGE, top + 21, one.strip, Look(FAINT, bold=False))
    for look, row, column, text in one.pieces:
        yield _text(EDGE + column * CELL, top + HEAD + MARGIN + row * ROW + FONT, text, look)


def _pieces(screen, row):
    """The pieces of one row: neighbours that look alike, apart where there is more than one space."""
    cells = [(column, screen.buffer[row][column]) for column in range(screen.columns)]
    for look, run in groupby(cells, key=lambda cell: _look(cell[1])):
        together = list(run)
        text = "".join(cell.data for _, cell in together)
        for found in re.finditer(r"\S+(?: \S+)*", text):
            yield look, row, together[0][0] + found.start(), found[0]


def _look(cell):
    """How a cell looks. What the picture could not show is an error."""
    assert (cell.bg, cell.reverse, cell.underscore) == ("default", False, False), cell
    color = COLORS[cell.fg]
    if color == TEXT:
        color = STRONG if cell.bold else FAINT if cell.italics else TEXT
    return Look(color, cell.bold)


def _text(x, y, text, look):
    weight = ' font-weight="bold"' if look.bold else ""
    length = len(text) * CELL
    fit = f' textLength="{length:g}" lengthAdjust="spacingAndGlyphs"' if len(text) > 1 else ""
    return f'<text x="{x:g}" y="{y:g}" fill="{look.color}"{weight}{fit}>{escape(text)}</text>'
