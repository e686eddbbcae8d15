import type { JobHandlerOptions } from './job-options.js';

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
