import { QueueService, silentLogger } from '#libs/queue';
import { freshPrefix, WorkerProcess } from '../e2e/worker-process.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';

const JOBS = 600;
const STOPS = 6;
const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
let worker: WorkerProcess | undefined;

afterAll(async () => {
  await worker?.kill();
  await queue.close();
});

it('a worker stopped again and again under load leaves no job running and uses no attempt for it', async () => {
  const ids = await Promise.all(
    Array.from({ length: JOBS }, async (_, at) => {
      const payload = { ms: 20 + (at % 30), steps: 1 };
      return (await queue.jobs.create({ type: 'example.sleep', payload, attempts: 1 })).id;
    }),
  );
  const completed = async () => (await queue.jobs.stats()).byStatus.completed;
  // A lease that outlives the test: only handing back can make a job run again.
  const env = { REDIS_URL: url, QUEUE_PREFIX: prefix, WORKER_LEASE_SECONDS: '600', SHUTDOWN_SECONDS: '0' };

  for (let stop = 1; stop <= STOPS; stop++) {
    worker = new WorkerProcess(env);
    const enough = (JOBS * stop) / (STOPS + 2);
    await waitFor(async () => (await completed()) >= enough);
    expect(await worker.stop()).toBe(0);
    expect(await queue.getProcessingCount()).toBe(0);
  }

  worker = await new WorkerProcess(env).ready();
  await waitFor(async () => (await completed()) === JOBS, {
    what: 'all jobs to be completed',
  });
  const views = await Promise.all(ids.map((id) => queue.jobs.find(id)));
  expect(views.filter((view) => view?.attempts.made !== 1)).toEqual([]);
  expect(await worker.stop()).toBe(0);
});
