"""One run of `batch`, put together: what is read, what is written, what is told on the way.

It stands between the command line and the house: what it is given are names of files and
wishes, what it returns are results. It prints nothing, and knows no exit codes.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from iopscreen import streams
from iopscreen.batch import tables
from iopscreen.batch.run import BatchOptions, Earlier, ProblemRows, parse_map, screen_file
from iopscreen.batch.summary import Screened
from iopscreen.errors import IopscreenError
from iopscreen.inputs import Rules, expected_digest, read_rules
from iopscreen.ruleset.model import RuleFile

if TYPE_CHECKING:
    from iopscreen.batch.preview import Preview
    from iopscreen.report.progress import Report


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What `batch` was asked for: names of files as on the command line, None where not given."""

    source: str
    rules: str | None
    output: str
    problems: str | None
    summary: str | None
    compare: str | None
    column_map: Sequence[str]
    ignore_columns: Sequence[str]
    excel_safe: bool
    prefix: str
    encoding: str
    force: bool
    expect_digest: str | None = None
    jobs: int | None = None

    @property
    def outputs(self) -> dict[str, str]:
        """The files to write, by option, in the order in which they take their names: the rows last."""
        named = {"--problems": self.problems, "--summary": self.summary, "--output": self.output}
        return {option: name for option, name in named.items() if name is not None}


def screen(wishes: Wishes) -> Screened:
    """Screen a file, and write what was asked for: every file whole, or none. Raises IopscreenError."""
    write_summary = _summary_format(wishes.summary)
    _check_files(wishes)
    if tables.is_table(wishes.source, wishes.output):
        tables.refuse_csv_options(
            wishes.source, problems=wishes.problems, encoding=wishes.encoding, jobs=wishes.jobs is not None
        )
    rules, earlier = _rules(wishes)
    options, before = _options(wishes, rules, earlier)
    name = streams.called(wishes.source)
    with (
        streams.opened(wishes.source) as rows,
        streams.targets([*wishes.outputs.values()], force=wishes.force) as targets,
    ):
        file_of = dict(zip(wishes.outputs, targets, strict=True))
        problems = ProblemRows(file_of["--problems"]) if "--problems" in file_of else None
        with _progress(rows, to_terminal=wishes.output == streams.STREAM and sys.stdout.isatty()) as progress:
            target = file_of["--output"]
            if tables.is_table(wishes.source, wishes.output):
                files = tables.Files(rows, wishes.source, target, wishes.output)
                summary = tables.screen_table(rules.compiled, files, options, progress=progress, earlier=before)
            else:
                summary = screen_file(
                    rules.compiled,
                    rows,
                    target,
                    options,
                    name=name,
                    progress=progress,
                    problems=problems,
                    earlier=before,
                    jobs=wishes.jobs,
                )
        screened = Screened(name, summary, rules.file, earlier.file if earlier else None)
        if write_summary:
            file_of["--summary"].write(write_summary(screened).encode("utf-8", "backslashreplace"))
    return screened


def dry_run(wishes: Wishes) -> tuple[Preview, RuleFile]:
    """Read a file as `screen` would, and write nothing. Raises IopscreenError."""
    from iopscreen.batch.preview import preview

    _summary_format(wishes.summary)
    _check_files(wishes)
    tables.refuse_dry_run(wishes.source)
    rules, earlier = _rules(wishes)
    options, before = _options(wishes, rules, earlier)
    name = streams.called(wishes.source)
    with streams.opened(wishes.source) as rows, _progress(rows, to_terminal=False) as progress:
        return preview(rules.compiled, rows, options, name=name, progress=progress, earlier=before), rules.file


def screen_on_spark(wishes: Wishes, folder: str | None, master: str | None, *, dry_run: bool) -> Screened:
    """Screen what `source` names into a folder, on Apache Spark. Raises IopscreenError."""
    _refuse_here_only(wishes, dry_run=dry_run)
    if folder is None or streams.STREAM in (folder, wishes.source):
        raise IopscreenError("`--engine spark` reads files and writes a folder: batch --engine spark IN OUT")
    from iopscreen.batch.spark_run import Places, screen_folder

    rules, _ = _rules(wishes)
    options, _ = _options(wishes, rules, None)
    places = Places(wishes.source, folder, master, wishes.force)
    summary = screen_folder(rules.file, rules.compiled, places, options)
    return Screened(wishes.source, summary, rules.file, None)


