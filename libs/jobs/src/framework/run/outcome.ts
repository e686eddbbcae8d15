import { JobCancelledError, JobTimeoutError } from '../errors.js';
import type { StopCause } from './abort-scope.js';

/**
 * How a run ended, as a value. The store is told by whoever claimed the job.
 *
 * - `completed`: the handler returned; `cached` tells of whose run the result was taken instead.
 * - `failed`: it threw or timed out; `retry` false = for good, whatever attempts are left; `retryAfterMs` is when the next
 *   attempt is to come, where the handler said so.
 * - `cancelled`: the store has ended or reassigned the job already; there is nothing to report.
 * - `released`: the job goes back to the queue without using up an attempt, after `delayMs`
 *   (0 = to the front, at once); `othersMs` is for how long this worker leaves it to others, where one is known that can run it.
 * - `skipped`: the job is cancelled without having run, for `reason`.
 * - `waiting`: the job waits for its children, and is run again when they have ended.
 */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown; readonly cached?: CachedResult }
  | {
      readonly kind: 'failed';
      readonly error: Error;
      readonly retry: boolean;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'released'; readonly delayMs: number; readonly othersMs?: number }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'waiting' };

/** A result that another job of the same input had. */
export interface CachedResult {
  readonly result: unknown;
  readonly jobId: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export const completed = (result: unknown): Outcome => ({ kind: 'completed', result });
export const failed = (error: Error, { retry }: { retry: boolean }): Outcome => ({
  kind: 'failed',
  error,
  retry,
});
/** Failed, and tried again when that many milliseconds are over, instead of when the backoff says. */
export const failedUntil = (error: Error, retryAfterMs: number): Outcome => ({
  kind: 'failed',
  error,
  retry: true,
  retryAfterMs,
});
export const cancelled: Outcome = { kind: 'cancelled' };
export const released = (delayMs: number): Outcome => ({ kind: 'released', delayMs });
export const skipped = (reason: string): Outcome => ({ kind: 'skipped', reason });
export const waiting: Outcome = { kind: 'waiting' };
export const fromCache = (cached: CachedResult): Outcome => ({
  kind: 'completed',
  result: cached.result,
  cached,
});

/** What becomes of a job that is to stop before its handler has begun. */
export function stopped(cause: StopCause): Outcome {
  if (cause instanceof JobCancelledError) return cancelled;
  if (cause instanceof JobTimeoutError) return failed(cause, { retry: true });
  return released(0);
}
