"""Questions of two editions, aligned: added, removed, renamed, asked for other answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iopscreen.audit.change.renaming import Names
from iopscreen.ruleset.model import Kind, Question, RuleSet


@dataclass(frozen=True, slots=True)
class AnswersChanged:
    """A question that can be answered otherwise: options added and removed, or another range (old, new).

    `alone`: options that now exclude all others, or no longer do.
    """

    id: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    alone: tuple[str, ...]
    range: tuple[tuple[int, int], tuple[int, int]] | None


@dataclass(frozen=True, slots=True)
class QuestionChanges:
    """How the questions differ. A question of another type is both removed and added (`retyped`).

    `renamed`: old and new id of questions that are otherwise the same, and are compared as one.
    `perhaps_renamed`: the ids of a removed and an added question that are probably one.
    """

    added: tuple[Question, ...]
    removed: tuple[Question, ...]
    renamed: tuple[tuple[str, str], ...]
    perhaps_renamed: tuple[tuple[str, str], ...]
    answers: tuple[AnswersChanged, ...]

    @property
    def retyped(self) -> tuple[str, ...]:
        """Questions that have another type now."""
        removed = {question.id for question in self.removed}
        return tuple(question.id for question in self.added if question.id in removed)

    @property
    def none(self) -> bool:
        """Whether the same questions are asked for the same answers, whatever they are called."""
        return not (self.added or self.removed or self.answers)


def question_changes(old: RuleSet, new: RuleSet, names: Names) -> QuestionChanges:
    """How the questions of `new` differ from those of `old`, which has the new names, apart from wording and order."""
    added = tuple(question for question in new.questions if not _has(old, question))
    removed = tuple(question for question in old.questions if not _has(new, question))
    changed = (_answers(old.question[one.id], one) for one in new.questions if _has(old, one))
    return QuestionChanges(
        added=added,
        removed=removed,
        renamed=tuple(names.items()),
        perhaps_renamed=tuple(_perhaps_renamed(removed, added)),
        answers=tuple(one for one in changed if one),
    )


def _has(rule_set: RuleSet, question: Question) -> bool:
    mine = rule_set.question.get(question.id)
    return mine is not None and mine.kind is question.kind


def _answers(old: Question, new: Question) -> AnswersChanged | None:
    before, after = ({option.id: option.alone for option in question.options} for question in (old, new))
    added = tuple(option for option in after if option not in before)
    removed = tuple(option for option in before if option not in after)
    alone = tuple(option.id for option in new.options if before.get(option.id, option.alone) != option.alone)
    ranges = ((old.low, old.high), (new.low, new.high))
    other_range = ranges if ranges[0] != ranges[1] else None
    if not (added or removed or alone or other_range):
        return None
    return AnswersChanged(new.id, added, removed, alone, other_range)


def _perhaps_renamed(removed: tuple[Question, ...], added: tuple[Question, ...]) -> Iterator[tuple[str, str]]:
    """Each removed question with the one added question, if any, that is asked for the same."""
    left = list(added)
    for old in removed:
        twin = next((new for new in left if new.id != old.id and _alike(old, new)), None)
        if twin is not None:
            left.remove(twin)
            yield old.id, twin.id


def _alike(old: Question, new: Question) -> bool:
    """Of one type, and with the same text, or the same options or range. Every yes or no has the same answers."""
    if old.kind is not new.kind:
        return False
    if _plain(old.ask) == _plain(new.ask):
        return True
    if old.kind is Kind.WHOLE_NUMBER:
        return (old.low, old.high, old.unit) == (new.low, new.high, new.unit) and old.unit is not None
    return old.kind is not Kind.YES_NO and old.option_ids == new.option_ids


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
