"""The meaning of a change as one object for a program. Computes nothing."""

from __future__ import annotations

from typing import Any

from iopscreen.audit.change.confirmed import CaseChange
from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import End, OneSided, Transition, Unasked
from iopscreen.audit.change.questions import AnswersChanged
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import WordChange
from iopscreen.report.change_outline import verdict
from iopscreen.report.findings import finding_json
from iopscreen.ruleset.findings import Finding


def diff_json(change: Change) -> dict[str, Any]:
    """The change as one object, ready for `json`. `no_rule` is null, and so is what was not counted.

    `identical`: whether everybody is recommended the same; `different`: whether anything is told, wording too.
    """
    impact, questions = change.impact, change.questions
    return {
        "identical": change.identical,
        "profiles": impact.profiles,
        "changed": impact.changed,
        "transitions": [_transition_json(transition) for transition in impact.transitions],
        "questions": {
            "added": [question.id for question in questions.added],
            "removed": [question.id for question in questions.removed],
            "renamed": [
                {"from": old, "to": new, "certain": certain}
                for certain, found in ((True, questions.renamed), (False, questions.perhaps_renamed))
                for old, new in found
            ],
            "retyped": list(questions.retyped),
            "answers": [_answers_json(answers) for answers in questions.answers],
            "words": [_word_json(word) for word in change.question_words],
        },
        "words": [_word_json(word) for word in change.words],
        "protection": [finding_json(finding, None) for finding in change.protection],
        "findings": [finding_json(finding, None) for finding in _beside_protection(change)],
        "cases": [_case_json(case) for case in change.cases],
        "other_rules": [
            {"outcome": one.outcome, "from": one.old, "to": one.new, "profiles": one.profiles}
            for one in impact.other_rules
        ],
        "one_sided": [_one_sided_json(one) for one in impact.one_sided],
        "settings": {"added": [setting.id for setting in change.added_settings]},
        "unasked": _unasked_json(impact.unasked),
        "different": change.different,
        "verdict": verdict(change),
        "old": edition_json(change.old),
        "new": edition_json(change.new),
        "complete": change.complete,
        "undecided": list(change.undecided),
    }


def _beside_protection(change: Change) -> list[Finding]:
    return [finding for finding in change.findings if finding not in change.protection]


def _transition_json(transition: Transition) -> dict[str, Any]:
    return {
        "from": transition.old,
        "to": transition.new,
        "changed": transition.changed,
        "regions": [
            {
                "when": dict(region.when),
                "profiles": region.profiles,
                "witness": dict(region.witness),
                "old": _end_json(region.old),
                "new": _end_json(region.new),
            }
            for region in transition.regions
        ],
        "more": transition.more,
        "weight": transition.weight.name.lower(),
    }


def _end_json(end: End) -> dict[str, str | None]:
    return {"outcome": end.outcome, "rule": end.rule.id if end.rule else None}


def _answers_json(answers: AnswersChanged) -> dict[str, Any]:
    return {
        "id": answers.id,
        "added": list(answers.added),
        "removed": list(answers.removed),
        "alone": list(answers.alone),
        "range": None if answers.range is None else [list(bounds) for bounds in answers.range],
    }


def _word_json(word: WordChange) -> dict[str, str | None]:
    return {"thing": word.thing.replace("`", ""), "field": word.field, "old": word.old, "new": word.new}


def _case_json(case: CaseChange) -> dict[str, Any]:
    return {
        "id": case.case.id,
        "confirmed_by": case.case.confirmed_by,
        "old": {"possible": list(case.old), "rule": case.old_rule},
        "new": {"possible": list(case.new), "rule": case.new_rule},
    }


def _one_sided_json(one: OneSided) -> dict[str, Any]:
    return {
        "only": "new" if one.only_new else "old",
        "why": "answer" if one.by_answer else "impossible",
        "profiles": one.profiles,
        "outcomes": dict(one.outcomes),
        "witness": dict(one.witness),
    }


def _unasked_json(unasked: Unasked | None) -> dict[str, Any] | None:
    if unasked is None:
        return None
    return {
        "questions": list(unasked.questions),
        "profiles": unasked.profiles,
        "of": unasked.of,
        "witness": dict(unasked.witness),
        "old": unasked.old,
        "possible": list(unasked.possible),
    }


def edition_json(edition: Edition) -> dict[str, str]:
    """Which file it is, to the byte."""
    rule_set = edition.rule_set
    return {
        "path": edition.file.path,
        "id": rule_set.id,
        "version": rule_set.version,
        "digest": edition.file.digest,
    }
