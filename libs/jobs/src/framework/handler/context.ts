import type { Duration, PriorityName } from '#libs/contracts';
import type {
  Artifact,
  ArtifactContent,
  ArtifactOptions,
  ArtifactSource,
  OpenArtifact,
} from '#libs/artifacts';

/** Facts about the job being run. */
export interface JobInfo {
  readonly id: string;
  readonly type: string;
  /** This attempt, counted from 1. */
  readonly attempt: number;
  /** Attempts it may have altogether, at least 1. */
  readonly maxAttempts: number;
  readonly createdAt: Date;
  /** True when a service that does not know job types added it; the payload is its whole document. */
  readonly legacy: boolean;
}

/** Progress of a job: 0 to 100, how much of a total is done, or an object of the handler's own. */
export type Progress =
  number | { readonly current: number; readonly total: number; readonly message?: string } | object;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Adds a line to the job's log. Never rejects: a line that cannot be kept is not a failed job. */
export type LogLine = (text: string) => Promise<void>;

/**
 * The job's log; called as a function, it writes at level `info`. Lines are cut at 8192 characters, and the newest 1000 are
 * kept. Of lines that nobody waits for at most 1000 wait to be sent; then the oldest give way.
 */
export type JobLog = LogLine & Readonly<Record<LogLevel, LogLine>>;

/** How a child is added. */
export interface ChildOptions {
  /**
   * Name of the child among those of this job. A job that is tried again and adds the same key
   * finds the child it added before. Default: the child's place in the order of calls.
   */
  readonly key?: string;
  /** Default: the type's. */
  readonly priority?: PriorityName;
  readonly attempts?: number;
  readonly delay?: Duration;
  /** Default: that of the type, as `QUEUE_ROUTES`, its handler or live workers say; else the worker's. */
  readonly queue?: string;
}

/** A job for {@link JobContext.flow}. */
export interface FlowChild extends ChildOptions {
  readonly type: string;
  readonly payload?: unknown;
  /** True: the parent goes on also when this child fails for good. Default: false, then the parent fails too. */
  readonly mayFail?: boolean;
}

/** What became of a child: its result, or why it failed. */
export type ChildOutcome =
  | { readonly id: string; readonly status: 'completed'; readonly result: unknown }
  | { readonly id: string; readonly status: 'failed'; readonly error: string };

/** Files a job leaves behind, and reads from other jobs. */
export interface JobArtifacts {
  /**
   * Keeps a file of this job, at once; one of the same name is replaced.
   *
   * @throws {InvalidArtifactNameError} {@link ArtifactTooLargeError}
   */
  put(name: string, content: ArtifactContent, options?: ArtifactOptions): Promise<Artifact>;
  /** Opens a file of this or another job, in the worker's queue unless `queue` says otherwise. @throws {ArtifactNotFoundError} */
  open(reference: ArtifactSource): Promise<OpenArtifact>;
}

/** What a handler knows about its job, and how it reports. */
export interface JobContext<State = unknown> {
  readonly job: JobInfo;
  /** That of {@link job}: this attempt, counted from 1. */
  readonly attempt: number;
  /**
   * Aborted when the work should stop. Its reason says why: `JobTimeoutError`, `JobCancelledError`
   * or `WorkerStoppingError`.
   */
  readonly signal: AbortSignal;
  readonly log: JobLog;
  /**
   * Sets the job's progress; numbers are brought into 0 to 100, and `{ current, total }` is kept with the
   * percentage it comes to. At most ten values a second are sent: where they come faster, the newest takes the place of those before.
   * Resolves when the value is kept, or has to wait. Does not reject when it cannot be kept.
   *
   * @throws {InvalidProgressError} for NaN, infinite numbers, a total that is not above 0, and what is neither number nor object.
   */
  progress(value: Progress): Promise<void>;
  /** What an earlier run of this job gave to {@link checkpoint} last; `undefined` in the first. */
  readonly state: State | undefined;
  /**
   * Keeps how far the work has come, for the next run of this job, should this one not end: after a
   * failure, a timeout, or the death of the worker. Resolves when it is stored.
   *
   * @param state any JSON, up to 256 KiB.
   * @throws {CheckpointTooLargeError} {@link CheckpointNotJsonError} {@link CheckpointNotKeptError} when it could not be stored, or
   *   when the job is no longer this run's.
   */
  checkpoint(state: State): Promise<void>;
  /**
   * Adds another job, and does not wait for it; a later run of this job finds it.
   *
   * @returns its id
   * @throws {ChildIdTakenError} when that belongs to a job of another type or parent.
   */
  enqueue(type: string, payload?: unknown, options?: ChildOptions): Promise<string>;
  /**
   * Adds jobs and waits for all of them without keeping a place in the worker: the run ends, and
   * once they have ended the job is run again, from its beginning, and this call gives their
   * outcomes in order. What comes before it is therefore done twice: keep it in a checkpoint, or make it
   * cheap. One call in a run; children of the same keys are never added twice.
   *
   * @throws {ChildIdTakenError} as {@link enqueue}.
   */
  flow(children: readonly FlowChild[]): Promise<readonly ChildOutcome[]>;
  readonly artifacts: JobArtifacts;
}

/** Where the reports of a run go; provided by whoever claimed the job. */
export interface JobReports {
  log(text: string): Promise<void>;
  progress(value: Progress): Promise<void>;
}
