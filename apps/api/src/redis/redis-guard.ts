import { Injectable } from '@nestjs/common';
import { QueueService, type StoreHealth } from '#libs/queue';
import { RedisUnavailableError } from '../problems/api-errors.js';
import { isRedisDown } from './redis-errors.js';
import { DeadlineExceeded, withDeadline } from './with-deadline.js';

/** Milliseconds that requests wait for Redis. */
export abstract class RedisDeadlines {
  /** For the work of a request. */
  abstract readonly requestMs: number;
  /** For the answer to "are you there?". */
  abstract readonly probeMs: number;
}

/** Milliseconds that a request about many jobs may take in Redis. */
export const LONG_REQUEST_MS = 30_000;

export const DEFAULT_DEADLINES: RedisDeadlines = { requestMs: 5000, probeMs: 2000 };

/**
 * Keeps requests from waiting for a Redis that is away.
 *
 * A Redis client keeps commands until it is connected again. That is right for a worker, but a
 * caller of REST needs an answer. So work has a deadline; and once it passed, or an error said that
 * Redis is away, later work is not even started until Redis answers a probe. What is refused in this
 * way has changed nothing and piles up nowhere.
 */
@Injectable()
export class RedisGuard {
  private mustProbe = true;
  private probing: Promise<StoreHealth> | undefined;

  constructor(
    private readonly queue: QueueService,
    private readonly deadlines: RedisDeadlines,
  ) {}

  /**
   * Does `work`, if Redis is there, within the deadline.
   *
   * @param changes whether the work changes something: then its outcome is unknown when it is cut short.
   * @param longMs deadline of work that takes many round trips: Redis is probed first then. Default: that of a request.
   * @throws {RedisUnavailableError}
   */
  async run<T>(work: () => Promise<T>, changes: boolean, longMs?: number): Promise<T> {
    if (this.mustProbe || longMs !== undefined) await this.probe();
    try {
      return await withDeadline(work(), longMs ?? this.deadlines.requestMs);
    } catch (error) {
      if (!isAway(error)) throw error;
      this.mustProbe = true;
      const consequence = changes ? '; the outcome is unknown: the request may still take effect' : '';
      throw new RedisUnavailableError(`${reasonOf(error)}${consequence}`, { cause: error });
    }
  }

  /**
   * Asks Redis how it is. Callers at the same time share one question.
   *
   * @throws {RedisUnavailableError} when the answer does not come in time.
   */
  async probe(): Promise<StoreHealth> {
    this.probing ??= this.queue.jobs.health().finally(() => (this.probing = undefined));
    try {
      const health = await withDeadline(this.probing, this.deadlines.probeMs);
      this.mustProbe = false;
      return health;
    } catch (error) {
      if (!isAway(error)) throw error;
      this.mustProbe = true;
      throw new RedisUnavailableError(`${reasonOf(error)}; nothing was changed`, { cause: error });
    }
  }
}

function isAway(error: unknown): boolean {
  return error instanceof DeadlineExceeded || isRedisDown(error);
}

/** Never the client's own text: it can hold addresses. */
function reasonOf(error: unknown): string {
  return error instanceof DeadlineExceeded
    ? `Redis did not answer within ${error.ms} ms`
    : 'Redis cannot be reached or cannot serve now';
}
