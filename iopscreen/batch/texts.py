"""Cells that are values, as texts; and the cells of ours, kept as texts: for rows that come from no text.

The text of a cell becomes an answer where all texts do (`ruleset/values.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from iopscreen.batch.cells import Tail
from iopscreen.batch.lines import Form
from iopscreen.batch.writer import Writer
from iopscreen.ruleset.values import SEPARATORS, text_of_value


class CellWriter(Writer):
    """Keeps appended cells as JSON, a list a line: a `Tail` holds bytes."""

    def __init__(self, name: str, width: int, *, excel_safe: bool = False) -> None:
        super().__init__(Form(name, "utf-8", ",", width), excel_safe=excel_safe)

    def appended(self, cells: Sequence[str]) -> bytes:
        """`cells`, each on one line; null where there is nothing to say."""
        return json.dumps([" ".join(cell.split()) or None for cell in cells]).encode() + b"\n"


def cells_of(tail: Tail) -> list[str | None]:
    """The cells that `CellWriter` kept."""
    return [cell for line in tail.data.splitlines() for cell in json.loads(line)]


def text_of(cell: Any) -> str:
    """The text that means the same as a cell: `true`, `18`; of a list, its texts, joined."""
    text = text_of_value(cell)
    if text is not None:
        return text
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogateescape")
    if isinstance(cell, list | tuple):
        return _text_of_list(cell)
    return str(cell)


def _text_of_list(cell: Sequence[Any]) -> str:
    """An empty list, and one with an empty entry, are no answers; nor is their text, which says so in JSON."""
    texts = [text_of(part) for part in cell]
    if texts and all(text.strip() for text in texts):
        return SEPARATORS[0].join(texts)
    return json.dumps(
        [None if part is None else text for part, text in zip(cell, texts, strict=True)], ensure_ascii=False
    )
