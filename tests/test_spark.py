"""`iopscreen batch --engine spark`, its Python API, and the SQL in Spark's dialect: all say what the batch says.

One session serves the whole module; without Java its tests are skipped.
"""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import RULES
from engines import HOSTILE, all_callers, by_batch, random_callers, rule_file
from random_rule_sets import made
from test_sql import agree, columns, query, shipped, site_callers
from test_tables import told, typed

from iopscreen.batch.header import APPENDED
from iopscreen.batch.opening import BatchOptions
from iopscreen.batch.run import screen_file
from iopscreen.batch.spark_run import SETTINGS
from iopscreen.cli import app
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.export.dialects import Dialect

IOP = shipped("iop")
JAVA = shutil.which("java", path=f"{os.environ['JAVA_HOME']}/bin" if "JAVA_HOME" in os.environ else None)


@pytest.fixture(scope="module")
def session():
    """Spark on this machine, quick to start and small."""
    if JAVA is None:
        pytest.skip("Spark is not tried here: there is no Java")
    from pyspark.sql import SparkSession

    before = {name: os.environ.get(name) for name in ("PYSPARK_PYTHON", "SPARK_LOCAL_IP")}
    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    builder = SparkSession.builder.master("local[2]").config(map=SETTINGS).config("spark.driver.host", "127.0.0.1")
    builder = builder.config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    found = builder.getOrCreate()
    yield found
    found.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


def frame(session, callers, folder: Path, *, parts: int = 2):
    """A table of callers in several files, with their numbers: rows of a cluster come in no order."""
    folder.mkdir()
    for part in range(parts):
        rows = [{"nr": number, **caller} for number, caller in enumerate(callers) if number % parts == part]
        pq.write_table(pa.table({name: [row[name] for row in rows] for name in rows[0]}), folder / f"{part}.parquet")
    return session.read.parquet(str(folder))


def in_order(rows) -> list[dict]:
    return sorted((row.asDict() for row in rows), key=lambda row: int(row["nr"]))


# --- the Python API --------------------------------------------------------------------------


def test_every_state_of_the_shipped_questions(session, tmp_path):
    from iopscreen.batch.spark import screened

    callers = all_callers(IOP.rule_set)
    expected = [told(row) for row in by_batch(compile_rule_set(IOP.rule_set), callers)]
    questions = IOP.rule_set.question
    values = [{name: typed(questions[name], cell) for name, cell in caller.items()} for caller in callers]
    rows = in_order(screened(frame(session, values, tmp_path / "calls")).collect())
    assert [told(row) for row in rows] == expected
    assert [{name: row[name] for name in values[0]} for row in rows] == values


def test_messy_cells_and_rules_that_travel(session, tmp_path):
    from iopscreen.batch.spark import screened

    for number, text in enumerate([HOSTILE, made(3).text]):
        file = rule_file(text)
        callers = random_callers(random.Random(number), file.rule_set, 150, messy=0.1)
        rules = tmp_path / f"{number}.yaml"
        rules.write_text(text, encoding="utf-8")
        decided = screened(frame(session, callers, tmp_path / f"calls{number}"), str(rules), prefix="our_")
        rules.unlink()  # before anything ran: no worker reads the file
        rows = in_order(decided.collect())
        ours = [{name: row[f"our_{name}"] or "" for name in APPENDED} for row in rows]
        assert ours == [told(row) for row in by_batch(compile_rule_set(file.rule_set), callers)]
        assert [{name: row[name] for name in callers[0]} for row in rows] == callers


def test_columns_are_refused_before_anything_runs(session):
    from iopscreen.batch.spark import screened

    calls = session.createDataFrame([("yes", 1)], "detox_need string, `Suicide risk` int")
    with pytest.raises(IopscreenError, match="settle it with `map="):
        screened(calls)
    with pytest.raises(IopscreenError, match="`ignore_columns` should be a list of columns"):
        screened(calls, ignore_columns="Suicide risk")
    assert screened(calls, ignore_columns=["Suicide risk"]).columns[-8:] == list(APPENDED)
    assert screened(calls, map={"Suicide risk": "immediate_danger"}).first()["problem"] is None
    with pytest.raises(IopscreenError, match="the table: no column is a question of rule set `iop`: found `x`"):
        screened(session.createDataFrame([("yes",)], "x string"))


# --- SQL -------------------------------------------------------------------------------------


