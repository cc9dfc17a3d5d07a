"""`iopscreen batch --engine spark IN OUT`: a session, what is read and written, and what came of it.

OUT is a folder, as everything that Spark writes. It has another name until it is whole.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from iopscreen.batch.header import MAX_HEADER_LINES
from iopscreen.batch.opening import BatchOptions, Opened
from iopscreen.batch.parts import Part, Told
from iopscreen.batch.summary import Summary, summed
from iopscreen.batch.tails import ERROR, UNDECIDED
from iopscreen.engine.compiled import Compiled
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import NO_RULE, RuleFile, RuleSet

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


SETTINGS: dict[str, bool | float | int | str | None] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",  # what is logged of a failure may hold rows
    "spark.hadoop.fs.permissions.umask-mode": "077",  # so does what is written: nobody else should read it
}


class Places(NamedTuple):
    """Where rows come from and go to, and on which cluster; None is this machine, with all its cores."""

    source: str
    target: str
    master: str | None
    force: bool


MAX_HEAD = 2 * MAX_HEADER_LINES
"""How many lines are looked at for the header."""


MAX_NAMES = 1000
"""How many files of a folder are looked at for their format."""


class _Format(StrEnum):
    """What is read and written."""

    CSV = "csv"
    PARQUET = "parquet"


def screen_folder(file: RuleFile, compiled: Compiled, places: Places, options: BatchOptions) -> Summary:
    """Screen files on Spark, and count. Raises IopscreenError; whatever goes wrong, OUT is whole or not there."""
    _refuse_without_spark()
    from iopscreen.batch import spark as rows

    with _session(places.master) as session, _failures():
        files = _Files(session, places)
        files.check()
        of_csv = files.format_of_source() is _Format.CSV
        calls = rows.csv_lines(session, places.source) if of_csv else session.read.parquet(places.source)
        headers = _headers(calls, compiled.rule_set, options) if of_csv else calls.columns
        job = rows.job_of(file, headers, options, of_csv=of_csv, counted=True)
        opened = rows.opened_job(job, compiled, name=places.source)
        counts = _Counts(opened)
        counted = calls if of_csv else counts.of_input(calls)  # lines are no rows
        decided = counts.of_result(rows.decided(counted, job, opened.added)).drop(rows.RESTING)
        with files.written() as part:
            _write(decided, files.format_of_target(), part)
            total = counts.total(places.source)
    return summed(total, opened)


_REFUSED = re.compile(r"^iopscreen\.errors\.IopscreenError: (.+)$", re.M)
"""How a worker says that it refuses a file; such messages hold no rows."""


# --- a session -------------------------------------------------------------------------------


PACKAGES = "'pyspark>=4.0' 'pyarrow>=18' 'pandas>=2.2,<3'"
"""Those of the extra `spark`, by the names under which anybody can install them."""


def _refuse_without_spark() -> None:
    try:
        import pandas  # noqa: F401 - Spark wants it for Arrow
        import pyarrow  # noqa: F401
        import pyspark  # noqa: F401
    except ImportError:
        message = f"`--engine spark` needs packages that do not come along: pip install {PACKAGES}"
        raise IopscreenError(message) from None
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None):
        where = f"in JAVA_HOME ({home})" if home else "on the path, and JAVA_HOME is not set"
        raise IopscreenError(f"`--engine spark` needs Java 17 or newer; there is none {where}")


@contextmanager
def _session(master: str | None) -> Iterator[SparkSession]:
    """A session that shows no page and logs no rows; one that is there already is used, and left as it is."""
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active:
        yield active
        return
    builder = SparkSession.builder.appName("iopscreen").config(map=SETTINGS)
    if master is None or master.startswith("local"):
        # Workers are this very installation, and nothing listens beyond this machine.
        os.environ["PYSPARK_PYTHON"] = sys.executable
        here = os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        builder = builder.config("spark.driver.host", here).config("spark.driver.bindAddress", here)
    session = builder.master(master or "local[*]").getOrCreate()
    try:
        yield session
    finally:
        session.stop()


@contextmanager
def _failures() -> Iterator[None]:
    """What Spark says of a failure may hold rows: only its name is told."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        refused = _REFUSED.search(str(error))
        if refused:
            raise IopscreenError(refused[1]) from None
        if os.environ.get("IOPSCREEN_DEBUG") == "1":
            raise
        name = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        message = f"Spark could not do it ({name}); nothing was written. IOPSCREEN_DEBUG=1 shows all, rows included"
        raise IopscreenError(message) from None


