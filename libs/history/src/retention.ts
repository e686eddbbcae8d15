import type { DataSource } from 'typeorm';

const DAY_MS = 86_400_000;
/** Rows that one statement deletes. */
const STEP = 2000;
/** A job that was not finished when it was seen last may be delayed for a month. */
const UNFINISHED_DAYS = 31;

/** Removes what is old enough. Any number of processes may do so. */
export class Retention {
  private stopped = false;

  /** @param days after the end of a job; 0 = for ever. */
  constructor(
    private readonly database: DataSource,
    private readonly days: number,
  ) {}

  /**
   * Deletes rows of jobs that have ended, or were removed, longer ago than that; in steps, so that others are not kept waiting.
   *
   * @param now ms since 1970.
   * @returns how many.
   */
  async clean(now = Date.now()): Promise<number> {
    if (this.days === 0) return 0;
    const limit = new Date(now - this.days * DAY_MS);
    const long = new Date(limit.getTime() - UNFINISHED_DAYS * DAY_MS);
    return (
      (await this.delete('finished_at < $1', limit)) +
      (await this.delete('removed_at < $1 AND finished_at IS NULL', limit)) +
      (await this.delete('created_at < $1 AND recorded_at < $1 AND finished_at IS NULL', long))
    );
  }

  /** Ends the work under way after its current step. */
  stop(): void {
    this.stopped = true;
  }

  private async delete(where: string, limit: Date): Promise<number> {
    let deleted = 0;
    for (let step = STEP; step === STEP && !this.stopped; deleted += step) {
      const [, count]: [unknown, number] = await this.database.query(
        `DELETE FROM job_records WHERE (queue, id) IN (SELECT queue, id FROM job_records WHERE ${where} LIMIT ${STEP}
           FOR UPDATE SKIP LOCKED)`,
        [limit],
      );
      step = count;
    }
    return deleted;
  }
}
