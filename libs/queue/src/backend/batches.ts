import { BatchNotFoundError, BatchStateError } from '../errors/batches.js';
import { IdsTakenError } from '../errors/index.js';
import { adoptAll } from './adding.js';
import { JobEncoder, jobArguments } from './job-arguments.js';
import type { NewJob } from './new-job.js';
import type { Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';

/** A batch as it stands: its fields, and how many of its jobs stand where. */
export interface StoredBatch {
  id: string;
  fields: Readonly<Record<string, string>>;
  /** Jobs that wait for a place of the batch. */
  held: number;
  /** Jobs in the queue, running, or waiting for a retry. */
  open: number;
  /** Those of the open ones that run. */
  running: number;
}

/** A job of a batch, and where it stands. */
export interface StoredItem {
  id: string;
  /** How it ended; '' when it has not. */
  ended: string;
  /** Jobs of the batch that wait before it; -1 when it does not wait. */
  ahead: number;
  /** All jobs of the queue that wait before it; -1 when it does not wait. */
  aheadInQueue: number;
}

/** One page of a batch's jobs, and what estimates need. */
export interface StoredItems {
  items: StoredItem[];
  /** Jobs of the queue that run. */
  runningInQueue: number;
  /** When the running jobs of the batch started, in ms; at most 1000. */
  startedOn: number[];
}

type RawBatch = [string[], number, number, number] | null;
type RawItems = [[string, string, number, number][], number, string[]];
type Told = 1 | [0, string[]] | [-1, string] | [-2, number[]];

/** Jobs that are cancelled in one call: it holds Redis for a few milliseconds. */
const CANCELLED_AT_ONCE = 50;

const NO_SUCH_BATCH = -1;
const HAD_FINISHED = -2;

/** Batches: jobs that are added together and followed as one. */
export class Batches {
  constructor(
    private readonly scripts: Scripts,
    private readonly options: StoreOptions,
  ) {}

  /**
   * Adds a batch with all its jobs, or nothing.
   *
   * @param fields what is kept of it; `limit` is how many of its jobs may be open at once, 0 = all.
   * @returns ids of the jobs in order, or the fingerprint of a batch that has the id already.
   * @throws {IdsTakenError} when jobs with these ids exist; typed errors that name what is wrong with a job.
   */
  async add(
    id: string,
    fields: Readonly<Record<string, string | number>>,
    jobs: readonly NewJob[],
  ): Promise<{ ids: string[] } | { fingerprint: string }> {
    const encoder = new JobEncoder(this.options);
    const encoded = jobs.map((job) => encoder.encode({ ...job, extras: { ...job.extras, batch: id } }));
    const flat = Object.entries(fields).flat();
    const args = [id, flat.length, ...flat, ...jobArguments(encoded)];
    for (;;) {
      const told = await this.scripts.runList<Told>('addBatch', args);
      if (told === 1) {
        await adoptAll(this.scripts);
      } else if (told[0] === -2) {
        throw new IdsTakenError(
          told[1].map((number) => ({ index: number - 1, id: jobs[number - 1]?.id ?? '' })),
        );
      } else {
        return told[0] === 0 ? { ids: told[1] } : { fingerprint: told[1] };
      }
    }
  }

  /** Batches with these ids, in order; those that are gone are left out. */
  async find(ids: readonly string[]): Promise<StoredBatch[]> {
    if (ids.length === 0) return [];
    const raws = await this.scripts.run<RawBatch[]>('getBatches', ...ids);
    return raws.flatMap((raw, at) => (raw ? [stored(ids[at] as string, raw)] : []));
  }

  /** Jobs of a batch from the one with this index on. */
  async items(id: string, from: number, count: number): Promise<StoredItems> {
    const [rows, runningInQueue, started] = await this.scripts.run<RawItems>(
      'getBatchItems',
      id,
      from,
      count,
    );
    return {
      items: rows.map(([jobId, ended, ahead, aheadInQueue]) => ({ id: jobId, ended, ahead, aheadInQueue })),
      runningInQueue,
      startedOn: started.map(Number).filter((ms) => ms > 0),
    };
  }

  /**
   * Cancels what has not ended: none of it starts any more, and running handlers are told. Should the caller break off, the next
   * passes over the queue go on.
   *
   * @throws {BatchNotFoundError}; {BatchStateError} when it had finished.
   */
  async cancel(id: string, reason: string): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      const left = await this.scripts.run<number>('cancelBatch', id, reason, CANCELLED_AT_ONCE);
      if (left === 0 || (left < 0 && !isFirst)) return;
      if (left === NO_SUCH_BATCH) throw new BatchNotFoundError(id);
      if (left === HAD_FINISHED)
        throw new BatchStateError(id, 'finished', 'only one that goes on can be cancelled');
    }
  }
}

function stored(id: string, [flat, held, open, running]: NonNullable<RawBatch>): StoredBatch {
  const fields: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) fields[flat[at] as string] = flat[at + 1] as string;
  return { id, fields, held, open, running };
}
