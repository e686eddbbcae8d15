// The column "waits for children" of docs/lifecycle.md, as far as flows-ends.spec.ts does not have it.
import { addFamily, PARENT_WAITS, producerOf, statusIs, summing } from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { advance } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

async function waiting(): Promise<Stand> {
  const stand = open();
  await addFamily(stand);
  return stand;
}

it.each([
  ['completeJob', 'completed'],
  ['failJob', 'failed'],
  ['cancelJob', 'cancelled'],
] as const)(
  '%s of a waiting parent ends it, and its children run all the same',
  async (operation, becomes) => {
    const stand = await waiting();
    await stand.service[operation]('parent');
    expect(await stand.standing('parent')).toEqual(PLACES[becomes]);
    const { ids } = summing(stand);
    await statusIs(stand, 'b', 'completed');
    expect(ids()).toEqual(['a', 'b']);
    expect(await stand.status('parent')).toBe(becomes);
  },
);

it("BullMQ's add with the id of a waiting parent changes nothing but the event stream", async () => {
  const stand = await waiting();
  const before = await stand.keyspace();
  expect((await stand.queue.add('other', { n: 9 }, { jobId: 'parent' })).id).toBe('parent');
  const after = await stand.keyspace();
  for (const name of Object.keys(before).filter((one) => !['counter', 'events', 'meta'].includes(one))) {
    expect(after[name]).toEqual(before[name]);
  }
  expect((await stand.events()).at(-1)).toEqual({ event: 'duplicated', jobId: 'parent' });
});

it.each<[string, (stand: Stand) => Promise<unknown>]>([
  ['complete', ({ backend }) => backend.moveToCompleted(report, 1, false, 'token', false)],
  ['fail', ({ backend }) => backend.moveToFailed(report, 'x', false, 'token', false)],
  ['delay', ({ backend }) => backend.moveToDelayed('parent', Date.now(), 1000, 'token')],
])("a worker's report (%s) of a waiting parent is refused", async (_, act) => {
  const stand = await waiting();
  const before = await stand.everything();
  await expect(act(stand)).rejects.toMatchObject({ code: expect.any(Number) as number });
  expect(await stand.everything()).toEqual(before);
});
const report = { id: 'parent', opts: {}, attemptsMade: 0 } as never;

it('a running job that has no children left to wait for goes on running', async () => {
  const stand = open();
  await stand.queue.add('sum', {}, { jobId: 'parent' });
  await stand.claim();
  expect(await stand.backend.moveToWaitingChildren('parent', 'token')).toBe(false);
  expect(await stand.standing('parent')).toEqual(PLACES.running);
});

it('a running job cannot complete while a child added to it is pending, and waits when asked to', async () => {
  const stand = open();
  await stand.queue.add('sum', {}, { jobId: 'parent' });
  await stand.claim();
  await stand.queue.add('part', {}, { jobId: 'a', parent: { id: 'parent', queue: `${stand.prefix}:jobs` } });
  await expect(stand.backend.moveToCompleted(report, 1, false, 'token', false)).rejects.toMatchObject({
    code: -4,
  });
  expect(await stand.backend.moveToWaitingChildren('parent', 'token')).toBe(true);
  expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
  expect(await stand.legacy.status('parent')).toBe('pending');
});

it('a flow under a job that legacy services added lets it wait for nothing: it runs when they say', async () => {
  const stand = open();
  await stand.legacy.add({ id: 'theirs' });
  const parent = { id: 'theirs', queue: `${stand.prefix}:jobs` };
  await producerOf(stand).add({ name: 'part', queueName: 'jobs', opts: { jobId: 'a', parent } });
  expect((await stand.legacy.dequeue())?.id).toBe('a');
  await stand.legacy.complete('a');
  await stand.pass();
  expect((await stand.legacy.dequeue())?.id).toBe('theirs');
  const job = await stand.queue.getJob('theirs');
  expect(await job?.getChildrenValues()).toEqual({ [stand.key('a')]: null });
});

describe('a legacy service that writes the status of a waiting parent', () => {
  it.each(['pending', 'running'])('as %s does not make it end, nor lose its status', async (status) => {
    const stand = await waiting();
    await stand.legacy.updateStatus('parent', status);
    await stand.pass();
    await stand.passAnHour();
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    expect(await stand.status('parent')).toBe('pending');
    expect(await stand.endings()).toEqual({});
  });

  it.each([1, 2, 3])('because it crashed after %s commands of adding it again, neither', async (commands) => {
    const stand = await waiting();
    await advance(stand.legacy.adding({ id: 'parent' }), commands);
    await stand.pass();
    for (const id of ['a', 'b']) await stand.service.completeJob(id);
    await stand.passAnHour();
    expect(await stand.legacy.dequeue()).toMatchObject({ id: 'parent' });
    expect(await stand.legacy.status('parent')).toBe('running');
  });
});
