"""What protects callers, and what a change takes away from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from iopscreen.audit.change.comparison import Comparison
from iopscreen.audit.change.statements import guarantees, impossible
from iopscreen.audit.references import accepting, tested_subjects
from iopscreen.audit.subject import Told
from iopscreen.audit.telling import listed, quoted
from iopscreen.ruleset.cases import Case, CaseFile
from iopscreen.ruleset.findings import Place, Related
from iopscreen.ruleset.model import Accept, Policy, RuleSet

MAX_SHOWN = 10
"""How many cases of many are named, and shown with what they expected."""

MAX_EDITED = 3
"""How many edited cases are told one by one."""


def protection_weakened(comparison: Comparison) -> Iterator[Told]:
    """What protects callers is taken away or changed.

    That is a guarantee, an impossible entry, a case, a setting that is tested, a contact for emergencies, the order
    of outcomes, the policy `unique`, or what to do when an answer is not known; and a finding that is newly
    accepted, or an answer newly assumed for files that lack it.

    Example: a guarantee `never: iop` for callers in need of detox is deleted in the same change that makes
    its proof fail.

    What to do: nothing, if that is what the change is for; then say so where it is reviewed. Else put back what was
    taken away. A guarantee that became stronger, which is proved, is not told.

    It is an error where a guarantee still stands that the rules of before kept and those of now do not: change the
    rules shown until it holds, or give it up, knowingly.
    """
    for part in PARTS:
        yield from part(comparison)


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
    yield from _gone_cases([case for case in missed if case.id not in after], old, new)
    yield from _edited_cases([(case, after[case.id]) for case in missed if case.id in after], old, new)


def _said(case: Case) -> tuple[object, object]:
    return frozenset(case.answers.items()), case.expect


def _gone_cases(gone: Sequence[Case], old: CaseFile, new: CaseFile) -> Iterator[Told]:
    if gone:
        names = _case_names(gone)
        message = f"case {names} is gone" if len(gone) == 1 else f"{len(gone)} cases are gone: {names}"
        yield Told(Place(1, 1), message, _as_they_were(gone, old), path=new.path)


def _edited_cases(edited: Sequence[tuple[Case, Case]], old: CaseFile, new: CaseFile) -> Iterator[Told]:
    """Each on its own; of many one list, for these would bury all else."""
    edited = sorted(edited, key=lambda pair: pair[1].place)
    if len(edited) <= MAX_EDITED:
        for was, now in edited:
            yield Told(now.place, f"case `{was.id}` {_edit(was, now)}", _as_they_were([was], old), path=new.path)
    else:
        before = [was for was, _ in edited]
        message = f"{len(edited)} cases are about other callers, or expect something else: {_case_names(before)}"
        yield Told(edited[0][1].place, message, _as_they_were(before, old), path=new.path)


def _edit(old: Case, new: Case) -> str:
    """What became of a case, and whose name still stands beside it: nobody confirmed what it says now."""
    another = frozenset(new.answers.items()) != frozenset(old.answers.items())
    now = "is now about another caller" if another else f"now expects {expectation(new)} instead of {expectation(old)}"
    if old.confirmed_by is None:
        return now
    was = "it for other answers" if another else expectation(old)
    if new.confirmed_by == old.confirmed_by:
        return f"{now}, and is still marked as confirmed by {old.confirmed_by}, who confirmed {was}"
    by = f"confirmed by {new.confirmed_by}" if new.confirmed_by else "confirmed by nobody"
    return f"{now}, {by}; {old.confirmed_by} confirmed {was}"


def _as_they_were(cases: Sequence[Case], file: CaseFile) -> tuple[Related, ...]:
    """The first of them as they stood in the old edition."""
    return tuple(
        Related(file.path, case.place, f"`{case.id}` expected {expectation(case)}") for case in _first_cases(cases)
    )


def _case_names(cases: Sequence[Case]) -> str:
    more = f" and {len(cases) - MAX_SHOWN} more" if len(cases) > MAX_SHOWN else ""
    return ", ".join(f"`{case.id}`{_confirmed(case)}" for case in _first_cases(cases)) + more


def _first_cases(cases: Sequence[Case]) -> list[Case]:
    """So many as are shown, those that a person confirmed before others."""
    return sorted(cases, key=lambda case: case.confirmed_by is None)[:MAX_SHOWN]


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


def _outcomes(comparison: Comparison) -> Iterator[Told]:
    """The order of outcomes says which is more intensive."""
    before, after = comparison.old.rule_set, comparison.new.rule_set
    old = [name for name in before.outcome if name in after.outcome]
    new = [name for name in after.outcome if name in before.outcome]
    if old != new:
        message = (
            f"the outcomes are in another order, {', '.join(f'`{name}`' for name in new)} instead of "
            f"{', '.join(f'`{name}`' for name in old)}: which is more intensive is read off it"
        )
        yield Told(comparison.section("outcomes"), message, comparison.before(before.outcomes[0].place, "the first"))


def _policy(comparison: Comparison) -> Iterator[Told]:
    """Under `unique` an audit tells each overlap as an error."""
    old, new = comparison.old.rule_set, comparison.new.rule_set
    if (old.policy, new.policy) == (Policy.UNIQUE, Policy.FIRST):
        message = "the policy is `first` instead of `unique`: that rules overlap is no error any more"
        yield Told(comparison.section("policy"), message)


def _settings(comparison: Comparison) -> Iterator[Told]:
    """What nothing tests weighs on nothing: that it is written otherwise is told with the rest."""
    sides = (comparison.old.rule_set, comparison.new.rule_set)
    tested = set().union(*map(tested_subjects, sides))
    after = {setting.id: setting for setting in comparison.new.rule_set.settings}
    for old in comparison.old.rule_set.settings:
        new = after.get(old.id)
        if old.id not in tested:
            continue
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


PARTS: tuple[Callable[[Comparison], Iterator[Told]], ...] = (
    guarantees,
    impossible,
    _outcomes,
    _policy,
    _settings,
    _questions,
    _emergency,
    _accepted,
    _cases,
)
"""What protects callers, the most important first: no long list of cases may bury a guarantee."""
