"""Pages on a screen: what a key does to one, and what is drawn in how little room."""

import itertools

import pytest

from iopscreen.screen.page import ENTER, Key, Kind, Line, Page, Panel, Pressed, Style
from iopscreen.screen.view import View, drawn, in_rows, opened, pasted, press
from iopscreen.text import cells

ROW = (Key("d", "Don't know", "unknown"), Key("p", "Prefers not to say", "declined"))
OTHERS = (Key("b", "back", "back"), Key("!", "EMERGENCY", "emergency", Style.ALARM))
PANELS = (
    Panel("w", "why", lambda: [Line(f"because {number}", indent=2) for number in range(30)]),
    Panel("h", "help", lambda: [Line("short help")]),
)
YES_NO = Page(
    lines=[Line("question 1 of at most 5", Style.QUIET), Line("Is it so?", Style.STRONG)],
    row=(Key("y", "Yes", "yes"), Key("n", "No", "no"), *ROW),
    others=OTHERS,
    panels=PANELS,
)
OPTIONS = (*(Key(key, f"Option {key}", f"option_{key}") for key in "1234567890afg"), Key("", "Last", "last"))
ONE = YES_NO._replace(listed=OPTIONS, row=ROW)
MANY = ONE._replace(kind=Kind.MARK, fits=lambda marked: None if marked else "mark what fits")
NUMBER = YES_NO._replace(
    kind=Kind.NUMBER, row=ROW, fits=lambda typed: None if typed.isdigit() and int(typed) < 121 else "0 to 120"
)
PAGES = {"yes_no": YES_NO, "one": ONE, "many": MANY, "number": NUMBER}


def after(page, *names, size=(80, 24), start=None):
    view = start or opened(page)
    for name in names:
        assert isinstance(view, View), f"{view} before {name}"
        view = press(page, view, name, *size)
    return view


def text(page, view=None, size=(80, 24)):
    return ["".join(part for _, part in row) for row in drawn(page, view or opened(page), *size)]


@pytest.mark.parametrize(
    ("page", "key", "result"),
    [
        (YES_NO, "y", "yes"),
        (YES_NO, "N", "no"),
        (YES_NO, "d", "unknown"),
        (YES_NO, "!", "emergency"),
        (ONE, "0", "option_0"),
        (ONE, "F", "option_f"),
        (ONE, "p", "declined"),
    ],
)
def test_one_key_answers(page, key, result):
    assert after(page, key) == Pressed(result, key=key.lower())


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("key", ["enter", " ", "escape", "tab", "c-o", "c-z", "<bracketed-paste>", "x", "é", "delete"])
def test_stray_keys_answer_nothing(page, key):
    view = after(page, key)
    assert isinstance(view, View)
    typed = key if page is NUMBER and key in ("x", "é") else ""
    assert view._replace(problem=None) == opened(page)._replace(typed=typed)


def test_the_pointer_stands_nowhere_until_it_is_moved():
    assert opened(ONE).pointer is None
    assert after(ONE, "down", "enter") == Pressed("option_1", key=ENTER)
    assert after(ONE, "up", "enter") == Pressed("last", key=ENTER)
    assert after(ONE, "down", "down", "up", "up", "enter") == Pressed("option_1", key=ENTER)


def test_marks_are_switched_by_keys_and_by_the_pointer_and_confirmed_by_enter():
    assert after(MANY, "3", "1", "3", "2", "enter") == Pressed(("option_1", "option_2"), key=ENTER)
    assert after(MANY, "up", " ", "1", "enter") == Pressed(("option_1", "last"), key=ENTER)
    assert after(MANY, "enter").problem == "mark what fits"
    assert after(MANY, "enter", "1").problem is None


def test_marks_that_were_left_are_there_again():
    left = after(MANY, "3", "1", "b")
    assert left == Pressed("back", ("option_3", "option_1"), "b")
    assert after(MANY._replace(draft=left.draft), "enter") == Pressed(("option_1", "option_3"), key=ENTER)


def test_a_number_is_typed_and_mended():
    assert after(NUMBER, "4", "5", "backspace", "2", "enter") == Pressed("42", key=ENTER)
    assert after(NUMBER, "2", "0", "0", "enter").problem == "0 to 120"
    assert after(NUMBER, "enter").problem == "0 to 120"
    assert after(NUMBER, "4", "!") == Pressed("emergency", "4", "!")
    assert after(NUMBER, *"1" * 400).typed == "1" * 200


TEXTS = [
    "10 days",
    "10 Days",
    "2 weeks",
    "30d",
    "1.5",
    "1,5",
    "12,500.50",
    "1e3",
    "+5",
    "\u00bd",
    "-5",
    "1_0",
    "about 10",
]


@pytest.mark.parametrize("typed", TEXTS)
def test_what_is_typed_beside_a_number_is_shown_and_refused_and_is_no_key(typed):
    view = after(NUMBER, *typed)
    assert f"  Number: {typed}_" in text(NUMBER, view)
    assert after(NUMBER, "enter", start=view).problem == "0 to 120"
    assert after(NUMBER, "!", start=view) == Pressed("emergency", typed, "!")


