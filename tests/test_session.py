"""Whole calls with a scripted coordinator: what is said, what is corrected, what is kept."""

import pytest
from bare import BARE

from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.decide import ImpossibleAnswers
from iopscreen.ruleset.model import Unanswered
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.shipped import locate
from iopscreen.screen.interview import Interview, stand
from iopscreen.screen.page import ENTER, Page, Pressed
from iopscreen.screen.record import Call, Status
from iopscreen.screen.session import Held, hold
from iopscreen.screen.words import Command


@pytest.fixture(scope="module")
def iop():
    return compile_rule_set(read_rule_file(locate("iop")).rule_set)


class Script:
    """A coordinator who presses what a list says. Every page and line is remembered."""

    def __init__(self, *presses, notes=()):
        self.presses = list(presses)
        self.notes = list(notes)
        self.pages = []
        self.lines = []

    def say(self, *lines):
        self.lines += [line.text for line in lines]

    def ask(self, page: Page):
        self.pages.append(page)
        result = self.presses.pop(0)
        offered = [key.result for key in page.keys]
        known = result in offered or page.kind.name != "PICK"
        assert known, f"{result} is not offered by {[line.text for line in page.lines]}"
        key = next((key.key for key in page.keys if key.result == result), ENTER)
        return Pressed(result, ("draft",) if isinstance(result, Command) else (), key)

    def write(self, _title):
        return self.notes.pop(0)

    @property
    def titles(self):
        """The line of each page that says what it is."""
        return [next(line.text for line in page.lines if not line.text.startswith("question ")) for page in self.pages]


def clock():
    """A clock that ticks a second each time it is looked at."""
    seconds = iter(range(60))
    return lambda: f"2026-11-24T10:00:{next(seconds):02}+00:00"


def call(compiled, *presses, notes=(), **interview):
    script, kept = Script(*presses, notes=notes), []
    start = Held(Interview(compiled, **interview), Call(Status.UNFINISHED, "2026-11-24T09:59:59+00:00"))
    ended = hold(start, script, clock(), kept.append)
    assert script.presses == []
    return ended, script, kept


DANGER = "Before we start"
CONDITION = "What would you like help with?"
DETOX = "Is there alcohol"
DISCHARGE = "Have you recently"
HOME = "Is there a place"
END = Command.FINISH


def asked(script):
    return [
        next((short for short in (DANGER, CONDITION, DETOX, DISCHARGE, HOME) if title.startswith(short)), title)
        for title in script.titles
    ]


def answers(held):
    return dict(stand(held.interview).answers)


def test_a_whole_call(iop):
    ended, script, kept = call(iop, "no", ("self_harm",), "no", "yes", END)
    assert asked(script)[:4] == [DANGER, CONDITION, DETOX, HOME]
    assert ended.call.status is Status.FINISHED
    assert ended.call.ended == "2026-11-24T10:00:04+00:00"
    assert ended.call.given_at["immediate_danger"] == "2026-11-24T10:00:00+00:00"
    assert [held.call.status for held in kept] == [Status.UNFINISHED] * 5 + [Status.FINISHED]
    assert [len(answers(held)) for held in kept] == [0, 1, 2, 3, 4, 4]


def test_nothing_else_changes_is_not_said_beside_a_note_that_comes_or_goes(iop):
    """The note to ask once more about safety comes and goes with self-harm."""
    corrections = [
        part
        for marked in (("self_harm", "mania"), ("mania",), ("mania", "bipolar_1"))
        for part in (Command.CORRECT, "condition_type", marked)
    ]
    _, script, _ = call(iop, "no", ("mania",), *corrections, "no", "yes", END)
    told = [line for line in script.lines if "->" not in line]
    start = next(at for at, line in enumerate(told) if line.startswith("Note: Ask once more"))
    assert told[start + 1].startswith("No longer: Ask once more")
    assert told[start + 2] == "Nothing else changes."
    assert told.count("Nothing else changes.") == 1


def test_the_options_of_an_answer_that_is_corrected_are_marked_and_others_are_not(iop):
    presses = ("no", ("mania", "self_harm"), Command.CORRECT, "condition_type", Command.NOTE, ("mania",), "no", "yes")
    _, script, _ = call(iop, *presses, END, notes=[""], earlier={"condition_type": ("other",)})
    drafts = [page.draft for page in script.pages if page.kind.name == "MARK"]
    assert drafts == [(), ("mania", "self_harm"), ("draft",)]
    _, script, _ = call(iop, "no", Unanswered.UNKNOWN, Command.BACK, ("mania",), "no", "yes", END)
    assert [page.draft for page in script.pages] == [()] * len(script.pages)


