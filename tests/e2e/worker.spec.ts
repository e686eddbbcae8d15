import { Redis } from 'ioredis';
import type { JobView } from '#libs/contracts';
import { QueueService, silentLogger } from '#libs/queue';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { freshPrefix, WorkerProcess } from './worker-process.js';

const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
const redis = new Redis(url);
const workers: WorkerProcess[] = [];
const backoff = { type: 'fixed', delay: 10 } as const;

function start(env: Record<string, string> = {}): WorkerProcess {
  const worker = new WorkerProcess({ REDIS_URL: url, QUEUE_PREFIX: prefix, ...env });
  workers.push(worker);
  return worker;
}

async function ended(id: string): Promise<JobView> {
  return waitFor(
    async () => {
      const job = await queue.jobs.find(id);
      return job && ['completed', 'failed', 'cancelled'].includes(job.status) ? job : undefined;
    },
    { what: `job ${id} to end` },
  );
}

async function started(id: string): Promise<JobView> {
  return waitFor(
    async () => {
      const job = await queue.jobs.find(id);
      return job?.status === 'running' ? job : undefined;
    },
    { what: `job ${id} to run` },
  );
}

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await queue.close();
  redis.disconnect();
});

describe('a worker', () => {
  let worker: WorkerProcess;

  beforeAll(async () => {
    worker = await start({
      WORKER_ID: 'e2e-worker',
      WORKER_CONCURRENCY: '4',
      JOB_TIMEOUT_SECONDS: '60',
    }).ready();
  });

  afterAll(async () => {
    expect(await worker.stop()).toBe(0);
  });

  it('runs example.echo and stores what it returns', async () => {
    const { id } = await queue.jobs.create({
      type: 'example.echo',
      payload: { hello: ['world'] },
      attempts: 1,
    });
    expect(await ended(id)).toMatchObject({
      status: 'completed',
      result: { hello: ['world'] },
      worker: 'e2e-worker',
      attempts: { made: 1, started: 1, max: 1 },
    });
  });

  it('runs a job that a legacy service added, with its whole document as the payload', async () => {
    await queue.addJob({ id: 'legacy-1', priority: 1, username: 'anna', count: 3 });
    expect(await ended('legacy-1')).toMatchObject({
      status: 'completed',
      result: { username: 'anna', count: 3 },
    });
    expect(await queue.getJobResult('legacy-1')).toMatchObject({ username: 'anna' });
  });

  it('shows the progress of example.sleep from 0 to 100 and keeps its log', async () => {
    const seen = new Set<unknown>();
    const { id } = await queue.jobs.create({ type: 'example.sleep', payload: { ms: 500 } });
    const job = await waitFor(
      async () => {
        const view = await queue.jobs.find(id);
        seen.add(view?.progress);
        return view?.status === 'completed' ? view : undefined;
      },
      { what: 'the sleeper to end' },
    );
    expect([...seen]).toEqual(expect.arrayContaining([20, 100]));
    expect(job.result).toEqual({ sleptMs: 500, steps: 5 });
    const log = await redis.lrange(`${prefix}:jobs:logs:${id}`, 0, -1);
    expect(log.map(String)).toEqual([1, 2, 3, 4, 5].map((step) => `step ${step} of 5 done`));
  });

  it('fails example.fail with its message when its attempts are used up', async () => {
    const { id } = await queue.jobs.create({
      type: 'example.fail',
      payload: { message: 'no luck' },
      attempts: 2,
    });
    expect(await ended(id)).toMatchObject({ status: 'failed', error: 'no luck', attempts: { made: 2 } });
    expect(worker.linesWith(`job ${id} (example.fail) failed: no luck`)).not.toEqual([]);
  });

  it('completes a job that fails in its first attempts only', async () => {
    const { id } = await queue.jobs.create({
      type: 'example.fail',
      payload: { times: 2 },
      attempts: 3,
      backoff,
    });
    expect(await ended(id)).toMatchObject({ status: 'completed', result: { attempt: 3 } });
  });

  it('fails a payload that does not fit for good, whatever attempts are left', async () => {
    const { id } = await queue.jobs.create({ type: 'example.sleep', payload: { steps: 0 }, attempts: 5 });
    const job = await ended(id);
    expect(job).toMatchObject({ status: 'failed', attempts: { made: 1 } });
    expect(job.error).toMatch(/^payload does not fit job type "example.sleep": steps: /);
  });

  it("fails a job that takes longer than the job's own timeout", async () => {
    const { id } = await queue.jobs.create({
      type: 'example.sleep',
      payload: { ms: 60_000 },
      timeout: 100,
      attempts: 1,
    });
    expect(await ended(id)).toMatchObject({
      status: 'failed',
      error: 'job took longer than its timeout of 100 ms',
    });
  });

  it('stops a job that TypeScript cancels, and leaves it cancelled', async () => {
    const { id } = await queue.jobs.create({ type: 'example.sleep', payload: { ms: 60_000 } });
    await started(id);
    await queue.jobs.cancel(id);
    // Long before the minute that it sleeps.
    await waitFor(() => worker.linesWith(`job ${id} (example.sleep) stopped`)[0]);
    expect(await queue.getJobStatus(id)).toBe('cancelled');
  });

  it('stops within 5 s a job that a legacy service cancels, command by command', async () => {
    const { id } = await queue.jobs.create({ type: 'example.sleep', payload: { ms: 60_000 } });
    await started(id);
    const base = `${prefix}:jobs:`;
    await redis.set(`${base}status:${id}`, 'cancelled', 'EX', 3600);
    await redis.zrem(`${base}queue`, id);
    await redis.srem(`${base}processing`, id);
    await waitFor(() => worker.linesWith(`job ${id} (example.sleep) stopped`)[0]);
    expect(await queue.getJobStatus(id)).toBe('cancelled');
  });

  it('reports its health where the contract says, with a TTL of a minute', async () => {
    const key = `${prefix}:worker:health:e2e-worker`;
    const { id } = await queue.jobs.create({ type: 'example.sleep', payload: { ms: 60_000 } });
    const report = await waitFor(async () => {
      const seen = JSON.parse((await redis.get(key)) ?? '{}') as Record<string, unknown>;
      return seen['current_job'] === id ? seen : undefined;
    });
    expect(report).toMatchObject({
      worker_id: 'e2e-worker',
      status: 'busy',
      language: 'typescript',
      concurrency: 4,
    });
    expect(report['current_jobs']).toEqual([id]);
    expect(report['jobs_processed']).toBe(Number(report['jobs_succeeded']) + Number(report['jobs_failed']));
    expect(report['uptime_seconds']).toEqual(expect.any(Number));
    expect(Math.abs(Date.now() - Date.parse(String(report['last_heartbeat'])))).toBeLessThan(10_000);
    expect(await redis.ttl(key)).toBeGreaterThan(50);
    await queue.jobs.cancel(id);
    await waitFor(async () => JSON.parse((await redis.get(key)) ?? '{}').status === 'idle');
  });

  it('answers GET /health with what it does, and nothing else', async () => {
    const { code, body } = await worker.health();
    expect(code).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      worker_id: 'e2e-worker',
      redis: 'up',
      running: 0,
      concurrency: 4,
      types: [
        'browser.run',
        'example.echo',
        'example.fail',
        'example.sleep',
        'http.request',
        'report.generate',
      ],
    });
    expect(body['processed']).toBe(Number(body['succeeded']) + Number(body['failed']));
    expect((await worker.health('/')).code).toBe(404);
  });

  it('takes away its health report when it stops in order', async () => {
    const own = freshPrefix();
    const short = await start({ QUEUE_PREFIX: own, WORKER_ID: 'short' }).ready();
    await waitFor(() => redis.exists(`${own}:worker:health:short`));
    expect(await short.stop()).toBe(0);
    expect(await redis.exists(`${own}:worker:health:short`)).toBe(0);
  });
});

