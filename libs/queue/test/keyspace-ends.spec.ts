// The ends of jobs seen from Redis: seed, act, compare the whole key space.
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES, type Place } from './support/keyspace.js';
import { seed } from './support/lifecycle-table.js';
import { useStand, type Stand, type StandOptions } from './support/stand.js';
import { timeless } from './support/timeless.js';

const open = useStand({ jobTtlSeconds: 3600 });
const job = { id: 'a', opts: {}, attemptsMade: 0 } as never;

async function running(options: StandOptions = {}): Promise<Stand> {
  const stand = open(options);
  await stand.service.addJob({ id: 'a', type: 'example', payload: 1 });
  await stand.claim();
  await stand.backend.addLog('a', 'row');
  return stand;
}

type End = (stand: Stand) => Promise<unknown>;
const complete: End = ({ backend }) => backend.moveToCompleted(job, { ok: true }, false, 'token', false);
const fail: End = ({ backend }) =>
  backend.moveToFailed(job, 'broken', false, 'token', false, { stacktrace: '["at"]' });
const cancel: End = ({ service }) => service.cancelJob('a');

const KEPT = ['data:a', 'job:a', 'logs:a', 'status:a'];

describe('a job that ends', () => {
  it.each([
    ['completed', complete, [...KEPT, 'results:a'].sort()],
    ['failed', fail, KEPT],
    ['cancelled', cancel, KEPT],
  ] as const)('as %s leaves keys that all end at the noted millisecond', async (state, end, keys) => {
    const stand = await running();
    await end(stand);
    const endings = await stand.endings();
    const [[, at] = []] = (await stand.keyspace())['expiring'] as [string, number][];
    expect(Object.keys(endings)).toEqual(keys);
    expect(new Set(Object.values(endings))).toEqual(new Set([at]));
    expect(timeless(await stand.keyspace())).toMatchObject({
      expiring: [['a', 'T+3600s']],
      'status:a': state,
    });
    expect(await stand.standing('a')).toEqual(PLACES[state]);
  });

  it.each([
    ['completed', complete],
    ['failed', fail],
    ['cancelled', cancel],
  ] as const)('as %s without a TTL leaves keys that last', async (state, end) => {
    const stand = await running({ jobTtlSeconds: 0 });
    await end(stand);
    expect(await stand.endings()).toEqual({});
    expect((await stand.keyspace())['expiring']).toBeUndefined();
    expect(await stand.standing('a')).toEqual(PLACES[state]);
  });

  it('as completed leaves exactly this', async () => {
    const stand = await running();
    await complete(stand);
    expect(timeless(await stand.keyspace())).toEqual({
      'data:a': expect.objectContaining({ id: 'a', payload: 1 }) as object,
      'status:a': 'completed',
      'results:a': '{"ok":true}',
      'logs:a': ['row'],
      'job:a': {
        timestamp: 'T',
        priority: '2',
        opts: '{}',
        name: 'example',
        data: '1',
        endedBy: 'token',
        attemptsStarted: '1',
        attemptsMade: '1',
        processedOn: 'T',
        finishedOn: 'T',
      },
      ids: [['a', 'T']],
      completed: [['a', 'T']],
      expiring: [['a', 'T+3600s']],
      wakeup: [['now', 0]],
      events: [
        { event: 'added', jobId: 'a', name: 'example' },
        { event: 'waiting', jobId: 'a' },
        { event: 'active', jobId: 'a', prev: 'waiting' },
        { event: 'completed', jobId: 'a', returnvalue: '{"ok":true}', prev: 'active' },
        { event: 'drained' },
      ],
    });
  });

  it('as failed for good says so in the event stream', async () => {
    const stand = await running();
    await fail(stand);
    const found = timeless(await stand.keyspace());
    expect(found['job:a']).toMatchObject({ failedReason: 'broken', stacktrace: '["at"]', attemptsMade: '1' });
    expect((await stand.events()).slice(3)).toEqual([
      { event: 'retries-exhausted', jobId: 'a', attemptsMade: '1' },
      { event: 'failed', jobId: 'a', failedReason: 'broken', prev: 'active' },
      { event: 'drained' },
    ]);
  });

  it('and is kept by nobody leaves nothing but events', async () => {
    const stand = await running();
    await stand.backend.moveToCompleted(job, 1, true, 'token', false);
    expect(Object.keys(await stand.keyspace())).toEqual(['events', 'wakeup']);
  });

  it('and is reported together with the next claim takes both steps in one', async () => {
    const stand = await running();
    await stand.service.addJob({ id: 'b' });
    const answer = await stand.backend.moveToCompleted(job, 1, false, 'token', true);
    expect((answer.result as unknown[])[1]).toBe('b');
    expect(await stand.standing('a')).toEqual(PLACES.completed);
    expect(await stand.standing('b')).toEqual(PLACES.running);
  });
});

