// What workers say of their types, and what follows from it for the queue.
import { QueueKeys, DeclaredTypes, TypeCatalog, TypeLimits, type TypeRule } from '#libs/queue';
import { addOf, limit } from './support/limited.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const MINUTE = 60_000;

interface Rule extends Partial<Omit<TypeRule, 'limit'>> {
  global?: number;
  perProcess?: number;
}

function fleet(stand: Stand) {
  const keys = new QueueKeys(stand.prefix, stand.name);
  const client = async () => stand.redis;
  const declared = new DeclaredTypes(client, keys);
  const limits = new TypeLimits(client, keys);
  return {
    catalog: new TypeCatalog(client, keys),
    declared,
    declare: (worker: string, types: Record<string, Rule>, ttlMs = MINUTE) =>
      declared.declare(
        worker,
        new Map(
          Object.entries(types).map(([type, { global = null, perProcess = null, ...rest }]) => [
            type,
            {
              limit: { global: global as number | null, perProcess: perProcess as number | null },
              version: '1.0.0',
              kept: { completed: null, failed: null, dead: null },
              ...rest,
            },
          ]),
        ),
        ttlMs,
      ),
    holds: async () => Object.fromEntries(await limits.read()),
  };
}

/** What was declared by a worker that nobody has heard of for so long. */
async function silence(stand: Stand, worker: string, ms: number): Promise<void> {
  const key = stand.key('types:declared');
  const text = (await stand.redis.hget(key, worker)) as string;
  await stand.redis.hset(key, worker, text.replace(/^\d+/, String(Date.now() - ms)));
}

const limitOf = (global: number | null, perProcess: number | null = null) => ({ global, perProcess });

describe('the limit over all workers', () => {
  it('is the smallest that a live worker says, whoever speaks last', async () => {
    const { declare, holds, declared } = fleet(open());
    await declare('w', { a: { global: 2 } });
    await declare('v', { a: { global: 5 }, b: {} });
    expect(await holds()).toEqual({ a: limitOf(2) });
    await declare('v', { a: { global: 5 }, b: {} });
    expect(await holds()).toEqual({ a: limitOf(2) });
    await declared.withdraw('w');
    expect(await holds()).toEqual({ a: limitOf(5) });
    await declare('v', { a: {} });
    expect(await holds()).toEqual({});
  });

  it('does not outlive the worker that declared it, where another has the type', async () => {
    const stand = open();
    const { declare, holds } = fleet(stand);
    await declare('w', { a: { global: 2 } });
    await declare('v', { a: {} });
    await silence(stand, 'w', 1);
    await declare('v', { a: {} });
    expect(await holds()).toEqual({});
  });

  it('stays for a worker that stood still, while nobody else has the type', async () => {
    const stand = open();
    const { declare, holds } = fleet(stand);
    await declare('w', { a: { global: 2, perProcess: 1 } });
    await silence(stand, 'w', MINUTE);
    await declare('v', { b: {} });
    expect(await holds()).toEqual({ a: limitOf(2, 1) });
    await silence(stand, 'w', 20 * MINUTE);
    await declare('v', { b: {} });
    expect(await holds()).toEqual({});
  });

  it('is what was set at run time, if that was set', async () => {
    const { declare, holds, catalog } = fleet(open());
    await declare('w', { a: { global: 2 }, b: { global: 2, perProcess: 3 } });
    await catalog.override('a', { concurrency: { global: 7 } });
    await catalog.override('b', { concurrency: { global: null, perProcess: 1 } });
    await declare('v', {});
    expect(await holds()).toEqual({ a: limitOf(7), b: limitOf(null, 1) });
    await catalog.override('a', { enabled: false });
    await catalog.override('c', { enabled: false });
    await declare('v', {});
    expect(await holds()).toEqual({ a: limitOf(0), b: limitOf(null, 1), c: limitOf(0) });
  });

  it('that was written by hand holds beside what workers say', async () => {
    const stand = open();
    const { declare, holds } = fleet(stand);
    await limit(stand, { a: { global: 3 }, b: { perProcess: 1 } });
    await declare('w', { a: { global: 5 }, b: {} });
    expect(await holds()).toEqual({ a: limitOf(3), b: limitOf(null, 1) });
    await addOf(stand, 'b', 2);
    expect(await stand.claim('w:1')).toBe('b1');
    expect(await stand.claim('w:2')).toBeUndefined();
    await limit(stand, { a: {}, b: {} });
    expect(await holds()).toEqual({ a: limitOf(5) });
  });

  it('is never exceeded, whoever speaks while jobs are claimed', async () => {
    const stand = open();
    const { declare } = fleet(stand);
    await addOf(stand, 'a', 60);
    await declare('w', { a: { global: 2 } });
    const claims = Array.from({ length: 40 }, (_, nth) => stand.claim(`${nth % 2 ? 'w' : 'v'}:${nth}`));
    const words = Array.from({ length: 20 }, (_, nth) =>
      declare(`v${nth % 5}`, { a: { global: 3 + (nth % 4) } }),
    );
    const [ids] = await Promise.all([Promise.all(claims), Promise.all(words)]);
    expect(ids.filter((id) => id !== undefined)).toHaveLength(2);
    await declare('v', { a: {} });
    expect(await stand.claim('v:late')).toBeUndefined();
  });

  it('counts what runs when it is declared', async () => {
    const stand = open();
    await addOf(stand, 'a', 3);
    await stand.claim('w:1');
    await fleet(stand).declare('v', { a: { global: 1 } });
    expect(await stand.claim('v:1')).toBeUndefined();
  });
});

