// One file for all routes of tasks: they share an API process, whose start takes longer than their tests.
import {
  stoppedTaskSchema,
  taskDetailsSchema,
  taskExecutionSchema,
  taskPageSchema,
  taskSchema,
  type TaskDetails,
  type TaskView,
} from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { waitFor } from '../support/wait.js';
// The system under test: an application is no library that could be imported by name.
// eslint-disable-next-line no-restricted-imports
import { TaskKeeper } from '../../apps/api/src/tasks/task-keeper.js';
import { expectProblem, TestApi, type Answer } from './api-client.js';

let api: TestApi;
let queue: QueueService;

beforeEach(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
});

afterEach(() => api.close());

async function create(body: object = {}): Promise<TaskView> {
  const answer = await api.post('/api/tasks', { name: 'Report', type: 'report.make', ...body });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as TaskView;
}

const show = async (id: string): Promise<TaskDetails> => (await api.get(`/api/tasks/${id}`)).body;
const act = (id: string, action: string) => api.post(`/api/tasks/${id}/${action}`, undefined);
const edit = (id: string, body: object): Promise<Answer> =>
  api.send(`/api/tasks/${id}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
const schedulers = async () => {
  const client = await queue.backend.client();
  return client.zrange(queue.backend.queueKeys.key('schedulers'), 0, -1);
};

const DEFINITION = {
  name: 'Morning report',
  description: 'For the stand-up',
  type: 'report.make',
  payload: { rows: 12345678901234, deep: [{ a: null }], text: 'ø\u0000' },
  priority: 'high',
  attempts: 5,
  delay: 0,
  timeout: 60_000,
};

describe('POST /api/tasks', () => {
  it('answers 201 with the task, and keeps all it was told', async () => {
    const answer = await api.post('/api/tasks', DEFINITION);
    expect(answer.status).toBe(201);
    expect(taskSchema.parse(answer.body)).toEqual(answer.body);
    expect(answer.headers.get('location')).toBe(`/api/tasks/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      ...DEFINITION,
      version: 1,
      paused: false,
      status: 'idle',
      creator: 'admin',
    });
    const shown = await show(answer.body.id);
    expect(taskDetailsSchema.parse(shown)).toEqual(shown);
    expect(shown).toEqual({ ...answer.body, runs: [] });
  });

  it.each([
    ['no name', { type: 't' }, 'name'],
    ['no type', { name: 'n' }, 'type'],
    ['an unknown field', { name: 'n', type: 't', cron: '* * * * *' }, 'cron'],
    ['a schedule of nothing', { name: 'n', type: 't', schedule: {} }, 'schedule'],
    [
      'a schedule of both kinds',
      { name: 'n', type: 't', schedule: { cron: '* * * * *', every: 1000 } },
      'schedule',
    ],
    ['a cron expression that is none', { name: 'n', type: 't', schedule: { cron: 'soon' } }, 'schedule.cron'],
    ['a day that never comes', { name: 'n', type: 't', schedule: { cron: '0 0 31 2 *' } }, 'schedule.cron'],
    [
      'a time zone that is none',
      { name: 'n', type: 't', schedule: { cron: '* * * * *', timeZone: 'Moon/Base' } },
      'schedule.timeZone',
    ],
    ['an interval below a second', { name: 'n', type: 't', schedule: { every: 10 } }, 'schedule.every'],
    ['a queue that nobody looks after', { name: 'n', type: 't', queue: 'elsewhere' }, 'queue'],
    ['a description with NUL', { name: 'n', type: 't', description: 'a\u0000' }, 'description'],
    ['attempts of 0', { name: 'n', type: 't', attempts: 0 }, 'attempts'],
  ])('refuses %s, naming the field', async (_name, body, path) => {
    const answer = await api.post('/api/tasks', body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe(path);
    expect((await api.get('/api/tasks')).body.items).toEqual([]);
  });
});

