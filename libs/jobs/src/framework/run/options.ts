/** What a runner can be told. Times are milliseconds. */
export interface JobRunnerOptions {
  /** Time a handler has to return once its signal is aborted for a timeout or a cancel, and `cleanUp` in any case. Default: 5,000. */
  graceMs?: number;
  /** The same when the worker stops, before the job is handed back. Default: 2,000. */
  stopGraceMs?: number;
  /** Time after which a job without a handler fails for good. Default: 3,600,000. */
  giveUpMs?: number;
}

export const RUNNER_DEFAULTS = {
  graceMs: 5_000,
  stopGraceMs: 2_000,
  giveUpMs: 3_600_000,
} satisfies JobRunnerOptions;
