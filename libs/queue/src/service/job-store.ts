import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  bullPriority,
  type JobState,
  type JobStatus,
  type JobView,
  type PriorityName,
  type LeavingToType,
} from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import { checkJobId, checkKnownId, toJson } from '../backend/validate.js';
import {
  InvalidOptionError,
  JobExistsError,
  JobNotFoundError,
  JobStateError,
  JobTransitionError,
  IdempotencyKeyReusedError,
} from '../errors/index.js';
import { JobList, type ListQuery } from './job-list.js';
import { JobViews } from './job-views.js';
import { toPriority } from './job-document.js';
import { readHealth, type StoreHealth } from './store-health.js';

/** A job to create. */
export interface CreateJob {
  /** Chosen by the store when absent. */
  id?: string;
  type: string;
  /** Any JSON value; default an empty object. */
  payload?: unknown;
  /** Default `normal`. */
  priority?: PriorityName | number;
  /** Milliseconds until it may run; default 0, at most 30 days. */
  delay?: number;
  /** How often it may run in all; default: as its type says when a worker claims it, 3 where it does not say or the worker knows no types. */
  attempts?: number;
  /** Wait before a retry, in ms, growing by 2 each time unless `fixed`; default: as its type says, from 2000 where the worker knows no types. */
  backoff?: { type: 'exponential' | 'fixed'; delay: number };
  /** Milliseconds one run may take; default the worker's. */
  timeout?: number;
}

export interface JobPage {
  items: JobView[];
  total: number;
  page: number;
  pageSize: number;
}

/** Counts of one moment; each job is counted once in `byStatus`, and each that waits once in `byPriority`. */
export interface JobCounts {
  byStatus: Record<JobStatus, number>;
  byPriority: Record<PriorityName, number>;
  byState: Record<JobState, number>;
  total: number;
}

/** BullMQ's code for the run of a scheduler that must not be removed. */
const CURRENT_RUN = -8;
const DEFAULT_ATTEMPTS = 3;
const DEFAULT_BACKOFF = { type: 'exponential', delay: 2000 } as const;
const COUNTED: readonly JobState[] = [
  'waiting',
  'prioritized',
  'delayed',
  'waiting-children',
  'active',
  'completed',
  'failed',
  'cancelled',
];

function checkCount(value: unknown, name: string, maximum: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > maximum) {
    throw new InvalidOptionError(`${name} must be a whole number from 1 to ${maximum}, not ${String(value)}`);
  }
}

const KEY_LENGTH = 200;

/** Id of the job that a key stands for; keys may hold what ids may not. */
function idOfKey(type: string, key: string): string {
  if (key === '' || key.length > KEY_LENGTH) {
    throw new InvalidOptionError(`an idempotency key must have 1 to ${KEY_LENGTH} characters`);
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([type, key]))
    .digest('base64url');
  return `once-${hash.slice(0, 32)}`;
}

/** Marks what the caller did not say: a worker that knows the type puts what that says in its place. */
function leavingToType(given: Pick<CreateJob, 'attempts' | 'backoff'>): LeavingToType {
  const leftToType = (['attempts', 'backoff'] as const).filter((option) => given[option] === undefined);
  return leftToType.length > 0 ? { leftToType } : {};
}

/** What people do with jobs, whoever added them: create, look at, retry, remove, promote, cancel, count. */
export class JobStore {
  private readonly lists: JobList;
  private readonly views: JobViews;

  constructor(private readonly backend: DroverBackend) {
    this.views = new JobViews(backend);
    this.lists = new JobList(backend);
  }

  /**
   * @throws {JobExistsError} when the id is taken; {InvalidJobIdError}, {InvalidOptionError}, {InvalidPriorityError},
   * {InvalidDocumentError}, {DelayOutOfRangeError}, {PayloadTooLargeError} for bad input. Nothing is stored then.
   */
  async create(input: CreateJob): Promise<JobView> {
    if (input.id !== undefined) checkJobId(input.id);
    checkCount(input.attempts, 'attempts', 1000);
    checkCount(input.timeout, 'timeout', 7 * 86_400_000);
    const priority = toPriority(input.priority);
    const { delay = 0, attempts, backoff, timeout } = input;
    const [answer] = await this.backend.adding.add([
      {
        id: input.id,
        name: input.type,
        data: toJson(input.payload === undefined ? {} : input.payload, 'payload'),
        opts: {
          attempts: attempts ?? DEFAULT_ATTEMPTS,
          backoff: backoff ?? DEFAULT_BACKOFF,
          ...leavingToType({ attempts, backoff }),
          priority: bullPriority(priority),
          ...(delay > 0 && { delay }),
          ...(timeout && { timeout }),
        },
        timestamp: Date.now(),
        delay,
        priority,
        onExisting: 'reject',
      },
    ]);
    if (typeof answer !== 'string') throw new JobExistsError(input.id ?? '');
    return this.get(answer);
  }

