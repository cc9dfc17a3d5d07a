"""One meaning, by difference: every way to a decision, on random rule sets and random answers.

The naive oracle says what is right. Beside it stand the engine, the witness search, the batch (row by row,
of JSON lines, and in several processes), SQL, an interview and a record that is verified again; each has its
own function here, in `WAYS`. A longer run than the tests':

    python tests/differential.py --seconds 3600 [--first SEED] [--processes N]

It prints how much was compared, and stops at the first disagreement with the seed that shows it.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import NamedTuple
from unittest.mock import patch

from oracle import NoCompletion, Oracle, is_known
from random_rule_sets import made, random_answers

from iopscreen.batch import chunks, fast
from iopscreen.batch.run import BatchOptions, screen_file
from iopscreen.batch.tables import Files, screen_table
from iopscreen.engine.budget import UNLIMITED
from iopscreen.engine.change import changes
from iopscreen.engine.compiled import NONE_MATCHES, Compiled, compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide
from iopscreen.engine.verdicts import Verdicts
from iopscreen.errors import IopscreenError
from iopscreen.report.decision import Shown, decision_json
from iopscreen.ruleset.model import NO_RULE, Answer, Answers, RuleFile, Unanswered
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.values import answer_json, answer_text
from iopscreen.screen.interview import Ask, Interview, answered, next_step, stand
from iopscreen.screen.record import Call, Status, kept_decision, record_bytes, record_json, skipped_questions
from iopscreen.screen.record_reader import read_record
from iopscreen.screen.verify import Verifier

AGAIN = 60
"""How often the callers come up where there shall be enough rows for several processes."""

SHARES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
"""How much of the answers is known, per caller of one rule set."""


class Told(NamedTuple):
    """What a way says of one caller; what it does not say is None. Without `possible`, the answers cannot be."""

    possible: tuple[str, ...] = ()
    rules: tuple[str, ...] | None = None
    ask_next: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Site:
    """One rule set with its callers."""

    file: RuleFile
    compiled: Compiled
    callers: tuple[dict[str, Answer], ...]


Way = Callable[[Site], Sequence["Told | None"]]
"""What is said of each caller, None where this way has nothing to say."""


# --- what is right --------------------------------------------------------------------------


def by_oracle(site: Site) -> list[Told]:
    """Trying every completion, first match by first match."""
    oracle = Oracle(site.file.rule_set)
    told = []
    for answers in site.callers:
        try:
            verdict = oracle.decide(answers)
        except NoCompletion:
            told.append(Told())
        else:
            told.append(Told(verdict.possible, verdict.rules, verdict.ask_next))
    return told


# --- the ways -------------------------------------------------------------------------------


def by_engine(site: Site) -> list[Told]:
    """The diagram."""
    return [_told(_decided(site.compiled, answers)) for answers in site.callers]


def _decided(compiled: Compiled, answers: Answers) -> Decision | None:
    try:
        return decide(compiled, answers)
    except ImpossibleAnswers:
        return None


def _told(decision: Decision | None) -> Told:
    if decision is None:
        return Told()
    return Told(decision.possible, tuple(rule.id for rule in decision.rules), decision.ask_next)


def by_search(site: Site) -> list[Told]:
    """The witness search: which rules decide somebody who gives these answers."""
    verdicts = Verdicts(site.compiled, UNLIMITED)
    rules = site.file.rule_set.rules
    told = []
    for answers in site.callers:
        clause = {level: 1 << block for level, block in site.compiled.known(answers).items()}
        found = list(verdicts.deciders([clause], (*range(len(rules)), NONE_MATCHES)))
        outcomes = {NO_RULE if place == NONE_MATCHES else rules[place].recommend for place in found}
        in_order = tuple(name for name in (*site.file.rule_set.outcome, NO_RULE) if name in outcomes)
        deciding = tuple(rules[place].id for place in found if place != NONE_MATCHES)
        told.append(Told(in_order, deciding) if found else Told())
    return told


def by_batch(site: Site) -> list[Told]:
    """A CSV file with a row for each caller."""
    return _from_rows(site, screened(site.compiled, table(site), BatchOptions()))


def table(site: Site) -> bytes:
    """The callers as a CSV file, an answer that was not given as a blank cell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(site.file.rule_set.question)
    for answers in site.callers:
        cells = [answer_text(answers[name]) if name in answers else "" for name in site.file.rule_set.question]
        writer.writerow(cells)
    return text.getvalue().encode()


def screened(compiled: Compiled, source: bytes, options: BatchOptions) -> list[dict[str, str]]:
    """The rows that come out."""
    target = io.BytesIO()
    screen_file(compiled, io.BytesIO(source), target, options, name="callers.csv")
    return list(csv.DictReader(io.StringIO(target.getvalue().decode())))


