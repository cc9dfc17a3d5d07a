"""Records: written and read back, and what verifying one finds. Whatever is refused, no answer is told."""

from __future__ import annotations

import copy
import json
import random
from datetime import datetime, timedelta

import pytest
from random_rule_sets import made
from test_interview import TIED

from iopscreen.engine.change import changes
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide, questions_for_notes
from iopscreen.errors import IopscreenError
from iopscreen.report.decision import Shown, decision_json
from iopscreen.report.verify import verify_json, verify_text
from iopscreen.ruleset.model import Kind, Unanswered
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.shipped import locate
from iopscreen.ruleset.values import answer_json
from iopscreen.screen.record import (
    Call,
    Earlier,
    Override,
    StaffNote,
    Status,
    checked_ref,
    contents_digest,
    kept_decision,
    record_bytes,
    record_json,
    record_name,
    skipped_questions,
    understand_record,
)
from iopscreen.screen.record_reader import MAX_BYTES, RecordRefused, read_record
from iopscreen.screen.times import refuse_wrong_times
from iopscreen.screen.verify import CHECKS, Checked, Verifier, verify

CANARY = "xyzzy-canary-4711"
START = datetime.fromisoformat("2026-11-24T09:30:00+01:00")


class Site:
    """A rule set with all that making and verifying records takes."""

    def __init__(self, file):
        self.file = file
        self.rule_set = file.rule_set
        self.compiled = compile_rule_set(file.rule_set)
        self.verifier = Verifier(self.compiled, file)

    def as_json(self, decision):
        return decision_json(Shown(self.file, decision, changes(self.compiled, decision)))

    def record(self, answers, **call):
        """The record of a call, as its file holds it."""
        answers = dict(answers)
        decision = kept_decision(self.compiled, answers)
        times = {name: at(place + 1) for place, name in enumerate(answers)}
        ended = None if call.get("status") is Status.UNFINISHED else at(60)
        call = Call(**{"status": Status.FINISHED, "started": at(0), "ended": ended, "given_at": times, **call})
        stop = {"emergency_stop": True} if call.status is Status.EMERGENCY else {}
        contents = record_json(
            call,
            rule_file=self.file,
            answers=answers,
            skipped=skipped_questions(self.compiled, decision),
            decision={**stop, **self.as_json(decision)},
        )
        return json.loads(record_bytes(contents))

    def problems(self, contents):
        return self.verifier.verify(read(contents)).problems

    def names(self, contents):
        return {problem.name for problem in self.problems(contents)}


def at(minutes):
    return (START + timedelta(minutes=minutes)).isoformat()


def read(contents, name="call.json"):
    return read_record(record_bytes(contents), name)


def sealed(contents):
    """The record with the digest that its contents have."""
    return {**contents, "digest": contents_digest(contents)}


def changed(contents, path, value):
    """A copy in which what stands at `path` is `value`."""
    contents = copy.deepcopy(contents)
    *outer, last = path
    inner = contents
    for key in outer:
        inner = inner[key]
    inner[last] = value
    return contents


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
            together = [option.id for option in question.options if not option.alone]
            some = rng.sample(together, rng.randint(1, min(3, len(together))))
            return tuple(option for option in question.option_ids if option in some)


def random_call(site, rng, stop=0.0):
    """Answers to what is asked in turn, and whether the call broke off with the probability `stop` per question."""
    answers = {}
    while True:
        left = [name for name in decide(site.compiled, answers).ask_next if name not in answers]
        left += questions_for_notes(site.compiled, answers).ask
        if not left:
            return answers, False
        if rng.random() < stop:
            return answers, True
        extended = {**answers, left[0]: random_answer(site.rule_set.question[left[0]], rng)}
        try:
            decide(site.compiled, extended)
        except ImpossibleAnswers:
            continue
        answers = extended


@pytest.fixture(scope="module")
def iop():
    return Site(read_rule_file(locate("iop")))


@pytest.fixture(scope="module", params=["iop", "iop-site-example"])
def site(request, iop):
    return iop if request.param == "iop" else Site(read_rule_file(locate(request.param)))


