"""rules/README.md, the reference of the format: everything that it shows is tried on the reader.

Every block of YAML has a mark, a comment on the line before its fence:

    <!-- a whole rule set -->                  read silently, and audited with the cases file: clean
    <!-- part of a rule set: KEY, KEY -->      read silently in the place of these sections of the whole one
    <!-- refused: MESSAGE -->                  such a part, refused with this message and no other
    <!-- a cases file -->                      cases of the whole rule set

Tables have marks too: what their cells hold in backticks is tried in the place that they name.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import RULES, TESTS

from iopscreen import ruleset
from iopscreen.audit.acceptance import OF_THE_FILE
from iopscreen.audit.run import audit
from iopscreen.engine.blocks import MAX_BLOCKS
from iopscreen.engine.clauses import MAX_CLAUSES
from iopscreen.ruleset import model, nodes, questions, reader, statements
from iopscreen.ruleset.cases import TO_FILL_IN, understand_cases
from iopscreen.ruleset.conditions import BOUNDS
from iopscreen.ruleset.faults import FAULTS
from iopscreen.ruleset.findings import FileRefused, Finding
from iopscreen.ruleset.shape import Shape
from iopscreen.ruleset.values import MAX_DIGITS, SPELLINGS

README = (RULES / "README.md").read_text(encoding="utf-8")
LINES = README.splitlines()

WHOLE = "a whole rule set"
CASES = "a cases file"
PART = "part of a rule set: "
REFUSED = "refused: "
NAME = "my-clinic"

pytestmark = pytest.mark.filterwarnings("error")


# --- blocks, tables and marks ---------------------------------------------------------------


class Block(NamedTuple):
    """A fenced block. `mark`: the comment before it, or None. `line`: of its fence, counted from 1."""

    language: str
    mark: str | None
    line: int
    text: str


def mark_before(index: int) -> str | None:
    found = re.fullmatch(r"<!-- (.*) -->", LINES[index - 1]) if index else None
    return found[1] if found else None


def blocks() -> Iterator[Block]:
    start = None
    for index, line in enumerate(LINES):
        if not line.startswith("```"):
            continue
        if start is None:
            start = index
        else:
            text = "\n".join(LINES[start + 1 : index]) + "\n"
            yield Block(LINES[start].removeprefix("```"), mark_before(start), start + 1, text)
            start = None
    assert start is None, "a fence is never closed"


def table(mark: str) -> list[list[str]]:
    """The cells of the table with this mark, without its head."""
    start = LINES.index(f"<!-- {mark} -->") + 3
    rows = []
    for line in LINES[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    assert rows
    return rows


def codes(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


BLOCKS = list(blocks())
YAML = [block for block in BLOCKS if block.language == "yaml"]


def marked(mark: str) -> list[Block]:
    return [block for block in YAML if (block.mark or "").startswith(mark)]


def named(block: Block) -> str:
    return f"line {block.line}"


# --- parts in a frame -----------------------------------------------------------------------


def sections(text: str) -> dict[str, str]:
    """The text of each top-level key; what stands before the first counts to it."""
    starts = [found.start() for found in re.finditer(r"^\w+:", text, re.MULTILINE)]
    parts = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    return {part.partition(":")[0]: part for part in parts}


FRAME = sections(marked(WHOLE)[0].text)
BESIDE = ("outcomes", "questions")
"""Sections that stand beside those of the frame, not in their place."""


def framed(part: str) -> str:
    """The README's first rule set with the sections of `part`."""
    found = sections(part)
    for name in BESIDE:
        if name in found:
            found[name] = FRAME[name] + found[name].removeprefix(f"{name}:\n")
    return "".join((FRAME | found).values())


# What a fragment replaces or adds to, by the place that a table names. One key a line.
PLACES = {
    "rule": (
        "rules:\n  - ",
        ["id: a-rule", "when: {}", "recommend: referral", "because: It fits.", "basis: site"],
    ),
    "question": (
        "questions:\n  a_question:\n    ",
        ["ask: How is it?", "type: yes_no"],
    ),
    "case": (
        f"format: 1\nrules: {NAME}.yaml\ncases:\n  - ",
        ["id: a-case", "answers: {detox_need: yes}", "expect: {recommend: inpatient}"],
    ),
}