describe('a worker whose environment switches a type off', () => {
  it('takes none of it, and others go on', async () => {
    const stand = open();
    const { declare, holds } = fleet(stand);
    await declare('w', { a: { isOff: true } });
    await declare('v', { a: {} });
    await addOf(stand, 'a', 2);
    expect(await holds()).toEqual({ a: limitOf(null) });
    expect(await stand.claim('w:1')).toBeUndefined();
    expect(await stand.claim('v:1')).toBe('a1');
    expect(await stand.claim('w:2')).toBeUndefined();
    expect(await stand.claim('v:2')).toBe('a2');
  });

  it('takes it again when it is enabled at run time, unless it could not run it', async () => {
    const stand = open();
    const { declare, catalog } = fleet(stand);
    await declare('w', { a: { isOff: true } });
    await declare('v', { a: { isOff: true, isBarred: true } });
    await addOf(stand, 'a', 1);
    await catalog.override('a', { enabled: true });
    await declare('u', {});
    expect(await stand.claim('v:1')).toBeUndefined();
    expect(await stand.claim('w:1')).toBe('a1');
  });

  it('switches it off for all where no other has the type, who does not claim it to hand it back', async () => {
    const stand = open();
    const { declare, holds } = fleet(stand);
    await declare('w', { a: { isOff: true } });
    await declare('v', { b: {} });
    await addOf(stand, 'a', 1);
    expect(await holds()).toEqual({ a: limitOf(0) });
    expect(await stand.claim('v:1')).toBeUndefined();
  });
});

describe('the limit of one worker', () => {
  it('is its own', async () => {
    const stand = open();
    const { declare } = fleet(stand);
    await declare('w', { a: { perProcess: 1 } });
    await declare('v', { a: { perProcess: 2 } });
    await declare('u', { a: {} });
    await addOf(stand, 'a', 9);
    const taken = async (worker: string) => {
      let count = 0;
      while (count < 4 && (await stand.claim(`${worker}:${count}`)) !== undefined) count++;
      return count;
    };
    expect([await taken('w'), await taken('v'), await taken('u')]).toEqual([1, 2, 4]);
  });

  it('is the smallest for a worker that says nothing', async () => {
    const stand = open();
    const { declare } = fleet(stand);
    await declare('w', { a: { perProcess: 1 } });
    await declare('v', { a: { perProcess: 2 } });
    await addOf(stand, 'a', 3);
    expect(await stand.claim('x:1')).toBe('a1');
    expect(await stand.claim('x:2')).toBeUndefined();
  });
});