describe('starting a task', () => {
  it('adds a job of it, and tells what that is at', async () => {
    const task = await create({ payload: { n: 1 }, priority: 'high', attempts: 7 });
    const started = await act(task.id, 'start');
    expect(started).toMatchObject({
      status: 201,
      body: {
        type: 'report.make',
        payload: { n: 1 },
        priorityName: 'high',
        task: task.id,
        attempts: { max: 7 },
      },
    });
    expect(await show(task.id)).toMatchObject({
      status: 'queued',
      version: 1,
      lastJob: { id: started.body.id, queue: 'jobs' },
      runs: [{ jobId: started.body.id, startedBy: 'admin', job: { status: 'pending' } }],
    });
    await queue.dequeueJob();
    expect((await show(task.id)).status).toBe('running');
    await queue.completeJob(started.body.id);
    expect((await show(task.id)).status).toBe('completed');
    await act(task.id, 'start');
    const { id } = (await queue.dequeueJob()) as { id: string };
    await queue.failJob(id, { error: 'no' });
    expect((await show(task.id)).status).toBe('failed');
  });

  it('works by POST /api/tasks/execute, and GET tells what became of it', async () => {
    const task = await create();
    const before = await api.get(`/api/tasks/execute?taskId=${task.id}`);
    expect(before).toMatchObject({ status: 200, body: { taskId: task.id, status: 'idle' } });
    const started = await api.post('/api/tasks/execute', { taskId: task.id });
    expect(started.status).toBe(200);
    expect(taskExecutionSchema.parse(started.body)).toEqual(started.body);
    expect(started.body).toMatchObject({ status: 'queued', job: { status: 'pending' } });
    expect((await api.get(`/api/tasks/execute?taskId=${task.id}`)).body).toEqual(started.body);
    expectProblem(await api.post('/api/tasks/execute', { taskId: 'x' }), 400, 'INVALID_REQUEST');
    expectProblem(await api.post('/api/tasks/execute', {}), 400, 'INVALID_REQUEST');
    const other = '00000000-0000-4000-8000-000000000000';
    expectProblem(await api.post('/api/tasks/execute', { taskId: other }), 404, 'TASK_NOT_FOUND');
  });

  it('starts once for an Idempotency-Key', async () => {
    const [task, other] = [await create(), await create()];
    const send = (id: string) =>
      api.send(`/api/tasks/${id}/start`, { method: 'POST', headers: { 'Idempotency-Key': 'k' } });
    const answers = await Promise.all([send(task.id), send(task.id), send(task.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await send(other.id)).status).toBe(201);
    expect(await queue.getQueueLength()).toBe(2);
  });

  it('by POST /api/tasks/execute answers a key that comes again with its own job, not with the last', async () => {
    const task = await create();
    const send = (key: string) =>
      api.send('/api/tasks/execute', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
        body: JSON.stringify({ taskId: task.id }),
      });
    const first = await send('a');
    const second = await send('b');
    expect(second.body.jobId).not.toBe(first.body.jobId);
    expect(await send('a')).toMatchObject({ status: 200, body: first.body });
    await queue.dequeueJob();
    await queue.completeJob(first.body.jobId);
    expect((await send('a')).body).toMatchObject({ status: 'completed', jobId: first.body.jobId });
    expect(await queue.getQueueLength()).toBe(1);
  });

  it('adds a job of the owner, whoever starts it', async () => {
    const [ada, bob] = [await api.as({ name: 'ada' }), await api.as({ name: 'bob' })];
    const { body: task } = await ada.post('/api/tasks', { name: 'Report', type: 'report.make' });
    const { body: job } = await act(task.id, 'start');
    expect(job.creator).toBe('ada');
    const { body: details } = await ada.get(`/api/tasks/${task.id}`);
    expect(details.runs).toMatchObject([{ jobId: job.id, job: { creator: 'ada' } }]);
    expect(details.runs[0].startedBy).not.toBe('ada');
    expectProblem(await bob.post(`/api/tasks/${task.id}/stop`, undefined), 404, 'TASK_NOT_FOUND');
    expect((await ada.post(`/api/tasks/${task.id}/stop`, undefined)).body.cancelled).toEqual([job.id]);
    expect((await ada.get(`/api/jobs/${job.id}`)).body).toMatchObject({ status: 'cancelled' });
  });

  it('still tells how the last job ended when Redis has forgotten it', async () => {
    const task = await create();
    const { body } = await act(task.id, 'start');
    await queue.dequeueJob();
    await queue.completeJob(body.id);
    await api.app.get(TaskKeeper).look();
    await queue.jobs.remove(body.id);
    expect(await show(task.id)).toMatchObject({ status: 'completed', runs: [{ jobId: body.id }] });
  });
});

