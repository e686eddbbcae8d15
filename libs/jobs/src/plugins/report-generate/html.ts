import { chartOf } from './chart.js';
import { classOf, Formatter } from './format.js';
import { escapeMarkup } from './markup.js';
import type { Cell, Column, ReportPayload } from './payload.js';
import type { Row } from './rows/row-source.js';
import { STYLE } from './style.js';
import { Totals } from './totals.js';

/** Nothing is loaded from anywhere, and nothing runs: also not, should a mistake in here let markup through. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A report as one HTML file that needs no other, bit by bit. */
export function* htmlOf(payload: ReportPayload, rows: readonly Row[]): Iterable<string> {
  const formatter = new Formatter(payload);
  const title = escapeMarkup(payload.title);
  yield `<!doctype html>
<html lang="${escapeMarkup(payload.locale)}" dir="${directionOf(payload.locale)}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head>
<body><h1 dir="auto">${title}</h1>
<p class="about" dir="auto">${payload.description === undefined ? '' : `${escapeMarkup(payload.description)}\n`}${rows.length} rows</p>
${chartOf(payload, rows, formatter)}
<div class="table"><table><thead><tr>`;
  for (const column of payload.columns)
    yield `<th scope="col" class="${classOf(column, titleOf(column))}" dir="auto">${escapeMarkup(titleOf(column))}</th>`;
  yield '</tr></thead>\n';
  yield* new Body(payload, formatter).parts(rows);
  yield '</table></div></body></html>\n';
}

const titleOf = ({ title, key }: Column): string => title ?? key;
/** Texts have the direction of their script; numbers and dates that of the report. */
const dirOf = ({ format }: Column): string => (format === 'text' ? ' dir="auto"' : '');

const RIGHT_TO_LEFT = new Set(['ar', 'ckb', 'dv', 'fa', 'he', 'ks', 'ps', 'sd', 'ug', 'ur', 'yi']);
const directionOf = (locale: string): 'ltr' | 'rtl' =>
  RIGHT_TO_LEFT.has((locale.split('-')[0] ?? '').toLowerCase()) ? 'rtl' : 'ltr';

/** The rows of the table, in their groups, with their totals. */
class Body {
  constructor(
    private readonly payload: ReportPayload,
    private readonly formatter: Formatter,
  ) {}

  *parts(rows: readonly Row[]): Iterable<string> {
    const all = new Totals(this.payload.columns);
    const { groupBy } = this.payload;
    if (groupBy === undefined) yield* this.section(rows, all);
    else {
      for (const [name, group] of this.groupsOf(rows, groupBy)) {
        yield `<tbody class="group"><tr><th colspan="${this.payload.columns.length}" scope="colgroup" dir="auto">${escapeMarkup(name || '(none)')}</th></tr></tbody>\n`;
        const totals = new Totals(this.payload.columns);
        yield* this.section(group, all, totals);
        if (totals.isWanted) yield `<tbody>${this.totalLine(totals)}</tbody>\n`;
      }
    }
    if (all.isWanted) yield `<tfoot>${this.totalLine(all)}</tfoot>\n`;
  }

  private *section(rows: readonly Row[], ...totals: Totals[]): Iterable<string> {
    yield '<tbody>';
    for (const row of rows) {
      totals.forEach((total) => total.add(row));
      yield this.line(row, '');
    }
    yield '</tbody>\n';
  }

  private totalLine(totals: Totals): string {
    return this.line(totals.cells, ' class="total"', totals.rows);
  }

  /** A count is a number, whatever its column holds. */
  private line(cells: readonly Cell[], attributes: string, count?: number): string {
    const shown = this.payload.columns.map((column, at) => {
      const isCount = count !== undefined && column.total === 'count';
      const text = this.formatter.show(cells[at] ?? null, isCount ? 'number' : column.format);
      return `<td class="${classOf(column, text)}"${dirOf(column)}>${escapeMarkup(text)}</td>`;
    });
    return `<tr${attributes}>${shown.join('')}</tr>\n`;
  }

  private groupsOf(rows: readonly Row[], key: string): Map<string, Row[]> {
    const { columns } = this.payload;
    const at = columns.findIndex((column) => column.key === key);
    const groups = new Map<string, Row[]>();
    for (const row of rows) {
      const name = this.formatter.show(row[at] ?? null, columns[at]?.format ?? 'text');
      const group = groups.get(name) ?? [];
      groups.set(name, group);
      group.push(row);
    }
    return groups;
  }
}
