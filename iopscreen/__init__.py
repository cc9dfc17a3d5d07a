"""iopscreen: which next step fits a caller, why, and on which passage that rests.

From Python: `load` a rule set, `decide` on one caller, `screen_rows`, `audit_rules`; see `help(iopscreen.api)`.

The map of the house (imports run downwards only):

    cli.py      arguments -> one call -> print -> exit code; usage.py: what is wrong with arguments;
                completion.py: what a shell is told; manual.py: what is said of the program as a whole
    api.py      the same from Python, by the names below
    formats.py  results as text, in the format that was asked for
    calls.py    one run of `screen`: the interview put together, kept and told
    batching.py, auditing.py, verifying.py   one run of `batch`, of `audit` and `diff`, of `verify`
    inputs.py   what a run begins with: rules, answers, records
    report/     how results look               export/   a rule set for other systems
    screen/     the interview, its records     batch/    rows in, decided rows out
    audit/      checks of a rule set, citations, cases; change/: what a change of it means
    engine/     blocks, decision diagram, decide: knows no file and no screen
    ruleset/    the rule file: YAML with places, the model, the reader, text -> value

Beside them, for all: errors.py, files.py (written whole or not at all), text.py (safe to print);
streams.py (stdin, stdout, the terminal of a run) is for these runs and cli.py alone.
"""

__version__ = "0.1.0"

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iopscreen.api import Audit, Change, Decision, Note, Rules, ScreenedRow, audit_rules, decide, load, screen_rows
    from iopscreen.errors import IopscreenError
    from iopscreen.ruleset.findings import Finding

__all__ = [
    "Audit",
    "Change",
    "Decision",
    "Finding",
    "IopscreenError",
    "Note",
    "Rules",
    "ScreenedRow",
    "audit_rules",
    "decide",
    "load",
    "screen_rows",
]


def __getattr__(name: str) -> Any:
    """The names of the Python API, imported when the first is asked for: the command line needs none of them."""
    if name not in __all__:
        message = f"module `iopscreen` has no attribute `{name}`"
        raise AttributeError(message)
    from iopscreen import api

    return getattr(api, name)


def __dir__() -> list[str]:
    """All names, those of the API before they are imported: what `dir`, `help` and completion go by."""
    return sorted({*globals(), *__all__})
