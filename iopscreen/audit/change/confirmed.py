"""Decisions that a person once confirmed, as cases, and that change now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from iopscreen.audit.cases import Verdict, decided, run_cases
from iopscreen.audit.change.editions import Edition
from iopscreen.engine.budget import UNLIMITED, Budget, TooTangled
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers
from iopscreen.ruleset.cases import Case
from iopscreen.ruleset.model import NO, YES, Answer, Kind, Question, Unanswered


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case of the old edition, the outcomes that were possible, and those that are now (none: impossible answers).

    `rule`: who decides, None where several do or none.
    """

    case: Case
    old: tuple[str, ...]
    old_rule: str | None
    new: tuple[str, ...]
    new_rule: str | None


@dataclass(frozen=True, slots=True)
class CaseLeftOpen:
    """A case of which it is not known whether its decision changes."""

    case: Case


def case_changes(old: Edition, new: Edition, budget: Budget = UNLIMITED) -> Iterator[CaseChange | CaseLeftOpen]:
    """Every case that the old edition decides as expected and for which other outcomes are possible in the new one.

    Those that were not decided in time are left open. A case with an answer that the new edition does not know
    is left out: there is no such caller any more.
    """
    if old.case_file is None:
        return
    before, after = _compiled(old), _compiled(new)
    if before is None or after is None:
        return
    for result in run_cases(before, old.case_file.cases, budget):
        answers = _answers(after, result.case)
        if result.verdict is Verdict.UNDECIDED and answers is not None:
            yield CaseLeftOpen(result.case)
        if result.verdict is not Verdict.PASSED or result.decision is None or answers is None:
            continue
        try:
            decision = decided(after, answers, budget)
        except TooTangled:
            yield CaseLeftOpen(result.case)
            continue
        except ImpossibleAnswers:
            yield CaseChange(result.case, result.decision.possible, _rule(result.decision), (), None)
            continue
        if decision.possible != result.decision.possible:
            yield CaseChange(
                result.case, result.decision.possible, _rule(result.decision), decision.possible, _rule(decision)
            )


def _rule(decision: Decision) -> str | None:
    return decision.rule.id if decision.rule else None


def _compiled(edition: Edition) -> Compiled | None:
    try:
        return compile_rule_set(edition.rule_set)
    except TooTangledToCompile:
        return None


def _answers(compiled: Compiled, case: Case) -> Mapping[str, Answer] | None:
    """The answers to the questions that are still asked; None where one of them is no answer any more."""
    known = compiled.rule_set.question
    answers = {question: answer for question, answer in case.answers.items() if question in known}
    return answers if all(_fits(known[question], answer) for question, answer in answers.items()) else None


def _fits(question: Question, answer: Answer) -> bool:
    """Whether `question` can be answered so."""
    if isinstance(answer, Unanswered):
        return True
    if isinstance(answer, int):
        return question.kind is Kind.WHOLE_NUMBER and question.low <= answer <= question.high
    if isinstance(answer, str):
        known = (YES, NO) if question.kind is Kind.YES_NO else question.option_ids
        return question.kind in (Kind.YES_NO, Kind.ONE) and answer in known
    alone = any(option.alone and option.id in answer for option in question.options)
    return question.kind is Kind.MANY and set(answer) <= set(question.option_ids) and not (alone and len(answer) > 1)
