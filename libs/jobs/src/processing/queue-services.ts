import type { ArtifactStore } from '#libs/artifacts';
import { bullPriority, PRIORITIES, toMilliseconds } from '#libs/contracts';
import type { DroverBackend } from '#libs/queue';
import { Job, type JobsOptions, type Queue, type Worker } from 'bullmq';
import {
  CheckpointNotKeptError,
  type ChildOutcome,
  type HandlerRegistry,
  type NewChild,
  type RunServices,
} from '../framework/index.js';
import { childId } from './child-id.js';

/** Lines of a job's log that are kept unless the job says otherwise. */
const KEPT_LOG_LINES = 1000;

/** A queue or worker of BullMQ on Drover's store. */
export type JobQueue = Worker<unknown, unknown, string, DroverBackend>;

/** Opens other queues of the same prefix. */
export type OpenQueue = (name: string) => OtherQueue;

export type OtherQueue = Queue<unknown, unknown, string, unknown, unknown, string, DroverBackend>;

/** What runs need of the queue: reports, checkpoints, children. */
export class QueueServices {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly artifacts: ArtifactStore,
    private readonly openQueue: OpenQueue,
  ) {}

  /** The services of one run. `token` is that of its lease. */
  of(queue: JobQueue, job: Job, token: string): RunServices {
    const id = job.id as string;
    const keep = job.opts.keepLogs ?? KEPT_LOG_LINES;
    const backend = (queue as unknown as { getBackend(): DroverBackend }).getBackend();
    const parent = { id, queue: queue.qualifiedName };
    return {
      artifacts: this.artifacts,
      log: async (text) => void (await Job.addJobLog(queue as never, id, text, keep)),
      progress: (value) => job.updateProgress(value),
      // A job that was never started before has kept nothing: no need to ask.
      state: async () => (job.attemptsStarted > 1 ? backend.checkpoints.find(id) : undefined),
      checkpoint: async (json) => {
        if (!(await backend.checkpoints.keep(id, token, json))) {
          throw new CheckpointNotKeptError(
            `the checkpoint of job ${id} was not kept: the job is no longer this run's`,
          );
        }
      },
      enqueue: (child) => this.add(queue, child, {}),
      addChildren: async (children) => {
        for (const child of children) {
          await this.add(queue, child, {
            parent,
            ...(child.mayFail ? { ignoreDependencyOnFailure: true } : { failParentOnFailure: true }),
          });
        }
        return outcomes(
          job,
          children.map((child) => keyOf(queue, child, this.openQueue)),
        );
      },
    };
  }

  private async add(queue: JobQueue, child: NewChild, options: JobsOptions): Promise<void> {
    const { settings } = this.registry.find(child.type) ?? {};
    const priority = bullPriority(PRIORITIES[child.priority ?? settings?.priority ?? 'normal']);
    const target = child.queue === undefined ? queue : this.openQueue(child.queue);
    await Job.create(target as never, child.type, child.payload, {
      ...options,
      jobId: childId(child.id),
      priority,
      ...(child.attempts === undefined ? {} : { attempts: child.attempts }),
      ...(child.delay === undefined ? {} : { delay: toMilliseconds(child.delay) ?? 0 }),
    });
  }
}

function keyOf(queue: JobQueue, child: NewChild, open: OpenQueue): string {
  const { qualifiedName } = child.queue === undefined ? queue : open(child.queue);
  return `${qualifiedName}:${childId(child.id)}`;
}

/** What became of children, by their keys. */
async function outcomes(job: Job, keys: readonly string[]): Promise<(ChildOutcome | undefined)[]> {
  const [results, failures] = await Promise.all([job.getChildrenValues(), job.getIgnoredChildrenFailures()]);
  return keys.map((key): ChildOutcome | undefined => {
    const id = key.slice(key.lastIndexOf(':') + 1);
    if (Object.hasOwn(results, key)) return { id, status: 'completed', result: results[key] };
    if (Object.hasOwn(failures, key)) return { id, status: 'failed', error: String(failures[key]) };
    return undefined;
  });
}
