import { Injectable } from '@nestjs/common';
import type { Cell } from '../payload.js';
import type { Row, RowRequest, RowSource } from './row-source.js';

/** The rows that the payload itself holds. */
@Injectable()
export class GivenRows implements RowSource<'rows'> {
  readonly kind = 'rows';

  async *open({ source, columns }: RowRequest<'rows'>): AsyncIterable<Row> {
    for (const row of source.rows) {
      yield columns.map(({ key }, at) => (Array.isArray(row) ? row[at] : ownValue(row, key)) ?? null);
    }
  }
}

const ownValue = (row: Record<string, Cell>, key: string): Cell | undefined =>
  Object.hasOwn(row, key) ? row[key] : undefined;
