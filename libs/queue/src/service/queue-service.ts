import { randomUUID } from 'node:crypto';
import { parseJobStatus, type JobStatus } from '#libs/contracts';
import { openClient } from '../backend/connection.js';
import { createBackendFactory, type DroverBackend } from '../backend/drover-backend.js';
import type { QueueKeys } from '../backend/keys.js';
import type { RedisClient } from '../backend/scripts.js';
import { TypeCatalog } from '../types/type-catalog.js';
import { TypeMetrics } from '../types/type-metrics.js';
import { checkJobId, checkKnownId, checkSize, toJson } from '../backend/validate.js';
import {
  InvalidDocumentError,
  InvalidJobStatusError,
  JobResultNotFoundError,
  JobStateError,
  JobStatusNotFoundError,
} from '../errors/index.js';
import {
  checkDocument,
  completeDocument,
  readDocument,
  toPriority,
  type JobDocument,
  type JobInput,
} from './job-document.js';
import { DeadLetters } from './dead-letters.js';
import { JobStore } from './job-store.js';
import { LEASE_MS, LeaseKeeper } from './lease-keeper.js';
import { prefixed, type QueueLogger } from './logger.js';
import { resolveServiceOptions, type QueueServiceOptions, type ResolvedServiceOptions } from './options.js';
import { logOutages } from './outage-log.js';
import { Subscription } from './subscription.js';

/** What a legacy service reads as its statistics; the names are the Go service's. */
export interface QueueStats {
  queue_length: number;
  processing_count: number;
  high_priority: number;
  normal_priority: number;
  low_priority: number;
  ttl_seconds: number;
}

/** Statuses each status may be reached from; everything else is refused. */
const REACHED_FROM: Record<JobStatus, string> = {
  pending: 'running',
  running: 'pending',
  completed: 'pending,running',
  failed: 'pending,running',
  cancelled: 'pending,running',
};

const DOCUMENTS_A_READ = 500;

/**
 * The Go services' queue API in TypeScript, on the same keys, with Drover's guarantees: every operation is
 * one atomic step, a claimed job has a lease, and a finished job stays as it finished.
 *
 * Usable as it is (`new QueueService({ redisUrl })`) and as a Nest provider ({@link QueueModule}).
 */
export class QueueService {
  /** What REST and the dashboard do with jobs. */
  readonly jobs: JobStore;
  /** Jobs that failed for good and are kept: to look at, run again, remove. */
  readonly deadLetters: DeadLetters;
  /** The job types that workers publish, and their settings at run time. */
  readonly types: TypeCatalog;
  /** What was counted of each type, over all workers. */
  readonly typeMetrics: TypeMetrics;
  readonly backend: DroverBackend;
  private readonly options: ResolvedServiceOptions;
  private readonly keys: QueueKeys;
  private readonly logger: QueueLogger;
  private readonly leases: LeaseKeeper;
  /** What limits of a single worker take this service for. */
  private readonly worker = randomUUID();
  private readonly subscriptions = new Set<Subscription>();

  /** @throws {InvalidSettingsError}, {InvalidQueueNameError} when options or the environment are wrong. */
  constructor(options: QueueServiceOptions = {}) {
    this.options = resolveServiceOptions(options);
    const { connection, prefix, queue } = this.options;
    this.logger = prefixed(this.options.logger);
    this.backend = createBackendFactory(this.options)(queue, { connection, prefix } as never);
    this.keys = this.backend.queueKeys;
    logOutages(this.backend, this.logger);
    this.jobs = new JobStore(this.backend);
    this.deadLetters = new DeadLetters(this.backend);
    this.types = new TypeCatalog(() => this.backend.client(), this.keys);
    this.typeMetrics = new TypeMetrics(() => this.backend.client(), this.keys);
    this.leases = new LeaseKeeper(this.backend.running, (id) =>
      this.logger.warn(`lost the lease of job ${id}`),
    );
  }

