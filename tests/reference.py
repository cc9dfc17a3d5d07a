"""The command reference, written from the program: as a manual page, and as Markdown.

What is told of commands and options is what the command line itself is made of; what is told of the
program as a whole is `iopscreen/manual.py`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from iopscreen import __version__, cli, manual

PROGRAM = cli.PROGRAM


# --- what there is to tell ------------------------------------------------------------------


class Parameter(NamedTuple):
    """An argument (no `names`) or an option. `value`: what stands behind it, or for it; empty for a flag."""

    names: tuple[str, ...]
    value: str
    optional: bool
    repeated: bool
    text: str


class Command(NamedTuple):
    """A command: what it does, in paragraphs, and its one example."""

    name: str
    paragraphs: tuple[str, ...]
    example: str
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]


HELP = Parameter(("-h", "--help"), "", optional=True, repeated=False, text="Show the help of the command.")
OF_THE_PROGRAM = (
    Parameter(("--version",), "", optional=True, repeated=False, text="Print the version and stop."),
    Parameter(
        ("--install-completion",),
        "",
        optional=True,
        repeated=False,
        text="Let the shell that runs it complete commands, options, rule sets, questions and names of findings.",
    ),
    Parameter(
        ("--show-completion",), "", optional=True, repeated=False, text="Print what --install-completion would install."
    ),
    HELP._replace(text="Show the help."),
)


def commands() -> list[Command]:
    """Every command, in the order of the help."""
    return [_command(info.callback) for info in cli.app.registered_commands]


def _command(function: Any) -> Command:
    *paragraphs, example = _paragraphs(inspect.cleandoc(function.__doc__))
    assert example.startswith("Example: ")
    hints = get_type_hints(function, include_extras=True)
    parameters = [
        _parameter(name, hints[name], one.default) for name, one in inspect.signature(function).parameters.items()
    ]
    return Command(
        function.__name__,
        tuple(paragraphs),
        example.removeprefix("Example: "),
        tuple(one for one in parameters if not one.names),
        (*(one for one in parameters if one.names), HELP),
    )


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\n", text)]


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    assert get_origin(hint) is Annotated, name
    kind, info = get_args(hint)
    kinds = [one for one in (get_args(kind) or (kind,)) if one is not type(None)]
    repeated = any(get_origin(one) is list for one in kinds) or get_origin(kind) is list
    choices = next(
        ([each.value for each in one] for one in kinds if inspect.isclass(one) and issubclass(one, Enum)), []
    )
    text = info.help
    if isinstance(default, Enum):
        text += f" Default: {default.value}."
    elif default not in (None, False, "", inspect.Parameter.empty):
        text += f" Default: {default}."
    if type(info).__name__ == "ArgumentInfo":
        return Parameter((), info.metavar.removesuffix("..."), default is not inspect.Parameter.empty, repeated, text)
    # The first spelling stands where outside of Annotated the default would.
    spelled = [one for one in (info.default, *(info.param_decls or ())) if isinstance(one, str)]
    names = spelled or [f"--{name.replace('_', '-')}"]
    value = "" if kinds == [bool] else info.metavar or "|".join(choices)
    return Parameter(tuple(sorted(names, key=len)), value, optional=True, repeated=repeated, text=text)


def usage(command: Command) -> str:
    """How a command is called."""
    words = [PROGRAM, command.name, "[OPTION]..."]
    for argument in command.arguments:
        word = argument.value + ("..." if argument.repeated else "")
        words.append(f"[{word}]" if argument.optional else word)
    return " ".join(words)


# --- the manual page ------------------------------------------------------------------------


def manual_page() -> str:
    """The page in roff, for `man`."""
    lines = [
        f'.TH {PROGRAM.upper()} 1 {manual.WRITTEN} "{PROGRAM} {__version__}" "User Commands"',
        ".SH NAME",
        f"{PROGRAM} \\- {_roff(manual.ABOUT)}",
        ".SH SYNOPSIS",
        *_apart([_called(usage(command)) for command in commands()], ".br"),
        ".SH DESCRIPTION",
        *_apart([_roff(text) for text in _paragraphs(manual.DESCRIPTION)], ".PP"),
        ".SH FIRST STEPS",
        *(line for reader in manual.READERS for line in _reader(reader)),
        ".SH OPTIONS",
        *(line for option in OF_THE_PROGRAM for line in _tagged(_spelled(option), option.text)),
        ".SH COMMANDS",
        *(line for command in commands() for line in _section(command)),
        ".SH EXIT STATUS",
        *(line for status, text in manual.EXIT_STATUSES.items() for line in _tagged(f"\\fB{status}\\fR", text)),
        ".SH ENVIRONMENT",
        *(line for name, text in manual.ENVIRONMENT.items() for line in _tagged(f"\\fB{_roff(name)}\\fR", text)),
        ".SH FILES",
        *(line for name, text in manual.FILES.items() for line in _tagged(f"\\fI{_roff(name)}\\fR", text)),
    ]
    return "\n".join(lines) + "\n"


def _apart(texts: list[str], between: str) -> Iterator[str]:
    for place, text in enumerate(texts):
        if place:
            yield between
        yield text


def _called(text: str) -> str:
    """A usage line: the words of the command are bold."""
    program, name, rest = text.split(" ", 2)
    return f"\\fB{_roff(program)} {_roff(name)}\\fR {_roff(rest)}"


def _reader(reader: manual.Reader) -> Iterator[str]:
    yield f".SS {_roff(reader.who)}"
    for command, purpose in reader.steps:
        yield from _tagged(f"\\fB{_roff(command)}\\fR", purpose[0].upper() + purpose[1:] + ".")


def _section(command: Command) -> Iterator[str]:
    yield f".SS {PROGRAM} {command.name}"
    yield from _apart([_roff(paragraph) for paragraph in command.paragraphs], ".PP")
    for argument in command.arguments:
        yield from _tagged(f"\\fI{_roff(argument.value)}\\fR", argument.text)
    for option in command.options:
        yield from _tagged(_spelled(option), option.text)
    yield from (".PP", "Example:", ".PP", ".RS 4", ".nf", f"\\fB{_roff(command.example)}\\fR", ".fi", ".RE")


def _spelled(option: Parameter) -> str:
    names = ", ".join(f"\\fB{_roff(name)}\\fR" for name in option.names)
    return f"{names} \\fI{_roff(option.value)}\\fR" if option.value else names


def _tagged(tag: str, text: str) -> Iterator[str]:
    yield from (".TP", tag, _roff(text))


_SIGNS = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "", "~": "\\(ti", "^": "\\(ha", '"': "\\(dq"}


def _roff(text: str) -> str:
    """A text on one line that means what it shows; what stands in backticks is bold."""
    parts = text.split("`")
    bold = "".join(f"\\fB{_plain(part)}\\fR" if place % 2 else _plain(part) for place, part in enumerate(parts))
    return f"\\&{bold}" if bold.startswith(".") else bold


def _plain(text: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in text)


# --- the reference in Markdown --------------------------------------------------------------


def markdown() -> str:
    """The same as a page of Markdown."""
    parts = [
        f"# The commands of {PROGRAM} {__version__}",
        f"This page and the manual page beside it (`man {PROGRAM}`) are written from the program, by its tests.",
        *_paragraphs(manual.DESCRIPTION),
        "| command | |\n|---|---|\n"
        + "\n".join(f"| [`{one.name}`](#{PROGRAM}-{one.name}) | {_cell(one.paragraphs[0])} |" for one in commands()),
        _table("option of the program", OF_THE_PROGRAM),
        *(part for command in commands() for part in _described(command)),
        "## Exit status",
        "| status | meaning |\n|---|---|\n"
        + "\n".join(f"| {status} | {_cell(text)} |" for status, text in manual.EXIT_STATUSES.items()),
        "## Environment",
        "| variable | meaning |\n|---|---|\n"
        + "\n".join(f"| `{name}` | {_cell(text)} |" for name, text in manual.ENVIRONMENT.items()),
        "## Files",
        "| file | holds |\n|---|---|\n"
        + "\n".join(f"| `{name}` | {_cell(text)} |" for name, text in manual.FILES.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _described(command: Command) -> Iterator[str]:
    yield f"## {PROGRAM} {command.name}"
    yield f"```text\n{usage(command)}\n```"
    yield from command.paragraphs
    yield f"Example: `{command.example}`"
    if command.arguments:
        yield _table("argument", command.arguments)
    yield _table("option", command.options)


def _table(heading: str, parameters: tuple[Parameter, ...]) -> str:
    rows = [f"| {_cell(_written(one))} | {_cell(one.text)} |" for one in parameters]
    return "\n".join([f"| {heading} | |", "|---|---|", *rows])


def _written(one: Parameter) -> str:
    names = ", ".join(f"`{name}`" for name in one.names)
    return " ".join(filter(None, [names, f"`{one.value}`" if one.value else ""]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
