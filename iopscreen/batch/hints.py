"""Columns that may answer a question without one: by the hints of the rule set, or by a name nearly its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from iopscreen.batch.problems import is_ours
from iopscreen.ruleset.model import Question
from iopscreen.ruleset.values import name_key

MAX_NAME = 60
"""Characters of a header that are compared with names."""
MIN_WORD = 4
"""Shorter words, `of` or `the`, say nothing about what a column holds."""

Column = tuple[str, str]
"""What a column is called, and its whole header."""
Likeness = tuple[str, str]
"""What a column is called, and the question that it may answer."""


def doubts_about(columns: Sequence[Column], without: Sequence[Question]) -> Iterator[Likeness]:
    """Columns in whose header a word begins with a hint of a question without column."""
    for question in without:
        for name, header in columns:
            if not is_ours(header) and any(f" {hint}" in _words(header) for hint in _hints(question)):
                yield name, question.id


def near_to(columns: Sequence[Column], without: Sequence[Question]) -> Iterator[Likeness]:
    """Columns that may answer one of `without`: a hint stands within a word, or its name is nearly theirs.

    A slip would leave the question unknown in every row; a hint says that this would be grave, and goes first.
    """
    for name, header in columns:
        question = None if is_ours(header) else _hinted_within(header, without) or _alike(header, without)
        if question:
            yield name, question


def _hinted_within(header: str, without: Sequence[Question]) -> str | None:
    """The question of which a hint stands within a word, as in `ATRISK`."""
    words = _words(header).split()
    hinted = (
        question.id
        for question in without
        for hint in _hints(question)
        if any(hint.replace(" ", "") in word for word in words)
    )
    return next(hinted, None)


def _alike(header: str, without: Sequence[Question]) -> str | None:
    """The question with nearly the same name, or that shares a long word."""
    from difflib import get_close_matches

    named = [(name, question.id) for question in without for name in (question.id, question.column) if name]
    names = {name_key(name): question for name, question in named}
    close = get_close_matches(name_key(header)[:MAX_NAME], names, n=1, cutoff=0.8)
    alike = close or [name for name in names if _long_words(name) & _long_words(header)]
    return names[alike[0]] if alike else None


def _hints(question: Question) -> list[str]:
    return [hint for hint in (name_key(_plain(hint)) for hint in question.header_hints) if hint]


def _long_words(text: str) -> set[str]:
    return {word for word in _words(text).split() if len(word) >= MIN_WORD}


def _words(header: str) -> str:
    """The words of `header`, each after a space, without accents; `RiskLevel` is two."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _plain(header))
    return " " + " ".join(re.findall(r"[^\W_]+", _plain(parted.casefold())))


def _plain(text: str) -> str:
    """`text` without accents and marks that are not seen; letters of other shapes are the usual ones."""
    if text.isascii():
        return text
    import unicodedata

    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if unicodedata.category(char) not in ("Mn", "Cf"))
