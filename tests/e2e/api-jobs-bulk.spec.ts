// POST /api/jobs/bulk: many jobs in one request, all or none.
import type { JobView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { expectProblem, TestApi, type Answer } from './api-client.js';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'other', QUEUE_ROUTES: 'go.*=go-jobs' } });
  queue = api.app.get(QueueService);
});

beforeEach(() => api.clear());

afterAll(() => api.close());

const BULK = '/api/jobs/bulk';
const total = async (query = '') => (await api.get(`/api/jobs/stats${query}`)).body.total as number;
const show = async (id: string): Promise<JobView> => (await api.get(`/api/jobs/${id}`)).body;
const withKey = (key: string, body: object): Promise<Answer> =>
  api.send(BULK, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(body),
  });

it('adds jobs in the order of the request, with all they say', async () => {
  const answer = await api.post(BULK, {
    jobs: [
      { type: 'a', payload: { n: 1 }, id: 'first', tags: ['t'] },
      { type: 'b', payload: [2], priority: 'high' },
      { type: 'a', delay: 60_000, attempts: 5, timeout: 1000 },
    ],
  });
  expect(answer).toMatchObject({ status: 201, body: { created: 3, skipped: [] } });
  const [first, second, third] = answer.body.ids;
  expect(await show(first)).toMatchObject({
    id: 'first',
    type: 'a',
    payload: { n: 1 },
    tags: ['t'],
    creator: 'admin',
  });
  expect(await show(second)).toMatchObject({ type: 'b', payload: [2], priorityName: 'high' });
  expect(await show(third)).toMatchObject({ state: 'delayed', timeout: 1000, attempts: { max: 5 } });
});

it('adds 10,000 jobs in one request, which run in their order', async () => {
  const jobs = Array.from({ length: 10_000 }, (_, n) => ({ type: 't', payload: { n } }));
  const { status, body } = await api.post(BULK, { jobs });
  expect(status).toBe(201);
  expect(new Set(body.ids).size).toBe(10_000);
  expect(await total()).toBe(10_000);
  for (const n of [0, 1]) expect((await queue.dequeueJob())?.payload).toEqual({ n });
  expect((await show(body.ids[9999])).payload).toEqual({ n: 9999 });
});

it('sends each job to the queue of its type, or all to the one that is named', async () => {
  await api.post(BULK, { jobs: [{ type: 'go.mail' }, { type: 'x' }] });
  expect([await total('?queue=go-jobs'), await total()]).toEqual([1, 1]);
  await api.post(BULK, { jobs: [{ type: 'go.mail' }, { type: 'x' }], queue: 'other' });
  expect(await total('?queue=other')).toBe(2);
});

describe('taken ids', () => {
  beforeEach(() => api.create({ id: 'taken', payload: 'old' }));

  it('keep all others out, and are named by their places', async () => {
    const answer = await api.post(BULK, {
      jobs: [{ type: 'x', id: 'new' }, { type: 'x', id: 'taken' }, { type: 'x' }],
    });
    expectProblem(answer, 409, 'JOB_EXISTS');
    expect(answer.body.errors).toEqual([{ path: 'jobs.1.id', message: 'is taken' }]);
    expect(await total()).toBe(1);
  });

  it('are left out when asked for', async () => {
    const jobs = [{ type: 'x', id: 'new' }, { type: 'x', id: 'taken', payload: 'new' }, { type: 'x' }];
    const { status, body } = await api.post(BULK, { jobs, onConflict: 'skip' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ created: 2, skipped: [{ index: 1, id: 'taken' }] });
    expect(body.ids.slice(0, 2)).toEqual(['new', 'taken']);
    expect((await show('taken')).payload).toBe('old');
    expect(await total()).toBe(3);
  });

  it('are those of one request when several with the same ids come at once', async () => {
    const jobs = Array.from({ length: 300 }, (_, n) => ({ type: 'x', id: `same-${n}` }));
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => api.post(BULK, { jobs: [...jobs].reverse() })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    expect(await total()).toBe(301);
  });
});

