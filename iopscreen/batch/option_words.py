"""How messages write options about columns, so that they can be copied: for the command line, or for Python."""

from __future__ import annotations

import json
from enum import Enum, auto


class OptionWords(Enum):
    """Where options are given."""

    COMMAND_LINE = auto()
    PYTHON = auto()

    @property
    def map(self) -> str:
        """What the option is called that says which question a column answers."""
        return "`--map`" if self is OptionWords.COMMAND_LINE else "`map`"

    @property
    def any_map(self) -> str:
        """The same with what it takes."""
        return "`--map HEADER=QUESTION`" if self is OptionWords.COMMAND_LINE else "`map={HEADER: QUESTION}`"

    @property
    def ignore(self) -> str:
        """What the option is called that says which columns answer no question."""
        return "`--ignore-column`" if self is OptionWords.COMMAND_LINE else "`ignore_columns`"

    @property
    def prefix(self) -> str:
        """What the option is called that names our columns, and how it may be given."""
        if self is OptionWords.COMMAND_LINE:
            return "`--prefix`, such as `--prefix new_`"
        return '`prefix`, such as `prefix="new_"`'

    def mapped(self, header: str, question: str) -> str:
        """That this column answers this question."""
        if self is OptionWords.COMMAND_LINE:
            return f"`{option_text('--map', f'{header}={question}')}`"
        return f"`map={{{_quoted(header)}: {_quoted(question)}}}`"

    def ignored(self, header: str) -> str:
        """That this column answers no question."""
        if self is OptionWords.COMMAND_LINE:
            return f"`{option_text('--ignore-column', header)}`"
        return f"`ignore_columns=[{_quoted(header)}]`"


def option_text(option: str, value: str) -> str:
    """An option of the command line. What a shell would run in double quotes stands in single ones."""
    if {*value}.isdisjoint('"$`\\!'):
        return f'{option} "{value}"'
    import shlex

    return f"{option} {shlex.quote(value)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