def placed(place: str, fragments: list[str]) -> str:
    """The text of a file with `fragments` (each a key and its value) in this place."""
    if place == "file":
        return framed("".join(f"{fragment}\n" for fragment in fragments))
    before, lines = PLACES[place]
    keys = {fragment.partition(":")[0] for fragment in fragments}
    kept = [line for line in lines if line.partition(":")[0] not in keys]
    part = before + "\n    ".join([*kept, *fragments]) + "\n"
    return part if place == "case" else framed(part)


Read = Callable[[str], object]


def read_rules(text: str) -> model.RuleSet:
    """Both parsers read the text alike; what the pure one makes of it."""
    fast = outcome(lambda: reader.understand(text.encode(), "test.yaml"))
    slow = outcome(lambda: reader.understand(text.encode(), "test.yaml", pure=True))
    assert fast == slow, "the C and the pure Python parser say different things"
    return reader.understand(text.encode(), "test.yaml", pure=True).rule_set


def outcome(read: Callable[[], object]) -> list[tuple[str, str]]:
    """The names and messages of the faults, none where it is read. A parser's own words do not count."""
    try:
        read()
    except FileRefused as refused:
        found = [(finding.name, finding.message) for finding in refused.findings]
        return [(name, "" if "cannot be read on from here" in message else message) for name, message in found]
    return []


def read_cases(text: str) -> object:
    return understand_cases(text.encode(), f"{NAME}.cases.yaml", f"{NAME}.yaml", read_rules(framed("")))


def faults(text: str, read: Read = read_rules) -> list[Finding]:
    with pytest.raises(FileRefused) as error:
        read(text)
    return error.value.findings


# --- every block ----------------------------------------------------------------------------


def test_every_yaml_block_has_a_mark_that_is_known():
    unmarked = [block.line for block in YAML if not (block.mark or "").startswith((WHOLE, CASES, PART, REFUSED))]
    assert unmarked == []
    assert len(marked(WHOLE)) == len(marked(CASES)) == 1
    assert len(marked(PART)) + len(marked(REFUSED)) == len(YAML) - 2


def test_a_block_of_another_language_is_no_yaml_in_disguise():
    assert {block.language for block in BLOCKS} == {"yaml", "sh"}


@pytest.mark.parametrize("block", marked(PART), ids=named)
def test_a_part_is_read_silently_in_the_place_of_the_sections_it_names(block):
    assert list(sections(block.text)) == block.mark.removeprefix(PART).split(", ")
    read_rules(framed(block.text))


@pytest.mark.parametrize("block", marked(REFUSED), ids=named)
def test_a_refused_part_is_refused_with_exactly_its_message(block):
    messages = [finding.message for finding in faults(framed(block.text))]
    assert messages == [block.mark.removeprefix(REFUSED)]


def test_the_whole_rule_set_and_its_cases_are_clean(tmp_path):
    rules = tmp_path / f"{NAME}.yaml"
    rules.write_text(marked(WHOLE)[0].text, encoding="utf-8")
    (tmp_path / f"{NAME}.cases.yaml").write_text(marked(CASES)[0].text, encoding="utf-8")
    result = audit(str(rules), {}, today="2026-11-23")
    assert result.complete
    assert [finding.message for finding in result.findings] == []
    assert result.facts.passed == marked(CASES)[0].text.count("id: ")
    assert not result.facts.coverage["rules"].missing


def test_the_whole_rule_set_is_as_long_as_a_first_one_may_be():
    assert len(marked(WHOLE)[0].text.splitlines()) <= 42


# --- every table ----------------------------------------------------------------------------


@pytest.mark.parametrize("row", table("tests"), ids=lambda row: row[1])
def test_every_test_of_the_table_of_conditions_is_read(row):
    kind, tests, _ = row
    assert codes(tests)
    for test in codes(tests):
        rule_set = read_rules(placed("rule", [f"when: {test}"]))
        tested = {rule_set.question[found.subject].kind.value for found in model.tests_of(rule_set.rules[0].condition)}
        assert tested == set(codes(kind)) or (kind == "any" and tested)


def test_the_table_of_conditions_shows_every_type_and_word():
    kinds = {codes(row[0])[0] for row in table("tests") if codes(row[0])}
    assert kinds == {kind.value for kind in model.Kind}
    words = " ".join(row[1] + row[2] for row in table("tests"))
    for word in (*BOUNDS, *questions.RESERVED_QUESTIONS, "any", "all", "none"):
        assert re.search(rf"\b{word}\b", words), word


