"""A rule set as the data of a rule file: what the reader understood, written back.

Read again it is the same rule set, but for places. Groups in conditions are spelled out, `unless` of
all but rules is part of `when`, the parts of a test are tests of their own, and what a file does not say is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from iopscreen.ruleset import model
from iopscreen.ruleset.model import AllOf, AnyOf, Condition, Kind, Not, NumberTest, OptionsTest, RuleSet, ValueTest
from iopscreen.ruleset.values import answer_json

Data = dict[str, Any]


def written(rule_set: RuleSet) -> Data:
    """The rule set, ready for JSON, with the keys of a rule file."""
    return _said(
        format=1,
        id=rule_set.id,
        version=rule_set.version,
        title=rule_set.title,
        policy=str(rule_set.policy),
        owner=rule_set.owner,
        reviewed=rule_set.reviewed,
        review_by=rule_set.review_by,
        disclosure=rule_set.disclosure,
        outcomes={outcome.id: _outcome(outcome) for outcome in rule_set.outcomes},
        settings={setting.id: _setting(setting) for setting in rule_set.settings},
        questions={question.id: _question(question) for question in rule_set.questions},
        impossible=[_entry(rule_set, entry, because=entry.because) for entry in rule_set.impossible],
        rules=[_rule(rule_set, rule) for rule in rule_set.rules],
        notes=[_entry(rule_set, note, say=note.say) | {"for": note.audience} for note in rule_set.notes],
        guarantees=[_guarantee(rule_set, guarantee) for guarantee in rule_set.guarantees],
        emergency=_emergency(rule_set.emergency),
        undecided=_said(say=rule_set.undecided.say, staff=_staff(rule_set.undecided.staff)),
        sources={source.id: _source(source) for source in rule_set.sources},
        override_reasons=list(rule_set.override_reasons),
        spellings=_said(**{meaning: list(texts) for meaning, texts in rule_set.spellings._asdict().items()}),
        accept=_accept(rule_set.accept),
    )


def _said(**values: Any) -> Data:
    """What is said: neither None nor empty."""
    return {key: value for key, value in values.items() if value is not None and value not in ([], {})}


# --- conditions -----------------------------------------------------------------------------


def condition_data(rule_set: RuleSet, condition: Condition) -> Data:
    """A condition as its author might have written it."""
    return _condition(rule_set.subject, condition)


Subjects = Mapping[str, model.Setting | model.Question]


def _condition(subjects: Subjects, condition: Condition) -> Data:
    match condition:
        case AllOf(parts):
            tested = {part.subject for part in parts if isinstance(part, ValueTest | OptionsTest | NumberTest)}
            if len(tested) == len(parts) != 1:  # each part a test of a subject of its own
                return {key: value for part in parts for key, value in _condition(subjects, part).items()}
            return {"all_of": [_condition(subjects, part) for part in parts]}
        case AnyOf(parts):
            return {"any_of": [_condition(subjects, part) for part in parts]}
        case Not(part):
            return {"not": _condition(subjects, part)}
        case ValueTest():
            return {condition.subject: _values(subjects[condition.subject], condition)}
        case OptionsTest():
            return {condition.subject: {"all" if condition.every else "any": _in_order(subjects, condition)}}
        case NumberTest():  # pragma: no branch (there is no other test: mypy would tell)
            return {condition.subject: {bound.op: bound.limit for bound in condition.bounds}}


def _values(subject: model.Setting | model.Question, test: ValueTest) -> Any:
    if subject.kind is Kind.YES_NO:
        [value] = test.values
        return value
    options = [option.id for option in subject.options]
    named = [option for option in options if option in test.values]
    return named or {"not": options}


def _in_order(subjects: Subjects, test: OptionsTest) -> list[str]:
    return [option.id for option in subjects[test.subject].options if option.id in test.options]


# --- what a rule set holds ------------------------------------------------------------------


def _outcome(outcome: model.Outcome) -> Data:
    return _said(
        label=outcome.label,
        say=outcome.say,
        staff=_staff(outcome.staff),
        cite=_cite(outcome.cite),
        accept=_accept(outcome.accept),
    )


def _setting(setting: model.Setting) -> Data:
    return _said(
        means=setting.means,
        type=str(setting.kind),
        options=_options(setting.options),
        value=setting.value,
        cite=_cite(setting.cite),
    )


def _question(question: model.Question) -> Data:
    assumed = question.when_no_column
    return _said(
        ask=question.ask,
        ask_other=question.ask_other,
        help=question.help,
        means=question.means,
        type=str(question.kind),
        options=_options(question.options),
        groups={group.id: list(group.options) for group in question.groups},
        range=[question.low, question.high] if question.kind is Kind.WHOLE_NUMBER else None,
        unit=question.unit,
        column=question.column,
        for_notes="yes" if question.for_notes else None,
        if_unanswered=question.if_unanswered,
        when_no_column=None if assumed is None else answer_json(assumed),
        header_hints=list(question.header_hints),
        cite=_cite(question.cite),
        accept=_accept(question.accept),
    )


def _options(options: Iterable[model.Option]) -> Data:
    return {
        option.id: _said(
            label=option.label,
            aliases=list(option.aliases),
            alone="yes" if option.alone else None,
            help=option.help,
            cite=_cite(option.cite),
        )
        for option in options
    }


def _rule(rule_set: RuleSet, rule: model.Rule) -> Data:
    return {"id": rule.id, "when": condition_data(rule_set, rule.when)} | _said(
        unless=None if rule.unless is None else condition_data(rule_set, rule.unless),
        recommend=rule.recommend,
        because=rule.because,
        basis=str(rule.basis),
        cite=_cite(rule.cite),
        accept=_accept(rule.accept),
    )


def _entry(rule_set: RuleSet, entry: model.Impossible | model.Note | model.Guarantee, **words: Any) -> Data:
    """What is the same in every statement but a rule."""
    start = {"id": entry.id, "when": condition_data(rule_set, entry.condition)}
    return start | _said(**words) | _said(cite=_cite(entry.cite))


def _guarantee(rule_set: RuleSet, guarantee: model.Guarantee) -> Data:
    """`never` allows that no rule matches; `always` does not."""
    if model.NO_RULE in guarantee.allowed:
        never = [outcome for outcome in rule_set.outcome if outcome not in guarantee.allowed]
        return _entry(rule_set, guarantee, never=never, because=guarantee.because)
    [always] = guarantee.allowed
    return _entry(rule_set, guarantee, always=always, because=guarantee.because)


def _emergency(emergency: model.Emergency | None) -> Data | None:
    if emergency is None:
        return None
    contacts = [{"name": contact.name, "reach": contact.reach} for contact in emergency.contacts]
    return _said(say=emergency.say, contacts=contacts, cite=_cite(emergency.cite))


def _source(source: model.Source) -> Data:
    passages = {
        passage.id: _said(
            section=passage.section, paragraph=passage.paragraph, says=passage.says, digest=passage.digest
        )
        for passage in source.passages
    }
    kind = "external" if source.external else None
    return _said(title=source.title, kind=kind, digest=source.digest, passages=passages)


def _staff(lines: Iterable[model.StaffLine]) -> list[Data]:
    return [_said(say=line.say, cite=_cite(line.cite)) for line in lines]


def _cite(cites: Iterable[model.Cite]) -> list[str]:
    return [cite.id for cite in cites]


def _accept(entries: Iterable[model.Accept]) -> list[Data]:
    return [
        _said(
            finding=entry.finding,
            because=entry.because,
            by=entry.by,
            until=entry.until,
            at=entry.at,
            at_most=entry.at_most,
        )
        for entry in entries
    ]
