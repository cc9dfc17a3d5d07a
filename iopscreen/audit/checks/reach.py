"""Completeness and reach: does every caller match a rule, and can every rule and outcome be reached?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from iopscreen.audit.judged import Overlap, Reach, attempted
from iopscreen.audit.regions import Hole, holes
from iopscreen.audit.subject import Subject, Told, Undecided, case_to_paste, decided_witness, witness_json
from iopscreen.audit.telling import (
    NOT_COUNTED,
    all_of,
    in_words,
    named,
    never_deciding,
    nobody_meets,
    profiles_in_words,
    quoted,
    setting_values,
    verb,
    waits_for_setting,
)
from iopscreen.engine.boxes import both
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.engine.table import Clause
from iopscreen.engine.verdicts import Taken, Taker
from iopscreen.ruleset.cases import TO_FILL_IN
from iopscreen.ruleset.findings import Related, Severity
from iopscreen.ruleset.model import Impossible, Note, Rule


def impossible_everything(subject: Subject) -> Iterator[Told | Undecided]:
    """The `impossible` entries exclude everybody.

    Whatever is said about "every caller" would then be true of no one, so nothing is called proved,
    and no rule is called unreachable.

    Example: two entries, `when: {pregnant: yes}` and `when: {}` with `unless: {pregnant: yes}`.

    What to do: correct the entries shown before anything else; without any one of them somebody is left.
    """
    if subject.nobody_possible is None:
        yield Undecided("whether anybody is possible at all", ("impossible-everything",))
    if not subject.nobody_possible:
        return
    places = attempted(lambda: subject.explained.excluding([{}]))
    if places is None:
        yield Undecided("which of the impossible entries it takes to exclude everybody")
    entries = [subject.rule_set.impossible[place] for place in places or range(len(subject.rule_set.impossible))]
    who = f"impossible {named('entry', 'entries', [entry.id for entry in entries])}"
    related = [subject.related(entry.place, f"impossible entry `{entry.id}`") for entry in entries[:-1]]
    message = f"{who} {'excludes' if len(entries) == 1 else 'together exclude'} everybody; nothing else can be judged"
    yield Told(entries[-1].place, message, tuple(related))


def gap(subject: Subject) -> Iterator[Told | Undecided]:
    """Some callers match no rule, so nothing is recommended to them.

    Example: one rule for `age: {below: 18}`, one for `age: {above: 18}`, and nobody thought of 18.

    What to do: add a rule, or widen one. Shown are the largest regions that are left over, each with
    its profiles counted and one caller in it. If no such caller can exist, say so under `impossible`.
    """
    if subject.judged.gap is None:
        yield Undecided("whether some caller matches no rule", ("gap",))
    box = subject.verdicts.deciding_box(NONE_MATCHES) if subject.judged.gap else None
    if box is None:
        return
    place = subject.rule_set.rules[-1].place
    found, more = attempted(lambda: holes(subject.whole, _HOLES)) or ([], 0)
    shown = witness_json(found[0].answers) if found else decided_witness(subject, NONE_MATCHES, box)
    related = [subject.related(place, _hole_words(hole, shown=hole is found[0])) for hole in found]
    if found and more:
        related.append(subject.related(place, f"and {more:,} more profile{'' if more == 1 else 's'}"))
    size, message = None, f"no rule matches the caller shown; how many there are was {NOT_COUNTED}"
    if subject.counted is not None:
        size = subject.counted.counts[NONE_MATCHES]
        message = f"no rule matches {size:,} of {profiles_in_words(subject.counted.profiles)}"
    case = case_to_paste("no-rule-yet", shown, TO_FILL_IN)
    yield Told(place, message, tuple(related), shown, case, size=size)


_HOLES = 5
"""How many regions of a gap are shown."""


def _hole_words(hole: Hole, *, shown: bool) -> str:
    """A region in words; and a caller in it, unless it is the one whose answers are shown anyway."""
    such_as = "" if shown else f"; such as {in_words(witness_json(hole.answers))}"
    return f"{profiles_in_words(hole.profiles)}: {in_words(hole.when)}{such_as}"


def unreachable_rule(subject: Subject) -> Iterator[Told | Undecided]:
    """A rule never decides, because earlier rules take every caller whom it matches.

    Example: a rule for `age: {below: 18}` stands first, and a later one for `{age: {below: 13}, caller: self}`.

    What to do: move the rule up, narrow the others, or delete it. Shown are the earlier rules that take
    its callers: the fewest that together leave nothing, of as few the heaviest. Where all of them
    recommend the same as the rule, the heaviest earlier one that recommends something else is named
    apart. The answers shown match the rule, and an earlier one decides. Where another value of a
    setting would let the rule decide, that is said too.
    """
    if subject.nobody_possible:
        return
    for rule, reach in zip(subject.rule_set.rules, subject.judged.reach, strict=True):
        if reach is None:
            yield Undecided(f"whether rule `{rule.id}` can decide", _OF_A_RULE, rule.place)
    for position, rule in _silent_rules(subject, Reach.UNREACHABLE):
        why = attempted(partial(subject.explained.taken, position))
        if why is None:
            yield _unexplained(subject, position, rule)
            yield Undecided(f"why rule `{rule.id}` never decides")
        else:
            yield _unreachable(subject, position, rule, why)


_OF_A_RULE = ("unreachable-rule", "contradictory-condition", "no-effect-rule")
"""What may be found of a rule of which it is not known whether it decides."""


def _unexplained(subject: Subject, position: int, rule: Rule) -> Told:
    """That a rule never decides, with a caller whom it matches and who decides there, and not who takes the others."""
    verdicts = subject.verdicts
    box = verdicts.matching_box(position)
    assert box is not None  # its condition can be met
    decider = subject.rule_set.rules[verdicts.decider_in(box)]
    message = (
        f"rule `{rule.id}` never decides: the rules before it take everybody it matches; which of them was not "
        f"worked out in time; for the caller shown, `{decider.id}` decides"
    )
    shown = witness_json(verdicts.in_box(box))
    case = case_to_paste(f"{rule.id}-decides", shown, f"{{recommend: {rule.recommend}, rule: {rule.id}}}")
    related = (subject.related(decider.place, f"rule `{decider.id}` recommends `{decider.recommend}`"),)
    return Told(rule.place, message, (*related, *_reached(subject, position)), shown, case)


def _unreachable(subject: Subject, position: int, rule: Rule, why: Taken) -> Told:
    rules = subject.rule_set.rules
    names = [rules[taker.position].id for taker in why.takers]
    message = (
        f"rule `{rule.id}` never decides: {named('rule', 'rules', names)} before it "
        f"{'takes' if len(names) == 1 else 'take'} {all_of(why.profiles)} it matches; "
        f"for the caller shown, `{rules[why.decider].id}` decides"
        f"{', which recommends something else' if why.other else ''}"
    )
    shown = witness_json(why.witness)
    case = case_to_paste(f"{rule.id}-decides", shown, f"{{recommend: {rule.recommend}, rule: {rule.id}}}")
    related = [*_takers(subject, why), *_reached(subject, position)]
    return Told(rule.place, message, tuple(related), shown, case)


def contradictory_condition(subject: Subject) -> Iterator[Told | Undecided]:
    """Nobody can meet a condition: its parts exclude one another, or impossible entries exclude whoever meets it.

    A rule never decides then, a note never shows, and an impossible entry excludes nobody. That is an
    error for a rule and a warning for the others. It is a note where a note or an entry waits for another
    value of a setting; and where other entries exclude everybody whom an entry excludes, so that it adds nothing.

    Example: `when: {age: {below: 13}, guardian: yes}` with `unless: {age: {below: 18}}`; or a note for
    `age: {below: 5, above: 10}`.

    What to do: correct the parts shown, which clash with one another; those that take no part in it are
    left out. Where a setting is among them, another value may be what the rule waits for. An entry that
    adds nothing may stay for its reason.
    """
    if subject.nobody_possible:
        return
    for position, rule in _silent_rules(subject, Reach.CONTRADICTORY):
        why = attempted(partial(nobody_meets, subject, subject.verdicts.clauses[position], rule.condition))
        message = f"nobody can meet the condition of rule `{rule.id}`{setting_values(subject, rule.condition)}"
        yield Told(rule.place, message, (*(why or ()), *_reached(subject, position)))
        if why is None:
            yield Undecided(f"why nobody can meet the condition of rule `{rule.id}`")
    yield from _never_shown(subject)
    yield from _excluding_nobody(subject)


def _never_shown(subject: Subject) -> Iterator[Told | Undecided]:
    """The notes whose condition nobody can meet."""
    for note in subject.rule_set.notes:
        never = subject.worth.never_shown[note.id]
        if never is None:
            yield Undecided(f"whether note `{note.id}` ever shows", ("contradictory-condition",), note.place)
        elif never:
            clauses = subject.compiled.maker.clauses(note.condition)
            yield from _met_by_nobody(subject, note, f"note `{note.id}` never shows", clauses)


def _excluding_nobody(subject: Subject) -> Iterator[Told | Undecided]:
    """The impossible entries that exclude nobody, and those that exclude nobody whom others do not."""
    for entry in subject.rule_set.impossible:
        covering = subject.worth.covered[entry.id]
        if covering is False:
            yield from _met_by_nobody(subject, entry, f"impossible entry `{entry.id}` excludes nobody", [])
        elif covering is None:
            words = f"whether impossible entry `{entry.id}` excludes anybody whom no other does"
            yield Undecided(words, ("contradictory-condition",), entry.place)
        elif covering:
            others = [subject.rule_set.impossible[place] for place in covering]
            names = named("entry", "entries", [other.id for other in others])
            message = (
                f"impossible entry `{entry.id}` adds nothing{setting_values(subject, entry.condition)}: {names} "
                f"{verb(others, 'exclude')} everybody whom it excludes"
            )
            related = [subject.related(other.place, f"impossible entry `{other.id}`") for other in others]
            yield Told(entry.place, message, tuple(related), severity=Severity.NOTE)


def _met_by_nobody(
    subject: Subject, what: Note | Impossible, words: str, clauses: Sequence[Clause]
) -> Iterator[Told | Undecided]:
    """A note or an impossible entry whose condition nobody can meet, and what that comes to in `words`."""
    why = attempted(partial(nobody_meets, subject, clauses, what.condition))
    waits = not clauses and attempted(partial(waits_for_setting, subject, what.condition))
    values = setting_values(subject, what.condition) if clauses or waits else ""
    message = f"{words}: nobody can meet its condition{values}"
    yield Told(what.place, message, why or (), severity=Severity.NOTE if waits else Severity.WARNING)
    if why is None:
        yield Undecided(f"why {words}")


def unreachable_outcome(subject: Subject) -> Iterator[Told | Undecided]:
    """An outcome is never recommended: no rule recommends it, or none of those that do ever decides.

    Example: `inpatient` is declared, and the one rule that recommends it comes after a rule for everybody.

    What to do: see to the rules shown, which have findings of their own; or delete the outcome.
    """
    recommended = {rule.recommend for rule in subject.rule_set.rules}
    for outcome in subject.rule_set.outcomes:
        if outcome.id not in recommended:
            yield Told(outcome.place, f"no rule recommends outcome `{outcome.id}`")
    if subject.nobody_possible:
        return
    for outcome in subject.rule_set.outcomes:
        reached = subject.judged.recommended[outcome.id]
        if reached is None:
            words = f"whether outcome `{outcome.id}` can be recommended"
            yield Undecided(words, ("unreachable-outcome",), outcome.place)
        elif outcome.id in recommended and not reached:
            rules = [rule for rule in subject.rule_set.rules if rule.recommend == outcome.id]
            names = named("rule", "rules", [rule.id for rule in rules])
            message = f"outcome `{outcome.id}` is never recommended: {names} never {verb(rules, 'decide')}"
            yield Told(outcome.place, message, never_deciding(subject, rules))


def overlapping_rules(subject: Subject) -> Iterator[Told | Undecided]:
    """Under the policy `unique`, two rules match the same caller.

    Example: one rule for `age: {below: 18}`, another for `caller: parent`, and a parent calls about a child.

    What to do: narrow one of the two, or choose the policy `first`. The answers shown match both. Of each
    rule no more than ten others are told.
    """
    found, left_open = subject.judged.overlaps
    for overlap in found:
        yield _overlapping(subject, overlap)
    for later in sorted(left_open):
        rule = subject.rule_set.rules[later]
        words = f"whether rule `{rule.id}` overlaps with every one before it"
        yield Undecided(words, ("overlapping-rules",), rule.place)


def _overlapping(subject: Subject, overlap: Overlap) -> Told:
    explained = subject.explained
    other, rule = (subject.rule_set.rules[place] for place in (overlap.earlier, overlap.later))
    together = both(explained.clauses[overlap.earlier], explained.clauses[overlap.later])
    first = attempted(lambda: explained.witness(together, explained.excluded))
    number = attempted(lambda: explained.count(together))
    message = f"rules `{rule.id}` and `{other.id}` both match {profiles_in_words(number)}; the policy is `unique`"
    related = subject.related(other.place, f"rule `{other.id}` recommends `{other.recommend}`")
    shown = witness_json(first or explained.in_box(overlap.box))
    case = case_to_paste(f"{other.id}-or-{rule.id}", shown, TO_FILL_IN)
    return Told(rule.place, message, (related,), shown, case, size=number)


def _silent_rules(subject: Subject, why: Reach) -> Iterator[tuple[int, Rule]]:
    """The rules that never decide for one reason, with their positions."""
    for position, (rule, reach) in enumerate(zip(subject.rule_set.rules, subject.judged.reach, strict=True)):
        if reach is why:
            yield position, rule


def _reached(subject: Subject, position: int) -> Iterator[Related]:
    """Another value of a setting, under which the rule would decide."""
    reading = subject.reached.get(position)
    if reading is not None:
        setting, name = reading.setting, subject.rule_set.rules[position].id
        message = f"were setting `{setting.id}` {quoted(reading.value)} instead of {quoted(setting.value)}, "
        yield subject.related(setting.place, f"{message}rule `{name}` would decide")


def _takers(subject: Subject, why: Taken) -> Iterator[Related]:
    """The rules that take a rule's callers; apart from these the one that recommends something else."""
    rules = subject.rule_set.rules
    for taker in why.takers:
        rule = rules[taker.position]
        words = f"rule `{rule.id}` matches {_share(taker, why)} and recommends `{rule.recommend}`"
        silent = "; it never decides either" if rule.id in subject.silent else ""
        yield subject.related(rule.place, f"{words}{silent}")
    if why.other:
        rule = rules[why.other.position]
        words = f"besides, rule `{rule.id}` matches {_share(why.other, why)} and recommends something else"
        yield subject.related(rule.place, f"{words}: `{rule.recommend}`")
    if why.decider not in {taker.position for taker in (*why.takers, why.other) if taker}:
        rule = rules[why.decider]
        yield subject.related(rule.place, f"rule `{rule.id}`, before these, recommends `{rule.recommend}`")


def _share(taker: Taker, why: Taken) -> str:
    if taker.profiles is None or why.profiles is None:
        return f"profiles of it ({NOT_COUNTED})"
    return f"{taker.profiles:,} of its {profiles_in_words(why.profiles)}"
