"""Parquet and JSON lines: the results are those of the same rows in a CSV file, and columns keep their types."""

from __future__ import annotations

import csv
import decimal
import io
import json
import os
import random
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import RULES
from engines import HOSTILE, all_callers, by_batch, deciding, random_callers, rule_file
from random_rule_sets import made

from iopscreen.batch import spark_run, tables
from iopscreen.batch.header import APPENDED
from iopscreen.batch.opening import BatchOptions
from iopscreen.batch.run import screen_file
from iopscreen.batch.tables import Files, screen_table
from iopscreen.batch.texts import text_of
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import Kind, Question
from iopscreen.ruleset.reader import read_rule_file

IOP = read_rule_file(str(RULES / "iop.yaml"))
SITE = read_rule_file(str(RULES / "iop-site-example.yaml"))


def screened(folder: Path, source: str, target: str, rules=IOP, earlier=None, **options):
    """Screen a file of `folder` into another one; the summary."""
    with (folder / source).open("rb") as read, (folder / target).open("wb") as written:
        files = Files(read, str(folder / source), written, str(folder / target))
        return screen_table(compile_rule_set(rules.rule_set), files, BatchOptions(**options), earlier=earlier)


def typed(question: Question, cell):
    """A canonical cell as a table would hold it: truth values, numbers, lists; anything else stays a text."""
    if cell in ("", "unknown", None):
        return None
    if question.kind is Kind.YES_NO:
        return {"yes": True, "no": False}.get(cell, cell)
    if question.kind is Kind.MANY:
        return cell.split(";")
    return cell


def told(row: dict) -> dict[str, str]:
    """Our columns, nothing as a blank."""
    return {name: row[name] or "" for name in APPENDED}


def parquet(path: Path) -> list[dict]:
    return pq.read_table(path).to_pylist()


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def table_of(callers) -> pa.Table:
    names = list(callers[0])
    return pa.table({name: [caller[name] for caller in callers] for name in names})


# --- the same results ------------------------------------------------------------------------


def test_every_state_as_text_and_as_types(tmp_path):
    callers = all_callers(IOP.rule_set)
    expected = [told(row) for row in by_batch(compile_rule_set(IOP.rule_set), callers)]
    questions = IOP.rule_set.question
    pq.write_table(table_of(callers), tmp_path / "texts.parquet")
    values = [{name: typed(questions[name], cell) for name, cell in caller.items()} for caller in callers]
    pq.write_table(table_of(values), tmp_path / "types.parquet")
    (tmp_path / "types.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in values), encoding="utf-8")
    ways = (("texts.parquet", "a.parquet"), ("types.parquet", "b.ndjson"), ("types.jsonl", "c.parquet"))
    for source, target in ways:
        summary = screened(tmp_path, source, target)
        rows = (lines if target == "b.ndjson" else parquet)(tmp_path / target)
        assert [told(row) for row in rows] == expected
        assert (summary.rows, summary.problems) == (len(callers), 0)
        given = callers if source == "texts.parquet" else values
        assert [row["condition_type"] for row in rows] == [caller["condition_type"] for caller in given]


@pytest.mark.parametrize("seed", range(12))
def test_messy_cells_of_random_rule_sets(seed, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 37)
    file = SITE if seed == 0 else rule_file(HOSTILE if seed == 1 else made(seed).text)
    callers = random_callers(random.Random(seed), file.rule_set, 200, messy=0.1)
    expected = [told(row) for row in by_batch(compile_rule_set(file.rule_set), callers)]
    pq.write_table(table_of(callers), tmp_path / "in.parquet")
    # Of JSON lines, one column may hold values of several types.
    kinds = {question.id: question for question in deciding(file.rule_set)}
    some = random.Random(seed)
    values = [
        {name: typed(kinds[name], cell) if some.random() < 0.5 else cell for name, cell in caller.items()}
        for caller in callers
    ]
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in values), encoding="utf-8")
    for source in ("in.parquet", "in.jsonl"):
        summary = screened(tmp_path, source, "out.jsonl", file)
        rows = lines(tmp_path / "out.jsonl")
        assert [without_cells(told(row)) for row in rows] == [without_cells(row) for row in expected]
        assert summary.problems == sum(row["recommendation"] == "error" for row in expected) > 0
        assert [{name: row[name] for name in callers[0]} for row in rows] == (
            callers if source == "in.parquet" else values
        )


