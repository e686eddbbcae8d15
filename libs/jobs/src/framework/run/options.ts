/** What a runner can be told. Times are milliseconds. */
export interface JobRunnerOptions {
  /**
   * Time a handler has to return once its signal is aborted for a timeout or a cancel; also what `cleanUp`,
   * `isRetryable` and `onDeadLetter` have in any case. Default: 5,000.
   */
  graceMs?: number;
  /** Time a handler has when the worker stops, before the job is handed back; `cleanUp` has a quarter of it besides. Default: 2,000. */
  stopGraceMs?: number;
  /** Time for all that is looked at before the handler's own time begins, and for a look into the cache. Default: 10,000. */
  checkMs?: number;
  /** Shortest time from one value of a run's progress that is sent to the next; the newest always is. Default: 100. */
  progressEveryMs?: number;
  /** Time after which a job without a handler fails for good. Default: 3,600,000. */
  giveUpMs?: number;
}

export const RUNNER_DEFAULTS = {
  graceMs: 5_000,
  stopGraceMs: 2_000,
  checkMs: 10_000,
  progressEveryMs: 100,
  giveUpMs: 3_600_000,
} satisfies JobRunnerOptions;
