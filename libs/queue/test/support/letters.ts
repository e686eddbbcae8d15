import type { EndRules } from '#libs/queue';
import type { Stand } from './stand.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Those of Drover's own worker. */
export const RULES: EndRules = { counted: true, completedMs: null, failedMs: null, deadMs: 14 * DAY };

export type Outcome = 'completed' | 'failed';
export const jobOf = (id: string, opts: object = {}) => ({ id, name: 't', opts, attemptsMade: 0 }) as never;

/** Ends a job that runs under `token`. */
export async function end(stand: Stand, id: string, outcome: Outcome = 'failed', token = 'token', opts = {}) {
  const keep = (opts as { keep?: never }).keep ?? (false as never);
  if (outcome === 'completed') await stand.backend.moveToCompleted(jobOf(id), 1, keep, token, false);
  else await stand.backend.moveToFailed(jobOf(id), 'broken', keep, token, false, { stacktrace: '[]' });
}

/** Adds jobs, each of which fails for good; in order. */
export async function die(stand: Stand, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await stand.service.addJob({ id, type: id.startsWith('mail') ? 'mail' : 't' });
    await stand.claim();
    await end(stand, id);
  }
}

/** Names of a job's keys, and in how many hours they end: one number, since they end together. */
export async function ends(stand: Stand, id: string): Promise<[string[], number[]]> {
  const found = Object.entries(await stand.endings()).filter(([name]) => name.endsWith(`:${id}`));
  const hours = found.map(([, at]) => Math.round((at - Date.now()) / HOUR));
  return [found.map(([name]) => name.split(':')[0] as string).sort(), [...new Set(hours)]];
}

export const dead = (stand: Stand) => stand.redis.zrange(stand.key('dead'), 0, -1);
export const letters = async (stand: Stand, type?: string) =>
  (await stand.service.deadLetters.list({ page: 1, pageSize: 100, type })).items.map(({ id }) => id);
