"""`iopscreen show --format sql`: what the SELECT says is what `iopscreen batch` says, in every dialect that runs here.

DuckDB always; PostgreSQL where its programs are installed; Spark in `test_spark.py`.
"""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import duckdb
import pytest
from conftest import RULES, TESTS
from engines import HOSTILE, all_callers, by_batch, deciding, random_callers, rule_file
from random_rule_sets import made

from iopscreen.engine.compiled import compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.export import sql
from iopscreen.export.dialects import Dialect
from iopscreen.export.sql import decision_sql
from iopscreen.ruleset.model import Kind, RuleFile
from iopscreen.ruleset.reader import read_rule_file

TOLD = ("recommendation", "rule", "because", "possible", "ask_next")


@cache
def shipped(name: str) -> RuleFile:
    return read_rule_file(str(RULES / f"{name}.yaml"))


def columns(file: RuleFile, text: str, number: str, quote: str = '"') -> str:
    """The columns of a table of callers."""
    kinds = {question.id: question.kind for question in deciding(file.rule_set)}
    named = [f"{quote}{name}{quote} {number if kind is Kind.WHOLE_NUMBER else text}" for name, kind in kinds.items()]
    return ", ".join([f"nr {number}", *named])


def on_duckdb(file: RuleFile, callers, query: str) -> list[dict]:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE calls ({columns(file, 'VARCHAR', 'BIGINT')})")
    marks = ", ".join("?" for _ in range(len(callers[0]) + 1))
    rows = [[number, *caller.values()] for number, caller in enumerate(callers)]
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        connection.execute(
            f"INSERT INTO calls VALUES {', '.join([f'({marks})'] * len(part))}", [cell for row in part for cell in row]
        )
    connection.execute(f"CREATE VIEW screened AS {query}")
    found = connection.execute("SELECT * FROM screened ORDER BY nr")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def agree(file: RuleFile, callers, rows) -> None:
    """Every row of SQL says what the batch says."""
    expected = by_batch(compile_rule_set(file.rule_set), callers)
    assert len(rows) == len(callers)
    for caller, row, batch in zip(callers, rows, expected, strict=True):
        assert {name: row[name] for name in caller} == caller
        said = {name: row[name] or "" for name in TOLD}
        wanted = {name: batch[name] for name in TOLD}
        if file.rule_set.impossible and said["ask_next"] != wanted["ask_next"]:
            # No question matters alone: the batch lists a smallest set, the SELECT every one that is tested.
            smallest = set(wanted.pop("ask_next").split(";"))
            assert len(smallest) > 1 and smallest < set(said.pop("ask_next").split(";"))
        assert said == wanted, caller
        assert (row["problem"] is not None) == (batch["problem"] != "")
        assert "" not in [row[name] for name in (*TOLD, "problem")], "nothing to say is null"
        if "cannot occur" in batch["problem"]:
            assert row["problem"] == batch["problem"]


def query(file: RuleFile, dialect: Dialect = Dialect.DUCKDB) -> str:
    return decision_sql(file, dialect, "calls")


def test_every_state_of_the_shipped_questions():
    callers = all_callers(shipped("iop").rule_set)
    assert len(callers) == 4864
    agree(shipped("iop"), callers, on_duckdb(shipped("iop"), callers, query(shipped("iop"))))


def site_callers():
    return random_callers(random.Random(6), shipped("iop-site-example").rule_set, 2000)


def test_the_larger_rule_set():
    """All its states are more than a million."""
    file, callers = shipped("iop-site-example"), site_callers()
    agree(file, callers, on_duckdb(file, callers, query(file)))


def hostile_callers():
    return random_callers(random.Random(7), rule_file(HOSTILE).rule_set, 1500, messy=0.05)


def test_hostile_words():
    file, callers = rule_file(HOSTILE), hostile_callers()
    rows = on_duckdb(file, callers, query(file))
    agree(file, callers, rows)
    assert {row["rule"] for row in rows} == {"one-rule", "two", "three", "four", "five", None}
    assert any('It\'s "impossible" `here`; \\ ${HOME} $1' in (row["problem"] or "") for row in rows)


