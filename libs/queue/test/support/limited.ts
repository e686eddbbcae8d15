import { QueueKeys, TypeLimits, type TypeLimit } from '#libs/queue';
import type { Stand } from './stand.js';

/** Sets limits of types in the stand's queue. */
export async function limit(stand: Stand, limits: Record<string, Partial<TypeLimit>>): Promise<void> {
  const entries = Object.entries(limits).map(
    ([type, given]) => [type, { global: null, perProcess: null, ...given }] as const,
  );
  await new TypeLimits(async () => stand.redis, new QueueKeys(stand.prefix, stand.name)).write(
    new Map(entries),
  );
}

/** Adds jobs of a type, `<type>1` and so on, in order. */
export async function addOf(stand: Stand, type: string, count: number, opts: object = {}, from = 1) {
  const ids = Array.from({ length: count }, (_, nth) => `${type}${from + nth}`);
  for (let at = 0; at < count; at += 1000) {
    await stand.queue.addBulk(
      ids.slice(at, at + 1000).map((jobId) => ({ name: type, data: {}, opts: { jobId, ...opts } })),
    );
  }
  return ids;
}

const jobNamed = (id: string) => ({ id, opts: {}, attemptsMade: 0 }) as never;

/** Completes a job. @returns the id of the next one under the same token, if `goesOn`. */
export async function end(
  stand: Stand,
  id: string,
  token: string,
  goesOn = false,
): Promise<string | undefined> {
  const { result } = await stand.backend.moveToCompleted(jobNamed(id), 1, false, token, goesOn);
  return result?.[0] ? String(result[1]) : undefined;
}

/** What the store counts of running jobs with limits: by type, and by worker and type. */
export async function counted(stand: Stand): Promise<Record<string, number>> {
  const counts = await stand.redis.hgetall(stand.key('slot-counts'));
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [name.replace('\n', ' '), Number(count)]),
  );
}
