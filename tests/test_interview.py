"""The interview without a screen: what is asked, in which order, what is corrected, what ends it."""

import random
from dataclasses import replace
from itertools import combinations

import pytest
from oracle import NoCompletion, Oracle, domain
from random_rule_sets import made

from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.engine.unasked import to_ask
from iopscreen.ruleset.model import Kind, Unanswered
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.shipped import locate
from iopscreen.screen import words
from iopscreen.screen.interview import (
    Ask,
    End,
    Interview,
    answered,
    asked_again,
    effect,
    next_step,
    one_back,
    stand,
)
from iopscreen.screen.record import Override, kept_decision, skipped_questions


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


def answer(interview, question, rng):
    """The interview with a random answer, or as it was where that answer cannot be."""
    try:
        return answered(interview, question.id, random_answer(question, rng))
    except ImpossibleAnswers:
        return interview


def moved(interview, step, rng):
    """The interview after one more thing done: answered, gone back, corrected, or thought better of it."""
    where = stand(interview)
    dice = rng.random()
    if where.answers and dice < 0.15:
        return asked_again(interview, one_back(interview))
    if where.answers and dice < 0.3:
        return asked_again(interview, rng.choice(list(where.answers)))
    if interview.again and dice < 0.4:
        return asked_again(interview, None)
    return answer(interview, step.question, rng)


def walk(compiled, rng):
    """A call of random answers, steps back and corrections; with what was asked, and on which answers."""
    interview, asked = Interview(compiled), []
    step = next_step(interview)
    while isinstance(step, Ask):
        asked.append((step, interview.again, dict(stand(interview).answers)))
        interview = moved(interview, step, rng)
        step = next_step(interview)
    return interview, step, asked


def test_random_walks_end_as_their_final_answers_decide_and_ask_nothing_in_vain(compiled):
    rng = random.Random(7)
    for _ in range(200):
        interview, end, asked = walk(compiled, rng)
        final = stand(interview).answers
        assert isinstance(end, End)
        assert end.decision == decide(compiled, final, absent_is_unknown=True)
        assert [question for question in end.decision.ask_next if question not in final] == []
        assert all(interview.given[question] == answer for question, answer in final.items())
        for step, again, answers in asked:
            assert step.question.id not in answers
            assert step.number <= step.at_most
            if again is None and not step.question.for_notes:
                decision = decide(compiled, answers)
                assert step.question.id in (*decision.ask_next, *to_ask(compiled, decision))


def test_an_answer_counts_only_if_its_question_could_matter_when_its_turn_came(compiled):
    rng = random.Random(8)
    seen = 0
    for _ in range(200):
        interview, end, _ = walk(compiled, rng)
        final = stand(interview).answers
        for question in interview.given:
            if question not in final and not compiled.rule_set.question[question].for_notes:
                seen += 1
                assert question in end.decision.not_needed
    assert seen >= 3


# --- what matters only together -------------------------------------------------------------


def tied(seed):
    """A random rule set in which many answers are tied to one another."""
    rng, names = random.Random(f"tied {seed}"), ["q0", "q1", "q2", "q3", "q4"]

    def entries(name, count, size, more=""):
        for number in range(count):
            when = ", ".join(f"{question}: {rng.choice(['yes', 'no'])}" for question in rng.sample(names, size))
            yield f"  - {{id: {name}-{number}, when: {{{when}}}, because: b{more and more()}}}"

    def rest():
        return f", recommend: {rng.choice('abc')}, basis: site"

    lines = [
        *("format: 1", "id: tied", 'version: "1.0.0"', "title: t", "policy: first"),
        "outcomes: {a: {label: A}, b: {label: B}, c: {label: C}}",
        "questions:",
        *(f"  {name}: {{ask: '{name}?', type: yes_no}}" for name in names),
        "impossible:",
        *entries("out", rng.randint(2, 5), 2),
        "rules:",
        *entries("rule", rng.randint(3, 7), rng.randint(2, 3), rest),
    ]
    return "\n".join(lines)


def small_calls(seeds):
    """Calls under random rule sets that have impossible combinations: the oracle, and each step of each call."""
    for seed in seeds:
        text = tied(seed) if seed % 2 else made(seed).text
        rule_set = understand(text.encode(), "random.yaml").rule_set
        oracle, rng = Oracle(rule_set), random.Random(seed)
        try:
            oracle.decide({})
        except NoCompletion:  # a rule set for nobody
            continue
        if rule_set.impossible:
            yield from ((oracle, small_call(compile_rule_set(rule_set), rng), f"seed {seed}") for _ in range(3))