def without_cells(row):
    """A list is shown as its entries, joined; as texts its separators may stand otherwise."""
    return row | {"problem": row["problem"] != ""}


def test_csv_in_and_out(tmp_path):
    """From CSV to a table and back: the cells and results of the file itself."""
    callers = random_callers(random.Random(5), IOP.rule_set, 300, messy=0.05)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(callers[0])
    writer.writerows(caller.values() for caller in callers)
    (tmp_path / "in.csv").write_text(text.getvalue(), "utf-8", newline="")
    expected = io.BytesIO()
    screen_file(
        compile_rule_set(IOP.rule_set), io.BytesIO(text.getvalue().encode()), expected, BatchOptions(), name="x"
    )
    rows = list(csv.reader(io.StringIO(expected.getvalue().decode(), newline="")))
    for between in ("between.parquet", "between.jsonl"):
        screened(tmp_path, "in.csv", between)
        screened(tmp_path, between, "out.csv", prefix="again_")
        found = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"), newline="")))
        width = len(rows[0])
        assert [row[:width] for row in found] == rows
        assert [row[width:] for row in found[1:]] == [row[len(callers[0]) :] for row in rows[1:]]


def test_rows_of_a_wrong_length_come_out_too(tmp_path):
    (tmp_path / "in.csv").write_bytes(b'detox_need,,x\nno\n\nyes,1,2,3,"a,""b"\nno,\xff,\nyes,,\n')
    assert screened(tmp_path, "in.csv", "out.jsonl").problems == 3
    short, long, undecodable, whole = lines(tmp_path / "out.jsonl")
    assert list(short)[:3] == ["detox_need", "column_2", "x"]
    assert (short["x"], short["problem"][:21]) == ("", "short row: 1 of 3 cel")
    assert long["problem"] == 'long row: 5 cells for 3 columns; those without a column: 3,"a,""b"'
    assert "bytes that are not utf-8 text" in undecodable["problem"]
    assert whole["recommendation"] == "inpatient"
    (tmp_path / "in.csv").write_bytes(b"detox_need\nyes\n\nno\n")
    assert screened(tmp_path, "in.csv", "out.jsonl").rows == 3


# --- types -----------------------------------------------------------------------------------

ODD = {
    "small": pa.array([1, None, -3], pa.int8()),
    "big": pa.array([2**63, None, 0], pa.uint64()),
    "money": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-0.01")], pa.decimal128(9, 2)),
    "day": pa.array([date(2026, 1, 1), None, date(1900, 1, 1)]),
    "moment": pa.array([datetime(2026, 1, 1, tzinfo=UTC), None, None], pa.timestamp("ns", "UTC")),
    "nested": pa.array([{"a": [1, 2]}, None, {"a": []}]),
    "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
    "bytes": pa.array([b"\xff", None, b""]),
    "number": pa.array([1.5, float("nan"), float("inf")]),
}


