"""The batch on Apache Spark: the extra `spark`. From Python it is three lines:

    from iopscreen.batch.spark import screened
    calls = spark.read.parquet("calls/")
    screened(calls, "rules.yaml").write.parquet("screened/")

The rule file travels with the job and is compiled once in each worker process; workers need this package
and pyarrow, no file. Rows are decided by the same code as everywhere (see `typed.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from iopscreen.batch.lines import long_cells
from iopscreen.batch.opening import BatchOptions, Opened, opened_table
from iopscreen.batch.rows import reasons
from iopscreen.batch.typed import CellWriter, Screener
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.ruleset.model import RuleFile
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.shipped import locate

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

RESTING = "iopscreen resting"
"""A column of ours that is counted and never written."""
MALFORMED = "iopscreen malformed"
"""A column in which Spark keeps a row of CSV that has not as many cells as the header."""


class Job(NamedTuple):
    """What every worker is told: small, and the same for all, so that it is made ready once a process."""

    rules: bytes
    path: str
    headers: tuple[str, ...]
    map: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]
    prefix: str
    malformed: str | None
    """The delimiter, where the last column is `MALFORMED`."""
    counted: bool
    """Whether the last column that comes out is `RESTING`."""


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
    options = BatchOptions(map or {}, frozenset(ignore_columns), prefix=prefix)
    file = read_rule_file(locate(rules))
    job = job_of(file, calls.columns, options)
    opened = opened_job(job, compile_rule_set(file.rule_set))
    return decided(calls, job, opened.added)


def job_of(
    file: RuleFile,
    headers: Sequence[str],
    options: BatchOptions,
    *,
    malformed: str | None = None,
    counted: bool = False,
) -> Job:
    """The job of deciding rows with the columns `headers`."""
    maps = tuple(sorted(options.map.items()))
    ignored = tuple(sorted(options.ignore_columns))
    return Job(file.text.encode(), file.path, tuple(headers), maps, ignored, options.prefix, malformed, counted)


def opened_job(job: Job, compiled: Compiled, *, name: str = "the table") -> Opened:
    """What a job means for its columns. Raises IopscreenError."""
    options = BatchOptions(dict(job.map), frozenset(job.ignored), prefix=job.prefix)
    writer = CellWriter(name, len(job.headers))
    opened = opened_table(compiled, job.headers, writer, options, name=name)
    opened.refuse_doubts()
    return opened


def decided(calls: DataFrame, job: Job, added: Sequence[str]) -> DataFrame:
    """`calls` without `MALFORMED`, with the columns `added`."""
    from pyspark.sql.types import StringType, StructField, StructType

    kept = [field for field in calls.schema.fields if field.name != MALFORMED]
    new = [*added, RESTING] if job.counted else added
    schema = StructType([*kept, *(StructField(name, StringType()) for name in new)])
    return calls.mapInArrow(partial(_screen, job, schema.names), schema)


# --- in a worker -----------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _screener(job: Job) -> Screener:
    """The rule set, compiled once a process."""
    compiled = compile_rule_set(understand(job.rules, job.path).rule_set)
    return Screener(opened_job(job, compiled).deciding, len(job.headers))


def _screen(job: Job, names: Sequence[str], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of a partition."""
    import pyarrow as pa

    screener = _screener(job)
    for batch in batches:
        if batch.num_rows:
            appended = screener.appended(batch, _faults(job, batch))
            new = [*appended.columns, appended.resting] if job.counted else appended.columns
            yield pa.RecordBatch.from_arrays([*batch.columns[: len(job.headers)], *new], names=names)


def _faults(job: Job, batch: pa.RecordBatch) -> dict[int, Sequence[str]]:
    """By row of a CSV file, what is wrong with its cells as a whole."""
    if job.malformed is None:
        return {}
    rows = batch.column(len(job.headers)).to_pylist()
    return {row: _reasons(raw, job) for row, raw in enumerate(rows) if raw is not None}


def _reasons(raw: str, job: Job) -> Sequence[str]:
    """Why a row is malformed. The cells that have no column are kept in what is said of it."""
    assert job.malformed is not None
    with long_cells():
        cells = next(csv.reader(raw.splitlines(keepends=True), delimiter=job.malformed), [])
    width = len(job.headers)
    if len(cells) > width:
        return [f"long row: {len(cells)} cells for {width} columns; the whole row: {raw}"]
    return reasons(cells, (), width) or [f"the row cannot be read as CSV: {raw}"]
