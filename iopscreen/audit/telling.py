"""What several checks say in the same words: names, numbers, places, and why nobody meets a condition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from iopscreen.audit.subject import ANY, Subject
from iopscreen.engine.table import Clause
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import NO_RULE, Answer, Condition, Rule, tests_of
from iopscreen.ruleset.values import answer_json


def impossible_entries(subject: Subject, positions: Sequence[int]) -> Iterator[Related]:
    """The impossible entries at `positions`, which exclude whoever it is about."""
    for position in positions:
        entry = subject.rule_set.impossible[position]
        yield subject.related(entry.place, f"impossible entry `{entry.id}` excludes them")


def nobody_meets(subject: Subject, clauses: Sequence[Clause], condition: Condition) -> tuple[Related, ...]:
    """Why nobody can meet a condition, whose clauses these are. Raises OutOfTime."""
    excluding = subject.explained.excluding(clauses)
    return tuple(impossible_entries(subject, excluding) if excluding else clashing_tests(subject, condition))


def clashing_tests(subject: Subject, condition: Condition) -> Iterator[Related]:
    """The tests of a condition that together nobody can meet."""
    seen = set()
    for part in subject.explained.clash(condition):
        for test in tests_of(part):
            if test.place not in seen:
                seen.add(test.place)
                yield subject.related(test.place, f"`{test.subject}` is tested here")


def waits_for_setting(subject: Subject, condition: Condition) -> bool:
    """Whether a condition that nobody meets may be met with another value of a setting. Raises OutOfTime."""
    settings = subject.rule_set.readings
    return any(test.subject in settings for part in subject.explained.clash(condition) for test in tests_of(part))


def never_deciding(subject: Subject, rules: Iterable[Rule]) -> tuple[Related, ...]:
    """Rules that never decide, each with the finding that says why: the cause of what is told."""
    return tuple(
        subject.related(rule.place, f"rule `{rule.id}` never decides (see {subject.silent[rule.id]})") for rule in rules
    )


def setting_values(subject: Subject, condition: Condition) -> str:
    """The settings that a condition tests, for a message: another value may be what it waits for."""
    readings = subject.rule_set.readings
    tested = dict.fromkeys(test.subject for test in tests_of(condition) if test.subject in readings)
    return f" while {' and '.join(f'`{name}` is `{readings[name]}`' for name in tested)}" if tested else ""


def named(one: str, several: str, names: Sequence[str]) -> str:
    """A noun and the names that it stands for: "rule a", "rules a, b and c"."""
    return f"{one if len(names) == 1 else several} {listed(names)}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in backticks, the last one joined by a word."""
    quoted_names = [f"`{name}`" for name in names]
    return f" {last} ".join(filter(None, [", ".join(quoted_names[:-1]), quoted_names[-1]]))


def verb(subjects: Sequence[object], plural: str, other: str | None = None) -> str:
    """The verb for one subject or several: `verb(names, "decide")`, `verb(names, "has", "have")`."""
    if other is not None:
        return plural if len(subjects) == 1 else other
    return f"{plural}s" if len(subjects) == 1 else plural


NOT_COUNTED = "not counted"
"""What is said where profiles fall into too many parts to be counted within the budget."""


def uncounted(*, late: bool) -> str:
    """Why profiles are not counted: `late`, because the time was used up; else because the rules are too tangled."""
    return f"{NOT_COUNTED}: {'the time was used up' if late else 'the rules are too tangled'}"


def profiles_in_words(number: int | None) -> str:
    """How many profiles, in words."""
    if number is None:
        return f"some profiles ({NOT_COUNTED})"
    return f"{number:,} profile{'' if number == 1 else 's'}"


def left_out_in_words(number: int, before: str) -> str:
    """How many impossible profiles are in no count, after `before`; nothing where there are none."""
    return f"{before}{number:,} impossible one{'' if number == 1 else 's'} left out" if number else ""


def all_of(number: int | None) -> str:
    """All of so many profiles, in words."""
    if number is None:
        return f"all profiles ({NOT_COUNTED})"
    return "the 1 profile" if number == 1 else f"all {number:,} profiles"


def in_words(answers: Mapping[str, Any]) -> str:
    """Answers on one line; those that may be any are left out."""
    known = (f"{question}: {_answer(answer)}" for question, answer in answers.items() if answer != ANY)
    return ", ".join(known) or "any answers"


def _answer(answer: Any) -> str:
    return f"[{', '.join(answer)}]" if isinstance(answer, list) else str(answer)


def quoted(answer: Answer) -> str:
    """An answer, in backticks."""
    return f"`{_answer(answer_json(answer))}`"


def recommended(outcome: str) -> str:
    """An outcome, in backticks; no rule, where none matches."""
    return "no rule" if outcome == NO_RULE else f"`{outcome}`"


def recommended_to_the_caller(outcome: str) -> str:
    """What the caller shown is recommended, as a sentence."""
    return f"{'no rule matches' if outcome == NO_RULE else f'`{outcome}` is recommended to'} the caller shown"


def would_be(outcome: str) -> str:
    """What would be recommended instead, as a sentence."""
    return "no rule would match" if outcome == NO_RULE else f"it would be `{outcome}`"
