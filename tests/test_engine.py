"""The engine against the oracle, on random rule sets; then each rule of the design by hand."""

from __future__ import annotations

import os
import textwrap
from random import Random

import pytest
from conftest import RULES
from oracle import NoCompletion, Oracle, Verdict, holds, holds_as_written
from random_rule_sets import made, random_answers
from steps import Steps

from iopscreen.engine import decide as decide_module
from iopscreen.engine.budget import Budget, OutOfTime, TooTangled
from iopscreen.engine.change import changes
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide, questions_for_notes
from iopscreen.ruleset.findings import FileRefused
from iopscreen.ruleset.model import Answers, Unanswered
from iopscreen.ruleset.reader import read_rule_file, understand

BATCHES = int(os.environ.get("IOPSCREEN_TEST_BATCHES", "20"))
"""How many times 100 random rule sets; more for a longer run."""

SHARES = (1.0, 1.0, 0.8, 0.6, 0.4, 0.0)
"""How much of the answers is known, per try on one rule set."""


def summary(decision: Decision) -> Verdict:
    """A decision in the oracle's form."""
    return Verdict(
        recommendation=decision.recommendation,
        rule=decision.rule and decision.rule.id,
        rules=tuple(rule.id for rule in decision.rules),
        possible=decision.possible,
        ask_next=decision.ask_next,
        not_needed=decision.not_needed,
        notes=tuple(note.id for note in decision.notes),
    )


def decided(compiled: Compiled, answers: Answers, asked_out: bool) -> Decision | tuple[str, ...]:
    """The engine's decision, or the entries that make the answers impossible."""
    try:
        return decide(compiled, answers, absent_is_unknown=asked_out)
    except ImpossibleAnswers as refused:
        return tuple(entry.id for entry in refused.entries)


def judged(oracle: Oracle, answers: Answers, asked_out: bool) -> Verdict | tuple[str, ...]:
    """The oracle's verdict, or the entries that make the answers impossible."""
    try:
        return oracle.decide(answers, absent_is_unknown=asked_out)
    except NoCompletion as refused:
        return refused.entries


@pytest.mark.parametrize("batch", range(BATCHES))
def test_engine_agrees_with_trying_everything(batch):
    for seed in range(100 * batch, 100 * batch + 100):
        text = made(seed).text
        rule_set = understand(text.encode(), "random.yaml").rule_set
        compiled, oracle, random = compile_rule_set(rule_set), Oracle(rule_set), Random(seed)
        for share in SHARES:
            answers = random_answers(random, rule_set, share)
            asked_out = random.random() < 0.3
            about = f"seed {seed}, answers {answers}\n{text}"
            decision = decided(compiled, answers, asked_out)
            expected = judged(oracle, answers, asked_out)
            if not isinstance(decision, Decision):
                assert decision == expected, about
                continue
            assert summary(decision) == expected, about
            found = [(change.recommendation, dict(change.answers)) for change in changes(compiled, decision)]
            assert found == oracle.changes(answers), about
            assert questions_for_notes(compiled, answers).ask == oracle.questions_for_notes(answers), about


def test_random_rule_sets_reach_every_kind_of_result():
    """The comparison above is worth something only if every kind of result occurs often."""
    seen: dict[str, int] = {}
    for seed in range(300):
        rule_set = understand(made(seed).text.encode(), "random.yaml").rule_set
        oracle, random = Oracle(rule_set), Random(seed)
        for share in SHARES:
            answers = random_answers(random, rule_set, share)
            for kind in kinds_of_result(oracle, answers):
                seen[kind] = seen.get(kind, 0) + 1
    assert {kind for kind, count in seen.items() if count >= 10} >= {
        "impossible",
        "decided",
        "decided by several rules",
        "no rule",
        "open",
        "asks some",
        "asks a set",
        "one change",
        "several changes",
        "notes",
        "questions for notes",
    }, seen


