"""The Python API: what it decides is what the oracle says, its types are what they say, and it tells no answer."""

from __future__ import annotations

import copy
import csv
import dataclasses
import doctest
import io
import json
import os
import pickle
import re
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from random import Random

import numpy
import pytest
from conftest import RULES, TESTS
from engines import by_batch, random_callers
from oracle import NoCompletion, Oracle
from random_rule_sets import made, random_answers

import iopscreen
from iopscreen import IopscreenError, api, calls, cli
from iopscreen.batch.header import APPENDED
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.ruleset.reader import understand

CANARY = "canary-7f3a"
IMPOSSIBLE = """
impossible:
  - {id: no-detox, when: {detox_need: yes}, because: it is so}
"""
VECTORS = sorted((TESTS / "vectors").glob("*.json"))


@pytest.fixture
def written(tmp_path):
    """A rule file of a text, loaded."""

    def load(text):
        path = tmp_path / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        return iopscreen.load(path)

    return load


# --- decide ---------------------------------------------------------------------------------


def in_json(decision) -> dict[str, object]:
    """The fields of a decision in the form of the object that the command line prints, but for what it began with."""
    notes = [{"id": note.id, "for": note.audience, "say": note.say} for note in decision.notes]
    changes = decision.would_change and [dataclasses.asdict(change) for change in decision.would_change]
    names = [field.name for field in dataclasses.fields(decision) if field.name != "_data"]
    fields = {name: getattr(decision, name) for name in names} | {"notes": notes, "would_change": changes}
    return json.loads(json.dumps(fields | {"rule_set": decision.json()["rule_set"], "assumed": {}}))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_decisions_are_those_of_the_public_test_vectors(path, written):
    """Which the oracle wrote."""
    file = json.loads(path.read_text("utf-8"))
    rules = written(file["rules"])
    for vector in file["vectors"]:
        expect = vector["expect"]
        if "impossible" in expect:
            with pytest.raises(IopscreenError, match="cannot all be right") as refused:
                iopscreen.decide(rules, vector["answers"])
            assert all(f"`{entry}`" in str(refused.value) for entry in expect["impossible"])
            continue
        decision = iopscreen.decide(rules, vector["answers"])
        assert in_json(decision) == decision.json()
        found = {**decision.json(), "notes": [note.id for note in decision.notes]}
        assert {key: found[key] for key in expect} == expect


@pytest.mark.parametrize("seed", range(30))
def test_decisions_are_those_of_the_oracle(seed, written):
    rules = written(made(f"api {seed}").text)
    rule_set, random = rules._file.rule_set, Random(seed)
    oracle = Oracle(rule_set)
    for share in (1.0, 0.7, 0.4, 0.0):
        answers = random_answers(random, rule_set, share)
        try:
            verdict = oracle.decide(answers, absent_is_unknown=True)
        except NoCompletion:
            with pytest.raises(IopscreenError, match="cannot all be right"):
                iopscreen.decide(rules, answers)
            continue
        found = iopscreen.decide(rules, answers)
        assert (found.recommendation, found.rule, found.rules) == (verdict.recommendation, verdict.rule, verdict.rules)
        assert (found.possible, found.ask_next) == (verdict.possible, verdict.ask_next)
        assert found.not_needed == verdict.not_needed
        assert in_json(found) == found.json()
        assert [note.id for note in found.notes] == list(verdict.notes)
        assert dict(found.answers) == {name: answers[name] for name in rules.questions if name in answers}


def test_the_object_is_the_one_that_the_command_line_prints(tmp_path):
    answers = {"immediate_danger": "no", "condition_type": ["self_harm", "mania"], "safe_living_environment": "dk"}
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    command = ["screen", "--answers", str(tmp_path / "answers.json"), "--no-input", "--format", "json"]
    printed = subprocess.run([sys.executable, "-m", "iopscreen", *command], capture_output=True, check=True)
    decision = iopscreen.decide(iopscreen.load(), answers)
    assert decision.json() == json.loads(printed.stdout)
    decision.json()["answers"].clear()
    assert decision.json()["answers"]


@pytest.mark.parametrize(
    ("answer", "value"),
    [(True, "yes"), (False, "no"), ("Y", "yes"), (1, "yes"), (0, "no"), (None, "unknown"), ("refused", "declined")],
)
def test_an_answer_may_be_a_value(answer, value):
    assert iopscreen.decide(iopscreen.load(), {"detox_need": answer}).answers == {"detox_need": value}


