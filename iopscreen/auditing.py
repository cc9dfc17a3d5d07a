"""One run of `audit` or `diff`, put together: what is read, and what is judged.

It stands between the command line and the house: what it is given are names of files and
wishes, what it returns are results. It prints nothing, writes nothing, and knows no exit codes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iopscreen import streams
from iopscreen.audit import run
from iopscreen.audit.citations import source_text
from iopscreen.audit.run import AuditResult
from iopscreen.engine.budget import Budget
from iopscreen.errors import IopscreenError
from iopscreen.ruleset.cases import cases_path
from iopscreen.ruleset.shipped import locate, locate_file, shipped_names

if TYPE_CHECKING:
    from iopscreen.audit.change.editions import Edition
    from iopscreen.audit.change.run import Change

LARGEST_SOURCE = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What `audit` was asked for: names of files as on the command line, None where not given."""

    paths: Sequence[str]
    sources: Sequence[str]
    today: str | None
    notes: bool
    budget: float
    mutants: bool
    against: str | None
    output: str


def audit(wishes: Wishes, progress: Callable[[int, int], None] | None = None) -> list[AuditResult]:
    """The audit of each rule file that is named, each once; and of those that are gone. Raises IopscreenError."""
    texts = _read_sources(wishes.sources)
    files = _files(wishes.paths)
    _refuse_one_for_all(wishes.against, files)
    sources = [entry.partition("=")[2] for entry in wishes.sources]
    streams.refuse_own_input(wishes.output, [*files, *map(cases_path, files), *sources, wishes.against])
    day = _day(wishes.today)
    results = [
        run.audit(
            file,
            texts,
            today=day,
            budget=Budget(wishes.budget),
            notes=wishes.notes,
            mutants=wishes.mutants,
            progress=progress,
            against=wishes.against,
        )
        for file in files
    ]
    _refuse_unknown_sources(texts, results)
    if wishes.against is not None:
        results += run.gone_since(wishes.against, wishes.paths, results)
    return results


def _files(paths: Sequence[str]) -> list[str]:
    named: list[str | None] = [*paths] if paths else [None]
    found = (file for path in named for file in run.rule_files(locate(path)))
    return [*{os.path.realpath(file): file for file in found}.values()]  # a file named twice is audited once


def _refuse_one_for_all(against: str | None, files: Sequence[str]) -> None:
    """One file is the earlier state of one file; a revision has one of each."""
    if against is not None and len(files) > 1 and Path(against).is_file():
        raise IopscreenError(f"`--against {against}` is one file; name the one rule file that it became")


def _read_sources(named: Sequence[str]) -> dict[str, str]:
    texts = {}
    for entry in named:
        name, equals, path = entry.partition("=")
        if not (name and equals and path):
            raise IopscreenError(f"`--source {entry}`: should be the id of a source and its file, as in article=FILE")
        with streams.opened(path) as source:
            data = source.read(LARGEST_SOURCE + 1)
        if len(data) > LARGEST_SOURCE:
            raise IopscreenError(f"{path}: is larger than {LARGEST_SOURCE >> 20} MiB; a source is a text")
        texts[name] = source_text(data, path)
    return texts


def _refuse_unknown_sources(texts: Mapping[str, str], results: Sequence[AuditResult]) -> None:
    """A text under a mistyped id would verify nothing, and nobody would know."""
    if any(result.facts is None for result in results):
        return
    known = sorted({source for result in results for source in result.sources})
    for name in texts:
        if name not in known:
            there = f"sources with a text: {', '.join(known)}" if known else "no source here has a text to verify"
            raise IopscreenError(f"`--source {name}=...`: no such source; {there}")


def _day(today: str | None) -> str:
    """The day that `--today` names, or the present one."""
    if today is None:
        return datetime.now(UTC).astimezone().date().isoformat()
    try:
        return date.fromisoformat(today).isoformat()
    except ValueError:
        raise IopscreenError(f"`--today {today}`: should be a date such as 2026-11-23") from None


# --- diff -----------------------------------------------------------------------------------


class NewFile(NamedTuple):
    """A rule file that the revision does not have; `said`: that, in words."""

    edition: Edition
    said: str


def diff(old: str, new: str, output: str, budget: float) -> Change | NewFile:
    """What became of `old`, a rule file or a git revision that has `new`. Raises IopscreenError.

    `output`: where the result will go, which must be none of the files that are read.
    """
    from iopscreen.audit.change.editions import is_file, read_earlier, read_edition, without_earlier
    from iopscreen.audit.change.run import compare

    path = locate(new)
    if Path(path).is_dir():
        raise IopscreenError(
            f"{path}: is a folder; `diff` compares two rule files. `audit {path} --against REV` compares all of them"
        )
    path, before = locate_file(new), _earlier(old)
    read = [path, before] if is_file(before) else [path]
    streams.refuse_own_input(output, [*read, *map(cases_path, read)])
    now = read_edition(path)
    earlier = read_earlier(before, path, now.rule_set.id)
    if earlier is None:
        return NewFile(now, without_earlier(old, path))
    return compare(earlier, now, Budget(budget))


def _earlier(name: str) -> str:
    """The path of the earlier rule file, or the name of a revision, which is looked for when it is read."""
    return locate_file(name) if name in shipped_names() or Path(name).is_file() else name
