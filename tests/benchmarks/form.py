"""A long form as the text of a rule file, of any number of questions: sections of ten, each with alarms of its own.

Any one alarming answer decides, and so do some pairs within a section: who has nothing to report is asked everything.
"""

from __future__ import annotations

from collections.abc import Iterator

SECTION = 10
KINDS = ("yes_no", "yes_no", "one", "many", "whole_number")
ALARMING = {"yes_no": "yes", "one": "{0}_often", "many": "{0}_often", "whole_number": "{{at_least: 90}}"}
UNUSUAL = {"yes_no": "yes", "one": "{0}_seldom", "many": "{0}_seldom", "whole_number": "{{at_least: 30}}"}


def text(count: int) -> str:
    """A rule file of `count` questions."""
    head = ["format: 1", "id: form", 'version: "1.0.0"', "title: A long form", "policy: first", "outcomes:"]
    head += ["  referral: {label: Referral}", "  iop: {label: Program}", "  inpatient: {label: Inpatient}"]
    return "\n".join([*head, "questions:", *_questions(count), "rules:", *_rules(count)]) + "\n"


def kind_of(number: int) -> str:
    """The type of a question."""
    return KINDS[number % len(KINDS)]


def _questions(count: int) -> Iterator[str]:
    for number in range(count):
        name, kind = f"q{number}", kind_of(number)
        start = f'  {name}: {{ask: "Question number {number} of the form?", type: {kind}'
        if kind in ("one", "many"):
            options = (
                f"{name}_{option}: {{label: Option {option} {number}}}" for option in ("never", "seldom", "often")
            )
            start += f", options: {{{', '.join(options)}}}"
        elif kind == "whole_number":
            start += ", range: [0, 100]"
        yield f"{start}}}"


def _rules(count: int) -> Iterator[str]:
    """By section: pairs first, then each alarm alone; and a rule for everybody else."""
    number = 0
    for first in range(0, count, SECTION):
        section = range(first, min(first + SECTION, count))
        pairs = [_when(UNUSUAL, one, one + 3) for one in section if one + 3 in section and kind_of(one) != "yes_no"]
        for outcome, conditions in (("iop", pairs), ("inpatient", [_when(ALARMING, one) for one in section])):
            for when in conditions:
                yield f"  - {{id: r{number}, when: {when}, recommend: {outcome}, because: So it is, basis: site}}"
                number += 1
    yield "  - {id: rest, when: {}, recommend: referral, because: Nothing to report, basis: site}"


def _when(tests: dict[str, str], *numbers: int) -> str:
    parts = [f"q{number}: {tests[kind_of(number)]}".format(f"q{number}") for number in numbers]
    return f"{{{', '.join(parts)}}}"
