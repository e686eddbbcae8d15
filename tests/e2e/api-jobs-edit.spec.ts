// PATCH /api/jobs/:id, and the actions retry with a payload and replay.
import { FlowProducer } from 'bullmq';
import { jobSchema, TYPE_DEFAULTS, type JobView, type PublishedType } from '#libs/contracts';
import { createBackend, QueueService } from '#libs/queue';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
// eslint-disable-next-line no-restricted-imports
import { TypeDirectory } from '../../apps/api/src/types/type-directory.js';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
});

beforeEach(() => api.clear());

afterAll(() => api.close());

const show = async (id: string): Promise<JobView> => (await api.get(`/api/jobs/${id}`)).body;
const patch = (id: string, body: object) => api.patch(`/api/jobs/${id}`, body);
const retry = (id: string, payload: unknown) =>
  api.post(`/api/jobs/${id}/action`, { action: 'retry', payload });
const documentOf = async (id: string) =>
  JSON.parse((await (await queue.backend.client()).get(queue.backend.queueKeys.data(id))) ?? 'null');

/** A job as a Go service adds it. */
async function addLegacy(id: string, fields: object = {}): Promise<void> {
  const redis = await queue.backend.client();
  const { queueKeys } = queue.backend;
  const document = {
    id,
    created_at: '2026-03-01T09:30:00Z',
    deleted_at: null,
    status: 'pending',
    progress: 0,
    priority: 1,
  };
  await redis.set(
    queueKeys.data(id),
    JSON.stringify({ ...document, count: 3, username: 'ada', ...fields }),
    'EX',
    3600,
  );
  await redis.set(queueKeys.status(id), 'pending', 'EX', 3600);
  await redis.zadd(queueKeys.key('queue'), -1, id);
  await redis.expire(queueKeys.key('queue'), 3600);
}

/** Says that a live worker runs the type, with this schema of its payload. */
async function publish(type: string, payload: Record<string, unknown>): Promise<void> {
  const published: PublishedType = {
    type,
    name: type,
    version: '1.0.0',
    queue: 'jobs',
    settings: TYPE_DEFAULTS,
    payload,
    examples: [],
    idempotent: false,
    requires: { environment: [], services: [] },
    dependsOn: [],
  };
  await queue.types.publish('w', [published]);
  // What the API knows of types may be a second old.
  await waitFor(
    async () =>
      JSON.stringify((await api.app.get(TypeDirectory).find(type))?.payload) === JSON.stringify(payload),
  );
}

