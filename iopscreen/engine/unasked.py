"""Questions that nobody has asked: which must be asked together, and which can be left out for good.

Without impossible combinations `decide` has the whole answer: a question that the reduced
diagram does not test can never matter. With them, a question that cannot matter alone may
matter together with others, when every combination between two possible callers is impossible.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, is_impossible
from iopscreen.engine.decide import Decision, decide, outcome_diagram
from iopscreen.engine.diagram import Diagram, Node
from iopscreen.ruleset.model import Answers


def unasked(compiled: Compiled, answers: Answers) -> tuple[str, ...]:
    """The questions that may decide and have no answer, not even an unknown one; in file order."""
    return tuple(question.id for question in compiled.deciding if question.id not in answers)


def to_ask(compiled: Compiled, decision: Decision) -> tuple[str, ...]:
    """The questions that are still to be asked after a decision, in file order.

    They are the unasked ones of `ask_next`; where there are none, a smallest set of unasked
    questions in which two possible completions differ that agree on everything else (also on what
    was asked and is not known) and have different outcomes. Raises TooTangled past the budget.
    """
    absent = unasked(compiled, decision.answers)
    alone = tuple(question for question in decision.ask_next if question in absent)
    return alone if alone or len(decision.possible) == 1 else _together(compiled, decision.answers, absent)


def _together(compiled: Compiled, answers: Answers, absent: Collection[str]) -> tuple[str, ...]:
    diagram, root = outcome_diagram(compiled, answers)
    levels = {compiled.level[question] for question in absent}
    if not any(is_impossible(label) for label in diagram.labels(root)):
        return ()
    if not diagram.differs_by(root, levels, is_impossible):
        return ()
    names = tuple(compiled.rule_set.question)
    places = [names.index(name) for name in compiled.order]
    sets = (diagram.least_difference(node, places, is_impossible) for node in _cofactors(diagram, root, levels))
    least = min((found for found in sets if found is not None), key=lambda found: (len(found), found))
    return tuple(names[place] for place in least)


def _cofactors(diagram: Diagram, root: Node, kept: Collection[int]) -> Iterator[Node]:
    """The functions of the `kept` levels alone that `root` becomes when all others are held at a block each."""
    nodes = {root: None}
    for level in sorted(diagram.support(root) - set(kept)):
        nodes = {
            diagram.restrict(node, {level: block}): None for node in nodes for block in range(diagram.widths[level])
        }
    yield from nodes


def may_come(compiled: Compiled, decision: Decision) -> tuple[str, ...]:
    """The unasked questions of which some later answers may need any; `to_ask` never names another one."""
    if len(decision.possible) == 1:
        return ()
    diagram, root = outcome_diagram(compiled, decision.answers)
    tested = diagram.support(root)
    return tuple(question for question in unasked(compiled, decision.answers) if compiled.level[question] in tested)


def cannot_matter(compiled: Compiled, answers: Answers, question: str, left_out: Collection[str]) -> bool:
    """Whether with `answers`, whatever else is true, a question changes nothing: alone, or with others `left_out`.

    True is proved; where the question might matter together with others that matter alone, or
    where that is too tangled to tell, nothing is claimed. Raises what `decide` raises.
    """
    diagram, root = outcome_diagram(compiled, answers)
    if compiled.level[question] not in diagram.support(root):
        return True
    levels = {compiled.level[name] for name in (question, *left_out)}
    try:
        together = diagram.differs_by(root, levels, is_impossible)
    except TooTangled:
        return False
    return not together and question not in decide(compiled, answers).ask_next
