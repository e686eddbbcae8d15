import type { Redis } from 'ioredis';
import { workerPageSchema, workerViewSchema, type WorkerView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { waitFor } from '../support/wait.js';
import { testRedisUrl } from '../support/redis.js';
import { expectProblem, TestApi } from './api-client.js';
import { WorkerProcess } from './worker-process.js';

let api: TestApi;
let redis: Redis;
const running: WorkerProcess[] = [];

beforeAll(async () => {
  api = await TestApi.start();
  redis = (await api.app.get(QueueService).backend.client()) as Redis;
});
afterEach(async () => {
  for (const worker of running.splice(0)) await worker.kill();
  // What was killed has not taken its heartbeat away.
  await redis.del(`${api.prefix}:worker:ids`, ...(await redis.keys(`${api.prefix}:worker:health:*`)));
});
afterAll(() => api.close());

function start(id: string, settings: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = new WorkerProcess({
    REDIS_URL: testRedisUrl(),
    QUEUE_PREFIX: api.prefix,
    WORKER_ID: id,
    DROVER_BUNDLED_PLUGINS: 'example',
    ...settings,
  });
  running.push(worker);
  return worker.ready();
}

const show = async (id: string): Promise<WorkerView> =>
  (await api.get(`/api/workers/${id}`)).body as WorkerView;
const until = (id: string, reached: (worker: WorkerView) => boolean) =>
  waitFor(async () => reached(await show(id)), { what: `worker ${id}` });

/** A heartbeat as a legacy worker writes it. */
const legacy = (
  id: string,
  report: unknown = { worker_id: id, status: 'busy', current_job: 'j1', jobs_processed: 3 },
) =>
  redis.set(
    `${api.prefix}:worker:health:${id}`,
    typeof report === 'string' ? report : JSON.stringify(report),
    'EX',
    60,
  );

const list = async (query = '') => (await api.get(`/api/workers${query}`)).body;

describe('GET /api/workers', () => {
  it('has workers of Drover with what they run', async () => {
    await start('ours', { WORKER_CONCURRENCY: '4' });
    const job = await api.create({ type: 'example.sleep', payload: { ms: 60_000 } });
    await until('ours', ({ running }) => running === 1);
    const { status, body } = await api.get('/api/workers/ours');
    expect(status).toBe(200);
    expect(workerViewSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      id: 'ours',
      legacy: false,
      language: 'typescript',
      status: 'busy',
      queue: 'jobs',
      slots: 4,
      currentJobs: [job.id],
      draining: false,
      drainRequested: false,
    });
    expect(body.types).toContain('example.sleep');
    await waitFor(async () => (await api.get('/api/queues/jobs')).body.workers === 1);
    await api.act(job.id, 'cancel');
  });

  it('has legacy workers too, page by page', async () => {
    for (const id of ['herd-1', 'herd-2', 'herd-3']) await legacy(id);
    const page = await waitFor(
      async () => {
        const body = await list('?limit=2');
        return body.complete && body.total >= 3 && body;
      },
      { what: 'legacy workers to be found' },
    );
    expect(workerPageSchema.parse(page)).toEqual(page);
    expect(page.items).toMatchObject([
      { id: 'herd-1', legacy: true, language: 'unknown', currentJobs: ['j1'], processed: 3 },
      { id: 'herd-2' },
    ]);
    expect((await list(`?limit=2&cursor=${page.nextCursor}`)).items).toMatchObject([{ id: 'herd-3' }]);
    expect((await list('?queue=jobs')).items).toEqual([]);
  });

  it('forgets those whose heartbeat has ended', async () => {
    await legacy('herd-4');
    const has = async (id: string) => (await list()).items.some((worker: WorkerView) => worker.id === id);
    await waitFor(() => has('herd-4'));
    await redis.del(`${api.prefix}:worker:health:herd-4`);
    await waitFor(async () => !(await has('herd-4')));
    expectProblem(await api.get('/api/workers/herd-4'), 404, 'WORKER_NOT_FOUND');
  });

  it('shows what it can of heartbeats that are not as they should be', async () => {
    await legacy('odd-1', 'no JSON');
    await legacy('odd-2', [1]);
    await legacy('odd-3', {
      status: 7,
      current_job: { a: 1 },
      jobs_failed: 'many',
      current_jobs: 'x',
      types: [1, 'a'],
    });
    await legacy('odd 4"', { status: 'x'.repeat(5000), last_heartbeat: 'never', uptime_seconds: -5 });
    const body = await waitFor(async () => {
      const found = await list('?limit=100');
      return found.items.some(({ id }: WorkerView) => id === 'odd 4"') && found;
    });
    expect(workerPageSchema.parse(body)).toEqual(body);
    const ids = body.items.map(({ id }: WorkerView) => id);
    expect(ids).not.toContain('odd-1');
    expect(ids).not.toContain('odd-2');
    expect(await show('odd-3')).toMatchObject({
      status: 'unknown',
      failed: 0,
      types: ['a'],
      currentJobs: [],
    });
    const odd = await show(encodeURIComponent('odd 4"'));
    expect(odd.status).toHaveLength(300);
    expect(odd.lastHeartbeat).toBeUndefined();
  });

  it.each(['?limit=0', '?cursor=%00', '?cursor=eyJ9', '?queue=a:b', '?page=1'])(
    'refuses %s',
    async (query) => {
      expectProblem(await api.get(`/api/workers${query}`), 400, 'INVALID_REQUEST');
    },
  );
});

