"""The command line: arguments -> one call -> print -> exit code. Nothing is decided here.

The one place of exit codes. Results go to stdout or `-o FILE`; prompts, talk, progress and
warnings to stderr. What costs time to import is imported in the command that needs it.
"""

import gc
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn

import typer

from iopscreen import __version__
from iopscreen.errors import IopscreenError

if TYPE_CHECKING:
    from iopscreen.audit.run import AuditResult
    from iopscreen.batch.run import Summary
    from iopscreen.engine.compiled import Compiled
    from iopscreen.engine.decide import Decision
    from iopscreen.ruleset.findings import Finding
    from iopscreen.ruleset.model import Answers, RuleFile


class ExitCode(IntEnum):
    """What the exit status says. What is recommended never shows in it."""

    DONE = 0
    LOOK = 1
    """Done, and there is something to look at: findings, rows with problems."""
    CANNOT = 2
    """Could not be done: usage, an unreadable or faulty file. Nothing was written."""
    INCOMPLETE = 3
    """The analysis did not finish within its budget; what is undecided is listed."""
    INTERRUPTED = 130
    TERMINATED = 143


class ScreenFormat(StrEnum):
    """How `screen` prints a decision."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class AuditFormat(StrEnum):
    """How `audit` prints its findings."""

    TEXT = "text"
    JSON = "json"


class FailOn(StrEnum):
    """The least severity that makes `audit` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


app = typer.Typer(
    help="Which next step fits a caller - IOP, inpatient or referral -, why, and on which passage that rests.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Rules = Annotated[str | None, typer.Option("--rules", "-r", help="A rule file, or the name of one that comes along.")]
Output = Annotated[str, typer.Option("--output", "-o", help="Write the result to this file; - is stdout.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"iopscreen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    del version


# --- the commands ---------------------------------------------------------------------------


@app.command()
def screen(
    rules: Rules = None,
    answers: Annotated[
        str | None, typer.Option(help="Answers known already: a YAML or JSON file, question id to answer; - is stdin.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: decide on what is known.")] = False,
    other: Annotated[bool, typer.Option("--other", help="The caller speaks for somebody else.")] = False,
    output_format: Annotated[ScreenFormat, typer.Option("--format", help="How to print it.")] = ScreenFormat.TEXT,
    output: Output = "-",
    force: Force = False,
) -> None:
    """Interview a coordinator on the phone, and recommend the next step.

    Example: iopscreen screen --format markdown -o handover.md
    """
    from iopscreen.engine.decide import ImpossibleAnswers, decide
    from iopscreen.engine.diagram import TooTangled

    _check_output(output, force)
    if not no_input:
        _need_terminal(answers)
    file = _read_rules(rules)
    compiled = _compile(file)
    known = _read_answers(answers, file) if answers is not None else {}
    stopped = False
    try:
        if no_input:
            decision = decide(compiled, known, absent_is_unknown=True)
        else:
            decision, stopped = _interview(compiled, known, other)
    except ImpossibleAnswers as error:
        entries = "; ".join(f"`{entry.id}`: {entry.because}" for entry in error.entries)
        raise IopscreenError(f"these answers cannot all be right: {entries}") from None
    except TooTangled:
        _tell("error: the rule set is too tangled to decide on so few answers; answer more of them first")
        raise typer.Exit(ExitCode.INCOMPLETE) from None
    text = _decision_as(output_format, file, compiled, decision, other=other, emergency_stop=stopped)
    try:
        _write(output, text, force)
    except IopscreenError:
        _write("-", text, force)  # the call is over: what was decided must not be lost with the file
        raise


@app.command()
def batch(
    source: Annotated[str, typer.Argument(metavar="CSV", help="The file to screen, one caller a row; - is stdin.")],
    rules: Rules = None,
    output: Output = "-",
    force: Force = False,
    column_map: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="HEADER=QUESTION", help="Which question a column answers. Repeatable."),
    ] = None,
    ignore_column: Annotated[
        list[str] | None, typer.Option(metavar="HEADER", help="A column that answers no question. Repeatable.")
    ] = None,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="Put ' before cells that a spreadsheet would run as a formula.")
    ] = False,
    prefix: Annotated[str, typer.Option(help="Put this before the names of the added columns.")] = "",
    encoding: Annotated[str, typer.Option(help="The encoding of the file.")] = "utf-8",
) -> None:
    """Screen every row of a CSV file; blank and unreadable cells are never guessed.

    Example: iopscreen batch calls.csv -o screened.csv
    """
    from iopscreen.batch.run import BatchOptions, parse_map

    gc.enable()
    _check_output(output, force)
    _refuse_own_input(source, output)
    options = BatchOptions(
        map=parse_map(column_map or []),
        ignore_columns=frozenset(ignore_column or []),
        excel_safe=excel_safe,
        prefix=prefix,
        encoding=encoding,
    )
    file = _read_rules(rules)
    compiled = _compile(file)
    with _opened(source) as rows, _target(output, force) as target:
        summary = _screen_file(compiled, rows, target, options, name="stdin" if source == "-" else source)
    _tell_summary(summary, file)
    if summary.problems:
        raise typer.Exit(ExitCode.LOOK)