class Raises:
    """A value that lets nobody look at it."""

    def __str__(self):
        raise RuntimeError(CANARY)

    __repr__ = __bool__ = __eq__ = __hash__ = __str__


class Lies(str):
    """A text that says that it is another."""

    def strip(self, *_):
        raise RuntimeError(CANARY)

    casefold = isascii = __eq__ = __hash__ = __str__ = strip


class Torn(list):
    """A list that cannot be read."""

    def __iter__(self):
        raise RuntimeError(CANARY)


class Enumerated(IntEnum):
    TWELVE = 12


class Named:
    def __str__(self):
        return "yes"


WHOLE = [
    (12, 12),
    (12.0, 12),
    ("12", 12),
    (Decimal("12.0"), 12),
    (Decimal("1.2E+1"), 12),
    (Fraction(24, 2), 12),
    (numpy.int64(12), 12),
    (numpy.float64(12), 12),
    (numpy.longdouble(12), 12),
    (Enumerated.TWELVE, 12),
    (Lies("12"), 12),
    (Lies("dk"), "unknown"),
]
NO_ANSWERS = [
    10**5000,
    -(10**5000),
    1 << 1_000_000,
    float("nan"),
    float("inf"),
    1e300,
    12.5,
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1E+999999"),
    Decimal("9" * 40),
    Decimal("12.50"),
    numpy.float64("nan"),
    numpy.datetime64("NaT", "D"),
    numpy.array([12, 12]),
    date(2026, 11, 23),
    datetime(2026, 11, 23, tzinfo=UTC),
    b"12",
    bytearray(b"yes"),
    {"12": 12},
    {12},
    range(12),
    object(),
    Raises(),
    Named(),
    Torn(["12"]),
    Lies("none"),
    "\ud800",
    [],
    [12],
    [[12]],
    [None],
    [10**5000],
    ["\ud800", Raises()],
]


@pytest.mark.parametrize("place", range(len(NO_ANSWERS)))
def test_a_value_that_is_no_answer_is_the_problem_of_its_row(place):
    """Whatever it is: the rows behind it are told all the same, and `decide` refuses it."""
    rules, value = iopscreen.load("iop-site-example"), NO_ANSWERS[place]
    for question in ("age", "detox_need", "condition_type"):
        rows = list(iopscreen.screen_rows(rules, [{question: ""}, {question: value}, {question: None}]))
        assert [row.recommendation for row in rows] == ["undecided", "error", "undecided"]
        assert rows[1].problem.startswith(f"column `{question}`: `")
        assert rows[1].problem.encode()
        with pytest.raises(IopscreenError, match=f"the answer of `{question}` ") as refused:
            iopscreen.decide(rules, {question: value})
        assert CANARY not in "".join(traceback.format_exception(refused.value)) + rows[1].problem


@pytest.mark.parametrize(("value", "number"), WHOLE)
def test_a_whole_number_may_have_any_type(value, number):
    rules = iopscreen.load("iop-site-example")
    assert iopscreen.decide(rules, {"age": value}).answers == {"age": number}
    rows = [*iopscreen.screen_rows(rules, [{"age": value}, {"age": number}])]
    assert rows[0] == rows[1]
    assert rows[0].problem is None


GIVEN = [
    *(True, False, 1, 0, 1.0, None, "Y", "", "dk", "refused", numpy.True_, numpy.False_, numpy.int64(0)),
    *("self_harm; anxiety", "self_harm, unknown", "none_of_these", ["self_harm"], ("self_harm", "anxiety")),
    *(["self_harm", "self_harm"], ["none_of_these", "anxiety"], ["self_harm; anxiety"], ["unknown"], [""]),
    *(["yes"], ["self_harm", None], ["self_harm", 1], [True], "anxiety;", "caller"),
]


