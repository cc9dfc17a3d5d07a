"""`iopscreen screen` in a real terminal: keys as a person presses them, and as an accident does."""

import json
import signal
import sys

import pytest
from bare import BARE
from terminal import DOWN, UP, Terminal

from iopscreen import __main__ as entry

FIRST = "question 1 of at most 5"
SECOND = "What would you like help with?"
THIRD = "a clinician said so, or stopping"
HOME = "Is there a place where"
KEYS = "! EMERGENCY"
HELP = "Danger to anybody's life or body"


def test_a_whole_call_with_one_key_an_answer():
    with Terminal("screen", lines=120) as terminal:
        terminal.until(FIRST, "y Yes", KEYS).send("n")
        terminal.until("question 2 of at most 5", SECOND, "9  Something else").send("7")
        terminal.until("[x] 7  Self-harm").send("8")
        terminal.until("[x] 8  Chemical").send("\r")
        terminal.until("question 3 of at most 4", "-> Self-harm, Chemical dependency", THIRD, "y Yes").send("n")
        terminal.until("question 4 of at most 4", HOME, "y Yes").send("y")
        terminal.until("This gives: Intensive outpatient program (IOP)", "Read back", "Enter right").send("\r")
        assert terminal.end() == 0
        text = " ".join(terminal.text.split())
    assert "Recommendation: Intensive outpatient program (IOP)" in text
    assert "Confirm that no medical help is needed to stop" in text
    assert (
        "Have you recently come out of a psychiatric hospital" in text.split("Not asked, because it cannot matter")[1]
    )


def test_results_own_stdout_and_prompts_stderr(tmp_path):
    target = tmp_path / "decision.json"
    program = ["/bin/sh", "-c", f'exec "$0" "$@" > "{target}"', sys.executable, "-m", "iopscreen"]
    with Terminal("screen", "--format", "json", program=program) as terminal:
        terminal.until(FIRST, "y Yes").send("y")
        terminal.until("This gives: Emergency help now").send("\r")
        assert terminal.end() == 0
    decision = json.loads(target.read_text())
    assert decision["recommendation"] == "emergency_referral"
    assert decision["answers"] == {"immediate_danger": "yes"}


STRAY = (
    "\r",
    "\n",
    "\r\r\r\r",
    "\x1b",
    "\x1b\r",
    "yes\r",
    "n\r",
    "yyy",
    "\x1b[200~n\r\x1b[201~",
    " ",
    "1",
    "\x04x",
    "\x0f",
)


def low(*arguments):
    """A terminal in which the arrows visibly move a page: a key that answers nothing, and may come with others."""
    return Terminal("screen", *arguments, lines=10, columns=40)


def nothing_answered(terminal, keys, shown):
    """Send `keys`, wait until all of them have been read, and see that the page is the same."""
    terminal.until(KEYS).send("w").until("hide why", "(more above")
    terminal.send(keys + UP * 60).until("hide why", gone=("(more above",))
    assert shown in terminal.text
    terminal.send("w").until(KEYS, gone=("hide why",))


def test_stray_keys_never_answer():
    with low() as terminal:
        for stray in STRAY:
            nothing_answered(terminal, stray, "question 1 of")
        terminal.send("d").until("question 2", "[ ] 1")


def test_a_burst_at_every_question_answers_none_of_them():
    with low() as terminal:
        for shown, keys in (("question 1", "n"), ("question 2", "7\r"), ("question 3", "n"), ("question 4", "y")):
            terminal.until(shown)
            nothing_answered(terminal, "nyny\r7y\r", shown)
            assert "[x]" not in terminal.text
            for key in keys:
                terminal.send(key)
                if key == "7":
                    terminal.until("[x] 7")
        terminal.until("Read back").send("\r")
        assert terminal.end() == 0


def test_keys_typed_before_a_question_is_drawn_are_thrown_away(tmp_path):
    typed = tmp_path / "typed"
    waiting = f'until [ -e {typed} ]; do sleep 0.05; done; exec "$0" "$@"'
    with Terminal("screen", program=["/bin/sh", "-c", waiting, sys.executable, "-m", "iopscreen"]) as terminal:
        terminal.send("y")  # while the program is still starting
        typed.touch()
        terminal.until(FIRST, KEYS).send("h").until(HELP)
        assert FIRST in terminal.text
        assert "This gives" not in terminal.text


