// @nestjs/bullmq in a real Nest application on Drover's store: processors, their options, flows, registration.
import {
  BullModule,
  getQueueToken,
  InjectFlowProducer,
  InjectQueue,
  Processor,
  WorkerHost,
} from '@nestjs/bullmq';
import { Injectable, Module } from '@nestjs/common';
import type { FlowProducer, Job, Queue } from 'bullmq';
import { QueueService } from '#libs/queue';
import { waitFor } from '../../../tests/support/wait.js';
import { startApp } from './support/nest-app.js';
import { useStand } from './support/stand.js';

const open = useStand();

/** Notes each job and returns `{ ran: <id> }`. */
abstract class Noting extends WorkerHost {
  readonly ran: string[] = [];

  process(job: Job): Promise<unknown> {
    this.ran.push(String(job.id));
    return Promise.resolve({ ran: job.id });
  }
}

@Processor('jobs')
class Jobs extends Noting {}

@Processor('mails')
class Mails extends Noting {}

const queues = (...names: string[]) => BullModule.registerQueue(...names.map((name) => ({ name })));

describe('a processor', () => {
  it('runs what a legacy service adds, before and after the start, best first', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'low', priority: 0 });
    await stand.legacy.add({ id: 'high', priority: 2 });
    const app = await startApp(stand, { imports: [queues('jobs')], providers: [Jobs] });
    const jobs = app.get(Jobs);
    await waitFor(() => jobs.ran.length === 2);
    await stand.legacy.add({ id: 'late' });
    await waitFor(async () => (await stand.legacy.status('late')) === 'completed');
    expect(jobs.ran).toEqual(['high', 'low', 'late']);
    expect(await stand.legacy.result('late')).toEqual({ ran: 'late' });
  });

  it('gets the whole document of a legacy job', async () => {
    const stand = open();
    let data: unknown;
    @Processor('jobs')
    class Reader extends WorkerHost {
      process(job: Job): Promise<void> {
        data = job.data;
        return Promise.resolve();
      }
    }
    await startApp(stand, { imports: [queues('jobs')], providers: [Reader] });
    await stand.legacy.add({ id: 'a', username: 'ada', count: 7 });
    await waitFor(() => data !== undefined);
    expect(data).toMatchObject({ id: 'a', username: 'ada', count: 7 });
  });

  it('runs on a queue that is not registered', async () => {
    const stand = open();
    const app = await startApp(stand, { imports: [queues('mails')], providers: [Jobs] });
    await stand.legacy.add({ id: 'a' });
    await waitFor(async () => (await stand.legacy.status('a')) === 'completed');
    expect(app.get(Jobs).ran).toEqual(['a']);
  });
});

describe("a processor's options", () => {
  it('concurrency lets so many jobs run at once, and no more', async () => {
    const stand = open();
    const running = new Map<string, () => void>();
    let most = 0;
    @Processor('jobs', { concurrency: 3 })
    class Wide extends WorkerHost {
      async process(job: Job): Promise<void> {
        await new Promise<void>((resolve) => {
          running.set(String(job.id), resolve);
          most = Math.max(most, running.size);
        });
        running.delete(String(job.id));
      }
    }
    await startApp(stand, { imports: [queues('jobs')], providers: [Wide] });
    for (const id of ['a', 'b', 'c', 'd', 'e']) await stand.legacy.add({ id });
    await waitFor(() => running.size === 3);
    const left = ['a', 'b', 'c', 'd', 'e'];
    await waitFor(async () => {
      for (const end of running.values()) end();
      const states = await Promise.all(left.map((id) => stand.status(id)));
      return states.every((state) => state === 'completed');
    });
    expect(most).toBe(3);
  });

  it('lockDuration is the lease of its jobs', async () => {
    const stand = open();
    let finish: () => void = () => undefined;
    @Processor('jobs', { lockDuration: 3_000_000 })
    class Long extends WorkerHost {
      process(): Promise<void> {
        return new Promise((resolve) => (finish = resolve));
      }
    }
    await startApp(stand, { imports: [queues('jobs')], providers: [Long] });
    const before = Date.now();
    await stand.legacy.add({ id: 'a' });
    await waitFor(async () => (await stand.status('a')) === 'running');
    const ends = Number(await stand.redis.zscore(stand.key('leases'), 'a'));
    finish();
    expect(ends).toBeGreaterThanOrEqual(before + 3_000_000);
    expect(ends).toBeLessThanOrEqual(Date.now() + 3_000_000);
  });

  it('limiter holds back what is more than so many jobs in a time', async () => {
    const stand = open();
    @Processor('jobs', { limiter: { max: 1, duration: 3_600_000 } })
    class Limited extends Noting {}
    const app = await startApp(stand, { imports: [queues('jobs')], providers: [Limited] });
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.add({ id: 'b' });
    await waitFor(async () => (await stand.status('a')) === 'completed');
    const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
    await waitFor(async () => (await queue.getRateLimitTtl()) > 0);
    expect(app.get(Limited).ran).toEqual(['a']);
    expect(await stand.queued()).toEqual(['b']);
    await queue.removeRateLimitKey();
  });

  it('name is shown among the connections, with the prefix and the queue', async () => {
    const stand = open();
    @Processor('jobs', { name: 'mailer' })
    class Named extends Noting {}
    const app = await startApp(stand, { imports: [queues('jobs')], providers: [Named, Jobs] });
    await Promise.all([Named, Jobs].map((one) => app.get<Noting>(one).worker.waitUntilReady()));
    const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
    const base = `${stand.prefix}:${Buffer.from('jobs').toString('base64')}`;
    const workers = await waitFor(async () => {
      const list = await queue.getWorkers();
      return list.length === 2 ? list : undefined;
    });
    expect(workers.map(({ rawname }) => rawname).sort()).toEqual([base, `${base}:w:mailer`]);
  });
});

