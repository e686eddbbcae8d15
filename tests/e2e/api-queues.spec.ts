import {
  cleanedQueueSchema,
  drainedQueueSchema,
  queueLatencySchema,
  queueListSchema,
  queueStatisticsSchema,
  queueViewSchema,
} from '#libs/contracts';
import { QueueService, type EndRules } from '#libs/queue';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

const RULES: EndRules = { counted: true, completedMs: null, failedMs: null, deadMs: 14 * 86_400_000 };
const JOBS = '/api/queues/jobs';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'mail' } });
  queue = api.app.get(QueueService);
});
afterEach(async () => {
  await api.put(`${JOBS}/limits`, {});
  await api.post(`${JOBS}/resume`, {});
  await queue.backend.obliterate({ force: true, count: 500 }).catch(() => undefined);
  await queue.backend.pause(true);
  while ((await queue.backend.obliterate({ force: true, count: 500 })) !== 0);
});
afterAll(() => api.close());

/** Runs the next job, and ends it so. */
async function end(how: 'completed' | 'failed' | 'dead'): Promise<void> {
  const [claimed, id] = await queue.backend.running.claim('token');
  const job = { id, name: claimed?.name, opts: {}, attemptsMade: 0 } as never;
  queue.backend.endings.follow(() => (how === 'dead' ? RULES : { ...RULES, deadMs: null }));
  if (how === 'completed') await queue.backend.moveToCompleted(job, 'null', false, 'token', false);
  else await queue.backend.moveToFailed(job, 'out of paper', false, 'token', false, { stacktrace: '[]' });
}

describe('GET /api/queues', () => {
  it('lists the queues that are looked after, each with its counts', async () => {
    await api.create();
    await api.create({ priority: 'high', delay: 60_000 });
    const { status, body } = await api.get('/api/queues');
    expect(status).toBe(200);
    expect(queueListSchema.parse(body)).toEqual(body);
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['jobs', 'mail']);
    expect(body.items[0]).toMatchObject({
      paused: false,
      counts: { byStatus: { pending: 2, running: 0 }, byPriority: { normal: 1, high: 0 }, total: 2 },
      limits: { concurrency: null, rate: null },
      workers: 0,
    });
    expect(body.items[1]).toMatchObject({ counts: { total: 0 }, oldestWaitingMs: null });
  });

  it.each(['none', 'a%20b', 'worker', 'a:b', '{a}', 'x'.repeat(201)])('has no queue %s', async (name) => {
    const answer = await api.get(`/api/queues/${name}`);
    if (name === 'none') expectProblem(answer, 404, 'QUEUE_NOT_FOUND');
    else expectProblem(answer, 400, 'INVALID_REQUEST');
  });

  it('tells how long the oldest job waits, whatever its priority and whoever added it', async () => {
    const old = new Date(Date.now() - 3_600_000).toISOString();
    await queue.addJob({ id: 'go', type: 't', priority: 'low' });
    const document = JSON.parse(
      (await (await queue.backend.client()).get(`${api.prefix}:jobs:data:go`)) ?? '',
    );
    // As a Go service adds it: the document, its status, its place.
    const client = await queue.backend.client();
    await client.set(
      `${api.prefix}:jobs:data:old`,
      JSON.stringify({ ...document, id: 'old', created_at: old }),
    );
    await client.set(`${api.prefix}:jobs:status:old`, 'pending');
    await client.zadd(`${api.prefix}:jobs:queue`, 5, 'old');
    await api.create({ priority: 'high' });
    const { body } = await api.get(JOBS);
    expect(body.oldestWaitingMs).toBeGreaterThan(3_500_000);
    expect(body.oldestWaitingMs).toBeLessThan(3_700_000);
  });
});

describe('pause and resume', () => {
  it('keep jobs from being claimed, and let them again', async () => {
    await api.create();
    const paused = await api.post(`${JOBS}/pause`, {});
    expect(paused).toMatchObject({ status: 200, body: { name: 'jobs', paused: true } });
    expect(queueViewSchema.parse(paused.body)).toEqual(paused.body);
    expect((await queue.backend.running.claim('token'))[0]).toBeNull();
    expect((await api.post(`${JOBS}/resume`, {})).body.paused).toBe(false);
    expect((await queue.backend.running.claim('token'))[0]).not.toBeNull();
  });
});

