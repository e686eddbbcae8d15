import { z } from 'zod';
import type { RedisClient } from '../backend/scripts.js';
import { LegacyWorkers } from './legacy-workers.js';

/** Longest text of a heartbeat that is shown, and most entries of a list: anybody can write there. */
const LONGEST = 300;
const MOST = 1000;
/** Heartbeats read in one call. */
const READ = 500;
/** Most workers that are known at once. */
const MOST_WORKERS = 10_000;

const text = z.string().transform((value) => value.slice(0, LONGEST));
const count = z.number().min(0).catch(0);
const texts = z
  .array(z.unknown())
  .transform((list) =>
    list.slice(0, MOST).flatMap((one) => (typeof one === 'string' ? [one.slice(0, LONGEST)] : [])),
  );

/** A heartbeat as it is written, by whomever; what is not as it should be is left out. */
const heartbeatSchema = z.object({
  status: text.catch('unknown'),
  last_heartbeat: text.optional().catch(undefined),
  current_job: text.catch(''),
  jobs_processed: count,
  jobs_succeeded: count,
  jobs_failed: count,
  uptime_seconds: count,
  language: text.optional().catch(undefined),
  version: text.optional().catch(undefined),
  instance: text.optional().catch(undefined),
  queue: text.optional().catch(undefined),
  types: texts.catch([]),
  concurrency: z.number().min(0).optional().catch(undefined),
  current_jobs: texts.optional().catch(undefined),
  draining: z.boolean().catch(false),
});

/** What a worker told last. */
export type Heartbeat = z.output<typeof heartbeatSchema> & { id: string };

/**
 * The live workers of a prefix, from their heartbeats. In Redis:
 *
 * - `<prefix>:worker:health:<id>`: JSON with a TTL, the key of legacy workers too;
 * - `<prefix>:worker:ids`: sorted set of the ids of Drover's workers by when their last heartbeat ends (Unix ms). Legacy workers are
 *   not in it: they are looked for among all keys, a part at a time.
 */
export class WorkerFleet {
  private readonly legacy: LegacyWorkers;

  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly prefix: string,
  ) {
    this.legacy = new LegacyWorkers(client, this.keyOf(''));
  }

  /** Writes a worker's heartbeat, for `ttlSeconds`. */
  async beat(id: string, report: Record<string, unknown>, ttlSeconds: number): Promise<void> {
    const client = await this.client();
    const now = Date.now();
    await client
      .multi()
      .set(this.keyOf(id), JSON.stringify(report), 'EX', ttlSeconds)
      .zadd(this.idsKey, now + ttlSeconds * 1000, id)
      .zremrangebyscore(this.idsKey, '-inf', `(${now}`)
      .zremrangebyrank(this.idsKey, 0, -MOST_WORKERS - 1)
      .exec();
  }

  /** Takes the heartbeat of a worker away that ended in order. */
  async leave(id: string): Promise<void> {
    const client = await this.client();
    await client.multi().del(this.keyOf(id)).zrem(this.idsKey, id).exec();
  }

  /** All live workers, by id. `complete` is false while legacy ones are still being looked for. */
  async list(): Promise<{ workers: Heartbeat[]; complete: boolean }> {
    const client = await this.client();
    const [own, found] = await Promise.all([
      client.zrangebyscore(this.idsKey, Date.now(), '+inf', 'LIMIT', 0, MOST_WORKERS),
      this.legacy.find(),
    ]);
    const ids = [...new Set([...own, ...found.ids])].sort().slice(0, MOST_WORKERS);
    const workers: Heartbeat[] = [];
    for (let from = 0; from < ids.length; from += READ)
      workers.push(...(await this.read(ids.slice(from, from + READ))));
    this.legacy.forget(ids.filter((id) => !workers.some((worker) => worker.id === id)));
    return { workers, complete: found.complete };
  }

  /** One worker by its id, legacy or not; `undefined` when it does not live. */
  async find(id: string): Promise<Heartbeat | undefined> {
    return (await this.read([id]))[0];
  }

  private async read(ids: readonly string[]): Promise<Heartbeat[]> {
    const client = await this.client();
    const found = await client.mget(ids.map((id) => this.keyOf(id)));
    return found.flatMap((one, at) => {
      const parsed = heartbeatSchema.safeParse(json(one));
      return parsed.success ? [{ ...parsed.data, id: ids[at] as string }] : [];
    });
  }

  private get idsKey(): string {
    return `${this.prefix}:worker:ids`;
  }

  private keyOf(id: string): string {
    return `${this.prefix}:worker:health:${id}`;
  }
}

function json(value: string | null): unknown {
  try {
    return JSON.parse(value ?? 'null');
  } catch {
    return undefined;
  }
}
