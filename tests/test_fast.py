"""The shortcut of the batch against what it stands for: the same rows, counts, problems and refusals, byte for byte.

What a file means is said by `batch/rows.py`, which reads it record by record with the csv module.
"""

from __future__ import annotations

import csv
import io
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import pytest
from conftest import RULES
from messy_files import messy_file
from test_batch import CASES, case_options, case_rules

from iopscreen.batch import capture, fast, lines, parts, pattern
from iopscreen.batch import cells as caches
from iopscreen.batch.parts import Problem
from iopscreen.batch.pattern import Shape
from iopscreen.batch.rows import Rows
from iopscreen.batch.run import BatchOptions, Summary, screen_file
from iopscreen.batch.writer import is_formula
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.reader import read_rule_file

BATCHES = int(os.environ.get("IOPSCREEN_TEST_BATCHES", "4"))
"""How many times 200 random files; more for a longer run."""


@cache
def compiled_from(path: Path) -> Compiled:
    return compile_rule_set(read_rule_file(str(path)).rule_set)


@dataclass(frozen=True)
class Result:
    """All that comes of a file."""

    out: bytes | None
    summary: Summary | str
    problems: tuple[Problem, ...]


class Collected(list):
    """The rows with problems, kept instead of written."""

    add = list.append

    def begin(self, *_) -> None:
        """There is no header."""


def screened(data: bytes, options: BatchOptions, rules: Path = RULES / "iop.yaml") -> Result:
    target = io.BytesIO()
    problems = Collected()
    try:
        summary = screen_file(compiled_from(rules), io.BytesIO(data), target, options, name="in.csv", problems=problems)
    except IopscreenError as error:
        return Result(None, str(error), ())
    return Result(target.getvalue(), summary, tuple(problems))


def row_by_row(monkeypatch, data: bytes, options: BatchOptions, rules: Path = RULES / "iop.yaml") -> Result:
    with monkeypatch.context() as patch:
        patch.setattr(fast, "bytes_stand_alone", lambda _: False)
        return screened(data, options, rules)


class Ways:
    """Counts which way windows take."""

    def __init__(self) -> None:
        self.quick = self.exact = self.uneven = 0


@pytest.fixture
def ways(monkeypatch) -> Ways:
    """A count of the ways that windows take; patterns are made for files of any size."""
    seen = Ways()
    monkeypatch.setattr(fast, "WORTHWHILE", 0)
    monkeypatch.setattr(fast, "FIRST_PLAN", 1)
    windows = fast._Windows
    quick, exact, others = windows._add_quickly, windows._add_exactly, windows._read_others

    def quickly(*arguments):
        done = quick(*arguments)
        seen.quick += done
        return done

    def exactly(*arguments):
        seen.exact += 1
        exact(*arguments)

    def read(*arguments):
        index = others(*arguments)
        seen.uneven += index is None
        return index

    monkeypatch.setattr(windows, "_add_quickly", quickly)
    monkeypatch.setattr(windows, "_add_exactly", exactly)
    monkeypatch.setattr(windows, "_read_others", read)
    return seen