def kinds_of_result(oracle: Oracle, answers: Answers) -> list[str]:
    try:
        verdict = oracle.decide(answers)
    except NoCompletion:
        return ["impossible"]
    kinds = {
        "decided": verdict.rule is not None,
        "decided by several rules": verdict.recommendation is not None and len(verdict.rules) > 1,
        "no rule": verdict.possible == ("no_rule",),
        "open": len(verdict.possible) > 1,
        "asks some": bool(verdict.ask_next and verdict.not_needed),
        "notes": bool(verdict.notes),
        "questions for notes": bool(oracle.questions_for_notes(answers)),
    }
    if verdict.ask_next:
        profiles = oracle.possible(answers)
        kinds["asks a set"] = not oracle._differ_in(profiles, verdict.ask_next[:1])
    sizes = [len(changed) for _, changed in oracle.changes(answers)]
    kinds |= {"one change": 1 in sizes, "several changes": any(size > 1 for size in sizes)}
    return [kind for kind, found in kinds.items() if found]


def test_conditions_mean_what_their_author_wrote():
    """What the reader made of a condition, against a second meaning given to the data behind the text."""
    for seed in range(400):
        drawn = made(seed)
        rule_set = understand(drawn.text.encode(), "random.yaml").rule_set
        entries = {
            "impossible": rule_set.impossible,
            "rules": rule_set.rules,
            "notes": rule_set.notes,
            "guarantees": rule_set.guarantees,
        }
        oracle, random = Oracle(rule_set), Random(seed)
        for _ in range(20):
            facts = {**rule_set.readings, **random_answers(random, rule_set, 1.0)}
            for section, written_entries in drawn.sections.items():
                for entry, written in zip(entries[section], written_entries, strict=True):
                    unless = written.get("unless")
                    expected = holds_as_written(written["when"], facts, drawn.groups) and not (
                        unless is not None and holds_as_written(unless, facts, drawn.groups)
                    )
                    assert holds(entry.condition, facts) == expected, f"{entry.id}, {facts}\n{drawn.text}"
        assert oracle.domains.keys() == rule_set.question.keys()


@pytest.mark.parametrize("name", ["iop.yaml"])
def test_shipped_rule_set_agrees_with_trying_everything(name):
    rule_set = read_rule_file(str(RULES / name)).rule_set
    compiled, oracle, random = compile_rule_set(rule_set), Oracle(rule_set), Random(name)
    for number in range(60):
        answers = random_answers(random, rule_set, (1.0, 0.8, 0.5)[number % 3])
        decision = decide(compiled, answers)
        assert summary(decision) == oracle.decide(answers), answers
        if number % 3 == 0 and len(answers["condition_type"]) < 3:
            found = [(change.recommendation, dict(change.answers)) for change in changes(compiled, decision)]
            assert found == oracle.changes(answers), answers


# --- each rule of the design, by hand -------------------------------------------------------

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


def small(body: str) -> Compiled:
    """A compiled rule set; `body` follows the head."""
    return compile_rule_set(understand((HEAD + textwrap.dedent(body)).encode(), "small.yaml").rule_set)


def rules(*written: str) -> str:
    """Rules `id | when | outcome`, and `| unless` where there is one."""
    lines = ["rules:"]
    for rule in written:
        name, when, outcome, *unless = (part.strip() for part in rule.split("|"))
        lines += [f"  - id: {name}", f"    when: {when}", f"    recommend: {outcome}"]
        lines += [f"    unless: {part}" for part in unless]
        lines += ["    because: of a reason", "    basis: site"]
    return "\n".join(lines) + "\n"


TWO = """
questions:
  a: {ask: A, type: yes_no}
  b: {ask: B, type: yes_no}
"""

NUMBERS = """
questions:
  a: {ask: A, type: whole_number, range: [0, 20]}
  b: {ask: B, type: whole_number, range: [0, 20]}
"""

KINDS = """
questions:
  kind:
    ask: Which?
    type: many
    options:
      w: {label: W}
      x: {label: X}
      y: {label: Y}
      z: {label: Z}
      none_of_them: {label: None of them, alone: yes}
"""


