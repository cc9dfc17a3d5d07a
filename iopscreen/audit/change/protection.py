"""What protects callers, and what a change takes away from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iopscreen.audit.change.comparison import Comparison
from iopscreen.audit.references import accepting
from iopscreen.audit.subject import Told
from iopscreen.audit.telling import listed, quoted
from iopscreen.engine.compiled import TooTangledToCompile
from iopscreen.ruleset.cases import Case, CaseFile
from iopscreen.ruleset.condition_words import condition_in_words
from iopscreen.ruleset.findings import Place, Related
from iopscreen.ruleset.model import Accept, Condition, Impossible, OptionsTest, RuleSet

MAX_RELATED = 10
"""How many deleted cases are shown with what they expected; all are named."""


def protection_weakened(comparison: Comparison) -> Iterator[Told]:
    """What protects callers is taken away or changed.

    That is a guarantee, an impossible entry, a case, a setting, a contact for emergencies, or what to do when an
    answer is not known; and a finding that is newly accepted, or an answer newly assumed for files that lack it.

    Example: a guarantee `never: iop` for callers in need of detox is deleted in the same change that makes
    its proof fail.

    What to do: nothing, if that is what the change is for; then say so where it is reviewed. Else put back what was
    taken away. A guarantee that became stronger, which is proved, is not told.
    """
    yield from _guarantees(comparison)
    yield from _impossible(comparison)
    yield from _cases(comparison)
    yield from _accepted(comparison)
    yield from _settings(comparison)
    yield from _questions(comparison)
    yield from _emergency(comparison)


# --- statements -----------------------------------------------------------------------------


def _guarantees(comparison: Comparison) -> Iterator[Told]:
    after = {guarantee.id: guarantee for guarantee in comparison.new.rule_set.guarantees}
    written = _written(comparison)
    for old in comparison.old.rule_set.guarantees:
        new = after.get(old.id)
        if new is None:
            message = f"guarantee `{old.id}` is gone"
            yield _gone(comparison, "guarantees", message, old.place, "it stood here")
            continue
        wider = old.id in written and comparison.implies(*written[old.id])
        if not wider and _changed(old.condition, new.condition):
            when = condition_in_words(comparison.new.rule_set, new.condition)
            message = f"guarantee `{old.id}` no longer holds for all callers of before, but when `{when}`"
            was = f"it was for `{condition_in_words(comparison.old.rule_set, old.condition)}`"
            yield Told(new.place, message, comparison.before(old.place, was))
        allowed = [outcome for outcome in comparison.new.rule_set.outcome if outcome in new.allowed - old.allowed]
        allowed = [outcome for outcome in allowed if outcome in comparison.old.rule_set.outcome]
        if allowed:
            message = f"guarantee `{old.id}` now allows {listed(allowed)}, too"
            yield _edited(comparison, new.place, message, old.place)


def _written(comparison: Comparison) -> Mapping[str, tuple[Condition, Condition]]:
    """By id, the conditions of the guarantees of both sides, as they can be compared."""
    joint = comparison.joint
    if isinstance(joint, TooTangledToCompile):
        return {}
    after = {one.id: one.condition for one in joint.new.rule_set.guarantees}
    return {one.id: (one.condition, after[one.id]) for one in joint.old.rule_set.guarantees if one.id in after}


def _impossible(comparison: Comparison) -> Iterator[Told]:
    before = {entry.id: entry for entry in comparison.old.rule_set.impossible}
    after = {entry.id: entry for entry in comparison.new.rule_set.impossible}
    for old in before.values():
        new = after.get(old.id)
        if new is None:
            message = f"impossible entry `{old.id}` is gone: callers whom it refused are recommended something"
            yield _gone(comparison, "impossible", message, old.place, "it stood here")
        elif _changed(old.condition, new.condition) and not _same_callers(comparison, old.id):
            when = condition_in_words(comparison.new.rule_set, new.condition)
            message = f"impossible entry `{old.id}` refuses other callers than before: `{when}`"
            was = f"it was `{condition_in_words(comparison.old.rule_set, old.condition)}`"
            yield Told(new.place, message, comparison.before(old.place, was))
    for new in after.values():
        if new.id not in before:
            message = f"impossible entry `{new.id}` is new: no verdict and no guarantee is about those callers any more"
            yield Told(new.place, message)


def _same_callers(comparison: Comparison, name: str) -> bool:
    joint = comparison.joint
    if isinstance(joint, TooTangledToCompile):
        return False
    old, new = (_entry(half.rule_set, name).condition for half in (joint.old, joint.new))
    return comparison.implies(old, new) and comparison.implies(new, old)


def _entry(rule_set: RuleSet, name: str) -> Impossible:
    return next(entry for entry in rule_set.impossible if entry.id == name)


def _changed(old: Condition, new: Condition) -> bool:
    return meaning_of(old) != meaning_of(new)


def meaning_of(value: object) -> object:
    """A value of a rule set without the places that it knows; values that mean the same are equal."""
    if isinstance(value, Place):
        return None
    if isinstance(value, OptionsTest) and value.part:  # what it says of where it stands
        return meaning_of(value._replace(part=""))
    if isinstance(value, tuple):
        return (type(value).__name__, *(meaning_of(part) for part in value))
    return value


# --- cases ----------------------------------------------------------------------------------


def _cases(comparison: Comparison) -> Iterator[Told]:
    old, new = comparison.old.case_file, comparison.new.case_file
    if old is None or not old.cases:
        return
    if new is None:
        number = f"{len(old.cases)} case{'' if len(old.cases) == 1 else 's'}"
        message = f"the file of cases is gone, and with it {number}"
        related = Related(old.path, old.cases[0].place, "the first of them")
        yield Told(comparison.new.rule_set.place, message, (related,))
        return
    after = {case.id: case for case in new.cases}
    said = {_said(case) for case in new.cases}
    missed = [case for case in old.cases if _said(case) not in said]
    for case in missed:
        if case.id in after:
            yield _edited_case(case, after[case.id], (old, new))
    gone = [case for case in missed if case.id not in after]
    if gone:
        names = ", ".join(f"`{case.id}`{_confirmed(case)}" for case in gone)
        message = f"case {names} is gone" if len(gone) == 1 else f"{len(gone)} cases are gone: {names}"
        stood = [Related(old.path, case.place, f"it expected {expectation(case)}") for case in gone]
        yield Told(Place(1, 1), message, tuple(stood[:MAX_RELATED]), path=new.path)


def _said(case: Case) -> tuple[object, object]:
    return frozenset(case.answers.items()), case.expect


def _edited_case(old: Case, new: Case, files: tuple[CaseFile, CaseFile]) -> Told:
    if frozenset(new.answers.items()) != frozenset(old.answers.items()):
        now = "is now about another caller"
    else:
        now = f"now expects {expectation(new)} instead of {expectation(old)}"
    related = Related(files[0].path, old.place, f"it expected {expectation(old)}")
    return Told(new.place, f"case `{old.id}`{_confirmed(old)} {now}", (related,), path=files[1].path)


def _confirmed(case: Case) -> str:
    return f" (confirmed by {case.confirmed_by})" if case.confirmed_by else ""


def expectation(case: Case) -> str:
    """What a case expects, in words."""
    expect = case.expect
    rule = f"rule `{expect.rule}`" if expect.rule else ""
    parts = [" by ".join(filter(None, [f"`{expect.recommend}`" if expect.recommend else "", rule]))]
    if expect.possible is not None:
        parts.append(listed(expect.possible, "or"))
    if expect.ask_next is not None:
        parts.append(f"{listed(expect.ask_next)} to be asked next" if expect.ask_next else "nothing to be asked next")
    return ", ".join(filter(None, parts))


# --- acceptances ----------------------------------------------------------------------------


def _accepted(comparison: Comparison) -> Iterator[Told]:
    before = dict(_accepts(comparison.old.rule_set))
    for key, accept in _accepts(comparison.new.rule_set):
        old = before.get(key)
        about = f" about `{key[0] or accept.at}`" if key[0] or accept.at else ""
        if old is None:
            yield Told(accept.place, f"`{accept.finding}`{about} is newly accepted")
        elif (accept.until or _FOR_EVER) > (old.until or _FOR_EVER):
            until = f"until {accept.until}" if accept.until else "for ever"
            yield _edited(comparison, accept.place, f"`{accept.finding}`{about} is now accepted {until}", old.place)
        elif old.at_most is not None and (accept.at_most is None or accept.at_most > old.at_most):
            size = "whatever its size" if accept.at_most is None else f"for at most {accept.at_most:,}"
            yield _edited(comparison, accept.place, f"`{accept.finding}`{about} is now accepted {size}", old.place)


_FOR_EVER = "9999-12-31"
_Key = tuple[str | None, str, str | None]


def _accepts(rule_set: RuleSet) -> Iterator[tuple[_Key, Accept]]:
    """Every `accept` entry under what it is about: the thing that holds it, the finding, what it names."""
    for accept in rule_set.accept:
        yield (None, accept.finding, accept.at), accept
    for thing in accepting(rule_set):
        for accept in thing.accept:
            yield (thing.id, accept.finding, accept.at), accept


# --- settings, questions, emergency ---------------------------------------------------------


def _settings(comparison: Comparison) -> Iterator[Told]:
    after = {setting.id: setting for setting in comparison.new.rule_set.settings}
    for old in comparison.old.rule_set.settings:
        new = after.get(old.id)
        if new is None:
            message = f"setting `{old.id}` (`{old.value}`) is gone: {old.means}"
            yield _gone(comparison, "settings", message, old.place, "it stood here")
        elif new.value != old.value:
            message = f"setting `{old.id}` is now `{new.value}` instead of `{old.value}`: {new.means}"
            yield _edited(comparison, new.place, message, old.place)


def _questions(comparison: Comparison) -> Iterator[Told]:
    before = comparison.old.rule_set.question
    for new in comparison.new.rule_set.questions:
        old = before.get(new.id)
        if new.when_no_column is not None and (old is None or old.when_no_column != new.when_no_column):
            message = f"files without `{new.id}` are now taken to say {quoted(new.when_no_column)}"
            yield Told(new.place, message)
        if old is None:
            continue
        if old.if_unanswered and not new.if_unanswered:
            message = f"`if_unanswered` of `{new.id}` is gone: nobody is told what to do when it is not known"
            yield _edited(comparison, new.place, message, old.place)
        hints = [hint for hint in old.header_hints if hint not in new.header_hints]
        if hints:
            message = f"`header_hints` of `{new.id}` lack {listed(hints)}: such columns of a file no longer stop it"
            yield _edited(comparison, new.place, message, old.place)
    for old in before.values():
        if old.if_unanswered and old.id not in comparison.new.rule_set.question:
            message = f"question `{old.id}` is gone, and what to do when it is not known"
            yield _gone(comparison, "questions", message, old.place, "it stood here")


def _emergency(comparison: Comparison) -> Iterator[Told]:
    old, new = comparison.old.rule_set.emergency, comparison.new.rule_set.emergency
    if old is None:
        return
    if new is None:
        yield Told(comparison.new.rule_set.place, "`emergency` is gone: what to say, and whom to reach")
        return
    for contact in old.contacts:
        if contact not in new.contacts:
            message = f"contact `{contact.name}` ({contact.reach}) is gone from `emergency`"
            yield Told(comparison.section("emergency"), message)


def _gone(comparison: Comparison, section: str, message: str, place: Place, related: str) -> Told:
    return Told(comparison.section(section), message, comparison.before(place, related))


def _edited(comparison: Comparison, place: Place, message: str, old: Place) -> Told:
    return Told(place, message, comparison.before(old, "as it was"))
