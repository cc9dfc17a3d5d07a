"""Questions that have another id and are otherwise the same: the old edition, read under the new names.

Only where it is certain, for under a wrong name everything that is said of the change would be wrong: one
removed question and one added one of the same type, with the same answers and the same words, and no
other of either that would do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from iopscreen.audit.change.editions import Edition
from iopscreen.engine.joint import map_tests
from iopscreen.ruleset.cases import Case, CaseFile
from iopscreen.ruleset.model import Accept, Condition, Question, Rule, RuleSet, Test

Names = Mapping[str, str]
"""By old id of a question, the new one."""


def renamed_questions(old: RuleSet, new: RuleSet) -> Names:
    """The questions that are certain to be the same under another id."""
    removed = _by_meaning(question for question in old.questions if question.id not in new.subject)
    added = _by_meaning(question for question in new.questions if question.id not in old.subject)
    return {name: added[meaning] for meaning, name in removed.items() if meaning in added}


def _by_meaning(questions: Iterable[Question]) -> dict[object, str]:
    """The ids of questions, each under what it asks; without those of which several ask the same."""
    found = [(_meaning(question), question.id) for question in questions]
    number = Counter(meaning for meaning, _ in found)
    return {meaning: name for meaning, name in found if number[meaning] == 1}


def _meaning(question: Question) -> object:
    """What is asked, and how that can be answered."""
    options = tuple((option.id, option.alone) for option in question.options)
    answers = (question.kind, options, question.low, question.high, question.unit, question.for_notes)
    return answers, " ".join(question.ask.casefold().split())


# --- under the new names --------------------------------------------------------------------


def under_new_names(edition: Edition, names: Names) -> Edition:
    """The edition with its questions called as in the new one: in its rules, in its cases, wherever they are named."""
    if not names:
        return edition
    rule_set = _rule_set(edition.rule_set, names)
    cases = edition.case_file and _case_file(edition.case_file, names)
    return replace(edition, file=edition.file._replace(rule_set=rule_set), case_file=cases)


def _rule_set(rule_set: RuleSet, names: Names) -> RuleSet:
    def renamed(test: Test) -> Condition:
        return test._replace(subject=_name(test.subject, names))

    def said(condition: Condition) -> Condition:
        return map_tests(condition, renamed)

    def rule(one: Rule) -> Rule:
        unless = None if one.unless is None else said(one.unless)
        return one._replace(when=said(one.when), unless=unless, accept=_accept(one.accept, names))

    return rule_set._replace(
        accept=_accept(rule_set.accept, names),
        questions=tuple(
            one._replace(id=_name(one.id, names), accept=_accept(one.accept, names)) for one in rule_set.questions
        ),
        impossible=tuple(one._replace(condition=said(one.condition)) for one in rule_set.impossible),
        rules=tuple(map(rule, rule_set.rules)),
        notes=tuple(one._replace(condition=said(one.condition)) for one in rule_set.notes),
        guarantees=tuple(one._replace(condition=said(one.condition)) for one in rule_set.guarantees),
    )


def _accept(entries: tuple[Accept, ...], names: Names) -> tuple[Accept, ...]:
    return tuple(one._replace(at=one.at if one.at is None else _name(one.at, names)) for one in entries)


def _case_file(case_file: CaseFile, names: Names) -> CaseFile:
    return case_file._replace(cases=tuple(_case(case, names) for case in case_file.cases))


def _case(case: Case, names: Names) -> Case:
    answers = {_name(question, names): answer for question, answer in case.answers.items()}
    asked = case.expect.ask_next
    ask_next = None if asked is None else tuple(_name(question, names) for question in asked)
    return case._replace(answers=answers, expect=case.expect._replace(ask_next=ask_next))


def _name(name: str, names: Names) -> str:
    return names.get(name, name)
