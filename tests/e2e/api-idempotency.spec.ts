import { QueueService } from '#libs/queue';
import { expectProblem, TestApi, type Answer } from './api-client.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});

afterAll(() => api.close());

const add = (key: string, body: object): Promise<Answer> =>
  api.send('/api/jobs', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(body),
  });

const order = { type: 'order.submit', payload: { items: [1, 2] } };

it('the same request with the same key adds one job, however often and at once it comes', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => add('order-7', order)));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect((await api.app.get(QueueService).jobs.stats()).total).toBe(1);
});

it('the answer is the job as it stands now, also when it has ended', async () => {
  const { body: first } = await add('order-8', { ...order, type: 'order.other' });
  await api.act(first.id, 'cancel');
  expect(await add('order-8', { ...order, type: 'order.other' })).toMatchObject({
    status: 200,
    body: { id: first.id, status: 'cancelled' },
  });
});

it('a key belongs to its type', async () => {
  const one = await add('same', { type: 'a', payload: 1 });
  const other = await add('same', { type: 'b', payload: 2 });
  expect([one.status, other.status]).toEqual([201, 201]);
});

it('a key that was used with another payload is refused', async () => {
  await add('order-9', order);
  expectProblem(await add('order-9', { ...order, payload: { items: [3] } }), 422, 'IDEMPOTENCY_KEY_REUSED');
});

it.each(['', 'x'.repeat(201), 'two words'])('the key "%s" is refused', async (key) => {
  expectProblem(await add(key, order), 400, 'INVALID_REQUEST');
});

it('a key beside an id is refused', async () => {
  expectProblem(await add('order-10', { ...order, id: 'mine' }), 400, 'INVALID_REQUEST');
});
