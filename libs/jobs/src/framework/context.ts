import { InvalidProgressError } from './errors.js';

const MAX_LOG_LENGTH = 8192;

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

/** Progress of a job: 0 to 100, or an object of the handler's own. */
export type Progress = number | object;

/** What a handler knows about its job, and how it reports. */
export interface JobContext {
  readonly job: JobInfo;
  /**
   * Aborted when the work should stop. Its reason says why: `JobTimeoutError`, `JobCancelledError`
   * or `WorkerStoppingError`.
   */
  readonly signal: AbortSignal;
  /** Adds a line to the job's log, cut at 8192 characters. Never rejects: a line that cannot be kept is not a failed job. */
  log(text: string): Promise<void>;
  /**
   * Sets the job's progress; numbers are brought into 0 to 100. Does not reject when it cannot be kept.
   *
   * @throws {InvalidProgressError} for NaN and infinite numbers.
   */
  progress(value: Progress): Promise<void>;
}

/** Where a run's reports go; provided by whoever claimed the job. */
export interface JobReports {
  log(text: string): Promise<void>;
  progress(value: Progress): Promise<void>;
}

/**
 * The {@link JobContext} of one run.
 *
 * Reports go out in order and are all sent before the job ends; after `close()` they are dropped,
 * so that a handler that outlives its job cannot write into the next run of it.
 */
export class RunContext implements JobContext {
  private open = true;
  private readonly pending = new Set<Promise<void>>();

  constructor(
    readonly job: JobInfo,
    readonly signal: AbortSignal,
    private readonly reports: JobReports,
    private readonly onReportLost: (error: unknown) => void,
  ) {}

  // Properties, not methods: handlers take them out of the context (`{ log, progress }`).
  readonly log = (text: string): Promise<void> =>
    this.report(() => this.reports.log(String(text).slice(0, MAX_LOG_LENGTH)));

  readonly progress = async (value: Progress): Promise<void> => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new InvalidProgressError(value);
    const sent = typeof value === 'number' ? Math.min(100, Math.max(0, value)) : value;
    await this.report(() => this.reports.progress(sent));
  };

  /** Resolves when every report made so far is kept or lost. */
  async flush(): Promise<void> {
    await Promise.all(this.pending);
  }

  close(): void {
    this.open = false;
  }

  private async report(send: () => Promise<void>): Promise<void> {
    if (!this.open) return;
    const sent = (async () => send())().catch(this.onReportLost);
    this.pending.add(sent);
    await sent;
    this.pending.delete(sent);
  }
}
