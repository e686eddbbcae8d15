import { Injectable } from '@nestjs/common';
import type { Cell, ReportPayload } from './payload.js';

/** One row: its cells in the order of the columns. */
export type Row = readonly Cell[];

/** Gives the rows of a report. Another source is another class with another `kind`, and an option in the payload's schema. */
export interface RowSource<Kind extends ReportPayload['source']['kind'] = ReportPayload['source']['kind']> {
  readonly kind: Kind;
  /** The rows, in order. Called once for each report; may read them from elsewhere, bit by bit. */
  open(payload: ReportPayload, signal: AbortSignal): AsyncIterable<Row>;
}

/** The rows that the payload itself holds. */
@Injectable()
export class GivenRows implements RowSource<'rows'> {
  readonly kind = 'rows';

  async *open({ source, columns }: ReportPayload): AsyncIterable<Row> {
    for (const row of source.rows) {
      yield columns.map(({ key }, at) => (Array.isArray(row) ? row[at] : ownValue(row, key)) ?? null);
    }
  }
}

const ownValue = (row: Record<string, Cell>, key: string): Cell | undefined =>
  Object.hasOwn(row, key) ? row[key] : undefined;
