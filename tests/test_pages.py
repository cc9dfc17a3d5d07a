"""The pages in a real browser: they render, nothing is cut at any width, light, dark or on paper."""

from __future__ import annotations

import re

import pytest
from browser import CHROMIUM, measured, run
from test_show import hostile_audit, page_of

from iopscreen.report.audit_page import audit_html
from iopscreen.report.page import page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

WIDTHS = (390, 1200)
NAMES = ("iop", "iop-site-example", "audit", "audits", "everything", "hole")


@pytest.fixture(scope="module")
def pages():
    return {name: page_of(name) for name in NAMES} | {"hostile": audit_html([hostile_audit()])}


@pytest.fixture(scope="module")
def light(pages, tmp_path_factory):
    return measured(tmp_path_factory.mktemp("light"), pages, WIDTHS)


@pytest.fixture(scope="module")
def dark(pages, tmp_path_factory):
    return measured(tmp_path_factory.mktemp("dark"), pages, WIDTHS[:1], dark=True)[WIDTHS[0]]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_scrolls_sideways_but_tables_in_their_box(light, width):
    for name, found in light[width].items():
        assert found["words"] > 500
        assert (name, found["wide"], found["beyond"]) == (name, width, [])


@pytest.mark.parametrize("width", WIDTHS)
def test_the_picture_is_drawn_large_enough_and_no_text_of_it_is_cut(light, width):
    for name, found in light[width].items():
        assert (name, found["cut"], found["small"]) == (name, [], [])
    assert light[width]["iop"]["pictures"] == 6


def test_one_size_of_the_picture_is_shown_at_each_width(light):
    assert all(light[390][name]["pictures"] == light[1200][name]["pictures"] for name in NAMES)


def test_text_stands_out_from_its_ground_in_light_and_dark(light, dark):
    for name in NAMES:
        assert sum(light[390][name]["ground"]) > 3 * 200
        assert sum(dark[name]["ground"]) < 3 * 60
        assert (name, light[390][name]["faint"], dark[name]["faint"]) == (name, [], [])


def test_the_page_is_printed_without_its_dark(pages, tmp_path):
    (tmp_path / "page.html").write_text(pages["iop"], encoding="utf-8")
    printed = tmp_path / "page.pdf"
    url = (tmp_path / "page.html").as_uri()
    run(tmp_path, "--blink-settings=preferredColorScheme=0", f"--print-to-pdf={printed}", url)
    data = printed.read_bytes()
    assert data.startswith(b"%PDF-")
    assert 5 <= len(re.findall(rb"/Type /Page\b", data)) <= 20


def test_what_is_measured_can_fail(tmp_path):
    faulty = page(
        "x", "settled",
        ['<p style="width: 600px; color: #eee">too wide and too faint</p>',
         '<svg viewBox="0 0 100 20" width="100"><text x="90" y="10" font-size="4">cut and small</text></svg>'],
    )  # fmt: skip
    found = measured(tmp_path, {"faulty": faulty}, [390])[390]["faulty"]
    assert found["wide"] >= 600
    assert len(found["beyond"]) == 1
    assert len(found["faint"]) == 1
    assert found["cut"] == found["small"] == ["cut and small"]