describe('PATCH /api/jobs/:id', () => {
  it('changes priority, delay and payload of a job that waits, in one step', async () => {
    await api.create({ id: 'a', payload: { n: 1 } });
    const answer = await patch('a', { priority: 'high', delay: '1h', payload: { n: 2 } });
    expect(answer).toMatchObject({
      status: 200,
      body: { state: 'delayed', priorityName: 'high', payload: { n: 2 } },
    });
    expect(jobSchema.parse(answer.body)).toEqual(answer.body);
    expect(Date.parse(answer.body.delayedUntil)).toBeGreaterThan(Date.now() + 3_500_000);
    expect(await documentOf('a')).toMatchObject({
      id: 'a',
      type: 'test.job',
      priority: 2,
      payload: { n: 2 },
    });
  });

  it.each([
    ['low', 0],
    ['high', 2],
    [7, 7],
    [-3, -3],
  ])('moves a job to its new place: priority %s', async (priority, number) => {
    await api.create({ id: 'a' });
    await api.create({ id: 'b' });
    expect((await patch('b', { priority })).body).toMatchObject({
      priority: number,
      position: number > 1 ? 1 : 2,
    });
    expect((await queue.dequeueJob())?.id).toBe(number > 1 ? 'b' : 'a');
  });

  it('changes when a delayed job is ready, and makes it ready with 0', async () => {
    await api.create({ id: 'a', delay: 60_000 });
    const later = await patch('a', { delay: 3_600_000 });
    expect(Date.parse(later.body.delayedUntil)).toBeGreaterThan(Date.now() + 3_500_000);
    expect((await patch('a', { delay: 0 })).body).toMatchObject({ state: 'prioritized', position: 1 });
    expect((await queue.dequeueJob())?.id).toBe('a');
  });

  it('leaves a place alone that nothing changes', async () => {
    await api.create({ id: 'a' });
    await api.create({ id: 'b' });
    expect((await patch('a', { payload: 1 })).body).toMatchObject({ payload: 1, position: 1 });
    expect((await patch('a', { delay: 0 })).body).toMatchObject({ position: 1 });
  });

  it('changes a job that waits for its children, but for its delay', async () => {
    const connection = { url: testRedisUrl() } as never;
    const flows = new FlowProducer({ connection, prefix: api.prefix }, createBackend);
    const children = [{ name: 'child', queueName: 'jobs', opts: { jobId: 'child' } }];
    await flows.add({
      name: 'parent',
      queueName: 'jobs',
      data: 1,
      opts: { jobId: 'parent', priority: 2 },
      children,
    });
    await flows.close();
    const changed = await patch('parent', { priority: 'high', payload: 2 });
    expect(changed).toMatchObject({
      status: 200,
      body: { state: 'waiting-children', priority: 2, payload: 2 },
    });
    expectProblem(await patch('parent', { delay: 1000, payload: 3 }), 409, 'JOB_STATE_CONFLICT');
    expect(await show('parent')).toMatchObject({ state: 'waiting-children', payload: 2 });
  });

  it('keeps all else in a document, numbers to their last digit', async () => {
    await api.create({ id: 'a', payload: { n: 1 } });
    const redis = await queue.backend.client();
    const key = queue.backend.queueKeys.data('a');
    await redis.set(
      key,
      '{ "id":"a", "big":12345678901234567890, "payload" : {"n":1,"payload":[{}]} , "x":1.50, "priority":1 }',
    );
    await patch('a', { payload: { n: 2, text: '}"\\' } });
    expect(await redis.get(key)).toBe(
      '{ "id":"a", "big":12345678901234567890, "payload" : {"n":2,"text":"}\\"\\\\"} , "x":1.50, "priority":1 }',
    );
  });

  it('changes the document of a legacy job, and never what the contract keeps in it', async () => {
    await addLegacy('go');
    const answer = await patch('go', {
      payload: { id: 'evil', status: 'completed', count: 9, extra: [1], priority: 5, error_msg: 'x' },
    });
    expect(answer).toMatchObject({ status: 200, body: { legacy: true } });
    expect(await documentOf('go')).toEqual({
      id: 'go',
      created_at: '2026-03-01T09:30:00Z',
      deleted_at: null,
      status: 'pending',
      progress: 0,
      priority: 1,
      count: 9,
      extra: [1],
      updated_at: expect.any(String),
    });
    expectProblem(await patch('go', { payload: 7 }), 400, 'INVALID_DOCUMENT');
    expect((await patch('go', { priority: 'high' })).body.priorityName).toBe('high');
    expect((await documentOf('go')).priority).toBe(2);
    expect((await queue.dequeueJob())?.count).toBe(9);
  });

  it('refuses a payload that does not fit the type, and changes nothing', async () => {
    await publish('mail', { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] });
    await api.create({ id: 'a', type: 'mail', payload: { to: 'x' } });
    const before = await show('a');
    const answer = await patch('a', { payload: { to: 7 }, priority: 'high' });
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe('payload.to');
    expect(await show('a')).toEqual(before);
    expect((await patch('a', { payload: { to: 'y' } })).status).toBe(200);
  });

  it.each(['running', 'completed', 'failed', 'cancelled'])('refuses to change a %s job', async (state) => {
    await api.create({ id: 'a' });
    await queue.dequeueJob();
    if (state === 'completed') await queue.completeJob('a');
    if (state === 'failed') await queue.failJob('a');
    if (state === 'cancelled') await queue.cancelJob('a');
    const before = await show('a');
    for (const body of [{ priority: 'high' }, { delay: 1000 }, { payload: 2 }]) {
      expectProblem(await patch('a', body), 409, 'JOB_STATE_CONFLICT');
    }
    expect(await show('a')).toEqual(before);
  });

  it('notices that a legacy service has cancelled the job', async () => {
    await api.create({ id: 'a', delay: 60_000 });
    await (await queue.backend.client()).set(queue.backend.queueKeys.status('a'), 'cancelled');
    expectProblem(await patch('a', { delay: 0 }), 409, 'JOB_STATE_CONFLICT');
    expect(await show('a')).toMatchObject({ status: 'cancelled' });
  });

  it('of two at the same time and a claim, each is whole', async () => {
    for (let round = 0; round < 20; round++) {
      const id = `race-${round}`;
      await api.create({ id, payload: { who: 0 } });
      const [one, two, claimed] = await Promise.all([
        patch(id, { payload: { who: 1 }, priority: 'high' }),
        patch(id, { payload: { who: 2 }, priority: 'low' }),
        queue.dequeueJob(),
      ]);
      expect(claimed?.id).toBe(id);
      for (const { status } of [one, two]) expect([200, 409]).toContain(status);
      const job = await show(id);
      const who = (job.payload as { who: number }).who;
      expect(job.priority).toBe([1, 2, 0][who]);
      expect(await documentOf(id)).toMatchObject({ payload: { who }, priority: [1, 2, 0][who] });
      expect(claimed?.payload).toEqual({ who });
    }
  });

  it.each([
    [{}, ''],
    [{ priority: 'urgent' }, 'priority'],
    [{ priority: 1.5 }, 'priority'],
    [{ priority: 1e9 }, 'priority'],
    [{ priority: '2' }, 'priority'],
    [{ delay: -1 }, 'delay'],
    [{ delay: '31d' }, 'delay'],
    [{ delay: 'soon' }, 'delay'],
    [{ attempts: 3 }, 'attempts'],
    [{ creator: 'me', priority: 'low' }, 'creator'],
    [[], ''],
  ])('refuses %j', async (body, path) => {
    await api.create({ id: 'a' });
    const answer = await patch('a', body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe(path);
  });

  it('refuses payloads that are too large or too deep, ids that are none, and jobs that are not there', async () => {
    await api.create({ id: 'a' });
    expectProblem(await patch('a', { payload: 'x'.repeat(262_144) }), 413, 'PAYLOAD_TOO_LARGE');
    let deep: unknown = 1;
    for (let level = 0; level < 101; level++) deep = [deep];
    expectProblem(await patch('a', { payload: deep }), 400, 'INVALID_REQUEST');
    expectProblem(await patch('nobody', { priority: 'low' }), 404, 'JOB_NOT_FOUND');
    expectProblem(await patch('x'.repeat(1001), { priority: 'low' }), 400, 'INVALID_JOB_ID');
    expect((await patch('a', { payload: null })).body.payload).toBeNull();
  });
});

