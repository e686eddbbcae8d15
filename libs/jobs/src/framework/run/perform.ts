import { problemsOf } from '#libs/contracts';
import {
  BatchBrokenOffError,
  BatchResultError,
  InterruptedRunError,
  JobCancelledError,
  JobTimeoutError,
  PermanentJobError,
  ResultMismatchError,
  ResultNotJsonError,
  WorkerStoppingError,
} from '../errors.js';
import type { JobInfo } from '../handler/context.js';
import { AbortScope, type StopCause } from './abort-scope.js';
import { Batches } from './batches.js';
import { cacheKey } from './cache-key.js';
import { cancelled, completed, failed, released, waiting, type Outcome } from './outcome.js';
import type { JobRunnerOptions } from './options.js';
import type { ResultCache } from './ports.js';
import type { ResolvedRun, RunnerLogger } from './run.js';
import { RunContext } from './run-context.js';
import { messageOf, toError } from './thrown.js';

/** Node's timers fire at once above this. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** How the handler's methods ended. `final`: trying again would end the same way. */
type Settled = { readonly result: unknown } | { readonly error: unknown; readonly final?: boolean };

/** The second half of a run: the handler's own methods, within their timeout and under their signal. */
export class Performer {
  private readonly batches = new Batches();

  constructor(
    private readonly cache: ResultCache,
    private readonly logger: RunnerLogger,
    private readonly options: Required<JobRunnerOptions>,
  ) {}

  async perform(run: ResolvedRun): Promise<Outcome> {
    const { job, outer } = run;
    const scope = new AbortScope(outer, {
      timeoutMs: timeoutOf(run),
      graceMs: this.options.graceMs,
      stopGraceMs: this.options.stopGraceMs,
      onIgnored: (cause) => this.logger.warn(ignoredMessage(job.info, cause)),
    });
    if (scope.cause) {
      scope.dispose();
      return stopped(scope.cause);
    }
    let context: RunContext | undefined;
    try {
      const opening = settle(() => this.open(run, scope.signal));
      const opened = await Promise.race([opening, scope.abandoned]);
      if (!opened) return stopped(scope.cause ?? new WorkerStoppingError());
      if ('error' in opened) return failed(toError(opened.error), { retry: true });
      context = opened.result as RunContext;
      const outcome = await this.work(run, context, scope);
      await this.cleanUp(run, context, outcome);
      return outcome;
    } finally {
      context?.close();
      scope.dispose();
    }
  }

  private async open({ job }: ResolvedRun, signal: AbortSignal): Promise<RunContext> {
    const state = await job.services.state();
    return new RunContext(job.info, signal, job.services, state, (error) =>
      this.logger.warn(`a report of job ${job.info.id} was lost: ${messageOf(error)}`),
    );
  }

  private async work(run: ResolvedRun, context: RunContext, scope: AbortScope): Promise<Outcome> {
    const settling = this.handle(run, context);
    const settled = await Promise.race([settling, scope.abandoned]);
    if (!settled) void settling.then(() => this.logger.warn(`late end of job ${run.job.info.id} dropped`));
    // Reports that cannot be delivered while Redis is away must not outlive a job that is to stop.
    if (settled) await Promise.race([context.flush(), aborted(scope.signal)]);
    return this.conclude(run, context, settled ?? undefined, scope.cause);
  }

  /** `validate`, `prepare`, `run`, and the check of what it returned. */
  private async handle(run: ResolvedRun, context: RunContext): Promise<Settled> {
    const { payload } = run;
    const { handler } = run.type;
    const refused = await settle(() => handler.validate?.(payload, context));
    if ('error' in refused) return { ...refused, final: true };
    const settled = await settle(async () => {
      await handler.prepare?.(payload, context);
      if (run.type.batch) return this.batches.join(run.type, { payload, context });
      return handler.run(payload, context);
    });
    return 'error' in settled ? settled : checkResult(run, settled.result);
  }

