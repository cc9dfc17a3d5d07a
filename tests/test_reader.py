"""The reader: every fault of a file at its place, and its harmless twin read silently.

A file in `cases/read/bad` has its expected faults beside it; `IOPSCREEN_UPDATE=1` writes them.
A file in `cases/read/good` reads without a fault.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import RULES, TESTS

from iopscreen.ruleset import reader
from iopscreen.ruleset.findings import FileRefused, Finding, Place, Severity, one_line
from iopscreen.ruleset.model import (
    NO_RULE,
    AllOf,
    AnyOf,
    Cite,
    Condition,
    Not,
    NumberTest,
    OptionsTest,
    RuleSet,
    ValueTest,
)
from iopscreen.ruleset.reader import digest_of, read_rule_file, understand
from iopscreen.ruleset.shape import did_you_mean

CASES = TESTS / "cases" / "read"
GOOD = sorted((CASES / "good").glob("*.yaml"))
BAD = sorted((CASES / "bad").glob("*.yaml"))


def faults(data: bytes, *, pure: bool = False) -> list[Finding]:
    with pytest.raises(FileRefused) as error:
        understand(data, "rules.yaml", pure=pure)
    return error.value.findings


def lines_of(finding: Finding) -> list[str]:
    """A finding as it stands in an expected output: the places it is related to are indented below it."""
    line = f"{finding.place.line}:{finding.place.column}: {finding.message} [{finding.name}]"
    related = [f"    {other.place.line}:{other.place.column}: {other.message}" for other in finding.related]
    return [line, *related]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_fault_is_told_at_its_place(path, compare):
    found = faults(path.read_bytes())
    compare(path.with_suffix(".out"), "".join(f"{line}\n" for finding in found for line in lines_of(finding)))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_is_harmless_reads_silently(path):
    understand(path.read_bytes(), str(path))


def test_every_expected_output_belongs_to_a_file():
    assert {path.stem for path in (CASES / "bad").glob("*.out")} == {path.stem for path in BAD}


def test_a_fault_on_one_line_is_what_editors_find_their_way_by():
    (found,) = faults(b"format: 2")
    assert one_line(found) == "rules.yaml:1:9: error: `format` is `2`; this program reads format 1 [wrong-value]"


def test_a_file_is_refused_with_the_number_of_its_faults():
    for data, said in ((b"format: 2", "1 fault"), (b"title: t\nid: i", "6 faults")):
        with pytest.raises(FileRefused, match=f"^{said}$"):
            understand(data, "rules.yaml")


def test_past_five_hundred_faults_no_more_are_told():
    data = (CASES / "good" / "minimal.yaml").read_bytes()
    found = faults(data + b"".join(b"x%d: y\n" % number for number in range(600)))
    assert [finding.name for finding in found[-3:]] == ["unknown-key", "too-many-faults", "unknown-key"]
    assert len(found) == 501
    assert found[-2].message == "500 faults so far; mend these before the rest is looked at"
    assert len(faults(data + b"".join(b"x%d: y\n" % number for number in range(499)))) == 499


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_with_two_bytes_a_letter_is_told_how_to_be_saved(encoding):
    text = (CASES / "good" / "minimal.yaml").read_text("utf-8")
    mark = {"utf-16": "", "utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}[encoding]
    (found,) = faults((mark + text).encode(encoding))
    assert lines_of(found) == ["1:1: the file is in UTF-16; save it as UTF-8 [not-utf8]"]


def test_a_file_of_more_values_than_are_read_is_told_to_be_split(monkeypatch):
    data = (CASES / "good" / "minimal.yaml").read_bytes()
    monkeypatch.setattr("iopscreen.ruleset.nodes.MAX_NODES", 1_000)
    understand(data, "rules.yaml")
    (found,) = faults(data + b"accept: [" + b"x, " * 1_000 + b"x]\n")
    assert (found.name, found.message) == ("too-large", "more than 1,000 values; split the file")
    assert found.place.line == data.count(b"\n") + 1


def test_a_near_name_is_looked_for_among_some_hundred_and_not_among_more():
    names = [f"option_{number:03}" for number in range(501)]
    assert did_you_mean("optoin_499", names[:-1]) == "; did you mean `option_499`?"
    assert did_you_mean("optoin_499", names) == ""


def test_a_near_name_is_shown_as_it_is_written():
    assert did_you_mean("DAYS ag", {"days_ago": 0}, {"days_ago": "Days ago"}) == "; did you mean `Days ago`?"
    assert did_you_mean("days ag", {"days_ago": 0}, {}) == "; did you mean `days_ago`?"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_faults_come_in_the_order_of_the_file_and_speak_our_language(path):
    text = path.read_text("utf-8")
    found = faults(path.read_bytes())
    assert [finding.place for finding in found] == sorted(finding.place for finding in found)
    for finding in found:
        assert finding.severity is Severity.ERROR
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", finding.name)
        assert finding.message == finding.message.strip()
        assert not finding.message.endswith((".", "!")) or finding.message.endswith("...`")
        assert finding.message[0] in "`" or not finding.message[0].isupper()
        assert not re.search(
            r"\b(None|True|False|str|dict|int|tuple|Scalar|Mapping|Sequence)\b", words(finding.message)
        )
        assert finding.place.line <= text.count("\n") + 1


def words(message: str) -> str:
    """A message without what it quotes."""
    return re.sub(r"`[^`]*`", "", message)


@pytest.mark.parametrize("path", [*BAD, *GOOD], ids=lambda path: path.stem)
def test_both_parsers_lead_to_the_same_faults(path):
    """Where YAML itself is broken they may stop at different places; both refuse."""
    both = [faults_or_rules(path.read_bytes(), pure=pure) for pure in (False, True)]
    if any(isinstance(found, list) and "syntax" in {fault.name for fault in found} for found in both):
        assert all(isinstance(found, list) for found in both)
    else:
        assert both[0] == both[1]


def faults_or_rules(data: bytes, *, pure: bool) -> object:
    """The faults, or something that can be compared of what was understood."""
    try:
        return vars(understand(data, "rules.yaml", pure=pure).rule_set)
    except FileRefused as error:
        return error.findings


# --- what is understood ---


def everything() -> RuleSet:
    return read_rule_file(str(CASES / "good" / "everything.yaml")).rule_set


def test_the_head_is_understood():
    rule_set = everything()
    assert (rule_set.id, rule_set.version, rule_set.title) == ("everything", "1.0.0", "Every key of the format")
    assert (rule_set.policy, rule_set.owner, rule_set.disclosure) == ("unique", "intake team", "Provisional.")
    assert (rule_set.reviewed, rule_set.review_by) == ("2026-11-23", "2027-05-31")
    assert rule_set.override_reasons == ("Caller declined", "No bed available")
    assert rule_set.readings == {"lax": "no", "recent_days": 30, "track": "evening"}
    assert (rule_set.spellings.yes, rule_set.spellings.no) == (("si",), ())
    assert (rule_set.spellings.unknown, rule_set.spellings.declined) == (("n. k.",), ("keine Angabe",))


def test_sources_outcomes_and_words_are_understood():
    rule_set = everything()
    source, passage = rule_set.passage["no-detox"]
    assert passage is not None
    assert (source.id, passage.section, passage.paragraph, passage.says) == ("article", "opening", 3, "No detox")
    assert rule_set.passage["practice"][1] is None
    assert "article" not in rule_set.passage
    assert list(rule_set.outcome) == ["referral", "iop"]
    iop = rule_set.outcome["iop"]
    assert [(line.say, [cite.id for cite in line.cite]) for line in iop.staff] == [
        ("Book it.", []),
        ("Tell them when.", ["practice"]),
    ]
    assert rule_set.undecided.say == "Still open: {question}"
    assert [line.say for line in rule_set.undecided.staff] == ["Call back.", "Note it down."]
    assert rule_set.emergency is not None
    assert [(contact.name, contact.reach) for contact in rule_set.emergency.contacts] == [("Emergency services", "911")]


def test_questions_are_understood():
    question = everything().question
    assert list(question) == ["condition_type", "caller", "days", "danger", "interpreter"]
    condition = question["condition_type"]
    assert condition.option_ids == ("eating_disorder", "bipolar_1", "other")
    assert [option.alone for option in condition.options] == [False, False, True]
    assert [option.aliases for option in condition.options] == [("anorexia", "bulimia"), ("mania",), ()]
    assert [(group.id, group.options) for group in condition.groups] == [("treated", ("eating_disorder", "bipolar_1"))]
    assert (condition.when_no_column, question["days"].when_no_column) == (("other",), 0)
    assert (question["danger"].when_no_column, question["caller"].when_no_column) == ("no", None)
    assert (question["days"].low, question["days"].high, question["days"].unit) == (0, 3650, "days")
    assert [name for name in question if question[name].for_notes] == ["interpreter"]
    assert question["danger"].header_hints == ("danger", "crisis")


def test_rules_notes_and_guarantees_are_understood():
    rule_set = everything()
    assert [(rule.id, rule.recommend, rule.basis) for rule in rule_set.rules] == [
        ("rule-one", "iop", "stated"),
        ("rule-two", "referral", "site"),
    ]
    assert rule_set.rule["rule-two"].when == AllOf(())
    assert rule_set.rule["rule-one"].cite == (Cite("no-detox", rule_set.rule["rule-one"].cite[0].place),)
    assert [(note.id, note.audience, note.say) for note in rule_set.notes] == [
        ("note-one", "caller", "We will find one."),
        ("note-two", "staff", "Write it down."),
    ]
    assert [guarantee.allowed for guarantee in rule_set.guarantees] == [
        {"referral", NO_RULE},
        {"iop"},
        {"referral", NO_RULE},
    ]
    assert [(accept.finding, accept.until, accept.at) for accept in rule_set.accept] == [
        ("no-cases", "2027-03-01", "rule-one")
    ]


@pytest.mark.parametrize("name", ["everything", "edges", "minimal"])
def test_every_key_is_understood_with_its_place(name, compare):
    """Every value that the reader makes of a file that has every key, so that none goes to another's field."""
    path = CASES / "good" / f"{name}.yaml"
    rule_set = read_rule_file(str(path)).rule_set
    compare(path.with_suffix(".out"), "".join(f"{line}\n" for line in tree("-", rule_set)))


