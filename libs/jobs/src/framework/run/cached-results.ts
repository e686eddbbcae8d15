import { within } from './bounded.js';
import { cacheKey } from './cache-key.js';
import type { CachedResult } from './outcome.js';
import type { ResultCache } from './ports.js';
import type { ResolvedRun, RunnerLogger } from './run.js';
import { messageOf } from './thrown.js';

/**
 * Results of earlier jobs of the same input, for types that ask for it. A cache that does not answer within its bound is done
 * without: the job runs, and its result is not kept.
 */
export class CachedResults {
  constructor(
    private readonly cache: ResultCache,
    private readonly boundMs: number,
    private readonly logger: RunnerLogger,
  ) {}

  async find(run: ResolvedRun): Promise<CachedResult | undefined> {
    if (run.type.settings.cache === null) return undefined;
    return this.ask(run, 'was not looked for', () => this.cache.find(cacheKey(run)));
  }

  async keep(run: ResolvedRun, result: unknown): Promise<void> {
    const ttlMs = run.type.settings.cache;
    if (ttlMs === null) return;
    const entry = { result, jobId: run.job.info.id, at: new Date().toISOString() };
    await this.ask(run, 'was not kept', () => this.cache.keep(cacheKey(run), entry, ttlMs));
  }

  private async ask<T>(run: ResolvedRun, failing: string, work: () => Promise<T>): Promise<T | undefined> {
    const warn = (reason: string) =>
      this.logger.warn(`cached result of job ${run.job.info.id} (${run.type.type}) ${failing}: ${reason}`);
    try {
      const answer = await within(this.boundMs, run.scope.signal, work);
      if (typeof answer === 'object') return answer.value;
      if (answer === 'late') warn(`no answer within ${this.boundMs} ms`);
    } catch (error) {
      warn(messageOf(error));
    }
    return undefined;
  }
}
