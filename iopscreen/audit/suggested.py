"""The cases that findings suggest: of one set of answers one case, for two would be told as `duplicate-case`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from iopscreen.ruleset.cases import TO_FILL_IN
from iopscreen.ruleset.findings import Finding, Related

_BEGINS = "- id: "


def each_once(findings: Iterable[Finding], accepted: Sequence[object]) -> tuple[Finding, ...]:
    """The same findings; a case to fill in whose answers an earlier one has is not shown, but that one's id named.

    `accepted`: by finding, None where it is not accepted: of an accepted one no case is shown.
    """
    first: dict[str, tuple[str, str]] = {}
    return tuple(
        finding if by is not None or finding.case is None else _without_known(finding, finding.case, first)
        for finding, by in zip(findings, accepted, strict=True)
    )


def _without_known(finding: Finding, text: str, first: dict[str, tuple[str, str]]) -> Finding:
    """`first`: by answers, the id of the first case that has them, and the finding it is shown with."""
    kept, known = [], []
    for case in _cases(text):
        head, answers, expect = case.split("\n")
        name = head.removeprefix(_BEGINS)
        if answers in first and expect.split(": ", 1)[1] == TO_FILL_IN:
            known.append(first[answers])
        else:
            first.setdefault(answers, (name, finding.name))
            kept.append(case)
    related = [
        Related(finding.path, finding.place, f"a case to add is `{name}`, shown with {where}")
        for name, where in dict.fromkeys(known)
    ]
    return finding._replace(case="\n".join(kept) or None, related=(*finding.related, *related)) if known else finding


def _cases(text: str) -> Iterator[str]:
    """The cases of a text, one by one."""
    first, *others = text.split(f"\n{_BEGINS}")
    yield first
    yield from (f"{_BEGINS}{other}" for other in others)
