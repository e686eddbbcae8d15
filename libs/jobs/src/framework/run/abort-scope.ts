import { JobCancelledError, JobTimeoutError, WorkerStoppingError } from '../errors.js';

/** Why a worker aborts a run from outside: the `reason` of the signal given to the runner. */
export const STOP_REASONS = { cancelled: 'cancelled', lost: 'lost', stopping: 'stopping' } as const;

export type StopCause = JobTimeoutError | JobCancelledError | WorkerStoppingError;

export interface AbortScopeOptions {
  /** Milliseconds the run may take. */
  timeoutMs: number;
  /** Milliseconds a handler has to return after its signal was aborted for a timeout or a cancel. */
  graceMs: number;
  /** The same when the worker stops. */
  stopGraceMs: number;
  /** Told once, when the grace is over and the handler has still not returned. */
  onIgnored(cause: StopCause): void;
}

/**
 * One run's abort signal: fires at the timeout or when the outer signal does, and then measures the
 * grace. After a timeout or a stop of the worker the handler is given up when the grace is over.
 * After a cancel it keeps its slot until it returns, because the work is still going on; only the
 * timeout ends that wait.
 */
export class AbortScope {
  /** Resolves when the handler is given up. */
  readonly abandoned: Promise<void>;
  private giveUp!: () => void;
  private readonly controller = new AbortController();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly onOuterAbort = () => this.stop(stopCause(this.outer.reason));

  constructor(
    private readonly outer: AbortSignal,
    private readonly options: AbortScopeOptions,
  ) {
    this.abandoned = new Promise((resolve) => (this.giveUp = resolve));
    this.after(options.timeoutMs, () => this.onTimeout());
    if (outer.aborted) this.onOuterAbort();
    else outer.addEventListener('abort', this.onOuterAbort, { once: true });
  }

  /** The handler's signal. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Why the run is to stop; `undefined` while it may go on. A cancel outranks a timeout that came before it. */
  get cause(): StopCause | undefined {
    const outer = this.outer.aborted ? stopCause(this.outer.reason) : undefined;
    if (outer instanceof JobCancelledError) return outer;
    return this.signal.aborted ? (this.signal.reason as StopCause) : undefined;
  }

  /** Clears timers and listeners. */
  dispose(): void {
    this.timers.forEach(clearTimeout);
    this.outer.removeEventListener('abort', this.onOuterAbort);
  }

  private onTimeout(): void {
    if (this.signal.aborted) this.after(this.options.graceMs, this.giveUp);
    else this.stop(new JobTimeoutError(this.options.timeoutMs));
  }

  private stop(cause: StopCause): void {
    if (this.signal.aborted) return;
    this.controller.abort(cause);
    const { graceMs, stopGraceMs } = this.options;
    this.after(cause instanceof WorkerStoppingError ? stopGraceMs : graceMs, () => {
      this.options.onIgnored(cause);
      if (!(cause instanceof JobCancelledError)) this.giveUp();
    });
  }

  private after(ms: number, action: () => void): void {
    this.timers.push(setTimeout(action, ms));
  }
}

function stopCause(reason: unknown): JobCancelledError | WorkerStoppingError {
  if (reason === STOP_REASONS.stopping) return new WorkerStoppingError();
  const lost = reason === STOP_REASONS.lost;
  return new JobCancelledError(
    lost ? 'the job was cancelled, or its lease was lost' : 'the job was cancelled',
  );
}
