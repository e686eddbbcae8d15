// Whose jobs are whose: creators, tags, and callers that see only their own.
import type { JobView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { expectProblem, TestApi, type Answer } from './api-client.js';

let api: TestApi;
let queue: QueueService;
let ada: TestApi;
let bob: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
  ada = await api.as({ name: 'ada' });
  bob = await api.as({ name: 'bob' });
});

beforeEach(() => api.clear());

afterAll(() => api.close());

const once = (caller: TestApi, key: string, body: object): Promise<Answer> =>
  caller.send('/api/jobs', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(body),
  });
const show = async (id: string): Promise<JobView> => (await api.get(`/api/jobs/${id}`)).body;

describe('creator and tags', () => {
  it('are kept with the job and shown', async () => {
    const job = await ada.create({ id: 'a', tags: ['eu', 'invoice'] });
    expect(job).toMatchObject({ creator: 'ada', tags: ['eu', 'invoice'] });
    expect(await show('a')).toMatchObject({ creator: 'ada', tags: ['eu', 'invoice'] });
    expect((await api.create({ id: 'b' })).creator).toBe('admin');
  });

  it('survive a failure, a retry, a requeue by a Go service, and a replay', async () => {
    const kept = { creator: 'ada', tags: ['x'] };
    await ada.create({ id: 'a', tags: ['x'] });
    await queue.dequeueJob();
    await queue.failJob('a', { requeue: true });
    expect(await show('a')).toMatchObject(kept);
    // As a Go service does it: the document anew, without what it does not know.
    const redis = await queue.backend.client();
    await redis.zrem(queue.backend.queueKeys.key('queue'), 'a');
    const legacy = JSON.stringify({
      id: 'a',
      priority: 1,
      status: 'pending',
      created_at: '2026-03-01T09:30:00Z',
    });
    await redis.set(queue.backend.queueKeys.data('a'), legacy, 'EX', 3600);
    await redis.zadd(queue.backend.queueKeys.key('queue'), -1, 'a');
    await redis.expire(queue.backend.queueKeys.key('queue'), 3600);
    expect((await queue.dequeueJob())?.id).toBe('a');
    expect(await show('a')).toMatchObject(kept);
    await queue.failJob('a');
    expect((await api.act('a', 'retry')).body).toMatchObject(kept);
    await queue.cancelJob('a');
    expect((await api.act('a', 'replay')).body).toMatchObject({ ...kept, replayOf: 'a' });
  });

  it.each([
    [['a', 'a'], 'tags'],
    [[''], 'tags.0'],
    [['a,b'], 'tags.0'],
    [[' a'], 'tags.0'],
    [['x'.repeat(51)], 'tags.0'],
    [['a\u0000'], 'tags.0'],
    [Array.from({ length: 21 }, (_, n) => `t${n}`), 'tags'],
    ['a', 'tags'],
    [[7], 'tags.0'],
  ])('tags that are none are refused: %j', async (tags, path) => {
    const answer = await api.post('/api/jobs', { type: 'x', tags });
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe(path);
  });

  it('a caller cannot say that somebody else created its job', async () => {
    expectProblem(await ada.post('/api/jobs', { type: 'x', creator: 'bob' }), 400, 'INVALID_REQUEST');
  });
});