def test_keys_of_a_number_come_back_when_the_field_is_empty():
    shown = "\n".join(text(NUMBER, after(NUMBER, "1", "d", "b", "w", "p")))
    assert "Number: 1dbwp_" in shown
    assert "Enter done   Backspace to empty for the other keys" in shown
    assert "! EMERGENCY" in shown
    assert "Don't know" not in shown
    assert "hide why" not in shown
    view = after(NUMBER, "1", "d", "backspace", "backspace")
    assert text(NUMBER, view) == text(NUMBER)
    assert after(NUMBER, "backspace", "d", start=view) == Pressed("unknown", "", "d")


@pytest.mark.parametrize(
    ("text_", "typed"), [("10 days\n", "10 days "), ("\r10\r\n20", "10 20"), ("d", "d"), ("!", "!")]
)
def test_a_pasted_text_stands_in_the_field_and_answers_nothing(text_, typed):
    assert pasted(NUMBER, opened(NUMBER), text_) == View(typed=typed)
    for page in (YES_NO, ONE, MANY):
        assert pasted(page, opened(page), text_) == opened(page)


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("sign", ["7", "\u540d", "\x1b"])
def test_of_a_long_text_in_a_field_the_end_is_shown(width, sign):
    view = pasted(NUMBER, opened(NUMBER), sign * 500 + "END")
    assert view.typed == sign * 200
    rows = text(NUMBER, after(NUMBER, *["backspace"] * 9, *"END", start=view), (width, 24))
    (field,) = [row for row in rows if "Number:" in row]
    assert field.startswith("  Number: ... ")
    assert field.endswith("END_")
    assert width - 8 <= cells(field) <= width


def test_enter_is_a_key_where_a_page_says_so():
    page = YES_NO._replace(row=(Key(ENTER, "finish", "finish"),))
    assert after(page, "enter") == Pressed("finish", key=ENTER)


def test_a_panel_is_shown_and_taken_away_by_its_key_while_the_answers_stay_one_key_away():
    view = after(YES_NO, "h")
    assert "short help" in text(YES_NO, view)
    assert "h hide help" in "\n".join(text(YES_NO, view))
    assert "short help" not in text(YES_NO, after(YES_NO, "h", "h"))
    assert after(YES_NO, "h", "y") == Pressed("yes", key="y")


def test_a_tall_panel_starts_at_its_first_line_and_scrolls_to_its_last():
    size = (80, 14)
    view = after(YES_NO, "w", size=size)
    assert "  because 0" in text(YES_NO, view, size)
    assert "  because 29" not in text(YES_NO, view, size)
    view = after(YES_NO, *["pagedown"] * 9, start=view, size=size)
    assert "  because 29" in text(YES_NO, view, size)
    view = after(YES_NO, *["up"] * 99, start=view, size=size)
    assert text(YES_NO, view, size)[0] == "question 1 of at most 5"


@pytest.mark.parametrize("width", [1, 8, 12, 15, 16, 20])
def test_a_screen_that_is_far_too_narrow_ends_no_call(width):
    view = pasted(NUMBER, opened(NUMBER), "\u540d 10 days and more")
    assert any("Number: " in row for row in text(NUMBER, view, (width, 10)))
    assert after(NUMBER, "!", start=view, size=(width, 10)).result == "emergency"


def test_a_key_whose_words_are_longer_than_a_row_is_cut_and_says_so():
    for word in ("keep", "\u540d\u524d"):
        page = YES_NO._replace(others=(Key("k", f"{word} " * 12, "keep"), *OTHERS))
        (row,) = [row for row in text(page, size=(40, 24)) if row.startswith("  k ")]
        assert row.endswith(f"{word} ...")
        assert cells(row) <= 40
        assert not [row for row in text(page, size=(80, 24)) if "..." in row]


def test_help_that_stands_on_the_page_is_not_told_twice():
    line = Line("for you: a hint", indent=2)
    page = YES_NO._replace(extra=[line], panels=[Panel("h", "help", lambda: [line, Line("more")]), PANELS[0]])
    for size in ((80, 24), (80, 40)):
        assert text(page, size=size).count("  for you: a hint") == 1
        assert text(page, after(page, "h", size=size), size).count("  for you: a hint") == 1
    assert text(page, after(page, "w", size=(80, 60)), (80, 60)).count("  for you: a hint") == 1


def test_the_question_stays_in_sight_beside_a_panel_that_finds_no_room():
    for page, move in itertools.product((YES_NO, ONE, MANY, NUMBER), ("down", "pagedown", "up", "pageup")):
        view = after(page, "w")
        assert "  because 0" in text(page, view)
        for _ in range(40):
            shown = text(page, view)
            assert shown[:3] == ["", "question 1 of at most 5", "Is it so?"]
            assert len(shown) == 24
            view = press(page, view, move, 80, 24)
        assert ("  because 29" in shown) is (move in ("down", "pagedown"))