def small_call(compiled, rng):
    """The interview at each step of a call in which half of the answers are not known."""
    interview = Interview(compiled)
    steps = [interview]
    while isinstance(step := next_step(interview), Ask):
        unknown = rng.random() < 0.5
        answer = Unanswered.UNKNOWN if unknown else rng.choice(domain(compiled.rule_set, step.question))
        try:
            interview = answered(interview, step.question.id, answer)
        except ImpossibleAnswers:
            continue
        steps.append(interview)
    return steps


def never_asked(rule_set, answers):
    return tuple(
        question.id for question in rule_set.questions if not question.for_notes and question.id not in answers
    )


def differ(oracle, answers, questions):
    """Whether two completions of the answers that differ in nothing but `questions` have different outcomes."""
    return oracle._differ_in(oracle.possible(answers), tuple(questions))


def test_no_questions_that_were_never_asked_could_have_mattered_together():
    left_out = together = 0
    for oracle, steps, about in small_calls(range(160)):
        for interview in steps[:-1]:
            asked, answers = next_step(interview), stand(interview).answers
            if not asked.question.for_notes and asked.question.id not in oracle.decide(answers).ask_next:
                absent = never_asked(oracle.rule_set, answers)
                sets = (chosen for size in range(1, len(absent) + 1) for chosen in combinations(absent, size))
                smallest = next(chosen for chosen in sets if differ(oracle, answers, chosen))
                assert asked.question.id == smallest[0], about
                together += 1
        answers = stand(steps[-1]).answers
        never = never_asked(oracle.rule_set, answers)
        left_out += len(never)
        assert not differ(oracle, answers, never), about
        skipped = skipped_questions(steps[-1].compiled, kept_decision(steps[-1].compiled, answers))
        assert tuple(item.question for item in skipped) == never, about
    assert left_out > 200
    assert together > 3


def test_what_is_said_not_to_matter_does_not_alone_nor_with_others_that_were_not_asked():
    said = 0
    for oracle, steps, about in small_calls(range(250, 330)):
        for interview in steps:
            answers = stand(interview).answers
            never = never_asked(oracle.rule_set, answers)
            for item in skipped_questions(interview.compiled, kept_decision(interview.compiled, answers)):
                said += 1
                others = [name for name in never if name != item.question]
                for chosen in (some for size in range(len(others) + 1) for some in combinations(others, size)):
                    with_it = differ(oracle, item.because, (*chosen, item.question))
                    assert differ(oracle, item.because, chosen) or not with_it, about
    assert said > 200


def test_the_number_of_questions_told_is_never_exceeded():
    for _, steps, about in small_calls(range(160)):
        most = [step.at_most for step in map(next_step, steps) if isinstance(step, Ask)]
        assert most == sorted(most, reverse=True), about


TIED = b"""
format: 1
id: test
version: "1.0.0"
title: t
policy: first
outcomes: {a: {label: A}, b: {label: B}, c: {label: C}}
questions:
  d: {ask: "d?", type: yes_no}
  x: {ask: "x?", type: yes_no}
  y: {ask: "y?", type: yes_no}
impossible:
  - {id: not-both, when: {x: yes, y: yes}, because: never both}
  - {id: not-none, when: {x: no, y: no}, because: always one}
rules:
  - {id: r1, when: {x: yes, d: no}, recommend: a, because: c, basis: site}
  - {id: r2, when: {d: no}, recommend: b, because: c, basis: site}
  - {id: r3, when: {}, recommend: c, because: c, basis: site}
"""


def test_a_question_that_matters_only_with_another_one_is_asked_and_then_the_other_is_not():
    both = compile_rule_set(understand(TIED, "t.yaml").rule_set)
    step = next_step(given(both, d="no"))
    assert (step.question.id, step.number, step.at_most) == ("x", 2, 3)
    interview = given(both, d=Unanswered.UNKNOWN)
    assert decide(both, stand(interview).answers).ask_next == ("d",)
    assert decide(both, stand(interview).answers).not_needed == ("x", "y")
    assert next_step(interview).question.id == "x"
    assert skipped_questions(both, kept_decision(both, stand(interview).answers)) == ()
    interview = answered(interview, "x", "no")
    assert isinstance(next_step(interview), End)
    (skipped,) = skipped_questions(both, kept_decision(both, stand(interview).answers))
    assert (skipped.question, dict(skipped.because)) == ("y", {})  # for it is just what x is not
    interview = answered(given(both, d=Unanswered.UNKNOWN), "x", Unanswered.UNKNOWN)
    (skipped,) = skipped_questions(both, kept_decision(both, stand(interview).answers))
    assert (skipped.question, dict(skipped.because)) == ("y", {})


