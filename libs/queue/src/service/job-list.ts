import type { JobStatus } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import { unpackPlain } from '../backend/job-record.js';
import type { StoredJob } from '../backend/reading.js';

export interface ListQuery {
  status?: JobStatus;
  type?: string;
  /** From 1. */
  page: number;
  pageSize: number;
}

/** Ids read at a time when a filter has no index of its own. */
const CHUNK = 500;

/** Sorted sets whose members have a status, and whether the highest score comes first. */
const SETS: Record<JobStatus | 'all', readonly { name: string; newestFirst: boolean }[]> = {
  all: [{ name: 'ids', newestFirst: true }],
  pending: [
    { name: 'queue', newestFirst: false },
    { name: 'delayed', newestFirst: false },
    { name: 'waiting-children', newestFirst: false },
  ],
  running: [{ name: 'leases', newestFirst: true }],
  completed: [{ name: 'completed', newestFirst: true }],
  failed: [{ name: 'failed', newestFirst: true }],
  cancelled: [{ name: 'cancelled', newestFirst: true }],
};

/** One page of jobs, and how many there are in all. */
export interface FoundPage {
  jobs: StoredJob[];
  total: number;
}

/**
 * Pages of jobs: all newest first, pending ones in the order they will run. A filter by type looks at
 * every job of the status, so its cost grows with their number.
 */
export class JobList {
  constructor(private readonly backend: DroverBackend) {}

  async page({ status, type, page, pageSize }: ListQuery): Promise<FoundPage> {
    return this.backend.scripts.read(() => this.find({ status, type, page, pageSize }));
  }

  private async find({ status, type, page, pageSize }: ListQuery): Promise<FoundPage> {
    // Drops what has ended its TTL, so that windows and totals hold.
    await this.backend.reading.counts([]);
    const skip = (page - 1) * pageSize;
    if (type === undefined && status !== 'failed') return this.window(status ?? 'all', skip, pageSize);
    return this.filtered(status ?? 'all', type, skip, pageSize);
  }

  private async window(status: JobStatus | 'all', skip: number, size: number): Promise<FoundPage> {
    const client = await this.backend.client();
    const ids: string[] = [];
    let total = 0;
    for (const set of SETS[status]) {
      const key = this.backend.queueKeys.key(set.name);
      const count = await client.zcard(key);
      const from = Math.max(0, skip - total);
      const wanted = size - ids.length;
      if (wanted > 0 && from < count) {
        ids.push(...(await this.read(key, from, from + wanted - 1, set.newestFirst)));
      }
      total += count;
    }
    return { jobs: await this.backend.reading.findMany(ids), total };
  }

  private async filtered(
    status: JobStatus | 'all',
    type: string | undefined,
    skip: number,
    size: number,
  ): Promise<FoundPage> {
    const matching: string[] = [];
    let total = 0;
    for await (const ids of this.chunks(status)) {
      for (const id of await this.matching(ids, status, type)) {
        if (total >= skip && matching.length < size) matching.push(id);
        total += 1;
      }
    }
    return { jobs: await this.backend.reading.findMany(matching), total };
  }

  private async *chunks(status: JobStatus | 'all'): AsyncGenerator<string[]> {
    for (const set of SETS[status]) {
      const key = this.backend.queueKeys.key(set.name);
      for (let from = 0; ; from += CHUNK) {
        const ids = await this.read(key, from, from + CHUNK - 1, set.newestFirst);
        if (ids.length > 0) yield ids;
        if (ids.length < CHUNK) break;
      }
    }
  }

  private async matching(
    ids: string[],
    status: JobStatus | 'all',
    type: string | undefined,
  ): Promise<string[]> {
    const client = await this.backend.client();
    let left = ids;
    if (status === 'failed') {
      // BullMQ lists cancelled jobs among the failed ones; here they are apart.
      const cancelled = await client.zmscore(this.backend.queueKeys.key('cancelled'), ...left);
      left = left.filter((_, at) => cancelled[at] === null);
    }
    if (type === undefined || left.length === 0) return left;
    const { queueKeys, storeOptions } = this.backend;
    const [plain, names] = await Promise.all([
      client.hmget(queueKeys.key('plain'), ...left),
      Promise.all(left.map((id) => client.hget(queueKeys.job(id), 'name'))),
    ]);
    const nameOf = (at: number) =>
      names[at] ?? unpackPlain(plain[at] ?? '')['name'] ?? storeOptions.defaultType;
    return left.filter((_, at) => nameOf(at) === type);
  }

  private async read(key: string, first: number, last: number, newestFirst: boolean): Promise<string[]> {
    const client = await this.backend.client();
    return newestFirst ? client.zrevrange(key, first, last) : client.zrange(key, first, last);
  }
}
