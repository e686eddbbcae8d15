import { AbortScope, type StopCause } from './abort-scope.js';
import { RunContext, type JobInfo, type JobReports } from './context.js';
import {
  JobCancelledError,
  JobTimeoutError,
  NoHandlerError,
  PayloadMismatchError,
  PermanentJobError,
  WorkerStoppingError,
} from './errors.js';
import { cancelled, completed, failed, released, type Outcome } from './outcome.js';
import type { HandlerRegistry, RegisteredHandler } from './registry.js';

/** A claimed job, as the runner needs it. */
export interface RunnableJob {
  readonly info: JobInfo;
  readonly payload: unknown;
  /** The job's own timeout in ms; anything but a number above 0 counts as none. */
  readonly timeoutMs?: unknown;
  readonly reports: JobReports;
}

/** Remembers since when a job has been going round without a handler, across workers and restarts. */
export interface UnhandledJobs {
  /** Unix ms of the first call for this job; kept for at least `keepMs` after that. */
  firstSeen(jobId: string, keepMs: number): Promise<number>;
  /** Starts anew for this job, which has been given up: a retry waits as long again. */
  forget(jobId: string): Promise<void>;
}

export interface JobRunnerOptions {
  /** Milliseconds a run may take when neither job nor type says otherwise. Default: 300,000. */
  defaultTimeoutMs?: number;
  /** Milliseconds a handler has to return once its signal is aborted for a timeout or a cancel. Default: 5,000. */
  graceMs?: number;
  /** The same when the worker stops, before the job is handed back. Default: 2,000. */
  stopGraceMs?: number;
  /** Milliseconds after which a job without a handler fails for good. Default: 3,600,000. */
  giveUpMs?: number;
}

export interface RunnerLogger {
  warn(message: string): void;
}

const DEFAULTS = {
  defaultTimeoutMs: 300_000,
  graceMs: 5_000,
  stopGraceMs: 2_000,
  giveUpMs: 3_600_000,
} satisfies JobRunnerOptions;
const MIN_HAND_BACK_MS = 1_000;
const MAX_HAND_BACK_MS = 60_000;
/** Node's timers fire at once above this. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

type Settled = { readonly result: unknown } | { readonly error: unknown };

/** What the steps of one run hand on to each other. */
interface Run {
  readonly job: RunnableJob;
  readonly outer: AbortSignal;
  handler?: RegisteredHandler;
  payload?: unknown;
}

/** One step of a run: an outcome ends the run, nothing lets it go on. */
type Step = (run: Run) => Promise<Outcome | undefined>;

/** Runs claimed jobs: a list of named steps, the first of which that knows the outcome ends the run. */
export class JobRunner {
  private readonly options: Required<JobRunnerOptions>;
  private readonly steps: readonly Step[] = [
    (run) => this.resolve(run),
    (run) => this.validate(run),
    (run) => this.perform(run),
  ];

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly unhandled: UnhandledJobs,
    private readonly logger: RunnerLogger,
    options: JobRunnerOptions = {},
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  /**
   * Runs one job.
   *
   * @param outer fires when the job is to stop, with one of `STOP_REASONS` as its reason.
   * @returns how it ended. Rejects only for a bug in the runner itself.
   */
  async run(job: RunnableJob, outer: AbortSignal): Promise<Outcome> {
    const run: Run = { job, outer };
    for (const step of this.steps) {
      const outcome = await step(run);
      if (outcome) return outcome;
    }
    throw new Error('the last step of a run must know its outcome');
  }

  /** Finds the handler; without one the job goes back for another worker, and in the end fails. */
  private async resolve(run: Run): Promise<Outcome | undefined> {
    const { id, type } = run.job.info;
    run.handler = this.registry.find(type);
    if (run.handler) return undefined;
    const waitedMs = await this.waitedWithoutHandler(id);
    if (waitedMs >= this.options.giveUpMs) {
      await this.unhandled.forget(id).catch(() => undefined);
      return failed(new NoHandlerError(type, waitedMs, this.registry.types()), { retry: false });
    }
    // As long again as it has waited already: doubles from one hand-back to the next.
    return released(Math.min(MAX_HAND_BACK_MS, Math.max(MIN_HAND_BACK_MS, waitedMs)));
  }

