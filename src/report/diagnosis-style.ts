/**
 * The style of the page of a diagnosis: two themes by what the reader prefers, marks that need no colour, the drawing that fits the
 * width. Every pair of text and ground has a contrast of 4.5 or more (WCAG 2, 1.4.3); a test measures it in a browser.
 */
export const diagnosisStyle = `
:root {
  color-scheme: light dark;
  --ground: #f6f8fa; --card: #ffffff; --text: #1b1f24; --faint: #57606a; --line: #d0d7de; --code: #f0f3f6; --link: #0550ae;
  --pass: #116329; --pass-ground: #dafbe1; --pass-line: #4ac26b;
  --fail: #a40e26; --fail-ground: #ffebe9; --fail-line: #d1242f;
  --unknown: #7d4e00; --unknown-ground: #fff8c5; --unknown-line: #bf8700;
  --info: #0a3069; --info-ground: #ddf4ff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --card: #151b23; --text: #e6edf3; --faint: #9aa4af; --line: #3d444d; --code: #0d1117; --link: #79c0ff;
    --pass: #7ee2a0; --pass-ground: #10301c; --pass-line: #2ea043;
    --fail: #ffb3b8; --fail-ground: #3d1418; --fail-line: #f85149;
    --unknown: #f2cc60; --unknown-ground: #352a07; --unknown-line: #bb8009;
    --info: #a5d6ff; --info-ground: #0c2d4f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere;
}
main { max-width: 1216px; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; font-weight: 650; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; font-weight: 650; }
h3 { font-size: 1rem; margin: 0; font-weight: 650; }
h4 { font-size: .8rem; margin: .9rem 0 .2rem; font-weight: 650; color: var(--faint); text-transform: uppercase; letter-spacing: .04em; }
p { margin: .3rem 0; }
a { color: var(--link); }
.faint { color: var(--faint); }
.small { font-size: .875rem; }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em; }
.verdict { border: 1px solid var(--line); border-left: 6px solid var(--unknown-line); border-radius: 10px; background: var(--card); padding: 1.1rem 1.25rem; }
.verdict.pass { border-left-color: var(--pass-line); }
.verdict.fail { border-left-color: var(--fail-line); }
.badge {
  display: inline-block; padding: .1rem .6rem; border-radius: 99px; font-size: .8125rem; font-weight: 650; line-height: 1.6;
  background: var(--unknown-ground); color: var(--unknown); white-space: nowrap;
}
.badge.pass { background: var(--pass-ground); color: var(--pass); }
.badge.fail { background: var(--fail-ground); color: var(--fail); }
.badge.info { background: var(--info-ground); color: var(--info); }
.verdict .badge { font-size: .95rem; margin-bottom: .6rem; letter-spacing: .03em; }
.verdict .cause { font-size: 1.05rem; margin-top: .5rem; }
.card { border: 1px solid var(--line); border-radius: 10px; background: var(--card); padding: 1rem 1.25rem; margin: 0 0 .9rem; }
.path svg { display: block; max-width: 100%; height: auto; }
.path svg.down { display: none; }
.path svg.always { display: block; width: 100%; max-width: 34rem; }
.path + details { margin-top: .6rem; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; font-size: 12px; fill: var(--text); }
svg .what { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 11.5px; }
svg .columns { fill: var(--faint); font-size: 11.5px; }
svg .name { font-weight: 650; font-size: 12.5px; }
svg .mark { font-weight: 700; font-size: 14px; }
svg .codes { font-weight: 700; font-size: 11.5px; }
svg .box { fill: var(--card); stroke: var(--line); }
svg .line { fill: none; stroke: var(--unknown-line); stroke-width: 2.5; stroke-dasharray: 5 4; }
svg .line.pass { stroke: var(--pass-line); stroke-dasharray: none; }
svg .line.fail { stroke: var(--fail-line); stroke-width: 3; stroke-dasharray: 2 3; }
svg .line.cut { stroke: var(--line); stroke-dasharray: 2 4; }
svg .pass .edge { fill: var(--pass-line); } svg .pass .mark { fill: var(--pass); }
svg .fail .box { fill: var(--fail-ground); stroke: var(--fail-line); stroke-width: 1.5; }
svg .fail .edge { fill: var(--fail-line); }
svg .fail .mark, svg .fail .codes, svg .fail .columns { fill: var(--fail); }
svg .unknown .box { fill: var(--unknown-ground); stroke: var(--unknown-line); stroke-dasharray: 5 4; }
svg .unknown .edge { fill: var(--unknown-line); }
svg .unknown .mark, svg .unknown .codes, svg .unknown .columns { fill: var(--unknown); }
svg .cut.pass .box { stroke-dasharray: 3 4; }
svg .cut.pass .edge { fill: var(--line); } svg .cut.pass .mark, svg .cut.pass .name, svg .cut.pass .what { fill: var(--faint); }
.finding header { display: flex; flex-wrap: wrap; gap: .35rem .6rem; align-items: center; margin-bottom: .4rem; }
.finding h3 { flex: 1 1 16rem; }
.finding.error { border-left: 6px solid var(--fail-line); }
.finding.warning { border-left: 6px solid var(--unknown-line); }
.finding.info { border-left: 6px solid var(--line); }
ul.plain { list-style: none; margin: .2rem 0; padding: 0; }
ul.plain li { padding: .2rem 0; }
ul.evidence li { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .7rem; margin: .3rem 0; }
pre {
  background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .75rem; margin: .4rem 0;
  overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45;
}
pre.command { user-select: all; -webkit-user-select: all; cursor: copy; }
details > summary { cursor: pointer; padding: .25rem 0; }
details > summary:hover { text-decoration: underline; }
.consequences li { padding: .25rem 0; }
.objects details { border-top: 1px solid var(--line); padding: .25rem 0; }
.objects details:first-of-type { border-top: 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--faint); font-weight: 600; }
table.observed { table-layout: fixed; } table.observed th:first-child { width: 8.5rem; } table.observed th:nth-child(2) { width: 42%; }
td.pass { color: var(--pass); } td.fail { color: var(--fail); } td.unknown { color: var(--unknown); }
td.state { white-space: nowrap; font-weight: 650; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
@media (max-width: 900px) {
  .path svg.across { display: none; }
  .path svg.down { display: block; width: 100%; max-width: 34rem; }
}
@media (max-width: 600px) {
  main { padding: .75rem .75rem 2rem; }
  h1 { font-size: 1.2rem; }
  .card, .verdict { padding: .8rem .85rem; }
  .path.card { padding: .6rem; }
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  td { border: 0; padding: .05rem 0; }
}
@media print {
  body { background: #ffffff; } .card, .verdict { break-inside: avoid; }
  details > summary { list-style: none; }
}
`;
