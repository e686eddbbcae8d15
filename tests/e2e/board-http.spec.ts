import { UnrecoverableError } from 'bullmq';
import { PROBLEM_MEDIA_TYPE, problemSchema } from '#libs/contracts';
import { fetchWithKey } from '../support/access.js';
import { startRedis } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import type { Answer } from './api-client.js';
import { BoardStand } from './board-stand.js';

const BOARD_API = '/admin/queues/api';

let stand: BoardStand;

beforeEach(async () => {
  stand = await BoardStand.start();
});
afterEach(() => stand.close());

const get = (path: string): Promise<Answer> => stand.api.get(BOARD_API + path);
const put = (path: string, body: object = {}): Promise<Answer> =>
  stand.api.send(BOARD_API + path, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

/** A problem document, with what the page of Bull Board shows of it. */
function expectBoardProblem(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, body: { status, code } });
  expect(answer.headers.get('content-type')).toBe(PROBLEM_MEDIA_TYPE);
  expect(() => problemSchema.parse(answer.body)).not.toThrow();
  expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
  expect(answer.body.error).toBeDefined();
  expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.(js|ts):\d+/);
}

describe("the board's own API answers with problem documents", () => {
  it.each([
    ['a queue that is not there', 'QUEUE_NOT_FOUND', '/queues/nothing/1'],
    ['a job that is not there', 'JOB_NOT_FOUND', '/queues/jobs/1'],
  ])('for %s', async (_what, code, path) => {
    expectBoardProblem(await get(path), 404, code);
  });

  it('for what it refuses', async () => {
    await stand.api.create({ id: 'waits-1' });
    expectBoardProblem(await put('/queues/jobs/waits-1/retry'), 400, 'JOB_NOT_RETRIABLE');
    const wrong = await stand.api.post(`${BOARD_API}/queues/jobs/add`, { name: 7 });
    expectBoardProblem(wrong, 400, 'INVALID_REQUEST');
  });

  it('for what the store refuses', async () => {
    const job = { name: 'x'.repeat(1000), data: {}, options: {} };
    const answer = await stand.api.post(`${BOARD_API}/queues/jobs/add`, job);
    expectBoardProblem(answer, 400, 'INVALID_OPTION');
    expect(answer.body).toMatchObject({ error: 'Invalid option', message: answer.body.detail });
  });

  it('for a job that meanwhile is in another state', async () => {
    await stand.api.create({ id: 'waits-1' });
    expectBoardProblem(await put('/queues/jobs/waits-1/promote'), 409, 'JOB_TRANSITION_REFUSED');
  });

  it.each([{ jobId: '7' }, { parent: { id: 'nobody', queue: 'botrix:jobs' } }])(
    'for options that make no sense: %j',
    async (options) => {
      const job = { name: 'test.job', data: {}, options };
      const answer = await stand.api.post(`${BOARD_API}/queues/jobs/add`, job);
      expect([400, 409]).toContain(answer.status);
      expectBoardProblem(answer, answer.status, String(answer.body.code));
      expect(await stand.redis.exists(`${stand.keys}queue`)).toBe(0);
    },
  );

  it('for a state that is none, removing nothing', async () => {
    await stand.api.create({ id: 'waits-1' });
    await stand.redis.zadd(`${stand.keys}ids`, 'XX', 1, 'waits-1');
    expectBoardProblem(await put('/queues/jobs/clean/nonsense'), 400, 'INVALID_REQUEST');
    expect(await stand.status('waits-1')).toBe('pending');
  });

  it('for a key of another type', async () => {
    await stand.redis.lpush(`${stand.keys}queue`, 'x');
    const job = { name: 'test.job', data: {}, options: {} };
    const answer = await stand.api.post(`${BOARD_API}/queues/jobs/add`, job);
    expectBoardProblem(answer, 500, 'WRONG_KEY_TYPE');
    expect(answer.body.detail).toContain(`${stand.keys}queue`);
  });

  it('for a path that is not served', async () => {
    const answer = await get('/nothing');
    expect(answer).toMatchObject({ status: 404, body: { code: 'ROUTE_NOT_FOUND' } });
  });
});