describe('PUT /api/queues/:queue/limits', () => {
  it('replaces all limits, which hold at once', async () => {
    await Promise.all([api.create(), api.create()]);
    const { status, body } = await api.put(`${JOBS}/limits`, {
      concurrency: 1,
      rate: { max: 5, duration: '1m' },
    });
    expect(status).toBe(200);
    expect(body.limits).toEqual({ concurrency: 1, rate: { max: 5, duration: 60_000 } });
    expect((await queue.backend.running.claim('one'))[0]).not.toBeNull();
    expect((await queue.backend.running.claim('two'))[0]).toBeNull();
    expect((await api.put(`${JOBS}/limits`, { concurrency: 2 })).body.limits).toEqual({
      concurrency: 2,
      rate: null,
    });
    expect((await queue.backend.running.claim('two'))[0]).not.toBeNull();
    expect((await api.put(`${JOBS}/limits`, {})).body.limits).toEqual({ concurrency: null, rate: null });
  });

  it.each([
    { concurrency: 0 },
    { concurrency: 1.5 },
    { concurrency: '3' },
    { rate: { max: 1 } },
    { rate: { max: 1, duration: 0 } },
    { rate: { max: 1, duration: '2d' } },
    { rate: 5 },
    { paused: true },
    null,
    [],
  ])('refuses %j, and changes nothing', async (body) => {
    await api.put(`${JOBS}/limits`, { concurrency: 7 });
    expectProblem(await api.put(`${JOBS}/limits`, body), 400, 'INVALID_REQUEST');
    expect((await api.get(JOBS)).body.limits).toEqual({ concurrency: 7, rate: null });
  });
});

describe('POST /api/queues/:queue/drain', () => {
  it('removes what waits, and delayed jobs only when asked', async () => {
    for (let nth = 0; nth < 5; nth++) await api.create();
    await api.create({ delay: 60_000 });
    const { status, body } = await api.post(`${JOBS}/drain`, { limit: 3 });
    expect(status).toBe(200);
    expect(drainedQueueSchema.parse(body)).toEqual({ removed: 3, more: true });
    expect((await api.post(`${JOBS}/drain`, {})).body).toEqual({ removed: 2, more: false });
    expect((await api.get(JOBS)).body.counts.total).toBe(1);
    expect((await api.post(`${JOBS}/drain`, { delayed: true })).body).toEqual({ removed: 1, more: false });
  });

  it.each([{ delayed: 'yes' }, { limit: 0 }, { limit: 100_001 }, { all: true }])(
    'refuses %j',
    async (body) => {
      expectProblem(await api.post(`${JOBS}/drain`, body), 400, 'INVALID_REQUEST');
    },
  );
});

