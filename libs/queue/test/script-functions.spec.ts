// Scripts that run for every job are functions of Redis; where it has none for us, the same scripts run by EVAL.
import { Redis, type Cluster } from 'ioredis';
import { createBackendFactory, type DroverBackend } from '#libs/queue';
import { startCluster, type OwnCluster } from '../../../tests/support/cluster.js';
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { functionLibrary, HOT_SCRIPTS } from '../src/backend/script-loader.js';
import { libraries, recordCalls } from './support/calls.js';
import { entries, family } from './support/flow.js';
import { useStand, type Stand, type StandOptions } from './support/stand.js';

let own: OwnRedis;
beforeAll(async () => (own = await startRedis({ persistent: false })));
afterAll(() => own.remove());

const openStand = useStand();
const open = (options: StandOptions = {}) => openStand({ url: own.url, ...options });
const { name: library } = functionLibrary();

const numbered = (count: number, name = 'job') => Array.from({ length: count }, (_, at) => `${name}-${at}`);
const job = (id: string) => ({ id, opts: {}, attemptsMade: 0 }) as never;
const add = (stand: Stand, ids: readonly string[]) =>
  Promise.all(ids.map((id) => stand.service.addJob({ id })));

/** Completes what waits, all at once. @returns the ids. */
async function completeAll(stand: Stand, count: number): Promise<string[]> {
  const tokens = numbered(count, 'token');
  const ids = (await Promise.all(tokens.map((token) => stand.claim(token)))) as string[];
  await Promise.all(
    ids.map((id, at) => stand.backend.moveToCompleted(job(id), 1, false, `token-${at}`, false)),
  );
  return ids;
}

async function expectAllDone(stand: Stand, ids: readonly string[]): Promise<void> {
  expect((await completeAll(stand, ids.length)).sort()).toEqual([...ids].sort());
  expect((await stand.service.jobs.stats()).byStatus).toMatchObject({ pending: 0, completed: ids.length });
}

/** Lets every script that runs for each job run once, but the one that adopts. */
async function useHotScripts(stand: Stand): Promise<void> {
  const { backend } = stand;
  await add(stand, ['a', 'b']);
  await backend.addFlow(entries(stand, family(stand, ['child'])));
  const claimed = async () => (await stand.claim()) ?? '';
  const id = await claimed();
  await backend.updateProgress(id, 50);
  await backend.extendLock(id, 'token', 5000);
  await backend.moveJobFromActiveToWait(id, 'token');
  await backend.retryJob(await claimed(), false, 'token');
  await backend.moveToDelayed(await claimed(), Date.now(), 1000, 'token');
  await backend.getState('a');
  await stand.service.jobs.find('a');
}

describe('a Redis that is ours', () => {
  it('gets the scripts that run for each job by FCALL, all of them, and none by EVAL', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'legacy' });
    const calls = await recordCalls(stand);
    await stand.pass();
    expect(await calls()).toContain('adoptAdded');
    await stand.service.cancelJob('legacy');
    await calls();
    await useHotScripts(stand);
    const others = HOT_SCRIPTS.filter((name) => name !== 'adoptAdded');
    expect([...new Set(await calls())].sort()).toEqual([...others].sort());
    expect(await libraries(stand.redis)).toEqual([library]);
  });

  it('gets the library again when it was dropped, and nothing is lost', async () => {
    const stand = open();
    await add(stand, numbered(50));
    await stand.redis.function('FLUSH');
    const ids = numbered(300, 'more');
    const adding = add(stand, ids);
    await stand.redis.function('FLUSH');
    await adding;
    await stand.redis.function('FLUSH');
    await expectAllDone(stand, [...numbered(50), ...ids]);
    expect(await libraries(stand.redis)).toEqual([library]);
  });

  it('gets it again when it comes back empty; what waited meanwhile is not lost', async () => {
    const stand = open();
    await add(stand, ['before']);
    await own.kill();
    const adding = add(stand, numbered(20));
    await own.restart();
    await adding;
    await expectAllDone(stand, numbered(20));
    expect(await libraries(stand.redis)).toEqual([library]);
  });

  it('refuses a call as a whole while it is out of memory, but those that only read', async () => {
    const stand = open();
    await add(stand, ['a']);
    const before = await stand.everything();
    await stand.redis.config('SET', 'maxmemory', 1);
    try {
      await expect(add(stand, ['b'])).rejects.toThrow(/OOM/);
      await expect(stand.claim()).rejects.toThrow(/OOM/);
      expect(await stand.backend.getState('a')).toBe('prioritized');
      expect(await stand.everything()).toEqual(before);
    } finally {
      await stand.redis.config('SET', 'maxmemory', 0);
    }
    await expectAllDone(stand, ['a']);
  });

  it('that was out of memory when the library was to be loaded gets it later', async () => {
    const stand = open();
    await stand.service.health();
    await stand.redis.function('FLUSH');
    await stand.redis.config('SET', 'maxmemory', 1);
    await expect(add(stand, ['a'])).rejects.toThrow(/OOM/);
    await stand.redis.config('SET', 'maxmemory', 0);
    await add(stand, ['a']);
    expect(await libraries(stand.redis)).toEqual([library]);
  });

  it('gets it from two clients at once', async () => {
    const [one, other] = [open(), open()];
    await Promise.all([one.service.health(), other.service.health()]);
    await one.redis.function('FLUSH');
    const calls = await recordCalls(one);
    await Promise.all([add(one, numbered(20)), add(other, numbered(20))]);
    await Promise.all([expectAllDone(one, numbered(20)), expectAllDone(other, numbered(20))]);
    const seen = await calls();
    expect(seen).toContain('advance');
    expect(await libraries(one.redis)).toEqual([library]);
  });

  it('keeps four versions, the newest, and libraries of others', async () => {
    const stand = open();
    await stand.redis.function('FLUSH');
    const load = (name: string, description: string) =>
      stand.redis.function(
        'LOAD',
        `#!lua name=${name}\nredis.register_function{ function_name = '${name}_f', description = '${description}',
callback = function() return 1 end }`,
      );
    for (const year of [2021, 2024, 2022, 2025, 2023])
      await load(`drover_${year}`, `loaded ${year}-01-01T00:00:00.000Z`);
    await load('another', 'loaded 2020-01-01T00:00:00.000Z');
    await add(stand, ['a']);
    const kept = [library, 'drover_2023', 'drover_2024', 'drover_2025'].sort();
    await waitFor(async () => (await libraries(stand.redis)).length === kept.length);
    expect(await libraries(stand.redis)).toEqual(kept);
    expect(JSON.stringify(await stand.redis.function('LIST'))).toContain('"another"');
    await stand.redis.function('FLUSH');
  });
});

