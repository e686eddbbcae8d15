import { isDeepStrictEqual } from 'node:util';
import { bullPriority, PRIORITIES } from '#libs/contracts';
import type { JobSchedulerJson } from 'bullmq';
import type { HandlerRegistry, JobType, Schedule } from '../framework/index.js';
import type { OtherQueue } from './queue-services.js';

/** Ids of schedulers that belong to a type begin with this; others are left alone. */
const PREFIX = 'type.';

/** Id of the scheduler that adds the runs of a type. */
export const schedulerOf = (type: string): string => PREFIX + type.replaceAll(':', '~');

/** Schedulers listed at once; a queue with more keeps those of types that no longer have a schedule. */
const MOST_LISTED = 10_000;

/**
 * Makes the queue's schedulers what the types here say: adds or changes those of types with a schedule, and removes that of
 * a type which no longer has one. Schedulers of types that are not known here, and those nobody made for a type, stay.
 * Doing it again, also by several workers at once, changes nothing.
 */
export async function applySchedules(queue: OtherQueue, registry: HandlerRegistry): Promise<void> {
  const known = new Map((await queue.getJobSchedulers(0, MOST_LISTED)).map((one) => [one.key, one]));
  for (const type of registry.all()) {
    const id = schedulerOf(type.type);
    const there = known.get(id);
    if (type.schedule) {
      const wanted = wantedOf(type, type.schedule);
      // Setting it anew would move the next run.
      if (!there || !isSame(there, wanted))
        await queue.upsertJobScheduler(id, wanted.repeat, wanted.template);
    } else if (there) {
      await queue.removeJobScheduler(id);
    }
  }
}

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