@app.command()
def audit(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="RULES", help="Rule files, folders of them, or shipped names.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=FILE", help="The text of a source, to verify citations. Repeatable."),
    ] = None,
    output_format: Annotated[AuditFormat, typer.Option("--format", help="How to print it.")] = AuditFormat.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.ERROR,
    today: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day to judge dates by, YYYY-MM-DD. Default: today.")
    ] = None,
    notes: Annotated[bool, typer.Option("--notes", help="Show notes, too.")] = False,
    output: Output = "-",
    force: Force = False,
) -> None:
    """Audit rule files: faults, gaps, unreachable rules, guarantees, cases, citations.

    Example: iopscreen audit rules/ --source article=article.txt
    """
    from iopscreen.audit import run as audit_run
    from iopscreen.report import audit as report

    gc.enable()
    _check_output(output, force)
    texts = _read_sources(source or [])
    named: list[str | None] = [*paths] if paths else [None]
    files = [file for path in named for file in audit_run.rule_files(_locate(path))]
    results = [audit_run.audit(file, texts, today=_day(today)) for file in files]
    _refuse_unknown_sources(texts, results)
    if output_format is AuditFormat.JSON:
        text = _json(report.audit_json(results))
    else:
        text = report.audit_text(results, color=_color(output), width=_width(), notes=notes)
    _write(output, text, force)
    raise typer.Exit(_audit_exit(results, fail_on))


# --- steps of the commands ------------------------------------------------------------------


def _locate(name: str | None) -> str:
    from iopscreen.ruleset.shipped import locate

    return locate(name)


def _read_rules(name: str | None) -> "RuleFile":
    from iopscreen.ruleset.reader import read_rule_file

    return read_rule_file(_locate(name))


def _compile(file: "RuleFile") -> "Compiled":
    from iopscreen.engine.compiled import TooTangledToCompile, compile_rule_set

    try:
        return compile_rule_set(file.rule_set)
    except TooTangledToCompile as error:
        line, column = error.place
        raise IopscreenError(f"{file.path}:{line}:{column}: {error}") from None


def _read_answers(name: str, file: "RuleFile") -> dict[str, Any]:
    from iopscreen.ruleset.answers import read_answers

    with _opened(name) as source:
        data = source.read()
    return dict(read_answers(data, file.rule_set, "stdin" if name == "-" else name))


def _need_terminal(answers: str | None) -> None:
    """An interview needs a terminal on stdin and stderr, and stdin for itself."""
    if answers == "-":
        raise IopscreenError("answers come from stdin, so that nobody can be asked there: add `--no-input`")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise IopscreenError("the interview needs a terminal: add `--no-input` to decide on `--answers FILE` alone")


def _interview(compiled: "Compiled", known: "Answers", other: bool) -> tuple["Decision", bool]:
    """Hold the interview: the decision, and whether the call was ended as an emergency."""
    from iopscreen.screen.prompts import ask, ask_emergency
    from iopscreen.screen.session import hold

    try:
        call = hold(compiled, known, other=other, say=_tell, ask=ask, ask_emergency=ask_emergency)
    except KeyboardInterrupt:
        _tell("interrupted: nothing was decided")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except EOFError:
        raise IopscreenError("the input ended before the interview did: nothing was decided") from None
    _tell("")
    return call.decision, call.emergency


def _decision_as(
    output_format: ScreenFormat,
    file: "RuleFile",
    compiled: "Compiled",
    decision: "Decision",
    *,
    other: bool,
    emergency_stop: bool,
) -> str:
    from iopscreen.engine.change import Change, changes
    from iopscreen.engine.diagram import TooTangled
    from iopscreen.report.decision import Shown, decision_json, decision_markdown, decision_text

    try:
        would_change: Sequence[Change] | None = changes(compiled, decision)
    except TooTangled:
        would_change = None
    shown = Shown(file, decision, would_change, other=other, emergency_stop=emergency_stop)
    match output_format:
        case ScreenFormat.JSON:
            return _json(decision_json(shown))
        case ScreenFormat.MARKDOWN:
            return decision_markdown(shown)
        case ScreenFormat.TEXT:
            return decision_text(shown, _width())


def _screen_file(compiled: "Compiled", rows: BinaryIO, target: BinaryIO, options: Any, *, name: str) -> "Summary":
    from iopscreen.batch.run import screen_file

    if not sys.stderr.isatty():
        return screen_file(compiled, rows, target, options, name=name, progress=None)
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    # Rich would draw what goes to stdout on its own console: rows would be lost.
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} rows"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as progress:
        task = progress.add_task("rows")
        return screen_file(
            compiled, rows, target, options, name=name, progress=lambda done: progress.update(task, completed=done)
        )


def _refuse_own_input(source: str, output: str) -> None:
    if "-" not in (source, output) and Path(output).exists() and Path(source).exists():
        if not Path(output).samefile(source):
            return
        raise IopscreenError(f"{output}: is the file that is read; name another one for the result")