# --- files -----------------------------------------------------------------------------------


class _Files:
    """IN and OUT on whatever file system Spark knows them by."""

    def __init__(self, session: SparkSession, places: Places) -> None:
        self._hadoop: Any = session._jvm.org.apache.hadoop.fs  # type: ignore[union-attr]
        self._conf: Any = session._jsc.hadoopConfiguration()
        self.places = places
        self.source = self._hadoop.Path(places.source)
        self.target = self._hadoop.Path(places.target)
        self._system: Any = self.target.getFileSystem(self._conf)

    def check(self) -> None:
        """Refuse an OUT that is there already, or is IN."""
        if self.qualified(self.source) == self.qualified(self.target):
            raise IopscreenError(f"{self.places.target}: is what is read; name another folder for the result")
        if self.qualified(self.source).startswith(self.qualified(self.target) + "/"):
            raise IopscreenError(f"{self.places.target}: holds what is read; name another folder for the result")
        if self._system.exists(self.target) and not self.places.force:
            message = "exists already; replace it with `--force`, or name another folder"
            raise IopscreenError(f"{self.places.target}: {message}")

    def qualified(self, path: Any) -> str:
        """A path with its file system."""
        system = path.getFileSystem(self._conf)
        return str(system.makeQualified(path).toString())

    def format_of_source(self) -> _Format:
        """By the name of IN; of a folder, by the names in it, however deep. Raises IopscreenError."""
        system = self.source.getFileSystem(self._conf)
        found = system.globStatus(self.source)
        if not found:
            raise IopscreenError(f"{self.places.source}: there is no such file or folder")
        names = [status.getPath().getName() for status in found]
        for status in found:
            if status.isDirectory():
                names += _names_in(system, status.getPath())
        formats = {kind for name in names if (kind := _format_named(name))}
        if len(formats) != 1:
            seen = "both CSV and Parquet" if formats else "nothing named .csv or .parquet"
            raise IopscreenError(f"{self.places.source}: holds {seen}; name files of one of the two")
        return formats.pop()

    def format_of_target(self) -> _Format:
        """By the name of OUT; where it says nothing, that of IN."""
        return _format_named(self.target.getName()) or self.format_of_source()

    @contextmanager
    def written(self) -> Iterator[str]:
        """A folder to write to, which takes the name OUT when the block ends without an error."""
        parent = self.target.getParent()
        part = self._beside(parent, "part")
        try:
            yield part.toString()
            self._take_name(part, self._beside(parent, "old"))
        except BaseException:
            self._system.delete(part, True)
            raise

    def _beside(self, parent: Any, what: str) -> Any:
        name = f".{self.target.getName()}.{uuid.uuid4().hex}.{what}"
        return self._hadoop.Path(parent, name) if parent else self._hadoop.Path(name)

    def _take_name(self, part: Any, old: Any) -> None:
        replaced = self._system.exists(self.target) and self._system.rename(self.target, old)
        if self._system.exists(self.target) or not self._system.rename(part, self.target):
            if replaced:
                self._system.rename(old, self.target)
            raise IopscreenError(f"{self.places.target}: cannot be written")
        if replaced:
            self._system.delete(old, True)


