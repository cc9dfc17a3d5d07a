"""Answers -> decision. Sound for partial answers: it equals trying every possible completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from iopscreen.engine.budget import UNLIMITED, Budget
from iopscreen.engine.compiled import FAILS, FIRST_IMPOSSIBLE, HOLDS, Compiled, is_impossible
from iopscreen.engine.diagram import Diagram, Label, Node
from iopscreen.engine.table import MAX_EDGES
from iopscreen.ruleset.model import NO_RULE, Answer, Answers, Impossible, Note, Rule, tests_of


class ImpossibleAnswers(Exception):
    """The answers leave no possible completion: `entries` exclude them all."""

    def __init__(self, entries: Sequence[Impossible]) -> None:
        super().__init__(f"impossible: {', '.join(entry.id for entry in entries)}")
        self.entries = tuple(entries)


class ShownNote(NamedTuple):
    """A note that is certain, or the `if_unanswered` text of a question (then `id` is the question's)."""

    id: str
    audience: str
    say: str


class Decision(NamedTuple):
    """What is recommended on the answers so far, or what is still possible.

    `possible`: outcome ids in the file's order, `no_rule` last. `rules`: every rule that decides
    some completion, in file order; `rule` when one rule decides them all. `ask_next`: the
    unanswered questions that can still matter, `not_needed` those that cannot, in file order.
    `assumed`: answers that no column gave (batch only); they are part of `answers`.
    """

    answers: Mapping[str, Answer]
    recommendation: str | None
    rule: Rule | None
    rules: tuple[Rule, ...]
    possible: tuple[str, ...]
    ask_next: tuple[str, ...]
    not_needed: tuple[str, ...]
    notes: tuple[ShownNote, ...]
    assumed: Mapping[str, Answer]


class Ruling(NamedTuple):
    """What the rules say, by what is known: the part of a decision that does not depend on notes. (See `Decision`.)"""

    recommendation: str | None
    rule: Rule | None
    rules: tuple[Rule, ...]
    possible: tuple[str, ...]
    ask_next: tuple[str, ...]


def decide(
    compiled: Compiled,
    answers: Answers,
    *,
    assumed: Answers | None = None,
    absent_is_unknown: bool = False,
    max_edges: int = MAX_EDGES,
    budget: Budget = UNLIMITED,
) -> Decision:
    """The decision on `answers` (by question id; unknown and declined ones count as not known).

    `absent_is_unknown`: nobody will be asked any more, so that the `if_unanswered` text of an
    absent question is due. `max_edges`: of each diagram; `budget`: the time for them. Raises
    ImpossibleAnswers, and TooTangled past either.
    """
    assumed = assumed or {}
    known = in_file_order(compiled, {**answers, **assumed})
    blocks = compiled.known(known)
    ruling = rule_on(compiled, blocks, max_edges=max_edges, budget=budget)
    open_questions = (question.id for question in compiled.deciding if compiled.level[question.id] not in blocks)
    notes = [
        shown(note)
        for place, note in enumerate(compiled.rule_set.notes)
        if is_certain(compiled, place, blocks, max_edges=max_edges, budget=budget)
    ]
    texts = texts_of_open(compiled, ruling.ask_next)
    return Decision(
        answers=known,
        recommendation=ruling.recommendation,
        rule=ruling.rule,
        rules=ruling.rules,
        possible=ruling.possible,
        ask_next=ruling.ask_next,
        not_needed=tuple(question for question in open_questions if question not in ruling.ask_next),
        notes=(*notes, *(text for text in texts if absent_is_unknown or text.id in known)),
        assumed=dict(assumed),
    )


def rule_on(
    compiled: Compiled, blocks: Mapping[int, int], *, max_edges: int = MAX_EDGES, budget: Budget = UNLIMITED
) -> Ruling:
    """What the rules say where these blocks are known, by level. Raises ImpossibleAnswers and TooTangled."""
    rule_set = compiled.rule_set
    diagram, by_rule, labels = _rule_diagram(compiled, blocks, max_edges, budget)
    decided_by = sorted(label for label in labels if isinstance(label, int) and not is_impossible(label))
    rules = tuple(rule_set.rules[label] for label in decided_by if label >= 0)
    outcomes = {compiled.outcome_of(label) for label in labels}
    possible = tuple(outcome for outcome in (*rule_set.outcome, NO_RULE) if outcome in outcomes)
    ask_next: tuple[str, ...] = ()
    if len(possible) > 1:
        by_outcome = diagram.relabel(by_rule, compiled.outcome_of)
        unanswered = [question.id for question in compiled.deciding if compiled.level[question.id] not in blocks]
        ask_next = _can_matter(compiled, diagram, by_outcome, unanswered, partial=any(map(is_impossible, labels)))
    return Ruling(
        recommendation=possible[0] if possible != (NO_RULE,) and len(possible) == 1 else None,
        rule=rules[0] if len(decided_by) == 1 and rules else None,
        rules=rules,
        possible=possible,
        ask_next=ask_next,
    )


def is_certain(
    compiled: Compiled,
    note: int,
    blocks: Mapping[int, int],
    *,
    max_edges: int = MAX_EDGES,
    budget: Budget = UNLIMITED,
) -> bool:
    """Whether the note at this place holds for every possible completion of these blocks. Raises TooTangled."""
    diagram = compiled.diagram(budget)
    return FAILS not in diagram.labels(compiled.notes[note].build(diagram, blocks, max_edges=max_edges))


def shown(note: Note) -> ShownNote:
    """A note that is certain."""
    return ShownNote(note.id, note.audience, note.say)


def texts_of_open(compiled: Compiled, ask_next: Sequence[str]) -> tuple[ShownNote, ...]:
    """The `if_unanswered` texts of questions that can still matter, in the order of the file."""
    return tuple(
        ShownNote(question.id, "staff", question.if_unanswered)
        for question in compiled.rule_set.questions
        if question.if_unanswered and question.id in ask_next
    )


def outcome_diagram(compiled: Compiled, answers: Answers) -> tuple[Diagram, Node]:
    """The outcome of every completion of `answers`; labels of impossible ones are as `is_impossible` knows them.

    Raises ImpossibleAnswers and TooTangled.
    """
    diagram, by_rule, _ = _rule_diagram(compiled, compiled.known(answers))
    return diagram, diagram.relabel(by_rule, compiled.outcome_of)


def _rule_diagram(
    compiled: Compiled, blocks: Mapping[int, int], max_edges: int = MAX_EDGES, budget: Budget = UNLIMITED
) -> tuple[Diagram, Node, set[Label]]:
    """The diagram of the rules where these blocks are known, and its labels."""
    diagram = compiled.diagram(budget)
    by_rule = compiled.rules.build(diagram, blocks, max_edges=max_edges)
    labels = diagram.labels(by_rule)
    _refuse_impossible(compiled, labels)
    return diagram, by_rule, labels


def in_file_order(compiled: Compiled, answers: Answers) -> dict[str, Answer]:
    """`answers` in the order in which the file asks."""
    return {question: answers[question] for question in compiled.rule_set.question if question in answers}


def _refuse_impossible(compiled: Compiled, labels: Iterable[Label]) -> None:
    excluding = sorted((label for label in labels if isinstance(label, int)), reverse=True)
    if all(is_impossible(label) for label in excluding):
        entries = compiled.rule_set.impossible
        raise ImpossibleAnswers([entries[FIRST_IMPOSSIBLE - label] for label in excluding])


def _can_matter(
    compiled: Compiled, diagram: Diagram, root: Node, unanswered: Sequence[str], *, partial: bool
) -> tuple[str, ...]:
    """The questions that can matter alone; where none can, a smallest set that matters together.

    `root` has more than one possible outcome; `partial`: some completions are impossible. Without
    them a question matters just when the reduced diagram tests it; with them, two completions are looked for.
    """
    tested = diagram.support(root)
    candidates = [question for question in unanswered if compiled.level[question] in tested]
    if not partial:
        return tuple(candidates)
    differing = diagram.levels_that_differ(root, is_impossible)
    alone = tuple(question for question in candidates if compiled.level[question] in differing)
    if alone:
        return alone
    names = tuple(compiled.rule_set.question)
    places = [names.index(name) for name in compiled.order]
    together = diagram.least_difference(root, places, is_impossible)
    return tuple(names[place] for place in together or ())


class ForNotes(NamedTuple):
    """Unanswered `for_notes` questions, in file order: those to ask, and those that other answers may call for."""

    ask: tuple[str, ...]
    may_come: tuple[str, ...]


MAX_TIED = 16
"""Of how many questions for notes that impossible entries name it is worked out whether they tell anything."""


def questions_for_notes(compiled: Compiled, answers: Answers) -> ForNotes:
    """The questions that can still make a note certain or rule it out.

    Where impossible entries make one of several as good as the others, what the file asks later is not asked; it
    may come, as the first one may stay unknown. Past MAX_TIED, all of them are asked.
    """
    blocks, diagram = compiled.known(answers), compiled.diagram()
    answered = {compiled.level[question] for question in answers}  # those that a table still tests are not known
    unanswered = [question.id for question in compiled.rule_set.questions if question.for_notes]
    unanswered = [question for question in unanswered if question not in answers]
    named = {test.subject for entry in compiled.rule_set.impossible for test in tests_of(entry.condition)}
    tied = [compiled.level[question] for question in reversed(unanswered) if question in named]
    telling: set[int] = set()
    tested: set[int] = set()
    for table in compiled.notes:
        root = table.build(diagram, blocks)
        if {HOLDS, FAILS} <= diagram.labels(root):
            tested |= diagram.support(root)
            root = diagram.abstract(root, answered, _either)
            telling |= diagram.support(root).difference(_needless(diagram, root, tied) if len(tied) <= MAX_TIED else ())
    return ForNotes(
        tuple(question for question in unanswered if compiled.level[question] in telling),
        tuple(question for question in unanswered if compiled.level[question] in tested),
    )


def _needless(diagram: Diagram, root: Node, tied: Sequence[int]) -> set[int]:
    """Of the levels `tied`, those without which, given the others, as much is known of a note; the first go first.

    A level that no impossible entry names tells something wherever the diagram tests it.
    """
    found: set[int] = set()
    for level in tied:
        if not diagram.differs_by(root, {level}, is_impossible):
            found.add(level)
            root = diagram.abstract(root, {level}, _either)
    return found


_OPEN = "open"


def _either(left: Label, right: Label) -> Label:
    """What is known of a note where one of two is so, and nobody will say which."""
    if is_impossible(left):
        return right
    return left if is_impossible(right) or left == right else _OPEN


Wanted = Callable[[Label], bool]
ANY = "any"


def witness(compiled: Compiled, diagram: Diagram, root: Node, wanted: Wanted) -> dict[str, Answer] | None:
    """A profile whose label is `wanted`, or None: each question's first value that leads there.

    In file order, so that the same rule set always shows the same caller. `any` where every
    value would do. `root` must not hold a question at more than its own level.
    """
    node = diagram.relabel(root, lambda label: bool(wanted(label)))
    if True not in diagram.labels(node):
        return None
    profile: dict[str, Answer] = {}
    for question in compiled.rule_set.questions:
        level = compiled.level[question.id]
        if level not in diagram.support(node):
            profile[question.id] = ANY
            continue
        blocks = compiled.blocks[question.id]
        rests = ((block, diagram.restrict(node, {level: block})) for block in range(blocks.count))
        block, node = next((block, rest) for block, rest in rests if True in diagram.labels(rest))
        profile[question.id] = blocks.example(block)
    return profile