def test_one_back_and_three_back(iop):
    ended, script, _ = call(
        iop, "no", ("other",), "no", "no", Command.BACK, Command.BACK, Command.BACK, ("self_harm",), "yes", END
    )
    assert asked(script)[:10] == [
        DANGER,
        CONDITION,
        DETOX,
        DISCHARGE,
        "This gives: Another service (referral)",
        DISCHARGE,
        DETOX,
        CONDITION,
        HOME,
        "This gives: Intensive outpatient program (IOP)",
    ]
    assert answers(ended)["condition_type"] == ("self_harm",)
    assert "recent_psychiatric_discharge" not in answers(ended)


def test_the_effect_of_a_correction_is_said_right_after_it(iop):
    _, script, _ = call(iop, "no", ("self_harm",), "no", "yes", Command.CORRECT, "detox_need", "yes", END)
    said = script.lines
    place = next(i for i, line in enumerate(said) if line.startswith(DETOX) and line.endswith("-> yes"))
    assert said[place + 1].startswith("No longer asked, and not counted: Is there a place")
    assert said[place + 2] == "Possible now: Inpatient program"


def test_a_correction_can_be_thought_better_of(iop):
    ended, script, _ = call(
        iop, "no", Command.CORRECT, Command.RETURN, Command.CORRECT, "immediate_danger", Command.KEEP, ("mania",),
        "yes", END,
    )  # fmt: skip
    assert asked(script)[:2] == [DANGER, CONDITION]
    assert answers(ended) == {"immediate_danger": "no", "condition_type": ("mania",), "detox_need": "yes"}
    before = next(page for page in script.pages if any("Answered before: no" in line.text for line in page.lines))
    assert [key.title for key in before.keys if key.result is Command.KEEP] == ["keep no"]


def test_what_was_marked_outlasts_a_note_a_look_at_the_list_and_the_emergency(iop):
    presses = ["no", Command.NOTE, Command.CORRECT, Command.RETURN, Command.EMERGENCY, Command.RETURN, ("mania",)]
    _, script, _ = call(iop, *presses, "yes", END, notes=["rings back at six"])
    drafts = [page.draft for page in script.pages if any(line.text == CONDITION for line in page.lines)]
    assert drafts == [(), ("draft",), ("draft",), ("draft",)]


def test_a_note_is_kept_with_its_time_and_question(iop):
    ended, _, kept = call(iop, "no", Command.NOTE, ("mania",), "yes", Command.NOTE, END, notes=["one", "two"])
    assert [(note.question, note.text) for note in ended.call.notes] == [("condition_type", "one"), (None, "two")]
    assert ended.call.notes[0].at == "2026-11-24T10:00:01+00:00"
    assert any(held.call.notes and held.call.status is Status.UNFINISHED for held in kept)


def test_an_empty_note_is_none_and_an_exclamation_mark_is_the_emergency(iop):
    ended, script, _ = call(iop, "no", Command.NOTE, Command.NOTE, Command.END, notes=["", "!"])
    assert ended.call.notes == ()
    assert ended.call.status is Status.EMERGENCY
    assert script.titles[-1] == "EMERGENCY"


@pytest.mark.parametrize(
    "before",
    [
        [],
        ["no"],
        ["no", ("mania",)],
        ["no", ("mania",), "no"],
        ["no", ("mania",), "no", "yes"],
        ["no", Command.CORRECT],
        ["no", ("mania",), "yes", Command.OVERRIDE],
        ["no", ("mania",), "yes", Command.OVERRIDE, "iop"],
        ["no", Command.BACK],
    ],
    ids=str,
)
def test_an_emergency_at_every_page_ends_the_call_or_returns_to_it(iop, before):
    ended, script, kept = call(iop, *before, Command.EMERGENCY, Command.END)
    assert (ended.call.status, kept[-1].call.status) == (Status.EMERGENCY, Status.EMERGENCY)
    assert ended.call.ended is not None
    emergency = [line.text for line in script.pages[-1].pinned[0]]
    assert any("911" in line for line in emergency)
    assert any("988" in line for line in emergency)


