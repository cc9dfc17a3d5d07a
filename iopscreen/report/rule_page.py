"""A rule set, and what an audit says of it, as a page for those who will not read YAML. Computes nothing.

Every part of the page is a function over data that gives a `Part`, or None where it has nothing to
say; `PARTS` and `AUDITED` are the parts in the order of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from iopscreen.audit.ledger import Ground
from iopscreen.audit.overview import Overview
from iopscreen.audit.telling import uncounted
from iopscreen.engine.flow import Asked, End
from iopscreen.report.columns import ANY
from iopscreen.report.flow_picture import flow_pictures, tint
from iopscreen.report.outline import (
    BASES,
    COUNTS,
    Table,
    answers_in_words,
    counted,
    guarantee_in_words,
    head_lines,
    more_profiles,
    policy_in_words,
    setting_choices,
    setting_value,
    tables,
)
from iopscreen.report.page import page, text
from iopscreen.report.parts import (
    Part,
    contents,
    foot,
    found_parts,
    grounds_list,
    head,
    headed_cell,
    parts_html,
    pill,
    table_box,
    term,
)
from iopscreen.report.rule_style import STYLE
from iopscreen.ruleset.condition_words import condition_in_words, rule_condition_in_words, spaced
from iopscreen.ruleset.model import Cite, Option, Outcome, Question, Rule, RuleSet, StaffLine, tests_of
from iopscreen.ruleset.words import outcome_label

ROWS = 60


# --- the pages ------------------------------------------------------------------------------


def show_html(overview: Overview) -> str:
    """A rule set as a page."""
    rule_set = overview.rule_set
    name = f"{rule_set.id} {rule_set.version}"
    top = head("Rule set", rule_set.title, [name, *head_lines(overview)])
    parts = found_parts(part(overview, {}) for part in PARTS)
    body = [*top, contents((part.name, part.heading) for part in parts), *parts_html(parts, "", 2), *foot([overview])]
    return page(f"Rule set {name}", "settled", body, STYLE)


# --- parts of a rule set --------------------------------------------------------------------

Grounds = Mapping[str, Sequence[Ground]]
"""By rule, what became of its citations in the text of their source; empty while no text is at hand."""


def _flow(overview: Overview, _grounds: Grounds) -> Part:
    heading = "The way through the questions"
    found = overview.flow
    if found is None:
        lead = "The rules are too tangled to draw. The rules at a glance, below, say what each of them looks at."
        return Part("flow", heading, (), lead)
    [first, *_] = found.steps
    if isinstance(first, End):
        return Part(
            "flow", heading, (pill(overview.rule_set, first.outcome),), "Nothing is asked, for nothing matters."
        )
    lead = "Only what can still change the outcome is asked. This is the way of a caller who knows every answer."
    if found.cut:
        shown = sum(isinstance(step, Asked) for step in found.steps)
        lead += f" The whole of it is too large to draw: so a call begins, in its first {counted(shown, 'step')}."
    return Part("flow", heading, tuple(flow_pictures(overview, found)), lead)


def _glance(overview: Overview, _grounds: Grounds) -> Part | None:
    """Where the way through the questions cannot be drawn whole: every rule in a line, in the order of deciding."""
    if overview.flow is not None and not overview.flow.cut:
        return None
    rule_set = overview.rule_set
    heads = ["Rule", "Looks at", "Recommends"]
    said = (
        (f"{number}. {text(rule.id)}", text(_looked_at(rule_set, rule)), pill(rule_set, rule.recommend))
        for number, rule in enumerate(rule_set.rules, 1)
    )
    rows = [f"<tr>{''.join(map(headed_cell, heads, cells))}</tr>" for cells in said]
    table = table_box("The rules at a glance", heads, rows, lists=True)
    return Part("glance", "The rules at a glance", tuple(table), policy_in_words(rule_set))


def _looked_at(rule_set: RuleSet, rule: Rule) -> str:
    """The questions that a rule tests, in the order of asking."""
    tested = {test.subject for test in tests_of(rule.condition)}
    asked = [spaced(question) for question in rule_set.question if question in tested]
    return ", ".join(asked) or "nothing: it is for everyone"


def _questions(overview: Overview, _grounds: Grounds) -> Part:
    lines = [line for question in overview.rule_set.questions for line in _question(overview.rule_set, question)]
    return Part("questions", "The questions, as spoken", tuple(lines), "In the order of asking.")


def _question(rule_set: RuleSet, question: Question) -> Iterator[str]:
    yield '<article class="entry">'
    yield f'<h* class="name">{text(spaced(question.id))}</h*>'
    yield f"<blockquote>{text(question.ask)}</blockquote>"
    if question.ask_other:
        yield f'<p class="other"><span class="label">For somebody else</span> “{text(question.ask_other)}”</p>'
    yield "<dl>"
    yield from term("Answers", text(answers_in_words(question)) + _options(rule_set, question))
    yield from term("Help", text(question.help or ""))
    yield from term("What counts", text(question.means or ""))
    yield from term("If not answered", text(question.if_unanswered or ""))
    if question.when_no_column is not None:
        yield from term("In a file without it", text(f"taken to be {question.when_no_column}, and shown as assumed"))
    if question.for_notes:
        yield from term("Use", "for notes alone; no rule tests it")
    yield from term("Rests on", grounds_list(rule_set, question.cite, ()))
    yield "</dl>"
    yield "</article>"


def _options(rule_set: RuleSet, question: Question) -> str:
    """The options, with how else they are written, and the groups that rules speak of."""
    if not question.options:
        return ""
    groups = "".join(
        f"<li><b>{text(spaced(group.id))}</b> stands for {text(', '.join(map(spaced, group.options)))}</li>"
        for group in question.groups
    )
    options = "".join(_option(rule_set, option) for option in question.options)
    return f'<ul class="options">{options}{groups}</ul>'


def _option(rule_set: RuleSet, option: Option) -> str:
    also = f"; also written {', '.join(option.aliases)}" if option.aliases else ""
    alone = "; it excludes the others" if option.alone else ""
    helped = f". {option.help}" if option.help else ""
    names = _names_of(rule_set, option.cite)
    return f'<li>{text(option.label)}<span class="quiet">{text(alone + also + helped)}</span>{names}</li>'


def _settings(overview: Overview, _grounds: Grounds) -> Part | None:
    rule_set = overview.rule_set
    if not rule_set.settings:
        return None
    lines: list[str] = []
    for setting in rule_set.settings:
        name = f"{spaced(setting.id)}: {setting_value(setting)}"
        lines += _entry(name, setting.means, setting_choices(setting), grounds_list(rule_set, setting.cite, ()))
    return Part("settings", "Settings", tuple(lines), "What the site has answered once for all callers.")


def _rules(overview: Overview, grounds: Grounds) -> Part:
    rule_set = overview.rule_set
    lines = ['<ol class="rules">']
    for rule in rule_set.rules:
        lines += _rule(rule_set, rule, grounds.get(rule.id, ()))
    return Part("rules", "The rules, and what they rest on", (*lines, "</ol>"), policy_in_words(rule_set))


def _rule(rule_set: RuleSet, rule: Rule, grounds: Sequence[Ground]) -> Iterator[str]:
    """A rule on the left, and what it rests on at its right."""
    yield f'<li class="entry {tint(rule_set, rule.recommend)}-edge">'
    yield '<div class="sides">'
    yield f'<div><h* class="name">{text(rule.id)}</h*>'
    yield f'<p class="when"><span class="label">If</span> {text(rule_condition_in_words(rule_set, rule))}</p>'
    yield f"<p>{pill(rule_set, rule.recommend)}</p>"
    yield f'<p class="because">{text(rule.because)}</p></div>'
    yield f'<div class="ground"><p><span class="basis">{text(rule.basis)}</span> {text(BASES[rule.basis])}</p>'
    yield grounds_list(rule_set, rule.cite, grounds) or '<p class="quiet">It names nothing that it rests on.</p>'
    yield "</div></div></li>"


def _outcomes(overview: Overview, _grounds: Grounds) -> Part:
    lines = [line for outcome in overview.rule_set.outcomes for line in _outcome(overview.rule_set, outcome)]
    return Part("outcomes", "What is said at the end", tuple(lines), "The outcomes, the least intensive first.")


def _outcome(rule_set: RuleSet, outcome: Outcome) -> Iterator[str]:
    yield f'<article class="entry {tint(rule_set, outcome.id)}-edge">'
    yield f"<h*>{pill(rule_set, outcome.id)}</h*>"
    yield from _said_and_done(rule_set, outcome.say, outcome.staff)
    yield from filter(None, [grounds_list(rule_set, outcome.cite, ())])
    yield "</article>"


def _said_and_done(rule_set: RuleSet, say: str | None, staff: Sequence[StaffLine]) -> Iterator[str]:
    if say:
        yield f"<blockquote>{text(say)}</blockquote>"
    if staff:
        steps = (f"<li>{text(line.say)}{_names_of(rule_set, line.cite)}</li>" for line in staff)
        yield f'<p class="label">Next steps for staff</p><ul>{"".join(steps)}</ul>'


def _names_of(rule_set: RuleSet, cites: Sequence[Cite]) -> str:
    """The sources of a line, in short."""
    found = dict.fromkeys(rule_set.passage[cite.id][0].title for cite in cites if cite.id in rule_set.passage)
    return f"<cite>{text('; '.join(found))}</cite>" if found else ""


def _table(overview: Overview, _grounds: Grounds) -> Part:
    heading = "Who is recommended what"
    if overview.counted is None:
        return Part("table", heading, (), f"Profiles are {uncounted(late=overview.late)}.")
    shown = list(tables(overview, ROWS, ANY))
    lines = [_bar(overview, shown)]
    for table in shown:
        lines += _regions(overview, table)
    return Part("table", heading, tuple(lines), COUNTS)


def _bar(overview: Overview, shown: Sequence[Table]) -> str:
    """The outcomes side by side, each as wide as its share of the profiles; what they are stands in the tables."""
    assert overview.counted is not None
    parts, x = [], 0.0
    for outcome in shown:
        wide = 1000 * outcome.profiles / max(overview.counted.profiles, 1)
        look = tint(overview.rule_set, outcome.outcome)
        parts.append(f'<rect class="{look}" x="{x:.1f}" y="1" width="{wide:.1f}" height="26"/>')
        x += wide
    shares = "; ".join(
        f"{outcome_label(overview.rule_set, outcome.outcome)}: {outcome.profiles:,}" for outcome in shown
    )
    said = text(f"Profiles by outcome. {shares}.")
    start = f'<svg class="bar" viewBox="0 0 1000 28" preserveAspectRatio="none" role="img" aria-label="{said}">'
    return f"{start}<title>{said}</title>{''.join(parts)}</svg>"


def _regions(overview: Overview, table: Table) -> Iterator[str]:
    """The regions of an outcome, rule by rule."""
    share = table.title.rpartition(": ")[2]
    yield f'<h* class="outcome-head">{pill(overview.rule_set, table.outcome)} {text(share)}</h*>'
    if table.same:
        yield f'<p class="quiet">{text(table.same)}</p>'
    rows = []
    for rule, group in table.groups:
        if rule:
            rows.append(f'<tr class="group"><th scope="rowgroup" colspan="{len(table.head)}">{text(rule)}</th></tr>')
        for *cells, number in group:
            answers = "".join(map(_cell, table.head, cells))
            rows.append(f"<tr>{answers}{headed_cell('profiles', text(number), 'number')}</tr>")
    if rows:
        yield from table_box(table.title, table.head, rows, numbers=True)
    if table.more:
        yield f'<p class="quiet">{more_profiles(table.more)}</p>'


def _cell(head: str, cell: str) -> str:
    """An answer, which knows its question: a narrow screen shows it beside it, and leaves out those that may be any."""
    return headed_cell(head, text(cell), "any" if cell == ANY else "")


def _impossible(overview: Overview, _grounds: Grounds) -> Part | None:
    rule_set = overview.rule_set
    lines: list[str] = []
    for entry in rule_set.impossible:
        said = condition_in_words(rule_set, entry.condition)
        lines += _entry(entry.id, said, entry.because, grounds_list(rule_set, entry.cite, ()))
    lead = "No caller can answer so; every verdict leaves these out."
    return Part("impossible", "What cannot occur", tuple(lines), lead) if lines else None


def _guarantees(overview: Overview, _grounds: Grounds) -> Part | None:
    rule_set = overview.rule_set
    lines: list[str] = []
    for guarantee in rule_set.guarantees:
        said = guarantee_in_words(rule_set, guarantee)
        cites = grounds_list(rule_set, guarantee.cite, ())
        lines += _entry(guarantee.id, said, guarantee.because or "", cites)
    lead = "What must hold for every possible caller, whatever the rules are."
    return Part("guarantees", "What is guaranteed", tuple(lines), lead) if lines else None


def _entry(name: str, said: str, because: str, cites: str) -> Iterator[str]:
    yield f'<article class="entry"><div class="sides"><div><h* class="name">{text(name)}</h*>'
    yield f'<p class="when">{text(said)}</p><p class="because">{text(because)}</p></div>'
    yield f'<div class="ground">{cites}</div></div></article>'


def _notes(overview: Overview, _grounds: Grounds) -> Part | None:
    rule_set = overview.rule_set
    rows = [
        f"<tr><td>{text(condition_in_words(rule_set, note.condition))}</td><td>{text(note.audience)}</td>"
        f"<td>{text(note.say)}{_names_of(rule_set, note.cite)}</td></tr>"
        for note in rule_set.notes
    ]
    table = table_box("Notes for the hand-over", ["When", "For", "Note"], rows)
    lead = "Told when they are certain; they never change the outcome."
    return Part("notes", "Notes for the hand-over", tuple(table), lead) if rows else None


def _when_stuck(overview: Overview, _grounds: Grounds) -> Part | None:
    """What is said in an emergency, and while several outcomes are possible."""
    rule_set, lines = overview.rule_set, []
    if rule_set.emergency:
        contacts = "".join(
            f"<li><b>{text(contact.name)}</b>: {text(contact.reach)}</li>" for contact in rule_set.emergency.contacts
        )
        lines += ["<h*>In an emergency</h*>", f"<blockquote>{text(rule_set.emergency.say)}</blockquote>"]
        lines += [f"<ul>{contacts}</ul>"] if contacts else []
        lines += filter(None, [grounds_list(rule_set, rule_set.emergency.cite, ())])
    if rule_set.undecided.say or rule_set.undecided.staff:
        lines += ["<h*>While several outcomes are possible</h*>"]
        lines += _said_and_done(rule_set, rule_set.undecided.say, rule_set.undecided.staff)
    return Part("otherwise", "When the call does not come to an end", tuple(lines)) if lines else None


PARTS: tuple[Callable[[Overview, Grounds], Part | None], ...] = (
    _flow,
    _glance,
    _questions,
    _settings,
    _rules,
    _table,
    _outcomes,
    _guarantees,
    _impossible,
    _notes,
    _when_stuck,
)
