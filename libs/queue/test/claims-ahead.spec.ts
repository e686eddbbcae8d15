import type { WorkerOptions } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { createBackendFactory } from '../src/index.js';
import { recordAdvances } from './support/calls.js';
import { useStand, type Stand } from './support/stand.js';
import { addAll, numbered } from './support/turn.js';

const open = useStand();

/** The store of a worker that does not run: the test asks for jobs as a worker would. */
function storeOf(stand: Stand, options: Partial<WorkerOptions>) {
  const { prefix, url } = stand;
  const store = createBackendFactory()(stand.name, { connection: { url }, prefix, ...options } as never);
  store.on('error', () => undefined);
  stand.keep({ close: () => store.close(true) });
  return { store, ask: async (token: string) => (await store.moveToActive(token))[1] };
}

const statuses = (stand: Stand, ids: readonly string[]) => Promise.all(ids.map((id) => stand.status(id)));

describe('a worker that fills its places', () => {
  it('takes few ways to Redis until all of them are taken', async () => {
    const stand = open();
    const ids = numbered(60);
    await addAll(stand, ids);
    const advances = await recordAdvances(stand);
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const { ran } = stand.newWorker(() => finished, { concurrency: 60 });
    await waitFor(() => ran.length === 60);
    // One by one it would take sixty. How few depends on the machine: what is claimed ahead does not wait for long.
    expect((await advances()).length).toBeLessThanOrEqual(40);
    finish();
    await waitFor(async () => (await stand.redis.zcard(stand.key('completed'))) === 60);
  });

  it('gets the jobs in order, each under its own token', async () => {
    const stand = open();
    const ids = numbered(12);
    await addAll(stand, ids);
    const { store, ask } = storeOf(stand, { concurrency: 12 });
    for (const [at, id] of ids.entries()) expect(await ask(`w:${at}`)).toBe(id);
    for (const [at, id] of ids.entries()) {
      const job = { id, opts: {}, attemptsMade: 0 } as never;
      await store.moveToCompleted(job, 1 as never, false as never, `w:${at}`, false);
    }
    expect(new Set(await statuses(stand, ids))).toEqual(new Set(['completed']));
  });

  it('never holds more jobs than it has places', async () => {
    const stand = open();
    await addAll(stand, numbered(20));
    const { ask } = storeOf(stand, { concurrency: 5 });
    for (let at = 0; at < 5; at++) await ask(`w:${at}`);
    expect(await stand.redis.scard(stand.key('processing'))).toBe(5);
  });

  it('counts the places of jobs that are being ended and bring the next one', async () => {
    const stand = open();
    await addAll(stand, numbered(20));
    const { store, ask } = storeOf(stand, { concurrency: 5 });
    for (let at = 0; at < 3; at++) await ask(`w:${at}`);
    const ends = [0, 1, 2].map((at) =>
      store.moveToCompleted(
        { id: `job-00${at}`, opts: {}, attemptsMade: 0 } as never,
        1 as never,
        false as never,
        `w:${at}`,
        true,
      ),
    );
    await Promise.all([...ends, ask('w:3').then(() => ask('w:4'))]);
    expect(await stand.redis.scard(stand.key('processing'))).toBe(5);
  });

  it('takes a job that came after there was none', async () => {
    const stand = open();
    await addAll(stand, ['a', 'b']);
    const { ask } = storeOf(stand, { concurrency: 10 });
    expect([await ask('w:0'), await ask('w:1')]).toEqual(['a', 'b']);
    await addAll(stand, ['c']);
    expect(await ask('w:2')).toBe('c');
    expect(await ask('w:3')).toBe('');
  });
});

