"""What settles a question that was not asked: against the oracle, against answer by answer; then by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
from oracle import Oracle
from random_rule_sets import made, random_answers

from iopscreen.engine import settling as module
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.engine.explain import sufficient
from iopscreen.engine.settling import known_answers, least_part, settling
from iopscreen.engine.unasked import cannot_matter, unasked
from iopscreen.ruleset.model import Answer, Answers, Unanswered
from iopscreen.ruleset.reader import understand


def without(answers: Answers, question: str) -> dict[str, Answer]:
    return {name: answer for name, answer in answers.items() if name != question}


# --- against the oracle, and against taking answers away one by one -------------------------


def test_what_settles_a_question_settles_it_alone_and_no_answer_of_it_is_in_vain():
    rests = 0
    for compiled, answers, about in drawn(range(450, 900)):
        oracle, not_needed = Oracle(compiled.rule_set), decide(compiled, answers).not_needed
        left_out = unasked(compiled, answers)
        settled = settling(compiled, answers, tuple(compiled.rule_set.question))
        assert [name for name in left_out if name in settled] == list(settled), about
        assert compiled.rule_set.impossible or {*left_out} & {*not_needed} == {*settled}, about
        for question, part in settled.items():
            assert question in oracle.decide(part).not_needed, about
            assert list(part.items()) == [(name, answers[name]) for name in compiled.rule_set.question if name in part]
            assert part.items() <= known_answers(compiled, answers).items(), about
            for name in part:
                if compiled.rule_set.impossible:
                    assert not cannot_matter(compiled, without(part, name), question, left_out), about
                else:
                    assert question not in oracle.decide(without(part, name)).not_needed, about
            rests += bool(part)
    assert rests > 30


def drawn(seeds: range) -> Iterator[tuple[Compiled, Answers, str]]:
    """Random rule sets with random possible answers to them, and what to say where a test fails."""
    for seed in seeds:
        text = made(seed).text
        compiled, random = compile_rule_set(understand(text.encode(), "random.yaml").rule_set), Random(seed)
        for share in (1.0, 0.7, 0.4, 0.0):
            answers = random_answers(random, compiled.rule_set, share)
            if is_possible(compiled, answers):
                yield compiled, answers, f"seed {seed}, answers {answers}\n{text}"


def is_possible(compiled: Compiled, answers: Answers) -> bool:
    try:
        decide(compiled, answers)
    except ImpossibleAnswers:
        return False
    return True


SPOILT = (295, 606, 2914, 3567)
"""Rule sets in which an answer is needed until another one is gone, or while another one is there."""


def test_it_is_what_is_left_when_answers_are_taken_away_one_by_one():
    several = 0
    for seed in (*range(250), *SPOILT):
        random = Random(seed)
        text = yes_no_rules(random)
        compiled = compile_rule_set(understand(text.encode(), "random.yaml").rule_set)
        for share in (0.9, 0.6, 0.3):
            answers = {
                name: random.choice(["yes", "no", "yes", "no", Unanswered.UNKNOWN])
                for name in compiled.rule_set.question
                if random.random() < share
            }
            if not is_possible(compiled, answers):
                continue
            never_asked, about = unasked(compiled, answers), f"seed {seed}, answers {answers}\n{text}"
            expected = {name: one_by_one(compiled, answers, name) for name in never_asked}
            expected = {name: part for name, part in expected.items() if part is not None}
            assert settling(compiled, answers, never_asked) == expected, about
            several += sum(len(part) > 1 for part in expected.values())
    assert several > 50


def yes_no_rules(random: Random) -> str:
    """Yes-or-no questions, more of them than the oracle can look at, some answers to which are impossible."""
    names = [f"q{place}" for place in range(random.randint(5, 9))]

    def condition(most: int) -> str:
        tests = (f"{name}: {random.choice(['yes', 'no'])}" for name in random.sample(names, random.randint(1, most)))
        return f"{{{', '.join(tests)}}}"

    rules = [f"{condition(4)} | {random.choice(['low', 'high'])}" for _ in range(random.randint(2, 12))]
    excluded = [condition(3) for _ in range(random.choice([0, random.randint(1, 8)]))]
    return written(names, rules, excluded)


def written(names: list[str], rules: list[str], excluded: list[str]) -> str:
    """The text of a rule set: yes-or-no questions, rules `when | outcome`, and impossible entries."""
    lines = ["format: 1", "id: small", 'version: "1.0.0"', "title: Small", "policy: first"]
    lines += ["outcomes: {low: {label: Low}, high: {label: High}}", "questions:"]
    lines += [f"  {name}: {{ask: {name}, type: yes_no}}" for name in names]
    lines += ["impossible:"] if excluded else []
    lines += [f"  - {{id: i{place}, when: {when}, because: x}}" for place, when in enumerate(excluded)]
    lines += ["rules:"]
    for place, (when, outcome) in enumerate(rule.split(" | ") for rule in rules):
        lines.append(f"  - {{id: r{place}, when: {when}, recommend: {outcome}, because: x, basis: site}}")
    return "\n".join(lines) + "\n"


def one_by_one(compiled: Compiled, answers: Answers, question: str) -> dict[str, Answer] | None:
    """The last answer first, and once more from the last one, until none goes."""
    left_out = unasked(compiled, answers)
    if not cannot_matter(compiled, answers, question, left_out):
        return None
    part, before = known_answers(compiled, answers), -1
    while len(part) != before:
        before = len(part)
        for name in reversed(list(part)):
            if cannot_matter(compiled, without(part, name), question, left_out):
                part = without(part, name)
    return part


def test_a_least_part_is_what_is_left_when_the_last_ones_go_first():
    """Of what is enough some stays so with others added, and some need not; what is not may be too tangled, too."""
    only_so, longer = 0, 0
    for seed in range(400):
        random, count = Random(seed), 6
        steady = set(random.sample(range(1, 1 << count), 2)) | {(1 << count) - 1}
        others = set(random.sample(range(1, 1 << count), random.choice([0, 12, 24])))
        tangled = set(random.sample(range(1 << count), random.choice([0, 30])))

        def steadily(part: int, steady=steady, tangled=tangled) -> bool:
            found = any(part & one == one for one in steady)
            if not found and part in tangled:
                raise TooTangled
            return found

        def enough(part: int, others=others, steadily=steadily) -> bool:
            return part in others or steadily(part)

        wanted = by_places(count, enough)
        assert least_part(count, enough, steadily) == wanted
        only_so += wanted not in steady
        longer += wanted.bit_count() > 2
        once = by_places(count, steadily)
        assert least_part(count, steadily) == least_part(count, steadily, steadily) == once
    assert min(only_so, longer) > 50, (only_so, longer)


def by_places(count: int, enough: Callable[[int], bool]) -> int:
    """The last place first, and once more from the last one, until none goes."""
    part, before = (1 << count) - 1, -1
    while part != before:
        before = part
        for place in reversed(range(count)):
            without_it = part & ~(1 << place)
            if without_it != part and is_enough(enough, without_it):
                part = without_it
    return part


def is_enough(enough: Callable[[int], bool], part: int) -> bool:
    try:
        return enough(part)
    except TooTangled:
        return False


# --- by hand --------------------------------------------------------------------------------


def small(names: str, rules: list[str], excluded: list[str] | None = None) -> Compiled:
    text = written(names.split(), rules, excluded or [])
    return compile_rule_set(understand(text.encode(), "small.yaml").rule_set)


def test_not_knowing_another_answer_settles_nothing():
    compiled = small("a b c", ["{a: yes, c: yes} | high", "{} | low"])
    for answer in Unanswered:
        assert settling(compiled, {"a": "no", "b": answer}, ["b", "c"]) == {"c": {"a": "no"}}
        assert settling(compiled, {"a": answer}, ["b", "c"]) == {"b": {}}


def test_known_answers_are_in_file_order_and_none_of_them_is_that_it_is_not_known():
    compiled = small("a b c d", ["{a: yes} | high", "{} | low"])
    answers = {"d": "no", "b": Unanswered.UNKNOWN, "a": "yes"}
    assert list(known_answers(compiled, answers).items()) == [("a", "yes"), ("d", "no")]


def test_nothing_settles_a_question_that_was_asked():
    compiled = small("a b", ["{a: yes} | high", "{} | low"])
    assert settling(compiled, {"b": "yes"}, ["b"]) == {}
    assert settling(compiled, {"b": Unanswered.UNKNOWN}, ["b"]) == {}


def test_impossible_answers_settle_nothing():
    compiled = small("a b c", ["{c: yes} | high"], ["{a: yes, b: yes}"])
    with pytest.raises(ImpossibleAnswers):
        settling(compiled, {"a": "yes", "b": "yes"}, ["c"])


def test_nothing_is_claimed_where_it_is_too_tangled_to_tell_what_matters_together(monkeypatch):
    compiled = small("a b c", ["{a: yes, c: yes} | high", "{} | low"], ["{a: yes, b: no}", "{a: no, b: yes}"])
    assert settling(compiled, {"c": "no"}, ["a", "b"]) == {"a": {"c": "no"}, "b": {"c": "no"}}
    assert settling(compiled, {"c": "yes"}, ["a", "b"]) == {}
    monkeypatch.setattr("iopscreen.engine.diagram.MAX_PAIRS", 0)
    assert settling(compiled, {"c": "yes"}, ["a", "b"]) == {}


# --- how much work it is --------------------------------------------------------------------


@pytest.fixture
def looked_at(monkeypatch) -> list[Answers]:
    """The answers of which a diagram is made."""
    looked_at: list[Answers] = []
    really: Callable = module.outcome_diagram

    def watched(compiled: Compiled, answers: Answers):
        looked_at.append(answers)
        return really(compiled, answers)

    monkeypatch.setattr(module, "outcome_diagram", watched)
    return looked_at


LONG = [f"q{place}" for place in range(200)]


@pytest.mark.parametrize("excluded", [[], ["{q0: yes, q1: yes}"]])
def test_a_long_rule_set_is_looked_at_a_few_times_for_all_questions(looked_at, excluded):
    compiled = small(" ".join(LONG), [*(f"{{{name}: yes}} | high" for name in LONG), "{} | low"], excluded)
    answers = {**dict.fromkeys(LONG[:100], "no"), "q100": "yes"}
    assert settling(compiled, answers, LONG) == {name: {"q100": "yes"} for name in LONG[101:]}
    assert len(looked_at) < 20
    assert settling(compiled, {"q0": "yes"}, LONG) == {name: {"q0": "yes"} for name in LONG[1:]}
    assert len(looked_at) < 25


def test_questions_that_other_answers_settle_are_found_by_halves(looked_at):
    pairs = list(zip(LONG[:100], LONG[100:], strict=True))
    rules = [f"{{{first}: yes, {second}: yes}} | high" for first, second in pairs]
    compiled = small(" ".join(LONG), [*rules, "{} | low"])
    found = settling(compiled, dict.fromkeys(LONG[:100], "no"), LONG)
    assert found == {second: {first: "no"} for first, second in pairs}
    assert len(looked_at) < 250


def test_the_second_answer_that_settles_a_question_is_found_by_halves_too(looked_at):
    first, second, third = LONG[:4], LONG[100:104], LONG[-4:]
    triples = list(zip(first, second, third, strict=True))
    rules = [f"{{{name}: yes, {last}: yes}} | high" for *two, last in triples for name in two]
    compiled = small(" ".join(LONG), [*rules, "{} | low"])
    found = settling(compiled, dict.fromkeys(LONG[:-4], "no"), third)
    assert found == {last: {one: "no", other: "no"} for one, other, last in triples}
    assert len(looked_at) < 100


def test_what_is_too_tangled_without_an_answer_is_settled_with_it(monkeypatch, looked_at):
    """A call that is decided by its answers has its record, though some parts of them are too little to decide on."""
    compiled = small("a b c d e", ["{a: yes} | high", "{b: yes, c: yes} | high", "{b: yes, e: yes} | high", "{} | low"])
    answers = {"a": "yes", "b": "no", "d": "no"}
    assert settling(compiled, answers, ["c", "e"]) == {"c": {"a": "yes"}, "e": {"a": "yes"}}
    really, tangled = Compiled.known, []

    def known(self: Compiled, answers: Answers):
        if len(answers) < 2:
            tangled.append(answers)
            raise TooTangled
        return really(self, answers)

    monkeypatch.setattr(Compiled, "known", known)
    part = {"a": "yes", "b": "no"}
    assert settling(compiled, answers, ["c", "e"]) == {"c": part, "e": part}
    assert tangled == [{}, {"a": "yes"}, {"b": "no"}]  # each once
    assert sufficient(compiled, answers) == part