describe('a user', () => {
  it.each([
    ['that may not load functions', ['+@all', '-function|load']],
    ['that may not use FUNCTION', ['+@all', '-function']],
    ['that may not call functions', ['+@all', '-fcall']],
    ['that may do neither', ['+@all', '-function', '-fcall']],
  ])('%s has the same scripts by EVAL', async (_, rules) => {
    const admin = open();
    await admin.redis.function('FLUSH');
    await admin.redis.acl('SETUSER', 'limited', 'reset', 'on', '>secret', '~*', '&*', ...rules);
    const stand = open({ url: own.url.replace('//', '//limited:secret@') });
    const calls = await recordCalls(admin);
    await add(stand, numbered(20));
    await expectAllDone(stand, numbered(20));
    expect(await libraries(admin.redis)).toEqual([]);
    expect(await calls()).toContain('eval');
  });

  it('that may call but not load uses what another loaded', async () => {
    const admin = open();
    await admin.redis.acl('SETUSER', 'caller', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-function');
    await add(admin, ['a']);
    const stand = open({ url: own.url.replace('//', '//caller:secret@') });
    const calls = await recordCalls(admin);
    await add(stand, ['b']);
    expect(await calls()).toEqual(['addJobs']);
  });
});

describe('a cluster', () => {
  let cluster: OwnCluster;
  let client: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
    client = cluster.connect();
  }, 30_000);
  afterAll(async () => {
    client.disconnect();
    await cluster.remove();
  });

  const queue = (prefix: string): DroverBackend =>
    createBackendFactory()('jobs', { connection: client, prefix } as never, {});

  it('has the library on every master, and jobs of every slot run by it', async () => {
    const backends = ['{a}', '{b}', '{c}'].map(queue);
    await Promise.all(
      backends.map(async (backend) => {
        await backend.waitUntilReady();
        await backend.addJob({ name: 't', data: '{}', opts: {}, timestamp: Date.now() } as never, 'one');
        const [claimed] = await backend.moveToActive('token');
        expect(claimed).toMatchObject({ id: 'one' });
        await backend.moveToCompleted(job('one'), 1, false, 'token', false);
        await backend.close();
      }),
    );
    const nodes = cluster.nodes.map(({ url }) => new Redis(url));
    try {
      expect(await Promise.all(nodes.map(libraries))).toEqual([[library], [library], [library]]);
      const stats = await Promise.all(nodes.map((node) => node.info('commandstats')));
      expect(stats.map((text) => /cmdstat_fcall:calls=[1-9]/.test(text))).toEqual([true, true, true]);
      expect(stats.join('\n')).not.toMatch(/cmdstat_eval/);
    } finally {
      for (const node of nodes) node.disconnect();
    }
  });
});
