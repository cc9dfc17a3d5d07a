"""The pictures of the README are made from real sessions, and show what the program shows now."""

import random
import re
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pyte
import pytest
from pictures import BLUE, CELL, FAINT, RED, ROW, STRONG, TEXT, Screen, Sitting, picture, shot

from iopscreen.batch.jobs import LARGE

TESTS = Path(__file__).parent
PICTURES = TESTS / "pictures"
EXAMPLES = TESTS / "readme"
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


class Command(NamedTuple):
    """A command that ends by itself, in the folder of the examples; its picture is what it leaves on the screen."""

    title: str
    words: str
    status: int
    columns: int = 80
    lines: int = 40


COMMANDS = {
    "audit": Command(
        "A finding of the audit: the line of the rule file, a caller whom no rule fits, and a case to paste",
        "audit gap.yaml --quiet",
        1,
        columns=100,
    ),
    "diff": Command(
        "What a change means: the guarantee that it breaks and whose recommendation changes, each with a caller",
        "diff visits.yaml visits-from-80.yaml",
        0,
    ),
}

BATCH = "Screening a spreadsheet: a bar while it is read, then the counts, and what to ask callers who are undecided"
ROWS = 240_000
HELD = 150_000
"""Rows of the file (few enough for one process), and after how many of them the bar is looked at."""
SLOW = f"""
# The program, on a clock that goes by the rows that are done, and at rest while the bar is looked at.
import sys, time
from contextlib import contextmanager

done = 0
time.monotonic = lambda: done / {ROWS}

from iopscreen.report import progress

rows_bar = progress.rows_bar


@contextmanager
def slow_bar(size):
    with rows_bar(size) as report:

        def told(rows, read):
            global done
            waits = done < {HELD} <= rows
            done = rows
            report(rows, read)
            if waits:
                sys.stdin.readline()

        yield told


progress.rows_bar = slow_bar

from iopscreen.__main__ import main

main()
"""