def by_sql(session, file, callers) -> list[dict]:
    rows = [(number, *caller.values()) for number, caller in enumerate(callers)]
    session.createDataFrame(rows, columns(file, "string", "bigint", "`")).createOrReplaceTempView("calls")
    return in_order(session.sql(query(file, Dialect.SPARK)).collect())


def test_the_select_says_the_same(session):
    states = random.Random(1).sample(all_callers(IOP.rule_set), 700)
    agree(IOP, states, by_sql(session, IOP, states))
    hostile = rule_file(HOSTILE)
    callers = random_callers(random.Random(7), hostile.rule_set, 400, messy=0.05)
    agree(hostile, callers, by_sql(session, hostile, callers))
    site = shipped("iop-site-example")
    agree(site, site_callers()[:60], by_sql(session, site, site_callers()[:60]))
    for seed in range(2):
        file = rule_file(made(seed).text)
        callers = random_callers(random.Random(seed), file.rule_set, 60)
        agree(file, callers, by_sql(session, file, callers))


# --- the command -----------------------------------------------------------------------------


def batch(*arguments) -> int:
    """The command, on the session that is there; its exit status."""
    return app(["batch", "--engine", "spark", *map(str, arguments)], standalone_mode=False) or 0


def parquet(folder: Path) -> list[dict]:
    return pq.read_table(folder).to_pylist()


def test_a_folder_of_parquet(session, tmp_path, capfd):
    callers = random_callers(random.Random(2), IOP.rule_set, 200, messy=0.02)
    callers = [{name: cell for name, cell in caller.items() if name != "immediate_danger"} for caller in callers]
    frame(session, callers, tmp_path / "calls")
    expected = by_batch(compile_rule_set(IOP.rule_set), callers)
    out = tmp_path / "screened"
    assert batch(tmp_path / "calls", out) == 1
    rows = sorted(parquet(out), key=lambda row: row["nr"])
    assert [told(row) for row in rows] == [told(row) for row in expected]
    assert (out / "_SUCCESS").exists()
    assert {path.stat().st_mode & 0o077 for path in (out, *out.iterdir())} == {0}
    said = " ".join(capfd.readouterr().err.split())
    problems = sum(row["recommendation"] == "error" for row in expected)
    undecided = sum(row["recommendation"] == "undecided" for row in expected)
    assert f"200 rows in = 200 rows out = {200 - problems - undecided} decided + {undecided} undecided" in said
    # All that is decided rests on the assumption.
    assert f"assumed immediate_danger=no on {200 - problems} rows, as the file has no column for it" in said
    assert f"{200 - problems - undecided} recommendations rest on that" in said
    with pytest.raises(IopscreenError, match="exists already; replace it with `--force`"):
        batch(tmp_path / "calls", out)
    assert batch(tmp_path / "calls", out, "--force") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls", "screened"]


def test_a_folder_of_folders(session, tmp_path):
    """As tables are kept by day; the day is a column."""
    for day in (1, 2):
        (tmp_path / "calls" / f"day={day}").mkdir(parents=True)
        pq.write_table(pa.table({"detox_need": [True] * day}), tmp_path / "calls" / f"day={day}" / "x.snappy.parquet")
    assert batch(tmp_path / "calls", tmp_path / "out") == 0
    assert sorted((row["day"], row["rule"]) for row in parquet(tmp_path / "out")) == [
        (1, "needs-detox"),
        (2, "needs-detox"),
        (2, "needs-detox"),
    ]


MESSY = '''id,Condition type,Detox need,"Safe living environment"
1,self harm,No,Yes
2,"alcohol; ""depression""",Yes,
3,"two
lines",n,dk
4,bipolar II,maybe," no "
5,mania,no
6,mania,no,yes,MORE,"CELLS ""q"""
7,,,
'''


