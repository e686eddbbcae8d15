import { FlowProducer, Queue, Worker, type Processor } from 'bullmq';
import { Redis } from 'ioredis';
import { createBackendFactory } from '#libs/queue';
import type { Cookie } from '../support/browser.js';
import { testRedisUrl } from '../support/redis.js';
import { TestApi } from './api-client.js';

interface Closable {
  close(): Promise<unknown>;
}

/** An API with a Bull Board, its Redis, and the other sides of its queues. */
export class BoardStand {
  readonly redis: Redis;
  readonly keys: string;
  private readonly open: Closable[] = [];

  private constructor(
    readonly api: TestApi,
    private readonly redisUrl: string,
    /** Of a browser that is signed in as an admin. */
    readonly cookie: Cookie,
  ) {
    this.redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
    this.redis.on('error', () => undefined);
    this.keys = `${api.prefix}:jobs:`;
  }

  static async start(options: Parameters<typeof TestApi.start>[0] = {}): Promise<BoardStand> {
    const api = await TestApi.start(options);
    return new BoardStand(api, options.redisUrl ?? testRedisUrl(), await api.signIn());
  }

  /** Address of the page; with a path behind it. */
  board(path = ''): string {
    return `${this.api.url}/admin/queues${path}`;
  }

  /** The page for somebody who is signed in. */
  page(path = '', url = this.board(path)): { url: string; cookie: Cookie } {
    return { url, cookie: this.cookie };
  }

  /** BullMQ's own queue on the same keys. */
  queue(name = 'jobs') {
    const queue = new Queue(name, this.bull(), createBackendFactory());
    queue.on('error', () => undefined);
    return this.keep(queue);
  }

  flows() {
    const flows = new FlowProducer(this.bull(), createBackendFactory());
    flows.on('error', () => undefined);
    return this.keep(flows);
  }

  /** A worker that listens once it is returned. */
  async worker(run: Processor, name = 'board-worker', queue = 'jobs') {
    const worker = new Worker(queue, run, { ...this.bull(), name, drainDelay: 1 }, createBackendFactory());
    worker.on('error', () => undefined);
    this.keep({ close: () => worker.close(true) });
    await worker.waitUntilReady();
    return worker;
  }

  /** Adds a job with the commands of a Go service, in their order. */
  async addAsGo(id: string, fields: object, priority: number): Promise<void> {
    const { redis, keys } = this;
    const now = new Date().toISOString();
    const document = {
      id,
      created_at: now,
      updated_at: now,
      deleted_at: null,
      status: 'pending',
      progress: 0,
      priority,
      ...fields,
    };
    const message = (event: string) =>
      JSON.stringify({ data: { job_id: id, priority, status: 'pending' }, event, job_id: id, timestamp: 1 });
    await redis.set(`${keys}data:${id}`, JSON.stringify(document), 'EX', 3600);
    await redis.set(`${keys}status:${id}`, 'pending', 'EX', 3600);
    await redis.publish(`${keys}updates`, message('status_updated'));
    await redis.zadd(`${keys}queue`, -priority, id);
    await redis.expire(`${keys}queue`, 3600);
    await redis.publish(`${keys}updates`, message('job_added'));
  }

  status(id: string): Promise<string | null> {
    return this.redis.get(`${this.keys}status:${id}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((one) => one.close()));
    await this.api.close();
    this.redis.disconnect();
  }

  private bull() {
    return { connection: { url: this.redisUrl }, prefix: this.api.prefix };
  }

  private keep<T extends Closable>(one: T): T {
    this.open.push(one);
    return one;
  }
}
