import { Readable, Transform } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { Cell, ReportPayload } from './payload.js';
import type { Row } from './rows/row-source.js';

/** A text that a spreadsheet would take for a formula, also behind spaces, and with the wide signs of East Asian keyboards. */
const FORMULA = /^[\s\p{Cf}\p{Cc}]*[=+\-@\t\r\n＝＋－＠]/u;

/**
 * A report as CSV (RFC 4180: commas, CRLF, quotes where needed), with values as they are, not as they are shown.
 * Texts that a spreadsheet would run as formulas get a `'` before them.
 */
export function csvOf(payload: ReportPayload, rows: Iterable<Row>, signal: AbortSignal): Readable {
  const titles = payload.columns.map(({ title, key }) => escaped(title ?? key));
  const lines = stringify({ record_delimiter: 'windows', bom: payload.csvBom });
  const cells = Readable.from(recordsOf(titles, rows), { signal });
  // A stream that fails ends the one that is read.
  cells.on('error', (error) => lines.destroy(error));
  return cells.pipe(lines as unknown as Transform);
}

function* recordsOf(titles: readonly string[], rows: Iterable<Row>): Iterable<readonly (string | null)[]> {
  yield titles;
  for (const row of rows) yield row.map(escaped);
}

/** Numbers stay numbers: a minus sign is no formula there. */
function escaped(value: Cell): string {
  if (value === null) return '';
  return typeof value === 'string' && FORMULA.test(value) ? `'${value}` : String(value);
}
