// Rate limits: a worker's, the queue's, and one set by hand.
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function addJobs({ queue }: Stand, count: number): Promise<void> {
  await queue.addBulk(
    Array.from({ length: count }, (_, nth) => ({ name: 't', data: {}, opts: { jobId: `j${nth}` } })),
  );
}

/** Claims as one worker with this limiter does. @returns ids in order, until it gets none. */
async function take(stand: Stand, limiter?: { max: number; duration: number }): Promise<string[]> {
  const { worker } = stand.newWorker(undefined, { ...(limiter ? { limiter } : {}), autorun: false });
  const ids: string[] = [];
  for (;;) {
    const job = await worker.getNextJob('token', { block: false });
    if (!job) return ids;
    ids.push(String(job.id));
  }
}

const ttl = ({ redis, key }: Stand) => redis.pttl(key('limiter'));
const endWindow = ({ redis, key }: Stand) => redis.del(key('limiter'));

describe("a worker's limiter", () => {
  it('lets so many jobs start, and more once its window is over', async () => {
    const stand = open();
    await addJobs(stand, 5);
    const limiter = { max: 2, duration: HOUR };
    expect(await take(stand, limiter)).toEqual(['j0', 'j1']);
    expect(await take(stand, limiter)).toEqual([]);
    expect(await stand.queued()).toEqual(['j2', 'j3', 'j4']);
    expect(await stand.queue.getDelayedCount()).toBe(0);
    await endWindow(stand);
    expect(await take(stand, limiter)).toEqual(['j2', 'j3']);
  });

  it('measures the window from its first start', async () => {
    const stand = open();
    await addJobs(stand, 3);
    const { worker } = stand.newWorker(undefined, { limiter: { max: 3, duration: HOUR }, autorun: false });
    await worker.getNextJob('token');
    await stand.redis.pexpire(stand.key('limiter'), MINUTE);
    await worker.getNextJob('token');
    expect(await ttl(stand)).toBeLessThanOrEqual(MINUTE);
    expect(await stand.redis.get(stand.key('limiter'))).toBe('2');
  });

  it('counts starts, not ends: a job fetched with a completion is one', async () => {
    const stand = open();
    await addJobs(stand, 3);
    const limiter = { max: 2, duration: HOUR };
    const { ids } = stand.newWorker(undefined, { limiter });
    await waitFor(async () => (await stand.queue.getCompletedCount()) === 2);
    expect(await take(stand, limiter)).toEqual([]);
    expect(ids()).toEqual(['j0', 'j1']);
  });

  it('gives a running worker its next job when the window ends', async () => {
    const stand = open();
    await addJobs(stand, 4);
    const { ids } = stand.newWorker(undefined, { limiter: { max: 1, duration: 20 } });
    await waitFor(() => ids().length === 4);
  });

  it('lets delayed jobs become ready meanwhile', async () => {
    const stand = open();
    await addJobs(stand, 2);
    const limiter = { max: 1, duration: HOUR };
    expect(await take(stand, limiter)).toEqual(['j0']);
    await stand.queue.add('t', {}, { jobId: 'late', delay: 1 });
    await waitFor(async () => {
      await take(stand, limiter);
      return (await stand.standing('late'))[0] === 'queue';
    });
    expect(await stand.queued()).toEqual(['j1', 'late']);
  });
});