it('stopping a task cancels its jobs that have not ended, and nobody else’s', async () => {
  const [task, other] = [await create(), await create()];
  const first = (await act(task.id, 'start')).body.id;
  await queue.dequeueJob();
  const second = (await act(task.id, 'start')).body.id;
  await act(other.id, 'start');
  const answer = await act(task.id, 'stop');
  expect(stoppedTaskSchema.parse(answer.body)).toEqual(answer.body);
  expect([...answer.body.cancelled].sort()).toEqual([first, second].sort());
  expect(answer.body.task.status).toBe('cancelled');
  expect((await show(other.id)).status).toBe('queued');
  expect((await act(task.id, 'stop')).body.cancelled).toEqual([]);
});

describe('a schedule', () => {
  it('makes a scheduler, whose runs are jobs of the task', async () => {
    const task = await create({ schedule: { every: '1h' }, payload: { n: 1 } });
    expect(task.schedule).toEqual({ every: 3_600_000 });
    expect(await schedulers()).toEqual([`task.${task.id}`]);
    await waitFor(async () => (await queue.getQueueLength()) === 1, { what: 'the first run to be ready' });
    const { id } = (await queue.dequeueJob()) as { id: string };
    const shown = await waitFor(
      async () => {
        const details = await show(task.id);
        return details.status === 'running' ? details : undefined;
      },
      { what: 'the run to be seen' },
    );
    expect(shown).toMatchObject({
      lastJob: { id },
      runs: [{ jobId: id, startedBy: 'schedule', job: { task: task.id, payload: { n: 1 } } }],
    });
    await queue.completeJob(id);
    expect((await show(task.id)).status).toBe('completed');
    expect((await act(task.id, 'stop')).body.cancelled).toEqual([]);
  });

  it('by cron says when it runs next, in its time zone', async () => {
    const task = await create({ schedule: { cron: '30 9 * * *', timeZone: 'Asia/Kolkata' } });
    expect(task.nextRunAt).toMatch(/T04:00:00\.000Z$/);
    expect(task.status).toBe('idle');
  });

  it('stops with a pause, goes on with a resume, and goes with the task', async () => {
    const task = await create({ schedule: { cron: '0 9 * * *' } });
    expect(await act(task.id, 'pause')).toMatchObject({
      status: 200,
      body: { paused: true, status: 'paused' },
    });
    expect(await schedulers()).toEqual([]);
    expectProblem(await act(task.id, 'start'), 409, 'TASK_STATE_CONFLICT');
    expect((await act(task.id, 'pause')).body.paused).toBe(true);
    expect((await act(task.id, 'resume')).body).toMatchObject({ paused: false, status: 'idle' });
    expect(await schedulers()).toEqual([`task.${task.id}`]);
    expect(await api.delete(`/api/tasks/${task.id}`)).toMatchObject({ status: 204 });
    expect(await schedulers()).toEqual([]);
    expectProblem(await api.get(`/api/tasks/${task.id}`), 404, 'TASK_NOT_FOUND');
    expect(await queue.getQueueLength()).toBe(0);
  });

  it('comes back when Redis has lost it, and one whose task is gone goes', async () => {
    const task = await create({ schedule: { cron: '0 9 * * *' } });
    const client = await queue.backend.client();
    const key = queue.backend.queueKeys.key('schedulers');
    await client.del(await client.keys(`${api.prefix}:*`));
    const later = Date.now() + 3_600_000;
    for (const id of ['task.00000000-0000-4000-8000-000000000000', 'mine']) {
      await client.zadd(key, later, id);
      await client.hset(queue.backend.queueKeys.key(`scheduler:${id}`), {
        name: 'x',
        ic: 1,
        every: 3_600_000,
      });
    }
    await api.app.get(TaskKeeper).look();
    expect((await schedulers()).sort()).toEqual(['mine', `task.${task.id}`]);
  });
});

