"""Pages in a real browser: what it lays out, measured by a script that the test adds, and what it prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

MEASURE = r"""
<script>
const visible = element => element.getClientRects().length > 0;
const rgb = color => (color.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, place) => sum + v * [.2126, .7152, .0722][place], 0);
const behind = element => {
  for (; element; element = element.parentElement) {
    const color = rgb(getComputedStyle(element).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const contrast = (text, ground) => {
  const [dark, bright] = [light(text), light(ground)].sort((a, b) => a - b);
  return (bright + .05) / (dark + .05);
};
addEventListener('load', () => {
  const all = [...document.body.querySelectorAll('*')].filter(visible);
  const root = document.documentElement;
  const outside = all.filter(one => !one.closest('.box') && !one.closest('svg'));
  const words = outside.filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const pictures = all.filter(one => one.tagName === 'svg' && one.querySelector('text'));
  const texts = pictures.flatMap(svg => [...svg.querySelectorAll('text')].map(text => [svg, text]));
  parent.postMessage({
    name: PAGE,
    inner: innerWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    wide: root.scrollWidth,
    words: document.body.innerText.length,
    ground: rgb(getComputedStyle(document.querySelector('main')).backgroundColor),
    beyond: outside.filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one =>
      one.outerHTML.slice(0, 90)),
    hidden: all.filter(one => one.matches('.box .pill') && one.getBoundingClientRect().right >
      one.closest('.box').getBoundingClientRect().right + 1).map(one => one.textContent),
    faint: words.filter(one => contrast(rgb(getComputedStyle(one).color), behind(one)) < 4.5).map(one =>
      one.outerHTML.slice(0, 90)),
    pictures: pictures.length,
    cut: texts.filter(([svg, text]) => text.getBBox().x + text.getBBox().width > svg.viewBox.baseVal.width).map(
      ([, text]) => text.textContent),
    small: texts.filter(([, text]) => text.getBoundingClientRect().height < 12).map(([, text]) => text.textContent),
  }, '*');
});
</script>
"""

PROBE = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="found"></pre><script>
const found = [];
addEventListener('message', event => {
  found.push(event.data);
  document.getElementById('found').textContent = JSON.stringify(found);
});
</script>FRAMES"""


def run(folder: Path, *arguments: str) -> str:
    """Run the browser with nothing of anybody's; what it writes to stdout."""
    assert CHROMIUM is not None
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *arguments],
        capture_output=True,
        env={**os.environ, "HOME": str(folder)},
        check=True,
        timeout=600,
    )
    return done.stdout.decode()


class Frame(NamedTuple):
    """What a page is seen in."""

    width: int
    dark: bool


Measured = dict[str, dict[str, Any]]
"""What was measured, by page."""


def measured(folder: Path, pages: Mapping[str, str], frames: Sequence[Frame]) -> dict[Frame, Measured]:
    """What the browser made of each page, in a frame of each kind; all of them in one run."""
    shown = []
    for number, (name, source) in enumerate(pages.items()):
        script = MEASURE.replace("PAGE", json.dumps(name))
        (folder / f"page{number}.html").write_text(POLICY.sub("", source) + script, encoding="utf-8")
        shown += [
            f'<iframe src="page{number}.html" style="width:{frame.width}px;height:900px;border:0;'
            f'color-scheme:{"dark" if frame.dark else "light"}"></iframe>'
            for frame in frames
        ]
    (folder / "probe.html").write_text(PROBE.replace("FRAMES", "".join(shown)), encoding="utf-8")
    url = (folder / "probe.html").as_uri()
    dumped = run(folder, "--window-size=1600,1200", "--virtual-time-budget=20000", "--dump-dom", url)
    [found] = re.findall(r'<pre id="found">(.*?)</pre>', dumped, re.S)
    results: dict[Frame, Measured] = {frame: {} for frame in frames}
    for one in json.loads(unescape(found)):
        results[Frame(one["inner"], one["dark"])][one["name"]] = one
    assert all(set(by_name) == set(pages) for by_name in results.values())
    return results
