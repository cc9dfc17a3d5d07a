"""The batch on Apache Spark: the extra `spark`. From Python it is three lines:

    from iopscreen.batch.spark import screened
    calls = spark.read.parquet("calls/")
    screened(calls, "rules.yaml").write.parquet("screened/")

The rule file travels with the job and is compiled once in each worker process; workers need this package
and pyarrow, no file. Rows are decided by the same code as everywhere (see `typed.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from iopscreen.batch.csv_table import CsvTable, Faults
from iopscreen.batch.opening import BatchOptions, Opened, opened_table, options_from_python
from iopscreen.batch.option_words import OptionWords
from iopscreen.batch.texts import CellWriter
from iopscreen.batch.typed import Screener
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.model import RuleFile
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.shipped import locate

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

ROWS = 10_000
"""How many rows of a CSV file go at once."""
RESTING = "iopscreen resting"
"""A column of ours that is counted and never written."""


class Job(NamedTuple):
    """What every worker is told: small, and the same for all, so that it is made ready once a process."""

    rules: bytes
    path: str
    headers: tuple[str, ...]
    map: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]
    prefix: str
    encoding: str | None
    """Of CSV files, whose rows come as bytes, a line each, beside the name of their file; else None."""
    counted: bool
    """Whether the last column that comes out is `RESTING`."""
    words: OptionWords

    @property
    def options(self) -> BatchOptions:
        """What the user chose."""
        return BatchOptions(
            dict(self.map),
            frozenset(self.ignored),
            prefix=self.prefix,
            encoding=self.encoding or "utf-8",
            words=self.words,
        )


def screened(
    calls: DataFrame,
    rules: str | None = None,
    *,
    map: Mapping[str, str] | None = None,  # noqa: A002 - as the option is called
    ignore_columns: Sequence[str] = (),
    prefix: str = "",
) -> DataFrame:
    """`calls` with the columns of the decision behind its own; rows stay where they are.

    `rules`: a rule file, or the name of one that comes along; `map`: column -> question id. Raises
    IopscreenError, before any row is read, for rules or columns that are refused.
    """
    options = options_from_python(map, ignore_columns, prefix=prefix)
    file = read_rule_file(locate(rules))
    job = job_of(file, calls.columns, options)
    opened = opened_job(job, compile_rule_set(file.rule_set))
    return decided(calls, job, opened.added)


def job_of(
    file: RuleFile,
    headers: Sequence[str],
    options: BatchOptions,
    *,
    of_csv: bool = False,
    counted: bool = False,
) -> Job:
    """The job of deciding rows with the columns `headers`."""
    return Job(
        rules=file.text.encode(),
        path=file.path,
        headers=tuple(headers),
        map=tuple(sorted(options.map.items())),
        ignored=tuple(sorted(options.ignore_columns)),
        prefix=options.prefix,
        encoding=options.encoding if of_csv else None,
        counted=counted,
        words=options.words,
    )


def opened_job(job: Job, compiled: Compiled, *, name: str = "the table") -> Opened:
    """What a job means for its columns. Raises IopscreenError."""
    writer = CellWriter(name, len(job.headers))
    opened = opened_table(compiled, job.headers, writer, job.options, name=name)
    opened.refuse_doubts()
    return opened


def decided(calls: DataFrame, job: Job, added: Sequence[str]) -> DataFrame:
    """`calls`, or the rows of the CSV files whose lines they are, with the columns `added`."""
    from pyspark.sql.types import StringType, StructField, StructType

    names = [*(job.headers if job.encoding else ()), *added, *([RESTING] if job.counted else [])]
    new = [StructField(name, StringType()) for name in names]
    schema = StructType(new if job.encoding else [*calls.schema.fields, *new])
    return calls.mapInArrow(partial(_screen, job, schema.names), schema)


# --- in a worker -----------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _rules(job: Job) -> Compiled:
    """The rule set, compiled once a process."""
    return compile_rule_set(understand(job.rules, job.path).rule_set)


@lru_cache(maxsize=8)
def _screener(job: Job) -> Screener:
    """What decides; what it has found out serves the next partition, too."""
    return Screener(opened_job(job, _rules(job)).deciding, len(job.headers))


def _screen(job: Job, names: Sequence[str], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of a partition."""
    import pyarrow as pa

    screener = _screener(job)
    for batch, faults in _rows_of_files(job, batches) if job.encoding else ((batch, None) for batch in batches):
        if batch.num_rows:
            appended = screener.appended(batch, faults)
            new = [*appended.columns, appended.resting] if job.counted else appended.columns
            yield pa.RecordBatch.from_arrays([*batch.columns, *new], names=names)


def _rows_of_files(job: Job, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, Faults]]:
    """The rows of CSV files; the lines of a file come together and in order. Raises IopscreenError."""
    lines = (pair for batch in batches for pair in zip(*(column.to_pylist() for column in batch.columns), strict=True))
    for name, of_file in groupby(lines, itemgetter(0)):
        table = CsvTable(reader(line for _, line in of_file), name, _rules(job).rule_set, job.options)
        if tuple(table.headers) != job.headers:
            raise IopscreenError(f"{name}: its columns are not those of the other files; screen it by itself")
        yield from table.batches(ROWS)


def reader(lines: Iterator[bytes]) -> Callable[[int], bytes]:
    """Reads lines, which come without their ends, as bytes of about the size wanted."""

    def read(size: int) -> bytes:
        found: list[bytes] = []
        while size > 0 and (line := next(lines, None)) is not None:
            found.append(line + b"\n")
            size -= len(line) + 1
        return b"".join(found)

    return read


def csv_lines(session: SparkSession, source: str) -> DataFrame:
    """The lines of CSV files, as bytes beside the name of their file.

    Spark's own reader of CSV takes a quote that is never closed for the begin of a cell that holds all
    callers after it. A file must come whole to one task: it is split nowhere as long as opening a file
    is said to cost more than reading any.
    """
    from pyspark.sql import functions

    session.conf.set("spark.sql.files.maxPartitionBytes", 1 << 60)
    session.conf.set("spark.sql.files.openCostInBytes", 1 << 40)
    lines = session.read.option("lineSep", "\n").text(source)
    return lines.select(functions.col("_metadata.file_path"), functions.col("value").cast("binary"))
