"""The pages in a real browser: they render, nothing is cut at any width, light, dark or on paper."""

from __future__ import annotations

import re

import pytest
from browser import CHROMIUM, Frame, measured, run
from conftest import TESTS
from test_show import hostile_audit, page_of

from iopscreen.audit.change.editions import read_edition
from iopscreen.audit.change.run import compare
from iopscreen.report.audit_page import audit_html
from iopscreen.report.diff_page import diff_html
from iopscreen.report.page import page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

PHONE, DARK, DESK = FRAMES = Frame(390, False), Frame(390, True), Frame(1200, False)
RULE_SETS = ("iop", "iop-site-example", "audit", "audits", "everything", "hole", "tangle")
CHANGES = ("age", "days", "home")
NAMES = (*RULE_SETS, *CHANGES)

FAULTY = page(
    "x", "settled",
    ['<p style="width: 600px; color: #eee">too wide and too faint</p>',
     '<svg viewBox="0 0 100 20" width="100"><text x="90" y="10" font-size="4">cut and small</text></svg>'],
)  # fmt: skip


def diff_page(name):
    old, new = (read_edition(str(TESTS / "cases" / "diff" / name / f"{side}.yaml")) for side in ("old", "new"))
    return diff_html(compare(old, new), notes=True)


@pytest.fixture(scope="module")
def pages():
    return {
        **{name: page_of(name) for name in RULE_SETS},
        **{name: diff_page(name) for name in CHANGES},
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


def test_the_page_is_printed_without_its_dark(pages, tmp_path):
    (tmp_path / "page.html").write_text(pages["iop"], encoding="utf-8")
    printed = tmp_path / "page.pdf"
    url = (tmp_path / "page.html").as_uri()
    run(tmp_path, "--blink-settings=preferredColorScheme=0", f"--print-to-pdf={printed}", url)
    data = printed.read_bytes()
    assert data.startswith(b"%PDF-")
    assert 5 <= len(re.findall(rb"/Type /Page\b", data)) <= 20


def test_what_is_measured_can_fail(seen):
    found = seen[PHONE]["faulty"]
    assert found["wide"] >= 600
    assert len(found["beyond"]) == 1
    assert len(found["faint"]) == 1
    assert found["cut"] == found["small"] == ["cut and small"]