def _tell_summary(summary: "Summary", file: "RuleFile") -> None:
    from iopscreen.report.batch import summary_lines

    for line in summary_lines(summary, file.rule_set):
        _tell(line)


def _read_sources(named: list[str]) -> dict[str, str]:
    texts = {}
    for entry in named:
        name, equals, path = entry.partition("=")
        if not (name and equals and path):
            raise IopscreenError(f"`--source {entry}`: should be the id of a source and its file, as in article=FILE")
        with _opened(path) as source:
            texts[name] = source.read().decode("utf-8-sig", "replace")
    return texts


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


def _day(today: str | None) -> str:
    """The day that `--today` names, or the present one."""
    from datetime import UTC, date, datetime

    if today is None:
        return datetime.now(UTC).astimezone().date().isoformat()
    try:
        return date.fromisoformat(today).isoformat()
    except ValueError:
        raise IopscreenError(f"`--today {today}`: should be a date such as 2026-11-23") from None


def _refuse_unknown_sources(texts: "Mapping[str, str]", results: "Sequence[AuditResult]") -> None:
    """A text under a mistyped id would verify nothing, and nobody would know."""
    if any(result.facts is None for result in results):
        return
    known = sorted({source for result in results for source in result.sources})
    for name in texts:
        if name not in known:
            raise IopscreenError(f"`--source {name}=...`: no such source; sources with a text: {', '.join(known)}")


# --- files, streams, terminal ---------------------------------------------------------------


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """A file to read bytes from; `-` is stdin."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")
    except OSError as error:
        raise IopscreenError(f"{name}: cannot be read: {(error.strerror or 'not readable').lower()}") from None
    with file:
        yield file


@contextmanager
def _target(name: str, force: bool) -> Iterator[BinaryIO]:
    """A place to write bytes to: stdout, or a file that appears whole or not at all."""
    if name == "-":
        # Under PYTHONUNBUFFERED stdout's own buffer is none: it would write a row a call, or half of one.
        buffer = io.BufferedWriter(io.FileIO(sys.stdout.fileno(), "wb", closefd=False), 1 << 16)
        sys.stdout.flush()
        try:
            yield buffer
            buffer.flush()
        except BrokenPipeError:
            # Whoever read our output has had enough; there is nobody left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.CANNOT) from None
        return
    from iopscreen.files import written_whole

    with written_whole(name, force=force) as file:
        yield file


def _write(name: str, text: str, force: bool) -> None:
    with _target(name, force) as target:
        target.write(text.encode("utf-8", "backslashreplace"))


def _check_output(name: str, force: bool) -> None:
    """Refuse an output file before anybody was asked anything."""
    if name != "-":
        from iopscreen.files import refuse_existing

        refuse_existing(name, force=force)


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _width() -> int:
    """Columns to fill: of the terminal that is read, wherever the result goes."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            return min(os.get_terminal_size(stream.fileno()).columns or 80, 100)
    return 80


def _color(output: str) -> bool:
    return output == "-" and sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _tell(line: str) -> None:
    """One line for the person at the terminal, beside the result."""
    from iopscreen.report.text import wrapped

    indent = " " * (len(line) - len(line.lstrip()))
    fits = len(line) <= _width() and line.isprintable()
    for part in [line] if fits else wrapped(line, _width(), indent):
        print(part, file=sys.stderr)


# --- the way in and the way out -------------------------------------------------------------


def main() -> NoReturn:
    """Run the program: the entry point, and the one place where errors become exit codes."""
    _open_closed_streams()
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT"):  # the last two are not on every system
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminated)
    try:
        app()
    except IopscreenError as error:
        _tell_error(error)
    except OSError as error:
        print(f"error: {(error.strerror or 'input or output error').lower()}", file=sys.stderr)
    except Exception as error:  # a bug: its message may hold an answer, so only its place is told
        if os.environ.get("IOPSCREEN_DEBUG") == "1":
            raise
        print(f"error: a fault in iopscreen itself: {_place_of(error)}", file=sys.stderr)
    sys.exit(ExitCode.CANNOT)


def _open_closed_streams() -> None:
    """Streams that the caller of the program closed: no input, and nobody to tell."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open()
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")
    if sys.stdout is None:
        print("error: stdout is closed", file=sys.stderr)
        sys.exit(ExitCode.CANNOT)


def _terminated(_signal: int, _frame: Any) -> NoReturn:
    sys.exit(ExitCode.TERMINATED)


def _tell_error(error: IopscreenError) -> None:
    from iopscreen.report.text import printable
    from iopscreen.ruleset.findings import FileRefused

    if isinstance(error, FileRefused):
        for finding in error.findings:
            print(printable(_finding_line(finding)), file=sys.stderr)
    else:
        for problem in getattr(error, "problems", [str(error)]):
            print(f"error: {printable(problem)}", file=sys.stderr)


def _finding_line(finding: "Finding") -> str:
    line, column = finding.place
    return f"{finding.path}:{line}:{column}: {finding.severity}: {finding.message} [{finding.name}]"


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "somewhere"
    return f"{type(error).__name__} at {place}"
