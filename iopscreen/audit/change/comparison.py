"""What a check of a change looks at: two editions, worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from iopscreen.audit.change.confirmed import CaseChange, CaseLeftOpen, case_changes
from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import Impact, impact
from iopscreen.audit.change.promises import PromiseChange, promise_changes
from iopscreen.audit.change.questions import QuestionChanges, question_changes
from iopscreen.audit.change.renaming import Names
from iopscreen.audit.change.words import WordChange, case_word_changes, question_words, word_changes
from iopscreen.engine.budget import UNLIMITED, Budget
from iopscreen.engine.clauses import TooManyClauses
from iopscreen.engine.compiled import TooTangledToCompile
from iopscreen.engine.joint import Joint, join
from iopscreen.engine.promise import Promises
from iopscreen.ruleset.findings import Place, Related
from iopscreen.ruleset.model import Condition, Not


@dataclass(frozen=True)
class Comparison:
    """Two editions of a rule set, the old one under the names of the new one. `budget`: the time for all verdicts.

    `names`: the questions that are called otherwise than before.
    """

    old: Edition
    new: Edition
    budget: Budget = UNLIMITED
    names: Names = field(default_factory=dict)

    @cached_property
    def joint(self) -> Joint | TooTangledToCompile:
        """Both rule sets, compiled over common blocks, or why they cannot be. Diagrams leave time for searches."""
        try:
            return join(self.old.rule_set, self.new.rule_set, self.budget.part(share=0.5))
        except TooTangledToCompile as error:
            return error

    @cached_property
    def impact(self) -> Impact:
        """Whom the change reaches."""
        if isinstance(self.joint, TooTangledToCompile):
            return Impact(None, None, None, (), undecided=(f"who is recommended something else: {self.joint}",))
        return impact(self.joint, self.budget)

    @cached_property
    def promises(self) -> Promises | None:
        """Verdicts on guarantees and impossible entries, which leave most of the time to who is recommended what."""
        return (
            None if isinstance(self.joint, TooTangledToCompile) else Promises(self.joint, self.budget.part(share=0.25))
        )

    @cached_property
    def guarantees(self) -> tuple[PromiseChange, ...]:
        """What became of each guarantee."""
        return promise_changes(self.old.rule_set, self.new.rule_set, self.promises)

    @cached_property
    def undecided(self) -> tuple[str, ...]:
        """In words, what was not decided within the budget."""
        open_still = [f"whether guarantee `{one.id}` still holds" for one in self.guarantees if not one.decided]
        return (*self.impact.undecided, *open_still, *self._cases_left_open)

    @property
    def _cases_left_open(self) -> list[str]:
        """In words, the cases that were not decided, where it is not proved that the change reaches nobody."""
        if self.impact.identical is True and self.questions.none:
            return []
        open_ones = [one.case.id for one in self.decided if isinstance(one, CaseLeftOpen)]
        return [f"whether case `{name}` is decided as before" for name in open_ones]

    @cached_property
    def questions(self) -> QuestionChanges:
        """How the questions differ."""
        return question_changes(self.old.rule_set, self.new.rule_set, self.names)

    @cached_property
    def words(self) -> tuple[WordChange, ...]:
        """Every text that differs."""
        cases = case_word_changes(self.old.case_file, self.new.case_file)
        return (*word_changes(self.old.rule_set, self.new.rule_set), *cases)

    @cached_property
    def question_words(self) -> tuple[WordChange, ...]:
        """Every text of the questions that only one of the two has."""
        return question_words(self.old.rule_set, self.new.rule_set, self.questions.removed, self.questions.added)

    @cached_property
    def decided(self) -> tuple[CaseChange | CaseLeftOpen, ...]:
        """The cases of the old edition that it decides as they expect, and the new one otherwise, or nobody knows."""
        return tuple(case_changes(self.old, self.new, self.budget))

    # --- conditions, exactly ---

    def implies(self, condition: Condition, other: Condition) -> bool:
        """Whether it is proved that everybody who meets `condition` meets `other`; both as `Joint` has them."""
        if isinstance(self.joint, TooTangledToCompile):
            return False
        try:
            return self.joint.implies(condition, other)
        except TooManyClauses:
            return False

    def exclude(self, condition: Condition, other: Condition) -> bool:
        """Whether it is proved that nobody meets both conditions; both as `Joint` has them."""
        return self.implies(condition, Not(other))

    # --- places ---

    def section(self, key: str) -> Place:
        """Where a key of the whole file is written in the new edition; else where the file begins."""
        for number, line in enumerate(self.new.file.text.split("\n"), start=1):
            if re.match(rf"{key}\s*:", line):
                return Place(number, 1)
        return self.new.rule_set.place

    def before(self, place: Place, message: str) -> tuple[Related, ...]:
        """A place in the old edition."""
        return (Related(self.old.file.path, place, message),)
