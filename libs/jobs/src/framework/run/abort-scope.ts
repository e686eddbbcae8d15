import { JobCancelledError, JobTimeoutError, WorkerStoppingError } from '../errors.js';

/** Why a worker aborts a run from outside: the `reason` of the signal given to the runner. */
export const STOP_REASONS = { cancelled: 'cancelled', lost: 'lost', stopping: 'stopping' } as const;

export type StopCause = JobTimeoutError | JobCancelledError | WorkerStoppingError;

/** Node's timers fire at once above this. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** What `cleanUp` has when the worker stops, as a part of what the handler has: the job is still to be handed back after it. */
const CLEAN_UP_PART = 1 / 4;

export interface AbortScopeOptions {
  /** Milliseconds a handler has to return after its signal was aborted for a timeout or a cancel. */
  graceMs: number;
  /** The same when the worker stops. */
  stopGraceMs: number;
  /** Told once, when the grace is over and the handler has still not returned. */
  onIgnored(cause: StopCause): void;
}

/**
 * What may end a run, from its first check to the end of `cleanUp`: the outer signal, and the timeout once
 * {@link startTimeout} was called. Its own signal fires at the first of them, and then the grace is measured. After a timeout or a stop of the worker
 * the handler is given up when the grace is over. After a cancel it keeps its slot until it returns, because the work is
 * still going on; only the timeout ends that wait.
 */
export class AbortScope {
  /** Resolves when the handler is given up. */
  readonly abandoned: Promise<void>;
  private giveUp!: () => void;
  private readonly controller = new AbortController();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly outer: AbortSignal,
    private readonly options: AbortScopeOptions,
  ) {
    this.abandoned = new Promise((resolve) => (this.giveUp = resolve));
    this.onOuterAbort(() => this.stop(stopCause(outer.reason)));
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

  /** The handler's own time begins: from now on the run may take this many milliseconds. */
  startTimeout(ms: number): void {
    this.after(Math.min(ms, MAX_TIMEOUT_MS), () => this.onTimeout(ms));
  }

  /** Resolves when what comes after the handler is no longer waited for: after `ms`, or soon when the worker stops. */
  patience(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
      this.onOuterAbort(() => {
        if (!isStopping(this.outer.reason)) return;
        this.after(this.options.stopGraceMs * CLEAN_UP_PART, resolve);
      });
    });
  }

  /** Clears timers and listeners. */
  dispose(): void {
    this.timers.forEach(clearTimeout);
    for (const listener of this.listeners) this.outer.removeEventListener('abort', listener);
  }

  private onTimeout(ms: number): void {
    if (this.signal.aborted) this.after(this.options.graceMs, this.giveUp);
    else this.stop(new JobTimeoutError(ms));
  }

  private stop(cause: StopCause): void {
    const { graceMs, stopGraceMs } = this.options;
    if (this.signal.aborted) {
      // It was to stop already; a worker that stops has less patience.
      if (cause instanceof WorkerStoppingError) this.after(stopGraceMs, this.giveUp);
      return;
    }
    this.controller.abort(cause);
    this.after(cause instanceof WorkerStoppingError ? stopGraceMs : graceMs, () => {
      this.options.onIgnored(cause);
      if (!(cause instanceof JobCancelledError)) this.giveUp();
    });
  }

  /** Calls a listener when the outer signal fires, at once when it has fired. */
  private onOuterAbort(listener: () => void): void {
    if (this.outer.aborted) return listener();
    this.listeners.push(listener);
    this.outer.addEventListener('abort', listener, { once: true });
  }

  private after(ms: number, action: () => void): void {
    this.timers.push(setTimeout(action, ms));
  }
}

const isStopping = (reason: unknown): boolean => reason === STOP_REASONS.stopping;

function stopCause(reason: unknown): JobCancelledError | WorkerStoppingError {
  if (isStopping(reason)) return new WorkerStoppingError();
  const lost = reason === STOP_REASONS.lost;
  return new JobCancelledError(
    lost ? 'the job was cancelled, or its lease was lost' : 'the job was cancelled',
  );
}
