"""The schemas for editors: they accept what the reader accepts, and refuse what a schema can refuse.

Good files are mutated: keys dropped, added and renamed, values swapped and replaced. An editor's
reader of YAML (1.2, core schema) is played by `seen`, over our own nodes. An independent validator
judges what it sees.
"""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from functools import cache
from random import Random
from typing import NamedTuple

import pytest
from conftest import RULES, TESTS
from jsonschema import Draft7Validator
from random_rule_sets import made, random_answers

from iopscreen.export import shapes
from iopscreen.export.hover import HOVER
from iopscreen.export.schema import cases_schema, rules_schema
from iopscreen.ruleset.cases import understand_cases
from iopscreen.ruleset.findings import Faults, FileRefused
from iopscreen.ruleset.model import RuleSet
from iopscreen.ruleset.nodes import Mapping, Node, Scalar, Sequence, parse
from iopscreen.ruleset.questions import RESERVED_QUESTIONS
from iopscreen.ruleset.reader import understand
from iopscreen.ruleset.shape import Shape
from iopscreen.ruleset.values import AnswerReader, answer_text

GOOD = [
    *sorted((TESTS / "cases" / "read" / "good").glob("*.yaml")),
    *(path for path in sorted(RULES.glob("*.yaml")) if not path.name.endswith(".cases.yaml")),
    TESTS / "rulesets" / "loan.yaml",
]
WITH_CASES = [RULES / "iop.yaml", RULES / "iop-site-example.yaml", TESTS / "rulesets" / "loan.yaml"]


# --- files as trees: mutated, written, and seen by an editor ---------------------------------


class Leaf(NamedTuple):
    """A single value of a file."""

    text: str
    plain: bool = True


Tree = dict | list | Leaf


def tree(node: Node) -> Tree:
    match node:
        case Mapping(found):
            return {key.text: tree(value) for key, value in found}
        case Sequence(found):
            return [tree(item) for item in found]
        case Scalar(text, plain):
            return Leaf(text, plain)


def root_of(data: bytes) -> Node:
    faults = Faults("file.yaml")
    root = parse(data, faults)
    assert root is not None and not faults.found, [(fault.place, fault.message) for fault in faults.found]
    return root


def written(part: Tree) -> str:
    """The tree as YAML in one line. What is plain and harmless stays plain, all else is quoted."""
    if isinstance(part, dict):
        return "{" + ", ".join(f"{_scalar(Leaf(key))}: {written(value)}" for key, value in part.items()) + "}"
    if isinstance(part, list):
        return "[" + ", ".join(map(written, part)) + "]"
    return _scalar(part)


def _scalar(leaf: Leaf) -> str:
    harmless = re.fullmatch(r"~|[\w.+][\w.+-]*(?: [\w.+-]+)*|-?\d[\d.]*", leaf.text, re.ASCII)
    return leaf.text if leaf.plain and harmless else json.dumps(leaf.text, ensure_ascii=False)


def seen(node: Node) -> object:
    """What an editor sees: YAML 1.2, chapter 10.3.2."""
    match node:
        case Mapping(found):
            return {key.text: seen(value) for key, value in found}
        case Sequence(found):
            return [seen(item) for item in found]
        case Scalar(text, plain):
            return resolved(text) if plain else text