DETOX = {"immediate_danger": "no", "condition_type": ("chemical_dependency",), "detox_need": "yes"}
STAY_HOME = {
    "immediate_danger": "no",
    "condition_type": ("self_harm",),
    "detox_need": "no",
    "safe_living_environment": "yes",
}

EARLIER = Earlier(
    "sha256:" + "0" * 64,
    Status.FINISHED,
    at(-900),
    "iop",
    ("iop",),
    Override("referral", "Caller declined", at(-901)),
    {"id": "iop", "version": "0.9.0", "digest": "sha256:" + "1" * 64},
    {"immediate_danger": "no", "condition_type": ("mania",)},
)


@pytest.fixture
def full(iop):
    """A record in which nothing is null or empty."""
    return iop.record(
        STAY_HOME,
        ref="A17",
        other=True,
        known_before=("immediate_danger",),
        decided_again=at(70),
        notes=(StaffNote(at(3), "detox_need", "asked twice"), StaffNote(at(9), None, "calls back")),
        override=Override("inpatient", iop.rule_set.override_reasons[0], at(10)),
        earlier=EARLIER,
    )


# --- round trips ----------------------------------------------------------------------------


def test_random_calls_are_read_back_as_they_were_written_and_hold(site):
    rng = random.Random(11)
    for _ in range(40):
        answers, broken_off = random_call(site, rng, stop=0.05)
        status = rng.choice([Status.UNFINISHED, Status.EMERGENCY]) if broken_off else Status.FINISHED
        notes = (StaffNote(at(2), None, "naïve \ud83d \x1b[2J \u202e"),)
        contents = site.record(answers, status=status, notes=notes, other=rng.random() < 0.5)
        record = understand_record(read(contents), site.rule_set)
        assert record.answers == answers
        assert record.lost == ()
        assert (record.call.status, record.call.notes) == (status, notes)
        assert record.decision == contents["decision"]
        assert record.skipped == skipped_questions(site.compiled, kept_decision(site.compiled, answers))
        verified = verify(read(contents), site.compiled, site.file)
        assert verified.problems == ()
        assert (verified.answers, verified.skipped) == (len(answers), len(record.skipped))
        assert verified.decision.recommendation == contents["decision"]["recommendation"]


def test_a_whole_record_comes_back_as_the_call_it_was(iop, full):
    record = understand_record(read(full), iop.rule_set)
    assert record.call == Call(
        status=Status.FINISHED,
        started=at(0),
        ended=at(60),
        ref="A17",
        other=True,
        given_at={name: at(place + 1) for place, name in enumerate(STAY_HOME)},
        known_before=("immediate_danger",),
        decided_again=at(70),
        notes=(StaffNote(at(3), "detox_need", "asked twice"), StaffNote(at(9), None, "calls back")),
        override=Override("inpatient", iop.rule_set.override_reasons[0], at(10)),
        earlier=EARLIER,
    )
    assert record.disclosure == iop.rule_set.disclosure
    assert record.rule_set == {"id": iop.rule_set.id, "version": iop.rule_set.version, "digest": iop.file.digest}
    assert iop.problems(full) == ()


def test_the_keys_of_a_record_keep_their_order(full):
    order = (
        "format, tool, rule_set, status, ref, started, ended, decided_again, other, answers, given_at, known_before, "
        "skipped, notes, override, earlier, disclosure, decision, digest"
    )
    assert ", ".join(full) == order


def test_the_digest_does_not_hang_on_order_spaces_or_escapes(iop, full):
    full["notes"][0]["text"] = "für \ud83d und \ud83d\ude00, \ud83d" + "\ude00 auch"
    written = sealed(full)
    for data in (
        record_bytes(written),
        json.dumps(written, sort_keys=True).encode(),
        json.dumps(dict(reversed(written.items())), separators=(",", ":")).encode(),
        b"\xef\xbb\xbf" + record_bytes(written),
    ):
        assert iop.verifier.verify(read_record(data, "x")).problems == ()


def test_calls_under_random_rule_sets_hold_too():
    skipped = 0
    for seed in range(40):
        site = Site(understand(made(f"record {seed}").text.encode(), "random.yaml"))
        rng = random.Random(seed)
        try:
            decide(site.compiled, {})
        except ImpossibleAnswers:  # a rule set for nobody
            continue
        for _ in range(6):
            contents = site.record(random_call(site, rng)[0])
            assert site.problems(contents) == ()
            skipped += len(contents["skipped"])
    assert skipped > 100


