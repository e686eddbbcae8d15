// The module in a real Nest application: QueueService and @nestjs/bullmq on the same jobs.
import 'reflect-metadata';
import { getQueueToken, InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Injectable, Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job, Queue } from 'bullmq';
import { QueueModule, QueueService, type QueueModuleOptions } from '#libs/queue';
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

@Injectable()
class Producer {
  constructor(
    @InjectQueue('jobs') readonly queue: Queue,
    @Inject(QueueService) readonly service: QueueService,
  ) {}
}

@Processor('jobs')
class Consumer extends WorkerHost {
  readonly ran: Job[] = [];
  readonly completed: string[] = [];

  process(job: Job): Promise<unknown> {
    this.ran.push(job);
    if (job.name === 'fails') throw new Error('as asked');
    return Promise.resolve({ ran: job.id });
  }

  @OnWorkerEvent('completed')
  onCompleted(job: Job): void {
    this.completed.push(String(job.id));
  }
}

@Module({})
class FeatureModule {}

/** A feature module of an application, as its authors write it. */
const feature = (...providers: (typeof Producer | typeof Consumer)[]): DynamicModule => ({
  module: FeatureModule,
  imports: [QueueModule.forFeature('jobs')],
  providers,
  exports: providers,
});

@Module({})
class AppModule {}

async function start(stand: Stand, ...imports: DynamicModule[]): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext({ module: AppModule, imports }, { logger: false });
  stand.keep(app);
  return app;
}

const options = (stand: Stand): QueueModuleOptions => stand.serviceOptions();

/** Sockets and timers that keep the process alive. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) {
    if (/TCP|Timeout|Pipe/.test(name)) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Resolves when the iterator ends. */
async function drained(updates: AsyncIterableIterator<unknown>): Promise<void> {
  while (!(await updates.next()).done);
}

describe('QueueModule.forRoot', () => {
  it('lets @InjectQueue, @Processor, QueueService and legacy work on the same jobs', async () => {
    const stand = open();
    const app = await start(stand, QueueModule.forRoot(options(stand)), feature(Producer, Consumer));
    const { queue, service } = app.get(Producer);
    const consumer = app.get(Consumer);
    await queue.add('bull', { by: 'bull' }, { jobId: 'by-bull' });
    await service.addJob({ id: 'by-service', type: 'service', payload: { by: 'service' } });
    await stand.legacy.add({ id: 'by-legacy' });
    await waitFor(() => consumer.completed.length === 3);
    expect(consumer.ran.map((job) => job.id).sort()).toEqual(['by-bull', 'by-legacy', 'by-service']);
    expect(await service.getJobResult('by-legacy')).toEqual({ ran: 'by-legacy' });
    expect(await stand.legacy.status('by-bull')).toBe('completed');
    expect((await queue.getJob('by-service'))?.returnvalue).toEqual({ ran: 'by-service' });
    expect((await service.jobs.stats()).byStatus.completed).toBe(3);
  });

  it('gives queues and workers the options of the store', async () => {
    const stand = open();
    const settings = { ...options(stand), jobTtlSeconds: 55, defaultType: 'from.options' };
    const app = await start(stand, QueueModule.forRoot(settings), feature(Producer, Consumer));
    await stand.legacy.add({ id: 'a' });
    const consumer = app.get(Consumer);
    await waitFor(() => consumer.completed.length === 1);
    expect(consumer.ran[0]?.name).toBe('from.options');
    const ends = await stand.redis.pttl(stand.key('status:a'));
    expect(ends).toBeGreaterThan(0);
    expect(ends).toBeLessThanOrEqual(55_000);
    expect(await app.get(QueueService).getQueueStats()).toMatchObject({ ttl_seconds: 55 });
  });

  it('provides QueueService to every module, without importing it there', async () => {
    const stand = open();
    @Injectable()
    class Elsewhere {
      constructor(@Inject(QueueService) readonly service: QueueService) {}
    }
    @Module({ providers: [Elsewhere], exports: [Elsewhere] })
    class ElsewhereModule {}
    const app = await start(stand, QueueModule.forRoot(options(stand)), { module: ElsewhereModule });
    expect(app.get(Elsewhere, { strict: false }).service).toBe(app.get(QueueService));
  });

  it('refuses to start with a queue name that is not allowed', async () => {
    const stand = open();
    const module = QueueModule.forRoot({ ...options(stand), queue: 'worker' });
    const starting = NestFactory.createApplicationContext(
      { module: AppModule, imports: [module] },
      { logger: false, abortOnError: false },
    );
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_QUEUE_NAME' });
  });
});

