"""A terminal's screen as an SVG picture: small, still, and without anything from elsewhere.

It has its own background, so that it can stand on a light page and on a dark one. Every piece of
text is placed on the grid of the terminal, whatever font the reader has.
"""

import re
from itertools import groupby
from xml.sax.saxutils import escape

import pyte
from terminal import Terminal

CELL, ROW, FONT = 8.4, 18, 14
EDGE, MARGIN, HEAD = 20, 14, 32
"""Room beside the text, room above and below it, and the height of the strip that names the command."""

GROUND, FRAME = "#16181d", "#565d6b"
TEXT, FAINT, STRONG, RED = "#d3d7de", "#9aa2b1", "#ffffff", "#ff8a80"
COLORS = {"default": TEXT, "red": RED}
"""Of the colours of a terminal, those that the program uses."""

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


def picture(screen, name, title, command):
    """The SVG of a screen, from its first row to the last one with text.

    `name` makes its ids. The title, and the text in the description, are for those who hear it.
    """
    rows = [row.rstrip() for row in screen.display]
    rows = rows[: max(index for index, row in enumerate(rows) if row) + 1]
    width = 2 * EDGE + screen.columns * CELL
    height = HEAD + 2 * MARGIN + len(rows) * ROW
    pieces = [piece for index in range(len(rows)) for piece in _row(screen, index)]
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-labelledby="{name}-title {name}-text">'
        ),
        f'<title id="{name}-title">{escape(title)}</title>',
        f'<desc id="{name}-text">{escape(chr(10).join(rows))}</desc>',
        (
            f'<rect x="1" y="1" width="{width - 2:g}" height="{height - 2:g}" rx="10" fill="{GROUND}" stroke="{FRAME}" '
            'stroke-width="1.5"/>'
        ),
        f'<path d="M1 {HEAD}H{width - 1:g}" stroke="{FRAME}"/>',
        f'<g font-family="{FONTS}" font-size="{FONT}">',
        _piece(EDGE, 21, f"$ {command}", FAINT, bold=False),
        *pieces,
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _row(screen, index):
    """The pieces of one row: neighbours that look alike, apart where there is more than one space."""
    cells = [(column, screen.buffer[index][column]) for column in range(screen.columns)]
    for (color, bold), run in groupby(cells, key=lambda cell: _look(cell[1])):
        together = list(run)
        text = "".join(cell.data for _, cell in together)
        for found in re.finditer(r"\S+(?: \S+)*", text):
            x = EDGE + (together[0][0] + found.start()) * CELL
            yield _piece(x, HEAD + MARGIN + index * ROW + FONT, found[0], color, bold=bold)


def _look(cell):
    """The colour of a cell, and whether it is bold. What the picture could not show is an error."""
    assert (cell.bg, cell.reverse, cell.underscore) == ("default", False, False), cell
    color = COLORS[cell.fg]
    if color == TEXT:
        color = STRONG if cell.bold else FAINT if cell.italics else TEXT
    return color, cell.bold


def _piece(x, y, text, color, *, bold):
    weight = ' font-weight="bold"' if bold else ""
    length = len(text) * CELL
    fit = f' textLength="{length:g}" lengthAdjust="spacingAndGlyphs"' if len(text) > 1 else ""
    return f'<text x="{x:g}" y="{y:g}" fill="{color}"{weight}{fit}>{escape(text)}</text>'
