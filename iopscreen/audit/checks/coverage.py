"""Coverage: is every rule, outcome and option tried by a case that passes? Asked only where there are cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iopscreen.audit.cases import coverage, option_name, options_asked
from iopscreen.audit.judged import attempted
from iopscreen.audit.subject import Subject, Told, Undecided, case_to_paste, decided_witness
from iopscreen.audit.telling import listed
from iopscreen.engine.compiled import NONE_MATCHES
from iopscreen.ruleset.cases import TO_FILL_IN
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import NO, YES, Answer, Kind
from iopscreen.ruleset.values import answer_json

MAX_RELATED = 10
"""How many places are listed beside the first; the message names them all."""


def uncovered_rule(subject: Subject) -> Iterator[Told | Undecided]:
    """No case that passes is decided by these rules alone, so a slip in them would go unnoticed.

    Example: there are cases, and none of them has a caller whom rule `minor-without-guardian` decides.

    What to do: paste the case shown for the first one, decide what that caller must be told, and write
    it in the place of `???`; the same for the others. Rules that never decide are not listed: they
    have a finding of their own.
    """
    missing = _missing(subject, "rules")
    rules = [(place, rule) for place, rule in enumerate(subject.rule_set.rules) if rule.id in (missing or ())]
    if missing is None or any(subject.judged.reach[place] is None for place, _ in rules):
        yield Undecided("whether cases try every rule that decides", ("uncovered-rule",))
        return
    rules = [(place, rule) for place, rule in rules if place in subject.deciding]
    if rules:
        answers = _caller(subject, rules[0][0])
        names = [rule.id for _, rule in rules]
        yield _told(subject, "is decided by", ("rule", "rules"), names, [rule.place for _, rule in rules], answers)


def uncovered_outcome(subject: Subject) -> Iterator[Told | Undecided]:
    """No case that passes leads to these outcomes.

    Example: there are cases for `iop` and `referral`, and none for `inpatient`.

    What to do: as for rules that no case tries. Outcomes that are never recommended are not listed.
    """
    missing = _missing(subject, "outcomes")
    outcomes = [outcome for outcome in subject.rule_set.outcomes if outcome.id in (missing or ())]
    if missing is None or any(subject.judged.recommended[outcome.id] is None for outcome in outcomes):
        yield Undecided("whether cases come to every outcome", ("uncovered-outcome",))
        return
    outcomes = [outcome for outcome in outcomes if subject.judged.recommended[outcome.id]]
    if outcomes:
        rules = subject.rule_set.rules
        deciding = (place for place in sorted(subject.deciding) if rules[place].recommend == outcomes[0].id)
        answers = _caller(subject, next(deciding))
        names, places = [outcome.id for outcome in outcomes], [outcome.place for outcome in outcomes]
        yield _told(subject, "leads to", ("outcome", "outcomes"), names, places, answers)


def uncovered_option(subject: Subject) -> Iterator[Told | Undecided]:
    """No case that passes gives these answers, though rules may decide by them.

    Example: `caller` has the option `professional`, and in every case it is `self`. Numbers are not
    meant: of these the edges count.

    What to do: add the option to the answers of a case, or write one for it. Answers that are
    impossible are not listed.
    """
    missing = _missing(subject, "options")
    not_given = frozenset(missing or ())
    options = [option for option in options_asked(subject.compiled) if option_name(*option) in not_given]
    callers = attempted(lambda: {option: _caller_with(subject, *option) for option in options})
    if missing is None or callers is None:
        yield Undecided("whether cases give every answer", ("uncovered-option",))
        return
    found = [(option, answers) for option, answers in callers.items() if answers]
    if found:
        names = [option_name(*option) for option, _ in found]
        declared = _places(subject)
        places = list(dict.fromkeys(declared[option] for option, _ in found))
        yield _told(subject, "answers with", ("option", "options"), names, places, found[0][1])


def _missing(subject: Subject, kind: str) -> Sequence[str] | None:
    """The names that no case covers; none where there are no cases; None while it is not known which cases pass."""
    if not subject.case_results or subject.nobody_possible:
        return ()
    if subject.cases_left_open:
        return None
    return coverage(subject.compiled, subject.case_results)[kind].missing


def _told(
    subject: Subject,
    what: str,
    words: tuple[str, str],
    names: Sequence[str],
    places: Sequence[Place],
    shown: Mapping[str, Any],
) -> Told:
    """One finding for all that is missing, at the first, with a case for it."""
    one, several = words
    message = f"no case that passes {what} {one if len(names) == 1 else several} {listed(names, 'or')}"
    related = [subject.related(place, f"another {one}") for place in places[1:MAX_RELATED]]
    name = "-".join(["tries", *names[0].replace("_", "-").replace(": ", "-").split()])
    case = case_to_paste(name, shown, TO_FILL_IN)
    return Told(places[0], message, tuple(related), shown, case, size=len(names))


def _caller(subject: Subject, position: int) -> Mapping[str, Any]:
    """A caller whom a rule that is known to decide somebody decides."""
    box = subject.verdicts.deciding_box(position)
    assert box is not None
    return decided_witness(subject, position, box)


def _caller_with(subject: Subject, question: str, option: str) -> Mapping[str, Any]:
    """A caller with this answer whom a rule decides: the latest that can, for it is likeliest to rest on it.

    Empty where no caller can give that answer.
    """
    answer: Answer = (option,) if subject.rule_set.question[question].kind is Kind.MANY else option
    with_it = [{level: 1 << block for level, block in subject.compiled.known({question: answer}).items()}]
    latest_first = [*reversed(range(len(subject.rule_set.rules))), NONE_MATCHES]
    for position, box in subject.verdicts.decided(with_it, latest_first):
        return {**decided_witness(subject, position, box, with_it), question: answer_json(answer)}
    return {}


def _places(subject: Subject) -> Mapping[tuple[str, str], Place]:
    """Where each answer is declared, by question and answer; yes and no are by their question."""
    return {
        (question.id, answer): place
        for question in subject.rule_set.questions
        for answer, place in [
            *((option.id, option.place) for option in question.options),
            *((answer, question.place) for answer in (YES, NO) if not question.options),
        ]
    }