def tree(name: str, value: object) -> Iterator[str]:
    """A value of the model and what it holds, line by line, indented."""
    if isinstance(value, Place):
        yield f"{name} {value.line}:{value.column}"
    elif isinstance(value, tuple | frozenset):
        named = getattr(value, "_asdict", None)
        yield f"{name} {type(value).__name__ if named else len(value)}"
        for key, part in named().items() if named else (("-", part) for part in in_order(value)):
            yield from (f"  {line}" for line in tree(key, part))
    else:
        yield f"{name} {json.dumps(value, ensure_ascii=False)}"


def in_order(values: tuple[object, ...] | frozenset[str]) -> Sequence[object]:
    return sorted(values) if isinstance(values, frozenset) else values


def test_conditions_are_understood(compare):
    path = CASES / "good" / "conditions.yaml"
    rules = read_rule_file(str(path)).rule_set.rules
    lines = [
        f"{rule.id}: {outline(rule.when)}" + (f" unless {outline(rule.unless)}" if rule.unless else "")
        for rule in rules
    ]
    compare(path.with_suffix(".out"), "\n".join(lines) + "\n")


def outline(condition: Condition) -> str:
    """A condition with the place of each test, as `all(...)`, `any(...)`, `not(...)`."""
    match condition:
        case AllOf(parts):
            return f"all({', '.join(map(outline, parts))})"
        case AnyOf(parts):
            return f"any({', '.join(map(outline, parts))})"
        case Not(part):
            return f"not({outline(part)})"
        case ValueTest(subject, values, place):
            said = f"is one of {sorted(values)}"
        case OptionsTest(subject, options, every, place, part):
            said = f"has {'every' if every else 'any'} of {sorted(options)}" + (f" as `{part}`" if part else "")
        case NumberTest(subject, bounds, place):
            said = " and ".join(
                f"{bound.op} {bound.limit!r} [{bound.place.line}:{bound.place.column}]" for bound in bounds
            )
    return f"{subject} {said} [{place.line}:{place.column}]"


