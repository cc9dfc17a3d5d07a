"""The way through the questions as a Mermaid flowchart, for wikis and tickets that draw one.

Mermaid takes several characters for syntax, HTML or Markdown, even between quotes. All but letters,
digits and a few harmless signs are written as its entities, such as `#34;`, which it shows as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.overview import Overview
from iopscreen.engine.flow import Asked, End, Rest, Step
from iopscreen.ruleset.condition_words import spaced
from iopscreen.ruleset.words import outcome_label
from iopscreen.text import printable

_HARMLESS = frozenset(" ,?'()/")
_BREAK = "<br/>"


def flow_mermaid(overview: Overview) -> str:
    """A `flowchart TD`: questions in the order of asking, and the outcomes with the rules that decide."""
    rule_set, found = overview.rule_set, overview.flow
    lines = [f"%% {_plain(rule_set.id)} {_plain(rule_set.version)}: the questions in the order of asking"]
    if found is None:
        return "\n".join([*lines, "flowchart TD", '    s0["the rules are too tangled to draw"]', ""])
    if found.cut:
        lines.append("%% too large to draw whole: dashed boxes say what is left out")
    lines.append("flowchart TD")
    for number, step in enumerate(found.steps):
        lines.append(f"    s{number}{_box(overview, number, step)}")
    for number, step in enumerate(found.steps):
        lines += _arrows(overview, number, step)
    left_out = [f"s{number}" for number, step in enumerate(found.steps) if isinstance(step, Rest)]
    if left_out:
        lines += ["    classDef rest stroke-dasharray: 4 4", f"    class {','.join(left_out)} rest"]
    return "\n".join([*lines, ""])


def _box(overview: Overview, number: int, step: Step) -> str:
    rule_set = overview.rule_set
    match step:
        case Asked():
            asked = [f"{number + 1}, {spaced(step.question)}", rule_set.question[step.question].ask]
            return f'["{_text(asked)}"]'
        case Rest():
            outcomes = ", ".join(outcome_label(rule_set, outcome) for outcome in step.outcomes)
            said = ["goes on", f"still open: {', '.join(map(spaced, step.questions))}", f"leads to: {outcomes}"]
            return f'["{_text(said)}"]'
        case End():
            rules = [rule_set.rules[place].id for place in step.rules]
            word = "rule" if len(rules) == 1 else "rules"
            by = [f"{word} {', '.join(rules)}"] if rules else []
            return f'(["{_text([outcome_label(rule_set, step.outcome), *by])}"])'


def _arrows(overview: Overview, number: int, step: Step) -> Iterator[str]:
    if isinstance(step, Asked):
        for branch in step.branches:
            yield f'    s{number} -- "{_text([overview.answers(step, branch)])}" --> s{branch.to}'


def _text(lines: list[str]) -> str:
    return _BREAK.join(map(_escaped, lines))


def _escaped(text: str) -> str:
    """Text in which no character means anything to Mermaid."""
    shown = printable(" ".join(text.split()))
    return "".join(
        char if char.isalnum() or char in _HARMLESS or (char in ".-" and before.isalpha()) else f"#{ord(char)};"
        for before, char in zip(" " + shown, shown, strict=False)
    )


def _plain(text: str) -> str:
    """Text for a comment, on one line; `{` would begin a directive."""
    return "".join(char for char in printable(text) if char.isalnum() or char in ".-_ ")
