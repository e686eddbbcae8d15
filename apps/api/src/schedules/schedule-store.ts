import { Injectable } from '@nestjs/common';
import { Queue } from 'bullmq';
import {
  JobTransitionError,
  SchedulerExistsError,
  type DroverBackend,
  type NewSchedulerOptions,
} from '#libs/queue';
import {
  ScheduleConflictError,
  ScheduleExistsError,
  ScheduleNotFoundError,
} from '../problems/operation-errors.js';
import { KnownQueues } from '../redis/known-queues.js';
import { readSchedule, type ScheduleOptions, type StoredSchedule } from './read-schedule.js';

/** Schedules of a queue that are looked at; the others run, and are not listed. */
const MOST_LISTED = 10_000;

/** What each run of a schedule is made from. */
export interface RunOf {
  name: string;
  data: unknown;
  opts: ScheduleOptions;
}

/** The job schedulers of all known queues. */
@Injectable()
export class ScheduleStore {
  constructor(private readonly queues: KnownQueues) {}

  /** Queues and ids of all schedules, sorted; of one queue, or of all. */
  async places(queue: string | undefined): Promise<(readonly [queue: string, id: string])[]> {
    const names = queue === undefined ? await this.queues.names() : [(await this.queues.find(queue)).name];
    const ids = await Promise.all(
      names.map((name) => this.queues.backendOf(name).schedulers.range(0, MOST_LISTED - 1, true)),
    );
    const places = names.flatMap((name, at) => idsOf(ids[at] ?? []).map((id) => [name, id] as const));
    return places.sort(([queueA, a], [queueB, b]) => compare(queueA, queueB) || compare(a, b));
  }

  /** `undefined` when there is none. */
  async find(queue: string | undefined, id: string): Promise<StoredSchedule | undefined> {
    const backend = await this.queues.find(queue);
    const [flat, next] = await backend.schedulers.find(id);
    return flat && next !== null ? readSchedule(backend.name, id, flat, next) : undefined;
  }

  /** @throws {ScheduleNotFoundError} */
  async get(queue: string | undefined, id: string): Promise<StoredSchedule> {
    const found = await this.find(queue, id);
    if (!found) throw new ScheduleNotFoundError(id, (await this.queues.find(queue)).name);
    return found;
  }

  /**
   * Adds a schedule or replaces its settings; a paused one stays paused.
   *
   * @throws {ScheduleExistsError} when it must be new, and is not; {ScheduleConflictError} when the id of its next run belongs to another job, or it would make none.
   */
  async put(queue: string, id: string, repeat: NewSchedulerOptions, run: RunOf): Promise<void> {
    const backend = await this.queues.find(queue);
    try {
      const made = await open(backend).upsertJobScheduler(id, repeat, run);
      if (!made) throw new ScheduleConflictError(id, 'it would make no run: it ends before the first one');
    } catch (error) {
      if (error instanceof SchedulerExistsError) throw new ScheduleExistsError(id, queue);
      if (!(error instanceof JobTransitionError)) throw error;
      throw new ScheduleConflictError(id, 'the ids of its next runs belong to other jobs');
    }
  }

  async pause({ queue, id }: StoredSchedule): Promise<void> {
    const answer = await (await this.queues.find(queue)).schedulers.pause(id);
    if (answer === 1) throw new ScheduleNotFoundError(id, queue);
  }

  /** @throws {ScheduleConflictError} when the ids of its next runs belong to other jobs. */
  async resume({ queue, id }: StoredSchedule): Promise<void> {
    try {
      const found = await (await this.queues.find(queue)).scheduleKeeper.resume(id);
      if (found === undefined) throw new ScheduleNotFoundError(id, queue);
    } catch (error) {
      if (!(error instanceof JobTransitionError)) throw error;
      throw new ScheduleConflictError(id, 'the ids of its next runs belong to other jobs');
    }
  }

  /** Adds a run outside the plan. @returns its id */
  async run(schedule: StoredSchedule, creator: string): Promise<string> {
    const { queue, type, payload, opts } = schedule;
    const traits = { ...opts, creator, request: undefined };
    const job = await open(await this.queues.find(queue)).add(type, payload, traits);
    return job.id ?? '';
  }

  async remove({ queue, id }: StoredSchedule): Promise<void> {
    const answer = await (await this.queues.find(queue)).schedulers.remove(id);
    if (answer === 1) throw new ScheduleNotFoundError(id, queue);
  }
}

/** BullMQ's queue on a store that is open already. */
function open(backend: DroverBackend): Queue<unknown, unknown, string> {
  const { prefix } = backend.queueKeys;
  return new Queue(backend.name, { connection: {}, prefix, skipMetasUpdate: true }, () =>
    backend.forQueue(backend.name),
  ) as unknown as Queue<unknown, unknown, string>;
}

/** @param flat ids and times in turn. */
const idsOf = (flat: readonly string[]) => flat.filter((_, at) => at % 2 === 0);

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