  /**
   * Adds a job. An id that exists is added again as Go's AddJob does (a new place, attempts from 0).
   *
   * @throws {InvalidJobIdError}, {InvalidPriorityError}, {InvalidDocumentError}, {PayloadTooLargeError};
   * {JobStateError} when a job of this id is running.
   */
  async addJob(job: JobInput): Promise<void> {
    checkDocument(job);
    checkJobId(job.id);
    const priority = toPriority(job.priority);
    const now = new Date();
    const document = toJson(completeDocument(job, priority, now), `job ${job.id}`);
    checkSize(document, this.options.maxDocumentBytes);
    const data = job.payload === undefined ? '' : toJson(job.payload, `payload of job ${job.id}`);
    const [answer] = await this.backend.adding.add([
      {
        id: job.id,
        name: typeof job.type === 'string' ? job.type : '',
        data,
        opts: {},
        timestamp: now.getTime(),
        priority,
        onExisting: 'replace',
        document,
      },
    ]);
    if (answer === -3)
      throw new JobStateError(job.id, 'running', 'it cannot be added again before it has ended');
    this.logger.log(`added job ${job.id} with priority ${priority}`);
  }

  /** The same as {@link addJob}. */
  enqueueJob(job: JobInput): Promise<void> {
    return this.addJob(job);
  }

  /**
   * Claims the best job under a lease that is kept while this process lives.
   *
   * @returns its document, or null when none waits.
   */
  async dequeueJob(): Promise<JobDocument | null> {
    const token = `${this.worker}:${randomUUID()}`;
    const [job, id] = await this.backend.running.claim(token, undefined, LEASE_MS);
    if (!job) return null;
    if (job.deferredFailure) {
      // It has lost its runner too often: it is failed instead of handed out, as a worker does.
      await this.reach(id, 'failed', 'failed', job.deferredFailure);
      return this.dequeueJob();
    }
    this.leases.keep(id, token);
    this.logger.log(`dequeued job ${id}`);
    const document = readDocument(await this.read((client) => client.get(this.keys.data(id)), id));
    return { ...document, id, status: 'running' };
  }

  /** @throws {JobStatusNotFoundError} when there is no such job. */
  async getJobStatus(id: string): Promise<JobStatus> {
    checkKnownId(id);
    const text = await this.read((client) => client.get(this.keys.status(id)), id);
    if (text === null) throw new JobStatusNotFoundError(id);
    const status = parseJobStatus(text);
    if (!status) throw new InvalidJobStatusError(text);
    return status;
  }

  /**
   * Moves a job to a status, comparing first.
   *
   * @throws {InvalidJobStatusError} for a word the contract does not know, {JobStatusNotFoundError},
   * {JobStateError} when the job's status does not allow it (a finished job stays as it finished).
   */
  async updateJobStatus(id: string, status: JobStatus | 'processing' | (string & {})): Promise<void> {
    await this.reach(id, status, `set to ${status}`);
  }

  /** Documents of the jobs that wait, in the order they will run. */
  async getPendingJobs(): Promise<JobDocument[]> {
    const ids = await this.read((client) => client.zrange(this.keys.key('queue'), 0, -1));
    const jobs: JobDocument[] = [];
    for (let from = 0; from < ids.length; from += DOCUMENTS_A_READ) {
      const part = ids.slice(from, from + DOCUMENTS_A_READ);
      const [documents, statuses] = await this.read((client) =>
        Promise.all([client.mget(part.map(this.keys.data)), client.mget(part.map(this.keys.status))]),
      );
      documents.forEach((text, at) => {
        const document = statuses[at] === 'pending' ? readDocument(text) : undefined;
        if (document) jobs.push(document);
      });
    }
    return jobs;
  }

  /** @throws as {@link updateJobStatus}. */
  async completeJob(id: string): Promise<void> {
    await this.reach(id, 'completed', 'completed');
  }

  /**
   * Fails a job; with `requeue` it waits again, one priority lower (not below 0).
   *
   * @throws as {@link updateJobStatus}.
   */
  async failJob(id: string, { requeue = false, error = 'job failed' } = {}): Promise<void> {
    if (!requeue) return this.reach(id, 'failed', 'failed', error);
    checkKnownId(id);
    const [before, done] = await this.backend.scripts.run<[string | null, number]>('requeue', id, error);
    this.checkReached(id, before, done, 'requeued');
    this.leases.drop(id);
    this.logger.log(`requeued job ${id}`);
  }

  /** Cancels a job wherever it stands; a handler that runs it is told. @throws as {@link updateJobStatus}. */
  async cancelJob(id: string): Promise<void> {
    await this.reach(id, 'cancelled', 'cancelled', 'job cancelled');
  }