def resolved(text: str) -> object:
    if re.fullmatch(r"null|Null|NULL|~|", text):
        return None
    if re.fullmatch(r"true|True|TRUE|false|False|FALSE", text):
        return text.lower() == "true"
    if re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    if re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", text):
        return int(text, 0)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        return float(text)
    if re.fullmatch(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN", text):
        return float(text.lower().replace(".", ""))
    return text


# --- mutations -------------------------------------------------------------------------------

VALUES = [
    *map(
        Leaf, ["~", "", "7", "-3", "0", "1", "99999", "1234567890123456", "1.5", "18.0", "true", "False", "yes", "No"]
    ),
    *map(
        Leaf,
        ["unknown", "dk", "one", "many", "external", "stated", "unique", "a_name", "a-name", "A Name", "2026-02-11"],
    ),
    *(
        Leaf(text, False)
        for text in ("12", " 12 ", "", "  ", "true", "???", "2026-13-01", "sha256:0", "1.0.0", "no_rule")
    ),
    [],
    {},
    [Leaf("a_name")],
    {"any": Leaf("a_name")},
    {"at_least": Leaf("3")},
    {"not": Leaf("a_name")},
    {"say": Leaf("Something")},
    [[Leaf("a_name")]],
]
KEYS = ["hlep", "when", "id", "any", "is", "not", "any_of", "undecided", "a_name", "a-name", "A", " a_name ", "alone"]


CHANGES = ["drop", "add", "rename", "replace", "replace", "swap", "wrap", "copy", "quote"]


def containers(part: Tree) -> list[dict | list]:
    if isinstance(part, Leaf):
        return []
    inside = part.values() if isinstance(part, dict) else part
    return [part, *(found for value in inside for found in containers(value))]


def mutate(random: Random, root: Tree) -> None:
    """One change at one place."""
    places = [place for place in containers(root) if place]
    if not places:
        return
    place = random.choice(places)
    key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
    match random.choice(CHANGES):
        case "drop":
            del place[key]
        case "add" if isinstance(place, dict):
            known = random.choice(places)
            place[random.choice([*KEYS, *(known if isinstance(known, dict) else [])])] = random.choice(VALUES)
        case "add":
            place.append(random.choice(VALUES))
        case "rename" if isinstance(place, dict):
            new = random.choice([*KEYS, key.upper(), f" {key}", key[:-1]])
            renamed = {new if other == key else other: value for other, value in place.items()}
            place.clear()
            place.update(renamed)
        case "swap":
            other = random.choice(places)
            at = random.choice(list(other) if isinstance(other, dict) else range(len(other)))
            mine, theirs = copy.deepcopy(place[key]), copy.deepcopy(other[at])
            place[key], other[at] = theirs, mine
        case "wrap":
            place[key] = [place[key]]
        case "copy":
            other = random.choice(places)
            place[key] = copy.deepcopy(random.choice(list(other.values()) if isinstance(other, dict) else other))
        case "quote" if isinstance(place[key], Leaf):
            text, plain = place[key]
            place[key] = Leaf(
                random.choice([text, f" {text} ", text.upper(), f"{text}x"]), random.choice([plain, False])
            )
        case _:
            place[key] = random.choice(VALUES)


def mutant(random: Random, original: Tree, inside: tuple[str, ...] = ()) -> bytes:
    """The file with a change or two; with `inside`, in these sections alone."""
    root = copy.deepcopy(original)
    parts = [root[section] for section in inside if section in root] or [root]
    for _ in range(random.choice([1, 1, 2])):
        mutate(random, random.choice(parts))
    return written(root).encode()


# --- what a schema cannot say ----------------------------------------------------------------

STRUCTURAL = ("unknown-key", "missing-key", "wrong-shape", "wrong-value", "empty-value", "bad-name")

# Names of the reader's other faults are about a file's text (syntax, cut-text, duplicate-key ...) or
# about names that stand elsewhere in it (unknown-name, duplicate-id, ambiguous-name, for-notes-question).
SEEN = [
    (
        r"`(?:[-+]?[\d.]+(?:e\d+)?|0x\w+|0o\w+)`; it should be a whole number",
        "an editor sees a whole number in 18.0, +5",
    ),
    (r"`[-+]?\d+\.0+` is not a whole number", "the same"),
    (r"`(?i:true|false)` is not a name for", "an editor sees the boolean, as in `true`, which may be a name"),
    (r"outside the range", "a range stands elsewhere in the file, and a number in quotes is a text"),
    (r"`range` of .* should be the smallest and the largest", "that one number is smaller than the other"),
]
ELSEWHERE = [
    (r"is not an? option of setting", "the options of a setting stand elsewhere in the file"),
    (r"^`when_no_column` of .*: ", "the options, and the site's spellings, stand elsewhere in the file"),
    (r"^`when_no_column` assumes", "the site's spellings stand elsewhere in the file"),
    (r"the id of .* is empty", "a key is always a text"),
]
TYPES = [
    (r"the test of `.*` is .*; it should be yes or no", "the type of a question stands elsewhere in the file"),
    (r"the test of `.*` is .*; it should be a mapping such as", "the same"),
    (r"the test of `.*` is an? .*; it should be a value or a list", "the same"),
    (r"is not a key of the test of|the test of `.*` has no `not`", "the same"),
    (r"an option of `.*` is empty", "the same"),
    (
        r"of the test of `.*` is `[a-z][a-z0-9_]*`; it should be a whole number",
        "which names are those of settings, too",
    ),
]
CASES_CANNOT = [
    (r"`rules` is .*; the rule file beside this one", "a schema of any file does not know the file's name"),
    (r"the answer of `.*`", "the type of a question, and its options, stand in the rule file"),
]
OWN_CASES_CANNOT = [
    (r"names an option that excludes all others", "which options exclude others would double the schema"),
]


def sayable(faults: list, cannot: list[tuple[str, str]], names: tuple[str, ...] = STRUCTURAL) -> list[str]:
    """The faults that a schema has to refuse."""
    patterns = [pattern for pattern, _ in cannot]
    return [
        fault.message
        for fault in faults
        if fault.name in names and not any(re.search(pattern, fault.message) for pattern in patterns)
    ]


# --- the schemas -----------------------------------------------------------------------------


def validator(schema: dict) -> Draft7Validator:
    return Draft7Validator(json.loads(json.dumps(schema, allow_nan=False)))


@cache
def of_any(kind: str) -> Draft7Validator:
    return validator(rules_schema() if kind == "rules" else cases_schema())


def rules_of(data: bytes) -> RuleSet | list:
    try:
        return understand(data, "rules.yaml").rule_set
    except FileRefused as refused:
        return refused.findings


def complaint(judge: Draft7Validator, data: bytes) -> str | None:
    found = next(judge.iter_errors(seen(root_of(data))), None)
    return None if found is None else f"{list(found.path)}: {found.message[:300]}"


def judged(judge: Draft7Validator, data: bytes, faults: list, must_refuse: list[str]) -> bool:
    """Compare the two; True where both refuse."""
    said = complaint(judge, data)
    if not faults:
        assert said is None, f"a false alarm: {said}\n{data.decode()}"
    if must_refuse:
        assert said is not None, f"not refused: {must_refuse}\n{data.decode()}"
    return bool(faults) and said is not None


SEEDS = range(14)


def mutants_of(data: bytes) -> range:
    """As many mutants as take about as long for every file."""
    return range(max(2, min(9, 6_000 // len(data))))


def originals() -> list[tuple[str, bytes]]:
    random_ones = [(f"random {seed}", made(seed).text.encode()) for seed in SEEDS]
    return [*((path.name, path.read_bytes()) for path in GOOD), *random_ones]


def test_what_the_reader_accepts_is_accepted():
    for name, data in originals():
        rule_set = rules_of(data)
        assert isinstance(rule_set, RuleSet), name
        assert complaint(of_any("rules"), data) is None, name
        assert complaint(validator(rules_schema(rule_set)), data) is None, name


def test_mutated_rule_files_are_judged_as_the_reader_judges_them():
    both = accepted = 0
    for name, data in originals():
        original = tree(root_of(data))
        random = Random(f"schema {name}")
        for _ in mutants_of(data):
            changed = mutant(random, original)
            read = rules_of(changed)
            faults = [] if isinstance(read, RuleSet) else read
            accepted += not faults
            both += judged(of_any("rules"), changed, faults, sayable(faults, SEEN + ELSEWHERE + TYPES))
    assert accepted > 10
    assert both > 40


INSIDE = ("rules", "notes", "guarantees", "impossible", "emergency", "undecided", "accept")


def test_the_schema_of_a_rule_set_knows_its_names():
    both = accepted = 0
    for name, data in originals():
        rule_set = rules_of(data)
        judge = validator(rules_schema(rule_set))
        original = tree(root_of(data))
        random = Random(f"own schema {name}")
        for _ in mutants_of(data):
            changed = mutant(random, original, INSIDE)
            read = rules_of(changed)
            faults = [] if isinstance(read, RuleSet) else read
            if not faults and cites(read) - set(rule_set.passage):
                assert not rule_set.passage or complaint(judge, changed) is not None
                continue  # for the reader it may name anything; the audit calls it an error
            accepted += not faults
            names = (*STRUCTURAL, "unknown-name")
            both += judged(judge, changed, faults, sayable(faults, SEEN, names))
    assert accepted > 10
    assert both > 40


def cites(rule_set: RuleSet) -> set[str]:
    entries = [*rule_set.rules, *rule_set.notes, *rule_set.guarantees, *rule_set.impossible, *rule_set.undecided.staff]
    found = {cite.id for entry in entries for cite in entry.cite}
    return found | {cite.id for cite in (rule_set.emergency.cite if rule_set.emergency else ())}


# --- cases -----------------------------------------------------------------------------------


def read_cases(data: bytes, rule_set: RuleSet, rules_name: str) -> list:
    try:
        understand_cases(data, "x.cases.yaml", rules_name, rule_set)
    except FileRefused as refused:
        return refused.findings
    return []


def case_files() -> list[tuple[str, RuleSet, bytes]]:
    """Rule files, understood, and their cases."""
    real = [
        (path.name, rules_of(path.read_bytes()), path.with_suffix(".cases.yaml").read_bytes()) for path in WITH_CASES
    ]
    return [*real, *(random_cases(seed) for seed in SEEDS)]


def random_cases(seed: int) -> tuple[str, RuleSet, bytes]:
    rule_set, random = rules_of(made(seed).text.encode()), Random(f"cases {seed}")
    cases = []
    for number in range(4):
        outcome, rule = random.choice([*rule_set.outcome, "no_rule"]), random.choice(list(rule_set.rule))
        answers = random_answers(random, rule_set, 0.6)
        case = {
            "id": Leaf(f"case-{number}"),
            "answers": {question: answer_leaf(random, answer) for question, answer in answers.items()},
            "expect": {"recommend": Leaf(outcome), "rule": Leaf(rule)},
        }
        cases.append(case)
    file = {"format": Leaf("1"), "rules": Leaf("random.yaml"), "cases": cases}
    return "random.yaml", rule_set, written(file).encode()


def answer_leaf(random: Random, answer: object) -> Tree:
    if isinstance(answer, tuple) and random.random() < 0.5:
        return [Leaf(option) for option in answer]
    return Leaf(answer_text(answer))


def test_cases_are_judged_as_the_reader_judges_them():
    both = accepted = 0
    for name, rule_set, data in case_files():
        own = validator(cases_schema(rule_set, name))
        original = tree(root_of(data))
        random = Random(f"schema of {name}")
        for changed in [data, *(mutant(random, original) for _ in mutants_of(data))]:
            faults = read_cases(changed, rule_set, name)
            accepted += not faults
            both += judged(of_any("cases"), changed, faults, sayable(faults, SEEN + CASES_CANNOT))
            names = (*STRUCTURAL, "unknown-name", "to-fill-in")
            judged(own, changed, faults, sayable(faults, SEEN + OWN_CASES_CANNOT, names))
    assert accepted > 10
    assert both > 40


SPELLED = TESTS / "cases" / "schema"
NOT_JUDGED = {
    *(".INF", "0x1F", "05", "31", "100", "1.0", "+7", "-0"),  # an editor sees a number, and another text stands for it
    *('"-7"', '"91"', '"98"', '"100"', '"999"'),  # a range cannot be said of a text
    '"not  known"',  # in plain text, the two spaces are one
    *("none;wine", '"none;wine"'),  # that one option excludes all others would double the schema
}
"""Written so in the file, and perhaps accepted. So is what is not ASCII, and near a spelling that is not."""


@pytest.mark.parametrize("question", ["sure", "who", "what", "age"])
def test_every_spelling_of_an_answer_is_accepted_and_no_other(question):
    rule_set = rules_of((SPELLED / "spelled.yaml").read_bytes())
    schema = cases_schema(rule_set, "x.yaml")
    judge = validator(schema["properties"]["cases"]["items"]["properties"]["answers"])
    reader = AnswerReader(rule_set.question[question], rule_set.spellings)
    texts = (SPELLED / "spellings.txt").read_text("utf-8").splitlines()
    agreed = 0
    for text in [*texts, "", "  ", "\u00a0yes ", "beer\n"]:
        quoted = json.dumps(text, ensure_ascii=False)
        for data in {text, quoted, f"[{quoted}]"}:
            try:
                [(_, node)] = root_of(f"a: {data}".encode()).entries
            except AssertionError:
                continue  # nothing that a file may hold
            read, accepted = answer_of(node, reader) is not None, judge.is_valid({question: seen(node)})
            assert accepted or not read, f"a false alarm: {data}"
            assert read or not accepted or data in NOT_JUDGED or not text.isascii(), f"not refused: {data}"
            agreed += read == accepted
    assert agreed > len(texts) * 2


def answer_of(node: Node, reader: AnswerReader) -> object:
    """As a case has it."""
    faults = Faults("x")
    answer = Shape(faults).answer(node, reader, "it")
    return None if faults.found else answer


def test_what_may_become_ascii_when_case_is_put_aside_is_not_judged():
    pattern = re.compile(rf"{shapes._FOLDED}|\s|\u2019")
    for point in range(0x80, 0x110000):
        if not 0xD800 <= point < 0xE000:
            letter = chr(point)
            if unicodedata.normalize("NFC", letter.casefold()).isascii():
                assert pattern.fullmatch(letter), hex(point)


# --- one source of truth ---------------------------------------------------------------------


def objects(schema: object) -> list[dict]:
    """Every mapping with known keys in a schema."""
    if isinstance(schema, list):
        return [found for part in schema for found in objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("additionalProperties") is False else []
    return [*own, *(found for part in schema.values() for found in objects(part))]


def keys(required: object, known: object) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(required), frozenset(known)


def keys_read(monkeypatch) -> set[tuple[frozenset[str], frozenset[str]]]:
    """Required and known keys of each mapping that the reader reads in files which have them all."""
    found = set()
    original = Shape.fields

    def spied(self, node, what, required, optional=()):
        found.add(keys(required, (*required, *optional)))
        return original(self, node, what, required, optional)

    monkeypatch.setattr(Shape, "fields", spied)
    rule_set = rules_of((TESTS / "cases/read/good/everything.yaml").read_bytes())
    read_cases(b"{format: 1, rules: x, cases: [{id: a, answers: {}, expect: {recommend: iop}}]}", rule_set, "x")
    return found


def test_the_keys_are_those_of_the_reader(monkeypatch):
    in_schema = {
        keys(found.get("required", ()), found["properties"])
        for schema in (rules_schema(), cases_schema())
        for found in objects(schema)
    }
    conditions = keys((), RESERVED_QUESTIONS)
    assert {found for found in in_schema if found != conditions} == keys_read(monkeypatch)


def test_every_key_has_words_and_all_words_have_a_key():
    properties = [found for schema in (rules_schema(), cases_schema()) for found in objects(schema)]
    for found in properties:
        for key, shape in found["properties"].items():
            assert shape["description"], key
    shown = {shape["description"] for found in properties for shape in found["properties"].values()}
    said = {words for kind, known in HOVER.items() for words in known.values() if kind != "condition"}
    assert said <= shown


def test_the_words_of_a_question_are_those_of_the_reference():
    """The table of the keys of a question, in `rules/README.md`."""
    _, _, rest = (RULES / "README.md").read_text("utf-8").partition("## Questions\n")
    rows = [line.split(" | ") for line in rest.partition("## Answers")[0].splitlines() if line.startswith("| `")]
    told = {row[0].strip("| `"): plainly(row[-2]) for row in rows}
    keys = "ask ask_other type help means unit range if_unanswered when_no_column column"
    for key in keys.split():
        assert plainly(HOVER["question"][key]) in told[key], key


def plainly(words: str) -> str:
    """Small letters alone; a key's owner stands in the table's own column, or before the words."""
    words = words.removeprefix("For `whole_number`: ").removeprefix("for `whole_number`: ")
    return re.sub("[^a-z]", "", words.lower())


@pytest.mark.parametrize("path", [None, *WITH_CASES], ids=lambda path: path.stem if path else "any")
def test_the_schemas_are_draft_07_and_their_patterns_are_read_alike_everywhere(path):
    rule_set = rules_of(path.read_bytes()) if path else None
    for schema in (rules_schema(rule_set), cases_schema(rule_set, path.name if path else None)):
        Draft7Validator.check_schema(schema)
        text = json.dumps(schema, allow_nan=False)
        for pattern in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', text):
            escapes = re.findall(r"\\(.)", json.loads(pattern))
            assert set(escapes) <= set(r"sSx.^$*+?()[]{}|/\\"), pattern
            assert not re.search(r"\(\?(?!:)", json.loads(pattern)), pattern
