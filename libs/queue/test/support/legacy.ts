import type { Redis } from 'ioredis';
import { waitFor } from '../../../../tests/support/wait.js';

/** A job as a legacy service stores it: the JSON of its Go struct, payload fields at the top level. */
export interface LegacyJob {
  id: string;
  priority: number;
  created_at: string;
  updated_at: string;
  deleted_at: null;
  status: string;
  progress: number;
  [field: string]: unknown;
}

/** Fields of {@link LegacyJob} that a test cares for; the others get what a new job has. */
export type LegacyFields = Partial<LegacyJob> & { id: string };

/** An operation under way: every `next()` sends one more of its commands. */
export type Steps<T = void> = AsyncGenerator<unknown, T, void>;

const FINISHED = ['completed', 'failed', 'cancelled'];

let lastMicros = 0;
/** Go's RFC 3339 times have up to nine digits of a second; no two jobs of a service have the same. */
function goTime(): string {
  lastMicros = Math.max(lastMicros + 1, Math.floor((performance.timeOrigin + performance.now()) * 1000));
  const micros = String(lastMicros % 1000).padStart(3, '0');
  return new Date(Math.floor(lastMicros / 1000)).toISOString().replace('Z', `${micros}000Z`);
}

export function legacyJob(fields: LegacyFields): LegacyJob {
  const now = goTime();
  return {
    priority: 1,
    created_at: now,
    updated_at: now,
    deleted_at: null,
    status: 'pending',
    progress: 0,
    count: 3,
    username: 'gopher',
    ...fields,
  };
}

/** Sends all commands that are left of an operation. */
export async function toEnd<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value as T;
  }
}

/** Sends the first `count` commands of an operation: where its service crashes, or is slow. */
export async function advance(steps: Steps<unknown>, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) await steps.next();
}

/** Resolves in another millisecond, so that what comes next arrives later by any clock. */
export async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  await waitFor(() => Date.now() > now + 1, { everyMs: 1 });
}

/**
 * A legacy Go service, played command by command: each operation of the contract's table is a series of
 * separate commands in its order. `add()` runs all of them; `adding()` gives them one by one.
 */
export class Legacy {
  constructor(
    private readonly redis: Redis,
    private readonly key: (name: string) => string,
    private readonly ttlSeconds = 3600,
  ) {}

  /** Stores any text as the document, as a service with a bug would. */
  async *addingText(id: string, text: string | Buffer, priority: number): Steps {
    const { redis, key, ttlSeconds } = this;
    yield await redis.set(key(`data:${id}`), text, 'EX', ttlSeconds);
    yield await redis.set(key(`status:${id}`), 'pending', 'EX', ttlSeconds);
    yield await this.publish('status_updated', id, { status: 'pending' });
    yield await redis.zadd(key('queue'), -priority, id);
    yield await redis.expire(key('queue'), ttlSeconds);
    yield await this.publish('job_added', id, { priority, status: 'pending' });
  }

  adding(fields: LegacyFields): Steps {
    const job = legacyJob(fields);
    return this.addingText(job.id, JSON.stringify(job), job.priority);
  }

  async *updatingStatus(id: string, status: string): Steps {
    const { redis, key, ttlSeconds } = this;
    yield await redis.set(key(`status:${id}`), status, 'EX', ttlSeconds);
    yield await this.publish('status_updated', id, { status });
    if (!FINISHED.includes(status)) return;
    yield await redis.zrem(key('queue'), id);
    yield await redis.srem(key('processing'), id);
  }

  /** Returns the document it popped; undefined when nothing waits or the document is gone. */
  async *dequeuing(): Steps<LegacyJob | undefined> {
    const { redis, key } = this;
    const [id] = await redis.zpopmin(key('queue'), 1);
    if (id === undefined) return undefined;
    yield id;
    const text = await redis.get(key(`data:${id}`));
    yield text;
    if (text === null) return undefined;
    yield await redis.sadd(key('processing'), id);
    yield* this.updatingStatus(id, 'running');
    return JSON.parse(text) as LegacyJob;
  }

  async *completing(id: string): Steps {
    yield* this.updatingStatus(id, 'completed');
    yield await this.redis.srem(this.key('processing'), id);
    yield await this.publish('job_completed', id, { status: 'completed' });
  }

  async *failing(id: string): Steps {
    yield* this.updatingStatus(id, 'failed');
    yield await this.redis.srem(this.key('processing'), id);
    yield await this.publish('job_failed', id, { status: 'failed' });
  }

  async *requeuing(job: LegacyJob): Steps {
    yield* this.updatingStatus(job.id, 'failed');
    yield await this.redis.srem(this.key('processing'), job.id);
    yield* this.adding({ ...job, priority: Math.max(0, job.priority - 1), status: 'pending' });
  }

  async *cancelling(id: string): Steps {
    yield* this.updatingStatus(id, 'cancelled');
    yield await this.redis.srem(this.key('processing'), id);
    yield await this.redis.zrem(this.key('queue'), id);
    yield await this.publish('job_cancelled', id, { status: 'cancelled' });
  }

  add = (fields: LegacyFields) => toEnd(this.adding(fields));
  addText = (id: string, text: string | Buffer, priority = 1) => toEnd(this.addingText(id, text, priority));
  updateStatus = (id: string, status: string) => toEnd(this.updatingStatus(id, status));
  dequeue = () => toEnd(this.dequeuing());
  complete = (id: string) => toEnd(this.completing(id));
  fail = (id: string) => toEnd(this.failing(id));
  requeue = (job: LegacyJob) => toEnd(this.requeuing(job));
  cancel = (id: string) => toEnd(this.cancelling(id));

  saveResult(id: string, result: unknown): Promise<unknown> {
    return this.redis.set(this.key(`results:${id}`), JSON.stringify(result), 'EX', this.ttlSeconds);
  }

  status(id: string): Promise<string | null> {
    return this.redis.get(this.key(`status:${id}`));
  }

  async result(id: string): Promise<unknown> {
    const text = await this.redis.get(this.key(`results:${id}`));
    return text === null ? undefined : (JSON.parse(text) as unknown);
  }

  /** Ids of the jobs that wait and have a document and the status `pending`, in the order Go pops them. */
  async pending(): Promise<string[]> {
    const found: string[] = [];
    for (const id of await this.redis.zrange(this.key('queue'), 0, -1)) {
      const text = await this.redis.get(this.key(`data:${id}`));
      if (text !== null && (await this.status(id)) === 'pending') found.push(id);
    }
    return found;
  }

  async stats(): Promise<Record<'queue' | 'processing' | 'high' | 'normal' | 'low', number>> {
    const { redis, key } = this;
    return {
      queue: await redis.zcard(key('queue')),
      processing: await redis.scard(key('processing')),
      high: await redis.zcount(key('queue'), '-inf', '-2'),
      normal: await redis.zcount(key('queue'), '-2', '-1'),
      low: await redis.zcount(key('queue'), '-1', '+inf'),
    };
  }

  clearQueue(): Promise<number> {
    return this.redis.del(this.key('queue'));
  }

  clearProcessing(): Promise<number> {
    return this.redis.del(this.key('processing'));
  }

  /** One message as Go's encoding/json writes a map: keys in alphabetical order. */
  private publish(event: string, id: string, data: object): Promise<number> {
    const timestamp = Math.floor(Date.now() / 1000);
    const message = { data: { job_id: id, ...data }, event, job_id: id, timestamp };
    return this.redis.publish(this.key('updates'), JSON.stringify(message));
  }
}
