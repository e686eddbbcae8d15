// Many claims in one turn: limits, pauses, and jobs of Go's among them.
import { nextMillisecond } from './support/legacy.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';
import { addAll, complete, nextOf, numbered, outcomes, running, tokenOf, warmUp } from './support/turn.js';

const open = useStand();
const HOUR = 3_600_000;

/** Claims so many jobs in one turn. @returns ids; undefined for a claim that got none. */
const claim = (stand: Stand, count: number) =>
  Promise.all(numbered(count, 'claim').map((token) => stand.claim(token)));

const got = (ids: readonly (string | undefined)[]) => ids.filter((id) => id !== undefined);

const leased = ({ redis, key }: Stand) => redis.zcard(key('leases'));

describe('claims of one turn', () => {
  it('beyond the jobs that are there get none', async () => {
    const stand = open();
    await warmUp(stand);
    await addAll(stand, numbered(5));
    const ids = await claim(stand, 20);
    expect(ids).toEqual([...numbered(5), ...Array.from({ length: 15 }, () => undefined)]);
    expect(await leased(stand)).toBe(5);
  });

  it('get each its own job, more than Redis keeps in a small list', async () => {
    const stand = open();
    await addAll(stand, numbered(300));
    expect(await claim(stand, 300)).toEqual(numbered(300));
    expect(await stand.redis.zrange(stand.key('leases'), 0, -1)).toEqual(numbered(300));
    for (const id of ['job-000', 'job-150', 'job-299'])
      expect(await stand.standing(id)).toEqual(PLACES.running);
  });

  it('start no more jobs than the rate limit lets', async () => {
    const stand = open();
    await stand.queue.setGlobalRateLimit(3, HOUR);
    await warmUp(stand);
    await addAll(stand, numbered(10));
    expect(await claim(stand, 8)).toEqual([...numbered(3), ...Array.from({ length: 5 }, () => undefined)]);
    expect(await stand.redis.get(stand.key('limiter'))).toBe('3');
    expect(await stand.queued()).toHaveLength(7);
    await stand.redis.del(stand.key('limiter'));
    expect(got(await claim(stand, 2))).toHaveLength(2);
    expect(got(await claim(stand, 2))).toHaveLength(1);
  });

  it('that come with reports count, too', async () => {
    const stand = await running(open(), numbered(4, 'a'));
    await stand.queue.setGlobalRateLimit(3, HOUR);
    await addAll(stand, numbered(10, 'b'));
    const answers = await Promise.all(numbered(4, 'a').map((id) => complete(stand, id, { goesOn: true })));
    expect(answers.map(nextOf)).toEqual([...numbered(3, 'b'), undefined]);
    expect((answers[3]?.result as number[])[2]).toBeGreaterThan(HOUR - 60_000);
  });

  it('start no more jobs than may run at once', async () => {
    const stand = open();
    await stand.queue.setGlobalConcurrency(4);
    await warmUp(stand);
    await addAll(stand, numbered(10));
    expect(got(await claim(stand, 8))).toEqual(numbered(4));
    const [first, second, ...claims] = await Promise.all([
      complete(stand, 'job-000', { goesOn: true, token: 'claim-000' }),
      complete(stand, 'job-001', { token: 'claim-001' }),
      ...numbered(5, 'more').map((token) => stand.claim(token)),
    ]);
    expect(nextOf(first)).toBe('job-004');
    expect(nextOf(second)).toBeUndefined();
    expect(got(claims as (string | undefined)[])).toEqual(['job-005']);
    expect(await leased(stand)).toBe(4);
  });

  it('get nothing of a paused queue, and reports none to go on with', async () => {
    const stand = await running(open(), numbered(3, 'a'));
    await addAll(stand, numbered(5, 'b'));
    await stand.queue.pause();
    const [report, ...claims] = await Promise.all([
      complete(stand, 'a-000', { goesOn: true }),
      ...numbered(4).map((token) => stand.claim(token)),
    ]);
    expect(nextOf(report)).toBeUndefined();
    expect(got(claims as (string | undefined)[])).toEqual([]);
    expect(await stand.queued()).toEqual(numbered(5, 'b'));
    await stand.queue.resume();
    expect(await claim(stand, 2)).toEqual(numbered(2, 'b'));
  });
});

