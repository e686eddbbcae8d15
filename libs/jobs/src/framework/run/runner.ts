import type { HandlerRegistry } from '../discovery/registry.js';
import { JobCancelledError, JobTimeoutError } from '../errors.js';
import type { JobInfo } from '../handler/context.js';
import type { DeadLetter } from '../handler/job-handler.js';
import { AbortScope, type StopCause } from './abort-scope.js';
import { within } from './bounded.js';
import { Checks, type Check } from './checks.js';
import { RUNNER_DEFAULTS, type JobRunnerOptions } from './options.js';
import type { Outcome } from './outcome.js';
import { Performer } from './perform.js';
import type { RunnerPorts } from './ports.js';
import type { ResolvedRun, Run, RunnableJob, RunnerLogger, Step } from './run.js';
import { checkConfiguration } from './steps/configuration.js';
import { checkOverlap } from './steps/overlap.js';
import { checkPayload } from './steps/payload.js';
import { checkRequirements, type ServicesOf } from './steps/requirements.js';
import { resolve } from './steps/resolve.js';
import { messageOf } from './thrown.js';

const NEVER = new AbortController().signal;

/**
 * Runs claimed jobs: named checks, the first of which that knows the outcome ends the run, and then the handler's own methods
 * (`validate`, `prepare`, `run`, `cleanUp`) within their timeout. One scope is around all of it: nothing outlasts a cancel
 * or a stop of the worker.
 */
export class JobRunner {
  private readonly options: Required<JobRunnerOptions>;
  private readonly checks: Checks;
  private readonly performer: Performer;

  constructor(
    private readonly registry: HandlerRegistry,
    ports: RunnerPorts,
    servicesOf: ServicesOf,
    private readonly logger: RunnerLogger,
    given: JobRunnerOptions = {},
  ) {
    const options = { ...RUNNER_DEFAULTS, ...given };
    this.options = options;
    this.performer = new Performer(ports.cache, logger, options);
    const resolved = (step: Step<ResolvedRun>): Step => step as Step;
    const checks: readonly Check[] = [
      {
        name: 'handlers',
        step: resolve(registry, ports, logger, options.giveUpMs),
        unanswered: 'handed back',
      },
      { name: 'configuration', step: resolved(checkConfiguration), unanswered: 'handed back' },
      {
        name: 'requirements',
        step: resolved(checkRequirements(servicesOf, ports.live, logger)),
        unanswered: 'handed back',
      },
      { name: 'overlap', step: resolved(checkOverlap(ports.scheduled, logger)), unanswered: 'handed back' },
      {
        name: 'payload',
        step: resolved(checkPayload(ports, logger, options.giveUpMs)),
        unanswered: 'failed',
      },
    ];
    this.checks = new Checks(checks, options.checkMs, logger);
  }

  /**
   * Runs one job.
   *
   * @param outer fires when the job is to stop, with one of `STOP_REASONS` as its reason.
   * @returns how it ended. Rejects only for a bug in the runner itself.
   */
  async run(job: RunnableJob, outer: AbortSignal): Promise<Outcome> {
    const { graceMs, stopGraceMs } = this.options;
    const onIgnored = (cause: StopCause) => this.logger.warn(ignoredMessage(job.info, cause));
    const scope = new AbortScope(outer, { graceMs, stopGraceMs, onIgnored });
    const run: Run = { job, scope };
    try {
      return (await this.checks.pass(run)) ?? (await this.performer.perform(run as ResolvedRun));
    } finally {
      scope.dispose();
    }
  }

  /**
   * Tells the type's handler of a job that failed for good, once the store knows. Resolves when it has been told, or is not
   * waited for any longer (`graceMs`). Never rejects.
   */
  async tellDeadLetter(letter: DeadLetter): Promise<void> {
    const { id, type } = letter.job;
    const handler = this.registry.find(type)?.handler;
    if (!handler?.onDeadLetter) return;
    const { graceMs } = this.options;
    try {
      const told = await within(graceMs, NEVER, () => handler.onDeadLetter?.(letter));
      if (told !== 'late') return;
      this.logger.warn(
        `onDeadLetter() of job ${id} (${type}) takes longer than its ${graceMs} ms: not waited for`,
      );
    } catch (error) {
      this.logger.warn(`onDeadLetter() of job ${id} (${type}) failed: ${messageOf(error)}`);
    }
  }
}

function ignoredMessage({ id, type }: JobInfo, cause: StopCause): string {
  const what = `the handler of job ${id} (${type}) ignores its signal`;
  if (cause instanceof JobCancelledError)
    return `${what} after a cancel: it keeps its slot until it returns, its result is dropped`;
  if (cause instanceof JobTimeoutError)
    return `${what} after the timeout of ${cause.timeoutMs} ms: the job fails, the handler goes on unobserved`;
  return `${what} while the worker stops: the job is handed back`;
}
