"""The errors that a user can meet and mend. No message holds an answer."""

from __future__ import annotations


class IopscreenError(Exception):
    """Something could not be done (exit 2). The message says what, where and what would be right."""


class NothingWritten(KeyboardInterrupt):
    """Somebody stopped a run before any of its files took its name."""
