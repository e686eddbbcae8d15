import type { JobStatus } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import type { StoredJob } from '../backend/reading.js';
import { JobSearch, type JobFilter, type JobPlace } from './job-search.js';

export interface ListQuery extends JobFilter {
  /** From 1. */
  page: number;
  pageSize: number;
}

/** Jobs that one request looks at when a filter has no index of its own. */
export const MOST_LOOKED_AT = 10_000;

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
  /** Whether there may be more that fit than those that were looked at: `total` counts only these. */
  isPartial: boolean;
}

/** Jobs behind a place in a list. */
export interface FoundPart {
  jobs: StoredJob[];
  /** Where to go on; undefined at the end. */
  next: JobPlace | undefined;
  /** Whether it stopped early, since it had looked at enough. */
  isPartial: boolean;
}

/**
 * Lists of jobs: all newest first, pending ones in the order they will run, ended ones by when they ended. Where a filter has no index, a
 * request looks at {@link MOST_LOOKED_AT} jobs at most, in small steps.
 */
export class JobList {
  private readonly search: JobSearch;

  constructor(private readonly backend: DroverBackend) {
    this.search = new JobSearch(backend);
  }

  /** A page by its number. */
  async page(query: ListQuery): Promise<FoundPage> {
    return this.backend.scripts.read(() => this.find(query));
  }

  /** The jobs behind a place, or the first ones. */
  async behind(filter: JobFilter, place: JobPlace | undefined, limit: number): Promise<FoundPart> {
    await this.backend.reading.counts([]);
    const { ids, next, isPartial } = await this.search.page(filter, place, { limit, most: MOST_LOOKED_AT });
    return { jobs: await this.backend.reading.findMany(ids), next, isPartial };
  }

  private async find({ page, pageSize, ...filter }: ListQuery): Promise<FoundPage> {
    // Drops what has ended its TTL, so that windows and totals hold.
    await this.backend.reading.counts([]);
    const skip = (page - 1) * pageSize;
    const { status, ...others } = filter;
    const isFiltered = Object.values(others).some((value) => value !== undefined);
    if (!isFiltered && status !== 'failed') return this.window(status ?? 'all', skip, pageSize);
    const found = await this.filtered(filter, skip, pageSize);
    return isFiltered ? found : { ...found, total: await this.failedCount(), isPartial: false };
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
    return { jobs: await this.backend.reading.findMany(ids), total, isPartial: false };
  }

  private async filtered(filter: JobFilter, skip: number, size: number): Promise<FoundPage> {
    const ids: string[] = [];
    let total = 0;
    let place: JobPlace | undefined;
    let looked = 0;
    do {
      const piece = await this.search.piece(filter, place);
      for (const { id } of piece.found) {
        if (total >= skip && ids.length < size) ids.push(id);
        total += 1;
      }
      looked += Math.max(piece.looked, 1);
      place = piece.next;
    } while (place && looked < MOST_LOOKED_AT);
    return { jobs: await this.backend.reading.findMany(ids), total, isPartial: place !== undefined };
  }

  /** BullMQ lists cancelled jobs among the failed ones; here they are apart. */
  private async failedCount(): Promise<number> {
    const [failed = 0, cancelled = 0] = await this.backend.reading.counts(['failed', 'cancelled']);
    return failed - cancelled;
  }

  private async read(key: string, first: number, last: number, newestFirst: boolean): Promise<string[]> {
    const client = await this.backend.client();
    return newestFirst ? client.zrevrange(key, first, last) : client.zrange(key, first, last);
  }
}