@pytest.mark.parametrize("part", range(4))
def test_random_rule_sets(part):
    impossible = 0
    for number in range(25):
        seed = 1000 * part + number
        file = rule_file(made(seed).text)
        impossible += bool(file.rule_set.impossible)
        callers = random_callers(random.Random(seed), file.rule_set, 60)
        agree(file, callers, on_duckdb(file, callers, query(file)))
    assert impossible > 5


FOR_NOTES = """\
format: 1
id: apart
version: "1.0.0"
title: Impossible answers that are for notes alone
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions:
  k: {ask: K, type: yes_no}
  fn: {ask: F, type: yes_no, for_notes: yes}
impossible:
%s
rules:
  - {id: r, when: {k: yes}, recommend: high, because: x, basis: site}
  - {id: s, when: {}, recommend: low, because: x, basis: site}
notes:
  - {id: n, when: {fn: yes}, say: S}
"""
NO_NOTE, NO_YES = "  - {id: i, when: {fn: no}, because: x}", "  - {id: j, when: {fn: yes}, because: x}"


def test_impossible_answers_for_notes_alone_change_no_recommendation():
    file = rule_file(FOR_NOTES % NO_NOTE)
    callers = [{"k": answer} for answer in ("yes", "no", "unknown", "declined", None)]
    rows = on_duckdb(file, callers, query(file))
    agree(file, callers, rows)
    assert [row["recommendation"] for row in rows][:2] == ["high", "low"]
    with pytest.raises(IopscreenError, match="nobody is possible under `i`, `j`"):
        query(rule_file(FOR_NOTES % f"{NO_NOTE}\n{NO_YES}"))


@pytest.mark.parametrize("table", ["e\x1b[31m", "a\x9bb", "a.b\u202e", "", "a..b"])
def test_what_can_be_no_name_of_a_table_is_refused(table):
    with pytest.raises(IopscreenError, match="should be the name of a table"):
        decision_sql(shipped("iop"), Dialect.DUCKDB, table)


# --- what is written, and what is refused -----------------------------------------------------

WRITTEN = [("iop", Dialect.DUCKDB), *(("hostile", dialect) for dialect in Dialect)]


@pytest.mark.parametrize(("name", "dialect"), WRITTEN, ids=[f"{name}-{dialect}" for name, dialect in WRITTEN])
def test_the_text(name, dialect, compare):
    file = shipped(name) if name == "iop" else rule_file(HOSTILE)
    compare(TESTS / "cases" / "sql" / f"{name}.{dialect}.sql", decision_sql(file, dialect, "notes.calls"))


def test_a_table_of_another_name():
    connection = duckdb.connect()
    connection.execute('CREATE SCHEMA "select"')
    names = ", ".join(f"{question.id} TEXT" for question in deciding(shipped("iop").rule_set))
    connection.execute(f"""CREATE TABLE "select"."it's ""odd" ({names})""")
    connection.execute("""INSERT INTO "select"."it's ""odd" (detox_need, immediate_danger) VALUES ('yes', 'no')""")
    select = decision_sql(shipped("iop"), Dialect.DUCKDB, "select.it's \"odd")
    assert connection.execute(f"SELECT rule FROM ({select})").fetchall() == [("needs-detox",)]


def test_only_canonical_answers_are_read():
    """What a batch reads in several spellings is an error here, never a guess."""
    callers = [{"condition_type": "mania", "detox_need": cell} for cell in ("Yes", " yes", "y", "true", "n/a", "yes")]
    blank = dict.fromkeys(question.id for question in deciding(shipped("iop").rule_set))
    rows = on_duckdb(shipped("iop"), [{**blank, **caller} for caller in callers], query(shipped("iop")))
    assert [row["recommendation"] for row in rows] == [*["error"] * 5, "undecided"]
    assert rows[0]["problem"] == "detox_need is not yes, no, unknown or declined"


def test_a_tangled_rule_set_is_refused(monkeypatch):
    monkeypatch.setattr(sql, "MAX_COLUMNS", 5)
    with pytest.raises(IopscreenError, match="too tangled for one SELECT; use `iopscreen batch`"):
        query(shipped("iop"))


