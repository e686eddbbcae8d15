// Redis that is killed, restarted or hangs under producers, workers and subscribers: all wait and go on.
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { Stand } from './support/stand.js';

let redis: OwnRedis;
let stand: Stand;
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => void unhandled.push(error);

beforeEach(async () => {
  unhandled.length = 0;
  process.on('unhandledRejection', onUnhandled);
  redis = await startRedis();
  stand = new Stand({ url: redis.url });
});

afterEach(async () => {
  redis.resume();
  // What was left open while Redis is away may wait for it.
  await redis.restart();
  await stand.close();
  await redis.remove();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

const HARM: [string, () => Promise<void>, () => Promise<void>][] = [
  ['killed', () => redis.kill(), () => redis.restart()],
  ['stopped', () => redis.stop(), () => redis.restart()],
  ['hanging', async () => redis.pause(), async () => redis.resume()],
  ['hanging, then killed', async () => redis.pause(), () => redis.kill().then(() => redis.restart())],
];

const numbered = (count: number) => Array.from({ length: count }, (_, at) => `job-${at}`);

async function expectAllCompleted(ids: readonly string[]): Promise<void> {
  await waitFor(async () => (await stand.service.jobs.stats()).byStatus.completed === ids.length, {
    timeoutMs: 40_000,
    what: 'all jobs to be completed',
  });
  for (const id of ids) expect(await stand.standing(id)).toEqual(['completed']);
  expect((await stand.service.jobs.stats()).total).toBe(ids.length);
}

const forced = (worker: { close(force: boolean): Promise<unknown> }) => ({ close: () => worker.close(true) });

function startedReconciler() {
  const reconciler = stand.newReconciler({ watch: true, intervalSeconds: 0.05 });
  reconciler.start();
  return reconciler;
}

/** Fails when something hangs, instead of hanging itself. */
async function withinSeconds(seconds: number, doing: Promise<unknown>): Promise<void> {
  let ended = false;
  const ending = doing.finally(() => (ended = true));
  await waitFor(() => ended, { timeoutMs: seconds * 1000, what: 'the close to end' });
  await ending;
}

describe('while Redis is away for longer', () => {
  it('the log says once that it is away, and once that it is back', async () => {
    await stand.service.health();
    await redis.kill();
    // Several attempts to connect fail, each with an error of its own.
    let refused = 0;
    stand.redis.on('error', () => (refused += 1));
    await waitFor(() => refused > 5);
    expect(stand.log.lines).toEqual([
      expect.stringMatching(/^warn \[QueueService\] Redis is away \(.+\); waiting for it$/),
    ]);
    await redis.restart();
    await stand.service.health();
    await waitFor(() => stand.log.lines.length > 1);
    expect(stand.log.lines.slice(1)).toEqual(['log [QueueService] Redis is back']);
  });

  it.each([
    ['a service', () => stand.service],
    ['a queue', () => stand.queue],
    ['a queue that never was connected', () => undefined],
    // Not by force, BullMQ waits for the claim under way, which waits for Redis.
    ['a worker, by force,', () => forced(stand.newWorker().worker)],
    ['the events of a queue', () => stand.newEvents()],
    ['a reconciler', () => startedReconciler()],
  ])('%s can be closed', async (_, open) => {
    const opened = open();
    await stand.service.health();
    await stand.queue.waitUntilReady();
    await redis.kill();
    await withinSeconds(10, (opened ?? stand.newQueue()).close());
  });

  it('a subscription can be closed, and a command that waits is told that its service was', async () => {
    const service = stand.newService();
    const updates = service.subscribe();
    await updates.ready;
    await service.health();
    await redis.kill();
    const waiting = service.addJob({ id: 'a' }).catch((error: Error) => error.message);
    await withinSeconds(5, service.close());
    expect(await updates.next()).toEqual({ value: undefined, done: true });
    expect(await waiting).toMatch(/closed/);
  });

  it('a reconciler goes on afterwards', async () => {
    stand.newReconciler().start();
    await stand.legacy.add({ id: 'a' });
    await waitFor(async () => (await stand.standing('a')).length > 0);
    await redis.kill();
    await redis.restart();
    await stand.legacy.dequeue();
    await waitFor(async () => (await stand.standing('a')).includes('leases'));
    expect(stand.log.matching(/^error/)).toEqual([]);
  });

  it('scripts that the new Redis does not know are loaded again, alone and many at once', async () => {
    const ids = numbered(450);
    await stand.queue.addBulk(ids.map((jobId) => ({ name: 't', data: {}, opts: { jobId } })));
    expect((await stand.service.jobs.list({ page: 1, pageSize: 50 })).items).toHaveLength(50);
    await stand.redis.script('FLUSH');
    expect((await stand.service.jobs.list({ page: 1, pageSize: 50 })).items).toHaveLength(50);
    await stand.redis.script('FLUSH');
    await stand.queue.addBulk(ids.map((id) => ({ name: 't', data: {}, opts: { jobId: `more-${id}` } })));
    expect(await stand.service.getQueueLength()).toBe(900);
    await redis.restart();
    expect((await stand.service.jobs.list({ page: 2, pageSize: 50 })).items).toHaveLength(50);
  });
});

describe.each(HARM)('while Redis is %s', (_, harm, heal) => {
  it('commands wait, and go on when it is back', async () => {
    await stand.service.addJob({ id: 'before' });
    await harm();
    let answered = 0;
    const waiting = [
      stand.service.addJob({ id: 'meanwhile' }),
      stand.service.getQueueLength(),
      stand.service.jobs.create({ id: 'other', type: 't' }),
      stand.queue.add('t', {}, { jobId: 'bull' }),
    ].map((one: Promise<unknown>) => one.then(() => (answered += 1)));
    expect(answered).toBe(0);
    await heal();
    await Promise.all(waiting);
    expect((await stand.queued()).sort()).toEqual(['before', 'bull', 'meanwhile', 'other']);
  });

  it('a queue that still adds can be closed, and tells whoever waits', async () => {
    await stand.queue.waitUntilReady();
    await harm();
    const adding = numbered(900).map((jobId) => stand.queue.add('t', {}, { jobId }).catch((error) => error));
    await withinSeconds(10, stand.queue.close());
    for (const outcome of await Promise.all(adding)) expect(outcome).toBeInstanceOf(Error);
    await heal();
  });

  it('a large batch on its way is added, each job once', async () => {
    await stand.service.health();
    const ids = numbered(1000);
    await harm();
    const adding = stand.queue.addBulk(ids.map((jobId) => ({ name: 't', data: {}, opts: { jobId } })));
    await heal();
    expect((await adding).map((job) => job.id)).toEqual(ids);
    expect(await stand.queued()).toEqual(ids);
    const page = await stand.service.jobs.list({ page: 1, pageSize: 100 });
    expect(page).toMatchObject({ total: 1000 });
    expect(page.items).toHaveLength(100);
  });

  it('workers wait, keep their place, and every job ends completed', async () => {
    const ids = numbered(300);
    await stand.queue.addBulk(ids.map((jobId) => ({ name: 't', data: {}, opts: { jobId } })));
    const options = { concurrency: 5, lockDuration: 2000, stalledInterval: 500, maxStalledCount: 10 };
    const workers = [0, 1].map(() => stand.newWorker(async (job) => ({ ran: job.id }), options));
    for (const at of [50, 150]) {
      await waitFor(() => workers.reduce((sum, { ran }) => sum + ran.length, 0) >= at);
      await harm();
      await heal();
    }
    await expectAllCompleted(ids);
    const runs = workers.flatMap((worker) => worker.ids());
    expect([...new Set(runs)].sort()).toEqual([...ids].sort());
    for (const id of ids) {
      const { started } = (await stand.service.jobs.get(id)).attempts;
      // A run whose start was never reported back is recorded as an attempt all the same.
      expect(started).toBeGreaterThanOrEqual(runs.filter((run) => run === id).length);
    }
    expect(workers.every(({ worker }) => worker.isRunning())).toBe(true);
  });

  it('an idle worker hears of new jobs of either side afterwards', async () => {
    const { worker, ids } = stand.newWorker();
    await worker.waitUntilReady();
    await stand.service.addJob({ id: 'first' });
    await waitFor(() => ids().includes('first'));
    await harm();
    await heal();
    await stand.legacy.add({ id: 'legacy' });
    await stand.service.addJob({ id: 'ours' });
    await waitFor(() => ids().length === 3);
    expect(ids().sort()).toEqual(['first', 'legacy', 'ours']);
  });

  it('a dequeued job keeps its place and can be completed afterwards', async () => {
    await stand.service.addJob({ id: 'a' });
    await stand.service.dequeueJob();
    await harm();
    const completing = stand.service.completeJob('a');
    await heal();
    await completing;
    expect(await stand.standing('a')).toEqual(['completed']);
  });
});
