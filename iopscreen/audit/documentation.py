"""What each finding of the audit means, by its name: the docstrings of all checks, and the faults of files."""

from __future__ import annotations

import inspect
from typing import NamedTuple

from iopscreen.audit.change.run import CHANGE_CHECKS, change_name
from iopscreen.audit.checks import CHECKS, name_of
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.faults import FAULTS
from iopscreen.ruleset.findings import Severity
from iopscreen.ruleset.shape import did_you_mean

ALL = "list"
"""Asked for in the place of a name: every name."""


class Documented(NamedTuple):
    """A finding: what it means (the first paragraph of `text`), an example, what to do."""

    name: str
    severity: Severity
    text: str

    @property
    def summary(self) -> str:
        """What it means, in one line."""
        return " ".join(self.text.split("\n\n")[0].split())


def documented(name: str) -> tuple[Documented, ...]:
    """The finding called `name`, or every one for `ALL`. Raises IopscreenError with a did-you-mean."""
    checks = [Documented(name_of(check), severity, check.__doc__ or "") for check, severity in CHECKS]
    checks += [Documented(change_name(check), severity, check.__doc__ or "") for check, severity in CHANGE_CHECKS]
    faults = [Documented(fault, Severity.ERROR, text) for fault, text in FAULTS.items()]
    known = {one.name: one._replace(text=inspect.cleandoc(one.text)) for one in (*checks, *faults)}
    if name == ALL:
        return tuple(known[one] for one in sorted(known))
    found = known.get(name.strip("[]"))
    if found is None:
        hint = did_you_mean(name, known) or f"; `--explain {ALL}` shows all names"
        raise IopscreenError(f"`--explain {name}`: no finding has this name{hint}")
    return (found,)
