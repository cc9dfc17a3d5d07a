"""What explains: against the oracle and against trying everything, on random rule sets; then by hand."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise, product
from random import Random

import pytest
from conftest import RULES
from oracle import NoCompletion, Oracle, conditions
from random_rule_sets import made, random_answers

from iopscreen.engine import explain
from iopscreen.engine import readings as every_reading
from iopscreen.engine.blocks import NOWHERE
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.engine.difference import under_reading
from iopscreen.engine.explain import (
    Lead,
    Readings,
    leads_to,
    other_readings,
    rules_asking,
    sufficient,
)
from iopscreen.engine.readings import joint_readings, single_readings
from iopscreen.ruleset.model import Answers, Bound, Kind, NumberTest, Question, RuleSet, Setting, Unanswered
from iopscreen.ruleset.model import tests_of as every_test
from iopscreen.ruleset.reader import read_rule_file, understand

SHARES = (1.0, 0.7, 0.4, 0.0)
"""How much of the answers is known, per try on one rule set."""


def drawn(seeds: range) -> Iterator[tuple[Compiled, Oracle, Random, Answers, str]]:
    """Random rule sets with random answers to them, and what to say where a test fails."""
    for seed in seeds:
        text = made(seed).text
        rule_set = understand(text.encode(), "random.yaml").rule_set
        compiled, oracle, random = compile_rule_set(rule_set), Oracle(rule_set), Random(seed)
        for share in SHARES:
            answers = random_answers(random, rule_set, share)
            yield compiled, oracle, random, answers, f"seed {seed}, answers {answers}\n{text}"


def possible(compiled: Compiled, answers: Answers) -> tuple[str, ...]:
    try:
        return decide(compiled, answers).possible
    except ImpossibleAnswers:
        return ()


def known(answers: Answers) -> dict:
    return {name: answer for name, answer in answers.items() if not isinstance(answer, Unanswered)}


def without(answers: Answers, question: str) -> dict:
    return {name: answer for name, answer in answers.items() if name != question}


# --- where each answer leads ----------------------------------------------------------------


def everything(question: Question, oracle: Oracle) -> list:
    """Every answer of a question."""
    if question.kind is Kind.WHOLE_NUMBER:
        return list(range(question.low, question.high + 1))
    return list(oracle.domains[question.id])


def lead_of(lead: Lead, value: object) -> bool:
    return value in lead.values or any(low <= value <= high for low, high in lead.ranges)


def check_leads(compiled: Compiled, oracle: Oracle, answers: Answers, question: Question, about: str) -> None:
    leads = leads_to(compiled, answers, question.id)
    rules: dict[Lead, set[str]] = {lead: set() for lead in leads}
    results = set()
    for value in everything(question, oracle):
        filled = {**answers, question.id: value}
        result = possible(compiled, filled)
        results.add(result)
        listed = [lead for lead in leads if lead_of(lead, value)]
        assert [lead.possible for lead in listed] == ([result] if listed else []), about
        assert listed or (question.kind is Kind.MANY and len(value) > 1), about
        for lead in listed:
            rules[lead] |= {rule.id for rule in decide(compiled, filled).rules} if result else set()
    assert [lead.possible for lead in leads] == list(dict.fromkeys(lead.possible for lead in leads)), about
    assert {lead.possible for lead in leads} == results, about
    for lead in leads:
        assert [rule.id for rule in lead.rules] == [rule for rule in compiled.rule_set.rule if rule in rules[lead]]
        assert all(upper + 1 < lower for (_, upper), (lower, _) in pairwise(lead.ranges)), about
    check_order(leads, question, answers, oracle, about)


def check_order(leads: tuple[Lead, ...], question: Question, answers: Answers, oracle: Oracle, about: str) -> None:
    """First answers come in file order; examples of several options last, each of the fewest that lead there."""
    if question.kind is Kind.WHOLE_NUMBER:
        firsts = [lead.ranges[0][0] for lead in leads]
        assert firsts == sorted(firsts), about
        assert all(not lead.values for lead in leads), about
        return
    values = oracle.domains[question.id]
    places = [[values.index(value) for value in lead.values] for lead in leads]
    assert places == sorted(places) and all(place == sorted(place) for place in places), about
    for lead in leads:
        if question.kind is Kind.MANY and len(lead.values[0]) > 1:
            assert len(lead.values) == 1, about
            fewer = [value for value in values if len(value) < len(lead.values[0])]
            assert all(oracle_possible(oracle, {**answers, question.id: value}) != lead.possible for value in fewer)


def oracle_possible(oracle: Oracle, answers: Answers) -> tuple[str, ...]:
    try:
        return oracle.decide(answers).possible
    except NoCompletion:
        return ()


def test_every_answer_leads_where_deciding_with_it_leads():
    kinds = set()
    for compiled, oracle, random, answers, about in drawn(range(500)):
        question = random.choice(compiled.rule_set.questions)
        check_leads(compiled, oracle, answers, question, about)
        kinds |= {(question.kind, bool(lead.possible)) for lead in leads_to(compiled, answers, question.id)}
    assert kinds == {(kind, some) for kind in Kind for some in (True, False)}


def test_leads_agree_with_the_oracle():
    several = 0
    for compiled, oracle, random, answers, about in drawn(range(500, 620)):
        question = random.choice(compiled.rule_set.questions)
        for lead in leads_to(compiled, answers, question.id):
            for value in (*lead.values, *(end for both in lead.ranges for end in both)):
                assert oracle_possible(oracle, {**answers, question.id: value}) == lead.possible, about
                several += len(lead.possible) > 1
    assert several > 100


# --- the rules that ask ---------------------------------------------------------------------


def test_the_rules_that_ask_can_still_decide_and_test_the_question():
    some = 0
    for compiled, _, _, answers, about in drawn(range(200)):
        if not possible(compiled, answers):
            continue
        decision = decide(compiled, answers)
        for question in decision.ask_next:
            asking = rules_asking(compiled, decision, question)
            tested = [rule for rule in asking if any(test.subject == question for test in every_test(rule.condition))]
            assert asking == decision.rules or list(asking) == tested, about
            assert list(asking) == [rule for rule in decision.rules if rule in asking], about
            some += 0 < len(asking) < len(decision.rules)
    assert some > 50


# --- on which answers a result rests --------------------------------------------------------


def test_a_sufficient_part_is_sufficient_and_no_answer_of_it_is_in_vain():
    smaller = 0
    for compiled, oracle, _, answers, about in drawn(range(300)):
        part = sufficient(compiled, answers)
        result = oracle_possible(oracle, answers)
        assert oracle_possible(oracle, part) == result, about
        assert list(part.items()) == [(name, answers[name]) for name in compiled.rule_set.question if name in part]
        assert part.items() <= known(answers).items(), about
        for question in part:
            assert oracle_possible(oracle, without(part, question)) != result, about
        smaller += bool(part) and len(part) < len(known(answers))
    assert smaller > 300


# --- other readings -------------------------------------------------------------------------


def readings_of(rule_set: RuleSet, setting: Setting) -> list:
    """Every value of a setting that a rule file could hold; of numbers all that can make a difference."""
    if setting.kind is Kind.YES_NO:
        return ["yes", "no"]
    if setting.kind is Kind.ONE:
        return [option.id for option in setting.options]
    tested = [
        rule_set.question[test.subject]
        for condition in conditions(rule_set)
        for test in every_test(condition)
        if isinstance(test, NumberTest) and test.subject in rule_set.question
        if any(bound.limit == setting.id for bound in test.bounds)
    ]
    return [value for value in range(-7, 30) if all(question.low <= value <= question.high for question in tested)]


def results_of_readings(compiled: Compiled, answers: Answers, chosen: tuple[Setting, ...]) -> list[tuple[dict, tuple]]:
    """What every other value of all `chosen` settings leads to."""
    rule_set = compiled.rule_set
    others = [[value for value in readings_of(rule_set, setting) if value != setting.value] for setting in chosen]
    return [
        (changed, possible(compile_rule_set(rule_set, changed), answers))
        for values in product(*others)
        for changed in [dict(zip([setting.id for setting in chosen], values, strict=True))]
    ]


def first_other(setting: Setting, results: list[tuple[dict, tuple]], present: tuple[str, ...]) -> dict:
    """Of the values that change the result the first in file order, or the nearest number."""
    others = [changed for changed, result in results if result != present]
    if setting.kind is not Kind.WHOLE_NUMBER:
        return others[0]
    return min(others, key=lambda changed: (abs(changed[setting.id] - setting.value), changed[setting.id]))


def check_readings(compiled: Compiled, answers: Answers, about: str) -> Readings:
    """Against every value of every set of settings."""
    found, present, expected = other_readings(compiled, answers), possible(compiled, answers), []
    settings = compiled.rule_set.settings
    for chosen in (chosen for size in range(1, len(settings) + 1) for chosen in combinations(settings, size)):
        names = {setting.id for setting in chosen}
        if any(names >= smaller for smaller in expected):
            continue
        results = results_of_readings(compiled, answers, chosen)
        if any(result != present for _, result in results):
            expected.append(names)
        for reading in found.depends:
            if reading.settings.keys() == names:
                assert (reading.settings, reading.possible) in results, about
                assert len(chosen) > 1 or reading.settings == first_other(chosen[0], results, present), about
    listed = [reading.settings.keys() for reading in found.depends]
    assert listed == (expected if found.complete else expected[: len(listed)]), about
    assert all(reading.possible != present for reading in found.depends), about
    return found


def test_other_readings_are_found_just_where_they_exist():
    seen: dict[object, int] = {}
    for compiled, _, _, answers, about in drawn(range(700, 1000)):
        settings = compiled.rule_set.settings
        if settings and not all(setting.kind is Kind.WHOLE_NUMBER for setting in settings[:2]):
            found = check_readings(compiled, answers, about)
            for key in [len(reading.settings) for reading in found.depends] or ["none"]:
                seen[key] = seen.get(key, 0) + 1
    assert seen[1] > 100 and seen[2] > 3 and seen["none"] > 100, seen


def of_numbers(random: Random) -> str:
    """A rule set in which numbers, settings and constants are compared in every way."""
    lines = ["settings:"]
    lines += [f"  {name}: {{means: M, type: whole_number, value: {random.randint(0, 9)}}}" for name in "st"]
    lines += ["questions:", *(f"  {name}: {{ask: A, type: whole_number, range: [0, 9]}}" for name in "ab")]
    written = []
    for _ in range(random.randint(1, 4)):
        subjects = random.sample("aabst", random.randint(1, 2))
        tests = {}
        for subject in subjects:
            ops = random.sample(["at_least", "above", "at_most", "below", "is"], random.randint(1, 2))
            bounds = [f"{op}: {random.choice([*'sstt', random.randint(0, 9)])}" for op in ops]
            tests[subject] = f"{subject}: {{{', '.join(bounds)}}}"
        written.append(f"{{{', '.join(tests.values())}}} | {random.choice(['low', 'middle', 'high'])}")
    return "\n".join(lines) + rules(*(f"r{place} | {rule}" for place, rule in enumerate(written)))


def test_what_is_compared_with_a_setting_is_linked_to_it_also_through_one_another():
    compared = [("a", "s"), ("a", "t"), (3, "t"), ("b", "u"), ("b", 4)]
    comparisons = [every_reading._Comparison(number, Bound("below", limit, NOWHERE)) for number, limit in compared]
    linked = {name: every_reading._linked(comparisons, name) for name in "stuv"}
    assert linked == {"s": {"a", "s", "t"}, "t": {"a", "s", "t"}, "u": {"b", "u"}, "v": {"v"}}


def test_other_readings_of_numbers_that_are_compared_with_one_another_are_found():
    seen: dict[object, int] = {}
    for seed in range(150):
        random = Random(seed)
        text = HEAD + of_numbers(random)
        compiled = compile_rule_set(understand(text.encode(), "numbers.yaml").rule_set)
        answers = {name: random.randint(0, 9) for name in "ab" if random.random() < 0.5}
        found = check_readings(compiled, answers, f"seed {seed}, answers {answers}\n{text}")
        for key in ["complete"] * found.complete + [len(reading.settings) for reading in found.depends]:
            seen[key] = seen.get(key, 0) + 1
    assert seen["complete"] > 140 and seen[1] > 100 and seen[2] > 1, seen


def decides_otherwise(rule_set: RuleSet, changed: Mapping[str, str | int]) -> bool:
    """Whether somebody is recommended something else under other values of settings."""
    return next(under_reading(rule_set, changed), None) is not None


def test_few_readings_tell_whether_any_other_decides_otherwise():
    single: Counter[bool] = Counter()
    joint: Counter[bool] = Counter()
    for seed in range(60):
        rule_set = understand(made(f"enough {seed}").text.encode(), "random.yaml").rule_set
        compiled, others = compile_rule_set(rule_set), {}
        for setting in rule_set.settings:
            others[setting.id] = [value for value in readings_of(rule_set, setting) if value != setting.value]
            tried = list(single_readings(compiled, setting))
            assert len(set(tried)) == len(tried) and set(tried) <= set(others[setting.id])
            found = any(decides_otherwise(rule_set, {setting.id: value}) for value in tried)
            left = set(others[setting.id]) - set(tried)
            assert found or not any(decides_otherwise(rule_set, {setting.id: value}) for value in left)
            single[found] += 1
        together = list(joint_readings(compiled))
        assert [len(changed) for changed in together] == sorted(len(changed) for changed in together)
        found = any(decides_otherwise(rule_set, changed) for changed in together)
        everything = [*product(*([None, *values] for values in others.values()))]
        for values in everything if 1 < len(everything) <= 100 and not found else ():
            changed = {name: value for name, value in zip(others, values, strict=True) if value is not None}
            assert not decides_otherwise(rule_set, changed)
        joint[found] += len(others) > 1
    assert min(*single.values(), *joint.values()) > 3, (single, joint)


# --- by hand --------------------------------------------------------------------------------

HEAD = """\
format: 1
id: small
version: "1.0.0"
title: Small
policy: first
outcomes:
  low: {label: Low}
  middle: {label: Middle}
  high: {label: High}