describe('a worker whose concurrency changes while it works', () => {
  /** A worker of that many places whose jobs run until they are let go. */
  function blocked(stand: Stand, concurrency: number, options: Partial<WorkerOptions> = {}) {
    const waiting: (() => void)[] = [];
    const { worker, ran } = stand.newWorker(() => new Promise<void>((resolve) => waiting.push(resolve)), {
      concurrency,
      ...options,
    });
    return { worker, ran, finish: () => waiting.splice(0).forEach((resolve) => resolve()) };
  }

  it('claims ahead for no more places than it has now', async () => {
    const stand = open();
    await addAll(stand, numbered(20));
    const { worker, ran, finish } = blocked(stand, 20);
    await waitFor(() => ran.length === 20);
    worker.concurrency = 5;
    finish();
    await waitFor(async () => (await stand.redis.zcard(stand.key('completed'))) === 20);
    const advances = await recordAdvances(stand);
    await addAll(stand, numbered(60, 'more'));
    await waitFor(() => ran.length === 25);
    // No call asks for more jobs than it has places.
    expect(Math.max(...(await advances()))).toBeLessThanOrEqual(5);
    expect(await stand.redis.scard(stand.key('processing'))).toBeLessThanOrEqual(5);
    await waitFor(async () => (await stand.queued()).length === 55);
    finish();
  });

  it('claims ahead for the places it got', async () => {
    const stand = open();
    await addAll(stand, numbered(60));
    const { worker, ran, finish } = blocked(stand, 1, { autorun: false });
    await worker.waitUntilReady();
    worker.concurrency = 60;
    const advances = await recordAdvances(stand);
    void worker.run();
    await waitFor(() => ran.length === 60);
    expect((await advances()).length).toBeLessThanOrEqual(40);
    finish();
  });
});

describe('what nobody asks for', () => {
  it.each<[string, (stand: Stand, store: { close(): Promise<void> }) => Promise<unknown>]>([
    ['after a while', async () => undefined],
    ['when the store is closed', (_, store) => store.close()],
  ])('goes back to the front of the queue, %s', async (_, act) => {
    const stand = open();
    const ids = numbered(10);
    await addAll(stand, ids);
    const { store, ask } = storeOf(stand, { concurrency: 10 });
    for (let at = 0; at < 4; at++) await ask(`w:${at}`);
    const events = async () => (await stand.events()).filter(({ prev }) => prev === 'active').length;
    await act(stand, store);
    await waitFor(async () => (await events()) === 2);
    expect(await statuses(stand, ids)).toEqual(ids.map((_id, at) => (at < 4 ? 'running' : 'pending')));
    expect(await stand.queued()).toEqual(ids.slice(4));
    // As if it had never been claimed.
    expect(await stand.queue.getJob('job-004')).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
    expect(await stand.redis.hlen(stand.key('runs'))).toBe(4);
    expect(await stand.redis.exists(stand.key('job:job-004'))).toBe(0);
  });

  it('does not count as a start where the queue limits them', async () => {
    const stand = open();
    await addAll(stand, numbered(10));
    await stand.queue.setGlobalRateLimit(6, 60_000);
    const { ask } = storeOf(stand, { concurrency: 10 });
    for (let at = 0; at < 4; at++) await ask(`w:${at}`);
    await waitFor(async () => (await stand.redis.get(stand.key('limiter'))) === '4');
    expect(await stand.redis.scard(stand.key('processing'))).toBe(4);
  });

  it('is not handed out once it was cancelled', async () => {
    const stand = open();
    await addAll(stand, numbered(10));
    const { ask } = storeOf(stand, { concurrency: 10 });
    for (let at = 0; at < 4; at++) await ask(`w:${at}`);
    await stand.service.cancelJob('job-004');
    await waitFor(async () => (await stand.redis.scard(stand.key('processing'))) === 4);
    expect(await ask('w:4')).toBe('job-005');
  });
});

describe('no job is claimed before it is asked for', () => {
  it.each<[string, Partial<WorkerOptions>, string[]]>([
    ['by a worker with one place', {}, ['w:0', 'w:1', 'w:2']],
    [
      'where starts are limited',
      { concurrency: 10, limiter: { max: 100, duration: 1000 } },
      ['w:0', 'w:1', 'w:2'],
    ],
    ['under tokens that are not counted', { concurrency: 10 }, ['a', 'b', 'c']],
    ['under tokens that are counted otherwise', { concurrency: 10 }, ['w:1', 'w:3', 'v:4']],
  ])('%s', async (_, options, tokens) => {
    const stand = open();
    await addAll(stand, numbered(10));
    const { ask } = storeOf(stand, options);
    for (const token of tokens) await ask(token);
    expect(await stand.redis.scard(stand.key('processing'))).toBe(3);
  });
});