def test_places_are_those_of_the_ids():
    path = CASES / "good" / "everything.yaml"
    lines = path.read_text().splitlines()
    rule_set = everything()
    named = [*rule_set.questions, *rule_set.outcomes, *rule_set.settings, *rule_set.rules, *rule_set.notes]
    for thing in [*named, *rule_set.impossible, *rule_set.guarantees, *rule_set.sources]:
        line, column = thing.place
        assert lines[line - 1][column - 1 :].startswith(thing.id), thing.id


def test_the_digest_is_of_the_bytes_that_were_read():
    path = CASES / "good" / "windows.yaml"
    file = read_rule_file(str(path))
    assert file.digest == digest_of(path.read_bytes())
    assert file.digest != digest_of(path.read_text("utf-8-sig").encode())
    assert (file.path, file.text) == (str(path), path.read_bytes().decode("utf-8-sig"))


@pytest.mark.parametrize("spelling", ["yes", '"yes"', "'yes'", "true", "True", "TRUE", "Yes", "YES"])
def test_ways_to_write_yes_mean_the_same(spelling):
    text = (CASES / "good" / "minimal.yaml").read_text().replace("when: {}", f"when: {{danger: {spelling}}}")
    plain = (CASES / "good" / "minimal.yaml").read_text().replace("when: {}", "when: {danger: yes}")
    assert understand(text.encode(), "a").rule_set.rules == understand(plain.encode(), "a").rule_set.rules


