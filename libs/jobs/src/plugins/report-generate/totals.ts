import type { Cell, Column } from './payload.js';
import type { Row } from './rows/row-source.js';

/** Sums up columns row by row. */
export class Totals {
  private readonly perColumn: { count: number; sum: number; min: number; max: number }[];
  rows = 0;

  constructor(private readonly columns: readonly Column[]) {
    this.perColumn = columns.map(() => ({ count: 0, sum: 0, min: Infinity, max: -Infinity }));
  }

  add(row: Row): void {
    this.rows += 1;
    this.perColumn.forEach((total, at) => {
      const value = row[at];
      if (typeof value !== 'number') return;
      total.count += 1;
      total.sum += value;
      total.min = Math.min(total.min, value);
      total.max = Math.max(total.max, value);
    });
  }

  /** Whether any column asks for a total. */
  get isWanted(): boolean {
    return this.columns.some(({ total }) => total !== undefined);
  }

  /** One cell per column; null where none is asked for, or there is nothing to sum up. */
  get cells(): Cell[] {
    return this.columns.map(({ total }, at) => {
      const of = this.perColumn[at];
      if (total === undefined || !of) return null;
      if (total === 'count') return this.rows;
      if (of.count === 0) return null;
      return total === 'average' ? of.sum / of.count : of[total];
    });
  }
}
