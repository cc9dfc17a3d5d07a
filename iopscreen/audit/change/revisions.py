"""Files as a revision of a git repository has them. The one door of `git`: no shell, no network, nothing written."""

from __future__ import annotations

import os
import posixpath
import subprocess
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from iopscreen.errors import IopscreenError
from iopscreen.files import similar
from iopscreen.ruleset.shape import did_you_mean
from iopscreen.ruleset.shipped import shipped_names

_SECONDS = 60


def check_revision(revision: str, path: str) -> None:
    """Raises IopscreenError where git, a repository around `path`, or the revision is missing."""
    if not revision:
        raise IopscreenError("the name of the earlier rule file is empty; name a file, or a revision of git")
    if revision.startswith("-") or not revision.strip():
        raise IopscreenError(f"{_no_file(revision)}, and no revision is called so{_near(revision)}")
    inside = _git(revision, path, "rev-parse", "--is-inside-work-tree")
    if inside.returncode != 0:
        where = str(Path(path).parent)
        why = f"{where} is in no git repository that could be read"
        raise IopscreenError(f"{_no_file(revision)}, and {why}{_near(revision)}")
    found = _git(revision, path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode != 0:
        raise IopscreenError(f"{_no_file(revision)}, and no revision of the git repository of {path}{_near(revision)}")


def _no_file(revision: str) -> str:
    return f"{revision}: is a folder, not a rule file" if Path(revision).is_dir() else f"{revision}: no such file"


def _near(revision: str) -> str:
    """Which file may have been meant; with a colon, it was a file of a revision."""
    return (
        ""
        if Path(revision).is_dir() or ":" in revision
        else similar(revision) or did_you_mean(revision, shipped_names())
    )


def bytes_at(revision: str, path: str) -> bytes | None:
    """The bytes of the file at `path` in a revision that is known to exist; None where the revision lacks it.

    A link is followed within the revision.
    """
    name = own = "./" + Path(path).name
    for _ in range(_MAX_LINKS):
        entry = _entry(revision, path, name)
        if entry is None and name == own:
            return None
        if entry is None:
            raise IopscreenError(f"{revision}: {path} is a link there, to `{name}`, which this revision does not have")
        if entry.mode != _LINK:
            return _blob(revision, path, entry)
        target = _blob(revision, path, entry).decode("utf-8", "surrogateescape")
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    raise IopscreenError(f"{revision}: {path} is a link there that leads to no file")


def names_at(revision: str, folder: str) -> tuple[str, ...]:
    """The names of all that is in a folder in a revision that is known to exist; none where it lacks the folder."""
    within = str(Path(folder) / "any")
    return tuple(PurePosixPath(entry.name).name for entry in _entries(revision, within, "./"))


class _Entry(NamedTuple):
    """An entry of a folder in a revision."""

    mode: str
    kind: str
    object: str
    name: str


_LINK = "120000"
_MAX_LINKS = 10


def _entry(revision: str, path: str, name: str) -> _Entry | None:
    """What is called `name`, as seen from the folder of `path`."""
    found = _entries(revision, path, name)
    return found[0] if found else None


def _entries(revision: str, path: str, name: str) -> list[_Entry]:
    """What the revision has under `name`. That nothing is there is an answer; that git fails is none."""
    done = _git(revision, path, "ls-tree", "-z", f"{revision}^{{commit}}", "--", name)
    if done.returncode != 0:
        raise IopscreenError(f"{revision}: {path} cannot be looked for in this revision")
    found = []
    for line in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        if line:
            about, _, called = line.partition("\t")
            mode, kind, blob = about.split(" ")
            found.append(_Entry(mode, kind, blob, called))
    return found


def _blob(revision: str, path: str, entry: _Entry) -> bytes:
    if entry.kind != "blob":
        raise IopscreenError(f"{revision}: {path} is no file in this revision, but a folder or a repository of its own")
    found = _git(revision, path, "cat-file", "blob", entry.object)
    if found.returncode != 0:
        raise IopscreenError(f"{revision}: {path} cannot be read from this revision")
    return found.stdout


_OF_A_CALLER = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""What git tells its hooks about the repository that it is at: ours is the one around the file."""


def _git(revision: str, path: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in the folder of `path`. What a partial clone lacks is not fetched."""
    folder = str(Path(path).parent.resolve())
    command = ["git", "-c", "protocol.allow=never", "-C", folder, *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_CALLER}
    environment |= {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(  # noqa: S603 - a list of arguments, and git is whatever the person's path says
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS
        )
    except FileNotFoundError:
        raise IopscreenError(f"{_no_file(revision)}, and git, to look for a revision, is not installed") from None
    except (OSError, subprocess.TimeoutExpired, ValueError):
        raise IopscreenError(f"{_no_file(revision)}, and git could not be run to look for a revision") from None
