import { randomUUID } from 'node:crypto';
import { EventWaiter, createBackendFactory, type DroverBackend } from '#libs/queue';
import { openDatabase, type Database } from '#libs/sql';
import { Queue, Worker } from 'bullmq';
import type { Cluster } from 'ioredis';
import { startCluster } from '../../../tests/support/cluster.js';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/postgres.js';
import { startRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { HISTORY_PART, Recorder, Retention, type RecorderOptions } from '../src/index.js';

type Connection = { url: string } | Cluster;

const DAY_MS = 86_400_000;
let test: TestDatabase;
let database: Database;
let closing: (() => unknown)[] = [];

beforeEach(async () => {
  test = await createTestDatabase();
  database = await openDatabase({ ...test.options, parts: [HISTORY_PART] });
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
  await database.close();
  await test.remove();
});

/** A queue with a worker, and a recorder of it. */
async function start(connection: Connection, prefix: string, options: Partial<RecorderOptions> = {}) {
  const bull = { connection: connection as never, prefix };
  const queue = new Queue('jobs', bull, createBackendFactory());
  const worker = new Worker(
    'jobs',
    async ({ data }: { data: { n: number } }) => data.n,
    // A job that was claimed by a call whose answer got lost is soon claimed again.
    { ...bull, lockDuration: 2000, stalledInterval: 500, maxStalledCount: 100 },
    createBackendFactory(),
  );
  queue.on('error', () => undefined);
  worker.on('error', () => undefined);
  closing.push(
    () => queue.close(),
    () => worker.close(),
  );
  const backend: DroverBackend = createBackendFactory()('jobs', bull as never);
  // As QueueService does: without a listener an outage would end the process.
  backend.on('error', () => undefined);
  closing.push(() => backend.close());
  const warnings: string[] = [];
  const recorder = new Recorder({
    queue: 'jobs',
    defaultType: 'default',
    defaultAttempts: 1,
    feed: backend.feed,
    database: database.dataSource,
    consumer: randomUUID(),
    isAlone: true,
    waiter: new EventWaiter({ connection, prefix, queue: 'jobs' } as never),
    log: { warn: (text) => warnings.push(text), error: (text) => warnings.push(text) },
    ...options,
  });
  recorder.start();
  closing.push(() => recorder.stop());
  return { queue, recorder, warnings };
}

const jobs = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    name: 'a.job',
    data: { n: from + at },
    opts: { jobId: `j-${from + at}` },
  }));

async function completed(): Promise<number> {
  const [{ n }] = await database.dataSource.query(
    `SELECT count(*)::int AS n FROM job_records WHERE status = 'completed'`,
  );
  return n;
}

it('a recorder whose Redis is killed and started again loses no job and writes none twice', async () => {
  const redis = await startRedis();
  closing.push(() => redis.remove());
  const { queue, recorder, warnings } = await start({ url: redis.url }, 'away');
  for (let round = 0; round < 3; round++) {
    await queue.addBulk(jobs(round * 300, 300));
    await waitFor(async () => (await completed()) > round * 300, { timeoutMs: 60_000 });
    await redis.kill();
    await redis.restart();
  }
  await waitFor(async () => (await completed()) === 900, { timeoutMs: 60_000, what: 'all jobs' });
  await waitFor(() => recorder.state.trouble === undefined, { timeoutMs: 60_000 });
  const [{ n, ends }] = await database.dataSource.query(
    `SELECT count(*)::int AS n, sum((SELECT count(*) FROM jsonb_each(timeline) WHERE value ->> 0 = 'completed'))::int AS ends
     FROM job_records`,
  );
  expect({ n, ends }).toEqual({ n: 900, ends: 900 });
  expect(warnings.filter((text) => /trimmed|lost|went back/.test(text))).toEqual([]);
});

it('a recorder finds out that jobs are gone of which no event tells', async () => {
  const redis = await startRedis({ persistent: false });
  closing.push(() => redis.remove());
  const { queue } = await start({ url: redis.url }, 'gone', { unseenMs: 0 });
  await queue.pause();
  await queue.addBulk(jobs(0, 10));
  const rows = async (condition: string) =>
    (await database.dataSource.query(`SELECT count(*)::int AS n FROM job_records WHERE ${condition}`))[0].n;
  await waitFor(async () => (await rows('removed_at IS NULL')) === 10);
  await queue.drain();
  await queue.add('a.job', { n: 10 }, { jobId: 'stays' });
  await waitFor(async () => (await rows(`removed_at IS NOT NULL AND state = 'unknown'`)) === 10);
  await waitFor(async () => (await rows(`id = 'stays' AND removed_at IS NULL`)) === 1);
});

it('a recorder works on a Redis Cluster', async () => {
  const cluster = await startCluster();
  closing.push(() => cluster.remove());
  const client = cluster.connect();
  closing.push(() => client.disconnect());
  const { queue } = await start(client, '{h}');
  await queue.addBulk(jobs(0, 100));
  await waitFor(async () => (await completed()) === 100, { timeoutMs: 60_000, what: 'all jobs' });
});

it('retention removes rows of jobs that ended or were removed long ago, and of no others', async () => {
  const now = Date.now();
  const ago = (days: number) => new Date(now - days * DAY_MS);
  const rows = [
    ['ended long ago', 'completed', ago(9), ago(8), null],
    ['ended lately', 'completed', ago(9), ago(6), null],
    ['removed long ago', 'pending', ago(9), null, ago(8)],
    ['removed lately', 'pending', ago(9), null, ago(1)],
    ['waits for long', 'pending', ago(20), null, null],
    ['forgotten', 'pending', ago(40), null, null],
  ] as const;
  for (const [id, status, created, finished, removed] of rows) {
    await database.dataSource.query(
      `INSERT INTO job_records (queue, id, version, partial, status, state, created_at, finished_at, removed_at, recorded_at)
       VALUES ('jobs', $1, 1, false, $2, $2, $3, $4, $5, $3)`,
      [id, status, created, finished, removed],
    );
  }
  // More than one step.
  await database.dataSource.query(
    `INSERT INTO job_records (queue, id, version, partial, status, state, created_at, finished_at)
     SELECT 'many', n, 1, false, 'failed', 'failed', $1, $1 FROM generate_series(1, 4100) AS n`,
    [ago(8)],
  );
  expect(await new Retention(database.dataSource, 0).clean(now)).toBe(0);
  expect(await new Retention(database.dataSource, 7).clean(now)).toBe(4103);
  const left: { id: string }[] = await database.dataSource.query('SELECT id FROM job_records ORDER BY id');
  expect(left.map(({ id }) => id)).toEqual(['ended lately', 'removed lately', 'waits for long']);
});
