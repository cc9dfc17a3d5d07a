"""Files as a revision of a git repository has them. The one door of `git`: no shell, no network, nothing written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from iopscreen.errors import IopscreenError

_SECONDS = 60


def check_revision(revision: str, path: str) -> None:
    """Raises IopscreenError where git, a repository around `path`, or the revision is missing."""
    if revision.startswith("-") or not revision.strip():
        raise IopscreenError(f"{revision}: no such file, and no revision is called so")
    inside = _git(revision, path, "rev-parse", "--is-inside-work-tree")
    if inside.returncode != 0:
        where = str(Path(path).parent)
        raise IopscreenError(f"{revision}: no such file, and {where} is in no git repository that could be read")
    found = _git(revision, path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode != 0:
        raise IopscreenError(f"{revision}: no such file, and no revision of the git repository of {path}")


def bytes_at(revision: str, path: str) -> bytes | None:
    """The bytes of the file at `path` in a revision that is known to exist; None where the revision lacks it."""
    blob = f"{revision}:./{Path(path).name}"
    if _git(revision, path, "cat-file", "-e", blob).returncode != 0:
        return None
    found = _git(revision, path, "cat-file", "blob", blob)
    if found.returncode != 0:
        raise IopscreenError(f"{revision}: {path} cannot be read from this revision")
    return found.stdout


def _git(revision: str, path: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in the folder of `path`. What a partial clone lacks is not fetched."""
    folder = str(Path(path).parent.resolve())
    command = ["git", "-c", "protocol.allow=never", "-C", folder, *arguments]
    environment = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(  # noqa: S603 - a list of arguments, and git is whatever the person's path says
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS
        )
    except FileNotFoundError:
        raise IopscreenError(f"{revision}: no such file, and git, to look for a revision, is not installed") from None
    except (OSError, subprocess.TimeoutExpired, ValueError):
        raise IopscreenError(f"{revision}: no such file, and git could not be run to look for a revision") from None
