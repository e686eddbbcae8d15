import { QueueService, silentLogger } from '#libs/queue';
import { freshPrefix, WorkerProcess } from '../e2e/worker-process.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { shortLeases } from './support/killing.js';

const STEPS = 12;
const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
const workers: WorkerProcess[] = [];

const start = () => {
  const worker = new WorkerProcess(shortLeases(url, prefix));
  workers.push(worker);
  return worker;
};

const doneSteps = (logs: readonly string[]) =>
  logs.flatMap((line) => /^step (\d+) of/.exec(line)?.slice(1).map(Number) ?? []);

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await queue.close();
});

it('a job whose worker is killed twice goes on after its last checkpoint and repeats no finished step', async () => {
  const { id } = await queue.jobs.create({
    type: 'example.sleep',
    payload: { ms: STEPS * 150, steps: STEPS },
  });
  const logs = async () => (await queue.jobs.logs(id, 0, 100)).logs;
  for (const step of [3, 7]) {
    const worker = start();
    await waitFor(async () => doneSteps(await logs()).includes(step), {
      what: `step ${step} to be done`,
    });
    await worker.kill();
  }
  start();
  await waitFor(async () => (await queue.getJobStatus(id)) === 'completed', {
    what: 'the job to be completed',
  });
  const lines = await logs();
  const steps = doneSteps(lines);
  expect(new Set(steps).size).toBe(steps.length);
  expect(steps.at(-1)).toBe(STEPS);
  const resumed = lines.flatMap((line) => /^goes on after step (\d+)/.exec(line)?.slice(1).map(Number) ?? []);
  expect(resumed).toHaveLength(2);
  // A kill may fall between a checkpoint and the line that tells of it.
  expect(resumed[0]).toBeGreaterThanOrEqual(3);
  expect(resumed[1]).toBeGreaterThanOrEqual(7);
  expect(steps.length).toBeGreaterThanOrEqual(STEPS - 2);
}, 120_000);
