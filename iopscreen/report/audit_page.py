"""What an audit says of rule files, as a page for those who will not read YAML. Computes nothing.

`AUDITED` are the parts that an audit adds before those of the rule set, in the order of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from iopscreen.audit.run import AuditResult, RuleSetFacts
from iopscreen.report.audit import passed_words
from iopscreen.report.change_outline import count_line, verdict
from iopscreen.report.diff_page import change_parts
from iopscreen.report.findings import Reported, accepted_by, ranked
from iopscreen.report.mutants import mutants_words
from iopscreen.report.outline import BASES, counted, head_lines
from iopscreen.report.page import page, text
from iopscreen.report.parts import (
    Part,
    answers_list,
    contents,
    finding_card,
    foot,
    found_parts,
    head,
    marked,
    parts_html,
    table_box,
    term,
)
from iopscreen.report.rule_page import PARTS
from iopscreen.report.rule_style import STYLE
from iopscreen.ruleset.condition_words import spaced
from iopscreen.ruleset.findings import Severity


def audit_html(results: Sequence[AuditResult]) -> str:
    """The audits of some rule files as a page; of several, each is an article of its own."""
    state, verdict, counts = _verdict(results)
    if len(results) == 1:
        [result] = results
        parts = _audited(result)
        top = head("Audit", verdict, [counts, *_name_lines(result)])
        links = contents((part.name, part.heading) for part in parts)
        body = [*top, links, *parts_html(parts, "", 2), *_foot(results)]
        return page(f"Audit of {_name_of(result)}", state, body, STYLE)
    top = head("Audit", verdict, [counts])
    links = contents((f"file-{number}", _summary(result)) for number, result in enumerate(results, 1))
    articles = [line for number, result in enumerate(results, 1) for line in _article(f"file-{number}", result)]
    return page("Audit of rule sets", state, [*top, links, *articles, *_foot(results)], STYLE)


def _foot(results: Sequence[AuditResult]) -> Iterator[str]:
    return foot([result.overview for result in results if result.overview])


def _article(name: str, result: AuditResult) -> Iterator[str]:
    """One of several audits."""
    title = result.overview.rule_set.title if result.overview else result.path
    yield f'<article id="{name}" class="file" aria-labelledby="{name}-h">'
    yield f'<div class="file-head"><h2 id="{name}-h">{text(title)}</h2><p class="beside">{text(_summary(result))}</p>'
    yield from (f"<p>{text(line)}</p>" for line in _name_lines(result))
    yield "</div>"
    yield from parts_html(_audited(result), f"{name}-", 3)
    yield "</article>"


def _summary(result: AuditResult) -> str:
    _, verdict, counts = _verdict([result])
    return f"{result.path}: {verdict} ({counts})"


def _audited(result: AuditResult) -> list[Part]:
    parts = found_parts(part(result) for part in AUDITED)
    if result.change is not None or result.no_change is not None:
        parts.append(Part("change", "Since the earlier edition", tuple(_since(result))))
    if result.change is not None:
        parts += change_parts(result.change, findings=False)
    if result.overview is not None:
        grounds = {resting.rule.id: resting.grounds for resting in result.facts.resting} if result.facts else {}
        parts += found_parts(part(result.overview, grounds) for part in PARTS)
    return parts


def _since(result: AuditResult) -> Iterator[str]:
    if result.change is not None:
        yield f"<p>{text(verdict(result.change))}.</p>"
        yield f"<p>{text(count_line(result.change))}</p>"
    if result.no_change is not None:
        yield f"<p>{text(result.no_change)}.</p>"


# --- parts of an audit ----------------------------------------------------------------------


def _verdict(results: Sequence[AuditResult]) -> tuple[str, str, str]:
    """What colours the head, the verdict, and how many findings there are."""
    left = [finding for result in results for finding in result.findings if not result.accepted(finding)]
    numbers = {severity: sum(finding.severity is severity for finding in left) for severity in Severity}
    accepted = sum(len(result.findings) for result in results) - len(left)
    counts = ", ".join(counted(number, severity.value) for severity, number in numbers.items())
    counts += f", {accepted} accepted" if accepted else ""
    complete = all(result.complete for result in results)
    if numbers[Severity.ERROR]:
        return "stopped", "there are errors" + ("" if complete else ", and it is not complete"), counts
    if not complete:
        return "open", "not complete", counts
    if numbers[Severity.WARNING]:
        return "open", "there are warnings", counts
    return "settled", "clean", counts


def _name_of(result: AuditResult) -> str:
    return f"{result.facts.id} {result.facts.version}" if result.facts else result.path


def _name_lines(result: AuditResult) -> Iterator[str]:
    if result.overview:
        yield f"{result.overview.rule_set.title} ({_name_of(result)})"
        yield from head_lines(result.overview)
    else:
        yield result.path
    if result.change is not None:
        yield f"Since the earlier edition: {verdict(result.change)}."


def _findings(result: AuditResult) -> Part:
    """The most important first."""
    left = ranked([Reported(finding, None, "") for finding in result.findings if not result.accepted(finding)])
    lines = [line for one in left for line in finding_card(one.finding)]
    lead = "" if left else "Nothing was found."
    return Part("findings", "Findings", tuple(lines), lead)


def _accepted(result: AuditResult) -> Part | None:
    lines = []
    for finding in result.findings:
        entry = result.accepted(finding)
        if entry is not None:
            by = accepted_by(entry)
            where = f"{finding.path}:{finding.place.line}:{finding.place.column}"
            lines += [
                '<article class="entry">',
                f'<h*><span class="severity">{finding.severity}, accepted</span> {marked(finding.message)}</h*>',
                f'<p class="quiet">{text(where)} <span class="id">{text(finding.name)}</span></p>',
                f'<p><span class="label">Accepted{text(by)}</span> {text(entry.because or "")}</p>',
                "</article>",
            ]
    return Part("accepted", "Findings that a person has accepted", tuple(lines)) if lines else None


def _undecided(result: AuditResult) -> Part | None:
    if result.complete:
        return None
    items = "".join(f"<li>{marked(what.words)}</li>" for what in result.undecided)
    return Part("undecided", "Not decided", (f"<ul>{items}</ul>",), result.why or "")


def _evidence(result: AuditResult) -> Part | None:
    """Guarantees, cases, coverage and mutants: what stands behind the verdict."""
    facts = result.facts
    if facts is None:
        return None
    rows = [*_guarantee_rows(facts), *_case_rows(facts)]
    lines = ['<dl class="facts">', *rows, "</dl>"]
    if facts.passed + facts.failed:
        lines += _coverage(facts)
    if facts.mutants is not None and facts.mutants.survivors:
        lines += _survivors(facts)
    return Part("evidence", "What stands behind it", tuple(lines))


def _guarantee_rows(facts: RuleSetFacts) -> Iterator[str]:
    words = {True: "proved", False: "not proved", None: "not decided"}
    for proved, word in words.items():
        names = [name for name, found in facts.guarantees.items() if found is proved]
        if names:
            yield from term(f"Guarantees {word}", text(f"{len(names)}: {', '.join(names)}"))
    if not facts.guarantees:
        yield from term("Guarantees", "none")


def _case_rows(facts: RuleSetFacts) -> Iterator[str]:
    yield from term("Cases", passed_words(facts))
    for basis, rules in facts.basis.items():
        yield from term(f"Rules ({basis})", text(f"{', '.join(rules)} ({BASES[basis]})"))
    if facts.mutants is not None:
        yield from term("Mutants", text(mutants_words(facts.mutants)))


def _coverage(facts: RuleSetFacts) -> Iterator[str]:
    rows = []
    for name, kind in facts.coverage.items():
        total = len(kind.covered) + len(kind.missing)
        rows.append(
            f'<tr><th scope="row">{text(name)}</th><td>{len(kind.covered)} of {total}</td>'
            f"<td>{text(', '.join(kind.missing) or 'none')}</td></tr>"
        )
    yield "<h*>What the cases cover</h*>"
    yield from table_box("What the cases cover", ["Of the", "Covered", "Not covered"], rows)


def _survivors(facts: RuleSetFacts) -> Iterator[str]:
    assert facts.mutants is not None
    rows = [
        f"<tr><td>{marked(survivor.change.words)}</td><td>{answers_list(_plain_answers(survivor.witness))}</td>"
        f"<td>{text(spaced(survivor.recommends))}</td><td>{text(spaced(survivor.instead))}</td></tr>"
        for survivor in facts.mutants.survivors
    ]
    yield "<h*>Changes to the rules that no case would notice</h*>"
    yield from table_box(
        "Changes that no case would notice", ["If", "a caller with", "is recommended now", "and then"], rows
    )


def _plain_answers(witness: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(answer) if isinstance(answer, tuple) else answer for name, answer in witness.items()}


AUDITED: tuple[Callable[[AuditResult], Part | None], ...] = (_findings, _accepted, _undecided, _evidence)
