import { Redis } from 'ioredis';
import { QueueService, silentLogger } from '#libs/queue';
import { freshPrefix, WorkerProcess } from '../e2e/worker-process.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { completedOf, shortLeases } from './support/killing.js';

const GLOBAL = 5;
const PER_PROCESS = 2;
const JOBS = 300;
const OTHERS = 60;
const KILLS = 6;
const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
const redis = new Redis(url);
const env = {
  ...shortLeases(url, prefix),
  DROVER_TYPE__EXAMPLE_SLEEP__CONCURRENCY__GLOBAL: String(GLOBAL),
  DROVER_TYPE__EXAMPLE_SLEEP__CONCURRENCY__PER_PROCESS: String(PER_PROCESS),
  WORKER_MAX_STALLS: '20',
};
const workers: WorkerProcess[] = [];

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  redis.disconnect();
  await queue.close();
});

const create = (type: string, payload: object) => queue.jobs.create({ type, payload });

function startWorker(): void {
  workers.push(new WorkerProcess(env));
}

/** Most jobs of the given ids that ran at once, as the queue's events tell, which are in the order in which things happened. */
async function mostAtOnce(ids: ReadonlySet<string>): Promise<number> {
  const running = new Set<string>();
  let most = 0;
  for (const [, fields] of await redis.xrange(`${prefix}:jobs:events`, '-', '+')) {
    const { event, jobId = '' } = Object.fromEntries(
      fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]]] : [])),
    ) as { event: string; jobId?: string };
    if (event === 'active' && ids.has(jobId)) running.add(jobId);
    if (['completed', 'failed', 'waiting', 'delayed'].includes(event)) running.delete(jobId);
    most = Math.max(most, running.size);
  }
  return most;
}

it('three workers, killed again and again, never run more jobs of a type than it allows, and end all of them', async () => {
  const limited = await Promise.all(
    Array.from({ length: JOBS }, (_, at) => create('example.sleep', { ms: 20 + (at % 20), steps: 1 })),
  );
  for (let nth = 0; nth < OTHERS; nth++) await create('example.echo', { nth });
  const running = () => redis.hget(`${prefix}:jobs:slot-counts`, 'gexample.sleep');
  for (let nth = 0; nth < 3; nth++) startWorker();
  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = (JOBS * kill) / (KILLS + 2);
    await waitFor(async () => (await completedOf(queue)) >= enough && Number(await running()) >= 3, {
      what: `${enough} jobs to be completed, and some to run`,
    });
    await workers.shift()?.kill();
    startWorker();
  }
  await waitFor(async () => (await completedOf(queue)) === JOBS + OTHERS, {
    what: 'all jobs to be completed',
    timeoutMs: 60_000,
  });
  const most = await mostAtOnce(new Set(limited.map(({ id }) => id)));
  // All places were used: three workers have six, so what held them up was the limit over all.
  expect(most).toBe(GLOBAL);
  expect(
    await redis.exists(...['slots', 'slot-counts', 'parked'].map((name) => `${prefix}:jobs:${name}`)),
  ).toBe(0);
}, 120_000);
