// Reports and claims of one turn of the event loop travel in few calls; every caller gets its own answer.
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { recordAdvances } from './support/calls.js';
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
  tokenOf,
  warmUp,
} from './support/turn.js';

let own: OwnRedis;
beforeAll(async () => (own = await startRedis({ persistent: false })));
afterAll(() => own.remove());

const openStand = useStand();
const open = () => openStand({ url: own.url });

/** Checks that all of `acts` travel in one call. */
async function inOneCall<T>(stand: Stand, acts: () => Promise<T>[]): Promise<(T | string | number)[]> {
  const advances = await recordAdvances(stand);
  const doing = acts();
  const told = await outcomes(doing);
  expect(await advances()).toEqual([doing.length]);
  return told;
}

describe('jobs completed in one turn', () => {
  it('travel in few calls, and each caller gets its own next job', async () => {
    const stand = open();
    const [first, next] = [numbered(60, 'a'), numbered(60, 'b')];
    await addAll(stand, first);
    await startAll(stand, first);
    await addAll(stand, next);
    const advances = await recordAdvances(stand);
    const answers = await Promise.all(first.map((id) => complete(stand, id, { goesOn: true })));
    expect(answers.map(nextOf)).toEqual(next);
    const sizes = await advances();
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(60);
    expect(sizes.length).toBeLessThan(10);
    for (const id of first) expect(await stand.service.getJobResult(id)).toEqual({ of: id });
    // Each next job runs under the token of the report that brought it.
    await Promise.all(next.map((id, at) => complete(stand, id, { token: tokenOf(first[at] ?? '') })));
    expect(await stand.redis.zcard(stand.key('completed'))).toBe(120);
  });

  it('are claimed in order where one call would take too many bytes', async () => {
    const stand = open();
    await warmUp(stand);
    const ids = numbered(60);
    const data = 'x'.repeat(60_000);
    await stand.queue.addBulk(ids.map((jobId) => ({ name: 't', data, opts: { jobId } })));
    const advances = await recordAdvances(stand);
    expect(new Set(await Promise.all(ids.map((id) => stand.claim(tokenOf(id)))))).toEqual(new Set(ids));
    // Those that got none in their call asked again.
    expect((await advances()).reduce((sum, size) => sum + size, 0)).toBeGreaterThan(60);
  });

  it('travel at most a hundred in a call', async () => {
    const stand = open();
    const ids = numbered(450);
    await addAll(stand, ids);
    const advances = await recordAdvances(stand);
    await startAll(stand, ids);
    await Promise.all(ids.map((id) => complete(stand, id)));
    const sizes = await advances();
    expect(Math.max(...sizes)).toBe(100);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(900);
    expect(await stand.redis.zcard(stand.key('completed'))).toBe(450);
  });

  it('do not travel with a huge result', async () => {
    const ids = numbered(5);
    const stand = await running(open(), ids);
    const advances = await recordAdvances(stand);
    const huge = 'x'.repeat(1024 * 1024);
    await Promise.all(ids.map((id, at) => complete(stand, id, {}, at === 2 ? huge : at)));
    expect(await advances()).toEqual([2, 1, 2]);
    expect(await stand.service.getJobResult('job-002')).toBe(huge);
    expect(await stand.redis.zcard(stand.key('completed'))).toBe(5);
  });

  it('are announced as ends one by one are', async () => {
    const stand = await running(open(), ['a', 'b']);
    const updates = await stand.record();
    await inOneCall(stand, () => [complete(stand, 'a'), fail(stand, 'b')]);
    const message = (id: string, event: string, status: string) =>
      `{"data":{"job_id":"${id}","status":"${status}"},"event":"${event}","job_id":"${id}","timestamp":0}`;
    expect(await updates.undated()).toEqual([
      message('a', 'status_updated', 'completed'),
      message('a', 'job_completed', 'completed'),
      message('b', 'status_updated', 'failed'),
      message('b', 'job_failed', 'failed'),
    ]);
  });
});