THREE_OR_TWO = """
format: 1
id: test
version: "1.0.0"
title: With the one answer three tied questions matter together, with the other one two
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions:
%s
impossible:
%s
rules:
  - {id: three, when: {u: yes, a: yes}, recommend: high, because: c, basis: site}
  - {id: two, when: {u: no, d: yes}, recommend: high, because: c, basis: site}
  - {id: rest, when: {}, recommend: low, because: c, basis: site}
"""


def test_of_the_sets_that_matter_together_a_smallest_is_asked_though_others_come_first():
    questions = "\n".join(f'  {name}: {{ask: "{name}?", type: yes_no}}' for name in "abcdeu")
    ways = [(one, other) for pair in ("ab", "bc", "de") for one, other in (pair, pair[::-1])]
    tied = "\n".join(f"  - {{id: {a}{b}, when: {{{a}: yes, {b}: no}}, because: both or none}}" for a, b in ways)
    rules = compile_rule_set(understand((THREE_OR_TWO % (questions, tied)).encode(), "t.yaml").rule_set)
    decision = decide(rules, {"u": Unanswered.UNKNOWN})
    assert decision.ask_next == ("u",)
    assert to_ask(rules, decision) == ("d", "e")


# --- back, correct, replay ------------------------------------------------------------------


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


def given(compiled, **answers):
    interview = Interview(compiled)
    for question, value in answers.items():
        interview = answered(interview, question, value)
    return interview


WHOLE = {
    "immediate_danger": "no",
    "condition_type": ("self_harm",),
    "detox_need": "no",
    "safe_living_environment": "yes",
}


def test_a_prepared_answer_is_not_asked_again_even_if_unknown(iop):
    interview = Interview(iop, prepared={"immediate_danger": Unanswered.UNKNOWN, "detox_need": "no"})
    step = next_step(interview)
    assert isinstance(step, Ask)
    assert (step.question.id, step.number, step.at_most) == ("condition_type", 1, 3)


def test_danger_ends_the_questions(iop):
    step = next_step(Interview(iop, prepared={"immediate_danger": "yes"}))
    assert isinstance(step, End)
    assert step.decision.recommendation == "emergency_referral"


def test_back_asks_the_question_before_and_shows_its_answer(iop):
    interview = given(iop, immediate_danger="no", condition_type=("self_harm",))
    back = asked_again(interview, one_back(interview))
    step = next_step(back)
    assert (step.question.id, step.number, step.at_most, step.before) == ("condition_type", 2, 5, ("self_harm",))
    assert dict(stand(back).answers) == {"immediate_danger": "no"}
    assert one_back(back) == "immediate_danger"


def test_three_back_and_another_answer_keeps_what_still_counts(iop):
    interview = given(iop, **WHOLE)
    for _ in range(3):
        interview = asked_again(interview, one_back(interview))
    assert interview.again == "condition_type"
    interview = answered(interview, "condition_type", ("mania",))
    assert dict(stand(interview).answers) == {**WHOLE, "condition_type": ("mania",)}
    assert isinstance(next_step(interview), End)


def test_back_and_back_again_changes_nothing(iop):
    interview = given(iop, **WHOLE)
    gone_back = asked_again(asked_again(interview, one_back(interview)), None)
    assert stand(gone_back) == stand(interview)


def test_an_answer_that_is_no_longer_asked_is_kept_and_counts_nowhere(iop):
    interview = answered(given(iop, **WHOLE), "detox_need", "yes")
    where = stand(interview)
    assert dict(where.answers) == {name: WHOLE[name] for name in ("immediate_danger", "condition_type")} | {
        "detox_need": "yes"
    }
    assert where.kept == ("safe_living_environment",)
    assert where.decision.recommendation == "inpatient"