def test_a_key_pressed_as_soon_as_the_question_is_seen_is_not_lost():
    for _ in range(5):
        with Terminal("screen") as terminal:
            terminal.until(KEYS).send("n")
            terminal.until("question 2", KEYS).send("d")
            terminal.until("question 3", KEYS).send("n")
            terminal.until("question 4", KEYS)


@pytest.mark.parametrize("mode", [(), ("--plain",)], ids=["keys", "plain"])
def test_what_stays_is_as_wide_as_the_terminal_also_where_the_result_goes_elsewhere(tmp_path, mode):
    program = ["/bin/sh", "-c", f'exec "$0" "$@" >{tmp_path}/out', sys.executable, "-m", "iopscreen"]
    with Terminal("screen", *mode, program=program, columns=40, lines=100) as terminal:
        terminal.until("y Yes" if not mode else "Or type:").send("n\r" if mode else "n")
        terminal.until("  Before we start, is anyone in danger\n  right now? I mean ... -> no\n", "question 2")


def test_a_paste_of_more_than_one_read_never_answers():
    with Terminal("screen") as terminal:
        for _ in range(3):
            terminal.until(FIRST, KEYS).send("x" * 1024 + "n")
            # A key that comes at once belongs to the paste, so that one is not enough.
            terminal.insist("!", "end the call").send("r").until(FIRST)


def test_marking_takes_digits_and_enter_takes_no_empty_choice():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "y Yes").send("n")
        terminal.until(SECOND, "[ ] 1  Eating").send("\r")
        terminal.until("mark what fits").send("a").send(DOWN)
        terminal.until("> [ ] 1  Eating").send("i").send(DOWN)
        terminal.until("> [ ] 2  Bipolar I").send("1")
        terminal.until("[x] 1  Eating", "[ ] 2", "[ ] 9").send("1")
        terminal.until("[ ] 1  Eating").send("9\r" + DOWN)  # together: the line was pasted
        terminal.until("> [ ] 3")
        assert "[x]" not in terminal.text
        terminal.send("9").until("[x] 9  Something else", SECOND).send("\r")
        terminal.until(THIRD, "-> Something else")


def test_back_and_the_way_forth_again():
    with Terminal("screen", lines=60) as terminal:
        terminal.until(FIRST, KEYS).send("n")
        terminal.until("question 2", KEYS).send("7").until("[x] 7").send("\r")
        terminal.until("question 3", KEYS).send("b")
        terminal.until("question 2", "Answered before: Self-harm", "[x] 7").send("b")
        terminal.until("question 1", "Answered before: no", "k keep no", gone=("b back",)).send("k")
        terminal.until("question 3", "b back").send("n")
        terminal.until("question 4", HOME)


def test_three_questions_back_and_the_effect_is_said():
    with Terminal("screen", lines=60) as terminal:
        for shown, keys in ((FIRST, "n"), ("question 2", "9\r"), ("question 3", "n"), ("question 4", "n")):
            for key in keys:
                terminal.until(shown, KEYS).send(key)
        terminal.until("This gives: Another service").send("b")
        terminal.until("question 4", "Answered before").send("b")
        terminal.until("question 3", "Answered before").send("b")
        terminal.until("question 2", "Answered before: Something else", "[x] 9").send("7")
        terminal.until("[x] 7").send("9").until("[ ] 9").send("\r")
        terminal.until("No longer asked, and not counted: Have you recently", "To be asked now: Is there a place", HOME)


def test_any_earlier_answer_from_the_list():
    with Terminal("screen", lines=60) as terminal:
        for shown, keys in ((FIRST, "n"), ("question 2", "7\r"), ("question 3", "n")):
            for key in keys:
                terminal.until(shown, KEYS).send(key)
        terminal.until(HOME, KEYS).send("c")
        terminal.until("Which answer is to be corrected?", "1  Before we start", "3  Is there alcohol").send("3")
        terminal.until("question 3", "Answered before: no").send("y")
        terminal.until("This gives: Inpatient program", "No longer to be asked: Is there a place")


