"""`iopscreen batch`: every row comes out, in its place, decided as everywhere else, and nothing is guessed.

A case is a folder in `cases/batch`: `in.csv`, `out.csv` (none where the file is refused), `stderr.txt`
(the summary, or why it is refused), `exit`; and where they matter `options` (one a line, as on the
command line), `rules` (the name of a shipped rule set) or `rules.yaml`, `old.yaml` (the rules to
compare with), `problems.csv` (the rows with problems), `preview.txt` (what a dry run shows, where there is one).
"""

from __future__ import annotations

import csv
import io
import os
import random
import re
import subprocess
import sys
import tracemalloc
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import pytest
from conftest import RULES, TESTS, UPDATE

from iopscreen import batching
from iopscreen.batch import cells as caches
from iopscreen.batch import fast, lines, parts, run, tails
from iopscreen.batch.header import APPENDED
from iopscreen.batch.run import BatchOptions, Earlier, Summary, parse_map, screen_file
from iopscreen.batch.writer import Writer
from iopscreen.engine.budget import TooTangled
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.report.batch import summary_lines
from iopscreen.report.preview import preview_text
from iopscreen.ruleset.reader import read_rule_file

CASES = sorted(path for path in (TESTS / "cases" / "batch").iterdir() if path.is_dir())
CANARY = "CANARY"


@cache
def compiled_from(path: Path) -> Compiled:
    return compile_rule_set(read_rule_file(str(path)).rule_set)


def shipped(name: str = "iop") -> Compiled:
    return compiled_from(RULES / f"{name}.yaml")


def screened(data: bytes | str, compiled: Compiled | None = None, **options) -> tuple[bytes, Summary]:
    """What comes out of `data`, and the summary."""
    source = io.BytesIO(data.encode() if isinstance(data, str) else data)
    target = io.BytesIO()
    summary = screen_file(compiled or shipped(), source, target, BatchOptions(**options), name="calls.csv")
    return target.getvalue(), summary


def told(data: bytes | str, compiled: Compiled | None = None, **options) -> list[dict[str, str]]:
    """The rows that come out of `data`, by header."""
    out, _ = screened(data, compiled, **options)
    return list(csv.DictReader(io.StringIO(out.decode("utf-8-sig"), newline="")))


# --- cases ----------------------------------------------------------------------------------


def case_arguments(case: Path) -> list[str]:
    """The options of a case, as on the command line."""
    path = case / "options"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [part for line in lines for part in line.split(" ", 1)]


def case_options(case: Path) -> BatchOptions:
    arguments = case_arguments(case)
    values: dict[str, list[str]] = {}
    for flag, value in pairwise([*arguments, ""]):
        values.setdefault(flag, []).append(value)
    return BatchOptions(
        map=parse_map(values.get("--map", [])),
        ignore_columns=frozenset(values.get("--ignore-column", [])),
        excel_safe="--excel-safe" in arguments,
        prefix=values.get("--prefix", [""])[0],
        encoding=values.get("--encoding", ["utf-8"])[0],
    )


def case_rules(case: Path) -> Path:
    if (case / "rules.yaml").exists():
        return case / "rules.yaml"
    name = (case / "rules").read_text(encoding="utf-8").strip() if (case / "rules").exists() else "iop"
    return RULES / f"{name}.yaml"


def case_earlier(case: Path) -> Earlier | None:
    path = case / "old.yaml"
    return Earlier(compiled_from(path), case_options(case).map) if path.exists() else None


def case_wishes(case: Path, folder: Path) -> batching.Wishes:
    """What the command line asks for; files go to `folder`."""
    arguments = case_arguments(case)
    options = case_options(case)
    named = {"--map": [], "--ignore-column": []}
    for flag, value in pairwise([*arguments, ""]):
        named.setdefault(flag, []).append(value)
    return batching.Wishes(
        source="in.csv",
        rules=str(case_rules(case)),
        output=str(folder / "out.csv"),
        problems=str(folder / "problems.csv"),
        summary=None,
        compare="old.yaml" if (case / "old.yaml").exists() else None,
        column_map=named["--map"],
        ignore_columns=named["--ignore-column"],
        excel_safe=options.excel_safe,
        prefix=options.prefix,
        encoding=options.encoding,
        force=False,
    )