def changed(compiled: Compiled, answers: Answers) -> list[tuple[str, dict]]:
    return [(change.recommendation, dict(change.answers)) for change in changes(compiled, decide(compiled, answers))]


def test_first_matching_rule_speaks():
    compiled = small(TWO + rules("one | {a: yes} | high", "two | {b: yes} | low", "three | {} | middle"))
    decision = decide(compiled, {"a": "yes", "b": "yes"})
    assert (decision.recommendation, decision.rule and decision.rule.id) == ("high", "one")
    assert decide(compiled, {"a": "no", "b": "no"}).recommendation == "middle"


def test_under_the_policy_unique_deciding_takes_the_first_too():
    text = (
        HEAD.replace("policy: first", "policy: unique") + TWO + rules("one | {a: yes} | high", "two | {b: yes} | low")
    )
    compiled = compile_rule_set(understand(text.encode(), "small.yaml").rule_set)
    assert decide(compiled, {"a": "yes", "b": "yes"}).recommendation == "high"


def test_unless_is_and_not():
    compiled = small(TWO + rules("one | {a: yes} | high | {b: yes}", "rest | {} | low"))
    assert decide(compiled, {"a": "yes", "b": "no"}).recommendation == "high"
    assert decide(compiled, {"a": "yes", "b": "yes"}).recommendation == "low"


@pytest.mark.parametrize("answer", [None, Unanswered.UNKNOWN, Unanswered.DECLINED])
def test_not_knowing_never_counts_as_no(answer):
    compiled = small(TWO + rules("one | {a: yes} | low", "rest | {} | high"))
    decision = decide(compiled, {"b": "no"} if answer is None else {"a": answer, "b": "no"})
    assert decision.recommendation is None
    assert decision.rule is None
    assert [rule.id for rule in decision.rules] == ["one", "rest"]
    assert decision.possible == ("low", "high")
    assert decision.ask_next == ("a",)
    assert decision.not_needed == ()


def test_possible_outcomes_come_in_the_order_of_the_file_and_no_rule_last():
    compiled = small(TWO + rules("one | {a: yes, b: yes} | high", "two | {a: yes, b: no} | low"))
    assert decide(compiled, {}).possible == ("low", "high", "no_rule")
    assert decide(compiled, {"a": "no"}).possible == ("no_rule",)


def test_where_no_rule_matches_nothing_is_recommended():
    compiled = small(TWO + rules("one | {a: yes} | high"))
    decision = decide(compiled, {"a": "no", "b": Unanswered.UNKNOWN})
    assert (decision.recommendation, decision.rule, decision.rules) == (None, None, ())
    assert (decision.ask_next, decision.not_needed) == ((), ("b",))
    assert changes(compiled, decision) == ()


def test_a_rule_that_decides_only_some_completions_is_not_the_reason():
    compiled = small(TWO + rules("one | {a: yes} | high"))
    decision = decide(compiled, {})
    assert ([rule.id for rule in decision.rules], decision.rule) == (["one"], None)


def test_unknowns_that_cannot_matter_leave_a_recommendation():
    compiled = small(TWO + rules("one | {a: yes, b: yes} | high", "two | {a: yes} | high", "rest | {} | low"))
    decision = decide(compiled, {"a": "yes", "b": Unanswered.UNKNOWN})
    assert decision.recommendation == "high"
    assert decision.rule is None
    assert [rule.id for rule in decision.rules] == ["one", "two"]
    assert (decision.ask_next, decision.not_needed) == ((), ("b",))


def test_questions_are_listed_in_the_order_of_the_file_whatever_the_rules_test_first():
    compiled = small(TWO + rules("one | {b: yes} | high", "two | {a: yes} | middle", "rest | {} | low"))
    decision = decide(compiled, {})
    assert decision.ask_next == ("a", "b")
    assert tuple(decide(compiled, {"b": "no", "a": "no"}).answers) == ("a", "b")


