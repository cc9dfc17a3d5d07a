"""The rule sets that come with the program, found by name from any directory."""

from __future__ import annotations

from pathlib import Path

from iopscreen.errors import IopscreenError

DEFAULT = "iop"
_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_folder() -> Path:
    """Where they are: inside the installed package, or beside it in a checkout.

    As seen from the present directory, so that messages in a checkout name `rules/iop.yaml`.
    """
    inside = _PACKAGE / "rules"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "rules"
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def shipped_names() -> list[str]:
    """The names of the shipped rule sets."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml") if not path.name.endswith(".cases.yaml"))


def locate(name_or_path: str | None) -> str:
    """The path of a rule file: a path as given, a shipped rule set by name, or the default one.

    A file or folder of that name in the present directory wins over a shipped name.
    """
    if name_or_path is None:
        return str(shipped_folder() / f"{DEFAULT}.yaml")
    if not name_or_path:
        raise IopscreenError("the name of the rule file is empty; name a file, or a rule set that comes along")
    if Path(name_or_path).exists():
        return name_or_path
    shipped = shipped_folder() / f"{name_or_path}.yaml"
    if name_or_path in shipped_names():
        return str(shipped)
    from iopscreen.files import similar
    from iopscreen.ruleset.shape import did_you_mean

    near = similar(name_or_path) or did_you_mean(name_or_path, shipped_names())
    names = ", ".join(f"`{name}`" for name in shipped_names())
    raise IopscreenError(f"{name_or_path}: no such file, and no rule set that comes with the program ({names}){near}")


def locate_file(name_or_path: str | None) -> str:
    """The path of one rule file, as `locate` finds it. Raises IopscreenError for a folder, too, and for cases."""
    from iopscreen.ruleset.cases import CASES_SUFFIX

    path = locate(name_or_path)
    if Path(path).is_dir():
        raise IopscreenError(f"{path}: is a folder; name a rule file in it")
    if path.endswith(CASES_SUFFIX):
        rules = path.removesuffix(CASES_SUFFIX) + ".yaml"
        raise IopscreenError(f"{path}: this is the cases file; name the rule file, `{rules}`")
    return path
