// Each transition seen from Redis: seed, act, compare the whole key space.
import { legacyJob } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';
import { timeless } from './support/timeless.js';

const open = useStand({ jobTtlSeconds: 3600 });

/** The first place of an empty band, and the distance to the next one. */
const STEP = 2 ** -40;
const placed = (priority: number, nth = 1) => -priority - 0.5 + nth * STEP;

const DOCUMENT = {
  id: 'a',
  type: 'example',
  created_at: 'T',
  updated_at: 'T',
  deleted_at: null,
  status: 'pending',
  progress: 0,
  priority: 1,
  payload: { n: 1 },
};
const OPTIONS = '{"attempts":2,"backoff":{"type":"fixed","delay":60000},"priority":2}';
const RUNTIME = { timestamp: 'T', priority: '2', opts: OPTIONS, name: 'example', data: '{"n":1}' };
/** The same of a job with nothing unusual: one text. */
const PLAIN = { a: `T\n2\nexample\n${OPTIONS}\n{"n":1}` };
const ADDED = [
  { event: 'added', jobId: 'a', name: 'example' },
  { event: 'waiting', jobId: 'a' },
];
const ACTIVE = { event: 'active', jobId: 'a', prev: 'waiting' };
const BASE = { counter: '1', wakeup: [['now', 0]], 'data:a': DOCUMENT };

const job = { id: 'a', opts: { attempts: 2 }, attemptsMade: 0 } as never;

async function seen(stand: Stand): Promise<Record<string, unknown>> {
  return timeless(await stand.keyspace());
}

function add({ service }: Stand, delay = 0): Promise<unknown> {
  const backoff = { type: 'fixed', delay: 60_000 } as const;
  return service.jobs.create({ id: 'a', type: 'example', payload: { n: 1 }, attempts: 2, backoff, delay });
}

async function running(): Promise<Stand> {
  const stand = open();
  await add(stand);
  await stand.claim();
  return stand;
}

const WAITING = {
  ...BASE,
  'status:a': 'pending',
  plain: PLAIN,
  ids: [['a', 'T']],
  queue: [['a', placed(1)]],
  events: ADDED,
};
const STARTED = { ...RUNTIME, attemptsStarted: '1', processedOn: 'T' };
const RUNNING = {
  ...BASE,
  'status:a': 'running',
  plain: PLAIN,
  ids: [['a', 'T']],
  leases: [['a', 'T+30s']],
  processing: ['a'],
  // Tied to nothing, runs since, started once, no attempt made, a worker without a name, its token.
  runs: { a: '0token\nT 1 0 \n' },
  events: [...ADDED, ACTIVE],
};

