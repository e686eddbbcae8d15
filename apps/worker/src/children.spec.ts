// Children of jobs: which job an id means, over retries, replays and parents that come again; and which queue they go to.
import { Injectable, Module } from '@nestjs/common';
import {
  eachItem,
  HandlerRegistry,
  JobHandler,
  schedulerOf,
  type BatchItem,
  type BatchJobHandler,
  type ChildOptions,
  type FlowChild,
  type JobContext,
} from '#libs/jobs';
import { QueueService, silentLogger, TypeQueues } from '#libs/queue';
import type { TestingModule } from '@nestjs/testing';
import { watchCommands } from '../../../tests/support/commands.js';
import { waitFor } from '../../../tests/support/wait.js';
import { foreignTypes } from './type-queues.js';
import { WorkerStand } from './worker.testkit.js';

@Injectable()
class Notes {
  readonly runs: string[] = [];
  inGoodMood = false;
}

@JobHandler({ type: 'test.count' })
class Count {
  constructor(private readonly notes: Notes) {}

  run({ of }: { of: number }, { job }: JobContext) {
    this.notes.runs.push(job.id);
    return of;
  }
}

@JobHandler({ type: 'test.flow', backoff: { base: 0 } })
class Flow {
  async run({ children }: { children: FlowChild[] }, { flow }: JobContext) {
    return (await flow(children)).map((child) => (child.status === 'completed' ? child.result : child.error));
  }
}

@JobHandler({ type: 'test.enqueue', backoff: { base: 0 } })
class Enqueue {
  async run(
    { child, options, fail }: { child: string; options?: ChildOptions; fail?: number },
    { enqueue, job }: JobContext,
  ) {
    const id = await enqueue(child, { of: 4 }, options);
    if (job.attempt <= (fail ?? 0)) throw new Error('after it was added');
    return id;
  }
}

@JobHandler({ type: 'test.moody' })
class Moody {
  constructor(private readonly notes: Notes) {}

  run() {
    if (!this.notes.inGoodMood) throw new Error('bad mood');
    return 'good';
  }
}

@JobHandler({ type: 'test.mail', queue: 'mail', priority: 'high' })
class Mail {
  run(_: unknown, { job }: JobContext) {
    return job.type;
  }
}

@JobHandler({ type: 'test.nightly', queue: 'mail', schedule: { every: '1h' } })
class Nightly {
  run() {}
}

@JobHandler({ type: 'test.needy', dependsOn: ['test.mail'] })
class Needy {
  run() {
    return 'had it';
  }
}

@JobHandler({ type: 'test.batch', batch: { size: 2, maxWait: '1h' }, timeout: '2h' })
class Batch implements BatchJobHandler<{ of?: number }> {
  runBatch(items: readonly BatchItem<{ of?: number }>[]) {
    return eachItem(items, async ({ payload: { of }, context }) => {
      if (of === undefined) return 'alone';
      const [child] = await context.flow([{ type: 'test.count', payload: { of }, delay: '1h' }]);
      return child;
    });
  }
}

@Module({ providers: [Notes, Count, Flow, Enqueue, Moody, Needy, Batch] })
class TestPlugin {}

@Module({ providers: [Mail] })
class MailPlugin {}

@Module({ providers: [Nightly] })
class NightlyPlugin {}

const CREATED = 1_900_000_000_000;
/** The id that a child of `parent` has, when that was created at {@link CREATED}. */
const idOf = (parent: string, key: string) => `${parent}.${CREATED.toString(36)}.${key}`;

