"""The rule sets that come with the project: whole, proved, and (for `iop`) what the design decides.

The table of `iop` is written by hand, from the criteria and not from the file: four criteria have
sixteen patterns, and everything else follows from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest
from conftest import RULES, TESTS

from iopscreen.audit.run import audit
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import decide
from iopscreen.ruleset.cases import CaseFile, cases_path, understand_cases
from iopscreen.ruleset.findings import Severity
from iopscreen.ruleset.model import Answer, RuleSet, Unanswered
from iopscreen.ruleset.reader import read_rule_file

FILES = sorted(
    path
    for folder in (RULES, TESTS / "rulesets")
    for path in folder.glob("*.yaml")
    if not path.name.endswith(".cases.yaml")
)
TEXTS = {"loan": {"handbook": TESTS / "rulesets" / "loan-handbook.txt"}}
"""By rule set: the sources whose text is in the project."""

TODAY = "2026-11-23"

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def rule_set_at(path: Path) -> RuleSet:
    return read_rule_file(str(path)).rule_set


def cases_at(path: Path) -> CaseFile:
    beside = Path(cases_path(str(path)))
    return understand_cases(beside.read_bytes(), str(beside), str(path), rule_set_at(path))


# --- every rule set -------------------------------------------------------------------------


def test_the_rule_sets_are_those_we_know():
    assert [path.stem for path in FILES] == ["iop-site-example", "iop", "loan"]


@every_file
def test_both_parsers_read_it_alike(path):
    fast, slow = (read_rule_file(str(path), pure=pure) for pure in (False, True))
    assert fast.digest == slow.digest
    for name in RuleSet._fields:
        assert getattr(fast.rule_set, name) == getattr(slow.rule_set, name), name


@every_file
def test_its_id_is_the_name_of_its_file(path):
    assert rule_set_at(path).id == path.stem


@every_file
def test_the_audit_has_nothing_against_it(path):
    texts = {name: text.read_text(encoding="utf-8") for name, text in TEXTS.get(path.stem, {}).items()}
    result = audit(str(path), texts, today=TODAY)
    told = {(finding.severity, finding.name) for finding in result.findings if not result.accepted(finding)}
    assert {severity for severity, _ in told} <= {Severity.NOTE}
    assert ((Severity.NOTE, "unverified-citations") in told) == (not texts)
    assert result.complete


@every_file
def test_every_case_passes_and_every_guarantee_is_proved(path):
    facts = audit(str(path), {}, today=TODAY).facts
    assert facts.failed == 0
    assert facts.passed == len(cases_at(path).cases) > len(rule_set_at(path).rules)
    assert len(facts.guarantees) > 3
    assert all(facts.guarantees.values())


@every_file
def test_cases_name_every_rule_and_come_to_every_outcome(path):
    rule_set, cases = rule_set_at(path), cases_at(path).cases
    assert {case.expect.rule for case in cases} - {None} == set(rule_set.rule)
    assert {case.expect.recommend for case in cases} >= set(rule_set.outcome)
    coverage = audit(str(path), {}, today=TODAY).facts.coverage
    assert {what: covered.missing for what, covered in coverage.items()} == dict.fromkeys(coverage, ())


@every_file
def test_every_deciding_question_is_to_be_asked_next_in_some_case(path):
    asked = [case.expect.ask_next for case in cases_at(path).cases if case.expect.ask_next]
    deciding = {question.id for question in rule_set_at(path).questions if not question.for_notes}
    assert set().union(*asked) == deciding


@every_file
def test_one_place_of_a_source_has_one_digest(path):
    for source in rule_set_at(path).sources:
        assert source.external or (source.digest and source.passages)
        digests: dict[tuple[str, int], set[str | None]] = {}
        for passage in source.passages:
            digests.setdefault((passage.section, passage.paragraph), set()).add(passage.digest)
        assert all(len(found) == 1 and None not in found for found in digests.values())


@every_file
def test_every_line_that_is_said_rests_on_something(path):
    """Every rule, note, guarantee, impossible entry and question cites; every passage is cited by something."""
    rule_set = rule_set_at(path)
    resting = [*rule_set.rules, *rule_set.notes, *rule_set.guarantees, *rule_set.impossible, *rule_set.questions]
    assert [entry.id for entry in resting if not entry.cite] == []
    next_steps = [line for outcome in rule_set.outcomes for line in outcome.staff]
    assert [line.say for line in next_steps if not line.cite] == []
    assert {cite.id for entry in (*resting, *next_steps) for cite in entry.cite} <= set(rule_set.passage)


def test_the_two_rule_sets_on_the_article_agree_about_its_text():
    texts = []
    for name in ("iop", "iop-site-example"):
        [article] = [source for source in rule_set_at(RULES / f"{name}.yaml").sources if source.id == "article"]
        texts.append((article.digest, {(found.section, found.paragraph): found.digest for found in article.passages}))
    (digest, whole), (other_digest, part) = texts
    assert digest == other_digest
    assert part.items() <= whole.items()


# --- rules/iop.yaml, against the design -----------------------------------------------------

IOP = RULES / "iop.yaml"

QUESTIONS = [
    "immediate_danger",
    "condition_type",
    "detox_need",
    "recent_psychiatric_discharge",
    "safe_living_environment",
]
TREATED = [
    "eating_disorder",
    "bipolar_1",
    "bipolar_2",
    "mania",
    "bipolar",
    "unipolar_depression",
    "self_harm",
    "chemical_dependency",
]
LADDER = [
    ("immediate-danger", "emergency_referral", "external"),
    ("needs-detox", "inpatient", "inferred"),
    ("not-treated-here", "referral", "inferred"),
    ("unsafe-home", "inpatient", "inferred"),
    ("treated-condition", "iop", "stated"),
    ("step-down", "iop", "stated"),
]
OUTCOME_OF = {rule: outcome for rule, outcome, _ in LADDER}

# Nobody in danger: treated condition, need of detox, recent discharge, safe home -> the rule that decides.
PATTERNS = {
    ("yes", "no", "no", "yes"): "treated-condition",
    ("yes", "no", "no", "no"): "unsafe-home",
    ("yes", "no", "yes", "yes"): "treated-condition",
    ("yes", "no", "yes", "no"): "unsafe-home",
    ("yes", "yes", "no", "yes"): "needs-detox",
    ("yes", "yes", "no", "no"): "needs-detox",
    ("yes", "yes", "yes", "yes"): "needs-detox",
    ("yes", "yes", "yes", "no"): "needs-detox",
    ("no", "no", "no", "yes"): "not-treated-here",
    ("no", "no", "no", "no"): "not-treated-here",
    ("no", "no", "yes", "yes"): "step-down",
    ("no", "no", "yes", "no"): "unsafe-home",
    ("no", "yes", "no", "yes"): "needs-detox",
    ("no", "yes", "no", "no"): "needs-detox",
    ("no", "yes", "yes", "yes"): "needs-detox",
    ("no", "yes", "yes", "no"): "needs-detox",
}

Pattern = tuple[str, str, str, str, str]
"""Danger, treated condition, detox, discharge, home: `yes` or `no`."""


def rule_for(pattern: Pattern) -> str:
    danger, *rest = pattern
    return "immediate-danger" if danger == "yes" else PATTERNS[tuple(rest)]


def conditions(treated: str) -> Iterator[tuple[str, ...]]:
    """The answers to the question of conditions that are, or are not, treated: each alone, with others, all."""
    if treated == "no":
        yield ("other",)
        return
    for option in TREATED:
        yield (option,)
        yield (option, "other")
    yield (TREATED[0], TREATED[-1])
    yield (*TREATED, "other")


@pytest.fixture(scope="module")
def iop() -> Compiled:
    return compile_rule_set(rule_set_at(IOP))


def test_questions_outcomes_and_rules_are_those_of_the_design(iop):
    rule_set = iop.rule_set
    assert [question.id for question in rule_set.questions] == QUESTIONS
    assert [outcome.id for outcome in rule_set.outcomes] == ["referral", "iop", "inpatient", "emergency_referral"]
    assert [(rule.id, rule.recommend, rule.basis.value) for rule in rule_set.rules] == LADDER
    assert rule_set.policy.value == "first"
    kinds = {question.id: question.kind.value for question in rule_set.questions}
    assert kinds == dict.fromkeys(QUESTIONS, "yes_no") | {"condition_type": "many"}


def test_the_options_are_the_treated_conditions_and_other(iop):
    question = iop.rule_set.question["condition_type"]
    assert set(question.option_ids) == {*TREATED, "other"}
    assert {group.id: set(group.options) for group in question.groups} == {"treated": set(TREATED)}
    assert not any(option.alone for option in question.options)


def test_danger_alone_is_assumed_where_a_file_never_asked(iop):
    assumed = {question.id: question.when_no_column for question in iop.rule_set.questions}
    assert assumed == dict.fromkeys(QUESTIONS) | {"immediate_danger": "no"}
    danger = iop.rule_set.question["immediate_danger"]
    assert danger.if_unanswered
    assert {"danger", "crisis", "suicid", "risk"} <= set(danger.header_hints)


def test_the_doubtful_reading_is_a_setting(iop):
    assert iop.rule_set.readings == {"discharge_qualifies_alone": "yes"}
    strict = compile_rule_set(iop.rule_set, {"discharge_qualifies_alone": "no"})
    answers = {**dict.fromkeys(QUESTIONS, "no"), "condition_type": ("other",), "recent_psychiatric_discharge": "yes"}
    assert decide(strict, answers).recommendation == "referral"


def test_all_sixteen_patterns_are_written_down():
    assert set(PATTERNS) == set(product(("yes", "no"), repeat=4))
    assert set(PATTERNS.values()) | {"immediate-danger"} == set(OUTCOME_OF)


@pytest.mark.parametrize("pattern", list(product(("no", "yes"), repeat=5)), ids="-".join)
def test_every_pattern_is_decided_as_the_table_says(iop, pattern):
    danger, treated, detox, discharge, home = pattern
    for named in conditions(treated):
        decision = decide(iop, dict(zip(QUESTIONS, (danger, named, detox, discharge, home), strict=True)))
        assert decision.rule is not None
        assert decision.rule.id == rule_for(pattern), named
        assert decision.recommendation == OUTCOME_OF[rule_for(pattern)]


STATES = list(product(("yes", "no", "unknown"), repeat=5))


def test_every_state_of_knowledge_leaves_what_the_table_leaves(iop):
    """Each criterion yes, no or not known: rules, outcomes and questions, by trying every pattern that fits."""
    for state in STATES:
        fitting = [found for found in product(("yes", "no"), repeat=5) if fits(found, state)]
        outcomes = {OUTCOME_OF[rule_for(pattern)] for pattern in fitting}
        decision = decide(iop, answers_of(state))
        assert set(decision.possible) == outcomes, state
        assert {rule.id for rule in decision.rules} == {rule_for(pattern) for pattern in fitting}, state
        assert decision.ask_next == tuple(name for place, name in enumerate(QUESTIONS) if matters(place, fitting)), (
            state
        )


def fits(pattern: Pattern, state: Pattern) -> bool:
    return all(known in ("unknown", value) for value, known in zip(pattern, state, strict=True))


def matters(place: int, fitting: list[Pattern]) -> bool:
    """Whether two of the patterns differ in this one place, and in what is recommended."""
    told: dict[tuple[str, ...], set[str]] = {}
    for pattern in fitting:
        told.setdefault((*pattern[:place], *pattern[place + 1 :]), set()).add(OUTCOME_OF[rule_for(pattern)])
    return any(len(outcomes) > 1 for outcomes in told.values())


def answers_of(state: Pattern) -> Mapping[str, Answer]:
    found: dict[str, Answer] = {}
    for name, known in zip(QUESTIONS, state, strict=True):
        if known == "unknown":
            found[name] = Unanswered.UNKNOWN
        elif name == "condition_type":
            found[name] = ("mania", "other") if known == "yes" else ("other",)
        else:
            found[name] = known
    return found


# --- what the shipped files must not hold ---------------------------------------------------

LINES_OF_HELP = {"1-800-662-4357", "1-800-799-7233"}
"""Public help lines: SAMHSA and the domestic violence hotline. Beside them, 911 and 988."""


@pytest.mark.parametrize("path", sorted(RULES.glob("*.*")), ids=lambda path: path.name)
def test_no_number_but_public_help_lines_and_no_licensed_instrument(path):
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"(?<!\d)(?:1[-. ])?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?!\d)", text)) <= LINES_OF_HELP
    assert not re.search(r"\b(?:ASAM|LOCUS|CALOCUS)\b", text)


def test_an_emergency_leads_to_the_public_lines(iop):
    reach = " ".join(contact.reach for contact in iop.rule_set.emergency.contacts)
    assert "911" in reach
    assert "988" in reach
