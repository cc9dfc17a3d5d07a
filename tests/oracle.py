"""The oracle: a naive first-match interpreter, and every question about it by trying everything.

Written from the design's words, not from the engine. It is slow and obvious on purpose: rule
sets must be small. Nothing in the product uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

from iopscreen.ruleset.model import (
    NO,
    NO_RULE,
    YES,
    AllOf,
    Answers,
    AnyOf,
    Bound,
    Condition,
    Kind,
    Not,
    NumberTest,
    OptionsTest,
    Question,
    RuleSet,
    Unanswered,
    Value,
    ValueTest,
    tests_of,
)

Profile = Mapping[str, Value]
"""A value for every question."""


# --- one caller, everything known -----------------------------------------------------------


def holds(condition: Condition, facts: Profile) -> bool:
    """Whether `condition` holds for `facts`: the answers, and the settings' values beside them."""
    match condition:
        case AllOf(parts):
            return all(holds(part, facts) for part in parts)
        case AnyOf(parts):
            return any(holds(part, facts) for part in parts)
        case Not(part):
            return not holds(part, facts)
        case ValueTest(subject, values, _):
            return facts[subject] in values
        case OptionsTest(subject, options, every, _):
            named = set(facts[subject])
            return options <= named if every else bool(options & named)
        case NumberTest(subject, bounds, _):
            return all(within(facts[subject], bound, facts) for bound in bounds)


def within(number: int, bound: Bound, facts: Profile) -> bool:
    """Whether `number` keeps to one bound; a limit may be the name of a setting."""
    limit = limit_of(bound, facts)
    match bound.op:
        case "at_least":
            return number >= limit
        case "above":
            return number > limit
        case "at_most":
            return number <= limit
        case "below":
            return number < limit
        case "is":
            return number == limit
    raise AssertionError(bound.op)


def limit_of(bound: Bound, facts: Profile) -> int:
    return facts[bound.limit] if isinstance(bound.limit, str) else bound.limit


@dataclass(frozen=True)
class Fate:
    """What becomes of one complete set of answers."""

    impossible: str | None
    """The first impossible entry that excludes it."""
    rule: str | None
    """The first rule that matches."""
    outcome: str
    notes: frozenset[str]


def fate_of(rule_set: RuleSet, profile: Profile) -> Fate:
    """First match, rule by rule. (Under the policy `unique` too: deciding takes the first.)"""
    facts = {**rule_set.readings, **profile}
    impossible = next((entry.id for entry in rule_set.impossible if holds(entry.condition, facts)), None)
    rule = next(
        (
            rule
            for rule in rule_set.rules
            if holds(rule.when, facts) and not (rule.unless is not None and holds(rule.unless, facts))
        ),
        None,
    )
    notes = frozenset(note.id for note in rule_set.notes if holds(note.condition, facts))
    return Fate(impossible, rule and rule.id, rule.recommend if rule else NO_RULE, notes)


# --- partial answers: every completion ------------------------------------------------------