def test_a_kept_answer_counts_again_when_its_question_comes_back(iop):
    interview = answered(answered(given(iop, **WHOLE), "detox_need", "yes"), "detox_need", "no")
    assert dict(stand(interview).answers) == WHOLE


def test_the_effect_of_a_correction(iop):
    interview = given(iop, **WHOLE)
    before, after = stand(interview), stand(answered(interview, "detox_need", "yes"))
    found = effect(before, after, "detox_need")
    assert (found.dropped, found.restored, found.opened, found.closed) == (("safe_living_environment",), (), (), ())
    assert found.possible == ("inpatient",)
    back = effect(after, before, "detox_need")
    assert (back.restored, back.possible) == (("safe_living_environment",), ("iop",))


def test_a_correction_opens_and_closes_questions(iop):
    interview = given(iop, immediate_danger="no", condition_type=("self_harm",))
    other = answered(interview, "condition_type", ("other",))
    assert effect(stand(interview), stand(other), "condition_type").opened == ("recent_psychiatric_discharge",)
    assert effect(stand(other), stand(interview), "condition_type").closed == ("recent_psychiatric_discharge",)


def test_a_correction_without_effect_says_so(iop):
    interview = given(iop, immediate_danger="no", condition_type=("self_harm",))
    found = effect(stand(interview), stand(answered(interview, "condition_type", ("mania",))), "condition_type")
    assert not any(found)


def test_answers_of_another_day_are_shown_and_never_count(iop):
    interview = Interview(iop, earlier=WHOLE)
    step = next_step(interview)
    assert (step.question.id, step.before) == ("immediate_danger", "no")
    assert dict(stand(interview).answers) == {}


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


def test_an_answer_that_excludes_another_one_is_not_taken(clash):
    interview = given(clash, x="yes")
    with pytest.raises(ImpossibleAnswers, match="not-both"):
        answered(interview, "w", "r")


def test_a_correction_that_excludes_a_later_answer_is_not_taken_either(clash):
    interview = Interview(clash, prepared={"x": "no"}, given={"w": "r"})
    interview = replace(interview, prepared={}, given={"x": "yes", "w": "q"})
    again = asked_again(interview, "x")
    assert dict(stand(again).answers) == {"w": "q"}
    interview = replace(interview, prepared={"w": "r"}, given={})
    with pytest.raises(ImpossibleAnswers):
        answered(interview, "x", "yes")


def test_a_kept_answer_that_the_others_now_exclude_is_asked_again(clash):
    # As a record may hold it that goes on under another rule set.
    interview = Interview(clash, given={"x": "yes", "w": "r"})
    where = stand(interview)
    assert (dict(where.answers), where.left, where.kept) == ({"x": "yes"}, ("w",), ("w",))


def test_prepared_answers_that_exclude_one_another_are_told(clash):
    with pytest.raises(ImpossibleAnswers, match="not-both"):
        stand(Interview(clash, prepared={"x": "yes", "w": "r"}))


def test_nobody_in_danger_is_asked_for_notes():
    """Times and interpreters wait: the call comes to its end, and to help."""
    site_example = compile_rule_set(read_rule_file(locate("iop-site-example")).rule_set)
    for question in ("medical_emergency", "immediate_danger"):
        interview = answered(Interview(site_example), question, "yes")
        left = stand(interview).left
        assert not [name for name in left if site_example.rule_set.question[name].for_notes]
    assert isinstance(next_step(answered(Interview(site_example), "medical_emergency", "yes")), End)


def test_contacts_stand_on_the_last_page_in_danger_and_only_there(iop):
    def contacts(answers, override=None):
        decision = decide(iop, answers, absent_is_unknown=True)
        page = words.closing_page(iop.rule_set, decision, {}, other=False, confirm=["y"], leads={}, override=override)
        return any("911" in line.text for lines in page.pinned for line in lines)

    safe = {"immediate_danger": "no", "condition_type": ("self_harm",), "safe_living_environment": "yes"}
    assert contacts({"immediate_danger": "yes"})
    assert contacts({"immediate_danger": Unanswered.UNKNOWN})
    assert not contacts({**safe, "detox_need": Unanswered.UNKNOWN})  # open, and nobody is in danger
    assert not contacts({**safe, "detox_need": "no"})
    assert contacts({**safe, "detox_need": "no"}, Override("emergency_referral", "Clinician's judgement", "now"))