describe('retry with another payload', () => {
  it('runs the job again with it', async () => {
    await api.create({ id: 'a', payload: { n: 1 } });
    await queue.dequeueJob();
    await queue.failJob('a');
    expect((await retry('a', { n: 2 })).body).toMatchObject({
      status: 'pending',
      payload: { n: 2 },
      attempts: { made: 0 },
    });
    expect((await queue.dequeueJob())?.payload).toEqual({ n: 2 });
  });

  it('changes nothing unless the job has finished', async () => {
    await api.create({ id: 'a', payload: { n: 1 } });
    expectProblem(await retry('a', { n: 2 }), 409, 'JOB_STATE_CONFLICT');
    expect(await show('a')).toMatchObject({ payload: { n: 1 } });
    expect((await documentOf('a')).payload).toEqual({ n: 1 });
  });

  it('is refused when it does not fit the type', async () => {
    await publish('other.mail', { type: 'object', required: ['to'] });
    await api.create({ id: 'a', type: 'other.mail', payload: { to: 'x' } });
    await queue.cancelJob('a');
    expectProblem(await retry('a', {}), 400, 'INVALID_REQUEST');
    expect(await show('a')).toMatchObject({ status: 'cancelled' });
  });

  it.each(['remove', 'promote', 'cancel', 'replay'])('%s takes no payload', async (action) => {
    await api.create({ id: 'a' });
    const answer = await api.post('/api/jobs/a/action', { action, payload: 1 });
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe('payload');
  });
});

describe('replay', () => {
  it('adds a copy that names the job it is of, which stays', async () => {
    const made = await api.create({
      id: 'a',
      payload: { n: 1 },
      priority: 'high',
      attempts: 7,
      timeout: 500,
      tags: ['t'],
    });
    await queue.dequeueJob();
    await queue.completeJob('a');
    const before = await show('a');
    const { status, body } = await api.act('a', 'replay');
    expect(status).toBe(200);
    expect(body.id).not.toBe('a');
    expect(body).toMatchObject({
      replayOf: 'a',
      status: 'pending',
      payload: made.payload,
      priority: 2,
      attempts: { made: 0, max: 7 },
      timeout: 500,
      tags: ['t'],
      creator: 'admin',
    });
    expect(await show('a')).toEqual(before);
    expect((await queue.dequeueJob())?.payload).toEqual({ n: 1 });
  });

  it('of a legacy job is one that a Go service can run', async () => {
    await addLegacy('go', { error_msg: 'old', progress: 100 });
    expect((await queue.dequeueJob())?.id).toBe('go');
    await queue.failJob('go');
    const { body } = await api.act('go', 'replay');
    expect(body).toMatchObject({ replayOf: 'go', legacy: true, status: 'pending' });
    const document = await documentOf(body.id);
    expect(document).toMatchObject({
      id: body.id,
      count: 3,
      username: 'ada',
      status: 'pending',
      progress: 0,
      priority: 1,
    });
    expect(document).not.toHaveProperty('payload');
    expect(document).not.toHaveProperty('error_msg');
  });

  it('is refused while the job waits or runs', async () => {
    await api.create({ id: 'a' });
    expectProblem(await api.act('a', 'replay'), 409, 'JOB_STATE_CONFLICT');
    await queue.dequeueJob();
    expectProblem(await api.act('a', 'replay'), 409, 'JOB_STATE_CONFLICT');
    expectProblem(await api.act('nobody', 'replay'), 404, 'JOB_NOT_FOUND');
    expect((await api.get('/api/jobs/stats')).body.total).toBe(1);
  });
});
