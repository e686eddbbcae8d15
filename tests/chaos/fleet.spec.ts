import { join } from 'node:path';
import { createBackend, QueueService, silentLogger } from '#libs/queue';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { freshPrefix, WorkerProcess } from '../e2e/worker-process.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';

const JOBS_OF_A_TYPE = 2500;
const WORKERS = 3;
const PLACES = 20;
const TYPES = ['fleet.plain', 'fleet.limited', 'fleet.flaky', 'fleet.doomed'];

const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
const bull = new Queue('jobs', { connection: { url }, prefix }, createBackend);
const redis = new Redis(url);
let workers: WorkerProcess[] = [];

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await Promise.all([bull.close(), queue.close(), redis.quit()]);
});

const numbers = Array.from({ length: JOBS_OF_A_TYPE }, (_, n) => n);
const countOf = (fits: (n: number) => boolean) => numbers.filter(fits).length;

/** What the handlers of the plugin do with the numbers 0 to 2,499. */
const failTwice = countOf((n) => n % 9 === 0);
const failOnce = countOf((n) => n % 3 === 0 && n % 9 !== 0);
const permanent = countOf((n) => n % 5 === 0);
const exhausted = countOf((n) => n % 7 === 0 && n % 5 !== 0);

const EXPECTED = {
  'fleet.plain': { ok: JOBS_OF_A_TYPE, retried: 0, failed: 0 },
  'fleet.limited': { ok: JOBS_OF_A_TYPE, retried: 0, failed: 0 },
  'fleet.flaky': { ok: JOBS_OF_A_TYPE, retried: 2 * failTwice + failOnce, failed: 0 },
  'fleet.doomed': {
    ok: JOBS_OF_A_TYPE - permanent - exhausted,
    retried: exhausted,
    failed: permanent + exhausted,
  },
};

it('ten thousand jobs of four types over three workers: limits hold, and what is counted adds up exactly', async () => {
  for (let from = 0; from < JOBS_OF_A_TYPE; from += 250) {
    await bull.addBulk(
      TYPES.flatMap((name, at) =>
        numbers
          .slice(from, from + 250)
          .map((n) => ({ name, data: { n }, opts: { jobId: `${name}-${n}`, priority: (at % 3) + 1 } })),
      ),
    );
  }
  workers = Array.from(
    { length: WORKERS },
    () =>
      new WorkerProcess({
        REDIS_URL: url,
        QUEUE_PREFIX: prefix,
        WORKER_CONCURRENCY: String(PLACES),
        DROVER_PLUGINS: join(__dirname, 'support/fleet-plugin.mjs'),
      }),
  );
  const ended = async () => {
    const { byStatus } = await queue.jobs.stats();
    return byStatus.completed + byStatus.failed;
  };
  await waitFor(async () => (await ended()) === TYPES.length * JOBS_OF_A_TYPE, {
    what: 'all jobs to end',
    timeoutMs: 150_000,
    everyMs: 200,
  });

  const metrics = await queue.typeMetrics.read();
  expect(
    Object.fromEntries(metrics.map(({ type, ok, retried, failed }) => [type, { ok, retried, failed }])),
  ).toEqual(EXPECTED);
  for (const { total, ok, retried, failed, dead, duration } of metrics) {
    expect(total).toBe(ok + retried + failed);
    expect(dead).toBe(failed);
    expect(duration?.count).toBe(total);
  }
  const { byStatus } = await queue.jobs.stats();
  expect(byStatus).toMatchObject({
    completed: metrics.reduce((sum, { ok }) => sum + ok, 0),
    failed: metrics.reduce((sum, { failed }) => sum + failed, 0),
  });
  const peak = async (type: string) => Number(await redis.zscore(`${prefix}:fleet:peak`, type));
  expect(await peak('fleet.limited')).toBeLessThanOrEqual(3);
  expect(await peak('fleet.flaky')).toBeLessThanOrEqual(2 * WORKERS);
  // The limits had something to hold back.
  expect(await peak('fleet.plain')).toBeGreaterThan(3);
}, 240_000);