def test_a_call_is_not_finished_while_questions_that_matter_only_together_were_never_asked():
    site = Site(understand(TIED, "tied.yaml"))
    contents = site.record({"d": Unanswered.UNKNOWN})
    assert contents["skipped"] == []
    assert [(problem.name, problem.message) for problem in site.problems(contents)] == [
        ("status-differs", f"finished, although `{name}` was never asked and can matter") for name in ("x", "y")
    ]
    assert site.problems(site.record({"d": Unanswered.UNKNOWN}, status=Status.UNFINISHED)) == ()
    assert site.problems(site.record({"d": Unanswered.UNKNOWN, "x": "no"})) == ()


def test_a_question_that_was_asked_and_not_answered_is_no_skipped_one(iop):
    contents = iop.record({**DETOX, "safe_living_environment": Unanswered.DECLINED})
    assert [item["question"] for item in contents["skipped"]] == ["recent_psychiatric_discharge"]
    assert "safe_living_environment" in contents["decision"]["not_needed"]


@pytest.mark.parametrize(
    ("started", "ref", "name"),
    [
        ("2026-11-24T09:30:00+01:00", "A17", "20261124T093000-A17.json"),
        ("2026-11-24T09:30:00.123456-08:00", None, "20261124T093000.json"),
    ],
)
def test_a_record_is_named_by_its_time_and_reference(started, ref, name):
    assert record_name(started, ref) == name


@pytest.mark.parametrize("ref", ["A17", "7", "2026-11.x_Y", "a" * 64])
def test_a_reference_of_the_site_is_taken(ref):
    assert checked_ref(ref) == ref


@pytest.mark.parametrize("ref", ["", "-a", ".a", "..", "a/b", "a\\b", "Jane Doe", "é", "a" * 65, "a\n", "٣", "a\0"])
def test_another_reference_is_refused_without_being_told(ref):
    with pytest.raises(IopscreenError) as caught:
        checked_ref(ref)
    assert len(ref) < 2 or ref not in str(caught.value)


# --- altered records ------------------------------------------------------------------------


def other_answers(question, written):
    """Every other answer of a question, as a record writes it: of numbers and of several options, some."""
    answers = [Unanswered.UNKNOWN, Unanswered.DECLINED]
    match question.kind:
        case Kind.YES_NO:
            answers += ["yes", "no"]
        case Kind.ONE:
            answers += question.option_ids
        case Kind.WHOLE_NUMBER:
            answers += [question.low, question.high, min(question.low + 1, question.high)]
        case _:
            answers += [(option,) for option in question.option_ids]
    return [value for value in map(answer_json, answers) if value != written]


def test_every_answer_that_was_altered_is_found(site):
    rng = random.Random(5)
    altered = found_alike = 0
    for _ in range(12):
        contents = site.record(random_call(site, rng)[0])
        for name, written in contents["answers"].items():
            for value in other_answers(site.rule_set.question[name], written):
                one = changed(contents, ("answers", name), value)
                assert site.names(one) >= {"record-altered", "answers-differ"}
                assert "answers-differ" in site.names(sealed(one))
                assert "answers-differ" in site.names(sealed(changed(contents, ("decision", "answers", name), value)))
                both = changed(one, ("decision", "answers", name), value)
                assert "record-altered" in site.names(both)
                found = site.names(sealed(both))
                assert bool(found) is not is_another_call(site, contents, both)
                found_alike += bool(found)
                altered += 1
    assert altered > 60
    assert found_alike > altered / 3


def is_another_call(site, contents, altered):
    """Whether the altered record is, digest and all, what another call would have left: nothing can tell them apart."""
    readable = understand_record(read(altered), site.rule_set)
    try:
        decision = kept_decision(site.compiled, readable.answers)
    except ImpossibleAnswers:
        return False
    same = json.loads(json.dumps(site.as_json(decision))) == altered["decision"]
    never_asked = set(decision.not_needed) - set(readable.answers)
    listed = {item["question"] for item in contents["skipped"]}
    rests_on = [dict(item.because) for item in readable.skipped]
    still = all(
        because.items() <= readable.answers.items() and item.question in decide(site.compiled, because).not_needed
        for item, because in zip(readable.skipped, rests_on, strict=True)
    )
    nothing_open = set(decision.ask_next) <= set(readable.answers)
    return same and never_asked <= listed and still and nothing_open