def test_an_emergency_at_any_prompt_and_the_way_back():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "y Yes").send("n")
        terminal.until(SECOND, "[ ] 1").send("7").until("[x] 7").send("!")
        terminal.until("EMERGENCY", "911", "988", "r return", "e end the call here").send("\r").send("n").send("r")
        terminal.until("question 2", "[x] 7", gone=("end the call",)).send("!")
        terminal.until("e end the call here").send("e")
        assert terminal.end() == 0
        text = terminal.text
    assert "EMERGENCY: the call was ended to get help" in text
    assert "Emergency services: 911" in text
    assert "I don't want to guess" not in text


def test_an_emergency_while_a_note_is_written():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, KEYS).send("m")
        terminal.until("! alone: emergency").send("!").send("\r")
        terminal.until("911", "e end the call here").send("e")
        assert terminal.end() == 0


def test_why_and_help_stand_beside_the_answers():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, KEYS).send("w")
        terminal.until("Still possible:", "rule immediate-danger, external", "Yes: Emergency help now", "w hide").send(
            "h"
        )
        terminal.until(HELP, gone=("Still possible",)).send("n")
        terminal.until("question 2")


@pytest.mark.parametrize("mode", [(), ("--plain",)], ids=["keys", "plain"])
@pytest.mark.parametrize("after", [[], ["n"], ["n", "7"], ["n", "7", "c"], ["n", "!"], ["n", "m"]], ids=str)
def test_ctrl_c_is_130_and_nothing_is_decided(after, mode):
    enter = "\r" if mode else ""
    seen = {"n": "question 2", "7": "question 3", "c": "corrected?", "!": "end the call", "m": "Note ("}
    with Terminal("screen", *mode, lines=80) as terminal:
        terminal.until(FIRST, "Prefers not to say")
        for key in after:
            if key == "7" and not mode:
                terminal.send("7").until("[x] 7").send("\r").until(seen[key])
            else:
                terminal.send(key + enter).until(seen[key])
        terminal.send("\x03")
        assert terminal.end() == 130
        assert "nothing was decided" in terminal.text
        assert "Recommendation" not in terminal.text


def test_ctrl_c_counts_among_other_keys():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, KEYS).send("yes\x03\r")
        assert terminal.end() == 130


@pytest.mark.parametrize("mode", [(), ("--plain",)], ids=["keys", "plain"])
def test_end_of_input_is_no_answer(mode):
    with Terminal("screen", *mode) as terminal:
        terminal.until(FIRST, "Prefers not to say").send("\x04")
        assert terminal.end() == 2
        assert "nothing was decided" in terminal.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminated(number):
    with Terminal("screen") as terminal:
        terminal.until(FIRST, KEYS)
        terminal.kill(number)
        assert terminal.end() in (143, -number)


NUMBERS = """
format: 1
id: test
version: "1.0.0"
title: t
policy: first
outcomes: {a: {label: Adult}, b: {label: Child}}
questions:
  age: {ask: "How old are you?", type: whole_number, range: [0, 120], unit: years}
  home: {ask: "Where do you live?", type: one, options: {street: {label: On the street}, house: {label: In a house}}}
rules:
  - {id: r1, when: {age: {at_least: 18}, home: house}, recommend: a, because: c, basis: site}
  - {id: r2, when: {}, recommend: b, because: d, basis: site}
"""


@pytest.fixture
def numbers(tmp_path):
    path = tmp_path / "numbers.yaml"
    path.write_text(NUMBERS.strip())
    return str(path)


def test_a_number_and_one_of_several(numbers):
    with Terminal("screen", "--rules", numbers) as terminal:
        terminal.until("How old are you?", "Number: _").send("\r")
        terminal.until("type a number, or press d").send("2").send("0").send("0")
        terminal.until("Number: 200_").send("\r")
        terminal.until("should be a whole number from 0 to 120").send("\x7f")
        terminal.until("Number: 20_").send("\r")
        terminal.until("Where do you live?", "-> 20 years", "2  In a house").send("2")
        terminal.until("This gives: Adult").send("\r")
        assert terminal.end() == 0
        assert "Recommendation: Adult" in terminal.text


PASTED = [
    ("44\r", "44"),
    ("44 days\r", "44 days"),
    ("dad 44\r", "dad 44"),
    ("4b4!\r", "4b4!"),
    ("44\x0f", "44"),
    ("4\r4", "4 4"),
    ("\x1b[200~10 days\n\x1b[201~", "10 days"),
    ("\x1b[200~44\x1b[201~\r", "44"),
]


