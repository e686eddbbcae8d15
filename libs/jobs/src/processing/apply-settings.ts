import { BACKOFF_OF_TYPE, TYPE_DEFAULTS, type LeavingToType, type TypeSettings } from '#libs/contracts';
import type { BackoffStrategy, Job, JobsOptions } from 'bullmq';
import type { HandlerRegistry } from '../framework/index.js';

/** Attempts whose stacks are kept with a job, the newest, unless it says otherwise. */
const KEPT_STACKS = 10;

/** Gives a claimed job what its type says, where the job itself does not: attempts and the wait between them. */
export function applySettings(job: Job, settings: TypeSettings): void {
  const { attempts, backoff, stackTraceLimit, leftToType = [] } = job.opts as JobsOptions & LeavingToType;
  const ofType = { type: BACKOFF_OF_TYPE };
  // Options may be one object for many jobs.
  job.opts = {
    ...job.opts,
    attempts: attempts && attempts > 0 && !leftToType.includes('attempts') ? attempts : settings.attempts,
    backoff: leftToType.includes('backoff') ? ofType : (backoff ?? ofType),
    stackTraceLimit: stackTraceLimit ?? KEPT_STACKS,
  };
}

/** Makes the next attempt of a claimed job come when its handler said, whatever its backoff is. */
export function retryAfter(job: Job, afterMs: number, settings: TypeSettings = TYPE_DEFAULTS): void {
  job.opts = { ...job.opts, backoff: { type: 'fixed', delay: laterOf(settings.backoff, afterMs) } };
}

/** @returns milliseconds before the next attempt where the handler asked for `afterMs`: never fewer, unless `max` is. */
export function laterOf(
  { max, jitter }: TypeSettings['backoff'],
  afterMs: number,
  random: () => number = Math.random,
): number {
  return Math.round(Math.min(max, afterMs) * (1 + jitter * random()));
}

/** The wait before another attempt as BullMQ asks for it; a name it does not know means the type's. */
export function backoffStrategy(
  registry: HandlerRegistry,
  random: () => number = Math.random,
): BackoffStrategy {
  return (attemptsMade, _name, _error, job) => {
    const type = job && registry.find(job.name);
    return type ? backoffOf(type.settings.backoff, attemptsMade, random) : 0;
  };
}

/** @returns milliseconds before the attempt that follows `attemptsMade` failed ones */
export function backoffOf(
  { base, factor, max, jitter }: TypeSettings['backoff'],
  attemptsMade: number,
  random: () => number = Math.random,
): number {
  const whole = Math.min(max, base * factor ** (attemptsMade - 1));
  return Math.round(whole * (1 - jitter * random()));
}