def test_csv(session, tmp_path):
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.csv").write_text(MESSY, "utf-8")
    (tmp_path / "calls" / "b.csv").write_text(MESSY.splitlines()[0] + "\n8,other,no,yes\n", "utf-8")
    assert batch(tmp_path / "calls", tmp_path / "out") == 1
    found = {}
    for path in (tmp_path / "out").glob("*.csv"):
        found |= {row["id"]: row for row in csv.DictReader(io.StringIO(path.read_text("utf-8"), newline=""))}
    target = io.BytesIO()
    whole = (MESSY + "8,other,no,yes\n").encode()
    screen_file(compile_rule_set(IOP.rule_set), io.BytesIO(whole), target, BatchOptions(), name="x")
    for row in csv.DictReader(io.StringIO(target.getvalue().decode(), newline="")):
        mine = found.pop(row["id"])
        if row["id"] == "6":
            # Cells beyond the header have no column here; they stand in what is said of the row.
            assert mine["recommendation"] == "error"
            assert mine["problem"] == 'long row: 6 cells for 4 columns; those without a column: MORE,"CELLS ""q"""'
        else:
            assert mine == {name: cell or "" for name, cell in row.items() if name is not None}
    assert found == {}


def test_a_csv_file_is_never_split(session, tmp_path):
    """Where a row begins is known from the start of its file alone."""
    from iopscreen.batch.spark import csv_lines

    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(1 << 30)  # takes no room on the disk
    assert csv_lines(session, str(tmp_path)).rdd.getNumPartitions() == 1
    assert session.read.text(str(tmp_path / "large.csv")).rdd.getNumPartitions() == 1
    session.conf.set("spark.sql.files.maxPartitionBytes", 1 << 27)
    session.conf.set("spark.sql.files.openCostInBytes", 1 << 22)
    assert session.read.text(str(tmp_path / "large.csv")).rdd.getNumPartitions() > 1


def test_a_failure_leaves_nothing(session, tmp_path, capfd):
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.csv").write_text("detox_need,CANARY\nno,CANARY\n", "utf-8")
    (tmp_path / "calls" / "b.csv").write_text("CANARY,detox_need\nCANARY,no\n", "utf-8")
    with pytest.raises(IopscreenError, match="its columns are not those of the other files") as error:
        batch(tmp_path / "calls", tmp_path / "out")
    assert "CANARY" not in str(error.value) + capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["calls"]


@pytest.mark.parametrize(
    ("source", "text", "message"),
    [
        (
            "calls.csv",
            'detox_need,x\nno,1\nno,"2\nno,3\n',
            "calls.csv:3: the quote opened on this line was probably never",
        ),
        ("calls.csv", "", "is empty"),
        ("calls.csv", "detox_need,Detox need\nno,1\n", "both answer `detox_need`"),
        ("calls.csv", "a,b\nno,1\n", "no column is a question"),
        ("calls.txt", "detox_need\n", "holds nothing named .csv or .parquet"),
        (None, None, "there is no such file or folder"),
    ],
)
def test_refused(session, tmp_path, source, text, message):
    if source:
        (tmp_path / source).write_text(text, "utf-8")
    with pytest.raises(IopscreenError, match=message):
        batch(tmp_path / (source or "calls.csv"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- without a session -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in.csv", "--engine", "spark"], "reads files and writes a folder: batch --engine spark IN OUT"),
        (["-", "out", "--engine", "spark"], "reads files and writes a folder"),
        (["in.csv", "out", "--engine", "spark", "-o", "x"], "`--output` does not go with `--engine spark`"),
        (["in.csv", "out", "--engine", "spark", "--excel-safe"], "`--excel-safe` does not go"),
        (["in.csv", "out", "--engine", "spark", "--jobs", "2"], "`--jobs` does not go"),
        (["in.csv", "out", "--engine", "spark", "--dry-run"], "`--dry-run` does not go"),
        (["in.csv", "out"], "are for `--engine spark`; name the result with `-o`"),
        (["in.csv", "--master", "local"], "are for `--engine spark`"),
    ],
)
def test_options_that_do_not_go_together(arguments, message):
    with pytest.raises(IopscreenError, match=message):
        app(["batch", *arguments], standalone_mode=False)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("pyspark", b"do not come along: pip install 'pyspark>="),
        ("java", b"needs Java 17 or newer; there is none in JAVA_HOME"),
    ],
)
def test_what_is_missing_is_named(missing, message, tmp_path):
    if missing == "pyspark":
        (tmp_path / "pyspark.py").write_text("raise ImportError")
    environment = {**os.environ, "JAVA_HOME": str(tmp_path), "PYTHONPATH": f"{tmp_path}:{RULES.parent}"}
    command = [sys.executable, "-m", "iopscreen", "batch", "--engine", "spark", "in.csv", "out"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=600)
    assert done.returncode == 2
    assert message in b" ".join(done.stderr.split())
