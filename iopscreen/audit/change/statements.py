"""What a change takes away from guarantees and impossible entries, as told to whoever signs it."""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.change.comparison import Comparison
from iopscreen.audit.change.promises import UNDECIDED, PromiseChange
from iopscreen.audit.subject import Told, witness_json
from iopscreen.audit.telling import listed
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.promise import Breach
from iopscreen.engine.verdicts import Witness
from iopscreen.ruleset.condition_words import condition_in_words
from iopscreen.ruleset.findings import Place, Related, Severity
from iopscreen.ruleset.model import Condition, Impossible, NumberTest, OptionsTest, RuleSet, tests_of

# --- guarantees -----------------------------------------------------------------------------


def guarantees(comparison: Comparison) -> Iterator[Told]:
    """Those that no longer hold first, as errors; then what was taken away from one, or all of it."""
    for one in comparison.guarantees:
        if one.new is not None and one.broken is not None:
            yield _broken(comparison, one, one.broken)
    for one in comparison.guarantees:
        if one.new is None:
            yield _gone(comparison, one)
        elif one.old is not None:
            yield from _narrowed(comparison, one)
            yield from _allowing(comparison, one)


def _broken(comparison: Comparison, one: PromiseChange, breach: Breach) -> Told:
    assert one.new is not None
    kept = "held" if one.old else "is new, and the rules of before kept it"
    message = f"guarantee `{one.id}` {kept} for the caller shown, and does not hold now: {_who(comparison, breach)}"
    before = comparison.before(one.old.place, "as it was") if one.old else ()
    related = (*_rule(comparison, breach), *before)
    return Told(one.new.place, message, related, witness_json(breach.witness), severity=Severity.ERROR)


def _gone(comparison: Comparison, one: PromiseChange) -> Told:
    assert one.old is not None
    message, related = f"guarantee `{one.id}` is gone", comparison.before(one.old.place, "it stood here")
    if one.broken is None:
        return Told(comparison.section("guarantees"), message, related)
    message += f", and no longer kept: {_who(comparison, one.broken)} to the caller shown"
    related = (*_rule(comparison, one.broken), *related)
    return Told(comparison.section("guarantees"), message, related, witness_json(one.broken.witness))


def _narrowed(comparison: Comparison, one: PromiseChange) -> Iterator[Told]:
    assert one.old is not None
    assert one.new is not None
    why = because_of(comparison, one.old.condition, one.new.condition)
    if one.left_out is None and (one.decided or not (why or _changed(one.old.condition, one.new.condition))):
        return
    when = condition_in_words(comparison.new.rule_set, one.new.condition)
    was = f"it was for `{condition_in_words(comparison.old.rule_set, one.old.condition)}`"
    related = comparison.before(one.old.place, was)
    if one.left_out is None:
        message = f"guarantee `{one.id}` may be for fewer callers, which was not decided; it is now for `{when}`{why}"
        yield Told(one.new.place, message, related)
        return
    now = "is for nobody any more" if one.nobody else f"is now only for `{when}`"
    message = f"guarantee `{one.id}` {now}{why}; no longer for the caller shown"
    if one.violating is not None:
        message += f", to whom {_who(comparison, one.violating)}"
        related = (*_rule(comparison, one.violating), *related)
    yield Told(one.new.place, message, related, witness_json(one.left_out))


def _allowing(comparison: Comparison, one: PromiseChange) -> Iterator[Told]:
    if not one.allowed:
        return
    assert one.old is not None
    assert one.new is not None
    fresh = [name for name in one.allowed if name not in comparison.old.rule_set.outcome]
    message = f"guarantee `{one.id}` now allows {listed(list(one.allowed))}, too"
    message += f" ({listed(fresh)} {'is a new outcome' if len(fresh) == 1 else 'are new outcomes'})" if fresh else ""
    before = comparison.before(one.old.place, "as it was")
    breach = next((breach for breach in one.allowed.values() if breach), None)
    if breach is None:
        yield Told(one.new.place, message, before)
        return
    message += f": {_who(comparison, breach)} to the caller shown"
    yield Told(one.new.place, message, (*_rule(comparison, breach), *before), witness_json(breach.witness))


def _who(comparison: Comparison, breach: Breach) -> str:
    if breach.position == NONE_MATCHES:
        return "no rule recommends anything"
    rule = comparison.new.rule_set.rules[breach.position]
    return f"rule `{rule.id}` recommends `{rule.recommend}`"


