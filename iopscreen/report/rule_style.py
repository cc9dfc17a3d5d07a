"""What the pages of rule sets and audits add to the style sheet: cards, tables, the picture of the flow."""

from __future__ import annotations

STYLE = """
:root {
  --o0: #4b5a61; --w0: #eceff0; --o1: #0b6b63; --w1: #e2f2ef; --o2: #1d5f9e; --w2: #e5eff9;
  --o3: #5546a8; --w3: #eeebfa; --o4: #8a5a00; --w4: #fdf3dd; --o5: #b3261e; --w5: #fdeae8;
  --card: #fafbfa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --o0: #b4c0c5; --w0: #2a3235; --o1: #6fd0c3; --w1: #15302d; --o2: #8fc1f2; --w2: #172b3e;
    --o3: #bdb1f7; --w3: #2a2547; --o4: #f0bd61; --w4: #332913; --o5: #ff9d94; --w5: #3b1c1a;
    --card: #1e2527;
  }
}
html { scroll-padding-top: 1rem; }
body { overflow-wrap: anywhere; }
header { background: var(--wash); }
.beside { font-weight: 400; }
section { display: block; }
.lead { margin: 0 0 1.1rem; max-width: 44rem; color: var(--quiet); }
h3, h4 { margin: 0 0 .4rem; font-size: 1.05rem; line-height: 1.35; }
section > :not(.part):is(h3, h4) { margin-top: 1.5rem; }
.part { font-size: 1.35rem; line-height: 1.25; color: var(--ink); margin: 0 0 .35rem; text-wrap: balance; }
p { margin: .35rem 0; }
a { color: var(--mark); text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
nav { padding: .9rem 1.25rem; border-bottom: 1px solid var(--line); font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; padding: 0; list-style: none; }
nav li + li { margin: 0; }
nav a { display: inline-block; padding: .25rem 0; }
nav p { margin: .5rem 0 0; font-weight: 650; }
header + section, nav + section { border-top: 0; }

.entry { padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.entry + .entry { margin-top: .8rem; }
section > .entry > ul > li:only-child, .entry ul > li:only-child { margin-left: 0; list-style: disc; }
.name::first-letter { text-transform: uppercase; }
.label { color: var(--quiet); font-size: .82rem; font-weight: 650; }
p.label { margin: .8rem 0 .3rem; }
.quiet, .any, .id { color: var(--quiet); }
.quiet { font-size: .9rem; }
.id { display: inline-block; font-size: .82rem; font-weight: 400; }
th .id { display: block; }
.finding .id { padding-left: .5rem; }
blockquote { font-size: 1.15rem; line-height: 1.45; margin: .4rem 0; max-width: 44rem; }
.other { max-width: 44rem; }
.when { font-weight: 600; }
.when .label { margin-right: .2rem; }
.because { max-width: 40rem; }
.because:empty { display: none; }
.pill { display: inline-block; padding: .1rem .65rem; border: 1px solid; border-radius: .45rem;
  font-size: .95rem; font-weight: 600; }
.pill.none { border-style: dashed; color: var(--quiet); }
.o0 { color: var(--o0); background: var(--w0); } .o0-edge { border-left: .3rem solid var(--o0); }
.o1 { color: var(--o1); background: var(--w1); } .o1-edge { border-left: .3rem solid var(--o1); }
.o2 { color: var(--o2); background: var(--w2); } .o2-edge { border-left: .3rem solid var(--o2); }
.o3 { color: var(--o3); background: var(--w3); } .o3-edge { border-left: .3rem solid var(--o3); }
.o4 { color: var(--o4); background: var(--w4); } .o4-edge { border-left: .3rem solid var(--o4); }
.o5 { color: var(--o5); background: var(--w5); } .o5-edge { border-left: .3rem solid var(--o5); }
dl { margin: .8rem 0 0; }
dl > div + div { margin-top: .5rem; }
dt { color: var(--quiet); font-size: .82rem; font-weight: 650; }
dd { margin: 0; max-width: 46rem; }
.options { margin-top: .3rem; }
li + li { margin-top: .3rem; }
ol.rules { padding: 0; margin: 0; list-style: none; counter-reset: rule; }
ol.rules > li { counter-increment: rule; }
ol.rules .name::before { content: counter(rule) ". "; color: var(--quiet); }
.sides { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
.pair { display: grid; gap: .8rem; grid-template-columns: minmax(0, 1fr); margin-top: .6rem; }
.pair .entry { margin: 0; }
.callers + .pair { margin-top: 1.8rem; padding-top: 1.8rem; border-top: 1px dashed var(--line); }
.callers { margin-top: .8rem; padding-left: .9rem; border-left: 2px solid var(--line); }
.callers > .label { margin: 0; color: var(--ink); }
del { color: var(--o5); background: var(--w5); text-decoration-thickness: .08em; }
ins { color: var(--o1); background: var(--w1); text-decoration-thickness: .08em; text-underline-offset: .2em; }
.ground { font-size: .92rem; color: var(--quiet); }
.ground:empty { display: none; }
.ground li { color: var(--ink); }
.basis, .state { display: inline-block; padding: 0 .5rem; border: 1px solid currentColor; border-radius: 1rem;
  font-size: .8rem; font-weight: 650; color: var(--ink); }
.state { color: var(--mark); }
.entry .grounds, .box .grounds { margin: 0; padding-left: 1.1rem; border: 0; list-style: disc;
  color: inherit; font-size: inherit; }
cite { display: block; color: var(--quiet); font-size: .85rem; font-style: normal; }
.severity { display: inline-block; padding: 0 .5rem; border: 1px solid; border-radius: .3rem; font-size: .82rem; }
.error { border-left: .3rem solid var(--o5); } .error .severity { color: var(--o5); background: var(--w5); }
.warning { border-left: .3rem solid var(--o4); } .warning .severity { color: var(--o4); background: var(--w4); }
.note .severity { color: var(--o2); background: var(--w2); }
code { font: .92em ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; padding: 0 .2em;
  background: var(--w0); border-radius: .2em; overflow-wrap: anywhere; }
pre { margin: .3rem 0 0; padding: .7rem .9rem; overflow-wrap: anywhere; white-space: pre-wrap;
  font: .85rem/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; background: var(--w0);
  border-radius: .35rem; }
.answers { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin: .2rem 0 0; }
.answers > div { min-width: 0; }
.answers > div + div { margin: 0; }
.answers dd { font-weight: 600; }

.box { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.box table { font-size: .92rem; }
.box th, .box td { padding: .5rem .8rem; font-weight: 400; overflow-wrap: normal; min-width: 5rem; }
.box td:last-child, .box thead th:last-child { padding-right: .8rem; }
.box thead th { padding: .5rem .8rem; vertical-align: bottom; }
.box tbody th { width: auto; }
.box tbody tr:first-child > * { border-top: 1px solid var(--line); }
.box .group th { font-weight: 650; background: var(--w0); padding-top: .3rem; padding-bottom: .3rem; }
.box .number { text-align: right; font-variant-numeric: tabular-nums; }
.outcome-head { margin-top: 1.5rem; }
.bar { display: block; width: 100%; height: 1.4rem; border-radius: .3rem; }
.bar rect { fill: var(--quiet); stroke: var(--sheet); stroke-width: 2; vector-effect: non-scaling-stroke; }
.file-head { padding: 1.5rem 1.25rem .5rem; border-top: .4rem solid var(--line); }
.file-head h2 { font-size: 1.6rem; margin: 0; color: var(--ink); }

svg .card { fill: var(--card); stroke: var(--line); }
svg .between { stroke: var(--line); fill: none; }
svg text { fill: var(--ink); }
svg .step { fill: var(--tint); stroke: var(--mark); }
svg .number { fill: var(--mark); font-weight: 650; }
svg .title { font-weight: 650; }
svg .said, svg .small { fill: var(--quiet); }
svg .answer { font-weight: 600; }
svg .on { fill: var(--mark); font-weight: 600; }
svg .line { fill: none; stroke: var(--mark); stroke-width: 1.6; }
svg .halo { fill: none; stroke: var(--sheet); stroke-width: 6; }
svg .tip { fill: var(--mark); }
svg rect.none { fill: none; stroke: var(--quiet); stroke-dasharray: 4 3; }
svg rect.o0 { fill: var(--w0); stroke: var(--o0); } svg text.o0, .bar .o0 { fill: var(--o0); }
svg rect.o1 { fill: var(--w1); stroke: var(--o1); } svg text.o1, .bar .o1 { fill: var(--o1); }
svg rect.o2 { fill: var(--w2); stroke: var(--o2); } svg text.o2, .bar .o2 { fill: var(--o2); }
svg rect.o3 { fill: var(--w3); stroke: var(--o3); } svg text.o3, .bar .o3 { fill: var(--o3); }
svg rect.o4 { fill: var(--w4); stroke: var(--o4); } svg text.o4, .bar .o4 { fill: var(--o4); }
svg rect.o5 { fill: var(--w5); stroke: var(--o5); } svg text.o5, .bar .o5 { fill: var(--o5); }
svg .outcome { font-weight: 600; }
.flow svg { display: block; overflow: visible; width: 100%; height: auto; font-family: inherit; }
.desk { display: none; }
.phone { max-width: 30rem; margin: 0 auto; }
@media (min-width: 46rem) {
  section { padding: 1.75rem 2.5rem; }
  nav { padding: 1rem 2.5rem; }
  .file-head { padding: 2rem 2.5rem .5rem; }
  .desk { display: block; }
  .phone { display: none; }
  .sides { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 2rem; }
  .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; }
  .entry { padding: 1.1rem 1.3rem; }
  dl:not(.answers) > div { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: 1rem; }
}
@media screen and (max-width: 45.99rem) {
  .answered table, .answered tbody, .answered tr, .answered td, .answered tr.group th { display: block; width: auto; }
  .answered thead { display: none; }
  .answered tr { padding: .5rem 0; border-top: 1px solid var(--line); }
  .answered tr.group { padding: 0; background: var(--w0); }
  .answered tr > *, .box.answered tbody tr:first-child > * { border: 0; }
  .box.answered td { display: grid; grid-template-columns: 8.5rem minmax(0, 1fr); gap: .75rem; padding: .1rem .8rem;
    font-weight: 600; text-align: left; }
  .box.answered td::before { content: attr(data-head); color: var(--quiet); font-weight: 400; }
  .box.answered td.any { display: none; }
  .box.answered td .pill { justify-self: start; }
}
@media print {
  :root {
    --o0: #333; --w0: #f3f3f3; --o1: #064f49; --w1: #fff; --o2: #123f6b; --w2: #fff; --o3: #352a75; --w3: #fff;
    --o4: #5c3c00; --w4: #fff; --o5: #8c1d16; --w5: #fff; --card: #fff;
  }
  nav { display: none; }
  section { padding-left: 0; padding-right: 0; }
  .file { break-before: page; }
  nav + .file { break-before: auto; }
  .file-head { padding: 1rem 0 .5rem; }
  body { line-height: 1.42; }
  .part, h3, h4, .lead, .label, .outcome-head, .outcome-head + p { break-after: avoid; break-inside: avoid; }
  .entry, .callers, .flow svg, .box tr, pre, footer { break-inside: avoid; }
  .entry:has(li:nth-child(6)) { break-inside: auto; }
  .entry { padding: .7rem .9rem; }
  .entry + .entry { margin-top: .5rem; }
  dl { margin-top: .5rem; }
  dl > div + div { margin-top: .3rem; }
  li + li { margin-top: .15rem; }
  .box .group { break-after: avoid; }
  .desk { display: block; }
  .phone { display: none; }
  .sides { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 1.5rem; }
  .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; }
  .box { overflow: visible; border: 0; }
  .box table { font-size: .75rem; }
  .box th, .box td, .box thead th, .box td:last-child { min-width: 0; padding: .3rem .4rem .3rem 0;
    overflow-wrap: break-word; }
  .box.many table * { overflow-wrap: anywhere; }
  thead { display: table-header-group; }
  a { color: inherit; text-decoration: none; }
}
"""
