"""The pictures of the README are made from real sessions, and show what the program shows now."""

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from pictures import Sitting, picture

PICTURES = Path(__file__).parent / "pictures"
SVG = "{http://www.w3.org/2000/svg}"
KEYS = "! EMERGENCY"
ALL = ("call", "result", "emergency", "narrow")


class Session(NamedTuple):
    """What is on the screen when the picture is taken: keys, each with what shows that it was taken."""

    title: str
    keys: tuple[tuple[str, str], ...]
    last: str = KEYS
    columns: int = 80
    lines: int = 24


DEPRESSION = (("n", "question 2"), ("6", "[x] 6"), ("\r", "question 3"))
DRINKS_TOO = (("n", "question 2"), ("6", "[x] 6"), ("8", "[x] 8"), ("\r", "question 3"))

SESSIONS = {
    "call": Session(
        "A call: the answers so far, the fourth question, why it is asked, and the keys",
        (*DEPRESSION, ("n", "question 4"), ("w", "hide why")),
    ),
    "result": Session(
        "The end of a call: the answers are read back with what they come to",
        (*DRINKS_TOO, ("n", "question 4"), ("y", "Read back")),
    ),
    "emergency": Session(
        "One key away at every question: what to say in an emergency, and whom to call",
        (*DEPRESSION, ("!", "end the call")),
        last="r return",
    ),
    "narrow": Session(
        "A question in a small window, with its answers and keys",
        (*DRINKS_TOO,),
        columns=40,
        lines=12,
    ),
}


@pytest.fixture(autouse=True)
def _an_ordinary_terminal(monkeypatch):
    """Nothing around the tests changes how a session looks."""
    for name in ("NO_COLOR", "ACCESSIBLE", "COLUMNS", "LINES", "PROMPT_TOOLKIT_COLOR_DEPTH"):
        monkeypatch.delenv(name, raising=False)


def taken(name):
    """The picture of a session, as the program shows it now."""
    session = SESSIONS[name]
    with Sitting("screen", lines=session.lines, columns=session.columns) as terminal:
        terminal.until("question 1", KEYS)
        for key, shown in session.keys:
            terminal.send(key).until(shown, KEYS if (key, shown) != session.keys[-1] else session.last)
        return picture(terminal.screen, name, session.title, "iopscreen screen")


@pytest.mark.parametrize("name", ALL)
def test_the_pictures_show_what_the_program_shows(compare, name):
    compare(PICTURES / f"{name}.svg", taken(name))


def test_every_picture_there_is_comes_from_a_session():
    assert sorted(path.name for path in PICTURES.iterdir()) == sorted(f"{name}.svg" for name in ALL)


@pytest.mark.parametrize("name", ALL)
def test_a_picture_is_still_and_needs_nothing_from_elsewhere(name):
    text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert re.findall(r"[a-z]+://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(text).iter()}
    assert tags == {"svg", "title", "desc", "rect", "path", "g", "text"}
