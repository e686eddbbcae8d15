// What @OnQueueEvent methods hear of jobs in Drover's store.
import {
  BullModule,
  getFlowProducerToken,
  getQueueToken,
  OnQueueEvent,
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

type Heard = [event: string, detail: unknown];

const imports = [
  BullModule.registerQueue({ name: 'jobs' }, { name: 'mails' }),
  BullModule.registerFlowProducer({ name: 'flows' }),
];

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
    expect(listener.of('added')).toEqual([{ jobId: 'a', name: '' }]);
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
