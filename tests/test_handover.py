"""The hand-over of a screening: the same sections as text, Markdown and HTML, and the decision as JSON."""

import html
import json
import re
from html.parser import HTMLParser

import pytest
from bare import BARE

from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.explain import Lead, Reading, Readings
from iopscreen.report.decision import decision_json, decision_markdown, decision_text, headline
from iopscreen.report.html import decision_html
from iopscreen.report.sections import PROVISIONAL, Shown, sections, title
from iopscreen.ruleset.model import Unanswered
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.shipped import locate
from iopscreen.screen.record import Call, Earlier, Override, Skipped, StaffNote, Status
from iopscreen.screen.result import result_of
from iopscreen.screen.words import closing_page

SAFE = {
    "immediate_danger": "no",
    "condition_type": ("self_harm",),
    "detox_need": "no",
    "safe_living_environment": "yes",
}
UNSAFE = {**SAFE, "safe_living_environment": "no"}
IN_DANGER = {"immediate_danger": "yes"}
OPEN = {**SAFE, "detox_need": Unanswered.UNKNOWN}
IOP, INPATIENT = "Intensive outpatient program (IOP)", "Inpatient program"
STARTED, ENDED = "2026-11-23T14:02:11+01:00", "2026-11-23T14:09:30+01:00"
NOTES = (
    StaffNote("2026-11-23T14:04:00+01:00", "detox_need", "asked twice"),
    StaffNote("2026-11-23T14:08:00+01:00", None, "call after five"),
)
OVERRIDE = Override("referral", "No bed available", "2026-11-23T14:08:40+01:00")
ORIGIN = {"id": "iop", "version": "0.9.0", "digest": f"sha256:{'0' * 64}"}
VOID = {"meta", "br", "hr"}


def earlier(recommendation, possible=None, status=Status.FINISHED, ended="2026-11-02T10:00:00+01:00", override=None):
    stood = possible or (recommendation,)
    return Earlier(f"sha256:{'ab' * 32}", status, ended, recommendation, stood, override, ORIGIN)


def call(**parts):
    return Call(**{"status": Status.FINISHED, "started": STARTED, "ended": ENDED, **parts})


def shown_of(file, answers, of_call=None):
    """What is told of a call, as the command line tells it."""
    result = result_of(compile_rule_set(file.rule_set), answers, of_call or call())
    return Shown(
        file, result.decision, result.changes,
        call=result.call, leads=result.leads, readings=result.readings, skipped=result.skipped,
    )  # fmt: skip


@pytest.fixture(scope="module")
def iop():
    file = read_rule_file(locate("iop"))
    return lambda answers, of_call=None: shown_of(file, answers, of_call)


def lines_of(shown, heading):
    """Every line under a heading, as it stands in the sections; empty where there is no such section."""
    found = [section for section in sections(shown) if section.heading == heading]
    assert len(found) <= 1
    return [line for section in found for item in section.items for line in (item.text, *item.under)]


def headings(shown):
    return [section.heading for section in sections(shown)]


def flat(text):
    return " ".join(text.split())


