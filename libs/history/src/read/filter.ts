import type { HistoryFilter, PriorityName } from '#libs/contracts';

/** What is asked for; times are ISO 8601. */
export interface Filter extends Partial<HistoryFilter> {
  /** Nothing fits, whatever else is asked for. */
  nothing?: boolean;
}

/** A place in the order of pages: the newest job first. */
export type Place = readonly [createdAtMs: number, queue: string, id: string];

/** Words and expressions over `job_records`, with the values of their parameters. */
export interface Condition {
  sql: string;
  values: unknown[];
}

export const ORDER = 'created_at DESC, queue DESC, id DESC';

const PRIORITY: Record<PriorityName, string> = {
  low: 'priority <= 0',
  normal: 'priority = 1',
  high: 'priority >= 2',
};

/** Each filter as SQL, with `?` for its value. */
const CONDITIONS: Record<Exclude<keyof HistoryFilter, 'priority'>, string> = {
  queue: 'queue = ?',
  status: 'status = ?',
  type: 'type = ?',
  creator: 'creator = ?',
  // As the partial index has it.
  tag: `tags <> '{}' AND tags @> ARRAY[?::text]`,
  batch: 'batch = ?',
  createdFrom: 'created_at >= ?::timestamptz',
  createdTo: 'created_at < ?::timestamptz',
  finishedFrom: 'finished_at >= ?::timestamptz',
  finishedTo: 'finished_at < ?::timestamptz',
  error: `error IS NOT NULL AND to_tsvector('simple', left(error, 8000)) @@ websearch_to_tsquery('simple', ?)`,
};

/** The condition for `WHERE`; with `after`, only what comes behind that place. */
export function conditionOf(filter: Filter, after?: Place): Condition {
  const values: unknown[] = [];
  const add = (value: unknown) => `$${values.push(value)}`;
  const parts: string[] = filter.nothing ? ['false'] : [];
  for (const [name, sql] of Object.entries(CONDITIONS)) {
    const value = filter[name as keyof typeof CONDITIONS];
    if (value !== undefined) parts.push(sql.replace('?', add(value)));
  }
  if (filter.priority !== undefined) parts.push(PRIORITY[filter.priority]);
  if (after) {
    const [createdAt, queue, id] = after;
    const time = `to_timestamp(${add(createdAt)}::float8 / 1000)::timestamptz(3)`;
    parts.push(`(created_at, queue, id) < (${time}, ${add(queue)}, ${add(id)})`);
  }
  return { sql: parts.length > 0 ? parts.join(' AND ') : 'true', values };
}
