import { Injectable } from '@nestjs/common';
import type { JobView, TaskRun, TaskStatus } from '#libs/contracts';
import { JobStores } from '../redis/job-stores.js';
import { TaskRows } from './task-rows.js';
import { schedulerOf, TaskSchedules } from './task-schedules.js';
import type { Task } from './task.entity.js';

/** Runs that are shown of a task. */
export const SHOWN_RUNS = 20;

/** What the last job of a task is at, and when its schedule starts it next (ms). */
export interface TaskFacts {
  status: TaskStatus;
  nextRunAt: number | undefined;
}

const STATUS_OF = {
  pending: 'queued',
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<JobView['status'], TaskStatus>;

const isUnderWay = (status: TaskStatus) => status === 'queued' || status === 'running';

/** The jobs of tasks: those that were started by hand, which the database knows, and runs of schedules, which have ids to tell. */
@Injectable()
export class TaskRuns {
  constructor(
    private readonly stores: JobStores,
    private readonly rows: TaskRows,
    private readonly schedules: TaskSchedules,
  ) {}

  /** The last runs, the newest first. */
  async list(task: Task, limit = SHOWN_RUNS): Promise<TaskRun[]> {
    const starts = await this.rows.starts(task.id, limit);
    const runs = await Promise.all(
      starts.map(async ({ jobId, queue, at, startedBy }): Promise<TaskRun> => {
        const job = await this.stores.of(queue).find(jobId);
        return { jobId, queue, startedBy, at: at.toISOString(), ...(job && { job }) };
      }),
    );
    return [...runs, ...(await this.scheduled(task, limit))]
      .sort((a, b) => (a.at < b.at ? 1 : -1))
      .slice(0, limit);
  }

  /** What the task is at; what its last job is at is noted, so that it is known when Redis has forgotten the job. */
  async factsOf(task: Task): Promise<TaskFacts> {
    const [times, last] = await Promise.all([this.schedules.times(task, 0), this.last(task)]);
    const status = last?.job ? STATUS_OF[last.job.status] : forgotten(task.lastStatus);
    if (last && (last.jobId !== task.lastJobId || status !== task.lastStatus)) {
      const noted = {
        lastJobId: last.jobId,
        lastJobQueue: last.queue,
        lastJobAt: new Date(last.at),
        lastStatus: status,
      };
      Object.assign(task, noted);
      await this.rows.noteLast(task, noted);
    }
    return { status: task.paused && !isUnderWay(status) ? 'paused' : status, nextRunAt: times?.next };
  }

  /** The last job, as the task knows it or as its schedule has made it since. */
  async last(task: Task): Promise<TaskRun | undefined> {
    const known = task.lastJobId === null ? undefined : await this.known(task, task.lastJobId);
    const [scheduled] = await this.scheduled(task, 1);
    if (!known || (scheduled && scheduled.at > known.at)) return scheduled ?? known;
    return known;
  }

  private async known(task: Task, jobId: string): Promise<TaskRun> {
    const queue = task.lastJobQueue ?? '';
    const job = await this.stores.of(queue).find(jobId);
    const at = (task.lastJobAt ?? task.createdAt).toISOString();
    return { jobId, queue, startedBy: '', at, ...(job && { job }) };
  }

  /** Runs of its schedule that were made and are not still to come. Their ids say when they were due. */
  private async scheduled(task: Task, limit: number): Promise<TaskRun[]> {
    const times = await this.schedules.times(task, limit);
    const queue = task.scheduledIn;
    if (!times || queue === null) return [];
    const runs = await Promise.all(
      [times.next, ...times.before].map(async (ms): Promise<TaskRun[]> => {
        const jobId = `repeat:${schedulerOf(task.id)}:${ms}`;
        const job = await this.stores.of(queue).find(jobId);
        const isToCome = job?.state === 'delayed' && job.attempts.started === 0;
        return job && !isToCome
          ? [{ jobId, queue, startedBy: 'schedule', at: new Date(ms).toISOString(), job }]
          : [];
      }),
    );
    return runs.flat().slice(0, limit);
  }
}

/** A job that Redis has forgotten ended as somebody last saw it; when nobody saw it end, there is nothing to tell. */
const forgotten = (last: TaskStatus | null): TaskStatus =>
  last === null || isUnderWay(last) ? 'idle' : last;
