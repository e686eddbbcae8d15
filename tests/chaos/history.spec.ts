import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import type { Health } from '#libs/contracts';
import { createBackendFactory } from '#libs/queue';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { fetchWithKey, TEST_ACCESS } from '../support/access.js';
import { Command } from '../support/command.js';
import {
  createPostgresDatabase,
  createEmbeddedDatabase,
  hasPostgres,
  type TestDatabase,
} from '../support/postgres.js';
import { freePort, testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';

/** A connection to a server that can be cut: what is connected is ended, and nobody gets a new one until it is mended. */
class Line {
  private readonly sockets = new Set<Socket>();
  private server = createServer();

  private constructor(
    private readonly target: URL,
    private readonly port: number,
  ) {}

  static async to(target: URL): Promise<Line> {
    const line = new Line(target, await freePort());
    await line.mend();
    return line;
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String(this.port);
    return url.href;
  }

  async mend(): Promise<void> {
    this.server = createServer((near) => {
      const far = createConnection(Number(this.target.port), this.target.hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => undefined);
        one.once('close', () => other.destroy());
        one.pipe(other);
      }
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async cut(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    await closed;
  }

  close(): Promise<void> {
    return this.cut();
  }
}

const MAIN = 'dist/apps/api/src/main.js';
const JOBS = 3000;

let prefix: string;
let database: TestDatabase;
let redis: Redis;
let processes: Command[];
let closing: { close(): Promise<unknown> }[];

beforeEach(() => {
  prefix = `chaos-${randomUUID()}`;
  redis = new Redis(testRedisUrl());
  processes = [];
  closing = [];
});
afterEach(async () => {
  for (const one of closing) await one.close();
  for (const one of processes) await one.cleanUp();
  redis.disconnect();
  await database.remove();
});

/** The API as a process, and its address once it listens. */
async function startApi(settings: Record<string, string> = {}): Promise<{ command: Command; url: string }> {
  const command = new Command([process.execPath, MAIN], {
    REDIS_URL: testRedisUrl(),
    QUEUE_PREFIX: prefix,
    PORT: '0',
    ...TEST_ACCESS,
    ...database.settings,
    ...settings,
  });
  processes.push(command);
  const [, url] = await command.prints(/listening on (http:\/\/[^\s(]+)/);
  return { command, url: url ?? '' };
}

async function kill({ command }: { command: Command }): Promise<void> {
  command.signal('SIGKILL');
  await command.exited;
}

function jobsQueue() {
  const connection = { url: testRedisUrl() } as never;
  const queue = new Queue('jobs', { connection, prefix }, createBackendFactory({}));
  closing.push(queue);
  return queue;
}

/** Every third job fails. */
async function startWorker(): Promise<void> {
  const worker = new Worker(
    'jobs',
    async ({ data }: { data: { n: number } }) => {
      if (data.n % 3 === 0) throw new Error('three');
      return { n: data.n };
    },
    { connection: { url: testRedisUrl() } as never, prefix, concurrency: 20 },
    createBackendFactory({}),
  );
  closing.unshift(worker);
  await worker.waitUntilReady();
}

async function add(queue: { addBulk: InstanceType<typeof Queue>['addBulk'] }, from: number, count: number) {
  await queue.addBulk(
    Array.from({ length: count }, (_, at) => ({
      name: 'chaos.job',
      data: { n: from + at },
      opts: { jobId: `j-${from + at}`, attempts: 1 },
    })),
  );
}

const countOf = async (url: string, filter = '') =>
  ((await (await fetchWithKey(`${url}/api/history/count${filter}`)).json()) as { count: number }).count;

/** Waits until the history has every job, ended as it did. */
async function expectAll(url: string, jobs = JOBS): Promise<void> {
  const failed = Math.floor((jobs - 1) / 3) + 1;
  await waitFor(
    async () =>
      (await countOf(url, '?status=completed')) === jobs - failed &&
      (await countOf(url, '?status=failed')) === failed,
    { timeoutMs: 60_000, everyMs: 100, what: `${jobs} jobs in the history` },
  );
  expect(await countOf(url)).toBe(jobs);
}

(hasPostgres ? describe : describe['skip'])('a recorder on PostgreSQL', () => {
  beforeEach(async () => {
    database = await createPostgresDatabase();
  });

  it('that is killed again and again under load loses no job and writes none twice', async () => {
    const queue = jobsQueue();
    await startWorker();
    let api = await startApi();
    const recorded = new pg.Client({ connectionString: database.options.url });
    await recorded.connect();
    const rows = async () =>
      (await recorded.query('SELECT count(*)::int AS n FROM job_records')).rows[0].n as number;
    for (let round = 0; round < 5; round++) {
      const before = await rows();
      await add(queue, (round * JOBS) / 5, JOBS / 5);
      // In the middle of its work: some are written, and others are not.
      await waitFor(async () => (await rows()) > before, { everyMs: 1 });
      await kill(api);
      api = await startApi();
    }
    await recorded.end();
    await expectAll(api.url);
    // What was trimmed would be one; nothing was.
    expect(api.command.output).not.toMatch(/trimmed/);
  }, 180_000);

  it('that several processes share writes each job once', async () => {
    const queue = jobsQueue();
    await startWorker();
    const [first, second] = await Promise.all([startApi(), startApi()]);
    await add(queue, 0, JOBS / 2);
    await kill(second);
    await add(queue, JOBS / 2, JOBS / 2);
    await expectAll(first.url);
  }, 120_000);

  it('that was away while more happened than the stream keeps says so and fills the gap from Redis', async () => {
    const queue = jobsQueue();
    await startWorker();
    const settings = { EVENTS_LENGTH: '1000' };
    const before = await startApi(settings);
    await redis.hset(`${prefix}:jobs:meta`, 'opts.maxLenEvents', '1000');
    await add(queue, 0, 10);
    await waitFor(async () => (await countOf(before.url)) === 10);
    await kill(before);
    for (let from = 10; from < JOBS; from += 500) await add(queue, from, Math.min(500, JOBS - from));
    await waitFor(async () => (await queue.getJobCounts('waiting', 'prioritized', 'active')).waiting === 0);
    expect(await redis.xlen(`${prefix}:jobs:events`)).toBeLessThan(JOBS);
    const after = await startApi(settings);
    await expectAll(after.url);
    await after.command.prints(/events after \S+ were trimmed before they were recorded/);
    await after.command.prints(/the gap was filled with \d+ jobs that Redis still has/);
    const client = new pg.Client({ connectionString: database.options.url });
    await client.connect();
    // What the killed process had read and not written is a gap of its own.
    const gaps = async () =>
      (
        await client.query<{ lost: number; closed: boolean }>(
          `SELECT lost::int AS lost, filled_at IS NOT NULL AS closed FROM history_gaps WHERE reason = 'trimmed'`,
        )
      ).rows;
    await waitFor(async () => (await gaps()).every(({ closed }) => closed), { what: 'all gaps filled' });
    const lost = (await gaps()).map((gap) => gap.lost);
    await client.end();
    expect(Math.max(...lost)).toBeGreaterThan(JOBS);
  }, 120_000);

  it('that starts for the first time has the jobs there are', async () => {
    const queue = jobsQueue();
    await add(queue, 0, JOBS);
    await redis.xtrim(`${prefix}:jobs:events`, 'MAXLEN', 0);
    const api = await startApi();
    await waitFor(async () => (await countOf(api.url, '?status=pending')) === JOBS);
  });

  it('notices a Redis that has lost its stream, and goes on', async () => {
    const queue = jobsQueue();
    await add(queue, 0, 10);
    const api = await startApi();
    await waitFor(async () => (await countOf(api.url)) === 10);
    await redis.del(`${prefix}:jobs:events`);
    await add(queue, 10, 10);
    await waitFor(async () => (await countOf(api.url)) === 20);
    await api.command.prints(/Redis has lost the event stream/);
  });

  it('waits for a database that is away while the other routes answer, and goes on', async () => {
    const queue = jobsQueue();
    const line = await Line.to(new URL(database.options.url ?? ''));
    closing.push(line);
    const api = await startApi({ DATABASE_URL: line.url });
    await add(queue, 0, 10);
    await waitFor(async () => (await countOf(api.url)) === 10);
    await line.cut();
    await add(queue, 10, 10);
    const health = async () => (await (await fetchWithKey(`${api.url}/api/health`)).json()) as Health;
    await waitFor(async () => (await health()).history?.status === 'waiting');
    expect(await health()).toMatchObject({ status: 'ok', database: 'unavailable' });
    expect((await fetchWithKey(`${api.url}/api/jobs/j-12`)).status).toBe(200);
    expect((await fetchWithKey(`${api.url}/api/history`)).status).toBe(503);
    await line.mend();
    await waitFor(async () => (await countOf(api.url)) === 20);
    await waitFor(async () => (await health()).history?.status === 'ok');
  });
});

describe('a recorder on the embedded database', () => {
  beforeEach(async () => {
    database = await createEmbeddedDatabase();
  });

  it('that is killed under load loses no job and writes none twice', async () => {
    const queue = jobsQueue();
    await startWorker();
    let api = await startApi();
    for (let round = 0; round < 3; round++) {
      const before = await countOf(api.url);
      await add(queue, (round * JOBS) / 3, JOBS / 3);
      await waitFor(async () => (await countOf(api.url)) > before, { everyMs: 5 });
      await kill(api);
      api = await startApi();
    }
    await expectAll(api.url);
  }, 180_000);

  it('keeps a second process out, which says what to do', async () => {
    await startApi();
    const second = new Command([process.execPath, MAIN], {
      REDIS_URL: testRedisUrl(),
      QUEUE_PREFIX: prefix,
      PORT: '0',
      ...database.settings,
    });
    processes.push(second);
    expect(await second.exited).toMatchObject({ code: 1 });
    expect(second.output).toMatch(/in use by process \d+.*DATABASE_URL/);
  });
});
