import { bullPriority, PRIORITIES, toMilliseconds, type PriorityName } from '#libs/contracts';
import type { TypeQueues } from '#libs/queue';
import { Job, type JobsOptions } from 'bullmq';
import {
  ChildIdTakenError,
  type ChildOutcome,
  type HandlerRegistry,
  type NewChild,
} from '../framework/index.js';
import { childId } from './child-id.js';
import { hasRunBefore } from './has-run-before.js';
import { endedChildren, queuesOfChildren } from './known-children.js';
import { backendOf, type JobQueue, type OpenQueue, type OtherQueue } from './job-queue.js';

/** A child that is ready to be added. */
interface Made {
  readonly queue: JobQueue | OtherQueue;
  readonly job: Job;
}

/** Adds the children of running jobs, each once, to the queue its type belongs to. */
export class Children {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly types: TypeQueues,
    private readonly openQueue: OpenQueue,
  ) {}

  /**
   * Adds a job unless an earlier run of `parent` has added it; nobody waits for it.
   *
   * @returns its id.
   * @throws {ChildIdTakenError} when its id belongs to another job.
   */
  async enqueue(queue: JobQueue, parent: Job, child: NewChild): Promise<string> {
    const made = await this.make(queue, parent, child, {});
    const [isNew] = await addNew([made]);
    if (!isNew) await checkSame(made, keyOf(queue, parent));
    return made.job.id as string;
  }

  /**
   * Adds jobs that `parent` waits for, unless earlier runs of it have added them. Those that have ended are not added again:
   * BullMQ would have the parent wait for them anew.
   *
   * @returns what became of each; `undefined` while it has not ended.
   * @throws {ChildIdTakenError} when the id of one belongs to another job; the others are added.
   */
  async flow(
    queue: JobQueue,
    parent: Job,
    children: readonly NewChild[],
  ): Promise<readonly (ChildOutcome | undefined)[]> {
    const ids = children.map(({ key }) => idOf(parent, key));
    const ended = await endedChildren(queue, parent);
    const missing = children.filter((_, at) => !ended.has(ids[at] as string));
    if (missing.length === 0) return ids.map((id) => ended.get(id));
    const queues = hasRunBefore(parent) ? await queuesOfChildren(queue, parent) : new Map<string, string>();
    const made = await Promise.all(
      missing.map((child) => {
        // Where its type belongs may have changed since it was added.
        const at = queues.get(idOf(parent, child.key));
        return this.make(queue, parent, at === undefined ? child : { ...child, queue: at }, {
          parent: { id: parent.id as string, queue: queue.qualifiedName },
          ...(child.mayFail ? { ignoreDependencyOnFailure: true } : { failParentOnFailure: true }),
        });
      }),
    );
    const areNew = await addNew(made);
    await allOf(made.filter((_, at) => !areNew[at]).map((one) => this.takeUp(queue, parent, one)));
    const now = await endedChildren(queue, parent);
    return ids.map((id) => now.get(id));
  }

  private async make(queue: JobQueue, parent: Job, child: NewChild, options: JobsOptions): Promise<Made> {
    const name = child.queue ?? (await this.types.queueOf(child.type));
    const priority = child.priority ?? (await this.priorityOf(name, child.type));
    const target = name === queue.name ? queue : this.openQueue(name);
    const id = idOf(parent, child.key);
    const job = new Job(
      target as never,
      child.type,
      child.payload,
      {
        ...options,
        jobId: id,
        priority: bullPriority(PRIORITIES[priority]),
        ...(child.attempts === undefined ? {} : { attempts: child.attempts }),
        ...(child.delay === undefined ? {} : { delay: toMilliseconds(child.delay) ?? 0 }),
      },
      id,
    );
    return { queue: target, job };
  }

  /** What a type says, here, or in its queue as live workers publish it; `normal` where nobody knows it. */
  private async priorityOf(queue: string, type: string): Promise<PriorityName> {
    const known = this.registry.find(type) ?? (await this.types.published(queue, type));
    return known?.settings.priority ?? 'normal';
  }

  /** Has the parent wait again for a child that an earlier run of it added, and the child run again if it failed. */
  private async takeUp(queue: JobQueue, parent: Job, made: Made): Promise<void> {
    const existing = await checkSame(made, keyOf(queue, parent));
    await backendOf(made.queue).adding.addBull([entryOf(made)]);
    if (existing && hasRunBefore(parent) && (await existing.isFailed())) await existing.retry('failed');
  }
}

const idOf = ({ id, timestamp }: Job, key: string): string =>
  childId({ id: id as string, createdAt: timestamp }, key);

const keyOf = (queue: JobQueue, { id }: Job): string => `${queue.qualifiedName}:${id}`;

const entryOf = ({ job }: Made) => ({
  job: job.asJSON(),
  jobId: job.id,
  ...(job.parentKey === undefined ? {} : { parentKeyOpts: { parentKey: job.parentKey } }),
});

/** Adds jobs, those of a queue in one call. @returns for each whether it was added; the others exist. */
async function addNew(made: readonly Made[]): Promise<boolean[]> {
  const queues = [...new Set(made.map(({ queue }) => queue))];
  const answers = new Map<Made, boolean | undefined>();
  await allOf(
    queues.map(async (queue) => {
      const own = made.filter((one) => one.queue === queue);
      const areNew = await backendOf(queue).adding.addNew(own.map(entryOf));
      own.forEach((one, at) => answers.set(one, areNew[at]));
    }),
  );
  return made.map((one) => answers.get(one) === true);
}

/**
 * Looks whether the job there is under a child's id is that child.
 *
 * @returns it; `undefined` when it has gone meanwhile.
 * @throws {ChildIdTakenError}
 */
async function checkSame({ queue, job }: Made, parentKey: string): Promise<Job | undefined> {
  const found = await Job.fromId(queue as never, job.id as string);
  const isOthers = found?.parentKey !== undefined && found.parentKey !== parentKey;
  if (found && (found.name !== job.name || isOthers)) {
    throw new ChildIdTakenError(job.id as string, job.name, { type: found.name, parent: found.parentKey });
  }
  return found;
}

/** Waits for all, so that nothing is on its way when it throws the first error. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
