import { Inject, Injectable } from '@nestjs/common';
import type { UnhandledJobs } from '#libs/jobs';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

/** Keeps in Redis since when a job has been without a handler, at `<prefix>:<queue>:unhandled:<id>`. */
@Injectable()
export class RedisUnhandledJobs implements UnhandledJobs {
  private readonly base: string;

  constructor(
    private readonly redis: RedisLink,
    @Inject(WORKER_IDENTITY) { settings }: WorkerIdentity,
  ) {
    this.base = `${settings.QUEUE_PREFIX}:${settings.QUEUE_NAME}:unhandled:`;
  }

  async firstSeen(jobId: string, keepMs: number): Promise<number> {
    const now = Date.now();
    const before = await this.redis.client.set(this.base + jobId, now, 'PX', keepMs, 'NX', 'GET');
    return before === null ? now : Number(before);
  }

  async forget(jobId: string): Promise<void> {
    await this.redis.client.del(this.base + jobId);
  }
}
