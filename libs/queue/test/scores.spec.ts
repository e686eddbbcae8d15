// Scores that no service of the contract writes, put into the queue by hand: nothing is blocked or lost.
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { legacyJob, nextMillisecond } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const STRANGE = [
  '-inf',
  '+inf',
  '-1e300',
  '1e300',
  '-9007199254740993',
  '9007199254740993',
  '-4503599627370497',
  '0.5',
  '-0.5',
  '-1.5',
  '-2.999999999999999',
  '-1e-300',
  '5e-324',
  '-0',
];

/** What a legacy service leaves, but for the score. */
async function addWithScore({ redis, key, legacy }: Stand, id: string, score: string): Promise<void> {
  await legacy.add(legacyJob({ id, priority: 0 }));
  await redis.zadd(key('queue'), score, id);
}

describe.each(STRANGE)('a job with the score %s', (score) => {
  it('runs, and so do all jobs around it', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'high', priority: 2 });
    await addWithScore(stand, 'strange', score);
    await stand.legacy.add({ id: 'low', priority: 0 });
    await stand.service.addJob({ id: 'ours' });
    const { ids, errors } = stand.newWorker();
    await waitFor(() => ids().length === 4, { what: 'all four jobs to run' });
    expect(ids().sort()).toEqual(['high', 'low', 'ours', 'strange']);
    expect(errors).toEqual([]);
    await waitFor(async () => (await stand.service.jobs.stats()).byStatus.completed === 4);
  });

  it('is taken once by QueueService and by legacy', async () => {
    const stand = open();
    await addWithScore(stand, 'strange', score);
    await stand.legacy.add({ id: 'other' });
    await stand.pass();
    expect((await stand.claimAll()).sort()).toEqual(['other', 'strange']);
    expect((await stand.service.jobs.stats()).byStatus).toMatchObject({ running: 2, pending: 0 });
  });

  it('is put back when a legacy worker drops it, and can be shown, retried and removed', async () => {
    const stand = open();
    await addWithScore(stand, 'strange', score);
    await stand.pass();
    await stand.redis.zpopmin(stand.key('queue'));
    await stand.pass();
    expect(await stand.standing('strange')).toEqual(PLACES.pending);
    expect(await stand.service.jobs.get('strange')).toMatchObject({ status: 'pending', position: 1 });
    expect(await stand.claim()).toBe('strange');
    await stand.service.failJob('strange', { requeue: true });
    expect(await stand.standing('strange')).toEqual(PLACES.pending);
    await stand.service.cancelJob('strange');
    await stand.service.jobs.retry('strange');
    expect(await stand.standing('strange')).toEqual(PLACES.pending);
    await stand.service.jobs.remove('strange');
    expect(await stand.standing('strange')).toEqual([]);
  });
});

describe.each([
  '1e999',
  '-1e999',
  '1e300',
  '-1e300',
  '"2"',
  '"high"',
  'null',
  '{}',
  '1.7',
  '9007199254740993',
])('a document with the priority %s', (priority) => {
  const text = `{"id":"strange","created_at":"2026-01-01T00:00:00Z","status":"pending","priority":${priority}}`;

  it('of a job that a legacy worker dropped before Drover came does not stop the looking after', async () => {
    const stand = open();
    await stand.legacy.addText('strange', text);
    for (const id of ['a', 'b', 'c']) await stand.legacy.add({ id });
    await stand.redis.zpopmin(stand.key('queue'), 4);
    await stand.pass();
    expect((await stand.queued()).sort()).toEqual(['a', 'b', 'c', 'strange']);
    expect((await stand.claimAll()).sort()).toEqual(['a', 'b', 'c', 'strange']);
  });

  it('is shown, and does not hinder requeuing', async () => {
    const stand = open();
    await stand.legacy.addText('strange', text);
    expect(await stand.service.jobs.get('strange')).toMatchObject({ id: 'strange', status: 'pending' });
    await stand.service.failJob('strange', { requeue: true });
    expect(await stand.standing('strange')).toEqual(PLACES.pending);
    expect(await stand.claim()).toBe('strange');
  });
});

describe('a member of the queue', () => {
  it('without a document or a status is dropped, as legacy does, and blocks nothing', async () => {
    const stand = open();
    await stand.redis.zadd(stand.key('queue'), -2, 'ghost', -1.5, 'placed-ghost');
    await stand.legacy.add({ id: 'a' });
    expect(await stand.claimAll()).toEqual(['a']);
    expect(await stand.queued()).toEqual([]);
    expect(await stand.pass()).toEqual([]);
  });

  it.each(['', 'a\0b', 'a\nb', '__proto__', 'x'.repeat(2000)])(
    'that is %j as its id runs all the same',
    async (id) => {
      const stand = open();
      await stand.legacy.addText(id, '{"count":1}');
      await nextMillisecond();
      await stand.legacy.add({ id: 'behind' });
      const { ids, errors } = stand.newWorker();
      await waitFor(async () => (await stand.status('behind')) === 'completed');
      await waitFor(async () => /completed|failed/.test((await stand.status(id)) ?? ''));
      expect(ids()).toContain('behind');
      expect(errors).toEqual([]);
    },
  );

  it('that is no UTF-8 as its id blocks nothing', async () => {
    const stand = open();
    const id = Buffer.from([0x61, 0xff, 0xfe]);
    const key = (name: string) => Buffer.concat([Buffer.from(stand.key(name)), id]);
    await stand.redis.set(key('data:'), '{"count":1}', 'EX', 3600);
    await stand.redis.set(key('status:'), 'pending', 'EX', 3600);
    await stand.redis.zadd(stand.key('queue'), -1, id);
    await stand.redis.expire(stand.key('queue'), 3600);
    await stand.legacy.add({ id: 'behind' });
    const { ids } = stand.newWorker();
    await waitFor(async () => (await stand.status('behind')) === 'completed');
    expect(ids()).toContain('behind');
  });

  it('that stands among the running too is taken once', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    await stand.claim();
    await stand.redis.zadd(stand.key('queue'), -1.5, 'a');
    await stand.service.addJob({ id: 'b' });
    expect(await stand.claimAll()).toEqual(['b']);
    expect(await stand.standing('a')).toEqual(PLACES.running);
  });

  it('that is among thousands of ghosts is reached', async () => {
    const stand = open();
    const ghosts = Array.from({ length: 3000 }, (_, at) => [-2, `ghost-${at}`]).flat();
    await stand.redis.zadd(stand.key('queue'), ...(ghosts as [number, string]));
    await stand.legacy.add({ id: 'a', priority: 1 });
    const { ids } = stand.newWorker();
    await waitFor(() => ids().includes('a'));
    expect(ids()).toEqual(['a']);
  });
});