def test_an_altered_part_of_the_decision_is_found_even_with_a_right_digest(iop):
    contents = iop.record(STAY_HOME)
    for key, value in contents["decision"].items():
        other = {"str": "other", "list": ["other"], "dict": {"detox_need": "yes"}, "NoneType": "other"}[
            type(value).__name__
        ]
        if key == "rule_set":
            other = {**value, "version": "9.9.9"}
        found = iop.problems(sealed(changed(contents, ("decision", key), other)))
        assert found, key
        assert all(problem.where.startswith(("answers.", f"decision.{key}", "decision.answers.")) for problem in found)
        assert not any("other" in problem.message.split() for problem in found)
    without = copy.deepcopy(contents)
    del without["decision"]["because"]
    assert iop.names(sealed(without)) == {"decision-differs"}
    assert iop.names(sealed(changed(contents, ("decision", CANARY), 1))) == {"decision-differs"}


def test_a_decision_that_differs_names_both_outcomes_and_both_rules(iop):
    contents = changed(iop.record(STAY_HOME), ("decision", "recommendation"), "inpatient")
    said = {problem.where: problem.message for problem in iop.problems(sealed(contents))}
    assert said == {
        "decision.recommendation": "`recommendation` is not what the answers lead to: "
        "it is inpatient in the record, and iop when decided again"
    }


def write_otherwise(record, question, spelling):
    """The same answer, in other words, wherever it stands."""
    for answers in (record["answers"], record["decision"]["answers"], record["skipped"][0]["because"]):
        if question in answers:
            answers[question] = spelling


ALTERED = [
    ("record-altered", "digest", lambda r: r.update(started=at(0) + " ")),
    ("rule-set-changed", "disclosure", lambda r: r.update(disclosure="Share freely.")),
    ("rule-set-changed", "disclosure", lambda r: r.update(disclosure=None)),
    ("unknown-question", "answers.age", lambda r: r["answers"].update(age=40)),
    ("unknown-question", "notes[0].question", lambda r: r["notes"][0].update(question="age")),
    ("unknown-question", "skipped[0].question", lambda r: r["skipped"][0].update(question="age")),
    ("unreadable-answer", "answers.detox_need", lambda r: r["answers"].update(detox_need="maybe")),
    ("unreadable-answer", "answers.detox_need", lambda r: r["answers"].update(detox_need=["no"])),
    ("unreadable-answer", "answers.detox_need", lambda r: r["answers"].update(detox_need=0)),
    ("unreadable-answer", "answers.condition_type", lambda r: r["answers"].update(condition_type=[])),
    ("answers-differ", "answers.detox_need", lambda r: r["decision"]["answers"].pop("detox_need")),
    ("answers-differ", "answers.detox_need", lambda r: r["answers"].update(detox_need="declined")),
    ("answers-differ", "answers.detox_need", lambda r: write_otherwise(r, "detox_need", "N")),
    ("answers-differ", "decision.answers.detox_need", lambda r: r["answers"].pop("detox_need")),
    (
        "skip-not-justified",
        "skipped[0].because.detox_need",
        lambda r: r["skipped"][0].update(because={"detox_need": "yes"}),
    ),
    ("skip-not-justified", "skipped[0]", lambda r: r["skipped"][0].update(because={})),
    ("skip-not-justified", "skipped[0]", lambda r: r["skipped"][0].update(question="detox_need")),
    ("skip-not-justified", "skipped[0].because.age", lambda r: r["skipped"][0].update(because={"age": 3})),
    ("not-accounted", "skipped", lambda r: r["skipped"].clear()),
    ("times-differ", "given_at", lambda r: r["given_at"].pop("detox_need")),
    (
        "times-differ",
        "given_at.recent_psychiatric_discharge",
        lambda r: r["given_at"].update(recent_psychiatric_discharge=at(5)),
    ),
    ("times-differ", "known_before[1]", lambda r: r["known_before"].append("recent_psychiatric_discharge")),
    ("times-differ", "given_at.detox_need", lambda r: r["given_at"].update(detox_need=at(-1))),
    ("times-differ", "given_at.detox_need", lambda r: r["given_at"].update(detox_need=at(61))),
    ("times-differ", "given_at.detox_need", lambda r: r["given_at"].update(detox_need="2026-11-24T09:40:00")),
    ("times-differ", "given_at.detox_need", lambda r: r["given_at"].update(detox_need="half past nine")),
    ("times-differ", "notes[1].at", lambda r: r["notes"][1].update(at=at(99))),
    ("times-differ", "override.at", lambda r: r["override"].update(at="")),
    ("times-differ", "decided_again", lambda r: r.update(decided_again=at(59))),
    ("times-differ", "decided_again", lambda r: r.update(decided_again="soon")),
    ("times-differ", "started", lambda r: r.update(started="2026-11-24")),
    ("times-differ", "ended", lambda r: r.update(ended=at(-2))),
    ("times-differ", "ended", lambda r: r.update(ended=None)),
    ("status-differs", "status", lambda r: r.update(status="emergency")),
    ("status-differs", "status", lambda r: r["decision"].update(emergency_stop=True)),
    ("status-differs", "status", lambda r: r["decision"].update(emergency_stop=None)),
    ("override-unknown", "override.recommendation", lambda r: r["override"].update(recommendation="hospital")),
    ("override-unknown", "override.reason", lambda r: r["override"].update(reason="Felt like it")),
    ("rule-set-changed", "rule_set.digest", lambda r: r["rule_set"].update(digest="sha256:" + "a" * 64)),
    ("rule-set-changed", "rule_set.version", lambda r: r["rule_set"].update(version="0.0.1")),
    ("decision-differs", "decision.rule_set", lambda r: r["rule_set"].update(version="0.0.1")),
]


