import type { EndMetrics } from './metrics.js';
import type { Limits } from './limits.js';
import type { Orphans } from './orphans.js';
import { SchedulingBackend } from './scheduling-backend.js';

/** The operations of BullMQ's interface about limits, metrics and what is left over. */
export abstract class LimitingBackend extends SchedulingBackend {
  abstract readonly limits: Limits;
  abstract readonly metrics: EndMetrics;
  abstract readonly orphans: Orphans;

  setRateLimit(expireTimeMs: number): Promise<void> {
    return this.limits.close(expireTimeMs);
  }
  getRateLimitTtl(maxJobs?: number): Promise<number> {
    return this.limits.timeToLive(maxJobs);
  }
  removeRateLimitKey(): Promise<number> {
    return this.limits.open();
  }
  isMaxed(): Promise<boolean> {
    return this.limits.isMaxed();
  }
  getMetrics(type: 'completed' | 'failed', start = 0, end = -1) {
    // Where no job has ended the sums are null, which BullMQ reads as 0 and its types do not say.
    return this.metrics.get(type, start, end) as Promise<[string[], string[], number]>;
  }
  removeOrphanedJobs(count = 1000, limit = 0): Promise<number> {
    return this.orphans.remove(count, limit);
  }
  /** A key of BullMQ's own store, which this one never had. */
  removeDeprecatedPriorityKey(): Promise<number> {
    return Promise.resolve(0);
  }
}
