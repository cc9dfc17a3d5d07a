"""The vocabulary: what a rule set holds, as values that never change.

One word per thing, the same in YAML, code, messages and README; `rules/README.md`
is the reference of the format. Every named thing knows the place of its id. Most are
named tuples: a frozen dataclass costs every start of the program a millisecond. As tuples,
values of two types may be equal (`AllOf` and `AnyOf` of nothing): ask for the type first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from iopscreen.ruleset.findings import Place

YES = "yes"
NO = "no"
NO_RULE = "no_rule"


class Unanswered(StrEnum):
    """Asked, and still not known. Neither ever counts as "no"."""

    UNKNOWN = "unknown"
    DECLINED = "declined"


Value = str | int | tuple[str, ...]
"""A known answer: `yes` / `no`, an option id, option ids in file order, or a whole number."""

Answer = Value | Unanswered
Answers = Mapping[str, Answer]
"""What is known so far, by question id. A question that is absent was not asked."""


class Kind(StrEnum):
    """The type of a question or setting."""

    YES_NO = "yes_no"
    ONE = "one"
    MANY = "many"
    WHOLE_NUMBER = "whole_number"


class Policy(StrEnum):
    """Which rule speaks when several match (the hit policy of a decision table)."""

    FIRST = "first"
    UNIQUE = "unique"


class Basis(StrEnum):
    """How firm the ground of a rule is."""

    STATED = "stated"
    INFERRED = "inferred"
    EXTERNAL = "external"
    SITE = "site"


class Cite(NamedTuple):
    """A reference to a passage, or to an external source by its own id."""

    id: str
    place: Place


class Accept(NamedTuple):
    """A finding that a person has accepted, with the reason; `at` names what it is about.

    `at_most`: the largest size, as `Finding.size`, at which it still counts as accepted; None is any.
    """

    finding: str
    because: str | None
    by: str | None
    until: str | None
    at: str | None
    at_most: int | None
    place: Place


# --- conditions -----------------------------------------------------------------------------


class ValueTest(NamedTuple):
    """The answer of a `yes_no` or `one` question is among `values`."""

    subject: str
    values: frozenset[str]
    place: Place


class OptionsTest(NamedTuple):
    """Of the options named in a `many` answer, one or more (or, with `every`, all) of `options`.

    `part`: `any`, `all` or `none`, where the author wrote several of these as one test; they stand each at its word.
    """

    subject: str
    options: frozenset[str]
    every: bool
    place: Place
    part: str = ""


class Bound(NamedTuple):
    """One comparison of a whole number: `op` is `at_least`, `above`, `at_most`, `below` or `is`.

    `limit` is the number, or the id of the `whole_number` setting that holds it.
    """

    op: str
    limit: int | str
    place: Place


class NumberTest(NamedTuple):
    """A whole number keeps to every one of `bounds`."""

    subject: str
    bounds: tuple[Bound, ...]
    place: Place


class AllOf(NamedTuple):
    """Every part holds; with no parts, everyone."""

    parts: tuple[Condition, ...]


class AnyOf(NamedTuple):
    """One part or more holds."""

    parts: tuple[Condition, ...]


class Not(NamedTuple):
    """The part does not hold."""

    part: Condition


Test = ValueTest | OptionsTest | NumberTest
Condition = Test | AllOf | AnyOf | Not

EVERYONE = AllOf(())


def tests_of(condition: Condition) -> Iterator[Test]:
    """Every test in `condition`, in the order written."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from tests_of(part)
        case Not(part):
            yield from tests_of(part)
        case _:
            yield condition


# --- what a rule set holds ------------------------------------------------------------------


class Passage(NamedTuple):
    """A place in a source: section, paragraph (from 1), what it says in our words, its digest."""

    id: str
    section: str
    paragraph: int
    says: str
    digest: str | None
    place: Place


class Source(NamedTuple):
    """A text on which rules rest. An external one need not be at hand and has no passages."""

    id: str
    title: str
    external: bool
    digest: str | None
    passages: tuple[Passage, ...]
    place: Place


class StaffLine(NamedTuple):
    """A next step for staff, with what it rests on."""

    say: str
    cite: tuple[Cite, ...]


class Outcome(NamedTuple):
    """What may be recommended, declared once with its wording."""

    id: str
    label: str
    say: str | None
    staff: tuple[StaffLine, ...]
    cite: tuple[Cite, ...]
    accept: tuple[Accept, ...]
    place: Place


class Option(NamedTuple):
    """One answer of a `one` or `many` question. An `alone` option excludes all others."""

    id: str
    label: str
    aliases: tuple[str, ...]
    alone: bool
    help: str | None
    cite: tuple[Cite, ...]
    place: Place


class Group(NamedTuple):
    """A name for several options, usable wherever an option is."""

    id: str
    options: tuple[str, ...]
    place: Place
    named_place: Place | None = None
    """Where a condition first names it; tests hold the options that it stands for."""


class Setting(NamedTuple):
    """A question that the site has answered once for all callers."""

    id: str
    kind: Kind
    means: str
    value: str | int
    options: tuple[Option, ...]
    cite: tuple[Cite, ...]
    place: Place


