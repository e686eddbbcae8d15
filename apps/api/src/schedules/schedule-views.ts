import {
  contractPriority,
  priorityName,
  TYPE_SCHEDULE_PREFIX,
  type ScheduleSummary,
  type ScheduleView,
} from '#libs/contracts';
import { nextRuns } from './next-runs.js';
import type { StoredSchedule } from './read-schedule.js';

const iso = (ms: number | undefined) => (ms === undefined ? undefined : isoOf(ms));

/** A scheduler of another program may have any number there. */
function isoOf(ms: number): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Whether a worker keeps a schedule for its type. */
export const isOfType = (id: string): boolean => id.startsWith(TYPE_SCHEDULE_PREFIX);

/** A schedule and its settings as people read them. */
export function toSummary(schedule: StoredSchedule, now = Date.now()): ScheduleSummary {
  const { queue, id, type, cron, timeZone, every, limit, payload, opts, paused, made } = schedule;
  const leaves = opts.leftToType?.includes('attempts') === true;
  const [next] = nextRuns(schedule, now);
  return {
    id,
    queue,
    type,
    cron,
    timeZone,
    every,
    start: iso(schedule.start),
    end: iso(schedule.end),
    limit,
    payload,
    priority: priorityName(contractPriority(opts.priority ?? 0)),
    attempts: leaves ? undefined : opts.attempts,
    creator: opts.creator,
    ofType: isOfType(id),
    paused,
    runs: made,
    nextRun: iso(next),
  };
}

/** The same with its next runs. */
export function toView(schedule: StoredSchedule): ScheduleView {
  const now = Date.now();
  const times = nextRuns(schedule, now).flatMap((time) => isoOf(time) ?? []);
  return { ...toSummary(schedule, now), nextRuns: times };
}
