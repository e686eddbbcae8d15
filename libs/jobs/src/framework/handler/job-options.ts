import type { InjectionToken } from '@nestjs/common';
import type { Duration, PriorityName } from '#libs/contracts';
import type { z } from 'zod';

/** When jobs of a type are added by themselves. */
export type ScheduleOptions = (
  | {
      /** Time from one run to the next. */
      readonly every: Duration;
    }
  | {
      /** Cron expression of five fields, or six with seconds first. */
      readonly cron: string;
      /** IANA time zone the expression is meant in. Default: `UTC`. */
      readonly timeZone?: string;
    }
) & {
  /**
   * What happens to a run that falls due while the one before still waits or runs: `skip` leaves it
   * out, `queue` lets it wait. Default: `skip`.
   */
  readonly overlap?: 'skip' | 'queue';
  /** What each run gets. Default: `{}`. */
  readonly payload?: unknown;
};

/**
 * What is known of a job type besides its code. Times are milliseconds, or texts like `'30s'`,
 * `'5m'`, `'1h'`. Those in the second half can be changed without a new version, by environment and
 * at run time.
 */
export interface JobHandlerOptions {
  /** Name producers use. 1 to 200 characters, unique among the handlers of a worker. */
  readonly type: string;
  /** Name for people. Default: the type. */
  readonly name?: string;
  /** One line for people. Default: none. */
  readonly description?: string;
  /** Version of the handler, shown where types are listed. Default: `1.0.0`. */
  readonly version?: string;
  /** Queue the type's jobs go to where nobody says which; `QUEUE_ROUTES` beats it. Default: that of whoever adds. */
  readonly queue?: string;
  /** Schema of the payload, applied before `run`. A payload that does not fit fails the job for good. Default: anything goes. */
  readonly payload?: z.ZodType;
  /** Schema of the result. One that does not fit fails the job for good. Default: any JSON. */
  readonly result?: z.ZodType;
  /** Payloads that fit the schema, for documentation, forms and tests. Checked at the start of a worker. Default: none. */
  readonly examples?: readonly JobExample[];
  /** Default: jobs run only when somebody adds them. */
  readonly schedule?: ScheduleOptions;
  /** Gives `runBatch` up to `size` jobs at once, waiting for them up to `maxWait` (default 100 ms). Default: one job at a time. */
  readonly batch?: { readonly size: number; readonly maxWait?: Duration };
  /** What must be there before the type can run. Default: nothing. */
  readonly requires?: {
    /** Environment variables that must be set, or the worker does not start. */
    readonly environment?: readonly string[];
    /**
     * Providers that must exist, or the worker does not start. One with a method `isReady()` is
     * asked before each run; while it says no, jobs are handed back and wait.
     */
    readonly services?: readonly InjectionToken[];
  };
  /** Types this one adds jobs of. While no live worker runs one of them, jobs are handed back and wait. Default: none. */
  readonly dependsOn?: readonly string[];
  /**
   * Whether running a job twice does no harm. A run that was interrupted (its worker died) is
   * repeated when it does; otherwise the job becomes a dead letter, for a person to decide. Default: true.
   */
  readonly idempotent?: boolean;

  /** False: jobs of the type wait. Default: true. */
  readonly enabled?: boolean;
  /** Priority of jobs added without one. Default: `normal`. */
  readonly priority?: PriorityName;
  /** How often a job is tried in all; a job's own `attempts` win. Default: 3. */
  readonly attempts?: number;
  /**
   * Wait before another attempt: `base` before the second, each `factor` times the one before, at
   * most `max`; up to `jitter` of it (0 to 1) is taken off at random. A job's own `backoff` wins.
   * Default: 2 s, 2, 1 h, 0.2.
   */
  readonly backoff?: {
    readonly base?: Duration;
    readonly factor?: number;
    readonly max?: Duration;
    readonly jitter?: number;
  };
  /** How long a run may take; a job's own `timeout` wins. Default: the worker's (5 minutes). */
  readonly timeout?: Duration;
  /** Runs at once: in one worker process (also as a plain number), and over all of them. Default: no limit of its own. */
  readonly concurrency?: number | { readonly perProcess?: number; readonly global?: number };
  /** Whether a job that failed for good is kept as a dead letter. Default: true. */
  readonly deadLetters?: boolean;
  /** How long a result is given again to a job of the same type, version and payload, without running it. Default: never. */
  readonly cache?: Duration;
  /** How long finished jobs are kept. Default: `JOB_TTL_SECONDS`, dead letters 14 days. */
  readonly retention?: {
    readonly completed?: Duration;
    readonly failed?: Duration;
    readonly dead?: Duration;
  };
}

/** A payload worth showing. */
export interface JobExample {
  readonly title: string;
  readonly payload: unknown;
}