@pytest.mark.parametrize(("name", "where", "alter"), ALTERED)
def test_what_does_not_hold_is_named_with_its_place(iop, full, name, where, alter):
    assert iop.problems(full) == ()
    alter(full)
    found = iop.problems(full if name == "record-altered" else sealed(full))
    assert (name, where) in [(problem.name, problem.where) for problem in found]
    assert name == "record-altered" or "record-altered" not in {problem.name for problem in found}
    for problem in found:
        assert problem.message[0] not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        assert not problem.message.endswith(".")


INSTEAD = [None, 7, -1, 10**14, True, [], [None], "x", "", "y" * 5000, {}, {"a": 1}, "\ud800", "\x1b[2J"]


def places(value, path=()):
    """The path of everything in a record."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def test_whatever_stands_in_a_record_instead_is_refused_or_found(iop, full):
    """Anything but an override may be what another call left."""
    refused = found = 0
    for path in places(full):
        others = [changed(full, path, value) for value in INSTEAD]
        gone = copy.deepcopy(full)
        inner = gone
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        for contents in [one for one in [*others, gone] if one != full]:
            for record in (contents, sealed(contents)):
                try:
                    problems = iop.problems(record)
                except RecordRefused as error:
                    refused += 1
                    assert str(error).startswith("call.json: ")
                    assert not str(error).endswith(".")
                    continue
                if record is contents:
                    assert problems, path
                found += bool(problems)
    assert refused > 1000
    assert found > 200


def times_in(contents):
    return [path for path in places(contents) if path[-1] in ("started", "ended", "at", "decided_again")] + [
        ("given_at", "detox_need")
    ]


@pytest.mark.parametrize("wrong", ["soon", "", "2026-11-24", "2026-11-24T09:30:00", "2026-13-24T09:30:00+01:00"])
def test_a_time_that_is_none_is_refused_by_its_place_before_a_record_is_gone_on_from(full, wrong):
    refuse_wrong_times(full, "call.json")
    assert len(times_in(full)) == 9
    for path in times_in(full):
        with pytest.raises(IopscreenError) as refused:
            refuse_wrong_times(changed(full, path, wrong), "call.json")
        where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
        assert str(refused.value) == (
            f"call.json: {where}: should be a time with its offset, such as 2026-11-24T09:30:00+01:00"
        )


def test_every_check_finds_something_in_these_tests():
    named = {name for name, _, _ in ALTERED} | {"impossible-answers", "decision-differs"}
    assert {check.__name__.strip("_").replace("_", "-") for check in CHECKS} - named == {"cannot-decide"}


def test_a_finished_call_that_is_called_unfinished_is_found(iop):
    """With its digest made anew, so that nothing else shows it."""
    contents = {**iop.record(STAY_HOME), "status": "unfinished"}
    contents["digest"] = contents_digest(contents)
    (problem,) = iop.problems(contents)
    assert (problem.name, problem.where) == ("status-differs", "status")
    assert problem.message == "unfinished, although it holds when the call ended"
    assert iop.problems(iop.record(STAY_HOME, status=Status.UNFINISHED)) == ()  # left on its last page


def test_a_finished_call_with_a_question_that_was_never_asked_is_found(iop):
    answers = {name: answer for name, answer in STAY_HOME.items() if name != "safe_living_environment"}
    assert iop.problems(iop.record(answers, status=Status.UNFINISHED, ended=None)) == ()
    (problem,) = iop.problems(iop.record(answers))
    assert problem.name == "status-differs"
    assert "`safe_living_environment`" in problem.message


def test_a_question_that_was_skipped_wrongly_is_found_wherever_that_could_have_mattered(site):
    rng = random.Random(13)
    found = 0
    for _ in range(25):
        answers, _ = random_call(site, rng)
        contents = site.record(answers)
        for name in answers:
            if site.rule_set.question[name].for_notes:
                continue
            rest = {other: answer for other, answer in answers.items() if other != name}
            if name not in decide(site.compiled, rest).ask_next:
                continue
            left_out = site.record(rest, ended=at(60), status=Status.FINISHED)
            known = {other: contents["answers"][other] for other in rest}
            left_out["skipped"].append({"question": name, "because": known})
            assert "skip-not-justified" in site.names(sealed(left_out))
            found += 1
    assert found > 40


def test_a_question_for_notes_or_an_answered_one_is_no_skipped_one():
    site = Site(read_rule_file(locate("iop-site-example")))
    answers, _ = random_call(site, random.Random(2))
    for_notes = next(question.id for question in site.rule_set.questions if question.for_notes)
    answers.pop(for_notes, None)
    for name, reason in ((for_notes, "for notes alone"), (next(iter(answers)), "was answered")):
        contents = site.record(answers)
        contents["skipped"].append({"question": name, "because": {}})
        (problem,) = site.problems(sealed(contents))
        assert problem.name == "skip-not-justified"
        assert reason in problem.message


def test_answers_that_exclude_one_another_are_told_by_the_name_of_the_entry():
    text = """
