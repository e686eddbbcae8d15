import type { JobJson, MoveToWaitingChildrenOpts, ParentKeyOpts } from 'bullmq';
import { FlowTooLargeError, JobExistsError } from '../errors/index.js';
import { adoptAll } from './adding.js';
import { accepted } from './codes.js';
import { JobEncoder, jobArguments, type EncodedJob } from './job-arguments.js';
import { QueueKeys } from './keys.js';
import { fromBull } from './new-job.js';
import type { Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';

/** A job of a flow, with the queue it goes to. */
export interface FlowEntry {
  jobData: JobJson;
  jobId: string;
  parentKeyOpts: ParentKeyOpts;
  prefix: string;
  queueName: string;
}

/** What the options of a flow's root may hold beyond BullMQ's. */
export interface FlowRootOptions {
  /** Fingerprint of the request that makes the flow. */
  request?: string;
}

/** Jobs that one step may add or remove together: it holds Redis for well under a second. */
export const MAX_FLOW_JOBS = 10_000;
const TOO_MANY = -13;

/** Trees of jobs: adding, waiting for children, cutting off. See `FlowQueries` for reading them. */
export class Flows {
  constructor(
    private readonly scripts: Scripts,
    private readonly options: StoreOptions,
    private readonly forQueue: (keys: QueueKeys) => Scripts,
  ) {}

  /**
   * Adds jobs of several queues, all or none; parents stand before their children. Where the options of the first one name the
   * `request` it is from, that job must be new.
   *
   * @returns per job no error, and its id or BullMQ's negative code.
   * @throws {JobExistsError} when it is not; {FlowTooLargeError} beyond {@link MAX_FLOW_JOBS}; a typed error that names what is wrong with a job.
   */
  async add(entries: readonly FlowEntry[]): Promise<[null, string | number][]> {
    if (entries.length > MAX_FLOW_JOBS) throw new FlowTooLargeError('added', MAX_FLOW_JOBS);
    const queues = new Map<string, QueueKeys>();
    const jobs: EncodedJob[] = [];
    const encoder = new JobEncoder(this.options);
    for (const { jobData, jobId, parentKeyOpts, prefix, queueName } of entries) {
      const keys = new QueueKeys(prefix, queueName);
      queues.set(keys.base, queues.get(keys.base) ?? keys);
      const queue = [...queues.keys()].indexOf(keys.base) + 1;
      jobs.push(encoder.encode(fromBull({ job: jobData, jobId, parentKeyOpts }), queue));
    }
    const isRequest = (entries[0]?.jobData.opts as FlowRootOptions | undefined)?.request !== undefined;
    const args = [isRequest ? '1' : '0', ...jobArguments(jobs)];
    const bases = [...queues.keys()];
    const ids = entries.map(({ jobId }) => jobId);
    for (;;) {
      const answers = await this.scripts.runTogether<(string | number)[] | 1 | 2>(
        'addFlow',
        bases,
        args,
        ids,
      );
      if (answers === 2) throw new JobExistsError(ids[0] ?? '');
      if (answers !== 1) return answers.map((answer) => [null, answer]);
      for (const keys of queues.values()) await adoptAll(this.forQueue(keys));
    }
  }

  /** @returns true when the job was moved to wait for its children, false when there is none to wait for. */
  async waitForChildren(id: string, token: string, opts: MoveToWaitingChildrenOpts = {}): Promise<boolean> {
    const child = opts.child ? `${opts.child.queue}:${opts.child.id}` : '';
    const answer = accepted(await this.scripts.run<number>('waitForChildren', id, token, child), {
      jobId: id,
      command: 'moveToWaitingChildren',
      state: 'active',
    });
    return answer === 0;
  }

  /** @returns 1 when removed, 0 when it (or a job below it that would go too) is running under a lease. */
  async remove(id: string, withChildren: boolean): Promise<number> {
    const answer = await this.scripts.run<number>('remove', id, withChildren ? '1' : '0', MAX_FLOW_JOBS);
    if (answer === TOO_MANY) throw new FlowTooLargeError('removed', MAX_FLOW_JOBS);
    return accepted(answer, { jobId: id, command: 'removeJob' });
  }

  /** Removes the children that a job waits for, but not those that run or failed. */
  async removePendingChildren(id: string): Promise<void> {
    const answer = await this.scripts.run<number>('removePendingChildren', id, MAX_FLOW_JOBS);
    if (answer === TOO_MANY) throw new FlowTooLargeError('removed', MAX_FLOW_JOBS);
  }

  /** @returns true when the parent waited for the child and no longer does. */
  async leaveParent(id: string, parentKey: string): Promise<boolean> {
    const answer = accepted(await this.scripts.run<number>('leaveParent', id, parentKey), {
      jobId: id,
      parentKey,
      command: 'removeChildDependency',
    });
    return answer === 0;
  }
}