  /** Stores a result as JSON; it lasts as long as the job. */
  async saveJobResult(id: string, result: unknown): Promise<void> {
    checkKnownId(id);
    const text = toJson(result, `result of job ${id}`);
    checkSize(text, this.options.maxDocumentBytes);
    await this.backend.scripts.run('saveResult', id, text);
  }

  /** @throws {JobResultNotFoundError} when none is stored, {InvalidDocumentError} when it is not JSON. */
  async getJobResult<T = unknown>(id: string): Promise<T> {
    checkKnownId(id);
    const text = await this.read((client) => client.get(this.keys.result(id)), id);
    if (text === null) throw new JobResultNotFoundError(id);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new InvalidDocumentError(`result of job ${id} is not JSON: ${(error as Error).message}`);
    }
  }

  async getQueueLength(): Promise<number> {
    return this.read((client) => client.zcard(this.keys.key('queue')));
  }

  async getProcessingCount(): Promise<number> {
    return this.read((client) => client.scard(this.keys.key('processing')));
  }

  async isJobProcessing(id: string): Promise<boolean> {
    checkKnownId(id);
    return (await this.read((client) => client.sismember(this.keys.key('processing'), id), id)) === 1;
  }

  /** Counts by priority are exact: each job is in one band. */
  async getQueueStats(): Promise<QueueStats> {
    const [queueLength, processing, [high = 0, normal = 0, low = 0]] = await Promise.all([
      this.getQueueLength(),
      this.getProcessingCount(),
      this.backend.reading.countBands([
        [2, '+inf'],
        [1, 1],
        ['-inf', 0],
      ]),
    ]);
    return {
      queue_length: queueLength,
      processing_count: processing,
      high_priority: high,
      normal_priority: normal,
      low_priority: low,
      ttl_seconds: this.options.jobTtlSeconds,
    };
  }

  /** Removes every job that waits in the queue. Delayed and running jobs stay, and so does a scheduler's current run. */
  async clearQueue(): Promise<void> {
    await this.backend.maintenance.drain(false);
    this.logger.log('cleared the queue');
  }

  /** Ends every claim: the jobs wait again, and handlers that run them are told to stop. */
  async clearProcessing(): Promise<void> {
    while ((await this.backend.scripts.run<number>('clearProcessing')) === 1);
    this.logger.log('cleared the running jobs');
  }

  /**
   * Messages of the queue as they are published.
   *
   * @param channel another channel than `<p>updates`.
   */
  subscribe(channel = ''): Subscription {
    const client = openClient(this.options.connection);
    client.on('error', () => undefined);
    const subscription = new Subscription(client, channel || this.keys.updates, () => {
      this.subscriptions.delete(subscription);
    });
    this.subscriptions.add(subscription);
    return subscription;
  }

  /** Resolves when Redis answers. */
  async health(): Promise<void> {
    await this.read((client) => (client as { ping(): Promise<string> }).ping());
  }

  /** Ends subscriptions and the connection. Jobs still dequeued are put back when their leases end. */
  async close(): Promise<void> {
    this.leases.stop();
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
    await this.backend.close();
  }

  /** Nest calls this when the application stops. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private read<T>(commands: (client: RedisClient) => Promise<T>, ...ids: string[]): Promise<T> {
    return this.backend.scripts.read(commands, ids);
  }

  private async reach(id: string, target: string, done: string, reason = 'job failed'): Promise<void> {
    checkKnownId(id);
    const status = parseJobStatus(target);
    if (!status) throw new InvalidJobStatusError(target);
    const token = randomUUID();
    const [before, changed] = await this.backend.scripts.run<[string | null, number]>(
      'setStatus',
      id,
      status,
      reason,
      REACHED_FROM[status],
      LEASE_MS,
      token,
    );
    this.checkReached(id, before, changed, done);
    if (status === 'running' && changed === 1) this.leases.keep(id, token);
    else if (status !== 'running') this.leases.drop(id);
    this.logger.log(`job ${id} ${done}`);
  }

  private checkReached(id: string, before: string | null, changed: number, done: string): void {
    if (before === null) throw new JobStatusNotFoundError(id);
    if (changed === -1) throw new JobStateError(id, before, `it cannot be ${done}`);
  }
}
