import { Logger, Module, type Type } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { bullPriority, PRIORITIES } from '#libs/contracts';
import { JobHandler, schedulerOf, type JobContext, type JobHandlerOptions } from '#libs/jobs';
import { QueueKeys, TypeLimits } from '#libs/queue';
import { z } from 'zod';
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { HealthServer } from './health-server.js';
import { WorkerStand } from './worker.testkit.js';

/** What ran where. */
const ran: string[] = [];

/** A plugin with one handler that notes its `name` for each run. */
function plugin(name: string, options: JobHandlerOptions, services: Type[] = []): Type {
  @JobHandler(options)
  class Handler implements JobHandler {
    run(_: unknown, { job }: JobContext) {
      ran.push(`${name} ${job.id}`);
      return name;
    }
  }
  @Module({ providers: [Handler, ...services] })
  class Plugin {}
  return Plugin;
}

function keysOf({ prefix }: WorkerStand) {
  const keys = new QueueKeys(prefix, 'jobs');
  return { keys, key: (name: string) => keys.key(name) };
}

const limitsOf = async (stand: WorkerStand) => {
  const limits = new TypeLimits(async () => stand.redis, keysOf(stand).keys);
  return Object.fromEntries(await limits.read());
};

let stand: WorkerStand;
const environment = new Set<string>();

/** Sets a variable for workers that start until the test ends. */
function setVariable(name: string, value: string): void {
  environment.add(name);
  process.env[name] = value;
}

function clearEnvironment(): void {
  for (const name of environment) Reflect.deleteProperty(process.env, name);
  environment.clear();
}

beforeEach(() => {
  Logger.overrideLogger(false);
  ran.length = 0;
  stand = new WorkerStand();
});

afterEach(async () => {
  clearEnvironment();
  await stand.close();
});

describe('what stands in the environment of one worker', () => {
  it('switches a type off in that worker only, and with the worker it is gone', async () => {
    setVariable('DROVER_TYPE__TEST_MANY__ENABLED', 'false');
    const off = await stand.start([plugin('off', { type: 'test.many' })]);
    await waitFor(async () => (await limitsOf(stand))['test.many']?.global === 0);
    clearEnvironment();
    await stand.start([plugin('on', { type: 'test.many' })]);
    await waitFor(async () => (await limitsOf(stand))['test.many']?.global === null);
    const ids = await Promise.all([1, 2, 3].map(() => stand.add('test.many')));
    for (const id of ids) expect((await stand.ended(id)).result).toBe('on');
    await stand.stop(off);
    expect(await limitsOf(stand)).toEqual({});
  });

  it('limits a type over all workers for as long as that worker lives', async () => {
    setVariable('DROVER_TYPE__TEST_MANY__CONCURRENCY__GLOBAL', '1');
    const limited = await stand.start([plugin('limited', { type: 'test.many' })]);
    clearEnvironment();
    await stand.start([plugin('free', { type: 'test.many' })]);
    await waitFor(async () => (await stand.catalog.list()).some(({ workers }) => workers.length === 2));
    expect(await limitsOf(stand)).toEqual({ 'test.many': { global: 1, perProcess: null } });
    await stand.stop(limited);
    expect(await limitsOf(stand)).toEqual({});
  });
});

describe('a type that is enabled at run time', () => {
  it('stays disabled where what it requires is missing, and the health page says why', async () => {
    const options = { type: 'test.needs', enabled: false, requires: { environment: ['DROVER_TEST_KEY'] } };
    const worker = await stand.start([plugin('needs', options)]);
    const id = await stand.add('test.needs');
    await stand.catalog.override('test.needs', { enabled: true });
    const page = await health(worker);
    await waitFor(async () => Object.keys((await page()).disabled_types).length > 0);
    expect((await page()).disabled_types).toEqual({
      'test.needs': [expect.stringContaining('requires the environment variable DROVER_TEST_KEY')],
    });
    expect(await limitsOf(stand)).toEqual({ 'test.needs': { global: 0, perProcess: null } });
    setVariable('DROVER_TEST_KEY', 'there');
    await stand.start([plugin('has it', options)]);
    expect((await stand.ended(id)).result).toBe('has it');
  });
});

describe('settings in Redis that cannot work together', () => {
  it('are told in the log and ignored, so that jobs of the type run', async () => {
    const settings = async () =>
      (await stand.catalog.list()).find(({ type }) => type === 'test.tick')?.settings;
    const warned = jest.spyOn(Logger.prototype, 'warn');
    await stand.start([plugin('ticks', { type: 'test.tick', schedule: { every: '1h' } })]);
    await stand.catalog.override('test.tick', { cache: 7_200_000, attempts: 9 });
    const lines = () => warned.mock.calls.map(([line]) => String(line));
    await waitFor(() => lines().some((line) => /"test\.tick".*are ignored: cache .*lower cache/.test(line)));
    warned.mockRestore();
    expect(await settings()).toMatchObject({ cache: null, attempts: 3 });
    await stand.catalog.override('test.tick', { attempts: 9 });
    await waitFor(async () => (await settings())?.attempts === 9);
  });
});

async function health(worker: TestingModule): Promise<() => Promise<{ disabled_types: object }>> {
  const { server } = worker.get(HealthServer) as unknown as { server: { address(): { port: number } } };
  return async () =>
    (await fetch(`http://127.0.0.1:${server.address().port}/health`)).json() as Promise<{
      disabled_types: object;
    }>;
}