"""


def rules(*written: str) -> str:
    """Rules `id | when | outcome`, after what stands before them."""
    lines = ["", "rules:"]
    for rule in written:
        name, when, outcome = (part.strip() for part in rule.split("|"))
        lines.append(f"  - {{id: {name}, when: {when}, recommend: {outcome}, because: of a reason, basis: site}}")
    return "\n".join(lines) + "\n"


TWO = """
questions:
  a: {ask: A, type: yes_no}
  b: {ask: B, type: yes_no}
"""


def small(body: str) -> Compiled:
    """A compiled rule set; `body` follows the head."""
    return compile_rule_set(understand((HEAD + textwrap.dedent(body)).encode(), "small.yaml").rule_set)


def shipped(name: str = "iop") -> Compiled:
    return compile_rule_set(read_rule_file(str(RULES / f"{name}.yaml")).rule_set)


def told(compiled: Compiled, answers: Answers, question: str) -> list[tuple]:
    """Leads in short: values or ranges, outcomes, ids of rules."""
    leads = leads_to(compiled, answers, question)
    return [(lead.values or lead.ranges, lead.possible, [rule.id for rule in lead.rules]) for lead in leads]


def test_yes_leads_before_no():
    compiled = small(TWO + rules("one | {a: no, b: yes} | high", "two | {a: yes} | low"))
    assert told(compiled, {}, "a") == [
        (("yes",), ("low",), ["two"]),
        (("no",), ("high", "no_rule"), ["one"]),
    ]
    assert told(compiled, {"a": "yes"}, "b") == [(("yes", "no"), ("low",), ["two"])]


@pytest.mark.parametrize("answer", ["yes", "no", Unanswered.UNKNOWN, Unanswered.DECLINED])
def test_an_answer_already_given_to_the_question_is_left_out(answer):
    compiled = small(TWO + rules("one | {a: yes} | high", "two | {} | low"))
    assert leads_to(compiled, {"a": answer, "b": "no"}, "a") == leads_to(compiled, {"b": "no"}, "a")


@pytest.mark.parametrize("answer", [Unanswered.UNKNOWN, Unanswered.DECLINED])
def test_not_knowing_another_answer_counts_as_not_known(answer):
    compiled = small(TWO + rules("one | {a: yes, b: yes} | high", "two | {} | low"))
    assert told(compiled, {"b": answer}, "a") == [
        (("yes",), ("low", "high"), ["one", "two"]),
        (("no",), ("low",), ["two"]),
    ]
    assert sufficient(compiled, {"a": "no", "b": answer}) == {"a": "no"}


def test_numbers_of_one_result_are_joined_to_ranges():
    body = """
        questions:
          age: {ask: Age, type: whole_number, range: [0, 120]}
        """
    written = ["one | {age: {at_least: 18, below: 30}} | low", "two | {age: {at_least: 30, at_most: 64}} | low"]
    compiled = small(textwrap.dedent(body) + rules(*written, "three | {} | high"))
    assert told(compiled, {}, "age") == [
        (((0, 17), (65, 120)), ("high",), ["three"]),
        (((18, 64),), ("low",), ["one", "two"]),
    ]


KINDS = """
questions:
  kind:
    ask: Which?
    type: many
    options: {w: {label: W}, x: {label: X}, y: {label: Y}, z: {label: Z, alone: yes}}