def test_columns_of_the_input_keep_their_types(tmp_path):
    table = pa.table({**ODD, "detox_need": [True, None, False]}).replace_schema_metadata({"made by": "hand"})
    pq.write_table(table, tmp_path / "in.parquet")
    screened(tmp_path, "in.parquet", "out.parquet")
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.schema.names == [*table.schema.names, *APPENDED]
    before, after = pq.read_table(tmp_path / "in.parquet"), out.select(table.schema.names)
    assert after.schema.equals(before.schema)
    assert after.drop_columns("number").equals(before.drop_columns("number"))
    assert str(after["number"].to_pylist()) == "[1.5, nan, inf]"
    assert out.schema.metadata[b"made by"] == b"hand"
    assert [out.schema.field(name).type for name in APPENDED] == [pa.string()] * len(APPENDED)
    assert out["rule"].to_pylist() == ["needs-detox", None, None]
    for target in ("out.jsonl", "out.csv"):
        screened(tmp_path, "in.parquet", target)
    first, second, third = lines(tmp_path / "out.jsonl")
    assert (first["small"], first["big"], first["nested"], first["kind"]) == (1, 2**63, {"a": [1, 2]}, "x")
    assert (first["day"], second["number"], third["number"], first["money"]) == ("2026-01-01", "nan", "inf", "1.10")
    [row, *_] = csv.DictReader((tmp_path / "out.csv").read_text("utf-8").splitlines())
    assert (row["small"], row["detox_need"], row["nested"], row["number"]) == ("1", "true", '{"a": [1, 2]}', "1.5")


ID = "0f0e0d0c-0b0a-0908-0706-050403020100"


@pytest.mark.parametrize("column", ["id", "detox_need"])
def test_cells_of_types_that_are_extensions_are_told_by_what_they_hold(column, tmp_path):
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(range(15, -1, -1)), None], pa.binary(16)))
    pq.write_table(pa.table({"condition_type": ["mania", None], column: ids}), tmp_path / "in.parquet")
    for target in ("out.jsonl", "out.csv", "out.parquet"):
        screened(tmp_path, "in.parquet", target)
    assert [row[column] for row in lines(tmp_path / "out.jsonl")] == [ID, None]
    assert [row[column] for row in csv.DictReader((tmp_path / "out.csv").read_text("utf-8").splitlines())] == [ID, ""]
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 2
    if column == "detox_need":
        assert ID in lines(tmp_path / "out.jsonl")[0]["problem"]


@pytest.mark.parametrize(
    "kind", [pa.timestamp("us", "No/Where"), pa.list_(pa.timestamp("us", "No/Where")), pa.duration("s")], ids=str
)
def test_times_that_cannot_be_told_are_refused_where_they_must_be(kind, tmp_path):
    cells = pa.array([[1], None] if pa.types.is_list(kind) else [1 << 60, None], kind)
    pq.write_table(pa.table({"detox_need": ["yes", "no"], "at": cells}), tmp_path / "in.parquet")
    for target in ("out.jsonl", "out.csv"):
        with pytest.raises(IopscreenError, match=r"a column of the type .* holds a time that cannot be told"):
            screened(tmp_path, "in.parquet", target)
    screened(tmp_path, "in.parquet", "out.parquet")
    before, after = (pq.read_table(tmp_path / name)["at"] for name in ("in.parquet", "out.parquet"))
    assert after.equals(before)


def test_what_is_read_and_cannot_be_written_is_refused(tmp_path):
    """A damaged file calls a column of nothing one in which nothing is not allowed."""
    table = pa.table({"detox_need": pa.array([], pa.string()), "x": pa.nulls(0)})
    pq.write_table(table, tmp_path / "in.parquet", store_schema=False)
    data = (tmp_path / "in.parquet").read_bytes()
    optional, required = b"\x25\x02\x18\x01x", b"\x25\x00\x18\x01x"
    assert data.count(optional) == 1
    (tmp_path / "in.parquet").write_bytes(data.replace(optional, required))
    with pytest.raises(IopscreenError, match=r"out\.parquet: a column of the input is of no type that is written"):
        screened(tmp_path, "in.parquet", "out.parquet")
    assert screened(tmp_path, "in.parquet", "out.csv").rows == 0