describe('jobs of Go', () => {
  /** Jobs of both sides and all priorities. @returns the order they are to run in. */
  async function mixed(stand: Stand): Promise<string[]> {
    const bands: string[][] = [[], [], [], []];
    for (let nth = 0; nth < 40; nth++) {
      const priority = nth % 4;
      const id = `${nth % 3 === 0 ? 'go' : 'ts'}-${String(99 - nth)}`;
      if (nth % 3 === 0) await stand.legacy.add({ id, priority });
      else await stand.service.addJob({ id, priority });
      bands[priority]?.push(id);
      await nextMillisecond();
    }
    return bands.reverse().flat();
  }

  it('among others run in their order when many are claimed at once', async () => {
    const stand = open();
    await warmUp(stand);
    const order = await mixed(stand);
    expect(await claim(stand, 40)).toEqual(order);
    for (const id of order) expect(await stand.standing(id)).toEqual(PLACES.running);
  });

  it('that wait with whole-numbered scores, unseen since their queue has no TTL, do so too', async () => {
    const stand = open();
    await warmUp(stand);
    await addAll(stand, numbered(5, 'ts'), { priority: 2 });
    for (const id of ['z', 'y', 'x']) {
      await stand.legacy.add({ id, priority: 1 });
      await nextMillisecond();
    }
    // As a service leaves it that ends between ZADD and EXPIRE.
    await stand.redis.persist(stand.key('queue'));
    await stand.legacy.add({ id: 'urgent', priority: 3 });
    await stand.redis.persist(stand.key('queue'));
    const ids = got(await claim(stand, 20));
    expect(ids[0]).toBe('urgent');
    expect(ids.slice(1, 6)).toEqual(numbered(5, 'ts'));
    expect(ids.slice(6)).toEqual(['z', 'y', 'x']);
  });

  it('that Go ended or cancelled, or requeued, while they ran are refused alone', async () => {
    const ids = ['a', 'cancelled', 'completed', 'failed', 'again', 'b'];
    const stand = await running(open(), ids);
    await stand.legacy.cancel('cancelled');
    await stand.legacy.complete('completed');
    await stand.legacy.fail('failed');
    const [document] = [JSON.parse((await stand.redis.get(stand.key('data:again'))) ?? '{}') as never];
    await stand.legacy.requeue(document);
    const told = await outcomes(ids.map((id) => complete(stand, id)));
    const done = expect.objectContaining({ finishedOn: expect.any(Number) as number }) as object;
    expect(told).toEqual([done, -2, -2, -2, -2, done]);
    for (const status of ['cancelled', 'completed', 'failed'] as const) {
      expect(await stand.status(status)).toBe(status);
      expect(await stand.standing(status)).toEqual(PLACES[status]);
    }
    expect(await stand.service.getJobResult('a')).toEqual({ of: 'a' });
    expect(await claim(stand, 2)).toEqual(['again', undefined]);
    await complete(stand, 'again', { token: 'claim-000' });
  });

  it('taken by Go from under a worker are Go’s: the worker’s report is refused', async () => {
    const stand = await running(open(), ['a', 'b']);
    const document = JSON.parse((await stand.redis.get(stand.key('data:a'))) ?? '{}') as never;
    await stand.legacy.requeue(document);
    // Between two commands of Go's that take it, a pass finds it nowhere.
    const steps = stand.legacy.dequeuing();
    await steps.next();
    expect(await stand.queued()).toEqual([]);
    await stand.pass({ graceMs: HOUR });
    for (let step = await steps.next(); !step.done; step = await steps.next());
    expect(await stand.status('a')).toBe('running');
    const told = await outcomes([complete(stand, 'a'), complete(stand, 'b')]);
    expect(told).toEqual([-2, expect.anything()]);
    expect(await stand.status('a')).toBe('running');
  });
});

it('every claimed job runs under the token of its claim', async () => {
  const stand = await running(open(), numbered(20));
  const wrong = numbered(20).map((id) => complete(stand, id, { token: tokenOf(`${id}x`) }));
  expect(new Set(await outcomes(wrong))).toEqual(new Set([-6]));
  await Promise.all(numbered(20).map((id) => complete(stand, id)));
});
