import { Logger, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { loadSettings } from '#libs/contracts';
import { JobHandler, type JobContext } from '#libs/jobs';
import { QueueKeys, QueueService, silentLogger, TypeCatalog, TypeLimits } from '#libs/queue';
import { testRedisUrl } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { freshPrefix } from '../../../tests/e2e/worker-process.js';
import { Lifecycle } from './lifecycle.js';
import { WorkerModule } from './worker.module.js';

/** Jobs that run now, until they are let go. */
class Stage {
  readonly running = new Map<string, () => void>();
  readonly ran: string[] = [];

  enter({ id }: { id: string }): Promise<void> {
    this.ran.push(id);
    return new Promise((resolve) => {
      this.running.set(id, () => {
        this.running.delete(id);
        resolve();
      });
    });
  }

  letGo(): void {
    for (const go of this.running.values()) go();
  }
}

const stage = new Stage();

@JobHandler({ type: 'test.two', concurrency: { global: 2 } })
class Two implements JobHandler {
  run(_: unknown, { job }: JobContext) {
    return stage.enter(job);
  }
}

@JobHandler({ type: 'test.off', enabled: false })
class Off implements JobHandler {
  run(_: unknown, { job }: JobContext) {
    return stage.enter(job);
  }
}

@Module({ providers: [Two, Off] })
class TestPlugin {}

describe('limits of the types of workers', () => {
  const url = testRedisUrl();
  const prefix = freshPrefix();
  const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
  const redis = new Redis(url);
  const keys = new QueueKeys(prefix, 'jobs');
  const catalog = new TypeCatalog(async () => redis, keys);
  const limits = new TypeLimits(async () => redis, keys);
  const started: TestingModule[] = [];

  async function startWorker(id: string): Promise<void> {
    const settings = loadSettings({
      REDIS_URL: url,
      QUEUE_PREFIX: prefix,
      WORKER_PORT: '0',
      WORKER_CONCURRENCY: '5',
      SHUTDOWN_SECONDS: '0',
      DROVER_BUNDLED_PLUGINS: 'example',
    });
    const module = await Test.createTestingModule({
      imports: [WorkerModule.forRoot({ id, version: 'test', settings }), TestPlugin],
    }).compile();
    await module.init();
    started.push(module);
    await module.get(Lifecycle).start();
  }

  const create = async (type: string) => (await queue.jobs.create({ type, payload: {} })).id;
  const parked = () => redis.zcard(`${prefix}:jobs:parked`);

  beforeAll(async () => {
    Logger.overrideLogger(false);
    await startWorker('first');
    await startWorker('second');
  });

  afterEach(async () => {
    await waitFor(async () => (stage.letGo(), (await queue.getProcessingCount()) === 0));
    stage.ran.length = 0;
  });

  afterAll(async () => {
    await Promise.all(started.map((module) => module.get(Lifecycle).stop()));
    redis.disconnect();
    await queue.close();
  });

  it('are written when a worker starts', async () => {
    await waitFor(async () => (await limits.read()).size > 0);
    expect(Object.fromEntries(await limits.read())).toEqual({
      'test.two': { global: 2, perProcess: null },
      'test.off': { global: 0, perProcess: null },
    });
  });

  it('hold over all workers, and change at run time', async () => {
    for (let nth = 0; nth < 6; nth++) await create('test.two');
    await waitFor(async () => (await parked()) === 4);
    expect(stage.running.size).toBe(2);
    await catalog.override('test.two', { concurrency: { global: 3, perProcess: null } });
    await waitFor(() => stage.running.size === 3);
    await catalog.override('test.two', { concurrency: { global: null } });
    await waitFor(() => stage.running.size === 6);
    await catalog.override('test.two', undefined);
  });

  it('let jobs of a type wait that is switched off, unclaimed, until it is switched on', async () => {
    const ids = [await create('test.off'), await create('test.off')];
    await waitFor(async () => (await parked()) === 2);
    expect(await queue.jobs.find(ids[0] ?? '')).toMatchObject({
      status: 'pending',
      attempts: { started: 0 },
    });
    await catalog.override('test.off', { enabled: true });
    await waitFor(() => stage.running.size === 2);
    expect([...stage.ran].sort()).toEqual([...ids].sort());
    await catalog.override('test.off', undefined);
  });

  it('are written again after Redis has lost them', async () => {
    await redis.del(`${prefix}:jobs:meta`);
    await catalog.override('test.else', { attempts: 2 });
    await waitFor(async () => (await limits.read()).size === 2);
    await catalog.override('test.else', undefined);
  });
});
