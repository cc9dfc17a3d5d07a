"""Hostile files of every kind: a clear error or a result, in bounded time, and never anything else.

Coverage-guided, for as long as one likes (needs the package `atheris`):

    python tests/fuzz.py TARGET --seconds 600

`TARGETS` is what is fuzzed; the tests run each on damaged copies of good files (`test_fuzz.py`). What was fuzzed
for how long is told in `fuzzing.md`.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from random import Random
from types import FunctionType
from typing import BinaryIO
from unittest.mock import patch

from conftest import RULES, TESTS

from iopscreen import cli
from iopscreen.audit.citations import passages
from iopscreen.batch.header import parse_map
from iopscreen.batch.run import BatchOptions, screen_file
from iopscreen.batch.tables import Files, screen_table
from iopscreen.engine.compiled import Compiled, TooTangledToCompile, compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers, decide
from iopscreen.engine.diagram import TooTangled
from iopscreen.errors import IopscreenError
from iopscreen.report.batch_summary import format_of as summary_format
from iopscreen.ruleset.answers import read_answers
from iopscreen.ruleset.cases import understand_cases
from iopscreen.ruleset.model import RuleFile
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.screen.record import understand_record
from iopscreen.screen.record_reader import read_record
from iopscreen.screen.verify import Verifier
from iopscreen.text import printable

SECONDS = 5
"""What no file of a few kilobytes may take, of the processor: whatever else runs takes time of the clock."""


@cache
def site() -> tuple[RuleFile, Compiled]:
    """The shipped rule set."""
    file = read_rule_file(str(RULES / "iop.yaml"))
    return file, compile_rule_set(file.rule_set)


def rules(data: bytes) -> None:
    """A rule file: read, compiled, and decided by with nothing known."""
    rule_set = understand(data, "fuzzed.yaml").rule_set
    try:
        decide(compile_rule_set(rule_set), {})
    except (TooTangledToCompile, TooTangled, ImpossibleAnswers):
        return


def cases(data: bytes) -> None:
    """Cases of the shipped rule set."""
    file, _ = site()
    understand_cases(data, "iop.cases.yaml", "iop.yaml", file.rule_set)


def answers(data: bytes) -> None:
    """A file of answers, and the decision on them."""
    file, compiled = site()
    try:
        decide(compiled, read_answers(data, file.rule_set, "answers"))
    except ImpossibleAnswers:
        return


def record(data: bytes) -> None:
    """A record: read, understood, verified."""
    file, compiled = site()
    raw = read_record(data, "record.json")
    for problem in Verifier(compiled, file).verify(raw).problems:
        printable(problem.message)
    understand_record(raw, file.rule_set)


def calls(data: bytes) -> None:
    """A CSV file."""
    _, compiled = site()
    target = io.BytesIO()
    screen_file(compiled, io.BytesIO(data), target, BatchOptions(), name="calls.csv")
    assert len(target.getvalue()) >= len(data)


def source(data: bytes) -> None:
    """The text of a source."""
    passages(data.decode("utf-8", "replace"))


def map(data: bytes) -> None:  # noqa: A001 (the name of the option)
    """`--map`, once a line, and the last line as the name of a summary; of a file with the same text for a header."""
    text = data.decode("utf-8", "surrogateescape")
    *texts, name = text.split("\n")
    if name:
        summary_format(name)
    _, compiled = site()
    headers = text.partition("=")[0].encode("utf-8", "surrogateescape")
    calls_file = io.BytesIO(headers + b",condition type\nyes,mania\n")
    screen_file(compiled, calls_file, io.BytesIO(), BatchOptions(map=parse_map(texts)), name="calls.csv")


def table(data: bytes) -> None:
    """A CSV file, to JSON lines and to a Parquet file."""
    for name in ("out.jsonl", "out.parquet"):
        _screen_table(io.BytesIO(data), "calls.csv", name)


def lines(data: bytes) -> None:
    """JSON lines, to the same and to CSV."""
    for name in ("out.jsonl", "out.csv"):
        _screen_table(io.BytesIO(data), "calls.jsonl", name)


def typed_lines(data: bytes) -> None:
    """JSON lines to a Parquet file, by the types that DuckDB finds."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(data)
        file.flush()
        _screen_table(file.file, file.name, "out.parquet")


def parquet(data: bytes) -> None:
    """A Parquet file, to the same and to JSON lines."""
    for name in ("out.parquet", "out.jsonl"):
        _screen_table(io.BytesIO(data), "calls.parquet", name)


