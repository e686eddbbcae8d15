import type { ArtifactStore } from '#libs/artifacts';
import { Job } from 'bullmq';
import { CheckpointNotKeptError, type RunServices } from '../framework/index.js';
import type { Children } from './children.js';
import { hasRunBefore } from './has-run-before.js';
import { backendOf, type JobQueue } from './job-queue.js';

/** Lines of a job's log that are kept unless the job says otherwise. */
const KEPT_LOG_LINES = 1000;

/** What runs need of the queue: reports, checkpoints, children. */
export class QueueServices {
  constructor(
    private readonly artifacts: ArtifactStore,
    private readonly children: Children,
  ) {}

  /** The services of one run. `token` is that of its lease. */
  of(queue: JobQueue, job: Job, token: string): RunServices {
    const id = job.id as string;
    const keep = job.opts.keepLogs ?? KEPT_LOG_LINES;
    const backend = backendOf(queue);
    return {
      artifacts: this.artifacts,
      log: async (text) => void (await Job.addJobLog(queue as never, id, text, keep)),
      progress: (value) => job.updateProgress(value),
      // A job that was never started before has kept nothing: no need to ask.
      state: async () => (hasRunBefore(job) ? backend.checkpoints.find(id) : undefined),
      checkpoint: async (json) => {
        if (!(await backend.checkpoints.keep(id, token, json))) {
          throw new CheckpointNotKeptError(
            `the checkpoint of job ${id} was not kept: the job is no longer this run's`,
          );
        }
      },
      enqueue: (child) => this.children.enqueue(queue, job, child),
      addChildren: (children) => this.children.flow(queue, job, children),
    };
  }
}