@pytest.mark.parametrize(
    ("name", "why"),
    [("no-such-file.yaml", "no such file or directory"), (".", "it is a folder"), ("odd", "not readable")],
)
def test_what_cannot_be_opened_is_refused(name, why, tmp_path, monkeypatch):
    if name == "odd":  # some file systems have a failure of their own
        monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(OSError))
    path = str(tmp_path / name)
    with pytest.raises(FileRefused) as error:
        read_rule_file(path)
    message = f"the file cannot be read: {why}"
    assert error.value.findings == [Finding("unreadable", Severity.ERROR, path, Place(1, 1), message)]


def test_a_file_may_be_as_large_as_is_said_and_no_larger(tmp_path, monkeypatch):
    path = tmp_path / "rules.yaml"
    data = (CASES / "good" / "minimal.yaml").read_bytes()
    for module in ("reader", "nodes"):
        monkeypatch.setattr(f"iopscreen.ruleset.{module}.MAX_BYTES", len(data))
    path.write_bytes(data)
    assert read_rule_file(str(path)).digest == digest_of(data)
    path.write_bytes(data + b"\n")
    with pytest.raises(FileRefused) as error:
        read_rule_file(str(path))
    assert [finding.name for finding in error.value.findings] == ["too-large"]


def test_of_a_file_without_an_end_no_more_is_read_than_shows_that_it_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 10)
    (tmp_path / "endless").write_bytes(b"x" * 100)
    assert reader.read_bytes(str(tmp_path / "endless")) == b"x" * 11


def test_the_parser_that_is_asked_for_is_the_one_that_reads(tmp_path):
    """They see a missing space in braces at places of their own."""
    path = tmp_path / "rules.yaml"
    path.write_text("{format:[1]}")
    for pure, column in ((False, 8), (True, 2)):
        with pytest.raises(FileRefused) as error:
            read_rule_file(str(path), pure=pure)
        assert [fault.place for fault in error.value.findings if fault.name == "syntax"] == [(1, column)]


def test_a_pipe_that_nobody_writes_into_is_refused_and_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "SECONDS_FOR_A_WRITER", 0.01)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRefused) as error:
        read_rule_file(str(tmp_path / "pipe"))
    assert [finding.message for finding in error.value.findings] == [
        "the file cannot be read: it is a pipe, and nobody writes into it"
    ]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files have no names here")
@pytest.mark.parametrize("late", [False, True])
def test_a_pipe_is_read_even_when_its_writer_takes_its_time(late, monkeypatch):
    """Late: where the reader has given up waiting, and has seen that somebody may still write."""
    monkeypatch.setattr(reader, "SECONDS_FOR_A_WRITER", 0.01)
    path = CASES / "good" / "minimal.yaml"
    leaving, entering = os.pipe()

    def fill():
        with os.fdopen(entering, "wb") as pipe:
            pipe.write(path.read_bytes())

    writer, wait = threading.Thread(target=fill), os.set_blocking

    def set_blocking(descriptor, blocking):
        wait(descriptor, blocking)
        if late:
            writer.start()

    monkeypatch.setattr(os, "set_blocking", set_blocking)
    if not late:
        writer.start()
        writer.join()
    try:
        assert read_rule_file(f"/dev/fd/{leaving}").digest == digest_of(path.read_bytes())
    finally:
        writer.join()
        os.close(leaving)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files have no names here")
def test_of_a_pipe_no_more_is_read_than_a_rule_file_may_hold():
    leaving, entering = os.pipe()

    def fill():
        with os.fdopen(entering, "wb", buffering=0) as pipe, suppress(BrokenPipeError):
            for _ in range(80):
                pipe.write(b"# a comment\n" * 10_000)

    writer = threading.Thread(target=fill)
    writer.start()
    with pytest.raises(FileRefused) as error:
        read_rule_file(f"/dev/fd/{leaving}")
    os.close(leaving)
    writer.join()
    assert [finding.name for finding in error.value.findings] == ["too-large"]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files have no names here")
def test_of_a_pipe_no_more_is_taken_than_shows_that_it_is_too_large(monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 10)
    leaving, entering = os.pipe()
    os.write(entering, b"0123456789" * 10)
    os.close(entering)
    assert reader.read_bytes(f"/dev/fd/{leaving}") == b"01234567890"
    os.close(leaving)


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_rule_set_reads(path):
    if not path.name.endswith(".cases.yaml"):
        read_rule_file(str(path))
