import {
  problemsOf,
  publishedTypeSchema,
  typeOverridesSchema,
  type LiveType,
  type PublishedType,
  type TypeOverrides,
} from '#libs/contracts';
import type { ChainableCommander } from 'ioredis';
import { QueueKeys } from '../backend/keys.js';
import type { RedisClient } from '../backend/scripts.js';
import { liveTypes } from './live-types.js';

/** How long what a worker published holds without being published again. */
export const PUBLISHED_TTL_MS = 60_000;
/** Types that no worker has any more are remembered for so long, and the newest so many of them. */
const REMEMBERED_MS = 30 * 86_400_000;
const MOST_REMEMBERED = 10_000;

/**
 * The job types of a queue as its workers publish them, and what was set for them at run time. In Redis:
 *
 * - `<p>types:worker:<id>`: JSON array of the types that one worker runs, with a TTL;
 * - `<p>types:workers`: sorted set of worker ids by when that ends (Unix ms);
 * - `<p>types:seen`: sorted set of types by when a live worker last had them (Unix ms);
 * - `<p>types:settings`: hash of overrides, JSON by type;
 * - `<p>types:changed`: channel; a message is the type whose overrides changed.
 */
export class TypeCatalog {
  /** @param client the connection that commands run on. */
  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
  ) {}

  /** Channel on which changes of overrides are told. */
  get changes(): string {
    return this.keys.key('types:changed');
  }

  /** Says what a worker runs, for {@link PUBLISHED_TTL_MS}. */
  async publish(workerId: string, types: readonly PublishedType[], ttlMs = PUBLISHED_TTL_MS): Promise<void> {
    const now = Date.now();
    const client = await this.client();
    const call = client
      .multi()
      .set(this.keyOf(workerId), JSON.stringify(types), 'PX', ttlMs)
      .zadd(this.workersKey, now + ttlMs, workerId)
      .zremrangebyscore(this.workersKey, '-inf', `(${now}`);
    this.noteSeen(call, types, now);
    await call.exec();
  }

  /** Takes back what a worker published: it runs nothing more, of `types` until now. */
  async withdraw(workerId: string, types: readonly Pick<PublishedType, 'type'>[] = []): Promise<void> {
    const client = await this.client();
    const call = client.multi().del(this.keyOf(workerId)).zrem(this.workersKey, workerId);
    this.noteSeen(call, types, Date.now());
    await call.exec();
  }

  /** The types that live workers run, by name, each as its newest version says. */
  async list(): Promise<LiveType[]> {
    const client = await this.client();
    const workers = await client.zrangebyscore(this.workersKey, Date.now(), '+inf');
    if (workers.length === 0) return [];
    const texts = await client.mget(workers.map((id) => this.keyOf(id)));
    return liveTypes(
      texts.flatMap((text, at) => parseTypes(text).map((type) => ({ worker: workers[at] as string, type }))),
    );
  }

  /** When a live worker last had a type (Unix ms), 15 s off at most; `undefined` for one that none had in the last 30 days. */
  async lastSeen(type: string): Promise<number | undefined> {
    const score = await (await this.client()).zscore(this.seenKey, type);
    return score === null ? undefined : Number(score);
  }

  /** Names of the types that live workers run, in alphabetical order. */
  async names(): Promise<string[]> {
    return (await this.list()).map(({ type }) => type);
  }

  /** What was set at run time, by type. Entries that cannot be used are left out, and told to `onInvalid`. */
  async overrides(
    onInvalid: (type: string, problem: string) => void = () => undefined,
  ): Promise<Map<string, TypeOverrides>> {
    const all = await (await this.client()).hgetall(this.settingsKey);
    const usable = new Map<string, TypeOverrides>();
    for (const [type, text] of Object.entries(all)) {
      const parsed = typeOverridesSchema.safeParse(parseJson(text));
      if (parsed.success) usable.set(type, parsed.data);
      else onInvalid(type, problemsOf(parsed.error).join('; '));
    }
    return usable;
  }

  /** What was set at run time for one type; nothing when that is none, or cannot be used. */
  async overridesOf(type: string): Promise<TypeOverrides> {
    const text = await (await this.client()).hget(this.settingsKey, type);
    const parsed = typeOverridesSchema.safeParse(parseJson(text ?? '{}'));
    return parsed.success ? parsed.data : {};
  }

  /** Sets what is overridden for a type at run time, in place of what was before; nothing takes all of it back. */
  async override(type: string, overrides: TypeOverrides | undefined): Promise<void> {
    const isEmpty = overrides === undefined || Object.keys(overrides).length === 0;
    const call = (await this.client()).multi();
    if (isEmpty) call.hdel(this.settingsKey, type);
    else call.hset(this.settingsKey, type, JSON.stringify(overrides));
    await call.publish(this.changes, type).exec();
  }

  private noteSeen(
    call: ChainableCommander,
    types: readonly Pick<PublishedType, 'type'>[],
    now: number,
  ): void {
    if (types.length === 0) return;
    call.zadd(this.seenKey, 'GT', ...types.flatMap(({ type }) => [now, type]));
    call.zremrangebyscore(this.seenKey, '-inf', now - REMEMBERED_MS);
    call.zremrangebyrank(this.seenKey, 0, -MOST_REMEMBERED - 1);
  }

  private get seenKey(): string {
    return this.keys.key('types:seen');
  }

  private get workersKey(): string {
    return this.keys.key('types:workers');
  }

  private get settingsKey(): string {
    return this.keys.key('types:settings');
  }

  private keyOf(workerId: string): string {
    return this.keys.key(`types:worker:${workerId}`);
  }
}

/** What a worker wrote, as far as it is readable: one of another version may know more, or less. */
function parseTypes(text: string | null): PublishedType[] {
  const list = parseJson(text ?? '[]');
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry) => {
    const parsed = publishedTypeSchema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