describe('several queues', () => {
  it('each have their processor', async () => {
    const stand = open();
    const app = await startApp(stand, { imports: [queues('jobs', 'mails')], providers: [Jobs, Mails] });
    const queue = (name: string) => app.get<Queue>(getQueueToken(name), { strict: false });
    await queue('jobs').add('t', {}, { jobId: 'j' });
    await queue('mails').add('t', {}, { jobId: 'm' });
    await waitFor(() => app.get(Jobs).ran.length + app.get(Mails).ran.length === 2);
    expect([app.get(Jobs).ran, app.get(Mails).ran]).toEqual([['j'], ['m']]);
  });

  it('can be registered with options from other providers, which win over those of the store', async () => {
    const stand = open();
    const NAME = Symbol('prefix');
    @Module({ providers: [{ provide: NAME, useValue: `${stand.prefix}:own` }], exports: [NAME] })
    class NamesModule {}
    const mails = BullModule.registerQueueAsync({
      name: 'mails',
      imports: [NamesModule],
      inject: [NAME],
      useFactory: (prefix: string) => ({ prefix, defaultJobOptions: { attempts: 4 } }),
    });
    const app = await startApp(stand, { imports: [mails, queues('jobs')], providers: [Jobs, Mails] });
    const job = await app.get<Queue>(getQueueToken('mails'), { strict: false }).add('t', {}, { jobId: 'm' });
    const status = `${stand.prefix}:own:mails:status:m`;
    await waitFor(async () => (await stand.redis.get(status)) === 'completed');
    expect(job.opts.attempts).toBe(4);
    expect(app.get(Mails).ran).toEqual(['m']);
  });

  it('can have a connection of their own', async () => {
    const stand = open();
    const mails = BullModule.registerQueue({ name: 'mails', connection: { url: stand.url } as never });
    const app = await startApp(stand, { imports: [mails], providers: [Mails] });
    await app.get<Queue>(getQueueToken('mails'), { strict: false }).add('t', {}, { jobId: 'm' });
    await waitFor(async () => (await stand.redis.get(`${stand.prefix}:mails:status:m`)) === 'completed');
    expect(app.get(Mails).ran).toEqual(['m']);
  });
});

describe('a flow producer', () => {
  @Injectable()
  class Producer {
    constructor(
      @InjectFlowProducer('flows') readonly flows: FlowProducer,
      @InjectQueue('jobs') readonly queue: Queue,
    ) {}
  }

  @Processor('jobs')
  class Parents extends WorkerHost {
    async process(job: Job): Promise<unknown> {
      return { children: await job.getChildrenValues() };
    }
  }

  it('adds a tree over two queues, whose parent sees what its children returned', async () => {
    const stand = open();
    const flows = BullModule.registerFlowProducer({ name: 'flows' });
    const imports = [flows, queues('jobs', 'mails')];
    const app = await startApp(stand, { imports, providers: [Producer, Parents, Mails] });
    const { flows: producer, queue } = app.get(Producer);
    const tree = await producer.add({
      name: 'newsletter',
      queueName: 'jobs',
      opts: { jobId: 'parent' },
      children: ['one', 'two'].map((jobId) => ({ name: 'mail', queueName: 'mails', opts: { jobId } })),
    });
    expect(tree.children?.map(({ job }) => job.id)).toEqual(['one', 'two']);
    await waitFor(async () => (await stand.legacy.status('parent')) === 'completed');
    const children = {
      [`${stand.prefix}:mails:one`]: { ran: 'one' },
      [`${stand.prefix}:mails:two`]: { ran: 'two' },
    };
    expect(await stand.legacy.result('parent')).toEqual({ children });
    expect((await queue.getJob('parent'))?.returnvalue).toEqual({ children });
    expect((await app.get(QueueService).jobs.stats()).byStatus.completed).toBe(1);
  });
});