it('is served with its files, none of them from elsewhere and no script in the page', async () => {
  const page = await fetchWithKey(stand.board());
  const html = await page.text();
  expect(page.status).toBe(200);
  expect(html.replaceAll(/"https?:\/\/[^"]*"/g, 'OUTSIDE')).toBe(html);
  const policy = page.headers.get('content-security-policy');
  expect(policy).toMatch(/^default-src 'none';.*;script-src 'self';/);
  expect(policy).toContain("connect-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(page.headers.get('x-powered-by')).toBeNull();
  expect(page.headers.get('cache-control')).toBe('no-store');
  const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file);
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) expect((await fetchWithKey(stand.board(`/${file}`))).status).toBe(200);
});

it('is the same page in any spelling that is served', async () => {
  const [lower, upper] = await Promise.all(
    ['/admin/queues', '/ADMIN/queues'].map((path) => fetchWithKey(stand.api.url + path)),
  );
  const policy = (response?: Response) => response?.headers.get('content-security-policy');
  expect(upper?.status).toBe(200);
  expect(policy(upper)).toBe(policy(lower));
});

it('limits a queue, and frees it again', async () => {
  const queue = stand.queue();
  expect((await put('/queues/jobs/concurrency', { concurrency: 2 })).status).toBe(200);
  expect((await put('/queues/jobs/rate-limit', { max: 10, duration: 1000 })).status).toBe(200);
  expect(await queue.getGlobalConcurrency()).toBe(2);
  expect(await queue.getGlobalRateLimit()).toEqual({ max: 10, duration: 1000 });
  expect((await get('/queues')).body.queues[0]).toMatchObject({ globalConcurrency: 2 });
  await put('/queues/jobs/concurrency', { concurrency: 0 });
  await put('/queues/jobs/rate-limit', { max: null });
  expect(await queue.getGlobalConcurrency()).toBeNull();
  expect(await queue.getGlobalRateLimit()).toBeNull();
});

it('takes its time for all jobs of a queue', async () => {
  const hasty = await BoardStand.start({ deadlines: { requestMs: 20, probeMs: 5000 } });
  try {
    const jobs = Array.from({ length: 1000 }, () => ({ name: 'test.job', data: {} }));
    await hasty.queue().addBulk(jobs);
    const worker = await hasty.worker(async () => {
      throw new UnrecoverableError('no such printer');
    });
    worker.concurrency = 100;
    const failed = () => hasty.redis.zcard(`${hasty.keys}failed`);
    await waitFor(async () => (await failed()) === 1000, { what: '1000 failed jobs' });
    await worker.close();
    const answer = await hasty.api.send(`${BOARD_API}/queues/jobs/retry/failed`, { method: 'PUT' });
    expect(answer).toMatchObject({ status: 200, body: { retried: 1000, skipped: 0 } });
    expect(await failed()).toBe(0);
  } finally {
    await hasty.close();
  }
});

it('answers 503 while Redis is away, also when it hangs, and lives on', async () => {
  const redis = await startRedis();
  const deadlines = { requestMs: 500, probeMs: 300 };
  const away = await BoardStand.start({ redisUrl: redis.url, deadlines });
  try {
    const queues = () => away.api.get(`${BOARD_API}/queues?activeQueue=jobs`);
    expect((await queues()).status).toBe(200);
    redis.pause();
    expectBoardProblem(await queues(), 503, 'REDIS_UNAVAILABLE');
    const paused = await away.api.send(`${BOARD_API}/queues/jobs/pause`, { method: 'PUT' });
    expectBoardProblem(paused, 503, 'REDIS_UNAVAILABLE');
    expect(paused.body.detail).toContain('nothing was changed');
    redis.resume();
    await redis.kill();
    expectBoardProblem(await queues(), 503, 'REDIS_UNAVAILABLE');
    expect((await fetchWithKey(away.board())).status).toBe(200);
  } finally {
    await away.close();
    await redis.remove();
  }
});

describe('a job that is added on the board', () => {
  it.each([{}, { creator: 'mallory' }, null])(
    'belongs to who adds it, whatever its options say: %j',
    async (options) => {
      const operator = await stand.api.as({ name: 'ada', isLimitedToOwn: false });
      const job = { name: 'test.job', data: {}, options: options && { ...options, jobId: 'new-1' } };
      const answer = await operator.post(`${BOARD_API}/queues/jobs/add`, job);
      expect(answer.status).toBe(200);
      const { body } = await stand.api.get(`/api/jobs/${answer.body.job.id}`);
      expect(body).toMatchObject({ type: 'test.job', creator: 'ada' });
    },
  );
});