@pytest.mark.parametrize("before", [[], ["no"], ["no", ("mania",)], ["no", ("mania",), "yes"]], ids=str)
def test_the_way_back_from_an_emergency_is_the_same_page(iop, before):
    rest = ["no", ("mania",), "yes", END][len(before) :]
    ended, script, _ = call(iop, *before, Command.EMERGENCY, Command.RETURN, *rest)
    titles = script.titles
    assert titles[len(before)] == titles[len(before) + 2]
    assert ended.call.status is Status.FINISHED


def test_the_unanswered_text_shows_at_once_and_only_when_it_applies(iop):
    _, script, _ = call(iop, Unanswered.DECLINED, Command.EMERGENCY, Command.END)
    assert f"! {iop.rule_set.question['immediate_danger'].if_unanswered}" in script.lines
    _, script, _ = call(iop, "no", Command.EMERGENCY, Command.END)
    assert not any(line.startswith("! ") for line in script.lines)


def test_notes_are_said_when_they_become_certain_and_once(iop):
    _, script, _ = call(iop, "no", ("chemical_dependency",), "no", "yes", END)
    note = "Note: Names alcohol or drugs but no detox need. Confirm that no medical help is needed to stop."
    assert script.lines.count(note) == 1
    assert script.lines.index(note) > next(i for i, line in enumerate(script.lines) if line.startswith(DETOX))


def test_a_note_that_is_no_longer_certain_is_taken_back(iop):
    _, script, _ = call(iop, "no", ("mania",), Command.BACK, ("other",), Command.EMERGENCY, Command.END)
    assert any(line.startswith("No longer: Ask whether it is going on now") for line in script.lines)


def test_the_words_for_somebody_else_by_one_key_at_the_start(iop):
    ended, script, _ = call(iop, Command.OTHER, "no", Command.EMERGENCY, Command.END)
    assert ended.call.other
    assert script.titles[2] == "What do they need help with?"
    offers = [any(key.result is Command.OTHER for key in page.keys) for page in script.pages]
    assert offers == [True, False, False, False]


def test_the_read_back_has_the_answers_on_which_the_result_hangs(iop):
    _, script, _ = call(iop, "no", ("mania",), "yes", END)
    lines = [line.text for line in script.pages[-1].lines]
    assert lines[:2] == ["This gives: Inpatient program", "Read back:"]
    assert [line.split(" -> ")[1] for line in lines if " -> " in line] == ["no", "yes"]


def test_where_nothing_can_change_the_result_nothing_is_read_back():
    text = CLASH[: CLASH.index(b"rules:")] + b"rules:\n  - {id: r, when: {}, recommend: b, because: c, basis: site}\n"
    _, script, _ = call(compile_rule_set(understand(text, "t.yaml").rule_set), END)
    assert [line.text for line in script.pages[0].lines][:2] == ["This gives: B", "No answer can change it."]


def test_the_key_of_the_last_answer_does_not_confirm_the_read_back(iop):
    def confirming(*presses):
        _, script, _ = call(iop, *presses, END)
        return [key.key for key in script.pages[-1].keys if key.result is Command.FINISH]

    assert confirming("no", ("mania",), "no", "yes") == ["Enter"]
    assert confirming("no", ("mania",), "no", "no") == ["Enter", "y"]
    prepared = {"immediate_danger": "no", "detox_need": "yes"}
    assert prepared.items() <= answers(call(iop, END, prepared=prepared)[0]).items()


@pytest.mark.parametrize(
    "before",
    [
        (Command.NOTE,),
        (Command.OVERRIDE, "referral", "Caller declined"),
        (Command.OVERRIDE, Command.RETURN),
        (Command.EMERGENCY, Command.RETURN),
        (Command.CORRECT, "detox_need", "yes"),
    ],
    ids=str,
)
@pytest.mark.parametrize("key", ["Enter", "y", "r"])
def test_the_key_that_did_something_last_does_not_confirm(iop, before, key):
    """As the arrows and Enter do it on a list, Enter after a note, or any key that is held too long."""

    class Holding(Script):
        def ask(self, page):
            return super().ask(page)._replace(key=key)

    script = Holding("no", ("mania",), "yes", *before, END, notes=[""])
    hold(Held(Interview(iop), Call(Status.UNFINISHED, "2026-11-24T09:59:59+00:00")), script, clock(), lambda _: None)
    last = "Enter" if before == (Command.NOTE,) else key
    confirm = [key.key for key in script.pages[-1].keys if key.result is Command.FINISH]
    assert confirm == [key for key in ("Enter", "y") if key != last]


