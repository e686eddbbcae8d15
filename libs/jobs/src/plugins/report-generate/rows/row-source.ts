import type { Cell, ReportPayload } from '../payload.js';

/** One row: its cells in the order of the columns. */
export type Row = readonly Cell[];

export type SourceKind = ReportPayload['source']['kind'];

/** What the payload says of a source of this kind. */
export type SourceOf<Kind extends SourceKind> = Extract<ReportPayload['source'], { kind: Kind }>;

/** What a source is asked for. */
export interface RowRequest<Kind extends SourceKind> {
  readonly source: SourceOf<Kind>;
  readonly columns: ReportPayload['columns'];
  readonly signal: AbortSignal;
}

/** Gives the rows of a report. Another source is another class with another `kind`, and an option in the payload's schema. */
export interface RowSource<Kind extends SourceKind> {
  readonly kind: Kind;
  /** The rows, in order. Called once for each report; may read them from elsewhere, bit by bit. */
  open(request: RowRequest<Kind>): AsyncIterable<Row>;
}
