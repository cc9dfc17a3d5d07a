"""A first rule set with its cases, for `iopscreen new`: small, commented, and clean in the audit.

Both are files in `templates/`, and good rule files as they stand there; a new one differs from
them in its id, its title and the names of the files.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from pathlib import Path

from iopscreen.errors import IopscreenError
from iopscreen.files import refuse_existing, write_together
from iopscreen.ruleset.cases import cases_path, understand_cases
from iopscreen.ruleset.reader import understand

TEMPLATES = Path(__file__).parent / "templates"
NAME = "starter"
TITLE = "A starter rule set"


def write_starter(path: str, title: str | None, *, force: bool) -> None:
    """Write a rule file to `path`, and its cases beside it: both or none. Raises IopscreenError."""
    _refuse_name(path)
    cases = cases_path(path)
    for each in (path, cases):
        refuse_existing(each, force=force)
    rules_data = _rules(path, title)
    cases_data = _filled("cases.yaml", path)
    rule_set = understand(rules_data, path).rule_set  # what is written can be read, whatever the names are
    understand_cases(cases_data, cases, path, rule_set)
    write_together({cases: cases_data, path: rules_data}, force=force)


def rule_set_id(path: str) -> str:
    """An id made of a file's name: small letters and digits of ASCII, with `-` and `_`. Raises IopscreenError."""
    plain = unicodedata.normalize("NFKD", Path(path).stem.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9_]+", "-", letters).strip("-_")
    found = re.sub(r"^[^a-z]+", "", words)
    if not found:
        raise IopscreenError(f"{path}: no id can be made of this name; name a file with a letter from a to z in it")
    return found


def typed(path: str) -> str:
    """A file as it is typed in a shell, where a name that begins with `-` would be an option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _refuse_name(path: str) -> None:
    name = Path(path).name
    if Path(path).suffix != ".yaml":
        raise IopscreenError(f"{path}: should end in `.yaml`, by which a folder's rule files are found")
    if name.endswith(".cases.yaml"):
        raise IopscreenError(f"{path}: is the name of a file of cases; name the rule file, and they come beside it")
    if not path.isprintable():
        raise IopscreenError(f"{path}: holds a character that cannot be shown; choose another name")


def _rules(path: str, title: str | None) -> bytes:
    if title is None:
        words = Path(path).stem.replace("-", " ").replace("_", " ").strip()
        title = f"First screen: {words}"
    if not title.strip() or not title.isprintable():
        raise IopscreenError("`--title`: should be a text of one line")
    text = _filled("yaml", path).decode()
    text = text.replace(f"id: {NAME}\n", f"id: {rule_set_id(path)}\n", 1)
    return text.replace(f'title: "{TITLE}"', f"title: {json.dumps(title, ensure_ascii=False)}", 1).encode()


def _filled(ending: str, path: str) -> bytes:
    """A template with the names of the new files: all in one go, for they may hold the template's own."""
    name, cases = Path(path).name, Path(cases_path(path)).name
    named = {
        f"iopscreen audit {NAME}.yaml": f"iopscreen audit {typed(name)}",
        f"rules: {NAME}.yaml\n": f"rules: {json.dumps(name, ensure_ascii=False)}\n",
        f"{NAME}.cases.yaml": cases,
        f"{NAME}.yaml": name,
    }
    text = (TEMPLATES / f"{NAME}.{ending}").read_text(encoding="utf-8")
    return re.sub("|".join(map(re.escape, named)), lambda found: named[found[0]], text).encode()