@pytest.mark.parametrize(
    ("bound", "passing"),
    [
        ("{at_least: 5}", range(5, 21)),
        ("{above: 5}", range(6, 21)),
        ("{at_most: 5}", range(6)),
        ("{below: 5}", range(5)),
        ("{is: 5}", [5]),
        ("{above: 3, at_most: 5}", [4, 5]),
        ("{at_least: 20}", [20]),
        ("{at_most: 0}", [0]),
        ("{below: 5, above: 5}", []),
    ],
)
def test_every_bound_of_a_number(bound, passing):
    compiled = small(NUMBERS + rules(f"one | {{a: {bound}}} | high", "rest | {} | low"))
    found = [number for number in range(21) if decide(compiled, {"a": number}).recommendation == "high"]
    assert found == list(passing)


def test_a_setting_stands_for_its_value():
    settings = """
        settings:
          limit: {means: L, type: whole_number, value: 7}
          strict: {means: S, type: yes_no, value: yes}
        """
    body = (
        textwrap.dedent(settings)
        + NUMBERS
        + rules("one | {a: {at_most: limit}, strict: yes} | high", "rest | {} | low")
    )
    compiled = small(body)
    assert [decide(compiled, {"a": number}).recommendation for number in (7, 8)] == ["high", "low"]
    other = compile_rule_set(compiled.rule_set, {"limit": 8})
    assert [decide(other, {"a": number}).recommendation for number in (8, 9)] == ["high", "low"]
    lax = compile_rule_set(compiled.rule_set, {"strict": "no"})
    assert decide(lax, {}).recommendation == "low"


def test_groups_any_all_and_none():
    kinds = KINDS + "    groups: {late: [y, z]}\n"
    compiled = small(
        kinds
        + rules("one | {kind: {all: late}} | high", "two | {kind: {any: late, none: w}} | middle", "rest | {} | low")
    )
    assert decide(compiled, {"kind": ("w", "y", "z")}).recommendation == "high"
    assert decide(compiled, {"kind": ("x", "z")}).recommendation == "middle"
    assert decide(compiled, {"kind": ("w", "z")}).recommendation == "low"
    assert decide(compiled, {"kind": ("none_of_them",)}).recommendation == "low"


def test_an_alone_option_stands_beside_no_other():
    """`x` and `none_of_them` together cannot be, so that the rule on both takes nobody."""
    compiled = small(KINDS + rules("one | {kind: {all: [x, none_of_them]}} | high", "rest | {} | low"))
    assert decide(compiled, {}).recommendation == "low"


# --- impossible ---

TIED = """
impossible:
  - {id: a-without-b, when: {a: yes, b: no}, because: of a reason}
  - {id: b-without-a, when: {a: no, b: yes}, because: of a reason}
"""


def test_unknowns_are_never_completed_to_an_impossible_caller():
    compiled = small(TWO + TIED + rules("one | {b: yes} | high", "rest | {} | low"))
    decision = decide(compiled, {"a": "yes"})
    assert (decision.recommendation, decision.not_needed) == ("high", ("b",))


def test_where_no_question_matters_alone_a_smallest_set_is_asked():
    compiled = small(TWO + TIED + rules("one | {b: yes} | high", "rest | {} | low"))
    decision = decide(compiled, {})
    assert decision.possible == ("low", "high")
    assert decision.ask_next == ("a", "b")


def test_answers_that_leave_no_completion_name_the_entries():
    compiled = small(TWO + TIED + rules("rest | {} | low"))
    with pytest.raises(ImpossibleAnswers) as error:
        decide(compiled, {"a": "no", "b": "yes"})
    assert [entry.id for entry in error.value.entries] == ["b-without-a"]
    assert error.value.entries[0].because == "of a reason"
    assert str(error.value) == "impossible: b-without-a"