"""


def test_of_many_options_one_example_shows_a_result_that_no_single_option_reaches():
    compiled = small(KINDS + rules("all | {kind: {all: [x, y]}} | high", "x | {kind: x} | middle", "rest | {} | low"))
    assert told(compiled, {}, "kind") == [
        ((("w",), ("y",), ("z",)), ("low",), ["rest"]),
        ((("x",),), ("middle",), ["x"]),
        ((("x", "y"),), ("high",), ["all"]),
    ]


def test_results_of_several_options_are_looked_for_in_few_sets(monkeypatch):
    compiled = small(KINDS + rules("all | {kind: {all: [x, y]}} | high", "rest | {} | low"))
    monkeypatch.setattr(explain, "MAX_EXAMPLES", 1)
    assert told(compiled, {}, "kind") == [((("w",), ("x",), ("y",), ("z",)), ("low",), ["rest"])]


IMPOSSIBLE = """
impossible:
  - {id: both, when: {a: yes, b: yes}, because: of a reason}
"""


def test_an_answer_that_the_others_exclude_leads_nowhere():
    compiled = small(TWO + IMPOSSIBLE + rules("one | {a: yes} | high", "two | {} | low"))
    assert told(compiled, {"b": "yes"}, "a") == [(("yes",), (), []), (("no",), ("low",), ["two"])]


def test_of_impossible_answers_a_part_that_is_impossible_already_is_sufficient():
    body = "\nquestions: {c: {ask: C, type: yes_no}, a: {ask: A, type: yes_no}, b: {ask: B, type: yes_no}}\n"
    compiled = small(body + IMPOSSIBLE + rules("one | {c: yes} | high"))
    answers = {"a": "yes", "b": "yes", "c": "yes"}
    assert sufficient(compiled, answers) == {"a": "yes", "b": "yes"}
    assert told(compiled, answers, "c") == [(("yes", "no"), (), [])]


FOR_NOTES = """
questions:
  a: {ask: A, type: yes_no}
  n: {ask: N, type: yes_no, for_notes: yes}
