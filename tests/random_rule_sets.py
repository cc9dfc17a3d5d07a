"""Random small rule sets, as the text of a rule file, and random answers to them. Seeded.

`made(seed)` always gives the same. A rule set is drawn as plain data first, so that a test can
compare what the author wrote with what the reader understood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from oracle import domain

from iopscreen.ruleset.model import Answer, Kind, RuleSet, Unanswered

MAX_PROFILES = 700
OUTCOMES = ("low", "middle", "high", "top")


@dataclass
class Subject:
    """A question or setting that conditions may test."""

    id: str
    kind: str
    options: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    groups: dict[str, list[str]] = field(default_factory=dict)
    low: int = 0
    high: int = 0
    for_notes: bool = False
    is_setting: bool = False
    value: str | int = ""
    if_unanswered: bool = False

    @property
    def size(self) -> int:
        """About how many values a reduced domain has."""
        return {"yes_no": 2, "one": len(self.options), "many": 2 ** len(self.options) - 1, "whole_number": 9}[self.kind]


@dataclass
class Made:
    """A rule set as data (conditions as an author writes them), and as text."""

    subjects: list[Subject]
    sections: dict[str, list[dict]]
    text: str

    @property
    def groups(self) -> dict[str, dict[str, list[str]]]:
        return {subject.id: subject.groups for subject in self.subjects}


def made(seed: int | str) -> Made:
    """The rule set of `seed`."""
    random = Random(seed)
    questions, settings, sections = _drawn(random)
    return Made([*questions, *settings], sections, _text(random, questions, settings, sections))


Sections = dict[str, list[dict]]
Drawn = tuple[list[Subject], list[Subject], Sections]


def _drawn(random: Random) -> Drawn:
    """Questions, settings, and what stands in the sections."""
    questions = _questions(random)
    settings = _settings(random, questions)
    deciding = [question for question in questions if not question.for_notes]
    sections = {
        "impossible": _impossible(random, deciding, [*deciding, *settings]),
        "rules": _rules(random, [*deciding, *settings]),
        "notes": _entries(random, "note", [*questions, *settings], random.choice([0, 1, 2, 3])),
        "guarantees": _entries(random, "promise", [*questions, *settings], random.choice([0, 0, 1])),
    }
    for note in sections["notes"]:
        note["say"] = "something"
    for guarantee in sections["guarantees"]:
        guarantee[random.choice(["never", "always"])] = random.choice(OUTCOMES[:3])
    sections["impossible"] += _impossible_for_notes(questions, settings, sections)
    return questions, settings, sections


Edit = Callable[[Random, Drawn], None]


def edited(seed: int | str, first: Sequence[Edit] = ()) -> tuple[str, str]:
    """Two rule files: one, and the same after the edits `first` and a few random ones.

    The second may be no valid one.
    """
    random = Random(f"edited {seed}")
    questions, settings, sections = _drawn(random)
    old = _text(Random(seed), questions, settings, sections)
    drawn = deepcopy((questions, settings, sections))
    for edit in first:
        edit(random, drawn)
    for _ in range(random.choice([0, 1, 1, 2, 3, 5])):
        if drawn[2]["rules"] and not all(question.for_notes for question in drawn[0]):
            random.choice(EDITS)(random, drawn)
    return old, _text(Random(seed), *drawn)


def _edit_condition(random: Random, drawn: Drawn) -> None:
    questions, settings, sections = drawn
    subjects = [*(question for question in questions if not question.for_notes), *settings]
    entry = random.choice([*sections["rules"], *sections["impossible"]])
    entry["when"] = condition(random, subjects, 1)


def _edit_outcome(random: Random, drawn: Drawn) -> None:
    random.choice(drawn[2]["rules"])["recommend"] = random.choice(OUTCOMES)


def _drop_rule(random: Random, drawn: Drawn) -> None:
    rules = drawn[2]["rules"]
    if len(rules) > 1:
        rules.remove(random.choice(rules))


def _reorder_rules(random: Random, drawn: Drawn) -> None:
    random.shuffle(drawn[2]["rules"])


def _drop_impossible(random: Random, drawn: Drawn) -> None:
    drawn[2]["impossible"][:1] = []


def add_impossible(random: Random, drawn: Drawn) -> None:
    """One more entry, which excludes callers."""
    known = [question for question in drawn[0] if not question.for_notes]
    drawn[2]["impossible"].append({"id": "out-new", "when": condition(random, known, 1)})


def add_question(random: Random, drawn: Drawn) -> None:
    """One more question, a rule that tests it, and sometimes an entry by which it excludes callers."""
    questions, _, sections = drawn
    name = f"q{len(questions) + 10}"
    added = _subject(random, name, ("yes_no", "one", "whole_number"))
    known = [question for question in questions if not question.for_notes]
    questions.insert(random.randint(0, len(questions)), added)
    rule = {"id": f"about-{name}", "when": condition(random, [added], 0, 1), "recommend": random.choice(OUTCOMES)}
    sections["rules"].insert(random.randint(0, len(sections["rules"])), rule | {"basis": "site"})
    if random.random() < 0.4:
        when = condition(random, [added], 0, 1) | condition(random, known, 0, 1)
        sections["impossible"].append({"id": f"out-{name}", "when": when})


def _drop_question(random: Random, drawn: Drawn) -> None:
    questions, _, sections = drawn
    gone = random.choice(questions)
    questions.remove(gone)
    for entries in sections.values():
        entries[:] = [entry for entry in entries if f"'{gone.id}'" not in str(entry)]


def _edit_answers(random: Random, drawn: Drawn) -> None:
    question = random.choice(drawn[0])
    if question.kind == "whole_number":
        question.low, question.high = question.low + random.choice([-2, 0, 1]), question.high + random.choice([0, 3])
    elif question.kind in ("one", "many"):
        if random.random() < 0.5 or len(question.options) == 1:
            question.options = (*question.options, f"{question.id}_new")
        else:
            question.options = question.options[:-1]
        question.alone = tuple(option for option in question.options if random.random() < 0.2)


def _retype_question(random: Random, drawn: Drawn) -> None:
    """Another type, where no condition tests the question as it was."""
    question = random.choice(drawn[0])
    for entries in drawn[2].values():
        entries[:] = [entry for entry in entries if f"'{question.id}'" not in str(entry)]
    question.kind, question.options, question.alone, question.groups = "yes_no", (), (), {}


def _flip_setting(random: Random, drawn: Drawn) -> None:
    for setting in drawn[1][:1]:
        if setting.kind == "yes_no":
            setting.value = "no" if setting.value == "yes" else "yes"
        elif setting.kind == "one":
            setting.value = random.choice(setting.options)
        else:
            setting.value = random.randint(-3, 25)


def refactored(seed: int) -> tuple[str, str]:
    """Two rule files that mean the same: one, and the same with its rules and entries written otherwise."""
    random = Random(f"refactored {seed}")
    questions, settings, sections = _drawn(random)
    subjects = [*(question for question in questions if not question.for_notes), *settings]
    old = _text(Random(seed), questions, settings, sections)
    rules = []
    for rule in deepcopy(sections["rules"]):
        rule["when"] = _otherwise(random, rule["when"])
        rules += _split(random, rule, subjects)
    entries = [entry | {"when": _otherwise(random, entry["when"])} for entry in deepcopy(sections["impossible"])]
    random.shuffle(entries)
    return old, _text(Random(seed), questions, settings, sections | {"rules": rules, "impossible": entries})


def _otherwise(random: Random, when: dict) -> dict:
    """The same condition in other words."""
    ways = [when, {"all_of": [when, when]}, {"any_of": [when, when]}, {"not": {"not": when}}]
    return random.choice(ways) if when else when


def _split(random: Random, rule: dict, subjects: Sequence[Subject]) -> list[dict]:
    """A rule as itself, with a copy that never decides behind it, or behind a narrower one of the same outcome."""
    narrow = {"all_of": [rule["when"], condition(random, subjects, 1)]} if rule["when"] else {}
    kinds = {
        "itself": [rule],
        "copied": [rule, rule | {"id": f"{rule['id']}-again"}],
        "split": [rule | {"id": f"{rule['id']}-some", "when": narrow or condition(random, subjects, 1)}, rule],
    }
    return kinds[random.choice(list(kinds))]


EDITS = (
    _edit_condition,
    _edit_condition,
    _edit_outcome,
    _drop_rule,
    _reorder_rules,
    _drop_impossible,
    add_question,
    _drop_question,
    _edit_answers,
    _retype_question,
    _flip_setting,
)


# --- drawing --------------------------------------------------------------------------------


def _questions(random: Random) -> list[Subject]:
    found: list[Subject] = []
    profiles = 1
    for number in range(random.randint(2, 5)):
        question = _subject(random, f"q{number}", ("yes_no", "yes_no", "one", "many", "whole_number"))
        question.for_notes = number > 0 and random.random() < 0.2
        question.if_unanswered = not question.for_notes and random.random() < 0.3
        if profiles * question.size <= MAX_PROFILES:
            profiles *= question.size
            found.append(question)
    if all(question.for_notes for question in found):
        found[0].for_notes = False
    random.shuffle(found)
    return found


def _settings(random: Random, questions: Sequence[Subject]) -> list[Subject]:
    found = []
    for number in range(random.choice([0, 1, 2])):
        setting = _subject(random, f"s{number}", ("yes_no", "one", "whole_number", "whole_number"))
        setting.is_setting = True
        match setting.kind:
            case "yes_no":
                setting.value = random.choice(["yes", "no"])
            case "one":
                setting.value = random.choice(setting.options)
            case _:
                setting.value = random.randint(-3, 25)
        found.append(setting)
    return found


def _subject(random: Random, name: str, kinds: Sequence[str]) -> Subject:
    subject = Subject(name, random.choice(kinds))
    if subject.kind in ("one", "many"):
        subject.options = tuple(
            f"{name}_{letter}" for letter in "abcd"[: random.randint(1 + (random.random() < 0.9), 4)]
        )
    if subject.kind == "many":
        subject.alone = tuple(option for option in subject.options if random.random() < 0.2)
    if subject.kind in ("one", "many") and not name.startswith("s") and random.random() < 0.4:
        subject.groups = {f"{name}_group": random.sample(subject.options, random.randint(1, len(subject.options)))}
    if subject.kind == "whole_number":
        subject.low = random.choice([0, 0, 1, -5])
        subject.high = subject.low + random.choice([0, 1, 4, 20])
    return subject


def _rules(random: Random, subjects: Sequence[Subject]) -> list[dict]:
    rules = _entries(random, "rule", subjects, random.randint(1, 7))
    if random.random() < 0.4:
        rules.append({"id": "rest", "when": {}})
    for rule in rules:
        rule["recommend"] = random.choice(OUTCOMES[: random.choice([2, 3, 4])])
        rule["basis"] = "site"
    return rules


def _impossible(random: Random, deciding: Sequence[Subject], subjects: Sequence[Subject]) -> list[dict]:
    """Combinations that cannot occur; sometimes they tie the answers of two questions together."""
    entries = _entries(random, "out", subjects, random.choice([0, 0, 0, 1, 1, 2]))
    for entry in entries:
        if random.random() < 0.8:
            entry["when"] = condition(random, subjects, 0, 2) | condition(random, deciding, 0, 2)
    if random.random() < 0.4:
        tied = [condition(random, [subject], 0, 1) for subject in deciding[:3]]
        for place, (one, other) in enumerate(pairwise(tied)):
            entries.append({"id": f"tied-{place}", "when": one, "unless": other})
            entries.append({"id": f"tied-{place}-back", "when": other, "unless": one})
    return entries


def _impossible_for_notes(questions: Sequence[Subject], settings: Sequence[Subject], sections: Sections) -> list[dict]:
    """Answers for notes alone that exclude one another, sometimes; drawn apart from all else, which stays as it was."""
    random = Random(repr(sections))
    about = [question for question in questions if question.for_notes]
    if not about or random.random() < 0.5:
        return []
    entries = _entries(random, "unsaid", [*about, *settings], 1, 2)
    for entry in entries:  # of settings alone, it could exclude everybody
        entry["when"] |= condition(random, about, 0, 2)
    return entries


def _entries(random: Random, name: str, subjects: Sequence[Subject], count: int, size: int = 3) -> list[dict]:
    entries = []
    for number in range(count):
        entry = {"id": f"{name}-{number}", "when": condition(random, subjects, 2, size)}
        if random.random() < 0.3:
            entry["unless"] = condition(random, subjects, 1, 2)
        entries.append(entry)
    return entries


def condition(random: Random, subjects: Sequence[Subject], depth: int, size: int = 3) -> dict:
    """A random condition, as data."""
    written: dict = {}
    for _ in range(random.randint(1, size)):
        key = random.choice([*subjects, "any_of", "all_of", "not"]) if depth else random.choice(subjects)
        if isinstance(key, Subject):
            written[key.id] = _test(random, key, subjects)
        elif key == "not":
            written["not"] = condition(random, subjects, depth - 1, 2)
        else:
            written[key] = [condition(random, subjects, depth - 1, 2) for _ in range(random.randint(1, 3))]
    return written


def _test(random: Random, subject: Subject, subjects: Sequence[Subject]) -> object:
    match subject.kind:
        case "yes_no":
            return random.choice(["yes", "no"])
        case "one":
            names = _some(random, subject)
            return {"not": names} if random.random() < 0.3 else names
        case "many":
            if random.random() < 0.5:
                return _some(random, subject)
            words = random.sample(["any", "all", "none"], random.choice([1, 1, 2, 3]))
            return {word: _some(random, subject) for word in words}
    words = random.sample(["at_least", "above", "at_most", "below", "is"], random.choice([1, 1, 1, 2]))
    return {word: _limit(random, subject, subjects) for word in words}


def _some(random: Random, subject: Subject) -> object:
    """One option or group, or a list of them."""
    names = [*subject.options, *subject.groups]
    chosen = random.sample(names, random.randint(1, len(names)))
    return chosen[0] if len(chosen) == 1 and random.random() < 0.7 else chosen


def _limit(random: Random, subject: Subject, subjects: Sequence[Subject]) -> object:
    if subject.is_setting:
        return random.randint(-3, 25)
    usable = [
        other.id
        for other in subjects
        if other.is_setting and isinstance(other.value, int) and subject.low <= other.value <= subject.high
    ]
    if usable and random.random() < 0.5:
        return random.choice(usable)
    return random.randint(subject.low, subject.high)


# --- writing --------------------------------------------------------------------------------


def _text(
    random: Random, questions: Sequence[Subject], settings: Sequence[Subject], sections: Mapping[str, list[dict]]
) -> str:
    policy = random.choice(["first", "first", "unique"])
    lines = [
        "format: 1",
        "id: random",
        'version: "1.0.0"',
        "title: A random rule set",
        f"policy: {policy}",
        "outcomes:",
    ]
    lines += [f"  {outcome}: {{label: The {outcome} outcome}}" for outcome in OUTCOMES]
    for section, subjects in (("settings", settings), ("questions", questions)):
        if subjects:
            lines.append(f"{section}:")
        for subject in subjects:
            lines += [f"  {subject.id}:", *(f"    {line}" for line in _subject_lines(random, subject))]
    for section, entries in sections.items():
        if entries:
            lines.append(f"{section}:")
        for entry in entries:
            lines += _entry_lines(random, section, entry)
    return "\n".join(lines) + "\n"


def _subject_lines(random: Random, subject: Subject) -> list[str]:
    lines = [f"type: {subject.kind}"]
    lines.append("means: something" if subject.is_setting else f"ask: What about {subject.id}?")
    if subject.is_setting:
        lines.append(f"value: {_scalar(random, subject.value)}")
    elif subject.kind == "whole_number":
        lines.append(f"range: [{subject.low}, {subject.high}]")
    if subject.options:
        lines.append("options:")
    for option in subject.options:
        alone = ", alone: yes" if option in subject.alone else ""
        lines.append(f"  {option}: {{label: Option {option}{alone}}}")
    if subject.groups:
        lines += ["groups:", *(f"  {name}: {_flow(random, members)}" for name, members in subject.groups.items())]
    if subject.for_notes:
        lines.append("for_notes: yes")
    if subject.if_unanswered:
        lines.append("if_unanswered: Find out.")
    return lines


def _entry_lines(random: Random, section: str, entry: dict) -> list[str]:
    lines = []
    for key, value in entry.items():
        if key in ("when", "unless") and value and random.random() < 0.3:
            lines += [f"{key}:", *(f"  {line}" for line in _block(random, value))]
        else:
            lines.append(f"{key}: {_flow(random, value)}")
    if section in ("impossible", "rules"):
        lines.append("because: of a reason")
    return [f"{'  - ' if place == 0 else '    '}{line}" for place, line in enumerate(lines)]


def _flow(random: Random, value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(random, part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(random, part) for part in value) + "]"
    return _scalar(random, value)


def _block(random: Random, value: dict) -> list[str]:
    """The lines of a mapping in block style, lists of conditions too."""
    lines = []
    for key, part in value.items():
        if isinstance(part, dict) and part:
            lines += [f"{key}:", *(f"  {line}" for line in _block(random, part))]
        elif isinstance(part, list) and isinstance(part[0], dict):
            lines.append(f"{key}:")
            for item in part:
                lines += [f"{'- ' if place == 0 else '  '}{line}" for place, line in enumerate(_block(random, item))]
        else:
            lines.append(f"{key}: {_flow(random, part)}")
    return lines


def _scalar(random: Random, value: object) -> str:
    """A value in one of the spellings that mean the same."""
    if value in ("yes", "no"):
        word = {"yes": ["yes", "Yes", "true", "'yes'", '"yes"'], "no": ["no", "No", "false", "'no'", '"no"']}
        return random.choice(word[value])
    return random.choice([f'"{value}"', f"'{value}'"]) if random.random() < 0.1 else str(value)


# --- answers --------------------------------------------------------------------------------


def random_answers(random: Random, rule_set: RuleSet, share_known: float) -> dict[str, Answer]:
    """Some answers: known ones (of numbers, any in the range), unknown and declined ones, the rest absent."""
    answers: dict[str, Answer] = {}
    for question in rule_set.questions:
        if random.random() < share_known:
            values = domain(rule_set, question)
            if question.kind is Kind.WHOLE_NUMBER and random.random() < 0.5:
                answers[question.id] = random.randint(question.low, question.high)
            else:
                answers[question.id] = random.choice(values)
        elif random.random() < 0.5:
            answers[question.id] = random.choice([Unanswered.UNKNOWN, Unanswered.DECLINED])
    return answers