describe('a report that is refused in a turn with others', () => {
  it('is refused alone, with the code BullMQ’s users know', async () => {
    const ids = ['ok', 'lost', 'others', 'list', 'plain', 'parent', 'last'];
    const stand = await running(open(), ids);
    const { redis, key, queue } = stand;
    // A stalled check took the lease, and another worker has the job.
    await stand.endLease('lost');
    await stand.backend.moveStalledJobsToWait();
    expect(await stand.claim('another token')).toBe('lost');
    for (const id of ['list', 'plain']) {
      await redis.del(key(`job:${id}`));
      await redis.rpush(key(`job:${id}`), 'not', 'a', 'hash');
    }
    await queue.add(
      'child',
      {},
      { jobId: 'child', parent: { id: 'parent', queue: stand.base.slice(0, -1) } },
    );
    const told = await inOneCall(stand, () => [
      complete(stand, 'ok'),
      complete(stand, 'lost'),
      complete(stand, 'others', { token: 'of somebody else' }),
      fail(stand, 'list'),
      complete(stand, 'unknown'),
      complete(stand, 'parent'),
      complete(stand, 'last'),
    ]);
    expect(told).toEqual([DONE, -6, -6, 'WRONG_KEY_TYPE', -1, -4, DONE]);
    expect(await stand.standing('ok')).toEqual(PLACES.completed);
    expect(await stand.standing('last')).toEqual(PLACES.completed);
    for (const id of ['lost', 'others', 'parent']) expect(await stand.standing(id)).toEqual(PLACES.running);
    expect(await idsIn(stand, 'completed')).toEqual(['ok', 'last']);
  });

  it('names what was wrong', async () => {
    const stand = await running(open(), ['a', 'b']);
    await stand.service.clearProcessing();
    const told = await Promise.allSettled([
      complete(stand, 'a'),
      complete(stand, 'unknown'),
      fail(stand, 'b', { token: '0' }),
    ]);
    expect(told.map((one) => String((one as PromiseRejectedResult).reason))).toEqual([
      expect.stringContaining('Missing lock for job a. moveToFinished'),
      expect.stringContaining('Missing key for job unknown. moveToFinished'),
      expect.stringContaining('Job b is not in the active state. moveToFinished'),
    ]);
  });

  it('brings no next job', async () => {
    const stand = await running(open(), ['a', 'b']);
    await addAll(stand, ['c', 'd']);
    const told = await inOneCall(stand, () => [
      complete(stand, 'unknown', { goesOn: true }),
      complete(stand, 'a', { goesOn: true }),
      complete(stand, 'b'),
    ]);
    expect([told[0], nextOf(told[1]), nextOf(told[2])]).toEqual([-1, 'c', undefined]);
    expect(await stand.queued()).toEqual(['d']);
  });
});

describe('a job that is reported twice', () => {
  it('in one turn ends once, and both are told so', async () => {
    const stand = await running(open(), ['a', 'b']);
    const told = await inOneCall(stand, () => [
      complete(stand, 'a'),
      complete(stand, 'b'),
      complete(stand, 'a'),
    ]);
    expect(told).toEqual([DONE, DONE, DONE]);
    expect(await idsIn(stand, 'completed')).toEqual(['a', 'b']);
    expect(await stand.service.jobs.get('a')).toMatchObject({ attempts: { made: 1, started: 1 } });
  });

  it('in one turn with different ends has the first', async () => {
    const stand = await running(open(), ['a']);
    const told = await inOneCall(stand, () => [complete(stand, 'a'), fail(stand, 'a')]);
    expect(told).toEqual([DONE, -2]);
    expect(await stand.standing('a')).toEqual(PLACES.completed);
    expect(await idsIn(stand, 'failed')).toEqual([]);
  });

  it('in one turn under different claims ends by the one that holds it', async () => {
    const stand = await running(open(), ['a']);
    const told = await inOneCall(stand, () => [
      complete(stand, 'a', { token: 'another' }),
      complete(stand, 'a'),
    ]);
    expect(told).toEqual([-6, DONE]);
  });

  it.each([
    ['completed', complete],
    ['failed', fail],
  ] as const)('after its answer was lost has %s once', async (state, end) => {
    const stand = await running(open(), ['a']);
    await end(stand, 'a');
    const before = await stand.everything();
    expect(await outcomes([end(stand, 'a')])).toEqual([DONE]);
    expect(await stand.everything()).toEqual(before);
    expect(await outcomes([end(stand, 'a', { token: 'another' })])).toEqual([-2]);
    expect(await idsIn(stand, state)).toEqual(['a']);
  });

  it('by a connection that is lost under a busy worker is done once', async () => {
    const stand = open();
    const ids = numbered(300);
    const ran: string[] = [];
    const { worker, errors } = stand.newWorker(async ({ id }) => void ran.push(String(id)), {
      concurrency: 20,
    });
    await worker.waitUntilReady();
    await addAll(stand, ids);
    const ended = () => stand.redis.zcard(stand.key('completed'));
    for (const some of [30, 80, 130]) {
      await waitFor(async () => (await ended()) >= some);
      await stand.redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    // What a lost answer claimed is put back when its lease ends.
    const nobodyRuns = async () =>
      (await stand.redis.zrange(stand.key('leases'), 0, -1)).filter((id) => !ran.includes(id));
    await waitFor(
      async () => {
        for (const id of await nobodyRuns()) await stand.endLease(id);
        await stand.backend.moveStalledJobsToWait();
        return (await ended()) === 300;
      },
      { timeoutMs: 40_000, everyMs: 50 },
    );
    expect([...new Set(ran)].sort()).toEqual(ids);
    expect((await idsIn(stand, 'completed')).sort()).toEqual(ids);
    expect(
      errors.filter((error) => !('syscall' in error || /closed|lock|active state/i.test(error.message))),
    ).toEqual([]);
  });
});

it('a lone report leaves at once', async () => {
  const stand = open();
  await warmUp(stand);
  await addAll(stand, ['a']);
  await startAll(stand, ['a']);
  expect(await inOneCall(stand, () => [complete(stand, 'a')])).toEqual([DONE]);
});