describe('POST /api/queues/:queue/clean', () => {
  const clean = (body: object) => api.post(`${JOBS}/clean`, body);

  it('counts what it would remove without removing it, then removes it', async () => {
    for (const how of ['completed', 'completed', 'failed', 'dead'] as const) {
      await api.create();
      await end(how);
    }
    const cancelled = await api.create();
    await api.act(cancelled.id, 'cancel');
    await api.create();
    await api.create({ delay: 60_000 });
    for (const [status, removed] of Object.entries({
      completed: 2,
      failed: 1,
      cancelled: 1,
      waiting: 1,
      delayed: 1,
    })) {
      const dry = await clean({ status, olderThan: 0, dryRun: true });
      expect(dry.status).toBe(200);
      expect(cleanedQueueSchema.parse(dry.body)).toEqual({ removed, dryRun: true });
      expect((await clean({ status, olderThan: '1h' })).body).toEqual({ removed: 0, dryRun: false });
      expect((await clean({ status, olderThan: 0 })).body).toEqual({ removed, dryRun: false });
      expect((await clean({ status, olderThan: 0 })).body).toEqual({ removed: 0, dryRun: false });
    }
    // The dead letter stays.
    expect((await api.get(JOBS)).body.counts).toMatchObject({ total: 1, byStatus: { failed: 1 } });
  });

  it('goes on where the answer before stopped', async () => {
    for (let nth = 0; nth < 3; nth++) await api.create();
    const first = await clean({ status: 'waiting', olderThan: 0, limit: 2, dryRun: true });
    expect(first.body).toMatchObject({ removed: 2, nextCursor: expect.any(String) });
    const { nextCursor: cursor } = first.body;
    expect((await clean({ status: 'waiting', olderThan: 0, dryRun: true, cursor })).body).toEqual({
      removed: 1,
      dryRun: true,
    });
    expectProblem(await clean({ status: 'delayed', olderThan: 0, cursor }), 400, 'INVALID_REQUEST');
  });

  it.each([
    {},
    { status: 'completed' },
    { olderThan: 0 },
    { status: 'running', olderThan: 0 },
    { status: 'all', olderThan: 0 },
    { status: 'completed', olderThan: -1 },
    { status: 'completed', olderThan: 'soon' },
    { status: 'completed', olderThan: 0, cursor: 'bm9uZQ' },
    { status: 'completed', olderThan: 0, cursor: '../..' },
    { status: 'completed', olderThan: 0, dryRun: 'no' },
  ])('refuses %j', async (body) => {
    expectProblem(await clean(body), 400, 'INVALID_REQUEST');
  });
});

describe('statistics and latency', () => {
  it('count the ends of each minute of the last hour', async () => {
    const inspected = () => queue.backend.metadata.has('metrics');
    await queue.backend.setQueueMeta({ metrics: 1440 });
    await waitFor(inspected, { what: 'ends to be counted' });
    for (const how of ['completed', 'completed', 'failed'] as const) {
      await api.create();
      await end(how);
    }
    const { status, body } = await api.get(`${JOBS}/statistics`);
    expect(status).toBe(200);
    expect(queueStatisticsSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ queue: 'jobs', completed: 2, failed: 1 });
    expect(body.minutes).toHaveLength(60);
    const times = body.minutes.map(({ at }: { at: string }) => Date.parse(at));
    expect(times.every((time: number, at: number) => at === 0 || time - times[at - 1] === 60_000)).toBe(true);
  });

  it('are counted without anybody asking for it', async () => {
    const other = await TestApi.start();
    const { backend } = other.app.get(QueueService);
    await waitFor(() => backend.metadata.has('metrics'), { what: 'ends to be counted' });
    await other.close();
  });

  it('tell how long jobs waited for their first run', async () => {
    expect((await api.get(`${JOBS}/latency`)).body).toEqual({
      queue: 'jobs',
      waiting: 0,
      oldestWaitingMs: null,
      started: null,
    });
    await api.create();
    await end('completed');
    await api.create();
    await queue.backend.running.claim('token');
    await api.create();
    const { body } = await api.get(`${JOBS}/latency`);
    expect(queueLatencySchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ waiting: 1, started: { jobs: 2 } });
    expect(body.started.max).toBeLessThan(60_000);
  });
});

it('all of it is documented, with the problems of each', async () => {
  const { body: document } = await api.get('/api/docs-json');
  const ids = Object.entries<Record<string, { operationId: string }>>(document.paths)
    .filter(([path]) => path.startsWith('/api/queues'))
    .flatMap(([, operations]) => Object.values(operations).map(({ operationId }) => operationId));
  expect(ids.sort()).toEqual([
    'cleanQueue',
    'drainQueue',
    'getQueue',
    'getQueueLatency',
    'getQueueStatistics',
    'listQueues',
    'pauseQueue',
    'resumeQueue',
    'setQueueLimits',
  ]);
  expect(Object.keys(document.paths['/api/queues/{queue}/clean'].post.responses)).toContain('404');
  expect(document.paths['/api/queues/{queue}'].get.parameters).toHaveLength(1);
});