def test_entries_that_exclude_everybody_together_are_all_named():
    everybody = """
        impossible:
          - {id: if-b, when: {b: yes}, because: of a reason}
          - {id: unless-b, when: {b: no}, because: of a reason}
          - {id: never-first, when: {a: no}, because: of a reason}
        """
    compiled = small(TWO + textwrap.dedent(everybody) + rules("rest | {} | low"))
    with pytest.raises(ImpossibleAnswers) as error:
        decide(compiled, {"a": "no"})
    assert str(error.value) == "impossible: if-b, unless-b"


def test_something_is_left_to_ask_as_long_as_several_outcomes_are_possible():
    """An impossible entry that ties a question to one asked for notes alone hides neither."""
    body = """
        questions:
          a: {ask: A, type: yes_no}
          language: {ask: L, type: yes_no, for_notes: yes}
        impossible:
          - {id: one, when: {a: yes, language: no}, because: of a reason}
          - {id: two, when: {a: no, language: yes}, because: of a reason}
        """
    text = textwrap.dedent(body) + rules("one | {a: yes} | high", "rest | {} | low")
    refused = fault_names(text)
    assert refused <= {"for-notes-question"}  # refusing it keeps "for notes alone" true as well
    if not refused:
        assert decide(small(text), {}).ask_next == ("a",)


def fault_names(body: str) -> set[str]:
    try:
        small(body)
    except FileRefused as refused:
        return {finding.name for finding in refused.findings}
    return set()


# --- what would change the recommendation ---


def test_changes_take_the_nearest_number():
    compiled = small(
        NUMBERS + rules("one | {a: {at_least: 10}} | high", "two | {a: {at_most: 4}} | middle", "rest | {} | low")
    )
    assert changed(compiled, {"a": 7}) == [("middle", {"a": 4}), ("high", {"a": 10})]


def test_changes_take_the_lower_of_two_equally_near_numbers():
    compiled = small(NUMBERS + rules("one | {any_of: [{a: {is: 10}}, {a: {is: 4}}]} | high", "rest | {} | low"))
    assert changed(compiled, {"a": 7}) == [("high", {"a": 4})]


def test_changes_never_lead_to_an_impossible_caller():
    impossible = "impossible: [{id: no-five, when: {a: {is: 5}}, because: of a reason}]\n"
    compiled = small(NUMBERS + impossible + rules("one | {a: {at_least: 5}} | high", "rest | {} | low"))
    assert changed(compiled, {"a": 2}) == [("high", {"a": 6})]


def test_changes_of_options_are_the_fewest_then_the_first_in_the_file():
    compiled = small(
        KINDS + rules("one | {kind: [y, z]} | high", "two | {kind: {all: [w, x]}} | middle", "rest | {} | low")
    )
    assert changed(compiled, {"kind": ("x",)}) == [("middle", {"kind": ("w", "x")}), ("high", {"kind": ("x", "y")})]
    assert changed(compiled, {"kind": ("none_of_them",)}) == [
        ("middle", {"kind": ("w", "x")}),
        ("high", {"kind": ("y",)}),
    ]


def test_changes_of_one_option_are_the_first_in_the_file():
    question = "questions: {a: {ask: A, type: one, options: {x: {label: X}, y: {label: Y}, z: {label: Z}}}}\n"
    compiled = small(question + rules("one | {a: {not: z}} | high", "rest | {} | low"))
    assert changed(compiled, {"a": "z"}) == [("high", {"a": "x"})]


def test_changes_of_several_questions_are_nearest_in_the_first_question_first():
    compiled = small(
        NUMBERS
        + rules(
            "one | {any_of: [{a: {at_least: 5}, b: {at_least: 1}}, {a: {at_least: 3}, b: {at_least: 10}}]} | high",
            "rest | {} | low",
        )
    )
    assert changed(compiled, {"a": 0, "b": 0}) == [("high", {"a": 3, "b": 10})]