format: 1
id: small
version: "1.0.0"
title: Small
policy: first
outcomes: {no_help: {label: None}, help: {label: Help}}
questions:
  a: {ask: A, type: yes_no}
  b: {ask: B, type: yes_no}
impossible: [{id: not-both, when: {a: yes, b: yes}, because: They exclude one another.}]
rules:
  - {id: one, when: {a: yes}, recommend: help, because: So., basis: site}
  - {id: rest, when: {}, recommend: no_help, because: So., basis: site}
"""
    site = Site(understand(text.encode(), "small.yaml"))
    contents = site.record({"a": "no"})
    for part in (contents, contents["decision"]):
        part["answers"] = {"a": "yes", "b": "yes"}
    contents["given_at"]["b"] = at(5)
    contents["skipped"] = []
    (problem,) = site.problems(sealed(contents))
    assert (problem.name, problem.where) == ("impossible-answers", "answers")
    assert "`not-both`" in problem.message


# --- another rule set -----------------------------------------------------------------------


def revised(iop, *edits):
    text = iop.file.text
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return Site(understand(text.encode(), "revised.yaml"))


def test_under_changed_rules_the_rest_is_checked_and_each_message_says_so(iop):
    later = revised(iop, ('version: "1.0.0"', 'version: "2.0.0"'))
    contents = iop.record(STAY_HOME)
    (problem,) = later.problems(contents)
    assert (problem.name, problem.where) == ("rule-set-changed", "rule_set.digest")
    assert "revised.yaml" in problem.message
    contents["skipped"][0]["because"] = {}
    found = {problem.name: problem.message for problem in later.problems(sealed(contents))}
    assert set(found) == {"rule-set-changed", "skip-not-justified"}
    assert found["skip-not-justified"].endswith(", under the rules at hand")


def test_what_another_rule_set_cannot_read_is_lost_and_named_and_the_rest_is_read(iop):
    later = revised(iop, ("detox_need", "needs_detox"), ("self_harm", "hurt"), ("label: Self-harm", "label: Hurting"))
    record = understand_record(read(iop.record(STAY_HOME)), later.rule_set)
    assert record.lost == ("condition_type", "detox_need")
    assert record.answers == {"immediate_danger": "no", "safe_living_environment": "yes"}
    for item in record.skipped:
        assert set(item.because) <= set(record.answers)
    found = later.problems(iop.record(STAY_HOME))
    assert {(problem.name, problem.where) for problem in found} >= {
        ("rule-set-changed", "rule_set.digest"),
        ("unknown-question", "answers.detox_need"),
        ("unreadable-answer", "answers.condition_type"),
    }


def test_an_option_that_was_renamed_and_kept_its_old_name_is_read(iop):
    later = revised(iop, ("self_harm", "hurt"))  # whose label is still "Self-harm"
    record = understand_record(read(iop.record(STAY_HOME)), later.rule_set)
    assert record.answers["condition_type"] == ("hurt",)
    assert "unreadable-answer" not in later.names(iop.record(STAY_HOME))


# --- what is no record ----------------------------------------------------------------------


def every_place(value, path=()):
    """The path of every key and list entry."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from every_place(item, (*path, key))