describe("the queue's rate limit", () => {
  it('holds for all: a worker without a limiter, and dequeueJob', async () => {
    const stand = open();
    await addJobs(stand, 4);
    await stand.queue.setGlobalRateLimit(2, HOUR);
    expect(await stand.queue.getGlobalRateLimit()).toEqual({ max: 2, duration: HOUR });
    expect((await stand.service.dequeueJob())?.id).toBe('j0');
    expect(await take(stand)).toEqual(['j1']);
    expect(await stand.service.dequeueJob()).toBeNull();
  });

  it("has the last word on how many; a worker's limiter has it on how long", async () => {
    const stand = open();
    await addJobs(stand, 4);
    await stand.queue.setGlobalRateLimit(1, HOUR);
    expect(await take(stand, { max: 3, duration: MINUTE })).toEqual(['j0']);
    expect(await ttl(stand)).toBeLessThanOrEqual(MINUTE);
  });

  it('ends with its removal, although its window is still open', async () => {
    const stand = open();
    await addJobs(stand, 3);
    await stand.queue.setGlobalRateLimit(1, HOUR);
    expect(await take(stand)).toEqual(['j0']);
    await stand.queue.removeGlobalRateLimit();
    expect(await stand.queue.getGlobalRateLimit()).toBeNull();
    expect(await take(stand)).toEqual(['j1', 'j2']);
  });

  it('is not held up for ever by a counter that does not end', async () => {
    const stand = open();
    await addJobs(stand, 2);
    await stand.queue.setGlobalRateLimit(1, HOUR);
    await stand.redis.set(stand.key('limiter'), 'many');
    expect(await take(stand)).toEqual(['j0']);
    expect(await ttl(stand)).toBeGreaterThan(0);
  });

  it('neither counts what a legacy service pops nor holds it up', async () => {
    const stand = open();
    await stand.queue.setGlobalRateLimit(1, HOUR);
    for (const id of ['a', 'b', 'c', 'd']) await stand.legacy.add({ id });
    expect((await stand.legacy.dequeue())?.id).toBe('a');
    expect(await stand.claim()).toBe('b');
    expect(await stand.claim()).toBeUndefined();
    expect((await stand.legacy.dequeue())?.id).toBe('c');
    expect(await stand.redis.get(stand.key('limiter'))).toBe('1');
  });
});

describe('a rate limit set by hand', () => {
  it('holds for every worker, also where there is no other limit, until it ends', async () => {
    const stand = open();
    await addJobs(stand, 2);
    await stand.queue.rateLimit(HOUR);
    expect(await take(stand)).toEqual([]);
    expect(await take(stand, { max: 5, duration: 10 })).toEqual([]);
    await endWindow(stand);
    expect(await take(stand)).toEqual(['j0', 'j1']);
  });

  it('ends when it is removed: workers that wait for it go on', async () => {
    const stand = open();
    await stand.queue.rateLimit(HOUR);
    await addJobs(stand, 2);
    const { ids, worker } = stand.newWorker(undefined, { maximumRateLimitDelay: 20 });
    await worker.waitUntilReady();
    expect(await stand.queue.removeRateLimitKey()).toBe(1);
    await waitFor(() => ids().length === 2);
    expect(await stand.queue.removeRateLimitKey()).toBe(0);
  });

  it('wakes a worker when it is removed, should another have taken the call and sleep', async () => {
    const stand = open();
    await addJobs(stand, 1);
    await stand.queue.rateLimit(HOUR);
    await stand.redis.del(stand.key('wakeup'));
    await stand.queue.removeRateLimitKey();
    expect(await stand.redis.zrange(stand.key('wakeup'), 0, -1)).toEqual(['now']);
  });

  it('takes a job back to the head of its priority, with no attempt used, and says how long', async () => {
    const stand = open();
    await addJobs(stand, 3);
    expect(await stand.claim('mine')).toBe('j0');
    await stand.queue.rateLimit(HOUR);
    const left = await stand.backend.moveJobFromActiveToWait('j0', 'mine');
    expect(left).toBeGreaterThan(MINUTE);
    expect(left).toBeLessThanOrEqual(HOUR);
    expect(await stand.queued()).toEqual(['j0', 'j1', 'j2']);
    expect((await stand.queue.getJob('j0'))?.attemptsMade).toBe(0);
    await endWindow(stand);
    expect(await stand.claim('mine')).toBe('j0');
    expect(await stand.backend.moveJobFromActiveToWait('j0', 'mine')).toBe(0);
  });

  it('does not hold a legacy service up', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.queue.rateLimit(HOUR);
    expect(await stand.claim()).toBeUndefined();
    expect((await stand.legacy.dequeue())?.id).toBe('a');
  });
});

