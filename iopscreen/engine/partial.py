"""A decision on some answers by witness search, where the diagram of what is still open grows too large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from iopscreen.engine.budget import Budget, TooTangled
from iopscreen.engine.compiled import FIRST_IMPOSSIBLE, NONE_MATCHES, Compiled
from iopscreen.engine.decide import Decision, ImpossibleAnswers, in_file_order
from iopscreen.engine.diagram import Label
from iopscreen.engine.relevance import matters
from iopscreen.engine.search import Clauses
from iopscreen.engine.table import Clause, Table
from iopscreen.engine.verdicts import Verdicts
from iopscreen.ruleset.model import NO_RULE, Answers, Impossible, Unanswered


def decide_by_search(compiled: Compiled, answers: Answers, budget: Budget, *, ask: bool) -> Decision:
    """What `decide` says, without notes; `ask_next` and `not_needed` only with `ask`.

    Raises ImpossibleAnswers, OutOfTime, and TooTangled where no open question matters alone.
    """
    verdicts = Verdicts(restricted(compiled, compiled.known(answers)), budget)
    if verdicts.nobody_possible:
        raise ImpossibleAnswers(list(_excluding(verdicts)))
    decided_by = [place for place in (NONE_MATCHES, *range(len(verdicts.clauses))) if verdicts.decides(place)]
    rules = tuple(compiled.rule_set.rules[place] for place in decided_by if place != NONE_MATCHES)
    outcomes = {compiled.outcome_of(place) for place in decided_by}
    possible = tuple(outcome for outcome in (*compiled.rule_set.outcome, NO_RULE) if outcome in outcomes)
    unanswered = _unanswered(compiled, answers) if ask else ()
    ask_next = tuple(name for name in unanswered if matters(verdicts, name)) if len(possible) > 1 else ()
    if ask and len(possible) > 1 and not ask_next:
        raise TooTangled
    return Decision(
        answers=in_file_order(compiled, answers),
        recommendation=possible[0] if possible != (NO_RULE,) and len(possible) == 1 else None,
        rule=rules[0] if len(decided_by) == 1 and rules else None,
        rules=rules,
        possible=possible,
        ask_next=ask_next,
        not_needed=tuple(name for name in unanswered if name not in ask_next),
        notes=(),
        assumed={},
    )


def restricted(compiled: Compiled, known: Mapping[int, int]) -> Compiled:
    """The rule set of those with the `known` blocks (by level) alone: no clause tests these levels any more."""
    impossible = tuple(_left(compiled.impossible, known))
    rules = _left(compiled.rules.rows[len(compiled.impossible) :], known)
    table = Table(compiled.rules.widths, (*impossible, *rules), compiled.rules.otherwise)
    return compiled._replace(impossible=impossible, rules=table)


def _left(rows: Iterable[tuple[Clause, Label]], known: Mapping[int, int]) -> Iterator[tuple[Clause, Label]]:
    for clause, label in rows:
        if all(clause.get(level, -1) >> block & 1 for level, block in known.items()):
            yield {level: blocks for level, blocks in clause.items() if level not in known}, label


def _unanswered(compiled: Compiled, answers: Answers) -> tuple[str, ...]:
    given = (question.id for question in compiled.deciding)
    return tuple(name for name in given if isinstance(answers.get(name, Unanswered.UNKNOWN), Unanswered))


def _excluding(verdicts: Verdicts) -> Iterator[Impossible]:
    """The entries that are the first to exclude somebody."""
    avoid: Clauses = 0
    bits: Clauses = 0
    last: Label = None
    found: dict[Label, None] = {}
    for place, (clause, label) in enumerate(verdicts.compiled.impossible):
        if label != last:
            avoid, bits, last = avoid | bits, 0, label
        bits |= 1 << place
        if verdicts.search.find(clause, avoid) is not None:
            found[label] = None
    for label in found:
        assert isinstance(label, int)
        yield verdicts.compiled.rule_set.impossible[FIRST_IMPOSSIBLE - label]