@pytest.mark.parametrize("question", ["detox_need", "condition_type", "age"])
@pytest.mark.parametrize("value", GIVEN, ids=repr)
def test_a_cell_is_read_as_an_answer_is(question, value):
    rules = iopscreen.load("iop-site-example")
    [row] = iopscreen.screen_rows(rules, [{question: value}], ignore_columns=[])
    try:
        read = iopscreen.decide(rules, {question: value}).answers[question]
    except IopscreenError:
        assert row.recommendation == "error"
        return
    text = ";".join(read) if isinstance(read, tuple) else str(read)
    [again] = iopscreen.screen_rows(rules, [{question: text}])
    assert row == again
    assert row.problem is None


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ([], "[]"),
        (["self_harm", None], '["self_harm", null]'),
        (["Bedrückt"], '["Bedrückt"]'),
        (b"yes", "<bytes>"),
        (float("nan"), "nan"),
        (12.5, "12.5"),
    ],
)
def test_a_cell_that_is_no_answer_is_told_as_it_is(cell, told):
    [row] = iopscreen.screen_rows(iopscreen.load(), [{"condition_type": cell}])
    assert row.problem.startswith(f"column `condition_type`: `{told}` is not one or more of eating_disorder")


def test_a_number_too_long_to_be_written_is_told_by_its_length():
    [row] = iopscreen.screen_rows(iopscreen.load("iop-site-example"), [{"age": 10**5000}])
    assert row.problem.startswith("column `age`: `a number of about 4,984 digits` is not a whole number from 0 to ")


class Broken(Mapping):
    """A row that cannot be read."""

    def __iter__(self):
        return iter(["detox_need"])

    def __len__(self):
        return 1

    def __getitem__(self, key):
        raise RuntimeError(CANARY)


@pytest.mark.parametrize("row", [None, 3, "detox_need", ["yes"], Broken(), {3: "yes"}, {Named(): CANARY}, {}])
def test_a_row_that_is_none_is_a_problem_of_its_own(row):
    rules, good = iopscreen.load(), {"detox_need": "yes"}
    told = list(iopscreen.screen_rows(rules, [good, row, good]))
    assert [row.recommendation for row in told] == ["inpatient", "error", "inpatient"]
    assert CANARY not in told[1].problem
    if not isinstance(row, Broken):  # of which only the cells cannot be read
        with pytest.raises(IopscreenError):
            list(iopscreen.screen_rows(rules, [row, good]))


@pytest.mark.parametrize("answers", [None, "detox_need", [("detox_need", "yes")], {10**5000: "yes"}, {Named(): "yes"}])
def test_answers_that_are_none_are_refused(answers):
    with pytest.raises(IopscreenError):
        iopscreen.decide(iopscreen.load(), answers)


def test_what_cannot_be_decided_is_told_as_on_the_command_line(tmp_path, monkeypatch, capsys):
    text = (RULES / "iop.yaml").read_text("utf-8").replace("\nrules:", IMPOSSIBLE + "\nrules:", 1)
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "answers.json").write_text('{"detox_need": "yes"}')
    command = ["screen", "--rules", str(tmp_path / "rules.yaml"), "--answers", str(tmp_path / "answers.json")]

    def tangled(*_, **__):
        raise TooTangled

    def both() -> tuple[str, str, int]:
        with pytest.raises(IopscreenError) as refused:
            iopscreen.decide(iopscreen.load(tmp_path / "rules.yaml"), {"detox_need": "yes"})
        monkeypatch.setattr(sys, "argv", ["iopscreen", *command, "--no-input"])
        try:
            status = cli._run()
        except IopscreenError as error:
            return str(refused.value), f"error: {error}", cli.ExitCode.CANNOT
        return str(refused.value), " ".join(capsys.readouterr().err.split()), status

    said = "these answers cannot all be right: `no-detox`: it is so"
    assert both() == (said, f"error: {said}", cli.ExitCode.CANNOT)
    monkeypatch.setattr(calls, "screen", tangled)
    monkeypatch.setattr(api, "decided", tangled)
    said = "the rule set is too tangled to decide on so few answers; answer more of them"
    assert both() == (said, f"error: {said}", cli.ExitCode.INCOMPLETE)


def test_numbers_and_lists(written):
    rules = iopscreen.load("iop-site-example")
    decision = iopscreen.decide(rules, {"days_since_discharge": 12, "condition_type": ("self_harm",)})
    assert decision.answers == {"condition_type": ("self_harm",), "days_since_discharge": 12}