describe('an idempotency key', () => {
  const body = {
    jobs: [
      { type: 'x', payload: 1 },
      { type: 'x', id: 'mine' },
    ],
  };

  it('adds the jobs once, however often and at once the request comes', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => withKey('k', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 201]);
    for (const answer of answers) expect(answer.body).toEqual(answers[0]?.body);
    expect(await total()).toBe(2);
  });

  it('says again what was left out', async () => {
    await api.create({ id: 'mine' });
    const first = await withKey('k', { ...body, onConflict: 'skip' });
    expect(first).toMatchObject({ status: 201, body: { created: 1, skipped: [{ index: 1, id: 'mine' }] } });
    expect(await withKey('k', { ...body, onConflict: 'skip' })).toMatchObject({
      status: 200,
      body: first.body,
    });
  });

  it('answers the same also when the jobs are gone', async () => {
    const first = await withKey('k', body);
    for (const id of first.body.ids) await api.act(id, 'remove');
    expect(await withKey('k', body)).toMatchObject({ status: 200, body: first.body });
    expect(await total()).toBe(0);
  });

  it('cannot be used for another request', async () => {
    await withKey('k', body);
    expectProblem(await withKey('k', { jobs: [{ type: 'x', payload: 2 }] }), 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  it('of another caller is another key', async () => {
    await withKey('k', { jobs: [{ type: 'x' }] });
    const bob = await api.as({ name: 'bob' });
    const answer = await bob.send(BULK, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'k' },
      body: JSON.stringify({ jobs: [{ type: 'y' }] }),
    });
    expect(answer.status).toBe(201);
  });

  it.each(['', 'two words', 'x'.repeat(201)])('is refused: "%s"', async (key) => {
    expectProblem(await withKey(key, body), 400, 'INVALID_REQUEST');
  });
});

describe('a request that is wrong', () => {
  afterEach(async () => expect(await total()).toBe(0));

  it.each([
    [{}, ['jobs']],
    [{ jobs: [] }, ['jobs']],
    [{ jobs: {} }, ['jobs']],
    [{ jobs: [{ type: 'x' }], onConflict: 'replace' }, ['onConflict']],
    [{ jobs: [{ type: 'x' }], more: 1 }, ['more']],
    [
      { jobs: [{ type: 'x' }, { type: '' }, { type: 'x', delay: -1 }, null] },
      ['jobs.1.type', 'jobs.2.delay', 'jobs.3'],
    ],
    [{ jobs: [{ type: 'x', queue: 'jobs' }] }, ['jobs.0.queue']],
    [
      {
        jobs: [
          { type: 'x', id: 'a' },
          { type: 'y', id: 'a' },
        ],
      },
      ['jobs.1.id'],
    ],
    [{ jobs: [{ type: 'x', id: 'a\u0000' }] }, ['jobs.0.id']],
    [{ jobs: [{ type: 'x', payload: 'x'.repeat(262_144) }] }, ['jobs.0.payload']],
    [{ jobs: [{ type: 'x' }], queue: 'nowhere' }, ['queue']],
  ])('adds nothing and names what is wrong: %#', async (body, paths) => {
    const answer = await api.post(BULK, body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual(paths);
  });

  it('with 10,001 jobs, or with millions of things that are no jobs, is refused as a whole', async () => {
    const many = await api.post(BULK, { jobs: Array.from({ length: 10_001 }, () => ({ type: 'x' })) });
    expectProblem(many, 400, 'INVALID_REQUEST');
    expect(many.body.errors.map(({ path }: { path: string }) => path)).toEqual(['jobs']);
    const junk = await api.postRaw(BULK, `{"jobs":[${'1,'.repeat(5_000_000)}1]}`);
    expectProblem(junk, 400, 'INVALID_REQUEST');
    expect(junk.body.errors).toHaveLength(1);
  });

  it('with 1,000 wrong jobs names the first 50', async () => {
    const answer = await api.post(BULK, { jobs: Array.from({ length: 1000 }, () => ({ type: 7 })) });
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors).toHaveLength(50);
    expect(answer.body.errors[49].path).toBe('jobs.49.type');
  });

  it('with more than 16 MiB is refused, and the limit is named', async () => {
    const answer = await api.postRaw(BULK, `{"jobs":"${'x'.repeat(16 * 1024 * 1024)}"}`);
    expectProblem(answer, 413, 'PAYLOAD_TOO_LARGE');
    expect(answer.body.detail).toContain('16777216');
    const single = await api.postRaw('/api/jobs', `{"type":"${'x'.repeat(1_000_000)}"}`);
    expectProblem(single, 413, 'PAYLOAD_TOO_LARGE');
    expect(single.body.detail).not.toContain('16777216');
  });

  it('takes payloads that share names with what every object has as data', async () => {
    const { body } = await api.postRaw(BULK, '{"jobs":[{"type":"x","payload":{"__proto__":{"a":1}}}]}');
    expect(JSON.stringify((await show(body.ids[0])).payload)).toBe('{"__proto__":{"a":1}}');
    await api.act(body.ids[0], 'remove');
  });
});

it('meets a key of another type in the way of one job by adding none', async () => {
  const redis = await queue.backend.client();
  await redis.rpush(queue.backend.queueKeys.job('foreign'), 'x');
  const answer = await api.post(BULK, {
    jobs: [
      { type: 'x', id: 'good' },
      { type: 'x', id: 'foreign' },
    ],
  });
  expect([409, 500]).toContain(answer.status);
  expect(await total()).toBe(0);
});