describe('a caller that is limited to its own jobs', () => {
  beforeEach(async () => {
    await ada.create({ id: 'a1' });
    await ada.create({ id: 'a2', delay: 60_000, priority: 'high' });
    await bob.create({ id: 'b1' });
    await api.create({ id: 'c1' });
  });

  it.each(['', '?limit=10', '?status=pending', '?creator=ada', '?type=test.*&limit=5'])(
    'lists only these: %s',
    async (query) => {
      const { body } = await ada.get(`/api/jobs${query}`);
      expect(body.items.map(({ id }: JobView) => id).sort()).toEqual(['a1', 'a2']);
      if (!query.includes('limit')) expect(body.total).toBe(2);
    },
  );

  it('lists nothing when it asks for those of somebody else', async () => {
    expect((await ada.get('/api/jobs?creator=bob')).body).toEqual({
      items: [],
      page: 1,
      pageSize: 20,
      total: 0,
    });
    expect((await ada.get('/api/jobs?creator=bob&limit=5')).body).toEqual({ items: [] });
  });

  it('counts only these', async () => {
    await queue.dequeueJob();
    await queue.dequeueJob();
    expect((await ada.get('/api/jobs/stats')).body).toMatchObject({
      byStatus: { pending: 1, running: 1 },
      byState: { delayed: 1, active: 1 },
      byPriority: { normal: 0, high: 0 },
      total: 2,
    });
    expect((await bob.get('/api/jobs/stats')).body).toMatchObject({ byStatus: { running: 1 }, total: 1 });
    expect((await api.get('/api/jobs/stats')).body.total).toBe(4);
  });

  it.each([
    ['GET', '', undefined],
    ['GET', '/logs', undefined],
    ['GET', '/result', undefined],
    ['GET', '/timeline', undefined],
    ['GET', '/why', undefined],
    ['GET', '/artifacts', undefined],
    ['GET', '/artifacts/x.txt', undefined],
    ['PATCH', '', { priority: 'high' }],
    ['PATCH', '', { payload: {} }],
    ['POST', '/action', { action: 'cancel' }],
    ['POST', '/action', { action: 'remove' }],
    ['POST', '/action', { action: 'retry', payload: {} }],
    ['POST', '/action', { action: 'replay' }],
    ['POST', '/action', { action: 'promote' }],
  ])('finds no job of somebody else: %s /api/jobs/:id%s', async (method, path, body) => {
    const before = await show('b1');
    const send = (id: string) =>
      ada.send(`/api/jobs/${id}${path}`, {
        method,
        ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      });
    const answers = [await send('b1'), await send('nobody')];
    for (const answer of answers) expectProblem(answer, 404, 'JOB_NOT_FOUND');
    expect(answers[0]?.body.detail.replace('b1', '')).toBe(answers[1]?.body.detail.replace('nobody', ''));
    expect(await show('b1')).toEqual(before);
  });

  it('sees and changes what is its own', async () => {
    expect((await ada.get('/api/jobs/a1')).status).toBe(200);
    expect((await ada.patch('/api/jobs/a1', { priority: 'low' })).body.priorityName).toBe('low');
    expect((await ada.act('a1', 'cancel')).body.status).toBe('cancelled');
    expect((await ada.act('a1', 'retry')).body.status).toBe('pending');
  });

  it('acts on many without touching those of others', async () => {
    const { body } = await ada.post('/api/jobs/actions', { action: 'cancel', filter: { status: 'pending' } });
    expect(body).toMatchObject({ matched: 2, done: 2 });
    const byId = await ada.post('/api/jobs/actions', { action: 'remove', ids: ['a1', 'b1', 'c1'] });
    expect(byId.body).toMatchObject({ matched: 1, done: 1, missing: 2 });
    const dry = await ada.post('/api/jobs/actions', { action: 'remove', ids: ['a2', 'b1'], dryRun: true });
    expect(dry.body).toMatchObject({ matched: 1, missing: 1, sample: ['a2'] });
    expect(
      (await ada.post('/api/jobs/actions', { action: 'cancel', filter: { creator: 'bob' } })).body.matched,
    ).toBe(0);
    expect(await show('b1')).toMatchObject({ status: 'pending' });
    expect(await show('c1')).toMatchObject({ status: 'pending' });
  });

  it('is told nothing but that an id is taken', async () => {
    const answer = await ada.post('/api/jobs', { type: 'x', id: 'b1' });
    expectProblem(answer, 409, 'JOB_EXISTS');
    expect(JSON.stringify(answer.body)).not.toContain('bob');
  });
});

describe('an idempotency key', () => {
  it('belongs to its caller', async () => {
    const body = { type: 'order', payload: { n: 1 } };
    const [first, other, again] = [
      await once(ada, 'k', body),
      await once(bob, 'k', { ...body, payload: { n: 2 } }),
      await once(ada, 'k', body),
    ];
    expect([first.status, other.status, again.status]).toEqual([201, 201, 200]);
    expect(again.body.id).toBe(first.body.id);
    expect(other.body.id).not.toBe(first.body.id);
    expect(other.body.creator).toBe('bob');
  });

  it('whose id somebody else has taken tells nothing of that job', async () => {
    const { body } = await once(ada, 'k', { type: 'order', payload: { secret: 1 } });
    await ada.act(body.id, 'remove');
    // REST takes no such ids; other programs may.
    await queue.jobs.create({ type: 'order', id: body.id, payload: { secret: 2 }, creator: 'bob' });
    const answer = await once(ada, 'k', { type: 'order', payload: { secret: 2 } });
    expectProblem(answer, 409, 'JOB_EXISTS');
  });
});
