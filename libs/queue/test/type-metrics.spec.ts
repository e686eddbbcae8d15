// What is counted of each job type, in the scripts that end its runs.
import { UnrecoverableError, type Processor } from 'bullmq';
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { backendOf, COUNTED, counted, counting, metricsOf, stall } from './support/counted.js';
import { useStand, type Stand } from './support/stand.js';

const openStand = useStand();
const START = Date.parse('2030-01-02T03:04:00Z');

afterEach(() => jest.restoreAllMocks());

function open(options = {}): Stand {
  const stand = openStand(options);
  stand.backend.endings.follow(() => COUNTED);
  return stand;
}

let lastToken = 0;

/** Runs the next job to its end, `ms` after it was claimed. */
async function run(stand: Stand, how: 'ok' | 'failed' | 'retried', ms = 5): Promise<void> {
  const token = `token-${++lastToken}`;
  const clock = jest.spyOn(Date, 'now');
  clock.mockReturnValue(START);
  const id = await stand.claim(token);
  clock.mockReturnValue(START + ms);
  const job = { id, opts: {}, attemptsMade: 0 } as never;
  const fields = { failedReason: 'x', stacktrace: '[]' };
  if (how === 'ok') await stand.backend.moveToCompleted(job, 1, false, token, false);
  else if (how === 'failed') await stand.backend.moveToFailed(job, 'x', false, token, false, fields);
  else await stand.backend.retryJob(String(id), false, token, { fieldsToUpdate: fields });
  clock.mockRestore();
}

describe('a run that ends', () => {
  it('is counted by how it ended', async () => {
    const stand = open();
    for (const id of ['a', 'b', 'c']) await stand.service.addJob({ id, type: 't' });
    await run(stand, 'ok', 10);
    await run(stand, 'failed', 20);
    await run(stand, 'retried', 30);
    expect(await counted(stand, 't')).toEqual({
      type: 't',
      total: 3,
      ok: 1,
      failed: 1,
      retried: 1,
      dead: 0,
      running: 0,
      duration: { count: 3, sum: 60, min: 10, mean: 20, max: 30, p50: 20, p95: 29, p99: 29 },
      lastRun: START + 30,
      lastSuccess: START + 10,
      lastFailure: START + 30,
      recent: { runs: 3, failed: 2 },
    });
  });

  it('is counted with the others of its type that end in the same call, and apart from other types', async () => {
    const stand = open();
    const ids = Array.from({ length: 40 }, (_, at) => `job-${at}`);
    for (const id of ids) await stand.service.addJob({ id, type: id.endsWith('0') ? 'rare' : 'usual' });
    const tokens = ids.map((_, at) => `token-${at}`);
    const claimed = await Promise.all(tokens.map((token) => stand.claim(token)));
    await Promise.all(
      claimed.map((id, at) => {
        const job = { id, opts: {}, attemptsMade: 0 } as never;
        return stand.backend.moveToCompleted(job, 1, false, `token-${at}`, false);
      }),
    );
    expect(await counted(stand, 'usual')).toMatchObject({ total: 36, ok: 36, duration: { count: 36 } });
    expect(await counted(stand, 'rare')).toMatchObject({ total: 4, ok: 4, duration: { count: 4 } });
  });

  it('is counted once though its report is repeated', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', type: 't' });
    await stand.claim('mine');
    const job = { id: 'a', name: 't', opts: {}, attemptsMade: 0 } as never;
    await stand.backend.moveToFailed(job, 'x', false, 'mine', false);
    await stand.backend.moveToFailed(job, 'x', false, 'mine', false);
    expect(await counted(stand, 't')).toMatchObject({ total: 1, failed: 1 });
  });

  it('is not counted where no worker asked for it, and leaves no key', async () => {
    const stand = openStand();
    await stand.service.addJob({ id: 'a', type: 't' });
    await stand.service.addJob({ id: 'b', type: 't' });
    await run(stand, 'ok');
    await run(stand, 'failed');
    const keys = Object.keys(await stand.keyspace());
    expect(keys.filter((key) => key.startsWith('types:'))).toEqual([]);
  });

  it('is not counted when it is handed back, put off by its handler, or cancelled', async () => {
    const stand = open();
    for (const id of ['a', 'b', 'c']) await stand.service.addJob({ id, type: 't' });
    await stand.claim('first');
    await stand.backend.moveJobFromActiveToWait('a', 'first');
    await stand.claim('second');
    await stand.backend.moveToDelayed('a', Date.now(), 60_000, 'second', { skipAttempt: true });
    await stand.claim('third');
    await stand.service.cancelJob('b');
    expect(await metricsOf(stand).read()).toEqual([]);
  });

  it('ends though a key of another type stands where it is counted', async () => {
    const stand = open();
    await stand.redis.set(stand.key('types:metrics:t'), 'mine');
    await stand.service.addJob({ id: 'a', type: 't' });
    await run(stand, 'ok');
    expect(await stand.service.getJobStatus('a')).toBe('completed');
    expect(await stand.redis.get(stand.key('types:metrics:t'))).toBe('mine');
  });
});

describe('a job that stalled too often', () => {
  it('counts as failed without a duration: nothing ran', async () => {
    const stand = open();
    const { worker } = stand.newWorker(undefined, { autorun: false, maxStalledCount: 0 });
    counting(worker);
    await stand.queue.add('t', {});
    await stall(stand, '1', 0);
    void worker.run();
    await waitFor(async () => (await stand.status('1')) === 'failed');
    expect(await counted(stand, 't')).toMatchObject({ total: 1, failed: 1, duration: null });
  });
});