class Page(HTMLParser):
    """A page as a strict reader takes it: which elements, which attributes, which text."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.stack, self.elements, self.attributes, self.texts, self.all = [], [], [], {}, []
        self.feed(source)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        tag = self.stack[-1] if self.stack else ""
        self.texts.setdefault(tag, []).append(data)
        self.all += [data] if tag != "style" else []

    @property
    def words(self):
        return flat(" ".join(self.all))


# --- the sections ---------------------------------------------------------------------------


def test_a_settled_call_is_told_in_the_order_in_which_it_is_needed(iop):
    shown = iop(UNSAFE, call(notes=NOTES, ref="A17"))
    assert headline(shown) == f"Recommendation: {INPATIENT}"
    assert title(shown).beside == ()
    assert headings(shown) == [
        "Say to the caller", "Why", "Next steps", "Notes", "Your notes", "What would change it",
        "How the source is read", "Not asked, because it cannot matter", "Answers", "About this call",
    ]  # fmt: skip


def test_an_open_call_says_what_is_open_and_what_its_answers_would_give(iop):
    shown = iop(OPEN)
    assert headline(shown) == f"Not settled: {IOP} or {INPATIENT}"
    assert headings(shown)[:5] == [
        "Say to the caller", "Notes", "Still open, and can change it", "Depending on that", "Next steps"
    ]  # fmt: skip
    question, *leads = lines_of(shown, "Still open, and can change it")
    assert "medical help to stop?" in question
    assert [lead.casefold() for lead in leads] == [f"yes: {INPATIENT}".casefold(), f"no: {IOP}".casefold()]
    assert "What would change it" not in headings(shown)


def test_answers_that_rule_nothing_out_are_told_in_few_words(iop):
    shown = iop({"immediate_danger": "no"})
    now = shown.decision.possible
    question = "safe_living_environment"
    telling, idle = Lead(("no",), (), ("inpatient",), ()), Lead(("yes",), (), now, ())
    for leads, last in (
        ((telling, idle), "Any other answer: as open as now"),
        ((idle,), "Any answer: as open as now"),
        ((telling, telling._replace(values=("yes",))), f"yes: {INPATIENT}"),
        ((telling, Lead(("yes",), (), (), ())), "yes: cannot be, with the other answers"),
    ):
        under = lines_of(shown._replace(leads={question: leads}), "Still open, and can change it")
        assert under[-1].casefold() == last.casefold()


SEVERAL = """
format: 1
id: several
version: "1.0.0"
title: t
policy: first
outcomes: {a: {label: A}, b: {label: B}, c: {label: C}}
questions:
  kind: {ask: "Which?", type: many, options: {x: {label: X}, y: {label: Y}, z: {label: Z}}}
  home: {ask: "Home?", type: yes_no}
