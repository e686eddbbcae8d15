import { isDeepStrictEqual } from 'node:util';
import { bullPriority, PRIORITIES } from '#libs/contracts';
import type { JobSchedulerJson } from 'bullmq';
import type { JobType, Schedule } from '../framework/index.js';
import type { OtherQueue } from './job-queue.js';

/** Ids of schedulers that belong to a type begin with this; others are left alone. */
const PREFIX = 'type.';

/** Id of the scheduler that adds the runs of a type. */
export const schedulerOf = (type: string): string => PREFIX + type.replaceAll(':', '~');

/** Whether a scheduler belongs to a type, so that a worker which has the type sets it up. */
export const isOfType = (schedulerId: string): boolean => schedulerId.startsWith(PREFIX);

/** Schedulers listed at once; a queue with more keeps those of types that no longer have a schedule. */
const MOST_LISTED = 10_000;

/**
 * Makes the queue's schedulers what these types say: adds or changes those of types with a schedule, and removes that of a type
 * which no longer has one, whose jobs go to another queue (`queueOf` says to which), or that is switched off at run time. Schedulers
 * of other types, of a type that is off in this worker only, and those nobody made for a type, stay. Doing it again, also by
 * several workers at once, changes nothing.
 */
export async function applySchedules(
  queue: OtherQueue,
  types: readonly JobType[],
  queueOf: (type: string) => string,
): Promise<void> {
  const known = new Map((await queue.getJobSchedulers(0, MOST_LISTED)).map((one) => [one.key, one]));
  for (const type of types) {
    const id = schedulerOf(type.type);
    const there = known.get(id);
    if (!type.schedule || type.isOffAtRunTime || queueOf(type.type) !== queue.name) {
      // What somebody has paused is to be found paused when the type is switched on again.
      const isKept = type.schedule && queueOf(type.type) === queue.name && isPaused(there);
      if (there && !isKept) await queue.removeJobScheduler(id);
    } else if (type.settings.enabled) {
      const wanted = wantedOf(type, type.schedule);
      // Setting it anew would move the next run.
      if (!there || !isSame(there, wanted))
        await queue.upsertJobScheduler(id, wanted.repeat, wanted.template);
    }
  }
}

/** A paused scheduler has no next run. */
const isPaused = (there: JobSchedulerJson | undefined) => there !== undefined && !Number.isFinite(there.next);

function wantedOf(type: JobType, { every, cron, timeZone, payload = {} }: Schedule) {
  return {
    repeat: cron === undefined ? { every: every ?? 0 } : { pattern: cron, tz: timeZone },
    template: {
      name: type.type,
      data: payload,
      opts: { priority: bullPriority(PRIORITIES[type.settings.priority]) },
    },
  };
}

function isSame(there: JobSchedulerJson, { repeat, template }: ReturnType<typeof wantedOf>): boolean {
  return isDeepStrictEqual(
    [there.every, there.pattern, there.tz, there.name, there.template?.data, there.template?.opts?.priority],
    [repeat.every, repeat.pattern, repeat.tz, template.name, template.data, template.opts.priority],
  );
}