@pytest.mark.parametrize(
    ("answers", "named"),
    [
        ({"detox_need": CANARY}, "detox_need"),
        ({"detox_need": [CANARY]}, "detox_need"),
        ({"detox_need": 1.5}, "detox_need"),
        ({"detox_need": {CANARY: CANARY}}, "detox_need"),
        ({"condition_type": ["self_harm", CANARY]}, "condition_type"),
        ({"condition_type": [CANARY, 3]}, "condition_type"),
        ({"condition_type": []}, "condition_type"),
        ({"condition_type": True}, "condition_type"),
        ({"detox_ned": CANARY}, "did you mean `detox_need`"),
        ({3: CANARY}, "`3` is not a question"),
        ({"detox_need": CANARY, "safe_living_environment": CANARY}, "safe_living_environment"),
    ],
)
def test_what_is_no_answer_is_named_and_never_shown(answers, named):
    with pytest.raises(IopscreenError) as refused:
        iopscreen.decide(iopscreen.load(), answers)
    told = "".join(traceback.format_exception(refused.value))
    assert named in str(refused.value)
    assert CANARY not in told


def test_what_ends_up_in_logs_tells_no_answer():
    rules = iopscreen.load()
    decision = iopscreen.decide(rules, {"condition_type": ["chemical_dependency"], "detox_need": "no"})
    [row] = iopscreen.screen_rows(rules, [{"detox_need": CANARY}])
    assert CANARY in row.problem
    for shown in (repr(decision), repr(row)):
        assert CANARY not in shown
        assert "chemical_dependency" not in shown


def test_results_never_change():
    rules = iopscreen.load()
    decision = iopscreen.decide(rules, {"detox_need": "no"})
    for result, name in ((rules, "id"), (decision, "rule"), (iopscreen.audit_rules(), "path")):
        with pytest.raises(FrozenInstanceError):
            setattr(result, name, "another")
    with pytest.raises(TypeError):
        decision.answers["detox_need"] = "yes"
    with pytest.raises(TypeError):
        rules.outcomes["iop"] = "another"


def results():
    """One of each kind, with nothing left out."""
    rules = iopscreen.load()
    known = {"condition_type": ["self_harm", "mania"], "detox_need": "no", "safe_living_environment": "yes"}
    [row] = iopscreen.screen_rows(rules, [{**known, "condition_type": "self_harm"}])
    return {
        "rules": rules,
        "decision": iopscreen.decide(rules, {**known, "immediate_danger": "no"}),
        "row": row,
        "audit": iopscreen.audit_rules("iop", today=date(2026, 11, 23)),
        "findings": iopscreen.audit_rules(TESTS / "readme" / "gap.yaml", today=date(2026, 11, 23)),
    }


@pytest.mark.parametrize("kind", ["rules", "decision", "row", "audit", "findings"])
def test_results_are_dataclasses_like_any_other(kind):
    result, again = results()[kind], results()[kind]
    copies = [copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result)), dataclasses.replace(result)]
    for same in (*copies, again):
        assert same == result
        assert hash(same) == hash(result)
        assert vars(same).keys() >= {field.name for field in dataclasses.fields(result)}
    assert dataclasses.asdict(result).keys() == {field.name for field in dataclasses.fields(result)}
    assert len({result, *copies, again}) == 1


def test_results_that_differ_are_not_the_same():
    rules = iopscreen.load()
    decisions = [iopscreen.decide(rules, {"detox_need": answer}) for answer in ("yes", "no", "unknown", "declined")]
    assert len({*decisions}) == 4
    assert decisions[0].answers == {"detox_need": "yes"} != decisions[1].answers


def test_what_is_made_of_a_result_goes_to_json():
    found = results()
    assert json.loads(json.dumps(dataclasses.asdict(found["row"])))["assumed"] == {"immediate_danger": "no"}
    decision = dataclasses.asdict(found["decision"])
    assert json.loads(json.dumps(decision))["answers"] == found["decision"].json()["answers"]


def test_results_and_rules_serve_in_another_process():
    code = "import pickle, sys, iopscreen; rules, decision = pickle.load(sys.stdin.buffer); "
    code += "print(decision == iopscreen.decide(rules, decision.answers), rules.outcomes['iop'])"
    found = results()
    sent = pickle.dumps((found["rules"], found["decision"]))
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "True Intensive outpatient program (IOP)"