  /** What a run comes to. `settled` is absent when the handler was given up. */
  private async conclude(
    run: ResolvedRun,
    context: RunContext,
    settled: Settled | undefined,
    cause: StopCause | undefined,
  ): Promise<Outcome> {
    if (cause instanceof JobCancelledError) return cancelled;
    if (cause instanceof JobTimeoutError) return failed(cause, { retry: true });
    if (settled && context.waiting) return waiting;
    if (settled && 'result' in settled) return this.store(run, settled.result);
    if (cause instanceof WorkerStoppingError || !settled) return handedBack(run);
    const error = toError(settled.error);
    // Nothing is wrong with this job; but one that must not be run twice has failed like others whose batch threw.
    if (error instanceof BatchBrokenOffError && run.type.idempotent) return released(0);
    const final =
      settled.final === true || error instanceof PermanentJobError || error instanceof BatchResultError;
    return failed(error, { retry: !final && (await this.isRetryable(run, error)) });
  }

  private async isRetryable({ job, type }: ResolvedRun, error: Error): Promise<boolean> {
    try {
      return (await type.handler.isRetryable?.(error, job.info)) ?? true;
    } catch (thrown) {
      this.logger.warn(
        `isRetryable() of ${type.type} threw, job ${job.info.id} is retried: ${messageOf(thrown)}`,
      );
      return true;
    }
  }

  /** Keeps the result for jobs of the same input, where the type asks for it. */
  private async store({ job, type, payload }: ResolvedRun, result: unknown): Promise<Outcome> {
    const ttlMs = type.settings.cache;
    if (ttlMs !== null) {
      const entry = { result, jobId: job.info.id, at: new Date().toISOString() };
      await this.cache
        .keep(cacheKey(type, payload), entry, ttlMs)
        .catch((error) => this.logger.warn(`result of job ${job.info.id} not cached: ${messageOf(error)}`));
    }
    return completed(result);
  }

  private async cleanUp(
    { job, type, payload }: ResolvedRun,
    context: RunContext,
    outcome: Outcome,
  ): Promise<void> {
    if (!type.handler.cleanUp) return;
    const settling = settle(() => type.handler.cleanUp?.(payload, context, outcome));
    const overdue = new AbortController();
    const patience = after(this.options.graceMs, overdue.signal);
    const settled = await Promise.race([settling, patience]);
    overdue.abort();
    if (!settled)
      this.logger.warn(
        `cleanUp() of job ${job.info.id} (${type.type}) takes longer than its grace: not waited for`,
      );
    else if ('error' in settled) {
      this.logger.warn(`cleanUp() of job ${job.info.id} (${type.type}) failed: ${messageOf(settled.error)}`);
    }
  }
}

function timeoutOf({ job, type }: ResolvedRun): number {
  const own = typeof job.timeoutMs === 'number' && job.timeoutMs > 0 ? job.timeoutMs : undefined;
  return Math.min(MAX_TIMEOUT_MS, own ?? type.settings.timeout);
}

/** A result that is no JSON, or not what the type promises, will not be so in a later attempt either. */
async function checkResult({ type }: ResolvedRun, result: unknown): Promise<Settled> {
  let value = result;
  if (type.result) {
    const parsed = await type.result.safeParseAsync(result);
    if (!parsed.success) {
      return { error: new ResultMismatchError(type.type, problemsOf(parsed.error)), final: true };
    }
    value = parsed.data;
  }
  try {
    JSON.stringify(value);
    return { result: value };
  } catch (error) {
    return { error: new ResultNotJsonError(type.type, error as Error), final: true };
  }
}

async function settle(work: () => unknown): Promise<Settled> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error };
  }
}

/** A run that was cut off is repeated, unless that could do harm. */
function handedBack({ type }: ResolvedRun): Outcome {
  if (type.idempotent) return released(0);
  return failed(new InterruptedRunError(type.type), { retry: false });
}

/** What becomes of a job that is stopped before its handler started. */
function stopped(cause: StopCause): Outcome {
  if (cause instanceof JobCancelledError) return cancelled;
  if (cause instanceof JobTimeoutError) return failed(cause, { retry: true });
  return released(0);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function after(ms: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

function ignoredMessage({ id, type }: JobInfo, cause: StopCause): string {
  const what = `the handler of job ${id} (${type}) ignores its signal`;
  if (cause instanceof JobCancelledError)
    return `${what} after a cancel: it keeps its slot until it returns, its result is dropped`;
  if (cause instanceof JobTimeoutError)
    return `${what} after the timeout of ${cause.timeoutMs} ms: the job fails, the handler goes on unobserved`;
  return `${what} while the worker stops: the job is handed back`;
}