describe('while a job lives, the key space holds exactly', () => {
  it('after add: document, status, runtime state, place, events, a wake-up', async () => {
    const stand = open();
    await add(stand);
    expect(await seen(stand)).toEqual(WAITING);
    expect(await stand.endings()).toEqual({});
  });

  it('after a delayed add: no place in the queue, but a time', async () => {
    const stand = open();
    await add(stand, 60_000);
    const opts = OPTIONS.replace('}', '}').slice(0, -1) + ',"delay":60000}';
    expect(await seen(stand)).toEqual({
      ...BASE,
      'status:a': 'pending',
      'job:a': { ...RUNTIME, opts, delay: '60000' },
      ids: [['a', 'T']],
      delayed: [['a', 'T+60s']],
      wakeup: [['due', 'T+60s']],
      events: [ADDED[0], { event: 'delayed', jobId: 'a', delay: 'T+60s' }],
    });
    expect(await stand.endings()).toEqual({});
  });

  it('after a claim: the lease and the place among the running', async () => {
    const stand = await running();
    expect(await seen(stand)).toEqual(RUNNING);
    expect(await stand.endings()).toEqual({});
  });

  it('after a claim that found nothing: what was there before', async () => {
    const stand = await running();
    expect(await stand.claim('other')).toBeUndefined();
    expect(await seen(stand)).toEqual(RUNNING);
  });

  it('after a refused report: what was there before', async () => {
    const stand = await running();
    await expect(stand.backend.moveToCompleted(job, 1, false, 'another', false)).rejects.toMatchObject({
      code: -6,
    });
    await expect(stand.backend.moveToDelayed('a', 0, 1, 'another')).rejects.toMatchObject({ code: -6 });
    expect(await stand.backend.extendLocks(['a'], ['another'], 99_000)).toEqual(['a']);
    expect(await seen(stand)).toEqual(RUNNING);
  });

  it('after extending: a later lease', async () => {
    const stand = await running();
    expect(await stand.backend.extendLocks(['a'], ['token'], 90_000)).toEqual([]);
    expect(await seen(stand)).toEqual({ ...RUNNING, leases: [['a', 'T+90s']] });
  });

  it('after a retry with backoff: a time, and the attempt counted', async () => {
    const stand = await running();
    await stand.backend.moveToDelayed('a', Date.now(), 60_000, 'token', {
      fieldsToUpdate: { failedReason: 'x' },
    });
    expect(await seen(stand)).toEqual({
      ...BASE,
      'status:a': 'pending',
      'job:a': { ...STARTED, attemptsMade: '1', delay: '60000', failedReason: 'x' },
      ids: [['a', 'T']],
      delayed: [['a', 'T+60s']],
      wakeup: [
        ['now', 0],
        ['due', 'T+60s'],
      ],
      events: [...ADDED, ACTIVE, { event: 'delayed', jobId: 'a', delay: 'T+60s' }],
    });
  });

  it('after a retry at once: the tail of its priority', async () => {
    const stand = await running();
    await stand.service.addJob({ id: 'z' });
    await stand.backend.retryJob('a', false, 'token');
    expect(await stand.queued()).toEqual(['z', 'a']);
    expect((await seen(stand))['job:a']).toEqual({ ...STARTED, attemptsMade: '1' });
  });

  it('after being handed back: the head of its priority, no attempt used', async () => {
    const stand = await running();
    await stand.service.addJob({ id: 'z' });
    await stand.backend.moveJobFromActiveToWait('a', 'token');
    expect(await stand.queued()).toEqual(['a', 'z']);
    expect((await seen(stand))['job:a']).toEqual(STARTED);
  });

  it('after promote: its place, and no delay', async () => {
    const stand = open();
    await add(stand, 60_000);
    await stand.backend.promote('a');
    const found = await seen(stand);
    expect(found).toMatchObject({
      queue: [['a', placed(1)]],
      'job:a': { delay: '0' },
      'status:a': 'pending',
    });
    expect(found['delayed']).toBeUndefined();
  });

  it('after progress, logs and new data: only those', async () => {
    const stand = await running();
    await stand.backend.updateProgress('a', { at: 1 });
    await stand.backend.addLog('a', 'one');
    await stand.backend.updateData({ id: 'a', opts: {}, timestamp: Date.now() } as never, { n: 2 });
    // It is no longer plain, which its run says, too.
    const others: Partial<typeof RUNNING> = { ...RUNNING };
    delete others.plain;
    expect(await seen(stand)).toEqual({
      ...others,
      'data:a': { ...DOCUMENT, payload: { n: 2 } },
      'job:a': { ...RUNTIME, data: '{"n":2}', progress: '{"at":1}' },
      runs: { a: RUNNING.runs.a.replace('0', '1') },
      'logs:a': ['one'],
      events: [...RUNNING.events, { event: 'progress', jobId: 'a', data: '{"at":1}' }],
    });
  });

  it('after adopting what legacy added: its own document, untouched, and runtime state', async () => {
    const stand = open();
    const document = legacyJob({ id: 'a', priority: 2 });
    await stand.legacy.add(document);
    await stand.pass();
    const found = await seen(stand);
    expect(JSON.parse((await stand.redis.get(stand.key('data:a')))!)).toEqual(document);
    expect(found).toEqual({
      'data:a': expect.any(Object) as object,
      'status:a': 'pending',
      'job:a': { priority: '1', timestamp: 'T' },
      ids: [['a', 'T']],
      queue: [['a', placed(2)]],
      wakeup: [['now', 0]],
      events: [
        { event: 'added', jobId: 'a', name: '' },
        { event: 'waiting', jobId: 'a' },
      ],
    });
    expect(await stand.endings()).toEqual({});
  });

  it('after seeing what a legacy worker runs: a lease of an hour', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    await stand.legacy.dequeue();
    await stand.pass();
    expect(await seen(stand)).toMatchObject({
      'status:a': 'running',
      'job:a': { priority: '2', timestamp: 'T', processedOn: 'T', attemptsStarted: '1' },
      leases: [['a', 'T+3600s']],
      processing: ['a'],
    });
    expect(await stand.endings()).toEqual({});
  });
});