def _names_in(system: Any, folder: Any) -> list[str]:
    """The names of the first files in a folder."""
    names: list[str] = []
    files = system.listFiles(folder, True)
    while len(names) < MAX_NAMES and files.hasNext():
        names.append(files.next().getPath().getName())
    return names


def _format_named(name: str) -> _Format | None:
    stem, ending = posixpath.splitext(name.lower())
    if ending in (".gz", ".bz2", ".zst"):
        ending = posixpath.splitext(stem)[1]
    return {".csv": _Format.CSV, ".parquet": _Format.PARQUET}.get(ending)


# --- reading and writing ---------------------------------------------------------------------


def _headers(lines: DataFrame, rule_set: RuleSet, options: BatchOptions) -> list[str]:
    """The columns of the first file. Raises IopscreenError."""
    from iopscreen.batch.csv_table import CsvTable
    from iopscreen.batch.spark import reader

    first = lines.limit(MAX_HEAD).collect()
    name = first[0][0] if first else "the file"
    head = reader(bytes(row[1]) for row in first if row[0] == name)
    return CsvTable(head, name, rule_set, options).headers


def _write(decided: DataFrame, form: _Format, target: str) -> None:
    if form is _Format.PARQUET:
        decided.write.parquet(target)
        return
    texts = decided.select([_text(decided, name, kind) for name, kind in decided.dtypes])
    texts.write.options(
        header=True, quote='"', escape='"', ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False
    ).csv(target)


def _text(decided: DataFrame, name: str, kind: str) -> Column:
    """A column as CSV can hold it."""
    from pyspark.sql import functions

    column = decided[f"`{name.replace('`', '``')}`"]
    if kind == "array<string>":
        return functions.array_join(column, ";").alias(name)
    if kind.startswith(("array", "map", "struct")):
        return functions.to_json(column).alias(name)
    return column


# --- counting --------------------------------------------------------------------------------


class _Counts:
    """Counts on the way, in the same pass that writes."""

    def __init__(self, opened: Opened) -> None:
        from pyspark.sql import Observation

        self._outcomes = [*opened.decider.compiled.rule_set.outcome, NO_RULE, UNDECIDED, ERROR]
        self._assumed = list(opened.decider.assumed)
        self._recommendation = opened.added[0]
        self._input: Observation | None = None
        self._result = Observation()

    def of_input(self, calls: DataFrame) -> DataFrame:
        """Count what is read."""
        from pyspark.sql import Observation, functions

        self._input = Observation()
        return calls.observe(self._input, functions.count(functions.lit(1)).alias("rows"))

    def of_result(self, decided: DataFrame) -> DataFrame:
        """Count what is told, and on which assumptions it rests."""
        from pyspark.sql import functions

        from iopscreen.batch.spark import RESTING

        told, resting = (
            decided[self._recommendation],
            functions.concat(functions.lit(";"), decided[f"`{RESTING}`"], functions.lit(";")),
        )
        rests = [resting.contains(f";{question};") for question in self._assumed]
        counts = [functions.count_if(told == outcome).alias(f"told {outcome}") for outcome in self._outcomes]
        counts += [
            functions.count_if(rest).alias(f"rests {question}")
            for rest, question in zip(rests, self._assumed, strict=True)
        ]
        return decided.observe(self._result, functions.count(functions.lit(1)).alias("rows"), *counts)

    def total(self, source: str) -> Part:
        """What was counted. Raises IopscreenError where not every row came out once, told one thing."""
        found = self._result.get
        told = Counter({Told(outcome): found[f"told {outcome}"] for outcome in self._outcomes})
        rows_in = self._input.get["rows"] if self._input else found["rows"]
        if not rows_in == found["rows"] == told.total():
            raise IopscreenError(f"{source}: not every row was accounted for; trust no result, and report this fault")
        # Of what is told and of what that rests on, only the sums are known.
        told.update({Told("", frozenset([question])): found[f"rests {question}"] for question in self._assumed})
        return Part(rows=found["rows"], told=told)
