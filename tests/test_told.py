"""Every field of the model, edited: a change tells something of each, however high the version was raised."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import TESTS

from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.run import compare
from iopscreen.report.change_outline import chapters, verdict
from iopscreen.report.diff import diff_text
from iopscreen.report.diff_json import diff_json
from iopscreen.report.diff_markdown import diff_markdown
from iopscreen.report.diff_page import diff_html
from iopscreen.report.findings import Paths
from iopscreen.ruleset import model
from iopscreen.ruleset.cases import understand_cases
from iopscreen.ruleset.findings import Place
from iopscreen.ruleset.reader import understand

EVERYTHING = (TESTS / "cases" / "read" / "good" / "everything.yaml").read_text(encoding="utf-8")
SPARE = "  spare: {ask: Anything else, type: yes_no}\n"
SPARE_SETTING = "  spare_setting: {means: Nothing rests on it, type: yes_no, value: no}\n"
BASE = (
    EVERYTHING.replace("\nimpossible:\n", f"{SPARE}\nimpossible:\n")
    .replace("\nquestions:\n", f"{SPARE_SETTING}\nquestions:\n")
    .replace("\nundecided:", "  book: {title: A book}\n\nundecided:")
)
DIGEST = "digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
WHOLE_QUESTION = """  more:
    ask: What more?
    ask_other: What more for them?
    help: Something helpful.
    means: Something meant.
    type: many
    options:
      first: {label: The first, aliases: [begun], help: In front., cite: practice}
      second: {label: The second, alone: yes}
    groups: {both: [first, second]}
    column: More said
    when_no_column: second
    if_unanswered: Leave it be.
    header_hints: [hinted]
    cite: no-detox
