// Whatever ends a run frees its place, and tells a worker that waits.
import { addOf, counted, end, limit } from './support/limited.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const job = (id: string, opts: object = {}) => ({ id, opts, attemptsMade: 0 }) as never;
const soon = () => Date.now() + 60_000;

/** What ends the run of `a1` under the token `w:1`. */
const ENDS: Record<string, (stand: Stand) => Promise<unknown>> = {
  'a completion': (stand) => end(stand, 'a1', 'w:1'),
  'a completion that says more': ({ backend }) =>
    backend.moveToCompleted(job('a1'), 1, { count: 5 }, 'w:1', false),
  'a completion that removes the job': ({ backend }) =>
    backend.moveToCompleted(job('a1'), 1, true, 'w:1', false),
  'a failure': ({ backend }) => backend.moveToFailed(job('a1'), 'broke', false, 'w:1', false),
  'a retry': ({ backend }) => backend.retryJob('a1', false, 'w:1'),
  'a retry with a delay': ({ backend }) => backend.moveToDelayed('a1', soon(), 60_000, 'w:1'),
  'a release': ({ backend }) => backend.moveJobFromActiveToWait('a1', 'w:1'),
  'a claim in vain': ({ backend }) => backend.scripts.run('release', 'a1', 'w:1', '1'),
  'children to wait for': async (stand) => {
    const { queue, backend } = stand;
    await queue.add(
      'child',
      {},
      { jobId: 'child', delay: 60_000, parent: { id: 'a1', queue: `${stand.prefix}:jobs` } },
    );
    return backend.moveToWaitingChildren('a1', 'w:1');
  },
  'a lease that ended': async (stand) => {
    await stand.endLease('a1');
    return stand.backend.running.recoverStalled();
  },
  'a cancel': ({ service }) => service.jobs.cancel('a1'),
  'an end by status': ({ service }) => service.updateJobStatus('a1', 'completed'),
  'a status of before': ({ service }) => service.updateJobStatus('a1', 'pending'),
  'a failure that requeues': ({ service }) => service.failJob('a1', { requeue: true }),
  'a completion by anybody': ({ service }) => service.completeJob('a1'),
  'the end of all claims': ({ service }) => service.clearProcessing(),
  'a removal, its lease having ended': async (stand) => {
    await stand.endLease('a1');
    return stand.queue.clean(0, 100, 'active');
  },
  "a legacy service's completion": async (stand) => {
    await stand.legacy.complete('a1');
    return stand.pass();
  },
  "a legacy service's cancel, met by a renewal": async (stand) => {
    await stand.legacy.cancel('a1');
    return stand.backend.running.extend(['a1'], ['w:1'], 5000);
  },
  "a legacy service's requeue": async (stand) => {
    await stand.legacy.requeue({ id: 'a1', priority: 1 } as never);
    return stand.pass();
  },
  'a loss of all that says it runs': async (stand) => {
    await stand.redis.srem(stand.key('processing'), 'a1');
    await stand.redis.zrem(stand.key('leases'), 'a1');
    return stand.pass();
  },
};

describe('the place of a job is free', () => {
  it.each(Object.entries(ENDS))('after %s', async (_name, act) => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 3);
    expect(await stand.claim('w:1')).toBe('a1');
    expect(await stand.claim('w:2')).toBeUndefined();
    expect(await counted(stand)).toEqual({ ga: 1, 'ww a': 1 });
    await stand.redis.del(stand.key('wakeup'));

    await act(stand);
    expect(await counted(stand)).toEqual({});
    expect(await stand.redis.zscore(stand.key('wakeup'), 'now')).toBe('0');
    expect(['a1', 'a2']).toContain(await stand.claim('v:1'));
    expect(await stand.claim('v:2')).toBeUndefined();
    expect(await counted(stand)).toEqual({ ga: 1, 'wv a': 1 });
  });

  it('when the queue is destroyed with what runs; the limit stays', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 30);
    expect(await stand.claim('w:1')).toBe('a1');
    expect(await stand.claim('w:2')).toBeUndefined();
    await stand.queue.obliterate({ force: true });
    expect(Object.keys(await stand.keyspace()).sort()).toEqual(['meta', 'types:declared']);
    await addOf(stand, 'a', 2);
    expect(await stand.claim('w:3')).toBe('a1');
    expect(await stand.claim('w:4')).toBeUndefined();
  });
});