def refused_or_found(site, contents):
    """Why a record is refused, else what does not hold; nothing else may happen."""
    try:
        return [str(site.verifier.verify(read(contents)).problems)]
    except RecordRefused as error:
        return [str(error)]


def test_every_key_removed_emptied_or_retyped_is_refused_or_found(iop, full):
    tried = 0
    for path in every_place(full):
        replacements = [None, True, 1, "", CANARY, [], [[]], {}, {"a": None}, 10**14]
        for value in replacements:
            altered = changed(full, path, value)
            if altered != full:
                (told,) = refused_or_found(iop, altered)
                assert told != "()"
                assert CANARY not in told
                tried += 1
        without = copy.deepcopy(full)
        inner = without
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        (told,) = refused_or_found(iop, without)
        assert told != "()"
    assert tried > 500


def test_every_missing_or_additional_key_of_a_record_is_refused_by_name_of_what_is_right(full):
    for key in full:
        without = {other: value for other, value in full.items() if other != key}
        with pytest.raises(RecordRefused, match=rf"\bformat\b|lacks {key}$"):
            read(without)
    with pytest.raises(RecordRefused) as caught:
        read({**full, CANARY: CANARY})
    assert "does not belong there" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_record_cut_anywhere_is_refused(iop):
    data = record_bytes(iop.record(STAY_HOME))
    for length in range(len(data) - 1):
        with pytest.raises(RecordRefused, match=r"^call\.json: "):
            read_record(data[:length], "call.json")
    assert read_record(data[:-1], "call.json").contents == read_record(data, "call.json").contents


def test_a_record_that_lost_or_changed_a_byte_is_refused_or_found_unless_it_says_the_same(iop):
    data = record_bytes(iop.record(STAY_HOME))
    contents = read_record(data, "x").contents
    rng = random.Random(17)
    refused = 0
    for place in range(len(data)):
        for byte in (b"", bytes([rng.randrange(256)])):
            altered = data[:place] + byte + data[place + 1 :]
            try:
                raw = read_record(altered, "x")
            except RecordRefused:
                refused += 1
                continue
            if raw.contents != contents:
                assert "record-altered" in {problem.name for problem in iop.verifier.verify(raw).problems}
    assert refused > len(data) / 2


