import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Job } from 'bullmq';
import {
  backoffStrategy,
  endRules,
  HandlerRegistry,
  JobProcessor,
  QueueWorker,
  STOP_REASONS,
} from '#libs/jobs';
import { createBackend } from '#libs/queue';
import { ErrorLog } from './error-log.js';
import { FatalErrors } from './fatal-errors.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

/** A legacy service's cancel is noticed when a lease is extended; it has to reach the handler within 5 s. */
const MAX_RENEW_MS = 2000;
const RESTART_MS = 1000;
const STOPPING = AbortSignal.abort(STOP_REASONS.stopping);
const NEVER = new AbortController().signal;

/** Claims jobs of the queue, runs them, and tells the store how they ended. */
@Injectable()
export class Consumer {
  private readonly logger = new Logger('Worker');
  private readonly errors = new ErrorLog(this.logger);
  private worker: QueueWorker | undefined;
  private stopped: Promise<void> | undefined;
  private releasing = false;

  constructor(
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
    private readonly processor: JobProcessor,
    private readonly registry: HandlerRegistry,
    private readonly state: WorkerState,
    private readonly fatal: FatalErrors,
  ) {}

  /** Starts claiming as soon as Redis is there, and `ready` has resolved. */
  start(ready: Promise<void>): void {
    const worker = this.open();
    this.worker = worker;
    worker.on('completed', () => this.state.succeeded++);
    worker.on('failed', (job, error) => this.onFailed(job, error));
    worker.on('stalled', (id) =>
      this.logger.warn(`job ${id} was left by its worker; it is back in the queue`),
    );
    worker.on('error', (error) => this.onError(error));
    worker.waitUntilReady().catch((error: Error) => this.onError(error));
    void this.keepRunning(worker, ready);
  }

  /** By what the queue knows who claims: it stands before the colon of each token. Known once it has been started. */
  get claimant(): string {
    if (!this.worker) throw new Error('the consumer must be started first');
    return this.worker.id;
  }

  /** Whether it takes jobs as it should; also while it drains. */
  get isRunning(): boolean {
    const isAtWork = this.worker?.isRunning() === true || this.worker?.isPaused() === true;
    return isAtWork && this.stopped === undefined;
  }

  /** Fires the signal of a job's handler. @returns false when the job does not run here. */
  cancel(jobId: string): boolean {
    return this.worker?.cancelJob(jobId, STOP_REASONS.cancelled) ?? false;
  }

  /** Claims no more until {@link resume}; what runs goes on. */
  async drain(): Promise<void> {
    await this.worker?.drain();
  }

  /** Claims again after {@link drain}. */
  async resume(): Promise<void> {
    await this.worker?.undrain();
  }

  /** Stops claiming at once. Resolves when the running jobs have ended, handlers know of their dead letters, and the connections are closed. */
  stop(): Promise<void> {
    this.stopped ??= this.close();
    return this.stopped;
  }

  /** Tells every running handler to stop; its job goes back to the queue, as does one whose claim is under way. */
  release(): void {
    this.releasing = true;
    this.worker?.cancelAllJobs(STOP_REASONS.stopping);
  }

  private async close(): Promise<void> {
    await this.worker?.close();
    await this.processor.deadLettersTold();
  }

  private open(): QueueWorker {
    const { id, settings } = this.identity;
    const lockDuration = settings.WORKER_LEASE_SECONDS * 1000;
    // BullMQ hands out a signal only to functions that take three arguments.
    const run = (job: Job, token: string | undefined, signal: AbortSignal | undefined) =>
      this.processor.process(worker, job, token ?? '', this.releasing ? STOPPING : (signal ?? NEVER));
    const worker: QueueWorker = new QueueWorker(
      settings.QUEUE_NAME,
      run,
      {
        connection: { url: settings.REDIS_URL },
        prefix: settings.QUEUE_PREFIX,
        name: id,
        autorun: false,
        concurrency: settings.WORKER_CONCURRENCY,
        lockDuration,
        lockRenewTime: Math.min(MAX_RENEW_MS, lockDuration / 3),
        // The same check finds what crashed and legacy workers left behind.
        stalledInterval: Math.min(settings.RECONCILE_SECONDS * 1000, lockDuration),
        maxStalledCount: settings.WORKER_MAX_STALLS,
        runRetryDelay: RESTART_MS,
        settings: { backoffStrategy: backoffStrategy(this.registry) },
      },
      createBackend,
    );
    worker.store.endings.follow(endRules(this.registry));
    return worker;
  }

  private async keepRunning(worker: QueueWorker, ready: Promise<void>): Promise<void> {
    await ready;
    while (!this.stopped) {
      // One that drains has no loop, and begins one by itself when it is resumed.
      if (!worker.isPaused() && !worker.isRunning())
        await worker.run().catch((error: Error) => this.onError(error));
      if (!this.stopped) await sleep(RESTART_MS);
    }
  }

  private onFailed(job: Job | undefined, error: Error): void {
    this.state.failed++;
    this.logger.warn(`job ${job?.id ?? '?'} (${job?.name ?? '?'}) failed: ${error.message}`);
    if (job) void this.processor.onFailed(job, error);
  }

  private onError(error: Error & { code?: string }): void {
    if (error.code === 'REDIS_TOO_OLD') this.fatal.report(error.message);
    else this.errors.report(error);
  }
}
