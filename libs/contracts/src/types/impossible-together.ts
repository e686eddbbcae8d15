import type { FieldError } from '../rest/problem.js';
import { shortestInterval, type Interval } from './shortest-interval.js';
import type { TypeSettings } from './type-settings.js';

/** Parts of a type that must go together, whatever set them: code, the environment, or somebody at run time. */
export interface Combined {
  readonly settings: TypeSettings;
  /** `maxWait` is ms. */
  readonly batch?: { readonly maxWait: number } | undefined;
  readonly schedule?: Interval | undefined;
}

/** What cannot work together: each with the setting that is at odds with another, and a line that says what to change. */
export function impossibleTogether({ settings, batch, schedule }: Combined): FieldError[] {
  const { timeout, cache, backoff } = settings;
  const problems: FieldError[] = [];
  if (batch && batch.maxWait >= timeout) {
    problems.push({
      path: 'timeout',
      message: `batch.maxWait (${batch.maxWait} ms) must be below timeout (${timeout} ms), which runs while a job waits for its batch: lower batch.maxWait or raise timeout`,
    });
  }
  if (backoff.base > backoff.max) {
    problems.push({
      path: 'backoff.base',
      message: `backoff.base (${backoff.base} ms) is above backoff.max (${backoff.max} ms): lower backoff.base or raise backoff.max`,
    });
  }
  const between = cache !== null && schedule ? shortestInterval(schedule) : undefined;
  if (cache !== null && between !== undefined && cache >= between) {
    const interval =
      schedule?.cron === undefined ? 'schedule.every' : 'the shortest time between runs of schedule.cron';
    problems.push({
      path: 'cache',
      message: `cache (${cache} ms) must be below ${interval} (${between} ms), or scheduled runs are given the result of the one before: lower cache, or leave it out`,
    });
  }
  return problems;
}