rules:
"""
SEVERAL_RULES = {
    "both": ("{kind: {all: [x, y]}}", ["X, Y: A", "Any option alone: as open as now"]),
    "one": ("{kind: z}", ["Z: A", "Any other option alone: as open as now"]),
    "exactly one": (
        "{any_of: [{kind: {none: [x, y]}}, {kind: {none: [x, z]}}, {kind: {none: [y, z]}}]}",
        ["X; Y; Z: A", "X, Y: A or C"],
    ),
}


@pytest.mark.parametrize("name", SEVERAL_RULES)
def test_of_several_options_only_what_is_true_is_told(name):
    when, lines = SEVERAL_RULES[name]
    text = SEVERAL + f"  - {{id: r, when: {when}, recommend: a, because: d, basis: site}}\n"
    text += "  - {id: home, when: {home: yes}, recommend: a, because: d, basis: site}\n"
    text += "  - {id: rest, when: {}, recommend: c, because: d, basis: site}\n"
    shown = shown_of(understand(text.encode(), "several.yaml"), {})
    told = lines_of(shown, "Still open, and can change it")
    assert told[1 : 1 + len(lines)] == lines


def test_an_emergency_stop_recommends_nothing(iop):
    shown = iop(UNSAFE, call(status=Status.EMERGENCY, notes=NOTES))
    assert headline(shown) == "EMERGENCY: the call was ended to get help"
    assert any("911" in line for line in lines_of(shown, "Reach"))
    assert "Answers" in headings(shown)
    told = decision_text(shown, 80) + decision_markdown(shown) + Page(decision_html(shown)).words
    for absent in (INPATIENT, IOP, "Why", "Next steps", "What would change", "Not asked", "reading of the source"):
        assert absent not in told
    assert decision_json(shown)["emergency_stop"] is True
    assert lines_of(shown, "Your notes")


def test_no_rule_says_so():
    file = understand(TINY.encode(), "tiny.yaml")
    shown = shown_of(file, {"home": "no"})
    assert headline(shown) == "No recommendation: no rule applies"
    assert lines_of(shown, "Why") == ["No rule of this rule set fits these answers. A clinician decides."]
    assert lines_of(shown, "Notes") == ["note-text"]
    assert "Say to the caller" not in headings(shown)


def test_an_unfinished_screen_says_so_at_the_top(iop):
    shown = iop({"immediate_danger": "no"}, call(status=Status.UNFINISHED, ended=None))._replace(left=("detox_need",))
    said = "Not finished: 1 question is still to be asked."
    assert title(shown).beside == (said,)
    assert said in decision_text(shown, 100).split("\n\n")[0]
    assert decision_markdown(shown).split("\n\n")[1] == f"**{said}**"
    assert "Started 2026-11-23 14:02, not ended." in lines_of(shown, "About this call")
    assert "Not finished" not in decision_text(iop(SAFE), 100)


# --- another disposition --------------------------------------------------------------------


def test_another_disposition_leads_and_the_computed_one_stays_beside_it(iop):
    shown = iop(UNSAFE, call(override=OVERRIDE))
    assert headline(shown) == "Disposition: Another service (referral)"
    assert title(shown).beside == ("Reason: No bed available", f"Computed: {INPATIENT}")
    assert decision_text(shown, 80).startswith(
        f"Disposition: Another service (referral)\nReason: No bed available\nComputed: {INPATIENT}\n\n"
    )
    outcome = shown.rule_set.outcome
    assert lines_of(shown, "Next steps") == [line.say for line in outcome["referral"].staff]
    assert lines_of(shown, "Say to the caller") == [outcome["referral"].say]
    assert "Why the computed result" in headings(shown)
    assert "What would change the computed result" in headings(shown)
    assert "Disposition chosen 2026-11-23 14:08." in lines_of(shown, "About this call")


def test_another_disposition_settles_what_was_computed_as_open(iop):
    shown = iop(OPEN, call(override=OVERRIDE))
    assert title(shown).beside[1] == f"Computed: not settled, {IOP} or {INPATIENT}"
    assert lines_of(shown, "Next steps") == [line.say for line in shown.rule_set.outcome["referral"].staff]
    assert "I don't want to guess" not in decision_text(shown, 80)


def test_an_outcome_that_the_rules_no_longer_have_goes_by_its_name(iop):
    gone = OVERRIDE._replace(recommendation="day_clinic")
    shown = iop(UNSAFE, call(override=gone, earlier=earlier("night_clinic")))
    assert headline(shown) == "Disposition: day_clinic"
    assert title(shown).beside[-1].startswith("night_clinic, now day_clinic, because: ")
    assert "Next steps" not in headings(shown)


def test_json_tells_another_disposition_first_and_nothing_else_changes(iop):
    plain, overridden = (decision_json(iop(UNSAFE, call(override=override))) for override in (None, OVERRIDE))
    assert next(iter(overridden)) == "override"
    assert overridden.pop("override") == {
        "recommendation": "referral", "reason": "No bed available", "at": "2026-11-23T14:08:40+01:00"
    }  # fmt: skip
    assert overridden == plain
    assert next(iter(plain)) == "rule_set"
    assert json.loads(json.dumps(plain)) == plain
    stopped = iop(UNSAFE, call(status=Status.EMERGENCY, override=OVERRIDE))
    assert list(decision_json(stopped))[:2] == ["emergency_stop", "rule_set"]


# --- an earlier screening -------------------------------------------------------------------

TRANSFERS = [
    (UNSAFE, earlier("iop"), f"{IOP}, now {INPATIENT}, because: People in an outpatient program go home"),
    (SAFE, earlier("iop"), f"Still {IOP}, as on 2026-11-02"),
    (SAFE, earlier("iop", ended=None), f"Still {IOP}, as before"),
    (OPEN, earlier("iop"), f"{IOP} on 2026-11-02, now not settled"),
    (SAFE, earlier(None, ("iop", "inpatient")), f"Not settled on 2026-11-02, now {IOP}"),
    (SAFE, earlier(None, ("no_rule",)), f"No recommendation on 2026-11-02, now {IOP}"),
]


@pytest.mark.parametrize(("answers", "before", "line"), TRANSFERS)
def test_a_transfer_is_told_in_one_line_below_the_result(iop, answers, before, line):
    shown = iop(answers, call(earlier=before))
    [told] = title(shown).beside
    assert told.startswith(line)
    assert told in flat(decision_text(shown, 80).split("\n\n")[0])
    assert html.escape(told) in decision_html(shown)
    assert any("rule set iop 0.9.0: sha256:abab" in text for text in lines_of(shown, "About this call"))


@pytest.mark.parametrize(
    ("answers", "before"),
    [
        (SAFE, earlier("inpatient", status=Status.UNFINISHED)),
        (OPEN, earlier(None, ("iop", "inpatient"))),
        (SAFE, None),
    ],
)
def test_only_a_screening_that_ended_can_be_left_for_another_result(iop, answers, before):
    assert title(iop(answers, call(earlier=before))).beside == ()


REFERRED = earlier("iop", override=OVERRIDE)
CHOSEN = "The disposition on 2026-11-02 was chosen by staff (No bed available); computed: "
DISPOSITIONS = [
    (SAFE, None, REFERRED, [f"Another service (referral), now {IOP}, because: This kind of program", CHOSEN + IOP]),
    (SAFE, OVERRIDE, REFERRED, ["Still Another service (referral), as on 2026-11-02", CHOSEN + IOP]),
    (SAFE, OVERRIDE, earlier("iop"), [f"{IOP}, now Another service (referral), because: No bed available"]),
    (SAFE, OVERRIDE, earlier("referral"), ["Still Another service (referral), as on 2026-11-02"]),
    (OPEN, None, REFERRED, ["Another service (referral) on 2026-11-02, now not settled", CHOSEN + IOP]),
    (
        SAFE,
        None,
        earlier(None, ("iop", "inpatient"), override=OVERRIDE._replace(recommendation="iop")),
        [f"Still {IOP}, as on 2026-11-02", f"{CHOSEN}not settled"],
    ),
]


@pytest.mark.parametrize(("answers", "override", "before", "lines"), DISPOSITIONS)
def test_dispositions_are_compared_with_dispositions(iop, answers, override, before, lines):
    told = [
        line for line in title(iop(answers, call(override=override, earlier=before))).beside if "eason:" not in line
    ]
    told = [line for line in told if not line.startswith("Computed:")]
    assert len(told) == len(lines)
    assert all(line.startswith(start) for line, start in zip(told, lines, strict=True)), told


@pytest.mark.parametrize(
    ("answers", "override", "came_to"),
    [(SAFE, None, IOP), (OPEN, None, "not settled"), (SAFE, OVERRIDE, "Another service (referral)")],
)
def test_that_the_call_before_was_ended_as_an_emergency_is_told(iop, answers, override, came_to):
    stopped = earlier(None, ("iop",), status=Status.EMERGENCY)
    told = title(iop(answers, call(override=override, earlier=stopped))).beside[-1]
    assert told == f"The call before on 2026-11-02 was ended as an emergency; this one: {came_to}"


@pytest.mark.parametrize("override", [None, OVERRIDE], ids=["computed", "chosen"])
@pytest.mark.parametrize("answers", [SAFE, UNSAFE, OPEN, {"immediate_danger": "yes"}, {}], ids=str)
def test_the_page_before_the_end_says_what_the_result_says(iop, answers, override):
    shown = iop(answers, call(override=override))
    parts = {"other": False, "confirm": ["y"], "leads": shown.leads, "override": override}
    page = closing_page(shown.rule_set, shown.decision, {}, **parts)
    said = [line.text for line in page.lines if line.text.startswith("Say: ")]
    assert said == [f'Say: "{line}"' for line in lines_of(shown, "Say to the caller")]
    assert [line.text for line in page.extra[1:]] == [f"- {line}" for line in lines_of(shown, "Next steps")]
    computed = page.lines[0].text.removeprefix("This gives: ").removeprefix("Not settled: ")
    assert computed in " ".join((title(shown).what, *title(shown).beside))


# --- what was noted, not asked, read --------------------------------------------------------


def test_notes_of_the_call_have_their_time_and_question(iop):
    short, long = reversed(lines_of(iop(SAFE, call(notes=NOTES)), "Your notes"))
    assert short == "14:08: call after five"
    assert re.fullmatch(r'14:04, at "Is there alcohol, .*": asked twice', long)
    assert "Your notes" not in headings(iop(SAFE))


def test_a_note_on_a_question_that_is_gone_names_it(iop):
    shown = iop(SAFE, call(notes=(NOTES[0]._replace(question="gone"),)))
    assert lines_of(shown, "Your notes") == ['14:04, at "gone": asked twice']


def test_what_was_not_asked_is_told_with_the_answers_that_settle_it(iop):
    heading = "Not asked, because it cannot matter"
    shown = iop(SAFE)
    discharge = "Have you recently come out of a psychiatric hospital or ward?"
    skipped = [Skipped("recent_psychiatric_discharge", {"condition_type": ("self_harm",)})]
    assert lines_of(shown._replace(skipped=skipped), heading) == [
        discharge, "cannot matter with: What would you like help with? - Self-harm"
    ]  # fmt: skip
    assert lines_of(shown._replace(skipped=()), heading) == []
    always = [Skipped("recent_psychiatric_discharge", {})]
    assert lines_of(shown._replace(skipped=always), heading)[1] == "cannot matter, whatever the answers are"


def test_a_question_that_was_asked_in_vain_is_no_question_that_was_not_asked(iop):
    shown = iop({**SAFE, "recent_psychiatric_discharge": Unanswered.UNKNOWN})
    assert shown.decision.not_needed == ("recent_psychiatric_discharge",)
    assert "Not asked, because it cannot matter" not in headings(shown)
    assert "ward? - not known, which cannot matter" in flat(decision_text(shown, 80))


def test_readings_of_the_source(iop):
    heading = "How the source is read"
    shown = iop(SAFE)
    setting = shown.rule_set.settings[0]
    other = Reading({setting.id: "no"}, ("referral", "inpatient"))
    same, differs = Readings((), True), f'With "{setting.means}" read as no: Another service (referral) or {INPATIENT}'
    capped = "Not every reading of the source was tried: there are too many."
    for readings, lines in (
        (same, ["The same under every reading of the source."]),
        (Readings((other,), True), [differs]),
        (Readings((other,), False), [differs, capped]),
        (Readings((), False), [capped]),
        (None, ["Whether another reading would change it was not worked out."]),
    ):
        assert lines_of(shown._replace(readings=readings), heading) == lines
    tiny = shown_of(understand(TINY.encode(), "tiny.yaml"), {"home": "yes"})
    assert heading not in headings(tiny._replace(readings=same))


def test_a_setting_with_options_is_read_by_its_label(iop):
    shown = shown_of(read_rule_file(locate("iop-site-example")), {"medical_emergency": "yes"})
    readings = Readings((Reading({"online_track": "daytime", "adult_age": 21}, ("iop",)),), True)
    [line] = lines_of(shown._replace(readings=readings), "How the source is read")
    assert '"From this age on, callers decide for themselves" read as 21 and "When the clinic' in line
    assert line.endswith(f"read as In the daytime: {IOP}")


def test_changes_that_were_not_worked_out_are_said_to_be(iop):
    shown = iop(SAFE)._replace(changes=None)
    assert lines_of(shown, "What would change it") == ["Not worked out: the rule set is too tangled."]
    assert decision_json(shown)["would_change"] is None


def test_who_it_is_about(iop):
    shown = iop(SAFE, call(other=True))
    assert "The caller spoke for somebody else." in lines_of(shown, "About this call")
    assert "a place where they can safely live" in flat(decision_text(shown, 80))
    shown = iop(SAFE, call(ref="A17"))
    assert lines_of(shown, "About this call") == ["Reference: A17", "Started 2026-11-23 14:02, ended 14:09."]
    next_day = iop(SAFE, call(ended="2026-11-24T08:00:00+01:00"))
    assert lines_of(next_day, "About this call") == ["Started 2026-11-23 14:02, ended 2026-11-24 08:00."]
    assert "About this call" not in headings(iop(SAFE)._replace(call=None))


def test_times_with_several_offsets_are_told_with_them_and_another_day_is_named(iop):
    """A call that is gone on with where the clock stands elsewhere did not take five hours."""
    elsewhere = call(
        ended="2026-11-23T18:02:31+05:00",
        given_at={"detox_need": "2026-11-23T18:02:30+05:00", "immediate_danger": STARTED},
        notes=(StaffNote("2026-11-24T00:30:00+05:00", None, "late"),),
    )
    shown = iop(SAFE, elsewhere)
    assert lines_of(shown, "About this call") == ["Started 2026-11-23 14:02 +01:00, ended 18:02 +05:00."]
    assert lines_of(shown, "Your notes") == ["2026-11-24 00:30 +05:00: late"]
    assert "medical help to stop? - no (18:02 +05:00)" in decision_markdown(shown)
    for other in (
        {"override": OVERRIDE._replace(at="2026-11-23T13:08:40+00:00")},
        {"earlier": earlier("iop", ended="2026-07-01T10:00:00+02:00")},
    ):
        (line, *_) = [line for line in lines_of(iop(SAFE, call(**other)), "About this call") if "Started" in line]
        assert line == "Started 2026-11-23 14:02 +01:00, ended 14:09 +01:00."
    compact = iop(SAFE, call(started="20261123T140211.5+0100", ended="2026-11-23T14:09+01:00"))
    assert lines_of(compact, "About this call") == ["Started 2026-11-23 14:02, ended 14:09."]


def test_times_of_answers_are_for_the_chart(iop):
    at = {"detox_need": "2026-11-23T14:05:59+01:00"}
    shown = iop(SAFE, call(given_at=at))
    assert "14:05" not in decision_text(shown, 80)
    assert "medical help to stop? - no (14:05)" in decision_markdown(shown)
    page = Page(decision_html(shown))
    assert ("td", "class", "at") in page.attributes
    assert "medical help to stop? no 14:05" in page.words
    untimed = Page(decision_html(iop(SAFE)))
    assert ("td", "class", "at") not in untimed.attributes
    assert "Time" not in untimed.texts["th"]


# --- what stands below ----------------------------------------------------------------------


@pytest.mark.parametrize("render", [lambda shown: decision_text(shown, 80), decision_markdown, decision_html])
def test_provisional_is_said_once_and_where_it_comes_from_last(iop, render):
    for shown in (iop(SAFE), iop(OPEN), shown_of(understand(TINY.encode(), "tiny.yaml"), {"home": "yes"})):
        told = flat(render(shown))
        assert len(re.findall("provisional", told, re.IGNORECASE)) == 1
        assert shown.file.digest[:19] in told
        assert f"Rule set {shown.rule_set.id} {shown.rule_set.version}, sha256:" in told


@pytest.mark.parametrize("render", [decision_markdown, decision_html])
def test_every_export_carries_the_notice_of_disclosure(iop, render):
    assert "42 CFR Part 2" in render(iop(SAFE))
    assert "42 CFR Part 2" in render(iop(SAFE, call(status=Status.EMERGENCY)))
    with_notice = TINY.replace("title: t\n", "title: t\ndisclosure: Keep this secret.\n")
    told = render(shown_of(understand(with_notice.encode(), "tiny.yaml"), {"home": "yes"}))
    assert "Keep this secret." in told
    assert PROVISIONAL in told


# --- hostile texts --------------------------------------------------------------------------

TINY = """
format: 1
id: tiny
version: "1.0.0"
title: t
policy: first
sources: {book: {title: source-title, kind: external}}
undecided: {say: "undecided-say {question}", staff: [undecided-staff]}
emergency: {say: emergency-say, contacts: [{name: contact-name, reach: contact-reach}]}
outcomes: {a: {label: label-a, say: say-a, staff: [staff-a]}, b: {label: label-b, say: say-b, staff: [staff-b]}}
questions:
  home: {ask: ask-home, type: yes_no}
  kind:
    {ask: ask-kind, type: one, options: {x: {label: option-x}, y: {label: option-y}}, if_unanswered: unanswered-kind}
