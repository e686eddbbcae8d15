import type { Redis } from 'ioredis';
import { QueueKeys, TypeCatalog } from '#libs/queue';
import type {
  CachedResult,
  LiveTypes,
  ResultCache,
  RunnerPorts,
  ScheduledRuns,
  UnhandledJobs,
} from '../framework/index.js';

/** Statuses of jobs that have ended, in the words of the contract. */
const ENDED = new Set(['completed', 'failed', 'cancelled']);
/** Longer than any run may take. */
const REMEMBERED_MS = 30 * 86_400_000;

/**
 * What the runner asks of Redis:
 *
 * - `<p>unhandled:<id>`: since when a job has been without a handler, Unix ms;
 * - `<p>cache:<key>`: the result of a job, by its input;
 * - `<p>scheduled:<id>`: the current run of a schedule, a job's id;
 * - the types that live workers publish, see {@link TypeCatalog}.
 */
export class RedisRunnerPorts implements RunnerPorts {
  readonly unhandled: UnhandledJobs;
  readonly cache: ResultCache;
  readonly live: LiveTypes;
  readonly scheduled: ScheduledRuns;

  constructor(redis: Redis, prefix: string, queue: string) {
    const keys = new QueueKeys(prefix, queue);
    const base = keys.key('');
    this.live = new TypeCatalog(async () => redis, keys);
    this.unhandled = {
      async firstSeen(jobId, keepMs) {
        const now = Date.now();
        const before = await redis.set(`${base}unhandled:${jobId}`, now, 'PX', keepMs, 'NX', 'GET');
        return before === null ? now : Number(before);
      },
      async forget(jobId) {
        await redis.del(`${base}unhandled:${jobId}`);
      },
    };
    this.cache = {
      async find(key) {
        const text = await redis.get(`${base}cache:${key}`);
        return text === null ? undefined : (JSON.parse(text) as CachedResult);
      },
      async keep(key, entry, ttlMs) {
        await redis.set(`${base}cache:${key}`, JSON.stringify(entry), 'PX', ttlMs);
      },
    };
    this.scheduled = {
      async admit(scheduleId, jobId) {
        const key = `${base}scheduled:${scheduleId}`;
        const before = await redis.get(key);
        if (before !== null && before !== jobId && !(await hasEnded(redis, base, before))) return before;
        await redis.set(key, jobId, 'PX', REMEMBERED_MS);
        return undefined;
      },
    };
  }
}

/** A job whose status is gone has ended long ago, or was removed. */
async function hasEnded(client: Redis, base: string, jobId: string): Promise<boolean> {
  const status = await client.get(`${base}status:${jobId}`);
  return status === null || ENDED.has(status);
}