def test_changes_are_inclusion_minimal_and_ordered_by_size_then_questions_then_outcomes():
    questions = TWO + "  c: {ask: C, type: yes_no}\n"
    compiled = small(
        questions
        + rules(
            "one | {c: yes} | middle", "two | {a: yes, b: yes} | high", "three | {b: yes} | middle", "rest | {} | low"
        )
    )
    assert changed(compiled, {"a": "no", "b": "no", "c": "no"}) == [
        ("middle", {"b": "yes"}),
        ("middle", {"c": "yes"}),
        ("high", {"a": "yes", "b": "yes"}),
    ]


def test_changes_hold_whatever_the_unknowns_are():
    compiled = small(TWO + rules("one | {a: yes, b: yes} | high", "two | {a: yes} | middle", "rest | {} | low"))
    assert changed(compiled, {"a": "no"}) == []
    assert changed(compiled, {"a": "no", "b": "no"}) == [("middle", {"a": "yes"}), ("high", {"a": "yes", "b": "yes"})]


def test_changes_are_empty_while_the_decision_is_open():
    compiled = small(TWO + rules("one | {a: yes} | high", "rest | {} | low"))
    assert changes(compiled, decide(compiled, {"b": "no"})) == ()


def test_settings_and_questions_for_notes_never_change():
    body = """
        settings:
          lax: {means: M, type: yes_no, value: no}
        questions:
          a: {ask: A, type: yes_no}
          language: {ask: L, type: yes_no, for_notes: yes}
        """
    compiled = small(
        textwrap.dedent(body) + rules("one | {lax: yes} | high", "two | {a: yes} | middle", "rest | {} | low")
    )
    assert changed(compiled, {"a": "no", "language": "yes"}) == [("middle", {"a": "yes"})]


# --- notes ---

NOTED = """
notes:
  - {id: on-a, when: {a: yes}, for: staff, say: A.}
  - {id: on-language, when: {a: yes, language: yes}, for: caller, say: B.}
"""
ASKED_FOR_NOTES = """
questions:
  a: {ask: A, type: yes_no, if_unanswered: Find out about a.}
  b: {ask: B, type: yes_no, if_unanswered: Find out about b.}
  language: {ask: L, type: yes_no, for_notes: yes}
"""


def test_notes_show_once_they_are_certain():
    compiled = small(ASKED_FOR_NOTES + NOTED + rules("rest | {} | low"))
    assert [note.id for note in decide(compiled, {}).notes] == []
    assert [note.id for note in decide(compiled, {"a": "yes"}).notes] == ["on-a"]
    notes = decide(compiled, {"a": "yes", "language": "yes"}).notes
    assert [(note.id, note.audience, note.say) for note in notes] == [
        ("on-a", "staff", "A."),
        ("on-language", "caller", "B."),
    ]


def test_questions_for_notes_are_asked_apart_while_a_note_depends_on_them():
    compiled = small(ASKED_FOR_NOTES + NOTED + rules("one | {a: yes} | high", "rest | {} | low"))
    decision = decide(compiled, {})
    assert "language" not in (*decision.ask_next, *decision.not_needed)
    assert questions_for_notes(compiled, {}).ask == ("language",)
    assert questions_for_notes(compiled, {"a": "yes"}).ask == ("language",)
    assert questions_for_notes(compiled, {"a": "no"}).ask == ()
    assert questions_for_notes(compiled, {"a": "yes", "language": Unanswered.UNKNOWN}).ask == ()


MORE_FOR_NOTES = """
questions:
  p: {ask: P, type: yes_no, for_notes: yes}
  q: {ask: Q, type: yes_no, for_notes: yes}
  r: {ask: R, type: yes_no, for_notes: yes}
impossible: IMPOSSIBLE
notes: [{id: n, when: WHEN, for: staff, say: N.}]
"""


