// What @OnWorkerEvent and @OnQueueEvent methods hear of jobs in Drover's store.
import {
  BullModule,
  getFlowProducerToken,
  getQueueToken,
  OnQueueEvent,
  OnWorkerEvent,
  Processor,
  QueueEventsHost,
  QueueEventsListener,
  WorkerHost,
} from '@nestjs/bullmq';
import { QueueEventsProducer, type FlowProducer, type Job, type Queue } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { startApp } from './support/nest-app.js';
import { useStand } from './support/stand.js';

const open = useStand();

type Heard = [event: string, ...detail: unknown[]];

const imports = [
  BullModule.registerQueue({ name: 'jobs' }, { name: 'mails' }),
  BullModule.registerFlowProducer({ name: 'flows' }),
];

describe('@OnWorkerEvent', () => {
  @Processor('jobs', { stalledInterval: 200, lockDuration: 20_000 })
  class Watched extends WorkerHost {
    readonly heard: Heard[] = [];
    readonly ends: (() => void)[] = [];

    async process(job: Job): Promise<string> {
      await job.updateProgress(50);
      if (job.name === 'fails') throw new Error('as asked');
      if (job.name === 'waits') await new Promise<void>((resolve) => this.ends.push(resolve));
      return 'done';
    }

    @OnWorkerEvent('ready')
    onReady(): void {
      this.heard.push(['ready']);
    }
    @OnWorkerEvent('active')
    onActive(job: Job, prev: string): void {
      this.heard.push(['active', job.id, prev]);
    }
    @OnWorkerEvent('progress')
    onProgress(job: Job, progress: unknown): void {
      this.heard.push(['progress', job.id, progress]);
    }
    @OnWorkerEvent('completed')
    onCompleted(job: Job, result: unknown): void {
      this.heard.push(['completed', job.id, result]);
    }
    @OnWorkerEvent('failed')
    onFailed(job: Job | undefined, error: Error): void {
      this.heard.push(['failed', job?.id, error.message]);
    }
    @OnWorkerEvent('stalled')
    onStalled(jobId: string, prev: string): void {
      this.heard.push(['stalled', jobId, prev]);
    }
    @OnWorkerEvent('error')
    onError(error: Error): void {
      this.heard.push(['error', error.message]);
    }
    @OnWorkerEvent('drained')
    onDrained(): void {
      this.heard.push(['drained']);
    }
    @OnWorkerEvent('closed')
    onClosed(): void {
      this.heard.push(['closed']);
    }

    of(id: string): Heard[] {
      return this.heard.filter(([, about]) => about === id);
    }
    has(event: string): boolean {
      return this.heard.some(([name]) => name === event);
    }
  }

  it('hears a legacy job run: active, progress, completed; and when the worker is ready and drained', async () => {
    const stand = open();
    const watched = (await startApp(stand, { imports, providers: [Watched] })).get(Watched);
    await waitFor(() => watched.has('ready'));
    await stand.legacy.add({ id: 'a' });
    await waitFor(() => watched.has('completed') && watched.has('drained'));
    expect(watched.of('a')).toEqual([
      ['active', 'a', 'waiting'],
      ['progress', 'a', 50],
      ['completed', 'a', 'done'],
    ]);
    expect(watched.has('error')).toBe(false);
  });

  it('hears why a job failed, each time', async () => {
    const stand = open();
    const app = await startApp(stand, { imports, providers: [Watched] });
    const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
    await queue.add('fails', {}, { jobId: 'a', attempts: 2 });
    const watched = app.get(Watched);
    await waitFor(async () => (await stand.status('a')) === 'failed');
    const failed = () => watched.of('a').filter(([event]) => event === 'failed');
    await waitFor(() => failed().length === 2);
    expect(failed()).toEqual([
      ['failed', 'a', 'as asked'],
      ['failed', 'a', 'as asked'],
    ]);
  });

  it('hears that a job stalled, and that a late result was refused', async () => {
    const stand = open();
    const app = await startApp(stand, { imports, providers: [Watched] });
    const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
    const watched = app.get(Watched);
    await queue.add('waits', {}, { jobId: 'a' });
    await waitFor(() => watched.ends.length === 1);
    await stand.endLease('a');
    await waitFor(() => watched.has('stalled'));
    watched.ends[0]?.();
    await waitFor(() => watched.has('error'));
    await waitFor(() => watched.ends.length === 2);
    watched.ends[1]?.();
    await waitFor(() => watched.has('completed'));
    expect(watched.of('a').map(([event]) => event)).toEqual([
      'active',
      'progress',
      'stalled',
      'active',
      'progress',
      'completed',
    ]);
    expect(watched.of('a')[2]).toEqual(['stalled', 'a', 'active']);
  });

  it('hears that the worker closed, when the application closes', async () => {
    const app = await startApp(open(), { imports, providers: [Watched] });
    await app.close();
    expect(app.get(Watched).heard.at(-1)).toEqual(['closed']);
  });
});