def _from_rows(site: Site, rows: Sequence[Mapping[str, str]]) -> list[Told]:
    assert len(rows) == len(site.callers)
    return [_from_row(row) for row in rows]


def _from_row(row: Mapping[str, str]) -> Told:
    if row["recommendation"] == "error":
        return Told()
    possible = tuple(row["possible"].split(";"))
    assert row["recommendation"] == (possible[0] if len(possible) == 1 else "undecided")
    rules = (row["rule"],) if row["rule"] else None
    return Told(possible, rules, tuple(filter(None, row["ask_next"].split(";"))))


def by_jobs(site: Site) -> list[Told | None]:
    """The same rows again and again, shared among processes; of one rule set in 16, for these are slow to begin."""
    if site.file.digest[-1] != "1":
        return [None] * len(site.callers)
    header, rows = table(site).split(b"\n", 1)
    small = (
        patch.object(chunks, "CHUNK", 200),
        patch.object(chunks, "LOOK", 100),
        patch.object(fast, "WORTHWHILE", 0),
    )
    with tempfile.TemporaryFile() as source, small[0], small[1], small[2]:
        source.write(header + b"\n" + rows * AGAIN)
        source.seek(0)
        target = io.BytesIO()
        screen_file(site.compiled, source, target, BatchOptions(), name="callers.csv", jobs=3)
    found = list(csv.DictReader(io.StringIO(target.getvalue().decode())))
    first = found[: len(site.callers)]
    assert found == first * AGAIN
    return list(_from_rows(site, first))


def by_lines(site: Site) -> list[Told]:
    """Lines of JSON, each answer as JSON has it."""
    rows = [{name: answer_json(answer) for name, answer in answers.items()} for answers in site.callers]
    # A file in which nobody answers a question has no column for it, and one without any column is refused.
    rows[0] = {**dict.fromkeys(site.file.rule_set.question), **rows[0]}
    source, target = io.BytesIO("".join(f"{json.dumps(row)}\n" for row in rows).encode()), io.BytesIO()
    screen_table(site.compiled, Files(source, "callers.jsonl", target, "screened.jsonl"), BatchOptions())
    found = [json.loads(line) for line in target.getvalue().splitlines()]
    return _from_rows(site, [{name: cell or "" for name, cell in row.items()} for row in found])


def by_interview(site: Site) -> list[Told | None]:
    """A call in which each question asked is answered as this caller would, or with "don't know".

    Questions that it leaves out cannot have mattered, whatever this caller's answers to them are.
    """
    return [
        None if (heard := _heard(site.compiled, answers)) is None else Told(decide(site.compiled, heard).possible)
        for answers in site.callers
    ]


def _heard(compiled: Compiled, answers: Answers) -> Answers | None:
    """The answers that count at the end of the call; None where they exclude one another on the way."""
    interview = Interview(compiled)
    try:
        while isinstance(step := next_step(interview), Ask):
            interview = answered(interview, step.question.id, answers.get(step.question.id, Unanswered.UNKNOWN))
    except ImpossibleAnswers:
        assert _decided(compiled, answers) is None
        return None
    return stand(interview).answers


def by_record(site: Site) -> list[Told | None]:
    """The record of that call, as bytes, read and verified again."""
    verifier = Verifier(site.compiled, site.file)
    return [
        None if (heard := _heard(site.compiled, answers)) is None else _recorded(site, verifier, heard)
        for answers in site.callers
    ]


def _recorded(site: Site, verifier: Verifier, heard: Answers) -> Told:
    raw = read_record(recorded(site, heard), "record.json")
    problems = verifier.verify(raw).problems
    assert problems == (), [problem.name for problem in problems]
    return Told(tuple(raw.contents["decision"]["possible"]))


def recorded(site: Site, heard: Answers) -> bytes:
    """The record of a call on which these answers were given."""
    decision = kept_decision(site.compiled, heard)
    call = Call(
        status=Status.FINISHED,
        started="2026-11-24T09:30:00+01:00",
        ended="2026-11-24T09:40:00+01:00",
        given_at=dict.fromkeys(heard, "2026-11-24T09:31:00+01:00"),
    )
    contents = record_json(
        call,
        rule_file=site.file,
        answers=heard,
        skipped=skipped_questions(site.compiled, decision),
        decision=decision_json(Shown(site.file, decision, changes(site.compiled, decision))),
    )
    return record_bytes(contents)


