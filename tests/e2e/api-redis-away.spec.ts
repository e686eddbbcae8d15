import { startRedis, type OwnRedis } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

const DEADLINES = { requestMs: 1000, probeMs: 300 };

let redis: OwnRedis;
let api: TestApi;

beforeEach(async () => {
  redis = await startRedis();
  api = await TestApi.start({ redisUrl: redis.url, deadlines: DEADLINES });
});

afterEach(async () => {
  redis.resume();
  await api.close();
  await redis.remove();
});

const healthy = () =>
  waitFor(async () => (await api.get('/api/health')).status === 200, { what: 'the API being healthy again' });

describe('when Redis is killed', () => {
  it('answers 503 instead of waiting, and works again when Redis is back', async () => {
    const { id } = await api.create();
    await redis.kill();

    const started = Date.now();
    expectProblem(await api.get('/api/health'), 503, 'REDIS_UNAVAILABLE');
    expectProblem(await api.get(`/api/jobs/${id}`), 503, 'REDIS_UNAVAILABLE');
    expectProblem(await api.post('/api/jobs', { type: 'x' }), 503, 'REDIS_UNAVAILABLE');
    expectProblem(await api.act(id, 'cancel'), 503, 'REDIS_UNAVAILABLE');
    expect(Date.now() - started).toBeLessThan(5 * DEADLINES.requestMs);

    await redis.restart();
    await healthy();
    expect((await api.get(`/api/jobs/${id}`)).body).toMatchObject({ id, status: 'pending' });
    expect((await api.post('/api/jobs', { type: 'x' })).status).toBe(201);
  });

  it('answers each of many requests under way: with a job that exists, or with 503', async () => {
    const ids = Array.from({ length: 200 }, (_, n) => `job-${n}`);
    const answers = ids.map((id) => api.post('/api/jobs', { type: 'x', id }));
    await answers[0];
    await redis.kill();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 201 && status !== 503)).toEqual([]);

    await redis.restart();
    await healthy();
    for (const [index, id] of ids.entries()) {
      if (statuses[index] === 201) expect((await api.get(`/api/jobs/${id}`)).status).toBe(200);
    }
  });

  it('lets nothing happen later that it said was not done', async () => {
    await redis.kill();
    expectProblem(await api.get('/api/health'), 503, 'REDIS_UNAVAILABLE');
    const answer = await api.post('/api/jobs', { type: 'x', id: 'refused' });
    expectProblem(answer, 503, 'REDIS_UNAVAILABLE');
    expect(answer.body.detail).toContain('nothing was changed');

    await redis.restart();
    await healthy();
    expectProblem(await api.get('/api/jobs/refused'), 404, 'JOB_NOT_FOUND');
  });
});

describe('when Redis hangs', () => {
  it('says that the outcome of what was under way is unknown, and refuses what comes next', async () => {
    await api.create();
    redis.pause();
    const first = await api.post('/api/jobs', { type: 'x' });
    expectProblem(first, 503, 'REDIS_UNAVAILABLE');
    expect(first.body.detail).toContain('outcome is unknown');
    const next = await api.post('/api/jobs', { type: 'x' });
    expectProblem(next, 503, 'REDIS_UNAVAILABLE');
    expect(next.body.detail).toContain('nothing was changed');
    expectProblem(await api.get('/api/health'), 503, 'REDIS_UNAVAILABLE');

    redis.resume();
    await healthy();
    expect((await api.post('/api/jobs', { type: 'x' })).status).toBe(201);
  });
});

describe('when Redis is not there at the start', () => {
  it('answers 503, and works once Redis comes', async () => {
    await redis.stop();
    const early = await TestApi.start({ redisUrl: redis.url, deadlines: DEADLINES });
    try {
      expectProblem(await early.get('/api/health'), 503, 'REDIS_UNAVAILABLE');
      await redis.restart();
      await waitFor(async () => (await early.get('/api/health')).status === 200, { what: 'a healthy API' });
      await early.create();
    } finally {
      await early.close();
    }
  });
});