SIZES = list(itertools.product((40, 41, 80, 200), (10, 12, 15, 24, 60)))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", PAGES)
def test_every_key_stays_in_sight_and_nothing_stands_out_in_any_room(name, size):
    page = PAGES[name]
    moves = ["down"] * 20 + ["up"] * 20 + ["w", "pagedown", "pagedown", "w", "h", "enter"]
    view = opened(page)
    for move in moves:
        pressed = press(page, view, move, *size)
        if isinstance(pressed, Pressed):
            break
        view = pressed
        shown = text(page, view, size)
        assert len(shown) <= size[1]
        assert all(len(line) <= size[0] for line in shown)
        for key in (*page.row, *page.others):
            assert f"{key.key} {key.title}" in "\n".join(shown)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_is_pointed_at_or_marked_is_in_sight(size):
    view = opened(MANY)
    for _ in OPTIONS:
        view = press(MANY, view, "down", *size)
        pointed = OPTIONS[view.pointer]
        assert any(line.startswith("> ") and line.endswith(pointed.title) for line in text(MANY, view, size))
    for option in OPTIONS[:-1]:
        view = press(MANY, view._replace(marked=()), option.key, *size)
        assert any("[x]" in line and line.endswith(option.title) for line in text(MANY, view, size))


def test_extra_lines_stand_there_only_where_all_fits():
    page = ONE._replace(extra=[Line("for you: a hint")])
    assert "for you: a hint" in text(page, size=(80, 30))
    assert "for you: a hint" not in text(page, size=(80, 12))


ALARMS = Page(
    lines=[Line("The result", Style.STRONG), *(Line(f"reason {number}") for number in range(30))],
    row=(Key(ENTER, "right, finish", "finish"),),
    others=OTHERS,
    pinned=[
        [Line("! Get help."), *(Line(f"Somebody whose name is quite long: {number}") for number in "123"), Line("! A")],
        [Line("! Get help."), Line("Somebody: 1; Somebody: 2; Somebody: 3"), Line("! A")],
    ],
)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_is_pinned_is_in_sight_in_any_room_and_the_rest_can_be_scrolled_to(size):
    view, seen = opened(ALARMS), set()
    for _ in range(35):
        shown = text(ALARMS, view, size)
        assert len(shown) <= size[1]
        assert all(len(line) <= size[0] for line in shown)
        assert "! Get help." in shown
        for number in "123":
            assert any(f"{name}: {number}" in line for line in shown for name in ("Somebody", "quite long"))
        seen |= {line.split(" (more)")[0].rstrip() for line in shown}
        view = press(ALARMS, view, "down", *size)
    assert seen >= {"The result", *(f"reason {number}" for number in range(30))}
    assert any("! A" in line for line in seen)


def test_what_is_pinned_is_told_at_length_where_there_is_room():
    assert any("quite long: 1" in line for line in text(ALARMS, size=(80, 24)))
    assert not any("quite long: 1" in line for line in text(ALARMS, size=(80, 12)))


@pytest.mark.parametrize("height", range(5, 10))
def test_what_finds_no_room_beside_the_first_alarm_comes_early_in_the_body(height):
    view = opened(ALARMS)
    shown = text(ALARMS, view, (40, height))
    assert "! Get help." in shown
    rows = []
    for _ in range(40):
        rows += text(ALARMS, view, (40, height))
        view = press(ALARMS, view, "down", 40, height)
    assert any("Somebody: 1; Somebody: 2" in row for row in rows)
    assert any(row.startswith("! A") for row in rows)
    assert any("reason 29" in row for row in rows)


def test_texts_cannot_steer_the_terminal():
    nasty = "a\x1b[2Jb\u202ec\x9bd\ne"
    page = MANY._replace(
        lines=[Line(nasty)],
        listed=[Key("1", nasty, "1")],
        row=[Key("x", nasty, "x")],
        panels=[Panel("w", nasty, lambda: [Line(nasty)])],
        fits=lambda _: nasty,
    )
    shown = "".join(text(page, after(page, "w", "enter")))
    assert shown.isprintable()
    assert shown.count("\\u{1b}") == 6


def test_lines_are_wrapped_and_a_long_word_is_broken():
    rows = ["".join(part for _, part in row) for row in in_rows([Line("x" * 50, indent=2), Line("")], 40)]
    assert rows == ["  " + "x" * 38, "  " + "x" * 12, ""]


def test_wide_characters_take_two_columns_and_none_is_lost():
    text = "\u540d\u524d" * 30 + " and \u540d"
    rows = ["".join(part for _, part in row) for row in in_rows([Line(text, indent=2)], 40)]
    assert "".join("".join(rows).split()) == "".join(text.split())
    assert all(sum(2 if char > "\u4000" else 1 for char in row) <= 40 for row in rows)
    assert len(rows[0]) == 2 + 19