describe('A worker that is drained', () => {
  it('finishes what it runs, claims no more, and goes on when it is resumed', async () => {
    const worker = await start('drained');
    const long = await api.create({ type: 'example.sleep', payload: { ms: 1500 } });
    await until('drained', ({ running }) => running === 1);
    const asked = await api.post('/api/workers/drained/drain', {});
    expect(asked).toMatchObject({ status: 200, body: { id: 'drained', drainRequested: true } });
    await until('drained', ({ draining }) => draining);
    const later = await api.create({ type: 'example.echo' });
    await waitFor(async () => (await api.get(`/api/jobs/${long.id}`)).body.status === 'completed');
    await until('drained', ({ running }) => running === 0);
    expect((await worker.health()).code).toBe(200);
    expect((await api.get(`/api/jobs/${later.id}`)).body.status).toBe('pending');

    const resumed = await api.post('/api/workers/drained/resume', {});
    expect(resumed.body.drainRequested).toBe(false);
    await waitFor(async () => (await api.get(`/api/jobs/${later.id}`)).body.status === 'completed');
    await until('drained', ({ draining }) => !draining);
    expect(await worker.stop()).toBe(0);
    expect(worker.linesWith('already running')).toEqual([]);
  });

  it('leaves an idle queue to the others: no wake-up gets lost', async () => {
    const [one] = [await start('idle-1'), await start('idle-2')];
    await api.post('/api/workers/idle-1/drain', {});
    await until('idle-1', ({ draining }) => draining);
    for (let nth = 0; nth < 5; nth++) {
      const { id } = await api.create({ type: 'example.echo' });
      await waitFor(async () => (await api.get(`/api/jobs/${id}`)).body.status === 'completed');
    }
    expect(await show('idle-1')).toMatchObject({ processed: 0, draining: true });
    // It can be stopped like any other, and leaves nothing behind.
    expect(await one!.stop()).toBe(0);
    expect(
      await redis.exists(`${api.prefix}:worker:drain:idle-1`, `${api.prefix}:worker:health:idle-1`),
    ).toBe(0);
    expect(await redis.zscore(`${api.prefix}:worker:ids`, 'idle-1')).toBeNull();
  });

  it('stays so when Redis forgets the order, and is no longer when it starts anew after it was killed', async () => {
    const worker = await start('again');
    await api.post('/api/workers/again/drain', {});
    await until('again', ({ draining }) => draining);
    await redis.del(`${api.prefix}:worker:drain:again`);
    await waitFor(() => redis.exists(`${api.prefix}:worker:drain:again`));
    expect(await show('again')).toMatchObject({ draining: true, drainRequested: true });
    await worker.kill();
    await start('again');
    await until('again', ({ draining, drainRequested }) => !draining && !drainRequested);
    const { id } = await api.create({ type: 'example.echo' });
    await waitFor(async () => (await api.get(`/api/jobs/${id}`)).body.status === 'completed');
  });

  it.each(['drain', 'resume'])('must be one that reads orders (%s)', async (action) => {
    await legacy('herd-9');
    expectProblem(await api.post(`/api/workers/herd-9/${action}`, {}), 409, 'WORKER_NOT_DRAINABLE');
    expectProblem(await api.post(`/api/workers/nobody/${action}`, {}), 404, 'WORKER_NOT_FOUND');
    expectProblem(await api.post(`/api/workers/${'x'.repeat(301)}/${action}`, {}), 400, 'INVALID_REQUEST');
    expect(await redis.exists(`${api.prefix}:worker:drain:herd-9`)).toBe(0);
  });
});

it('legacy workers are found among many other keys without one long look', async () => {
  const other = await manyKeys();
  await legacy('lost');
  const body = await waitFor(
    async () => {
      const found = await list('?limit=100');
      return found.items.some(({ id }: WorkerView) => id === 'lost') && found;
    },
    { what: 'the worker to be found' },
  );
  expect(body.items.length).toBeGreaterThan(0);
  await other.remove();
});

/** Keys of somebody else in the same Redis. */
async function manyKeys(): Promise<{ remove(): Promise<void> }> {
  const names = Array.from({ length: 60_000 }, (_, at) => `${api.prefix}-other:${at}`);
  const inParts = async (act: (part: string[]) => Promise<unknown>) => {
    for (let from = 0; from < names.length; from += 5000) await act(names.slice(from, from + 5000));
  };
  await inParts((part) => redis.mset(part.flatMap((name) => [name, '1'])));
  return { remove: () => inParts((part) => redis.unlink(...part)) };
}