class NoCompletion(Exception):
    """Every completion is impossible; `entries` are those that exclude one first, in file order."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = tuple(entries)


@dataclass(frozen=True)
class Verdict:
    """What the design says about partial answers. Notes are ids (of a question for its `if_unanswered`)."""

    recommendation: str | None
    rule: str | None
    rules: tuple[str, ...]
    possible: tuple[str, ...]
    ask_next: tuple[str, ...]
    not_needed: tuple[str, ...]
    notes: tuple[str, ...]


Change = tuple[str, dict[str, Value]]
"""Another recommendation, and the changed answers that decide it."""


class Oracle:
    """Everything that can be asked about one small rule set."""

    def __init__(self, rule_set: RuleSet) -> None:
        self.rule_set = rule_set
        self._fates: dict[tuple[Value, ...], Fate] = {}

    @cached_property
    def domains(self) -> dict[str, tuple[Value, ...]]:
        """Enough values of each question: all of them, of numbers every threshold and its neighbours."""
        return {question.id: domain(self.rule_set, question) for question in self.rule_set.questions}

    def fate(self, profile: Profile) -> Fate:
        key = tuple(profile[question] for question in self.domains)
        if key not in self._fates:
            self._fates[key] = fate_of(self.rule_set, profile)
        return self._fates[key]

    def completions(self, answers: Answers) -> Iterator[dict[str, Value]]:
        """Every way of filling what is not known, impossible ones too."""
        choices = [
            (answers[question],) if is_known(answers, question) else values for question, values in self.domains.items()
        ]
        for values in product(*choices):
            yield dict(zip(self.domains, values, strict=True))

    def possible(self, answers: Answers) -> list[dict[str, Value]]:
        return [profile for profile in self.completions(answers) if self.fate(profile).impossible is None]

    def decide(self, answers: Answers, *, absent_is_unknown: bool = False) -> Verdict:
        """The verdict on `answers`. Raises NoCompletion."""
        profiles = self.possible(answers)
        if not profiles:
            excluding = {self.fate(profile).impossible for profile in self.completions(answers)}
            raise NoCompletion([entry.id for entry in self.rule_set.impossible if entry.id in excluding])
        fates = [self.fate(profile) for profile in profiles]
        outcomes = {fate.outcome for fate in fates}
        deciding = {fate.rule for fate in fates}
        open_questions = [
            question.id
            for question in self.rule_set.questions
            if not question.for_notes and not is_known(answers, question.id)
        ]
        ask_next = self._ask_next(profiles, open_questions) if len(outcomes) > 1 else ()
        only = next(iter(outcomes)) if len(outcomes) == 1 else None
        return Verdict(
            recommendation=None if only == NO_RULE else only,
            rule=next(iter(deciding)) if len(deciding) == 1 else None,
            rules=tuple(rule.id for rule in self.rule_set.rules if rule.id in deciding),
            possible=tuple(outcome for outcome in (*self.rule_set.outcome, NO_RULE) if outcome in outcomes),
            ask_next=ask_next,
            not_needed=tuple(question for question in open_questions if question not in ask_next),
            notes=self._notes(answers, fates, ask_next, absent_is_unknown),
        )

    def _ask_next(self, profiles: list[dict[str, Value]], open_questions: Sequence[str]) -> tuple[str, ...]:
        """Those that matter alone; where none does, the first smallest set that matters together."""
        alone = tuple(question for question in open_questions if self._differ_in(profiles, (question,)))
        if alone:
            return alone
        sets = (chosen for size in range(2, len(open_questions) + 1) for chosen in combinations(open_questions, size))
        return next((chosen for chosen in sets if self._differ_in(profiles, chosen)), ())

    def _differ_in(self, profiles: list[dict[str, Value]], questions: tuple[str, ...]) -> bool:
        """Whether two of `profiles` that differ in nothing but `questions` have different outcomes."""
        outcomes: dict[tuple[Value, ...], str] = {}
        for profile in profiles:
            rest = tuple(value for question, value in profile.items() if question not in questions)
            if outcomes.setdefault(rest, self.fate(profile).outcome) != self.fate(profile).outcome:
                return True
        return False

    def _notes(
        self, answers: Answers, fates: list[Fate], ask_next: Sequence[str], absent_is_unknown: bool
    ) -> tuple[str, ...]:
        certain = [note.id for note in self.rule_set.notes if all(note.id in fate.notes for fate in fates)]
        for question in self.rule_set.questions:
            due = question.id in answers or absent_is_unknown
            if question.if_unanswered and question.id in ask_next and due:
                certain.append(question.id)
        return tuple(certain)

    def questions_for_notes(self, answers: Answers) -> tuple[str, ...]:
        """The `for_notes` questions, not asked yet, without which less could be known of a note."""
        profiles = self.possible(answers)
        unasked = [question.id for question in self.rule_set.questions if question.for_notes]
        unasked = [name for name in unasked if name not in answers]
        telling: set[str] = set()
        for note in self.rule_set.notes:
            left_out = {name for name in answers if not is_known(answers, name)}
            for name in reversed(unasked):
                if self._tells_of(note.id, profiles, name, left_out):
                    telling.add(name)
                else:
                    left_out.add(name)
        return tuple(name for name in unasked if name in telling)

    def _tells_of(self, note: str, profiles: list[dict[str, Value]], question: str, unknown: set[str]) -> bool:
        """Whether two answers, with all that will be known beside them, leave a note open or not in different ways."""
        told: dict[tuple[Value, ...], dict[Value, set[bool]]] = {}
        for profile in profiles:
            beside = tuple(value for name, value in profile.items() if name != question and name not in unknown)
            holding = told.setdefault(beside, {}).setdefault(profile[question], set())
            holding.add(note in self.fate(profile).notes)
        return any(len(set(map(frozenset, by_answer.values()))) > 1 for by_answer in told.values())

    # --- what would change the recommendation ---

    def changes(self, answers: Answers) -> list[Change]:
        """Every inclusion-minimal set of known answers which, changed, decides another recommendation."""
        present = self.decide(answers).recommendation
        if present is None:
            return []
        known = [
            question.id
            for question in self.rule_set.questions
            if not question.for_notes and is_known(answers, question.id)
        ]
        listed = []
        for outcome in self.rule_set.outcome:
            minimal: list[tuple[str, ...]] = []
            for chosen in (chosen for size in range(1, len(known) + 1) for chosen in combinations(known, size)):
                if outcome == present or any(set(smaller) <= set(chosen) for smaller in minimal):
                    continue
                changed = self._nearest_change(answers, chosen, outcome)
                if changed is not None:
                    minimal.append(chosen)
                    listed.append((outcome, changed))
        place = {name: index for index, name in enumerate((*self.rule_set.question, *self.rule_set.outcome))}
        return sorted(listed, key=lambda item: (len(item[1]), [place[name] for name in item[1]], place[item[0]]))

    def _nearest_change(self, answers: Answers, chosen: Sequence[str], outcome: str) -> dict[str, Value] | None:
        """The first new values of `chosen`, nearest first, with which `outcome` is certain."""
        choices = []
        for name in chosen:
            question, present = self.rule_set.question[name], answers[name]
            others = [value for value in self._values_near(name, present) if value != present]
            choices.append(sorted(others, key=lambda value, q=question, p=present: distance(q, p, value)))
        for values in product(*choices):
            changed = dict(zip(chosen, values, strict=True))
            if self._is_certain({**answers, **changed}, outcome):
                return changed
        return None

    def _values_near(self, question: str, present: Value) -> tuple[Value, ...]:
        """A number itself stays among the values; it is the nearest one of its own interval."""
        return tuple(dict.fromkeys((present, *self.domains[question])))

    def _is_certain(self, answers: Answers, outcome: str) -> bool:
        outcomes = {self.fate(profile).outcome for profile in self.possible(answers)}
        return outcomes == {outcome}


def is_known(answers: Answers, question: str) -> bool:
    return question in answers and not isinstance(answers[question], Unanswered)


def distance(question: Question, present: Value, value: Value) -> tuple[int, ...]:
    """Nearest number (the lower on a tie); fewest options changed, those first in file order; file order."""
    if question.kind is Kind.WHOLE_NUMBER:
        return (abs(value - present), value)
    if question.kind is Kind.MANY:
        changed = [place for place, id_ in enumerate(question.option_ids) if (id_ in present) != (id_ in value)]
        return (len(changed), *changed)
    return (values_of(question).index(value),)


# --- domains --------------------------------------------------------------------------------


def values_of(question: Question) -> tuple[Value, ...]:
    """Every answer of a question that is no number."""
    if question.kind is Kind.YES_NO:
        return (YES, NO)
    if question.kind is Kind.ONE:
        return question.option_ids
    sets = (chosen for size in range(1, len(question.options) + 1) for chosen in combinations(question.options, size))
    return tuple(
        tuple(option.id for option in chosen)
        for chosen in sets
        if len(chosen) == 1 or not any(option.alone for option in chosen)
    )


def domain(rule_set: RuleSet, question: Question) -> tuple[Value, ...]:
    """Enough values of `question`."""
    if question.kind is not Kind.WHOLE_NUMBER:
        return values_of(question)
    numbers = {question.low, question.high}
    for condition in conditions(rule_set):
        for test in tests_of(condition):
            if isinstance(test, NumberTest) and test.subject == question.id:
                for bound in test.bounds:
                    limit = limit_of(bound, rule_set.readings)
                    numbers |= {limit - 1, limit, limit + 1}
    return tuple(sorted(number for number in numbers if question.low <= number <= question.high))


def conditions(rule_set: RuleSet) -> Iterator[Condition]:
    for rule in rule_set.rules:
        yield rule.when
        yield rule.unless or AllOf(())
    yield from (entry.condition for entry in (*rule_set.impossible, *rule_set.notes, *rule_set.guarantees))


# --- a condition as its author wrote it -----------------------------------------------------


def holds_as_written(written: object, facts: Profile, groups: Mapping[str, Mapping[str, Sequence[str]]]) -> bool:
    """Whether a condition, as plain data of the rule file, holds: a second meaning, beside the reader's.

    `groups`: the groups of each question, by question id.
    """
    assert isinstance(written, dict)
    return all(_entry_holds(key, value, facts, groups) for key, value in written.items())


def _entry_holds(key: str, value: object, facts: Profile, groups: Mapping) -> bool:
    match key:
        case "any_of":
            return any(holds_as_written(part, facts, groups) for part in value)
        case "all_of":
            return all(holds_as_written(part, facts, groups) for part in value)
        case "not":
            return not holds_as_written(value, facts, groups)
    known = facts[key]
    if isinstance(known, int):
        return all(_bound_holds(op, known, facts.get(limit, limit)) for op, limit in value.items())
    if isinstance(known, tuple):
        tests = value if isinstance(value, dict) else {"any": value}
        return all(_options_hold(word, _spelled_out(names, groups[key]), known) for word, names in tests.items())
    if isinstance(value, dict):
        return known not in _spelled_out(value["not"], groups.get(key, {}))
    return known in _spelled_out(value, groups.get(key, {}))


def _bound_holds(op: str, number: int, limit: int) -> bool:
    return {
        "at_least": number >= limit,
        "above": number > limit,
        "at_most": number <= limit,
        "below": number < limit,
        "is": number == limit,
    }[op]


def _options_hold(word: str, named: set[str], known: tuple[str, ...]) -> bool:
    common = named & set(known)
    return {"any": bool(common), "all": named <= set(known), "none": not common}[word]


def _spelled_out(names: object, groups: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    for name in [names] if isinstance(names, str) else names:
        found |= set(groups.get(name, [name]))
    return found
