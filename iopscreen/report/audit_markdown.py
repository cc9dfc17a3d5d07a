"""An audit as a review comment: the verdict, the findings, each with the caller who shows it, and what was counted.

It fits where comments are limited: what does not is left out from the end, and counted.
`findings_table` and `finding_details` know no audit, so that other reports can show findings alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iopscreen.audit.change.run import Change
from iopscreen.audit.documentation import ALL, documented
from iopscreen.audit.run import AuditResult, RuleSetFacts
from iopscreen.audit.telling import left_out_in_words, uncounted
from iopscreen.report.audit import cases_words, guarantees_words
from iopscreen.report.change_outline import verdict
from iopscreen.report.columns import ANY
from iopscreen.report.findings import (
    Paths,
    Reported,
    Tally,
    accepted_words,
    count_words,
    headline,
    hidden_notes,
    ranked,
    reported,
    tally,
    undecided_words,
)
from iopscreen.report.markdown import code, fenced, folded, message, quiet, row, table, within
from iopscreen.report.mutants import mutants_words
from iopscreen.ruleset.cases import cases_path
from iopscreen.ruleset.findings import Finding, Severity
from iopscreen.ruleset.model import NO_RULE

LIMIT = 65_536
"""How many characters a review comment holds."""
_ROOM_FOR_MORE = 2_000
"""Kept free for the sentences that say what was left out."""
_MOST_NAMES = 30
_OPEN_ROWS = 15
_OPEN_DETAILS = 5
"""So many findings stand open in the table, and so many errors in detail; those after them are folded."""
MARKER = "<!-- iopscreen:audit -->"
"""By which a later run finds this comment again, to replace it."""


def audit_markdown(results: Sequence[AuditResult], paths: Paths, *, notes: bool, limit: int = LIMIT) -> str:
    """The audits as one comment of at most `limit` characters. `notes`: list notes too, folded."""
    found = ranked(reported(results, paths))
    counted = tally(found)
    room = limit - _ROOM_FOR_MORE
    head = [MARKER, _verdict(results, paths, counted, notes), *within(_incomplete(results, paths), room // 8)]
    told = [one for one in found if one.accept is None and one.finding.severity is not Severity.NOTE]
    changes = list(_changes(results, paths, room // 4))
    overview = list(findings_table(told, paths, room // 4))
    overview = ["### Findings", *overview] if changes and overview else overview
    tail = [
        *_accepted(found, paths, room // 8),
        *_facts(results, paths, room // 4),
        *_notes(found, counted, paths, room // 8, notes=notes),
    ]
    parts = [*head, *changes, *overview]
    details = finding_details(told, paths, room - sum(len(part) + 2 for part in [*parts, *tail]))
    return "\n\n".join([*parts, *details, *tail]) + "\n"


def _verdict(results: Sequence[AuditResult], paths: Paths, counted: Tally, notes: bool) -> str:
    what = code(paths.shown(results[0].path)) if len(results) == 1 else count_words(len(results), "rule file")
    complete = all(result.complete for result in results)
    words = headline(counted, notes=notes, complete=complete)
    return f"## Audit of {what}: " + (f"clean{_beside_clean(counted)}" if counted.clean and complete else words)


def _beside_clean(counted: Tally) -> str:
    return f" ({counted.accepted} accepted)" if counted.accepted else ""


def _incomplete(results: Sequence[AuditResult], paths: Paths) -> Iterator[str]:
    for result in results:
        if result.why is not None:
            why = result.why.replace(result.path, paths.shown(result.path), 1)
            yield f"**Incomplete:** {quiet(why)}\n\nNot decided: {message(undecided_words(result.undecided))}"


def _changes(results: Sequence[AuditResult], paths: Paths, room: int) -> Iterator[str]:
    """What became of earlier editions, where these were named; their findings stand among the others.

    Each file has an equal share of the room; those of which there is nothing to tell have one line together.
    """
    compared = [result for result in results if result.change is not None or result.no_change is not None]
    told = [result for result in compared if result.no_change or (result.change and not _same(result.change))]
    for result in told:
        blocks = list(_change(result, paths))
        shown = list(within(blocks, room // len(told)))
        yield from shown
        yield from _left_out(len(blocks) - len(shown), "part")
    same = [result.path for result in compared if result not in told]
    if same:
        more = f" and {len(same) - _MOST_NAMES:,} more" if len(same) > _MOST_NAMES else ""
        yield f"Nothing changed since the earlier edition of {_shown_names(same[:_MOST_NAMES], paths)}{more}."


def _same(change: Change) -> bool:
    return change.nothing and not change.old.renamed


def _change(result: AuditResult, paths: Paths) -> Iterator[str]:
    """What became of the earlier edition of one file, each part whole in itself."""
    from iopscreen.report.diff_markdown import change_blocks  # it is put together from parts of this module

    name = code(paths.shown(result.path))
    if result.change is not None:
        yield f"### Since the earlier edition of {name}: {quiet(verdict(result.change))}"
    if result.no_change is not None:
        yield quiet(result.no_change.replace(result.path, paths.shown(result.path), 1))
    if result.change is not None:
        yield from change_blocks(result.change, paths, findings=False, level=4)


def _shown_names(found: Sequence[str], paths: Paths) -> str:
    return ", ".join(code(paths.shown(path)) for path in found)


# --- findings -------------------------------------------------------------------------------


def findings_table(found: Sequence[Reported], paths: Paths, room: int) -> Iterator[str]:
    """One row a finding, numbered; as many as fit into `room` characters."""
    if not found:
        return
    rows = (_row(number, one, paths) for number, one in enumerate(found, 1))
    shown = list(within(rows, room))
    head = ["", "", "place", "finding", "name"]
    if shown:
        yield table(head, shown[:_OPEN_ROWS])
    if len(shown) > _OPEN_ROWS:
        yield folded(count_words(len(shown) - _OPEN_ROWS, "more finding"), table(head, shown[_OPEN_ROWS:]))
    yield from _left_out(len(found) - len(shown), "finding")


def _row(number: int, one: Reported, paths: Paths) -> str:
    finding = one.finding
    severity = f"**{finding.severity}**" if finding.severity is Severity.ERROR else finding.severity.value
    return row([str(number), severity, _place(finding, paths), message(finding.message), code(finding.name)])


def finding_details(found: Sequence[Reported], paths: Paths, room: int) -> Iterator[str]:
    """What shows each finding: the caller, related places, a case to paste. As many as fit into `room` characters.

    The first errors stand open, all others folded. A finding that is wholly told by its row in the table has none.
    """
    meanings = {one.name: one.summary for one in documented(ALL)}
    telling = [
        (number, one.finding)
        for number, one in enumerate(found, 1)
        if one.finding.related or one.finding.witness is not None or one.finding.case is not None
    ]
    blocks = (
        _detail(number, finding, meanings.get(finding.name), paths, is_open=place < _OPEN_DETAILS)
        for place, (number, finding) in enumerate(telling)
    )
    shown = list(within(blocks, room))
    yield from shown
    yield from _left_out(len(telling) - len(shown), "finding", " in detail")


def _detail(number: int, finding: Finding, meaning: str | None, paths: Paths, *, is_open: bool) -> str:
    body = "\n\n".join(_detail_parts(finding, meaning, paths))
    if is_open and finding.severity is Severity.ERROR:
        return f"### {number}. {message(finding.message)}\n\n{body}"
    return folded(f"{number}. {finding.message}", body)


def _detail_parts(finding: Finding, meaning: str | None, paths: Paths) -> Iterator[str]:
    yield f"{code(finding.name)} at {_place(finding, paths)}" + (f": {message(meaning)}" if meaning else "")
    if finding.witness is not None:
        yield from _witness(finding)
    if finding.related:
        yield "\n".join(
            f"- {quiet(paths.shown(related.path))}:{related.place.line}: {message(related.message)}"
            for related in finding.related
        )
    if finding.case is not None:
        name = cases_path(finding.path).replace("\\", "/").rsplit("/", 1)[-1]
        yield f"A case to paste into {code(name)}:\n\n{fenced(finding.case, 'yaml')}"


def _witness(finding: Finding) -> Iterator[str]:
    """The caller who shows it; questions where any answer would do are named in one line."""
    assert finding.witness is not None
    rows = [row([code(name), quiet(_answer(said))]) for name, said in finding.witness.items() if said != ANY]
    if rows:
        yield "The caller who shows it:"
        yield table(["question", "answer"], rows)
    free = [code(name) for name, answer in finding.witness.items() if answer == ANY]
    if free:
        yield f"Any answer to {', '.join(free)}."


def _answer(answer: object) -> str:
    return ", ".join(answer) if isinstance(answer, list) else str(answer)


def _place(finding: Finding, paths: Paths) -> str:
    return code(f"{paths.shown(finding.path)}:{finding.place.line}")


def _left_out(number: int, word: str, where: str = "") -> Iterator[str]:
    if number:
        more = count_words(number, f"more {word}")
        yield f"*… and {more}{where}: too much for one comment. `iopscreen audit` shows all.*"


# --- what does not count --------------------------------------------------------------------


def _accepted(found: Sequence[Reported], paths: Paths, room: int) -> Iterator[str]:
    lines = [
        f"- {one.finding.severity} {code(one.finding.name)} at {_place(one.finding, paths)}: "
        f"{message(one.finding.message)}; {message(accepted_words(one.accept))}"
        for one in found
        if one.accept is not None
    ]
    if lines:
        yield "### Accepted"
        yield from _list_within(lines, room, "accepted finding")


def _notes(found: Sequence[Reported], counted: Tally, paths: Paths, room: int, *, notes: bool) -> Iterator[str]:
    if not counted.notes:
        return
    if not notes:
        yield f"*{quiet(hidden_notes(counted))}*"
        return
    lines = [
        f"- {code(one.finding.name)} at {_place(one.finding, paths)}: {message(one.finding.message)}"
        for one in found
        if one.accept is None and one.finding.severity is Severity.NOTE
    ]
    yield folded(count_words(len(lines), "note"), "\n\n".join(_list_within(lines, room, "note")))


def _list_within(lines: Sequence[str], room: int, word: str) -> Iterator[str]:
    shown = list(within(lines, room))
    yield "\n".join(shown)
    yield from _left_out(len(lines) - len(shown), word)


# --- what was counted -----------------------------------------------------------------------


def _facts(results: Sequence[AuditResult], paths: Paths, room: int) -> Iterator[str]:
    """What was found out about each rule set, as many as fit into `room` characters."""
    blocks = [_facts_table(result, result.facts, paths) for result in results if result.facts]
    shown = list(within(blocks, room))
    yield from shown
    yield from _left_out(len(blocks) - len(shown), "rule set")
    if any(result.facts and result.facts.profiles is not None for result in results):
        yield "*A profile is a set of answers that the rules can tell apart, not a patient.*"


def _facts_table(result: AuditResult, facts: RuleSetFacts, paths: Paths) -> str:
    """One row a fact; of what is not known there is none."""
    rows = [
        ["recommended", _outcomes(facts)],
        ["guarantees", message(guarantees_words(facts))],
        ["cases", message(cases_words(facts))],
    ]
    if facts.mutants is not None:
        rows.append(["mutants", message(mutants_words(facts.mutants))])
    rows += [[f"{basis.value} rules", _names(rules)] for basis, rules in facts.basis.items()]
    rows.append(["digest", code(facts.digest)])
    name = f"{code(facts.id)} {quiet(facts.version)}, {code(paths.shown(result.path))}"
    return table(["rule set", name], map(row, rows))


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(map(code, names[:_MOST_NAMES])) + (f" and {more:,} more" if more > 0 else "")


def _outcomes(facts: RuleSetFacts) -> str:
    if facts.profiles is None or facts.outcomes is None:
        return f"{uncounted(late=facts.late)}; no verdict rests on that"
    counts = [
        f"{number:,} {'that no rule matches' if outcome == NO_RULE else code(outcome)}"
        for outcome, number in facts.outcomes.items()
        if number
    ]
    left_out = left_out_in_words(facts.impossible or 0, "; ")
    return f"{', '.join(counts)}; of {count_words(facts.profiles, 'profile')}{left_out}"
