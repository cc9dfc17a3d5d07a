"""Where a rule file is looked for: a path as given, else the name of a rule set that comes along."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import RULES

from iopscreen.errors import IopscreenError
from iopscreen.ruleset import shipped
from iopscreen.ruleset.shipped import locate, locate_file, shipped_folder, shipped_names


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder of files, as the present one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "intake.yaml").touch()
    (tmp_path / "intake.cases.yaml").touch()
    (tmp_path / "rules").mkdir()
    return tmp_path


def refusal(name: str, find=locate) -> str:
    with pytest.raises(IopscreenError) as error:
        find(name)
    return str(error.value)


def test_cases_are_no_rule_sets(elsewhere):
    assert shipped_names() == ["iop", "iop-site-example"]


def test_rule_sets_that_come_along_are_found_by_name_from_anywhere(elsewhere):
    assert [locate(name) for name in (None, "iop")] == [str(RULES / "iop.yaml")] * 2
    assert locate("iop-site-example") == str(RULES / "iop-site-example.yaml")


def test_seen_from_the_folder_above_they_are_named_as_one_would_type_them(monkeypatch):
    monkeypatch.chdir(RULES.parent)
    assert (shipped_folder(), locate(None)) == (Path("rules"), "rules/iop.yaml")


def test_in_an_installed_package_they_are_within_it(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "iopscreen")
    folder = tmp_path / "iopscreen" / "rules"
    folder.mkdir(parents=True)
    for name in ("b.yaml", "a.yaml", "a.cases.yaml", "README.md"):
        (folder / name).touch()
    (tmp_path / "rules").mkdir()
    assert shipped_folder() == folder
    assert shipped_names() == ["a", "b"]
    assert locate("b") == str(folder / "b.yaml")


@pytest.mark.parametrize("name", ["intake.yaml", "./intake.yaml", "rules"])
def test_what_exists_is_taken_as_it_is_called(name, elsewhere):
    assert locate(name) == name


def test_a_file_in_the_present_folder_wins_over_a_name(elsewhere):
    (elsewhere / "iop").touch()
    assert locate("iop") == "iop"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("intaek.yaml", "; did you mean `intake.yaml`?"),
        ("iop-site-exmaple", "; did you mean `iop-site-example`?"),
        ("iop.cases", ""),
    ],
)
def test_another_name_is_answered_with_those_that_there_are(name, near, elsewhere):
    known = "no such file, and no rule set that comes with the program (`iop`, `iop-site-example`)"
    assert refusal(name) == f"{name}: {known}{near}"


def test_an_empty_name_is_none(elsewhere):
    message = "the name of the rule file is empty; name a file, or a rule set that comes along"
    assert refusal("") == message


def test_where_one_file_is_meant_a_folder_and_cases_are_told_apart(elsewhere):
    assert locate_file("intake.yaml") == "intake.yaml"
    assert refusal("rules", locate_file) == "rules: is a folder; name a rule file in it"
    message = "intake.cases.yaml: this is the cases file; name the rule file, `intake.yaml`"
    assert refusal("intake.cases.yaml", locate_file) == message
