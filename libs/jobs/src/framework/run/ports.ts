import type { CachedResult } from './outcome.js';

/** Remembers since when a job has been going round without a handler, across workers and restarts. */
export interface UnhandledJobs {
  /** Unix ms of the first call for this job; kept for at least `keepMs` after that. */
  firstSeen(jobId: string, keepMs: number): Promise<number>;
  /** Starts anew for this job, which has been given up: a retry waits as long again. */
  forget(jobId: string): Promise<void>;
}

/** Which types live workers run, anywhere. */
export interface LiveTypes {
  /** Names of all types that some live worker of the queue runs. */
  names(): Promise<readonly string[]>;
}

/** Results by input. */
export interface ResultCache {
  /** `key` stands for type, version and payload. */
  find(key: string): Promise<CachedResult | undefined>;
  keep(key: string, entry: CachedResult, ttlMs: number): Promise<void>;
}

/** Which run of each schedule is the current one. */
export interface ScheduledRuns {
  /**
   * Makes a job the current run of its schedule, unless the one before has not ended.
   *
   * @returns the id of the run that has not ended; `undefined` when this one may go on.
   */
  admit(scheduleId: string, jobId: string): Promise<string | undefined>;
}

/** What the runner needs of the world around it. */
export interface RunnerPorts {
  readonly unhandled: UnhandledJobs;
  readonly live: LiveTypes;
  readonly cache: ResultCache;
  readonly scheduled: ScheduledRuns;
}
