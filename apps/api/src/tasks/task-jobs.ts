import { Injectable } from '@nestjs/common';
import type { JobView, TaskRun } from '#libs/contracts';
import { FinishedJobs } from '../jobs/job-reader.js';
import { JobStores } from '../redis/job-stores.js';
import { schedulerOf } from './task-schedules.js';
import type { Task } from './task.entity.js';

export type RunOfTask = Pick<TaskRun, 'jobId' | 'queue' | 'at'>;

/** Finds the jobs of tasks: in Redis, and in the history when Redis has forgotten them. */
@Injectable()
export class TaskJobs {
  constructor(
    private readonly stores: JobStores,
    private readonly finished: FinishedJobs,
  ) {}

  /**
   * The job of a run. Numbers start anew when Redis has lost its memory: somebody else's job that has the id by now is not it.
   *
   * @returns undefined when nobody knows it any more.
   * @throws {DatabaseUnavailableError}
   */
  async find({ id }: Task, { jobId, queue, at }: RunOfTask): Promise<JobView | undefined> {
    const live = await this.stores.of(queue).find(jobId);
    if (live?.task === id) return live;
    const past = await this.finished.find(jobId, queue);
    // The history follows a moment later: of a job that has not ended there it does not know what became of it.
    if (past?.status === 'pending' || past?.status === 'running') return undefined;
    // The history does not keep whose run a job was.
    const isIt = jobId.startsWith(`repeat:${schedulerOf(id)}:`) || past?.createdAt === at;
    return past && isIt ? { ...past, task: id } : undefined;
  }
}
