import type { FieldError } from '../rest/problem.js';
import type { TypeSettings } from './type-settings.js';

/** Parts of a type that must go together, whatever set them: code, the environment, or somebody at run time. */
export interface Combined {
  readonly settings: TypeSettings;
  /** `maxWait` is ms. */
  readonly batch?: { readonly maxWait: number } | undefined;
  /** `every` is ms. */
  readonly schedule?: { readonly every?: number | undefined } | undefined;
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
  if (cache !== null && schedule?.every !== undefined && cache >= schedule.every) {
    problems.push({
      path: 'cache',
      message: `cache (${cache} ms) must be below schedule.every (${schedule.every} ms), or scheduled runs are given the result of the one before: lower cache, or leave it out`,
    });
  }
  return problems;
}
