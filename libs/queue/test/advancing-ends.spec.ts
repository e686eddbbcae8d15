// Many ends in one turn: families, failures, and how many jobs are kept.
import { addFamily } from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';
import {
  addAll,
  complete,
  DONE,
  fail,
  idsIn,
  nextOf,
  numbered,
  outcomes,
  running,
  startAll,
  warmUp,
} from './support/turn.js';

const open = useStand();

/** A warm store with a parent whose children run. */
async function family(children: readonly string[], child: object = {}): Promise<Stand> {
  const stand = open();
  await warmUp(stand);
  await addFamily(stand, children, { child });
  await startAll(stand, children);
  return stand;
}

const released = async (stand: Stand) =>
  (await stand.events()).filter(({ event, jobId }) => event === 'waiting' && jobId === 'parent').length;

describe('children of one parent ended in one turn', () => {
  it('release it once', async () => {
    const children = numbered(10, 'child');
    const stand = await family(children);
    await Promise.all(children.map((id) => complete(stand, id)));
    expect(await released(stand)).toBe(1);
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    expect(await stand.claim('token of parent')).toBe('parent');
    const job = await stand.queue.getJob('parent');
    expect(Object.keys((await job?.getChildrenValues()) ?? {})).toHaveLength(10);
  });

  it('bring the parent as the next job of one of them', async () => {
    const children = numbered(3, 'child');
    const stand = await family(children);
    const answers = await Promise.all(children.map((id) => complete(stand, id, { goesOn: true })));
    expect(answers.map(nextOf)).toEqual(['parent', undefined, undefined]);
  });

  it('leave it waiting as long as one of them has failed', async () => {
    const stand = await family(['a', 'b', 'c']);
    await Promise.all([complete(stand, 'a'), fail(stand, 'b'), complete(stand, 'c')]);
    expect(await released(stand)).toBe(0);
    expect(await stand.standing('parent')).toEqual(['waiting-children']);
    // The child it waits for stays until somebody decides.
    expect(await stand.redis.pttl(stand.key('status:b'))).toBe(-1);
    expect(await stand.redis.pttl(stand.key('status:a'))).toBeGreaterThan(0);
  });

  it('fail it once, when their failure is to', async () => {
    const stand = await family(['a', 'b', 'c'], { failParentOnFailure: true });
    await Promise.all([fail(stand, 'a'), complete(stand, 'b'), fail(stand, 'c')]);
    expect(await released(stand)).toBe(1);
    const { ran, worker } = stand.newWorker();
    const failed = new Promise<string>((resolve) => worker.on('failed', (job) => resolve(String(job?.id))));
    expect(await failed).toBe('parent');
    expect(ran).toEqual([]);
  });

  it.each([
    ['before', ['child', 'parent']],
    ['behind', ['parent', 'child']],
  ])('%s their running parent let it complete', async (_, order) => {
    const stand = await running(open(), ['parent']);
    const parent = { id: 'parent', queue: stand.base.slice(0, -1) };
    await stand.queue.add('t', {}, { jobId: 'child', parent });
    await startAll(stand, ['child']);
    expect(await outcomes(order.map((id) => complete(stand, id)))).toEqual([DONE, DONE]);
    for (const id of order) expect(await stand.standing(id)).toEqual(PLACES.completed);
  });
});

it('failures beside completions say which job has no attempt left', async () => {
  const ids = ['a', 'b', 'c', 'd'];
  const stand = await running(open(), ids, { attempts: 2 });
  await stand.backend.retryJob('c', false, 'token of c');
  await startAll(stand, ['c']);
  await Promise.all([
    complete(stand, 'a'),
    fail(stand, 'b', {}, { attempts: 2 }),
    fail(stand, 'c', {}, { attempts: 2 }),
    complete(stand, 'd'),
  ]);
  const ends = (await stand.events()).filter(({ event = '' }) => /completed|failed|exhausted/.test(event));
  expect(ends).toEqual([
    { event: 'completed', jobId: 'a', returnvalue: '{"of":"a"}', prev: 'active' },
    { event: 'failed', jobId: 'b', failedReason: 'b broke', prev: 'active' },
    { event: 'retries-exhausted', jobId: 'c', attemptsMade: '2' },
    { event: 'failed', jobId: 'c', failedReason: 'c broke', prev: 'active' },
    { event: 'completed', jobId: 'd', returnvalue: '{"of":"d"}', prev: 'active' },
  ]);
  expect(await stand.service.jobs.get('c')).toMatchObject({
    state: 'failed',
    error: 'c broke',
    attempts: { made: 2, started: 2 },
  });
});

