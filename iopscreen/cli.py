"""The command line: arguments -> one call -> print -> exit code. Nothing is decided here.

The one place of exit codes. Results go to stdout or `-o FILE`; prompts, talk, progress and
warnings to stderr. What costs time to import is imported in the command that needs it.
"""

import gc
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from iopscreen import __version__, completion, formats, streams
from iopscreen.errors import IopscreenError, NothingWritten
from iopscreen.export.dialects import Dialect
from iopscreen.formats import AuditFormat, DiffFormat, ScreenFormat, ShowFormat, VerifyFormat

if TYPE_CHECKING:
    from iopscreen.batch.summary import Summary


class ExitCode(IntEnum):
    """What the exit status says. What is recommended never shows in it."""

    DONE = 0
    LOOK = 1
    """Done, and there is something to look at: findings, rows with problems, records that do not verify."""
    CANNOT = 2
    """Could not be done: usage, an unreadable or faulty file. Nothing was written."""
    INCOMPLETE = 3
    """The analysis did not finish within its budget; what is undecided is listed."""
    INTERRUPTED = 130
    TERMINATED = 143


class Engine(StrEnum):
    """What runs a batch."""

    HERE = "here"
    SPARK = "spark"


class FailOn(StrEnum):
    """The least severity that makes `audit` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class BatchFailOn(StrEnum):
    """What makes `batch` exit with 1: rows with problems, or those and rows that are not decided."""

    PROBLEM = "problem"
    UNDECIDED = "undecided"


app = typer.Typer(
    help="Which next step fits a caller - IOP, inpatient or referral -, why, and on which passage that rests.",
    epilog="Alone, iopscreen says what to type first. The exit status is 0 when it is done, 1 when there is something "
    "to look at, 2 when it could not be done, 3 when an analysis did not finish.",
    invoke_without_command=True,  # to say what to type first
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PROGRAM = "iopscreen"


def _number(seconds: float) -> float:
    """A budget is compared with the clock, and nothing compares with what is no number."""
    if math.isnan(seconds):
        raise typer.BadParameter("not a number")
    return seconds


def _format(what: str, kinds: type[StrEnum]) -> Any:
    """The option `--format`, which tells its kinds in words: as a type they would take half of the line."""
    *others, last = kinds
    return typer.Option("--format", metavar="FORMAT", help=f"{what}: {', '.join(others)} or {last}.")


_PHONE, _SHEET, _RULES = "You talk with people", "You have a spreadsheet", "You write or review rules"
"""What the commands are for, in `--help`."""

Rules = Annotated[
    str | None,
    typer.Option(
        "--rules",
        "-r",
        metavar="RULES",
        autocompletion=completion.rule_sets,
        help="A rule file, or the name of one that comes along. Default: iop.",
    ),
]
RulesOfRecords = Annotated[
    str | None,
    typer.Option(
        "--rules",
        "-r",
        metavar="RULES",
        autocompletion=completion.rule_sets,
        help="The rule file of all records. Default: of each record the shipped one of its id.",
    ),
]
ExpectDigest = Annotated[str | None, typer.Option(metavar="SHA256", help="Stop unless the rule file has this digest.")]
Output = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="Write the result to this file; - is stdout.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]


def _show_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:  # which it is while a shell completes
        print(f"iopscreen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    del version
    if context.invoked_subcommand is None:
        from iopscreen.manual import first_steps

        print("\n".join(first_steps()), file=sys.stderr)
        raise typer.Exit(ExitCode.CANNOT)


# --- the commands ---------------------------------------------------------------------------


@app.command(rich_help_panel=_PHONE)
def screen(
    rules: Rules = None,
    answers: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Answers known already: a YAML or JSON file, question id to answer; - is stdin."
        ),
    ] = None,
    from_record: Annotated[
        str | None,
        typer.Option("--from", metavar="RECORD", help="Go on with an unfinished record, or screen again after one."),
    ] = None,
    save: Annotated[
        str | None, typer.Option(metavar="FILE|DIR/", help="Keep a record, from the first answer on.")
    ] = None,
    ref: Annotated[
        str | None, typer.Option(metavar="ID", help="Your own id for the call, in the record and its name; no names.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: decide on what is known.")] = False,
    other: Annotated[bool, typer.Option("--other", help="The caller speaks for somebody else.")] = False,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Print questions once and read lines: for screen readers. Also ACCESSIBLE=1."),
    ] = False,
    output_format: Annotated[ScreenFormat, _format("How to print it", ScreenFormat)] = ScreenFormat.TEXT,
    output: Output = "-",
    force: Force = False,
    expect_digest: ExpectDigest = None,
) -> None:
    """Ask a caller what can still matter, one question after the other, and recommend the next step.

    Example: iopscreen screen --save calls/ --format html -o handover.html
    """
    from iopscreen import calls
    from iopscreen.engine.budget import TooTangled
    from iopscreen.engine.decide import ImpossibleAnswers
    from iopscreen.inputs import TOO_FEW_ANSWERS, excluded

    streams.refuse_own_input(output, [answers, from_record, *_rules_read(rules)])
    streams.check_output(output, force=force)
    wishes = calls.Wishes(
        rules=rules,
        answers=answers,
        from_record=from_record,
        save=save,
        ref=ref,
        output=output,
        no_input=no_input,
        other=other,
        plain=plain,
        force=force,
        expect_digest=expect_digest,
    )
    try:
        shown, keeper = calls.screen(wishes)
    except ImpossibleAnswers as error:
        raise IopscreenError(excluded(error)) from None
    except TooTangled:
        streams.tell(f"error: {TOO_FEW_ANSWERS}")
        raise typer.Exit(ExitCode.INCOMPLETE) from None
    except calls.Interrupted as left:
        streams.tell(str(left))
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    text = formats.decision_as(output_format, shown)
    try:
        streams.write(output, text, force=force)
    except (IopscreenError, OSError):
        streams.write("-", text, force=force)  # the call is over: what was decided must not be lost with the file
        raise
    if keeper and keeper.problem:
        raise keeper.problem


@app.command(rich_help_panel=_PHONE)
def verify(
    records: Annotated[
        list[str], typer.Argument(metavar="RECORD...", help="Records that `screen --save` kept, or folders of them.")
    ],
    rules: RulesOfRecords = None,
    output_format: Annotated[VerifyFormat, _format("How to print it", VerifyFormat)] = VerifyFormat.TEXT,
    output: Output = "-",
    force: Force = False,
    expect_digest: ExpectDigest = None,
) -> None:
    """Decide records again, re-check what was not asked, and name what does not hold.

    Without `--rules`, each record is verified with the shipped rule set of its id.

    Example: iopscreen verify calls/
    """
    from iopscreen import verifying
    from iopscreen.report import verify as report

    _collect_garbage()
    paths = verifying.record_files(records)
    streams.refuse_own_input(output, [*paths, *(_rules_read(rules) if rules is not None else [])])
    streams.check_output(output, force=force)
    results = verifying.verify(paths, rules, expect_digest)
    none_read = all(isinstance(result.found, str) for result in results)
    if none_read and output != streams.STREAM:
        for line in report.verify_text(results).splitlines():
            streams.tell(line)  # why nothing could be done, and so no file is written
        raise typer.Exit(ExitCode.CANNOT)
    if output_format is VerifyFormat.JSON:
        text = formats.json_text(report.verify_json(results))
    else:
        text = report.verify_text(results)
    streams.write(output, text, force=force)
    if none_read:
        raise typer.Exit(ExitCode.CANNOT)
    if any(isinstance(result.found, str) or result.found.problems for result in results):
        raise typer.Exit(ExitCode.LOOK)


@app.command(rich_help_panel=_SHEET)
def batch(
    source: Annotated[
        str,
        typer.Argument(metavar="IN", help="The file to screen, one caller a row: CSV, .parquet, .jsonl; - is stdin."),
    ],
    folder: Annotated[
        str | None, typer.Argument(metavar="OUT", help="With --engine spark: the folder to write.")
    ] = None,
    rules: Rules = None,
    output: Output = "-",
    force: Force = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how every column and value would be read, and write nothing.")
    ] = False,
    problems: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the rows with problems here, too, to mend and run again.")
    ] = None,
    summary: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the summary here: FILE.json, FILE.md or FILE.html.")
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="OLD_RULES",
            autocompletion=completion.rule_sets,
            help="Say what each row was told by these rules, and whether that changed.",
        ),
    ] = None,
    fail_on: Annotated[
        BatchFailOn, typer.Option(help="Exit with 1 where a row has a problem, or (undecided) is not decided.")
    ] = BatchFailOn.PROBLEM,
    column_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="HEADER=QUESTION",
            autocompletion=completion.questions,
            help="Which question a column answers. Repeatable.",
        ),
    ] = None,
    ignore_column: Annotated[
        list[str] | None, typer.Option(metavar="HEADER", help="A column that answers no question. Repeatable.")
    ] = None,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="Put ' before cells that a spreadsheet would run as a formula.")
    ] = False,
    prefix: Annotated[str, typer.Option(metavar="TEXT", help="Put this before the names of the added columns.")] = "",
    encoding: Annotated[str, typer.Option(metavar="NAME", help="The encoding of the file.")] = "utf-8",
    engine: Annotated[
        Engine, typer.Option(help="What runs it: this program, or Apache Spark (then IN may be a folder).")
    ] = Engine.HERE,
    master: Annotated[
        str | None, typer.Option(metavar="URL", help="With --engine spark: the cluster. Default: this machine.")
    ] = None,
    expect_digest: ExpectDigest = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="How many processes share the work. Default: one per processor for large files."
        ),
    ] = None,
) -> None:
    """Screen every row of a CSV file or table; blank and unreadable cells are never guessed.

    Example: iopscreen batch calls.csv -o screened.csv
    """
    from iopscreen import batching
    from iopscreen.report.batch import summary_lines

    _collect_garbage()
    wishes = batching.Wishes(
        source=source,
        rules=rules,
        output=output,
        problems=problems,
        summary=summary,
        compare=compare,
        column_map=column_map or [],
        ignore_columns=ignore_column or [],
        excel_safe=excel_safe,
        prefix=prefix,
        encoding=encoding,
        force=force,
        expect_digest=expect_digest,
        jobs=jobs,
    )
    if engine is not Engine.SPARK and (folder is not None or master is not None):
        raise IopscreenError("a second name, and `--master`, are for `--engine spark`; name the result with `-o`")
    if dry_run and engine is not Engine.SPARK:
        preview, file = batching.dry_run(wishes)
        streams.write("-", formats.preview_as(preview, file), force=force)
        _tell_unwritten(wishes.outputs)
        preview.refuse_doubts()
        raise typer.Exit(_batch_exit(preview.summary, fail_on))
    if engine is Engine.SPARK:
        screened = batching.screen_on_spark(wishes, folder, master, dry_run=dry_run)
    else:
        with _told_if_interrupted(output):
            screened = batching.screen(wishes)
    for line in summary_lines(screened.summary, screened.file.rule_set):
        streams.tell(line)
    if problems and screened.summary.problems:
        streams.tell(f"rows with problems are in {problems}: mend them there, and screen that file")
    raise typer.Exit(_batch_exit(screened.summary, fail_on))


@app.command(rich_help_panel=_RULES)
def audit(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RULES...",
            autocompletion=completion.rule_sets_and_folders,
            help="Rule files or their cases, folders, or shipped names. Default: iop.",
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=FILE", help="The text of a source, to verify citations. Repeatable."),
    ] = None,
    output_format: Annotated[AuditFormat, _format("How to print it", AuditFormat)] = AuditFormat.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.ERROR,
    today: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day to judge dates by, YYYY-MM-DD. Default: today.")
    ] = None,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes, too.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="As text: findings alone, and of clean files nothing.")
    ] = False,
    budget: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0,
            callback=_number,
            help="How long the audit of a file may take; what is not decided then is named.",
        ),
    ] = 8,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Show which small changes to the rules no case would notice.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|REV",
            autocompletion=completion.rule_sets,
            help="Say what changed since this file, or this revision of git.",
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=completion.findings,
            help="Say what a finding means and what to do, and audit nothing; `list` shows all names.",
        ),
    ] = None,
    output: Output = "-",
    force: Force = False,
) -> None:
    """Audit rule files: faults, gaps, unreachable rules, guarantees, cases, citations.

    Example: iopscreen audit my-clinic.yaml --mutants
    """
    _collect_garbage()
    streams.check_output(output, force=force)
    if quiet and output_format is not AuditFormat.TEXT:
        raise IopscreenError("`--quiet` is for `--format text`: the other formats are for programs and pages")
    if explain is not None:
        others = (
            paths,
            source,
            notes,
            quiet,
            mutants,
            against,
            today is not None,
            output_format is not AuditFormat.TEXT,
        )
        if any(others):
            raise IopscreenError("`--explain NAME` audits nothing, and goes with `-o FILE` alone: leave the rest out")
        from iopscreen.audit.documentation import documented
        from iopscreen.report.audit import documentation_text

        text = documentation_text(documented(explain), streams.width())
        streams.write(output, text, force=force)
        return
    from iopscreen import auditing

    wishes = auditing.Wishes(
        paths=paths or [],
        sources=source or [],
        today=today,
        notes=notes or fail_on is FailOn.NOTE,
        budget=budget,
        mutants=mutants,
        against=against,
        output=output,
    )
    with _counting("mutants", wanted=mutants) as progress:
        results = auditing.audit(wishes, progress)
    text = formats.audit_as(output_format, results, output, notes=notes, quiet=quiet)
    status = _audit_exit(results, fail_on)
    streams.write(output, text, force=force)
    raise typer.Exit(status)


@app.command(rich_help_panel=_RULES)
def show(
    rules: Annotated[
        str | None,
        typer.Argument(
            metavar="RULES",
            autocompletion=completion.rule_sets,
            help="A rule file, or the name of one that comes along. Default: iop.",
        ),
    ] = None,
    json_schema: Annotated[
        bool,
        typer.Option("--json-schema", help="The JSON Schema of rule files, for editors; with RULES, with its names."),
    ] = False,
    cases: Annotated[bool, typer.Option("--cases", help="With --json-schema: that of `.cases.yaml` files.")] = False,
    output_format: Annotated[ShowFormat, _format("How to draw it", ShowFormat)] = ShowFormat.TABLE,
    dialect: Annotated[
        Dialect | None, typer.Option(help="With --format sql: for which engine. Default: duckdb.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --format sql: the table or view with the answers. Default: calls."),
    ] = None,
    output: Output = "-",
    force: Force = False,
) -> None:
    """Draw a rule set for those who will not read YAML, without judging it; or write it as SQL.

    Example: iopscreen show iop --format html -o iop.html
    """
    from iopscreen.audit.overview import overview
    from iopscreen.inputs import read_rules

    _collect_garbage()
    streams.check_output(output, force=force)
    if cases and not json_schema:
        raise IopscreenError("`--cases` is for `--json-schema`: the schema of `.cases.yaml` files")
    if json_schema and (output_format is not ShowFormat.TABLE or dialect or table is not None):
        raise IopscreenError("`--json-schema` has its own form: leave out `--format`, `--dialect` and `--table`")
    if json_schema:
        streams.refuse_own_input(output, _rules_read(rules) if rules is not None else [])
        streams.write(output, formats.json_text(_schema(rules, of_cases=cases)), force=force)
        return
    if output_format is not ShowFormat.SQL and (dialect or table is not None):
        raise IopscreenError("`--dialect` and `--table` are for `--format sql`")
    streams.refuse_own_input(output, _rules_read(rules))
    file, compiled = read_rules(rules)
    if output_format is ShowFormat.SQL:
        from iopscreen.export.sql import decision_sql

        text = decision_sql(file, dialect or Dialect.DUCKDB, "calls" if table is None else table)
    else:
        text = formats.overview_as(output_format, overview(file, compiled))
    streams.write(output, text, force=force)


@app.command(rich_help_panel=_RULES)
def new(
    path: Annotated[str, typer.Argument(metavar="FILE", help="The rule file to write; its cases go beside it.")],
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The heading of the rule set. Default: from the file's name.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace both files if they exist.")] = False,
) -> None:
    """Write a small rule set with its cases, to be changed into your own.

    Example: iopscreen new my-clinic.yaml --title "First screen of My Clinic"
    """
    from iopscreen.export.starter import typed, write_starter

    write_starter(path, title, force=force)
    streams.tell(f"next, audit the rules: iopscreen audit {typed(path)} --mutants")
    streams.tell(f"then screen with them: iopscreen screen --rules {typed(path)}")


@app.command(rich_help_panel=_RULES)
def diff(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", autocompletion=completion.rule_sets, help="A rule file, or a revision of git that has NEW."
        ),
    ],
    new: Annotated[
        str, typer.Argument(metavar="NEW", autocompletion=completion.rule_sets, help="The rule file that it became.")
    ],
    output_format: Annotated[DiffFormat, _format("How to print it", DiffFormat)] = DiffFormat.TEXT,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code",
            help="Exit with 1 where the rules say anything else, in whatever words: `different` in the JSON.",
        ),
    ] = False,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes, too.")] = False,
    budget: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, callback=_number, help="How long the verdicts may take.")
    ] = 8,
    output: Output = "-",
    force: Force = False,
) -> None:
    """Say what a change of rules means: which callers are recommended something else, and what protects them.

    Example: iopscreen diff iop my-clinic.yaml
    """
    from iopscreen import auditing

    _collect_garbage()
    streams.check_output(output, force=force)
    change = auditing.diff(old, new, output, budget)
    if isinstance(change, auditing.NewFile):
        streams.write(output, formats.new_as(output_format, change.edition, change.said), force=force)
        raise typer.Exit(ExitCode.LOOK if exit_code else ExitCode.DONE)
    streams.write(output, formats.diff_as(output_format, change, notes=notes), force=force)
    if not change.complete:
        raise typer.Exit(ExitCode.INCOMPLETE)
    if exit_code and not change.nothing:
        raise typer.Exit(ExitCode.LOOK)


# --- steps of the commands ------------------------------------------------------------------


def _schema(rules: str | None, *, of_cases: bool) -> dict[str, Any]:
    """The schema of any file; with `rules`, of those of one rule set."""
    from iopscreen.export.schema import cases_schema, rules_schema
    from iopscreen.ruleset.reader import read_rule_file

    if rules is None:
        return cases_schema() if of_cases else rules_schema()
    file = read_rule_file(_locate(rules))
    return cases_schema(file.rule_set, Path(file.path).name) if of_cases else rules_schema(file.rule_set)


def _locate(name: str | None) -> str:
    from iopscreen.ruleset.shipped import locate_file

    return locate_file(name)


def _rules_read(rules: str | None) -> list[str]:
    """A rule file, and the cases beside it, which are read with it."""
    from iopscreen.ruleset.cases import cases_path

    path = _locate(rules)
    return [path, cases_path(path)]


def _tell_unwritten(outputs: dict[str, str]) -> None:
    """A dry run writes nothing, whatever was named."""
    named = [f"`{option} {name}`" for option, name in outputs.items() if name != streams.STREAM]
    if named:
        streams.tell(f"nothing is written for {', '.join(named)}: this is a dry run")


_OBJECTS_AT_ONCE = 10_000
"""How many new ones come together before they are looked through for garbage."""


def _collect_garbage() -> None:
    """From here on, now and then: what the start made stays, and little of what rows and rules need is garbage."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(_OBJECTS_AT_ONCE)


