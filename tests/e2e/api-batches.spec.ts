// One file for all routes of batches: they share an API process, whose start takes longer than their tests.
import { batchItemPageSchema, batchPageSchema, batchSchema, type BatchView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;
let queue: QueueService;

beforeEach(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
});

afterEach(() => api.close());

const itemsOf = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, at) => ({ type: 'order.place', payload: { at }, ...fields }));

async function create(body: object = {}): Promise<BatchView> {
  const answer = await api.post('/api/batches', { items: itemsOf(3), ...body });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as BatchView;
}

const show = async (id: string): Promise<BatchView> => (await api.get(`/api/batches/${id}`)).body;

async function run(): Promise<string> {
  const { id } = (await queue.dequeueJob()) as { id: string };
  await queue.completeJob(id);
  return id;
}

const keyed = (body: object, key: string) =>
  api.send('/api/batches', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(body),
  });

describe('POST /api/batches', () => {
  it('answers 201 with the batch and its address, and follows its jobs to the end', async () => {
    const answer = await api.post('/api/batches', {
      name: 'Orders',
      limit: 2,
      items: itemsOf(3),
      callback: { type: 'order.report', payload: { to: 'ops' } },
    });
    expect(answer.status).toBe(201);
    expect(batchSchema.parse(answer.body)).toEqual(answer.body);
    const batch = answer.body as BatchView;
    expect(answer.headers.get('location')).toBe(`/api/batches/${batch.id}`);
    expect(batch).toMatchObject({
      name: 'Orders',
      queue: 'jobs',
      status: 'pending',
      total: 3,
      counts: { pending: 3, running: 0, completed: 0, failed: 0, cancelled: 0, removed: 0 },
      percent: 0,
      limit: 2,
      creator: 'admin',
      callback: { type: 'order.report' },
    });
    await run();
    expect(await show(batch.id)).toMatchObject({
      status: 'running',
      percent: 33.3,
      counts: { completed: 1 },
    });
    await run();
    await run();
    expect(await show(batch.id)).toMatchObject({
      status: 'completed',
      percent: 100,
      counts: { completed: 3 },
    });
    const { body } = await api.get(`/api/jobs/${batch.id}-callback`);
    expect(body).toMatchObject({
      type: 'order.report',
      payload: { to: 'ops', batch: { id: batch.id, completed: 3 } },
    });
  });

  it('takes 10,000 jobs in one request, and refuses one more', async () => {
    const batch = await create({ items: itemsOf(10_000), limit: 3 });
    expect(batch.counts.pending).toBe(10_000);
    expect(await queue.getQueueLength()).toBe(3);
    expectProblem(await api.post('/api/batches', { items: itemsOf(10_001) }), 400, 'INVALID_REQUEST');
  });

  it('makes one batch for an Idempotency-Key', async () => {
    const body = { items: itemsOf(2) };
    const answers = await Promise.all([keyed(body, 'k1'), keyed(body, 'k1'), keyed(body, 'k1')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(await queue.getQueueLength()).toBe(2);
    expectProblem(await keyed({ items: itemsOf(3) }, 'k1'), 422, 'IDEMPOTENCY_KEY_REUSED');
    expectProblem(await keyed(body, 'a b'), 400, 'INVALID_REQUEST');
  });

  it('adds nothing when a job id is taken, or given twice', async () => {
    await api.create({ id: 'taken' });
    const [first, second] = itemsOf(2);
    const both = await api.post('/api/batches', { items: [first, { ...second, id: 'taken' }] });
    expectProblem(both, 409, 'JOB_EXISTS');
    expect(both.body.errors).toEqual([{ path: 'items.1.id', message: 'is taken' }]);
    const twice = await api.post('/api/batches', { items: itemsOf(2, { id: 'same' }) });
    expectProblem(twice, 400, 'INVALID_REQUEST');
    expect(twice.body.errors).toEqual([{ path: 'items.1.id', message: 'is that of items.0, too' }]);
    expect(await queue.getQueueLength()).toBe(1);
    expect((await api.get('/api/batches')).body.items).toEqual([]);
  });

  it.each([
    ['no items', {}, 'items'],
    ['an empty list', { items: [] }, 'items'],
    ['an unknown field', { items: itemsOf(1), limits: 3 }, 'limits'],
    ['an unknown field of a job', { items: [{ type: 't', delay: 5 }] }, 'items.0.delay'],
    ['a limit of 0', { items: itemsOf(1), limit: 0 }, 'limit'],
    ['a limit that is text', { items: itemsOf(1), limit: '3' }, 'limit'],
    ['a job without a type', { items: [{ payload: 1 }] }, 'items.0.type'],
    [
      'a callback that is told what it will be told',
      { items: itemsOf(1), callback: { type: 't', payload: { batch: 1 } } },
      'callback.payload.batch',
    ],
    [
      'a callback whose payload is a list',
      { items: itemsOf(1), callback: { type: 't', payload: [] } },
      'callback.payload',
    ],
    ['a queue that nobody looks after', { items: itemsOf(1), queue: 'elsewhere' }, 'queue'],
    ['a name with a control character', { items: itemsOf(1), name: 'a\u0000b' }, 'name'],
  ])('refuses %s, naming the field', async (_name, body, path) => {
    const answer = await api.post('/api/batches', body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe(path);
    expect(await queue.getQueueLength()).toBe(0);
  });

  it('refuses a body of more than 16 MiB, and a payload of more than 256 KiB', async () => {
    const text = 'x'.repeat(200 * 1024);
    const large = await api.post('/api/batches', { items: itemsOf(90, { payload: { text } }) });
    expectProblem(large, 413, 'PAYLOAD_TOO_LARGE');
    expect(large.body.detail).toContain('16777216');
    expect(await api.post('/api/batches', { items: itemsOf(20, { payload: { text } }) })).toMatchObject({
      status: 201,
    });
    const one = await api.post('/api/batches', { items: itemsOf(1, { payload: { text: text + text } }) });
    expectProblem(one, 413, 'PAYLOAD_TOO_LARGE');
    expectProblem(
      await api.post('/api/jobs', { type: 't', payload: text.repeat(4) }),
      413,
      'PAYLOAD_TOO_LARGE',
    );
  });
});

describe('GET /api/batches', () => {
  it('gives pages, the newest first, that stay right while batches come', async () => {
    const ids: string[] = [];
    for (let nth = 0; nth < 5; nth++) ids.unshift((await create()).id);
    const first = await api.get('/api/batches?limit=2');
    expect(batchPageSchema.parse(first.body)).toEqual(first.body);
    await create();
    const second = await api.get(`/api/batches?limit=2&cursor=${first.body.nextCursor}`);
    const third = await api.get(`/api/batches?limit=2&cursor=${second.body.nextCursor}`);
    const seen = [first, second, third].flatMap((page) => page.body.items as BatchView[]);
    const inOneMs = (id: string) => ids.indexOf(id);
    expect(seen.map(({ id }) => inOneMs(id)).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(third.body.nextCursor).toBeUndefined();
  });

  it('refuses a cursor of another list', async () => {
    const cursor = Buffer.from('{"from":1}').toString('base64url');
    expectProblem(await api.get(`/api/batches?cursor=${cursor}`), 400, 'INVALID_REQUEST');
    expectProblem(await api.get('/api/batches?limit=0'), 400, 'INVALID_REQUEST');
    expectProblem(await api.get('/api/batches?page=1'), 400, 'INVALID_REQUEST');
  });
});

describe('GET /api/batches/:id/items', () => {
  it('gives its jobs in order, with their places in the batch and in the queue', async () => {
    await api.create({ type: 'other', priority: 'high' });
    const batch = await create({ items: itemsOf(5), limit: 2 });
    const { body } = await api.get(`/api/batches/${batch.id}/items?limit=4`);
    expect(batchItemPageSchema.parse(body)).toEqual(body);
    expect(body.total).toBe(5);
    expect(body.items.map((item: object) => item)).toMatchObject([
      { index: 0, status: 'pending', position: 1, positionInQueue: 2, type: 'order.place' },
      { index: 1, position: 2, positionInQueue: 3 },
      { index: 2, position: 3, positionInQueue: 4 },
      { index: 3, position: 4, positionInQueue: 5 },
    ]);
    const next = await api.get(`/api/batches/${batch.id}/items?limit=4&cursor=${body.nextCursor}`);
    expect(next.body.items).toMatchObject([{ index: 4, position: 5 }]);
    expect(next.body.nextCursor).toBeUndefined();
  });

  it('says when those that wait are expected to run, once one has completed', async () => {
    const batch = await create({ items: itemsOf(6), limit: 2 });
    expect((await show(batch.id)).estimatedFinishAt).toBeUndefined();
    await run();
    const { body } = await api.get(`/api/batches/${batch.id}/items`);
    const times = body.items
      .slice(1)
      .map((item: { estimatedStartAt: string }) => Date.parse(item.estimatedStartAt));
    expect(times).toEqual([...times].sort((a: number, b: number) => a - b));
    expect(body.items[0]).not.toHaveProperty('estimatedStartAt');
    expect(Date.parse((await show(batch.id)).estimatedFinishAt ?? '')).toBeGreaterThan(0);
  });

  it('still names jobs that were removed', async () => {
    const batch = await create();
    const { body } = await api.get(`/api/batches/${batch.id}/items`);
    await api.act(body.items[1].id, 'remove');
    expect((await api.get(`/api/batches/${batch.id}/items`)).body.items[1]).toEqual({
      index: 1,
      id: body.items[1].id,
      status: 'removed',
    });
  });
});

describe('POST /api/batches/:id/cancel', () => {
  it('cancels what has not ended, and answers 409 once the batch has', async () => {
    const batch = await create({ items: itemsOf(4), limit: 2 });
    await run();
    const answer = await api.post(`/api/batches/${batch.id}/cancel`, undefined);
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'cancelled', counts: { completed: 1, cancelled: 3, pending: 0 }, percent: 100 },
    });
    expectProblem(await api.post(`/api/batches/${batch.id}/cancel`, undefined), 409, 'BATCH_STATE_CONFLICT');
  });
});

it('a job that waits for its batch cannot be promoted', async () => {
  const batch = await create({ limit: 1 });
  const { body } = await api.get(`/api/batches/${batch.id}/items`);
  expectProblem(await api.act(body.items[2].id, 'promote'), 409, 'JOB_STATE_CONFLICT');
});

it.each(['batch-none', 'job-1', 'batch-%00', 'x'.repeat(300), 'batch-..%2f..'])(
  'the id %j, which no batch has, is answered 404 everywhere',
  async (id) => {
    expectProblem(await api.get(`/api/batches/${id}`), 404, 'BATCH_NOT_FOUND');
    expectProblem(await api.get(`/api/batches/${id}/items`), 404, 'BATCH_NOT_FOUND');
    expectProblem(await api.post(`/api/batches/${id}/cancel`, undefined), 404, 'BATCH_NOT_FOUND');
  },
);
