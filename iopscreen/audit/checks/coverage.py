"""Coverage: is every rule, outcome and option tried by a case that passes? Asked only where there are cases."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from iopscreen.audit.cases import coverage, option_name, options_asked
from iopscreen.audit.subject import Subject, Told, case_to_paste, witness_json
from iopscreen.audit.telling import listed
from iopscreen.engine.compiled import NONE_MATCHES, is_impossible
from iopscreen.engine.decide import witness
from iopscreen.engine.diagram import Label
from iopscreen.ruleset.cases import TO_FILL_IN
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.model import Answer, Kind

MAX_RELATED = 10
"""How many places are listed beside the first; the message names them all."""


def uncovered_rule(subject: Subject) -> Iterator[Told]:
    """No case that passes is decided by these rules alone, so a slip in them would go unnoticed.

    Example: there are cases, and none of them has a caller whom rule `minor-without-guardian` decides.

    What to do: paste the case shown for the first one, decide what that caller must be told, and write
    it in the place of `???`; the same for the others. Rules that never decide are not listed: they
    have a finding of their own.
    """
    missing = _missing(subject, "rules")
    rules = [(place, rule) for place, rule in enumerate(subject.rule_set.rules) if rule.id in missing]
    rules = [(place, rule) for place, rule in rules if place in subject.deciding]
    if rules:
        answers = _caller(subject, {}, partial(operator.eq, rules[0][0]))
        names = [rule.id for _, rule in rules]
        yield _told(subject, "is decided by", ("rule", "rules"), names, [rule.place for _, rule in rules], answers)


def uncovered_outcome(subject: Subject) -> Iterator[Told]:
    """No case that passes leads to these outcomes.

    Example: there are cases for `iop` and `referral`, and none for `inpatient`.

    What to do: as for rules that no case tries. Outcomes that are never recommended are not listed.
    """
    missing = _missing(subject, "outcomes")
    if not missing:
        return
    reached = {subject.compiled.outcome_of(position) for position in subject.deciding}
    outcomes = [outcome for outcome in subject.rule_set.outcomes if outcome.id in missing and outcome.id in reached]
    if outcomes:
        first, compiled = outcomes[0].id, subject.compiled
        answers = _caller(subject, {}, lambda label: compiled.outcome_of(label) == first)
        names, places = [outcome.id for outcome in outcomes], [outcome.place for outcome in outcomes]
        yield _told(subject, "leads to", ("outcome", "outcomes"), names, places, answers)


def uncovered_option(subject: Subject) -> Iterator[Told]:
    """No case that passes gives these answers, though rules may decide by them.

    Example: `caller` has the option `professional`, and in every case it is `self`. Numbers are not
    meant: of these the edges count.

    What to do: add the option to the answers of a case, or write one for it. Answers that are
    impossible are not listed.
    """
    missing = _missing(subject, "options")
    options = [option for option in options_asked(subject.compiled) if option_name(*option) in missing]
    callers = {option: _caller_with(subject, *option) for option in options}
    found = [(option, answers) for option, answers in callers.items() if answers]
    if found:
        names = [option_name(*option) for option, _ in found]
        places = list(dict.fromkeys(_place(subject, *option) for option, _ in found))
        yield _told(subject, "answers with", ("option", "options"), names, places, found[0][1])


def _missing(subject: Subject, kind: str) -> Sequence[str]:
    """The names that no case covers; none where there are no cases."""
    if not subject.case_results or subject.nobody_possible:
        return ()
    return coverage(subject.compiled, subject.case_results)[kind].missing


def _told(
    subject: Subject,
    what: str,
    words: tuple[str, str],
    names: Sequence[str],
    places: Sequence[Place],
    answers: Mapping[str, Answer],
) -> Told:
    """One finding for all that is missing, at the first, with a case for it."""
    one, several = words
    message = f"no case that passes {what} {one if len(names) == 1 else several} {listed(names, 'or')}"
    related = [subject.related(place, f"another {one}") for place in places[1:MAX_RELATED]]
    shown = witness_json(answers)
    name = "-".join(["tries", *names[0].replace("_", "-").replace(": ", "-").split()])
    case = case_to_paste(name, shown, TO_FILL_IN)
    return Told(places[0], message, tuple(related), shown, case, size=len(names))


def _caller(subject: Subject, known: Mapping[str, Answer], wanted: Callable[[Label], bool]) -> Mapping[str, Answer]:
    """A possible caller with the answers `known` whose label is `wanted`; empty where there is none."""
    diagram, root = subject.compiled.whole
    root = diagram.restrict(root, subject.compiled.known(known))
    found = witness(subject.compiled, diagram, root, wanted)
    return {**found, **known} if found else {}


def _caller_with(subject: Subject, question: str, option: str) -> Mapping[str, Answer]:
    """A caller with this answer whom a rule decides: the latest that can, for it is likeliest to rest on it."""
    answer = {question: (option,) if subject.rule_set.question[question].kind is Kind.MANY else option}
    diagram, root = subject.compiled.whole
    labels = diagram.labels(diagram.restrict(root, subject.compiled.known(answer)))
    latest = max((label for label in labels if isinstance(label, int)), default=NONE_MATCHES)
    return {} if is_impossible(latest) else _caller(subject, answer, partial(operator.eq, latest))


def _place(subject: Subject, question: str, option: str) -> Place:
    """Where an option is declared; yes and no are by their question."""
    asked = subject.rule_set.question[question]
    return next((declared.place for declared in asked.options if declared.id == option), asked.place)
