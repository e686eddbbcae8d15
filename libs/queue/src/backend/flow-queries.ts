import type { DependenciesOpts, JobJson } from 'bullmq';
import { asJson } from './json-text.js';
import type { QueueKeys } from './keys.js';
import type { RedisClient, Scripts } from './scripts.js';

/** A page of a job's children. */
export interface ChildrenPage {
  cursor: string;
  items: { id: string; v?: unknown; err?: string }[];
  total: number;
  jobs: JobJson[];
}

export interface Dependencies {
  processed?: Record<string, unknown>;
  nextProcessedCursor?: number;
  unprocessed?: string[];
  nextUnprocessedCursor?: number;
  ignored?: Record<string, string>;
  nextIgnoredCursor?: number;
  failed?: string[];
  nextFailedCursor?: number;
}

export const CHILD_KINDS = ['pending', 'processed', 'ignored', 'unsuccessful'] as const;

/** What a job knows of a child: it waits for it, has its result, tolerates its failure, or fails with it. */
export type ChildKind = (typeof CHILD_KINDS)[number];

/** Children that one window shows when it does not say how many. */
const WINDOW = 20;
const SCAN_COUNT = 100;

/** A legacy service may have written a result that is no JSON: it is given as it stands. */
const value = (text: string): unknown => JSON.parse(asJson(text)) as unknown;

const values = (texts: Record<string, string>) =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, value(text)]));

function pairs(flat: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) found[flat[at] as string] = flat[at + 1] as string;
  return found;
}

/** What became of a job's children; their keys are `<prefix>:<queue>:<id>`. */
export class FlowQueries {
  constructor(
    private readonly scripts: Scripts,
    private readonly keys: QueueKeys,
    private readonly jobAt: (key: string) => Promise<JobJson | undefined>,
  ) {}