def set_sizes(monkeypatch, random: Random) -> None:
    """Small windows, blocks and caches, so that everything ends everywhere."""
    window = random.choice([*range(1, 65), *range(64, 400, 7)])
    monkeypatch.setattr(fast, "WINDOW", window)
    monkeypatch.setattr(fast, "SMALL_WINDOW", random.randint(1, window))
    monkeypatch.setattr(fast, "PART", random.randint(1, 300))
    monkeypatch.setattr(fast, "MAX_LINES", random.choice([1, 2, 7, 2048]))
    monkeypatch.setattr(fast, "MAX_CELLS", random.choice([3, 20, 1 << 18]))
    monkeypatch.setattr(fast, "MAX_COPIED", random.choice([1, 1000, 1 << 22]))
    monkeypatch.setattr(parts, "LONG", random.choice([1, 300, 1 << 19]))
    monkeypatch.setattr(lines, "BLOCK", random.choice([1, 3, 7, 64, 1000]))
    monkeypatch.setattr(caches, "MAX_TEXTS", random.choice([1, 5, 20_000]))
    monkeypatch.setattr(caches, "MAX_BYTES", random.choice([1, 1_500, 1 << 22]))
    monkeypatch.setattr(capture, "MAX_UNITS", random.choice([1, 30, 4096]))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_messy_files_come_out_as_row_by_row(batch, monkeypatch, ways):
    refused = problems = whole = 0
    for seed in range(200 * batch, 200 * batch + 200):
        random = Random(seed)
        data, encoding = messy_file(random)
        options = BatchOptions(excel_safe=random.random() < 0.3, encoding=encoding)
        set_sizes(monkeypatch, random)
        expected = row_by_row(monkeypatch, data, options)
        assert screened(data, options) == expected, (seed, data)
        refused += expected.out is None
        problems += bool(expected.problems)
        whole += expected.out is not None and not expected.problems
    # Of 200 files about 12 are refused, and in a long run now and then hardly one.
    assert refused and min(problems, whole, ways.quick, ways.exact) > 5, vars(ways)


def test_larger_messy_files(monkeypatch, ways):
    for seed in range(185, 210):  # some of them tidy
        random = Random(seed)
        data, encoding = messy_file(random, rows=600)
        options = BatchOptions(excel_safe=random.random() < 0.3, encoding=encoding)
        monkeypatch.setattr(fast, "WINDOW", random.randint(300, 2000))
        assert screened(data, options) == row_by_row(monkeypatch, data, options), seed
    assert min(ways.quick, ways.exact) > 15, vars(ways)


@pytest.mark.parametrize("window", [1, 2, 3, 5, 9, 17, 33, 64, 1 << 16])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_through_windows(case, window, monkeypatch, ways):
    monkeypatch.setattr(fast, "WINDOW", window)
    monkeypatch.setattr(lines, "BLOCK", max(window, 64))
    data, options, rules = (case / "in.csv").read_bytes(), case_options(case), case_rules(case)
    assert screened(data, options, rules) == row_by_row(monkeypatch, data, options, rules)


# --- where pieces and records part ways -------------------------------------------------------

UNEVEN = b'x,"=1\nb,"""\ny,"\nq"\n'
"""Two records. From the second line on, a pattern finds one that ends within the second of them."""


def test_a_window_that_does_not_come_out_even(monkeypatch, ways):
    data = b"nr,detox_need\n1,yes\n2,no\n" + UNEVEN + b"3,yes\n" * 3
    expected = row_by_row(monkeypatch, data, BatchOptions())
    assert screened(data, BatchOptions()) == expected
    assert ways.uneven == 1
    assert [problem.line for problem in expected.problems] == [4, 6]


def test_uneven_windows_cost_little_more_than_reading_row_by_row(monkeypatch, ways):
    data = b"nr,detox_need\n" + UNEVEN * 2000
    start = time.process_time()
    expected = row_by_row(monkeypatch, data, BatchOptions())
    between = time.process_time()
    assert screened(data, BatchOptions()) == expected
    assert ways.uneven > 1500
    # A window of the usual size for each would take a thousand times as long.
    assert time.process_time() - between < 30 * (between - start)


@pytest.mark.parametrize("cell", ["=1", "maybe", "\0"])
def test_problems_within_good_rows_have_their_lines(cell, monkeypatch, ways):
    good = b'1,"two\nlines",yes\r\n2,x,no\n'
    data = b"nr,notes,detox_need\n" + (good * 20 + f"7,,{cell}\n".encode()) * 30
    expected = row_by_row(monkeypatch, data, BatchOptions())
    assert screened(data, BatchOptions()) == expected
    assert [problem.line for problem in expected.problems] == [2 + 60 + 61 * index for index in range(30)]
    lines_of = data.splitlines(keepends=True)
    assert all(problem.raw == lines_of[problem.line - 1] for problem in expected.problems)


