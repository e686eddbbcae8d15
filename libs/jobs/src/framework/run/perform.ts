import {
  BatchBrokenOffError,
  CheckTimeoutError,
  InterruptedRunError,
  JobCancelledError,
  JobTimeoutError,
  PermanentJobError,
  RetryLaterError,
  WorkerStoppingError,
} from '../errors.js';
import type { StopCause } from './abort-scope.js';
import { Batches } from './batches.js';
import { within } from './bounded.js';
import { CachedResults } from './cached-results.js';
import {
  cancelled,
  completed,
  failed,
  failedUntil,
  fromCache,
  released,
  stopped,
  waiting,
  type Outcome,
} from './outcome.js';
import type { JobRunnerOptions } from './options.js';
import type { ResultCache } from './ports.js';
import type { ResolvedRun, RunnerLogger } from './run.js';
import { RunContext } from './run-context.js';
import { checkResult, settle, type Settled, type SettledResult } from './settled.js';
import { messageOf, toError } from './thrown.js';

/** The second half of a run: the handler's own methods, within their timeout and under their signal. */
export class Performer {
  private readonly batches = new Batches();
  private readonly cached: CachedResults;

  constructor(
    cache: ResultCache,
    private readonly logger: RunnerLogger,
    private readonly options: Required<JobRunnerOptions>,
  ) {
    this.cached = new CachedResults(cache, options.checkMs, logger);
  }

  async perform(run: ResolvedRun): Promise<Outcome> {
    const context = await this.open(run);
    if (!(context instanceof RunContext)) return context;
    try {
      run.scope.startTimeout(timeoutOf(run));
      const outcome = await this.work(run, context);
      await this.cleanUp(run, context, outcome);
      await this.deliverReports(run, context);
      return outcome;
    } finally {
      context.close();
    }
  }

  /** The context of the run, with what an earlier one kept; the outcome where that cannot be had. */
  private async open({ job, scope }: ResolvedRun): Promise<RunContext | Outcome> {
    const { checkMs, progressEveryMs } = this.options;
    try {
      const state = await within(checkMs, scope.signal, () => job.services.state());
      if (state === 'stopped') return stopped(scope.cause as StopCause);
      if (state === 'late') return failed(new CheckTimeoutError('checkpoint', checkMs), { retry: true });
      return new RunContext(job.info, scope.signal, job.services, state.value, progressEveryMs, (message) =>
        this.logger.warn(message),
      );
    } catch (error) {
      return failed(toError(error), { retry: true });
    }
  }

  private async work(run: ResolvedRun, context: RunContext): Promise<Outcome> {
    const { scope, job } = run;
    const settling = this.handle(run, context);
    const settled = await Promise.race([settling, scope.abandoned]);
    if (!settled) void settling.then(() => this.logger.warn(`late end of job ${job.info.id} dropped`));
    return this.conclude(run, context, settled ?? undefined);
  }

  /** `validate`, a look into the cache, `prepare`, `run`, and the check of what it returned. */
  private async handle(run: ResolvedRun, context: RunContext): Promise<Settled> {
    const refused = await settle(() => run.type.handler.validate?.(run.payload, context));
    if ('error' in refused) return { ...refused, final: true };
    // After `validate`, which may say who is to have this result.
    const cached = await this.cached.find(run);
    if (cached) return { result: cached.result, cached };
    const settled = await settle(() => this.begin(run, context));
    return 'error' in settled ? settled : checkResult(run, settled.result);
  }

  private async begin(run: ResolvedRun, context: RunContext): Promise<unknown> {
    const { payload, type } = run;
    context.signal.throwIfAborted();
    run.begun = true;
    await type.handler.prepare?.(payload, context);
    return type.batch ? this.batches.join(type, { payload, context }) : type.handler.run(payload, context);
  }

  /** What a run comes to. `settled` is absent when the handler was given up. */
  private async conclude(
    run: ResolvedRun,
    context: RunContext,
    settled: Settled | undefined,
  ): Promise<Outcome> {
    const { cause } = run.scope;
    if (cause instanceof JobCancelledError) return cancelled;
    if (cause instanceof JobTimeoutError) return failed(cause, { retry: true });
    if (settled && context.waiting) return waiting;
    if (settled && 'result' in settled) return this.complete(run, settled);
    if (cause instanceof WorkerStoppingError || !settled) return handedBack(run);
    const error = toError(settled.error);
    // Nothing is wrong with this job; but one that must not be run twice has failed like others whose batch threw.
    if (error instanceof BatchBrokenOffError && run.type.idempotent) return released(0);
    if (settled.final || error instanceof PermanentJobError) return failed(error, { retry: false });
    if (error instanceof RetryLaterError) return failedUntil(error, error.afterMs);
    const retry = await this.isRetryable(run, error);
    return run.scope.cause instanceof JobCancelledError ? cancelled : failed(error, { retry });
  }

  private async complete(run: ResolvedRun, { result, cached }: SettledResult): Promise<Outcome> {
    if (cached) return fromCache(cached);
    await this.cached.keep(run, result);
    return completed(result);
  }

  /** What the handler says of its error. One that does not answer, or not in time, leaves it at the default: yes. */
  private async isRetryable({ job, type, scope }: ResolvedRun, error: Error): Promise<boolean> {
    if (!type.handler.isRetryable) return true;
    const warn = (problem: string) =>
      this.logger.warn(`isRetryable() of ${type.type} ${problem}, job ${job.info.id} is retried`);
    try {
      const { graceMs } = this.options;
      const answer = await within(graceMs, scope.signal, () => type.handler.isRetryable?.(error, job.info));
      if (typeof answer === 'object') return answer.value ?? true;
      if (answer === 'late') warn(`did not answer within ${graceMs} ms`);
    } catch (thrown) {
      warn(`threw (${messageOf(thrown)})`);
    }
    return true;
  }

  private async cleanUp({ job, type, payload, scope }: ResolvedRun, context: RunContext, outcome: Outcome) {
    if (!type.handler.cleanUp) return;
    const settling = settle(() => type.handler.cleanUp?.(payload, context, outcome));
    const settled = await Promise.race([settling, scope.patience(this.options.graceMs)]);
    const what = `cleanUp() of job ${job.info.id} (${type.type})`;
    if (!settled) this.logger.warn(`${what} takes longer than its grace: not waited for`);
    else if ('error' in settled) this.logger.warn(`${what} failed: ${messageOf(settled.error)}`);
  }

  /** Reports that cannot be delivered, since Redis is away, must not outlive a job that is to stop. */
  private async deliverReports({ scope }: ResolvedRun, context: RunContext): Promise<void> {
    if (scope.cause instanceof JobCancelledError) return;
    const lastMoment = aborted(scope.signal).then(() => scope.patience(this.options.graceMs));
    await Promise.race([context.flush(), lastMoment]);
  }
}

function timeoutOf({ job, type }: ResolvedRun): number {
  const own = typeof job.timeoutMs === 'number' && job.timeoutMs > 0 ? job.timeoutMs : undefined;
  return own ?? type.settings.timeout;
}

/** A run that was cut off is repeated, unless that could do harm. */
function handedBack({ type, begun }: ResolvedRun): Outcome {
  if (type.idempotent || !begun) return released(0);
  return failed(new InterruptedRunError(type.type), { retry: false });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
