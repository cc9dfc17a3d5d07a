"""The checks of the audit, one function each.

To add one: write a generator function here that takes a `Subject` and yields `Told`s, and name it
in `CHECKS` at the end of this file with its severity. The function's name, with hyphens, is the
name that its findings have for ever; its docstring is its documentation, for authors of rule
files. Then put a faulty rule file and its harmless twin into `tests/cases/audit/<name>/`.

What is said here is exact: a check that cannot look at every profile within the budget says
nothing, and the audit lists it as undecided.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from iopscreen.audit.case_checks import surviving_mutant, uncovered_boundary
from iopscreen.audit.cases import CaseResult, Verdict
from iopscreen.audit.citations import Fate, Found, digest
from iopscreen.audit.references import all_accepts, all_cites, tested_subjects
from iopscreen.audit.subject import Subject, Told, all_answers, case_to_paste, witness_json
from iopscreen.engine.analyse import (
    Taker,
    clash,
    excluding_everybody,
    inside,
    meeting,
    never_matter,
    possible,
    rule_rows,
    taken,
)
from iopscreen.engine.boxes import both
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.decide import witness
from iopscreen.ruleset.cases import TO_FILL_IN, cases_path
from iopscreen.ruleset.findings import Related, Severity
from iopscreen.ruleset.model import Accept, Condition, Policy, Rule, tests_of
from iopscreen.ruleset.shape import did_you_mean

Check = Callable[[Subject], Iterator[Told]]


# --- completeness and reach -----------------------------------------------------------------


def impossible_everything(subject: Subject) -> Iterator[Told]:
    """The impossible entries leave nobody.

    Whatever is said about "every caller" would then be true of no one, so nothing is called
    proved, and no rule is called unreachable. Correct the entries first.
    """
    if not subject.nobody_possible:
        return
    entries = [subject.rule_set.impossible[place] for place in excluding_everybody(subject.compiled)]
    who = f"impossible {_named('entry', 'entries', [entry.id for entry in entries])}"
    related = [subject.related(entry.place, f"impossible entry `{entry.id}`") for entry in entries[:-1]]
    message = f"{who} {'excludes' if len(entries) == 1 else 'together exclude'} everybody; nothing else can be judged"
    yield Told(entries[-1].place, message, tuple(related))


def gap(subject: Subject) -> Iterator[Told]:
    """Some callers match no rule, so nothing is recommended to them.

    The answers shown are such a caller's, and the profiles are counted. Add a rule, or widen one.
    If no such caller can exist, say so under `impossible`.
    """
    whole = subject.whole
    if NONE_MATCHES not in whole.labels:
        return
    profile = witness(subject.compiled, whole.diagram, whole.root, lambda label: label == NONE_MATCHES)
    shown = witness_json(profile or {})
    message = f"no rule matches {whole.counts[NONE_MATCHES]:,} of {_profiles(whole.profiles)}"
    place = subject.rule_set.rules[-1].place
    yield Told(place, message, witness=shown, case=case_to_paste("no-rule-yet", shown, TO_FILL_IN))


def unreachable_rule(subject: Subject) -> Iterator[Told]:
    """A rule never decides, because earlier rules take every caller whom it matches.

    Shown are the earlier rules that do so: the heaviest ones that together leave nothing, and
    always the heaviest one that recommends something else. The answers shown match the rule, and
    an earlier one decides. Move the rule up, narrow the others, or delete it.
    """
    if subject.nobody_possible:
        return
    for position, rule in _silent_rules(subject):
        if _is_contradictory(subject, position):
            continue
        why = taken(subject.whole, position)
        rules = subject.rule_set.rules
        names = [rules[taker.position].id for taker in why.takers]
        message = (
            f"rule `{rule.id}` never decides: {_named('rule', 'rules', names)} before it "
            f"{'takes' if len(names) == 1 else 'take'} {_all_of(why.profiles)} it matches; "
            f"for the caller shown, `{rules[why.decider].id}` decides"
        )
        shown = witness_json(why.witness)
        case = case_to_paste(f"{rule.id}-decides", shown, f"{{recommend: {rule.recommend}, rule: {rule.id}}}")
        yield Told(rule.place, message, tuple(_takers(subject, why.takers, why.profiles)), shown, case)


def contradictory_condition(subject: Subject) -> Iterator[Told]:
    """Nobody can meet the condition of a rule: its parts exclude one another, or it is impossible.

    The parts that clash are shown; those that do not take part in the clash are left out.
    """
    if subject.nobody_possible:
        return
    for position, rule in _silent_rules(subject):
        if _is_contradictory(subject, position):
            excluding = possible(subject.compiled, subject.whole.clauses[position]).excluded_by
            reason = _impossible_entries(subject, excluding) if excluding else _clashing_tests(subject, rule.condition)
            message = f"nobody can meet the condition of rule `{rule.id}`"
            yield Told(rule.place, message + _setting_values(subject, rule.condition), tuple(reason))


def unreachable_outcome(subject: Subject) -> Iterator[Told]:
    """An outcome is never recommended: no rule recommends it, or none of those that do ever decides."""
    recommended = {rule.recommend for rule in subject.rule_set.rules}
    for outcome in subject.rule_set.outcomes:
        if outcome.id not in recommended:
            yield Told(outcome.place, f"no rule recommends outcome `{outcome.id}`")
    if subject.nobody_possible:
        return
    reached = {subject.compiled.outcome_of(label) for label in subject.whole.labels}
    for outcome in subject.rule_set.outcomes:
        if outcome.id in recommended and outcome.id not in reached:
            rules = [rule for rule in subject.rule_set.rules if rule.recommend == outcome.id]
            names = _named("rule", "rules", [rule.id for rule in rules])
            message = f"outcome `{outcome.id}` is never recommended: {names} never {_verb(rules, 'decide')}"
            yield Told(
                outcome.place, message, tuple(subject.related(rule.place, f"rule `{rule.id}`") for rule in rules)
            )


def overlapping_rules(subject: Subject) -> Iterator[Told]:
    """Under the policy `unique`, two rules match the same caller.

    The answers shown are such a caller's. Narrow one of the two, or choose the policy `first`.
    """
    if subject.rule_set.policy is not Policy.UNIQUE:
        return
    rules, clauses = subject.rule_set.rules, subject.whole.clauses
    for later, rule in enumerate(rules):
        for earlier in range(later):
            together = both(clauses[earlier], clauses[later])
            if not together:
                continue
            shared = possible(subject.compiled, together)
            profile = shared.witness(lambda _: True)
            if profile is None:
                continue
            other, number = rules[earlier], sum(shared.count(subject.whole.weights).values())
            message = f"rules `{rule.id}` and `{other.id}` both match {_profiles(number)}; the policy is `unique`"
            related = subject.related(other.place, f"rule `{other.id}` recommends `{other.recommend}`")
            shown = witness_json(profile)
            case = case_to_paste(f"{other.id}-or-{rule.id}", shown, TO_FILL_IN)
            yield Told(rule.place, message, (related,), shown, case)


def _silent_rules(subject: Subject) -> Iterator[tuple[int, Rule]]:
    """The rules that never decide, with their positions."""
    labels = subject.whole.labels
    return ((place, rule) for place, rule in enumerate(subject.rule_set.rules) if place not in labels)


def _is_contradictory(subject: Subject, position: int) -> bool:
    return not meeting(subject.whole, position)


def _takers(subject: Subject, takers: Sequence[Taker], profiles: int) -> Iterator[Related]:
    for taker in takers:
        rule = subject.rule_set.rules[taker.position]
        share = f"{taker.profiles:,} of its {_profiles(profiles)}"
        yield subject.related(rule.place, f"rule `{rule.id}` matches {share} and recommends `{rule.recommend}`")


def _impossible_entries(subject: Subject, positions: Sequence[int]) -> Iterator[Related]:
    for position in positions:
        entry = subject.rule_set.impossible[position]
        yield subject.related(entry.place, f"impossible entry `{entry.id}` excludes them")


def _clashing_tests(subject: Subject, condition: Condition) -> Iterator[Related]:
    seen = set()
    for part in clash(subject.compiled, condition):
        for test in tests_of(part):
            if test.place not in seen:
                seen.add(test.place)
                yield subject.related(test.place, f"`{test.subject}` is tested here")


def _setting_values(subject: Subject, condition: Condition) -> str:
    """The settings that a condition tests, for a message: another value may be what it waits for."""
    readings = subject.rule_set.readings
    tested = dict.fromkeys(test.subject for test in tests_of(condition) if test.subject in readings)
    return f" while {' and '.join(f'`{name}` is `{readings[name]}`' for name in tested)}" if tested else ""


# --- questions and settings -----------------------------------------------------------------


def question_never_matters(subject: Subject) -> Iterator[Told]:
    """A question is tested, and yet no recommendation depends on its answer.

    Callers are then asked in vain, or never. Where notes alone test it, mark it `for_notes: yes`.
    """
    if subject.nobody_possible:
        return
    rule_set = subject.rule_set
    tested = tested_subjects(rule_set)
    by_rules = {test.subject for rule in rule_set.rules for test in tests_of(rule.condition)}
    by_notes = {test.subject for note in rule_set.notes for test in tests_of(note.condition)}
    for name in never_matter(subject.whole):
        if name in tested:
            hint = "; notes alone test it: mark it `for_notes: yes`" if name in by_notes - by_rules else ""
            message = f"no recommendation depends on question `{name}`{hint}"
            yield Told(rule_set.question[name].place, message)


def unused(subject: Subject) -> Iterator[Told]:
    """A question or setting that nothing tests: no rule, note, guarantee or impossible entry."""
    tested = tested_subjects(subject.rule_set)
    for setting in subject.rule_set.settings:
        if setting.id not in tested:
            yield Told(setting.place, f"nothing tests setting `{setting.id}`")
    for question in subject.rule_set.questions:
        if question.id not in tested:
            yield Told(question.place, f"nothing tests question `{question.id}`")


# --- guarantees -----------------------------------------------------------------------------


def guarantee_violated(subject: Subject) -> Iterator[Told]:
    """A guarantee does not hold: the answers shown meet it, and something else is recommended."""
    if subject.nobody_possible:
        return
    rule_set, compiled = subject.rule_set, subject.compiled
    for guarantee in rule_set.guarantees:
        deciders = inside(compiled, compiled.maker.clauses(guarantee.condition), rule_rows(compiled), NONE_MATCHES)
        labels = (label for label in deciders.labels if compiled.outcome_of(label) not in guarantee.allowed)
        wrong = sorted(label for label in labels if isinstance(label, int))
        if not wrong:
            continue
        first = next((label for label in wrong if label != NONE_MATCHES), NONE_MATCHES)
        shown = witness_json(deciders.witness(partial(operator.eq, first)) or {})
        expect = f"{{recommend: {next(iter(guarantee.allowed))}}}" if len(guarantee.allowed) == 1 else TO_FILL_IN
        message = f"guarantee `{guarantee.id}` does not hold: {_who_decides(subject, first)} for the caller shown"
        related = [
            subject.related(rule_set.rules[label].place, f"rule `{rule_set.rules[label].id}`")
            for label in wrong
            if label != NONE_MATCHES
        ]
        case = case_to_paste(guarantee.id, shown, expect)
        yield Told(guarantee.place, message, tuple(related), shown, case)


def guarantee_vacuous(subject: Subject) -> Iterator[Told]:
    """Nobody can meet the condition of a guarantee, so that it guarantees nothing."""
    if subject.nobody_possible:
        return
    for guarantee in subject.rule_set.guarantees:
        meeting = possible(subject.compiled, subject.compiled.maker.clauses(guarantee.condition))
        if not meeting.labels:
            message = f"nobody can meet the condition of guarantee `{guarantee.id}`, so it guarantees nothing"
            reason = (
                _impossible_entries(subject, meeting.excluded_by)
                if meeting.excluded_by
                else _clashing_tests(subject, guarantee.condition)
            )
            yield Told(guarantee.place, message + _setting_values(subject, guarantee.condition), tuple(reason))


def _who_decides(subject: Subject, label: int) -> str:
    if label == NONE_MATCHES:
        return "no rule matches"
    rule = subject.rule_set.rules[label]
    return f"rule `{rule.id}` recommends `{rule.recommend}`"


# --- what the rules rest on -----------------------------------------------------------------


def missing_citation(subject: Subject) -> Iterator[Told]:
    """A rule names nothing that it rests on: no `cite`."""
    for rule in subject.rule_set.rules:
        if not rule.cite:
            yield Told(rule.place, f"rule `{rule.id}` has no `cite`; name the passage or external source it rests on")


def unknown_source(subject: Subject) -> Iterator[Told]:
    """A `cite` names neither a passage nor an external source."""
    documents = {source.id for source in subject.documents}
    known = subject.rule_set.passage
    for cite in all_cites(subject.rule_set):
        if cite.id in documents:
            yield Told(cite.place, f"`{cite.id}` is a source with a text; cite a passage of it")
        elif cite.id not in known:
            hint = did_you_mean(cite.id, known)
            yield Told(cite.place, f"`{cite.id}` is neither a passage nor an external source{hint}")


def stale_citation(subject: Subject) -> Iterator[Told]:
    """A passage has changed, moved or gone since its digest was taken (seen with `--source`).

    Told at each rule that rests on it, or at the passage where none does. Read the passage
    again, decide whether the rule still stands, and then take over its place and digest.
    """
    for found in subject.found_passages.values():
        if not found.stale:
            continue
        passage = found.passage
        resting = [rule for rule in subject.rule_set.rules if any(cite.id == passage.id for cite in rule.cite)]
        fate = _fate_words(found)
        there = (subject.related(passage.place, f"passage `{passage.id}`: {passage.says}"), *_now(subject, found))
        for rule in resting:
            yield Told(rule.place, f"rule `{rule.id}` rests on passage `{passage.id}`, which {fate}", there)
        if not resting:
            yield Told(passage.place, f"passage `{passage.id}` {fate}", there)


def source_changed(subject: Subject) -> Iterator[Told]:
    """The text of a source has changed since its digest was taken, but no passage that is cited."""
    stale = {found.passage.id for found in subject.found_passages.values() if found.stale}
    for source in subject.documents:
        text = subject.texts.get(source.id)
        if text is None or source.digest in (None, digest(text)):
            continue
        if not any(passage.id in stale for passage in source.passages):
            now = (subject.related(source.place, f"its digest: {digest(text)}"),)
            yield Told(source.place, f"the text of source `{source.id}` has changed, outside its passages", now)


def unverified_citations(subject: Subject) -> Iterator[Told]:
    """Citations that were not compared with their source: its text is not at hand, or there is no digest."""
    to_verify = [source.id for source in subject.documents if source.passages or source.digest]
    missing = [source for source in to_verify if source not in subject.texts]
    bare = [found for found in subject.found_passages.values() if found.fate is Fate.UNDIGESTED]
    undigested = [found.passage.id for found in bare]
    reasons = []
    if missing:
        options = " ".join(f"--source {name}=FILE" for name in missing)
        reasons.append(f"the text of {_named('source', 'sources', missing)} is not at hand; give it with `{options}`")
    if undigested:
        reasons.append(f"{_named('passage', 'passages', undigested)} {_verb(undigested, 'has', 'have')} no digest")
    if reasons:
        now = tuple(line for found in bare for line in _now(subject, found))
        yield Told(subject.rule_set.place, f"citations were not verified: {'; '.join(reasons)}", now)


def review_overdue(subject: Subject) -> Iterator[Told]:
    """The day named by `review_by` has passed."""
    due = subject.rule_set.review_by
    if due is not None and subject.today is not None and subject.today > due:
        yield Told(subject.rule_set.place, f"the rule set was to be reviewed by {due}")


def _now(subject: Subject, found: Found) -> tuple[Related, ...]:
    """The text that stands at the place of a passage now, and the digest to take over once it was read."""
    if found.text_now is None:
        return ()
    place = found.passage.place
    return (
        subject.related(place, f"there now: {found.text_now}"),
        subject.related(place, f"its digest: {digest(found.text_now)}"),
    )


def _fate_words(found: Found) -> str:
    passage = found.passage
    here = f"section `{passage.section}`, paragraph {passage.paragraph}"
    match found.fate:
        case Fate.CHANGED:
            return f"has changed ({here})"
        case Fate.MOVED:
            assert found.moved_to is not None
            section, paragraph = found.moved_to
            return f"has moved from {here} to section `{section}`, paragraph {paragraph}"
        case _:
            return f"is gone ({here})"


# --- cases ----------------------------------------------------------------------------------


def no_cases(subject: Subject) -> Iterator[Told]:
    """There are no cases beside the rule file, so that nothing says what it is meant to decide."""
    if not subject.has_case_file:
        yield Told(subject.rule_set.place, f"there are no cases; write some into `{_cases_name(subject)}` beside it")
    elif subject.case_file is not None and not subject.case_file.cases:
        yield Told(subject.rule_set.place, f"there are no cases in `{_cases_name(subject)}`")


def _cases_name(subject: Subject) -> str:
    return Path(cases_path(subject.file.path)).name


def failed_case(subject: Subject) -> Iterator[Told]:
    """A case leads to something else than it expects."""
    yield from _cases(subject, Verdict.FAILED)


def wrong_rule(subject: Subject) -> Iterator[Told]:
    """A case leads to the outcome that it expects, but by another rule than the one it names."""
    yield from _cases(subject, Verdict.WRONG_RULE)


def impossible_case(subject: Subject) -> Iterator[Told]:
    """The answers of a case are excluded by impossible entries."""
    for result in subject.case_results:
        if result.verdict is Verdict.IMPOSSIBLE and not subject.nobody_possible:
            entries = _named("entry", "entries", [entry.id for entry in result.excluded_by])
            related = [subject.related(entry.place, f"impossible entry `{entry.id}`") for entry in result.excluded_by]
            yield _case_told(subject, result, f"cannot occur: impossible {entries} excludes its answers", related)


def _cases(subject: Subject, verdict: Verdict) -> Iterator[Told]:
    for result in subject.case_results:
        if result.verdict is verdict:
            assert result.decision is not None  # it was decided
            related = [subject.related(rule.place, f"rule `{rule.id}`") for rule in result.decision.rules]
            yield _case_told(subject, result, "; and it ".join(result.differences), related)


def _case_told(subject: Subject, result: CaseResult, message: str, related: Sequence[Related]) -> Told:
    assert subject.case_file is not None  # it held the case
    shown = all_answers(subject.rule_set, result.case.answers)
    place, path = result.case.place, subject.case_file.path
    return Told(place, f"case `{result.case.id}` {message}", tuple(related), shown, path=path)


# --- accepted findings ----------------------------------------------------------------------


def accept_without_reason(subject: Subject) -> Iterator[Told]:
    """An `accept` entry does not say why: no `because`. It accepts nothing until it does."""
    for accept in all_accepts(subject.rule_set):
        if accept.because is None:
            yield Told(accept.place, f"`{accept.finding}` is accepted without a reason; say why in `because`")


def accept_expired(subject: Subject) -> Iterator[Told]:
    """The day until which a finding was accepted has passed. The finding counts again."""
    for accept in all_accepts(subject.rule_set):
        if is_expired(accept, subject.today):
            yield Told(accept.place, f"`{accept.finding}` was accepted until {accept.until}")


def is_expired(accept: Accept, today: str | None) -> bool:
    """Whether the last day of an acceptance has passed; without a day to judge by, it has not."""
    return today is not None and accept.until is not None and accept.until < today


# --- words ----------------------------------------------------------------------------------


def _named(one: str, several: str, names: Sequence[str]) -> str:
    listed = [f"`{name}`" for name in names]
    if len(listed) == 1:
        return f"{one} {listed[0]}"
    return f"{several} {', '.join(listed[:-1])} and {listed[-1]}"


def _verb(subjects: Sequence[object], plural: str, other: str | None = None) -> str:
    """The verb for one subject or several: `_verb(names, "decide")`, `_verb(names, "has", "have")`."""
    if other is not None:
        return plural if len(subjects) == 1 else other
    return f"{plural}s" if len(subjects) == 1 else plural


def _profiles(number: int) -> str:
    return f"{number:,} profile{'' if number == 1 else 's'}"


def _all_of(number: int) -> str:
    return "the 1 profile" if number == 1 else f"all {number:,} profiles"


# --- the list -------------------------------------------------------------------------------

CHECKS: tuple[tuple[Check, Severity], ...] = (
    (impossible_everything, Severity.ERROR),
    (gap, Severity.ERROR),
    (contradictory_condition, Severity.ERROR),
    (unreachable_rule, Severity.ERROR),
    (unreachable_outcome, Severity.ERROR),
    (overlapping_rules, Severity.ERROR),
    (guarantee_violated, Severity.ERROR),
    (guarantee_vacuous, Severity.WARNING),
    (question_never_matters, Severity.WARNING),
    (unused, Severity.WARNING),
    (missing_citation, Severity.ERROR),
    (unknown_source, Severity.ERROR),
    (stale_citation, Severity.ERROR),
    (source_changed, Severity.NOTE),
    (unverified_citations, Severity.NOTE),
    (review_overdue, Severity.WARNING),
    (no_cases, Severity.WARNING),
    (failed_case, Severity.ERROR),
    (wrong_rule, Severity.ERROR),
    (impossible_case, Severity.ERROR),
    (uncovered_boundary, Severity.WARNING),
    (surviving_mutant, Severity.WARNING),
    (accept_without_reason, Severity.ERROR),
    (accept_expired, Severity.ERROR),
)