describe('durations', () => {
  const exact = (values: number[], quantile: number) =>
    [...values].sort((a, b) => a - b)[Math.ceil(quantile * values.length) - 1] as number;

  it.each([
    ['even', (at: number) => at * 7],
    ['of all sizes', (at: number) => Math.round(1.2 ** (at / 2))],
    ['mostly short', (at: number) => (at % 20 === 0 ? 90_000 + at : at % 4)],
    ['none', () => 0],
  ])('that are %s have quantiles at most 5 %% (or half a millisecond) off', async (_, ms) => {
    const stand = open();
    const durations = Array.from({ length: 200 }, (_, at) => ms(at));
    await stand.queue.addBulk(durations.map(() => ({ name: 't', data: {} })));
    for (const duration of durations) await run(stand, 'ok', duration);
    const { duration } = await counted(stand, 't');
    const sum = durations.reduce((all, one) => all + one, 0);
    expect(duration).toMatchObject({
      count: 200,
      sum,
      mean: sum / 200,
      min: Math.min(...durations),
      max: Math.max(...durations),
    });
    for (const [name, quantile] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const) {
      const wanted = exact(durations, quantile);
      expect(Math.abs((duration?.[name] ?? NaN) - wanted)).toBeLessThanOrEqual(Math.max(0.5, wanted * 0.05));
    }
  });

  it('beyond what a job may take, and clocks that go back, leave the number of fields bounded', async () => {
    const stand = open();
    await stand.queue.addBulk(Array.from({ length: 3 }, () => ({ name: 't', data: {} })));
    await run(stand, 'ok', 400 * 86_400_000);
    await run(stand, 'ok', -5000);
    await run(stand, 'ok', 30 * 86_400_000);
    const fields = await stand.redis.hkeys(stand.key('types:metrics:t'));
    expect(fields.filter((field) => field.startsWith('h')).sort()).toEqual(['h0', 'h229']);
    expect((await counted(stand, 't')).duration).toMatchObject({ min: 0, max: 30 * 86_400_000 });
  });
});

it('the last twenty runs are remembered, whichever call ended them', async () => {
  const stand = open();
  await stand.queue.addBulk(Array.from({ length: 30 }, () => ({ name: 't', data: {} })));
  for (let at = 0; at < 12; at++) await run(stand, 'ok');
  for (let at = 0; at < 11; at++) await run(stand, 'failed');
  expect((await counted(stand, 't')).recent).toEqual({ runs: 20, failed: 11 });
});

describe('the runs that go on', () => {
  it('are those of live workers, and go with the key that a killed worker no longer renews', async () => {
    const stand = open();
    const metrics = metricsOf(stand);
    await stand.redis.zadd(
      stand.key('types:workers'),
      Date.now() + 60_000,
      'one',
      Date.now() + 60_000,
      'two',
    );
    await metrics.publishRunning('one', { t: 2, u: 1 }, 60_000);
    await metrics.publishRunning('two', { t: 3 }, 60_000);
    expect(await metrics.read()).toMatchObject([
      { type: 't', running: 5, total: 0, duration: null },
      { type: 'u', running: 1 },
    ]);
    await stand.redis.pexpire(stand.key('types:busy:two'), 0);
    expect(await counted(stand, 't')).toMatchObject({ running: 2 });
    await metrics.withdrawRunning('one');
    expect(await metrics.read()).toEqual([]);
  });
});

it('what was counted goes with the queue', async () => {
  const stand = open();
  await stand.service.addJob({ id: 'a', type: 't' });
  await run(stand, 'ok');
  await stand.queue.obliterate({ force: true });
  expect(await stand.keyspace()).toEqual({});
});

describe('workers side by side', () => {
  let own: OwnRedis;
  beforeAll(async () => (own = await startRedis({ persistent: false })));
  afterAll(() => own.remove());

  /** Jobs whose number says what becomes of them, and what is to be counted in the end. */
  const JOBS = 240;
  const handler: Processor = async (job) => {
    const number = (job.data as { number: number }).number;
    if (number % 4 === 1) throw new Error('always');
    if (number % 4 === 2 && job.attemptsMade === 0) throw new Error('once');
    if (number % 4 === 3) throw new UnrecoverableError('for good');
    return number;
  };
  const EACH = { total: 180, ok: 60, failed: 60, retried: 60, duration: { count: 180 } };

  async function runAll(stand: Stand): Promise<void> {
    for (let nth = 0; nth < 3; nth++) {
      const { worker } = stand.newWorker(handler, { concurrency: 7, stalledInterval: 5000 });
      counting(worker);
      expect(backendOf(worker).endings).toBeDefined();
    }
    const jobs = Array.from({ length: JOBS }, (_, number) => ({
      name: number < JOBS / 2 ? 'first' : 'second',
      data: { number },
      // Half of them wait between their attempts: another script retries those.
      opts: { attempts: 2, ...(number % 8 < 4 ? { backoff: { type: 'fixed', delay: 1 } } : {}) },
    }));
    await stand.queue.addBulk(jobs);
    await waitFor(async () => {
      const { completed = 0, failed = 0 } = await stand.queue.getJobCounts('completed', 'failed');
      return completed + failed === JOBS;
    });
  }

  it('count every run exactly once', async () => {
    const stand = open({ url: own.url });
    await runAll(stand);
    for (const type of ['first', 'second']) expect(await counted(stand, type)).toMatchObject(EACH);
  });

  it('count the same where Redis has no functions for them', async () => {
    const admin = open({ url: own.url });
    await admin.redis.acl(
      'SETUSER',
      'limited',
      'reset',
      'on',
      '>secret',
      '~*',
      '&*',
      '+@all',
      '-function',
      '-fcall',
    );
    const stand = open({ url: own.url.replace('//', '//limited:secret@') });
    await runAll(stand);
    for (const type of ['first', 'second']) expect(await counted(stand, type)).toMatchObject(EACH);
  });
});