@pytest.mark.parametrize(("pasted", "shown"), PASTED, ids=[shown for _, shown in PASTED])
def test_what_is_pasted_into_a_number_stands_there_and_waits_for_enter(numbers, pasted, shown):
    with Terminal("screen", "--rules", numbers) as terminal:
        terminal.until("How old are you?", "Number: _").send(pasted)
        terminal.until(f"Number: {shown}", "Backspace to empty").send("\r")
        if shown == "44":
            terminal.until("-> 44 years", "Where do you live?")
            return
        terminal.until("should be a whole number from 0 to 120", f"Number: {shown}")
        terminal.send("\x7f" * len(shown + " ")).until("Number: _").send("D")
        terminal.until("-> not known", "Where do you live?")


@pytest.mark.parametrize("typed", ["10 days", "1.5", "2 weeks", "30d", "1,5"])
def test_a_text_typed_where_a_number_is_asked_is_never_another_answer(numbers, typed):
    with Terminal("screen", "--rules", numbers) as terminal:
        terminal.until("How old are you?", "Number: _")
        for count, key in enumerate(typed, start=1):
            terminal.send(key).until(f"Number: {typed[:count].rstrip()}")
        terminal.send("\r").until("should be a whole number from 0 to 120", f"Number: {typed}_")
        terminal.send("!").until("end the call").send("r").until(f"Number: {typed}_", gone=("end the call",))
        assert "->" not in terminal.text


def test_keys_that_are_no_text_do_nothing_where_a_number_is_typed(numbers):
    with Terminal("screen", "--rules", numbers) as terminal:
        terminal.until("How old are you?", "Number: _")
        for key in ("\x0f", "\x12", "\x0c", "\t", " ", "\x1a"):
            terminal.send(key)
        terminal.send("3").until("Number: 3_").send("\r").until("-> 3 years")


def test_what_was_known_before_the_call_is_shown_and_can_be_corrected(tmp_path):
    known = tmp_path / "known.yaml"
    known.write_text("immediate_danger: unknown\ncondition_type: depression\n")
    with Terminal("screen", "--answers", str(known), lines=60) as terminal:
        terminal.until("Known before", "Do not end this call on a guess", THIRD, "b back").send("b")
        terminal.until("[ ] 1  Eating", "b back").send("b")
        terminal.until("in danger right now", "y Yes", "Answered before: not known").send("y")
        terminal.until("This gives: Emergency help now").send("\r")
        assert terminal.end() == 0
        assert "Recommendation: Emergency help now" in terminal.text


@pytest.mark.parametrize("by_key", [False, True])
def test_a_caller_for_somebody_else_hears_of_them_to_the_end(by_key):
    with Terminal("screen", *([] if by_key else ["--other"]), lines=120) as terminal:
        terminal.until(FIRST, "y Yes")
        if by_key:
            terminal.send("s").until("worded so", FIRST, gone=("s for somebody else   w",))
        terminal.send("n").until("What do they need help with?", "[ ] 1").send("8")
        terminal.until("[x] 8").send("\r")
        terminal.until("question 3", "y Yes").send("d")
        terminal.until("question 4", "y Yes").send("d")
        terminal.until("Not settled:", "Read back").send("\r")
        assert terminal.end() == 0
        text = " ".join(terminal.text.split()).rsplit("Not settled", maxsplit=1)[1]
    assert "that they would need medical help to stop" in text
    assert "that you would need" not in text


@pytest.mark.parametrize("size", [(12, 40), (10, 40), (24, 80)], ids=str)
def test_a_small_terminal_keeps_every_key_in_sight(size):
    with Terminal("screen", lines=size[0], columns=size[1]) as terminal:
        terminal.until("y Yes", "n No", "w why", KEYS).send("n")
        terminal.until("[ ] 1", "d Don't know", "b back", KEYS).send("9")
        terminal.until("[x] 9", "c correct").send("\r")
        terminal.until("y Yes", "n No", KEYS).send("y")
        terminal.until("Enter right", KEYS).send("\r")
        assert terminal.end() == 0


