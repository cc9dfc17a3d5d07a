"""Hostile and damaged files, and the two parsers of YAML against each other."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import yaml
from conftest import RULES, TESTS

from iopscreen.ruleset.findings import Faults, FileRefused, Finding, Place
from iopscreen.ruleset.nodes import _FORBIDDEN, MAX_BYTES, MAX_DEPTH, Mapping, Node, Scalar, Sequence, parse
from iopscreen.ruleset.reader import understand


def cost(data: bytes, *, pure: bool = False) -> float:
    """Seconds of processor time to read a file, or to refuse it."""
    start = time.process_time()
    with suppress(FileRefused):
        understand(data, "any.yaml", pure=pure)
    return time.process_time() - start


ORDINARY = (RULES / "iop.yaml").read_bytes()
DEAREST = 1000 * min(cost(ORDINARY) for _ in range(5))
"""What a hostile file may cost at most: it is hundreds of times as large as an ordinary one.

A ratio within one process, so that a slow machine or a tracer slows both. (An ordinary file
takes some 5 ms; 400,000 values, the most that are read, are 320 times its size.)
"""

MOST_FAULTS = 2000
"""More than anybody reads: a file with more of them is told only the first."""

needs_both = pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML has no C parser")

EVERYTHING = (TESTS / "cases/read/good/everything.yaml").read_bytes()
BIG = 3_900_000
assert BIG < MAX_BYTES


def refused(data: bytes, *, pure: bool = False) -> list[str]:
    """The names of the faults of a file that must be refused, quickly."""
    start = time.process_time()
    with pytest.raises(FileRefused) as error:
        understand(data, "hostile.yaml", pure=pure)
    assert time.process_time() - start < DEAREST
    assert 0 < len(error.value.findings) < MOST_FAULTS
    assert [finding.order for finding in error.value.findings] == sorted(f.order for f in error.value.findings)
    return [finding.name for finding in error.value.findings]


def nodes(text: str, *, pure: bool = False) -> Node | None:
    """The nodes of a text, or None where it is refused."""
    faults = Faults("text.yaml")
    node = parse(text.encode("utf-8"), faults, pure=pure)
    assert node is not None or faults.found
    return None if faults.found else node


# --- what is read ---


def test_the_text_of_the_author_is_kept():
    node = nodes("a: yes\nb: 1.10\nc: 'no'\nd: 012\n")
    assert isinstance(node, Mapping)
    assert [(key.text, value.text) for key, value in node.entries] == [
        ("a", "yes"),
        ("b", "1.10"),
        ("c", "no"),
        ("d", "012"),
    ]


@pytest.mark.parametrize("pure", [False, True], ids=["c", "pure"])
def test_plain_text_is_told_from_quoted_and_block_text(pure):
    node = nodes("- plain\n- 'quoted'\n- \"quoted\"\n- |\n  block\n- >\n  folded\n", pure=pure)
    assert isinstance(node, Sequence)
    assert [item.plain for item in node.items] == [True, False, False, False, False]


@pytest.mark.parametrize("pure", [False, True], ids=["c", "pure"])
@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL"])
def test_nothing_written_is_empty_and_quoted_nothing_is_text(nothing, pure):
    node = nodes(f"a: {nothing}\nb: '{nothing}'\n", pure=pure)
    assert isinstance(node, Mapping)
    assert [value.empty for _, value in node.entries] == [True, False]


@pytest.mark.parametrize("pure", [False, True], ids=["c", "pure"])
def test_every_value_knows_its_place(pure):
    node = nodes("# é\na: é\nb: [x, {c: 'y'}]\nd:\n  - z\n", pure=pure)
    assert isinstance(node, Mapping)
    assert places(node) == {
        "a": (2, 1),
        "é": (2, 4),
        "b": (3, 1),
        "x": (3, 5),
        "c": (3, 9),
        "y": (3, 12),
        "d": (4, 1),
        "z": (5, 5),
    }


def places(node: Node) -> dict[str, Place]:
    """The place of every scalar, by its text."""
    match node:
        case Scalar():
            return {node.text: node.place}
        case Sequence():
            return {text: place for item in node.items for text, place in places(item).items()}
    return {text: place for pair in node.entries for part in pair for text, place in places(part).items()}


@pytest.mark.parametrize("pure", [False, True], ids=["c", "pure"])
@pytest.mark.parametrize(
    ("line", "glued"),
    [("a: x #y", True), ("a: x # y", False), ("a: 'x' #y", False), ("a: x#y", False), ("a: x", False)],
)
def test_a_comment_glued_to_plain_text_is_noticed(line, glued, pure):
    node = nodes(line + "\nb: c\n", pure=pure)
    assert isinstance(node, Mapping)
    assert [value.glued_comment for _, value in node.entries] == [glued, False]


@pytest.mark.parametrize("pure", [False, True], ids=["c", "pure"])
def test_an_alias_and_a_tagged_value_stand_at_their_place_and_are_no_values(pure):
    """Whoever reads on sees that they are told already."""
    node = parse(b"a: *x\nb: !t y\nc: z", Faults("text.yaml"), pure=pure)
    assert isinstance(node, Mapping)
    assert [value for _, value in node.entries] == [
        Scalar("", False, Place(1, 4), refused=True),
        Scalar("y", True, Place(2, 4), refused=True),
        Scalar("z", True, Place(3, 4)),
    ]


# --- what is refused ---

KEYS = [b"k%d: v\n" % number for number in range(250_000)]
RANDOM = Random("junk")
HOSTILE = {
    "30,000 nested [": (b"[" * 30_000, "too-deep"),
    "30,000 nested {": (b"{" * 30_000, "too-deep"),
    "30,000 nested {a:": (b"{a: " * 30_000, "too-deep"),
    "30,000 nested -": (b"- " * 30_000, "too-deep"),
    "30,000 nested ?": (b"? " * 30_000, "too-deep"),
    "nested by indentation": (b"".join(b" " * depth + b"-\n" for depth in range(1900)), "too-deep"),
    "nested below a key": (b"format: 1\nrules: " + b"[" * 30_000, "too-deep"),
    "3.9 MB of [": (b"[" * BIG, "too-deep"),
    "alias bomb": (
        b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)),
        "yaml-feature",
    ),
    "merge bomb": (
        b"a0: &a0 {x: 1}\n" + b"".join(b"a%d: &a%d {<<: [*a%d, *a%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 60)),
        "yaml-feature",
    ),
    "3.9 MB of anchors": (b"- &a x\n" * (BIG // 7), None),
    "3.9 MB of aliases": (b"- *a\n" * (BIG // 5), None),
    "3.9 MB of tags": (b"- !t x\n" * (BIG // 7), None),
    "3.9 MB of one letter": (b"a" * BIG, "wrong-shape"),
    "3.9 MB of short lines": (b"a\n" * (BIG // 2), "wrong-shape"),
    "3.9 MB of list items": (b"- a\n" * (BIG // 4), "too-large"),
    "3.9 MB of flow items": (b"[" + b"a," * (BIG // 2) + b"]", "too-large"),
    "3.9 MB of keys": (b"".join(KEYS), "too-large"),
    "150,000 keys on one line": (
        b"{" + b", ".join(b"k%d: v" % number for number in range(150_000)) + b"}",
        "no-rule-set",
    ),
    "3.9 MB of one key": (b"a: b\n" * (BIG // 5), "too-large"),
    "3.9 MB of explicit keys": (b"? a\n" * (BIG // 4), "too-large"),
    "3.9 MB of colons": (b":" * BIG, "syntax"),
    "3.9 MB of block text": (b"a: |\n" + b"  x\n" * (BIG // 4), "no-rule-set"),
    "3.9 MB of folded text": (b"a: >\n" + b"  x\n\n" * (BIG // 5), "no-rule-set"),
    "3.9 MB of an open quote": (b'"' + b"a" * BIG, "syntax"),
    "3.9 MB of escapes": (b'"' + b"\\x41" * (BIG // 4) + b'"', "wrong-shape"),
    "3.9 MB of comments": (b"#\n" * (BIG // 2), "empty-file"),
    "3.9 MB of blank lines": (b"\n" * BIG, "empty-file"),
    "3.9 MB of documents": (b"---\n" * (BIG // 4), "several-documents"),
    "3.9 MB of directives": (b"%YAML 1.1\n" * (BIG // 10), "yaml-feature"),
    "3.9 MB of printable junk": (bytes(RANDOM.randrange(32, 127) for _ in range(BIG)), "syntax"),
    "3.9 MB of bytes": (RANDOM.randbytes(BIG), "not-utf8"),
    "3.9 MB of wide characters": ("\U0001f600".encode() * (BIG // 4), "wrong-shape"),
    "24,000 questions": (
        b"questions:\n" + b"".join(b"  q%d: {ask: A, type: yes_no}\n" % number for number in range(24_000)),
        None,
    ),
    "15,000 faulty rules": (
        b"rules:\n" + b"".join(b"  - {id: r%d, when: {x: yes}}\n" % n for n in range(15_000)),
        None,
    ),
    "20,000 keys close to a known one": (b"".join(b"questio%d: x\n" % number for number in range(20_000)), None),
    "5 MB of one letter": (b"a" * 5_000_000, "too-large"),
    "5 MB of [": (b"[" * 5_000_000, "too-large"),
    "NUL": (b"format: 1\x00\n", "control-character"),
    "UTF-16": ("format: 1\n".encode("utf-16"), "not-utf8"),
    "UTF-16, no mark, big": ("format: 1\n".encode("utf-16-be"), "control-character"),
    "UTF-16, no mark, little": ("format: 1\n".encode("utf-16-le"), "control-character"),
    "UTF-32": ("format: 1\n".encode("utf-32"), "not-utf8"),
    "latin-1": ("title: café\n".encode("latin-1"), "not-utf8"),
    "surrogates": (b"title: \xed\xa0\x80\n", "not-utf8"),
    "escape sequence": (b"title: \x1b[31m\n", "control-character"),
    "turned text": ("title: a\u202eb\n".encode(), "control-character"),
    "turned text, escaped": (b'title: "a\\u202eb"\n', "control-character"),
    "an escape sequence, escaped": (b'title: "\\e[31m"\n', "control-character"),
    "a key that hides something": (b'"tit\\u200ble": a\n', "control-character"),
    "a soft hyphen": ("title: a\u00adb\n".encode(), "control-character"),
    "an Arabic letter mark": ("title: a\u061cb\n".encode(), "control-character"),
    "a tag character": ("title: a\U000e0041b\n".encode(), "control-character"),
    "a joiner that joins nothing": ("title: de\u200dtox\n".encode(), "control-character"),
    "a joiner at the end": ("title: \u06cc\u200c\n".encode(), "control-character"),
    "tab": (b"a:\t1\n", "control-character"),
    "carriage returns": (b"a: 1\rb: 2\r", "control-character"),
    "empty": (b"", "empty-file"),
    "a byte order mark": (b"\xef\xbb\xbf", "empty-file"),
    "comments only": (b"# a\n\n# b\n", "empty-file"),
    "a document of nothing": (b"---\n", "empty-file"),
    "null": (b"null\n", "empty-file"),
    "two documents": (b"format: 1\n---\nformat: 1\n", "several-documents"),
    "a directive": (b"%YAML 1.1\n---\nformat: 1\n", "yaml-feature"),
    "a merge key": (b"a: {<<: {b: 1}}\n", "yaml-feature"),
    "a tag": (b"a: !!python/object:os.system x\n", "yaml-feature"),
    "a list as key": (b"? [a]\n: b\n", "syntax"),
    "a key twice": (b"a: 1\na: 2\n", "duplicate-key"),
    "no mapping": (b"- format\n", "wrong-shape"),
}


def test_a_file_too_deep_for_the_parser_is_told_like_any_other():
    """PyYAML 6.0.4 and later stop at a depth of their own, before all of our events were seen."""
    data = b"format: *here\nrules: " + b"[" * 30_000
    found = []
    for pure in (False, True):
        faults = Faults("rules.yaml")
        assert parse(data, faults, pure=pure) is None
        found.append([(fault.name, fault.place) for fault in faults.found])
    assert found[0] == found[1] == [("yaml-feature", (1, 9)), ("too-deep", (2, 7 + MAX_DEPTH))]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_at_once(name):
    data, expected = HOSTILE[name]
    assert expected is None or expected in refused(data)
    if expected is None:
        refused(data)


@pytest.mark.parametrize("name", [name for name, (data, _) in HOSTILE.items() if len(data) < 100_000])
def test_small_hostile_files_are_refused_at_once_by_the_pure_parser_too(name):
    refused(HOSTILE[name][0], pure=True)


EMPTY = "1:1: the file is empty [empty-file]"
COMMENTS = "1:1: the file holds nothing but comments [empty-file]"
UTF_16 = "1:1: the file is in UTF-16; save it as UTF-8 [not-utf8]"
DIRECTIVE = "directives (`%...`) are not read; remove the line [yaml-feature]"
ODD = "is not allowed in this file; remove it [control-character]"
CARRIAGE = "a carriage return without a line feed: save the file with ordinary line ends [control-character]"


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", EMPTY),
        (b" \r\n\n", EMPTY),
        (b"\xef\xbb\xbf", EMPTY),
        (b" " * (MAX_BYTES + 1), "1:1: the file is larger than 4 MiB; split it [too-large]"),
        (b"# a", COMMENTS),
        (b"# a\n---\n", COMMENTS),
        (b"~", COMMENTS),
        ("a: 1".encode("utf-16-le").join([b"\xff\xfe", b""]), UTF_16),
        ("a: 1".encode("utf-16-be").join([b"\xfe\xff", b""]), UTF_16),
        (b"\xef\xbb\xbfa: \xff", "1:4: byte 0xff is not UTF-8; save the file as UTF-8 [not-utf8]"),
        (b"a: \xc3\xa9\nb: \xc3\xa9 \x0b", f"2:6: character U+000B {ODD}"),
        (b"a: \xf3\xa0\x81\x81", f"1:4: character U+E0041 {ODD}"),
        (b"a:\t1", "1:3: a tab: use spaces [control-character]"),
        (b"a: 1\r\nb: 2\r", f"2:5: {CARRIAGE}"),
        (b"%YAML 1.1\n---\na", f"1:1: {DIRECTIVE}"),
        (b"\r\n # %\n  \n%YAML 1.1\n---\na", f"4:1: {DIRECTIVE}"),
        (b"a: 1\n--- {}", "2:1: a second document starts here; a file holds one [several-documents]"),
        (b"a:\n  - " + b"[" * 31 + b"]" * 31, "2:35: nested deeper than 32 levels [too-deep]"),
        (b'a: "\\x85"', "1:4: an escape in this text stands for U+0085; remove it [control-character]"),
    ],
)
def test_what_is_no_text_to_be_read_is_told_at_its_place(data, said, pure):
    faults = Faults("text.yaml")
    assert parse(data, faults, pure=pure) is None or said.startswith("1:4: an escape")
    assert [f"{fault.place.line}:{fault.place.column}: {fault.message} [{fault.name}]" for fault in faults.found] == [
        said
    ]


@pytest.mark.parametrize("pure", [False, True])
def test_what_reaches_a_limit_is_read(pure, monkeypatch):
    deepest = "a:\n  - " + "[" * 30 + "]" * 30
    assert nodes(deepest, pure=pure) is not None
    text = "a: 1\nb: [2]\nc: 3"
    monkeypatch.setattr("iopscreen.ruleset.nodes.MAX_NODES", 8)
    assert nodes(text, pure=pure) is not None
    monkeypatch.setattr("iopscreen.ruleset.nodes.MAX_NODES", 7)
    assert told(text, pure=pure) == ["3:4: more than 7 values; split the file [too-large]"]
    monkeypatch.setattr("iopscreen.ruleset.nodes.MAX_NODES", 1_000)
    assert told("- a\n" * 1_000, pure=pure) == ["1000:3: more than 1,000 values; split the file [too-large]"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: \x00", (2, 4)),
        ("\ufeffa\x07", (1, 2)),
        ("é: \u200b", (1, 4)),
        ("a: 1\r\nb: \r", (2, 4)),
    ],
)
def test_forbidden_characters_are_told_at_their_place(text, place):
    with pytest.raises(FileRefused) as error:
        understand(text.encode(), "text.yaml")
    assert [finding.place for finding in error.value.findings] == [place]


@pytest.mark.parametrize(("text", "place"), [('a: "\\n\\u2066"', (1, 4)), ('a: 1\n"b\\x00": 2', (2, 1))])
@pytest.mark.parametrize("pure", [False, True])
def test_escapes_of_forbidden_characters_are_told_where_their_text_begins(text, place, pure):
    faults = Faults("text.yaml")
    parse(text.encode(), faults, pure=pure)
    assert [(fault.name, fault.place) for fault in faults.found] == [("control-character", place)]


@pytest.mark.parametrize(
    "text", ['a: "one\\ntwo"', "a: \u0645\u06cc\u200c\u062f\u0627\u0646\u0645", "a: \U0001f469\u200d\u2695\ufe0f"]
)
def test_line_ends_and_joiners_in_their_place_are_read(text):
    assert "control-character" not in refused(text.encode())


@pytest.mark.parametrize("pure", [False, True])
def test_whatever_character_is_let_through_is_read_as_itself(pure):
    """So the parser itself never meets one that it refuses, for which it would have no place."""
    for plane in range(0, 0x110000, 0x10000):
        characters = (chr(code) for code in range(max(plane, 0xA0), plane + 0x10000) if not 0xD800 <= code < 0xE000)
        read = _FORBIDDEN.sub("", "".join(characters))
        node = nodes(f"a: '{read}'", pure=pure)
        assert isinstance(node, Mapping)
        assert [value.text for _, value in node.entries if isinstance(value, Scalar)] == [read]


def test_bytes_that_are_no_text_are_told_at_their_place():
    with pytest.raises(FileRefused) as error:
        understand(b"\xef\xbb\xbfa: \xc3\xa9\nb: \xc3\xa9 \xe9\n", "text.yaml")
    assert [finding.place for finding in error.value.findings] == [(2, 6)]


# --- damaged files ---


def result_or_refusal(data: bytes) -> None:
    """Anything else than a result or a refusal that says why, and where, is an error of ours."""
    findings = findings_of(data)
    assert findings is None or findings
    for finding in findings or ():
        assert finding.place >= (1, 1)
        assert finding.place.line <= data.count(b"\n") + 1


def findings_of(data: bytes) -> list[Finding] | None:
    try:
        understand(data, "damaged.yaml")
    except FileRefused as refused:
        return refused.findings
    return None


def test_the_file_that_is_damaged_below_is_whole():
    understand(EVERYTHING, "everything.yaml")


def test_every_cut_of_a_file_is_read_or_refused():
    for end in range(len(EVERYTHING)):
        result_or_refusal(EVERYTHING[:end])


@needs_both
def test_both_parsers_tell_the_same_of_every_cut():
    """Where a file ends too early, one parser sees a line more than the other."""
    text = EVERYTHING.decode("utf-8")
    for end in range(1, len(text), 29):
        assert told(text[:end], pure=False) == told(text[:end], pure=True)


def test_every_file_without_one_line_is_read_or_refused():
    lines = EVERYTHING.splitlines(keepends=True)
    for place in range(len(lines)):
        result_or_refusal(b"".join(lines[:place] + lines[place + 1 :]))
        result_or_refusal(b"".join([*lines[:place], lines[place].lstrip(), *lines[place + 1 :]]))


def test_random_damage_is_read_or_refused():
    random = Random("damage")
    for _ in range(1500):
        data = bytearray(EVERYTHING)
        for _ in range(random.choice([1, 1, 2, 8])):
            place = random.randrange(len(data))
            match random.randrange(4):
                case 0:
                    data[place] = random.randrange(256)
                case 1:
                    data[place : place + random.randint(1, 30)] = b""
                case 2:
                    data[place:place] = random.choice(BITS).encode()
                case 3:
                    other = random.randrange(len(data))
                    data[place:place] = data[other : other + 40]
        result_or_refusal(bytes(data))


def test_random_signs_are_read_or_told():
    """Short texts of little but signs: whatever stops the parser, there is one fault for it."""
    random, told_apart = Random("signs"), set()
    for _ in range(20_000):
        text = "".join(random.choice(SIGNS) for _ in range(random.randint(2, 9)))
        told_apart.update(re.sub("`.`|[0-9]+", "", line) for line in told(text, pure=False) if line.endswith("]"))
    assert len(told_apart) > 30


SIGNS = [*"ab{}[],: ?'\"-\n\\!|%@#&*", ": ", "? ", "- ", "&a", "*a", "!x"]


# --- the C and the pure Python parser ---

BITS = [
    *":-?#,[]{}&*!|>'\"%@` \n\\~<=.0é\u00a0\u3000\U0001f600",
    *(
        "\r\n",
        "---",
        "...",
        "--- ",
        "- ",
        ": ",
        " #",
        "  ",
        "\n\n",
        "\n ",
        "\n  ",
        "\n- ",
        "? ",
        "''",
        '""',
        "{}",
        "[]",
    ),
    *(
        "|2",
        "|-",
        ">+",
        "|+\n",
        "<<: ",
        "!!str ",
        "&a ",
        "*a",
        "%YAML 1.1\n",
        "\\\n",
        "\\x41",
        "\\u2028",
        "yes",
        "null",
    ),
]
SNIPPETS = [
    "a: 1\nb:\n  - x\n  - {y: z, w: [1, 2]}\nc: |\n  text\n  more\nd: >-\n  fold\n   ed\n\n  x\ne: 'q ''q'\n",
    'f: "d \\" \\n e"\ng: plain text\n  goes on\nh: {k: \'v\', "l": m}\ni: [a, b: c, {d: }, "f": g]\n',
    "- a\n- - b\n  - c\n-\n  d: e\n# comment\n- f # apart\n- g #glued\n- h#i\n",
    "title: It is so # no\nwhen: {a: {at_least: 18, below: 65}, b: [x, y]}\nlast: |+\n  keep\n\n",
]


def rule_files() -> list[Path]:
    return sorted([*RULES.glob("*.yaml"), *TESTS.rglob("*.yaml")])


def short_texts() -> list[str]:
    """Snippets, and the parts of the rule files between blank lines: short, for the pure parser is slow."""
    parts = [part for path in rule_files() for part in path.read_text("utf-8", "replace").split("\n\n")]
    return [*SNIPPETS, *(part for part in parts if 20 < len(part) < 500)]


def mutated(random: Random, text: str) -> str:
    for _ in range(random.choice([1, 1, 2, 3])):
        place = random.randrange(len(text) + 1)
        match random.randrange(4):
            case 0 | 1:
                text = text[:place] + random.choice(BITS) + text[place:]
            case 2:
                text = text[:place] + text[place + random.choice([1, 1, 2, 5]) :]
            case 3:
                text = text[:place] + random.choice(BITS) + text[place + 1 :]
    return text


@needs_both
@pytest.mark.parametrize("path", rule_files(), ids=lambda path: str(path.relative_to(TESTS.parent)))
def test_both_parsers_read_every_file_of_ours_alike(path):
    text = path.read_text("utf-8", "replace")
    assert nodes(text) == nodes(text, pure=True)


@needs_both
@pytest.mark.parametrize("batch", range(8))
def test_both_parsers_read_mutated_texts_alike(batch):
    random, texts = Random(batch), short_texts()
    accepted = 0
    for number in range(600):
        text = mutated(random, random.choice(SNIPPETS if number % 2 else texts))
        fast = nodes(text)
        assert fast == nodes(text, pure=True), f"read differently: {text!r}"
        accepted += fast is not None
    assert 100 < accepted < 500  # else the comparison says little


@needs_both
def test_every_snippet_is_read_or_told_as_it_should_be(compare):
    """Short texts, each with what is said of it; a line more where the pure parser sees it elsewhere."""
    path = TESTS / "cases" / "read" / "snippets.txt"
    lines = []
    for text in path.read_text("utf-8").split("\n=====\n"):
        fast, slow = (told(text, pure=pure) for pure in (False, True))
        lines += [f"| {line}" for line in text.split("\n")]
        lines += [*fast, *(f"pure: {line}" for line in slow if line not in fast), ""]
    compare(path.with_suffix(".out"), "\n".join(lines))


def told(text: str, *, pure: bool) -> list[str]:
    """What is wrong with a text, in the order of the file, else what it holds."""
    faults = Faults("text.yaml")
    node = parse(text.encode(), faults, pure=pure)
    found = [f"{line}:{column}: {message} [{name}]" for name, _, _, (line, column), message, *_ in faults.found]
    return sorted(found) or [sketch(node)]


def sketch(node: Node | None) -> str:
    """A node on one line, with the place of everything: quoted text in quotes, and `!` where a comment cut it."""
    match node:
        case Scalar(text, plain, place, glued):
            return f"{text if plain else repr(text)}@{place.line}:{place.column}{'!' * glued}"
        case Sequence(items, place):
            return f"[{', '.join(map(sketch, items))}]@{place.line}:{place.column}"
        case Mapping(entries, place, flow):
            held = ", ".join(f"{sketch(key)}: {sketch(value)}" for key, value in entries)
            return f"{'flow ' * flow}{{{held}}}@{place.line}:{place.column}"
    return "nothing"


@needs_both
@pytest.mark.parametrize(
    "text",
    [
        "{a:}",
        "[a:]",
        "{a:[]}",
        "{a:{}}",
        "[{},a:]",
        "[?]",
        "[? a]",
        "{? a}",
        "{a?}",
        "?",
        "? a",
        "?\n: a",
        "a: |#",
        "a: >#",
        "a: | #\n  b",
        "a: |1\n b",
        "a:\t1",
        "- a\n-b",
        "a: b: c",
        "a: 'b' c",
        "a: [b",
        "%YAML 1.2\n---\na",
        "%FOO bar\n---\na",
        "--- a",
        "--- a\n...",
        "--- a\n... b",
        "a: \u00a0b",
        "a: é #é",
        "'a': b",
        "'a':b",
        '{"a":b}',
        "a: *",
        "a: &",
        "a: !",
        "- !<",
        "a: @b",
        "a: `b",
        "a: %b",
        "a:\n- b\n- c",
        "a\n: b",
        "[a\n: b]",
        "{a\n: b}",
        "a: \"\\q\"",
        "a: 'b\n\n c'",
        "a: \"b\\\n  c\"",
    ],
)  # fmt: skip
def test_both_parsers_read_known_differences_alike(text):
    assert nodes(text) == nodes(text, pure=True)


def test_many_near_names_among_very_many_options_cost_little():
    options = ", ".join(f"option_{number}: {{label: Label {number}}}" for number in range(10_000))
    named = ", ".join(f"optoin_{number}" for number in range(600))
    text = (
        'format: 1\nid: x\nversion: "1.0.0"\ntitle: t\npolicy: first\noutcomes: {a: {label: A}}\n'
        f"questions:\n  q: {{ask: Q, type: many, options: {{{options}}}}}\n"
        f"rules:\n  - {{id: r, when: {{q: [{named}]}}, recommend: a, because: b, basis: site}}\n"
    )
    assert set(refused(text.encode())) == {"unknown-name", "too-many-faults"}


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        (f"a: {'b' * 298}: c", 302, "text with `: ` in it must be quoted"),
        (f"a: {'b' * 299}: c", 303, "`:` cannot stand here: quote text that has it, and check the indentation"),
        (f"[a, |{' ' * 298}?", 5, "text with `?` inside `{}` or `[]` must be quoted"),
        (f"[a, |{' ' * 299}?", 5, "text that starts with `|` must be quoted"),
    ],
)
def test_a_trap_is_looked_for_near_the_place_where_the_parser_stopped(text, column, said, pure):
    assert told(text, pure=pure) == [f"1:{column}: {said} [syntax]"]


def test_a_trap_in_a_line_of_a_megabyte_is_told_at_once():
    assert refused(b"a: b" + b" b: c" * 200_000 + b"\n") == ["syntax"]
    assert refused(b"a: " + b'"x" ' * 250_000 + b"\n") == ["syntax"]