notes:
  - {id: told, when: {n: yes, a: yes}, for: staff, say: Something}
"""


def test_a_question_for_notes_decides_nothing():
    compiled = small(FOR_NOTES + rules("one | {a: yes} | high", "two | {} | low"))
    assert told(compiled, {}, "n") == [(("yes", "no"), ("low", "high"), ["one", "two"])]
    assert sufficient(compiled, {"a": "yes", "n": "yes"}) == {"a": "yes"}


def test_early_questions_are_kept():
    compiled = small(TWO + rules("one | {any_of: [{a: yes}, {b: yes}]} | high", "two | {} | low"))
    assert sufficient(compiled, {"a": "yes", "b": "yes"}) == {"a": "yes"}


def test_a_rule_asks_only_by_a_part_that_is_still_open():
    body = "\nquestions: {a: {ask: A, type: yes_no}, b: {ask: B, type: yes_no}, c: {ask: C, type: yes_no}}\n"
    written = ["one | {any_of: [{a: yes, b: yes}, {c: yes}]} | high", "two | {b: yes} | middle", "three | {} | low"]
    compiled = small(body + rules(*written))

    def asking(answers: Answers, question: str) -> list[str]:
        return [rule.id for rule in rules_asking(compiled, decide(compiled, answers), question)]

    assert asking({}, "b") == ["one", "two"]
    assert asking({"a": "no"}, "b") == ["two"]
    assert asking({"a": "no"}, "c") == ["one"]
    assert asking({"b": "no", "c": "no"}, "a") == ["three"]


def test_what_is_too_tangled_is_not_told(monkeypatch):
    compiled = small(TWO + rules("one | {a: yes} | high", "two | {} | low"))

    def tangled(*_args, **_more):
        raise TooTangled

    monkeypatch.setattr(type(compiled.rules), "build", tangled)
    for told_of in (lambda: leads_to(compiled, {}, "a"), lambda: sufficient(compiled, {"a": "yes"})):
        with pytest.raises(TooTangled):
            told_of()


# --- readings, by hand ----------------------------------------------------------------------

LISTED = {"immediate_danger": "no", "condition_type": ("mania",), "detox_need": "no", "safe_living_environment": "yes"}
NOT_LISTED = {**LISTED, "condition_type": ("other",), "recent_psychiatric_discharge": "yes"}


def readings(compiled: Compiled, answers: Answers) -> list[tuple[dict, tuple]]:
    """What the result depends on, where that is complete."""
    found = other_readings(compiled, answers)
    assert found.complete
    return [(dict(reading.settings), reading.possible) for reading in found.depends]


def test_the_shipped_setting_decides_for_a_discharge_alone():
    compiled = shipped()
    assert decide(compiled, NOT_LISTED).recommendation == "iop"
    assert readings(compiled, NOT_LISTED) == [({"discharge_qualifies_alone": "no"}, ("referral",))]
    assert readings(compiled, LISTED) == []
    strict = compile_rule_set(compiled.rule_set, {"discharge_qualifies_alone": "no"})
    assert readings(strict, NOT_LISTED) == [({"discharge_qualifies_alone": "yes"}, ("iop",))]


def test_without_settings_there_is_one_reading():
    compiled = small(TWO + rules("one | {a: yes} | high"))
    assert other_readings(compiled, {"a": "yes"}) == Readings((), complete=True)


SETTINGS = """
settings:
  recent: {means: R, type: whole_number, value: 30}
  mode: {means: M, type: one, value: x, options: {w: {label: W}, x: {label: X}, y: {label: Y}, z: {label: Z}}}
  strict: {means: S, type: yes_no, value: yes}
  idle: {means: I, type: yes_no, value: yes}