@pytest.mark.parametrize("size", [(10, 40), (12, 40), (24, 80), (60, 120)], ids=str)
@pytest.mark.parametrize(("key", "alarm"), [("d", True), ("p", True), ("y", False)])
def test_the_alarm_and_whom_to_reach_stand_on_the_last_page_in_any_room(size, key, alarm):
    with Terminal("screen", lines=size[0], columns=size[1]) as terminal:
        terminal.until("y Yes", KEYS).send(key)
        if alarm:
            terminal.until("[ ] 1", KEYS).send("9")
            terminal.until("[x] 9").send("\r")
            terminal.until("question 3", "y Yes", "n No", KEYS).send("d")
            terminal.until("question 4", "y Yes", "n No", KEYS).send("n")
        terminal.until("Enter right", KEYS, "Emergency services: 911", "call or text 988", "1-800-799-7233")
        assert ("Do not end this call on a guess. Bring" in terminal.text) is alarm
        assert terminal.text.split("\n")[0].startswith(("This gives", "Not settled")) or size[0] > 20


@pytest.mark.parametrize("size", [(10, 40), (24, 80)], ids=str)
def test_whom_to_reach_stands_on_the_page_of_the_emergency_in_any_room(size):
    with Terminal("screen", lines=size[0], columns=size[1]) as terminal:
        terminal.until(KEYS).send("!")
        wanted = ("EMERGENCY", "Are you somewhere safe" if size[1] > 40 else "you somewhere safe", "line with me.")
        terminal.until(*wanted, "Emergency services: 911", "988", "1-800-799-7233", "1-800-662-4357", "e end the call")


def test_enter_after_a_note_and_enter_held_on_a_list_do_not_finish_the_call():
    with Terminal("screen", lines=60) as terminal:
        terminal.until(FIRST, KEYS).send("y")
        terminal.until("Read back", "Enter right").send("m")
        terminal.until("Note (").send("safe now").send("\r")
        terminal.until("Noted: safe now", "y yes, finish", KEYS, gone=("Enter right",))
        for _ in range(3):
            terminal.send("\r")
        terminal.send("o").until("Which disposition instead?").send(DOWN).until("> 1").send("\r")
        terminal.until("for which reason?").send("\r").send(DOWN).until("> 1").send("\r")
        terminal.until("Instead:", "y yes, finish", KEYS, gone=("Enter right",)).send("\r").send("\r")
        terminal.send("c").until("corrected?").send("r")
        terminal.until("Enter right", "y yes", KEYS).send("\r")
        assert terminal.end() == 0