def test_json_lines_come_out_as_they_went_in(tmp_path):
    values = [
        "12345678901234567890.10",
        '"2026-01-01T00:00:00Z"',
        '{"b":1e3,"a":[true,null]}',
        "1.0",
        '"\\u00e9"',
        "null",
    ]
    rows = [f'{{"detox_need":false,"value":{value} ' for value in values] + ["{", '  {"value" : NaN']
    (tmp_path / "in.jsonl").write_text("\ufeff" + "".join(f"{row}}} \r\n\n" for row in rows), encoding="utf-8")
    assert screened(tmp_path, "in.jsonl", "out.jsonl").rows == len(rows)
    out = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert [re.split(', (?="recommendation")|(?<={)(?="recom)', line)[0] for line in out] == [
        row.strip() for row in rows
    ]
    screened(tmp_path, "in.jsonl", "out.csv")
    cells = [row["value"] for row in csv.DictReader((tmp_path / "out.csv").read_text("utf-8").splitlines())]
    wanted = [
        "12345678901234567890.10",
        "2026-01-01T00:00:00Z",
        '{"b": 1000, "a": [true, null]}',
        "1",
        "é",
        "",
        "",
        "NaN",
    ]
    assert cells == wanted


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (True, "true"),
        (18, "18"),
        (18.0, "18"),
        (18.5, "18.5"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (decimal.Decimal("7.00"), "7"),
        (decimal.Decimal("9" * 38), "9" * 38),
        (["a", "b"], "a;b"),
        (["a"], "a"),
        ([], "[]"),
        (["a", None], '["a", null]'),
        ([""], '[""]'),
        ([" ", "\u00e9"], '[" ", "\u00e9"]'),
        ([None, 1], '[null, "1"]'),
        (b"yes", "yes"),
        (None, ""),
    ],
)
def test_the_text_of_a_cell(cell, text):
    assert text_of(cell) == text


def test_numbers_and_lists_that_are_no_answers(tmp_path):
    cells = {"age": [17.0, 17.5, float("nan"), None], "condition_type": [["bipolar"], [], ["bipolar", None], None]}
    pq.write_table(pa.table(cells), tmp_path / "in.parquet")
    screened(tmp_path, "in.parquet", "out.jsonl", SITE)
    problems = [row["problem"] or "" for row in lines(tmp_path / "out.jsonl")]
    assert ["`age`" in problem for problem in problems] == [False, True, True, False]
    assert ["`condition_type`" in problem for problem in problems] == [False, True, True, False]


def test_the_longest_number_of_a_table_is_the_problem_of_its_row(tmp_path):
    ages = pa.array([decimal.Decimal(18), decimal.Decimal("9" * 38), None], pa.decimal128(38, 0))
    pq.write_table(pa.table({"age": ages}), tmp_path / "in.parquet")
    screened(tmp_path, "in.parquet", "out.parquet", rules=SITE)
    rows = parquet(tmp_path / "out.parquet")
    assert [row["recommendation"] for row in rows] == ["undecided", "error", "undecided"]


def test_names_of_several_lines_stay_whole_in_a_table(tmp_path):
    (tmp_path / "in.csv").write_text('id,"Safe\n(now)","Safe\n(then)",detox_need\n1,a,b,no\n', encoding="utf-8")
    for source, target in (("in.csv", "mid.parquet"), ("mid.parquet", "out.jsonl")):
        summary = screened(tmp_path, source, target, prefix=target)
        assert summary.unmapped[:3] == ("id", "Safe (column 2)", "Safe (column 3)")
    assert [*lines(tmp_path / "out.jsonl")[0]][:4] == ["id", "Safe\n(now)", "Safe\n(then)", "detox_need"]


