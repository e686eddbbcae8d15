import { isDeepStrictEqual } from 'node:util';
import type { JobState, JobView } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import { checkKnownId, toJson } from '../backend/validate.js';
import {
  IdempotencyKeyReusedError,
  JobExistsError,
  JobNotFoundError,
  JobStateError,
} from '../errors/index.js';
import { idOfKey, toNewJob, type CreateJob } from './create-job.js';
import { JobChanges, type JobUpdate } from './job-changes.js';
import { countFitting, type JobCounts } from './job-counts.js';
import { JobList, type ListQuery } from './job-list.js';
import { JobReasons, type WhyWaiting } from './job-reasons.js';
import { JobSearch, type JobFilter, type JobPlace, type SearchPiece } from './job-search.js';
import { JobViews } from './job-views.js';
import { ManyActions, type ActionOutcome, type ManyAction } from './many-actions.js';
import { ManyJobs, type ManyJobsAdded, type ManyJobsEntry, type ManyJobsOptions } from './many-jobs.js';
import { replayedJob } from './replayed-job.js';
import { readHealth, type StoreHealth } from './store-health.js';

export interface JobPage {
  items: JobView[];
  total: number;
  page: number;
  pageSize: number;
  /** Present when there were too many jobs to look at all of them: `total` counts those that were found. */
  isPartial?: true;
}

/** Jobs behind a place in a list. */
export interface JobPart {
  items: JobView[];
  /** Where to go on; undefined at the end. */
  next: JobPlace | undefined;
  /** Whether it stopped early, since it had looked at enough jobs. */
  isPartial: boolean;
}

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
/** Jobs read in one round trip. */
const A_READ = 100;
const FINISHED = ['completed', 'failed', 'cancelled'];

/** What people do with jobs, whoever added them: create, look at, retry, remove, promote, cancel, count. */
export class JobStore {
  private readonly lists: JobList;
  private readonly views: JobViews;
  private readonly searching: JobSearch;
  private readonly changes: JobChanges;
  private readonly reasons: JobReasons;

  constructor(private readonly backend: DroverBackend) {
    this.views = new JobViews(backend);
    this.lists = new JobList(backend);
    this.searching = new JobSearch(backend);
    this.changes = new JobChanges(backend, (id) => this.get(id));
    this.reasons = new JobReasons(backend);
  }

  /**
   * @throws {JobExistsError} when the id is taken; {InvalidJobIdError}, {InvalidOptionError}, {InvalidPriorityError},
   * {InvalidDocumentError}, {DelayOutOfRangeError}, {PayloadTooLargeError} for bad input. Nothing is stored then.
   */
  async create(input: CreateJob): Promise<JobView> {
    const [answer] = await this.backend.adding.add([toNewJob(input, Date.now())]);
    if (typeof answer !== 'string') throw new JobExistsError(input.id ?? '');
    return this.get(answer);
  }

  /**
   * Adds a job once for a key of the caller's choice: as long as the job is kept, asking again with the same creator, type, key and
   * payload adds nothing and gives the job there is.
   *
   * @param key 1 to 200 characters; it belongs to the creator and the type.
   * @throws {IdempotencyKeyReusedError} when the key was used with another payload; else as {@link create}.
   */
  async createOnce(key: string, input: Omit<CreateJob, 'id'>): Promise<{ job: JobView; created: boolean }> {
    const id = idOfKey(key, input.type, input.creator);
    try {
      return { job: await this.create({ ...input, id }), created: true };
    } catch (error) {
      if (!(error instanceof JobExistsError)) throw error;
    }
    const job = await this.get(id);
    // Somebody else has guessed the id and chosen it.
    if (job.creator !== input.creator) throw new JobExistsError(id);
    if (!isDeepStrictEqual(job.payload, JSON.parse(toJson(input.payload ?? {}, 'payload')))) {
      throw new IdempotencyKeyReusedError(key, id);
    }
    return { job, created: false };
  }

  /** Adds many jobs, also to other queues, all or none: see {@link ManyJobs.add}. */
  createMany(entries: readonly ManyJobsEntry[], options: ManyJobsOptions): Promise<ManyJobsAdded> {
    return new ManyJobs(this.backend).add(entries, options);
  }