class Question(NamedTuple):
    """A fact that we may ask. `low` and `high` (both allowed) are the range of a whole number."""

    id: str
    kind: Kind
    ask: str
    ask_other: str | None
    help: str | None
    means: str | None
    options: tuple[Option, ...]
    groups: tuple[Group, ...]
    low: int
    high: int
    unit: str | None
    column: str | None
    for_notes: bool
    if_unanswered: str | None
    when_no_column: Value | None
    header_hints: tuple[str, ...]
    cite: tuple[Cite, ...]
    accept: tuple[Accept, ...]
    place: Place

    @property
    def option_ids(self) -> tuple[str, ...]:
        """The ids of the options, in file order."""
        return tuple(option.id for option in self.options)

    def spoken(self, other: bool) -> str:
        """The question as it is asked; `other`: of a caller who speaks for somebody else."""
        return (self.ask_other if other else None) or self.ask


class Rule(NamedTuple):
    """`when` (and not `unless`) -> `recommend`, because of something that rests on `cite`."""

    id: str
    when: Condition
    unless: Condition | None
    recommend: str
    because: str
    basis: Basis
    cite: tuple[Cite, ...]
    accept: tuple[Accept, ...]
    place: Place

    @property
    def condition(self) -> Condition:
        """`when`, and not `unless`."""
        return both(self.when, self.unless)


class Impossible(NamedTuple):
    """A combination that cannot occur; every analysis and decision leaves it out."""

    id: str
    condition: Condition
    because: str
    cite: tuple[Cite, ...]
    place: Place


class Note(NamedTuple):
    """A hand-over line, shown when its condition is certain. It never changes the outcome."""

    id: str
    condition: Condition
    audience: str
    say: str
    cite: tuple[Cite, ...]
    place: Place


class Guarantee(NamedTuple):
    """Whoever meets `condition` is recommended only one of `allowed` (outcome ids)."""

    id: str
    condition: Condition
    allowed: frozenset[str]
    because: str | None
    cite: tuple[Cite, ...]
    place: Place


class Contact(NamedTuple):
    """Whom to reach in an emergency, and how."""

    name: str
    reach: str


class Emergency(NamedTuple):
    """What is one key away at every prompt of the interview.

    Who is decided by a rule that cites what it cites is in danger; a question that does asks about danger.
    """

    say: str
    contacts: tuple[Contact, ...]
    cite: tuple[Cite, ...]
    place: Place


class Undecided(NamedTuple):
    """What to say and do while several outcomes are possible; `{question}` in `say` is replaced."""

    say: str | None
    staff: tuple[StaffLine, ...]


class Spellings(NamedTuple):
    """Further ways to write yes, no and not knowing, added to the built-in ones."""

    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()


class _RuleSet(NamedTuple):
    """What a rule set holds; `RuleSet` adds how to look it up."""

    id: str
    version: str
    title: str
    policy: Policy
    owner: str | None
    reviewed: str | None
    review_by: str | None
    disclosure: str | None
    sources: tuple[Source, ...]
    undecided: Undecided
    emergency: Emergency | None
    outcomes: tuple[Outcome, ...]
    settings: tuple[Setting, ...]
    questions: tuple[Question, ...]
    impossible: tuple[Impossible, ...]
    rules: tuple[Rule, ...]
    notes: tuple[Note, ...]
    guarantees: tuple[Guarantee, ...]
    override_reasons: tuple[str, ...]
    spellings: Spellings
    accept: tuple[Accept, ...]
    place: Place
    review_by_place: Place
    """Of the key `review_by`; where there is none, that of the rule set."""


class RuleSet(_RuleSet):
    """One rule file, understood. Tuples are in file order."""

    @cached_property
    def question(self) -> Mapping[str, Question]:
        """Questions by id."""
        return {question.id: question for question in self.questions}

    @cached_property
    def subject(self) -> Mapping[str, Setting | Question]:
        """What a condition may test: settings and questions, by id."""
        return {**{setting.id: setting for setting in self.settings}, **self.question}

    @cached_property
    def outcome(self) -> Mapping[str, Outcome]:
        """Outcomes by id."""
        return {outcome.id: outcome for outcome in self.outcomes}

    @cached_property
    def rule(self) -> Mapping[str, Rule]:
        """Rules by id."""
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def passage(self) -> Mapping[str, tuple[Source, Passage | None]]:
        """What a citation may name: passages, and external sources by their own id (no passage)."""
        named: dict[str, tuple[Source, Passage | None]] = {}
        for source in self.sources:
            named |= {passage.id: (source, passage) for passage in source.passages}
            if source.external:
                named[source.id] = (source, None)
        return named

    @property
    def readings(self) -> dict[str, str | int]:
        """The value of every setting."""
        return {setting.id: setting.value for setting in self.settings}


class RuleFile(NamedTuple):
    """A rule set with the file it was read from. The digest is of the bytes that were parsed."""

    path: str
    digest: str
    text: str
    rule_set: RuleSet


def both(when: Condition, unless: Condition | None) -> Condition:
    """`when` and not `unless`."""
    return when if unless is None else AllOf((when, Not(unless)))