it('a worker that stops leaves behind when its types were last there', async () => {
  const worker = await stand.start([plugin('once', { type: 'test.once' })]);
  await waitFor(async () => (await stand.catalog.names()).includes('test.once'));
  const before = Date.now();
  await stand.stop(worker);
  expect(await stand.catalog.names()).toEqual([]);
  expect(await stand.catalog.lastSeen('test.once')).toBeGreaterThanOrEqual(before);
  expect(await stand.catalog.lastSeen('test.never')).toBeUndefined();
});

describe('workers of two versions', () => {
  const v1 = plugin('v1', { type: 'test.rolling', version: '1.9.0', payload: z.object({ a: z.string() }) });
  const v2 = plugin('v2', { type: 'test.rolling', version: '1.10.0', payload: z.object({ b: z.string() }) });

  it('give a payload that fits only one of them to that one, without using an attempt', async () => {
    await stand.start([v1]);
    await stand.start([v2]);
    const ids = await Promise.all(
      [{ a: 'x' }, { b: 'x' }, { a: 'y' }, { b: 'y' }].map((payload) =>
        stand.add('test.rolling', payload, { attempts: 1 }),
      ),
    );
    const jobs = await Promise.all(ids.map((id) => stand.ended(id)));
    expect(jobs.map(({ result, attempts }) => [result, attempts.made])).toEqual([
      ['v1', 1],
      ['v2', 1],
      ['v1', 1],
      ['v2', 1],
    ]);
  });

  it('fail a payload at once that fits neither', async () => {
    await stand.start([v1]);
    await stand.start([v2]);
    const job = await stand.ended(await stand.add('test.rolling', { c: 1 }));
    expect(job).toMatchObject({ status: 'failed', attempts: { started: 1 } });
  });
});

describe('a scheduled type', () => {
  const tick = (version: string, options: Partial<JobHandlerOptions> = {}) =>
    plugin(version, { type: 'test.tick', version, schedule: { every: '1h' }, ...options });
  const scheduler = async () =>
    (await stand.redis.hgetall(`${stand.prefix}:jobs:scheduler:${schedulerOf('test.tick')}`)) as Record<
      string,
      string
    >;
  const priorityOf = async () =>
    (JSON.parse((await scheduler())['opts'] ?? '{}') as { priority?: number }).priority;

  it('gets the priority, and ends and begins, as settings at run time say', async () => {
    await stand.start([tick('1.0.0')]);
    await waitFor(async () => (await priorityOf()) === bullPriority(PRIORITIES.normal));
    await stand.catalog.override('test.tick', { priority: 'high' });
    await waitFor(async () => (await priorityOf()) === bullPriority(PRIORITIES.high));
    await stand.catalog.override('test.tick', { enabled: false });
    await waitFor(async () => Object.keys(await scheduler()).length === 0);
    await stand.catalog.override('test.tick', undefined);
    await waitFor(async () => (await priorityOf()) === bullPriority(PRIORITIES.normal));
  });

  it('is scheduled as the newest version says, also when settings change', async () => {
    await stand.start([tick('2.0.0', { schedule: { every: '2h' } })]);
    await waitFor(async () => (await scheduler())['every'] === '7200000');
    await stand.start([tick('1.0.0')]);
    await stand.catalog.override('test.tick', { priority: 'low' });
    await waitFor(async () => (await priorityOf()) === bullPriority(PRIORITIES.low));
    expect((await scheduler())['every']).toBe('7200000');
  });

  it('is scheduled no more once a run was given up for want of a worker, until one comes back', async () => {
    const worker = await stand.start([tick('1.0.0')]);
    await waitFor(() => ran.length === 1);
    await stand.stop(worker);
    const { key } = keysOf(stand);
    const [next] = await stand.redis.zrange(key('delayed'), 0, 0);
    // It has been going round for long, and so long no worker has had its type.
    await stand.redis.set(key(`unhandled:${next}`), 1);
    await stand.redis.zadd(key('types:seen'), 1, 'test.tick');
    await stand.start([]);
    await stand.queue.jobs.promote(next as string);
    expect(await stand.ended(next as string)).toMatchObject({ status: 'failed', errorCode: 'NO_HANDLER' });
    expect(await scheduler()).toEqual({});
    expect(await stand.redis.zcard(key('delayed'))).toBe(0);
    await stand.start([tick('1.0.0')]);
    await waitFor(async () => (await scheduler())['every'] === '3600000');
  });
});

describe('a Redis that lost its memory', () => {
  let redis: OwnRedis;
  beforeEach(async () => void (redis = await startRedis({ persistent: false })));
  afterEach(() => redis.remove());

  it('is told limits, types and schedules again, at once', async () => {
    const own = new WorkerStand(redis.url);
    try {
      await own.start([
        plugin('one', { type: 'test.one', concurrency: { global: 1 }, schedule: { every: '1h' } }),
      ]);
      const isTold = async () =>
        (await limitsOf(own))['test.one']?.global === 1 &&
        (await own.catalog.names()).includes('test.one') &&
        (await own.redis.exists(`${own.prefix}:jobs:scheduler:${schedulerOf('test.one')}`)) === 1;
      await waitFor(isTold);
      await own.redis.flushall();
      await waitFor(isTold);
    } finally {
      await own.close();
    }
  });
});
