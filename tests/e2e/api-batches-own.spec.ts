// Whose batches and tasks are whose: callers that see only their own, and who may do what at all.
import type { BatchView, TaskView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { expectProblem, TestApi, type Answer } from './api-client.js';

let api: TestApi;
let queue: QueueService;
let ada: TestApi;
let bob: TestApi;
let viewer: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
  ada = await api.as({ name: 'ada' });
  bob = await api.as({ name: 'bob' });
  viewer = await api.as({ name: 'eve', role: 'viewer', isLimitedToOwn: false });
});

beforeEach(() => api.clear());

afterAll(() => api.close());

const BATCH = {
  limit: 1,
  items: [{ type: 'order.place' }, { type: 'order.place' }],
  callback: { type: 'order.report' },
};

async function make<T>(caller: TestApi, path: string, body: object): Promise<T> {
  const answer = await caller.post(path, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as T;
}

const batchOf = (caller: TestApi) => make<BatchView>(caller, '/api/batches', BATCH);
const taskOf = (caller: TestApi, name: string) =>
  make<TaskView>(caller, '/api/tasks', { name, type: 'report.make' });

const send = (caller: TestApi, method: string, path: string, body?: object): Promise<Answer> =>
  caller.send(path, {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });

describe('batches of a caller that is limited to its own jobs', () => {
  it('are the only ones it is shown, with their jobs and callback as its own', async () => {
    const [own, other] = [await batchOf(ada), await batchOf(bob)];
    await batchOf(api);
    const ids = async (caller: TestApi) =>
      ((await caller.get('/api/batches')).body.items as BatchView[]).map(({ id }) => id);
    expect(await ids(ada)).toEqual([own.id]);
    expect(await ids(bob)).toEqual([other.id]);
    expect(await ids(api)).toHaveLength(3);
    expect((await ada.get(`/api/batches/${own.id}`)).body).toMatchObject({ id: own.id, creator: 'ada' });
    const { items } = (await ada.get(`/api/batches/${own.id}/items`)).body;
    expect((await ada.get(`/api/jobs/${items[0].id}`)).body).toMatchObject({ creator: 'ada', batch: own.id });
    expect(await ada.post(`/api/batches/${own.id}/cancel`, undefined)).toMatchObject({
      status: 200,
      body: { status: 'cancelled' },
    });
    expect((await ada.get(`/api/jobs/${own.id}-callback`)).body.creator).toBe('ada');
    expectProblem(await bob.get(`/api/jobs/${own.id}-callback`), 404, 'JOB_NOT_FOUND');
  });

  it('fill pages although most batches are those of others', async () => {
    const own = [await batchOf(ada)];
    for (let nth = 0; nth < 3; nth++) await batchOf(bob);
    own.unshift(await batchOf(ada));
    const first = (await ada.get('/api/batches?limit=1')).body;
    const second = (await ada.get(`/api/batches?limit=1&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...second.items].map(({ id }: BatchView) => id)).toEqual(own.map(({ id }) => id));
    expect(second.nextCursor).toBeUndefined();
  });

  it.each([
    ['GET', ''],
    ['GET', '/items'],
    ['POST', '/cancel'],
  ])('of somebody else are answered like missing ones: %s /api/batches/:id%s', async (method, path) => {
    const { id } = await batchOf(bob);
    const before = (await api.get(`/api/batches/${id}`)).body;
    const answers = [
      await send(ada, method, `/api/batches/${id}${path}`),
      await send(ada, method, `/api/batches/batch-none${path}`),
    ];
    for (const answer of answers) expectProblem(answer, 404, 'BATCH_NOT_FOUND');
    expect(answers[0]?.body.detail.replace(id, '')).toBe(answers[1]?.body.detail.replace('batch-none', ''));
    expect((await api.get(`/api/batches/${id}`)).body).toEqual(before);
  });

  it('are not those of another caller with the same Idempotency-Key', async () => {
    const once = (caller: TestApi) =>
      caller.send('/api/batches', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'k' },
        body: JSON.stringify(BATCH),
      });
    const [first, again, other] = [await once(ada), await once(ada), await once(bob)];
    expect([first.status, again.status, other.status]).toEqual([201, 200, 201]);
    expect(again.body.id).toBe(first.body.id);
    expect(other.body.id).not.toBe(first.body.id);
  });
});

describe('tasks of a caller that is limited to its own jobs', () => {
  it('are the only ones it is shown and starts', async () => {
    const [own] = [await taskOf(ada, 'own'), await taskOf(bob, 'other')];
    expect(((await ada.get('/api/tasks')).body.items as TaskView[]).map(({ creator }) => creator)).toEqual([
      'ada',
    ]);
    expect((await ada.post('/api/tasks/execute', { taskId: own.id })).body).toMatchObject({
      status: 'queued',
      job: { creator: 'ada', task: own.id },
    });
    expect((await ada.get(`/api/tasks/execute?taskId=${own.id}`)).body.status).toBe('queued');
  });

  it.each([
    ['GET', '', undefined],
    ['PATCH', '', { version: 1, name: 'mine' }],
    ['DELETE', '', undefined],
    ['POST', '/start', undefined],
    ['POST', '/stop', undefined],
    ['POST', '/pause', undefined],
    ['POST', '/resume', undefined],
  ])('of somebody else are answered like missing ones: %s /api/tasks/:id%s', async (method, path, body) => {
    const { id } = await taskOf(bob, 'other');
    await bob.post(`/api/tasks/${id}/start`, undefined);
    const before = (await bob.get(`/api/tasks/${id}`)).body;
    expectProblem(await send(ada, method, `/api/tasks/${id}${path}`, body), 404, 'TASK_NOT_FOUND');
    expect((await bob.get(`/api/tasks/${id}`)).body).toEqual(before);
    expect(await queue.getQueueLength()).toBe(1);
  });

  it('of somebody else can neither be executed nor asked for', async () => {
    const { id } = await taskOf(bob, 'other');
    expectProblem(await ada.post('/api/tasks/execute', { taskId: id }), 404, 'TASK_NOT_FOUND');
    expectProblem(await ada.get(`/api/tasks/execute?taskId=${id}`), 404, 'TASK_NOT_FOUND');
    expect(await queue.getQueueLength()).toBe(0);
  });

  it('never show or cancel a job of somebody else that has got the id of a run', async () => {
    const task = await taskOf(ada, 'own');
    const { id } = (await ada.post(`/api/tasks/${task.id}/start`, undefined)).body;
    // Redis has lost its memory: numbers start anew.
    await api.clear();
    const foreign = await bob.create({ payload: { secret: 1 } });
    expect(foreign.id).toBe(id);
    const shown = await ada.get(`/api/tasks/${task.id}`);
    expect(JSON.stringify(shown.body)).not.toContain('secret');
    expect((await ada.post(`/api/tasks/${task.id}/stop`, undefined)).body.cancelled).toEqual([]);
    expect((await bob.get(`/api/jobs/${id}`)).body.status).toBe('pending');
  });
});

const TASK = '00000000-0000-4000-8000-000000000000';

describe.each([
  ['GET', '/api/batches', 'viewer'],
  ['POST', '/api/batches', 'operator'],
  ['GET', '/api/batches/batch-x', 'viewer'],
  ['GET', '/api/batches/batch-x/items', 'viewer'],
  ['POST', '/api/batches/batch-x/cancel', 'operator'],
  ['GET', '/api/tasks', 'viewer'],
  ['POST', '/api/tasks', 'operator'],
  ['POST', '/api/tasks/execute', 'operator'],
  ['GET', `/api/tasks/execute?taskId=${TASK}`, 'viewer'],
  ['GET', `/api/tasks/${TASK}`, 'viewer'],
  ['PATCH', `/api/tasks/${TASK}`, 'operator'],
  ['DELETE', `/api/tasks/${TASK}`, 'operator'],
  ['POST', `/api/tasks/${TASK}/start`, 'operator'],
  ['POST', `/api/tasks/${TASK}/stop`, 'operator'],
  ['POST', `/api/tasks/${TASK}/pause`, 'operator'],
  ['POST', `/api/tasks/${TASK}/resume`, 'operator'],
])('%s %s', (method, path, role) => {
  it('refuses without a key', async () => {
    const answer = await api.send(path, { method, headers: { Authorization: 'none' } });
    expectProblem(answer, 401, 'UNAUTHENTICATED');
  });

  it(`is for ${role}s`, async () => {
    const answer = await send(viewer, method, path);
    if (role === 'operator') expectProblem(answer, 403, 'FORBIDDEN');
    else expect([200, 404]).toContain(answer.status);
  });
});
