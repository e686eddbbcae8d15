import type { JobStatus } from './job-status.js';
import type { PriorityName } from './priority.js';

/** Where a job stands in the store; finer than {@link JobStatus}. `cancelled` jobs are `failed` to BullMQ. */
export type JobState =
  | 'waiting'
  | 'prioritized'
  | 'delayed'
  | 'waiting-children'
  | 'active'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** A job as people and other programs read it (REST, Socket.IO, dashboard). Times are ISO 8601, UTC. */
export interface JobView {
  id: string;
  type: string;
  status: JobStatus;
  state: JobState;
  /** Contract priority: 0 low, 1 normal, 2 high, 3 above high. */
  priority: number;
  priorityName: PriorityName;
  /** What the handler gets: `payload`, or the whole document of a legacy job. */
  payload: unknown;
  result?: unknown;
  error?: string;
  /** Why it failed for good, for programs: the code of the error, `ERROR`, `STALLED`, `CHILD_FAILED`, `UNREADABLE_DOCUMENT`. */
  errorCode?: string;
  /** Id of the job whose result it was given instead of running. */
  cachedFrom?: string;
  stacktrace?: string[];
  /** 0..100, or what the handler reported. */
  progress: number | object | string | boolean;
  attempts: { made: number; started: number; max: number };
  createdAt: string;
  startedAt?: string;
  finishedAt?: string;
  /** When a delayed job becomes ready. */
  delayedUntil?: string;
  /** 1 = next. Only for a pending job that stands in the queue. */
  position?: number;
  /** Milliseconds a run may take; absent = the worker's default. */
  timeout?: number;
  /** Id of the batch it belongs to. */
  batch?: string;
  /** Id of the task that it was started from. */
  task?: string;
  /** Name of the worker that ran it last, if it was ours. */
  worker?: string;
  /** True when a Go service added it (its document has no `payload`). */
  legacy: boolean;
  /** Name of the caller of the API that created it. */
  creator?: string;
  /** Words that its creator gave it. */
  tags?: string[];
  /** Id of the job it is a copy of. */
  replayOf?: string;
}

/** A job that failed for good, kept so that somebody can look at it and run it again. */
export interface DeadLetter extends JobView {
  /** When it ends by itself; absent = not before somebody removes it, or the parent that waits for it goes on. */
  keptUntil?: string;
}
