"""Two editions of a rule set in, what the change means out; and the one list of findings about a change.

To add one: a generator function that takes a `Comparison` and yields `Told`s, as with the checks of
a rule set (`audit/checks/`), and its name in `CHANGE_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from iopscreen.audit.change.comparison import Comparison
from iopscreen.audit.change.confirmed import CaseChange
from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import Impact
from iopscreen.audit.change.notices import question_reworded, recommendation_changed
from iopscreen.audit.change.protection import protection_weakened
from iopscreen.audit.change.questions import QuestionChanges
from iopscreen.audit.change.renaming import renamed_questions, under_new_names
from iopscreen.audit.change.versions import (
    rule_id_reused,
    version_bump_too_small,
    version_not_bumped,
    version_went_back,
)
from iopscreen.audit.change.words import WordChange
from iopscreen.audit.subject import Told
from iopscreen.engine.budget import UNLIMITED, Budget
from iopscreen.ruleset.findings import Finding, Severity
from iopscreen.ruleset.model import Setting

ChangeCheck = Callable[[Comparison], Iterator[Told]]

CHANGE_CHECKS: tuple[tuple[ChangeCheck, Severity], ...] = (
    (protection_weakened, Severity.WARNING),
    (version_not_bumped, Severity.WARNING),
    (version_bump_too_small, Severity.WARNING),
    (version_went_back, Severity.WARNING),
    (rule_id_reused, Severity.WARNING),
    (recommendation_changed, Severity.NOTE),
    (question_reworded, Severity.NOTE),
)
"""Findings about a change, protection first."""

PROTECTION = "protection-weakened"


@dataclass(frozen=True)
class Change:
    """What a change means. `old`: with the names of the new questions, where these are the same but for that.

    `question_words`: the texts of questions that only one has. `cases`: decisions of the old edition, as its cases
    have them, that change now. `undecided`: in words.
    """

    old: Edition
    new: Edition
    impact: Impact
    questions: QuestionChanges
    words: tuple[WordChange, ...]
    question_words: tuple[WordChange, ...]
    cases: tuple[CaseChange, ...]
    findings: tuple[Finding, ...]
    undecided: tuple[str, ...]

    @property
    def identical(self) -> bool | None:
        """Whether it is proved that the same answers lead to the same recommendations; None: not decided."""
        return False if not self.questions.none else self.impact.identical

    @property
    def different(self) -> bool | None:
        """Whether there is anything to tell: a caller, a word, protection, the version; None: not decided."""
        versions = self.old.rule_set.version != self.new.rule_set.version
        told = self.words or self.findings or self.cases or self.questions.renamed or versions
        return True if told or self.identical is False else None if self.identical is None else False

    @property
    def nothing(self) -> bool:
        """Whether it is proved that there is nothing to tell."""
        return self.different is False

    @property
    def complete(self) -> bool:
        """Whether everything was decided."""
        return not self.undecided

    @property
    def protection(self) -> tuple[Finding, ...]:
        """What protects callers, and was taken away or changed."""
        return tuple(finding for finding in self.findings if finding.name == PROTECTION)

    @property
    def added_settings(self) -> tuple[Setting, ...]:
        """The settings that only the new edition has."""
        known = {setting.id for setting in self.old.rule_set.settings}
        return tuple(setting for setting in self.new.rule_set.settings if setting.id not in known)

    @property
    def texts(self) -> Mapping[str, str]:
        """By path, the files of the new edition, into which findings point."""
        cases = self.new.case_file
        return {self.new.file.path: self.new.file.text} | ({cases.path: cases.text} if cases else {})


def compare(old: Edition, new: Edition, budget: Budget = UNLIMITED) -> Change:
    """What the change from `old` to `new` means. `budget`: the time for the verdicts."""
    names = renamed_questions(old.rule_set, new.rule_set)
    comparison = Comparison(under_new_names(old, names), new, budget, names)
    _ = comparison.guarantees  # first, so that what is counted does not take the time of what protects callers
    return Change(
        old=comparison.old,
        new=new,
        impact=comparison.impact,
        questions=comparison.questions,
        words=comparison.words,
        question_words=comparison.question_words,
        cases=tuple(one for one in comparison.decided if isinstance(one, CaseChange)),
        findings=tuple(_findings(comparison)),
        undecided=comparison.undecided,
    )


def _findings(comparison: Comparison) -> Iterator[Finding]:
    """The findings of every check, protection first; those of one check in its own order."""
    for check, severity in CHANGE_CHECKS:
        for told in check(comparison):
            yield _finding(comparison, change_name(check), severity, told)


def _finding(comparison: Comparison, name: str, severity: Severity, told: Told) -> Finding:
    path = told.path or comparison.new.file.path
    return Finding(
        name, told.severity or severity, path, told.place, told.message, told.related, told.witness, told.case
    )


def change_name(check: ChangeCheck) -> str:
    """The name of a check's findings."""
    return check.__name__.replace("_", "-")