def compare_bytes(path: Path, data: bytes) -> None:
    if os.environ.get(UPDATE) == "1":
        path.write_bytes(data)
    assert data == path.read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case, compare, tmp_path, monkeypatch):
    monkeypatch.chdir(case)
    wishes = case_wishes(case, tmp_path)
    if (case / "preview.txt").exists():
        preview, file = batching.dry_run(wishes)
        compare(case / "preview.txt", preview_text(preview, file.rule_set, 100))
        assert list(tmp_path.iterdir()) == []
    try:
        screened = batching.screen(wishes)
    except IopscreenError as error:
        compare(case / "exit", "2\n")
        compare(case / "stderr.txt", f"{error}\n")
        assert not (case / "out.csv").exists()
        assert list(tmp_path.iterdir()) == []
        return
    compare(case / "exit", "1\n" if screened.summary.problems else "0\n")
    lines = summary_lines(screened.summary, screened.file.rule_set)
    compare(case / "stderr.txt", "".join(f"{line}\n" for line in lines))
    compare_bytes(case / "out.csv", (tmp_path / "out.csv").read_bytes())
    if screened.summary.problems:
        compare_bytes(case / "problems.csv", (tmp_path / "problems.csv").read_bytes())
    assert (case / "problems.csv").exists() == bool(screened.summary.problems)


def test_the_cases_differ_in_what_they_show():
    exits = {case.name: (case / "exit").read_text(encoding="utf-8") for case in CASES}
    assert set(exits.values()) == {"0\n", "1\n", "2\n"}
    assert all((code == "2\n") == name.startswith("refused-") for name, code in exits.items())
    assert all((case / "out.csv").exists() == (exits[case.name] != "2\n") for case in CASES)


@pytest.mark.parametrize("name", ["spreadsheet-export", "formulas-excel-safe", "map-and-prefix", "refused-open-quote"])
def test_case_through_the_command_line(name, tmp_path):
    case = TESTS / "cases" / "batch" / name
    command = [sys.executable, "-m", "iopscreen", "batch", "in.csv", "--rules", str(case_rules(case))]
    target = tmp_path / "out.csv"
    done = subprocess.run(
        [*command, *case_arguments(case), "-o", str(target)], cwd=case, capture_output=True, check=False, timeout=600
    )
    assert done.returncode == int((case / "exit").read_text(encoding="utf-8"))
    assert done.stdout == b""
    # Lines are wrapped to the terminal.
    expected = (case / "stderr.txt").read_text(encoding="utf-8").split()
    assert " ".join(expected) in " ".join(done.stderr.decode().split())
    if (case / "out.csv").exists():
        assert target.read_bytes() == (case / "out.csv").read_bytes()
        assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == (["out.csv"] if (case / "out.csv").exists() else [])


# --- every state of the shipped questions, against the design's own table --------------------

TREATED = {"eating_disorder", "bipolar_1", "bipolar_2", "mania", "bipolar", "unipolar_depression", "self_harm"}
TREATED |= {"chemical_dependency"}
RANK = ["referral", "iop", "inpatient", "emergency_referral"]
QUESTIONS = [
    "immediate_danger",
    "condition_type",
    "detox_need",
    "recent_psychiatric_discharge",
    "safe_living_environment",
]
YES_NO_CELLS = ["yes", "no", "unknown", ""]
CONDITION_CELLS = [*sorted(TREATED), "other", "self_harm;other", "mania;chemical_dependency", "unknown", "declined", ""]


def first_match(danger: bool, treated: bool, detox: bool, discharge: bool, safe: bool) -> tuple[str, str] | None:
    """The table of the design, section 4: the rule and what it recommends."""
    if danger:
        return "immediate-danger", "emergency_referral"
    if detox:
        return "needs-detox", "inpatient"
    if not treated and not discharge:
        return "not-treated-here", "referral"
    if not safe:
        return "unsafe-home", "inpatient"
    return ("treated-condition", "iop") if treated else ("step-down", "iop")


def possible_facts(cells: dict[str, str]) -> list[list[bool]]:
    """Per question, what may be true of the caller."""
    facts = []
    for question in QUESTIONS:
        cell = cells[question]
        if cell in ("", "unknown", "declined"):
            facts.append([True, False])
        elif question == "condition_type":
            facts.append([bool(TREATED & set(cell.split(";")))])
        else:
            facts.append([cell == "yes"])
    return facts


def expected_columns(cells: dict[str, str]) -> dict[str, str]:
    """What the row should be told, found by trying every caller that it may be."""
    facts = possible_facts(cells)
    results = {callers: first_match(*callers) for callers in product(*facts)}
    possible = sorted({outcome for _, outcome in results.values()}, key=RANK.index)
    deciding = {rule for rule, _ in results.values()}
    matters = []
    for index, question in enumerate(QUESTIONS):
        flipped = [((*callers[:index], not callers[index], *callers[index + 1 :]), callers) for callers in results]
        if any(other in results and results[other][1] != results[one][1] for other, one in flipped):
            matters.append(question)
    return {
        "recommendation": possible[0] if len(possible) == 1 else "undecided",
        "rule": next(iter(deciding)) if len(deciding) == 1 else "",
        "possible": ";".join(possible),
        "ask_next": ";".join(matters),
        "problem": "",
    }


def all_states() -> list[dict[str, str]]:
    yes_no = [YES_NO_CELLS] * 3
    cells = product(YES_NO_CELLS, CONDITION_CELLS, *yes_no)
    return [dict(zip(QUESTIONS, row, strict=True)) for row in cells]


