import { QueueService, silentLogger } from '#libs/queue';
import { type OwnRedis, startRedis } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { freshPrefix, WorkerProcess } from './worker-process.js';

let redis: OwnRedis;
let worker: WorkerProcess | undefined;
let queue: QueueService | undefined;

beforeEach(async () => {
  redis = await startRedis();
});

afterEach(async () => {
  await worker?.kill();
  await queue?.close();
  await redis.remove();
});

function start(env: Record<string, string> = {}): WorkerProcess {
  worker = new WorkerProcess({ REDIS_URL: redis.url, QUEUE_PREFIX: freshPrefix(), ...env });
  return worker;
}

const unreachable = 'Redis is unreachable at';

it('a worker started before Redis says once that it waits, and works when Redis comes', async () => {
  await redis.stop();
  const early = start();
  await waitFor(() => early.linesWith(unreachable)[0]);
  expect(await early.health()).toMatchObject({ code: 503, body: { redis: 'down' } });
  await redis.restart();
  await early.ready();
  expect(early.linesWith(unreachable)).toHaveLength(1);
});

it('a worker waiting for Redis stops at once when told to', async () => {
  await redis.stop();
  const early = start({ SHUTDOWN_SECONDS: '600' });
  await waitFor(() => early.linesWith(unreachable)[0]);
  expect(await early.stop()).toBe(0);
});

it('a Redis that refuses the password ends the worker with one line', async () => {
  const refused = start({ REDIS_URL: redis.url.replace('://', '://nobody:wrong@') });
  expect(await refused.exited).toBe(1);
  expect(refused.linesWith('refuses us: WRONGPASS')).toHaveLength(1);
  expect(refused.text).not.toContain('wrong@');
});

it('a Redis restarted under a busy worker costs one line and no job', async () => {
  const prefix = freshPrefix();
  const busy = await start({ QUEUE_PREFIX: prefix, WORKER_CONCURRENCY: '20' }).ready();
  const jobs = new QueueService({ redisUrl: redis.url, prefix, logger: silentLogger });
  queue = jobs;
  const ids = await Promise.all(
    Array.from({ length: 400 }, async () => {
      return (await jobs.jobs.create({ type: 'example.sleep', payload: { ms: 50, steps: 1 } })).id;
    }),
  );
  const done = async () => (await jobs.jobs.stats()).byStatus.completed;
  await waitFor(async () => (await done()) > 40);
  await redis.kill();
  await waitFor(() => busy.linesWith(unreachable)[0]);
  await redis.restart();
  await waitFor(async () => (await done()) === ids.length, { timeoutMs: 40_000 });
  expect(busy.running).toBe(true);
  expect(busy.linesWith(unreachable)).toHaveLength(1);
  expect(busy.linesWith('Redis is reachable again')).toHaveLength(1);
  expect(busy.linesWith('ERROR')).toEqual([]);
  expect(await busy.stop()).toBe(0);
});
