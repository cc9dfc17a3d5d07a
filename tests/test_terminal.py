"""`iopscreen screen` in a real terminal: keys as a person presses them, and as an accident does."""

import json
import signal
import sys

import pytest
from terminal import DOWN, UP, Terminal

FIRST = "Question 1 of at most 5"
SECOND = "What would you like help with?"
THIRD = "a clinician said so, or stopping"
HOME = "Is there a place where"


def test_a_whole_call_with_one_key_an_answer():
    with Terminal("screen", lines=120) as terminal:
        terminal.until(FIRST, "(choose an answer)").send("n")
        terminal.until("Question 2 of at most 5", SECOND, "9  Something else").send("7")
        terminal.until("● 7  Self-harm").send("8")
        terminal.until("● 8  Chemical").send("\r")
        terminal.until("Question 3 of at most 4", "-> Self-harm, Chemical dependency", THIRD, "y  Yes").send("n")
        terminal.until("Question 4 of at most 4", HOME, "y  Yes").send("y")
        assert terminal.end() == 0
        text = " ".join(terminal.text.split())
    assert "Confirm that no medical help is needed to stop" in text
    assert (
        "Have you recently come out of a psychiatric hospital" in text.split("Not asked, because it cannot matter")[1]
    )


def test_results_own_stdout_and_prompts_stderr(tmp_path):
    target = tmp_path / "decision.json"
    program = ["/bin/sh", "-c", f'exec "$0" "$@" > "{target}"', sys.executable, "-m", "iopscreen"]
    with Terminal("screen", "--format", "json", program=program) as terminal:
        terminal.until(FIRST, "y  Yes").send("y")
        assert terminal.end() == 0
    decision = json.loads(target.read_text())
    assert decision["recommendation"] == "emergency_referral"
    assert decision["answers"] == {"immediate_danger": "yes"}


STRAY = ("\r", "\r\r\r\r", "\x1b", "\x1b\r", "yes\r", "n\r", "yyy", "\x1b[200~n\r\x1b[201~", " ", "j", "1", "\x04x")


def test_stray_keys_never_answer():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "» (choose an answer)")
        for stray in STRAY:
            terminal.send(stray).send(DOWN)
            _until_pointer(terminal, "y  Yes")
            terminal.send(UP)
            _until_pointer(terminal, "(choose an answer)")
            assert FIRST in terminal.text
            assert "Question 2" not in terminal.text
        terminal.send("d").until("Question 2 of at most 5", "Do not end this call on a guess.")


def _until_pointer(terminal, line):
    """Move on when the pointer stands at `line`: then every earlier key has been read.

    Keys are sent one by one only after that, for keys that arrive together are no answers.
    """
    terminal.until_line("»", line)


def test_keys_typed_before_a_question_is_drawn_are_thrown_away():
    with Terminal("screen") as terminal:
        terminal.send("y")  # while the program is still starting
        terminal.until(FIRST, "» (choose an answer)").send(DOWN)
        _until_pointer(terminal, "y  Yes")
        assert FIRST in terminal.text
        assert "Recommendation" not in terminal.text


def test_marking_takes_digits_and_enter_takes_no_empty_choice():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "y  Yes").send("n")
        terminal.until(SECOND, "○ 1  Eating").send("\r")
        terminal.until("mark what fits").send("a").send(DOWN)
        _until_pointer(terminal, "2  Bipolar I")
        terminal.send("i").send(DOWN)
        _until_pointer(terminal, "3  Bipolar II")
        terminal.send("1").until("● 1  Eating", "○ 2", "○ 9").send("1")
        terminal.until("○ 1  Eating").send("9\r" + DOWN)  # together: the line was pasted
        _until_pointer(terminal, "4  Mania")
        assert "●" not in terminal.text
        terminal.send("9").until("● 9  Something else", SECOND).send("\r")
        terminal.until(THIRD, "-> Something else")


def test_back_and_emergency_at_a_prompt():
    with Terminal("screen", lines=120) as terminal:
        terminal.until(FIRST, "!  Emergency").send("n")
        terminal.until(SECOND, "○ 1").send("b")
        terminal.until(FIRST, "!  Emergency", "-> no").send("!")
        terminal.until("EMERGENCY", "911", "988", "r  Return to the question").send("\r").send(DOWN)
        _until_pointer(terminal, "r  Return")
        terminal.send("r").until("y  Yes", gone=("r  Return",)).send("!")
        terminal.until("e  End the call here").send("e")
        assert terminal.end() == 0
        text = terminal.text.split("e  End the call here")[-1]
    assert "EMERGENCY: the call was ended to get help" in text
    assert "Emergency services: 911" in text
    assert "guardian" not in text
    assert "I don't want to guess" not in text


