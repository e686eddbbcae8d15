import { cronRuns } from '#libs/contracts';
import type { StoredSchedule } from './read-schedule.js';

const MOST = 10;

type Plan = Pick<StoredSchedule, 'cron' | 'timeZone' | 'every' | 'end' | 'limit' | 'count' | 'next'>;

/**
 * The next runs of a schedule, Unix ms: the one that is made already, unless that was due before `now`, and, up to ten in all, those
 * after it. None while it is paused.
 */
export function nextRuns(plan: Plan, now: number): number[] {
  const { cron, timeZone, every, end = Infinity, limit = Infinity, count, next } = plan;
  if (next === undefined) return [];
  const isToCome = next >= now;
  const most = Math.min(isToCome ? MOST - 1 : MOST, limit - count);
  if (most < 0) return [];
  const from = Math.max(next, now);
  const later = cron === undefined ? steps(next, every, now, most) : cronRuns({ cron, timeZone, from }, most);
  return [...(isToCome ? [next] : []), ...later.filter((time) => time <= end)];
}

/** Times that lie whole distances behind `last`, and not before `now`: runs that were missed are not made up for. */
function steps(last: number, every: number | undefined, now: number, most: number): number[] {
  if (every === undefined) return [];
  const missed = Math.max(0, Math.ceil((now - last) / every) - 1);
  return Array.from({ length: most }, (_, at) => last + (missed + at + 1) * every);
}
