"""Does a record hold? Its decision is made again, and every question that was skipped is re-checked.

Each check is one function over a `Look`: what the record says beside what the rules at hand say.
The list at the end is the order in which problems are told. No message repeats an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled
from iopscreen.engine.decide import Decision, ImpossibleAnswers
from iopscreen.engine.unasked import cannot_matter, to_ask, unasked
from iopscreen.ruleset.model import Answer, Answers, RuleFile, RuleSet
from iopscreen.ruleset.values import Unreadable, answer_json, answer_readers
from iopscreen.screen.decided import computed_json
from iopscreen.screen.record import RawRecord, Status, answer_from_json, contents_digest, kept_decision
from iopscreen.screen.result import would_change
from iopscreen.screen.times import SHOULD, earlier_times, moment, times_of

MAX_KEPT = 20_000
"""How many decisions are kept for records with the same answers."""

COMPARED_APART = ("rule_set", "answers", "emergency_stop")
"""Parts of a decision that have checks of their own."""


class Problem(NamedTuple):
    """One thing that does not hold, and the key path where it stands in the record."""

    name: str
    where: str
    message: str


class Verified(NamedTuple):
    """What came of one record; it holds if there are no problems.

    `answers` and `skipped` count what was re-checked; `decision` is the decision made again, None
    where none can be made.
    """

    problems: tuple[Problem, ...]
    answers: int
    skipped: int
    decision: Decision | None


class Checked(NamedTuple):
    """One file: what came of it, or why it could not be read as a record."""

    path: str
    found: Verified | str


class Again(NamedTuple):
    """The decision made again on some answers; without one, the problem says why."""

    decision: Decision | None
    problem: Problem | None = None


class Look(NamedTuple):
    """A record, and what the rules at hand make of it.

    `answers` are those that could be read, `unreadable` says what is wrong with the others whose
    question there is. `as_json`: the parts of the decision made again, each as JSON. `decide`: the
    decision on some of the answers. `cannot_matter`: whether a question cannot, with some of the
    answers, while those without any answer stay unasked.
    """

    contents: Mapping[str, Any]
    rule_file: RuleFile
    answers: Answers
    unreadable: Mapping[str, str]
    again: Again
    as_json: Mapping[str, str]
    decide: Callable[[Answers], Again]
    cannot_matter: Callable[[Answers, str], bool]
    to_ask: tuple[str, ...]

    @property
    def rule_set(self) -> RuleSet:
        """The rules at hand."""
        return self.rule_file.rule_set

    @property
    def same_rules(self) -> bool:
        """Whether the record was made with the rules at hand."""
        return bool(self.contents["rule_set"]["digest"] == self.rule_file.digest)

    @property
    def under(self) -> str:
        """What a message adds that rests on other rules than the record's."""
        return "" if self.same_rules else ", under the rules at hand"


Known = frozenset[tuple[str, Answer]]


class Verifier:
    """Verifies records under one rule set. What was decided for one record serves those with the same answers."""

    def __init__(self, compiled: Compiled, rule_file: RuleFile) -> None:
        self.compiled = compiled
        self.rule_file = rule_file
        self.readers = answer_readers(compiled.rule_set)
        self._again: dict[Known, Again] = {}
        self._as_json: dict[Known, dict[str, str]] = {}
        self._proved: dict[tuple[Known, str, frozenset[str]], bool] = {}

    def verify(self, raw: RawRecord) -> Verified:
        """Everything in a record that does not hold."""
        look = self._look(raw.contents)
        problems = tuple(problem for check in CHECKS for problem in check(look))
        return Verified(problems, len(look.answers), len(raw.contents["skipped"]), look.again.decision)

    def _look(self, contents: Mapping[str, Any]) -> Look:
        answers: dict[str, Answer] = {}
        unreadable = {}
        for question, written in contents["answers"].items():
            if question in self.readers:
                try:
                    answers[question] = answer_from_json(self.readers[question], written)
                except Unreadable as error:
                    unreadable[question] = str(error)
        again, as_json = self._decided(answers), self._decided_as_json(answers)
        left_out = frozenset(unasked(self.compiled, contents["answers"]))
        return Look(
            contents,
            self.rule_file,
            answers,
            unreadable,
            again,
            as_json,
            self._decided,
            lambda part, question: self._cannot_matter(part, question, left_out),
            to_ask(self.compiled, again.decision) if again.decision else (),
        )

    def _cannot_matter(self, part: Answers, question: str, left_out: frozenset[str]) -> bool:
        """Without impossible combinations the decision says it; else it is proved, once for all such records."""
        decision = self._decided(part).decision
        if decision is None or question not in decision.not_needed:
            return False
        if not self.compiled.impossible:
            return True
        key = frozenset(part.items()), question, left_out
        if key not in self._proved:
            if len(self._proved) >= MAX_KEPT:
                self._proved.clear()
            self._proved[key] = cannot_matter(self.compiled, part, question, left_out)
        return self._proved[key]

    def _decided(self, answers: Answers) -> Again:
        key = frozenset(answers.items())
        if key not in self._again:
            if len(self._again) >= MAX_KEPT:
                self._again.clear()
            self._again[key] = _decide(self.compiled, answers)
        return self._again[key]

    def _decided_as_json(self, answers: Answers) -> Mapping[str, str]:
        key = frozenset(answers.items())
        decision = self._decided(answers).decision
        if key not in self._as_json:
            if len(self._as_json) >= MAX_KEPT:
                self._as_json.clear()
            parts = computed_json(self.rule_file, decision, would_change(self.compiled, decision)) if decision else {}
            self._as_json[key] = {name: _compared(part) for name, part in parts.items()}
        return self._as_json[key]


