import { QueueService, silentLogger } from '#libs/queue';
import { freshPrefix, WorkerProcess } from '../e2e/worker-process.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';

const JOBS = 1000;
const KILLS = 10;
const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
let worker: WorkerProcess | undefined;

afterAll(async () => {
  await worker?.kill();
  await queue.close();
});

function start(): WorkerProcess {
  return new WorkerProcess({
    REDIS_URL: url,
    QUEUE_PREFIX: prefix,
    WORKER_CONCURRENCY: '10',
    WORKER_LEASE_SECONDS: '1',
    RECONCILE_SECONDS: '1',
  });
}

it('a worker killed ten times in the middle of a thousand jobs loses none of them', async () => {
  const ids = await Promise.all(
    Array.from({ length: JOBS }, async (_, at) => {
      const payload = { ms: 20 + (at % 20), steps: 1 };
      return (await queue.jobs.create({ type: 'example.sleep', payload })).id;
    }),
  );
  const completed = async () => (await queue.jobs.stats()).byStatus.completed;

  for (let kill = 1; kill <= KILLS; kill++) {
    worker = start();
    const enough = (JOBS * kill) / (KILLS + 2);
    await waitFor(async () => (await completed()) >= enough && (await queue.getProcessingCount()) > 0, {
      what: `${enough} jobs to be completed and one to run`,
      timeoutMs: 20_000,
    });
    await worker.kill();
    expect(await completed()).toBeLessThan(JOBS);
  }

  worker = await start().ready();
  await waitFor(async () => (await completed()) === JOBS, {
    what: 'all jobs to be completed',
    timeoutMs: 40_000,
  });
  const views = await Promise.all(ids.map((id) => queue.jobs.find(id)));
  expect(views.filter((view) => view?.status !== 'completed')).toEqual([]);
  // The kills did fall on running jobs: those were started more than once, and ended once all the same.
  expect(views.some((view) => (view?.attempts.started ?? 0) > 1)).toBe(true);
  expect(await queue.getProcessingCount()).toBe(0);
  expect(await queue.getQueueLength()).toBe(0);
  expect(await worker.stop()).toBe(0);
}, 90_000);
