"""The interview without a screen: what is asked, in which order, and what ends it."""

import random

import pytest

from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.ruleset.model import Kind, Unanswered
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.shipped import locate
from iopscreen.screen.interview import Ask, End, Interview, answered, next_step, taken_back
from iopscreen.screen.prompts import Command, Emergency, Prompt
from iopscreen.screen.session import Call, hold


@pytest.fixture(scope="module", params=["iop", "iop-site-example"])
def compiled(request):
    return compile_rule_set(read_rule_file(locate(request.param)).rule_set)


@pytest.fixture(scope="module")
def iop():
    return compile_rule_set(read_rule_file(locate("iop")).rule_set)


def random_answer(question, rng):
    if rng.random() < 0.25:
        return rng.choice([Unanswered.UNKNOWN, Unanswered.DECLINED])
    match question.kind:
        case Kind.YES_NO:
            return rng.choice(["yes", "no"])
        case Kind.ONE:
            return rng.choice(question.option_ids)
        case Kind.WHOLE_NUMBER:
            return rng.randint(question.low, question.high)
        case _:
            return (rng.choice(question.option_ids),)


def walk(compiled, rng):
    """A call in which answers are random and one in six is taken back; with what was asked."""
    interview, asked = Interview(compiled), []
    step = next_step(interview)
    while isinstance(step, Ask):
        asked.append((step, dict(interview.answers)))
        if interview.given and rng.random() < 1 / 6:
            interview = taken_back(interview)
        else:
            extended = answered(interview, step.question.id, random_answer(step.question, rng))
            try:
                next_step(extended)
            except ImpossibleAnswers:
                step = next_step(interview)
                continue
            interview = extended
        step = next_step(interview)
    return interview, step, asked


def test_random_walks_end_as_their_answers_decide_and_ask_nothing_in_vain(compiled):
    rng = random.Random(7)
    for _ in range(150):
        interview, end, asked = walk(compiled, rng)
        assert isinstance(end, End)
        assert end.decision == decide(compiled, interview.answers, absent_is_unknown=True)
        open_questions = [question for question in end.decision.ask_next if question not in interview.answers]
        assert open_questions == []
        for step, answers in asked:
            assert step.question.id not in answers
            if not step.question.for_notes:
                assert step.question.id in decide(compiled, answers).ask_next
            assert step.number <= step.at_most


def test_questions_come_in_the_order_of_the_file(compiled):
    order = list(compiled.rule_set.question)
    interview = Interview(compiled)
    step, places = next_step(interview), []
    while isinstance(step, Ask):
        places.append((step.question.for_notes, order.index(step.question.id)))
        interview = answered(interview, step.question.id, Unanswered.UNKNOWN)
        step = next_step(interview)
    assert places == sorted(places)
    assert len(places) > 3


def test_a_prepared_answer_is_not_asked_again_even_if_unknown(iop):
    interview = Interview(iop, prepared=(("immediate_danger", Unanswered.UNKNOWN), ("detox_need", "no")))
    step = next_step(interview)
    assert isinstance(step, Ask)
    assert (step.question.id, step.number, step.at_most) == ("condition_type", 1, 3)


def test_danger_ends_the_questions(iop):
    step = next_step(Interview(iop, prepared=(("immediate_danger", "yes"),)))
    assert isinstance(step, End)
    assert step.decision.recommendation == "emergency_referral"


# --- a whole call, with a scripted coordinator ----------------------------------------------


def call(compiled, script, *, prepared=None, other=False, emergency=Emergency.END):
    """Hold a call in which `script` maps question ids to what is answered, in turn."""
    lines, left = [], {question: list(answers) for question, answers in script.items()}
    offered = []

    def ask(prompt: Prompt):
        offered.append((prompt.question.id, prompt.can_go_back, prompt.has_emergency))
        return left[prompt.question.id].pop(0)

    ended = hold(compiled, prepared or {}, other=other, say=lines.append, ask=ask, ask_emergency=lambda: emergency)
    assert isinstance(ended, Call)
    return ended, lines, offered


