"""The budget: cut at any step, an audit tells nothing wrong, and names whatever it did not decide."""

from __future__ import annotations

import json
import sys
from collections import Counter
from itertools import count
from pathlib import Path
from random import Random

import pytest
from conftest import TESTS
from oracle import Oracle, holds
from random_rule_sets import made
from steps import Steps
from test_cli import iopscreen
from test_mutants import some_cases

from iopscreen.audit.acceptance import OF_THE_FILE
from iopscreen.audit.run import audit
from iopscreen.audit.subject import Undecided
from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime, TooTangled
from iopscreen.engine.counts import Whole
from iopscreen.report.audit import audit_json, audit_text
from iopscreen.report.audit_markdown import audit_markdown
from iopscreen.report.audit_page import audit_html
from iopscreen.report.findings import MOST_UNDECIDED, Paths, undecided_words
from iopscreen.report.show import show_text
from iopscreen.ruleset.model import NO_RULE, Policy, Unanswered
from iopscreen.ruleset.reader import understand

sys.path.insert(0, str(TESTS / "benchmarks"))
import tables

CUTS = 8
"""At how many steps each audit is cut, beside the first ones."""

ACCEPTED = """accept:
  - {finding: gap, because: So it is.}
  - {finding: no-effect-rule, at: nothing, because: So it is.}
"""


# --- rule sets ------------------------------------------------------------------------------


def small(seed):
    """A random rule set that brute force can try, or None."""
    text = made(f"budget {seed}").text
    rule_set = understand(text.encode(), "test.yaml").rule_set
    profiles = 1
    for values in Oracle(rule_set).domains.values():
        profiles *= len(values)
    return text if profiles <= 300 and len(rule_set.rules) > 1 else None


SEEDS = [seed for seed in range(120) if small(seed)]


def cases_text(seed, rule_set):
    lines = ["format: 1", "rules: test.yaml", "cases:"]
    for case in some_cases(Random(seed), Oracle(rule_set)):
        answers = ", ".join(f"{name}: {written(answer)}" for name, answer in case.answers.items())
        lines.append(f"  - {{id: {case.id}, answers: {{{answers}}}, expect: {{{', '.join(expected(case.expect))}}}}}")
    return "\n".join(lines) + "\n" if len(lines) > 3 else "format: 1\nrules: test.yaml\ncases: []\n"


def written(answer):
    if isinstance(answer, Unanswered):
        return answer.value
    return f"[{', '.join(answer)}]" if isinstance(answer, tuple) else answer


def expected(expect):
    if expect.recommend is not None:
        yield f"recommend: {expect.recommend}"
    if expect.rule is not None:
        yield f"rule: {expect.rule}"
    for name in ("possible", "ask_next"):
        if getattr(expect, name) is not None:
            yield f"{name}: [{', '.join(getattr(expect, name))}]"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(seed):
    """The files of one rule set, with cases and entries that accept."""
    text = small(seed)
    rule_set = understand(text.encode(), "test.yaml").rule_set
    Path("test.yaml").write_text(text + ACCEPTED, encoding="utf-8")
    Path("test.cases.yaml").write_text(cases_text(seed, rule_set), encoding="utf-8")
    return rule_set


def audited(budget, *, mutants=False):
    return audit("test.yaml", {}, today="2026-11-23", budget=budget, notes=True, mutants=mutants)


# --- cut anywhere ---------------------------------------------------------------------------


def key(finding):
    """What makes it this finding: its name and place; one about the whole file may stand elsewhere."""
    return finding.name, finding.path, None if finding.name in OF_THE_FILE else finding.place


def is_named(finding, result):
    return any(finding.name in one.names and one.place in (None, finding.place) for one in result.undecided)


def cuts(seed, *, mutants):
    """After how many steps to stop: the first ones, and some of the others."""
    whole = Steps(10**9)
    result = audited(whole, mutants=mutants)
    assert result.complete
    steps = whole.taken
    random = Random(seed)
    return result, [*range(6), *sorted(random.randrange(6, max(steps, 7)) for _ in range(CUTS)), steps - 1]


