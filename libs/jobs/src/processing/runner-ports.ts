import type { Redis } from 'ioredis';
import { fitsSchema, QueueKeys, TypeCatalog, TypeView, type TypeQueues } from '#libs/queue';
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
 * - `<p>misfit:<id>`: since when a job has been looking for a version of its type that takes its payload, Unix ms;
 * - `<p>cache:<key>`: the result of a job, by its input;
 * - `<p>scheduled:<id>`: the current run of a schedule, a job's id;
 * - the types that live workers publish, see {@link TypeCatalog}.
 */
export class RedisRunnerPorts implements RunnerPorts {
  readonly unhandled: UnhandledJobs;
  readonly misfits: UnhandledJobs;
  readonly cache: ResultCache;
  readonly live: LiveTypes;
  readonly scheduled: ScheduledRuns;

  /**
   * @param options `types` says where types are run; `workerId` is what this worker publishes its types under, default: it does not.
   */
  constructor(
    redis: Redis,
    prefix: string,
    queue: string,
    { types, workerId = '' }: { types: TypeQueues; workerId?: string },
  ) {
    const keys = new QueueKeys(prefix, queue);
    const base = keys.key('');
    this.live = liveTypes(new TypeCatalog(async () => redis, keys), types, workerId);
    this.unhandled = jobsInSearch(redis, `${base}unhandled:`);
    this.misfits = jobsInSearch(redis, `${base}misfit:`);
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

function liveTypes(catalog: TypeCatalog, types: TypeQueues, workerId: string): LiveTypes {
  const view = new TypeView(catalog);
  return {
    names: () => view.names(),
    isRun: (type) => types.isRun(type),
    lastSeen: (type) => catalog.lastSeen(type),
    async fitsElsewhere(type, payload) {
      const { versions = [] } = (await view.find(type)) ?? {};
      return versions.some(
        ({ workers, payload: schema }) => !workers.includes(workerId) && fitsSchema(schema, payload),
      );
    },
  };
}

function jobsInSearch(redis: Redis, prefix: string): UnhandledJobs {
  return {
    async firstSeen(jobId, keepMs) {
      const now = Date.now();
      const before = await redis.set(prefix + jobId, now, 'PX', keepMs, 'NX', 'GET');
      return before === null ? now : Number(before);
    },
    async forget(jobId) {
      await redis.del(prefix + jobId);
    },
  };
}

/** A job whose status is gone has ended long ago, or was removed. */
async function hasEnded(client: Redis, base: string, jobId: string): Promise<boolean> {
  const status = await client.get(`${base}status:${jobId}`);
  return status === null || ENDED.has(status);
}