def as_csv(callers: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(callers[0]))
    writer.writeheader()
    writer.writerows(callers)
    return text.getvalue()


def test_every_state_of_the_shipped_questions():
    states = all_states()
    assert len(states) == 3584
    rows_out = told(as_csv(states))
    assert len(rows_out) == len(states)
    for cells, row in zip(states, rows_out, strict=True):
        assert {question: row[question] for question in QUESTIONS} == cells
        assert {column: row[column] for column in expected_columns(cells)} == expected_columns(cells), cells
        assert row["assumed"] == ""


def test_every_state_without_the_column_that_is_assumed():
    states = [{name: cell for name, cell in state.items() if name != "immediate_danger"} for state in all_states()]
    states = [dict(items) for items in dict.fromkeys(tuple(state.items()) for state in states)]
    _, summary = screened(as_csv(states))
    decided = 0
    for cells, row in zip(states, told(as_csv(states)), strict=True):
        expected = expected_columns({**cells, "immediate_danger": "no"})
        assert {column: row[column] for column in expected} == expected, cells
        assert row["assumed"] == "immediate_danger=no"
        decided += expected["recommendation"] != "undecided"
    # Were danger not known, nothing at all would be decided.
    (assumption,) = summary.assumed
    assert (assumption.question, assumption.answer) == ("immediate_danger", "no")
    assert (assumption.rows, assumption.recommendations) == (len(states), decided)


def test_a_column_with_blank_cells_is_not_assumed():
    (row,) = told("immediate_danger,condition_type,detox_need,safe_living_environment\n,mania,no,yes\n")
    assert (row["recommendation"], row["possible"], row["assumed"]) == ("undecided", "iop;emergency_referral", "")


# --- nothing is lost ------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 2, 3, 5, 7, 64])
@pytest.mark.parametrize("case", [case for case in CASES if (case / "out.csv").exists()], ids=lambda case: case.name)
def test_where_blocks_end_does_not_matter(case, block, monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", block)
    target = io.BytesIO()
    source = io.BytesIO((case / "in.csv").read_bytes())
    compiled = compiled_from(case_rules(case))
    summary = screen_file(compiled, source, target, case_options(case), name="in.csv", earlier=case_earlier(case))
    assert target.getvalue() == (case / "out.csv").read_bytes()
    # Half a line end would be a blank line.
    assert summary_lines(summary, compiled.rule_set) == (case / "stderr.txt").read_text("utf-8").splitlines()


def random_table(rng: random.Random) -> bytes:
    """A file as it should be: quotes, lines in cells, separators in cells, any line end."""
    end, delimiter = rng.choice(["\n", "\r\n", "\r"]), rng.choice([",", ";", "\t", "|"])
    header = ["nr", *rng.sample(QUESTIONS, rng.randint(2, 5)), "notes"]
    texts = ["", "plain", "a,b;c|d", 'said "so"', "two\nlines", "Größe", "\u2028", "-1", "=1", " x "]
    answers = dict.fromkeys(QUESTIONS, YES_NO_CELLS) | {"condition_type": CONDITION_CELLS}
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=rng.choice([0, 1]))
    writer.writerow(header)
    for number in range(rng.randint(0, 12)):
        writer.writerow([number, *(rng.choice(answers[name]) for name in header[1:-1]), rng.choice(texts)])
    data = text.getvalue().replace("\r\n", end).encode()
    return data.rstrip(end.encode()) if rng.random() < 0.3 else data


def test_whole_files_come_out_whole():
    rng = random.Random(20261123)
    for _ in range(300):
        data = random_table(rng)
        out, summary = screened(data)
        assert summary.problems == 0
        assert conserved(data, out), data
        # An independent reading of both finds the same cells.
        delimiter = data.decode().replace('"', "")[2]
        table, result = (
            [row for row in csv.reader(io.StringIO(text.decode(), newline=""), delimiter=delimiter) if row]
            for text in (data, out)
        )
        assert [row[: len(table[0])] for row in result] == table
        assert [row[len(table[0]) :] for row in result[:1]] == [list(APPENDED)]
        assert summary.rows == len(table) - 1


def conserved(data: bytes, out: bytes) -> bool:
    """Whether each line of `out` is that of `data` with cells of ours behind it, or within it where it is too long."""
    before, after = data.splitlines(keepends=True), out.splitlines(keepends=True)
    return len(before) == len(after) and all(map(line_conserved, before, after))


def line_conserved(line: bytes, out: bytes) -> bool:
    body = line.rstrip(b"\r\n")
    if out.startswith(body):
        return out.endswith(line[len(body) :])
    cuts = [cut for cut in range(len(body)) if out.startswith(body[:cut]) and out.endswith(line[cut:])]
    return b"long row" in out and cuts != []


