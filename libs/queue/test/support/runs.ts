import type { Stand } from './stand.js';

export const HOUR = 3_600_000;

/** The run a scheduler waits for: its id and time in ms. */
export async function current(stand: Stand, scheduler = 's'): Promise<{ id: string; at: number }> {
  const at = Number(await stand.redis.zscore(stand.key('schedulers'), scheduler));
  return { id: `repeat:${scheduler}:${at}`, at };
}

/** Ids of all jobs that scheduler has made and that are still known. */
export const runs = (stand: Stand) => stand.redis.zrange(stand.key('ids'), 0, -1);

/** Lets the time of a scheduler's current run come, by moving both by the same span. */
export async function letItCome(stand: Stand, scheduler = 's'): Promise<string> {
  const { id } = await current(stand, scheduler);
  await stand.redis.zadd(stand.key('delayed'), 'XX', 1, id);
  return id;
}