@pytest.mark.parametrize(
    ("impossible", "when", "answers", "ask", "may_come"),
    [
        # Two that are always alike: the first tells as much as both, and the second tells where the first is not known.
        (["{p: yes, q: no}", "{p: no, q: yes}"], "{q: yes}", {}, "p", "pq"),
        (["{p: yes, q: no}", "{p: no, q: yes}"], "{q: yes}", {"p": Unanswered.UNKNOWN}, "q", "q"),
        (["{p: yes, q: no}", "{p: no, q: yes}"], "{q: yes}", {"p": "yes"}, "", ""),
        # One answer that says the other: of use where that is not known.
        (["{p: yes, q: no}"], "{q: yes}", {}, "q", "pq"),
        (["{p: yes, q: no}"], "{q: yes}", {"q": Unanswered.UNKNOWN}, "p", "p"),
        (["{p: yes, q: no}"], "{q: yes}", {"q": Unanswered.UNKNOWN, "p": "no"}, "", ""),
        # The note is ruled out already, whatever is impossible.
        (["{p: yes, q: no}"], "{q: yes, r: yes}", {"r": "no"}, "", ""),
        # A single answer is possible.
        (["{q: yes}"], "{any_of: [{q: yes}, {r: yes}]}", {}, "r", "qr"),
        # What excludes one another elsewhere is not asked for this note.
        (["{p: yes, q: yes}"], "{r: yes}", {}, "r", "pqr"),
        # With one of them unknown for good, the other decides nothing.
        (["{r: yes}"], "{any_of: [{p: yes, q: yes}, {p: no, q: no}]}", {"p": Unanswered.DECLINED}, "", "qr"),
    ],
)  # fmt: skip
def test_a_question_for_notes_is_asked_where_it_tells_more_than_the_others(impossible, when, answers, ask, may_come):
    entries = [f"{{id: i{number}, when: {entry}, because: of a reason}}" for number, entry in enumerate(impossible)]
    text = MORE_FOR_NOTES.replace("IMPOSSIBLE", f"[{', '.join(entries)}]").replace("WHEN", when)
    found = questions_for_notes(small(text + rules("rest | {} | low")), answers)
    assert ("".join(found.ask), "".join(found.may_come)) == (ask, may_come)


def test_each_note_has_its_questions():
    notes = "[{id: n, when: {p: yes}, for: staff, say: N.}, {id: m, when: {q: yes}, for: staff, say: M.}]"
    text = MORE_FOR_NOTES.replace("impossible: IMPOSSIBLE\n", "").replace(
        MORE_FOR_NOTES.splitlines()[-1], f"notes: {notes}"
    )
    assert questions_for_notes(small(text + rules("rest | {} | low")), {}) == (("p", "q"), ("p", "q"))


def test_of_very_many_questions_for_notes_that_are_tied_each_is_asked(monkeypatch):
    entry = "[{id: i, when: {p: yes, q: no}, because: of a reason}]"
    text = MORE_FOR_NOTES.replace("IMPOSSIBLE", entry).replace("WHEN", "{q: yes}")
    compiled = small(text + rules("rest | {} | low"))
    monkeypatch.setattr(decide_module, "MAX_TIED", 2)
    assert questions_for_notes(compiled, {}).ask == ("q",)
    monkeypatch.setattr(decide_module, "MAX_TIED", 1)
    assert questions_for_notes(compiled, {}).ask == ("p", "q")


@pytest.mark.parametrize(
    ("answers", "nobody_asks", "shown"),
    [
        ({"a": Unanswered.UNKNOWN}, False, ["a"]),
        ({"a": Unanswered.DECLINED}, False, ["a"]),
        ({}, False, []),
        ({}, True, ["a", "b"]),
        ({"a": "yes", "b": Unanswered.UNKNOWN}, False, []),
        ({"a": "no", "b": Unanswered.UNKNOWN}, False, ["b"]),
    ],
)
def test_if_unanswered_is_due_while_the_question_can_still_matter(answers, nobody_asks, shown):
    compiled = small(ASKED_FOR_NOTES + rules("one | {a: yes} | high", "two | {b: yes} | middle", "rest | {} | low"))
    notes = decide(compiled, answers, absent_is_unknown=nobody_asks).notes
    assert [note.id for note in notes] == shown
    assert {note.say for note in notes} == {f"Find out about {name}." for name in shown}
    assert {note.audience for note in notes} <= {"staff"}
    if not nobody_asks:  # as is supposed where nothing is said about it
        assert decide(compiled, answers).notes == notes