def test_an_empty_list_is_no_answer_and_stays_one(tmp_path):
    """As text, too: what a CSV file makes of it is a problem again."""
    (tmp_path / "in.jsonl").write_text('{"condition_type": [], "x": []}\n{"condition_type": ["mania", null]}\n')
    for source, target in (("in.jsonl", "out.csv"), ("in.csv", "again.csv")):
        summary = screened(tmp_path, source, target)
        assert summary.problems == summary.rows == 2
        with (tmp_path / target).open(encoding="utf-8", newline="") as file:
            found = [*csv.DictReader(file)]
        assert [(row["condition_type"], row["x"]) for row in found] == [("[]", "[]"), ('["mania", null]', "")]
        for row in found:
            assert row["problem"].startswith(f"column `condition_type`: `{row['condition_type']}` is not ")
        with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
            names = ["condition_type", "x"]
            csv.writer(file).writerows([names, *([row[name] for name in names] for row in found)])


BROKEN = {
    b'{"id": 2, "detox_need": "CAN\xc3\xa9ARY': "is no JSON object that is whole on one line",
    b'{"id": 2, "detox_need": "yes"} CANARY': "is no JSON object that is whole on one line",
    b'{"id": 2, "detox_need": CANARY}': "is no JSON object that is whole on one line",
    b'{"detox_need": "no", "detox_need": "CANARY"}': "is an object with one key twice",
    b'{"x": {"a": 1, "a": 2}}': "is an object with one key twice",
    b'["CANARY"]': "is JSON, but no object",
    b'"CANARY"': "is JSON, but no object",
    b'{"detox_need": "CANARY\xff"}': "is not UTF-8 text",
    b'{"detox_need": "CANARY\\ud83d"}': "holds half a character, which is no text",
    b'{"x": ' + b"[" * 20_000: "is nested too deeply",
    b'{"x": ' + b"1" * 5_000 + b"}": "is no JSON object that is whole on one line",
}


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("line", BROKEN, ids=lambda line: repr(line[:20]))
def test_a_broken_line_is_the_problem_of_its_row(line, place, tmp_path, capsys):
    """Where a row ends is certain in JSON lines: the others are what they are without it."""
    whole = [b'{"id": 1, "detox_need": "yes"}', b"{}", b'{"id": 3, "detox_need": "\\ud83d\\ude00"}']
    (tmp_path / "whole.jsonl").write_bytes(b"".join(one + b"\n" for one in whole))
    (tmp_path / "in.jsonl").write_bytes(b"\n".join([*whole[:place], line, *whole[place:]]))
    for ending in ("jsonl", "csv"):
        screened(tmp_path, "whole.jsonl", f"whole.{ending}.{ending}")
        summary = screened(tmp_path, "in.jsonl", f"out.{ending}")
        assert (summary.rows, summary.problems) == (4, 2)
        expected = (tmp_path / f"whole.{ending}.{ending}").read_bytes().splitlines()
        found = (tmp_path / f"out.{ending}").read_bytes().splitlines()
        assert found.pop(place + (ending == "csv")) not in expected
        assert found == expected
    row = lines(tmp_path / "out.jsonl")[place]
    assert {name for name in row if row[name]} == {"recommendation", "problem"}
    told = line.decode("utf-8", "replace")
    assert row["problem"] == f"line {place + 1} {BROKEN[line]}: {' '.join(told.split())}"
    cells = [*csv.DictReader((tmp_path / "out.csv").read_text("utf-8").splitlines())][place]
    assert (cells["id"], cells["detox_need"], cells["problem"]) == ("", "", row["problem"])
    assert "CANARY" not in repr(summary) + "".join(capsys.readouterr())


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
@pytest.mark.parametrize(
    "text",
    [
        '[\n{"detox_need": "CANARY"},\n{"detox_need": "no"}\n]\n',
        '{\n  "detox_need": "CANARY",\n  "x": 1\n}\n',
        '{"detox_need": "CANARY\n',
    ],
)
def test_one_value_over_several_lines_is_no_json_lines(text, name, tmp_path):
    (tmp_path / "in.jsonl").write_text(text)
    with pytest.raises(IopscreenError, match=r"in\.jsonl:1: .* JSON lines hold one object on each line$") as error:
        screened(tmp_path, "in.jsonl", name)
    assert "CANARY" not in str(error.value)
    assert ("the only line is not" in str(error.value)) == (text.count("\n") == 1)
    assert (tmp_path / name).read_bytes() == b""


