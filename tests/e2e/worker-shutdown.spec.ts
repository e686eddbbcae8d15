import { Redis } from 'ioredis';
import { QueueService, silentLogger } from '#libs/queue';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { freshPrefix, WorkerProcess } from './worker-process.js';

const url = testRedisUrl();
const workers: WorkerProcess[] = [];
let prefix: string;
let queue: QueueService;

beforeEach(() => {
  prefix = freshPrefix();
  queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await queue.close();
});

async function startWith(env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = new WorkerProcess({ REDIS_URL: url, QUEUE_PREFIX: prefix, WORKER_CONCURRENCY: '1', ...env });
  workers.push(worker);
  return worker.ready();
}

async function runningSleep(ms: number): Promise<string> {
  const { id } = await queue.jobs.create({ type: 'example.sleep', payload: { ms, steps: 1 } });
  await waitFor(async () => (await queue.getJobStatus(id)) === 'running', { what: 'the job to run' });
  return id;
}

it('a worker that is told to stop claims no more, finishes what runs, and exits with 0', async () => {
  const worker = await startWith({ SHUTDOWN_SECONDS: '20' });
  const running = await runningSleep(3000);
  const { id: next } = await queue.jobs.create({ type: 'example.echo', payload: {} });
  expect(await worker.stop()).toBe(0);
  expect(await queue.getJobStatus(running)).toBe('completed');
  expect(await queue.getJobStatus(next)).toBe('pending');
  expect(worker.linesWith('1 running job may finish within 20 s')).toHaveLength(1);
});

it('a job that does not finish in time goes back to the front of the queue, with its attempts', async () => {
  const worker = await startWith({ SHUTDOWN_SECONDS: '1' });
  const id = await runningSleep(60_000);
  await queue.jobs.create({ type: 'example.echo', payload: {} });
  expect(await worker.stop()).toBe(0);
  expect(worker.linesWith('handing 1 running job back to the queue')).toHaveLength(1);
  expect(await queue.jobs.find(id)).toMatchObject({ status: 'pending', position: 1, attempts: { made: 0 } });
  expect(await queue.isJobProcessing(id)).toBe(false);
});

it('a second signal hurries: the jobs go back at once', async () => {
  const worker = await startWith({ SHUTDOWN_SECONDS: '600' });
  const id = await runningSleep(60_000);
  worker.signal('SIGINT');
  await waitFor(() => worker.linesWith('may finish within 600 s')[0]);
  // One Ctrl-C can arrive twice, so only a signal that comes later counts as a second one.
  await waitFor(() => worker.signal('SIGINT') ?? !worker.running, { everyMs: 100 });
  expect(await worker.exited).toBe(0);
  expect(await queue.getJobStatus(id)).toBe('pending');
});

it('its starter going away stops it as a signal does', async () => {
  const worker = await startWith({ SHUTDOWN_SECONDS: '0' });
  const id = await runningSleep(60_000);
  worker.disconnect();
  expect(await worker.exited).toBe(0);
  expect(await queue.getJobStatus(id)).toBe('pending');
});

it('while it stops, its health page says 503 and its heartbeat says so', async () => {
  const worker = await startWith({ SHUTDOWN_SECONDS: '20', WORKER_ID: 'stopper' });
  await runningSleep(3000);
  worker.signal('SIGTERM');
  const health = await waitFor(async () => {
    const seen = await worker.health();
    return seen.code === 503 ? seen : undefined;
  });
  expect(health.body).toMatchObject({ status: 'stopping', running: 1 });
  const redis = new Redis(url);
  await waitFor(async () => {
    const report = await redis.get(`${prefix}:worker:health:stopper`);
    return JSON.parse(report ?? '{}').status === 'stopping';
  });
  redis.disconnect();
  expect(await worker.exited).toBe(0);
});

it('stopping an idle worker does not wait for the time that running jobs are given', async () => {
  const worker = await startWith({ SHUTDOWN_SECONDS: '3600' });
  expect(await worker.stop()).toBe(0);
});