describe('removing', () => {
  const states = (Object.keys(PLACES) as Place[]).filter((state) => state !== 'running');
  it.each(states)('a %s job leaves nothing of it', async (state) => {
    const stand = open();
    await seed(stand, 'a', state);
    await stand.backend.addLog('a', 'row');
    await stand.service.saveJobResult('a', 1);
    await stand.service.jobs.remove('a');
    const rest = Object.keys(await stand.keyspace());
    expect(rest.filter((name) => !['counter', 'events', 'meta', 'wakeup'].includes(name))).toEqual([]);
    expect((await stand.events()).at(-1)).toMatchObject({ event: 'removed', jobId: 'a' });
  });
});

/** Two jobs in each state: ids like `failed1`. */
async function everyState(): Promise<Stand> {
  const stand = open();
  const { service } = stand;
  for (const nth of [1, 2]) {
    for (const state of ['completed', 'failed', 'cancelled'] as const) {
      const id = `${state}${nth}`;
      await service.addJob({ id });
      await service.updateJobStatus(id, 'running');
      await service.updateJobStatus(id, state);
    }
    await service.addJob({ id: `running${nth}` });
    await service.updateJobStatus(`running${nth}`, 'running');
    await stand.queue.add('t', {}, { jobId: `waiting${nth}` });
    await service.addJob({ id: `prioritized${nth}` });
    await service.jobs.create({ id: `delayed${nth}`, type: 't', delay: 60_000 });
    await stand.backend.addLog(`failed${nth}`, 'row');
  }
  return stand;
}

/** Jobs that have any key left. */
async function left(stand: Stand): Promise<string[]> {
  const names = Object.keys(await stand.keyspace()).filter((name) => name.includes(':'));
  return [...new Set(names.map((name) => name.slice(name.indexOf(':') + 1)))].sort();
}

const ALL = ['cancelled', 'completed', 'delayed', 'failed', 'prioritized', 'running', 'waiting'];
const without = (...states: string[]) =>
  ALL.filter((state) => !states.includes(state)).flatMap((state) => [`${state}1`, `${state}2`]);

describe('the whole queue', () => {
  it.each([
    [false, without('waiting', 'prioritized')],
    [true, without('waiting', 'prioritized', 'delayed')],
  ])('drained (delayed ones too: %s) keeps exactly the others', async (delayed, kept) => {
    const stand = await everyState();
    await stand.queue.drain(delayed);
    expect(await left(stand)).toEqual(kept);
    expect((await stand.keyspace())['queue']).toBeUndefined();
  });

  it.each([
    ['completed', without('completed')],
    ['failed', without('failed', 'cancelled')],
    ['delayed', without('delayed')],
    ['prioritized', without('prioritized')],
    ['wait', without('waiting')],
    ['active', without()],
  ] as const)('cleaned of %s jobs keeps exactly the others', async (state, kept) => {
    const stand = await everyState();
    const removed = await stand.queue.clean(0, 100, state);
    expect(removed).toHaveLength(14 - kept.length);
    expect(await left(stand)).toEqual(kept);
  });

  it('cleaned with a limit or of older jobs only keeps the rest', async () => {
    const stand = await everyState();
    expect(await stand.queue.clean(0, 1, 'completed')).toEqual(['completed1']);
    expect(await stand.queue.clean(3_600_000, 100, 'failed')).toEqual([]);
    expect(await left(stand)).toEqual(without().filter((id) => id !== 'completed1'));
  });

  it('cleared by QueueService keeps delayed, running and finished jobs', async () => {
    const stand = await everyState();
    await stand.service.clearQueue();
    expect(await left(stand)).toEqual(without('waiting', 'prioritized'));
  });

  it('obliterated leaves nothing at all, whoever added and ran the jobs', async () => {
    const stand = await everyState();
    await stand.legacy.add({ id: 'legacy' });
    await stand.legacy.add({ id: 'legacy-running', priority: 9 });
    await stand.legacy.dequeue();
    const reconciler = stand.newReconciler();
    reconciler.start();
    await waitFor(async () => (await stand.standing('legacy-running')).includes('leases'));
    await reconciler.close();
    await stand.queue.obliterate({ force: true });
    expect(Object.keys(await stand.keyspace())).toEqual([]);
  });

  it('obliterated refuses while jobs run, and leaves all of them', async () => {
    const stand = await everyState();
    await expect(stand.queue.obliterate()).rejects.toThrow('Cannot obliterate queue with active jobs');
    expect(await left(stand)).toEqual(without());
  });
});
