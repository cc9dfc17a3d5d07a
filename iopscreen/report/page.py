"""A page that is complete in itself: nothing in it runs or loads. The style sheet, and text made harmless."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from iopscreen.text import printable

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f5f2; --sheet: #fff; --ink: #1c2326; --quiet: #586469; --line: #dfe3e2;
  --mark: #0b6b63; --tint: #e7f3f1; --state: var(--mark); --wash: var(--tint);
}
.open { --state: #8a5a00; --wash: #fdf3dd; }
.stopped { --state: #b3261e; --wash: #fdeae8; }
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111516; --sheet: #191f21; --ink: #e6eaea; --quiet: #9daaae; --line: #2f383b;
    --mark: #6fd0c3; --tint: #15302d;
  }
  .open { --state: #f0bd61; --wash: #332913; }
  .stopped { --state: #ff9d94; --wash: #3b1c1a; }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word; -webkit-text-size-adjust: 100%;
}
main { max-width: 60rem; margin: 0 auto; background: var(--sheet); border-bottom: 1px solid var(--line); }
header { padding: 2rem 1.25rem; background: var(--wash); border-top: .4rem solid var(--state); }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; font-weight: 700; letter-spacing: -.01em; text-wrap: balance; }
.kind { display: block; margin-bottom: .4rem; color: var(--state); font-size: 1rem; letter-spacing: 0; }
.what { display: inline-block; }
.what::first-letter { text-transform: uppercase; }
.beside { margin: .35rem 0 0; font-weight: 600; max-width: 44rem; }
h1 + .beside { margin-top: .9rem; }
section { padding: 1.25rem; border-top: 1px solid var(--line); }
header + section { border-top: 0; }
h2 { margin: 0 0 .5rem; font-size: .95rem; line-height: 1.45; font-weight: 650; color: var(--mark); }
ul { margin: 0; padding-left: 1.1rem; }
li + li { margin-top: .45rem; }
section > ul > li:only-child { margin-left: -1.1rem; list-style: none; }
li::marker { color: var(--quiet); }
li ul { margin-top: .3rem; padding-left: .9rem; border-left: 2px solid var(--line); list-style: none;
  color: var(--quiet); font-size: .92rem; }
li ul li + li { margin-top: .3rem; }
blockquote { margin: 0; padding-left: 1rem; border-left: .25rem solid var(--mark); font-size: 1.2rem; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { padding-top: 0; border-top: 0; color: var(--quiet); font-size: .85rem; font-weight: 400; }
tbody th { width: 55%; font-weight: 400; }
td { font-weight: 600; }
td:last-child, thead th:last-child { padding-right: 0; }
td.at { color: var(--quiet); font-weight: 400; font-variant-numeric: tabular-nums; white-space: nowrap; }
footer { padding: 1.5rem 1.25rem 2rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .875rem; }
footer p { margin: 0; max-width: 44rem; overflow-wrap: anywhere; }
footer p + p { margin-top: .6rem; }
@media (min-width: 46rem) {
  main { margin: 2rem auto; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
  header { padding: 2.5rem; }
  h1 { font-size: 2.4rem; }
  section { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr); gap: 2rem; padding: 1.5rem 2.5rem; }
  footer { padding: 1.75rem 2.5rem 2rem; }
}
@media print {
  :root, .open, .stopped {
    color-scheme: light;
    --page: #fff; --sheet: #fff; --ink: #000; --quiet: #444; --line: #bbb; --mark: #000; --state: #000; --wash: #fff;
  }
  @page { margin: 16mm; }
  html { font-size: 10pt; }
  main { max-width: none; margin: 0; border: 0; overflow: visible; }
  header, section, footer { padding-left: 0; padding-right: 0; }
  header { padding-top: .75rem; padding-bottom: 1rem; }
  section { padding-top: .7rem; padding-bottom: .7rem; }
  h1 { font-size: 1.8rem; }
  h2 { break-after: avoid; }
  li, tr, blockquote { break-inside: avoid; }
}
"""


def page(title: str, state: str, body: Sequence[str], style: str = "") -> str:
    """A page. `state`: the class of the whole, which colours its head; `style`: added to the style sheet."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="referrer" content="no-referrer">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(title)}</title>",
            f"<style>{STYLE}{style}</style>",
            "</head>",
            f'<body class="{state}">',
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def text(words: str) -> str:
    """Text in which no character means anything to HTML, and none hides or turns the line round."""
    return escape(printable(" ".join(words.split())))
