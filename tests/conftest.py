"""What several test files share: rule sets from text, and expected outputs kept in files."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from iopscreen.audit import subject
from iopscreen.ruleset.model import RuleSet
from iopscreen.ruleset.reader import understand

TESTS = Path(__file__).parent
RULES = TESTS.parent / "rules"

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")
"""The same examples in every run."""


@pytest.fixture(autouse=True, scope="session")
def unhurried() -> None:
    """Hints have as long as they take, and not a second: a busy machine says the same as an idle one."""
    subject._SECONDS_FOR_HINTS = 3600


UPDATE = "IOPSCREEN_UPDATE"
"""With this environment variable set to 1, expected outputs are written instead of compared."""


@pytest.fixture(autouse=True)
def _hooks(monkeypatch) -> None:
    """Whatever a test runs of the program in this process, what nobody catches is seen by pytest afterwards."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)


@pytest.fixture
def compare() -> Callable[[Path, str], None]:
    """Compare a text with the expected output in a file, or write it there."""

    def compare_with(path: Path, text: str) -> None:
        if os.environ.get(UPDATE) == "1":
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path.name} is missing; write it with {UPDATE}=1, and read it"
        assert text == path.read_text(encoding="utf-8")

    return compare_with


@pytest.fixture
def rule_set() -> Callable[[str], RuleSet]:
    """A rule set from the text of a rule file."""
    return lambda text: understand(text.encode(), "test.yaml").rule_set
