import { stripVTControlCharacters } from 'node:util';
import type { JobContext } from '../../framework/index.js';
import { BrowserCrashedError, BrowserMemoryError, type BrowserSession } from '../support/browser/index.js';
import { BrowserStepError } from './errors.js';
import type { BrowserRunPayload } from './payload.js';
import type { Extracts } from './steps/extracts.js';
import { runStep } from './steps/index.js';
import type { Step } from './steps/schema.js';
import { subjectOf, type StepScope } from './steps/scope.js';

const MAX_REASON = 500;
/** Extra time for a step whose own timeout Playwright does not keep. */
const LATE_MS = 3_000;

/** Does the steps of a job one after the other. */
export class Script {
  /** Time each step took, in ms. */
  readonly durations: number[] = [];

  constructor(
    private readonly session: BrowserSession,
    private readonly context: JobContext,
    private readonly extracts: Extracts,
    private readonly keep: StepScope['keep'],
  ) {}

  /** @throws {BrowserStepError} for the step that failed. */
  async run({ steps, stepTimeout }: BrowserRunPayload): Promise<void> {
    const total = steps.length;
    for (const [at, step] of steps.entries()) {
      await this.context.progress({ current: at, total, message: step.kind });
      const number = at + 1;
      const started = performance.now();
      const end = (how: string) => {
        const ms = Math.round(performance.now() - started);
        this.durations.push(ms);
        return `step ${number} of ${total}, ${[step.kind, subjectOf(step)].join(' ').trim()}: ${how} ${ms} ms`;
      };
      try {
        await this.step(step, number, step.timeout ?? stepTimeout);
        await this.context.log(end('done in'));
      } catch (error) {
        this.context.signal.throwIfAborted();
        await this.context.log.error(end('failed after'));
        throw isOwn(error) ? error : new BrowserStepError(number, step.kind, reasonOf(error, step), error);
      }
    }
    await this.context.progress({ current: total, total });
  }

  private step(step: Step, number: number, timeout: number): Promise<void> {
    const { session, extracts, keep } = this;
    const late = AbortSignal.timeout(timeout + LATE_MS);
    return session.during(() =>
      Promise.race([
        runStep(step, { page: session.page, session, number, timeout, extracts, keep }),
        new Promise<never>((_, reject) => {
          late.addEventListener('abort', () => reject(new Error(`not done in ${timeout} ms`)), {
            once: true,
          });
        }),
      ]),
    );
  }
}

/** These say all there is to say, whatever the step was. */
const isOwn = (error: unknown): boolean =>
  error instanceof BrowserCrashedError || error instanceof BrowserMemoryError;

/** Playwright's message without its call log, which repeats what was filled in. */
function reasonOf(error: unknown, step: Step): string {
  const message = error instanceof Error ? error.message : String(error);
  const [text = ''] = message.split(/\n\s*(?:Call log|=+ logs =+)/);
  let plain = stripVTControlCharacters(text).replace(/\s+/g, ' ').trim();
  if (step.kind === 'fill' && step.value !== '') plain = plain.replaceAll(step.value, '***');
  const subject = subjectOf(step);
  const named = subject === '' || plain.includes(subject) ? plain : `${plain} (${subject})`;
  return named.length > MAX_REASON ? `${named.slice(0, MAX_REASON)}...` : named;
}
