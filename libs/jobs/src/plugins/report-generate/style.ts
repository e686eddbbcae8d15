/** The style of an HTML report: light or dark as the reader has it, always light on paper. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1d2329; --soft: #5a6570; --line: #d5dbe1; --head: #f1f4f7; --paper: #fff;
  --s0: #1f6feb; --s1: #d9480f; --s2: #2b8a3e; --s3: #9c36b5; --s4: #b08900; --s5: #0b7285; }
@media (prefers-color-scheme: dark) { :root { --text: #e6eaee; --soft: #9aa5b1; --line: #3a434d; --head: #232a31; --paper: #171b20;
  --s0: #6ea8fe; --s1: #ff922b; --s2: #69db7c; --s3: #da77f2; --s4: #ffd43b; --s5: #3bc9db; } }
* { box-sizing: border-box; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; background: var(--paper); color: var(--text);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
.about { color: var(--soft); margin: 0 0 1.5rem; white-space: pre-line; }
figure { margin: 0 0 2rem; } figure > svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .85rem; } .key { white-space: nowrap; margin-left: .75rem; }
.swatch { width: .7em; height: .7em; margin-right: .3em; }
.grid { stroke: var(--line); } .tick { fill: var(--soft); font-size: 11px; }
.line { fill: none; stroke-width: 2; }
.s0 { fill: var(--s0); stroke: var(--s0); } .s1 { fill: var(--s1); stroke: var(--s1); } .s2 { fill: var(--s2); stroke: var(--s2); }
.s3 { fill: var(--s3); stroke: var(--s3); } .s4 { fill: var(--s4); stroke: var(--s4); } .s5 { fill: var(--s5); stroke: var(--s5); }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: var(--head); } .left { text-align: left; } .right { text-align: right; } .whole { white-space: nowrap; overflow-wrap: normal; } .center { text-align: center; }
.group th { padding-top: 1.1rem; } .total td, .total th { font-weight: 600; background: var(--head); }
@page { margin: 15mm; }
@media print { :root { color-scheme: light; --text: #000; --soft: #444; --line: #bbb; --head: #eee; --paper: #fff;
    --s0: #1f6feb; --s1: #d9480f; --s2: #2b8a3e; --s3: #9c36b5; --s4: #b08900; --s5: #0b7285; }
  body { margin: 0; padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  thead { display: table-header-group; }
  /* At the end, not at the foot of each page, where it would look like the sum of that page. */
  tfoot { display: table-row-group; break-before: avoid; } .group { break-after: avoid; } tr, figure { break-inside: avoid; } .table { overflow: visible; } }
`;
