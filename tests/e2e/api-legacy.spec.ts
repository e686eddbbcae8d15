import { Redis } from 'ioredis';
import { jobSchema, type JobView } from '#libs/contracts';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;
let redis: Redis;
let keys: string;

beforeEach(async () => {
  api = await TestApi.start();
  redis = new Redis(testRedisUrl());
  keys = `${api.prefix}:jobs:`;
});

afterEach(async () => {
  await api.close();
  redis.disconnect();
});

/** Adds a job with the commands of a Go service, in their order. */
async function addAsGo(id: string, document: string, priority = 1): Promise<void> {
  const event = (name: string) =>
    JSON.stringify({ data: { job_id: id }, event: name, job_id: id, timestamp: 1 });
  await redis.set(`${keys}data:${id}`, document, 'EX', 3600);
  await redis.set(`${keys}status:${id}`, 'pending', 'EX', 3600);
  await redis.publish(`${keys}updates`, event('status_updated'));
  await redis.zadd(`${keys}queue`, -priority, id);
  await redis.expire(`${keys}queue`, 3600);
  await redis.publish(`${keys}updates`, event('job_added'));
}

const goDocument = (id: string) =>
  JSON.stringify({
    id,
    created_at: '2026-01-02T03:04:05.123456789+02:00',
    updated_at: '2026-01-02T03:04:05.123456789+02:00',
    deleted_at: null,
    status: 'pending',
    progress: 0,
    priority: 2,
    username: 'ada',
    count: 3,
  });

const listed = async (): Promise<JobView[]> => (await api.get('/api/jobs')).body.items;

describe('a job that a Go service added', () => {
  it('is shown with its whole document as the payload', async () => {
    await addAsGo('go-1', goDocument('go-1'), 2);
    const { status, body } = await api.get('/api/jobs/go-1');
    expect(status).toBe(200);
    expect(jobSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      id: 'go-1',
      type: 'example.echo',
      status: 'pending',
      priorityName: 'high',
      legacy: true,
      payload: { username: 'ada', count: 3 },
      position: 1,
      createdAt: '2026-01-02T01:04:05.123Z',
    });
  });

  it('is listed and counted though no worker runs, and keeps its place without a TTL', async () => {
    await addAsGo('go-1', goDocument('go-1'), 2);
    await waitFor(async () => (await listed()).some(({ id }) => id === 'go-1'), {
      what: 'the job in the list',
    });
    const { body } = await api.get('/api/jobs/stats');
    expect(body).toMatchObject({ byStatus: { pending: 1 }, byPriority: { high: 1 }, total: 1 });
    await waitFor(async () => (await redis.ttl(`${keys}queue`)) === -1, { what: 'a queue without a TTL' });
    expect(await redis.ttl(`${keys}data:go-1`)).toBe(-1);
  });

  it('is cancelled for Go to see', async () => {
    await addAsGo('go-1', goDocument('go-1'));
    expect(await api.act('go-1', 'cancel')).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await redis.get(`${keys}status:go-1`)).toBe('cancelled');
    expect(await redis.zscore(`${keys}queue`, 'go-1')).toBeNull();
  });

  it.each(['stats', 'a/b', '..', 'white space', 'x'.repeat(300)])(
    'is listed whatever its id: %j',
    async (id) => {
      await addAsGo(id, goDocument(id));
      await waitFor(async () => (await listed()).some((job) => job.id === id), {
        what: 'the job in the list',
      });
    },
  );

  it.each([
    ['no JSON', '{broken'],
    ['no object', '[1,2]'],
    ['empty', ''],
    ['of wrong types', '{"id":7,"created_at":"yesterday","priority":"high","progress":"half"}'],
  ])('does not break the list when its document is %s', async (_name, document) => {
    await addAsGo('bad', document);
    await api.create({ id: 'good' });
    await waitFor(async () => (await listed()).length === 2, { what: 'both jobs in the list' });
    const { status, body } = await api.get('/api/jobs/bad');
    expect(status).toBe(200);
    expect(jobSchema.parse(body)).toEqual(body);
  });
});

describe('a key of another type where the queue should be', () => {
  it('is named in the problem, and nothing is changed', async () => {
    await redis.lpush(`${keys}queue`, 'x');
    const answer = await api.post('/api/jobs', { type: 'test.job', id: 'never' });
    expectProblem(answer, 500, 'WRONG_KEY_TYPE');
    expect(answer.body.detail).toContain(`${keys}queue`);
    expect(await redis.exists(`${keys}data:never`, `${keys}status:never`)).toBe(0);
    expect(await redis.lrange(`${keys}queue`, 0, -1)).toEqual(['x']);
    expect((await api.get('/api/health')).status).toBe(200);
  });
});
