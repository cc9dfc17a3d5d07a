"""How the meaning of a change looks: text for a reviewer, one object for a program. Computes nothing.

The text: the verdict in one line; what protects callers; who is recommended something else, the
transitions that may do harm unnoticed first, each with callers and both rules side by side; what is
worded differently; the counts last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from iopscreen.audit.change.confirmed import CaseChange
from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import ChangedRegion, End, OneSided, Transition, Unasked, Weight
from iopscreen.audit.change.questions import AnswersChanged
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import WordChange, in_words, marked
from iopscreen.audit.telling import in_words as answers_in_words
from iopscreen.audit.telling import listed, profiles_in_words, quoted
from iopscreen.report.findings import finding_json
from iopscreen.ruleset.findings import Finding
from iopscreen.ruleset.model import NO_RULE, Kind, Question, RuleSet
from iopscreen.text import cells, printable, wrapped

MAX_REGIONS = 5
"""How many regions of a transition are shown."""

MAX_LINES = 10
"""How many cases, or pairs of rules, are shown."""

_WEIGHTS = {
    Weight.LESS_INTENSIVE: "less intensive",
    Weight.NEW_GAP: "in a new gap",
    Weight.MORE_INTENSIVE: "more intensive",
    Weight.GAP_CLOSED: "out of a gap",
}


# --- the verdict ----------------------------------------------------------------------------


def verdict(change: Change) -> str:
    """What the change means, in one line that can be quoted."""
    return f"{_about_recommendations(change)}{_about_words(change)}"


def _about_recommendations(change: Change) -> str:
    impact = change.impact
    if change.identical:
        return "Same answers, same recommendations"
    if impact.transitions and impact.changed is None:
        ways = ", ".join(f"from {_name(one.old)} to {_name(one.new)}" for one in impact.transitions)
        return f"Some callers are recommended something else: {ways} (not counted)"
    if impact.transitions:
        by_weight = dict.fromkeys(Weight, 0)
        for transition in impact.transitions:
            by_weight[transition.weight] += transition.changed or 0
        parts = [f"{number:,} {_WEIGHTS[weight]}" for weight, number in by_weight.items() if number]
        verb = "is" if impact.changed == 1 else "are"
        return (
            f"{impact.changed:,} of {impact.profiles:,} profiles {verb} recommended something else: {', '.join(parts)}"
        )
    if impact.undecided and impact.profiles is None:
        return "Not decided within the budget whether any caller is recommended something else"
    why = []
    if not change.questions.none:
        why.append("the questions differ")
    if any(not one.by_answer for one in impact.one_sided):
        why.append("other callers are impossible")
    return f"Same recommendations for every caller that both can have; {' and '.join(why)}"


def _about_words(change: Change) -> str:
    asked = {word.thing for word in change.words if word.asks and word.thing.startswith("question `")}
    if not asked:
        return ""
    several = len(asked) > 1
    worded = f"{len(asked)} question{'s are' if several else ' is'} worded differently"
    return f"; {worded}: callers may answer differently"


# --- text -----------------------------------------------------------------------------------


def diff_text(change: Change, width: int, *, findings: bool = True) -> str:
    """The change as text. `findings`: those about the change, too, where they are not told elsewhere."""
    lines = [*wrapped(verdict(change), width), ""]
    lines += _edition_lines("old", change.old, width)
    lines += _edition_lines("new", change.new, width)
    if change.impact.undecided:
        lines += wrapped(f"not decided: {'; '.join(change.impact.undecided)}", width, "    ", "  ")
    sections = (
        _finding_section(change, width) if findings else (),
        _case_section(change, width),
        _question_section(change, width),
        *_transition_sections(change, width),
        _same_outcome_section(change, width),
        _one_sided_section(change, width),
        _word_section(change, width),
        _count_section(change, width),
    )
    for section in sections:
        written = list(section)
        lines += ["", *written] if written else []
    return "\n".join(lines) + "\n"


def _edition_lines(side: str, edition: Edition, width: int) -> list[str]:
    text = f"{edition.file.path}: {edition.rule_set.id} {edition.rule_set.version}"
    return wrapped(text, width, "       ", f"  {side}  ")


def _finding_section(change: Change, width: int) -> Iterator[str]:
    if not change.findings:
        return
    yield "What protects callers, and the version"
    for finding in change.findings:
        place = finding.place
        where = f"{finding.path}:{place.line}:{place.column}"
        yield from wrapped(f"{where}: {finding.severity}: {finding.message} [{finding.name}]", width, "    ", "  ")
        for related in finding.related:
            where = f"{related.path}:{related.place.line}:{related.place.column}"
            yield from wrapped(f"{where}: {related.message}", width, "      ", "    ")


def _case_section(change: Change, width: int) -> Iterator[str]:
    if not change.cases:
        return
    yield CASES
    for line in case_lines(change):
        yield from wrapped(line, width, "    ", "  ")


CASES = "Decisions that a person once confirmed, as cases, and that change now"


def case_lines(change: Change) -> Iterator[str]:
    """A line a case."""
    for case in change.cases[:MAX_LINES]:
        by = f" (confirmed by {case.case.confirmed_by})" if case.case.confirmed_by else ""
        yield f"{case.case.id}{by}: {_case_words(case)}"
    yield from _more(len(change.cases) - MAX_LINES, "case", "")


def _case_words(case: CaseChange) -> str:
    if not case.new:
        return f"was {_decided(case.old, case.old_rule)}, and is impossible now"
    return f"was {_decided(case.old, case.old_rule)}, is now {_decided(case.new, case.new_rule)}"


def _decided(outcomes: Sequence[str], rule: str | None) -> str:
    names = " or ".join(_name(outcome) for outcome in outcomes)
    return f"{names} by {rule}" if rule else names


# --- questions ------------------------------------------------------------------------------


def _question_section(change: Change, width: int) -> Iterator[str]:
    if change.questions.none:
        return
    yield "Questions"
    for line in question_lines(change):
        yield from wrapped(line, width, "    ", "  ")


def question_lines(change: Change) -> Iterator[str]:
    """What became of the questions and their answers, and what that means for data from before."""
    questions = change.questions
    for what, found in (("added", questions.added), ("removed", questions.removed)):
        yield from (f"{what}: {_question(question)}" for question in found)
    for name in questions.retyped:
        yield f"{name} is of another type, and so another question"
    for old, new in questions.renamed:
        text = f"{old} was probably renamed to {new}. They are compared as two questions, for old answers to {old} "
        yield f"{text}are no answers to {new}"
    for answers in questions.answers:
        yield f"{answers.id}: {_answers(answers)}"
    if change.impact.unasked:
        yield _unasked(change.impact.unasked)
        for question in questions.added:
            if question.when_no_column is not None:
                yield f"`batch` takes files without {question.id} to say {quoted(question.when_no_column)}"


def _question(question: Question) -> str:
    answers = ", ".join(question.option_ids)
    if question.kind is Kind.WHOLE_NUMBER:
        answers = f"{question.low} to {question.high}{f' {question.unit}' if question.unit else ''}"
    answers = answers or "yes or no"
    notes = "; for notes alone" if question.for_notes else ""
    return f'{question.id}, "{question.ask}" ({answers}{notes})'


def _answers(changed: AnswersChanged) -> str:
    parts = []
    if changed.added:
        parts.append(f"{listed(changed.added)} can be answered now")
    if changed.removed:
        parts.append(f"{listed(changed.removed)} can be answered no more")
    if changed.alone:
        parts.append(f"{listed(changed.alone)} can be combined otherwise with other answers")
    if changed.range:
        (low, high), (new_low, new_high) = changed.range
        parts.append(f"{new_low} to {new_high} instead of {low} to {high}")
    return "; ".join(parts)


def _unasked(unasked: Unasked) -> str:
    names = " and ".join(unasked.questions)
    known = {question: answer for question, answer in unasked.witness.items() if question not in unasked.questions}
    possible = " or ".join(_name(outcome) for outcome in unasked.possible)
    return (
        f"Data from before lack {names}: without an answer, {unasked.profiles:,} of {unasked.of:,} profiles are "
        f"undecided. For example, {answers_in_words(known)} was {_name(unasked.old)}, and may now be {possible}"
    )


# --- transitions ----------------------------------------------------------------------------


def _transition_sections(change: Change, width: int) -> Iterator[Iterator[str]]:
    shown: set[Shown] = set()
    for transition in change.impact.transitions:
        yield _transition_section(change, transition, shown, width)


Shown = tuple[str, str]
"""A side and a rule whose grounds were shown already."""


def transition_title(transition: Transition) -> str:
    """From where to where, by what weight, and how many."""
    counted = f": {profiles_in_words(transition.changed)}" if transition.changed is not None else ""
    return f"From {_name(transition.old)} to {_name(transition.new)} ({_WEIGHTS[transition.weight]}){counted}"


def by_rules(transition: Transition) -> Iterator[list[ChangedRegion]]:
    """The regions that are shown, those that the same two rules decide together."""
    groups: dict[tuple[str | None, str | None], list[ChangedRegion]] = {}
    for region in transition.regions[:MAX_REGIONS]:
        ids = (region.old.rule and region.old.rule.id, region.new.rule and region.new.rule.id)
        groups.setdefault(ids, []).append(region)
    yield from groups.values()


def more_regions(transition: Transition) -> Iterator[str]:
    """How many regions are not shown, where there are any."""
    return _more(len(transition.regions[MAX_REGIONS:]) + transition.more, "region", "")


def _transition_section(change: Change, transition: Transition, shown: set[Shown], width: int) -> Iterator[str]:
    yield from wrapped(transition_title(transition), width, "    ", "")
    for regions in by_rules(transition):
        yield ""
        yield from _side_by_side(change, regions[0], shown, width)
        yield ""
        for region in regions:
            when, example = region_words(region)
            yield from wrapped(when, width, "    ", "  ")
            if example:
                yield from wrapped(example, width, "      ", "    ")
    yield from (f"  {line}" for line in more_regions(transition))


def region_words(region: ChangedRegion) -> tuple[str, str | None]:
    """Whom a region holds; and one of them, where that says more."""
    when, example = answers_in_words(region.when), answers_in_words(region.witness)
    number = "" if region.profiles is None else f"{profiles_in_words(region.profiles)}: "
    return f"{number}{when}", None if example == when else f"for example {example}"


def _side_by_side(change: Change, region: ChangedRegion, shown: set[Shown], width: int) -> Iterator[str]:
    """Both rules with their lines, grounds and passages, in two columns."""
    room = (width - 5) // 2
    old = list(_rule_lines(change.old, region.old, "before", shown, room))
    new = list(_rule_lines(change.new, region.new, "now", shown, room))
    for left, right in zip_longest(old, new, fillvalue=""):
        yield f"  {left}{' ' * (room - cells(left))} | {right}".rstrip()


def _rule_lines(edition: Edition, end: End, when: str, shown: set[Shown], room: int) -> Iterator[str]:
    """A rule; one that was shown already without its grounds."""
    first, *grounds = rule_lines(edition, end)
    yield from _narrow(f"{when}: {first}", room)
    if end.rule is not None and (when, end.rule.id) in shown:
        grounds = [*grounds[:1], "(shown above)"]
    elif end.rule is not None:
        shown.add((when, end.rule.id))
    for line in grounds:
        yield from _narrow(line, room)


def rule_lines(edition: Edition, end: End) -> Iterator[str]:
    """What is recommended by which rule; its line and basis, its condition, its reason, its passages."""
    rule = end.rule
    if rule is None:
        yield "no rule matches"
        return
    name = edition.file.path.replace("\\", "/").rsplit("/", 1)[-1]
    yield f"{_name(end.outcome)}, by {rule.id}"
    yield f"{name}:{rule.place.line}, {rule.basis}"
    yield f"when {in_words(edition.rule_set, rule.when)}"
    if rule.unless is not None:
        yield f"unless {in_words(edition.rule_set, rule.unless)}"
    yield f"because: {rule.because}"
    yield from (f"{cite.id}: {_passage(edition.rule_set, cite.id)}" for cite in rule.cite)
    if not rule.cite:
        yield "rests on no source"


def _narrow(text: str, room: int) -> list[str]:
    return wrapped(text, room, "  ", "", break_words=True)


def _passage(rule_set: RuleSet, name: str) -> str:
    source, passage = rule_set.passage.get(name, (None, None))
    if passage is not None:
        return passage.says
    return source.title if source else "no such source"


# --- the rest -------------------------------------------------------------------------------


def _same_outcome_section(change: Change, width: int) -> Iterator[str]:
    for line in same_outcome_lines(change):
        yield from wrapped(line, width, "    ", "")


def same_outcome_lines(change: Change) -> Iterator[str]:
    """Who is recommended the same by another rule, folded into one line."""
    others = change.impact.other_rules
    if not others:
        return
    total = sum(other.profiles for other in others)
    pairs = [f"{one.old} to {one.new} ({one.outcome}) {one.profiles:,}" for one in others[:MAX_LINES]]
    more = f", and {len(others) - MAX_LINES} more" if len(others) > MAX_LINES else ""
    yield f"Same recommendation by another rule: {profiles_in_words(total)}: {', '.join(pairs)}{more}"


def _one_sided_section(change: Change, width: int) -> Iterator[str]:
    if not change.impact.one_sided:
        return
    yield ONE_SIDED
    for line in one_sided_lines(change):
        yield from wrapped(line, width, "    ", "  ")


ONE_SIDED = "Callers whom only one of the two can have"


def one_sided_lines(change: Change) -> Iterator[str]:
    """A line for each kind of caller whom one of the two cannot have."""
    return (_one_sided(one) for one in change.impact.one_sided)


def _one_sided(one: OneSided) -> str:
    whose, other = ("new", "old") if one.only_new else ("old", "new")
    reason = "has no such answer" if one.by_answer else "calls them impossible"
    if one.profiles is None:
        reason = "cannot have them"
    outcomes = ", ".join(f"{_name(outcome)} {number:,}" for outcome, number in one.outcomes.items())
    said = f", recommended {outcomes}" if outcomes else ""
    number = profiles_in_words(one.profiles)
    return f"only in the {whose} one, {number}{said}; the {other} one {reason}: {answers_in_words(one.witness)}"


def _word_section(change: Change, width: int) -> Iterator[str]:
    if not change.words:
        return
    yield "Wording, [-before-]{+now+}"
    thing = None
    for word in change.words:
        if word.thing != thing:
            thing = word.thing
            yield f"  {printable(thing)}{only_one(word)}"
        yield from wrapped(f"{word.field}: {marked(word.old, word.new)}", width, "      ", "    ")


def only_one(word: WordChange) -> str:
    """Whether a thing is there on one side alone."""
    if not word.whole:
        return ""
    return ", removed" if word.new is None else ", added"


def _count_section(change: Change, width: int) -> Iterator[str]:
    yield from wrapped(count_line(change), width)


def count_line(change: Change) -> str:
    """How many profiles there are, and how many changed."""
    impact = change.impact
    if impact.profiles is None or impact.changed is None:
        return "Not counted: the rules are too tangled. No verdict rests on that."
    left_out = f"; {impact.impossible:,} impossible ones left out" if impact.impossible else ""
    return (
        f"Counts are of profiles, not of patients: {impact.profiles:,} profiles, "
        f"{impact.changed:,} changed, {impact.profiles - impact.changed:,} as before{left_out}."
    )


def _more(number: int, word: str, indent: str) -> Iterator[str]:
    if number > 0:
        yield f"{indent}... and {number:,} more {word}{'' if number == 1 else 's'}"


def _name(outcome: str | None) -> str:
    return "no rule" if outcome in (None, NO_RULE) else str(outcome)


# --- JSON -----------------------------------------------------------------------------------


def diff_json(change: Change) -> dict[str, Any]:
    """The change as one object, ready for `json`. `no_rule` is null, and so is what was not counted."""
    impact, questions = change.impact, change.questions
    return {
        "identical": change.identical,
        "profiles": impact.profiles,
        "changed": impact.changed,
        "transitions": [_transition_json(transition) for transition in impact.transitions],
        "questions": {
            "added": [question.id for question in questions.added],
            "removed": [question.id for question in questions.removed],
            "renamed": [{"from": old, "to": new} for old, new in questions.renamed],
            "retyped": list(questions.retyped),
            "answers": [_answers_json(answers) for answers in questions.answers],
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
        "unasked": _unasked_json(impact.unasked),
        "verdict": verdict(change),
        "old": _edition_json(change.old),
        "new": _edition_json(change.new),
        "complete": change.complete,
        "undecided": list(impact.undecided),
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


def _edition_json(edition: Edition) -> dict[str, str]:
    rule_set = edition.rule_set
    return {
        "path": edition.file.path,
        "id": rule_set.id,
        "version": rule_set.version,
        "digest": edition.file.digest,
    }