it('a successor of each job that ends takes over once', async () => {
  const stand = open();
  await warmUp(stand);
  const add = (jobId: string, id: string) =>
    stand.queue.add('t', {}, { jobId, deduplication: { id, keepLastIfActive: true } });
  for (const id of ['a', 'b', 'c']) await add(id, `of ${id}`);
  await startAll(stand, ['a', 'b', 'c']);
  for (const id of ['a', 'b', 'c']) await add(`${id}2`, `of ${id}`);
  expect(await stand.queued()).toEqual([]);
  await Promise.all([complete(stand, 'a'), fail(stand, 'b'), complete(stand, 'c')]);
  expect(await stand.queued()).toEqual(['a2', 'b2', 'c2']);
});

describe('of many jobs that end in one turn are kept', () => {
  it.each([
    ['completed', complete],
    ['failed', fail],
  ] as const)('exactly the newest that %s, whatever their ids', async (state, end) => {
    const ids = numbered(60).reverse();
    const stand = await running(open(), ids);
    await Promise.all(ids.map((id) => end(stand, id, { keep: 3 })));
    const newest = ids.slice(-3);
    expect((await stand.redis.zrange(stand.key(state), 0, -1)).sort()).toEqual([...newest].sort());
    expect((await stand.redis.zrange(stand.key('ids'), 0, -1)).sort()).toEqual([...newest].sort());
    expect(await idsIn(stand, state)).toEqual(ids);
    for (const id of ids)
      expect(await stand.redis.exists(stand.key(`data:${id}`))).toBe(newest.includes(id) ? 1 : 0);
  });

  it('each end as many as its own jobs say', async () => {
    const ids = numbered(40);
    const stand = await running(open(), ids);
    await Promise.all(
      ids.map((id, at) =>
        at % 2 ? complete(stand, id, { keep: 2 }) : fail(stand, id, { keep: { count: 4 } }),
      ),
    );
    expect(await stand.redis.zrange(stand.key('completed'), 0, -1)).toEqual(['job-037', 'job-039']);
    expect(await stand.redis.zcard(stand.key('failed'))).toBe(4);
  });

  it('none of those that are not to be kept, and all others', async () => {
    const ids = numbered(20);
    const stand = await running(open(), ids);
    await Promise.all(ids.map((id, at) => complete(stand, id, { keep: at % 2 === 0 })));
    expect(await stand.redis.zrange(stand.key('completed'), 0, -1)).toEqual(
      ids.filter((_, at) => at % 2 === 1),
    );
    expect(await stand.redis.hlen(stand.key('runs'))).toBeLessThanOrEqual(10);
  });

  it('all, when a job says how many in a way that is no number; the others of its turn end, too', async () => {
    const odd = [
      Infinity,
      NaN,
      { count: Infinity },
      { count: 'many' },
      { age: 'long' },
      { limit: 0.5 },
      null,
    ];
    const ids = numbered(2 * odd.length + 2);
    const stand = await running(open(), ids);
    const told = await outcomes(
      ids.map((id, at) =>
        at % 2
          ? complete(stand, id, { keep: odd[(at - 1) / 2] as never })
          : fail(stand, id, {}, { attempts: ['x', NaN, null, {}, '3', Infinity][at / 2] }),
      ),
    );
    expect(told).toEqual(ids.map(() => DONE));
    expect(await stand.redis.zcard(stand.key('completed'))).toBe(odd.length + 1);
    expect(await stand.redis.zcard(stand.key('failed'))).toBe(odd.length + 1);
  });

  it('as many as a text says, or a number with a fraction', async () => {
    const ids = numbered(10);
    const stand = await running(open(), ids);
    await Promise.all(ids.map((id, at) => complete(stand, id, { keep: { count: at % 2 ? '3' : 3.5 } })));
    expect(await stand.redis.zrange(stand.key('completed'), 0, -1)).toEqual(ids.slice(-3));
  });

  it('those that are still listed after they have run again', async () => {
    const stand = await running(open(), ['a', 'b']);
    await Promise.all(['a', 'b'].map((id) => fail(stand, id)));
    await stand.service.jobs.retry('a');
    await addAll(stand, ['c']);
    await startAll(stand, ['a', 'c']);
    await Promise.all([complete(stand, 'a', { keep: 1 }), complete(stand, 'c', { keep: 1 })]);
    expect(await stand.redis.zrange(stand.key('completed'), 0, -1)).toEqual(['c']);
    expect(await stand.redis.zrange(stand.key('failed'), 0, -1)).toEqual(['b']);
  });
});