def _screen_table(read: BinaryIO, name: str, target: str) -> None:
    _, compiled = site()
    written = io.BytesIO()
    summary = screen_table(compiled, Files(read, name, written, target), BatchOptions())
    assert summary.rows == summary.decided + summary.undecided + summary.problems
    if target.endswith(".jsonl"):
        assert written.getvalue().count(b"\n") == summary.rows


TO_BASH = re.compile(r"(?:[^\n]*=)?[\w./+-]+")
TO_ZSH = re.compile(
    r"""_arguments\ '\*:\ :\(\((?:  # a list of words, each with a help text perhaps
        "(?:[^"'`$\\] | \\\\:)*"
        (?: :"(?:[^"'`$\\] | \\\\: | \\[`$] | "" | '')*" )?
        \n?)*\)\)'""",
    re.VERBOSE,
)
"""What zsh may run: no part of it is anything but a text."""


def completion(data: bytes) -> None:
    """A word to complete: a line of words with tabs between them, the name of a file beside, and what is in it.

    Whatever these are, a shell is told words, and no person anything. To offer nothing is to refuse.
    """
    words, name, text = (data.replace(b"\0", b"") + b"\n\n").split(b"\n", 2)
    typed = words.decode("utf-8", "surrogateescape").split("\t")
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        beside = name.replace(b"/", b"")[:200]
        (Path(folder) / os.fsdecode(beside if beside.strip(b".") else b"x.yaml")).write_bytes(text)
        bash = _completed(complete_bash={"COMP_WORDS": "\n".join(typed), "COMP_CWORD": str(len(typed) - 1)})
        zsh = _completed(complete_zsh={"_TYPER_COMPLETE_ARGS": " ".join(typed)})
    assert all(TO_BASH.fullmatch(word) and word.isprintable() for word in bash.split("\n") if word), bash
    assert zsh in ("", "_files") or TO_ZSH.fullmatch(zsh), zsh
    if not bash and zsh in ("", "_files"):
        raise IopscreenError("nothing is offered")


def _completed(**shell: dict[str, str]) -> str:
    """What the program tells a shell that asks like this."""
    ((how, variables),) = shell.items()
    out, errors = io.StringIO(), io.StringIO()
    environment = patch.dict(os.environ, {"_IOPSCREEN_COMPLETE": how, **variables})
    with environment, redirect_stdout(out), redirect_stderr(errors), suppress(SystemExit):
        cli.main()
    assert errors.getvalue() == ""
    return out.getvalue().strip()


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "rules": rules,
    "cases": cases,
    "answers": answers,
    "record": record,
    "calls": calls,
    "source": source,
    "map": map,
    "table": table,
    "lines": lines,
    "typed_lines": typed_lines,
    "parquet": parquet,
    "completion": completion,
}


@cache
def most_seconds() -> float:
    """The same, where the machine is so slow, or traced, that the shipped rule set takes more than a hundredth."""
    start = time.process_time()
    compile_rule_set(read_rule_file(str(RULES / "iop.yaml")).rule_set)
    return max(SECONDS, 100 * (time.process_time() - start))


def tried(target: str, data: bytes) -> bool:
    """Whether `data` was taken. Raises whatever is no clear error, and TimeoutError."""
    start = time.process_time()
    try:
        TARGETS[target](data)
        taken = True
    except IopscreenError as error:
        assert str(error).strip()
        taken = False
    took = time.process_time() - start
    if took > most_seconds():
        raise TimeoutError(f"{target}: {len(data)} bytes took {took:.1f} s")
    return taken


def seeds(target: str) -> list[bytes]:
    """Good files to begin with."""
    found = {
        "rules": [
            *RULES.glob("*[a-z].yaml"),
            *(TESTS / "readme").glob("gap.yaml"),
            *(TESTS / "rulesets").glob("*.yaml"),
        ],
        "cases": [RULES / "iop.cases.yaml"],
        "answers": [TESTS / "readme" / "caller.json", TESTS / "readme" / "open.yaml"],
        "calls": [TESTS / "readme" / "calls.csv", *(TESTS / "cases" / "batch").glob("*/in.csv")],
        "table": list((TESTS / "cases" / "batch").glob("*/in.csv")),
        "source": list((TESTS / "rulesets").glob("*.txt")),
    }
    if target == "record":
        from differential import Site, recorded

        file, compiled = site()
        known = read_answers((TESTS / "readme" / "caller.json").read_bytes(), file.rule_set, "caller.json")
        return [recorded(Site(file, compiled, ()), known)]
    if target in ("map", "lines", "typed_lines", "parquet"):
        return _table_seeds(target)
    if target == "completion":
        return _completion_seeds()
    return [path.read_bytes() for path in sorted(found[target]) if ".cases" not in path.name or target == "cases"]