def test_limits_hold_for_the_diagram_of_the_rules_and_for_those_of_notes():
    noted = "notes: [{id: both, when: {a: yes, b: yes}, for: staff, say: S}]\n"
    compiled = small(TWO + noted + rules("rest | {} | low"))
    assert decide(compiled, {}, max_edges=4).recommendation == "low"
    with pytest.raises(TooTangled):
        decide(compiled, {}, max_edges=3)
    compiled = small(TWO + rules("one | {a: yes, b: yes} | high", "rest | {} | low"))
    assert decide(compiled, {}, max_edges=4).possible == ("low", "high")
    with pytest.raises(TooTangled):
        decide(compiled, {}, max_edges=3)


def test_no_time_is_no_decision():
    compiled = small(TWO + rules("one | {a: yes} | high", "rest | {} | low"))
    with pytest.raises(OutOfTime):
        decide(compiled, {}, budget=Budget(0))


def test_an_impossible_caller_has_no_notes_and_no_say_in_them():
    noted = "notes: [{id: sure, when: {b: yes}, for: staff, say: S}]\n"
    compiled = small(TWO + TIED + noted + rules("rest | {} | low"))
    assert [note.id for note in decide(compiled, {"a": "yes"}).notes] == ["sure"]


def test_assumed_answers_decide_and_are_shown_as_assumed():
    compiled = small(TWO + rules("one | {a: yes} | high", "rest | {} | low"))
    decision = decide(compiled, {"b": "yes"}, assumed={"a": "no"})
    assert decision.recommendation == "low"
    assert decision.assumed == {"a": "no"}
    assert decision.answers == {"a": "no", "b": "yes"}


def test_a_rule_set_past_the_limits_is_refused_at_its_place():
    options = ", ".join(f"o{number}: {{label: L{number}}}" for number in range(17))
    question = f"questions:\n  a: {{ask: A, type: many, options: {{{options}}}}}\n"
    written = [f"r{number} | {{a: o{number}}} | high" for number in range(17)]
    with pytest.raises(TooTangledToCompile) as error:
        small(question + rules(*written))
    assert error.value.place.line == HEAD.count("\n") + 2
    assert "`a`" in str(error.value)


# --- large rule sets ---


def yes_no_questions(count: int) -> str:
    return "questions:\n" + "".join(f"  q{number}: {{ask: Q, type: yes_no}}\n" for number in range(count))


def test_a_smallest_set_is_found_among_many_questions_that_are_tied():
    """Fifteen answers that must all be the same: no smaller set than all of them tells outcomes apart."""
    ties = "".join(
        f"  - {{id: a{one}, when: {{q{one}: yes, q{one + 1}: no}}, because: r}}\n"
        f"  - {{id: b{one}, when: {{q{one}: no, q{one + 1}: yes}}, because: r}}\n"
        for one in range(14)
    )
    compiled = small(yes_no_questions(15) + "impossible:\n" + ties + rules("one | {q0: yes} | high", "rest | {} | low"))
    few = Steps(3_000)  # of 2 ** 15 sets
    assert decide(compiled, {}, budget=few).ask_next == tuple(f"q{number}" for number in range(15))


def test_many_questions_are_no_obstacle():
    impossible = "impossible: [{id: x, when: {q0: yes, q1: yes}, because: r}]\n"
    everything = ", ".join(f"q{number}: yes" for number in range(2, 400))
    compiled = small(yes_no_questions(400) + impossible + rules(f"one | {{{everything}}} | high", "rest | {} | low"))
    decision = decide(compiled, {})
    assert (decision.possible, len(decision.ask_next)) == (("low", "high"), 398)
    assert decision.not_needed == ("q0", "q1")
