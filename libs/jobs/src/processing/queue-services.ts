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

/** The store behind BullMQ's worker. */
export function backendOf(queue: JobQueue): DroverBackend {
  return (queue as unknown as { getBackend(): DroverBackend }).getBackend();
}

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
      enqueue: async (child) => void (await this.add(queue, child, {})),
      addChildren: (children) => this.addChildren(queue, job, children),
    };
  }

  /** Those that have ended are not added again: BullMQ would have the parent wait for them anew. */
  private async addChildren(
    queue: JobQueue,
    job: Job,
    children: readonly NewChild[],
  ): Promise<readonly (ChildOutcome | undefined)[]> {
    const keys = children.map((child) => keyOf(queue, child, this.openQueue));
    const before = await outcomes(job, keys);
    const parent = { id: job.id as string, queue: queue.qualifiedName };
    for (const [at, child] of children.entries()) {
      if (before[at] !== undefined) continue;
      const added = await this.add(queue, child, {
        parent,
        ...(child.mayFail ? { ignoreDependencyOnFailure: true } : { failParentOnFailure: true }),
      });
      // From an earlier run of the parent, which failed with it and has been replayed.
      if (hasRunBefore(job) && (await added.isFailed())) await added.retry('failed');
    }
    return before.includes(undefined) ? outcomes(job, keys) : before;
  }

  private async add(queue: JobQueue, child: NewChild, options: JobsOptions): Promise<Job> {
    const { settings } = this.registry.find(child.type) ?? {};
    const priority = bullPriority(PRIORITIES[child.priority ?? settings?.priority ?? 'normal']);
    const target = child.queue === undefined ? queue : this.openQueue(child.queue);
    return Job.create(target as never, child.type, child.payload, {
      ...options,
      jobId: childId(child.id),
      priority,
      ...(child.attempts === undefined ? {} : { attempts: child.attempts }),
      ...(child.delay === undefined ? {} : { delay: toMilliseconds(child.delay) ?? 0 }),
    });
  }
}

/** A retry by hand counts attempts from 0, but what the last one failed with stays. */
function hasRunBefore({ attemptsStarted, stacktrace, stalledCounter }: Job): boolean {
  return attemptsStarted > 1 || stalledCounter > 0 || (stacktrace?.length ?? 0) > 0;
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