def test_a_mapping_of_a_result_never_changes():
    answers = results()["decision"].answers
    before = dict(answers)
    for change in (
        lambda: answers.update(detox_need="yes"),
        lambda: answers.pop("detox_need"),
        lambda: answers.setdefault("other", "yes"),
        answers.clear,
        answers.popitem,
        lambda: answers.__delitem__("detox_need"),
        lambda: answers.__ior__({"detox_need": "yes"}),
        lambda: copy.deepcopy(answers).__setitem__("detox_need", "yes"),
    ):
        with pytest.raises(TypeError, match="results never change"):
            change()
    assert answers == before


# --- load -----------------------------------------------------------------------------------


def test_a_rule_set_by_name_and_by_path():
    rules = iopscreen.load("iop-site-example")
    assert (rules.id, rules.digest) == (iopscreen.load(RULES / "iop-site-example.yaml").id, rules.digest)
    assert list(iopscreen.load().questions)[:2] == ["immediate_danger", "condition_type"]
    assert list(iopscreen.load().outcomes) == ["referral", "iop", "inpatient", "emergency_referral"]


def test_a_faulty_file_is_refused_with_every_fault(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("format: 1\nid: x\nrulez: []\ntitel: y\n")
    with pytest.raises(IopscreenError) as refused:
        iopscreen.load(path)
    lines = str(refused.value).splitlines()
    assert f"{path}:3:1: error: `rulez` is not a key of a rule set; did you mean `rules`? [unknown-key]" in lines
    assert len(lines) > 2
    with pytest.raises(IopscreenError, match="no such file, and no rule set that comes with the program"):
        iopscreen.load("no-such-rules")


# --- rows -----------------------------------------------------------------------------------

TEXTS = ("recommendation", "rule", "because", "staff_notes", "problem")


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_told_what_a_batch_tells_them(seed, written):
    rules = written(made(f"api rows {seed}").text)
    compiled = compile_rule_set(understand(made(f"api rows {seed}").text.encode(), "rules.yaml").rule_set)
    callers = random_callers(Random(seed), compiled.rule_set, 40, messy=0.05)
    wanted = by_batch(compiled, callers)
    for row, of_batch in zip(iopscreen.screen_rows(rules, callers), wanted, strict=True):
        assert {name: getattr(row, name) or "" for name in TEXTS} == {name: of_batch[name] for name in TEXTS}
        assert row.columns() == {name: of_batch[name] for name in APPENDED}
        assert list(row.columns()) == [*APPENDED]


def test_the_rows_of_a_csv_file_are_told_what_its_batch_tells(capfdbinary):
    rules = iopscreen.load()
    with (TESTS / "readme" / "calls.csv").open(encoding="utf-8", newline="") as file:
        rows = list(iopscreen.screen_rows(rules, csv.DictReader(file)))
    assert [row.recommendation for row in rows] == ["iop", "inpatient", "undecided", "error"]
    assert rows[0].assumed == {"immediate_danger": "no"}
    assert rows[0].columns()["assumed"] == "immediate_danger=no"
    assert rows[3].assumed == {}
    assert rows[3].problem == "column `Detox need`: `maybe` is not yes, no or unknown"


def test_rows_come_as_they_are_read():
    def endless():
        while True:
            yield {"detox_need": True}

    rows = iopscreen.screen_rows(iopscreen.load(), endless())
    assert [next(rows).recommendation for _ in range(3)] == ["inpatient"] * 3


def test_no_rows_are_no_rows():
    assert list(iopscreen.screen_rows(iopscreen.load(), [])) == []


def test_a_row_with_other_columns_is_never_guessed():
    table = io.StringIO("detox_need,call\nyes,1\nyes,1,no\n")
    rows = [*csv.DictReader(table), {"call": 3}, {"call": "4", "detox_need": "yes"}]
    told = list(iopscreen.screen_rows(iopscreen.load(), rows))
    assert [row.recommendation for row in told] == ["inpatient", "error", "error", "inpatient"]
    assert told[1].problem == "the row has also `None`: it should have the columns of the first row"
    assert told[2].problem == "the row lacks `detox_need`: it should have the columns of the first row"
    long_first = list(iopscreen.screen_rows(iopscreen.load(), csv.DictReader(io.StringIO("detox_need\nyes,no\nyes\n"))))
    assert [row.recommendation for row in long_first] == ["error", "inpatient"]


@pytest.mark.parametrize(
    ("row", "options", "said"),
    [
        ({"name": CANARY}, {}, "no column is a question of rule set `iop`"),
        ({"a": CANARY}, {}, "`map={HEADER: QUESTION}` maps other names"),
        (
            {"detox_need": CANARY, 'Danger "now"?': CANARY},
            {},
            'settle it with `map={"Danger \\"now\\"?": "immediate_danger"}` or `ignore_columns=["Danger \\"now\\"?"]`',
        ),
        (
            {"detox_need": CANARY, "call": CANARY, "Call": CANARY},
            {},
            "have one name; rename one of them, or leave both out with `ignore_columns`",
        ),
        (
            {"detox_need": CANARY, "a": CANARY},
            {"map": {"a": "detox_need"}},
            "both answer `detox_need`; leave one out with `ignore_columns`",
        ),
        ({"a": CANARY}, {"map": {"a": "detox"}}, "`map`: `detox` is not a question of rule set `iop`"),
        ({"detox_need": CANARY}, {"map": {"b": "detox_need"}}, "the rows: `map`: there is no column `b`"),
        ({"detox_need": CANARY}, {"ignore_columns": ["b"]}, "the rows: `ignore_columns`: there is no column `b`"),
        (
            {"detox_need": CANARY},
            {"map": {"detox_need": "detox_need"}, "ignore_columns": ["detox_need"]},
            "is named by `map` and by `ignore_columns`",
        ),
        ({"detox_need": CANARY, "crisis": CANARY}, {"ignore_columns": "crisis"}, "`ignore_columns` should be a list"),
        ({"detox_need": CANARY}, {"ignore_columns": [3]}, "`ignore_columns` should be a list"),
        ({"detox_need": CANARY}, {"ignore_columns": None}, "`ignore_columns` should be a list"),
        ({"detox_need": CANARY}, {"map": "a=detox_need"}, "`map` should be a mapping from columns to question ids"),
        ({"detox_need": CANARY}, {"map": {"a": 3}}, "`map` should be a mapping from columns to question ids"),
    ],
)
def test_columns_that_are_refused_are_named_and_no_cell(row, options, said):
    with pytest.raises(IopscreenError) as refused:
        next(iopscreen.screen_rows(iopscreen.load(), [row], **options))
    assert said in str(refused.value)
    assert "--" not in str(refused.value)
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_what_settles_a_column_can_be_copied_from_the_message():
    rules, row = iopscreen.load(), {"detox_need": "no", "in crisis": "yes"}
    with pytest.raises(IopscreenError) as refused:
        next(iopscreen.screen_rows(rules, [row]))
    offered = re.findall("`([a-z_]+=[^`]+)`", str(refused.value))
    options = [eval(f"dict({one})") for one in offered]
    found = [next(iopscreen.screen_rows(rules, [row], **one)).recommendation for one in options]
    assert found == ["emergency_referral", "undecided"]


def test_rows_may_have_columns_that_are_named_like_results():
    """For nothing is put beside them."""
    first = {"detox_need": "yes", "problem": "", "recommendation": "iop"}
    assert [row.rule for row in iopscreen.screen_rows(iopscreen.load(), [first, {**first, "detox_need": "Y"}])] == [
        "needs-detox",
        "needs-detox",
    ]


def test_columns_are_mapped_and_ignored():
    row = {"Needs detox": "yes", "Danger now?": "no"}
    options = {"map": {"Needs detox": "detox_need"}, "ignore_columns": ["Danger now?"]}
    [told] = iopscreen.screen_rows(iopscreen.load(), [row], **options)
    assert (told.recommendation, told.assumed) == ("inpatient", {"immediate_danger": "no"})


# --- audit ----------------------------------------------------------------------------------


def test_an_audit_is_the_one_of_the_command_line():
    day = date(2026, 11, 23)
    audit = iopscreen.audit_rules(TESTS / "readme" / "gap.yaml", today=day, budget=60)
    assert not audit.clean
    assert [finding.name for finding in audit.findings if finding.severity == "error"] == ["gap"]
    command = ["audit", str(TESTS / "readme" / "gap.yaml"), "--format", "json", "--notes", "--today", day.isoformat()]
    done = subprocess.run([sys.executable, "-m", "iopscreen", *command], capture_output=True, check=False)
    assert audit.json() == json.loads(done.stdout)


def test_a_clean_audit_and_a_faulty_file(tmp_path):
    audit = iopscreen.audit_rules("iop", today=date(2026, 11, 23))
    assert (audit.clean, audit.complete, audit.profiles, sum(audit.outcomes.values())) == (True, True, 32, 32)
    (tmp_path / "rules.yaml").write_text("format: 1\n")
    faulty = iopscreen.audit_rules(tmp_path / "rules.yaml")
    assert (faulty.clean, faulty.profiles, faulty.outcomes) == (False, None, None)
    assert faulty.findings[0].place == (1, 1)
    assert not iopscreen.audit_rules("iop", today=date(2027, 11, 24)).clean


def test_citations_are_verified_against_the_text_of_a_source():
    loan, text = TESTS / "rulesets" / "loan.yaml", (TESTS / "rulesets" / "loan-handbook.txt").read_text("utf-8")
    [source] = iopscreen.audit_rules(loan)._result.sources

    def names(**options):
        return {finding.name for finding in iopscreen.audit_rules(loan, **options).findings}

    assert "unverified-citations" in names()
    assert not names(sources={source: text}) & {"unverified-citations", "stale-citation"}
    assert "stale-citation" in names(sources={source: text.replace("e", "a")})


def test_what_an_audit_cannot_begin_with(tmp_path):
    for path, options, said in (
        (tmp_path, {}, "is a folder; name one rule file"),
        ("iop", {"sources": {"artcle": "text"}}, "`artcle` is no source with a text; there are: article"),
        ("iop", {"against": "no-such-file.yaml"}, "no-such-file.yaml"),
    ):
        with pytest.raises(IopscreenError, match=said):
            iopscreen.audit_rules(path, **options)


# --- names, types and what an import costs --------------------------------------------------


def test_the_examples_of_the_documentation_are_what_happens():
    found = doctest.testmod(api)
    assert found.attempted >= 4
    assert found.failed == 0


def test_every_name_is_there_and_documented():
    for name in iopscreen.__all__:
        assert getattr(iopscreen, name).__doc__
    with pytest.raises(AttributeError, match="`frobnicate`"):
        _ = iopscreen.frobnicate


def test_help_and_completion_list_every_name():
    code = "import iopscreen, pydoc; print(dir(iopscreen)); print(pydoc.plain(pydoc.render_doc(iopscreen)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed, _, told = done.stdout.partition("\n")
    for name in iopscreen.__all__:
        assert f"'{name}'" in listed
        heading = rf"^    class {name}\b" if isinstance(getattr(iopscreen, name), type) else rf"^    {name}\("
        assert re.search(heading, told, re.MULTILINE), name
    assert "One result for each row, in order" in told


def test_a_program_runs_and_its_types_are_right(tmp_path):
    program, wrong = TESTS / "cases" / "api" / "program.py", TESTS / "cases" / "api" / "wrong.py"
    ran = [sys.executable, str(program), str(TESTS / "readme" / "calls.csv")]
    done = subprocess.run(ran, capture_output=True, text=True, check=True, cwd=TESTS.parent)
    assert done.stdout.splitlines()[:2] == ["ask immediate_danger", "2 needs-detox None"]
    strict = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}"]
    environment = {**os.environ, "MYPYPATH": str(TESTS.parent)}
    found = subprocess.run(
        [*strict, str(program), str(wrong)], capture_output=True, text=True, check=False, env=environment
    )
    lines = [line for line in found.stdout.splitlines() if ": error: " in line]
    wanted = {
        number: line.partition("# error: ")[2]
        for number, line in enumerate(wrong.read_text("utf-8").splitlines(), start=1)
        if "# error: " in line
    }
    assert [int(line.split(":")[1]) for line in lines] == list(wanted), found.stdout
    assert all(f"{wrong.name}:" in line and text in line for line, text in zip(lines, wanted.values(), strict=True))


def test_to_import_the_package_costs_next_to_nothing():
    code = "import sys, iopscreen; print(sorted(name for name in sys.modules if name.startswith('iopscreen')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['iopscreen']"
