// Closing a Nest application with processors, queues, flow producers and listeners, also while Redis is away.
import {
  BullModule,
  getFlowProducerToken,
  getQueueToken,
  OnWorkerEvent,
  Processor,
  QueueEventsHost,
  QueueEventsListener,
  WorkerHost,
} from '@nestjs/bullmq';
import type { FlowProducer, Queue } from 'bullmq';
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { startApp } from './support/nest-app.js';
import { Stand } from './support/stand.js';

@QueueEventsListener('jobs')
class Listener extends QueueEventsHost {}

/** Runs each job until it is told to end. */
@Processor('jobs', { stalledInterval: 200 })
class Held extends WorkerHost {
  readonly ends: (() => void)[] = [];
  readonly errors: string[] = [];

  async process(): Promise<string> {
    await new Promise<void>((resolve) => this.ends.push(resolve));
    return 'ended';
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.errors.push(error.message);
  }
}

const imports = [
  BullModule.registerQueue({ name: 'jobs' }),
  BullModule.registerFlowProducer({ name: 'flows' }),
];

async function start(stand: Stand) {
  const app = await startApp(stand, { imports, providers: [Held, Listener] });
  const held = app.get(Held);
  const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
  const flows = app.get<FlowProducer>(getFlowProducerToken('flows'), { strict: false });
  const { queueEvents } = app.get(Listener);
  // What is emitted without a listener is an exception.
  for (const one of [queue, flows, queueEvents] as NodeJS.EventEmitter[]) one.on('error', () => undefined);
  await Promise.all([held.worker, queue, flows, queueEvents].map((one) => one.waitUntilReady()));
  return { app, held, queue, flows, queueEvents };
}

/** Names of the queue's connections to Redis, except the stand's own. */
async function connections(stand: Stand): Promise<number> {
  const list = String(await stand.redis.client('LIST'));
  return list.trim().split('\n').length;
}

/** Settles with `doing`; fails when it hangs, instead of hanging itself. */
async function ends(doing: Promise<unknown>): Promise<void> {
  let ended = false;
  const ending = doing.finally(() => (ended = true));
  await waitFor(() => ended, { timeoutMs: 40_000, what: 'the close to end' });
  await ending;
}

describe('closing an application', () => {
  let redis: OwnRedis;
  let stand: Stand;

  beforeEach(async () => {
    redis = await startRedis();
    stand = new Stand({ url: redis.url });
  });
  afterEach(async () => {
    redis.resume();
    await redis.restart();
    await stand.close();
    await redis.remove();
  });

  it('waits for the running job and closes every connection', async () => {
    await stand.redis.ping();
    const before = await connections(stand);
    const { app, held, queue, flows, queueEvents } = await start(stand);
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.add({ id: 'b' });
    await waitFor(() => held.ends.length === 1);
    const closing = app.close();
    await waitFor(() => held.worker.closing !== undefined);
    held.ends[0]?.();
    await ends(closing);
    expect(await stand.legacy.result('a')).toBe('ended');
    expect(await stand.legacy.status('b')).toBe('pending');
    expect(held.errors).toEqual([]);
    expect([held.worker, queue, queueEvents].map((one) => one.closing !== undefined)).toEqual([
      true,
      true,
      true,
    ]);
    expect(flows.closing).toBeDefined();
    await waitFor(async () => (await connections(stand)) === before);
  });

  it.each([
    ['is gone', () => redis.kill()],
    ['hangs', async () => redis.pause()],
  ])('returns while Redis %s and nothing runs', async (_, harm) => {
    const { app } = await start(stand);
    await harm();
    await ends(app.close());
  });

  /** An application whose job runs while Redis goes, and which is told to close then. */
  async function closeWithoutRedis() {
    const { app, held } = await start(stand);
    await stand.legacy.add({ id: 'a' });
    await waitFor(() => held.ends.length === 1);
    await redis.kill();
    const closing = app.close();
    await waitFor(() => held.worker.closing !== undefined);
    return { held, closing };
  }

  it('returns while Redis is gone and a job runs, which is run again later', async () => {
    const { held, closing } = await closeWithoutRedis();
    held.ends[0]?.();
    await ends(closing);
    await redis.restart();
    await waitFor(() => stand.redis.ping());
    expect(await stand.status('a')).toBe('running');
    await stand.endLease('a');
    const { held: later } = await start(stand);
    await waitFor(() => later.ends.length === 1);
    later.ends[0]?.();
    await waitFor(async () => (await stand.status('a')) === 'completed');
  });

  it('records the result when Redis is back before the job ends', async () => {
    const { held, closing } = await closeWithoutRedis();
    await redis.restart();
    await waitFor(() => stand.redis.ping());
    held.ends[0]?.();
    await ends(closing);
    expect(await stand.status('a')).toBe('completed');
  });
});
