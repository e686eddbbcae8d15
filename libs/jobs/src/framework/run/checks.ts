import { CheckTimeoutError } from '../errors.js';
import type { StopCause } from './abort-scope.js';
import { within } from './bounded.js';
import { failed, released, stopped, type Outcome } from './outcome.js';
import type { Run, RunnerLogger, Step } from './run.js';
import { messageOf, toError } from './thrown.js';

/** How soon a job is looked at again of which a check could not tell in time whether it may run. */
const UNANSWERED_MS = 5_000;

/** One thing that is looked at before the handler's own time begins. */
export interface Check {
  /** For messages. */
  readonly name: string;
  readonly step: Step;
  /** What becomes of a job whose check does not end: it goes back and waits, or its attempt has failed. */
  readonly unanswered: 'handed back' | 'failed';
}

/**
 * What is looked at before the handler's own time begins, in order: the first check that knows the outcome ends the run. They
 * have a bound of their own, all together, and end at once when the job is cancelled or the worker stops.
 */
export class Checks {
  constructor(
    private readonly checks: readonly Check[],
    private readonly boundMs: number,
    private readonly logger: RunnerLogger,
  ) {}

  /** @returns the outcome where one of them knows it; nothing lets the run go on. */
  async pass(run: Run): Promise<Outcome | undefined> {
    const walk = new Walk(this.checks);
    try {
      const passed = await within(this.boundMs, run.scope.signal, () => walk.through(run));
      if (passed === 'stopped') return stopped(run.scope.cause as StopCause);
      if (passed === 'late') return this.unanswered(run, walk.at);
      return passed.value;
    } catch (error) {
      // A schema's own check, say, that asks somebody who is not there.
      return failed(toError(error), { retry: true });
    } finally {
      walk.end();
    }
  }

  private unanswered({ job: { info } }: Run, { name, unanswered }: Check): Outcome {
    const error = new CheckTimeoutError(name, this.boundMs);
    this.logger.warn(`job ${info.id} (${info.type}) is ${unanswered}: ${messageOf(error)}`);
    return unanswered === 'failed' ? failed(error, { retry: true }) : released(UNANSWERED_MS);
  }
}

/** The checks of one run. One that answers too late is not followed by the next. */
class Walk {
  private ended = false;
  private current: Check;

  constructor(private readonly checks: readonly Check[]) {
    this.current = checks[0] as Check;
  }

  /** The check that was begun last. */
  get at(): Check {
    return this.current;
  }

  async through(run: Run): Promise<Outcome | undefined> {
    for (const check of this.checks) {
      if (this.ended) return undefined;
      this.current = check;
      const outcome = await check.step(run);
      if (outcome) return outcome;
    }
    return undefined;
  }

  end(): void {
    this.ended = true;
  }
}