@pytest.fixture(autouse=True)
def _an_ordinary_terminal(monkeypatch):
    """Nothing around the tests changes how a session looks."""
    for name in ("NO_COLOR", "ACCESSIBLE", "COLUMNS", "LINES", "PROMPT_TOOLKIT_COLOR_DEPTH", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


def of_a_session(name):
    """The picture of a call, as the program shows it now."""
    session = SESSIONS[name]
    with Sitting("screen", lines=session.lines, columns=session.columns) as terminal:
        terminal.until("question 1", KEYS)
        for key, shown in session.keys[:-1]:
            terminal.send(key).until(shown, KEYS)
        key, shown = session.keys[-1]
        terminal.send(key).until(shown, session.last)
        return picture(name, session.title, shot(terminal.screen, "$ iopscreen screen"))


def of_a_command(name):
    """The picture of a command, as the program shows it now."""
    command = COMMANDS[name]
    with Sitting(*command.words.split(), lines=command.lines, columns=command.columns, cwd=EXAMPLES) as terminal:
        assert terminal.end() == command.status
        return picture(name, command.title, shot(terminal.screen, f"$ iopscreen {command.words}"))


def of_a_batch(folder):
    """The picture of a batch: while the file is read, and at the end."""
    text = many_calls()
    assert len(text) < LARGE
    (folder / "calls.csv").write_text(text, encoding="utf-8")
    words = ["batch", "calls.csv", "-o", "screened.csv"]
    with Sitting(*words, cwd=folder, program=[sys.executable, "-c", SLOW]) as terminal:
        terminal.child.setecho(False)
        terminal.until_like(rf"\b{HELD // 10_000}\d,\d{{3}} rows, .* left")
        reading = shot(terminal.screen, f"$ iopscreen {' '.join(words)}")
        terminal.send("\n")
        assert terminal.end() == 1
        return picture("batch", BATCH, reading, shot(terminal.screen, "and when it is done"))


def many_calls():
    """A file of calls: four criteria, of which the last is blank now and then, and two cells that cannot be read."""
    chance = random.Random(8)
    conditions = ["self harm", "alcohol; depression", "anxiety", "bipolar II", "eating disorder", "mania"]
    criteria = zip(
        chance.choices(conditions, k=ROWS),
        chance.choices(["No", "Yes"], [4, 1], k=ROWS),
        chance.choices(["No", "Yes"], k=ROWS),
        chance.choices(["Yes", "No", ""], [3, 1, 1], k=ROWS),
        strict=True,
    )
    lines = [",".join(answers) for answers in criteria]
    lines[ROWS // 2 :: ROWS // 4] = ["anxiety,maybe,No,Yes"] * 2
    header = "Condition type,Detox need,Recent psychiatric discharge,Safe living environment"
    return "\n".join([header, *lines, ""])


@pytest.mark.parametrize("name", SESSIONS)
def test_the_pictures_of_calls_show_what_the_program_shows(compare, name):
    compare(PICTURES / f"{name}.svg", of_a_session(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_pictures_of_commands_show_what_the_program_shows(compare, name):
    compare(PICTURES / f"{name}.svg", of_a_command(name))


def test_the_picture_of_a_batch_shows_what_the_program_shows(compare, tmp_path):
    compare(PICTURES / "batch.svg", of_a_batch(tmp_path))


NAMES = (*SESSIONS, *COMMANDS, "batch")


def test_every_picture_there_is_comes_from_a_session():
    assert {path.name for path in PICTURES.iterdir()} == {f"{name}.svg" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_still_and_needs_nothing_from_elsewhere(name):
    text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert re.findall(r"[a-z]+://[^\"]*|url\(|href", text) == ["http://www.w3.org/2000/svg"]
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(text).iter()}
    assert tags == {"svg", "title", "desc", "rect", "path", "g", "text"}


# --- how a screen is drawn ------------------------------------------------------------------


def drawn(*printed):
    """The picture of screens on which something was printed, as a tree."""
    shots = []
    for text in printed:
        screen = Screen(30, 6)
        pyte.ByteStream(screen).feed(text.encode())
        shots.append(shot(screen, "a strip"))
    return ElementTree.fromstring(picture("x", "A <title>", *shots))


def pieces(tree):
    """Every piece of text but the strip."""
    return [(piece.text, piece.get("fill"), piece.get("font-weight")) for piece in tree.iter(f"{SVG}text")][1:]


def test_looks_are_kept():
    tree = drawn("as is \x1b[1mbold\x1b[0m \x1b[2mfaint\x1b[0m \x1b[1;31mred\x1b[0m \x1b[36mblue")
    assert pieces(tree) == [
        ("as is", TEXT, None),
        ("bold", STRONG, "bold"),
        ("faint", FAINT, None),
        ("red", RED, "bold"),
        ("blue", BLUE, None),
    ]


@pytest.mark.parametrize("look", ["7", "4", "32", "44"])
def test_what_a_picture_could_not_show_is_refused(look):
    with pytest.raises((AssertionError, KeyError)):
        drawn(f"\x1b[{look}mtext")


def test_the_words_of_a_picture_are_there_to_be_heard():
    tree = drawn("  one & <two>   three\r\n\r\nfour", "five")
    assert tree.findtext(f"{SVG}title") == "A <title>"
    assert tree.findtext(f"{SVG}desc") == "a strip\n  one & <two>   three\n\nfour\na strip\nfive"
    assert tree.get("aria-labelledby").split() == [tree.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")]
    assert [text for text, _, _ in pieces(tree)] == ["one & <two>", "three", "four", "a strip", "five"]


def placed(tree):
    return [(float(text.get("x")), float(text.get("y"))) for text in tree.find(f"{SVG}g").findall(f"{SVG}text")]


def test_text_stands_on_the_grid_and_the_picture_ends_with_it():
    (_, one), (_, two) = (placed(drawn(text)) for text in ("a", "\r\n   b"))
    assert two[0] - one[0] == pytest.approx(3 * CELL)
    assert two[1] - one[1] == ROW
    assert float(drawn("a\r\nb").get("height")) - float(drawn("a\r\n").get("height")) == ROW


def test_screens_stand_one_below_the_other():
    one = drawn("a\r\nb")
    both = drawn("a\r\nb", "c")
    height = float(one.get("height"))
    assert placed(both)[: len(placed(one))] == placed(one)
    assert placed(both)[len(placed(one)) :] == [(x, y + height) for x, y in placed(drawn("c"))]
    assert float(both.get("height")) == height + float(drawn("c").get("height"))