  /** Results as JSON text, by child: BullMQ parses each, so one that is no JSON is given as a JSON string. */
  async processed(id: string): Promise<Record<string, string>> {
    const texts = await this.scripts.read((client) => client.hgetall(this.keys.processed(id)), [id]);
    return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, asJson(text)]));
  }

  /** Reasons of failures that the parent was to ignore, by child. */
  ignored(id: string): Promise<Record<string, string>> {
    return this.scripts.read((client) => client.hgetall(this.keys.ignored(id)), [id]);
  }

  /**
   * Keys of all children that a job has, sorted, by what it knows of them. Each call of Redis reads some hundred.
   *
   * @param most children that are read at most; `undefined` is answered when there are more.
   */
  async children(id: string, most: number): Promise<Map<string, ChildKind> | undefined> {
    const found = new Map<string, ChildKind>();
    // A child goes from pending to one of the others: in this order none is missed.
    for (const kind of CHILD_KINDS) {
      let cursor = '0';
      do {
        const [next, keys] = await this.scripts.run<[string, string[]]>('childKeys', id, kind, cursor);
        for (const key of keys) found.set(key, kind);
        if (found.size > most) return undefined;
        cursor = next;
      } while (cursor !== '0');
    }
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** @param types of `processed`, `unprocessed`, `ignored`, `failed`. */
  counts(id: string, types: readonly string[]): Promise<number[]> {
    const count = (client: RedisClient, type: string) => {
      if (type === 'processed') return client.hlen(this.keys.processed(id));
      if (type === 'unprocessed') return client.scard(this.keys.pending(id));
      if (type === 'ignored') return client.hlen(this.keys.ignored(id));
      return client.zcard(this.keys.unsuccessful(id));
    };
    return this.scripts.read((client) => Promise.all(types.map((type) => count(client, type))), [id]);
  }

  /** Without options all children; else a window of each kind asked for, and where the next one starts (0 = no more). */
  dependencies(id: string, opts: DependenciesOpts = {}): Promise<Dependencies> {
    const windowed = opts.processed ?? opts.unprocessed ?? opts.ignored ?? opts.failed;
    return this.scripts.read(
      (client) => (windowed ? this.window(client, id, opts) : this.everything(client, id)),
      [id],
    );
  }

  private async everything(client: RedisClient, id: string): Promise<Dependencies> {
    const [processed, unprocessed, ignored, failed] = await Promise.all([
      client.hgetall(this.keys.processed(id)),
      client.smembers(this.keys.pending(id)),
      client.hgetall(this.keys.ignored(id)),
      client.zrange(this.keys.unsuccessful(id), 0, -1),
    ]);
    return { processed: values(processed), unprocessed, ignored, failed };
  }

  private async window(client: RedisClient, id: string, opts: DependenciesOpts): Promise<Dependencies> {
    const found: Dependencies = {};
    if (opts.processed) {
      const { cursor = 0, count = WINDOW } = opts.processed;
      const [next, flat] = await client.hscan(this.keys.processed(id), cursor, 'COUNT', count);
      found.processed = values(pairs(flat));
      found.nextProcessedCursor = Number(next);
    }
    if (opts.unprocessed) {
      const { cursor = 0, count = WINDOW } = opts.unprocessed;
      const [next, keys] = await client.sscan(this.keys.pending(id), cursor, 'COUNT', count);
      found.unprocessed = keys;
      found.nextUnprocessedCursor = Number(next);
    }
    if (opts.ignored) {
      const { cursor = 0, count = WINDOW } = opts.ignored;
      const [next, flat] = await client.hscan(this.keys.ignored(id), cursor, 'COUNT', count);
      found.ignored = pairs(flat);
      found.nextIgnoredCursor = Number(next);
    }
    if (opts.failed) {
      const { cursor = 0, count = WINDOW } = opts.failed;
      const key = this.keys.unsuccessful(id);
      found.failed = await client.zrange(key, cursor, cursor + count - 1);
      found.nextFailedCursor = cursor + count < (await client.zcard(key)) ? cursor + count : 0;
    }
    return found;
  }

  /**
   * A page of the children that are done or awaited.
   *
   * @param name `toKey('<id>:processed')` or `toKey('<id>:dependencies')`.
   * @param opts.end last place, counted from 0; negative = to the end.
   */
  async paginate(
    name: string,
    opts: { start: number; end: number; fetchJobs?: boolean },
  ): Promise<ChildrenPage> {
    const cut = name.lastIndexOf(':');
    const id = name.slice(this.keys.base.length, cut);
    const isDone = name.slice(cut + 1) === 'processed';
    const all = await this.scripts.read(
      (client) => (isDone ? this.scanDone(client, id, opts.end) : this.scanPending(client, id, opts.end)),
      [id],
    );
    const end = opts.end < 0 ? undefined : opts.end + 1;
    const items = all.slice(opts.start, end);
    const [total = 0] = await this.counts(id, [isDone ? 'processed' : 'unprocessed']);
    const jobs = opts.fetchJobs ? await Promise.all(items.map((item) => this.jobAt(item.id))) : [];
    return { cursor: '0', items, total, jobs: jobs.filter((job) => job !== undefined) };
  }

  private async scanPending(client: RedisClient, id: string, last: number): Promise<{ id: string }[]> {
    const found = new Set<string>();
    let cursor = '0';
    do {
      const [next, keys] = await client.sscan(this.keys.pending(id), cursor, 'COUNT', SCAN_COUNT);
      for (const key of keys) found.add(key);
      cursor = next;
    } while (cursor !== '0' && (last < 0 || found.size <= last));
    return [...found].map((key) => ({ id: key }));
  }

  private async scanDone(
    client: RedisClient,
    id: string,
    last: number,
  ): Promise<{ id: string; v?: unknown; err?: string }[]> {
    const found = new Map<string, string>();
    let cursor = '0';
    do {
      const [next, flat] = await client.hscan(this.keys.processed(id), cursor, 'COUNT', SCAN_COUNT);
      for (const [key, text] of Object.entries(pairs(flat))) found.set(key, text);
      cursor = next;
    } while (cursor !== '0' && (last < 0 || found.size <= last));
    return [...found].map(([key, text]) => {
      try {
        return { id: key, v: JSON.parse(text) as unknown };
      } catch (error) {
        return { id: key, err: (error as Error).message };
      }
    });
  }
}