def test_the_closing_page_pins_alarms_with_danger_first_and_whom_to_reach(iop):
    def pinned(*presses):
        return [[line.text for line in lines] for lines in call(iop, *presses, END)[1].pages[-1].pinned]

    contacts = [f"{contact.name}: {contact.reach}" for contact in iop.rule_set.emergency.contacts]
    assert pinned("no", ("mania",), "no", "yes") == []
    assert pinned("yes")[0] == contacts
    long, beside, brief = pinned(*[Unanswered.DECLINED] * 5)
    asked = [iop.rule_set.question[name].if_unanswered for name in iop.rule_set.question]
    due = [f"! {text}" for text in asked if text]
    assert long == [due[0], *contacts, *due[1:]]
    assert beside == [due[0], "; ".join(contacts), *due[1:]]
    assert brief[0] == due[0]
    assert all(contact.reach in brief[1] for contact in iop.rule_set.emergency.contacts)


def test_a_caller_who_refuses_everything(iop):
    ended, script, _ = call(iop, *[Unanswered.DECLINED] * 5, END)
    assert answers(ended) == dict.fromkeys(iop.rule_set.question, Unanswered.DECLINED)
    lines = [line.text for line in script.pages[-1].lines]
    assert lines[0].startswith("Not settled: ")
    assert any(line.startswith("Open: Before we start") for line in lines)
    assert "Yes: Emergency help now" in lines


def test_another_disposition_with_a_reason_beside_the_computed_one(iop):
    ended, script, kept = call(iop, "no", ("mania",), "yes", Command.OVERRIDE, "referral", "Caller declined", END)
    override = ended.call.override
    assert (override.recommendation, override.reason) == ("referral", "Caller declined")
    assert [line.text for line in script.pages[-1].lines][:2] == [
        "This gives: Inpatient program",
        "Instead: Another service (referral) (Caller declined)",
    ]
    assert kept[-2].call.override == override
    said = [line.text for line in (*script.pages[-1].lines, *script.pages[-1].extra)]
    assert any("This program doesn't look like the right fit" in line for line in said)
    assert not any("stay overnight" in line for line in said)
    assert any(line.startswith("Computed because: ") for line in said)
    offered = [key.result for key in script.pages[4].listed]
    assert offered == ["referral", "iop", "emergency_referral"]


def test_another_disposition_can_be_taken_back_and_falls_with_a_changed_answer(iop):
    start = ["no", ("mania",), "yes", Command.OVERRIDE, "referral", "Caller declined"]
    ended, _, _ = call(iop, *start, Command.OVERRIDE, Command.KEEP, END)
    assert ended.call.override is None
    ended, script, _ = call(iop, *start, Command.BACK, "no", "yes", END)
    assert ended.call.override is None
    assert "The other disposition is taken back, for the answers have changed." in script.lines
    ended, _, _ = call(iop, *start[:4], Command.RETURN, Command.OVERRIDE, "iop", Command.RETURN, END)
    assert ended.call.override is None


def test_what_was_known_before_is_said_and_can_be_corrected(iop):
    prepared = {"immediate_danger": Unanswered.UNKNOWN, "condition_type": ("mania",)}
    ended, script, _ = call(iop, Command.BACK, Command.BACK, "yes", END, prepared=prepared)
    assert "Known before (b or c corrects it):" in script.lines
    assert any(line.startswith("! Do not end this call") for line in script.lines)
    assert asked(script)[:3] == [DETOX, CONDITION, DANGER]
    assert answers(ended)["immediate_danger"] == "yes"


def test_answers_of_another_day_are_shown_and_kept_by_one_key(iop):
    earlier = {"immediate_danger": "no", "condition_type": ("mania",), "detox_need": "no"}
    ended, script, _ = call(iop, Command.KEEP, Command.KEEP, "yes", END, earlier=earlier)
    assert answers(ended) == {"immediate_danger": "no", "condition_type": ("mania",), "detox_need": "yes"}
    assert set(ended.call.given_at) == set(answers(ended))
    assert any("Answered before: Mania" in line.text for line in script.pages[1].lines)


