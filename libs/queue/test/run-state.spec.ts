// What is known of a job's run, wherever it stands: while it runs, after its end, after all that can happen to it. And
// nothing of a run is left when its job is gone.
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';
import { addAll, complete, fail, numbered, running, startAll, tokenOf, warmUp } from './support/turn.js';

const open = useStand({ jobTtlSeconds: 3600 });

const kept = ({ redis, key }: Stand) => redis.hlen(key('runs'));
const A_TIME = expect.any(Number) as number;

/** What BullMQ's users, Bull Board among them, see of a run. */
async function bullRun({ queue }: Stand, id: string) {
  const { attemptsStarted, attemptsMade, processedOn, processedBy, finishedOn } =
    (await queue.getJob(id)) ?? {};
  return { attemptsStarted, attemptsMade, processedOn, processedBy, finishedOn };
}

/** What the REST API shows of it. */
async function shownRun({ service }: Stand, id: string) {
  const { attempts, startedAt, finishedAt, worker } = (await service.jobs.get(id)) ?? {};
  return { ...attempts, started: attempts?.started, startedAt, finishedAt, worker };
}

/** A job that a worker with a name runs, until the test lets it go on. */
async function underWorker(stand: Stand, name: string) {
  let end: (error?: Error) => void = () => undefined;
  const handler = () =>
    new Promise<void>((resolve, reject) => (end = (error) => (error ? reject(error) : resolve())));
  const { ran } = stand.newWorker(handler, { name });
  await addAll(stand, ['a'], { attempts: 1 });
  await waitFor(() => ran.length === 1);
  return (error?: Error) => end(error);
}

describe('a run under a worker with a name', () => {
  it.each(['worker-1', 'with\na line break', ' ', '1 2', '1795340064995'])(
    '(%j) is seen while it lasts, and afterwards',
    async (name) => {
      const stand = open();
      const end = await underWorker(stand, name);
      const processedBy = name.replace('\n', ' ');
      const during = { attemptsStarted: 1, attemptsMade: 0, processedOn: A_TIME, processedBy };
      expect(await bullRun(stand, 'a')).toEqual({ ...during, finishedOn: undefined });
      expect(await shownRun(stand, 'a')).toMatchObject({ started: 1, made: 0, worker: processedBy });
      const [listed] = await stand.queue.getActive();
      expect(listed?.asJSON()).toMatchObject({ id: 'a', processedOn: A_TIME });
      end();
      await waitFor(async () => (await stand.status('a')) === 'completed');
      const after = { ...during, attemptsMade: 1, finishedOn: A_TIME };
      expect(await bullRun(stand, 'a')).toEqual(after);
      const shown = await shownRun(stand, 'a');
      expect(shown).toMatchObject({ started: 1, made: 1, worker: processedBy });
      const { processedOn = 0, finishedOn = 0 } = await bullRun(stand, 'a');
      expect(shown.startedAt).toBe(new Date(processedOn).toISOString());
      expect(shown.finishedAt).toBe(new Date(finishedOn).toISOString());
      expect((await stand.queue.getCompleted())[0]?.asJSON()).toMatchObject({
        attemptsMade: 1,
        finishedOn: A_TIME,
      });
    },
  );

  it('that fails is seen afterwards, too', async () => {
    const stand = open();
    const end = await underWorker(stand, 'worker-1');
    end(new Error('broken'));
    await waitFor(async () => (await stand.status('a')) === 'failed');
    expect(await bullRun(stand, 'a')).toEqual({
      attemptsStarted: 1,
      attemptsMade: 1,
      processedOn: A_TIME,
      processedBy: 'worker-1',
      finishedOn: A_TIME,
    });
  });
});

