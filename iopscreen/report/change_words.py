"""Words that every part of what is said of a change shares: outcomes, answers, numbers of things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from iopscreen.audit.change.run import Change
from iopscreen.report.columns import ANY
from iopscreen.ruleset.condition_words import spaced
from iopscreen.ruleset.model import NO_RULE, Question
from iopscreen.ruleset.values import answer_words


def outcome_name(outcome: str | None) -> str:
    """An outcome, by its id."""
    return "no rule" if outcome in (None, NO_RULE) else str(outcome)


def answers_line(answers: Mapping[str, str]) -> str:
    """Answers on one line."""
    return "; ".join(f"{question}: {answer}" for question, answer in answers.items()) or "any answers"


def in_words(change: Change, answers: Mapping[str, Any]) -> dict[str, str]:
    """The answers of a caller by question, options by their labels; those that may be any are left out."""
    return {spaced(name): _answer_in_words(change, name, answer) for name, answer in answers.items() if answer != ANY}


def _answer_in_words(change: Change, name: str, answer: Any) -> str:
    """An answer to a question of either side; one of another type before has that beside its id."""
    plain = name.partition(" (")[0]
    old, new = change.old.rule_set.question.get(plain), change.new.rule_set.question.get(plain)
    question = old if plain != name or new is None else new
    given = tuple(answer) if isinstance(answer, list) else answer
    for asked in (question, old):
        if asked is not None and _known(asked, given):
            return answer_words(asked, given)
    return spaced(written(answer))


def _known(question: Question, answer: Any) -> bool:
    ids: Iterable[object] = answer if isinstance(answer, tuple) else (answer,)
    return not question.options or all(one in question.option_ids for one in ids)


def written(answer: Any) -> str:
    """An answer, by its ids."""
    return ", ".join(answer) if isinstance(answer, list) else str(answer)


def more_lines(number: int, word: str) -> Iterator[str]:
    """That so many more are not shown, where there are any."""
    if number > 0:
        yield f"... and {counted(number, f'more {word}')}"


def counted(number: int, word: str) -> str:
    """A number of things."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