# --- what is refused, and files --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("in.parquet", b"PAR1 CANARY", "in.parquet: is no whole Parquet file"),
        ("in.parquet", b"", "in.parquet: is no whole Parquet file"),
        (
            "in.jsonl",
            b'{"detox_need": "yes"}\n{"detox_need": CANARY}\n',
            "in.jsonl:2: is no JSON object that is whole on one line; mend it, or write JSON lines or CSV",
        ),
        ("in.jsonl", b'{"detox_need": "yes"\n}\n', "in.jsonl:1: is no JSON object"),
        (
            "in.jsonl",
            b'{"detox_need": 1, "detox_need": "CANARY"}\n',
            "in.jsonl:1: is an object with one key twice; the only line",
        ),
        ("in.jsonl", b'{"a": 1}\n', "in.jsonl: no column is a question of rule set `iop`: found `a`"),
        ("in.jsonl", b'[{"detox_need": "no"}]\n', "in.jsonl:1: is JSON, but no object"),
        ("in.jsonl", b'{"detox_need": "\xff"}\n', "in.jsonl:1: is not UTF-8 text"),
        ("in.jsonl", b"[" * 100_000, "in.jsonl:1: is nested too deeply"),
        ("in.jsonl", b"", "no column is a question"),
        ("in.jsonl", b'{"detox_need": "no", "Detox need": "no"}\n', "both answer `detox_need`"),
        (
            "in.jsonl",
            b'{"detox_need": "no", "rule": "x"}\n',
            "the results need: `rule`; name the new ones with `--prefix`",
        ),
        ("in.jsonl", b'{"detox_need": "no", "Suicide risk": "x"}\n', "may be what `immediate_danger` asks"),
        ("in.csv", b'detox_need,x\nno,"1\n', "probably never closed"),
        (
            "in.csv",
            b'id,detox_need,"x\n1,yes,CANARY 5"\n2,no,\n',
            "in.csv:1: a quote opened on this line, in the header",
        ),
    ],
)
def test_refused(name, data, message, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(IopscreenError) as error:
        screened(tmp_path, name, "out.parquet")
    assert message in str(error.value)
    assert "CANARY" not in str(error.value)


def run(*arguments, cwd: Path, **environment):
    command = [sys.executable, "-m", "iopscreen", "batch", *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, check=False, timeout=600, env={**os.environ, **environment}
    )


def test_through_the_command_line(tmp_path):
    pq.write_table(pa.table({"detox_need": [True, None], "x": ["=1", "y"]}), tmp_path / "in.parquet")
    done = run("in.parquet", "-o", "out.parquet", "--summary", "sum.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"2 rows in = 2 rows out = 1 decided + 1 undecided + 0 problems" in done.stderr
    assert b"lines in" not in done.stderr
    assert (tmp_path / "out.parquet").stat().st_mode & 0o777 == 0o600
    # On stdout, and where nothing else is said, CSV.
    done = run("in.parquet", "--excel-safe", cwd=tmp_path)
    assert done.stdout.startswith(b"detox_need,x,recommendation,")
    assert b"\ntrue,'=1,inpatient,needs-detox," in done.stdout
    kept = (tmp_path / "out.parquet").read_bytes()
    assert run("in.parquet", "-o", "out.parquet", cwd=tmp_path).returncode == 2
    (tmp_path / "bad.jsonl").write_text('{"detox_need": true}\n{"detox_need": CANARY\n')
    done = run("bad.jsonl", "-o", "out.parquet", "--force", cwd=tmp_path)
    assert done.returncode == 2 and b"CANARY" not in done.stderr
    assert (tmp_path / "out.parquet").read_bytes() == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "in.parquet", "out.parquet", "sum.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in.parquet", "-o", "x.csv", "--problems", "p.csv"], b"`--problems` writes rows of a CSV file"),
        (["in.parquet", "-o", "x.csv", "--encoding", "cp1252"], b"`--encoding` is for CSV files"),
        (["in.parquet", "-o", "x.csv", "--jobs", "2"], b"`--jobs` is for CSV files"),
        (["in.parquet", "--dry-run"], b"`--dry-run` is for CSV files"),
    ],
)
def test_options_that_mean_nothing_for_tables(arguments, message, tmp_path):
    pq.write_table(pa.table({"detox_need": [True]}), tmp_path / "in.parquet")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize(("extra", "named"), [("duckdb", tables.PACKAGES), ("spark", spark_run.PACKAGES)])
