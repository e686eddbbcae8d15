// Connections that break while claims are under way: Redis carried them out, and nobody heard of it.
import type { WorkerOptions } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { createBackendFactory } from '../src/index.js';
import { openProxy, type Proxy } from './support/proxy.js';
import { useStand, type Stand } from './support/stand.js';
import { addAll, idsIn, nextOf, numbered } from './support/turn.js';

const open = useStand();

/** A queue, and another way to its Redis that can be cut. */
async function openApart(): Promise<{ stand: Stand; proxy: Proxy }> {
  const stand = open();
  return { stand, proxy: stand.keep(await openProxy(stand.url)) };
}

/** The store of a worker that does not run: the test asks for jobs as a worker would. */
function storeOf(stand: Stand, proxy: Proxy, options: Partial<WorkerOptions>) {
  const connection = { url: proxy.url, retryStrategy: () => 20 };
  const store = createBackendFactory()(stand.name, { connection, prefix: stand.prefix, ...options } as never);
  store.on('error', () => undefined);
  stand.keep({ close: () => store.close(true) });
  return { store, ask: async (token: string) => (await store.moveToActive(token))[1] };
}

const statuses = (stand: Stand, ids: readonly string[]) => Promise.all(ids.map((id) => stand.status(id)));
const running = (stand: Stand) => stand.redis.scard(stand.key('processing'));

/** No start counts, no stall, and nothing is left of a run. */
async function expectAsNew(stand: Stand, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    expect(await stand.queue.getJob(id)).toMatchObject({
      attemptsMade: 0,
      attemptsStarted: 0,
      stalledCounter: 0,
    });
    expect(await stand.redis.hexists(stand.key('runs'), id)).toBe(0);
    expect(await stand.redis.zscore(stand.key('leases'), id)).toBeNull();
  }
}

/** Asks until the next claim will bring four more with it. */
async function askUntilFourAhead(ask: (token: string) => Promise<string>): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < 6; at++) ids.push(await ask(`w:${at}`));
  return ids;
}

describe('claims whose answers are lost with the connection', () => {
  it('are handed back, those made ahead and the one that was asked for', async () => {
    const { stand, proxy } = await openApart();
    const ids = numbered(30);
    await addAll(stand, ids);
    const { ask } = storeOf(stand, proxy, { concurrency: 20 });
    expect(await askUntilFourAhead(ask)).toEqual(ids.slice(0, 6));
    proxy.swallow();
    const asked = ask('w:6');
    await waitFor(async () => (await running(stand)) === 11);
    proxy.cut();
    const got = await asked;
    await waitFor(async () => (await running(stand)) === 7);
    const left = ids.slice(6).filter((id) => id !== got);
    expect((await stand.queued()).sort()).toEqual(left);
    await expectAsNew(stand, left);
    expect(await idsIn(stand, 'stalled')).toEqual([]);
  });

  it('leave those alone that Redis never heard of', async () => {
    const { stand, proxy } = await openApart();
    const ids = numbered(30);
    await addAll(stand, ids);
    const { ask } = storeOf(stand, proxy, { concurrency: 20 });
    await askUntilFourAhead(ask);
    proxy.cut();
    expect(await ask('w:6')).toBe('job-006');
    await waitFor(async () => (await running(stand)) === 7);
    expect(await stand.queued()).toEqual(ids.slice(7));
  });

  it('are handed back when they came with a report', async () => {
    const { stand, proxy } = await openApart();
    await addAll(stand, ['a', 'b', 'c']);
    const { store, ask } = storeOf(stand, proxy, {});
    expect(await ask('w:0')).toBe('a');
    proxy.swallow();
    const job = { id: 'a', opts: {}, attemptsMade: 0 } as never;
    const ended = store.moveToCompleted(job, 1 as never, false as never, 'w:0', true);
    await waitFor(async () => (await stand.status('b')) === 'running');
    proxy.cut();
    // Sent again, the report is known to have been heard, and brings the next job.
    expect(nextOf(await ended)).toBe('c');
    await waitFor(async () => (await running(stand)) === 1);
    expect(await statuses(stand, ['a', 'c'])).toEqual(['completed', 'running']);
    expect(await stand.queued()).toEqual(['b']);
    await expectAsNew(stand, ['b']);
  });

  it('do not take jobs from whoever has them under other tokens, or ones that are not counted', async () => {
    const { stand, proxy } = await openApart();
    await addAll(stand, numbered(6));
    const { ask } = storeOf(stand, proxy, { concurrency: 1 });
    const other = storeOf(stand, stand.keep(await openProxy(stand.url)), { concurrency: 1 });
    expect([await other.ask('v:1'), await ask('mine'), await ask('mine')]).toHaveLength(3);
    proxy.swallow();
    const asked = [ask('mine'), ask('w:1')];
    await waitFor(async () => (await running(stand)) === 5);
    proxy.cut();
    await Promise.all(asked);
    // Of two that were lost one goes back; the other one's lease ends by itself, as do those of BullMQ.
    await waitFor(async () => (await idsIn(stand, 'waiting')).length === 7);
    expect(await running(stand)).toBe(6 - (await stand.queued()).length);
    const others = numbered(3);
    expect(await statuses(stand, others)).toEqual(others.map(() => 'running'));
  });

  it('let a worker run every job once, none counted as stalled', async () => {
    const { stand, proxy } = await openApart();
    const ids = numbered(400);
    await addAll(stand, ids);
    const { ran, worker } = stand.newWorker(() => new Promise((resolve) => setImmediate(resolve)), {
      connection: { url: proxy.url, retryStrategy: () => 20 },
      concurrency: 60,
      lockDuration: 30_000,
      // One stall would fail a job.
      maxStalledCount: 0,
    });
    const ended = () => stand.redis.zcard(stand.key('completed'));
    for (const most of [1, 100, 200, 300]) {
      await waitFor(async () => (await ended()) >= most);
      proxy.swallow();
      await waitFor(() => proxy.hasSwallowed());
      proxy.cut();
    }
    await waitFor(async () => (await ended()) === 400, { timeoutMs: 25_000, what: 'all to be completed' });
    expect(ran.map((job) => job.id).sort()).toEqual(ids);
    expect(await idsIn(stand, 'stalled')).toEqual([]);
    expect(worker.isRunning()).toBe(true);
  });
});
