// What specs of a whole worker share: workers inside the test's process, on a real Redis.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { loadSettings, type JobView } from '#libs/contracts';
import { createBackend, QueueKeys, QueueService, silentLogger, TypeCatalog } from '#libs/queue';
import { Queue, type JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { freshPrefix } from '../../../tests/e2e/worker-process.js';
import { testRedisUrl } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { Lifecycle } from './lifecycle.js';
import { WorkerModule } from './worker.module.js';

type Imports = (Type | DynamicModule)[];

/** Workers on a queue of their own, and ways to look at it. */
export class WorkerStand {
  readonly prefix = freshPrefix();
  readonly queue: QueueService;
  readonly redis: Redis;
  readonly catalog: TypeCatalog;
  private readonly bull: Queue<unknown, unknown, string>;
  readonly dataDir = mkdtempSync(join(tmpdir(), 'drover-worker-'));
  private readonly apps = new Set<TestingModule>();
  private count = 0;

  /** @param url of the Redis; default: that of all specs. */
  constructor(readonly url = testRedisUrl()) {
    const { prefix } = this;
    this.queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
    this.redis = new Redis(url);
    this.catalog = new TypeCatalog(async () => this.redis, new QueueKeys(prefix, 'jobs'));
    this.bull = new Queue('jobs', { connection: { url }, prefix }, createBackend) as never;
  }

  /** Starts a worker with these plugins. */
  async start(plugins: Imports, settings: Record<string, string> = {}): Promise<TestingModule> {
    const module = await Test.createTestingModule({
      imports: [
        WorkerModule.forRoot({
          id: `w${++this.count}`,
          version: 'test',
          settings: loadSettings({
            REDIS_URL: this.url,
            QUEUE_PREFIX: this.prefix,
            WORKER_PORT: '0',
            SHUTDOWN_SECONDS: '0',
            DROVER_BUNDLED_PLUGINS: 'example',
            DATA_DIR: this.dataDir,
            ...settings,
          }),
        }),
        ...plugins,
      ],
    }).compile();
    await module.init();
    this.apps.add(module);
    await module.get(Lifecycle).start();
    return module;
  }

  async stop(module: TestingModule): Promise<void> {
    this.apps.delete(module);
    await module.get(Lifecycle).stop();
    await module.close();
  }

  async close(): Promise<void> {
    for (const module of [...this.apps]) await this.stop(module);
    await this.bull.close();
    await this.queue.close();
    await this.redis.quit();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Adds a job that says nothing its type could say. @returns its id */
  async add(
    type: string,
    payload: unknown = {},
    options: JobsOptions & { id?: string } = {},
  ): Promise<string> {
    const { id, ...rest } = options;
    const job = await this.bull.add(type, payload, { priority: 2, ...rest, ...(id && { jobId: id }) });
    return job.id as string;
  }

  /** The job, once it has ended. */
  async ended(id: string): Promise<JobView> {
    return this.until(id, ({ status }) => ['completed', 'failed', 'cancelled'].includes(status));
  }

  async until(id: string, reached: (job: JobView) => boolean): Promise<JobView> {
    await waitFor(async () => {
      const job = await this.queue.jobs.find(id);
      return job !== undefined && reached(job);
    });
    return this.queue.jobs.get(id);
  }

  /** The child that a job added under this key. */
  async child(parentId: string, key: string): Promise<JobView> {
    const { items } = await this.queue.jobs.list({ page: 1, pageSize: 1000 });
    const found = items.filter(({ id }) => id.startsWith(`${parentId}.`) && id.endsWith(`.${key}`));
    if (found.length !== 1) throw new Error(`${parentId} has ${found.length} children of the key ${key}`);
    return found[0] as JobView;
  }

  async logs(id: string): Promise<string[]> {
    return (await this.queue.jobs.logs(id, 0, 100)).logs;
  }
}
