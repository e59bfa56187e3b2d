/**
 * The style of the page: two themes by what the reader prefers, headers that stay, signs that need no colour. Every pair of text
 * and ground has a contrast of 4.5 or more (WCAG 2, 1.4.3); a test measures it in a browser.
 */
export const matrixStyle = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --text: #1b1f24; --faint: #57606a; --line: #c9d1d9; --head: #f3f5f7; --focus: #0550ae;
  --open-ground: #d8f3dc; --open: #0b4a1d;
  --timeout-ground: #ffcdd2; --timeout: #7a0010;
  --refused-ground: #ffdcb0; --refused: #5f2f00;
  --unreachable-ground: #f1d0f5; --unreachable: #5a0c63;
  --reset-ground: #ffeb99; --reset: #4d3b00;
  --dns-ground: #d3dcff; --dns: #16277d;
  --deny-ground: #ffcdd2; --deny: #7a0010;
  --unsure-ground: #e6e9ed; --unsure: #3d444d;
  --meant-ground: #dfe9f2; --meant: #24425e;
  --differs: #b00020;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --text: #e6edf3; --faint: #9aa4af; --line: #3d444d; --head: #161b22; --focus: #79c0ff;
    --open-ground: #12351d; --open: #9be9a8;
    --timeout-ground: #5c1219; --timeout: #ffd7d9;
    --refused-ground: #573000; --refused: #ffd9a8;
    --unreachable-ground: #47164d; --unreachable: #f4c6fa;
    --reset-ground: #4a3d00; --reset: #ffe98a;
    --dns-ground: #1d2b66; --dns: #cbd6ff;
    --deny-ground: #5c1219; --deny: #ffd7d9;
    --unsure-ground: #2b3038; --unsure: #c3cad2;
    --meant-ground: #1b2f42; --meant: #b9d4ec;
    --differs: #ff7b8a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
p { margin: .25rem 0; }
.faint { color: var(--faint); }
.findings { margin: .75rem 0; padding: .5rem .75rem; border-left: 4px solid var(--differs); background: var(--head); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0; padding: 0; list-style: none; }
.legend .cell { margin-right: .4rem; }
.cell {
  display: inline-block; min-width: 1.5rem; text-align: center; font: 600 .8rem/1.5rem ui-monospace, monospace;
}
.scroll { margin-top: .5rem; }
#failing { accent-color: var(--focus); }
#failing:checked ~ .scroll tr.good { display: none; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); position: relative; width: fit-content; max-width: 100%; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 1px; }
table { border-collapse: separate; border-spacing: 0; }
caption {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.matrix th, .matrix td { border-right: 1px solid var(--line); border-bottom: 1px solid var(--line); padding: 0; }
.matrix th { background: var(--head); font-weight: 500; font-size: .8rem; }
.matrix thead th { position: sticky; top: 0; z-index: 2; vertical-align: bottom; }
.matrix thead th span {
  display: block; writing-mode: vertical-rl; transform: rotate(180deg); margin: 0 auto; padding: .35rem 0;
  max-height: 13rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; line-height: 1.2;
}
.matrix tbody th {
  position: sticky; left: 0; z-index: 1; text-align: left; padding: 0 .5rem; white-space: nowrap;
  max-width: min(18rem, 48vw); overflow: hidden; text-overflow: ellipsis;
}
.matrix thead th.corner { left: 0; z-index: 3; padding: .35rem .5rem; text-align: left; min-width: 6rem; }
.matrix td {
  width: 1.75rem; min-width: 1.75rem; height: 1.75rem; text-align: center; font: 600 .85rem/1 ui-monospace, monospace;
}
.matrix.dense td { width: 1.2rem; min-width: 1.2rem; height: 1.2rem; font-size: .7rem; }
.matrix.dense th { font-size: .7rem; }
.matrix.dense td.differs { box-shadow: inset 0 0 0 2px var(--differs); letter-spacing: -.1em; text-decoration: none; }
.matrix tbody tr:hover th { background: var(--line); }
.matrix td:hover { box-shadow: inset 0 0 0 2px var(--text); }
.open, .openAtSecond, .allow { background: var(--open-ground); color: var(--open); }
.timeout { background: var(--timeout-ground); color: var(--timeout); }
.refused, .noEndpoint { background: var(--refused-ground); color: var(--refused); }
.unreachable, .notPermitted { background: var(--unreachable-ground); color: var(--unreachable); }
.reset, .mixed { background: var(--reset-ground); color: var(--reset); }
.dns, .failed { background: var(--dns-ground); color: var(--dns); }
.deny { background: var(--deny-ground); color: var(--deny); }
.noAnswer, .notTested, .unknown { background: var(--unsure-ground); color: var(--unsure); }
.self { background: var(--ground); color: var(--faint); }
.meant { background: var(--meant-ground); color: var(--meant); }
.differs { box-shadow: inset 0 0 0 3px var(--differs); text-decoration: underline; }
.closed { width: 100%; }
.closed th, .closed td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
@media print { .scroll { max-height: none; overflow: visible; } .filter, #failing { display: none; } }
`;
