"""One rule file in, everything the audit has to say about it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iopscreen.audit.acceptance import accept_entries, acceptance
from iopscreen.audit.cases import Coverage, Verdict, coverage
from iopscreen.audit.checks import CHECKS, CONSEQUENCES, LAST, Check, name_of
from iopscreen.audit.checks.mutation import killer_cases
from iopscreen.audit.judged import TOO_TANGLED, attempted
from iopscreen.audit.ledger import Resting, by_basis, resting
from iopscreen.audit.overview import Overview
from iopscreen.audit.regions import outcome_counts
from iopscreen.audit.subject import Subject, Told, Undecided
from iopscreen.audit.suggested import each_once
from iopscreen.engine.budget import UNLIMITED, Budget
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.files import files_in
from iopscreen.ruleset.cases import CASES_SUFFIX, CaseFile, cases_path, understand_cases
from iopscreen.ruleset.findings import FileRefused, Finding, Place, Severity
from iopscreen.ruleset.model import Accept, Basis, RuleFile
from iopscreen.ruleset.reader import read_bytes, understand

if TYPE_CHECKING:
    from iopscreen.audit.change.run import Change
    from iopscreen.audit.mutants import MutationScore, Progress


class RuleSetFacts(NamedTuple):
    """What was found out about a rule set. None where it could not be found out within the budget.

    `guarantees`: by id, whether it is proved. `impossible`: how many profiles are left out. `late`: profiles
    are not counted because the time was used up. `questions`: their ids, in file order. `resting`: empty
    while no source's text is at hand. `mutants`: None, too, where they are not wanted; `killers`: the cases
    that would kill those that survive.
    """

    id: str
    version: str
    digest: str
    profiles: int | None
    impossible: int | None
    late: bool
    outcomes: Mapping[str, int] | None
    basis: Mapping[Basis, tuple[str, ...]]
    guarantees: Mapping[str, bool | None]
    passed: int
    failed: int
    cases_left_open: int
    coverage: Mapping[str, Coverage]
    questions: tuple[str, ...]
    resting: tuple[Resting, ...]
    mutants: MutationScore | None
    killers: tuple[str, ...]


class _AuditResult(NamedTuple):
    """What an audit found; `AuditResult` adds what follows from it."""

    path: str
    texts: Mapping[str, str]
    findings: tuple[Finding, ...]
    acceptances: tuple[Accept | None, ...]
    facts: RuleSetFacts | None
    undecided: tuple[Undecided, ...]
    why: str | None
    sources: tuple[str, ...]
    overview: Overview | None = None
    change: Change | None = None
    no_change: str | None = None
    hints: tuple[Undecided, ...] = ()


class AuditResult(_AuditResult):
    """Everything about one rule file. `facts` is None for a faulty one.

    `texts`: by path, the files that findings point into. `undecided`: what was not decided
    within the budget, and may be an error or a warning; `why` is the reason. `hints`: the same of
    notes that nobody asked for. `sources`: the ids that a source's text
    can be given for. `overview`: the rule set as a whole; None for a faulty file. `change`: what
    became of an earlier edition, where one was named; `no_change`: in words, what was not compared, and why.
    """

    @property
    def complete(self) -> bool:
        """Whether everything was decided that may be an error or a warning, and all that explains these.

        Clean means no error and no warning, so that notes make an audit incomplete only where they are asked for.
        """
        return not self.undecided and (self.change is None or self.change.complete)

    def accepted(self, finding: Finding) -> Accept | None:
        """The entry by which a person has accepted `finding`, which then no longer counts."""
        return self._accepted.get(finding.order)

    @cached_property
    def _accepted(self) -> dict[object, Accept | None]:
        return {finding.order: accept for finding, accept in zip(self.findings, self.acceptances, strict=True)}


def rule_files(path: str) -> list[str]:
    """The rule files at `path`: of a folder its `*.yaml` but `*.cases.yaml`; of cases their rule file; or itself."""
    place = Path(path)
    if not place.is_dir():
        if not place.exists():
            raise IopscreenError(f"{path}: no such file or folder")
        return [path] if not place.name.endswith(CASES_SUFFIX) else [_rules_of_cases(path)]
    found = [file for file in files_in(path, ".yaml") if not file.endswith(CASES_SUFFIX)]
    if not found:
        raise IopscreenError(f"{path}: no rule file in this folder (`*.yaml`, but `*.cases.yaml`)")
    return found


def _rules_of_cases(path: str) -> str:
    rules = path.removesuffix(CASES_SUFFIX) + ".yaml"
    if not Path(rules).exists():
        raise IopscreenError(f"{path}: holds the cases of `{Path(rules).name}`, and there is no such file beside it")
    return rules


def audit(
    path: str,
    texts: Mapping[str, str],
    *,
    today: str | None,
    budget: Budget = UNLIMITED,
    notes: bool = False,
    mutants: bool = False,
    progress: Progress | None = None,
    against: str | None = None,
) -> AuditResult:
    """Audit the rule file at `path`. `texts`: by source id. `today`: YYYY-MM-DD, or None for no date.

    `budget`: the time for whatever is not a matter of moments. `notes`: whether notes are wanted, so that the
    audit is not complete while one of them is not decided. `mutants`: score the cases by the small changes to
    the rules that they notice; `progress` is told how far that is.
    A file that cannot be read or understood gives a result with its faults. `against`: an earlier file, or a
    git revision, that the change is judged from; raises IopscreenError where there is no such thing, and for a file
    with faults. A file that the revision does not have, or has with faults, is audited, and said not to be compared.
    """
    data = b""
    try:
        data = read_bytes(path)
        file = understand(data, path)
    except FileRefused as refused:
        faults = tuple(refused.findings)
        text = data.decode("utf-8-sig", "replace")
        return AuditResult(path, {path: text}, faults, (None,) * len(faults), None, (), None, ())
    case_file, case_text, case_faults = _read_cases(file)
    subject = Subject(
        file=file,
        attempt=_compile(file),
        case_file=case_file,
        has_case_file=case_text is not None,
        texts=texts,
        today=today,
        budget=budget,
        with_mutants=mutants,
        progress=progress,
        with_notes=notes,
    )
    cases_are_faulty = case_text is not None and case_file is None
    change, no_change = (None, None) if against is None else _change(against, file, case_file, cases_are_faulty, budget)
    findings = _run_checks(subject)
    undecided, hints = _undecided(subject, notes=notes)
    of_the_change = change.findings if change else ()
    findings = sorted([*findings, *case_faults, *of_the_change], key=_causes_first)
    entries = accept_entries(subject)
    acceptances = tuple(acceptance(subject, entries, finding) for finding in findings)
    all_texts = {path: file.text} | ({cases_path(path): case_text} if case_text is not None else {})
    return AuditResult(
        path=path,
        texts=all_texts,
        findings=each_once(findings, acceptances),
        acceptances=acceptances,
        facts=_facts(subject),
        undecided=undecided,
        why=_why(subject) if undecided or (change and not change.complete) else None,
        sources=tuple(source.id for source in subject.documents),
        overview=_overview(subject),
        change=change,
        no_change=no_change,
        hints=hints,
    )


def _causes_first(finding: Finding) -> tuple[bool, bool, object]:
    """In file order; what may be the consequence of another finding comes after all that may be its cause."""
    return finding.name in CONSEQUENCES, finding.name in LAST, finding.order


def gone_since(against: str, paths: Sequence[str], results: Sequence[AuditResult]) -> list[AuditResult]:
    """A result for each rule file that an earlier revision has in a folder of `paths`, and that is gone now.

    `results`: of the files that are there. One that is the earlier edition of one of these is not gone, but renamed.
    """
    from iopscreen.audit.change.editions import gone_since, is_file, without_later

    if is_file(against):
        return []
    renamed = {result.change.old.file.path for result in results if result.change}
    return [
        _gone(path, without_later(against, edition))
        for folder in dict.fromkeys(path for path in paths if Path(path).is_dir())
        for path, edition in gone_since(against, folder)
        if f"{against}:{path}" not in renamed
    ]


def _gone(path: str, message: str) -> AuditResult:
    """What there is to say of a file that is gone: one finding, as of all that protected callers."""
    from iopscreen.audit.change.run import PROTECTION

    finding = Finding(PROTECTION, Severity.WARNING, path, Place(1, 1), message)
    return AuditResult(path, {}, (finding,), (None,), None, (), None, ())


# --- the steps ------------------------------------------------------------------------------


def _read_cases(file: RuleFile) -> tuple[CaseFile | None, str | None, list[Finding]]:
    """The cases beside a rule file, their text, and their faults; all empty where there is no such file."""
    path = cases_path(file.path)
    if not Path(path).exists():
        return None, None, []
    data = b""
    try:
        data = read_bytes(path)
        return understand_cases(data, path, file.path, file.rule_set), data.decode("utf-8-sig"), []
    except FileRefused as refused:
        return None, data.decode("utf-8-sig", "replace"), refused.findings


def _change(
    against: str, file: RuleFile, case_file: CaseFile | None, cases_are_faulty: bool, budget: Budget
) -> tuple[Change | None, str | None]:
    """What became of an earlier edition, in at most half of the time; and, in words, what cannot be compared."""
    from iopscreen.audit.change.editions import Edition, read_comparable
    from iopscreen.audit.change.run import compare

    earlier, without = read_comparable(against, file.path, file.rule_set.id)
    if earlier is None:
        return None, without
    if cases_are_faulty:  # that is a fault, and they are not gone
        earlier = earlier.without_cases()
    return compare(earlier, Edition(file, case_file), budget.part(share=0.5)), without


def _compile(file: RuleFile) -> Compiled | TooTangledToCompile:
    try:
        return compile_rule_set(file.rule_set)
    except TooTangledToCompile as error:
        return error


def _run_checks(subject: Subject) -> list[Finding]:
    """The findings of every check. All verdicts are given before the first is explained."""
    if not isinstance(subject.attempt, TooTangledToCompile):
        subject.give_verdicts()
    for check, severity in CHECKS:
        try:
            for told in check(subject):
                if isinstance(told, Undecided):
                    subject.left_open.append(told)
                else:
                    subject.told.append(_finding(subject, check, severity, told))
        except TOO_TANGLED:
            name = name_of(check)
            subject.left_open.append(Undecided(f"whether there is any {name}", (name,)))
    return subject.told


def _undecided(subject: Subject, *, notes: bool) -> tuple[tuple[Undecided, ...], tuple[Undecided, ...]]:
    """What was not decided; and apart from that what can only be a note, unless `notes` are wanted."""
    if notes:
        return tuple(subject.left_open), ()
    hints = {name_of(check) for check, severity in CHECKS if severity is Severity.NOTE}
    found: tuple[list[Undecided], list[Undecided]] = ([], [])
    for one in subject.left_open:
        found[bool(one.names) and hints.issuperset(one.names)].append(one)
    return tuple(found[False]), tuple(found[True])


def _finding(subject: Subject, check: Check, severity: Severity, told: Told) -> Finding:
    return Finding(
        name=name_of(check),
        severity=told.severity or severity,
        path=told.path or subject.file.path,
        place=told.place,
        message=told.message,
        related=told.related,
        witness=told.witness,
        case=told.case,
        size=told.size,
    )


def _why(subject: Subject) -> str:
    if isinstance(subject.attempt, TooTangledToCompile):
        place = subject.attempt.place
        return f"{subject.file.path}:{place.line}:{place.column}: {subject.attempt}"
    if subject.budget.short:
        words = "the time was used up before every profile was looked at; give more with `--budget`"
    else:
        words = "the rules are too tangled to look at every profile"
    return f"{subject.file.path}: {words}"


# --- facts ----------------------------------------------------------------------------------


def _facts(subject: Subject) -> RuleSetFacts:
    """What was found out; counts and table only where every profile was looked at."""
    rule_set, passed, failed = subject.rule_set, 0, 0
    left_open = len(subject.case_file.cases) if subject.case_file else 0
    covered: Mapping[str, Coverage] = {}
    if not isinstance(subject.attempt, TooTangledToCompile):
        verdicts = [result.verdict for result in subject.case_results]
        passed = verdicts.count(Verdict.PASSED)
        left_open = verdicts.count(Verdict.UNDECIDED)
        failed = len(verdicts) - passed - left_open
        covered = _covered(subject)
    whole, mutants = attempted(lambda: subject.counted), attempted(lambda: subject.mutants)
    return RuleSetFacts(
        id=rule_set.id,
        version=rule_set.version,
        digest=subject.file.digest,
        profiles=whole.profiles if whole else None,
        impossible=whole.impossible if whole else None,
        late=subject.uncounted_in_time,
        outcomes=outcome_counts(whole) if whole else None,
        basis=by_basis(subject),
        guarantees=_guarantees(subject),
        passed=passed,
        failed=failed,
        cases_left_open=left_open,
        coverage=covered,
        questions=tuple(rule_set.question),
        resting=resting(subject),
        mutants=mutants,
        killers=tuple(killer_cases(subject)) if mutants else (),
    )


def _overview(subject: Subject) -> Overview:
    if isinstance(subject.attempt, TooTangledToCompile):
        return Overview(subject.file, None, None)
    return Overview(subject.file, subject.compiled, subject.counted, subject.uncounted_in_time)


def _covered(subject: Subject) -> Mapping[str, Coverage]:
    """What the cases cover; nothing where it is not known which of them pass."""
    if subject.cases_left_open:
        return {}
    found = coverage(subject.compiled, subject.case_results)
    boundaries = attempted(lambda: subject.boundaries)
    return {**found, "boundaries": boundaries.coverage} if boundaries else found


def _guarantees(subject: Subject) -> Mapping[str, bool | None]:
    """By id, whether a guarantee is proved."""
    if isinstance(subject.attempt, TooTangledToCompile):
        return dict.fromkeys(guarantee.id for guarantee in subject.rule_set.guarantees)
    return subject.judged.proved
