"""What is wrong with a command line, and what to type instead, in our words.

The parser's own words differ from version to version, and name no next step. What it tells comes
here as its error, read by name and not by class, so that the parser keeps its one door.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from iopscreen.text import may_hold_answers, printable

PROGRAM = "iopscreen"
NUMBERS = {
    "--jobs": "a whole number of processes, 1 or more",
    "--budget": "a number of seconds, 0 or more",
}
"""What would be right for the options that take a number."""

_ASKING = ("help", "?", "usage", "man")
_FILES = {
    ".csv": f"{PROGRAM} batch",
    ".parquet": f"{PROGRAM} batch",
    ".jsonl": f"{PROGRAM} batch",
    ".yaml": f"{PROGRAM} audit",
    ".yml": f"{PROGRAM} audit",
    ".json": f"{PROGRAM} verify",
}
"""The command that a file was probably meant for."""


_OF_ANSWERS = (".json", ".yaml", ".yml")
_ANSWERS = "answers go into a file, `--answers FILE`, and never onto the command line, which a shell keeps"


def usage_lines(error: Any, commands: Mapping[str, Any], arguments: Sequence[str]) -> list[str]:
    """What is wrong, and where help is. `commands`: the parser's, by name; `arguments`: as they were typed."""
    command = _command(error, commands, arguments)
    whole = f"{PROGRAM} {command}" if command else PROGRAM
    more = []
    match type(error).__name__:
        case "NoSuchOption":
            problem = _no_such_option(error.option_name, command, commands, error.possibilities or ())
        case "MissingParameter":
            problem = f"`{whole}` needs {_name(error.param)}: {_phrase(error.param.help)}"
            more = [f"for example: {example(commands[command])}"]
        case "BadOptionUsage":
            problem = _with_or_without_value(error.option_name, str(error.message), _options(commands.get(command)))
        case "BadParameter":
            problem = _bad_value(error, arguments)
        case _:
            problem = _other(str(error.message), command, commands, arguments)
    return [f"error: {printable(problem)}", *more, f"for help: {whole} --help"]


def example(command: Any) -> str:
    """The example in the help of a command."""
    _, _, text = inspect.cleandoc(command.help or "").partition("Example: ")
    return " ".join(text.split())


def _command(error: Any, commands: Mapping[str, Any], arguments: Sequence[str]) -> str:
    """The command that was meant; an error of the parser does not always say."""
    context = getattr(error, "ctx", None)
    named = [] if context is None else [str(context.info_name)]
    return next((word for word in (*named, *arguments[:1]) if word in commands), "")


def _options(command: Any) -> dict[str, Any]:
    """The options of a command, by every spelling; a parameter that is spelt with no hyphen is an argument."""
    params = [] if command is None else command.params
    return {name: param for param in params for name in param.opts if name.startswith("-")}


def _close(word: str, known: Sequence[str]) -> str:
    from iopscreen.ruleset.shape import did_you_mean

    return did_you_mean(word, [name for name in known if len(name) > 2])


def _no_such_option(option: str, command: str, commands: Mapping[str, Any], near_by: Sequence[str]) -> str:
    """An option that nobody has, or another command."""
    whole = f"{PROGRAM} {command}" if command else PROGRAM
    near = _close(option, [*_options(commands.get(command)), *near_by])
    elsewhere = [name for name, other in commands.items() if option in _options(other)]
    if not near and elsewhere:
        near = f"; it is one of {', '.join(f'`{PROGRAM} {name}`' for name in elsewhere)}"
        near += "" if command else ", and stands behind that"
    if not near and command == "screen" and option.startswith("--"):
        near = f"; {_ANSWERS}"
    return f"`{option}` is not an option of `{whole}`{near}"


def _name(param: Any) -> str:
    return str(param.metavar or param.name.upper()).removesuffix("...")


def _phrase(sentence: str) -> str:
    """A sentence of the help inside another one."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _with_or_without_value(option: str, said: str, options: Mapping[str, Any]) -> str:
    if "not take" in said:
        return f"`{option}` stands alone, and takes no value"
    param = options.get(option)
    wanted = f": {_phrase(param.help)}" if param is not None and param.help else ""
    name = f" {param.metavar}" if param is not None and param.metavar else ""
    return f"`{option}` needs a value{name} behind it{wanted}"


def _bad_value(error: Any, arguments: Sequence[str]) -> str:
    """A value that is none of a list, or no number."""
    option = next((name for name in error.param.opts if name.startswith("--")), error.param.opts[0])
    listed = re.search(r"'(.*)' is not one of (.*)", str(error.message), re.S)
    if listed:
        given, choices = listed.group(1), re.findall("'(.*?)'", listed.group(2))
        return f"`{option} {given}`: should be one of {', '.join(choices)}{_close(given, choices)}"
    given = _value_of(option, arguments)
    return f"`{option}{given}`: should be {NUMBERS.get(option, 'another value')}"


def _value_of(option: str, arguments: Sequence[str]) -> str:
    """What was typed behind an option."""
    for index, word in enumerate(arguments):
        if word == option and index + 1 < len(arguments):
            return f" {arguments[index + 1]}"
        if word.startswith(f"{option}="):
            return f" {word.partition('=')[2]}"
    return ""


def _other(said: str, command: str, commands: Mapping[str, Any], arguments: Sequence[str]) -> str:
    """A word that is no command, an argument too many, or what else a parser may say."""
    if said.startswith("No such command"):
        return _no_such_command(next(word for word in arguments if not word.startswith("-")), commands)
    more = re.search(r"unexpected extra arguments?(?:\(s\))? \((.*)\)", said, re.S)
    if more and command:
        takes = [_name(param) for param in commands[command].params if param.param_type_name == "argument"]
        few = f"takes {' '.join(takes)} and no more" if takes else "takes options alone"
        near = ""
        if command == "screen" and any(map(may_hold_answers, arguments)):
            return f"`{PROGRAM} {command}` {few}; {_ANSWERS}"
        if command == "screen" and PurePath(more.group(1)).suffix in _OF_ANSWERS:
            near = f"; did you mean `--answers {more.group(1)}`?"
        return f"`{PROGRAM} {command}` {few}; too many: {more.group(1)}{near}"
    return said[:1].lower() + said[1:].rstrip(".")


def _no_such_command(word: str, commands: Mapping[str, Any]) -> str:
    if may_hold_answers(word):
        return f"what comes first is a command: {', '.join(commands)}; {_ANSWERS}"
    if word.casefold() in _ASKING:
        return f"`{word}` is no command; help is `{PROGRAM} --help`, and of a command `{PROGRAM} screen --help`"
    meant = _FILES.get(PurePath(word).suffix.casefold())
    near = f"; did you mean `{meant} {word}`?" if meant else _close(word, list(commands))
    listed = f"; commands: {', '.join(commands)}"
    return f"`{word}` is no command{near or listed}"