describe('attempts and times go on from what the last run left', () => {
  const again: [string, (stand: Stand) => Promise<unknown>, object][] = [
    [
      'a stalled one',
      async (stand) => {
        await stand.endLease('a');
        await stand.backend.moveStalledJobsToWait();
      },
      { attemptsMade: 0, processedOn: A_TIME },
    ],
    ['one retried at once', ({ backend }) => backend.retryJob('a', false, tokenOf('a')), { attemptsMade: 1 }],
    [
      'one handed back',
      ({ backend }) => backend.moveJobFromActiveToWait('a', tokenOf('a')),
      { attemptsMade: 0 },
    ],
    [
      'one delayed',
      async ({ backend, service }) => {
        await backend.moveToDelayed('a', Date.now(), 60_000, tokenOf('a'));
        await service.jobs.promote('a');
      },
      { attemptsMade: 1 },
    ],
    [
      'one requeued by the API',
      ({ service }) => service.failJob('a', { requeue: true }),
      { attemptsMade: 1 },
    ],
    ['one whose claims were cleared', ({ service }) => service.clearProcessing(), { attemptsMade: 0 }],
    [
      'a failed one that is retried',
      async (stand) => {
        await fail(stand, 'a');
        await stand.service.jobs.retry('a');
      },
      { processedOn: undefined, finishedOn: undefined },
    ],
    [
      'a completed one that is retried',
      async (stand) => {
        await complete(stand, 'a');
        await (await stand.queue.getJob('a'))?.retry('completed');
      },
      { processedOn: undefined, finishedOn: undefined },
    ],
  ];

  it.each(again)('%s', async (_, act, expected) => {
    const stand = await running(open(), ['a'], { attempts: 5 });
    await act(stand);
    expect(await kept(stand)).toBe(0);
    const before = await bullRun(stand, 'a');
    expect(before).toMatchObject(expected);
    await startAll(stand, ['a']);
    const during = await bullRun(stand, 'a');
    expect(during).toMatchObject({
      attemptsStarted: (before.attemptsStarted ?? 0) + 1,
      attemptsMade: before.attemptsMade,
      processedOn: A_TIME,
      finishedOn: undefined,
    });
    await complete(stand, 'a');
    expect(await bullRun(stand, 'a')).toMatchObject({
      attemptsStarted: during.attemptsStarted,
      attemptsMade: (during.attemptsMade ?? 0) + 1,
      finishedOn: A_TIME,
    });
  });

  it('but one that a legacy service requeued starts anew', async () => {
    const stand = await running(open(), ['a']);
    await stand.legacy.requeue(JSON.parse((await stand.redis.get(stand.key('data:a'))) ?? '{}') as never);
    await stand.pass();
    expect(await kept(stand)).toBe(0);
    expect(await bullRun(stand, 'a')).toMatchObject({
      attemptsStarted: 0,
      attemptsMade: 0,
      processedOn: undefined,
    });
    await startAll(stand, ['a']);
    expect(await bullRun(stand, 'a')).toMatchObject({ attemptsStarted: 1, processedOn: A_TIME });
    await complete(stand, 'a');
  });

  it('also when Go ends the job', async () => {
    const stand = await running(open(), ['a']);
    await stand.legacy.complete('a');
    await stand.pass();
    expect(await bullRun(stand, 'a')).toMatchObject({ attemptsStarted: 1, finishedOn: A_TIME });
    expect(await kept(stand)).toBe(0);
  });
});

describe('nothing of a run is left', () => {
  const IDS = numbered(12);

  async function ended(): Promise<Stand> {
    const stand = await running(open(), IDS);
    await Promise.all(IDS.map((id, at) => (at % 3 === 0 ? fail(stand, id) : complete(stand, id))));
    expect(await kept(stand)).toBeGreaterThan(0);
    return stand;
  }

  const ways: [string, (stand: Stand) => Promise<unknown>][] = [
    ['removed', ({ service }) => Promise.all(IDS.map((id) => service.jobs.remove(id)))],
    [
      'cleaned',
      async ({ queue }) => {
        await queue.clean(-1000, 100, 'completed');
        await queue.clean(-1000, 100, 'failed');
      },
    ],
    ['obliterated', ({ queue }) => queue.obliterate()],
    [
      'evicted by the next end',
      async (stand) => {
        for (const [id, end] of [['c', complete] as const, ['f', fail] as const]) {
          await addAll(stand, [id]);
          await startAll(stand, [id]);
          await end(stand, id, { keep: 1 });
        }
        await Promise.all(['c', 'f'].map((id) => stand.service.jobs.remove(id)));
      },
    ],
    [
      'ended by their TTL, and another job ends,',
      async (stand) => {
        await stand.redis.zadd(stand.key('expiring'), 'XX', ...IDS.flatMap((id) => [1, id]));
        await warmUp(stand);
        // Lists follow soon, not with each end.
        await waitFor(async () => {
          await addAll(stand, ['next']);
          await startAll(stand, ['next']);
          await complete(stand, 'next', { keep: true });
          return (await kept(stand)) === 0;
        });
      },
    ],
    [
      'ended by their TTL, and somebody counts,',
      async (stand) => {
        await stand.redis.zadd(stand.key('expiring'), 'XX', ...IDS.flatMap((id) => [1, id]));
        await stand.service.jobs.stats();
      },
    ],
    [
      'added anew after their TTL',
      async (stand) => {
        await stand.passAnHour();
        await stand.redis.zadd(stand.key('expiring'), 'XX', ...IDS.flatMap((id) => [1, id]));
        await addAll(stand, IDS);
      },
    ],
  ];

  it.each(ways)('of jobs that are %s', async (_, act) => {
    const stand = await ended();
    await act(stand);
    expect(await kept(stand)).toBe(0);
  });

  it('of running jobs that are obliterated', async () => {
    const stand = await running(open(), IDS);
    expect(await kept(stand)).toBe(12);
    await stand.queue.obliterate({ force: true });
    expect(await stand.keyspace()).toEqual({});
  });

  it('of a running job whose keys are gone, and it does not come back', async () => {
    const stand = await running(open(), ['a', 'b', 'c', 'd']);
    for (const id of ['a', 'b', 'c']) {
      const keys = (await stand.redis.keys(`${stand.base}*:${id}`)).filter(
        (key) => !key.endsWith('status:c'),
      );
      await stand.redis.del(...keys);
      await stand.redis.hdel(stand.key('plain'), id);
    }
    await stand.redis.srem(stand.key('processing'), 'c');
    await stand.redis.set(stand.key('status:c'), 'pending');
    await stand.pass();
    await stand.service.clearProcessing();
    await stand.pass();
    expect(await kept(stand)).toBe(0);
    expect(await stand.queued()).toEqual(['d']);
    expect(await stand.redis.keys(`${stand.base}job:[abc]`)).toEqual([]);
  });
});
