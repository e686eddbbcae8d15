import type { DataSource } from 'typeorm';
import type { HistoryGap } from '../schema/history-gap.js';
import { versionOf } from './timeline.js';

/** Why events are missing. */
export type GapReason = 'first start' | 'trimmed' | 'stream lost' | 'went back';

/** A gap that is being filled. */
export interface OpenGap {
  id: string;
  reason: GapReason;
}

/** For how long a process that fills a gap may be silent before another one takes it over. */
const LEASE_SECONDS = 30;

/** The gaps of one queue's history and how far it has come. */
export class Gaps {
  constructor(
    private readonly database: DataSource,
    private readonly queue: string,
  ) {}

  /** Entry up to which the queue was read when this was noted last. */
  async position(): Promise<string | undefined> {
    const rows: { last_id: string }[] = await this.database.query(
      'SELECT last_id FROM history_positions WHERE queue = $1',
      [this.queue],
    );
    return rows[0]?.last_id;
  }

  async notePosition(lastId: string): Promise<void> {
    await this.database.query(
      `INSERT INTO history_positions VALUES ($1, $2) ON CONFLICT (queue) DO UPDATE SET last_id = excluded.last_id`,
      [this.queue, lastId],
    );
  }

  /** Opens a gap, unless the same one is open: every process notices it. */
  async report(gap: { reason: GapReason; from?: string; to: string; lost?: number }): Promise<void> {
    await this.database.query(
      `INSERT INTO history_gaps (queue, reason, from_id, to_id, lost)
       SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (
         SELECT FROM history_gaps WHERE queue = $1 AND reason = $2 AND filled_at IS NULL AND lease_until IS NULL)`,
      [this.queue, gap.reason, gap.from ?? null, gap.to, gap.lost ?? null],
    );
  }

  /** Takes an open gap that nobody is at. */
  async take(): Promise<OpenGap | undefined> {
    const [rows]: [OpenGap[], number] = await this.database.query(
      `UPDATE history_gaps SET filled = 0, lease_until = now() + interval '${LEASE_SECONDS} s'
       WHERE id = (SELECT id FROM history_gaps WHERE queue = $1 AND filled_at IS NULL
           AND (lease_until IS NULL OR lease_until < now()) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id, reason`,
      [this.queue],
    );
    return rows[0];
  }

  /** Notes that so many more jobs were read from Redis, and goes on holding the gap. */
  async progress(id: string, jobs: number): Promise<void> {
    await this.database.query(
      `UPDATE history_gaps SET filled = filled + $2, lease_until = now() + interval '${LEASE_SECONDS} s' WHERE id = $1`,
      [id, jobs],
    );
  }

  /** Ids of jobs that were not finished when they were seen last, at least so many milliseconds ago, in their order. */
  async unfinishedJobs(after: string, most: number, unseenMs = 0): Promise<string[]> {
    const rows: { id: string }[] = await this.database.query(
      `SELECT id FROM job_records WHERE queue = $1 AND id > $2 AND status IN ('pending', 'running')
         AND removed_at IS NULL AND recorded_at <= now() - $4 * interval '1 ms' ORDER BY id LIMIT $3`,
      [this.queue, after, most, unseenMs],
    );
    return rows.map(({ id }) => id);
  }

  /** Notes that Redis has these jobs no more, unless they were seen after `at`; how they ended is not known. */
  async noteMissing(ids: readonly string[], at: string): Promise<void> {
    if (ids.length === 0) return;
    await this.database.query(
      `UPDATE job_records SET removed_at = now(), state = 'unknown', version = $3::bigint
       WHERE queue = $1 AND id = ANY($2) AND version <= $3::bigint`,
      [this.queue, ids, String(versionOf(at))],
    );
  }

  /** As {@link noteMissing}; but events of their end that were not read yet still count. */
  async noteGone(ids: readonly string[], at: string): Promise<void> {
    if (ids.length === 0) return;
    await this.database.query(
      `UPDATE job_records SET removed_at = now(), state = 'unknown'
       WHERE queue = $1 AND id = ANY($2) AND version <= $3::bigint AND status IN ('pending', 'running')`,
      [this.queue, ids, String(versionOf(at))],
    );
  }

  /** Closes a gap. @returns how many jobs were read from Redis. */
  async close(id: string): Promise<number> {
    const [rows]: [Pick<HistoryGap, 'filled'>[], number] = await this.database.query(
      `UPDATE history_gaps SET filled_at = now(), lease_until = NULL WHERE id = $1 RETURNING filled`,
      [id],
    );
    return rows[0]?.filled ?? 0;
  }
}

/** Whether the stream is another one than that which was read up to `position`, or an older state of it. */
export function wentBack(position: string | undefined, last: string): boolean {
  return position !== undefined && versionOf(last) < versionOf(position);
}
