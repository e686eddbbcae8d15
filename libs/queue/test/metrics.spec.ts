// How many jobs ended, minute by minute, whoever ended them.
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const MINUTE = 60_000;
const START = Date.parse('2030-01-02T03:04:00Z');

afterEach(() => jest.restoreAllMocks());

/** Lets the clients' clocks stand at a minute after the start. */
function setMinute(minute: number): void {
  jest.spyOn(Date, 'now').mockReturnValue(START + minute * MINUTE);
}

/** Lets a worker with these metrics look once: from then on the queue collects. */
async function collect(stand: Stand, maxDataPoints: number): Promise<void> {
  const { worker } = stand.newWorker(undefined, { metrics: { maxDataPoints }, autorun: false });
  await worker.getNextJob('token', { block: false });
}

/** Runs a job to its end at a minute, once for each that is given. */
async function endAt(
  stand: Stand,
  minutes: number[],
  end: 'completed' | 'failed' = 'completed',
): Promise<void> {
  for (const minute of minutes) {
    setMinute(minute);
    await stand.queue.add('t', {});
    const id = await stand.claim('mine');
    const job = { id, opts: {}, attemptsMade: 0 } as never;
    if (end === 'completed') await stand.backend.moveToCompleted(job, 1, false, 'mine', false);
    else await stand.backend.moveToFailed(job, 'x', false, 'mine', false);
  }
}

const sums = async ({ queue }: Stand) => ({
  completed: (await queue.getMetrics('completed')).meta.count,
  failed: (await queue.getMetrics('failed')).meta.count,
});