  private async waitedWithoutHandler(id: string): Promise<number> {
    try {
      return Date.now() - (await this.unhandled.firstSeen(id, 2 * this.options.giveUpMs));
    } catch (error) {
      this.logger.warn(
        `cannot tell how long job ${id} has been without a handler: ${toError(error).message}`,
      );
      return 0;
    }
  }

  /** Checks the payload; one that does not fit now will not fit in a later attempt either. */
  private async validate(run: Run): Promise<Outcome | undefined> {
    const schema = run.handler?.payload;
    run.payload = run.job.payload;
    if (!schema) return undefined;
    const parsed = await schema.safeParseAsync(run.job.payload);
    if (!parsed.success) {
      const problems = parsed.error.issues.map(({ path, message }) =>
        [path.join('.'), message].filter(Boolean).join(': '),
      );
      return failed(new PayloadMismatchError(run.job.info.type, problems), { retry: false });
    }
    run.payload = parsed.data;
    return undefined;
  }

  /** Runs the handler within its timeout and under its signal. */
  private async perform({ job, outer, handler, payload }: Run): Promise<Outcome> {
    if (!handler) throw new Error('perform comes after resolve');
    const scope = new AbortScope(outer, {
      timeoutMs: this.timeoutOf(job, handler),
      graceMs: this.options.graceMs,
      stopGraceMs: this.options.stopGraceMs,
      onIgnored: (cause) => this.logger.warn(ignoredMessage(job.info, cause)),
    });
    const context = new RunContext(job.info, scope.signal, job.reports, (error) =>
      this.logger.warn(`a report of job ${job.info.id} was lost: ${toError(error).message}`),
    );
    try {
      if (scope.cause) return conclude(undefined, scope.cause);
      const settling = settle(() => handler.handler.run(payload, context));
      const settled = await Promise.race([settling, scope.abandoned]);
      if (!settled) void settling.then(() => this.logger.warn(`late end of job ${job.info.id} dropped`));
      // Reports that cannot be delivered while Redis is away must not outlive a job that is to stop.
      if (settled) await Promise.race([context.flush(), aborted(scope.signal)]);
      return conclude(settled ?? undefined, scope.cause);
    } finally {
      context.close();
      scope.dispose();
    }
  }

  private timeoutOf(job: RunnableJob, handler: RegisteredHandler): number {
    const own = typeof job.timeoutMs === 'number' && job.timeoutMs > 0 ? job.timeoutMs : undefined;
    return Math.min(MAX_TIMEOUT_MS, own ?? handler.timeout ?? this.options.defaultTimeoutMs);
  }
}

async function settle(work: () => unknown): Promise<Settled> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error };
  }
}

/** What a run comes to. `settled` is absent when the handler was never started, or given up. */
function conclude(settled: Settled | undefined, cause: StopCause | undefined): Outcome {
  if (cause instanceof JobCancelledError) return cancelled;
  if (cause instanceof JobTimeoutError) return failed(cause, { retry: true });
  if (settled && 'result' in settled) return completed(settled.result);
  if (cause instanceof WorkerStoppingError || !settled) return released(0);
  const error = toError(settled.error);
  return failed(error, { retry: !(error instanceof PermanentJobError) });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function ignoredMessage({ id, type }: JobInfo, cause: StopCause): string {
  const what = `the handler of job ${id} (${type}) ignores its signal`;
  if (cause instanceof JobCancelledError)
    return `${what} after a cancel: it keeps its slot until it returns, its result is dropped`;
  if (cause instanceof JobTimeoutError)
    return `${what} after the timeout of ${cause.timeoutMs} ms: the job fails, the handler goes on unobserved`;
  return `${what} while the worker stops: the job is handed back`;
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`handler threw ${String(thrown)}`);
}
