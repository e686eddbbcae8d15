import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '#libs/artifacts';
import { createBackend, TypeQueues } from '#libs/queue';
import type { TestingModule } from '@nestjs/testing';
import type { Job } from 'bullmq';
import { HandlerRegistry, JobRunner, STOP_REASONS } from '../../framework/index.js';
import {
  backoffStrategy,
  Children,
  JobProcessor,
  OtherQueues,
  QueueServices,
  QueueWorker,
  type RunningJobs,
} from '../../processing/index.js';
import type { TestQueue } from './test-module.js';

const STOPPING = AbortSignal.abort(STOP_REASONS.stopping);
const NEVER = new AbortController().signal;
/** How long a worker may take to hear of the end of a job that the queue has told already. */
const HEARS_WITHIN_MS = 2000;

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
}

/** Claims jobs and runs them, as the worker's consumer does. */
export class TestConsumer {
  private readonly worker: QueueWorker;
  private readonly processor: JobProcessor;
  private readonly others: OtherQueues;
  /** Runs of this worker whose end it has not heard of, by job. */
  private readonly open = new Map<string, Deferred>();
  private releasing = false;

  constructor(module: TestingModule, at: TestQueue, artifacts: ArtifactStore, concurrency: number) {
    const registry = module.get(HandlerRegistry, { strict: false });
    const runner = module.get(JobRunner, { strict: false });
    this.others = new OtherQueues(at.redisUrl, at.prefix, () => undefined);
    const types = module.get(TypeQueues, { strict: false });
    const children = new Children(registry, types, (name) => this.others.open(name));
    const services = new QueueServices(artifacts, children);
    this.processor = new JobProcessor(runner, registry, runningJobs(), services, types);
    this.worker = this.openWorker(at, registry, concurrency);
    this.worker.on('error', () => undefined);
    this.worker.on('completed', ({ id }) => this.settle(id));
    this.worker.on('failed', (job, error) => void this.onFailed(job, error));
  }

  /** Resolves when jobs are claimed. */
  async start(): Promise<void> {
    await this.worker.waitUntilReady();
    void this.worker.run().catch(() => undefined);
  }

  /** Resolves when this worker has done all that follows the end of a job. */
  async settled(id: string): Promise<void> {
    const end = this.open.get(id);
    if (!end) return;
    // Jobs that others end, for example by a cancel, are not heard of here.
    const late = new AbortController();
    await Promise.race([end.promise, sleep(HEARS_WITHIN_MS, undefined, { signal: late.signal })]);
    late.abort();
  }

  cancel(id: string): void {
    this.worker.cancelJob(id, STOP_REASONS.cancelled);
  }

  async close(): Promise<void> {
    this.releasing = true;
    this.worker.cancelAllJobs(STOP_REASONS.stopping);
    await this.worker.close();
    await this.processor.deadLettersTold();
    await this.others.close();
  }

  private openWorker({ redisUrl, prefix, name }: TestQueue, registry: HandlerRegistry, concurrency: number) {
    // BullMQ hands out a signal only to functions that take three arguments.
    const run = (job: Job, token: string | undefined, signal: AbortSignal | undefined) =>
      this.process(job, token ?? '', this.releasing ? STOPPING : (signal ?? NEVER));
    const options = {
      connection: { url: redisUrl },
      prefix,
      name: 'test-worker',
      autorun: false,
      concurrency,
      settings: { backoffStrategy: backoffStrategy(registry) },
    };
    return new QueueWorker(name, run, options, createBackend);
  }

  private async process(job: Job, token: string, signal: AbortSignal): Promise<unknown> {
    const id = job.id as string;
    if (!this.open.has(id)) this.open.set(id, deferred());
    try {
      return await this.processor.process(this.worker, job, token, signal);
    } catch (error) {
      // Cancelled, handed back, waiting for children: BullMQ tells nobody of these.
      if (isNoEnd(error)) this.settle(id);
      throw error;
    }
  }

  private async onFailed(job: Job | undefined, error: Error): Promise<void> {
    if (job) await this.processor.onFailed(job, error);
    this.settle(job?.id);
  }

  private settle(id = ''): void {
    this.open.get(id)?.resolve();
    this.open.delete(id);
  }
}

const isNoEnd = (error: unknown): boolean =>
  ['WaitingError', 'DelayedError', 'WaitingChildrenError'].includes((error as Error).name);

function runningJobs(): RunningJobs {
  const ids = new Set<string>();
  return {
    begin: (id) => !ids.has(id) && Boolean(ids.add(id)),
    end: (id) => void ids.delete(id),
  };
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function deferred(): Deferred {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