@contextmanager
def _told_if_interrupted(output: str) -> Iterator[None]:
    """Who stops a run is told what became of its result."""
    try:
        yield
    except NothingWritten:
        left = "what went to stdout may lack rows" if output == streams.STREAM else "nothing was written"
        streams.tell(f"interrupted: {left}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _batch_exit(summary: "Summary", fail_on: BatchFailOn) -> ExitCode:
    found = summary.problems or (fail_on is BatchFailOn.UNDECIDED and summary.undecided)
    return ExitCode.LOOK if found else ExitCode.DONE


@contextmanager
def _counting(what: str, *, wanted: bool) -> "Iterator[Callable[[int, int], None] | None]":
    """A line on the terminal, while something long is done, of how much of it is done; None for no terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), MofNCompleteColumn(), TextColumn(what), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _audit_exit(results: list[Any], fail_on: FailOn) -> ExitCode:
    severities = list(FailOn)[: list(FailOn).index(fail_on) + 1]
    if any(not result.complete for result in results):
        return ExitCode.INCOMPLETE
    found = any(
        finding.severity.value in [severity.value for severity in severities] and not result.accepted(finding)
        for result in results
        for finding in result.findings
    )
    return ExitCode.LOOK if found else ExitCode.DONE


# --- the way in and the way out -------------------------------------------------------------


def main() -> NoReturn:
    """Run the program: the entry point, and the one place where errors become exit codes."""
    if completion.VARIABLE in os.environ:
        _answer_shell()
    if not streams.open_closed_streams():
        print("error: stdout is closed", file=sys.stderr)
        sys.exit(ExitCode.CANNOT)
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT"):  # the last two are not on every system
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminated)
    debugging = os.environ.get("IOPSCREEN_DEBUG") == "1"
    if not debugging:
        sys.unraisablehook = threading.excepthook = _tell_unraised
    try:
        sys.exit(_run())
    except IopscreenError as error:
        _tell_error(error)
    except streams.Closed:
        pass
    except Exception as error:
        if debugging and not isinstance(error, OSError):
            raise
        _tell_fault(error)
    sys.exit(ExitCode.CANNOT)


def _terminated(_signal: int, _frame: Any) -> NoReturn:
    sys.exit(ExitCode.TERMINATED)


_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What the parser raises for a command line that is wrong; it has no name that all versions export."""


def _answer_shell() -> NoReturn:
    """Say what completes a word. Whatever goes wrong, whoever types it sees nothing of that."""
    with suppress(Exception):
        completion.mend_words(os.environ)
        app(prog_name=PROGRAM)
    sys.exit(ExitCode.CANNOT)


def _run() -> Any:
    """The exit status of a command. What is wrong with a command line is told in our words, not the parser's."""
    try:
        with _asked_for_alone():
            return app(prog_name=PROGRAM, standalone_mode=False)
    except _UsageError as error:
        from typer.main import get_group

        from iopscreen.usage import usage_lines

        for line in usage_lines(error, get_group(app).commands, sys.argv[1:]):
            print(line, file=sys.stderr)
        return ExitCode.CANNOT


@contextmanager
def _asked_for_alone() -> Iterator[None]:
    """Only the command that the first word names, if it names one: the parsers of all take as long as a short run."""
    every = app.registered_commands
    app.registered_commands = [one for one in every if getattr(one.callback, "__name__", "") in sys.argv[1:2]] or every
    try:
        yield
    finally:
        app.registered_commands = every


def _tell_error(error: IopscreenError) -> None:
    from iopscreen.ruleset.findings import FileRefused, one_line
    from iopscreen.text import printable

    if isinstance(error, FileRefused):
        for finding in error.findings:
            print(printable(one_line(finding)), file=sys.stderr)
    else:
        for problem in getattr(error, "problems", [str(error)]):
            print(f"error: {printable(problem)}", file=sys.stderr)


def _tell_unraised(failed: Any) -> None:
    """What fails where nobody can catch it, as in a thread, or in what goes away: Python would print its message."""
    if isinstance(failed.exc_value, Exception):
        _tell_fault(failed.exc_value)


def _tell_fault(error: Exception) -> None:
    """What nobody expected: the system's words; or a bug, whose message may hold an answer: only its place is told."""
    if isinstance(error, OSError):
        words = _named(error) + (error.strerror or "input or output error").lower()
    elif isinstance(error, MemoryError):
        words = "there is not enough memory"
    else:
        words = f"a fault in iopscreen itself: {_place_of(error)}"
    print(f"error: {words}", file=sys.stderr)


def _named(error: OSError) -> str:
    """The file that an error of the system is about, unless its name may be answers in the wrong place."""
    from iopscreen.text import may_hold_answers, printable

    name = error.filename
    return f"{printable(name)}: " if isinstance(name, str) and not may_hold_answers(name) else ""


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "somewhere"
    return f"{type(error).__name__} at {place}"
