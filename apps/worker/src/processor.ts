import { Injectable, Logger } from '@nestjs/common';
import { DelayedError, Job, type MinimalQueue, UnrecoverableError, WaitingError } from 'bullmq';
import { JobRunner, type JobInfo, type Outcome, type RunnableJob } from '#libs/jobs';
import type { DroverBackend } from '#libs/queue';
import { WorkerState } from './worker-state.js';

/** Lines of a job's log that are kept unless the job says otherwise. */
const KEPT_LOG_LINES = 1000;
const STILL_RUNNING_DELAY_MS = 1000;
/** Names and texts by which BullMQ takes an error for a message to itself. A handler's must not be. */
const RESERVED = new Set([
  'DelayedError',
  'WaitingError',
  'WaitingChildrenError',
  'bullmq:rateLimitExceeded',
]);

/** Between BullMQ's worker and the runner: what a claimed job is, and how its outcome is told to BullMQ. */
@Injectable()
export class JobProcessor {
  private readonly logger = new Logger('Jobs');

  constructor(
    private readonly runner: JobRunner,
    private readonly state: WorkerState,
  ) {}

  /**
   * Runs a claimed job.
   *
   * @returns the job's result; every other outcome is thrown, as BullMQ wants it.
   */
  async process(queue: MinimalQueue, job: Job, token: string, signal: AbortSignal): Promise<unknown> {
    const id = job.id as string;
    if (!this.state.begin(id)) {
      // Cancelled here, retried, claimed here again, while the cancelled handler still has not returned.
      return this.conclude(queue, { kind: 'released', delayMs: STILL_RUNNING_DELAY_MS }, job, token);
    }
    try {
      return await this.conclude(queue, await this.runner.run(runnable(queue, job), signal), job, token);
    } finally {
      this.state.end(id);
    }
  }

  private async conclude(queue: MinimalQueue, outcome: Outcome, job: Job, token: string): Promise<unknown> {
    switch (outcome.kind) {
      case 'completed':
        return outcome.result;
      case 'failed':
        throw outcome.retry ? presentable(outcome.error) : unrecoverable(outcome.error);
      case 'cancelled':
        this.logger.log(`job ${job.id} (${job.name}) stopped: cancelled, or taken over`);
        throw new WaitingError();
      case 'released':
        return this.handBack(queue, job, token, outcome.delayMs);
    }
  }

  /** This worker knows when the job is due and would be the first to take it again. */
  private leaveToOthers(queue: MinimalQueue, id: string, delayMs: number): void {
    const backend = (queue as unknown as { getBackend(): DroverBackend }).getBackend();
    backend.running.leave(id, delayMs + Math.min(delayMs, OTHERS_TURN_MS));
  }

  private async handBack(queue: MinimalQueue, job: Job, token: string, delayMs: number): Promise<never> {
    try {
      if (delayMs > 0) {
        this.leaveToOthers(queue, job.id as string, delayMs);
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

/** How much longer than its delay a job is left to other workers, at most: they look at least this often. */
const OTHERS_TURN_MS = 5000;

function runnable(queue: MinimalQueue, job: Job): RunnableJob {
  const id = job.id as string;
  const keep = job.opts.keepLogs ?? KEPT_LOG_LINES;
  return {
    info: infoOf(job),
    payload: job.data,
    timeoutMs: (job.opts as { timeout?: unknown }).timeout,
    reports: {
      log: async (text) => void (await Job.addJobLog(queue, id, text, keep)),
      progress: (value) => job.updateProgress(value),
    },
  };
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

/** A legacy job's payload is its whole document, which names the job's own id. */
function isLegacy({ id, data }: Job): boolean {
  const document = data as { id?: unknown; created_at?: unknown } | null;
  return typeof document === 'object' && document?.id === id && document?.created_at !== undefined;
}

function presentable(error: Error): Error {
  if (!RESERVED.has(error.name) && !RESERVED.has(error.message)) return error;
  return new Error(`${error.name}: ${error.message} `, { cause: error });
}

function unrecoverable(error: Error): Error {
  const wrapped = new UnrecoverableError(error.message);
  if (error.stack) wrapped.stack = error.stack;
  return wrapped;
}
