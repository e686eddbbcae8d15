import type { TypeSettings } from '#libs/contracts';
import type { Batch } from './job-type.js';
import type { JobHandlerOptions } from './job-options.js';
import type { Schedule } from './schedule.js';

/** Parts of a type that must go together, whatever set them: code, or the environment. */
export interface Combined {
  readonly settings: TypeSettings;
  readonly batch: Batch | undefined;
  readonly schedule: Schedule | undefined;
}

/** What cannot work together, each in a line that says what to change. */
export function impossibleTogether({ settings, batch, schedule }: Combined): string[] {
  const { timeout, cache, backoff } = settings;
  const problems: string[] = [];
  if (batch && batch.maxWait >= timeout) {
    problems.push(
      `batch.maxWait (${batch.maxWait} ms) must be below timeout (${timeout} ms), which runs while a job waits for its batch: lower batch.maxWait or raise timeout`,
    );
  }
  if (backoff.base > backoff.max) {
    problems.push(
      `backoff.base (${backoff.base} ms) is above backoff.max (${backoff.max} ms): lower backoff.base or raise backoff.max`,
    );
  }
  if (cache !== null && schedule?.every !== undefined && cache >= schedule.every) {
    problems.push(
      `cache (${cache} ms) must be below schedule.every (${schedule.every} ms), or scheduled runs are given the result of the one before: lower cache, or leave it out`,
    );
  }
  return problems;
}

/** Options of the code that have no effect beside others of it. */
export function withoutEffect({ deadLetters, retention, batch, concurrency }: JobHandlerOptions): string[] {
  const problems: string[] = [];
  if (deadLetters === false && retention?.dead !== undefined) {
    problems.push('retention.dead has no effect with deadLetters: false: use retention.failed');
  }
  if (deadLetters !== false && retention?.failed !== undefined) {
    problems.push(
      'retention.failed has no effect while failed jobs are dead letters: use retention.dead, or set deadLetters: false',
    );
  }
  const limits = typeof concurrency === 'number' ? [concurrency] : Object.values(concurrency ?? {});
  const fewest = Math.min(...limits.filter((limit) => typeof limit === 'number'));
  if (batch && batch.size > fewest) {
    problems.push(
      `a batch of ${batch.size} is never full with a concurrency of ${fewest}: lower batch.size or raise concurrency`,
    );
  }
  return problems;
}
