"""Imports run downwards only, and each library has one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import iopscreen

PACKAGE = Path(iopscreen.__file__).parent

BELOW = {
    "errors": (),
    "text": (),
    "named": ("errors",),
    "files": ("named", "errors"),
    "streams": ("named", "errors", "files", "text"),
    "ruleset": ("errors", "files", "text"),
    "engine": ("ruleset", "errors"),
    "screen": ("engine", "ruleset", "errors", "files", "text"),
    "batch": ("engine", "ruleset", "errors", "files", "text"),
    "audit": ("engine", "ruleset", "errors", "files", "text"),
    "report": ("screen", "batch", "audit", "engine", "ruleset", "errors", "files", "text"),
    "export": ("audit", "engine", "ruleset", "errors", "files", "text"),
    "inputs": ("screen", "engine", "ruleset", "streams", "errors", "files", "text"),
    "calls": ("inputs", "report", "screen", "engine", "ruleset", "streams", "errors", "files", "text"),
    "batching": ("inputs", "report", "batch", "engine", "ruleset", "streams", "errors", "files", "text"),
    "auditing": ("audit", "engine", "ruleset", "streams", "errors"),
    "verifying": ("inputs", "screen", "engine", "ruleset", "streams", "errors", "files"),
    "api": ("inputs", "report", "screen", "batch", "audit", "engine", "ruleset", "errors"),
    "usage": ("ruleset", "text"),
    "manual": (),
    "completion": ("ruleset",),
    "formats": ("report", "export", "audit", "batch", "ruleset", "streams"),
    "cli": (
        "usage",
        "manual",
        "completion",
        "formats",
        "calls",
        "auditing",
        "batching",
        "verifying",
        "inputs",
        "report",
        "export",
        "batch",
        "audit",
        "screen",
        "engine",
        "ruleset",
        "streams",
        "errors",
        "text",
    ),
    "__main__": ("cli",),
    "__init__": ("api", "errors", "ruleset"),
}
"""What each part of the house may import, besides itself."""

DOORS = {
    "yaml": ("ruleset/nodes.py",),
    "typer": ("cli.py",),
    "questionary": ("screen/",),
    "prompt_toolkit": ("screen/",),
    "rich": ("report/", "screen/", "cli.py"),
    "pyarrow": (
        "batch/typed.py",
        "batch/csv_table.py",
        "batch/json_lines.py",
        "batch/tables.py",
        "batch/spark.py",
        "batch/spark_run.py",
    ),
    "duckdb": ("batch/tables.py", "batch/json_lines.py"),
    "pyspark": ("batch/spark.py", "batch/spark_run.py"),
    "pandas": ("batch/spark_run.py",),  # that it is there, for Spark
    "subprocess": ("audit/change/revisions.py",),  # git, and nothing else
}
"""Which files may import a library."""

NEVER = ("click", "socket", "ssl", "urllib", "http", "requests", "httpx", "ftplib", "smtplib")


def forbidden(path: str, source: str) -> list[str]:
    """What the module at `path` (in the package) imports, and must not."""
    part = path.partition("/")[0].removesuffix(".py")
    problems = []
    for name in imported(path, source):
        top = name.partition(".")[0]
        if top == "iopscreen":
            other = name.split(".", maxsplit=2)[1] if "." in name else "__init__"
            if other not in (part, "__init__", *BELOW[part]):
                problems.append(f"{path} imports {name}")
        elif top in NEVER or (top in DOORS and not path.startswith(DOORS[top])):
            problems.append(f"{path} imports {name}")
    return problems


def imported(path: str, source: str) -> list[str]:
    """The full name of everything that a module imports, wherever the statement stands."""
    names = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom(module, aliases, level):
                base = ".".join(["iopscreen", *path.split("/")[:-1]][: -(level - 1) or None]) if level else ""
                full = ".".join(filter(None, [base, module]))
                names += [f"{full}.{alias.name}" if full == "iopscreen" else full for alias in aliases]
            case ast.Call(ast.Name("__import__") | ast.Attribute(attr="import_module"), [ast.Constant(str(name)), *_]):
                names.append(name)
    return [name for name in names if name != "iopscreen.__version__"]


def modules() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", modules())
def test_imports_run_downwards(path):
    assert forbidden(path, (PACKAGE / path).read_text("utf-8")) == []


def test_every_part_of_the_house_has_its_place():
    parts = {path.split("/")[0].removesuffix(".py") for path in modules()}
    assert parts <= set(BELOW)
    assert {"ruleset", "engine", "screen", "batch", "audit", "report", "export", "errors", "files", "text"} <= parts


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ruleset/reader.py", "from iopscreen.engine.decide import decide"),
        ("ruleset/reader.py", "import yaml"),
        ("ruleset/values.py", "from iopscreen import engine"),
        ("ruleset/values.py", "from ..engine import decide"),
        ("ruleset/values.py", "from .. import engine"),
        ("engine/decide.py", "from iopscreen.files import written_whole"),
        ("engine/decide.py", "from iopscreen.audit.checks import check"),
        ("screen/interview.py", "from iopscreen.batch.rows import rows"),
        ("batch/rows.py", "import iopscreen.audit.checks"),
        ("batch/rows.py", "from iopscreen.report.columns import columns"),
        ("audit/checks/reach.py", "def f():\n    from iopscreen.screen import interview"),
        ("audit/checks/reach.py", "import questionary"),
        ("report/json.py", "from iopscreen.cli import main"),
        ("export/sql.py", "import iopscreen.cli"),
        ("export/sql.py", "from iopscreen.report import columns"),
        ("files.py", "from iopscreen.ruleset.model import RuleSet"),
        ("report/columns.py", "import typer"),
        ("cli.py", "import click"),
        ("cli.py", "from click import echo"),
        ("cli.py", "import urllib.request"),
        ("batch/rows.py", "import subprocess"),
        ("audit/change/run.py", "import subprocess"),
        ("batch/rows.py", "import importlib\nimportlib.import_module('socket')"),
        ("batch/rows.py", "__import__('http.client')"),
        ("cli.py", "import prompt_toolkit.keys"),
    ],
)
def test_a_forbidden_import_is_found(path, source):
    assert len(forbidden(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ruleset/nodes.py", "import re\nimport yaml"),
        ("ruleset/reader.py", "from iopscreen.ruleset import model\nfrom .nodes import parse\nfrom . import shape"),
        ("engine/decide.py", "from iopscreen.errors import IopscreenError\nfrom ..ruleset.model import Rule"),
        ("screen/prompts.py", "def ask():\n    import questionary"),
        ("report/decision.py", "from iopscreen.screen.interview import Interview\nfrom rich.table import Table"),
        ("audit/change/revisions.py", "import subprocess"),
        ("cli.py", "import typer\nfrom iopscreen import __version__, report"),
        ("__main__.py", "from iopscreen.cli import main"),
    ],
)
def test_what_is_allowed_stays_silent(path, source):
    assert forbidden(path, source) == []
