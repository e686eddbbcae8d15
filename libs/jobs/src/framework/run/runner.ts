import type { HandlerRegistry } from '../discovery/registry.js';
import type { DeadLetter } from '../handler/job-handler.js';
import { RUNNER_DEFAULTS, type JobRunnerOptions } from './options.js';
import type { Outcome } from './outcome.js';
import { Performer } from './perform.js';
import type { RunnerPorts } from './ports.js';
import type { ResolvedRun, Run, RunnableJob, RunnerLogger, Step } from './run.js';
import { lookIntoCache } from './steps/cache.js';
import { checkConfiguration } from './steps/configuration.js';
import { checkOverlap } from './steps/overlap.js';
import { checkPayload } from './steps/payload.js';
import { checkRequirements, type ServicesOf } from './steps/requirements.js';
import { resolve } from './steps/resolve.js';
import { messageOf } from './thrown.js';

/**
 * Runs claimed jobs: a list of named steps, the first of which that knows the outcome ends the run.
 * The handler's own methods (`validate`, `prepare`, `run`, `cleanUp`) come last, within their timeout.
 */
export class JobRunner {
  private readonly steps: Readonly<Record<string, Step<ResolvedRun>>>;
  private readonly resolve: Step;

  constructor(
    private readonly registry: HandlerRegistry,
    ports: RunnerPorts,
    servicesOf: ServicesOf,
    private readonly logger: RunnerLogger,
    given: JobRunnerOptions = {},
  ) {
    const options = { ...RUNNER_DEFAULTS, ...given };
    const performer = new Performer(ports.cache, logger, options);
    this.resolve = resolve(registry, ports, logger, options.giveUpMs);
    this.steps = {
      configuration: checkConfiguration,
      requirements: checkRequirements(servicesOf, ports.live, logger),
      overlap: checkOverlap(ports.scheduled, logger),
      payload: checkPayload(ports, logger, options.giveUpMs),
      cache: lookIntoCache(ports.cache, logger),
      perform: (run) => performer.perform(run),
    };
  }

  /**
   * Runs one job.
   *
   * @param outer fires when the job is to stop, with one of `STOP_REASONS` as its reason.
   * @returns how it ended. Rejects only for a bug in the runner itself.
   */
  async run(job: RunnableJob, outer: AbortSignal): Promise<Outcome> {
    const run: Run = { job, outer };
    const unresolved = await this.resolve(run);
    if (unresolved) return unresolved;
    for (const step of Object.values(this.steps)) {
      const outcome = await step(run as ResolvedRun);
      if (outcome) return outcome;
    }
    throw new Error('the last step of a run must know its outcome');
  }

  /** Tells the type's handler of a job that failed for good, once the store knows. Never rejects. */
  async tellDeadLetter(letter: DeadLetter): Promise<void> {
    const { id, type } = letter.job;
    try {
      await this.registry.find(type)?.handler.onDeadLetter?.(letter);
    } catch (error) {
      this.logger.warn(`onDeadLetter() of job ${id} (${type}) failed: ${messageOf(error)}`);
    }
  }
}
