import { QueueService, silentLogger } from '#libs/queue';
import { freshPrefix, type WorkerProcess } from '../e2e/worker-process.js';
import { testRedisUrl } from '../support/redis.js';
import { killWhileWorking, shortLeases } from './support/killing.js';

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

it('a worker killed ten times in the middle of a thousand jobs loses none of them', async () => {
  const ids = await Promise.all(
    Array.from({ length: JOBS }, async (_, at) => {
      const payload = { ms: 20 + (at % 20), steps: 1 };
      return (await queue.jobs.create({ type: 'example.sleep', payload })).id;
    }),
  );
  worker = await killWhileWorking(queue, shortLeases(url, prefix), { jobs: JOBS, kills: KILLS });

  const views = await Promise.all(ids.map((id) => queue.jobs.find(id)));
  expect(views.filter((view) => view?.status !== 'completed')).toEqual([]);
  // The kills did fall on running jobs: those were started more than once, and ended once all the same.
  expect(views.some((view) => (view?.attempts.started ?? 0) > 1)).toBe(true);
  expect(await queue.getProcessingCount()).toBe(0);
  expect(await queue.getQueueLength()).toBe(0);
  expect(await worker.stop()).toBe(0);
}, 300_000);
