import { fromFlat } from './job-record.js';
import type { QueueKeys } from './keys.js';
import type { StoredJob } from './reading.js';
import type { RedisClient, Scripts } from './scripts.js';

/** One entry of the event stream. */
export interface QueueEvent {
  /** `<ms since 1970>-<number>`, growing. */
  readonly id: string;
  readonly event: string;
  /** Fields besides `event`; a value that is too large is ''. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What a group of readers gets at once. */
export interface EventBatch {
  readonly events: readonly QueueEvent[];
  /** Entry that was delivered last before these. */
  readonly after: string;
  /** Entry that was written last. */
  readonly last: string;
  /** Entries trimmed before the group saw them; -1 = some, nobody knows how many. */
  readonly lost: number;
}

/** A job as it stands at one moment of the stream. */
export interface JobSnapshot extends Omit<StoredJob, 'status' | 'rank' | 'due'> {
  /** Texts left out because they are too large. */
  readonly omitted: readonly ('payload' | 'result')[];
}

/** Largest payload, document or result that a snapshot has, in bytes. */
const MOST_BYTES = 256 * 1024;
/** Bytes after which a snapshot takes no further job. */
const ENOUGH_BYTES = 4 * 1024 * 1024;
const MOST_JOBS = 200;

type RawEntry = [string, string[] | null];
type RawSnapshot = 0 | [string[], string | null, string | null, StoredJob['state'], JobSnapshot['omitted']];

/** The queue's event stream for one group of readers, and the jobs that it is about. */
export class EventFeed {
  constructor(
    private readonly scripts: Scripts,
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
  ) {}

  /**
   * The next events, delivered to `consumer` until they are acknowledged. Does not wait for any.
   *
   * @returns `no stream` or `no group` when there is none.
   */
  async read(group: string, consumer: string, count: number): Promise<EventBatch | 'no stream' | 'no group'> {
    const answer = await this.scripts.run<[string, string, number, RawEntry[]] | [string] | null>(
      'readEvents',
      group,
      consumer,
      count,
      MOST_BYTES,
    );
    if (!answer) return 'no stream';
    const [last, after, lost, entries] = answer;
    if (after === undefined || lost === undefined || entries === undefined) return 'no group';
    return { last, after, lost, events: entries.flatMap(eventOf) };
  }

  /** Creates the group, at the beginning of what the stream still has; does nothing when there is one. */
  async createGroup(group: string): Promise<void> {
    const client = await this.client();
    try {
      await client.xgroup('CREATE', this.keys.key('events'), group, '0');
    } catch (error) {
      // BUSYGROUP: another process was first. Without a stream there is nothing to read yet.
      if (!/BUSYGROUP|requires the key to exist/.test(String(error))) throw error;
    }
  }

  /**
   * Takes over events that were delivered `idleMs` ago and not acknowledged: their reader has died.
   *
   * @returns the events, how many of them are no longer in the stream, and where to go on (`0-0` = at the end).
   */
  async claim(group: string, consumer: string, idleMs: number, from: string, count: number) {
    const client = await this.client();
    const [next, entries, deleted] = (await client.xautoclaim(
      this.keys.key('events'),
      group,
      consumer,
      idleMs,
      from,
      'COUNT',
      count,
    )) as [string, RawEntry[], string[] | undefined];
    return { next, events: entries.flatMap(eventOf), lost: deleted?.length ?? 0 };
  }

  async acknowledge(group: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await (await this.client()).xack(this.keys.key('events'), group, ...ids);
  }

  /** Drops a reader that has nothing left to acknowledge, or all that have been idle for `idleMs`. */
  leave(group: string, consumer: string, idleMs = 0): Promise<number> {
    return this.scripts.run<number>('leaveGroup', group, consumer, idleMs);
  }

  /**
   * Jobs as they stand, all at the same moment.
   *
   * @param ids at most 200 are looked at.
   * @returns the entry of the stream that was the last one at that moment, and the jobs in the order of their ids; `undefined` for one
   * that is gone. Fewer than ids when they are large: ask again for the rest.
   */
  async snapshot(ids: readonly string[]): Promise<{ at: string; jobs: (JobSnapshot | undefined)[] }> {
    const asked = ids.slice(0, MOST_JOBS);
    const [at, ...raws] = await this.scripts.runList<[string, ...RawSnapshot[]]>('snapshot', [
      MOST_BYTES,
      ENOUGH_BYTES,
      ...asked,
    ]);
    return { at, jobs: raws.map((raw, place) => snapshotOf(asked[place] ?? '', raw)) };
  }

  /** Some ids of all jobs there are, and where to go on (`0` = at the end). Jobs that are there all the time are not missed. */
  async ids(cursor: string, count: number): Promise<{ next: string; ids: string[] }> {
    const client = await this.client();
    const [next, flat] = await client.zscan(this.keys.key('ids'), cursor, 'COUNT', count);
    return { next, ids: flat.filter((_, at) => at % 2 === 0) };
  }

  /**
   * Keeps at least so many entries, whatever BullMQ's `Queue` classes ask for when they are created: the larger number counts.
   *
   * @param length approximate number of entries.
   */
  async keepLength(length: number): Promise<void> {
    await (await this.client()).hset(this.keys.key('meta'), 'events', length);
  }
}

function eventOf([id, flat]: RawEntry): QueueEvent[] {
  const { event, ...fields } = fromFlat(flat ?? []);
  return event === undefined ? [] : [{ id, event, fields }];
}

function snapshotOf(id: string, raw: RawSnapshot): JobSnapshot | undefined {
  if (raw === 0) return undefined;
  const [flat, document, result, state, omitted] = raw;
  return {
    id,
    fields: fromFlat(flat),
    document: document ?? undefined,
    result: result ?? undefined,
    state,
    omitted,
  };
}
