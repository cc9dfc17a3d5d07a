"""What a rule set holds, in words and section by section: for a terminal, for Markdown, and for a page.

Computes nothing. Sections that would be empty are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from iopscreen.audit.overview import Overview
from iopscreen.audit.regions import OutcomeRegions, RegionRow
from iopscreen.audit.telling import left_out_in_words, uncounted
from iopscreen.report.sections import Item, Section
from iopscreen.ruleset.condition_words import condition_in_words, rule_condition_in_words, spaced
from iopscreen.ruleset.model import (
    NO_RULE,
    Basis,
    Cite,
    Guarantee,
    Kind,
    Note,
    Option,
    Policy,
    Question,
    Rule,
    RuleSet,
    Setting,
    StaffLine,
)
from iopscreen.ruleset.values import answer_words
from iopscreen.ruleset.words import NO_RULE_LABEL, cited, outcome_label

KINDS = {
    Kind.YES_NO: "yes or no",
    Kind.ONE: "one of these",
    Kind.MANY: "one or more of these",
    Kind.WHOLE_NUMBER: "a whole number",
}

BASES = {
    Basis.STATED: "a source says so",
    Basis.INFERRED: "our conclusion from what a source says",
    Basis.EXTERNAL: "other sources, such as law or public practice",
    Basis.SITE: "the site's own policy",
}

FIRST = "The first rule that fits a caller decides."
UNIQUE = "At most one rule may fit a caller."
COUNTS = "A profile is a set of answers that the rules can tell apart; the counts are of profiles, not of patients."


def sections(overview: Overview) -> list[Section]:
    """Everything but the table of profiles, in the order of a rule file's use."""
    rule_set = overview.rule_set
    found = (
        Section(
            "Questions, as spoken and in the order of asking",
            tuple(_question(rule_set, question) for question in rule_set.questions),
        ),
        Section("Settings", tuple(_setting(rule_set, setting) for setting in rule_set.settings)),
        Section(f"Rules. {policy_in_words(rule_set)}", tuple(_rule(rule_set, rule) for rule in rule_set.rules)),
        Section("Combinations that cannot occur", tuple(_impossible(rule_set))),
        Section("Guarantees", tuple(_guarantee(rule_set, guarantee) for guarantee in rule_set.guarantees)),
        Section("Outcomes, the least intensive first", tuple(_outcomes(rule_set))),
        Section("Notes for the hand-over", tuple(_note(rule_set, note) for note in rule_set.notes)),
        Section("While several outcomes are possible", tuple(_undecided(rule_set))),
        Section("In an emergency", tuple(_emergency(rule_set))),
    )
    return [section for section in found if section.items]


# --- the head -------------------------------------------------------------------------------


def head_lines(overview: Overview) -> Iterator[str]:
    """Which rule set this is, who looks after it, and how much is in it."""
    rule_set = overview.rule_set
    dates = [
        *([f"owner: {rule_set.owner}"] if rule_set.owner else []),
        *([f"reviewed: {rule_set.reviewed}"] if rule_set.reviewed else []),
        *([f"to be reviewed by: {rule_set.review_by}"] if rule_set.review_by else []),
    ]
    if dates:
        yield "; ".join(dates)
    numbers = {"question": rule_set.questions, "rule": rule_set.rules, "outcome": rule_set.outcomes}
    yield f"{', '.join(counted(len(things), name) for name, things in numbers.items())}; {profiles_in_words(overview)}"


def profiles_in_words(overview: Overview) -> str:
    """How many profiles there are, where they are counted."""
    if overview.counted is None:
        return f"profiles {uncounted(late=overview.late)}"
    beside = left_out_in_words(overview.counted.impossible, ", ")
    return f"{counted(overview.counted.profiles, 'profile')}{beside}"


def more_profiles(number: int) -> str:
    """How many profiles are in no region that is shown."""
    return f"and {counted(number, 'more profile')} in further regions"