def damaged(data: bytes, rng: random.Random) -> bytes:
    """`data` with a few bytes put in, taken out, doubled or cut off."""
    broken = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(broken) + 1)
        match rng.randrange(5):
            case 0:
                broken[at:at] = rng.choice([b'"', b'""', b"\n", b"\r", b",", b";", b"\0", b"\xff", b"\xe9", b"\xef"])
            case 1:
                del broken[at : at + rng.randint(1, 3)]
            case 2:
                broken[at:at] = broken[at : at + rng.randint(1, 40)]
            case 3:
                del broken[at : at + rng.randint(1, 200)]
            case _:
                broken[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(broken)


def test_damaged_files_are_refused_or_conserved():
    """Whatever is done to a file, it is refused, or each of its rows comes out once, in its place, whole."""
    rng = random.Random(7)
    refused = whole = problems = 0
    for _ in range(3000):
        data = damaged(random_table(rng), rng)
        try:
            out, summary = screened(data)
        except IopscreenError:
            refused += 1
            continue
        whole += 1
        problems += summary.problems > 0
        assert summary.rows == summary.undecided + summary.problems + sum(summary.by_outcome.values())
        assert conserved(data, out), data
        assert len(list(records_of(out, data))) - 1 == summary.rows, data
    # All three happen, or this test shows nothing.
    assert min(refused, whole, problems) > 200


def records_of(out: bytes, data: bytes) -> list[list[str]]:
    """The records in `out`, header first, as an independent reading finds them."""
    text = out.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    header_at = text.index("recommendation")
    start = text.rfind("problem", header_at)
    delimiter = text[header_at + len("recommendation")]
    before = text[: header_at - 1]
    one_column = delimiter not in before
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    assert start > 0
    return [row for row in records if len(row) > 1 or (one_column and row)]


def test_undecodable_bytes_and_nul_stay_in_their_row():
    data = b"id,condition_type\n\xff\xfe,mania\n1,\x00\n2,mania\n"
    out, summary = screened(data)
    assert (summary.rows, summary.problems) == (3, 2)
    assert [line.split(b",")[:2] for line in out.splitlines()[1:]] == [
        [b"\xff\xfe", b"mania"],
        [b"1", b"\x00"],
        [b"2", b"mania"],
    ]


def test_a_row_that_gets_lost_is_noticed(monkeypatch):
    real = lines.records

    def losing(*arguments):
        for number, record in enumerate(real(*arguments)):
            if number != 1:
                yield record

    monkeypatch.setattr("iopscreen.batch.rows.records", losing)
    with pytest.raises(IopscreenError, match="not every row was accounted for"):
        screened("condition_type\nmania\nother\nmania\n")


def test_a_row_that_is_counted_and_not_written_is_noticed(monkeypatch):
    real = fast._woven
    monkeypatch.setattr(fast, "WORTHWHILE", 0)
    monkeypatch.setattr(fast, "_woven", lambda records, tails: real(records[:-1], tails[:-1]))
    with pytest.raises(IopscreenError, match="not every row was accounted for"):
        screened("condition_type,detox_need\n" + "mania,no\n" * 40)


def test_an_odd_row_that_does_not_come_out_is_noticed(monkeypatch):
    real = Writer.odd_row

    def losing(self, cells, raw, appended):
        return b"" if raw == b"short\n" else real(self, cells, raw, appended)

    monkeypatch.setattr(Writer, "odd_row", losing)
    with pytest.raises(IopscreenError, match="not every row was accounted for"):
        screened("condition_type,detox_need\nmania,no\nshort\n")


def test_small_caches_change_nothing(monkeypatch):
    states = as_csv(all_states()[::7])
    expected, summary = screened(states)
    monkeypatch.setattr(caches, "MAX_BYTES", 1)
    monkeypatch.setattr(caches, "MAX_TEXTS", 1)
    assert screened(states) == (expected, summary)


class Endless(io.RawIOBase):
    """A file of many rows that is made as it is read."""

    def __init__(self, header: bytes, row: bytes, blocks: int) -> None:
        self.blocks = [header] + [row * (lines.BLOCK // len(row))] * blocks

    def read(self, size: int = -1) -> bytes:
        return self.blocks.pop(0) if self.blocks else b""


class Nowhere(io.RawIOBase):
    """A target that keeps nothing."""

    def write(self, data) -> int:
        return len(data)


def test_memory_does_not_grow_with_the_file():
    row = b'1,"mania;other",no,yes,"some notes, and more notes"\n'
    peaks = []
    for blocks in (12, 40):
        source = Endless(b"nr,condition_type,detox_need,safe_living_environment,notes\n", row, blocks)
        tracemalloc.start()
        screen_file(shipped(), source, Nowhere(), BatchOptions(), name="calls.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_long_texts_are_not_kept():
    source = Endless(b"id,condition_type\n", b"1," + b"x" * 20_000 + b"\n", 0)
    source.blocks += [b"1,%d" % number + b"x" * 20_000 + b"\n" for number in range(2000)]
    tracemalloc.start()
    summary = screen_file(shipped(), source, Nowhere(), BatchOptions(), name="calls.csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert summary.problems == 2000
    assert peak < 8_000_000


@pytest.mark.parametrize("text", ["x" * 300, "\U0001f600" * 60])
def test_texts_that_take_much_room_are_not_kept(text):
    texts = caches.Texts(len, 1, 10)
    assert [texts[text], texts["mania"]] == [len(text), 5]
    assert list(texts) == ["mania"]


def test_what_comes_of_many_rows_is_handed_on_before_there_is_more(monkeypatch):
    """Also where no pattern is made, as in a file of one column."""
    found = []
    real = run._Run.add

    def adding(self, part, progress=None):
        found.append((part.size_out, len(part.problems)))
        real(self, part, progress)

    monkeypatch.setattr(run._Run, "add", adding)
    monkeypatch.setattr(parts, "LONG", 10_000)
    for data in (
        "detox_need\n" + "x\n" * 1000,
        "nr,detox_need\n" + "1,x\n" * 20_000,
        "nr,detox_need\n" + "x\n" * 20_000,
    ):
        screened(data)
    assert sum(problems for _, problems in found) == 41_000
    assert max(size for size, _ in found) < 10_000 + 150 * fast.MAX_LINES


def test_large_tails_are_not_copied_for_each_row(monkeypatch):
    expected = screened("nr,condition_type,detox_need\n" + "1,mania,no\n" * 3000)
    found = []
    real = fast._Windows._add_good

    def adding(self, part, *rest):
        real(self, part, *rest)
        found.append(part.out)

    monkeypatch.setattr(fast._Windows, "_add_good", adding)
    monkeypatch.setattr(fast, "MAX_COPIED", 10_000)
    assert screened("nr,condition_type,detox_need\n" + "1,mania,no\n" * 3000) == expected
    assert found
    assert all(len(out) > 100 and len(set(map(id, out[1::2]))) == 1 for out in found)


# --- refusals -------------------------------------------------------------------------------


def refused(data: bytes | str, **options) -> str:
    with pytest.raises(IopscreenError) as error:
        screened(data, **options)
    return str(error.value)


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", 64)
    monkeypatch.setattr(lines, "MAX_LINE", 1000)
    assert (
        refused("condition_type\nmania\n" + "x" * 2000)
        == "calls.csv:3: line is longer than 1,000 bytes: not a CSV file"
    )


def test_an_open_quote_is_given_up_long_before_the_end(monkeypatch):
    monkeypatch.setattr(lines, "MAX_CELL", 1000)
    data = Endless(b'id,condition_type\n1,mania\n2,"mania\n', b"3,mania\n", 40)
    with pytest.raises(IopscreenError, match=r"calls\.csv:3: the quote opened on this line was probably never closed"):
        screen_file(shipped(), data, Nowhere(), BatchOptions(), name="calls.csv")
    assert len(data.blocks) > 35


def test_a_record_of_endless_quoted_cells_is_refused(monkeypatch):
    monkeypatch.setattr(lines, "MAX_RECORD", 1000)
    message = refused("id,condition_type\n1,mania\n" + '"a\n",' * 5000)
    assert message.endswith("the quote opened on this line was probably never closed; close it, or remove it")


def test_many_rows_of_several_lines_are_no_long_record(monkeypatch):
    monkeypatch.setattr(lines, "MAX_RECORD", 100)
    assert screened("condition_type,notes\n" + 'mania,"a\nb\n"\n' * 100)[1].rows == 100


def test_a_cell_without_quotes_that_is_too_long(monkeypatch):
    monkeypatch.setattr(lines, "MAX_CELL", 1000)
    message = refused("id,condition_type\n1,mania\n2," + "x" * 2000 + "\n")
    assert message == "calls.csv:3: a cell is longer than 1,000 characters: not a CSV file"


def test_cells_longer_than_usual_are_read_and_the_limit_is_put_back():
    before = csv.field_size_limit()
    assert screened("condition_type,notes\nmania," + "x" * 300_000 + "\n")[1].rows == 1
    assert csv.field_size_limit() == before
    refused("condition_type\n" + '"x')
    assert csv.field_size_limit() == before


def test_quadratic_time_is_not_spent_on_an_open_quote():
    # Read line by line, each time adding up all lines before, this would take minutes.
    data = 'id,condition_type\n1,"mania\n' + "2,x\n" * 200_000
    assert refused(data).startswith("calls.csv:2: the quote opened on this line")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["Detox"], "`--map Detox` should be a header and a question of the rule set"),
        (["=detox_need"], "`--map =detox_need` should be a header and a question"),
        (["Detox="], "`--map Detox=` should be a header and a question"),
        (
            ["A b=detox_need", "a-B=condition_type"],
            "`--map` names `a-B` twice: for `detox_need` and for `condition_type`",
        ),
    ],
)
def test_map_that_says_nothing(texts, message):
    with pytest.raises(IopscreenError) as error:
        parse_map(texts)
    assert str(error.value).startswith(message)


def test_map_splits_at_the_last_equals_sign():
    assert parse_map([" Score = total =detox_need", "B=condition_type"]) == {
        "Score = total": "detox_need",
        "B": "condition_type",
    }


@pytest.mark.parametrize("encoding", ["no-such", "utf-16", "utf-7", "rot13", "hex", "\0", "idna"])
def test_encodings_that_are_not_read(encoding):
    assert "is not an encoding that is read here" in refused("condition_type\n", encoding=encoding)


@pytest.mark.parametrize("encoding", ["UTF-8", "utf8", "utf-8-sig", "latin-1", "cp1252", "ascii", "shift_jis"])
def test_encodings_that_are_read(encoding):
    assert screened("condition_type,x\nmania,y\n", encoding=encoding)[1].by_outcome["iop"] == 0


def test_letters_that_the_encoding_lacks_do_not_stop_the_batch():
    out, _ = screened("Größe,condition_type\n1,grö\n".encode("cp1252"), encoding="cp1252", prefix="→")
    assert "?recommendation" in out.decode("cp1252")


# --- health data ----------------------------------------------------------------------------


def chain_text(error: BaseException | None) -> str:
    """Every text that an error, or one that it came from, carries."""
    text = ""
    while error is not None:
        text += repr(error.args) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__
    return text


@pytest.mark.parametrize(
    "body",
    [
        f'1,"{CANARY}\n2,mania\n',
        f'1,"{CANARY}" x\n',
        f'1,"a\n{CANARY}",mania,{CANARY}\n',
        f"{CANARY},{CANARY}\n" + "x" * (lines.MAX_LINE + lines.BLOCK * 2),
        f'{CANARY},"' + CANARY * (lines.MAX_CELL // 5),
    ],
    ids=["open", "text-after", "wrong-width", "long-line", "long-cell"],
)
def test_no_cell_in_a_refusal(body):
    with pytest.raises(IopscreenError) as error:
        screened("id,condition_type\n" + body)
    assert CANARY not in chain_text(error.value)


def test_no_cell_in_the_summary():
    row = f"{CANARY},{CANARY},=CMD({CANARY})\n"
    out, summary = screened(f"id,condition_type,notes\n{row}{CANARY}\n{row}")
    assert summary.problems == 3
    assert out.count(CANARY.encode()) == 9
    assert CANARY not in repr(summary) + "".join(summary_lines(summary, shipped().rule_set))


@pytest.mark.parametrize(
    "first", ["1001,CANARY,self harm,no", "CANARY,yes", "CANARY;2026-11-23", "CANARY,+1 555"[:-4] + "-5.5"]
)
def test_a_first_line_that_is_a_caller_is_not_shown(first):
    message = refused(f"{first}\n{first}\n")
    assert CANARY not in message
    assert "names none (put a line with names above the first caller)" in message


# --- headers of several lines ---------------------------------------------------------------

STRAY = {
    "quoted word": ['id,immediate_danger,condition_type,"notes', '1,yes,CANARY,said ""now"" 5"'],
    "inch mark": ['id,immediate_danger,condition_type,"notes', '1,yes,CANARY,5"'],
    "ditto mark": ['id,immediate_danger,condition_type,"', '1,yes,CANARY,"'],
    "short row": ['id,immediate_danger,condition_type,"notes', '1,CANARY 5"'],
    "long row": ['id,immediate_danger,condition_type,"notes', '1,yes,CANARY,a,b,5"'],
    "cells with spaces": ['id,immediate_danger,condition_type,"notes', '1, yes, CANARY, 5"'],
    "blank cells": ['id,immediate_danger,condition_type,"notes', ',,,CANARY"'],
    "two rows": ['id,immediate_danger,condition_type,"notes', "1,yes,CANARY,x", '2,no,CANARY,5"'],
    "blank line first": ['id,immediate_danger,condition_type,"notes', "", '1,yes,CANARY,5"'],
    "first cell": ['id,immediate_danger,condition_type,"notes', '5",yes,CANARY,x'],
    "first cell a ditto mark": ['id,immediate_danger,condition_type,"notes', '",yes,CANARY,x'],
    "second cell": ['id,immediate_danger,condition_type,"notes', '1,",CANARY,x'],
    "third cell": ['id,immediate_danger,condition_type,"notes', '1,yes,",CANARY'],
    "quote in the midst": ['id,immediate_danger,"condition_type,notes', '1,yes,CANARY,5"'],
    "two columns": ['condition_type,"notes', 'mania,CANARY 5"'],
    "names of several lines": ['id,"Safe', 'at home?",immediate_danger,condition_type,"notes', '1,yes,no,CANARY,5"'],
}
"""A quote that stands alone in a header, and one in a row below it."""


@pytest.mark.parametrize("above", ["", "\n \n", "sep={}\n", "\ufeff", "\ufeffsep={}\n\n"], ids=repr)
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"], ids=repr)
@pytest.mark.parametrize("kind", STRAY)
def test_a_row_in_the_header_is_refused_and_not_shown(kind, mark, above):
    end = "\r\n" if mark == ";" else "\n"
    text = above.format(mark) + end.join([*STRAY[kind], "7,no,other,x", "8,no,mania,x", ""]).replace(",", mark)
    with pytest.raises(IopscreenError, match=r"^calls\.csv:\d+: ") as error:
        screened(text)
    assert CANARY not in chain_text(error.value)
    first = 1 + above.count("\n")
    message = str(error.value)
    if "takes in line" in message:
        quote = first + (kind == "names of several lines")
        assert message.startswith(f"calls.csv:{quote}: a quote opened on this line")
        rows = quote + 1, quote + 1 + (kind == "blank line first")
        assert any(f"takes in line {row}, which looks like a row; close it, or remove it" in message for row in rows)
    else:
        assert "names none" in message or "begins with a line end" in message or "never closed" in message


def test_no_caller_vanishes_into_the_header():
    """Wherever one quote is put into a header and one into a row, every row comes out, or none does."""
    rng = random.Random(20261126)
    found = {"refused": 0, "whole": 0}
    for _ in range(600):
        mark = rng.choice([",", ";", "\t", "|"])
        names = ["nr", *rng.sample(QUESTIONS, rng.randint(1, 5)), "notes"]
        rows = [[str(nr), *rng.choices(["yes", "no", "mania", ""], k=len(names) - 2), "x"] for nr in range(6)]
        header = list(names)
        place = rng.randrange(len(header))
        header[place] = rng.choice(['"', f'"{header[place]}', f'{header[place]}"'])
        row = rng.choice(rows)
        place = rng.randrange(len(row))
        row[place] = rng.choice(['"', f'{row[place]}"', f'{row[place]} ""so"" 5"'])
        text = "".join(mark.join(cells) + "\n" for cells in (header, *rows))
        try:
            _, summary = screened(text)
        except IopscreenError:
            found["refused"] += 1
            continue
        found["whole"] += 1
        assert summary.lines.header == 1, text
        assert "".join(summary.unmapped).count("yes") == 0
    assert min(found.values()) > 50


def test_names_of_several_lines_are_read():
    """What a spreadsheet writes is read, whichever names have several lines."""
    rng = random.Random(6)
    more = ["\n(optional)", "\n(yes/no)", "\n", "\n\nsee below", "\r\nor his", "\n(mania, bipolar; or both)", '\n"so"']
    for _ in range(300):
        names = ["nr", *rng.sample(QUESTIONS[2:], rng.randint(1, 3)), "notes", "said", "place", "by", "at"]
        header = [name + rng.choice([*more, "", ""]) for name in names]
        header.insert(rng.randrange(len(header) + 1), "condition_type")
        text = io.StringIO(newline="")
        mark = rng.choice([",", ";", "\t", "|"])
        writer = csv.writer(text, delimiter=mark)
        writer.writerow(header)
        rows = rng.randint(1, 5)
        writer.writerows([[f"cell {place}" for place in range(len(header))]] * rows)
        out, summary = screened(text.getvalue())
        assert (summary.rows, summary.lines.all) == (rows, text.getvalue().count("\n"))
        called = [re.split("[\r\n]", name)[0] for name in header]
        answering = {*QUESTIONS}.intersection(map(str.strip, header))  # a line end alone is no more than a blank
        assert {*summary.columns} == answering
        assert [*summary.unmapped] == [
            name for name, whole in zip(called, header, strict=True) if whole.strip() not in answering
        ]
        table = [*csv.reader(io.StringIO(out.decode(), newline=""), delimiter=mark)]
        assert table[0] == [*header, *APPENDED]


def test_a_name_is_called_by_its_first_line_wherever_it_is_named():
    text = f'nr,"condition_type\n{CANARY}","Safe\n{CANARY}","Safe\n{CANARY} 2",detox_need\n1,x,y,z,no\n'
    _, summary = screened(text)
    told_lines = "\n".join(summary_lines(summary, shipped().rule_set))
    assert CANARY not in told_lines + repr(summary)
    assert "`condition_type`, `Safe (column 3)`, `Safe (column 4)`" in told_lines
    assert '--map "condition_type=condition_type"' in told_lines
    chosen = {"condition_type": "condition_type", "safe (COLUMN 4)": "safe_living_environment"}
    (row,) = told(text, map=chosen, ignore_columns=frozenset([f"Safe {CANARY}"]))
    assert (
        row["problem"].startswith("column `condition_type`: `x` is not") and "`Safe (column 4)`: `z`" in row["problem"]
    )
    for options in ({"map": {"Save": "safe_living_environment"}}, {"ignore_columns": frozenset(["Saf"])}):
        assert CANARY not in refused(text, **options)
    assert CANARY not in refused(f'"detox_need\n{CANARY}","detox_need\n{CANARY}"\n', map={"detox_need": "detox_need"})
    assert CANARY not in refused(f'"Risk\n{CANARY}",detox_need\n')


def test_what_stands_below_a_header_with_quotes_is_not_its_own():
    """A mark of inches in a name is no quote that is open: rows are rows, whatever their bytes."""
    out, summary = screened(b'id,5" tall,condition_type,"a\n(b)"\n1,\xff,mania,x\n2,\x00,mania,x\n3,,mania,x\n')
    assert (summary.rows, summary.problems, summary.lines.header) == (3, 2, 2)
    assert b"\xff" in out


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("ATRISK", "near"),
        ("nonsuicidal", "near"),
        ("PHQ9risk", "near"),
        ("\u00e0trisk", "near"),
        ("Sui\u00e7idal", "stops"),
        ("suic\u0327idal", "stops"),
        ("r\u00edsk", "stops"),
        ("R\u0130SK", "stops"),
        ("\uff32\uff49\uff53\uff4b", "stops"),
        ("ri\u00adsk", "stops"),
        ("user is known", None),
        ("r.i.s.k", None),
        ("problem_reason", None),
    ],
)
def test_hints_within_words_and_behind_accents(header, kind):
    text = f"{header},condition_type\n1,mania\n"
    if kind == "stops":
        assert f'--map "{header}=immediate_danger"' in refused(text)
        assert screened(text, ignore_columns=frozenset([header]))[1].near == ()
        return
    _, summary = screened(text)
    assert summary.near == (((header, "immediate_danger"),) if kind else ())
    assert screened(text, ignore_columns=frozenset([header]))[1].near == ()


def test_what_is_to_be_copied_runs_nothing():
    message = refused("condition_type,risk $(id) `id`\n")
    assert "--map 'risk $(id) `id`=immediate_danger'" in message


# --- the rest -------------------------------------------------------------------------------


class FullDisk(io.RawIOBase):
    def write(self, data) -> int:
        raise OSError(28, "No space left on device")


def test_a_write_error_is_not_swallowed():
    with pytest.raises(OSError, match="No space left"):
        screen_file(shipped(), io.BytesIO(b"condition_type\n"), FullDisk(), BatchOptions(), name="calls.csv")


def test_progress_is_told_now_and_then_and_at_the_end():
    seen: list[tuple[int, int]] = []
    data = b"condition_type\n" + b"mania\n" * 400_000
    done = screen_file(
        shipped(), io.BytesIO(data), Nowhere(), BatchOptions(), name="c.csv", progress=lambda *told: seen.append(told)
    )
    assert seen == sorted(seen) and len(set(seen)) > 2
    assert seen[-1] == (400_000, len(data)) == (done.rows, len(data))


@pytest.mark.parametrize("where", ["rule_on", "is_certain"])
def test_too_tangled_is_a_problem_of_the_row(where, monkeypatch):
    def tangled(*_, **__):
        raise TooTangled

    monkeypatch.setattr(tails, where, tangled)
    (row,) = told("condition_type\nmania\n")
    assert row["recommendation"] == "error"
    assert row["problem"].startswith("too many questions of this rule set are open")


def test_an_unforeseen_error_is_not_swallowed(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(tails, "rule_on", broken)
    with pytest.raises(ZeroDivisionError):
        screened("condition_type\nmania\n")


def test_texts_of_the_rule_set_stay_on_one_line(rule_set):
    text = (TESTS / "cases" / "batch" / "no-rule-and-rules-alike" / "rules.yaml").read_text(encoding="utf-8")
    compiled = compile_rule_set(rule_set(text.replace("because: Level 0.", 'because: "=Level\\n0"')))
    (row,) = told("The level\n0\n", compiled)
    assert row["because"] == "=Level 0"
    (row,) = told("The level\n0\n", compiled, excel_safe=True)
    assert row["because"] == "'=Level 0"


def test_headers_that_steer_a_terminal_are_made_visible():
    _, summary = screened("condition_type,\x1b[31mred\u202e\n")
    told_lines = "\n".join(summary_lines(summary, shipped().rule_set))
    assert "\x1b" not in told_lines and "\u202e" not in told_lines
    assert "`\\u{1b}[31mred\\u{202e}`" in told_lines


def test_many_headers_are_cut():
    _, summary = screened(",".join(["condition_type", *(f"h{number}" for number in range(20))]) + "\n")
    assert "`h7` and 12 more" in "\n".join(summary_lines(summary, shipped().rule_set))