questions:
  days: {ask: D, type: whole_number, range: [0, 400]}
"""


def test_of_a_number_the_nearest_value_that_matters_is_told():
    compiled = small(SETTINGS + rules("one | {days: {at_most: recent}} | high", "two | {} | low"))
    assert readings(compiled, {"days": 50}) == [({"recent": 50}, ("high",))]
    assert readings(compiled, {"days": 20}) == [({"recent": 19}, ("low",))]
    assert readings(compiled, {"days": 0}) == []
    assert readings(compiled, {}) == [({"recent": 400}, ("high",))]


def test_an_open_number_needs_room_between_two_bounds():
    written = ["one | {days: {above: 30, below: recent}} | high", "two | {} | low"]
    assert readings(small(SETTINGS + rules(*written)), {}) == [({"recent": 32}, ("low", "high"))]


def test_of_two_settings_around_a_number_each_is_told_where_it_leaves_no_room():
    settings = SETTINGS.replace("questions:", "  late: {means: L, type: whole_number, value: 60}\nquestions:")
    written = ["one | {days: {above: recent, below: late}} | high", "two | {} | low"]
    assert readings(small(settings + rules(*written)), {}) == [({"recent": 59}, ("low",)), ({"late": 31}, ("low",))]


def test_settings_that_matter_only_together_are_told_together():
    written = ["one | {days: {above: recent}} | middle", "two | {strict: no, mode: [w, z]} | high", "three | {} | low"]
    compiled = small(SETTINGS + rules(*written))
    assert readings(compiled, {"days": 10}) == [
        ({"recent": 9}, ("middle",)),
        ({"mode": "w", "strict": "no"}, ("high",)),
    ]


def test_answers_may_be_impossible_under_another_reading():
    entry = "\nimpossible: [{id: no-days, when: {strict: no, days: 0}, because: of a reason}]\n"
    compiled = small(SETTINGS + entry.replace("days: 0", "days: {is: 0}") + rules("one | {} | high"))
    assert readings(compiled, {"days": 0}) == [({"strict": "no"}, ())]
    strict = compile_rule_set(compiled.rule_set, {"strict": "no"})
    assert readings(strict, {"days": 0}) == [({"strict": "yes"}, ("high",))]


def test_after_many_readings_it_is_said_that_not_all_were_looked_at(monkeypatch):
    written = ["one | {strict: no, mode: w} | high", "two | {strict: no, mode: y} | high", "three | {} | low"]
    compiled = small(SETTINGS + rules(*written))
    assert readings(compiled, {}) == [({"mode": "w", "strict": "no"}, ("high",))]
    monkeypatch.setattr(explain, "MAX_READINGS", 3)
    assert other_readings(compiled, {}) == Readings((), complete=False)


def test_a_reading_that_is_too_tangled_is_left_out_and_said(monkeypatch):
    compiled = small(SETTINGS + rules("one | {strict: no} | high", "two | {mode: w} | middle", "three | {} | low"))
    real = explain.compile_rule_set

    def tangled(rule_set, changed):
        if changed["mode"] != "x":
            raise TooTangledToCompile("too tangled", rule_set.place)
        return real(rule_set, changed)

    monkeypatch.setattr(explain, "compile_rule_set", tangled)
    found = other_readings(compiled, {})
    assert [dict(reading.settings) for reading in found.depends] == [{"strict": "no"}]
    assert not found.complete


def test_many_settings_end_soon():
    """Sets that hold a decisive setting, or one that nothing tests, cost nothing."""
    names = [f"s{number}" for number in range(60)]
    settings = "".join(f"  {name}: {{means: M, type: yes_no, value: yes}}\n" for name in names)
    decisive = [f"r{number} | {{{name}: no}} | high" for number, name in enumerate(names[:30])]
    compiled = small(f"\nsettings:\n{settings}{TWO.lstrip()}" + rules(*decisive, "rest | {} | low"))
    assert [list(reading) for reading, _ in readings(compiled, {})] == [[name] for name in names[:30]]


@pytest.mark.parametrize("name", ["iop", "iop-site-example"])
def test_shipped_rule_sets_are_explained_as_they_decide(name):
    compiled, random = shipped(name), Random(name)
    for number in range(40):
        answers = random_answers(random, compiled.rule_set, (1.0, 0.8, 0.5)[number % 3])
        result = possible(compiled, answers)
        assert possible(compiled, sufficient(compiled, answers)) == result
        for question in compiled.rule_set.questions:
            for lead in leads_to(compiled, answers, question.id):
                for value in (*lead.values, *(end for both in lead.ranges for end in both)):
                    assert possible(compiled, {**answers, question.id: value}) == lead.possible
        if name == "iop":  # the other one has more readings than are tried
            assert other_readings(compiled, answers).complete


@pytest.mark.parametrize(("answer", "asking"), [("yes", "first"), ("no", "second")])
def test_a_rule_asks_for_whom_it_is_still_about_whichever_answer_is_known(answer, asking):
    when = rules("first | {a: yes, b: yes} | high", "second | {a: no, b: no} | middle", "rest | {} | low")
    compiled = compile_rule_set(understand((HEAD + TWO + when).encode(), "two.yaml").rule_set)
    decision = decide(compiled, {"a": answer})
    assert [rule.id for rule in decision.rules] == [asking, "rest"]
    assert [rule.id for rule in rules_asking(compiled, decision, "b")] == [asking]


# --- all readings of a rule set -------------------------------------------------------------


SEVERAL = """
settings:
  idle: {means: I, type: yes_no, value: yes}
  upper: {means: U, type: yes_no, value: no}
  sort: {means: S, type: one, value: x, options: {x: {label: X}, y: {label: Y}, z: {label: Z}}}
  lower: {means: L, type: yes_no, value: no}
