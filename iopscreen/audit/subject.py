"""What a check looks at, and what it tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from iopscreen.audit.boundaries import Boundaries, boundaries
from iopscreen.audit.cases import CaseResult, Verdict, run_cases
from iopscreen.audit.citations import Found, look_up
from iopscreen.audit.readings import OtherReading, other_readings, reached
from iopscreen.engine.compiled import Compiled, TooTangledToCompile
from iopscreen.engine.counts import Whole, whole
from iopscreen.engine.diagram import TooTangled
from iopscreen.engine.effect import Effects
from iopscreen.engine.search import Budget
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.cases import CaseFile
from iopscreen.ruleset.findings import Finding, Place, Related
from iopscreen.ruleset.model import Answer, RuleFile, RuleSet, Source, Unanswered
from iopscreen.ruleset.values import answer_json

if TYPE_CHECKING:
    from iopscreen.audit.mutants import MutationScore, Progress

ANY = "any"

_SECONDS_FOR_HINTS = 1


@dataclass(frozen=True)
class Told:
    """What a check tells; its name and severity are those of the check. `path`: the rule file, unless said."""

    place: Place
    message: str
    related: tuple[Related, ...] = ()
    witness: Mapping[str, Any] | None = None
    case: str | None = None
    path: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Subject:
    """One rule file, with its cases (None without a readable file of them) and what else is at hand.

    `texts`: by source id. `today`: YYYY-MM-DD, or None where no date is to be judged. `budget`: the
    time for all verdicts. `with_mutants`: whether mutants are wanted; `progress` is told how many
    were looked at. What is expensive is worked out once, when a check first asks for it; it raises
    TooTangled past a budget, and TooTangledToCompile. `told` and `undecided` grow as the checks run: what
    those before found, and the names of those that could not finish.
    """

    file: RuleFile
    attempt: Compiled | TooTangledToCompile
    case_file: CaseFile | None
    has_case_file: bool
    texts: Mapping[str, str]
    today: str | None
    budget: Budget = field(default_factory=lambda: Budget(None))
    with_mutants: bool = False
    progress: Progress | None = None
    told: list[Finding] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    @property
    def rule_set(self) -> RuleSet:
        """The rule set of the file."""
        return self.file.rule_set

    @property
    def compiled(self) -> Compiled:
        """The rule set, compiled."""
        if isinstance(self.attempt, TooTangledToCompile):
            raise self.attempt
        return self.attempt

    @cached_property
    def verdicts(self) -> Verdicts:
        """Who can decide and who takes whose answers, for all profiles."""
        return Verdicts(self.compiled, self.budget)

    @cached_property
    def counted(self) -> Whole | None:
        """How many profiles there are, and whom the rules recommend what; None where no diagram fits."""
        try:
            return whole(self.compiled)
        except TooTangled:
            return None

    @property
    def whole(self) -> Whole:
        """What is counted. Raises TooTangled where no diagram fits."""
        if self.counted is None:
            raise TooTangled
        return self.counted

    @cached_property
    def nobody_possible(self) -> bool:
        """Whether the impossible entries leave nobody."""
        return self.verdicts.nobody_possible

    @cached_property
    def deciding(self) -> frozenset[int]:
        """The positions of the rules that decide somebody."""
        return frozenset(place for place in range(len(self.rule_set.rules)) if self.verdicts.decides(place))

    @cached_property
    def silent(self) -> Mapping[str, str]:
        """The rules that never decide, by id, each with the name of the finding that says why."""
        return {
            rule.id: "unreachable-rule"
            if self.verdicts.possible(self.verdicts.clauses[position])
            else "contradictory-condition"
            for position, rule in enumerate(self.rule_set.rules)
            if position not in self.deciding
        }

    @cached_property
    def readings(self) -> tuple[OtherReading, ...]:
        """The other values of each setting that may decide otherwise."""
        return other_readings(self.compiled)

    @cached_property
    def reached(self) -> Mapping[int, OtherReading]:
        """By rule that never decides, the first other reading under which it does; empty where too many to try."""
        positions = [place for place, rule in enumerate(self.rule_set.rules) if rule.id in self.silent]
        # Hints have a little time of their own: they must not take that of the verdicts.
        try:
            return reached(self.compiled, self.readings, positions, Budget(_SECONDS_FOR_HINTS)) if positions else {}
        except TooTangled:
            return {}

    @cached_property
    def effects(self) -> Effects:
        """What would come without a rule, or a test of it."""
        return Effects(self.verdicts)

    @cached_property
    def in_vain(self) -> Mapping[int, frozenset[int]]:
        """The rules that decide somebody and have no effect, each with those that would recommend the same."""
        instead = {position: self.effects.without_rule(position) for position in sorted(self.deciding)}
        return {position: rules for position, rules in instead.items() if rules is not None}

    @cached_property
    def case_results(self) -> tuple[CaseResult, ...]:
        """Every case, decided."""
        return run_cases(self.compiled, self.case_file.cases) if self.case_file else ()

    @cached_property
    def boundaries(self) -> Boundaries | None:
        """Where cases stand; None where no case passes, so that none stands anywhere."""
        passed = any(result.verdict is Verdict.PASSED for result in self.case_results)
        return boundaries(self.compiled, self.case_results) if passed else None

    @cached_property
    def mutants(self) -> MutationScore | None:
        """What became of every small change to the rules; None where that is not wanted."""
        if not self.with_mutants:
            return None
        from iopscreen.audit.mutants import mutation_score

        return mutation_score(self.compiled, self.case_results, self.progress)

    @cached_property
    def found_passages(self) -> Mapping[str, Found]:
        """What became of each passage of the sources whose text is at hand, by passage id."""
        return {
            passage: found
            for source in self.documents
            if source.id in self.texts
            for passage, found in look_up(source, self.texts[source.id]).items()
        }

    @property
    def documents(self) -> tuple[Source, ...]:
        """The sources whose text can be at hand."""
        return tuple(source for source in self.rule_set.sources if not source.external)

    def related(self, place: Place, message: str) -> Related:
        """Another place of the rule file."""
        return Related(self.file.path, place, message)


# --- witnesses and cases --------------------------------------------------------------------


def witness_json(profile: Mapping[str, Answer]) -> dict[str, Any]:
    """A witness in the form of answers; `any` where every value would do."""
    return {question: answer_json(answer) for question, answer in profile.items()}


def all_answers(rule_set: RuleSet, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """The answers of a case, those not named as unknown."""
    return {name: answer_json(answers.get(name, Unanswered.UNKNOWN)) for name in rule_set.question}


def case_to_paste(name: str, witness: Mapping[str, Any], expect: str) -> str:
    """A case with the answers of a witness. What may be any answer is left unknown."""
    known = (f"{question}: {_flow(answer)}" for question, answer in witness.items() if answer != ANY)
    return f"- id: {name}\n  answers: {{{', '.join(known)}}}\n  expect: {expect}"


def free_case_ids(case_file: CaseFile | None, wanted: Iterable[str]) -> list[str]:
    """`wanted`, each with a number where a case, or one before it, is called so already."""
    taken = {case.id for case in case_file.cases} if case_file else set()
    found = []
    for name in wanted:
        numbered = (f"{name}-{number}" for number in count(2))
        found.append(name if name not in taken else next(other for other in numbered if other not in taken))
        taken.add(found[-1])
    return found


def _flow(answer: Any) -> str:
    return f"[{', '.join(answer)}]" if isinstance(answer, list) else str(answer)