rules:
  - {id: r1, when: {home: yes, kind: x}, recommend: a, because: because-a, basis: site, cite: [book]}
  - {id: r2, when: {home: yes}, recommend: b, because: because-b, basis: site, cite: [book]}
notes:
  - {id: n1, when: {}, for: staff, say: note-text}
"""

RAW = "<script src=https://evil.example/x.js>&lt;b&gt; \x1b]0;t\x07\x1b[31m \u202e[x](javascript:1) `*_|~#"
"""Markup, a Markdown link, codes that steer a terminal, and a mark that turns the line round."""

EVIL = "the-hostile-text"
"""Stands for it in a rule file: the reader would refuse the codes, however they are written."""

WORDS = re.compile(
    r"source-title|undecided-say|undecided-staff|emergency-say|contact-name|contact-reach|label-[ab]|say-[ab]|staff-[ab]"
    r"|ask-home|ask-kind|option-[xy]|unanswered-kind|because-[ab]|note-text"
)


def steeped(value):
    """A rule file with the hostile text where its word stands."""
    if isinstance(value, str):
        return type(value)(value.replace(EVIL, RAW)) if EVIL in value else value
    if isinstance(value, tuple):
        parts = [steeped(part) for part in value]
        return value._make(parts) if hasattr(value, "_make") else tuple(parts)
    return value


def hostile_calls():
    """Calls of every kind under rules in which each text is hostile, with hostile notes and names."""
    quoted = WORDS.sub(lambda word: f'"{word[0]} {EVIL}"', TINY.replace('"undecided-say {question}"', "undecided-say"))
    hostile = quoted.replace("title: t\n", f'title: t\ndisclosure: "notice {EVIL}"\n')
    file = steeped(understand(hostile.encode(), "hostile.yaml"))
    notes = (StaffNote(RAW, f"home{RAW}", f"note-of-staff {RAW}"), StaffNote(STARTED, "kind", f"note-of-staff {RAW}"))
    parts = {
        "notes": notes, "ref": RAW, "given_at": {"home": RAW, "kind": STARTED}, "started": RAW, "ended": RAW,
    }  # fmt: skip
    override = Override(f"gone {RAW}", f"reason {RAW}", RAW)
    before = earlier(f"gone {RAW}", ended=RAW)._replace(digest=RAW, rule_set={"id": RAW, "version": RAW})
    for answers in ({"home": "yes", "kind": "x"}, {"home": "yes", "kind": "y"}, {"home": "yes"}, {"home": "no"}):
        yield shown_of(file, answers, call(**parts))
        yield shown_of(file, answers, call(**parts, override=override, earlier=before))
        yield shown_of(file, answers, call(**{**parts, "status": Status.EMERGENCY}))


HOSTILE = list(hostile_calls())


def test_the_hostile_texts_are_hostile_and_shown():
    assert "\x1b[31m" in RAW
    assert "\u202e" in RAW
    words = {word for shown in HOSTILE for word in WORDS.findall(decision_text(shown, 80))}
    assert words == set(WORDS.findall(TINY))
    assert all("note-of-staff" in decision_html(shown) for shown in HOSTILE)


@pytest.mark.parametrize("shown", HOSTILE)
def test_no_text_steers_a_terminal_or_hides(shown):
    for told in (decision_text(shown, 80), decision_markdown(shown), decision_html(shown)):
        assert "\\u{1b}" in told.replace("\\\\", "\\")
        assert all(char.isprintable() or char == "\n" for char in told)


@pytest.mark.parametrize("shown", HOSTILE)
def test_no_text_is_markup_in_html(shown):
    source = decision_html(shown)
    page = Page(source)
    assert set(page.elements) <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "section", "span", "p", "ul",
        "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "footer",
    }  # fmt: skip
    assert {name for _, name, _ in page.attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "scope"
    }  # fmt: skip
    assert "<script src=https://evil.example/x.js>&lt;b&gt;" in page.words


@pytest.mark.parametrize("shown", HOSTILE)
def test_no_text_is_markup_in_markdown(shown):
    for line in decision_markdown(shown).split("\n"):
        rest = re.sub(r"^(#{2,3} |> |- |  - )", "", line).strip("*")
        bare = re.sub(r"\\[\\`*_\[\]<>#|~&.)+=-]", "", rest)
        assert not re.search(r"[\\`*_\[\]<>#|~&]", bare), line


@pytest.mark.parametrize("start", ["1. one", "12) two", "- three", "+ four", "=== five", "--- six"])
def test_no_text_begins_a_list_in_markdown(start):
    text = TINY.replace("ask: ask-home", f'ask: "{start}"')
    shown = shown_of(understand(text.encode(), "tiny.yaml"), {"home": "yes", "kind": "x"})
    [line] = [line for line in decision_markdown(shown).split("\n") if line.endswith(f"{start[-3:]} - yes")]
    assert re.match(r"- \d*\\[-+=.)]", line)


# --- the page -------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [SAFE, UNSAFE, OPEN])
def test_the_page_is_complete_in_itself(iop, answers):
    source = decision_html(iop(answers, call(notes=NOTES, override=OVERRIDE)))
    page = Page(source)
    assert source.startswith('<!DOCTYPE html>\n<html lang="en">\n')
    assert "script" not in page.elements
    assert not [found for found in page.attributes if found[1] in ("src", "href", "style") or found[1].startswith("on")]
    assert not re.search(r"url\(|@import|https?:|//", "".join(page.texts["style"]))
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert ("meta", "content", "no-referrer") in page.attributes
    assert page.elements.count("h1") == 1


def test_the_title_of_the_page_is_the_same_for_every_caller(iop):
    titles = {tuple(Page(decision_html(shown)).texts["title"]) for shown in (iop(SAFE), iop(OPEN), *HOSTILE)}
    assert titles == {("Screening hand-over",)}


@pytest.mark.parametrize(
    ("of_call", "answers", "state"),
    [
        (call(), SAFE, "settled"),
        (call(), OPEN, "open"),
        (call(override=OVERRIDE), OPEN, "settled"),
        (call(status=Status.EMERGENCY), SAFE, "stopped"),
        (call(), IN_DANGER, "stopped"),
        (None, IN_DANGER, "stopped"),
        (call(override=OVERRIDE), IN_DANGER, "stopped"),
        (call(override=OVERRIDE._replace(recommendation="emergency_referral")), SAFE, "stopped"),
    ],
)
def test_the_colour_of_the_page_says_what_its_words_say(iop, of_call, answers, state):
    assert ("body", "class", state) in Page(decision_html(iop(answers, of_call))).attributes


@pytest.mark.parametrize("answers", [SAFE, UNSAFE, OPEN])
def test_every_format_tells_every_section(iop, answers):
    shown = iop(answers, call(notes=NOTES, earlier=earlier("iop"), ref="A17"))
    page = Page(decision_html(shown))
    assert page.texts["h2"] == headings(shown)
    text, markdown = flat(decision_text(shown, 60)), decision_markdown(shown)
    for section in sections(shown):
        assert f"### {section.heading}\n" in markdown
        for item in section.items:
            for line in filter(None, (item.text, item.value, *item.under)):
                assert flat(line) in text
                assert flat(line) in page.words
    assert len(page.texts["blockquote"]) == 1


@pytest.mark.parametrize("width", [40, 60, 100])
def test_text_keeps_to_its_width(iop, width):
    for shown in (iop(UNSAFE, call(notes=NOTES, override=OVERRIDE, earlier=earlier("iop"))), iop(OPEN)):
        assert max(map(len, decision_text(shown, width).split("\n"))) <= width


def test_a_reading_under_which_the_answers_cannot_be_is_told(iop):
    readings = Readings((Reading({"discharge_qualifies_alone": "no"}, ()),), complete=True)
    (line,) = lines_of(iop(SAFE)._replace(readings=readings), "How the source is read")
    assert line.endswith("none, for these answers cannot all be right then")


def test_an_emergency_stop_without_words_of_its_own_hands_over_the_built_in_ones():
    shown = shown_of(understand(BARE.encode(), "bare.yaml"), {}, call(status=Status.EMERGENCY))
    reach = lines_of(shown, "Reach")
    assert any("911" in line for line in reach)
    assert reach[-1] == "Built-in words: this rule set has none."