it('a queue whose workers limit nothing has no limits to read', async () => {
  const stand = open();
  await fleet(stand).declare('w', { a: {} });
  expect(await stand.redis.hexists(stand.key('meta'), 'types')).toBe(0);
});

it('what is set at run time and cannot be used limits nothing', async () => {
  const stand = open();
  const { declare, holds } = fleet(stand);
  await stand.redis.hset(
    stand.key('types:settings'),
    'a',
    '{"concurrency":{"global":"x"}}',
    'b',
    'no JSON',
    'c',
    '3',
  );
  await declare('w', { a: { global: 4 }, b: {}, c: {} });
  expect(await holds()).toEqual({ a: limitOf(4) });
});

describe('a job that nobody ends who has its type', () => {
  const DAY = 86_400_000;
  const kept = { completed: 2 * DAY, failed: 3 * DAY, dead: 4 * DAY };
  const ttlOf = async (stand: Stand, id: string) => (await stand.redis.pttl(stand.key(`status:${id}`))) / DAY;

  it('is kept as the newest version says that is cancelled', async () => {
    const stand = open();
    const { declare } = fleet(stand);
    await declare('w', { a: { kept, version: '1.10.0' } });
    await declare('v', { a: { kept: { completed: 1, failed: 1, dead: 1 }, version: '1.9.0' } });
    await addOf(stand, 'a', 1);
    await stand.service.cancelJob('a1');
    expect(await ttlOf(stand, 'a1')).toBeCloseTo(3);
  });

  it('is a dead letter, and counted, when a legacy service fails it', async () => {
    const stand = open();
    const { declare } = fleet(stand);
    await declare('w', { a: { kept } });
    await addOf(stand, 'a', 2);
    for (const [id, status] of [
      ['a1', 'failed'],
      ['a2', 'completed'],
    ] as const) {
      await stand.claim();
      await stand.redis.set(stand.key(`status:${id}`), status);
      await stand.redis.srem(stand.key('processing'), id);
    }
    await stand.pass();
    expect(await ttlOf(stand, 'a1')).toBeCloseTo(4);
    expect(await ttlOf(stand, 'a2')).toBeCloseTo(2);
    expect(await stand.redis.zrange(stand.key('dead'), 0, -1)).toEqual(['a1']);
    expect(await stand.redis.hgetall(stand.key('types:metrics:a'))).toMatchObject({
      total: '2',
      ok: '1',
      failed: '1',
      dead: '1',
    });
  });

  it('follows what live workers say also when a worker ends it that does not have the type', async () => {
    const stand = open();
    const { declare } = fleet(stand);
    await declare('v', { a: { kept: { ...kept, dead: null } } });
    stand.backend.endings.follow(() => ({
      counted: false,
      published: true,
      completedMs: null,
      failedMs: null,
      deadMs: DAY,
    }));
    await addOf(stand, 'a', 1);
    await addOf(stand, 'b', 1);
    for (const id of ['a1', 'b1']) {
      await stand.claim(`x:${id}`);
      await stand.backend.moveToFailed(
        { id, opts: {}, attemptsMade: 0 } as never,
        'no',
        false,
        `x:${id}`,
        false,
      );
    }
    expect(await ttlOf(stand, 'a1')).toBeCloseTo(3);
    expect(await ttlOf(stand, 'b1')).toBeCloseTo(1);
    expect(await stand.redis.zrange(stand.key('dead'), 0, -1)).toEqual(['b1']);
    expect(await stand.redis.hget(stand.key('types:metrics:a'), 'failed')).toBe('1');
  });
});