"""
OTHER_DIGEST = DIGEST.replace("0", "f")
ONE = "{id: one, when: {danger: yes}, unless: {lax: yes}, never: [iop], because: Of course., cite: practice}"
TWO = "  - {id: two, when: {danger: no}, always: iop}\n"
NOTE = "{id: note-one, when: {interpreter: yes}, unless: {danger: yes}, for: caller"
ENTRY = "{id: no-days, when: {days: {at_least: 3000}}, unless: {danger: yes}, because: Nobody waits that long."
RULE_ONE = "    accept: [{finding: no-effect-rule, because: soon, until: 2027-03-01, at_most: 0}]\n"
OUTCOME = "    accept: [{finding: unreachable-outcome, because: soon, by: lead, until: 2027-03-01}]\n"
QUESTION = "    accept:\n      - {finding: question-never-matters, because: soon}\n"
WHOLE = "accept:\n  - {finding: no-cases, because: soon, by: lead, until: 2027-03-01, at: rule-one, at_most: 3}\n"
ARTICLE = f"    kind: document\n    {DIGEST}\n    passages:\n"

EDITS = [
    # the file as a whole
    ("id: everything", "id: something"),
    ("title: Every key of the format", "title: Each key of the format"),
    ("policy: unique", "policy: first"),
    ("owner: intake team\n", ""),
    ("reviewed: 2026-11-23", "reviewed: 2026-11-24"),
    ("review_by: 2027-05-31", "review_by: 2037-05-31"),
    ("disclosure: Provisional.\n", ""),
    ("[Caller declined, No bed available]", "[Caller declined]"),
    (WHOLE, ""),
    (WHOLE, WHOLE.replace("at_most: 3", "at_most: 5")),
    (WHOLE, WHOLE.replace("soon", "later")),
    (WHOLE, WHOLE.replace("by: lead", "by: boss")),
    (WHOLE, WHOLE.replace("2027-03-01", "2027-02-01")),
    (WHOLE, WHOLE.replace("no-cases", "unused")),
    (WHOLE, WHOLE.replace(", at: rule-one", ", at: rule-two")),
    ("spellings: {yes: [si]", "spellings: {yes: [si, oui]"),
    ("no: [], unknown", "no: [nein], unknown"),
    ("unknown: [n. k.]", "unknown: []"),
    (", declined: keine Angabe", ""),
    # sources
    ("title: An article", "title: The article"),
    (ARTICLE, ARTICLE.replace(DIGEST, OTHER_DIGEST)),
    (ARTICLE, ARTICLE.replace(f"    {DIGEST}\n", "")),
    ("  practice: {title: Common practice, kind: external}", "  practise: {title: Common practice, kind: external}"),
    ("book: {title: A book}", "book: {title: A book, kind: external}"),
    ("  book: {title: A book}\n", ""),
    ("says: No detox", "says: Not any detox"),
    (f"says: No detox\n        {DIGEST}", f"says: No detox\n        {OTHER_DIGEST}"),
    ("section: opening", "section: Detox"),
    ("paragraph: 3", "paragraph: 4"),
    ("      no-detox:\n        section", "      no-detoxing:\n        section"),
    # what is said while undecided, and in an emergency
    ('say: "Still open: {question}"', 'say: "Open: {question}"'),
    ("[Call back., {say", "[{say"),
    ("{say: Note it down., cite: [practice]}", "{say: Note it down.}"),
    ("say: Help is near.", "say: Help is coming."),
    ('reach: "911"', 'reach: "112"'),
    ("name: Emergency services", "name: Ambulance"),
    ('"911"}\n  cite: [practice]', '"911"}'),
    # outcomes
    ("label: IOP", "label: The IOP"),
    ("say: Come in.", "say: Come along."),
    ("- Book it.\n", "- Keep it.\n"),
    ("{say: Tell them when., cite: practice}", "{say: Tell them when.}"),
    ("practice}\n    cite: [no-detox]", "practice}"),
    (OUTCOME, ""),
    # settings
    ("means: Reads it loosely", "means: Reads it so"),
    ("value: no, cite: no-detox", "value: yes, cite: no-detox"),
    ("value: no, cite: no-detox", "value: no"),
    ("value: 30", "value: 31"),
    (SPARE_SETTING, ""),
    (SPARE_SETTING, SPARE_SETTING.replace("yes_no, value: no", "whole_number, value: 3")),
    ("By day, cite: practice", "By day"),
    ("evening: {label: In the evening}", "evening: {label: At night}"),
    (SPARE_SETTING, SPARE_SETTING + SPARE_SETTING.replace("spare", "other")),
    # questions
    ("ask: What is it?", "ask: What is it now?"),
    ("ask_other: What is it for them?\n", "ask_other: What is it with them?\n"),
    ("    help: Mark all.\n", ""),
    ("    means: As they say it.\n", ""),
    ("    column: Presenting problem\n", ""),
    ("if_unanswered: Find out.", "if_unanswered: Let it be."),
    ("when_no_column: other", "when_no_column: bipolar_1"),
    ("    when_no_column: 0\n", ""),
    ("other\n    cite: [no-detox]\n", "other\n"),
    (QUESTION, ""),
    ("    unit: days\n", "    unit: weeks\n"),
    ("[0, 3650]", "[0, 3660]"),
    ("[0, 3650]\n    unit: days\n    when_no_column: 0", "[1, 3650]\n    unit: days\n    when_no_column: 1"),
    ("[danger, crisis]", "[danger]"),
    ("    type: yes_no\n    for_notes: yes\n", "    type: yes_no\n"),
    (SPARE, ""),
    (SPARE, SPARE.replace("yes_no", "whole_number, range: [0, 9]")),
    (SPARE, SPARE + SPARE.replace("spare", "more")),
    (SPARE, SPARE + WHOLE_QUESTION),
    ("{self: {label: They}, relative: {label: A relative}}", "{relative: {label: A relative}, self: {label: They}}"),
    ("relative: {label: A relative}", "relative: {label: A relative}, friend: {label: A friend}"),
    (f"    for_notes: yes\n{SPARE}", f"    for_notes: yes\n  a{SPARE.strip()}\n"),
    ("aliases: [anorexia, bulimia]", "aliases: [anorexia]"),
    (", help: Any kind.", ""),
    (", alone: yes}", "}"),
    ("help: Any kind.}", "help: Any kind., cite: practice}"),
    ("treated: [eating_disorder, bipolar_1]", "treated: [eating_disorder]"),
    # rules, and what is said beside them
    ("    unless: {danger: yes}\n", ""),
    ("not: {lax: yes, track", "not: {lax: no, track"),
    ("id: rule-two", "id: rule-2"),
    ("id: note-one", "id: note-1"),
    ("id: no-days", "id: nodays"),
    ("id: two", "id: second"),
    ("recommend: iop\n", "recommend: referral\n"),
    ("because: It fits.", "because: It does fit."),
    ("basis: stated", "basis: inferred"),
    ("stated\n    cite: [no-detox]", "stated"),
    (RULE_ONE, ""),
    (f"{NOTE}, say: We", f"{NOTE}, say: They"),
    (NOTE, NOTE.replace("caller", "staff")),
    (NOTE, NOTE.replace(", unless: {danger: yes}", "")),
    ("will find one., cite: practice", "will find one."),
    (ENTRY, ENTRY.replace("3000", "3001")),
    (ENTRY, ENTRY.replace(", unless: {danger: yes}", "")),
    (ENTRY, ENTRY.replace("Nobody", "No one")),
    (f"{ENTRY}, cite: practice", ENTRY),
    (ONE, ONE.replace(", unless: {lax: yes}", "")),
    (ONE, ONE.replace("[iop]", "[referral]")),
    (ONE, ONE.replace("Of course", "Surely")),
    (ONE, ONE.replace(", cite: practice", "")),
    (TWO, ""),
    (TWO, TWO + TWO.replace("two", "four")),
    (TWO, TWO.replace("always: iop", "never: referral")),
    (RULE_ONE, RULE_ONE.replace(", at_most: 0", "")),
]
"""A text of the file, and what it becomes."""


def edited(before: str, after: str, base: str = BASE) -> tuple[Edition, Edition]:
    """The file, and the file with an edit and a version that is high enough for any."""
    assert base.count(before) == 1, before
    text = base.replace(before, after).replace('version: "1.0.0"', 'version: "2.0.0"')
    old, new = (Edition(understand(one.encode(), "test.yaml"), None) for one in (base, text))
    return old, new


def differing(old: Any, new: Any) -> set[tuple[str, str]]:
    """The fields of the model, by type and name, in which two values differ, whatever their places."""
    if type(old) is type(new) and hasattr(old, "_fields"):
        pairs = [(name, getattr(old, name), getattr(new, name)) for name in old._fields]
        found = {(type(old).__name__, name) for name, left, right in pairs if bare(left) != bare(right)}
        return found.union(*(differing(left, right) for _, left, right in pairs))
    if isinstance(old, tuple) and isinstance(new, tuple):
        return set().union(*(differing(left, right) for left, right in zip(old, new, strict=False)))
    return set()


def bare(value: Any) -> Any:
    """A value without the places in it."""
    if isinstance(value, Place):
        return None
    return (type(value).__name__, *map(bare, value)) if isinstance(value, tuple) else value


@pytest.mark.parametrize(("before", "after"), EDITS)
def test_every_edit_is_told(before, after):
    old, new = edited(before, after)
    change = compare(old, new)
    assert differing(old.rule_set, new.rule_set) > {("RuleSet", "version")}
    assert not change.nothing
    assert chapters(change, notes=True)
    assert not [finding for finding in change.findings if finding.name.startswith("version")]


TELLING = (
    lambda change: diff_text(change, 10**6, notes=True),
    lambda change: json.dumps(diff_json(change)),
    lambda change: diff_markdown(change, Paths(Path.cwd()), notes=True, limit=10**6),
    lambda change: diff_html(change, notes=True),
)
"""What a change is told by, each with all that was, and all that is."""

KEYS = {"id", "when", "unless", "ask", "type", "range", "cite", "any", "of"}
"""Keys of the file that are told in other words, or as part of others."""


QUESTION_KEYS = {
    word for name in (*model.Question._fields, *model.Option._fields, *model.Kind) for word in name.split("_")
}
"""Those of a question, which is told as a whole where only one side has it."""


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.replace("_", " ").lower()))


def untold(old: Edition, new: Edition) -> set[str]:
    """What went from the file, or came into it, and is not told in some format."""
    before, after = (words(side.file.text) for side in (old, new))
    change = compare(old, new)
    return set().union(*({*(before - after), *(after - before)} - words(tell(change)).keys() for tell in TELLING))


@pytest.mark.parametrize(("before", "after"), EDITS)
def test_what_was_and_what_is_are_told_in_every_format(before, after):
    whole = "type:" in f"{before}{after}"
    assert untold(*edited(before, after)) <= (KEYS | QUESTION_KEYS if whole else KEYS)


LAST = """  - id: last
    when: {lax: yes, danger: yes}
    unless: {track: day}
    recommend: iop
    because: Of nothing.
    basis: site
  - {id: very-last, when: {danger: no}, recommend: referral, because: Of little., basis: stated}
