"""What a change takes away from callers: guarantees against brute force, and what is said of each kind of change."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from conftest import TESTS
from oracle import holds
from random_rule_sets import EDITS
from test_diff import BASE, BUMP, OLD, YOUNG, Pointwise, callers_of, changed, compare, edition, names, pairs, with_cases

from iopscreen.audit.change import impact as impact_of
from iopscreen.audit.change.comparison import Comparison
from iopscreen.audit.change.editions import Edition, read_edition
from iopscreen.audit.change.renaming import renamed_questions
from iopscreen.audit.run import audit
from iopscreen.engine.budget import OutOfTime, TooTangled
from iopscreen.engine.promise import Promises
from iopscreen.report.change_outline import verdict
from iopscreen.report.diff import diff_text
from iopscreen.report.diff_json import diff_json
from iopscreen.report.diff_markdown import diff_markdown
from iopscreen.report.diff_page import diff_html
from iopscreen.report.findings import Paths
from iopscreen.report.github import audit_github, diff_github
from iopscreen.report.sarif import diff_sarif
from iopscreen.ruleset import model
from iopscreen.ruleset.cases import understand_cases
from iopscreen.ruleset.model import Guarantee
from iopscreen.ruleset.reader import understand

# --- guarantees, against brute force --------------------------------------------------------


class Promised(Pointwise):
    """Callers who are told apart by what guarantees test, too."""

    def signature(self, name, value):
        tests = []
        for rule_set, question in self.questions[name]:
            conditions = [one.condition for one in rule_set.guarantees]
            found = [test for one in conditions for test in model.tests_of(one) if test.subject == question.id]
            tests += [holds(test, {**rule_set.readings, question.id: value}) for test in found]
        return super().signature(name, value), tuple(tests)

    def meets(self, rule_set, guarantee, caller):
        """Whether a caller meets the condition of a guarantee of one side; not where that side cannot have them."""
        profile = self.profile_of(rule_set, caller)
        return profile is not None and holds(guarantee.condition, {**rule_set.readings, **profile})


def with_promises(one, seed):
    """The edition with a guarantee about whom each of its rules is for: of one outcome, or against one."""
    found = []
    for rule in one.rule_set.rules:
        random = Random(f"{seed} {rule.id}")
        names = random.sample(sorted(one.rule_set.outcome), random.choice([1, 2]))
        found.append(Guarantee(rule.id, rule.condition, frozenset(names), None, (), rule.place))
    return Edition(one.file._replace(rule_set=one.rule_set._replace(guarantees=tuple(found))), None)


def callers_who(point, old, new):
    """By brute force: whether somebody has a guarantee broken, and whether it is for fewer callers."""
    broken = left_out = False
    for caller, before, after in point:
        if after is None:
            continue
        mine = point.meets(point.new, new, caller) if new else point.meets(point.old, old, caller)
        allowed = (new or old).allowed
        kept = before is None or before.outcome in allowed
        broken |= mine and after.outcome not in allowed and kept
        if old and new:
            left_out |= point.meets(point.old, old, caller) and not point.meets(point.new, new, caller)
    return broken, left_out


@pytest.mark.parametrize("start", range(7000, 7080, 40))
def test_guarantees_against_brute_force(start):
    seen = Counter()
    for seed, *sides in pairs(start, start + 40, *[EDITS[0]] * 3, EDITS[-1]):
        old, new = (with_promises(one, seed) for one in sides)
        point = Promised(old.rule_set, new.rule_set)
        for one in Comparison(old, new).guarantees:
            assert one.decided, seed
            broken, left_out = callers_who(point, one.old, one.new)
            assert (one.broken is not None, one.left_out is not None) == (broken, left_out), (seed, one.id)
            seen.update([("broken", broken), ("left out", left_out), ("gone", one.new is None and broken)])
            for breach, guarantee in ((one.broken, one.new or one.old), (one.violating, one.old)):
                seen["shown"] += shows_it(point, breach, guarantee)
    assert seen["broken", True] > 10
    assert seen["left out", True] > 10
    assert seen["gone", True] > 1
    assert seen["shown"] > 10


def shows_it(point, breach, guarantee):
    """Whether every caller shown is recommended what the guarantee forbids, by the rule that is named."""
    if breach is None:
        return False
    for caller in callers_of(point, breach.witness):
        fate = point.fate(point.new, caller)
        assert fate.outcome not in guarantee.allowed
        assert fate.rule == (point.new.rules[breach.position].id if breach.position >= 0 else None)
    return True


# --- a guarantee that a change breaks -------------------------------------------------------


def test_a_broken_guarantee_is_told_in_every_format(monkeypatch):
    monkeypatch.chdir(TESTS / "cases" / "diff" / "age")
    change = compare(read_edition("old.yaml"), read_edition("new.yaml"))
    assert [finding.severity for finding in change.protection] == ["error"] * 3
    assert {finding.witness["age"] for finding in change.protection} == {17}
    assert "3 guarantees no longer hold" in verdict(change)
    said = "guarantee `open-door` held for the caller shown, and does not hold now: rule `too-young` recommends"
    paths = Paths(Path.cwd())
    assert said in " ".join(diff_text(change, 80).split())
    assert said in diff_markdown(change, paths)
    assert said.replace("`", "") in re.sub(r"<[^>]*>", "", diff_html(change))
    assert said in diff_github(change, paths)
    assert diff_github(change, paths).startswith("::error file=new.yaml,line=248")
    levels = [one["level"] for one in diff_sarif(change, paths)["runs"][0]["results"]]
    assert levels == ["error"] * 3
    assert [one["name"] for one in diff_json(change)["protection"]] == ["protection-weakened"] * 3


def test_a_guarantee_that_was_broken_before_is_no_news():
    old = BASE.replace("{age: {below: 18}}, recommend: low", "{age: {below: 18}}, recommend: middle")
    new = old.replace("because: All others.", "because: The others.")
    assert not compare(edition(old), edition(new)).protection


def test_a_guarantee_that_is_gone_and_kept_no_more():
    gone = ("  - {id: young-low, when: {age: {below: 18}}, always: low}\n", "")
    kept = changed(gone, BUMP)
    assert [finding.message for finding in kept.protection] == ["guarantee `young-low` is gone"]
    change = changed(gone, ("{age: {below: 18}}, recommend: low", "{age: {below: 18}}, recommend: middle"), BUMP)
    [found] = change.protection
    assert found.message == (
        "guarantee `young-low` is gone, and no longer kept: rule `young` recommends `middle` to the caller shown"
    )
    assert found.severity == "warning"
    assert found.witness["age"] < 18


def test_a_new_guarantee_that_the_rules_kept_until_now():
    promised = ("guarantees:\n", "guarantees:\n  - {id: old-high, when: {age: {above: 80}}, never: low}\n")
    assert not changed(promised, BUMP).protection
    change = changed(
        promised,
        (
            "  - {id: rest",
            "  - {id: aged, when: {age: {above: 90}}, recommend: low, because: x, basis: site}\n  - {id: rest",
        ),
        BUMP,
    )
    assert [(one.severity, "is new, and the rules of before kept it" in one.message) for one in change.protection] == [
        ("error", True)
    ]


def test_an_emptied_guarantee_is_told_with_the_setting_that_does_it():
    old = BASE.replace("when: {need: b}, never: high", "when: {need: b, strict: yes}, never: high")
    change = changed(("type: yes_no, value: yes", "type: yes_no, value: no"), BUMP, base=old)
    first, *_ = change.protection
    assert first.message == (
        "guarantee `b-not-high` is for nobody any more, because setting `strict` is `no` instead of `yes`; no longer "
        "for the caller shown, to whom rule `rest` recommends `high`"
    )
    assert first.witness["need"] == "b"
    assert first.witness["age"] >= 18
    entry = BASE.replace("age: {below: 3}, alone: yes}", "age: {below: 3}, alone: yes, strict: yes}")
    change = changed(("type: yes_no, value: yes", "type: yes_no, value: no"), BUMP, base=entry)
    assert any("impossible entry `child-alone` refuses other callers" in one.message for one in change.protection)


GROUPED = BASE.replace("c: {label: C}}", "c: {label: C}}\n    groups: {urgent: [a, b]}").replace(
    "when: {need: b}, never: high", "when: {need: urgent}, never: high"
)


def test_an_option_that_leaves_a_group():
    change = changed(("urgent: [a, b]", "urgent: [b]"), BUMP, base=GROUPED)
    [found] = [one for one in change.protection if "is now only for" in one.message]
    assert "because `a` left group `urgent`; no longer for the caller shown" in found.message
    assert found.witness["need"] == "a"


ALWAYS = ("when: {need: b}, never: high", "when: {need: b}, always: middle")
LIGHT = ("middle: {label: Middle}", "light: {label: Light}, middle: {label: Middle}")


def test_always_that_became_never_beside_a_new_outcome():
    old = BASE.replace(*ALWAYS)
    never = ("when: {need: b}, always: middle", "when: {need: b}, never: [low, high]")
    told = [one.message for one in changed(LIGHT, never, BUMP, base=old).protection]
    assert told == ["guarantee `b-not-high` now allows `light`, too (`light` is a new outcome)"]
    recommending = ("recommend: middle, because: B", "recommend: light, because: B")
    [found] = changed(LIGHT, never, recommending, BUMP, base=old).protection
    assert found.message.endswith(": rule `strict-b` recommends `light` to the caller shown")
    # a guarantee that forbids one of three says nothing of a fourth, until somebody is recommended it
    assert not changed(LIGHT, BUMP).protection
    [found] = changed(LIGHT, recommending, BUMP).protection
    assert "guarantee `b-not-high` now allows `light`, too" in found.message


def test_what_could_not_be_decided_of_a_guarantee_is_named(monkeypatch):
    def out_of_time(*_):
        raise OutOfTime

    monkeypatch.setattr(Promises, "broken", out_of_time)
    change = changed(("when: {need: b}, never: high", "when: {need: b, alone: no}, never: high"), BUMP)
    assert not change.complete
    assert "whether guarantee `b-not-high` still holds" in change.undecided
    assert verdict(change).endswith("not everything was decided")
    assert any("may be for fewer callers, which was not decided" in one.message for one in change.protection)
    assert "whether guarantee `young-low` still holds" in diff_text(change, 200)


# --- the order of outcomes, and what is told first ------------------------------------------


def test_outcomes_in_another_order_are_weighed_by_the_old_one():
    swapped = (
        "{low: {label: Low}, middle: {label: Middle}, high: {label: High}}",
        "{high: {label: High}, middle: {label: Middle}, low: {label: Low}}",
    )
    change = changed(swapped, ("recommend: high, because: All", "recommend: middle, because: All"), BUMP)
    assert [one.weight.name for one in change.impact.transitions] == ["LESS_INTENSIVE"]
    [found] = [one for one in change.protection if "another order" in one.message]
    assert found.message.startswith("the outcomes are in another order, `high`, `middle`, `low` instead of `low`")
    only = changed(swapped, BUMP)
    assert (only.identical, len(only.protection)) == (True, 1)


MANY = [
    f"  - {{id: c-{number}, answers: {{age: {20 + number}, need: a}}, expect: {{recommend: high}}}}"
    for number in range(34)
]


def test_cases_bury_no_guarantee():
    without = BASE.replace("  - {id: b-not-high, when: {need: b}, never: high}\n", "").replace(
        "value: yes", "value: no"
    )
    edits = [line.replace("expect: {recommend: high}", "expect: {rule: rest}") for line in MANY]
    change = compare(with_cases(BASE, MANY), with_cases(without, edits))
    told = [one.message for one in change.protection]
    assert told[0].startswith("guarantee `b-not-high` is gone")
    assert told[1].startswith("setting `strict` is now `no`")
    assert told[2].startswith("34 cases are about other callers, or expect something else: `c-0`, `c-1`")
    assert len(told) == 3
    assert told[2].endswith("`c-9` and 24 more")
    assert len(change.protection[2].related) == 10
    assert "guarantee `b-not-high` is gone" in diff_github(change, Paths(Path.cwd())).splitlines()[0]


def test_cases_bury_no_guarantee_in_an_audit_either(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    without = BASE.replace("  - {id: b-not-high, when: {need: b}, never: high}\n", "")
    for name, text, cases in (("a", BASE, MANY), ("b", without, MANY[1:])):
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
        listed = "\n".join(cases)
        Path(f"{name}.cases.yaml").write_text(f"format: 1\nrules: {name}.yaml\ncases:\n{listed}\n", encoding="utf-8")
    told = audit_github([audit("b.yaml", {}, today=None, against="a.yaml")], Paths(tmp_path), notes=False).splitlines()
    weakened = [line for line in told if "title=protection-weakened" in line]
    assert "guarantee `b-not-high` is gone" in weakened[0]
    assert "case `c-0` is gone" in weakened[1]


# --- cases and whose name stands beside them ------------------------------------------------


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            YOUNG.replace("recommend: low", "recommend: high"),
            "now expects `high` instead of `low`, and is still marked as confirmed by Dr M, who confirmed `low`",
        ),
        (
            YOUNG.replace("recommend: low", "recommend: high").replace("Dr M", "Dr N"),
            "now expects `high` instead of `low`, confirmed by Dr N; Dr M confirmed `low`",
        ),
        (
            YOUNG.replace("recommend: low", "recommend: high").replace(", confirmed_by: Dr M", ""),
            "now expects `high` instead of `low`, confirmed by nobody; Dr M confirmed `low`",
        ),
    ],
)
def test_nobody_is_said_to_have_confirmed_what_a_case_says_now(case, message):
    change = compare(with_cases(BASE, [YOUNG, OLD]), with_cases(BASE, [case, OLD]))
    assert [one.message for one in change.protection] == [f"case `young` {message}"]


def test_cases_that_nobody_confirmed_stand_apart():
    text = BASE.replace("recommend: low, because: They", "recommend: middle, because: They")
    unconfirmed = (
        YOUNG.replace("id: young", "id: other").replace(", confirmed_by: Dr M", "").replace("age: 5", "age: 6")
    )
    change = compare(with_cases(BASE, [YOUNG, unconfirmed]), with_cases(text, [YOUNG, unconfirmed]))
    told = diff_text(change, 200)
    first, second = told.split("Other cases that are decided differently now")
    confirmed = first.split("Decisions that a person once confirmed")[1]
    assert "young (confirmed by Dr M)" in confirmed
    assert "other:" not in confirmed
    assert "other: was low" in second


# --- the verdict ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "title: A base",
            "title: A base\nspellings: {no: [maybe]}",
            "other spellings of no: the same answers in files",
        ),
        ("  say: Call.", "  say: Ring.", "callers or staff are told something else (emergency)"),
        ("high: {label: High}", "high: {label: Low down}", "callers or staff are told something else (outcome high)"),
        ("say: Tell them.", "say: Tell us.", "callers or staff are told something else (note hand-over)"),
        ("because: All others.", "because: The others.", "worded differently: rule rest"),
        ("because: All others., basis: site}", "because: All others., basis: stated}", "worded differently: rule rest"),
        ("when: {need: b, strict: yes}", "when: {strict: yes, need: b}", "the rules differ (rule strict-b)"),
    ],
)
def test_the_verdict_goes_on_with_what_is_told_or_read_differently(before, after, said):
    change = changed((before, after), BUMP)
    assert verdict(change).startswith(f"Same answers, same recommendations; {said}")


@pytest.mark.parametrize("way", ["counted", "searched"])
def test_the_verdict_names_the_reason_for_other_callers(way, monkeypatch):
    def tangled(*_):
        raise TooTangled

    if way == "searched":
        monkeypatch.setattr(impact_of, "_counted", tangled)
    answers = changed(("range: [0, 120]", "range: [0, 110]"), BUMP)
    assert verdict(answers) == "Same recommendations for every caller that both can have; the questions differ"
    assert [one.by_answer for one in answers.impact.one_sided] == [True]
    refused = changed(("age: {below: 3}, alone: yes}", "age: {below: 5}, alone: yes}"), BUMP)
    assert "other callers are impossible" in verdict(refused)
    assert [one.by_answer for one in refused.impact.one_sided] == [False]


# --- questions and settings that are new ----------------------------------------------------


def test_a_new_question_and_a_new_setting_are_shown_whole():
    question = """  hurt:
    ask: Are you hurt
    ask_other: Are they hurt
    help: Ask gently
    means: Any wound
    type: one
    options: {yes_now: {label: Right now, aliases: [bleeding]}, never: {label: Never}}
    if_unanswered: Find out first.
  alone:"""
    change = changed(
        ("  alone:", question),
        ("  strict:", "  days: {means: Recent is so long ago, type: whole_number, value: 30}\n  strict:"),
        BUMP,
    )
    told = diff_text(change, 300)
    assert diff_json(change)["settings"] == {"added": ["days"]}
    for line in (
        'added: hurt, "Are you hurt" (yes_now, never), asked after need',
        "hurt, asked about somebody else: Are they hurt",
        "hurt, help: Ask gently",
        "hurt, means: Any wound",
        "hurt, answers: Right now (bleeding); Never",
        "hurt, where it is not known: Find out first.",
        "added: days is `30`: Recent is so long ago",
    ):
        assert f"  {line}\n" in told


# --- questions that have another name -------------------------------------------------------


def renamed(text, old, new):
    return re.sub(rf"\b{old}\b", new, text)


def with_beside(text, cases, path):
    file = understand(text.encode(), path)
    body = f"format: 1\nrules: {path}\ncases:\n" + "\n".join(cases) + "\n"
    return Edition(file, understand_cases(body.encode(), path.replace(".yaml", ".cases.yaml"), path, file.rule_set))


def test_a_question_with_another_name_is_the_same_question():
    cases = [
        OLD,
        "  - {id: open, answers: {age: 50, alone: unknown}, expect: {possible: [middle, high], ask_next: [need]}}",
    ]
    new = (
        renamed(BASE, "need", "concern")
        .replace("Which concern", "Which need")
        .replace("[concern, want]", "[need, want]")
    )
    new = new.replace('version: "1.2.3"', 'version: "2.0.0"')
    change = compare(
        with_beside(BASE, cases, "base.yaml"),
        with_beside(new, [renamed(case, "need", "concern") for case in cases], "base.yaml"),
    )
    assert (change.identical, change.findings, change.words, change.cases) == (True, (), (), ())
    assert change.questions.none
    assert not change.nothing
    assert verdict(change) == (
        "Same answers, same recommendations; 1 question renamed; answers and files from before need the new names"
    )
    told = diff_json(change)["questions"]
    assert (told["added"], told["removed"]) == ([], [])
    assert told["renamed"] == [{"from": "need", "to": "concern", "certain": True}]
    assert "renamed: need is now concern" in diff_text(change, 100)
    assert json.dumps(diff_json(change))


def test_a_renamed_question_with_another_rule_is_compared_under_the_new_name():
    new = renamed(BASE, "alone", "by_oneself").replace("age: {below: 3}, by_oneself", "age: {below: 3}, by_oneself")
    new = new.replace("recommend: middle, because: B", "recommend: low, because: B")
    change = compare(edition(BASE), edition(new))
    assert [(one.old, one.new) for one in change.impact.transitions] == [("middle", "low")]
    assert change.impact.one_sided == ()
    assert "version-not-bumped" in names(change)
    assert "2.0.0" in next(one.message for one in change.findings if one.name == "version-not-bumped")


@pytest.mark.parametrize(
    "edit",
    [
        ("ask: Alone, type: yes_no", "ask: Not alone, type: yes_no"),
        ("ask: Alone, type: yes_no}", "ask: Alone, type: yes_no}\n  lonely: {ask: Alone, type: yes_no}"),
        ("ask: Alone, type: yes_no}", "ask: Alone, type: yes_no, for_notes: yes}\n  more: {ask: x, type: yes_no}"),
    ],
)
def test_what_is_not_certain_to_be_the_same_question_is_another(edit):
    """Other words may mean the contrary, two of the same words may be either, and one for notes decides nothing."""
    text = BASE.replace("alone: {ask: Alone", "by_oneself: {ask: Alone").replace(", alone: yes}", "}").replace(*edit)
    assert renamed_questions(edition(BASE).rule_set, edition(text).rule_set) == {}


def test_a_name_that_was_another_things_before_is_not_taken_for_it():
    old = BASE.replace("  strict: {means", "  by_oneself: {means: x, type: yes_no, value: no}\n  strict: {means")
    new = renamed(BASE, "alone", "by_oneself")
    assert renamed_questions(edition(old).rule_set, edition(new).rule_set) == {}


def test_random_rule_sets_with_every_question_renamed_are_identical():
    seen = 0
    for seed, old, _ in pairs(8000, 8020):
        text = re.sub(r"\bq(\d)\b(?!\?)", r"other_\1", old.file.text)
        change = compare(old, edition(text))
        assert change.identical, seed
        assert len(change.questions.renamed) == len(old.rule_set.questions)
        assert [one.name for one in change.findings] == ["version-not-bumped"]
        seen += 1
    assert seen > 10
