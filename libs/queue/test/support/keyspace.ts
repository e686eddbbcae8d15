import type { Redis } from 'ioredis';

/** Content of a key: text, members of a set (sorted), pairs of a sorted set, fields of a hash, entries of a stream. */
export type KeyContent =
  string | string[] | [string, number][] | Record<string, string> | Record<string, string>[];

const pairs = (flat: readonly string[]): [string, string][] =>
  flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as [string, string]] : []));

async function contentOf(redis: Redis, key: string): Promise<KeyContent> {
  const type = await redis.type(key);
  if (type === 'string') return (await redis.get(key)) ?? '';
  if (type === 'set') return (await redis.smembers(key)).sort();
  if (type === 'list') return redis.lrange(key, 0, -1);
  if (type === 'hash') return redis.hgetall(key);
  if (type === 'zset') {
    const scored = pairs(await redis.zrange(key, 0, -1, 'WITHSCORES'));
    return scored.map(([id, score]): [string, number] => [id, Number(score)]);
  }
  return (await redis.xrange(key, '-', '+')).map(([, fields]) => Object.fromEntries(pairs(fields)));
}

async function names(redis: Redis, base: string): Promise<string[]> {
  return (await redis.keys(`${base}*`)).sort();
}

/** What a `Queue` of BullMQ writes on its own, at some moment after it was made. */
const WRITTEN_BY_QUEUE = ['version', 'opts.maxLenEvents'];

/** Every key under `base`, by its name behind it, with its content; without {@link WRITTEN_BY_QUEUE}. */
export async function keyspace(redis: Redis, base: string): Promise<Record<string, KeyContent>> {
  const found: Record<string, KeyContent> = {};
  for (const key of await names(redis, base)) found[key.slice(base.length)] = await contentOf(redis, key);
  const { meta, ...others } = found;
  if (!meta || typeof meta !== 'object') return found;
  const rest = Object.entries(meta).filter(([field]) => !WRITTEN_BY_QUEUE.includes(field));
  return rest.length === 0 ? others : { ...others, meta: Object.fromEntries(rest) as Record<string, string> };
}

/** When each key under `base` ends, in ms since 1970; keys that last are left out. */
export async function endings(redis: Redis, base: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const key of await names(redis, base)) {
    const ends = await redis.pexpiretime(key);
    if (ends >= 0) found[key.slice(base.length)] = ends;
  }
  return found;
}

/** Content and ending of every key: what must not change when an operation is refused. */
export async function everything(redis: Redis, base: string): Promise<object> {
  return { keys: await keyspace(redis, base), ends: await endings(redis, base) };
}

const STRUCTURES = [
  'queue',
  'delayed',
  'waiting-children',
  'processing',
  'leases',
  'completed',
  'failed',
  'cancelled',
] as const;

/** Structures a job stands in. */
export async function standing(redis: Redis, base: string, id: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of STRUCTURES) {
    const inside =
      name === 'processing' ? await redis.sismember(base + name, id) : await redis.zscore(base + name, id);
    if (inside !== null && inside !== 0) found.push(name);
  }
  return found;
}

/** What {@link standing} gives for a job that is where it belongs. */
export const PLACES = {
  pending: ['queue'],
  delayed: ['delayed'],
  running: ['processing', 'leases'],
  completed: ['completed'],
  failed: ['failed'],
  cancelled: ['failed', 'cancelled'],
} as const;

export type Place = keyof typeof PLACES;