def test_an_answer_that_excludes_the_others_is_told_and_asked_again():
    compiled = compile_rule_set(understand(CLASH, "t.yaml").rule_set)
    ended, script, _ = call(compiled, "yes", "r", "p", END)
    assert "These answers cannot all be right: nobody is both (not-both)" in script.lines
    assert answers(ended) == {"x": "yes", "w": "p"}
    ended, _, _ = call(compiled, "yes", "r", Command.BACK, "no", END)
    assert answers(ended) == {"x": "no"}


def test_prepared_answers_that_exclude_one_another_stop_the_call():
    compiled = compile_rule_set(understand(CLASH, "t.yaml").rule_set)
    with pytest.raises(ImpossibleAnswers, match="not-both"):
        call(compiled, prepared={"x": "yes", "w": "r"})


CLASH = b"""
format: 1
id: test
version: "1.0.0"
title: t
policy: first
outcomes: {a: {label: A}, b: {label: B}}
questions:
  x: {ask: "x?", type: yes_no}
  w: {ask: "w?", type: one, options: {p: {label: P}, q: {label: Q}, r: {label: R}}}
impossible:
  - {id: not-both, when: {x: yes, w: r}, because: nobody is both}
rules:
  - {id: r1, when: {x: yes, w: p}, recommend: a, because: c, basis: site}
  - {id: r2, when: {}, recommend: b, because: c, basis: site}
"""


def why(script, place):
    page = script.pages[place]
    panel = next(panel for panel in page.panels if panel.title == "why")
    return [line.text for line in panel.lines()]


def test_why_tells_rules_passages_and_what_each_answer_would_lead_to(iop):
    _, script, _ = call(iop, "no", ("mania",), "yes", END)
    lines = why(script, 2)
    assert lines[0] == "Still possible: Intensive outpatient program (IOP) or Inpatient program"
    assert any("rule needs-detox, inferred" in line for line in lines)
    assert any(line.startswith("rests on no-detox: ") for line in lines)
    assert lines[-2:] == [
        "Yes: Inpatient program",
        "No: Intensive outpatient program (IOP) or Inpatient program",
    ]


def test_why_of_a_question_for_notes_says_that_it_decides_nothing():
    text = CLASH.replace(b"impossible:", b"  n: {ask: 'n?', type: yes_no, for_notes: yes}\nimpossible:")
    text += b"notes:\n  - {id: say-n, when: {n: yes}, for: staff, say: mind the n}\n"
    compiled = compile_rule_set(understand(text, "t.yaml").rule_set)
    _, script, _ = call(compiled, "no", "yes", END)
    assert why(script, 1) == [
        "It cannot change the recommendation. It is asked for what is handed over:",
        "mind the n",
    ]


# --- a rule set without an emergency of its own ---------------------------------------------


@pytest.fixture(scope="module")
def bare():
    return compile_rule_set(understand(BARE.encode(), "bare.yaml").rule_set)


@pytest.mark.parametrize(
    "before",
    [[], ["no"], ["no", Command.CORRECT], ["no", Command.OVERRIDE], ["no", Command.OVERRIDE, "stay"]],
    ids=str,
)
def test_without_an_emergency_of_its_own_every_page_leads_to_built_in_words(bare, before):
    ended, script, _ = call(bare, *before, Command.EMERGENCY, Command.END)
    assert ended.call.status is Status.EMERGENCY
    page = script.pages[-1]
    told = " ".join(line.text for line in [*page.lines, *page.pinned[0]])
    for words in ("local emergency number", "in the US 911", "988", "Built-in words: this rule set has none"):
        assert words in told


def test_without_an_emergency_of_its_own_an_exclamation_mark_in_a_note_is_the_emergency(bare):
    ended, script, _ = call(bare, Command.NOTE, Command.END, notes=["!"])
    assert (ended.call.status, ended.call.notes) == (Status.EMERGENCY, ())
    assert script.titles[-1] == "EMERGENCY"


def test_only_built_in_words_say_that_they_are(iop):
    _, script, _ = call(iop, Command.EMERGENCY, Command.END)
    assert not any("Built-in" in line.text for line in script.pages[-1].lines)
