import type { DataSource } from 'typeorm';
import { whenAvailable } from '#libs/sql';
import type { JobRecord } from '../schema/job-record.js';
import { conditionOf, ORDER, type Condition, type Filter, type Place } from './filter.js';
import { FULL_ITEM, ITEM } from './item.js';
import { timelineEntries } from './timeline.js';

/** Rows of one page, and the place of the last one when there are more. */
export interface RawPage {
  items: RawItem[];
  next: Place | undefined;
}

/** A job as JSON text, made by the database: no number is rounded on the way. */
export interface RawItem {
  /** A {@link HistoryItem}. */
  item: string;
  payload: string | null;
  result: string | null;
}

interface RawRow extends RawItem {
  created: Date;
  queue: string;
  id: string;
}

type ShownRow = Pick<JobRecord, 'timeline' | 'status'> &
  Record<'created_at', Date> &
  Record<'started_at' | 'finished_at', Date | null> & { item: string };

/** Reads the history. Every method throws {@link DatabaseUnavailableError} when the database is away. */
export class HistoryReader {
  constructor(private readonly database: DataSource) {}

  /**
   * One page, the newest job first.
   *
   * @param whole with payload and result. Default: without.
   */
  async page(filter: Filter, limit: number, after?: Place, whole = false): Promise<RawPage> {
    const { sql, values } = pageQuery(filter, limit, after, whole);
    const rows: RawRow[] = await this.query(sql, values);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      items: rows.slice(0, limit),
      next: last && [last.created.getTime(), last.queue, last.id],
    };
  }

  /** How the database would read a page, in its own words: for benchmarks, which look whether an index serves it. */
  async explain(filter: Filter, limit: number, after?: Place): Promise<string> {
    const { sql, values } = pageQuery(filter, limit, after, false);
    const lines: Record<string, string>[] = await this.query(`EXPLAIN ${sql}`, values);
    return lines.map((line) => line['QUERY PLAN']).join('\n');
  }

  /** How many jobs there are. */
  async count(filter: Filter): Promise<number> {
    const { sql, values } = conditionOf(filter);
    const rows: { count: string }[] = await this.query(
      `SELECT count(*) FROM job_records WHERE ${sql}`,
      values,
    );
    return Number(rows[0]?.count);
  }

  /**
   * Everything about one job.
   *
   * @param creator only if it is this one's.
   * @returns JSON text; `undefined` when there is none.
   */
  async find(queue: string, id: string, creator?: string): Promise<string | undefined> {
    const rows: ShownRow[] = await this.query(
      `SELECT (${FULL_ITEM})::text AS item, timeline, status, created_at, started_at, finished_at
       FROM job_records WHERE queue = $1 AND id = $2 AND ($3::text IS NULL OR creator = $3)`,
      [queue, id, creator ?? null],
    );
    const [row] = rows;
    if (!row) return undefined;
    const timeline = timelineEntries(row.timeline, {
      status: row.status,
      createdAt: row.created_at,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
    });
    return `${row.item.slice(0, -1)}, "timeline": ${JSON.stringify(timeline)}}`;
  }

  /** Notes that jobs were removed; their rows stay. */
  async noteRemoved(queue: string, ids: readonly string[]): Promise<void> {
    await this.query('UPDATE job_records SET removed_at = now() WHERE queue = $1 AND id = ANY($2)', [
      queue,
      ids,
    ]);
  }

  /** Asks the database. */
  async ping(): Promise<void> {
    await this.query('SELECT 1', []);
  }

  private query<T>(sql: string, values: unknown[]): Promise<T> {
    return whenAvailable(() => this.database.query(sql, values));
  }
}

function pageQuery(filter: Filter, limit: number, after: Place | undefined, whole: boolean): Condition {
  const { sql, values } = conditionOf(filter, after);
  const texts = whole ? 'payload::text, result::text' : 'NULL AS payload, NULL AS result';
  return {
    // The rows first: what is shown of a row is made for those of the page only, not for all that have to be sorted.
    sql: `SELECT (${ITEM})::text AS item, ${texts}, created_at AS created, queue, id
       FROM (SELECT * FROM job_records WHERE ${sql} ORDER BY ${ORDER} LIMIT ${limit + 1}) AS page ORDER BY ${ORDER}`,
    values,
  };
}