def verify(raw: RawRecord, compiled: Compiled, rule_file: RuleFile) -> Verified:
    """Everything in one record that does not hold. For many, make one `Verifier`."""
    return Verifier(compiled, rule_file).verify(raw)


def _decide(compiled: Compiled, answers: Answers) -> Again:
    try:
        return Again(kept_decision(compiled, answers))
    except ImpossibleAnswers as error:
        entries = ", ".join(f"`{entry.id}`" for entry in error.entries)
        message = f"cannot all be right: impossible entry {entries} excludes them"
        return Again(None, Problem("impossible-answers", "answers", message))
    except TooTangled:
        message = "the rule set is too tangled to decide again on so few answers, so that nothing can be said"
        return Again(None, Problem("too-tangled", "answers", message))


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def _compared(value: Any) -> str:
    """A JSON value as what it is compared by: 1, 1.0 and true are three things."""
    return _ENCODER.encode(value)


# --- the checks -----------------------------------------------------------------------------


def _record_altered(look: Look) -> Iterator[Problem]:
    """For a record that something, or somebody, changed after it was written."""
    if look.contents["digest"] != contents_digest(look.contents):
        yield Problem("record-altered", "digest", "is not the digest of what the record holds: it was altered")


def _rule_set_changed(look: Look) -> Iterator[Problem]:
    """For a record that was made with other rules than those at hand: what follows may be due to that."""
    made_with, rule_set = look.contents["rule_set"], look.rule_set
    if not look.same_rules:
        origin = f"{made_with['id']} {made_with['version']}"
        message = f"made with {origin} of another digest than {look.rule_file.path}, by which all else is checked"
        yield Problem("rule-set-changed", "rule_set.digest", message)
        return
    for key, right in (("id", rule_set.id), ("version", rule_set.version)):
        if made_with[key] != right:
            message = f"is not the {key} of the rule set with this digest, which is {right}"
            yield Problem("rule-set-changed", f"rule_set.{key}", message)
    if look.contents["disclosure"] != rule_set.disclosure:
        message = "is not what the rule set with this digest says of passing the record on"
        yield Problem("rule-set-changed", "disclosure", message)


def _unknown_question(look: Look) -> Iterator[Problem]:
    """For what is said of a question that the rule set does not have: no decision can take it in."""
    contents = look.contents
    named = [(f"answers.{question}", question) for question in contents["answers"]]
    for place, item in enumerate(contents["skipped"]):
        named.append((f"skipped[{place}].question", item["question"]))
    for place, note in enumerate(contents["notes"]):
        named.append((f"notes[{place}].question", note["question"]))
    for where, question in named:
        if question is not None and question not in look.rule_set.question:
            message = f"`{question}` is not a question of rule set `{look.rule_set.id}`{look.under}"
            yield Problem("unknown-question", where, message)


def _unreadable_answer(look: Look) -> Iterator[Problem]:
    """For an answer that its question cannot have: it is decided again without it."""
    for question, wrong in look.unreadable.items():
        yield Problem("unreadable-answer", f"answers.{question}", f"{wrong}{look.under}")


