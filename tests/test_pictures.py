"""The pictures of the README are made from real sessions, and show what the program shows now."""

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pyte
import pytest
from pictures import CELL, FAINT, RED, ROW, STRONG, TEXT, Screen, Sitting, picture

PICTURES = Path(__file__).parent / "pictures"
SVG = "{http://www.w3.org/2000/svg}"
KEYS = "! EMERGENCY"


class Session(NamedTuple):
    """A call up to the moment of its picture: keys, each with what shows that it was taken."""

    title: str
    keys: tuple[tuple[str, str], ...]
    last: str = KEYS
    columns: int = 80
    lines: int = 24


DEPRESSION = (("n", "question 2"), ("6", "[x] 6"), ("\r", "question 3"))
DRINKS_TOO = (("n", "question 2"), ("6", "[x] 6"), ("8", "[x] 8"), ("\r", "question 3"))

SESSIONS = {
    "call": Session(
        "A call: the answers so far with what to mind, the question to read aloud, and the keys",
        (*DRINKS_TOO, ("n", "question 4")),
    ),
    "why": Session(
        "Why a question is asked: what it can decide, on what that rests, what each answer would lead to",
        (*DEPRESSION, ("n", "question 4"), ("w", "hide why")),
        lines=26,
    ),
    "result": Session(
        "The end of a call: the answers are read back, with what they come to",
        (*DRINKS_TOO, ("n", "question 4"), ("y", "Read back")),
    ),
    "emergency": Session(
        "One key away at every question: what to say in an emergency, and whom to call",
        (*DEPRESSION, ("!", "end the call")),
        last="r return",
    ),
    "narrow": Session(
        "A question in a window of 40 columns and 12 lines, with all of its keys",
        DRINKS_TOO,
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
        for key, shown in session.keys[:-1]:
            terminal.send(key).until(shown, KEYS)
        key, shown = session.keys[-1]
        terminal.send(key).until(shown, session.last)
        return picture(terminal.screen, name, session.title, "iopscreen screen")


@pytest.mark.parametrize("name", SESSIONS)
def test_the_pictures_show_what_the_program_shows(compare, name):
    compare(PICTURES / f"{name}.svg", taken(name))


def test_every_picture_there_is_comes_from_a_session():
    assert {path.name for path in PICTURES.iterdir()} == {f"{name}.svg" for name in SESSIONS}


@pytest.mark.parametrize("name", SESSIONS)
def test_a_picture_is_still_and_needs_nothing_from_elsewhere(name):
    text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert re.findall(r"[a-z]+://[^\"]*|url\(|href", text) == ["http://www.w3.org/2000/svg"]
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(text).iter()}
    assert tags == {"svg", "title", "desc", "rect", "path", "g", "text"}


# --- how a screen is drawn ------------------------------------------------------------------


def drawn(printed):
    """The picture of a screen on which something was printed, as a tree."""
    screen = Screen(30, 6)
    pyte.ByteStream(screen).feed(printed.encode())
    return ElementTree.fromstring(picture(screen, "x", "A <title>", "a command"))


def pieces(tree):
    return [(piece.text, piece.get("fill"), piece.get("font-weight")) for piece in tree.iter(f"{SVG}text")][1:]


def test_looks_are_kept():
    tree = drawn("as is \x1b[1mbold\x1b[0m \x1b[2mfaint\x1b[0m \x1b[1;31mred\x1b[0m")
    assert pieces(tree) == [
        ("as is", TEXT, None),
        ("bold", STRONG, "bold"),
        ("faint", FAINT, None),
        ("red", RED, "bold"),
    ]


@pytest.mark.parametrize("look", ["7", "4", "32", "44"])
def test_what_a_picture_could_not_show_is_refused(look):
    with pytest.raises((AssertionError, KeyError)):
        drawn(f"\x1b[{look}mtext")


def test_the_words_of_a_picture_are_there_to_be_heard():
    tree = drawn("  one & <two>   three\r\n\r\nfour")
    assert tree.findtext(f"{SVG}title") == "A <title>"
    assert tree.findtext(f"{SVG}desc") == "  one & <two>   three\n\nfour"
    assert tree.get("aria-labelledby").split() == [tree.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")]
    assert [text for text, _, _ in pieces(tree)] == ["one & <two>", "three", "four"]


def test_text_stands_on_the_grid_and_the_picture_ends_with_it():
    one, two = (drawn(text).find(f"{SVG}g").findall(f"{SVG}text")[1:] for text in ("a", "\r\n   b"))
    assert float(two[0].get("x")) - float(one[0].get("x")) == pytest.approx(3 * CELL)
    assert float(two[0].get("y")) - float(one[0].get("y")) == ROW
    assert float(drawn("a\r\nb").get("height")) - float(drawn("a\r\n").get("height")) == ROW
