import { cacheKey } from '../cache-key.js';
import { fromCache, type Outcome } from '../outcome.js';
import type { ResultCache } from '../ports.js';
import type { ResolvedRun, RunnerLogger, Step } from '../run.js';
import { messageOf } from '../thrown.js';

/** Takes the result of an earlier job of the same input. A cache that does not answer is not asked twice: the job runs. */
export function lookIntoCache(cache: ResultCache, logger: RunnerLogger): Step<ResolvedRun> {
  return async ({ job, type, payload }): Promise<Outcome | undefined> => {
    if (type.settings.cache === null) return undefined;
    try {
      const found = await cache.find(cacheKey(type, payload));
      return found && fromCache(found);
    } catch (error) {
      logger.warn(`no result from the cache for job ${job.info.id} (${type.type}): ${messageOf(error)}`);
      return undefined;
    }
  };
}
