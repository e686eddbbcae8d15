// What a worker says of its job types: GET /metrics and the verdicts in GET /health.
import { Redis } from 'ioredis';
import { QueueKeys, QueueService, silentLogger, TypeMetrics } from '#libs/queue';
import { parsePrometheus } from '../support/prometheus.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { freshPrefix, WorkerProcess } from './worker-process.js';

let own: OwnRedis;
beforeAll(async () => (own = await startRedis({ persistent: true })));

const prefix = freshPrefix();
const workers: WorkerProcess[] = [];
let queue: QueueService;
let redis: Redis;
let types: TypeMetrics;

beforeAll(() => {
  queue = new QueueService({ redisUrl: own.url, prefix, logger: silentLogger });
  redis = new Redis(own.url);
  redis.on('error', () => undefined);
  types = new TypeMetrics(async () => redis, new QueueKeys(prefix, 'jobs'));
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await queue.close();
  redis.disconnect();
  await own.remove();
});

function start(env: Record<string, string> = {}): Promise<WorkerProcess> {
  const settings = {
    WORKER_CONCURRENCY: '4',
    WORKER_LEASE_SECONDS: '2',
    RECONCILE_SECONDS: '1',
    SHUTDOWN_SECONDS: '0',
  };
  const worker = new WorkerProcess({
    REDIS_URL: own.url,
    QUEUE_PREFIX: prefix,
    DROVER_BUNDLED_PLUGINS: 'example',
    ...settings,
    ...env,
  });
  workers.push(worker);
  return worker.ready();
}

async function scrape(worker: WorkerProcess) {
  const response = await fetch(`${await worker.address()}/metrics`);
  const { samples, help } = parsePrometheus(await response.text());
  const value = (name: string, labels: Record<string, string> = {}) =>
    samples.find(
      (one) =>
        one.name === name && Object.entries(labels).every(([label, text]) => one.labels[label] === text),
    )?.value;
  return { type: response.headers.get('content-type'), samples, help, value };
}

const create = (type: string, payload: object, attempts = 1) =>
  queue.jobs.create({ type, payload, attempts, backoff: { type: 'fixed', delay: 1 } });
const ended = async (count: number) => {
  const { byStatus } = await queue.jobs.stats();
  return byStatus.completed + byStatus.failed === count;
};

it('what is counted adds up over several workers, one that is killed, and a restart', async () => {
  const [first, second] = await Promise.all([start(), start()]);
  for (let nth = 0; nth < 30; nth++) await create('example.echo', { nth });
  for (let nth = 0; nth < 12; nth++) await create('example.fail', {}, 2);
  await waitFor(() => ended(42));

  await create('example.sleep', { ms: 60_000 });
  const running = async () => (await types.read()).find(({ type }) => type === 'example.sleep')?.running;
  await waitFor(async () => (await running()) === 1, { what: 'the run to be seen' });
  const isSleeping = (await first.health()).body['running'] === 1;
  const [killed, other] = isSleeping ? [first, second] : [second, first];
  await killed.kill();
  // The other worker takes the job over: one run goes on, never two, and none of the killed one stays.
  await waitFor(async () => (await other.health()).body['running'] === 1, { what: 'the job to go over' });
  await waitFor(async () => (await running()) === 1);
  const { value, help, type, samples } = await scrape(other);
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
  const runs = (name: string, outcome: string) => value('drover_type_runs_total', { type: name, outcome });
  expect([runs('example.echo', 'ok'), runs('example.echo', 'failed')]).toEqual([30, 0]);
  expect([runs('example.fail', 'failed'), runs('example.fail', 'retried')]).toEqual([12, 12]);
  expect(value('drover_type_measured_runs_total', { type: 'example.fail' })).toBe(24);
  expect(value('drover_type_running', { type: 'example.sleep' })).toBe(1);
  expect(value('drover_worker_running', { type: 'example.sleep' })).toBe(1);
  expect(value('drover_worker_places')).toBe(4);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
  expect(samples.filter(({ name }) => name === 'drover_type_duration_seconds')).toHaveLength(10);
  for (const [name, text] of help) {
    if (name.startsWith('drover_type_')) expect(text).toContain('aggregate with max');
  }
  await other.stop();
  const restarted = await start();
  const again = await scrape(restarted);
  expect(again.value('drover_type_runs_total', { type: 'example.echo', outcome: 'ok' })).toBe(30);
  expect(again.value('drover_worker_processed_total', { outcome: 'succeeded' })).toBe(0);
});

it('a type most of whose last runs failed is failing, in health and metrics, and the worker still well', async () => {
  const worker = await start();
  const { code, body } = await worker.health();
  expect(code).toBe(200);
  expect(body['type_health']).toEqual({
    'example.echo': 'ok',
    'example.fail': 'failing',
    'example.sleep': 'ok',
  });
  const { value } = await scrape(worker);
  expect(value('drover_type_health', { type: 'example.fail', verdict: 'failing' })).toBe(1);
  expect(value('drover_type_health', { type: 'example.fail', verdict: 'ok' })).toBe(0);
});

it('without Redis its own values are still answered, and those of types are missing', async () => {
  const worker = await start();
  await own.stop();
  await waitFor(async () => (await scrape(worker)).value('drover_worker_redis_up') === 0);
  const { value, samples } = await scrape(worker);
  expect(value('drover_worker_places')).toBe(4);
  expect(samples.filter(({ name }) => name.startsWith('drover_type_'))).toEqual([]);
  expect((await worker.health()).body).toMatchObject({ type_health: null });
  await own.restart();
  await waitFor(async () => {
    const { value: now } = await scrape(worker);
    return now('drover_type_runs_total', { type: 'example.echo', outcome: 'ok' }) === 30;
  });
});
