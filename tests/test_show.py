"""How a rule set is drawn, in every format; and an audit as a page. Expected outputs are files in `cases/show`."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from random import Random

import pytest
from conftest import RULES, TESTS
from random_rule_sets import made
from typer.testing import CliRunner

from iopscreen.audit.overview import Overview, overview
from iopscreen.audit.run import AuditResult, audit
from iopscreen.audit.subject import Undecided
from iopscreen.cli import app
from iopscreen.engine import largest
from iopscreen.engine.compiled import compile_rule_set
from iopscreen.engine.flow import Asked, End
from iopscreen.export.mermaid import flow_mermaid
from iopscreen.report.audit_page import audit_html
from iopscreen.report.rule_page import show_html
from iopscreen.report.show import show_json, show_markdown, show_text
from iopscreen.ruleset import model
from iopscreen.ruleset.findings import Finding, Place, Severity
from iopscreen.ruleset.model import RuleFile
from iopscreen.ruleset.reader import understand

CASES = TESTS / "cases" / "show"
FILES = sorted(CASES.glob("*.yaml"))
ROOT = TESTS.parent
TODAY = "2026-11-23"


def drawn(data: str, path: str = "test.yaml") -> Overview:
    file = understand(data.encode(), path)
    return overview(file, compile_rule_set(file.rule_set))


@cache
def of_case(name: str) -> Overview:
    return drawn((CASES / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def body(page: str) -> str:
    """A page without its style sheet."""
    return re.sub(r"<style>.*?</style>\n", "", page, flags=re.S)


FORMATS = {
    "txt": lambda found: show_text(found, 80),
    "md": show_markdown,
    "mmd": flow_mermaid,
    "json": lambda found: json.dumps(show_json(found), ensure_ascii=False, indent=1) + "\n",
    "html": lambda found: body(show_html(found)),
}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_drawn(path, ending, compare):
    compare(path.with_suffix(f".{ending}"), FORMATS[ending](of_case(path.stem)))


def test_every_expected_output_belongs_to_a_rule_file():
    stems = {path.stem for path in FILES}
    assert {path.name for path in CASES.iterdir()} == {f"{stem}.{end}" for stem in stems for end in ("yaml", *FORMATS)}


def test_where_no_region_is_found_no_empty_table_is_drawn(monkeypatch):
    for limit in ("MAX_PATHS", "MAX_DEAD_ENDS", "MAX_SEARCHES"):
        monkeypatch.setattr(largest, limit, 0)
    shown = {ending: draw(of_case("hole")) for ending, draw in FORMATS.items()}
    for ending in ("txt", "md", "html"):
        assert "in further regions" in shown[ending]
    assert [one["regions"] for one in json.loads(shown["json"])["regions"]] == [[], [], []]
    assert not any(part in shown["md"] + shown["html"] for part in ("| profiles |", ">profiles</th>"))


def all_formats() -> str:
    return "".join(draw(of_case("everything")) for draw in FORMATS.values())


def test_it_is_always_drawn_alike():
    """In processes whose sets are in another order, too."""
    script = "import sys; sys.path.insert(0, 'tests'); import test_show; sys.stdout.write(test_show.all_formats())"
    texts = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=600)
        texts.add(done.stdout.decode())
    assert texts == {all_formats()}


@pytest.mark.parametrize("width", [60, 80])
def test_text_fits(width):
    text = show_text(drawn((RULES / "iop.yaml").read_text(encoding="utf-8")), width)
    assert [line for line in text.split("\n") if len(line) > width] == []


# --- all of a rule set is told --------------------------------------------------------------


def texts_of(value: object) -> set[str]:
    """Every text of a rule set that a person wrote for a person."""
    if isinstance(value, str):
        return {value} if " " in value or value[:1].isupper() else set()
    if isinstance(value, tuple):
        return {text for part in value for text in texts_of(part)}
    return set()


@pytest.mark.parametrize("ending", ["txt", "md", "html", "json"])
def test_every_text_of_a_rule_set_is_told(ending):
    found = of_case("everything")
    rule_set = found.rule_set._replace(  # what is not for those who look at a rule set
        disclosure=None, override_reasons=(), spellings=found.rule_set.spellings._replace(unknown=()), accept=(),
        rules=tuple(rule._replace(accept=()) for rule in found.rule_set.rules),
    )  # fmt: skip
    told = FORMATS[ending](found)
    page = Page(told).words if ending == "html" else re.sub(r"\\(.)", r"\1", told) if ending == "md" else told
    flat = " ".join(page.split())
    assert {text for text in texts_of(rule_set) if text not in flat} == set()


@pytest.mark.parametrize("seed", range(12))
def test_random_rule_sets_are_drawn(seed):
    file = understand(made(seed).text.encode(), "test.yaml")
    found = overview(file, compile_rule_set(file.rule_set))
    page = Page(show_html(found))
    for rule in file.rule_set.rules:
        assert rule.id in show_text(found, 80)
        assert rule.id in page.words
    assert_mermaid(flow_mermaid(found))
    counted = [outcome["profiles"] for outcome in show_json(found)["regions"]]
    assert sum(counted) == found.counted.profiles


def test_what_is_too_tangled_is_said_to_be():
    found = of_case("everything")
    tangled = Overview(found.file, found.compiled, None)
    assert "profiles not counted: the rules are too tangled" in " ".join(show_text(tangled, 80).split())
    assert "Who is recommended what" not in show_text(tangled, 80)
    assert "Profiles are not counted" in Page(show_html(tangled)).words
    assert show_json(tangled)["profiles"] is None
    assert show_json(tangled)["regions"] is None
    without_picture = Overview(found.file, None, None)
    assert "The rules are too tangled to draw. The rules at a glance, below," in Page(show_html(without_picture)).words
    assert "too tangled to draw" in flow_mermaid(without_picture)


@cache
def tangle(label: str = "The {} outcome") -> Overview:
    """A rule set whose way through the questions is too large to be drawn whole: 30 rules over four questions each."""
    random = Random("tangle")
    questions = [f"  thing_{number}: {{ask: Is it thing {number}, type: yes_no}}" for number in range(14)]
    rules = [
        f"  - {{id: rule-{number}, when: {{{', '.join(f'thing_{one}: {random.choice(ANSWERS)}' for one in tested)}}}, "
        f"recommend: {random.choice(OUTCOMES)}, because: Of a reason, basis: site}}"
        for number in range(30)
        for tested in [sorted(random.sample(range(14), 4))]
    ]
    rules.append("  - {id: rest, when: {}, recommend: low, because: Of a reason, basis: site}")
    outcomes = ", ".join(f"{name}: {{label: {label.format(name)}}}" for name in OUTCOMES)
    head = f"format: 1\nid: tangle\nversion: '1.0.0'\ntitle: A tangle\npolicy: first\noutcomes: {{{outcomes}}}"
    return drawn("\n".join([head, "questions:", *questions, "rules:", *rules, ""]))


def test_the_picture_asks_the_whole_of_each_question_at_every_width():
    for name in ("iop", "iop-site-example"):
        found = drawn((RULES / f"{name}.yaml").read_text(encoding="utf-8"))
        told = show_html(found)
        for size in ("desk", "phone"):
            picture = re.search(rf'<div class="flow {size}">(.*?)</div>', told, re.S)[1]
            said = " ".join(
                html.unescape(line) for line in re.findall(r'<text class="said"[^>]*>(.*?)</text>', picture)
            )
            assert "…" not in said
            asked = [step for step in found.flow.steps if isinstance(step, Asked)]
            assert asked
            for step in asked:
                assert f"“{found.rule_set.question[step.question].ask}”" in said


ANSWERS, OUTCOMES = ("yes", "no"), ("low", "middle", "high")


def test_where_the_way_is_too_large_every_rule_is_shown_at_a_glance():
    found = tangle()
    page = Page(show_html(found))
    assert found.flow.cut
    assert "so a call begins, in its first" in page.words
    first = found.rule_set.rules[0]
    tested = {test.subject for test in model.tests_of(first.when)}
    asked = ", ".join(name.replace("_", " ") for name in found.rule_set.question if name in tested)
    assert f" 1. rule-0 {asked} The {first.recommend} outcome " in page.words
    assert " 31. rest nothing: it is for everyone The low outcome " in page.words
    assert "at a glance" not in Page(show_html(of_case("everything"))).words
    assert "The rules at a glance" in Page(show_html(Overview(found.file, None, None))).words


def test_a_flow_that_is_cut_says_what_is_left_out(monkeypatch):
    from iopscreen.engine import flow as module

    flow = module.flow
    monkeypatch.setattr(module, "flow", lambda compiled, limit=3: flow(compiled, limit=min(limit, 3)))
    found = drawn((CASES / "everything.yaml").read_text(encoding="utf-8"))
    assert found.flow.cut
    assert "too large to draw: so a call begins, in its first" in Page(show_html(found)).words
    assert "still open: days, size; leads to: The locker, The counter (desk), The yard" in Page(show_html(found)).words
    text = flow_mermaid(found)
    assert "%% too large to draw whole" in text
    assert "still open#58; days, size" in text
    assert_mermaid(text)


# --- hostile texts --------------------------------------------------------------------------

RAW = '1. <script src=https://evil.example/x.js>&lt;b&gt; \x1b]0;t\x07\x1b[31m \u202e[x](javascript:1) `*_|~#";{}%%<h*>'


def steeped(value, raw=RAW):
    """A rule set in which every text for persons is hostile."""
    if type(value) is str and texts_of(value):
        return f"{raw}{value}{raw}"
    if isinstance(value, tuple):
        parts = [steeped(part, raw) for part in value]
        return value._make(parts) if hasattr(value, "_make") else tuple(parts)
    return value


@cache
def hostile() -> Overview:
    found = of_case("everything")
    rule_set = steeped(found.rule_set)
    return overview(RuleFile(f"{RAW}.yaml", "sha256:0", "", rule_set), compile_rule_set(rule_set))


@cache
def hostile_audit() -> AuditResult:
    """An audit with a hostile finding of each kind; the first is accepted."""
    result = audit(str(CASES / "everything.yaml"), {}, today=TODAY)
    findings = [
        Finding(
            f"gap{RAW}", severity, RAW, Place(1, number), f"rule `{RAW}` says {RAW} <h*>",
            witness={"heavy": RAW, RAW: [RAW]}, case=f"- id: x\n  answers: {RAW}",
        )
        for number, severity in enumerate(Severity, 1)
    ]  # fmt: skip
    accept = result.overview.rule_set.accept[0]._replace(because=RAW, by=RAW, until=RAW)
    return result._replace(
        path=RAW, findings=tuple(findings), acceptances=(accept, None, None), overview=hostile(),
        undecided=(Undecided(RAW),), why=RAW,
    )  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, their attributes, and its words."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.parts: list[str] = []
        self.open: list[str] = []
        self.headings: list[int] = []
        self.feed(source)
        self.close()
        assert self.open == []

    @property
    def words(self) -> str:
        return " ".join("".join(self.parts).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in {"meta", "br", "hr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in {"p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "h4", "blockquote", "cite", "span", "text"}:
            self.parts.append(" ")

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.parts.append(data)


PAGES = {
    "rule set": lambda: show_html(hostile()),
    "audit": lambda: audit_html([hostile_audit()]),
    "audits": lambda: audit_html([hostile_audit(), hostile_audit()]),
}


@pytest.mark.parametrize("name", PAGES)
def test_no_text_is_markup_in_html(name):
    source = PAGES[name]()
    page = Page(source)
    assert set(page.elements) <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "h4", "section", "span",
        "p", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "footer", "nav", "a",
        "article", "div", "dl", "dt", "dd", "b", "cite", "code", "pre", "svg", "rect", "circle", "path", "text",
    }  # fmt: skip
    assert {name for _, name, _ in page.attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "scope", "colspan", "role",
        "tabindex", "aria-label", "aria-labelledby", "viewbox", "x", "y", "width", "height", "rx", "cx", "cy", "r", "d",
        "font-size", "text-anchor", "preserveaspectratio", "data-head",
    }  # fmt: skip
    assert "<script src=https://evil.example/x.js>&lt;b&gt; \\u{1b}]0;t\\u{7}" in page.words
    assert all(char.isprintable() or char == "\n" for char in source)


def test_no_text_steers_a_terminal_or_hides():
    found = hostile()
    for told in (show_text(found, 80), show_markdown(found), flow_mermaid(found)):
        assert all(char.isprintable() or char == "\n" for char in told)
    assert "\\u{1b}" in show_text(found, 80)


def test_no_text_is_markup_in_markdown():
    for line in show_markdown(hostile()).split("\n"):
        rest = re.sub(r"^(#{2,4} |> |- |  - )", "", line)
        if line.startswith("|"):
            rest = re.sub(r"^\| | \|$| \| |^\|( -+:? \|)+$", " ", line)
        bare = re.sub(r"\\[\\`*_\[\]<>#|~&.)+=-]", "", rest)
        assert not re.search(r"[\\`*_\[\]<>#|~&]", bare), line


def test_json_is_read_back():
    found = hostile()
    assert json.loads(json.dumps(show_json(found))) == show_json(found)


BOX = r'(\["TEXT"\]|\(\["TEXT"\]\))'.replace("TEXT", r"[^\"\[\]{}<>|`;#%]*(?:(?:#\d+;|<br/>)[^\"\[\]{}<>|`;#%]*)*")
ARROW = r'-- "[^\"\[\]{}<>|`;#%]*(?:#\d+;[^\"\[\]{}<>|`;#%]*)*" -->'


def assert_mermaid(text: str) -> None:
    """Only comments, boxes, arrows between boxes that are there, and the two lines about dashed ones."""
    lines = text.rstrip("\n").split("\n")
    while lines[0].startswith("%% "):
        assert "{" not in lines.pop(0)
    assert lines.pop(0) == "flowchart TD"
    boxes, ends = set(), set()
    for line in lines:
        if re.fullmatch(rf"    s\d+{BOX}", line):
            boxes.add(re.match(r"    (s\d+)", line)[1])
        elif found := re.fullmatch(rf"    (s\d+) {ARROW} (s\d+)", line):
            ends |= {found[1], found[2]}
        else:
            assert re.fullmatch(r"    (classDef rest stroke-dasharray: 4 4|class s\d+(,s\d+)* rest)", line), line
    assert ends <= boxes
    assert ends == boxes or len(boxes) == 1


@pytest.mark.parametrize("name", ["everything", "bare", "hole"])
def test_mermaid_is_mermaid(name):
    assert_mermaid(flow_mermaid(of_case(name)))


def test_no_text_is_syntax_in_mermaid():
    found = hostile()
    text = flow_mermaid(found)
    assert_mermaid(text)
    shown = re.sub(r"#(\d+);", lambda entity: chr(int(entity[1])), text)
    assert "<script src=https://evil.example/x.js>" in shown
    assert text.count("\n") == flow_mermaid(of_case("everything")).count("\n")
    assert [line for line in text.split("\n") if "1. " in line] == []  # Mermaid would take that for a list


# --- the page -------------------------------------------------------------------------------


@cache
def page_of(name: str) -> str:
    match name:
        case "iop" | "iop-site-example":
            return show_html(drawn((RULES / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml"))
        case "audit":
            return audit_html([audit(str(RULES / "iop.yaml"), {}, today=TODAY, mutants=True)])
        case "tangle":
            return show_html(tangle())
        case "audits":
            folder = TESTS / "cases" / "audit"
            files = ("file-faults/rules", "accept-unused/twin", "gap/fault", "surviving-mutant/fault")
            return audit_html([audit(str(folder / f"{name}.yaml"), {}, today=TODAY) for name in files])
    return show_html(of_case(name))


NAMES = ["iop", "iop-site-example", "audit", "audits", "everything", "bare", "hole", "tangle"]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_complete_in_itself(name):
    source = page_of(name)
    page = Page(source)
    assert source.startswith('<!DOCTYPE html>\n<html lang="en">\n')
    assert "script" not in page.elements
    names = {name for _, name, _ in page.attributes}
    assert not [name for name in names if name in ("src", "srcset", "style", "xlink:href") or name.startswith("on")]
    links = {value for _, name, value in page.attributes if name == "href"}
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert links <= {f"#{name}" for name in ids}
    assert len(ids) == len(set(ids))
    assert {value for _, name, value in page.attributes if name == "aria-labelledby"} <= set(ids)
    style = re.search(r"<style>(.*?)</style>", source, re.S)[1]
    assert not re.search(r"url\(|@import|https?:|//|<", style)
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


@pytest.mark.parametrize("name", NAMES)
def test_the_page_can_be_read_without_seeing_it(name):
    source = page_of(name)
    page = Page(source)
    assert page.elements.count("h1") == 1
    assert page.headings[0] == 1
    deeper = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in deeper)
    assert page.elements.count("th") == sum(name == "scope" for _, name, _ in page.attributes)
    pictures = re.findall(r"<svg [^>]*>(?:<title>([^<]+)</title>)?", source)
    assert all(pictures)
    assert source.count("<svg ") == source.count('role="img" aria-label="')


def test_each_card_says_in_words_what_it_shows():
    found = of_case("hole")
    titles = re.findall(r"<title>(Step [^<]+)</title>", show_html(found))
    asked = [step for step in found.flow.steps if isinstance(step, Asked)]
    assert len(titles) == 2 * len(asked)  # for a desk, and for a phone
    assert titles[: len(asked)] == titles[len(asked) :]
    assert titles[0] == "Step 1, known. yes: go on with 2, many; no: go on with 3, many."
    assert titles[1] == "Step 2, many. up to 3: Come in (rule known-ones); 4 or more: Wait outside (rule crowds)."
    ends = [step for step in found.flow.steps if isinstance(step, End)]
    assert {end.outcome for end in ends} == {"come", "wait", "no_rule"}


# --- an audit as a page ---------------------------------------------------------------------


def test_findings_with_all_that_shows_them():
    words = Page(page_of("audits")).words
    assert "Audit: there are errors" in words
    assert "error no rule matches" in words
    assert "A caller who shows it" in words
    assert "- id: no-rule-yet" in words
    assert "What the cases cover" in words


def test_what_a_person_accepted_stands_apart():
    folder = TESTS / "cases" / "audit" / "accept-unused"
    page = Page(audit_html([audit(str(folder / "twin.yaml"), {}, today=TODAY)]))
    assert "Findings that a person has accepted" in page.words
    assert "Audit: clean" in page.words
    assert ("body", "class", "settled") in page.attributes


def test_mutants_that_no_case_notices_are_a_table():
    folder = TESTS / "cases" / "audit" / "surviving-mutant"
    page = Page(audit_html([audit(str(folder / "fault.yaml"), {}, today=TODAY, mutants=True)]))
    assert "28 of 31 killed" in page.words
    assert "Changes to the rules that no case would notice" in page.words
    assert "rules too-heavy and kept-long change places" in page.words


def test_what_was_not_decided_is_said():
    told = audit(str(CASES / "hole.yaml"), {}, today=TODAY)
    result = told._replace(findings=(), acceptances=(), undecided=(Undecided("gap"),), why="no time")
    page = Page(audit_html([result]))
    assert "Audit: not complete" in page.words
    assert "Not decided no time gap" in page.words
    assert ("body", "class", "open") in page.attributes


def test_a_source_at_hand_tells_which_citations_hold():
    folder = TESTS / "rulesets"
    text = (folder / "loan-handbook.txt").read_text(encoding="utf-8")
    words = Page(audit_html([audit(str(folder / "loan.yaml"), {"handbook": text}, today=TODAY)])).words
    assert " verified " in words
    assert " verified " not in Page(audit_html([audit(str(folder / "loan.yaml"), {}, today=TODAY)])).words


def test_a_faulty_file_has_a_page_of_its_faults():
    result = audit(str(TESTS / "cases" / "audit" / "file-faults" / "rules.yaml"), {}, today=TODAY)
    assert result.overview is None
    page = Page(audit_html([result]))
    assert page.words.count("error ") >= len(result.findings)
    assert "The rules, and what they rest on" not in page.words


# --- the command ----------------------------------------------------------------------------


def iopscreen(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "iopscreen", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        timeout=600,
        check=False,
    )


def test_the_command_draws_the_shipped_rule_set_as_a_table():
    done = iopscreen("show")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith("Eligibility for an intensive outpatient program (iop 1.0.0)\n")
    assert not done.stdout.endswith(b"\n\n")


@pytest.mark.parametrize(
    ("name", "start"),
    [("table", b"As "), ("markdown", b"## As "), ("html", b"<!DOCTYPE"), ("mermaid", b"%% bare"), ("json", b"{\n")],
)
def test_the_command_has_every_format(name, start, tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["show", str(CASES / "bare.yaml"), "--format", name, "-o", str(out)])
    assert (done.exit_code, done.output) == (0, "")
    assert out.read_bytes().startswith(start)


def test_a_faulty_file_is_not_drawn(tmp_path):
    path = TESTS / "cases" / "audit" / "file-faults" / "rules.yaml"
    done = iopscreen("show", str(path), "-o", "out.html", "--format", "html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert re.search(rb"rules\.yaml:\d+:\d+: error: ", done.stderr)
    assert not (tmp_path / "out.html").exists()


def test_an_audit_as_a_page_keeps_the_exit_status(tmp_path):
    path = TESTS / "cases" / "audit" / "gap" / "fault.yaml"
    done = iopscreen("audit", str(path), "--format", "html", "-o", "out.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
