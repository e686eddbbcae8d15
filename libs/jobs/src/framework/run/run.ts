import type { AbortScope } from './abort-scope.js';
import type { JobInfo } from '../handler/context.js';
import type { JobType } from '../handler/job-type.js';
import type { Outcome } from './outcome.js';
import type { RunServices } from './run-context.js';

/** A claimed job, as the runner needs it. */
export interface RunnableJob {
  readonly info: JobInfo;
  readonly payload: unknown;
  /** The job's own timeout in ms; anything but a number above 0 counts as none. */
  readonly timeoutMs?: unknown;
  /** Whether an earlier run of it was interrupted: its worker died, or was cut off. Default: false. */
  readonly interrupted?: boolean;
  /** Whether some worker has had it before, if only to hand it back. Default: false. */
  readonly startedBefore?: boolean;
  /** The schedule it is a run of. Default: none. */
  readonly scheduleId?: string | undefined;
  readonly services: RunServices;
}

/** What the steps of one run hand on to each other. */
export interface Run {
  readonly job: RunnableJob;
  /** What may end it: the signal of whoever claimed the job, and the timeout. */
  readonly scope: AbortScope;
  /** Set by `resolve`. */
  type?: JobType;
  /** Set by `checkPayload`: what the schema made of it. */
  payload?: unknown;
  /** Set when the handler's `prepare` or `run` was called: before that, nothing has been done. */
  begun?: boolean;
}

/** A run whose type is known. */
export type ResolvedRun = Run & { type: JobType };

/** One step of a run: an outcome ends the run, nothing lets it go on. */
export type Step<R extends Run = Run> = (run: R) => Promise<Outcome | undefined>;

export interface RunnerLogger {
  warn(message: string): void;
}
