import type { Statistics, StatisticsQuery } from '#libs/contracts';
import { whenAvailable } from '#libs/sql';
import type { DataSource } from 'typeorm';
import { QUEUE_MS, RUN_MS } from './item.js';

const STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
const MOST_TYPES = 100;
const STEP_MS = { hour: 3_600_000, day: 86_400_000 } as const;

const statusCounts = STATUSES.map(
  (status) => `count(*) FILTER (WHERE status = '${status}')::int AS ${status}`,
).join(', ');

type Counts = Record<(typeof STATUSES)[number], number>;
type Ended = { at: number } & Pick<Counts, 'completed' | 'failed' | 'cancelled'>;
type Priorities = Statistics['byPriority'];

/** A range of ms since 1970, and whose jobs. */
export interface Range extends Pick<StatisticsQuery, 'bucket' | 'queue'> {
  from: number;
  to: number;
  creator?: string;
}

const durations = (name: string, expression: string) => `
  count(${expression})::int AS ${name}_count, avg(${expression})::float8 AS ${name}_mean,
  percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY ${expression}) AS ${name}_parts,
  max(${expression})::float8 AS ${name}_max`;

/** Counts and durations over a range of time. */
export class StatisticsReader {
  constructor(private readonly database: DataSource) {}

  /** @throws {DatabaseUnavailableError} when the database is away. */
  async read(range: Range): Promise<Statistics> {
    const [totals, byType, ended, created, spent] = [
      await this.created<Counts & Priorities & { total: number }>(
        range,
        `count(*)::int AS total, ${statusCounts},
        count(*) FILTER (WHERE priority <= 0)::int AS low, count(*) FILTER (WHERE priority = 1)::int AS normal,
        count(*) FILTER (WHERE priority >= 2)::int AS high`,
      ),
      await this.created<Counts & { type: string; total: number }>(
        range,
        `coalesce(type, 'unknown') AS type, count(*)::int AS total, ${statusCounts}`,
        `GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${MOST_TYPES}`,
      ),
      await this.finished<Ended>(
        range,
        `${bucket('finished_at', range)} AS at, ${statusCounts}`,
        'GROUP BY 1',
      ),
      await this.created<{ at: number; count: number }>(
        range,
        `${bucket('created_at', range)} AS at, count(*)::int AS count`,
        'GROUP BY 1',
      ),
      await this.finished<Record<string, number | number[] | null>>(
        range,
        `${durations('queue', QUEUE_MS)}, ${durations('run', RUN_MS)}`,
      ),
    ];
    const [first] = totals;
    if (!first) throw new Error('a count without GROUP BY has one row');
    const { total, low, normal, high, ...byStatus } = first;
    return {
      from: new Date(range.from).toISOString(),
      to: new Date(range.to).toISOString(),
      total,
      byStatus,
      byPriority: { low, normal, high },
      byType,
      durations: { queueMs: durationOf('queue', spent[0]), runMs: durationOf('run', spent[0]) },
      buckets: bucketsOf(range, created, ended),
    };
  }

  private created<T>(range: Range, columns: string, rest = ''): Promise<T[]> {
    return this.query(range, 'created_at', columns, rest);
  }

  private finished<T>(range: Range, columns: string, rest = ''): Promise<T[]> {
    return this.query(range, 'finished_at', columns, rest);
  }

  private query<T>(
    { from, to, queue, creator }: Range,
    time: string,
    columns: string,
    rest: string,
  ): Promise<T[]> {
    return whenAvailable(() =>
      this.database.query(
        `SELECT ${columns} FROM job_records WHERE ${time} >= $1 AND ${time} < $2
           AND ($3::text IS NULL OR queue = $3) AND ($4::text IS NULL OR creator = $4) ${rest}`,
        [new Date(from), new Date(to), queue ?? null, creator ?? null],
      ),
    );
  }
}

const bucket = (column: string, { bucket: unit }: Range) =>
  `(floor(extract(epoch FROM ${column}) * 1000 / ${STEP_MS[unit]}) * ${STEP_MS[unit]})::float8`;

function durationOf(name: string, row: Record<string, number | number[] | null> = {}) {
  const [p50, p95, p99] = (row[`${name}_parts`] as number[] | null) ?? [];
  const count = Number(row[`${name}_count`] ?? 0);
  if (count === 0) return { count };
  return { count, mean: Number(row[`${name}_mean`]), p50, p95, p99, max: Number(row[`${name}_max`]) };
}

/** One for each step of the range, also where nothing happened. */
function bucketsOf(
  { from, to, bucket: unit }: Range,
  created: readonly { at: number; count: number }[],
  ended: readonly Ended[],
): Statistics['buckets'] {
  const step = STEP_MS[unit];
  const createdAt = new Map(created.map(({ at, count }) => [at, count]));
  const endedAt = new Map(ended.map((row) => [row.at, row]));
  const buckets: Statistics['buckets'] = [];
  for (let at = Math.floor(from / step) * step; at < to; at += step) {
    const { completed = 0, failed = 0, cancelled = 0 } = endedAt.get(at) ?? {};
    buckets.push({
      at: new Date(at).toISOString(),
      created: createdAt.get(at) ?? 0,
      completed,
      failed,
      cancelled,
    });
  }
  return buckets;
}