def test_through_the_command_line(tmp_path):
    run = [sys.executable, "-m", "iopscreen", "show", "iop"]
    done = subprocess.run([*run, "--format", "sql"], cwd=tmp_path, capture_output=True, check=True, timeout=600)
    assert done.stdout.decode() == query(shipped("iop"))
    for arguments, message in (
        (["--dialect", "spark"], b"`--dialect` and `--table` are for `--format sql`"),
        (["--format", "sql", "--table", "a."], b"should be the name of a table"),
    ):
        done = subprocess.run([*run, *arguments], cwd=tmp_path, capture_output=True, check=False, timeout=600)
        assert done.returncode == 2
        assert message in done.stderr


# --- PostgreSQL ------------------------------------------------------------------------------


def program(name: str) -> str | None:
    """One of PostgreSQL's programs; Debian keeps most of them off the path."""
    return shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)


MISSING = [name for name in ("initdb", "postgres", "psql", "runuser") if program(name) is None]


@pytest.fixture(scope="module")
def postgres():
    """A server of its own that listens to no network: runs a script of psql, and returns what it prints."""
    if MISSING:
        pytest.skip(f"PostgreSQL is not installed here: no {', '.join(MISSING)}")
    folder = tempfile.mkdtemp(prefix="iopscreen-pg-")
    # The server refuses to run as root.
    as_owner = [program("runuser"), "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres")
    data = f"{folder}/data"
    subprocess.run(
        [*as_owner, program("initdb"), "-D", data, "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C", "-N"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=600,
    )
    server = subprocess.Popen(
        [*as_owner, program("postgres"), "-D", data, "-k", folder, "-h", "", "-c", "fsync=off"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        psql = [program("psql"), "-X", "-q", "-h", folder, "-U", "tester", "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
        wait_for(psql)
        yield lambda script: subprocess.run(
            psql, input=script.encode(), check=True, capture_output=True, timeout=600
        ).stdout.decode()
    finally:
        server.terminate()
        server.wait(timeout=600)
        shutil.rmtree(folder)


def wait_for(psql) -> None:
    for _ in range(600):
        if subprocess.run([*psql, "-c", "SELECT 1"], capture_output=True, check=False, timeout=600).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


NULL = "(null)"


def on_postgres(postgres, file: RuleFile, callers, select: str) -> list[dict]:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    for number, caller in enumerate(callers):
        writer.writerow([number, *(NULL if cell is None else cell for cell in caller.values())])
    how = f"WITH (FORMAT csv, NULL '{NULL}'"
    out = postgres(
        f"""DROP TABLE IF EXISTS calls CASCADE;
        CREATE TABLE calls ({columns(file, "text", "bigint")});
        COPY calls FROM STDIN {how});
{table.getvalue()}\\.
        CREATE VIEW screened AS {select};
        COPY (SELECT * FROM screened ORDER BY nr) TO STDOUT {how}, HEADER);
        """
    )
    kinds = {question.id: question.kind for question in deciding(file.rule_set)}
    return [
        {
            name: None if cell == NULL else int(cell) if kinds.get(name) is Kind.WHOLE_NUMBER else cell
            for name, cell in row.items()
        }
        for row in csv.DictReader(io.StringIO(out, newline=""))
    ]


def test_postgres_says_the_same(postgres):
    file = shipped("iop")
    callers = all_callers(file.rule_set)
    agree(file, callers, on_postgres(postgres, file, callers, query(file, Dialect.POSTGRES)))
    file = shipped("iop-site-example")
    callers = site_callers()[:500]
    agree(file, callers, on_postgres(postgres, file, callers, query(file, Dialect.POSTGRES)))
    file = rule_file(HOSTILE)
    callers = hostile_callers()
    agree(file, callers, on_postgres(postgres, file, callers, query(file, Dialect.POSTGRES)))


def test_postgres_says_the_same_of_random_rule_sets(postgres):
    for seed in range(15):
        file = rule_file(made(seed).text)
        callers = random_callers(random.Random(seed), file.rule_set, 60)
        agree(file, callers, on_postgres(postgres, file, callers, query(file, Dialect.POSTGRES)))