def _cannot_decide(look: Look) -> Iterator[Problem]:
    """For answers that exclude one another, or a rule set that is too tangled: then no decision can be compared."""
    problem = look.again.problem
    if problem:
        yield problem._replace(message=f"{problem.message}{look.under}")


def _answers_differ(look: Look) -> Iterator[Problem]:
    """For answers that are not those on which the decision in the record was made."""
    written, decided_on = look.contents["answers"], look.contents["decision"]["answers"]
    for question in {**written, **decided_on}:
        where = f"answers.{question}"
        if question not in decided_on:
            yield Problem("answers-differ", where, f"the decision in the record knows no answer to `{question}`")
        elif question not in written:
            yield Problem("answers-differ", f"decision.{where}", f"the record holds no answer to `{question}`")
        elif _compared(written[question]) != _compared(decided_on[question]):
            yield Problem("answers-differ", where, f"the decision in the record has another answer to `{question}`")
        elif look.same_rules and question in look.answers:
            canonical = answer_json(look.answers[question])
            if _compared(written[question]) != _compared(canonical):
                yield Problem("answers-differ", where, "is not written as a record writes this answer")


def _decision_differs(look: Look) -> Iterator[Problem]:
    """For a decision that the answers do not lead to."""
    decision = look.contents["decision"]
    if _compared(decision["rule_set"]) != _compared(look.contents["rule_set"]):
        yield Problem("decision-differs", "decision.rule_set", "is not the rule set that the record names")
    if look.again.decision is None:
        return
    parts = [key for key in look.as_json if key not in COMPARED_APART]
    for key in parts:
        if key not in decision:
            yield Problem("decision-differs", "decision", f"lacks `{key}`")
    first, *others = [key for key in parts if key in decision and _compared(decision[key]) != look.as_json[key]] or [""]
    if first:
        message = f"`{first}` is not what the answers lead to{look.under}{_both(look, first)}"
        also = f"; nor are {', '.join(f'`{key}`' for key in others)}" if others else ""
        yield Problem("decision-differs", f"decision.{first}", message + also)
    if any(key not in look.as_json and key not in COMPARED_APART for key in decision):
        yield Problem("decision-differs", "decision", "holds a key that no decision has")


def _both(look: Look, key: str) -> str:
    """Both outcomes, or both rules; a name that the rule set does not have is not repeated."""
    names = {"recommendation": look.rule_set.outcome, "rule": look.rule_set.rule}.get(key)
    if names is None:
        return ""
    recorded, right = look.contents["decision"][key], json.loads(look.as_json[key])
    told = recorded if isinstance(recorded, str) and recorded in names else "none" if recorded is None else "unknown"
    return f": it is {told} in the record, and {right or 'none'} when decided again"


def _skip_not_justified(look: Look) -> Iterator[Problem]:
    """For a question that was left out although its answer could have changed the outcome."""
    answers, questions = look.contents["answers"], look.rule_set.question
    for place, item in enumerate(look.contents["skipped"]):
        name, because, where = item["question"], item["because"], f"skipped[{place}]"
        others = [other for other in because if _compared(because[other]) != _compared(answers.get(other))]
        for other in others:
            message = f"`{name}` was left out for an answer to `{other}` that is not among the answers"
            yield Problem("skip-not-justified", f"{where}.because.{other}", message)
        if name in answers:
            yield Problem("skip-not-justified", where, f"`{name}` was answered, so that it was not left out")
        elif name in questions and questions[name].for_notes:
            yield Problem("skip-not-justified", where, f"`{name}` is asked for notes alone and decides nothing")
        elif name in questions and not others and all(other in look.answers for other in because):
            yield from _unsettled(look, name, {other: look.answers[other] for other in because}, where)


def _unsettled(look: Look, name: str, because: Answers, where: str) -> Iterator[Problem]:
    decision, problem = look.decide(because)
    if problem and not look.again.problem:
        yield problem._replace(where=where)
    elif decision and not look.cannot_matter(because, name):
        given = " and ".join(f"`{other}`" for other in because)
        known = f"with the answers to {given} alone" if because else "with nothing known"
        yield Problem("skip-not-justified", where, f"`{name}` was left out, and can matter {known}{look.under}")


