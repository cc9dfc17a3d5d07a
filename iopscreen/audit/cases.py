"""Cases: each decided as a caller would be, compared with what it expects; and what they cover."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide
from iopscreen.engine.diagram import TooTangled
from iopscreen.ruleset.cases import Case
from iopscreen.ruleset.model import NO_RULE, Impossible, Rule, RuleSet, Unanswered


class Verdict(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    WRONG_RULE = "wrong-rule"
    """The right outcome, by another rule than the one named."""
    IMPOSSIBLE = "impossible"
    UNDECIDED = "undecided"
    """Too tangled to be decided."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case and what became of it. `differences`: what was expected and what came, in words."""

    case: Case
    verdict: Verdict
    decision: Decision | None = None
    differences: tuple[str, ...] = ()
    excluded_by: tuple[Impossible, ...] = ()


def run_cases(compiled: Compiled, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
    """Decide every case. Past the first one that is too tangled, only those that leave nothing unknown."""
    results = []
    tangled = False
    for case in cases:
        if tangled and not _all_known(compiled, case):
            results.append(CaseResult(case, Verdict.UNDECIDED))
            continue
        try:
            results.append(_judged(compiled.rule_set, case, decide(compiled, case.answers)))
        except ImpossibleAnswers as error:
            results.append(CaseResult(case, Verdict.IMPOSSIBLE, excluded_by=error.entries))
        except TooTangled:
            tangled = True
            results.append(CaseResult(case, Verdict.UNDECIDED))
    return tuple(results)


def _all_known(compiled: Compiled, case: Case) -> bool:
    answers = (case.answers.get(question.id, Unanswered.UNKNOWN) for question in compiled.deciding)
    return not any(isinstance(answer, Unanswered) for answer in answers)


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


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the things of one kind: those that a passed case comes to, and those that none does."""

    covered: tuple[str, ...]
    missing: tuple[str, ...]


def coverage(compiled: Compiled, results: Sequence[CaseResult]) -> dict[str, Coverage]:
    """Rules that decide a passed case alone, and outcomes that one is recommended."""
    decisions = [result.decision for result in results if result.verdict is Verdict.PASSED and result.decision]
    rules = {decision.rule.id for decision in decisions if decision.rule}
    outcomes = {decision.recommendation for decision in decisions}
    return {
        "rules": _split([rule.id for rule in compiled.rule_set.rules], rules),
        "outcomes": _split([outcome.id for outcome in compiled.rule_set.outcomes], outcomes),
    }


def _split(names: Sequence[str], covered: Collection[str | None]) -> Coverage:
    return Coverage(
        tuple(name for name in names if name in covered), tuple(name for name in names if name not in covered)
    )
