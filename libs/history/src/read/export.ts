import type { HistoryReader, RawItem } from './reader.js';
import type { Filter, Place } from './filter.js';

/** Rows of a step, and how many there may be. */
const FIRST_STEP = 50;
const MOST_ROWS = 1000;
/** Bytes of a step above which the next one is smaller, and below which it is larger. */
const MANY_BYTES = 4 * 1024 * 1024;
const FEW_BYTES = 1024 * 1024;

/**
 * All jobs that fit, the newest first, with payload and result.
 *
 * They are read step by step, each from where the one before ended, and not by a cursor of the database: that would hold a
 * connection (the embedded database has one) for as long as the slowest client takes. Memory stays flat, since steps are
 * as small as their rows are large.
 */
export async function* exportRows(reader: HistoryReader, filter: Filter): AsyncGenerator<RawItem[]> {
  let step = FIRST_STEP;
  let after: Place | undefined;
  do {
    const { items, next } = await reader.page(filter, step, after, true);
    if (items.length > 0) yield items;
    const bytes = items.reduce(
      (sum, { item, payload, result }) => sum + item.length + (payload?.length ?? 0) + (result?.length ?? 0),
      0,
    );
    if (bytes > MANY_BYTES) step = Math.max(1, Math.floor(step / 4));
    else if (bytes < FEW_BYTES) step = Math.min(MOST_ROWS, step * 2);
    after = next;
  } while (after);
}
