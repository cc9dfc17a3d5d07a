"""Every field of the model, edited: a change tells something of each, however high the version was raised."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import TESTS

from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.run import compare
from iopscreen.report.change_outline import chapters
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