def test_back_asks_the_last_question_again_and_forgets_its_answer(iop):
    script = {
        "immediate_danger": ["no"],
        "condition_type": [("other",), ("self_harm",)],
        "detox_need": [Command.BACK, "no"],
        "safe_living_environment": ["yes"],
    }
    ended, _, offered = call(iop, script)
    assert ended.decision.recommendation == "iop"
    assert ended.decision.answers["condition_type"] == ("self_harm",)
    assert [question for question, _, _ in offered] == [
        "immediate_danger",
        "condition_type",
        "detox_need",
        "condition_type",
        "detox_need",
        "safe_living_environment",
    ]
    assert offered[0][1] is False
    assert all(can_go_back for _, can_go_back, _ in offered[1:])


def test_the_unanswered_text_shows_at_once_and_only_when_it_applies(iop):
    _, lines, _ = call(iop, {"immediate_danger": [Unanswered.DECLINED], "condition_type": [Command.EMERGENCY]})
    due = iop.rule_set.question["immediate_danger"].if_unanswered
    assert f"  ! {due}" in lines
    assert lines.index(f"  ! {due}") < next(i for i, line in enumerate(lines) if line.startswith("Question 2"))


def test_an_emergency_shows_text_and_contacts_and_ends_with_what_is_known(iop):
    ended, lines, _ = call(iop, {"immediate_danger": ["no"], "condition_type": [Command.EMERGENCY]})
    assert ended.emergency
    assert ended.decision.recommendation is None
    assert dict(ended.decision.answers) == {"immediate_danger": "no"}
    assert any("911" in line for line in lines)
    assert any("988" in line for line in lines)


def test_the_way_back_from_an_emergency_asks_the_same_question(iop):
    script = {"immediate_danger": [Command.EMERGENCY, "yes"]}
    ended, _, offered = call(iop, script, emergency=Emergency.RETURN)
    assert [question for question, _, _ in offered] == ["immediate_danger", "immediate_danger"]
    assert (ended.emergency, ended.decision.recommendation) == (False, "emergency_referral")


def test_the_words_for_somebody_else(iop):
    script = {"immediate_danger": ["no"], "condition_type": [Command.EMERGENCY]}
    for other, words in ((False, "What would you like help with?"), (True, "What do they need help with?")):
        assert f"  Ask: {words}" in call(iop, script, other=other)[1]


CLASH = b"""
format: 1
id: test
version: "1.0.0"
title: t
policy: first
outcomes: {a: {label: A}, b: {label: B}}
questions:
  x: {ask: "x?", type: yes_no}
  w: {ask: "w?", type: one, options: {p: {label: P}, q: {label: Q}, r: {label: R}}}
impossible:
  - {id: not-both, when: {x: yes, w: r}, because: nobody is both}
rules:
  - {id: r1, when: {x: yes, w: p}, recommend: a, because: c, basis: site}
  - {id: r2, when: {}, recommend: b, because: c, basis: site}
"""


@pytest.fixture(scope="module")
def clash():
    return compile_rule_set(understand(CLASH, "t.yaml").rule_set)


def test_an_answer_that_excludes_the_others_is_told_and_not_taken(clash):
    ended, lines, offered = call(clash, {"x": ["yes"], "w": ["r", "p"]})
    assert [question for question, _, _ in offered] == ["x", "w", "w"]
    assert "  These answers cannot all be right: nobody is both (not-both)" in lines
    assert dict(ended.decision.answers) == {"x": "yes", "w": "p"}
    assert ended.decision.recommendation == "a"


def test_the_answer_that_was_wrong_may_be_an_earlier_one(clash):
    ended, _, _ = call(clash, {"x": ["yes", "no"], "w": ["r", Command.BACK]})
    assert dict(ended.decision.answers) == {"x": "no"}
    assert ended.decision.recommendation == "b"


def test_prepared_answers_that_exclude_one_another_stop_the_call(clash):
    with pytest.raises(ImpossibleAnswers, match="not-both"):
        call(clash, {}, prepared={"x": "yes", "w": "r"})