def test_an_existing_output_is_refused_before_anybody_is_asked(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("mine")
    with Terminal("screen", "-o", str(target)) as terminal:
        assert terminal.end() == 2
        assert "question 1" not in terminal.text
    assert target.read_text() == "mine"


# --- plain ----------------------------------------------------------------------------------


def plain(*arguments, **options):
    return Terminal("screen", *arguments, lines=200, **options)


@pytest.mark.parametrize("how", [{"TERM": "dumb"}, {"ACCESSIBLE": "1"}], ids=str)
def test_plain_by_the_environment(how):
    with plain(env=how) as terminal:
        terminal.until(FIRST, "1. Yes", "2. No", "3. Don't know", "Or type:", "emergency").send("2\r")
        terminal.until("question 2", "9. Something else")
        assert b"\x1b" not in terminal.raw


def test_a_whole_call_in_plain_by_numbers_and_words():
    with plain("--plain") as terminal:
        terminal.until(FIRST, "Or type:").send("no\r")
        terminal.until("question 2", "11. Prefers not to say").send("7, chemical dependency\r")
        terminal.until("-> Self-harm, Chemical dependency", "question 3").send("why\r")
        terminal.until("Still possible", "Yes: Inpatient program").send("help\r")
        terminal.until("What counts:").send("back\r")
        terminal.until("Answered before: Self-harm").send("keep self-harm, chemical dependency (alcohol or drugs)\r")
        terminal.until("question 3 of at most 4").send("2\r")
        terminal.until("question 4 of at most 4").send("YES\r")
        terminal.until("Read back:", "1. right, finish").send("1\r")
        assert terminal.end() == 0
        assert "Recommendation: Intensive outpatient program (IOP)" in terminal.text
        assert b"\x1b" not in terminal.raw


def test_stray_lines_never_answer_in_plain():
    with plain("--plain") as terminal:
        terminal.until(FIRST, "Or type:")
        for count, stray in enumerate(("", "0", "12", "maybe", "no way", "9" * 400, "\u00b2", "1.5"), start=1):
            terminal.send(stray + "\r")
            terminal._until(lambda count=count: terminal.text.count("Type the number or the word") == count, stray)
        assert "question 2" not in terminal.text


def test_pasted_lines_never_answer_in_plain():
    with plain("--plain") as terminal:
        terminal.until(FIRST, "Or type:").send("no\rno\rno\r")
        terminal.until("Several lines came together: none of them was taken.")
        terminal.send("x\r").until("Type the number or the word")
        assert "question 2" not in terminal.text


@pytest.mark.parametrize("pasted", ["no\rn", "no\rno", "no\r "])
def test_a_paste_without_its_last_enter_never_answers_in_plain(pasted):
    with plain("--plain") as terminal:
        terminal.until(FIRST, "Or type:").send(pasted)
        terminal.until("Several lines came together: none of them was taken.")
        terminal.send("x\r").until("Type the number or the word")
        assert "question 2" not in terminal.text
        terminal.send("no\r").until("question 2")


def test_an_emergency_in_plain_by_sign_and_by_word():
    with plain("--plain") as terminal:
        terminal.until(FIRST, "Or type:").send("!\r")
        terminal.until("911", "2. return\n>")  # there are no other words
        terminal.send("return\r")
        terminal._until(lambda: terminal.text.count(FIRST) == 2, FIRST)
        terminal.send("emergency\r")
        terminal._until(lambda: terminal.text.count("1. end the call here") == 2, "the emergency")
        terminal.send("1\r")
        assert terminal.end() == 0
        assert "EMERGENCY: the call was ended to get help" in terminal.text


def test_numbers_in_plain(numbers):
    with plain("--plain", "--rules", numbers) as terminal:
        terminal.until("How old are you?", "Or type: Don't know").send("121\r")
        terminal.until("should be a whole number from 0 to 120").send("20\r")
        terminal.until("-> 20 years", "2. In a house").send("house\r")
        terminal.until("This gives: Adult", "1. right, finish")


# --- looks ----------------------------------------------------------------------------------


def test_an_ascii_locale_shows_the_same():
    with Terminal("screen", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}) as terminal:
        terminal.until(FIRST, KEYS).send("n")
        terminal.until("[ ] 7  Self-harm").send("7")
        terminal.until("[x] 7  Self-harm", "[ ] 8")
        assert "?  Self" not in terminal.text


def test_no_color_sends_no_color():
    def colors(raw):
        return [part for part in (b"[31m", b"[1;31m", b";31m", b"[91m") if part in raw]

    with Terminal("screen", env={"NO_COLOR": "1"}) as terminal:
        terminal.until(FIRST, KEYS).send("d")
        terminal.until("question 2", "Do not end this call")
        assert colors(terminal.raw) == []
    with Terminal("screen") as terminal:
        terminal.until(FIRST, KEYS).send("d")
        terminal.until("question 2", "Do not end this call")
        assert colors(terminal.raw) != []


def test_an_exclamation_mark_in_an_empty_note_is_the_emergency_at_once():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, KEYS).send("m").until("Note (").send("!").until("end the call").send("r")
        terminal.until(FIRST, KEYS).send("m").until("Note (").send("loud").until("loud").send("!").until("loud!")
        terminal.send("\r").until("Noted: loud!", FIRST)


def test_a_key_soon_after_escape_is_not_lost():
    """Not half a second, as editors wait for the rest of a key that begins with Escape."""
    with Terminal("screen") as terminal:
        terminal.until(FIRST, KEYS).send("h").until(HELP).send("\x1b")
        terminal.insist("!", "end the call").send("r").until(FIRST)


def test_an_interrupt_in_the_first_moments_is_130(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("iopscreen.cli.main", interrupted)
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 130


@pytest.mark.parametrize("size", [(10, 40), (24, 80)], ids=str)
def test_a_rule_set_without_an_emergency_has_built_in_words_in_any_room(size, tmp_path):
    rules = tmp_path / "bare.yaml"
    rules.write_text(BARE, encoding="utf-8")
    with Terminal("screen", "--rules", str(rules), lines=size[0], columns=size[1]) as terminal:
        terminal.until("Is it safe?", KEYS).send("!")
        terminal.until("EMERGENCY", "local emergency number", "911", "988", "Built-in words", "e end the call")
