"""What a change means, as a page for whoever signs it. Computes nothing.

`change_parts` are the parts that an audit against an earlier edition shows, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from iopscreen.audit.change.editions import Edition
from iopscreen.audit.change.impact import Weight
from iopscreen.audit.change.run import Change
from iopscreen.audit.change.words import COME, GONE, WordChange, parted
from iopscreen.report.change_outline import (
    AS_BEFORE,
    Callers,
    Chapter,
    Pair,
    Side,
    chapters,
    count_line,
    hidden_notes_line,
    only_one,
    verdict_parts,
)
from iopscreen.report.change_words import answers_line
from iopscreen.report.flow_picture import tint
from iopscreen.report.outline import BASES
from iopscreen.report.page import page, text
from iopscreen.report.parts import (
    Part,
    contents,
    finding_card,
    foot,
    grounds_list,
    head,
    marked,
    parts_html,
    pill,
    term,
)
from iopscreen.report.rule_style import STYLE
from iopscreen.ruleset.model import NO_RULE


def diff_html(change: Change, *, notes: bool = False) -> str:
    """The change as a page of its own. `notes`: with notes."""
    what, which, others = verdict_parts(change)
    rest = [*([which] if which else []), *others]
    hidden = hidden_notes_line(change, notes=notes)
    beside = [*map(_sentence, rest), _edition("Before", change.old), _edition("Now", change.new), count_line(change)]
    parts = change_parts(change, notes=notes)
    links = contents((part.name, part.heading) for part in parts)
    top = head("Change of rules", what, [*beside, *([hidden] if hidden else [])])
    body = [*top, *([links] if parts else []), *parts_html(parts, "", 2), *foot([])]
    return page(f"Change of {change.new.rule_set.id}", _state(change), body, STYLE)


def _state(change: Change) -> str:
    """What colours the head: whether a caller may be worse off, whether there is anything to see, or nothing."""
    if change.nothing:
        return "settled"
    harm = (Weight.LESS_INTENSIVE, Weight.NEW_GAP)
    worse = any(one.weight in harm for one in change.impact.transitions)
    return "stopped" if worse or change.protection else "open"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _edition(when: str, edition: Edition) -> str:
    return f"{when}: {edition.rule_set.title} ({edition.rule_set.id} {edition.rule_set.version}), {edition.file.path}"


def change_parts(change: Change, *, findings: bool = True, notes: bool = False) -> list[Part]:
    """The parts of the page. `findings`: those about the change, where they are not told elsewhere."""
    return [_part(chapter) for chapter in chapters(change, findings=findings, notes=notes)]


def _part(chapter: Chapter) -> Part:
    lines = [f"<li>{marked(line)}</li>" for line in chapter.lines]
    lines = ["<ul>", *lines, "</ul>"] if lines else []
    lines += [line for finding in chapter.findings for line in finding_card(finding)]
    lines += [line for pair in chapter.pairs for line in _pair(pair)]
    lines += _words(chapter.words)
    lines += [f'<p class="quiet">{text(chapter.more)}</p>'] if chapter.more else []
    return Part(chapter.name, chapter.heading, tuple(lines))


# --- both rules, and whom they part ---------------------------------------------------------


def _pair(pair: Pair) -> Iterator[str]:
    yield '<div class="pair">'
    yield from _side(pair.old)
    yield from _side(pair.new)
    yield "</div>"
    yield from (line for callers in pair.callers for line in _callers(callers))


def _side(side: Side) -> Iterator[str]:
    """A rule: what it recommends, whom, why, and what it rests on."""
    rule_set, rule = side.edition.rule_set, side.end.rule
    outcome = side.end.outcome or NO_RULE
    yield f'<article class="entry {tint(rule_set, outcome)}-edge">'
    yield f'<h*><span class="label">{text(side.when.capitalize())}</span> {pill(rule_set, outcome)}</h*>'
    if rule is None:
        yield "<p>No rule matches these callers.</p></article>"
        return
    yield f'<p><span class="name">{text(rule.id)}</span> <span class="quiet">{text(side.place)}</span></p>'
    said = [f"condition: {AS_BEFORE}"] if "condition" in side.unchanged else side.condition
    yield from (f'<p class="when">{text(_sentence(line))}</p>' for line in said)
    because = f"Because: {AS_BEFORE}." if "because" in side.unchanged else rule.because
    yield f'<p class="because">{text(because)}</p>'
    yield f'<div class="ground"><p><span class="basis">{text(rule.basis)}</span> {text(BASES[rule.basis])}</p>'
    if "cite" in side.unchanged:
        yield f"<p>Rests on: {AS_BEFORE}.</p>"
    else:
        yield grounds_list(rule_set, rule.cite, ()) or '<p class="quiet">It names nothing that it rests on.</p>'
    yield "</div></article>"


def _callers(callers: Callers) -> Iterator[str]:
    items = "".join(line for name, answer in callers.answers.items() for line in term(text(name), text(answer)))
    answers = f'<dl class="answers">{items}</dl>' if items else "<p>any answers</p>"
    yield f'<div class="callers"><p class="label">{text(callers.number)}</p>{answers}'
    if callers.example:
        yield f'<p class="quiet">For example {text(answers_line(callers.example))}</p>'
    yield "</div>"


# --- words ----------------------------------------------------------------------------------


def _words(words: tuple[WordChange, ...]) -> Iterator[str]:
    for thing, group in groupby(words, key=lambda word: word.thing):
        changes = list(group)
        yield f'<article class="entry"><h*>{marked(f"{thing}{only_one(changes[0])}")}</h*><dl>'
        yield from (line for word in changes for line in term(text(word.field), _pieces(word)))
        yield "</dl></article>"


def _pieces(word: WordChange) -> str:
    """What went struck through, what came underlined."""
    tags = {GONE: "del", COME: "ins"}
    pieces = [
        f"<{tags[what]}>{text(said)}</{tags[what]}>" if what in tags else text(said)
        for what, said in parted(word.old, word.new)
    ]
    return " ".join(pieces)