"""
UNREACHED = BASE.replace("\nnotes:\n", f"{LAST}\nnotes:\n")
"""Two rules that are never reached."""

WITHOUT_EFFECT = [
    ("{lax: yes, danger: yes}", "{lax: yes}"),
    ("{lax: yes, danger: yes}", "{any_of: [{lax: yes}, {danger: yes}]}"),
    ("{track: day}", "{track: [day, evening]}"),
    ("    unless: {track: day}\n", ""),
    ("unless: {track: day}\n    recommend: iop", "unless: {track: day}\n    recommend: referral"),
    ("Of nothing.", "Of something."),
    ("basis: site\n  - {id: very", "basis: inferred\n  - {id: very"),
    ("because: Of little.", "because: Of little., cite: practice"),
    (LAST.splitlines()[-1] + "\n", ""),
    ("id: very-last", "id: quite-last"),
    ("danger: no}, recommend: referral", "danger: no}, recommend: iop"),
]


@pytest.mark.parametrize(("before", "after"), WITHOUT_EFFECT)
def test_what_moves_no_caller_is_told_too(before, after):
    old, new = edited(before, after, UNREACHED)
    change = compare(old, new)
    assert change.identical is True
    assert change.impact.transitions == change.impact.other_rules == ()
    assert verdict(change).startswith("Same answers, same recommendations; ")
    assert untold(old, new) <= KEYS


def test_a_question_that_goes_is_told_whole():
    old, new = edited(SPARE, SPARE + WHOLE_QUESTION)
    assert untold(new, old) <= KEYS | QUESTION_KEYS


@pytest.mark.parametrize(("before", "after"), [(UNREACHED, BASE), (BASE, UNREACHED)])
def test_a_rule_that_moves_no_caller_and_comes_or_goes_is_told_whole(before, after):
    old, new = (Edition(understand(text.encode(), "test.yaml"), None) for text in (before, after))
    assert untold(old, new) <= KEYS
    assert "the rules differ (rule last, rule very-last)" in verdict(compare(old, new))


ROWS = [
    ("rules", LAST, 4),
    ("notes", "  - {id: note-two, when: {}, say: Write it down.}\n", 1),
    ("guarantees", TWO, 1),
    ("settings", SPARE_SETTING, 1),
    ("sources", "  book: {title: A book}\n", 1),
]


@pytest.mark.parametrize(("key", "part", "number"), ROWS)
def test_another_order_is_told(key, part, number):
    base = UNREACHED
    assert base.count(part) == 1
    moved = base.replace(part, "").replace(f"\n{key}:\n", f"\n{key}:\n{part}")
    old, new = (Edition(understand(text.encode(), "test.yaml"), None) for text in (base, moved))
    change = compare(old, new)
    found = [word for word in change.words if word.thing == key]
    assert [word.field for word in found] == ["order"]
    for tell in TELLING[:2]:
        assert "order" in tell(change)
    assert not found[0].wording


FRIENDS = BASE.replace(
    "{self: {label: They}, relative: {label: A relative}}",
    "{self: {label: They}, friend: {label: A friend}, relative: {label: A relative}, "
    "friend_or_relative: {label: Both}}",
).replace("\nnotes:\n", f"{LAST}\nnotes:\n".replace("track: day", "caller: [friend, relative]"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("unless: {caller: [friend, relative]}", "unless: {caller: friend_or_relative}"),
        ("when: {lax: yes, danger: yes}", "when: {all_of: [{lax: yes}, {any_of: [{danger: yes}]}]}"),
    ],
)
def test_what_is_the_same_in_words_and_not_the_same_is_told_as_written(before, after):
    old, new = edited(before, after, FRIENDS)
    change = compare(old, new)
    [word] = change.words
    assert word.thing == "rule `last`"
    assert json.loads(word.old) != json.loads(word.new)
    assert word.decides


def test_a_new_option_is_no_edit_of_a_condition_that_leaves_some_out():
    """`caller: {not: self}` is about the new option, too, as it was written."""
    base = FRIENDS.replace("caller: [friend, relative]", "caller: {not: self}")
    change = compare(*edited("friend_or_relative: {label: Both}", "both: {label: Both}, more: {label: More}", base))
    assert {word.thing for word in change.words} == {"question `caller`"}


def test_another_order_of_outcomes_is_no_edit_of_a_guarantee():
    first = "  referral: {label: Referral}\n"
    base = BASE.replace("never: [iop], because", "never: [iop, referral], because")
    moved = base.replace(first, "").replace("\nsettings:\n", f"{first}\nsettings:\n")
    old, new = (Edition(understand(text.encode(), "test.yaml"), None) for text in (base, moved))
    assert {word.thing for word in compare(old, new).words} == {"outcomes"}


def test_a_group_with_other_options_is_told_once():
    before = "treated: [eating_disorder, bipolar_1]"
    change = compare(*edited(before, before.replace("]", ", other]")))
    assert [(word.thing, word.field) for word in change.words] == [("question `condition_type`", "treated group")]


IDS = {"Outcome", "Setting", "Question", "Option", "Group", "Source", "Passage", "Cite"}
"""What is used all over a file by its id, so that another id is one thing gone and one come: which is edited above."""

CONDITIONS = {"ValueTest", "OptionsTest", "NumberTest", "Bound", "AllOf", "AnyOf", "Not"}
"""What an edit of `when` or `unless` edits."""


def test_no_field_of_the_model_is_left_out_above():
    kinds = [kind for kind in vars(model).values() if isinstance(kind, type) and hasattr(kind, "_fields")]
    fields = {(kind.__name__, name) for kind in kinds for name in kind._fields if not name.endswith("place")}
    expected = {one for one in fields if one[0] not in CONDITIONS | {"Place", "RuleFile", "_RuleSet"}}
    found = set().union(*(differing(*(side.rule_set for side in edited(*edit))) for edit in EDITS))
    assert expected - found - {(kind, "id") for kind in IDS} == set()


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        (", confirmed_by: Dr M", "", "confirmed_by"),
        ("Dr M", "Dr N", "confirmed_by"),
        ("title: A call", "title: Another call", "title"),
        ("source: log 3", "source: log 4", "source"),
    ],
)
def test_what_is_written_beside_a_case(before, after, field):
    case = "{id: a, title: A call, answers: {danger: no}, expect: {recommend: iop}, source: log 3, confirmed_by: Dr M}"
    rules = understand(BASE.encode(), "test.yaml")
    old, new = (
        Edition(rules, understand_cases(text.encode(), "test.cases.yaml", "test.yaml", rules.rule_set))
        for text in (f"format: 1\nrules: test.yaml\ncases:\n  - {one}\n" for one in (case, case.replace(before, after)))
    )
    change = compare(old, new)
    assert [(word.thing, word.field) for word in change.words] == [("case `a`", field)]
    assert not change.nothing
    assert not [finding for finding in change.findings if finding.name.startswith("version")]
    [chapter] = [one for one in chapters(change) if one.words]
    assert chapter.heading == "What else is written"
