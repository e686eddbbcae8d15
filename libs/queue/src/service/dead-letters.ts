import type { DeadLetter } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import { checkKnownId } from '../backend/validate.js';
import { InvalidOptionError } from '../errors/index.js';
import { JobViews } from './job-views.js';

/** Dead letters to take: these, or all of a type (of all types without one). */
export type DeadLetterChoice =
  | { ids: readonly string[] }
  | {
      type?: string | undefined;
      /** Only those that died at least so many ms ago; default 0. */
      olderThan?: number;
      /** Most to take; default 1000. */
      limit?: number;
    };

/** What became of a choice. */
export interface Taken {
  /** How many were taken. */
  count: number;
  /** Ids that are no dead letters, or no longer. */
  missing: string[];
  /** Whether there may be more than the limit: ask again. */
  more: boolean;
}

/** A dead letter's place in the list. */
export interface DeadLetterPlace {
  /** When it died, Unix ms. */
  time: number;
  id: string;
}

/** Dead letters looked at, or changed, in one call: it holds Redis for a few milliseconds. */
const LOOK = 500;
const DEFAULT_LIMIT = 1000;
/** Calls for one page behind a place. */
const MOST_LOOKS = 40;

/**
 * Jobs that failed for good and are kept for longer: list, count, run again, remove. To BullMQ and to Go services they are failed
 * jobs like others. A filter by type looks at all of them, so its cost grows with their number.
 */
export class DeadLetters {
  private readonly jobs: JobViews;

  constructor(private readonly backend: DroverBackend) {
    this.jobs = new JobViews(backend);
  }

  /** One page by its number, the newest first. `page` counts from 1. */
  async list(query: { type?: string | undefined; page: number; pageSize: number }): Promise<{
    items: DeadLetter[];
    total: number;
    page: number;
    pageSize: number;
  }> {
    const { type, page, pageSize } = query;
    await this.dropExpired();
    const skip = (page - 1) * pageSize;
    const found: string[] = [];
    let total = 0;
    // Without a filter the rank is known, and so is the sum.
    let rank = type === undefined ? skip : 0;
    for (
      let looked = LOOK;
      looked === LOOK && (type !== undefined || found.length < pageSize);
      rank += looked
    ) {
      const [ids, count] = await this.look(type, rank, true, '+inf');
      looked = count;
      const from = type === undefined ? 0 : Math.max(0, skip - total);
      found.push(...ids.slice(from, from + pageSize - found.length));
      total += ids.length;
    }
    return {
      items: await this.views(found),
      total: type === undefined ? await this.size() : total,
      page,
      pageSize,
    };
  }

  /**
   * The next dead letters behind a place, the newest first. Looks at a limited number: there may be fewer than `limit`, and a next
   * place all the same.
   */
  async pageAfter(
    place: DeadLetterPlace | undefined,
    { type = '', limit }: { type?: string | undefined; limit: number },
  ): Promise<{ items: DeadLetter[]; next?: DeadLetterPlace }> {
    await this.dropExpired();
    const { defaultType } = this.backend.storeOptions;
    const ids: string[] = [];
    let at = place;
    for (let look = 0; look < MOST_LOOKS; look++) {
      const [found, [time, id]] = await this.backend.scripts.run<[string[], [string, string]]>(
        'deadLetterPage',
        type,
        defaultType,
        at?.time ?? '+inf',
        at?.id ?? '',
        limit - ids.length,
      );
      ids.push(...found);
      at = id === '' ? undefined : { time: Number(time), id };
      if (!at || ids.length >= limit) break;
    }
    return { items: await this.views(ids), ...(at && { next: at }) };
  }

  /** How many there are, of a type or in all. */
  async count(type?: string): Promise<number> {
    await this.dropExpired();
    if (type === undefined) return this.size();
    let total = 0;
    for (let rank = 0, looked = LOOK; looked === LOOK; rank += looked) {
      const [ids, count] = await this.look(type, rank, true, '+inf');
      looked = count;
      total += ids.length;
    }
    return total;
  }

  /**
   * Runs dead letters again, as if for the first time: attempts and lost leases count from 0, a checkpoint stays. Those that die again
   * meanwhile are not taken twice.
   *
   * @throws {InvalidOptionError} for a limit or an age that is no usable number; {InvalidJobIdError} for an empty id.
   */
  replay(choice: DeadLetterChoice): Promise<Taken> {
    return this.take('replay', choice);
  }

  /** Removes dead letters and all that belongs to them. A parent that waits for one goes on. @throws as {@link replay} */
  purge(choice: DeadLetterChoice): Promise<Taken> {
    return this.take('purge', choice);
  }

  private async take(script: 'replay' | 'purge', choice: DeadLetterChoice): Promise<Taken> {
    if ('ids' in choice) return this.takeIds(script, [...new Set(choice.ids)]);
    const { type, olderThan = 0, limit = DEFAULT_LIMIT } = choice;
    if (!Number.isInteger(limit) || limit < 1) {
      throw new InvalidOptionError(`limit must be a whole number from 1, not ${String(limit)}`);
    }
    if (!Number.isFinite(olderThan) || olderThan < 0) {
      throw new InvalidOptionError(`olderThan must be milliseconds from 0, not ${String(olderThan)}`);
    }
    await this.dropExpired();
    const latest = Date.now() - olderThan;
    let count = 0;
    for (let rank = 0; ;) {
      const [ids, looked] = await this.look(type, rank, false, latest);
      const wanted = ids.slice(0, limit - count);
      const taken = wanted.length === 0 ? [] : await this.backend.scripts.runList<string[]>(script, wanted);
      count += taken.length;
      if (wanted.length < ids.length) return { count, missing: [], more: true };
      if (looked < LOOK) return { count, missing: [], more: false };
      // What was taken no longer has a rank.
      rank += looked - taken.length;
    }
  }

  private async takeIds(script: 'replay' | 'purge', ids: readonly string[]): Promise<Taken> {
    ids.forEach(checkKnownId);
    const taken = new Set<string>();
    for (let from = 0; from < ids.length; from += LOOK) {
      const part = ids.slice(from, from + LOOK);
      for (const id of await this.backend.scripts.runList<string[]>(script, part)) taken.add(id);
    }
    return { count: taken.size, missing: ids.filter((id) => !taken.has(id)), more: false };
  }

  private look(
    type: string | undefined,
    rank: number,
    newestFirst: boolean,
    latest: number | '+inf',
  ): Promise<[string[], number]> {
    const { defaultType } = this.backend.storeOptions;
    return this.backend.scripts.run(
      'deadLetters',
      type ?? '',
      defaultType,
      newestFirst ? '1' : '0',
      rank,
      latest,
    );
  }

  private async views(ids: readonly string[]): Promise<DeadLetter[]> {
    const { reading, queueKeys, scripts } = this.backend;
    const jobs = await reading.findMany(ids);
    if (jobs.length === 0) return [];
    const ends = await scripts.read((client) =>
      client.zmscore(queueKeys.key('expiring'), ...jobs.map(({ id }) => id)),
    );
    return (await this.jobs.ofMany(jobs)).map((job, at) => ({
      ...job,
      keptUntil: ends[at] ? new Date(Number(ends[at])).toISOString() : undefined,
    }));
  }

  private size(): Promise<number> {
    return this.backend.scripts.read((client) => client.zcard(this.backend.queueKeys.key('dead')));
  }

  /** What has ended is no longer counted. */
  private async dropExpired(): Promise<void> {
    await this.backend.reading.counts([]);
  }
}