@pytest.mark.parametrize("seed", SEEDS[:18])
def test_wherever_time_runs_out_what_is_told_is_true_and_the_rest_is_named(seed, here):
    rule_set = put(seed)
    mutants = seed % 4 == 0 and len(rule_set.rules) < 5
    full, steps = cuts(seed, mutants=mutants)
    everything = {key(finding): finding for finding in full.findings}
    brute = Brute(rule_set)
    for left in steps:
        result = audited(Steps(left), mutants=mutants)
        told = {key(finding) for finding in result.findings}
        assert told <= everything.keys(), left
        for finding in everything.values():
            assert key(finding) in told or is_named(finding, result), (left, finding)
        for name, proved in result.facts.guarantees.items():
            assert proved in (None, full.facts.guarantees[name])
            assert (proved is None) == (f"whether guarantee `{name}` holds" in {one.words for one in result.undecided})
        for finding in result.findings:
            brute.check(finding)
        assert result.facts.profiles in (None, full.facts.profiles)
        if result.complete:
            assert told == everything.keys()


@pytest.mark.parametrize("seed", SEEDS[:18])
def test_with_no_step_at_all_nothing_is_decided_and_everything_is_named(seed, here):
    rule_set = put(seed)
    result = audited(Steps(0))
    words = {one.words for one in result.undecided}
    assert "whether some caller matches no rule" in words
    assert {f"whether rule `{rule.id}` can decide" for rule in rule_set.rules} <= words
    assert {f"whether guarantee `{one.id}` holds" for one in rule_set.guarantees} <= words
    assert result.facts.guarantees == {one.id: None for one in rule_set.guarantees}
    assert result.facts.profiles is None
    assert not result.complete


@pytest.mark.parametrize("seed", SEEDS[:18])
def test_where_time_ends_after_the_counts_and_before_the_diagram_it_is_the_same(seed, here, monkeypatch):
    put(seed)
    full = audited(UNLIMITED)

    def give_up(_):
        raise OutOfTime

    monkeypatch.setattr(Whole, "_made", property(give_up))
    result = audited(UNLIMITED)
    told = {key(finding) for finding in result.findings}
    assert told <= {key(finding) for finding in full.findings}
    assert all(key(finding) in told or is_named(finding, result) for finding in full.findings)
    assert (result.facts.profiles, result.facts.outcomes) == (full.facts.profiles, full.facts.outcomes)
    assert result.overview.table(12) == full.overview.table(12)


class Brute:
    """What a finding claims, tried with everybody."""

    def __init__(self, rule_set):
        self.rule_set = rule_set
        self.oracle = Oracle(rule_set)
        self.possible = self.oracle.possible({})
        self.fates = [self.oracle.fate(profile) for profile in self.possible]
        self.deciding = {fate.rule for fate in self.fates}

    def check(self, finding):
        method = getattr(self, finding.name.replace("-", "_"), None)
        if method is not None:
            method(finding)

    def profile(self, finding):
        """The caller who is shown, with the first answer for `any`; possible, and as they are judged."""
        shown = {name: tuple(said) if isinstance(said, list) else said for name, said in finding.witness.items()}
        shown = {name: self.oracle.domains[name][0] if said == "any" else said for name, said in shown.items()}
        fate = self.oracle.fate(shown)
        assert fate.impossible is None
        return shown, fate

    def at(self, things, finding):
        [thing] = [one for one in things if one.place == finding.place]
        return thing

    def gap(self, finding):
        assert self.profile(finding)[1].outcome == NO_RULE

    def unreachable_rule(self, finding):
        rule = self.at(self.rule_set.rules, finding)
        shown, fate = self.profile(finding)
        assert rule.id not in self.deciding
        assert holds(rule.condition, {**self.rule_set.readings, **shown})
        assert f"`{fate.rule}` decides" in finding.message

    def contradictory_condition(self, finding):
        whose = self.at((*self.rule_set.rules, *self.rule_set.notes, *self.rule_set.impossible), finding)
        if " adds nothing" not in finding.message:
            assert not any(holds(whose.condition, {**self.rule_set.readings, **profile}) for profile in self.possible)

    def guarantee_violated(self, finding):
        guarantee = self.at(self.rule_set.guarantees, finding)
        shown, fate = self.profile(finding)
        assert holds(guarantee.condition, {**self.rule_set.readings, **shown})
        assert fate.outcome not in guarantee.allowed

    def unreachable_outcome(self, finding):
        outcome = self.at(self.rule_set.outcomes, finding)
        assert outcome.id not in {fate.outcome for fate in self.fates}

    def overlapping_rules(self, finding):
        shown, _ = self.profile(finding)
        facts = {**self.rule_set.readings, **shown}
        assert sum(holds(rule.condition, facts) for rule in self.rule_set.rules) > 1


