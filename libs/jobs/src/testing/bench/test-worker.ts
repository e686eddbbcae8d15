import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Artifact, ArtifactStore } from '#libs/artifacts';
import { loadSettings, type JobStatus, type JobView } from '#libs/contracts';
import { createBackend, JobStore, QueueKeys, TypeCatalog, type DroverBackend } from '#libs/queue';
import type { Type } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { Queue, type JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { HandlerRegistry, publishedType } from '../../framework/index.js';
import { FakeArtifacts } from '../fakes.js';
import { Endings } from './endings.js';
import { JobNotEndedError } from './errors.js';
import { TestConsumer } from './test-consumer.js';
import { testModule, type TestModuleOptions, type TestQueue } from './test-module.js';

/** How {@link startTestWorker} starts one. */
export interface TestWorkerOptions extends TestModuleOptions {
  /** Redis 7 or newer; other keys in it are not touched. Default: `REDIS_URL`, else redis://127.0.0.1:6379. */
  redisUrl?: string;
  /** Jobs that run at once. Default: 10. */
  concurrency?: number;
  /** Where artifacts go. Default: memory. */
  artifacts?: ArtifactStore;
}

/** BullMQ's options of a job, and Drover's own. */
export interface TestJobOptions extends JobsOptions {
  /** Milliseconds a run may take. Default: the type's. */
  timeout?: number;
}

/** A job that has ended. */
export interface FinishedJob {
  readonly id: string;
  readonly type: string;
  readonly status: JobStatus;
  /** Of a completed one. */
  readonly result: unknown;
  /** Of a failed one: the message of its last error. */
  readonly error: string | undefined;
  /** Lines of its log, oldest first. */
  readonly logs: readonly string[];
  /** What was reported last. */
  readonly progress: JobView['progress'];
  /** Attempts that ended, runs that were begun, and how many attempts it might have had. */
  readonly attempts: JobView['attempts'];
  readonly artifacts: readonly Artifact[];
}

const QUEUE = 'jobs';
const ENDED: ReadonlySet<JobStatus> = new Set(['completed', 'failed', 'cancelled']);
const PUBLISHED_MS = 86_400_000;
const KEYS_A_CALL = 500;
const PATIENCE_MS = 20_000;

/** A worker and a queue of its own, in this process. Made by {@link startTestWorker}. */
export class TestWorker {
  /** BullMQ's queue. */
  readonly queue: Queue<unknown, unknown, string, unknown, unknown, string, DroverBackend>;
  /** What REST does with jobs: find, list, retry, remove, promote. */
  readonly jobs: JobStore;
  private readonly endings: Endings;
  private readonly consumer: TestConsumer;

  /** @internal */
  constructor(
    private readonly redis: Redis,
    private readonly at: TestQueue,
    private readonly module: TestingModule,
    readonly artifacts: ArtifactStore,
    concurrency: number,
  ) {
    this.queue = new Queue(at.name, { connection: { url: at.redisUrl }, prefix: at.prefix }, createBackend);
    this.queue.on('error', () => undefined);
    this.jobs = new JobStore((this.queue as unknown as { getBackend(): DroverBackend }).getBackend());
    this.endings = new Endings(at.name, at.redisUrl, at.prefix);
    this.consumer = new TestConsumer(module, at, artifacts, concurrency);
  }

  /** Adds a job. @returns its id */
  async add(type: string, payload: unknown = {}, options: TestJobOptions = {}): Promise<string> {
    const job = await this.queue.add(type, payload, options);
    return job.id as string;
  }

  /**
   * Waits, by the queue's events, until a job has ended: completed, failed for good or cancelled.
   * `onDeadLetter` of its handler has returned by then.
   *
   * @param timeoutMs how long to wait; default 20 s.
   * @throws {JobNotEndedError} saying how it stands, when that takes longer; {JobNotFoundError} when there is none.
   */
  async finished(id: string, timeoutMs = PATIENCE_MS): Promise<FinishedJob> {
    const hasEnded = async () => ENDED.has((await this.jobs.get(id)).status);
    const ended = await this.endings.wait(id, timeoutMs, hasEnded);
    if (ended) await this.consumer.settled(id);
    const [job, { logs }, artifacts] = await Promise.all([
      this.jobs.get(id),
      this.jobs.logs(id),
      this.artifacts.list(id),
    ]);
    if (!ended) throw new JobNotEndedError(job, logs, timeoutMs);
    const { type, status, result, error, progress, attempts } = job;
    return { id, type, status, result, error, logs, progress, attempts, artifacts };
  }

  /** Adds a job and waits until it has ended: {@link add} and {@link finished}. */
  async run(type: string, payload?: unknown, options?: TestJobOptions): Promise<FinishedJob> {
    return this.finished(await this.add(type, payload, options));
  }

  /** Cancels a job, and tells its handler, as a worker does when somebody cancels a job it runs. */
  async cancel(id: string): Promise<void> {
    await this.jobs.cancel(id);
    this.consumer.cancel(id);
  }

  /** The content of a file a job left. @throws {ArtifactNotFoundError} */
  async read(jobId: string, name: string): Promise<Buffer> {
    const { stream } = await this.artifacts.open({ jobId, name });
    return buffer(stream);
  }

  /** A provider of the plugins, to look at or to tell something. */
  get<T>(token: Type<T> | string | symbol): T {
    return this.module.get<T>(token, { strict: false });
  }

  /** Ends running jobs as a worker that stops does, and takes every key away that there was. */
  async close(): Promise<void> {
    await this.consumer.close();
    await this.endings.close();
    await this.queue.close();
    await this.module.close();
    await this.removeKeys();
    this.redis.disconnect();
  }

  /** @internal Publishes the types, so that jobs of types that depend on one another run, and starts claiming. */
  async start(): Promise<this> {
    const types = this.module.get(HandlerRegistry, { strict: false }).all();
    await new TypeCatalog(async () => this.redis, new QueueKeys(this.at.prefix, this.at.name)).publish(
      'test-worker',
      types.map((type) => publishedType(type, this.at.name)),
      PUBLISHED_MS,
    );
    await this.consumer.start();
    return this;
  }

  private async removeKeys(): Promise<void> {
    const keys = this.redis.scanStream({ match: `${this.at.prefix}:*`, count: KEYS_A_CALL });
    for await (const found of keys as AsyncIterable<string[]>) {
      if (found.length > 0) await this.redis.unlink(...found);
    }
  }
}

/**
 * Starts a worker with plugins on a real queue that is nobody else's. Jobs run as they do in production: claimed
 * by BullMQ's worker from Drover's store, through all steps of the runner, with retries, timeouts and reports.
 *
 * @example
 * const worker = await startTestWorker({ imports: [MailPlugin], redisUrl });
 * const { result, logs } = await worker.run('mail.digest', { to: 'ada@example.org' });
 * await worker.close();
 *
 * @throws what a worker would refuse to start with, such as a missing requirement.
 */
export async function startTestWorker({
  redisUrl = loadSettings(process.env).REDIS_URL,
  concurrency = 10,
  artifacts = new FakeArtifacts(),
  ...options
}: TestWorkerOptions): Promise<TestWorker> {
  const at = { redisUrl, prefix: `test-${randomBytes(6).toString('hex')}`, name: QUEUE };
  // A test's Redis is there or not: nobody waits for it.
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const module = await testModule(redis, at, artifacts, options);
    return await new TestWorker(redis, at, module, artifacts, concurrency).start();
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