describe('metrics', () => {
  it('count the ends of every minute, newest first, without the one that goes on', async () => {
    const stand = open();
    await collect(stand, 100);
    await endAt(stand, [0, 0, 0, 2, 3, 3, 6]);
    expect(await stand.queue.getMetrics('completed')).toEqual({
      meta: { count: 7, prevTS: START + 6 * MINUTE, prevCount: 6 },
      data: [0, 0, 2, 1, 0, 3],
      count: 6,
    });
    expect(await stand.queue.getMetrics('failed')).toEqual({
      meta: { count: 0, prevTS: 0, prevCount: 0 },
      data: [],
      count: 0,
    });
  });

  it('are given in parts, as a list is', async () => {
    const stand = open();
    await collect(stand, 100);
    await endAt(stand, [0, 0, 0, 2, 3, 3, 6]);
    const part = async (start: number, end: number) =>
      (await stand.queue.getMetrics('completed', start, end)).data;
    expect(await part(0, 2)).toEqual([0, 0, 2]);
    expect(await part(3, 100)).toEqual([1, 0, 3]);
    expect(await part(-2, -1)).toEqual([0, 3]);
    expect(await part(6, 10)).toEqual([]);
    expect(await part(4, 1)).toEqual([]);
  });

  it('keep so many minutes, with the sum of all', async () => {
    const stand = open();
    await collect(stand, 3);
    await endAt(stand, [0, 1, 2, 2, 3, 4, 5]);
    const { data, count, meta } = await stand.queue.getMetrics('completed');
    expect(data).toEqual([1, 1, 2]);
    expect([count, meta.count]).toEqual([3, 7]);
    expect(await stand.redis.zcard(stand.key('metrics:completed:data'))).toBe(3);
  });

  it('cost as much after a year without ends as after a minute', async () => {
    const stand = open();
    await collect(stand, 5);
    await endAt(stand, [0, 500_000]);
    expect(await stand.queue.getMetrics('completed')).toMatchObject({ data: [0, 0, 0, 0, 0], count: 5 });
    expect(await stand.redis.zcard(stand.key('metrics:completed:data'))).toBe(0);
  });

  it('take an end by a clock that is behind into the newest minute', async () => {
    const stand = open();
    await collect(stand, 10);
    await endAt(stand, [0, 2, 1, 3]);
    expect((await stand.queue.getMetrics('completed')).data).toEqual([2, 0, 1]);
  });

  it('are not collected where no worker asks, nor any more once one asks for none', async () => {
    const stand = open();
    await endAt(stand, [0]);
    expect(await sums(stand)).toEqual({ completed: 0, failed: 0 });
    await collect(stand, 10);
    await endAt(stand, [1]);
    expect(await sums(stand)).toEqual({ completed: 1, failed: 0 });
    await collect(stand, 0);
    await endAt(stand, [2]);
    expect(await sums(stand)).toEqual({ completed: 1, failed: 0 });
  });

  it('count jobs that are not kept, and failures once the attempts are used up', async () => {
    const stand = open();
    await collect(stand, 10);
    const { worker } = stand.newWorker(
      async ({ name }) => {
        if (name === 'bad') throw new Error('bad');
      },
      { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
    );
    const ended = new Promise<void>((resolve) => {
      let left = 3;
      const note = () => (--left === 0 ? resolve() : undefined);
      worker.on('completed', note);
      worker.on('failed', note);
    });
    await stand.queue.add('good', {});
    await stand.queue.add('bad', {}, { attempts: 2 });
    await ended;
    expect(await sums(stand)).toEqual({ completed: 1, failed: 1 });
  });
});

describe('metrics of jobs that others end', () => {
  it('count what a legacy service completes, fails and cancels, once each', async () => {
    const stand = open();
    await collect(stand, 10);
    for (const id of ['done', 'bad', 'off']) await stand.legacy.add({ id });
    await stand.popAll();
    await stand.pass();
    await stand.legacy.complete('done');
    await stand.legacy.fail('bad');
    await stand.legacy.cancel('off');
    await stand.pass();
    await stand.pass();
    expect(await sums(stand)).toEqual({ completed: 1, failed: 2 });
  });

  it('count a job that Drover never saw before its end', async () => {
    const stand = open();
    await collect(stand, 10);
    await stand.legacy.add({ id: 'quick' });
    await stand.legacy.dequeue();
    await stand.legacy.complete('quick');
    await stand.pass();
    expect(await sums(stand)).toEqual({ completed: 1, failed: 0 });
  });

  it('do not count a late report about a finished job', async () => {
    const stand = open();
    await collect(stand, 10);
    await stand.legacy.add({ id: 'a' });
    await stand.claim();
    await stand.service.completeJob('a');
    await stand.legacy.complete('a');
    await stand.legacy.fail('a');
    await stand.pass();
    expect(await sums(stand)).toEqual({ completed: 1, failed: 0 });
  });

  it('do not count a finished job again that somebody put into the queue by hand', async () => {
    const stand = open();
    await collect(stand, 10);
    await stand.service.addJob({ id: 'a' });
    await stand.service.completeJob('a');
    await stand.redis.zadd(stand.key('queue'), -1.5, 'a');
    expect(await stand.claim()).toBeUndefined();
    expect(await sums(stand)).toEqual({ completed: 1, failed: 0 });
  });

  it('count the Go API of TypeScript: complete, fail, cancel', async () => {
    const stand = open();
    await collect(stand, 10);
    for (const id of ['done', 'bad', 'off']) await stand.service.addJob({ id });
    await stand.service.completeJob('done');
    await stand.service.failJob('bad');
    await stand.service.cancelJob('off');
    expect(await sums(stand)).toEqual({ completed: 1, failed: 2 });
  });
});

it('are exported for Prometheus', async () => {
  const stand = open();
  await collect(stand, 10);
  await endAt(stand, [0, 0]);
  await endAt(stand, [1], 'failed');
  const text = await stand.queue.exportPrometheusMetrics();
  expect(text).toContain('bullmq_job_completed_total{queue="jobs"} 2');
  expect(text).toContain('bullmq_job_failed_total{queue="jobs"} 1');
  expect(text).toContain('bullmq_job_count{queue="jobs", state="completed"} 2');
});

it.each<[string, (stand: Stand) => Promise<unknown>]>([
  ['cancelled', ({ queue }) => queue.getMetrics('cancelled' as 'failed')],
  ['start', ({ queue }) => queue.getMetrics('failed', Number.NaN, 1)],
  ['end', ({ queue }) => queue.getMetrics('failed', 0, 0.5)],
])('are refused by an error that names what cannot be: %s', async (name, act) => {
  await expect(act(open())).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining(name) as string,
  });
});

it('go with the queue', async () => {
  const stand = open();
  await collect(stand, 10);
  await endAt(stand, [0, 1, 2], 'failed');
  await stand.queue.obliterate({ force: true });
  expect(await stand.keyspace()).toEqual({});
});