describe('a worker that cannot start', () => {
  it('names every setting that is wrong, one a line, and exits with 1', async () => {
    const worker = start({ WORKER_CONCURRENCY: 'many', REDIS_URL: 'http://nope' });
    expect(await worker.exited).toBe(1);
    expect(worker.lines).toHaveLength(2);
    expect(worker.text).toMatch(/^REDIS_URL: .*\nWORKER_CONCURRENCY: .*"many"/);
  });

  it('says in one line that its port is taken, and exits with 1', async () => {
    const first = start({ QUEUE_PREFIX: freshPrefix() });
    const { port } = new URL(await first.address());
    const second = start({
      QUEUE_PREFIX: freshPrefix(),
      WORKER_PORT: port,
      DROVER_BUNDLED_PLUGINS: 'example',
    });
    expect(await second.exited).toBe(1);
    expect(second.lines).toEqual([`port ${port} on 127.0.0.1 is in use: set WORKER_PORT or HOST`]);
    await first.stop();
  });
});

describe('code of a handler that goes wrong outside its run', () => {
  const onSignal = (what: string) => `--import=data:text/javascript,process.once('SIGUSR2',()=>{${what}})`;

  it('does not end the worker when it is a stray rejection', async () => {
    const env = {
      QUEUE_PREFIX: freshPrefix(),
      NODE_OPTIONS: onSignal("Promise.reject(new(Error)('stray'))"),
    };
    const worker = await start(env).ready();
    worker.signal('SIGUSR2');
    await waitFor(() => worker.linesWith('unhandled rejection: Error: stray')[0]);
    expect((await worker.health()).code).toBe(200);
    expect(await worker.stop()).toBe(0);
  });

  it('ends the worker in order, with exit code 1, when it is an uncaught exception', async () => {
    const own = freshPrefix();
    const shared = new QueueService({ redisUrl: url, prefix: own, logger: silentLogger });
    const { id } = await shared.jobs.create({ type: 'example.sleep', payload: { ms: 60_000 } });
    const worker = start({ QUEUE_PREFIX: own, NODE_OPTIONS: onSignal("throw(new(Error)('boom'))") });
    await waitFor(async () => (await shared.getJobStatus(id)) === 'running');
    worker.signal('SIGUSR2');
    expect(await worker.exited).toBe(1);
    expect(worker.linesWith('uncaught exception, stopping: Error: boom')).toHaveLength(1);
    expect(await shared.getJobStatus(id)).toBe('pending');
    await shared.close();
  });
});

describe('several workers', () => {
  it('side by side run each job exactly once', async () => {
    const own = freshPrefix();
    const shared = new QueueService({ redisUrl: url, prefix: own, logger: silentLogger });
    const ids = await Promise.all(
      Array.from({ length: 300 }, async (_, at) => {
        const payload = { ms: 1 + (at % 3), steps: 1 };
        return (await shared.jobs.create({ type: 'example.sleep', payload })).id;
      }),
    );
    const team = await Promise.all([1, 2, 3].map(() => start({ QUEUE_PREFIX: own }).ready()));
    await waitFor(async () => (await shared.jobs.stats()).byStatus.completed === ids.length);
    const views = await Promise.all(ids.map((id) => shared.jobs.find(id)));
    expect(views.every((view) => view?.attempts.started === 1)).toBe(true);
    const counts = await Promise.all(
      team.map(async (worker) => Number((await worker.health()).body['succeeded'])),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ids.length);
    await Promise.all(team.map((worker) => worker.stop()));
    await shared.close();
  });
});