def _rule(comparison: Comparison, breach: Breach) -> tuple[Related, ...]:
    """The rule that recommends what a guarantee forbids, or forbade."""
    if breach.position == NONE_MATCHES:
        return ()
    rule = comparison.new.rule_set.rules[breach.position]
    return (Related(comparison.new.file.path, rule.place, f"rule `{rule.id}`"),)


# --- impossible entries ---------------------------------------------------------------------


def impossible(comparison: Comparison) -> Iterator[Told]:
    """Entries that are gone, new, or refuse other callers than before."""
    before = {entry.id: entry for entry in comparison.old.rule_set.impossible}
    after = {entry.id: entry for entry in comparison.new.rule_set.impossible}
    for old in before.values():
        new = after.get(old.id)
        if new is None:
            message = f"impossible entry `{old.id}` is gone: callers whom it refused are recommended something"
            yield Told(comparison.section("impossible"), message, comparison.before(old.place, "it stood here"))
        else:
            yield from _other_callers(comparison, old, new)
    for new in after.values():
        if new.id not in before:
            message = f"impossible entry `{new.id}` is new: no verdict and no guarantee is about those callers any more"
            yield Told(new.place, message)


def _other_callers(comparison: Comparison, old: Impossible, new: Impossible) -> Iterator[Told]:
    """An entry that refuses somebody whom it did not, or no longer refuses somebody."""
    why = because_of(comparison, old.condition, new.condition)
    try:
        shown = _refused_otherwise(comparison, old.id)
    except UNDECIDED:
        if why or _changed(old.condition, new.condition):
            yield _refusing(comparison, old, new, f"may refuse other callers than before{why}", None)
        return
    if shown is not None:
        how, witness = shown
        yield _refusing(
            comparison, old, new, f"refuses other callers than before{why}, {how} the caller shown", witness
        )


def _refusing(comparison: Comparison, old: Impossible, new: Impossible, how: str, witness: Witness | None) -> Told:
    when = condition_in_words(comparison.new.rule_set, new.condition)
    was = f"it was `{condition_in_words(comparison.old.rule_set, old.condition)}`"
    message = f"impossible entry `{old.id}` {how}: it is now `{when}`"
    shown = None if witness is None else witness_json(witness)
    return Told(new.place, message, comparison.before(old.place, was), shown)


def _refused_otherwise(comparison: Comparison, name: str) -> tuple[str, Witness] | None:
    """Somebody whom only one of the two entries refuses, and how that is said. Raises one of UNDECIDED."""
    promises = comparison.promises
    if promises is None:
        raise TooTangled
    old, new = (_entry(half.rule_set, name).condition for half in (promises.joint.old, promises.joint.new))
    for how, mine, other in (("now also", new, old), ("no longer", old, new)):
        witness = promises.refused_by_one(mine, other)
        if witness is not None:
            return how, witness
    return None


def _entry(rule_set: RuleSet, name: str) -> Impossible:
    return next(entry for entry in rule_set.impossible if entry.id == name)


# --- what means the same, and why something does not ----------------------------------------


def because_of(comparison: Comparison, old: Condition, new: Condition) -> str:
    """The settings and groups that a condition tests and that are not what they were, for a message."""
    before, after = comparison.old.rule_set, comparison.new.rule_set
    tested = dict.fromkeys(name for condition in (old, new) for name in _tested(condition))
    said = [
        f"setting `{name}` is `{after.readings[name]}` instead of `{before.readings[name]}`"
        for name in tested
        if before.readings.get(name) != after.readings.get(name) and name in before.readings and name in after.readings
    ]
    said += [words for name in tested for words in _regrouped(before, after, name)]
    return f", because {' and '.join(said)}" if said else ""


def _tested(condition: Condition) -> Iterator[str]:
    """The questions and settings that a condition tests, those that stand for a number among them."""
    for test in tests_of(condition):
        yield test.subject
        if isinstance(test, NumberTest):
            yield from (bound.limit for bound in test.bounds if isinstance(bound.limit, str))


def _regrouped(before: RuleSet, after: RuleSet, name: str) -> Iterator[str]:
    """Which options of a question left which group, and which joined it."""
    old, new = before.question.get(name), after.question.get(name)
    if old is None or new is None:
        return
    groups = {group.id: group.options for group in new.groups}
    for group in old.groups:
        now = groups.get(group.id, group.options)
        left = [option for option in group.options if option not in now]
        joined = [option for option in now if option not in group.options]
        if left:
            yield f"{listed(left)} left group `{group.id}`"
        if joined:
            yield f"{listed(joined)} joined group `{group.id}`"


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
