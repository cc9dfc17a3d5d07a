"""What is said of a change, part by part and in words: for a terminal, a review comment and a page.

Computes nothing, and knows no format. `chapters` is the one list of what is told, in its order: what
protects callers; who is recommended something else, the transitions that may do harm unnoticed first, each
with both rules side by side and with callers; which rules are not what they were; what is worded differently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from iopscreen.audit.change.confirmed import CaseChange
from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import ChangedRegion, End, OneSided, Transition, Weight
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import WordChange
from iopscreen.audit.telling import left_out_in_words, profiles_in_words, uncounted
from iopscreen.report.change_questions import question_lines, setting_lines
from iopscreen.report.change_words import answers_line, counted, in_words, more_lines, outcome_name, written
from iopscreen.report.columns import ANY
from iopscreen.report.findings import Reported, hidden_notes, tally
from iopscreen.ruleset.condition_words import condition_in_words, spaced
from iopscreen.ruleset.findings import Finding, Severity
from iopscreen.ruleset.model import Rule
from iopscreen.ruleset.words import cited

MAX_REGIONS = 5
"""How many regions of a transition are shown."""

MAX_LINES = 10
"""How many cases, or pairs of rules, are shown."""

MAX_WAYS = 3
"""How many transitions of one weight the verdict names."""

AS_BEFORE = "as before"
BEFORE, NOW = "before", "now"

_WEIGHTS = {
    Weight.LESS_INTENSIVE: "less intensive",
    Weight.NEW_GAP: "in a new gap",
    Weight.MORE_INTENSIVE: "more intensive",
    Weight.GAP_CLOSED: "out of a gap",
}


# --- the verdict ----------------------------------------------------------------------------


class Verdict(NamedTuple):
    """What the change means: how many are recommended something else, which, and what else must be known."""

    what: str
    which: str
    beside: tuple[str, ...]


def verdict(change: Change) -> str:
    """What the change means, in one line that can be quoted."""
    said = verdict_parts(change)
    return "; ".join([f"{said.what}: {said.which}" if said.which else said.what, *said.beside])


def verdict_parts(change: Change) -> Verdict:
    """The same in parts."""
    renamed = [f"the file was {_file_name(change.old)} before"] if change.old.renamed else []
    return Verdict(*_about_recommendations(change), (*renamed, *_beside(change)))


def _beside(change: Change) -> Iterator[str]:
    """What callers are asked, what protects them, what is said, and whether anything is left open."""
    questions = change.questions
    what = ((len(questions.added), "added"), (len(questions.removed), "removed"), (len(questions.renamed), "renamed"))
    if any(number for number, _ in what):
        yield ", ".join(f"{counted(number, 'question')} {word}" for number, word in what if number)
    if questions.renamed:
        yield "answers and files from before need the new names"
    broken = [finding for finding in change.protection if finding.severity is Severity.ERROR]
    if broken:
        yield f"{counted(len(broken), 'guarantee')} no longer {'holds' if len(broken) == 1 else 'hold'}"
    if len(change.protection) > len(broken):
        yield f"protection weakened in {counted(len(change.protection) - len(broken), 'place')}"
    yield from _ruled(change)
    yield from _worded(change)
    if change.undecided and _something_decided(change):
        yield "not everything was decided"


def _ruled(change: Change) -> Iterator[str]:
    """Which rules are not what they were, where that moves nobody: who is moved is shown with the rules."""
    if change.impact.transitions:
        return
    things = list(dict.fromkeys(word.thing for word in change.words if word.decides))
    rules = [thing for thing in things if thing != "rules"]
    if rules:
        yield f"the rules differ ({_named(rules)})"
    if len(rules) < len(things):
        yield "the rules are in another order"


_TOLD = ("outcome", "emergency", "undecided", "note")
"""What is said to callers, or staff are told to do, after the questions."""


def _worded(change: Change) -> Iterator[str]:
    """What is worded differently, by what may come of it."""
    asked = {word.thing for word in change.words if word.asks and word.thing.startswith("question `")}
    if asked:
        worded = f"{counted(len(asked), 'question')} {'are' if len(asked) > 1 else 'is'} worded differently"
        yield f"{worded}: callers may answer differently"
    things = list(dict.fromkeys(word.thing for word in change.words if _is_worded(word)))
    if "questions" in things:
        yield "the questions are asked in another order"
    spelled = [word.field for word in change.words if word.thing == "spellings"]
    if spelled:
        yield f"other spellings of {' and '.join(spelled)}: the same answers in files may be read differently"
    told = [thing for thing in things if thing.split(" ")[0] in _TOLD]
    if told:
        yield f"callers or staff are told something else ({_named(told)})"
    others = [thing for thing in things if thing not in (*told, *asked, "questions", "outcomes", "spellings")]
    if others:
        yield f"worded differently: {_named(others)}"


def _is_worded(word: WordChange) -> bool:
    """Whether other words are read or heard, but for those of questions.

    What comes and goes with what is decided is told there: a whole rule, for one, by whom it takes.
    """
    beside_rules = word.whole and not word.thing.startswith(("note", "emergency", "undecided"))
    return word.wording and not word.asks and not beside_rules


def _named(things: Sequence[str]) -> str:
    """The first of them by name."""
    more = [f"{len(things) - MAX_WAYS} more"] if len(things) > MAX_WAYS else []
    return ", ".join([*(thing.replace("`", "") for thing in things[:MAX_WAYS]), *more])


def _something_decided(change: Change) -> bool:
    return change.impact.profiles is not None or bool(change.impact.transitions)


def _about_recommendations(change: Change) -> tuple[str, str]:
    impact = change.impact
    if change.identical:
        return "Same answers, same recommendations", ""
    if impact.transitions and impact.changed is None:
        ways = ", ".join(_way(one) for one in impact.transitions)
        return "Some callers are recommended something else", f"{ways} (not counted)"
    if impact.transitions:
        verb = "is" if impact.changed == 1 else "are"
        weights = ", ".join(_by_weight(impact.transitions))
        of = profiles_in_words(impact.profiles)
        return f"{impact.changed:,} of {of} {verb} recommended something else", weights
    if impact.undecided and impact.profiles is None:
        return "Not decided within the budget whether any caller is recommended something else", ""
    why = []
    if not change.questions.none:
        why.append("the questions differ")
    if any(not one.by_answer for one in impact.one_sided):
        why.append("other callers are impossible")
    if not why:
        why.append("other answers can be given")
    return f"Same recommendations for every caller that both can have; {' and '.join(why)}", ""


def _by_weight(transitions: Sequence[Transition]) -> Iterator[str]:
    """By clinical weight, how many, and from where to where."""
    for weight, words in _WEIGHTS.items():
        mine = [one for one in transitions if one.weight is weight]
        if mine:
            ways = [f"{one.changed:,} {_way(one)}" if len(mine) > 1 else _way(one) for one in mine[:MAX_WAYS]]
            ways += [counted(len(mine) - MAX_WAYS, "other way")] if len(mine) > MAX_WAYS else []
            yield f"{sum(one.changed or 0 for one in mine):,} {words} ({', '.join(ways)})"


def _way(transition: Transition) -> str:
    return f"from {outcome_name(transition.old)} to {outcome_name(transition.new)}"


def count_line(change: Change) -> str:
    """How many profiles there are, and how many changed."""
    impact = change.impact
    if impact.profiles is None or impact.changed is None:
        return f"{uncounted(late=impact.late).capitalize()}. No verdict rests on that."
    left_out = left_out_in_words(impact.impossible or 0, "; ")
    return (
        f"Counts are of profiles, not of patients: {profiles_in_words(impact.profiles)}, "
        f"{impact.changed:,} changed, {impact.profiles - impact.changed:,} as before{left_out}."
    )


def _file_name(edition: Edition) -> str:
    """The name of the file, without its folder."""
    return edition.file.path.replace("\\", "/").rsplit("/", 1)[-1]


# --- the chapters ---------------------------------------------------------------------------


class Side(NamedTuple):
    """One of two rules that are shown side by side. `when`: before or now; `rule`: None where no rule matches.

    `unchanged`: what of it the other side says in the same words: `condition`, `because`, `cite`.
    """

    when: str
    edition: Edition
    end: End
    unchanged: frozenset[str]

    @property
    def place(self) -> str:
        """The file, without its folder, and the line of the rule."""
        assert self.end.rule is not None
        return f"{_file_name(self.edition)}:{self.end.rule.place.line}"

    @property
    def condition(self) -> list[str]:
        """Whom the rule is about: its `when`, and its `unless`."""
        rule = self.end.rule
        assert rule is not None
        said = [f"if {condition_in_words(self.edition.rule_set, rule.when)}"]
        if rule.unless is not None:
            said.append(f"unless {condition_in_words(self.edition.rule_set, rule.unless)}")
        return said


class Callers(NamedTuple):
    """Callers who are told something else: how many profiles, and their answers in words, by question.

    `example`: the answers of one of them to what their answers leave open.
    """

    number: str
    answers: Mapping[str, str]
    example: Mapping[str, str]


class Pair(NamedTuple):
    """Two rules side by side, and the callers whom they part."""

    old: Side
    new: Side
    callers: tuple[Callers, ...]


class Chapter(NamedTuple):
    """A part of what is told; it has lines, findings, pairs of rules, or texts. `more`: what is not shown, in words."""

    name: str
    heading: str
    lines: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    pairs: tuple[Pair, ...] = ()
    words: tuple[WordChange, ...] = ()
    more: str = ""

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.lines or self.findings or self.pairs or self.words)


def chapters(change: Change, *, findings: bool = True, notes: bool = False) -> list[Chapter]:
    """What is told below the verdict. `findings`: those about the change, where not told elsewhere; `notes`: too."""
    told = change.findings if findings else ()
    counting = tuple(one for one in told if one.severity is not Severity.NOTE)
    noted = tuple(one for one in told if one.severity is Severity.NOTE and notes)
    ruled = {word.thing for word in change.words if word.decides}
    worded = {word.thing for word in change.words if word.wording} - ruled
    found = [
        Chapter("undecided", "Not decided", change.undecided),
        Chapter("protection", "What protects callers, and the version", findings=counting),
        Chapter(
            "confirmed",
            "Decisions that a person once confirmed, as cases, and that change now",
            _cases([case for case in change.cases if case.case.confirmed_by]),
        ),
        Chapter(
            "other-cases",
            "Other cases that are decided differently now",
            _cases([case for case in change.cases if not case.case.confirmed_by]),
        ),
        Chapter("question-changes", "Questions", tuple(question_lines(change))),
        Chapter("settings", "Settings", tuple(setting_lines(change))),
        *(_transition(change, number, one) for number, one in enumerate(change.impact.transitions, 1)),
        Chapter("same", "Same recommendation by another rule", tuple(_same_outcome(change))),
        Chapter("one-sided", "Callers whom only one of the two can have", tuple(_one_sided(change))),
        Chapter("rule-changes", "Rules", words=tuple(word for word in change.words if word.thing in ruled)),
        Chapter("words", "Wording", words=tuple(word for word in change.words if word.thing in worded)),
        Chapter("kept", "What else is written", words=_beside_all(change, ruled | worded)),
        Chapter("notes", "Notes", findings=noted),
    ]
    return [chapter for chapter in found if not chapter.empty]


def _beside_all(change: Change, told: Collection[str]) -> tuple[WordChange, ...]:
    """What is written of things that are not told before."""
    return tuple(word for word in change.words if word.thing not in told)


def hidden_notes_line(change: Change, *, notes: bool) -> str | None:
    """What is said in the place of notes that are not shown; None where all are."""
    told = tally([Reported(finding, None, "") for finding in change.findings])
    return None if notes or not told.notes else hidden_notes(told)


# --- cases ---


def _cases(cases: Sequence[CaseChange]) -> tuple[str, ...]:
    lines = []
    for case in cases[:MAX_LINES]:
        by = f" (confirmed by {case.case.confirmed_by})" if case.case.confirmed_by else ""
        lines.append(f"{case.case.id}{by}: {_case_words(case)}")
    return (*lines, *more_lines(len(cases) - MAX_LINES, "case"))


def _case_words(case: CaseChange) -> str:
    if not case.new:
        return f"was {_decided(case.old, case.old_rule)}, and is impossible now"
    return f"was {_decided(case.old, case.old_rule)}, is now {_decided(case.new, case.new_rule)}"


def _decided(outcomes: Sequence[str], rule: str | None) -> str:
    names = " or ".join(outcome_name(outcome) for outcome in outcomes)
    return f"{names} by {rule}" if rule else names


# --- transitions ---


def _transition(change: Change, number: int, transition: Transition) -> Chapter:
    groups: dict[tuple[str | None, str | None], list[ChangedRegion]] = {}
    for region in transition.regions[:MAX_REGIONS]:
        ids = (region.old.rule and region.old.rule.id, region.new.rule and region.new.rule.id)
        groups.setdefault(ids, []).append(region)
    return Chapter(
        f"transition-{number}",
        transition_title(transition),
        pairs=tuple(_pair(change, regions) for regions in groups.values()),
        more=next(more_lines(len(transition.regions[MAX_REGIONS:]) + transition.more, "region"), ""),
    )


def transition_title(transition: Transition) -> str:
    """From where to where, by what weight, and how many."""
    number = f": {profiles_in_words(transition.changed)}" if transition.changed is not None else ""
    return f"F{_way(transition)[1:]} ({_WEIGHTS[transition.weight]}){number}"


def _pair(change: Change, regions: Sequence[ChangedRegion]) -> Pair:
    first = regions[0]
    same = _unchanged(change, first.old.rule, first.new.rule)
    return Pair(
        Side(BEFORE, change.old, first.old, frozenset()),
        Side(NOW, change.new, first.new, same),
        tuple(_callers(change, region) for region in regions),
    )


def _unchanged(change: Change, old: Rule | None, new: Rule | None) -> frozenset[str]:
    """What the two rules say in the same words; of rules with other ids nothing, for these were written apart."""
    if old is None or new is None or old.id != new.id:
        return frozenset()
    before, after = _said(change.old, old), _said(change.new, new)
    return frozenset(name for name in before if before[name] == after[name])


def _said(edition: Edition, rule: Rule) -> dict[str, list[str | None]]:
    """What a rule says: whom it is about, why, and on what that rests."""
    rule_set = edition.rule_set
    conditions = [None if one is None else condition_in_words(rule_set, one) for one in (rule.when, rule.unless)]
    cites = [cited(rule_set, cite) for cite in rule.cite]
    return {"condition": conditions, "because": [rule.because], "cite": cites}


def _callers(change: Change, region: ChangedRegion) -> Callers:
    when = {spaced(question): spaced(answer) for question, answer in region.when.items()}
    known = {question: answer for question, answer in region.witness.items() if answer != ANY}
    settled = {question for question, answer in region.when.items() if answer == written(known.get(question))}
    left = {question: answer for question, answer in known.items() if question not in settled}
    return Callers(profiles_in_words(region.profiles), when, in_words(change, left))


def callers_lines(callers: Callers) -> list[str]:
    """Who they are; and one of them, where that says more."""
    example = [f"for example {answers_line(callers.example)}"] if callers.example else []
    return [f"{callers.number}: {answers_line(callers.answers)}", *example]


def rule_lines(side: Side) -> Iterator[str]:
    """What is recommended by which rule; its line and basis, its condition, its reason, its passages."""
    rule = side.end.rule
    if rule is None:
        yield "no rule matches"
        return
    yield f"{outcome_name(side.end.outcome)}, by {rule.id}"
    yield f"{side.place}, {rule.basis}"
    yield from [f"condition: {AS_BEFORE}"] if "condition" in side.unchanged else side.condition
    yield f"because: {AS_BEFORE if 'because' in side.unchanged else rule.because}"
    if "cite" in side.unchanged:
        yield f"rests on: {AS_BEFORE}"
        return
    yield from (f"{cite.id}: {_passage(side.edition, cite.id)}" for cite in rule.cite)
    if not rule.cite:
        yield "rests on no source"


def _passage(edition: Edition, name: str) -> str:
    source, passage = edition.rule_set.passage.get(name, (None, None))
    if passage is not None:
        return passage.says
    return source.title if source else "no such source"


# --- the rest ---


def _same_outcome(change: Change) -> Iterator[str]:
    """Who is recommended the same by another rule, folded into one line."""
    others = change.impact.other_rules
    if others:
        pairs = [f"{one.old} to {one.new} ({one.outcome}) {one.profiles:,}" for one in others[:MAX_LINES]]
        more = f", and {len(others) - MAX_LINES} more" if len(others) > MAX_LINES else ""
        yield f"{profiles_in_words(sum(other.profiles for other in others))}: {', '.join(pairs)}{more}"


def _one_sided(change: Change) -> Iterator[str]:
    """A line for each kind of caller whom one of the two cannot have."""
    for one in change.impact.one_sided:
        yield _one_sided_line(change, one)


def _one_sided_line(change: Change, one: OneSided) -> str:
    whose, other = ("new", "old") if one.only_new else ("old", "new")
    reason = "has no such answer" if one.by_answer else "calls them impossible"
    outcomes = ", ".join(f"{outcome_name(outcome)} {number:,}" for outcome, number in one.outcomes.items())
    said = f", recommended {outcomes}" if outcomes else ""
    shown = answers_line(in_words(change, one.witness))
    number = profiles_in_words(one.profiles)
    return f"only in the {whose} one, {number}{said}; the {other} one {reason}. For example {shown}"


def only_one(word: WordChange) -> str:
    """Whether a thing is there on one side alone."""
    if not word.whole:
        return ""
    return ", removed" if word.new is None else ", added"