HOSTILE = {
    "empty": b"",
    "blank": b" \n",
    "a list": b"[]",
    "a text": b'"' + CANARY.encode() + b'"',
    "null": b"null",
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"format":' * 200_000,
    "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "not UTF-8": b'{"format": 1, "answers": "\xff' + CANARY.encode() + b'"}',
    "UTF-16": '{"format": 1}'.encode("utf-16"),
    "NaN": b'{"format": NaN}',
    "Infinity": b'{"format": -Infinity}',
    "a fraction": b'{"format": 1.0}',
    "an exponent": b'{"format": 1e999999999}',
    "a huge number": b'{"format": ' + b"9" * 1_000_000 + b"}",
    "a key twice": b'{"format": 1, "format": 1}',
    "two documents": b'{"format": 1}{"format": 1}',
    "a comment": b'{"format": 1} // ' + CANARY.encode(),
    "YAML": b"format: 1\nanswers: {detox_need: " + CANARY.encode() + b"}",
    "a control character": b'{"format": "\x00\x1b[2J"}',
    "no format": b'{"answers": {"detox_need": "' + CANARY.encode() + b'"}}',
    "format true": b'{"format": true}',
    "format 0": b'{"format": 0}',
    "format text": b'{"format": "1"}',
    "only format": b'{"format": 1}',
    "too large": b'{"format": 1, "x": "' + b"a" * MAX_BYTES + b'"}',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_record_is_refused_in_words(data):
    with pytest.raises(RecordRefused) as caught:
        read_record(data, "call.json")
    said = str(caught.value)
    assert said.startswith("call.json: ")
    assert len(said) < 400
    assert said.isprintable()
    assert CANARY not in said
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_record_of_a_later_format_says_so_whatever_else_it_holds():
    with pytest.raises(RecordRefused, match=r"^a\.json: format 2: written by a newer iopscreen"):
        read_record(b'{"format": 2, "anything": {}}', "a.json")


def test_a_status_that_is_not_known_says_what_is(full):
    with pytest.raises(RecordRefused, match="status: should be one of finished, unfinished, emergency"):
        read({**full, "status": "paused"})


def test_a_deep_decision_is_refused(full):
    deep = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(RecordRefused, match="nested too deep"):
        read(changed(full, ("decision", "would_change"), deep))


def test_nothing_that_a_record_holds_is_told_when_it_is_refused_or_does_not_hold(iop, full):
    for path in every_place(full):
        if path[-1] in ("id", "version"):
            continue
        altered = changed(full, path, CANARY)
        refused_after = changed(altered, ("status",), "later") if path != ("status",) else altered
        for contents in (altered, sealed(altered), refused_after):
            (told,) = refused_or_found(iop, contents)
            assert CANARY not in told, path
    for path in (("answers",), ("given_at",), ("decision", "answers"), ("skipped", 0, "because"), ("override",)):
        (told,) = refused_or_found(iop, changed(full, (*path, CANARY), CANARY))
        assert CANARY not in told


# --- as it is shown -------------------------------------------------------------------------


def test_the_report_has_a_line_for_each_record_or_problem_and_the_counts_last(iop, full):
    good = iop.verifier.verify(read(iop.record(DETOX)))
    unread = "b\x1b[1m.json: line 1: cannot be read as JSON from here on"
    bad = iop.verifier.verify(read(changed(full, ("other",), False)))
    results = [Checked("a.json", good), Checked("b\x1b[1m.json", unread), Checked("c.json", bad)]
    assert verify_text(results).splitlines() == [
        "a.json: verified: 3 answers, 2 questions not asked re-checked",
        "b\\u{1b}[1m.json: error: line 1: cannot be read as JSON from here on",
        "c.json: error: is not the digest of what the record holds: it was altered (digest) [record-altered]",
        "3 records: 1 verified, 1 does not hold, 1 could not be read",
    ]
    assert verify_text(results[:1]).splitlines()[-1] == "1 record: 1 verified"


def test_the_report_as_json_counts_and_names(iop, full):
    good, bad = iop.verifier.verify(read(full)), iop.verifier.verify(read(changed(full, ("ref",), "B1")))
    shown = verify_json([Checked("a", good), Checked("b", "b: no record"), Checked("c", bad)])
    assert (shown["verified"], shown["failed"], shown["refused"]) == (1, 1, 1)
    assert [record["verified"] for record in shown["records"]] == [True, False, False]
    assert shown["records"][0]["recommendation"] == "iop"
    assert shown["records"][1] == {"path": "b", "verified": False, "refused": "no record"}
    assert [problem["name"] for problem in shown["records"][2]["problems"]] == ["record-altered"]
    json.dumps(shown)
