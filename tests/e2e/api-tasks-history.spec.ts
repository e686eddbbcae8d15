// What became of a task's runs when Redis has forgotten their jobs.
import { taskExecutionSchema, type TaskDetails, type TaskView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { waitFor } from '../support/wait.js';
import { TestApi } from './api-client.js';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
});

beforeEach(() => api.clear());

afterAll(() => api.close());

async function create(body: object = {}): Promise<TaskView> {
  const answer = await api.post('/api/tasks', { name: 'Report', type: 'report.make', ...body });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as TaskView;
}

const show = async (id: string): Promise<TaskDetails> => (await api.get(`/api/tasks/${id}`)).body;

describe('a run that Redis has forgotten', () => {
  /** Waits until the history has a job as it ended. */
  const recorded = (id: string, status: string) =>
    waitFor(async () => (await api.get(`/api/history/${id}`)).body?.status === status, {
      what: `the history to have job ${id} as ${status}`,
      timeoutMs: 20_000,
    });

  it.each([
    ['completed', (id: string) => queue.completeJob(id)],
    ['failed', (id: string) => queue.failJob(id, { error: 'no' })],
  ] as const)('that has %s is told by the history', async (status, end) => {
    const task = await create({ payload: { n: 1 } });
    const { jobId } = (await api.post('/api/tasks/execute', { taskId: task.id })).body;
    await queue.dequeueJob();
    await end(jobId);
    await recorded(jobId, status);
    await api.clear();
    const { body } = await api.get(`/api/tasks/execute?taskId=${task.id}`);
    expect(taskExecutionSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ status, jobId, job: { status, payload: { n: 1 }, task: task.id } });
    expect(await show(task.id)).toMatchObject({ status, runs: [{ jobId, job: { status } }] });
  });

  it('of a schedule is told, too', async () => {
    const task = await create({ schedule: { every: '1h' } });
    await waitFor(async () => (await queue.getQueueLength()) === 1, { what: 'the first run to be ready' });
    const { id } = (await queue.dequeueJob()) as { id: string };
    await queue.completeJob(id);
    await recorded(id, 'completed');
    const { queueKeys } = queue.backend;
    const client = await queue.backend.client();
    // As when its time is over.
    await client.del(await client.keys(`${api.prefix}:*${id}`));
    for (const shared of ['plain', 'runs']) await client.hdel(queueKeys.key(shared), id);
    for (const list of ['completed', 'ids', 'expiring']) await client.zrem(queueKeys.key(list), id);
    expect(await queue.jobs.find(id)).toBeUndefined();
    expect((await api.get(`/api/tasks/execute?taskId=${task.id}`)).body).toMatchObject({
      status: 'completed',
      jobId: id,
    });
  });

  it('is not mistaken for a later job of the same id', async () => {
    const task = await create();
    const { jobId } = (await api.post('/api/tasks/execute', { taskId: task.id })).body;
    await api.clear();
    const other = await api.create();
    expect(other.id).toBe(jobId);
    await queue.dequeueJob();
    await queue.completeJob(jobId);
    await recorded(jobId, 'completed');
    const { body } = await api.get(`/api/tasks/execute?taskId=${task.id}`);
    expect(body).toMatchObject({ status: 'idle', jobId });
    expect(body).not.toHaveProperty('job');
  });
});