def test_the_table_of_spellings_is_that_of_the_program():
    shown = {codes(row[0])[0]: tuple(codes(row[1])) for row in table("spellings")}
    known = {str(meaning): tuple(text for text in texts if text) for meaning, texts in SPELLINGS.items()}
    assert shown == known
    blank = {codes(row[0])[0] for row in table("spellings") if "blank" in row[1]}
    assert blank == {str(meaning) for meaning, texts in SPELLINGS.items() if "" in texts}


def trap_message(cell: str) -> tuple[str, str]:
    """The message that a row shows, and the name of its finding."""
    found = re.fullmatch(r"`` (.*) `` \[([a-z0-9-]+)\]", cell)
    assert found, cell
    return found[1], found[2]


TRAPS = table("traps")


@pytest.mark.parametrize("row", TRAPS, ids=lambda row: row[1])
def test_every_trap_is_refused_with_its_message(row):
    place, written, says, _ = row
    message, name = trap_message(says)
    read = read_cases if place == "case" else read_rules
    found = [(finding.name, finding.message) for finding in faults(placed(place, codes(written)), read)]
    assert (name, message) in found
    assert {other for other, _ in found} <= {name, "empty-value"}  # text that is cut away leaves its key empty


@pytest.mark.parametrize("row", [row for row in TRAPS if row[3].startswith("`")], ids=lambda row: row[3])
def test_what_is_to_be_written_instead_is_read(row):
    place, written, _, right = row
    assert codes(right) != codes(written)
    (read_cases if place == "case" else read_rules)(placed(place, codes(right)))


FILES = {
    "the file is empty": b"",
    "the file is in UTF-16; save it as UTF-8": "format: 1\n".encode("utf-16"),
    "a tab: use spaces": b"format:\t1\n",
    "a second document starts here; a file holds one": b"format: 1\n---\nformat: 1\n",
    "the file is larger than 4 MiB; split it": b"#" * (nodes.MAX_BYTES + 1),
    "more than 400,000 values; split the file": b"[" + b"1," * nodes.MAX_NODES + b"]",
    "more than 1,000 questions; nobody could ask them in one call": b"format: 1\nid: many\nversion: '1.0.0'\ntitle: T\n"
    b"policy: first\noutcomes: {low: {label: Low}}\nquestions:\n"
    + b"".join(b"  q%d: {ask: Q, type: yes_no}\n" % at for at in range(1_001))
    + b"rules:\n  - {id: r, when: {}, recommend: low, because: x, basis: site}\n",
    "nested deeper than 32 levels": b"[" * 33 + b"]" * 33,
    "500 faults so far; mend these before the rest is looked at": b"format: 1\n"
    + b"".join(b"k%d: v\n" % at for at in range(600)),
    "this file is no rule set, for it has none of `format`, `policy`, `outcomes`, `questions`, `rules`; "
    "name the rule files, and not this one": b"services:\n  db: {image: postgres}\nvolumes: {}\n",
}
"""By message: the bytes of a file that must be answered with it, and with nothing after it."""


@pytest.mark.parametrize("row", table("files"), ids=lambda row: row[1])
def test_what_is_wrong_with_a_file_as_a_whole_is_said_so(row, tmp_path):
    name, message = row[0].strip("[]"), row[1]
    path = tmp_path / "file.yaml"
    if name != "unreadable":
        path.write_bytes(FILES[message])
    with pytest.raises(FileRefused) as error:
        reader.read_rule_file(str(path))
    found = [(finding.name, finding.message) for finding in error.value.findings]
    assert (name, message) in found
    assert len(found) == (501 if name == "too-many-faults" else 1)


def test_nesting_to_the_limit_is_read_as_yaml():
    with pytest.raises(FileRefused) as error:
        reader.understand(b"[" * 31 + b"x" + b"]" * 31, "deep.yaml")
    assert [finding.name for finding in error.value.findings] == ["wrong-shape"]


def test_the_silent_trap_is_silent():
    [line] = [line for line in LINES if line.startswith("One trap stays silent")]
    written, read = codes(line)[:2]
    assert read_rules(placed("question", [written])).question["a_question"].help == read


def test_the_signs_that_need_quotes_do():
    [line] = [line for line in LINES if line.startswith("- Text needs quotes")]
    signs = [code for code in codes(line) if len(code) == 1]
    assert len(signs) > 5
    for sign in signs:
        assert outcome(lambda sign=sign: read_rules(placed("question", [f"help: {sign}urgent"]))), sign
        assert read_rules(placed("question", [f'help: "{sign}urgent"'])).question["a_question"].help == f"{sign}urgent"


