import type { JobJson, JobState, JobType } from 'bullmq';
import type { JobState as DroverState } from '#libs/contracts';
import { contractPriority } from '#libs/contracts';
import { Batcher } from './batcher.js';
import { fromFlat, toJobJson, type JobFields } from './job-record.js';
import type { QueueKeys } from './keys.js';
import type { RedisClient, Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';

/** Everything the store knows of one job, read in one step. */
export interface StoredJob {
  id: string;
  fields: JobFields;
  /** `<p>data:<id>` as it stands. */
  document: string | undefined;
  /** `<p>status:<id>` as it stands. */
  status: string | undefined;
  /** `<p>results:<id>` as it stands. */
  result: string | undefined;
  state: DroverState | 'unknown';
  /** Place among the jobs that wait, 0 = next; -1 when it is not among them. */
  rank: number;
  /** Time in ms when a delayed job becomes ready. */
  due: number | undefined;
}

type RawJob = [
  string[],
  string | null,
  string | null,
  string | null,
  StoredJob['state'],
  number,
  string | null,
];

/** Jobs read in one call, and bytes after which a call reads no further one: no call holds Redis for long. */
const MAX_JOBS_A_CALL = 25;
const ENOUGH_BYTES = 256 * 1024;

/** Queries; none of them changes a job. */
export class Reading {
  private readonly batcher = new Batcher<string, StoredJob | undefined>({
    send: (ids) => this.read(ids),
    maxOperations: MAX_JOBS_A_CALL,
    maxBytes: Infinity,
    bytesOf: () => 0,
  });

  constructor(
    private readonly scripts: Scripts,
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
    private readonly options: StoreOptions,
  ) {}

  /** Jobs that are asked for in the same turn of the event loop are read in one call. */
  find(id: string): Promise<StoredJob | undefined> {
    return this.batcher.add(id);
  }

  /** Several jobs, in the given order; those that are gone are left out. */
  async findMany(ids: readonly string[]): Promise<StoredJob[]> {
    const jobs = await Promise.all(ids.map((id) => this.find(id)));
    return jobs.filter((job) => job !== undefined);
  }

  private async read(ids: readonly string[]): Promise<(StoredJob | undefined)[]> {
    const jobs: (StoredJob | undefined)[] = [];
    while (jobs.length < ids.length) {
      const rest = ids.slice(jobs.length);
      const raws = await this.scripts.runList<(RawJob | null)[]>('getJobs', [ENOUGH_BYTES, ...rest]);
      jobs.push(...raws.map((raw, at) => (raw ? stored(rest[at] as string, raw) : undefined)));
    }
    return jobs;
  }

  async jobJson(id: string): Promise<JobJson | undefined> {
    const job = await this.find(id);
    if (!job) return undefined;
    const { fields, document, result } = job;
    const payload =
      fields['data'] ?? (isReadable(document) ? undefined : JSON.stringify({ document: document ?? null }));
    const readable = {
      ...fields,
      ...(payload === undefined ? {} : { data: payload }),
      document: document ?? '{}',
    };
    return toJobJson(id, readable, this.options.defaultType, result ?? null);
  }

  async state(id: string): Promise<JobState | 'unknown'> {
    const state = await this.scripts.run<DroverState | 'unknown'>('getState', id);
    return state === 'cancelled' ? 'failed' : state;
  }

  /** @returns 0 not finished, 1 completed, 2 failed, -1 no such job; with `returnValue` the result or reason too. */
  async isFinished(id: string, returnValue: boolean): Promise<number | [number, string]> {
    const job = await this.find(id);
    const number = !job
      ? -1
      : job.state === 'completed'
        ? 1
        : job.state === 'failed' || job.state === 'cancelled'
          ? 2
          : 0;
    if (!returnValue) return number;
    if (number === -1) return [-1, `Missing key for job ${this.keys.key(id)}. isFinished`];
    if (number === 1) return [1, job?.result ?? 'null'];
    return [number, number === 2 ? (job?.fields['failedReason'] ?? '') : ''];
  }

  async isInState(state: string, id: string): Promise<boolean> {
    return (await this.state(id)) === (state === 'wait' ? 'waiting' : state);
  }

  async counts(states: readonly string[]): Promise<number[]> {
    for (;;) {
      const counts = await this.scripts.run<number[] | null>('counts', ...states);
      if (counts) return counts;
    }
  }

  /** Number of delayed jobs that are due before `timestamp`, in ms. */
  async delayedBefore(timestamp: number): Promise<number> {
    const client = await this.client();
    return client.zcount(this.keys.key('delayed'), '-inf', `(${timestamp}`);
  }

  /** @param priorities BullMQ's. */
  async countsPerPriority(priorities: readonly number[]): Promise<number[]> {
    const bands = priorities.flatMap((priority) => {
      const contract = contractPriority(priority);
      return [contract, priority === 0 ? '+inf' : contract];
    });
    return this.scripts.run<number[]>('countPriorities', ...bands);
  }

  /** @param bands pairs of lowest and highest contract priority. */
  countBands(bands: readonly (readonly [number | '-inf', number | '+inf'])[]): Promise<number[]> {
    return this.scripts.run<number[]>('countPriorities', ...bands.flat());
  }

  /** One list of ids per state; waiting and running jobs newest first, as BullMQ's getters expect. */
  async ranges(
    states: readonly (JobType | 'cancelled')[],
    start: number,
    end: number,
    asc: boolean,
  ): Promise<string[][]> {
    for (;;) {
      const lists = await this.scripts.run<string[][] | null>(
        'ranges',
        start,
        end,
        asc ? '1' : '0',
        ...states,
      );
      if (lists) return lists;
    }
  }

  async logs(
    id: string,
    start: number,
    end: number,
    asc: boolean,
  ): Promise<{ logs: string[]; count: number }> {
    const client = await this.client();
    const key = this.keys.logs(id);
    const [from, to] = asc ? [start, end] : [-(end + 1), -(start + 1)];
    const [logs, count] = await Promise.all([client.lrange(key, from, to), client.llen(key)]);
    return { logs: asc ? logs : logs.reverse(), count };
  }
}

function stored(id: string, [flat, document, status, result, state, rank, delayed]: RawJob): StoredJob {
  return {
    id,
    fields: fromFlat(flat),
    document: document ?? undefined,
    status: status ?? undefined,
    result: typeof result === 'string' ? result : undefined,
    state,
    rank,
    due: delayed === null ? undefined : Math.floor(Number(delayed)),
  };
}

function isReadable(document: string | undefined): boolean {
  try {
    const parsed: unknown = JSON.parse(document ?? '');
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed);
  } catch {
    return false;
  }
}