"""


def of_several_settings() -> Compiled:
    """Of four settings one decides alone, two decide together, and one nothing."""
    text = HEAD + SEVERAL + TWO + rules("both | {upper: yes, lower: yes} | high", "sort | {sort: y, a: yes} | middle")
    return compile_rule_set(understand(text.encode(), "several.yaml").rule_set)


def test_every_reading_of_a_rule_set_changes_few_settings_first_and_none_that_nothing_rests_on():
    upper, sort, lower = {"upper": "yes"}, {"sort": "y"}, {"lower": "yes"}
    assert list(joint_readings(of_several_settings())) == [
        *(upper, sort, lower),
        *(upper | sort, upper | lower, sort | lower),
        upper | sort | lower,
    ]


def test_settings_that_matter_together_are_found_beside_one_that_matters_alone(monkeypatch):
    compiled = of_several_settings()
    alone, together = ({"sort": "y"}, ("middle",)), ({"upper": "yes", "lower": "yes"}, ("high",))
    for most, depends, complete in ((5, [alone, together], True), (4, [alone, together], True), (3, [alone], False)):
        monkeypatch.setattr(explain, "MAX_READINGS", most)
        found = other_readings(compiled, {"a": "yes", "b": "no"})
        assert [tuple(reading) for reading in found.depends] == depends
        assert found.complete == complete


def test_no_other_number_is_one_that_the_question_cannot_have():
    numbers = "\nsettings: {s: {means: S, type: whole_number, value: 4}}\n"
    numbers += "questions: {a: {ask: A, type: whole_number, range: [3, 5]}}\n"
    text = HEAD + numbers + rules("r | {a: {at_least: s}} | high")
    compiled = compile_rule_set(understand(text.encode(), "numbers.yaml").rule_set)
    assert list(single_readings(compiled, compiled.rule_set.settings[0])) == [3, 5]
    assert list(joint_readings(compiled)) == [{"s": 3}, {"s": 5}]


@pytest.mark.parametrize(
    ("s", "t", "a", "b", "test", "met"),
    [
        (28, 5, (20, 30), (0, 22), "{s: {at_most: t}}", lambda s, t: s <= t),
        (5, 28, (0, 22), (20, 30), "{s: {at_least: t}}", lambda s, t: s >= t),
    ],
)
def test_settings_that_meet_only_at_the_ends_of_what_questions_allow_are_found(s, t, a, b, test, met):
    """No condition that decides names the questions, and neither setting comes to the other's value."""
    settings = "".join(f"  {name}: {{means: M, type: whole_number, value: {n}}}\n" for name, n in (("s", s), ("t", t)))
    asked = "".join(
        f"  {name}: {{ask: A, type: whole_number, range: [{low}, {high}]}}\n"
        for name, (low, high) in (("a", a), ("b", b))
    )
    note = "notes: [{id: n, when: {a: {at_least: s}, b: {at_least: t}}, for: staff, say: So it is.}]"
    text = f"{HEAD}settings:\n{settings}questions:\n{asked}{note}" + rules(f"r | {test} | high", "rest | {} | low")
    compiled = compile_rule_set(understand(text.encode(), "ends.yaml").rule_set)
    assert not any(met(**{"s": s, "t": t, **one}) for one in joint_readings(compiled) if len(one) == 1)
    together = [one for one in joint_readings(compiled) if len(one) == 2 and met(**one)]
    assert together and all(low <= one[name] <= high for one in together for name, (low, high) in (("s", a), ("t", b)))
    [reading] = other_readings(compiled, {}).depends
    assert (met(**reading.settings), reading.possible) == (True, ("high",))