ODD_CELLS = [
    *['"no,no"', '"no', 'n"o', '"no"', "-", "=no", "no\0", '"no\n"', "n\no", '""', '"no,yes",no', '"self harm"'],
    *["no\r", "\rno", "n\ro", "\tno", "-5", "a,b", "a\nb,c", "@x", "+1", "=", "\u2028", "\x85no"],
]
GOOD_ROWS = ["{},mania,no,yes,x", '{},mania,no,yes,"x"', "-{},mania,no,yes,x", "{},mania,no,yes,"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("good", GOOD_ROWS)
@pytest.mark.parametrize("header", ["ref,{},remark", "ref,extra,{}"])
@pytest.mark.parametrize("odd", ODD_CELLS)
def test_cells_that_are_passed_over_unseen_are_looked_at(odd, header, good, end, monkeypatch, ways):
    """The quick pattern passes over much; where it is not plain, the window goes the other way.

    The last rows are of one cell less or more, so that a delimiter in a cell makes up for it.
    """
    monkeypatch.setattr(fast, "WINDOW", 1 << 9)
    names = header.format("condition_type,detox_need,safe_living_environment")
    if header.startswith("ref,extra"):
        first, *middle, last = good.split(",")
        good = ",".join([first, last, *middle])
    rows = [good.format(1).split(",") for _ in range(9)]
    for number, row in enumerate(rows[:5]):
        row[number] = odd
    rows[5][0:2] = [odd]
    rows[6][2:4] = [odd]
    rows[7][3:5] = [odd]
    rows[8].insert(4, odd)
    many = "".join(good.format(number) + end for number in range(60))
    for row in rows:
        data = f"{names}{end}{many}{','.join(row)}{end}{many}".encode()
        assert screened(data, BatchOptions()) == row_by_row(monkeypatch, data, BatchOptions()), row
    assert ways.quick > 0


def test_what_was_learnt_of_cells_is_kept_while_the_plan_is_the_same(monkeypatch, ways):
    made = []
    real = capture._Units

    def counting(*arguments, **options):
        made.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(capture, "_Units", counting)
    monkeypatch.setattr(fast, "WINDOW", 200)
    row = b'%d,mania,no\n"two\nlines",other,no\n'
    of_first_patterns, of_the_plan = 2 * 2, 3
    screened(b"id,condition_type,detox_need\n" + b"".join(row % n for n in range(300)), BatchOptions())
    assert ways.exact > 40
    assert len(made) == of_first_patterns + of_the_plan


def test_short_rows_that_make_pairs_end_few_windows(monkeypatch, ways):
    """Each is read by the csv module; but if each ended the window, that would be the smaller part of the work."""
    data = b"nr,notes,condition_type,detox_need\n" + b"1,x,mania,no\n" * 300 + b"2,x\n" * 20_000
    expected = row_by_row(monkeypatch, data, BatchOptions())
    assert screened(data, BatchOptions()) == expected
    assert 0 < ways.uneven < 30


def test_no_plan_is_made_from_a_few_rows(monkeypatch, ways):
    """In a window of a few rows, all columns have few texts: they would be looked up together."""
    samples = []
    real = fast.plan

    def planning(shape, wanted, sample):
        samples.append(len(sample))
        return real(shape, wanted, sample)

    monkeypatch.setattr(fast, "plan", planning)
    monkeypatch.setattr(fast, "WINDOW", 400)
    monkeypatch.setattr(fast, "SMALL_WINDOW", 40)
    screened(b"nr,detox_need\n" + (UNEVEN + b"3,yes\n" * 70) * 60, BatchOptions())
    assert ways.uneven > 10
    assert len(samples) > 2
    assert min(samples) >= 200


def test_what_a_loose_pattern_takes_for_one_row_and_is_two_is_seen(monkeypatch, ways):
    monkeypatch.setattr(fast, "WINDOW", 300)
    monkeypatch.setattr(fast, "MAX_PAUSE", 0)
    data = b"id,notes,condition_type,detox_need\n" + b"1,x,mania,no\n2,x,maybe,no\n" * 30
    data += b"3,x\n4,mania,no\n5,x,other,yes\n" * 9
    expected = row_by_row(monkeypatch, data, BatchOptions())
    assert screened(data, BatchOptions()) == expected
    assert expected.summary.problems == 30 + 18
    assert ways.uneven > 5


@pytest.mark.parametrize("quick", [True, False])
def test_a_row_that_is_counted_and_not_put_together_is_noticed(quick, monkeypatch, ways):
    real = fast._woven
    monkeypatch.setattr(fast, "FIRST_PLAN", 1 if quick else 1000)
    monkeypatch.setattr(fast, "WINDOW", 200)
    woven = iter(range(1000))

    def losing(records, tails):
        return real(records[:-1], tails[:-1]) if next(woven) == 5 else real(records, tails)

    monkeypatch.setattr(fast, "_woven", losing)
    result = screened(b"condition_type,detox_need\n" + b"mania,no\n" * 300, BatchOptions())
    assert (result.out, "not every row was accounted for" in result.summary) == (None, True)
    assert (ways.quick > 5) is quick


# --- blank lines ------------------------------------------------------------------------------


@pytest.fixture
def one_by_one(monkeypatch) -> list[bytes]:
    """What was read row by row."""
    seen = []
    real = Rows.add

    def adding(self, part, record, count):
        seen.append(record[1])
        real(self, part, record, count)

    monkeypatch.setattr(Rows, "add", adding)
    return seen


@pytest.mark.parametrize("shares", [(1, 1), (9, 1), (1, 9), (0, 1), (200, 1)])
@pytest.mark.parametrize(
    ("end", "blank"),
    [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r"), ("\r", "\r\n"), ("\n", " \t \n"), ("\r\n", "\v\r\n")],
)
@pytest.mark.parametrize("header", ["nr,notes,detox_need", "condition_type,detox_need", "detox_need;notes"])
def test_blank_lines_are_taken_with_the_rows_around_them(header, end, blank, shares, monkeypatch, ways, one_by_one):
    """Also where the first column answers a question: then its cells are passed over unseen."""
    good = {"nr": "1", "notes": "two words", "detox_need": "no", "condition_type": "mania"}
    delimiter = ";" if ";" in header else ","
    row = delimiter.join(good[name] for name in header.split(delimiter))
    rows, blanks = shares
    data = f"{header}{end}{row}{end}{((row + end) * rows + blank * blanks) * (6000 // (rows + blanks))}".encode()
    expected = row_by_row(monkeypatch, data, BatchOptions())
    assert expected.summary.blank_lines == 6000 // (rows + blanks) * blanks
    one_by_one.clear()
    assert screened(data, BatchOptions()) == expected
    # A loose pattern takes spaces and a line end for the beginning of a cell, now and then.
    assert len(one_by_one) <= (30 if blank.strip("\r\n") else 1)  # a file may end within a line end
    assert ways.quick > 0 or blank != end


def test_a_line_of_delimiters_is_no_blank_line(monkeypatch, ways):
    data = b"detox_need\tsafe_living_environment\n" + b"no\tyes\n\t\n \n \t\n\t\t\n\n" * 200
    expected = row_by_row(monkeypatch, data, BatchOptions())
    assert screened(data, BatchOptions()) == expected
    assert (expected.summary.rows, expected.summary.blank_lines) == (800, 400)


# --- the pattern ------------------------------------------------------------------------------

PIECES = ["a", "", '"', '""', ",", ";", "\n", "\r", "\r\n", "\0", "=", "-1", "-", "+1.5,2%", "é", "\t", " "]


def line_ends(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def plainly_good(line: str, shape: Shape) -> bool:
    """What `pattern.records` says of a record that it matches, said with the csv module."""
    try:
        found = list(csv.reader(io.StringIO(line, newline=""), delimiter=shape.delimiter.decode(), strict=True))
    except csv.Error:
        return False
    whole = len(found) == 1 and len(found[0]) == shape.width and line_ends(line) == shape.end.decode()
    return whole and "\0" not in line and not any(map(is_formula, found[0]))


def unquoted(cell: str) -> str:
    return next(csv.reader([cell], strict=True, delimiter="\x01"))[0] if cell else ""


@pytest.mark.parametrize("shape", [Shape(b",", b"\n", 2), Shape(b";", b"\r\n", 3), Shape(b"-", b"\n", 2)])
def test_the_pattern_takes_all_and_only_good_records(shape):
    random = Random(20261126)
    every = [range(column, column + 1) for column in range(shape.width)]
    exact = pattern.records(shape, every)
    good = 0
    pieces = [*PIECES, *[shape.delimiter.decode()] * 5]
    for _ in range(15_000):
        text = "".join(random.choices(pieces, k=random.randint(1, 7))) + shape.end.decode()
        data = text.encode()
        first, *_ = exact.findall(data)
        one = first[0] + shape.end if first[0] else first[-1]
        assert data.startswith(one)
        assert sum(
            len(piece[0]) + len(shape.end) if piece[0] else len(piece[-1]) for piece in exact.findall(data)
        ) == len(data)
        if first[0]:
            assert plainly_good(one.decode(), shape), text
            found = next(csv.reader(io.StringIO(one.decode(), newline=""), delimiter=shape.delimiter.decode()))
            written = [cell.decode() for cell in first[1:-1]]
            assert [unquoted(cell) for cell in written] == found
            good += 1
        else:
            assert not any(plainly_good(text[:end], shape) for end in range(1, len(text) + 1)), text
    assert good > 300


@pytest.mark.parametrize("shape", [Shape(b",", b"\n", 2), Shape(b"\t", b"\r\n", 3), Shape(b";", b"\r", 2)])
@pytest.mark.parametrize("plain", [(), (0,), (0, 1, 2)])
def test_what_is_found_quickly_is_good(shape, plain):
    """Where there is a piece a line, all are records, and no cell steers what reads bytes."""
    random = Random(20261127)
    delimiter, end = shape.delimiter.decode(), shape.end.decode()
    pieces = [*PIECES, *["a", "é"] * 8, *[delimiter] * 5, *[end] * 3]
    record = pattern.quick_records(shape, [range(shape.width - 1)], plain)
    quick = 0
    for _ in range(15_000):
        text = "".join(random.choices(pieces, k=random.randint(1, 12))) + end
        data = text.encode()
        found = record.findall(data)
        lines = pattern.lines_of(shape, data) if pattern.is_quick(shape, data) else None
        if all(found) and lines and len(found) == len(lines):
            assert text == "".join(line.decode() + end for line in lines)
            assert all(plainly_good(row + end, shape) for row in text.removesuffix(end).split(end)), text
            quick += 1
    assert quick > 300


@pytest.mark.parametrize("cell", ["a", "-1.5", '"a"', '"-1"', '"a""', "1"])
def test_time_is_linear_in_what_does_not_match(cell):
    shape = Shape(b",", b"\n", 30)
    exact = pattern.records(shape, [range(1)])
    data = ",".join([cell] * 29).encode() + b"\n"
    start = time.process_time()
    exact.findall(data * 300)
    assert time.process_time() - start < 1


def test_no_pattern_is_made_for_a_column_alone_or_a_few_rows(ways):
    assert fast.bytes_stand_alone("utf-8")
    screened(b"detox_need\nyes\nno\n", BatchOptions())
    assert (ways.quick, ways.exact) == (0, 0)


ALONE = ["utf-8", "ascii", "latin-1", "cp1252", "euc_kr", "mac_roman"]
NOT_ALONE = ["shift_jis", "gb18030", "big5", "cp949", "johab"]


@pytest.mark.parametrize("encoding", ALONE + NOT_ALONE)
def test_encodings_in_which_bytes_stand_alone(encoding):
    assert fast.bytes_stand_alone(lines.text_encoding(encoding)) is (encoding in ALONE)
