"""Cases: each decided as a caller would be, compared with what it expects; and what they cover."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.compiled import Compiled, deciding_conditions
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide
from iopscreen.engine.partial import decide_by_search
from iopscreen.ruleset.cases import Case, Expect
from iopscreen.ruleset.model import (
    NO,
    NO_RULE,
    YES,
    Answer,
    Answers,
    Impossible,
    Kind,
    Rule,
    RuleSet,
    Unanswered,
    tests_of,
)


class Verdict(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    WRONG_RULE = "wrong-rule"
    """The right outcome, by another rule than the one named."""
    IMPOSSIBLE = "impossible"
    UNDECIDED = "undecided"
    """Not decided in time, or too tangled for that."""


class CaseResult(NamedTuple):
    """A case and what became of it. `differences`: what was expected and what came, in words."""

    case: Case
    verdict: Verdict
    decision: Decision | None = None
    differences: tuple[str, ...] = ()
    excluded_by: tuple[Impossible, ...] = ()


MAX_EDGES = 5_000
"""How many edges the diagram of an open case may have; past it, a search decides sooner."""


def run_cases(compiled: Compiled, cases: Sequence[Case], budget: Budget = UNLIMITED) -> tuple[CaseResult, ...]:
    """Every case, decided."""
    return tuple(_run(compiled, case, budget) for case in cases)


def _run(compiled: Compiled, case: Case, budget: Budget) -> CaseResult:
    try:
        ask = case.expect.ask_next is not None
        return _judged(compiled.rule_set, case, decided(compiled, case.answers, budget, ask=ask))
    except ImpossibleAnswers as error:
        return CaseResult(case, Verdict.IMPOSSIBLE, excluded_by=error.entries)
    except TooTangled:
        return CaseResult(case, Verdict.UNDECIDED)


def decided(compiled: Compiled, answers: Answers, budget: Budget, *, ask: bool = False) -> Decision:
    """The decision on the answers of a case, without its notes where a search has to decide. Raises TooTangled.

    `ask`: what to ask next, too.
    """
    try:
        return decide(compiled, answers, max_edges=MAX_EDGES, budget=budget)
    except OutOfTime:
        raise
    except TooTangled:
        return decide_by_search(compiled, answers, budget, ask=ask)


def _judged(rule_set: RuleSet, case: Case, decision: Decision) -> CaseResult:
    differences = tuple(_differences(rule_set, case, decision))
    if differences:
        return CaseResult(case, Verdict.FAILED, decision, differences)
    expected = case.expect.rule
    if expected is not None and (decision.rule is None or decision.rule.id != expected):
        message = f"expects rule `{expected}` to decide; it is {_came(decision)}"
        return CaseResult(case, Verdict.WRONG_RULE, decision, (message,))
    return CaseResult(case, Verdict.PASSED, decision)


def _differences(rule_set: RuleSet, case: Case, decision: Decision) -> Iterator[str]:
    """In what the outcome, or what is open, is not as expected. Order does not count."""
    expect = case.expect
    if expect.recommend is not None:
        if decision.possible != (expect.recommend,):
            yield f"expects {_outcome(expect.recommend)}; it is {_came(decision)}"
    elif expect.rule is not None and decision.recommendation != rule_set.rule[expect.rule].recommend:
        yield f"expects rule `{expect.rule}` to decide; it is {_came(decision)}"
    if expect.possible is not None and set(expect.possible) != set(decision.possible):
        yield f"expects {_several(expect.possible)} to be possible; possible is {_several(decision.possible)}"
    if expect.ask_next is not None and set(expect.ask_next) != set(decision.ask_next):
        yield f"expects {_several(expect.ask_next)} to be asked next; to be asked is {_several(decision.ask_next)}"


def _outcome(outcome: str) -> str:
    return "no rule to match" if outcome == NO_RULE else f"`{outcome}`"


def _came(decision: Decision) -> str:
    """What came, and by which rule."""
    if decision.possible == (NO_RULE,):
        return "matched by no rule"
    if decision.recommendation is None:
        return f"undecided: possible are {_several(decision.possible)}"
    return f"`{decision.recommendation}` by {_rules(decision.rules)}"


def _rules(rules: Sequence[Rule]) -> str:
    names = ", ".join(f"`{rule.id}`" for rule in rules)
    return f"rule {names}" if len(rules) == 1 else f"one of the rules {names}"


def _several(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


# --- coverage -------------------------------------------------------------------------------


class Coverage(NamedTuple):
    """Of the things of one kind: those that a passed case comes to, and those that none does."""

    covered: tuple[str, ...]
    missing: tuple[str, ...]


def coverage(compiled: Compiled, results: Sequence[CaseResult]) -> dict[str, Coverage]:
    """Rules that decide a passed case alone, outcomes that one is recommended, options that one answers with."""
    passed = [result for result in results if result.verdict is Verdict.PASSED]
    decisions = [result.decision for result in passed if result.decision]
    rules = {decision.rule.id for decision in decisions if decision.rule}
    outcomes = {decision.recommendation for decision in decisions}
    options = {
        option_name(question, value)
        for result in passed
        for question, answer in result.case.answers.items()
        if not isinstance(answer, Unanswered)
        for value in (answer if isinstance(answer, tuple) else (answer,))
    }
    return {
        "rules": _split([rule.id for rule in compiled.rule_set.rules], rules),
        "outcomes": _split([outcome.id for outcome in compiled.rule_set.outcomes], outcomes),
        "options": _split([option_name(*option) for option in options_asked(compiled)], options),
    }


def options_asked(compiled: Compiled) -> list[tuple[str, str]]:
    """Every question on which a recommendation may rest, with each answer that can be listed: numbers cannot."""
    tested = {test.subject for condition in deciding_conditions(compiled.rule_set) for test in tests_of(condition)}
    return [
        (question.id, option)
        for question in compiled.deciding
        if question.id in tested and question.kind is not Kind.WHOLE_NUMBER
        for option in (question.option_ids or (YES, NO))
    ]


def option_name(question: str, option: object) -> str:
    """What an answer of a question is called in lists."""
    return f"{question}: {option}"


def _split(names: Sequence[str], covered: Collection[str | None]) -> Coverage:
    return Coverage(
        tuple(name for name in names if name in covered), tuple(name for name in names if name not in covered)
    )


# --- cases that say the same ----------------------------------------------------------------


def same_answers(cases: Sequence[Case]) -> Iterator[tuple[Case, Case]]:
    """Each case whose answers an earlier one has already, and the first that has them. Order does not count.

    A question that is not named is unknown; a declined one is not.
    """
    first: dict[frozenset[tuple[str, Answer]], Case] = {}
    for case in cases:
        answers = frozenset(item for item in case.answers.items() if item[1] is not Unanswered.UNKNOWN)
        earlier = first.setdefault(answers, case)
        if earlier is not case:
            yield case, earlier


def contradict(rule_set: RuleSet, one: Expect, other: Expect) -> bool:
    """Whether no decision could be as both expect."""
    pairs = (
        (_recommended(rule_set, one), _recommended(rule_set, other)),
        (one.rule, other.rule),
        (_open(rule_set, one), _open(rule_set, other)),
        (_as_set(one.ask_next), _as_set(other.ask_next)),
    )
    return any(left is not None and right is not None and left != right for left, right in pairs)


def _recommended(rule_set: RuleSet, expect: Expect) -> str | None:
    return expect.recommend or (rule_set.rule[expect.rule].recommend if expect.rule else None)


def _open(rule_set: RuleSet, expect: Expect) -> frozenset[str] | None:
    """The outcomes that are expected to be possible."""
    recommended = _recommended(rule_set, expect)
    return frozenset([recommended]) if recommended else _as_set(expect.possible)


def _as_set(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
