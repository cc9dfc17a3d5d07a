"""What answers leave of a rule set: where it is the same, so is the decision. On random rule sets, by deciding each."""

from __future__ import annotations

from random import Random

from random_rule_sets import made, random_answers

from iopscreen.engine import remainder
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.engine.remainder import Remainders
from iopscreen.ruleset.model import Answers
from iopscreen.ruleset.reader import understand


def told(compiled: Compiled, answers: Answers) -> object:
    """What a row of these answers is told."""
    try:
        found = decide(compiled, answers, absent_is_unknown=True)
    except ImpossibleAnswers as refused:
        return refused.entries
    return found.recommendation, found.rule, found.rules, found.possible, found.ask_next, found.notes


def test_equal_remainders_are_decided_alike(monkeypatch):
    shared = decided = 0
    for seed in range(60):
        rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
        compiled, random = compile_rule_set(rule_set), Random(seed)
        monkeypatch.setattr(remainder, "MAX_MEMO", random.choice([1, 4096]))
        remainders = Remainders(compiled)
        seen: dict[object, object] = {}
        for share in (1.0, 0.9, 0.7, 0.5, 0.3) * 6:
            answers = random_answers(random, rule_set, share)
            result = told(compiled, answers)
            left = remainders.of(answers)
            assert seen.setdefault(left, result) == result, f"seed {seed}, answers {answers}"
            decided += 1
        shared += 30 - len(seen)
    # A good part is decided once, or it would be for nothing.
    assert shared > decided / 10
