"""Names and labels: can two of them be taken for one another?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from iopscreen.audit.references import Named
from iopscreen.audit.subject import Subject, Told
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.model import Outcome

_LOOK_ALIKES = (("rn", "m"), ("vv", "w"), ("1", "l"), ("0", "o"))
"""What is easily taken for another letter in the small letters, digits, `_` and `-` that a name may hold."""

_SMALL = (("авгеіјкмнорѕстухһԁѵԝ", "abreijkmhopsctyxhdvw"), ("αβεηικμνορτυχγωϲ", "abenikuvoptuxywc"))
_LATIN = ("ıɑɡ", "iag")  # noqa: RUF001 - what looks alike is what this is about
_CAPITALS = ("АВЕІЈКМНОРЅСТУХΑΒΕΗΙΚΜΝΟΡΤΥΧΖ", "abeijkmhopsctyxabehikmnoptyxz")  # noqa: RUF001 - the same
_PAIRS = (*_SMALL, _LATIN, _CAPITALS)
_OTHER_LETTERS = {ord(other): letter for pair in _PAIRS for other, letter in zip(*pair, strict=True)}
"""Letters of other alphabets that look like Latin ones, small or as capitals."""


def confusable_ids(subject: Subject) -> Iterator[Told]:
    """Two names of one kind are easily taken for one another.

    They differ only by `_` or `-`, or by signs that look alike: `l` and `1`, `o` and `0`, `m` and `rn`,
    `w` and `vv`.

    Example: a rule `step-down` and a rule `step_down`; options `level_1` and `level_l`.

    What to do: rename one of them, so that nobody takes one for the other when reading or writing rules.
    """
    for kind, path, things in _kinds(subject):
        first: dict[str, Named] = {}
        for thing in things:
            other = first.setdefault(seen_as(thing.id), thing)
            if other.id != thing.id:
                message = f"{kind} `{thing.id}` is easily taken for `{other.id}` on line {other.place.line}"
                yield Told(thing.place, message, (Related(path, other.place, f"{kind} `{other.id}`"),), path=path)


def confusable_labels(subject: Subject) -> Iterator[Told]:
    """Two outcomes are called alike: whoever reads a result cannot tell which of them it is.

    Letter case, spaces and signs do not make them differ, nor do letters that look alike: those of another
    alphabet, wide ones, `l` and `1`, `o` and `0`, `m` and `rn`, `w` and `vv`.

    Example: `inpatient` and `residential` both have the label `Inpatient program`.

    What to do: give one of them a label of its own; or make one outcome of the two, where they are the same.
    """
    first: dict[str, Outcome] = {}
    for outcome in subject.rule_set.outcomes:
        other = first.setdefault(_read_as(outcome.label), outcome)
        if other is not outcome:
            where = f"`{other.id}` on line {other.place.line}: {other.label}"
            message = f"outcome `{outcome.id}` has the label of {where}"
            if _signs(other.label) != _signs(outcome.label):
                message = f"the label of outcome `{outcome.id}` is easily taken for that of {where}"
            yield Told(outcome.place, message, (subject.related(other.place, f"outcome `{other.id}`"),))


def _read_as(label: str) -> str:
    """What is left of a label at a glance."""
    return _look_alike(_signs(unicodedata.normalize("NFKC", label).translate(_OTHER_LETTERS))) or label


def _signs(label: str) -> str:
    return "".join(sign for sign in label.casefold() if sign.isalnum())


def seen_as(name: str) -> str:
    """What is left of a name at a glance. Between digits a `_` or `-` stays: `1_1` is not 11."""
    name = re.sub(r"(?<!\d)[_-]+|[_-]+(?!\d)", "", name.replace("-", "_"))
    return _look_alike(name)


def _look_alike(name: str) -> str:
    for signs, letter in _LOOK_ALIKES:
        name = name.replace(signs, letter)
    return name


def _kinds(subject: Subject) -> Iterator[tuple[str, str, Iterable[Named]]]:
    """Names among which one could be taken for another: what they are, their file, and the things."""
    rule_set, path = subject.rule_set, subject.file.path
    yield "source or passage", path, _sources(subject)
    yield "outcome", path, rule_set.outcomes
    yield "question or setting", path, (*rule_set.settings, *rule_set.questions)
    for setting in rule_set.settings:
        yield f"option of `{setting.id}`", path, setting.options
    for question in rule_set.questions:
        yield f"option or group of `{question.id}`", path, (*question.options, *question.groups)
    yield "impossible entry", path, rule_set.impossible
    yield "rule", path, rule_set.rules
    yield "note", path, rule_set.notes
    yield "guarantee", path, rule_set.guarantees
    if subject.case_file:
        yield "case", subject.case_file.path, subject.case_file.cases


def _sources(subject: Subject) -> Iterator[Named]:
    for source in subject.rule_set.sources:
        yield source
        yield from source.passages