def _not_accounted(look: Look) -> Iterator[Problem]:
    """For a question that the record is silent about, so that nobody knows why it was not asked."""
    decision = look.again.decision
    if decision is None:
        return
    skipped = [item["question"] for item in look.contents["skipped"]]
    for question in decision.not_needed:
        listed = question in look.contents["answers"] or question in skipped
        if not listed and look.cannot_matter(look.answers, question):
            message = f"`{question}` was neither answered nor left out for a reason, nor is it open{look.under}"
            yield Problem("not-accounted", "skipped", message)


def _times_differ(look: Look) -> Iterator[Problem]:
    """For a call whose times do not fit: each answer has one, and all lie between start and end."""
    yield from _times_missing(look)
    yield from _times_out_of_order(look)


def _times_missing(look: Look) -> Iterator[Problem]:
    """For an answer without a time, a time without an answer, and a call that ended at no time."""
    contents = look.contents
    answers, given_at = contents["answers"], contents["given_at"]
    for question in answers:
        if question not in given_at:
            yield Problem("times-differ", "given_at", f"`{question}` was answered, but not when")
    for question in given_at:
        if question not in answers:
            yield Problem("times-differ", f"given_at.{question}", f"`{question}` has a time, but no answer")
    for place, question in enumerate(contents["known_before"]):
        if question not in answers:
            yield Problem("times-differ", f"known_before[{place}]", f"`{question}` was known before, but has no answer")
    if contents["ended"] is None and contents["status"] != Status.UNFINISHED:
        yield Problem("times-differ", "ended", "should be when the call ended, for it is not unfinished")


def _times_out_of_order(look: Look) -> Iterator[Problem]:
    """For a time that is none, or that does not lie between the start and the end of the call.

    Answers that an earlier record gave may be older than the call; what was decided again is younger.
    """
    before = {f"given_at.{name}" for name in look.contents["known_before"] if look.contents["earlier"]}
    moments = {where: moment(text) for where, text in times_of(look.contents).items()}
    start, end = moments["started"], moments.get("ended")
    for where, at in moments.items():
        if at is None:
            yield Problem("times-differ", where, SHOULD)
        elif start and at < start and where not in before:
            yield Problem("times-differ", where, "lies before the start of the call")
        elif end and at > end and where != "decided_again":
            yield Problem("times-differ", where, "lies after the end of the call")
        elif end and at < end and where == "decided_again":
            yield Problem("times-differ", where, "lies before the end of the call")
    for where, text in earlier_times(look.contents).items():
        if moment(text) is None:
            yield Problem("times-differ", where, SHOULD)


def _status_differs(look: Look) -> Iterator[Problem]:
    """For a call that is called finished and was not, or the other way round, and for an emergency that is none.

    A call that somebody left on its last page is unfinished, though every question is answered: that it ended is all
    that such a call cannot say.
    """
    contents, decision = look.contents, look.again.decision
    stopped = contents["decision"].get("emergency_stop", False)
    if stopped is not (contents["status"] == Status.EMERGENCY):
        message = "the status and `emergency_stop` of the decision do not say the same"
        yield Problem("status-differs", "status", message)
    if contents["status"] == Status.UNFINISHED and contents["ended"] is not None:
        yield Problem("status-differs", "status", "unfinished, although it holds when the call ended")
    if contents["status"] != Status.FINISHED or decision is None:
        return
    for question in look.to_ask:
        if question not in contents["answers"]:
            message = f"finished, although `{question}` was never asked and can matter{look.under}"
            yield Problem("status-differs", "status", message)


def _override_unknown(look: Look) -> Iterator[Problem]:
    """For another disposition that the rule set has no word for."""
    override, rule_set = look.contents["override"], look.rule_set
    if override is None:
        return
    if override["recommendation"] not in rule_set.outcome:
        message = f"should be one of {', '.join(rule_set.outcome)}{look.under}"
        yield Problem("override-unknown", "override.recommendation", message)
    if override["reason"] not in rule_set.override_reasons:
        message = f"is not one of the `override_reasons` of the rule set{look.under}"
        yield Problem("override-unknown", "override.reason", message)


CHECKS: tuple[Callable[[Look], Iterator[Problem]], ...] = (
    _record_altered,
    _rule_set_changed,
    _unknown_question,
    _unreadable_answer,
    _cannot_decide,
    _answers_differ,
    _decision_differs,
    _skip_not_justified,
    _not_accounted,
    _times_differ,
    _status_differs,
    _override_unknown,
)
"""A new check is one more function here."""
