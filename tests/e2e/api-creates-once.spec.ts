// Requests with an Idempotency-Key that make schedules and tasks.
import { QueueService } from '#libs/queue';
import { expectProblem, TestApi } from './api-client.js';

const LIST = '/api/schedules';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
});
beforeEach(() => api.clear());
afterAll(() => api.close());

const send = (path: string, given: object, key = 'k', by = api) =>
  by.send(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(given),
  });

describe('a schedule', () => {
  const body = { type: 'report.make', cron: '0 3 * * *' };
  it('makes one, however often and at once it comes', async () => {
    const answers = await Promise.all([send(LIST, body), send(LIST, body), send(LIST, body)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    for (const answer of answers) expect(answer.body).toEqual(answers[0]!.body);
    const { id } = answers[0]!.body;
    const other = await api.as({ name: 'other', isLimitedToOwn: false });
    expect((await send(LIST, body, 'k', other)).body.id).not.toBe(id);
    expect((await send(LIST, body, 'l')).body.id).not.toBe(id);
    expect((await api.get(LIST)).body.total).toBe(3);
  });

  it('answers with the schedule as it stands now', async () => {
    const { id } = (await send(LIST, body)).body;
    await api.post(`${LIST}/${id}/pause`, undefined);
    expect(await send(LIST, body)).toMatchObject({ status: 200, body: { id, paused: true } });
  });

  it('is refused for another schedule, beside an id, or when it is none', async () => {
    const first = await send(LIST, body);
    expectProblem(await send(LIST, { ...body, cron: '0 4 * * *' }), 422, 'IDEMPOTENCY_KEY_REUSED');
    expectProblem(await send(LIST, { ...body, id: 'nightly' }), 400, 'INVALID_REQUEST');
    expectProblem(await send(LIST, body, 'a b'), 400, 'INVALID_REQUEST');
    expect((await api.get(LIST)).body.items).toMatchObject([{ id: first.body.id, cron: '0 3 * * *' }]);
  });
});

it('saves one task for an Idempotency-Key, however often and at once it comes', async () => {
  const body = { name: 'Report', type: 'report.make', schedule: { every: 3_600_000 } };
  const answers = await Promise.all([
    send('/api/tasks', body),
    send('/api/tasks', body),
    send('/api/tasks', body),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
  const { id } = answers[0]!.body;
  for (const answer of answers) expect(answer.body.id).toBe(id);
  expect(await queue.backend.schedulers.range(0, -1, true)).toContain(`task.${id}`);
  expectProblem(await send('/api/tasks', { ...body, name: 'Other' }), 422, 'IDEMPOTENCY_KEY_REUSED');
  expectProblem(await send('/api/tasks', body, 'a b'), 400, 'INVALID_REQUEST');
  const ada = await api.as({ name: 'ada' });
  expect((await send('/api/tasks', body, 'k', ada)).status).toBe(201);
  // The task as it is now, also when it has been changed since.
  await api.patch(`/api/tasks/${id}`, { version: 1, name: 'Changed' });
  expect(await send('/api/tasks', body)).toMatchObject({ status: 200, body: { id, name: 'Changed' } });
  expect((await api.get('/api/tasks')).body.items).toHaveLength(2);
});