def test_the_packages_that_messages_name_are_those_of_the_extra(extra, named):
    """By their own names: an extra can be installed only by who has a checkout."""
    project = tomllib.loads((RULES.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert shlex.split(named) == project["optional-dependencies"][extra]


def test_without_the_extra_it_is_named(tmp_path):
    """Everything else works without it."""
    (tmp_path / "duckdb.py").write_text("raise ImportError")
    (tmp_path / "in.csv").write_text("detox_need\nyes\n")
    pq.write_table(pa.table({"detox_need": [True]}), tmp_path / "in.parquet")
    root = str(RULES.parent)
    for name, out in (("in.parquet", "-"), ("in.csv", "out.jsonl")):
        done = run(name, "-o", out, cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{root}")
        assert done.returncode == 2
        assert f"needs two packages that do not come along: pip install {tables.PACKAGES}".encode() in done.stderr
    assert run("in.csv", cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{root}").returncode == 0
    assert not (tmp_path / "out.jsonl").exists()


def test_duckdb_reads_what_came_out(tmp_path):
    """An independent reader of the tables."""
    (tmp_path / "in.jsonl").write_text('{"detox_need": true, "age": 3}\n{"detox_need": "maybe"}\n')
    screened(tmp_path, "in.jsonl", "out.parquet")
    query = f"SELECT detox_need, age, recommendation, rule FROM '{tmp_path}/out.parquet'"
    assert duckdb.sql(query).fetchall() == [("true", 3, "inpatient", "needs-detox"), ('"maybe"', None, "error", None)]


def test_a_parquet_file_whose_names_are_no_texts_is_refused(tmp_path):
    pq.write_table(pa.table({"detox_need": ["no"], "zqzqzqzq": [1]}), tmp_path / "in.parquet")
    data = (tmp_path / "in.parquet").read_bytes()
    (tmp_path / "in.parquet").write_bytes(data.replace(b"zqzqzqzq", b"zqzq\xff\xfezq"))
    with pytest.raises(IopscreenError, match="is no whole Parquet file"):
        screened(tmp_path, "in.parquet", "out.jsonl")


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.list_(pa.string())]
)
@pytest.mark.parametrize("column", ["note", "detox_need"])
def test_a_parquet_file_with_texts_of_another_encoding_is_refused_with_its_column(column, kind, tmp_path):
    values = ["zqzqzqzq", "no"] if not pa.types.is_list(kind) else [["zqzqzqzq"], ["no"]]
    table = pa.table({"detox_need": ["no", "yes"]} | {column: pa.array(values, kind)})
    pq.write_table(table, tmp_path / "in.parquet", compression="none", write_statistics=False, store_schema=False)
    data = (tmp_path / "in.parquet").read_bytes()
    assert data.count(b"zqzqzqzq") == 1
    (tmp_path / "in.parquet").write_bytes(data.replace(b"zqzqzqzq", b"zqzq\xe9qzq"))
    for target in ("out.parquet", "out.jsonl", "out.csv"):
        with pytest.raises(IopscreenError, match=f"column `{column}` holds a text that is not UTF-8") as refused:
            screened(tmp_path, "in.parquet", target)
        assert "zqzq" not in str(refused.value)
