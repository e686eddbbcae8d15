import { Worker } from 'bullmq';
import { createBackendFactory } from '#libs/queue';
import { fetchWithKey } from '../support/access.js';
import { describeOnDatabases } from '../support/postgres.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

/** What the history has of a job, once it fits. */
async function recorded(api: TestApi, id: string, fits: (job: Record<string, unknown>) => boolean) {
  return waitFor(
    async () => {
      const { status, body } = await api.get(`/api/history/${id}`);
      return status === 200 && fits(body) ? body : undefined;
    },
    { what: `job ${id} in the history` },
  );
}

const eventsOf = (timeline: unknown) => (timeline as { event: string }[]).map(({ event }) => event);

describeOnDatabases('the history', (create) => {
  let api: TestApi;
  let worker: { pause(): Promise<void>; close(): Promise<void> };

  beforeAll(async () => {
    api = await TestApi.start({ settings: (await create()).settings });
    const started = new Worker(
      'jobs',
      async ({ data }) => {
        if (data.fails) throw new Error(data.fails);
        return { sum: 3 };
      },
      { connection: { url: testRedisUrl() } as never, prefix: api.prefix, name: 'w-1' },
      createBackendFactory({}),
    );
    await started.waitUntilReady();
    worker = started;
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
  });

  it('has one row of a job from its creation to its end, with times, attempts, result, worker and timeline', async () => {
    await api.create({ id: 'a-1', payload: { n: 1 }, priority: 'high' });
    // The row may know of an end that its timeline, read from the stream before, has not.
    const job = await recorded(api, 'a-1', ({ timeline }) => eventsOf(timeline).includes('completed'));
    expect(job).toMatchObject({
      queue: 'jobs',
      id: 'a-1',
      type: 'test.job',
      state: 'completed',
      priority: 2,
      priorityName: 'high',
      payload: { n: 1 },
      result: { sum: 3 },
      attempts: { made: 1, started: 1 },
      worker: 'w-1',
      language: 'ts',
      legacy: false,
      queueMs: expect.any(Number),
      runMs: expect.any(Number),
    });
    expect(eventsOf(job.timeline)).toEqual(['added', 'waiting', 'active', 'completed']);
    expect(job.timeline[2].attempt).toBe(1);
    const { body } = await api.get('/api/history/count');
    expect(body).toEqual({ count: 1 });
  });

  it('has the error of a job that failed, and finds it by words of it', async () => {
    await api.create({ id: 'f-1', payload: { fails: 'the shop is closed\u0000 today' }, attempts: 1 });
    const job = await recorded(api, 'f-1', ({ status }) => status === 'failed');
    expect(job.error).toBe('the shop is closed\ufffd today');
    expect(job.payload).toEqual({ fails: 'the shop is closed\ufffd today' });
    const found = await api.get('/api/history?error=shop%20today');
    expect(found.body.items.map(({ id }: { id: string }) => id)).toEqual(['f-1']);
    const notFound = await api.get('/api/history?error=shop%20-today');
    expect(notFound.body.items).toEqual([]);
  });

  it('pages through jobs with a cursor and misses none while others come', async () => {
    for (let n = 1; n <= 5; n++) await api.create({ id: `p-${n}`, type: 'page.job' });
    await recorded(api, 'p-5', ({ status }) => status === 'completed');
    await waitFor(async () => (await api.get('/api/history/count?type=page.job')).body.count === 5);
    const first = await api.get('/api/history?type=page.job&limit=2');
    await api.create({ id: 'p-6', type: 'page.job' });
    await recorded(api, 'p-6', () => true);
    const ids = first.body.items.map(({ id }: { id: string }) => id);
    for (let cursor = first.body.nextCursor; cursor;) {
      const { body } = await api.get(`/api/history?type=page.job&limit=2&cursor=${cursor}`);
      ids.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    }
    expect(ids).toEqual(['p-5', 'p-4', 'p-3', 'p-2', 'p-1']);
  });

  it.each([
    ['status=completed&type=page.job', 6],
    ['priority=high', 1],
    ['priority=low', 0],
    ['queue=jobs&status=failed', 1],
    ['queue=other', 0],
    ['createdFrom=2020-01-01T00:00:00Z&createdTo=2020-01-02T00:00:00Z', 0],
    ['finishedFrom=2020-01-01T00:00:00Z&type=page.job', 6],
    ['creator=nobody', 0],
    ['tag=none', 0],
    ['batch=none', 0],
  ])('filters by %s', async (filter, count) => {
    const counted = await api.get(`/api/history/count?${filter}`);
    expect(counted.body).toEqual({ count });
    const listed = await api.get(`/api/history?${filter}`);
    expect(listed.body.items).toHaveLength(count);
  });

  it('exports what fits as CSV and as lines of JSON', async () => {
    const csv = await fetchWithKey(`${api.url}/api/history/export?format=csv&type=test.job&status=failed`);
    expect(csv.headers.get('content-type')).toContain('text/csv');
    const lines = (await csv.text()).trim().split('\n');
    expect(lines[0]).toMatch(/^queue,id,type,status/);
    expect(lines[1]).toMatch(/^jobs,f-1,test.job,failed,normal,/);
    expect(lines).toHaveLength(2);
    const json = await fetchWithKey(`${api.url}/api/history/export?format=ndjson&type=page.job`);
    const rows = (await json.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ id }) => id)).toEqual(['p-6', 'p-5', 'p-4', 'p-3', 'p-2', 'p-1']);
    expect(rows[0]).toMatchObject({ payload: {}, result: { sum: 3 } });
  });

  it('gives statistics of the last 24 hours', async () => {
    const { body } = await api.get('/api/statistics');
    expect(body).toMatchObject({
      total: 8,
      byStatus: { pending: 0, running: 0, completed: 7, failed: 1, cancelled: 0 },
      byPriority: { low: 0, normal: 7, high: 1 },
      byType: [
        { type: 'page.job', total: 6, completed: 6 },
        { type: 'test.job', total: 2, completed: 1, failed: 1 },
      ],
      durations: { queueMs: { count: 8 }, runMs: { count: 8, p50: expect.any(Number) } },
    });
    const sum = (name: string) =>
      body.buckets.reduce((total: number, bucket: Record<string, number>) => total + bucket[name]!, 0);
    expect([sum('created'), sum('completed'), sum('failed')]).toEqual([8, 7, 1]);
    expect(body.buckets.length).toBeGreaterThanOrEqual(24);
  });

  it('tells the next owner of an id nothing of the job before, however soon it is used again', async () => {
    const [ada, bob] = [await api.as({ name: 'ada' }), await api.as({ name: 'bob' })];
    await ada.create({ id: 'again', payload: { fails: 'a secret of ada' }, attempts: 1 });
    await waitFor(async () => (await ada.get('/api/jobs/again')).body.status === 'failed');
    await ada.act('again', 'remove');
    await bob.create({ id: 'again', payload: {} });
    const fits = ({ creator, timeline }: Record<string, unknown>) =>
      creator === 'bob' && eventsOf(timeline).includes('completed');
    const job = await recorded(bob, 'again', fits);
    expect(eventsOf(job.timeline)).toEqual(['added', 'waiting', 'active', 'completed']);
    expect(JSON.stringify(job)).not.toContain('ada');
    expectProblem(await ada.get('/api/history/again'), 404, 'JOB_NOT_FOUND');
  });

  it('has no waiting and running times of a job that never ran', async () => {
    await api.create({ id: 'never', delay: 60_000 });
    await api.act('never', 'cancel');
    const job = await recorded(api, 'never', ({ status }) => status === 'cancelled');
    expect(job).not.toHaveProperty('queueMs');
    expect(job).not.toHaveProperty('runMs');
  });

  it('keeps numbers with all their digits', async () => {
    const queue = api.app.get<{ backend: { scripts: unknown; client(): Promise<never> } }>(
      (await import('#libs/queue')).QueueService,
    );
    const client = (await queue.backend.client()) as unknown as {
      eval(...args: unknown[]): Promise<unknown>;
      set(...args: string[]): Promise<unknown>;
      zadd(...args: string[]): Promise<unknown>;
      publish(...args: string[]): Promise<unknown>;
    };
    await worker.pause();
    // As a legacy service adds a job.
    const base = `${api.prefix}:jobs:`;
    const document =
      '{"id":"big","created_at":"2026-01-01T00:00:00Z","status":"pending","priority":1,"amount":12345678901234567890.123456789}';
    await client.set(`${base}data:big`, document);
    await client.set(`${base}status:big`, 'pending');
    await client.zadd(`${base}queue`, '-1', 'big');
    await client.publish(
      `${base}updates`,
      '{"data":{"job_id":"big","priority":1,"status":"pending"},"event":"job_added","job_id":"big","timestamp":1}',
    );
    const job = await recorded(api, 'big', () => true);
    expect(job).toMatchObject({ legacy: true, language: 'go', createdAt: '2026-01-01T00:00:00.000Z' });
    const text = await (await fetchWithKey(`${api.url}/api/history/big`)).text();
    expect(text).toContain('12345678901234567890.123456789');
  });

  it('shows a job that Redis has forgotten, but not one that was removed', async () => {
    const base = `${api.prefix}:jobs:`;
    const client = await api.app.get((await import('#libs/queue')).QueueService).backend.client();
    await recorded(api, 'p-1', ({ status }) => status === 'completed');
    for (const part of ['data', 'status', 'results', 'job']) await client.del(`${base}${part}:p-1`);
    await client.hdel(`${base}plain`, 'p-1');
    await client.hdel(`${base}runs`, 'p-1');
    const forgotten = await api.get('/api/jobs/p-1');
    expect(forgotten).toMatchObject({
      status: 200,
      body: { id: 'p-1', status: 'completed', result: { sum: 3 } },
    });
    await api.act('p-2', 'remove');
    expectProblem(await api.get('/api/jobs/p-2'), 404, 'JOB_NOT_FOUND');
    const removed = await recorded(api, 'p-2', ({ timeline }) => eventsOf(timeline).includes('removed'));
    expect(removed).toMatchObject({ status: 'completed', state: 'completed', result: { sum: 3 } });
  });

  it.each([
    ['/api/history?stauts=failed', 'stauts'],
    ['/api/history?status=done', 'status'],
    ['/api/history?createdFrom=yesterday', 'createdFrom'],
    ['/api/history?cursor=abc', 'cursor'],
    ['/api/history?limit=1000', 'limit'],
    ['/api/history?error=%00', 'error'],
    ['/api/history/export', 'format'],
    ['/api/history/%00', 'id'],
    ['/api/statistics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['/api/statistics?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'bucket'],
  ])('names what is wrong with %s', async (path, field) => {
    const answer = await api.get(path);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(JSON.stringify(answer.body)).toContain(field);
  });

  it('has no job that there never was', async () => {
    expectProblem(await api.get('/api/history/nobody'), 404, 'JOB_NOT_FOUND');
    expectProblem(await api.get('/api/jobs/nobody'), 404, 'JOB_NOT_FOUND');
  });

  it('tells in health how it is', async () => {
    const { body } = await api.get('/api/health');
    expect(body).toMatchObject({
      database: 'ok',
      history: { status: expect.any(String), lagMs: expect.any(Number) },
    });
  });
});
