import type { WorkerOptions } from 'bullmq';
import { InvalidOptionError } from '../errors/index.js';
import type { Scripts } from './scripts.js';

/** Settings in `<p>meta` that limit the queue, with what each must be. */
const QUEUE_LIMITS = { concurrency: checkCount, max: checkCount, duration: checkDuration } as const;

type LimitName = keyof typeof QUEUE_LIMITS;
export type LimitOptions = Partial<Pick<WorkerOptions, 'limiter' | 'metrics'>>;

/** Points that are kept at most: ten weeks of minutes, read in one call. */
const MAX_DATA_POINTS = 100_000;

function checkCount(value: unknown, what: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new InvalidOptionError(`${what} must be a whole number from 1, not ${String(value)}`);
  }
}

function checkDuration(value: unknown, what: string): void {
  if (typeof value !== 'number' || !(value > 0) || value > Number.MAX_SAFE_INTEGER) {
    throw new InvalidOptionError(`${what} must be milliseconds above 0, not ${String(value)}`);
  }
}

/** @throws {InvalidOptionError} naming the option of a worker that limits or measures by no usable number. */
export function checkWorkerLimits({ limiter, metrics }: LimitOptions): void {
  if (limiter) {
    checkCount(limiter.max, 'the worker option limiter.max');
    checkDuration(limiter.duration, 'the worker option limiter.duration');
  }
  const points: unknown = metrics ? metrics.maxDataPoints : 0;
  if (!Number.isInteger(points) || (points as number) < 0 || (points as number) > MAX_DATA_POINTS) {
    throw new InvalidOptionError(
      `the worker option metrics.maxDataPoints must be a whole number from 0 to ${MAX_DATA_POINTS}, not ${String(points)}`,
    );
  }
}

/** What a worker asks of the queue with every claim, as the scripts read it; '' when it asks for nothing. */
export function termsOf({ limiter, metrics }: LimitOptions): string {
  if (!limiter && !metrics) return '';
  return JSON.stringify({ max: limiter?.max, duration: limiter?.duration, points: metrics?.maxDataPoints });
}

export const isLimit = (field: string): field is LimitName => Object.hasOwn(QUEUE_LIMITS, field);

/** @throws {InvalidOptionError} naming the limit of the queue that is no usable number. */
export function checkQueueLimits(values: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(values)) {
    if (!isLimit(field)) continue;
    // As a script or another program may give it: text.
    QUEUE_LIMITS[field](
      typeof value === 'string' && value !== '' ? Number(value) : value,
      `the queue's ${field}`,
    );
  }
}

/** The queue's limits. They hold for every worker of Drover; legacy services pop past them. */
export class Limits {
  constructor(private readonly scripts: Scripts) {}

  /**
   * Lets no job start for `ms`, with or without a rate limit.
   *
   * @throws {InvalidOptionError} when `ms` is no number above 0.
   */
  async close(ms: number): Promise<void> {
    checkDuration(ms, 'the rate limit');
    await this.scripts.run('closeWindow', Math.ceil(ms));
  }

  /** Lets jobs start again. @returns 1, or 0 when nothing held them up. */
  open(): Promise<number> {
    return this.scripts.run<number>('openWindow');
  }

  /**
   * @param max starts that are allowed in a window; default the queue's own maximum.
   * @returns ms until a job may start, 0 below the maximum; where no maximum is known, -2 when no window is open.
   * @throws {InvalidOptionError} when `max` is no whole number from 1.
   */
  timeToLive(max?: number): Promise<number> {
    // BullMQ's users pass 0 for "not given" too.
    if (max) checkCount(max, 'the maximum of jobs');
    return this.scripts.run<number>('rateLimitTtl', max ?? 0);
  }

  /** Whether as many jobs run, legacy services' included, as the queue allows at once. */
  async isMaxed(): Promise<boolean> {
    return (await this.scripts.run<number>('isMaxed')) === 1;
  }

  /** Sets limits (and other settings) of the queue. @returns how many are new. */
  set(values: Record<string, string | number>): Promise<number> {
    checkQueueLimits(values);
    return this.scripts.run<number>('changeLimits', 'set', ...Object.entries(values).flat());
  }

  /**
   * Sets these limits and takes away those that are null, in one step.
   *
   * @throws {InvalidOptionError} for a limit that is no usable number; then nothing is changed.
   */
  async replace(values: Readonly<Record<LimitName, number | null>>): Promise<void> {
    const given = Object.entries(values);
    checkQueueLimits(Object.fromEntries(given.filter(([, value]) => value !== null)));
    await this.scripts.run(
      'changeLimits',
      'replace',
      ...given.flatMap(([name, value]) => [name, value ?? '']),
    );
  }

  /** Wakes another worker where one that took a wake-up claims nothing. */
  async passOn(): Promise<void> {
    await this.scripts.run('wake');
  }

  /** @returns how many there were. */
  unset(fields: readonly string[]): Promise<number> {
    return this.scripts.run<number>('changeLimits', 'unset', ...fields);
  }
}
