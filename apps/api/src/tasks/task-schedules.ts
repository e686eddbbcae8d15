import { Injectable } from '@nestjs/common';
import { Queue, type RepeatOptions } from 'bullmq';
import { CronExpressionParser } from 'cron-parser';
import { QueueService, toNewJob, type DroverBackend } from '#libs/queue';
import { JobTargets } from '../jobs/job-targets.js';
import { QueueName } from '../redis/queue-name.js';
import { jobOf } from './task-job.js';
import type { Task } from './task.entity.js';

/** Ids of schedulers that belong to tasks begin with this; others are left alone. */
const PREFIX = 'task.';
const MOST_LISTED = 10_000;

export const schedulerOf = (taskId: string) => PREFIX + taskId;

/** When a schedule's next run is, and those before it that may have been made. */
export interface ScheduledTimes {
  next: number;
  /** The newest first. */
  before: number[];
}

/** The job schedulers of tasks: what is in the database decides, they follow. */
@Injectable()
export class TaskSchedules {
  private readonly queues = new Map<string, ReturnType<typeof openQueue>>();

  constructor(
    private readonly service: QueueService,
    private readonly targets: JobTargets,
    private readonly own: QueueName,
  ) {}

  /**
   * Makes the task's scheduler what the task says, and notes in `task` where it is. Doing it again changes nothing.
   *
   * @throws {InvalidRequestError} for a queue that nobody looks after.
   */
  async apply(task: Task): Promise<void> {
    const isWanted = task.schedule !== null && !task.paused;
    const target = isWanted ? await this.targets.find(task.type, task.queue ?? undefined) : undefined;
    if (task.scheduledIn !== null && task.scheduledIn !== target?.queue) await this.remove(task);
    if (!task.schedule || !target) return;
    const { cron, timeZone, every } = task.schedule;
    const { name, data, opts } = toNewJob(jobOf(task, target.type), Date.now());
    const repeat: RepeatOptions =
      cron === undefined ? { every: every ?? 0 } : { pattern: cron, tz: timeZone ?? 'UTC' };
    const template = { name, data: JSON.parse(data) as object, opts: opts as object };
    const queue = this.open(target.queue);
    const there = await queue.getJobScheduler(schedulerOf(task.id));
    const state = JSON.stringify([repeat, template]);
    // Setting it anew would move the next run of an interval.
    const isSame =
      there &&
      JSON.stringify([
        repeatOf(there),
        { name: there.name, data: there.template?.data, opts: there.template?.opts },
      ]) === state;
    if (!isSame) await queue.upsertJobScheduler(schedulerOf(task.id), repeat, template);
    task.scheduledIn = target.queue;
  }

  /** Removes the task's scheduler, if it has one. */
  async remove(task: Task): Promise<void> {
    if (task.scheduledIn === null) return;
    await this.open(task.scheduledIn).removeJobScheduler(schedulerOf(task.id));
    task.scheduledIn = null;
  }

  /** Ids of tasks that have schedulers in a queue. */
  async taskIds(queue: string): Promise<string[]> {
    const all = await this.open(queue).getJobSchedulers(0, MOST_LISTED);
    return all.flatMap(({ key }) => (key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : []));
  }

  async removeById(queue: string, taskId: string): Promise<void> {
    await this.open(queue).removeJobScheduler(schedulerOf(taskId));
  }

  /** Queues in which schedulers of tasks may be. */
  get queueNames(): readonly string[] {
    return this.own.all;
  }

  /** @param count most runs before the next one. @returns undefined when it has no scheduler. */
  async times(task: Task, count: number): Promise<ScheduledTimes | undefined> {
    if (task.scheduledIn === null || !task.schedule) return undefined;
    const there = await this.open(task.scheduledIn).getJobScheduler(schedulerOf(task.id));
    const next = there?.next;
    if (next === undefined) return undefined;
    const { every, cron, timeZone = 'UTC' } = task.schedule;
    if (cron === undefined) {
      return { next, before: Array.from({ length: count }, (_, at) => next - (at + 1) * (every ?? 0)) };
    }
    const times = CronExpressionParser.parse(cron, { tz: timeZone, currentDate: new Date(next) });
    return { next, before: Array.from({ length: count }, () => times.prev().getTime()) };
  }

  private open(name: string): ReturnType<typeof openQueue> {
    const queue = this.queues.get(name) ?? openQueue(this.service.backend, name);
    if (this.own.all.includes(name)) this.queues.set(name, queue);
    return queue;
  }
}

const repeatOf = ({
  every,
  pattern,
  tz,
}: {
  every?: number | undefined;
  pattern?: string | undefined;
  tz?: string | undefined;
}) => (pattern === undefined ? { every } : { pattern, tz });

/** A queue of BullMQ's on the connection the API has already. */
function openQueue(backend: DroverBackend, name: string) {
  const own = backend.forQueue(name);
  return new Queue(name, { connection: {}, prefix: own.queueKeys.prefix, skipMetasUpdate: true }, () => own);
}
