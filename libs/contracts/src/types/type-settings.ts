import { z } from 'zod';
import { PRIORITIES, type PriorityName } from '../priority.js';
import { REST_LIMITS } from '../rest/limits.js';
import { duration } from './duration.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const count = (max: number) => z.number().int().min(1).max(max);
const priorityNames = Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]];

/** Name of a backoff that means: as the job's type says. Drover's workers know it. */
export const BACKOFF_OF_TYPE = 'drover';

/** What a job may leave to its type though it has a value of its own, for workers that know no types. */
export type LeftToType = 'attempts' | 'backoff';

/** Option of a job that lists what it leaves to its type. */
export interface LeavingToType {
  leftToType?: readonly LeftToType[];
}

/** What a type's jobs do where neither code nor environment nor anybody at run time says otherwise. Times are ms. */
export const TYPE_DEFAULTS = {
  enabled: true,
  priority: 'normal',
  attempts: 3,
  backoff: { base: 2000, factor: 2, max: HOUR, jitter: 0.2 },
  timeout: 5 * 60_000,
  concurrency: { perProcess: null, global: null },
  deadLetters: true,
  cache: null,
  retention: { completed: null, failed: null, dead: 14 * DAY },
} as const satisfies TypeSettings;

const backoffSchema = z.strictObject({
  /** Wait before the second attempt. */
  base: duration(0, 30 * DAY),
  /** What each wait is multiplied by to give the next. */
  factor: z.number().min(1).max(100),
  /** Longest wait. */
  max: duration(0, 30 * DAY),
  /** Part of the wait that is random, 0 to 1: 0.2 takes off up to a fifth, so that jobs that failed together are not retried together. */
  jitter: z.number().min(0).max(1),
});

const concurrencySchema = z.strictObject({
  /** Runs at once in one worker process; null = as many as the worker has places. */
  perProcess: count(10_000).nullable(),
  /** Runs at once over all workers; null = no limit. */
  global: count(1_000_000).nullable(),
});

const retentionSchema = z.strictObject({
  /** How long a completed job is kept; null = `JOB_TTL_SECONDS`. */
  completed: duration(1000, 10 * YEAR).nullable(),
  /** The same for a failed one that is no dead letter. */
  failed: duration(1000, 10 * YEAR).nullable(),
  /** How long a dead letter is kept. */
  dead: duration(1000, 10 * YEAR),
});

/** Every setting of a job type that can be changed without changing its code. */
export const typeSettingsSchema = z.strictObject({
  /** A type that is not enabled is not run: its jobs wait until it is. */
  enabled: z.boolean(),
  /** Priority of jobs added without one. */
  priority: z.enum(priorityNames),
  /** How often a job is tried in all, where the job does not say. */
  attempts: count(REST_LIMITS.attempts),
  backoff: backoffSchema,
  /** How long a run may take, where the job does not say. */
  timeout: duration(1, REST_LIMITS.timeoutMs),
  concurrency: concurrencySchema,
  /** Whether a job that is out of attempts is kept as a dead letter. */
  deadLetters: z.boolean(),
  /** How long a result is given again to a job with the same payload; null = never. */
  cache: duration(1, YEAR).nullable(),
  retention: retentionSchema,
});

/** The settings of a type, all set, times in milliseconds. */
export type TypeSettings = z.output<typeof typeSettingsSchema>;

/** The settings that are groups of others, each with the names in it. */
export const SETTING_GROUPS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(typeSettingsSchema.shape).flatMap(([name, schema]) =>
    schema instanceof z.ZodObject ? [[name, Object.keys(schema.shape)]] : [],
  ),
);

/** Some of the settings, as people write them: in code, in the environment, at run time. */
export const typeOverridesSchema = z
  .strictObject({
    ...typeSettingsSchema.shape,
    backoff: backoffSchema.partial(),
    concurrency: concurrencySchema.partial(),
    retention: retentionSchema.partial(),
  })
  .partial();

export type TypeOverrides = z.output<typeof typeOverridesSchema>;
export type TypeOverridesInput = z.input<typeof typeOverridesSchema>;

/** `base` with what `overrides` sets; groups (backoff, concurrency, retention) are merged field by field. */
export function withOverrides(base: TypeSettings, overrides: TypeOverrides): TypeSettings {
  const given = <T extends object>(values: T): Partial<T> =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
  return {
    ...base,
    ...given(overrides),
    backoff: { ...base.backoff, ...given(overrides.backoff ?? {}) },
    concurrency: { ...base.concurrency, ...given(overrides.concurrency ?? {}) },
    retention: { ...base.retention, ...given(overrides.retention ?? {}) },
  };
}
