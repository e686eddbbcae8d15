import type { CachedResult } from './outcome.js';

/** Remembers since when a job has been going round in search of a worker that can run it, across workers and restarts. */
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
  /** Unix ms when a live worker last had the type; `undefined` when none is known to have had it. */
  lastSeen(type: string): Promise<number | undefined>;
  /** Whether some other live worker runs a version of the type that takes this payload, as far as its JSON Schema says. */
  fitsElsewhere(type: string, payload: unknown): Promise<boolean>;
  /** Whether somebody runs the type, in whichever queue its jobs go to. */
  isRun(type: string): Promise<boolean>;
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
  /** Jobs whose type no worker that claimed them has. */
  readonly unhandled: UnhandledJobs;
  /** Jobs whose payload fitted no worker's version of the type that claimed them. */
  readonly misfits: UnhandledJobs;
  readonly live: LiveTypes;
  readonly cache: ResultCache;
  readonly scheduled: ScheduledRuns;
}
