// One file for all routes: they share an API process, whose start takes longer than their tests.
import { jobPageSchema, jobSchema, jobStatsSchema, type JobView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
});
beforeEach(() => api.clear());
afterAll(() => api.close());

const address = (id: string) => `/api/jobs/${encodeURIComponent(id)}`;
const show = async (id: string): Promise<JobView> => (await api.get(address(id))).body;

/** Takes the job at the head of the queue, as a Go worker does. */
async function take(): Promise<string> {
  const document = await queue.dequeueJob();
  return (document as { id: string }).id;
}

async function completed(body: object = {}): Promise<JobView> {
  const job = await api.create(body);
  await queue.completeJob(await take());
  return job;
}

describe('POST /api/jobs', () => {
  it('answers 201 with the job and its address', async () => {
    const answer = await api.post('/api/jobs', {
      type: 'example.echo',
      payload: { hello: 'world' },
      priority: 'high',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(address(answer.body.id));
    expect(jobSchema.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toMatchObject({
      type: 'example.echo',
      payload: { hello: 'world' },
      status: 'pending',
      priorityName: 'high',
      attempts: { made: 0, started: 0, max: 3 },
      position: 1,
      legacy: false,
    });
    expect(await show(answer.body.id)).toEqual(answer.body);
  });

  it('keeps what it is told: id, tries, timeout and delay', async () => {
    const before = Date.now();
    const job = await api.create({ id: 'order-1042', attempts: 7, timeout: 1500, delay: 60_000 });
    expect(job).toMatchObject({ id: 'order-1042', timeout: 1500, status: 'pending', state: 'delayed' });
    expect(job.attempts.max).toBe(7);
    expect(Date.parse(job.delayedUntil ?? '')).toBeGreaterThanOrEqual(before + 60_000);
  });

  it.each([
    ['null', null],
    ['an empty list', []],
    ['an empty object', {}],
    ['empty lists and objects inside', { list: [], object: {}, deep: [[], {}, [{}]] }],
    ['false', false],
    ['a text', 'søster 🐄 \u2028 " \\ \u0000 \u001f'],
    ['half of a surrogate pair', { text: '\ud800' }],
    ['integers up to 2^53', [9007199254740991, -9007199254740991, 0, 1e15, 123456789012345]],
    ['fractions of full precision', [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 3.141592653589793]],
    ['keys in their order', { b: 1, a: 2, 'with.dot': 3, '': 4 }],
    ['keys every object has', JSON.parse('{"__proto__":{"a":1},"constructor":2,"toString":null}')],
    ['nulls', { a: null, b: [null] }],
  ])('brings back a payload as it was sent: %s', async (_name, payload: unknown) => {
    const job = await api.create({ payload });
    expect(JSON.stringify((await show(job.id)).payload)).toBe(JSON.stringify(payload));
  });

  it.each([
    'a/b',
    'a%2Fb',
    '100%',
    '?#&',
    'søster 🐄',
    ' ',
    '{}[]"\'',
    '__proto__',
    'x'.repeat(200),
    '-1',
    'a:b',
  ])('takes the id %j and finds the job at its address', async (id) => {
    const answer = await api.post('/api/jobs', { type: 'test.job', id });
    expect(answer).toMatchObject({ status: 201, body: { id } });
    expect((await api.get(answer.headers.get('location') ?? '')).body).toMatchObject({ id });
  });

  it('refuses an id that is taken, and leaves the first job as it was', async () => {
    await api.create({ id: 'once', payload: { n: 1 } });
    expectProblem(
      await api.post('/api/jobs', { type: 'test.job', id: 'once', payload: { n: 2 } }),
      409,
      'JOB_EXISTS',
    );
    expect((await show('once')).payload).toEqual({ n: 1 });
  });

  it('creates one job when the same id is sent many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post('/api/jobs', { type: 'test.job', id: 'race' })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
  });

  it('lets a worker take high before normal before low, first in first out', async () => {
    for (const priority of ['low', 'normal', 'high', 'normal', 'high']) {
      await api.create({ priority, id: `${priority}-${Math.random()}` });
    }
    const order = [await take(), await take(), await take(), await take(), await take()];
    expect(order.map((id) => id.split('-')[0])).toEqual(['high', 'high', 'normal', 'normal', 'low']);
  });
});

describe('GET /api/jobs', () => {
  it('gives pages that together hold each job once', async () => {
    for (let n = 0; n < 25; n++) await api.create({ id: `job-${n}` });
    const pages = [await api.get('/api/jobs?pageSize=10'), await api.get('/api/jobs?page=2&pageSize=10')];
    pages.push(await api.get('/api/jobs?page=3&pageSize=10'), await api.get('/api/jobs?page=4&pageSize=10'));
    for (const [index, { body }] of pages.entries()) {
      expect(jobPageSchema.parse(body)).toEqual(body);
      expect(body).toMatchObject({ page: index + 1, pageSize: 10, total: 25 });
    }
    expect(pages.map(({ body }) => body.items.length)).toEqual([10, 10, 5, 0]);
    expect(new Set(pages.flatMap(({ body }) => body.items.map(({ id }: JobView) => id))).size).toBe(25);
  });

  it('answers an empty queue with an empty page of 20', async () => {
    expect((await api.get('/api/jobs')).body).toEqual({ items: [], page: 1, pageSize: 20, total: 0 });
  });

  it('filters by status and by type, and counts what fits', async () => {
    await completed({ type: 'mail' });
    await api.create({ type: 'mail' });
    await api.create({ type: 'mail', delay: 60_000 });
    await api.create({ type: 'report' });
    const count = async (query: string) => {
      const { body } = await api.get(`/api/jobs?${query}`);
      expect(body.items).toHaveLength(body.total);
      return body.total;
    };
    expect(await count('status=pending')).toBe(3);
    expect(await count('status=completed')).toBe(1);
    expect(await count('status=running')).toBe(0);
    expect(await count('type=mail')).toBe(3);
    expect(await count('type=mail&status=pending')).toBe(2);
    expect(await count('type=nobody')).toBe(0);
  });
});

describe('GET /api/jobs/:id', () => {
  it('tells the place in the queue of a pending job', async () => {
    const first = await api.create();
    const second = await api.create();
    const urgent = await api.create({ priority: 'high' });
    expect((await show(urgent.id)).position).toBe(1);
    expect((await show(first.id)).position).toBe(2);
    expect((await show(second.id)).position).toBe(3);
  });

  it('follows a job to its end, with result and times', async () => {
    const { id } = await api.create();
    await take();
    const running = await show(id);
    expect(running).toMatchObject({ status: 'running', state: 'active' });
    expect(running.position).toBeUndefined();
    await queue.saveJobResult(id, { answer: 42 });
    await queue.completeJob(id);
    const done = await show(id);
    expect(done).toMatchObject({ status: 'completed', state: 'completed', result: { answer: 42 } });
    expect(jobSchema.parse(done)).toEqual(done);
    expect(Date.parse(done.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(done.createdAt));
  });

  it('says that a job does not exist', async () => {
    expectProblem(await api.get('/api/jobs/nobody'), 404, 'JOB_NOT_FOUND');
  });
});

describe('GET /api/jobs/:id/logs', () => {
  it('gives the rows asked for, oldest first, and counts all', async () => {
    const { id } = await api.create();
    for (let n = 0; n < 120; n++) await queue.backend.addLog(id, `row ${n}`);
    const rows = async (query: string) => (await api.get(`${address(id)}/logs${query}`)).body;
    expect(await rows('?start=1&end=2')).toEqual({ logs: ['row 1', 'row 2'], count: 120 });
    expect((await rows('')).logs).toHaveLength(100);
    expect((await rows('?start=110')).logs).toHaveLength(10);
    expect((await rows('?start=500')).logs).toEqual([]);
  });

  it.each(['start=-1', 'start=5&end=4', 'start=0&end=1000', 'end=last', 'from=1'])(
    'refuses ?%s',
    async (query) => {
      const { id } = await api.create();
      expectProblem(await api.get(`${address(id)}/logs?${query}`), 400, 'INVALID_REQUEST');
    },
  );

  it('says that a job does not exist', async () => {
    expectProblem(await api.get('/api/jobs/nobody/logs'), 404, 'JOB_NOT_FOUND');
  });
});

describe('GET /api/jobs/stats', () => {
  it('counts every job once by status, and the queue by priority', async () => {
    await completed();
    await api.create();
    await take();
    await api.create({ priority: 'high' });
    await api.create({ priority: 'low' });
    await api.create({ priority: 'low' });
    await api.create({ priority: 'high', delay: 60_000 });
    const { body } = await api.get('/api/jobs/stats');
    expect(jobStatsSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      byStatus: { pending: 4, running: 1, completed: 1, failed: 0, cancelled: 0 },
      byState: { delayed: 1, active: 1, completed: 1 },
      total: 6,
    });
    expect(body.byPriority).toMatchObject({ low: 2, normal: 0 });
  });
});

describe('POST /api/jobs/:id/action', () => {
  it('promotes a delayed job, so that it can be taken', async () => {
    const { id } = await api.create({ delay: 60_000 });
    const answer = await api.act(id, 'promote');
    expect(answer).toMatchObject({ status: 200, body: { id, status: 'pending', position: 1 } });
    expect(answer.body.delayedUntil).toBeUndefined();
    expect(await take()).toBe(id);
  });

  it('cancels a pending job, so that it is not taken', async () => {
    const { id } = await api.create();
    expect(await api.act(id, 'cancel')).toMatchObject({ status: 200, body: { id, status: 'cancelled' } });
    expect(await queue.dequeueJob()).toBeNull();
  });

  it('cancels a running job', async () => {
    const { id } = await api.create();
    await take();
    expect(await api.act(id, 'cancel')).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await queue.isJobProcessing(id)).toBe(false);
  });

  it.each(['failed', 'completed', 'cancelled'])('runs a %s job again', async (status) => {
    const { id } = await api.create();
    await take();
    if (status === 'failed') await queue.failJob(id, { error: 'boom' });
    if (status === 'completed') await queue.completeJob(id);
    if (status === 'cancelled') await queue.cancelJob(id);
    expect((await show(id)).status).toBe(status);
    const answer = await api.act(id, 'retry');
    expect(answer).toMatchObject({ status: 200, body: { status: 'pending' } });
    expect(answer.body.error).toBeUndefined();
    expect(await take()).toBe(id);
  });

  it('removes a job without a trace', async () => {
    const { id } = await api.create();
    const answer = await api.act(id, 'remove');
    expect(answer).toMatchObject({ status: 200, body: { id, removed: true } });
    expectProblem(await api.get(address(id)), 404, 'JOB_NOT_FOUND');
    expect((await api.get('/api/jobs/stats')).body.total).toBe(0);
    expect((await api.post('/api/jobs', { type: 'test.job', id })).status).toBe(201);
  });

  it.each([
    ['promote', 'pending'],
    ['promote', 'running'],
    ['promote', 'completed'],
    ['retry', 'pending'],
    ['retry', 'delayed'],
    ['retry', 'running'],
    ['cancel', 'completed'],
    ['cancel', 'failed'],
    ['cancel', 'cancelled'],
    ['remove', 'running'],
  ])('refuses to %s a %s job, says why, and changes nothing', async (action, state) => {
    const { id } = await api.create(state === 'delayed' ? { delay: 60_000 } : {});
    if (['running', 'completed', 'failed'].includes(state)) await take();
    if (state === 'completed') await queue.completeJob(id);
    if (state === 'failed') await queue.failJob(id, { error: 'boom' });
    if (state === 'cancelled') await queue.cancelJob(id);
    const before = await show(id);
    const answer = await api.act(id, action);
    expectProblem(answer, 409, 'JOB_STATE_CONFLICT');
    expect(answer.body.detail).toContain(id);
    expect(await show(id)).toEqual(before);
  });

  it.each(['retry', 'remove', 'promote', 'cancel'])('cannot %s a job that does not exist', async (action) => {
    expectProblem(await api.act('nobody', action), 404, 'JOB_NOT_FOUND');
  });
});

describe('GET /api/health', () => {
  it('says which Redis and which queue it serves', async () => {
    const { status, body } = await api.get('/api/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', queue: { prefix: api.prefix, name: 'jobs' } });
    expect(body.redis.version).toMatch(/^\d+\.\d+/);
    expect(body.redis.latencyMs).toBeGreaterThanOrEqual(0);
  });

  it('warns of a Redis that keeps nothing on disk', async () => {
    const { body } = await api.get('/api/health');
    expect(body.warnings.join('\n')).toMatch(/persist|appendonly/i);
  });
});