describe('children', () => {
  const stand = new WorkerStand();
  let worker: TestingModule;
  let notes: Notes;

  const start = async (settings: Record<string, string> = {}) => {
    worker = await stand.start([TestPlugin], settings);
    notes = worker.get(Notes, { strict: false });
  };
  /** Another queue's jobs. */
  const inQueue = (name: string) => {
    const service = new QueueService({
      redisUrl: stand.url,
      prefix: stand.prefix,
      queue: name,
      logger: silentLogger,
    });
    others.push(service);
    return service.jobs;
  };
  const others: QueueService[] = [];

  beforeAll(() => start());
  afterAll(async () => {
    await Promise.all(others.map((service) => service.close()));
    await stand.close();
  });

  it('of a job that was removed are not taken for those of one that is added under its id', async () => {
    const child = { type: 'test.count', payload: { of: 1 }, key: 'only' };
    const first = await stand.add('test.flow', { children: [child] }, { id: 'again' });
    expect(await stand.ended(first)).toMatchObject({ result: [1] });
    await stand.queue.jobs.remove('again');
    await stand.add('test.flow', { children: [{ ...child, payload: { of: 2 } }] }, { id: 'again' });
    expect(await stand.ended('again')).toMatchObject({ status: 'completed', result: [2] });
  });

  it('that are enqueued are added once, however often the job that adds them is tried again', async () => {
    const payload = { child: 'test.count', options: { key: 'four' }, fail: 3 };
    const id = await stand.add('test.enqueue', payload, { attempts: 4 });
    expect(await stand.ended(id)).toMatchObject({ status: 'completed', attempts: { made: 4 } });
    const child = await stand.child(id, 'four');
    await stand.ended(child.id);
    expect(notes.runs.filter((run) => run === child.id)).toHaveLength(1);
  });

  it('have the id that enqueue gives, also where that of their parent is long', async () => {
    const long = 'x'.repeat(198);
    await stand.add('test.enqueue', { child: 'test.count' }, { id: long });
    const { result } = await stand.ended(long);
    expect(await stand.ended(result as string)).toMatchObject({ type: 'test.count', result: 4 });
  });

  it.each(['test.flow', 'test.enqueue'])(
    'fail a job of %s for good, when their id belongs to a job of another type',
    async (type) => {
      const parent = `taken-by-type-${type}`;
      await stand.add('test.moody', {}, { id: idOf(parent, 'a'), delay: 60_000 });
      const payload = {
        children: [{ type: 'test.count', key: 'a' }],
        child: 'test.count',
        options: { key: 'a' },
      };
      await stand.add(type, payload, { id: parent, timestamp: CREATED });
      expect(await stand.ended(parent)).toMatchObject({
        status: 'failed',
        errorCode: 'CHILD_ID_TAKEN',
        attempts: { made: 1 },
        error: expect.stringContaining(`${idOf(parent, 'a')}: that is a job of type "test.moody"`),
      });
    },
  );

  it('fail a job for good when their id belongs to a child of another job', async () => {
    const parent = 'taken-by-parent';
    await stand.add('test.flow', { children: [] }, { id: 'other-parent', delay: 60_000 });
    await stand.add(
      'test.count',
      {},
      {
        id: idOf(parent, 'a'),
        delay: 60_000,
        parent: { id: 'other-parent', queue: `${stand.prefix}:jobs` },
      },
    );
    const payload = { children: [{ type: 'test.count', key: 'a' }] };
    await stand.add('test.flow', payload, { id: parent, timestamp: CREATED });
    expect(await stand.ended(parent)).toMatchObject({
      status: 'failed',
      errorCode: 'CHILD_ID_TAKEN',
      error: expect.stringContaining(`a child of ${stand.prefix}:jobs:other-parent`),
    });
  });

  it('of a flow travel to Redis in one call', async () => {
    const seen: string[] = [];
    // Each call that adds takes its numbers once.
    const watch = await watchCommands(stand.redis, ([command = '', key = '']) => {
      seen.push(`${command.toLowerCase()} ${key}`);
    });
    const children = Array.from({ length: 150 }, (_, of) => ({
      type: 'test.count',
      payload: { of },
      delay: '1h',
    }));
    const id = await stand.add('test.flow', { children });
    await stand.until(id, ({ state }) => state === 'waiting-children');
    await watch.settled();
    await watch.close();
    // One for the parent, one for all of its children.
    expect(seen.filter((call) => call === `incrby ${stand.prefix}:jobs:counter`)).toHaveLength(2);
  });

  it('go to the queue that the published type names, with its priority, whichever worker runs it', async () => {
    const mailer = await stand.start([MailPlugin], { QUEUE_NAME: 'mail' });
    await stand.stop(worker);
    await start({ MORE_QUEUES: 'mail' });
    const id = await stand.add('test.flow', { children: [{ type: 'test.mail' }] });
    expect(await stand.ended(id)).toMatchObject({ result: ['test.mail'] });
    const child = await stand.ended(await stand.add('test.enqueue', { child: 'test.mail' }));
    // Only the mailer has the type, and says so.
    expect(await inQueue('mail').get(child.result as string)).toMatchObject({ priorityName: 'high' });
    await stand.stop(mailer);
  });

  it('are waited for by a job that depends on their type, until a worker of their queue has it', async () => {
    const types = worker.get(TypeQueues, { strict: false });
    // Not there: this one looks at another queue.
    const wrong = await stand.start([MailPlugin]);
    await waitFor(async () => !(await types.published('mail', 'test.mail')), {
      what: 'the mailer to be gone',
    });
    const id = await stand.add('test.needy');
    await stand.until(id, ({ state }) => state === 'delayed');
    await waitFor(async () => (await types.published('jobs', 'test.mail')) !== undefined);
    expect(await types.isRun('test.mail')).toBe(false);
    const mailer = await stand.start([MailPlugin], { QUEUE_NAME: 'mail' });
    await waitFor(() => types.isRun('test.mail'));
    // The first is left to other workers for some seconds.
    expect(await stand.ended(await stand.add('test.needy'))).toMatchObject({ result: 'had it' });
    await Promise.all([stand.stop(wrong), stand.stop(mailer)]);
  });

  it('go where QUEUE_ROUTES says, unless the job says where', async () => {
    await stand.stop(worker);
    await start({ QUEUE_ROUTES: 'test.co*=counting' });
    const routed = await stand.ended(await stand.add('test.enqueue', { child: 'test.count' }));
    expect(await inQueue('counting').get(routed.result as string)).toMatchObject({ status: 'pending' });
    const payload = { child: 'test.count', options: { queue: 'elsewhere' } };
    const chosen = await stand.ended(await stand.add('test.enqueue', payload));
    expect(await inQueue('elsewhere').get(chosen.result as string)).toMatchObject({ status: 'pending' });
  });

  it('stay where they are when their type is routed elsewhere later', async () => {
    await stand.stop(worker);
    await start();
    const children = [
      { type: 'test.count', payload: { of: 3 } },
      { type: 'test.moody', attempts: 1 },
    ];
    const id = await stand.add('test.flow', { children });
    expect(await stand.ended(id)).toMatchObject({ status: 'failed' });
    await stand.stop(worker);
    await start({ QUEUE_ROUTES: 'test.moody=elsewhere,test.count=elsewhere' });
    notes.inGoodMood = true;
    await stand.queue.jobs.retry(id);
    expect(await stand.until(id, ({ status }) => status === 'completed')).toMatchObject({
      result: [3, 'good'],
    });
    expect((await inQueue('elsewhere').list({ page: 1, pageSize: 10 })).items).toMatchObject([
      { type: 'test.count' },
    ]);
  });

  it('of a job of a batch keep the others of the batch from nothing', async () => {
    const [waiting, alone] = await Promise.all([
      stand.add('test.batch', { of: 7 }),
      stand.add('test.batch', {}),
    ]);
    expect(await stand.ended(alone!)).toMatchObject({ result: 'alone', attempts: { started: 1 } });
    await stand.until(waiting!, ({ state }) => state === 'waiting-children');
  });

  it('fail a job that lies in the wrong queue at once, with the route in its error', async () => {
    await stand.stop(worker);
    await start({ QUEUE_ROUTES: 'video.*=go-video' });
    const id = await stand.add('video.encode');
    expect(await stand.ended(id)).toMatchObject({
      status: 'failed',
      errorCode: 'WRONG_QUEUE',
      error: expect.stringContaining('go to queue "go-video" (QUEUE_ROUTES)'),
    });
  });

  it('of a schedule are added in the queue of their type, and only there', async () => {
    const scheduler = (queue: string) => `${stand.prefix}:${queue}:scheduler:${schedulerOf('test.nightly')}`;
    await stand.redis.hset(scheduler('jobs'), 'name', 'from before it had a queue');
    await stand.redis.zadd(
      `${stand.prefix}:jobs:schedulers`,
      Date.now() + 3_600_000,
      schedulerOf('test.nightly'),
    );
    const nightly = await stand.start([NightlyPlugin]);
    await waitFor(async () => (await stand.redis.exists(scheduler('mail'))) === 1);
    await waitFor(async () => (await stand.redis.exists(scheduler('jobs'))) === 0);
    await stand.stop(nightly);
  });

  it('a worker says which of its types go to queues it does not look at', async () => {
    const own = await stand.start([MailPlugin]);
    const registry = own.get(HandlerRegistry, { strict: false });
    const types = own.get(TypeQueues, { strict: false });
    expect(foreignTypes(registry, types, 'jobs')).toEqual([
      'jobs of type "test.mail" go to queue "mail", not to "jobs", which is all this worker looks at: start one with QUEUE_NAME=mail',
    ]);
    expect(foreignTypes(registry, types, 'mail')).toHaveLength(registry.all().length - 1);
    await stand.stop(own);
  });
});