def _table_seeds(target: str) -> list[bytes]:
    """Small tables of each format, and options that name their columns."""
    if target == "map":
        return [b"Needs detox=detox_need\nout.json", b"needs-Detox =detox_need\nsummary.MD"]
    rows = [
        {"ref": 1, "condition_type": ["mania", "other"], "detox_need": False, "safe_living_environment": None},
        {"ref": 2, "condition_type": ["self_harm"], "detox_need": True, "safe_living_environment": "no"},
        {"ref": 3, "condition_type": "bipolar 1;x", "detox_need": "yes", "note": {"a": [1.5, "\u00e9", None]}},
    ]
    if target != "parquet":
        return ["".join(f"{json.dumps(row)}\n" for row in rows[: 1 + number]).encode() for number in range(3)]
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = []
    for number, compression in enumerate(("none", "snappy", "zstd")):
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows[: 1 + number % 2]), file, compression=compression)
        found.append(file.getvalue())
    return found


def _completion_seeds() -> list[bytes]:
    """Words that are begun, and a rule file that they name."""
    text = b"format: 1\nquestions:\n  detox_need: {ask: What?, type: yes_no}\n  other: {}\n"
    typed = [
        b"batch\t--rules\tfuzzed.yaml\t--map\tDetox=de",
        b'batch\t--rules\tfuzzed.yaml\t--map\t"Needs detox"\t=\tde',
        b"batch\t--rules\tfuzzed.yaml\t--map\tDetox\t=\t",
        b"audit\tfuz",
        b"audit\t--explain\tun",
        b"diff\tiop\t./fuzzed.y",
        b"screen\t--format=",
        b"sh",
    ]
    return [b"iopscreen\t" + words + b"\nfuzzed.yaml\n" + text for words in typed]


def damaged(data: bytes, random: Random, others: list[bytes]) -> bytes:
    """`data` with a few bytes altered, put in, taken out, doubled, or spliced with another file."""
    broken = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4, 16])):
        at = random.randrange(len(broken) + 1)
        match random.randrange(6):
            case 0:
                broken[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del broken[at : at + random.choice([1, 2, 8, 64, 512])]
            case 2:
                broken[at:at] = broken[at : at + random.choice([1, 8, 64])] * random.choice([1, 1, 2, 50])
            case 3:
                broken[at:at] = random.choice(AWKWARD)
            case 4:
                other = random.choice(others)
                start = random.randrange(len(other) + 1)
                broken[at:at] = other[start : start + random.choice([8, 64, 512])]
            case _:
                broken = broken[: random.randrange(len(broken) + 1)]
    return bytes(broken)


AWKWARD = [
    *(
        b'"',
        b"\0",
        b"\r",
        b"\n",
        b"\t",
        b"\x1b[2J",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"\xc2\x85",
        b"\xed\xa0\x80",
    ),
    *(b"&a", b"*a", b"!!python/object:os.system", b"<<: ", b"? ", b"{", b"}", b"[" * 40, b"---\n", b"- ", b": ", b"#"),
    *(b"1e999", b"-1", b"9" * 400, b"0x7f", b"NaN", b"null", b"yes", b"unknown", b"{question}", b"[red]", b"\\u0000"),
]


# --- coverage-guided ------------------------------------------------------------------------


READERS = ("iopscreen", "yaml", "json", "csv")
"""Whose branches are followed. Those of the command line's parser would be ten thousand more."""


def _read_by() -> list[FunctionType]:
    """The functions that may see what is in a file."""
    loaded = [found for found in gc.get_objects() if isinstance(found, FunctionType)]
    return [function for function in loaded if str(function.__module__).partition(".")[0] in READERS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=list(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    import atheris

    for data in seeds(asked.target):
        tried(asked.target, data)  # what is imported when it is needed is there by now
    for function in _read_by():
        atheris.instrument_func(function)
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(seeds(asked.target)):
            (Path(corpus) / str(number)).write_bytes(data)
        limits = [f"-max_total_time={asked.seconds}", "-max_len=8192", f"-timeout={SECONDS}", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], *limits, corpus], lambda data: tried(asked.target, data) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