def by_sql(site: Site) -> list[Told | None]:
    """The SELECT for a warehouse, on DuckDB; of one rule set in 16, for a database is slow to begin."""
    from test_sql import deciding, on_duckdb, query

    if site.file.digest[-1] != "0":
        return [None] * len(site.callers)
    names = [question.id for question in deciding(site.file.rule_set)]
    callers = [
        {name: answer_text(answers[name]) if is_known(answers, name) else None for name in names}
        for answers in site.callers
    ]
    try:
        select = query(site.file)
    except IopscreenError as refused:  # no caller at all is possible, whatever is said for notes
        assert "nobody is possible" in str(refused)
        assert not any(one.possible for one in by_oracle(site))
        return [None] * len(site.callers)
    told = [
        _from_row({name: cell or "" for name, cell in row.items()}) for row in on_duckdb(site.file, callers, select)
    ]
    if not site.file.rule_set.impossible:
        return list(told)
    # It hears no answer for notes alone, which may be impossible; where no question matters alone, it lists all tested.
    unheard = {question.id for question in site.file.rule_set.questions if question.for_notes}
    return [
        None if any(is_known(answers, name) for name in unheard) else one._replace(ask_next=None)
        for answers, one in zip(site.callers, told, strict=True)
    ]


WAYS: Mapping[str, Way] = {
    "engine": by_engine,
    "witness search": by_search,
    "batch": by_batch,
    "jobs": by_jobs,
    "JSON lines": by_lines,
    "interview": by_interview,
    "record": by_record,
    "SQL": by_sql,
}
"""All that must say what the oracle says."""


# --- the comparison -------------------------------------------------------------------------

HEARS_LESS = ("interview", "record")
"""Ways that do not hear every answer."""


def site_of(seed: int) -> Site:
    """The random rule set of `seed`, and its callers."""
    file = understand(made(seed).text.encode(), "random.yaml")
    random = Random(f"callers {seed}")
    callers = tuple(random_answers(random, file.rule_set, share) for share in SHARES)
    return Site(file, compile_rule_set(file.rule_set), callers)


def compared(site: Site, ways: Mapping[str, Way] = WAYS) -> Counter[str]:
    """How many callers were compared, by way. Raises Disagreement."""
    count: Counter[str] = Counter()
    right = by_oracle(site)
    tied = bool(site.file.rule_set.impossible)
    for name, way in ways.items():
        for answers, wanted, told in zip(site.callers, right, way(site), strict=True):
            if told is not None and not (name in HEARS_LESS and wanted == Told()):
                agreed = _may_be_less(wanted, told) if name in HEARS_LESS and tied else _agree(wanted, told)
                if not agreed:
                    raise Disagreement(f"the {name} says {told}, right is {wanted}, of {answers}")
                count[name] += 1
    return count


class Disagreement(AssertionError):
    """Two ways to decide differ."""


def _agree(wanted: Told, told: Told) -> bool:
    """Whether `told` is `wanted` as far as it says anything."""
    pairs = zip(wanted, told, strict=True)
    return all(said is None or said == right for right, said in pairs)


def _may_be_less(wanted: Told, told: Told) -> bool:
    """Whether nothing wrong is told: what was not heard may exclude what is still possible, and nothing else."""
    return set(wanted.possible) <= set(told.possible)


def run(seeds: range) -> Counter[str]:
    """Compare everything on the rule sets of `seeds`. Raises Disagreement, with the seed."""
    count: Counter[str] = Counter()
    for seed in seeds:
        try:
            count += compared(site_of(seed))
        except AssertionError as error:
            raise Disagreement(f"seed {seed}: {error}") from error
        count["rule sets"] += 1
    return count


# --- for hours ------------------------------------------------------------------------------

CHUNK = 25


def main() -> int:
    """Compare until the time is over; 1 at a disagreement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=1_000_000, help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    end, total, first = time.monotonic() + asked.seconds, Counter[str](), asked.first
    with ProcessPoolExecutor(asked.processes) as pool:
        while not total or time.monotonic() < end:
            chunks = [range(first + CHUNK * n, first + CHUNK * (n + 1)) for n in range(4 * asked.processes)]
            first = chunks[-1].stop
            try:
                total = sum(pool.map(run, chunks), total)
            except Disagreement as error:
                print(error)
                return 1
            print(f"\rseeds {asked.first} to {first - 1}: {told(total)}", end="", file=sys.stderr, flush=True)
    print(f"\nseeds {asked.first} to {first - 1}, no disagreement: {told(total)}")
    return 0


def told(count: Counter[str]) -> str:
    """The counts, in words."""
    decisions = sum(number for name, number in count.items() if name != "rule sets")
    by_way = ", ".join(f"{name} {count[name]:,}" for name in WAYS)
    return f"{count['rule sets']:,} rule sets, {decisions:,} decisions compared with the oracle's ({by_way})"


if __name__ == "__main__":
    raise SystemExit(main())
