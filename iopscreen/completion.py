"""What a shell is told that completes a word: rule sets, question ids, names of findings.

It must be quick, for somebody waits at every Tab: nothing is imported but what reads YAML. And it must
be silent: whatever goes wrong, nothing is offered. Names alone are offered, never a cell of a file,
and only such as no shell takes for more than a word: that of zsh runs what it is told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

VARIABLE = "_IOPSCREEN_COMPLETE"
"""Set by a shell that asks."""
_AFTER_EQUALS = "_IOPSCREEN_AFTER_EQUALS"
# Patterns are compiled when they are first used: most commands complete nothing.
_PLAIN = r"[\w./+-]+"
"""What is offered. Other file names are left to the shell, which knows how to quote them."""
_SAFE_HEADER = r"""[^\\$`"']*"""
"""What may stand before the `=` of a question: it was typed, but copied from a file, perhaps."""
_LISTED = r"(?m)^    \((?:\w+\.)?(\w+), Severity\."
"""A check in the list of its kind."""
_LISTS = ("audit/checks/__init__.py", "audit/change/run.py")
MOST = 200

Offer = Callable[[Any, str], list[str]]


def _quietly(found: Callable[[Any, str], Iterator[str]]) -> Offer:
    """What `found` offers for a word that was begun; nothing where something goes wrong."""

    def offer(ctx: Any, incomplete: str) -> list[str]:
        try:
            return [word for word in found(ctx, incomplete) if word.startswith(incomplete)][:MOST]
        except Exception:  # a fault would be written into the line that is typed
            return []

    offer.__doc__ = found.__doc__
    return offer


def _plain(word: str) -> bool:
    return re.fullmatch(_PLAIN, word) is not None


def _is_safe(header: str) -> bool:
    return header.isprintable() and re.fullmatch(_SAFE_HEADER, header) is not None


@_quietly
def rule_sets(_ctx: Any, incomplete: str) -> Iterator[str]:
    """Rule sets: those that come along, by name, and rule files."""
    yield from _shipped()
    yield from filter(_plain, _rule_files(incomplete, folders=False))


@_quietly
def rule_sets_and_folders(_ctx: Any, incomplete: str) -> Iterator[str]:
    """The same, and folders that hold rule files."""
    yield from _shipped()
    yield from filter(_plain, _rule_files(incomplete, folders=True))


@_quietly
def questions(ctx: Any, incomplete: str) -> Iterator[str]:
    """`HEADER=question`, behind the `=`: the questions of the rule set that `--rules` names."""
    header, equals, _ = incomplete.rpartition("=")
    if _is_safe(header) and (equals or _AFTER_EQUALS in os.environ):
        for question in _questions_of(ctx.params.get("rules")):
            yield f"{header}{equals}{question}"


@_quietly
def findings(_ctx: Any, _incomplete: str) -> Iterator[str]:
    """The names of all findings, read off the two lists of checks: to import these takes ten times as long."""
    from iopscreen.ruleset.faults import FAULTS

    yield "list"
    yield from sorted(
        [
            *FAULTS,
            *(
                name.replace("_", "-")
                for path in _LISTS
                for name in re.findall(_LISTED, (Path(__file__).parent / path).read_text("utf-8"))
            ),
        ]
    )


def _shipped() -> list[str]:
    from iopscreen.ruleset.shipped import shipped_names

    return shipped_names()


def _rule_files(incomplete: str, *, folders: bool) -> Iterator[str]:
    """The rule files whose path begins so, and those in folders whose path does."""
    folder, begun = os.path.split(incomplete)
    for name in sorted(os.listdir(folder or ".")):  # noqa: PTH208 - as paths are typed, `./` and all
        if not name.startswith(begun) or (name.startswith(".") and not begun):
            continue
        path = os.path.join(folder, name)  # noqa: PTH118 - the same
        if _is_rule_file(path):
            yield path
        elif Path(path).is_dir():
            inside = [str(file) for file in sorted(Path(path).glob("*.yaml")) if _is_rule_file(str(file))]
            if inside and folders:
                yield f"{path}/"
            yield from (f"{path}/{Path(file).name}" for file in inside)


def _is_rule_file(path: str) -> bool:
    return path.endswith(".yaml") and not path.endswith(".cases.yaml") and Path(path).is_file()


def _questions_of(rules: str | None) -> Iterator[str]:
    """The questions of a rule file, whatever faults it has elsewhere."""
    from iopscreen.ruleset.findings import Faults
    from iopscreen.ruleset.nodes import MAX_BYTES, Mapping, parse
    from iopscreen.ruleset.shape import NAME
    from iopscreen.ruleset.shipped import locate

    path = Path(locate(rules))
    if not path.is_file():  # a pipe would be waited for
        return
    with path.open("rb") as file:
        root = parse(file.read(MAX_BYTES + 1), Faults(str(path)))  # more is refused
    entries = root.entries if isinstance(root, Mapping) else ()
    for key, node in entries:
        if key.text == "questions" and isinstance(node, Mapping):
            yield from (question.text for question, _ in node.entries if NAME.fullmatch(question.text))


# --- bash -----------------------------------------------------------------------------------


def mend_words(environment: MutableMapping[str, str]) -> None:
    """Put the words together again that bash has broken at `=`, and complete what stands behind it alone.

    Bash takes `=` for a word of its own, and replaces nothing but the word that the cursor is in.
    """
    if environment.get(VARIABLE) != "complete_bash":
        return
    words = environment["COMP_WORDS"].split("\n")[: int(environment["COMP_CWORD"]) + 1]
    *before, word = _joined(words)
    if "=" in words[-2:]:
        if word.startswith("-"):
            option, _, word = word.partition("=")
            before.append(option)
        if "=" in word:
            word = word.rpartition("=")[2]
            environment[_AFTER_EQUALS] = "1"
    environment["COMP_WORDS"] = "\n".join([*before, word])
    environment["COMP_CWORD"] = str(len(before))


def _joined(words: list[str]) -> list[str]:
    joined: list[str] = []
    for index, word in enumerate(words):
        if joined and (word == "=" or words[index - 1] == "="):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