describe('PATCH /api/tasks/:id', () => {
  it('changes what is given, takes back what is null, and counts the version up', async () => {
    const task = await create({ ...DEFINITION, schedule: { every: '1h' } });
    const answer = await edit(task.id, {
      version: 1,
      name: 'Other',
      priority: null,
      schedule: null,
      payload: [1],
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ version: 2, name: 'Other', payload: [1], attempts: 5 });
    expect(answer.body).not.toHaveProperty('priority');
    expect(await schedulers()).toEqual([]);
  });

  it('lets one of many that edit the same version win, and tells the others', async () => {
    const task = await create();
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, nth) => edit(task.id, { version: 1, name: `name ${nth}` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    for (const lost of answers.filter(({ status }) => status === 409))
      expectProblem(lost, 409, 'TASK_VERSION_CONFLICT');
    expect((await show(task.id)).name).toBe(answers.find(({ status }) => status === 200)?.body.name);
  });

  it('changes nothing when a part of it is refused', async () => {
    const task = await create({ schedule: { cron: '0 9 * * *' } });
    expectProblem(await edit(task.id, { version: 1, name: 'x', queue: 'elsewhere' }), 400, 'INVALID_REQUEST');
    expectProblem(await edit(task.id, { name: 'x' }), 400, 'INVALID_REQUEST');
    expectProblem(await edit(task.id, { version: 1, creator: 'me' }), 400, 'INVALID_REQUEST');
    expect(await show(task.id)).toMatchObject({ name: 'Report', version: 1 });
    expect(await schedulers()).toHaveLength(1);
  });
});

describe('GET /api/tasks', () => {
  const names = (answer: Answer) => (answer.body.items as TaskView[]).map(({ name }) => name);

  it('gives pages in the order asked for, which stay right while tasks come', async () => {
    for (const name of ['beta', 'Alpha', 'delta', 'Gamma']) await create({ name });
    const first = await api.get('/api/tasks?sort=name&order=asc&limit=2');
    expect(taskPageSchema.parse(first.body)).toEqual(first.body);
    expect(names(first)).toEqual(['Alpha', 'beta']);
    await create({ name: 'aaa' });
    const second = await api.get(`/api/tasks?sort=name&order=asc&limit=2&cursor=${first.body.nextCursor}`);
    expect(names(second)).toEqual(['delta', 'Gamma']);
    expect(second.body.nextCursor).toBeUndefined();
    expect(names(await api.get('/api/tasks?limit=1'))).toEqual(['aaa']);
    expectProblem(await api.get(`/api/tasks?cursor=${first.body.nextCursor}`), 400, 'INVALID_REQUEST');
  });

  it('finds by text, type and status', async () => {
    await create({ name: '100% sure', type: 'a' });
    const queued = await create({ name: 'other', description: 'surely_not', type: 'b' });
    await act(queued.id, 'start');
    expect(names(await api.get('/api/tasks?q=SURE'))).toHaveLength(2);
    expect(names(await api.get('/api/tasks?q=0%25'))).toEqual(['100% sure']);
    expect(names(await api.get('/api/tasks?q=y_n'))).toEqual(['other']);
    expect(names(await api.get('/api/tasks?type=a'))).toEqual(['100% sure']);
    expect(names(await api.get('/api/tasks?status=queued'))).toEqual(['other']);
    expect(names(await api.get(`/api/tasks?q=${encodeURIComponent("' OR 1=1 --")}`))).toEqual([]);
    expectProblem(await api.get('/api/tasks?status=done'), 400, 'INVALID_REQUEST');
  });
});

it.each(['x', '1', '00000000-0000-4000-8000-000000000000', 'a'.repeat(300), '%00'])(
  'the id %j, which no task has, is answered 404 everywhere',
  async (id) => {
    expectProblem(await api.get(`/api/tasks/${id}`), 404, 'TASK_NOT_FOUND');
    expectProblem(await edit(id, { version: 1 }), 404, 'TASK_NOT_FOUND');
    expectProblem(await api.delete(`/api/tasks/${id}`), 404, 'TASK_NOT_FOUND');
    for (const action of ['start', 'stop', 'pause', 'resume']) {
      expectProblem(await act(id, action), 404, 'TASK_NOT_FOUND');
    }
  },
);