  /**
   * Adds a copy of a finished job, with an id of its own and `replayOf` naming the job, which stays as it is.
   *
   * @param creator of the copy where the job has none.
   * @throws {JobNotFoundError}, {JobStateError} unless it has finished.
   */
  async replay(id: string, creator?: string): Promise<JobView> {
    checkKnownId(id);
    const stored = await this.backend.reading.find(id);
    if (!stored) throw new JobNotFoundError(id);
    const view = await this.views.of(stored);
    if (!FINISHED.includes(view.status))
      throw new JobStateError(id, view.status, 'only finished jobs can be replayed');
    const [answer] = await this.backend.adding.add([replayedJob(stored, view, creator)]);
    if (typeof answer !== 'string') throw new JobExistsError(id);
    return this.get(answer);
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

  /** A page by its number; see {@link JobList}. */
  async list(query: ListQuery): Promise<JobPage> {
    const { jobs, total, isPartial } = await this.lists.page(query);
    const items = await this.views.ofMany(jobs);
    return { items, total, page: query.page, pageSize: query.pageSize, ...(isPartial && { isPartial }) };
  }

  /** The next jobs of a list behind a place, or its first ones. */
  async listBehind(filter: JobFilter, place: JobPlace | undefined, limit: number): Promise<JobPart> {
    const { jobs, next, isPartial } = await this.lists.behind(filter, place, limit);
    return { items: await this.views.ofMany(jobs), next, isPartial };
  }

  /** The next piece of all jobs that fit a filter, without what they hold: for whoever goes through many. */
  async search(filter: JobFilter, place?: JobPlace, wanted?: number): Promise<SearchPiece> {
    if (!place) await this.backend.reading.counts([]);
    return this.searching.piece(filter, place, wanted);
  }

  /** Those of these jobs that there are, in order. @param creator whom they must belong to. Default: anybody. */
  async existing(ids: readonly string[], creator?: string): Promise<string[]> {
    ids.forEach(checkKnownId);
    const found: string[] = [];
    for (let from = 0; from < ids.length; from += A_READ) {
      const views = await this.views.ofMany(
        await this.backend.reading.findMany(ids.slice(from, from + A_READ)),
      );
      found.push(
        ...views.filter((job) => creator === undefined || job.creator === creator).map(({ id }) => id),
      );
    }
    return found;
  }

  /** Rows of a job's log, oldest first. @throws {JobNotFoundError} */
  async logs(id: string, start = 0, end = -1): Promise<{ logs: string[]; count: number }> {
    await this.get(id);
    return this.backend.reading.logs(id, start, end, true);
  }

  /** Every reason for which a job that waits does not run yet. */
  why(job: JobView): Promise<WhyWaiting> {
    return this.reasons.of(job);
  }

  /** As {@link JobChanges.retry}. */
  retry(id: string, payload?: unknown): Promise<JobView> {
    return this.changes.retry(id, payload);
  }

  /** As {@link JobChanges.update}. */
  update(id: string, update: JobUpdate): Promise<JobView> {
    return this.changes.update(id, update);
  }

  /** As {@link JobChanges.remove}. */
  remove(id: string): Promise<void> {
    return this.changes.remove(id);
  }

  /** As {@link JobChanges.promote}. */
  promote(id: string): Promise<JobView> {
    return this.changes.promote(id);
  }

  /** As {@link JobChanges.cancel}. */
  cancel(id: string): Promise<JobView> {
    return this.changes.cancel(id);
  }

  /** As {@link ManyActions.act}. */
  actOnMany(action: ManyAction, ids: readonly string[], creator?: string): Promise<ActionOutcome[]> {
    return new ManyActions(this.backend).act(action, ids, creator);
  }

  /** Counts the jobs that fit a filter; unlike {@link stats} it looks at all of them. */
  async statsOf(filter: Omit<JobFilter, 'status'>): Promise<JobCounts> {
    await this.backend.reading.counts([]);
    return countFitting(this.searching, filter);
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
}