describe('getRateLimitTtl', () => {
  it('is -2 without a window, 0 below the maximum, else the ms to go', async () => {
    const stand = open();
    const { queue } = stand;
    await addJobs(stand, 2);
    expect(await queue.getRateLimitTtl()).toBe(-2);
    const { worker } = stand.newWorker(undefined, { limiter: { max: 2, duration: HOUR }, autorun: false });
    await worker.getNextJob('token');
    expect(await queue.getRateLimitTtl(2)).toBe(0);
    expect(await queue.getRateLimitTtl(1)).toBeGreaterThan(MINUTE);
    expect(await queue.getRateLimitTtl()).toBeGreaterThan(MINUTE);
    await queue.setGlobalRateLimit(2, HOUR);
    expect(await queue.getRateLimitTtl()).toBe(0);
    await worker.getNextJob('token');
    expect(await queue.getRateLimitTtl()).toBeGreaterThan(MINUTE);
  });
});

describe('a limit that is no limit', () => {
  it.each([
    ['limiter.max', { limiter: { max: 0, duration: 1 } }],
    ['limiter.max', { limiter: { max: -1, duration: 1 } }],
    ['limiter.max', { limiter: { max: Number.NaN, duration: 1 } }],
    ['limiter.max', { limiter: { max: 1.5, duration: 1 } }],
    ['limiter.duration', { limiter: { max: 1, duration: 0 } }],
    ['limiter.duration', { limiter: { max: 1, duration: -5 } }],
    ['limiter.duration', { limiter: { max: 1, duration: Number.NaN } }],
    ['limiter.duration', { limiter: { max: 1 } as never }],
    ['metrics.maxDataPoints', { metrics: { maxDataPoints: -1 } }],
    ['metrics.maxDataPoints', { metrics: { maxDataPoints: 0.5 } }],
    ['metrics.maxDataPoints', { metrics: { maxDataPoints: Number.NaN } }],
    ['metrics.maxDataPoints', { metrics: { maxDataPoints: 1e9 } }],
    ['metrics.maxDataPoints', { metrics: {} }],
  ])('is refused as an option of a worker by an error that names %s: %j', (name, options) => {
    const stand = open();
    expect(() => stand.newWorker(undefined, options)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(name) as string,
      }),
    );
  });

  it.each([
    ['max', ({ queue }: Stand) => queue.setGlobalRateLimit(0, 1000)],
    ['max', ({ queue }: Stand) => queue.setGlobalRateLimit(-1, 1000)],
    ['max', ({ queue }: Stand) => queue.setGlobalRateLimit(Number.NaN, 1000)],
    ['duration', ({ queue }: Stand) => queue.setGlobalRateLimit(1, 0)],
    ['duration', ({ queue }: Stand) => queue.setGlobalRateLimit(1, -1)],
    ['duration', ({ queue }: Stand) => queue.setGlobalRateLimit(1, Number.NaN)],
    ['duration', ({ queue }: Stand) => queue.setGlobalRateLimit(1, Number.POSITIVE_INFINITY)],
    ['rate limit', ({ queue }: Stand) => queue.rateLimit(0)],
    ['rate limit', ({ queue }: Stand) => queue.rateLimit(-1)],
    ['rate limit', ({ queue }: Stand) => queue.rateLimit(Number.NaN)],
    ['maximum of jobs', ({ queue }: Stand) => queue.getRateLimitTtl(-1)],
  ])('is refused by an error that names the %s, and changes nothing', async (name, act) => {
    const stand = open();
    await stand.queue.waitUntilReady();
    await stand.queue.add('t', {});
    const before = await stand.everything();
    await expect(act(stand)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(name) as string,
    });
    expect(await stand.everything()).toEqual(before);
  });

  it('is passed over when somebody wrote it into the settings by hand', async () => {
    const stand = open();
    await addJobs(stand, 3);
    await stand.redis.hset(stand.key('meta'), { max: 'lots', duration: '-3', concurrency: 'x' });
    expect(await take(stand)).toEqual(['j0', 'j1', 'j2']);
  });
});

it('goes with the queue', async () => {
  const stand = open();
  await addJobs(stand, 2);
  await stand.queue.setGlobalRateLimit(1, HOUR);
  await stand.claim();
  await stand.queue.obliterate({ force: true });
  expect(await stand.keyspace()).toEqual({});
});