describe('QueueModule.forRootAsync', () => {
  const CONFIG = Symbol('config');

  function configModule(value: QueueModuleOptions): DynamicModule {
    const provider = { provide: CONFIG, useFactory: () => Promise.resolve(value) };
    return { module: class ConfigModule {}, providers: [provider], exports: [CONFIG] };
  }

  it('takes its options from other providers, also for queues and workers', async () => {
    const stand = open();
    const root = QueueModule.forRootAsync({
      imports: [configModule({ ...options(stand), defaultType: 'from.config' })],
      inject: [CONFIG],
      useFactory: async (config: QueueModuleOptions) => Promise.resolve(config),
    });
    const app = await start(stand, root, feature(Producer, Consumer));
    await app.get(Producer).service.addJob({ id: 'a' });
    await stand.legacy.add({ id: 'b' });
    const consumer = app.get(Consumer);
    await waitFor(() => consumer.completed.length === 2);
    expect(consumer.ran.map((job) => job.name)).toEqual(['from.config', 'from.config']);
    expect(await app.get(Producer).queue.getCompletedCount()).toBe(2);
  });

  it('works when the feature is imported before the root', async () => {
    const stand = open();
    const root = QueueModule.forRootAsync({
      imports: [configModule(options(stand))],
      inject: [CONFIG],
      useFactory: (config: QueueModuleOptions) => config,
    });
    const app = await start(stand, feature(Producer, Consumer), root);
    await app.get(Producer).queue.add('t', {}, { jobId: 'a' });
    await waitFor(async () => (await stand.status('a')) === 'completed');
    expect(await stand.legacy.result('a')).toEqual({ ran: 'a' });
  });

  it('fails the start when its factory fails', async () => {
    const stand = open();
    const root = QueueModule.forRootAsync({
      useFactory: () => Promise.reject(new Error('no configuration')),
    });
    const starting = NestFactory.createApplicationContext(
      { module: AppModule, imports: [root] },
      { logger: false, abortOnError: false },
    );
    await expect(starting).rejects.toThrow('no configuration');
    expect(stand.log.lines).toEqual([]);
  });
});

describe('QueueModule.forFeature', () => {
  it('registers several queues, each with jobs of its own', async () => {
    const stand = open();
    const app = await start(
      stand,
      QueueModule.forRoot(options(stand)),
      QueueModule.forFeature('jobs', 'mails'),
    );
    const [jobs, mails] = ['jobs', 'mails'].map((name) =>
      app.get<Queue>(getQueueToken(name), { strict: false }),
    );
    await jobs!.add('t', {}, { jobId: 'a' });
    await mails!.add('t', {}, { jobId: 'b' });
    expect(await stand.queued()).toEqual(['a']);
    expect(await stand.redis.zrange(`${stand.prefix}:mails:queue`, 0, -1)).toEqual(['b']);
    const keys = await stand.redis.keys(`${stand.prefix}:*`);
    expect(keys.every((key) => /:(jobs|mails):/.test(key))).toBe(true);
  });
});

describe('closing the application', () => {
  it('lets the running job end, keeps the others waiting, and leaves no handle open', async () => {
    const stand = open();
    await stand.redis.ping();
    let finish: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (finish = resolve));
    @Processor('jobs', { concurrency: 1 })
    class Slow extends WorkerHost {
      async process(): Promise<string> {
        await released;
        return 'ended';
      }
    }
    const before = handles();
    const app = await NestFactory.createApplicationContext(
      {
        module: AppModule,
        imports: [QueueModule.forRoot(options(stand)), QueueModule.forFeature('jobs')],
        providers: [Slow, Producer],
      },
      { logger: false },
    );
    const { queue, service } = app.get(Producer);
    const updates = service.subscribe();
    await updates.ready;
    await queue.addBulk(['a', 'b', 'c'].map((jobId) => ({ name: 't', data: {}, opts: { jobId } })));
    await waitFor(async () => (await stand.status('a')) === 'running');
    const closing = app.close();
    await waitFor(() => app.get(Slow).worker.closing !== undefined);
    finish();
    await closing;
    expect(await stand.status('a')).toBe('completed');
    expect(await stand.queued()).toEqual(['b', 'c']);
    await drained(updates);
    // Sockets of the test before may have been among the first ones.
    const gone = () => Object.entries(handles()).every(([name, count]) => count <= (before[name] ?? 0));
    await waitFor(gone, { what: 'sockets and timers to be gone' });
  });

  it('can be followed by another start in the same process, which finds the jobs', async () => {
    const stand = open();
    const first = await start(stand, QueueModule.forRoot(options(stand)), feature(Producer));
    await first.get(Producer).service.addJob({ id: 'a' });
    await first.close();
    const second = await start(stand, QueueModule.forRoot(options(stand)), feature(Producer, Consumer));
    await waitFor(() => second.get(Consumer).completed.includes('a'));
    await second.close();
    await expect(second.get(QueueService).addJob({ id: 'b' })).rejects.toThrow('Connection is closed.');
  });
});