def test_the_random_rule_sets_hold_what_can_be_found(here):
    names = Counter()
    policies = set()
    for seed in SEEDS[:18]:
        policies.add(put(seed).policy)
        names.update(finding.name for finding in audited(UNLIMITED, mutants=seed % 4 == 0).findings)
    assert {"gap", "unreachable-rule", "contradictory-condition", "guarantee-violated"} <= set(names)
    assert {"no-effect-rule", "over-specified", "reading-decides", "question-never-matters"} <= set(names)
    assert {"overlapping-rules", "unreachable-outcome", "uncovered-rule", "uncovered-boundary"} <= set(names)
    assert {"surviving-mutant", "accept-unused"} <= set(names)
    assert policies == set(Policy)


# --- a tangled set --------------------------------------------------------------------------


@pytest.fixture
def tangled(here):
    """Rules at random that no small diagram holds, and cases that know nearly nothing."""
    lines = tables.tangled(60, 12).text.split("\n")
    lines += ["guarantees:", "  - {id: g0, when: {q0: {is: 1}}, never: high}", "  - {id: g1, when: {}, never: low}"]
    Path("test.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    cases = [f"  - {{id: c{n}, answers: {{q{n}: 0}}, expect: {{possible: [low, middle]}}}}" for n in (0, 2, 4)]
    Path("test.cases.yaml").write_text("\n".join(["format: 1", "rules: test.yaml", "cases:", *cases]) + "\n")


@pytest.mark.usefixtures("tangled")
def test_a_tangled_set_cut_anywhere(monkeypatch):
    monkeypatch.setattr("iopscreen.engine.counts.MAX_EDGES_OF_ALL", 2_000)
    whole = Steps(10**9)
    full = {key(finding): finding for finding in audited(whole).findings}
    assert len(full) > 10
    previous = 0
    for left in sorted({0, 1, *(whole.taken * share // 12 for share in range(12))}):
        result = audited(Steps(left))
        told = {key(finding) for finding in result.findings}
        assert told <= full.keys()
        assert all(one in told or is_named(finding, result) for one, finding in full.items())
        assert len(told) >= previous
        previous = len(told)


@pytest.mark.usefixtures("tangled")
def test_no_time_at_all_is_named_in_every_format_and_the_exit_is_3(here):
    done = iopscreen("audit", "test.yaml", "--budget", "0", cwd=here)
    assert done.returncode == 3
    text = " ".join(done.stdout.split())
    assert "test.yaml: not complete; so far 0 errors" in text
    assert "whether rule `r0` can decide" in text
    assert "whether guarantee `g0` holds" in text
    assert "(the same of `r1`, `r2`" in text
    assert ", 50 more)" in text
    assert "r59" not in text.split("rule set")[0]
    found = json.loads(iopscreen("audit", "test.yaml", "--budget", "0", "--format", "json", cwd=here).stdout)
    [facts] = found["rule_sets"]
    assert found["complete"] is False
    assert {"id": "g0", "proved": None} in facts["guarantees"]
    assert "whether rule `r59` can decide" in facts["undecided"]


@pytest.mark.usefixtures("tangled")
def test_open_cases_are_decided_without_a_diagram():
    result = audited(UNLIMITED)
    assert {finding.name for finding in result.findings} >= {"gap", "failed-case"}
    assert not [one for one in result.undecided if "failed-case" in one.names]


@pytest.mark.usefixtures("here")
def test_hints_that_nobody_asked_for_leave_an_audit_complete(monkeypatch):
    def give_up(*_args):
        raise OutOfTime

    Path("test.yaml").write_text((TESTS / "cases/audit/over-specified/fault.yaml").read_text(), encoding="utf-8")
    monkeypatch.setattr("iopscreen.engine.effect.Effects.with_condition", give_up)
    result = audit("test.yaml", {}, today="2026-11-23")
    assert result.complete
    assert any("needs each part of its condition" in one.words for one in result.hints)
    assert "no more than notes (--notes)" in " ".join(audit_text([result], color=False, width=80, notes=False).split())
    assert audit_json([result])["rule_sets"][0]["undecided_notes"]
    asked = audit("test.yaml", {}, today="2026-11-23", notes=True)
    assert not asked.complete


def test_many_conditions_of_many_alternatives_are_refused_at_once(here, monkeypatch):
    monkeypatch.setattr("iopscreen.engine.compiled.MAX_MET", 60)
    text = (TESTS / "cases/audit/over-specified/fault.yaml").read_text(encoding="utf-8")
    pairs = ", ".join(["{any_of: [{detox_need: yes}, {safe_home: no}]}"] * 3)
    rules = "".join(
        f"  - {{id: extra-{n}, when: {{all_of: [{pairs}]}}, recommend: iop, because: x, basis: site}}\n"
        for n in range(9)
    )
    questions = "questions:\n  detox_need: {ask: Well, type: yes_no}\n  safe_home: {ask: Well, type: yes_no}\n"
    head = text.split("questions:")[0].split("outcomes:")[0] + "outcomes: {iop: {label: IOP}}\n"
    Path("test.yaml").write_text(f"{head}{questions}rules:\n{rules}", encoding="utf-8")
    result = audit("test.yaml", {}, today="2026-11-23")
    assert not result.complete
    assert "too many alternatives together" in result.why


@pytest.mark.usefixtures("here")
def test_a_condition_that_has_too_many_alternatives_without_a_test_is_left_open():
    """With that test a few are left of them, so that the rule set as it is goes past no limit."""
    names = [f"b{number}" for number in range(13)]
    questions = "".join(f"  {name}: {{ask: Well, type: yes_no}}\n" for name in ["a", "c", *names])
    either = [f"{{any_of: [{{a: yes, {name}: no}}, {{{name}: yes, c: yes}}]}}" for name in names]
    outcomes = "outcomes: {low: {label: Low}, high: {label: High}}\n"
    rules = (
        f"  - {{id: r, when: {{all_of: [{{a: no}}, {', '.join(either)}]}}, recommend: low, because: x, basis: site}}\n"
        "  - {id: rest, when: {}, recommend: high, because: x, basis: site}\n"
    )
    head = 'format: 1\nid: many\nversion: "1.0.0"\ntitle: Many\npolicy: first\n'
    Path("test.yaml").write_text(f"{head}{outcomes}questions:\n{questions}rules:\n{rules}", encoding="utf-8")
    result = audit("test.yaml", {}, today="2026-11-23")
    assert result.complete
    assert [one.words for one in result.hints] == ["whether rule `r` needs each part of its condition"]
    assert audit("test.yaml", {}, today="2026-11-23", notes=True).why.endswith("too tangled to look at every profile")


# --- what is said where time ran out --------------------------------------------------------


OUT_OF_TIME = "test.yaml: the time was used up before every profile was looked at; give more with `--budget`"


@pytest.mark.usefixtures("here")
def test_out_of_time_is_not_said_to_be_too_tangled():
    Path("test.yaml").write_text((TESTS / "cases/audit/over-specified/fault.yaml").read_text(), encoding="utf-8")
    late = audited(Budget(0))
    assert late.why == OUT_OF_TIME
    assert late.facts.late
    markdown = audit_markdown([late], Paths(Path.cwd()), notes=False)
    for text in (audit_text([late], color=False, width=200, notes=False), markdown):
        assert "not counted: the time was used up; no verdict rests on that" in text
    assert "Profiles are not counted: the time was used up." in audit_html([late])
    assert "profiles not counted: the time was used up" in " ".join(show_text(late.overview, 80).split())


@pytest.fixture
def stalling(monkeypatch):
    """Ten minutes, on a machine that stalls for a second and a half between any two looks at the clock."""
    monkeypatch.setattr("iopscreen.audit.subject._SECONDS_FOR_HINTS", 1)
    return Budget(600, count(0, 1.5).__next__)


@pytest.mark.usefixtures("here")
def test_notes_that_are_asked_for_have_their_share_of_the_time_and_no_less(stalling):
    text = (TESTS / "cases/audit/over-specified/reading.yaml").read_text(encoding="utf-8")
    Path("test.yaml").write_text(text, encoding="utf-8")
    asked = audit("test.yaml", {}, today="2026-11-23", notes=True, budget=stalling)
    assert asked.complete
    assert asked.why is None
    unhurried = audit("test.yaml", {}, today="2026-11-23", notes=True)
    assert [one.name for one in asked.findings] == [one.name for one in unhurried.findings]


@pytest.mark.usefixtures("here")
def test_what_ends_after_a_second_of_its_own_does_not_make_the_whole_time_too_short(stalling, monkeypatch):
    def give_up(*_args):
        raise TooTangled

    monkeypatch.setattr("iopscreen.audit.judged.matters", give_up)
    text = (TESTS / "cases/audit/over-specified/reading.yaml").read_text(encoding="utf-8")
    Path("test.yaml").write_text(text, encoding="utf-8")
    late = audit("test.yaml", {}, today="2026-11-23", budget=stalling)
    assert any("needs each part of its condition" in one.words for one in late.hints)
    assert late.why == "test.yaml: the rules are too tangled to look at every profile"


def test_a_part_that_ends_by_a_limit_of_its_own_is_no_reason_to_give_more_time():
    now = [0.0]
    whole = Budget(100, lambda: now[0])
    limited, share = whole.part(share=0.5, most=1), whole.part(share=0.5, most=60)
    now[0] = 2
    with pytest.raises(OutOfTime):
        limited.look()
    assert not whole.short
    share.look()
    now[0] = 51
    with pytest.raises(OutOfTime):
        share.look()
    assert whole.short


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("name", "asked"), [("fault", True), ("twin", True), ("none", False)])
def test_who_is_in_danger_is_not_decided_before_it_is_known_which_rules_decide(name, asked):
    text = (TESTS / f"cases/audit/danger-not-told-apart/{name}.yaml").read_text(encoding="utf-8")
    Path("test.yaml").write_text(text, encoding="utf-8")
    late = audited(Budget(0))
    assert "danger-not-told-apart" not in {finding.name for finding in late.findings}
    assert asked == any("danger-not-told-apart" in one.names for one in late.undecided)


@pytest.mark.usefixtures("here")
def test_cases_that_were_not_decided_are_not_said_to_be_none():
    put(SEEDS[0])
    result = audited(Budget(0))
    number = Path("test.cases.yaml").read_text(encoding="utf-8").count("- {id: ")
    assert number > 1
    words = f"0 passed, 0 failed, {number} not decided"
    text = audit_text([result], color=False, width=200, notes=False)
    assert f"cases       {words}\n" in text
    assert f"| cases | {words} |" in audit_markdown([result], Paths(Path.cwd()), notes=False)
    assert words in audit_html([result])


@pytest.mark.usefixtures("here")
def test_too_tangled_is_not_said_to_be_a_matter_of_time(monkeypatch):
    def give_up(*_args):
        raise TooTangled

    Path("test.yaml").write_text((TESTS / "cases/audit/over-specified/fault.yaml").read_text(), encoding="utf-8")
    monkeypatch.setattr("iopscreen.engine.effect.Effects.with_condition", give_up)
    monkeypatch.setattr("iopscreen.engine.counts.MAX_EDGES_OF_ALL", 0)
    result = audit("test.yaml", {}, today="2026-11-23", notes=True, budget=Budget(600))
    assert result.why == "test.yaml: the rules are too tangled to look at every profile"
    assert not result.facts.late
    text = audit_text([result], color=False, width=200, notes=False)
    assert "not counted: the rules are too tangled; no verdict rests on that" in text
    assert "time" not in text


def test_of_each_kind_so_many_are_named_and_the_others_counted():
    left = [Undecided(f"whether `r{n}` decides", ("unreachable-rule",)) for n in range(MOST_UNDECIDED + 3)]
    left += [Undecided(f"{'so ' * n}", ("surviving-mutant",)) for n in range(MOST_UNDECIDED + 2)]
    left.append(Undecided("a gap", ("gap",)))
    words = undecided_words(left).split("; ")
    assert words[0].startswith("whether `r0` decides (the same of `r1`, `r2`, ")
    assert words[0].endswith(f"`r{MOST_UNDECIDED - 1}`, 3 more)")
    assert words[-2:] == ["and 2 more such", "a gap"]
