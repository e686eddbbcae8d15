import type { QueueEvent } from '#libs/queue';
import { rowOfEvents, rowOfSnapshot, type JobRow } from './job-row.js';
import type { RecorderOptions } from './recorder-options.js';
import { writeRows } from './write-rows.js';

/** Jobs that are looked at, and written, at once. */
const MOST_JOBS = 200;

/** Writes a row for each of many jobs. */
export class JobWriter {
  constructor(private readonly options: Omit<RecorderOptions, 'waiter'>) {}

  /**
   * Reads the next jobs from Redis while the database writes the ones before.
   *
   * @returns how many jobs there were.
   */
  async write(jobs: ReadonlyMap<string, readonly QueueEvent[]>): Promise<number> {
    const ids = [...jobs.keys()];
    let found = 0;
    let writing: Promise<unknown> = Promise.resolve();
    try {
      for (let from = 0; from < ids.length;) {
        const { rows, looked, there } = await this.rowsOf(ids.slice(from, from + MOST_JOBS), jobs);
        await writing;
        writing = this.writeRows(rows);
        // What goes wrong is thrown where it is waited for.
        writing.catch(() => undefined);
        from += looked;
        found += there;
      }
    } finally {
      await writing;
    }
    return found;
  }

  /** Rows of the first of these jobs: as many as Redis gives at once. */
  private async rowsOf(ids: readonly string[], jobs: ReadonlyMap<string, readonly QueueEvent[]>) {
    const { at, jobs: snapshots } = await this.options.feed.snapshot(ids);
    let there = 0;
    const rows = snapshots.map((job, place) => {
      const id = ids[place] ?? '';
      const events = jobs.get(id) ?? [];
      if (!job || job.state === 'unknown') return rowOfEvents(this.options.queue, id, events);
      there += 1;
      return rowOfSnapshot(this.options, job, at, events);
    });
    return { rows: rows.filter((row): row is JobRow => row !== undefined), looked: snapshots.length, there };
  }

  private writeRows(rows: readonly JobRow[]): Promise<void> {
    const { database, queue, log } = this.options;
    return writeRows(database, rows, (id, error) =>
      log.error(`job ${id} of ${queue} cannot be kept in the history: ${String(error)}`),
    );
  }
}
