// How long finished jobs are kept where a worker has rules for its types, and what stays of them when they run again.
import type { EndRules } from '#libs/queue';
import { counted, stall } from './support/counted.js';
import { dead, die, end, ends, HOUR, jobOf, letters, RULES, type Outcome } from './support/letters.js';
import { useStand, type Stand, type StandOptions } from './support/stand.js';

const openStand = useStand({ jobTtlSeconds: 3600 });

function open(rules: Partial<EndRules> = {}, options: StandOptions = {}): Stand {
  const stand = openStand(options);
  stand.backend.endings.follow(() => ({ ...RULES, ...rules }));
  return stand;
}

describe('how long a job is kept', () => {
  const OWN = ['data', 'job', 'status'];

  it.each<[string, Partial<EndRules>, Outcome, number]>([
    ['a completed one for the TTL of all', {}, 'completed', 1],
    ['a completed one for what its type says', { completedMs: 5 * HOUR }, 'completed', 5],
    ['a failed one for the TTL of all, where it is no dead letter', { deadMs: null }, 'failed', 1],
    ['a failed one for what its type says', { deadMs: null, failedMs: 6 * HOUR }, 'failed', 6],
    ['a dead letter for 14 days', {}, 'failed', 14 * 24],
    ['a dead letter for what its type says', { deadMs: 7 * HOUR, failedMs: 2 * HOUR }, 'failed', 7],
  ])('is, %s', async (_, rules, outcome, hours) => {
    const stand = open(rules);
    await stand.service.addJob({ id: 'a', type: 't' });
    await stand.claim();
    // No longer plain: all of its keys are there.
    await stand.backend.addLog('a', 'row');
    await end(stand, 'a', outcome);
    const kept = [...OWN, 'logs', ...(outcome === 'completed' ? ['results'] : [])].sort();
    expect(await ends(stand, 'a')).toEqual([kept, [hours]]);
    const [[, at] = []] = (await stand.keyspace())['expiring'] as [string, number][];
    expect(Math.round((Number(at) - Date.now()) / HOUR)).toBe(hours);
  });

  it('is decided for each plain job that completes in one call', async () => {
    const stand = openStand();
    stand.backend.endings.follow((type) => ({ ...RULES, completedMs: type === 'mail' ? 9 * HOUR : null }));
    const ids = ['mail-1', 'other-1', 'mail-2', 'other-2'];
    for (const id of ids) await stand.service.addJob({ id, type: id.split('-')[0] as string });
    await Promise.all(ids.map((id) => stand.claim(id)));
    await Promise.all(
      ids.map((id) => {
        const job = { id, name: id.split('-')[0], opts: {}, attemptsMade: 0 } as never;
        return stand.backend.moveToCompleted(job, 1, false as never, id, false);
      }),
    );
    for (const id of ids) expect((await ends(stand, id))[1]).toEqual([id.startsWith('mail') ? 9 : 1]);
  });

  it('is what the type says also where finished jobs are kept for ever', async () => {
    const stand = open({ completedMs: 3 * HOUR }, { jobTtlSeconds: 0 });
    await stand.service.addJob({ id: 'a', type: 't' });
    await stand.claim();
    await end(stand, 'a', 'completed');
    expect((await ends(stand, 'a'))[1]).toEqual([3]);
  });

  it('is the TTL of all where a worker has no rules, and nothing is a dead letter', async () => {
    const stand = openStand();
    await die(stand, 'a');
    expect((await ends(stand, 'a'))[1]).toEqual([1]);
    expect(await dead(stand)).toEqual([]);
    expect(await stand.redis.hget(stand.key('job:a'), 'failedCode')).toBeNull();
  });

  it('begins for a dead letter that a parent waits for once it waits no more', async () => {
    const stand = open();
    const parent = { queueKey: `${stand.prefix}:jobs`, id: 'parent' };
    await stand.queue.add('t', {}, { jobId: 'parent' });
    await stand.queue.add('t', {}, { jobId: 'child', parent: { id: 'parent', queue: parent.queueKey } });
    await stand.claim();
    await stand.backend.moveToWaitingChildren('parent', 'token', {});
    await stand.claim();
    await end(stand, 'child');
    expect(await ends(stand, 'child')).toEqual([[], []]);
    expect(await letters(stand)).toEqual(['child']);
    await stand.service.cancelJob('parent');
    await stand.pass();
    expect((await ends(stand, 'child'))[1]).toEqual([14 * 24]);
    expect(await letters(stand)).toEqual(['child']);
  });

  it('ends at once where the job asked not to be kept: it is no dead letter, nor counted as one', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', type: 't' });
    await stand.claim();
    await end(stand, 'a', 'failed', 'token', { keep: true });
    expect(await dead(stand)).toEqual([]);
    expect(await stand.service.jobs.find('a')).toBeUndefined();
    expect(await counted(stand, 't')).toMatchObject({ failed: 1, dead: 0 });
  });
});

describe('running a finished job again', () => {
  it.each<[Outcome, object | undefined]>([
    ['failed', { done: 3 }],
    ['completed', undefined],
  ])('keeps the checkpoint of a %s one: %j', async (outcome, kept) => {
    const stand = open();
    await stand.service.addJob({ id: 'a', type: 't' });
    await stand.claim();
    await stand.backend.checkpoints.keep('a', 'token', '{"done":3}');
    await end(stand, 'a', outcome);
    await stand.service.jobs.retry('a');
    expect(await stand.backend.checkpoints.find('a')).toEqual(kept);
  });

  it('counts lost leases anew where attempts are, and goes on counting where they are not', async () => {
    const stand = open();
    await stand.queue.add('t', {}, { jobId: 'a' });
    await stall(stand, 'a', 10);
    await stand.claim();
    await end(stand, 'a');
    const stalls = () => stand.redis.hget(stand.key('job:a'), 'stalledCounter');
    await (await stand.queue.getJob('a'))?.retry('failed');
    expect(await stalls()).toBe('1');
    await stand.claim();
    await end(stand, 'a');
    await (await stand.queue.getJob('a'))?.retry('failed', { resetAttemptsMade: true });
    expect(await stalls()).toBeNull();
  });
});

it('a job whose result was another one’s says whose, until it runs again', async () => {
  const stand = open();
  await stand.service.addJob({ id: 'a', type: 't' });
  await stand.claim();
  const job = jobOf('a');
  stand.backend.endings.note(job, { cachedFrom: 'earlier' });
  await stand.backend.moveToCompleted(job, 1 as never, false as never, 'token', false);
  expect(await stand.service.jobs.get('a')).toMatchObject({ status: 'completed', cachedFrom: 'earlier' });
  await stand.service.jobs.retry('a');
  expect((await stand.service.jobs.get('a')).cachedFrom).toBeUndefined();
});
