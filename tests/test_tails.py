"""What is appended to a row: what plain `decide` says of its answers, found out once for all rows alike."""

from __future__ import annotations

import csv
from random import Random

from conftest import RULES
from random_rule_sets import made

from iopscreen.batch import tails
from iopscreen.batch.cells import FIRST_KNOWN, UNKNOWN
from iopscreen.batch.lines import Form
from iopscreen.batch.tails import Decider
from iopscreen.batch.writer import Writer
from iopscreen.engine.compiled import Compiled, compile_rule_set
from iopscreen.engine.decide import Decision, ImpossibleAnswers, decide
from iopscreen.engine.table import Table
from iopscreen.ruleset.model import Answers, Unanswered
from iopscreen.ruleset.reader import read_rule_file, understand
from iopscreen.ruleset.values import answer_text

WRITER = Writer(Form("calls.csv", "utf-8", ",", 1), excel_safe=False)


def decided(compiled: Compiled, answers: Answers, assumed: Answers) -> Decision:
    return decide(compiled, answers, assumed=assumed, absent_is_unknown=True)


def expected(compiled: Compiled, answers: Answers, assumed: Answers) -> tuple[list[str], frozenset[str]]:
    """The cells appended to a row by what they mean, and the questions on whose assumed answer they rest."""
    try:
        decision = decided(compiled, answers, assumed)
    except ImpossibleAnswers as error:
        names = ", ".join(f"`{entry.id}` ({entry.because})" for entry in error.entries)
        return ["error", *[""] * 6, f"these answers cannot occur together: impossible entry {names}"], frozenset()
    told = decision.recommendation or ("no_rule" if decision.possible == ("no_rule",) else "undecided")
    because = [rule.because for rule in decision.rules] if decision.recommendation else []
    notes = [note.say if note.audience == "staff" else f"to the caller: {note.say}" for note in decision.notes]
    without = {name: {other: assumed[other] for other in assumed if other != name} for name in assumed}
    resting = {
        name
        for name, rest in without.items()
        if told != "undecided" and decided(compiled, answers, rest).possible != decision.possible
    }
    cells = [
        told,
        decision.rule.id if decision.rule else "",
        " / ".join(dict.fromkeys(because)),
        ";".join(decision.possible),
        ";".join(decision.ask_next),
        ";".join(f"{name}={answer_text(answer)}" for name, answer in assumed.items()),
        "; ".join(notes),
        "",
    ]
    return cells, frozenset(resting)


def test_rows_are_told_what_is_decided(monkeypatch):
    impossible = noted = rested = opened = 0
    for seed in range(60):
        random = Random(seed)
        monkeypatch.setattr(tails, "MAX_RULED", random.choice([0, 3_000, 1 << 20]))
        monkeypatch.setattr(tails, "MAX_BYTES", random.choice([0, 3_000, 1 << 20]))
        compiled = compile_rule_set(understand(made(seed).text.encode(), "random.yaml").rule_set)
        names = random.sample(compiled.order, len(compiled.order))
        given = names[: random.randint(1, len(names))]
        blocks = compiled.blocks
        assumable = [question.id for question in compiled.deciding if question.id not in given]
        assumed = {name: blocks[name].example(random.randrange(blocks[name].count)) for name in assumable[:2]}
        decider = Decider(compiled, {name: at for at, name in enumerate(given)}, assumed, WRITER, given)
        for known in (1.0, 0.8, 0.6, 0.3) * 8:
            picked = {name: random.randrange(blocks[name].count) for name in given if random.random() < known}
            tail = decider.tail([FIRST_KNOWN + picked[name] if name in picked else UNKNOWN for name in given])
            unknown = dict.fromkeys(given, Unanswered.UNKNOWN)
            answers = {**unknown, **{name: blocks[name].example(block) for name, block in picked.items()}}
            cells, resting = expected(compiled, answers, assumed)
            (row,) = csv.reader([tail.data.decode()])
            assert row[1:] == [" ".join(cell.split()) for cell in cells], (seed, answers)
            assert (tail.told.told, tail.told.resting) == (cells[0], resting), (seed, answers)
            if cells[0] == "undecided":
                # What is kept of the row leaves open what the row leaves open.
                again, _ = expected(compiled, dict(tail.told.open.answers if tail.told.open else ()), assumed)
                assert again[:5] == cells[:5]
                opened += 1
            impossible += cells[0] == "error"
            noted += bool(cells[6])
            rested += bool(resting)
    assert min(impossible, noted, rested, opened) > 20


def test_different_rows_are_decided_once_for_what_they_leave_open(monkeypatch):
    built = 0
    build = Table.build

    def counted(*arguments, **options):
        nonlocal built
        built += 1
        return build(*arguments, **options)

    monkeypatch.setattr(Table, "build", counted)
    compiled, random = compile_rule_set(read_rule_file(RULES / "iop-site-example.yaml").rule_set), Random(6)
    decider = Decider(compiled, {name: at for at, name in enumerate(compiled.order)}, {}, WRITER, compiled.order)
    rows = set()
    for _ in range(2_000):
        picked = [
            UNKNOWN if random.random() < 0.3 else random.randrange(FIRST_KNOWN, column.classes)
            for column in decider.columns
        ]
        decider.tail(picked)
        rows.add(tuple(picked))
    assert len(rows) > 1_900
    # Each row has the rules and a dozen notes to be looked at.
    assert built < len(rows) / 2
