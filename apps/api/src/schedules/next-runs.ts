import { cronRuns } from '#libs/contracts';
import type { StoredSchedule } from './read-schedule.js';

const MOST = 10;

type Plan = Pick<StoredSchedule, 'cron' | 'timeZone' | 'every' | 'end' | 'limit' | 'count' | 'next'>;

/** The next runs of a schedule, Unix ms: the one that is made already and, up to ten in all, those after it. None while it is paused. */
export function nextRuns(plan: Plan, now: number): number[] {
  const { cron, timeZone, every, end = Infinity, limit = Infinity, count, next } = plan;
  // A run whose time is over has been made, and another one has not: the schedule has ended, or is about to go on.
  if (next === undefined || next < now) return [];
  const most = Math.min(MOST, limit - count + 1) - 1;
  if (most < 0) return [];
  const later =
    cron === undefined ? steps(next, every, most) : cronRuns({ cron, timeZone, from: next }, most);
  return [next, ...later.filter((time) => time <= end)];
}

function steps(from: number, every: number | undefined, most: number): number[] {
  if (every === undefined) return [];
  return Array.from({ length: most }, (_, at) => from + (at + 1) * every);
}