def _refuse_here_only(wishes: Wishes, *, dry_run: bool) -> None:
    """Refuse options that Spark would not heed."""
    given = {
        "--output": wishes.output != streams.STREAM,
        "--problems": wishes.problems,
        "--summary": wishes.summary,
        "--compare": wishes.compare,
        "--excel-safe": wishes.excel_safe,
        "--jobs": wishes.jobs is not None,
        "--dry-run": dry_run,
    }
    for option, is_given in given.items():
        if is_given:
            raise IopscreenError(f"`{option}` does not go with `--engine spark`: batch --engine spark IN OUT")


# --- what is read, and how ------------------------------------------------------------------


def _rules(wishes: Wishes) -> tuple[Rules, Rules | None]:
    rules = read_rules(wishes.rules, expected_digest(wishes.expect_digest))
    return rules, None if wishes.compare is None else read_rules(wishes.compare)


def _options(wishes: Wishes, rules: Rules, earlier: Rules | None) -> tuple[BatchOptions, Earlier | None]:
    """The options under each rule set: a `--map` is for those that have its question."""
    theirs = [] if earlier is None else _maps_for(earlier, wishes.column_map)
    ours = _maps_for(rules, wishes.column_map)
    for_none = [entry for entry in wishes.column_map if entry not in ours and entry not in theirs]
    options = BatchOptions(
        map=parse_map([*ours, *for_none]),  # what fits nowhere is refused as ours
        ignore_columns=frozenset(wishes.ignore_columns),
        excel_safe=wishes.excel_safe,
        prefix=wishes.prefix,
        encoding=wishes.encoding,
    )
    return options, None if earlier is None else Earlier(earlier.compiled, parse_map(theirs))


def _maps_for(rules: Rules, entries: Sequence[str]) -> list[str]:
    return [entry for entry in entries if entry.rpartition("=")[2].strip() in rules.file.rule_set.question]


# --- what is written ------------------------------------------------------------------------


def _summary_format(path: str | None) -> Callable[[Screened], str] | None:
    """How the summary is written; what is costly to import is imported where one is asked for."""
    if path is None:
        return None
    from iopscreen.report.batch_summary import format_of

    return format_of(path)


def _check_files(wishes: Wishes) -> None:
    """Refuse, before anything is read, files that cannot be written, or would be written over what is read."""
    for name in wishes.outputs.values():
        streams.check_output(name, force=wishes.force)
    read = [_identity(name, sys.stdin) for name in (wishes.source, wishes.rules, wishes.compare) if name]
    written: dict[object, str] = {}
    for option, name in wishes.outputs.items():
        identity = _identity(name, sys.stdout)
        called = "stdout" if name == streams.STREAM else name
        if identity in read:
            raise IopscreenError(f"{called}: is the file that is read; name another one for the result")
        other = written.setdefault(identity, option)
        if other != option:
            raise IopscreenError(f"{called}: is named by `{other}` and by `{option}`; name a file for each")


def _identity(name: str, stream: TextIO) -> object:
    """What a name leads to, the same for two names of one file; `-` is `stream`."""
    try:
        found = os.fstat(stream.fileno()) if name == streams.STREAM else Path(name).stat()
    except (OSError, ValueError):  # not there yet, or a stream that is no file
        return id(stream) if name == streams.STREAM else os.path.realpath(name)
    if name == streams.STREAM and not stat.S_ISREG(found.st_mode):
        return id(stream)
    return found.st_dev, found.st_ino


# --- what is told on the way ----------------------------------------------------------------


def _progress(rows: BinaryIO, *, to_terminal: bool) -> AbstractContextManager[Report | None]:
    """A bar on the terminal, unless rows go there, or lines are wanted that are never redrawn."""
    if not sys.stderr.isatty() or to_terminal or streams.plain_terminal():
        return nullcontext()
    from iopscreen.report.progress import rows_bar

    return rows_bar(_size(rows))


def _size(rows: BinaryIO) -> int | None:
    """How many bytes there are to read, if that is known."""
    try:
        found = os.fstat(rows.fileno())
        return found.st_size - rows.tell() if stat.S_ISREG(found.st_mode) else None
    except (OSError, ValueError):
        return None