/** What is done to `a2`, which waits at the limit of its type; `left` are those that wait afterwards. */
const DEEDS: Record<string, [act: (stand: Stand) => Promise<unknown>, left: string[]]> = {
  'is removed': [(stand) => stand.queue.remove('a2'), ['a3']],
  'is cancelled': [({ service }) => service.jobs.cancel('a2'), ['a3']],
  'is cancelled by a legacy service': [({ legacy }) => legacy.cancel('a2'), ['a3']],
  'is completed by a legacy service': [({ legacy }) => legacy.complete('a2'), ['a3']],
  'is promoted': [({ backend }) => backend.promote('a2'), ['a2', 'a3']],
  'is added again by a legacy service': [
    ({ legacy }) => legacy.add({ id: 'a2', type: 'a', priority: 2 }),
    ['a3', 'a2'],
  ],
  'gets a better priority': [({ backend }) => backend.changePriority('a3', 0, true), ['a3', 'a2']],
  'gets a worse priority': [({ backend }) => backend.changePriority('a2', 5, false), ['a3', 'a2']],
  'is drained with all others': [({ queue }) => queue.drain(), []],
  'is cleaned with all others': [({ queue }) => queue.clean(0, 100, 'wait'), []],
  'is promoted with all delayed ones': [({ queue }) => queue.promoteJobs(), ['a2', 'a3']],
  'loses its index': [
    async (stand) => {
      await stand.redis.del(stand.key('parked:a'));
      await stand.backend.running.recoverStalled();
    },
    ['a2', 'a3'],
  ],
  'loses its place': [
    async (stand) => {
      await stand.redis.zrem(stand.key('parked'), 'a3');
      await stand.backend.running.recoverStalled();
    },
    ['a2', 'a3'],
  ],
};

describe('a job at the limit of its type that', () => {
  it.each(Object.entries(DEEDS))('%s', async (_name, [act, left]) => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 3);
    expect(await stand.claim('w:1')).toBe('a1');
    expect(await stand.claim('w:2')).toBeUndefined();
    await act(stand);
    expect(await stand.claim('w:2')).toBeUndefined();
    const ran: string[] = [];
    for (let id = await end(stand, 'a1', 'w:1', true); id; id = await end(stand, id, 'w:1', true))
      ran.push(id);
    expect(ran).toEqual(left);
    expect(await stand.redis.exists(...['slots', 'parked', 'parked:a', 'delayed'].map(stand.key))).toBe(0);
  });

  it('waits on when its queue is paused, and starts when that ends', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 2);
    await stand.claim('w:1');
    await stand.claim('w:2');
    await stand.queue.pause();
    await end(stand, 'a1', 'w:1');
    expect(await stand.claim('w:2')).toBeUndefined();
    expect(await stand.redis.exists(stand.key('wakeup'))).toBe(0);
    await stand.queue.resume();
    expect(await stand.redis.zscore(stand.key('wakeup'), 'now')).toBe('0');
    expect(await stand.claim('w:2')).toBe('a2');
  });
});

describe('a key of another type', () => {
  it.each(['slots', 'slot-counts', 'parked', 'parked-of', 'parked-types', 'parked-asked'])(
    'at <p>%s makes a claim fail with an error that names it, and change nothing',
    async (name) => {
      const stand = open();
      await limit(stand, { a: { global: 1 } });
      await addOf(stand, 'a', 3);
      expect(await stand.claim('w:1')).toBe('a1');
      expect(await stand.claim('w:2')).toBeUndefined();
      await stand.redis.del(stand.key(name));
      await stand.redis.rpush(stand.key(name), 'not', 'what', 'it', 'must', 'be');
      const before = await stand.everything();
      await expect(stand.claim('w:3')).rejects.toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key: stand.key(name),
      });
      await expect(end(stand, 'a1', 'w:1', true)).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE' });
      expect(await stand.everything()).toEqual(before);
    },
  );
});

describe('news of room for parked jobs', () => {
  it('reaches workers that wait once a pause is over, whoever had heard it before', async () => {
    const stand = open();
    await limit(stand, { a: { perProcess: 1 } });
    await addOf(stand, 'a', 4);
    for (const token of ['w:1', 'v:1']) await stand.claim(token);
    for (const token of ['w:2', 'v:2']) expect(await stand.claim(token)).toBeUndefined();
    expect((await stand.redis.smembers(stand.key('parked-asked'))).sort()).toEqual(['v', 'w']);
    await stand.queue.pause();
    expect(await end(stand, 'a1', 'w:1', true)).toBeUndefined();
    await stand.queue.resume();
    await stand.redis.del(stand.key('wakeup'));
    // The one that is woken first has no room, and tells the next.
    expect(await stand.claim('v:3')).toBeUndefined();
    expect(await stand.redis.zscore(stand.key('wakeup'), 'now')).toBe('0');
    expect(await stand.claim('w:3')).toBe('a3');
  });

  it('is not sent on for ever where nobody has room', async () => {
    const stand = open();
    await limit(stand, { a: { perProcess: 1 } });
    await addOf(stand, 'a', 3);
    for (const token of ['w:1', 'v:1', 'w:2', 'v:2']) await stand.claim(token);
    await stand.redis.del(stand.key('wakeup'));
    for (const token of ['w:3', 'v:3', 'w:4']) expect(await stand.claim(token)).toBeUndefined();
    expect(await stand.redis.exists(stand.key('wakeup'))).toBe(0);
  });

  it('is kept for others where the one who freed the place does not use it', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 }, b: { global: 1 } });
    await addOf(stand, 'a', 2, { priority: 5 });
    expect(await stand.claim('w:1')).toBe('a1');
    expect(await stand.claim('w:2')).toBeUndefined();
    await addOf(stand, 'c', 1, { priority: 1 });
    await stand.redis.del(stand.key('wakeup'));
    expect(await end(stand, 'a1', 'w:1', true)).toBe('c1');
    expect(await stand.redis.zscore(stand.key('wakeup'), 'now')).toBe('0');
    expect(await stand.claim('v:1')).toBe('a2');
  });
});
