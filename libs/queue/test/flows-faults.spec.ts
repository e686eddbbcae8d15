// Flows whose workers die, or hurry.
import { WaitingChildrenError } from 'bullmq';
import { addFamily, entries, family, PARENT_WAITS, statusIs, summing } from './support/flow.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Entries of the event stream about one job. */
async function told(stand: Stand, event: string, jobId: string) {
  return (await stand.events()).filter((entry) => entry['event'] === event && entry['jobId'] === jobId);
}

const report = (id: string) => ({ id, opts: {}, attemptsMade: 0 }) as never;

describe('a worker that dies with a child', () => {
  it('loses it to another when its lease ends, and the parent goes on once', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    expect(await stand.claim('dead')).toBe('a');
    await stand.endLease('a');
    const { ids } = summing(stand, 'second try');
    await statusIs(stand, 'parent', 'completed');
    expect(ids()).toEqual(['a', 'parent']);
    expect(await told(stand, 'waiting', 'parent')).toHaveLength(1);
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 'second try' });
  });

  it('and reports after all is refused: the parent keeps the other result, and goes on once', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b']);
    expect(await stand.claim('slow')).toBe('a');
    await stand.endLease('a');
    await stand.newService().backend.running.recoverStalled();
    expect(await stand.claim('quick')).toBe('a');
    const { backend } = stand;
    await backend.moveToCompleted(report('a'), 'quick', false, 'quick', false);
    await expect(backend.moveToCompleted(report('a'), 'slow', false, 'slow', false)).rejects.toThrow();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    const parent = await stand.queue.getJob('parent');
    expect(await parent?.getChildrenValues()).toEqual({ [stand.key('a')]: 'quick' });
  });

  it('whose report got lost may report again, and the parent is told once', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b']);
    expect(await stand.claim('one')).toBe('a');
    expect(await stand.claim('two')).toBe('b');
    for (let nth = 0; nth < 2; nth++) {
      await stand.backend.moveToCompleted(report('a'), 1, false, 'one', false);
      await stand.backend.moveToCompleted(report('b'), 2, false, 'two', false);
    }
    expect(await told(stand, 'waiting', 'parent')).toHaveLength(1);
  });

  it('too often fails it, and the parent as its options say', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { child: { failParentOnFailure: true } });
    const { running } = stand.newService().backend;
    await stand.claim('dead');
    await stand.redis.hset(stand.key('job:a'), 'stalledCounter', 5);
    await stand.endLease('a');
    await running.recoverStalled();
    const { ids } = summing(stand);
    await statusIs(stand, 'parent', 'failed');
    expect(ids()).toEqual([]);
  });

  it('that waits for children it added itself has given it back safely', async () => {
    const stand = open();
    let step = 0;
    const { ids } = stand.newWorker(async (job, token) => {
      if (job.id !== 'parent') return 'child';
      if (step++ === 0) {
        const parent = { id: job.id, queue: `${stand.prefix}:jobs` };
        await stand.queue.add('part', {}, { jobId: 'late', parent });
        expect(await job.moveToWaitingChildren(token ?? '')).toBe(true);
        throw new WaitingChildrenError();
      }
      return job.getChildrenValues();
    });
    await stand.queue.add('sum', {}, { jobId: 'parent' });
    await statusIs(stand, 'parent', 'completed');
    expect(ids()).toEqual(['parent', 'late', 'parent']);
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('late')]: 'child' });
  });
});

describe('the last two children at the same time', () => {
  it('release the parent exactly once, in each of 100 rounds', async () => {
    const stand = open();
    const others = [stand.newService(), stand.newService()];
    for (let round = 0; round < 100; round++) {
      const [parent, a, b] = ['p', 'a', 'b'].map((name) => `${name}${round}`) as [string, string, string];
      const flow = family(stand, [a, b], { parent: { jobId: parent } });
      await stand.backend.addFlow(entries(stand, flow));
      await Promise.all([others[0]!.completeJob(a), others[1]!.completeJob(b)]);
      expect(await stand.claim()).toBe(parent);
      await stand.service.completeJob(parent);
    }
    const released = (await stand.events()).filter(
      ({ event, jobId, prev }) =>
        event === 'waiting' && jobId?.startsWith('p') && prev === 'waiting-children',
    );
    expect(new Set(released.map(({ jobId }) => jobId)).size).toBe(100);
    expect(released).toHaveLength(100);
  });

  it('one by a legacy worker, one by a worker of BullMQ, release it exactly once', async () => {
    const stand = open();
    for (let round = 0; round < 20; round++) {
      const [parent, a, b] = ['p', 'a', 'b'].map((name) => `${name}${round}`) as [string, string, string];
      await stand.backend.addFlow(entries(stand, family(stand, [a, b], { parent: { jobId: parent } })));
      await stand.legacy.dequeue();
      expect(await stand.claim()).toBe(b);
      await Promise.all([stand.legacy.complete(a), stand.service.completeJob(b), stand.pass()]);
      await stand.pass();
      expect(await stand.claim()).toBe(parent);
      await stand.service.completeJob(parent);
      expect(await told(stand, 'completed', parent)).toHaveLength(1);
      expect(await told(stand, 'waiting', parent)).toHaveLength(1);
    }
  });
});
