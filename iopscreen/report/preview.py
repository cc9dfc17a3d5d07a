"""How a dry run looks: every column with its values, then what would come of the file.

It shows cells, as nothing else that is printed does: they are the user's own, on stdout, to be checked.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from iopscreen.batch.preview import ColumnPreview, Preview, Value
from iopscreen.report.batch import column_lines, summary_lines
from iopscreen.ruleset.model import Option, RuleSet
from iopscreen.ruleset.shape import did_you_mean, shown
from iopscreen.ruleset.values import Unreadable, answer_text, name_key, option_keys
from iopscreen.text import cells, printable, wrapped

MAX_SHOWN = 25
"""How many values of a column are shown."""
MAX_WIDTH = 40
"""Characters of a value that are shown."""
INDENT = "  "
HEAD = ("rows", "value", "is read as")


class Line(NamedTuple):
    """A value as it is shown: in how many rows, what it says, how it is read; whether that is a problem."""

    rows: str
    text: str
    read: str
    bad: bool


def preview_text(preview: Preview, rule_set: RuleSet, width: int) -> str:
    """The dry run as plain text."""
    lines = [_head(preview)]
    for column in preview.columns:
        lines += ["", *wrapped(_title(column), width)]
        lines += _plain_table([_line(value, column) for value in column.values[:MAX_SHOWN]], width)
        lines += [INDENT + line for line in _below(column)]
    lines += ["", *_closing(preview, rule_set)]
    return "\n".join(lines) + "\n"


def preview_on_terminal(preview: Preview, rule_set: RuleSet, width: int, *, color: bool) -> str:
    """The dry run as tables, what cannot be read in red."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=color, no_color=not color, highlight=False)
    console.print(Text(_head(preview)))
    for column in preview.columns:
        console.print()
        console.print(Text(_title(column), style="bold"))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in HEAD:
            table.add_column(name, justify="right" if name == HEAD[0] else "left", overflow="fold")
        for line in (_line(value, column) for value in column.values[:MAX_SHOWN]):
            table.add_row(line.rows, Text(line.text), Text(line.read), style="red" if line.bad else "")
        console.print(table)
        for below in _below(column):
            console.print(Text(INDENT + below))
    console.print()
    for last in _closing(preview, rule_set):
        console.print(Text(last), soft_wrap=True)  # what is to be copied stays in one piece
    return text.getvalue()


# --- what both show -------------------------------------------------------------------------


def _head(preview: Preview) -> str:
    mark = "a tab" if preview.delimiter == "\t" else f"`{preview.delimiter}`"
    rows = _count(preview.summary.rows, "row", "rows")
    return printable(f"{preview.name}: {rows}, {preview.encoding}, {mark} between cells; nothing is written")


def _title(column: ColumnPreview) -> str:
    """What a column is."""
    values = _count(len(column.values), "value", "values")
    place = f"column {column.place + 1}, {shown(column.header)}"
    if not column.settled:
        return printable(f"{place}, answers no question; if it were `{column.question.id}`, its {values} would be")
    unread = f", {_count(column.unreadable, 'row', 'rows')} with one that cannot be read" if column.unreadable else ""
    return printable(f"{place}, answers `{column.question.id}`: {values}{unread}")


def _line(value: Value, column: ColumnPreview) -> Line:
    text = printable(" ".join(value.text.split())) or "(blank)"
    text = f"{text[: MAX_WIDTH - 3]}..." if len(text) > MAX_WIDTH else text
    if not isinstance(value.read, Unreadable):
        return Line(f"{value.rows:,}", text, answer_text(value.read), bad=False)
    why = "cannot be read" if str(value.read) == f"is not {column.expected}" else str(value.read)
    close = _close(value.text, column.question.options)
    return Line(f"{value.rows:,}", text, f"{why}, first on line {value.line:,}{close}", bad=True)


def _close(text: str, options: tuple[Option, ...]) -> str:
    """The name of an option that is close, for the user to judge."""
    return did_you_mean(name_key(text), sorted(key for option in options for key in option_keys(option)))


def _below(column: ColumnPreview) -> Iterator[str]:
    """What stands below the values of a column."""
    more = column.values[MAX_SHOWN:]
    rows = sum(value.rows for value in more) + column.more_read + column.more_unreadable
    if rows:
        bad = sum(value.rows for value in more if value.unreadable) + column.more_unreadable
        unread = f"{bad:,} of them cannot be read" if bad else "which can be read"
        yield f"and {_count(rows, 'row', 'rows')} with other values, {unread}"
    if column.unreadable:
        yield f"right would be: {column.expected}"


def _closing(preview: Preview, rule_set: RuleSet) -> list[str]:
    """What is wrong with rows as a whole, then why the file would be refused, or what would come of it."""
    lines = []
    for fault in preview.faults:
        lines.append(f"{_count(fault.rows, 'row', 'rows')}, the first on line {fault.line:,}: {fault.reason}")
    if preview.doubts:
        lines.append("as it is, this file is refused: see the columns that may answer a question, and settle which")
        return [*map(printable, lines), *column_lines(preview.summary)]
    return [*map(printable, lines), *summary_lines(preview.summary, rule_set)]


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _plain_table(lines: list[Line], width: int) -> Iterator[str]:
    if not lines:
        return
    lines = [Line(*HEAD, bad=False), *lines]
    rows = max(len(line.rows) for line in lines)
    texts = max(cells(line.text) for line in lines)
    for line in lines:
        start = f"{INDENT}{line.rows:>{rows}}  {line.text}{' ' * (texts - cells(line.text))}  "
        first, *more = wrapped(line.read, max(width - cells(start), 20))
        yield start + first
        yield from (" " * cells(start) + part for part in more)