describe('@OnQueueEvent', () => {
  const EVENTS = [
    'added',
    'waiting',
    'active',
    'progress',
    'completed',
    'failed',
    'retries-exhausted',
    'delayed',
    'drained',
    'paused',
    'resumed',
    'removed',
    'waiting-children',
    'duplicated',
    'deduplicated',
    'cleaned',
    'mail.bounced',
  ];

  @QueueEventsListener('jobs')
  class Listener extends QueueEventsHost {
    readonly heard: Heard[] = [];
    of(event: string): unknown[] {
      return this.heard.filter(([name]) => name === event).map(([, detail]) => detail);
    }
  }
  // One method for each event, as if written out.
  for (const event of EVENTS) {
    const value = function (this: Listener, detail: unknown): void {
      this.heard.push([event, detail]);
    };
    const method = { value, writable: true, configurable: true };
    Object.defineProperty(Listener.prototype, `on ${event}`, method);
    OnQueueEvent(event as 'added')(Listener.prototype, `on ${event}`, method);
  }

  /** `fails` fails, everything else returns its id. */
  @Processor('jobs')
  class Runner extends WorkerHost {
    async process(job: Job): Promise<unknown> {
      await job.updateProgress({ at: 'start' });
      if (job.name === 'fails') throw new Error('as asked');
      return { ran: job.id };
    }
  }

  async function start(...providers: (typeof Runner)[]) {
    const stand = open();
    const app = await startApp(stand, { imports, providers: [Listener, ...providers] });
    const listener = app.get(Listener);
    await listener.queueEvents.waitUntilReady();
    const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
    const hears = (event: string, count = 1) =>
      waitFor(() => listener.of(event).length >= count, { what: `"${event}" to be heard` });
    return { stand, app, listener, queue, hears };
  }

  it('hears a legacy job from its adding to its end', async () => {
    const { stand, listener, hears } = await start(Runner);
    await stand.legacy.add({ id: 'a' });
    await hears('drained');
    expect(listener.of('waiting')).toEqual([{ jobId: 'a' }]);
    expect(listener.of('active')).toEqual([{ jobId: 'a', prev: 'waiting' }]);
    expect(listener.of('progress')).toEqual([{ jobId: 'a', data: { at: 'start' } }]);
    expect(listener.of('completed')).toEqual([{ jobId: 'a', returnvalue: { ran: 'a' }, prev: 'active' }]);
  });

  it('hears a failure and the end of attempts', async () => {
    const { queue, listener, hears } = await start(Runner);
    await queue.add('fails', {}, { jobId: 'a' });
    await hears('retries-exhausted');
    expect(listener.of('added')).toEqual([{ jobId: 'a', name: 'fails' }]);
    expect(listener.of('failed')).toEqual([{ jobId: 'a', failedReason: 'as asked', prev: 'active' }]);
    expect(listener.of('retries-exhausted')).toEqual([{ jobId: 'a', attemptsMade: '1' }]);
  });

  it('hears what is done to a queue and to jobs that wait', async () => {
    const { queue, listener, hears } = await start();
    await queue.pause();
    await queue.add('t', {}, { jobId: 'late', delay: 3_600_000 });
    await queue.remove('late');
    await queue.resume();
    await hears('resumed');
    expect(listener.heard.map(([event]) => event)).toEqual([
      'paused',
      'added',
      'delayed',
      'removed',
      'resumed',
    ]);
    expect(listener.of('delayed')).toEqual([{ jobId: 'late', delay: expect.any(Number) as number }]);
    expect(listener.of('removed')).toEqual([{ jobId: 'late', prev: 'delayed' }]);
  });

  it('hears ids that exist already, and deduplication', async () => {
    const { queue, listener, hears } = await start();
    await queue.add('t', {}, { jobId: 'a', deduplication: { id: 'only' } });
    await queue.add('t', {}, { jobId: 'a' });
    await queue.add('t', {}, { jobId: 'b', deduplication: { id: 'only' } });
    await hears('deduplicated');
    expect(listener.of('duplicated')).toEqual([{ jobId: 'a' }]);
    expect(listener.of('deduplicated')).toEqual([
      { jobId: 'a', deduplicationId: 'only', deduplicatedJobId: 'b' },
    ]);
  });

  it('hears that a parent waits for its children', async () => {
    const { app, listener, hears } = await start();
    const flows = app.get<FlowProducer>(getFlowProducerToken('flows'), { strict: false });
    await flows.add({
      name: 'parent',
      queueName: 'jobs',
      opts: { jobId: 'p' },
      children: [{ name: 'child', queueName: 'mails' }],
    });
    await hears('waiting-children');
    expect(listener.of('waiting-children')).toEqual([{ jobId: 'p' }]);
  });

  it('hears that finished jobs were cleaned away', async () => {
    const { queue, listener, hears } = await start(Runner);
    await queue.add('t', {}, { jobId: 'a' });
    await hears('completed');
    await queue.clean(0, 100, 'completed');
    await hears('cleaned');
    expect(listener.of('cleaned')).toEqual([{ count: '1' }]);
  });

  it('hears events of the application itself', async () => {
    const { stand, queue, listener, hears } = await start();
    const { connection } = queue.opts;
    const producer = stand.keep(new QueueEventsProducer('jobs', { connection, prefix: stand.prefix }));
    await producer.publishEvent({ eventName: 'mail.bounced', to: 'ada@example.org' });
    await hears('mail.bounced');
    expect(listener.of('mail.bounced')).toEqual([{ to: 'ada@example.org' }]);
  });
});
