import { Injectable } from '@nestjs/common';
import type { JobView, TaskRun, TaskStatus } from '#libs/contracts';
import { TaskJobs, type RunOfTask } from './task-jobs.js';
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

/** What a task is at by the status of its job. */
export const STATUS_OF = {
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
    private readonly jobs: TaskJobs,
    private readonly rows: TaskRows,
    private readonly schedules: TaskSchedules,
  ) {}

  /** The last runs, the newest first. */
  async list(task: Task, limit = SHOWN_RUNS): Promise<TaskRun[]> {
    const starts = await this.rows.starts(task.id, limit);
    const runs = await Promise.all(
      starts.map(({ jobId, queue, at, startedBy }) =>
        this.withJob(task, { jobId, queue, startedBy, at: at.toISOString() }),
      ),
    );
    return [...runs, ...(await this.scheduled(task, limit, 0))]
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
    const [scheduled] = await this.scheduled(task, 1, (task.lastJobAt?.getTime() ?? -1) + 1);
    return scheduled ?? this.known(task);
  }

  private async known(task: Task): Promise<TaskRun | undefined> {
    const { lastJobId: jobId, lastJobQueue, lastJobAt } = task;
    if (jobId === null) return undefined;
    const at = (lastJobAt ?? task.createdAt).toISOString();
    return this.withJob(task, { jobId, queue: lastJobQueue ?? '', startedBy: '', at });
  }

  private async withJob(task: Task, run: RunOfTask & Pick<TaskRun, 'startedBy'>): Promise<TaskRun> {
    const job = await this.jobs.find(task, run);
    return { ...run, ...(job && { job }) };
  }

  /** Runs of its schedule that were due at `from` (ms) or later, were made, and are not still to come. Their ids say when they were due. */
  private async scheduled(task: Task, limit: number, from: number): Promise<TaskRun[]> {
    const times = await this.schedules.times(task, limit);
    const queue = task.scheduledIn;
    if (!times || queue === null) return [];
    const runs = await Promise.all(
      [times.next, ...times.before]
        .filter((ms) => ms >= from)
        .map(async (ms): Promise<TaskRun[]> => {
          const jobId = `repeat:${schedulerOf(task.id)}:${ms}`;
          const at = new Date(ms).toISOString();
          const run = await this.withJob(task, { jobId, queue, startedBy: 'schedule', at });
          const isToCome = run.job?.state === 'delayed' && run.job.attempts.started === 0;
          return run.job && !isToCome ? [run] : [];
        }),
    );
    return runs.flat().slice(0, limit);
  }
}

/** A job that Redis has forgotten ended as somebody last saw it; when nobody saw it end, there is nothing to tell. */
const forgotten = (last: TaskStatus | null): TaskStatus =>
  last === null || isUnderWay(last) ? 'idle' : last;
