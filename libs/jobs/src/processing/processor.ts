import { Logger } from '@nestjs/common';
import { DelayedError, type Job, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import type { TypeQueues } from '#libs/queue';
import {
  ChildFailedError,
  NoHandlerError,
  type CachedResult,
  type HandlerRegistry,
  type JobInfo,
  type JobRunner,
  type Outcome,
  type RunnableJob,
  WrongQueueError,
} from '../framework/index.js';
import { applySettings, retryAfter } from './apply-settings.js';
import { backendOf, type JobQueue } from './job-queue.js';
import { keptError } from './kept-error.js';
import type { QueueServices } from './queue-services.js';
import { isLegacy } from './queue-worker.js';
import { isOfType } from './schedules.js';

const STILL_RUNNING_DELAY_MS = 1000;
/** How much longer than its delay a job is left to other workers, at most: they look at least this often. */
const OTHERS_TURN_MS = 5000;

/** The jobs that run in this process. */
export interface RunningJobs {
  /** Notes that a job runs. @returns false when an earlier run of the same job still occupies a slot. */
  begin(jobId: string, type: string): boolean;
  end(jobId: string, type: string): void;
}

/** Between BullMQ's worker and the runner: what a claimed job is, and how its outcome is told to BullMQ. */
export class JobProcessor {
  private readonly logger = new Logger('Jobs');
  /** Handlers that are being told of dead letters. */
  private readonly telling = new Set<Promise<void>>();

  constructor(
    private readonly runner: JobRunner,
    private readonly registry: HandlerRegistry,
    private readonly running: RunningJobs,
    private readonly services: QueueServices,
    private readonly types: TypeQueues,
  ) {}

  /**
   * Runs a claimed job.
   *
   * @returns the job's result; every other outcome is thrown, as BullMQ wants it.
   */
  async process(queue: JobQueue, job: Job, token: string, signal: AbortSignal): Promise<unknown> {
    const id = job.id as string;
    if (!this.running.begin(id, job.name)) {
      // Cancelled here, retried, claimed here again, while the cancelled handler still has not returned.
      return this.conclude(queue, { kind: 'released', delayMs: STILL_RUNNING_DELAY_MS }, job, token);
    }
    try {
      const type = this.registry.find(job.name);
      if (type) applySettings(job, type.settings);
      const outcome =
        (type ? undefined : await this.misplaced(queue, job)) ??
        (await this.runner.run(this.runnable(queue, job, token), signal));
      return await this.conclude(queue, outcome, job, token);
    } finally {
      this.running.end(id, job.name);
    }
  }

  /** Tells the handler of a job that failed for good, once the store knows. */
  async onFailed(job: Job, error: Error): Promise<void> {
    if (job.finishedOn === undefined) return;
    const told = this.runner.tellDeadLetter({ job: infoOf(job), payload: job.data, error });
    this.telling.add(told);
    await told;
    this.telling.delete(told);
  }

  /** Resolves when no handler is being told of a dead letter any more; the runner bounds how long that takes. */
  async deadLettersTold(): Promise<void> {
    await Promise.all(this.telling);
  }

  /** How a run ends whose job lies in the wrong queue: nobody here will ever have its type. */
  private async misplaced(queue: JobQueue, job: Job): Promise<Outcome | undefined> {
    // Where it cannot be told, the job goes back as others without a handler do.
    const route = await this.types.misplaced(job.name).catch(() => undefined);
    if (route === undefined) return undefined;
    return { kind: 'failed', error: new WrongQueueError(job.name, queue.name, route), retry: false };
  }

  private runnable(queue: JobQueue, job: Job, token: string): RunnableJob {
    return {
      info: infoOf(job),
      payload: job.data,
      timeoutMs: (job.opts as { timeout?: unknown }).timeout,
      interrupted: job.stalledCounter > 0,
      startedBefore: job.attemptsStarted > 1,
      scheduleId: job.repeatJobKey,
      services: this.services.of(queue, job, token),
    };
  }

  private async conclude(queue: JobQueue, outcome: Outcome, job: Job, token: string): Promise<unknown> {
    switch (outcome.kind) {
      case 'completed':
        if (outcome.cached) await this.noteCached(queue, job, outcome.cached);
        return outcome.result;
      case 'failed':
        if (outcome.error instanceof NoHandlerError) await this.endSchedule(queue, job);
        throw this.failure(queue, job, outcome);
      case 'cancelled':
        this.logger.log(`job ${job.id} (${job.name}) stopped: cancelled, or taken over`);
        throw new WaitingError();
      case 'released':
        return this.handBack(queue, job, token, outcome);
      case 'skipped':
        this.logger.log(`job ${job.id} (${job.name}) left out: ${outcome.reason}`);
        await backendOf(queue).scripts.run('cancel', job.id as string, outcome.reason);
        throw new WaitingError();
      case 'waiting':
        return this.waitForChildren(queue, job, token);
    }
  }

  /** The error by which BullMQ fails the job, or tries it again; its code is kept with the job. */
  private failure(queue: JobQueue, job: Job, outcome: Outcome & { kind: 'failed' }): Error {
    const { error, retry, retryAfterMs } = outcome;
    const kept = keptError(error, { retry });
    backendOf(queue).endings.note(job, { code: kept.code });
    if (retryAfterMs !== undefined) retryAfter(job, retryAfterMs, this.registry.find(job.name)?.settings);
    return kept;
  }

  /** No worker has the type of a scheduled run: one that comes back sets its schedule up again, until then it would only fail. */
  private async endSchedule(queue: JobQueue, { repeatJobKey, name }: Job): Promise<void> {
    if (repeatJobKey === undefined || !isOfType(repeatJobKey)) return;
    try {
      await backendOf(queue).scripts.run('removeJobScheduler', repeatJobKey);
      this.logger.warn(`the schedule of job type "${name}" was removed: no worker has the type`);
    } catch (error) {
      this.logger.warn(`the schedule of job type "${name}" was not removed: ${(error as Error).message}`);
    }
  }

  /** A result that was not worked for is marked so: in the job itself, and in its log. */
  private async noteCached(queue: JobQueue, job: Job, { jobId, at }: CachedResult): Promise<void> {
    backendOf(queue).endings.note(job, { cachedFrom: jobId });
    await job.log(`result of job ${jobId}, ${at}: the same type and payload (cache)`).catch(() => undefined);
  }

  private async waitForChildren(queue: JobQueue, job: Job, token: string): Promise<never> {
    let waits: boolean;
    try {
      waits = await job.moveToWaitingChildren(token);
    } catch (error) {
      // A child failed before its parent could wait for it.
      if (error instanceof UnrecoverableError) {
        throw this.failure(queue, job, failedForGood(new ChildFailedError(job.id as string)));
      }
      throw error;
    }
    // False: the last child has ended meanwhile.
    if (waits) throw new WaitingChildrenError();
    return this.handBack(queue, job, token, { delayMs: 0 });
  }

  /** This worker knows when the job is due and would be the first to take it again. */
  private leaveToOthers(queue: JobQueue, id: string, { delayMs, othersMs }: HandBack): void {
    backendOf(queue).running.leave(id, othersMs ?? delayMs + Math.min(delayMs, OTHERS_TURN_MS));
  }

  private async handBack(queue: JobQueue, job: Job, token: string, back: HandBack): Promise<never> {
    const { delayMs } = back;
    try {
      if (delayMs > 0) {
        this.leaveToOthers(queue, job.id as string, back);
        await job.moveToDelayed(Date.now() + delayMs, token);
      } else {
        await job.moveToWait(token);
      }
    } catch (error) {
      // Its lease is gone, so somebody else has it, or will: that is as good.
      this.logger.warn(`job ${job.id} (${job.name}) was not handed back: ${(error as Error).message}`);
    }
    throw delayMs > 0 ? new DelayedError() : new WaitingError();
  }
}

function infoOf(job: Job): JobInfo {
  return {
    id: job.id as string,
    type: job.name,
    attempt: job.attemptsMade + 1,
    maxAttempts: Math.max(1, job.opts.attempts ?? 1),
    createdAt: new Date(job.timestamp),
    legacy: isLegacy(job),
  };
}

/** When a job that goes back is due, and how long this worker leaves it alone, if not a moment longer. */
type HandBack = Pick<Outcome & { kind: 'released' }, 'delayMs' | 'othersMs'>;

const failedForGood = (error: Error) => ({ kind: 'failed', error, retry: false }) as const;