def counted(number: int, word: str) -> str:
    """A number and what it counts."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def policy_in_words(rule_set: RuleSet) -> str:
    """Which rule speaks."""
    return FIRST if rule_set.policy is Policy.FIRST else UNIQUE


# --- questions and settings -----------------------------------------------------------------


def _question(rule_set: RuleSet, question: Question) -> Item:
    return Item(f"{spaced(question.id)}: “{question.ask}”", under=tuple(_question_lines(rule_set, question)))


def _question_lines(rule_set: RuleSet, question: Question) -> Iterator[str]:
    """All about a question but its id and its words."""
    if question.ask_other:
        yield f"for somebody else: “{question.ask_other}”"
    yield f"answers: {answers_in_words(question)}"
    yield from (f"answer: {option_in_words(option)}{_named(option.cite)}" for option in question.options)
    for group in question.groups:
        yield f"{spaced(group.id)} stands for {', '.join(map(spaced, group.options))}"
    if question.help:
        yield f"help: {question.help}"
    if question.means:
        yield f"what counts: {question.means}"
    if question.for_notes:
        yield "asked after the others, for notes alone: no rule tests it"
    if question.if_unanswered:
        yield f"if not answered: {question.if_unanswered}"
    if question.when_no_column is not None:
        yield f"in a file without this column: taken to be {answer_words(question, question.when_no_column)}"
    yield from rests_on(rule_set, question.cite)


def answers_in_words(question: Question | Setting) -> str:
    """What kind of answer a question takes, with its range."""
    if isinstance(question, Question) and question.kind is Kind.WHOLE_NUMBER:
        unit = f" {question.unit}" if question.unit else ""
        return f"a whole number from {question.low} to {question.high}{unit}"  # as it is typed
    return KINDS[question.kind]


def option_in_words(option: Option) -> str:
    """An answer: its label, its id where rules call it so, and how else it is written."""
    name = "" if spaced(option.id).casefold() == option.label.casefold() else f" ({spaced(option.id)})"
    alone = ", stands alone" if option.alone else ""
    also = f"; also written {', '.join(option.aliases)}" if option.aliases else ""
    helped = f". {option.help}" if option.help else ""
    return f"{option.label}{name}{alone}{also}{helped}"


def _setting(rule_set: RuleSet, setting: Setting) -> Item:
    under = (setting.means, setting_choices(setting), *rests_on(rule_set, setting.cite))
    return Item(f"{spaced(setting.id)}: {setting_value(setting)}", under=under)


def setting_choices(setting: Setting) -> str:
    """What a setting might be instead."""
    labels = " or ".join(option.label for option in setting.options)
    return f"may be {labels or answers_in_words(setting)}"


def setting_value(setting: Setting) -> str:
    """The value of a setting, as its options have it."""
    labels = {option.id: option.label for option in setting.options}
    return labels.get(str(setting.value), str(setting.value))


# --- rules, and what else holds -------------------------------------------------------------


def _rule(rule_set: RuleSet, rule: Rule) -> Item:
    number = rule_set.rules.index(rule) + 1
    said = rule_condition_in_words(rule_set, rule)
    return Item(
        f"{number}. {rule.id}: {said} -> {outcome_label(rule_set, rule.recommend)}",
        under=(
            f"because: {rule.because}",
            f"basis: {rule.basis} ({BASES[rule.basis]})",
            *rests_on(rule_set, rule.cite),
        ),
    )


def rests_on(rule_set: RuleSet, cites: Sequence[Cite]) -> Iterator[str]:
    """What something rests on: each passage in our words, and where it stands."""
    for cite in cites:
        yield f"rests on {cited(rule_set, cite) or f'{cite.id}: no such passage'}"


def _impossible(rule_set: RuleSet) -> Iterator[Item]:
    for entry in rule_set.impossible:
        said = condition_in_words(rule_set, entry.condition)
        under = (f"because: {entry.because}", *rests_on(rule_set, entry.cite))
        yield Item(f"{entry.id}: {said}", under=under)


def _guarantee(rule_set: RuleSet, guarantee: Guarantee) -> Item:
    because = [f"because: {guarantee.because}"] if guarantee.because else []
    return Item(
        f"{guarantee.id}: {guarantee_in_words(rule_set, guarantee)}",
        under=(*because, *rests_on(rule_set, guarantee.cite)),
    )


def guarantee_in_words(rule_set: RuleSet, guarantee: Guarantee) -> str:
    """Whom a guarantee is about, and what it promises."""
    said = condition_in_words(rule_set, guarantee.condition)
    if NO_RULE not in guarantee.allowed:
        return f"{said}: always {', '.join(outcome_label(rule_set, outcome) for outcome in guarantee.allowed)}"
    never = [outcome_label(rule_set, outcome) for outcome in rule_set.outcome if outcome not in guarantee.allowed]
    return f"{said}: never {' or '.join(never)}"


def _outcomes(rule_set: RuleSet) -> Iterator[Item]:
    for outcome in rule_set.outcomes:
        say = [f"to the caller: “{outcome.say}”"] if outcome.say else []
        yield Item(
            f"{outcome.label} ({spaced(outcome.id)})",
            under=(*say, *_staff(outcome.staff), *rests_on(rule_set, outcome.cite)),
        )


def _staff(lines: Sequence[StaffLine]) -> Iterator[str]:
    """Next steps, with the names of what they rest on."""
    for line in lines:
        yield f"next step: {line.say}{_named(line.cite)}"


def _named(cites: Sequence[Cite]) -> str:
    """The names of what a line rests on."""
    return f" ({', '.join(cite.id for cite in cites)})" if cites else ""


def _note(rule_set: RuleSet, note: Note) -> Item:
    said = condition_in_words(rule_set, note.condition)
    return Item(f"for {note.audience}, when {said}", under=(note.say, *rests_on(rule_set, note.cite)))


def _undecided(rule_set: RuleSet) -> Iterator[Item]:
    if rule_set.undecided.say:
        yield Item(f"to the caller: “{rule_set.undecided.say}”")
    yield from (Item(line) for line in _staff(rule_set.undecided.staff))


def _emergency(rule_set: RuleSet) -> Iterator[Item]:
    if rule_set.emergency:
        grounds = tuple(rests_on(rule_set, rule_set.emergency.cite))
        yield Item(f"to the caller: “{rule_set.emergency.say}”", under=grounds)
        yield from (Item(f"{contact.name}: {contact.reach}") for contact in rule_set.emergency.contacts)


# --- the table of profiles ------------------------------------------------------------------


class Table(NamedTuple):
    """The regions of one outcome, as a table. `outcome`: its id; `more`: how many profiles are in none of them.

    `same`: the answers that all rows share, which are no columns.
    """

    outcome: str
    profiles: int
    title: str
    same: str
    head: tuple[str, ...]
    groups: tuple[tuple[str | None, tuple[tuple[str, ...], ...]], ...]
    more: int


def tables(overview: Overview, rows: int, anything: str) -> Iterator[Table]:
    """A table for each outcome, of its largest regions, rule by rule; `anything` is put where any answer will do."""
    for outcome in overview.table(rows):
        yield _table(overview, outcome, anything)


def _table(overview: Overview, outcome: OutcomeRegions, anything: str) -> Table:
    assert overview.counted is not None  # there are regions
    rule_set, rows = overview.rule_set, outcome.rows
    asked = [question for question in rule_set.question if any(question in row.when for row in rows)]
    same = [question for question in asked if len({row.when.get(question) for row in rows}) == 1 < len(rows)]
    questions = [question for question in asked if question not in same]
    answers = [f"{spaced(question)}: {spaced(rows[0].when[question])}" for question in same]
    label = NO_RULE_LABEL if outcome.outcome == NO_RULE else rule_set.outcome[outcome.outcome].label
    groups = tuple(
        (rule and f"by rule {rule}", tuple(_cells(row, questions, anything) for row in group))
        for rule, group in groupby(rows, key=lambda row: row.rule)
    )
    return Table(
        outcome.outcome,
        outcome.profiles,
        f"{label}: {outcome.profiles:,} of {counted(overview.counted.profiles, 'profile')}",
        f"all of them with {'; '.join(answers)}" if answers else "",
        (*map(spaced, questions), "profiles"),
        groups,
        outcome.more,
    )


def _cells(row: RegionRow, questions: Sequence[str], anything: str) -> tuple[str, ...]:
    return (*(spaced(row.when.get(question, anything)) for question in questions), f"{row.profiles:,}")
