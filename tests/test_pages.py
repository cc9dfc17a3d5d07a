"""The pages in a real browser: they render, nothing is cut at any width, light, dark or on paper."""

from __future__ import annotations

import re

import pytest
from browser import CHROMIUM, Frame, measured, run
from conftest import TESTS
from test_show import hostile_audit, page_of, tangle

from iopscreen.audit.change.editions import read_edition
from iopscreen.audit.change.run import compare
from iopscreen.report.audit_page import audit_html
from iopscreen.report.diff_page import diff_html
from iopscreen.report.page import page
from iopscreen.report.rule_page import show_html
from iopscreen.report.rule_style import STYLE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

PHONE, DARK, DESK = FRAMES = Frame(390, False), Frame(390, True), Frame(1200, False)
RULE_SETS = ("iop", "iop-site-example", "audit", "audits", "everything", "hole", "tangle")
CHANGES = ("age", "days", "home")
NAMES = (*RULE_SETS, *CHANGES)

FAULTY = page(
    "x", "settled",
    ['<p style="width: 600px; color: #eee">too wide and too faint</p>',
     '<div class="box" style="width: 3rem"><b class="pill" style="white-space: nowrap">wholly outside</b></div>',
     '<svg viewBox="0 0 100 20" width="100"><text x="90" y="10" font-size="4">cut and small</text></svg>'],
    STYLE,
)  # fmt: skip


def diff_page(name):
    old, new = (read_edition(str(TESTS / "cases" / "diff" / name / f"{side}.yaml")) for side in ("old", "new"))
    return diff_html(compare(old, new), notes=True)


@pytest.fixture(scope="module")
def pages():
    return {
        **{name: page_of(name) for name in RULE_SETS},
        **{name: diff_page(name) for name in CHANGES},
        "wordy": show_html(tangle("Recommendation {}")),
        "hostile": audit_html([hostile_audit()]),
        "faulty": FAULTY,
    }


@pytest.fixture(scope="module")
def seen(pages, tmp_path_factory):
    return measured(tmp_path_factory.mktemp("seen"), pages, FRAMES)


def without_faulty(found):
    return [(name, one) for name, one in found.items() if name != "faulty"]


@pytest.mark.parametrize("frame", FRAMES)
def test_nothing_scrolls_sideways_but_tables_in_their_box(seen, frame):
    for name, found in without_faulty(seen[frame]):
        assert found["words"] > 500
        assert (name, found["wide"], found["beyond"]) == (name, frame.width, [])


@pytest.mark.parametrize("frame", FRAMES)
def test_no_outcome_is_cut_by_the_box_of_its_table(seen, frame):
    for name, found in without_faulty(seen[frame]):
        assert (name, found["hidden"]) == (name, [])


@pytest.mark.parametrize("frame", FRAMES)
def test_the_picture_is_drawn_large_enough_and_no_text_of_it_is_cut(seen, frame):
    for name, found in without_faulty(seen[frame]):
        assert (name, found["cut"], found["small"]) == (name, [], [])
    assert seen[frame]["iop"]["pictures"] == 6


def test_one_size_of_the_picture_is_shown_at_each_width(seen):
    assert all(seen[PHONE][name]["pictures"] == seen[DESK][name]["pictures"] for name in NAMES)


def test_text_stands_out_from_its_ground_in_light_and_dark(seen):
    for name in NAMES:
        assert sum(seen[PHONE][name]["ground"]) > 3 * 200
        assert sum(seen[DARK][name]["ground"]) < 3 * 60
        assert (name, seen[PHONE][name]["faint"], seen[DARK][name]["faint"]) == (name, [], [])


def printed(folder, source):
    """The page on paper."""
    (folder / "page.html").write_text(source, encoding="utf-8")
    out = folder / "page.pdf"
    url = (folder / "page.html").as_uri()
    run(folder, "--blink-settings=preferredColorScheme=0", f"--print-to-pdf={out}", url)
    return out.read_bytes()


def on_paper(data):
    """By section, the pages of its heading, of the lines below it, and of the first thing after these."""
    found = re.findall(rb"(\d+) 0 obj\n<</Type /StructElem\n(.*?)>>\nendobj", data, re.S)
    parts = {int(number): body.decode("latin-1") for number, body in found}
    children = {number: below(body) for number, body in parts.items()}
    parents = {child: number for number, under in children.items() for child in under}
    for number, body in parts.items():
        if "/S /H2\n" in body:
            siblings = children[parents[number]]
            after = siblings[siblings.index(number) + 1 :]
            heads = [one for one in after[:1] if "/S /P\n" in parts[one]]
            first = [one for one in after if one not in heads][:1]
            yield [list(dict.fromkeys(sheets(one, parts, children))) for one in (number, *heads, *first)]


def below(body):
    return [int(child) for child in re.findall(r"(\d+) 0 R", body.partition("/K ")[2])]


def sheets(number, parts, children):
    """The pages on which something of a part of the printed structure stands, in reading order."""
    page = re.search(r"/Pg (\d+) 0 R", parts.get(number, ""))
    if page and not children[number]:
        yield int(page[1])
    for child in children.get(number, ()):
        yield from sheets(child, parts, children)


@pytest.mark.parametrize(("name", "most"), [("iop", 13), ("iop-site-example", 20), ("home", 3)])
def test_no_page_of_paper_is_wasted_and_no_heading_stands_at_its_foot(pages, tmp_path, name, most):
    data = printed(tmp_path, pages[name])
    assert data.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type /Page\b", data)) <= most
    headings = list(on_paper(data))
    assert len(headings) >= 3
    for heading, *after in headings:
        assert {one[0] for one in (heading, *after)} == set(heading)


def test_the_heading_of_the_picture_goes_with_it_wherever_a_page_ends(pages, tmp_path):
    """However much stands before it."""
    places = set()
    for height in (360, 480, 600):
        filler = f'<p style="height: {height}px"></p>'
        data = printed(tmp_path, pages["iop"].replace('<section id="flow"', f'{filler}<section id="flow"'))
        heading, *after = next(iter(on_paper(data)))
        assert {one[0] for one in (heading, *after)} == set(heading)
        assert len(after[0]) == 1
        places.add(heading[0])
    assert len(places) == 2


def test_what_is_measured_can_fail(seen):
    found = seen[PHONE]["faulty"]
    assert found["wide"] >= 600
    assert len(found["beyond"]) == 1
    assert len(found["faint"]) == 1
    assert found["hidden"] == ["wholly outside"]
    assert found["cut"] == found["small"] == ["cut and small"]