@pytest.mark.parametrize("after", [[], ["n"], ["n", "1", "\r"]])
def test_ctrl_c_is_130_and_nothing_is_decided(after):
    shown = [FIRST, "○ 1", "● 1"]
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "y  Yes")
        for key, seen in zip(after, [*shown[1:], "y  Yes"], strict=False):
            terminal.send(key).until(seen)
        terminal.send("\x03")
        assert terminal.end() == 130
        assert "nothing was decided" in terminal.text
        assert "Recommendation" not in terminal.text


def test_ctrl_c_counts_among_other_keys():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "y  Yes").send("yes\x03\r")
        assert terminal.end() == 130


def test_end_of_input_is_no_answer():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "y  Yes").send("\x04")
        assert terminal.end() == 2
        assert "nothing was decided" in terminal.text


def test_terminated():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "y  Yes")
        terminal.kill(signal.SIGTERM)
        assert terminal.end() in (143, -signal.SIGTERM)


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
        terminal.until("How old are you?", "a number in years, then Enter", ">").send("\r")
        terminal.until("type a number, or press d").send("2").send("0").send("0")
        terminal.until("> 200").send("\r")
        terminal.until("should be a whole number from 0 to 120").send("\x7f")
        terminal.until("> 20", gone=("> 200",)).send("\r")
        terminal.until("Where do you live?", "-> 20 years", "2  In a house").send("2")
        assert terminal.end() == 0
        assert "Recommendation: Adult" in terminal.text


@pytest.mark.parametrize("pasted", ["44\r", "44 days\r", "dad 44\r", "4d4", "4b4!\r", "44\x0f"])
def test_a_pasted_number_waits_for_enter(numbers, pasted):
    with Terminal("screen", "--rules", numbers) as terminal:
        terminal.until("How old are you?", "a number in years, then Enter", ">").send(pasted)
        terminal.until("> 44").send("D")
        terminal.until("-> not known", "Where do you live?")


def test_other_keys_do_nothing_where_a_number_is_typed(numbers):
    with Terminal("screen", "--rules", numbers) as terminal:
        terminal.until("How old are you?", "a number in years, then Enter", ">")
        for key in ("\x0f", "\x12", "\x0c", "x", "N", "\x1b[200~99\x1b[201~", "\x1a"):
            terminal.send(key)
        terminal.send("3").until("> 3").send("\r").until("-> 3 years")


def test_keys_of_line_editors_end_no_prompt():
    with Terminal("screen") as terminal:
        terminal.until(FIRST, "» (choose an answer)").send("\x0f").send(DOWN)
        _until_pointer(terminal, "y  Yes")
        terminal.send("N").until("○ 1  Eating").send("\x0f").send(DOWN)
        _until_pointer(terminal, "2  Bipolar I")
        assert "fault" not in terminal.text


def test_what_was_known_before_the_call_is_shown_and_can_be_corrected(tmp_path):
    known = tmp_path / "known.yaml"
    known.write_text("immediate_danger: unknown\ncondition_type: depression\n")
    with Terminal("screen", "--answers", str(known), lines=60) as terminal:
        terminal.until("Known before the call", "Do not end this call on a guess", "b  Back").send("b")
        terminal.until("○ 1  Eating", "b back").send("b")
        terminal.until("in danger right now", "y  Yes").send("y")
        assert terminal.end() == 0
        assert "Recommendation: Emergency help now" in terminal.text


def test_a_caller_for_somebody_else_hears_of_them_to_the_end():
    with Terminal("screen", "--other", lines=120) as terminal:
        terminal.until(FIRST, "y  Yes").send("n")
        terminal.until("What do they need help with?", "○ 1").send("8")
        terminal.until("● 8").send("\r")
        terminal.until("Question 3", "y  Yes").send("d")
        terminal.until("Question 4", "y  Yes").send("d")
        assert terminal.end() == 0
        text = " ".join(terminal.text.split()).split("Not settled")[1]
    assert "that they would need medical help to stop" in text
    assert "that you would need" not in text


def test_a_narrow_and_low_terminal():
    with Terminal("screen", lines=24, columns=40) as terminal:
        terminal.until("Question 1", "!  Emergency").send("n")
        terminal.until("9  Something else").send("9").until("● 9").send("\r")
        terminal.until("Question 3")


def test_an_existing_output_is_refused_before_anybody_is_asked(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("mine")
    with Terminal("screen", "-o", str(target)) as terminal:
        assert terminal.end() == 2
        assert "Question" not in terminal.text
    assert target.read_text() == "mine"
