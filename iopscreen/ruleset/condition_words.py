"""A condition as a person would say it: "age is at least 18, and condition type includes none of treated"."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from iopscreen.ruleset.model import (
    AllOf,
    AnyOf,
    Bound,
    Condition,
    Not,
    NumberTest,
    OptionsTest,
    Question,
    Rule,
    RuleSet,
    Setting,
    ValueTest,
    tests_of,
)

EVERYONE = "everyone"
_OPS = {"at_least": "at least ", "above": "above ", "at_most": "at most ", "below": "below ", "is": ""}


def spaced(name: str) -> str:
    """An id as words: what stands for a question or an answer where its own words would be too long."""
    return name.replace("_", " ")


def rule_condition_in_words(rule_set: RuleSet, rule: Rule) -> str:
    """Whom a rule is about: its `when`, and its `unless`."""
    said = condition_in_words(rule_set, rule.when)
    return said if rule.unless is None else f"{said}; unless {condition_in_words(rule_set, rule.unless)}"


def condition_in_words(rule_set: RuleSet, condition: Condition) -> str:
    """A condition, in words; ids as `spaced` has them."""
    return _said(rule_set.subject, condition, inner=False)


def spelled_out(rule_set: RuleSet, condition: Condition) -> str:
    """The same, with the options of groups in the place of their names."""
    tested: dict[str, Question | Setting] = {
        name: subject for name, subject in rule_set.subject.items() if isinstance(subject, Setting)
    }
    for test in tests_of(condition):
        subject = rule_set.subject[test.subject]
        tested[test.subject] = subject._replace(groups=()) if isinstance(subject, Question) else subject
    return _said(tested, condition, inner=False)


Subjects = Mapping[str, Question | Setting]


def _said(subjects: Subjects, condition: Condition, *, inner: bool) -> str:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            said = [_said(subjects, part, inner=True) for part in parts]
            if not said:
                return EVERYONE if isinstance(condition, AllOf) else "nobody"
            word = ", and " if isinstance(condition, AllOf) else ", or "
            return f"({word.join(said)})" if inner and len(said) > 1 else word.join(said)
        case Not(part):
            return _negated(subjects, part)
        case ValueTest():
            return f"{spaced(condition.subject)} is {_values(subjects[condition.subject], condition.values)}"
        case OptionsTest():
            return f"{spaced(condition.subject)} includes {_options(subjects[condition.subject], condition)}"
        case NumberTest():  # pragma: no branch (there is no other test: mypy would tell)
            return (
                f"{spaced(condition.subject)} is {' and '.join(_bound(subjects, bound) for bound in condition.bounds)}"
            )


def _negated(subjects: Subjects, part: Condition) -> str:
    """The negation of a test is one in words, too; of anything else it is `not (...)`."""
    if isinstance(part, OptionsTest) and not part.every:
        names = _names(subjects[part.subject], part.options, "and")
        without = "includes none of" if len(part.options) > 1 else "does not include"
        return f"{spaced(part.subject)} {without} {names}"
    if isinstance(part, ValueTest):
        return f"{spaced(part.subject)} is not {_names(subjects[part.subject], part.values, 'or')}"
    said = _said(subjects, part, inner=False)
    return f"not ({said})"


def _values(subject: Question | Setting, values: Collection[str]) -> str:
    """The values, or those left out where they are fewer."""
    others = [option.id for option in subject.options if option.id not in values]
    if others and len(others) * 2 < len(values):
        return f"{'neither ' if len(others) == 2 else 'not '}{_joined(others, 'nor' if len(others) == 2 else 'or')}"
    return _names(subject, values, "or")


def _options(subject: Question | Setting, test: OptionsTest) -> str:
    names = _names(subject, test.options, "and")
    if len(test.options) == 1:
        return names
    return f"all of {names}" if test.every else f"one or more of {names}"


def _names(subject: Question | Setting, chosen: Collection[str], word: str) -> str:
    """The group that is just these, or their names in file order."""
    for group in subject.groups if isinstance(subject, Question) else ():
        if set(group.options) == set(chosen):
            return spaced(group.id)
    order = [option.id for option in subject.options]
    return _joined(sorted(chosen, key=lambda name: order.index(name) if name in order else 0), word)


def _joined(names: Collection[str], word: str) -> str:
    *first, last = [spaced(name) for name in names] or ["nothing"]
    return f"{', '.join(first)} {word} {last}" if first else last


def _bound(subjects: Subjects, bound: Bound) -> str:
    """A bound; of one that a setting holds, the number beside its name."""
    if isinstance(bound.limit, int):
        return f"{_OPS[bound.op]}{bound.limit}"
    setting = subjects[bound.limit]
    assert isinstance(setting, Setting)
    return f"{_OPS[bound.op]}{setting.value} ({spaced(setting.id)})"