  /**
   * Adds a job once for a key of the caller's choice: as long as the job is kept, asking again with the same type, key and
   * payload adds nothing and gives the job there is.
   *
   * @param key 1 to 200 characters; it belongs to the type.
   * @throws {IdempotencyKeyReusedError} when the key was used with another payload; else as {@link create}.
   */
  async createOnce(key: string, input: Omit<CreateJob, 'id'>): Promise<{ job: JobView; created: boolean }> {
    const id = idOfKey(input.type, key);
    try {
      return { job: await this.create({ ...input, id }), created: true };
    } catch (error) {
      if (!(error instanceof JobExistsError)) throw error;
    }
    const job = await this.get(id);
    if (!isDeepStrictEqual(job.payload, JSON.parse(toJson(input.payload ?? {}, 'payload')))) {
      throw new IdempotencyKeyReusedError(key, id);
    }
    return { job, created: false };
  }

  /** @returns undefined when there is no such job. */
  async find(id: string): Promise<JobView | undefined> {
    checkKnownId(id);
    const job = await this.backend.reading.find(id);
    return job && this.views.of(job);
  }

  /** @throws {JobNotFoundError} */
  async get(id: string): Promise<JobView> {
    const job = await this.find(id);
    if (!job) throw new JobNotFoundError(id);
    return job;
  }

  async list(query: ListQuery): Promise<JobPage> {
    const { jobs, total } = await this.lists.page(query);
    const items = await this.views.ofMany(jobs);
    return { items, total, page: query.page, pageSize: query.pageSize };
  }

  /** Rows of a job's log, oldest first. @throws {JobNotFoundError} */
  async logs(id: string, start = 0, end = -1): Promise<{ logs: string[]; count: number }> {
    await this.get(id);
    return this.backend.reading.logs(id, start, end, true);
  }

  /** Runs a finished job again, with all its attempts. @throws {JobNotFoundError}, {JobStateError} unless it has finished. */
  async retry(id: string): Promise<JobView> {
    const job = await this.get(id);
    const state = job.state === 'cancelled' ? 'failed' : job.state;
    const answer = await this.backend.scripts.run<number>('reprocess', id, state, 'tail', '1', '1');
    await this.check(id, answer, 'only finished jobs can be retried');
    return this.get(id);
  }

  /** Removes a job and all that belongs to it. @throws {JobNotFoundError}, {JobStateError} while it runs, or is a scheduler's next run. */
  async remove(id: string): Promise<void> {
    const job = await this.get(id);
    if ((await this.removed(id, job.status)) === 0) {
      throw new JobStateError(id, job.status, 'a running job cannot be removed; cancel it first');
    }
  }

  private async removed(id: string, status: string): Promise<number> {
    try {
      return await this.backend.flows.remove(id, false);
    } catch (error) {
      if (!(error instanceof JobTransitionError) || error.bullCode !== CURRENT_RUN) throw error;
      throw new JobStateError(id, status, 'it is the next run of a job scheduler; remove the scheduler');
    }
  }

  /** Makes a delayed job ready now. @throws {JobNotFoundError}, {JobStateError} unless it is delayed. */
  async promote(id: string): Promise<JobView> {
    await this.get(id);
    const answer = await this.backend.scripts.run<number>('promote', id);
    await this.check(id, answer, 'only delayed jobs can be promoted');
    return this.get(id);
  }

  /** Cancels a job; a handler that runs it is told at once. @throws {JobNotFoundError}, {JobStateError} when it has finished. */
  async cancel(id: string): Promise<JobView> {
    checkKnownId(id);
    const answer = await this.backend.scripts.run<string | null>('cancel', id, 'job cancelled');
    if (answer === null) throw new JobNotFoundError(id);
    if (answer !== 'cancelled') {
      throw new JobStateError(
        id,
        answer.replace('was ', ''),
        'only pending and running jobs can be cancelled',
      );
    }
    return this.get(id);
  }

  async stats(): Promise<JobCounts> {
    const [counts, [high = 0, normal = 0, low = 0]] = await Promise.all([
      this.backend.reading.counts(COUNTED),
      this.backend.reading.countBands([
        [2, '+inf'],
        [1, 1],
        ['-inf', 0],
      ]),
    ]);
    const byState = Object.fromEntries(COUNTED.map((state, at) => [state, counts[at] ?? 0])) as Record<
      JobState,
      number
    >;
    // BullMQ counts cancelled jobs as failed; here each is counted once.
    byState.failed -= byState.cancelled;
    const { waiting, prioritized, delayed, active, completed, failed, cancelled } = byState;
    const pending = waiting + prioritized + delayed + byState['waiting-children'];
    const byStatus = { pending, running: active, completed, failed, cancelled };
    const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
    return { byStatus, byPriority: { low, normal, high }, byState, total };
  }

  /** Asks Redis, and looks whether it keeps jobs safe. */
  async health(): Promise<StoreHealth> {
    return readHealth(await this.backend.client());
  }

  private async check(id: string, answer: number, reason: string): Promise<void> {
    if (answer >= 0) return;
    const job = await this.get(id);
    const state = job.status === 'pending' ? job.state.replace('prioritized', 'waiting') : job.status;
    throw new JobStateError(id, state, reason);
  }
}
