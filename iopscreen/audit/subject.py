"""What a check looks at, and what it tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from iopscreen.audit.cases import CaseResult, Verdict, run_cases
from iopscreen.audit.citations import Found, look_up
from iopscreen.audit.judged import Judged, Reach, Worth, attempted
from iopscreen.audit.readings import OtherReading, other_readings, reached
from iopscreen.engine.budget import UNLIMITED, Budget, TooTangled
from iopscreen.engine.compiled import Compiled, TooTangledToCompile
from iopscreen.engine.counts import Whole, whole
from iopscreen.engine.effect import Effects
from iopscreen.engine.search import Box
from iopscreen.engine.table import Clause
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.cases import CaseFile
from iopscreen.ruleset.findings import Finding, Place, Related, Severity
from iopscreen.ruleset.model import Answer, RuleFile, RuleSet, Source, Unanswered
from iopscreen.ruleset.values import answer_json

if TYPE_CHECKING:
    from iopscreen.audit.boundaries import Boundaries
    from iopscreen.audit.mutants import MutationScore, Progress

ANY = "any"

_SHARE = 0.5
"""What each step may take of the time that is left."""

_SECONDS_FOR_HINTS = 1
"""The most of it for hints that nobody asked for."""


class Told(NamedTuple):
    """What a check tells; its name is that of the check, and so is its severity, unless said.

    `path`: the rule file, unless said.
    """

    place: Place
    message: str
    related: tuple[Related, ...] = ()
    witness: Mapping[str, Any] | None = None
    case: str | None = None
    path: str | None = None
    size: int | None = None
    severity: Severity | None = None


class Undecided(NamedTuple):
    """What a check could not decide in time, in words.

    `names`: the findings that it may be (none where a finding is told, and only what explains it was left
    open); `place`: where they would stand, None for anywhere.
    """

    words: str
    names: tuple[str, ...] = ()
    place: Place | None = None


class _Subject(NamedTuple):
    """What a subject holds; `Subject` adds what is worked out of it."""

    file: RuleFile
    attempt: Compiled | TooTangledToCompile
    case_file: CaseFile | None
    has_case_file: bool
    texts: Mapping[str, str]
    today: str | None
    budget: Budget = UNLIMITED
    with_mutants: bool = False
    progress: Progress | None = None
    with_notes: bool = False


class Subject(_Subject):
    """One rule file, with its cases (None without a readable file of them) and what else is at hand.

    `texts`: by source id. `today`: YYYY-MM-DD, or None where no date is to be judged. `budget`: the
    time for everything. `with_mutants`: whether mutants are wanted; `progress` is told how many
    were looked at. `with_notes`: whether notes are wanted. What is expensive is worked out once, when it
    is first asked for, each in its share of the time, so that nothing starves: verdicts first, then what is
    counted and explained.
    """

    @cached_property
    def told(self) -> list[Finding]:
        """What the checks that have run found; it grows as they run."""
        return []

    @cached_property
    def left_open(self) -> list[Undecided]:
        """What the checks that have run could not decide; it grows as they run."""
        return []

    @property
    def undecided(self) -> frozenset[str]:
        """The names of the findings of which not all were looked for."""
        return frozenset(name for one in self.left_open for name in one.names)

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
    def judged(self) -> Judged:
        """The verdicts on errors."""
        return Judged(self.verdicts)

    @cached_property
    def worth(self) -> Worth:
        """The verdicts on warnings: they leave time to explain the errors."""
        return Worth(self.judged, self.verdicts.within(self.budget.part(share=_SHARE)))

    def give_verdicts(self) -> None:
        """Give all verdicts, those on errors first, before time goes into what counts and explains."""
        self.judged.give()
        _ = self.case_results  # decided now, and kept
        self.worth.give()

    @cached_property
    def explained(self) -> Verdicts:
        """What explains a verdict: who takes a rule's answers, the first caller in file order."""
        return self.verdicts.within(self.budget.part(share=_SHARE))

    @cached_property
    def counted(self) -> Whole | None:
        """How many profiles there are, and whom the rules recommend what; None where no diagram fits."""
        return attempted(lambda: whole(self.compiled, self._counting, self.budget))

    @property
    def uncounted_in_time(self) -> bool:
        """Whether profiles are not counted because the time was used up."""
        return self.counted is None and self._counting.out

    @cached_property
    def _counting(self) -> Budget:
        return self.budget.part(share=_SHARE)

    @property
    def whole(self) -> Whole:
        """What is counted. Raises TooTangled where no diagram fits."""
        if self.counted is None:
            raise TooTangled
        return self.counted

    @property
    def nobody_possible(self) -> bool | None:
        """Whether the impossible entries leave nobody; None where that is not decided."""
        return self.judged.nobody_possible

    @cached_property
    def deciding(self) -> frozenset[int]:
        """The positions of the rules that are known to decide somebody."""
        return frozenset(place for place, reach in enumerate(self.judged.reach) if reach is Reach.DECIDES)

    @cached_property
    def silent(self) -> Mapping[str, str]:
        """The rules that are known never to decide, by id, each with the name of the finding that says why."""
        names = {Reach.UNREACHABLE: "unreachable-rule", Reach.CONTRADICTORY: "contradictory-condition"}
        return {
            rule.id: names[reach]
            for rule, reach in zip(self.rule_set.rules, self.judged.reach, strict=True)
            if reach in names
        }

    @cached_property
    def readings(self) -> tuple[OtherReading, ...]:
        """The other values of each setting that may decide otherwise."""
        return other_readings(self.compiled)

    @property
    def budget_for_hints(self) -> Budget:
        """Time for what is said beside a verdict: it must not take that of the verdicts. Little, if nobody asked."""
        return self.budget.part(share=_SHARE, most=None if self.with_notes else _SECONDS_FOR_HINTS)

    @cached_property
    def reached(self) -> Mapping[int, OtherReading]:
        """By rule that never decides, the first other reading under which it does; empty where too many to try."""
        positions = [place for place, rule in enumerate(self.rule_set.rules) if rule.id in self.silent]
        try:
            return reached(self.compiled, self.readings, positions, self.budget_for_hints) if positions else {}
        except TooTangled:
            return {}

    @cached_property
    def effects(self) -> Effects:
        """What would come without a test of a rule."""
        return Effects(self.verdicts)

    @cached_property
    def in_vain(self) -> Mapping[int, frozenset[int]]:
        """The rules that are known to decide somebody and to have no effect, each with those that do the same."""
        return {position: rules for position, rules in self.worth.in_vain.items() if rules}

    @cached_property
    def case_results(self) -> tuple[CaseResult, ...]:
        """Every case, decided."""
        cases = self.case_file.cases if self.case_file else ()
        return run_cases(self.compiled, cases, self.budget.part(share=_SHARE))

    @property
    def cases_left_open(self) -> bool:
        """Whether it is not known of every case whether it passes, so that nobody knows what the cases notice."""
        return any(result.verdict is Verdict.UNDECIDED for result in self.case_results)

    @cached_property
    def boundaries(self) -> Boundaries | None:
        """Where cases stand; None where no case passes, so that none stands anywhere. Raises OutOfTime."""
        passed = any(result.verdict is Verdict.PASSED for result in self.case_results)
        if not passed:
            return None
        from iopscreen.audit.boundaries import boundaries  # many files have no cases

        return boundaries(self.verdicts.within(self.budget.part(share=_SHARE)), self.counted, self.case_results)

    @cached_property
    def mutants(self) -> MutationScore | None:
        """What became of every small change to the rules; None where that is not wanted."""
        if not self.with_mutants:
            return None
        from iopscreen.audit.mutants import mutation_score

        return mutation_score(self.compiled, self.case_results, self.progress, self.budget)

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


def decided_witness(subject: Subject, position: int, box: Box, clauses: Sequence[Clause] = ({},)) -> dict[str, Any]:
    """A caller of `clauses` whom a rule (or NONE_MATCHES) decides: the first in file order.

    Without the time to look for that one, it is one in `box`, which the verdict rests on.
    """
    first = attempted(lambda: subject.explained.deciding_witness(position, clauses))
    return witness_json(first or subject.verdicts.in_box(box))


def witness_json(profile: Mapping[str, Answer]) -> dict[str, Any]:
    """A witness in the form of answers; `any` where every value would do."""
    return {question: answer_json(answer) for question, answer in profile.items()}


def all_answers(rule_set: RuleSet, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """The answers of a case, those not named as unknown."""
    return {name: answer_json(answers.get(name, Unanswered.UNKNOWN)) for name in rule_set.question}


def case_to_paste(name: str, witness: Mapping[str, Any], expect: str) -> str:
    """A case with the answers of a witness, in three lines, which `suggested.py` takes apart.

    What may be any answer is left unknown.
    """
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
