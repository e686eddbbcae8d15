import { Inject, Injectable } from '@nestjs/common';
import type { CachedResult, LiveTypes, ResultCache, RunnerPorts, UnhandledJobs } from '#libs/jobs';
import { TypeCatalog } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

/**
 * What the runner asks of Redis:
 *
 * - `<p>unhandled:<id>`: since when a job has been without a handler, Unix ms;
 * - `<p>cache:<key>`: the result of a job, by its input;
 * - the types that live workers publish, see {@link TypeCatalog}.
 */
@Injectable()
export class RedisRunnerPorts implements RunnerPorts {
  readonly unhandled: UnhandledJobs;
  readonly cache: ResultCache;
  readonly live: LiveTypes;

  constructor(redis: RedisLink, @Inject(WORKER_IDENTITY) { settings }: WorkerIdentity) {
    const base = `${settings.QUEUE_PREFIX}:${settings.QUEUE_NAME}:`;
    this.live = new TypeCatalog(redis.client, settings.QUEUE_PREFIX, settings.QUEUE_NAME);
    this.unhandled = {
      async firstSeen(jobId, keepMs) {
        const now = Date.now();
        const before = await redis.client.set(`${base}unhandled:${jobId}`, now, 'PX', keepMs, 'NX', 'GET');
        return before === null ? now : Number(before);
      },
      async forget(jobId) {
        await redis.client.del(`${base}unhandled:${jobId}`);
      },
    };
    this.cache = {
      async find(key) {
        const text = await redis.client.get(`${base}cache:${key}`);
        return text === null ? undefined : (JSON.parse(text) as CachedResult);
      },
      async keep(key, entry, ttlMs) {
        await redis.client.set(`${base}cache:${key}`, JSON.stringify(entry), 'PX', ttlMs);
      },
    };
  }
}
