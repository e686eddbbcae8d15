import { WaitingChildrenError, type FlowJob } from 'bullmq';
import { cases, type Bench } from '../bench.js';
import { next } from '../signals.js';
import type { Area } from '../store-under-test.js';

async function family(bench: Bench, ids: string[] = ['a', 'b'], queueName = bench.also('children')) {
  const { job } = await bench.flows().add({
    name: 'p',
    queueName: bench.name,
    opts: { jobId: 'p' },
    children: ids.map((id) => ({ name: id, queueName, opts: { jobId: id } })),
  } as FlowJob);
  return { job, queue: bench.queue(), children: bench.queue({}, queueName), hand: bench.hand({}, queueName) };
}

/** Removing and changing parts of trees. */
export const flowEditsConformance: Area = (store, differences) => {
  describe('changing flows', () => {
    const check = cases(store, differences);

    check('removes the children with their parent', async (bench) => {
      const { job, queue, children } = await family(bench);
      await job.remove();
      expect(await queue.getJob('p')).toBeUndefined();
      expect(await children.getJob('a')).toBeUndefined();
      expect(await children.count()).toBe(0);
    });

    check('removes a parent without its children when asked', async (bench) => {
      const { job, queue, children } = await family(bench);
      await job.remove({ removeChildren: false });
      expect(await queue.getJob('p')).toBeUndefined();
      expect(await children.count()).toBe(2);
    });

    check('removes nothing while a child runs', async (bench) => {
      const { job, queue, children, hand } = await family(bench);
      await hand.take();
      await expect(job.remove()).rejects.toThrow(/could not be removed because it is locked/);
      expect(await queue.getJobState('p')).toBe('waiting-children');
      expect(await children.getJob('b')).toBeDefined();
    });

    check('releases the parent when its last child is removed', async (bench) => {
      const { queue, children } = await family(bench);
      await children.remove('a');
      expect(await queue.getJobState('p')).toBe('waiting-children');
      await children.remove('b');
      expect(await queue.getJobState('p')).toBe('waiting');
    });

    check('wakes the worker of a parent released that way', async (bench) => {
      const { children } = await family(bench, ['a']);
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      await children.remove('a');
      expect((await ran.reach(1))[0]?.id).toBe('p');
    });

    check('runs the orphans of a parent that was removed', async (bench) => {
      const { job, hand } = await family(bench);
      await job.remove({ removeChildren: false });
      await hand.complete();
      await hand.complete();
    });

    check('cuts a child from its parent', async (bench) => {
      const { job, queue, children, hand } = await family(bench);
      expect(await (await children.getJob('a'))?.removeChildDependency()).toBe(true);
      expect(await job.getDependenciesCount()).toMatchObject({ unprocessed: 1 });
      expect((await children.getJob('a'))?.parentKey).toBeFalsy();
      expect(await queue.getJobState('p')).toBe('waiting-children');
      await hand.complete();
      await hand.complete();
      expect(await queue.getJobState('p')).toBe('waiting');
    });

    check('releases the parent when its last child is cut off', async (bench) => {
      const { queue, children } = await family(bench, ['a']);
      await (await children.getJob('a'))?.removeChildDependency();
      expect(await queue.getJobState('p')).toBe('waiting');
      expect(await children.getJobState('a')).toBe('waiting');
    });

    check('does not cut off a child that has finished', async (bench) => {
      const { children, hand } = await family(bench);
      await hand.complete();
      expect(await (await children.getJob('a'))?.removeChildDependency()).toBe(false);
    });

    check('removes the children that have not run', async (bench) => {
      const { job, children, hand } = await family(bench, ['a', 'b', 'c']);
      await hand.complete();
      const running = await hand.take();
      await job.removeUnprocessedChildren();
      expect(await children.getJob('c')).toBeUndefined();
      expect(await children.getJobState('a')).toBe('completed');
      expect(await running.getState()).toBe('active');
    });

    check('drains children: the parent elsewhere is released', async (bench) => {
      const { queue, children } = await family(bench);
      await children.drain();
      expect(await children.count()).toBe(0);
      expect(await queue.getJobState('p')).toBe('waiting');
    });

    check('drains children and parent of one queue', async (bench) => {
      const { queue } = await family(bench, ['a', 'b'], bench.name);
      await queue.drain();
      expect(await queue.count()).toBe(0);
      expect(await queue.getJob('p')).toBeUndefined();
    });

    check('drains nothing of a parent whose children are elsewhere', async (bench) => {
      const { queue } = await family(bench);
      await queue.drain();
      expect(await queue.getJobState('p')).toBe('waiting-children');
    });

    check('obliterates the children: the parent elsewhere is released', async (bench) => {
      const { queue, children } = await family(bench);
      await children.obliterate();
      expect(await queue.getJobState('p')).toBe('waiting');
    });

    check('runs steps: a job adds children, waits for them and goes on', async (bench) => {
      const queueName = bench.also('children');
      const children = bench.queue({}, queueName);
      bench.worker(async (job) => `${job.name} ran`, {}, queueName);
      const { worker } = bench.worker(async (job, token) => {
        if (job.data.step === 1) {
          const link = { parent: { id: String(job.id), queue: job.queueQualifiedName } };
          await children.add('one', {}, link);
          await children.add('two', {}, link);
          await job.updateData({ step: 2 });
          if (await job.moveToWaitingChildren(String(token))) throw new WaitingChildrenError();
        }
        return Object.values(await job.getChildrenValues()).sort();
      });
      const completed = next<[{ attemptsMade: number }, string[]]>(worker, 'completed');
      await bench.queue().add('steps', { step: 1 });
      const [job, result] = await completed;
      expect(result).toEqual(['one ran', 'two ran']);
      expect(job.attemptsMade).toBe(1);
    });

    check('a child may be in the middle of another tree', async (bench) => {
      const { queue, hand } = await family(bench, ['a']);
      const running = await hand.take();
      const link = { parent: { id: 'a', queue: running.queueQualifiedName } };
      await bench
        .flows()
        .add({ name: 'grandchild', queueName: bench.also('grand'), opts: { jobId: 'g', ...link } });
      expect(await running.moveToWaitingChildren('token')).toBe(true);
      await bench.hand({}, bench.also('grand')).complete();
      await hand.complete();
      expect(await queue.getJobState('p')).toBe('waiting');
    });
  });
};