# --- nothing is left out --------------------------------------------------------------------


def finding_names() -> set[str]:
    """The names of the findings of the reader, from its source: the first argument of what adds one."""
    names = set()
    for path in Path(ruleset.__file__).parent.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not call.args or not isinstance(call.args[0], ast.Constant):
                continue
            called = getattr(call.func, "attr", None) or getattr(call.func, "id", "")
            if called in ("add", "_fault", "Finding") and len(call.args) > 1:
                names.add(call.args[0].value)
    return names


def test_every_finding_of_the_reader_is_in_a_table():
    shown = {trap_message(row[2])[1] for row in TRAPS} | {row[0].strip("[]") for row in table("files")}
    assert len(shown) > 15
    assert shown == finding_names() == set(FAULTS)


def keys_read() -> set[str]:
    """Every key that the reader asks for while it reads a file that has them all."""
    seen: set[str] = set()
    original = Shape.fields

    def spied(self, node, what, required, optional=()):
        seen.update(required, optional)
        return original(self, node, what, required, optional)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shape, "fields", spied)
        reader.understand((TESTS / "cases/read/good/everything.yaml").read_bytes(), "everything.yaml", pure=True)
        read_cases(marked(CASES)[0].text)
        for block in marked(PART):
            read_rules(framed(block.text))
    return seen


def test_every_key_of_the_format_is_explained():
    declared = {*reader.REQUIRED, *reader.OPTIONAL, *questions.QUESTION_KEYS, *statements.SECTIONS}
    declared |= {key for required, optional, _ in statements.SECTIONS.values() for key in (*required, *optional)}
    read = keys_read()
    assert declared <= read
    values = [*model.Kind, *model.Policy, *model.Basis, *reader.RESERVED_OUTCOMES]
    words = {*read, *questions.RESERVED_QUESTIONS, *BOUNDS, *values, "document", "staff", "caller", TO_FILL_IN}
    words |= set(OF_THE_FILE)
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    assert sorted(word for word in words if f"`{word}`" not in prose) == []


def test_the_limits_are_those_of_the_program():
    limits = LINES[next(at for at, line in enumerate(LINES) if line.startswith("**Limits.**")) :][:6]
    text = " ".join(limits)
    for number in (
        f"{nodes.MAX_BYTES // 2**20} MiB",
        f"{nodes.MAX_DEPTH} levels",
        f"{nodes.MAX_NODES:,} values",
        f"{MAX_DIGITS} digits",
        f"{MAX_BLOCKS:,} answers",
        f"{MAX_CLAUSES:,} alternatives",
    ):
        assert number in text


def test_every_link_within_the_page_and_beside_it_leads_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in LINES if line[:1] == "#"
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.removeprefix("#") in headings if target.startswith("#") else (RULES / target).is_file()


# --- digests --------------------------------------------------------------------------------


def test_the_command_for_digests_gives_those_of_the_example(tmp_path):
    """The command is run as written, by this Python, on the text that the example cites."""
    [command] = [block.text.strip() for block in BLOCKS if block.language == "sh"]
    found = re.fullmatch(r'python -c "([^"]+)" handbook\.txt', command)
    assert found, command
    shutil.copy(TESTS / "rulesets" / "loan-handbook.txt", tmp_path / "handbook.txt")
    done = subprocess.run(
        [sys.executable, "-c", found[1], "handbook.txt"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    [block] = [block for block in marked(PART) if "digest: " in block.text]
    source = next(source for source in read_rules(framed(block.text)).sources if source.passages)
    assert lines[0] == source.digest
    for passage in source.passages:
        assert f"{passage.digest} {passage.section} {passage.paragraph}" in lines


def test_the_digests_of_the_example_are_verified(tmp_path):
    [block] = [block for block in marked(PART) if "digest: " in block.text]
    path = tmp_path / f"{NAME}.yaml"
    path.write_text(framed(block.text), encoding="utf-8")
    text = (TESTS / "rulesets" / "loan-handbook.txt").read_text(encoding="utf-8")
    names = {finding.name for finding in audit(str(path), {"handbook": text}, today=None).findings}
    assert not names & {"stale-citation", "source-changed", "unverified-citations"}
    names = {finding.name for finding in audit(str(path), {"handbook": text.replace("two", "2")}, today=None).findings}
    assert "stale-citation" in names
